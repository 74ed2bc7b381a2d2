package domain_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"rollbook/domain"
)

// checkFuzzRejection checks what every refusal promises.
func checkFuzzRejection(t *testing.T, err error) {
	t.Helper()
	r, ok := errors.AsType[*domain.Rejection](err)
	if !ok || r == nil {
		t.Fatalf("got %v (%T), want a *Rejection", err, err)
	}
	if r.Code == "" || !utf8.ValidString(r.Error()) {
		t.Fatalf("the rejection is not whole: %+v", r)
	}
	checkMessage(t, r)
}

func FuzzParse(f *testing.F) {
	for _, name := range domain.Types() {
		g := readGolden(f, name)
		f.Add([]byte(g.Full.Event))
		f.Add([]byte(g.Minimal.Event))
	}
	f.Add([]byte(`{"type":"member.died","subject":"member/m","effectiveon":"2021-06-01","data":{}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := codec.Parse(line)
		if err != nil {
			checkFuzzRejection(t, err)
			return
		}
		again := domain.AppendJSON(nil, e, "/rollbook/x")
		back, err := codec.Parse(again)
		if err != nil {
			t.Fatalf("Parse(%q) is accepted, but not what it is written as, %q: %v", line, again, err)
		}
		if !reflect.DeepEqual(back, e) {
			t.Fatalf("Parse(%q)\n got %+v\nwant %+v", again, back, e)
		}
		if third := domain.AppendJSON(nil, back, "/rollbook/x"); !bytes.Equal(third, again) {
			t.Fatalf("written twice\n got %q\nwant %q", third, again)
		}
		split := domain.AppendSealedPayload(nil, e, seal(e))
		whole, err := domain.ParsePayload(e.Type(), domain.SchemaOf(e.Event), split, unseal(domain.All))
		whole.ID, whole.Subject, whole.Actor = e.ID, e.Subject, e.Actor
		if err != nil || !reflect.DeepEqual(whole, e) {
			t.Fatalf("ParsePayload(%q), %v\n got %+v\nwant %+v", split, err, whole, e)
		}
		for _, parts := range []domain.Part{domain.Open, domain.Open | domain.Sensitive, domain.All} {
			payload := domain.AppendPayload(nil, e, parts)
			kept, err := domain.ParsePayload(e.Type(), domain.SchemaOf(e.Event), payload, nil)
			if err != nil {
				t.Fatalf("ParsePayload(%q) = %v", payload, err)
			}
			if third := domain.AppendPayload(nil, kept, parts); !bytes.Equal(third, payload) {
				t.Fatalf("payload written twice\n got %q\nwant %q", third, payload)
			}
		}
	})
}

func FuzzParsePayload(f *testing.F) {
	types := domain.Types()
	for i, name := range types {
		g := readGolden(f, name)
		for _, payload := range [][]byte{g.Full.Payload, g.Full.Open, g.Full.Sealed, g.Minimal.Payload, g.Minimal.Open, g.Minimal.Sealed} {
			f.Add(i, payload)
		}
	}
	f.Fuzz(func(t *testing.T, i int, payload []byte) {
		if i < 0 || i >= len(types) {
			return
		}
		e, err := domain.ParsePayload(types[i], "urn:rollbook:"+types[i]+":1", payload, unseal(domain.All))
		if err != nil {
			checkFuzzRejection(t, err)
			return
		}
		if e.Type() != types[i] {
			t.Fatalf("a payload of %s is read as %s", types[i], e.Type())
		}
		again := domain.AppendPayload(nil, e, domain.All)
		e.Missing = 0 // of blocks that the test's seal does not open
		back, err := domain.ParsePayload(types[i], "urn:rollbook:"+types[i]+":1", again, nil)
		if err != nil {
			t.Fatalf("ParsePayload(%q) is accepted, but not what it is written as, %q: %v", payload, again, err)
		}
		if !reflect.DeepEqual(back, e) {
			t.Fatalf("ParsePayload(%q)\n got %+v\nwant %+v", again, back, e)
		}
	})
}

// FuzzJSON compares the JSON reader with the standard library's, which accepts
// more: names that stand twice, half characters, bytes that are not UTF-8.
func FuzzJSON(f *testing.F) {
	for _, name := range domain.Types() {
		f.Add([]byte(readGolden(f, name).Full.Event))
	}
	for _, s := range []string{
		`{}`, ` { } `, `{"a":[1,-0,0.5e+7,true,false,null,"\u00e9\ud83d\ude00",{"b":{}}]}`, `{"a":1,"\u0061":2}`, `{"a":01}`,
		`{"a":"` + "\u2028" + `"}`, `{"":""}`, "{\"a\":\"\x7f\"}", `{"a":"\ud83d"}`, `{"a":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}`, `[]`, `{"a":1}{}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		ours, err := domain.ParseObject(in)
		theirs, errTheirs := stdObject(in)
		if err == nil {
			if errTheirs != nil || !utf8.Valid(in) {
				t.Fatalf("%q is accepted; encoding/json says %v", in, errTheirs)
			}
			if theirs.doubled || theirs.depth > domain.MaxDepth || len(theirs.members) > domain.MaxMembers {
				t.Fatalf("%q is accepted although beyond our limits: %+v", in, theirs)
			}
			sameMembers(t, in, ours, theirs.members)
			return
		}
		checkFuzzRejection(t, err)
		if errTheirs != nil || !utf8.Valid(in) || theirs.doubled || theirs.depth > domain.MaxDepth || len(theirs.members) > domain.MaxMembers {
			return
		}
		for _, m := range theirs.members {
			if strings.ContainsRune(m.Name, utf8.RuneError) {
				return // perhaps half a character, which the standard library replaces
			}
		}
		t.Fatalf("%q is refused (%v) although it is proper JSON", in, err)
	})
}

func sameMembers(t *testing.T, in []byte, ours, theirs []domain.Member) {
	t.Helper()
	if len(ours) != len(theirs) {
		t.Fatalf("%q has members %q; encoding/json says %q", in, ours, theirs)
	}
	for i, m := range ours {
		if m.Name != theirs[i].Name || !bytes.Equal(bytes.TrimSpace(m.Raw), bytes.TrimSpace(theirs[i].Raw)) {
			t.Fatalf("%q: member %d is %q: %q; encoding/json says %q: %q", in, i, m.Name, m.Raw, theirs[i].Name, theirs[i].Raw)
		}
		if m.Raw[0] != '"' {
			continue
		}
		var want string
		if err := json.Unmarshal(m.Raw, &want); err != nil {
			t.Fatalf("%q: %v", m.Raw, err)
		}
		got, ok := domain.Unquote(m.Raw)
		switch {
		case ok && got != want:
			t.Fatalf("%s is read as %q; encoding/json says %q", m.Raw, got, want)
		case !ok && !strings.ContainsRune(want, utf8.RuneError):
			t.Fatalf("%s is refused; encoding/json reads %q", m.Raw, want)
		}
	}
}

// object is what the standard library finds in a JSON object.
type object struct {
	members []domain.Member
	doubled bool // a name of the object itself stands twice
	depth   int  // of objects and arrays inside it, plus one for a value
}

func stdObject(in []byte) (object, error) {
	var o object
	if !json.Valid(in) {
		return o, errors.New("invalid")
	}
	d := json.NewDecoder(bytes.NewReader(in))
	first, err := d.Token()
	if err != nil {
		return o, err
	}
	if first != json.Delim('{') {
		return o, errors.New("no object")
	}
	seen := map[string]bool{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return o, err
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return o, err
		}
		o.doubled = o.doubled || seen[name.(string)]
		seen[name.(string)] = true
		o.members = append(o.members, domain.Member{Name: name.(string), Raw: raw})
		o.depth = max(o.depth, depth(raw))
	}
	return o, nil
}

// depth is the deepest value in a value, itself counted as one.
func depth(raw []byte) int {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	deepest, open := 1, 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) || err != nil {
			return deepest
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			open++
			deepest = max(deepest, open)
		case json.Delim('}'), json.Delim(']'):
			open--
		default:
			deepest = max(deepest, open+1)
		}
	}
}

// FuzzParsePolicy holds that what is read of a policy is bounded and can be used,
// and that what is refused says where.
func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(`{"version":"v","from":"2027-01-01","rules":{"admission":{"age_min":{"on":false,"source":{"regulation":"Q","article":"1","checked":true},"parameters":{"years":20}}}}}`))
	f.Add([]byte(`{"version":"v","title":"Đề án","title_en":"Proposal","from":"1930-02-03","rules":{}}`))
	f.Add([]byte("\xEF\xBB\xBF{\"rules\":null}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := domain.ParsePolicy(text)
		if err != nil {
			r, ok := errors.AsType[*domain.Rejection](err)
			if !ok {
				t.Fatalf("ParsePolicy(%q) = %v, no rejection", text, err)
			}
			checkMessage(t, r)
			return
		}
		p := domain.Embedded().With(a).On(nil, "", a.From)
		if p.Version != a.Version {
			t.Fatalf("on its first day %s is not in force, %s is", a.Version, p.Version)
		}
		for _, c := range a.Rules {
			for _, want := range c.Parameters {
				for _, r := range p.Rules() {
					if r.ID == c.Rule && r.Parameter(want.Name) != want.Value {
						t.Fatalf("%s of %s is %d, want %d", want.Name, c.Rule, r.Parameter(want.Name), want.Value)
					}
				}
			}
		}
	})
}
