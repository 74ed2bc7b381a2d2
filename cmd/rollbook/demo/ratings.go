package demo

import (
	"slices"
	"time"
)

// What the grassroots organisations were rated, by year: excellent, good,
// satisfactory. In 2023 there is one less.
var organisationGrades = map[int][3]int{
	2020: {7, 35, 4},
	2021: {8, 36, 2},
	2022: {9, 36, 1},
	2023: {9, 34, 2},
}

const (
	titleLabour      = "Tập thể Lao động tiên tiến"
	unratedPercent   = 1.5 // of those who should have been
	brokenCapInYear  = 2021
	brokenCapInPlace = "muong-toong-toong-nua"
)

// tellYears tells what each year brings to organisations: quotas at its
// beginning, grades and titles at its end.
func (g *generator) tellYears() {
	g.record(g.district.subject(), targetSet(term, planTarget), term.first)
	for y := 2020; y <= 2023; y++ {
		g.tellQuotas(y)
		for _, o := range g.grassroots {
			if o.closes > lastDay {
				g.rateMembers(o, y)
			}
		}
		g.rateOrganisations(y)
	}
}

// tellQuotas sets the quota of each grassroots organisation near what it will
// admit: some do better, some worse.
func (g *generator) tellQuotas(y int) {
	admissions := map[*organisation]int{}
	for _, l := range g.lives {
		if l.origin == admission && l.entered <= lastDay && l.entered.year() == y {
			admissions[l.in(l.entered).grassroots()]++
		}
	}
	set := span{on(y, time.January, 6), on(y, time.January, 15)}.pick(g.r)
	for _, o := range g.grassroots {
		n := admissions[o]
		quota := max(0, int(float64(n)*(0.7+0.5*g.r.Float64())+0.5))
		if quota == 0 && (o.kind == "grassroots_committee" || g.chance(20)) {
			quota = 1
		}
		g.record(o.subject(), quotaSet(y, quota), set)
	}
}

// rateMembers tells the grades of the members in a grassroots organisation.
func (g *generator) rateMembers(o *organisation, y int) {
	d := span{on(y, time.December, 4), on(y, time.December, 18)}.pick(g.r)
	halfYear := on(y, time.June, 30)
	rated := map[*organisation][]*life{}
	for _, l := range g.lives {
		if l.admittedOn > halfYear || !l.memberAround(d) || l.excused.has(d) {
			continue
		}
		if cell := l.in(d); cell.grassroots() == o && !g.chance(unratedPercent) {
			rated[cell] = append(rated[cell], l)
		}
	}
	for _, cell := range g.cells {
		if cell.grassroots() != o {
			continue
		}
		// The best go first; those under discipline are not among them.
		members := shuffled(g.r, rated[cell])
		var good []*life
		for _, l := range members {
			switch {
			case l.punished == y && g.chance(20):
				g.tell(l, memberRated(y, "unsatisfactory"), d)
			case l.punished == y, g.chance(6):
				g.tell(l, memberRated(y, "satisfactory"), d)
			default:
				good = append(good, l)
			}
		}
		best := len(good) / 6 // at most a fifth of those rated good
		if y == brokenCapInYear && cell.id == brokenCapInPlace {
			best = len(good) / 3
		}
		for i, l := range good {
			grade := "good"
			if i < best {
				grade = "excellent"
			}
			g.tell(l, memberRated(y, grade), d)
		}
	}
}

// rateOrganisations tells the grades of the grassroots organisations and of
// the cells below them, and their titles.
func (g *generator) rateOrganisations(y int) {
	var grades []string
	for i, grade := range []string{"excellent", "good", "satisfactory"} {
		grades = append(grades, slices.Repeat([]string{grade}, organisationGrades[y][i])...)
	}
	grades = shuffled(g.r, grades)
	decided := span{on(y, time.December, 21), on(y, time.December, 28)}.pick(g.r)
	for _, o := range g.grassroots {
		if o.closes <= decided {
			continue
		}
		g.record(o.subject(), organisationRated(y, grades[0]), decided)
		grades = grades[1:]
		if o.sector != "commune" && (y == 2022 || g.chance(80)) {
			g.record(o.subject(), commended(y, titleLabour), decided)
		}
	}
	for _, o := range g.cells {
		if o.kind == "cell" && o.closes > decided {
			grade := one(g.r, []string{"excellent", "good", "good", "good", "good", "good", "good", "satisfactory"})
			g.record(o.subject(), organisationRated(y, grade), decided-4)
		}
	}
}
