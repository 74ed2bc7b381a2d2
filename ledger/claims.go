package ledger

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/projections"
)

// A national number and a party card belong to one member each. Whose a number
// is stands in a stream of its own, named by a keyed hash of the number, and is
// written in one append with the event that gives the number or takes it away.
// The guard on that stream lets one of two writers through.

// claim is a record of a claim that goes along with an event.
type claim struct {
	stream domain.Subject
	id     string
	says   projections.Claim
	// expected is the head that the claim's stream must have.
	expected eventstore.Head
}

// exchange is what an event does to the number of a kind that its subject has.
// The numbers are named by their streams, "" for none.
type exchange struct {
	kind     domain.NumberKind
	from, to domain.Subject
}

// claimStream returns the stream that stands for a number. Without the key of
// the ledger's ids nobody can tell which number it is.
func (l *Ledger) claimStream(kind domain.NumberKind, number string) domain.Subject {
	sum := l.keyed("rollbook/claim/v1", string(kind), plainNumber(number))
	return domain.Subject(string(projections.SystemKind) + "/" + string(kind) + "-" + base64.RawURLEncoding.EncodeToString(sum))
}

// claimOf returns the stream of the number that an entry gives, "" for none.
func (l *Ledger) claimOf(kind domain.NumberKind, e domain.Entry) domain.Subject {
	if number := kind.In(e.Event); number != "" {
		return l.claimStream(kind, number)
	}
	return ""
}

// claimID returns the id of the record of a claim that goes along with an event.
func (l *Ledger) claimID(stream domain.Subject, typeName, event string) string {
	return hex.EncodeToString(l.keyed("rollbook/claim/id/v1", string(stream), typeName, event)[:16])
}

func (l *Ledger) keyed(parts ...string) []byte {
	h := hmac.New(sha256.New, l.identity.IDKey)
	h.Write([]byte(strings.Join(parts, "\n")))
	return h.Sum(nil)
}

// plainNumber brings all ways to write one number to one.
func plainNumber(number string) string {
	number = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '.' || unicode.Is(unicode.Pd, r) {
			return -1
		}
		return r
	}, norm.NFC.String(number))
	return cases.Fold().String(number)
}

// claimNeeds returns the numbers that an event gives, as needs.
func (l *Ledger) claimNeeds(e domain.Entry) (needs []need) {
	for _, kind := range domain.NumberKinds() {
		if stream := l.claimOf(kind, e); stream != "" {
			needs = append(needs, need{string(stream), true})
		}
	}
	return needs
}

// exchanges finds out what an entry does to the numbers of its subject, whose
// timeline is given. Earlier numbers are sealed in the log and opened for it.
func (d *desk) exchanges(ctx context.Context, t domain.Timeline, e domain.Entry) (all []exchange, err error) {
	for _, kind := range domain.NumberKinds() {
		if !kind.Changes(t, e) {
			continue
		}
		x := exchange{kind: kind}
		if x.from, err = d.holding(ctx, kind, t.Giving(kind), e); err != nil {
			return nil, err
		}
		if x.to, err = d.holding(ctx, kind, t.With(e).Giving(kind), e); err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	return all, nil
}

// holding returns the number that holds, given the entries that may give it, of
// which e may be one.
func (d *desk) holding(ctx context.Context, kind domain.NumberKind, giving []domain.Entry, e domain.Entry) (domain.Subject, error) {
	for _, g := range giving {
		d.mu.Lock()
		stream, ok := d.unstored[numberOf{g.Sequence, kind}]
		d.mu.Unlock()
		if !ok {
			if g.Sequence != e.Sequence { // else it is e, whole
				whole, err := d.ledger.entryAt(ctx, eventstore.Position(g.Sequence))
				if err != nil {
					return "", err
				}
				if whole.Missing&domain.Identity != 0 {
					return "", fmt.Errorf("%w: the event %s is needed to compare numbers, and cannot be opened", ErrNoKeys, g.ID)
				}
				g.Event = whole.Event
			}
			stream = d.ledger.claimOf(kind, g)
		}
		if stream != "" {
			return stream, nil
		}
	}
	return "", nil
}

// numberOf names what an entry that is not in the log yet says of a kind of
// number.
type numberOf struct {
	sequence uint64
	kind     domain.NumberKind
}

// claims returns the claims that go along with an entry, or the rejection if a
// number belongs to somebody else. The caller holds mu.
func (d *desk) claims(e domain.Entry, exchanges []exchange) (claims []claim, err error) {
	add := func(x exchange, stream domain.Subject, released bool) {
		says := projections.Claim{Kind: x.kind, Holder: e.Subject, Released: released}
		claims = append(claims, claim{stream, d.ledger.claimID(stream, says.Type(), e.ID), says, d.world.Head(stream)})
	}
	for _, x := range exchanges {
		if x.to != "" {
			have := d.world.Claim(x.to)
			switch {
			case d.parked[x.to]:
				return nil, &domain.Rejection{Code: domain.Invariant, Field: fieldOf(x.kind, e), Message: domain.Text{
					EN: "whose number this is was not understood; see `rollbook projections list`, and update the program or correct the record first",
					VI: "có bản ghi không hiểu được về chủ của số này; xem `rollbook projections list`, cập nhật chương trình hoặc sửa bản ghi trước",
				}}
			case have.Released:
				add(x, x.to, false)
			case have.Holder != e.Subject:
				return nil, taken(x.kind, e)
			}
		}
		if x.from != "" && x.from != x.to && !d.parked[x.from] {
			if have := d.world.Claim(x.from); !have.Released && have.Holder == e.Subject {
				add(x, x.from, true)
			}
		}
	}
	return claims, d.world.Err()
}

// surrender returns the claims that go along with an event by which somebody is
// erased: their numbers are free from then on. The keys must still be there. The
// caller keeps others from the subject and, by the streams that are returned,
// from the numbers.
func (d *desk) surrender(ctx context.Context, s domain.Subject, event string) ([]claim, error) {
	if err := d.refresh(ctx); err != nil {
		return nil, err
	}
	d.mu.Lock()
	t := d.world.Timeline(s)
	d.mu.Unlock()
	e := domain.Entry{ID: event, Subject: s}
	var all []exchange
	for _, kind := range domain.NumberKinds() {
		from, err := d.holding(ctx, kind, t.Giving(kind), e)
		if err != nil {
			return nil, err
		}
		all = append(all, exchange{kind: kind, from: from})
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.claims(e, all)
}

// fieldOf returns the field of an event for which a number is refused.
func fieldOf(kind domain.NumberKind, e domain.Entry) string {
	if kind.In(e.Event) == "" {
		return "data.annuls"
	}
	return kind.Field()
}

// taken is the answer to a number that belongs to somebody else. It does not say
// to whom: who asks may not be allowed to know.
func taken(kind domain.NumberKind, e domain.Entry) error {
	r := &domain.Rejection{Code: domain.Invariant, Field: fieldOf(kind, e), Message: domain.Text{
		EN: "belongs to another member of this ledger; check the number, and correct whichever entry is wrong first",
		VI: "đã thuộc về một người khác trong sổ; hãy kiểm tra lại số và sửa mục bị sai trước",
	}}
	if r.Field == "data.annuls" {
		r.Message = domain.Text{
			EN: "the number before this entry would count again, and belongs to another member by now; record the right number instead, or free it there first",
			VI: "số trước mục này sẽ có hiệu lực trở lại, trong khi số đó nay thuộc về một người khác; hãy ghi số đúng, hoặc sửa bên kia trước",
		}
	}
	return r
}

// record returns the record of a claim.
func (c claim) record() eventstore.Record {
	return eventstore.Record{ID: c.id, Type: c.says.Type(), Schema: c.says.Schema(), Data: projections.AppendClaim(nil, c.says)}
}

// errLocks asks for more to be kept apart.
var errLocks = errors.New("what the event rests on is not locked")

// uncovered returns the numbers of exchanges that are not among the needs.
func uncovered(exchanges []exchange, needs []need) (more []need) {
	held := map[string]bool{}
	for _, n := range needs {
		held[n.what] = true
	}
	for _, x := range exchanges {
		for _, s := range []domain.Subject{x.from, x.to} {
			if s != "" && !held[string(s)] {
				more = append(more, need{string(s), true})
			}
		}
	}
	return more
}
