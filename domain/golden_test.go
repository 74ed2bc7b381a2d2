package domain_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rollbook/domain"
)

// update writes golden files that do not exist. It never changes one: they are
// the storage format, and a stored byte stays.
var update = flag.Bool("update", false, "write golden files of types that have none yet")

const (
	goldenDir    = "testdata/events"
	goldenSource = "/rollbook/muong-nhe"
)

// golden is an entry in all its wire forms.
type golden struct {
	Event     json.RawMessage `json:"event"`      // as exported
	Payload   json.RawMessage `json:"payload"`    // as the log holds it
	Open      json.RawMessage `json:"open"`       // without personal parts
	Identity  json.RawMessage `json:"identity"`   // what is sealed of each class; null for nothing
	Sensitive json.RawMessage `json:"sensitive"`  //
	Sealed    json.RawMessage `json:"sealed"`     // as the log holds it, with the seal of this test
	DerivedID string          `json:"derived_id"` // with the codec's key
}

type goldenFile struct {
	Full    golden `json:"full"`
	Minimal golden `json:"minimal"`
}

func encode(e domain.Entry) golden {
	derived := e
	derived.Derived = true
	return golden{
		Event:     domain.AppendJSON(nil, e, goldenSource),
		Payload:   domain.AppendPayload(nil, e, domain.All),
		Open:      domain.AppendPayload(nil, e, domain.Open),
		Identity:  part(e, domain.Identity),
		Sensitive: part(e, domain.Sensitive),
		Sealed:    domain.AppendSealedPayload(nil, derived, seal(e)),
		DerivedID: codec.DerivedID(e),
	}
}

func part(e domain.Entry, class domain.Part) json.RawMessage {
	if text := domain.AppendPart(nil, e, class); len(text) > 0 {
		return text
	}
	return json.RawMessage("null")
}

// seal seals as this test does: the text is only written another way.
func seal(e domain.Entry) (sealed []domain.Sealed) {
	for _, class := range domain.Classes() {
		if text := domain.AppendPart(nil, e, class); len(text) > 0 {
			sealed = append(sealed, domain.Sealed{
				Subject: e.Subject, Class: class, KID: []byte("KID-" + class.String()), Nonce: []byte("NONCE"),
				Text: base64.RawURLEncoding.AppendEncode(nil, text),
			})
		}
	}
	return sealed
}

// unseal opens what seal sealed, of the classes given.
func unseal(classes domain.Part) func(domain.Sealed) ([]byte, bool) {
	return func(s domain.Sealed) ([]byte, bool) {
		text, err := base64.RawURLEncoding.DecodeString(string(s.Text))
		return text, err == nil && classes&s.Class != 0
	}
}

// write keeps each wire form on one line, byte for byte.
func (f goldenFile) write(path string) error {
	var b bytes.Buffer
	one := func(name string, g golden, end string) {
		b.WriteString("  \"" + name + "\": {\n")
		b.WriteString("    \"event\": " + string(g.Event) + ",\n")
		b.WriteString("    \"payload\": " + string(g.Payload) + ",\n")
		b.WriteString("    \"open\": " + string(g.Open) + ",\n")
		b.WriteString("    \"identity\": " + string(g.Identity) + ",\n")
		b.WriteString("    \"sensitive\": " + string(g.Sensitive) + ",\n")
		b.WriteString("    \"sealed\": " + string(g.Sealed) + ",\n")
		b.WriteString("    \"derived_id\": \"" + g.DerivedID + "\"\n  }" + end + "\n")
	}
	b.WriteString("{\n")
	one("full", f.Full, ",")
	one("minimal", f.Minimal, "")
	b.WriteString("}\n")
	return os.WriteFile(path, b.Bytes(), 0o644)
}

func readGolden(t testing.TB, typeName string) goldenFile {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(goldenDir, typeName+".json"))
	if err != nil {
		t.Fatalf("type %s has no golden file (write it with -update): %v", typeName, err)
	}
	var f goldenFile
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatalf("%s: %v", typeName, err)
	}
	return f
}

func TestEveryTypeIsWrittenAsItsGoldenFileSays(t *testing.T) {
	all := examples()
	for _, name := range domain.Types() {
		ex, ok := all[name]
		if !ok {
			t.Errorf("type %s has no example", name)
			continue
		}
		path := filepath.Join(goldenDir, name+".json")
		now := goldenFile{encode(fullEntry(ex.full)), encode(minimalEntry(ex.minimal))}
		if _, err := os.Stat(path); *update && os.IsNotExist(err) {
			if err := now.write(path); err != nil {
				t.Fatal(err)
			}
		}
		stored := readGolden(t, name)
		same := func(which string, got, want golden) {
			for _, form := range []struct {
				name      string
				got, want []byte
			}{
				{"event", got.Event, want.Event},
				{"payload", got.Payload, want.Payload},
				{"payload without personal parts", got.Open, want.Open},
				{"identity", got.Identity, want.Identity},
				{"sensitive part", got.Sensitive, want.Sensitive},
				{"sealed payload", got.Sealed, want.Sealed},
				{"derived id", []byte(got.DerivedID), []byte(want.DerivedID)},
			} {
				if !bytes.Equal(form.got, form.want) {
					t.Errorf("%s, %s %s: stored bytes would change\n got %s\nwant %s", name, which, form.name, form.got, form.want)
				}
			}
		}
		same("full", now.Full, stored.Full)
		same("minimal", now.Minimal, stored.Minimal)
	}
}

func TestEachTypeHasItsNumberAndKind(t *testing.T) {
	for i, name := range domain.Types() {
		e := examples()[name].full
		if got := domain.TypeNumber(e); got != i {
			t.Errorf("TypeNumber(%s) = %d, want %d", name, got, i)
		}
		if kind, _, _ := strings.Cut(name, "."); domain.TypeOf(e) != name || string(domain.KindOf(e)) != kind {
			t.Errorf("%s is a %s of kind %s", name, domain.TypeOf(e), domain.KindOf(e))
		}
	}
	if got := (domain.Entry{}).Type(); got != "" {
		t.Errorf("a rejected entry is of type %q, want none", got)
	}
}

func TestNoGoldenFileIsOfATypeThatIsGone(t *testing.T) {
	files, err := os.ReadDir(goldenDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if name := strings.TrimSuffix(f.Name(), ".json"); !slices.Contains(domain.Types(), name) {
			t.Errorf("%s: a type that was recorded once must stay readable", f.Name())
		}
	}
	for name := range examples() {
		if !slices.Contains(domain.Types(), name) {
			t.Errorf("example of %s, which is no type", name)
		}
	}
}

func TestExportedEventsAreReadBackAsTheyWere(t *testing.T) {
	for name, ex := range examples() {
		for _, want := range []domain.Entry{fullEntry(ex.full), minimalEntry(ex.minimal)} {
			stored := readGolden(t, name).Full
			if want.Sequence == 0 {
				stored = readGolden(t, name).Minimal
			}
			got, err := codec.Parse(stored.Event)
			if err != nil {
				t.Errorf("Parse(%s) = %v", stored.Event, err)
				continue
			}
			if got.Sequence != 0 || !got.Time.IsZero() {
				t.Errorf("%s: Parse took the ledger's sequence or time from the line", name)
			}
			got.Sequence, got.Time = want.Sequence, want.Time
			if !reflect.DeepEqual(got, want) {
				t.Errorf("Parse(%s)\n got %+v\nwant %+v", stored.Event, got, want)
			}
			if again := domain.AppendJSON(nil, got, goldenSource); !bytes.Equal(again, stored.Event) {
				t.Errorf("%s, written again\n got %s\nwant %s", name, again, stored.Event)
			}
		}
	}
}

func TestAnEventWithoutAnIDGetsTheDerivedOne(t *testing.T) {
	for name := range examples() {
		stored := readGolden(t, name).Full
		line := edit(t, stored.Event, "id", remove)
		got, err := codec.Parse(line)
		if err != nil || got.ID != stored.DerivedID {
			t.Errorf("Parse(%s).ID = %q, %v, want %q", line, got.ID, err, stored.DerivedID)
		}
		if e, err := codec.Read(line); err != nil || e.ID != "" {
			t.Errorf("Read(%s).ID = %q, %v, want none", line, e.ID, err)
		}
		other := domain.Codec{IDKey: []byte("another key")}
		if e, err := other.Parse(line); err != nil || e.ID == stored.DerivedID {
			t.Errorf("%s: the derived id does not depend on the key", name)
		}
	}
}

func TestADerivedIDDependsOnlyOnTypeSubjectDateAndData(t *testing.T) {
	base := fullEntry(examples()["member.identified"].full)
	id := codec.DerivedID(base)
	other := base
	other.ID, other.Actor, other.Reason, other.Exception, other.Sequence = "x", "y", "z", nil, 1
	if got := codec.DerivedID(other); got != id {
		t.Errorf("the envelope changed the derived id from %s to %s", id, got)
	}
	changed := map[string]domain.Entry{}
	for what, change := range map[string]func(e *domain.Entry){
		"type":        func(e *domain.Entry) { e.Event = &domain.Died{} },
		"subject":     func(e *domain.Entry) { e.Subject = "member/m-0043" },
		"date":        func(e *domain.Entry) { e.EffectiveOn++ },
		"open part":   func(e *domain.Entry) { e.Event = withPerson(func(p *domain.Person) { p.Gender = domain.Male }) },
		"identity":    func(e *domain.Entry) { e.Event = withPerson(func(p *domain.Person) { p.Phone = "" }) },
		"sensitivity": func(e *domain.Entry) { e.Event = withPerson(func(p *domain.Person) { p.Religion = "00" }) },
	} {
		e := base
		change(&e)
		changed[what] = e
		if codec.DerivedID(e) == id {
			t.Errorf("the derived id does not depend on the %s", what)
		}
	}
}

func withPerson(change func(*domain.Person)) domain.Event {
	e := domain.Identified{Person: fullPerson(), Organisation: "pa-my", Source: "youth_union"}
	change(&e.Person)
	return &e
}

func TestPayloadsAreReadBackAsTheyWere(t *testing.T) {
	for name, ex := range examples() {
		file := readGolden(t, name)
		for _, want := range []domain.Entry{fullEntry(ex.full), minimalEntry(ex.minimal)} {
			stored := file.Full
			if want.Sequence == 0 {
				stored = file.Minimal
			}
			got, err := domain.ParsePayload(name, domain.SchemaOf(want.Event), stored.Payload, nil)
			if err != nil {
				t.Errorf("ParsePayload(%s) = %v", stored.Payload, err)
				continue
			}
			if got.ID != "" || got.Subject != "" || got.Actor != "" || got.Sequence != 0 {
				t.Errorf("%s: the payload holds what stands in the record's own fields: %+v", name, got)
			}
			got.ID, got.Subject, got.Actor, got.Sequence, got.Time = want.ID, want.Subject, want.Actor, want.Sequence, want.Time
			if !reflect.DeepEqual(got, want) {
				t.Errorf("ParsePayload(%s)\n got %+v\nwant %+v", stored.Payload, got, want)
			}
			for _, parts := range []domain.Part{domain.All, domain.Open, domain.Open | domain.Sensitive} {
				data := domain.AppendData(nil, want.Event, parts)
				event, err := domain.ParseData(name, data)
				if err != nil || string(domain.AppendData(nil, event, domain.All)) != string(data) {
					t.Errorf("ParseData(%s) = %+v, %v", data, event, err)
				}
			}
			if !domain.Same(got, want) {
				t.Errorf("%s: Same denies that an entry read back is the same", name)
			}
		}
	}
}

func TestPayloadsWithoutPersonalPartsAreReadAndHoldNothingPersonal(t *testing.T) {
	for name := range examples() {
		file := readGolden(t, name)
		for _, stored := range []golden{file.Full, file.Minimal} {
			for _, secret := range personal {
				if bytes.Contains(stored.Open, []byte(secret)) {
					t.Errorf("%s: the open payload holds %s: %s", name, secret, stored.Open)
				}
			}
			e, err := domain.ParsePayload(name, "urn:rollbook:"+name+":1", stored.Open, nil)
			if err != nil {
				t.Errorf("ParsePayload(%s) = %v", stored.Open, err)
				continue
			}
			for _, parts := range []domain.Part{domain.Open, domain.All} {
				if again := domain.AppendPayload(nil, e, parts); !bytes.Equal(again, stored.Open) {
					t.Errorf("%s without personal parts, written again\n got %s\nwant %s", name, again, stored.Open)
				}
			}
		}
	}
}

func TestEthnicityAndReligionAreAPartOfTheirOwn(t *testing.T) {
	e := fullEntry(&domain.Identified{Person: fullPerson(), Organisation: "pa-my", Source: "youth_union"})
	got := string(domain.AppendData(nil, e.Event, domain.Open|domain.Sensitive))
	want := `{"person":{"gender":"female","ethnicity":"03","religion":"02"},"organisation":"pa-my","source":"youth_union"}`
	if got != want {
		t.Errorf("AppendData(Open|Sensitive)\n got %s\nwant %s", got, want)
	}
}

func TestSameSeesEveryDifferenceOfContent(t *testing.T) {
	base := fullEntry(&domain.Identified{Person: fullPerson(), Organisation: "pa-my", Source: "youth_union"})
	for what, change := range map[string]func(e *domain.Entry){
		"id":        func(e *domain.Entry) { e.ID = "x" },
		"subject":   func(e *domain.Entry) { e.Subject = "member/x" },
		"date":      func(e *domain.Entry) { e.EffectiveOn++ },
		"reason":    func(e *domain.Entry) { e.Reason = "" },
		"no leave":  func(e *domain.Entry) { e.Exception = nil },
		"leave":     func(e *domain.Entry) { e.Exception = &domain.Exception{Rule: "other", Reason: "x", Authority: "y"} },
		"type":      func(e *domain.Entry) { e.Event = &domain.Died{} },
		"sensitive": func(e *domain.Entry) { e.Event = withPerson(func(p *domain.Person) { p.Ethnicity = "01" }) },
	} {
		e := base
		change(&e)
		if domain.Same(base, e) || domain.Same(e, base) {
			t.Errorf("Same overlooks another %s", what)
		}
	}
	e := base
	e.Actor, e.Sequence, e.Time = "", 1, e.Time.AddDate(1, 0, 0)
	e.Event = withPerson(func(*domain.Person) {})
	if !domain.Same(base, e) {
		t.Errorf("Same looks at who recorded an entry, when or where")
	}
}
