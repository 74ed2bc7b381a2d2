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

// race lets writers append to one stream as fast as they can. Each must be told
// the truth: what it was told is stored stands there, once, and nothing else.
func race(t *testing.T, log Log) {
	const writers = 8
	each := rounds(8, 25)
	var (
		mu   sync.Mutex
		told = map[eventstore.Position]string{} // position of an append's last record to the record's id
		all  sync.WaitGroup
	)
	for w := range writers {
		all.Go(func() {
			var at eventstore.Head
			for i := range each {
				list := recs(fmt.Sprintf("w%d-%d", w, i), 1+(w+i)%2)
				for {
					last, err := log.Append(t.Context(), write(alice, at, list...))
					if conflict, ok := errors.AsType[*eventstore.VersionError](err); ok {
						at = conflict.Actual
						continue
					}
					if err != nil {
						t.Errorf("writer %d: %v", w, err)
						return
					}
					at = eventstore.Head{Position: last, Count: at.Count + uint64(len(list))}
					mu.Lock()
					if other, ok := told[last]; ok {
						t.Errorf("%s and %s were both stored at %d", other, list[len(list)-1].ID, last)
					}
					told[last] = list[len(list)-1].ID
					mu.Unlock()
					break
				}
			}
		})
	}
	all.Wait()
	stored, err := log.Load(t.Context(), alice, 0)
	if err != nil {
		t.Fatal(err)
	}
	if want := writers * each * 3 / 2; len(stored) != want {
		t.Errorf("%d records are stored; want %d", len(stored), want)
	}
	for at, id := range told {
		if got := stored[at-1]; got.ID != id {
			t.Errorf("%s is at %d; its writer was told that %s is there", got.ID, at, id)
		}
	}
}

// model runs random appends, right and wrong ones, and compares every answer
// with that of a plain map.
func model(t *testing.T, log Log) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	names := []string{alice, bob, cell, "sys/s"}
	streams := map[string][]eventstore.Record{}
	var order []eventstore.Record // the whole log
	headOf := func(stream string) eventstore.Head {
		if list := streams[stream]; len(list) > 0 {
			return list[len(list)-1].Head()
		}
		return eventstore.Head{}
	}
	var sent [][]eventstore.Write // appends that were stored
	for step := range rounds(120, 300) {
		switch random.IntN(10) {
		case 0: // one that is stored, again
			if len(sent) == 0 {
				continue
			}
			writes := sent[random.IntN(len(sent))]
			var want eventstore.Position
			for _, w := range writes {
				for _, r := range order {
					if r.ID == w.Records[len(w.Records)-1].ID {
						want = max(want, r.Position)
					}
				}
			}
			mustAppend(t, log, want, writes...)
		case 1: // load from anywhere
			stream := names[random.IntN(len(names))]
			after := eventstore.Position(random.IntN(len(order) + 2))
			var want []eventstore.Record
			for _, r := range streams[stream] {
				if r.Position > after {
					want = append(want, r)
				}
			}
			got, err := log.Load(t.Context(), stream, after)
			if err != nil || !slices.Equal(ids(got), ids(want)) {
				t.Fatalf("step %d: Load(%s, %d) = %v, %v; want %v", step, stream, after, ids(got), err, ids(want))
			}
			mustHead(t, log, stream, headOf(stream))
		case 2: // replay from anywhere
			after := random.IntN(len(order) + 1)
			got, err := collect(log.Replay(t.Context(), eventstore.Position(after), 0))
			if err != nil || !slices.Equal(ids(got), ids(order[after:])) {
				t.Fatalf("step %d: Replay(%d) = %v, %v; want %v", step, after, ids(got), err, ids(order[after:]))
			}
		default: // append to some streams, now and then with a wrong head
			var writes []eventstore.Write
			wrong := map[string]bool{}
			for i, n := range random.Perm(len(names))[:1+random.IntN(3)] {
				expected := headOf(names[n])
				if random.IntN(4) == 0 {
					older := streams[names[n]]
					if expected = (eventstore.Head{}); len(older) > 1 {
						expected = older[random.IntN(len(older)-1)].Head()
					}
					wrong[names[n]] = expected != headOf(names[n])
				}
				writes = append(writes, write(names[n], expected, recs(fmt.Sprintf("s%d-%d", step, i), 1+random.IntN(3))...))
			}
			if random.IntN(3) == 0 { // the first stream once more, whatever head is named
				writes = append(writes, write(writes[0].Stream, head(1, 1), rec(fmt.Sprintf("s%d-again", step))))
			}
			got, err := log.Append(t.Context(), writes...)
			if conflict, ok := errors.AsType[*eventstore.VersionError](err); ok {
				if !wrong[conflict.Stream] || conflict.Actual != headOf(conflict.Stream) {
					t.Fatalf("step %d: Append(%s) = %v; that head is %+v", step, describe(writes), err, headOf(conflict.Stream))
				}
				continue
			}
			for _, is := range wrong {
				if is || err != nil {
					t.Fatalf("step %d: Append(%s) = %d, %v; want a conflict on one of %v", step, describe(writes), got, err, wrong)
				}
			}
			for _, w := range writes {
				for _, r := range w.Records {
					r.Previous = headOf(w.Stream)
					r.Position = eventstore.Position(len(order) + 1)
					streams[w.Stream] = append(streams[w.Stream], r)
					order = append(order, r)
				}
			}
			if err != nil || got != eventstore.Position(len(order)) {
				t.Fatalf("step %d: Append(%s) = %d, %v; want %d", step, describe(writes), got, err, len(order))
			}
			sent = append(sent, writes)
		}
	}
}
