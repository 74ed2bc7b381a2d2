package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"github.com/gofrs/flock"

	"rollbook/eventstore"
	"rollbook/projections"
)

// Generations implements [projections.Home].
func (h *Home) Generations(ctx context.Context) (list []projections.Generation, err error) {
	rows, err := h.control.QueryContext(ctx, `SELECT number, version, ready, number = live, coalesce(number = before, 0) FROM generation, home ORDER BY number`)
	if err != nil {
		return nil, h.sound(err)
	}
	for rows.Next() {
		var g projections.Generation
		if err := rows.Scan(&g.Number, &g.Version, &g.Ready, &g.Live, &g.Before); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		list = append(list, g)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Position, err = h.position(ctx, list[i].Number); err != nil {
			return nil, h.sound(err)
		}
	}
	return list, nil
}

// position returns how far a generation has come. One that another process is
// filling for the first time does not say.
func (h *Home) position(ctx context.Context, number int64) (eventstore.Position, error) {
	f, err := h.acquire(ctx, number)
	if errors.Is(err, projections.ErrNoGeneration) {
		return 0, nil // it was dropped since
	}
	if err != nil {
		return 0, err
	}
	defer h.release(f)
	var at eventstore.Position
	err = f.read.QueryRowContext(ctx, `SELECT position FROM checkpoint`).Scan(&at)
	if locked(err) {
		return 0, nil
	}
	return at, err
}

// Begin implements [projections.Home].
func (h *Home) Begin(ctx context.Context) (_ projections.Shadow, err error) {
	lock := h.building()
	alone, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the read models: %w", err)
	}
	if !alone {
		return nil, errors.Join(projections.ErrBusy, lock.Close())
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, lock.Close())
		}
	}()
	if err := h.abandon(ctx); err != nil {
		return nil, err
	}
	var number int64
	err = h.transact(ctx, func(tx *sql.Tx) (err error) {
		number, err = h.create(ctx, tx, false)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := h.empty(ctx, number); err != nil {
		return nil, err
	}
	return &shadow{home: h, number: number, lock: lock}, nil
}

// Open implements [projections.Home].
func (h *Home) Open(ctx context.Context, number int64) (projections.Shadow, error) {
	there, err := h.has(ctx, number)
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, fmt.Errorf("%w: %d", projections.ErrNoGeneration, number)
	}
	return &shadow{home: h, number: number}, nil
}

func (h *Home) has(ctx context.Context, number int64) (there bool, err error) {
	err = h.control.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM generation WHERE number = $1)`, number).Scan(&there)
	return there, err
}

// Switch implements [projections.Home].
func (h *Home) Switch(ctx context.Context, from, to int64) error {
	return h.transact(ctx, func(tx *sql.Tx) error {
		var now int64
		if err := tx.QueryRowContext(ctx, `SELECT live FROM home`).Scan(&now); err != nil {
			return err
		}
		if now != from {
			return projections.ErrMoved
		}
		if from == to {
			return nil
		}
		done, err := tx.ExecContext(ctx, `UPDATE generation SET ready = 1 WHERE number = $1`, to)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(fmt.Errorf("switch: %w: %d", projections.ErrNoGeneration, to), err)
		}
		// A bulk load leaves to the system when to write. What is live has to be
		// there after a power cut too.
		if err := flush(h.file(to)); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE home SET live = $1, before = $2`, to, from)
		return err
	})
}

// flush puts a file on the disk.
func flush(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Drop implements [projections.Home].
func (h *Home) Drop(ctx context.Context, number int64) error {
	err := h.transact(ctx, func(tx *sql.Tx) error {
		var now int64
		if err := tx.QueryRowContext(ctx, `SELECT live FROM home`).Scan(&now); err != nil {
			return err
		}
		if now == number {
			return fmt.Errorf("generation %d is live: switch to another one first", number)
		}
		done, err := tx.ExecContext(ctx, `DELETE FROM generation WHERE number = $1`, number)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(fmt.Errorf("%w: %d", projections.ErrNoGeneration, number), err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	h.discard(number)
	return nil
}

// discard deletes the file of a generation that is none any more. Who reads it
// goes on reading it. Where a system does not let go of a file that is open, it
// stays until the home is next cleaned up.
func (h *Home) discard(number int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f := h.files[number]; f != nil {
		delete(h.files, number)
		f.gone = true
		if f.users == 0 {
			_ = f.close()
		}
	}
	_ = remove(h.file(number))
}

// shadow is the store of one generation.
type shadow struct {
	home   *Home
	number int64
	lock   *flock.Flock // of who fills it; nil if it was opened to be read
}

var _ projections.Shadow = (*shadow)(nil)

func (s *shadow) Number() int64 { return s.number }

func (s *shadow) Read(ctx context.Context, f func(projections.Reader) error) error {
	return s.home.read(ctx, s.number, f)
}

func (s *shadow) Write(ctx context.Context, from projections.Checkpoint, f func(projections.Writer) (projections.Checkpoint, error)) error {
	if s.lock != nil && from.Position == 0 {
		return s.home.fill(ctx, s.number, from, f)
	}
	return s.home.write(ctx, s.number, from, f)
}

// Close implements [projections.Shadow].
func (s *shadow) Close() error {
	if s.lock == nil {
		return nil
	}
	// It has to be cleaned up however the caller's context ended.
	ctx := context.Background()
	var gone bool
	err := s.home.transact(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `DELETE FROM generation WHERE number = $1 AND ready = 0`, s.number)
		if err != nil {
			return err
		}
		n, err := done.RowsAffected()
		gone = n > 0
		return err
	})
	if gone && err == nil {
		s.home.discard(s.number)
	}
	err = errors.Join(err, s.lock.Close())
	s.lock = nil
	return err
}
