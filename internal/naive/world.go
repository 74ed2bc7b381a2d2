package naive

import (
	"errors"
	"maps"
	"slices"
)

// The statuses of a member. A person who was never seen, or whose candidacy
// ended, is nobody.
const (
	nobody      = ""
	candidate   = "candidate"
	provisional = "provisional"
	official    = "official"
	ended       = "ended"
)

// world is the state of a ledger after some of its entries.
type world struct {
	organisations map[string]organisation
	villages      map[string]village
	members       map[string]member
	quotas        map[subjectYear]int
	grades        map[subjectYear]string // of organisations and members
	targets       map[string][]target    // by organisation, in order of entry
}

// subjectYear is a year of a subject such as "organisation/c1".
type subjectYear struct {
	subject string
	year    int
}

type organisation struct {
	kind    string
	parent  string // "" at the top; the last one for an ended organisation
	endedOn string // "" while it lives
	into    string // where it merged
}

type village struct {
	commune string
	cell    string // "" when none was ever assigned
	joint   bool
	retired bool
}

type target struct {
	from, to   string
	admissions int
}

type member struct {
	status       string
	organisation string // where the member counts; kept after the end
	person
	probationFrom string
	mentors       map[string]bool // mentors and introducers; nil when none

	// After the end: how it came, and the status until then.
	endedBy    string
	heldBefore string
}

// belongs reports whether m counts in a headcount.
func (m member) belongs() bool { return m.status == provisional || m.status == official }

// change is what an entry did to one member.
type change struct {
	before, after member
}

func newWorld() *world {
	return &world{
		organisations: map[string]organisation{},
		villages:      map[string]village{},
		members:       map[string]member{},
		quotas:        map[subjectYear]int{},
		grades:        map[subjectYear]string{},
		targets:       map[string][]target{},
	}
}

var errImpossible = errors.New("impossible in this state")

// apply makes e happen and returns what it did to members. An entry that is
// impossible in this state changes nothing; so parents and merges never form a
// ring.
func (w *world) apply(e entry) ([]change, error) {
	id, d := e.id(), e.Data
	switch e.Type {
	case "organisation.established":
		if _, known := w.organisations[id]; known || w.within(d.Parent, id) {
			return nil, errImpossible
		}
		w.organisations[id] = organisation{kind: d.Kind, parent: d.Parent}

	case "organisation.moved":
		o, known := w.organisations[id]
		if !known || o.endedOn != "" || w.within(d.Parent, id) { // below itself
			return nil, errImpossible
		}
		o.parent = d.Parent
		w.organisations[id] = o

	case "organisation.dissolved":
		o, known := w.organisations[id]
		if !known || o.endedOn != "" {
			return nil, errImpossible
		}
		o.endedOn = e.EffectiveOn
		w.organisations[id] = o

	case "organisation.merged":
		o, known := w.organisations[id]
		if !known || o.endedOn != "" || w.carried(d.Into) == id {
			return nil, errImpossible
		}
		o.endedOn, o.into = e.EffectiveOn, d.Into
		w.organisations[id] = o
		return w.moveAll(id, w.carried(id)), nil

	case "organisation.quota_set":
		w.quotas[subjectYear{e.Subject, d.Year}] = d.Admissions

	case "organisation.target_set":
		w.targets[id] = append(w.targets[id], target{d.From, d.To, d.Admissions})

	case "organisation.rated", "member.rated":
		w.grades[subjectYear{e.Subject, d.Year}] = d.Grade

	case "village.registered":
		w.villages[id] = village{commune: d.Commune}

	case "village.cell_assigned":
		v, known := w.villages[id]
		if !known {
			return nil, errImpossible
		}
		v.cell, v.joint = d.Cell, d.Joint
		w.villages[id] = v

	case "village.retired":
		v, known := w.villages[id]
		if !known {
			return nil, errImpossible
		}
		v.retired = true
		w.villages[id] = v

	default:
		before := w.members[id]
		after, err := w.live(before, e)
		if err != nil {
			return nil, err
		}
		if _, known := w.members[id]; known || after.status != nobody {
			w.members[id] = after
		}
		return []change{{before, after}}, nil
	}
	return nil, nil
}

// live returns m after an entry about it: the life of a member, none →
// candidate → provisional → official → ended and back.
func (w *world) live(m member, e entry) (member, error) {
	d := e.Data
	possible := true
	switch e.Type {
	case "member.identified":
		possible = m.status == nobody || m.status == ended && m.endedBy != "died"
		m.status = candidate
		m.organisation = w.carried(d.Organisation)
		m.probationFrom = ""
		m.person = orElse(d.Person, m.person)

	case "member.mentor_assigned":
		possible = m.status == candidate || m.belongs()
		m.mentors = maps.Clone(m.mentors)
		if m.mentors == nil {
			m.mentors = map[string]bool{}
		}
		m.mentors[d.Mentor] = true

	case "member.mentor_released":
		m.mentors = maps.Clone(m.mentors)
		delete(m.mentors, d.Mentor)

	case "member.candidacy_ended":
		possible = m.status == candidate
		m.status = nobody
		if d.Cause == "died" {
			m.status, m.endedBy, m.heldBefore = ended, "died", candidate
		}
		m.mentors = nil

	case "member.admitted":
		possible = m.status == candidate
		m.status = provisional
		m.probationFrom = e.EffectiveOn
		if d.Organisation != "" {
			m.organisation = w.carried(d.Organisation)
		}

	case "member.confirmed":
		possible = m.status == provisional
		m.status = official

	case "member.transferred":
		possible = m.status == candidate || m.belongs()
		if !d.Temporary {
			m.organisation = w.carried(d.Organisation)
		}

	case "member.brought_forward":
		possible = m.status == nobody
		m.status = d.Status
		m.organisation = w.carried(d.Organisation)
		m.probationFrom = d.AdmittedOn
		m.person = orElse(d.Person, m.person)

	case "member.transferred_in":
		possible = m.status == nobody || m.status == ended && m.endedBy == "transferred_out"
		m.status = d.Status
		m.organisation = w.carried(d.Organisation)
		m.probationFrom = d.AdmittedOn
		m.person = orElse(d.Person, m.person)

	case "member.transferred_out", "member.expelled", "member.removed", "member.resigned", "member.died":
		possible = m.belongs()
		m.heldBefore = m.status
		m.status = ended
		m.endedBy = effect(e.Type)
		m.mentors = nil

	case "member.restored":
		possible = m.status == ended && (m.endedBy == "expelled" || m.endedBy == "removed")
		m.status = m.heldBefore
		if d.Organisation != "" {
			m.organisation = w.carried(d.Organisation)
		}

	case "member.profile_changed":
		if d.Person != nil {
			m.Gender = orElse(nonEmpty(d.Person.Gender), m.Gender)
			m.Ethnicity = orElse(nonEmpty(d.Person.Ethnicity), m.Ethnicity)
			m.Religion = orElse(nonEmpty(d.Person.Religion), m.Religion)
		}
	}
	if !possible {
		return member{}, errImpossible
	}
	return m, nil
}

// carried follows the merges so far from org to where its members are now.
func (w *world) carried(org string) string {
	for w.organisations[org].into != "" {
		org = w.organisations[org].into
	}
	return org
}

// moveAll moves everybody in the organisation from to another: members and
// candidates, but also those who left it, who might come back.
func (w *world) moveAll(from, to string) []change {
	var changes []change
	for _, id := range sortedKeys(w.members) {
		before := w.members[id]
		if before.organisation != from {
			continue
		}
		after := before
		after.organisation = to
		w.members[id] = after
		changes = append(changes, change{before, after})
	}
	return changes
}

// within reports whether org lies in the subtree of top: is top, or has a
// parent chain that leads there. Without a top everything does.
func (w *world) within(org, top string) bool {
	if top == "" {
		return true
	}
	for org != "" {
		if org == top {
			return true
		}
		org = w.organisations[org].parent
	}
	return false
}

// children lists the living organisations right below org; the living ones at
// the top when org is "".
func (w *world) children(org string) []string {
	var ids []string
	for _, id := range sortedKeys(w.organisations) {
		if o := w.organisations[id]; o.parent == org && o.endedOn == "" {
			ids = append(ids, id)
		}
	}
	return ids
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}

func orElse[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

func nonEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
