package main

import (
	"bytes"
	"fmt"
	"strings"

	"rollbook/domain"
)

const charterHead = `# The charter's rules

<!-- Generated from domain/reference/charter.json by "go generate ./docs/catalogue"; do not edit. -->

What the ledger holds entries to, besides what is possible at all. Rules are data: versions with a first day, each with
the source of every rule. An entry is judged by the version in force **on the day on which it counts**, on everything
that is known of it: a fact that was recorded late counts as if it had always been there, and what was annulled is not
judged. A replay comes to the same.

- Recording refuses what departs from a rule (` + "`charter_rule`" + `), unless the entry has an ` + "`exception`" + ` with the rule's id (several
  with commas between), the reason and the authority. So does ` + "`import --strict`" + `, line by line. Any other import stores it.
- A rule *found only* is never refused: its entry is a fact, such as a death that leaves a cell too small.
- What a rule asks for may be sealed, or may have happened before the ledger began. Then it says nothing, and is counted
  among what could not be judged. Opening entries and arrivals from outside are not judged.
- A *local* rule can be changed, switched on or off by ` + "`organisation.policy_adopted`" + `, for the organisation and all below it.
  Of several versions the lower organisation's wins, then the later one. What a version leaves out stays as it was. It
  stays in force when the centre sets a new version.
- The version that an entry is judged by is written down with it (` + "`policy`" + `): that of the centre, and behind ` + "`+`" + ` the newest of
  each organisation that has one: ` + "`qd-24-2021+muong-nhe:chi-tieu-2022`" + `.

**Checked** is whether the numbers were compared with a text of the regulation; a rule that is not checked, and every
number of an article, is general knowledge. A correction is a change of data. ` + "`policy`" + ` files have the form of a version in
` + "`charter.json`" + `.

## Versions

| from | version | | | what it says something of |
|---|---|---|---|---|
`

const charterTail = `
## What the ledger cannot decide

These are in the regulations and not above, because no entry holds what they ask for:

- whether a member presented themselves within 30 working days after a transfer: one entry moves them, on one day;
- whether somebody is an office holder, for a dismissal; whether a member was suspended, for a rating;
- criminal convictions (60 months before a readmission), and the written consent to one;
- three months without part in activities or dues; the complaint within 30 working days;
- which committee is competent, and who belongs to one; terms of congresses; whether a place is in a border, mountain or
  island area (a minority's lower schooling is taken to suffice everywhere);
- public holidays: a ceremony departs only if it was late even with as many holidays in between as there may be;
- the dissolution of the district level on 1 July 2025: a ` + "`district_committee`" + ` is any committee above the grassroots.
`

// charterPage is docs/charter.md.
func charterPage() []byte {
	var b bytes.Buffer
	b.WriteString(charterHead)
	amendments := domain.Embedded().Amendments()
	for _, a := range amendments {
		var rules []string
		for _, c := range a.Rules {
			rules = append(rules, "`"+c.Rule+"`")
		}
		if len(rules) == 0 {
			rules = []string{"nothing: who decides changes, no rule does"}
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s |\n", a.From, a.Version, a.Title.EN, a.Title.VI, strings.Join(rules, ", "))
	}
	b.WriteString("\n## Rules\n")
	for _, d := range domain.RuleDefinitions() {
		charterRule(&b, d, amendments)
	}
	b.WriteString(charterTail)
	return b.Bytes()
}

func charterRule(b *bytes.Buffer, d domain.RuleDefinition, amendments []domain.Amendment) {
	marks := ""
	if d.Local {
		marks += " · local"
	}
	if !d.Refuses {
		marks += " · found only"
	}
	fmt.Fprintf(b, "\n### %s\n\n%s · %s%s\n\n", d.ID, d.Title.EN, d.Title.VI, marks)
	fmt.Fprintf(b, "- %s; *%s*\n- %s; *%s*\n\n", d.Message.EN, d.Cure.EN, d.Message.VI, d.Cure.VI)
	for _, p := range d.Parameters {
		fmt.Fprintf(b, "- `%s`, %d to %d: %s · %s\n", p.Name, p.Least, p.Most, p.Meaning.EN, p.Meaning.VI)
	}
	if len(d.Parameters) > 0 {
		b.WriteByte('\n')
	}
	b.WriteString("| from | source | checked | in force | parameters |\n|---|---|---|---|---|\n")
	for i, p := range domain.Embedded().Policies() {
		for _, r := range p.Rules() {
			if r.ID != d.ID || r.Version != amendments[i].Version {
				continue
			}
			var values []string
			for _, v := range r.Parameters {
				values = append(values, fmt.Sprintf("%s %d", v.Name, v.Value))
			}
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", p.From, r.Source, yesNo(r.Source.Checked), yesNo(r.On), strings.Join(values, ", "))
		}
	}
}

func yesNo(v bool) string {
	if v {
		return "yes"
	}
	return "no"
}
