package domain

import (
	"strings"
	"time"
)

// Subject is what an entry is about: "member/m1", "organisation/o1" or
// "village/v1".
type Subject string

// MemberSubject returns the subject of a member's id.
func MemberSubject(id string) Subject { return Subject("member/" + id) }

// OrganisationSubject returns the subject of an organisation's id.
func OrganisationSubject(id string) Subject { return Subject("organisation/" + id) }

// VillageSubject returns the subject of a village's id.
func VillageSubject(id string) Subject { return Subject("village/" + id) }

// ParseSubject reads "kind/id" and reports whether it is well formed.
func ParseSubject(s string) (Subject, bool) {
	kind, id, ok := strings.Cut(s, "/")
	switch Kind(kind) {
	case MemberKind, OrganisationKind, VillageKind:
		return Subject(s), ok && ValidID(id)
	}
	return "", false
}

// Kind returns the part before the slash.
func (s Subject) Kind() Kind {
	kind, _, _ := strings.Cut(string(s), "/")
	return Kind(kind)
}

// ID returns the part behind the slash.
func (s Subject) ID() string {
	_, id, _ := strings.Cut(string(s), "/")
	return id
}

// Exception is the authority's decision to depart from a charter rule.
type Exception struct {
	// Rule is the rule's id, or those of several with commas between.
	Rule      string
	Reason    string
	Authority string
}

// Covers reports whether the exception is one from a rule. A nil Exception covers
// none.
func (x *Exception) Covers(rule string) bool {
	if x == nil {
		return false
	}
	for name := range strings.SplitSeq(x.Rule, ",") {
		if strings.TrimSpace(name) == rule {
			return true
		}
	}
	return false
}

func (x *Exception) walk(f *fields) {
	f.text("rule", &x.Rule, required)
	f.text("reason", &x.Reason, required|identity|long)
	f.text("authority", &x.Authority, required|identity)
}

// Entry is an event with its envelope: a line of the ledger.
type Entry struct {
	// ID is unique for ever.
	ID string
	// Subject is the member, organisation or village that it is about.
	Subject Subject
	// EffectiveOn is the day on which it counts.
	EffectiveOn Date
	// Actor is the pseudonym of who recorded it; may be empty.
	Actor string
	// Reason is free text; may be empty.
	Reason string
	// Exception is nil unless a rule was departed from with leave.
	Exception *Exception
	// Policy is the version of the charter's rules that the entry was judged by
	// when it was recorded; empty if it was not judged.
	Policy string
	// Event is the fact.
	Event Event

	// Sequence is the place in the log, from 1; zero when not recorded yet.
	Sequence uint64
	// Time is when it was recorded, in UTC.
	Time time.Time
	// Derived is true of an entry whose ID comes from its content, as the
	// ledger found when it recorded it.
	Derived bool
	// Missing has the parts that are in the log but not in this entry, because
	// they were not opened.
	Missing Part
}

// Point is the entry's place in the order in which facts count.
func (e Entry) Point() Point { return Point{e.EffectiveOn, e.Sequence} }

// Type returns the wire name of the entry's event.
func (e Entry) Type() string { return TypeOf(e.Event) }
