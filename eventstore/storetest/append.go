package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"rollbook/eventstore"
)

const (
	alice = "member/alice"
	bob   = "member/Bob_2-x"
	cell  = "organisation/c1"
)

func appendAnswers(t *testing.T, log Log) {
	mustLast(t, log, 0)
	mustHead(t, log, alice, head(0, 0))
	mustAppend(t, log, 1, write(alice, head(0, 0), rec("a1")))
	mustAppend(t, log, 2, write(bob, head(0, 0), rec("b1")))
	mustAppend(t, log, 5, write(alice, head(1, 1), recs("a2", 3)...))
	mustAppend(t, log, 9,
		write(bob, head(2, 1), recs("b2", 2)...),
		write(cell, head(0, 0), rec("c1")),
		write(alice, head(5, 4), rec("a3")))
	mustHead(t, log, alice, head(9, 5))
	mustHead(t, log, bob, head(7, 3))
	mustHead(t, log, cell, head(8, 1))
	mustLast(t, log, 9)

	got, err := log.Get(t.Context(), 7)
	if err != nil || got.ID != "b2-1" || got.Stream != bob || got.Previous != head(6, 2) {
		t.Fatalf("Get(7) = %+v, %v; want b2-1 after %+v", got, err, head(6, 2))
	}
}

func appendInTurn(t *testing.T, log Log) {
	mustAppend(t, log, 1, write(alice, head(0, 0), rec("a1")))
	writes := []eventstore.Write{
		write(alice, head(1, 1), rec("a2")),
		write(bob, head(0, 0), recs("b1", 2)...),
		write(alice, head(9, 0), recs("a3", 2)...), // this head is not looked at
		write(bob, head(0, 0), rec("b2")),
		write(alice, head(1, 1), rec("a4")),
	}
	order := []string{"a2", "b1-0", "b1-1", "a3-0", "a3-1", "b2", "a4"}
	for range 2 { // the second time as a resend
		mustAppend(t, log, 8, writes...)
		got, err := collect(log.Replay(t.Context(), 1, 0))
		if err != nil || !slices.Equal(ids(got), order) {
			t.Fatalf("Replay = %v, %v; want %v", ids(got), err, order)
		}
		previous := []eventstore.Head{head(1, 1), head(0, 0), head(3, 1), head(2, 2), head(5, 3), head(4, 2), head(6, 4)}
		for i, r := range got {
			if r.Previous != previous[i] {
				t.Errorf("%s follows %+v; want %+v", r.ID, r.Previous, previous[i])
			}
		}
	}
	for stream, n := range map[string]int{alice: 5, bob: 3} {
		if got, err := log.Load(t.Context(), stream, 0); err != nil || len(got) != n {
			t.Errorf("Load(%s) = %v, %v; want %d records", stream, ids(got), err, n)
		}
	}
	mustConflict(t, log, alice, head(8, 5),
		write(cell, head(0, 0), rec("c1")), write(alice, head(1, 1), rec("a5")), write(cell, head(0, 0), rec("c2")), write(alice, head(8, 5), rec("a6")))
	mustLast(t, log, 8)
}

func appendRefusesHead(t *testing.T, log Log) {
	mustAppend(t, log, 1, write(alice, head(0, 0), rec("a1")))
	mustAppend(t, log, 2, write(alice, head(1, 1), rec("a2")))
	for name, expected := range map[string]eventstore.Head{
		"absent": head(0, 0), "stale": head(1, 1), "future": head(7, 3),
	} {
		mustConflict(t, log, alice, head(2, 2), write(alice, expected, rec("x-"+name)))
		mustConflict(t, log, alice, head(2, 2), write(alice, expected, recs("y-"+name, 3)...))
	}
	mustConflict(t, log, bob, head(0, 0), write(bob, head(1, 1), rec("b1")))
	mustConflict(t, log, bob, head(0, 0), write(bob, head(2, 2), recs("b2", 2)...))
	mustLast(t, log, 2)
	// The ids of what was refused are free.
	mustAppend(t, log, 3, write(alice, head(2, 2), rec("x-stale")))
	mustAppend(t, log, 6, write(bob, head(0, 0), recs("y-stale", 3)...))
}

func appendAllOrNothing(t *testing.T, log Log) {
	mustAppend(t, log, 1, write(alice, head(0, 0), rec("a1")))
	mustAppend(t, log, 2, write(bob, head(0, 0), rec("b1")))
	mustConflict(t, log, bob, head(2, 1),
		write(alice, head(1, 1), recs("a2", 3)...),
		write(bob, head(0, 0), rec("b2")),
		write(cell, head(0, 0), rec("c1")))
	mustLast(t, log, 2)
	mustHead(t, log, alice, head(1, 1))
	mustHead(t, log, cell, head(0, 0))
	// No position was used.
	mustAppend(t, log, 7,
		write(alice, head(1, 1), recs("a2", 3)...),
		write(bob, head(2, 1), rec("b2")),
		write(cell, head(0, 0), rec("c1")))
}

func appendAgain(t *testing.T, log Log) {
	single := write(alice, head(0, 0), rec("a1"))
	batch := write(alice, head(1, 1), recs("a2", 3)...)
	several := []eventstore.Write{
		write(cell, head(0, 0), recs("c1", 2)...), write(alice, head(4, 4), rec("a3")), write(bob, head(0, 0), rec("b1")),
	}
	for range 3 {
		mustAppend(t, log, 1, single)
	}
	for range 3 {
		mustAppend(t, log, 4, batch)
		mustAppend(t, log, 1, single)
	}
	for range 3 {
		mustAppend(t, log, 8, several...)
		mustAppend(t, log, 4, batch)
	}
	// The beginning of what stands is stored as well.
	mustAppend(t, log, 3, write(alice, head(1, 1), recs("a2", 2)...))
	mustLast(t, log, 8)
}

func appendOverlap(t *testing.T, log Log) {
	mustAppend(t, log, 2, write(alice, head(0, 0), recs("a", 2)...))
	longer := write(alice, head(0, 0), recs("a", 3)...)
	mustConflict(t, log, alice, head(2, 2), longer)
	mustAppend(t, log, 3, write(alice, head(2, 2), rec("z")))
	mustConflict(t, log, alice, head(3, 3), longer)
	swapped := recs("a", 2)
	slices.Reverse(swapped)
	mustConflict(t, log, alice, head(3, 3), write(alice, head(0, 0), swapped...))
	// One stream has its records, the other has not.
	mustConflict(t, log, alice, head(3, 3), write(bob, head(0, 0), rec("b")), write(alice, head(0, 0), recs("a", 2)...))
	mustConflict(t, log, alice, head(3, 3), write(alice, head(0, 0), recs("a", 2)...), write(bob, head(0, 0), rec("b")))
	mustLast(t, log, 3)
}

func appendForeignID(t *testing.T, log Log) {
	mustAppend(t, log, 1, write(alice, head(0, 0), rec("used")))
	mustRefuse(t, log, eventstore.ErrInvalid, write(bob, head(0, 0), rec("used")))
	mustRefuse(t, log, eventstore.ErrInvalid, write(alice, head(1, 1), rec("used")))
	mustRefuse(t, log, eventstore.ErrInvalid, write(bob, head(0, 0), rec("new"), rec("used")))
	mustRefuse(t, log, eventstore.ErrInvalid, write(cell, head(0, 0), rec("new")), write(bob, head(0, 0), rec("used")))
	mustLast(t, log, 1)
	mustAppend(t, log, 2, write(bob, head(0, 0), rec("new")))
}

func appendLimits(t *testing.T, log Log) {
	refuse := func(writes ...eventstore.Write) {
		t.Helper()
		mustRefuse(t, log, eventstore.ErrInvalid, writes...)
	}
	refuse()
	refuse(write(alice, head(0, 0)))
	refuse(write(alice, head(0, 0), rec("a")), write(bob, head(0, 0)))
	refuse(write(alice, head(0, 0), recs("a", eventstore.MaxBatch+1)...))
	refuse(write(alice, head(0, 0), recs("a", eventstore.MaxBatch)...), write(bob, head(0, 0), rec("b")))
	refuse(write(alice, head(0, 0), rec("a")), write(alice, head(0, 0)))
	refuse(write(alice, head(0, 0), rec("a")), write(alice, head(0, 0), rec("a")))
	refuse(write(alice, head(0, 0), rec("a"), rec("a")))
	refuse(write(alice, head(0, 0), rec("a")), write(bob, head(0, 0), rec("a")))
	refuse(write(alice, head(1, 0), rec("a")))
	refuse(write(alice, head(0, 1), rec("a")))
	refuse(write(alice, head(2, 3), rec("a")))

	large := rec("large")
	large.Data = make([]byte, eventstore.MaxDataBytes+1)
	refuse(write(alice, head(0, 0), large))
	refuse(write(alice, head(0, 0), rec("a"), large))
	mustLast(t, log, 0)

	large.Data = large.Data[:eventstore.MaxDataBytes]
	large.ID = strings.Repeat("i", 64)
	large.Type, large.Schema, large.Actor = strings.Repeat("t", 128), strings.Repeat("s", 128), strings.Repeat("a", 128)
	mustAppend(t, log, 1, write("kind/"+strings.Repeat("n", 64), head(0, 0), large))
	mustAppend(t, log, 1+eventstore.MaxBatch, write(alice, head(0, 0), recs("a", eventstore.MaxBatch)...))

	// More than a server takes at once.
	many := make([]eventstore.Record, 80)
	for i := range many {
		many[i] = large
		many[i].ID = fmt.Sprintf("large-%d", i)
	}
	mustAppend(t, log, 1+eventstore.MaxBatch+80, write(bob, head(0, 0), many...))
}

func appendNames(t *testing.T, log Log) {
	for _, name := range []string{
		"", "/", "member", "member/", "/m1", "Member/m1", "member/m.1", "member/m/1", "member/*", "*/m1", "member/>",
		"member/m 1", "member/é", "member/m\n1", "mem.ber/m1", "member/" + strings.Repeat("n", 65), strings.Repeat("n", 65) + "/m1",
	} {
		mustRefuse(t, log, eventstore.ErrInvalid, write(name, head(0, 0), rec("a")))
	}
	for _, id := range []string{"", " ", "a b", "a\n", "é", "a\x00", "\x7f", strings.Repeat("i", 65)} {
		mustRefuse(t, log, eventstore.ErrInvalid, write(alice, head(0, 0), rec(id)))
	}
	for _, label := range []string{" a", "a ", "é", "a\r\nNats-Rollup: all", "\t", strings.Repeat("x", 129)} {
		typed, actor, schema := rec("a"), rec("a"), rec("a")
		typed.Type, actor.Actor, schema.Schema = label, label, label
		for _, r := range []eventstore.Record{typed, actor, schema} {
			mustRefuse(t, log, eventstore.ErrInvalid, write(alice, head(0, 0), r))
		}
	}
	mustLast(t, log, 0)
}

func appendCancelled(t *testing.T, log Log) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, n := range []int{1, 5} {
		got, err := log.Append(ctx, write(alice, head(0, 0), recs("a", n)...))
		if got != 0 || !errors.Is(err, context.Canceled) {
			t.Fatalf("Append of %d with an ended context = %d, %v; want %v", n, got, err, context.Canceled)
		}
	}
	mustLast(t, log, 0)
}

func roundTrip(t *testing.T, log Log) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	noise := make([]byte, 100_000)
	source := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(source.Uint32())
	}
	sent := []eventstore.Record{
		{ID: "!~#", Data: nil},
		{ID: "empty", Type: "t", Data: []byte{}},
		{ID: "all-bytes", Type: "t", Schema: "2", Actor: "actor one", Data: all},
		{ID: "text", Type: "member.admitted", Schema: "a:b, c;d=\"e\"", Data: []byte("Nguyễn Thị Bé\r\nNATS/1.0\r\n\r\nBe\u0301 \U0001F600")},
		{ID: "noise", Type: "t", Actor: "k:v", Data: noise},
	}
	mustAppend(t, log, 1, write(alice, head(0, 0), sent[0]))
	mustAppend(t, log, 5, write(alice, head(1, 1), sent[1:]...))

	loaded, err := log.Load(t.Context(), alice, 0)
	if err != nil {
		t.Fatalf("Load(%s) = %v", alice, err)
	}
	replayed, err := collect(log.Replay(t.Context(), 0, 0))
	if err != nil {
		t.Fatalf("Replay = %v", err)
	}
	if len(loaded) != len(sent) || len(replayed) != len(sent) {
		t.Fatalf("Load gave %d records, Replay %d; want %d", len(loaded), len(replayed), len(sent))
	}
	for i, want := range sent {
		got, err := log.Get(t.Context(), eventstore.Position(i+1))
		if err != nil {
			t.Fatalf("Get(%d) = %v", i+1, err)
		}
		for by, r := range map[string]eventstore.Record{"Get": got, "Load": loaded[i], "Replay": replayed[i]} {
			if r.ID != want.ID || r.Type != want.Type || r.Schema != want.Schema || r.Actor != want.Actor || !bytes.Equal(r.Data, want.Data) {
				t.Errorf("%s of %s = %.80q; want %.80q", by, want.ID, fmt.Sprint(r), fmt.Sprint(want))
			}
			if r.Stream != alice || r.Position != eventstore.Position(i+1) || r.Previous != head(i, i) || !r.Time.Equal(got.Time) {
				t.Errorf("%s of %s stands at %s %d after %+v, %v", by, want.ID, r.Stream, r.Position, r.Previous, r.Time)
			}
			if r.Time.IsZero() || r.Time.Location().String() != "UTC" {
				t.Errorf("%s of %s was stored at %v", by, want.ID, r.Time)
			}
		}
	}
}
