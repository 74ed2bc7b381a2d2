package demo

import "time"

// candidacy is a number of candidates whom nobody had admitted by the day of
// the figures.
type candidacy struct {
	n        int
	from     span // when they became candidates
	guided   int  // how many of them have a mentor
	admitted span // when they are admitted after all; zero when not
	ends     span // when the candidacy ends otherwise; zero when it goes on
}

var candidacies = []candidacy{
	// Candidates on the day of the figures, planCandidates in all.
	{n: 118, guided: 118, from: span{on(2021, time.May, 4), on(2022, time.June, 30)}, admitted: span{on(2023, time.January, 16), on(2023, time.December, 15)}},
	{n: 35, guided: 28, from: span{on(2021, time.January, 4), on(2022, time.September, 30)}, ends: span{on(2023, time.January, 10), on(2023, time.December, 15)}},
	{n: 259, guided: 221, from: span{on(2021, time.March, 1), on(2022, time.October, 14)}},

	{n: 130, guided: 112, from: span{on(2019, time.April, 1), on(2021, time.December, 15)}, ends: span{on(2020, time.March, 2), on(2022, time.December, 20)}},
	{n: 150, guided: 120, from: span{on(2023, time.January, 5), on(2023, time.November, 30)}},
}

// addCandidates adds the lives of those who were not admitted by the day of
// the figures.
func (g *generator) addCandidates() {
	for _, c := range candidacies {
		for i := range c.n {
			home := g.openCell()
			l := g.newLife(home, g.anyone(home), admission)
			l.identified = c.from.pick(g.r)
			l.source = g.sourceOf(l, home)
			l.unguided = i >= c.guided
			l.stays = []stay{{home, l.identified}}
			g.describe(l, home, l.identified, 18.2+14*g.r.Float64())
			switch {
			case c.admitted.first != 0:
				l.admittedOn = span{max(c.admitted.first, l.identified+180), c.admitted.last}.pick(g.r)
				l.entered = l.admittedOn
			case c.ends.first != 0:
				l.noCandidacy = span{max(c.ends.first, l.identified+90), c.ends.last}.pick(g.r)
				l.cause = one(g.r, []string{"withdrawn", "withdrawn", "unsuitable", "moved", "moved", "moved"})
				if i == 0 {
					l.cause = "died"
				}
			}
		}
	}

	// Some think again.
	again := 0
	for _, l := range g.lives {
		if l.cause == "withdrawn" && l.noCandidacy < on(2021, time.December, 31) && again < 2 {
			l.again = span{on(2023, time.February, 6), on(2023, time.June, 30)}.pick(g.r)
			again++
		}
	}
}

// openCell draws a cell that does not end within the ledger's time.
func (g *generator) openCell() *organisation {
	for {
		if o := one(g.r, g.cells); o.closes == never {
			return o
		}
	}
}

// sourceOf draws where a candidate was found.
func (g *generator) sourceOf(l *life, home *organisation) string {
	sources := []string{"youth_union", "youth_union", "youth_union", "trade_union", "trade_union"}
	switch home.class {
	case villageCell:
		sources = []string{"youth_union", "youth_union", "youth_union", "militia", "farmers_association", "farmers_association", "veterans_association", "fatherland_front"}
		if l.gender == "female" {
			sources = []string{"youth_union", "women_union", "women_union"}
		}
	case force:
		sources = []string{"youth_union", "militia", "other"}
	case office, school, kindergarten, health:
	}
	return one(g.r, sources)
}
