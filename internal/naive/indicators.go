package naive

import (
	"fmt"
	"time"
)

// Indicator is one figure of a year. Two are equal (==) when they say the same.
type Indicator struct {
	Numerator      int
	Denominator    int  // zero without HasDenominator
	HasDenominator bool // whether the contract gives it one
	Value          float64
	Null           bool // the denominator is zero; Value is then zero too
}

// count is an indicator without a denominator.
func count(n int) Indicator {
	return Indicator{Numerator: n, Value: float64(n)}
}

// share is an indicator with a denominator. Its value is rounded to 6 decimals,
// halves away from zero.
func share(n, d int) Indicator {
	i := Indicator{Numerator: n, Denominator: d, HasDenominator: true, Null: d == 0}
	if d > 0 {
		millionths := (2*n*1_000_000 + d) / (2 * d)
		i.Value = float64(millionths) / 1_000_000
	}
	return i
}

// Grades lists the grades of organisations and members.
var Grades = []string{"excellent", "good", "satisfactory", "unsatisfactory"}

// Indicators returns all indicators of org and all below it, of the whole ledger
// when org is "", for a year. They are judged at the end of the year, or of asOf
// when that is earlier, from what was effective by then.
func (l *Ledger) Indicators(org string, year int, asOf string, knownAt uint64) map[string]Indicator {
	yearBefore := fmt.Sprintf("%04d-12-31", year-1)
	end := min(fmt.Sprintf("%04d-12-31", year), asOf)
	w, all := l.replay(end, knownAt)

	// during counts movements over (after, until] that left or entered the subtree.
	during := func(what, after, until string) int {
		n := 0
		for _, m := range all {
			in := m.entered != "" && w.within(m.entered, org)
			out := m.left != "" && w.within(m.left, org)
			if m.what == what && m.on > after && m.on <= until && (in || out) {
				n++
			}
		}
		return n
	}

	figures := map[string]Indicator{}

	// People.
	var members, officials, provisionals, candidates int
	var minority, women, religious, overdue, mentored, rated int
	byGrade := map[string]int{}
	for _, id := range sortedKeys(w.members) {
		m := w.members[id]
		if !w.within(m.organisation, org) {
			continue
		}
		if m.status == candidate {
			candidates++
			if len(m.mentors) > 0 {
				mentored++
			}
		}
		if m.status == official {
			officials++
		}
		if m.status == provisional {
			provisionals++
			if confirmationOverdue(m.probationFrom, end) {
				overdue++
			}
		}
		if !m.belongs() {
			continue
		}
		members++
		if m.Ethnicity != "01" {
			minority++
		}
		if m.Gender == "female" {
			women++
		}
		if m.Religion != "00" {
			religious++
		}
		if grade, ok := w.grades[subjectYear{"member/" + id, year}]; ok {
			rated++
			byGrade[grade]++
		}
	}
	figures["members"] = count(members)
	figures["official"] = count(officials)
	figures["provisional"] = count(provisionals)
	figures["candidates"] = count(candidates)
	figures["ethnic_minority_share"] = share(minority, members)
	figures["women_share"] = share(women, members)
	figures["religious_share"] = share(religious, members)
	figures["confirmation_overdue"] = share(overdue, provisionals)
	figures["candidates_with_mentor_share"] = share(mentored, candidates)
	figures["rated_share"] = share(rated, members)
	for _, grade := range Grades {
		figures["member_grade_"+grade] = share(byGrade[grade], rated)
	}

	// Movements.
	figures["admission_quota_rate"] = share(during("admitted", yearBefore, end), w.quota(org, year))
	figures["term_target_rate"] = share(0, 0)
	holder := org
	if tops := w.children(""); org == "" && len(tops) == 1 {
		holder = tops[0] // the whole ledger has the target of its only top
	}
	if t, ok := w.target(holder, end); ok {
		admitted := during("admitted", dayBefore(t.from), min(t.to, end))
		figures["term_target_rate"] = share(admitted, t.admissions)
	}
	figures["confirmed"] = count(during("confirmed", yearBefore, end))
	for _, cause := range []string{"expelled", "removed", "resigned", "died", "transferred_out"} {
		figures["exits_"+cause] = count(during(cause, yearBefore, end))
	}

	// Organisations.
	ratedOrganisations := 0
	organisationsByGrade := map[string]int{}
	for id, o := range w.organisations {
		if o.kind != "grassroots_committee" && o.kind != "grassroots_cell" || !w.within(id, org) {
			continue
		}
		if grade, ok := w.grades[subjectYear{"organisation/" + id, year}]; ok {
			ratedOrganisations++
			organisationsByGrade[grade]++
		}
	}
	for _, grade := range Grades {
		figures["organisation_grade_"+grade] = share(organisationsByGrade[grade], ratedOrganisations)
	}

	// Villages.
	villages, withCell := 0, 0
	for _, v := range w.villages {
		if v.retired || !w.within(w.carried(v.commune), org) {
			continue
		}
		villages++
		if v.cell != "" && !v.joint {
			withCell++
		}
	}
	figures["villages_with_cell"] = share(withCell, villages)

	return figures
}

// quota is the quota of admissions of org in a year: its own, or else the sum
// of its children's. The whole ledger ("") has none of its own.
func (w *world) quota(org string, year int) int {
	if own, ok := w.quotas[subjectYear{"organisation/" + org, year}]; ok {
		return own
	}
	sum := 0
	for _, child := range w.children(org) {
		sum += w.quota(child, year)
	}
	return sum
}

// target is the target of org for the term that began last, by the day end. Of
// several for the same beginning, the one entered last.
func (w *world) target(org, end string) (target, bool) {
	var latest target
	found := false
	for _, t := range w.targets[org] {
		if t.from <= end && (!found || t.from >= latest.from) {
			latest, found = t, true
		}
	}
	return latest, found
}

// confirmationOverdue reports whether a probation that began on the day from
// ended more than 30 days before the day end. It ends on the same day of the
// next year, on 1 March for 29 February.
func confirmationOverdue(from, end string) bool {
	probationEnd := date(from).AddDate(1, 0, 0) // 29 February + 1 year is 1 March
	return date(end).After(probationEnd.AddDate(0, 0, 30))
}

func dayBefore(day string) string {
	return date(day).AddDate(0, 0, -1).Format(time.DateOnly)
}

// date reads a day. The ledger takes only existing days, so another one is a
// mistake of the test.
func date(day string) time.Time {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return t
}
