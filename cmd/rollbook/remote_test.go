package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rollbook/web"
)

// tokenFor makes an account with grants, as "ROLE" or "ROLE ORGANISATION", and returns a
// file with a token of it.
func tokenFor(t *testing.T, dir string, grants ...string) string {
	t.Helper()
	do := func(into any, args ...string) {
		t.Helper()
		a := rollbook(t, nil, append([]string{"--data", dir, "--json", "access"}, args...)...)
		if a.exit != exitDone {
			t.Fatalf("access %v: %+v", args, a)
		}
		if err := json.Unmarshal([]byte(a.stdout), into); err != nil {
			t.Fatal(err)
		}
	}
	var account struct{ ID string }
	do(&account, "add", "Lò Thị Mẫu")
	for _, g := range grants {
		role, organisation, _ := strings.Cut(g, " ")
		do(&struct{}{}, append([]string{"grant", account.ID, role}, options("--organisation", organisation)...)...)
	}
	var made struct{ Token string }
	do(&made, "token", account.ID, "--days", "1")
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(made.Token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// options returns a flag with its value, nothing if that is "".
func options(flag, value string) []string {
	if value == "" {
		return nil
	}
	return []string{flag, value}
}

// moments are what two runs of a command do not have in common.
var moments = regexp.MustCompile(`"time":"[^"]*"`)

// What a command prints, writes and ends with is the same by --server as at home.
func TestACommandIsTheSameOverServerAsAtHome(t *testing.T) {
	dir, files := shortDir(t), t.TempDir()
	if a := rollbook(t, nil, "--data", dir, "import", filepath.Join("testdata", "office.ndjson")); a.exit != exitDone {
		t.Fatalf("import of the office: %+v", a)
	}
	file := func(name, text string) string {
		path := filepath.Join(files, name)
		if err := os.WriteFile(path, []byte(text), 0o600); text != "" && err != nil {
			t.Fatal(err)
		}
		return path
	}
	office := filepath.Join("testdata", "office.ndjson")
	broken := file("broken.ndjson", `{"type":"member.died","subject":"member/m9","effectiveon":"2022-02-31","data":{}}`+"\n")
	rated := []string{"record", "member.rated", "member/m1", "--effective-on", "2021-12-20", "--id", "r1", "--data"}
	commands := []struct {
		stdin string
		args  []string
		saved string
	}{
		{args: []string{"bundle", "member/m4", "--out", file("m4.bundle", "")}, saved: "m4.bundle"},
		{args: []string{"report", "headcount", "--by", "ethnicity,organisation", "--as-of", "2021-12-31"}},
		{args: []string{"report", "headcount", "--as-of", "2021-12-31", "--lang", "vi", "--drill"}},
		{args: []string{"report", "headcount", "--as-of", "2021-12-31", "--drill", "--json"}},
		{args: []string{"report", "headcount", "--as-of", "2021-12-31", "--format", "csv"}},
		{args: []string{"report", "headcount", "--as-of", "2021-12-31", "--output", file("headcount.csv", "")}, saved: "headcount.csv"},
		{args: []string{"report", "headcount", "--as-of", "2021-12-31", "--dated", "2022-01-05", "--output", file("headcount.pdf", "")}, saved: "headcount.pdf"},
		{args: []string{"report", "headcount", "--output", files}},
		{args: []string{"report", "headcount", "--output", filepath.Join(files, "none", "x.csv")}},
		{args: []string{"report", "headcount", "--by", "colour"}},
		{args: []string{"report", "headcount", "--known-at", "7", "--as-of", "2021-12-31"}},
		{args: []string{"report", "movements", "--from", "2020-12-31", "--to", "2021-12-31", "--children"}},
		{args: []string{"report", "indicators", "--year", "2021", "--organisation", "nam-ke"}},
		{args: []string{"report", "findings", "--as-of", "2021-12-31", "--lang", "vi"}},
		{args: []string{"report", "worklist", "--as-of", "2021-12-31"}},
		{args: []string{"report", "register", "--search", "giang do"}},
		{args: []string{"report", "register", "--json"}},
		{args: []string{"report", "structure", "--as-of", "2021-12-31", "--format", "csv"}},
		{args: []string{"explain", "headcount", "--from", "2020-12-31", "--to", "2021-12-31", "--by", "ethnicity"}},
		{args: []string{"explain", "movements", "--from", "2020-12-31", "--to", "2021-12-31", "--json"}},
		{args: []string{"explain", "indicators", "--from", "2020-12-31", "--to", "2021-12-31"}},
		{args: []string{"history", "member/m4"}},
		{args: []string{"history", "member/m4", "--json", "--lang", "vi"}},
		{args: []string{"history", "organisation/nam-ke", "--as-of", "2021-01-01"}},
		{args: []string{"history", "nobody"}},
		{args: []string{"events", "export"}},
		{args: []string{"events", "export", "--from", "3", "--to", "5", "--json"}},
		{args: []string{"events", "tail", "--until-end", "--organisation", "nam-ke"}},
		{args: []string{"events", "tail", "--until-end", "--type", "no.such"}},
		{args: []string{"checkpoint", "show"}},
		{args: []string{"checkpoint", "list", "--json"}},
		{args: []string{"checkpoint", "policy"}},
		{args: []string{"verify"}},
		{args: []string{"projections", "list"}},
		{args: []string{"import", office}},
		{args: []string{"import", office, office, "--json"}},
		{args: []string{"import", "-"}, stdin: read(t, "cmd", "rollbook", office)},
		{args: []string{"import", broken}},
		{args: []string{"import", broken, "--json"}},
		{args: []string{"import", filepath.Join(files, "none.ndjson")}},
		{args: []string{"import", files}},
		{args: []string{"import", office, "--mapping", filepath.Join(files, "none.json")}},
		{args: []string{"import", "--dry-run", file("sheet.csv", "a;b\n1;2\n")}},
		{args: append(rated, `{"year":2021,"grade":"so-so"}`)},
		{args: append(rated, `{"year":2021,"grade":"so-so"}`, "--json")},
		{args: append(rated, "-"), stdin: `{"year":2021,"grade":"good"}`},
		{args: append(rated, `{"year":2021,"grade":"good"}`)},
		{args: append(rated, `{"year":2021,"grade":"good"}`, "--json")},
		{args: []string{"report"}},
		{args: []string{"events", "types"}},
		{args: []string{"report", "headcount", "--no-such-flag"}},
	}
	warm := rollbook(t, nil, "--data", dir, "bundle", "member/m4", "--out", file("warm.bundle", "")) // it records an index
	if warm.exit != exitDone {
		t.Fatalf("bundle: %+v", warm)
	}
	away := shortDir(t)
	if err := errors.Join(os.CopyFS(away, os.DirFS(dir)), os.Chmod(filepath.Join(away, "master.key"), 0o600), os.Chmod(filepath.Join(away, "log.key"), 0o600)); err != nil {
		t.Fatal(err)
	}
	saved := func(name string) string {
		b, err := os.ReadFile(filepath.Join(files, name))
		if name == "" || errors.Is(err, fs.ErrNotExist) {
			return ""
		}
		if err := cmp.Or(err, os.Remove(filepath.Join(files, name))); err != nil {
			t.Fatal(err)
		}
		return string(b)
	}

	s := serveDirectory(t, away)
	token := tokenFor(t, away, "manager", "auditor", "operator")
	for _, c := range commands {
		run := func(where ...string) (answer, string) {
			a := rollbook(t, strings.NewReader(c.stdin), append(where, c.args...)...)
			a.stderr = moments.ReplaceAllString(a.stderr, "")
			return a, saved(c.saved)
		}
		home, written := run("--data", dir)
		got, came := run("--server", s.URL, "--token-file", token)
		if c.args[0] == "report" && strings.Contains(home.stderr, "none/x.csv") {
			got.stdout = "" // the service did not know that the file would not find its place
		}
		if got != home {
			t.Errorf("rollbook %s\nat home  %+v\n--server %+v", strings.Join(c.args, " "), home, got)
		}
		if c.saved != "" && (written == "" || came == "") || came != written && !strings.HasSuffix(c.saved, ".pdf") {
			t.Errorf("rollbook %s writes %d bytes at home and others, %d, over --server", strings.Join(c.args, " "), len(written), len(came))
		}
	}
}

// Rights hold by --server as they do by the interface.
func TestRightsHoldOverServer(t *testing.T) {
	dir := shortDir(t)
	if a := rollbook(t, nil, "--data", dir, "import", filepath.Join("testdata", "office.ndjson")); a.exit != exitDone {
		t.Fatalf("import of the office: %+v", a)
	}
	s := serveDirectory(t, dir)
	who := map[string]string{
		"a clerk of nam-ke": tokenFor(t, dir, "clerk nam-ke"), "an auditor": tokenFor(t, dir, "auditor"), "an operator": tokenFor(t, dir, "operator"), "nobody": tokenFor(t, dir),
	}
	period := "from=2020-12-31&to=2021-12-31"
	for _, c := range []struct{ command, method, route, body string }{
		{"report headcount --as-of 2021-12-31", "GET", "reports/headcount?as_of=2021-12-31", ""},
		{"report headcount --organisation nam-ke", "GET", "reports/headcount?organisation=nam-ke", ""},
		{"report headcount --organisation huoi-khon", "GET", "reports/headcount?organisation=huoi-khon", ""},
		{"report headcount --organisation thanh-tra", "GET", "reports/headcount?organisation=thanh-tra", ""},
		{"report headcount --organisation none", "GET", "reports/headcount?organisation=none", ""},
		{"report worklist --organisation nam-ke", "GET", "reports/worklist?organisation=nam-ke", ""},
		{"report worklist", "GET", "reports/worklist", ""},
		{"report register --organisation nam-ke", "GET", "reports/register?organisation=nam-ke", ""},
		{"report register --organisation thanh-tra", "GET", "reports/register?organisation=thanh-tra", ""},
		{"explain headcount --from 2020-12-31 --to 2021-12-31", "GET", "explain/headcount?" + period, ""},
		{"explain movements --from 2020-12-31 --to 2021-12-31 --organisation nam-ke", "GET", "explain/movements?organisation=nam-ke&" + period, ""},
		{"history member/m4", "GET", "members/m4/history", ""},
		{"history member/m2", "GET", "members/m2/history", ""},
		{"history member/none", "GET", "members/none/history", ""},
		{"history organisation/thanh-tra", "GET", "organisations/thanh-tra/history", ""},
		{"events export", "GET", "events", ""},
		{"events tail --until-end --organisation nam-ke", "GET", "events?organisation=nam-ke", ""},
		{"bundle member/m4 --out " + filepath.Join(t.TempDir(), "m4"), "GET", "bundles/m4", ""},
		{"bundle member/m2 --out " + filepath.Join(t.TempDir(), "m2"), "GET", "bundles/m2", ""},
		{"verify --log-only", "GET", "verify?log_only=true", ""},
		{"projections list", "GET", "projections", ""},
		{"checkpoint show", "GET", "checkpoint", ""},
		{`record member.died member/m3 --effective-on 2022-02-01 --id d3`, "POST", "events?dry_run=true", `{"type":"member.died","subject":"member/m3","effectiveon":"2022-02-01","data":{}}`},
		{`record member.died member/m2 --effective-on 2022-02-01 --id d2`, "POST", "events?dry_run=true", `{"type":"member.died","subject":"member/m2","effectiveon":"2022-02-01","data":{}}`},
	} {
		for name, token := range who {
			status, code := ask(t, s.URL+"/api/v1/"+c.route, c.method, c.body, token)
			a := rollbook(t, nil, append(strings.Fields(c.command), "--server", s.URL, "--token-file", token, "--json")...)
			want := map[int]int{http.StatusOK: exitDone, http.StatusForbidden: exitUsage, http.StatusNotFound: exitNotFound, http.StatusUnprocessableEntity: exitRejected}[status]
			if c.method == "POST" && status == http.StatusNotFound {
				want = exitRejected // as a file's line is
			}
			if strings.HasPrefix(c.command, "record member.died member/m3") && status == http.StatusOK {
				continue // it was tried only by the interface
			}
			if a.exit != want || status != http.StatusOK && !strings.Contains(a.stdout, `"code":"`+code+`"`) {
				t.Errorf("%s: `%s` ends with %d: %s%s\nthe interface answers %d %s", name, c.command, a.exit, a.stdout, a.stderr, status, code)
			}
		}
	}
	// Of who may see figures alone, small numbers would have to be withheld.
	reporter := tokenFor(t, dir, "reporter")
	if a := rollbook(t, nil, "report", "headcount", "--server", s.URL, "--token-file", reporter); a.exit != exitUsage || a.stdout != "" || !strings.Contains(a.stderr, "none of your rights") {
		t.Errorf("a reporter: %+v", a)
	}
	// Auditors see what is sealed as sealed.
	for _, command := range []string{"history member/m4", "report register", "events export"} {
		if a := rollbook(t, nil, append(strings.Fields(command), "--server", s.URL, "--token-file", who["an auditor"])...); a.exit != exitDone || strings.Contains(a.stdout, "Giàng") {
			t.Errorf("an auditor, %s: %+v", command, a)
		}
	}
	// Who records is the account of the token, and every reading is known.
	a := rollbook(t, nil, "record", "member.died", "member/m4", "--effective-on", "2022-03-01", "--actor", "somebody-else", "--server", s.URL, "--token-file", who["a clerk of nam-ke"])
	if a.exit != exitRejected || !strings.Contains(a.stderr, "actor") {
		t.Errorf("in the name of another: %+v", a)
	}
	clerk := []string{"--server", s.URL, "--token-file", who["a clerk of nam-ke"]}
	if a := rollbook(t, nil, append(clerk, "history", "organisation/nam-ke")...); a.exit != exitDone || !strings.Contains(a.stdout, "Nậm Kè") || strings.Contains(a.stdout, "Đảng bộ huyện") {
		t.Errorf("a clerk of nam-ke gets names of organisations that are not in it: %+v", a)
	}
	if a := rollbook(t, nil, append(clerk, "explain", "headcount", "--organisation", "nam-ke", "--from", "2020-12-31", "--to", "2021-12-31", "--format", "csv")...); a.exit != exitDone {
		t.Errorf("an explanation as csv: %+v", a)
	}
	readings := rollbook(t, nil, "--data", dir, "access", "readings", "--json")
	for _, what := range []string{"member_read", "register_read", "member_listed", "events_read", "bundle_taken", "verification_begun", `report_exported","subject":"explain-headcount csv`} {
		if !strings.Contains(readings.stdout, `"what":"`+what+`"`) {
			t.Errorf("%s is not in the log of readings: %s", what, readings.stdout)
		}
	}
}

// An interrupt ends a command that a service does, there and here.
func TestAnInterruptEndsACommandOverServer(t *testing.T) {
	dir := shortDir(t)
	if a := rollbook(t, nil, "--data", dir, "import", filepath.Join("testdata", "office.ndjson")); a.exit != exitDone {
		t.Fatalf("import of the office: %+v", a)
	}
	s := serveDirectory(t, dir)
	token := tokenFor(t, dir, "clerk")
	ctx, interrupt := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"events", "tail", "--server", s.URL, "--token-file", token}, nil, in, io.Discard)
		_ = in.Close()
	}()
	lines := bufio.NewReader(out)
	for range 15 {
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	record := rollbook(t, nil, "record", "member.died", "member/m3", "--effective-on", "2022-02-01", "--server", s.URL, "--token-file", token)
	if line, err := lines.ReadString('\n'); err != nil || record.exit != exitDone || !strings.Contains(line, `"type":"member.died"`) {
		t.Errorf("%+v, and then the tail has %s, %v", record, line, err)
	}
	interrupt()
	if exit := <-ended; exit != exitInterrupted {
		t.Errorf("after an interrupt: exit %d, want %d", exit, exitInterrupted)
	}
}

// ask asks the interface, and returns the status and the code of what is wrong.
func ask(t *testing.T, url, method, body, token string) (status int, code string) {
	t.Helper()
	text, err := os.ReadFile(token)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(text)))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var p web.Problem
	if answer.StatusCode != http.StatusOK {
		if err := json.NewDecoder(answer.Body).Decode(&p); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	return answer.StatusCode, p.Code
}

// What is wrong with the way to the service is told in both languages, with its exit
// code, and shows no token.
func TestAServerThatIsNotReached(t *testing.T) {
	const secret = "rb_ThisIsNoTokenThatAnybodyKnows"
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	token := file("token", secret, 0o600)
	says := func(status int, kind, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	problem := func(status int, code string) string {
		return says(status, "application/problem+json", `{"status":1,"code":"`+code+`","messages":{"en":"in English","vi":"bằng tiếng Việt"}}`)
	}
	trusted := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(trusted.Close)
	ca := file("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: trusted.Certificate().Raw})), 0o600)
	exit := 3
	for name, c := range map[string]struct {
		url   string
		more  []string
		exit  int
		token string
		says  string
	}{
		"nobody there":                  {url: "http://127.0.0.1:1", exit: exitUnreachable, says: "127.0.0.1:1"},
		"no address":                    {url: "rollbook.example", exit: exitUsage, says: "--server"},
		"with a password":               {url: "https://a:b@rollbook.example", exit: exitUsage, says: "--server"},
		"another machine in clear":      {url: "http://rollbook.example", exit: exitUsage, says: "https://"},
		"no token":                      {url: "http://127.0.0.1:1", exit: exitUsage, token: "-", says: "--token-file"},
		"a token that is not there":     {url: "http://127.0.0.1:1", exit: exitUsage, token: filepath.Join(dir, "none"), says: "--token-file"},
		"a token that others read":      {url: "http://127.0.0.1:1", exit: exitUsage, token: file("open", secret, 0o644), says: "chmod 600"},
		"no token in it":                {url: "http://127.0.0.1:1", exit: exitUsage, token: file("empty", "\n", 0o600), says: "rb_"},
		"a certificate of nobody":       {url: trusted.URL, exit: exitUnreachable, says: "--server-ca"},
		"a service that has no such":    {url: trusted.URL, more: []string{"--server-ca", ca}, exit: exitUnreachable, says: "404"},
		"a file without certificates":   {url: trusted.URL, more: []string{"--server-ca", token}, exit: exitUsage, says: "--server-ca"},
		"it leads elsewhere":            {url: says(http.StatusTemporaryRedirect, "text/html", "go on"), exit: exitUnreachable, says: "307"},
		"something else":                {url: says(http.StatusOK, "text/html", "hello"), exit: exitUnreachable, says: "200"},
		"a token that is not good":      {url: problem(http.StatusUnauthorized, "unauthorized"), exit: exitUsage, says: "rollbook access token"},
		"too many":                      {url: problem(http.StatusTooManyRequests, "too_many"), exit: exitUnreachable, says: "i"},
		"busy":                          {url: problem(http.StatusServiceUnavailable, "busy"), exit: exitUnreachable, says: "i"},
		"too large":                     {url: problem(http.StatusRequestEntityTooLarge, "too_large"), exit: exitUsage, says: "i"},
		"a defect":                      {url: problem(http.StatusInternalServerError, "internal"), exit: exitUnexpected, says: "i"},
		"it breaks off":                 {url: says(http.StatusOK, "application/x-ndjson", "{}\n"), exit: exitUnreachable, says: "EOF"},
		"a file that nobody asked for":  {url: says(http.StatusOK, "application/x-ndjson", `{"file":"/tmp/x","data":"eA=="}`), exit: exitUnreachable, says: "file"},
		"an exit code":                  {url: says(http.StatusOK, "application/x-ndjson", `{"exit":3}`), exit: exit},
		"a command that is not offered": {url: "http://127.0.0.1:1", more: []string{"backup"}, exit: exitUsage, says: "backup"},
		"a command of this machine":     {url: "http://127.0.0.1:1", more: []string{"access"}, exit: exitUsage, says: "access list"},
		"a ledger of this machine":      {url: "http://127.0.0.1:1", more: []string{"--data", dir}, exit: exitUsage, says: "--data"},
		"a database of this machine":    {url: "http://127.0.0.1:1", more: []string{"--database", "postgres://a:" + secret + "@b/c"}, exit: exitUsage, says: "--database"},
		"a place that is not there":     {url: "http://127.0.0.1:1", more: []string{"import"}, exit: exitUnexpected, says: "result.xlsx"},
		"a flag of this machine":        {url: "http://127.0.0.1:1", more: []string{"verify"}, exit: exitUsage, says: "--archive"},
	} {
		for _, lang := range []string{"en", "vi"} {
			args := []string{"report", "headcount"}
			switch c.says {
			case "result.xlsx":
				args = []string{"import", token, "--result", filepath.Join(dir, "none", "result.xlsx")}
			case "backup":
				args = []string{"backup", dir}
			case "access list":
				args = []string{"access", "list"}
			case "--archive":
				args = []string{"verify", "--archive", dir}
			default:
				args = append(args, c.more...)
			}
			args = append(args, "--server", c.url, "--lang", lang)
			if c.token != "-" {
				args = append(args, "--token-file", cmp.Or(c.token, token))
			}
			a := rollbook(t, nil, args...)
			if a.exit != c.exit || a.stdout != "" || c.says != "" && (!strings.Contains(a.stderr, c.says) || strings.Count(a.stderr, "\n") != 1) {
				t.Errorf("%s: %+v; want exit %d and %q", name, a, c.exit, c.says)
			}
			if strings.Contains(a.stderr, secret) {
				t.Errorf("%s shows the token: %s", name, a.stderr)
			}
		}
	}
	// Without a ledger there is nothing to ask for.
	if a := rollbook(t, nil, "version", "--server", "http://127.0.0.1:1"); a.exit != exitDone {
		t.Errorf("version: %+v", a)
	}
}
