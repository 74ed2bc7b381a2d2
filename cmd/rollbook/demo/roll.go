package demo

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// seat is a place on the roll of the day of the figures, before it is known who
// takes it.
type seat struct {
	cell   *organisation
	people string
	anchor bool
}

// seats draws the roll: how many members each cell has, and of which ethnic
// groups, so that both add up to the plan.
func (g *generator) seats() ([]seat, error) {
	cells := 0
	size := make([]float64, len(g.cells))
	for i, o := range g.cells {
		if o.kind == "cell" {
			cells++
		}
		size[i] = map[class]float64{villageCell: 4, office: 9, school: 8, kindergarten: 6, health: 4, force: 5}[o.class]
		size[i] *= 0.4 + 1.2*g.r.Float64()
	}
	if cells != planCells {
		return nil, fmt.Errorf("demo: the plan has %d cells, not %d", cells, planCells)
	}
	for i, n := range apportion(planMembers-leastSeats*len(g.cells), size) {
		g.cells[i].seats = leastSeats + n
	}

	// The Kinh: most work in offices, schools and units; a few live in the
	// villages of the larger communes.
	atWork, inVillages := make([]float64, len(g.cells)), make([]float64, len(g.cells))
	for i, o := range g.cells {
		switch {
		case o.class != villageCell:
			share := map[class]float64{office: 0.42, school: 0.52, kindergarten: 0.5, health: 0.5, force: 0.48}[o.class]
			atWork[i] = float64(o.seats) * share * (0.8 + 0.4*g.r.Float64())
		case slices.Contains([]string{"xa-muong-nhe", "muong-toong", "quang-lam", "nam-ke"}, o.parent.id):
			inVillages[i] = float64(o.seats)
		}
	}
	work, villages := apportion(planKinh-planKinhVillagers, atWork), apportion(planKinhVillagers, inVillages)

	var all []seat
	for i, o := range g.cells {
		o.kinhSeats = work[i] + villages[i]
		if o.kinhSeats > o.seats {
			return nil, fmt.Errorf("demo: %d Kinh on the %d seats of %s", o.kinhSeats, o.seats, o.id)
		}
		who := make([]string, o.seats)
		for j := range who {
			who[j] = kinh
			if j >= o.kinhSeats {
				who[j] = g.minority(o)
			}
		}
		for j, p := range shuffled(g.r, who) {
			all = append(all, seat{o, p, j < anchors})
		}
	}
	return all, nil
}

// minority draws an ethnic group beside the Kinh that lives in a cell.
func (g *generator) minority(o *organisation) string {
	sum := 0.0
	for _, s := range o.mix {
		sum += s.weight
	}
	at := g.r.Float64() * sum
	for _, s := range o.mix {
		if at -= s.weight; at < 0 {
			return s.people
		}
	}
	return o.mix[0].people
}

// anyone draws an ethnic group of a cell, the Kinh included.
func (g *generator) anyone(o *organisation) string {
	if g.r.IntN(o.seats) < o.kinhSeats {
		return kinh
	}
	return g.minority(o)
}

// fillSeats gives every seat a life that leads to it: first the cohorts that
// stay, then official members from before the ledger.
func (g *generator) fillSeats(seats []seat) {
	var free []seat
	for _, s := range seats {
		if s.anchor {
			g.addMember(s.cell, s.people, cohort{origin: openingOfficial, since: wellBefore}).anchor = true
		} else {
			free = append(free, s)
		}
	}
	for _, c := range cohorts {
		if c.exit != "" {
			continue
		}
		taken, left := g.takeSeats(free, c)
		free = left
		for _, s := range taken {
			g.addMember(s.cell, s.people, c)
		}
	}
	var old []*life
	for _, s := range free {
		old = append(old, g.addMember(s.cell, s.people, cohort{origin: openingOfficial, since: longAgo}))
	}
	g.sendAway(shuffled(g.r, old))
}

// takeSeats draws the seats of a cohort. Who comes from outside comes to an
// office, a school or the police, and is Kinh more often than not.
func (g *generator) takeSeats(free []seat, c cohort) (taken, left []seat) {
	order := make([]int, len(free))
	keys := make([]float64, len(free))
	for i, s := range free {
		weight := 1.0
		if s.people == kinh {
			weight = 0.5
		}
		if c.origin == arrival || c.origin == arrivalProvisional {
			weight = 1
			if s.people == kinh {
				weight = 3
			}
			if s.cell.class == villageCell {
				weight = 0.01
			}
		}
		order[i], keys[i] = i, math.Pow(g.r.Float64(), 1/weight)
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(keys[b], keys[a]) })
	for at, i := range order {
		if at < c.n {
			taken = append(taken, free[i])
		} else {
			left = append(left, free[i])
		}
	}
	return taken, left
}

// sendAway takes some of those who stay out of the Party, or the district, for
// a while before the day of the figures.
func (g *generator) sendAway(from []*life) {
	away := func(n int, by string, gone, back span) {
		for _, l := range from[:n] {
			l.gone = absence{by, span{gone.pick(g.r), back.pick(g.r)}}
		}
		from = from[n:]
	}
	away(planRestoredAfterExpulsion, "expelled", span{on(2020, time.September, 1), on(2020, time.November, 30)}, span{on(2021, time.June, 1), on(2021, time.August, 31)})
	away(planRestoredAfterRemoval, "removed", span{on(2021, time.March, 1), on(2021, time.May, 31)}, span{on(2021, time.October, 1), on(2021, time.November, 30)})
	away(planReturned, "transferred_out", span{on(2020, time.March, 2), on(2020, time.October, 30)}, span{on(2021, time.August, 2), on(2022, time.August, 31)})
}

// addLeavers adds the lives of those who were members and left before the day
// of the figures.
func (g *generator) addLeavers() {
	for _, c := range cohorts {
		if c.exit == "" {
			continue
		}
		for range c.n {
			home := one(g.r, g.cells)
			for c.exit == "transferred_out" && home.class == villageCell && g.chance(85) {
				home = one(g.r, g.cells)
			}
			g.leave(g.addMember(home, g.anyone(home), c), c)
		}
	}
}

// leave plans how and when a member of a cohort leaves before the day of the
// figures.
func (g *generator) leave(l *life, c cohort) {
	days := span{max(l.entered, l.confirmedOn) + 40, figureDay - 10}
	switch {
	case c.exit == "probation_failed":
		due := l.admittedOn.addMonths(12)
		days = span{due + 15, min(due+60, figureDay-10)}
	case c.unconfirmed:
		days = span{l.admittedOn.addMonths(3), l.admittedOn.addMonths(7)}
		days = span{max(days.first, l.entered+20), min(max(days.last, l.entered+60), figureDay-10)}
	}
	l.exit, l.left = c.exit, days.pick(g.r)
	if c.unconfirmed {
		l.confirmedOn = never
	}
}

// addMember adds the life of a member of a cohort, up to the confirmation.
func (g *generator) addMember(home *organisation, people string, c cohort) *life {
	l := g.newLife(home, people, c.origin)
	began := opening
	age := 18.3 + 15*g.r.Float64()
	if home.class != villageCell {
		age = 21 + 11*g.r.Float64()
	}
	switch c.origin {
	case openingOfficial:
		l.entered = opening
		l.admittedOn = g.longAgo(home, c.since)
		began = l.admittedOn // for where they count, as far as we know
	case openingProvisional:
		l.entered = opening
		l.admittedOn = c.since.pick(g.r)
	case admission:
		age += 1.7
		l.admittedOn = c.since.pick(g.r)
		l.entered = l.admittedOn
		began = g.becomeCandidate(l, home)
	case arrival:
		l.entered = c.since.pick(g.r)
		l.admittedOn = span{l.entered - 25*365, l.entered - 3*365}.pick(g.r)
		began = l.entered
	case arrivalProvisional:
		l.entered = c.since.pick(g.r)
		l.admittedOn = l.entered - 30 - day(g.r.IntN(90))
		began = l.entered
	}
	l.stays = []stay{{home, began}}
	due := l.admittedOn.addMonths(12)
	l.confirmedOn = span{due, due + 24}.pick(g.r)
	if c.unconfirmed && l.confirmedOn <= figureDay {
		l.confirmedOn = span{on(2023, time.February, 10), on(2023, time.March, 24)}.pick(g.r)
	}
	g.describe(l, home, l.admittedOn, age)
	return l
}

// longAgo draws when an official member of before the ledger was admitted:
// later years are more likely, and those who work are not yet of age to retire.
func (g *generator) longAgo(home *organisation, since span) day {
	first := on(1996, time.January, 8)
	if home.class == villageCell {
		first = on(1985, time.January, 7)
		if g.chance(16) && since.first < first {
			return span{since.first, first}.pick(g.r)
		}
	}
	ago := math.Pow(g.r.Float64(), 1.7) * float64(since.last-first)
	d := since.last - day(ago)
	return span{d - 3, d}.pick(g.r)
}

// becomeCandidate plans the candidacy before an admission and returns its
// first day.
func (g *generator) becomeCandidate(l *life, home *organisation) day {
	l.identified = span{l.admittedOn - 700, l.admittedOn - 200}.pick(g.r)
	l.source = g.sourceOf(l, home)
	return l.identified
}
