package ledger_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/ledger"
	"rollbook/projections"
)

// A report that somebody is missing from, because a record of theirs is not
// understood, is not attested, whatever it asks for; the one before it stays good.
func TestAReportOverSomebodyParkedIsNotAttested(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	queries := []ledger.Query{
		{Report: "headcount", AsOf: "2022-12-31"},
		{Report: "movements", AsOf: "2022-12-31", From: "2021-12-31"},
		{Report: "indicators", AsOf: "2022-12-31"},
	}
	for _, q := range queries {
		if r, err := l.Attest(t.Context(), q); err != nil || r.Note == "" {
			t.Fatalf("Attest(%+v) before = %+v, %v", q, r, err)
		}
	}
	at := poison(t, l, "member/m1")
	for _, q := range queries {
		if r, err := l.Attest(t.Context(), q); !errors.Is(err, ledger.ErrIncomplete) || r.Note != "" || !strings.Contains(err.Error(), "1 wait") {
			t.Errorf("Attest(%+v) = %q, %v; want %v", q, r.Note, err, ledger.ErrIncomplete)
		}
	}
	if _, parked, err := l.Models(t.Context()); err != nil || len(parked) != 1 || parked[0].Subject != "member/m1" || parked[0].Position != at || parked[0].Reason == "" {
		t.Errorf("parked: %+v, %v; want member/m1 since %d", parked, err, at)
	}
}

// A member who is parked is judged as far as they are understood, the others as
// ever, and the findings say that somebody is missing.
func TestFindingsSayThatSomebodyIsParked(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, append(opening(),
		event("member.identified", "member/m8", "2020-03-01", `{"person":{"full_name":"Giàng Thị Dở","birth_date":"2004-09-02","gender":"female","ethnicity":"08","religion":"00"},"organisation":"b","source":"youth_union"}`),
		event("member.admitted", "member/m8", "2021-05-19", `{"decision":{"number":"112-QĐ/HU","date":"2021-05-10"}}`),
		event("member.identified", "member/m9", "2020-03-01", `{"person":{"full_name":"Giàng Thị Sua","birth_date":"2004-09-02","gender":"female","ethnicity":"08","religion":"00"},"organisation":"b","source":"youth_union"}`),
		event("member.admitted", "member/m9", "2021-05-19", `{"decision":{"number":"113-QĐ/HU","date":"2021-05-10"}}`),
	)...)
	ask := func() (of map[domain.Subject]int, standing projections.Standing) {
		t.Helper()
		f, err := l.Findings(t.Context(), projections.FindingsQuestion{Question: projections.Question{AsOf: day(t, "2021-12-31")}})
		if err != nil {
			t.Fatal(err)
		}
		of = map[domain.Subject]int{}
		for _, r := range f.Rows {
			of[r.Subject]++
		}
		return of, f.Standing
	}
	before, standing := ask()
	if before["member/m8"] == 0 || before["member/m9"] != before["member/m8"] || !standing.Complete {
		t.Fatalf("before: %v, %+v", before, standing)
	}
	poison(t, l, "member/m8")
	after, standing := ask()
	if !maps.Equal(after, before) || standing.Complete || standing.Parked != 1 {
		t.Errorf("with one parked: %v, %+v; before it was %v", after, standing, before)
	}
}

// poison appends by hand what nobody understands to a stream, and returns where it
// stands.
func poison(t *testing.T, l *ledger.Ledger, stream string) eventstore.Position {
	t.Helper()
	var head eventstore.Head
	for rec, err := range l.Records().Replay(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Stream == stream {
			head = rec.Head()
		}
	}
	poison := eventstore.Record{ID: "by-hand", Type: "member.died", Schema: "urn:rollbook:member.died:1", Data: []byte("\xff")}
	at, err := l.Records().Append(t.Context(), eventstore.Write{Stream: stream, Expected: head, Records: []eventstore.Record{poison}})
	if err != nil {
		t.Fatal(err)
	}
	return at
}
