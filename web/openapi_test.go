package web_test

import (
	"bytes"
	"os"
	"testing"

	"rollbook/web"
)

// The description of the interface is committed, so that a change of it is seen.
// UPDATE_OPENAPI=1 writes it anew.
func TestOpenAPIIsCurrent(t *testing.T) {
	want, err := web.Document()
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE_OPENAPI") != "" {
		if err := os.WriteFile("openapi.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("openapi.json is not what the program serves; run UPDATE_OPENAPI=1 go test ./web -run OpenAPI")
	}
}
