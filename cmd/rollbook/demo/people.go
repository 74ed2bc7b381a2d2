package demo

import (
	"strconv"
	"time"
)

// life is a person and what becomes of them. Days that never come are never.
type life struct {
	id                             string
	name, gender, people, religion string
	born                           day
	onlyYear                       bool // nobody knows the birthday
	nationalID, address, phone     string
	education, occupation          string

	origin      origin
	identified  day // became a candidate
	source      string
	noCandidacy day // candidacy ended without admission
	cause       string
	again       day // became a candidate once more
	entered     day // first day as a member in the ledger
	admittedOn  day
	confirmedOn day
	exit        string
	left        day
	gone        absence // away for a while
	stays       []stay
	excused     span // from work or meetings
	punished    int  // year of a disciplinary measure

	anchor     bool    // stays in one cell throughout
	unguided   bool    // as a candidate has no mentor
	noCourse   bool    // admitted without the awareness course
	introducer *life   // introduced by this member, whoever else could
	guides     []*life // current mentors and introducers
	isGuide    bool
	troubled   bool // already has an entry that was wrong, late or against a rule
}

// stay is an organisation in which somebody counts, and from when.
type stay struct {
	in   *organisation
	from day
}

// absence is an end of membership that was undone.
type absence struct {
	by   string
	span // the day of the end, the day of the return
}

func (g *generator) newLife(home *organisation, people string, o origin) *life {
	l := &life{
		id: g.newID("m-"), people: people, origin: o,
		identified: never, noCandidacy: never, again: never, entered: never,
		admittedOn: never, confirmedOn: never, left: never,
		gone: absence{span: span{never, never}}, excused: span{never, never},
	}
	l.gender = "male"
	if g.chance(women[home.class]) {
		l.gender = "female"
	}
	l.name = g.nameOf(l)
	l.religion = g.religionOf(l)
	l.address = g.addressOf(home)
	g.lives = append(g.lives, l)
	return l
}

// women is the share of women among the members of a cell, in percent.
var women = map[class]float64{
	villageCell: 21, office: 32, school: 52, kindergarten: 93, health: 48, force: 8,
}

func (g *generator) nameOf(l *life) string {
	n := namings[l.people]
	if l.gender == "female" {
		return one(g.r, n.families) + " " + one(g.r, n.femaleMiddle) + " " + one(g.r, n.femaleGiven)
	}
	middle, given := one(g.r, n.maleMiddle), one(g.r, n.maleGiven)
	for given == middle {
		given = one(g.r, n.maleGiven)
	}
	return one(g.r, n.families) + " " + middle + " " + given
}

// religionOf returns the code of a religion: mostly none; among the HMông some
// are Protestants.
func (g *generator) religionOf(l *life) string {
	switch {
	case l.people == hmong && g.chance(5), l.people == dao && g.chance(2):
		return "08"
	case l.people == kinh && g.chance(1.2):
		return "02"
	case l.people == kinh && g.chance(1.2):
		return "01"
	}
	return "00"
}

func (g *generator) addressOf(home *organisation) string {
	place := home.place
	if home.class != villageCell && g.chance(40) {
		place = "Trung tâm huyện, xã Mường Nhé"
	}
	return place + ", huyện Mường Nhé, tỉnh Điện Biên"
}

// describe gives somebody a birthday, so that they were of a certain age on a
// day, and what follows from it.
func (g *generator) describe(l *life, home *organisation, ageOn day, age float64) {
	l.born = ageOn - day(age*365.25)
	l.onlyYear = l.people != kinh && l.born.year() < 1975 && g.chance(15)
	if g.chance(64) || l.origin == admission {
		l.nationalID = g.nationalID(l)
	}
	if g.chance(18) {
		l.phone = g.phone()
	}
	old := l.born < on(1964, time.January, 1)
	switch home.class {
	case villageCell:
		l.occupation = "Nông dân"
		l.education = one(g.r, []string{"9/12", "9/12", "9/12", "12/12", "12/12"})
		if l.people != kinh && (old || g.chance(15)) {
			l.education = "5/12"
		}
		if old && g.chance(35) {
			l.occupation = "Cán bộ hưu trí"
		}
	case office:
		l.occupation = one(g.r, []string{"Công chức", "Công chức", "Viên chức", "Cán bộ"})
		l.education = one(g.r, []string{"Đại học", "Đại học", "Đại học", "Trung cấp", "Thạc sĩ"})
	case school:
		l.occupation = "Giáo viên"
		l.education = one(g.r, []string{"Đại học", "Đại học", "Cao đẳng"})
	case kindergarten:
		l.occupation = "Giáo viên mầm non"
		l.education = one(g.r, []string{"Đại học", "Cao đẳng", "Trung cấp"})
	case health:
		l.occupation = one(g.r, []string{"Y sĩ", "Điều dưỡng", "Bác sĩ"})
		l.education = one(g.r, []string{"Đại học", "Cao đẳng", "Trung cấp"})
	case force:
		l.occupation = one(g.r, []string{"Công an", "Công an", "Quân nhân"})
		l.education = one(g.r, []string{"Đại học", "Trung cấp", "12/12"})
	}
}

// nationalID makes the number of an identity card. The fourth digit tells sex
// and century; 8 and 9 stand for a century yet to come, so the number is nobody's.
func (g *generator) nationalID(l *life) string {
	sex := "8"
	if l.gender == "female" {
		sex = "9"
	}
	return g.newNumber("011"+sex+strconv.Itoa(l.born.year())[2:], 6)
}

// phone makes a number of the province that no line has: none begins with 0
// after the area code.
func (g *generator) phone() string { return g.newNumber("02150", 6) }

// person is what the ledger is told of somebody at first.
func (l *life) person() fields {
	p := fields{
		"full_name": l.name, "gender": l.gender, "ethnicity": l.people, "religion": l.religion,
		"address": l.address, "education": l.education, "occupation": l.occupation,
	}
	if l.onlyYear {
		p["birth_year"] = l.born.year()
	} else {
		p["birth_date"] = l.born
	}
	if l.nationalID != "" {
		p["national_id"] = l.nationalID
	}
	if l.phone != "" {
		p["phone"] = l.phone
	}
	return p
}

// in returns where somebody counts on a day. A merger takes them along.
func (l *life) in(d day) *organisation {
	o := l.stays[0].in
	for _, s := range l.stays {
		if s.from <= d {
			o = s.in
		}
	}
	for o.into != nil && o.closes <= d {
		o = o.into
	}
	return o
}

// age returns somebody's age in whole years, or nearly so.
func (l *life) age(d day) int { return int(float64(d-l.born) / 365.25) }

// candidateOn reports whether somebody is a candidate at the end of a day.
func (l *life) candidateOn(d day) bool {
	return l.identified <= d && d < min(l.noCandidacy, l.entered)
}

// memberAround reports whether somebody is a member before, on and after a day.
func (l *life) memberAround(d day) bool {
	return l.entered < d && d < l.left && !l.gone.has(d) && d <= lastDay
}

// settled reports whether somebody is an official member from a day on, and
// never away.
func (l *life) settled(d day) bool {
	return l.confirmedOn < d && l.left == never && l.gone.by == "" && l.entered < d
}

// closing reports whether somebody was ever in a cell that ends.
func (l *life) closing() bool {
	for _, s := range l.stays {
		if s.in.closes != never {
			return true
		}
	}
	return false
}
