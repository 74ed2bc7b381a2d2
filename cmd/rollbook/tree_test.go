package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"rollbook/eventstore/jetstream"
)

// examples is one invocation of every command, on the small office. A command
// without one fails the test.
var examples = map[string][]string{
	"import":                {"testdata/office.ndjson"},
	"template list":         {},
	"template mapping":      {"register"},
	"template write":        {"register"}, // with a file: see below
	"record":                {"member.rated", "member/m1", "--effective-on", "2021-12-20", "--data", `{"year":2021,"grade":"good"}`},
	"history":               {"member/m4"},
	"report headcount":      {"--by", "ethnicity,organisation"},
	"report movements":      {"--from", "2020-12-31", "--to", "2021-12-31"},
	"report indicators":     {"--year", "2021", "--children"},
	"report worklist":       {"--as-of", "2021-12-31"},
	"report register":       {"--search", "a"},
	"report structure":      {"--as-of", "2021-12-31", "--children"},
	"report admissions":     {"--from", "2020-12-31", "--to", "2021-12-31"},
	"report ratings":        {"--year", "2021"},
	"report villages":       {"--as-of", "2021-12-31"},
	"report discipline":     {"--from", "2020-12-31", "--to", "2021-12-31"},
	"report confirmations":  {"--from", "2020-12-31", "--to", "2021-12-31"},
	"report badges":         {"--from", "2020-12-31", "--to", "2021-12-31"},
	"explain headcount":     {"--from", "2020-12-31", "--to", "2021-12-31", "--by", "ethnicity"},
	"explain movements":     {"--from", "2020-12-31", "--to", "2021-12-31"},
	"explain indicators":    {"--from", "2020-12-31", "--to", "2021-12-31"},
	"events export":         {},
	"events publish":        {"--until-end"},
	"events tail":           {"--until-end"},
	"events types":          {},
	"events schema":         {"member.admitted"},
	"projections list":      {},
	"projections rebuild":   {},
	"projections check":     {},
	"projections diff":      {},
	"projections switch":    {"--back"},
	"anchor show":           {},
	"anchor rebuild":        {},
	"verify":                {},
	"archive":               {},
	"doctor":                {},
	"config show":           {},
	"config check":          {"../../deploy/rollbook.example.yaml"},
	"backup":                {"copy"},                            // with a directory: see below
	"restore":               {"copy"},                            // with a backup and a directory: see below
	"bundle":                {"member/m4"},                       // with a file: see below
	"attest":                {"headcount"},                       // with a file: see below
	"check report":          {"headcount.attested"},              // see the script attest
	"check":                 {"m4.bundle", "--policy", "policy"}, // see TestBundles
	"checkpoint policy":     {},
	"checkpoint sign":       {},
	"checkpoint show":       {},
	"checkpoint list":       {},
	"checkpoint notice":     {},
	"checkpoint restart":    {},
	"sign":                  {"--key", "k", "--memory", "m", "--listen", "unix:///s"}, // see TestWitnesses
	"witness init":          {},                                                       // with a directory: see below
	"serve":                 {},                                                       // see serve_test.go
	"witness serve":         {"--dir", "w"},                                           // see TestWitnesses
	"nats init":             {},                                                       // with a server: see below
	"nats keys":             {"keys"},
	"bench append":          {"--for", "1ms", "--bytes", "100"},
	"bench audit":           {"--members", "1"},
	"bench serve":           {"--rate", "50", "--for", "1s", "--over", "1s"},
	"report findings":       {"--as-of", "2021-12-31"},
	"explain findings":      {"--from", "2020-12-31", "--to", "2021-12-31"},
	"policy list":           {},
	"policy show":           {"qd-24-2021"},
	"policy try":            {"testdata/proposal.json"},
	"bench projections":     {"--members", "1", "--postings", "1000"},
	"access list":           {},
	"access add":            {"Lò Thị Mẫu"},
	"access grant":          {"u-abc", "clerk", "--organisation", "a"}, // with an account: see the script access
	"access revoke":         {"u-abc", "clerk"},
	"access invite":         {"u-abc"},
	"access disable":        {"u-abc"},
	"access bind":           {"u-abc", "248289761001", "--oidc-issuer", "https://login.example"},
	"access unbind":         {"u-abc"},
	"access token":          {"u-abc", "--days", "1"},
	"access tokens":         {},
	"access end-token":      {"rb_12345678"},
	"access readings":       {"--limit", "5"},
	"demo":                  {"--no-serve"},
	"version":               {},
	"completion bash":       {},
	"completion zsh":        {},
	"completion fish":       {},
	"completion powershell": {},
	"help":                  {"import"},
}

// leaves calls f with every command that does something, by its path without
// the program's name.
func leaves(cmd *cobra.Command, f func(path string)) {
	if cmd.HasSubCommands() {
		for _, c := range cmd.Commands() {
			leaves(c, f)
		}
		return
	}
	_, path, _ := strings.Cut(cmd.CommandPath(), " ")
	f(path)
}

func commandTree() *cobra.Command {
	a := &app{out: &output{}, console: &console{w: io.Discard}, env: func(string) string { return "" }}
	return a.root()
}

// mustBeOneDocument fails unless s is exactly one JSON document, an object.
func mustBeOneDocument(t *testing.T, s string) map[string]json.RawMessage {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(s))
	var doc map[string]json.RawMessage
	if err := d.Decode(&doc); err != nil {
		t.Fatalf("standard output is not JSON: %v\n%s", err, s)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Fatalf("something follows the document: %v\n%s", err, s)
	}
	return doc
}

func TestEveryCommandAnswersInJSON(t *testing.T) {
	dir := office(t)
	leaves(commandTree(), func(path string) {
		t.Run(path, func(t *testing.T) {
			args, ok := examples[path]
			if !ok {
				t.Fatalf("`rollbook %s` has no example in tree_test.go", path)
			}
			data := dir
			switch path {
			case "demo", "bench append", "bench projections", "bench audit", "bench serve":
				return // see TestLongCommandsAnswerInJSON
			case "sign", "witness serve", "serve":
				return // they run until they are stopped
			case "access grant", "access invite", "access disable", "access bind", "access unbind", "access token", "access end-token":
				return // they need an account: see TestAccess
			case "check", "check report":
				return // they need files of others: see the scripts bundle and attest
			case "backup":
				args = []string{t.TempDir()}
			case "restore":
				args = []string{t.TempDir()}
				if a := rollbook(t, nil, "backup", args[0], "--data", dir); a.exit != exitDone {
					t.Fatalf("backup: exit %d, %s", a.exit, a.stderr)
				}
				data = t.TempDir()
			case "attest":
				args = []string{"headcount", "--by", "ethnicity", "--out", filepath.Join(t.TempDir(), "r")}
			case "template write":
				args = []string{"register", "--out", filepath.Join(t.TempDir(), "t.xlsx")}
			case "bundle":
				args = []string{"member/m4", "--out", filepath.Join(t.TempDir(), "b")}
			case "witness init":
				args = []string{"--dir", t.TempDir(), "--name", "auditor.example/w1"}
			case "nats init":
				args = []string{"--nats", startServer(t)}
			case "nats keys":
				args = []string{t.TempDir()}
			}
			args = append(append(strings.Fields(path), args...), "--data", data, "--json")
			a := rollbook(t, strings.NewReader(""), args...)
			if a.exit != exitDone {
				t.Errorf("exit code %d, stderr %s", a.exit, a.stderr)
			}
			if doc := mustBeOneDocument(t, a.stdout); doc["error"] != nil {
				t.Errorf("an error: %s", doc["error"])
			}
		})
	})
}

// Those that take in the whole demo, and more than once, run as the program that
// is released: under the race detector each would take a minute.
func TestLongCommandsAnswerInJSON(t *testing.T) {
	for _, path := range []string{"demo", "bench append", "bench projections", "bench audit", "bench serve"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			args := append(append(strings.Fields(path), examples[path]...), "--data", filepath.Join(t.TempDir(), "data"), "--json")
			cmd := exec.CommandContext(t.Context(), "rollbook", args...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v, %s%s", err, out, &stderr)
			}
			if doc := mustBeOneDocument(t, string(out)); doc["error"] != nil {
				t.Errorf("an error: %s", doc["error"])
			}
		})
	}
}

// startServer starts a NATS server and returns its URL.
func startServer(t testing.TB) string {
	t.Helper()
	server, err := jetstream.Serve(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server.URL()
}

// Mistakes are answered in JSON too, with the same exit code as without it.
func TestEveryCommandFailsInJSON(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "nothing")
	leaves(commandTree(), func(path string) {
		for name, tail := range map[string][]string{
			"with an unknown flag": {"--no-such-flag"},
			"without a ledger":     examples[path],
		} {
			if name == "without a ledger" && !needsLedger(path) {
				continue
			}
			t.Run(path+" "+name, func(t *testing.T) {
				args := append(strings.Fields(path), tail...)
				plain := rollbook(t, strings.NewReader(""), append(args, "--data", nowhere)...)
				a := rollbook(t, strings.NewReader(""), append(args, "--data", nowhere, "--json")...)
				if a.exit == exitDone || a.exit != plain.exit {
					t.Errorf("exit code %d with --json and %d without", a.exit, plain.exit)
				}
				if doc := mustBeOneDocument(t, a.stdout); doc["error"] == nil {
					t.Errorf("no error in %s", a.stdout)
				}
				if plain.stdout != "" {
					t.Errorf("without --json, standard output has %q", plain.stdout)
				}
				if strings.Count(plain.stderr, "\n") != 1 || !strings.HasPrefix(plain.stderr, "rollbook: ") {
					t.Errorf("without --json, standard error has %q, want one line", plain.stderr)
				}
			})
		}
	})
}

func needsLedger(path string) bool {
	if path == "events types" || path == "events schema" {
		return false
	}
	switch strings.Fields(path)[0] {
	case "history", "record", "report", "events", "projections":
		return true
	}
	return false
}

// Everybody who asks for help gets an example that parses.
func TestEveryCommandHasAnExample(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if !c.HasSubCommands() && !strings.Contains(c.Example, "rollbook "+c.Name()) && !strings.Contains(c.Example, c.CommandPath()) {
			t.Errorf("`%s` has no example of itself: %q", c.CommandPath(), c.Example)
		}
		if c.Short == "" {
			t.Errorf("`%s` has no description", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(commandTree())
}

func TestHelpIsWrittenToStandardOutput(t *testing.T) {
	for _, args := range [][]string{{}, {"--help"}, {"help"}, {"import", "--help"}, {"help", "import"}} {
		var stdout, stderr bytes.Buffer
		exit := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr)
		if exit != 0 || !strings.Contains(stdout.String(), "Usage:") || stderr.Len() > 0 {
			t.Errorf("rollbook %v = %d, stdout %q, stderr %q", args, exit, stdout.String(), stderr.String())
		}
	}
}
