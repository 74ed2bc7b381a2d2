package projections

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"rollbook/domain"
	"rollbook/eventstore"
)

// Cause is why a figure of one report is not that of another.
type Cause string

// The causes.
const (
	// NewFact is an entry that counts from a day between the two days.
	NewFact Cause = "new_fact"
	// LateFact is an entry that was recorded between the two moments of
	// knowledge, for a day that the first report had covered already.
	LateFact Cause = "late_fact"
	// Correction is an annulment.
	Correction Cause = "correction"
	// Reorganisation is an entry of organisations: a merger, or a move across
	// the border of the subtree that is asked for.
	Reorganisation Cause = "reorganisation"
	// Elapsed is no entry: a deadline passed, or another year or term is asked
	// for and what happened in the one before counts no more.
	Elapsed Cause = "elapsed"
	// RuleChange is a version of the charter's rules that an organisation adopted,
	// so that entries are judged by other rules. Only findings have it.
	RuleChange Cause = "rule_change"
)

// Causes returns all causes, in the order of reports.
func Causes() []Cause {
	return []Cause{NewFact, LateFact, Correction, Reorganisation, RuleChange, Elapsed}
}

// EventRef names an entry of the ledger.
type EventRef struct {
	Sequence    uint64         `json:"sequence"`
	ID          string         `json:"id"`
	Type        string         `json:"type"`
	Subject     domain.Subject `json:"subject"`
	EffectiveOn domain.Date    `json:"effectiveon"`
}

// Part is a part of a change: what one event did to it, for one member.
type Part struct {
	Cause  Cause `json:"cause"`
	Change int   `json:"change"`
	// Member is whom it concerns, "" where it concerns none or several.
	Member domain.Subject `json:"member,omitempty"`
	// Organisation is the one that a reorganisation brought across the border
	// of the subtree, with everybody in it.
	Organisation string `json:"organisation,omitempty"`
	// Events are behind it. Elapsed has those that count no more, or now, and
	// none for a deadline that passed.
	Events []EventRef `json:"events"`
}

// Side is one of the two reports that are compared.
type Side struct {
	AsOf    domain.Date         `json:"as_of"`
	KnownAt eventstore.Position `json:"known_at"`
}

// Explained is a figure that differs between two reports. From and the changes
// of all parts make To.
type Explained struct {
	From   int    `json:"from"`
	To     int    `json:"to"`
	Change int    `json:"change"`
	Parts  []Part `json:"parts"`
}

// Adds reports whether the parts make the change.
func (e Explained) Adds() bool {
	sum := e.From
	for _, p := range e.Parts {
		sum += p.Change
	}
	return sum == e.To && e.Change == e.To-e.From
}

// ErrBackwards means that the second report is of an earlier day or of less
// knowledge than the first.
var ErrBackwards = errors.New("the second day or moment lies before the first")

// comparison is two views of the same rows.
type comparison struct {
	a, b     view // differ in known and directory
	from, to domain.Date
	// inA and inB tell of each cell whether it lies in the subtree.
	inA, inB []bool
	parts    map[string]map[partKey]int // by figure
	entries  map[uint64]EventRef        // of organisations and villages, by sequence
}

// partKey is what a part is of, before the names are known.
type partKey struct {
	member       int32
	sequence     uint64 // of the entry that was recorded; 0 when time has passed
	on           domain.Date
	organisation string // that crossed the border; then sequence is 0
	elapsed      bool   // not the entry makes the difference, but that time has passed since
}

// compare calls f with the two views of a question. The first is of the day
// from, as known at a position; the second is of q.
func (f *Figures) compare(ctx context.Context, q, from Question, explain func(*comparison) error, name func(*comparison, *names) error) error {
	for attempt := 0; ; attempt++ {
		var generation int64
		var c *comparison
		err := f.view(ctx, q, func(v view) error {
			generation = f.at.Generation
			c = f.comparison(v, q, from)
			if c.a.known > c.b.known || from.AsOf > q.AsOf {
				return fmt.Errorf("%w: %s as known at %d, and %s as known at %d", ErrBackwards, from.AsOf, c.a.known, q.AsOf, c.b.known)
			}
			return explain(c)
		})
		if err != nil {
			return err
		}
		err = f.store.Read(ctx, func(r Reader) error {
			at, err := r.Checkpoint(ctx)
			if err != nil {
				return err
			}
			if at.Generation != generation {
				return ErrMoved // other numbers may stand for other members
			}
			n, err := c.names(ctx, r)
			if err != nil {
				return err
			}
			return name(c, n)
		})
		if !errors.Is(err, ErrMoved) || attempt == 3 {
			return err
		}
	}
}

func (f *Figures) comparison(v view, q, from Question) *comparison {
	c := &comparison{a: v, b: v, from: from.AsOf, to: q.AsOf, parts: map[string]map[partKey]int{}, entries: map[uint64]EventRef{}}
	switch {
	case from.KnownAt == NothingKnown:
		c.a.known = 0
	case from.KnownAt != 0 && uint64(from.KnownAt) < uint64(f.at.Position):
		c.a.known = uint64(from.KnownAt)
	default:
		c.a.known = uint64(f.at.Position)
	}
	if c.a.known != v.known {
		c.a.directory = c.a.ownDirectory()
	}
	c.a.KnownAt = eventstore.Position(c.a.known)
	c.inA, c.inB = c.a.scope(q.Organisation, from.AsOf), c.b.scope(q.Organisation, q.AsOf)
	if c.a.known == 0 {
		c.inA = c.inB // where nothing was known, there was no border to cross
	}
	for s, t := range f.timelines {
		for _, e := range t.Entries() {
			c.entries[e.Sequence] = EventRef{e.Sequence, e.ID, e.Type(), s, e.EffectiveOn}
		}
	}
	return c
}

func (c *comparison) sides() (a, b Side) {
	return Side{c.from, eventstore.Position(c.a.known)}, Side{c.to, eventstore.Position(c.b.known)}
}

func (c *comparison) add(figure string, k partKey, n int) {
	if n == 0 {
		return
	}
	parts := c.parts[figure]
	if parts == nil {
		parts = map[partKey]int{}
		c.parts[figure] = parts
	}
	parts[k] += n
}

// pile collects what rows of one member and day do to one figure. Rows that
// cancel each other, such as an entry and its annulment, leave nothing.
type pile map[pileKey]*pileSum

type pileKey struct {
	figure string
	member int32
	on     domain.Date
}

type pileSum struct {
	sum int
	// latest is the newest record that added, or took away.
	plus, minus uint64
}

func (p pile) add(figure string, b *booking, n int) {
	k := pileKey{figure, b.member, b.on}
	s := p[k]
	if s == nil {
		s = &pileSum{}
		p[k] = s
	}
	s.sum += n
	if n > 0 {
		s.plus = max(s.plus, b.sequence)
	} else {
		s.minus = max(s.minus, b.sequence)
	}
}

// into books what is left.
func (p pile) into(c *comparison, elapsed bool) {
	for k, s := range p {
		sequence := s.plus
		if s.sum < 0 {
			sequence = s.minus
		}
		c.add(k.figure, partKey{member: k.member, sequence: sequence, on: k.on, elapsed: elapsed}, s.sum)
	}
}

// names are the members and entries behind numbers and sequences.
type names struct {
	subjects map[int32]domain.Subject
	entries  map[uint64]EventRef
}

// names reads the names of everything that parts are of.
func (c *comparison) names(ctx context.Context, r Reader) (*names, error) {
	n := &names{subjects: map[int32]domain.Subject{}, entries: c.entries}
	wanted := map[int32]map[uint64]bool{}
	for _, parts := range c.parts {
		for k := range parts {
			if k.member == 0 {
				continue
			}
			if wanted[k.member] == nil {
				wanted[k.member] = map[uint64]bool{}
			}
			wanted[k.member][k.sequence] = true
		}
	}
	return n, n.read(ctx, r, wanted)
}

func (n *names) read(ctx context.Context, r Reader, wanted map[int32]map[uint64]bool) error {
	if len(wanted) == 0 {
		return nil
	}
	return r.SubjectsOf(ctx, domain.MemberKind, func(s Subject) error {
		sequences := wanted[int32(s.Number)]
		if sequences == nil {
			return nil
		}
		n.subjects[int32(s.Number)] = s.Subject
		return walkEntries(s.Entries, func(e storedEntry) error {
			if sequences[e.sequence] {
				n.entries[e.sequence] = EventRef{e.sequence, e.idString(), e.typ, s.Subject, e.on}
			}
			return nil
		})
	})
}

// explained returns the parts of a figure, by the day and sequence of what is
// behind them.
func (c *comparison) explained(figure string, from, to int, n *names) Explained {
	e := Explained{From: from, To: to, Change: to - from, Parts: []Part{}}
	keys := slices.SortedFunc(maps.Keys(c.parts[figure]), func(x, y partKey) int {
		return cmp.Or(cmp.Compare(x.on, y.on), cmp.Compare(x.sequence, y.sequence), cmp.Compare(x.organisation, y.organisation), cmp.Compare(x.member, y.member))
	})
	// One event may do something on several days, such as a late transfer that
	// ends one stay and begins another.
	at := map[partKey]int{}
	for _, k := range keys {
		change := c.parts[figure][k]
		if change == 0 {
			continue
		}
		same := partKey{member: k.member, sequence: k.sequence, elapsed: k.elapsed}
		if i, ok := at[same]; ok && k.sequence != 0 {
			e.Parts[i].Change += change
			continue
		}
		at[same] = len(e.Parts)
		e.Parts = append(e.Parts, c.part(k, change, n))
	}
	e.Parts = slices.DeleteFunc(e.Parts, func(p Part) bool { return p.Change == 0 })
	return e
}

func (c *comparison) part(k partKey, change int, n *names) Part {
	p := Part{Cause: Elapsed, Change: change, Member: n.subjects[k.member], Events: []EventRef{}}
	switch {
	case k.organisation != "":
		p.Cause, p.Organisation, p.Events = Reorganisation, k.organisation, c.crossing(k.organisation)
	case k.sequence != 0:
		ref := n.entries[k.sequence]
		p.Events = append(p.Events, ref)
		if !k.elapsed {
			p.Cause = c.cause(ref, k.on)
		}
	}
	return p
}

// cause says why an entry makes a difference on a day.
func (c *comparison) cause(ref EventRef, on domain.Date) Cause {
	switch {
	case annulment(ref.Type):
		return Correction
	case ref.Type == "organisation.established", ref.Type == "organisation.moved", ref.Type == "organisation.merged", ref.Type == "organisation.dissolved":
		return Reorganisation
	case ref.Sequence > c.a.known && on <= c.from:
		return LateFact
	}
	return NewFact
}

// annulment reports whether a type of entry annuls another.
func annulment(typ string) bool {
	return typ == "member.entry_annulled" || typ == "organisation.entry_annulled" || typ == "village.entry_annulled"
}

// crossing returns the entries that brought an organisation across the border of
// the subtree: of it and of those above it, then or now.
func (c *comparison) crossing(organisation string) []EventRef {
	return crossing(organisation, border{c.a.directory, c.from, c.a.known}, border{c.b.directory, c.to, c.b.known}, maps.Values(c.entries))
}

// border is where organisations stand in one of two reports.
type border struct {
	directory *domain.Directory
	day       domain.Date
	known     uint64
}

// counts reports whether an entry counts in the report.
func (b border) counts(ref EventRef) bool { return ref.Sequence <= b.known && ref.EffectiveOn <= b.day }

// crossing returns those entries of organisations that count on one side only and
// are of an organisation, or of one above it on either side; by sequence.
func crossing(organisation string, before, after border, entries iter.Seq[EventRef]) []EventRef {
	chain := map[domain.Subject]bool{}
	for _, b := range []border{before, after} {
		seen := 0
		for id := organisation; id != "" && seen < 1000; id = b.directory.Parent(id, b.day) {
			chain[domain.OrganisationSubject(id)] = true
			seen++ // a ring cannot be recorded, and a damaged one must not hang a report
		}
	}
	refs := []EventRef{}
	for ref := range entries {
		switch ref.Type {
		case "organisation.established", "organisation.moved", "organisation.entry_annulled":
		default:
			continue
		}
		if chain[ref.Subject] && before.counts(ref) != after.counts(ref) {
			refs = append(refs, ref)
		}
	}
	slices.SortFunc(refs, func(x, y EventRef) int { return cmp.Compare(x.Sequence, y.Sequence) })
	return refs
}
