package domain_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"rollbook/domain"
)

func TestValuesThatCannotBeAreRefused(t *testing.T) {
	n := func(s string) any { return json.Number(s) }
	tests := []struct {
		name   string
		typ    string
		path   string
		values []any
	}{
		{"a date that does not exist", "member.admitted", "effectiveon", []any{"2023-02-29", "2023-13-01", "2023-04-31", "1900-02-29", "2023-00-01", "2023-1-1", "01/02/2023", "2023-02-01T00:00:00Z", " 2023-02-01"}},
		{"a day before the Party was founded", "member.admitted", "effectiveon", []any{"1929-12-31", "1930-02-02", "0021-05-10"}},
		{"a day after 2200", "member.admitted", "effectiveon", []any{"2201-01-01", "9999-12-31"}},
		{"a decision on a day that does not exist", "member.admitted", "data.decision.date", []any{"2023-02-29", "1800-01-01", "2300-01-01"}},
		{"a birth date that does not exist", "member.identified", "data.person.birth_date", []any{"1995-02-29", "1795-03-27", "27/03/1995"}},
		{"a birth year that is none", "member.profile_changed", "data.person.birth_year", []any{n("1861"), n("2201"), n("88"), n("-1988"), n("1988.0"), n("1.988e3"), "1988"}},
		{"a year that is no year", "member.rated", "data.year", []any{n("1929"), n("2201"), n("0"), n("-2021"), n("2021.0"), n("2021.5"), n("2.021e3"), n("2021E0"), n("20210000000000000000000"), n("1e400"), n("4294969317"), "2021"}},
		{"a count that is none", "organisation.quota_set", "data.admissions", []any{n("-1"), n("1000001"), n("0.5"), n("1e2"), n("99999999999999999999")}},
		{"a badge that is not awarded", "member.badge_awarded", "data.years", []any{n("29"), n("31"), n("35"), n("91"), n("95"), n("0"), n("30.0")}},
		{"a term that ends before it begins", "organisation.target_set", "data.to", []any{"2020-07-31"}},
		{"a confirmation before the admission", "member.brought_forward", "data.confirmed_on", []any{"2018-05-18"}},
		{"a confirmed provisional member", "member.transferred_in", "data.confirmed_on", []any{"2018-05-18"}},
		{"an id that is none", "member.admitted", "id", []any{"a b", "a.b", "a/b", "á", strings.Repeat("x", 65), "x\u0000", "x\n"}},
		{"an organisation id that is none", "member.admitted", "data.organisation", []any{"organisation/a", "xã", strings.Repeat("x", 65)}},
		{"a mentor id that is none", "member.mentor_assigned", "data.mentor", []any{"member/m1", "Giàng A Sử"}},
		{"an annulled id that is none", "member.entry_annulled", "data.annuls", []any{"a.b", strings.Repeat("x", 65)}},
		{"a subject that is none", "member.admitted", "subject", []any{"m1", "member/", "member/a b", "member", "Member/m1", "person/m1", "member/a/b", "member/" + strings.Repeat("x", 65), "/m1"}},
		{"another version of CloudEvents", "member.admitted", "specversion", []any{"0.3", "2.0", "1"}},
		{"another wire form", "member.admitted", "dataschema", []any{"urn:rollbook:member.admitted:2", "urn:rollbook:member.confirmed:1", "https://example.org"}},
		{"an actor who is no pseudonym", "member.admitted", "actor", []any{"Nguyễn Văn An", "a b", "an@example.org", strings.Repeat("x", 65)}},
		{"a gender that is none", "member.identified", "data.person.gender", []any{"Female", "nữ", "x", " female"}},
		{"an ethnic group without a code", "member.identified", "data.person.ethnicity", []any{"Mông", "8", "00", "56", "008"}},
		{"a religion without a code", "member.identified", "data.person.religion", []any{"Công giáo", "0", "xx"}},
		{"an identity number of another length", "member.identified", "data.person.national_id", []any{"12345678", "1234567890", "12345678901", "1234567890123", "01119500432x", "0111 9500 4321", "０１１１９５００４３２１"}},
		{"a telephone number that is none", "member.identified", "data.person.phone", []any{"an@example.org", "0912x345", strings.Repeat("1", 33), "+84\u00a0912"}},
		{"a card number that is none", "member.card_issued", "data.card", []any{"12345", "1234567890123", "AB123456"}},
		{"a status that nobody comes in with", "member.transferred_in", "data.status", []any{"candidate", "ended", "none", "Official"}},
		{"a kind of organisation that is none", "organisation.established", "data.kind", []any{"chi_bo", "Cell"}},
		{"a sector that is none", "organisation.established", "data.sector", []any{"ward"}},
		{"a superior whose id is none", "organisation.established", "data.parent", []any{"a b"}},
		{"a grade that is none", "organisation.rated", "data.grade", []any{"Good", "tốt"}},
		{"a source that is none", "member.identified", "data.source", []any{"cell"}},
		{"a role that is none", "member.mentor_assigned", "data.role", []any{"guide"}},
		{"a course that is none", "member.course_completed", "data.course", []any{"english"}},
		{"an end of a candidacy that is none", "member.candidacy_ended", "data.cause", []any{"admitted"}},
		{"a measure that is none", "member.disciplined", "data.measure", []any{"expulsion"}},
		{"a cause of removal that is none", "member.removed", "data.cause", []any{"died"}},
		{"an outcome that is none", "member.reviewed", "data.outcome", []any{"confirmed"}},
		{"an exemption that is none", "member.exempted", "data.kind", []any{"dues"}},
	}
	all := lines()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, v := range test.values {
				line := all[test.typ]
				if test.name == "a confirmed provisional member" {
					line = edit(t, line, "data.status", set("provisional"))
				}
				if strings.HasSuffix(test.path, "birth_year") {
					line = edit(t, line, "data.person.birth_date", remove)
				}
				_, err := codec.Parse(edit(t, line, test.path, set(v)))
				if err == nil {
					t.Errorf("%s = %v is accepted", test.path, v)
					continue
				}
				wantRejection(t, err, domain.BadValue, test.path)
			}
		})
	}
}

func TestValuesAtTheBorderAreAccepted(t *testing.T) {
	n := func(s string) any { return json.Number(s) }
	tests := []struct {
		typ, path string
		values    []any
	}{
		{"member.admitted", "effectiveon", []any{"1930-02-03", "2024-02-29", "2200-12-31"}},
		{"member.admitted", "specversion", []any{"1.0"}},
		{"member.admitted", "id", []any{"0", strings.Repeat("x", 64), "-_-", "01J-z_9"}},
		{"member.admitted", "subject", []any{"member/0", "member/" + strings.Repeat("Z", 64)}},
		{"member.admitted", "actor", []any{"a/b:c", strings.Repeat("x", 64)}},
		{"member.admitted", "data.decision.date", []any{"1930-02-03", "2024-02-29"}},
		{"member.rated", "data.year", []any{n("1930"), n("2200")}},
		{"organisation.quota_set", "data.admissions", []any{n("0"), n("1000000")}},
		{"member.identified", "data.person.national_id", []any{"011195004321", "012345678", "000000000000"}},
		{"member.identified", "data.person.phone", []any{"0912345678", "(0215) 3 740-123", "+84.912.345.678"}},
		{"member.identified", "data.person.ethnicity", []any{"01", "54", "55"}},
		{"member.identified", "data.person.religion", []any{"00", "99"}},
		{"member.card_issued", "data.card", []any{"000123", "00123456", "011195004321"}},
		{"member.identified", "data.person.full_name", []any{strings.Repeat("ễ", 300), "Y Blô Niê Kđăm", `O'Đờ "Sáu"`, "𠀀"}},
		{"member.admitted", "reason", []any{strings.Repeat("ễ", 4000), "một\nhai"}},
		{"member.expelled", "data.grounds", []any{strings.Repeat("x", 4000)}},
	}
	all := lines()
	for _, test := range tests {
		for _, v := range test.values {
			line := edit(t, all[test.typ], test.path, set(v))
			e, err := codec.Parse(line)
			if err != nil {
				t.Errorf("%s with %s = %v: %v", test.typ, test.path, v, err)
				continue
			}
			if got := paths(t, domain.AppendJSON(nil, e, ""))[test.path]; got != v {
				t.Errorf("%s: %s = %v came back as %v", test.typ, test.path, v, got)
			}
		}
	}
	for _, years := range []string{"30", "40", "45", "50", "55", "60", "65", "70", "75", "80", "85", "90"} {
		if _, err := codec.Parse(edit(t, all["member.badge_awarded"], "data.years", set(n(years)))); err != nil {
			t.Errorf("badge of %s years: %v", years, err)
		}
	}
}

func TestABirthIsGivenOnceEitherByDayOrByYear(t *testing.T) {
	line := lines()["member.identified"]
	both := edit(t, line, "data.person.birth_year", set(1995))
	_, err := codec.Parse(both)
	wantRejection(t, err, domain.BadValue, "data.person.birth_year")

	neither := edit(t, line, "data.person.birth_date", remove)
	_, err = codec.Parse(neither)
	wantRejection(t, err, domain.MissingField, "data.person.birth_date")

	year := edit(t, neither, "data.person.birth_year", set(1995))
	if _, err := codec.Parse(year); err != nil {
		t.Errorf("a birth year alone: %v", err)
	}
	changed := edit(t, lines()["member.profile_changed"], "data.person.birth_year", set(1995))
	_, err = codec.Parse(changed)
	wantRejection(t, err, domain.BadValue, "data.person.birth_year")
}

func TestAProfileChangeThatChangesNothingIsRefused(t *testing.T) {
	line := lines()["member.profile_changed"]
	for name, person := range map[string]any{
		"no field":        map[string]any{},
		"one null field":  map[string]any{"full_name": nil},
		"one empty field": map[string]any{"phone": ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := codec.Parse(edit(t, line, "data.person", set(person)))
			wantRejection(t, err, domain.MissingField, "data.person")
		})
	}
}

func TestEachFieldOfAPersonMayChangeAlone(t *testing.T) {
	line := lines()["member.profile_changed"]
	for path, v := range paths(t, line) {
		name, ok := strings.CutPrefix(path, "data.person.")
		if !ok {
			continue
		}
		alone := edit(t, line, "data.person", set(map[string]any{name: v}))
		e, err := codec.Parse(alone)
		if err != nil {
			t.Errorf("only %s: %v", name, err)
			continue
		}
		want := `{"person":{"` + name + `":"` + v.(string) + `"}}`
		if got := string(domain.AppendData(nil, e.Event, domain.All)); got != want {
			t.Errorf("only %s: data is %s, want %s", name, got, want)
		}
		open := domain.AppendPayload(nil, e, domain.Open)
		if _, err := domain.ParsePayload(e.Type(), domain.SchemaOf(e.Event), open, nil); err != nil {
			t.Errorf("only %s: ParsePayload(%s) = %v", name, open, err)
		}
	}
}

func TestAPayloadOfAnotherFormIsRefused(t *testing.T) {
	const typ, schema = "member.died", "urn:rollbook:member.died:1"
	good := `{"v":1,"effectiveon":"2021-06-01","data":{}}`
	if _, err := domain.ParsePayload(typ, schema, []byte(good), nil); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, typ, schema, payload string
		code                       domain.Code
		field                      string
	}{
		{"a type of tomorrow", "member.pardoned", "urn:rollbook:member.pardoned:1", good, domain.UnknownType, "type"},
		{"a schema of tomorrow", typ, "urn:rollbook:member.died:2", good, domain.UnknownType, "dataschema"},
		{"no schema", typ, "", good, domain.UnknownType, "dataschema"},
		{"a payload version of tomorrow", typ, schema, `{"v":2,"effectiveon":"2021-06-01","data":{}}`, domain.BadValue, "v"},
		{"no version", typ, schema, `{"effectiveon":"2021-06-01","data":{}}`, domain.MissingField, "v"},
		{"no date", typ, schema, `{"v":1,"data":{}}`, domain.MissingField, "effectiveon"},
		{"no data", typ, schema, `{"v":1,"effectiveon":"2021-06-01"}`, domain.MissingField, "data"},
		{"a field of tomorrow", typ, schema, `{"v":1,"effectiveon":"2021-06-01","data":{"place":"x"}}`, domain.UnknownField, "data.place"},
		{"a field beside the data", typ, schema, `{"v":1,"effectiveon":"2021-06-01","data":{},"id":"x"}`, domain.UnknownField, "id"},
		{"nothing", typ, schema, ``, domain.Malformed, ""},
		{"an open field left out", "member.rated", "urn:rollbook:member.rated:1", `{"v":1,"effectiveon":"2021-06-01","data":{"year":2021}}`, domain.MissingField, "data.grade"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := domain.ParsePayload(test.typ, test.schema, []byte(test.payload), nil)
			wantRejection(t, err, test.code, test.field)
		})
	}
}

func TestARejectedLineStillTellsWhichOneItIs(t *testing.T) {
	line := edit(t, lines()["member.admitted"], "data.decision.date", set("2023-02-29"))
	e, err := codec.Parse(line)
	if _, ok := errors.AsType[*domain.Rejection](err); !ok {
		t.Fatalf("Parse = %v, want a rejection", err)
	}
	if e.ID != "0190-aB_7" || e.Subject != "member/m-0042" {
		t.Errorf("the rejected entry is %q of %q, want 0190-aB_7 of member/m-0042", e.ID, e.Subject)
	}
	for _, path := range []string{"id", "subject"} {
		e, err := codec.Parse(edit(t, lines()["member.admitted"], path, set("member/Giàng A Sử")))
		if err == nil || strings.Contains(e.ID+string(e.Subject), "Giàng") {
			t.Errorf("what is no %s is handed on: %q of %q, %v", path, e.ID, e.Subject, err)
		}
	}
}
