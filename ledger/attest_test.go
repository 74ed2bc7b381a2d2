package ledger_test

import (
	"errors"
	"strings"
	"testing"

	"rollbook/eventstore"
	"rollbook/ledger"
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
	var head eventstore.Head
	for rec, err := range l.Records().Replay(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Stream == "member/m1" {
			head = rec.Head()
		}
	}
	poison := eventstore.Record{ID: "by-hand", Type: "member.died", Schema: "urn:rollbook:member.died:1", Data: []byte("\xff")}
	at, err := l.Records().Append(t.Context(), eventstore.Write{Stream: "member/m1", Expected: head, Records: []eventstore.Record{poison}})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range queries {
		if r, err := l.Attest(t.Context(), q); !errors.Is(err, ledger.ErrIncomplete) || r.Note != "" || !strings.Contains(err.Error(), "1 wait") {
			t.Errorf("Attest(%+v) = %q, %v; want %v", q, r.Note, err, ledger.ErrIncomplete)
		}
	}
	if _, parked, err := l.Models(t.Context()); err != nil || len(parked) != 1 || parked[0].Subject != "member/m1" || parked[0].Position != at || parked[0].Reason == "" {
		t.Errorf("parked: %+v, %v; want member/m1 since %d", parked, err, at)
	}
}
