package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/ledger"
	"rollbook/projections"
)

func TestRecordingTheSameFactTwiceStoresItOnce(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	line := []byte(event("member.card_issued", "member/m1", "2021-03-01", `{"card":"01234567"}`))
	first, err := l.Record(t.Context(), line)
	if err != nil || first.Status != "accepted" || first.Sequence != 6 {
		t.Fatalf("Record = %+v, %v", first, err)
	}
	again, err := l.Record(t.Context(), line)
	if err != nil || again.Status != "unchanged" || again.Sequence != 6 || again.ID != first.ID {
		t.Errorf("again = %+v, %v; want unchanged at 6", again, err)
	}
}

func TestARejectedFactChangesNothing(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	_, err := l.Record(t.Context(), []byte(event("member.confirmed", "member/c1", "2021-03-01", `{"decision":{"number":"1","date":"2021-03-01"}}`)))
	var r *domain.Rejection
	if !errors.As(err, &r) || r.Code != domain.Invariant {
		t.Errorf("Record = %v, want a rejection %s", err, domain.Invariant)
	}
	if last, _ := l.Last(t.Context()); last != 5 {
		t.Errorf("the log ends at %d, want 5", last)
	}
}

func TestClerksAtOnceAreAllServed(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	var wg sync.WaitGroup
	const clerks = 8
	for i := range clerks {
		wg.Go(func() {
			for n := range 5 {
				line := event("organisation.commended", "organisation/a", "2022-01-01", fmt.Sprintf(`{"year":2022,"title":"%d của %d"}`, n, i))
				if _, err := l.Record(t.Context(), []byte(line)); err != nil {
					t.Errorf("clerk %d: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	if last, _ := l.Last(t.Context()); last != 5+clerks*5 {
		t.Errorf("the log ends at %d, want %d", last, 5+clerks*5)
	}
}

func TestHistoryShowsEntriesAndTheStateAfterEach(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	wrong := strings.Replace(event("member.disciplined", "member/m1", "2021-06-01", `{"measure":"warning","decision":{"number":"2","date":"2021-06-01"}}`), "{", `{"id":"wrong-1",`, 1)
	annul := strings.Replace(event("member.entry_annulled", "member/m1", "2021-06-01", `{"annuls":"wrong-1"}`), "{", `{"id":"annul-1","reason":"nhầm người",`, 1)
	mustAccept(t, l,
		wrong, annul,
		event("organisation.merged", "organisation/a", "2022-01-01", `{"into":"b"}`),
		event("member.rated", "member/m1", "2021-12-20", `{"year":2021,"grade":"good"}`), // late: recorded after the merger, before it in time
		event("member.died", "member/m1", "2035-01-01", `{}`),
	)
	today := day(t, "2026-01-01")
	h, err := l.History(t.Context(), "member/m1", 0, today, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range h.Entries {
		line := fmt.Sprintf("%s %s", e.EffectiveOn, e.Type)
		if e.AnnulledBy != "" {
			line += " annulled by " + e.AnnulledBy
		}
		if e.State != nil {
			line += fmt.Sprintf(" -> %s in %s", e.State.Status, e.State.Organisation)
		}
		got = append(got, line)
	}
	want := []string{
		"2020-01-01 member.brought_forward -> official in a",
		"2021-06-01 member.disciplined annulled by annul-1",
		"2021-06-01 member.entry_annulled",
		"2021-12-20 member.rated -> official in a",
		"2022-01-01 organisation.merged -> official in b",
		"2035-01-01 member.died -> ended in b",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("history:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if h.State.Status != domain.Official || h.State.Organisation != "b" {
		t.Errorf("state today = %+v, want official in b", h.State)
	}
	if !strings.Contains(string(h.Entries[0].Data), "Giàng A Sử") {
		t.Errorf("the history does not show the person: %s", h.Entries[0].Data)
	}

	// As it was on a day, and as it was known when the log had 7 records.
	h, err = l.History(t.Context(), "member/m1", day(t, "2021-12-31"), today, 7)
	if err != nil || len(h.Entries) != 3 || h.State.Organisation != "a" || h.KnownAt != 7 {
		t.Errorf("as of 2021-12-31, known at 7: %d entries, state %+v, %v", len(h.Entries), h.State, err)
	}
	if _, err := l.History(t.Context(), "member/nobody", 0, today, 0); !errors.Is(err, ledger.ErrUnknownSubject) {
		t.Errorf("history of nobody = %v, want %v", err, ledger.ErrUnknownSubject)
	}
}

func TestEventsOfASubtree(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, append(opening(),
		event("village.registered", "village/v1", "2020-01-01", `{"name":"Bản Một","commune":"b"}`),
		event("member.transferred", "member/m1", "2021-05-01", `{"organisation":"b","temporary":false}`),
		event("member.rated", "member/m1", "2021-12-20", `{"year":2021,"grade":"good"}`),
	)...)
	var got []string
	for e, err := range l.Events(t.Context(), ledger.EventFilter{Organisation: "b"}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(e.Sequence, " ", e.Type()))
	}
	want := "3 organisation.established, 6 village.registered, 7 member.transferred, 8 member.rated"
	if strings.Join(got, ", ") != want {
		t.Errorf("events of b: %s; want %s", strings.Join(got, ", "), want)
	}
	for _, err := range l.Events(t.Context(), ledger.EventFilter{Organisation: "zz"}) {
		if !errors.Is(err, projections.ErrUnknownOrganisation) {
			t.Errorf("events of an unknown organisation: %v", err)
		}
	}
}

func TestFollowingSeesWhatIsRecordedMeanwhile(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	seen := 0
	for e, err := range l.Events(ctx, ledger.EventFilter{Follow: true, From: 5}) {
		if err != nil {
			t.Fatal(err)
		}
		seen++
		if e.Type() == "member.card_issued" {
			break
		}
		if _, err := l.Record(ctx, []byte(event("member.card_issued", "member/m1", "2021-03-01", `{"card":"01234567"}`))); err != nil {
			t.Fatal(err)
		}
	}
	if seen != 2 {
		t.Errorf("followed %d events, want the candidate and the card", seen)
	}
}

func TestKnownAtAMomentIsTheLastRecordedByThen(t *testing.T) {
	l, _ := open(t)
	if at, err := l.KnownAt(t.Context(), time.Now()); at != 0 || err != nil {
		t.Errorf("KnownAt of an empty log = %d, %v", at, err)
	}
	mustAccept(t, l, opening()...)
	var times []time.Time
	for e, err := range l.Events(t.Context(), ledger.EventFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, e.Time)
	}
	if at, err := l.KnownAt(t.Context(), times[4]); at != 5 || err != nil {
		t.Errorf("KnownAt(the last time) = %d, %v; want 5", at, err)
	}
	if at, err := l.KnownAt(t.Context(), times[0].Add(-time.Nanosecond)); at != 0 || err != nil {
		t.Errorf("KnownAt(before the first) = %d, %v; want 0", at, err)
	}
}

func TestADirectoryServesOneProcessAtATime(t *testing.T) {
	l, dir := open(t)
	mustAccept(t, l, opening()...)
	if _, err := ledger.Open(t.Context(), dir, ledger.Options{}); !errors.Is(err, eventstore.ErrInUse) {
		t.Errorf("a second Open = %v, want %v", err, eventstore.ErrInUse)
	}
}

func TestOpenRefusesWhatIsNotALedger(t *testing.T) {
	if _, err := ledger.Open(t.Context(), filepath.Join(t.TempDir(), "none"), ledger.Options{}); !errors.Is(err, ledger.ErrNoLedger) {
		t.Errorf("Open of nothing = %v, want %v", err, ledger.ErrNoLedger)
	}
	strange := t.TempDir()
	if err := os.WriteFile(filepath.Join(strange, "thesis.doc"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Open(t.Context(), strange, ledger.Options{Create: true}); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("Open of a strange directory = %v, want a refusal", err)
	}
	damaged := t.TempDir()
	if err := os.WriteFile(filepath.Join(damaged, "ledger.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Open(t.Context(), damaged, ledger.Options{Create: true}); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("Open of a damaged ledger = %v, want a refusal", err)
	}
}

// The log gone beside the other files is a refusal, never a new empty log.
func TestALedgerWithoutItsLogIsRefused(t *testing.T) {
	dir := t.TempDir()
	l, err := ledger.Open(t.Context(), dir, ledger.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	mustAccept(t, l, opening()...)
	if err := l.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "log")); err != nil {
		t.Fatal(err)
	}
	if l, err := ledger.Open(t.Context(), dir, ledger.Options{Create: true}); !errors.Is(err, eventstore.ErrMissing) {
		t.Errorf("Open without the log = %v, want %v", err, eventstore.ErrMissing)
		if err == nil {
			_ = l.Close()
		}
	}
}

func TestRebuildEqualsWhatItReplaces(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	r, err := l.Rebuild(t.Context(), ledger.Rebuilding{Models: []string{"movements"}}, nil)
	if err != nil || len(r.Models) != 1 || r.Models[0].Name != "movements" || !r.Models[0].Same || r.Position != 5 {
		t.Errorf("Rebuild = %+v, %v", r, err)
	}
	empty, _ := open(t)
	for range 2 {
		if r, err := empty.Rebuild(t.Context(), ledger.Rebuilding{}, nil); err != nil || len(r.Models) != 3 || !r.Models[0].Same {
			t.Errorf("Rebuild of an empty ledger = %+v, %v", r, err)
		}
		if r, err := empty.Rebuild(t.Context(), ledger.Rebuilding{Models: []string{"headcount"}}, nil); err != nil || len(r.Models) != 1 || !r.Models[0].Same {
			t.Errorf("Rebuild of one model of an empty ledger = %+v, %v", r, err)
		}
	}
}

// A temporary stay is no part of the roll: the end of that organisation, even
// one recorded late, does not make the member's life impossible.
func TestAnOrganisationMayEndUnderATemporaryGuest(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, append(opening(),
		event("organisation.established", "organisation/e", "1990-01-01", `{"name":"Chi bộ E","kind":"grassroots_cell","parent":"d"}`),
		event("member.transferred", "member/m1", "2022-05-01", `{"organisation":"e","temporary":true}`),
		event("organisation.dissolved", "organisation/e", "2022-01-01", `{}`),
		event("member.rated", "member/m1", "2022-12-20", `{"year":2022,"grade":"good"}`),
	)...)
	if r := importLines(t, l, event("member.transferred", "member/m1", "2022-06-01", `{"organisation":"e","temporary":true}`)); r.Rejected != 1 || r.Rejections[0].Code != domain.Invariant {
		t.Errorf("a temporary stay in an organisation that has ended: %+v", r)
	}
}

// Two first commands at once make one ledger, and the other is told to wait.
func TestTwoFirstCommandsMakeOneLedger(t *testing.T) {
	for range 20 {
		dir := filepath.Join(t.TempDir(), "new")
		var wg sync.WaitGroup
		ledgers := make([]*ledger.Ledger, 4)
		for i := range ledgers {
			wg.Go(func() {
				l, err := ledger.Open(t.Context(), dir, ledger.Options{Create: true})
				if err != nil && !errors.Is(err, eventstore.ErrInUse) {
					t.Errorf("Open = %v, want a ledger or %v", err, eventstore.ErrInUse)
				}
				ledgers[i] = l
			})
		}
		wg.Wait()
		served := 0
		for _, l := range ledgers {
			if l == nil {
				continue
			}
			served++
			mustAccept(t, l, opening()...)
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		}
		if served != 1 {
			t.Fatalf("%d of 4 have the directory", served)
		}
		l, err := ledger.Open(t.Context(), dir, ledger.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if r := importLines(t, l, opening()...); r.Unchanged != 5 {
			t.Errorf("the same file once more: %+v, want 5 unchanged", r)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestTryingAnswersAsRecordingWouldAndStoresNothing(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	good := []byte(event("member.card_issued", "member/m1", "2021-03-01", `{"card":"01234567"}`))
	for range 2 {
		out, err := l.Try(t.Context(), good, ledger.By{})
		if err != nil || out.Status != "accepted" || out.Sequence != 0 || out.Subject != "member/m1" {
			t.Errorf("Try = %+v, %v; want it accepted without a sequence", out, err)
		}
	}
	bad := []byte(event("member.confirmed", "member/c1", "2021-03-01", `{"decision":{"number":"1","date":"2021-03-01"}}`))
	_, err := l.Try(t.Context(), bad, ledger.By{})
	if r, ok := errors.AsType[*domain.Rejection](err); !ok || r.Code != domain.Invariant {
		t.Errorf("Try = %v, want a rejection %s", err, domain.Invariant)
	}
	if last, _ := l.Last(t.Context()); last != 5 {
		t.Errorf("the log ends at %d, want 5", last)
	}
	if out, err := l.Record(t.Context(), good); err != nil || out.Status != "accepted" || out.Sequence != 6 {
		t.Errorf("Record = %+v, %v; want it accepted at 6", out, err)
	}
	if out, err := l.Try(t.Context(), good, ledger.By{}); err != nil || out.Status != "unchanged" || out.Sequence != 6 {
		t.Errorf("Try = %+v, %v; want it unchanged at 6", out, err)
	}
}
