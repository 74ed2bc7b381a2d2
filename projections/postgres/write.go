package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"rollbook/eventstore"
	pg "rollbook/internal/postgres"
	"rollbook/projections"
)

// index is what a table gets when it was filled, which is faster than to keep
// it up row by row, or when something has to be looked up before.
type index struct{ name, statement string }

const (
	subjectKey    = "subject key"
	subjectNumber = "subject number"
	headcountCell = "headcount cell"
	eventKey      = "event_id key"
	sealedKey     = "sealed key"
)

func rowKey(t projections.Table) string { return t.Name + " row" }

func indexes() []index {
	list := []index{
		{subjectKey, `ALTER TABLE {subject} ADD PRIMARY KEY (kind, id)`},
		{subjectNumber, `CREATE INDEX subject_number ON {subject} (number)`},
		{headcountCell, `CREATE INDEX headcount_to_cell ON {headcount} (to_cell, member)`},
		{eventKey, `ALTER TABLE {event_id} ADD PRIMARY KEY (id)`},
		{sealedKey, `ALTER TABLE {sealed} ADD PRIMARY KEY (sequence)`},
	}
	for _, m := range projections.Models() {
		list = append(list, index{rowKey(m.Table), `ALTER TABLE {` + m.Table.Name + `} ADD PRIMARY KEY (row)`})
	}
	return list
}

// renew lets the transaction go on with empty tables in a schema of their own,
// which nobody else sees until it commits.
func (t *transaction) renew(ctx context.Context) error {
	var number int64
	if err := t.tx.QueryRow(ctx, t.home.sql(`SELECT nextval({numbers})`)).Scan(&number); err != nil {
		return t.note(err)
	}
	if _, err := t.tx.Exec(ctx, t.home.sql(`INSERT INTO {discarded} (schema) VALUES ($1)`), t.schema); err != nil {
		return t.note(err)
	}
	schema, err := t.home.tables(ctx, t.tx, number)
	if err != nil {
		return t.note(err)
	}
	if _, err := t.tx.Exec(ctx, `SET LOCAL maintenance_work_mem = '256MB'`); err != nil {
		return t.note(err)
	}
	t.schema, t.renewed, t.virgin, t.missing = schema, true, true, indexes()
	clear(t.buffers)
	clear(t.lasts)
	return nil
}

// index makes an index that something is about to be looked up by, if it is not
// there, and brings what was put so far into the tables.
func (t *transaction) index(ctx context.Context, name string) error {
	if err := t.flush(ctx); err != nil {
		return err
	}
	i := slices.IndexFunc(t.missing, func(i index) bool { return i.name == name })
	if i < 0 {
		return nil
	}
	statement := t.sql(t.missing[i].statement)
	t.missing = slices.Delete(t.missing, i, i+1)
	if name != eventKey {
		_, err := t.tx.Exec(ctx, statement)
		return t.note(err)
	}
	// Two records may carry one id, if another hand has written them. The first
	// one counts.
	inner, err := t.tx.Begin(ctx)
	if err != nil {
		return t.note(err)
	}
	if _, err = inner.Exec(ctx, statement); err == nil {
		return t.note(inner.Commit(ctx))
	}
	if !pg.Exists(err) {
		return t.note(err)
	}
	if err := inner.Rollback(ctx); err != nil {
		return t.note(err)
	}
	if _, err := t.tx.Exec(ctx, t.sql(`DELETE FROM {event_id} AS a USING {event_id} AS b WHERE a.id = b.id AND a.position > b.position`)); err != nil {
		return t.note(err)
	}
	_, err = t.tx.Exec(ctx, statement)
	return t.note(err)
}

// finish brings everything into the tables and makes the indexes that are
// missing.
func (t *transaction) finish(ctx context.Context) error {
	if err := t.flush(ctx); err != nil {
		return err
	}
	for len(t.missing) > 0 {
		if err := t.index(ctx, t.missing[0].name); err != nil {
			return err
		}
	}
	if t.renewed {
		// Without it the first look-ups would be planned as if the tables were
		// empty.
		_, err := t.tx.Exec(ctx, t.sql(`ANALYZE {subject}, {cell}, {headcount}, {event_id}`))
		return t.note(err)
	}
	return nil
}

// move sets the checkpoint.
func (t *transaction) move(ctx context.Context, to projections.Checkpoint) error {
	if to.Generation != t.checkpoint.Generation {
		return projections.ErrMoved
	}
	tag, err := t.tx.Exec(ctx, t.home.sql(`UPDATE {generation}
		SET schema = $2, filled = true, position = $3, previous = position, owner = $4
		WHERE number = $1 AND position = $5 AND owner = $6`),
		t.number, t.schema, to.Position, t.home.epoch, t.checkpoint.Position, t.owner)
	if err == nil && tag.RowsAffected() != 1 {
		return projections.ErrMoved // it cannot be, since the row is locked
	}
	return t.note(err)
}

// PutSubjects implements [projections.Writer].
func (t *transaction) PutSubjects(ctx context.Context, subjects []projections.Subject) error {
	if len(subjects) == 0 {
		return nil
	}
	if t.virgin {
		t.virgin = false
		b := t.buffer("subject", "kind", "id", "number", "position", "count", "entries")
		for _, s := range subjects {
			b.begin()
			b.bytes([]byte(s.Subject.Kind()))
			b.bytes([]byte(s.Subject.ID()))
			b.int8(s.Number)
			b.int8(int64(s.Head.Position))
			b.int8(int64(s.Head.Count))
			b.bytes(s.Entries)
			if err := t.spill(ctx, b); err != nil {
				return err
			}
		}
		return t.flush(ctx)
	}
	if err := t.index(ctx, subjectKey); err != nil {
		return err
	}
	for part := range slices.Chunk(subjects, 1000) {
		var kinds, ids []string
		var numbers, positions, counts []int64
		var entries [][]byte
		for _, s := range part {
			kinds, ids, numbers = append(kinds, string(s.Subject.Kind())), append(ids, s.Subject.ID()), append(numbers, s.Number)
			positions, counts = append(positions, int64(s.Head.Position)), append(counts, int64(s.Head.Count))
			entries = append(entries, s.Entries)
		}
		_, err := t.tx.Exec(ctx, t.sql(`INSERT INTO {subject} (kind, id, number, position, count, entries)
			SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[])
			ON CONFLICT (kind, id) DO UPDATE SET number = excluded.number, position = excluded.position, count = excluded.count, entries = excluded.entries`),
			kinds, ids, numbers, positions, counts, entries)
		if err != nil {
			return t.note(err)
		}
	}
	return nil
}

// PutCells implements [projections.Writer].
func (t *transaction) PutCells(ctx context.Context, cells []projections.NumberedCell) error {
	var batch pgx.Batch
	for _, c := range cells {
		batch.Queue(t.sql(`INSERT INTO {cell} (number, organisation, status, gender, ethnicity, religion) VALUES ($1, $2, $3, $4, $5, $6)`),
			c.Number, c.Cell.Organisation, string(c.Cell.Status), string(c.Cell.Gender), string(c.Cell.Ethnicity), string(c.Cell.Religion))
	}
	return t.send(ctx, &batch)
}

// PutRows implements [projections.Writer].
func (t *transaction) PutRows(ctx context.Context, table projections.Table, values []int64) error {
	n := len(table.Columns)
	if len(values) == 0 {
		return nil
	}
	last, known := t.lasts[table.Name]
	if !known && !t.renewed {
		err := t.tx.QueryRow(ctx, t.sql(`SELECT coalesce(max(row), 0) FROM {`+table.Name+`}`)).Scan(&last)
		if err != nil {
			return t.note(err)
		}
	}
	b := t.buffer(table.Name, append([]string{"row"}, table.Columns...)...)
	for ; len(values) >= n; values = values[n:] {
		last++
		b.begin()
		b.int8(last)
		for i, v := range values[:n] {
			if err := b.integer(table.Columns[i], v); err != nil {
				return err
			}
		}
		if err := t.spill(ctx, b); err != nil {
			return err
		}
	}
	t.lasts[table.Name] = last
	return nil
}

// PutSealed implements [projections.Writer].
func (t *transaction) PutSealed(ctx context.Context, sealed []projections.SealedEntry) error {
	b := t.buffer("sealed", "sequence", "member", "id", "type", "schema", "data")
	for _, s := range sealed {
		b.begin()
		b.int8(s.Sequence)
		if err := b.integer("member", s.Member); err != nil {
			return err
		}
		b.bytes([]byte(s.ID))
		b.bytes([]byte(s.Type))
		b.bytes([]byte(s.Schema))
		b.bytes(s.Data)
		if err := t.spill(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// PutIDs implements [projections.Writer].
func (t *transaction) PutIDs(ctx context.Context, ids map[string]eventstore.Position) error {
	if slices.ContainsFunc(t.missing, func(i index) bool { return i.name == eventKey }) {
		b := t.buffer("event_id", "id", "position")
		for id, position := range ids {
			b.begin()
			b.bytes([]byte(id))
			b.int8(int64(position))
			if err := t.spill(ctx, b); err != nil {
				return err
			}
		}
		return nil
	}
	if len(ids) == 0 {
		return nil
	}
	var names [][]byte
	var positions []int64
	for id, position := range ids {
		names, positions = append(names, []byte(id)), append(positions, int64(position))
	}
	_, err := t.tx.Exec(ctx, t.sql(`INSERT INTO {event_id} (id, position) SELECT * FROM unnest($1::bytea[], $2::bigint[]) ON CONFLICT (id) DO NOTHING`), names, positions)
	return t.note(err)
}

// PutParked implements [projections.Writer].
func (t *transaction) PutParked(ctx context.Context, parked []projections.Parked) error {
	var batch pgx.Batch
	for _, p := range parked {
		batch.Queue(t.sql(`INSERT INTO {parked} (subject, position, records, reason) VALUES ($1, $2, $3, $4)
			ON CONFLICT (subject) DO UPDATE SET records = excluded.records`), []byte(p.Subject), int64(p.Position), p.Records, p.Reason)
	}
	return t.send(ctx, &batch)
}

// PutMissingKeys implements [projections.Writer].
func (t *transaction) PutMissingKeys(ctx context.Context, missing []projections.MissingKey) error {
	var batch pgx.Batch
	for _, m := range missing {
		batch.Queue(t.sql(`INSERT INTO {missing_key} (subject, position) VALUES ($1, $2) ON CONFLICT (subject) DO NOTHING`), string(m.Subject), int64(m.Position))
	}
	return t.send(ctx, &batch)
}

// send does the statements of a batch in one round.
func (t *transaction) send(ctx context.Context, batch *pgx.Batch) error {
	if batch.Len() == 0 {
		return nil
	}
	return t.note(t.tx.SendBatch(ctx, batch).Close())
}
