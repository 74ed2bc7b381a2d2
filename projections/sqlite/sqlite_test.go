package sqlite_test

import (
	"path/filepath"
	"testing"

	"rollbook/projections"
	"rollbook/projections/sqlite"
	"rollbook/projections/storetest"
)

func TestStore(t *testing.T) {
	storetest.Stores(t, func(t testing.TB) projections.Store {
		t.Helper()
		s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "models.db"), "ledger-1")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	})
}
