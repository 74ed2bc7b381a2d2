package ledger

import (
	"context"
	"fmt"

	"rollbook/domain"
	"rollbook/projections"
)

// Belongs returns the organisations that a subject belongs to on a day: of an
// organisation, itself; of a village, its commune; of a member, the one in which
// they count or counted last, and the one where they are for the time being. It
// returns [ErrUnknownSubject] if the ledger has never heard of it.
func (l *Ledger) Belongs(ctx context.Context, s domain.Subject, day domain.Date) ([]string, error) {
	figures, err := l.Figures(ctx)
	if err != nil {
		return nil, err
	}
	d, _, err := figures.Directory(ctx, projections.Question{})
	if err != nil {
		return nil, err
	}
	var t domain.Timeline
	if s.Kind() == domain.MemberKind {
		err = l.store.Read(ctx, func(r projections.Reader) (err error) {
			t, err = projections.Timeline(ctx, r, s)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if o := belongs(s, t, d, day); len(o) > 0 {
		return o, nil
	}
	return nil, fmt.Errorf("%s: %w", s, ErrUnknownSubject)
}

// belongs returns the organisations that a subject belongs to on a day, none if
// it is unknown. The timeline is that of a member.
func belongs(s domain.Subject, t domain.Timeline, d *domain.Directory, day domain.Date) []string {
	switch s.Kind() {
	case domain.OrganisationKind:
		if d.Organisation(s.ID()) != nil {
			return []string{s.ID()}
		}
	case domain.VillageKind:
		if v := d.Village(s.ID()); v != nil {
			return []string{d.Commune(v, day)}
		}
	case domain.MemberKind:
		life, _ := domain.LifeOf(t, d) // of one that was set aside, as far as it goes
		state := life.State(day)
		if state.Organisation == "" && len(life.Steps) > 0 { // it begins on a later day
			state = life.Steps[0].State
		}
		if state.Organisation == "" {
			return nil
		}
		if state.Temporarily != "" {
			return []string{state.Organisation, state.Temporarily}
		}
		return []string{state.Organisation}
	}
	return nil
}
