package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	pg "rollbook/internal/postgres"
	"rollbook/projections"
)

// Read implements [projections.Store].
func (h *Home) Read(ctx context.Context, f func(projections.Reader) error) error {
	return h.read(ctx, live, f)
}

// Write implements [projections.Store]. f is called again if the transaction
// has to be, after a serialization failure or a deadlock.
func (h *Home) Write(ctx context.Context, from projections.Checkpoint, f func(projections.Writer) (projections.Checkpoint, error)) error {
	return h.write(ctx, live, from, f)
}

func (h *Home) read(ctx context.Context, number int64, f func(projections.Reader) error) error {
	for gone := ""; ; {
		tx, err := h.db.Begin(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		if err != nil {
			return err
		}
		t, err := h.reader(ctx, tx, number)
		switch {
		case err == nil:
			err = t.failure(f(t))
		case pg.Undefined(err) && gone != t.schema:
			// It was dropped between the look for it and the lock on it.
			gone = t.schema
			pg.Rollback(ctx, tx)
			continue
		case pg.Undefined(err):
			err = fmt.Errorf("%w: somebody has dropped a schema of the database; start the program again", projections.ErrNoGeneration)
		default:
			err = pg.Explain(err)
		}
		pg.Rollback(ctx, tx)
		return err
	}
}

// reader returns a view of a generation whose tables stay until the transaction
// ends.
func (h *Home) reader(ctx context.Context, tx pgx.Tx, number int64) (*transaction, error) {
	t := &transaction{tx: tx, home: h}
	var err error
	if t.generation, err = h.find(ctx, tx, number, ``); err != nil {
		return t, err
	}
	if number == live {
		if err := h.usable(t.generation); err != nil {
			return t, err
		}
	}
	_, err = tx.Exec(ctx, t.sql(`LOCK TABLE {`+strings.Join(tables(), "}, {")+`} IN ACCESS SHARE MODE`))
	return t, err
}

func (h *Home) write(ctx context.Context, number int64, from projections.Checkpoint, f func(projections.Writer) (projections.Checkpoint, error)) error {
	renewed := false
	err := pg.Retry(ctx, func() error {
		tx, err := h.db.Begin(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
		if err != nil {
			return err
		}
		defer pg.Rollback(ctx, tx)
		t, err := h.writer(ctx, tx, number, from)
		if err != nil {
			return pg.Explain(err)
		}
		to, err := f(t)
		if err == nil {
			err = t.finish(ctx)
		}
		if err == nil {
			err = t.move(ctx, to)
		}
		if err != nil {
			return t.failure(err)
		}
		renewed = t.renewed
		return pg.Explain(tx.Commit(ctx))
	})
	if err == nil && renewed {
		err = h.sweep(ctx)
	}
	return err
}

// writer returns a transaction that holds a generation whose checkpoint is
// from.
func (h *Home) writer(ctx context.Context, tx pgx.Tx, number int64, from projections.Checkpoint) (*transaction, error) {
	g, err := h.find(ctx, tx, number, `FOR NO KEY UPDATE`)
	if errors.Is(err, projections.ErrNoGeneration) || err == nil && (g.checkpoint != from || h.overtaken(g)) {
		return nil, projections.ErrMoved
	}
	if err != nil {
		return nil, err
	}
	if err := h.usable(g); err != nil {
		return nil, err
	}
	t := &transaction{tx: tx, generation: g, home: h, buffers: map[string]*buffer{}, lasts: map[string]int64{}}
	if !g.filled {
		err = t.renew(ctx)
	}
	return t, err
}

// saw remembers who wrote the checkpoint that was read.
func (h *Home) saw(g generation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen, h.seenOwner = g.checkpoint, g.owner
}

// overtaken reports whether a checkpoint equals the one that was read last, but
// was written by somebody else since: its rows may be others.
func (h *Home) overtaken(g generation) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return g.owner != h.epoch && h.seen == g.checkpoint && h.seenOwner != g.owner
}

// transaction is a Reader or a Writer. Only one of its methods may run at a
// time: there is one connection.
type transaction struct {
	generation

	tx     pgx.Tx
	home   *Home
	failed error // the first of the database; what follows it says only that there was one

	// Of a Writer:

	renewed bool               // the tables were made in this transaction
	missing []index            // what the new tables have yet to get
	virgin  bool               // no subject was written to the new tables
	buffers map[string]*buffer // by table
	lasts   map[string]int64   // the number of the last row, by table
}

// note keeps the first error of the database.
func (t *transaction) note(err error) error {
	if err != nil && t.failed == nil && !errors.Is(err, pgx.ErrNoRows) {
		t.failed = err
	}
	return err
}

// failure returns what made a transaction fail. If the database did, its own
// error decides whether the transaction is tried again, and not what the caller
// has made of it.
func (t *transaction) failure(err error) error {
	switch explained := pg.Explain(t.failed); {
	case err == nil, t.failed == nil, errors.Is(err, t.failed) && !errors.Is(explained, pg.ErrUnreachable):
		return err
	case errors.Is(explained, pg.ErrUnreachable):
		return explained // the driver's error goes no further
	default:
		return errors.Join(err, explained)
	}
}
