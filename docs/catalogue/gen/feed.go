package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"rollbook/domain"
)

// source stands in the examples for the ledger's name.
const source = "/rollbook/muong-nhe"

// feedExample is an example as the feed shows it. What is sealed in it is made up:
// it has the right form and opens nothing.
func feedExample(d domain.Description) json.RawMessage {
	return domain.AppendFeed(nil, d.Example, source, domain.Places{Organisation: "pa-my"}, sealedExample(d.Example))
}

func sealedExample(e domain.Entry) []domain.Sealed {
	var parts []domain.Sealed
	for _, class := range domain.Classes() {
		text := domain.AppendPart(nil, e, class)
		if len(text) == 0 {
			continue
		}
		filler := func(of string, size int) []byte {
			sum := sha256.Sum256([]byte(of + e.ID + class.String()))
			return []byte(base64.RawURLEncoding.EncodeToString(bytes.Repeat(sum[:], size/len(sum)+1)[:size]))
		}
		parts = append(parts, domain.Sealed{
			Subject: e.Subject, Class: class, KID: filler("kid", 32), Nonce: filler("n", 12), Text: filler("c", len(text)+16),
		})
	}
	return parts
}
