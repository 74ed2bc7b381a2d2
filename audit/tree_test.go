package audit_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"rollbook/audit"
	"rollbook/eventstore"
)

// records is a log in memory.
type records struct {
	list    []eventstore.Stored
	created time.Time
	cut     eventstore.Position // the record at which reading fails
}

var _ audit.Log = (*records)(nil)

func (r *records) Shape(context.Context) (eventstore.Shape, error) {
	return eventstore.Shape{First: 1, Last: eventstore.Position(len(r.list)), Created: r.created}, nil
}

func (r *records) ReplayStored(_ context.Context, after, to eventstore.Position) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		if to == 0 {
			to = eventstore.Position(len(r.list))
		}
		for _, s := range r.list[after:to] {
			if s.Position == r.cut {
				yield(eventstore.Stored{}, &eventstore.GapError{Want: s.Position})
				return
			}
			if !yield(s, nil) {
				return
			}
		}
	}
}

func (r *records) grow(n int) {
	if r.created.IsZero() {
		r.created = time.Unix(1767225600, 0).UTC()
	}
	for range n {
		at := len(r.list) + 1
		r.list = append(r.list, eventstore.Stored{
			Position: eventstore.Position(at), Time: r.created.Add(time.Duration(at) * time.Millisecond),
			Subject: fmt.Sprint("ledger.member.m", at%7), Headers: [][2]string{{"Ledger-Id", fmt.Sprint("e", at)}},
			Data: fmt.Appendf(nil, `{"n":%d}`, at),
		})
	}
}

// hashes returns all nodes of the tree as the checksum database of Go makes
// them, and the leaves.
func (r *records) hashes(t testing.TB) (nodes []tlog.Hash) {
	t.Helper()
	for i, s := range r.list {
		entry, err := audit.AppendEntry(nil, s)
		if err != nil {
			t.Fatal(err)
		}
		more, err := tlog.StoredHashes(int64(i), entry, tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
			out := make([]tlog.Hash, len(indexes))
			for i, x := range indexes {
				out[i] = nodes[x]
			}
			return out, nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, more...)
	}
	return nodes
}

func openTree(t testing.TB, dir string) *audit.Tree {
	t.Helper()
	tree, err := audit.Open(dir, "rollbook/test/e1")
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return tree
}

func catchUp(t testing.TB, tree *audit.Tree, log audit.Log) {
	t.Helper()
	if err := tree.CatchUp(t.Context(), log); err != nil {
		t.Fatalf("CatchUp: %v", err)
	}
}

// files returns all files of a directory.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		found[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func sameFiles(t testing.TB, got, want map[string]string) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Fatalf("files differ:\n got %v\nwant %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}

// However the log grows and however often the program starts, the root is that
// of Go's checksum database and the files are the same, byte for byte.
func TestTreeIsThatOfTheChecksumDatabase(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir := t.TempDir()
		log := &records{}
		tree := openTree(t, dir)
		for range rapid.IntRange(1, 5).Draw(rt, "rounds") {
			log.grow(rapid.SampledFrom([]int{0, 1, 2, 255, 256, 257, 700, 1500}).Draw(rt, "more"))
			catchUp(t, tree, log)
			if rapid.Bool().Draw(rt, "restart") {
				tree = openTree(t, dir)
			}
		}
		nodes := log.hashes(t)
		size := int64(len(log.list))
		reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
			out := make([]tlog.Hash, len(indexes))
			for i, x := range indexes {
				out[i] = nodes[x]
			}
			return out, nil
		})
		want, err := tlog.TreeHash(size, reader)
		if err != nil {
			rt.Fatal(err)
		}
		at := tree.Checkpoint()
		if at.Size != uint64(size) || tlog.Hash(at.Root) != want {
			rt.Fatalf("Checkpoint = %d, %x; want %d, %x", at.Size, at.Root, size, want)
		}
		whole := t.TempDir()
		catchUp(t, openTree(t, whole), log)
		sameFiles(t, files(t, dir), files(t, whole))
		if err := openTree(t, dir).CheckAll(t.Context(), log); err != nil {
			rt.Fatalf("CheckAll: %v", err)
		}
	})
}

// tiles gives Go's own proofs the tiles of a directory.
type tiles string

func (d tiles) Height() int { return 8 }
func (d tiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, t := range list {
		b, err := os.ReadFile(filepath.Join(string(d), audit.TilePath(t.L, uint64(t.N), t.W)))
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}
func (d tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// The tiles are what https://c2sp.org/tlog-tiles says: Go's code proves records
// and consistency from them.
func TestTilesProveRecords(t *testing.T) {
	dir := t.TempDir()
	log := &records{}
	log.grow(70_000)
	tree := openTree(t, dir)
	catchUp(t, tree, log)
	at := tree.Checkpoint()
	reader := tlog.TileHashReader(tlog.Tree{N: int64(at.Size), Hash: tlog.Hash(at.Root)}, tiles(dir))
	for _, i := range []int64{0, 1, 255, 256, 65535, 65536, 69_999} {
		proof, err := tlog.ProveRecord(int64(at.Size), i, reader)
		if err != nil {
			t.Fatalf("ProveRecord(%d): %v", i, err)
		}
		entry, err := audit.AppendEntry(nil, log.list[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckRecord(proof, int64(at.Size), tlog.Hash(at.Root), i, tlog.Hash(audit.LeafHash(entry))); err != nil {
			t.Errorf("CheckRecord(%d): %v", i, err)
		}
	}
	if _, err := tlog.ProveTree(int64(at.Size), 60_000, reader); err != nil {
		t.Errorf("ProveTree: %v", err)
	}
}

// A tree whose writer dies before any one of its operations is whole at the next
// start, and ends up the same, byte for byte.
func TestTreeSurvivesItsWriter(t *testing.T) {
	log := &records{}
	log.grow(600)
	whole := t.TempDir()
	tree := openTree(t, whole)
	catchUp(t, tree, log)
	log.grow(200)
	catchUp(t, tree, log)
	want := files(t, whole)

	died := errors.New("died")
	for last := 0; ; last++ {
		dir := t.TempDir()
		log := &records{created: log.created, list: log.list[:600]}
		catchUp(t, openTree(t, dir), log)
		log.list = log.list[:800]
		tree := openTree(t, dir)
		n := 0
		var mu sync.Mutex
		tree.SetOp(func(string) error {
			mu.Lock()
			defer mu.Unlock()
			if n++; n > last {
				return died
			}
			return nil
		})
		err := tree.CatchUp(t.Context(), log)
		if err != nil && !errors.Is(err, died) {
			t.Fatalf("CatchUp, dead after %d operations: %v", last, err)
		}
		again := openTree(t, dir)
		if size := again.Checkpoint().Size; size != 600 && size != 800 {
			t.Fatalf("dead after %d operations: the tree has %d leaves", last, size)
		}
		if err := again.CheckAll(t.Context(), log); err != nil {
			t.Fatalf("dead after %d operations: %v", last, err)
		}
		catchUp(t, again, log)
		// One whose write failed goes on as well.
		tree.SetOp(func(string) error { return nil })
		catchUp(t, tree, log)
		openTree(t, dir) // takes away what may be left
		sameFiles(t, files(t, dir), want)
		if err == nil {
			if last < 8 {
				t.Fatalf("only %d operations", last)
			}
			return
		}
	}
}

// What stops the follower is reported, and what came before it is kept.
func TestFollowerStopsAtAGap(t *testing.T) {
	log := &records{}
	log.grow(3000)
	log.cut = 2500
	tree := openTree(t, t.TempDir())
	err := tree.CatchUp(t.Context(), log)
	gap, ok := errors.AsType[*eventstore.GapError](err)
	if !ok || gap.Want != 2500 || tree.Checkpoint().Size != 2499 {
		t.Fatalf("CatchUp = %v at %d; want a gap at 2500", err, tree.Checkpoint().Size)
	}
	log.cut = 0
	catchUp(t, tree, log)
	if err := tree.CheckAll(t.Context(), log); err != nil || tree.Checkpoint().Size != 3000 {
		t.Errorf("CheckAll = %v at %d", err, tree.Checkpoint().Size)
	}
}

func TestTreeOfDamagedFilesIsRefused(t *testing.T) {
	log := &records{}
	log.grow(700)
	for name, damage := range map[string]func(path string) error{
		"checkpoint": func(dir string) error { return os.Truncate(filepath.Join(dir, "checkpoint"), 20) },
		"log.json":   func(dir string) error { return os.Remove(filepath.Join(dir, "log.json")) },
		"edge": func(dir string) error {
			path := filepath.Join(dir, audit.TilePath(0, 2, 700-512))
			b, err := os.ReadFile(path)
			if err == nil {
				b[5] ^= 1
				err = os.WriteFile(path, b, 0o600)
			}
			return err
		},
		"edge of level 1": func(dir string) error { return os.Remove(filepath.Join(dir, audit.TilePath(1, 0, 2))) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			catchUp(t, openTree(t, dir), log)
			if err := damage(dir); err != nil {
				t.Fatal(err)
			}
			if _, err := audit.Open(dir, "rollbook/test/e1"); !errors.Is(err, audit.ErrTree) {
				t.Errorf("Open = %v; want ErrTree", err)
			}
		})
	}
	t.Run("of another log", func(t *testing.T) {
		dir := t.TempDir()
		catchUp(t, openTree(t, dir), log)
		if _, err := audit.Open(dir, "rollbook/other/e1"); !errors.Is(err, audit.ErrOrigin) {
			t.Errorf("Open = %v; want ErrOrigin", err)
		}
	})
	t.Run("a full tile", func(t *testing.T) {
		dir := t.TempDir()
		tree := openTree(t, dir)
		catchUp(t, tree, log)
		if err := os.Remove(filepath.Join(dir, audit.TilePath(0, 1, 256))); err != nil {
			t.Fatal(err)
		}
		if err := tree.CheckAll(t.Context(), log); !errors.Is(err, audit.ErrTree) {
			t.Errorf("CheckAll = %v; want ErrTree", err)
		}
	})
}

func BenchmarkCatchUp(b *testing.B) {
	log := &records{}
	log.grow(200_000)
	for b.Loop() {
		catchUp(b, openTree(b, b.TempDir()), log)
	}
	b.ReportMetric(float64(len(log.list))*float64(b.N)/b.Elapsed().Seconds(), "leaves/s")
}
