package service

import (
	"context"

	"rollbook/domain"
	"rollbook/projections"
	"rollbook/web/access"
)

// Names returns what members are called on q.AsOf, as far as the visitor may know:
// those for whom they have [access.ReadMembers]. Others are left out. Each name is
// written down as read.
func (s *Service) Names(ctx context.Context, q projections.Question, members []domain.Subject) (map[domain.Subject]string, error) {
	if err := s.Access.Anywhere(ctx, access.ReadMembers); err != nil {
		return nil, err
	}
	whole := s.Access.Allowed(ctx, access.ReadMembers, "") == nil
	var seen []domain.Subject
	var notes []access.Note
	for _, m := range members {
		organisations, err := s.belongs(ctx, m)
		if err == nil && !whole {
			err = s.allowedInOne(ctx, access.ReadMembers, organisations)
		}
		if err != nil && failed(err) {
			return nil, err
		}
		if err == nil {
			seen = append(seen, m)
			notes = append(notes, access.Note{What: "member_listed", Subject: string(m), Organisation: organisations[0]})
		}
	}
	names, err := s.Ledger.NamesOf(ctx, seen, q.AsOf, q.KnownAt)
	if err != nil || len(notes) == 0 {
		return names, err
	}
	return names, s.Access.Note(ctx, notes...)
}
