package web_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"rollbook/web"
	"rollbook/web/access"
	"rollbook/web/pages"
	"rollbook/web/service"
)

// attentive serves an office over the network that looks at rights before it sends
// anything. End ends the service.
func attentive(t *testing.T) (o *office, address string, end func() error) {
	t.Helper()
	o = open(t)
	s := &service.Service{Ledger: o.ledger, Access: o.rights, RightsFor: time.Nanosecond, Clock: func() time.Time { return now }}
	seen, err := pages.New(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	o.server = web.New(web.Options{Service: s, Pages: seen, Limits: web.Limits{Heartbeat: 5 * time.Millisecond}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- o.server.Serve(ctx, l, o.server.Handler()) }()
	end = func() error {
		cancel()
		err := <-done
		done <- err
		return err
	}
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return o, "http://" + l.Addr().String(), end
}

// stream begins to read a stream, and returns what reads on to its end.
func stream(t *testing.T, address string, headers ...string) (rest func() (string, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // for one that never ends
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	body := bufio.NewReader(answer.Body)
	if line, err := body.ReadString('\n'); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("the stream: %d %s, %v", answer.StatusCode, line, err)
	}
	return func() (string, error) {
		b, err := io.ReadAll(body)
		return string(b), err
	}
}

// Whoever reads a stream reads no further when their right to it is taken away, in
// whatever way, and gets no event that is recorded after that.
func TestAStreamEndsWithTheRightToIt(t *testing.T) {
	t.Parallel()
	o, address, _ := attentive(t)
	ctx := t.Context()
	clerk := access.Grant{Role: access.Clerk}
	recorder := o.account(clerk)
	recorded := 0
	record := func() {
		t.Helper()
		member, year := []string{"m-a", "m-b", "m-d", "m-a1"}[recorded%4], 2020+recorded/4
		recorded++
		a := o.ask(recorder, http.MethodPost, "/api/v1/events", event("member.rated", "member/"+member, fmt.Sprintf("%d-12-20", year), fmt.Sprintf(`{"year":%d,"grade":"good"}`, year)))
		if a.status != http.StatusCreated {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	add := func() string {
		t.Helper()
		a, err := o.rights.Add(ctx, "Reader", "en")
		if err == nil {
			err = o.rights.Grant(ctx, a.ID, clerk)
		}
		if err != nil {
			t.Fatal(err)
		}
		return a.ID
	}
	session := func(account string) string {
		t.Helper()
		secret, err := o.rights.Begin(ctx, account)
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	revoke := func(account, _ string) error { return o.rights.Revoke(ctx, account, clerk) }
	for name, c := range map[string]struct {
		path    string
		byToken bool
		take    func(account, secret string) error
	}{
		"a grant":    {"/api/v1/events", true, revoke},
		"a token":    {"/api/v1/events", true, func(_, token string) error { return o.rights.RevokeToken(ctx, token[:11]) }},
		"an account": {"/api/v1/events", true, func(account, _ string) error { return o.rights.Disable(ctx, account, true) }},
		"a session":  {"/api/v1/events", false, func(_, secret string) error { return o.rights.End(ctx, secret) }},
		"names": {"/api/v1/events", true, func(account, secret string) error {
			if err := o.rights.Grant(ctx, account, access.Grant{Role: access.Auditor}); err != nil {
				return err
			}
			return revoke(account, secret)
		}},
		"a grant, of a page":   {"/feed/stream", false, revoke},
		"a session, of a page": {"/feed/stream", false, func(_, secret string) error { return o.rights.End(ctx, secret) }},
	} {
		account := add()
		secret, header := session(account), []string{"Cookie", ""}
		if c.byToken {
			var err error
			if secret, _, err = o.rights.NewToken(ctx, account, "t", nil, time.Hour); err != nil {
				t.Fatal(err)
			}
			header = []string{"Authorization", "Bearer " + secret}
		} else {
			header[1] = "rollbook=" + secret
		}
		rest := stream(t, address+c.path, header...)
		if err := c.take(account, secret); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		record()
		if got, err := rest(); err != nil || strings.Contains(got, "data:") {
			t.Errorf("%s was taken away, and the stream went on with %q, %v", name, got, err)
		}
	}
}

// A page that is open in a browser does not keep the service from ending in good order.
func TestStreamsEndWithTheService(t *testing.T) {
	t.Parallel()
	o, address, end := attentive(t)
	a, err := o.rights.Add(t.Context(), "Reader", "en")
	if err == nil {
		err = o.rights.Grant(t.Context(), a.ID, access.Grant{Role: access.Clerk})
	}
	if err != nil {
		t.Fatal(err)
	}
	secret, err := o.rights.Begin(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	var all []func() (string, error)
	for _, path := range []string{"/api/v1/events", "/feed/stream"} {
		all = append(all, stream(t, address+path, "Cookie", "rollbook="+secret))
	}
	if err := end(); err != nil {
		t.Errorf("Serve: %v", err)
	}
	for i, rest := range all {
		if got, err := rest(); err != nil {
			t.Errorf("stream %d broke off with %q: %v", i, got, err)
		}
	}
}
