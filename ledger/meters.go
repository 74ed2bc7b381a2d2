package ledger

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"

	"rollbook/domain"
	"rollbook/eventstore"
)

// meters count what goes through a ledger while it is open. Their labels are words
// of this program, never of what is recorded.
type meters struct {
	appendSeconds prometheus.Histogram
	appendRecords prometheus.Counter
	appendsFlying prometheus.Gauge
	appendRefused *prometheus.CounterVec // code

	recorded      *prometheus.CounterVec // outcome
	recordRefused *prometheus.CounterVec // code

	importRows    *prometheus.CounterVec   // outcome
	importSeconds *prometheus.HistogramVec // mode
	importsFailed prometheus.Counter

	feed feedMeter
}

// refusals are the codes that an append is refused with: see codeOf. An event that
// is recorded may be refused with those of [domain.Code] besides.
var refusals = []string{"conflict", "stale", "invalid", "unavailable", "unknown_outcome", "no_keys", "ended", "other"}

// rejectionCodes are those that a rule says no with.
var rejectionCodes = []domain.Code{
	domain.Malformed, domain.UnknownType, domain.UnknownField, domain.MissingField, domain.BadValue, domain.UnknownEntity,
	domain.DuplicateID, domain.Invariant, domain.CharterRule, domain.Conflict, domain.Forbidden, domain.TooLarge,
}

// appendBuckets are in seconds: from one fsync of a good disk to what the log waits
// for an answer at most.
var appendBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

func newMeters() *meters {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "rollbook_" + name, Help: help})
	}
	counters := func(name, help, label string, values ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rollbook_" + name, Help: help}, []string{label})
		for _, value := range values { // the first of its kind is a step from 0, not from nothing
			v.WithLabelValues(value)
		}
		return v
	}
	m := &meters{
		appendSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "rollbook_append_duration_seconds", Buckets: appendBuckets,
			Help: "From the call of an append to its acknowledgement, of those that were acknowledged.",
		}),
		appendRecords: counter("append_records_total", "Records that this process has stored in the log."),
		appendsFlying: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "rollbook_append_in_flight", Help: "Appends that are not answered yet.",
		}),
		appendRefused: counters("append_refused_total", "Appends that were not acknowledged, by the reason.", "code", refusals...),
		recorded:      counters("record_events_total", "Events that were recorded one by one, by what came of them.", "outcome", "accepted", "unchanged", "refused"),
		recordRefused: counters("record_refused_total", "Events that were recorded one by one and refused, by the reason.", "code", refusals...),
		importRows:    counters("import_rows_total", "Lines and rows of imports that are over, by what came of them; dry runs aside.", "outcome", "accepted", "unchanged", "rejected", "skipped"),
		importSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rollbook_import_duration_seconds", Buckets: []float64{.01, .1, .5, 1, 5, 10, 30, 60, 300, 900, 3600},
			Help: "How long imports took.",
		}, []string{"mode"}),
		importsFailed: counter("import_failed_total", "Imports that did not come to their end."),
	}
	for _, code := range rejectionCodes {
		m.recordRefused.WithLabelValues(string(code))
	}
	for _, mode := range []string{"store", "dry_run"} {
		m.importSeconds.WithLabelValues(mode)
	}
	return m
}

func (m *meters) collectors() []prometheus.Collector {
	return []prometheus.Collector{
		m.appendSeconds, m.appendRecords, m.appendsFlying, m.appendRefused, m.recorded, m.recordRefused,
		m.importRows, m.importSeconds, m.importsFailed,
	}
}

// codeOf is why nothing was stored, in one of the words of refusals.
func codeOf(err error) string {
	if _, ok := errors.AsType[*eventstore.VersionError](err); ok {
		return "conflict"
	}
	if _, ok := errors.AsType[*StaleError](err); ok {
		return "stale"
	}
	switch {
	case errors.Is(err, eventstore.ErrInvalid):
		return "invalid"
	case errors.Is(err, eventstore.ErrUnknownOutcome):
		return "unknown_outcome"
	case errors.Is(err, eventstore.ErrUnavailable):
		return "unavailable"
	case errors.Is(err, ErrNoKeys):
		return "no_keys"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "ended"
	}
	return "other" // no right to it, or the log contradicts its tree
}

// append is the one way into the log: decisions, imports, what was of unknown fate
// and the member index go through it.
func (l *Ledger) append(ctx context.Context, writes ...eventstore.Write) (eventstore.Position, error) {
	m := l.meters
	m.appendsFlying.Inc()
	defer m.appendsFlying.Dec()
	ctx, span := l.tracing.begin(ctx, "append")
	began := time.Now()
	at, err := l.log.Append(ctx, writes...)
	if err != nil {
		m.appendRefused.WithLabelValues(codeOf(err)).Inc()
		endSpan(span, err)
		return at, err
	}
	m.appendSeconds.Observe(time.Since(began).Seconds())
	records := 0
	for _, w := range writes {
		records += len(w.Records)
	}
	m.appendRecords.Add(float64(records))
	l.tracing.noteStored(ctx, span, at)
	endSpan(span, nil, attribute.Int("rollbook.records", records), attribute.Int64("rollbook.position", int64(at)))
	return at, nil
}

// noteRecorded counts what came of recording one event.
func (m *meters) noteRecorded(out Outcome, err error) {
	if err == nil {
		m.recorded.WithLabelValues(out.Status).Inc()
		return
	}
	m.recorded.WithLabelValues("refused").Inc()
	code := codeOf(err)
	if r := asRejection(err); r != nil {
		code = string(r.Code)
	}
	m.recordRefused.WithLabelValues(code).Inc()
}

// noteImport counts what came of an import.
func (m *meters) noteImport(r ImportResult, err error, took time.Duration) {
	mode := "store"
	if r.DryRun {
		mode = "dry_run"
	}
	m.importSeconds.WithLabelValues(mode).Observe(took.Seconds())
	if err != nil {
		m.importsFailed.Inc()
	}
	if r.DryRun {
		return
	}
	for outcome, n := range map[string]int{"accepted": r.Accepted, "unchanged": r.Unchanged, "rejected": r.Rejected, "skipped": r.Skipped} {
		m.importRows.WithLabelValues(outcome).Add(float64(n))
	}
}

// feedMeter is what is known of the feed in this process.
type feedMeter struct {
	mu        sync.Mutex
	known     bool // the feed was seen
	kept      bool // this process keeps it up with the log
	up        bool // and does so now
	at        eventstore.Position
	published uint64
}

// keeps says whether the feed is kept up with the log, and whether that works.
func (f *feedMeter) keeps(up bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept, f.up = true, up
}

// isUp reports whether the feed is being kept up with the log.
func (f *feedMeter) isUp() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.up
}

// found says where the feed ends.
func (f *feedMeter) found(at eventstore.Position) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known, f.at = true, at
}

// reached says that the feed was published up to a position. What was there is
// not counted.
func (f *feedMeter) reached(at eventstore.Position) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at > f.at {
		f.published += uint64(at - f.at)
		f.at = at
	}
}
