package demo

// event is a type and its data. The functions below make one of each type; see
// the event catalogue in docs for what they mean.
type event struct {
	kind string
	data fields
}

// fields is the data of an event. JSON sorts the names.
type fields = map[string]any

func organisationEstablished(o *organisation) event {
	data := fields{"name": o.name, "kind": o.kind, "parent": nil}
	if o.parent != nil {
		data["parent"] = o.parent.id
	}
	if o.sector != "" {
		data["sector"] = o.sector
	}
	return event{"organisation.established", data}
}

func organisationRenamed(name string) event {
	return event{"organisation.renamed", fields{"name": name}}
}

func organisationMoved(parent *organisation) event {
	return event{"organisation.moved", fields{"parent": parent.id}}
}

func organisationMerged(into *organisation) event {
	return event{"organisation.merged", fields{"into": into.id}}
}

func organisationDissolved() event { return event{"organisation.dissolved", fields{}} }

func organisationRated(year int, grade string) event {
	return event{"organisation.rated", fields{"year": year, "grade": grade}}
}

func quotaSet(year, admissions int) event {
	return event{"organisation.quota_set", fields{"year": year, "admissions": admissions}}
}

func targetSet(term span, admissions int) event {
	return event{"organisation.target_set", fields{"from": term.first, "to": term.last, "admissions": admissions}}
}

func commended(year int, title string) event {
	return event{"organisation.commended", fields{"year": year, "title": title}}
}

func villageRegistered(name, commune string) event {
	return event{"village.registered", fields{"name": name, "commune": commune}}
}

func cellAssigned(cell string, joint bool) event {
	return event{"village.cell_assigned", fields{"cell": cell, "joint": joint}}
}

func identified(l *life, organisation *organisation, source string) event {
	return event{"member.identified", fields{"person": l.person(), "organisation": organisation.id, "source": source}}
}

func mentorAssigned(mentor *life, role string) event {
	return event{"member.mentor_assigned", fields{"mentor": mentor.id, "role": role}}
}

func mentorReleased(mentor *life) event {
	return event{"member.mentor_released", fields{"mentor": mentor.id}}
}

func courseCompleted(course, certificate string) event {
	data := fields{"course": course}
	if certificate != "" {
		data["certificate"] = certificate
	}
	return event{"member.course_completed", data}
}

func candidacyEnded(cause string) event {
	return event{"member.candidacy_ended", fields{"cause": cause}}
}

func admitted(d *decision) event { return event{"member.admitted", fields{"decision": d}} }

func confirmed(d *decision) event { return event{"member.confirmed", fields{"decision": d}} }

func memberRated(year int, grade string) event {
	return event{"member.rated", fields{"year": year, "grade": grade}}
}

func transferred(to *organisation, temporary bool) event {
	return event{"member.transferred", fields{"organisation": to.id, "temporary": temporary}}
}

func transferredOut(destination string) event {
	return event{"member.transferred_out", fields{"destination": destination}}
}

// transferredIn is the arrival of somebody new to the ledger, or, without a
// person, the return of somebody known.
func transferredIn(person fields, to *organisation, admittedOn, confirmedOn day) event {
	data := membership(to, admittedOn, confirmedOn)
	if person != nil {
		data["person"] = person
	}
	return event{"member.transferred_in", data}
}

func broughtForward(person fields, in *organisation, admittedOn, confirmedOn day) event {
	data := membership(in, admittedOn, confirmedOn)
	data["person"] = person
	return event{"member.brought_forward", data}
}

// membership says since when somebody is a member; an official one if there is
// a day of confirmation.
func membership(in *organisation, admittedOn, confirmedOn day) fields {
	data := fields{"organisation": in.id, "status": "provisional", "admitted_on": admittedOn}
	if confirmedOn != never {
		data["status"] = "official"
		data["confirmed_on"] = confirmedOn
	}
	return data
}

func disciplined(measure string, d *decision) event {
	return event{"member.disciplined", fields{"measure": measure, "decision": d}}
}

func expelled(d *decision, grounds string) event {
	return event{"member.expelled", fields{"decision": d, "grounds": grounds}}
}

func removed(cause string, d *decision) event {
	return event{"member.removed", fields{"cause": cause, "decision": d}}
}

func resigned(d *decision) event { return event{"member.resigned", fields{"decision": d}} }

func died() event { return event{"member.died", fields{}} }

func restored(d *decision) event { return event{"member.restored", fields{"decision": d}} }

func exempted(kind string, until day) event {
	data := fields{"kind": kind}
	if until != never {
		data["until"] = until
	}
	return event{"member.exempted", data}
}

func badgeAwarded(years int) event { return event{"member.badge_awarded", fields{"years": years}} }

func cardIssued(card string) event { return event{"member.card_issued", fields{"card": card}} }

func profileChanged(changes fields) event {
	return event{"member.profile_changed", fields{"person": changes}}
}

// annulled annuls an entry, which must have an id.
func annulled(e *entry) event {
	kind := map[byte]string{'m': "member", 'o': "organisation", 'v': "village"}[e.subject[0]]
	return event{kind + ".entry_annulled", fields{"annuls": e.id}}
}
