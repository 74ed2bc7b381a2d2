package audit_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/minio/highwayhash"

	"rollbook/audit"
	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
)

// A small log of many histories, whose files are then edited as somebody would
// who has the machine: every case of an altered log, and what is said of it.

const (
	histories     = 50
	smallRecords  = 500
	earlierSigned = 300
	target        = 234 // of most edits
)

// entriesOf fills a log with histories that take turns.
func entriesOf(t testing.TB, log *jetstream.Log, records int) {
	t.Helper()
	heads := map[string]eventstore.Head{}
	for first := 0; first < records; first += histories {
		var writes []eventstore.Write
		for i := range histories {
			stream := fmt.Sprintf("member/m%02d", i)
			writes = append(writes, eventstore.Write{Stream: stream, Expected: heads[stream], Records: []eventstore.Record{{
				ID: fmt.Sprint("r", first+i+1), Type: "member.rated", Schema: "1", Data: fmt.Appendf(nil, `{"record":%4d}`, first+i+1),
			}}})
			heads[stream] = eventstore.Head{Position: eventstore.Position(first + i + 1), Count: heads[stream].Count + 1}
		}
		if _, err := log.Append(t.Context(), writes...); err != nil {
			t.Fatalf("append: %v", err)
		}
	}
}

// block is the file of a small log, record by record. The format is that of the
// server's file store.
type blockRecord struct {
	seq     uint64
	time    int64
	subject []byte
	headers []byte // as they are stored; every record of ours has some
	data    []byte
}

const (
	recordHeader = 22
	recordSum    = 8
	hasHeaders   = 1 << 31
)

// editBlock rewrites the file of a log with right checksums, and removes the
// server's index, so that it reads the file anew.
func editBlock(t testing.TB, dir string, edit func([]blockRecord) []blockRecord) {
	t.Helper()
	editStream(t, blocks(dir), "LEDGER", edit)
}

// editStream is editBlock for any stream, by the directory of its blocks.
func editStream(t testing.TB, blocks, name string, edit func([]blockRecord) []blockRecord) {
	t.Helper()
	path := filepath.Join(blocks, "1.blk")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var records []blockRecord
	for len(content) > 0 {
		length := int(binary.LittleEndian.Uint32(content) &^ hasHeaders)
		r, rest := content[:length], content[length:]
		subject := int(binary.LittleEndian.Uint16(r[20:]))
		body := r[recordHeader+subject : length-recordSum]
		headers := int(binary.LittleEndian.Uint32(body))
		records = append(records, blockRecord{
			seq: binary.LittleEndian.Uint64(r[4:]), time: int64(binary.LittleEndian.Uint64(r[12:])),
			subject: bytes.Clone(r[recordHeader : recordHeader+subject]), headers: bytes.Clone(body[4 : 4+headers]), data: bytes.Clone(body[4+headers:]),
		})
		content = rest
	}
	key := sha256.Sum256([]byte(name + "-1"))
	hash, err := highwayhash.NewDigest64(key[:])
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for _, r := range edit(records) {
		length := recordHeader + len(r.subject) + 4 + len(r.headers) + len(r.data) + recordSum
		begin := len(out)
		out = binary.LittleEndian.AppendUint32(out, uint32(length)|hasHeaders)
		out = binary.LittleEndian.AppendUint64(out, r.seq)
		out = binary.LittleEndian.AppendUint64(out, uint64(r.time))
		out = binary.LittleEndian.AppendUint16(out, uint16(len(r.subject)))
		out = append(out, r.subject...)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(r.headers)))
		out = append(append(out, r.headers...), r.data...)
		hash.Reset()
		_, _ = hash.Write(out[begin+4 : begin+20])
		_, _ = hash.Write(r.subject)
		_, _ = hash.Write(r.headers)
		_, _ = hash.Write(r.data)
		out = hash.Sum(out)
	}
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(blocks, "index.db")); err != nil {
		t.Fatal(err)
	}
}

func replaced(t testing.TB, b []byte, old, now string) []byte {
	t.Helper()
	if !bytes.Contains(b, []byte(old)) {
		t.Fatalf("%q is not in %q", old, b)
	}
	return bytes.Replace(b, []byte(old), []byte(now), 1)
}

// renumber gives records the positions that they stand at.
func renumber(records []blockRecord) []blockRecord {
	for i := range records {
		records[i].seq = uint64(i + 1)
	}
	return records
}

// finding is what a verification has to say first, and what else it has to say.
type finding struct {
	code   audit.Code
	nature audit.Nature
	at     eventstore.Position
}

func TestAnAlteredLogIsNamed(t *testing.T) {
	at := target - 1
	root := []finding{{audit.RootMismatch, audit.Altered, 0}}
	leaf := append([]finding{{audit.LeafMismatch, audit.Altered, target}}, root...)
	edit := func(f func(t *testing.T, records []blockRecord) []blockRecord) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			editBlock(t, dir, func(records []blockRecord) []blockRecord { return f(t, records) })
		}
	}
	tests := []struct {
		name   string
		damage func(*testing.T, string)
		want   []finding // the first one first, the others anywhere
	}{
		{"nothing", func(*testing.T, string) {}, nil},
		{"rewritten as it was", edit(func(_ *testing.T, r []blockRecord) []blockRecord { return r }), nil},
		{"a payload, with its checksum", edit(func(t *testing.T, r []blockRecord) []blockRecord {
			r[at].data = replaced(t, r[at].data, " 234", " 235")
			return r
		}), leaf},
		{"a payload, without its checksum", func(t *testing.T, dir string) {
			alter(t, dir, `{"record": 234}`, func(content []byte, at, _ int) []byte { content[at+11] ^= 1; return content })
		}, []finding{{audit.SeqGap, audit.Damaged, target}}},
		{"a header", edit(func(t *testing.T, r []blockRecord) []blockRecord {
			r[at].headers = replaced(t, r[at].headers, "member.rated", "member.fated")
			return r
		}), leaf},
		{"the store time by a little", edit(func(_ *testing.T, r []blockRecord) []blockRecord { r[at].time++; return r }), leaf},
		{"the store time by a day", edit(func(_ *testing.T, r []blockRecord) []blockRecord {
			r[at].time -= int64(24 * time.Hour)
			return r
		}), append(leaf, finding{audit.TimeRegression, audit.Remarking, target})},
		{"the subject, to another member", edit(func(t *testing.T, r []blockRecord) []blockRecord {
			r[at].subject = replaced(t, r[at].subject, "m33", "m34")
			return r
		}), append(leaf, finding{audit.MemberChain, audit.Altered, target}, finding{audit.MemberChain, audit.Altered, target + 1}, finding{audit.MemberChain, audit.Altered, target + histories})},
		{"removed, with a hole", edit(func(_ *testing.T, r []blockRecord) []blockRecord { return slices.Delete(r, at, at+1) }), []finding{{audit.SeqGap, audit.Damaged, target}}},
		{"removed, and the rest renumbered", edit(func(_ *testing.T, r []blockRecord) []blockRecord {
			return renumber(slices.Delete(r, at, at+1))
		}), append(leaf, finding{audit.MemberChain, audit.Altered, target + histories - 1})},
		{"the tail", edit(func(_ *testing.T, r []blockRecord) []blockRecord { return r[:smallRecords-50] }), []finding{{audit.TailMissing, audit.Cut, smallRecords - 49}}},
		{"a copy of another record put between", edit(func(_ *testing.T, r []blockRecord) []blockRecord {
			return renumber(slices.Insert(r, at, r[100]))[:smallRecords]
		}), append(leaf, finding{audit.DuplicateID, audit.Altered, target})},
		{"two records exchanged, each with the time of the other", edit(func(_ *testing.T, r []blockRecord) []blockRecord {
			a, b := &r[at], &r[at+1]
			a.subject, b.subject, a.headers, b.headers, a.data, b.data = b.subject, a.subject, b.headers, a.headers, b.data, a.data
			return r
		}), leaf},
		{"a header that no writer sends", edit(func(t *testing.T, r []blockRecord) []blockRecord {
			r[at].headers = replaced(t, r[at].headers, "\r\n\r\n", "\r\nNats-Rollup: all\r\n\r\n")
			return r
		}), []finding{{audit.ForbiddenHeader, audit.Altered, target}}},
		{"the head", edit(func(_ *testing.T, r []blockRecord) []blockRecord { return r[10:] }), []finding{{audit.HeadMissing, audit.Cut, 1}}},
		{"made anew with the same records", func(t *testing.T, dir string) {
			if err := os.RemoveAll(filepath.Join(dir, "jetstream")); err != nil {
				t.Fatal(err)
			}
			log := openLog(t, dir, true)
			entriesOf(t, log, smallRecords)
			closeLog(t, log)
		}, append([]finding{{audit.StreamReplaced, audit.Altered, 1}, {audit.LeafMismatch, audit.Altered, 1}}, root...)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir, treeDir := t.TempDir(), t.TempDir()
			log := openLog(t, dir, true)
			entriesOf(t, log, smallRecords)
			tree := openTree(t, treeDir)
			catchUp(t, tree, log)
			closeLog(t, log)
			signed := []audit.Checkpoint{tree.Checkpoint(), at300(t, tree)}
			tt.damage(t, dir)

			verified := verifyFiles(t, dir, treeDir, signed, nil)
			expect(t, verified, tt.want)
			if len(tt.want) == 0 && (verified.Records != smallRecords || verified.Checkpoints != 2) {
				t.Errorf("only %d records and %d checkpoints were compared", verified.Records, verified.Checkpoints)
			}
			// Without the tiles, by the signed roots alone, it is seen as well.
			bare := verifyFiles(t, dir, "", signed, nil)
			if bare.Good() != (len(tt.want) == 0) {
				t.Errorf("without tiles: %+v", bare.Problems)
			}
		})
	}
}

func at300(t testing.TB, tree *audit.Tree) audit.Checkpoint {
	t.Helper()
	c, err := tree.Tiles().At(earlierSigned)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func verifyFiles(t testing.TB, dir, treeDir string, signed []audit.Checkpoint, from *audit.Checkpoint) audit.Verified {
	t.Helper()
	v := audit.Verification{Checkpoints: slices.Clone(signed), From: from}
	if treeDir != "" {
		var err error
		if v.Tiles, v.Created, err = audit.ReadTiles(treeDir); err != nil {
			t.Fatal(err)
		}
	}
	log := openLog(t, dir, false)
	defer closeLog(t, log)
	v.Log = log
	verified, err := v.Verify(t.Context())
	if err != nil {
		t.Fatalf("Verify: %v", err)
	}
	return verified
}

func expect(t testing.TB, got audit.Verified, want []finding) {
	t.Helper()
	if len(want) == 0 {
		if len(got.Problems) > 0 {
			t.Errorf("a false alarm: %+v", got.Problems)
		}
		return
	}
	first := got.First()
	if first == nil || first.Code != want[0].code || first.Sequence != want[0].at || first.Nature != want[0].nature {
		t.Errorf("the first problem is %+v, want %+v", first, want[0])
	}
	for _, w := range want {
		if !slices.ContainsFunc(got.Problems, func(p audit.Problem) bool {
			return p.Code == w.code && p.Nature == w.nature && p.Sequence == w.at
		}) {
			t.Errorf("%+v was not found: %+v", w, got.Problems)
		}
	}
}

// A forger who also makes the tree anew is seen by whoever holds a checkpoint, and
// one who signs again too by whoever holds an older one.
func TestARewrittenLogWithItsTree(t *testing.T) {
	dir, treeDir := t.TempDir(), t.TempDir()
	log := openLog(t, dir, true)
	entriesOf(t, log, smallRecords)
	tree := openTree(t, treeDir)
	catchUp(t, tree, log)
	closeLog(t, log)
	signed := []audit.Checkpoint{tree.Checkpoint(), at300(t, tree)}
	editBlock(t, dir, func(r []blockRecord) []blockRecord {
		r[target-1].data = replaced(t, r[target-1].data, " 234", " 235")
		return r
	})
	if err := audit.Remove(treeDir); err != nil {
		t.Fatal(err)
	}
	log = openLog(t, dir, false)
	tree = openTree(t, treeDir)
	catchUp(t, tree, log)
	closeLog(t, log)
	expect(t, verifyFiles(t, dir, treeDir, signed, nil), []finding{{audit.CheckpointInconsistent, audit.Altered, 0}, {audit.RootMismatch, audit.Altered, 0}})
	// The forger's own checkpoint is in order, the one of an auditor is not.
	expect(t, verifyFiles(t, dir, treeDir, []audit.Checkpoint{tree.Checkpoint(), signed[1]}, nil), []finding{{audit.CheckpointInconsistent, audit.Altered, 0}})
}

// What a trusted checkpoint covers is not read again, and what comes after it is.
func TestVerifyGoesOnFromACheckpoint(t *testing.T) {
	for _, changed := range []int{100, 400} {
		dir, treeDir := t.TempDir(), t.TempDir()
		log := openLog(t, dir, true)
		entriesOf(t, log, smallRecords)
		tree := openTree(t, treeDir)
		catchUp(t, tree, log)
		closeLog(t, log)
		signed, from := []audit.Checkpoint{tree.Checkpoint()}, at300(t, tree)
		if got := verifyFiles(t, dir, treeDir, signed, &from); !got.Good() || len(got.Problems) > 0 || got.Records != smallRecords-earlierSigned || got.Root != tree.Checkpoint().Root.String() {
			t.Errorf("an honest log from %d: %+v", earlierSigned, got)
		}
		editBlock(t, dir, func(r []blockRecord) []blockRecord {
			r[changed-1].data = replaced(t, r[changed-1].data, fmt.Sprintf("%4d", changed), fmt.Sprintf("%4d", changed+1))
			return r
		})
		got := verifyFiles(t, dir, treeDir, signed, &from)
		if changed <= earlierSigned {
			expect(t, got, nil) // it was trusted
			expect(t, verifyFiles(t, dir, treeDir, signed, nil), []finding{{audit.LeafMismatch, audit.Altered, eventstore.Position(changed)}})
		} else {
			expect(t, got, []finding{{audit.LeafMismatch, audit.Altered, eventstore.Position(changed)}})
		}
		from.Root[0] ^= 1
		expect(t, verifyFiles(t, dir, treeDir, signed, &from), []finding{{audit.CheckpointInconsistent, audit.Altered, 0}})
	}
}

// Case 63: the server's clock was set back by an hour for a hundred records. They are
// listed, and nothing else is wrong; and what was known at a moment is a prefix.
func TestAClockThatWasSetBack(t *testing.T) {
	t.Parallel()
	dir, treeDir := t.TempDir(), t.TempDir()
	log := openLog(t, dir, true)
	entriesOf(t, log, smallRecords)
	closeLog(t, log)
	editBlock(t, dir, func(r []blockRecord) []blockRecord {
		for i := 200; i < 300; i++ {
			r[i].time -= int64(time.Hour)
		}
		return r
	})
	log = openLog(t, dir, false)
	tree := openTree(t, treeDir)
	catchUp(t, tree, log)
	var times []time.Time
	for s, err := range log.ReplayStored(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, s.Time)
	}
	for i, at := range times {
		cut, err := log.At(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		if cut > 0 && times[cut-1].After(at) || int(cut) < len(times) && !times[cut].After(at) {
			t.Errorf("what was known when %d was stored ends at %d, where the times do not pass it", i+1, cut)
		}
	}
	closeLog(t, log)
	v := verifyFiles(t, dir, treeDir, []audit.Checkpoint{tree.Checkpoint(), at300(t, tree)}, nil)
	if !v.Good() || v.Root != tree.Checkpoint().Root.String() || v.Checkpoints != 2 || len(v.Problems) != 1 ||
		v.Problems[0].Code != audit.TimeRegression || v.Problems[0].Nature != audit.Remarking || v.Problems[0].Sequence != 201 {
		t.Errorf("Verify = %+v", v)
	}
}
