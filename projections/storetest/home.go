package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/eventstore/memory"
	"rollbook/projections"
)

// Home is what the suite needs of a home: that it can be opened again.
type Home interface {
	projections.Home
	Close() error
}

// Homes runs the suite of a home. place makes a place for a new home and
// returns a function that opens it, as often as it is called, as another
// process would; what it opens is closed when the test ends. age makes all
// generations there another program's.
func Homes(t *testing.T, place func(testing.TB) (open func() Home, age func())) {
	tests := []struct {
		name string
		test func(*testing.T, func() Home)
	}{
		{"a new home has one generation, which is live and empty", newHome},
		{"a generation is filled without anybody seeing it", besides},
		{"a switch changes everything at once, and back", switching},
		{"a switch from what is not live is refused", switchRefused},
		{"one generation is filled at a time", busy},
		{"a generation that is not switched to goes with its store", closing},
		{"a generation that is dropped is gone, and the live one stays", dropping},
		{"a reader keeps its generation, whatever becomes of it", kept},
		{"a write from a generation that was live is refused", staleWrite},
		{"what was live is live after a start", again},
		{"a rebuild beside equals the living", rebuilt},
		{"of many rebuilds the last two are kept", manyRebuilds},
		{"the part of a subject is made anew", parts},
		{"a model is made anew alone", models},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			open, _ := place(t)
			tt.test(t, open)
		})
	}
	t.Run("what another version filled is made anew, and kept", func(t *testing.T) {
		open, age := place(t)
		versions(t, open, age)
	})
}

func generations(t testing.TB, h Home) []projections.Generation {
	t.Helper()
	list, err := h.Generations(t.Context())
	if err != nil {
		t.Fatalf("Generations: %v", err)
	}
	if !slices.IsSortedFunc(list, func(a, b projections.Generation) int { return int(a.Number - b.Number) }) {
		t.Errorf("the generations are not in order: %+v", list)
	}
	return list
}

// living returns the number of the live generation.
func living(t testing.TB, h Home) int64 {
	t.Helper()
	var number int64
	for _, g := range generations(t, h) {
		if g.Live {
			if number != 0 || !g.Ready || g.Version == "" {
				t.Errorf("live is %+v beside %d", g, number)
			}
			number = g.Number
		}
	}
	if c := checkpoint(t, h); number == 0 || c.Generation != number {
		t.Errorf("generation %d is live, and the checkpoint is %+v", number, c)
	}
	return number
}

func begin(t testing.TB, h Home) projections.Shadow {
	t.Helper()
	s, err := h.Begin(t.Context())
	if err != nil {
		t.Fatalf("Begin: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() }) // again
	return s
}

// fillWith puts one member into a store, who tells it from others.
func fillWith(t testing.TB, s projections.Store, id string, to eventstore.Position) {
	t.Helper()
	write(t, s, to, func(w projections.Writer) error {
		return errors.Join(w.PutSubjects(t.Context(), []projections.Subject{member(id, 1, id)}), each(w, t, 1, 3))
	})
}

func holds(t testing.TB, s projections.Store, id string) bool {
	t.Helper()
	return strings.Contains(dump(t, s), `"member/`+id+`"`)
}

func newHome(t *testing.T, open func() Home) {
	h := open()
	list := generations(t, h)
	if len(list) != 1 || !list[0].Live || !list[0].Ready || list[0].Position != 0 {
		t.Errorf("a new home has %+v", list)
	}
	mustEqual(t, dump(t, h), "position 0\nlast number 0\n", "a new home and an empty store")
}

func besides(t *testing.T, open func() Home) {
	h := open()
	fillWith(t, h, "old", 5)
	before, number := dump(t, h), living(t, h)
	s := begin(t, h)
	if s.Number() == number || checkpoint(t, s) != (projections.Checkpoint{Generation: s.Number()}) {
		t.Errorf("generation %d begins at %+v beside %d", s.Number(), checkpoint(t, s), number)
	}
	fillWith(t, s, "new", 3)
	fillWith(t, s, "newer", 4)
	mustEqual(t, dump(t, h), before, "the living beside a new generation, and before")
	fillWith(t, h, "old2", 6) // life goes on
	if !holds(t, s, "new") || !holds(t, s, "newer") || holds(t, s, "old2") || holds(t, h, "new") || !holds(t, h, "old2") {
		t.Errorf("the generations share rows:\n%s\n%s", dump(t, s), dump(t, h))
	}
	for _, g := range generations(t, h) {
		if g.Number == s.Number() && (g.Live || g.Ready || g.Position != 4) || g.Number == number && (!g.Live || g.Position != 6) {
			t.Errorf("while one is filled: %+v", g)
		}
	}
}

func switching(t *testing.T, open func() Home) {
	h, other := open(), open()
	fillWith(t, h, "old", 5)
	from := living(t, h)
	s := begin(t, h)
	fillWith(t, s, "new", 7)
	if err := h.Switch(t.Context(), from, s.Number()); err != nil {
		t.Fatalf("Switch: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	for _, h := range []Home{h, other} {
		if living(t, h) != s.Number() || !holds(t, h, "new") || holds(t, h, "old") || checkpoint(t, h).Position != 7 {
			t.Errorf("after the switch:\n%s", dump(t, h))
		}
	}
	if err := other.Switch(t.Context(), s.Number(), from); err != nil {
		t.Fatalf("Switch back: %v", err)
	}
	for _, h := range []Home{h, other} {
		if living(t, h) != from || !holds(t, h, "old") || checkpoint(t, h).Position != 5 {
			t.Errorf("after the switch back:\n%s", dump(t, h))
		}
	}
	fillWith(t, h, "older", 6)
}

func switchRefused(t *testing.T, open func() Home) {
	h := open()
	from := living(t, h)
	s := begin(t, h)
	fillWith(t, s, "new", 7)
	for _, wrong := range []int64{from + 50, s.Number()} {
		if err := h.Switch(t.Context(), wrong, s.Number()); !errors.Is(err, projections.ErrMoved) {
			t.Errorf("Switch from %d, which is not live, = %v, want %v", wrong, err, projections.ErrMoved)
		}
	}
	if err := h.Switch(t.Context(), from, from+50); err == nil {
		t.Error("Switch to a generation that is not there succeeds")
	}
	if living(t, h) != from {
		t.Errorf("generation %d is live after switches that were refused", living(t, h))
	}
}

func busy(t *testing.T, open func() Home) {
	h, other := open(), open()
	s := begin(t, h)
	for _, h := range []Home{h, other, open()} {
		if _, err := h.Begin(t.Context()); !errors.Is(err, projections.ErrBusy) {
			t.Fatalf("Begin beside another = %v, want %v", err, projections.ErrBusy)
		}
	}
	fillWith(t, s, "new", 1) // it lives
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	next := begin(t, other)
	if next.Number() <= s.Number() {
		t.Errorf("generation %d comes after %d", next.Number(), s.Number())
	}
}

func closing(t *testing.T, open func() Home) {
	h := open()
	fillWith(t, h, "old", 5)
	before := dump(t, h)
	for range 2 {
		s := begin(t, h)
		fillWith(t, s, "new", 7)
		if err := s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		if list := generations(t, h); len(list) != 1 || !list[0].Live {
			t.Errorf("after a Close without a switch: %+v", list)
		}
		if _, err := h.Open(t.Context(), s.Number()); err == nil {
			t.Error("a generation that was closed can be opened")
		}
		err := s.Write(t.Context(), projections.Checkpoint{Position: 7, Generation: s.Number()}, func(projections.Writer) (projections.Checkpoint, error) {
			return projections.Checkpoint{Position: 8, Generation: s.Number()}, nil
		})
		if err == nil {
			t.Error("a generation that was closed can be written")
		}
	}
	mustEqual(t, dump(t, h), before, "the living after all that and before")
}

func dropping(t *testing.T, open func() Home) {
	h := open()
	from := living(t, h)
	s := begin(t, h)
	fillWith(t, s, "new", 7)
	if err := errors.Join(h.Switch(t.Context(), from, s.Number()), s.Close()); err != nil {
		t.Fatal(err)
	}
	if err := h.Drop(t.Context(), s.Number()); err == nil || living(t, h) != s.Number() {
		t.Errorf("Drop of the living = %v", err)
	}
	if err := h.Drop(t.Context(), from); err != nil {
		t.Fatalf("Drop: %v", err)
	}
	if err := h.Switch(t.Context(), s.Number(), from); err == nil {
		t.Error("Switch to what was dropped succeeds")
	}
	if err := h.Drop(t.Context(), from); err == nil {
		t.Error("Drop of what was dropped succeeds")
	}
	if list := generations(t, h); len(list) != 1 || !holds(t, h, "new") {
		t.Errorf("after Drop: %+v", list)
	}
}

func kept(t *testing.T, open func() Home) {
	h, other := open(), open()
	fillWith(t, h, "old", 5)
	from := living(t, h)
	want := dump(t, h)
	read(t, h, func(r projections.Reader) error {
		if seen, err := Dump(t.Context(), r, nil); err != nil || seen != want {
			t.Fatalf("a reader sees %s, %v", seen, err)
		}
		s := begin(t, other)
		fillWith(t, s, "new", 7)
		if err := errors.Join(other.Switch(t.Context(), from, s.Number()), s.Close(), other.Drop(t.Context(), from)); err != nil {
			t.Fatalf("Switch and Drop under a reader: %v", err)
		}
		seen, err := Dump(t.Context(), r, nil)
		mustEqual(t, seen, want, "the view of a reader after its generation was dropped and before")
		return err
	})
	if !holds(t, h, "new") {
		t.Errorf("the next reader sees\n%s", dump(t, h))
	}
	fillWith(t, begin(t, h), "third", 1)
}

func staleWrite(t *testing.T, open func() Home) {
	h := open()
	fillWith(t, h, "old", 5)
	from := checkpoint(t, h)
	s := begin(t, h)
	fillWith(t, s, "new", 5) // at the same position
	if err := h.Switch(t.Context(), from.Generation, s.Number()); err != nil {
		t.Fatal(err)
	}
	err := h.Write(t.Context(), from, func(w projections.Writer) (projections.Checkpoint, error) {
		return projections.Checkpoint{Position: 6, Generation: from.Generation}, w.PutSubjects(t.Context(), []projections.Subject{member("stale", 2, "x")})
	})
	if !errors.Is(err, projections.ErrMoved) {
		t.Errorf("Write from a generation that was live = %v, want %v", err, projections.ErrMoved)
	}
	if holds(t, h, "stale") {
		t.Error("it was written all the same")
	}
}

func again(t *testing.T, open func() Home) {
	h := open()
	from := living(t, h)
	s := begin(t, h)
	fillWith(t, s, "new", 7)
	if err := errors.Join(h.Switch(t.Context(), from, s.Number()), s.Close()); err != nil {
		t.Fatal(err)
	}
	want := dump(t, h)
	if err := h.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	h = open()
	if living(t, h) != s.Number() {
		t.Errorf("generation %d is live after a start, was %d", living(t, h), s.Number())
	}
	mustEqual(t, dump(t, h), want, "the home after a start and before")
}

// rebuilt fills a generation from a log while the living one is read and grows,
// and compares.
func rebuilt(t *testing.T, open func() Home) {
	h := open()
	all, err := plain(t.Context(), 40, 1)
	if err != nil {
		t.Fatal(err)
	}
	last, err := all.log.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	upTo := func(s projections.Store, at eventstore.Position) {
		t.Helper()
		if err := (&projections.Projector{Log: prefix{all.log, at}, Store: s}).CatchUp(t.Context()); err != nil {
			t.Fatalf("CatchUp: %v", err)
		}
	}
	upTo(h, last/2)
	s := begin(t, h)
	day, _ := domain.ParseDate("2030-01-01")
	figures := projections.NewFigures(h)
	for part := range eventstore.Position(8) {
		upTo(s, last*(part+1)/8)
		if part%2 == 1 {
			upTo(h, last/2+last*(part+1)/16)
		}
		if _, err := figures.Headcount(t.Context(), projections.Question{AsOf: day}, nil); err != nil {
			t.Fatal(err)
		}
	}
	upTo(h, last)
	mustEqual(t, dump(t, s, all.ids...), dump(t, h, all.ids...), "a generation that was filled beside and the living one")
	before, err := figures.Headcount(t.Context(), projections.Question{AsOf: day}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Switch(t.Context(), living(t, h), s.Number()); err != nil {
		t.Fatal(err)
	}
	after, err := figures.Headcount(t.Context(), projections.Question{AsOf: day}, nil)
	if err != nil || after.Total != before.Total || after.Total == 0 || after.Position != before.Position {
		t.Errorf("%+v before the switch, %+v after it, %v", before, after, err)
	}
}

// prefix is a log as it was at a position.
type prefix struct {
	*memory.Log
	end eventstore.Position
}

func (p prefix) Last(context.Context) (eventstore.Position, error) { return p.end, nil }

func versions(t *testing.T, open func() Home, age func()) {
	all, err := plain(t.Context(), 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	first := open()
	projector := projections.Projector{Log: all.log, Store: first}
	if err := projector.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	want, at := dump(t, first, all.ids...), checkpoint(t, first)
	refused := func(h Home, want error) {
		t.Helper()
		if err := h.Read(t.Context(), func(projections.Reader) error { return nil }); !errors.Is(err, want) {
			t.Errorf("Read = %v, want %v", err, want)
		}
		err := h.Write(t.Context(), at, func(projections.Writer) (projections.Checkpoint, error) { return at, nil })
		if !errors.Is(err, want) {
			t.Errorf("Write = %v, want %v", err, want)
		}
	}
	age()
	second := open()
	refused(first, projections.ErrVersion)
	refused(second, projections.ErrVersion)
	if err := projector.Rebuild(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	for _, h := range []Home{first, second, open()} {
		mustEqual(t, dump(t, h, all.ids...), want, "the read models after a change of version and before")
	}
	list := generations(t, second)
	if len(list) != 2 || list[0].Live || !list[0].Before || !list[1].Live || list[1].Before || list[0].Version == list[1].Version {
		t.Errorf("after a change of version: %+v", list)
	}
	age() // yet another one takes over
	at = projections.Checkpoint{Position: at.Position, Generation: list[1].Number}
	refused(first, projections.ErrTakenOver)
}

func manyRebuilds(t *testing.T, open func() Home) {
	h := open()
	log := memory.New()
	for range 4 {
		if err := (&projections.Projector{Log: log}).Rebuild(t.Context(), h); err != nil {
			t.Fatal(err)
		}
	}
	if list := generations(t, h); len(list) != 2 || !list[0].Before || !list[1].Live {
		t.Errorf("after four rebuilds: %+v", list)
	}
}
