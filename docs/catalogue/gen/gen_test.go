package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"rollbook/domain"
)

const catalogueDir = ".."

func TestTheCatalogueIsCurrent(t *testing.T) {
	want := map[string]bool{}
	for _, f := range catalogue() {
		want[f.path] = true
		have, err := os.ReadFile(filepath.Join(catalogueDir, f.path))
		if err != nil || !bytes.Equal(have, f.text) {
			t.Errorf("docs/catalogue/%s is not current (%v): run `go generate ./docs/catalogue`", f.path, err)
		}
	}
	entries, err := os.ReadDir(filepath.Join(catalogueDir, "schemas"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !want["schemas/"+e.Name()] {
			t.Errorf("docs/catalogue/schemas/%s is of no type", e.Name())
		}
	}
}

func TestWriteRemovesSchemasOfNoType(t *testing.T) {
	dir := t.TempDir()
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	stray := filepath.Join(dir, "schemas", "member.pardoned.v1.json")
	if err := os.WriteFile(stray, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stray); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", stray, err)
	}
}

// The document is valid by the schema that the AsyncAPI initiative publishes.
func TestTheFeedIsDescribedInAsyncAPI(t *testing.T) {
	raw, err := os.ReadFile("testdata/asyncapi-3.0.0.json")
	if err != nil {
		t.Fatal(err)
	}
	official := compile(t, map[string][]byte{"http://asyncapi.com/definitions/3.0.0/asyncapi.json": raw}, "http://asyncapi.com/definitions/3.0.0/asyncapi.json")
	doc := parse(t, document(asyncAPI(domain.Describe())))
	if err := official.Validate(doc); err != nil {
		t.Fatalf("asyncapi.json: %#v", err)
	}

	// The schema can fail.
	for _, broken := range []func(map[string]any){
		func(d map[string]any) { d["asyncapi"] = "3.9.9" },
		func(d map[string]any) { delete(d["info"].(map[string]any), "version") },
		func(d map[string]any) {
			d["operations"].(map[string]any)["receive.member.died"].(map[string]any)["action"] = "look"
		},
		func(d map[string]any) {
			d["channels"].(map[string]any)["member.died"].(map[string]any)["adr"] = "x"
		},
	} {
		d := parse(t, document(asyncAPI(domain.Describe()))).(map[string]any)
		broken(d)
		if official.Validate(d) == nil {
			t.Error("the schema of AsyncAPI takes a document that is broken")
		}
	}
}

// Every reference leads somewhere, every type has a channel, an operation and a
// message, and the example of each message is one.
func TestEveryTypeIsOnTheFeed(t *testing.T) {
	all := domain.Describe()
	doc := parse(t, document(asyncAPI(all))).(map[string]any)
	references(t, doc, doc)
	for _, d := range all {
		channel, _ := at(doc, "channels", d.Type).(map[string]any)
		if channel["address"] != "ledger-feed."+d.Type+".{organisation}" {
			t.Errorf("the channel of %s has address %v", d.Type, channel["address"])
		}
		if at(doc, "operations", "receive."+d.Type, "action") != "receive" {
			t.Errorf("%s is not received", d.Type)
		}
		payload, _ := at(doc, "components", "messages", d.Type, "payload", "$ref").(string)
		path, pointer, _ := strings.Cut(payload, "#")
		raw, err := os.ReadFile(filepath.Join(catalogueDir, path))
		if err != nil {
			t.Errorf("%s: %v", d.Type, err)
			continue
		}
		feed := compile(t, map[string][]byte{"urn:x": raw}, d.Schema+"#"+pointer)
		examples, _ := at(doc, "components", "messages", d.Type, "examples").([]any)
		if len(examples) == 0 {
			t.Errorf("the message %s has no example", d.Type)
		}
		for _, e := range examples {
			if err := feed.Validate(e.(map[string]any)["payload"]); err != nil {
				t.Errorf("the example of %s on the feed: %#v", d.Type, err)
			}
		}
	}
}

// references follows every local reference of a document.
func references(t *testing.T, doc map[string]any, node any) {
	t.Helper()
	switch node := node.(type) {
	case map[string]any:
		if ref, ok := node["$ref"].(string); ok && strings.HasPrefix(ref, "#/") {
			if at(doc, strings.Split(ref[2:], "/")...) == nil {
				t.Errorf("%s leads nowhere", ref)
			}
		}
		for _, inner := range node {
			references(t, doc, inner)
		}
	case []any:
		for _, inner := range node {
			references(t, doc, inner)
		}
	}
}

func at(node any, path ...string) any {
	for _, name := range path {
		o, ok := node.(map[string]any)
		if !ok {
			return nil
		}
		node = o[name]
	}
	return node
}

func TestThePageHasEveryTypeFieldAndClass(t *testing.T) {
	all := domain.Describe()
	text := string(page(all))
	for _, d := range all {
		_, section, ok := strings.Cut(text, "\n## "+d.Type+"\n")
		if !ok {
			t.Errorf("the page has no section %s", d.Type)
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		for _, want := range []string{d.Effect.EN, d.Effect.VI, "`" + string(d.Kind) + "/<id>`", d.Schema, "Since " + d.Since, `"type": "` + d.Type + `"`} {
			if !strings.Contains(section, want) {
				t.Errorf("the section %s has no %q", d.Type, want)
			}
		}
		fields(t, section, "", d.Data.Fields)
		if !strings.Contains(text, "(#"+anchor(d.Type)+")") {
			t.Errorf("the table of contents has no link to %s", d.Type)
		}
	}
	for link := range slices.Values([]string{"#ethnicity", "#religion"}) {
		if !strings.Contains(text, "\n## "+link[1:]+"\n") {
			t.Errorf("%s leads nowhere", link)
		}
	}
}

func fields(t *testing.T, section, path string, list []domain.Field) {
	t.Helper()
	for _, f := range list {
		_, row, ok := strings.Cut(section, "\n| `"+path+f.Name+"` | ")
		row, _, _ = strings.Cut(row, "\n")
		if !ok || strings.Contains(row, "`"+f.Class.String()+"`") != (f.Class != domain.Open) || strings.HasPrefix(row, "required") != f.Required {
			t.Errorf("the row of %s%s is %q", path, f.Name, row)
		}
		fields(t, section, path+f.Name+".", f.Fields)
	}
}

// What is added to the data on the feed is no field of any type.
func TestNoTypeHasAFieldThatTheFeedAdds(t *testing.T) {
	for _, d := range domain.Describe() {
		for _, f := range d.Data.Fields {
			if f.Name == "sealed" || f.Name == "exception" {
				t.Errorf("the data of %s has a field %s", d.Type, f.Name)
			}
		}
	}
}

func parse(t *testing.T, raw []byte) any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(raw) {
		t.Fatal("not JSON")
	}
	return doc
}

// compile compiles one of some schemas.
func compile(t *testing.T, schemas map[string][]byte, location string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	for url, raw := range schemas {
		if doc, ok := parse(t, raw).(map[string]any); ok {
			if id, ok := doc["$id"].(string); ok {
				url = id
			}
			if err := c.AddResource(url, doc); err != nil {
				t.Fatal(err)
			}
		}
	}
	s, err := c.Compile(location)
	if err != nil {
		t.Fatalf("%s: %v", location, err)
	}
	return s
}
