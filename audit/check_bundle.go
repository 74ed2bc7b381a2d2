package audit

import (
	"strconv"
	"strings"
	"time"

	"rollbook/eventstore"
)

// Verdict is what a bundle proves.
type Verdict struct {
	Member string
	// CompleteTo is up to which position the history is proven to be whole. What
	// was recorded later is only what the bundle's maker chose to show.
	CompleteTo uint64
	// Absent means that the log has no record of the member up to there.
	Absent bool
	// Events are the member's records up to CompleteTo, all of them, and Later the
	// ones after it.
	Events, Later []BundleEvent
	// Witnessed means that the policy asks for witnesses, and that they have signed.
	// Without, only the log's owner vouches for the checkpoint.
	Witnessed bool
	// Checkpoint is what everything was proven with, and when it was cosigned.
	Checkpoint SignedCheckpoint
	// Earlier are older checkpoints that the log goes on from.
	Earlier []SignedCheckpoint
}

// BundleEvent is a record that a bundle proves.
type BundleEvent struct {
	Position eventstore.Position
	// Time is when the log stored it.
	Time time.Time
	Type string
}

// CheckBundle reads a bundle and verifies it; see [Bundle.Verify].
func CheckBundle(b []byte, policy *Policy, now time.Time, age time.Duration) (Verdict, error) {
	bundle, err := ParseBundle(b)
	if err != nil {
		return Verdict{}, err
	}
	return bundle.Verify(policy, now, age)
}

// Verify verifies a bundle with a policy and nothing else: the checkpoint
// ([Policy.Verify]), every record's place in its tree, that the records are this
// member's and follow each other without a hole, and that the index root ends
// with them. The first thing that does not hold is an [*EvidenceError]. If that
// says that evidence is missing, the verdict has the checkpoint, and else nothing.
func (b Bundle) Verify(policy *Policy, now time.Time, age time.Duration) (Verdict, error) {
	signed, err := policy.Verify(b.Note, now, age)
	if err != nil {
		return Verdict{Checkpoint: signed}, err
	}
	v := Verdict{Member: b.Member, Witnessed: !policy.Unwitnessed(), Checkpoint: signed}
	for _, e := range b.Earlier {
		older, err := policy.Verify(e.Note, now, 0)
		if err == nil {
			err = CheckConsistency(older.Checkpoint, signed.Checkpoint, e.Consistency)
		}
		if err != nil {
			return Verdict{Checkpoint: signed}, err
		}
		v.Earlier = append(v.Earlier, older)
	}
	leaves := make([]Hash, len(b.Records))
	for i, record := range b.Records {
		if leaves[i], err = record.verify(signed.Checkpoint); err != nil {
			return Verdict{}, err
		}
	}
	if err := b.unbroken(); err != nil {
		return Verdict{}, err
	}
	if _, err := b.Index.verify(signed.Checkpoint); err != nil {
		return Verdict{}, err
	}
	root, is, err := IndexRootOf(b.Index.Stored)
	switch {
	case !is:
		return Verdict{}, evidence(IndexProofInvalid, signed.Size, "the record at position %d is no index root", b.Index.Position)
	case err != nil:
		return Verdict{}, evidence(IndexRootMismatch, signed.Size, "the record at position %d: %v", b.Index.Position, err)
	}
	entry, err := b.Proof.Verify(root.Root, root.Members, b.Member)
	if err != nil {
		return Verdict{}, err
	}
	if err := b.endsWith(entry, root.Size, leaves); err != nil {
		return Verdict{}, err
	}
	v.CompleteTo, v.Absent = root.Size, entry.Version == 0
	for i, record := range b.Records {
		typ, _ := header(record.Stored, headerType)
		event := BundleEvent{record.Position, record.Time, typ}
		if i < int(entry.Version) {
			v.Events = append(v.Events, event)
		} else {
			v.Later = append(v.Later, event)
		}
	}
	return v, nil
}

// verify makes the leaf of the record and verifies its place.
func (p ProvenRecord) verify(c Checkpoint) (Hash, error) {
	if uint64(p.Position) != p.Index+1 {
		return Hash{}, evidence(InclusionInvalid, c.Size, "the record is at position %d, and its index is %d", p.Position, p.Index)
	}
	var buffer []byte
	leaf, err := leafOf(p.Stored, &buffer)
	if err != nil {
		return Hash{}, evidence(BundleMalformed, c.Size, "%v", err)
	}
	return leaf, CheckInclusion(c, p.Index, leaf, p.Hashes)
}

// unbroken makes sure that the records are the member's first, second, third …
func (b Bundle) unbroken() error {
	log, _, _, _ := cutSubject(b.Index.Subject)
	var before eventstore.Position
	for i, record := range b.Records {
		of, _, _, _ := cutSubject(record.Subject)
		if id, ok := MemberOf(record.Subject); !ok || id != b.Member || of != log {
			return evidence(BundleMalformed, 0, "the record at position %d is not this member's", record.Position)
		}
		version, previous, ok := chain(record.Stored)
		switch {
		case !ok:
			return evidence(BundleGap, 0, "the record at position %d does not say which one of the member's it is", record.Position)
		case version != uint64(i+1):
			return evidence(BundleGap, 0, "the record at position %d is number %d of the member's, and number %d is wanted", record.Position, version, i+1)
		case previous != before:
			return evidence(BundleGap, 0, "the record at position %d comes after the one at %d, and not after the one at %d", record.Position, previous, before)
		}
		before = record.Position
	}
	return nil
}

// chain returns which record of its stream a record says it is, and where the
// one before it stands.
func chain(s eventstore.Stored) (version uint64, previous eventstore.Position, ok bool) {
	number, ok1 := header(s, headerVersion)
	place, ok2 := header(s, headerPrevious)
	version, ok3 := parseSize(number)
	place, back := strings.CutPrefix(place, "-")
	at, err := strconv.ParseUint(place, 10, 64)
	if back {
		// So many places before this record, in one append.
		if at == 0 || at >= uint64(s.Position) {
			return 0, 0, false
		}
		at = uint64(s.Position) - at
	}
	return version, eventstore.Position(at), ok1 && ok2 && ok3 && err == nil && at < uint64(s.Position)
}

// endsWith makes sure that the records up to the index's size are the ones that
// its entry ends.
func (b Bundle) endsWith(entry IndexEntry, size uint64, leaves []Hash) error {
	version := uint64(entry.Version)
	if version > uint64(len(b.Records)) {
		return evidence(BundleTail, size, "the member has %d records up to %d, and %d are shown", version, size, len(b.Records))
	}
	wrong := func(what string) error {
		return evidence(IndexRootMismatch, size, "the index root at position %d says that the member has %d records up to %d: %s", b.Index.Position, version, size, what)
	}
	if version < uint64(len(b.Records)) && uint64(b.Records[version].Position) <= size {
		return wrong("there are more")
	}
	if version == 0 {
		return nil
	}
	last := b.Records[version-1]
	if uint64(last.Position) > size || last.Position != entry.Last || leaves[version-1] != entry.Leaf {
		return wrong("the last of them is another")
	}
	return nil
}
