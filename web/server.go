package web

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"rollbook/ledger"
	"rollbook/web/access"
	"rollbook/web/service"
)

// Options say what is served.
type Options struct {
	Service *service.Service
	// Pages serves what people see, everything that is not the API. It is called
	// with the visitor in the context, if there is one. Nil serves no pages.
	Pages http.Handler
	// Metrics is what /metrics shows, to programs on this machine and to operators;
	// what is counted of requests is registered there. Nil leaves it out.
	Metrics *prometheus.Registry
	// Traces gets a span of each request but those that only look after the service.
	// Who asks may bring a trace along (W3C Trace Context). Nil leaves it.
	Traces trace.TracerProvider
	// URL is where people reach the service, if a proxy in front of it speaks TLS:
	// https://rollbook.example. What the proxy says of where requests come from is
	// believed if it runs on this machine.
	URL string
	// Secure is true when people reach the service by TLS, its own or a proxy's.
	Secure bool
	// Commands does a command that a visitor has sent, and returns its exit code. Nil does
	// none.
	Commands func(context.Context, Command) (exit int)
	// Ready is closed once the read models have come up to the log. Until then only health
	// and metrics are answered, and /readyz says how far they are. Nil: they have.
	Ready <-chan struct{}
	// Limits bound what is under way.
	Limits Limits
	// Version is that of the program.
	Version string
	// Roles are the parts of the work that this instance does. Without [ledger.RoleAPI]
	// it answers how it does, and nothing else.
	Roles ledger.Roles
	// Logger gets what the operator should know. Nil discards it.
	Logger *slog.Logger
}

// Server serves a ledger.
type Server struct {
	options Options
	logger  *slog.Logger
	handler http.Handler
	traffic *traffic
	tracer  trace.Tracer

	// closing ends when the server does, before requests are waited for: streams
	// that would go on for ever end with it.
	closing context.Context //nolint:containedctx // of all streams
	close   context.CancelFunc

	places      chan struct{} // requests that may be under way
	heavyPlaces chan struct{} // imports, exports and verifications among them
	streams     chan struct{} // and those that stay open

	mu   sync.Mutex
	open map[string]int // streams by account
}

// Limits bound what is under way. Zero values are those of a service.
type Limits struct {
	// Header is how long a client may take to send the head of a request: 5 seconds.
	Header time.Duration
	// Request is how long it may take to send a body, and then as long to take an answer:
	// 30 seconds. A stream and an upload set their own.
	Request time.Duration
	// Take is how long a reader may leave untaken what an export, a stream or a command
	// has written: 30 seconds.
	Take time.Duration
	// Heartbeat is how often a stream says that it lives: every 15 seconds.
	Heartbeat time.Duration
	// AtOnce is how many requests may be under way: 256; Heavy how many imports, exports
	// and verifications among them: 8; Streams how many streams beside them: 128, and
	// StreamsEach how many of these are one account's: 16.
	AtOnce, Heavy, Streams, StreamsEach int
}

func (l Limits) orDefaults() Limits {
	return Limits{
		Header: cmp.Or(l.Header, 5*time.Second), Request: cmp.Or(l.Request, 30*time.Second),
		Take: cmp.Or(l.Take, 30*time.Second), Heartbeat: cmp.Or(l.Heartbeat, 15*time.Second),
		AtOnce: cmp.Or(l.AtOnce, 256), Heavy: cmp.Or(l.Heavy, 8), Streams: cmp.Or(l.Streams, 128), StreamsEach: cmp.Or(l.StreamsEach, 16),
	}
}

const (
	idleTimeout = 2 * time.Minute
	maxHeader   = 16 << 10
	endWithin   = 20 * time.Second // for requests that are under way at the end
	maxBody     = 64 << 10         // but for imports; an event is a few hundred bytes
)

// New returns a server.
func New(o Options) *Server {
	s := &Server{options: o, logger: o.Logger, traffic: newTraffic()}
	if o.Traces == nil {
		o.Traces = noop.NewTracerProvider()
	}
	s.tracer = o.Traces.Tracer("rollbook/web")
	if o.Metrics != nil {
		o.Metrics.MustRegister(s.traffic.collectors()...)
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	s.closing, s.close = context.WithCancel(context.Background())
	l := o.Limits.orDefaults()
	s.options.Limits = l
	s.places, s.heavyPlaces, s.streams = make(chan struct{}, l.AtOnce), make(chan struct{}, l.Heavy), make(chan struct{}, l.Streams)
	s.open = map[string]int{}
	s.handler = s.outside(s.routes())
	return s
}

// Handler returns what answers requests that come over the network.
func (s *Server) Handler() http.Handler { return s.handler }

// OwnerHandler returns what answers requests that come over the socket in the data
// directory: who reaches it owns the directory, and needs not sign in.
func (s *Server) OwnerHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.handler.ServeHTTP(w, r.WithContext(access.With(r.Context(), access.Owner())))
	})
}

// Serve answers requests until ctx ends. Then it takes no more, ends streams and
// waits for the requests that are under way: what was acknowledged is stored, and
// what was not is either done and acknowledged or never begun.
func (s *Server) Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: s.options.Limits.Header, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug), // what clients do wrong
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	s.close()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWithin)
	defer cancel()
	err := server.Shutdown(end)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close() // somebody does not take their answer
	}
	if closed := <-ended; !errors.Is(closed, http.ErrServerClosed) {
		err = errors.Join(err, closed)
	}
	return err
}

// routes are all that is served.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.alive)
	mux.HandleFunc("GET /readyz", s.ready)
	if s.options.Metrics != nil {
		mux.Handle("GET /metrics", s.metrics(promhttp.HandlerFor(s.options.Metrics, promhttp.HandlerOpts{})))
	}
	if !s.options.Roles.Has(ledger.RoleAPI) {
		mux.HandleFunc("/", s.nothing)
		return noted(mux)
	}
	s.api(mux)
	s.signIn(mux)
	s.signInElsewhere(mux)
	if s.options.Pages != nil {
		mux.Handle("/", s.options.Pages)
		mux.HandleFunc("GET "+pageStream, s.followPage)
		mux.HandleFunc("GET "+pageFile, s.makePageFile)
		mux.HandleFunc("POST "+pageFile, s.makePageFile)
	} else {
		mux.HandleFunc("/", s.nothing)
	}
	return noted(mux)
}

// starting reports whether the read models have yet to come up to the log.
func (s *Server) starting() bool {
	if s.options.Ready == nil {
		return false
	}
	select {
	case <-s.options.Ready:
		return false
	default:
		return true
	}
}

// nothing answers that there is nothing.
func (s *Server) nothing(w http.ResponseWriter, r *http.Request) { s.tell(w, r, access.ErrNotFound) }

// metrics are for programs on this machine, which no proxy has let in, and for
// operators.
func (s *Server) metrics(show http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		ip := net.ParseIP(host)
		local := ip != nil && ip.IsLoopback() && r.Header.Get("X-Forwarded-For") == "" && r.Header.Get("Forwarded") == ""
		if !local {
			if err := s.options.Service.Access.Allowed(r.Context(), access.Operate, ""); err != nil {
				s.tell(w, r, err)
				return
			}
		}
		show.ServeHTTP(w, r)
	}
}
