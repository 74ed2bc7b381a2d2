// Package sqlite keeps read models in one SQLite file, without cgo.
//
// The file is derived from the log: it can be deleted at any time and is then
// built anew. A file that another version of the program wrote is built anew
// too. One connection writes, others read; a reader sees the state that was
// committed when it began (write-ahead log).
package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	_ "embed" // the schema
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	_ "modernc.org/sqlite" // the driver

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/projections"
)

//go:embed schema.sql
var schema string

// layout changes when the same schema would be filled with other rows.
const layout = "1"

// maxReaders bounds the connections that read. Each has a page cache, which lies
// outside the heap that the Go runtime bounds.
const maxReaders = 4

// Store is a database of read models. It is safe for concurrent use.
type Store struct {
	write *sql.DB
	read  *sql.DB
}

var _ projections.Store = (*Store)(nil)

// Open opens the file, or makes it. What it holds must come from the ledger
// with this id and from this version of the program, or it is emptied.
func Open(ctx context.Context, path, ledger string) (*Store, error) {
	// It holds ethnicity and religion, so it is its owner's only. SQLite gives its
	// other files the same mode.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	dsn := func(more string) string {
		// Pragmas belong to a connection, so they stand in its name.
		return "file:" + url.PathEscape(path) + "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=temp_store(MEMORY)" + more
	}
	w, err := sql.Open("sqlite", dsn("&_txlock=immediate&_pragma=cache_size(-32768)"))
	if err != nil {
		return nil, err
	}
	w.SetMaxOpenConns(1)
	s := &Store{write: w}
	if err := s.prepare(ctx, ledger); err != nil {
		return nil, errors.Join(fmt.Errorf("read models %s: %w", path, err), w.Close())
	}
	if s.read, err = sql.Open("sqlite", dsn("&_pragma=query_only(1)&_pragma=cache_size(-8192)")); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	s.read.SetMaxOpenConns(maxReaders)
	return s, nil
}

// Close ends all connections.
func (s *Store) Close() error { return errors.Join(s.read.Close(), s.write.Close()) }

// Version names what this program stores: it changes with the schema and with
// what the rows mean.
func Version() string {
	sum := sha256.Sum256([]byte(layout + "\n" + projections.EntriesVersion() + "\n" + schema))
	return hex.EncodeToString(sum[:8])
}

func (s *Store) prepare(ctx context.Context, ledger string) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	var tables int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE name = 'checkpoint'`).Scan(&tables); err != nil {
		return err
	}
	if tables > 0 {
		var have, version string
		if err := tx.QueryRowContext(ctx, `SELECT ledger, version FROM checkpoint`).Scan(&have, &version); err != nil {
			return err
		}
		if have == ledger && version == Version() {
			return nil
		}
	}
	if err := recreate(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO checkpoint (position, generation, ledger, version) VALUES (0, 0, $1, $2)`, ledger, Version()); err != nil {
		return err
	}
	return tx.Commit()
}

// recreate drops every table of the file and makes those of the schema.
func recreate(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
	if err != nil {
		return err
	}
	var drop []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return errors.Join(err, rows.Close())
		}
		drop = append(drop, `DROP TABLE "`+strings.ReplaceAll(name, `"`, `""`)+`"`)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, statement := range append(drop, schema) {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// Read implements [projections.Store].
func (s *Store) Read(ctx context.Context, f func(projections.Reader) error) error {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	t := &transaction{tx: tx, statements: map[string]*sql.Stmt{}}
	defer t.close()
	return f(t)
}

// Write implements [projections.Store].
func (s *Store) Write(ctx context.Context, from projections.Checkpoint, f func(projections.Writer) (projections.Checkpoint, error)) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	t := &transaction{tx: tx, statements: map[string]*sql.Stmt{}}
	defer t.close()
	to, err := f(t)
	if err != nil {
		return err
	}
	for _, statement := range t.atEnd {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	res, err := tx.ExecContext(ctx, `UPDATE checkpoint SET position = $1, generation = $2 WHERE position = $3 AND generation = $4`,
		to.Position, to.Generation, from.Position, from.Generation)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(projections.ErrMoved, err)
	}
	return tx.Commit()
}

// transaction is a Reader or a Writer. It keeps its prepared statements, because
// an import asks for thousands of subjects in one.
type transaction struct {
	tx         *sql.Tx
	statements map[string]*sql.Stmt
	atEnd      []string
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
