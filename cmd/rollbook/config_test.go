package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
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

// A password is not shown wherever somebody may have written it, and the rest of
// the value is.
func TestPasswordsOfSettingsAreNotShown(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"database", "postgres://rollbook@db/rollbook", "postgres://rollbook@db/rollbook"},
		{"database", "postgres://a:5432,b:5432/rollbook", "postgres://a:5432,b:5432/rollbook"},
		{"database", "postgres://rollbook:hunter2@db/rollbook", "postgres://rollbook:xxxxx@db/rollbook"},
		{"database", "postgres://rollbook:hunter2@db/rollbook?schema=two", "postgres://rollbook:xxxxx@db/rollbook?schema=two"},
		{"database", "postgres://rollbook:hun%ter2@db/rollbook", "postgres://rollbook:xxxxx@db/rollbook"},
		{"database", "postgres://rollbook:hun/ter2@hunter2@db/rollbook", "postgres://rollbook:xxxxx@db/rollbook"},
		{"database", "postgres://rollbook@db/rollbook?password=hunter2&sslmode=require", "postgres://rollbook@db/rollbook?password=xxxxx&sslmode=require"},
		{"database", "postgres://rollbook@db/rollbook?sslpassword=hunter2", "postgres://rollbook@db/rollbook?sslpassword=xxxxx"},
		{"database", `host=db password = 'hunter2 \' hunter2' dbname=rollbook`, "host=db password = xxxxx dbname=rollbook"},
		{"nats.url", "tls://n1:4222,tls://n2:4222", "tls://n1:4222,tls://n2:4222"},
		{"nats.url", "tls://n1:4222,tls://u:hunter2@n2:4222", "xxxxx@n2:4222"},
		{"nats.url", "hunter2@n1:4222", "xxxxx@n1:4222"},
		{"service.url", "https://u:hunter2@rollbook.example", "https://u:xxxxx@rollbook.example"},
		{"paper.place", "Mường Nhé", "Mường Nhé"},
	} {
		i := slices.IndexFunc(settings, func(s setting) bool { return s.key == c.key })
		if got := settings[i].public(c.value); got != c.want {
			t.Errorf("%s %q is shown as %q, want %q", c.key, c.value, got, c.want)
		}
	}
}

// Whatever a file has in it, it is taken as settings that are known, or refused
// with a reason.
func FuzzConfiguration(f *testing.F) {
	example, err := os.ReadFile(filepath.Join("..", "..", "deploy", "rollbook.example.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{string(example), "", "data: 5", "nats:", "nats: {url: [a]}", "a: &x {b: *x}", "- a", "data: !!binary aGk=", "1: 2", "? [a]\n: b", "data: a\n---\ndata: b", "nats.url: a\nnats: {url: b}"} {
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
