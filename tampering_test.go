package rollbook_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every test that docs/tampering.md names is there.
func TestWhatWasTriedIsTested(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("docs", "tampering.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{} // of a folder, what its test files hold
	quoted := regexp.MustCompile("`([^`]+)`")
	rows := 0
	for line := range strings.Lines(string(doc)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 6 || strings.HasPrefix(cells[1], "-") || cells[1] == " No. " {
			continue
		}
		rows++
		named := quoted.FindAllStringSubmatch(cells[4], -1)
		if len(named) == 0 {
			t.Errorf("no test is named for %q", cells[2])
		}
		for _, name := range named {
			folder, test, ok := strings.Cut(name[1], ": ")
			if !ok {
				if _, err := os.Stat(name[1]); err != nil {
					t.Error(err)
				}
				continue
			}
			if tests[folder] == "" {
				files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
				if err != nil {
					t.Fatal(err)
				}
				for _, file := range files {
					b, err := os.ReadFile(file)
					if err != nil {
						t.Fatal(err)
					}
					tests[folder] += string(b)
				}
			}
			if !strings.Contains(tests[folder], "\nfunc "+test+"(") {
				t.Errorf("%s has no %s, which is named for %q", folder, test, cells[2])
			}
		}
	}
	if rows < 49 {
		t.Errorf("only %d rows were read", rows)
	}
}
