package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	runbookEntry = regexp.MustCompile(`(?m)^## (.+)$`)
	runbookSeen  = regexp.MustCompile(`(?m)^\*\*(?:Seen|Means|Do)\.\*\* .+$`)
	runbookQuote = regexp.MustCompile("`([^`]+)`")
	runbookRow   = regexp.MustCompile(`(?m)^\| (.+) \| \[(.+)\]\(#(.+)\) \|$`)
	notInAnchors = regexp.MustCompile(`[^a-z0-9 -]`)
)

// sayings returns every text that the program has in it.
func sayings(t *testing.T) (list []string) {
	t.Helper()
	for _, folder := range []string{"audit", "cmd/rollbook", "domain", "eventstore", "internal/postgres", "ledger", "projections", "web"} {
		err := filepath.WalkDir(filepath.Join("..", "..", filepath.FromSlash(folder)), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if text, err := strconv.Unquote(lit.Value); err == nil {
						list = append(list, text)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// saidAs reports whether a text has the parts of a quote, which stand between …, in
// their order.
func saidAs(text, quote string) bool {
	for part := range strings.SplitSeq(quote, "…") {
		_, rest, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = rest
	}
	return true
}

// An entry of the runbook says what is seen, what that means and what to do, and what it
// quotes is what the program says.
func TestTheRunbookSaysWhatTheProgramSays(t *testing.T) {
	t.Parallel()
	texts, quotes := sayings(t), 0
	_, runbook, _ := strings.Cut(read(t, "deploy", "runbook.md"), "\n## ")
	runbook, _, _ = strings.Cut(runbook, "\n# Which entry")
	for entry := range strings.SplitSeq(runbook, "\n## ") {
		name, text, _ := strings.Cut(entry, "\n")
		paragraphs := runbookSeen.FindAllString(text, -1)
		if len(paragraphs) != 3 {
			t.Errorf("%s does not have Seen, Means and Do, once each", name)
			continue
		}
		for _, q := range runbookQuote.FindAllStringSubmatch(paragraphs[0], -1) {
			quotes++
			said := false
			for _, text := range texts {
				said = said || saidAs(text, q[1])
			}
			if !said {
				t.Errorf("%s: the program does not say %q", name, q[1])
			}
		}
	}
	if quotes < 50 {
		t.Errorf("only %d quotes were looked at", quotes)
	}
}

// Each fault has its entry, and each entry is one of an alert or of a fault.
func TestEachFaultIsInTheRunbook(t *testing.T) {
	runbook := read(t, "deploy", "runbook.md")
	leads := map[string]bool{}
	for _, row := range runbookRow.FindAllStringSubmatch(runbook, -1) {
		anchor := strings.ReplaceAll(notInAnchors.ReplaceAllString(strings.ToLower(row[2]), ""), " ", "-")
		if leads[row[2]] = true; !strings.Contains(runbook, "\n## "+row[2]+"\n") || row[3] != anchor {
			t.Errorf("%s has no entry %q, or links to %s", row[1], row[2], row[3])
		}
	}
	for _, entry := range runbookEntry.FindAllStringSubmatch(runbook, -1) {
		if !leads[entry[1]] && !strings.HasPrefix(entry[1], "Rollbook") {
			t.Errorf("the entry %q is of no fault in the table", entry[1])
		}
	}
	if len(leads) < 30 {
		t.Errorf("only %d entries are in the table", len(leads))
	}
}
