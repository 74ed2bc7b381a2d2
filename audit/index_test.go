package audit_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"pgregory.net/rapid"

	"rollbook/audit"
	"rollbook/eventstore"
)

// merkleRoot returns the root that another implementation makes.
func merkleRoot(t testing.TB, entries []audit.IndexEntry) []byte {
	t.Helper()
	r := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	for _, e := range entries {
		if err := r.Append(rfc6962.DefaultHasher.HashLeaf(e.AppendTo(nil)), nil); err != nil {
			t.Fatal(err)
		}
	}
	root, err := r.GetRootHash(nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) == 0 {
		return rfc6962.DefaultHasher.EmptyRoot()
	}
	return root
}

// The vectors were made by another program, see docs/format.md.
func TestIndexVectors(t *testing.T) {
	entry := audit.IndexEntry{Member: "01A", Version: 1, Last: 1}
	const want = "726f6c6c626f6f6b2f6d656d6265722f76310a00033031410000000100000000000000010000000000000000000000000000000000000000000000000000000000000000"
	if got := hex.EncodeToString(entry.AppendTo(nil)); got != want {
		t.Errorf("entry\n got %s\nwant %s", got, want)
	}
	var x audit.Index
	if got := x.Root().String(); got != "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" {
		t.Errorf("the root of nothing is %s", got)
	}
	add := func(position int, subject string) {
		if err := x.Add(eventstore.Stored{Position: eventstore.Position(position), Subject: subject}, audit.Hash{}); err != nil {
			t.Fatal(err)
		}
	}
	add(1, "ledger.member.01A")
	if got := x.Root().String(); got != "9GiVHBno6Z+/qGi4I/9ZdXjFHF3gAOWRRXVyAcmpLic=" {
		t.Errorf("the root over 01A is %s", got)
	}
	add(2, "ledger.member.01B")
	add(3, "ledger.member.01B")
	if got := x.Root().String(); got != "d0WkNsQz0+tMO0szFgXRynPhPqOiuMM/H3+dMHzRmpk=" {
		t.Errorf("the root over 01A and 01B is %s", got)
	}
	add(4, "ledger.organisation.o1")
	for i := 5; i <= 7; i++ {
		add(i, "ledger.member.m-7f3k2a")
	}
	add(8, "ledger.sys.x")
	add(9, "ledger.member.m-7f3k2a")
	if got := x.Root().String(); got != "aKMGBmPgr/G2g+YHiop+QI0xvDrIt1ZSbu2Z5kvVoDg=" {
		t.Errorf("the root over three is %s", got)
	}
}

func TestWhoseASubjectIs(t *testing.T) {
	for subject, want := range map[string]string{
		"ledger.member.m-7f3k2a": "m-7f3k2a", "x.member.A_9": "A_9", "ledger.member." + strings.Repeat("m", 64): strings.Repeat("m", 64),
		"ledger.organisation.m1": "", "ledger.member": "", "ledger.member.": "", ".member.m1": "", "ledger.member.a.b": "",
		"ledger.x.member.m1": "", "member.m1": "", "ledger.Member.m1": "", "ledger.member.m 1": "", "ledger.member.\x00": "",
		"ledger.member.đ": "", "ledger.member." + strings.Repeat("m", 65): "", "": "",
	} {
		if got, ok := audit.MemberOf(subject); ok != (want != "") || ok && got != want {
			t.Errorf("MemberOf(%q) = %q, %v; want %q", subject, got, ok, want)
		}
	}
}

// Whatever was recorded, the index as of any position is the one made anew from
// the records, its root is that of another implementation, which verifies its
// proofs too; and who is not there is proven not to be.
func TestIndexIsWhatTheRecordsSay(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := &people{}
		members := rapid.IntRange(1, 40).Draw(rt, "members")
		streams := rapid.SliceOfN(rapid.IntRange(0, members), 0, 120).Draw(rt, "records")
		for _, n := range streams {
			if n == 0 {
				p.append(t, "organisation/o1", "organisation.founded", "{}")
			} else {
				p.of(t, fmt.Sprint("m", n*2))
			}
			if rapid.IntRange(0, 9).Draw(rt, "look") == 0 {
				_ = p.index.Root() // what is remembered must not be old
			}
		}
		size := uint64(rapid.IntRange(0, len(streams)).Draw(rt, "size"))
		tree, want := p.at(t, size), p.entries(t, size)
		root := tree.IndexRoot()
		if root.Size != size || root.Members != uint64(len(want)) || string(root.Root[:]) != string(merkleRoot(t, want)) {
			rt.Fatalf("IndexRoot = %v; want %d members, %x", root, len(want), merkleRoot(t, want))
		}
		if p.index.Root() != p.at(t, p.index.Records()).Root() {
			rt.Fatal("the root of now is not the one as of now")
		}
		for i, e := range p.entries(t, p.index.Records()) {
			if path := p.index.Prove(e.Member); path.Member == nil || path.Member.IndexEntry != e || path.Member.Place != uint64(i) {
				rt.Fatalf("Prove(%s) = %v; want %v", e.Member, path, e)
			}
		}
		for i, e := range want {
			path := tree.Prove(e.Member)
			got, err := path.Verify(root.Root, root.Members, e.Member)
			if err != nil || got != e {
				rt.Fatalf("Prove(%s) = %v, %v; want %v", e.Member, got, err, e)
			}
			leaf := rfc6962.DefaultHasher.HashLeaf(e.AppendTo(nil))
			if err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(i), root.Members, leaf, byteSlices(path.Member.Hashes), root.Root[:]); err != nil {
				rt.Fatalf("merkle: %v", err)
			}
		}
		for n := -1; n <= members*2+2; n += 2 { // odd ones are nobody's
			member := fmt.Sprint("m", n)
			path := tree.Prove(member)
			if got, err := path.Verify(root.Root, root.Members, member); err != nil || got.Version != 0 {
				rt.Fatalf("Prove(%s) = %v, %v; want nobody", member, got, err)
			}
			for _, e := range want {
				if _, err := path.Verify(root.Root, root.Members, e.Member); err == nil {
					rt.Fatalf("%s is proven not to be there", e.Member)
				}
			}
		}
	})
}

func TestIndexProofsThatDoNotHold(t *testing.T) {
	p := &people{}
	for _, m := range []string{"b", "d", "f", "h", "j", "j"} {
		p.of(t, m)
	}
	tree := p.at(t, 6)
	root := tree.IndexRoot()
	own, none := tree.Prove("d"), tree.Prove("e")
	first, last := tree.Prove("a"), tree.Prove("k")
	edit := func(e *audit.ProvenEntry, f func(e *audit.ProvenEntry)) *audit.ProvenEntry {
		c := *e
		c.Hashes = slices.Clone(e.Hashes)
		f(&c)
		return &c
	}
	tests := []struct {
		name    string
		proof   audit.IndexProof
		member  string
		members uint64
	}{
		{"another member's entry", own, "f", 5},
		{"another number of records", audit.IndexProof{Member: edit(own.Member, func(e *audit.ProvenEntry) { e.Version++ })}, "d", 5},
		{"another place", audit.IndexProof{Member: edit(own.Member, func(e *audit.ProvenEntry) { e.Place++ })}, "d", 5},
		{"a place beyond the end", audit.IndexProof{Member: edit(own.Member, func(e *audit.ProvenEntry) { e.Place = 1 << 63 })}, "d", 5},
		{"one hash less", audit.IndexProof{Member: edit(own.Member, func(e *audit.ProvenEntry) { e.Hashes = e.Hashes[1:] })}, "d", 5},
		{"65 hashes", audit.IndexProof{Member: edit(own.Member, func(e *audit.ProvenEntry) { e.Hashes = make([]audit.Hash, 65) })}, "d", 5},
		{"no records", audit.IndexProof{Member: &audit.ProvenEntry{IndexEntry: audit.IndexEntry{Member: "d"}}}, "d", 5},
		{"there and not there", audit.IndexProof{Member: own.Member, After: own.Member}, "d", 5},
		{"nothing at all", audit.IndexProof{}, "e", 5},
		{"36: neighbours with somebody between", audit.IndexProof{Before: tree.Prove("c").Before, After: none.After}, "d", 5},
		{"only the one before", audit.IndexProof{Before: none.Before}, "e", 5},
		{"only the one after", audit.IndexProof{After: none.After}, "e", 5},
		{"the wrong way round", audit.IndexProof{Before: none.After, After: none.Before}, "e", 5},
		{"before the first, and he is after it", first, "c", 5},
		{"behind the last, and he is before it", last, "i", 5},
		{"the first is said to be the last", audit.IndexProof{Before: tree.Prove("b").Member}, "c", 1},
		{"more members", last, "k", 6},
		{"2^63 members", own, "d", 1 << 63},
		{"the neighbour himself", none, "d", 5},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.proof.Verify(root.Root, test.members, test.member)
			wantCode(t, "Verify", err, audit.IndexProofInvalid)
		})
	}
	_, err := audit.IndexProof{}.Verify(root.Root, 0, "a")
	wantCode(t, "an empty index with the root of another", err, audit.IndexProofInvalid)
}

func TestIndexLooksBackSoFar(t *testing.T) {
	p := &people{}
	for range audit.IndexWindow + 500 {
		p.of(t, fmt.Sprint("m", rand.IntN(50)))
	}
	for _, size := range []uint64{500, 501, 9999, audit.IndexWindow + 499} {
		if got := p.at(t, size).Root(); string(got[:]) != string(merkleRoot(t, p.entries(t, size))) {
			t.Errorf("At(%d) has another root", size)
		}
	}
	for _, size := range []uint64{0, 499, audit.IndexWindow + 501} {
		if _, err := p.index.At(size); err == nil {
			t.Errorf("At(%d) answers", size)
		}
	}
	err := p.index.Add(eventstore.Stored{Position: 7}, audit.Hash{})
	if gap, ok := errors.AsType[*eventstore.GapError](err); !ok || gap.Got != 7 {
		t.Errorf("Add of another record than the next: %v", err)
	}
}

// indexOf makes an index of 100,000 members with 1,000,000 records.
func indexOf(b testing.TB) *audit.Index {
	b.Helper()
	var x audit.Index
	rng := rand.New(rand.NewPCG(1, 2))
	subjects := make([]string, 100_000)
	for i := range subjects {
		subjects[i] = fmt.Sprintf("ledger.member.m-%016x", rng.Uint64())
	}
	for i := range 1_000_000 {
		subject := subjects[rng.IntN(len(subjects))]
		if i < len(subjects) {
			subject = subjects[i]
		}
		if err := x.Add(eventstore.Stored{Position: eventstore.Position(i + 1), Subject: subject}, audit.Hash{byte(i), byte(i >> 8)}); err != nil {
			b.Fatal(err)
		}
	}
	return &x
}

func BenchmarkIndex(b *testing.B) {
	b.Run("add 1,000,000", func(b *testing.B) {
		for b.Loop() {
			indexOf(b)
		}
	})
	b.Run("first root of 100,000", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			x := indexOf(b)
			b.StartTimer()
			_ = x.Root()
		}
	})
	x := indexOf(b)
	b.Run("root 20,000 records ago", func(b *testing.B) {
		for n := uint64(0); b.Loop(); n++ { // another one each time: the last one is kept
			if _, err := x.At(980_000 + n%2); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("proof", func(b *testing.B) {
		for b.Loop() {
			_ = x.Prove("m-7")
		}
	})
	root := x.Root()
	path := x.Prove("m-7")
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			if _, err := path.Verify(root, 100_000, "m-7"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
