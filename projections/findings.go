package projections

import (
	"cmp"
	"context"
	"slices"

	"rollbook/domain"
)

// Finding is a recorded entry's departure from a charter rule. It holds nothing
// personal.
type Finding struct {
	Rule  string `json:"rule"`
	Title string `json:"title"` // of the rule
	// Policy is the version of the charter's rules that was in force for the entry.
	Policy string `json:"policy"`
	EventRef
	// Organisation is where the entry was judged: for a member, where they counted
	// after it.
	Organisation string `json:"organisation"`
	// Exception is true if the entry names an authority's leave to depart.
	Exception bool   `json:"exception"`
	Message   string `json:"message"`
	Source    string `json:"source"`
	// SourceChecked is false of a source that nobody has compared with the text of
	// the regulation yet.
	SourceChecked bool   `json:"source_checked"`
	Cure          string `json:"cure"`

	departure domain.Departure
}

// In returns the finding with its texts in a language, "vi" or "en".
func (f Finding) In(lang string) Finding {
	d := f.departure
	f.Title, f.Message, f.Cure = d.Title.In(lang), d.Message.In(lang), d.Cure.In(lang)
	return f
}

// Said returns what the departure is, in a language, with the organisation that it
// names as name calls it. A name that returns the id knows none.
func (f Finding) Said(lang string, name func(organisation string) string) string {
	id := f.departure.Organisation
	if id == "" {
		return f.In(lang).Message
	}
	if called := name(id); called != id {
		return f.departure.Naming(called).In(lang)
	}
	return f.departure.Message.In(lang)
}

func newFinding(e domain.Entry, organisation string, d domain.Departure) Finding {
	f := Finding{
		Rule: d.Rule, Policy: d.Policy, EventRef: EventRef{e.Sequence, e.ID, e.Type(), e.Subject, e.EffectiveOn}, Organisation: organisation,
		Exception: d.Excepted, Source: d.Source.String(), SourceChecked: d.Source.Checked, departure: d,
	}
	return f.In("en")
}

// key tells findings apart.
func (f Finding) key() findingKey { return findingKey{f.Sequence, f.Rule} }

type findingKey struct {
	sequence uint64
	rule     string
}

func compareFindings(a, b Finding) int {
	return cmp.Or(cmp.Compare(a.EffectiveOn, b.EffectiveOn), cmp.Compare(a.Sequence, b.Sequence), cmp.Compare(a.Rule, b.Rule))
}

// Findings are the departures from charter rules in an organisation's subtree.
type Findings struct {
	Report       string  `json:"report"` // "findings"
	Organisation *string `json:"organisation"`
	// From is the first day whose entries were looked at; nil for all of them.
	From *domain.Date `json:"from"`
	AsOf domain.Date  `json:"as_of"`
	// Totals has every rule that was departed from, or could not be judged.
	Totals []RuleTotal `json:"totals"`
	// Rows are in the order of their entries.
	Rows []Finding `json:"rows"`
	// Unjudged has how many entries could not be judged by a rule, because what it
	// asks for is not in the ledger, or sealed and cannot be opened.
	Unjudged []Unjudged `json:"unjudged"`
	Standing
}

// RuleTotal is how many departures there are from one rule.
type RuleTotal struct {
	Rule     string `json:"rule"`
	Title    string `json:"title"`
	Findings int    `json:"findings"`
	// Excepted counts those of them for which there was leave.
	Excepted int `json:"excepted"`
}

// Unjudged is how many entries a rule could not be asked about.
type Unjudged struct {
	Rule    string `json:"rule"`
	Title   string `json:"title"`
	Entries int    `json:"entries"`
}

// In returns the findings with their texts in a language, "vi" or "en".
func (f Findings) In(lang string) Findings {
	f.Rows = InLanguage(f.Rows, lang)
	f.Totals, f.Unjudged = slices.Clone(f.Totals), slices.Clone(f.Unjudged)
	for i := range f.Totals {
		f.Totals[i].Title = ruleTitle(f.Totals[i].Rule, lang)
	}
	for i := range f.Unjudged {
		f.Unjudged[i].Title = ruleTitle(f.Unjudged[i].Rule, lang)
	}
	return f
}

// InLanguage returns findings with their texts in a language, "vi" or "en".
func InLanguage(list []Finding, lang string) []Finding {
	list = slices.Clone(list)
	for i := range list {
		list[i] = list[i].In(lang)
	}
	return list
}

// ruleTitle returns what people call a rule.
func ruleTitle(id, lang string) string {
	for _, d := range domain.RuleDefinitions() {
		if d.ID == id {
			return d.Title.In(lang)
		}
	}
	return id
}

// FindingsQuestion is what findings are asked for.
type FindingsQuestion struct {
	// Question says whose entries, up to which day, as known when. All verdicts are
	// on everything known by then: the day only says which entries are looked at.
	Question
	// From is the first day of the entries that are looked at; zero for all.
	From domain.Date
	// Rules are those that are wanted; all if empty.
	Rules []string
}

// Findings judges every entry by the charter's rules as they were in force for it,
// and returns the departures. It stores nothing: the answer is a function of the
// log up to q.KnownAt, the charter and what can be opened.
func (f *Figures) Findings(ctx context.Context, q FindingsQuestion, ch *domain.Charter, opened Opened) (Findings, error) {
	c, err := f.court(ctx, q.Question, opened)
	if err != nil {
		return Findings{}, err
	}
	return c.findings(ctx, q, ch)
}

func (c *court) findings(ctx context.Context, q FindingsQuestion, ch *domain.Charter) (Findings, error) {
	out := Findings{
		Report: "findings", Organisation: orNull(q.Organisation), AsOf: q.AsOf, Totals: []RuleTotal{}, Rows: []Finding{}, Unjudged: []Unjudged{},
		Standing: c.standing,
	}
	if q.From != 0 {
		out.From = &q.From
	}
	all, err := c.hear(ctx, ch, c.subjects(), func(e domain.Entry) bool { return q.From <= e.EffectiveOn && e.EffectiveOn <= q.AsOf })
	if err != nil {
		return out, err
	}
	in := c.inSubtree(q.Question)
	wanted := func(rule string) bool { return len(q.Rules) == 0 || slices.Contains(q.Rules, rule) }
	found, excepted, unjudged := map[string]int{}, map[string]int{}, map[string]int{}
	for _, h := range all {
		if !in(h.organisation) {
			continue
		}
		for _, d := range h.verdict.Departures {
			if !wanted(d.Rule) {
				continue
			}
			out.Rows = append(out.Rows, newFinding(h.entry, h.organisation, d))
			found[d.Rule]++
			if d.Excepted {
				excepted[d.Rule]++
			}
		}
		for _, rule := range h.verdict.Unknown {
			if wanted(rule) {
				unjudged[rule]++
			}
		}
	}
	slices.SortFunc(out.Rows, compareFindings)
	for _, d := range domain.RuleDefinitions() {
		if n := found[d.ID]; n > 0 {
			out.Totals = append(out.Totals, RuleTotal{d.ID, d.Title.EN, n, excepted[d.ID]})
		}
		if n := unjudged[d.ID]; n > 0 {
			out.Unjudged = append(out.Unjudged, Unjudged{d.ID, d.Title.EN, n})
		}
	}
	return out, nil
}

// inSubtree returns whether an organisation is in the subtree that a question is
// about, on its day.
func (c *court) inSubtree(q Question) func(organisation string) bool {
	if q.Organisation == "" {
		return func(string) bool { return true }
	}
	subtree := c.directory.Subtree(q.Organisation, q.AsOf)
	return func(organisation string) bool { return subtree[organisation] }
}

// Trial is what a proposed version of the charter's rules would change in the
// findings. Nothing of it is in force, and nothing of it is stored.
type Trial struct {
	Report       string      `json:"report"` // "policy try"
	Trial        bool        `json:"trial"`  // true, so that nobody takes it for a report
	Proposed     string      `json:"proposed"`
	From         domain.Date `json:"from"` // the first day of the proposed version
	Organisation *string     `json:"organisation"`
	AsOf         domain.Date `json:"as_of"`
	// Now and Then count the findings without the proposed version and with it.
	Now  int `json:"now"`
	Then int `json:"then"`
	// Appear are the findings that there would be, Disappear those that there would
	// not be any more, in the order of their entries.
	Appear    []Finding `json:"appear"`
	Disappear []Finding `json:"disappear"`
	Standing
}

// In returns the trial with its texts in a language, "vi" or "en".
func (t Trial) In(lang string) Trial {
	t.Appear, t.Disappear = InLanguage(t.Appear, lang), InLanguage(t.Disappear, lang)
	return t
}

// Try compares the findings by a charter with those by the same charter with one
// version more.
func (f *Figures) Try(ctx context.Context, q FindingsQuestion, ch *domain.Charter, proposed domain.Amendment, opened Opened) (Trial, error) {
	out := Trial{
		Report: "policy try", Trial: true, Proposed: proposed.Version, From: proposed.From,
		Organisation: orNull(q.Organisation), AsOf: q.AsOf, Appear: []Finding{}, Disappear: []Finding{},
	}
	c, err := f.court(ctx, q.Question, opened)
	if err != nil {
		return out, err
	}
	out.Standing = c.standing
	now, err := c.findings(ctx, q, ch)
	if err != nil {
		return out, err
	}
	then, err := c.findings(ctx, q, ch.With(proposed))
	if err != nil {
		return out, err
	}
	out.Now, out.Then = len(now.Rows), len(then.Rows)
	out.Disappear = append(out.Disappear, without(now.Rows, then.Rows)...)
	out.Appear = append(out.Appear, without(then.Rows, now.Rows)...)
	return out, nil
}

// without returns the findings of one list that are not in another.
func without(list, other []Finding) (rest []Finding) {
	there := make(map[findingKey]bool, len(other))
	for _, f := range other {
		there[f.key()] = true
	}
	for _, f := range list {
		if !there[f.key()] {
			rest = append(rest, f)
		}
	}
	return rest
}
