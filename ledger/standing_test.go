package ledger_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"rollbook/ledger"
)

// A question that names a position waits until the log has it, and is answered
// from read models that have it too.
func TestAQuestionWaitsForItsPosition(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	if err := l.Await(t.Context(), 5, 0); err != nil {
		t.Errorf("Await of what is there: %v", err)
	}
	if err := l.Await(t.Context(), 6, time.Millisecond); !errors.Is(err, ledger.ErrNotReached) {
		t.Errorf("Await of what does not come = %v, want %v", err, ledger.ErrNotReached)
	}
	waited := make(chan error, 1)
	go func() { waited <- l.Await(t.Context(), 7, time.Minute) }()
	for _, id := range []string{"w1", "w2"} {
		mustAccept(t, l, newcomer(id, "2020-01-01"))
	}
	if err := <-waited; err != nil {
		t.Fatalf("Await: %v", err)
	}
	models, _, err := l.Models(t.Context())
	if err != nil || models[0].Position < 7 {
		t.Errorf("after Await the models are %+v, %v", models, err)
	}
}

func TestMetricsSayWhereReadModelsStand(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(l.Metrics())
	server := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	defer server.Close()
	scrape := func() string {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		b, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if err := l.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`rollbook_projection_position{model="headcount"} 5`, `rollbook_projection_position{model="indicators"} 5`,
		"rollbook_projection_lag_events 0", "rollbook_projection_lag_seconds 0", "rollbook_projection_parked 0",
		"rollbook_projection_events_total 5", "rollbook_projection_up 1",
	} {
		if text := scrape(); !strings.Contains(text, want+"\n") {
			t.Errorf("%s is missing from\n%s", want, text)
		}
	}
	mustAccept(t, l, newcomer("later", "2020-01-01"))
	if text := scrape(); !strings.Contains(text, "rollbook_projection_lag_events 1\n") || strings.Contains(text, "rollbook_projection_lag_seconds 0\n") {
		t.Errorf("with one record behind:\n%s", text)
	}
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("the linter of metrics says %+v, %v", problems, err)
	}
}
