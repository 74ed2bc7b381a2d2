// Package interop checks the files of the audit package with programs of others:
// a tree with Tessera's fsck and client, a QR code with ZXing.
package interop

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image/png"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"

	"rollbook/audit"
	"rollbook/eventstore"
)

const origin = "rollbook/test/e1"

// log is a log in memory.
type log []eventstore.Stored

func newLog(n int) log {
	l := make(log, n)
	for i := range l {
		l[i] = eventstore.Stored{
			Position: eventstore.Position(i + 1), Time: time.Unix(1767225600, int64(i)), Subject: fmt.Sprint("ledger.member.m", i%7),
			Headers: [][2]string{{"Ledger-Id", fmt.Sprint("e", i)}}, Data: fmt.Appendf(nil, `{"n":%d}`, i),
		}
	}
	return l
}

func (l log) Shape(context.Context) (eventstore.Shape, error) {
	return eventstore.Shape{First: 1, Last: eventstore.Position(len(l)), Created: time.Unix(1767225600, 0)}, nil
}

func (l log) ReplayStored(_ context.Context, after, to eventstore.Position) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		for _, s := range l[after:to] {
			if !yield(s, nil) {
				return
			}
		}
	}
}

// fetcher reads our directory; the entries are made from the log.
type fetcher struct {
	client.FileFetcher
	log  log
	note []byte
}

func (f fetcher) ReadCheckpoint(context.Context) ([]byte, error) { return f.note, nil }

func (f fetcher) ReadEntryBundle(_ context.Context, i uint64, p uint8) ([]byte, error) {
	width := uint64(p)
	if p == 0 {
		width = 256
	}
	var b []byte
	for _, s := range f.log[i*256 : i*256+width] {
		entry, err := audit.AppendEntry(nil, s)
		if err != nil {
			return nil, err
		}
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(entry))), entry...)
	}
	return b, nil
}

func leafHashes(bundle []byte) ([][]byte, error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	var hashes [][]byte
	for _, entry := range b.Entries {
		leaf := audit.LeafHash(entry)
		hashes = append(hashes, leaf[:])
	}
	return hashes, nil
}

// publish makes a tree in a directory and signs it.
func publish(t *testing.T, dir string, l log) (audit.SignedCheckpoint, note.Verifier) {
	t.Helper()
	tree, err := audit.Open(dir, origin)
	if err != nil {
		t.Fatal(err)
	}
	if err := tree.CatchUp(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	keys := t.TempDir()
	key, err := audit.NewKey(filepath.Join(keys, "key"), origin, audit.LogKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := audit.StartMemory(filepath.Join(keys, "memory")); err != nil {
		t.Fatal(err)
	}
	signer, err := audit.OpenSigner(key, filepath.Join(keys, "memory"))
	if err != nil {
		t.Fatal(err)
	}
	defer signer.Close()
	p := &audit.Publisher{Signer: signer, Policy: audit.OwnPolicy(key.Public()), History: audit.OpenHistory(filepath.Join(keys, "history")), Clock: time.Now}
	out, err := p.Publish(t.Context(), tree.Tiles(), uint64(len(l)))
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(key.Public().String())
	if err != nil {
		t.Fatal(err)
	}
	return out.SignedCheckpoint, verifier
}

func TestTesseraReadsOurTree(t *testing.T) {
	for _, size := range []int{1, 255, 256, 257, 70_000} {
		l, dir := newLog(size), t.TempDir()
		signed, verifier := publish(t, dir, l)
		f := fetcher{client.FileFetcher{Root: dir}, l, signed.Note}
		check := func() error { return fsck.New(origin, verifier, f, leafHashes, fsck.Opts{N: 4}).Check(t.Context()) }
		if err := check(); err != nil {
			t.Errorf("fsck of %d records: %v", size, err)
		}
		builder, err := client.NewProofBuilder(t.Context(), uint64(size), f.ReadTile)
		if err != nil {
			t.Fatal(err)
		}
		tiles := audit.OpenTiles(dir, signed.Checkpoint)
		for _, index := range []uint64{0, uint64(size) / 3, uint64(size) - 1} {
			ours, err := tiles.Inclusion(index, uint64(size))
			theirs, err2 := builder.InclusionProof(t.Context(), index)
			if err := errors.Join(err, err2); err != nil || !same(ours, theirs) {
				t.Errorf("inclusion of %d in %d: %v, ours %d hashes, theirs %d", index, size, err, len(ours), len(theirs))
			}
			ours, err = tiles.Consistency(index+1, uint64(size))
			theirs, err2 = builder.ConsistencyProof(t.Context(), index+1, uint64(size))
			if err := errors.Join(err, err2); err != nil || !same(ours, theirs) {
				t.Errorf("%d → %d: %v, ours %d hashes, theirs %d", index+1, size, err, len(ours), len(theirs))
			}
		}
		// And it finds what was changed.
		path := filepath.Join(dir, firstTile(size))
		tile, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		tile[5] ^= 1
		if err := os.WriteFile(path, tile, 0o600); err != nil {
			t.Fatal(err)
		}
		if check() == nil || tiles.Check() == nil {
			t.Errorf("fsck of %d records does not see a tile that was changed", size)
		}
	}
}

// Our verifier reads a log that Tessera has made, with the leaves of our records, and
// says of it what it says of our own.
func TestWeReadATesseraLog(t *testing.T) {
	const size = 300
	l, dir := newLog(size), t.TempDir()
	key, err := audit.NewKey(filepath.Join(t.TempDir(), "key"), origin, audit.LogKey)
	if err != nil {
		t.Fatal(err)
	}
	secret, public, err := note.GenerateKey(nil, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	driver, err := posix.New(t.Context(), posix.Config{Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	// One entry a batch: within one, Tessera keeps no order.
	options := tessera.NewAppendOptions().WithCheckpointSigner(signer).WithBatching(1, time.Millisecond).WithCheckpointInterval(100 * time.Millisecond)
	appender, shutdown, _, err := tessera.NewAppender(t.Context(), driver, options)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range l {
		entry, err := audit.AppendEntry(nil, s)
		if err != nil {
			t.Fatal(err)
		}
		if at, err := appender.Add(t.Context(), tessera.NewEntry(entry))(); err != nil || at.Index != uint64(i) {
			t.Fatalf("Add(%d) = %v, %v", i, at, err)
		}
	}
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}

	text, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	verify := func(key string) (audit.SignedCheckpoint, error) {
		policy, err := audit.ParsePolicy([]byte("log " + key + "\nquorum none\n"))
		if err != nil {
			t.Fatal(err)
		}
		return policy.Verify(text, time.Now(), 0)
	}
	signed, err := verify(public)
	if err != nil || signed.Size != size {
		t.Fatalf("Tessera's checkpoint: %d records, %v", signed.Size, err)
	}
	if _, err := verify(key.Public().String()); codeOf(err) != audit.CheckpointSignature {
		t.Errorf("with another key of the same name: %v", err)
	}
	tiles := audit.OpenTiles(dir, signed.Checkpoint)
	if err := tiles.Check(); err != nil {
		t.Errorf("Check: %v", err)
	}
	for _, at := range []uint64{0, 255, 256, size - 1} {
		leaf, err := tiles.Leaf(at)
		if err != nil {
			t.Fatal(err)
		}
		proof, err := tiles.Inclusion(at, size)
		if err := errors.Join(err, audit.CheckInclusion(signed.Checkpoint, at, leaf, proof)); err != nil {
			t.Errorf("inclusion of %d: %v", at, err)
		}
		if err := audit.CheckInclusion(signed.Checkpoint, at^1, leaf, proof); codeOf(err) != audit.InclusionInvalid {
			t.Errorf("inclusion of %d at %d: %v", at, at^1, err)
		}
		older, err := tiles.At(at + 1)
		if err != nil {
			t.Fatal(err)
		}
		chain, err := tiles.Consistency(older.Size, size)
		if err := errors.Join(err, audit.CheckConsistency(older, signed.Checkpoint, chain)); err != nil {
			t.Errorf("%d → %d: %v", older.Size, size, err)
		}
		if err := tiles.Compare(l[at : at+1]); err != nil {
			t.Errorf("the record %d: %v", at+1, err)
		}
	}
	changed := l[9]
	changed.Data = []byte("x")
	if m, ok := errors.AsType[*audit.MismatchError](tiles.Compare([]eventstore.Stored{changed})); !ok || m.Code != audit.LeafMismatch || m.First != 10 {
		t.Errorf("a record that was changed: %v", m)
	}
	for _, path := range []string{"tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"} {
		b, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		bad := bytes.Clone(b)
		bad[5] ^= 1
		if err := os.WriteFile(filepath.Join(dir, path), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if found, ok := errors.AsType[*audit.EvidenceError](tiles.Check()); !ok || found.Code != audit.TileCorrupt || found.Path != path {
			t.Errorf("%s changed: %v", path, found)
		}
		if err := os.WriteFile(filepath.Join(dir, path), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func codeOf(err error) audit.Code {
	if found, ok := errors.AsType[*audit.EvidenceError](err); ok {
		return found.Code
	}
	return ""
}

func same(ours []audit.Hash, theirs [][]byte) bool {
	return slices.EqualFunc(ours, theirs, func(a audit.Hash, b []byte) bool { return bytes.Equal(a[:], b) })
}

func TestACameraReadsTheNotice(t *testing.T) {
	signed, _ := publish(t, t.TempDir(), newLog(9))
	code, err := audit.QR(signed)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(code.PNG()))
	if err != nil {
		t.Fatal(err)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	read, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	if err != nil {
		t.Fatal(err)
	}
	if read.GetText() != string(signed.Note) {
		t.Errorf("read %q, want %q", read.GetText(), signed.Note)
	}
}

// firstTile returns the path of the first tile of the leaves.
func firstTile(size int) string {
	if size < 256 {
		return fmt.Sprintf("tile/0/000.p/%d", size)
	}
	return "tile/0/000"
}
