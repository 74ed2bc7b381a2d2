package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"rollbook/eventstore"
)

// fill appends n records to each of three streams in turn.
func fill(t *testing.T, log Log, n int) {
	t.Helper()
	heads := map[string]eventstore.Head{}
	for i := range n {
		for j, stream := range []string{alice, bob, cell} {
			at, err := log.Append(t.Context(), write(stream, heads[stream], rec(fmt.Sprintf("%d-%d", j, i))))
			if err != nil {
				t.Fatal(err)
			}
			heads[stream] = head(int(at), i+1)
		}
	}
}

func load(t *testing.T, log Log) {
	fill(t, log, 4) // bob has 2, 5, 8, 11
	tests := []struct {
		after eventstore.Position
		want  []string
	}{
		{0, []string{"1-0", "1-1", "1-2", "1-3"}},
		{2, []string{"1-1", "1-2", "1-3"}},
		{6, []string{"1-2", "1-3"}}, // a position of another stream
		{10, []string{"1-3"}},
		{11, []string{}},
		{99, []string{}},
	}
	for _, tt := range tests {
		got, err := log.Load(t.Context(), bob, tt.after)
		if err != nil || !slices.Equal(ids(got), tt.want) {
			t.Errorf("Load(bob, %d) = %v, %v; want %v", tt.after, ids(got), err, tt.want)
		}
	}
	if got, err := log.Load(t.Context(), "member/nobody", 0); err != nil || len(got) != 0 {
		t.Errorf("Load of an absent stream = %v, %v; want nothing", ids(got), err)
	}
}

func loadMany(t *testing.T, log Log) {
	const n = 2345
	var at eventstore.Head
	for sent := 0; sent < n; {
		list := recs(fmt.Sprint("from-", sent), min(eventstore.MaxBatch, n-sent))
		last, err := log.Append(t.Context(), write(alice, at, list...))
		if err != nil {
			t.Fatal(err)
		}
		sent += len(list)
		at = head(int(last), sent)
	}
	for _, after := range []int{0, 1, 1000, 1345, n - 1, n} {
		got, err := log.Load(t.Context(), alice, eventstore.Position(after))
		if err != nil || len(got) != n-after {
			t.Fatalf("Load(after %d) = %d records, %v; want %d", after, len(got), err, n-after)
		}
		for i, r := range got {
			if r.Position != eventstore.Position(after+i+1) || r.Head() != head(after+i+1, after+i+1) {
				t.Fatalf("Load(after %d): record %d is %+v", after, i, r)
			}
		}
	}
}

func get(t *testing.T, log Log) {
	fill(t, log, 1)
	for i, want := range []string{"0-0", "1-0", "2-0"} {
		if got, err := log.Get(t.Context(), eventstore.Position(i+1)); err != nil || got.ID != want {
			t.Errorf("Get(%d) = %s, %v; want %s", i+1, got.ID, err, want)
		}
	}
	for _, at := range []eventstore.Position{0, 4, 1 << 40} {
		if got, err := log.Get(t.Context(), at); err == nil {
			t.Errorf("Get(%d) = %+v; want an error", at, got)
		}
	}
}

func at(t *testing.T, log Log) {
	check := func(when time.Time, want eventstore.Position) {
		t.Helper()
		if got, err := log.At(t.Context(), when); err != nil || got != want {
			t.Errorf("At(%v) = %d, %v; want %d", when, got, err, want)
		}
	}
	far := time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
	check(time.Now(), 0)
	check(far, 0)
	fill(t, log, 3)
	all, err := collect(log.Replay(t.Context(), 0, 0))
	if err != nil || len(all) != 9 {
		t.Fatalf("Replay = %d records, %v; want 9", len(all), err)
	}
	for i, r := range all {
		if i+1 == len(all) || all[i+1].Time.After(r.Time) {
			check(r.Time, r.Position)
		}
		if i == 0 || all[i-1].Time.Before(r.Time) {
			check(r.Time.Add(-1), r.Position-1)
		}
	}
	for _, early := range []time.Time{{}, time.Unix(0, 0), time.Date(1, 2, 3, 0, 0, 0, 0, time.UTC)} {
		check(early, 0)
	}
	check(far, 9)
	check(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), 9)
}

func replay(t *testing.T, log Log) {
	if got, err := collect(log.Replay(t.Context(), 0, 0)); err != nil || len(got) != 0 {
		t.Fatalf("Replay of an empty log = %v, %v; want nothing", ids(got), err)
	}
	fill(t, log, 4)
	all := []string{"0-0", "1-0", "2-0", "0-1", "1-1", "2-1", "0-2", "1-2", "2-2", "0-3", "1-3", "2-3"}
	for after := range len(all) + 1 {
		for to := range len(all) + 1 {
			want := all[after:]
			if to > 0 {
				want = all[min(after, to):to]
			}
			got, err := collect(log.Replay(t.Context(), eventstore.Position(after), eventstore.Position(to)))
			if err != nil || !slices.Equal(ids(got), want) {
				t.Fatalf("Replay(%d, %d) = %v, %v; want %v", after, to, ids(got), err, want)
			}
		}
	}
	if got, err := collect(log.Replay(t.Context(), 3, 13)); err == nil {
		t.Errorf("Replay beyond the end = %v; want an error", ids(got))
	}
	if got, err := collect(log.Replay(t.Context(), 99, 0)); err != nil || len(got) != 0 {
		t.Errorf("Replay from beyond the end = %v, %v; want nothing", ids(got), err)
	}
}

func replayEnds(t *testing.T, log Log) {
	fill(t, log, 20)
	for n := 1; n <= 60; n += 7 {
		seen := 0
		for r, err := range log.Replay(t.Context(), 0, 0) {
			if err != nil {
				t.Fatal(err)
			}
			if seen++; r.Position != eventstore.Position(seen) {
				t.Fatalf("record %d is at %d", seen, r.Position)
			}
			if seen == n {
				break
			}
		}
		if seen != n {
			t.Fatalf("left the loop after %d records; want %d", seen, n)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen := 0
	for _, err := range log.Replay(ctx, 0, 0) {
		if err != nil {
			if !errors.Is(err, context.Canceled) || seen != 5 {
				t.Fatalf("after %d records: %v; want %v after 5", seen, err, context.Canceled)
			}
			return
		}
		if seen++; seen == 5 {
			cancel()
		}
	}
	t.Fatal("Replay with an ended context ended without an error")
}

func replayGrowing(t *testing.T, log Log) {
	mustAppend(t, log, 1, write(alice, head(0, 0), rec("first")))
	seen := 0
	for r, err := range log.Replay(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		seen++
		mustAppend(t, log, r.Position+1, write(alice, r.Head(), rec(fmt.Sprint("more-", r.Position))))
	}
	if seen != 1 {
		t.Fatalf("Replay yielded %d records; want the 1 that was there when it began", seen)
	}
}

func follow(t *testing.T, log Log) {
	fill(t, log, 2)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	want := eventstore.Position(4)
	for r, err := range log.Follow(ctx, 3) {
		if err != nil {
			if !errors.Is(err, context.Canceled) || want != 31 {
				t.Fatalf("Follow before position %d: %v", want, err)
			}
			return
		}
		if r.Position != want {
			t.Fatalf("Follow yielded position %d; want %d", r.Position, want)
		}
		want++
		switch {
		case r.Position == 30:
			cancel()
		case r.Position >= 6 && r.Position%3 == 0:
			// The end: only now is there a next record.
			mustHead(t, log, cell, r.Head())
			mustAppend(t, log, r.Position+3, write(cell, r.Head(), recs(fmt.Sprint("live-", r.Position), 3)...))
		}
	}
	t.Fatal("Follow ended without an error")
}

func closeEndsReader(t *testing.T, log Log) {
	fill(t, log, 1)
	ended := make(chan error, 1)
	atEnd := make(chan struct{})
	go func() {
		var last error
		for r, err := range log.Follow(context.WithoutCancel(t.Context()), 0) {
			if last = err; err == nil && r.Position == 3 {
				close(atEnd)
			}
		}
		ended <- last
	}()
	<-atEnd
	if err := log.Close(); err != nil {
		t.Fatalf("Close = %v", err)
	}
	if err := <-ended; err == nil {
		t.Error("Follow ended without an error when the log was closed")
	}
	if _, err := log.Append(t.Context(), write(alice, head(1, 1), rec("late"))); err == nil {
		t.Error("Append after Close gave no error")
	}
	if _, err := log.Last(t.Context()); err == nil {
		t.Error("Last after Close gave no error")
	}
	if err := log.Close(); err != nil {
		t.Errorf("second Close = %v", err)
	}
}
