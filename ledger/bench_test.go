package ledger_test

import (
	"bytes"
	"io"
	"runtime"
	"testing"
	"time"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
	"rollbook/internal/naive"
	"rollbook/ledger"
	"rollbook/projections"
)

// bulk returns the lines of a large plain history of about n events.
func bulk(b testing.TB, n int) []byte {
	b.Helper()
	var buf bytes.Buffer
	if err := naive.Bulk(&buf, n/10, 10, 1); err != nil {
		b.Fatal(err)
	}
	return buf.Bytes()
}

// filled returns a ledger of about n events whose read models are still empty.
func filled(b *testing.B, n int) (*ledger.Ledger, ledger.ImportResult) {
	b.Helper()
	l, _ := open(b)
	pr, pw := io.Pipe()
	go func() { pw.CloseWithError(naive.Bulk(pw, n/10, 10, 1)) }()
	r, err := l.Import(b.Context(), []ledger.File{{Name: "bulk", Reader: pr}}, ledger.ImportOptions{Language: "en"})
	if err != nil {
		b.Fatal(err)
	}
	if r.Rejected > 0 {
		b.Fatalf("%d of the benchmark's events rejected: %+v", r.Rejected, r.Rejections[0])
	}
	return l, r
}

func reportMemory(b *testing.B) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapSys-m.HeapReleased)/(1<<20), "heap-MB")
}

// Import of 100,000 events into an empty ledger, each on the disk when it
// returns; beside it, in turns, what bare JetStream does with as many messages
// of as many bytes in batches of the same size.
func BenchmarkImport100k(b *testing.B) {
	file := bulk(b, 100_000)
	lines := bytes.Count(file, []byte("\n"))
	var bare, ours float64
	for b.Loop() {
		b.StopTimer()
		l, _ := open(b)
		b.StartTimer()
		start := time.Now()
		r, err := l.Import(b.Context(), []ledger.File{{Name: "bulk", Reader: bytes.NewReader(file)}}, ledger.ImportOptions{})
		if err != nil || r.Rejected > 0 {
			b.Fatal(err, r.Rejected)
		}
		ours += float64(r.Accepted) / time.Since(start).Seconds()
		b.StopTimer()
		size, err := ledger.MeanRecord(b.Context(), l)
		if err != nil {
			b.Fatal(err)
		}
		rate, err := jetstream.BareBatches(b.Context(), b.TempDir(), lines/eventstore.MaxBatch*eventstore.MaxBatch, eventstore.MaxBatch, size)
		if err != nil {
			b.Fatal(err)
		}
		bare += rate
		b.StartTimer()
	}
	b.ReportMetric(ours/float64(b.N), "events/s")
	b.ReportMetric(bare/float64(b.N), "bare-messages/s")
	b.ReportMetric(ours/bare, "of-bare")
	reportMemory(b)
}

// Replay of 1,000,000 events into all read models, and questions to them.
func BenchmarkMillion(b *testing.B) {
	l, r := filled(b, 1_000_000)
	figures, err := l.Figures(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("rebuild", func(b *testing.B) {
		for b.Loop() {
			start := time.Now()
			if err := l.Replay(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(r.Accepted)/time.Since(start).Seconds(), "events/s")
		}
		reportMemory(b)
	})
	asOf := day(b, "2022-12-31")
	q := projections.Question{AsOf: asOf}
	cold := time.Now()
	h, err := figures.Headcount(b.Context(), q, []projections.Dimension{"ethnicity"})
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d members; first headcount after a start: %v", h.Total, time.Since(cold))
	b.Run("headcount by ethnicity", func(b *testing.B) {
		for b.Loop() {
			if _, err := figures.Headcount(b.Context(), q, []projections.Dimension{"ethnicity"}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("headcount known earlier", func(b *testing.B) {
		q := projections.Question{AsOf: asOf, KnownAt: r.LastSequence / 2}
		for b.Loop() {
			if _, err := figures.Headcount(b.Context(), q, []projections.Dimension{"ethnicity"}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("movements", func(b *testing.B) {
		for b.Loop() {
			if _, err := figures.Movements(b.Context(), q, day(b, "2021-12-31")); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("indicators", func(b *testing.B) {
		for b.Loop() {
			if _, err := figures.Indicators(b.Context(), q, 2022, false); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("history", func(b *testing.B) {
		var subjects []domain.Subject
		for e, err := range l.Events(b.Context(), ledger.EventFilter{From: r.LastSequence - 5000}) {
			if err != nil {
				b.Fatal(err)
			}
			if e.Subject.Kind() == domain.MemberKind {
				subjects = append(subjects, e.Subject)
			}
		}
		i := 0
		for b.Loop() {
			if _, err := l.History(b.Context(), subjects[i%len(subjects)], 0, asOf, 0); err != nil {
				b.Fatal(err)
			}
			i += 37
		}
	})
	reportMemory(b)
}
