package audit_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"rollbook/audit"
	"rollbook/eventstore"
)

const goldenIndexRoot = `{"v":1,"size":9,"members":3,"root":"aKMGBmPgr/G2g+YHiop+QI0xvDrIt1ZSbu2Z5kvVoDg="}`

func TestIndexRootDocument(t *testing.T) {
	root, err := audit.ParseIndexRoot([]byte(goldenIndexRoot))
	if err != nil || root.Size != 9 || root.Members != 3 || root.Root.String() != "aKMGBmPgr/G2g+YHiop+QI0xvDrIt1ZSbu2Z5kvVoDg=" {
		t.Fatalf("ParseIndexRoot = %v, %v", root, err)
	}
	if got := string(root.Marshal()); got != goldenIndexRoot {
		t.Errorf("Marshal = %s", got)
	}
	for name, edit := range map[string][2]string{
		"another form":      {`"v":1`, `"v":2`},
		"a name twice":      {`"v":1`, `"v":1,"v":1`},
		"a name too many":   {`"v":1`, `"v":1,"x":1`},
		"another case":      {`"v"`, `"V"`},
		"a name is missing": {`"size":9,`, ``},
		"another order":     {`"v":1,"size":9`, `"size":9,"v":1`},
		"white space":       {`:9`, `: 9`},
		"a leading zero":    {`:9`, `:09`},
		"a fraction":        {`:9`, `:9.0`},
		"negative":          {`:9`, `:-9`},
		"2^63 records":      {`:9`, `:9223372036854775808`},
		"2^64 records":      {`:9`, `:18446744073709551616`},
		"null":              {`:3`, `:null`},
		"a short hash":      {`aKMG`, ``},
		"another alphabet":  {`gr/G`, `gr_G`},
		"hidden bits":       {`oDg=`, `oDh=`},
		"an escape":         {`"size"`, `"\u0073ize"`},
		"behind the end":    {`="}`, `="}{}`},
		"too long":          {`{`, strings.Repeat(" ", 300) + `{`},
	} {
		b := strings.Replace(goldenIndexRoot, edit[0], edit[1], 1)
		if root, err := audit.ParseIndexRoot([]byte(b)); !errors.Is(err, audit.ErrIndexRoot) {
			t.Errorf("%s: ParseIndexRoot(%s) = %v, %v", name, b, root, err)
		}
	}
}

func FuzzParseIndexRoot(f *testing.F) {
	f.Add([]byte(goldenIndexRoot))
	f.Add([]byte(`{"v":1,"size":0,"members":0,"root":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}`))
	f.Add([]byte(`{"v":18446744073709551615,"\ud800":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		root, err := audit.ParseIndexRoot(b)
		if err == nil && !bytes.Equal(root.Marshal(), b) {
			t.Errorf("%q is read, and written as %q", b, root.Marshal())
		}
		if err != nil && !errors.Is(err, audit.ErrIndexRoot) {
			t.Errorf("%v is no ErrIndexRoot", err)
		}
	})
}

// replay gives every record to who recomputes index roots, and returns what was
// found, by position.
func replay(t testing.TB, log *records, roots *audit.IndexRoots) map[eventstore.Position]audit.Code {
	t.Helper()
	found := map[eventstore.Position]audit.Code{}
	for _, s := range log.list {
		err := roots.Add(s, audit.LeafHash(entryOf(t, s)))
		if m, ok := errors.AsType[*audit.MismatchError](err); ok {
			if m.First != s.Position {
				t.Errorf("at %d: %v", s.Position, err)
			}
			found[m.First] = m.Code
		} else if err != nil {
			t.Fatalf("Add: %v", err)
		}
	}
	return found
}

func TestIndexRootsAreRecomputed(t *testing.T) {
	p := &people{}
	p.root(t, 0)
	for i := range 3000 {
		p.of(t, fmt.Sprint("m", i%313))
		if i%100 == 0 {
			p.root(t, uint64(max(0, len(p.list)-i%7)))
		}
	}
	p.root(t, 17) // long ago, and after others
	var roots audit.IndexRoots
	if found := replay(t, &p.records, &roots); len(found) != 0 || roots.Checked() != 32 {
		t.Errorf("%d index roots are right, and wrong are %v", roots.Checked(), found)
	}
	if roots.Index().Records() != uint64(len(p.list)) || roots.Index().Root() != p.index.Root() {
		t.Errorf("the index is over %d records", roots.Index().Records())
	}
	err := roots.Add(eventstore.Stored{Position: 1}, audit.Hash{})
	if _, ok := errors.AsType[*eventstore.GapError](err); !ok {
		t.Errorf("Add of another record than the next: %v", err)
	}
}

// 37: an index root that is not the one of the records is named.
func TestWrongIndexRootsAreFound(t *testing.T) {
	without := func(t *testing.T, p *people, member string) string {
		var x audit.Index
		for _, s := range p.list {
			if strings.HasSuffix(s.Subject, "."+member) {
				s.Subject = "ledger.sys.nobody"
			}
			if err := x.Add(s, audit.LeafHash(entryOf(t, s))); err != nil {
				t.Fatal(err)
			}
		}
		tree, err := x.At(x.Records())
		if err != nil {
			t.Fatal(err)
		}
		return string(tree.IndexRoot().Marshal())
	}
	right := func(t *testing.T, p *people) audit.IndexRoot { return p.at(t, uint64(len(p.list))).IndexRoot() }
	tests := []struct {
		name         string
		stream, kind string
		data         func(t *testing.T, p *people) string
	}{
		{name: "37: a member is left out", data: func(t *testing.T, p *people) string { return without(t, p, "m3") }},
		{name: "a record is left out", data: func(t *testing.T, p *people) string {
			r := right(t, p)
			r.Root = p.at(t, r.Size-2).Root()
			return string(r.Marshal())
		}},
		{name: "another number of members", data: func(t *testing.T, p *people) string {
			r := right(t, p)
			r.Members++
			return string(r.Marshal())
		}},
		{name: "over itself", data: func(t *testing.T, p *people) string {
			r := right(t, p)
			r.Size++
			return string(r.Marshal())
		}},
		{name: "no index root", data: func(*testing.T, *people) string { return "{}" }},
		{name: "another type", kind: "ledger.other", data: func(t *testing.T, p *people) string { return string(right(t, p).Marshal()) }},
		{name: "another stream", stream: "member/m1", data: func(t *testing.T, p *people) string { return string(right(t, p).Marshal()) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := &people{}
			for i := range 40 {
				p.of(t, fmt.Sprint("m", i%9))
			}
			if test.stream == "" {
				test.stream = audit.IndexRootStream
			}
			if test.kind == "" {
				test.kind = audit.IndexRootType
			}
			p.root(t, 40)
			bad := p.append(t, test.stream, test.kind, test.data(t, p))
			p.root(t, 42)
			var roots audit.IndexRoots
			found := replay(t, &p.records, &roots)
			if len(found) != 1 || found[bad.Position] != audit.IndexRootMismatch || roots.Checked() != 2 {
				t.Errorf("found %v and %d that are right", found, roots.Checked())
			}
		})
	}
	t.Run("too long ago", func(t *testing.T) {
		p := &people{}
		p.of(t, "m1")
		first := string(p.at(t, 1).IndexRoot().Marshal())
		for range audit.IndexWindow {
			p.append(t, "organisation/o1", "organisation.renamed", "")
		}
		// The record after so many is the last one that may look back as far.
		last := p.append(t, audit.IndexRootStream, audit.IndexRootType, first)
		late := p.append(t, audit.IndexRootStream, audit.IndexRootType, first)
		var roots audit.IndexRoots
		found := replay(t, &p.records, &roots)
		if len(found) != 1 || found[late.Position] != audit.IndexRootMismatch || roots.Checked() != 1 {
			t.Errorf("found %v, and %d right; want only %d, after %d", found, roots.Checked(), late.Position, last.Position)
		}
	})
}
