package ledger

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"rollbook/eventstore"
)

// tracing follows a fact from the request that brings it to the read models:
//
//	record ─┬─ decide
//	        └─ append ── project
//
// An append ends with its acknowledgement. The read models take in a record later,
// and many together; nothing in the record says which trace it belongs to, because
// its bytes are what the log is proven by. So the span of an append is remembered
// with the position that it was given, and the catching up that comes past it adds
// a span to it.
//
// Attributes are words of this program, counts and positions, never ids of people
// or organisations.
type tracing struct {
	tracer trace.Tracer

	mu     sync.Mutex
	stored []storedTrace // and not in the read models, in about the order of the log
	taken  intake
}

// storedTrace is an append that is not in the read models.
type storedTrace struct {
	last eventstore.Position
	span trace.SpanContext
}

// intake is what the read models took in together.
type intake struct {
	to           eventstore.Position
	began, ended time.Time
}

// mostStoredTraces bounds how many appends are remembered until the read models
// have them. Beyond that the oldest are forgotten: their traces end with the append.
const mostStoredTraces = 4096

// newTracing returns what gives its spans to p; nil gives them to nobody.
func newTracing(p trace.TracerProvider) *tracing {
	if p == nil {
		p = noop.NewTracerProvider()
	}
	return &tracing{tracer: p.Tracer("rollbook/ledger")}
}

func (t *tracing) begin(ctx context.Context, name string) (context.Context, trace.Span) {
	return t.tracer.Start(ctx, name)
}

// endSpan ends a span with what came of it. Of an error only the code is told.
func endSpan(span trace.Span, err error, attributes ...attribute.KeyValue) {
	if err != nil {
		code := codeOf(err)
		if r := asRejection(err); r != nil {
			code = string(r.Code)
		}
		span.SetStatus(codes.Error, code)
		span.SetAttributes(attribute.String("rollbook.code", code))
	}
	span.SetAttributes(attributes...)
	span.End()
}

// noteStored remembers an append until the read models have it.
func (t *tracing) noteStored(ctx context.Context, span trace.Span, last eventstore.Position) {
	if !span.IsRecording() {
		return
	}
	s := storedTrace{last, span.SpanContext()}
	t.mu.Lock()
	before := t.taken
	if before.to < last {
		if len(t.stored) == mostStoredTraces {
			t.stored = t.stored[1:]
		}
		t.stored = append(t.stored, s)
	}
	t.mu.Unlock()
	if before.to >= last { // they were faster than the answer to the append
		t.project(ctx, s, before)
	}
}

// noteTaken tells each append that the read models have come to what it stored.
func (t *tracing) noteTaken(ctx context.Context, now intake) {
	t.mu.Lock()
	t.taken = now
	var done, waiting []storedTrace
	for _, s := range t.stored {
		if s.last <= now.to {
			done = append(done, s)
		} else {
			waiting = append(waiting, s)
		}
	}
	t.stored = waiting
	t.mu.Unlock()
	for _, s := range done {
		t.project(ctx, s, now)
	}
}

// project adds the span of a catching up to the trace of an append.
func (t *tracing) project(ctx context.Context, s storedTrace, by intake) {
	_, span := t.tracer.Start(trace.ContextWithSpanContext(ctx, s.span), "project", trace.WithTimestamp(by.began),
		trace.WithAttributes(attribute.Int64("rollbook.position", int64(by.to))))
	span.End(trace.WithTimestamp(by.ended))
}
