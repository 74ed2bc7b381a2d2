package ledger_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"rollbook/eventstore/jetstream"
	"rollbook/internal/postgres/pgtest"
	"rollbook/projections"
	"rollbook/projections/postgres"
	"rollbook/projections/sqlite"
)

func TestMain(m *testing.M) {
	crashed()
	verified()
	os.Exit((&pgtest.Main{M: m}).Run())
}

// Rebuild of 1,000,000 events into all read models on each database, in turns
// with a bare consumer that drains the same stream and looks at nothing.
func BenchmarkRebuildMillion(b *testing.B) {
	l, r := filled(b, 1_000_000)
	log, ok := l.Records().(*jetstream.Log)
	if !ok {
		b.Fatal("the log is of another kind")
	}
	type store interface {
		projections.Home
		Close() error
	}
	for name, open := range map[string]func() (store, error){
		"SQLite": func() (store, error) {
			return sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "models.db"), "bench")
		},
		"PostgreSQL": func() (store, error) {
			return postgres.Open(b.Context(), postgres.Config{URL: pgtest.Database(b), Ledger: "bench"})
		},
	} {
		b.Run(name, func(b *testing.B) {
			s, err := open()
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			var ours, bare float64
			for b.Loop() {
				rate, err := log.BareDrain(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				bare += rate
				start := time.Now()
				if err := l.RebuildInto(b.Context(), s); err != nil {
					b.Fatal(err)
				}
				ours += float64(r.LastSequence) / time.Since(start).Seconds()
			}
			b.ReportMetric(ours/float64(b.N), "events/s")
			b.ReportMetric(bare/float64(b.N), "bare-messages/s")
			b.ReportMetric(ours/bare, "of-bare")
			reportMemory(b)
		})
	}
}
