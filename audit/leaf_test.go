package audit_test

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"rollbook/audit"
	"rollbook/eventstore"
)

// The vector was made by another program, see docs/format.md.
func TestLeafVector(t *testing.T) {
	entry, err := audit.AppendEntry(nil, eventstore.Stored{
		Position: 1, Time: time.Unix(0, 1767225600000000000), Subject: "ledger.member.m0000",
		Headers: [][2]string{{"Ledger-Id", "ev0"}, {"Ledger-Prev-Seq", "0"}}, Data: []byte(`{}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	hash := audit.LeafHash(entry)
	if got := hex.EncodeToString(entry); got != wantEntry {
		t.Errorf("entry\n got %s\nwant %s", got, wantEntry)
	}
	if got := base64.StdEncoding.EncodeToString(hash[:]); got != wantLeaf {
		t.Errorf("leaf = %s, want %s", got, wantLeaf)
	}
}

// Case 62: rare records. The hashes were made by another program, as docs/format.md has
// the entry.
func TestLeavesOfRareRecords(t *testing.T) {
	at := time.Unix(0, 1767225600000000000)
	for want, s := range map[string]eventstore.Stored{
		"Mv7Yup98BoFgbzr7TE7lgIRVb5JvJfVDFj8kWs1sQ6A=": {Position: 2, Time: at, Subject: "ledger.member." + strings.Repeat("m", 186), Headers: [][2]string{{"Ledger-Id", "ev0"}}, Data: []byte(`{}`)},
		"IASBdAtFw0EO0sv8udAtDwVxyp+4pfN6KBCzuwCuIzE=": {Position: 3, Time: at, Subject: "ledger.member.m1", Headers: [][2]string{{"X", "a"}, {"X", "b"}}, Data: []byte(`{}`)},
		"YiN9o2VL3Q4kBtGWsvm2PQI/aJX0vXgxjsTA1Awkark=": {Position: 4, Time: at, Subject: "ledger.member.m1", Headers: [][2]string{{"X", ""}}},
		"hiSsxjrfvIzKk1PtQ+niesMQhgLbHyjtQvmFzX8seM0=": {Position: 5, Time: at, Subject: "ledger.member.m1", Headers: [][2]string{{"Ledger-Reason", "họp chi bộ"}, {"ledger-reason", "x"}}, Data: []byte("Đặng")},
		"Xhi7n2PSFW3sS4YucRjQpWTZXPpKb5Pd4kTejn7bPRA=": {Position: 1<<63 - 1, Time: time.Unix(0, 0), Subject: "l.x", Data: make([]byte, 100_000)},
	} {
		entry, err := audit.AppendEntry(nil, s)
		if err != nil {
			t.Fatal(err)
		}
		hash := audit.LeafHash(entry)
		if got := base64.StdEncoding.EncodeToString(hash[:]); got != want {
			t.Errorf("leaf of the record %d = %s, want %s", s.Position, got, want)
		}
	}
}

func FuzzParseCheckpoint(f *testing.F) {
	f.Add("rollbook/test/e1\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")
	f.Add("a\n18446744073709551615\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := audit.ParseCheckpoint(text)
		if err == nil && c.String() != text {
			t.Errorf("ParseCheckpoint(%q) writes %q", text, c.String())
		}
	})
}

const (
	wantEntry = "726f6c6c626f6f6b2f6c6561662f76310a000000000000000118867251edfa000000136c65646765722e6d656d6265722e6d30303030000200094c65646765722d496400000003657630000f4c65646765722d507265762d53657100000001300000000244136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
	wantLeaf  = "oDvxbT4FVC/QRwi6qxAWFWbCFU6I+t6UHDi6yAuj3ng="
)
