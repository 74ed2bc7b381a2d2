package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"rollbook/eventstore"
)

// together lets many writers append at the same time, each to streams of its
// own. A log may send their appends in company; nobody must notice.
func together(t *testing.T, log Log) {
	const writers, each = 64, 6
	mustAppend(t, log, 1, write(cell, head(0, 0), rec("used")))
	var all sync.WaitGroup
	var mu sync.Mutex
	told := map[eventstore.Position][]eventstore.Record{}
	for w := range writers {
		all.Go(func() {
			own, other := fmt.Sprint("member/w", w), fmt.Sprint("village/w", w)
			var at eventstore.Head
			for i := range each {
				list := recs(fmt.Sprintf("w%d-%d", w, i), 1+(w+i)%3)
				writes := []eventstore.Write{write(own, at, list...)}
				if w%5 == 0 && i == 0 {
					more := rec(fmt.Sprint("also-", w))
					writes = append(writes, write(other, head(0, 0), more))
					list = append(list, more)
				}
				switch {
				case w%8 == 1: // is refused before each that is stored
					_, err := log.Append(t.Context(), write(own, head(3000, 2), rec(fmt.Sprint("stale-", w))))
					var conflict *eventstore.VersionError
					if !errors.As(err, &conflict) || conflict.Stream != own || conflict.Actual != at {
						t.Errorf("writer %d with a wrong head: %v; want a conflict at %+v", w, err, at)
					}
				case w%8 == 2 && i == 0:
					if _, err := log.Append(t.Context(), write(own, at, rec("used"))); !errors.Is(err, eventstore.ErrInvalid) {
						t.Errorf("writer %d with a used id: %v; want %v", w, err, eventstore.ErrInvalid)
					}
				}
				last, err := log.Append(t.Context(), writes...)
				if err != nil {
					t.Errorf("writer %d: %v", w, err)
					return
				}
				mu.Lock()
				told[last] = list
				mu.Unlock()
				if w%5 == 0 && i == 0 {
					last--
				}
				at = eventstore.Head{Position: last, Count: at.Count + uint64(len(writes[0].Records))}
			}
		})
	}
	all.Wait()
	stored, err := collect(log.Replay(t.Context(), 1, 0))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for last, list := range told {
		n += len(list)
		for i, r := range list {
			at := int(last) - len(list) + 1 + i
			if got := stored[at-2].ID; got != r.ID {
				t.Errorf("%s is at %d; its writer was told that %s is there", got, at, r.ID)
			}
		}
	}
	if len(stored) != n {
		t.Errorf("%d records are stored; %d were acknowledged", len(stored), n)
	}
}

// togetherModel lets writers append at random to streams that they share. What
// they were told is then compared with what is stored: an append that was
// acknowledged is there, once and whole; one that was refused is not, and
// another was first in the stream that the refusal names.
func togetherModel(t *testing.T, log Log) {
	Concurrently(t, log, 24, rounds(15, 40))
}

// Concurrently is the random test of a log that may answer that an outcome is
// unknown: the writer sends the same append again until it is told.
func Concurrently(t *testing.T, log Log, writers, steps int) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	type told struct {
		writes   []eventstore.Write
		last     eventstore.Position
		conflict *eventstore.VersionError
	}
	var (
		all     sync.WaitGroup
		answers = make([][]told, writers)
	)
	for w := range writers {
		all.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(w)))
			known := map[string]eventstore.Head{} // what this writer thinks
			for step := range steps {
				var writes []eventstore.Write
				for i, n := range random.Perm(writers)[:1+random.IntN(3)] {
					stream := fmt.Sprint("member/m", n)
					list := recs(fmt.Sprintf("w%d-%d-%d", w, step, i), 1+random.IntN(2))
					writes = append(writes, write(stream, known[stream], list...))
					if random.IntN(2) == 0 {
						break // mostly to one stream
					}
				}
				last, err := log.Append(t.Context(), writes...)
				for errors.Is(err, eventstore.ErrUnknownOutcome) {
					last, err = log.Append(t.Context(), writes...)
				}
				answer := told{writes: writes, last: last}
				switch {
				case errors.As(err, &answer.conflict):
					known[answer.conflict.Stream] = answer.conflict.Actual
				case err != nil:
					t.Errorf("writer %d, step %d: Append(%s) = %v", w, step, describe(writes), err)
					return
				default:
					at := last
					for _, wr := range slices.Backward(writes) {
						known[wr.Stream] = eventstore.Head{Position: at, Count: wr.Expected.Count + uint64(len(wr.Records))}
						at -= eventstore.Position(len(wr.Records))
					}
				}
				answers[w] = append(answers[w], answer)
			}
		})
	}
	all.Wait()

	stored, err := collect(log.Replay(t.Context(), 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	where := map[string]eventstore.Record{}
	heads := map[string]eventstore.Head{}
	for _, r := range stored {
		if r.Previous != heads[r.Stream] {
			t.Errorf("%s at %d follows %+v; the stream ends at %+v", r.ID, r.Position, r.Previous, heads[r.Stream])
		}
		heads[r.Stream] = r.Head()
		if first, ok := where[r.ID]; ok {
			t.Errorf("%s is stored at %d and at %d", r.ID, first.Position, r.Position)
		}
		where[r.ID] = r
	}
	acked, records := 0, 0
	for w, list := range answers {
		for step, answer := range list {
			var ids []string
			for _, wr := range answer.writes {
				for _, r := range wr.Records {
					ids = append(ids, r.ID)
				}
			}
			if c := answer.conflict; c != nil {
				for _, id := range ids {
					if r, ok := where[id]; ok {
						t.Errorf("writer %d, step %d was refused (%v), and %s is stored at %d", w, step, c, id, r.Position)
					}
				}
				if c.Actual == c.Expected {
					t.Errorf("writer %d, step %d: the conflict %v is none", w, step, c)
				}
				if c.Actual.Position == 0 || int(c.Actual.Position) > len(stored) {
					t.Errorf("writer %d, step %d: no stream ends where %v says", w, step, c)
				} else if r := stored[c.Actual.Position-1]; r.Stream != c.Stream || r.Head() != c.Actual {
					t.Errorf("writer %d, step %d: %v, but there is %s of %s", w, step, c, r.ID, r.Stream)
				}
				continue
			}
			acked++
			records += len(ids)
			for i, id := range ids {
				if want := answer.last - eventstore.Position(len(ids)-1-i); where[id].Position != want {
					t.Errorf("writer %d, step %d: %s is at %d; its writer was told %d", w, step, id, where[id].Position, want)
				}
			}
		}
	}
	if records != len(stored) {
		t.Errorf("%d records are stored; %d were acknowledged", len(stored), records)
	}
	t.Logf("%d of %d appends were stored", acked, writers*steps)
}
