package audit_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rollbook/audit"
)

func FuzzParseRequest(f *testing.F) {
	f.Add([]byte("old 0\n\nx"))
	f.Add(audit.Request{Old: 20852014, Proof: []audit.Hash{{1}, {2}}, Checkpoint: []byte("a\n5\n" + audit.Hash{}.String() + "\n\n— a AAAA\n")}.Marshal())
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := audit.ParseRequest(b)
		if err != nil {
			if !errors.Is(err, audit.ErrRequest) {
				t.Fatal(err)
			}
			return
		}
		if got := r.Marshal(); !bytes.Equal(got, b) {
			t.Errorf("%q is read, and written as %q", b, got)
		}
	})
}

func FuzzParseProof(f *testing.F) {
	f.Add([]byte("c2sp.org/tlog-proof@v1\nindex 0\n\nx"))
	f.Add(audit.Proof{Entry: []byte("x"), Index: 7, Hashes: []audit.Hash{{1}}, Note: []byte("a\n")}.Marshal())
	key := newKey(f, origin, audit.LogKey)
	policy := audit.OwnPolicy(key.Public())
	signed := signAs(f, key, audit.Checkpoint{Origin: origin, Size: 1, Root: audit.Hash{1}})
	f.Add(audit.Proof{Entry: []byte("rollbook/leaf/v1\n12345678"), Note: signed}.Marshal())
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := audit.ParseProof(b)
		if err != nil {
			return
		}
		if got := p.Marshal(); !bytes.Equal(got, b) {
			t.Errorf("%q is read, and written as %q", b, got)
		}
		if _, err := p.Verify(policy, now, 0); err == nil {
			t.Errorf("%q proves something", b)
		}
	})
}

func FuzzPolicy(f *testing.F) {
	log, a, b := newKey(f, origin, audit.LogKey), newKey(f, "a", audit.WitnessKey), newKey(f, "b", audit.WitnessKey)
	f.Add("log " + log.Public().String() + "\nwitness A " + a.Public().String() + "\nwitness B " + b.Public().String() + " x\ngroup G all A B\nquorum G\n")
	f.Add("quorum none\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := audit.ParsePolicy([]byte(text))
		if err != nil {
			return
		}
		if q := p.Quorum(); q > len(p.Witnesses) || (q == 0) != p.Unwitnessed() {
			t.Errorf("%q needs %d of %d witnesses", text, q, len(p.Witnesses))
		}
		if _, err := p.Verify([]byte("a\n0\n\n— a AAAAAAAA\n"), now, 0); err == nil {
			t.Error("verified nonsense")
		}
	})
}

// FuzzVerify changes a note that is cosigned: it never verifies as anything else.
func FuzzVerify(f *testing.F) {
	log, w := newKey(f, origin, audit.LogKey), newKey(f, "w", audit.WitnessKey)
	policy := parsePolicy(f, "log "+log.Public().String()+"\nwitness W "+w.Public().String()+"\nquorum W\n")
	want := audit.Checkpoint{Origin: origin, Size: 100, Root: audit.Hash{1}}
	note := append(signAs(f, log, want), cosignature(f, w, want.String(), now)...)
	f.Add(note)
	f.Add(append(bytes.Clone(note), "— x AAAAAAAA\n"...))
	f.Add([]byte(strings.Repeat("— a AAAAAAAA\n", 5)))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := policy.Verify(b, now, time.Hour)
		if err == nil && (got.Checkpoint != want || len(got.Cosigned) != 1) {
			t.Errorf("%q verifies as %v", b, got.Checkpoint)
		}
		if _, ok := errors.AsType[*audit.EvidenceError](err); err != nil && !ok {
			t.Errorf("%v has no code", err)
		}
	})
}

func FuzzKeys(f *testing.F) {
	f.Add(newKey(f, "w", audit.WitnessKey).Public().String())
	f.Add(secretText("w", audit.WitnessKey, make([]byte, 32)))
	f.Fuzz(func(t *testing.T, text string) {
		if k, err := audit.ParsePublicKey(text); err == nil && k.String() != text {
			t.Errorf("%q is read, and written as %q", text, k)
		}
		if k, err := audit.ParseKey(text); err == nil {
			if again, err := audit.ParsePublicKey(k.Public().String()); err != nil || again != k.Public() {
				t.Errorf("the public key of %q cannot be read: %v", text, err)
			}
		}
	})
}

func FuzzReadHistory(f *testing.F) {
	note := string(signAs(f, newKey(f, origin, audit.LogKey), audit.Checkpoint{Origin: origin, Size: 1, Root: audit.Hash{1}}))
	f.Add(note+"\n"+note+"\n", "")
	f.Add("", note)
	f.Add(note[:50]+"\n!\n\n", note)
	f.Fuzz(func(t *testing.T, before, after string) {
		read := func(text string) (notes []string) {
			for b, err := range audit.ReadHistory(strings.NewReader(text)) {
				if err != nil {
					if !errors.Is(err, audit.ErrHistory) {
						t.Fatal(err)
					}
					continue
				}
				if len(b) == 0 || len(b) > 64<<10 {
					t.Errorf("a note of %d bytes", len(b))
				}
				notes = append(notes, string(b))
			}
			return notes
		}
		_ = read(before + after)
		// Whatever was there, a note that is added behind it is read.
		got := read(before + "\n!\n\n" + note + "\n")
		if len(got) == 0 || got[len(got)-1] != note {
			t.Errorf("behind %q a note is not read", before)
		}
	})
}

func FuzzCheckProofs(f *testing.F) {
	log := &records{}
	log.grow(20)
	tree := openTree(f, f.TempDir())
	catchUp(f, tree, log)
	older, newer := at(f, tree, 7), tree.Checkpoint()
	right := consistency(f, tree.Tiles(), 7, 20)
	f.Add(uint64(20), uint64(3), bytesOf(right))
	f.Add(uint64(22), uint64(3), bytesOf(right))
	f.Add(uint64(1<<62+1), uint64(1<<63), make([]byte, 63*32))
	f.Fuzz(func(t *testing.T, size, index uint64, b []byte) {
		var proof []audit.Hash
		for ; len(b) >= 32; b = b[32:] {
			proof = append(proof, audit.Hash(b))
		}
		claimed := newer
		claimed.Size = size
		// A root does not say how many leaves it has where only one hash stands for all of them,
		// so that 20 passes for 22 here: the note signs the size beside it.
		if audit.CheckConsistency(older, claimed, proof) == nil && !slices.Equal(proof, right) {
			t.Errorf("another proof than the right one is taken for %d", size)
		}
		strange := older
		strange.Root[0] ^= 1
		if audit.CheckConsistency(strange, claimed, proof) == nil {
			t.Errorf("a root of no tree is proven to come before that of %d", size)
		}
		if audit.CheckInclusion(claimed, index, audit.Hash{1}, proof) == nil {
			t.Errorf("a leaf that is in no tree is proven for %d of %d", index, size)
		}
	})
}

// FuzzTiles puts anything in the place of a file of a tree: it is what was there, or
// it is told by its name, and nothing is proven by it.
func FuzzTiles(f *testing.F) {
	dir := f.TempDir()
	log := &records{}
	log.grow(600)
	tree := openTree(f, dir)
	catchUp(f, tree, log)
	at := tree.Checkpoint()
	whole := files(f, dir)
	var names []string
	for name := range whole {
		if strings.HasPrefix(name, "tile") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	leaf, err := tree.Tiles().Leaf(300)
	if err != nil || len(names) != 4 { // two full tiles, and the edge of two levels
		f.Fatal(names, err)
	}
	for i, name := range names {
		f.Add(byte(i), []byte(whole[name]))
		f.Add(byte(i), []byte(whole[names[(i+1)%len(names)]]))
		f.Add(byte(i), []byte(whole[name][1:]))
		f.Add(byte(i), []byte(whole[name]+whole[name]))
		f.Add(byte(i), bytes.Repeat([]byte(whole[name]), 3))
		f.Add(byte(i), []byte(nil))
		f.Add(byte(i), make([]byte, len(whole[name]))) // all of its hashes at once
	}
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		name := names[int(which)%len(names)]
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := os.WriteFile(path, []byte(whole[name]), 0o600); err != nil {
				t.Fatal(err)
			}
		}()
		tiles, _, err := audit.ReadTiles(dir)
		if err != nil {
			t.Fatal(err)
		}
		found, told := errors.AsType[*audit.EvidenceError](tiles.Check())
		if same := string(b) == whole[name]; told == same || told && (found.Code != audit.TileCorrupt || found.Path != name) {
			t.Errorf("%s with other bytes (%v): %v", name, !same, found)
		}
		if proof, err := tiles.Inclusion(300, at.Size); err == nil {
			if err := audit.CheckInclusion(at, 300, leaf, proof); err != nil {
				t.Errorf("%s: a proof that is none: %v", name, err)
			}
		} else if found, ok := errors.AsType[*audit.EvidenceError](err); !ok || found.Code != audit.TileCorrupt || found.Path != name {
			t.Errorf("%s: Inclusion: %v", name, err)
		}
	})
}

func bytesOf(hashes []audit.Hash) (b []byte) {
	for _, h := range hashes {
		b = append(b, h[:]...)
	}
	return b
}
