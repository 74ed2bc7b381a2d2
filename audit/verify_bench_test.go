package audit_test

import (
	"fmt"
	"testing"
	"time"

	"rollbook/audit"
	"rollbook/eventstore"
	"rollbook/eventstore/archive"
)

// Verification of 500,000 records of 50,000 members from an archive.
func BenchmarkVerifyArchive(b *testing.B) {
	const n, members = 500_000, 50_000
	log := &records{created: time.Unix(1, 0).UTC()}
	for i := range n {
		version := i/members + 1
		previous := max(0, i+1-members)
		if version == 1 {
			previous = 0
		}
		log.list = append(log.list, eventstore.Stored{
			Position: eventstore.Position(i + 1), Time: time.Unix(0, int64(i)).UTC(), Subject: fmt.Sprintf("ledger.member.m%d", i%members),
			Headers: [][2]string{
				{"Ledger-Actor", "clerk"},
				{"Ledger-Id", fmt.Sprint("r", i)},
				{"Ledger-Prev-Seq", fmt.Sprint(previous)},
				{"Ledger-Schema", "urn:rollbook:member.rated:1"},
				{"Ledger-Type", "member.rated"},
				{"Ledger-Version", fmt.Sprint(version)},
			},
			Data: make([]byte, 500),
		})
	}
	a, err := archive.Open(b.TempDir(), archive.Options{Origin: origin})
	if err != nil {
		b.Fatal(err)
	}
	defer a.Close()
	if err := a.Follow(b.Context(), log, n); err != nil {
		b.Fatal(err)
	}
	log.list = nil
	for b.Loop() {
		v, err := audit.Verification{Log: a, Copy: true}.Verify(b.Context())
		if err != nil || !v.Good() || v.Records != n {
			b.Fatal(v, err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
