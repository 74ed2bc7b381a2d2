package projections

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"

	"rollbook/domain"
)

// ExplainedIndicators says why the indicators of an organisation are not what
// they were. Indicators are made of counts, and the counts are explained.
type ExplainedIndicators struct {
	Report       string  `json:"report"` // "explain indicators"
	Organisation *string `json:"organisation"`
	From         Side    `json:"from"`
	To           Side    `json:"to"`
	YearFrom     int     `json:"year_from"`
	YearTo       int     `json:"year_to"`
	// Indicators are those that changed, in the order of the report.
	Indicators []ExplainedIndicator `json:"indicators"`
	// Counts are those that changed, by name.
	Counts []ExplainedCount `json:"counts"`
	Standing
}

// ExplainedIndicator is a changed indicator and the counts that it is made of.
type ExplainedIndicator struct {
	Indicator string    `json:"indicator"`
	From      Indicator `json:"from"`
	To        Indicator `json:"to"`
	Numerator string    `json:"numerator"` // name of a count
	// Denominator is the name of the count that it is a share of, "" for none.
	Denominator string `json:"denominator,omitempty"`
}

// ExplainedCount is a changed count.
type ExplainedCount struct {
	Count string `json:"count"`
	Explained
}

// Adds reports whether the parts of each count make its change, and the counts
// the indicators.
func (e ExplainedIndicators) Adds() bool {
	counts := map[string]ExplainedCount{}
	for _, c := range e.Counts {
		if !c.Adds() {
			return false
		}
		counts[c.Count] = c
	}
	for _, i := range e.Indicators {
		n, ok := counts[i.Numerator]
		if ok && (n.From != i.From.Numerator || n.To != i.To.Numerator) || !ok && i.From.Numerator != i.To.Numerator {
			return false
		}
		d, ok := counts[i.Denominator]
		if ok && (d.From != i.From.Denominator || d.To != i.To.Denominator) || !ok && i.From.Denominator != i.To.Denominator {
			return false
		}
	}
	return true
}

// countsOf returns the names of the counts that an indicator is made of.
func countsOf(code string) (numerator, denominator string) {
	switch code {
	case "ethnic_minority_share":
		return "ethnic_minority", "ethnicity_known"
	case "women_share":
		return "women", "members"
	case "religious_share":
		return "religious", "religion_known"
	case "admission_quota_rate":
		return "admitted", "quota"
	case "term_target_rate":
		return "admitted_in_term", "target"
	case "confirmation_overdue":
		return "confirmation_overdue", "provisional"
	case "candidates_with_mentor_share":
		return "candidates_with_mentor", "candidates"
	case "rated_share":
		return "rated", "members"
	case "villages_with_cell":
		return "villages_with_cell", "villages"
	}
	for _, g := range domain.Grades() {
		switch code {
		case "member_grade_" + string(g):
			return code, "rated"
		case "organisation_grade_" + string(g):
			return code, "organisations_rated"
		}
	}
	return code, ""
}

// lines are what is known of a member at the end of a day, as numbers.
type lines struct {
	cell, probation, mentors int32
	ratings                  map[int16]int32 // by year
}

func (l *lines) take(m *marking) {
	step := int32(m.sign) * (m.to - m.from)
	switch m.line {
	case domain.ProbationLine:
		l.probation += step
	case domain.MentorsLine:
		l.mentors += step
	case domain.RatingLine:
		if l.ratings == nil {
			l.ratings = map[int16]int32{}
		}
		l.ratings[m.year] += step
	}
}

// counts returns the names of the counts that a member is in.
func (v view) counts(l *lines, year int, until domain.Date, in []bool) []string {
	if l.cell == 0 || !in[l.cell] {
		return nil
	}
	t := &tally{}
	v.tallyMember(t, v.cells[l.cell], l.probation, l.mentors, l.ratings[int16(year)], until)
	names := []string{}
	for _, c := range []struct {
		name string
		n    int
	}{
		{"members", t.members},
		{"official", t.official},
		{"provisional", t.provisional},
		{"candidates", t.candidates},
		{"ethnic_minority", t.minority},
		{"ethnicity_known", t.ethnicityKnown},
		{"women", t.women},
		{"religious", t.religious},
		{"religion_known", t.religionKnown},
		{"confirmation_overdue", t.overdue},
		{"candidates_with_mentor", t.mentored},
		{"rated", t.rated},
	} {
		if c.n > 0 {
			names = append(names, c.name)
		}
	}
	for i, g := range domain.Grades() {
		if t.grades[i+1] > 0 {
			names = append(names, "member_grade_"+string(g))
		}
	}
	return names
}

// ExplainIndicators compares the indicators of from.AsOf's year as of that day
// with those of q.AsOf's year, as known at each side's moment. It returns
// [ErrBackwards] if q is of an earlier day or of less knowledge.
func (f *Figures) ExplainIndicators(ctx context.Context, q, from Question) (ExplainedIndicators, error) {
	out := ExplainedIndicators{
		Report: "explain indicators", Organisation: orNull(q.Organisation), YearFrom: from.AsOf.Year(), YearTo: q.AsOf.Year(),
		Indicators: []ExplainedIndicator{}, Counts: []ExplainedCount{},
	}
	was, is := map[string]int{}, map[string]int{}
	err := f.compare(ctx, q, from, func(c *comparison) error {
		out.From, out.To = c.sides()
		out.Standing = c.b.Standing
		rowA := c.a.indicatorsOf(q.Organisation, from.AsOf)
		rowB := c.b.indicatorsOf(q.Organisation, q.AsOf)
		for _, code := range IndicatorCodes() {
			a, b := rowA[code], rowB[code]
			numerator, denominator := countsOf(code)
			was[numerator], is[numerator] = a.Numerator, b.Numerator
			if denominator != "" {
				was[denominator], is[denominator] = a.Denominator, b.Denominator
			}
			if a != b {
				out.Indicators = append(out.Indicators, ExplainedIndicator{code, a, b, numerator, denominator})
			}
		}
		c.people(c.b.counts)
		c.movementCounts(q.Organisation)
		c.organisationCounts(q.Organisation)
		return nil
	}, func(c *comparison, n *names) error {
		for _, name := range slices.Sorted(maps.Keys(is)) {
			if was[name] != is[name] {
				out.Counts = append(out.Counts, ExplainedCount{name, c.explained(name, was[name], is[name], n)})
			}
		}
		return nil
	})
	return out, err
}

// indicatorsOf computes the indicators of the year of a day, to that day.
func (v view) indicatorsOf(organisation string, until domain.Date) map[string]Indicator {
	first, _ := domain.NewDate(until.Year(), 1, 1)
	return v.indicatorRow(organisation, until.Year(), until, v.tallies(until.Year(), first, until), v.directory.Children(until)).Indicators
}

// change is what one row does to a member.
type change struct {
	sequence uint64
	on       domain.Date
	booking  *booking
	mark     *marking
}

// people explains the counts of members who are in some state: counts tells what
// somebody is in. Each member goes from the first side to the second in steps: time passes, then
// knowledge grows record by record, then day follows day, and at last the border
// of the subtree moves. Other orders would pass through states that nobody ever
// was in. The last step that makes the difference is what is behind it.
func (c *comparison) people(counts func(l *lines, year int, until domain.Date, in []bool) []string) {
	v := c.b
	at := make([]lines, v.members+1)
	changes := map[int32][]change{}
	for i := range v.headcount {
		b := &v.headcount[i]
		switch {
		case b.on <= c.from && b.sequence <= c.a.known:
			at[b.member].cell += int32(b.sign) * (b.to - b.from)
		case b.on <= c.to && b.sequence <= v.known:
			changes[b.member] = append(changes[b.member], change{b.sequence, b.on, b, nil})
		}
	}
	for i := range v.marks {
		m := &v.marks[i]
		switch {
		case m.on <= c.from && m.sequence <= c.a.known:
			at[m.member].take(m)
		case m.on <= c.to && m.sequence <= v.known:
			changes[m.member] = append(changes[m.member], change{m.sequence, m.on, nil, m})
		}
	}
	for number := range at {
		member, l := int32(number), &at[number]
		before := counts(l, c.from.Year(), c.from, c.inA)
		steps := []step{{key: partKey{member: member}, counts: counts(l, c.to.Year(), c.to, c.inA)}}
		for group := range c.grouped(changes[member]) {
			s := step{key: partKey{member: member, on: group[0].on}}
			for _, ch := range group {
				s.take(l, ch)
			}
			s.counts = counts(l, c.to.Year(), c.to, c.inA)
			steps = append(steps, s)
		}
		if l.cell != 0 && c.inA[l.cell] != c.inB[l.cell] {
			steps = append(steps, step{key: partKey{organisation: v.cells[l.cell].Organisation}, counts: counts(l, c.to.Year(), c.to, c.inB)})
		}
		c.walk(before, steps)
	}
}

// grouped yields the changes of a member that make up one step.
func (c *comparison) grouped(list []change) iter.Seq[[]change] {
	isLate := func(ch change) bool { return ch.on <= c.from }
	slices.SortStableFunc(list, func(x, y change) int {
		switch lateX, lateY := isLate(x), isLate(y); {
		case lateX && lateY:
			return cmp.Compare(x.sequence, y.sequence)
		case lateX:
			return -1
		case lateY:
			return 1
		}
		return cmp.Or(cmp.Compare(x.on, y.on), cmp.Compare(x.sequence, y.sequence))
	})
	return func(yield func([]change) bool) {
		for len(list) > 0 {
			n := 1
			for n < len(list) && isLate(list[n]) == isLate(list[0]) &&
				(isLate(list[0]) && list[n].sequence == list[0].sequence || !isLate(list[0]) && list[n].on == list[0].on) {
				n++
			}
			if !yield(list[:n]) {
				return
			}
			list = list[n:]
		}
	}
}

// step is what somebody is counted in after something has happened.
type step struct {
	key    partKey
	counts []string
	// The newest records that changed the cell, and the lines.
	cell, probation, mentors, rating uint64
}

func (s *step) take(l *lines, ch change) {
	if ch.booking != nil {
		l.cell += int32(ch.booking.sign) * (ch.booking.to - ch.booking.from)
		s.cell = max(s.cell, ch.sequence)
		return
	}
	l.take(ch.mark)
	switch ch.mark.line {
	case domain.ProbationLine:
		s.probation = max(s.probation, ch.sequence)
	case domain.MentorsLine:
		s.mentors = max(s.mentors, ch.sequence)
	case domain.RatingLine:
		s.rating = max(s.rating, ch.sequence)
	}
}

// of returns the key of the part that the step has in a count.
func (s *step) of(count string) partKey {
	k := s.key
	switch {
	case count == "confirmation_overdue":
		k.sequence = cmp.Or(s.probation, s.cell)
	case count == "candidates_with_mentor":
		k.sequence = cmp.Or(s.mentors, s.cell)
	case count == "rated", strings.HasPrefix(count, "member_grade_"):
		k.sequence = cmp.Or(s.rating, s.cell)
	default:
		k.sequence = cmp.Or(s.cell, s.probation, s.mentors, s.rating)
	}
	return k
}

// walk books, for each count that somebody came into or left on the way, the
// last step that did it.
func (c *comparison) walk(before []string, steps []step) {
	after := steps[len(steps)-1].counts
	last := func(name string, n int) {
		for i, s := range slices.Backward(steps) {
			if i == 0 || slices.Contains(steps[i-1].counts, name) != (n > 0) {
				c.add(name, s.of(name), n)
				return
			}
		}
	}
	for _, name := range after {
		if !slices.Contains(before, name) {
			last(name, +1)
		}
	}
	for _, name := range before {
		if !slices.Contains(after, name) {
			last(name, -1)
		}
	}
}

// span is a part of the time, both ends included.
type span struct{ first, last domain.Date }

func (s span) has(d domain.Date) bool { return s.first <= d && d <= s.last }

// movementCounts explains the counts of what happened in a span of time.
func (c *comparison) movementCounts(organisation string) {
	yearA, _ := domain.NewDate(c.from.Year(), 1, 1)
	yearB, _ := domain.NewDate(c.to.Year(), 1, 1)
	termA, termB := c.a.term(organisation, c.from), c.b.term(organisation, c.to)
	p, passed := pile{}, pile{}
	for i := range c.b.movements {
		b := &c.b.movements[i]
		switch kind := movementKinds[b.movement]; kind {
		case domain.AdmittedIn:
			c.happened(p, passed, "admitted", b, b.to, span{yearA, c.from}, span{yearB, c.to})
			c.happened(p, passed, "admitted_in_term", b, b.to, termA, termB)
		case domain.ConfirmedWithin:
			c.happened(p, passed, "confirmed", b, b.to, span{yearA, c.from}, span{yearB, c.to})
		default:
			if slices.Contains(exits, kind) {
				c.happened(p, passed, "exits_"+string(kind), b, b.from, span{yearA, c.from}, span{yearB, c.to})
			}
		}
	}
	p.into(c, false)
	passed.into(c, true)
}

// term returns the part of a term up to a day in which admissions count towards
// the target of an organisation.
func (v view) term(organisation string, until domain.Date) span {
	if o := v.targeted(organisation, until); o != nil {
		if t, ok := o.Target(until); ok {
			return span{t.From, min(t.To, until)}
		}
	}
	return span{1, 0}
}

// happened books what a movement in a cell does to a count of what happened: in
// p what is new, in passed what lies outside the span of one side only.
func (c *comparison) happened(p, passed pile, figure string, b *booking, cell int32, a, z span) {
	inA := b.sequence <= c.a.known && a.has(b.on)
	inB := b.sequence <= c.b.known && z.has(b.on)
	switch {
	case inA && inB && c.inA[cell] != c.inB[cell]:
		n := int(b.sign)
		if c.inA[cell] {
			n = -n
		}
		c.add(figure, partKey{organisation: c.b.cells[cell].Organisation}, n)
	case inB && !inA && c.inB[cell]:
		if b.sequence <= c.a.known && b.on <= c.from {
			passed.add(figure, b, int(b.sign))
		} else {
			p.add(figure, b, int(b.sign))
		}
	case inA && !inB && c.inA[cell]:
		passed.add(figure, b, -int(b.sign))
	}
}

// organisationCounts explains the counts that organisations and villages make
// themselves. From the first side to the second, knowledge grows entry by
// entry, then the year changes, then time goes on from one effective day to the
// next.
func (c *comparison) organisationCounts(organisation string) {
	var late, later []EventRef
	for _, ref := range c.entries {
		if ref.Sequence > c.b.known {
			continue
		}
		if ref.Sequence > c.a.known {
			late = append(late, ref)
		}
		if ref.EffectiveOn > c.from && ref.EffectiveOn <= c.to {
			later = append(later, ref)
		}
	}
	slices.SortFunc(late, func(x, y EventRef) int { return cmp.Compare(x.Sequence, y.Sequence) })
	slices.SortFunc(later, func(x, y EventRef) int {
		return cmp.Or(cmp.Compare(x.EffectiveOn, y.EffectiveOn), cmp.Compare(x.Sequence, y.Sequence))
	})
	v := c.a
	have := v.organisationCounts(organisation, c.from.Year(), c.from)
	book := func(next map[string]int, k partKey) {
		for name := range next {
			c.add(name, k, next[name]-have[name])
		}
		have = next
	}
	if len(late) > 0 {
		// A directory of its own, because Put changes it.
		v.directory = domain.NewDirectory()
		for s, t := range v.timelines {
			_ = v.directory.Put(s, t.KnownAt(c.a.known))
		}
		for _, ref := range late {
			_ = v.directory.Put(ref.Subject, v.timelines[ref.Subject].KnownAt(ref.Sequence))
			book(v.organisationCounts(organisation, c.from.Year(), c.from), partKey{sequence: ref.Sequence, on: ref.EffectiveOn})
		}
	}
	v = c.b
	if c.from.Year() != c.to.Year() {
		book(v.organisationCounts(organisation, c.to.Year(), c.from), partKey{})
	}
	for i, ref := range later {
		// Several entries of one day are told apart by who they are of.
		if i+1 < len(later) && later[i+1].EffectiveOn == ref.EffectiveOn {
			continue
		}
		c.bookDay(organisation, v, have, later, i)
		have = v.organisationCounts(organisation, c.to.Year(), ref.EffectiveOn)
	}
	// A term may end, or begin, on a day without an entry.
	book(v.organisationCounts(organisation, c.to.Year(), c.to), partKey{})
}

// bookDay books what the entries of one day do, the last of which is at i. They
// are taken in one by one, in the order of the log.
func (c *comparison) bookDay(organisation string, v view, have map[string]int, later []EventRef, i int) {
	first := i
	for first > 0 && later[first-1].EffectiveOn == later[i].EffectiveOn {
		first--
	}
	day := later[i].EffectiveOn
	next := v.organisationCounts(organisation, c.to.Year(), day)
	if first == i || maps.Equal(have, next) {
		for name := range next {
			c.add(name, partKey{sequence: later[i].Sequence, on: day}, next[name]-have[name])
		}
		return
	}
	// The day without its later entries: those of the organisations as they are
	// known, less what the day's entries after this one say.
	v.directory = domain.NewDirectory()
	for s, t := range v.timelines {
		_ = v.directory.Put(s, t.KnownAt(c.b.known))
	}
	without := func(after uint64, s domain.Subject) domain.Timeline {
		entries := slices.DeleteFunc(slices.Clone(v.timelines[s].KnownAt(c.b.known).Entries()), func(e domain.Entry) bool {
			return e.EffectiveOn == day && e.Sequence > after
		})
		return domain.NewTimeline(entries...)
	}
	for _, ref := range later[first : i+1] {
		_ = v.directory.Put(ref.Subject, without(later[first].Sequence-1, ref.Subject))
	}
	for n, ref := range later[first : i+1] {
		_ = v.directory.Put(ref.Subject, without(ref.Sequence, ref.Subject))
		now := next
		if first+n < i {
			now = v.organisationCounts(organisation, c.to.Year(), day)
		}
		for name := range now {
			c.add(name, partKey{sequence: ref.Sequence, on: day}, now[name]-have[name])
		}
		have = now
	}
}

// organisationCounts are the counts that organisations and villages of a
// subtree make at the end of a day.
func (v view) organisationCounts(organisation string, year int, until domain.Date) map[string]int {
	t := &tally{}
	subtree := v.directory.Subtree(organisation, until)
	v.tallyOrganisations(year, until, func(id string) *tally {
		if organisation == "" || subtree[id] {
			return t
		}
		return &tally{}
	})
	quota, _ := v.quota(organisation, year, until, v.directory.Children(until))
	counts := map[string]int{"villages": t.villages, "villages_with_cell": t.villagesWithCell, "quota": quota, "target": 0}
	rated := 0
	for i, g := range domain.Grades() {
		counts["organisation_grade_"+string(g)] = t.organisationGrades[i+1]
		rated += t.organisationGrades[i+1]
	}
	counts["organisations_rated"] = rated
	if o := v.targeted(organisation, until); o != nil {
		if target, ok := o.Target(until); ok {
			counts["target"] = target.Admissions
		}
	}
	return counts
}
