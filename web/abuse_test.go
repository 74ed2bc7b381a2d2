package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"rollbook/ledger"
	"rollbook/web"
	"rollbook/web/access"
)

const ndjson = "application/x-ndjson"

// listen serves an office over the network.
func (o *office) listen() (address string) {
	o.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		o.t.Fatal(err)
	}
	return o.listenAt(l)
}

func (o *office) listenAt(l net.Listener) (address string) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- o.server.Serve(ctx, l, o.server.Handler()) }()
	o.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			o.t.Errorf("Serve: %v", err)
		}
	})
	return l.Addr().String()
}

func (o *office) last() uint64 {
	o.t.Helper()
	at, err := o.ledger.Last(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	return uint64(at)
}

func TestAHundredSubmissionsAtOnceOfOneEventStoreIt(t *testing.T) {
	o := open(t)
	token := o.account(access.Grant{Role: access.Clerk})
	before := o.last()
	for name, headers := range map[string][]string{
		"2022": nil, "2023": {"Idempotency-Key", "the same"},
	} {
		line := event("member.rated", "member/m-a", name+"-12-20", `{"year":`+name+`,"grade":"good"}`)
		var wg sync.WaitGroup
		var stored atomic.Int32
		for range 100 {
			wg.Go(func() {
				switch a := o.ask(token, http.MethodPost, "/api/v1/events", line, headers...); a.status {
				case http.StatusCreated:
					stored.Add(1)
				case http.StatusOK:
				default:
					t.Errorf("%d: %s", a.status, a.body)
				}
			})
		}
		wg.Wait()
		if stored.Load() != 1 {
			t.Errorf("%d of 100 submissions were answered as stored, want 1", stored.Load())
		}
	}
	if got := o.last(); got != before+2 {
		t.Errorf("the log went from %d to %d, want two more", before, got)
	}
	again := o.ask(token, http.MethodPost, "/api/v1/events", event("member.rated", "member/m-a", "2021-12-20", `{"year":2021,"grade":"good"}`), "Idempotency-Key", "the same")
	if p := again.problem(t); again.status != http.StatusUnprocessableEntity || p.Code != "duplicate_id" {
		t.Errorf("the same key with another event: %d %s, want 422 duplicate_id", again.status, again.body)
	}
}

func TestWhoHasNotSeenTheLastEntryIsToldSo(t *testing.T) {
	o := open(t)
	token := o.account(access.Grant{Role: access.Clerk})
	seen := o.ask(token, http.MethodGet, "/api/v1/members/m-a/history", "").header.Get("ETag")
	rated := func(year, match string) answer {
		return o.ask(token, http.MethodPost, "/api/v1/events", event("member.rated", "member/m-a", year+"-12-20", `{"year":`+year+`,"grade":"good"}`), "If-Match", match)
	}
	first := rated("2021", seen)
	if first.status != http.StatusCreated || first.header.Get("ETag") == "" {
		t.Fatalf("with the ETag of the history: %d %s", first.status, first.body)
	}
	stale := rated("2022", seen)
	if p := stale.problem(t); stale.status != http.StatusPreconditionFailed || p.Code != "stale" || fmt.Sprintf(`"%d"`, p.Position) != first.header.Get("ETag") {
		t.Errorf("with the one before: %d %s, want 412 and where the history ends", stale.status, stale.body)
	}
	if next := rated("2022", first.header.Get("ETag")); next.status != http.StatusCreated {
		t.Errorf("with the ETag of the answer: %d %s", next.status, next.body)
	}
	if bad := rated("2023", "seventeen"); bad.status != http.StatusUnprocessableEntity {
		t.Errorf("with nonsense: %d %s", bad.status, bad.body)
	}
}

// What is too large, too long, broken or hostile is refused with a reason, never with
// a server error, and leaves nothing.
func TestBadBodiesLeaveNoTrace(t *testing.T) {
	o := open(t)
	token := o.account(access.Grant{Role: access.Clerk})
	before := o.last()
	good := event("member.rated", "member/m-a", "2023-12-20", `{"year":2023,"grade":"good"}`)
	for name, body := range map[string]string{
		"huge": strings.Repeat(" ", 1<<20) + good, "deep": strings.Repeat("[", 50_000), "nothing": " ", "two": good + good, "not JSON": "<event/>", "broken UTF-8": "{\"type\":\"\xff\"}",
		"twice a field": strings.Replace(good, `"type"`, `"type":"member.died","type"`, 1), "unknown field": strings.Replace(good, `"type"`, `"admin":true,"type"`, 1),
		"a number for a text": strings.Replace(good, `"member/m-a"`, `1e999`, 1), "a control": strings.Replace(good, "good", "\u202egood", 1), "SQL": strings.Replace(good, "m-a", "m-a' OR 1=1 --", 1),
		"a path": strings.Replace(good, "m-a", "../../etc/passwd", 1), "somebody else": strings.Replace(good, `{"type"`, `{"actor":"u-other","type"`, 1),
	} {
		a := o.ask(token, http.MethodPost, "/api/v1/events", body)
		if p := a.problem(t); a.status < 400 || a.status >= 500 || p.Code == "" || p.Messages.EN == "" || p.Messages.VI == "" {
			t.Errorf("%s: %d %.300s", name, a.status, a.body)
		}
	}
	if got := o.last(); got != before {
		t.Errorf("the log went from %d to %d", before, got)
	}
}

func TestAnUploadThatBreaksOffLeavesNothing(t *testing.T) {
	o := open(t)
	token := o.account(access.Grant{Role: access.Clerk})
	address := o.listen()
	before := o.last()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	line := event("member.rated", "member/m-a", "2023-12-20", `{"year":2023,"grade":"good"}`) + "\n"
	_, err = fmt.Fprintf(c, "POST /api/v1/imports HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", address, token, ndjson, 10*len(line), line)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	_, _ = answer.Body.Close(), c.Close()
	if answer.StatusCode != http.StatusBadRequest {
		t.Errorf("an upload that broke off is answered %d %s, want 400", answer.StatusCode, body)
	}
	if got := o.last(); got != before {
		t.Errorf("the log went from %d to %d", before, got)
	}
	whole := o.ask(token, http.MethodPost, "/api/v1/imports", line+line, "Content-Type", ndjson)
	var r ledger.ImportResult
	if err := json.Unmarshal([]byte(whole.body), &r); err != nil || r.Accepted != 1 || r.Unchanged != 1 {
		t.Errorf("the whole upload: %d %s", whole.status, whole.body)
	}
}

// A reader who reconnects with the id of the last event that it has seen gets every
// event after it, and none twice.
func TestAStreamGoesOnWhereItBrokeOff(t *testing.T) {
	o := open(t)
	token := o.account(access.Grant{Role: access.Clerk, Organisation: "a"})
	address := o.listen()
	read := func(last string, n int) (ids []string) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/api/v1/events?organisation=a&type=member.rated", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Accept", "text/event-stream")
		r.Header.Set("Last-Event-ID", last)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		lines := bufio.NewScanner(answer.Body)
		for len(ids) < n && lines.Scan() {
			if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				ids = append(ids, id)
			}
		}
		return ids
	}
	begin := fmt.Sprint(o.last())
	record := func(member, year string) string {
		a := o.ask(o.account(access.Grant{Role: access.Clerk}), http.MethodPost, "/api/v1/events", event("member.rated", "member/"+member, year+"-12-20", `{"year":`+year+`,"grade":"good"}`))
		if a.status != http.StatusCreated {
			t.Fatalf("%d %s", a.status, a.body)
		}
		return strings.Trim(a.header.Get("ETag"), `"`)
	}
	want := []string{record("m-a", "2020"), record("m-a1", "2020")}
	record("m-b", "2020") // out of reach
	want = append(want, record("m-a", "2021"))
	got := read(begin, 2)
	got = append(got, read(got[len(got)-1], 1)...)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the stream had %v, want %v", got, want)
	}
	done := make(chan []string)
	go func() { done <- read(want[2], 1) }()
	next := record("m-a1", "2021")
	if live := <-done; len(live) != 1 || live[0] != next {
		t.Errorf("live came %v, want %s", live, next)
	}
}

func TestPagesOfEventsMakeTheWhole(t *testing.T) {
	o := open(t)
	token := o.account(access.Grant{Role: access.Clerk})
	whole := strings.Count(o.ask(token, http.MethodGet, "/api/v1/events", "").body, "\n")
	seen, cursor := 0, ""
	for range whole {
		a := o.ask(token, http.MethodGet, "/api/v1/events?limit=5&cursor="+url.QueryEscape(cursor), "", "Accept", "application/json")
		var page struct {
			Events []json.RawMessage
			Next   *string
		}
		if err := json.Unmarshal([]byte(a.body), &page); err != nil {
			t.Fatalf("%v: %s", err, a.body)
		}
		if seen += len(page.Events); page.Next == nil {
			break
		}
		cursor = *page.Next
	}
	if seen != whole || whole != len(officeLines()) {
		t.Errorf("the pages have %d events, the export %d, and %d were imported", seen, whole, len(officeLines()))
	}
}

// An auditor sees nobody's name without a reason; with one, the reason is in the log
// of readings before the answer. A reporter sees no small number.
func TestPersonalFieldsAndSmallNumbers(t *testing.T) {
	o := open(t)
	auditor, reporter, operator := o.account(access.Grant{Role: access.Auditor}), o.account(access.Grant{Role: access.Reporter}), o.account(access.Grant{Role: access.Operator})
	for _, path := range []string{"/api/v1/members/m-a/history", "/api/v1/events", "/api/v1/reports/register", "/api/v1/reports/worklist"} {
		if a := o.ask(auditor, http.MethodGet, path, ""); a.status != http.StatusOK || strings.Contains(a.body, canary) || strings.Contains(a.body, "1980") {
			t.Errorf("an auditor without a reason, %s: %d %.300s", path, a.status, a.body)
		}
	}
	if a := o.ask(auditor, http.MethodGet, "/api/v1/members/m-a/history", "", "X-Reason", "x"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("a reason of one letter: %d", a.status)
	}
	if a := o.ask(auditor, http.MethodGet, "/api/v1/members/m-a/history", "", "X-Reason", url.PathEscape("kiểm tra đơn thư")); a.status != http.StatusOK || !strings.Contains(a.body, canary) {
		t.Errorf("an auditor with a reason: %d %.300s", a.status, a.body)
	}
	log := o.ask(operator, http.MethodGet, "/api/v1/readings?subject=member/m-a", "").body
	if !strings.Contains(log, `"what":"member_opened"`) || !strings.Contains(log, "kiểm tra đơn thư") || strings.Contains(log, canary) {
		t.Errorf("the log of readings has %s", log)
	}
	var h struct {
		Total    *int
		Rows     []json.RawMessage
		Withheld *struct{ Below int }
	}
	if err := json.Unmarshal([]byte(o.ask(reporter, http.MethodGet, "/api/v1/reports/headcount?by=ethnicity", "").body), &h); err != nil || h.Total != nil || len(h.Rows) != 0 || h.Withheld == nil || h.Withheld.Below != 5 {
		t.Errorf("a reporter sees of four members %+v, %v", h, err)
	}
	for _, bad := range []string{"as_of=2022-12-30", "known_at=3", "as_of=2022-12-31&known_at=3"} {
		if a := o.ask(reporter, http.MethodGet, "/api/v1/reports/headcount?"+bad, ""); a.status != http.StatusUnprocessableEntity {
			t.Errorf("a reporter asks with %s: %d, want 422", bad, a.status)
		}
	}
}

// A browser signs in with a link, then with the password; tries are limited, and a
// form of another site is refused.
func TestSigningIn(t *testing.T) {
	o := open(t)
	secret, err := o.rights.FirstOperator(t.Context())
	if err != nil || secret == "" {
		t.Fatal(secret, err)
	}
	send := func(path string, form url.Values, headers ...string) answer {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		o.server.Handler().ServeHTTP(w, r)
		return answer{w.Code, w.Header(), w.Body.String()}
	}
	account := url.Values{"account": {"vanhanh"}, "password": {"một mật khẩu dài"}}
	if a := send("/first/"+secret, url.Values{"account": {"vanhanh"}, "password": {"short"}}); !strings.Contains(a.header.Get("Location"), "failed=password") {
		t.Errorf("a short password: %d %s", a.status, a.header.Get("Location"))
	}
	if a := send("/first/"+secret, account); a.status != http.StatusSeeOther || a.header.Get("Set-Cookie") == "" {
		t.Fatalf("the link: %d %s", a.status, a.body)
	}
	if a := send("/first/"+secret, account); !strings.Contains(a.header.Get("Location"), "failed=link") {
		t.Errorf("the link again: %d %s", a.status, a.header.Get("Location"))
	}
	in := send("/sign-in", url.Values{"account": {"VanHanh"}, "password": account["password"], "next": {"//evil.example/"}})
	cookie, _, _ := strings.Cut(in.header.Get("Set-Cookie"), ";")
	if in.status != http.StatusSeeOther || in.header.Get("Location") != "/" || !strings.Contains(in.header.Get("Set-Cookie"), "HttpOnly") || !strings.Contains(in.header.Get("Set-Cookie"), "SameSite=Lax") {
		t.Fatalf("signing in: %d %v", in.status, in.header)
	}
	if a := o.ask("", http.MethodGet, "/api/v1/accounts", "", "Cookie", cookie); a.status != http.StatusOK {
		t.Errorf("with the cookie: %d %s", a.status, a.body)
	}
	if a := o.ask("", http.MethodPost, "/api/v1/accounts", `{"name":"x"}`, "Cookie", cookie, "Sec-Fetch-Site", "cross-site"); a.status != http.StatusForbidden {
		t.Errorf("from another site: %d, want 403", a.status)
	}
	if a := send("/sign-out", url.Values{}, "Cookie", cookie); a.status != http.StatusForbidden {
		t.Errorf("signing out without the form's token: %d, want 403", a.status)
	}
	v, err := o.rights.BySession(t.Context(), strings.TrimPrefix(cookie, "rollbook="))
	if err != nil {
		t.Fatal(err)
	}
	if a := send("/sign-out", url.Values{"csrf_token": {v.Form}}, "Cookie", cookie); a.status != http.StatusSeeOther {
		t.Errorf("signing out: %d", a.status)
	}
	if a := o.ask("", http.MethodGet, "/api/v1/accounts", "", "Cookie", cookie); a.status != http.StatusUnauthorized {
		t.Errorf("with the cookie of a session that ended: %d, want 401", a.status)
	}
	wrong := url.Values{"account": {"vanhanh"}, "password": {"not this one here"}}
	for n := range 12 {
		want := "failed=credentials"
		if n >= 10 {
			want = "failed=limit"
		}
		if a := send("/sign-in", wrong); !strings.Contains(a.header.Get("Location"), want) {
			t.Errorf("try %d: %s, want %s", n, a.header.Get("Location"), want)
		}
	}
	if n := o.metrics(o.account(access.Grant{Role: access.Operator}))[`rollbook_http_refused_total{code="429"}`]; n != 2 {
		t.Errorf("%v tries are counted as refused, want 2", n)
	}
}

func TestProblemsSpeakTheLanguageThatIsAskedFor(t *testing.T) {
	o := open(t)
	token := o.account(access.Grant{Role: access.Clerk})
	for language, want := range map[string]func(web.Messages) string{
		"vi-VN,vi;q=0.9": func(m web.Messages) string { return m.VI }, "en": func(m web.Messages) string { return m.EN }, "fr": func(m web.Messages) string { return m.EN },
	} {
		a := o.ask(token, http.MethodGet, "/api/v1/reports/headcount?as_of=2023-02-29", "", "Accept-Language", language)
		p := a.problem(t)
		if a.status != http.StatusUnprocessableEntity || p.Field != "as_of" || p.Title != want(p.Messages) || p.Title == "" || strings.Contains(a.body, "2023-02-29") {
			t.Errorf("%s: %d %s", language, a.status, a.body)
		}
	}
	for name, value := range map[string]string{"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store"} {
		if got := o.ask(token, http.MethodGet, "/api/v1/me", "").header.Get(name); !strings.HasPrefix(got, value) {
			t.Errorf("%s is %q", name, got)
		}
	}
}
