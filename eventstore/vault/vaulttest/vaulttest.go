// Package vaulttest holds the suite that every keyring passes.
package vaulttest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"rollbook/eventstore/vault"
)

// Config is what any keyring is opened with.
type Config struct {
	Origin, KEK string
	Create      bool
}

// Keyring is a keyring that can be closed.
type Keyring interface {
	vault.Copyable
	Close() error
}

// Place is where one keyring lies.
type Place struct {
	// Open opens it, as often as it is called.
	Open func(Config) (Keyring, error)
	// Holds names the files of the database that hold some bytes.
	Holds func([]byte) []string
}

// Run runs the suite. place makes a place for a new keyring each time.
func Run(t *testing.T, place func(testing.TB) Place) {
	tests := []struct {
		name string
		test func(*testing.T, Place)
	}{
		{"what is added is found, also after a start", found},
		{"many are found at once", foundMany},
		{"a key is never replaced", neverReplaced},
		{"a destroyed key is remembered, and leaves the files", destroyed},
		{"a copy brings back keys, and that keys were destroyed", restored},
		{"a keyring is opened only by its own", ownOnly},
		{"a vault uses it from many sides at once", manyAtOnce},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, place(t)) })
	}
}

var mine = Config{Origin: "rollbook/T/e1", KEK: "kek-1", Create: true}

func open(t testing.TB, p Place, c Config) Keyring {
	t.Helper()
	k, err := p.Open(c)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = k.Close() })
	return k
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
		return a.Owner == b.Owner && a.KID == b.KID && a.KEK == b.KEK && bytes.Equal(a.Wrapped, b.Wrapped) && (a.Wrapped == nil) == (b.Wrapped == nil)
	})
}

func found(t *testing.T, p Place) {
	k := open(t, p, mine)
	a, b, other := wrapped("member/a", "identity", 1), wrapped("member/a", "sensitive", 2), wrapped("member/b", "identity", 3)
	if err := k.Add(t.Context(), []vault.WrappedKey{b, other, a}); err != nil {
		t.Fatal(err)
	}
	check := func(k Keyring) {
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
	c := mine
	c.Create = false
	check(open(t, p, c))
}

func foundMany(t *testing.T, p Place) {
	k := open(t, p, mine)
	var all []vault.WrappedKey
	for i := range 5000 {
		all = append(all, wrapped(fmt.Sprint("member/", i), "identity", byte(i)))
	}
	if err := k.Add(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if found, err := k.Find(t.Context(), owners(all...)); err != nil || !equal(found, all) {
		t.Errorf("Find of %d = %d keys, %v", len(all), len(found), err)
	}
	if found, err := k.Find(t.Context(), nil); err != nil || len(found) > 0 {
		t.Errorf("Find of none = %v, %v", found, err)
	}
	if err := k.Add(t.Context(), nil); err != nil {
		t.Errorf("Add of none = %v", err)
	}
}

func neverReplaced(t *testing.T, p Place) {
	k := open(t, p, mine)
	a, b := wrapped("member/a", "identity", 1), wrapped("member/b", "identity", 2)
	if err := k.Add(t.Context(), []vault.WrappedKey{a}); err != nil {
		t.Fatal(err)
	}
	again := wrapped("member/a", "identity", 9)
	refuse := func(keys ...vault.WrappedKey) {
		t.Helper()
		if err := k.Add(t.Context(), keys); !errors.Is(err, vault.ErrHasKey) {
			t.Errorf("Add of a second key = %v, want %v", err, vault.ErrHasKey)
		}
		if found, err := k.Find(t.Context(), owners(b)); err != nil || len(found) > 0 {
			t.Errorf("a refused Add kept %v, %v", found, err)
		}
	}
	refuse(b, again)
	refuse(b, b)
	if found, err := k.Find(t.Context(), owners(a)); err != nil || !equal(found, []vault.WrappedKey{a}) {
		t.Errorf("Find = %v, %v, want the first key", found, err)
	}
	if _, err := k.Destroy(t.Context(), "member/a"); err != nil {
		t.Fatal(err)
	}
	refuse(b, again) // nor when it was destroyed
}

func destroyed(t *testing.T, p Place) {
	k := open(t, p, mine)
	var all []vault.WrappedKey
	for i := range 300 {
		all = append(all, wrapped(fmt.Sprintf("member/%03d", i), "identity", byte(i%7)))
	}
	secret, neighbour := bytes.Repeat([]byte("wrapped-key!"), 5), bytes.Repeat([]byte("another-key!"), 5)
	victim, other := wrapped("member/150", "sensitive", 0), wrapped("member/151", "sensitive", 0)
	victim.Wrapped, other.Wrapped = secret, neighbour
	if err := k.Add(t.Context(), append(all, victim, other)); err != nil {
		t.Fatal(err)
	}
	if len(p.Holds(secret[:24])) == 0 {
		t.Fatal("the test does not find the key where it must be")
	}
	gone, err := k.Destroy(t.Context(), "member/150")
	tombs := []vault.WrappedKey{all[150], victim}
	tombs[0].Wrapped, tombs[1].Wrapped = nil, nil
	if err != nil || !equal(gone, tombs) {
		t.Errorf("Destroy = %v, %v, want %v", gone, err, tombs)
	}
	if files := p.Holds(secret[:24]); len(files) > 0 {
		t.Errorf("the key is still in %v", files)
	}
	if len(p.Holds(neighbour[:24])) == 0 {
		t.Error("the test does not find a key that is still there")
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
	rest := append(slices.Concat(all[:150], all[151:]), other)
	if found, err := k.Find(t.Context(), owners(rest...)); err != nil || !equal(found, rest) {
		t.Errorf("of the others %d are left of %d, %v", len(found), len(rest), err)
	}
	if gone, err := k.Destroy(t.Context(), "member/zz"); err != nil || len(gone) > 0 {
		t.Errorf("Destroy of nobody = %v, %v", gone, err)
	}
	if err := k.Add(t.Context(), []vault.WrappedKey{wrapped("member/new", "identity", 1)}); err != nil {
		t.Errorf("Add after Destroy = %v", err)
	}
}

func ownOnly(t *testing.T, p Place) {
	none := mine
	none.Create = false
	for range 2 { // the first does not make one either
		if _, err := p.Open(none); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open of none = %v, want %v", err, fs.ErrNotExist)
		}
	}
	if err := open(t, p, mine).Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, p, mine).Close(); err != nil { // it may be there
		t.Fatal(err)
	}
	foreign, otherKEK := mine, mine
	foreign.Origin, otherKEK.KEK = "rollbook/U/e1", "kek-2"
	if _, err := p.Open(foreign); !errors.Is(err, vault.ErrForeign) {
		t.Errorf("Open by another ledger = %v, want %v", err, vault.ErrForeign)
	}
	if _, err := p.Open(otherKEK); !errors.Is(err, vault.ErrMasterKey) {
		t.Errorf("Open with another master key = %v, want %v", err, vault.ErrMasterKey)
	}
}

func manyAtOnce(t *testing.T, p Place) {
	m, err := vault.CreateMaster(filepath.Join(t.TempDir(), "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	c := mine
	c.KEK = m.ID()
	v, err := vault.New(t.Context(), open(t, p, c), m, c.Origin)
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

func restored(t *testing.T, p Place) {
	k := open(t, p, mine)
	kept, gone := wrapped("member/a", "identity", 1), wrapped("member/b", "identity", 2)
	gone.Wrapped = nil
	want := []vault.WrappedKey{kept, gone}
	copied := func(yield func(vault.WrappedKey, error) bool) {
		for _, w := range want {
			if !yield(w, nil) {
				return
			}
		}
	}
	torn := errors.New("torn")
	err := k.Restore(t.Context(), func(yield func(vault.WrappedKey, error) bool) {
		if yield(kept, nil) {
			yield(gone, torn)
		}
	})
	if !errors.Is(err, torn) {
		t.Errorf("Restore of a copy that breaks off = %v, want %v", err, torn)
	}
	all := func() (all []vault.WrappedKey) {
		t.Helper()
		for w, err := range k.All(t.Context()) {
			if err != nil {
				t.Fatalf("All: %v", err)
			}
			all = append(all, w)
		}
		return all
	}
	if left := all(); len(left) > 0 {
		t.Errorf("a copy that broke off left %v", left)
	}
	if err := k.Restore(t.Context(), copied); err != nil {
		t.Fatalf("Restore: %v", err)
	}
	if have := all(); !equal(have, want) {
		t.Errorf("All = %v, want %v", have, want)
	}
	if dead, err := k.Destroyed(t.Context()); err != nil || !slices.Equal(dead, owners(gone)) {
		t.Errorf("Destroyed = %v, %v, want %v", dead, err, owners(gone))
	}
	if err := k.Restore(t.Context(), copied); !errors.Is(err, vault.ErrHasKey) {
		t.Errorf("Restore over keys = %v, want %v", err, vault.ErrHasKey)
	}
}
