package main

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"rollbook/eventstore/jetstream"
	"rollbook/eventstore/jetstream/natstest"
	"rollbook/internal/postgres/pgtest"
)

// typed is a command on a page, and what the page says that it writes.
type typed struct {
	line  string
	shows []string
}

var block = regexp.MustCompile("(?s)```(sh|console)\n(.*?)```")

// commandsOf returns the commands of a page: the lines of its sh blocks, and of its
// console blocks those behind "$ ".
func commandsOf(page string) (list []typed) {
	for _, b := range block.FindAllStringSubmatch(page, -1) {
		for line := range strings.Lines(b[2]) {
			line = strings.TrimSuffix(line, "\n")
			command, begins := strings.CutPrefix(line, "$ ")
			switch {
			case b[1] == "sh":
				list = append(list, typed{line: line})
			case begins:
				list = append(list, typed{line: command})
			default:
				list[len(list)-1].shows = append(list[len(list)-1].shows, line)
			}
		}
	}
	return list
}

// goesOn are the commands that go on until they are interrupted, and how they end then.
var goesOn = map[string]int{
	"rollbook serve":                           exitDone,
	"rollbook events tail":                     exitInterrupted,
	"go run ./docs/examples/subscriber":        exitUnexpected, // as go run says of whatever is interrupted
	"./docs/examples/subscriber/subscriber.sh": exitInterrupted,
	"curl -N": exitInterrupted,
}

// reader is somebody who does what a page says, in a directory of their own.
type reader struct {
	t    *testing.T
	dir  string
	env  []string
	here []string // what stands on pages, and what is in its place here
}

// newReader returns a reader of pages who has the repository, and for whom the ledger is
// in a directory.
func newReader(t *testing.T, data string, here ...string) *reader {
	t.Helper()
	dir := t.TempDir()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"mnt/anchor", "mnt/backup", "mnt/safe", "mnt/usb", "etc/rollbook", "bin"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, there := range map[string]string{"go.mod": "", "go.sum": "", "docs": "", "deploy": "", "rollbook-data": data} {
		if err := os.Symlink(cmp.Or(there, filepath.Join(root, name)), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	here = append(here, " /mnt/", " "+dir+"/mnt/", " /etc/rollbook/", " "+dir+"/etc/rollbook/")
	return &reader{t: t, dir: dir, here: here, env: append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "LC_ALL=C", "TZ=UTC",
		"PATH="+filepath.Join(dir, "bin")+string(filepath.ListSeparator)+os.Getenv("PATH"), "ROLLBOOK_DATA="+data)}
}

// rollbook runs our program as what the office has done before.
func (r *reader) rollbook(args string, more ...string) {
	r.t.Helper()
	r.do(typed{line: strings.Join(append([]string{"rollbook", args}, more...), " ")})
}

// do runs a command in a shell and returns what it writes, which begins with what the
// page shows. One that goes on is interrupted when it has written that, or a line.
func (r *reader) do(c typed) string {
	r.t.Helper()
	line := strings.NewReplacer(r.here...).Replace(c.line)
	cmd := exec.CommandContext(r.t.Context(), "sh", "-c", "trap : INT\n"+line) // an interrupt is the program's, whose end the shell tells
	cmd.Dir, cmd.Env = r.dir, r.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		r.t.Fatal(err)
	}
	want, endless := exitDone, false
	for begin, exit := range goesOn {
		if strings.HasPrefix(c.line, begin) {
			want, endless = exit, true
		}
	}
	late := time.AfterFunc(20*time.Second, func() { _ = cmd.Cancel() }) // for what never comes
	defer late.Stop()
	var text strings.Builder
	lines := bufio.NewReader(out)
	for n := 0; ; n++ {
		if endless && n == max(1, len(c.shows)) {
			err = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
		}
		var line string
		if err == nil {
			line, err = lines.ReadString('\n')
		}
		if n < len(c.shows) && strings.TrimSuffix(line, "\n") != c.shows[n] {
			r.t.Errorf("%s\nwrites %q, and the page shows %q", c.line, line, c.shows[n])
		}
		text.WriteString(line)
		if err != nil {
			break
		}
	}
	if !errors.Is(err, io.EOF) {
		r.t.Fatal(err)
	}
	err = cmd.Wait()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		r.t.Fatal(err)
	}
	got := cmd.ProcessState.ExitCode()
	if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		got = 128 + int(s.Signal())
	}
	if got != want {
		r.t.Fatalf("%s\nends with %d, want %d: %s\n%s", c.line, got, want, &text, &stderr)
	}
	return text.String()
}

// put gives the reader a file.
func (r *reader) put(name, from string) {
	r.t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		r.t.Fatal(err)
	}
	r.write(name, b)
}

func (r *reader) write(name string, b []byte) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), b, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// handbooks are the pages that have commands, and who does what they say.
var handbooks = map[string]func(t *testing.T, page string){
	"configuration.md":       inTheRepository,
	"handbook-auditor.md":    theAuditor,
	"handbook-clerk.md":      theClerk,
	"handbook-clerk.vi.md":   theClerk,
	"handbook-operator.md":   theOperator,
	"handbook-subscriber.md": theSubscriber,
	"http.md":                theProgrammer,
}

// What every page says is done, in its order, each command of it.
func TestHandbooks(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		name := filepath.Base(file)
		text := read(t, "docs", name)
		if len(commandsOf(text)) == 0 {
			continue
		}
		found++
		does := handbooks[name]
		if does == nil {
			t.Errorf("docs/%s has commands that nobody tries", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			does(t, text)
		})
	}
	if found != len(handbooks) {
		t.Errorf("%d pages have commands, %d are tried", found, len(handbooks))
	}
}

func inTheRepository(t *testing.T, page string) {
	r := newReader(t, shortDir(t))
	for _, c := range commandsOf(page) {
		r.do(c)
	}
}

func theClerk(t *testing.T, page string) {
	r := newReader(t, office(t))
	for _, c := range commandsOf(page) {
		r.do(c)
	}
}

// The auditor visits a ledger on NATS servers, of which they have a mirror, and then has
// nothing but what they took along.
func theAuditor(t *testing.T, page string) {
	server, err := jetstream.Serve(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	r := newReader(t, filepath.Join(t.TempDir(), "data"), "tls://copy.auditor.example:4222", server.URL())
	home := append(slices.Clone(r.env), "ROLLBOOK_DATA="+filepath.Join(r.dir, "none"))
	r.env = append(r.env, "ROLLBOOK_NATS="+server.URL())
	r.rollbook("nats init")
	r.put("office.ndjson", filepath.Join("testdata", "office.ndjson"))
	r.rollbook("import office.ndjson --anchor kept.txt")
	if err := server.Copy(t.Context(), "COPY", true); err != nil {
		t.Fatal(err)
	}
	visit, away, found := strings.Cut(page, "\n## Check, anywhere, offline\n")
	if !found {
		t.Fatal("the page does not say what is done offline")
	}
	for _, c := range commandsOf(visit) {
		r.do(c)
	}
	r.env = home
	for _, c := range commandsOf(away) {
		if out := r.do(c); !strings.HasPrefix(c.line, "rollbook witness ") && !strings.HasSuffix(out, "VERIFIED\n") {
			t.Errorf("%s\nwrites %s", c.line, out)
		}
	}
}

// The operator has the keys and a file of checkpoints outside the data directory, and a
// server and a database to move to.
func theOperator(t *testing.T, page string) {
	d := natstest.Deploy(t, filepath.Join("..", "..", "deploy", "nats"), 1)
	r := newReader(t, shortDir(t), "tls://n1:4222,tls://n2:4222,tls://n3:4222", d.URL, "postgres://rollbook@db/rollbook", "'"+pgtest.Database(t)+"'")
	r.put("ca.pem", d.CA)
	r.put("deploy.nk", d.Key("deploy"))
	r.env = append(r.env, "ROLLBOOK_LISTEN=127.0.0.1:0", "ROLLBOOK_MASTER_KEY="+filepath.Join(r.dir, "etc/rollbook/master.key"), "ROLLBOOK_ANCHORS="+filepath.Join(r.dir, "mnt/anchor/checkpoints"))
	r.put("office.ndjson", filepath.Join("testdata", "office.ndjson"))
	r.put("etc/rollbook/oidc-secret", filepath.Join("testdata", "office.ndjson")) // a provider that does not answer gets to see it never
	r.rollbook("import office.ndjson")
	alone, rest, _ := strings.Cut(page, "\n## Several instances\n")
	several, backups, found := strings.Cut(rest, "\n## Backups\n")
	if !found {
		t.Fatal("the page does not say how several instances share the work, and then how backups are made")
	}
	theOperatorOfSeveral(t, several)
	for _, c := range commandsOf(alone + backups) {
		if account := accountID.FindString(r.do(c)); account != "" {
			r.here = append(r.here, "u-abc", account)
		}
	}
}

// theOperatorOfSeveral has instances that share a ledger, each in a directory of its own.
func theOperatorOfSeveral(t *testing.T, page string) {
	n := shareALedger(t)
	for _, name := range []string{"projector", "feed", "api"} {
		n.join(name)
	}
	r := newReader(t, n.dir("auditor"), "/var/lib/rollbook/", n.root+"/")
	for i := 0; i < len(n.shared); i += 2 {
		name := map[string]string{"--nats": "NATS", "--database": "DATABASE", "--master-key": "MASTER_KEY", "--anchor": "ANCHORS"}[n.shared[i]]
		r.env = append(r.env, "ROLLBOOK_"+name+"="+n.shared[i+1])
	}
	for port := 8080; port < 8084; port++ {
		r.here = append(r.here, fmt.Sprintf("--listen 127.0.0.1:%d", port), "--listen 127.0.0.1:0")
	}
	commands := commandsOf(page)
	if len(commands) != 5 {
		t.Errorf("%d commands, want the policy and four instances", len(commands))
	}
	for _, c := range commands {
		if out := r.do(c); strings.HasSuffix(c.line, "policy") && out != n.policy {
			t.Errorf("%s\nwrites %s, and instances join with %s", c.line, out, n.policy)
		}
	}
}

var accountID = regexp.MustCompile(`\bu-[a-z0-9]{16}\b`)

// theSubscriber has a login of the servers of deploy/nats, and a token of the service.
func theSubscriber(t *testing.T, page string) {
	d, dir := natstest.Deploy(t, filepath.Join("..", "..", "deploy", "nats"), 1), shortDir(t)
	r := newReader(t, dir, "tls://n1:4222", d.URL)
	r.put("subscriber.nk", d.Key("subscriber"))
	r.put("ca.pem", d.CA)
	r.compiles()
	servers := []string{"--nats", d.URL, "--nats-ca", d.CA}
	for _, args := range [][]string{
		{"nats", "init", "--nkey", d.Key("deploy")},
		{"nats", "init", "--feed", "--feed-nkey", d.Key("deploy_feed")},
		{"import", filepath.Join("testdata", "office.ndjson"), "--nkey", d.Key("writer")},
	} {
		if a := rollbook(t, nil, append(append(args, servers...), "--data", dir)...); a.exit != exitDone {
			t.Fatalf("%v: %+v", args, a)
		}
	}
	r.serves(dir, append(servers, "--nkey", d.Key("writer"), "--feed-nkey", d.Key("publisher"))...)
	for _, c := range commandsOf(page) {
		out := r.do(c)
		if strings.Contains(c.line, "from=13") && !strings.Contains(out, `"sequence":"13"`) {
			t.Errorf("%s\nwrites %s", c.line, out)
		}
		if strings.HasPrefix(c.line, "nats consumer next") && strings.Count(out, `"specversion"`) != 3 {
			t.Errorf("%s\nwrites %s", c.line, out)
		}
	}
	// What was done is behind the place, and what comes next is in front of it.
	if err := os.WriteFile(filepath.Join(r.dir, "done"), []byte("13\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.do(typed{"./docs/examples/subscriber/subscriber.sh 'ledger-feed.member.>' done", []string{"14 2021-07-01 member.transferred member/m3 huoi-khon"}})
}

// theProgrammer reaches a service by its socket and from another machine.
func theProgrammer(t *testing.T, page string) {
	dir := office(t)
	r := newReader(t, dir)
	s := r.serves(dir)
	r.here = append(r.here, "--server https://rollbook.example", "--server "+s.URL)
	r.env = append(r.env, "ROLLBOOK_SERVER_CA="+filepath.Join(r.dir, "cert.pem"))
	for _, c := range commandsOf(page) {
		r.do(c)
	}
}

// compiles gives the reader the nats command line, and lets them compile what they have.
func (r *reader) compiles() {
	r.t.Helper()
	tool := exec.CommandContext(r.t.Context(), "go", "tool", "-modfile=natscli.mod", "-n", "nats")
	tool.Dir = filepath.Join("..", "..")
	nats, err := tool.Output()
	if err == nil {
		err = os.Symlink(strings.TrimSpace(string(nats)), filepath.Join(r.dir, "bin", "nats"))
	}
	if err != nil {
		r.t.Fatalf("the nats command line: %v", err)
	}
	for _, name := range []string{"GOCACHE", "GOMODCACHE"} { // which are in a home otherwise
		value, err := exec.CommandContext(r.t.Context(), "go", "env", name).Output()
		if err != nil {
			r.t.Fatal(err)
		}
		r.env = append(r.env, name+"="+strings.TrimSpace(string(value)))
	}
}

// serves serves a ledger to the reader as https://rollbook.example, with a clerk's token
// for them.
func (r *reader) serves(dir string, args ...string) served {
	r.t.Helper()
	program(r.t, "curl", "")
	cert, key := selfSigned(r.t, "rollbook.example")
	r.write("cert.pem", cert)
	r.write("key.pem", key)
	s := serveDirectory(r.t, dir, append(args, "--tls-cert", filepath.Join(r.dir, "cert.pem"), "--tls-key", filepath.Join(r.dir, "key.pem"))...)
	r.write(".curlrc", fmt.Appendf(nil, "silent\nshow-error\nfail\ncacert = %q\nconnect-to = \"rollbook.example:443:%s\"\n", filepath.Join(r.dir, "cert.pem"), strings.TrimPrefix(s.URL, "https://")))
	file := tokenFor(r.t, dir, "clerk")
	token, err := os.ReadFile(file)
	if err != nil {
		r.t.Fatal(err)
	}
	r.write("rollbook.token", token)
	r.env = append(r.env, "TOKEN="+strings.TrimSpace(string(token)))
	return s
}
