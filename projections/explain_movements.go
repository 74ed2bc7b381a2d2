package projections

import (
	"context"
	"slices"

	"rollbook/domain"
)

// ExplainedMovements says which events are behind the movements of a period, or
// behind the difference of what was known of them at two moments.
type ExplainedMovements struct {
	Report       string      `json:"report"` // "explain movements"
	Organisation *string     `json:"organisation"`
	From         domain.Date `json:"from"`
	To           domain.Date `json:"to"`
	// KnownFrom is the first of two moments of knowledge; nil when there is only
	// one: then every movement of the period is listed, from zero on.
	KnownFrom *Side `json:"known_from"`
	KnownTo   Side  `json:"known_to"`
	// Opening and Closing are explained when two moments are compared, and have
	// no parts otherwise.
	Opening Explained `json:"opening"`
	Closing Explained `json:"closing"`
	// Lines are those that changed, in the order of the report.
	Lines []ExplainedLine `json:"lines"`
	Standing
}

// ExplainedLine is a changed line of the movements.
type ExplainedLine struct {
	Line string `json:"line"`
	Explained
}

// Adds reports whether the parts of each figure make its change.
func (e ExplainedMovements) Adds() bool {
	return (e.KnownFrom == nil || e.Opening.Adds() && e.Closing.Adds()) &&
		!slices.ContainsFunc(e.Lines, func(l ExplainedLine) bool { return !l.Adds() })
}

// MovementLines returns the lines of the movements between opening and closing,
// in the order of the report.
func MovementLines() []string {
	return []string{
		"admitted", "transferred_in", "restored", "brought_forward", "moved_in", "moved_out",
		"transferred_out", "expelled", "removed", "resigned", "died", "confirmed",
	}
}

// movementLine names the line that a movement across the border is in.
func movementLine(kind domain.Movement, in bool) string {
	switch {
	case kind != domain.Moved:
		return string(kind)
	case in:
		return "moved_in"
	}
	return "moved_out"
}

// line names the line of a row in the view of one side, "" for none. member
// tells of each cell whether members count there.
func (b *booking) line(member []bool) string {
	switch kind := movementKinds[b.movement]; {
	case member[b.from] != member[b.to]:
		return movementLine(kind, member[b.to])
	case member[b.to] && kind == domain.ConfirmedWithin:
		return movementLine(kind, true)
	}
	return ""
}

func (c *comparison) members(in []bool) []bool {
	member := make([]bool, len(in))
	for i, cell := range c.b.cells {
		member[i] = in[i] && cell.Status.Member()
	}
	return member
}

// ExplainMovements lists the events behind the movements after the day first up
// to the end of q.AsOf, as known at q.KnownAt. With knownFrom, it compares them
// with what was known of the same period then.
func (f *Figures) ExplainMovements(ctx context.Context, q Question, first domain.Date, knownFrom *Question) (ExplainedMovements, error) {
	out := ExplainedMovements{
		Report: "explain movements", Organisation: orNull(q.Organisation), From: first, To: q.AsOf, Lines: []ExplainedLine{},
	}
	before := Question{AsOf: first, KnownAt: NothingKnown}
	if knownFrom != nil {
		before = Question{AsOf: q.AsOf, KnownAt: knownFrom.KnownAt}
	}
	const opening, closing = "opening", "closing"
	was, is := map[string]int{}, map[string]int{}
	err := f.compare(ctx, q, before, func(c *comparison) error {
		a, b := c.sides()
		out.KnownTo, out.Standing = b, c.b.Standing
		if knownFrom != nil {
			out.KnownFrom = &a
		}
		memberA, memberB := c.members(c.inA), c.members(c.inB)
		if knownFrom != nil {
			for figure, day := range map[string]domain.Date{opening: first, closing: q.AsOf} {
				for i, n := range c.a.balances(day) {
					if memberA[i] {
						was[figure] += n
					}
				}
				c.headcount(day, day, func(p pile, cell int32, b *booking, n int) {
					if c.b.cells[cell].Status.Member() {
						p.add(figure, b, n)
					}
				}, func(cell int32, n int) {
					if c.b.cells[cell].Status.Member() {
						c.add(figure, partKey{organisation: c.b.cells[cell].Organisation}, n)
					}
				})
			}
		}
		for figure, day := range map[string]domain.Date{opening: first, closing: q.AsOf} {
			for i, n := range c.b.balances(day) {
				if memberB[i] {
					is[figure] += n
				}
			}
		}
		p := pile{}
		for i := range c.b.movements {
			b := &c.b.movements[i]
			if b.on <= first || b.on > q.AsOf || b.sequence > c.b.known {
				continue
			}
			line := b.line(memberB)
			if line != "" {
				is[line] += int(b.sign)
			}
			if b.sequence > c.a.known {
				if line != "" {
					p.add(line, b, int(b.sign))
				}
				continue
			}
			old := b.line(memberA)
			if old != "" {
				was[old] += int(b.sign)
			}
			if old != line { // what was across the border is within it now, or the other way round
				moved := c.moved(b)
				if old != "" {
					c.add(old, partKey{organisation: moved}, -int(b.sign))
				}
				if line != "" {
					c.add(line, partKey{organisation: moved}, int(b.sign))
				}
			}
		}
		p.into(c, false)
		return nil
	}, func(c *comparison, n *names) error {
		out.Opening, out.Closing = c.explained(opening, was[opening], is[opening], n), c.explained(closing, was[closing], is[closing], n)
		if knownFrom == nil {
			out.Opening.From, out.Opening.Change = out.Opening.To, 0
			out.Closing.From, out.Closing.Change = out.Opening.To, out.Closing.To-out.Opening.To
		}
		for _, line := range MovementLines() {
			if was[line] != is[line] || knownFrom == nil && len(c.parts[line]) > 0 {
				out.Lines = append(out.Lines, ExplainedLine{line, c.explained(line, was[line], is[line], n)})
			}
		}
		return nil
	})
	return out, err
}

// moved returns the organisation of a row that came across the border of the
// subtree, or left it.
func (c *comparison) moved(b *booking) string {
	if c.inA[b.to] != c.inB[b.to] {
		return c.b.cells[b.to].Organisation
	}
	return c.b.cells[b.from].Organisation
}
