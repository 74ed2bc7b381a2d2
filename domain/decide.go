package domain

import "slices"

// World is what a decision looks at beside the entry itself: everything as the
// ledger knows it now.
type World interface {
	// Timeline returns the entries of a subject; empty when it is unknown.
	Timeline(Subject) Timeline
	// Directory returns all organisations and villages. Decide changes it while
	// it tries an entry and leaves it as it was.
	Directory() *Directory
	// MembersOf returns the ids of all members, and perhaps of some others, who
	// are, were or will be counted in an organisation.
	MembersOf(organisation string) []string
}

// Tails is a World that knows how each life ends, which spares Decide the
// fold of all that came before.
type Tails interface {
	World
	// Known reports whether a subject has entries.
	Known(Subject) bool
	// Tail returns the end of a member's life.
	Tail(Subject) Tail
}

// Decide reports whether an entry can be accepted: nil, or the *[Rejection]
// that says why not. The entry's sequence must be higher than all others.
//
// Facts arrive late, so the judgement is on the whole timeline with the new
// entry in place, and on everything else that rests on it.
func Decide(w World, e Entry) error {
	var r *Rejection
	switch e.Subject.Kind() {
	case MemberKind:
		r = decideMember(w, e)
	case OrganisationKind:
		r = decideOrganisation(w, e, w.Timeline(e.Subject).With(e))
	case VillageKind:
		r = decideVillage(w, e, w.Timeline(e.Subject).With(e))
	}
	if r == nil {
		return nil // not a *Rejection in an error
	}
	if r.Clash == e.ID {
		r.Clash = "" // nothing stands in its own way
	}
	return r
}

func decideMember(w World, e Entry) *Rejection {
	if !opens(e.Event) && !known(w, e.Subject) {
		return rejectf(UnknownEntity, "subject", Text{
			EN: "member %s is unknown; correct the id, or record first how they came into the ledger (identified, brought forward or transferred in)",
			VI: "không có đảng viên %s; hãy sửa mã, hoặc ghi nhận trước việc người này vào sổ (phát hiện, chuyển số dư hoặc chuyển đến)",
		}, e.Subject.ID())
	}
	if annulled(e.Event) != "" {
		if r := w.Timeline(e.Subject).With(e).checkAnnulment(); r != nil {
			return r
		}
	}
	if id := mentorIn(e.Event); id != "" {
		if r := checkMentor(w, e, id); r != nil {
			return r
		}
	}
	if t, ok := e.Event.(*Transferred); ok && t.Temporary {
		if r := w.Directory().mustLive(t.Organisation, e); r != nil {
			return r
		}
	}
	r := foldWith(w, e)
	if r == nil {
		return nil
	}
	if r.at != "" && r.at != e.ID {
		return clash(Entry{ID: r.at}, Text{
			EN: "another entry would become impossible (id %s): %s", VI: "một mục khác sẽ trở nên bất hợp lệ (mã %s): %s",
		}, r.at, r.Message)
	}
	return r
}

// opens reports whether an entry may be the first of a member.
func opens(e Event) bool {
	switch e.(type) {
	case *Identified, *BroughtForward, *TransferredIn:
		return true
	default:
		return false
	}
}

// foldWith judges a timeline with its newest entry, from the end of the life if
// that is enough.
func foldWith(w World, e Entry) *Rejection {
	if tails, ok := w.(Tails); ok {
		if _, _, ok, r := tails.Tail(e.Subject).Add(e, w.Directory()); ok && r == nil {
			return nil
		}
		// A rejection names the entry in the way, for which it takes them all.
	}
	_, r := LifeOf(w.Timeline(e.Subject).With(e), w.Directory())
	return r
}

func mentorIn(e Event) string {
	switch e := e.(type) {
	case *MentorAssigned:
		return e.Mentor
	case *MentorReleased:
		return e.Mentor
	default:
		return ""
	}
}

// checkMentor refuses a mentor whom nobody knows, or who is no longer there on
// that day. Whether a mentor may be one is for the charter to say.
func checkMentor(w World, e Entry, id string) *Rejection {
	if !known(w, MemberSubject(id)) {
		return rejectf(UnknownEntity, "data.mentor", Text{
			EN: "member %s is unknown; correct the id or record that member first", VI: "không có đảng viên %s; hãy sửa mã hoặc ghi nhận đảng viên đó trước",
		}, id)
	}
	if _, ok := e.Event.(*MentorReleased); ok {
		return nil
	}
	s, r := stateOn(w, MemberSubject(id), e.EffectiveOn)
	if r != nil {
		return r
	}
	if s.Status == None || s.Status == Ended {
		return fieldClash(e, "data.mentor", "this person is not in the roll on that day", "người này không có trong danh sách vào ngày đó")
	}
	return nil
}

func known(w World, s Subject) bool {
	if tails, ok := w.(Tails); ok {
		return tails.Known(s)
	}
	return w.Timeline(s).Len() > 0
}

// stateOn returns a member's state at the end of a day.
func stateOn(w World, s Subject, d Date) (State, *Rejection) {
	if tails, ok := w.(Tails); ok {
		if t := tails.Tail(s); t.Settled(d) {
			return t.State(), nil
		}
	}
	life, r := LifeOf(w.Timeline(s), w.Directory())
	return life.State(d), r
}

func decideOrganisation(w World, e Entry, t Timeline) *Rejection {
	d := w.Directory()
	if r := t.checkAnnulment(); r != nil {
		return r
	}
	switch v := e.Event.(type) {
	case *OrganisationEstablished:
		if r := d.checkReference(v.Parent, "data.parent", e); r != nil {
			return r
		}
	case *OrganisationMoved:
		if r := d.checkReference(v.Parent, "data.parent", e); r != nil {
			return r
		}
	case *OrganisationMerged:
		if r := d.checkReference(v.Into, "data.into", e); r != nil {
			return r
		}
		if v.Into == e.Subject.ID() {
			return fieldClash(e, "data.into", "an organisation cannot merge into itself", "tổ chức không thể sáp nhập vào chính nó")
		}
	default:
	}

	before := w.Timeline(e.Subject)
	defer func() { _ = d.Put(e.Subject, before) }() // as it was
	if t.Len() == 1 {
		if _, ok := e.Event.(*OrganisationEstablished); !ok {
			return rejectf(UnknownEntity, "subject", Text{
				EN: "organisation %s is unknown; establish it first or correct the id", VI: "không có tổ chức %s; hãy lập tổ chức trước hoặc sửa mã",
			}, e.Subject.ID())
		}
	}
	opening := ""
	if o := d.Organisation(e.Subject.ID()); o != nil {
		opening = o.opening
	}
	if r := d.Put(e.Subject, t); r != nil {
		if r.Clash == e.ID {
			r.Clash = opening // it counts before the organisation exists
		}
		return r
	}
	switch e.Event.(type) {
	case *OrganisationEstablished:
		return d.checkPlace(d.Organisation(e.Subject.ID()))
	case *OrganisationMoved:
		return d.checkTree()
	case *OrganisationMerged, *OrganisationDissolved, *OrganisationEntryAnnulled:
		if r := d.checkTree(); r != nil {
			return r
		}
		return checkMembers(w, e)
	default:
		return nil
	}
}

// checkMembers judges again everybody who was ever in an organisation, after
// its own life has changed.
func checkMembers(w World, e Entry) *Rejection {
	members := slices.Clone(w.MembersOf(e.Subject.ID()))
	slices.Sort(members)
	for _, id := range slices.Compact(members) {
		if life, r := LifeOf(w.Timeline(MemberSubject(id)), w.Directory()); r != nil {
			// Name what was recorded: the member's impossible entry, the end of
			// the organisation or, where that end is new, the entry that put
			// the member there.
			switch {
			case r.at != "":
				r.Clash = r.at
			case r.Clash == e.ID:
				r.Clash = life.origin(samePlace)
			}
			r.Message = Text{
				EN: "member %s stands in the way (entry %s): %s", VI: "vướng đảng viên %s (mục %s): %s",
			}.with(id, r.Clash, r.Message)
			r.Code, r.Field = Invariant, ""
			return r
		}
	}
	return nil
}

func decideVillage(w World, e Entry, t Timeline) *Rejection {
	d := w.Directory()
	if r := t.checkAnnulment(); r != nil {
		return r
	}
	switch v := e.Event.(type) {
	case *VillageRegistered:
		if r := d.checkReference(v.Commune, "data.commune", e); r != nil {
			return r
		}
	case *CellAssigned:
		if r := d.checkReference(v.Cell, "data.cell", e); r != nil {
			return r
		}
	default:
	}
	if t.Len() == 1 {
		if _, ok := e.Event.(*VillageRegistered); !ok {
			return rejectf(UnknownEntity, "subject", Text{
				EN: "village %s is unknown; register it first or correct the id", VI: "không có bản %s; hãy đăng ký bản trước hoặc sửa mã",
			}, e.Subject.ID())
		}
	}
	_, r := FoldVillage(e.Subject.ID(), t)
	if v := d.Village(e.Subject.ID()); r != nil && r.Clash == e.ID && v != nil {
		r.Clash = v.opening // it counts before the village is registered
	}
	return r
}

// checkReference refuses an organisation that is unknown or does not exist
// where the entry counts. No organisation at all is nothing to refuse.
func (d *Directory) checkReference(id, field string, e Entry) *Rejection {
	if id == "" {
		return nil
	}
	r := d.mustLive(id, e)
	if r != nil {
		r.Field = field
	}
	return r
}
