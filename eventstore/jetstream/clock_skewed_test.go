//go:build skew

package jetstream_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
)

// This file compiles only with the clock that clock_test.go puts in the place of
// the standard library's.

func TestSkewedClock(t *testing.T) {
	var skew atomic.Int64
	time.Skew = skew.Load
	before := time.Now()
	skew.Store(3600)
	if time.Now().Sub(before.Round(0)) < time.Hour {
		t.Fatal("the clock does not jump")
	}
	skew.Store(0)

	log := open(t, jetstream.Config{Dir: t.TempDir()})
	at := eventstore.Position(0)
	var first eventstore.Write
	var moments []time.Time
	for round, seconds := range []int64{0, -3600, 86_400, -86_400, 180, 0} {
		skew.Store(seconds)
		for i := range 40 {
			id := fmt.Sprintf("r%d-%d", round, i)
			w := write("member/"+id, head(0, 0), rec(id))
			if at++; at == 1 {
				first = w
			}
			mustAppend(t, log, at, w)
		}
		// More than gather into one batch.
		list := recs(fmt.Sprint("b", round), 60)
		at += 60
		mustAppend(t, log, at, write(fmt.Sprint("member/b", round), head(0, 0), list...))
		moments = append(moments, time.Now())
		if err := log.Health(t.Context()); err != nil {
			t.Errorf("after a jump of %d s: %v", seconds, err)
		}
		// Sent again after the duplicate window, as the clock has it.
		if again, err := log.Append(t.Context(), first); err != nil || again != 1 {
			t.Errorf("after a jump of %d s the first append sent again is at %d, %v; want 1", seconds, again, err)
		}
	}
	seen := map[string]bool{}
	end := eventstore.Position(0)
	for r, err := range log.Replay(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Position != end+1 || seen[r.ID] {
			t.Fatalf("%s at %d after %d, seen %t", r.ID, r.Position, end, seen[r.ID])
		}
		end, seen[r.ID] = r.Position, true
	}
	if end != at {
		t.Errorf("the log ends at %d; want %d", end, at)
	}
	for i, moment := range moments {
		p, err := log.At(t.Context(), moment)
		t.Logf("at %s: %d, %v", moment.Format(time.RFC3339), p, err)
		if err != nil || p > at {
			t.Errorf("At(moment %d) = %d, %v", i, p, err)
		}
	}
}
