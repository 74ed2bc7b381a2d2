package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.opentelemetry.io/otel/trace"

	"rollbook/ledger"
	"rollbook/web"
	"rollbook/web/access"
	"rollbook/web/service"
)

// office is a service over a small ledger: the district d, in it the communes a and b,
// and in a the cell a1; in each a member m-<organisation> and a village
// v-<organisation>.
type office struct {
	t       testing.TB
	ledger  *ledger.Ledger
	rights  *access.Access
	server  *web.Server
	schemas *jsonschema.Compiler

	compiling sync.Mutex
	routes    map[string]map[string]any // of openapi.json
}

// now is when everything in these tests happens.
var now = time.Date(2024, 3, 15, 9, 0, 0, 0, time.UTC)

func event(typ, subject, on, data string) string {
	return fmt.Sprintf(`{"type":%q,"subject":%q,"effectiveon":%q,"data":%s}`, typ, subject, on, data)
}

// canary is in every personal field.
const canary = "Kanari"

func officeLines() (lines []string) {
	for _, o := range []struct{ id, kind, parent string }{{"d", "district_committee", "null"}, {"a", "grassroots_committee", `"d"`}, {"b", "grassroots_committee", `"d"`}, {"a1", "cell", `"a"`}} {
		lines = append(lines, event("organisation.established", "organisation/"+o.id, "1990-01-01", fmt.Sprintf(`{"name":"Tổ chức %s","kind":%q,"parent":%s}`, o.id, o.kind, o.parent)),
			event("village.registered", "village/v-"+o.id, "1990-01-01", fmt.Sprintf(`{"name":"Bản %s","commune":%q}`, o.id, o.id)),
			event("member.brought_forward", "member/m-"+o.id, "2020-01-01", fmt.Sprintf(`{"person":{"full_name":"Vàng A %s","birth_date":"1980-01-01","gender":"male","ethnicity":"03","religion":"00"},"organisation":%q,"status":"official","admitted_on":"2010-05-19","confirmed_on":"2011-05-19"}`, canary, o.id)))
	}
	return lines
}

func open(t testing.TB) *office {
	t.Helper()
	return openTraced(t, nil, nil)
}

// openTraced is open with somebody who listens to traces and log lines.
func openTraced(t testing.TB, traces trace.TracerProvider, logger *slog.Logger) *office {
	t.Helper()
	dir := t.TempDir()
	l, err := ledger.Open(t.Context(), dir, ledger.Options{Create: true, Name: "office", Traces: traces, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return now }
	rights, err := access.Open(t.Context(), access.Config{Dir: dir, Places: service.Places{Ledger: l, Clock: clock}, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rights.Close(); err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	r, err := l.Import(t.Context(), []ledger.File{{Name: "office.ndjson", Reader: strings.NewReader(strings.Join(officeLines(), "\n"))}}, ledger.ImportOptions{Language: "en"})
	if err != nil || r.Rejected > 0 {
		t.Fatalf("Import: %+v, %v", r, err)
	}
	if _, err := l.Sign(t.Context()); err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, ledger: l, rights: rights, schemas: jsonschema.NewCompiler()}
	o.server = web.New(web.Options{Service: &service.Service{Ledger: l, Access: rights, Clock: clock}, Metrics: l.Registry(), Traces: traces, Logger: logger})
	text, err := web.Document()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := o.schemas.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	var described struct{ Paths map[string]map[string]any }
	if err := json.Unmarshal(text, &described); err != nil {
		t.Fatal(err)
	}
	o.routes = described.Paths
	return o
}

// account makes an account with grants and returns a token of it.
func (o *office) account(grants ...access.Grant) (token string) {
	o.t.Helper()
	ctx := context.Background()
	a, err := o.rights.Add(ctx, "Somebody", "en")
	if err != nil {
		o.t.Fatal(err)
	}
	for _, g := range grants {
		if err := o.rights.Grant(ctx, a.ID, g); err != nil {
			o.t.Fatal(err)
		}
	}
	token, _, err = o.rights.NewToken(ctx, a.ID, "test", nil, time.Hour)
	if err != nil {
		o.t.Fatal(err)
	}
	return token
}

// answer is what a request was answered.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) problem(t testing.TB) (p web.Problem) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Errorf("%d is no problem document: %v: %s", a.status, err, a.body)
	}
	return p
}

// ask sends a request with a token ("" for a stranger) and headers as name, value.
func (o *office) ask(token, method, target, body string, headers ...string) answer {
	o.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(o.t.Context(), method, target, reader)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	o.server.Handler().ServeHTTP(w, r)
	a := answer{w.Code, w.Header(), w.Body.String()}
	o.conforms(method, r.URL, a)
	return a
}

// conforms fails unless an answer is as openapi.json has it.
func (o *office) conforms(method string, u *url.URL, a answer) {
	o.t.Helper()
	if !strings.HasPrefix(u.Path, "/api/v1/") {
		return
	}
	for path, methods := range o.routes {
		if !fits(path, u.Path) || methods[strings.ToLower(method)] == nil {
			continue
		}
		kind, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
		escape := strings.NewReplacer("~", "~0", "/", "~1")
		pointer := fmt.Sprintf("openapi.json#/paths/%s/%s/responses/%d", escape.Replace(path), strings.ToLower(method), a.status)
		if a.status == http.StatusNoContent {
			return
		}
		if !strings.HasSuffix(kind, "json") || kind == "application/x-ndjson" {
			if content, _ := responsesOf(methods[strings.ToLower(method)], a.status)["content"].(map[string]any); content[kind] == nil {
				o.t.Errorf("%s %s is answered %d as %q, which openapi.json does not have", method, u.Path, a.status, kind)
			}
			return
		}
		o.compiling.Lock() // the compiler is for one at a time
		schema, err := o.schemas.Compile(pointer + "/content/" + escape.Replace(kind) + "/schema")
		o.compiling.Unlock()
		if err != nil {
			o.t.Errorf("%s %s is answered %d as %q, which openapi.json does not have: %v", method, u.Path, a.status, kind, err)
			return
		}
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(a.body))
		if err == nil {
			err = schema.Validate(v)
		}
		if err != nil {
			o.t.Errorf("%s %s is answered %d with what openapi.json does not have: %v\n%s", method, u, a.status, err, a.body)
		}
		return
	}
	if a.status != http.StatusNotFound && a.status != http.StatusUnauthorized && a.status != http.StatusMethodNotAllowed {
		o.t.Errorf("%s %s is not in openapi.json and is answered %d", method, u.Path, a.status)
	}
}

// responsesOf returns what an operation of openapi.json has of a status.
func responsesOf(operation any, status int) map[string]any {
	described, _ := operation.(map[string]any)
	responses, _ := described["responses"].(map[string]any)
	of, _ := responses[strconv.Itoa(status)].(map[string]any)
	return of
}

// fits reports whether a path is one of a template.
func fits(template, path string) bool {
	t, p := strings.Split(template, "/"), strings.Split(path, "/")
	if len(t) != len(p) {
		return false
	}
	for i := range t {
		if t[i] != p[i] && !strings.HasPrefix(t[i], "{") {
			return false
		}
	}
	return true
}
