package demo

import "time"

// planBreaches makes a handful of lives depart from a rule of the charter, so
// that the findings are not empty. The overdue confirmations are in the plan;
// one cell rates too many excellent, see rateMembers.
func (g *generator) planBreaches() {
	inTerm := span{on(2020, time.October, 1), on(2021, time.September, 30)}
	var admittedInTerm, admittedLast []*life
	for _, l := range g.lives {
		switch {
		case l.origin != admission || l.left != never || len(l.stays) > 1:
		case inTerm.has(l.entered) && !l.overdue():
			admittedInTerm = append(admittedInTerm, l)
		case thisYear.has(l.entered):
			admittedLast = append(admittedLast, l)
		}
	}
	next := func(from *[]*life) *life {
		l := (*from)[0]
		*from = (*from)[1:]
		l.troubled = true
		return l
	}
	admittedInTerm, admittedLast = shuffled(g.r, admittedInTerm), shuffled(g.r, admittedLast)

	for _, early := range []day{9, 16} {
		l := next(&admittedInTerm)
		l.confirmedOn = l.admittedOn.addMonths(12) - early
	}
	next(&admittedInTerm).noCourse = true

	young := next(&admittedLast)
	young.born, young.onlyYear = young.admittedOn.addMonths(-18*12)+23, false
	old := next(&admittedLast)
	old.born, old.onlyYear = old.admittedOn.addMonths(-60*12)-140, false

	// An introducer who has been official for less than a year.
	for _, l := range admittedLast {
		for _, m := range g.lives {
			fresh := span{l.entered - 300, l.entered - 90}
			if m != l && fresh.has(m.confirmedOn) && m.in(l.entered) == l.in(l.entered) && m.left == never && m.origin != arrival {
				l.introducer, l.troubled, m.troubled = m, true, true
				m.isGuide = true
				return
			}
		}
	}
}

// overdue reports whether somebody's confirmation was more than 30 days late
// on the day of the figures.
func (l *life) overdue() bool {
	return l.entered <= figureDay && l.left > figureDay && l.confirmedOn > figureDay && l.admittedOn.addMonths(12)+30 < figureDay
}
