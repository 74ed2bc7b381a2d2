package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"path"
	"reflect"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"rollbook/projections"
	"rollbook/web/access"
	"rollbook/web/service"
)

const apiPrefix = "/api/v1"

// api serves the interface for programs, and what describes it.
func (s *Server) api(mux *http.ServeMux) {
	own := http.NewServeMux()
	api := s.describe(own)
	document, err := documentOf(api)
	if err != nil {
		panic(err) // it is made of the types above: TestOpenAPI sees it
	}
	mux.Handle("/api/", underscored(s.signedIn(noted(own))))
	own.HandleFunc("/", s.nothing)
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "max-age=300")
		_, _ = w.Write(document) // who went away needs no answer
	})
}

// signedIn keeps strangers out of the whole interface, so that what is not there
// answers them like what is.
func (s *Server) signedIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := access.VisitorFrom(r.Context()); !ok {
			s.tell(w, r, access.ErrStranger)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// Document returns the description of the interface, which is committed as
// openapi.json.
func Document() ([]byte, error) {
	s := &Server{}
	return documentOf(s.describe(http.NewServeMux()))
}

func documentOf(api huma.API) ([]byte, error) {
	b, err := json.Marshal(api.OpenAPI())
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = json.Indent(&out, b, "", "  ")
	out.WriteByte('\n')
	return out.Bytes(), err
}

// ours makes the library's errors ours. It has one place for that in the whole
// process.
var ours = sync.OnceFunc(func() {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return protocolProblem(status, message, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		p := ProblemOf(protocolProblem(status, message, errs), "en")
		if ctx != nil {
			p = ProblemOf(p, languageFrom(ctx.Context()))
			p.Request = requestFrom(ctx.Context())
		}
		return p
	}
})

// protocolProblem is what the library has found wrong with a request. It names the
// parameter and never repeats what stood in it.
func protocolProblem(status int, message string, errs []error) *Problem {
	p := problemf(status, "malformed", "", "the request cannot be read: %s", "không đọc được yêu cầu: %s", message)
	switch status {
	case http.StatusRequestEntityTooLarge:
		p = problemf(status, "too_large", "", "the body is larger than this takes", "nội dung gửi lên lớn hơn mức cho phép")
	case http.StatusRequestTimeout:
		p = problemf(status, "too_slow", "", "the body came too slowly", "nội dung gửi lên quá chậm")
	case http.StatusUnprocessableEntity:
		p = problemf(status, "bad_value", "", "is not a value that this takes; see /openapi.json", "không phải giá trị hợp lệ; xem /openapi.json")
	}
	for _, err := range errs {
		var detail huma.ErrorDetailer
		if !errors.As(err, &detail) {
			continue
		}
		d := detail.ErrorDetail()
		_, p.Field, _ = strings.Cut(d.Location, ".")
		switch {
		case strings.HasPrefix(d.Message, "required "):
			p.Code, p.Messages = "missing_field", Messages{"is missing", "còn thiếu"}
		case d.Message == "unknown query parameter":
			p.Code, p.Messages = "unknown_field", Messages{"is no parameter of this; see /openapi.json", "không phải tham số; xem /openapi.json"}
		}
		return p
	}
	return p
}

// describe registers every operation with a mux.
func (s *Server) describe(mux *http.ServeMux) huma.API {
	ours()
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	for t, alias := range map[reflect.Type]reflect.Type{
		reflect.TypeFor[projections.HeadcountRow]():  reflect.TypeFor[headcountRow](),
		reflect.TypeFor[projections.ExplainedCell](): reflect.TypeFor[explainedCell](),
		reflect.TypeFor[projections.Indicator]():     reflect.TypeFor[indicator](),
		reflect.TypeFor[service.Form]():              reflect.TypeFor[form](),
		reflect.TypeFor[projections.FormRow]():       reflect.TypeFor[formRow](),
	} {
		registry.RegisterTypeAlias(t, alias)
	}
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Rollbook", Version: "1",
				Description: "A membership ledger: facts go in as events, and every figure is for the end of a day, as known at a sequence. " +
					"Errors are problem documents (RFC 9457) with a stable code; titles follow Accept-Language (vi, en). See docs/http.md.",
			},
			Components: &huma.Components{
				Schemas:         registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}, "session": {Type: "apiKey", In: "cookie", Name: "__Host-rollbook"}},
			},
			Security: []map[string][]string{{"token": {}}, {"session": {}}},
		},
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json", RejectUnknownQueryParameters: true,
	}
	api := humago.New(mux, config)
	s.registerRecording(api)
	s.registerReports(api)
	s.registerAudit(api)
	s.registerAccess(api)
	s.registerCommands(api)
	nullable(registry)
	return api
}

// nullable says of the fields that may be null and are objects that they may be
// null, which the library says only of others.
func nullable(registry huma.Registry) {
	for name, schema := range registry.Map() {
		t := registry.TypeFromRef("#/components/schemas/" + name)
		for t != nil && t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t == nil || t.Kind() != reflect.Struct {
			continue
		}
		for _, f := range reflect.VisibleFields(t) {
			field, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			p := schema.Properties[field]
			if f.Type.Kind() == reflect.Pointer && !strings.Contains(options, "omitempty") && p != nil && p.Ref != "" {
				schema.Properties[field] = &huma.Schema{Description: p.Description, OneOf: []*huma.Schema{{Ref: p.Ref}, {Type: "null"}}}
			}
		}
	}
}

// schemaName names a schema as its type is named, with its package unless that is
// this one: several have a Problem.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	name := huma.DefaultSchemaNamer(t, hint)
	name = strings.ToUpper(name[:1]) + name[1:]
	if from := path.Base(t.PkgPath()); t.Name() != "" && from != "web" && from != "." {
		name = strings.ToUpper(from[:1]) + from[1:] + name
	}
	return name
}

// operation is one of the interface, with its right.
func operation(id, method, route, summary, description string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: apiPrefix + route, Summary: summary, Description: description,
		Errors:       []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
		Extensions:   map[string]any{"x-right": rights[id]},
		MaxBodyBytes: maxBody,
	}
}

// register registers an operation whose errors are problems.
func register[I, O any](s *Server, api huma.API, op huma.Operation, answer func(context.Context, *I) (*O, error)) {
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := answer(ctx, in)
		if err != nil {
			p := s.problem(ctx, err)
			return nil, huma.ErrorWithHeaders(p, p.headers())
		}
		return out, nil
	})
}

// answered is a body, in the words of the library.
type answered[T any] struct{ Body T }

// document wraps what is answered.
func document[T any](v T, err error) (*answered[T], error) {
	if err != nil {
		return nil, err
	}
	return &answered[T]{v}, nil
}

// headcountRow describes projections.HeadcountRow.
type headcountRow struct{}

// Schema implements [huma.SchemaProvider].
func (headcountRow) Schema(r huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Properties: map[string]*huma.Schema{"members": r.Schema(reflect.TypeFor[int](), true, "")}, Required: []string{"members"}}
	for _, d := range projections.Dimensions() {
		s.Properties[string(d)] = &huma.Schema{Type: huma.TypeString}
	}
	return s
}

// explainedCell describes projections.ExplainedCell.
type explainedCell struct{}

// Schema implements [huma.SchemaProvider].
func (explainedCell) Schema(r huma.Registry) *huma.Schema {
	n := func() *huma.Schema { return &huma.Schema{Type: huma.TypeInteger, Format: "int64"} }
	s := &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"from", "to", "change", "parts"},
		Properties: map[string]*huma.Schema{"from": n(), "to": n(), "change": n(), "parts": r.Schema(reflect.TypeFor[[]projections.Part](), true, "Part")},
	}
	for _, d := range projections.Dimensions() {
		s.Properties[string(d)] = &huma.Schema{Type: huma.TypeString}
	}
	return s
}

// indicator describes projections.Indicator.
type indicator struct {
	Numerator   *int     `json:"numerator,omitempty"`
	Denominator *int     `json:"denominator,omitempty"`
	Value       *float64 `json:"value" doc:"the count, or numerator / denominator rounded to 6 decimals; null when there is nothing to divide by"`
}
