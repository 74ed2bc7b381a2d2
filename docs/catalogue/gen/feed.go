package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"

	"rollbook/domain"
)

// source stands in the examples for the ledger's name.
const source = "/rollbook/muong-nhe"

// feedExample is an example as the feed shows it. What is sealed in it is made up:
// it has the right form and opens nothing.
func feedExample(d domain.Description) json.RawMessage {
	e := d.Example
	data := domain.AppendData(nil, e.Event, domain.Open)
	if e.Exception != nil {
		data = extend(data, "exception", object{{"rule", e.Exception.Rule}})
	}
	if parts := sealedExample(e); parts != nil {
		data = extend(data, "sealed", parts)
	}
	o := object{
		{"specversion", "1.0"},
		{"id", e.ID},
		{"source", source},
		{"type", d.Type},
		{"subject", e.Subject},
		{"effectiveon", e.EffectiveOn},
		{"time", e.Time.UTC().Format(time.RFC3339Nano)},
		{"sequence", strconv.FormatUint(e.Sequence, 10)},
		{"actor", e.Actor},
		{"dataschema", d.Schema},
		{"data", json.RawMessage(data)},
	}
	return compact(o)
}

// extend adds a field to an object.
func extend(data []byte, name string, value any) []byte {
	more := compact(object{{name, value}})
	if len(data) > len("{}") {
		more[0] = ','
		return append(data[:len(data)-1], more...)
	}
	return more
}

func compact(o object) []byte {
	b, err := o.MarshalJSON()
	if err != nil {
		panic(err) // it is made of strings and of JSON that the domain wrote
	}
	return b
}

func sealedExample(e domain.Entry) []any {
	var parts []any
	for _, class := range domain.Classes() {
		text := domain.AppendPart(nil, e, class)
		if len(text) == 0 {
			continue
		}
		filler := func(of string, size int) string {
			sum := sha256.Sum256([]byte(of + e.ID + class.String()))
			return base64.RawURLEncoding.EncodeToString(bytes.Repeat(sum[:], size/len(sum)+1)[:size])
		}
		parts = append(parts, object{
			{"s", e.Subject},
			{"cl", class.String()},
			{"kid", filler("kid", 32)},
			{"n", filler("n", 12)},
			{"c", filler("c", len(text)+16)},
		})
	}
	return parts
}
