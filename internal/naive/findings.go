package naive

import (
	"fmt"
	"slices"
	"strings"
)

// FindingRules are the charter rules that Findings knows, as they have been in
// force since 2011.
var FindingRules = []string{
	"admission.awareness_course", "confirmation.deadline", "confirmation.probation", "discipline.provisional", "removal.probation_failed",
}

// Findings lists the entries that count by the end of the day asOf and depart from
// one of FindingRules, in org and all below it on that day, in the whole ledger
// when org is "". They are judged on everything known at knownAt. A line is the
// rule, the sequence and the organisation; lines are sorted.
func (l *Ledger) Findings(org, asOf string, knownAt uint64) []string {
	border := l.at(asOf, knownAt)
	w := newWorld()
	entries := l.counting(endOfTime, knownAt)
	lines := []string{}
	for _, e := range entries {
		before := w.members[e.id()]
		if _, err := w.apply(e); err != nil || !strings.HasPrefix(e.Type, "member.") || e.EffectiveOn > asOf {
			continue
		}
		var rules []string
		broken := func(rule string, is bool) {
			if is {
				rules = append(rules, rule)
			}
		}
		switch e.Type {
		case "member.admitted":
			taken := slices.ContainsFunc(entries, func(c entry) bool {
				return c.Type == "member.course_completed" && c.Subject == e.Subject && c.Data.Course == "party_awareness" &&
					c.EffectiveOn <= e.EffectiveOn && !date(c.EffectiveOn).AddDate(5, 0, 0).Before(date(e.EffectiveOn))
			})
			broken("admission.awareness_course", !taken)
		case "member.confirmed":
			over := date(before.probationFrom).AddDate(1, 0, 0)
			broken("confirmation.probation", date(e.EffectiveOn).Before(over))
			broken("confirmation.deadline", confirmationOverdue(before.probationFrom, e.EffectiveOn))
		case "member.disciplined":
			broken("discipline.provisional", before.status == provisional && e.Data.Measure == "dismissal")
		case "member.expelled":
			broken("discipline.provisional", before.status == provisional)
		case "member.removed":
			broken("removal.probation_failed", before.status == official && e.Data.Cause == "probation_failed")
		}
		where := w.members[e.id()].organisation
		for _, rule := range rules {
			if border.within(where, org) {
				lines = append(lines, fmt.Sprint(rule, " ", e.seq, " ", where))
			}
		}
	}
	slices.Sort(lines)
	return lines
}
