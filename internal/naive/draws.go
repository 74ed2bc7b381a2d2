package naive

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// kind chooses what kind of event to draw, by weight.
func (d *drawing) kind() draw {
	n := d.r.IntN(weightSum)
	for _, w := range weights {
		if n -= w.weight; n < 0 {
			return w.draw
		}
	}
	panic("unreachable")
}

type weighted struct {
	weight int
	draw   draw
}

var weights = []weighted{
	{12, memberKinds["member.identified"]},
	{9, memberKinds["member.mentor_assigned"]},
	{2, memberKinds["member.mentor_released"]},
	{3, memberKinds["member.course_completed"]},
	{2, memberKinds["member.candidacy_ended"]},
	{11, memberKinds["member.admitted"]},
	{9, memberKinds["member.confirmed"]},
	{9, memberKinds["member.rated"]},
	{9, memberKinds["member.transferred"]},
	{4, memberKinds["member.transferred_out"]},
	{5, memberKinds["member.transferred_in"]},
	{2, memberKinds["member.brought_forward"]},
	{2, memberKinds["member.disciplined"]},
	{3, memberKinds["member.expelled"]},
	{4, memberKinds["member.removed"]},
	{2, memberKinds["member.resigned"]},
	{2, memberKinds["member.died"]},
	{6, memberKinds["member.restored"]},
	{1, memberKinds["member.exempted"]},
	{1, memberKinds["member.badge_awarded"]},
	{1, memberKinds["member.card_issued"]},
	{5, memberKinds["member.profile_changed"]},
	{3, memberKinds["member.reviewed"]},
	{3, memberKinds["member.received"]},
	{4, organisationKinds["organisation.established"]},
	{1, organisationKinds["organisation.renamed"]},
	{5, organisationKinds["organisation.moved"]},
	{8, organisationKinds["organisation.merged"]},
	{3, organisationKinds["organisation.dissolved"]},
	{5, organisationKinds["organisation.rated"]},
	{5, organisationKinds["organisation.quota_set"]},
	{3, organisationKinds["organisation.target_set"]},
	{1, organisationKinds["organisation.commended"]},
	{2, villageKinds["village.registered"]},
	{4, villageKinds["village.cell_assigned"]},
	{1, villageKinds["village.retired"]},
	{8, annulment},
	{3, annulmentOfAnnulment},
}

var weightSum = func() int {
	sum := 0
	for _, w := range weights {
		sum += w.weight
	}
	return sum
}()

var memberKinds = map[string]draw{
	"member.identified": func(d *drawing, w *world, _ string) *draft {
		id := d.newcomer()
		if id == "" || d.r.IntN(3) == 0 { // readmission
			id = d.member(w, func(m member) bool {
				return m.status == nobody || m.status == ended && m.endedBy != "died"
			})
		}
		home := d.home(w)
		if id == "" || home == "" {
			return nil
		}
		return &draft{eventType: "member.identified", subject: "member/" + id, data: fields{
			"person": d.person(id), "organisation": home,
			"source": pick(d.r, "youth_union", "student", "militia", "women_union", "other"),
		}}
	},
	"member.mentor_assigned": func(d *drawing, w *world, _ string) *draft {
		id := d.member(w, func(m member) bool { return m.status == candidate || m.status == provisional })
		mentor := d.member(w, func(m member) bool { return m.status == official })
		if id == "" || mentor == "" {
			return nil
		}
		return &draft{eventType: "member.mentor_assigned", subject: "member/" + id, data: fields{
			"mentor": mentor, "role": pick(d.r, "mentor", "introducer"),
		}}
	},
	"member.mentor_released": func(d *drawing, w *world, _ string) *draft {
		id := d.member(w, func(m member) bool { return len(m.mentors) > 0 })
		if id == "" {
			return nil
		}
		mentor := pick(d.r, sortedKeys(w.members[id].mentors)...)
		return &draft{eventType: "member.mentor_released", subject: "member/" + id, data: fields{"mentor": mentor}}
	},
	"member.course_completed": func(d *drawing, w *world, _ string) *draft {
		return d.about(w, "member.course_completed", candidateOrMember,
			fields{"course": pick(d.r, "party_awareness", "new_member")})
	},
	"member.candidacy_ended": func(d *drawing, w *world, _ string) *draft {
		return d.about(w, "member.candidacy_ended", func(m member) bool { return m.status == candidate },
			fields{"cause": pick(d.r, "withdrawn", "unsuitable", "moved", "died")})
	},
	"member.admitted": func(d *drawing, w *world, on string) *draft {
		data := fields{"decision": d.decision(on)}
		if home := d.home(w); home != "" && d.r.IntN(4) == 0 {
			data["organisation"] = home
		}
		return d.about(w, "member.admitted", func(m member) bool { return m.status == candidate }, data)
	},
	"member.confirmed": func(d *drawing, w *world, on string) *draft {
		return d.about(w, "member.confirmed", func(m member) bool {
			// Usually after a year, at times too early or too late.
			return m.status == provisional && (confirmationOverdue(m.probationFrom, on) || d.r.IntN(3) == 0)
		}, fields{"decision": d.decision(on)})
	},
	"member.rated": func(d *drawing, w *world, on string) *draft {
		return d.about(w, "member.rated", member.belongs,
			fields{"year": d.ratedYear(on), "grade": pick(d.r, Grades...)})
	},
	"member.transferred": func(d *drawing, w *world, _ string) *draft {
		home := d.home(w)
		if home == "" {
			return nil
		}
		return d.about(w, "member.transferred", func(m member) bool {
			return candidateOrMember(m) && m.organisation != home
		}, fields{"organisation": home, "temporary": d.r.IntN(4) == 0})
	},
	"member.transferred_out": func(d *drawing, w *world, _ string) *draft {
		return d.about(w, "member.transferred_out", member.belongs, fields{"destination": "Đảng bộ thành phố khác"})
	},
	"member.transferred_in": func(d *drawing, w *world, on string) *draft {
		home := d.home(w)
		id := d.member(w, func(m member) bool { return m.status == ended && m.endedBy == "transferred_out" })
		if id == "" {
			id = d.newcomer()
		}
		if id == "" || home == "" {
			return nil
		}
		data := d.membership(home, on)
		if _, known := w.members[id]; !known || d.r.IntN(2) == 0 {
			data["person"] = d.person(id)
		}
		return &draft{eventType: "member.transferred_in", subject: "member/" + id, data: data}
	},
	"member.brought_forward": func(d *drawing, w *world, on string) *draft {
		home, id := d.home(w), d.newcomer()
		if id == "" || home == "" {
			return nil
		}
		data := d.membership(home, on)
		data["person"] = d.person(id)
		return &draft{eventType: "member.brought_forward", subject: "member/" + id, data: data}
	},
	"member.disciplined": func(d *drawing, w *world, on string) *draft {
		return d.about(w, "member.disciplined", member.belongs,
			fields{"measure": pick(d.r, "reprimand", "warning", "dismissal"), "decision": d.decision(on)})
	},
	"member.expelled": func(d *drawing, w *world, on string) *draft {
		return d.about(w, "member.expelled", func(m member) bool { return m.status == official },
			fields{"decision": d.decision(on)})
	},
	"member.removed": func(d *drawing, w *world, on string) *draft {
		id := d.member(w, member.belongs)
		if id == "" {
			return nil
		}
		cause := pick(d.r, "lapsed", "unqualified", "other")
		if d.r.IntN(3) == 0 { // of an official member it departs from the charter
			cause = "probation_failed"
		}
		return &draft{eventType: "member.removed", subject: "member/" + id, data: fields{
			"cause": cause, "decision": d.decision(on),
		}}
	},
	"member.resigned": func(d *drawing, w *world, _ string) *draft {
		return d.about(w, "member.resigned", member.belongs, fields{})
	},
	"member.died": func(d *drawing, w *world, _ string) *draft {
		return d.about(w, "member.died", member.belongs, fields{})
	},
	"member.restored": func(d *drawing, w *world, on string) *draft {
		data := fields{"decision": d.decision(on)}
		if home := d.home(w); home != "" && d.r.IntN(3) == 0 {
			data["organisation"] = home
		}
		return d.about(w, "member.restored", func(m member) bool {
			return m.status == ended && (m.endedBy == "expelled" || m.endedBy == "removed")
		}, data)
	},
	"member.exempted": func(d *drawing, w *world, _ string) *draft {
		return d.about(w, "member.exempted", func(m member) bool { return m.status == official },
			fields{"kind": pick(d.r, "work", "activity")})
	},
	"member.badge_awarded": func(d *drawing, w *world, _ string) *draft {
		return d.about(w, "member.badge_awarded", func(m member) bool { return m.status == official },
			fields{"years": pick(d.r, 30, 40, 45)})
	},
	"member.card_issued": func(d *drawing, w *world, _ string) *draft {
		return d.about(w, "member.card_issued", func(m member) bool { return m.status == official },
			fields{"card": fmt.Sprintf("77%06d", d.step)})
	},
	"member.profile_changed": func(d *drawing, w *world, _ string) *draft {
		changed := fields{"ethnicity": pick(d.r, "01", "03", "08")}
		switch d.r.IntN(6) {
		case 0:
			changed = fields{"religion": pick(d.r, "00", "08")}
		case 1:
			changed = fields{"gender": pick(d.r, "female", "male"), "education": "12/12"}
		case 2:
			changed = fields{"phone": fmt.Sprintf("0912%06d", d.step)}
		}
		return d.about(w, "member.profile_changed", candidateOrMember, fields{"person": changed})
	},
	"member.reviewed": func(d *drawing, w *world, _ string) *draft {
		return d.about(w, "member.reviewed", func(m member) bool { return m.status == provisional },
			fields{"outcome": pick(d.r, "recommended", "not_recommended")})
	},
	"member.received": func(d *drawing, w *world, _ string) *draft {
		return d.about(w, "member.received", candidateOrMember, fields{})
	},
}

var organisationKinds = map[string]draw{
	"organisation.established": func(d *drawing, w *world, _ string) *draft {
		kind := pick(d.r, "grassroots_committee", "grassroots_cell", "sectional_committee", "cell", "cell")
		parent := d.organisation(w, above[kind]...)
		if parent == "" || d.units >= 30 {
			return nil
		}
		data := fields{"name": "Chi bộ mới", "kind": kind, "parent": parent, "sector": pick(d.r, "commune", "agency")}
		if d.r.IntN(8) == 0 {
			data["kind"], data["parent"] = "grassroots_committee", nil // a second top
		}
		return &draft{eventType: "organisation.established", subject: "organisation/" + d.own("o"), data: data}
	},
	"organisation.renamed": func(d *drawing, w *world, _ string) *draft {
		return d.of(w, "organisation.renamed", fields{"name": "Tên mới"})
	},
	"organisation.moved": func(d *drawing, w *world, _ string) *draft {
		id := d.organisation(w, "cell", "cell", "sectional_committee", "grassroots_committee", "grassroots_cell")
		if id == "" {
			return nil
		}
		parent := d.organisation(w, above[w.organisations[id].kind]...)
		if parent == "" || parent == w.organisations[id].parent {
			return nil
		}
		return &draft{eventType: "organisation.moved", subject: "organisation/" + id, data: fields{"parent": parent}}
	},
	"organisation.merged": func(d *drawing, w *world, _ string) *draft {
		id := d.organisation(w, "cell", "sectional_committee", "grassroots_committee", "grassroots_cell")
		if id == "" || len(w.children(id)) > 0 {
			return nil
		}
		into := d.organisation(w, w.organisations[id].kind)
		if d.r.IntN(4) == 0 {
			into = d.organisation(w, "cell", "grassroots_cell", "grassroots_committee")
		}
		if into == "" || into == id {
			return nil
		}
		return &draft{eventType: "organisation.merged", subject: "organisation/" + id, data: fields{"into": into}}
	},
	"organisation.dissolved": func(d *drawing, w *world, _ string) *draft {
		var empty []string
		for _, id := range sortedKeys(w.organisations) {
			o := w.organisations[id]
			held := slices.ContainsFunc(sortedKeys(w.members), func(m string) bool {
				return w.members[m].organisation == id && candidateOrMember(w.members[m])
			})
			if o.endedOn == "" && !held && len(w.children(id)) == 0 {
				empty = append(empty, id)
			}
		}
		if len(empty) == 0 {
			return nil
		}
		return &draft{eventType: "organisation.dissolved", subject: "organisation/" + pick(d.r, empty...), data: fields{}}
	},
	"organisation.rated": func(d *drawing, w *world, on string) *draft {
		return d.of(w, "organisation.rated", fields{"year": d.ratedYear(on), "grade": pick(d.r, Grades...)})
	},
	"organisation.quota_set": func(d *drawing, w *world, on string) *draft {
		return d.of(w, "organisation.quota_set", fields{"year": date(on).Year() + d.r.IntN(2), "admissions": d.r.IntN(6)})
	},
	"organisation.target_set": func(d *drawing, w *world, _ string) *draft {
		from := pick(d.r, "2019-01-01", "2020-07-01", "2020-07-01", "2021-05-10")
		to := date(from).AddDate(1+d.r.IntN(3), 0, -1).Format(time.DateOnly)
		return d.of(w, "organisation.target_set", fields{"from": from, "to": to, "admissions": 1 + d.r.IntN(10)})
	},
	"organisation.commended": func(d *drawing, w *world, on string) *draft {
		return d.of(w, "organisation.commended", fields{"year": d.ratedYear(on), "title": "Tập thể Lao động tiên tiến"})
	},
}

var villageKinds = map[string]draw{
	"village.registered": func(d *drawing, w *world, _ string) *draft {
		commune := d.organisation(w, "grassroots_committee")
		if commune == "" || d.units >= 30 {
			return nil
		}
		return &draft{eventType: "village.registered", subject: "village/" + d.own("v"), data: fields{
			"name": "Bản mới", "commune": commune,
		}}
	},
	"village.cell_assigned": func(d *drawing, w *world, _ string) *draft {
		id, cell := d.village(w), d.organisation(w, "cell", "grassroots_cell")
		if id == "" || cell == "" {
			return nil
		}
		return &draft{eventType: "village.cell_assigned", subject: "village/" + id, data: fields{
			"cell": cell, "joint": d.r.IntN(3) == 0,
		}}
	},
	"village.retired": func(d *drawing, w *world, _ string) *draft {
		id := d.village(w)
		if id == "" {
			return nil
		}
		return &draft{eventType: "village.retired", subject: "village/" + id, data: fields{}}
	},
}

// above says under what kinds of organisation a kind stands.
var above = map[string][]string{
	"grassroots_committee": {"district_committee"},
	"grassroots_cell":      {"district_committee"},
	"sectional_committee":  {"grassroots_committee"},
	"cell":                 {"grassroots_committee", "sectional_committee"},
}

// annulment annuls one of the latest entries, or any.
func annulment(d *drawing, _ *world, _ string) *draft {
	return d.annul(func(e entry) bool { return !e.isAnnulment() })
}

func annulmentOfAnnulment(d *drawing, _ *world, _ string) *draft {
	return d.annul(entry.isAnnulment)
}

func (d *drawing) annul(suits func(entry) bool) *draft {
	var entries []entry
	for _, e := range d.sofar.counting(endOfTime, Everything) {
		if suits(e) {
			entries = append(entries, e)
		}
	}
	if len(entries) == 0 {
		return nil
	}
	e := pick(d.r, entries...)
	subjectKind, _, _ := strings.Cut(e.Subject, "/")
	return &draft{
		eventType: subjectKind + ".entry_annulled",
		subject:   e.Subject,
		data:      fields{"annuls": e.ID},
		reason:    "Nhập sai.",
		on:        e.EffectiveOn,
	}
}

// about drafts an event about a member that suits.
func (d *drawing) about(w *world, eventType string, suits func(member) bool, data fields) *draft {
	id := d.member(w, suits)
	if id == "" {
		return nil
	}
	return &draft{eventType: eventType, subject: "member/" + id, data: data}
}

// of drafts an event of any living organisation.
func (d *drawing) of(w *world, eventType string, data fields) *draft {
	id := d.organisation(w, "district_committee", "grassroots_committee", "grassroots_cell", "cell")
	if id == "" {
		return nil
	}
	return &draft{eventType: eventType, subject: "organisation/" + id, data: data}
}

func candidateOrMember(m member) bool { return m.status == candidate || m.belongs() }

// member picks a known member that suits, "" if there is none.
func (d *drawing) member(w *world, suits func(member) bool) string {
	var ids []string
	for _, id := range sortedKeys(w.members) {
		if suits(w.members[id]) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return ""
	}
	return pick(d.r, ids...)
}

// newcomer returns an id that nobody has yet, "" when there are enough.
func (d *drawing) newcomer() string {
	if d.seen >= d.people {
		return ""
	}
	return d.own("m")
}

// organisation picks a living organisation of one of the kinds, "" if there is
// none.
func (d *drawing) organisation(w *world, kinds ...string) string {
	var ids []string
	for _, id := range sortedKeys(w.organisations) {
		if o := w.organisations[id]; o.endedOn == "" && slices.Contains(kinds, o.kind) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return ""
	}
	return pick(d.r, ids...)
}

// home picks an organisation for a member to be in.
func (d *drawing) home(w *world) string {
	if d.r.IntN(10) == 0 {
		return d.organisation(w, "grassroots_committee", "sectional_committee")
	}
	return d.organisation(w, "cell", "grassroots_cell")
}

func (d *drawing) village(w *world) string {
	var ids []string
	for _, id := range sortedKeys(w.villages) {
		if !w.villages[id].retired {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return ""
	}
	return pick(d.r, ids...)
}

// membership is what an entry says of somebody who is a member already.
func (d *drawing) membership(home, on string) fields {
	admitted := date(on).AddDate(0, -d.r.IntN(24), 0)
	data := fields{"organisation": home, "status": provisional, "admitted_on": admitted.Format(time.DateOnly)}
	if d.r.IntN(2) == 0 {
		data["status"] = official
		data["admitted_on"] = admitted.AddDate(-2, 0, 0).Format(time.DateOnly)
		data["confirmed_on"] = admitted.AddDate(-1, 0, 0).Format(time.DateOnly)
	}
	return data
}

func (d *drawing) person(id string) fields {
	return fields{
		"full_name":  "Người " + id,
		"birth_date": fmt.Sprintf("%d-0%d-1%d", 1960+d.r.IntN(38), 1+d.r.IntN(9), d.r.IntN(10)),
		"gender":     pick(d.r, "female", "male"),
		"ethnicity":  pick(d.r, "01", "03", "08", "35"),
		"religion":   pick(d.r, "00", "00", "00", "02", "08"),
	}
}

func (d *drawing) decision(on string) fields {
	return fields{"number": fmt.Sprintf("%d-QĐ/HU", 1+d.step), "date": on}
}

// ratedYear is the year of a rating given on a day: that year or the one before.
func (d *drawing) ratedYear(on string) int {
	return date(on).Year() - d.r.IntN(2)
}

func pick[T any](r *rand.Rand, choices ...T) T {
	return choices[r.IntN(len(choices))]
}
