package audit_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/minio/highwayhash"

	"rollbook/audit"
	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
)

// The real log, damaged in every way that a start has to notice. Each record
// holds 256 KB, so that the log has several block files of 8 MB.

const (
	bigRecords = 90
	origin     = "rollbook/test/e1"
)

func openLog(t testing.TB, dir string, create bool) *jetstream.Log {
	t.Helper()
	log, err := jetstream.Open(t.Context(), jetstream.Config{Dir: dir, Create: create})
	if err != nil {
		t.Fatalf("open the log: %v", err)
	}
	t.Cleanup(func() { _ = log.Close() })
	return log
}

func closeLog(t testing.TB, log *jetstream.Log) {
	t.Helper()
	if err := log.Close(); err != nil {
		t.Fatalf("close the log: %v", err)
	}
}

// fill appends records of a size and text to streams of their own.
func fill(t testing.TB, log *jetstream.Log, from, n, size int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		data := fmt.Appendf(nil, "data of record %d ", i)
		data = append(data, bytes.Repeat([]byte{' '}, max(0, size-len(data)))...)
		_, err := log.Append(t.Context(), eventstore.Write{
			Stream:  fmt.Sprint("member/m", i),
			Records: []eventstore.Record{{ID: fmt.Sprint("r", i), Type: "member.died", Schema: "1", Data: data}},
		})
		if err != nil {
			t.Fatalf("append: %v", err)
		}
	}
}

func blocks(dir string) string {
	return filepath.Join(dir, "jetstream", "$G", "streams", "LEDGER", "msgs")
}

// alter changes the block file that holds a text: f gets its content, where the
// text is, and the number of the block.
func alter(t testing.TB, dir, text string, f func(content []byte, at, block int) []byte) {
	t.Helper()
	for block := 1; ; block++ {
		path := filepath.Join(blocks(dir), fmt.Sprint(block, ".blk"))
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatalf("%q is in no block: %v", text, err)
		}
		if at := bytes.Index(content, []byte(text)); at >= 0 {
			if err := os.WriteFile(path, f(content, at, block), 0o600); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
}

// forge changes a byte of a record and its checksum with it, as anybody can who
// may write the file: the server notices nothing.
func forge(t testing.TB, dir, text string) {
	t.Helper()
	alter(t, dir, text, func(content []byte, at, block int) []byte {
		content[at+1] ^= 1
		const header, sum = 22, 8
		for begin := 0; ; {
			length := int(binary.LittleEndian.Uint32(content[begin:]) &^ (1 << 31))
			if at >= begin+length {
				begin += length
				continue
			}
			record := content[begin : begin+length]
			subject := int(binary.LittleEndian.Uint16(record[20:]))
			key := sha256.Sum256(fmt.Appendf(nil, "LEDGER-%d", block))
			hash, err := highwayhash.NewDigest64(key[:])
			if err != nil {
				t.Fatal(err)
			}
			_, _ = hash.Write(record[4:20])
			_, _ = hash.Write(record[header : header+subject])
			_, _ = hash.Write(record[header+subject+4 : length-sum])
			copy(record[length-sum:], hash.Sum(nil))
			return content
		}
	})
}

func removeIndex(t testing.TB, dir string) {
	t.Helper()
	if err := os.Remove(filepath.Join(blocks(dir), "index.db")); err != nil {
		t.Fatal(err)
	}
}

func TestStartNoticesADamagedLog(t *testing.T) {
	tests := []struct {
		name   string
		damage func(t *testing.T, dir string)
		code   audit.Code
		first  eventstore.Position
	}{
		{
			name: "the tail is cut by the server, at a damaged byte",
			damage: func(t *testing.T, dir string) {
				alter(t, dir, "data of record 85 ", func(content []byte, at, _ int) []byte { content[at] ^= 1; return content })
				removeIndex(t, dir)
			},
			code: audit.TailMissing, first: 85,
		},
		{
			name: "the last record is cut off",
			damage: func(t *testing.T, dir string) {
				alter(t, dir, "data of record 90 ", func(content []byte, at, _ int) []byte { return content[:at] })
				removeIndex(t, dir)
			},
			code: audit.TailMissing, first: 90,
		},
		{
			name: "cut, and other records in the place",
			damage: func(t *testing.T, dir string) {
				alter(t, dir, "data of record 89 ", func(content []byte, at, _ int) []byte { return content[:at] })
				removeIndex(t, dir)
				log := openLog(t, dir, false)
				fill(t, log, 1089, 2, 100)
				closeLog(t, log)
			},
			code: audit.LeafMismatch, first: 89,
		},
		{
			name: "the head is missing",
			damage: func(t *testing.T, dir string) {
				if err := os.Remove(filepath.Join(blocks(dir), "1.blk")); err != nil {
					t.Fatal(err)
				}
				removeIndex(t, dir)
			},
			code: audit.HeadMissing, first: 1,
		},
		{
			name: "a block in the middle is missing",
			damage: func(t *testing.T, dir string) {
				if err := os.Remove(filepath.Join(blocks(dir), "2.blk")); err != nil {
					t.Fatal(err)
				}
				removeIndex(t, dir)
			},
			code: audit.SeqGap, first: 32,
		},
		{
			name: "a record is changed, and its checksum too",
			damage: func(t *testing.T, dir string) {
				forge(t, dir, "data of record 77 ")
				removeIndex(t, dir)
			},
			code: audit.LeafMismatch, first: 77,
		},
		{
			name: "a record is damaged, not at the end",
			damage: func(t *testing.T, dir string) {
				alter(t, dir, "data of record 40 ", func(content []byte, at, _ int) []byte { content[at] ^= 1; return content })
			},
			code: audit.SeqGap, first: 40,
		},
		{
			name: "another log with the same records",
			damage: func(t *testing.T, dir string) {
				if err := os.RemoveAll(filepath.Join(dir, "jetstream")); err != nil {
					t.Fatal(err)
				}
				log := openLog(t, dir, true)
				fill(t, log, 1, bigRecords, 100)
				closeLog(t, log)
			},
			code: audit.StreamReplaced, first: 1,
		},
		{
			name: "another log with fewer records",
			damage: func(t *testing.T, dir string) {
				if err := os.RemoveAll(filepath.Join(dir, "jetstream")); err != nil {
					t.Fatal(err)
				}
				closeLog(t, openLog(t, dir, true))
			},
			code: audit.StreamReplaced, first: 1,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir, treeDir := t.TempDir(), t.TempDir()
			log := openLog(t, dir, true)
			fill(t, log, 1, bigRecords, 256<<10)
			tree, err := audit.Open(treeDir, origin)
			if err != nil {
				t.Fatal(err)
			}
			catchUp(t, tree, log)
			if err := tree.CheckAll(t.Context(), log); err != nil {
				t.Fatalf("CheckAll before: %v", err)
			}
			closeLog(t, log)
			tt.damage(t, dir)

			log = openLog(t, dir, false)
			if tree, err = audit.Open(treeDir, origin); err != nil {
				t.Fatal(err)
			}
			got, ok := errors.AsType[*audit.MismatchError](tree.Check(t.Context(), log))
			if !ok || got.Code != tt.code || got.First != tt.first || got.Size != bigRecords {
				t.Errorf("Check = %v; want %s at %d", got, tt.code, tt.first)
			}
			if err := tree.CheckAll(t.Context(), log); err == nil {
				t.Error("CheckAll finds nothing")
			}
		})
	}
}

// What lies before the records that a start looks at is left to CheckAll.
func TestCheckAllFindsWhatTheStartDoesNotLookAt(t *testing.T) {
	dir, treeDir := t.TempDir(), t.TempDir()
	log := openLog(t, dir, true)
	fill(t, log, 1, 600, 100)
	tree, err := audit.Open(treeDir, origin)
	if err != nil {
		t.Fatal(err)
	}
	catchUp(t, tree, log)
	closeLog(t, log)
	forge(t, dir, "data of record 123 ")

	log = openLog(t, dir, false)
	if err := tree.Check(t.Context(), log); err != nil {
		t.Fatalf("Check = %v; record 123 is not one that it looks at", err)
	}
	got, ok := errors.AsType[*audit.MismatchError](tree.CheckAll(t.Context(), log))
	if !ok || got.Code != audit.LeafMismatch || got.First != 123 {
		t.Errorf("CheckAll = %v; want a mismatch at 123", got)
	}
	// The log goes on, and so does the tree; what is wrong stays wrong.
	fill(t, log, 601, 10, 100)
	catchUp(t, tree, log)
	if got, ok := errors.AsType[*audit.MismatchError](tree.CheckAll(t.Context(), log)); !ok || got.First != 123 {
		t.Errorf("CheckAll later = %v; want a mismatch at 123", got)
	}
}

// A million records do not make a start slow; the benchmark says what it costs.
func BenchmarkCheck(b *testing.B) {
	dir := b.TempDir()
	log := openLog(b, dir, true)
	writes := make([]eventstore.Write, 0, eventstore.MaxBatch)
	for i := range 200_000 {
		writes = append(writes, eventstore.Write{Stream: fmt.Sprint("member/m", i), Records: []eventstore.Record{{ID: fmt.Sprint("r", i), Type: "t", Schema: "1", Data: make([]byte, 300)}}})
		if len(writes) == cap(writes) {
			if _, err := log.Append(b.Context(), writes...); err != nil {
				b.Fatal(err)
			}
			writes = writes[:0]
		}
	}
	tree, err := audit.Open(b.TempDir(), origin)
	if err != nil {
		b.Fatal(err)
	}
	catchUp(b, tree, log)
	b.ResetTimer()
	for b.Loop() {
		if err := tree.Check(b.Context(), log); err != nil {
			b.Fatal(err)
		}
	}
}

// The live log is followed at a good part of the speed at which it can be read.
func BenchmarkCatchUpLog(b *testing.B) {
	dir := b.TempDir()
	log := openLog(b, dir, true)
	writes := make([]eventstore.Write, 0, eventstore.MaxBatch)
	const n = 200_000
	for i := range n {
		writes = append(writes, eventstore.Write{Stream: fmt.Sprint("member/m", i), Records: []eventstore.Record{{ID: fmt.Sprint("r", i), Type: "t", Schema: "1", Data: make([]byte, 300)}}})
		if len(writes) == cap(writes) {
			if _, err := log.Append(b.Context(), writes...); err != nil {
				b.Fatal(err)
			}
			writes = writes[:0]
		}
	}
	b.ResetTimer()
	for b.Loop() {
		tree, err := audit.Open(b.TempDir(), origin)
		if err != nil {
			b.Fatal(err)
		}
		catchUp(b, tree, log)
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
