package projections

import (
	"cmp"
	"context"
	"runtime"
	"sync"

	"rollbook/domain"
)

// lives folds the life of every member as it was known, on all processors, and
// gathers what fold makes of each, in no order.
func lives[T any](ctx context.Context, store Store, known uint64, d *domain.Directory, fold func(Subject, domain.Life) []T) ([]T, error) {
	var (
		mu     sync.Mutex
		out    []T
		failed error
		wg     sync.WaitGroup
		slots  = make(chan struct{}, 2*runtime.GOMAXPROCS(0))
	)
	work := func(some []Subject) {
		defer func() { <-slots }()
		var made []T
		for _, s := range some {
			entries, err := decodeEntries(s.Subject, s.Entries)
			if err != nil {
				mu.Lock()
				failed = cmp.Or(failed, err)
				mu.Unlock()
				return
			}
			// What is impossible was parked and is not here; the life up to there counts.
			life, _ := domain.LifeOf(domain.NewTimeline(entries...).KnownAt(known), d)
			made = append(made, fold(s, life)...)
		}
		mu.Lock()
		out = append(out, made...)
		mu.Unlock()
	}
	err := store.Read(ctx, func(r Reader) error {
		var some []Subject
		send := func() {
			slots <- struct{}{}
			list := some
			wg.Go(func() { work(list) })
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

// happening is something that happened to somebody, in the organisation in which
// they counted.
type happening struct {
	organisation string
	group, value string
}

// happenings counts what fold finds in the lives of members and candidates, in a
// form of q.Organisation; of a period if from is not zero.
func (f *Figures) happenings(ctx context.Context, q Question, report string, from domain.Date, children bool, groups []Group, fold func(domain.Life) []happening) (Form, error) {
	d, standing, in, err := f.place(ctx, q)
	if err != nil {
		return Form{}, err
	}
	found, err := lives(ctx, f.store, uint64(standing.KnownAt), d, func(_ Subject, l domain.Life) []happening { return fold(l) })
	if err != nil {
		return Form{}, err
	}
	t := NewTally(d, q, children, groups...)
	for _, h := range found {
		if in(h.organisation) {
			t.Add(h.organisation, h.group, h.value, 1)
		}
	}
	form := t.Form(report, standing)
	if from != 0 {
		form.From = &from
	}
	return form, nil
}

// place returns the organisations of a question, from where it is answered, and
// which organisations lie in its subtree.
func (f *Figures) place(ctx context.Context, q Question) (d *domain.Directory, s Standing, in func(organisation string) bool, err error) {
	d, s, err = f.Directory(ctx, q)
	if err != nil {
		return nil, s, nil, err
	}
	if q.Organisation == "" {
		return d, s, func(string) bool { return true }, nil
	}
	subtree := d.Subtree(q.Organisation, q.AsOf)
	return d, s, func(organisation string) bool { return subtree[organisation] }, nil
}
