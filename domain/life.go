package domain

import "slices"

// State is a member's state after some entry: what decisions need.
type State struct {
	Status       Status
	Organisation string // where they count; carried along by mergers
	Temporarily  string // where they take part for the time being, or ""
	Gender       Gender
	Ethnicity    Ethnicity
	Religion     Religion

	known     bool   // a person stands behind the id
	former    Status // the standing that ended
	endedBy   string // wire name of what ended it
	dead      bool
	probation Date // first day of probation, of who is or last was provisional
	mentors   []Mentor
	ratings   []yearly[Grade]
}

// Mentor is somebody who follows or introduces a candidate.
type Mentor struct {
	Member string
	Role   Role
}

// Mentors returns the current mentors and introducers.
func (s State) Mentors() []Mentor { return s.mentors }

// followedBy reports whether a member is among the mentors and introducers.
func (s State) followedBy(member string) bool {
	return slices.ContainsFunc(s.mentors, func(m Mentor) bool { return m.Member == member })
}

// ProbationFrom returns the first day of probation, zero for others than
// provisional members.
func (s State) ProbationFrom() Date {
	if s.Status != Provisional {
		return 0 // the state keeps it for a restoration
	}
	return s.probation
}

// EndedBy returns the wire name of the type that ended candidacy or
// membership, "" while it lasts.
func (s State) EndedBy() string { return s.endedBy }

// Rating returns the grade for a year and whether there is one.
func (s State) Rating(year int) (Grade, bool) {
	for _, r := range s.ratings {
		if r.year == year {
			return r.value, true
		}
	}
	return "", false
}

// cell returns where on the roll somebody in this state counts.
func (s State) cell() Cell {
	switch s.Status {
	case Candidate, Provisional, Official:
		return Cell{s.Organisation, s.Status, s.Gender, s.Ethnicity, s.Religion}
	case None, Ended:
	}
	return Cell{}
}

// Step is an entry of a member and the state after it.
type Step struct {
	Entry Entry
	State State
	// By is the organisation that was merged, for a step that no entry of the
	// member made: a merger carried them along. Entry then holds only the
	// merger's day and sequence.
	By string
}

// Life is the fold of a member's timeline: the state after each entry that
// counts, in the order in which they do, and what follows for the figures.
type Life struct {
	Steps    []Step
	Postings []Posting
	Marks    []Mark
}

// State returns the state at the end of a day.
func (l Life) State(d Date) State {
	s := State{Status: None}
	for _, step := range l.Steps {
		if step.Entry.EffectiveOn > d {
			break
		}
		s = step.State
	}
	return s
}

// Last returns the state after everything that is recorded, the future
// included.
func (l Life) Last() State {
	if len(l.Steps) == 0 {
		return State{Status: None}
	}
	return l.Steps[len(l.Steps)-1].State
}

// LifeOf folds a member's timeline with the organisations as they are known. It
// returns the first entry that is impossible, and the life up to there.
func LifeOf(t Timeline, d *Directory) (Life, *Rejection) {
	entries := t.counting()
	f := folder{
		directory: d,
		state:     State{Status: None},
		life: Life{
			Steps:    make([]Step, 0, len(entries)),
			Postings: make([]Posting, 0, 4),
			Marks:    make([]Mark, 0, 4),
		},
	}
	for _, e := range entries {
		if err := f.add(e); err != nil {
			return f.life, err
		}
	}
	err := f.carry(endOfTime)
	return f.life, err
}

// origin returns the id of the entry since which the last state has been the
// same in the respect that same looks at, "" when there is no such entry.
func (l Life) origin(same func(a, b State) bool) string {
	i := len(l.Steps) - 1
	for i > 0 && (l.Steps[i].Entry.ID == "" || same(l.Steps[i-1].State, l.Steps[i].State)) {
		i-- // a merger has no entry in this life
	}
	if i < 0 {
		return ""
	}
	return l.Steps[i].Entry.ID
}

func sameStatus(a, b State) bool { return a.Status == b.Status }
func samePlace(a, b State) bool  { return a.Organisation == b.Organisation }

// Tail is the end of a life, enough to add an entry that comes after all
// others, which is what most entries do. The zero Tail is not valid.
type Tail struct {
	state State
	last  Point
	empty bool
}

// Tail returns the end of the life.
func (l Life) Tail() Tail {
	if len(l.Steps) == 0 {
		return Tail{state: State{Status: None}, empty: true}
	}
	last := l.Steps[len(l.Steps)-1]
	return Tail{state: last.State, last: last.Entry.Point()}
}

// State returns the state that the life ends in.
func (t Tail) State() State { return t.state }

// Settled reports whether the state at the end of a day is the last one.
func (t Tail) Settled(d Date) bool { return t.empty || t.last.On <= d }

// Add returns what an entry adds to the life and the tail after it. It reports
// false if the entry does not come last, or annuls another: then the whole life
// has to be folded anew.
func (t Tail) Add(e Entry, d *Directory) (more Life, next Tail, ok bool, err *Rejection) {
	if annulled(e.Event) != "" || !t.empty && !t.last.Before(e.Point()) {
		return Life{}, t, false, nil
	}
	f := folder{directory: d, state: t.state}
	if err := f.add(e); err != nil {
		return f.life, t, true, err
	}
	if err := f.carry(endOfTime); err != nil {
		return f.life, t, true, err
	}
	return f.life, f.life.Tail(), true, nil
}

// folder makes a Life.
type folder struct {
	directory *Directory
	state     State
	life      Life
}

func (f *folder) add(e Entry) *Rejection {
	if err := f.carry(e.Point()); err != nil {
		return err
	}
	if err := f.apply(e); err != nil {
		err.at = e.ID
		return err
	}
	return nil
}

// carry follows the member's organisation up to a point: a merger takes them
// along, a dissolution may not meet anybody.
func (f *folder) carry(until Point) *Rejection {
	for f.state.Status == Candidate || f.state.Status.Member() {
		o := f.directory.Organisation(f.state.Organisation)
		if o == nil || !o.ended.Before(until) {
			return nil
		}
		if o.into == "" {
			return clash(Entry{ID: o.ending}, Text{
				EN: "organisation %s was dissolved on %s with this person in it; transfer them first", VI: "tổ chức %s đã giải thể ngày %s khi người này còn sinh hoạt tại đó; hãy chuyển sinh hoạt trước",
			}, o.ID, o.ended.On)
		}
		before := f.state
		f.state.Organisation = o.into
		f.step(Step{Entry: Entry{EffectiveOn: o.ended.On, Sequence: o.ended.Sequence}, By: o.ID}, before, Moved)
		if len(f.life.Steps) > 4*len(f.directory.organisations)+1000 {
			return clash(Entry{ID: o.ending}, Text{EN: "mergers form a ring at organisation %s", VI: "các lần sáp nhập tạo thành vòng tại tổ chức %s"}, o.ID)
		}
	}
	return nil
}

// apply takes an entry into the state, unless it is impossible there.
func (f *folder) apply(e Entry) *Rejection {
	before := f.state
	if r := before.check(e); r != nil {
		// What stands in the way is what made the state, not the entry itself.
		switch {
		case r.Code != Invariant:
		case r.Field == "data.organisation":
			r.Clash = f.life.origin(samePlace)
		case r.Field == "data.mentor":
			id := mentorIn(e.Event)
			r.Clash = f.life.origin(func(a, b State) bool { return a.followedBy(id) == b.followedBy(id) })
		default:
			r.Clash = f.life.origin(sameStatus)
		}
		return r
	}
	into := f.enters(e)
	// Where they take part for the time being is judged when it is recorded, by
	// Decide: it is no part of the roll, so a later end of that organisation
	// does not look for them.
	if into != "" && !temporary(e.Event) {
		if r := f.directory.mustLive(into, e); r != nil {
			return r
		}
	}
	f.state = before.evolve(e, into)
	f.step(Step{Entry: e}, before, movementOf(e.Event))
	return nil
}

// temporary reports whether an entry moves somebody for the time being only.
func temporary(e Event) bool {
	t, ok := e.(*Transferred)
	return ok && t.Temporary
}

// enters returns the organisation that an entry puts somebody into, "" for
// none. Where the entry leaves it open it is the one they were in, or what has
// taken its place since.
func (f *folder) enters(e Entry) string {
	id := ""
	switch v := e.Event.(type) {
	case *Identified:
		id = v.Organisation
	case *Admitted:
		if id = v.Organisation; id == "" {
			id = f.state.Organisation
		}
	case *Transferred:
		id = v.Organisation
	case *TransferredIn:
		id = v.Organisation
	case *BroughtForward:
		id = v.Organisation
	case *Restored:
		if id = v.Organisation; id == "" {
			id = f.directory.successor(f.state.Organisation, e.Point())
		}
	default:
	}
	return id
}

// mustLive refuses an entry that names an organisation which is unknown or
// does not exist at that point.
func (d *Directory) mustLive(id string, e Entry) *Rejection {
	o := d.Organisation(id)
	if o == nil {
		return rejectf(UnknownEntity, "data.organisation", Text{
			EN: "organisation %s is unknown; establish it first or correct the id", VI: "không có tổ chức %s; hãy lập tổ chức trước hoặc sửa mã",
		}, id)
	}
	p := e.Point()
	if p.Before(o.established) {
		r := clash(Entry{ID: o.opening}, Text{
			EN: "organisation %s was established on %s, after this day", VI: "tổ chức %s được thành lập ngày %s, sau ngày này",
		}, id, o.established.On)
		r.Field = "data.organisation"
		return r
	}
	if !p.Before(o.ended) {
		r := clash(Entry{ID: o.ending}, Text{
			EN: "organisation %s ended on %s; name the one that took its place", VI: "tổ chức %s đã kết thúc ngày %s; hãy ghi tổ chức thay thế",
		}, id, o.ended.On)
		r.Field = "data.organisation"
		return r
	}
	return nil
}

// step records what an entry did: the state after it, the posting when they
// count elsewhere now, the marks that indicators follow.
func (f *folder) step(s Step, before State, m Movement) {
	s.State = f.state
	f.life.Steps = append(f.life.Steps, s)
	on, cause := s.Entry.EffectiveOn, s.Entry.Sequence
	if from, to := before.cell(), f.state.cell(); from != to {
		f.life.Postings = append(f.life.Postings, Posting{EffectiveOn: on, Cause: cause, Movement: m, From: from, To: to})
	}
	mark := func(line Line, year int16, from, to int32) {
		if from != to {
			f.life.Marks = append(f.life.Marks, Mark{EffectiveOn: on, Cause: cause, Line: line, Year: year, From: from, To: to})
		}
	}
	mark(ProbationLine, 0, int32(before.ProbationFrom()), int32(f.state.ProbationFrom()))
	mark(MentorsLine, 0, int32(len(before.mentors)), int32(len(f.state.mentors)))
	if r, ok := s.Entry.Event.(*Rated); ok {
		old, _ := before.Rating(r.Year)
		mark(RatingLine, int16(r.Year), old.index(), r.Grade.index())
	}
}

// evolve returns the state after an entry that puts somebody into an
// organisation, or into none. It cannot fail: check comes first.
func (s State) evolve(e Entry, into string) State {
	switch v := e.Event.(type) {
	case *Identified:
		s.take(v.Person)
		s.join(Candidate, into)
	case *MentorAssigned:
		s.mentors = append(slices.Clip(s.mentors), Mentor{v.Mentor, v.Role})
	case *MentorReleased:
		s.mentors = slices.DeleteFunc(slices.Clone(s.mentors), func(m Mentor) bool { return m.Member == v.Mentor })
	case *CourseCompleted:
	case *CandidacyEnded:
		s.end(e)
		s.Status, s.dead = None, v.Cause == DiedAsCandidate
	case *Admitted:
		mentors := s.mentors // they follow the member through probation
		s.join(Provisional, into)
		s.mentors, s.probation = mentors, e.EffectiveOn
	case *Confirmed:
		s.Status, s.probation = Official, 0
	case *Rated:
		ratings := slices.DeleteFunc(slices.Clone(s.ratings), func(r yearly[Grade]) bool { return r.year == v.Year })
		s.ratings = append(ratings, yearly[Grade]{v.Year, v.Grade})
	case *Transferred:
		if v.Temporary {
			s.Temporarily = into
		} else {
			s.Organisation, s.Temporarily = into, ""
		}
	case *TransferredOut:
		s.end(e)
	case *TransferredIn:
		if v.Person != nil {
			s.take(*v.Person)
		}
		s.enter(v.Status, into, v.AdmittedOn)
	case *BroughtForward:
		s.take(v.Person)
		s.enter(v.Status, into, v.AdmittedOn)
	case *Disciplined:
	case *Expelled:
		s.end(e)
	case *Removed:
		s.end(e)
	case *Resigned:
		s.end(e)
	case *Died:
		s.end(e)
		s.dead = true
	case *Restored:
		s.Status, s.endedBy, s.Organisation = s.former, "", into
	case *Exempted:
	case *BadgeAwarded:
	case *CardIssued:
	case *ProfileChanged:
		s.take(v.Person)
	case *Reviewed, *Received:
	case *MemberEntryAnnulled: // never folded: see Timeline.counting
	case *OrganisationEstablished, *OrganisationRenamed, *OrganisationMoved, *OrganisationMerged,
		*OrganisationDissolved, *OrganisationRated, *QuotaSet, *TargetSet, *OrganisationCommended, *PolicyAdopted,
		*OrganisationEntryAnnulled, *VillageRegistered, *CellAssigned, *VillageRetired, *VillageEntryAnnulled:
	}
	return s
}

// take keeps what a person's fields say; those not given stay.
func (s *State) take(p Person) {
	s.known = true
	if p.Gender != "" {
		s.Gender = p.Gender
	}
	if p.Ethnicity != "" {
		s.Ethnicity = p.Ethnicity
	}
	if p.Religion != "" {
		s.Religion = p.Religion
	}
}

func (s *State) join(status Status, organisation string) {
	s.Status, s.Organisation, s.Temporarily = status, organisation, ""
	s.endedBy, s.former, s.mentors, s.probation = "", "", nil, 0
}

func (s *State) enter(status Status, organisation string, admitted Date) {
	s.join(status, organisation)
	if status == Provisional {
		s.probation = admitted
	}
}

func (s *State) end(e Entry) {
	s.former, s.endedBy = s.Status, e.Type()
	s.Status, s.Temporarily, s.mentors = Ended, "", nil
}
