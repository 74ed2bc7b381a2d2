package ledger_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/ledger"
)

var errNo = errors.New("no")

func TestWhoRecordsIsAskedAboutTheOrganisationsThatAnEventConcerns(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	mustAccept(t, l, event("organisation.established", "organisation/z", "2020-01-01", `{"name":"Z","kind":"grassroots_cell","parent":"d"}`))
	tests := []struct {
		name, line    string
		belongs, puts []string
		top           bool
	}{
		{"a member belongs to where they count", event("member.rated", "member/m1", "2021-12-20", `{"year":2021,"grade":"good"}`), []string{"a"}, nil, false},
		{"who is new belongs nowhere", event("member.identified", "member/new", "2021-01-01", `{"person":`+person+`,"organisation":"z","source":"student"}`), nil, []string{"z"}, false},
		{"the other side of a transfer is not asked", event("member.transferred", "member/m1", "2021-12-20", `{"organisation":"z","temporary":false}`), []string{"a"}, nil, false},
		{"a new organisation concerns its superior", event("organisation.established", "organisation/y", "2021-01-01", `{"name":"Y","kind":"grassroots_cell","parent":"d"}`), nil, []string{"d"}, false},
		{"one without a superior concerns the whole ledger", event("organisation.established", "organisation/x", "2021-01-01", `{"name":"X","kind":"district_committee","parent":null}`), nil, nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got ledger.Concerned
			by := ledger.By{Day: day(t, "2023-01-01"), May: func(_ domain.Entry, c ledger.Concerned) error {
				got = c
				return errNo
			}}
			if _, err := l.RecordBy(t.Context(), []byte(tt.line), by); !errors.Is(err, errNo) {
				t.Fatalf("RecordBy = %v, want the answer of May", err)
			}
			if !slices.Equal(got.Belongs, tt.belongs) || !slices.Equal(got.Named, tt.puts) || got.Top != tt.top {
				t.Errorf("it concerns %v, %v, %v; want %v, %v, %v", got.Belongs, got.Named, got.Top, tt.belongs, tt.puts, tt.top)
			}
		})
	}
}

func TestAnImportIsAskedLineByLineWithWhatStandsBeforeInIt(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	no := &domain.Rejection{Code: domain.Forbidden, Field: "subject", Message: domain.Text{EN: "no"}}
	r, err := l.Import(t.Context(), []ledger.File{file(
		event("organisation.established", "organisation/z", "2020-01-01", `{"name":"Z","kind":"grassroots_cell","parent":"d"}`),
		event("organisation.commended", "organisation/z", "2022-01-01", `{"year":2022,"title":"T"}`),
		event("organisation.commended", "organisation/a", "2022-01-01", `{"year":2022,"title":"T"}`),
	)}, ledger.ImportOptions{By: ledger.By{Actor: "u-1", Day: day(t, "2023-01-01"), May: func(_ domain.Entry, c ledger.Concerned) error {
		if slices.Contains(c.Belongs, "a") {
			return no
		}
		return nil
	}}})
	if err != nil || r.Accepted != 2 || r.Rejected != 1 || r.Rejections[0].Line != 3 || r.Rejections[0].Code != domain.Forbidden {
		t.Fatalf("Import = %+v, %v; want two accepted, and the third line forbidden", r, err)
	}
	for e, err := range l.Events(t.Context(), ledger.EventFilter{Type: "organisation.commended"}) {
		if err != nil || e.Actor != "u-1" {
			t.Errorf("%s was recorded by %q, %v; want u-1", e.Subject, e.Actor, err)
		}
	}
}

func TestAnEventForAVersionThatIsNoLongerTheLastChangesNothing(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	h, err := l.History(t.Context(), "member/m1", 0, day(t, "2023-01-01"), 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := eventstore.Position(h.Version)
	rated := func(year string) []byte {
		return []byte(event("member.rated", "member/m1", year+"-12-20", `{"year":`+year+`,"grade":"good"}`))
	}
	first, err := l.RecordBy(t.Context(), rated("2021"), ledger.By{IfVersion: &seen})
	if err != nil || first.Status != "accepted" {
		t.Fatalf("RecordBy = %+v, %v", first, err)
	}
	_, err = l.RecordBy(t.Context(), rated("2022"), ledger.By{IfVersion: &seen})
	stale, ok := errors.AsType[*ledger.StaleError](err)
	if !ok || uint64(stale.Actual) != first.Sequence || stale.Expected != seen {
		t.Errorf("with the version before: %v, want a StaleError that names both", err)
	}
	again, err := l.RecordBy(t.Context(), rated("2021"), ledger.By{IfVersion: &seen})
	if err != nil || again.Status != "unchanged" {
		t.Errorf("the first one sent again: %+v, %v; want unchanged", again, err)
	}
}

func TestTryingSaysWhatRecordingWouldAndStoresNothing(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	before, _ := l.Last(t.Context())
	line := []byte(event("member.rated", "member/m1", "2021-12-20", `{"year":2021,"grade":"good"}`))
	for range 2 {
		if out, err := l.Try(t.Context(), line, ledger.By{}); err != nil || out.Status != "accepted" {
			t.Errorf("Try = %+v, %v", out, err)
		}
	}
	if _, err := l.Try(t.Context(), []byte(event("member.confirmed", "member/c1", "2021-03-01", `{"decision":{"number":"1","date":"2021-03-01"}}`)), ledger.By{}); err == nil {
		t.Error("Try accepts what Record rejects")
	}
	if out, err := l.Record(t.Context(), line); err != nil || out.Sequence != uint64(before)+1 {
		t.Errorf("Record after Try = %+v, %v; want sequence %d", out, err, before+1)
	}
	if out, err := l.Try(t.Context(), line, ledger.By{}); err != nil || out.Status != "unchanged" {
		t.Errorf("Try of what is there = %+v, %v", out, err)
	}
}

func TestWhoMayNotReadPersonalFieldsGetsThemSealed(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	h, err := l.SealedHistory(t.Context(), "member/m1", 0, day(t, "2023-01-01"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if first := h.Entries[0]; len(first.Closed) != 2 || first.Closed[0].Code != "NOT_OPENED" {
		t.Errorf("the first entry has %+v closed, want identity and sensitive", first.Closed)
	}
	if open, _ := l.History(t.Context(), "member/m1", 0, day(t, "2023-01-01"), 0); len(open.Entries[0].Data) <= len(h.Entries[0].Data) {
		t.Errorf("sealed %s, open %s", h.Entries[0].Data, open.Entries[0].Data)
	}
	for e, err := range l.Events(t.Context(), ledger.EventFilter{Sealed: true, Type: "member.brought_forward"}) {
		if err != nil || e.Missing != domain.Identity|domain.Sensitive {
			t.Errorf("%s misses %v, %v", e.Subject, e.Missing, err)
		}
	}
}

// file is lines to import.
func file(lines ...string) ledger.File {
	return ledger.File{Name: "test.ndjson", Reader: strings.NewReader(strings.Join(lines, "\n"))}
}
