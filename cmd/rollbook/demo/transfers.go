package demo

import "time"

const (
	transfersBefore  = 150 // within the district, from 2020 to 2022
	transfers2023    = 45
	candidatesMoving = 12
)

// planTransfers moves people between the cells of the district. Who moved
// before the day of the figures had another cell until then: the roll of that
// day stays as it is.
func (g *generator) planTransfers() {
	var settled []*life
	for _, l := range g.lives {
		if !l.anchor && l.settled(figureDay-400) && !l.closing() {
			settled = append(settled, l)
		}
	}
	settled = shuffled(g.r, settled)
	for _, l := range settled[:transfersBefore] {
		home := l.stays[0]
		moved := span{max(opening+30, l.entered+60), figureDay - 20}
		if l.confirmedOn > opening {
			moved.first = max(moved.first, l.confirmedOn+30)
		}
		l.stays = []stay{{g.anotherCell(home.in), home.from}, {home.in, moved.pick(g.r)}}
	}
	for _, l := range settled[transfersBefore:][:transfers2023] {
		moved := span{on(2023, time.January, 9), on(2023, time.December, 1)}.pick(g.r)
		l.stays = append(l.stays, stay{g.anotherCell(l.stays[0].in), moved})
	}

	moving := 0
	for _, l := range shuffled(g.r, g.lives) {
		if moving < candidatesMoving && l.entered == never && l.noCandidacy == never && !l.closing() && l.identified < on(2021, time.December, 31) {
			moved := span{on(2022, time.February, 7), on(2023, time.October, 31)}.pick(g.r)
			l.stays = append(l.stays, stay{g.anotherCell(l.stays[0].in), moved})
			moving++
		}
	}

	// Before a cell is dissolved everybody goes elsewhere.
	for _, o := range g.cells {
		if o.closes == never || o.into != nil {
			continue
		}
		next := g.organisationNamed(o.parent.id + "-co-quan")
		for _, l := range g.lives {
			d := o.closes - 1
			if l.in(d) == o && (l.candidateOn(d) || l.entered <= d && d < l.left) {
				l.stays = append(l.stays, stay{next, d})
			}
		}
	}
}

// anotherCell draws a cell of the same kind of people: for villagers in the
// same commune.
func (g *generator) anotherCell(of *organisation) *organisation {
	for {
		o := g.openCell()
		if o != of && o.class == of.class && (o.class != villageCell || o.parent == of.parent) {
			return o
		}
	}
}

// tellTransfers tells the moves of a life while it was on the roll, and
// perhaps of a time elsewhere.
func (g *generator) tellTransfers(l *life) {
	for _, s := range l.stays[1:] {
		if l.candidateOn(s.from) || l.memberAround(s.from) {
			g.tell(l, transferred(s.in, false), s.from)
		}
	}
	if len(l.stays) == 1 && !l.anchor && l.settled(opening+1) && !l.closing() && g.chance(4) {
		d := span{opening + 40, lastDay - 40}.pick(g.r)
		g.tell(l, transferred(g.anotherCell(l.in(d)), true), d)
	}
}
