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
	By string `query:"by" maxLength:"100" doc:"what to break the count down by: any of ethnicity, status, gender, religion, organisation, with commas between"`
}

type movementsInput struct {
	Organisation string `query:"organisation" maxLength:"80" doc:"id of the organisation whose subtree is meant; the whole ledger if not given"`
	From         string `query:"from" required:"true" maxLength:"10" doc:"day at whose end the period opens"`
	To           string `query:"to" required:"true" maxLength:"10" doc:"day at whose end the period closes"`
	Moment
}

type indicatorsInput struct {
	Asked
	Year     int  `query:"year" required:"true" doc:"the year, to its last day or to as_of where that is earlier"`
	Children bool `query:"children" doc:"also each organisation directly below"`
}

type worklistInput struct {
	Asked
	Ahead int    `query:"ahead" default:"90" minimum:"0" maximum:"3660" doc:"days to look ahead"`
	Kind  string `query:"kind" maxLength:"200" doc:"only these kinds, with commas between"`
}

type registerInput struct {
	Asked
	Reasoned
	Status string `query:"status" maxLength:"60" doc:"any of candidate, provisional, official, with commas between; members if not given"`
	Search string `header:"X-Search" maxLength:"400" doc:"words that each begin a word of the name, without regard to case and marks; percent-encoded UTF-8 if it is not ASCII. In a header, so that no name stands in an address"`
	Limit  int    `query:"limit" minimum:"0" maximum:"10000" default:"1000" doc:"at most so many rows"`
	After  string `query:"after" maxLength:"80" doc:"next of the page before"`
}

// ExplainInput are the parameters of two reports that are compared.
type ExplainInput struct {
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
	register(s, api, get("report-headcount", "/reports/headcount", "How many members there are", "As `rollbook report headcount`."+small),
		func(ctx context.Context, in *headcountInput) (*answered[service.Headcount], error) {
			q, err := s.question(ctx, in.Asked)
			if err != nil {
				return nil, err
			}
			by, err := service.Dimensions(in.By)
			if err != nil {
				return nil, err
			}
			return document(s.options.Service.Headcount(ctx, q, by))
		})
	register(s, api, get("report-movements", "/reports/movements", "How the headcount came from one day to another", "As `rollbook report movements`."+small),
		func(ctx context.Context, in *movementsInput) (*answered[service.Movements], error) {
			to, err := service.Day("to", in.To)
			if err != nil {
				return nil, err
			}
			from, err := service.Day("from", in.From)
			if err != nil {
				return nil, err
			}
			q, err := s.question(ctx, Asked{Organisation: in.Organisation, AsOf: to.String(), Moment: in.Moment})
			if err != nil {
				return nil, err
			}
			return document(s.options.Service.Movements(ctx, q, from))
		})
	register(s, api, get("report-indicators", "/reports/indicators", "The indicators of a year", "As `rollbook report indicators`."+small),
		func(ctx context.Context, in *indicatorsInput) (*answered[service.Indicators], error) {
			q, err := s.question(ctx, in.Asked)
			if err != nil {
				return nil, err
			}
			return document(s.options.Service.Indicators(ctx, q, in.Year, in.Children))
		})
	register(s, api, get("report-worklist", "/reports/worklist", "What is due and overdue", "As `rollbook report worklist`."),
		func(ctx context.Context, in *worklistInput) (*answered[projections.Worklist], error) {
			q, err := s.question(ctx, in.Asked)
			if err != nil {
				return nil, err
			}
			kinds, err := list(in.Kind, "kind", projections.WorkKinds())
			if err != nil {
				return nil, err
			}
			return document(s.options.Service.Worklist(ctx, q, in.Ahead, kinds))
		})
	register(s, api, get("report-register", "/reports/register", "Who is on the roll, by name", "As `rollbook report register`. Auditors see ids, and names with X-Reason. Every name that is answered is in the log of readings."),
		func(ctx context.Context, in *registerInput) (*answered[ledger.Register], error) {
			q, err := s.question(ctx, in.Asked)
			if err != nil {
				return nil, err
			}
			statuses, err := list(in.Status, "status", []domain.Status{domain.Candidate, domain.Provisional, domain.Official})
			if err != nil {
				return nil, err
			}
			reason, err := unescaped("X-Reason", in.Reason)
			if err != nil {
				return nil, err
			}
			search, err := unescaped("X-Search", in.Search)
			if err != nil {
				return nil, err
			}
			return document(s.options.Service.Register(ctx, ledger.RegisterQuestion{Question: q, Statuses: statuses, Search: search, After: strings.TrimPrefix(in.After, "member/"), Limit: in.Limit}, reason))
		})
	register(s, api, get("explain-headcount", "/explain/headcount", "Which events are behind the difference of two headcounts", "As `rollbook explain headcount`."),
		func(ctx context.Context, in *explainHeadcountInput) (*answered[projections.ExplainedHeadcount], error) {
			c, err := s.comparison(ctx, in.ExplainInput)
			if err != nil {
				return nil, err
			}
			by, err := service.Dimensions(in.By)
			if err != nil {
				return nil, err
			}
			return document(s.options.Service.ExplainHeadcount(ctx, c, by))
		})
	register(s, api, get("explain-movements", "/explain/movements", "Which events are behind movements", "As `rollbook explain movements`."),
		func(ctx context.Context, in *ExplainInput) (*answered[projections.ExplainedMovements], error) {
			c, err := s.comparison(ctx, *in)
			if err != nil {
				return nil, err
			}
			return document(s.options.Service.ExplainMovements(ctx, c, in.KnownFrom != ""))
		})
	register(s, api, get("explain-indicators", "/explain/indicators", "Which events are behind the difference of two days' indicators", "As `rollbook explain indicators`."),
		func(ctx context.Context, in *ExplainInput) (*answered[projections.ExplainedIndicators], error) {
			c, err := s.comparison(ctx, *in)
			if err != nil {
				return nil, err
			}
			return document(s.options.Service.ExplainIndicators(ctx, c))
		})
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
