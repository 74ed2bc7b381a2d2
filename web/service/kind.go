package service

import (
	"context"
	"slices"
	"strings"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/projections"
	"rollbook/web/access"
)

// ReportKind is a report that there is.
type ReportKind struct {
	// Name is that of its operation, such as "headcount" or "explain-findings".
	Name string
	// Needs is the right that it takes in the organisation that it is asked of.
	Needs access.Action
	// Asks are what it is asked beside organisation, day and knowledge.
	Asks []Parameter
	// By are what it can be broken down by, if it asks [AskBy].
	By []string

	ask func(*Service, context.Context, ReportQuestion) (Report, error)
}

// Parameter is something that a report is asked for.
type Parameter string

// The parameters.
const (
	AskFrom     Parameter = "from"     // the day at whose end a period opens, or an explanation's first report is
	AskSince    Parameter = "since"    // the first day of the entries that are looked at; all if not given
	AskYear     Parameter = "year"     // a year
	AskBy       Parameter = "by"       // what to break counts down by
	AskChildren Parameter = "children" // also each organisation directly below
	AskAhead    Parameter = "ahead"    // days to look ahead
	AskKinds    Parameter = "kind"     // kinds of work; all if none is given
	AskStatuses Parameter = "status"   // of people; members if none is given
	// AskPersonal is a search for names and a reason to open them, neither of which may
	// stand in an address.
	AskPersonal Parameter = "personal"
)

// Takes reports whether a report is asked for something.
func (k ReportKind) Takes(p Parameter) bool { return slices.Contains(k.Asks, p) }

// Explains reports whether it says why two reports differ.
func (k ReportKind) Explains() bool { return strings.HasPrefix(k.Name, "explain-") }

// ReportQuestion is what a report is asked. Each looks at what it asks for.
type ReportQuestion struct {
	projections.Question
	From, Since    domain.Date
	Year           int
	By             string // names with commas between
	Children       bool
	Ahead          int
	Kinds          []projections.WorkKind
	Statuses       []domain.Status
	Search, Reason string
	// Before is the first report of an explanation; KnownBefore is true if what was
	// known in it was asked for.
	Before      projections.Question
	KnownBefore bool
	// Lang is the language of texts that are part of the answer.
	Lang string
}

// compared are the two reports of an explanation.
func (q ReportQuestion) compared() Comparison { return Comparison{From: q.Before, To: q.Question} }

// dimensionNames are what a headcount is broken down by.
func dimensionNames() (list []string) {
	for _, d := range projections.Dimensions() {
		list = append(list, string(d))
	}
	return list
}

// Reports returns every report that there is: figures, statistical forms, lists,
// explanations. The HTTP interface has an operation for each (a test compares), and
// the pages offer each.
func Reports() []ReportKind {
	list := []ReportKind{
		{"headcount", access.ReadFigures, []Parameter{AskBy}, dimensionNames(), func(s *Service, ctx context.Context, q ReportQuestion) (Report, error) {
			by, err := Dimensions(q.By)
			if err != nil {
				return Report{}, err
			}
			return s.HeadcountReport(ctx, q.Question, by)
		}},
		{"movements", access.ReadFigures, []Parameter{AskFrom, AskChildren}, nil, func(s *Service, ctx context.Context, q ReportQuestion) (Report, error) {
			return s.MovementsReport(ctx, q.Question, q.From, q.Children)
		}},
		{"indicators", access.ReadFigures, []Parameter{AskYear, AskChildren}, nil, func(s *Service, ctx context.Context, q ReportQuestion) (Report, error) {
			return s.IndicatorsReport(ctx, q.Question, q.Year, q.Children)
		}},
	}
	for _, name := range slices.Concat(formsOfDay, formsOfPeriod) {
		list = append(list, formKind(name))
	}
	return append(list, []ReportKind{
		{"register", access.ReadEntries, []Parameter{AskStatuses, AskPersonal}, nil, func(s *Service, ctx context.Context, q ReportQuestion) (Report, error) {
			return s.RegisterReport(ctx, ledger.RegisterQuestion{Question: q.Question, Statuses: q.Statuses, Search: q.Search}, q.Reason)
		}},
		{"worklist", access.ReadEntries, []Parameter{AskAhead, AskKinds}, nil, func(s *Service, ctx context.Context, q ReportQuestion) (Report, error) {
			return s.WorklistReport(ctx, q.Question, q.Ahead, q.Kinds)
		}},
		{"findings", access.ReadEntries, []Parameter{AskSince}, nil, func(s *Service, ctx context.Context, q ReportQuestion) (Report, error) {
			return s.FindingsReport(ctx, projections.FindingsQuestion{Question: q.Question, From: q.Since}, q.Lang)
		}},
		{"explain-headcount", access.ReadEntries, []Parameter{AskFrom, AskBy}, dimensionNames(), func(s *Service, ctx context.Context, q ReportQuestion) (Report, error) {
			by, err := Dimensions(q.By)
			if err != nil {
				return Report{}, err
			}
			return s.ExplainHeadcountReport(ctx, q.compared(), by)
		}},
		{"explain-movements", access.ReadEntries, []Parameter{AskFrom}, nil, func(s *Service, ctx context.Context, q ReportQuestion) (Report, error) {
			return s.ExplainMovementsReport(ctx, q.compared(), q.KnownBefore)
		}},
		{"explain-indicators", access.ReadEntries, []Parameter{AskFrom}, nil, func(s *Service, ctx context.Context, q ReportQuestion) (Report, error) {
			return s.ExplainIndicatorsReport(ctx, q.compared())
		}},
		{"explain-findings", access.ReadEntries, []Parameter{AskFrom}, nil, func(s *Service, ctx context.Context, q ReportQuestion) (Report, error) {
			return s.ExplainFindingsReport(ctx, q.compared(), q.Lang)
		}},
	}...)
}

// formKind is a statistical form among the reports.
func formKind(name string) ReportKind {
	k := ReportKind{Name: name, Needs: access.ReadFigures, By: formDimensions(name)}
	if slices.Contains(formsOfPeriod, name) {
		k.Asks = append(k.Asks, AskFrom)
	}
	if name == "ratings" {
		k.Asks = append(k.Asks, AskYear)
	}
	if len(k.By) > 0 {
		k.Asks = append(k.Asks, AskBy)
	}
	if name != "villages" { // which are listed by commune anyway
		k.Asks = append(k.Asks, AskChildren)
	}
	k.ask = func(s *Service, ctx context.Context, q ReportQuestion) (Report, error) {
		by, err := FormDimensions(name, q.By)
		if err != nil {
			return Report{}, err
		}
		return s.FormReport(ctx, name, FormQuestion{Question: q.Question, From: q.From, Year: q.Year, By: by, Children: q.Children})
	}
	return k
}

// ReportNamed returns a kind of report; ok is false if there is none of the name.
func ReportNamed(name string) (k ReportKind, ok bool) {
	list := Reports()
	i := slices.IndexFunc(list, func(k ReportKind) bool { return k.Name == name })
	if i < 0 {
		return k, false
	}
	return list[i], true
}

// Report asks for a report. Rights are checked as in the method of the kind.
func (s *Service) Report(ctx context.Context, k ReportKind, q ReportQuestion) (Report, error) {
	return k.ask(s, ctx, q)
}
