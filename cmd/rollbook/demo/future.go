package demo

import "time"

var planned2023 = []struct {
	n    int
	exit string
}{{45, "transferred_out"}, {16, "died"}, {2, "expelled"}, {7, "removed"}, {2, "resigned"}}

const arrivals2023 = 42

// reorganise plans and records the changes of the tree. All but a new name come
// after the day of the figures.
func (g *generator) reorganise() {
	broadcaster := g.organisationNamed("truyen-thanh")
	g.record(broadcaster.subject(), organisationRenamed("Chi bộ Trung tâm Văn hóa - Truyền thanh - Truyền hình huyện"), on(2020, time.December, 15))

	primary, secondary := g.organisationNamed("pa-my-tieu-hoc"), g.organisationNamed("pa-my-thcs")
	primary.closes, primary.into = on(2023, time.July, 15), secondary
	g.record(secondary.subject(), organisationRenamed("Chi bộ Trường PTDTBT Tiểu học và THCS Pá Mỳ"), primary.closes)
	g.record(primary.subject(), organisationMerged(secondary), primary.closes)

	station := g.organisationNamed("huoi-lech-tram-y-te")
	station.closes = on(2023, time.August, 1)
	g.record(station.subject(), organisationDissolved(), station.closes)

	health, government := g.organisationNamed("phong-y-te"), g.organisationNamed("uy-ban-huyen-van-phong")
	health.closes, health.into = on(2023, time.October, 2), government
	g.record(health.subject(), organisationMerged(government), health.closes)

	police := g.organisationNamed("xa-muong-nhe-cong-an-quan-su")
	g.record(police.subject(), organisationMoved(g.organisationNamed("cong-an-huyen")), on(2023, time.November, 1))
}

// planFuture plans what 2023 brings to those who are on the roll, and who comes
// to it. Admissions of that year are among the candidates.
func (g *generator) planFuture() {
	days := span{on(2023, time.January, 9), on(2023, time.December, 22)}

	var leaving, onProbation []*life
	for _, l := range g.lives {
		switch {
		case l.anchor || l.left != never || l.gone.by != "" || l.closing() || l.entered > figureDay:
		case l.confirmedOn < figureDay-60:
			leaving = append(leaving, l)
		case l.origin == admission && thisYear.has(l.admittedOn) && l.admittedOn < on(2022, time.August, 31):
			onProbation = append(onProbation, l)
		}
	}
	leaving = shuffled(g.r, leaving)
	for _, p := range planned2023 {
		for _, l := range leaving[:p.n] {
			l.exit, l.left = p.exit, days.pick(g.r)
		}
		leaving = leaving[p.n:]
	}
	onProbation = shuffled(g.r, onProbation)
	for _, l := range onProbation[:2] {
		due := l.admittedOn.addMonths(12)
		l.exit, l.left, l.confirmedOn = "probation_failed", span{due + 15, due + 60}.pick(g.r), never
	}

	for range arrivals2023 {
		home := g.openCell()
		for home.class == villageCell {
			home = g.openCell()
		}
		g.addMember(home, g.anyone(home), cohort{origin: arrival, since: days})
	}

	// One who was removed early is found worthy again, after 36 months.
	for _, l := range g.lives {
		if l.exit == "removed" && l.origin == openingOfficial && l.left < figureDay && !l.closing() {
			l.left = span{on(2020, time.March, 2), on(2020, time.April, 24)}.pick(g.r)
			l.again = span{on(2023, time.August, 7), on(2023, time.September, 29)}.pick(g.r)
			break
		}
	}
}
