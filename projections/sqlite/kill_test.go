package sqlite_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"rollbook/projections"
	"rollbook/projections/sqlite"
	"rollbook/projections/storetest"
)

func TestMain(m *testing.M) {
	storetest.Child(func(ctx context.Context, path string) (projections.Store, error) {
		return sqlite.Open(ctx, path, "ledger-1")
	})
	os.Exit(m.Run())
}

func openAt(t testing.TB, path string) projections.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, "ledger-1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func open(t testing.TB) projections.Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "models.db"))
}

func TestProjectorsAreKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "models.db")
	// One at a time: a data directory has one process.
	storetest.Kills(t, path, 1, func(t testing.TB) projections.Store { return openAt(t, path) }, open)
}
