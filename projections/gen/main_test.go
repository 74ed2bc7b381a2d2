package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTheVersionIsCurrent(t *testing.T) {
	want, err := generate([]string{"../../domain", ".."}, "../version_generated.go")
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("../version_generated.go")
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != string(want) {
		t.Error("the version of the read models is stale: run `go generate ./...`")
	}
}

// What changes what rows mean changes the version, and nothing else does.
func TestWhatCounts(t *testing.T) {
	const code = "package a\n\n// A says one.\nfunc A() int { return 1 }\n"
	version := func(files map[string]string) string {
		dir := t.TempDir()
		for name, text := range files {
			path := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		text, err := generate([]string{dir}, filepath.Join(dir, "out.go"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	base := version(map[string]string{"a.go": code, "data/x.json": "{}"})
	for name, tt := range map[string]struct {
		files map[string]string
		same  bool
	}{
		"a comment":          {map[string]string{"a.go": "package a // B\n\n/* C */\n\nfunc A() int { return 1 }\n", "data/x.json": "{}"}, true},
		"a test":             {map[string]string{"a.go": code, "data/x.json": "{}", "a_test.go": code}, true},
		"its own file":       {map[string]string{"a.go": code, "data/x.json": "{}", "out.go": code}, true},
		"another package":    {map[string]string{"a.go": code, "data/x.json": "{}", "b/b.go": code}, true},
		"code":               {map[string]string{"a.go": "package a\n\nfunc A() int { return 2 }\n", "data/x.json": "{}"}, false},
		"the name of a file": {map[string]string{"b.go": code, "data/x.json": "{}"}, false},
		"data":               {map[string]string{"a.go": code, "data/x.json": "[]"}, false},
		"a new file":         {map[string]string{"a.go": code, "data/x.json": "{}", "b.go": "package a\n"}, false},
	} {
		if same := version(tt.files) == base; same != tt.same {
			t.Errorf("%s: the version is the same: %t", name, same)
		}
	}
}
