package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"errors"
	"testing"
)

// vector is a block and a wrapped key made from values that are all given.
type vector struct {
	scheme                               scheme
	origin, subject, id, typ, class, kek string
	plaintext                            string
	kid, text, wrapped                   string
}

func (v vector) dek() []byte {
	dek := make([]byte, keyBytes)
	for i := range dek {
		dek[i] = byte(i)
	}
	return dek
}

func (v vector) master() *Master {
	m := &Master{id: v.kek}
	for i := range m.key {
		m.key[i] = 0xAA
	}
	return m
}

// vectors: the first with the labels under which the format was first tried
// out, by a program that shares no code with this one; the others are ours and
// must never change.
var vectors = map[string]vector{
	"as first published": {
		scheme: "mledger", origin: "ledger.example/members/e1", subject: "01K3ZQ4YB0", id: "ev-1", typ: "Joined", class: "identity",
		kek: "kek-2026-11", plaintext: `{"name":"A"}`,
		kid:     "D4uc1mli4D86h5Lv9z8kUbjmhtzPYXDYhJOFJOo6PVw",
		text:    "6zdaRO9SXBaBPrngTDkiqaXnquV1flv3UAiHbQ",
		wrapped: "30303030303030303030303209faa33da5a01cde4480f5929fb0001b379e3c52abefe63ea59b66f5f1ea10a399c74a67f608355ee9701f74462ba4b3",
	},
	"identity": {
		scheme: rollbook, origin: "rollbook/7QK2M5XN/e1", subject: "member/m-7f3k2a", id: "9592edb05772f737f9dae1b53855b8a2",
		typ: "member.identified", class: "identity", kek: "kek-a1b2c3d4e5f6",
		plaintext: `{"data":{"person":{"full_name":"Sùng A Páo","birth_year":1988}}}`,
		kid:       "GwhjKdgylWNxXdrCs7x5ttbtXFKSYpmUDeP0mriaOok", text: "gs79ox-aHrTFuiY7e1DtBf5g-AhjALFgUqC-VojTVWI1odW1UdDiztbFlp_fDEze8duhA2frig-wZurRyPoCs6gfDKfPGrsB7nCYwUIuN9x-kg", wrapped: "30303030303030303030303209faa33da5a01cde4480f5929fb0001b379e3c52abefe63ea59b66f5f1ea10a37c1c577f6172fa869328285d0295c178",
	},
	"sensitive": {
		scheme: rollbook, origin: "rollbook/7QK2M5XN/e1", subject: "member/m-7f3k2a", id: "9592edb05772f737f9dae1b53855b8a2",
		typ: "member.identified", class: "sensitive", kek: "kek-a1b2c3d4e5f6",
		plaintext: `{"data":{"person":{"ethnicity":"08","religion":"00"}}}`,
		kid:       "GwhjKdgylWNxXdrCs7x5ttbtXFKSYpmUDeP0mriaOok", text: "gs79ox-aHrTFuiY7e1DtBf5g-AhgAbViZK22T5TTVWJWWk73FILGgu9hXp-TAlSeqJn3FkXvFAJ2qHCV1qNOKnE-0d9lqw", wrapped: "30303030303030303030303209faa33da5a01cde4480f5929fb0001b379e3c52abefe63ea59b66f5f1ea10a378790380ed3f2af0a4c8c9dc2e33e8e8",
	},
}

var (
	blockNonce = []byte("000000000001")
	wrapNonce  = []byte("000000000002")
)

// withNonce seals with a given nonce, as production code cannot.
func withNonce(t *testing.T, k, nonce, plaintext, aad []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(k)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return aead.Seal(nil, nonce, plaintext, aad)
}

func TestGoldenVectors(t *testing.T) {
	for name, v := range vectors {
		t.Run(name, func(t *testing.T) {
			owner := Owner{v.subject, v.class}
			p := place{v.origin, owner, v.id, v.typ}
			k, err := v.scheme.newKey(v.dek())
			if err != nil {
				t.Fatal(err)
			}
			if got := string(k.kid[:]); got != v.kid {
				t.Errorf("kid = %s, want %s", got, v.kid)
			}
			aad, err := v.scheme.aad(p, k.kid[:])
			if err != nil {
				t.Fatal(err)
			}
			text := encoding.EncodeToString(withNonce(t, k.enc[:], blockNonce, []byte(v.plaintext), aad))
			if text != v.text {
				t.Errorf("c = %s, want %s", text, v.text)
			}
			nonce := encoding.EncodeToString(blockNonce)
			got, err := v.scheme.open(k, p, Block{KID: []byte(v.kid), Nonce: []byte(nonce), Text: []byte(v.text)})
			if err != nil || string(got) != v.plaintext {
				t.Errorf("open = %q, %v, want %q", got, err, v.plaintext)
			}
			m := v.master()
			wrapAAD, err := v.scheme.wrapAAD(v.kek, v.origin, owner, k.kid[:])
			if err != nil {
				t.Fatal(err)
			}
			wrapped := append(append([]byte{}, wrapNonce...), withNonce(t, m.key[:], wrapNonce, v.dek(), wrapAAD)...)
			if got := hex.EncodeToString(wrapped); got != v.wrapped {
				t.Errorf("wrapped = %s, want %s", got, v.wrapped)
			}
			back, err := v.scheme.unwrap(m, v.origin, WrappedKey{Owner: owner, KID: v.kid, KEK: v.kek, Wrapped: wrapped})
			if err != nil || *back != *k {
				t.Errorf("unwrap: %v, or another key", err)
			}
			// Both directions agree: what production seals, the same code opens.
			b, err := v.scheme.seal(k, p, []byte(v.plaintext))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := v.scheme.open(k, p, b); err != nil || string(got) != v.plaintext {
				t.Errorf("open(seal) = %q, %v", got, err)
			}
			if string(b.Nonce) == nonce {
				t.Errorf("the nonce is not random")
			}
		})
	}
}

// A second key that is made to open the block, by whatever trick, is refused by
// its commitment, and a keyring that serves it under the old name is found out.
func TestAnotherKeyIsRefusedByItsCommitment(t *testing.T) {
	v := vectors["identity"]
	owner := Owner{v.subject, v.class}
	m := v.master()
	other := make([]byte, keyBytes)
	aad, err := rollbook.wrapAAD(v.kek, v.origin, owner, []byte(v.kid))
	if err != nil {
		t.Fatal(err)
	}
	wrapped := append(append([]byte{}, wrapNonce...), withNonce(t, m.key[:], wrapNonce, other, aad)...)
	_, err = rollbook.unwrap(m, v.origin, WrappedKey{Owner: owner, KID: v.kid, KEK: v.kek, Wrapped: wrapped})
	if !errors.Is(err, ErrKeyCommitment) {
		t.Errorf("unwrap of another key under the old name = %v, want %v", err, ErrKeyCommitment)
	}
	k, err := rollbook.newKey(other)
	if err != nil {
		t.Fatal(err)
	}
	_, err = rollbook.open(k, place{v.origin, owner, v.id, v.typ}, Block{KID: []byte(v.kid), Nonce: []byte(encoding.EncodeToString(blockNonce)), Text: []byte(v.text)})
	if !errors.Is(err, ErrKeyCommitment) {
		t.Errorf("open with another key = %v, want %v", err, ErrKeyCommitment)
	}
	// Moved to another owner, a wrapped key does not open either.
	_, err = rollbook.unwrap(m, v.origin, WrappedKey{Owner: Owner{"member/x", v.class}, KID: v.kid, KEK: v.kek, Wrapped: wrapped})
	if !errors.Is(err, ErrKeyCommitment) {
		t.Errorf("unwrap of another owner's key = %v, want %v", err, ErrKeyCommitment)
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	c := newCache(100)
	for i := range 10_000 {
		c.add(Owner{Subject: string(rune(i)), Class: "x"}, new(key))
		c.get(Owner{Subject: string(rune(i / 2)), Class: "x"})
		if n := len(c.young) + len(c.old); n > 100 {
			t.Fatalf("%d keys are cached, want at most 100", n)
		}
	}
	o := Owner{"member/m", "x"}
	c.add(o, new(key))
	c.drop(o.Subject)
	if c.get(o) != nil {
		t.Errorf("a dropped key is still there")
	}
}
