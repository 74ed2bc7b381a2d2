package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollbook/projections"
	"rollbook/projections/sqlite"
	"rollbook/projections/sqlite/sqlitetest"
	"rollbook/projections/storetest"
)

func TestMain(m *testing.M) {
	storetest.Child(func(ctx context.Context, path string) (projections.Home, error) {
		return sqlite.Open(ctx, path, "ledger-1")
	})
	os.Exit(m.Run())
}

func openAt(t testing.TB, path string) projections.Home {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, "ledger-1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func open(t testing.TB) projections.Home {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "models.db"))
}

func TestProjectorsAreKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "models.db")
	storetest.Kills(t, path, 2, func(t testing.TB) projections.Home { return openAt(t, path) }, open)
	h := openAt(t, path) // cleans up
	list, err := h.Generations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{path: true, path + ".lock": true}
	for _, g := range list {
		want[fmt.Sprintf("%s.g%d", path, g.Number)] = true
	}
	found, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if !want[strings.TrimSuffix(strings.TrimSuffix(f, "-wal"), "-shm")] {
			t.Errorf("%s is left of a projector that was killed", f)
		}
	}
}

func TestHome(t *testing.T) {
	storetest.Homes(t, func(t testing.TB) (open func() storetest.Home, age func()) {
		path := filepath.Join(t.TempDir(), "models [1].db") // a path is no pattern
		open = func() storetest.Home {
			h, err := sqlite.Open(t.Context(), path, "ledger-1")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = h.Close() })
			return h
		}
		return open, func() {
			sqlitetest.Execute(t, path, `UPDATE generation SET version = 'of another program ' || number`)
		}
	})
}
