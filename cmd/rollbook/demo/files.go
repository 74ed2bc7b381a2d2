package demo

import (
	"slices"
	"time"
)

// tellFiles tells what else the file of a member holds: cards, badges, excuses,
// measures, and changes of personal data.
func (g *generator) tellFiles() {
	for _, l := range g.lives {
		g.tellCard(l)
		g.tellBadges(l)
		g.tellExcuse(l)
		g.tellChanges(l)
	}
	g.tellMeasures()
	g.tellConversions()
}

func (g *generator) tellCard(l *life) {
	switch {
	case l.entered == opening && l.confirmedOn < opening:
		if g.chance(85) {
			g.tell(l, cardIssued(g.newNumber("110", 5)), opening)
		}
	case l.entered <= lastDay && l.confirmedOn > l.entered && l.confirmedOn <= lastDay:
		if d := nextAward(l.confirmedOn + 30); l.memberAround(d) && g.chance(92) {
			g.tell(l, cardIssued(g.newNumber("112", 5)), d)
		}
	}
}

// tellBadges tells of the badges that became due in the ledger's time.
func (g *generator) tellBadges(l *life) {
	if l.entered > lastDay {
		return
	}
	for _, years := range []int{30, 40, 45, 50, 55, 60} {
		d := nextAward(l.admittedOn.addMonths(12 * years))
		if d > opening && l.memberAround(d) && g.chance(97) {
			g.tell(l, badgeAwarded(years), d)
		}
	}
}

// tellExcuse excuses the old from work or meetings, and some for a while.
func (g *generator) tellExcuse(l *life) {
	if l.anchor || l.gone.by != "" || l.isGuide || l.confirmedOn > opening {
		return
	}
	d := span{opening + 20, lastDay - 60}.pick(g.r)
	if !l.memberAround(d) || !l.memberAround(d+20) {
		return
	}
	switch {
	case l.age(d) >= 66 && g.chance(70):
		l.excused = span{d, never}
		g.tell(l, exempted("activity", never), d)
	case g.chance(0.8):
		l.excused = span{d, d.addMonths(6) - 1}
		g.tell(l, exempted("work", l.excused.last), d)
	}
}

// tellMeasures tells of disciplinary measures against official members.
func (g *generator) tellMeasures() {
	measures := slices.Concat(slices.Repeat([]string{"reprimand"}, 34), slices.Repeat([]string{"warning"}, 19), slices.Repeat([]string{"dismissal"}, 5))
	for _, l := range shuffled(g.r, g.lives) {
		if len(measures) == 0 {
			return
		}
		d := span{opening + 20, lastDay - 30}.pick(g.r)
		if l.anchor || !l.memberAround(d) || l.confirmedOn >= d || l.gone.by != "" || l.excused.first != never {
			continue
		}
		g.tell(l, disciplined(measures[0], g.decide(d)), d)
		l.punished = d.year()
		measures = measures[1:]
	}
}

// tellChanges tells of changes of personal data. In 2021 everybody got an
// identity card of the new kind, so those without a number have one since.
func (g *generator) tellChanges(l *life) {
	change := func(first, last day, changes func() fields) {
		d := span{max(first, l.entered+1), last}.pick(g.r)
		if d >= first && l.memberAround(d) {
			g.tell(l, profileChanged(changes()), d)
		}
	}
	if l.nationalID == "" && g.chance(88) {
		change(on(2021, time.March, 1), on(2021, time.October, 29), func() fields {
			l.nationalID = g.nationalID(l)
			return fields{"national_id": l.nationalID}
		})
	}
	if l.phone == "" && g.chance(12) {
		change(opening+30, lastDay-10, func() fields {
			l.phone = g.phone()
			return fields{"phone": l.phone}
		})
	}
	if g.chance(6) {
		change(opening+30, lastDay-10, func() fields {
			return fields{"address": l.in(lastDay).place + ", huyện Mường Nhé, tỉnh Điện Biên"}
		})
	}
	if next := map[string]string{"9/12": "12/12", "Trung cấp": "Cao đẳng", "Cao đẳng": "Đại học", "Đại học": "Thạc sĩ"}[l.education]; next != "" && g.chance(9) {
		change(opening+90, lastDay-10, func() fields { return fields{"education": next} })
	}
	if next := map[string]string{"Nông dân": "Trưởng bản", "Giáo viên": "Phó Hiệu trưởng", "Công chức": "Cán bộ quản lý", "Y sĩ": "Bác sĩ"}[l.occupation]; next != "" && g.chance(10) {
		change(opening+60, lastDay-10, func() fields { return fields{"occupation": next} })
	}
}

// tellConversions tells of the few whose religion changed.
func (g *generator) tellConversions() {
	left := 3
	for _, l := range shuffled(g.r, g.lives) {
		d := span{opening + 200, figureDay - 60}.pick(g.r)
		if left > 0 && l.people == hmong && l.religion == "00" && l.memberAround(d) && l.settled(opening+1) {
			g.tell(l, profileChanged(fields{"religion": "08"}), d)
			left--
		}
	}
}
