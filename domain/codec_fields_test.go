package domain_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"rollbook/domain"
)

// These tests take every example apart: each field in turn is left out, null,
// of another kind, misspelt or doubled.

// change says what becomes of a field.
type change func(object map[string]any, name string)

func remove(object map[string]any, name string) { delete(object, name) }

func set(v any) change { return func(object map[string]any, name string) { object[name] = v } }

func rename(to string) change {
	return func(object map[string]any, name string) {
		object[to] = object[name]
		delete(object, name)
	}
}

// edit returns a line with the field at a path changed.
func edit(t testing.TB, line []byte, path string, c change) []byte {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var top map[string]any
	if err := d.Decode(&top); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	object, names := top, strings.Split(path, ".")
	for _, name := range names[:len(names)-1] {
		object = object[name].(map[string]any)
	}
	c(object, names[len(names)-1])
	out, err := json.Marshal(top)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// paths returns the paths of all fields of a line, with the values.
func paths(t testing.TB, line []byte) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var top map[string]any
	if err := d.Decode(&top); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	out := map[string]any{}
	var walk func(prefix string, object map[string]any)
	walk = func(prefix string, object map[string]any) {
		for name, v := range object {
			out[prefix+name] = v
			if inner, ok := v.(map[string]any); ok {
				walk(prefix+name+".", inner)
			}
		}
	}
	walk("", top)
	return out
}

// lines returns an example of every type with all that it can hold.
func lines() map[string][]byte {
	out := map[string][]byte{}
	for name, ex := range examples() {
		out[name] = domain.AppendJSON(nil, fullEntry(ex.full), goldenSource)
	}
	return out
}

// requiredFields is section 3 of the contract, and not derived from the code.
var requiredFields = map[string][]string{
	"organisation.established":    {"data.name", "data.kind", "data.parent"},
	"organisation.renamed":        {"data.name"},
	"organisation.moved":          {"data.parent"},
	"organisation.merged":         {"data.into"},
	"organisation.dissolved":      {},
	"organisation.rated":          {"data.year", "data.grade"},
	"organisation.quota_set":      {"data.year", "data.admissions"},
	"organisation.target_set":     {"data.from", "data.to", "data.admissions"},
	"organisation.commended":      {"data.year", "data.title"},
	"organisation.policy_adopted": append(sourceFields(), "data.version", "data.rules"),
	"organisation.entry_annulled": {"data.annuls", "reason"},
	"village.registered":          {"data.name", "data.commune"},
	"village.cell_assigned":       {"data.cell", "data.joint"},
	"village.retired":             {},
	"village.entry_annulled":      {"data.annuls", "reason"},
	"member.identified":           append(personFields("data.person"), "data.organisation", "data.source"),
	"member.mentor_assigned":      {"data.mentor", "data.role"},
	"member.mentor_released":      {"data.mentor"},
	"member.course_completed":     {"data.course"},
	"member.candidacy_ended":      {"data.cause"},
	"member.admitted":             decisionFields(),
	"member.confirmed":            decisionFields(),
	"member.rated":                {"data.year", "data.grade"},
	"member.transferred":          {"data.organisation", "data.temporary"},
	"member.transferred_out":      {"data.destination"},
	"member.transferred_in":       append(personFields("data.person")[1:], "data.organisation", "data.status", "data.admitted_on"),
	"member.brought_forward":      append(personFields("data.person"), "data.organisation", "data.status", "data.admitted_on"),
	"member.disciplined":          append(decisionFields(), "data.measure"),
	"member.expelled":             decisionFields(),
	"member.removed":              append(decisionFields(), "data.cause"),
	"member.resigned":             decisionFields()[1:],
	"member.died":                 {},
	"member.restored":             decisionFields(),
	"member.exempted":             {"data.kind"},
	"member.badge_awarded":        {"data.years"},
	"member.card_issued":          {"data.card"},
	"member.profile_changed":      {"data.person"},
	"member.reviewed":             {"data.outcome"},
	"member.received":             {},
	"member.entry_annulled":       {"data.annuls", "reason"},
}

func personFields(at string) []string {
	return []string{at, at + ".full_name", at + ".birth_date", at + ".gender", at + ".ethnicity", at + ".religion"}
}

// sourceFields are those that the source of a rule needs, if it is there.
func sourceFields() (list []string) {
	for _, d := range domain.RuleDefinitions() {
		if d.Local {
			list = append(list, "data.rules."+d.ID+".source.regulation", "data.rules."+d.ID+".source.checked")
		}
	}
	return list
}

func decisionFields() []string {
	return []string{"data.decision", "data.decision.number", "data.decision.date"}
}

var requiredEnvelope = []string{"type", "subject", "effectiveon", "data", "exception.rule", "exception.reason", "exception.authority"}

func TestARequiredFieldThatIsLeftOutNullOrEmptyIsNamed(t *testing.T) {
	for name, line := range lines() {
		must, ok := requiredFields[name]
		if !ok {
			t.Errorf("%s: what it requires is not listed in this test", name)
		}
		must = append(slices.Clone(must), requiredEnvelope...)
		for path, value := range paths(t, line) {
			forms := map[string]change{"left out": remove, "null": set(nil)}
			if _, ok := value.(string); ok {
				forms["empty"] = set("")
			}
			for form, c := range forms {
				edited := edit(t, line, path, c)
				_, err := codec.Parse(edited)
				switch {
				case path == "data.parent" && form == "null":
					if err != nil {
						t.Errorf("%s without a superior: %v", name, err)
					}
				case slices.Contains(must, path):
					t.Run(name+" with "+path+" "+form, func(t *testing.T) { wantRejection(t, err, domain.MissingField, path) })
				case err != nil:
					t.Errorf("%s with %s %s: %v; the field is optional", name, path, form, err)
				}
			}
		}
	}
}

func TestAFieldOfAnotherKindIsRefused(t *testing.T) {
	kinds := map[string]any{
		"text": "chữ", "number": json.Number("7"), "flag": true, "object": map[string]any{}, "array": []any{},
	}
	kindOf := func(v any) string {
		switch v.(type) {
		case string:
			return "text"
		case json.Number:
			return "number"
		case bool:
			return "flag"
		case map[string]any:
			return "object"
		}
		return "array"
	}
	for name, line := range lines() {
		for path, value := range paths(t, line) {
			for kind, other := range kinds {
				if kind == kindOf(value) {
					continue
				}
				_, err := codec.Parse(edit(t, line, path, set(other)))
				if r, ok := errors.AsType[*domain.Rejection](err); !ok || r.Code != domain.BadValue || r.Field != path {
					t.Errorf("%s with a %s in %s: got %v, want bad_value there", name, kind, path, err)
				} else {
					checkMessage(t, r)
				}
			}
		}
	}
}

func TestAFieldThatTheTypeDoesNotHaveIsRefused(t *testing.T) {
	for name, line := range lines() {
		objects := map[string]bool{"": true}
		for path, v := range paths(t, line) {
			if _, ok := v.(map[string]any); ok {
				objects[path+"."] = true
			}
		}
		for object := range objects {
			for _, extra := range []string{"note", "Type", "full_name ", "ghi_chú"} {
				path := object + extra
				_, err := codec.Parse(edit(t, line, path, set("x")))
				t.Run(name+" with "+path, func(t *testing.T) { wantRejection(t, err, domain.UnknownField, path) })
			}
		}
	}
}

func TestAFieldInAnotherCaseIsUnknown(t *testing.T) {
	for name, line := range lines() {
		for path := range paths(t, line) {
			names := strings.Split(path, ".")
			last := names[len(names)-1]
			other := strings.ToUpper(last[:1]) + last[1:]
			_, err := codec.Parse(edit(t, line, path, rename(other)))
			want := strings.TrimSuffix(path, last) + other
			if r, ok := errors.AsType[*domain.Rejection](err); !ok || r.Code != domain.UnknownField || r.Field != want {
				t.Errorf("%s with %s: got %v, want unknown_field", name, want, err)
			}
		}
	}
}

func TestANameThatStandsTwiceIsRefusedAtEachLevel(t *testing.T) {
	for name, line := range lines() {
		all := paths(t, line)
		for path, value := range all {
			names := strings.Split(path, ".")
			last := names[len(names)-1]
			raw, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			// Names are unique enough in the examples to find the object's
			// opening brace by its own name.
			doubled := `"` + last + `":` + string(raw) + `,`
			if len(names) == 1 {
				doubled = `{` + doubled + string(line[1:])
			} else {
				open := `"` + names[len(names)-2] + `":{`
				doubled = strings.Replace(string(line), open, open+doubled, 1)
			}
			_, err = codec.Parse([]byte(doubled))
			if r, ok := errors.AsType[*domain.Rejection](err); !ok || r.Code != domain.Malformed || r.Field != path {
				t.Errorf("%s with %s twice: got %v, want malformed there\n%s", name, path, err, doubled)
			} else {
				checkMessage(t, r)
			}
		}
	}
}

func TestAMisspeltFieldIsReportedRatherThanTheMissingOne(t *testing.T) {
	line := lines()["member.admitted"]
	_, err := codec.Parse(edit(t, line, "data.decision.number", rename("numbr")))
	wantRejection(t, err, domain.UnknownField, "data.decision.numbr")
	if !strings.Contains(err.Error(), "number, date, issued_by") {
		t.Errorf("the message %q does not list the fields that there are", err)
	}
}

func TestAnUnknownTypeIsAnsweredWithTheNearestOne(t *testing.T) {
	line := lines()["member.admitted"]
	for wrote, want := range map[string]string{
		"member.admited": "member.admitted", "Member.Admitted": "member.admitted", "organization.merged": "organisation.merged",
		"member_died": "member.died", "village.cellassigned": "village.cell_assigned",
	} {
		_, err := codec.Parse(edit(t, line, "type", set(wrote)))
		t.Run(wrote, func(t *testing.T) {
			wantRejection(t, err, domain.UnknownType, "type")
			r, _ := errors.AsType[*domain.Rejection](err)
			for lang, text := range map[string]string{"en": r.Message.EN, "vi": r.Message.VI} {
				if !strings.Contains(text, want) || strings.Contains(text, wrote) {
					t.Errorf("message in %s is %q, want %q suggested and what was written left out", lang, text, want)
				}
			}
		})
	}
	_, err := codec.Parse(edit(t, line, "type", set(strings.Repeat("x", 60_000))))
	wantRejection(t, err, domain.UnknownType, "type")
}

func TestATypeNeedsASubjectOfItsKind(t *testing.T) {
	for name, line := range lines() {
		kind, _, _ := strings.Cut(name, ".")
		for _, other := range []string{"member", "organisation", "village"} {
			_, err := codec.Parse(edit(t, line, "subject", set(other+"/x")))
			if other == kind {
				if err != nil {
					t.Errorf("%s of %s/x: %v", name, other, err)
				}
				continue
			}
			t.Run(name+" of a "+other, func(t *testing.T) { wantRejection(t, err, domain.BadValue, "subject") })
		}
	}
}

func TestEveryTypeHasARequirementListed(t *testing.T) {
	listed := slices.Sorted(maps.Keys(requiredFields))
	types := slices.Sorted(slices.Values(domain.Types()))
	if !slices.Equal(listed, types) {
		t.Errorf("requirements are listed for\n%v\nand the catalogue has\n%v", listed, types)
	}
}
