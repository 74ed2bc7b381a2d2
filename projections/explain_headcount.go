package projections

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"rollbook/domain"
)

// ExplainedHeadcount says why a headcount is not what it was.
type ExplainedHeadcount struct {
	Report       string      `json:"report"` // "explain headcount"
	Organisation *string     `json:"organisation"`
	From         Side        `json:"from"`
	To           Side        `json:"to"`
	By           []Dimension `json:"by"`
	// Total is the whole headcount. Somebody who moves between two cells is in
	// the changes of both, and not in its.
	Total Explained `json:"total"`
	// Cells are those that changed.
	Cells []ExplainedCell `json:"cells"`
	Standing
}

// ExplainedCell is a changed cell of a headcount.
type ExplainedCell struct {
	By     []Dimension
	Values []string
	Explained
}

// MarshalJSON writes the dimensions as fields before the numbers.
func (c ExplainedCell) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, d := range c.By {
		value, err := json.Marshal(c.Values[i])
		if err != nil {
			return nil, err
		}
		b = fmt.Appendf(b, "%q:%s,", d, value)
	}
	rest, err := json.Marshal(c.Explained)
	if err != nil {
		return nil, err
	}
	return append(b, rest[1:]...), nil
}

// Adds reports whether the parts of each figure make its change.
func (e ExplainedHeadcount) Adds() bool {
	return e.Total.Adds() && !slices.ContainsFunc(e.Cells, func(c ExplainedCell) bool { return !c.Adds() })
}

// ExplainHeadcount compares the headcount of the day and knowledge of from with
// that of q, cell by cell; from.Organisation is not looked at. For an
// organisation, each of the two counts is of its subtree on its own day. It
// returns [ErrBackwards] if q is of an earlier day or of less knowledge.
func (f *Figures) ExplainHeadcount(ctx context.Context, q, from Question, by []Dimension) (ExplainedHeadcount, error) {
	out := ExplainedHeadcount{Report: "explain headcount", Organisation: orNull(q.Organisation), By: by, Cells: []ExplainedCell{}}
	before, after := map[string]int{}, map[string]int{}
	const total = "total" // no cell: those begin with a zero byte
	err := f.compare(ctx, q, from, func(c *comparison) error {
		out.From, out.To = c.sides()
		out.Standing = c.b.Standing
		keys := make([]string, len(c.b.cells)) // of members
		for i, cell := range c.b.cells {
			if !cell.Status.Member() {
				continue
			}
			for _, d := range by {
				keys[i] += "\x00" + d.of(cell)
			}
			if len(by) == 0 {
				keys[i] = "\x00"
			}
		}
		for i, n := range c.a.balances(c.from) {
			if c.inA[i] && keys[i] != "" {
				before[keys[i]] += n
				before[total] += n
			}
		}
		for i, n := range c.b.balances(c.to) {
			if c.inB[i] && keys[i] != "" {
				after[keys[i]] += n
				after[total] += n
			}
		}
		c.headcount(c.from, c.to, func(p pile, cell int32, b *booking, n int) {
			if keys[cell] != "" {
				p.add(keys[cell], b, n)
				p.add(total, b, n)
			}
		}, func(cell int32, n int) {
			if keys[cell] != "" {
				k := partKey{organisation: c.b.cells[cell].Organisation}
				c.add(keys[cell], k, n)
				c.add(total, k, n)
			}
		})
		return nil
	}, func(c *comparison, n *names) error {
		out.Total = c.explained(total, before[total], after[total], n)
		all := map[string]bool{}
		for k := range before {
			all[k] = true
		}
		for k := range after {
			all[k] = true
		}
		delete(all, total)
		for k := range all {
			if before[k] != after[k] && len(by) > 0 {
				out.Cells = append(out.Cells, ExplainedCell{by, strings.Split(k[1:], "\x00"), c.explained(k, before[k], after[k], n)})
			}
		}
		slices.SortFunc(out.Cells, func(x, y ExplainedCell) int { return slices.Compare(x.Values, y.Values) })
		return nil
	})
	return out, err
}

// headcount calls row with what each posting that only the second side counts,
// to the end of its day, does to a cell of its subtree, and border with what a
// cell brings that only one side has in its subtree.
func (c *comparison) headcount(from, to domain.Date, row func(p pile, cell int32, b *booking, n int), border func(cell int32, n int)) {
	p := pile{}
	crossed := make([]int, len(c.b.cells))
	for i := range c.b.headcount {
		b := &c.b.headcount[i]
		inA := b.on <= from && b.sequence <= c.a.known
		inB := b.on <= to && b.sequence <= c.b.known
		switch {
		case inA && inB:
			crossed[b.to] += int(b.sign)
			crossed[b.from] -= int(b.sign)
		case inB:
			if c.inB[b.to] {
				row(p, b.to, b, int(b.sign))
			}
			if c.inB[b.from] {
				row(p, b.from, b, -int(b.sign))
			}
		}
		// What only the first counts cannot be: it is of less knowledge and of
		// an earlier day.
	}
	p.into(c, false)
	for i, n := range crossed {
		switch {
		case c.inB[i] && !c.inA[i]:
			border(int32(i), n)
		case c.inA[i] && !c.inB[i]:
			border(int32(i), -n)
		}
	}
}
