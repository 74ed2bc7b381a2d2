package projections

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"rollbook/domain"
	"rollbook/eventstore"
)

// RebuildPart fills a generation with what the living one holds, except for one
// subject, whose part is made anew from the log; for an organisation, the part of
// everybody who was ever in it too. The result is what a rebuild of everything
// would come to, if nothing else is damaged. It holds the rows of the models in
// memory, 60 bytes each. p.Store is the living one.
func (p *Projector) RebuildPart(ctx context.Context, shadow Shadow, subject domain.Subject) error {
	return p.Store.Read(ctx, func(old Reader) error {
		at, err := old.Checkpoint(ctx)
		if err != nil {
			return err
		}
		members, err := p.part(ctx, old, at.Position, subject)
		if err != nil {
			return err
		}
		fresh := newCollected()
		some := *p
		some.Store = fresh
		some.only = func(stream string) bool {
			s := domain.Subject(stream)
			return members[s] || s.Kind() == domain.OrganisationKind || s.Kind() == domain.VillageKind
		}
		if err := some.CatchUpTo(ctx, at.Position); err != nil {
			return err
		}
		from := Checkpoint{Generation: shadow.Number()}
		return shadow.Write(ctx, from, func(w Writer) (Checkpoint, error) {
			g := graft{old: old, fresh: fresh, w: w, members: members}
			return Checkpoint{at.Position, from.Generation}, g.write(ctx)
		})
	})
}

// RebuildModels fills a generation with what the living one holds, except for the
// rows of some models, which are made anew from the whole log. The result is what
// a rebuild of everything would come to, if nothing else is damaged. It holds the
// entries of everybody and the rows of the models in memory: some 3 KB for a
// member with ten events. p.Store is the living one.
func (p *Projector) RebuildModels(ctx context.Context, shadow Shadow, models []string) error {
	return p.Store.Read(ctx, func(old Reader) error {
		at, err := old.Checkpoint(ctx)
		if err != nil {
			return err
		}
		anew := map[string]bool{}
		for _, m := range Models() {
			anew[m.Table.Name] = slices.Contains(models, m.Name)
		}
		fresh := newCollected()
		// Of a model that stays, only where members were booked is looked up.
		fresh.tables = maps.Clone(anew)
		fresh.tables[headcountTable.Name] = true
		some := *p
		some.Store = fresh
		if err := some.CatchUpTo(ctx, at.Position); err != nil {
			return err
		}
		from := Checkpoint{Generation: shadow.Number()}
		return shadow.Write(ctx, from, func(w Writer) (Checkpoint, error) {
			g := graft{old: old, fresh: fresh, w: w, tables: anew}
			return Checkpoint{at.Position, from.Generation}, g.write(ctx)
		})
	})
}

// part returns the subjects whose part is made anew. Who was ever in an
// organisation is looked for in the log, because the models may be wrong.
func (p *Projector) part(ctx context.Context, old Reader, to eventstore.Position, subject domain.Subject) (map[domain.Subject]bool, error) {
	members := map[domain.Subject]bool{subject: true}
	if subject.Kind() != domain.OrganisationKind {
		return members, nil
	}
	known, err := old.MembersOf(ctx, subject.ID())
	if err != nil {
		return nil, err
	}
	for _, m := range known {
		members[m] = true
	}
	// Mergers carry members along that have never heard of where they arrive.
	names := map[string]bool{subject.ID(): true}
	for grown := true; grown; {
		grown = false
		for rec, err := range p.Log.Replay(ctx, 0, to) {
			if err != nil {
				return nil, err
			}
			s := domain.Subject(rec.Stream)
			switch {
			case members[s] || s.Kind() != domain.MemberKind && s.Kind() != domain.OrganisationKind || !mentions(rec.Data, names):
			case s.Kind() == domain.MemberKind:
				members[s] = true
			case !names[s.ID()]:
				names[s.ID()], grown = true, true
			}
		}
	}
	return members, nil
}

// mentions reports whether one of some names stands in a text as JSON has it.
func mentions(data []byte, names map[string]bool) bool {
	for name := range names {
		if bytes.Contains(data, []byte(`"`+name+`"`)) {
			return true
		}
	}
	return false
}

// graft puts fresh parts into an old whole.
type graft struct {
	old     Reader
	fresh   *collected
	w       Writer
	members map[domain.Subject]bool // all that is kept of them is fresh
	tables  map[string]bool         // all of their rows are fresh

	numbers map[int64]int64          // of members: fresh to old
	names   map[int64]domain.Subject // of members: old
	cells   map[int64]int64          // fresh to old
}

func (g *graft) write(ctx context.Context) error {
	for _, step := range []func(context.Context) error{g.putSubjects, g.putCells, g.putRows, g.putSealed, g.putIDs, g.putParked} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (g *graft) putSubjects(ctx context.Context) error {
	g.numbers, g.names = map[int64]int64{}, map[int64]domain.Subject{}
	last, err := g.old.LastNumber(ctx)
	if err != nil {
		return err
	}
	var all []Subject
	known := map[domain.Subject]bool{}
	add := func(s Subject) error {
		if s.Number > 0 {
			g.names[s.Number] = s.Subject
		}
		all = append(all, s)
		return nil
	}
	for _, kind := range []domain.Kind{domain.OrganisationKind, domain.VillageKind, domain.MemberKind, SystemKind} {
		if err := g.old.SubjectsOf(ctx, kind, func(s Subject) error {
			f, there := g.fresh.subjects[s.Subject]
			if there {
				g.numbers[f.Number] = s.Number
				known[s.Subject] = true
			}
			switch {
			case !g.members[s.Subject]:
				return add(s)
			case there:
				f.Number = s.Number
				return add(f)
			}
			return nil // the log has never heard of it
		}); err != nil {
			return err
		}
	}
	for _, f := range sorted(g.fresh.subjects) {
		// It was lost, and its number with it. Fresh rows of anybody need one.
		if known[f.Subject] || !g.members[f.Subject] && (f.Number == 0 || g.tables == nil) {
			continue
		}
		if f.Number > 0 {
			last++
			g.numbers[f.Number] = last
			f.Number = last
		}
		if err := add(f); err != nil {
			return err
		}
	}
	slices.SortFunc(all, bySubject)
	return g.w.PutSubjects(ctx, all)
}

func (g *graft) putCells(ctx context.Context) error {
	cells, err := g.old.Cells(ctx, 0)
	if err != nil {
		return err
	}
	numbers := map[domain.Cell]int64{}
	var last int64
	for _, c := range cells {
		numbers[c.Cell] = c.Number
		last = max(last, c.Number)
	}
	g.cells = map[int64]int64{}
	for _, c := range g.fresh.cells {
		if _, there := numbers[c.Cell]; !there {
			last++
			numbers[c.Cell] = last
			cells = append(cells, NumberedCell{last, c.Cell})
		}
		g.cells[c.Number] = numbers[c.Cell]
	}
	return g.w.PutCells(ctx, cells)
}

func (g *graft) putRows(ctx context.Context) error {
	for _, m := range Models() {
		n := len(m.Table.Columns)
		member := slices.Index(m.Table.Columns, "member")
		ours := func(number int64) bool { return g.tables[m.Table.Name] || g.members[g.names[number]] }
		var rows []int64
		if err := g.old.Rows(ctx, m.Table, 0, func(row []int64) {
			if !ours(row[member]) {
				rows = append(rows, row...)
			}
		}); err != nil {
			return err
		}
		for row := range slices.Chunk(g.fresh.rows[m.Table.Name], n) {
			number, there := g.numbers[row[member]]
			if !there || !ours(number) {
				continue
			}
			row[member] = number
			for i, column := range m.Table.Columns {
				if (column == "from_cell" || column == "to_cell") && row[i] != 0 {
					row[i] = g.cells[row[i]]
				}
			}
			rows = append(rows, row...)
		}
		if g.tables == nil { // else all of them are old, or all fresh
			rows = g.inOrder(rows, n, member)
		}
		if err := g.w.PutRows(ctx, m.Table, rows); err != nil {
			return err
		}
	}
	return nil
}

// inOrder puts rows of n values into the order in which a run over the log makes
// them: a record changes the lives of several members in the order of their
// names, and that of one in the order in which it does.
func (g *graft) inOrder(values []int64, n, member int) []int64 {
	rows := slices.Collect(slices.Chunk(values, n))
	order := func(a, b []int64) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(g.names[a[member]], g.names[b[member]]))
	}
	slices.SortStableFunc(rows, order)
	return slices.Concat(rows...)
}

func (g *graft) putSealed(ctx context.Context) error {
	var sealed []SealedEntry
	if err := g.old.Sealed(ctx, 0, func(s SealedEntry) error {
		if !g.members[g.names[s.Member]] {
			s.Data = bytes.Clone(s.Data)
			sealed = append(sealed, s)
		}
		return nil
	}); err != nil {
		return err
	}
	for _, s := range g.fresh.sealed {
		if number := g.numbers[s.Member]; g.members[g.names[number]] {
			s.Member = number
			sealed = append(sealed, s)
		}
	}
	slices.SortFunc(sealed, func(a, b SealedEntry) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return g.w.PutSealed(ctx, sealed)
}

func (g *graft) putIDs(ctx context.Context) error {
	ids := map[string]eventstore.Position{}
	if err := g.old.IDs(ctx, func(id string, at eventstore.Position) error {
		ids[id] = at
		return nil
	}); err != nil {
		return err
	}
	for id, at := range g.fresh.ids {
		if have, there := ids[id]; !there || at < have {
			ids[id] = at
		}
	}
	return g.w.PutIDs(ctx, ids)
}

func (g *graft) putParked(ctx context.Context) error {
	parked, err := g.old.Parked(ctx)
	if err != nil {
		return err
	}
	missing, err := g.old.MissingKeys(ctx)
	if err != nil {
		return err
	}
	parked = slices.DeleteFunc(parked, func(p Parked) bool { return g.members[p.Subject] })
	missing = slices.DeleteFunc(missing, func(m MissingKey) bool { return g.members[m.Subject] })
	for _, p := range g.fresh.parked {
		if g.members[p.Subject] {
			parked = append(parked, p)
		}
	}
	for _, m := range g.fresh.missing {
		if g.members[m.Subject] {
			missing = append(missing, m)
		}
	}
	slices.SortFunc(parked, func(a, b Parked) int { return cmp.Compare(a.Position, b.Position) })
	slices.SortFunc(missing, func(a, b MissingKey) int { return cmp.Compare(a.Position, b.Position) })
	return errors.Join(g.w.PutParked(ctx, parked), g.w.PutMissingKeys(ctx, missing))
}

func bySubject(a, b Subject) int {
	return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Subject, b.Subject))
}

func sorted(subjects map[domain.Subject]Subject) []Subject {
	all := make([]Subject, 0, len(subjects))
	for _, s := range subjects {
		all = append(all, s)
	}
	slices.SortFunc(all, bySubject)
	return all
}

// collected keeps in memory what one run of the projector makes.
type collected struct {
	at       Checkpoint
	subjects map[domain.Subject]Subject
	cells    []NumberedCell
	rows     map[string][]int64
	ids      map[string]eventstore.Position
	parked   []Parked
	missing  []MissingKey
	sealed   []SealedEntry
	// tables are those whose rows are kept, with subjects, cells and what is
	// parked and nothing else; everything is kept if nil.
	tables map[string]bool
}

func newCollected() *collected {
	return &collected{subjects: map[domain.Subject]Subject{}, rows: map[string][]int64{}, ids: map[string]eventstore.Position{}}
}

var (
	_ Store  = (*collected)(nil)
	_ Writer = (*collected)(nil)
)

func (c *collected) Read(_ context.Context, f func(Reader) error) error { return f(c) }

func (c *collected) Write(_ context.Context, from Checkpoint, f func(Writer) (Checkpoint, error)) error {
	if from != c.at {
		return ErrMoved
	}
	to, err := f(c)
	if err == nil {
		c.at = to
	}
	return err
}

func (c *collected) Checkpoint(context.Context) (Checkpoint, error) { return c.at, nil }

func (c *collected) Subject(_ context.Context, s domain.Subject) (Subject, bool, error) {
	found, ok := c.subjects[s]
	return found, ok, nil
}

func (c *collected) SubjectsOf(_ context.Context, kind domain.Kind, f func(Subject) error) error {
	for _, s := range sorted(c.subjects) {
		if s.Subject.Kind() == kind {
			if err := f(s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *collected) LastNumber(context.Context) (last int64, err error) {
	for _, s := range c.subjects {
		last = max(last, s.Number)
	}
	return last, nil
}

func (c *collected) MembersOf(_ context.Context, organisation string) ([]domain.Subject, error) {
	cells, numbers := map[int64]bool{}, map[int64]bool{}
	for _, cell := range c.cells {
		cells[cell.Number] = cell.Cell.Organisation == organisation
	}
	columns := headcountTable.Columns
	to, member := slices.Index(columns, "to_cell"), slices.Index(columns, "member")
	for row := range slices.Chunk(c.rows[headcountTable.Name], len(columns)) {
		if cells[row[to]] {
			numbers[row[member]] = true
		}
	}
	var members []domain.Subject
	for _, s := range c.subjects {
		if numbers[s.Number] {
			members = append(members, s.Subject)
		}
	}
	return members, nil
}

func (c *collected) Cells(_ context.Context, after int64) ([]NumberedCell, error) {
	return c.cells[min(after, int64(len(c.cells))):], nil
}

func (c *collected) Rows(_ context.Context, t Table, n int64, f func([]int64)) error {
	for row := range slices.Chunk(c.rows[t.Name], len(t.Columns)) {
		if n--; n < 0 {
			f(row)
		}
	}
	return nil
}

func (c *collected) Sealed(_ context.Context, after int64, f func(SealedEntry) error) error {
	for _, s := range c.sealed {
		if s.Sequence > after {
			if err := f(s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *collected) IDs(_ context.Context, f func(string, eventstore.Position) error) error {
	for id, at := range c.ids {
		if err := f(id, at); err != nil {
			return err
		}
	}
	return nil
}

func (c *collected) IDPosition(_ context.Context, id string) (eventstore.Position, error) {
	return c.ids[id], nil
}

func (c *collected) Parked(context.Context) ([]Parked, error) { return c.parked, nil }

func (c *collected) MissingKeys(context.Context) ([]MissingKey, error) { return c.missing, nil }

func (c *collected) PutSubjects(_ context.Context, subjects []Subject) error {
	for _, s := range subjects {
		c.subjects[s.Subject] = s
	}
	return nil
}

func (c *collected) PutCells(_ context.Context, cells []NumberedCell) error {
	c.cells = append(c.cells, cells...)
	return nil
}

func (c *collected) PutRows(_ context.Context, t Table, values []int64) error {
	if len(values)%len(t.Columns) != 0 {
		return fmt.Errorf("%d values are no rows of %s", len(values), t.Name)
	}
	if c.tables == nil || c.tables[t.Name] {
		c.rows[t.Name] = append(c.rows[t.Name], values...)
	}
	return nil
}

func (c *collected) PutSealed(_ context.Context, sealed []SealedEntry) error {
	if c.tables == nil {
		c.sealed = append(c.sealed, sealed...)
	}
	return nil
}

func (c *collected) PutIDs(_ context.Context, ids map[string]eventstore.Position) error {
	for id, at := range ids {
		if _, there := c.ids[id]; !there && c.tables == nil {
			c.ids[id] = at
		}
	}
	return nil
}

func (c *collected) PutParked(_ context.Context, parked []Parked) error {
	for _, p := range parked {
		c.parked = slices.DeleteFunc(c.parked, func(have Parked) bool { return have.Subject == p.Subject })
		c.parked = append(c.parked, p)
	}
	return nil
}

func (c *collected) PutMissingKeys(_ context.Context, missing []MissingKey) error {
	c.missing = append(c.missing, missing...)
	return nil
}
