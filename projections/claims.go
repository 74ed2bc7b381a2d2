package projections

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rollbook/domain"
	"rollbook/eventstore"
)

// SystemKind is the kind of the streams in which the ledger keeps records for
// itself.
const SystemKind domain.Kind = "sys"

// The types of records that say whom a number belongs to. The stream of such a
// record stands for the number: its name is a keyed hash.
const (
	claimedType  = "ledger.number_claimed"
	releasedType = "ledger.number_released"
)

// Claim says that a number belongs to somebody, or does no longer.
type Claim struct {
	Kind   domain.NumberKind
	Holder domain.Subject
	// Released is true when the number is free again.
	Released bool
}

// Type returns the wire name of a record of the claim.
func (c Claim) Type() string {
	if c.Released {
		return releasedType
	}
	return claimedType
}

// Schema returns the name of its wire form.
func (c Claim) Schema() string { return "urn:rollbook:" + c.Type() + ":1" }

// AppendClaim writes what a record of a claim holds, beside its type.
func AppendClaim(b []byte, c Claim) []byte {
	return fmt.Appendf(b, `{"v":1,"kind":%q,"holder":%q}`, c.Kind, c.Holder)
}

var errClaim = errors.New("what it says of a number cannot be read")

// ParseClaim reads what AppendClaim wrote, and nothing else.
func ParseClaim(typeName string, data []byte) (Claim, error) {
	var wire struct {
		Kind   domain.NumberKind `json:"kind"`
		Holder string            `json:"holder"`
	}
	if err := json.Unmarshal(data, &wire); err != nil {
		return Claim{}, errClaim // the reader's own words could repeat the data
	}
	holder, ok := domain.ParseSubject(wire.Holder)
	c := Claim{wire.Kind, holder, typeName == releasedType}
	if !ok || holder.Kind() != domain.MemberKind || typeName != c.Type() || !slices.Contains(domain.NumberKinds(), wire.Kind) || string(AppendClaim(nil, c)) != string(data) {
		return Claim{}, errClaim
	}
	return c, nil
}

// Claim returns the last claim of a number, by its stream. With none, or after
// it was released, the number is free.
func (w *World) Claim(stream domain.Subject) Claim {
	entries := w.life(stream).entries
	if len(entries) == 0 {
		return Claim{Released: true}
	}
	typeName, data, _ := strings.Cut(string(entries), " ")
	c, err := ParseClaim(typeName, []byte(data))
	if err != nil {
		w.fail(fmt.Errorf("%w: %s", errEntries, stream))
	}
	return c
}

// ApplyClaim takes a claim into the world. It is an error, and changes nothing,
// if a number that belongs to somebody is claimed, or one is released by somebody
// else than its holder.
func (w *World) ApplyClaim(stream domain.Subject, at eventstore.Position, c Claim) error {
	if stream.Kind() != SystemKind || !strings.HasPrefix(stream.ID(), string(c.Kind)+"-") {
		return errors.New("a claim does not belong in this stream")
	}
	have := w.Claim(stream)
	switch {
	case w.err != nil:
		return w.err
	case !c.Released && !have.Released:
		return errors.New("the number belongs to somebody already")
	case c.Released && (have.Released || have.Holder != c.Holder):
		return errors.New("the number is released by somebody whom it does not belong to")
	}
	l := w.life(stream)
	before := len(l.entries)
	l.entries = AppendClaim(append([]byte(c.Type()), ' '), c)
	w.bytes += len(l.entries) - before
	l.head = eventstore.Head{Position: at, Count: l.head.Count + 1}
	l.dirty = true
	return nil
}

// System reports whether the ledger keeps a record for itself. Such records
// take a place in the log and say nothing of the roll; readers skip them.
func System(rec eventstore.Record) bool { return strings.HasPrefix(rec.Type, "ledger.") }

// system books a record that the ledger keeps for itself. Those of which this
// program knows nothing are skipped.
func (b *books) system(ctx context.Context, rec eventstore.Record) error {
	if rec.Type != claimedType && rec.Type != releasedType {
		return nil
	}
	stream := domain.Subject(rec.Stream)
	if p := b.parked[stream]; p != nil {
		p.Records++
		return nil
	}
	c, err := ParseClaim(rec.Type, rec.Data)
	if err == nil {
		err = b.expect(rec, stream)
	}
	if err == nil {
		err = b.world.ApplyClaim(stream, rec.Position, c)
	}
	if b.world.Err() != nil {
		return b.world.Err()
	}
	if err != nil {
		b.parked[stream] = &Parked{Subject: stream, Position: rec.Position, Records: 1, Reason: err.Error()}
	}
	return b.spillIfFull(ctx) // what is wrong is kept with what is parked: the others go on
}
