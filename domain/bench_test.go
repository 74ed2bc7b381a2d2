package domain_test

import (
	"testing"

	"rollbook/domain"
)

var benchTypes = []string{"member.brought_forward", "member.admitted", "member.rated", "organisation.established"}

func BenchmarkParse(b *testing.B) {
	for _, name := range benchTypes {
		line := []byte(readGolden(b, name).Full.Event)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := codec.Parse(line); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParsePayload(b *testing.B) {
	for _, name := range benchTypes {
		// As most records are: without a reason and an exception.
		payload := domain.AppendPayload(nil, domain.Entry{EffectiveOn: day("2021-06-01"), Event: examples()[name].full}, domain.All)
		schema := "urn:rollbook:" + name + ":1"
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(payload)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := domain.ParsePayload(name, schema, payload, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendPayload(b *testing.B) {
	e := fullEntry(examples()["member.brought_forward"].full)
	out := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		out = domain.AppendPayload(out[:0], e, domain.All)
	}
}

// benchLife is a member with ten entries.
func benchLife(b *testing.B) *world {
	b.Helper()
	return founded(b).given(b, mentee...).given(b,
		member("m", "2022-12-31", rated(2022, "good")),
		member("m", "2023-03-01", transferred("b")),
		member("m", "2023-12-31", rated(2023, "excellent")),
		member("m", "2024-02-03", &domain.CardIssued{Card: "00123456"}),
		member("m", "2024-05-01", &domain.ProfileChanged{Person: domain.Person{Phone: "0912345678"}}),
		member("m", "2024-12-31", rated(2024, "good")),
		member("m", "2025-06-30", transferred("c")),
	)
}

func BenchmarkLifeOf(b *testing.B) {
	w := benchLife(b)
	line := w.lines["member/m"]
	if line.Len() != 10 {
		b.Fatalf("%d entries, want 10", line.Len())
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, r := domain.LifeOf(line, w.directory); r != nil {
			b.Fatal(r)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	w := benchLife(b)
	e := member("m", "2025-12-31", rated(2025, "good"))
	e.ID, e.Sequence = "next", w.sequence+1
	late := member("m", "2021-12-31", rated(2021, "good"))
	late.ID, late.Sequence = "next", w.sequence+1
	merger := organisation("a1", "2025-12-31", merged("b"))
	merger.ID, merger.Sequence = "next", w.sequence+1
	for name, entry := range map[string]domain.Entry{"rating": e, "late rating": late, "merger": merger} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := domain.Decide(w, entry); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
