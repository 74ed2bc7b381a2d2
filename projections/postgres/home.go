// Package postgres keeps read models in a PostgreSQL database.
//
// Each generation has a schema of its own, "<schema>_g<n>". The schema that the
// database's URL names ("rollbook" if none) holds the control tables: which
// generations there are, how far each has come, and, in one row, whose they are,
// which is live and which was before. A generation is derived from the log and
// can be dropped at any time; it is then built anew.
//
// A writer holds the row of its generation from its first look at the
// checkpoint to the commit that moves it, so of two projectors one waits and is
// then told [projections.ErrMoved]. A generation that is filled from empty is
// made within the very transaction that fills it: nobody waits for it, a
// failure leaves nothing, rows arrive by COPY, already frozen, and indexes come
// last. Readers have a snapshot (REPEATABLE READ READ ONLY) and keep the tables
// that they read from being dropped.
package postgres

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/jackc/pgx/v5"

	pg "rollbook/internal/postgres"
	"rollbook/projections"
)

//go:embed schema.sql
var schema string

//go:embed migrations
var migrations embed.FS

// layout changes when the same schema would be filled with other rows.
const layout = "1"

// Names of advisory locks.
const (
	opening  = "open"    // while control tables are made or changed
	building = "rebuild" // while a generation is being filled
)

// ErrForeign means that the read models in a schema are another ledger's.
var ErrForeign = errors.New("the read models in this schema of the database belong to another ledger; name another schema in the URL, as ...?schema=rollbook_2")

// Config says which home to open.
type Config struct {
	// URL is that of the database: see [pg.Open].
	URL string
	// Ledger is the id of the ledger whose read models they are.
	Ledger string
}

// Home is the read models of a ledger in a database. It is safe for concurrent
// use, by several processes too.
type Home struct {
	db    *pg.DB
	epoch int64 // of this opening
	found int64 // what was live then

	mu sync.Mutex
	// seen is the epoch of who wrote the checkpoint that was read last. The same
	// position may be reached twice, by two owners, with other rows.
	seen      projections.Checkpoint
	seenOwner int64
}

var _ projections.Home = (*Home)(nil)

// Open opens a home, or makes it. It returns [ErrForeign] if it is another
// ledger's. A new home has an empty generation, which is live.
func Open(ctx context.Context, c Config) (_ *Home, err error) {
	db, err := pg.Open(ctx, c.URL)
	if err != nil {
		return nil, err
	}
	h := &Home{db: db}
	if err := h.prepare(ctx, c.Ledger); err != nil {
		db.Close()
		return nil, fmt.Errorf("read models: %w", err)
	}
	return h, nil
}

// Close ends all connections.
func (h *Home) Close() error {
	h.db.Close()
	return nil
}

// Version names what this program stores: it changes with the schema, with the
// code that makes rows, and with what the rows mean.
func Version() string {
	sum := sha256.Sum256([]byte(layout + "\n" + projections.Version() + "\n" + schema))
	return hex.EncodeToString(sum[:8])
}

// Version returns [Version].
func (h *Home) Version() string { return Version() }

func (h *Home) prepare(ctx context.Context, ledger string) (err error) {
	lock, err := h.db.Lock(ctx, opening)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release(ctx)) }()
	// Whose it is comes first: another's is not even brought up to date.
	if err := h.owned(ctx, ledger); err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	if err := h.db.Migrate(ctx, h.db.Schema, files); err != nil {
		return err
	}
	err = h.db.Transact(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, h.sql(`INSERT INTO {home} (ledger) VALUES ($1) ON CONFLICT DO NOTHING`), ledger); err != nil {
			return err
		}
		// What somebody has dropped by hand is no generation.
		var found *int64
		err := tx.QueryRow(ctx, h.sql(`UPDATE {home} SET epoch = epoch + 1 RETURNING epoch,
			(SELECT number FROM {generation} WHERE number = live AND to_regclass(quote_ident(schema) || '.subject') IS NOT NULL)`)).Scan(&h.epoch, &found)
		if err != nil {
			return err
		}
		if found != nil {
			h.found = *found
			return nil
		}
		g, err := h.create(ctx, tx, true)
		if err != nil {
			return err
		}
		h.found = g.number
		_, err = tx.Exec(ctx, h.sql(`UPDATE {home} SET before = NULL, live = $1`), g.number)
		return err
	})
	if err != nil {
		return err
	}
	return h.clean(ctx)
}

// owned returns [ErrForeign] if there is a home and it is not the ledger's.
func (h *Home) owned(ctx context.Context, ledger string) error {
	there, err := h.db.Has(ctx, h.db.Schema, "home")
	if err != nil || !there {
		return err
	}
	var have string
	err = h.db.QueryRow(ctx, h.sql(`SELECT ledger FROM {home}`)).Scan(&have)
	if err == nil && have != ledger {
		return ErrForeign
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return pg.Explain(err)
}

// clean removes what a maker that died has left behind.
func (h *Home) clean(ctx context.Context) error {
	var unfinished bool
	err := h.db.QueryRow(ctx, h.sql(`SELECT EXISTS (SELECT FROM {generation} WHERE NOT ready)`)).Scan(&unfinished)
	if err != nil {
		return pg.Explain(err)
	}
	if !unfinished { // and nobody who begins one finds the lock taken
		return h.sweep(ctx)
	}
	lock, alone, err := h.db.TryLock(ctx, building)
	if err != nil {
		return err
	}
	if alone {
		_, err = h.abandon(ctx)
		err = errors.Join(err, lock.Release(ctx))
	}
	return errors.Join(err, h.sweep(ctx))
}

// abandon removes the generations that are not ready. The caller holds the lock
// of who builds. It returns false if somebody writes to one of them, who has
// lost that lock without knowing.
func (h *Home) abandon(ctx context.Context) (all bool, err error) {
	err = h.db.Transact(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, h.sql(`WITH dead AS (
				DELETE FROM {generation} WHERE number IN (
					SELECT number FROM {generation} WHERE NOT ready FOR UPDATE SKIP LOCKED)
				RETURNING schema)
			INSERT INTO {discarded} SELECT schema FROM dead`)); err != nil {
			return err
		}
		return tx.QueryRow(ctx, h.sql(`SELECT NOT EXISTS (SELECT FROM {generation} WHERE NOT ready)`)).Scan(&all)
	})
	return all, err
}

// sweep drops the schemas that nothing refers to and nobody reads. Those that
// are being read stay for the next time.
func (h *Home) sweep(ctx context.Context) error {
	rows, err := h.db.Query(ctx, h.sql(`SELECT schema FROM {discarded} ORDER BY schema`))
	if err != nil {
		return pg.Explain(err)
	}
	schemas, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return pg.Explain(err)
	}
	for _, s := range schemas {
		err := h.db.Transact(ctx, func(tx pgx.Tx) error {
			// Who waits to drop a table holds up its readers.
			if _, err := tx.Exec(ctx, `SET LOCAL lock_timeout = '100ms'`); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, h.sql(`DELETE FROM {discarded} WHERE schema = $1`), s); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `DROP SCHEMA IF EXISTS `+pg.Name(s)+` CASCADE`)
			return err
		})
		if err != nil && !pg.Locked(err) && !pg.Repeatable(err) {
			return err
		}
	}
	return nil
}
