package postgres_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	pg "rollbook/internal/postgres"
	"rollbook/internal/postgres/pgtest"
	"rollbook/projections"
	"rollbook/projections/postgres"
	"rollbook/projections/sqlite"
	"rollbook/projections/storetest"
)

func TestMain(m *testing.M) {
	storetest.Child(func(ctx context.Context, url string) (projections.Home, error) {
		return postgres.Open(ctx, postgres.Config{URL: url, Ledger: "ledger-1"})
	})
	os.Exit((&pgtest.Main{M: m}).Run())
}

// schemas returns URLs of new schemas in one database.
func schemas(t testing.TB) func() string {
	t.Helper()
	url := pgtest.Database(t)
	var n atomic.Int64
	return func() string { return fmt.Sprintf("%s&schema=s%d", url, n.Add(1)) }
}

func open(t testing.TB, url string) *postgres.Home {
	t.Helper()
	h, err := postgres.Open(t.Context(), postgres.Config{URL: url, Ledger: "ledger-1"})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func openSQLite(t testing.TB) projections.Home {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "models.db"), "ledger-1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestStore(t *testing.T) {
	url := schemas(t)
	storetest.Stores(t, func(t testing.TB) projections.Home { return open(t, url()) })
}

func TestItHoldsWhatSQLiteHolds(t *testing.T) {
	url := schemas(t)
	storetest.Same(t, openSQLite, func(t testing.TB) projections.Home { return open(t, url()) })
}

func TestHome(t *testing.T) {
	url := schemas(t)
	storetest.Homes(t, func(t testing.TB) (func() storetest.Home, func()) {
		place := url()
		return func() storetest.Home { return open(t, place) }, func() {
			home, err := pg.Open(t.Context(), place)
			if err != nil {
				t.Fatal(err)
			}
			defer home.Close()
			if _, err := home.Exec(t.Context(), `UPDATE `+pg.Name(home.Schema, "generation")+` SET version = 'of another program ' || number`); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestProjectorsAreKilled(t *testing.T) {
	url := pgtest.Database(t)
	storetest.Kills(t, url, 2, func(t testing.TB) projections.Home { return open(t, url) }, openSQLite)
	gone(t, url)
}

// gone checks that nothing is left of generations that were never finished.
func gone(t testing.TB, url string) {
	t.Helper()
	_ = open(t, url) // cleans up
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var schemas, generations, discarded int
	err = conn.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'rollbook\_g%'),
		(SELECT count(*) FROM rollbook.generation), (SELECT count(*) FROM rollbook.discarded)`).Scan(&schemas, &generations, &discarded)
	if err != nil || schemas != generations || discarded != 0 {
		t.Errorf("%d schemas of %d generations, %d discarded, %v", schemas, generations, discarded, err)
	}
}
