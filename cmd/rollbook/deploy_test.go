package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var metricName = regexp.MustCompile(`\b(?:rollbook|go|process)_[a-z_]+\b`)

func read(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// exported returns the names of the series of a service that has answered and
// published something.
func exported(t *testing.T) map[string]bool {
	t.Helper()
	s := serveDirectory(t, office(t))
	for t.Context().Err() == nil {
		answer, err := http.Get(s.URL + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		names := map[string]bool{"up": true} // Prometheus's own
		for line := range strings.Lines(string(text)) {
			if !strings.HasPrefix(line, "#") {
				names[line[:strings.IndexAny(line, "{ ")]] = true
			}
		}
		if names["rollbook_feed_position"] && names["rollbook_http_requests_total"] {
			return names
		}
	}
	t.Fatal("the feed was not published")
	return nil
}

func TestAlertsAndDashboardAskForMetricsThatAreThere(t *testing.T) {
	names := exported(t)
	rules := read(t, "deploy", "prometheus", "rollbook.rules.yml")
	asked := 0
	for line := range strings.Lines(rules) {
		if expr, ok := strings.CutPrefix(strings.TrimSpace(line), "expr: "); ok {
			for _, name := range metricName.FindAllString(expr, -1) {
				if asked++; !names[name] {
					t.Errorf("an alert asks for %s, which is not exported", name)
				}
			}
		}
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "deploy", "grafana", "rollbook.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			found := metricName.FindAllString(target.Expr, -1)
			if len(found) == 0 {
				t.Errorf("the panel %q asks for nothing: %s", p.Title, target.Expr)
			}
			for _, name := range found {
				if asked++; !names[name] {
					t.Errorf("the panel %q asks for %s, which is not exported", p.Title, name)
				}
			}
		}
	}
	if asked < 20 {
		t.Errorf("only %d metrics were looked at", asked)
	}
}

func TestEachAlertIsInTheRunbook(t *testing.T) {
	runbook := read(t, "deploy", "runbook.md")
	alerts := regexp.MustCompile(`(?m)^ +- alert: (\w+)$`).FindAllStringSubmatch(read(t, "deploy", "prometheus", "rollbook.rules.yml"), -1)
	links := regexp.MustCompile(`(?m)runbook_url: deploy/runbook\.md#(\w+)$`).FindAllStringSubmatch(read(t, "deploy", "prometheus", "rollbook.rules.yml"), -1)
	if len(alerts) == 0 || len(alerts) != len(links) {
		t.Fatalf("%d alerts, %d links", len(alerts), len(links))
	}
	for i, a := range alerts {
		if !strings.Contains(runbook, "\n## "+a[1]+"\n") || links[i][1] != strings.ToLower(a[1]) {
			t.Errorf("%s has no entry in the runbook, or links to %s", a[1], links[i][1])
		}
	}
}

// Every command in a shell block of these documents is one that the program
// understands: its name, its flags and how many arguments it takes.
func TestCommandsInDocumentsAreUnderstood(t *testing.T) {
	block := regexp.MustCompile("(?s)```sh\n(.*?)```")
	for _, path := range [][]string{{"deploy", "runbook.md"}, {"docs", "handbook-operator.md"}, {"docs", "handbook-auditor.md"}} {
		commands := 0
		for _, b := range block.FindAllStringSubmatch(read(t, path...), -1) {
			for line := range strings.Lines(b[1]) {
				args := strings.Fields(line)
				if len(args) == 0 || args[0] != "rollbook" {
					t.Errorf("%s: %q is no command of ours", path, line)
					continue
				}
				commands++
				asksHelp := args[1] == "help"
				if asksHelp {
					args = args[1:]
				}
				cmd, rest, err := commandTree().Find(args[1:])
				if err == nil {
					err = cmd.ParseFlags(rest)
				}
				if err == nil && cmd.Args != nil && !asksHelp {
					err = cmd.Args(cmd, cmd.Flags().Args())
				}
				if err != nil || cmd.Parent() == nil {
					t.Errorf("%s: %s: %v", path, strings.TrimSpace(line), err)
				}
			}
		}
		if commands == 0 {
			t.Errorf("%s has no command", path)
		}
	}
}

func TestTheImageIsSmallAndNobodys(t *testing.T) {
	text := read(t, "deploy", "Dockerfile")
	_, last, found := strings.Cut(text, "\nFROM gcr.io/distroless/static-debian12:nonroot\n")
	if !found || strings.Contains(last, "FROM ") || strings.Contains(last, "RUN ") {
		t.Error("the last stage is not the distroless image, as it is")
	}
	for _, line := range []string{"USER 65532:65532", `ENTRYPOINT ["/usr/bin/rollbook"]`, "VOLUME /data"} {
		if !strings.Contains(last, "\n"+line+"\n") {
			t.Errorf("the image lacks %s", line)
		}
	}
	if !strings.Contains(text, "CGO_ENABLED=0 go build") {
		t.Error("the program in the image is not static")
	}
}
