package projections

import (
	"context"
	"slices"

	"rollbook/domain"
)

// MovementsByPart is the movements of a period with a row for each part of the
// organisation, whose openings and closings make those of the whole. What moves
// between parts is in the rows of both and not in the whole.
type MovementsByPart struct {
	Movements
	Rows []FormRow `json:"rows"`
}

// MovementColumns returns the figures of the movements, in the order of columns.
func MovementColumns() []string {
	lines := MovementLines()
	last := len(lines) - 1 // confirmed: neither in nor out
	return slices.Concat([]string{"opening"}, lines[:last], []string{"closing"}, lines[last:])
}

// MovementsByPart returns the movements after the day from, up to the end of
// q.AsOf, and those of each part of the organisation. All borders are those of
// that day. See [Figures.Movements].
func (f *Figures) MovementsByPart(ctx context.Context, q Question, from domain.Date) (out MovementsByPart, err error) {
	if out.Movements, err = f.Movements(ctx, q, from); err != nil {
		return out, err
	}
	q.KnownAt = out.KnownAt // of one and the same place in the log
	if q.KnownAt == 0 {
		q.KnownAt = NothingKnown
	}
	err = f.view(ctx, q, func(v view) error {
		list := parts(v.directory, q.Organisation, q.AsOf)
		rows := make([]Movements, len(list)+1) // the first is of what lies in no part
		place := map[string]int{}
		for i, p := range list {
			for id := range p.subtree {
				place[id] = i + 1
			}
		}
		of := make([]int, len(v.cells))
		for i, c := range v.cells {
			if c.Status.Member() {
				of[i] = place[c.Organisation]
			}
		}
		for i, n := range v.balances(q.AsOf) {
			rows[of[i]].Closing += n
		}
		for i, n := range v.balances(from) {
			rows[of[i]].Opening += n
		}
		for i := range v.movements {
			b := &v.movements[i]
			if b.on <= from || b.on > q.AsOf || b.sequence > v.known {
				continue
			}
			kind, before, after := movementKinds[b.movement], of[b.from], of[b.to]
			switch {
			case before != after:
				*rows[before].count(kind, false) += int(b.sign)
				*rows[after].count(kind, true) += int(b.sign)
			case kind == domain.ConfirmedWithin:
				rows[after].Confirmed += int(b.sign)
			}
		}
		groups := []Group{{Values: MovementColumns()}}
		t := newTally(v.directory, q, list, groups)
		for i, p := range list {
			for _, line := range MovementColumns() {
				if n := rows[i+1].Line(line); n != 0 {
					t.Add(p.organisation, "", line, n)
				}
			}
		}
		out.Rows = t.Form("", v.Standing).Rows[1:]
		return nil
	})
	return out, err
}
