package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode"
)

// object is a JSON object whose names keep their order.
type object []pair

type pair struct {
	name  string
	value any
}

func (o *object) set(name string, value any) { *o = append(*o, pair{name, value}) }

// MarshalJSON writes the names in order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, p := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(p.name)
		if err != nil {
			return nil, err
		}
		var value bytes.Buffer
		e := json.NewEncoder(&value)
		e.SetEscapeHTML(false)
		if err := e.Encode(p.value); err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(bytes.TrimSuffix(value.Bytes(), []byte("\n")))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// document writes a JSON document for people: indented, and with escapes for
// what cannot be seen.
func document(o object) []byte {
	b, err := o.MarshalJSON()
	if err == nil {
		var indented bytes.Buffer
		err = json.Indent(&indented, b, "", "  ")
		b = indented.Bytes()
	}
	if err != nil {
		panic(err) // it is made of strings, numbers and these objects only
	}
	var out bytes.Buffer
	for _, r := range string(b) {
		if r != '\n' && (!unicode.IsPrint(r) || blank(r)) {
			fmt.Fprintf(&out, "\\u%04x", r) // all are in the basic plane
			continue
		}
		out.WriteRune(r)
	}
	out.WriteByte('\n')
	return out.Bytes()
}

// blank reports whether a character shows nothing, or nothing of its own, though
// Unicode counts it as printable.
func blank(r rune) bool {
	switch r {
	case 0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0, 0xFFFD:
		return true
	}
	return false
}
