package service

import (
	"context"
	"errors"
	"slices"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/projections"
	"rollbook/web/access"
)

// Headcount is [projections.Headcount] as far as the visitor may see it.
type Headcount struct {
	projections.Headcount
	// Total is nil when it is withheld; so are rows, which are left out.
	Total    *int      `json:"total"`
	Withheld *Withheld `json:"withheld,omitempty"`
}

// Movements is [projections.Movements] as far as the visitor may see it. A number
// is nil when it is withheld.
type Movements struct {
	projections.Movements
	Opening        *int      `json:"opening"`
	Admitted       *int      `json:"admitted"`
	TransferredIn  *int      `json:"transferred_in"`
	Restored       *int      `json:"restored"`
	BroughtForward *int      `json:"brought_forward"`
	MovedIn        *int      `json:"moved_in"`
	MovedOut       *int      `json:"moved_out"`
	TransferredOut *int      `json:"transferred_out"`
	Expelled       *int      `json:"expelled"`
	Removed        *int      `json:"removed"`
	Resigned       *int      `json:"resigned"`
	Died           *int      `json:"died"`
	Closing        *int      `json:"closing"`
	Confirmed      *int      `json:"confirmed"`
	Withheld       *Withheld `json:"withheld,omitempty"`
}

// Indicators is [projections.Indicators] as far as the visitor may see it: an
// indicator that is withheld is left out.
type Indicators struct {
	projections.Indicators
	Withheld *Withheld `json:"withheld,omitempty"`
}

// figures returns the figures for a visitor who may see those of an
// organisation, and how much of them.
func (s *Service) figures(ctx context.Context, q *projections.Question) (*projections.Figures, *Withheld, error) {
	if err := s.Access.Allowed(ctx, access.ReadFigures, q.Organisation); err != nil {
		return nil, nil, err
	}
	w, err := s.withheld(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	f, err := s.Ledger.Figures(ctx)
	return f, w, err
}

// Headcount counts members; it needs [access.ReadFigures].
func (s *Service) Headcount(ctx context.Context, q projections.Question, by []projections.Dimension) (Headcount, error) {
	f, w, err := s.figures(ctx, &q)
	if err != nil {
		return Headcount{}, err
	}
	h, err := f.Headcount(ctx, q, by)
	if err != nil {
		return Headcount{}, err
	}
	out := Headcount{Headcount: h, Total: w.number(h.Total), Withheld: w}
	out.Headcount.Total, out.Rows = w.count(h.Total), w.rows(h.Rows)
	return out, nil
}

// Movements counts who came and went after the day from, up to q.AsOf; it needs
// [access.ReadFigures].
func (s *Service) Movements(ctx context.Context, q projections.Question, from domain.Date) (Movements, error) {
	if q.AsOf < from {
		return Movements{}, badInput("to", "lies before from; exchange them", "sớm hơn from; hãy đổi lại")
	}
	f, w, err := s.figures(ctx, &q)
	if err != nil {
		return Movements{}, err
	}
	if err := w.day("from", from); err != nil {
		return Movements{}, err
	}
	m, err := f.Movements(ctx, q, from)
	if err != nil {
		return Movements{}, err
	}
	return w.movements(m), nil
}

// MovementsByPart is [Movements] with a row for each part of the organisation.
type MovementsByPart struct {
	Movements
	Rows []projections.FormRow `json:"rows"`
}

// MovementsByPart counts likewise, for each part of the organisation too; it needs
// [access.ReadFigures].
func (s *Service) MovementsByPart(ctx context.Context, q projections.Question, from domain.Date) (MovementsByPart, error) {
	if q.AsOf < from {
		return MovementsByPart{}, badInput("to", "lies before from; exchange them", "sớm hơn from; hãy đổi lại")
	}
	f, w, err := s.figures(ctx, &q)
	if err != nil {
		return MovementsByPart{}, err
	}
	if err := w.day("from", from); err != nil {
		return MovementsByPart{}, err
	}
	m, err := f.MovementsByPart(ctx, q, from)
	if err != nil {
		return MovementsByPart{}, err
	}
	return MovementsByPart{w.movements(m.Movements), w.parts(m.Rows)}, nil
}

// Indicators computes the indicators of a year; it needs [access.ReadFigures].
func (s *Service) Indicators(ctx context.Context, q projections.Question, year int, children bool) (Indicators, error) {
	if err := Year(year); err != nil {
		return Indicators{}, err
	}
	f, w, err := s.figures(ctx, &q)
	if err != nil {
		return Indicators{}, err
	}
	if q.AsOf.Year() < year {
		return Indicators{}, badInput("year", "has not begun on as_of; ask for an earlier year or a later day", "chưa bắt đầu vào ngày as_of; hãy chọn năm trước hoặc ngày muộn hơn")
	}
	i, err := f.Indicators(ctx, q, year, children)
	if err != nil {
		return Indicators{}, err
	}
	for n := range i.Rows {
		i.Rows[n].Indicators = w.indicators(i.Rows[n].Indicators)
	}
	return Indicators{i, w}, nil
}

// Worklist lists what is due; it needs [access.ReadEntries]. No kinds are all.
func (s *Service) Worklist(ctx context.Context, q projections.Question, ahead int, kinds []projections.WorkKind) (projections.Worklist, error) {
	if ahead < 0 || ahead > 3660 {
		return projections.Worklist{}, badInput("ahead", "is a number of days from 0 to 3660", "là số ngày từ 0 đến 3660")
	}
	f, err := s.entries(ctx, q.Organisation)
	if err != nil {
		return projections.Worklist{}, err
	}
	w, err := f.Worklist(ctx, q, ahead)
	if len(kinds) > 0 {
		w.Rows = slices.DeleteFunc(w.Rows, func(r projections.Work) bool { return !slices.Contains(kinds, r.Kind) })
	}
	return w, err
}

// Findings lists departures from the charter's rules; it needs [access.ReadEntries].
// They name members by id.
func (s *Service) Findings(ctx context.Context, q projections.FindingsQuestion) (projections.Findings, error) {
	if q.From > q.AsOf {
		return projections.Findings{}, badInput("from", "lies after the last day; exchange them", "sau ngày cuối; hãy đổi lại")
	}
	if err := s.Access.Allowed(ctx, access.ReadEntries, q.Organisation); err != nil {
		return projections.Findings{}, err
	}
	return s.Ledger.Findings(ctx, q)
}

// ExplainFindings says which findings appeared and which were cleared; it needs
// [access.ReadEntries].
func (s *Service) ExplainFindings(ctx context.Context, c Comparison) (projections.ExplainedFindings, error) {
	if err := s.Access.Allowed(ctx, access.ReadEntries, c.To.Organisation); err != nil {
		return projections.ExplainedFindings{}, err
	}
	e, err := s.Ledger.ExplainFindings(ctx, c.To, c.From)
	return e, backwards(err)
}

// entries returns the figures for a visitor who may see the entries behind those
// of an organisation.
func (s *Service) entries(ctx context.Context, organisation string) (*projections.Figures, error) {
	if err := s.Access.Allowed(ctx, access.ReadEntries, organisation); err != nil {
		return nil, err
	}
	return s.Ledger.Figures(ctx)
}

// Comparison is two reports that are compared.
type Comparison struct{ From, To projections.Question }

// Comparison reads two questions. A day that is not given is the other one, or
// today; knowledge that is not given for the first is that of the second.
func (s *Service) Comparison(ctx context.Context, organisation, from, to, knownFrom, knownTo string) (c Comparison, err error) {
	if c.To, err = s.Question(ctx, Asked{Organisation: organisation}); err != nil {
		return c, err
	}
	if to != "" {
		if c.To.AsOf, err = Day("to", to); err != nil {
			return c, err
		}
	}
	if c.To.KnownAt, err = s.known(ctx, "known_to", knownTo); err != nil {
		return c, err
	}
	c.From = c.To
	if from != "" {
		if c.From.AsOf, err = Day("from", from); err != nil {
			return c, err
		}
	}
	if knownFrom != "" {
		c.From.KnownAt, err = s.known(ctx, "known_from", knownFrom)
	}
	return c, err
}

// backwards says what to do about two reports in the wrong order.
func backwards(err error) error {
	if errors.Is(err, projections.ErrBackwards) {
		return badInput("from", "and to, or known_from and known_to, are in the wrong order: the second report must not be of an earlier day or of less knowledge",
			"và to, hoặc known_from và known_to, sai thứ tự: báo cáo thứ hai không được có ngày sớm hơn hay ít thông tin hơn")
	}
	return err
}

// ExplainHeadcount says which events are behind the difference of two
// headcounts; it needs [access.ReadEntries].
func (s *Service) ExplainHeadcount(ctx context.Context, c Comparison, by []projections.Dimension) (projections.ExplainedHeadcount, error) {
	f, err := s.entries(ctx, c.To.Organisation)
	if err != nil {
		return projections.ExplainedHeadcount{}, err
	}
	e, err := f.ExplainHeadcount(ctx, c.To, c.From, by)
	return e, backwards(err)
}

// ExplainMovements says which events are behind movements or, with knownFrom,
// behind their difference to what was known; it needs [access.ReadEntries].
func (s *Service) ExplainMovements(ctx context.Context, c Comparison, knownFrom bool) (projections.ExplainedMovements, error) {
	f, err := s.entries(ctx, c.To.Organisation)
	if err != nil {
		return projections.ExplainedMovements{}, err
	}
	var known *projections.Question
	if knownFrom {
		q := c.To
		q.KnownAt = c.From.KnownAt
		known = &q
	}
	e, err := f.ExplainMovements(ctx, c.To, c.From.AsOf, known)
	return e, backwards(err)
}

// ExplainIndicators says which events are behind the difference of the
// indicators of two days; it needs [access.ReadEntries].
func (s *Service) ExplainIndicators(ctx context.Context, c Comparison) (projections.ExplainedIndicators, error) {
	f, err := s.entries(ctx, c.To.Organisation)
	if err != nil {
		return projections.ExplainedIndicators{}, err
	}
	e, err := f.ExplainIndicators(ctx, c.To, c.From)
	return e, backwards(err)
}

// Organisations returns the organisations that the visitor may see figures of.
func (s *Service) Organisations(ctx context.Context, q projections.Question) ([]projections.OrganisationInfo, error) {
	if err := s.Access.Anywhere(ctx, access.ReadFigures); err != nil {
		return nil, err
	}
	f, err := s.Ledger.Figures(ctx)
	if err != nil {
		return nil, err
	}
	q.Organisation = ""
	all, err := f.Organisations(ctx, q)
	if err != nil {
		return nil, err
	}
	list := []projections.OrganisationInfo{}
	for _, o := range all {
		switch err := s.Access.Allowed(ctx, access.ReadFigures, o.ID); {
		case err == nil:
			list = append(list, o)
		case !errors.Is(err, access.ErrNotFound):
			return nil, err
		}
	}
	return list, nil
}

// Organisation returns one organisation; it needs [access.ReadFigures].
func (s *Service) Organisation(ctx context.Context, q projections.Question) (projections.OrganisationInfo, error) {
	if err := s.Access.Allowed(ctx, access.ReadFigures, q.Organisation); err != nil {
		return projections.OrganisationInfo{}, err
	}
	f, err := s.Ledger.Figures(ctx)
	if err != nil {
		return projections.OrganisationInfo{}, err
	}
	all, err := f.Organisations(ctx, q)
	for _, o := range all {
		if o.ID == q.Organisation {
			return o, err
		}
	}
	return projections.OrganisationInfo{}, errors.Join(err, access.ErrNotFound)
}

// Projections returns where the read models stand; it needs [access.Operate].
func (s *Service) Projections(ctx context.Context) (models []ledger.ModelStatus, parked []ledger.Parked, generations []ledger.Generation, err error) {
	if err := s.Access.Allowed(ctx, access.Operate, ""); err != nil {
		return nil, nil, nil, err
	}
	if models, parked, err = s.Ledger.Models(ctx); err != nil {
		return nil, nil, nil, err
	}
	generations, err = s.Ledger.Generations(ctx)
	return models, parked, generations, err
}
