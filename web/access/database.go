package access

import (
	"context"
	"database/sql"
	_ "embed" // the schema
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver

	pg "rollbook/internal/postgres"
)

// File is the database of a data directory. It cannot be made anew.
const File = "access.db"

//go:embed schema.sql
var schema string

// format is the newest that schema.sql makes.
const format = 2

// ErrFormat means that a newer version of the program has made the accounts.
var ErrFormat = errors.New("the accounts were made by a newer version of this program; use that one")

// database is where accounts lie: a SQLite file, or a schema of a PostgreSQL
// database. Both take the same statements.
type database struct {
	write, read *sql.DB
}

// openDatabase opens the database in a data directory or, if a URL is given,
// that one, and makes what is not there.
func openDatabase(ctx context.Context, dir, address string) (*database, error) {
	if address != "" {
		return openPostgres(ctx, address)
	}
	path := filepath.Join(dir, File)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // SQLite gives its other files the same mode
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	// FULL: who was let in, and what was read, is on the disk when it is answered.
	dsn := "file:" + url.PathEscape(path) + "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=temp_store(MEMORY)"
	d := &database{}
	if d.write, err = sql.Open("sqlite", dsn+"&_txlock=immediate"); err != nil {
		return nil, err
	}
	d.write.SetMaxOpenConns(1)
	if _, err = d.write.ExecContext(ctx, schema); err == nil {
		err = checkFormat(ctx, d.write)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), d.write.Close())
	}
	if d.read, err = sql.Open("sqlite", dsn+"&_pragma=query_only(1)"); err != nil {
		return nil, errors.Join(err, d.write.Close())
	}
	d.read.SetMaxOpenConns(4)
	return d, nil
}

func openPostgres(ctx context.Context, address string) (*database, error) {
	db, err := pg.Open(ctx, address)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	name := db.Schema + "_access" // of the characters a-z 0-9 _, see pg.Open
	lock, err := db.Lock(ctx, "access")
	if err != nil {
		return nil, err
	}
	_, err = db.Exec(ctx, `CREATE SCHEMA IF NOT EXISTS `+name+`; SET search_path TO `+name+`;`+schema)
	if err := errors.Join(pg.Explain(err), lock.Release(ctx)); err != nil {
		return nil, err
	}
	config := db.Config().ConnConfig.Copy()
	config.RuntimeParams["search_path"] = name
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(8)
	d := &database{pool, pool}
	if err := checkFormat(ctx, pool); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return d, nil
}

// checkFormat refuses what a later version has made, and may mean something else by.
func checkFormat(ctx context.Context, db *sql.DB) error {
	var version int
	if err := db.QueryRowContext(ctx, `SELECT version FROM format`).Scan(&version); err != nil {
		return pg.Explain(err)
	}
	if version > format {
		return ErrFormat
	}
	return nil
}

func (d *database) close() error {
	if d.read == d.write {
		return d.write.Close()
	}
	return errors.Join(d.read.Close(), d.write.Close())
}

// change does f in a transaction, and commits if it returns nil.
func (d *database) change(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return pg.Explain(err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if err := f(tx); err != nil {
		return pg.Explain(err)
	}
	return pg.Explain(tx.Commit())
}

// exec does one statement and returns how many rows it changed.
func (d *database) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	result, err := d.write.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, pg.Explain(err)
	}
	return result.RowsAffected()
}

// rows calls f with each row of an answer.
func (d *database) rows(ctx context.Context, query string, args []any, f func(scan func(...any) error) error) (err error) {
	rows, err := d.read.QueryContext(ctx, query, args...)
	if err != nil {
		return pg.Explain(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return pg.Explain(rows.Err())
}

// taken reports whether an error means that something of that name is there.
func taken(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "UNIQUE constraint") || strings.Contains(err.Error(), "SQLSTATE 23505"))
}
