package web_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"rollbook/web"
	"rollbook/web/access"
	"rollbook/web/service"
)

// limited serves an office over the network within limits.
func limited(t *testing.T, l web.Limits) (o *office, address string) {
	t.Helper()
	o = open(t)
	o.server = web.New(web.Options{Service: &service.Service{Ledger: o.ledger, Access: o.rights, Clock: func() time.Time { return now }}, Limits: l})
	return o, o.listen()
}

// raw is a client that says what it likes.
type raw struct {
	t testing.TB
	net.Conn
	answers *bufio.Reader
}

func dial(t testing.TB, address string) *raw {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil { // for what never comes
		t.Fatal(err)
	}
	return &raw{t, c, bufio.NewReader(c)}
}

func (c *raw) send(format string, args ...any) {
	c.t.Helper()
	if _, err := fmt.Fprintf(c, format, args...); err != nil {
		c.t.Fatal(err)
	}
}

func (c *raw) answer() answer {
	c.t.Helper()
	r, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer{r.StatusCode, r.Header, string(b)}
}

// begin sends the head of a request and returns when somebody waits for its body.
func (c *raw) begin(token string, length int) {
	c.t.Helper()
	c.send("POST /api/v1/events HTTP/1.1\r\nHost: rollbook\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", token, length)
	if line, err := c.answers.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		c.t.Fatalf("%q, %v", line, err)
	}
	if _, err := c.answers.ReadString('\n'); err != nil {
		c.t.Fatal(err)
	}
}

// More than may be under way is refused at once, and was not begun; what is under way
// goes on, and there is room for the next when it is done.
func TestMoreThanTheServiceTakesIsRefused(t *testing.T) {
	t.Parallel()
	o, address := limited(t, web.Limits{AtOnce: 1, Streams: 1})
	token := o.account(access.Grant{Role: access.Clerk})
	before := o.last()
	first, second := event("member.rated", "member/m-a", "2022-12-20", `{"year":2022,"grade":"good"}`), event("member.rated", "member/m-a", "2023-12-20", `{"year":2023,"grade":"good"}`)
	slow := dial(t, address)
	slow.begin(token, len(first))
	refused := o.ask(token, http.MethodPost, "/api/v1/events", second)
	if p := refused.problem(t); refused.status != http.StatusServiceUnavailable || p.Code != "busy" || refused.header.Get("Retry-After") == "" {
		t.Errorf("beyond the limit: %d %s, want 503 busy with Retry-After", refused.status, refused.body)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if a := o.ask("", http.MethodGet, path, ""); a.status != http.StatusOK {
			t.Errorf("%s beyond the limit: %d", path, a.status)
		}
	}
	slow.send("%s", first)
	if a := slow.answer(); a.status != http.StatusCreated {
		t.Errorf("what was under way: %d %s", a.status, a.body)
	}
	if a := o.ask(token, http.MethodPost, "/api/v1/events", second); a.status != http.StatusCreated {
		t.Errorf("sent again: %d %s", a.status, a.body)
	}
	if got := o.last(); got != before+2 {
		t.Errorf("the log went from %d to %d, want two more", before, got)
	}
	stream(t, "http://"+address+"/api/v1/events", "Authorization", "Bearer "+token)
	if a := o.ask(token, http.MethodGet, "/api/v1/events", "", "Accept", "text/event-stream"); a.status != http.StatusServiceUnavailable {
		t.Errorf("a second stream: %d, want 503", a.status)
	}
	if a := o.ask(token, http.MethodGet, "/api/v1/me", ""); a.status != http.StatusOK {
		t.Errorf("a request beside a stream: %d", a.status)
	}
}

// Nobody takes the streams of everybody.
func TestAnAccountHasItsShareOfStreams(t *testing.T) {
	t.Parallel()
	o, address := limited(t, web.Limits{Streams: 3, StreamsEach: 1})
	token, other := o.account(access.Grant{Role: access.Clerk}), o.account(access.Grant{Role: access.Clerk})
	stream(t, "http://"+address+"/api/v1/events", "Authorization", "Bearer "+token)
	if a := o.ask(token, http.MethodGet, "/api/v1/events", "", "Accept", "text/event-stream"); a.status != http.StatusServiceUnavailable {
		t.Errorf("a second stream of an account: %d, want 503", a.status)
	}
	stream(t, "http://"+address+"/api/v1/events", "Authorization", "Bearer "+other)
}

// A service that has yet to read its log says so, and that it lives.
func TestBeforeTheReadModelsAreThere(t *testing.T) {
	t.Parallel()
	ready := make(chan struct{})
	o := open(t)
	o.server = web.New(web.Options{Service: &service.Service{Ledger: o.ledger, Access: o.rights, Clock: func() time.Time { return now }}, Ready: ready})
	token := o.account(access.Grant{Role: access.Clerk})
	before := o.last()
	rated := event("member.rated", "member/m-a", "2022-12-20", `{"year":2022,"grade":"good"}`)
	if a := o.ask("", http.MethodGet, "/healthz", ""); a.status != http.StatusOK {
		t.Errorf("/healthz: %d", a.status)
	}
	if a := o.ask("", http.MethodGet, "/readyz", ""); a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, "brought up to the log") {
		t.Errorf("/readyz: %d %s", a.status, a.body)
	}
	a := o.ask(token, http.MethodPost, "/api/v1/events", rated)
	if p := a.problem(t); a.status != http.StatusServiceUnavailable || p.Code != "starting" || a.header.Get("Retry-After") == "" || o.last() != before {
		t.Errorf("a fact meanwhile: %d %s, want 503 starting with Retry-After", a.status, a.body)
	}
	close(ready)
	if a := o.ask("", http.MethodGet, "/readyz", ""); a.status != http.StatusOK {
		t.Errorf("/readyz afterwards: %d %s", a.status, a.body)
	}
	if a := o.ask(token, http.MethodPost, "/api/v1/events", rated); a.status != http.StatusCreated {
		t.Errorf("the fact afterwards: %d %s", a.status, a.body)
	}
}

// A client that takes its time holds nothing for long: not with the head of a request,
// not with its body.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	o, address := limited(t, web.Limits{Header: 50 * time.Millisecond, Request: 200 * time.Millisecond})
	token := o.account(access.Grant{Role: access.Clerk})
	before := o.last()
	for name, head := range map[string]string{"nothing": "", "half a head": "GET /api/v1/me HTTP/1.1\r\nHost: rollbook\r\nX-A: b"} {
		c := dial(t, address)
		c.send("%s", head)
		if got, err := io.ReadAll(c); err != nil || strings.Contains(string(got), "200 OK") {
			t.Errorf("a client that sends %s is answered %q, %v; want the end of the connection", name, got, err)
		}
	}
	line := event("member.rated", "member/m-a", "2023-12-20", `{"year":2023,"grade":"good"}`)
	c := dial(t, address)
	c.begin(token, len(line))
	c.send("%s", line[:len(line)-1])
	a := c.answer()
	if p := a.problem(t); a.status != http.StatusRequestTimeout || p.Code != "too_slow" {
		t.Errorf("a body that does not end: %d %s, want 408 too_slow", a.status, a.body)
	}
	if _, err := c.answers.ReadByte(); err != io.EOF {
		t.Errorf("and then %v, want the end of the connection", err)
	}
	if got := o.last(); got != before {
		t.Errorf("the log went from %d to %d", before, got)
	}
}

// tight is a listener whose connections hold little of what nobody takes, and tell when
// they are closed.
type tight struct {
	net.Listener
	closed chan string // addresses of clients
}

func (l tight) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return told{c, l.closed}, c.(*net.TCPConn).SetWriteBuffer(4 << 10)
}

type told struct {
	net.Conn
	closed chan string
}

func (c told) Close() error {
	err := c.Conn.Close()
	c.closed <- c.RemoteAddr().String()
	return err
}

// A reader that takes nothing of what is written to it is dropped, whatever it asked for.
// Others are answered meanwhile, and its place is free afterwards.
func TestReadersThatTakeNothingAreDropped(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.server = web.New(web.Options{
		Service: &service.Service{Ledger: o.ledger, Access: o.rights, Clock: func() time.Time { return now }},
		Limits:  web.Limits{Take: 200 * time.Millisecond, Request: 2 * time.Second, AtOnce: 2, Heavy: 1, Streams: 1},
		Commands: func(ctx context.Context, c web.Command) int {
			for ctx.Err() == nil { // it has no end of its own
				_, _ = io.WriteString(c.Stdout, "more")
			}
			return 0
		},
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan string, 100)
	address := o.listenAt(tight{l, closed})
	token := o.account(access.Grant{Role: access.Clerk})
	var villages []string
	for i := range 800 { // more than a connection holds, packed too
		name := sha512.Sum512([]byte{byte(i), byte(i >> 8)})
		villages = append(villages, event("village.registered", fmt.Sprintf("village/v%d", i), "2000-01-01", fmt.Sprintf(`{"name":"%x","commune":"a"}`, name)))
	}
	o.add(villages...)
	body, kind := form(t, part{"command", `{"args":["x"]}`})
	for _, tt := range []struct{ name, request string }{
		{"a stream", "GET /api/v1/events?from=1 HTTP/1.1\r\nAccept: text/event-stream\r\n"},
		{"an export", "GET /api/v1/events HTTP/1.1\r\nAccept: " + ndjson + "\r\n"},
		{"an export packed", "GET /api/v1/events HTTP/1.1\r\nAccept: " + ndjson + "\r\nAccept-Encoding: gzip\r\n"},
		{"a page", "GET /api/v1/events?limit=1000 HTTP/1.1\r\nAccept: application/json\r\n"},
		{"a command", fmt.Sprintf("POST /api/v1/commands HTTP/1.1\r\nContent-Type: %s\r\nContent-Length: %d\r\n", kind, len(body))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := dial(t, address)
			if err := c.Conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
				t.Fatal(err)
			}
			c.send("%sHost: rollbook\r\nAuthorization: Bearer %s\r\n\r\n", tt.request, token)
			if strings.HasPrefix(tt.request, "POST") {
				c.send("%s", body)
			}
			if a := o.ask(token, http.MethodGet, "/api/v1/me", ""); a.status != http.StatusOK {
				t.Errorf("somebody else is answered %d %s", a.status, a.body)
			}
			late := time.After(25 * time.Second)
			for dropped := false; !dropped; {
				select {
				case who := <-closed:
					dropped = who == c.LocalAddr().String()
				case <-late:
					t.Fatal("it is never dropped")
				}
			}
			if line, err := c.answers.ReadString('\n'); err != nil || line != "HTTP/1.1 200 OK\r\n" { // and so it was not dropped for something else
				t.Errorf("it was answered %q, %v", line, err)
			}
			// The connection is closed by the write that fails, the place is free when its request has ended.
			next := answer{status: http.StatusServiceUnavailable}
			for end := time.Now().Add(10 * time.Second); next.status == http.StatusServiceUnavailable && time.Now().Before(end); {
				next = o.ask(token, http.MethodGet, "/api/v1/events?to=1", "", "Accept", ndjson)
			}
			if next.status != http.StatusOK {
				t.Errorf("the next one is answered %d %s", next.status, next.body)
			}
		})
	}
	stream(t, "http://"+address+"/api/v1/events", "Authorization", "Bearer "+token)
}

// What is large is compressed for who takes it so, and what comes out is the same; what
// is small, or has to be seen as it is written, is not.
func TestLargeAnswersAreCompressed(t *testing.T) {
	t.Parallel()
	o, address := limited(t, web.Limits{})
	token := o.account(access.Grant{Role: access.Clerk})
	get := func(path string, headers ...string) (http.Header, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		answer, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.Header, string(b)
	}
	for _, accept := range []string{ndjson, "application/json"} {
		_, plain := get("/api/v1/events", "Accept", accept)
		header, packed := get("/api/v1/events", "Accept", accept, "Accept-Encoding", "gzip")
		if header.Get("Content-Encoding") != "gzip" || len(packed) >= len(plain)/2 || !strings.Contains(strings.Join(header.Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("%s: %d bytes of %d, %v", accept, len(packed), len(plain), header)
		}
		z, err := gzip.NewReader(strings.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(z); err != nil || string(b) != plain {
			t.Errorf("%s: unpacked it is another: %v", accept, err)
		}
	}
	if header, _ := get("/api/v1/me", "Accept-Encoding", "gzip"); header.Get("Content-Encoding") != "" {
		t.Error("a small answer is compressed")
	}
}
