package audit_test

import (
	"runtime"
	"strings"
	"testing"

	"rollbook/audit"
)

// 38: of a text of 100 MB nothing is kept, not even for a moment.
func TestHostileTextsTakeNoMemory(t *testing.T) {
	policy := audit.OwnPolicy(newKey(t, origin, audit.LogKey).Public())
	for name, text := range map[string]string{
		"lines":      strings.Repeat("\n", 100<<20),
		"signatures": strings.Repeat("— x AAAAAAAA\n", 100<<20/15),
		"hashes":     "old 1\n" + strings.Repeat(audit.Hash{}.String()+"\n", 100<<20/45),
		"one line":   "c2sp.org/tlog-proof@v1\nextra " + strings.Repeat("A", 100<<20),
		"a key":      "PRIVATE+KEY+a+00000000+" + strings.Repeat("A", 100<<20),
	} {
		b := []byte(text)
		for what, read := range map[string]func() error{
			"Verify":          func() error { _, err := policy.Verify(b, now, 0); return err },
			"ParseRequest":    func() error { _, err := audit.ParseRequest(b); return err },
			"ParseProof":      func() error { _, err := audit.ParseProof(b); return err },
			"ParsePolicy":     func() error { _, err := audit.ParsePolicy(b); return err },
			"ParseCheckpoint": func() error { _, err := audit.ParseCheckpoint(text); return err },
			"ParseKey":        func() error { _, err := audit.ParseKey(text); return err },
			"ParsePublicKey":  func() error { _, err := audit.ParsePublicKey(text); return err },
			"ReadHistory": func() (last error) {
				for _, err := range audit.ReadHistory(strings.NewReader(text[:10<<20])) {
					if last = err; err != nil {
						break
					}
				}
				return last
			},
		} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := read()
			runtime.ReadMemStats(&after)
			if err == nil && what != "ReadHistory" { // empty lines are nothing
				t.Errorf("%s reads %s", what, name)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 4<<20 {
				t.Errorf("%s of %s takes %d bytes of memory", what, name, took)
			}
		}
	}
}
