package ledger

import (
	"fmt"
	"math"

	"rollbook/domain"
	"rollbook/eventstore"
)

// By says on whose behalf something is recorded. The zero By is the owner of the
// data directory, who may do everything.
type By struct {
	// Actor is the pseudonym of who records. An event that names nobody gets it; one
	// that names somebody else is refused. Empty leaves the actor to the event.
	Actor string
	// May decides whether an event may be recorded, judged at the same moment and on
	// the same ledger as the event itself. What it returns is what the sender is
	// told. It must not ask the ledger anything. Nil is yes.
	May func(domain.Entry, Concerned) error
	// ID is what an event without an id gets instead of one from its content, 1 to 64
	// of the characters of an id. Empty leaves it at that.
	ID string
	// IfVersion is where the subject's history must end: the sequence of its last
	// entry, 0 for none, [AnyVersion] for any entry. Nil is anywhere. An event that is there already is unchanged
	// all the same.
	IfVersion *eventstore.Position
	// Day is today.
	Day domain.Date
}

// AnyVersion is a version of what has any entry at all.
const AnyVersion eventstore.Position = math.MaxUint64

// Concerned are the organisations that an event concerns.
type Concerned struct {
	// Belongs are those that the subject belongs to today (see [Ledger.Belongs]);
	// empty if the ledger has never heard of it.
	Belongs []string
	// Named are those that the event puts its subject in or under.
	Named []string
	// Top is true of an event that makes an organisation one without a superior.
	Top bool
	// Directory is all organisations. It must not be kept.
	Directory *domain.Directory
}

// concerned returns what an entry concerns. The caller holds mu.
func (d *desk) concerned(e domain.Entry, day domain.Date) Concerned {
	c := Concerned{Directory: d.world.Directory()}
	var t domain.Timeline
	if e.Subject.Kind() == domain.MemberKind {
		t = d.world.Timeline(e.Subject)
	}
	c.Belongs = belongs(e.Subject, t, c.Directory, day)
	c.Named, c.Top = putsIn(e.Event)
	return c
}

// putsIn returns the organisations that an event puts its subject in or under.
// Where a member is transferred to is for the other side to say.
func putsIn(e domain.Event) (organisations []string, top bool) {
	one := func(id string) ([]string, bool) {
		if id == "" {
			return nil, false
		}
		return []string{id}, false
	}
	switch e := e.(type) {
	case *domain.OrganisationEstablished:
		organisations, _ = one(e.Parent)
		return organisations, e.Parent == ""
	case *domain.OrganisationMoved:
		organisations, _ = one(e.Parent)
		return organisations, e.Parent == ""
	case *domain.OrganisationMerged:
		return one(e.Into)
	case *domain.VillageRegistered:
		return one(e.Commune)
	case *domain.CellAssigned:
		return one(e.Cell)
	case *domain.Identified:
		return one(e.Organisation)
	case *domain.Admitted:
		return one(e.Organisation)
	case *domain.TransferredIn:
		return one(e.Organisation)
	case *domain.BroughtForward:
		return one(e.Organisation)
	case *domain.Restored:
		return one(e.Organisation)
	default:
		return nil, false
	}
}

// stale reports whether a subject's history does not end where it must.
func (by *By) stale(head eventstore.Head) bool {
	switch {
	case by == nil || by.IfVersion == nil:
		return false
	case *by.IfVersion == AnyVersion:
		return head.Count == 0
	}
	return *by.IfVersion != head.Position
}

// StaleError reports that a subject's history does not end where the writer says
// that it saw it end. Nothing was stored: look at it again.
type StaleError struct {
	Subject  domain.Subject
	Expected eventstore.Position
	Actual   eventstore.Position
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("%s ends at sequence %d, not at %d", e.Subject, e.Actual, e.Expected)
}

// sign puts the actor into an event.
func (by *By) sign(p parsed) parsed {
	p.by = by
	if p.err == nil && p.entry.Derived && by.ID != "" {
		p.entry.ID, p.entry.Derived = by.ID, false
	}
	if p.err != nil || by.Actor == "" {
		return p
	}
	if p.entry.Actor != "" && p.entry.Actor != by.Actor {
		p.err = &domain.Rejection{Code: domain.Forbidden, Field: "actor", Message: domain.Text{
			EN: "names somebody else than you; leave it out", VI: "ghi tên người khác; hãy bỏ trường này",
		}}
		return p
	}
	p.entry.Actor = by.Actor
	return p
}

// may reports whether an entry may be recorded. The caller holds mu.
func (d *desk) may(p parsed) error {
	if p.by == nil || p.by.May == nil {
		return nil
	}
	err := p.by.May(p.entry, d.concerned(p.entry, p.by.Day))
	if broken := d.world.Err(); broken != nil {
		err = broken
	}
	return err
}
