package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"rollbook/eventstore"
	pg "rollbook/internal/postgres"
	"rollbook/internal/postgres/pgtest"
	"rollbook/projections"
	"rollbook/projections/postgres"
	"rollbook/projections/storetest"
)

func TestTheDatabaseIsKilled(t *testing.T) {
	server, err := pgtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}()
	up := func() {
		if err := server.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	h := open(t, server.URL())
	storetest.Outages(t, h, openSQLite(t), func(err error) bool { return errors.Is(err, pg.ErrUnreachable) }, server.Kill, up)
	gone(t, server.URL())
}

// execute does statements beside the home, as another program might.
func execute(t testing.TB, url string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, s := range statements {
		if _, err := conn.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// A serialization failure, or a deadlock, is tried again as a whole; anything
// else is not.
func TestWhatAnotherTransactionCausedIsTriedAgain(t *testing.T) {
	h := open(t, pgtest.Database(t))
	var from projections.Checkpoint
	next := func(fails int, err error) (calls int, got error) {
		got = h.Write(t.Context(), from, func(w projections.Writer) (projections.Checkpoint, error) {
			calls++
			to := projections.Checkpoint{Position: from.Position + 1, Generation: from.Generation}
			if calls <= fails {
				return to, fmt.Errorf("position 1: %w", err)
			}
			return to, w.PutIDs(t.Context(), map[string]eventstore.Position{fmt.Sprint("id-", to.Position): to.Position})
		})
		return calls, got
	}
	if err := h.Read(t.Context(), func(r projections.Reader) (err error) {
		from, err = r.Checkpoint(t.Context())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{"40001", "40P01"} {
		if calls, err := next(3, &pgconn.PgError{Code: code}); calls != 4 || err != nil {
			t.Errorf("a transaction that fails thrice with %s is done %d times: %v", code, calls, err)
		}
		from.Position++
	}
	if calls, err := next(1000, &pgconn.PgError{Code: "40001"}); err == nil || calls < 3 || calls > 20 {
		t.Errorf("a transaction that always fails is done %d times: %v", calls, err)
	}
	if calls, err := next(3, &pgconn.PgError{Code: "23505"}); calls != 1 || err == nil {
		t.Errorf("a transaction that cannot work is done %d times: %v", calls, err)
	}
	if calls, err := next(0, nil); calls != 1 || err != nil {
		t.Errorf("afterwards: %d, %v", calls, err)
	}
}

// Two transactions wait for each other: PostgreSQL ends ours, and its work is
// done all the same.
func TestADeadlockIsSurvived(t *testing.T) {
	url := pgtest.Database(t)
	var schema, database string
	beside(t, url, func(c *pgx.Conn) error {
		return c.QueryRow(t.Context(), `SELECT quote_ident(current_database())`).Scan(&database)
	})
	execute(t, url, `ALTER DATABASE `+database+` SET deadlock_timeout = '20ms'`)
	h := open(t, url)
	advance(t, h, func(w projections.Writer) error {
		return w.PutIDs(t.Context(), map[string]eventstore.Position{"first": 1})
	})
	beside(t, url, func(c *pgx.Conn) error {
		return c.QueryRow(t.Context(), `SELECT quote_ident(schema) FROM rollbook.generation`).Scan(&schema)
	})
	rival, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	calls := 0
	advance(t, h, func(w projections.Writer) error {
		if calls++; calls == 1 {
			// It holds what we are about to wait for, and waits for what we hold.
			for _, s := range []string{`SET deadlock_timeout = '1h'`, `BEGIN`, `INSERT INTO ` + schema + `.event_id VALUES ('second', 2)`} {
				if _, err := rival.Exec(t.Context(), s); err != nil {
					return err
				}
			}
			go func() {
				_, err := rival.Exec(context.Background(), `UPDATE rollbook.generation SET owner = owner; COMMIT`)
				ended <- errors.Join(err, rival.Close(context.Background()))
			}()
			waits(t, url, rival.PgConn().PID())
		}
		return w.PutIDs(t.Context(), map[string]eventstore.Position{"second": 3})
	})
	if calls != 2 {
		t.Errorf("the transaction was done %d times, want 2", calls)
	}
	if err := <-ended; err != nil {
		t.Errorf("the other transaction: %v", err)
	}
}

// waits returns when a process of the database waits for a lock.
func waits(t testing.TB, url string, pid uint32) {
	t.Helper()
	beside(t, url, func(c *pgx.Conn) error {
		for waiting := false; !waiting; {
			if err := c.QueryRow(t.Context(), `SELECT wait_event_type IS NOT DISTINCT FROM 'Lock' FROM pg_stat_activity WHERE pid = $1`, pid).Scan(&waiting); err != nil {
				return err
			}
		}
		return nil
	})
}

// beside uses a connection that has nothing to do with the home.
func beside(t testing.TB, url string, f func(*pgx.Conn) error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := f(conn); err != nil {
		t.Fatal(err)
	}
}

// advance moves the checkpoint by one.
func advance(t testing.TB, s projections.Store, f func(projections.Writer) error) {
	t.Helper()
	from := at(t, s)
	err := s.Write(t.Context(), from, func(w projections.Writer) (projections.Checkpoint, error) {
		return projections.Checkpoint{Position: from.Position + 1, Generation: from.Generation}, f(w)
	})
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
}

func at(t testing.TB, s projections.Store) (c projections.Checkpoint) {
	t.Helper()
	err := s.Read(t.Context(), func(r projections.Reader) (err error) {
		c, err = r.Checkpoint(t.Context())
		return err
	})
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return c
}

func TestReadModelsOfAnotherLedgerAreRefused(t *testing.T) {
	url := pgtest.Database(t)
	h := open(t, url)
	advance(t, h, func(w projections.Writer) error {
		return w.PutIDs(t.Context(), map[string]eventstore.Position{"mine": 1})
	})
	if _, err := postgres.Open(t.Context(), postgres.Config{URL: url, Ledger: "ledger-2"}); !errors.Is(err, postgres.ErrForeign) {
		t.Errorf("Open by another ledger = %v, want %v", err, postgres.ErrForeign)
	}
	other, err := postgres.Open(t.Context(), postgres.Config{URL: url + "&schema=rollbook_2", Ledger: "ledger-2"})
	if err != nil {
		t.Fatalf("Open of another schema: %v", err)
	}
	defer func() { _ = other.Close() }()
	if at(t, other).Position != 0 || at(t, h).Position != 1 {
		t.Errorf("two ledgers share one checkpoint: %+v and %+v", at(t, other), at(t, h))
	}
}

// The same position, reached by another owner with other rows, is not the same
// checkpoint.
func TestACheckpointIsItsOwners(t *testing.T) {
	url := pgtest.Database(t)
	a := open(t, url)
	from := at(t, a)
	b := open(t, url)
	write := func(h *postgres.Home, from, to eventstore.Position) error {
		return h.Write(t.Context(), projections.Checkpoint{Position: from, Generation: 1}, func(projections.Writer) (projections.Checkpoint, error) {
			return projections.Checkpoint{Position: to, Generation: 1}, nil
		})
	}
	if err := write(b, 0, 0); err != nil {
		t.Fatal(err)
	}
	if err := write(a, from.Position, 5); !errors.Is(err, projections.ErrMoved) {
		t.Errorf("Write from what another owner has replaced = %v, want %v", err, projections.ErrMoved)
	}
	if now := at(t, a); write(a, now.Position, 5) != nil {
		t.Error("after another look it cannot write either")
	}
}

// Who fills a generation and loses its connection loses the generation, and
// cannot write to it when somebody else fills another.
func TestALostLeaseIsNoticed(t *testing.T) {
	url := pgtest.Database(t)
	a, b := open(t, url), open(t, url)
	first, err := a.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	beside(t, url, func(c *pgx.Conn) error {
		var ended bool
		if err := c.QueryRow(t.Context(), `SELECT bool_and(pg_terminate_backend(pid, 10000)) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&ended); err != nil || !ended {
			return errors.Join(err, errors.New("nobody holds a lock"))
		}
		return nil
	})
	// In the middle of a write it is alive, and not to be robbed.
	from := projections.Checkpoint{Generation: first.Number()}
	err = first.Write(t.Context(), from, func(projections.Writer) (projections.Checkpoint, error) {
		if _, err := b.Begin(t.Context()); !errors.Is(err, projections.ErrBusy) {
			t.Errorf("Begin beside a writer = %v, want %v", err, projections.ErrBusy)
		}
		return projections.Checkpoint{Position: 1, Generation: from.Generation}, nil
	})
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
	second, err := b.Begin(t.Context())
	if err != nil {
		t.Fatalf("Begin after a maker is gone: %v", err)
	}
	err = first.Write(t.Context(), projections.Checkpoint{Position: 1, Generation: first.Number()}, func(projections.Writer) (projections.Checkpoint, error) {
		return projections.Checkpoint{Position: 2, Generation: first.Number()}, nil
	})
	if !errors.Is(err, projections.ErrMoved) {
		t.Errorf("Write of who was robbed = %v, want %v", err, projections.ErrMoved)
	}
	if err := errors.Join(first.Close(), second.Close()); err != nil {
		t.Errorf("Close: %v", err)
	}
	gone(t, url)
}

// A value that does not fit is refused, and not cut.
func TestAValueThatDoesNotFitIsRefused(t *testing.T) {
	h := open(t, pgtest.Database(t))
	table := projections.Models()[0].Table
	for column := range table.Columns {
		row := make([]int64, len(table.Columns))
		row[column] = 1 << 62
		err := h.Write(t.Context(), at(t, h), func(w projections.Writer) (projections.Checkpoint, error) {
			return projections.Checkpoint{Position: 1, Generation: 1}, w.PutRows(t.Context(), table, row)
		})
		wide := table.Columns[column] == "sequence" || table.Columns[column] == "cause"
		if (err == nil) != wide {
			t.Errorf("%s of 1<<62: %v", table.Columns[column], err)
		}
		if wide {
			h = open(t, pgtest.Database(t))
		}
	}
}

// Somebody drops a schema by hand: the reader is told, and the next start makes
// the read models anew.
func TestASchemaThatWasDroppedIsMadeAnew(t *testing.T) {
	url := pgtest.Database(t)
	h := open(t, url)
	advance(t, h, func(w projections.Writer) error {
		return w.PutIDs(t.Context(), map[string]eventstore.Position{"mine": 1})
	})
	var schema string
	beside(t, url, func(c *pgx.Conn) error {
		return c.QueryRow(t.Context(), `SELECT quote_ident(schema) FROM rollbook.generation`).Scan(&schema)
	})
	execute(t, url, `DROP SCHEMA `+schema+` CASCADE`)
	if err := h.Read(t.Context(), func(projections.Reader) error { return nil }); !errors.Is(err, projections.ErrNoGeneration) {
		t.Errorf("Read = %v, want %v", err, projections.ErrNoGeneration)
	}
	if now := at(t, open(t, url)); now.Position != 0 {
		t.Errorf("after a start the read models are at %+v", now)
	}
}

// What a caller returns comes back as it is, whatever it looks like.
func TestAnErrorOfTheCallerIsNotTheDatabases(t *testing.T) {
	h := open(t, pgtest.Database(t))
	if err := h.Read(t.Context(), func(projections.Reader) error { return io.EOF }); !errors.Is(err, io.EOF) || errors.Is(err, pg.ErrUnreachable) {
		t.Errorf("Read = %v, want %v", err, io.EOF)
	}
	err := h.Write(t.Context(), at(t, h), func(projections.Writer) (projections.Checkpoint, error) {
		return projections.Checkpoint{}, io.EOF
	})
	if !errors.Is(err, io.EOF) || errors.Is(err, pg.ErrUnreachable) {
		t.Errorf("Write = %v, want %v", err, io.EOF)
	}
}
