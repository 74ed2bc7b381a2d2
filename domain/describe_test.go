package domain_test

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rollbook/domain"
)

// flatten lists fields with their paths from the top of the event.
func flatten(path string, list []domain.Field) map[string]domain.Field {
	out := map[string]domain.Field{}
	for _, f := range list {
		out[path+f.Name] = f
		maps.Copy(out, flatten(path+f.Name+".", f.Fields))
	}
	return out
}

func TestEveryTypeIsDescribedInOrder(t *testing.T) {
	var names []string
	for _, d := range domain.Describe() {
		names = append(names, d.Type)
		if d.Version != 1 || d.Since == "" || d.Schema != "urn:rollbook:"+d.Type+":1" || !strings.HasPrefix(d.Type, string(d.Kind)+".") {
			t.Errorf("%s is described as version %d of kind %q, form %q, since %q", d.Type, d.Version, d.Kind, d.Schema, d.Since)
		}
	}
	if !slices.Equal(names, domain.Types()) {
		t.Errorf("described are\n%v, want\n%v", names, domain.Types())
	}
}

// What requiredFields says stands in the contract.
func TestWhatIsRequiredIsDescribedAsTheContractHasIt(t *testing.T) {
	for _, d := range domain.Describe() {
		want := append(slices.Clone(requiredFields[d.Type]), requiredEnvelope...)
		for path, f := range flatten("", d.Envelope) {
			required := f.Required
			if path == "data.person.birth_date" && d.Type != "member.profile_changed" {
				required = true // or the year, which is a rule
			}
			if required != slices.Contains(want, path) {
				t.Errorf("%s: %s is described as required: %v", d.Type, path, required)
			}
		}
	}
}

// An example has every field that can stand in its data, except the year of birth
// beside the day and what did not change; and it is what it says.
func TestExamplesAreWholeAndCanBeReadAgain(t *testing.T) {
	for _, d := range domain.Describe() {
		e := d.Example
		if e.Type() != d.Type {
			t.Errorf("the example of %s is of type %q", d.Type, e.Type())
			continue
		}
		line := domain.AppendJSON(nil, e, goldenSource)
		back, err := codec.Parse(line)
		if err != nil {
			t.Errorf("Parse(%s) = %v", line, err)
			continue
		}
		back.Sequence, back.Time = e.Sequence, e.Time
		if !reflect.DeepEqual(back, e) {
			t.Errorf("the example of %s came back as\n%+v, want\n%+v", d.Type, back, e)
		}
		written := paths(t, line)
		for path := range flatten("data.", d.Data.Fields) {
			_, ok := written[path]
			if !ok && path != "data.person.birth_year" && d.Type != "member.profile_changed" {
				t.Errorf("the example of %s has no %s", d.Type, path)
			}
		}
		described := flatten("", d.Envelope)
		for path := range written {
			if _, ok := described[path]; !ok {
				t.Errorf("%s: %s is written and not described", d.Type, path)
			}
		}
	}
}

func TestEveryTypeAndFieldIsExplained(t *testing.T) {
	used := map[domain.Text]bool{}
	for _, d := range domain.Describe() {
		used[d.Effect] = true
		if d.Effect.EN == "" || d.Effect.VI == "" {
			t.Errorf("%s: its effect is %q", d.Type, d.Effect)
		}
		for path, f := range flatten("", d.Envelope) {
			used[f.Meaning] = true
			if f.Meaning.EN == "" || f.Meaning.VI == "" {
				t.Errorf("%s: %s means %q", d.Type, path, f.Meaning)
			}
			if f.Form == "" {
				t.Errorf("%s: %s has no form", d.Type, path)
			}
		}
	}
	for _, texts := range []map[string]domain.Text{domain.Effects, domain.Meanings} {
		for key, text := range texts {
			if !used[text] {
				t.Errorf("the text of %q is used nowhere", key)
			}
		}
	}
}

// The class that is described is the one in which the field is sealed.
func TestFieldsAreDescribedWithTheClassInWhichTheyAreSealed(t *testing.T) {
	for _, d := range domain.Describe() {
		entry := d.Example
		entry.Reason, entry.Exception = "vì", &domain.Exception{Rule: "r", Reason: "vì", Authority: "ai"}
		described := flatten("", d.Envelope)
		for _, class := range []domain.Part{domain.Open, domain.Identity, domain.Sensitive} {
			written := domain.AppendPart(nil, entry, class)
			if len(written) == 0 {
				continue
			}
			for path := range paths(t, written) {
				if f := described[path]; f.Form != domain.ObjectForm && f.Class != class {
					t.Errorf("%s: %s is sealed as %s and described as %s", d.Type, path, class, f.Class)
				}
			}
		}
	}
}

// A pattern for texts refuses nothing that the reader takes. Among the characters
// in which Vietnamese and English are written it refuses all that the reader does.
func TestPatternsOfTextsSayWhatTheReaderSays(t *testing.T) {
	described := flatten("", domain.Describe()[0].Envelope)
	for _, path := range []string{"data.name", "reason"} {
		f := described[path]
		pattern := regexp.MustCompile(f.Pattern)
		for r := rune(0); r <= 0x1FFFF; r++ {
			if r >= 0xD800 && r < 0xE000 {
				continue
			}
			ours := r < 0x370 || r >= 0x1E00 && r < 0x1F00 || r >= 0x2000 && r < 0x2065
			for _, s := range []string{string(r), "a" + string(r) + "b", "a" + string(r), string(r) + "b"} {
				taken := domain.CheckText(s, f.Most) == nil
				if matches := pattern.MatchString(s); taken && !matches || ours && taken != matches {
					t.Fatalf("%s: %+q is taken: %v; it matches the pattern: %v", path, s, taken, matches)
				}
			}
		}
	}
}
