package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"rollbook/eventstore"
	"rollbook/projections"
)

// childVariable tells a test binary that it is a projector to be killed: what
// to open, and the seed of the log.
const childVariable = "ROLLBOOK_STORETEST_PROJECTOR"

const (
	killMembers = 40
	killStep    = 20 // records in a transaction
)

// Child is for TestMain: in a process that [Kills] has started it opens a store
// by the name that it is given, projects until it is killed, and does not
// return.
func Child(open func(ctx context.Context, name string) (projections.Home, error)) {
	seed, name, ok := strings.Cut(os.Getenv(childVariable), " ")
	if !ok {
		return
	}
	err := func() error {
		ctx := context.Background()
		n, err := strconv.ParseUint(seed, 10, 64)
		if err != nil {
			return err
		}
		h, err := plain(ctx, killMembers, n)
		if err != nil {
			return err
		}
		s, err := open(ctx, name)
		if err != nil {
			return err
		}
		told := tellingHome{s, os.Stdout}
		for {
			if err := projectBySteps(ctx, h, told); err != nil {
				return err
			}
			// Then anew, as often as it takes to be killed.
			err := (&projections.Projector{Log: h.log}).Rebuild(ctx, told)
			if err != nil && !errors.Is(err, projections.ErrMoved) && !errors.Is(err, projections.ErrBusy) && !errors.Is(err, projections.ErrNoGeneration) {
				return err
			}
		}
	}()
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// projectBySteps brings a store to the end of a log in many transactions, beside
// others who may do the same.
func projectBySteps(ctx context.Context, h *history, s projections.Store) error {
	last, err := h.log.Last(ctx)
	if err != nil {
		return err
	}
	for {
		var at projections.Checkpoint
		err := s.Read(ctx, func(r projections.Reader) (err error) {
			at, err = r.Checkpoint(ctx)
			return err
		})
		if err != nil || at.Position == last {
			return err
		}
		p := projections.Projector{Log: prefix{h.log, min(at.Position+killStep, last)}, Store: s}
		// Behind the other's back the models may be ahead of the step.
		err = p.CatchUp(ctx)
		if err != nil && !errors.Is(err, projections.ErrMoved) && !errors.Is(err, projections.ErrAhead) {
			return err
		}
	}
}

// Kills projects a log in processes that are killed at any moment, up to most at
// a time, and in the end compares with a projection that nobody disturbed.
// TestMain has to call [Child]. name is what Child's open is given; open opens
// the same store in this process, and reference an empty one.
func Kills(t *testing.T, name string, most int, open, reference func(testing.TB) projections.Home) {
	kills := 20
	if Long() {
		kills = 100
	}
	seed := rand.Uint64N(1 << 40)
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	h, err := plain(t.Context(), killMembers, seed)
	if err != nil {
		t.Fatal(err)
	}
	want := reference(t)
	if err := (&projections.Projector{Log: h.log, Store: want}).CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	_ = open(t) // made before it is fought for
	done := make(chan error)
	for killed := 0; killed < kills; {
		at := 1 + r.IntN(most)
		for range at {
			after := 1 + r.IntN(60)
			go func() { done <- projectUntilKilled(t, fmt.Sprint(seed, " ", name), after) }()
		}
		for range at {
			if err := <-done; err != nil {
				t.Error(err)
			}
			killed++
		}
		if t.Failed() {
			return
		}
	}
	s := open(t)
	at := checkpoint(t, s)
	t.Logf("%d projectors were killed; the models are at %+v", kills, at)
	if err := projectBySteps(t.Context(), h, s); err != nil {
		t.Fatal(err)
	}
	mustEqual(t, dump(t, s, h.ids...), dump(t, want, h.ids...), "the models after all and those of a projector that was left alone")
}

// Outages projects a log into a store whose database is ended and started
// again. ended reports whether an error means that the database was gone; down
// ends it at any moment, and up starts it. In the end it compares, as [Kills]
// does.
func Outages(t *testing.T, s, reference projections.Home, ended func(error) bool, down, up func()) {
	outages := 6
	if Long() {
		outages = 60
	}
	seed := rand.Uint64N(1 << 40)
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	h, err := plain(t.Context(), killMembers, seed)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&projections.Projector{Log: h.log, Store: reference}).CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range outages {
		fuse := &fuse{lines: 1 + r.IntN(60), beside: r.IntN(2) == 0, f: down, burnt: make(chan struct{})}
		for err = nil; err == nil; {
			told := tellingHome{s, fuse}
			if err = projectBySteps(t.Context(), h, told); err == nil {
				err = (&projections.Projector{Log: h.log}).Rebuild(t.Context(), told)
			}
		}
		if !ended(err) {
			t.Fatalf("the database is gone, and the projector says %v", err)
		}
		<-fuse.burnt
		err := s.Read(t.Context(), func(projections.Reader) error { return nil })
		if !ended(err) {
			t.Fatalf("the database is gone, and a reader says %v", err)
		}
		up()
	}
	if err := projectBySteps(t.Context(), h, s); err != nil {
		t.Fatal(err)
	}
	mustEqual(t, dump(t, s, h.ids...), dump(t, reference, h.ids...), "the models after all and those of a projector that was left alone")
}

// fuse calls a function when a number of lines was written to it: at once, or
// beside what goes on.
type fuse struct {
	lines  int
	beside bool
	f      func()
	burnt  chan struct{}
}

func (f *fuse) Write(b []byte) (int, error) {
	if f.lines--; f.lines == 0 {
		burn := func() {
			f.f()
			close(f.burnt)
		}
		if f.beside {
			go burn()
		} else {
			burn()
		}
	}
	return len(b), nil
}

// projectUntilKilled starts a projector and kills it when it has said so many
// lines.
func projectUntilKilled(t *testing.T, what string, after int) error {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childVariable+"="+what)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if after--; after == 0 {
			_ = cmd.Process.Kill() // it has ended if it cannot be killed; see below
			_, _ = io.Copy(io.Discard, out)
			break
		}
	}
	_ = cmd.Wait() // killed
	if after > 0 {
		return fmt.Errorf("a projector ended by itself: %s", said.String())
	}
	return t.Context().Err()
}

// tellingHome says a line whenever something is about to be done to a home.
type tellingHome struct {
	projections.Home
	out io.Writer
}

func (h tellingHome) Write(ctx context.Context, from projections.Checkpoint, f func(projections.Writer) (projections.Checkpoint, error)) error {
	return teller{h.Home, h.out}.Write(ctx, from, f)
}

func (h tellingHome) Begin(ctx context.Context) (projections.Shadow, error) {
	fmt.Fprintln(h.out)
	s, err := h.Home.Begin(ctx)
	fmt.Fprintln(h.out)
	return tellingShadow{s, teller{s, h.out}}, err
}

func (h tellingHome) Switch(ctx context.Context, from, to int64) error {
	fmt.Fprintln(h.out)
	defer fmt.Fprintln(h.out)
	return h.Home.Switch(ctx, from, to)
}

type tellingShadow struct {
	projections.Shadow
	teller teller
}

func (s tellingShadow) Write(ctx context.Context, from projections.Checkpoint, f func(projections.Writer) (projections.Checkpoint, error)) error {
	return s.teller.Write(ctx, from, f)
}

func (s tellingShadow) Close() error {
	s.teller.say()
	return s.Shadow.Close()
}

// teller does so with one store.
type teller struct {
	projections.Store
	out io.Writer
}

func (s teller) say() { fmt.Fprintln(s.out) }

func (s teller) Write(ctx context.Context, from projections.Checkpoint, f func(projections.Writer) (projections.Checkpoint, error)) error {
	s.say()
	defer s.say()
	return s.Store.Write(ctx, from, func(w projections.Writer) (projections.Checkpoint, error) {
		s.say()
		defer s.say() // before the commit
		return f(tellingWriter{w, s})
	})
}

type tellingWriter struct {
	projections.Writer
	teller teller
}

func (w tellingWriter) PutSubjects(ctx context.Context, s []projections.Subject) error {
	defer w.teller.say()
	return w.Writer.PutSubjects(ctx, s)
}

func (w tellingWriter) PutCells(ctx context.Context, c []projections.NumberedCell) error {
	defer w.teller.say()
	return w.Writer.PutCells(ctx, c)
}

func (w tellingWriter) PutRows(ctx context.Context, t projections.Table, values []int64) error {
	defer w.teller.say()
	return w.Writer.PutRows(ctx, t, values)
}

func (w tellingWriter) PutIDs(ctx context.Context, ids map[string]eventstore.Position) error {
	defer w.teller.say()
	return w.Writer.PutIDs(ctx, ids)
}
