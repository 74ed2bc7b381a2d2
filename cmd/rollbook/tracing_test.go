package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collected are the names of the spans of a trace that a collector was sent, and
// the names of what sent them.
type collected struct {
	*httptest.Server
	mu       sync.Mutex
	spans    map[string]bool // trace id and name
	services map[string]bool
}

func collect(t *testing.T) *collected {
	t.Helper()
	c := &collected{spans: map[string]bool{}, services: map[string]bool{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var sent collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &sent)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("the collector is sent %s: %v", r.URL.Path, err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, of := range sent.GetResourceSpans() {
			for _, a := range of.GetResource().GetAttributes() {
				if a.GetKey() == "service.name" {
					c.services[a.GetValue().GetStringValue()] = true
				}
			}
			for _, scope := range of.GetScopeSpans() {
				for _, s := range scope.GetSpans() {
					id, _ := json.Marshal(s.GetTraceId())
					c.spans[string(id)+s.GetName()] = true
				}
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func TestTracesGoWhereTheEnvironmentSays(t *testing.T) {
	c := collect(t)
	t.Setenv(otelEndpoint, c.URL)
	t.Setenv("OTEL_SERVICE_NAME", "rollbook-of-a-test")
	var log bytes.Buffer
	s := serveLogged(t, shortDir(t), &log, "--verbose")
	line, err := os.ReadFile("testdata/office.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := bytes.Cut(line, []byte("\n"))
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	for _, r := range []struct{ method, path, body string }{
		{http.MethodPost, "/api/v1/events", string(first)}, {http.MethodGet, "/api/v1/reports/headcount?as_of=2022-12-31", ""},
	} {
		request, err := http.NewRequestWithContext(t.Context(), r.method, "http://socket"+r.path, strings.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Traceparent", "00-"+trace+"-00f067aa0ba902b7-01")
		answer, err := s.owner.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode/100 != 2 {
			t.Errorf("%s %s = %d", r.method, r.path, answer.StatusCode)
		}
	}
	if exit := s.end(); exit != exitDone {
		t.Errorf("serve ended with %d: %s", exit, log.String())
	}
	id, _ := json.Marshal([]byte{0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36})
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, span := range []string{"POST /api/v1/events", "record", "decide", "append", "project", "GET /api/v1/reports/headcount"} {
		if !c.spans[string(id)+span] {
			t.Errorf("the collector was not sent %q of the trace; it has %v", span, c.spans)
		}
	}
	if !c.services["rollbook-of-a-test"] {
		t.Errorf("the service is called %v", c.services)
	}
	found := false
	for text := range strings.Lines(log.String()) {
		var said struct {
			Msg, Route string
			TraceID    string `json:"trace_id"`
			SpanID     string `json:"span_id"`
		}
		if err := json.Unmarshal([]byte(text), &said); err != nil {
			t.Errorf("the log has %s: %v", text, err)
		}
		found = found || said.Msg == "request" && said.Route == "/api/v1/events" && said.TraceID == trace && said.SpanID != ""
	}
	if !found {
		t.Errorf("no line of the log says that the request was of the trace:\n%s", log.String())
	}
}

func TestVariablesOfTracesThatAreWrong(t *testing.T) {
	for _, name := range []string{otelEndpoint, otelTracesEndpoint, otelProtocol, otelTracesProtocol, otelExporter, otelDisabled} {
		t.Setenv(name, "")
	}
	for _, tt := range []struct {
		name string
		env  map[string]string
		want string // "" for a service that begins
	}{
		{"no address", map[string]string{otelEndpoint: "s3cret@collector"}, otelEndpoint},
		{"no address for traces", map[string]string{otelTracesEndpoint: "grpc://u:s3cret@collector:4317"}, otelTracesEndpoint},
		{"another protocol", map[string]string{otelEndpoint: "http://127.0.0.1:4317", otelProtocol: "grpc"}, otelProtocol},
		{"another exporter", map[string]string{otelEndpoint: "http://127.0.0.1:4318", otelExporter: "zipkin"}, otelExporter},
		{"switched off", map[string]string{otelEndpoint: "wrong", otelDisabled: "true"}, ""},
		{"sent nowhere", map[string]string{otelEndpoint: "wrong", otelExporter: "none"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			dir := shortDir(t)
			if tt.want == "" {
				serveDirectory(t, dir)
				return
			}
			a := rollbook(t, nil, "--data", dir, "serve", "--listen", "127.0.0.1:0")
			if a.exit != exitUsage || !strings.Contains(a.stderr, tt.want) || strings.Contains(a.stderr, "s3cret") {
				t.Errorf("serve: exit %d, %s; want %d and %s", a.exit, a.stderr, exitUsage, tt.want)
			}
			if _, err := os.Stat(dir); err == nil {
				t.Error("something was made")
			}
		})
	}
}
