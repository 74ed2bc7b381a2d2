package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"rollbook/web/access"
)

// drawn is a trace as a tree: each span with what is in it, in the order of time.
func drawn(spans tracetest.SpanStubs, of trace.SpanID) string {
	var inside []string
	slices.SortStableFunc(spans, func(a, b tracetest.SpanStub) int { return a.StartTime.Compare(b.StartTime) })
	for _, s := range spans {
		if s.Parent.SpanID() == of {
			name := s.Name
			if below := drawn(spans, s.SpanContext.SpanID()); below != "" {
				name += "(" + below + ")"
			}
			inside = append(inside, name)
		}
	}
	return strings.Join(inside, " ")
}

func TestOneRequestIsOneTraceUpToTheReadModels(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	o := openTraced(t, sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter)), nil)
	token := o.account(access.Grant{Role: access.Clerk})
	if err := o.ledger.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	const (
		caller     = "4bf92f3577b34da6a3ce929d0e0e4736"
		callerSpan = "00f067aa0ba902b7"
	)
	above, _ := trace.SpanIDFromHex(callerSpan)
	traceparent := "00-" + caller + "-" + callerSpan + "-01"
	rating := func(grade string) string {
		return event("member.rated", "member/m-a", "2022-12-20", `{"year":2022,"grade":"`+grade+`"}`)
	}
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{
			"an event that is stored", http.MethodPost, "/api/v1/events", rating("good"), http.StatusCreated,
			"POST /api/v1/events(record(decide append(project)))",
		},
		{
			"the same again", http.MethodPost, "/api/v1/events", rating("good"), http.StatusOK,
			"POST /api/v1/events(record(decide))",
		},
		{
			"one that cannot be read", http.MethodPost, "/api/v1/events", rating("splendid"), http.StatusUnprocessableEntity,
			"POST /api/v1/events(record)",
		},
		{
			"a file", http.MethodPost, "/api/v1/imports", event("member.rated", "member/m-b", "2022-12-20", `{"year":2022,"grade":"good"}`), http.StatusOK,
			"POST /api/v1/imports(import(append(project)))",
		},
		{"a question", http.MethodGet, "/api/v1/members/m-a/history", "", http.StatusOK, "GET /api/v1/members/{id}/history"},
		{"whether it is well", http.MethodGet, "/healthz", "", http.StatusOK, ""},
	} {
		exporter.Reset()
		headers := []string{"Traceparent", traceparent, "Baggage", "name=" + canary}
		if strings.HasSuffix(tt.path, "imports") {
			headers = append(headers, "Content-Type", ndjson)
		}
		if a := o.ask(token, tt.method, tt.path, tt.body, headers...); a.status != tt.status {
			t.Errorf("%s: %d %s", tt.name, a.status, a.body)
		}
		if err := o.ledger.CatchUp(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		spans := exporter.GetSpans()
		if got := drawn(spans, above); got != tt.want {
			t.Errorf("%s: the trace is %q, want %q", tt.name, got, tt.want)
		}
		for _, s := range spans {
			if s.SpanContext.TraceID().String() != caller {
				t.Errorf("%s: the span %s is of another trace than the caller's", tt.name, s.Name)
			}
			said := fmt.Sprint(s.Name, s.Attributes, s.Events, s.Status, s.Resource)
			for _, secret := range []string{canary, "m-a", "m-b", token} {
				if strings.Contains(said, secret) {
					t.Errorf("%s: the span %s says %s: %s", tt.name, s.Name, secret, said)
				}
			}
			if s.Name == "append" && (len(s.Events) != 1 || s.Events[0].Name != "sent" || s.Events[0].Time.Before(s.StartTime) || s.Events[0].Time.After(s.EndTime)) {
				t.Errorf("%s: the append does not say when it was sent: %+v", tt.name, s.Events)
			}
		}
	}
}
