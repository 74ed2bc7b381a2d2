package demo_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// This file is a small ledger of its own, written from the contract: it takes
// events line by line, refuses what is impossible, and counts.

type event struct {
	line        int
	ID          string `json:"id"`
	Type        string `json:"type"`
	Subject     string `json:"subject"`
	EffectiveOn string `json:"effectiveon"`
	Reason      string `json:"reason"`
	Data        data   `json:"data"`
}

type data struct {
	Name, Kind, Parent, Sector, Into, Grade, Title, From, To string
	Year, Admissions, Years                                  int
	Commune, Cell                                            string
	Joint, Temporary                                         bool
	Person                                                   *person
	Organisation, Source, Mentor, Role, Course, Certificate  string
	Cause, Status, Destination, Measure, Grounds, Until      string
	Card, Annuls                                             string
	AdmittedOn                                               string `json:"admitted_on"`
	ConfirmedOn                                              string `json:"confirmed_on"`
	Decision                                                 *struct {
		Number, Date string
		IssuedBy     string `json:"issued_by"`
	}
}

type person struct {
	FullName   string `json:"full_name"`
	BirthDate  string `json:"birth_date"`
	BirthYear  int    `json:"birth_year"`
	NationalID string `json:"national_id"`
	Gender, Ethnicity, Religion, Address, Phone,
	Education, Occupation string
}

// required has the fields that the data of each type must have.
var required = map[string]string{
	"organisation.established": "name kind parent", "organisation.renamed": "name", "organisation.moved": "parent",
	"organisation.merged": "into", "organisation.dissolved": "", "organisation.rated": "year grade",
	"organisation.quota_set": "year admissions", "organisation.target_set": "from to admissions",
	"organisation.commended": "year title", "organisation.entry_annulled": "annuls",
	"village.registered": "name commune", "village.cell_assigned": "cell joint", "village.entry_annulled": "annuls",
	"member.identified": "person organisation source", "member.mentor_assigned": "mentor role",
	"member.mentor_released": "mentor", "member.course_completed": "course", "member.candidacy_ended": "cause",
	"member.admitted": "decision", "member.confirmed": "decision", "member.rated": "year grade",
	"member.transferred": "organisation temporary", "member.transferred_out": "destination",
	"member.transferred_in":  "organisation status admitted_on",
	"member.brought_forward": "person organisation status admitted_on", "member.disciplined": "measure decision",
	"member.expelled": "decision", "member.removed": "cause decision", "member.resigned": "", "member.died": "",
	"member.restored": "decision", "member.exempted": "kind", "member.badge_awarded": "years",
	"member.card_issued": "card", "member.profile_changed": "person", "member.entry_annulled": "annuls",
}

type organisation struct {
	kind, parent, sector, from, ended, into string
	grades                                  map[int]string
	titled                                  map[int]bool
}

type village struct {
	commune, cell string
	joint         bool
}

type model struct {
	all           []*event
	organisations map[string]*organisation
	villages      map[string]*village
	members       map[string][]*event
	ofOthers      map[string][]*event // entries of organisations and villages, by subject
	target        int
	corrections   int
	seen          map[string]string
}

func replay(t *testing.T, ledger []byte) *model {
	t.Helper()
	var all []*event
	content := map[string]int{}
	for i, line := range bytes.Split(bytes.TrimSuffix(ledger, []byte("\n")), []byte("\n")) {
		e := &event{line: i + 1}
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(e); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		var raw struct{ Data json.RawMessage }
		var given map[string]json.RawMessage
		if json.Unmarshal(line, &raw) != nil || json.Unmarshal(raw.Data, &given) != nil {
			t.Fatalf("line %d: no data", i+1)
		}
		fields, ok := required[e.Type]
		if !ok {
			t.Fatalf("line %d: unknown type %s", i+1, e.Type)
		}
		for f := range strings.FieldsSeq(fields) {
			if _, ok := given[f]; !ok {
				t.Errorf("line %d: %s without %s", i+1, e.Type, f)
			}
		}
		key := e.Type + e.Subject + e.EffectiveOn + string(raw.Data)
		if content[key] != 0 {
			t.Errorf("line %d says the same as line %d", i+1, content[key])
		}
		content[key] = i + 1
		for _, d := range dates.FindAll(line, -1) {
			if _, err := time.Parse(`"`+time.DateOnly+`"`, string(d)); err != nil {
				t.Errorf("line %d: %v", i+1, err)
			}
		}
		all = append(all, e)
	}
	return replayLines(t, all)
}

func replayLines(t *testing.T, all []*event) *model {
	t.Helper()
	m := &model{
		organisations: map[string]*organisation{}, villages: map[string]*village{},
		members: map[string][]*event{}, ofOthers: map[string][]*event{}, seen: map[string]string{},
	}
	for _, e := range all {
		if err := m.take(e); err != nil {
			t.Fatalf("line %d: %s %s on %s: %v", e.line, e.Type, e.Subject, e.EffectiveOn, err)
		}
		m.all = append(m.all, e)
	}
	return m
}

var (
	subjects  = regexp.MustCompile(`^(member|organisation|village)/[A-Za-z0-9_-]{1,64}$`)
	decisions = regexp.MustCompile(`^\d+-QĐ/HU$`)
	dates     = regexp.MustCompile(`"\d{4}-\d\d-\d\d"`)
)

func (m *model) take(e *event) error {
	kind, id, _ := strings.Cut(e.Subject, "/")
	switch {
	case !subjects.MatchString(e.Subject) || !strings.HasPrefix(e.Type, kind+"."):
		return fmt.Errorf("bad subject")
	case e.EffectiveOn < "1930-02-03":
		return fmt.Errorf("too early")
	case e.ID != "" && !m.first("id", e.ID, e.Subject):
		return fmt.Errorf("id %s is taken", e.ID)
	case e.Data.Card != "" && !m.first("card", e.Data.Card, e.Subject):
		return fmt.Errorf("card %s is taken", e.Data.Card)
	case e.Data.Person != nil && !m.first("number", e.Data.Person.NationalID, e.Subject):
		return fmt.Errorf("number %s is taken", e.Data.Person.NationalID)
	}
	for _, o := range []string{e.Data.Parent, e.Data.Into, e.Data.Commune, e.Data.Cell, e.Data.Organisation} {
		if err := m.alive(o, e.EffectiveOn); o != "" && err != nil {
			return err
		}
	}
	if strings.HasSuffix(e.Type, "entry_annulled") {
		m.corrections++
		if err := m.annuls(e, kind, id); err != nil {
			return err
		}
	}
	switch kind {
	case "organisation":
		return m.takeOrganisation(e, id)
	case "village":
		m.ofOthers[e.Subject] = append(m.ofOthers[e.Subject], e)
		v := &village{}
		for _, e := range counting(m.ofOthers[e.Subject]) {
			switch e.Type {
			case "village.registered":
				v.commune = e.Data.Commune
			case "village.cell_assigned":
				v.cell, v.joint = e.Data.Cell, e.Data.Joint
			}
		}
		if m.villages[id] = v; v.commune == "" {
			return fmt.Errorf("unknown village")
		}
		return nil
	default:
		return m.takeMember(e, id)
	}
}

// first reports whether nobody else has a number.
func (m *model) first(what, number, subject string) bool {
	holder, taken := m.seen[what+number]
	m.seen[what+number] = subject
	return number == "" || !taken || what != "id" && holder == subject
}

func (m *model) alive(organisation, on string) error {
	o := m.organisations[organisation]
	if o == nil || o.from > on || o.ended != "" && o.ended <= on {
		return fmt.Errorf("organisation %q does not exist", organisation)
	}
	return nil
}

func (m *model) annuls(e *event, kind, id string) error {
	entries := m.ofOthers[e.Subject]
	if kind == "member" {
		entries = m.members[id]
	}
	for _, target := range entries {
		if target.ID == e.Data.Annuls && target.EffectiveOn == e.EffectiveOn && e.Reason != "" {
			return nil
		}
	}
	return fmt.Errorf("annuls nothing, or without a reason")
}

func (m *model) takeOrganisation(e *event, id string) error {
	if e.Type == "organisation.established" {
		if m.organisations[id] != nil {
			return fmt.Errorf("exists already")
		}
		m.organisations[id] = &organisation{
			kind: e.Data.Kind, parent: e.Data.Parent, sector: e.Data.Sector, from: e.EffectiveOn,
			grades: map[int]string{}, titled: map[int]bool{},
		}
		return nil
	}
	if err := m.alive(id, e.EffectiveOn); err != nil {
		return err
	}
	m.ofOthers[e.Subject] = append(m.ofOthers[e.Subject], e)
	o := m.organisations[id]
	switch e.Type {
	case "organisation.moved":
		o.parent = e.Data.Parent
	case "organisation.target_set":
		m.target = e.Data.Admissions
	case "organisation.commended":
		o.titled[e.Data.Year] = true
	case "organisation.merged", "organisation.dissolved":
		for child, c := range m.organisations {
			if c.parent == id && c.ended == "" {
				return fmt.Errorf("%s is below it", child)
			}
		}
		if e.Type == "organisation.dissolved" {
			for member := range m.members {
				if s := m.stateOf(member, e.EffectiveOn); s.organisation == id && s.present() {
					return fmt.Errorf("%s is in it", member)
				}
			}
		}
		o.ended, o.into = e.EffectiveOn, e.Data.Into
	case "organisation.rated", "organisation.entry_annulled":
		clear(o.grades)
		for _, e := range counting(m.ofOthers[e.Subject]) {
			if e.Type == "organisation.rated" {
				o.grades[e.Data.Year] = e.Data.Grade
			}
		}
	}
	return nil
}

func (m *model) takeMember(e *event, id string) error {
	if p := e.Data.Person; p != nil && e.Type != "member.profile_changed" &&
		(p.FullName == "" || (p.BirthDate == "") == (p.BirthYear == 0) || p.Gender == "" || p.Ethnicity == "" || p.Religion == "") {
		return fmt.Errorf("person is not complete: %+v", *p)
	}
	if d := e.Data.Decision; d != nil && (!decisions.MatchString(d.Number) || d.Date > e.EffectiveOn || d.IssuedBy != "muong-nhe") {
		return fmt.Errorf("decision %+v", *d)
	}
	if e.Type == "member.mentor_assigned" && !m.stateOf(e.Data.Mentor, e.EffectiveOn).present() {
		return fmt.Errorf("mentor %s is not in the roll", e.Data.Mentor)
	}
	m.members[id] = append(m.members[id], e)
	_, err := m.fold(counting(m.members[id]))
	return err
}

// counting returns the entries that are not annulled, in the order in which
// they count.
func counting(entries []*event) []*event {
	void := map[string]bool{}
	for _, e := range entries {
		void[e.Data.Annuls] = e.Data.Annuls != ""
	}
	out := slices.DeleteFunc(slices.Clone(entries), func(e *event) bool { return e.Data.Annuls != "" || e.ID != "" && void[e.ID] })
	slices.SortStableFunc(out, func(a, b *event) int { return cmp.Compare(a.EffectiveOn, b.EffectiveOn) })
	return out
}

type state struct {
	status, organisation, ethnicity, endedBy, before, admitted, confirmed, since string
	mentors                                                                      []string
}

func (s state) member() bool  { return s.status == "provisional" || s.status == "official" }
func (s state) present() bool { return s.member() || s.status == "candidate" }

// stateOf returns the state of a member at the end of a day.
func (m *model) stateOf(id, day string) state {
	entries := counting(m.members[id])
	n := slices.IndexFunc(entries, func(e *event) bool { return e.EffectiveOn > day })
	if n < 0 {
		n = len(entries)
	}
	s, _ := m.fold(entries[:n])
	for o := m.organisations[s.organisation]; o != nil && o.into != "" && o.ended <= day; o = m.organisations[s.organisation] {
		s.organisation = o.into
	}
	return s
}

func (m *model) fold(entries []*event) (state, error) {
	var s state
	for _, e := range entries {
		possible := s.member()
		next := s
		verb := strings.TrimPrefix(e.Type, "member.")
		switch verb {
		case "identified":
			possible = s.status == "" || s.status == "ended" && s.endedBy != "died"
			next.status, next.organisation, next.since, next.mentors = "candidate", e.Data.Organisation, e.EffectiveOn, nil
		case "brought_forward", "transferred_in":
			possible = s.status == "" && e.Data.Person != nil || verb == "transferred_in" && s.endedBy == "transferred_out"
			next.status, next.organisation, next.since = e.Data.Status, e.Data.Organisation, e.EffectiveOn
			next.admitted, next.confirmed = e.Data.AdmittedOn, e.Data.ConfirmedOn
			if verb == "brought_forward" {
				next.since = cmp.Or(e.Data.ConfirmedOn, e.EffectiveOn)
			}
		case "mentor_assigned":
			possible = (s.status == "candidate" || s.status == "provisional") && !slices.Contains(s.mentors, e.Data.Mentor) &&
				e.Subject != "member/"+e.Data.Mentor
			next.mentors = append(slices.Clone(s.mentors), e.Data.Mentor)
		case "mentor_released":
			possible = slices.Contains(s.mentors, e.Data.Mentor)
			next.mentors = slices.DeleteFunc(slices.Clone(s.mentors), func(id string) bool { return id == e.Data.Mentor })
		case "course_completed":
			possible = s.present()
		case "candidacy_ended":
			possible = s.status == "candidate"
			next = state{}
			if e.Data.Cause == "died" {
				next = state{status: "ended", endedBy: "died"}
			}
		case "admitted":
			possible = s.status == "candidate"
			next.status, next.admitted = "provisional", e.EffectiveOn
		case "confirmed":
			possible = s.status == "provisional"
			next.status, next.confirmed = "official", e.EffectiveOn
		case "transferred":
			possible = s.present() && e.Data.Organisation != s.organisation
			if !e.Data.Temporary {
				next.organisation, next.since = e.Data.Organisation, e.EffectiveOn
			}
		case "transferred_out", "expelled", "removed", "resigned", "died":
			next.before, next.status, next.endedBy, next.mentors = s.status, "ended", verb, nil
		case "restored":
			possible = s.endedBy == "expelled" || s.endedBy == "removed"
			next.status, next.endedBy = s.before, ""
		case "profile_changed":
			possible = s.status != ""
		}
		if !possible {
			return s, fmt.Errorf("%s of line %d is impossible for somebody %q", e.Type, e.line, s.status)
		}
		if p := e.Data.Person; p != nil && p.Ethnicity != "" {
			next.ethnicity = p.Ethnicity
		}
		s = next
	}
	return s, nil
}

// mayGuide reports whether a mentor is, on the day of the assignment, an
// official member for a year, and for a year in the same organisation.
func (m *model) mayGuide(e *event) bool {
	_, id, _ := strings.Cut(e.Subject, "/")
	led, mentor := m.stateOf(id, e.EffectiveOn), m.stateOf(e.Data.Mentor, e.EffectiveOn)
	yearAgo := plusYears(e.EffectiveOn, -1)
	return mentor.status == "official" && mentor.confirmed <= yearAgo && mentor.since <= yearAgo &&
		mentor.organisation == led.organisation
}

// figures counts what is known on a day.
func (m *model) figures(day string) map[string]int {
	n := map[string]int{}
	official := map[string]int{}
	for id := range m.members {
		for _, e := range counting(m.members[id]) {
			if e.EffectiveOn >= "2020-08-01" && e.EffectiveOn <= day {
				n[strings.TrimPrefix(e.Type, "member.")+" in term"]++
			}
		}
		s := m.stateOf(id, day)
		switch {
		case s.status == "candidate":
			n["candidates"]++
			if len(s.mentors) > 0 {
				n["candidates with mentor"]++
			}
		case s.member():
			n["members"]++
			if s.ethnicity == "01" {
				n["kinh"]++
			} else {
				n["not kinh"]++
			}
		}
		if s.status == "official" {
			official[s.organisation]++
			if o := m.organisations[s.organisation]; o.kind == "cell" {
				official[o.parent]++
			}
		}
		if s.status == "provisional" && plusDays(plusYears(s.admitted, 1), 30) < day {
			n["overdue"]++
		}
	}
	year := date(day).Year()
	for id, o := range m.organisations {
		if o.ended != "" && o.ended <= day {
			continue
		}
		n[o.kind]++
		switch o.kind {
		case "grassroots_committee", "grassroots_cell":
			if o.parent == "muong-nhe" {
				n["grassroots of district"]++
			}
			n[o.grades[year]]++
			if o.titled[year] && o.sector != "commune" {
				n["commended"]++
			}
			if o.kind == "grassroots_committee" {
				n[map[string]string{"commune": "of communes", "agency": "of agencies"}[o.sector]]++
				if official[id] >= 30 {
					n["committees of 30 official"]++
				}
			}
		}
		if (o.kind == "cell" || o.kind == "grassroots_cell") && official[id] >= 3 {
			n["cells with 3 official"]++
		}
	}
	for _, v := range m.villages {
		n["villages"]++
		if v.joint {
			n["joint"]++
		} else if v.cell != "" {
			n["villages with cell"]++
		}
	}
	n["target"] = m.target
	return n
}
