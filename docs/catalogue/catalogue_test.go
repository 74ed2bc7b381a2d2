package catalogue_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"rollbook/docs/catalogue"
	"rollbook/domain"
)

// compiled returns the schema of a type, or one of its definitions.
func compiled(t *testing.T, typeName, definition string) *jsonschema.Schema {
	t.Helper()
	raw, ok := catalogue.Schema(typeName)
	if !ok {
		t.Fatalf("%s has no schema", typeName)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	doc := decode(t, raw)
	id := "urn:rollbook:" + typeName + ":1"
	if got := doc.(map[string]any)["$id"]; got != id {
		t.Errorf("the schema of %s is called %v, and its events say %s", typeName, got, id)
	}
	if err := c.AddResource(id, doc); err != nil {
		t.Fatal(err)
	}
	if definition != "" {
		id += "#/$defs/" + definition
	}
	s, err := c.Compile(id)
	if err != nil {
		t.Fatalf("the schema of %s: %v", typeName, err)
	}
	return s
}

func decode(t *testing.T, raw []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return v
}

// examples are lines of a type: the example, and one with everything around it.
func examples(d domain.Description) [][]byte {
	full := d.Example
	full.Reason = "Đính chính theo hồ sơ gốc;\nxem biên bản"
	full.Exception = &domain.Exception{Rule: "age_limit", Reason: "vùng khó khăn", Authority: "Huyện uỷ"}
	return [][]byte{domain.AppendJSON(nil, d.Example, "/rollbook/x"), domain.AppendJSON(nil, full, "/rollbook/x")}
}

func TestSchemasTakeTheExamples(t *testing.T) {
	for _, d := range domain.Describe() {
		event, data, either := compiled(t, d.Type, "event"), compiled(t, d.Type, "data"), compiled(t, d.Type, "")
		for _, line := range examples(d) {
			doc := decode(t, line)
			inner := doc.(map[string]any)["data"]
			for _, err := range []error{event.Validate(doc), either.Validate(doc), data.Validate(inner), either.Validate(inner)} {
				if err != nil {
					t.Errorf("%s\n%v", line, err)
				}
			}
		}
	}
}

// With personal fields in it, a message is none of the feed; and one of the feed
// is no line of a file.
func TestTheFeedHasNoPersonalField(t *testing.T) {
	for _, d := range domain.Describe() {
		feed, feedData := compiled(t, d.Type, "feed"), compiled(t, d.Type, "feed_data")
		line := examples(d)[1]
		if feed.Validate(decode(t, line)) == nil {
			t.Errorf("a whole event passes for one of the feed: %s", line)
		}
		data := domain.AppendData(nil, d.Example.Event, domain.All)
		if err := feedData.Validate(decode(t, data)); d.Classes() != 0 && err == nil {
			t.Errorf("data with personal fields pass for data on the feed: %s", data)
		}
	}
}

// What the program refuses of a line, its schema refuses. The exceptions are
// listed on the page of the catalogue.
func TestSchemasRefuseWhatTheProgramRefuses(t *testing.T) {
	tried := map[domain.Code]int{}
	for _, d := range domain.Describe() {
		schema := compiled(t, d.Type, "event")
		for _, m := range mutations(t, examples(d)[1]) {
			_, err := domain.Codec{}.Read(m.line)
			r, refused := errors.AsType[*domain.Rejection](err)
			invalid := schema.Validate(decode(t, m.line))
			switch {
			case refused && invalid == nil && !schemaCannotSay(m.name):
				t.Errorf("%s: the program says %v, the schema takes it\n%s", m.name, r, m.line)
			case !refused && invalid != nil && !programTakes(m.name):
				t.Errorf("%s: the program takes it, the schema says %v\n%s", m.name, invalid, m.line)
			}
			if refused {
				tried[r.Code]++
			}
		}
	}
	for _, code := range []domain.Code{domain.UnknownField, domain.MissingField, domain.BadValue, domain.TooLarge} {
		if tried[code] == 0 {
			t.Errorf("no mutation was refused as %s", code)
		}
	}
	t.Logf("refused: %v", tried)
}

// schemaCannotSay is of what the page says that a schema does not refuse.
func schemaCannotSay(mutation string) bool {
	return slices.Contains([]string{"a date too early", "a date too late", "2021.0", "a private character", "dates in the wrong order"}, mutation)
}

// programTakes is of what the page says that the program takes for absent, and
// of what the ledger sets, whose form the program does not look at.
func programTakes(mutation string) bool {
	return slices.Contains([]string{"null", "empty", "set by the ledger"}, mutation)
}

type mutation struct {
	name string
	line []byte
}

// mutations changes each value of a line in turn.
func mutations(t *testing.T, line []byte) (list []mutation) {
	t.Helper()
	root := decode(t, line).(map[string]any)
	add := func(name string, path []string, change func(object map[string]any, key string)) {
		copied := decode(t, line).(map[string]any)
		o := copied
		for _, p := range path[:len(path)-1] {
			o = o[p].(map[string]any)
		}
		change(o, path[len(path)-1])
		raw, err := json.Marshal(copied)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, mutation{name, raw})
	}
	set := func(v any) func(map[string]any, string) { return func(o map[string]any, key string) { o[key] = v } }
	var walk func(path []string, node any)
	walk = func(path []string, node any) {
		if len(path) > 0 {
			key := path[len(path)-1]
			byLedger := len(path) == 1 && slices.Contains([]string{"time", "sequence", "source"}, key)
			add("left out", path, func(o map[string]any, key string) { delete(o, key) })
			add("null", path, set(nil))
			add("a misspelt name", path, func(o map[string]any, key string) { o[key+"x"] = o[key]; delete(o, key) })
			add("a name in capitals", path, func(o map[string]any, key string) { o[strings.ToUpper(key)] = o[key]; delete(o, key) })
			for _, v := range []any{true, json.Number("7"), json.Number("-1"), json.Number("1.5"), []any{}, []any{"x"}, map[string]any{}} {
				add("another kind", path, set(v))
			}
			if s, ok := node.(string); ok && !byLedger {
				add("empty", path, set(""))
				for _, v := range []string{" ", " " + s, s + " ", s + "\u200b", s + "\t", "\u00a0" + s, s + "é" + "\u2028", strings.Repeat("x", 5000), "2023-13-01", "2023-02-29", "2023-1-1", "Y/Y", "nữ", "01", "99", "x"} {
					add("another text", path, set(v))
				}
				add("a private character", path, set(s+"\ue000"))
				add("a date too early", path, set("1850-01-01"))
				add("a date too late", path, set("2300-01-01"))
				if slices.Contains([]string{"from", "to", "admitted_on", "confirmed_on"}, key) {
					add("dates in the wrong order", path, set("2021-03-01"))
				} else {
					add("another date", path, set("2021-03-01"))
				}
			} else if ok {
				add("set by the ledger", path, set("x"))
			}
			if _, ok := node.(json.Number); ok {
				for _, v := range []string{"0", "29", "31", "30", "1929", "1930", "2200", "2201", "1000000", "1000001", "99999999999999999999"} {
					add("another number", path, set(json.Number(v)))
				}
				add("2021.0", path, set(json.Number("2021.0")))
			}
		}
		if o, ok := node.(map[string]any); ok {
			add("a field more", append(slices.Clone(path), "place"), set("x"))
			for _, key := range slices.Sorted(maps.Keys(o)) {
				walk(append(slices.Clone(path), key), o[key])
			}
		}
	}
	walk(nil, root)
	return list
}

// Rules that tie fields together, as far as a schema can say them.
func TestSchemasKnowWhichFieldsGoTogether(t *testing.T) {
	person := func(birth string) string {
		return `{"full_name":"A",` + birth + `"gender":"male","ethnicity":"01","religion":"00"}`
	}
	forward := func(birth, status, confirmed string) string {
		return fmt.Sprintf(`{"person":%s,"organisation":"a","status":%q,"admitted_on":"2018-05-19"%s}`, person(birth), status, confirmed)
	}
	const year, both, none = `"birth_year":1988,`, `"birth_date":"1988-01-01","birth_year":1988,`, ""
	for _, test := range []struct {
		name, typ, data string
		valid           bool
	}{
		{"a year of birth", "member.brought_forward", forward(year, "official", ""), true},
		{"a day and a year of birth", "member.brought_forward", forward(both, "official", ""), false},
		{"no birth", "member.brought_forward", forward(none, "official", ""), false},
		{"official and confirmed", "member.brought_forward", forward(year, "official", `,"confirmed_on":"2019-05-19"`), true},
		{"provisional and confirmed", "member.brought_forward", forward(year, "provisional", `,"confirmed_on":"2019-05-19"`), false},
		{"a change", "member.profile_changed", `{"person":{"phone":"1"}}`, true},
		{"a change of nothing", "member.profile_changed", `{"person":{}}`, false},
		{"a change of both births", "member.profile_changed", `{"person":{` + strings.TrimSuffix(both, ",") + `}}`, false},
		{"somebody known", "member.transferred_in", `{"organisation":"a","status":"official","admitted_on":"2018-05-19"}`, true},
		{"a top organisation", "organisation.moved", `{"parent":null}`, true},
		{"no superior", "organisation.moved", `{}`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			kind, _, _ := strings.Cut(test.typ, ".")
			line := fmt.Appendf(nil, `{"type":%q,"subject":"%s/x","effectiveon":"2021-06-01","data":%s}`, test.typ, kind, test.data)
			_, refused := domain.Codec{}.Read(line)
			invalid := compiled(t, test.typ, "event").Validate(decode(t, line))
			if (refused == nil) != test.valid || (invalid == nil) != test.valid {
				t.Errorf("%s\nthe program says %v\nthe schema says %v", line, refused, invalid)
			}
		})
	}
}

func TestAnExportThatMissesPartsIsNotTakenForWhole(t *testing.T) {
	for _, d := range domain.Describe() {
		e := d.Example
		e.Missing = domain.Identity
		line := domain.AppendJSON(nil, e, "/rollbook/x")
		if compiled(t, d.Type, "event").Validate(decode(t, line)) == nil {
			t.Errorf("%s passes", line)
		}
	}
}

func TestNoSchemaOfAnUnknownType(t *testing.T) {
	for _, name := range []string{"", "member.pardoned", "../catalogue", "member.died.v1.json"} {
		if _, ok := catalogue.Schema(name); ok {
			t.Errorf("Schema(%q) is there", name)
		}
	}
}
