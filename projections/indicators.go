package projections

import (
	"context"
	"fmt"
	"math"

	"rollbook/domain"
)

// Indicators is the table of indicators for a year.
type Indicators struct {
	Report string      `json:"report"` // "indicators"
	Year   int         `json:"year"`
	AsOf   domain.Date `json:"as_of"` // the last day that counted: at most 31 December
	// Rows has one organisation or, with its children, several.
	Rows []IndicatorRow `json:"rows"`
	Standing
}

// IndicatorRow is the indicators of one organisation's subtree.
type IndicatorRow struct {
	Organisation *string              `json:"organisation"` // nil for the whole ledger
	Name         string               `json:"name"`
	Indicators   map[string]Indicator `json:"indicators"`
}

// Indicator is a count, or a share with what it is a share of.
type Indicator struct {
	Share       bool
	Numerator   int
	Denominator int
}

// Value returns the count, or numerator / denominator rounded to six decimals;
// ok is false when there is nothing to divide by.
func (i Indicator) Value() (v float64, ok bool) {
	if !i.Share {
		return float64(i.Numerator), true
	}
	if i.Denominator == 0 {
		return 0, false
	}
	return math.Round(float64(i.Numerator)/float64(i.Denominator)*1e6) / 1e6, true
}

// MarshalJSON writes {"value":n} or {"numerator":n,"denominator":n,"value":x},
// where the value is null when the denominator is zero.
func (i Indicator) MarshalJSON() ([]byte, error) {
	if !i.Share {
		return fmt.Appendf(nil, `{"value":%d}`, i.Numerator), nil
	}
	value := "null"
	if v, ok := i.Value(); ok {
		value = fmt.Sprint(v)
	}
	return fmt.Appendf(nil, `{"numerator":%d,"denominator":%d,"value":%s}`, i.Numerator, i.Denominator, value), nil
}

// exits are the movements that the indicators count as exits.
var exits = []domain.Movement{domain.ExpelledOut, domain.RemovedOut, domain.ResignedOut, domain.DiedOut, domain.ToOutside}

// IndicatorCodes returns the codes of all indicators, in the order of reports.
func IndicatorCodes() []string {
	codes := []string{
		"members", "official", "provisional", "candidates",
		"ethnic_minority_share", "women_share", "religious_share",
		"admission_quota_rate", "term_target_rate",
		"confirmed", "confirmation_overdue", "candidates_with_mentor_share", "rated_share",
	}
	for _, g := range domain.Grades() {
		codes = append(codes, "member_grade_"+string(g))
	}
	for _, g := range domain.Grades() {
		codes = append(codes, "organisation_grade_"+string(g))
	}
	codes = append(codes, "villages_with_cell")
	for _, m := range exits {
		codes = append(codes, "exits_"+string(m))
	}
	return codes
}

// tally is what the members who count in one organisation itself come to.
// Tallies add up along the tree.
type tally struct {
	members, official, provisional, candidates int
	minority, women, religious                 int
	ethnicityKnown, religionKnown              int // members whose own could be opened
	admitted, confirmed, overdue               int
	mentored, rated                            int
	grades                                     [5]int // by place in Grades, from 1
	organisationGrades                         [5]int
	villages, villagesWithCell                 int
	exits                                      [5]int // by place in exits
}

func (t *tally) add(o *tally) {
	for _, p := range []struct {
		to   *int
		from int
	}{
		{&t.members, o.members},
		{&t.official, o.official},
		{&t.provisional, o.provisional},
		{&t.candidates, o.candidates},
		{&t.minority, o.minority},
		{&t.women, o.women},
		{&t.religious, o.religious},
		{&t.ethnicityKnown, o.ethnicityKnown},
		{&t.religionKnown, o.religionKnown},
		{&t.admitted, o.admitted},
		{&t.confirmed, o.confirmed},
		{&t.overdue, o.overdue},
		{&t.mentored, o.mentored},
		{&t.rated, o.rated},
		{&t.villages, o.villages},
		{&t.villagesWithCell, o.villagesWithCell},
	} {
		*p.to += p.from
	}
	for i := range t.grades {
		t.grades[i] += o.grades[i]
		t.organisationGrades[i] += o.organisationGrades[i]
		t.exits[i] += o.exits[i]
	}
}

// Indicators computes the indicators of an organisation's subtree for a year,
// to its last day or to q.AsOf when that is earlier; with children, a row for
// each organisation directly below follows.
func (f *Figures) Indicators(ctx context.Context, q Question, year int, children bool) (Indicators, error) {
	first, _ := domain.NewDate(year, 1, 1)
	last, _ := domain.NewDate(year, 12, 31)
	until := min(last, q.AsOf)
	out := Indicators{Report: "indicators", Year: year, AsOf: until}
	err := f.view(ctx, q, func(v view) error {
		out.Standing = v.Standing
		tallies := v.tallies(year, first, until)
		below := v.directory.Children(until)
		ids := []string{q.Organisation}
		if children {
			for _, id := range below[q.Organisation] {
				if v.directory.Organisation(id).Alive(until) {
					ids = append(ids, id)
				}
			}
		}
		for _, id := range ids {
			out.Rows = append(out.Rows, v.indicatorRow(id, year, until, tallies, below))
		}
		return nil
	})
	return out, err
}

// tallies sums, for each organisation by itself, who counts in it at the end of
// a day and what happened in it since the first of the year.
func (v view) tallies(year int, first, until domain.Date) map[string]*tally {
	tallies := map[string]*tally{}
	of := func(organisation string) *tally {
		t := tallies[organisation]
		if t == nil {
			t = &tally{}
			tallies[organisation] = t
		}
		return t
	}
	v.tallyMembers(year, until, of)
	byCell := make([]*tally, len(v.cells))
	for i, c := range v.cells {
		byCell[i] = of(c.Organisation)
	}
	for i := range v.movements {
		b := &v.movements[i]
		if b.on < first || b.on > until || b.sequence > v.known {
			continue
		}
		switch kind := movementKinds[b.movement]; kind {
		case domain.AdmittedIn:
			byCell[b.to].admitted += int(b.sign)
		case domain.ConfirmedWithin:
			byCell[b.to].confirmed += int(b.sign)
		default:
			for i, exit := range exits {
				if kind == exit {
					byCell[b.from].exits[i] += int(b.sign)
				}
			}
		}
	}
	v.tallyOrganisations(year, until, of)
	return tallies
}

// tallyOrganisations counts what organisations and villages say of themselves.
func (v view) tallyOrganisations(year int, until domain.Date, of func(string) *tally) {
	for _, id := range v.directory.Organisations() {
		o := v.directory.Organisation(id)
		if g, ok := o.Rating(year, until); ok && o.Type.Grassroots() {
			of(id).organisationGrades[place(g)]++
		}
	}
	for _, id := range v.directory.Villages() {
		village := v.directory.Village(id)
		if !village.Alive(until) {
			continue
		}
		t := of(v.directory.Commune(village, until))
		t.villages++
		if village.OwnCell(until) {
			t.villagesWithCell++
		}
	}
}

// tallyMembers counts who is where at the end of a day. Each member's cells
// form a chain from outside, and so do the values of each line; so the sum of
// (to - from) over what counts is where the chain ends.
func (v view) tallyMembers(year int, until domain.Date, of func(string) *tally) {
	n := v.members + 1
	cell := make([]int32, n)
	for i := range v.headcount {
		if b := &v.headcount[i]; b.on <= until && b.sequence <= v.known {
			cell[b.member] += int32(b.sign) * (b.to - b.from)
		}
	}
	probation, mentors, rating := make([]int32, n), make([]int32, n), make([]int32, n)
	for i := range v.marks {
		m := &v.marks[i]
		if m.on > until || m.sequence > v.known {
			continue
		}
		step := int32(m.sign) * (m.to - m.from)
		switch m.line {
		case domain.ProbationLine:
			probation[m.member] += step
		case domain.MentorsLine:
			mentors[m.member] += step
		case domain.RatingLine:
			if int(m.year) == year {
				rating[m.member] += step
			}
		}
	}
	for i := range n {
		if cell[i] == 0 {
			continue
		}
		c := v.cells[cell[i]]
		v.tallyMember(of(c.Organisation), c, probation[i], mentors[i], rating[i], until)
	}
}

// tallyMember counts one member, or candidate, who is in a cell.
func (v view) tallyMember(t *tally, c domain.Cell, probation, mentors, rating int32, until domain.Date) {
	if c.Status == domain.Candidate {
		t.candidates++
		if mentors > 0 {
			t.mentored++
		}
		return
	}
	t.members++
	if c.Status == domain.Provisional {
		t.provisional++
		if until-domain.Date(probation).AddYears(1) > reviewDays {
			t.overdue++
		}
	} else {
		t.official++
	}
	if c.Ethnicity != "" {
		t.ethnicityKnown++
		if c.Ethnicity != domain.Kinh {
			t.minority++
		}
	}
	if c.Gender == domain.Female {
		t.women++
	}
	if c.Religion != "" {
		t.religionKnown++
		if c.Religion != domain.NoReligion {
			t.religious++
		}
	}
	if rating > 0 {
		t.rated++
		t.grades[rating]++
	}
}

func place(g domain.Grade) int {
	for i, have := range domain.Grades() {
		if have == g {
			return i + 1
		}
	}
	return 0
}

func (v view) indicatorRow(id string, year int, until domain.Date, tallies map[string]*tally, below map[string][]string) IndicatorRow {
	var t tally
	row := IndicatorRow{Organisation: orNull(id)}
	subtree := v.directory.Subtree(id, until)
	for organisation, own := range tallies {
		if id == "" || subtree[organisation] {
			t.add(own)
		}
	}
	if o := v.directory.Organisation(id); o != nil {
		row.Name = o.Name(until)
	}
	count := func(n int) Indicator { return Indicator{Numerator: n} }
	share := func(n, of int) Indicator { return Indicator{Share: true, Numerator: n, Denominator: of} }
	quota, _ := v.quota(id, year, until, below)
	target, hits := v.target(id, until)
	row.Indicators = map[string]Indicator{
		"members":                      count(t.members),
		"official":                     count(t.official),
		"provisional":                  count(t.provisional),
		"candidates":                   count(t.candidates),
		"ethnic_minority_share":        share(t.minority, t.ethnicityKnown),
		"women_share":                  share(t.women, t.members),
		"religious_share":              share(t.religious, t.religionKnown),
		"admission_quota_rate":         share(t.admitted, quota),
		"term_target_rate":             share(hits, target),
		"confirmed":                    count(t.confirmed),
		"confirmation_overdue":         share(t.overdue, t.provisional),
		"candidates_with_mentor_share": share(t.mentored, t.candidates),
		"rated_share":                  share(t.rated, t.members),
		"villages_with_cell":           share(t.villagesWithCell, t.villages),
	}
	ratedOrganisations := 0
	for _, n := range t.organisationGrades {
		ratedOrganisations += n
	}
	for i, g := range domain.Grades() {
		row.Indicators["member_grade_"+string(g)] = share(t.grades[i+1], t.rated)
		row.Indicators["organisation_grade_"+string(g)] = share(t.organisationGrades[i+1], ratedOrganisations)
	}
	for i, m := range exits {
		row.Indicators["exits_"+string(m)] = count(t.exits[i])
	}
	return row
}

// quota returns an organisation's own quota for a year or, if none is set, the
// sum of those of the organisations that stand directly below it.
func (v view) quota(id string, year int, until domain.Date, below map[string][]string) (n int, set bool) {
	if o := v.directory.Organisation(id); o != nil {
		if n, ok := o.Quota(year, until); ok {
			return n, true
		}
	}
	for _, child := range below[id] {
		if v.directory.Organisation(child).Alive(until) {
			m, ok := v.quota(child, year, until, below)
			n, set = n+m, set || ok
		}
	}
	return n, set
}

// target returns the target of the term that a day lies in and the admissions
// of that term so far. The whole ledger has the target of its only root.
func (v view) target(id string, until domain.Date) (target, admitted int) {
	in := v.scope(id, until)
	o := v.targeted(id, until)
	if o == nil {
		return 0, 0
	}
	t, ok := o.Target(until)
	if !ok {
		return 0, 0
	}
	last := min(t.To, until)
	for i := range v.movements {
		b := &v.movements[i]
		if b.on >= t.From && b.on <= last && b.sequence <= v.known && in[b.to] && movementKinds[b.movement] == domain.AdmittedIn {
			admitted += int(b.sign)
		}
	}
	return t.Admissions, admitted
}

// targeted returns the organisation whose target counts for one: itself, or the
// only root for the whole ledger. It is nil where there is none.
func (v view) targeted(id string, until domain.Date) *domain.Organisation {
	if id == "" {
		var roots []string
		for _, root := range v.directory.Children(until)[""] {
			if v.directory.Organisation(root).Alive(until) {
				roots = append(roots, root)
			}
		}
		if len(roots) != 1 {
			return nil
		}
		id = roots[0]
	}
	return v.directory.Organisation(id)
}
