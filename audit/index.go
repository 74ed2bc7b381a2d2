package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"rollbook/eventstore"
)

// A member index says of every member of a log where the member's history ends.
// Its root is recorded in the log itself, so that a history can be shown to be
// whole: proofs of records alone never show that one was left out.

// IndexWindow is how many records may stand between the last one that an index
// root covers and the root's own record.
const IndexWindow = 20_000

// memberLabel begins every entry of an index.
const memberLabel = "rollbook/member/v1\n"

// IndexEntry is what an index says of a member.
type IndexEntry struct {
	Member string
	// Version is how many records the member has.
	Version uint32
	// Last is the position of the last one, and Leaf its leaf hash.
	Last eventstore.Position
	Leaf Hash
}

// AppendTo appends the bytes that stand for the entry in the tree of an index.
//
//	"rollbook/member/v1\n"
//	u16 length, member
//	u32 number of records   u64 position of the last   32 bytes, its leaf hash
//
// Numbers are big-endian.
func (e IndexEntry) AppendTo(b []byte) []byte {
	b = append(b, memberLabel...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(e.Member)))
	b = append(b, e.Member...)
	b = binary.BigEndian.AppendUint32(b, e.Version)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Last))
	return append(b, e.Leaf[:]...)
}

// MemberOf returns the member whose record has a subject: the third part of
// "<log>.member.<member>", 1 to 64 of A-Z a-z 0-9 _ -. Any other subject is
// nobody's.
func MemberOf(subject string) (member string, ok bool) {
	_, kind, id, ok := cutSubject(subject)
	return id, ok && kind == "member" && validMember(id)
}

func cutSubject(subject string) (log, kind, id string, ok bool) {
	log, rest, ok1 := strings.Cut(subject, ".")
	kind, id, ok2 := strings.Cut(rest, ".")
	return log, kind, id, ok1 && ok2 && log != "" && kind != "" && id != "" && strings.IndexByte(id, '.') < 0
}

const maxMemberBytes = 64

func validMember(id string) bool {
	return id != "" && len(id) <= maxMemberBytes && !strings.ContainsFunc(id, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-'
	})
}

// Index is the member index of a log, as of every position among the last
// [IndexWindow]. Its methods are for one goroutine; the trees that it returns
// are for any number. The zero Index is that of an empty log.
type Index struct {
	records uint64
	members map[string]*indexed
	sorted  []*indexed // by id, without the fresh ones
	fresh   []*indexed
	undo    []undo     // what record n+1 changed is at n % IndexWindow
	tree    *IndexTree // as of now, once it is asked for
	before  *IndexTree // the last one made of an earlier state
}

type indexed struct {
	IndexEntry
	hash  Hash // of the entry, once it is known
	known bool
}

// undo is what a member was before a record; nobody's record has none.
type undo struct {
	member  *indexed
	version uint32
	last    eventstore.Position
	leaf    Hash
}

// Records returns how many records were added.
func (x *Index) Records() uint64 { return x.records }

// Add adds the next record of the log, with its leaf hash. A record that is not
// the next one is an [*eventstore.GapError].
func (x *Index) Add(s eventstore.Stored, leaf Hash) error {
	if want := eventstore.Position(x.records + 1); s.Position != want {
		return &eventstore.GapError{Want: want, Got: s.Position}
	}
	var before undo
	if id, ok := MemberOf(s.Subject); ok {
		m := x.members[id]
		switch {
		case m == nil:
			if x.members == nil {
				x.members = map[string]*indexed{}
			}
			m = &indexed{IndexEntry: IndexEntry{Member: strings.Clone(id)}}
			x.members[m.Member] = m
			x.fresh = append(x.fresh, m)
		case m.Version == math.MaxUint32:
			return fmt.Errorf("the member of the record at position %d has too many records", s.Position)
		}
		before = undo{m, m.Version, m.Last, m.Leaf}
		m.Version, m.Last, m.Leaf, m.known = m.Version+1, s.Position, leaf, false
	}
	if len(x.undo) < IndexWindow {
		x.undo = append(x.undo, before)
	} else {
		x.undo[x.records%IndexWindow] = before
	}
	x.records++
	if x.tree != nil {
		x.before, x.tree = x.tree, nil
	}
	return nil
}

// Root returns the root as of now.
func (x *Index) Root() Hash { return x.now().Root() }

// Prove proves what the index says of a member as of now.
func (x *Index) Prove(member string) IndexProof { return x.now().Prove(member) }

func (x *Index) now() *IndexTree {
	if x.tree == nil {
		x.tree = x.build(x.records)
	}
	return x.tree
}

// At returns the index as it was after so many records: now, or at most
// [IndexWindow] before.
func (x *Index) At(records uint64) (*IndexTree, error) {
	switch {
	case records > x.records || x.records-records > IndexWindow:
		return nil, fmt.Errorf("the index at %d records cannot say what it was at %d", x.records, records)
	case records == x.records:
		return x.now(), nil
	}
	// One bundle after the other is proven by the newest root in the log.
	if x.before == nil || x.before.records != records {
		x.before = x.build(records)
	}
	return x.before, nil
}

func (x *Index) build(records uint64) *IndexTree {
	x.sort()
	// The members that have changed since, as they were.
	was := map[*indexed]undo{}
	for n := x.records; n > records; n-- {
		if u := x.undo[(n-1)%IndexWindow]; u.member != nil {
			was[u.member] = u
		}
	}
	t := &IndexTree{records: records, entries: make([]IndexEntry, 0, len(x.sorted))}
	members := make([]*indexed, 0, len(x.sorted))
	for _, m := range x.sorted {
		if len(was) > 0 {
			if u, ok := was[m]; ok {
				if u.version == 0 {
					continue
				}
				m = &indexed{IndexEntry: IndexEntry{m.Member, u.version, u.last, u.leaf}}
			}
		}
		members = append(members, m)
		t.entries = append(t.entries, m.IndexEntry)
	}
	row := make([]Hash, len(members))
	parallel(len(row), func(from, to int) {
		var buffer []byte
		for i, m := range members[from:to] {
			if !m.known {
				buffer = m.AppendTo(append(buffer[:0], 0))
				m.hash, m.known = sha256.Sum256(buffer), true // as LeafHash, without a copy
			}
			row[from+i] = m.hash
		}
	})
	t.rows = rowsOver(row)
	return t
}

// sort brings the fresh members among the others. It sorts those only, so that
// it costs little where members come one by one.
func (x *Index) sort() {
	if len(x.fresh) == 0 {
		return
	}
	slices.SortFunc(x.fresh, func(a, b *indexed) int { return strings.Compare(a.Member, b.Member) })
	merged := make([]*indexed, 0, len(x.sorted)+len(x.fresh))
	old := x.sorted
	for _, m := range x.fresh {
		n := sort.Search(len(old), func(i int) bool { return old[i].Member > m.Member })
		merged = append(append(merged, old[:n]...), m)
		old = old[n:]
	}
	x.sorted, x.fresh = append(merged, old...), nil
}

// rowsOver returns all rows of the tree over a row of leaves, which is the first.
// A node without a right neighbour stands in the next row as it is; that makes
// the tree of RFC 6962 section 2.1.
func rowsOver(row []Hash) [][]Hash {
	rows := [][]Hash{row}
	for len(row) > 1 {
		next := make([]Hash, (len(row)+1)/2)
		parallel(len(row)/2, func(from, to int) {
			for i := from; i < to; i++ {
				next[i] = node(row[2*i], row[2*i+1])
			}
		})
		if len(row)%2 == 1 {
			next[len(next)-1] = row[len(row)-1]
		}
		rows, row = append(rows, next), next
	}
	return rows
}

// parallel calls work with all of n on all processors, if that is worth it.
func parallel(n int, work func(from, to int)) {
	const worth = 1 << 12
	parts := min(runtime.GOMAXPROCS(0), 1+n/worth)
	var working sync.WaitGroup
	for i := range parts - 1 {
		working.Go(func() { work(n*i/parts, n*(i+1)/parts) })
	}
	work(n*(parts-1)/parts, n)
	working.Wait()
}

// IndexTree is a member index as of one position. It does not change.
type IndexTree struct {
	records uint64
	entries []IndexEntry // by member
	rows    [][]Hash     // leaves first
}

// Root returns the root of the tree.
func (t *IndexTree) Root() Hash {
	if len(t.entries) == 0 {
		return emptyRoot
	}
	return t.rows[len(t.rows)-1][0]
}

// IndexRoot returns what is to be recorded.
func (t *IndexTree) IndexRoot() IndexRoot {
	return IndexRoot{t.records, uint64(len(t.entries)), t.Root()}
}

// Prove proves what the index says of a member, or that it does not have him.
func (t *IndexTree) Prove(member string) IndexProof {
	place := sort.Search(len(t.entries), func(i int) bool { return t.entries[i].Member >= member })
	if place < len(t.entries) && t.entries[place].Member == member {
		return IndexProof{Member: t.prove(place)}
	}
	var p IndexProof
	if place > 0 {
		p.Before = t.prove(place - 1)
	}
	if place < len(t.entries) {
		p.After = t.prove(place)
	}
	return p
}

func (t *IndexTree) prove(place int) *ProvenEntry {
	p := &ProvenEntry{IndexEntry: t.entries[place], Place: uint64(place)}
	for _, row := range t.rows[:len(t.rows)-1] {
		if sibling := place ^ 1; sibling < len(row) {
			p.Hashes = append(p.Hashes, row[sibling])
		}
		place /= 2
	}
	return p
}

// ProvenEntry is an entry of an index with the proof that it is in its tree.
type ProvenEntry struct {
	IndexEntry
	// Place is how many members come before it.
	Place  uint64
	Hashes []Hash
}

func (p *ProvenEntry) in(root Hash, members uint64) bool {
	if members > maxSize || p.Place >= members || len(p.Hashes) > maxProof || !validMember(p.Member) {
		return false
	}
	leaf := tlog.Hash(LeafHash(p.AppendTo(nil)))
	return tlog.CheckRecord(tlogHashes(p.Hashes), int64(members), tlog.Hash(root), int64(p.Place), leaf) == nil
}

// IndexProof proves what an index says of a member: his entry; or, if it does
// not have him, the entries before and after the place where he would be. At
// either end of the index one of the two is missing, and both if it is empty.
type IndexProof struct {
	Member        *ProvenEntry
	Before, After *ProvenEntry
}

// Verify verifies the proof with the root of an index and the number of its
// members. It returns the member's entry; a zero Version means that the index
// does not have him. If the proof does not hold, that is an [*EvidenceError] with
// [IndexProofInvalid].
//
// It believes that the index is in order. Whoever has all records makes sure of
// that; see [IndexRoots].
func (p IndexProof) Verify(root Hash, members uint64, member string) (IndexEntry, error) {
	wrong := func(what string) (IndexEntry, error) { return IndexEntry{}, evidence(IndexProofInvalid, 0, "%s", what) }
	if p.Member != nil {
		switch {
		case p.Before != nil || p.After != nil:
			return wrong("the proof says that the member is there, and that he is not")
		case p.Member.Member != member || p.Member.Version == 0:
			return wrong("the entry is not one of this member")
		case !p.Member.in(root, members):
			return wrong("the entry of the member is not in the index")
		}
		return p.Member.IndexEntry, nil
	}
	place := uint64(0) // where the member would be
	if p.Before != nil {
		if place = p.Before.Place + 1; p.Before.Member >= member || !p.Before.in(root, members) {
			return wrong("the entry before the member's place is not in the index, or not before it")
		}
	}
	switch {
	case p.After == nil && place != members, p.After != nil && p.After.Place != place:
		return wrong("the two entries are not neighbours")
	case p.After != nil && (p.After.Member <= member || !p.After.in(root, members)):
		return wrong("the entry after the member's place is not in the index, or not after it")
	case members == 0 && root != emptyRoot:
		return wrong("the root of an index without members is another")
	}
	return IndexEntry{Member: member}, nil
}
