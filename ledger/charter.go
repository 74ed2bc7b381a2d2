package ledger

import (
	"context"
	"slices"

	"rollbook/domain"
	"rollbook/projections"
)

// Excepted is a charter rule that an event departs from with leave.
type Excepted struct {
	Rule   string      `json:"rule"`
	Source string      `json:"source"`
	Title  domain.Text `json:"-"`
}

// bench is where events are judged by the charter: what its rules ask for and the
// world does not have, which is opened before it is an event's turn. A nil bench
// judges nothing.
type bench struct {
	ledger *Ledger
	// given holds what entries say of people, by subject and sequence. It is in
	// memory only, and only as much as rules ask for.
	given map[domain.Subject]map[uint64]*domain.Person
}

func newBench(l *Ledger) *bench {
	return &bench{ledger: l, given: map[domain.Subject]map[uint64]*domain.Person{}}
}

// bench returns one at which an event can be judged.
func (l *Ledger) bench(ctx context.Context, e domain.Entry) (*bench, error) {
	b := newBench(l)
	return b, b.call(ctx, e)
}

// call opens what the log holds of the person whom an event is about, if its rules
// ask for that. What is closed stays unknown, and then those rules say nothing.
func (b *bench) call(ctx context.Context, e domain.Entry) error {
	if b == nil || !domain.AsksForPerson(e.Event) {
		return nil
	}
	records, err := b.ledger.log.Load(ctx, string(e.Subject), 0)
	if err != nil {
		return err
	}
	persons, err := b.ledger.persons(ctx, records)
	if err != nil {
		return err
	}
	for i, p := range persons {
		if p != nil {
			b.keep(e.Subject, uint64(records[i].Position), *p)
		}
	}
	return nil
}

// hear keeps what an entry says that is in the world and not in the log.
func (b *bench) hear(e domain.Entry) {
	if b == nil {
		return
	}
	if p := domain.PersonOf(e.Event); p != nil {
		b.keep(e.Subject, e.Sequence, *p)
	}
}

func (b *bench) keep(s domain.Subject, sequence uint64, p domain.Person) {
	if b.given[s] == nil {
		b.given[s] = map[uint64]*domain.Person{}
	}
	b.given[s][sequence] = &domain.Person{BirthDate: p.BirthDate, BirthYear: p.BirthYear, Education: p.Education}
}

// judge judges an entry that would be accepted otherwise, and has it name the
// policy that it was judged by. The error is a *[domain.Rejection].
func (b *bench) judge(w *projections.World, j *judgement) error {
	if b == nil {
		return nil
	}
	persons := func(s domain.Subject, day domain.Date) (domain.Person, bool) {
		given := b.given[s]
		return w.Timeline(s).PersonOn(day, given), len(given) > 0
	}
	j.charter, j.rests = domain.NewJudge(w, domain.Embedded(), persons).Recording(j.entry)
	if r := j.charter.Rejection(); r != nil {
		return r
	}
	j.entry.Policy = j.charter.Policy
	return nil
}

// unheld returns what has to be kept apart from an event besides its needs: members
// on whose standing the charter's verdict rests, and others that count in the same
// organisation and are judged by that number too.
func unheld(rests []domain.Subject, needs []need) (more []need) {
	for _, s := range rests {
		n := need{what: string(s)}
		if s.Kind() == domain.OrganisationKind {
			n = need{"counts in " + string(s), true}
		}
		if !slices.ContainsFunc(needs, func(have need) bool { return have.what == n.what }) {
			more = append(more, n)
		}
	}
	return more
}
