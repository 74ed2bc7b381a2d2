package projections

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync"

	"rollbook/domain"
)

// WorkKind is what there is to do.
type WorkKind string

// The kinds of work.
const (
	// WorkConfirmation is a decision on a provisional member, due 30 days after
	// the twelve months of probation.
	WorkConfirmation WorkKind = "confirmation"
	// WorkRating is a member's rating for a year, due at its end.
	WorkRating WorkKind = "rating"
	// WorkBadge is a badge, due on the day on which its years are full.
	WorkBadge WorkKind = "badge"
	// WorkMentor is a mentor for a candidate who has none, due at once.
	WorkMentor WorkKind = "mentor"
	// WorkQuota is what is missing from an organisation's own quota of
	// admissions, due at the end of the year.
	WorkQuota WorkKind = "quota"
	// WorkVillage is a village without a cell of its own. It has no deadline.
	WorkVillage WorkKind = "village_cell"
)

// WorkKinds returns all kinds, in the order of reports.
func WorkKinds() []WorkKind {
	return []WorkKind{WorkConfirmation, WorkRating, WorkBadge, WorkMentor, WorkQuota, WorkVillage}
}

// Worklist is what is due in an organisation's subtree, and what is overdue.
type Worklist struct {
	Report       string      `json:"report"` // "worklist"
	Organisation *string     `json:"organisation"`
	AsOf         domain.Date `json:"as_of"`
	// Until is the last day that was looked at: what falls due after it is not
	// in the list.
	Until domain.Date `json:"until"`
	// Rows are in the order of their days; those without one come last.
	Rows []Work `json:"rows"`
	Standing
}

// Work is one thing to do.
type Work struct {
	Kind         WorkKind       `json:"kind"`
	Due          *domain.Date   `json:"due"`     // nil when there is no deadline
	Overdue      bool           `json:"overdue"` // due before the day that is asked for
	Organisation string         `json:"organisation"`
	Subject      domain.Subject `json:"subject"`
	// Year is the one that a rating or a quota is for.
	Year int `json:"year,omitempty"`
	// Years are those of the badge.
	Years int `json:"years,omitempty"`
	// Missing is how many admissions the quota lacks.
	Missing int `json:"missing,omitempty"`
}

// Worklist returns what is due up to ahead days after q.AsOf, and what was due
// before and has not been done by then.
func (f *Figures) Worklist(ctx context.Context, q Question, ahead int) (Worklist, error) {
	out := Worklist{
		Report: "worklist", Organisation: orNull(q.Organisation), AsOf: q.AsOf,
		Until: min(q.AsOf+domain.Date(ahead), domain.LastDay), Rows: []Work{},
	}
	w := worker{day: q.AsOf, until: out.Until}
	err := f.view(ctx, q, func(v view) error {
		out.Standing = v.Standing
		w.known = v.known
		// A directory of its own: the view's may change when this one ends.
		w.directory = domain.NewDirectory()
		for s, t := range v.timelines {
			_ = w.directory.Put(s, t.KnownAt(v.known)) // judged when it was recorded
		}
		if q.Organisation != "" {
			w.subtree = w.directory.Subtree(q.Organisation, q.AsOf)
		}
		out.Rows = append(out.Rows, w.organisations(v)...)
		return nil
	})
	if err != nil {
		return out, err
	}
	members, err := w.members(ctx, f.store)
	out.Rows = append(out.Rows, members...)
	slices.SortFunc(out.Rows, func(x, y Work) int {
		if (x.Due == nil) != (y.Due == nil) {
			if x.Due == nil {
				return 1
			}
			return -1
		}
		if x.Due != nil && *x.Due != *y.Due {
			return cmp.Compare(*x.Due, *y.Due)
		}
		return cmp.Or(cmp.Compare(slices.Index(WorkKinds(), x.Kind), slices.Index(WorkKinds(), y.Kind)),
			cmp.Compare(x.Organisation, y.Organisation), cmp.Compare(x.Subject, y.Subject), cmp.Compare(x.Year, y.Year))
	})
	return out, err
}

// worker finds work.
type worker struct {
	day, until domain.Date
	known      uint64
	directory  *domain.Directory
	subtree    map[string]bool // nil for the whole ledger
}

func (w *worker) in(organisation string) bool { return w.subtree == nil || w.subtree[organisation] }

func (w *worker) work(kind WorkKind, due domain.Date, organisation string, s domain.Subject) Work {
	return Work{Kind: kind, Due: &due, Overdue: due < w.day, Organisation: organisation, Subject: s}
}

// organisations finds what organisations and villages have to do.
func (w *worker) organisations(v view) []Work {
	var out []Work
	year := w.day.Year()
	first, _ := domain.NewDate(year, 1, 1)
	last, _ := domain.NewDate(year, 12, 31)
	tallies := v.tallies(year, first, w.day)
	for _, id := range v.directory.Organisations() {
		o := v.directory.Organisation(id)
		quota, ok := o.Quota(year, w.day)
		if !ok || !o.Alive(w.day) || !w.in(id) || last > w.until {
			continue
		}
		admitted := 0
		for below := range v.directory.Subtree(id, w.day) {
			if t := tallies[below]; t != nil {
				admitted += t.admitted
			}
		}
		if admitted < quota {
			item := w.work(WorkQuota, last, id, domain.OrganisationSubject(id))
			item.Year, item.Missing = year, quota-admitted
			out = append(out, item)
		}
	}
	for _, id := range v.directory.Villages() {
		village := v.directory.Village(id)
		commune := v.directory.Commune(village, w.day)
		if village.Alive(w.day) && !village.OwnCell(w.day) && w.in(commune) {
			out = append(out, Work{Kind: WorkVillage, Organisation: commune, Subject: domain.VillageSubject(id)})
		}
	}
	return out
}

// members finds what is to be done for members and candidates. Their lives are
// folded on all processors, a number of them at a time.
func (w *worker) members(ctx context.Context, store Store) ([]Work, error) {
	var (
		mu     sync.Mutex
		out    []Work
		failed error
		wg     sync.WaitGroup
		slots  = make(chan struct{}, 2*runtime.GOMAXPROCS(0))
	)
	fold := func(some []Subject) {
		defer func() { <-slots }()
		for _, s := range some {
			items, err := w.member(s)
			mu.Lock()
			out = append(out, items...)
			failed = cmp.Or(failed, err)
			mu.Unlock()
		}
	}
	err := store.Read(ctx, func(r Reader) error {
		var some []Subject
		send := func() {
			slots <- struct{}{}
			list := some
			wg.Go(func() { fold(list) })
			some = nil
		}
		err := r.SubjectsOf(ctx, domain.MemberKind, func(s Subject) error {
			if some = append(some, s); len(some) == 256 {
				send()
			}
			return ctx.Err()
		})
		send()
		return err
	})
	wg.Wait()
	return out, cmp.Or(err, failed)
}

func (w *worker) member(s Subject) ([]Work, error) {
	entries, err := decodeEntries(s.Subject, s.Entries)
	if err != nil {
		return nil, err
	}
	// What is impossible was parked and is not here; the life up to there counts.
	life, _ := domain.LifeOf(domain.NewTimeline(entries...).KnownAt(w.known), w.directory)
	state := life.State(w.day)
	if !w.in(state.Organisation) {
		return nil, nil
	}
	if state.Status == domain.Candidate && len(state.Mentors()) == 0 {
		return []Work{w.work(WorkMentor, w.day, state.Organisation, s.Subject)}, nil
	}
	if !state.Status.Member() {
		return nil, nil
	}
	var out []Work
	if from := state.ProbationFrom(); from != 0 {
		if due := from.AddYears(1) + reviewDays; due <= w.until {
			out = append(out, w.work(WorkConfirmation, due, state.Organisation, s.Subject))
		}
	}
	for _, year := range []int{w.day.Year() - 1, w.day.Year()} {
		due, _ := domain.NewDate(year, 12, 31)
		_, rated := state.Rating(year)
		// Who came later is rated where they come from, or not yet.
		if !rated && due <= w.until && life.State(min(due, w.day)).Status.Member() {
			item := w.work(WorkRating, due, state.Organisation, s.Subject)
			item.Year = year
			out = append(out, item)
		}
	}
	if years, full, ok := life.Tenure(w.day).BadgeDue(w.until); ok {
		item := w.work(WorkBadge, full, state.Organisation, s.Subject)
		item.Years = years
		out = append(out, item)
	}
	return out, nil
}
