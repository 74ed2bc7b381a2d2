package reports_test

import (
	"strconv"
	"strings"
	"testing"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/office/papers"
	"rollbook/office/reports"
	"rollbook/projections"
)

// drawn returns a paper as a terminal shows it.
func drawn(t *testing.T, p papers.Paper) string {
	t.Helper()
	var b strings.Builder
	if err := p.Table(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// An answer that leaves somebody out says so where nobody can miss it.
func TestIncompleteFiguresSayIt(t *testing.T) {
	h := projections.Headcount{By: []projections.Dimension{"gender"}, Standing: projections.Standing{KnownAt: 7, Position: 9, Parked: 2}}
	for lang, want := range map[string]string{"en": "!!! INCOMPLETE: 2 subjects", "vi": "!!! CHƯA ĐẦY ĐỦ: 2 đối tượng"} {
		p := reports.Reader{Lang: lang}.Headcount(h)
		if got := drawn(t, p); !strings.Contains(got, want) || p.Standing.Complete {
			t.Errorf("%s: no %q in\n%s", lang, want, got)
		}
	}
}

// Every figure that a form can have is in words, in both languages.
func TestEveryFigureOfAFormHasItsWords(t *testing.T) {
	grades := []string{"excellent", "good", "satisfactory", "unsatisfactory", projections.NotRated}
	var sources, measures, years []string
	for _, s := range domain.Sources() {
		sources = append(sources, string(s))
	}
	for _, m := range domain.Measures() {
		measures = append(measures, string(m))
	}
	for _, n := range domain.BadgeYears() {
		years = append(years, strconv.Itoa(n))
	}
	for report, groups := range map[string][]projections.Group{
		"structure": {
			{Values: []string{"members"}},
			{Name: "ethnicity", Values: []string{"08", domain.Unknown}},
			{Name: "gender", Values: []string{"female", "male"}},
			{Name: "religion", Values: []string{"00", domain.Unknown}},
			{Name: "age", Values: ledger.Ages()},
			{Name: "education", Values: []string{projections.NotGiven, domain.Unknown}},
			{Name: "occupation", Values: []string{projections.NotGiven, domain.Unknown}},
			{Name: "status", Values: []string{"provisional", "official"}},
		},
		"admissions":    {{Values: []string{"admitted"}}, {Name: "source", Values: sources}},
		"ratings":       {{Values: []string{"members", "members_rated", "organisations", "organisations_rated"}}, {Name: "member_grade", Values: grades}, {Name: "organisation_grade", Values: grades}},
		"villages":      {{Values: []string{"villages"}}, {Name: "cell", Values: []string{"own", "joint", "none"}}, {Name: "members", Values: []string{"without_members", "1_or_2", "3_or_more", "not_told_apart"}}},
		"discipline":    {{Values: []string{"disciplined", "expelled"}}, {Name: "measure", Values: measures}},
		"confirmations": {{Values: []string{"confirmed", "in_time", "late", "open", "overdue"}}},
		"badges":        {{Values: []string{"awarded"}}, {Name: "years", Values: years}},
	} {
		row := projections.FormRow{Name: "X"}
		for _, g := range groups {
			row.Counts = append(row.Counts, make([]int, len(g.Values)))
		}
		f := projections.Form{Report: report, Groups: groups, Rows: []projections.FormRow{row}}
		wire := map[string]bool{report: true}
		for _, g := range groups {
			wire[g.Name] = true
			for _, v := range g.Values {
				wire[v] = true
			}
		}
		for lang, whole := range map[string]string{"en": "English", "vi": "Vietnamese"} {
			p := reports.Reader{Lang: lang}.Form(f)
			if wire[p.Title] {
				t.Errorf("%s has no title in %s: %q", report, whole, p.Title)
			}
			for _, table := range p.Tables {
				for _, cells := range table.Rows {
					said := cells[0].In(p)
					// "male" is said as it is written; a wire name of several words is not.
					if lang == "vi" && wire[said] || strings.Contains(said, "_") || strings.Contains(table.Name, "_") {
						t.Errorf("%s, %s: %q is no word in %s", report, table.Name, said, whole)
					}
				}
			}
		}
	}
}

// A form of several organisations has the whole at its foot, and grades with
// shares of those that are rated.
func TestRatingsAreSharesOfTheRated(t *testing.T) {
	d := domain.NewDirectory()
	tally := projections.NewTally(d, projections.Question{}, false,
		projections.Group{Values: []string{"members", "members_rated"}}, projections.Group{Name: "member_grade", Values: []string{"good", "satisfactory", projections.NotRated}})
	for value, n := range map[string]int{"good": 3, "satisfactory": 1, projections.NotRated: 4} {
		tally.Add("x", "member_grade", value, n)
	}
	p := reports.Reader{Lang: "vi"}.Form(tally.Form("ratings", projections.Standing{Complete: true}))
	got := drawn(t, p)
	for _, want := range []string{"hoàn thành tốt     │        3 │ 75,0 %", "chưa xếp loại      │        4 │ 50,0 %"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestMovementsThatDoNotReconcileSayIt(t *testing.T) {
	m := projections.Movements{Opening: 10, Admitted: 2, Died: 1, Closing: 12, Standing: projections.Standing{Complete: true}}
	got := drawn(t, reports.Reader{Lang: "en"}.Movements(m))
	if !strings.Contains(got, "!!! DOES NOT RECONCILE: 10 + 2 − 1 = 11, but the closing is 12.") {
		t.Errorf("got\n%s", got)
	}
}
