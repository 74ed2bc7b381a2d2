package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"rollbook/web/access"
)

// metrics returns what an operator sees at /metrics: a value for each series.
func (o *office) metrics(token string) map[string]float64 {
	o.t.Helper()
	a := o.ask(token, http.MethodGet, "/metrics", "")
	if a.status != http.StatusOK {
		o.t.Fatalf("GET /metrics: %d %s", a.status, a.body)
	}
	series := map[string]float64{}
	for line := range strings.Lines(a.body) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && !strings.HasPrefix(line, "#") {
			// A label may hold a space; a value does not.
			if i := strings.LastIndexByte(value, ' '); i >= 0 {
				name, value = name+" "+value[:i], value[i+1:]
			}
			v, err := strconv.ParseFloat(value, 64)
			if err != nil {
				o.t.Fatalf("%s: %v", line, err)
			}
			series[name] = v
		}
	}
	return series
}

// grown fails unless series have grown by so much between two looks.
func grown(t *testing.T, before, after, want map[string]float64) {
	t.Helper()
	for name, by := range want {
		if got := after[name] - before[name]; got != by {
			t.Errorf("%s has grown by %v, want %v", name, got, by)
		}
	}
}

func TestMetricsOfRequestsAndOfWhatTheyStore(t *testing.T) {
	o := open(t)
	clerk, operator := o.account(access.Grant{Role: access.Clerk}), o.account(access.Grant{Role: access.Operator})
	if a := o.ask(clerk, http.MethodGet, "/metrics", ""); a.status != http.StatusForbidden {
		t.Errorf("a clerk is shown metrics: %d", a.status)
	}
	before := o.metrics(operator)
	if n := before["rollbook_append_records_total"]; n < 12 {
		t.Errorf("the import of the office has stored %v records", n)
	}
	rated := event("member.rated", "member/m-a", "2022-12-20", `{"year":2022,"grade":"good"}`)
	for range 2 { // the second time it is unchanged
		o.ask(clerk, http.MethodPost, "/api/v1/events", rated)
	}
	o.ask(clerk, http.MethodPost, "/api/v1/events", event("member.rated", "member/m-a", "2022-12-20", `{"year":2022,"grade":"splendid"}`))
	o.ask(clerk, http.MethodPost, "/api/v1/imports", rated+"\n"+event("member.rated", "member/m-b", "2022-12-20", `{"year":2022,"grade":"good"}`)+"\n{}\n", "Content-Type", ndjson)
	o.ask(clerk, http.MethodPost, "/api/v1/imports?dry_run=true", rated, "Content-Type", ndjson)
	for _, member := range []string{"m-a", "m-b", "m-nobody"} {
		o.ask(clerk, http.MethodGet, "/api/v1/members/"+member+"/history", "")
	}
	o.ask("", http.MethodGet, "/no/such/page/m-a", "")
	o.ask(clerk, "SPLENDID", "/api/v1/events", "")
	after := o.metrics(operator)
	grown(t, before, after, map[string]float64{
		"rollbook_append_records_total":                                                              2,
		"rollbook_append_duration_seconds_count":                                                     2,
		"rollbook_append_batches_total":                                                              2,
		`rollbook_record_events_total{outcome="accepted"}`:                                           1,
		`rollbook_record_events_total{outcome="unchanged"}`:                                          1,
		`rollbook_record_events_total{outcome="refused"}`:                                            1,
		`rollbook_record_refused_total{code="bad_value"}`:                                            1,
		`rollbook_import_rows_total{outcome="accepted"}`:                                             1,
		`rollbook_import_rows_total{outcome="unchanged"}`:                                            1,
		`rollbook_import_rows_total{outcome="rejected"}`:                                             1,
		`rollbook_import_duration_seconds_count{mode="store"}`:                                       1,
		`rollbook_import_duration_seconds_count{mode="dry_run"}`:                                     1,
		`rollbook_http_requests_total{code="2xx",method="POST",route="/api/v1/events"}`:              2,
		`rollbook_http_requests_total{code="4xx",method="POST",route="/api/v1/events"}`:              1,
		`rollbook_http_requests_total{code="2xx",method="POST",route="/api/v1/imports"}`:             2,
		`rollbook_http_requests_total{code="2xx",method="GET",route="/api/v1/members/{id}/history"}`: 2,
		`rollbook_http_requests_total{code="4xx",method="GET",route="/api/v1/members/{id}/history"}`: 1,
		`rollbook_http_request_duration_seconds_count{route="/api/v1/members/{id}/history"}`:         3,
		`rollbook_http_requests_total{code="4xx",method="GET",route="/"}`:                            1,
		`rollbook_http_requests_total{code="4xx",method="other",route="/"}`:                          1,
	})
	if after["rollbook_http_in_flight"] != 1 || after["rollbook_append_in_flight"] != 0 || after["rollbook_append_waiting"] != 0 {
		t.Errorf("in flight: %v requests, %v appends; want this one and none", after["rollbook_http_in_flight"], after["rollbook_append_in_flight"])
	}
	for name := range after {
		if strings.Contains(name, "m-a") || strings.Contains(name, "office") || strings.Contains(name, "SPLENDID") {
			t.Errorf("%s says what was asked for", name)
		}
	}
}

func TestRequestsThatAreRefusedAreCounted(t *testing.T) {
	o := open(t)
	clerk, operator := o.account(access.Grant{Role: access.Clerk}), o.account(access.Grant{Role: access.Operator})
	var uploads sync.WaitGroup
	var bodies []*io.PipeWriter
	for range 8 { // as many as there are places for what takes long
		body, in := io.Pipe()
		bodies = append(bodies, in)
		uploads.Go(func() {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/imports", body)
			r.Header.Set("Authorization", "Bearer "+clerk)
			r.Header.Set("Content-Type", ndjson)
			o.server.Handler().ServeHTTP(httptest.NewRecorder(), r)
		})
		if _, err := io.WriteString(in, "{}\n"); err != nil { // until it is read, so its place is taken
			t.Fatal(err)
		}
	}
	before := o.metrics(operator)
	if a := o.ask(clerk, http.MethodPost, "/api/v1/imports", "{}\n", "Content-Type", ndjson); a.status != http.StatusServiceUnavailable {
		t.Errorf("one import too many: %d %s", a.status, a.body)
	}
	after := o.metrics(operator)
	grown(t, before, after, map[string]float64{
		`rollbook_http_refused_total{code="503"}`:                                        1,
		`rollbook_http_requests_total{code="5xx",method="POST",route="/api/v1/imports"}`: 1,
	})
	if after["rollbook_http_in_flight"] != 9 {
		t.Errorf("%v requests are under way, want eight uploads and this one", after["rollbook_http_in_flight"])
	}
	for _, in := range bodies {
		_ = in.Close()
	}
	uploads.Wait()
}
