package postgres_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"rollbook/internal/postgres/pgtest"
	"rollbook/projections"
	"rollbook/projections/postgres"
	"rollbook/projections/sqlite"
	"rollbook/projections/storetest"
)

func TestMain(m *testing.M) {
	os.Exit(pgtest.Main{M: m}.Run())
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

func openSQLite(t testing.TB) projections.Store {
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
	storetest.Stores(t, func(t testing.TB) projections.Store { return open(t, url()) })
}
