// Package sqlite keeps a vault's keys in one SQLite file, without cgo.
//
// Unlike the read models, the file cannot be made anew: whoever loses it has
// erased every person in the log. It needs a backup of its own, apart from the
// log's. What is added is on disk when [Keyring.Add] returns; what is destroyed
// is overwritten in the file and in its write-ahead log, as far as a program
// can see to that: copies of the file, and blocks that a disk keeps for itself,
// die with the master key.
package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	_ "embed" // the schema
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"slices"
	"strings"

	sqlitedriver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"rollbook/eventstore/vault"
)

//go:embed schema.sql
var schema string

const format = 1

// Keyring is a file of wrapped keys. It is safe for concurrent use.
type Keyring struct {
	write *sql.DB
	read  *sql.DB
	find  *sql.Stmt
}

var _ vault.Copyable = (*Keyring)(nil)

// Config says which keyring to open.
type Config struct {
	Path string
	// Origin is the name of the ledger, and KEK the id of the master key that
	// its keys are wrapped under.
	Origin, KEK string
	// Create makes the file if there is none.
	Create bool
}

// Open opens a keyring. It returns fs.ErrNotExist if there is none and none is
// to be made, [vault.ErrForeign] if it is another ledger's, and [vault.ErrMasterKey]
// if its keys are wrapped under another master key.
func Open(ctx context.Context, c Config) (*Keyring, error) {
	flags := os.O_RDWR
	if c.Create {
		flags |= os.O_CREATE
	}
	f, err := os.OpenFile(c.Path, flags, 0o600) // SQLite gives its other files the same mode
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	dsn := func(more string) string {
		// FULL: a commit is on disk when it returns. The key of an event must
		// not be lost when the event is not.
		return "file:" + url.PathEscape(c.Path) + "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=secure_delete(ON)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-8192)" + more
	}
	w, err := sql.Open("sqlite", dsn("&_txlock=immediate"))
	if err != nil {
		return nil, err
	}
	w.SetMaxOpenConns(1)
	k := &Keyring{write: w}
	if err := k.prepare(ctx, c); err != nil {
		return nil, errors.Join(fmt.Errorf("keyring %s: %w", c.Path, err), w.Close())
	}
	if k.read, err = sql.Open("sqlite", dsn("&_pragma=query_only(1)")); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	k.find, err = k.read.PrepareContext(ctx, `SELECT k.subject, k.class, k.kid, k.kek, k.wrapped
		FROM json_each($1) AS wanted CROSS JOIN key AS k ON k.subject = wanted.value`)
	if err != nil {
		return nil, errors.Join(err, k.read.Close(), w.Close())
	}
	return k, nil
}

// Close ends all connections.
func (k *Keyring) Close() error { return errors.Join(k.find.Close(), k.read.Close(), k.write.Close()) }

func (k *Keyring) prepare(ctx context.Context, c Config) error {
	tx, err := k.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	var tables int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE name = 'keyring'`).Scan(&tables); err != nil {
		return err
	}
	if tables == 0 {
		if !c.Create {
			return fmt.Errorf("it is empty: %w", fs.ErrNotExist)
		}
		if _, err := tx.ExecContext(ctx, schema); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO keyring (format, origin, kek) VALUES ($1, $2, $3)`, format, c.Origin, c.KEK); err != nil {
			return err
		}
		return tx.Commit()
	}
	var have int
	var origin, kek string
	if err := tx.QueryRowContext(ctx, `SELECT format, origin, kek FROM keyring`).Scan(&have, &origin, &kek); err != nil {
		return err
	}
	switch {
	case have != format:
		return fmt.Errorf("it is of format %d, and this program knows format %d", have, format)
	case origin != c.Origin:
		return fmt.Errorf("%w: %s", vault.ErrForeign, origin)
	case kek != c.KEK:
		return fmt.Errorf("%w: %s, and the one given is %s; name the right master key file", vault.ErrMasterKey, kek, c.KEK)
	}
	return nil
}

// Find implements [vault.Keyring].
func (k *Keyring) Find(ctx context.Context, owners []vault.Owner) ([]vault.WrappedKey, error) {
	wanted := make(map[vault.Owner]bool, len(owners))
	subjects := make([]string, 0, len(owners))
	for _, o := range owners {
		if n := len(subjects); !wanted[o] && (n == 0 || subjects[n-1] != o.Subject) {
			subjects = append(subjects, o.Subject)
		}
		wanted[o] = true
	}
	list, err := json.Marshal(subjects)
	if err != nil {
		return nil, err
	}
	rows, err := k.find.QueryContext(ctx, string(list))
	if err != nil {
		return nil, err
	}
	found, err := collect(rows)
	if err != nil {
		return nil, err
	}
	kept := found[:0]
	for _, w := range found {
		if wanted[w.Owner] {
			kept = append(kept, w)
			delete(wanted, w.Owner) // a subject may be named twice
		}
	}
	return kept, nil
}

func collect(rows *sql.Rows) (found []vault.WrappedKey, err error) {
	for rows.Next() {
		var w vault.WrappedKey
		if err := rows.Scan(&w.Subject, &w.Class, &w.KID, &w.KEK, &w.Wrapped); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		found = append(found, w)
	}
	return found, errors.Join(rows.Err(), rows.Close())
}

// Add implements [vault.Keyring].
func (k *Keyring) Add(ctx context.Context, keys []vault.WrappedKey) error {
	return k.update(ctx, func(tx *sql.Tx) error {
		st, err := tx.PrepareContext(ctx, `INSERT INTO key (subject, class, kid, kek, wrapped) VALUES ($1, $2, $3, $4, $5)`)
		if err != nil {
			return err
		}
		defer func() { _ = st.Close() }()
		// In the table's own order, which touches each page once.
		for _, w := range slices.SortedFunc(slices.Values(keys), inOrder) {
			if _, err := st.ExecContext(ctx, w.Subject, w.Class, w.KID, w.KEK, w.Wrapped); err != nil {
				if e, ok := errors.AsType[*sqlitedriver.Error](err); ok && e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY {
					err = fmt.Errorf("%s: %w", w.Owner, vault.ErrHasKey)
				}
				return err
			}
		}
		return nil
	})
}

func inOrder(a, b vault.WrappedKey) int {
	return cmp.Or(strings.Compare(a.Subject, b.Subject), strings.Compare(a.Class, b.Class))
}

func (k *Keyring) update(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := k.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// Destroy implements [vault.Keyring].
func (k *Keyring) Destroy(ctx context.Context, subject string) (gone []vault.WrappedKey, err error) {
	err = k.update(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE key SET wrapped = NULL, destroyed = unixepoch() WHERE subject = $1 AND wrapped IS NOT NULL`, subject); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, `SELECT subject, class, kid, kek, wrapped FROM key WHERE subject = $1 ORDER BY class`, subject)
		if err != nil {
			return err
		}
		gone, err = collect(rows)
		return err
	})
	if err != nil || len(gone) == 0 {
		return nil, err
	}
	// The write-ahead log still holds the pages as they were.
	var busy, pages, moved int
	if err := k.write.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &moved); err != nil {
		return gone, err
	}
	if busy != 0 {
		return gone, fmt.Errorf("the keys of %s are destroyed, but the write-ahead log, which may hold them, is in use; destroy them once more", subject)
	}
	return gone, nil
}

// Destroyed implements [vault.Keyring].
func (k *Keyring) Destroyed(ctx context.Context) ([]vault.Owner, error) {
	rows, err := k.read.QueryContext(ctx, `SELECT subject, class, kid, kek, wrapped FROM key INDEXED BY key_destroyed WHERE destroyed IS NOT NULL`)
	if err != nil {
		return nil, err
	}
	found, err := collect(rows)
	slices.SortFunc(found, inOrder)
	owners := make([]vault.Owner, len(found))
	for i, w := range found {
		owners[i] = w.Owner
	}
	return owners, err
}

// All implements [vault.Copyable].
func (k *Keyring) All(ctx context.Context) iter.Seq2[vault.WrappedKey, error] {
	return func(yield func(vault.WrappedKey, error) bool) {
		rows, err := k.read.QueryContext(ctx, `SELECT subject, class, kid, kek, wrapped FROM key ORDER BY subject, class`)
		if err != nil {
			yield(vault.WrappedKey{}, err)
			return
		}
		defer func() { _ = rows.Close() }() // rows.Err says what went wrong
		for rows.Next() {
			var w vault.WrappedKey
			err := rows.Scan(&w.Subject, &w.Class, &w.KID, &w.KEK, &w.Wrapped)
			if !yield(w, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(vault.WrappedKey{}, err)
		}
	}
}

// Restore implements [vault.Copyable].
func (k *Keyring) Restore(ctx context.Context, keys iter.Seq2[vault.WrappedKey, error]) error {
	return k.update(ctx, func(tx *sql.Tx) error {
		var held bool
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM key)`).Scan(&held); err != nil {
			return err
		}
		if held {
			return vault.ErrHasKey
		}
		st, err := tx.PrepareContext(ctx, `INSERT INTO key (subject, class, kid, kek, wrapped, destroyed)
			VALUES ($1, $2, $3, $4, $5, CASE WHEN $5 IS NULL THEN unixepoch() END)`)
		if err != nil {
			return err
		}
		defer func() { _ = st.Close() }()
		for w, err := range keys {
			if err != nil {
				return err
			}
			if _, err := st.ExecContext(ctx, w.Subject, w.Class, w.KID, w.KEK, w.Wrapped); err != nil {
				return err
			}
		}
		return nil
	})
}
