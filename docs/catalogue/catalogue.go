// Package catalogue holds the event catalogue: a JSON Schema for every event type,
// an AsyncAPI document of the feed, and a page for people.
//
// All three are generated from [domain.Describe], that is from the walks that read
// and write events, so they say what the program does. `go generate` writes them
// anew; a test and check.sh fail when that would change anything.
package catalogue

import "embed"

//go:generate go run ./gen

//go:embed schemas/*.json
var schemas embed.FS

// Schema returns the JSON Schema of an event type, or false if there is no such
// type.
func Schema(typeName string) ([]byte, bool) {
	b, err := schemas.ReadFile("schemas/" + typeName + ".v1.json")
	return b, err == nil
}
