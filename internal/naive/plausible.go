package naive

import "fmt"

// This file is not about figures. It tells the drawing of histories which
// entries the contract (section 3, "Life" and "References") rules out, so that
// most of what it draws can be accepted. It errs on the strict side.

// problem says why the entries cannot all stand, or "".
func (l *Ledger) problem() string {
	entries := l.counting(endOfTime, Everything)

	// An organisation that ends on a day is gone for all entries of that day.
	endsOn := map[string]string{}
	for _, e := range entries {
		if e.Type == "organisation.merged" || e.Type == "organisation.dissolved" {
			endsOn[e.id()] = e.EffectiveOn
		}
	}

	w := newWorld()
	for _, e := range entries {
		if e.isAnnulment() {
			continue // judged by what it leaves
		}
		alive := func(org string) bool {
			_, known := w.organisations[org]
			day, ends := endsOn[org]
			return known && (!ends || e.EffectiveOn < day)
		}
		if why := w.objection(e, alive); why != "" {
			return fmt.Sprintf("entry %d, %s of %s: %s", e.seq, e.Type, e.Subject, why)
		}
		if _, err := w.apply(e); err != nil {
			return fmt.Sprintf("entry %d, %s of %s: %v", e.seq, e.Type, e.Subject, err)
		}
	}
	return ""
}

// objection says why e cannot stand in the world before it, or "". What apply
// refuses anyway is not repeated here.
func (w *world) objection(e entry, alive func(org string) bool) string {
	id, d := e.id(), e.Data
	m := w.members[id]
	v, villageKnown := w.villages[id]

	// The organisations that the entry names.
	named := []string{d.Organisation, d.Parent, d.Into, d.Commune, d.Cell}
	for _, org := range named {
		if org != "" && !alive(org) {
			return "names an organisation that is not alive"
		}
	}

	switch e.Type {
	case "organisation.established":
		// Alive from here on.
	case "organisation.merged", "organisation.dissolved":
		if len(w.children(id)) > 0 {
			return "has children"
		}
		if e.Type == "organisation.dissolved" {
			for _, m := range w.members {
				if m.organisation == id && (m.status == candidate || m.belongs()) {
					return "has members or candidates"
				}
			}
		}
	case "organisation.renamed", "organisation.moved", "organisation.rated", "organisation.quota_set",
		"organisation.target_set", "organisation.commended":
		if !alive(id) {
			return "is not alive"
		}

	case "village.registered":
		if villageKnown {
			return "is registered"
		}
	case "village.cell_assigned", "village.retired":
		if !villageKnown || v.retired {
			return "is no village now"
		}

	case "member.mentor_assigned":
		if d.Mentor == id || w.members[d.Mentor].status != official {
			return "the mentor is no official member"
		}
		if m.mentors[d.Mentor] {
			return "is assigned"
		}
		if m.status != candidate && m.status != provisional {
			return "needs no mentor"
		}
	case "member.mentor_released":
		if !m.mentors[d.Mentor] {
			return "is no mentor"
		}
	case "member.course_completed":
		if m.status != candidate && !m.belongs() {
			return "takes no courses"
		}
	case "member.rated", "member.disciplined", "member.exempted", "member.badge_awarded", "member.card_issued":
		if !m.belongs() {
			return "is no member"
		}
	case "member.reviewed":
		if m.status != provisional {
			return "is not on probation"
		}
	case "member.profile_changed", "member.received":
		if m.status != candidate && !m.belongs() {
			return "is neither member nor candidate"
		}
	case "member.transferred":
		if m.organisation == d.Organisation {
			return "is there"
		}
	case "member.admitted":
		if d.Organisation == "" && !alive(m.organisation) {
			return "the organisation is not alive"
		}
	case "member.restored":
		if d.Organisation == "" && !alive(m.organisation) {
			return "the organisation is not alive"
		}
	case "member.brought_forward":
		if _, known := w.members[id]; known {
			return "is known"
		}
	case "member.transferred_in":
		if _, known := w.members[id]; !known && d.Person == nil {
			return "is nobody"
		}
	}
	return ""
}
