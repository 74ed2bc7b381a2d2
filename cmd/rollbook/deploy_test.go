package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
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

// exported returns the metrics of a service that has answered and published
// something.
func exported(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	s := serveDirectory(t, office(t))
	parser := expfmt.NewTextParser(model.LegacyValidation)
	for t.Context().Err() == nil {
		answer, err := http.Get(s.URL + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		families, err := parser.TextToMetricFamilies(answer.Body)
		_ = answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if families["rollbook_feed_position"] != nil && families["rollbook_http_requests_total"] != nil {
			return families
		}
	}
	t.Fatal("the feed was not published")
	return nil
}

// The metrics of a service, alerts and dashboard that ask for them, and the document
// that lists them.
func TestMetrics(t *testing.T) {
	families := exported(t)
	t.Run("alerts and dashboard ask for what is there", func(t *testing.T) {
		names := map[string]bool{"up": true} // Prometheus's own
		for name, f := range families {
			if names[name] = true; f.GetType() == dto.MetricType_HISTOGRAM {
				names[name+"_bucket"], names[name+"_count"], names[name+"_sum"] = true, true, true
			}
		}
		asksForMetrics(t, names)
	})
	t.Run("the document lists what is there", func(t *testing.T) { listsMetrics(t, families) })
}

// listsMetrics holds the table in docs/observability.md to what is exported.
func listsMetrics(t *testing.T, families map[string]*dto.MetricFamily) {
	const file = "docs/observability.md"
	text := read(t, file)
	head, rest, begins := strings.Cut(text, "TestMetrics -->\n")
	_, tail, ends := strings.Cut(rest, "<!-- end of metrics -->")
	if !begins || !ends {
		t.Fatalf("%s has no place for metrics", file)
	}
	table := "| metric | kind | labels | |\n|---|---|---|---|\n"
	for _, name := range slices.Sorted(maps.Keys(families)) {
		f := families[name]
		if !strings.HasPrefix(name, "rollbook_") {
			continue
		}
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, "`"+l.GetName()+"`")
		}
		table += fmt.Sprintf("| `%s` | %s | %s | %s |\n", name, strings.ToLower(f.GetType().String()), strings.Join(labels, ", "), f.GetHelp())
	}
	want := head + "TestMetrics -->\n\n" + table + "\n<!-- end of metrics -->" + tail
	if os.Getenv("UPDATE_METRICS") != "" {
		if err := os.WriteFile(filepath.Join("..", "..", filepath.FromSlash(file)), []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if text != want {
		t.Errorf("%s does not list what is exported; run UPDATE_METRICS=1 go test ./cmd/rollbook -run TestMetrics. It should have\n%s", file, table)
	}
}

// asksForMetrics fails if an alert or a panel asks for what is not among names.
func asksForMetrics(t *testing.T, names map[string]bool) {
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

var shellQuote = regexp.MustCompile(`'[^']*'|\S+`)

// splitWords takes a line apart as a shell does, as far as documents go.
func splitWords(line string) []string {
	list := shellQuote.FindAllString(line, -1)
	for i, w := range list {
		list[i] = strings.Trim(w, "'")
	}
	return list
}

// Every command in a shell block of the runbook, which is for faults that are not there
// now, is one that the program understands: its name, its flags and how many arguments it
// takes.
func TestCommandsInTheRunbookAreUnderstood(t *testing.T) {
	commands := 0
	for _, c := range commandsOf(read(t, "deploy", "runbook.md")) {
		args := splitWords(c.line)
		if len(args) == 0 || args[0] != "rollbook" {
			t.Errorf("%q is no command of ours", c.line)
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
			t.Errorf("%s: %v", c.line, err)
		}
	}
	if commands == 0 {
		t.Error("the runbook has no command")
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
