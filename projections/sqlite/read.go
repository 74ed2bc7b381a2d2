package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/projections"
)

// transaction is a Reader or a Writer. It keeps its prepared statements, because
// an import asks for thousands of subjects in one.
type transaction struct {
	tx         *sql.Tx
	generation int64
	statements map[string]*sql.Stmt
	missing    map[string]string // indexes that are made when they are needed, or at the end
}

func (t *transaction) close() {
	for _, s := range t.statements {
		_ = s.Close()
	}
}

func (t *transaction) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := t.statements[query]; s != nil {
		return s, nil
	}
	s, err := t.tx.PrepareContext(ctx, query)
	if err == nil {
		t.statements[query] = s
	}
	return s, err
}

// Checkpoint implements [projections.Reader].
func (t *transaction) Checkpoint(ctx context.Context) (c projections.Checkpoint, err error) {
	err = t.tx.QueryRowContext(ctx, `SELECT position, generation FROM checkpoint`).Scan(&c.Position, &c.Generation)
	if err == nil && c.Generation != t.generation {
		err = fmt.Errorf("%w: the file of generation %d holds generation %d", projections.ErrNoGeneration, t.generation, c.Generation)
	}
	return c, err
}

// Subject implements [projections.Reader].
func (t *transaction) Subject(ctx context.Context, s domain.Subject) (projections.Subject, bool, error) {
	found := projections.Subject{Subject: s}
	const query = `SELECT number, position, count, entries FROM subject WHERE kind = $1 AND id = $2`
	st, err := t.prepared(ctx, query)
	if err != nil {
		return found, false, err
	}
	err = st.QueryRowContext(ctx, s.Kind(), s.ID()).Scan(&found.Number, &found.Head.Position, &found.Head.Count, &found.Entries)
	if errors.Is(err, sql.ErrNoRows) {
		return found, false, nil
	}
	return found, err == nil, err
}

// SubjectsOf implements [projections.Reader].
func (t *transaction) SubjectsOf(ctx context.Context, kind domain.Kind, f func(projections.Subject) error) error {
	return t.each(ctx, func(rows *sql.Rows) error {
		var s projections.Subject
		var id string
		if err := rows.Scan(&s.Number, &id, &s.Head.Position, &s.Head.Count, &s.Entries); err != nil {
			return err
		}
		s.Subject = domain.Subject(string(kind) + "/" + id)
		return f(s)
	}, `SELECT number, id, position, count, entries FROM subject WHERE kind = $1 ORDER BY number, id`, kind)
}

// LastNumber implements [projections.Reader].
func (t *transaction) LastNumber(ctx context.Context) (n int64, err error) {
	err = t.tx.QueryRowContext(ctx, `SELECT coalesce(max(number), 0) FROM subject`).Scan(&n)
	return n, err
}

// MembersOf implements [projections.Reader].
func (t *transaction) MembersOf(ctx context.Context, organisation string) (members []domain.Subject, err error) {
	if err := t.index(ctx); err != nil {
		return nil, err
	}
	err = t.each(ctx, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		members = append(members, domain.MemberSubject(id))
		return err
	}, `SELECT id FROM subject WHERE number IN
		(SELECT member FROM headcount WHERE to_cell IN (SELECT number FROM cell WHERE organisation = $1)) AND number > 0`, organisation)
	return members, err
}

// Cells implements [projections.Reader].
func (t *transaction) Cells(ctx context.Context, after int64) (cells []projections.NumberedCell, err error) {
	err = t.each(ctx, func(rows *sql.Rows) error {
		var c projections.NumberedCell
		err := rows.Scan(&c.Number, &c.Cell.Organisation, &c.Cell.Status, &c.Cell.Gender, &c.Cell.Ethnicity, &c.Cell.Religion)
		cells = append(cells, c)
		return err
	}, `SELECT number, organisation, status, gender, ethnicity, religion FROM cell WHERE number > $1 ORDER BY number`, after)
	return cells, err
}

// Rows implements [projections.Reader].
func (t *transaction) Rows(ctx context.Context, table projections.Table, n int64, f func(row []int64)) error {
	row := make([]int64, len(table.Columns))
	into := make([]any, len(row))
	for i := range row {
		into[i] = &row[i]
	}
	// The row number counts from 1 without gaps, since nothing is ever deleted.
	query := fmt.Sprintf(`SELECT %s FROM %s WHERE rowid > $1 ORDER BY rowid`, strings.Join(table.Columns, ", "), table.Name)
	return t.each(ctx, func(rows *sql.Rows) error {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		f(row)
		return nil
	}, query, n)
}

// IDPosition implements [projections.Reader].
func (t *transaction) IDPosition(ctx context.Context, id string) (p eventstore.Position, err error) {
	err = t.tx.QueryRowContext(ctx, `SELECT position FROM event_id WHERE id = $1`, id).Scan(&p)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return p, err
}

// Parked implements [projections.Reader].
func (t *transaction) Parked(ctx context.Context) (parked []projections.Parked, err error) {
	err = t.each(ctx, func(rows *sql.Rows) error {
		var p projections.Parked
		err := rows.Scan(&p.Subject, &p.Position, &p.Records, &p.Reason)
		parked = append(parked, p)
		return err
	}, `SELECT subject, position, records, reason FROM parked ORDER BY position`)
	return parked, err
}

// MissingKeys implements [projections.Reader].
func (t *transaction) MissingKeys(ctx context.Context) (missing []projections.MissingKey, err error) {
	err = t.each(ctx, func(rows *sql.Rows) error {
		var m projections.MissingKey
		err := rows.Scan(&m.Subject, &m.Position)
		missing = append(missing, m)
		return err
	}, `SELECT subject, position FROM missing_key ORDER BY position, subject`)
	return missing, err
}

func (t *transaction) each(ctx context.Context, f func(*sql.Rows) error, query string, args ...any) error {
	rows, err := t.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := f(rows); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

// Sealed implements [projections.Reader].
func (t *transaction) Sealed(ctx context.Context, after int64, f func(projections.SealedEntry) error) error {
	return t.each(ctx, func(rows *sql.Rows) error {
		var s projections.SealedEntry
		var data sql.RawBytes
		if err := rows.Scan(&s.Sequence, &s.Member, &s.ID, &s.Type, &s.Schema, &data); err != nil {
			return err
		}
		s.Data = data
		return f(s)
	}, `SELECT sequence, member, id, type, schema, data FROM sealed WHERE sequence > $1 ORDER BY sequence`, after)
}

// IDs implements [projections.Reader].
func (t *transaction) IDs(ctx context.Context, f func(string, eventstore.Position) error) error {
	return t.each(ctx, func(rows *sql.Rows) error {
		var id string
		var at eventstore.Position
		if err := rows.Scan(&id, &at); err != nil {
			return err
		}
		return f(id, at)
	}, `SELECT id, position FROM event_id`)
}
