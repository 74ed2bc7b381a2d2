package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"rollbook/projections"
	"rollbook/web/service"
)

// Delivered says in which form and language a report is wanted.
type Delivered struct {
	Format string `query:"format" enum:"json,csv,xlsx,pdf" doc:"form of the answer; as Accept says if not given, else json"`
	Lang   string `query:"lang" enum:"vi,en" doc:"language of its texts; as Accept-Language says if not given"`
	Accept string `header:"Accept" doc:"application/json, text/csv, application/pdf or that of a workbook"`
}

func (d Delivered) delivery() Delivered { return d }

// language is that of the texts of a report.
func (d Delivered) language(ctx context.Context) string { return cmp.Or(d.Lang, languageFrom(ctx)) }

// asJSON is the form that is no file.
const asJSON service.Format = "json"

const jsonType = "application/json"

// form returns the form that is wanted, "" if there is none such.
func (d Delivered) form() service.Format {
	switch {
	case d.Format != "":
		return service.Format(d.Format)
	case d.Accept == "":
		return asJSON
	}
	ranges := acceptedRanges(d.Accept)
	best, at, most := service.Format(""), 0, 0.0
	for _, f := range append([]service.Format{asJSON}, service.Formats()...) {
		kind := jsonType
		if f != asJSON {
			kind = f.MediaType()
		}
		q, place := ranges.of(kind)
		if q > most || q == most && q > 0 && place < at {
			best, at, most = f, place, q
		}
	}
	return best
}

// mediaRange is a part of an Accept header.
type mediaRange struct {
	kind string // such as text/csv, text/* or */*
	q    float64
}

type mediaRanges []mediaRange

func acceptedRanges(accept string) (all mediaRanges) {
	for part := range strings.SplitSeq(accept, ",") {
		kind, parameters, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		q, err := strconv.ParseFloat(cmp.Or(parameters["q"], "1"), 64)
		if err != nil || !(q >= 0 && q <= 1) { // NaN too
			continue
		}
		all = append(all, mediaRange{kind, q})
	}
	return all
}

// of returns how much a media type is wanted, as the range says that fits it best, and
// at which place that stands. Nothing is 0.
func (r mediaRanges) of(kind string) (q float64, place int) {
	group, _, _ := strings.Cut(kind, "/")
	for _, fits := range []string{kind, group + "/*", "*/*"} {
		if at := slices.IndexFunc(r, func(m mediaRange) bool { return m.kind == fits }); at >= 0 {
			return r[at].q, at
		}
	}
	return 0, len(r)
}

type reportOutput struct {
	ContentType string   `header:"Content-Type"`
	Disposition string   `header:"Content-Disposition"`
	Vary        []string `header:"Vary"`
	Body        []byte
}

// reported registers an operation that is answered with a report: as JSON, which is
// a T, or as a file.
func reported[T, I any](s *Server, api huma.API, op huma.Operation, ask func(context.Context, *I) (service.Report, error)) {
	op.Description += " As csv, xlsx or pdf it is the file that the command writes with -o, and in the log of readings as exported."
	op.Responses = map[string]*huma.Response{"200": {Description: "the report", Content: map[string]*huma.MediaType{
		jsonType: {Schema: api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[T](), true, "")},
	}}}
	op.Errors = append(op.Errors, http.StatusNotAcceptable)
	for _, f := range service.Formats() {
		op.Responses["200"].Content[f.MediaType()] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	register(s, api, op, func(ctx context.Context, in *I) (*reportOutput, error) {
		d := any(in).(interface{ delivery() Delivered }).delivery() //nolint:forcetypeassert // of every input here
		f := d.form()
		if f == "" {
			return nil, problemf(http.StatusNotAcceptable, "not_acceptable", "", "a report is application/json, text/csv, application/pdf or a workbook; say which with format or Accept", "báo cáo có dạng application/json, text/csv, application/pdf hoặc sổ XLSX; hãy chọn bằng format hoặc Accept")
		}
		file, vary := f != asJSON, []string{"Accept"}
		if file {
			leave, ok := s.heavy()
			if !ok {
				return nil, busy()
			}
			defer leave()
			unhurried(ctx)
		}
		r, err := ask(ctx, in)
		if err != nil {
			return nil, err
		}
		if !file {
			var out bytes.Buffer
			e := json.NewEncoder(&out)
			e.SetEscapeHTML(false)
			err := e.Encode(r.Answer)
			return &reportOutput{ContentType: jsonType, Vary: vary, Body: out.Bytes()}, err
		}
		made, err := s.options.Service.File(ctx, r, f, d.language(ctx))
		if err != nil {
			return nil, err
		}
		kind := f.MediaType()
		if f == service.CSV {
			kind += "; charset=utf-8"
		}
		return &reportOutput{kind, fmt.Sprintf("attachment; filename=%q", made.Name), vary, made.Bytes}, nil
	})
}

// pageFile is where the pages hand out reports as files.
const pageFile = "/reports/{name}"

// makePageFile counts a file of the pages among what takes long, when all of the form
// that asks for it is there.
func (s *Server) makePageFile(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			if !as[*http.MaxBytesError](err) {
				err = protocolProblem(http.StatusBadRequest, "a form that is none", nil)
			}
			s.tell(w, r, err)
			return
		}
	}
	leave, ok := s.heavy()
	if !ok {
		s.tell(w, r, busy())
		return
	}
	defer leave()
	unhurried(r.Context())
	s.options.Pages.ServeHTTP(w, r)
}

type formInput struct {
	Asked
	Delivered
	By       string `query:"by" maxLength:"100" doc:"only by these of its dimensions, with commas between"`
	Year     int    `query:"year" doc:"of ratings, which need it: the year, to its last day or to as_of where that is earlier"`
	Children bool   `query:"children" doc:"also each organisation directly below"`
}

type periodFormInput struct {
	Organisation string `query:"organisation" maxLength:"80" doc:"id of the organisation whose subtree is meant; the whole ledger if not given"`
	From         string `query:"from" required:"true" maxLength:"10" doc:"day at whose end the period opens"`
	To           string `query:"to" required:"true" maxLength:"10" doc:"day at whose end the period closes"`
	Moment
	Delivered
	By       string `query:"by" maxLength:"100" doc:"only by these of its dimensions, with commas between"`
	Children bool   `query:"children" doc:"also each organisation directly below"`
}

// registerForms registers the statistical forms.
func (s *Server) registerForms(api huma.API, small string) {
	summaries := map[string]string{
		"structure": "What the membership is made of", "ratings": "How members and grassroots organisations were rated", "villages": "Villages by their cells and members",
		"admissions": "Who was admitted in a period", "discipline": "Measures of discipline in a period", "confirmations": "Confirmations done and due", "badges": "Badges awarded in a period",
	}
	op := func(name string) huma.Operation {
		return operation("report-"+name, http.MethodGet, "/reports/"+name, summaries[name], "As `rollbook report "+name+"`."+small)
	}
	ofDay, ofPeriod := service.Forms()
	for _, name := range ofDay {
		reported[service.Form](s, api, op(name), func(ctx context.Context, in *formInput) (service.Report, error) {
			q, err := s.question(ctx, in.Asked)
			if err != nil {
				return service.Report{}, err
			}
			by, err := service.FormDimensions(name, in.By)
			if err != nil {
				return service.Report{}, err
			}
			return s.options.Service.FormReport(ctx, name, service.FormQuestion{Question: q, Year: in.Year, By: by, Children: in.Children})
		})
	}
	for _, name := range ofPeriod {
		reported[service.Form](s, api, op(name), func(ctx context.Context, in *periodFormInput) (service.Report, error) {
			q, from, err := s.period(ctx, in.Organisation, in.From, in.To, in.Moment)
			if err != nil {
				return service.Report{}, err
			}
			by, err := service.FormDimensions(name, in.By)
			if err != nil {
				return service.Report{}, err
			}
			return s.options.Service.FormReport(ctx, name, service.FormQuestion{Question: q, From: from, By: by, Children: in.Children})
		})
	}
}

// form describes service.Form, of which each row has the figures of the form.
type form struct {
	Report       string            `json:"report"`
	Organisation *string           `json:"organisation"`
	Year         int               `json:"year,omitempty"`
	AsOf         string            `json:"as_of,omitempty" format:"date"`
	From         string            `json:"from,omitempty" format:"date"`
	To           string            `json:"to,omitempty" format:"date"`
	By           []string          `json:"by"`
	Rows         []formRow         `json:"rows"`
	Closed       *int              `json:"closed" doc:"those whose birth, education and occupation are sealed and could not be opened; null when withheld"`
	Withheld     *service.Withheld `json:"withheld,omitempty"`
	projections.Standing
}

// formRow describes projections.FormRow.
type formRow struct{}

// Schema implements [huma.SchemaProvider].
func (formRow) Schema(r huma.Registry) *huma.Schema {
	number := &huma.Schema{Type: huma.TypeInteger, Nullable: true, Description: "null when it is withheld"}
	return &huma.Schema{
		Type: huma.TypeObject, Required: []string{"organisation", "name"},
		Properties: map[string]*huma.Schema{
			"organisation": {Type: huma.TypeString, Nullable: true}, "name": r.Schema(reflect.TypeFor[string](), true, ""), "itself": {Type: huma.TypeBoolean},
		},
		AdditionalProperties: &huma.Schema{OneOf: []*huma.Schema{number, {Type: huma.TypeObject, AdditionalProperties: number}}},
	}
}
