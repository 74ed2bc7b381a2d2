// Package postgres keeps a vault's keys in a PostgreSQL database, in the schema
// "<schema>_keys", apart from everything else: `pg_dump -n` makes its backup.
//
// Unlike the read models, the keys cannot be made anew: whoever loses them has
// erased every person in the log. What is added is on the server's disk when
// [Keyring.Add] returns. What is destroyed leaves the table's file, which is
// written anew without it; the server's write-ahead log, its archive, replicas
// and backups hold it until they are recycled, and die with the master key.
package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"

	"rollbook/eventstore/vault"
	pg "rollbook/internal/postgres"
)

//go:embed migrations
var migrations embed.FS

const (
	format  = 1
	opening = "keys" // the name of an advisory lock
)

// ErrUnsafe means that the server does not put on disk what it says it has.
var ErrUnsafe = errors.New("the database server runs with fsync = off: a key that it takes may be lost with the next power cut; set fsync = on")

// Keyring is a table of wrapped keys. It is safe for concurrent use.
type Keyring struct {
	db     *pg.DB
	schema string
}

var _ vault.Copyable = (*Keyring)(nil)

// Config says which keyring to open.
type Config struct {
	// URL is that of the database: see [pg.Open].
	URL string
	// Origin is the name of the ledger, and KEK the id of the master key that
	// its keys are wrapped under.
	Origin, KEK string
	// Create makes the keyring if there is none.
	Create bool
}

// Open opens a keyring. It returns fs.ErrNotExist if there is none and none is
// to be made, [vault.ErrForeign] if it is another ledger's, and
// [vault.ErrMasterKey] if its keys are wrapped under another master key.
func Open(ctx context.Context, c Config) (*Keyring, error) {
	db, err := pg.Open(ctx, c.URL)
	if err != nil {
		return nil, err
	}
	k := &Keyring{db, db.Schema + "_keys"}
	if err := k.prepare(ctx, c); err != nil {
		db.Close()
		return nil, fmt.Errorf("keyring in schema %s: %w", k.schema, err)
	}
	return k, nil
}

// Close ends all connections.
func (k *Keyring) Close() error {
	k.db.Close()
	return nil
}

func (k *Keyring) prepare(ctx context.Context, c Config) (err error) {
	there, err := k.db.Has(ctx, k.schema, "keyring")
	if err != nil {
		return err
	}
	if !there && !c.Create {
		return fs.ErrNotExist
	}
	lock, err := k.db.Lock(ctx, opening)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release(ctx)) }()
	if there { // whose it is comes first: another's is not even brought up to date
		if err := k.owned(ctx, c); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	var fsync string
	if err := k.db.QueryRow(ctx, `SHOW fsync`).Scan(&fsync); err != nil {
		return pg.Explain(err)
	}
	if fsync != "on" {
		return ErrUnsafe
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	if err := k.db.Migrate(ctx, k.schema, files); err != nil {
		return err
	}
	if c.Create {
		err := k.durably(ctx, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO `+k.table("keyring")+` (format, origin, kek) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, format, c.Origin, c.KEK)
			return err
		})
		if err != nil {
			return err
		}
	}
	return k.owned(ctx, c)
}

// owned compares who the keyring belongs to with who opens it.
func (k *Keyring) owned(ctx context.Context, c Config) error {
	var have int
	var origin, kek string
	err := k.db.QueryRow(ctx, `SELECT format, origin, kek FROM `+k.table("keyring")).Scan(&have, &origin, &kek)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return fs.ErrNotExist
	case err != nil:
		return pg.Explain(err)
	case have != format:
		return fmt.Errorf("it is of format %d, and this program knows format %d", have, format)
	case origin != c.Origin:
		return fmt.Errorf("%w: %s; name another schema in the URL, as ...?schema=rollbook_2", vault.ErrForeign, origin)
	case kek != c.KEK:
		return fmt.Errorf("%w: %s, and the one given is %s; name the right master key file", vault.ErrMasterKey, kek, c.KEK)
	}
	return nil
}

func (k *Keyring) table(name string) string { return pg.Name(k.schema, name) }

// durably does f in a transaction that is on the server's disk when it returns,
// whatever the server does for others.
func (k *Keyring) durably(ctx context.Context, f func(pgx.Tx) error) error {
	return k.db.Transact(ctx, func(tx pgx.Tx) error {
		// More than "on", which waits for replicas too, is left as it is.
		_, err := tx.Exec(ctx, `SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') IN ('off', 'local')`)
		if err != nil {
			return err
		}
		return f(tx)
	})
}

// Find implements [vault.Keyring].
func (k *Keyring) Find(ctx context.Context, owners []vault.Owner) ([]vault.WrappedKey, error) {
	subjects, classes := make([]string, len(owners)), make([]string, len(owners))
	for i, o := range owners {
		subjects[i], classes[i] = o.Subject, o.Class
	}
	rows, err := k.db.Query(ctx, `SELECT k.subject, k.class, k.kid, k.kek, k.wrapped
		FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[])) AS wanted (subject, class)
		JOIN `+k.table("key")+` AS k ON k.subject = wanted.subject COLLATE "C" AND k.class = wanted.class COLLATE "C"`, subjects, classes)
	if err != nil {
		return nil, pg.Explain(err)
	}
	return collect(rows)
}

func collect(rows pgx.Rows) ([]vault.WrappedKey, error) {
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (w vault.WrappedKey, err error) {
		err = row.Scan(&w.Subject, &w.Class, &w.KID, &w.KEK, &w.Wrapped)
		return w, err
	})
	return found, pg.Explain(err)
}

// Add implements [vault.Keyring].
func (k *Keyring) Add(ctx context.Context, keys []vault.WrappedKey) error {
	err := k.durably(ctx, func(tx pgx.Tx) error {
		_, err := tx.CopyFrom(ctx, pgx.Identifier{k.schema, "key"}, []string{"subject", "class", "kid", "kek", "wrapped"},
			pgx.CopyFromSlice(len(keys), func(i int) ([]any, error) {
				w := keys[i]
				return []any{w.Subject, w.Class, w.KID, w.KEK, w.Wrapped}, nil
			}))
		return err
	})
	if pg.Exists(err) {
		// The database's own words would say no more than whose.
		return vault.ErrHasKey
	}
	return err
}

// Destroy implements [vault.Keyring].
func (k *Keyring) Destroy(ctx context.Context, subject string) (gone []vault.WrappedKey, err error) {
	err = k.durably(ctx, func(tx pgx.Tx) error {
		key := k.table("key")
		var holds bool
		err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM `+key+` WHERE subject = $1 AND wrapped IS NOT NULL)`, subject).Scan(&holds)
		if err != nil {
			return err
		}
		if holds {
			// An update would leave the old row in its page, and a vacuum keeps it
			// while anybody has a snapshot that is older. So the table gets a new
			// file, and the old one goes with the commit.
			// The destroyed keys are not even copied.
			const columns = `(subject, class, kid, kek, wrapped, created, destroyed)`
			for _, statement := range []struct {
				sql  string
				args []any
			}{
				{`LOCK TABLE ` + key + ` IN ACCESS EXCLUSIVE MODE`, nil},
				{`CREATE TEMPORARY TABLE rollbook_kept (LIKE ` + key + `) ON COMMIT DROP`, nil},
				{`INSERT INTO pg_temp.rollbook_kept ` + columns + ` SELECT subject, class, kid, kek,
					CASE WHEN subject = $1 THEN NULL ELSE wrapped END, created,
					CASE WHEN subject = $1 THEN coalesce(destroyed, extract(epoch FROM now())::bigint) ELSE destroyed END FROM ` + key, []any{subject}},
				{`TRUNCATE ` + key, nil},
				{`INSERT INTO ` + key + columns + ` SELECT subject, class, kid, kek, wrapped, created, destroyed FROM pg_temp.rollbook_kept ORDER BY subject, class`, nil},
			} {
				if _, err := tx.Exec(ctx, statement.sql, statement.args...); err != nil {
					return err
				}
			}
		}
		rows, err := tx.Query(ctx, `SELECT subject, class, kid, kek, wrapped FROM `+key+` WHERE subject = $1 ORDER BY class`, subject)
		if err != nil {
			return err
		}
		gone, err = collect(rows)
		return err
	})
	if err != nil {
		return nil, err
	}
	return gone, nil
}

// Destroyed implements [vault.Keyring].
func (k *Keyring) Destroyed(ctx context.Context) ([]vault.Owner, error) {
	rows, err := k.db.Query(ctx, `SELECT subject, class FROM `+k.table("key")+` WHERE destroyed IS NOT NULL ORDER BY subject, class`)
	if err != nil {
		return nil, pg.Explain(err)
	}
	owners, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (o vault.Owner, err error) {
		err = row.Scan(&o.Subject, &o.Class)
		return o, err
	})
	return owners, pg.Explain(err)
}

// All implements [vault.Copyable].
func (k *Keyring) All(ctx context.Context) iter.Seq2[vault.WrappedKey, error] {
	return func(yield func(vault.WrappedKey, error) bool) {
		rows, err := k.db.Query(ctx, `SELECT subject, class, kid, kek, wrapped FROM `+k.table("key")+` ORDER BY subject, class`)
		if err != nil {
			yield(vault.WrappedKey{}, pg.Explain(err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var w vault.WrappedKey
			err := rows.Scan(&w.Subject, &w.Class, &w.KID, &w.KEK, &w.Wrapped)
			if !yield(w, pg.Explain(err)) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(vault.WrappedKey{}, pg.Explain(err))
		}
	}
}

// Restore implements [vault.Copyable].
func (k *Keyring) Restore(ctx context.Context, keys iter.Seq2[vault.WrappedKey, error]) error {
	next, stop := iter.Pull2(keys)
	defer stop()
	var torn error // the database wraps it as text
	err := k.durably(ctx, func(tx pgx.Tx) error {
		var held bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM `+k.table("key")+`)`).Scan(&held); err != nil {
			return pg.Explain(err)
		}
		if held {
			return vault.ErrHasKey
		}
		now := time.Now().Unix()
		_, err := tx.CopyFrom(ctx, pgx.Identifier{k.schema, "key"}, []string{"subject", "class", "kid", "kek", "wrapped", "destroyed"},
			pgx.CopyFromFunc(func() ([]any, error) {
				w, err, ok := next()
				if !ok || err != nil {
					torn = err
					return nil, err
				}
				var destroyed *int64
				if w.Wrapped == nil {
					destroyed = &now
				}
				return []any{w.Subject, w.Class, w.KID, w.KEK, w.Wrapped, destroyed}, nil
			}))
		return err
	})
	if torn != nil {
		return torn
	}
	return err
}
