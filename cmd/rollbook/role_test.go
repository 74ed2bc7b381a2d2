package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"rollbook/eventstore/jetstream"
	"rollbook/internal/postgres/pgtest"
)

// instances are services that share one ledger.
type instances struct {
	t      *testing.T
	root   string   // a data directory for each below it
	shared []string // flags that all have
	policy string   // of the auditor
}

// shareALedger imports the office into a ledger on servers, at the instance that will
// sign.
func shareALedger(t *testing.T) *instances {
	t.Helper()
	server := startServer(t)
	n := &instances{t: t, root: filepath.Dir(shortDir(t))}
	n.shared = []string{"--nats", server, "--database", pgtest.Database(t), "--master-key", n.dir("master.key"), "--anchor", n.dir("anchor")}
	for _, args := range [][]string{{"nats", "init"}, {"nats", "init", "--feed"}, {"import", filepath.Join("testdata", "office.ndjson")}} {
		if a := n.alone("auditor", args...); a.exit != exitDone {
			t.Fatalf("%v: %+v", args, a)
		}
	}
	n.policy = n.alone("auditor", "checkpoint", "policy").stdout
	return n
}

func (n *instances) dir(name string) string { return filepath.Join(n.root, name) }

func (n *instances) flags(name string, args ...string) []string {
	return append(append([]string{"--data", n.dir(name)}, n.shared...), args...)
}

// alone does a command at an instance whose service does not run.
func (n *instances) alone(name string, args ...string) answer {
	n.t.Helper()
	return rollbook(n.t, strings.NewReader(""), n.flags(name, args...)...)
}

// run does a command at an instance, in a process: a service takes over no other.
func (n *instances) run(name string, args ...string) answer {
	n.t.Helper()
	return n.runAs("", name, args...)
}

// runAs is run with a role in the environment, "" for none.
func (n *instances) runAs(role, name string, args ...string) answer {
	n.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(n.t.Context(), "rollbook", n.flags(name, args...)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = append(os.Environ(), "ROLLBOOK_ROLE="+role)
	err := cmd.Run()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		n.t.Errorf("%v: %v", args, err)
	}
	return answer{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// join makes the data directory of another instance, as docs/handbook-operator.md says.
func (n *instances) join(name string) {
	n.t.Helper()
	identity, err := os.ReadFile(filepath.Join(n.dir("auditor"), "ledger.json"))
	if err == nil {
		err = os.Mkdir(n.dir(name), 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(n.dir(name), "ledger.json"), identity, 0o600)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(n.dir(name), "policy"), []byte(n.policy), 0o600)
	}
	if err != nil {
		n.t.Fatalf("join %s: %v", name, err)
	}
}

// serve starts an instance in this process.
func (n *instances) serve(name, role string, args ...string) served {
	n.t.Helper()
	return serveDirectory(n.t, n.dir(name), slices.Concat(n.shared, []string{"--role", role}, args)...)
}

// spawn starts an instance in a process of its own, and returns what kills it.
func (n *instances) spawn(name, role string, args ...string) (kill func()) {
	n.t.Helper()
	cmd := exec.CommandContext(n.t.Context(), "rollbook", n.flags(name, append([]string{"--json", "serve", "--listen", "127.0.0.1:0", "--role", role}, args...)...)...)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		n.t.Fatal(err)
	}
	kill = func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	}
	n.t.Cleanup(kill)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.Contains(line, `"roles":["`+role+`"]`) {
		n.t.Fatalf("%s began with %q, %v", name, line, err)
	}
	return kill
}

// request sends a request and returns the status and the body.
func request(t *testing.T, client *http.Client, method, address, body string, head ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	a, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(text)
}

// eventually asks until it is so, or the test has taken too long.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); {
		if time.Now().After(end) {
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

// badge is an event of m1 that does not rest on others like it.
func badge(n int) string {
	return fmt.Sprintf(`{"id":"badge-%[1]d","type":"member.rated","subject":"member/m%[2]d","effectiveon":"%[3]d-12-20","data":{"year":%[3]d,"grade":"good"}}`, n, 1+2*(n%2), 2020+n/2)
}

// record records an event, and again as long as somebody else was first.
func record(ctx context.Context, at, event string, head []string) error {
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, at+"/api/v1/events", strings.NewReader(event))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(head[0], head[1])
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(a.Body)
		if err = errors.Join(err, a.Body.Close()); err != nil || a.StatusCode < 300 {
			return err
		}
		if a.StatusCode != http.StatusConflict {
			return fmt.Errorf("%s: %d %s", event, a.StatusCode, text)
		}
	}
}

// Instances with one role each share the work of one ledger: what is recorded at one is
// counted by others, signed by another, published by another, and read at yet another,
// with the same token and in the same session.
func TestInstancesShareTheWork(t *testing.T) {
	t.Parallel() // processes wait for each other
	n := shareALedger(t)
	for _, name := range []string{"api", "second", "projector", "spare", "feed"} {
		n.join(name)
	}
	examined := func(name, role string, exit int, says string) {
		t.Helper()
		if a := n.runAs(role, name, "doctor"); a.exit != exit || !strings.Contains(a.stdout, says) {
			t.Errorf("doctor of %s as %s: %+v; want exit %d and %q", name, role, a, exit, says)
		}
	}
	examined("api", "api", exitDone, "WARN  tree         there is none yet")
	false15, false16 := n.forge()
	n.refuses(false15, false16)
	without := []string{"--master-key", n.dir("none")} // who signs and who publishes opens nothing
	kill := n.spawn("auditor", "auditor", without...)
	first, second := n.serve("api", "api"), n.serve("second", "api")
	projector, spare, feed := n.serve("projector", "projector"), n.serve("spare", "projector"), n.serve("feed", "feed", without...)

	// Accounts, tokens and sessions are everywhere.
	account := struct{ ID string }{}
	var made struct{ Token, Path string }
	for _, step := range []struct {
		at   string
		into any
		args []string
	}{
		{"api", &account, []string{"add", "Lò Thị Mẫu"}},
		{"second", &struct{}{}, []string{"grant", "", "manager"}},
		{"api", &made, []string{"token", "", "--days", "1"}},
		{"second", &made, []string{"invite", ""}},
	} {
		if len(step.args) > 1 && step.args[1] == "" {
			step.args[1] = account.ID
		}
		a := n.alone(step.at, append([]string{"access", "--json"}, step.args...)...)
		if err := json.Unmarshal([]byte(a.stdout), step.into); err != nil || a.exit != exitDone {
			t.Fatalf("access %v: %+v, %v", step.args, a, err)
		}
	}
	token := []string{"Authorization", "Bearer " + made.Token}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	person := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	fields := url.Values{"account": {"mau"}, "password": {"một mật khẩu đủ dài"}}.Encode()
	if status, body := request(t, person, http.MethodPost, first.URL+made.Path, fields, "Content-Type", "application/x-www-form-urlencoded"); status != http.StatusSeeOther {
		t.Fatalf("the link of an account that another instance made: %d %s", status, body)
	}
	if status, body := request(t, person, http.MethodGet, second.URL+"/api/v1/reports/headcount", ""); status != http.StatusOK {
		t.Errorf("a session that another instance began: %d %s", status, body)
	}

	// Facts that two instances record at the same time, while two others count.
	var g errgroup.Group
	for i := range 60 {
		at := []served{first, second}[(i/2+i/40)%2] // a third of them twice, each time at another instance
		g.Go(func() error { return record(t.Context(), at.URL, badge(i%40), token) })
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	var last struct{ Position uint64 }
	for _, at := range []served{first, second} {
		status, body := request(t, http.DefaultClient, http.MethodGet, at.URL+"/api/v1/reports/ratings?year=2021&as_of=2040-12-31", "", token...)
		if err := json.Unmarshal([]byte(body), &last); err != nil || status != http.StatusOK || last.Position != 15+40 {
			t.Errorf("what was recorded at two instances, read at one: %d %s, %v; want position 55", status, body, err)
		}
	}
	if a := n.run("api", "projections", "diff"); a.exit != exitDone {
		t.Errorf("two projectors at once have counted something else than the log has: %+v", a)
	}
	// Both have the right position, and say which role they judge.
	for _, at := range []struct {
		served
		role string
	}{{first, "api"}, {projector, "projector"}, {spare, "projector"}, {feed, "feed"}} {
		var ready struct {
			Status   string
			Roles    []string
			Problems []string
		}
		eventually(t, at.role+" is ready", func() bool {
			status, body := request(t, http.DefaultClient, http.MethodGet, at.URL+"/readyz", "")
			return json.Unmarshal([]byte(body), &ready) == nil && status == http.StatusOK
		})
		if !slices.Equal(ready.Roles, []string{at.role}) {
			t.Errorf("%s is ready as %+v", at.role, ready)
		}
		if status, body := request(t, http.DefaultClient, http.MethodGet, at.URL+"/metrics", ""); status != http.StatusOK ||
			!strings.Contains(body, `rollbook_role{role="`+at.role+`"} 1`) || !strings.Contains(body, `rollbook_role{role="auditor"} 0`) {
			t.Errorf("the metrics of %s: %d %s", at.role, status, body)
		}
		want := http.StatusNotFound
		if at.role == "api" {
			want = http.StatusOK
		}
		for _, path := range []string{"/openapi.json", "/sign-in"} {
			if status, body := request(t, http.DefaultClient, http.MethodGet, at.URL+path, ""); status != want {
				t.Errorf("GET %s at %s: %d %.200s, want %d", path, at.role, status, body, want)
			}
		}
	}

	// The auditor signs, also after it was killed, and the others see it.
	signed := func(at served) (size uint64) {
		status, body := request(t, http.DefaultClient, http.MethodGet, at.URL+"/api/v1/checkpoint", "", token...)
		var c struct{ Size uint64 }
		if err := json.Unmarshal([]byte(body), &c); err != nil || status != http.StatusOK {
			t.Fatalf("the checkpoint: %d %s", status, body)
		}
		return c.Size
	}
	if got := signed(first); got != 15 {
		t.Errorf("before anything more was signed, the newest checkpoint is of %d records, want 15", got)
	}
	kill()
	if status, body := request(t, http.DefaultClient, http.MethodGet, first.URL+"/readyz", ""); status != http.StatusOK {
		t.Errorf("without the auditor: %d %s", status, body)
	}
	if a := n.run("api", "checkpoint", "sign"); a.exit != exitEvidence || !strings.Contains(a.stderr, "auditor") {
		t.Errorf("checkpoint sign at an instance that does not: %+v", a)
	}
	n.spawn("auditor", "auditor", without...)
	if a := n.run("auditor", "checkpoint", "sign", "--json"); a.exit != exitDone || !strings.Contains(a.stdout, `"size":55`) {
		t.Errorf("checkpoint sign at the auditor, started again: %+v", a)
	}
	if got := signed(second); got != 55 {
		t.Errorf("at an instance that does not sign, the newest checkpoint is of %d records, want 55", got)
	}
	// A proof that needs another signature waits for it.
	bundle := make(chan answer, 1)
	go func() { bundle <- n.run("second", "bundle", "member/m1", "--out", n.dir("m1.bundle"), "--json") }()
	for done := false; !done; {
		select {
		case a := <-bundle:
			if done = true; a.exit != exitDone {
				t.Errorf("bundle: %+v", a)
			}
		default:
			if a := n.run("auditor", "checkpoint", "sign"); a.exit != exitDone {
				t.Fatalf("checkpoint sign: %+v", a)
			}
		}
	}
	if a := n.run("auditor", "check", n.dir("m1.bundle"), "--policy", filepath.Join(n.dir("second"), "policy")); a.exit != exitDone {
		t.Errorf("check of the bundle: %+v", a)
	}

	// The feed has every record.
	published, err := jetstream.OpenFeed(t.Context(), jetstream.Config{URL: n.shared[1]})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = published.Close() }()
	eventually(t, "the feed has all records", func() bool {
		at, err := published.Last(context.WithoutCancel(t.Context()))
		return err == nil && at >= 55
	})

	examined("api", "api", exitDone, "PASS  signer       the instance with the role auditor signs")
	examined("auditor", "auditor", exitDone, "PASS  roles        a service here does: auditor")
	examined("auditor", "auditor", exitDone, "PASS  master_key   there is none, and auditor needs none")

	// Evidence against the log that comes while it runs stops an instance from recording.
	write(t, n.dir("anchor"), contents(t, n.dir("anchor"))+false16)
	if status, body := request(t, http.DefaultClient, http.MethodGet, first.URL+"/api/v1/checkpoint", "", token...); status == http.StatusOK {
		t.Errorf("a checkpoint of another log is shown: %s", body)
	}
	if status, body := request(t, http.DefaultClient, http.MethodPost, first.URL+"/api/v1/events", badge(50), append(token, "Content-Type", "application/json")...); status < 500 {
		t.Errorf("record beside evidence against the log: %d %s", status, body)
	}
	if status, body := request(t, http.DefaultClient, http.MethodGet, first.URL+"/readyz", ""); status != http.StatusServiceUnavailable || !strings.Contains(body, "nothing can be recorded") {
		t.Errorf("ready beside evidence against the log: %d %s", status, body)
	}

	examined("api", "api", exitUnhealthy, "FAIL  anchors      CHECKPOINT_ROLLBACK")

	// One service to a data directory, and no key of the log but the auditor's.
	if a := n.alone("api", "serve", "--listen", "127.0.0.1:0", "--role", "api"); a.exit != exitUnreachable || !strings.Contains(a.stderr, "data directory of its own") {
		t.Errorf("a second service in one data directory: %+v", a)
	}
	for _, s := range []served{feed, second, first, spare, projector} {
		if exit := s.end(); exit != exitDone {
			t.Errorf("an instance ended with %d", exit)
		}
	}
	if a := n.alone("api", "report", "headcount"); a.exit != exitDone {
		t.Errorf("a report at an instance whose service has ended: %+v", a)
	}
	for _, name := range []string{"api", "second", "projector", "spare", "feed"} {
		for _, key := range []string{"log.key", "signer.json", "reports.key", "models.db", "access.db"} {
			if _, err := os.Stat(filepath.Join(n.dir(name), key)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s has a %s: %v", name, key, err)
			}
		}
	}
}

// forge makes another log, which somebody signs who has the key of the log, and returns
// what was signed of 15 records and then of 16.
func (n *instances) forge() (of15, of16 string) {
	n.t.Helper()
	f := &instances{t: n.t, root: n.dir("forged")}
	f.shared = []string{"--nats", startServer(n.t), "--master-key", n.dir("master.key"), "--anchor", f.dir("anchor")}
	if err := os.MkdirAll(f.dir("auditor"), 0o700); err != nil {
		n.t.Fatal(err)
	}
	for _, name := range []string{"ledger.json", "log.key"} {
		write(n.t, filepath.Join(f.dir("auditor"), name), contents(n.t, filepath.Join(n.dir("auditor"), name)))
	}
	more := f.dir("16.ndjson")
	write(n.t, more, badge(1)+"\n")
	var anchors []string
	for _, args := range [][]string{{"nats", "init"}, {"import", filepath.Join("testdata", "office.ndjson")}, {"import", more}} {
		if a := f.alone("auditor", args...); a.exit != exitDone {
			n.t.Fatalf("%v: %+v", args, a)
		}
		if args[0] == "import" {
			anchors = append(anchors, contents(n.t, f.dir("anchor")))
		}
	}
	return anchors[0], anchors[1]
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func contents(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// refuses checks that an instance does not start with nothing to hold the log against,
// or with evidence against it.
func (n *instances) refuses(false15, false16 string) {
	n.t.Helper()
	anchor, policy := n.dir("anchor"), filepath.Join(n.dir("api"), "policy")
	true15 := contents(n.t, anchor)
	for name, c := range map[string]struct {
		anchor, policy string
		exit           int
		says           string
	}{
		"no anchor":                  {"", n.policy, exitEvidence, "no checkpoint is at --anchor"},
		"an anchor that is none":     {"thằng quỷ\n", n.policy, exitEvidence, "no checkpoint is at --anchor"},
		"one of another key":         {strings.ReplaceAll(true15, "\n— ", "\n— x"), n.policy, exitEvidence, "no anchor can be read"},
		"a log that was exchanged":   {false15, n.policy, exitEvidence, "SPLIT_VIEW"},
		"a log that was cut":         {false16, n.policy, exitEvidence, "CHECKPOINT_ROLLBACK"},
		"a policy that is no policy": {true15, "thằng quỷ\n", exitUsage, "policy"},
		"no policy":                  {true15, "", exitUsage, "rollbook checkpoint policy"},
	} {
		write(n.t, anchor, c.anchor)
		write(n.t, policy, c.policy)
		if c.policy == "" {
			if err := os.Remove(policy); err != nil {
				n.t.Fatal(err)
			}
		}
		if a := n.alone("api", "serve", "--listen", "127.0.0.1:0", "--role", "api"); a.exit != c.exit || !strings.Contains(a.stderr, c.says) {
			n.t.Errorf("%s: %+v; want exit %d and %q", name, a, c.exit, c.says)
		}
	}
	write(n.t, anchor, true15)
	write(n.t, policy, n.policy)
}

// What cannot be shared is refused before anything is made.
func TestARoleThatCannotBe(t *testing.T) {
	const all = "api,projector,auditor,feed"
	dir := filepath.Join(t.TempDir(), "data")
	shared := []string{"--nats", "nats://127.0.0.1:1", "--database", "postgres://127.0.0.1:1/none", "--anchor", filepath.Join(t.TempDir(), "anchor")}
	for name, c := range map[string]struct {
		args []string
		exit int
		says string
	}{
		"an unknown role":        {[]string{"--role", "clerk"}, exitUsage, all},
		"an unknown one of two":  {[]string{"--role", "api,"}, exitUsage, all},
		"with an embedded log":   {[]string{"--role", "projector"}, exitUsage, "--nats, --database, --anchor"},
		"without a database":     {append([]string{"--role", "api"}, shared[:2]...), exitUsage, "--database, --anchor"},
		"without an anchor":      {append([]string{"--role", "auditor"}, shared[:4]...), exitUsage, "--anchor"},
		"where there is no file": {append([]string{"--role", "feed"}, shared...), exitNotFound, "ledger.json"},
	} {
		for _, lang := range []string{"en", "vi"} {
			a := rollbook(t, nil, append([]string{"--data", dir, "--lang", lang, "serve", "--listen", "127.0.0.1:0"}, c.args...)...)
			if a.exit != c.exit || !strings.Contains(a.stderr, c.says) {
				t.Errorf("%s (%s): %+v; want exit %d and %q", name, lang, a, c.exit, c.says)
			}
		}
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("%s: a ledger was made", name)
		}
	}
	file := filepath.Join(t.TempDir(), "rollbook.yaml")
	for text, exit := range map[string]int{
		"service: {role: clerk}": exitUsage, "service: {role: [api, clerk]}": exitUsage, "service: {role: [api, feed]}": exitDone, `service: {role: "projector"}`: exitDone,
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if a := rollbook(t, nil, "config", "check", file); a.exit != exit {
			t.Errorf("config check of %s: %+v, want exit %d", text, a, exit)
		}
	}
	if a := rollbook(t, nil, "config", "show", "--json"); !strings.Contains(a.stdout, `{"key":"service.role","value":"`+all+`","from":"default"`) {
		t.Errorf("config show: %+v", a)
	}
}
