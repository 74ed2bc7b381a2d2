package audit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"rollbook/audit"
	"rollbook/eventstore"
)

// However the log came about, every member's bundle verifies, and so does that
// of who is not in it; and a change of any byte is refused, or is one of white
// space alone.
func TestBundlesOfRandomLogs(t *testing.T) {
	key, witness := newKey(t, origin, audit.LogKey), newKey(t, "w", audit.WitnessKey)
	rapid.Check(t, func(rt *rapid.T) {
		p := &people{}
		var roots []eventstore.Stored
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 11), 1, 60).Draw(rt, "records") {
			switch n {
			case 0:
				p.append(t, "organisation/o1", "organisation.renamed", "{}")
			case 1:
				roots = append(roots, p.root(t, uint64(rapid.IntRange(0, len(p.list)).Draw(rt, "over"))))
			default:
				p.of(t, fmt.Sprint("m", min(n, 6)*2))
			}
		}
		roots = append(roots, p.root(t, uint64(len(p.list))))
		root := rapid.SampledFrom(roots).Draw(rt, "root")
		s := p.signed(t, key, witness)
		size := uint64(rapid.IntRange(int(root.Position), len(p.list)).Draw(rt, "size"))
		member := fmt.Sprint("m", rapid.IntRange(1, 14).Draw(rt, "member"))
		source := s.source(t, member, size, root)
		if rapid.Bool().Draw(rt, "earlier") {
			source.Earlier = []audit.SignedCheckpoint{s.checkpoint(t, 1+size/2)}
		}
		made, err := source.Bundle()
		if err != nil {
			rt.Fatalf("Bundle: %v", err)
		}
		b := marshal(t, made)
		v, err := s.check(b)
		if err != nil {
			rt.Fatalf("CheckBundle: %v", err)
		}
		covered, _, err := audit.IndexRootOf(root)
		if err != nil {
			rt.Fatal(err)
		}
		var events, later int
		for _, r := range source.Records {
			if uint64(r.Position) <= covered.Size {
				events++
			} else {
				later++
			}
		}
		if len(v.Events) != events || len(v.Later) != later || v.Absent != (events == 0) || v.CompleteTo != covered.Size || v.Member != member {
			rt.Fatalf("CheckBundle = %+v; want %d and %d records up to %d", v, events, later, covered.Size)
		}
		for range 60 {
			at := rapid.IntRange(0, len(b)-1).Draw(rt, "at")
			s.sameOrRefused(rt, b, at, rapid.Byte().Draw(rt, "byte"), v)
		}
	})
}

type failer interface {
	Fatalf(format string, args ...any)
}

// sameOrRefused changes a byte of a bundle.
func (s *signedPeople) sameOrRefused(t failer, b []byte, at int, to byte, want audit.Verdict) {
	changed := bytes.Clone(b)
	changed[at] = to
	got, err := s.check(changed)
	if err != nil || bytes.Equal(changed, b) {
		return
	}
	if want.Absent && got.Absent && got.Member != want.Member && !bytes.Contains(b[:at], []byte(`"checkpoint"`)) {
		return // it is the proof that somebody else is not there, and says so
	}
	var one, other bytes.Buffer
	if json.Compact(&one, b) != nil || json.Compact(&other, changed) != nil || one.String() != other.String() || !reflect.DeepEqual(got, want) {
		t.Fatalf("byte %d → %q is not noticed in …%s…", at, to, changed[max(0, at-40):min(len(b), at+40)])
	}
}

func BenchmarkBundle(b *testing.B) {
	const size = 1_000_000
	p := &people{}
	for i := range size - 1 {
		if i%10_000 == 9999 {
			p.root(b, uint64(i-5))
			continue
		}
		member := rand.IntN(100_000)
		if i%90_000 == 0 {
			member = 0 // has at least 12
		}
		p.of(b, fmt.Sprintf("m-%06d", member))
	}
	root := p.root(b, size-1)
	s := p.signed(b, newKey(b, origin, audit.LogKey), newKey(b, "w", audit.WitnessKey))
	source := s.source(b, "m-000000", size, root)
	var file []byte
	b.Run("make", func(b *testing.B) {
		for b.Loop() {
			made, err := source.Bundle()
			if err != nil {
				b.Fatal(err)
			}
			file = marshal(b, made)
		}
		b.ReportMetric(float64(len(source.Records)), "records")
		b.ReportMetric(float64(len(file)), "bytes")
	})
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.check(file); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("make, absent", func(b *testing.B) {
		source := s.source(b, "m-none", size, root)
		for b.Loop() {
			if _, err := source.Bundle(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("recompute every index root", func(b *testing.B) {
		leaves := make([]audit.Hash, size)
		for i, r := range p.list {
			leaves[i] = audit.LeafHash(entryOf(b, r))
		}
		for b.Loop() {
			var roots audit.IndexRoots
			for i, r := range p.list {
				if err := roots.Add(r, leaves[i]); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
