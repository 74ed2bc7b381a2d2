package domain

import "strconv"

// Event is a fact that the ledger has accepted, without its envelope.
//
// The set is closed: only the types in event.go, event_member.go and
// event_organisation.go implement it, always as a pointer, and none is changed
// after it was made. Names are past tense, as the office would say them. The
// fields method of each is its storage format; to change one, add a new wire
// name or version, never edit the old.
//
//sumtype:decl
type Event interface {
	// fields walks over the wire form of the event's data in canonical order.
	fields(f *fields)
}

// Kind is what an entry is about: the first part of its subject and of its
// type's wire name.
type Kind string

// The kinds of subject.
const (
	OrganisationKind Kind = "organisation"
	VillageKind      Kind = "village"
	MemberKind       Kind = "member"
)

// eventType ties a wire name to a Go type. Wire names are written out, never
// derived: renaming a Go type must not change stored bytes.
type eventType struct {
	name   string
	kind   Kind
	schema string // name of the wire form
	since  string // release that was the first with it
	make   func() Event
	is     func(Event) bool
}

func typ[T any, P interface {
	*T
	Event
}](kind Kind, name string) eventType {
	return eventType{
		name: name, kind: kind, schema: "urn:rollbook:" + name + ":" + strconv.Itoa(wireVersion), since: firstRelease,
		make: func() Event { return P(new(T)) },
		is:   func(e Event) bool { _, ok := e.(P); return ok },
	}
}

// wireVersion is that of the wire form of all types so far.
const wireVersion = 1

// firstRelease is the one that knows all types below. A type that is added later
// names its own.
const firstRelease = "0.1.0"

// eventTypes is the catalogue: every type that may stand in the log, in the
// order of docs/contract.
var eventTypes = []eventType{
	typ[OrganisationEstablished](OrganisationKind, "organisation.established"),
	typ[OrganisationRenamed](OrganisationKind, "organisation.renamed"),
	typ[OrganisationMoved](OrganisationKind, "organisation.moved"),
	typ[OrganisationMerged](OrganisationKind, "organisation.merged"),
	typ[OrganisationDissolved](OrganisationKind, "organisation.dissolved"),
	typ[OrganisationRated](OrganisationKind, "organisation.rated"),
	typ[QuotaSet](OrganisationKind, "organisation.quota_set"),
	typ[TargetSet](OrganisationKind, "organisation.target_set"),
	typ[OrganisationCommended](OrganisationKind, "organisation.commended"),
	typ[PolicyAdopted](OrganisationKind, "organisation.policy_adopted"),
	typ[OrganisationEntryAnnulled](OrganisationKind, "organisation.entry_annulled"),

	typ[VillageRegistered](VillageKind, "village.registered"),
	typ[CellAssigned](VillageKind, "village.cell_assigned"),
	typ[VillageRetired](VillageKind, "village.retired"),
	typ[VillageEntryAnnulled](VillageKind, "village.entry_annulled"),

	typ[Identified](MemberKind, "member.identified"),
	typ[MentorAssigned](MemberKind, "member.mentor_assigned"),
	typ[MentorReleased](MemberKind, "member.mentor_released"),
	typ[CourseCompleted](MemberKind, "member.course_completed"),
	typ[CandidacyEnded](MemberKind, "member.candidacy_ended"),
	typ[Admitted](MemberKind, "member.admitted"),
	typ[Confirmed](MemberKind, "member.confirmed"),
	typ[Rated](MemberKind, "member.rated"),
	typ[Transferred](MemberKind, "member.transferred"),
	typ[TransferredOut](MemberKind, "member.transferred_out"),
	typ[TransferredIn](MemberKind, "member.transferred_in"),
	typ[BroughtForward](MemberKind, "member.brought_forward"),
	typ[Disciplined](MemberKind, "member.disciplined"),
	typ[Expelled](MemberKind, "member.expelled"),
	typ[Removed](MemberKind, "member.removed"),
	typ[Resigned](MemberKind, "member.resigned"),
	typ[Died](MemberKind, "member.died"),
	typ[Restored](MemberKind, "member.restored"),
	typ[Exempted](MemberKind, "member.exempted"),
	typ[BadgeAwarded](MemberKind, "member.badge_awarded"),
	typ[CardIssued](MemberKind, "member.card_issued"),
	typ[ProfileChanged](MemberKind, "member.profile_changed"),
	typ[Reviewed](MemberKind, "member.reviewed"),
	typ[Received](MemberKind, "member.received"),
	typ[MemberEntryAnnulled](MemberKind, "member.entry_annulled"),
}

// Types returns the wire names of all event types, in the catalogue's order.
func Types() []string { return typeNames() }

// TypeOf returns the wire name of an event.
func TypeOf(e Event) string { return typeOf(e).name }

// TypeNumber returns the place of an event's type in [Types].
func TypeNumber(e Event) int {
	for i := range eventTypes {
		if eventTypes[i].is(e) {
			return i
		}
	}
	return -1 // no event: the set is closed
}

func typeOf(e Event) eventType {
	if i := TypeNumber(e); i >= 0 {
		return eventTypes[i]
	}
	return eventType{} // of a rejected entry, which has no event
}

func typeNamed(name string) (eventType, bool) {
	i, ok := typeIndex()[name]
	if !ok {
		return eventType{}, false
	}
	return eventTypes[i], true
}

// annulled returns the id of the entry that e annuls, or "".
func annulled(e Event) string {
	switch e := e.(type) {
	case *OrganisationEntryAnnulled:
		return e.Annuls
	case *VillageEntryAnnulled:
		return e.Annuls
	case *MemberEntryAnnulled:
		return e.Annuls
	default:
		return ""
	}
}

// annuls reports whether e is of a type that annuls an entry, and so needs a
// reason.
func annuls(e Event) bool {
	switch e.(type) {
	case *OrganisationEntryAnnulled, *VillageEntryAnnulled, *MemberEntryAnnulled:
		return true
	default:
		return false
	}
}

// Decision is the written decision of a committee that an entry rests on.
type Decision struct {
	Number   string // such as "112-QĐ/HU"
	Date     Date   // when it was signed
	IssuedBy string // id or name of the committee that issued it; may be empty
}

func (d *Decision) walk(f *fields) {
	f.text("number", &d.Number, required)
	f.date("date", &d.Date, required)
	f.text("issued_by", &d.IssuedBy, 0)
}

// KindOf returns what an event is about.
func KindOf(e Event) Kind { return typeOf(e).kind }
