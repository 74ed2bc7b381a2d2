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
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
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
