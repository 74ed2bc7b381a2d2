package ledger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/eventstore/memory"
	"rollbook/internal/naive"
	"rollbook/ledger"
)

// unreliable is a log whose appends fail now and then, before they are stored,
// after, or at another time than the caller is told.
type unreliable struct {
	ledger.Log
	mu   sync.Mutex
	r    *rand.Rand // nil: it fails no more
	late sync.WaitGroup
	next []func(store func() (eventstore.Position, error)) (eventstore.Position, error) // planned
}

func (u *unreliable) Append(ctx context.Context, writes ...eventstore.Write) (eventstore.Position, error) {
	u.mu.Lock()
	n := 100
	if u.r != nil {
		n = u.r.IntN(100)
	}
	var planned func(func() (eventstore.Position, error)) (eventstore.Position, error)
	if len(u.next) > 0 {
		planned, u.next = u.next[0], u.next[1:]
	}
	u.mu.Unlock()
	store := func() (eventstore.Position, error) { return u.Log.Append(context.WithoutCancel(ctx), writes...) }
	if planned != nil {
		return planned(store)
	}
	switch {
	case n < 4: // nothing is stored
		return 0, fmt.Errorf("%w: planned", eventstore.ErrUnavailable)
	case n < 8:
		return 0, fmt.Errorf("%w: planned, not stored", eventstore.ErrUnknownOutcome)
	case n < 12:
		return 0, after(store)
	case n < 15: // it is still on its way
		u.late.Go(func() { _, _ = store() })
		return 0, fmt.Errorf("%w: planned, stored later", eventstore.ErrUnknownOutcome)
	case n < 18:
		return 0, &eventstore.VersionError{Stream: writes[0].Stream}
	}
	return store()
}

// after stores, and tells nobody.
func after(store func() (eventstore.Position, error)) error {
	if _, err := store(); err != nil {
		return err
	}
	return fmt.Errorf("%w: planned, stored", eventstore.ErrUnknownOutcome)
}

func (u *unreliable) heal() {
	u.mu.Lock()
	u.r = nil
	u.mu.Unlock()
	u.late.Wait()
}

// told is what the writers of an event were told.
type told struct {
	sequences map[uint64]bool // as accepted or unchanged
	refused   bool
	unknown   bool
}

// hearsay collects what writers are told, by the event's id.
type hearsay struct {
	mu sync.Mutex
	of map[string]*told
}

func (h *hearsay) note(id string, f func(*told)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.of[id] == nil {
		h.of[id] = &told{sequences: map[uint64]bool{}}
	}
	f(h.of[id])
}

// record records a line, again as long as it is not known what became of it or
// until the writer has had enough, which is one time in four.
func (h *hearsay) record(ctx context.Context, l *ledger.Ledger, line []byte, patience func() bool) error {
	id := idOf(line)
	for {
		out, err := l.Record(ctx, line)
		var rejection *domain.Rejection
		var conflict *eventstore.VersionError
		switch {
		case err == nil:
			h.note(id, func(t *told) { t.sequences[out.Sequence] = true })
			return nil
		case errors.As(err, &rejection):
			h.note(id, func(t *told) { t.refused = true })
			return nil
		case errors.Is(err, eventstore.ErrUnknownOutcome):
			h.note(id, func(t *told) { t.unknown = true })
		case errors.Is(err, eventstore.ErrUnavailable), errors.As(err, &conflict):
			h.note(id, func(*told) {})
		default:
			return err
		}
		if !patience() {
			return nil
		}
	}
}

func idOf(line []byte) string {
	var e struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(line, &e)
	return e.ID
}

// compare holds what was told against the log.
func (h *hearsay) compare(t interface{ Errorf(string, ...any) }, l *ledger.Ledger, imported bool) (stored int) {
	at := map[string][]uint64{}
	for e, err := range l.Events(context.Background(), ledger.EventFilter{}) {
		if err != nil {
			t.Errorf("Events: %v", err)
			return 0
		}
		at[e.ID] = append(at[e.ID], e.Sequence)
		stored++
	}
	for id, sequences := range at {
		if len(sequences) != 1 {
			t.Errorf("%s is in the log %d times: %v", id, len(sequences), sequences)
		}
		if h.of[id] == nil && !imported {
			t.Errorf("%s is in the log, and nobody recorded it", id)
		}
	}
	for id, told := range h.of {
		for sequence := range told.sequences {
			if len(at[id]) != 1 || at[id][0] != sequence {
				t.Errorf("%s was said to be at %d and is at %v", id, sequence, at[id])
			}
		}
		if len(told.sequences) == 0 && !told.unknown && len(at[id]) > 0 {
			t.Errorf("%s was never accepted and is at %v", id, at[id])
		}
	}
	return stored
}

func long() bool { return os.Getenv("ROLLBOOK_LONG") == "1" }

// Many clerks and an import at once, over few people and organisations, and a
// log that fails at any moment. What was said is what is in the log, the log
// replays without anybody set aside, and the figures are right.
func TestManyWritersTellTheTruth(t *testing.T) {
	t.Parallel()
	rounds, checks := 12, 0
	if long() {
		rounds = 100
	}
	lines, stored := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		if checks++; checks > rounds {
			return
		}
		history := naive.History(rt, rapid.IntRange(60, 160).Draw(rt, "size"))
		seed := rapid.Uint64().Draw(rt, "seed")
		l, err := ledger.Open(t.Context(), t.TempDir(), ledger.Options{Create: true})
		if err != nil {
			rt.Fatal(err)
		}
		defer func() {
			if err := l.Close(); err != nil {
				rt.Errorf("Close: %v", err)
			}
		}()
		log := &unreliable{r: rand.New(rand.NewPCG(seed, 1))}
		l.WrapLog(func(inner ledger.Log) ledger.Log { log.Log = inner; return log })
		told := &hearsay{of: map[string]*told{}}
		opening := 0
		for opening < len(history) && bytes.Contains(history[opening], []byte(`"opening`)) {
			opening++
		}
		if err := told.recordAll(t.Context(), l, history[:opening], 1, seed); err != nil {
			rt.Fatal(err)
		}
		middle := opening + (len(history)-opening)*3/4
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := told.recordAll(t.Context(), l, history[opening:middle], 12, seed+1); err != nil {
				rt.Errorf("Record: %v", err)
			}
		})
		wg.Go(func() { importSomehow(rt, l, history[middle:]) })
		wg.Wait()
		log.heal()
		// A last event, so that nothing is left in doubt.
		if err := told.recordAll(t.Context(), l, history[:1], 1, seed); err != nil {
			rt.Fatal(err)
		}
		lines, stored = lines+len(history), stored+told.compare(rt, l, true)
		rebuilt, err := l.Rebuild(t.Context(), ledger.Rebuilding{}, nil)
		if err != nil {
			rt.Fatal(err)
		}
		for _, m := range rebuilt.Models {
			if !m.Same {
				rt.Errorf("%s differs after a rebuild", m.Name)
			}
		}
		c := comparison{t: rt, l: l, model: &naive.Ledger{}}
		c.export()
		c.compareAt(uint64(c.last))
	})
	t.Logf("%d of %d drawn events were stored", stored, lines)
	if stored*2 < lines {
		t.Errorf("only %d of %d drawn events were stored: the test says too little", stored, lines)
	}
}

// recordAll lets several clerks record lines, about in their order. Some lines
// are recorded twice at once.
func (h *hearsay) recordAll(ctx context.Context, l *ledger.Ledger, lines [][]byte, clerks int, seed uint64) error {
	work := make(chan []byte)
	go func() {
		defer close(work)
		for i, line := range lines {
			work <- line
			if clerks > 1 && i%7 == 0 {
				work <- line
			}
		}
	}()
	errs := make([]error, clerks)
	var wg sync.WaitGroup
	for c := range clerks {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(c)))
			for line := range work {
				patience := func() bool { return clerks == 1 || r.IntN(4) > 0 }
				errs[c] = errors.Join(errs[c], h.record(ctx, l, line, patience))
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// importSomehow imports lines until the log lets it through, at most ten times.
func importSomehow(t *rapid.T, l *ledger.Ledger, lines [][]byte) {
	for range 10 {
		_, err := l.Import(context.Background(), []ledger.File{{Name: "h", Reader: bytes.NewReader(bytes.Join(lines, []byte("\n")))}}, ledger.ImportOptions{})
		var conflict *eventstore.VersionError
		switch {
		case err == nil:
			return
		case errors.Is(err, eventstore.ErrUnknownOutcome), errors.Is(err, eventstore.ErrUnavailable), errors.As(err, &conflict):
		default:
			t.Errorf("Import: %v", err)
			return
		}
	}
}

// inPlaceOf is a log that stands for another one, and ends with it.
type inPlaceOf struct {
	*memory.Log
	other ledger.Log
}

func (l inPlaceOf) Close() error { return errors.Join(l.Log.Close(), l.other.Close()) }

// Two ledgers over one log, as two processes have it, write to one member. The
// guards keep them apart: nobody is set aside, and each event is stored once.
func TestTwoLedgersWriteToOneMember(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, kind := range []string{"jetstream", "memory"} {
		t.Run(kind, func(t *testing.T) {
			first, dir := open(t)
			if kind == "memory" {
				first.WrapLog(func(inner ledger.Log) ledger.Log { return inPlaceOf{memory.New(), inner} })
			}
			mustAccept(t, first, opening()...)
			second, end, err := first.Beside(t.Context(), filepath.Join(dir, "second.db"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := end(); err != nil {
					t.Error(err)
				}
			}()
			told := &hearsay{of: map[string]*told{}}
			r := rand.New(rand.NewPCG(seed, 2))
			var lines [][]byte
			for i := range 150 {
				lines = append(lines, []byte(eventOfOne(r, i)))
			}
			var wg sync.WaitGroup
			for i, l := range []*ledger.Ledger{first, second} {
				for n, patience := range []func() bool{func() bool { return true }, func() bool { return true }} {
					wg.Go(func() {
						// The halves overlap: some events are recorded on both.
						for at := n; at < len(lines); at += 2 {
							if (at/2)%3 != 2*i%3 {
								if err := told.record(t.Context(), l, lines[at], patience); err != nil {
									t.Errorf("Record: %v", err)
								}
							}
						}
					})
				}
			}
			wg.Wait()
			stored := told.compare(t, first, true)
			for _, l := range []*ledger.Ledger{first, second} {
				if err := l.CatchUp(t.Context(), nil); err != nil {
					t.Fatal(err)
				}
				if _, parked, err := l.Models(t.Context()); err != nil || len(parked) > 0 {
					t.Errorf("set aside: %+v, %v", parked, err)
				}
			}
			t.Logf("%d events stored", stored)
			if stored < 30 {
				t.Errorf("only %d events were stored: the test says too little", stored)
			}
		})
	}
}

// eventOfOne draws an event of the opening's member, which may be impossible.
func eventOfOne(r *rand.Rand, i int) string {
	on := fmt.Sprintf("20%02d-%02d-%02d", 20+r.IntN(5), 1+r.IntN(12), 1+r.IntN(28))
	line := ""
	switch r.IntN(6) {
	case 0:
		line = event("member.transferred", "member/m1", on, fmt.Sprintf(`{"organisation":%q,"temporary":false}`, []string{"a", "b"}[r.IntN(2)]))
	case 1:
		line = event("member.disciplined", "member/m1", on, `{"measure":"warning","decision":{"number":"2","date":"2021-06-01"}}`)
	case 2:
		line = event("member.profile_changed", "member/m1", on, `{"person":{"ethnicity":"0`+fmt.Sprint(1+r.IntN(9))+`"}}`)
	case 3: // ends membership, so that most later ones are impossible
		line = event("member.expelled", "member/m1", on, `{"decision":{"number":"2","date":"2021-06-01"}}`)
	case 4:
		line = event("member.restored", "member/m1", on, `{"decision":{"number":"2","date":"2021-06-01"}}`)
	default:
		line = event("member.rated", "member/m1", on, `{"year":2020,"grade":"good"}`)
	}
	return strings.Replace(line, "{", fmt.Sprintf(`{"id":"one-%d",`, i), 1)
}

// Whatever becomes of an append, the caller learns it, and the next decision
// rests on what is stored.
func TestAfterAFailedAppend(t *testing.T) {
	type result = func(store func() (eventstore.Position, error)) (eventstore.Position, error)
	fails := func(err error) result {
		return func(func() (eventstore.Position, error)) (eventstore.Position, error) { return 0, err }
	}
	stored := func(store func() (eventstore.Position, error)) (eventstore.Position, error) { return 0, after(store) }
	unknown := fmt.Errorf("%w: planned", eventstore.ErrUnknownOutcome)
	broken := errors.New("the disk is on fire")
	tests := []struct {
		name    string
		planned []result
		err     error // of the first Record; nil for none
		status  string
		again   string // status of the same event afterwards
		last    eventstore.Position
	}{
		{"nothing fails", nil, nil, "accepted", "unchanged", 6},
		{"refused before it was sent", []result{fails(eventstore.ErrUnavailable)}, eventstore.ErrUnavailable, "", "accepted", 6},
		{"unknown, and stored", []result{stored}, eventstore.ErrUnknownOutcome, "", "unchanged", 6},
		{"unknown, and not stored", []result{fails(unknown)}, eventstore.ErrUnknownOutcome, "", "unchanged", 6},
		{"unknown twice", []result{fails(unknown), fails(unknown)}, eventstore.ErrUnknownOutcome, "", "unavailable", 5},
		{"of a kind that the ledger does not know", []result{fails(broken)}, broken, "", "unchanged", 6},
		{"somebody else was first, they say", []result{fails(&eventstore.VersionError{Stream: "member/m1"})}, nil, "accepted", "unchanged", 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, _ := open(t)
			mustAccept(t, l, opening()...)
			log := &unreliable{next: tt.planned}
			l.WrapLog(func(inner ledger.Log) ledger.Log { log.Log = inner; return log })
			line := []byte(event("member.died", "member/m1", "2021-03-01", `{}`))
			out, err := l.Record(t.Context(), line)
			if !errors.Is(err, tt.err) || out.Status != tt.status {
				t.Fatalf("Record = %+v, %v; want %q, %v", out, err, tt.status, tt.err)
			}
			again, err := l.Record(t.Context(), line)
			status := again.Status
			if errors.Is(err, eventstore.ErrUnavailable) {
				status = "unavailable"
			} else if err != nil || again.Sequence != 6 {
				t.Errorf("again: %+v, %v", again, err)
			}
			if status != tt.again {
				t.Errorf("again: %+v, %v; want %s", again, err, tt.again)
			}
			if last, err := l.Last(t.Context()); last != tt.last || err != nil {
				t.Errorf("the log ends at %d, %v; want %d", last, err, tt.last)
			}
			if tt.last == 5 {
				return
			}
			var r *domain.Rejection
			if _, err := l.Record(t.Context(), []byte(event("member.rated", "member/m1", "2021-12-20", `{"year":2021,"grade":"good"}`))); !errors.As(err, &r) {
				t.Errorf("a rating after the death = %v, want a rejection", err)
			}
		})
	}
}
