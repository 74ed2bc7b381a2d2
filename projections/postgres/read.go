package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"rollbook/domain"
	"rollbook/eventstore"
	pg "rollbook/internal/postgres"
	"rollbook/projections"
)

// tables are those of a generation.
func tables() []string {
	names := []string{"subject", "cell", "event_id", "parked", "missing_key", "sealed"}
	for _, m := range projections.Models() {
		names = append(names, m.Table.Name)
	}
	return names
}

// sql puts the names of the generation's tables, which stand in braces, into a
// statement.
func (t *transaction) sql(statement string) string {
	for _, name := range tables() {
		statement = strings.ReplaceAll(statement, "{"+name+"}", pg.Name(t.schema, name))
	}
	return statement
}

// Checkpoint implements [projections.Reader].
func (t *transaction) Checkpoint(context.Context) (projections.Checkpoint, error) {
	t.home.saw(t.generation)
	return t.checkpoint, nil
}

// Subject implements [projections.Reader].
func (t *transaction) Subject(ctx context.Context, s domain.Subject) (projections.Subject, bool, error) {
	found := projections.Subject{Subject: s}
	if err := t.index(ctx, subjectKey); err != nil {
		return found, false, err
	}
	err := t.tx.QueryRow(ctx, t.sql(`SELECT number, position, count, entries FROM {subject} WHERE kind = $1 AND id = $2`), string(s.Kind()), s.ID()).
		Scan(&found.Number, &found.Head.Position, &found.Head.Count, &found.Entries)
	if errors.Is(err, pgx.ErrNoRows) {
		return found, false, nil
	}
	return found, err == nil, t.note(err)
}

// SubjectsOf implements [projections.Reader].
func (t *transaction) SubjectsOf(ctx context.Context, kind domain.Kind, f func(projections.Subject) error) error {
	if err := t.flush(ctx); err != nil {
		return err
	}
	return t.each(ctx, func(rows pgx.Rows) error {
		var s projections.Subject
		var id string
		if err := rows.Scan(&s.Number, &id, &s.Head.Position, &s.Head.Count, &s.Entries); err != nil {
			return err
		}
		s.Subject = domain.Subject(string(kind) + "/" + id)
		return f(s)
	}, t.sql(`SELECT number, id, position, count, entries FROM {subject} WHERE kind = $1 ORDER BY number, id`), string(kind))
}

// LastNumber implements [projections.Reader].
func (t *transaction) LastNumber(ctx context.Context) (n int64, err error) {
	if err := t.index(ctx, subjectNumber); err != nil {
		return 0, err
	}
	err = t.tx.QueryRow(ctx, t.sql(`SELECT coalesce(max(number), 0) FROM {subject}`)).Scan(&n)
	return n, t.note(err)
}

// MembersOf implements [projections.Reader].
func (t *transaction) MembersOf(ctx context.Context, organisation string) (members []domain.Subject, err error) {
	for _, name := range []string{headcountCell, subjectNumber} {
		if err := t.index(ctx, name); err != nil {
			return nil, err
		}
	}
	err = t.each(ctx, func(rows pgx.Rows) error {
		var id string
		err := rows.Scan(&id)
		members = append(members, domain.MemberSubject(id))
		return err
	}, t.sql(`SELECT id FROM {subject} WHERE number IN
		(SELECT member FROM {headcount} WHERE to_cell IN (SELECT number FROM {cell} WHERE organisation = $1)) AND number > 0`), organisation)
	return members, err
}

// Cells implements [projections.Reader].
func (t *transaction) Cells(ctx context.Context, after int64) (cells []projections.NumberedCell, err error) {
	err = t.each(ctx, func(rows pgx.Rows) error {
		var c projections.NumberedCell
		err := rows.Scan(&c.Number, &c.Cell.Organisation, &c.Cell.Status, &c.Cell.Gender, &c.Cell.Ethnicity, &c.Cell.Religion)
		cells = append(cells, c)
		return err
	}, t.sql(`SELECT number, organisation, status, gender, ethnicity, religion FROM {cell} WHERE number > $1 ORDER BY number`), after)
	return cells, err
}

// Rows implements [projections.Reader].
func (t *transaction) Rows(ctx context.Context, table projections.Table, n int64, f func(row []int64)) error {
	if err := t.index(ctx, rowKey(table)); err != nil {
		return err
	}
	row := make([]int64, len(table.Columns))
	into := make([]any, len(row))
	for i := range row {
		into[i] = &row[i]
	}
	query := fmt.Sprintf(`SELECT %s FROM %s WHERE row > $1 ORDER BY row`, strings.Join(table.Columns, ", "), pg.Name(t.schema, table.Name))
	return t.each(ctx, func(rows pgx.Rows) error {
		// Scan is several times slower, and there are millions of rows.
		if !wholeNumbers(rows, row) {
			if err := rows.Scan(into...); err != nil {
				return err
			}
		}
		f(row)
		return nil
	}, query, n)
}

// wholeNumbers reads a row of integers in their binary form. It returns false
// for a row in another form.
func wholeNumbers(rows pgx.Rows, row []int64) bool {
	fields := rows.FieldDescriptions()
	for i, v := range rows.RawValues() {
		if fields[i].Format != pgx.BinaryFormatCode {
			return false
		}
		n, ok := wholeNumber(v)
		if !ok {
			return false
		}
		row[i] = n
	}
	return true
}

// wholeNumber reads an integer in its binary form.
func wholeNumber(v []byte) (int64, bool) {
	switch len(v) {
	case 8:
		return int64(binary.BigEndian.Uint64(v)), true
	case 4:
		return int64(int32(binary.BigEndian.Uint32(v))), true
	case 2:
		return int64(int16(binary.BigEndian.Uint16(v))), true
	}
	return 0, false
}

// IDPosition implements [projections.Reader].
func (t *transaction) IDPosition(ctx context.Context, id string) (p eventstore.Position, err error) {
	if err := t.index(ctx, eventKey); err != nil {
		return 0, err
	}
	err = t.tx.QueryRow(ctx, t.sql(`SELECT position FROM {event_id} WHERE id = $1`), []byte(id)).Scan(&p)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	return p, t.note(err)
}

// Parked implements [projections.Reader].
func (t *transaction) Parked(ctx context.Context) (parked []projections.Parked, err error) {
	err = t.each(ctx, func(rows pgx.Rows) error {
		var p projections.Parked
		var subject []byte
		err := rows.Scan(&subject, &p.Position, &p.Records, &p.Reason)
		p.Subject = domain.Subject(subject)
		parked = append(parked, p)
		return err
	}, t.sql(`SELECT subject, position, records, reason FROM {parked} ORDER BY position`))
	return parked, err
}

// MissingKeys implements [projections.Reader].
func (t *transaction) MissingKeys(ctx context.Context) (missing []projections.MissingKey, err error) {
	err = t.each(ctx, func(rows pgx.Rows) error {
		var m projections.MissingKey
		err := rows.Scan(&m.Subject, &m.Position)
		missing = append(missing, m)
		return err
	}, t.sql(`SELECT subject, position FROM {missing_key} ORDER BY position, subject`))
	return missing, err
}

func (t *transaction) each(ctx context.Context, f func(pgx.Rows) error, query string, args ...any) error {
	rows, err := t.tx.Query(ctx, query, args...)
	if err != nil {
		return t.note(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return t.note(rows.Err())
}

// Sealed implements [projections.Reader].
func (t *transaction) Sealed(ctx context.Context, after int64, f func(projections.SealedEntry) error) error {
	if err := t.index(ctx, sealedKey); err != nil {
		return err
	}
	return t.each(ctx, func(rows pgx.Rows) error {
		var s projections.SealedEntry
		var id []byte
		if err := rows.Scan(&s.Sequence, &s.Member, &id, &s.Type, &s.Schema, &s.Data); err != nil {
			return err
		}
		s.ID = string(id)
		return f(s)
	}, t.sql(`SELECT sequence, member, id, type, schema, data FROM {sealed} WHERE sequence > $1 ORDER BY sequence`), after)
}

// IDs implements [projections.Reader].
func (t *transaction) IDs(ctx context.Context, f func(string, eventstore.Position) error) error {
	if err := t.index(ctx, eventKey); err != nil {
		return err
	}
	return t.each(ctx, func(rows pgx.Rows) error {
		var id []byte
		var at eventstore.Position
		if err := rows.Scan(&id, &at); err != nil {
			return err
		}
		return f(string(id), at)
	}, t.sql(`SELECT id, position FROM {event_id}`))
}
