package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"rollbook/web/access"
)

// The way of a request, from outside inwards: it gets an id, a panic is caught,
// the answer gets what browsers must know, too many wait elsewhere, the answer is
// compressed, forms of other sites are refused, and whoever asks is recognised.
func (s *Server) outside(inside http.Handler) http.Handler {
	h := s.recognised(inside)
	h = s.ownForms(h)
	h = s.compressed(h)
	h = s.limited(h)
	h = s.guarded(h)
	h = s.caught(h)
	return s.named(h)
}

type (
	requestKey  struct{}
	languageKey struct{}
)

func requestFrom(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

func languageFrom(ctx context.Context) string {
	language, _ := ctx.Value(languageKey{}).(string)
	return language
}

// requestIDs are the ids that a proxy may give a request.
var requestIDs = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// named gives a request an id, which is in its answer, in the log and in the log
// of readings.
func (s *Server) named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Request-Id")
		if !requestIDs.MatchString(id) {
			id = strings.ToLower(rand.Text()[:16])
		}
		w.Header().Set("X-Request-Id", id)
		ctx := access.WithRequest(context.WithValue(r.Context(), requestKey{}, id), id)
		ctx = context.WithValue(ctx, languageKey{}, languageOf(r))
		way := &route{}
		ctx = context.WithValue(ctx, routeKey{}, way)
		out := &counted{ResponseWriter: w}
		ctx, span := s.traced(ctx, r)
		ended := s.traffic.begin(r.Method)
		defer func() { // also of an answer that broke off
			took := ended(way, out)
			endTrace(span, r.Method, way, out.code())
			s.logger.DebugContext(ctx, "request", slog.String("request", id), slog.String("method", r.Method), slog.String("route", way.String()),
				slog.Int("status", out.code()), slog.Int64("bytes", out.bytes), slog.Duration("took", took))
		}()
		next.ServeHTTP(out, r.WithContext(ctx))
	})
}

// counted remembers what was answered.
type counted struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// code is the status that the client got: one that nobody wrote is 200.
func (c *counted) code() int { return cmp.Or(c.status, http.StatusOK) }

func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *counted) Flush() { _ = http.NewResponseController(c.ResponseWriter).Flush() } // nothing to flush is no harm

func (c *counted) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *counted) Write(b []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	n, err := c.ResponseWriter.Write(b)
	c.bytes += int64(n)
	return n, err
}

// caught answers a panic as an internal error.
func (s *Server) caught(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { //nolint:contextcheck // the request's own
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p) // an answer that was begun cannot be completed
			default:
				// What panicked may hold what was read, so only its type is logged.
				s.logger.ErrorContext(r.Context(), "a request panicked", slog.String("request", requestFrom(r.Context())), slog.String("panic", fmt.Sprintf("%T", p)), slog.String("stack", string(debug.Stack())))
				if c, ok := w.(*counted); ok && c.status != 0 {
					panic(http.ErrAbortHandler)
				}
				s.tell(w, r, problemOf(fmt.Errorf("panic of %T", p)))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// contentPolicy lets a page load only what is served here, and run no script that
// stands in it.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guarded tells browsers what to refuse.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		if s.options.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// limited refuses requests before there is an answer to them, requests beyond those
// that are under way, and bodies and clients that take too long. What streams sets its own deadlines.
func (s *Server) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" && r.URL.Path != "/readyz" {
			if r.URL.Path != "/metrics" && s.starting() {
				s.tell(w, r, notYet())
				return
			}
			select {
			case s.places <- struct{}{}:
				defer func() { <-s.places }()
			default:
				s.tell(w, r, busy())
				return
			}
		}
		c := http.NewResponseController(w)
		end := time.Now().Add(s.options.Limits.Request)
		_ = c.SetReadDeadline(end)                                // a test's recorder has none
		_ = c.SetWriteDeadline(end.Add(s.options.Limits.Request)) // likewise; later, so that who sent too slowly is still told
		if r.URL.Path == apiPrefix+"/imports" || r.URL.Path == commandsPath || r.URL.Path == "/import" {
			r.Body = &upload{ReadCloser: http.MaxBytesReader(w, r.Body, maxUpload), c: c, began: time.Now()}
		} else {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), writerKey{}, w)))
	})
}

func notYet() *Problem {
	p := problemf(http.StatusServiceUnavailable, "starting", "", "the service has just been started and still reads the log; try again in a moment", "dịch vụ vừa khởi động và còn đang đọc nhật ký; hãy thử lại sau giây lát")
	p.after = time.Second
	return p
}

func busy() *Problem {
	p := problemf(http.StatusServiceUnavailable, "busy", "", "too many requests are under way, and this one was not begun; try again in a moment", "đang có quá nhiều yêu cầu, yêu cầu này chưa được thực hiện; hãy thử lại sau giây lát")
	p.after = time.Second
	return p
}

// heavy is limited for what takes long; ok is false when it was refused.
func (s *Server) heavy() (leave func(), ok bool) {
	select {
	case s.heavyPlaces <- struct{}{}:
		return func() { <-s.heavyPlaces }, true
	default:
		return nil, false
	}
}

// compressible is what is worth it. Pages are not compressed: what they repeat of a
// request beside a secret could be found out by the length (BREACH).
var compressible = []string{
	"application/json", "application/problem+json", "application/x-ndjson", "application/cloudevents+json", "text/csv", "text/css", "text/javascript", "application/javascript", "image/svg+xml",
}

// compressed compresses answers that are worth it.
func (s *Server) compressed(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.ContentTypes(compressible))
	if err != nil {
		panic(err) // the options stand above
	}
	h := wrap(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Accept"), eventStream) || r.URL.Path == commandsPath { // what is written has to be seen
			next.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// ownForms refuses what the page of another site sends in the name of who looks at
// it.
func (s *Server) ownForms(next http.Handler) http.Handler {
	p := http.NewCrossOriginProtection()
	if s.options.URL != "" {
		if u, err := url.Parse(s.options.URL); err == nil {
			_ = p.AddTrustedOrigin(u.Scheme + "://" + u.Host) // checked by who made the options
		}
	}
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.tell(w, r, problemf(http.StatusForbidden, "cross_origin", "", "the page of another site has sent this; nothing was done", "yêu cầu này do trang của nơi khác gửi; chưa thực hiện gì"))
	}))
	return p.Handler(next)
}

// cookieName is that of the session's cookie: browsers take one with the prefix
// only over TLS, for this host and all of its paths.
func (s *Server) cookieName() string {
	if s.options.Secure {
		return "__Host-rollbook"
	}
	return "rollbook"
}

// recognised finds out who asks, and leaves a stranger one.
func (s *Server) recognised(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		if _, ok := access.VisitorFrom(ctx); !ok {
			rights := s.options.Service.Access
			v, err := s.recognise(r, rights.BySession)
			if is(access.ErrStranger)(err) && r.Header.Get("Authorization") == "" {
				v, err = access.Visitor{}, nil // a session that is over is no error, a token that is not good is one
			}
			switch {
			case err == nil && v.ID != "":
				ctx = access.WithAgain(ctx, v, func(ctx context.Context) (access.Visitor, error) {
					return s.recognise(r.WithContext(ctx), rights.StillInSession)
				})
				if r.Header.Get("Accept-Language") == "" {
					ctx = context.WithValue(ctx, languageKey{}, v.Language)
				}
			case err != nil:
				s.tell(w, r, err)
				return
			}
		}
		w.Header().Add("Vary", "Cookie, Authorization, Accept-Language")
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// recognise returns who asks: the zero Visitor if nobody says who they are, and
// [access.ErrStranger] if they say it by a token or a session that is not good.
func (s *Server) recognise(r *http.Request, bySession func(context.Context, string) (access.Visitor, error)) (access.Visitor, error) {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok || scheme != "" {
		if !strings.EqualFold(scheme, "Bearer") || token == "" {
			return access.Visitor{}, access.ErrStranger
		}
		return s.options.Service.Access.ByToken(r.Context(), strings.TrimSpace(token))
	}
	c, err := r.Cookie(s.cookieName())
	if err != nil {
		return access.Visitor{}, nil //nolint:nilerr // no cookie is a stranger
	}
	return bySession(r.Context(), c.Value)
}

// addressOf returns where a request comes from: behind a proxy on this machine, what
// the proxy says.
func (s *Server) addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if ip := net.ParseIP(host); s.options.URL != "" && ip != nil && ip.IsLoopback() {
		if hops := strings.Split(r.Header.Get("X-Forwarded-For"), ","); hops[len(hops)-1] != "" {
			return strings.TrimSpace(hops[len(hops)-1])
		}
	}
	return host
}

// underscored writes the names of parameters as the interface has them, so that
// those of the command line do as well: as-of is as_of.
func underscored(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if query := r.URL.Query(); strings.Contains(r.URL.RawQuery, "-") && slices.ContainsFunc(keys(query), func(k string) bool { return strings.Contains(k, "-") }) {
			again := url.Values{}
			for name, values := range query {
				again[strings.ReplaceAll(name, "-", "_")] = values
			}
			u := *r.URL
			u.RawQuery = again.Encode()
			r = r.Clone(r.Context())
			r.URL = &u
		}
		next.ServeHTTP(w, r)
	})
}

func keys(v url.Values) (names []string) {
	for name := range v {
		names = append(names, name)
	}
	return names
}
