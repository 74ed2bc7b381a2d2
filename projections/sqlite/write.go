package sqlite

import (
	"context"
	"fmt"
	"strings"

	"rollbook/eventstore"
	"rollbook/projections"
)

// indexes are dropped while a rebuild fills the tables and made again at its
// end, which is faster than keeping them up row by row.
var indexes = map[string]string{
	"headcount_to_cell": `CREATE INDEX headcount_to_cell ON headcount (to_cell, member)`,
}

// Clear implements [projections.Writer].
func (t *transaction) Clear(ctx context.Context) error {
	var ledger, version string
	var position, generation int64
	if err := t.tx.QueryRowContext(ctx, `SELECT position, generation, ledger, version FROM checkpoint`).Scan(&position, &generation, &ledger, &version); err != nil {
		return err
	}
	if err := recreate(ctx, t.tx); err != nil {
		return err
	}
	if _, err := t.tx.ExecContext(ctx, `INSERT INTO checkpoint (position, generation, ledger, version) VALUES ($1, $2, $3, $4)`, position, generation, ledger, version); err != nil {
		return err
	}
	for name, create := range indexes {
		if _, err := t.tx.ExecContext(ctx, `DROP INDEX `+name); err != nil {
			return err
		}
		t.atEnd = append(t.atEnd, create)
	}
	return nil
}

// PutSubjects implements [projections.Writer].
func (t *transaction) PutSubjects(ctx context.Context, subjects []projections.Subject) error {
	st, err := t.prepared(ctx, `INSERT INTO subject (kind, id, number, position, count, entries) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (kind, id) DO UPDATE SET number = excluded.number, position = excluded.position, count = excluded.count, entries = excluded.entries`)
	if err != nil {
		return err
	}
	for _, s := range subjects {
		if _, err := st.ExecContext(ctx, s.Subject.Kind(), s.Subject.ID(), s.Number, s.Head.Position, s.Head.Count, s.Entries); err != nil {
			return err
		}
	}
	return nil
}

// PutCells implements [projections.Writer].
func (t *transaction) PutCells(ctx context.Context, cells []projections.NumberedCell) error {
	st, err := t.prepared(ctx, `INSERT INTO cell (number, organisation, status, gender, ethnicity, religion) VALUES ($1, $2, $3, $4, $5, $6)`)
	if err != nil {
		return err
	}
	for _, c := range cells {
		if _, err := st.ExecContext(ctx, c.Number, c.Cell.Organisation, c.Cell.Status, c.Cell.Gender, c.Cell.Ethnicity, c.Cell.Religion); err != nil {
			return err
		}
	}
	return nil
}

// PutRows implements [projections.Writer].
func (t *transaction) PutRows(ctx context.Context, table projections.Table, values []int64) error {
	n := len(table.Columns)
	holders := make([]string, n)
	for i := range holders {
		holders[i] = fmt.Sprintf("$%d", i+1)
	}
	// A prepared insert row by row is the fastest way into this driver.
	st, err := t.prepared(ctx, fmt.Sprintf(`INSERT INTO %s (%s) VALUES (%s)`, table.Name, strings.Join(table.Columns, ", "), strings.Join(holders, ", ")))
	if err != nil {
		return err
	}
	args := make([]any, n)
	for ; len(values) >= n; values = values[n:] {
		for i, v := range values[:n] {
			args[i] = v
		}
		if _, err := st.ExecContext(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// PutIDs implements [projections.Writer].
func (t *transaction) PutIDs(ctx context.Context, ids map[string]eventstore.Position) error {
	st, err := t.prepared(ctx, `INSERT INTO event_id (id, position) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`)
	if err != nil {
		return err
	}
	for id, position := range ids {
		if _, err := st.ExecContext(ctx, id, position); err != nil {
			return err
		}
	}
	return nil
}

// PutParked implements [projections.Writer].
func (t *transaction) PutParked(ctx context.Context, parked []projections.Parked) error {
	for _, p := range parked {
		if _, err := t.tx.ExecContext(ctx, `INSERT INTO parked (subject, position, records, reason) VALUES ($1, $2, $3, $4)
			ON CONFLICT (subject) DO UPDATE SET records = excluded.records`, p.Subject, p.Position, p.Records, p.Reason); err != nil {
			return err
		}
	}
	return nil
}

// PutMissingKeys implements [projections.Writer].
func (t *transaction) PutMissingKeys(ctx context.Context, missing []projections.MissingKey) error {
	st, err := t.prepared(ctx, `INSERT INTO missing_key (subject, position) VALUES ($1, $2) ON CONFLICT (subject) DO NOTHING`)
	if err != nil {
		return err
	}
	for _, m := range missing {
		if _, err := st.ExecContext(ctx, m.Subject, m.Position); err != nil {
			return err
		}
	}
	return nil
}
