package demo

import (
	"errors"
	"fmt"
	"maps"
	"time"
)

// mistake is an entry that was wrong at first: the wrong one is annulled when
// somebody notices, and the right one recorded in its stead.
type mistake struct {
	n       int
	of      string // type of the entry
	reason  string // of the annulment
	noticed day    // so many days after the entry was recorded
	calm    bool   // nothing else may have been recorded of this person meanwhile
	fits    func(e *entry) bool
	wrong   func(e *entry) (event, day) // what was recorded at first, and for which day
}

// tellMistakes makes some entries wrong at first, and some late.
func (g *generator) tellMistakes() error {
	g.byLife = map[*life][]*entry{}
	for _, e := range g.entries {
		if e.life != nil {
			g.byLife[e.life] = append(g.byLife[e.life], e)
		}
	}
	for _, m := range append(g.memberMistakes(), g.organisationMistakes()...) {
		for range m.n {
			e := g.find(func(e *entry) bool {
				return e.kind == m.of && e.effective < on(2023, time.June, 1) && m.fits(e) &&
					(!m.calm || g.calm(e, e.recorded+m.noticed))
			})
			if e == nil {
				return fmt.Errorf("demo: no %s fits the mistake %q", m.of, m.reason)
			}
			wrong, d := m.wrong(e)
			g.correct(e, wrong, d, e.recorded+m.noticed, m.reason)
		}
	}
	g.correct(g.jointVillage, cellAssigned(g.jointVillage.data["cell"].(string), false), g.jointVillage.effective,
		on(2020, time.February, 14), "Bản sinh hoạt ghép, không có chi bộ riêng")
	if err := g.mistakeNamesake(); err != nil {
		return err
	}
	if err := g.mistakeDuplicate(); err != nil {
		return err
	}
	return g.tellLate()
}

// memberMistakes lists the mistakes about members.
func (g *generator) memberMistakes() []mistake {
	anyone := func(*entry) bool { return true }
	between := func(first, last int) func(*entry) bool {
		return func(e *entry) bool { return e.effective.year() >= first && e.effective.year() <= last }
	}
	return []mistake{
		{
			n: 2, of: "member.brought_forward", noticed: 19, calm: true, reason: "Ghi nhầm chi bộ khi chuyển số liệu đầu kỳ",
			fits: func(e *entry) bool { return !e.life.isGuide },
			wrong: func(e *entry) (event, day) {
				return changed(e, "organisation", g.anotherCell(e.life.in(opening)).id), e.effective
			},
		},
		{
			n: 3, of: "member.transferred", noticed: 24, calm: true, reason: "Ghi nhầm chi bộ nơi chuyển đến",
			fits: func(e *entry) bool { return e.data["temporary"] == false && e.life.entered < e.effective },
			wrong: func(e *entry) (event, day) {
				elsewhere := g.anotherCell(e.life.in(e.effective))
				for elsewhere == e.life.in(e.effective-1) {
					elsewhere = g.openCell()
				}
				return changed(e, "organisation", elsewhere.id), e.effective
			},
		},
		{
			n: 3, of: "member.rated", noticed: 33, reason: "Ghi sai mức xếp loại so với thông báo",
			fits:  func(e *entry) bool { return e.data["grade"] == "good" && e.effective.year() >= 2021 },
			wrong: func(e *entry) (event, day) { return changed(e, "grade", "excellent"), e.effective },
		},
		{
			n: 2, of: "member.admitted", noticed: 11, calm: true, reason: "Ghi ngày quyết định thay cho ngày kết nạp",
			fits:  between(2021, 2022),
			wrong: func(e *entry) (event, day) { return e.event, e.data["decision"].(*decision).Date },
		},
		{
			n: 2, of: "member.confirmed", noticed: 155, reason: "Ghi sai ngày công nhận chính thức",
			fits: func(e *entry) bool {
				return between(2021, 2022)(e) && e.life.confirmedOn >= e.life.admittedOn.addMonths(12)
			},
			wrong: func(e *entry) (event, day) { return confirmed(g.decide(e.effective - 31)), e.effective - 31 },
		},
		{
			n: 2, of: "member.disciplined", noticed: 16, reason: "Ghi sai hình thức kỷ luật",
			fits:  func(e *entry) bool { return e.data["measure"] == "reprimand" },
			wrong: func(e *entry) (event, day) { return changed(e, "measure", "warning"), e.effective },
		},
		{
			n: 1, of: "member.course_completed", noticed: 40, calm: true, reason: "Ghi sai số giấy chứng nhận",
			fits: anyone,
			wrong: func(e *entry) (event, day) {
				return changed(e, "certificate", g.certificate(e.effective, "NT")), e.effective
			},
		},
		{
			n: 2, of: "member.mentor_assigned", noticed: 20, calm: true, reason: "Ghi nhầm người trùng tên",
			fits: func(e *entry) bool { return e.data["role"] == "mentor" && e.effective > opening+90 },
			wrong: func(e *entry) (event, day) {
				namesake := e.life
				for namesake == e.life || namesake.id == e.data["mentor"] {
					namesake = one(g.r, g.guides(e.life, e.effective))
				}
				return changed(e, "mentor", namesake.id), e.effective
			},
		},
		{
			n: 2, of: "member.transferred_out", noticed: 47, reason: "Đảng viên đã chuyển sinh hoạt, không phải xóa tên",
			fits: between(2020, 2022),
			wrong: func(e *entry) (event, day) {
				return removed("lapsed", g.decide(e.effective-3)), e.effective
			},
		},
		{
			n: 1, of: "member.candidacy_ended", noticed: 28, reason: "Ghi sai lý do",
			fits:  func(e *entry) bool { return e.data["cause"] == "moved" },
			wrong: func(e *entry) (event, day) { return changed(e, "cause", "withdrawn"), e.effective },
		},
		{
			n: 1, of: "member.profile_changed", noticed: 9, reason: "Ghi sai số điện thoại",
			fits: func(e *entry) bool { return e.data["person"].(fields)["phone"] != nil },
			wrong: func(e *entry) (event, day) {
				return profileChanged(fields{"phone": g.phone()}), e.effective
			},
		},
	}
}

// organisationMistakes lists the mistakes about organisations.
func (g *generator) organisationMistakes() []mistake {
	return []mistake{
		{
			n: 1, of: "organisation.rated", noticed: 20, reason: "Ghi sai mức xếp loại tổ chức",
			fits: func(e *entry) bool { return e.effective.year() == 2022 && e.data["grade"] == "good" },
			wrong: func(e *entry) (event, day) {
				return changed(e, "grade", "excellent"), e.effective
			},
		},
		{
			n: 1, of: "organisation.quota_set", noticed: 26, reason: "Ghi sai chỉ tiêu được giao",
			fits: func(e *entry) bool { return e.data["admissions"].(int) >= 5 },
			wrong: func(e *entry) (event, day) {
				return changed(e, "admissions", 10*e.data["admissions"].(int)), e.effective
			},
		},
	}
}

// changed returns the event of an entry with another value of one field.
func changed(e *entry, field string, value any) event {
	data := maps.Clone(e.data)
	data[field] = value
	return event{e.kind, data}
}

// find draws an entry that fits, of a life that had no trouble yet; nil if
// there is none.
func (g *generator) find(fits func(*entry) bool) *entry {
	var found []*entry
	for _, e := range g.entries {
		if e.life != nil {
			l := e.life
			if l.troubled || l.closing() || l.gone.by != "" || l.again != never {
				continue
			}
		}
		if e.id == "" && fits(e) {
			found = append(found, e)
		}
	}
	if found == nil {
		return nil
	}
	return one(g.r, found)
}

// calm reports whether nothing else is recorded of a person from an entry on
// until some day.
func (g *generator) calm(e *entry, until day) bool {
	for _, other := range g.byLife[e.life] {
		if other != e && e.recorded <= other.recorded && other.recorded <= until {
			return false
		}
	}
	return true
}

// correct records something else at first, for some day, in the place of an
// entry; and annuls that when it was noticed, just before the entry.
func (g *generator) correct(right *entry, wrong event, effective, noticed day, reason string) {
	first := &entry{
		id: g.newID("e-"), subject: right.subject, event: wrong, effective: effective,
		recorded: right.recorded, order: right.order, life: right.life,
	}
	g.entries = append(g.entries, first)
	g.annul(first, noticed, reason)
	g.postpone(right, noticed)
	if right.life != nil {
		right.life.troubled = true
	}
}

func (g *generator) annul(e *entry, noticed day, reason string) {
	annulment := g.record(e.subject, annulled(e), e.effective)
	annulment.reason = reason
	g.postpone(annulment, noticed)
}

// mistakeNamesake lets somebody die on paper who only has the name of the dead.
func (g *generator) mistakeNamesake() error {
	death := g.find(func(e *entry) bool {
		return e.kind == "member.died" && e.life.origin == openingOfficial && e.effective < on(2022, time.October, 1) &&
			g.namesake(e) != nil
	})
	if death == nil {
		return errors.New("demo: nobody can be taken for somebody dead")
	}
	survivor := g.namesake(death)
	for _, e := range g.byLife[death.life] {
		if e.kind == "member.brought_forward" {
			e.data["person"].(fields)["full_name"] = survivor.name
		}
	}
	wrong := g.tell(survivor, died(), death.effective)
	wrong.id = g.newID("e-")
	g.annul(wrong, death.effective+40, "Nhầm người trùng họ tên; đảng viên này còn sống")
	g.postpone(death, death.effective+40)
	survivor.troubled, death.life.troubled = true, true
	return nil
}

// namesake returns somebody who could be taken for the dead, and of whom nothing
// is recorded until that comes out; nil if there is nobody.
func (g *generator) namesake(death *entry) *life {
	for _, l := range g.lives {
		if l.settled(opening+1) && l.people == death.life.people && l.gender == death.life.gender &&
			!l.isGuide && !l.troubled && !l.closing() &&
			g.calm(&entry{recorded: death.effective, life: l}, death.effective+60) {
			return l
		}
	}
	return nil
}

// mistakeDuplicate records a candidate twice, under two ids.
func (g *generator) mistakeDuplicate() error {
	e := g.find(func(e *entry) bool {
		return e.kind == "member.identified" && e.effective.year() == 2022 && e.effective < on(2022, time.October, 1)
	})
	if e == nil {
		return errors.New("demo: no candidate to record twice")
	}
	person := maps.Clone(e.data["person"].(fields))
	delete(person, "national_id")
	delete(person, "phone")
	twice := g.record("member/"+g.newID("m-"), changed(e, "person", person), e.effective+12)
	twice.id = g.newID("e-")
	g.annul(twice, e.effective+75, "Trùng hồ sơ: người này đã có trong danh sách quần chúng ưu tú")
	e.life.troubled = true
	return nil
}
