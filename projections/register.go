package projections

import (
	"context"

	"rollbook/domain"
)

// RollEntry is somebody who is on the roll: a candidate or a member.
type RollEntry struct {
	Member Subject
	Cell   domain.Cell
}

// Roll returns who is on the roll of an organisation's subtree at the end of a
// day, with a status that is wanted, by number; and the organisations of that
// day.
func (f *Figures) Roll(ctx context.Context, q Question, wanted func(domain.Status) bool) (roll []RollEntry, d *domain.Directory, s Standing, err error) {
	cells := map[int64]int32{} // by member
	var named []domain.Cell
	err = f.view(ctx, q, func(v view) error {
		d, s = v.directory, v.Standing
		in := v.scope(q.Organisation, q.AsOf)
		balance := map[int64]int8{} // by member and cell
		at := func(member, cell int32) int64 { return int64(member)<<32 | int64(cell) }
		for i := range v.headcount {
			if b := &v.headcount[i]; b.on <= q.AsOf && b.sequence <= v.known {
				balance[at(b.member, b.to)] += b.sign
				balance[at(b.member, b.from)] -= b.sign
			}
		}
		for key, n := range balance {
			if cell := int32(key); n > 0 && in[cell] && wanted(v.cells[cell].Status) {
				cells[key>>32] = cell
			}
		}
		named = append(named, v.cells...)
		return nil
	})
	if err != nil {
		return nil, nil, s, err
	}
	err = f.store.Read(ctx, func(r Reader) error {
		return r.SubjectsOf(ctx, domain.MemberKind, func(m Subject) error {
			if cell, there := cells[m.Number]; there {
				roll = append(roll, RollEntry{m, named[cell]})
			}
			return ctx.Err()
		})
	})
	return roll, d, s, err
}

// Timeline returns the entries of a stored subject, without what identifies a
// person.
func (s Subject) Timeline() (domain.Timeline, error) {
	entries, err := decodeEntries(s.Subject, s.Entries)
	return domain.NewTimeline(entries...), err
}
