package ledger_test

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"rollbook/docs/catalogue"
	"rollbook/domain"
	"rollbook/internal/naive"
	"rollbook/ledger"
)

// seed draws the history that outsiders read in these tests.
const seed = 20230226

// outsiders is a ledger with a random history, and with an exception and reasons,
// which histories lack.
func outsiders(t *testing.T) *ledger.Ledger {
	t.Helper()
	l, _ := open(t)
	t.Logf("history of seed %d", seed)
	history := rapid.Custom(func(t *rapid.T) [][]byte { return naive.History(t, 400) }).Example(seed)
	r := importBytes(t, l, bytes.Join(history, []byte("\n")))
	if r.Accepted < 200 {
		t.Fatalf("of %d lines only %d were accepted", len(history), r.Accepted)
	}
	mustAccept(t, l, event("organisation.established", "organisation/hill-0", "2019-01-01", `{"name":"Đảng bộ xã","kind":"district_committee","parent":null}`),
		event("member.brought_forward", "member/hill-1", "2020-01-01", `{"person":{"full_name":"Vàng Thị Mỷ","birth_year":1980,"gender":"female","ethnicity":"08",`+
			`"religion":"00"},"organisation":"hill-0","status":"official","admitted_on":"2010-05-19"}`),
		with(event("member.rated", "member/hill-1", "2021-12-20", `{"year":2021,"grade":"good"}`),
			`"reason":"họp chi bộ;\nhai lần","exception":{"rule":"one_rating","reason":"bỏ sót","authority":"Huyện uỷ"}`),
		with(event("organisation.commended", "organisation/hill-0", "2022-01-01", `{"year":2021,"title":"Tiên tiến"}`), `"reason":"theo đề nghị","actor":"can-bo-3"`))
	return l
}

// schemas compiles a definition of the schemas of the catalogue, as they are
// asked for.
type schemas map[string]*jsonschema.Schema

func (s schemas) check(t *testing.T, definition string, line []byte, typeName string) {
	t.Helper()
	schema := s[typeName]
	if schema == nil {
		raw, ok := catalogue.Schema(typeName)
		if !ok {
			t.Fatalf("%s has no schema", typeName)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		if err := c.AddResource("urn:rollbook:"+typeName+":1", doc); err != nil {
			t.Fatal(err)
		}
		if schema, err = c.Compile("urn:rollbook:" + typeName + ":1#/$defs/" + definition); err != nil {
			t.Fatal(err)
		}
		s[typeName] = schema
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err == nil {
		err = schema.Validate(doc)
	}
	if err != nil {
		t.Errorf("%s\n%v", line, err)
	}
}

// The CloudEvents SDK reads what is exported, except an event with an exception:
// the contract has it as an attribute that is an object, and CloudEvents knows
// only scalars.
func TestTheCloudEventsSDKReadsExportedEvents(t *testing.T) {
	l := outsiders(t)
	valid := schemas{}
	read, refused := 0, 0
	for e, err := range l.Events(t.Context(), ledger.EventFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		line := domain.AppendJSON(nil, e, l.Source())
		valid.check(t, "event", line, e.Type())
		var got cloudevents.Event
		err := json.Unmarshal(line, &got)
		if e.Exception != nil {
			if err == nil {
				t.Errorf("the SDK reads an exception now; docs/catalogue/README.md says it does not")
			}
			refused++
			continue
		}
		if err == nil {
			err = got.Validate()
		}
		if err != nil {
			t.Errorf("%s\n%v", line, err)
			continue
		}
		read++
		sameEvent(t, got, e, l.Source(), domain.AppendData(nil, e.Event, domain.All))
		wantExtension(t, got, "reason", e.Reason)
	}
	if read < 200 || refused != 1 || len(valid) < 25 {
		t.Errorf("read %d events of %d types and refused %d", read, len(valid), refused)
	}
}

// It reads all that is on the feed.
func TestTheCloudEventsSDKReadsSealedEvents(t *testing.T) {
	l := outsiders(t)
	valid := schemas{}
	read, sealed := 0, 0
	messages, err := l.FeedMessages(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for rec, err := range l.Records().Replay(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		message := messages[rec.Position-1]
		if strings.HasPrefix(rec.Type, "ledger.") {
			continue
		}
		e, err := domain.ParsePayload(rec.Type, rec.Schema, rec.Data, nil)
		if err != nil {
			t.Fatal(err)
		}
		e.ID, e.Subject, e.Actor, e.Sequence, e.Time = rec.ID, domain.Subject(rec.Stream), rec.Actor, uint64(rec.Position), rec.Time
		var parts struct {
			Data json.RawMessage `json:"data"`
		}
		if err := json.Unmarshal(message, &parts); err != nil {
			t.Fatal(err)
		}
		data := parts.Data
		valid.check(t, "feed", message, rec.Type)
		var got cloudevents.Event
		if err := json.Unmarshal(message, &got); err != nil {
			t.Errorf("%s\n%v", message, err)
			continue
		}
		if err := got.Validate(); err != nil {
			t.Errorf("%s\n%v", message, err)
		}
		sameEvent(t, got, e, l.Source(), data)
		for _, name := range []string{"reason", "exception", "sealed"} {
			wantExtension(t, got, name, "")
		}
		read++
		if bytes.Contains(data, []byte(`"sealed":[`)) {
			sealed++
		}
	}
	if read < 200 || sealed == 0 {
		t.Errorf("read %d messages, %d of them with sealed parts", read, sealed)
	}
}

func sameEvent(t *testing.T, got cloudevents.Event, e domain.Entry, source string, data []byte) {
	t.Helper()
	if got.SpecVersion() != "1.0" || got.ID() != e.ID || got.Source() != source || got.Type() != e.Type() || got.Subject() != string(e.Subject) ||
		!got.Time().Equal(e.Time) || got.DataSchema() != domain.SchemaOf(e.Event) || !bytes.Equal(got.Data(), data) {
		t.Errorf("the SDK reads\n%v\nof %+v", got, e)
	}
	wantExtension(t, got, "effectiveon", e.EffectiveOn.String())
	wantExtension(t, got, "sequence", strconv.FormatUint(e.Sequence, 10))
	wantExtension(t, got, "actor", e.Actor)
}

// wantExtension checks an attribute; "" is for one that is not there.
func wantExtension(t *testing.T, got cloudevents.Event, name, want string) {
	t.Helper()
	if have, ok := got.Extensions()[name]; ok != (want != "") || ok && have != want {
		t.Errorf("%s %s is %v, want %q", got.ID(), name, have, want)
	}
}
