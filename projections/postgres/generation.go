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

// live is the number that stands for whichever generation is live.
const live int64 = 0

// generation is a row of the control table.
type generation struct {
	number     int64
	schema     string
	version    string
	filled     bool
	owner      int64
	checkpoint projections.Checkpoint
}

// sql puts the names of the control tables, which stand in braces, into a
// statement.
func (h *Home) sql(statement string) string {
	return strings.NewReplacer(
		"{home}", pg.Name(h.db.Schema, "home"),
		"{generation}", pg.Name(h.db.Schema, "generation"),
		"{discarded}", pg.Name(h.db.Schema, "discarded"),
		"{numbers}", "'"+pg.Name(h.db.Schema, "generation_number")+"'",
	).Replace(statement)
}

// usable returns [projections.ErrVersion] or [projections.ErrTakenOver] if a
// generation is not this program's.
func (h *Home) usable(g generation) error {
	switch {
	case g.version == Version():
		return nil
	case g.number == h.found:
		return projections.ErrVersion
	default:
		return projections.ErrTakenOver
	}
}

// find returns a generation, as the transaction sees it. Lock is what follows
// the statement.
func (h *Home) find(ctx context.Context, tx pgx.Tx, number int64, lock string) (g generation, err error) {
	if number == live {
		if err := tx.QueryRow(ctx, h.sql(`SELECT live FROM {home}`)).Scan(&number); err != nil {
			return g, err
		}
	}
	err = tx.QueryRow(ctx, h.sql(`SELECT number, schema, version, filled, owner, position FROM {generation} WHERE number = $1 `+lock), number).
		Scan(&g.number, &g.schema, &g.version, &g.filled, &g.owner, &g.checkpoint.Position)
	if errors.Is(err, pgx.ErrNoRows) {
		return g, projections.ErrNoGeneration
	}
	g.checkpoint.Generation = g.number
	return g, err
}

// create makes an empty generation.
func (h *Home) create(ctx context.Context, tx pgx.Tx, ready bool) (generation, error) {
	g := generation{version: Version()}
	if err := tx.QueryRow(ctx, h.sql(`SELECT nextval({numbers})`)).Scan(&g.number); err != nil {
		return g, err
	}
	var err error
	if g.schema, err = h.tables(ctx, tx, g.number); err != nil {
		return g, err
	}
	_, err = tx.Exec(ctx, h.sql(`INSERT INTO {generation} (number, schema, version, ready) VALUES ($1, $2, $3, $4)`),
		g.number, g.schema, g.version, ready)
	return g, err
}

// tables makes the tables of a generation in a schema of their own, whose name
// it returns.
func (h *Home) tables(ctx context.Context, tx pgx.Tx, number int64) (string, error) {
	name := fmt.Sprintf("%s_g%d", h.db.Schema, number)
	_, err := tx.Exec(ctx, `CREATE SCHEMA `+pg.Name(name)+`; SET LOCAL search_path TO `+pg.Name(name)+`; `+schema)
	return name, err
}

// Generations implements [projections.Home].
func (h *Home) Generations(ctx context.Context) ([]projections.Generation, error) {
	rows, err := h.db.Query(ctx, h.sql(`SELECT g.number, g.position, g.version, g.number IS NOT DISTINCT FROM h.live, g.number IS NOT DISTINCT FROM h.before, g.ready
		FROM {generation} AS g CROSS JOIN {home} AS h ORDER BY g.number`))
	if err != nil {
		return nil, pg.Explain(err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (g projections.Generation, err error) {
		err = row.Scan(&g.Number, &g.Position, &g.Version, &g.Live, &g.Before, &g.Ready)
		return g, err
	})
	return list, pg.Explain(err)
}

// Begin implements [projections.Home].
func (h *Home) Begin(ctx context.Context) (_ projections.Shadow, err error) {
	lock, alone, err := h.db.TryLock(ctx, building)
	if err != nil {
		return nil, err
	}
	if !alone {
		return nil, projections.ErrBusy
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, lock.Release(ctx))
		}
	}()
	all, err := h.abandon(ctx)
	if err != nil {
		return nil, err
	}
	if !all {
		return nil, projections.ErrBusy
	}
	if err := h.sweep(ctx); err != nil {
		return nil, err
	}
	var g generation
	err = h.db.Transact(ctx, func(tx pgx.Tx) (err error) {
		g, err = h.create(ctx, tx, false)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &shadow{home: h, number: g.number, lock: lock}, nil
}

// Open implements [projections.Home].
func (h *Home) Open(ctx context.Context, number int64) (projections.Shadow, error) {
	var there bool
	err := h.db.QueryRow(ctx, h.sql(`SELECT EXISTS (SELECT FROM {generation} WHERE number = $1)`), number).Scan(&there)
	if err != nil {
		return nil, pg.Explain(err)
	}
	if !there {
		return nil, fmt.Errorf("%w: %d", projections.ErrNoGeneration, number)
	}
	return &shadow{home: h, number: number}, nil
}

// Switch implements [projections.Home].
func (h *Home) Switch(ctx context.Context, from, to int64) error {
	return h.db.Transact(ctx, func(tx pgx.Tx) error {
		var now int64
		if err := tx.QueryRow(ctx, h.sql(`SELECT live FROM {home} FOR UPDATE`)).Scan(&now); err != nil {
			return err
		}
		if now != from {
			return projections.ErrMoved
		}
		if from == to {
			return nil
		}
		// Nobody is in the middle of writing what is to be live.
		if _, err := h.find(ctx, tx, to, `FOR NO KEY UPDATE`); err != nil {
			return fmt.Errorf("switch to %d: %w", to, err)
		}
		if _, err := tx.Exec(ctx, h.sql(`UPDATE {generation} SET ready = true WHERE number = $1`), to); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, h.sql(`UPDATE {home} SET live = $1, before = $2`), to, from)
		return err
	})
}

// Drop implements [projections.Home].
func (h *Home) Drop(ctx context.Context, number int64) error {
	err := h.db.Transact(ctx, func(tx pgx.Tx) error {
		var now int64
		if err := tx.QueryRow(ctx, h.sql(`SELECT live FROM {home} FOR UPDATE`)).Scan(&now); err != nil {
			return err
		}
		if now == number {
			return fmt.Errorf("generation %d is live: switch to another one first", number)
		}
		gone, err := h.discard(ctx, tx, number, `true`)
		if err == nil && !gone {
			err = fmt.Errorf("%w: %d", projections.ErrNoGeneration, number)
		}
		return err
	})
	if err != nil {
		return err
	}
	return h.sweep(ctx)
}

// discard removes a generation if a condition holds.
func (h *Home) discard(ctx context.Context, tx pgx.Tx, number int64, condition string) (gone bool, err error) {
	tag, err := tx.Exec(ctx, h.sql(`WITH gone AS (DELETE FROM {generation} WHERE number = $1 AND `+condition+` RETURNING schema)
		INSERT INTO {discarded} SELECT schema FROM gone`), number)
	return tag.RowsAffected() > 0, err
}

// shadow is the store of one generation.
type shadow struct {
	home   *Home
	number int64
	lock   *pg.Lock // of who fills it; nil if it was opened to be read
}

var _ projections.Shadow = (*shadow)(nil)

func (s *shadow) Number() int64 { return s.number }

func (s *shadow) Read(ctx context.Context, f func(projections.Reader) error) error {
	return s.home.read(ctx, s.number, f)
}

func (s *shadow) Write(ctx context.Context, from projections.Checkpoint, f func(projections.Writer) (projections.Checkpoint, error)) error {
	return s.home.write(ctx, s.number, from, f)
}

// Close implements [projections.Shadow].
func (s *shadow) Close() error {
	if s.lock == nil {
		return nil
	}
	// It has to be cleaned up however the caller's context ended.
	ctx := context.Background()
	err := s.home.db.Transact(ctx, func(tx pgx.Tx) error {
		_, err := s.home.discard(ctx, tx, s.number, `NOT ready`)
		return err
	})
	err = errors.Join(err, s.home.sweep(ctx), s.lock.Release(ctx))
	s.lock = nil
	return err
}
