package ledger_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"rollbook/ledger"
	"rollbook/projections"
)

// born is a member of organisation a, with what their entry says of birth and
// education.
func born(id, birth, education string) string {
	return event("member.brought_forward", "member/"+id, "2020-01-01",
		`{"person":{"full_name":"Giàng A Páo",`+birth+`,"gender":"male","ethnicity":"08","religion":"00"`+education+`},"organisation":"a","status":"official","admitted_on":"2010-05-19"}`)
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func structure(t testing.TB, l *ledger.Ledger, q ledger.FormQuestion) projections.Form {
	t.Helper()
	f, err := l.Structure(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTheStructureOpensBirthEducationAndOccupation(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()[:3]...)
	mustAccept(t, l,
		born("x1", `"birth_date":"1991-12-31"`, `,"education":"Đại học"`), // 31 on the day
		born("x2", `"birth_date":"1992-01-01"`, `,"education":"đại  học"`),
		born("x3", `"birth_year":1962`, `,"education":"Đại học","occupation":"Giáo viên"`), // 60 in the year
		born("x4", `"birth_date":"1961-12-31"`, ``),                                        // 61 on the day
		born("x5", `"birth_year":1980`, `,"education":"9/12","occupation":"giáo viên"`),
		born("x6", `"birth_year":1980`, `,"education":"9/12"`),
		event("member.profile_changed", "member/x5", "2022-06-01", `{"person":{"education":"12/12","occupation":"Nông dân"}}`),
		event("member.profile_changed", "member/x6", "2023-06-01", `{"person":{"education":"12/12","occupation":"Nông dân"}}`),
	)
	q := ledger.FormQuestion{Question: projections.Question{AsOf: day(t, "2022-12-31")}, By: []string{"age", "education", "occupation"}}
	got := asJSON(t, structure(t, l, q))
	for _, want := range []string{
		`"members":6,"age":{"under_18":0,"18_30":1,"31_35":1,"36_40":0,"41_45":2,"46_50":0,"51_55":0,"56_60":1,"over_60":1,"unknown":0}`,
		`"education":{"12/12":1,"9/12":1,"Đại học":3,"not_given":1},"occupation":{"Giáo viên":1,"Nông dân":1,"not_given":4}`, `"closed":0`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("structure\n%s\nwant in it: %s", got, want)
		}
	}
	// Whose keys are gone is counted, and nothing is known of them.
	if _, err := l.Vault().Destroy(t.Context(), "member/x1"); err != nil {
		t.Fatal(err)
	}
	got = asJSON(t, structure(t, l, q))
	for _, want := range []string{`"members":6,`, `"18_30":1,"31_35":0,`, `"unknown":1}`, `"education":{"12/12":1,"9/12":1,"Đại học":2,"not_given":1,"unknown":1},"occupation":{"Giáo viên":1,"Nông dân":1,"not_given":3,"unknown":1}`, `"closed":1`} {
		if !strings.Contains(got, want) {
			t.Errorf("structure with somebody erased\n%s\nwant in it: %s", got, want)
		}
	}
}

func TestAdmissionsAreCountedAsTheyWereThatDay(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()[:3]...)
	decision := `"decision":{"number":"1-QĐ","date":"2021-05-01"}`
	mustAccept(t, l,
		event("member.identified", "member/c1", "2019-01-01", `{"person":{"full_name":"Giàng A Páo","birth_date":"1990-06-01","gender":"male","ethnicity":"08","religion":"00","education":"9/12"},"organisation":"a","source":"militia"}`),
		event("member.candidacy_ended", "member/c1", "2019-06-01", `{"cause":"withdrawn"}`),
		event("member.identified", "member/c1", "2020-01-01", `{"person":{"full_name":"Giàng A Páo","birth_date":"1990-06-01","gender":"male","ethnicity":"08","religion":"00"},"organisation":"a","source":"student"}`),
		event("member.admitted", "member/c1", "2021-05-31", `{`+decision+`}`),
		event("member.profile_changed", "member/c1", "2021-06-01", `{"person":{"education":"12/12"}}`),
		event("member.transferred", "member/c1", "2021-07-01", `{"organisation":"b","temporary":false}`),
	)
	admissions := func(from, to string) string {
		f, err := l.Admissions(t.Context(), ledger.FormQuestion{Question: projections.Question{Organisation: "d", AsOf: day(t, to)}, By: []string{"source", "age", "education"}, Children: true}, day(t, from))
		if err != nil {
			t.Fatal(err)
		}
		return asJSON(t, f)
	}
	got := admissions("2021-05-30", "2021-12-31")
	for _, want := range []string{
		`"organisation":"d","name":"Đảng bộ huyện","admitted":1,"source":{"youth_union":0,"student":1,"militia":0,`,
		`"18_30":1,`, `"education":{"9/12":1}`,
		`"organisation":"a","name":"Đảng bộ xã A","admitted":1,`, `"organisation":"b","name":"Đảng bộ xã B","admitted":0,`,
		`"from":"2021-05-30","to":"2021-12-31"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("admissions\n%s\nwant in it: %s", got, want)
		}
	}
	if got := admissions("2021-05-31", "2021-12-31"); !strings.Contains(got, `"name":"Đảng bộ huyện","admitted":0,`) {
		t.Errorf("the day at whose end the period opens is in it:\n%s", got)
	}
}

func TestConfirmationsAreInTimeForThirtyDays(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()[:3]...)
	provisional := func(id, admitted string) string {
		return event("member.brought_forward", "member/"+id, "2021-06-01",
			`{"person":{"full_name":"Giàng A Páo","birth_year":1990,"gender":"male","ethnicity":"08","religion":"00"},"organisation":"a","status":"provisional","admitted_on":"`+admitted+`"}`)
	}
	confirmed := func(id, on string) string {
		return event("member.confirmed", "member/"+id, on, `{"decision":{"number":"1-QĐ","date":"`+on+`"}}`)
	}
	mustAccept(t, l,
		provisional("x1", "2021-05-01"), confirmed("x1", "2022-05-31"), // the 30th day
		provisional("x2", "2021-05-01"), confirmed("x2", "2022-06-01"),
		provisional("x3", "2021-12-01"), // 30 days on the last day: open
		provisional("x4", "2021-11-30"), // 31: overdue
		provisional("x5", "2022-01-01"), // still in probation
	)
	f, err := l.Figures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	form, err := f.Confirmations(t.Context(), projections.Question{AsOf: day(t, "2022-12-31")}, day(t, "2021-12-31"), false)
	if want := `"confirmed":2,"in_time":1,"late":1,"open":2,"overdue":1`; err != nil || !strings.Contains(asJSON(t, form), want) {
		t.Errorf("confirmations %s, %v, want %s", asJSON(t, form), err, want)
	}
}

func TestVillagesAreCountedByTheirCellAndItsMembers(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()[:3]...)
	member := func(cell string, n int) string {
		return event("member.brought_forward", fmt.Sprintf("member/%s-%d", cell, n), "2020-01-01",
			`{"person":{"full_name":"Giàng A Páo","birth_year":1990,"gender":"male","ethnicity":"08","religion":"00"},"organisation":"`+cell+`","status":"official","admitted_on":"2010-05-19"}`)
	}
	cells := map[string]int{"c0": 0, "c2": 2, "c3": 3}
	for cell, members := range cells {
		mustAccept(t, l, event("organisation.established", "organisation/"+cell, "1990-01-01", `{"name":"Chi bộ bản","kind":"cell","parent":"a"}`))
		for n := range members {
			mustAccept(t, l, member(cell, n))
		}
	}
	for village, cell := range map[string]string{"v0": `"c0","joint":false`, "v2": `"c2","joint":false`, "v3": `"c3","joint":false`, "vj": `"c3","joint":true`, "vn": ""} {
		mustAccept(t, l, event("village.registered", "village/"+village, "2000-01-01", `{"name":"Bản","commune":"a"}`))
		if cell != "" {
			mustAccept(t, l, event("village.cell_assigned", "village/"+village, "2000-01-02", `{"cell":`+cell+`}`))
		}
	}
	mustAccept(t, l,
		event("village.registered", "village/gone", "2000-01-01", `{"name":"Bản","commune":"b"}`),
		event("village.retired", "village/gone", "2001-01-01", `{}`),
	)
	f, err := l.Figures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	form, err := f.Villages(t.Context(), projections.Question{AsOf: day(t, "2022-12-31")})
	counts := `"villages":5,"cell":{"own":3,"joint":1,"none":1},"members":{"without_members":2,"1_or_2":1,"3_or_more":1,"not_told_apart":1}`
	want := `"rows":[{"organisation":null,"name":"",` + counts + `},{"organisation":"a","name":"Đảng bộ xã A",` + counts + `}]`
	if err != nil || !strings.Contains(asJSON(t, form), want) {
		t.Errorf("villages %s, %v, want %s", asJSON(t, form), err, want)
	}
}
