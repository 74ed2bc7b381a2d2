package pages

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// verbs are the places that arguments go to.
var verbs = regexp.MustCompile(`%[a-z]`)

func TestBothLanguagesSayTheSame(t *testing.T) {
	vi, err := newTongue("vi")
	if err != nil {
		t.Fatal(err)
	}
	en, err := newTongue("en")
	if err != nil {
		t.Fatal(err)
	}
	for key, text := range vi.texts {
		other, ok := en.texts[key]
		if !ok {
			t.Errorf("%s is not in English", key)
		}
		if text == "" || !slices.Equal(verbs.FindAllString(text, -1), verbs.FindAllString(other, -1)) {
			t.Errorf("%s: %q and %q take different arguments", key, text, other)
		}
	}
	for key := range en.texts {
		if _, ok := vi.texts[key]; !ok {
			t.Errorf("%s is not in Vietnamese", key)
		}
	}
}

func TestEveryTextIsUsedAndEveryUseHasAText(t *testing.T) {
	vi, err := newTongue("vi")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, dir := range []string{".", "templates"} {
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if f.IsDir() || strings.HasSuffix(f.Name(), "_test.go") {
				continue
			}
			b, err := os.ReadFile(dir + "/" + f.Name())
			if err != nil {
				t.Fatal(err)
			}
			all.Write(b)
		}
	}
	source := all.String()
	used := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?:\bt |\bsay\()"([a-z_0-9.]+)"`).FindAllStringSubmatch(source, -1) {
		used[m[1]] = true
		if _, ok := vi.texts[m[1]]; !ok && !strings.HasSuffix(m[1], ".") {
			t.Errorf("%s is asked for, and there is no text", m[1])
		}
	}
	for key := range vi.texts {
		built := strings.Contains(source, `"`+key+`"`) // named in a table
		for i, c := range key {
			built = built || c == '.' && strings.Contains(source, `"`+key[:i+1]+`"`) // made of parts
		}
		if !used[key] && !built {
			t.Errorf("%s is not used", key)
		}
	}
}
