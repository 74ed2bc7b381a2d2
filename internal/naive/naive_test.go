package naive_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"rollbook/internal/naive"
)

// ev is an event, recorded at its place in the slice, from 1; its id is e1, e2
// and so on.
type ev struct {
	eventType, subject, on, data string
}

func ledger(t testing.TB, events []ev) *naive.Ledger {
	t.Helper()
	l := new(naive.Ledger)
	for i, e := range events {
		line := fmt.Sprintf(`{"id":"e%d","type":%q,"subject":%q,"effectiveon":%q,"data":{%s}}`,
			i+1, e.eventType, e.subject, e.on, e.data)
		if err := l.Add(uint64(i+1), []byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func established(id, kind, parent, on string) ev {
	if parent != "null" {
		parent = fmt.Sprintf("%q", parent)
	}
	return ev{
		"organisation.established", "organisation/" + id, on,
		fmt.Sprintf(`"name":%q,"kind":%q,"parent":%s`, id, kind, parent),
	}
}

func organisation(id, what, on, data string) ev {
	return ev{"organisation." + what, "organisation/" + id, on, data}
}

func village(id, what, on, data string) ev {
	return ev{"village." + what, "village/" + id, on, data}
}

func member(id, what, on, data string) ev {
	return ev{"member." + what, "member/" + id, on, data}
}

func person(gender, ethnicity, religion string) string {
	return fmt.Sprintf(`"person":{"full_name":"X","gender":%q,"ethnicity":%q,"religion":%q}`, gender, ethnicity, religion)
}

func in(org string) string { return fmt.Sprintf(`"organisation":%q`, org) }

func identified(id, org, on string) ev {
	return member(id, "identified", on, person("female", "08", "00")+","+in(org)+`,"source":"other"`)
}

func broughtForward(id, org, status, on string) ev {
	return member(id, "brought_forward", on,
		person("male", "01", "00")+","+in(org)+fmt.Sprintf(`,"status":%q,"admitted_on":%q`, status, on))
}

// district is d over the grassroots committees p and q and the grassroots cell
// g; p over the cells a and b, q over c.
var district = []ev{
	established("d", "district_committee", "null", "2018-01-01"),
	established("p", "grassroots_committee", "d", "2018-01-01"),
	established("q", "grassroots_committee", "d", "2018-01-01"),
	established("g", "grassroots_cell", "d", "2018-01-01"),
	established("a", "cell", "p", "2018-01-01"),
	established("b", "cell", "p", "2018-01-01"),
	established("c", "cell", "q", "2018-01-01"),
}

// first is the sequence of the first event after district.
var first = len(district) + 1

func inDistrict(events ...ev) []ev { return append(slices.Clone(district), events...) }

func TestHeadcount(t *testing.T) {
	annuls := func(sequence int) string { return fmt.Sprintf(`"annuls":"e%d"`, sequence) }
	life := inDistrict(
		identified("m", "a", "2019-01-01"),
		member("m", "admitted", "2019-06-01", ""),
		member("m", "confirmed", "2020-06-01", ""),
		member("m", "expelled", "2021-01-01", ""),
		member("m", "restored", "2021-07-01", ""),
	)
	annulled := inDistrict(
		broughtForward("m", "a", "official", "2019-01-01"),
		member("m", "died", "2019-02-01", ""),                        // first+1
		member("m", "entry_annulled", "2019-02-01", annuls(first+1)), // first+2
		member("m", "entry_annulled", "2019-02-01", annuls(first+2)), // first+3
		member("m", "entry_annulled", "2019-02-01", annuls(first+3)), // first+4
	)
	chain := inDistrict(
		broughtForward("m", "a", "official", "2019-01-01"),
		identified("n", "a", "2019-01-01"),
		broughtForward("x", "a", "official", "2019-01-01"),
		member("x", "removed", "2019-01-15", `"cause":"other"`),
		organisation("a", "merged", "2019-02-01", `"into":"b"`),
		organisation("b", "merged", "2019-03-01", `"into":"c"`),
		member("n", "admitted", "2019-04-01", ""),
		member("x", "restored", "2019-04-01", ""),
	)
	late := inDistrict(
		broughtForward("m", "a", "official", "2019-01-01"),
		organisation("a", "merged", "2019-06-01", `"into":"c"`),
		member("m", "transferred", "2019-03-01", in("b")+`,"temporary":false`), // recorded after the merge
	)
	transfers := inDistrict(
		broughtForward("m", "a", "official", "2019-01-01"),
		member("m", "transferred", "2019-02-01", in("c")+`,"temporary":true`),
		member("m", "transferred", "2019-03-01", in("b")+`,"temporary":false`),
		member("m", "transferred", "2019-03-01", in("g")+`,"temporary":false`), // the same day
	)
	moved := inDistrict(
		broughtForward("m", "a", "official", "2019-01-01"),
		organisation("a", "moved", "2019-02-01", `"parent":"q"`),
	)
	back := inDistrict(
		broughtForward("m", "a", "provisional", "2019-01-01"),
		member("m", "transferred_out", "2019-02-01", `"destination":"X"`),
		member("m", "transferred_in", "2019-03-01",
			person("male", "03", "02")+","+in("b")+`,"status":"official","admitted_on":"2018-01-01"`),
		member("m", "profile_changed", "2019-04-01", `"person":{"ethnicity":"08"}`),
		member("m", "resigned", "2019-05-01", ""),
		identified("m", "c", "2019-06-01"),
		member("m", "admitted", "2019-07-01", in("g")),
		member("m", "died", "2019-08-01", ""),
	)
	impossible := inDistrict(
		member("m", "confirmed", "2019-01-01", ""),
		member("m", "died", "2019-01-02", ""),
		identified("m", "a", "2019-01-03"),
		member("m", "confirmed", "2019-01-04", ""),
		member("m", "restored", "2019-01-05", ""),
	)

	all := []string{"status", "organisation"}
	tests := []struct {
		name    string
		events  []ev
		org     string
		asOf    string
		knownAt int // 0: everything
		by      []string
		rows    map[string]int
	}{
		{"a candidate is no member", life, "", "2019-05-31", 0, nil, map[string]int{}},
		{"an admission counts on its day", life, "", "2019-06-01", 0, all, map[string]int{"provisional,a": 1}},
		{"a confirmation counts on its day", life, "", "2020-06-01", 0, all, map[string]int{"official,a": 1}},
		{"who is expelled on a day does not count on it", life, "", "2021-01-01", 0, all, map[string]int{}},
		{"a restored member has the status held before", life, "", "2021-07-01", 0, all, map[string]int{"official,a": 1}},
		{"what was recorded later is not known", life, "", "2021-07-01", first + 1, all, map[string]int{"provisional,a": 1}},
		{"an organisation has the members of all below it", life, "p", "2021-07-01", 0, all, map[string]int{"official,a": 1}},
		{"an organisation has no members of others", life, "q", "2021-07-01", 0, all, map[string]int{}},

		{"an entry stands before its annulment is known", annulled, "", "2020-01-01", first + 1, all, map[string]int{}},
		{"an annulled entry counts not at all", annulled, "", "2020-01-01", first + 2, all, map[string]int{"official,a": 1}},
		{"an annulled annulment annuls nothing", annulled, "", "2020-01-01", first + 3, all, map[string]int{}},
		{"an annulled annulment of an annulment neither", annulled, "", "2020-01-01", 0, all, map[string]int{"official,a": 1}},

		{"a merge counts on its day", chain, "", "2019-02-01", 0, all, map[string]int{"official,b": 1}},
		{"members go with every merge", chain, "", "2019-03-01", 0, all, map[string]int{"official,c": 1}},
		{
			"candidates and former members go with every merge", chain, "", "2019-04-01", 0, all,
			map[string]int{"official,c": 2, "provisional,c": 1},
		},
		{"a member who left before a merge does not go with it", late, "", "2019-12-31", 0, all, map[string]int{"official,b": 1}},
		{"unless it is not known that the member left", late, "", "2019-12-31", first + 1, all, map[string]int{"official,c": 1}},

		{"a temporary transfer moves nobody", transfers, "", "2019-02-28", 0, all, map[string]int{"official,a": 1}},
		{"of two transfers on a day the one recorded later holds", transfers, "", "2019-03-01", 0, all, map[string]int{"official,g": 1}},

		{"a moved organisation takes its members along", moved, "q", "2019-02-01", 0, all, map[string]int{"official,a": 1}},
		{"they stay until the day", moved, "q", "2019-01-31", 0, all, map[string]int{}},
		{"they are no longer where they were", moved, "p", "2019-02-01", 0, all, map[string]int{}},

		{
			"who comes back may bring other attributes", back, "", "2019-03-01", 0,
			[]string{"ethnicity", "status", "gender", "religion", "organisation"},
			map[string]int{"03,official,male,02,b": 1},
		},
		{"a changed attribute counts on its day", back, "", "2019-04-01", 0, []string{"ethnicity"}, map[string]int{"08": 1}},
		{"and not before", back, "", "2019-03-31", 0, []string{"ethnicity"}, map[string]int{"03": 1}},
		{
			"a readmitted member is on probation", back, "", "2019-07-01", 0,
			[]string{"organisation", "gender", "status"},
			map[string]int{"g,female,provisional": 1},
		},
		{"without dimensions there is one row", back, "d", "2019-07-01", 0, nil, map[string]int{"": 1}},
		{"the dead are gone", back, "", "2019-08-01", 0, nil, map[string]int{}},

		{"impossible entries count not at all", impossible, "", "2019-12-31", 0, all, map[string]int{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			total, rows := ledger(t, tt.events).Headcount(tt.org, tt.asOf, known(tt.knownAt), tt.by)
			want := 0
			for _, n := range tt.rows {
				want += n
			}
			if total != want || !maps.Equal(rows, tt.rows) {
				t.Errorf("Headcount(%q, %s, %d, %v) = %d, %v, want %d, %v",
					tt.org, tt.asOf, tt.knownAt, tt.by, total, rows, want, tt.rows)
			}
		})
	}
}

func known(at int) uint64 {
	if at == 0 {
		return naive.Everything
	}
	return uint64(at)
}

func TestOrganisationsAndSubtrees(t *testing.T) {
	l := ledger(t, inDistrict(
		established("h", "cell", "q", "2019-01-01"),
		organisation("c", "merged", "2019-02-01", `"into":"h"`),
		organisation("q", "moved", "2019-03-01", `"parent":"p"`),
	))
	tests := []struct {
		name, org, asOf string
		want            []string
	}{
		{"all below, however deep", "d", "2018-12-31", []string{"a", "b", "c", "d", "g", "p", "q"}},
		{"one that begins on the day is there", "q", "2019-01-01", []string{"c", "h", "q"}},
		{"an ended one keeps its place", "q", "2019-02-01", []string{"c", "h", "q"}},
		{"and moves with those above it", "p", "2019-03-01", []string{"a", "b", "c", "h", "p", "q"}},
		{"nobody knows it", "x", "2019-03-01", []string{}},
		{"without an organisation everything", "", "2018-12-31", []string{"a", "b", "c", "d", "g", "p", "q"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := l.Subtree(tt.org, tt.asOf, naive.Everything); !slices.Equal(got, tt.want) {
				t.Errorf("Subtree(%q, %s) = %v, want %v", tt.org, tt.asOf, got, tt.want)
			}
		})
	}

	if got, want := l.Organisations("2018-12-31", naive.Everything), tests[0].want; !slices.Equal(got, want) {
		t.Errorf("Organisations(2018-12-31) = %v, want %v", got, want)
	}
	if got := l.Members(); len(got) != 0 {
		t.Errorf("Members() = %v, want none", got)
	}
}

func TestMovements(t *testing.T) {
	// One member for each way in and out, all of a in the year 2020.
	year := inDistrict(
		broughtForward("m1", "a", "official", "2019-01-01"),
		broughtForward("m2", "a", "official", "2019-01-01"),
		broughtForward("m3", "a", "official", "2019-12-31"),
		broughtForward("m4", "a", "official", "2019-01-01"),
		broughtForward("m5", "a", "provisional", "2019-01-01"),
		broughtForward("m6", "a", "provisional", "2019-01-01"),
		broughtForward("m7", "c", "official", "2019-01-01"),
		broughtForward("m8", "a", "official", "2020-01-01"),
		member("m1", "died", "2020-12-31", ""),
		member("m2", "expelled", "2020-02-01", ""),
		member("m2", "restored", "2020-03-01", in("b")),
		member("m3", "resigned", "2020-02-01", ""),
		member("m4", "transferred_out", "2020-02-01", `"destination":"X"`),
		member("m5", "removed", "2020-02-01", `"cause":"lapsed"`),
		member("m6", "confirmed", "2020-02-01", ""),
		member("m6", "transferred", "2020-03-01", in("c")+`,"temporary":false`),
		member("m7", "transferred", "2020-03-01", in("a")+`,"temporary":false`),
		identified("m9", "a", "2020-01-01"),
		member("m9", "transferred", "2020-02-01", in("c")+`,"temporary":false`), // a candidate
		member("m9", "admitted", "2020-03-01", ""),
		member("m10", "transferred_in", "2020-03-01",
			person("male", "01", "00")+","+in("b")+`,"status":"provisional","admitted_on":"2019-01-01"`),
		member("m10", "died", "2021-01-01", ""),
	)
	merge := inDistrict(
		broughtForward("m1", "a", "official", "2019-01-01"),
		broughtForward("m2", "b", "official", "2019-01-01"),
		broughtForward("m3", "b", "official", "2019-01-01"),
		member("m3", "died", "2020-01-01", ""),
		organisation("a", "merged", "2020-02-01", `"into":"b"`),
		organisation("b", "merged", "2020-03-01", `"into":"c"`),
	)
	reorganised := inDistrict(
		broughtForward("m1", "c", "official", "2019-01-01"),
		broughtForward("m2", "a", "official", "2019-01-01"),
		member("m2", "transferred", "2020-02-01", in("c")+`,"temporary":false`),
		organisation("c", "moved", "2020-03-01", `"parent":"p"`),
	)

	type figures = map[string]int
	tests := []struct {
		name          string
		events        []ev
		org, from, to string
		want          figures // the others are zero
	}{
		{
			"a cell", year, "a", "2019-12-31", "2020-12-31",
			figures{
				"opening": 6, "brought_forward": 1, "died": 1, "expelled": 1, "resigned": 1, "transferred_out": 1,
				"removed": 1, "confirmed": 1, "moved_out": 1, "moved_in": 1, "closing": 2,
			},
		},
		{
			"a restored member enters where restored", year, "b", "2019-12-31", "2020-12-31",
			figures{"restored": 1, "transferred_in": 1, "closing": 2},
		},
		{
			"a candidate's transfer is no movement", year, "c", "2019-12-31", "2020-12-31",
			figures{"opening": 1, "moved_in": 1, "moved_out": 1, "admitted": 1, "closing": 2},
		},
		{
			"moves inside are no movements", year, "d", "2019-12-31", "2020-12-31",
			figures{
				"opening": 7, "brought_forward": 1, "died": 1, "expelled": 1, "resigned": 1, "transferred_out": 1,
				"removed": 1, "confirmed": 1, "restored": 1, "admitted": 1, "transferred_in": 1, "closing": 6,
			},
		},
		{
			"nor in the whole ledger", year, "", "2020-03-01", "2021-01-01",
			figures{"opening": 7, "died": 2, "closing": 5},
		},
		{"the first day is not in the period", year, "b", "2020-03-01", "2020-12-31", figures{"opening": 2, "closing": 2}},

		{"a merge moves members out", merge, "a", "2019-12-31", "2020-12-31", figures{"opening": 1, "moved_out": 1}},
		{
			"a merge moves them in, and out again", merge, "b", "2019-12-31", "2020-12-31",
			figures{"opening": 2, "died": 1, "moved_in": 1, "moved_out": 2},
		},
		{
			"a merge below moves nobody", merge, "p", "2019-12-31", "2020-02-28",
			figures{"opening": 3, "died": 1, "closing": 2},
		},
		{"a merge across the border does", merge, "p", "2020-02-01", "2020-03-01", figures{"opening": 2, "moved_out": 2}},
		{"on both sides", merge, "q", "2020-02-01", "2020-03-01", figures{"moved_in": 2, "closing": 2}},

		{
			"the border is that of the last day", reorganised, "p", "2019-12-31", "2020-12-31",
			figures{"opening": 2, "closing": 2},
		},
		{
			"also when another day had another border", reorganised, "p", "2019-12-31", "2020-02-28",
			figures{"opening": 1, "moved_out": 1},
		},
	}
	keys := []string{
		"opening", "admitted", "transferred_in", "restored", "brought_forward", "moved_in", "moved_out",
		"transferred_out", "expelled", "removed", "resigned", "died", "closing", "confirmed",
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := figures{}
			for _, key := range keys {
				want[key] = tt.want[key]
			}
			got := ledger(t, tt.events).Movements(tt.org, tt.from, tt.to, naive.Everything)
			if !maps.Equal(got, want) {
				t.Errorf("Movements(%q, %s, %s) =\n%v, want\n%v", tt.org, tt.from, tt.to, got, want)
			}
		})
	}
}

func TestIndicators(t *testing.T) {
	plain := func(n int) naive.Indicator { return naive.Indicator{Numerator: n, Value: float64(n)} }
	share := func(n, d int, value float64) naive.Indicator {
		return naive.Indicator{Numerator: n, Denominator: d, HasDenominator: true, Value: value}
	}
	null := func(n int) naive.Indicator { return naive.Indicator{Numerator: n, HasDenominator: true, Null: true} }

	quota := func(year, n int) string { return fmt.Sprintf(`"year":%d,"admissions":%d`, year, n) }
	targetOf := func(from, to string, n int) string {
		return fmt.Sprintf(`"from":%q,"to":%q,"admissions":%d`, from, to, n)
	}
	grade := func(year int, grade string) string { return fmt.Sprintf(`"year":%d,"grade":%q`, year, grade) }

	structure := inDistrict(
		member("m1", "brought_forward", "2019-01-01",
			person("male", "01", "00")+","+in("a")+`,"status":"official","admitted_on":"2010-01-01"`),
		member("m2", "brought_forward", "2019-01-01",
			person("female", "08", "02")+","+in("a")+`,"status":"provisional","admitted_on":"2018-06-01"`),
		member("m3", "brought_forward", "2019-01-01",
			person("female", "03", "00")+","+in("c")+`,"status":"official","admitted_on":"2010-01-01"`),
		identified("m4", "b", "2019-02-01"),
		identified("m5", "a", "2019-02-01"),
		member("m4", "mentor_assigned", "2019-03-01", `"mentor":"m1","role":"mentor"`),
		member("m5", "mentor_assigned", "2019-03-01", `"mentor":"m1","role":"mentor"`),
		member("m5", "mentor_assigned", "2019-03-01", `"mentor":"m3","role":"introducer"`),
		member("m5", "mentor_released", "2019-04-01", `"mentor":"m1"`),
		member("m5", "mentor_released", "2019-10-01", `"mentor":"m3"`),
		member("m1", "profile_changed", "2019-06-01", `"person":{"ethnicity":"35"}`),
		member("m1", "rated", "2019-12-15", grade(2019, "good")),
		member("m1", "rated", "2019-12-20", grade(2019, "excellent")),
		member("m2", "rated", "2019-12-15", grade(2018, "good")),
		member("m3", "rated", "2020-01-15", grade(2019, "good")),
	)
	admissions := inDistrict(
		organisation("d", "target_set", "2018-01-01", targetOf("2018-01-01", "2022-12-31", 9)),
		organisation("d", "target_set", "2018-02-01", targetOf("2020-01-01", "2020-06-30", 7)),
		organisation("d", "target_set", "2018-03-01", targetOf("2020-01-01", "2020-06-30", 3)), // replaces it
		organisation("p", "quota_set", "2018-01-01", quota(2020, 5)),
		organisation("p", "quota_set", "2018-02-01", quota(2020, 4)), // replaces it
		organisation("c", "quota_set", "2018-01-01", quota(2020, 2)), // q has none of its own
		organisation("g", "quota_set", "2020-09-01", quota(2020, 1)),
		organisation("a", "quota_set", "2018-01-01", quota(2020, 0)),
		identified("m1", "a", "2019-01-01"),
		identified("m2", "a", "2019-01-01"),
		identified("m3", "c", "2019-01-01"),
		identified("m4", "c", "2019-01-01"),
		member("m1", "admitted", "2019-12-31", ""),
		member("m2", "admitted", "2020-01-01", ""),
		member("m3", "admitted", "2020-06-30", in("b")),
		member("m4", "admitted", "2020-07-01", ""),
		member("m1", "confirmed", "2020-12-31", ""),
		member("m2", "confirmed", "2021-01-01", ""),
		member("m1", "transferred", "2020-12-31", in("c")+`,"temporary":false`),
	)
	endedChild := inDistrict(
		organisation("a", "quota_set", "2019-01-01", quota(2020, 2)),
		organisation("b", "quota_set", "2019-01-01", quota(2020, 3)),
		organisation("a", "merged", "2020-06-01", `"into":"b"`),
	)
	probation := inDistrict(
		identified("m1", "a", "2019-01-01"),
		member("m1", "admitted", "2020-02-29", ""), // until 2021-03-01, overdue from 2021-04-01
		broughtForward("m2", "b", "provisional", "2020-03-02"),
		member("m2", "expelled", "2020-05-01", ""),
		member("m2", "restored", "2020-06-01", ""), // still until 2021-03-02, overdue from 2021-04-02
	)
	grassroots := inDistrict(
		organisation("p", "rated", "2020-12-31", grade(2020, "good")),
		organisation("q", "rated", "2020-12-31", grade(2020, "good")),
		organisation("q", "rated", "2020-12-31", grade(2020, "excellent")), // replaces it
		organisation("a", "rated", "2020-12-31", grade(2020, "good")),      // a cell is not of the grassroots
		organisation("g", "rated", "2021-01-01", grade(2020, "good")),      // too late for 2020
		organisation("c", "moved", "2020-06-01", `"parent":"p"`),
		organisation("q", "merged", "2021-01-01", `"into":"p"`),
	)
	villages := inDistrict(
		village("v1", "registered", "2019-01-01", `"name":"V","commune":"q"`),
		village("v2", "registered", "2019-01-01", `"name":"V","commune":"q"`),
		village("v3", "registered", "2019-01-01", `"name":"V","commune":"p"`),
		village("v1", "cell_assigned", "2019-01-01", `"cell":"c","joint":false`),
		village("v2", "cell_assigned", "2019-01-01", `"cell":"c","joint":false`),
		village("v2", "cell_assigned", "2020-06-01", `"cell":"c","joint":true`),
		organisation("c", "moved", "2020-12-01", `"parent":"p"`),
		organisation("q", "merged", "2021-01-01", `"into":"p"`),
		village("v1", "retired", "2022-01-01", ""),
	)
	exits := inDistrict(
		broughtForward("m1", "a", "official", "2019-01-01"),
		broughtForward("m2", "a", "official", "2019-01-01"),
		broughtForward("m3", "a", "official", "2019-01-01"),
		broughtForward("m4", "a", "official", "2019-01-01"),
		broughtForward("m5", "a", "official", "2019-01-01"),
		broughtForward("m6", "a", "official", "2019-01-01"),
		member("m1", "expelled", "2020-01-01", ""),
		member("m2", "removed", "2020-03-01", `"cause":"other"`),
		member("m3", "resigned", "2020-03-01", ""),
		member("m4", "died", "2020-03-01", ""),
		member("m5", "transferred_out", "2020-12-31", `"destination":"X"`),
		member("m6", "died", "2021-01-01", ""),
	)
	mentorsGone := inDistrict(
		broughtForward("m1", "a", "official", "2019-01-01"),
		identified("m2", "a", "2019-01-01"),
		member("m2", "mentor_assigned", "2019-01-02", `"mentor":"m1","role":"mentor"`),
		member("m2", "candidacy_ended", "2019-02-01", `"cause":"withdrawn"`),
		identified("m2", "a", "2019-03-01"),
	)

	type figures = map[string]naive.Indicator
	tests := []struct {
		name   string
		events []ev
		org    string
		year   int
		asOf   string
		want   figures // the others may be anything
	}{
		{"people", structure, "p", 2019, "2030-01-01", figures{
			"members": plain(2), "official": plain(1), "provisional": plain(1), "candidates": plain(2),
			"ethnic_minority_share":        share(2, 2, 1),
			"women_share":                  share(1, 2, 0.5),
			"religious_share":              share(1, 2, 0.5),
			"candidates_with_mentor_share": share(1, 2, 0.5),
			"confirmation_overdue":         share(1, 1, 1),
			"rated_share":                  share(1, 2, 0.5),
			"member_grade_excellent":       share(1, 1, 1),
			"member_grade_good":            share(0, 1, 0),
			"member_grade_satisfactory":    share(0, 1, 0),
			"member_grade_unsatisfactory":  share(0, 1, 0),
		}},
		{"values have six decimals", structure, "", 2019, "2030-01-01", figures{
			"members": plain(3), "women_share": share(2, 3, 0.666667), "religious_share": share(1, 3, 0.333333),
		}},
		{"a day within the year", structure, "p", 2019, "2019-05-31", figures{
			"ethnic_minority_share":        share(1, 2, 0.5),
			"candidates_with_mentor_share": share(2, 2, 1),
			"rated_share":                  share(0, 2, 0),
			"member_grade_excellent":       null(0),
		}},
		{"a rating given after the year does not count in it", structure, "q", 2019, "2030-01-01", figures{
			"rated_share": share(0, 1, 0), "candidates_with_mentor_share": null(0), "confirmation_overdue": null(0),
		}},
		{"nobody at all", structure, "g", 2019, "2030-01-01", figures{
			"members": plain(0), "women_share": null(0), "villages_with_cell": null(0), "term_target_rate": null(0),
		}},

		{"an own quota, and none of the children's", admissions, "p", 2020, "2030-01-01", figures{
			"admission_quota_rate": share(2, 4, 0.5), "confirmed": plain(1), "term_target_rate": null(0),
		}},
		{"without one the children's and their children's", admissions, "d", 2020, "2030-01-01", figures{
			"admission_quota_rate": share(3, 7, 0.428571), "term_target_rate": share(2, 3, 0.666667), "confirmed": plain(1),
		}},
		{"as far as effective", admissions, "d", 2020, "2020-05-31", figures{
			"admission_quota_rate": share(1, 6, 0.166667), "term_target_rate": share(1, 3, 0.333333),
		}},
		{"the children are those alive", endedChild, "p", 2020, "2020-05-31", figures{
			"admission_quota_rate": share(0, 5, 0),
		}},
		{"not those that ended on the day", endedChild, "p", 2020, "2020-06-01", figures{
			"admission_quota_rate": share(0, 3, 0),
		}},
		{"an ended one has its own quota still", endedChild, "a", 2020, "2030-01-01", figures{
			"admission_quota_rate": share(0, 2, 0),
		}},
		{"the whole ledger has the quota and the target of the top", admissions, "", 2020, "2030-01-01", figures{
			"admission_quota_rate": share(3, 7, 0.428571), "term_target_rate": share(2, 3, 0.666667),
		}},
		{"a quota of zero is a quota", admissions, "a", 2020, "2030-01-01", figures{"admission_quota_rate": null(1)}},
		{"the target of an earlier term", admissions, "d", 2019, "2030-01-01", figures{
			"admission_quota_rate": null(1), "term_target_rate": share(1, 9, 0.111111),
		}},
		{"a confirmation counts where the member then is", admissions, "p", 2020, "2030-01-01", figures{"confirmed": plain(1)}},
		{"not where the member went on the same day", admissions, "c", 2020, "2030-01-01", figures{"confirmed": plain(0)}},
		{"one of the first of January counts in that year", admissions, "a", 2021, "2030-01-01", figures{"confirmed": plain(1)}},

		{"30 days after probation ended", probation, "", 2021, "2021-03-31", figures{"confirmation_overdue": share(0, 2, 0)}},
		{"31 days after", probation, "", 2021, "2021-04-01", figures{"confirmation_overdue": share(1, 2, 0.5)}},
		{"whatever lay between", probation, "", 2021, "2021-04-02", figures{"confirmation_overdue": share(2, 2, 1)}},

		{"grassroots organisations", grassroots, "d", 2020, "2030-01-01", figures{
			"organisation_grade_good": share(1, 2, 0.5), "organisation_grade_excellent": share(1, 2, 0.5),
			"organisation_grade_satisfactory": share(0, 2, 0),
		}},
		{"itself", grassroots, "q", 2020, "2030-01-01", figures{
			"organisation_grade_good": share(0, 1, 0), "organisation_grade_excellent": share(1, 1, 1),
		}},
		{"none", grassroots, "a", 2020, "2030-01-01", figures{"organisation_grade_good": null(0)}},

		{"villages", villages, "q", 2019, "2030-01-01", figures{"villages_with_cell": share(2, 2, 1)}},
		{"a joint cell is not its own", villages, "q", 2020, "2030-01-01", figures{"villages_with_cell": share(1, 2, 0.5)}},
		{"villages go with their commune", villages, "p", 2021, "2030-01-01", figures{"villages_with_cell": share(1, 3, 0.333333)}},
		{"and leave it", villages, "q", 2021, "2030-01-01", figures{"villages_with_cell": null(0)}},
		{"a retired one counts no more", villages, "", 2022, "2030-01-01", figures{"villages_with_cell": share(0, 2, 0)}},

		{"exits", exits, "p", 2020, "2030-01-01", figures{
			"exits_expelled": plain(1), "exits_removed": plain(1), "exits_resigned": plain(1), "exits_died": plain(1),
			"exits_transferred_out": plain(1), "members": plain(1),
		}},
		{"exits of the year only", exits, "p", 2021, "2030-01-01", figures{"exits_expelled": plain(0), "exits_died": plain(1)}},
		{"exits until the day only", exits, "p", 2020, "2020-02-01", figures{"exits_expelled": plain(1), "exits_died": plain(0)}},
		{"a day before the year", exits, "p", 2020, "2019-12-31", figures{"exits_expelled": plain(0), "members": plain(6)}},

		{"mentors go when the candidacy ends", mentorsGone, "", 2019, "2030-01-01", figures{
			"candidates": plain(1), "candidates_with_mentor_share": share(0, 1, 0),
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ledger(t, tt.events).Indicators(tt.org, tt.year, tt.asOf, naive.Everything)
			for code, want := range tt.want {
				if got[code] != want {
					t.Errorf("Indicators(%q, %d, %s)[%s] = %+v, want %+v", tt.org, tt.year, tt.asOf, code, got[code], want)
				}
			}
			if codes := slices.Sorted(maps.Keys(got)); !slices.Equal(codes, allCodes) {
				t.Errorf("Indicators() has the codes %v, want %v", codes, allCodes)
			}
		})
	}
}

// allCodes are those of the contract's table, sorted.
var allCodes = []string{
	"admission_quota_rate",
	"candidates",
	"candidates_with_mentor_share",
	"confirmation_overdue",
	"confirmed",
	"ethnic_minority_share",
	"exits_died",
	"exits_expelled",
	"exits_removed",
	"exits_resigned",
	"exits_transferred_out",
	"member_grade_excellent",
	"member_grade_good",
	"member_grade_satisfactory",
	"member_grade_unsatisfactory",
	"members",
	"official",
	"organisation_grade_excellent",
	"organisation_grade_good",
	"organisation_grade_satisfactory",
	"organisation_grade_unsatisfactory",
	"provisional",
	"rated_share",
	"religious_share",
	"term_target_rate",
	"villages_with_cell",
	"women_share",
}

func TestAddRefusesWhatIsNoLog(t *testing.T) {
	l := new(naive.Ledger)
	if err := l.Add(1, []byte(`{"type":"member.died"`)); err == nil {
		t.Error("Add of broken JSON succeeded")
	}
	if err := l.Add(1, []byte(`{"type":"ledger.opened","data":"anything"}`)); err != nil {
		t.Errorf("Add of a system record: %v", err)
	}
	if err := l.Add(2, []byte(`{"type":"member.died","subject":"member/m"}`)); err != nil {
		t.Errorf("Add: %v", err)
	}
	if err := l.Add(2, []byte(`{"type":"member.died","subject":"member/m"}`)); err == nil {
		t.Error("Add of a sequence for the second time succeeded")
	}
}

// Whatever is fed, also what is impossible: opening + ins - outs = closing,
// opening and closing are headcounts, and the parts make the whole.
func TestMovementsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := new(naive.Ledger)
		lines := naive.History(t, 70)
		for i, line := range lines {
			if err := l.Add(uint64(i+1), line); err != nil {
				t.Fatal(err)
			}
		}

		days := naive.Days()
		from := rapid.IntRange(0, len(days)-1).Draw(t, "from")
		to := rapid.IntRange(from, len(days)-1).Draw(t, "to")
		knownAt := uint64(rapid.IntRange(0, len(lines)).Draw(t, "known at"))

		inAll := 0
		for _, org := range append(l.Organisations(days[to], knownAt), "") {
			m := l.Movements(org, days[from], days[to], knownAt)
			sum := m["opening"] + m["admitted"] + m["transferred_in"] + m["restored"] + m["brought_forward"] + m["moved_in"] -
				m["moved_out"] - m["transferred_out"] - m["expelled"] - m["removed"] - m["resigned"] - m["died"]
			if sum != m["closing"] {
				t.Errorf("Movements(%q, %s, %s, %d): opening + ins - outs = %d in %v", org, days[from], days[to], knownAt, sum, m)
			}
			total, rows := l.Headcount(org, days[to], knownAt, []string{"organisation", "status"})
			if total != m["closing"] {
				t.Errorf("Headcount(%q, %s, %d) = %d, want closing %d", org, days[to], knownAt, total, m["closing"])
			}
			if org == "" {
				if m["moved_in"] != 0 || m["moved_out"] != 0 {
					t.Errorf("movements of the whole ledger cross a border: %v", m)
				}
				continue
			}
			inAll += rows[org+",provisional"] + rows[org+",official"]

			i := l.Indicators(org, 2020, days[to], knownAt)
			for code, x := range i {
				if x.HasDenominator && code != "admission_quota_rate" && code != "term_target_rate" &&
					(x.Numerator > x.Denominator || x.Null != (x.Denominator == 0)) {
					t.Errorf("Indicators(%q, 2020, %s, %d)[%s] = %+v", org, days[to], knownAt, code, x)
				}
			}
		}
		if total, _ := l.Headcount("", days[to], knownAt, nil); total != inAll {
			// A member can count in an organisation that is not known: only a line
			// that is not valid names one.
			_, rows := l.Headcount("", days[to], knownAt, []string{"organisation"})
			orgs := l.Organisations(days[to], knownAt)
			for org, n := range rows {
				if !slices.Contains(orgs, org) {
					inAll += n
				}
			}
			if total != inAll {
				t.Errorf("the organisations have %d members, the ledger %d", inAll, total)
			}
		}
	})
}

func TestHistoryIsReproducible(t *testing.T) {
	history := rapid.Custom(func(t *rapid.T) [][]byte { return naive.History(t, 150) })
	if a, b := history.Example(7), history.Example(7); !reflect.DeepEqual(a, b) {
		t.Error("the same seed gives other histories")
	}
	if a, b := history.Example(7), history.Example(8); reflect.DeepEqual(a, b) {
		t.Error("another seed gives the same history")
	}
}
