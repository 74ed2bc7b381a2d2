package archive_test

import (
	"context"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rollbook/eventstore"
	"rollbook/eventstore/archive"
)

func background() context.Context { return context.Background() }

// records is a log in memory.
type records []eventstore.Stored

func (r records) ReplayStored(_ context.Context, after, to eventstore.Position) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		for _, s := range r[after:to] {
			if !yield(s, nil) {
				return
			}
		}
	}
}

func (r records) Shape(context.Context) (eventstore.Shape, error) {
	return eventstore.Shape{First: 1, Last: eventstore.Position(len(r)), Created: time.Unix(1, 0).UTC()}, nil
}

// Whatever lies in a segment's file, it is read in bounded memory or refused.
func FuzzSegment(f *testing.F) {
	dir := f.TempDir()
	a, err := archive.Open(dir, archive.Options{Origin: origin, SegmentBytes: 200})
	if err != nil {
		f.Fatal(err)
	}
	list := records{
		{Position: 1, Time: time.Unix(0, 5).UTC(), Subject: "l.member.m1", Headers: [][2]string{{"A", "b"}, {"A", ""}}, Data: []byte("x")},
		{Position: 2, Time: time.Unix(0, 6).UTC(), Subject: "l.member.m2", Data: make([]byte, 100)},
	}
	if err := a.Follow(f.Context(), list, 2); err != nil {
		f.Fatal(err)
	}
	if err := a.Close(); err != nil {
		f.Fatal(err)
	}
	about, err := os.ReadFile(filepath.Join(dir, "archive.json"))
	if err != nil {
		f.Fatal(err)
	}
	const name = "00000000000000000001.seg"
	whole, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:50])
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		for name, content := range map[string][]byte{"archive.json": about, name: b} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		a, err := archive.OpenReader(dir)
		if err != nil {
			t.Fatal(err)
		}
		damage, err := a.Verify(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		at := eventstore.Position(0)
		var broken error
		for s, err := range a.ReplayStored(t.Context(), 0, 0) {
			if broken = err; err == nil {
				at = s.Position
			}
		}
		if (broken == nil) != (len(damage) == 0) {
			t.Errorf("Verify says %v, and ReplayStored %v after %d", damage, broken, at)
		}
		if _, to, err := a.Stream(t.Context(), "l.member.m1"); err == nil && to < at {
			t.Errorf("Stream comes to %d, and ReplayStored to %d", to, at)
		}
	})
}

func BenchmarkReplay(b *testing.B) {
	const n = 500_000
	list := make(records, n)
	for i := range list {
		list[i] = eventstore.Stored{
			Position: eventstore.Position(i + 1), Time: time.Unix(0, int64(i)).UTC(), Subject: "l.member.m123456",
			Headers: [][2]string{{"Ledger-Id", "0123456789012345"}, {"Ledger-Prev-Seq", "12345"}, {"Ledger-Schema", "urn:rollbook:member.rated:1"}, {"Ledger-Type", "member.rated"}, {"Ledger-Version", "7"}},
			Data:    make([]byte, 500),
		}
	}
	a, err := archive.Open(b.TempDir(), archive.Options{Origin: origin})
	if err != nil {
		b.Fatal(err)
	}
	defer a.Close()
	if err := a.Follow(b.Context(), list, n); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		count := 0
		for _, err := range a.ReplayStored(b.Context(), 0, 0) {
			if err != nil {
				b.Fatal(err)
			}
			count++
		}
		if count != n {
			b.Fatalf("%d records", count)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
