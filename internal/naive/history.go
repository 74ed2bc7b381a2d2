package naive

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// History draws a random history of about size entries, as NDJSON lines in the
// order in which they are recorded: a district with committees, cells and
// villages, opening entries, then four years (2019 to 2022) of everything that
// the contract knows, at times late, ahead of its day, wrong and annulled.
//
// Effective dates lie on a coarse grid, so that entries meet on one day. Most
// lines are valid, in the order given; about one in forty is known not to be. Every event has an id of its own.
//
// A shrunk history keeps fewer lines: a step whose seed is zero adds none.
func History(t *rapid.T, size int) [][]byte {
	d := &drawing{step: -1}
	d.openOrganisations(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "structure"), 0)))
	d.people = 5 + d.r.IntN(26)

	opening := min(max(size/8, 5), 15)
	for step := range size {
		seed := rapid.Uint64().Draw(t, fmt.Sprintf("step %d", step))
		if seed == 0 {
			continue
		}
		// The seeds favour small numbers; with the step they do not repeat.
		d.r = rand.New(rand.NewPCG(seed, uint64(step)))
		d.step = step
		if step < opening {
			d.today = 0
			d.attempt(memberKinds["member.brought_forward"], 1+d.r.IntN(openingDays))
			continue
		}
		d.today = openingDays + (step-opening)*(len(grid)-futureDays-openingDays)/(size-opening)
		d.entry()
	}
	return d.lines
}

// The grid of effective dates. Entries are recorded between the opening days
// and the future days.
var grid = makeGrid()

const (
	openingDays = 3 // in 2018
	futureDays  = 3 // in 2023
)

func makeGrid() []string {
	days := []string{"2018-01-01", "2018-07-01", "2018-12-31"}
	for year := 2019; year <= 2022; year++ {
		february := "02-28"
		if year == 2020 {
			february = "02-29"
		}
		for _, day := range []string{"01-01", february, "05-10", "07-01", "10-15", "12-31"} {
			days = append(days, fmt.Sprintf("%d-%s", year, day))
		}
	}
	return append(days, "2023-01-01", "2023-03-01", "2023-07-01")
}

// Days lists the days, in order, on which it is worth asking about a [History]:
// those on which entries take effect, the days before them, and the last day
// before and the first day on which a confirmation is overdue.
func Days() []string {
	days := slices.Clone(grid)
	for _, day := range grid {
		d := date(day)
		days = append(days,
			d.AddDate(0, 0, -1).Format(time.DateOnly),
			d.AddDate(1, 0, 30).Format(time.DateOnly),
			d.AddDate(1, 0, 31).Format(time.DateOnly))
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// drawing is a history being drawn.
type drawing struct {
	r     *rand.Rand // of this step
	step  int        // -1 while the structure is drawn
	today int        // index in grid

	sofar Ledger // the valid entries
	seq   uint64
	lines [][]byte

	people int // how many members there may be
	seen   int // how many there are
	units  int // how many organisations and villages
}

// draft is an event without id and date; nil when nothing of the kind suits.
type draft struct {
	eventType string
	subject   string
	data      fields
	reason    string
	on        string // when not the day drawn
}

type fields = map[string]any

// draw proposes an event for the day on, when the world is w.
type draw func(d *drawing, w *world, on string) *draft

// openOrganisations records the structure to begin with. These lines are valid.
func (d *drawing) openOrganisations(r *rand.Rand) {
	d.r = r
	add := func(eventType, subject string, data fields) {
		d.record(&draft{eventType: eventType, subject: subject, data: data}, grid[0])
	}
	id := func(prefix string) string { return fmt.Sprintf("%s-%d", prefix, d.units) }
	organisation := func(kind string, parent any, sector string) string {
		id := id("o")
		add("organisation.established", "organisation/"+id,
			fields{"name": "Đảng bộ " + id, "kind": kind, "parent": parent, "sector": sector})
		return id
	}

	district := organisation("district_committee", nil, "other")
	var communes []string
	for range 2 + r.IntN(2) {
		communes = append(communes, organisation("grassroots_committee", district, "commune"))
	}
	organisation("grassroots_cell", district, "agency")
	for _, commune := range communes {
		for range 1 + r.IntN(3) {
			organisation("cell", commune, "commune")
		}
		for range 1 + r.IntN(2) {
			add("village.registered", "village/"+id("v"), fields{"name": "Bản", "commune": commune})
		}
	}
	add("organisation.quota_set", "organisation/"+communes[0], fields{"year": 2019, "admissions": 1 + r.IntN(4)})
	add("organisation.target_set", "organisation/"+district,
		fields{"from": "2019-01-01", "to": "2021-12-31", "admissions": 5 + r.IntN(10)})
}

// own is an id of this step's own, the same when other steps are left out.
func (d *drawing) own(prefix string) string {
	return fmt.Sprintf("%s%d", prefix, d.step)
}

// entry adds an entry of any kind, unless nothing suits: it keeps trying until
// one is valid, except that now and then it takes what comes.
func (d *drawing) entry() {
	for range 10 {
		day := d.today
		switch d.r.IntN(10) {
		case 0, 1: // late
			day = d.r.IntN(d.today + 1)
		case 2: // ahead
			day = d.today + d.r.IntN(len(grid)-d.today)
		}
		if d.attempt(d.kind(), day) {
			return
		}
	}
}

// attempt adds an entry that draw proposes for a day of the grid and reports
// whether it did.
func (d *drawing) attempt(propose draw, day int) bool {
	on := grid[day]
	proposed := propose(d, d.sofar.at(on, Everything), on)
	if proposed == nil {
		return false
	}
	return d.record(proposed, on)
}

// record adds the line of an event and, if it is valid, the entry.
func (d *drawing) record(e *draft, on string) bool {
	if e.on != "" {
		on = e.on
	}
	event := fields{
		"specversion": "1.0",
		"id":          fmt.Sprintf("opening%d", len(d.lines)),
		"type":        e.eventType,
		"subject":     e.subject,
		"effectiveon": on,
		"data":        e.data,
	}
	if d.step >= 0 {
		event["id"] = d.own("e")
	}
	if e.reason != "" {
		event["reason"] = e.reason
	}
	line, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}

	d.seq++
	before := len(d.sofar.entries)
	if err := d.sofar.Add(d.seq, line); err != nil {
		panic(err)
	}
	if d.sofar.problem() != "" {
		d.sofar.entries = d.sofar.entries[:before]
		if d.r.IntN(4) > 0 {
			return false
		}
	}
	d.lines = append(d.lines, line)
	if e.subject == "member/"+d.own("m") {
		d.seen++
	}
	if e.eventType == "organisation.established" || e.eventType == "village.registered" {
		d.units++
	}
	return true
}

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
			fields{"measure": pick(d.r, "reprimand", "warning"), "decision": d.decision(on)})
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
		if w.members[id].status == provisional && d.r.IntN(2) == 0 {
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
