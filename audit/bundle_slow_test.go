//go:build !race

package audit_test

import (
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"rollbook/audit"
)

// A bundle is read by one goroutine, and the race detector makes these tests ten times as slow: check.sh runs what
// is in a file with this tag without it.

// 38: what is large costs little: less than 64 MB are asked for from first to last.
func TestHostileBundlesAreBounded(t *testing.T) {
	s, root := town(t)
	right := string(marshal(t, s.bundle(t, "an", 12, root)))
	begin, rest, _ := strings.Cut(right, `"events":[`)
	record := rest[:strings.Index(rest, "]},")+2]
	full := func(more string) string {
		return begin + `"events":[` + strings.Repeat(more+",", (31<<20)/(len(more)+1)) + record + rest[strings.Index(rest, "],\n\"index\""):]
	}
	small := `{"index":0,"seq":1,"ts":0,"subject":"","headers":[` + strings.Repeat(`["",""],`, 31) + `["",""]],"payload":"","proof":[]}`
	proof := `{"index":0,"seq":1,"ts":0,"subject":"","headers":[],"payload":"","proof":[` + strings.Repeat(`"`+audit.Hash{}.String()+`",`, 62) + `"` + audit.Hash{}.String() + `"]}`
	note := `"checkpoint":"` + strings.Repeat(`rollbook/test/e1\n`, 100<<20/18)
	tests := map[string]string{
		"a note of 100 MB":          begin[:strings.Index(begin, `"checkpoint":"`)] + note + `",` + rest,
		"a note of 30 MB":           begin[:strings.Index(begin, `"checkpoint":"`)] + note[:30<<20] + `",` + rest,
		"many records":              full(strings.Replace(small, strings.Repeat(`["",""],`, 31)+`["",""]`, "", 1)),
		"many headers":              full(small),
		"many hashes":               full(proof),
		"large data":                full(strings.Replace(small, `"payload":"`, `"payload":"`+strings.Repeat("A", 340<<10), 1)),
		"a subject of 30 MB":        full(strings.Replace(small, `"subject":"`, `"subject":"`+strings.Repeat("a", 30<<20), 1)),
		"escapes of 30 MB":          full(strings.Replace(small, `"subject":"`, `"subject":"`+strings.Repeat(`\u0041`, 5<<20), 1)),
		"white space":               begin + strings.Repeat(" ", 31<<20) + `"events":[` + rest,
		"an endless number":         strings.Replace(right, `"seq":1`, `"seq":`+strings.Repeat("1", 31<<20), 1),
		"nothing but opening marks": strings.Repeat(`{"format":`, 3<<20),
		"many earlier notes":        right[:len(right)-2] + `,"earlier":[` + strings.Repeat(`{"checkpoint":"`+strings.Repeat(`a\n`, 1000)+`\n— a AAAA\n","consistency":[]},`, 10_000) + `{}]}`,
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			b := []byte(text)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := s.check(b)
			runtime.ReadMemStats(&after)
			if spent := after.TotalAlloc - before.TotalAlloc; spent > 64<<20 {
				t.Errorf("CheckBundle of %d MB has asked for %d MB", len(b)>>20, spent>>20)
			}
			want := audit.BundleMalformed
			switch name {
			case "white space":
				want = "" // means nothing
			case "large data":
				want = audit.InclusionInvalid // a record may be as large
			}
			wantCode(t, "CheckBundle", err, want)
		})
	}
}

// Every byte of a bundle, changed to its neighbours and to white space.
func TestEveryByteOfABundleCounts(t *testing.T) {
	s, root := town(t)
	for _, member := range []string{"an", "cuc"} {
		b := marshal(t, s.bundle(t, member, 12, root))
		want, err := s.check(b)
		if err != nil {
			t.Fatal(err)
		}
		for at := range b {
			for _, to := range []byte{b[at] ^ 1, [...]byte{b[at] ^ 32, ' ', byte(rand.Uint32())}[at%3]} {
				s.sameOrRefused(t, b, at, to, want)
			}
		}
	}
}
