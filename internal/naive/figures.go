package naive

import (
	"fmt"
	"strings"
)

// Headcount counts the members (provisional and official) of org and all below
// it at the end of the day asOf; of the whole ledger when org is "".
//
// The rows are keyed by the values of the dimensions by (ethnicity, status,
// gender, religion, organisation), joined with commas in the order asked for;
// empty cells are left out. Without dimensions the only key is "".
func (l *Ledger) Headcount(org, asOf string, knownAt uint64, by []string) (total int, rows map[string]int) {
	w := l.at(asOf, knownAt)
	rows = map[string]int{}
	for _, m := range w.members {
		if m.belongs() && w.within(m.organisation, org) {
			total++
			rows[cell(m, by)]++
		}
	}
	return total, rows
}

func cell(m member, by []string) string {
	var values []string
	for _, dimension := range by {
		switch dimension {
		case "ethnicity":
			values = append(values, m.Ethnicity)
		case "status":
			values = append(values, m.status)
		case "gender":
			values = append(values, m.Gender)
		case "religion":
			values = append(values, m.Religion)
		case "organisation":
			values = append(values, m.organisation)
		default:
			panic(fmt.Sprintf("no dimension %q", dimension))
		}
	}
	return strings.Join(values, ",")
}

// The kinds of movement that raise a headcount and those that lower it.
var (
	ins  = []string{"admitted", "transferred_in", "restored", "brought_forward", "moved_in"}
	outs = []string{"moved_out", "transferred_out", "expelled", "removed", "resigned", "died"}
)

// movement is what one entry did to the membership of organisations. What it
// did is one of: admitted, transferred_in, restored, brought_forward (entered);
// transferred_out, expelled, removed, resigned, died (left); moved (left and
// entered); confirmed (where the member is).
type movement struct {
	what    string
	on      string
	left    string // "" when from outside the ledger
	entered string // "" when to the outside
}

// movementOf returns the movement that the change c by the entry e is, if any.
func movementOf(e entry, c change) (movement, bool) {
	was, is := c.before.belongs(), c.after.belongs()
	m := movement{what: effect(e.Type), on: e.EffectiveOn}
	switch {
	case !was && is:
		m.entered = c.after.organisation
		return m, true
	case was && !is:
		m.left = c.before.organisation
		return m, true
	case was && is && c.before.organisation != c.after.organisation:
		// A transfer, or a merge.
		m.what, m.left, m.entered = "moved", c.before.organisation, c.after.organisation
		return m, true
	case was && is && c.before.status != c.after.status:
		// A confirmation.
		m.left, m.entered = c.before.organisation, c.after.organisation
		return m, true
	}
	return movement{}, false
}

// effect is the event type without its kind: "admitted" of "member.admitted".
func effect(eventType string) string {
	_, effect, _ := strings.Cut(eventType, ".")
	return effect
}

// Movements returns the movements over (from, to] of org and all below it, of
// the whole ledger when org is "": opening, admitted, transferred_in, restored,
// brought_forward, moved_in, moved_out, transferred_out, expelled, removed,
// resigned, died, closing, confirmed. All keys are there, also when zero.
//
// The border is that of the day to throughout.
func (l *Ledger) Movements(org, from, to string, knownAt uint64) map[string]int {
	w, all := l.replay(to, knownAt)
	inside := func(o string) bool { return o != "" && w.within(o, org) }

	figures := map[string]int{"opening": 0, "closing": 0, "confirmed": 0}
	for _, what := range ins {
		figures[what] = 0
	}
	for _, what := range outs {
		figures[what] = 0
	}

	for _, m := range l.at(from, knownAt).members {
		if m.belongs() && inside(m.organisation) {
			figures["opening"]++
		}
	}
	for _, m := range w.members {
		if m.belongs() && inside(m.organisation) {
			figures["closing"]++
		}
	}

	for _, m := range all {
		if m.on <= from {
			continue
		}
		entered, left := inside(m.entered), inside(m.left)
		switch m.what {
		case "confirmed":
			if entered {
				figures["confirmed"]++
			}
		case "moved":
			if entered && !left {
				figures["moved_in"]++
			}
			if left && !entered {
				figures["moved_out"]++
			}
		default:
			if entered || left {
				figures[m.what]++
			}
		}
	}
	return figures
}
