package projections

import (
	"cmp"
	"context"
	"runtime"
	"sync"

	"rollbook/domain"
)

// member finds what is to be done for one member or candidate.
func (w *worker) member(s Subject) ([]Work, error) {
	entries, err := decodeEntries(s.Subject, s.Entries)
	if err != nil {
		return nil, err
	}
	// What is impossible was parked and is not here; the life up to there counts.
	life, _ := domain.LifeOf(domain.NewTimeline(entries...).KnownAt(w.known), w.directory)
	state := life.State(w.day)
	if state.Status != domain.Candidate && !state.Status.Member() {
		return nil, nil
	}
	var out []Work
	if where, since, ok := life.Arrival(w.day); ok {
		where = w.directory.Successor(where, w.day)
		if due := since.AddWorkingDays(receptionWorkingDays); due <= w.until && w.in(where) {
			out = append(out, w.work(WorkReception, due, where, s.Subject))
		}
	}
	if !w.in(state.Organisation) {
		return out, nil
	}
	if state.Status == domain.Candidate {
		if len(state.Mentors()) == 0 {
			out = append(out, w.work(WorkMentor, w.day, state.Organisation, s.Subject))
		}
		return out, nil
	}
	if from := state.ProbationFrom(); from != 0 {
		if due := w.confirmationDue(from, state.Organisation); due <= w.until {
			if !life.Reviewed(w.day) {
				out = append(out, w.work(WorkReview, due, state.Organisation, s.Subject))
			}
			out = append(out, w.work(WorkConfirmation, due, state.Organisation, s.Subject))
		}
	}
	for _, year := range w.ratingYears() {
		due := lastOf(year)
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

// confirmationDue returns the day by which who is on probation since a day has to
// be confirmed, by the rules in force in an organisation on the day that is asked
// for. Before there were any it is what the indicators go by.
func (w *worker) confirmationDue(from domain.Date, organisation string) domain.Date {
	policy := domain.Embedded().On(w.directory, organisation, w.day)
	months, days := 12, reviewDays
	if r, ok := policy.Rule("confirmation.probation"); ok {
		months = r.Parameter("months")
	}
	if r, ok := policy.Rule("confirmation.deadline"); ok {
		days = r.Parameter("days")
	}
	return from.AddMonths(months) + domain.Date(days)
}

// eachMember calls find for everybody who was ever in the ledger, on all
// processors, some hundred at a time, and returns what it found, in no order.
func eachMember[T any](ctx context.Context, store Store, find func(Subject) ([]T, error)) ([]T, error) {
	var (
		mu     sync.Mutex
		out    []T
		failed error
		wg     sync.WaitGroup
		slots  = make(chan struct{}, 2*runtime.GOMAXPROCS(0))
	)
	look := func(some []Subject) {
		defer func() { <-slots }()
		for _, s := range some {
			items, err := find(s)
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
			wg.Go(func() { look(list) })
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
