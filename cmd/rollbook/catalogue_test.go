package main

import (
	"bufio"
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"rollbook/domain"
)

// The demo's events, as they are before the ledger reads them, are valid by the
// schemas that `rollbook events schema` writes. Of each type some hundreds are
// looked at.
func TestTheDemoIsValidByItsSchemas(t *testing.T) {
	schemas := map[string]*jsonschema.Schema{}
	for _, name := range domain.Types() {
		answer := rollbook(t, nil, "events", "schema", name)
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(answer.stdout)))
		if err != nil {
			t.Fatalf("events schema %s: %+v: %v", name, answer, err)
		}
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		id := "urn:rollbook:" + name + ":1"
		if err := c.AddResource(id, doc); err != nil {
			t.Fatal(err)
		}
		if schemas[name], err = c.Compile(id + "#/$defs/event"); err != nil {
			t.Fatal(err)
		}
	}
	const each = 300
	seen := map[string]int{}
	in := demoEvents()
	defer in.Close()
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		e, err := domain.Codec{}.Read(lines.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if seen[e.Type()]++; seen[e.Type()] > each {
			continue
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(lines.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if err := schemas[e.Type()].Validate(doc); err != nil {
			t.Errorf("%s\n%v", lines.Bytes(), err)
		}
	}
	if err := lines.Err(); err != nil || len(seen) < 30 {
		t.Errorf("read %d types, %v", len(seen), err)
	}
}
