package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"rollbook/audit"
)

// 38: what is no bundle is refused, whatever it is.
func TestWhatIsNoBundle(t *testing.T) {
	s, root := town(t)
	source := s.source(t, "an", 12, root)
	source.Earlier = []audit.SignedCheckpoint{s.checkpoint(t, 3)}
	made, err := source.Bundle()
	if err != nil {
		t.Fatal(err)
	}
	right := string(marshal(t, made))
	oneHash := `"` + audit.Hash{}.String() + `"`
	tests := []struct{ name, old, new string }{
		{"an unknown name", `"member":"an"`, `"member":"an","x":1`},
		{"an unknown name in a record", `"seq":1`, `"seq":1,"x":1`},
		{"an unknown name in an entry", `"version":4`, `"version":4,"x":{}`},
		{"a name in another case", `"member"`, `"Member"`},
		{"a name twice", `"member":"an"`, `"member":"an","member":"an"`},
		{"a name twice, once escaped", `"seq":1`, `"seq":1,"s\u0065q":1`},
		{"a name twice in a record", `"seq":1`, `"seq":1,"seq":1`},
		{"a name is missing", `"payload":"eyJ2IjoxLCJuIjowfQ",`, ``},
		{"no events", `"events"`, `"earlier"`},
		{"half an entry", `"position":0,`, ``},
		{"another format", `bundle/v1`, `bundle/v2`},
		{"null for a list", `"proof":[`, `"proof":null,"x":[`},
		{"null for a number", `"seq":1,`, `"seq":null,`},
		{"a number in quotes", `"seq":1,`, `"seq":"1",`},
		{"a leading zero", `"seq":1,`, `"seq":01,`},
		{"a fraction", `"seq":1,`, `"seq":1.0,`},
		{"an exponent", `"seq":1,`, `"seq":1e0,`},
		{"less than nothing", `"seq":1,`, `"seq":-1,`},
		{"position 2^63", `"seq":1,`, `"seq":9223372036854775808,`},
		{"position 2^64", `"seq":1,`, `"seq":18446744073709551616,`},
		{"a version of 33 bits", `"version":4`, `"version":4294967296`},
		{"a time of 64 bits", `"ts":1767225600001000000`, `"ts":9223372036854775808`},
		{"size 2^63 in the note", `e1\n12\n`, `e1\n9223372036854775808\n`},
		{"NUL in a subject", `ledger.member.an`, `ledger.member.an\u0000`},
		{"a raw NUL in a subject", `ledger.member.an`, "ledger.member.an\x00"},
		{"a line feed in a header", `["Ledger-Id","e1"]`, `["Ledger-Id","e\n1"]`},
		{"three parts of a header", `["Ledger-Id","e1"]`, `["Ledger-Id","e1",""]`},
		{"half a surrogate pair", `["Ledger-Id","e1"]`, `["Ledger-Id","\ud800"]`},
		{"no such escape", `["Ledger-Id","e1"]`, `["Ledger-Id","\x"]`},
		{"not UTF-8", `["Ledger-Id","e1"]`, "[\"Ledger-Id\",\"\xff\"]"},
		{"too many headers", `["Ledger-Id","e1"]`, strings.Repeat(`["a","b"],`, 40) + `["Ledger-Id","e1"]`},
		{"a proof of 65 hashes", `"proof":[`, `"proof":[` + strings.Repeat(oneHash+",", 65)},
		{"a hash of 31 bytes", `"last_leaf":"gVTC`, `"last_leaf":"`},
		{"hidden bits in a hash", `87g0o=`, `87g0p=`},
		{"hidden bits in data", `eyJ2IjoxLCJuIjowfQ`, `eyJ2IjoxLCJuIjowfR`},
		{"padding in data", `eyJ2IjoxLCJuIjowfQ`, `eyJ2IjoxLCJuIjowfQ==`},
		{"the other alphabet", `eyJ2IjoxLCJuIjowfQ`, `eyJ2IjoxLCJuIjowf/`},
		{"a member of two tokens", `"member":"an"`, `"member":"a.n"`},
		{"no checkpoint", `"checkpoint":"rollbook`, `"checkpoint":"rollbook\n\nrollbook`},
		{"hidden bits in a signature", `Aw4=\n`, `Aw5=\n`},
		{"something behind the end", "}\n", "}\n{}"},
		{"nothing behind a comma", `],"payload"`, `,],"payload"`},
		{"cut off", right[len(right)-5:], ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := strings.Replace(right, test.old, test.new, 1)
			if strings.HasPrefix(test.name, "something") {
				b = right + "{}"
			}
			if b == right {
				t.Fatal("nothing was changed")
			}
			_, err := s.check([]byte(b))
			wantCode(t, "CheckBundle", err, audit.BundleMalformed)
		})
	}
	for _, b := range []string{"", "{", "[]", "null", `"`, "{}{}", `{"format"`, `{"format":"\`, `{"format":"\"`, `{"format":"` + "\x01", "{\"\xff", "{} ", right + right, strings.Repeat("[", 1<<20), strings.Repeat(`{"index":`, 1<<18)} {
		_, err := s.check([]byte(b))
		wantCode(t, "CheckBundle("+b[:min(len(b), 20)]+")", err, audit.BundleMalformed)
	}
	for _, other := range []string{strings.ReplaceAll(right, ",\n", " ,\t\r\n "), compacted(t, right), strings.Replace(right, `/`, `\/`, 1)} {
		if _, err := s.check([]byte(other)); err != nil {
			t.Errorf("the same JSON in other words: %v", err)
		}
	}
}

func compacted(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(s)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func FuzzBundle(f *testing.F) {
	s, root := town(f)
	whole := marshal(f, s.bundle(f, "an", 12, root))
	f.Add(whole)
	f.Add(marshal(f, s.bundle(f, "cuc", 12, root)))
	f.Add([]byte(`{"format":"rollbook-bundle/v1","member":"a","checkpoint":"a\n0\n\n","events":[],"index":{},"earlier":[]}`))
	want, err := s.check(whole)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		parsed, err := audit.ParseBundle(b)
		if err != nil {
			wantCode(t, "ParseBundle", err, audit.BundleMalformed)
			return
		}
		again, err := audit.ParseBundle(marshal(t, parsed))
		if err != nil || !reflect.DeepEqual(again, parsed) {
			t.Errorf("%q is read, and what is written cannot be read: %v", b, err)
		}
		v, err := audit.CheckBundle(b, s.policy, now, time.Hour)
		if _, ok := errors.AsType[*audit.EvidenceError](err); err != nil && !ok {
			t.Errorf("%v has no code", err)
		}
		// Of members who are there it proves nothing but the truth, or less of what is later.
		if err != nil || v.Absent && s.absent(v.Member) {
			return
		}
		if v.Member != "an" || !reflect.DeepEqual(v.Events, want.Events) {
			t.Errorf("%q proves %+v", b, v)
		}
	})
}

func (s *signedPeople) absent(member string) bool {
	for _, r := range s.list[:9] {
		if r.Subject == "ledger.member."+member {
			return false
		}
	}
	return true
}
