package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/projections"
	"rollbook/web/access"
)

// sight is how much of a member somebody sees.
type sight int

const (
	closed sight = iota // nothing that is sealed
	open                // everything
)

// sees returns how much the visitor sees of members in one of some organisations,
// and what that is in the log of readings; "" where nothing personal is seen. Who
// has to give a reason and gives none sees nothing that is sealed.
func (s *Service) sees(ctx context.Context, organisations []string, reason string) (sight, string, error) {
	err := s.allowedInOne(ctx, access.ReadMembers, organisations)
	if err == nil {
		return open, "read", nil
	}
	if failed(err) {
		return closed, "", err
	}
	if err := s.allowedInOne(ctx, access.ReadEntries, organisations); err != nil {
		return closed, "", err
	}
	if reason == "" {
		return closed, "", nil
	}
	if err := access.CheckReason(reason); err != nil {
		return closed, "", err
	}
	if err := s.allowedInOne(ctx, access.OpenPersonal, organisations); err != nil {
		return closed, "", err
	}
	return open, "opened", nil
}

// failed reports whether an error is not an answer about rights.
func failed(err error) bool {
	return !errors.Is(err, access.ErrForbidden) && !errors.Is(err, access.ErrPart) && !errors.Is(err, access.ErrNotFound)
}

// allowedInOne reports whether the visitor has a right in one of some
// organisations.
func (s *Service) allowedInOne(ctx context.Context, what access.Action, organisations []string) error {
	err := s.Access.Anywhere(ctx, what)
	if err != nil {
		return err
	}
	err = access.ErrNotFound
	for _, o := range organisations {
		if err = s.Access.Allowed(ctx, what, o); err == nil || failed(err) {
			return err
		}
	}
	return err
}

// belongs returns where a subject belongs to. One that nobody has heard of is not
// found, as one out of reach is.
func (s *Service) belongs(ctx context.Context, subject domain.Subject) ([]string, error) {
	if err := s.Access.Anywhere(ctx, access.ReadEntries); err != nil {
		return nil, err
	}
	organisations, err := s.Ledger.Belongs(ctx, subject, s.Today())
	if errors.Is(err, ledger.ErrUnknownSubject) {
		err = access.ErrNotFound
	}
	return organisations, err
}

// History returns the timeline of a subject up to q.AsOf, all of it if that is
// zero, as it was known at q.KnownAt. It needs [access.ReadMembers] where the
// subject belongs to, or [access.ReadEntries]: then what is sealed stays so,
// unless there is a reason ([access.OpenPersonal]).
func (s *Service) History(ctx context.Context, subject domain.Subject, q projections.Question, reason string) (ledger.History, error) {
	organisations, err := s.belongs(ctx, subject)
	if err != nil {
		return ledger.History{}, err
	}
	sight, what, err := s.sees(ctx, organisations, reason)
	if err != nil {
		return ledger.History{}, err
	}
	if sight == closed {
		return s.Ledger.SealedHistory(ctx, subject, q.AsOf, s.Today(), q.KnownAt)
	}
	h, err := s.Ledger.History(ctx, subject, q.AsOf, s.Today(), q.KnownAt)
	if err == nil && subject.Kind() == domain.MemberKind {
		err = s.Access.Note(ctx, access.Note{What: "member_" + what, Subject: string(subject), Organisation: organisations[0], Reason: reason})
	}
	return h, err
}

// Register returns who is on the roll. Rights are as in [Service.History], with
// those in q.Organisation; without names there is no search.
func (s *Service) Register(ctx context.Context, q ledger.RegisterQuestion, reason string) (ledger.Register, error) {
	sight, what, err := s.sees(ctx, []string{q.Organisation}, reason)
	if err != nil {
		return ledger.Register{}, err
	}
	if sight == closed && q.Search != "" {
		return ledger.Register{}, badInput("search", "takes the right to see names; give a reason", "cần quyền xem họ tên; hãy nêu lý do")
	}
	if q.Limit < 0 {
		return ledger.Register{}, badInput("limit", "is a number of rows, 0 for all", "là số dòng, 0 là tất cả")
	}
	r, err := s.Ledger.Register(ctx, q)
	if err != nil {
		return ledger.Register{}, err
	}
	if sight == closed {
		for i := range r.Rows {
			r.Rows[i].Name, r.Rows[i].Born = nil, ""
			r.Rows[i].Ethnicity, r.Rows[i].Religion = domain.Unknown, domain.Unknown
		}
		r.Closed = r.Total
		return r, nil
	}
	return r, s.noteRows(ctx, r, what, reason)
}

// noteRows writes down everybody whose name is in a register.
func (s *Service) noteRows(ctx context.Context, r ledger.Register, what, reason string) error {
	organisation := ""
	if r.Organisation != nil {
		organisation = *r.Organisation
	}
	notes := []access.Note{{What: "register_" + what, Subject: fmt.Sprintf("%d members", len(r.Rows)), Organisation: organisation, Reason: reason}}
	for _, row := range r.Rows {
		notes = append(notes, access.Note{What: "member_listed", Subject: string(domain.MemberSubject(row.Member)), Organisation: row.Organisation, Reason: reason})
	}
	return s.Access.Note(ctx, notes...)
}

// Events returns events in the order of the log. Rights are as in
// [Service.History], with those in f.Organisation. That somebody takes them is
// written down before the first.
func (s *Service) Events(ctx context.Context, f ledger.EventFilter, reason string) (iter.Seq2[domain.Entry, error], error) {
	sight, what, err := s.sees(ctx, []string{f.Organisation}, reason)
	if err != nil {
		return nil, err
	}
	f.Sealed = sight == closed
	if f.Sealed {
		what = "sealed"
	}
	if err := s.Access.Note(ctx, access.Note{What: "events_" + what, Subject: fmt.Sprintf("from %d", f.From), Organisation: f.Organisation, Reason: reason}); err != nil {
		return nil, err
	}
	return s.Ledger.Events(ctx, f), nil
}

// Follow is [Service.Events] for who reads on for long, with a function to be called
// before anything is sent. It returns an error when the right to it, or to as much of
// it, has been taken away since: a grant, a role, a session, a token or the account. It
// may be called often, by one goroutine at a time, and looks at most once a second.
func (s *Service) Follow(ctx context.Context, f ledger.EventFilter, reason string) (events iter.Seq2[domain.Entry, error], still func() error, err error) {
	saw, _, err := s.sees(ctx, []string{f.Organisation}, reason)
	if err != nil {
		return nil, nil, err
	}
	every := cmp.Or(s.RightsFor, time.Second)
	looked := time.Now()
	still = func() error {
		if time.Since(looked) < every {
			return nil
		}
		again, err := access.Again(ctx)
		if err != nil {
			return err
		}
		sees, _, err := s.sees(again, []string{f.Organisation}, reason)
		if err != nil {
			return err
		}
		if sees != saw {
			return access.ErrForbidden // to go on like this
		}
		looked = time.Now()
		return nil
	}
	events, err = s.Events(ctx, f, reason)
	return events, still, err
}

// Bundle returns the proof of a member's whole history, in which what is sealed
// stays sealed. It needs [access.ReadEntries] where the member belongs to; that
// there is no such member is proven only to who may see everybody.
func (s *Service) Bundle(ctx context.Context, member domain.Subject) ([]byte, error) {
	if err := s.Access.Anywhere(ctx, access.ReadEntries); err != nil {
		return nil, err
	}
	organisations, err := s.Ledger.Belongs(ctx, member, s.Today())
	if errors.Is(err, ledger.ErrUnknownSubject) {
		organisations, err = []string{""}, nil
	}
	if err != nil {
		return nil, err
	}
	err = s.allowedInOne(ctx, access.ReadEntries, organisations)
	if errors.Is(err, access.ErrPart) {
		err = access.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	b, err := s.Ledger.Bundle(ctx, member)
	if err != nil {
		return nil, err
	}
	return b, s.Access.Note(ctx, access.Note{What: "bundle_taken", Subject: string(member), Organisation: organisations[0]})
}
