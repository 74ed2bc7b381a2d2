package projections

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"rollbook/domain"
	"rollbook/eventstore"
)

// Source is where a [World] finds what it has not seen itself.
type Source interface {
	// Subject returns a stored subject; ok is false when there is none.
	Subject(s domain.Subject) (found Subject, ok bool, err error)
	// MembersOf returns the members ever booked into or out of an organisation.
	MembersOf(organisation string) ([]domain.Subject, error)
}

// World is everything that is known at one place in the log: what decisions
// are made on, and what the projector books from. It loads subjects when they
// are asked for and keeps them. It is not safe for concurrent use.
type World struct {
	source     Source
	directory  *domain.Directory
	lives      map[domain.Subject]*life
	entered    map[string][]domain.Subject // by organisation, since the world began
	nextNumber int64
	bytes      int // of entries in memory
	err        error
}

var _ domain.Tails = (*World)(nil)

// life is a subject as the world keeps it.
type life struct {
	number  int64
	head    eventstore.Head
	entries []byte
	tail    domain.Tail // of members
	folded  bool        // tail is of all entries
	dirty   bool        // differs from what is stored
}

// NewWorld returns a world over what is stored. Members that it meets first
// are numbered from nextNumber on. Organisations and villages have to be given
// to it by [World.Learn].
func NewWorld(source Source, nextNumber int64) *World {
	return &World{
		source: source, directory: domain.NewDirectory(), nextNumber: nextNumber,
		lives: map[domain.Subject]*life{}, entered: map[string][]domain.Subject{},
	}
}

// Learn takes in a stored subject.
func (w *World) Learn(s Subject) error {
	w.lives[s.Subject] = &life{number: s.Number, head: s.Head, entries: s.Entries}
	w.bytes += len(s.Entries)
	if k := s.Subject.Kind(); k == domain.MemberKind || k == SystemKind {
		return nil
	}
	entries, err := decodeEntries(s.Subject, s.Entries)
	if err != nil {
		return err
	}
	_ = w.directory.Put(s.Subject, domain.NewTimeline(entries...)) // judged when it was recorded
	return nil
}

// Has reports whether a subject is in memory.
func (w *World) Has(s domain.Subject) bool { return w.lives[s] != nil }

// Err returns the first error of the source or of what is stored. After one,
// nothing that the world says can be relied on.
func (w *World) Err() error { return w.err }

func (w *World) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// life returns a subject, with no entries when it is unknown.
func (w *World) life(s domain.Subject) *life {
	if l := w.lives[s]; l != nil {
		return l
	}
	l := &life{}
	found, ok, err := w.source.Subject(s)
	if err != nil {
		w.fail(err)
	}
	if ok {
		l.number, l.head, l.entries = found.Number, found.Head, found.Entries
		w.bytes += len(found.Entries)
	}
	w.lives[s] = l
	return l
}

// Head returns where a subject's stream ends.
func (w *World) Head(s domain.Subject) eventstore.Head { return w.life(s).head }

// Known implements [domain.Tails].
func (w *World) Known(s domain.Subject) bool { return w.life(s).head.Count > 0 }

// Tail implements [domain.Tails].
func (w *World) Tail(s domain.Subject) domain.Tail {
	l := w.life(s)
	if !l.folded {
		folded, r := domain.LifeOf(w.Timeline(s), w.directory)
		if r != nil {
			// Impossible lives are parked, never stored.
			w.fail(fmt.Errorf("%w: %s: %w", errEntries, s, r))
		}
		l.tail, l.folded = folded.Tail(), true
	}
	return l.tail
}

// Timeline implements [domain.World].
func (w *World) Timeline(s domain.Subject) domain.Timeline {
	entries, err := decodeEntries(s, w.life(s).entries)
	if err != nil {
		w.fail(err)
	}
	return domain.NewTimeline(entries...)
}

// Directory implements [domain.World].
func (w *World) Directory() *domain.Directory { return w.directory }

// MembersOf implements [domain.World].
func (w *World) MembersOf(organisation string) []string {
	members := w.membersOf(organisation)
	ids := make([]string, len(members))
	for i, m := range members {
		ids[i] = m.ID()
	}
	return ids
}

// membersOf returns the members ever booked into an organisation, sorted, so
// that what follows from it does not depend on how the world was filled.
func (w *World) membersOf(organisation string) []domain.Subject {
	members, err := w.source.MembersOf(organisation)
	if err != nil {
		w.fail(err)
	}
	members = append(members, w.entered[organisation]...)
	slices.SortFunc(members, func(a, b domain.Subject) int { return strings.Compare(string(a), string(b)) })
	return slices.Compact(members)
}

// EntryID returns the sequence of the entry of a subject that has an id, 0 for
// none.
func (w *World) EntryID(s domain.Subject, id string) (sequence uint64) {
	var packed [packedID]byte
	want, isPacked := []byte(id), packID(&packed, id)
	if isPacked {
		want = packed[:]
	}
	err := walkEntries(w.life(s).entries, func(e storedEntry) error {
		if e.packed == isPacked && bytes.Equal(e.id, want) {
			sequence = e.sequence
		}
		return nil
	})
	if err != nil {
		w.fail(err)
	}
	return sequence
}

// Change is what an entry changes in the life of one member.
type Change struct {
	Member int64
	// Sign is +1 for what becomes true and -1 for what is no longer.
	Sign     int64
	Postings []domain.Posting
	Marks    []domain.Mark
}

// Apply takes an entry into the world and returns what it changes on the roll.
// The error is a *[domain.Rejection] when the entry is impossible where it
// stands; then the world is as it was.
func (w *World) Apply(e domain.Entry) ([]Change, error) {
	l := w.life(e.Subject)
	var changes []Change
	var err error
	if e.Subject.Kind() == domain.MemberKind {
		changes, err = w.applyMember(l, e)
	} else {
		changes, err = w.applyOther(e)
	}
	if err != nil {
		return nil, err
	}
	if w.err != nil {
		return nil, w.err
	}
	size := len(l.entries)
	l.entries = encodeEntry(l.entries, e)
	w.bytes += len(l.entries) - size
	l.head = eventstore.Head{Position: eventstore.Position(e.Sequence), Count: l.head.Count + 1}
	l.dirty = true
	return changes, nil
}

func (w *World) applyMember(l *life, e domain.Entry) ([]Change, error) {
	more, tail, ok, r := w.Tail(e.Subject).Add(e, w.directory)
	var gone domain.Life
	if !ok {
		before := w.Timeline(e.Subject)
		var after domain.Life
		if gone, r = domain.LifeOf(before, w.directory); r == nil {
			after, r = domain.LifeOf(before.With(e), w.directory)
		}
		tail = after.Tail()
		gone, more = difference(gone, after)
	}
	if r != nil {
		return nil, r
	}
	if l.number == 0 {
		l.number = w.nextNumber
		w.nextNumber++
	}
	l.tail = tail
	return w.changes(e.Subject, l.number, gone, more), nil
}

// applyOther takes in an entry of an organisation or a village. A merger, made
// or undone, changes the lives of all who were in the organisation. A beginning or
// an end that moves may make one of them impossible; then the entry is, not they.
func (w *World) applyOther(e domain.Entry) ([]Change, error) {
	before := w.Timeline(e.Subject)
	after := before.With(e)
	id := e.Subject.ID()
	if e.Subject.Kind() != domain.OrganisationKind || before.Len() == 0 || !domain.LifespanDiffers(id, before, after) {
		if r := w.directory.Put(e.Subject, after); r != nil {
			_ = w.directory.Put(e.Subject, before) // as it was
			return nil, r
		}
		return nil, nil
	}
	members := w.membersOf(id)
	old := make([]domain.Life, len(members))
	for i, m := range members {
		old[i], _ = domain.LifeOf(w.Timeline(m), w.directory)
	}
	r := w.directory.Put(e.Subject, after)
	var changes []Change
	for i, m := range members {
		if r != nil {
			break
		}
		var life domain.Life
		if life, r = domain.LifeOf(w.Timeline(m), w.directory); r != nil {
			break
		}
		gone, more := difference(old[i], life)
		l := w.life(m)
		l.tail, l.folded = life.Tail(), true
		changes = append(changes, w.changes(m, l.number, gone, more)...)
	}
	if r != nil {
		_ = w.directory.Put(e.Subject, before) // as it was
		for _, m := range members {
			w.life(m).folded = false
		}
		return nil, r
	}
	return changes, nil
}

func (w *World) changes(s domain.Subject, number int64, gone, more domain.Life) []Change {
	var changes []Change
	if len(gone.Postings)+len(gone.Marks) > 0 {
		changes = append(changes, Change{number, -1, gone.Postings, gone.Marks})
	}
	if len(more.Postings)+len(more.Marks) > 0 {
		changes = append(changes, Change{number, +1, more.Postings, more.Marks})
	}
	for _, p := range more.Postings {
		if in := w.entered[p.To.Organisation]; p.To.Organisation != "" && (len(in) == 0 || in[len(in)-1] != s) {
			w.entered[p.To.Organisation] = append(in, s)
		}
	}
	return changes
}

// difference returns what only the life before has and what only the one after
// has.
func difference(before, after domain.Life) (gone, more domain.Life) {
	gone.Postings, more.Postings = trim(before.Postings, after.Postings)
	gone.Marks, more.Marks = trim(before.Marks, after.Marks)
	return gone, more
}

// trim drops what two lists begin and end with alike.
func trim[T comparable](a, b []T) (restA, restB []T) {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return a, b
}

// Changed returns the subjects that differ from what is stored, by number and
// name, and takes them for stored from now on.
func (w *World) Changed() []Subject {
	var out []Subject
	for s, l := range w.lives {
		if l.dirty {
			out = append(out, Subject{l.number, s, l.head, l.entries})
			l.dirty = false
		}
	}
	slices.SortFunc(out, func(a, b Subject) int {
		if a.Number != b.Number {
			return int(a.Number - b.Number)
		}
		return strings.Compare(string(a.Subject), string(b.Subject))
	})
	return out
}

// Bytes returns roughly how much memory the world holds.
func (w *World) Bytes() int { return 2*w.bytes + 400*len(w.lives) }

// Forget drops all members and claims from memory. Nothing may differ from what
// is stored.
func (w *World) Forget() {
	for s, l := range w.lives {
		if k := s.Kind(); k == domain.MemberKind || k == SystemKind {
			w.bytes -= len(l.entries)
			delete(w.lives, s)
		}
	}
	clear(w.entered)
}
