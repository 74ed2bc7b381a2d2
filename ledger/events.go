package ledger

import (
	"context"
	"fmt"
	"iter"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/projections"
)

// EventFilter says which events to read.
type EventFilter struct {
	// From and To are the first and the last sequence; 0 leaves a side open.
	From, To eventstore.Position
	// Follow goes on with events as they come, until the context ends.
	Follow bool
	// Type is a wire name; "" for all.
	Type string
	// Organisation picks the events of its subtree: of the organisations
	// themselves, of their villages, and of people who are in one of them before
	// or after the event. "" for all.
	Organisation string
	// Sealed leaves everything sealed that is.
	Sealed bool
}

// UnreadableError reports a record that this program cannot read. The record
// is not in what was yielded; reading can go on.
type UnreadableError struct {
	Position eventstore.Position
	Err      error
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("position %d cannot be read: %v", e.Position, e.Err)
}

func (e *UnreadableError) Unwrap() error { return e.Err }

// Events yields events in the order of the log. What of one is sealed and cannot
// be opened is missing from it, as its Missing says. An [*UnreadableError] does
// not end it; any other error does.
func (l *Ledger) Events(ctx context.Context, f EventFilter) iter.Seq2[domain.Entry, error] {
	return func(yield func(domain.Entry, error) bool) {
		after := f.From
		if after > 0 {
			after--
		}
		var inside func(context.Context, domain.Entry) (bool, error)
		if f.Organisation != "" {
			figures, err := l.Figures(ctx)
			if err == nil {
				_, _, err = figures.Directory(ctx, projections.Question{Organisation: f.Organisation})
			}
			if err != nil {
				yield(domain.Entry{}, err)
				return
			}
			inside = (&subtreeFilter{ledger: l, organisation: f.Organisation}).contains
		}
		source := l.history().Replay(ctx, after, f.To)
		if f.Follow {
			source = l.log.Follow(ctx, after)
		}
		for rec, err := range l.prepared(ctx, source, f) {
			if err != nil {
				yield(domain.Entry{}, err)
				return
			}
			e, err := l.decodeFor(ctx, rec, f)
			if err != nil {
				if !yield(domain.Entry{}, &UnreadableError{rec.Position, err}) {
					return
				}
				continue
			}
			if inside != nil {
				in, err := inside(ctx, e)
				if err != nil {
					yield(domain.Entry{}, err)
					return
				}
				if !in {
					continue
				}
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (l *Ledger) decodeFor(ctx context.Context, rec eventstore.Record, f EventFilter) (e domain.Entry, err error) {
	if f.Sealed {
		e, _, err = leaveSealed(rec)
		return e, err
	}
	e, _, err = l.keys.decode(ctx, rec)
	return e, err
}

// prepared yields the records of a source that a filter asks for. Unless it
// follows the log, it takes some at a time, so that their keys are fetched
// together.
func (l *Ledger) prepared(ctx context.Context, source iter.Seq2[eventstore.Record, error], f EventFilter) iter.Seq2[eventstore.Record, error] {
	most := 500
	if f.Follow {
		most = 1
	}
	return func(yield func(eventstore.Record, error) bool) {
		var some []eventstore.Record
		flush := func() bool {
			if err := l.keys.load(ctx, some); err != nil {
				return yield(eventstore.Record{}, err)
			}
			for _, rec := range some {
				if !yield(rec, nil) {
					return false
				}
			}
			some = some[:0]
			return true
		}
		for rec, err := range source {
			if err != nil {
				_ = flush() && yield(rec, err)
				return
			}
			if projections.System(rec) || f.Type != "" && rec.Type != f.Type {
				continue
			}
			if some = append(some, rec); len(some) >= most && !flush() {
				return
			}
		}
		flush()
	}
}

// subtreeFilter tells whether an event concerns an organisation's subtree.
type subtreeFilter struct {
	ledger       *Ledger
	organisation string

	at        eventstore.Position
	directory *domain.Directory
	day       domain.Date
	subtree   map[string]bool
}

// refresh brings the organisations up to an entry.
func (s *subtreeFilter) refresh(ctx context.Context, e domain.Entry) error {
	if s.directory == nil || s.at < eventstore.Position(e.Sequence) {
		figures, err := s.ledger.Figures(ctx)
		if err != nil {
			return err
		}
		d, standing, err := figures.Directory(ctx, projections.Question{})
		if err != nil {
			return err
		}
		s.directory, s.at, s.subtree = d, standing.Position, nil
	}
	if s.subtree == nil || s.day != e.EffectiveOn {
		s.day, s.subtree = e.EffectiveOn, s.directory.Subtree(s.organisation, e.EffectiveOn)
	}
	return nil
}

func (s *subtreeFilter) contains(ctx context.Context, e domain.Entry) (bool, error) {
	if err := s.refresh(ctx, e); err != nil {
		return false, err
	}
	switch e.Subject.Kind() {
	case domain.OrganisationKind:
		return s.subtree[e.Subject.ID()], nil
	case domain.VillageKind:
		v := s.directory.Village(e.Subject.ID())
		return v != nil && s.subtree[s.directory.Commune(v, e.EffectiveOn)], nil
	case domain.MemberKind:
	}
	var in bool
	err := s.ledger.store.Read(ctx, func(r projections.Reader) error {
		timeline, err := projections.Timeline(ctx, r, e.Subject)
		if err != nil {
			return err
		}
		// The member's life as it was known when the entry was recorded, and
		// just before.
		for _, known := range []uint64{e.Sequence - 1, e.Sequence} {
			life, _ := domain.LifeOf(timeline.KnownAt(known), s.directory)
			state := life.State(e.EffectiveOn)
			if state.Status != domain.None && s.subtree[state.Organisation] {
				in = true
			}
		}
		return nil
	})
	return in, err
}
