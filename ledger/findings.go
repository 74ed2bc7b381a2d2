package ledger

import (
	"context"

	"rollbook/domain"
	"rollbook/projections"
)

// Findings returns the departures from charter rules, judged anew on what is
// known: nothing of them is stored. Birth dates and education are opened in
// memory, as names are for [Ledger.Register].
func (l *Ledger) Findings(ctx context.Context, q projections.FindingsQuestion) (projections.Findings, error) {
	figures, opened, err := l.court(ctx)
	if err != nil {
		return projections.Findings{}, err
	}
	return figures.Findings(ctx, q, domain.Embedded(), opened)
}

// TryPolicy says which findings a proposed version of the charter's rules would
// bring and take away. It changes nothing.
func (l *Ledger) TryPolicy(ctx context.Context, q projections.FindingsQuestion, proposed domain.Amendment) (projections.Trial, error) {
	figures, opened, err := l.court(ctx)
	if err != nil {
		return projections.Trial{}, err
	}
	return figures.Try(ctx, q, domain.Embedded(), proposed, opened)
}

// ExplainFindings compares the findings of the day and knowledge of from with
// those of q: see [projections.Figures.ExplainFindings].
func (l *Ledger) ExplainFindings(ctx context.Context, q, from projections.Question) (projections.ExplainedFindings, error) {
	figures, opened, err := l.court(ctx)
	if err != nil {
		return projections.ExplainedFindings{}, err
	}
	return figures.ExplainFindings(ctx, q, from, domain.Embedded(), opened)
}

// court returns what entries are judged with: current figures, and what could be
// opened of who people are.
func (l *Ledger) court(ctx context.Context) (*projections.Figures, projections.Opened, error) {
	figures, err := l.Figures(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := l.names.refresh(ctx, l); err != nil {
		return nil, nil, err
	}
	return figures, func(s projections.Subject) map[uint64]*domain.Person {
		if l.keys.erased(s.Subject) {
			return nil
		}
		return l.names.of(s.Number)
	}, nil
}
