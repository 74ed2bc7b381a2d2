package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollbook/domain"
)

// The page of the settings has each of them as the flags describe it.
func TestConfigurationPageIsCurrent(t *testing.T) {
	const begin, end = "<!-- settings: UPDATE_CONFIGURATION=1 go test ./cmd/rollbook -run TestConfigurationPage -->\n\n", "\n<!-- end of settings -->"
	root := commandTree()
	table := "| key | flag | environment | default | meaning |\n|---|---|---|---|---|\n"
	for _, s := range settings {
		cmd, _, err := root.Find(strings.Fields(s.on))
		if err != nil {
			t.Fatal(err)
		}
		f := cmd.Flag(s.flag)
		if f == nil {
			t.Fatalf("%s has no flag --%s", cmd.CommandPath(), s.flag)
		}
		if !strings.Contains(f.Usage, "("+s.env) {
			t.Errorf("--%s does not name %s: %s", s.flag, s.env, f.Usage)
		}
		usage := f.Usage[:strings.LastIndex(f.Usage, " (")]
		def := defaultOf(root, s)
		if s.key == "language" {
			def = "that of the environment"
		}
		if s.list != "" {
			usage += " (a list)"
		}
		table += fmt.Sprintf("| `%s` | `--%s` | `%s` | %s | %s |\n", s.key, s.flag, s.env, def, strings.ReplaceAll(usage, "|", `\|`))
	}
	path := filepath.Join("..", "..", "docs", "configuration.md")
	text := read(t, "docs", "configuration.md")
	head, rest, ok := strings.Cut(text, begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("docs/configuration.md has no place for the settings")
	}
	want := head + begin + table + end + tail
	if os.Getenv("UPDATE_CONFIGURATION") != "" {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if text != want {
		t.Errorf("docs/configuration.md does not have what flags say; run UPDATE_CONFIGURATION=1 go test ./cmd/rollbook -run TestConfigurationPage. It should have\n%s", table)
	}
}

// Whatever a file has in it, it is taken as settings that are known, or refused
// with a reason.
func FuzzConfiguration(f *testing.F) {
	example, err := os.ReadFile(filepath.Join("..", "..", "deploy", "rollbook.example.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{string(example), "", "data: 5", "nats:", "nats: {url: [a]}", "a: &x {b: *x}", "- a", "data: !!binary aGk=", "1: 2", "? [a]\n: b"} {
		f.Add(text)
	}
	known := map[string]bool{}
	for _, s := range settings {
		known[s.env] = true
	}
	f.Fuzz(func(t *testing.T, text string) {
		values, bad := parseConfiguration([]byte(text))
		if bad != (domain.Text{}) {
			if values != nil || bad.EN == "" || bad.VI == "" {
				t.Errorf("%q is refused with %+v and gives %v", text, bad, values)
			}
			return
		}
		for name := range values {
			if !known[name] {
				t.Errorf("%q sets %s", text, name)
			}
		}
	})
}
