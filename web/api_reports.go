package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/projections"
	"rollbook/web/service"
)

// Asked are the parameters of everything that is asked for as of a day.
type Asked struct {
	Organisation string `query:"organisation" maxLength:"80" doc:"id of the organisation whose subtree is meant; the whole ledger if not given"`
	AsOf         string `query:"as_of" maxLength:"10" doc:"last day that counts, as 2022-12-31; today if not given"`
	Moment
}

// Moment says what was known, and what must have been taken in.
type Moment struct {
	KnownAt     string `query:"known_at" maxLength:"40" doc:"last sequence that counts, or a moment in RFC 3339 form; everything if not given"`
	MinPosition uint64 `query:"min_position" doc:"answer from read models that have come to this sequence, such as that of one's own write"`
	Wait        int    `query:"wait" minimum:"0" maximum:"30" doc:"seconds to wait for min_position; 5 if not given"`
}

func (s *Server) question(ctx context.Context, a Asked) (projections.Question, error) {
	return s.options.Service.Question(ctx, service.Asked{
		Organisation: a.Organisation, AsOf: a.AsOf, KnownAt: a.KnownAt, MinPosition: a.MinPosition, Wait: time.Duration(a.Wait) * time.Second,
	})
}

// Reasoned is a reason to open personal fields. It is in a header, so that it stands
// in no address.
type Reasoned struct {
	Reason string `header:"X-Reason" maxLength:"2000" doc:"why personal fields are to be opened, for who may open them only with a reason (auditors); percent-encoded UTF-8 if it is not ASCII; it goes into the log of readings"`
}

type headcountInput struct {
	Asked
	Delivered
	By string `query:"by" maxLength:"100" doc:"what to break the count down by: any of ethnicity, status, gender, religion, organisation, with commas between"`
}

type movementsInput struct {
	Organisation string `query:"organisation" maxLength:"80" doc:"id of the organisation whose subtree is meant; the whole ledger if not given"`
	From         string `query:"from" required:"true" maxLength:"10" doc:"day at whose end the period opens"`
	To           string `query:"to" required:"true" maxLength:"10" doc:"day at whose end the period closes"`
	Moment
	Delivered
	Children bool `query:"children" doc:"also each organisation directly below"`
}

type indicatorsInput struct {
	Asked
	Delivered
	Year     int  `query:"year" required:"true" doc:"the year, to its last day or to as_of where that is earlier"`
	Children bool `query:"children" doc:"also each organisation directly below"`
}

type worklistInput struct {
	Asked
	Delivered
	Ahead int    `query:"ahead" default:"90" minimum:"0" maximum:"3660" doc:"days to look ahead"`
	Kind  string `query:"kind" maxLength:"200" doc:"only these kinds, with commas between"`
}

type findingsInput struct {
	Asked
	Delivered
	From string `query:"from" maxLength:"10" doc:"first day of the entries that are looked at; all if not given"`
	Rule string `query:"rule" maxLength:"2000" doc:"only these rules, with commas between"`
}

type registerInput struct {
	Asked
	Reasoned
	Delivered
	Status string `query:"status" maxLength:"60" doc:"any of candidate, provisional, official, with commas between; members if not given"`
	Search string `header:"X-Search" maxLength:"400" doc:"words that each begin a word of the name, without regard to case and marks; percent-encoded UTF-8 if it is not ASCII. In a header, so that no name stands in an address"`
	Limit  int    `query:"limit" minimum:"0" maximum:"10000" default:"1000" doc:"at most so many rows, 0 for all; in a file all if not given"`
	After  string `query:"after" maxLength:"80" doc:"next of the page before"`
	paged  bool   // there is a limit of the visitor's own
}

// Resolve implements [huma.Resolver].
func (in *registerInput) Resolve(ctx huma.Context) []error {
	in.paged = ctx.Query("limit") != ""
	return nil
}

// limit returns how many rows are wanted, 0 for all: a file does not say that there is
// more, so it has everybody unless fewer are asked for.
func (in *registerInput) limit() int {
	if in.form() != asJSON && !in.paged {
		return 0
	}
	return in.Limit
}

// ExplainInput are the parameters of two reports that are compared.
type ExplainInput struct {
	Delivered
	Organisation string `query:"organisation" maxLength:"80" doc:"id of the organisation whose subtree is meant; the whole ledger if not given"`
	From         string `query:"from" maxLength:"10" doc:"day of the first report; that of the second if not given"`
	To           string `query:"to" maxLength:"10" doc:"day of the second report; today if not given"`
	KnownFrom    string `query:"known_from" maxLength:"40" doc:"what was known in the first report: a sequence, or a moment"`
	KnownTo      string `query:"known_to" maxLength:"40" doc:"what was known in the second report; everything if not given"`
}

type explainHeadcountInput struct {
	ExplainInput
	By string `query:"by" maxLength:"100" doc:"what to break the counts down by"`
}

type organisationsOutput struct {
	Organisations []projections.OrganisationInfo `json:"organisations"`
}

type organisationInput struct {
	ID   string `path:"id" maxLength:"64"`
	AsOf string `query:"as_of" maxLength:"10" doc:"the day; today if not given"`
}

func (s *Server) registerReports(api huma.API) { //nolint:funlen // a list
	get := func(id, path, summary, description string) huma.Operation {
		return operation(id, http.MethodGet, path, summary, description)
	}
	small := " Who may not see members gets no number below 5 and the others rounded to 5, for ends of months: see docs/http.md."
	reported[service.Headcount](s, api, get("report-headcount", "/reports/headcount", "How many members there are", "As `rollbook report headcount`."+small),
		func(ctx context.Context, in *headcountInput) (service.Report, error) {
			q, err := s.question(ctx, in.Asked)
			if err != nil {
				return service.Report{}, err
			}
			by, err := service.Dimensions(in.By)
			if err != nil {
				return service.Report{}, err
			}
			return s.options.Service.HeadcountReport(ctx, q, by)
		})
	reported[movements](s, api, get("report-movements", "/reports/movements", "How the headcount came from one day to another", "As `rollbook report movements`."+small),
		func(ctx context.Context, in *movementsInput) (service.Report, error) {
			q, from, err := s.period(ctx, in.Organisation, in.From, in.To, in.Moment)
			if err != nil {
				return service.Report{}, err
			}
			return s.options.Service.MovementsReport(ctx, q, from, in.Children)
		})
	reported[service.Indicators](s, api, get("report-indicators", "/reports/indicators", "The indicators of a year", "As `rollbook report indicators`."+small),
		func(ctx context.Context, in *indicatorsInput) (service.Report, error) {
			q, err := s.question(ctx, in.Asked)
			if err != nil {
				return service.Report{}, err
			}
			return s.options.Service.IndicatorsReport(ctx, q, in.Year, in.Children)
		})
	s.registerForms(api, small)
	reported[projections.Findings](s, api, get("report-findings", "/reports/findings", "Entries that depart from a rule of the charter", "As `rollbook report findings`; members are named by id."),
		func(ctx context.Context, in *findingsInput) (service.Report, error) {
			q, err := s.question(ctx, in.Asked)
			if err != nil {
				return service.Report{}, err
			}
			asked := projections.FindingsQuestion{Question: q}
			if in.From != "" {
				if asked.From, err = service.Day("from", in.From); err != nil {
					return service.Report{}, err
				}
			}
			if asked.Rules, err = list(in.Rule, "rule", ruleIDs()); err != nil {
				return service.Report{}, err
			}
			return s.options.Service.FindingsReport(ctx, asked, in.language(ctx))
		})
	reported[projections.Worklist](s, api, get("report-worklist", "/reports/worklist", "What is due and overdue", "As `rollbook report worklist`; members are named by id."),
		func(ctx context.Context, in *worklistInput) (service.Report, error) {
			q, err := s.question(ctx, in.Asked)
			if err != nil {
				return service.Report{}, err
			}
			kinds, err := list(in.Kind, "kind", projections.WorkKinds())
			if err != nil {
				return service.Report{}, err
			}
			return s.options.Service.WorklistReport(ctx, q, in.Ahead, kinds)
		})
	reported[ledger.Register](s, api, get("report-register", "/reports/register", "Who is on the roll, by name", "As `rollbook report register`. Auditors see ids, and names with X-Reason. Every name that is answered is in the log of readings."),
		func(ctx context.Context, in *registerInput) (service.Report, error) {
			q, err := s.question(ctx, in.Asked)
			if err != nil {
				return service.Report{}, err
			}
			statuses, err := list(in.Status, "status", []domain.Status{domain.Candidate, domain.Provisional, domain.Official})
			if err != nil {
				return service.Report{}, err
			}
			reason, err := unescaped("X-Reason", in.Reason)
			if err != nil {
				return service.Report{}, err
			}
			search, err := unescaped("X-Search", in.Search)
			if err != nil {
				return service.Report{}, err
			}
			return s.options.Service.RegisterReport(ctx, ledger.RegisterQuestion{Question: q, Statuses: statuses, Search: search, After: strings.TrimPrefix(in.After, "member/"), Limit: in.limit()}, reason)
		})
	s.registerExplanations(api)
	register(s, api, get("list-organisations", "/organisations", "The organisations within one's rights", ""),
		func(ctx context.Context, in *struct {
			AsOf string `query:"as_of" maxLength:"10" doc:"the day; today if not given"`
		},
		) (*answered[organisationsOutput], error) {
			q, err := s.question(ctx, Asked{AsOf: in.AsOf})
			if err != nil {
				return nil, err
			}
			all, err := s.options.Service.Organisations(ctx, q)
			return document(organisationsOutput{all}, err)
		})
	register(s, api, get("read-organisation", "/organisations/{id}", "One organisation as it stands on a day", ""),
		func(ctx context.Context, in *organisationInput) (*answered[projections.OrganisationInfo], error) {
			q, err := s.question(ctx, Asked{Organisation: in.ID, AsOf: in.AsOf})
			if err != nil {
				return nil, err
			}
			return document(s.options.Service.Organisation(ctx, q))
		})
}

// registerExplanations registers what says why two reports differ.
func (s *Server) registerExplanations(api huma.API) {
	get := func(what, summary string) huma.Operation {
		return operation("explain-"+what, http.MethodGet, "/explain/"+what, summary, "As `rollbook explain "+what+"`.")
	}
	reported[projections.ExplainedHeadcount](s, api, get("headcount", "Which events are behind the difference of two headcounts"),
		func(ctx context.Context, in *explainHeadcountInput) (service.Report, error) {
			c, err := s.comparison(ctx, in.ExplainInput)
			if err != nil {
				return service.Report{}, err
			}
			by, err := service.Dimensions(in.By)
			if err != nil {
				return service.Report{}, err
			}
			return s.options.Service.ExplainHeadcountReport(ctx, c, by)
		})
	reported[projections.ExplainedMovements](s, api, get("movements", "Which events are behind movements"),
		func(ctx context.Context, in *ExplainInput) (service.Report, error) {
			c, err := s.comparison(ctx, *in)
			if err != nil {
				return service.Report{}, err
			}
			return s.options.Service.ExplainMovementsReport(ctx, c, in.KnownFrom != "")
		})
	reported[projections.ExplainedIndicators](s, api, get("indicators", "Which events are behind the difference of two days' indicators"),
		func(ctx context.Context, in *ExplainInput) (service.Report, error) {
			c, err := s.comparison(ctx, *in)
			if err != nil {
				return service.Report{}, err
			}
			return s.options.Service.ExplainIndicatorsReport(ctx, c)
		})
	reported[projections.ExplainedFindings](s, api, get("findings", "Which departures from the charter appeared or were cleared, and by which events"),
		func(ctx context.Context, in *ExplainInput) (service.Report, error) {
			c, err := s.comparison(ctx, *in)
			if err != nil {
				return service.Report{}, err
			}
			return s.options.Service.ExplainFindingsReport(ctx, c, in.language(ctx))
		})
}

// movements describes service.Movements, with rows if they are asked for.
type movements struct {
	service.Movements
	Rows []projections.FormRow `json:"rows,omitempty"`
}

// period reads the question of a report of a period.
func (s *Server) period(ctx context.Context, organisation, from, to string, m Moment) (q projections.Question, first domain.Date, err error) {
	last, err := service.Day("to", to)
	if err != nil {
		return q, 0, err
	}
	if first, err = service.Day("from", from); err != nil {
		return q, 0, err
	}
	q, err = s.question(ctx, Asked{Organisation: organisation, AsOf: last.String(), Moment: m})
	return q, first, err
}

// ruleIDs are the rules of the charter.
func ruleIDs() (ids []string) {
	for _, d := range domain.RuleDefinitions() {
		ids = append(ids, d.ID)
	}
	return ids
}

func (s *Server) comparison(ctx context.Context, in ExplainInput) (service.Comparison, error) {
	return s.options.Service.Comparison(ctx, in.Organisation, in.From, in.To, in.KnownFrom, in.KnownTo)
}

// list reads values with commas between.
func list[T ~string](text, field string, all []T) (values []T, err error) {
	if text == "" {
		return nil, nil
	}
	for name := range strings.SplitSeq(text, ",") {
		v := T(strings.TrimSpace(name))
		if !slices.Contains(all, v) {
			var names []string
			for _, a := range all {
				names = append(names, string(a))
			}
			choice := strings.Join(names, ", ")
			return nil, &service.InputError{Field: field, Message: domain.Text{EN: "is any of " + choice + ", with commas between", VI: "là các giá trị " + choice + ", cách nhau bằng dấu phẩy"}}
		}
		values = append(values, v)
	}
	return values, nil
}
