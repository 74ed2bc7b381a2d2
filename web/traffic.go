package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// traffic counts requests. A route is the pattern that a request has met, never
// its path: an id in that says who was looked at.
type traffic struct {
	requests *prometheus.CounterVec   // route, method, code
	seconds  *prometheus.HistogramVec // route
	flying   prometheus.Gauge
	refused  *prometheus.CounterVec // code
}

// refusing are the statuses of requests that were not begun, and should be sent again later.
var refusing = []int{http.StatusTooManyRequests, http.StatusServiceUnavailable}

func newTraffic() *traffic {
	t := &traffic{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rollbook_http_requests_total", Help: "Requests that were answered, by route, method and class of the status.",
		}, []string{"route", "method", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rollbook_http_request_duration_seconds", Help: "From a request to the end of its answer, streams aside.",
			Buckets: []float64{.005, .025, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"route"}),
		flying: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "rollbook_http_in_flight", Help: "Requests that are under way, streams included.",
		}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rollbook_http_refused_total", Help: "Requests that were to come again later: 429 for too many tries, 503 for too many requests or a log that takes nothing; /readyz aside.",
		}, []string{"code"}),
	}
	for _, status := range refusing {
		t.refused.WithLabelValues(strconv.Itoa(status))
	}
	return t
}

func (t *traffic) collectors() []prometheus.Collector {
	return []prometheus.Collector{t.requests, t.seconds, t.flying, t.refused}
}

// begin counts a request, and the function that it returns its end.
func (t *traffic) begin(method string) (end func(*route, *counted) time.Duration) {
	t.flying.Inc()
	began := time.Now()
	return func(way *route, out *counted) time.Duration {
		took := time.Since(began)
		t.flying.Dec()
		status, path := out.code(), way.String()
		t.requests.WithLabelValues(path, knownMethod(method), strconv.Itoa(status/100)+"xx").Inc()
		if out.Header().Get("Content-Type") != eventStream {
			t.seconds.WithLabelValues(path).Observe(took.Seconds())
		}
		if slices.Contains(refusing, status) && path != "/readyz" {
			t.refuse(status)
		}
		return took
	}
}

// refuse counts a request that was to come again later.
func (t *traffic) refuse(status int) { t.refused.WithLabelValues(strconv.Itoa(status)).Inc() }

// knownMethod keeps what strangers make up out of the labels.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// route is the way that a request takes. Nobody knows it before it has been taken,
// so the context has a place for it.
type route struct{ pattern string }

type routeKey struct{}

// nowhere is the route of a request that was answered before it came to one.
const nowhere = "none"

// String returns the path of the pattern: "/members/{id}".
func (r *route) String() string {
	if r.pattern == "" {
		return nowhere
	}
	return r.pattern[strings.IndexByte(r.pattern, '/'):]
}

// noted notes the pattern that a request meets in a mux, or in one behind it that
// gets the same request.
func noted(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if way, ok := r.Context().Value(routeKey{}).(*route); ok && way.pattern == "" {
				way.pattern = r.Pattern
			}
		}()
		mux.ServeHTTP(w, r)
	})
}
