package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// program returns where a program is that files in deploy are checked with.
func program(t *testing.T, name, variable string) string {
	t.Helper()
	if named := os.Getenv(variable); variable != "" && named != "" {
		name = named
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is needed; ./check.sh installs it: %v", name, err)
	}
	return path
}

// Prometheus's own tool runs deploy/prometheus/rollbook.rules.test.yml, in which each
// alert fires when it should and not a minute before.
func TestAlertsFire(t *testing.T) {
	t.Parallel()
	promtool := program(t, "promtool", "ROLLBOOK_TEST_PROMTOOL")
	folder := filepath.Join("..", "..", "deploy", "prometheus")
	for _, args := range [][]string{
		{"check", "config", filepath.Join(folder, "prometheus.yml")},
		{"test", "rules", filepath.Join(folder, "rollbook.rules.test.yml")},
	} {
		if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}

	var rules struct {
		Groups []struct{ Rules []struct{ Alert string } }
	}
	var tests struct {
		Tests []struct {
			PromQL []struct {
				Samples []struct{ Labels string } `yaml:"exp_samples"`
			} `yaml:"promql_expr_test"`
		}
	}
	for name, into := range map[string]any{"rollbook.rules.yml": &rules, "rollbook.rules.test.yml": &tests} {
		if err := yaml.Unmarshal([]byte(read(t, "deploy", "prometheus", name)), into); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	fires := map[string]bool{}
	for _, one := range tests.Tests {
		for _, asked := range one.PromQL {
			for _, s := range asked.Samples {
				fires[s.Labels] = true
			}
		}
	}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			if !fires[`{alertname="`+r.Alert+`"}`] {
				t.Errorf("%s fires in no test", r.Alert)
			}
		}
	}
}

// mostExposed is the exposure, times ten, that systemd-analyze may find at the most.
// What is left is that the service listens to a network.
const mostExposed = "14"

func TestTheUnit(t *testing.T) {
	t.Parallel()
	analyze := program(t, "systemd-analyze", "")
	self, err := os.Executable() // a program that is there, in the place of ours
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, "deploy", "systemd", "rollbook.service")
	unit := filepath.Join(t.TempDir(), "rollbook.service")
	if err := os.WriteFile(unit, []byte(strings.Replace(text, "ExecStart=/usr/bin/rollbook", "ExecStart="+self, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	// What it does not understand it only mentions.
	if out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", unit).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	if out, err := exec.CommandContext(t.Context(), analyze, "security", "--no-pager", "--offline=true", "--threshold="+mostExposed, unit).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
	one := func(pattern string) string {
		found := regexp.MustCompile("(?m)^" + pattern + "$").FindStringSubmatch(text)
		if found == nil {
			t.Fatalf("the unit has no %s", pattern)
		}
		return found[1]
	}
	if cmd, rest, err := commandTree().Find(strings.Fields(one("ExecStart=/usr/bin/rollbook (.*)"))); err != nil || cmd.ParseFlags(rest) != nil {
		t.Errorf("the unit starts no command of ours: %v", err)
	}
	if !strings.HasPrefix(one("Environment=ROLLBOOK_DATA=(.*)"), "/var/lib/"+one("StateDirectory=(.*)")+"/") {
		t.Error("the data are not in the unit's own directory")
	}

	// The credential as newer systemd shows it, and what becomes of it.
	dir := t.TempDir()
	place := strings.NewReplacer("%d", filepath.Join(dir, "credentials"), "%t", filepath.Join(dir, "run")).Replace
	copying := strings.Fields(place(one("ExecStartPre=(.*)")))
	for _, d := range []string{place("%d"), place("%t/" + one("RuntimeDirectory=(.*)"))} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	credential := place("%d/" + one("LoadCredential=(.*):.*"))
	if err := os.WriteFile(credential, []byte("secret"), 0o440); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), copying[0], copying[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", copying, err, out)
	}
	info, err := os.Stat(place(one("Environment=ROLLBOOK_MASTER_KEY=(.*)")))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the master key that the service is given: %v, %v", info, err)
	}
}
