package audit_test

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rollbook/audit"
	"rollbook/eventstore"
)

// people is a log of members' records, as ours are.
type people struct {
	records
	index audit.Index
	heads map[string]eventstore.Head
}

func (p *people) append(t testing.TB, stream, typ, data string) eventstore.Stored {
	t.Helper()
	if p.heads == nil {
		p.heads, p.created = map[string]eventstore.Head{}, time.Unix(1767225600, 0).UTC()
	}
	head, at := p.heads[stream], eventstore.Position(len(p.list)+1)
	previous := strconv.FormatUint(uint64(head.Position), 10)
	if head.Position > 0 && head.Position+2 >= at {
		previous = fmt.Sprint("-", at-head.Position) // as in one append
	}
	p.heads[stream] = eventstore.Head{Position: at, Count: head.Count + 1}
	kind, id, _ := strings.Cut(stream, "/")
	s := eventstore.Stored{
		Position: at, Time: p.created.Add(time.Duration(at) * time.Millisecond), Subject: "ledger." + kind + "." + id,
		Headers: [][2]string{
			{"Ledger-Id", fmt.Sprint("e", at)},
			{"Ledger-Prev-Seq", previous},
			{"Ledger-Type", typ},
			{"Ledger-Version", strconv.FormatUint(head.Count+1, 10)},
		},
		Data: []byte(data),
	}
	p.list = append(p.list, s)
	if err := p.index.Add(s, audit.LeafHash(entryOf(t, s))); err != nil {
		t.Fatalf("Add: %v", err)
	}
	return s
}

func (p *people) of(t testing.TB, member string) eventstore.Stored {
	t.Helper()
	return p.append(t, "member/"+member, "member.amended", fmt.Sprintf(`{"v":1,"n":%d}`, len(p.list)))
}

// root records the index root over so many records.
func (p *people) root(t testing.TB, size uint64) eventstore.Stored {
	t.Helper()
	return p.append(t, audit.IndexRootStream, audit.IndexRootType, string(p.at(t, size).IndexRoot().Marshal()))
}

func (p *people) at(t testing.TB, size uint64) *audit.IndexTree {
	t.Helper()
	tree, err := p.index.At(size)
	if err != nil {
		t.Fatalf("At(%d): %v", size, err)
	}
	return tree
}

// entries is the index over so many records, made anew from them.
func (p *people) entries(t testing.TB, size uint64) []audit.IndexEntry {
	t.Helper()
	found := map[string]audit.IndexEntry{}
	for _, s := range p.list[:size] {
		if member, ok := strings.CutPrefix(s.Subject, "ledger.member."); ok {
			found[member] = audit.IndexEntry{Member: member, Version: found[member].Version + 1, Last: s.Position, Leaf: audit.LeafHash(entryOf(t, s))}
		}
	}
	var out []audit.IndexEntry
	for _, member := range keysOf(found) {
		out = append(out, found[member])
	}
	return out
}

func keysOf[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// signedPeople is a log of members' records under checkpoints that a witness has
// cosigned.
type signedPeople struct {
	*people
	tree         *audit.Tree
	key, witness *audit.Key
	policy       *audit.Policy
}

func (p *people) signed(t testing.TB, key, witness *audit.Key) *signedPeople {
	t.Helper()
	s := &signedPeople{people: p, tree: openTree(t, t.TempDir()), key: key, witness: witness}
	catchUp(t, s.tree, &p.records)
	s.policy = parsePolicy(t, fmt.Sprintf("log %s\nwitness W %s\nquorum W\n", key.Public(), witness.Public()))
	return s
}

func (s *signedPeople) note(t testing.TB, size uint64) []byte {
	t.Helper()
	c := at(t, s.tree, size)
	return append(signAs(t, s.key, c), cosignature(t, s.witness, c.String(), now)...)
}

func (s *signedPeople) checkpoint(t testing.TB, size uint64) audit.SignedCheckpoint {
	t.Helper()
	signed, err := s.policy.Verify(s.note(t, size), now, 0)
	if err != nil {
		t.Fatalf("Verify: %v", err)
	}
	return signed
}

// source returns what a member's bundle is made from, under the checkpoint at a
// size and the index root in a record.
func (s *signedPeople) source(t testing.TB, member string, size uint64, root eventstore.Stored) audit.BundleSource {
	t.Helper()
	claimed, _, err := audit.IndexRootOf(root)
	if err != nil {
		t.Fatalf("IndexRootOf: %v", err)
	}
	out := audit.BundleSource{Tiles: s.tree.Tiles(), Signed: s.checkpoint(t, size), Member: member, IndexRecord: root, Index: s.at(t, claimed.Size)}
	for _, record := range s.list[:size] {
		if record.Subject == "ledger.member."+member {
			out.Records = append(out.Records, record)
		}
	}
	return out
}

func (s *signedPeople) bundle(t testing.TB, member string, size uint64, root eventstore.Stored) audit.Bundle {
	t.Helper()
	b, err := s.source(t, member, size, root).Bundle()
	if err != nil {
		t.Fatalf("Bundle: %v", err)
	}
	return b
}

func marshal(t testing.TB, b audit.Bundle) []byte {
	t.Helper()
	out, err := b.Marshal()
	if err != nil {
		t.Fatalf("Marshal: %v", err)
	}
	return out
}

func (s *signedPeople) check(b []byte) (audit.Verdict, error) {
	return audit.CheckBundle(b, s.policy, now, time.Hour)
}

// town is a log with a member of several records, among others.
func town(t testing.TB) (*signedPeople, eventstore.Stored) {
	t.Helper()
	p := &people{}
	for _, member := range []string{"an", "binh", "an", "an", "chi", "dung", "binh", "an", "giang"} {
		p.of(t, member)
	}
	root := p.root(t, 9)
	p.of(t, "an")
	p.of(t, "em")
	return p.signed(t, seeded(t, origin, audit.LogKey, 1), seeded(t, "auditor.example/w1", audit.WitnessKey, 2)), root
}

// seeded returns the key with the seed of so many bytes.
func seeded(t testing.TB, name string, role audit.Role, b byte) *audit.Key {
	t.Helper()
	seed := bytes.Repeat([]byte{b}, 32)
	key, err := audit.ParseKey(secretText(name, role, seed))
	if err != nil {
		t.Fatal(err)
	}
	seeds[key.Public().String()] = seed
	return key
}
