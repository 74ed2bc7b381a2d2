package projections

import (
	"bytes"
	"context"
	"fmt"

	"rollbook/domain"
	"rollbook/eventstore"
)

// Placer says where entries happened, one after another in the order of the
// log, by what was known at each: so it says the same whenever it is asked.
type Placer struct {
	world  *World
	parked map[domain.Subject]eventstore.Position // from when on nothing is known of them
	at     eventstore.Position                    // what was placed last
}

// maxPlacerBytes bounds what a placer holds in memory.
const maxPlacerBytes = 100 << 20

// NewPlacer returns a placer for the entries after a position. The read models
// of r must have come as far as the last entry that is placed, because they say
// which records were not understood; r must stay open while it is used.
func NewPlacer(ctx context.Context, r Reader, after eventstore.Position) (*Placer, error) {
	p := &Placer{parked: map[domain.Subject]eventstore.Position{}, at: after}
	p.world = NewWorld(&until{ctx: ctx, reader: r, placer: p}, 1)
	for _, kind := range []domain.Kind{domain.OrganisationKind, domain.VillageKind} {
		err := r.SubjectsOf(ctx, kind, func(s Subject) error {
			s, ok, err := cut(s, after)
			if err != nil || !ok {
				return err
			}
			return p.world.Learn(s)
		})
		if err != nil {
			return nil, err
		}
	}
	parked, err := r.Parked(ctx)
	for _, s := range parked {
		p.parked[s.Subject] = s.Position
	}
	return p, err
}

// until is a Source that shows subjects as they were at the placer's position.
type until struct {
	ctx    context.Context //nolint:containedctx // of the transaction that the placer reads in
	reader Reader
	placer *Placer
}

func (u *until) Subject(s domain.Subject) (Subject, bool, error) {
	found, ok, err := u.reader.Subject(u.ctx, s)
	if err != nil || !ok {
		return found, false, err
	}
	return cut(found, u.placer.at)
}

func (u *until) MembersOf(organisation string) ([]domain.Subject, error) {
	return u.reader.MembersOf(u.ctx, organisation)
}

// cut returns a subject as it was at a position; ok is false if there was
// nothing of it yet.
func cut(s Subject, at eventstore.Position) (Subject, bool, error) {
	if s.Head.Position <= at {
		return s, true, nil
	}
	end := 0
	var head eventstore.Head
	err := walkEntries(s.Entries, func(e storedEntry) error {
		if eventstore.Position(e.sequence) <= at {
			head = eventstore.Head{Position: eventstore.Position(e.sequence), Count: head.Count + 1}
			end = e.end
		}
		return nil
	})
	s.Head, s.Entries = head, bytes.Clone(s.Entries[:end])
	return s, head.Count > 0, err
}

// Place takes in an entry and says where it happened. Those of a subject one of
// whose records was not understood happened nowhere, from that one on.
func (p *Placer) Place(e domain.Entry) (domain.Places, error) {
	defer func() { p.at = eventstore.Position(e.Sequence) }()
	if from, ok := p.parked[e.Subject]; ok && eventstore.Position(e.Sequence) >= from {
		return domain.Places{}, nil
	}
	before := p.organisation(e)
	if _, err := p.world.Apply(e); err != nil {
		if p.world.Err() != nil {
			return domain.Places{}, p.world.Err()
		}
		return domain.Places{}, fmt.Errorf("the read models took in what is impossible: %w", err)
	}
	after := p.organisation(e)
	if after == "" {
		after = before
	}
	at := domain.Places{Organisation: after}
	if before != after {
		at.From = before
	}
	if p.world.Err() == nil && p.world.Bytes() > maxPlacerBytes {
		p.at = eventstore.Position(e.Sequence)
		p.world.Forget()
	}
	return at, p.world.Err()
}

// organisation returns the organisation that an entry's subject belongs to on
// its day, as far as is known: "" for none.
func (p *Placer) organisation(e domain.Entry) string {
	d := p.world.Directory()
	switch e.Subject.Kind() {
	case domain.OrganisationKind:
		return e.Subject.ID()
	case domain.VillageKind:
		if v := d.Village(e.Subject.ID()); v != nil {
			return d.Commune(v, e.EffectiveOn)
		}
		return ""
	case domain.MemberKind:
	}
	tail := p.world.Tail(e.Subject)
	state := tail.State()
	if !tail.Settled(e.EffectiveOn) {
		life, _ := domain.LifeOf(p.world.Timeline(e.Subject), d)
		state = life.State(e.EffectiveOn)
	}
	if state.Status == domain.Candidate || state.Status.Member() {
		return state.Organisation
	}
	return ""
}
