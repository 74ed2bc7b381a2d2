package projections

import (
	"context"
	"slices"
	"strings"

	"rollbook/domain"
)

// Drill is who and what a figure is made of: for a count of people, each of them
// with the event by which they came to be in it; for a count of what happened,
// each event.
type Drill map[string][]Part

// nothing is the question whose every figure is zero.
func nothing() Question { return Question{AsOf: domain.FirstDay, KnownAt: NothingKnown} }

// DrillHeadcount returns who is in each cell of a headcount. The keys are the
// values of the dimensions with commas between, "" when there are none.
func (f *Figures) DrillHeadcount(ctx context.Context, q Question, by []Dimension) (Drill, error) {
	out := Drill{}
	err := f.compare(ctx, q, nothing(), func(c *comparison) error {
		c.people(func(l *lines, _ int, _ domain.Date, in []bool) []string {
			if l.cell == 0 || !in[l.cell] || !c.b.cells[l.cell].Status.Member() {
				return nil
			}
			values := make([]string, len(by))
			for i, d := range by {
				values[i] = d.of(c.b.cells[l.cell])
			}
			return []string{strings.Join(values, ",")}
		})
		return nil
	}, out.fill)
	return out, err
}

// DrillMovements returns who was moved by which event, by the line of the
// movements after the day first up to the end of q.AsOf.
func (f *Figures) DrillMovements(ctx context.Context, q Question, first domain.Date) (Drill, error) {
	out := Drill{}
	e, err := f.ExplainMovements(ctx, q, first, nil)
	for _, l := range e.Lines {
		out[l.Line] = l.Parts
	}
	return out, err
}

// DrillIndicators returns who and what is in each count that the indicators of
// the year of q.AsOf are made of, to that day; see [ExplainedIndicator]. Quotas
// and targets are numbers, so a part of them may be more than one.
func (f *Figures) DrillIndicators(ctx context.Context, q Question) (Drill, error) {
	out := Drill{}
	e, err := f.ExplainIndicators(ctx, q, nothing())
	for _, c := range e.Counts {
		out[c.Count] = c.Parts
	}
	return out, err
}

func (d Drill) fill(c *comparison, n *names) error {
	for figure, parts := range c.parts {
		to := 0
		for _, change := range parts {
			to += change
		}
		d[figure] = c.explained(figure, 0, to, n).Parts
	}
	return nil
}

// Adds reports whether the parts of a figure make the figure.
func (d Drill) Adds(figure string, n int) bool {
	sum := 0
	for _, p := range d[figure] {
		sum += p.Change
	}
	return sum == n
}

// CountsOf returns the names under which [Figures.DrillIndicators] has what an
// indicator is made of; denominator is "" for an indicator that is no share.
func CountsOf(indicator string) (numerator, denominator string, ok bool) {
	numerator, denominator = countsOf(indicator)
	return numerator, denominator, slices.Contains(IndicatorCodes(), indicator)
}
