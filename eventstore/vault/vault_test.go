package vault_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"rollbook/eventstore/vault"
)

const origin = "rollbook/TEST/e1"

// ring is a keyring in memory.
type ring struct {
	mu    sync.Mutex
	keys  map[vault.Owner]vault.WrappedKey
	adds  int
	finds int
	fail  error // of the next Add
}

func newRing() *ring { return &ring{keys: map[vault.Owner]vault.WrappedKey{}} }

func (r *ring) Find(_ context.Context, owners []vault.Owner) (found []vault.WrappedKey, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finds++
	for _, o := range owners {
		if w, ok := r.keys[o]; ok {
			found = append(found, w)
		}
	}
	return found, nil
}

func (r *ring) Add(_ context.Context, keys []vault.WrappedKey) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return r.fail
	}
	for _, w := range keys {
		if _, ok := r.keys[w.Owner]; ok {
			return vault.ErrHasKey
		}
	}
	for _, w := range keys {
		r.keys[w.Owner] = w
	}
	r.adds++
	return nil
}

func (r *ring) Destroy(_ context.Context, subject string) (gone []vault.WrappedKey, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for o, w := range r.keys {
		if o.Subject == subject {
			w.Wrapped = nil
			r.keys[o] = w
			gone = append(gone, w)
		}
	}
	return gone, nil
}

func (r *ring) Destroyed(context.Context) (owners []vault.Owner, err error) {
	for o, w := range r.keys {
		if w.Wrapped == nil {
			owners = append(owners, o)
		}
	}
	return owners, nil
}

func master(t testing.TB) *vault.Master {
	t.Helper()
	m, err := vault.CreateMaster(filepath.Join(t.TempDir(), "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func open(t testing.TB, r vault.Keyring, m *vault.Master) *vault.Vault {
	t.Helper()
	v, err := vault.New(context.Background(), r, m, origin)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func always(vault.Owner) bool { return true }
func never(vault.Owner) bool  { return false }

var (
	identity  = vault.Owner{Subject: "member/m1", Class: "identity"}
	sensitive = vault.Owner{Subject: "member/m1", Class: "sensitive"}
)

// One key has three states, and each has its own error.
func TestNeverHadHaveAndDestroyedAreToldApart(t *testing.T) {
	r, m := newRing(), master(t)
	v := open(t, r, m)
	seal := func() (vault.Block, error) { return v.Seal(t.Context(), identity, "e1", "t", []byte("x")) }

	if _, err := seal(); !errors.Is(err, vault.ErrNoKey) || errors.Is(err, vault.ErrDestroyed) {
		t.Errorf("before: %v, want %v", err, vault.ErrNoKey)
	}
	if err := v.Ensure(t.Context(), []vault.Owner{identity}, never); !errors.Is(err, vault.ErrNoKey) || len(r.keys) > 0 {
		t.Errorf("Ensure where no key may be made = %v, %d keys", err, len(r.keys))
	}
	if err := v.Ensure(t.Context(), []vault.Owner{identity, sensitive, identity}, always); err != nil || len(r.keys) != 2 || r.adds != 1 {
		t.Fatalf("Ensure = %v, %d keys in %d transactions, want 2 in 1", err, len(r.keys), r.adds)
	}
	b, err := seal()
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Ensure(t.Context(), []vault.Owner{identity}, never); err != nil {
		t.Errorf("Ensure of a key that is there = %v", err)
	}
	kids, err := v.Destroy(t.Context(), identity.Subject)
	if err != nil || len(kids) != 2 || !slices.Contains(kids, string(b.KID)) {
		t.Errorf("Destroy = %v, %v", kids, err)
	}
	for _, v := range []*vault.Vault{v, open(t, r, m)} { // also after a restart
		if _, err := v.Open(t.Context(), identity, "e1", "t", b); !errors.Is(err, vault.ErrDestroyed) || !vault.Missing(err) || vault.Tampered(err) {
			t.Errorf("Open after Destroy = %v, want %v", err, vault.ErrDestroyed)
		}
		if _, err := v.Seal(t.Context(), identity, "e2", "t", nil); !errors.Is(err, vault.ErrDestroyed) {
			t.Errorf("Seal after Destroy = %v, want %v", err, vault.ErrDestroyed)
		}
		if err := v.Ensure(t.Context(), []vault.Owner{identity}, always); !errors.Is(err, vault.ErrDestroyed) || r.adds != 1 {
			t.Errorf("Ensure after Destroy = %v, want %v and no new key", err, vault.ErrDestroyed)
		}
		if !v.Destroyed(identity.Subject) || v.Destroyed("member/m2") {
			t.Errorf("Destroyed: %v of the one erased, %v of another", v.Destroyed(identity.Subject), v.Destroyed("member/m2"))
		}
	}
	if kids, err := v.Destroy(t.Context(), "member/nobody"); err != nil || len(kids) > 0 || v.Destroyed("member/nobody") {
		t.Errorf("Destroy of nobody = %v, %v", kids, err)
	}
}

func TestNoKeyIsUsedThatCouldNotBeKept(t *testing.T) {
	r := newRing()
	v := open(t, r, master(t))
	r.fail = errors.New("disk full")
	if err := v.Ensure(t.Context(), []vault.Owner{identity}, always); !errors.Is(err, r.fail) {
		t.Fatalf("Ensure = %v, want %v", err, r.fail)
	}
	if _, err := v.Seal(t.Context(), identity, "e1", "t", []byte("x")); !errors.Is(err, vault.ErrNoKey) {
		t.Errorf("Seal = %v, want %v", err, vault.ErrNoKey)
	}
}

func TestKeysOfAnotherMasterKeyAreNotOpened(t *testing.T) {
	r := newRing()
	v := open(t, r, master(t))
	if err := v.Ensure(t.Context(), []vault.Owner{identity}, always); err != nil {
		t.Fatal(err)
	}
	b, err := v.Seal(t.Context(), identity, "e1", "t", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	other := open(t, r, master(t))
	if _, err := other.Open(t.Context(), identity, "e1", "t", b); !errors.Is(err, vault.ErrMasterKey) || !vault.Missing(err) {
		t.Errorf("Open = %v, want %v", err, vault.ErrMasterKey)
	}
	if err := other.Ensure(t.Context(), []vault.Owner{identity}, always); err != nil || r.adds != 1 {
		t.Errorf("Ensure = %v; it made a second key", err)
	}
}

// An exchanged key is found out, wherever in the keyring it was exchanged.
func TestAnExchangedKeyIsFoundOut(t *testing.T) {
	r, m := newRing(), master(t)
	v := open(t, r, m)
	if err := v.Ensure(t.Context(), []vault.Owner{identity, sensitive}, always); err != nil {
		t.Fatal(err)
	}
	b, err := v.Seal(t.Context(), identity, "e1", "t", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	good := r.keys[identity]
	fresh := newRing()
	if err := open(t, fresh, m).Ensure(t.Context(), []vault.Owner{identity}, always); err != nil {
		t.Fatal(err)
	}
	whole := fresh.keys[identity]
	onlyKey, onlyName := good, good
	onlyKey.Wrapped, onlyName.KID = whole.Wrapped, whole.KID
	short := good
	short.Wrapped = short.Wrapped[:59]
	for what, w := range map[string]vault.WrappedKey{"row": whole, "key": onlyKey, "name": onlyName, "shorter": short} {
		r.keys[identity] = w
		if _, err := open(t, r, m).Open(t.Context(), identity, "e1", "t", b); !errors.Is(err, vault.ErrKeyCommitment) || !vault.Tampered(err) {
			t.Errorf("%s exchanged: Open = %v, want %v", what, err, vault.ErrKeyCommitment)
		}
	}
}

func TestWhatIsSealedIsOpenedInItsPlaceAndNowhereElse(t *testing.T) {
	r, m := newRing(), master(t)
	v := open(t, r, m)
	subjects := []string{"member/m1", "member/m2", "organisation/m1"}
	var owners []vault.Owner
	for _, s := range subjects {
		owners = append(owners, vault.Owner{Subject: s, Class: "identity"}, vault.Owner{Subject: s, Class: "sensitive"})
	}
	if err := v.Ensure(t.Context(), owners, always); err != nil {
		t.Fatal(err)
	}
	abroad, err := vault.New(t.Context(), r, m, "rollbook/OTHER/e1")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		o := rapid.SampledFrom(owners).Draw(t, "owner")
		id := rapid.StringMatching(`[a-f0-9]{8}`).Draw(t, "id")
		typ := rapid.StringMatching(`[a-z.]{1,12}`).Draw(t, "type")
		plaintext := rapid.SliceOf(rapid.Byte()).Draw(t, "plaintext")
		b, err := v.Seal(t.Context(), o, id, typ, plaintext)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := v.Open(t.Context(), o, id, typ, b); err != nil || !slices.Equal(got, plaintext) {
			t.Fatalf("Open = %q, %v, want %q", got, err, plaintext)
		}
		refused := func(what string, o vault.Owner, id, typ string, b vault.Block) {
			t.Helper()
			got, err := v.Open(t.Context(), o, id, typ, b)
			if err == nil || got != nil || !vault.Tampered(err) {
				t.Fatalf("with another %s: Open = %q, %v, want it refused", what, got, err)
			}
			if len(plaintext) > 7 && strings.Contains(err.Error(), string(plaintext)) {
				t.Fatalf("the error %q tells what was sealed", err)
			}
		}
		flip := func(b []byte) []byte {
			b = slices.Clone(b)
			bit := rapid.IntRange(0, 8*len(b)-1).Draw(t, "bit")
			b[bit/8] ^= 1 << (bit % 8)
			return b
		}
		other := func(s string) string { return string(flip([]byte(s))) }
		refused("kid", o, id, typ, vault.Block{KID: flip(b.KID), Nonce: b.Nonce, Text: b.Text})
		refused("n", o, id, typ, vault.Block{KID: b.KID, Nonce: flip(b.Nonce), Text: b.Text})
		refused("c", o, id, typ, vault.Block{KID: b.KID, Nonce: b.Nonce, Text: flip(b.Text)})
		refused("id", o, other(id), typ, b)
		refused("type", o, id, other(typ), b)
		elsewhere := rapid.SampledFrom(owners).Filter(func(e vault.Owner) bool { return e != o }).Draw(t, "elsewhere")
		refused("subject or class", elsewhere, id, typ, b)
		if _, err := abroad.Open(t.Context(), o, id, typ, b); err == nil {
			t.Fatalf("opened in another ledger")
		}
		short := rapid.IntRange(0, len(b.Text)-1).Draw(t, "cut")
		refused("c, cut", o, id, typ, vault.Block{KID: b.KID, Nonce: b.Nonce, Text: b.Text[:short]})
		// The very block with a subject or class of a flipped bit: whoever that
		// is has no key at all.
		for _, stranger := range []vault.Owner{{Subject: other(o.Subject), Class: o.Class}, {Subject: o.Subject, Class: other(o.Class)}} {
			if got, err := v.Open(t.Context(), stranger, id, typ, b); err == nil || got != nil {
				t.Fatalf("opened for %v", stranger)
			}
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	r := newRing()
	v := open(t, r, master(t))
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 100 {
				o := vault.Owner{Subject: fmt.Sprint("member/", (g*37+i)%50), Class: "identity"}
				if err := v.Ensure(t.Context(), []vault.Owner{o}, always); err != nil {
					t.Errorf("Ensure: %v", err)
				}
				b, err := v.Seal(t.Context(), o, "e", "t", []byte("x"))
				if err != nil {
					t.Errorf("Seal: %v", err)
				}
				if _, err := v.Open(t.Context(), o, "e", "t", b); err != nil {
					t.Errorf("Open: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if len(r.keys) != 50 {
		t.Errorf("%d keys were made for 50 people", len(r.keys))
	}
}

func TestLoadFetchesKeysTogether(t *testing.T) {
	r, m := newRing(), master(t)
	var owners []vault.Owner
	for i := range 500 {
		owners = append(owners, vault.Owner{Subject: fmt.Sprint("member/", i), Class: "sensitive"})
	}
	if err := open(t, r, m).Ensure(t.Context(), owners, always); err != nil {
		t.Fatal(err)
	}
	r.finds = 0
	v := open(t, r, m)
	if err := v.Load(t.Context(), append(owners, identity)); err != nil {
		t.Fatal(err)
	}
	for _, o := range owners {
		if _, err := v.Seal(t.Context(), o, "e", "t", nil); err != nil {
			t.Fatal(err)
		}
	}
	if r.finds != 1 {
		t.Errorf("the keyring was asked %d times, want once", r.finds)
	}
}

func TestTheMasterKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	if _, err := vault.ReadMaster(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ReadMaster of none = %v, want %v", err, fs.ErrNotExist)
	}
	made, err := vault.CreateMaster(path)
	if err != nil {
		t.Fatal(err)
	}
	read, err := vault.ReadMaster(path)
	if err != nil || *read != *made {
		t.Errorf("ReadMaster = %v; it is not the key that was made", err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
	if _, err := vault.CreateMaster(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("CreateMaster over a file = %v, want %v", err, fs.ErrExist)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Errorf("CreateMaster changed the file that was there")
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("files were left behind: %v", left)
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o601} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := vault.ReadMaster(path); !errors.Is(err, vault.ErrMasterFile) || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("ReadMaster with mode %o = %v, want %v", mode, err, vault.ErrMasterFile)
		}
	}
	for _, content := range []string{"", "{", `{"format":2}`, `{"format":1,"id":"kek","key":"QUFB"}`, string(before)[:20]} {
		bad := filepath.Join(t.TempDir(), "m")
		if err := os.WriteFile(bad, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := vault.ReadMaster(bad); !errors.Is(err, vault.ErrMasterFile) {
			t.Errorf("ReadMaster(%q) = %v, want %v", content, err, vault.ErrMasterFile)
		}
	}
	if _, err := vault.ReadMaster(t.TempDir()); !errors.Is(err, vault.ErrMasterFile) {
		t.Errorf("ReadMaster of a directory = %v, want %v", err, vault.ErrMasterFile)
	}
}

func FuzzOpen(f *testing.F) {
	v := open(f, newRing(), master(f))
	if err := v.Ensure(context.Background(), []vault.Owner{identity}, always); err != nil {
		f.Fatal(err)
	}
	plaintext := []byte(`{"reason":"x"}`)
	b, err := v.Seal(context.Background(), identity, "e1", "member.died", plaintext)
	if err != nil {
		f.Fatal(err)
	}
	sum := sha256.Sum256(slices.Concat(b.KID, b.Nonce, b.Text))
	f.Add("e1", "member.died", b.KID, b.Nonce, b.Text)
	f.Add("", "", []byte{}, []byte{}, []byte{})
	f.Add("e1", "member.died", b.KID, b.Nonce, append(slices.Clone(b.Text), '\n'))
	f.Fuzz(func(t *testing.T, id, typ string, kid, nonce, text []byte) {
		got, err := v.Open(t.Context(), identity, id, typ, vault.Block{KID: kid, Nonce: nonce, Text: text})
		if err != nil {
			if !vault.Tampered(err) || strings.Contains(err.Error(), string(plaintext)) {
				t.Fatalf("Open = %v", err)
			}
			return
		}
		if id != "e1" || typ != "member.died" || sha256.Sum256(slices.Concat(kid, nonce, text)) != sum || string(got) != string(plaintext) {
			t.Fatalf("Open(%q, %q, %q, %q, %q) = %q; only one block was ever sealed", id, typ, kid, nonce, text, got)
		}
	})
}
