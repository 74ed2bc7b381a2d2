// Package sqlite keeps read models in SQLite files, without cgo.
//
// Each generation has a file of its own, and one small file beside them says
// which there are and, in one row, which is live. The files are derived from the
// log: they can be deleted at any time, all together, and are then made anew.
//
// One connection writes to a generation, others read; a reader sees the state
// that was committed when it began (write-ahead log). A generation that is filled
// beside the living one is written without a journal, and indexed last: nobody
// reads it, and if its maker dies it is removed.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	sqlitedriver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"rollbook/projections"
)

// maxReaders bounds the connections that read a file. Each has a page cache,
// which lies outside the heap that the Go runtime bounds.
const maxReaders = 4

// file is a generation that is open.
type file struct {
	number int64
	write  *sql.DB
	read   *sql.DB
	users  int
	gone   bool // it was dropped, or is not live any more: the last user closes it
}

func (f *file) close() error { return errors.Join(f.read.Close(), f.write.Close()) }

// acquire returns a generation, opened if it has to be. The caller releases it.
func (h *Home) acquire(ctx context.Context, number int64) (*file, error) {
	wasLive := number == live
	if wasLive {
		var version string
		err := h.control.QueryRowContext(ctx, `SELECT number, version FROM generation JOIN home ON number = live`).Scan(&number, &version)
		switch {
		case err != nil:
			return nil, err
		case version == Version():
		case number == h.found:
			return nil, projections.ErrVersion
		default:
			return nil, projections.ErrTakenOver
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.files[number]
	if f == nil {
		if _, err := os.Stat(h.file(number)); errors.Is(err, fs.ErrNotExist) {
			return nil, projections.ErrNoGeneration
		} else if err != nil {
			return nil, err
		}
		f = &file{number: number}
		var err error
		if f.write, err = sql.Open("sqlite", dsn(h.file(number), "&mode=rw&_txlock=immediate&_pragma=cache_size(-32768)")); err != nil {
			return nil, err
		}
		f.write.SetMaxOpenConns(1)
		if f.read, err = sql.Open("sqlite", dsn(h.file(number), "&mode=rw&_pragma=query_only(1)&_pragma=cache_size(-8192)")); err != nil {
			return nil, errors.Join(err, f.write.Close())
		}
		f.read.SetMaxOpenConns(maxReaders)
		h.files[number] = f
	}
	f.users++
	return f, nil
}

func (h *Home) release(f *file) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f.users--; f.users == 0 && f.gone {
		_ = f.close()
	}
}

// Read implements [projections.Store].
func (h *Home) Read(ctx context.Context, f func(projections.Reader) error) error {
	return h.sound(h.read(ctx, live, f))
}

// Write implements [projections.Store].
func (h *Home) Write(ctx context.Context, from projections.Checkpoint, f func(projections.Writer) (projections.Checkpoint, error)) error {
	return h.sound(h.write(ctx, live, from, f))
}

// sound says of an error whether the files are damaged.
func (h *Home) sound(err error) error {
	if e, ok := errors.AsType[*sqlitedriver.Error](err); ok {
		switch e.Code() & 0xff { // the rest is in what way
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return fmt.Errorf("%w: %s: %w", projections.ErrDamaged, h.path, err)
		}
	}
	return err
}

// Check reads all that the files hold and returns [projections.ErrDamaged] if they
// cannot be right. It says nothing of the figures.
func (h *Home) Check(ctx context.Context) error {
	list, err := h.Generations(ctx)
	if err != nil {
		return err
	}
	found := []error{h.check(ctx, h.control)}
	for _, g := range list {
		if !g.Ready {
			continue // somebody fills it
		}
		f, err := h.acquire(ctx, g.Number)
		if err == nil {
			err = h.check(ctx, f.read)
			h.release(f)
		}
		found = append(found, err)
	}
	return errors.Join(found...)
}

func (h *Home) check(ctx context.Context, db *sql.DB) error {
	var says string
	if err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&says); err != nil {
		return h.sound(err)
	}
	if says != "ok" {
		return fmt.Errorf("%w: %s: %s", projections.ErrDamaged, h.path, says)
	}
	return nil
}

func (h *Home) read(ctx context.Context, number int64, f func(projections.Reader) error) error {
	for tried := false; ; tried = true {
		g, err := h.acquire(ctx, number)
		if err == nil {
			var tx *sql.Tx
			if tx, err = g.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}); err == nil {
				err = view(g, tx, f)
				h.release(g)
				return err
			}
			h.release(g)
		}
		if tried || number != live || ctx.Err() != nil || errors.Is(err, projections.ErrVersion) || errors.Is(err, projections.ErrTakenOver) {
			return err
		}
		// It was dropped between the look for it and the opening.
	}
}

func view(g *file, tx *sql.Tx, f func(projections.Reader) error) error {
	defer func() { _ = tx.Rollback() }()
	t := &transaction{tx: tx, generation: g.number, statements: map[string]*sql.Stmt{}}
	defer t.close()
	return f(t)
}

func (h *Home) write(ctx context.Context, number int64, from projections.Checkpoint, f func(projections.Writer) (projections.Checkpoint, error)) error {
	g, err := h.acquire(ctx, number)
	if errors.Is(err, projections.ErrNoGeneration) {
		return projections.ErrMoved
	}
	if err != nil {
		return err
	}
	defer h.release(g)
	if g.number != from.Generation {
		return projections.ErrMoved
	}
	tx, err := g.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	t := &transaction{tx: tx, generation: g.number, statements: map[string]*sql.Stmt{}}
	defer t.close()
	if err := t.book(ctx, from, f); err != nil {
		return err
	}
	// What is not live any more is not written under its readers' eyes.
	if number == live {
		var now int64
		if err := h.control.QueryRowContext(ctx, `SELECT live FROM home`).Scan(&now); err != nil {
			return err
		}
		if now != g.number {
			return projections.ErrMoved
		}
	}
	return tx.Commit()
}

// book calls f and moves the checkpoint.
func (t *transaction) book(ctx context.Context, from projections.Checkpoint, f func(projections.Writer) (projections.Checkpoint, error)) error {
	// Who is behind is told before he does the work.
	if at, err := t.Checkpoint(ctx); err != nil || at != from {
		return errors.Join(projections.ErrMoved, err)
	}
	to, err := f(t)
	if err != nil {
		return err
	}
	if err := t.index(ctx); err != nil {
		return err
	}
	done, err := t.tx.ExecContext(ctx, `UPDATE checkpoint SET position = $1 WHERE position = $2`, to.Position, from.Position)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n != 1 || to.Generation != from.Generation {
		return errors.Join(projections.ErrMoved, err)
	}
	return nil
}

// fill is the first write to a generation that nobody reads. It has no journal:
// if it fails the generation is empty again, and if its maker dies it is removed.
func (h *Home) fill(ctx context.Context, number int64, from projections.Checkpoint, f func(projections.Writer) (projections.Checkpoint, error)) (err error) {
	there, err := h.has(ctx, number)
	if err != nil {
		return err
	}
	if !there {
		return projections.ErrMoved
	}
	h.mu.Lock()
	if g := h.files[number]; g != nil { // its connections would be in the way
		delete(h.files, number)
		if g.gone = true; g.users == 0 {
			err = g.close()
		}
	}
	h.mu.Unlock()
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", "file:"+h.file(number)+"?mode=rw&_txlock=exclusive&_pragma=busy_timeout(5000)&_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-65536)")
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	defer func() {
		err = errors.Join(err, db.Close())
		if err != nil {
			err = errors.Join(err, h.empty(context.WithoutCancel(ctx), number))
		}
	}()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	t := &transaction{tx: tx, generation: number, statements: map[string]*sql.Stmt{}}
	defer t.close()
	if err := t.withoutIndexes(ctx); err != nil {
		return err
	}
	if err := t.book(ctx, from, f); err != nil {
		return err
	}
	return tx.Commit()
}

// locked reports whether an error means that somebody else has the database.
func locked(err error) bool {
	e, ok := errors.AsType[*sqlitedriver.Error](err)
	return ok && e.Code()&0xff == sqlite3.SQLITE_BUSY
}
