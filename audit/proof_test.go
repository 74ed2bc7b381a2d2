package audit_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"rollbook/audit"
	"rollbook/eventstore"
)

func entryOf(t testing.TB, s eventstore.Stored) []byte {
	t.Helper()
	entry, err := audit.AppendEntry(nil, s)
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

func byteSlices(hashes []audit.Hash) [][]byte {
	out := make([][]byte, len(hashes))
	for i := range hashes {
		out[i] = hashes[i][:]
	}
	return out
}

// Our proofs are those of another implementation, and it verifies them.
func TestProofsAreThoseOfMerkle(t *testing.T) {
	const size = 1000
	log := &records{}
	log.grow(size)
	tree := openTree(t, t.TempDir())
	catchUp(t, tree, log)
	tiles := tree.Tiles()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for i := range 400 {
		n := 1 + rng.Uint64N(size)
		if i < 40 {
			n = uint64(i + 1)
		}
		c := at(t, tree, n)
		index := rng.Uint64N(n)
		hashes, err := tiles.Inclusion(index, n)
		if err != nil {
			t.Fatal(err)
		}
		leaf := audit.LeafHash(entryOf(t, log.list[index]))
		if got, err := tiles.Leaf(index); err != nil || got != leaf {
			t.Fatalf("Leaf(%d) = %s, %v", index, got, err)
		}
		if err := proof.VerifyInclusion(rfc6962.DefaultHasher, index, n, leaf[:], byteSlices(hashes), c.Root[:]); err != nil {
			t.Fatalf("merkle: inclusion of %d in %d: %v", index, n, err)
		}
		if err := audit.CheckInclusion(c, index, leaf, hashes); err != nil {
			t.Fatalf("inclusion of %d in %d: %v", index, n, err)
		}
		wrong := c
		wrong.Size = n + 1
		bad := map[string]error{
			"31: another index": audit.CheckInclusion(c, (index+1)%n, leaf, hashes),
			"another leaf":      audit.CheckInclusion(c, index, audit.Hash{1}, hashes),
			"one hash more":     audit.CheckInclusion(c, index, leaf, append([]audit.Hash{{}}, hashes...)),
			"beyond the end":    audit.CheckInclusion(c, n, leaf, hashes),
		}
		if len(hashes) > 0 {
			bad["one hash less"] = audit.CheckInclusion(c, index, leaf, hashes[1:])
		}
		if n == 1 {
			delete(bad, "31: another index")
		}
		for name, err := range bad {
			wantCode(t, name, err, audit.InclusionInvalid)
		}

		older := rng.Uint64N(n + 1)
		held := at(t, tree, older)
		path := consistency(t, tiles, older, n)
		if err := audit.CheckConsistency(held, c, path); err != nil {
			t.Fatalf("%d → %d: %v", older, n, err)
		}
		if older > 0 {
			if err := proof.VerifyConsistency(rfc6962.DefaultHasher, older, n, byteSlices(path), held.Root[:], c.Root[:]); err != nil {
				t.Fatalf("merkle: %d → %d: %v", older, n, err)
			}
		}
		if older == 0 || older == n {
			continue
		}
		held.Root[rng.IntN(32)] ^= 1 << rng.IntN(8)
		wantCode(t, "another old root", audit.CheckConsistency(held, c, path), audit.CheckpointInconsistent)
	}
}

// 32: a node of the tree is no leaf.
func TestANodeIsNoLeaf(t *testing.T) {
	log := &records{}
	log.grow(8)
	tree := openTree(t, t.TempDir())
	catchUp(t, tree, log)
	left, right := audit.LeafHash(entryOf(t, log.list[0])), audit.LeafHash(entryOf(t, log.list[1]))
	hashes, err := tree.Tiles().Inclusion(0, 8)
	if err != nil {
		t.Fatal(err)
	}
	node := append(left[:], right[:]...)
	smaller := tree.Checkpoint()
	smaller.Size = 4
	for _, c := range []audit.Checkpoint{tree.Checkpoint(), smaller} {
		wantCode(t, "32: a node as an entry", audit.CheckInclusion(c, 0, audit.LeafHash(node), hashes[1:]), audit.InclusionInvalid)
	}
	p := audit.Proof{Entry: node, Hashes: hashes[1:], Note: signAs(t, newKeyAs(t, "one"), smaller)}
	_, err = p.Verify(audit.OwnPolicy(newKeyAs(t, "one").Public()), now, 0)
	wantCode(t, "32: in a proof's file", err, audit.InclusionInvalid)
}

var namedKeys = map[string]*audit.Key{}

func newKeyAs(t testing.TB, name string) *audit.Key {
	t.Helper()
	if namedKeys[name] == nil {
		namedKeys[name] = newKey(t, origin, audit.LogKey)
	}
	return namedKeys[name]
}

func TestProofFile(t *testing.T) {
	l := newSignedLog(t, 2, "group both all w1 w2\nquorum both\n")
	signed := l.publish(t, 300).SignedCheckpoint
	l.publish(t, 600) // the tree has grown since
	p, err := l.tree.Tiles().Proof(l.records.list[122], signed)
	if err != nil {
		t.Fatal(err)
	}
	text := p.Marshal()
	read, err := audit.ParseProof(text)
	if err != nil || !bytes.Equal(read.Marshal(), text) {
		t.Fatalf("ParseProof: %v", err)
	}
	if got, err := read.Verify(l.policy, now, time.Hour); err != nil || got.Size != 300 || !read.Matches(l.records.list[122]) || read.Matches(l.records.list[123]) {
		t.Errorf("Verify: %v, at %d", err, got.Size)
	}
	edit := func(f func(p *audit.Proof)) error {
		altered, err := audit.ParseProof(text)
		if err != nil {
			t.Fatal(err)
		}
		f(&altered)
		if altered, err = audit.ParseProof(altered.Marshal()); err != nil {
			return err
		}
		_, err = altered.Verify(l.policy, now, time.Hour)
		return err
	}
	wantCode(t, "31: another index", edit(func(p *audit.Proof) { p.Index++ }), audit.InclusionInvalid)
	wantCode(t, "another entry", edit(func(p *audit.Proof) { p.Entry = entryOf(t, l.records.list[121]) }), audit.InclusionInvalid)
	wantCode(t, "an entry altered", edit(func(p *audit.Proof) { p.Entry[len(p.Entry)-1] ^= 1 }), audit.InclusionInvalid)
	wantCode(t, "no entry", edit(func(p *audit.Proof) { p.Entry = nil }), audit.InclusionInvalid)
	wantCode(t, "a hash less", edit(func(p *audit.Proof) { p.Hashes = p.Hashes[1:] }), audit.InclusionInvalid)
	wantCode(t, "65 hashes", edit(func(p *audit.Proof) { p.Hashes = make([]audit.Hash, 65) }), audit.ProofMalformed)
	wantCode(t, "an index of 2^63", edit(func(p *audit.Proof) { p.Index = 1 << 63 }), audit.ProofMalformed)
	wantCode(t, "an entry of 1 MB", edit(func(p *audit.Proof) { p.Entry = make([]byte, 1<<20) }), audit.ProofMalformed)
	wantCode(t, "a note of 1 MB", edit(func(p *audit.Proof) { p.Note = make([]byte, 1<<20) }), audit.ProofMalformed)
	wantCode(t, "no witnesses", edit(func(p *audit.Proof) { p.Note = l.sign(t, signed.Checkpoint) }), audit.WitnessQuorum)
	wantCode(t, "a fork", edit(func(p *audit.Proof) { p.Note = l.sign(t, at(t, l.fork(t, 7), 300)) }), audit.WitnessQuorum)
	for _, text := range []string{"", "c2sp.org/tlog-proof@v2\n", strings.Replace(string(text), "index", "extra AA==\nindex", 1), strings.Replace(string(text), "index ", "index 0", 1), strings.Replace(string(text), "\n\n", "\n", 1)} {
		_, err := audit.ParseProof([]byte(text))
		wantCode(t, text[:min(len(text), 20)], err, audit.ProofMalformed)
	}
	altered := l.records.list[122]
	altered.Data = []byte("{}")
	_, err = l.tree.Tiles().Proof(altered, signed)
	wantCode(t, "a record that was altered", err, audit.InclusionInvalid)
	if _, err := l.tree.Tiles().Proof(l.records.list[300], signed); err == nil {
		t.Error("proved a record that the checkpoint does not have")
	}
}

// bigTree is a tree of 70,000 leaves: three levels of tiles.
func bigTree(t testing.TB) (*audit.Tree, string) {
	t.Helper()
	log := &records{}
	log.grow(70_000)
	dir := t.TempDir()
	tree := openTree(t, dir)
	catchUp(t, tree, log)
	return tree, dir
}

// 30: whichever bit of a tile flips, the tile is named.
func TestEveryTileIsAuthenticated(t *testing.T) {
	tree, dir := bigTree(t)
	tiles := tree.Tiles()
	if err := tiles.Check(); err != nil {
		t.Fatalf("Check: %v", err)
	}
	var all []string
	for name := range files(t, dir) {
		if strings.HasPrefix(name, "tile") {
			all = append(all, name)
		}
	}
	if len(all) < 277 {
		t.Fatalf("%d tiles", len(all))
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	// Of each kind one at least: full and partial of level 0, level 1, level 2.
	chosen := []string{audit.TilePath(0, 0, 256), audit.TilePath(0, 273, 112), audit.TilePath(1, 0, 256), audit.TilePath(1, 1, 17), audit.TilePath(2, 0, 1)}
	for range 20 {
		chosen = append(chosen, all[rng.IntN(len(all))])
	}
	for _, name := range chosen {
		path := filepath.Join(dir, name)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for what, bad := range map[string][]byte{"a bit": bytes.Clone(good), "cut": good[:len(good)-32], "a full one": make([]byte, 8192), "gone": nil} {
			if what == "a full one" && len(good) == 8192 {
				continue
			}
			if what == "a bit" {
				bad[rng.IntN(len(bad))] ^= 1 << rng.IntN(8)
			}
			if bad == nil {
				err = os.Remove(path)
			} else {
				err = os.WriteFile(path, bad, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			err = tiles.Check()
			e, _ := errors.AsType[*audit.EvidenceError](err)
			if e == nil || e.Code != audit.TileCorrupt || e.Path != name {
				t.Errorf("%s, %s: Check: %v", name, what, err)
			}
			// Proofs that use the tile name it as well.
			var number uint64
			if strings.HasPrefix(name, filepath.FromSlash("tile/0/000")) || name == audit.TilePath(1, 0, 256) || strings.HasPrefix(name, filepath.FromSlash("tile/2")) || strings.Contains(name, ".p") {
				_, err = tiles.Inclusion(number, 70_000)
				e, _ = errors.AsType[*audit.EvidenceError](err)
				if e == nil || e.Code != audit.TileCorrupt || e.Path != name {
					t.Errorf("%s, %s: Inclusion: %v", name, what, err)
				}
			}
			if err := os.WriteFile(path, good, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := tiles.Check(); err != nil {
		t.Errorf("with all put back: %v", err)
	}
	// A full tile where only its beginning is in the tree is what a tree that has
	// grown since has there.
	partial := filepath.Join(dir, audit.TilePath(0, 273, 112))
	b, err := os.ReadFile(partial)
	if err == nil {
		err = errors.Join(os.Remove(partial), os.WriteFile(filepath.Join(dir, audit.TilePath(0, 273, 256)), append(b, make([]byte, 8192-len(b))...), 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := tiles.Check(); err != nil {
		t.Errorf("with a full tile that begins with the leaves: %v", err)
	}
	other := audit.OpenTiles(dir, audit.Checkpoint{Origin: origin, Size: 70_000, Root: sha256.Sum256(nil)})
	if _, err := other.Inclusion(5, 70_000); code(err) != string(audit.TileCorrupt) {
		t.Errorf("with the root of another tree: %v", err)
	}
}

// Tiles can be read while the tree grows.
func TestProofsFromATreeThatGrows(t *testing.T) {
	log := &records{}
	log.grow(700)
	dir := t.TempDir()
	tree := openTree(t, dir)
	catchUp(t, tree, log)
	old := tree.Tiles()
	var growing sync.WaitGroup
	grown := make(chan error, 1)
	growing.Go(func() {
		defer close(grown)
		for range 60 {
			log.grow(13)
			if err := tree.CatchUp(t.Context(), log); err != nil {
				grown <- err
				return
			}
		}
	})
	for done := false; !done; {
		select {
		case err := <-grown:
			if err != nil {
				t.Error(err)
			}
			done = true
		default:
		}
		for _, tiles := range []*audit.Tiles{old, tree.Tiles()} {
			size := tiles.Checkpoint().Size
			if _, err := tiles.Inclusion(size-1, size); err != nil {
				t.Errorf("Inclusion at %d: %v", size, err)
				done = true
			}
			if err := audit.CheckConsistency(old.Checkpoint(), tiles.Checkpoint(), consistency(t, tiles, 700, size)); err != nil {
				t.Errorf("700 → %d: %v", size, err)
			}
		}
	}
	growing.Wait()
}

func TestTilesOfNothing(t *testing.T) {
	tree := openTree(t, t.TempDir())
	tiles := tree.Tiles()
	if err := tiles.Check(); err != nil {
		t.Errorf("Check: %v", err)
	}
	if c, err := tiles.At(0); err != nil || c.Root != sha256.Sum256(nil) {
		t.Errorf("At(0) = %v, %v", c, err)
	}
	if _, err := tiles.Inclusion(0, 0); err == nil {
		t.Error("nothing is in an empty tree")
	}
	gone := audit.OpenTiles(filepath.Join(t.TempDir(), "x"), audit.Checkpoint{Origin: origin, Size: 5})
	if _, err := gone.At(3); code(err) != string(audit.TileCorrupt) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
	if _, err := audit.OpenTiles("x", audit.Checkpoint{Origin: origin, Size: 1 << 63}).Inclusion(0, 1); err == nil {
		t.Error("a tree of 2^63 records proves something")
	}
}

func BenchmarkProof(b *testing.B) {
	log := &records{}
	log.grow(1_000_000)
	tree := openTree(b, b.TempDir())
	catchUp(b, tree, log)
	tiles := tree.Tiles()
	rng := rand.New(rand.NewPCG(1, 2))
	b.Run("inclusion", func(b *testing.B) {
		for b.Loop() {
			if _, err := tiles.Inclusion(rng.Uint64N(1_000_000), 1_000_000); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("consistency", func(b *testing.B) {
		for b.Loop() {
			if _, err := tiles.Consistency(1+rng.Uint64N(999_998), 1_000_000); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			if err := tiles.Check(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
