package web

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// traced begins the span of a request, in the trace that its sender has begun if
// there is one. Only the trace's own headers are read: baggage may hold anything.
//
// Attributes are those of OpenTelemetry's conventions for HTTP that name nobody:
// no address, no path, no query, no account.
func (s *Server) traced(ctx context.Context, r *http.Request) (context.Context, trace.Span) {
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
	switch path := r.URL.Path; {
	case path == "/healthz", path == "/readyz", path == "/metrics", strings.HasPrefix(path, "/static/"):
		return ctx, trace.SpanFromContext(ctx) // they would hide the others
	}
	return s.tracer.Start(ctx, knownMethod(r.Method), trace.WithSpanKind(trace.SpanKindServer))
}

// endTrace ends the span of a request, when its route is known.
func endTrace(span trace.Span, method string, way *route, status int) {
	if !span.IsRecording() {
		return
	}
	span.SetName(knownMethod(method) + " " + way.String())
	span.SetAttributes(attribute.String("http.request.method", knownMethod(method)), attribute.String("http.route", way.String()),
		attribute.Int("http.response.status_code", status))
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}
