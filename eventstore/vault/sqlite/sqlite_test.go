package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"rollbook/eventstore/vault"
	"rollbook/eventstore/vault/sqlite"
	"rollbook/eventstore/vault/vaulttest"
)

func open(t testing.TB, c sqlite.Config) *sqlite.Keyring {
	t.Helper()
	k, err := sqlite.Open(t.Context(), c)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = k.Close() })
	return k
}

func config(t testing.TB) sqlite.Config {
	t.Helper()
	return sqlite.Config{Path: filepath.Join(t.TempDir(), "khoá & keys.db"), Origin: "rollbook/T/e1", KEK: "kek-1", Create: true}
}

func TestKeyring(t *testing.T) {
	vaulttest.Run(t, func(t testing.TB) vaulttest.Place {
		path := config(t).Path
		return vaulttest.Place{
			Open: func(c vaulttest.Config) (vaulttest.Keyring, error) {
				return sqlite.Open(context.Background(), sqlite.Config{Path: path, Origin: c.Origin, KEK: c.KEK, Create: c.Create})
			},
			Holds: func(secret []byte) (found []string) {
				files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
				if err != nil {
					t.Fatal(err)
				}
				for _, path := range files {
					if b, err := os.ReadFile(path); err == nil && bytes.Contains(b, secret) {
						found = append(found, filepath.Base(path))
					}
				}
				return found
			},
		}
	})
}

func TestItsFilesAreItsOwners(t *testing.T) {
	c := config(t)
	k := open(t, c)
	if err := k.Add(t.Context(), []vault.WrappedKey{{Owner: vault.Owner{Subject: "member/a", Class: "identity"}, KID: "kid", KEK: "kek-1", Wrapped: []byte("x")}}); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if info, err := os.Stat(c.Path + suffix); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 600: %v", filepath.Base(c.Path)+suffix, info, err)
		}
	}
}

func TestADamagedFileIsNotOpened(t *testing.T) {
	c := config(t)
	none := c
	none.Create = false
	if _, err := sqlite.Open(t.Context(), none); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of none = %v, want %v", err, fs.ErrNotExist)
	}
	if _, err := os.Stat(c.Path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of none made a file")
	}
	if err := os.WriteFile(c.Path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), none); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of an empty file = %v, want %v", err, fs.ErrNotExist)
	}
	if err := os.WriteFile(c.Path, []byte("not a database, but long enough to look at"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), c); err == nil {
		t.Errorf("a damaged keyring was opened")
	}
}

func BenchmarkKeys(b *testing.B) {
	m, err := vault.CreateMaster(filepath.Join(b.TempDir(), "master.key"))
	if err != nil {
		b.Fatal(err)
	}
	c := config(b)
	c.KEK = m.ID()
	ring := open(b, c)
	v, err := vault.New(b.Context(), ring, m, c.Origin)
	if err != nil {
		b.Fatal(err)
	}
	next := 0
	batch := func() (owners []vault.Owner) {
		for range 1000 {
			next++
			s := fmt.Sprint("member/", next*7919%1_000_003)
			owners = append(owners, vault.Owner{Subject: s, Class: "identity"}, vault.Owner{Subject: s, Class: "sensitive"})
		}
		return owners
	}
	may := func(vault.Owner) bool { return true }
	b.Run("make 2000", func(b *testing.B) {
		for b.Loop() {
			if err := v.Ensure(b.Context(), batch(), may); err != nil {
				b.Fatal(err)
			}
		}
	})
	most := next
	b.Run("load 2000", func(b *testing.B) {
		for b.Loop() {
			if next -= 1000; next < 0 {
				next = most - 1000
			}
			cold, err := vault.New(b.Context(), ring, m, c.Origin)
			if err != nil {
				b.Fatal(err)
			}
			owners := batch()
			next -= 1000
			if err := cold.Load(b.Context(), owners); err != nil {
				b.Fatal(err)
			}
		}
	})
	o := vault.Owner{Subject: fmt.Sprint("member/", 7919), Class: "identity"}
	plaintext := bytes.Repeat([]byte("x"), 200)
	b.Run("seal 200 bytes", func(b *testing.B) {
		for b.Loop() {
			if _, err := v.Seal(b.Context(), o, "9592edb05772f737f9dae1b53855b8a2", "member.identified", plaintext); err != nil {
				b.Fatal(err)
			}
		}
	})
	block, err := v.Seal(b.Context(), o, "e", "t", plaintext)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("open 200 bytes", func(b *testing.B) {
		for b.Loop() {
			if _, err := v.Open(b.Context(), o, "e", "t", block); err != nil {
				b.Fatal(err)
			}
		}
	})
}
