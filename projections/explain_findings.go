package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"rollbook/domain"
	"rollbook/eventstore"
)

// ExplainedFindings says why the findings of one report are not those of another.
type ExplainedFindings struct {
	Report       string          `json:"report"` // "explain findings"
	Organisation *string         `json:"organisation"`
	From         Side            `json:"from"`
	To           Side            `json:"to"`
	Total        ExplainedRule   `json:"total"`
	Rules        []ExplainedRule `json:"rules"` // those of which the findings differ
	Standing
}

// ExplainedRule is the number of findings of one rule, or of all, in two reports.
// From and the changes of all parts make To.
type ExplainedRule struct {
	Rule   string        `json:"rule,omitempty"`
	Title  string        `json:"title,omitempty"`
	From   int           `json:"from"`
	To     int           `json:"to"`
	Change int           `json:"change"`
	Parts  []FindingPart `json:"parts"`
}

// FindingPart is a finding that appeared, or was cleared, with what is behind it.
type FindingPart struct {
	Cause  Cause `json:"cause"`
	Change int   `json:"change"` // +1 appeared, −1 was cleared
	// Finding is as it is in the report that has it.
	Finding Finding `json:"finding"`
	// Events are behind it.
	Events []EventRef `json:"events"`
}

// Adds reports whether the parts of each figure make its change.
func (e ExplainedFindings) Adds() bool {
	return e.Total.adds() && !slices.ContainsFunc(e.Rules, func(r ExplainedRule) bool { return !r.adds() })
}

func (r ExplainedRule) adds() bool {
	sum := r.From
	for _, p := range r.Parts {
		sum += p.Change
	}
	return sum == r.To && r.Change == r.To-r.From
}

// In returns the explanation with its texts in a language, "vi" or "en".
func (e ExplainedFindings) In(lang string) ExplainedFindings {
	of := func(r ExplainedRule) ExplainedRule {
		r.Parts = slices.Clone(r.Parts)
		for i := range r.Parts {
			r.Parts[i].Finding = r.Parts[i].Finding.In(lang)
		}
		if r.Rule != "" {
			r.Title = ruleTitle(r.Rule, lang)
		}
		return r
	}
	e.Total, e.Rules = of(e.Total), slices.Clone(e.Rules)
	for i := range e.Rules {
		e.Rules[i] = of(e.Rules[i])
	}
	return e
}

// ExplainFindings compares the findings of the day and knowledge of from with
// those of q; from.Organisation is not looked at. For an organisation, each is of
// its subtree on its own day. It returns [ErrBackwards] if q is of an earlier day
// or of less knowledge.
//
// A finding that only one report has is explained by the entry itself, if only
// the second report looks at it; by a reorganisation, if only its place among the
// organisations differs; and otherwise by the record with which, as knowledge
// grows, the verdict on the entry turned.
func (f *Figures) ExplainFindings(ctx context.Context, q, from Question, ch *domain.Charter, opened Opened) (ExplainedFindings, error) {
	out := ExplainedFindings{Report: "explain findings", Organisation: orNull(q.Organisation), Rules: []ExplainedRule{}}
	after, err := f.court(ctx, q, opened)
	if err != nil {
		return out, err
	}
	x := findingsCompared{charter: ch, b: after, from: from, to: q}
	x.from.Organisation = q.Organisation
	known := uint64(from.KnownAt)
	switch {
	case from.KnownAt == NothingKnown:
		known = 0
	case from.KnownAt == 0 || known > uint64(after.standing.Position):
		known = uint64(after.standing.Position)
	}
	if known > after.known || from.AsOf > q.AsOf {
		return out, fmt.Errorf("%w: %s as known at %d, and %s as known at %d", ErrBackwards, from.AsOf, known, q.AsOf, after.known)
	}
	x.a = after.at(known)
	out.From, out.To = Side{from.AsOf, eventstore.Position(known)}, Side{q.AsOf, eventstore.Position(after.known)}
	out.Standing = after.standing
	parts, before, now, err := x.parts(ctx)
	if err != nil {
		return out, err
	}
	out.Total = explainedRule("", before, now, parts)
	for _, d := range domain.RuleDefinitions() {
		if r := explainedRule(d.ID, before, now, parts); len(r.Parts) > 0 {
			r.Title = d.Title.EN
			out.Rules = append(out.Rules, r)
		}
	}
	return out, nil
}

// explainedRule returns what was found of one rule, or of all.
func explainedRule(rule string, before, now []Finding, parts []FindingPart) ExplainedRule {
	r := ExplainedRule{Rule: rule, Parts: []FindingPart{}}
	of := func(f Finding) bool { return rule == "" || f.Rule == rule }
	for _, f := range before {
		if of(f) {
			r.From++
		}
	}
	for _, f := range now {
		if of(f) {
			r.To++
		}
	}
	for _, p := range parts {
		if of(p.Finding) {
			r.Parts = append(r.Parts, p)
		}
	}
	r.Change = r.To - r.From
	return r
}

// findingsCompared is two reports of findings.
type findingsCompared struct {
	charter  *domain.Charter
	a, b     *court
	from, to Question
}

// parts returns what differs, and the findings before and after.
func (x *findingsCompared) parts(ctx context.Context) (parts []FindingPart, before, now []Finding, err error) {
	first, err := x.a.findings(ctx, FindingsQuestion{Question: x.from}, x.charter)
	if err != nil {
		return nil, nil, nil, err
	}
	second, err := x.b.findings(ctx, FindingsQuestion{Question: x.to}, x.charter)
	if err != nil {
		return nil, nil, nil, err
	}
	appeared, cleared := without(second.Rows, first.Rows), without(first.Rows, second.Rows)
	var turned []Finding // by knowledge; those that were cleared come last
	for _, f := range appeared {
		if f.Sequence > x.a.known || f.EffectiveOn > x.from.AsOf {
			cause := NewFact
			if f.Sequence > x.a.known && f.EffectiveOn <= x.from.AsOf {
				cause = LateFact
			}
			parts = append(parts, FindingPart{cause, +1, f, []EventRef{f.EventRef}})
			continue
		}
		turned = append(turned, f)
	}
	turned = append(turned, cleared...)
	behind, err := x.turns(ctx, turned)
	if err != nil {
		return nil, nil, nil, err
	}
	records := map[uint64]bool{}
	for _, record := range behind {
		records[record] = true
	}
	delete(records, 0)
	entries, err := x.b.entries(records)
	if err != nil {
		return nil, nil, nil, err
	}
	for i, f := range turned {
		p := FindingPart{Cause: Reorganisation, Change: +1, Finding: f, Events: x.crossing(f.Organisation)}
		if i >= len(turned)-len(cleared) {
			p.Change = -1
		}
		if record := behind[i]; record != 0 {
			p.Cause, p.Events = x.cause(entries[record]), []EventRef{entries[record]}
		}
		parts = append(parts, p)
	}
	slices.SortFunc(parts, func(a, b FindingPart) int { return compareFindings(a.Finding, b.Finding) })
	return parts, first.Rows, second.Rows, nil
}

// turns returns for each finding the record with which the verdict on its entry,
// and where the entry counts, turned from what it was before to what it is now; 0
// where knowledge changed nothing.
func (x *findingsCompared) turns(ctx context.Context, list []Finding) ([]uint64, error) {
	behind := make([]uint64, len(list))
	var all []int
	for i := range list {
		all = append(all, i)
	}
	before, err := x.stands(ctx, x.a, list, all)
	if err != nil {
		return nil, err
	}
	after, err := x.stands(ctx, x.b, list, all)
	if err != nil {
		return nil, err
	}
	// settle looks between two places in the log, at the first of which the
	// verdicts are as before and at the second as after.
	var settle func(low, high uint64, some []int) error
	settle = func(low, high uint64, some []int) error {
		switch {
		case len(some) == 0:
			return nil
		case high-low == 1:
			for _, i := range some {
				behind[i] = high
			}
			return nil
		}
		middle := low + (high-low)/2
		stand, err := x.stands(ctx, x.b.at(middle), list, some)
		if err != nil {
			return err
		}
		var early, late []int
		for _, i := range some {
			if stand[i] == before[i] {
				late = append(late, i)
			} else {
				early = append(early, i)
			}
		}
		return errors.Join(settle(low, middle, early), settle(middle, high, late))
	}
	all = slices.DeleteFunc(all, func(i int) bool { return before[i] == after[i] })
	return behind, settle(x.a.known, x.b.known, all)
}

// stands reports for some findings of a list whether they stood when as much was
// known as a court knows, in an organisation of the subtree of the second report.
func (x *findingsCompared) stands(ctx context.Context, c *court, list []Finding, some []int) (map[int]bool, error) {
	wanted := map[uint64]bool{}
	var subjects []domain.Subject
	for _, i := range some {
		wanted[list[i].Sequence] = true
		subjects = append(subjects, list[i].Subject)
	}
	slices.Sort(subjects)
	found, err := c.hear(ctx, x.charter, slices.Compact(subjects), func(e domain.Entry) bool { return wanted[e.Sequence] })
	if err != nil {
		return nil, err
	}
	in := x.b.inSubtree(x.to)
	there := map[findingKey]bool{}
	for _, h := range found {
		for _, d := range h.verdict.Departures {
			there[findingKey{h.entry.Sequence, d.Rule}] = in(h.organisation)
		}
	}
	stand := map[int]bool{}
	for _, i := range some {
		stand[i] = there[list[i].key()]
	}
	return stand, nil
}

// cause says what kind of record turned a verdict.
func (x *findingsCompared) cause(ref EventRef) Cause {
	switch {
	case ref.Type == "organisation.policy_adopted":
		return RuleChange
	case annulment(ref.Type):
		return Correction
	case ref.EffectiveOn > x.from.AsOf:
		return NewFact
	}
	return LateFact
}

// crossing returns the entries that brought an organisation across the border of
// the subtree: see [comparison.crossing].
func (x *findingsCompared) crossing(organisation string) []EventRef {
	var refs []EventRef
	for _, t := range x.b.others {
		for _, e := range t.KnownAt(x.b.known).Entries() {
			refs = append(refs, refOf(e))
		}
	}
	a := border{x.a.directory, x.from.AsOf, x.a.known}
	b := border{x.b.directory, x.to.AsOf, x.b.known}
	return crossing(organisation, a, b, slices.Values(refs))
}

// entries returns the entries at some places in the log.
func (c *court) entries(at map[uint64]bool) (map[uint64]EventRef, error) {
	refs := map[uint64]EventRef{}
	if len(at) == 0 {
		return refs, nil
	}
	for _, t := range c.others {
		for _, e := range t.Entries() {
			if at[e.Sequence] {
				refs[e.Sequence] = refOf(e)
			}
		}
	}
	for _, m := range c.members {
		err := walkEntries(m.Entries, func(e storedEntry) error {
			if at[e.sequence] {
				refs[e.sequence] = EventRef{e.sequence, e.idString(), e.typ, m.Subject, e.on}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return refs, nil
}

func refOf(e domain.Entry) EventRef {
	return EventRef{e.Sequence, e.ID, e.Type(), e.Subject, e.EffectiveOn}
}
