package ledger_test

import (
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"rollbook/eventstore"
	"rollbook/ledger"
)

// The read models may have a record before its writer has the answer. The trace of
// the append is told all the same, and once.
func TestATraceReachesTheReadModelsWhoeverIsFaster(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	l, err := ledger.Open(t.Context(), t.TempDir(), ledger.Options{Create: true, Traces: sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	mustAccept(t, l, opening()...)
	log := &unreliable{}
	l.WrapLog(func(inner ledger.Log) ledger.Log { log.Log = inner; return log })
	for name, before := range map[string]bool{"before": true, "after": false} {
		if err := l.CatchUp(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		exporter.Reset()
		log.next = append(log.next, func(store func() (eventstore.Position, error)) (eventstore.Position, error) {
			at, err := store()
			if before && err == nil {
				err = l.CatchUp(t.Context(), nil)
			}
			return at, err
		})
		out, err := l.Record(t.Context(), []byte(newcomer(name, "2020-01-01")))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := l.CatchUp(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
		}
		var appends, projects tracetest.SpanStubs
		for _, s := range exporter.GetSpans() {
			switch s.Name {
			case "append":
				appends = append(appends, s)
			case "project":
				projects = append(projects, s)
			}
		}
		if len(appends) != 1 || len(projects) != 1 || projects[0].Parent.SpanID() != appends[0].SpanContext.SpanID() {
			t.Fatalf("the read models come %s the answer: %d appends, %d projections in the spans", name, len(appends), len(projects))
		}
		if projects[0].StartTime.IsZero() || projects[0].EndTime.Before(projects[0].StartTime) || before && projects[0].EndTime.After(appends[0].EndTime) {
			t.Errorf("the read models come %s the answer: the append took from %v to %v, the projection of %d from %v to %v",
				name, appends[0].StartTime, appends[0].EndTime, out.Sequence, projects[0].StartTime, projects[0].EndTime)
		}
	}
}
