package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// rollbackTimeout bounds what a broken connection can hold up.
const rollbackTimeout = 5 * time.Second

// Begin begins a transaction. A connection that broke while nobody used it,
// because the server was started anew, is replaced.
func (d *DB) Begin(ctx context.Context, o pgx.TxOptions) (pgx.Tx, error) {
	var err error
	for range int(d.Config().MaxConns) + 1 {
		var tx pgx.Tx
		if tx, err = d.BeginTx(ctx, o); err == nil {
			return tx, nil
		}
		if ctx.Err() != nil || !lost(err) || d.Stat().TotalConns() == 0 {
			break
		}
	}
	return nil, Explain(err)
}

// Rollback ends a transaction without a trace, also when ctx has ended. After a
// commit it does nothing.
func Rollback(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	_ = tx.Rollback(ctx) // a connection that cannot even do this is closed, which does it
}

// Transact does f in a transaction, and commits if it returns nil. Serialization
// failures and deadlocks are tried again, so f may be called several times.
func (d *DB) Transact(ctx context.Context, f func(pgx.Tx) error) error {
	return Retry(ctx, func() error {
		tx, err := d.Begin(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
		if err != nil {
			return err
		}
		defer Rollback(ctx, tx)
		if err := f(tx); err != nil {
			return Explain(err)
		}
		return Explain(tx.Commit(ctx))
	})
}

// Lock is an advisory lock that a connection of its own holds. PostgreSQL gives
// it back when the connection ends, so the death of who holds it frees it.
type Lock struct{ conn *pgx.Conn }

// Lock waits for the advisory lock of a name.
func (d *DB) Lock(ctx context.Context, name string) (*Lock, error) {
	l, _, err := d.lock(ctx, `SELECT true FROM pg_advisory_lock(hashtextextended($1, 0))`, name)
	return l, err
}

// TryLock takes the advisory lock of a name; ok is false if it is taken.
func (d *DB) TryLock(ctx context.Context, name string) (l *Lock, ok bool, err error) {
	return d.lock(ctx, `SELECT pg_try_advisory_lock(hashtextextended($1, 0))`, name)
}

func (d *DB) lock(ctx context.Context, query, name string) (*Lock, bool, error) {
	conn, err := pgx.ConnectConfig(ctx, d.Config().ConnConfig)
	if err != nil {
		return nil, false, Explain(err)
	}
	l := &Lock{conn}
	var ok bool
	err = conn.QueryRow(ctx, query, "rollbook "+d.Schema+" "+name).Scan(&ok)
	if err != nil || !ok {
		return nil, false, errors.Join(Explain(err), l.Release(ctx))
	}
	return l, true, nil
}

// Release gives the lock back.
func (l *Lock) Release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	// A server notices some time later that a connection has ended.
	_, err := l.conn.Exec(ctx, `SELECT pg_advisory_unlock_all()`)
	if lost(err) {
		err = nil // then it is free, or will be
	}
	return errors.Join(err, l.conn.Close(ctx))
}
