package demo

import "time"

// tellLives tells every life as events: first of all the opening entries.
func (g *generator) tellLives() {
	g.meetNeighbours()
	for _, l := range g.lives {
		g.tellBeginning(l)
	}
	for _, l := range g.lives {
		g.tellCandidacy(l)
		g.tellProbation(l)
		g.tellTransfers(l)
		g.tellEnd(l)
	}
}

// tellBeginning tells how somebody came into the ledger.
func (g *generator) tellBeginning(l *life) {
	confirmedBy := func(d day) day {
		if l.confirmedOn <= d {
			return l.confirmedOn
		}
		return never
	}
	switch l.origin {
	case openingOfficial, openingProvisional:
		g.tell(l, broughtForward(l.person(), l.in(opening), l.admittedOn, confirmedBy(opening)), opening)
	case arrival, arrivalProvisional:
		g.tell(l, transferredIn(l.person(), l.in(l.entered), l.admittedOn, confirmedBy(l.entered)), l.entered)
	case admission:
		g.tell(l, identified(l, l.in(l.identified), l.source), l.identified)
	}
}

// tellCandidacy tells the way from candidate to admission, or to its end.
func (g *generator) tellCandidacy(l *life) {
	if l.origin != admission {
		return
	}
	until := min(l.entered, l.noCandidacy, lastDay)
	if !l.noCourse && (l.entered <= lastDay || g.chance(55)) && until-l.identified > 100 {
		d := span{l.identified + 30, until - 45}.pick(g.r)
		g.tell(l, courseCompleted("party_awareness", g.certificate(d, "NT")), d)
	}
	g.tellGuidance(l)
	switch {
	case l.noCandidacy <= lastDay:
		g.tell(l, candidacyEnded(l.cause), l.noCandidacy)
	case l.entered <= lastDay:
		signed := l.entered - 4 - day(g.r.IntN(15))
		if term.has(l.entered) {
			signed = max(signed, term.first)
		}
		g.tell(l, admitted(g.decide(signed)), l.entered)
	}
}

func (g *generator) certificate(d day, course string) string {
	return g.newNumber("", 4) + "/" + d.time().Format("2006") + "/" + course
}

// tellProbation tells of a probation that began or went on in the ledger's time.
func (g *generator) tellProbation(l *life) {
	began := max(l.entered, l.admittedOn)
	if l.entered > lastDay || l.confirmedOn <= began {
		return
	}
	until := min(l.confirmedOn, l.left, lastDay)
	first := max(l.admittedOn+70, l.entered+5)
	if first < until-10 && (l.confirmedOn <= lastDay || g.chance(50)) {
		d := span{first, until - 5}.pick(g.r)
		g.tell(l, courseCompleted("new_member", g.certificate(d, "ĐVM")), d)
	}
	if l.confirmedOn <= lastDay && l.confirmedOn < l.left {
		for len(l.guides) > 0 {
			g.release(l, l.guides[0], l.confirmedOn)
		}
		g.tell(l, confirmed(g.decide(l.confirmedOn)), l.confirmedOn)
	}
}

// tellEnd tells how somebody left, and came back.
func (g *generator) tellEnd(l *life) {
	if l.gone.by != "" {
		g.tellExit(l, l.gone.by, l.gone.first)
		if l.gone.by == "transferred_out" {
			g.tell(l, transferredIn(nil, l.in(l.gone.last), l.admittedOn, l.confirmedOn), l.gone.last)
		} else {
			g.tell(l, restored(g.decide(l.gone.last-3)), l.gone.last)
		}
	}
	if l.left <= lastDay {
		g.tellExit(l, l.exit, l.left)
	}
	if l.again <= lastDay {
		home := l.in(l.again)
		g.tell(l, identified(l, home, g.sourceOf(l, home)), l.again)
	}
}

func (g *generator) tellExit(l *life, exit string, d day) {
	signed := d - 2 - day(g.r.IntN(6))
	switch exit {
	case "transferred_out":
		g.tell(l, transferredOut(one(g.r, destinations)), d)
	case "died":
		g.tell(l, died(), d)
	case "resigned":
		g.tell(l, resigned(g.decide(signed)), d)
	case "expelled":
		g.tell(l, expelled(g.decide(signed), one(g.r, grounds)), d)
	case "probation_failed":
		g.tell(l, removed("probation_failed", g.decide(signed)), d)
	case "removed":
		cause := one(g.r, []string{"lapsed", "lapsed", "lapsed", "unqualified", "other"})
		g.tell(l, removed(cause, g.decide(signed)), d)
	}
}

var destinations = []string{
	"Đảng bộ thành phố Điện Biên Phủ", "Đảng bộ huyện Điện Biên", "Đảng bộ huyện Nậm Pồ",
	"Đảng bộ huyện Mường Chà", "Đảng bộ thị xã Mường Lay", "Đảng bộ huyện Tuần Giáo",
	"Đảng bộ huyện Mường Tè, tỉnh Lai Châu", "Đảng bộ thành phố Sơn La", "Đảng bộ thành phố Hà Nội",
	"Đảng bộ tỉnh Thái Bình", "Đảng bộ tỉnh Nam Định", "Đảng bộ tỉnh Phú Thọ", "Đảng bộ tỉnh Bắc Ninh",
}

var grounds = []string{
	"Vi phạm pháp luật hình sự, bị tòa án tuyên phạt tù",
	"Vi phạm quy định về phòng, chống ma túy",
	"Vi phạm nghiêm trọng quy định về quản lý tài chính",
	"Vi phạm những điều đảng viên không được làm",
}

// awards are the days on which badges and cards are handed over.
func awards(year int) []day {
	return []day{
		on(year, time.February, 3), on(year, time.May, 19), on(year, time.September, 2), on(year, time.November, 7),
	}
}

// nextAward returns the first such day from d on.
func nextAward(d day) day {
	for _, a := range append(awards(d.year()), awards(d.year() + 1)[0]) {
		if a >= d {
			return a
		}
	}
	return never
}
