package sqlite_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"rollbook/eventstore/vault"
	"rollbook/eventstore/vault/sqlite"
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

func wrapped(subject, class string, b byte) vault.WrappedKey {
	return vault.WrappedKey{
		Owner: vault.Owner{Subject: subject, Class: class}, KID: fmt.Sprintf("kid of %s %s", subject, class), KEK: "kek-1",
		Wrapped: bytes.Repeat([]byte{b}, 60),
	}
}

func owners(keys ...vault.WrappedKey) (owners []vault.Owner) {
	for _, w := range keys {
		owners = append(owners, w.Owner)
	}
	return owners
}

func sorted(keys []vault.WrappedKey) []vault.WrappedKey {
	return slices.SortedFunc(slices.Values(keys), func(a, b vault.WrappedKey) int {
		return bytes.Compare([]byte(a.Subject+" "+a.Class), []byte(b.Subject+" "+b.Class))
	})
}

func equal(a, b []vault.WrappedKey) bool {
	return slices.EqualFunc(sorted(a), sorted(b), func(a, b vault.WrappedKey) bool {
		return a.Owner == b.Owner && a.KID == b.KID && a.KEK == b.KEK && bytes.Equal(a.Wrapped, b.Wrapped)
	})
}

func TestWhatIsAddedIsFoundAlsoAfterAStart(t *testing.T) {
	c := config(t)
	k := open(t, c)
	a, b, other := wrapped("member/a", "identity", 1), wrapped("member/a", "sensitive", 2), wrapped("member/b", "identity", 3)
	if err := k.Add(t.Context(), []vault.WrappedKey{b, other, a}); err != nil {
		t.Fatal(err)
	}
	check := func(k *sqlite.Keyring) {
		t.Helper()
		for _, want := range [][]vault.WrappedKey{{a}, {b}, {a, b}, {a, b, other}, {}} {
			asked := append(owners(want...), vault.Owner{Subject: "member/zz", Class: "identity"}, vault.Owner{Subject: `x"[`, Class: ""})
			asked = append(asked, owners(want...)...) // each may be named twice
			found, err := k.Find(t.Context(), asked)
			if err != nil || !equal(found, want) {
				t.Errorf("Find(%v) = %v, %v, want %v", asked, found, err, want)
			}
		}
	}
	check(k)
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	c.Create = false
	check(open(t, c))
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if info, err := os.Stat(c.Path + suffix); err == nil && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o, want 600", filepath.Base(c.Path)+suffix, info.Mode().Perm())
		}
	}
}

func TestAKeyIsNeverReplaced(t *testing.T) {
	k := open(t, config(t))
	a, b := wrapped("member/a", "identity", 1), wrapped("member/b", "identity", 2)
	if err := k.Add(t.Context(), []vault.WrappedKey{a}); err != nil {
		t.Fatal(err)
	}
	again := wrapped("member/a", "identity", 9)
	refuse := func() {
		t.Helper()
		if err := k.Add(t.Context(), []vault.WrappedKey{b, again}); !errors.Is(err, vault.ErrHasKey) {
			t.Errorf("Add of a second key = %v, want %v", err, vault.ErrHasKey)
		}
		if found, err := k.Find(t.Context(), owners(b)); err != nil || len(found) > 0 {
			t.Errorf("a refused Add kept %v, %v", found, err)
		}
	}
	refuse()
	if found, err := k.Find(t.Context(), owners(a)); err != nil || !equal(found, []vault.WrappedKey{a}) {
		t.Errorf("Find = %v, %v, want the first key", found, err)
	}
	if _, err := k.Destroy(t.Context(), "member/a"); err != nil {
		t.Fatal(err)
	}
	refuse() // nor when it was destroyed
}

func TestADestroyedKeyIsRememberedAndLeavesTheFiles(t *testing.T) {
	c := config(t)
	k := open(t, c)
	var all []vault.WrappedKey
	for i := range 300 {
		all = append(all, wrapped(fmt.Sprintf("member/%03d", i), "identity", byte(i%7)))
	}
	secret := bytes.Repeat([]byte("wrapped-key!"), 5)
	victim := wrapped("member/150", "sensitive", 0)
	victim.Wrapped = secret
	if err := k.Add(t.Context(), append(all, victim)); err != nil {
		t.Fatal(err)
	}
	holds := func() (found []string) {
		files, err := filepath.Glob(filepath.Join(filepath.Dir(c.Path), "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			if b, err := os.ReadFile(path); err == nil && bytes.Contains(b, secret[:24]) {
				found = append(found, filepath.Base(path))
			}
		}
		return found
	}
	if len(holds()) == 0 {
		t.Fatal("the test does not find the key where it must be")
	}
	gone, err := k.Destroy(t.Context(), "member/150")
	tombs := []vault.WrappedKey{all[150], victim}
	tombs[0].Wrapped, tombs[1].Wrapped = nil, nil
	if err != nil || !equal(gone, tombs) {
		t.Errorf("Destroy = %v, %v, want %v", gone, err, tombs)
	}
	if files := holds(); len(files) > 0 {
		t.Errorf("the key is still in %v", files)
	}
	if again, err := k.Destroy(t.Context(), "member/150"); err != nil || !equal(again, tombs) {
		t.Errorf("Destroy again = %v, %v", again, err)
	}
	if found, err := k.Find(t.Context(), owners(tombs...)); err != nil || !equal(found, tombs) {
		t.Errorf("Find of what was destroyed = %v, %v, want %v", found, err, tombs)
	}
	if found, err := k.Destroyed(t.Context()); err != nil || !slices.Equal(found, owners(tombs...)) {
		t.Errorf("Destroyed = %v, %v, want %v", found, err, owners(tombs...))
	}
	if found, err := k.Find(t.Context(), owners(all[151])); err != nil || !equal(found, all[151:152]) {
		t.Errorf("a neighbour: %v, %v", found, err)
	}
	if gone, err := k.Destroy(t.Context(), "member/zz"); err != nil || len(gone) > 0 {
		t.Errorf("Destroy of nobody = %v, %v", gone, err)
	}
}

func TestAKeyringIsOpenedOnlyByItsOwn(t *testing.T) {
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
	if err := open(t, c).Close(); err != nil {
		t.Fatal(err)
	}
	foreign, otherKEK := c, c
	foreign.Origin, otherKEK.KEK = "rollbook/U/e1", "kek-2"
	if _, err := sqlite.Open(t.Context(), foreign); !errors.Is(err, sqlite.ErrForeign) {
		t.Errorf("Open by another ledger = %v, want %v", err, sqlite.ErrForeign)
	}
	if _, err := sqlite.Open(t.Context(), otherKEK); !errors.Is(err, vault.ErrMasterKey) {
		t.Errorf("Open with another master key = %v, want %v", err, vault.ErrMasterKey)
	}
	if err := os.WriteFile(c.Path, []byte("not a database, but long enough to look at"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), c); err == nil {
		t.Errorf("a damaged keyring was opened")
	}
}

// The vault over this keyring, by many at once.
func TestManyAtOnce(t *testing.T) {
	c := config(t)
	m, err := vault.CreateMaster(filepath.Join(t.TempDir(), "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	c.KEK = m.ID()
	v, err := vault.New(t.Context(), open(t, c), m, c.Origin)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 20 {
				o := vault.Owner{Subject: fmt.Sprint("member/", (g*7+i)%30), Class: "identity"}
				if err := v.Ensure(t.Context(), []vault.Owner{o}, func(vault.Owner) bool { return true }); err != nil {
					t.Errorf("Ensure: %v", err)
				}
				if i%9 == 8 {
					if _, err := v.Destroy(t.Context(), fmt.Sprint("member/other-", i)); err != nil {
						t.Errorf("Destroy: %v", err)
					}
				}
			}
		})
	}
	wg.Wait()
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
