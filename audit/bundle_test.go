package audit_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"rollbook/audit"
	"rollbook/eventstore"
)

func TestBundleOfAMember(t *testing.T) {
	s, root := town(t)
	source := s.source(t, "an", 12, root)
	source.Earlier = []audit.SignedCheckpoint{s.checkpoint(t, 3), s.checkpoint(t, 10)}
	made, err := source.Bundle()
	if err != nil {
		t.Fatalf("Bundle: %v", err)
	}
	b := marshal(t, made)
	golden(t, "bundle.json", b)
	read, err := audit.ParseBundle(b)
	if err != nil || !bytes.Equal(marshal(t, read), b) {
		t.Fatalf("ParseBundle: %v; it is written as %s", err, marshal(t, read))
	}
	v, err := s.check(b)
	if err != nil {
		t.Fatalf("CheckBundle: %v", err)
	}
	var positions, later []eventstore.Position
	for _, e := range v.Events {
		positions = append(positions, e.Position)
		if e.Type != "member.amended" || !e.Time.Equal(s.list[e.Position-1].Time) {
			t.Errorf("event %v", e)
		}
	}
	for _, e := range v.Later {
		later = append(later, e.Position)
	}
	if !slices.Equal(positions, []eventstore.Position{1, 3, 4, 8}) || !slices.Equal(later, []eventstore.Position{11}) ||
		v.Member != "an" || v.CompleteTo != 9 || v.Absent || !v.Witnessed || v.Checkpoint.Checkpoint != at(t, s.tree, 12) ||
		len(v.Checkpoint.Cosigned) != 1 || !v.Checkpoint.Cosigned[0].At.Equal(now) || len(v.Earlier) != 2 || v.Earlier[0].Size != 3 {
		t.Errorf("CheckBundle = %+v", v)
	}
	// Whoever asks for no witness is told that there was none.
	if v, err := audit.CheckBundle(b, audit.OwnPolicy(s.key.Public()), now, 0); err != nil || v.Witnessed {
		t.Errorf("unwitnessed: %v, %v", v.Witnessed, err)
	}
	v, err = audit.CheckBundle(b, s.policy, now.Add(48*time.Hour), time.Hour)
	wantCode(t, "after two days", err, audit.CheckpointStale)
	if v.Checkpoint.Size != 12 || len(v.Events) != 0 {
		t.Errorf("a verdict of what is missing: %+v", v)
	}
}

func TestBundleOfNobody(t *testing.T) {
	s, root := town(t)
	for member, want := range map[string]struct{ later int }{"aa": {}, "cuc": {}, "zu": {}, "em": {later: 1}} {
		b := marshal(t, s.bundle(t, member, 12, root))
		if member == "cuc" {
			golden(t, "bundle_absent.json", b)
		}
		v, err := s.check(b)
		if err != nil || !v.Absent || len(v.Events) != 0 || len(v.Later) != want.later || v.CompleteTo != 9 || v.Member != member {
			t.Errorf("%s: %+v, %v", member, v, err)
		}
	}
	p := &people{}
	first := p.root(t, 0)
	empty := p.signed(t, s.key, s.witness)
	if v, err := empty.check(marshal(t, empty.bundle(t, "an", 1, first))); err != nil || !v.Absent || v.CompleteTo != 0 {
		t.Errorf("in an index of nobody: %+v, %v", v, err)
	}
}

// Case 62: a history of no record, of one, and of a thousand; in a long run of ten
// thousand.
func TestBundlesShortAndLong(t *testing.T) {
	t.Parallel()
	p := &people{}
	many := 1000
	if os.Getenv("ROLLBOOK_LONG") != "" {
		many = 10_000
	}
	for range many {
		p.of(t, "an")
	}
	p.of(t, "be")
	root := p.root(t, uint64(len(p.list)))
	s := p.signed(t, newKey(t, origin, audit.LogKey), newKey(t, "w", audit.WitnessKey))
	for member, events := range map[string]int{"an": many, "be": 1, "cuc": 0} {
		b := marshal(t, s.bundle(t, member, uint64(len(p.list)), root))
		v, err := s.check(b)
		if err != nil || len(v.Events) != events || v.Absent != (events == 0) || v.CompleteTo != uint64(many)+1 {
			t.Errorf("%s: %d events, absent %v, complete to %d, %v", member, len(v.Events), v.Absent, v.CompleteTo, err)
		}
	}
}

// golden compares with a file of testdata.
func golden(t testing.TB, name string, got []byte) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s\n(%v)", name, got, want, err)
	}
}

// 33 to 36, and all the others: what somebody can do who has the log's records and
// makes a bundle by hand.
func TestBundlesThatHideSomething(t *testing.T) {
	s, root := town(t)
	drop := func(i int) func(b *audit.Bundle) {
		return func(b *audit.Bundle) { b.Records = slices.Delete(b.Records, i, i+1) }
	}
	header := func(b *audit.Bundle, i int, name, value string) {
		b.Records[i].Headers = slices.Clone(b.Records[i].Headers)
		for j, h := range b.Records[i].Headers {
			if h[0] == name {
				b.Records[i].Headers[j][1] = value
			}
		}
	}
	tests := []struct {
		name string
		edit func(b *audit.Bundle)
		code audit.Code
	}{
		{"33: the middle one is dropped", drop(2), audit.BundleGap},
		{"33: the first one is dropped", drop(0), audit.BundleGap},
		{"33: the last one before a later one is dropped", drop(3), audit.BundleGap},
		{"34: the newest are dropped", func(b *audit.Bundle) { b.Records = b.Records[:3] }, audit.BundleTail},
		{"34: all are dropped", func(b *audit.Bundle) { b.Records = nil }, audit.BundleTail},
		{"35: the versions are numbered anew", func(b *audit.Bundle) {
			drop(2)(b)
			header(b, 2, "Ledger-Version", "3")
			header(b, 2, "Ledger-Prev-Seq", "3")
		}, audit.InclusionInvalid},
		{"36: said not to exist", func(b *audit.Bundle) {
			b.Records = nil
			b.Proof = audit.IndexProof{Before: s.at(t, 9).Prove("a").Before, After: s.at(t, 9).Prove("binh").Member}
		}, audit.IndexProofInvalid},
		{"36: with the proof of somebody else's absence", func(b *audit.Bundle) {
			b.Records, b.Proof = nil, s.at(t, 9).Prove("cuc")
		}, audit.IndexProofInvalid},
		{"with somebody else's entry", func(b *audit.Bundle) { b.Proof = s.at(t, 9).Prove("binh") }, audit.IndexProofInvalid},
		{"with an entry of another position", func(b *audit.Bundle) { b.Proof = s.at(t, 4).Prove("an") }, audit.IndexProofInvalid},
		{"without a proof", func(b *audit.Bundle) { b.Proof = audit.IndexProof{} }, audit.IndexProofInvalid},
		{"the data are changed", func(b *audit.Bundle) { b.Records[1].Data = []byte(`{"v":1,"n":9}`) }, audit.InclusionInvalid},
		{"the time is changed", func(b *audit.Bundle) { b.Records[1].Time = b.Records[1].Time.Add(1) }, audit.InclusionInvalid},
		{"a header is added", func(b *audit.Bundle) {
			b.Records[1].Headers = append(slices.Clone(b.Records[1].Headers), [2]string{"X", "y"})
		}, audit.InclusionInvalid},
		{"31: another index", func(b *audit.Bundle) { b.Records[1].Index++ }, audit.InclusionInvalid},
		{"another's record", func(b *audit.Bundle) {
			other := s.bundle(t, "binh", 12, root)
			b.Records = slices.Insert(b.Records, 1, other.Records[0])
		}, audit.BundleMalformed},
		{"two in another order", func(b *audit.Bundle) { b.Records[0], b.Records[1] = b.Records[1], b.Records[0] }, audit.BundleGap},
		{"one of them twice", func(b *audit.Bundle) { b.Records = slices.Insert(b.Records, 1, b.Records[0]) }, audit.BundleGap},
		{"another record for the index root", func(b *audit.Bundle) { b.Index = b.Records[0] }, audit.IndexProofInvalid},
		{"another index root", func(b *audit.Bundle) {
			b.Index.Data = s.at(t, 4).IndexRoot().Marshal()
			b.Proof = s.at(t, 4).Prove("an")
		}, audit.InclusionInvalid},
		{"an earlier checkpoint of another log", func(b *audit.Bundle) {
			c := at(t, s.tree, 3)
			c.Root[0] ^= 1
			b.Earlier = []audit.EarlierCheckpoint{{Note: append(signAs(t, s.key, c), cosignature(t, s.witness, c.String(), now)...), Consistency: consistency(t, s.tree.Tiles(), 3, 12)}}
		}, audit.CheckpointInconsistent},
		{"an earlier checkpoint that nobody cosigned", func(b *audit.Bundle) {
			b.Earlier = []audit.EarlierCheckpoint{{Note: signAs(t, s.key, at(t, s.tree, 3)), Consistency: consistency(t, s.tree.Tiles(), 3, 12)}}
		}, audit.WitnessQuorum},
		{"26: nobody cosigned", func(b *audit.Bundle) { b.Note = signAs(t, s.key, at(t, s.tree, 12)) }, audit.WitnessQuorum},
		{"24: another key", func(b *audit.Bundle) {
			c := at(t, s.tree, 12)
			b.Note = append(signAs(t, newKey(t, origin, audit.LogKey), c), cosignature(t, s.witness, c.String(), now)...)
		}, audit.CheckpointSignature},
		{"25: another size", func(b *audit.Bundle) { b.Note = bytes.Replace(b.Note, []byte("\n12\n"), []byte("\n13\n"), 1) }, audit.CheckpointSignature},
		{"an older checkpoint", func(b *audit.Bundle) { b.Note = s.note(t, 10) }, audit.InclusionInvalid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := s.bundle(t, "an", 12, root)
			test.edit(&b)
			v, err := s.check(marshal(t, b))
			wantCode(t, "CheckBundle", err, test.code)
			if len(v.Events) != 0 || v.CompleteTo != 0 {
				t.Errorf("a verdict all the same: %+v", v)
			}
		})
	}
}

// An index root that is recorded wrong cannot hide what the bundle shows.
func TestBundlesWithAWrongIndexRoot(t *testing.T) {
	tests := []struct {
		name string
		root func(p *people) audit.IndexRoot
		of   func(p *people) *audit.IndexTree
		code audit.Code
	}{
		{"37: the member is left out", func(p *people) audit.IndexRoot { return p.at(t, 1).IndexRoot() }, func(p *people) *audit.IndexTree { return p.at(t, 1) }, audit.IndexRootMismatch},
		{"a record is left out", func(p *people) audit.IndexRoot { return p.at(t, 3).IndexRoot() }, func(p *people) *audit.IndexTree { return p.at(t, 3) }, audit.IndexRootMismatch},
		{"of a log of other records", func(*people) audit.IndexRoot { return others(t).IndexRoot() }, func(*people) *audit.IndexTree { return others(t) }, audit.IndexRootMismatch},
		{"it covers itself", func(p *people) audit.IndexRoot { r := p.at(t, 4).IndexRoot(); r.Size = 6; return r }, func(p *people) *audit.IndexTree { return p.at(t, 4) }, audit.IndexRootMismatch},
		{"more members than records", func(p *people) audit.IndexRoot { r := p.at(t, 4).IndexRoot(); r.Members = 5; return r }, func(p *people) *audit.IndexTree { return p.at(t, 4) }, audit.IndexRootMismatch},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := &people{}
			p.of(t, "binh")
			p.of(t, "an")
			p.of(t, "an")
			p.of(t, "an")
			right := p.root(t, 4)
			claimed := test.root(p)
			if claimed.Size < 4 {
				claimed.Size = 4
			}
			tree := test.of(p)
			wrong := p.append(t, audit.IndexRootStream, audit.IndexRootType, string(claimed.Marshal()))
			s := p.signed(t, seeded(t, origin, audit.LogKey, 1), seeded(t, "w", audit.WitnessKey, 2))
			b := s.bundle(t, "an", 6, right)
			hashes, err := s.tree.Tiles().Inclusion(5, 6)
			if err != nil {
				t.Fatal(err)
			}
			b.Index, b.Proof = audit.ProvenRecord{Stored: wrong, Index: 5, Hashes: hashes}, tree.Prove("an")
			_, err = s.check(marshal(t, b))
			wantCode(t, "CheckBundle", err, test.code)
		})
	}
}

// A member's record that does not say where it stands is somebody else's work.
func TestBundlesOfRecordsWithoutAChain(t *testing.T) {
	version, previous := [2]string{"Ledger-Version", "2"}, [2]string{"Ledger-Prev-Seq", "1"}
	tests := []struct {
		name    string
		headers [][2]string
		code    audit.Code
	}{
		{"as it is written", [][2]string{previous, version}, ""},
		{"counted back", [][2]string{{"Ledger-Prev-Seq", "-2"}, version}, ""},
		{"none", nil, audit.BundleGap},
		{"no version", [][2]string{previous}, audit.BundleGap},
		{"no previous", [][2]string{version}, audit.BundleGap},
		{"two versions", [][2]string{previous, version, version}, audit.BundleGap},
		{"two that differ", [][2]string{{"Ledger-Prev-Seq", "0"}, previous, version}, audit.BundleGap},
		{"another case", [][2]string{previous, {"ledger-version", "2"}}, audit.BundleGap},
		{"no number", [][2]string{previous, {"Ledger-Version", "two"}}, audit.BundleGap},
		{"another form of the number", [][2]string{previous, {"Ledger-Version", "02"}}, audit.BundleGap},
		{"another previous", [][2]string{{"Ledger-Prev-Seq", "2"}, version}, audit.BundleGap},
		{"itself", [][2]string{{"Ledger-Prev-Seq", "3"}, version}, audit.BundleGap},
		{"back to itself", [][2]string{{"Ledger-Prev-Seq", "-0"}, version}, audit.BundleGap},
		{"back to before the log", [][2]string{{"Ledger-Prev-Seq", "-3"}, version}, audit.BundleGap},
		{"the first once more", [][2]string{{"Ledger-Prev-Seq", "0"}, {"Ledger-Version", "1"}}, audit.BundleGap},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := &people{}
			p.of(t, "an")
			p.of(t, "binh")
			record := eventstore.Stored{Position: 3, Time: p.created, Subject: "ledger.member.an", Headers: test.headers}
			p.list = append(p.list, record)
			if err := p.index.Add(record, audit.LeafHash(entryOf(t, record))); err != nil {
				t.Fatal(err)
			}
			root := p.root(t, 3)
			s := p.signed(t, seeded(t, origin, audit.LogKey, 1), seeded(t, "w", audit.WitnessKey, 2))
			_, err := s.check(marshal(t, s.bundle(t, "an", 4, root)))
			wantCode(t, "CheckBundle", err, test.code)
		})
	}
	t.Run("of another log", func(t *testing.T) {
		p := &people{}
		record := eventstore.Stored{Position: 1, Time: now, Subject: "other.member.an", Headers: [][2]string{{"Ledger-Prev-Seq", "0"}, {"Ledger-Version", "1"}}}
		p.list = append(p.list, record)
		if err := p.index.Add(record, audit.LeafHash(entryOf(t, record))); err != nil {
			t.Fatal(err)
		}
		root := p.root(t, 1)
		s := p.signed(t, seeded(t, origin, audit.LogKey, 1), seeded(t, "w", audit.WitnessKey, 2))
		source := s.source(t, "an", 2, root)
		source.Records = p.list[:1]
		b, err := source.Bundle()
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.check(marshal(t, b))
		wantCode(t, "CheckBundle", err, audit.BundleMalformed)
	})
}

func others(t testing.TB) *audit.IndexTree {
	t.Helper()
	p := &people{}
	p.of(t, "binh")
	p.append(t, "sys/x", "", "")
	p.of(t, "an")
	p.append(t, "member/an", "member.amended", "other")
	p.append(t, "member/an", "member.amended", "other")
	tree := p.at(t, 5)
	return tree
}

func TestNoBundleIsMadeFromAnAlteredLog(t *testing.T) {
	s, root := town(t)
	for name, test := range map[string]struct {
		edit func(b *audit.BundleSource)
		code audit.Code
		is   error
	}{
		"an altered record": {edit: func(b *audit.BundleSource) { b.Records[1].Data = []byte("{}") }, code: audit.InclusionInvalid},
		"another index":     {edit: func(b *audit.BundleSource) { b.Index = s.at(t, 8) }, code: audit.IndexRootMismatch},
		"no index":          {edit: func(b *audit.BundleSource) { b.Index = nil }, is: audit.ErrBundle},
		"no index root":     {edit: func(b *audit.BundleSource) { b.IndexRecord = s.list[0] }, is: audit.ErrBundle},
		"no member":         {edit: func(b *audit.BundleSource) { b.Member = "a.b" }, is: audit.ErrBundle},
		"another's record":  {edit: func(b *audit.BundleSource) { b.Member = "binh" }, is: audit.ErrBundle},
	} {
		source := s.source(t, "an", 12, root)
		test.edit(&source)
		_, err := source.Bundle()
		if test.is == nil {
			wantCode(t, name, err, test.code)
		} else if !errors.Is(err, test.is) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := s.bundle(t, "an", 12, root)
	for name, edit := range map[string]func(r *audit.ProvenRecord){
		"a header of bytes":     func(r *audit.ProvenRecord) { r.Headers = [][2]string{{"X", "\xff"}} },
		"a header with a break": func(r *audit.ProvenRecord) { r.Headers = [][2]string{{"X", "\n"}} },
		"before 1970":           func(r *audit.ProvenRecord) { r.Time = time.Unix(-1, 0) },
	} {
		bad := b
		bad.Records = slices.Clone(b.Records)
		edit(&bad.Records[0])
		if _, err := bad.Marshal(); !errors.Is(err, audit.ErrBundle) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Real records of the real log have the headers and subjects that a bundle reads.
func TestBundleOfRealRecords(t *testing.T) {
	log := openLog(t, filepath.Join(t.TempDir(), "log"), true)
	record := func(id, typ, data string) eventstore.Record {
		return eventstore.Record{ID: id, Type: typ, Schema: "urn:x", Actor: "clerk", Data: []byte(data)}
	}
	write := func(writes ...eventstore.Write) {
		t.Helper()
		if _, err := log.Append(t.Context(), writes...); err != nil {
			t.Fatalf("append: %v", err)
		}
	}
	write(eventstore.Write{Stream: "member/m-1", Records: []eventstore.Record{record("a", "member.identified", "{}"), record("b", "member.admitted", "{}")}},
		eventstore.Write{Stream: "member/m-2", Records: []eventstore.Record{record("c", "member.identified", "{}")}},
		eventstore.Write{Stream: "member/m-1", Records: []eventstore.Record{record("d", "member.confirmed", "{}")}})
	write(eventstore.Write{Stream: "member/m-1", Expected: eventstore.Head{Position: 4, Count: 3}, Records: []eventstore.Record{record("e", "member.died", "{}")}})

	p := &people{}
	read := func() {
		t.Helper()
		for s, err := range log.ReplayStored(t.Context(), eventstore.Position(len(p.list)), 0) {
			if err != nil {
				t.Fatal(err)
			}
			p.list = append(p.list, s)
			if err := p.index.Add(s, audit.LeafHash(entryOf(t, s))); err != nil {
				t.Fatal(err)
			}
		}
	}
	p.created = time.Now()
	read()
	write(eventstore.Write{Stream: audit.IndexRootStream, Records: []eventstore.Record{record("f", audit.IndexRootType, string(p.at(t, 5).IndexRoot().Marshal()))}})
	read()
	var roots audit.IndexRoots
	if found := replay(t, &p.records, &roots); len(found) != 0 || roots.Checked() != 1 {
		t.Errorf("index roots of the real log: %v, %d right", found, roots.Checked())
	}
	s := p.signed(t, newKey(t, origin, audit.LogKey), newKey(t, "w", audit.WitnessKey))
	v, err := s.check(marshal(t, s.bundle(t, "m-1", 6, p.list[5])))
	if err != nil || len(v.Events) != 4 || v.Events[3].Type != "member.died" || v.Events[2].Position != 4 || v.CompleteTo != 5 {
		t.Errorf("CheckBundle = %+v, %v", v, err)
	}
	if v, err := s.check(marshal(t, s.bundle(t, "m-3", 6, p.list[5]))); err != nil || !v.Absent {
		t.Errorf("of nobody: %+v, %v", v, err)
	}
}
