package audit_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollbook/audit"
)

// What follows makes keys and cosignatures in code of its own.

var seeds = map[string][]byte{}

// secretOf returns the seed of a key that newKey made.
func secretOf(t testing.TB, key *audit.Key) []byte {
	t.Helper()
	seed := seeds[key.Public().String()]
	if seed == nil {
		t.Fatalf("no seed of %s", key.Public())
	}
	return seed
}

func remember(t testing.TB, path string, key *audit.Key) {
	t.Helper()
	text, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.SplitN(strings.TrimSpace(string(text)), "+", 5)
	b, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil || len(b) != 33 {
		t.Fatalf("the key's file has no seed: %v", err)
	}
	seeds[key.Public().String()] = b[1:]
}

func keyID(name string, role audit.Role, public ed25519.PublicKey) [4]byte {
	sum := sha256.Sum256(append([]byte(name+"\n"+string([]byte{byte(role)})), public...))
	return [4]byte(sum[:4])
}

func secretText(name string, role audit.Role, seed []byte) string {
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	return fmt.Sprintf("PRIVATE+KEY+%s+%x+%s", name, keyID(name, role, public), base64.StdEncoding.EncodeToString(append([]byte{byte(role)}, seed...)))
}

// rename returns the same key under another name.
func rename(t testing.TB, key *audit.Key, name string) *audit.Key {
	t.Helper()
	seed := secretOf(t, key)
	renamed, err := audit.ParseKey(secretText(name, key.Public().Role, seed))
	if err != nil {
		t.Fatal(err)
	}
	seeds[renamed.Public().String()] = seed
	return renamed
}

// cosignature returns a witness's line under a body.
func cosignature(t testing.TB, key *audit.Key, body string, at time.Time) string {
	t.Helper()
	private := ed25519.NewKeyFromSeed(secretOf(t, key))
	id := keyID(key.Public().Name, key.Public().Role, private.Public().(ed25519.PublicKey))
	b := binary.BigEndian.AppendUint64(id[:], uint64(at.Unix()))
	b = append(b, ed25519.Sign(private, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at.Unix(), body))...)
	return "— " + key.Public().Name + " " + base64.StdEncoding.EncodeToString(b) + "\n"
}
