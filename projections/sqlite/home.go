package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	_ "embed" // the schemas
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/gofrs/flock"
	_ "modernc.org/sqlite" // the driver

	"rollbook/projections"
)

//go:embed control.sql
var control string

//go:embed schema.sql
var schema string

// layout changes when the same schema would be filled with other rows.
const layout = "1"

// live is the number that stands for whichever generation is live.
const live int64 = 0

// Home is the read models of a ledger in files. It is safe for concurrent use,
// by several processes too.
type Home struct {
	path    string // of the control file
	ledger  string
	control *sql.DB
	found   int64 // what was live when the home was opened

	mu    sync.Mutex
	files map[int64]*file // that are open, by number
}

var _ projections.Home = (*Home)(nil)

// Version names what this program stores: it changes with the schema, with the
// code that makes rows, and with what the rows mean.
func Version() string {
	sum := sha256.Sum256([]byte(layout + "\n" + projections.Version() + "\n" + schema))
	return hex.EncodeToString(sum[:8])
}

// Open opens a home, or makes it: a control file, with this path, and beside it
// a file for each generation, whose path goes on with ".g" and its number. What
// another ledger, or another program, left there is removed.
func Open(ctx context.Context, path, ledger string) (_ *Home, err error) {
	// The models hold ethnicity and religion, so they are their owner's only.
	// SQLite gives its other files the same mode.
	if err := touch(path); err != nil {
		return nil, err
	}
	h := &Home{path: path, ledger: ledger, files: map[int64]*file{}}
	if h.control, err = sql.Open("sqlite", dsn(path, "&_txlock=immediate&_pragma=foreign_keys(1)")); err != nil {
		return nil, err
	}
	h.control.SetMaxOpenConns(1)
	if err := h.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("read models %s: %w", path, h.sound(err)), h.control.Close())
	}
	return h, nil
}

// Close ends all connections.
func (h *Home) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var errs []error
	for _, f := range h.files {
		errs = append(errs, f.close())
	}
	clear(h.files)
	return errors.Join(append(errs, h.control.Close())...)
}

// dsn names a database and how each of its connections is set: pragmas belong to
// a connection.
func dsn(path, more string) string {
	return "file:" + url.PathEscape(path) + "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=temp_store(MEMORY)" + more
}

func touch(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// building is the lock of who fills a generation. It ends with its process,
// however that ends.
func (h *Home) building() *flock.Flock { return flock.New(h.path + ".lock") }

// file returns the path of a generation.
func (h *Home) file(number int64) string { return fmt.Sprintf("%s.g%d", h.path, number) }

// Version returns [Version].
func (h *Home) Version() string { return Version() }

func (h *Home) prepare(ctx context.Context) error {
	err := h.transact(ctx, func(tx *sql.Tx) error {
		if mine, err := h.mine(ctx, tx); err != nil || !mine {
			if err == nil {
				err = renew(ctx, tx, h.ledger)
			}
			if err != nil {
				return err
			}
		}
		var have sql.NullInt64
		if err := tx.QueryRowContext(ctx, `SELECT live FROM home`).Scan(&have); err != nil {
			return err
		}
		if have.Valid {
			// A file that somebody has deleted is made anew.
			if _, err := os.Stat(h.file(have.Int64)); err == nil {
				h.found = have.Int64
				return nil
			} else if !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		number, err := h.create(ctx, tx, true)
		if err != nil {
			return err
		}
		h.found = number
		_, err = tx.ExecContext(ctx, `UPDATE home SET live = $1, before = NULL`, number)
		return errors.Join(err, h.empty(ctx, number))
	})
	if err != nil {
		return err
	}
	lock := h.building()
	alone, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("lock the read models: %w", err)
	}
	if alone {
		return errors.Join(h.abandon(ctx), lock.Close())
	}
	return nil
}

// mine reports whether the control file is one of this ledger's.
func (h *Home) mine(ctx context.Context, tx *sql.Tx) (bool, error) {
	var there int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE name IN ('home', 'generation')`).Scan(&there); err != nil || there != 2 {
		return false, err
	}
	var ledger string
	err := tx.QueryRowContext(ctx, `SELECT ledger FROM home`).Scan(&ledger)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return ledger == h.ledger, err
}

// renew drops every table and makes those of the control file.
func renew(ctx context.Context, tx *sql.Tx, ledger string) error {
	rows, err := tx.QueryContext(ctx, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name = 'generation'`)
	if err != nil {
		return err
	}
	var statements []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return errors.Join(err, rows.Close())
		}
		statements = append(statements, `DROP TABLE "`+strings.ReplaceAll(name, `"`, `""`)+`"`)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, s := range append(statements, control) {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO home (ledger) VALUES ($1)`, ledger)
	return err
}

// create gives a generation its number.
func (h *Home) create(ctx context.Context, tx *sql.Tx, ready bool) (int64, error) {
	done, err := tx.ExecContext(ctx, `INSERT INTO generation (version, ready) VALUES ($1, $2)`, Version(), ready)
	if err != nil {
		return 0, err
	}
	return done.LastInsertId()
}

// empty makes the file of a generation, with nothing in it. A file that is there
// is what is left of a home that somebody deleted half.
func (h *Home) empty(ctx context.Context, number int64) error {
	if err := remove(h.file(number)); err != nil {
		return err
	}
	if err := touch(h.file(number)); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", dsn(h.file(number), ""))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, schema)
	if err == nil {
		_, err = db.ExecContext(ctx, `INSERT INTO checkpoint (position, generation) VALUES (0, $1)`, number)
	}
	return errors.Join(err, db.Close())
}

// remove deletes a database with what SQLite keeps beside it.
func remove(path string) error {
	for _, p := range []string{path + "-wal", path + "-shm", path + "-journal", path} {
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// abandon removes the generations that nobody fills any more, and the files that
// no generation has. The caller holds the lock of who builds.
func (h *Home) abandon(ctx context.Context) error {
	kept := map[int64]bool{}
	err := h.transact(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM generation WHERE ready = 0`); err != nil {
			return err
		}
		list, err := numbers(ctx, tx)
		for _, n := range list {
			kept[n] = true
		}
		return err
	})
	if err != nil {
		return err
	}
	prefix := h.path + ".g"
	found, err := filepath.Glob(escape(prefix) + "*")
	if err != nil {
		return err
	}
	for _, path := range found {
		n, err := strconv.ParseInt(path[len(prefix):], 10, 64)
		if err != nil || kept[n] {
			continue // beside a file of ours, or somebody else's
		}
		h.discard(n)
	}
	return nil
}

// escape makes a path one that [filepath.Glob] takes as it is.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

func numbers(ctx context.Context, tx *sql.Tx) (list []int64, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT number FROM generation ORDER BY number`)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		list = append(list, n)
	}
	return list, errors.Join(rows.Err(), rows.Close())
}

// transact changes the control file, or does not.
func (h *Home) transact(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := h.control.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}
