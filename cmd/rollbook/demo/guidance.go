package demo

import "slices"

// guides returns the members of a candidate's cell who may be mentors on a day:
// official for twelve months, there for twelve months as far as the ledger
// knows, not old, and not about to leave.
func (g *generator) guides(l *life, d day) []*life {
	cell := l.in(d)
	var able []*life
	for _, m := range g.neighbours[cell] {
		known := m.origin == openingOfficial || m.entered.addMonths(12) <= d
		if m == l || !known || !m.anchor && m.age(d) > 60 || m.confirmedOn.addMonths(12) > d || m.excused.first != never || m.gone.by != "" || m.left < d.addMonths(24) {
			continue
		}
		later := d.addMonths(18)
		stays := m.in(later) == cell || cell.closes <= later+1 // then all leave it together
		if stays && m.in(d) == cell && m.in(max(d.addMonths(-12), m.entered)) == cell {
			able = append(able, m)
		}
	}
	return able
}

// meetNeighbours lists who is ever in each cell.
func (g *generator) meetNeighbours() {
	g.neighbours = map[*organisation][]*life{}
	for _, l := range g.lives {
		for _, s := range l.stays {
			g.neighbours[s.in] = append(g.neighbours[s.in], l)
		}
	}
}

// guide assigns somebody to a candidate who is not yet.
func (g *generator) guide(l *life, role string, d day) {
	able := slices.DeleteFunc(g.guides(l, d), func(m *life) bool { return slices.Contains(l.guides, m) })
	g.assign(l, one(g.r, able), role, d)
}

func (g *generator) assign(l, mentor *life, role string, d day) {
	mentor.isGuide = true
	l.guides = append(l.guides, mentor)
	g.tell(l, mentorAssigned(mentor, role), d)
}

func (g *generator) release(l, mentor *life, d day) {
	l.guides = slices.DeleteFunc(l.guides, func(m *life) bool { return m == mentor })
	g.tell(l, mentorReleased(mentor), d)
}

// tellGuidance tells of the mentor of a candidate and, before an admission, of
// the two introducers.
func (g *generator) tellGuidance(l *life) {
	// Not before the mentors themselves are in the ledger.
	first := max(l.identified+5, opening+1)
	until := min(l.entered, l.noCandidacy, lastDay)
	if !l.unguided {
		began := span{first, min(first+45, until-4)}.pick(g.r)
		g.guide(l, "mentor", began)
		if d := began + 150 + day(g.r.IntN(100)); d < until-60 && g.chance(12) {
			g.guide(l, "mentor", d)
			g.release(l, l.guides[0], d)
		}
	}
	if l.entered > lastDay {
		return
	}
	d := max(l.entered-15-day(g.r.IntN(30)), opening+2)
	if l.introducer != nil {
		g.assign(l, l.introducer, "introducer", d)
	} else {
		g.guide(l, "introducer", d)
	}
	g.guide(l, "introducer", d)
}
