package rollbook_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// Everything that a person reads is written as a pair: a Text with its two
// fields, or the arguments en and vi of a function. This test reads the source and
// finds every pair, so that none can be left without its other half, and no text
// can show other values than its translation.

func TestEveryTextIsInBothLanguages(t *testing.T) {
	wrong, pairs, err := halves(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	if pairs < 500 {
		t.Fatalf("found only %d pairs of texts: is this the root of the repository?", pairs)
	}
	for _, line := range wrong {
		t.Error(line)
	}
}

func TestEveryRuleOfLanguagesCanFail(t *testing.T) {
	const head = "package p\n\nfunc say(en, vi string) {}\nfunc reject(code int, en, vi string, more ...any) {}\n\n"
	for _, source := range []string{
		`var a = domain.Text{EN: "one"}`,
		`var a = domain.Text{EN: "one", VI: ""}`,
		`var a = domain.Text{VI: "một"}`,
		`var a = Text{"one", ""}`,
		`var a = Text{"%d of %s", "%s trên %d"}`,
		`var a = map[string]domain.Text{"x": {EN: "one"}}`,
		`func f() { say("one", "") }`,
		`func f() { x.say("", "một") }`,
		`func f() { say("%d one", "một") }`,
		`func f() { reject(1, "%d one" + "s", "một") }`,
	} {
		if wrong, _, err := halves(fstest.MapFS{"a.go": {Data: []byte(head + source + "\n")}}); err != nil || len(wrong) == 0 {
			t.Errorf("%s passes: %v", source, err)
		}
	}
	for _, source := range []string{
		`var a = domain.Text{EN: "one %d", VI: "một %d"}`,
		`var a domain.Text = domain.Text{}`, // says nothing in either
		`var a = domain.Text{EN: en, VI: vi}`,
		`func f(en, vi string) { say(en, vi) }`,
		`func f() { reject(1, "100 %% of "+"%d", "100 %% của %d", 5) }`,
	} {
		if wrong, _, err := halves(fstest.MapFS{"a.go": {Data: []byte(head + source + "\n")}}); err != nil || len(wrong) != 0 {
			t.Errorf("%s fails: %v %v", source, wrong, err)
		}
	}
}

// halves returns a line for each pair of texts in the source that is not whole, and
// how many pairs there are.
func halves(tree fs.FS) (wrong []string, pairs int, err error) {
	positions := token.NewFileSet()
	var files []*ast.File
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch base := path.Base(name); {
		case err != nil:
			return err
		case entry.IsDir() && (base == "testdata" || base == "examples" || name != "." && strings.HasPrefix(base, ".")):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(positions, name, source, parser.SkipObjectResolution)
		files = append(files, file)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	takes := speakers(files)
	pair := func(at token.Pos, en, vi ast.Expr) {
		pairs++
		if what := compare(en, vi); what != "" {
			wrong = append(wrong, fmt.Sprintf("%s: %s", positions.Position(at), what))
		}
	}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				if en, vi, ok := fieldsOf(n); ok {
					pair(n.Pos(), en, vi)
				}
			case *ast.CallExpr:
				if i, ok := takes[called(n)]; ok && len(n.Args) >= i+2 {
					pair(n.Pos(), n.Args[i], n.Args[i+1])
				}
			}
			return true
		})
	}
	return wrong, pairs, nil
}

// speakers are the functions with parameters en and vi, and the place of en.
func speakers(files []*ast.File) map[string]int {
	found := map[string]int{}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			f, ok := n.(*ast.FuncDecl)
			if !ok {
				return true
			}
			var names []string
			for _, p := range f.Type.Params.List {
				for _, name := range p.Names {
					names = append(names, name.Name)
				}
			}
			if i := slices.Index(names, "en"); i >= 0 && i+1 < len(names) && names[i+1] == "vi" {
				found[f.Name.Name] = i
			}
			return true
		})
	}
	return found
}

func called(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// fieldsOf returns the two halves of a Text, nil for one that is not given; ok is
// false for other literals, and for a Text that says nothing at all.
func fieldsOf(l *ast.CompositeLit) (en, vi ast.Expr, ok bool) {
	for _, e := range l.Elts {
		kv, keyed := e.(*ast.KeyValueExpr)
		if !keyed {
			break
		}
		switch key, _ := kv.Key.(*ast.Ident); {
		case key == nil:
		case key.Name == "EN":
			en, ok = kv.Value, true
		case key.Name == "VI":
			vi, ok = kv.Value, true
		}
	}
	if ok || len(l.Elts) != 2 {
		return en, vi, ok
	}
	name := ""
	switch t := l.Type.(type) {
	case *ast.Ident:
		name = t.Name
	case *ast.SelectorExpr:
		name = t.Sel.Name
	}
	return l.Elts[0], l.Elts[1], name == "Text"
}

// verbs are what fmt replaces in a text.
var verbs = regexp.MustCompile(`%%|%[-+# 0]*[0-9*]*(?:\.[0-9*]*)?[a-zA-Z]`)

func compare(en, vi ast.Expr) string {
	for lang, half := range map[string]ast.Expr{"English": en, "Vietnamese": vi} {
		if half == nil {
			return "no " + lang
		}
		if text, constant := literal(half); constant && text == "" {
			return "nothing in " + lang
		}
	}
	a, first := literal(en)
	b, second := literal(vi)
	if first && second && !slices.Equal(verbs.FindAllString(a, -1), verbs.FindAllString(b, -1)) {
		return fmt.Sprintf("other values in the two languages: %q and %q", a, b)
	}
	return ""
}

// literal returns a text that stands in the source; constant is false for one that
// does not, or not whole.
func literal(e ast.Expr) (text string, constant bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		a, first := literal(e.X)
		b, second := literal(e.Y)
		return a + b, first && second
	case *ast.ParenExpr:
		return literal(e.X)
	}
	return "", false
}
