package main

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// The variables of OpenTelemetry that this program looks at itself; its libraries
// read the others, such as OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME and
// OTEL_EXPORTER_OTLP_HEADERS.
const (
	otelDisabled       = "OTEL_SDK_DISABLED"
	otelExporter       = "OTEL_TRACES_EXPORTER"
	otelEndpoint       = "OTEL_EXPORTER_OTLP_ENDPOINT"
	otelTracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	otelProtocol       = "OTEL_EXPORTER_OTLP_PROTOCOL"
	otelTracesProtocol = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
)

// endTraces is how long the last traces may take at the end.
const endTraces = 5 * time.Second

// traced calls do with what takes traces and sends them where the environment says,
// and with nil if it says nowhere.
func (a *app) traced(ctx context.Context, do func(trace.TracerProvider) error) error {
	on, err := a.traces()
	if err != nil || !on {
		if err == nil {
			err = do(nil)
		}
		return err
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return usage("traces cannot be sent: %v; correct the variables OTEL_EXPORTER_OTLP_*", "không gửi được vết: %v; hãy sửa các biến OTEL_EXPORTER_OTLP_*", err)
	}
	about, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "rollbook"), attribute.String("service.version", readVersion().Version)), resource.WithFromEnv())
	if err != nil {
		return usage("OTEL_RESOURCE_ATTRIBUTES cannot be read: %v; write it as NAME=VALUE,NAME=VALUE", "không đọc được OTEL_RESOURCE_ATTRIBUTES: %v; hãy viết TÊN=GIÁ TRỊ,TÊN=GIÁ TRỊ", err)
	}
	otel.SetLogger(logr.FromSlogHandler(a.logger.Handler()))
	otel.SetErrorHandler(&seldom{logger: a.logger, now: a.now})
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	err = do(provider)
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTraces)
	defer cancel()
	if lost := provider.Shutdown(ending); lost != nil { // what was done is done
		a.logger.WarnContext(ctx, "the last traces were not sent", slog.Any("error", lost))
	}
	return err
}

// traces reports whether the environment asks for traces.
func (a *app) traces() (on bool, err error) {
	if strings.EqualFold(a.env(otelDisabled), "true") || a.env(otelExporter) == "none" {
		return false, nil
	}
	for _, name := range []string{otelEndpoint, otelTracesEndpoint} {
		value := a.env(name)
		if value == "" {
			continue
		}
		if u, err := url.Parse(value); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" { // not shown: it may hold a password
			return false, usage("%s is not an address such as http://127.0.0.1:4318", "%s không phải địa chỉ như http://127.0.0.1:4318", name)
		}
		on = true
	}
	if !on {
		return false, nil
	}
	if exporter := a.env(otelExporter); exporter != "" && exporter != "otlp" {
		return false, usage("%s is otlp or none, not %q", "%s là otlp hoặc none, không phải %q", otelExporter, show(exporter))
	}
	for _, name := range []string{otelProtocol, otelTracesProtocol} {
		if protocol := a.env(name); protocol != "" && protocol != "http/protobuf" {
			return false, usage("%s is http/protobuf, not %q: traces are sent over HTTP, which collectors take at port 4318", "%s là http/protobuf, không phải %q: vết được gửi qua HTTP, cổng 4318 của bộ thu", name, show(protocol))
		}
	}
	return true, nil
}

// seldom logs that traces cannot be sent, once a minute at most: a collector that
// is away is tried every few seconds.
type seldom struct {
	logger *slog.Logger
	now    func() time.Time

	mu   sync.Mutex
	last time.Time
}

// Handle implements [otel.ErrorHandler].
func (s *seldom) Handle(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.now(); now.Sub(s.last) >= time.Minute {
		s.last = now
		s.logger.Warn("traces are not sent", slog.Any("error", err))
	}
}

// tracedHandler adds to each line which trace it belongs to.
type tracedHandler struct{ slog.Handler }

// Handle implements [slog.Handler].
func (h tracedHandler) Handle(ctx context.Context, r slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r = r.Clone()
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements [slog.Handler].
func (h tracedHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return tracedHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (h tracedHandler) WithGroup(name string) slog.Handler {
	return tracedHandler{h.Handler.WithGroup(name)}
}
