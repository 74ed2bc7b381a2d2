// Package service is what a visitor can ask the ledger and hand in: each method
// checks the right of the visitor of its context ([access.VisitorFrom]), writes
// down what of whom is read before it answers, and hides what a role may not
// see. The HTTP interface and the pages both stand on it, so neither checks
// anything by itself.
package service

import (
	"context"
	"time"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/office/reports"
	"rollbook/projections"
	"rollbook/web/access"
	"rollbook/web/openid"
)

// Service answers visitors. It is safe for concurrent use.
type Service struct {
	Ledger *ledger.Ledger
	Access *access.Access
	// Provider says who people are that have no password here; nil if none does.
	Provider *openid.Provider
	// Head is what stands around papers. Without a day they are of the day on which
	// they are made.
	Head reports.Head
	// RightsFor is how long a right counts that was looked up, for who reads on and on:
	// a second if zero.
	RightsFor time.Duration
	// Clock says what day it is where the office is.
	Clock func() time.Time
}

// Today is the calendar date where the office is.
func (s *Service) Today() domain.Date {
	y, m, d := s.Clock().Date()
	date, _ := domain.NewDate(y, int(m), d)
	return date
}

// Places is the tree of organisations of a ledger, as access needs it.
type Places struct {
	Ledger *ledger.Ledger
	Clock  func() time.Time
}

var _ access.Places = Places{}

// Above implements [access.Places].
func (p Places) Above(ctx context.Context, organisation string) ([]string, error) {
	figures, err := p.Ledger.Figures(ctx)
	if err != nil {
		return nil, err
	}
	d, _, err := figures.Directory(ctx, projections.Question{})
	if err != nil {
		return nil, err
	}
	y, m, day := p.Clock().Date()
	today, _ := domain.NewDate(y, int(m), day)
	return above(d, organisation, today), nil
}
