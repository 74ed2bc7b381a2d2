package sqlite

import (
	"context"
	"fmt"
	"strings"

	"rollbook/eventstore"
	"rollbook/projections"
)

// indexes are made when a generation has been filled, which is faster than to
// keep them up row by row, or when something is looked up by them before.
func indexes() map[string]string {
	return map[string]string{
		"subject_number":    `CREATE INDEX subject_number ON subject (number)`,
		"headcount_to_cell": `CREATE INDEX headcount_to_cell ON headcount (to_cell, member)`,
	}
}

// withoutIndexes drops them until [transaction.index] makes them.
func (t *transaction) withoutIndexes(ctx context.Context) error {
	t.missing = indexes()
	for name := range t.missing {
		if _, err := t.tx.ExecContext(ctx, `DROP INDEX `+name); err != nil {
			return err
		}
	}
	return nil
}

func (t *transaction) index(ctx context.Context) error {
	for name, create := range t.missing {
		if _, err := t.tx.ExecContext(ctx, create); err != nil {
			return err
		}
		delete(t.missing, name)
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

// PutSealed implements [projections.Writer].
func (t *transaction) PutSealed(ctx context.Context, sealed []projections.SealedEntry) error {
	st, err := t.prepared(ctx, `INSERT INTO sealed (sequence, member, id, type, schema, data) VALUES ($1, $2, $3, $4, $5, $6)`)
	if err != nil {
		return err
	}
	for _, s := range sealed {
		if _, err := st.ExecContext(ctx, s.Sequence, s.Member, s.ID, s.Type, s.Schema, s.Data); err != nil {
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
