package postgres

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// DefaultSchema is the schema of a database whose URL names none.
const DefaultSchema = "rollbook"

const (
	leastVersion     = 15
	leastConnections = 4
	connectTimeout   = 10 * time.Second
)

// ErrURL means that a database URL cannot be understood.
var ErrURL = errors.New("the database URL is not understood; write it as postgres://USER@HOST:PORT/DATABASE")

// DB is a pool of connections to one database.
type DB struct {
	*pgxpool.Pool
	// Schema begins the names of the schemas that a ledger has in the database:
	// the parameter "schema" of the URL.
	Schema string
}

// short leaves room for what is put behind a schema's name: PostgreSQL cuts
// names after 63 bytes.
var short = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// IsURL reports whether a text is meant to be the URL of a PostgreSQL database.
func IsURL(s string) bool {
	return strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://")
}

// Open connects to a database. It returns [ErrURL] for a URL that is none, and
// [ErrUnreachable] if the database does not let us in.
//
// Besides what libpq knows, the URL takes schema=NAME, which begins the names
// of the ledger's schemas: with one for each, several ledgers share a database.
func Open(ctx context.Context, url string) (*DB, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil || !IsURL(url) {
		// The parser's own words may quote a password that it did not recognise.
		return nil, ErrURL
	}
	c := config.ConnConfig
	d := &DB{Schema: DefaultSchema}
	if s, ok := c.RuntimeParams["schema"]; ok {
		d.Schema = s
		delete(c.RuntimeParams, "schema")
	}
	if !short.MatchString(d.Schema) || strings.HasPrefix(d.Schema, "pg_") {
		return nil, fmt.Errorf("%w; a schema is 1 to 40 of the characters a-z 0-9 _ and begins with a letter", ErrURL)
	}
	if c.ConnectTimeout == 0 || c.ConnectTimeout > 2*time.Minute {
		c.ConnectTimeout = connectTimeout
	}
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "rollbook"
	}
	// Who holds a view may look at something else beside it.
	config.MaxConns = max(config.MaxConns, leastConnections)
	if d.Pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, ErrURL
	}
	if err := d.suits(ctx); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// suits checks what everything else rests on.
func (d *DB) suits(ctx context.Context) error {
	var version int
	var encoding string
	err := d.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_encoding')`).Scan(&version, &encoding)
	if err != nil {
		return Explain(err)
	}
	if version < leastVersion*10000 {
		return fmt.Errorf("%w: it is PostgreSQL %d, and version %d or newer is needed", ErrUnreachable, version/10000, leastVersion)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("%w: its encoding is %s; make a database with encoding UTF8", ErrUnreachable, encoding)
	}
	return nil
}
