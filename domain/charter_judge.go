package domain

import (
	"maps"
	"slices"
)

// Persons returns what is known of a person at the end of a day of the fields
// that are sealed and that charter rules ask for: birth date or year, and
// education. A field that is zero is not known; ok is false when nothing could be
// opened. A nil Persons knows nobody.
type Persons func(member Subject, day Date) (p Person, ok bool)

// Departure is an entry's departure from a charter rule. It holds nothing
// personal.
type Departure struct {
	Rule string
	// Policy is the version that the entry was judged by, as [Policy] has it.
	Policy string
	// Title names the rule, Message says what the departure is, Cure what would
	// help.
	Title, Message, Cure Text
	// Organisation is the one that Message names, by its id; "" if it names none.
	Organisation string
	said         Text // Message with {organisation} in its place
	Source       Citation
	// Excepted is true if the entry names an authority's leave for it.
	Excepted bool
	// Refuses is true if the entry is refused when it is recorded without leave.
	Refuses bool
}

// Naming returns Message with the organisation that it names as people call it.
func (d Departure) Naming(name string) Text {
	if d.Organisation == "" {
		return d.Message
	}
	return d.said.fill(map[string]any{"organisation": name})
}

// Verdict is what the charter says of an entry.
type Verdict struct {
	// Policy is the version of the policy that was asked; "" if none was in force.
	Policy     string
	Departures []Departure // by rule
	// Unknown has the rules that could not be judged, because what they ask for is
	// not in the ledger, or sealed; by id.
	Unknown []string
}

// Refused returns the departures for which the entry is refused when it is
// recorded.
func (v Verdict) Refused() (list []Departure) {
	for _, d := range v.Departures {
		if d.Refuses && !d.Excepted {
			list = append(list, d)
		}
	}
	return list
}

// Rejection returns the answer to an entry that is refused, nil for one that is
// not. It names all rules that the entry departs from without leave, the first one
// in its Rule.
func (v Verdict) Rejection() *Rejection {
	var r *Rejection
	for _, d := range v.Refused() {
		says := Text{
			EN: "departs from %s (%s): %s; %s", VI: "khác quy định %s (%s): %s; %s",
		}.with(d.Rule, d.Source, d.Message, d.Cure)
		if r == nil {
			r = &Rejection{Code: CharterRule, Rule: d.Rule, Message: says}
			continue
		}
		r.Message.EN += ". It also " + says.EN
		r.Message.VI += ". Đồng thời " + says.VI
	}
	if r != nil {
		r.Message.EN += ". With an authority's leave, give the exception: rule, reason, authority"
		r.Message.VI += ". Nếu cấp có thẩm quyền cho phép, hãy ghi ngoại lệ: quy định, lý do, cấp cho phép"
	}
	return r
}

// Judge says of entries whether they depart from a charter rule. It judges on
// everything that the world knows, so an entry that was recorded late counts as if
// it had always been there. It keeps what it has found out: its verdicts are those
// of the world as it was, and one Judge may go through a whole ledger. It is not
// safe for concurrent use.
type Judge struct {
	world   World
	charter *Charter
	persons Persons
	// recording leaves out what is only found.
	recording bool

	careers map[string]*career
	facts   map[string]*organisationFacts
	trees   map[Date]map[string][]string
	turns   []Date // days on which the tree changes

	last Subject // whose life it is
	life Life
}

// NewJudge returns a judge over a world.
func NewJudge(w World, c *Charter, p Persons) *Judge {
	return &Judge{
		world: w, charter: c, persons: p,
		careers: map[string]*career{}, facts: map[string]*organisationFacts{},
	}
}

// Entry judges an entry, which stands in its subject's timeline or is the newest
// of all. One that was annulled has the zero Verdict. Many are judged fastest
// when those of one subject follow each other.
func (j *Judge) Entry(e Entry) Verdict {
	t := j.world.Timeline(e.Subject)
	if _, stands := t.Find(e.ID); !stands {
		return j.newest(e, t)
	}
	return j.judge(e, t)
}

// Recording judges an entry that is about to be recorded, by the rules for which
// it can be refused. It also returns the members and organisations that the
// verdict rests on, besides the entry's subject: members whose standing it asked
// for, and organisations of which it counted something.
func (j *Judge) Recording(e Entry) (v Verdict, rests []Subject) {
	other, v := j.with(e, j.world.Timeline(e.Subject), true)
	if len(other.facts) == 0 {
		for id := range other.careers {
			rests = append(rests, MemberSubject(id))
		}
	}
	for id := range other.facts {
		rests = append(rests, OrganisationSubject(id))
	}
	slices.Sort(rests)
	return v, rests
}

// newest judges an entry that is not in the world.
func (j *Judge) newest(e Entry, t Timeline) Verdict {
	_, v := j.with(e, t, false)
	return v
}

// with judges an entry in a world that has it, and returns who judged it there.
func (j *Judge) with(e Entry, t Timeline, recording bool) (*Judge, Verdict) {
	w := &worldWith{World: j.world, subject: e.Subject, timeline: t.With(e)}
	other := NewJudge(w, j.charter, j.persons)
	other.recording = recording
	if e.Subject.Kind() != MemberKind {
		d := w.Directory()
		defer func() { _ = d.Put(e.Subject, t) }() // as it was
		if r := d.Put(e.Subject, w.timeline); r != nil {
			return other, Verdict{} // impossible, which Decide says
		}
	}
	return other, other.judge(e, w.timeline)
}

// worldWith is a world with one more entry.
type worldWith struct {
	World
	subject  Subject
	timeline Timeline
}

func (w *worldWith) Timeline(s Subject) Timeline {
	if s == w.subject {
		return w.timeline
	}
	return w.World.Timeline(s)
}

func (w *worldWith) MembersOf(organisation string) []string {
	members := w.World.MembersOf(organisation)
	if w.subject.Kind() == MemberKind && !slices.Contains(members, w.subject.ID()) {
		members = append(slices.Clip(members), w.subject.ID())
	}
	return members
}

// hearing is an entry before the judge.
type hearing struct {
	*Judge
	entry    Entry
	timeline Timeline
	policy   Policy
	verdict  Verdict

	// Of a member's entry: where it stands in the life, and the states around it.
	at            int
	before, after State
}

func (j *Judge) judge(e Entry, t Timeline) Verdict {
	checks := checksOf(e.Event)
	h := hearing{Judge: j, entry: e, timeline: t}
	place, ok := h.place()
	if !ok {
		return Verdict{}
	}
	h.policy = j.charter.On(j.world.Directory(), place, e.EffectiveOn)
	h.verdict.Policy = h.policy.Version
	for _, c := range checks {
		r, inForce := h.policy.Rule(c.rule)
		if !inForce || h.recording && !r.Refuses {
			continue
		}
		switch o := c.of(&h, r); o.answer {
		case departed:
			h.depart(r, o.facts)
		case unsure:
			h.verdict.Unknown = append(h.verdict.Unknown, r.ID)
		case kept:
		}
	}
	return h.verdict
}

// place finds the entry's place in its subject's life, and returns the
// organisation whose policy it is judged by. It reports false for an entry that
// does not count.
func (h *hearing) place() (organisation string, ok bool) {
	switch h.entry.Subject.Kind() {
	case MemberKind:
		life := h.lifeOf(h.entry.Subject, h.timeline)
		h.at = slices.IndexFunc(life.Steps, func(s Step) bool { return s.Entry.ID == h.entry.ID && s.By == "" })
		if h.at < 0 {
			return "", false
		}
		h.before, h.after = State{Status: None}, life.Steps[h.at].State
		if h.at > 0 {
			h.before = life.Steps[h.at-1].State
		}
		return h.after.Organisation, true
	case VillageKind:
		v := h.world.Directory().Village(h.entry.Subject.ID())
		if v == nil || !h.counts() {
			return "", false
		}
		return h.world.Directory().Commune(v, h.entry.EffectiveOn), true
	case OrganisationKind:
		return h.entry.Subject.ID(), h.counts()
	}
	return "", false
}

func (h *hearing) counts() bool {
	return slices.ContainsFunc(h.timeline.counting(), func(e Entry) bool { return e.ID == h.entry.ID })
}

func (h *hearing) depart(r PolicyRule, facts facts) {
	values := maps.Clone(facts)
	if values == nil {
		values = map[string]any{}
	}
	for _, p := range r.Parameters {
		values[p.Name] = p.Value
	}
	d := Departure{
		Rule: r.ID, Policy: h.policy.Version, Title: r.Title, Cure: r.Cure.fill(values),
		Source: r.Source, Refuses: r.Refuses, Excepted: h.entry.Exception.Covers(r.ID),
	}
	if id, ok := values["organisation"].(string); ok {
		values["organisation"] = "{organisation}"
		d.Organisation, d.said = id, r.Message.fill(values)
		values["organisation"] = Text{EN: "organisation " + id, VI: "tổ chức " + id}
	}
	d.Message = r.Message.fill(values)
	h.verdict.Departures = append(h.verdict.Departures, d)
}

// lifeOf folds a member's timeline. The last one is kept, because the entries of
// one subject usually follow each other.
func (j *Judge) lifeOf(s Subject, t Timeline) Life {
	if j.last != s {
		j.life, _ = LifeOf(t, j.world.Directory()) // an impossible one as far as it goes
		j.last = s
	}
	return j.life
}

// steps returns the whole life of the entry's subject.
func (h *hearing) steps() []Step { return h.life.Steps }

// past returns the steps before the entry.
func (h *hearing) past() []Step { return h.life.Steps[:h.at] }

// person returns what is known of the entry's subject.
func (h *hearing) person() (Person, bool) {
	if h.persons == nil {
		return Person{}, false
	}
	return h.persons(h.entry.Subject, h.entry.EffectiveOn)
}

// answer says whether an entry keeps a rule.
type answer int

const (
	kept answer = iota
	departed
	unsure // what the rule asks for is not known
)

// opinion is an answer, with what the message of a departure says of the entry.
type opinion struct {
	answer answer
	facts  facts
}

// facts are dates, counts and ids by the names that messages have for them.
type facts map[string]any

// departs returns the opinion that an entry departs from a rule if a condition
// holds, and otherwise keeps it.
func departs(broken bool, f facts) opinion {
	if broken {
		return opinion{departed, f}
	}
	return opinion{answer: kept}
}

// check is how the program judges a rule.
type check struct {
	rule string
	of   func(*hearing, PolicyRule) opinion
}

// checksOf returns the rules that an entry of a type is judged by, by id.
func checksOf(e Event) []check {
	switch e.(type) {
	case *MentorAssigned:
		return mentorChecks
	case *Admitted:
		return admissionChecks
	case *Confirmed:
		return confirmationChecks
	case *Rated:
		return ratingChecks
	case *Disciplined:
		return disciplineChecks
	case *Expelled:
		return expulsionChecks
	case *Removed:
		return removalChecks
	case *Transferred, *TransferredOut, *Resigned, *Died:
		return leavingChecks
	case *BadgeAwarded:
		return badgeChecks
	case *OrganisationEstablished:
		return establishmentChecks
	case *OrganisationRated:
		return organisationRatingChecks
	case *CellAssigned:
		return villageChecks
	case *Identified, *MentorReleased, *CourseCompleted, *CandidacyEnded, *TransferredIn, *BroughtForward, *Restored,
		*Exempted, *CardIssued, *ProfileChanged, *Reviewed, *Received, *MemberEntryAnnulled:
	case *OrganisationRenamed, *OrganisationMoved, *OrganisationMerged, *OrganisationDissolved, *QuotaSet, *TargetSet,
		*OrganisationCommended, *PolicyAdopted, *OrganisationEntryAnnulled:
	case *VillageRegistered, *VillageRetired, *VillageEntryAnnulled:
	}
	return nil
}
