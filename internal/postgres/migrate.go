package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// ErrNewer means that a newer program has changed the tables.
var ErrNewer = errors.New("a newer version of the program has changed the database; use that one")

// Migrate brings the tables of a schema up to the newest of some migrations,
// which are files of [goose]. It makes the schema if it is not there. The
// caller holds a lock that keeps others from doing the same.
func (d *DB) Migrate(ctx context.Context, schema string, migrations fs.FS) (err error) {
	if _, err := d.Exec(ctx, `CREATE SCHEMA IF NOT EXISTS `+Name(schema)); err != nil {
		return Explain(err)
	}
	c := d.Config().ConnConfig
	c.RuntimeParams["search_path"] = schema
	db := stdlib.OpenDB(*c)
	defer func() { err = errors.Join(err, db.Close()) }()
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations,
		goose.WithTableName("migration"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return Explain(err)
	}
	have, known, err := p.GetVersions(ctx)
	if err != nil {
		return Explain(err)
	}
	if have > known {
		return fmt.Errorf("%w: schema %s has version %d, and this program knows %d", ErrNewer, schema, have, known)
	}
	if _, err := p.Up(ctx); err != nil {
		return Explain(err)
	}
	return nil
}

// Name returns the parts of a name as SQL has it.
func Name(parts ...string) string { return pgx.Identifier(parts).Sanitize() }

// Has reports whether a table is there.
func (d *DB) Has(ctx context.Context, schema, table string) (ok bool, err error) {
	err = d.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, Name(schema, table)).Scan(&ok)
	return ok, Explain(err)
}
