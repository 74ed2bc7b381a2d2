package projections

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"

	"rollbook/domain"
)

// Opened returns what could be opened of the entries that say who a member is, by
// sequence; nil for nothing. It is called from several goroutines. A nil Opened
// opens nobody.
type Opened func(Subject) map[uint64]*domain.Person

// court is all that verdicts on the entries of a ledger rest on, in memory: what
// was known at one place in the log. It does not change and may be asked from
// several goroutines. A member takes as much memory as their entries in the read
// models, some 150 bytes each.
type court struct {
	standing  Standing
	known     uint64
	directory *domain.Directory
	others    map[domain.Subject]domain.Timeline // organisations and villages, with what came later
	members   []Subject                          // likewise
	byID      map[domain.Subject]int             // place in members
	in        map[string][]string                // ids of who was ever booked into an organisation
	opened    Opened
}

// court reads what is known at q.KnownAt.
func (f *Figures) court(ctx context.Context, q Question, opened Opened) (*court, error) {
	for attempt := 0; ; attempt++ {
		c := &court{others: map[domain.Subject]domain.Timeline{}, byID: map[domain.Subject]int{}, in: map[string][]string{}, opened: opened}
		var generation int64
		booked := map[string][]int32{} // numbers of members, by organisation
		err := f.view(ctx, q, func(v view) error {
			c.standing, c.known, generation = v.Standing, v.known, f.at.Generation
			maps.Copy(c.others, v.timelines)
			c.directory = v.ownDirectory()
			for i := range v.headcount {
				if b := &v.headcount[i]; b.to != 0 {
					organisation := v.cells[b.to].Organisation
					booked[organisation] = append(booked[organisation], b.member)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		err = f.store.Read(ctx, func(r Reader) error {
			at, err := r.Checkpoint(ctx)
			if err != nil {
				return err
			}
			if at.Generation != generation {
				return ErrMoved // other numbers may stand for other members
			}
			return c.read(ctx, r, booked)
		})
		if !errors.Is(err, ErrMoved) || attempt == 3 {
			return c, err
		}
	}
}

// read reads the members, and who of them was booked where.
func (c *court) read(ctx context.Context, r Reader, booked map[string][]int32) error {
	ids := map[int32]string{}
	err := r.SubjectsOf(ctx, domain.MemberKind, func(s Subject) error {
		c.byID[s.Subject] = len(c.members)
		c.members = append(c.members, s)
		ids[int32(s.Number)] = s.Subject.ID()
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	for organisation, numbers := range booked {
		slices.Sort(numbers)
		for _, n := range slices.Compact(numbers) {
			c.in[organisation] = append(c.in[organisation], ids[n])
		}
	}
	return nil
}

// at returns the court as it was when less was known.
func (c *court) at(known uint64) *court {
	before := *c
	before.known, before.directory = known, domain.NewDirectory()
	for s, t := range c.others {
		_ = before.directory.Put(s, t.KnownAt(known)) // judged when it was recorded
	}
	return &before
}

// subjects returns everybody and everything.
func (c *court) subjects() []domain.Subject {
	list := slices.Sorted(maps.Keys(c.others))
	for _, m := range c.members {
		list = append(list, m.Subject)
	}
	return list
}

// heard is an entry with the verdict on it.
type heard struct {
	entry   domain.Entry
	verdict domain.Verdict
	// organisation is where it was judged.
	organisation string
}

// neighbours divides subjects into those about which the rules ask much the same: an
// organisation that has others directly below it, those, and who was ever in them; the
// largest first. It is a matter of time and memory only, so it does not matter in which
// of several places somebody is counted.
func (c *court) neighbours(subjects []domain.Subject) (groups [][]domain.Subject) {
	const day = domain.LastDay // where everything came to be
	children := c.directory.Children(day)
	committee := func(organisation string) string {
		if len(children[organisation]) > 0 {
			return organisation
		}
		return c.directory.Parent(organisation, day)
	}
	of := map[string]string{} // organisations of members
	for organisation, members := range c.in {
		for _, id := range members {
			of[id] = max(of[id], organisation)
		}
	}
	lists := map[string][]domain.Subject{}
	for _, s := range subjects {
		organisation := of[s.ID()]
		switch s.Kind() {
		case domain.OrganisationKind:
			organisation = s.ID()
		case domain.VillageKind:
			if v := c.directory.Village(s.ID()); v != nil {
				organisation = c.directory.Commune(v, day)
			}
		case domain.MemberKind:
		}
		key := committee(organisation)
		lists[key] = append(lists[key], s)
	}
	groups = slices.Collect(maps.Values(lists))
	slices.SortFunc(groups, func(a, b []domain.Subject) int { return len(b) - len(a) })
	return groups
}

// hear judges those entries of some subjects that are wanted, on all processors.
// It returns the verdicts that say something, in no order.
func (c *court) hear(ctx context.Context, ch *domain.Charter, subjects []domain.Subject, wanted func(domain.Entry) bool) ([]heard, error) {
	var (
		mu   sync.Mutex
		out  []heard
		errs error
		wg   sync.WaitGroup
		some = make(chan []domain.Subject)
	)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			w := &witness{court: c}
			for list := range some {
				judge := domain.NewJudge(w, ch, w.person) // it keeps all that it was told
				var found []heard
				for _, s := range list {
					first := len(found)
					for _, e := range w.Timeline(s).Entries() {
						if !wanted(e) {
							continue
						}
						if v := judge.Entry(e); len(v.Departures)+len(v.Unknown) > 0 {
							found = append(found, heard{entry: e, verdict: v})
						}
					}
					w.place(s, found[first:])
				}
				mu.Lock()
				out = append(out, found...)
				mu.Unlock()
			}
			mu.Lock()
			errs = errors.Join(errs, w.err)
			mu.Unlock()
		})
	}
	for _, list := range c.neighbours(subjects) {
		if ctx.Err() != nil {
			break
		}
		some <- list
	}
	close(some)
	wg.Wait()
	return out, errors.Join(ctx.Err(), errs)
}

// witness is the world as one judge sees it. It keeps the timeline that was asked
// for last, for the entries of a subject follow each other.
type witness struct {
	*court
	last     domain.Subject
	timeline domain.Timeline
	err      error

	// Fetch and booked find members that are not in the court; nil where all are.
	fetch  func(domain.Subject) (Subject, bool, error)
	booked func(organisation string) ([]domain.Subject, error)
}

var _ domain.World = (*witness)(nil)

// Timeline implements [domain.World].
func (w *witness) Timeline(s domain.Subject) domain.Timeline {
	if t, ok := w.others[s]; ok {
		return t.KnownAt(w.known)
	}
	if w.last == s {
		return w.timeline
	}
	m, ok := w.member(s)
	if !ok {
		return domain.Timeline{}
	}
	t, err := m.Timeline()
	if err != nil {
		w.fail(fmt.Errorf("%s: %w", s, err))
	}
	w.last, w.timeline = s, t.KnownAt(w.known)
	return w.timeline
}

// member returns what is stored of a member.
func (w *witness) member(s domain.Subject) (Subject, bool) {
	if w.fetch == nil {
		i, ok := w.byID[s]
		if !ok {
			return Subject{}, false
		}
		return w.members[i], true
	}
	m, ok, err := w.fetch(s)
	if err != nil {
		w.fail(err)
	}
	return m, ok
}

func (w *witness) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// place says where entries of one subject were judged: a member's where they
// counted after it.
func (w *witness) place(s domain.Subject, entries []heard) {
	if len(entries) == 0 {
		return
	}
	var life domain.Life
	if s.Kind() == domain.MemberKind {
		life, _ = domain.LifeOf(w.Timeline(s), w.directory) // an impossible one as far as it goes
	}
	for i := range entries {
		e := entries[i].entry
		switch s.Kind() {
		case domain.OrganisationKind:
			entries[i].organisation = s.ID()
		case domain.VillageKind:
			entries[i].organisation = w.directory.Commune(w.directory.Village(s.ID()), e.EffectiveOn)
		case domain.MemberKind:
			for _, step := range life.Steps {
				if step.Entry.ID == e.ID {
					entries[i].organisation = step.State.Organisation
				}
			}
		}
	}
}

// Directory implements [domain.World].
func (w *witness) Directory() *domain.Directory { return w.directory }

// MembersOf implements [domain.World].
func (w *witness) MembersOf(organisation string) []string {
	if w.booked == nil {
		return w.in[organisation]
	}
	members, err := w.booked(organisation)
	if err != nil {
		w.fail(err)
	}
	var ids []string
	for _, m := range members {
		ids = append(ids, m.ID())
	}
	return ids
}

// person returns what is known of a member that is sealed: see [domain.Persons].
func (w *witness) person(member domain.Subject, day domain.Date) (domain.Person, bool) {
	if w.opened == nil {
		return domain.Person{}, false
	}
	m, ok := w.member(member)
	if !ok {
		return domain.Person{}, false
	}
	given := w.opened(m)
	if len(given) == 0 {
		return domain.Person{}, false
	}
	p := w.Timeline(member).PersonOn(day, given)
	return p, p != domain.Person{}
}

// Verdicts judges the entries of one subject, as known at q.KnownAt, and returns
// the findings up to the end of q.AsOf, in the order in which the entries count.
// Others are read as far as the rules ask for them. Given is what could be opened
// of the subject's own entries.
func (f *Figures) Verdicts(ctx context.Context, q Question, s domain.Subject, ch *domain.Charter, given map[uint64]*domain.Person) ([]Finding, error) {
	c := &court{others: map[domain.Subject]domain.Timeline{}, opened: func(Subject) map[uint64]*domain.Person { return given }}
	err := f.view(ctx, q, func(v view) error {
		c.known = v.known
		maps.Copy(c.others, v.timelines)
		c.directory = v.ownDirectory()
		return nil
	})
	if err != nil {
		return nil, err
	}
	findings := []Finding{}
	err = f.store.Read(ctx, func(r Reader) error {
		w := &witness{court: c, fetch: func(s domain.Subject) (Subject, bool, error) { return r.Subject(ctx, s) }}
		w.booked = func(organisation string) ([]domain.Subject, error) { return r.MembersOf(ctx, organisation) }
		judge := domain.NewJudge(w, ch, w.person)
		var found []heard
		for _, e := range w.Timeline(s).Entries() {
			if e.EffectiveOn <= q.AsOf {
				found = append(found, heard{entry: e, verdict: judge.Entry(e)})
			}
		}
		w.place(s, found)
		for _, h := range found {
			for _, d := range h.verdict.Departures {
				findings = append(findings, newFinding(h.entry, h.organisation, d))
			}
		}
		return w.err
	})
	slices.SortFunc(findings, compareFindings)
	return findings, err
}
