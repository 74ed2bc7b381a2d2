package jetstream_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
	"rollbook/eventstore/storetest"
)

type (
	sendFunc func() (jetstream.Ack, error)
	answered struct {
		at  eventstore.Position
		err error
	}
)

// plug keeps the server busy with an append of two records, so that what comes
// then waits. Its publish ends when unplug is called, and then takes positions
// 1 and 2. Everything else that is sent goes through publish.
func plug(t *testing.T, log *jetstream.Log, publish func(ctx context.Context, writes []eventstore.Write, send sendFunc) (jetstream.Ack, error)) (unplug func()) {
	t.Helper()
	on, off := make(chan struct{}), make(chan struct{})
	log.OnPublishOf(func(ctx context.Context, writes []eventstore.Write, send func() (jetstream.Ack, error)) (jetstream.Ack, error) {
		if writes[0].Stream != "sys/plug" {
			return publish(ctx, writes, send)
		}
		close(on)
		<-off
		return send()
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		if got, err := log.Append(context.WithoutCancel(t.Context()), write("sys/plug", head(0, 0), recs("plug", 2)...)); got != 2 || err != nil {
			t.Errorf("Append of the plug = %d, %v; want 2", got, err)
		}
	}()
	<-on
	unplug = sync.OnceFunc(func() { close(off); <-done })
	t.Cleanup(unplug)
	return unplug
}

// enqueue appends and returns when the append waits for its turn.
func enqueue(ctx context.Context, log *jetstream.Log, writes ...eventstore.Write) <-chan answered {
	before := log.Waiting()
	answer := make(chan answered, 1)
	go func() {
		at, err := log.Append(ctx, writes...)
		answer <- answered{at, err}
	}()
	for log.Waiting() == before {
		runtime.Gosched()
	}
	return answer
}

const crowd = 40 // enough for a batch, whatever the costs

// single is the append of member i of a crowd.
func single(i int) eventstore.Write {
	return write(fmt.Sprint("member/m", i), head(0, 0), rec(fmt.Sprint("r", i)))
}

// Each way in which a gathered batch may fail, before the server has stored it
// or after: every member is told the truth, and nothing is stored twice.
func TestGatheredBatchThatIsNotAcknowledged(t *testing.T) {
	answers := map[string]error{"the answer is lost": errLost, "time-out": context.DeadlineExceeded}
	for _, code := range []int{10071, 10164, 10158, 10201, 10176, 10210, 10077} {
		answers[fmt.Sprint("code ", code)] = jetstream.Refusal(code)
	}
	for name, answer := range answers {
		for _, stored := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, stored %v", name, stored), func(t *testing.T) {
				log := open(t, jetstream.Config{Dir: t.TempDir()})
				gathered := 0
				unplug := plug(t, log, func(_ context.Context, writes []eventstore.Write, send sendFunc) (jetstream.Ack, error) {
					if len(writes) < crowd {
						return send()
					}
					if gathered++; gathered > 1 {
						return send()
					}
					if stored {
						if _, err := send(); err != nil {
							t.Error(err)
						}
					}
					return jetstream.Ack{}, answer
				})
				var crowded []<-chan answered
				for i := range crowd {
					crowded = append(crowded, enqueue(t.Context(), log, single(i)))
				}
				unplug()
				at := map[eventstore.Position]bool{}
				for i, c := range crowded {
					got := <-c
					if got.err != nil || at[got.at] || stored && got.at != eventstore.Position(3+i) {
						t.Errorf("append %d = %d, %v", i, got.at, got.err)
					}
					at[got.at] = true
					if r, err := log.Get(t.Context(), got.at); err != nil || r.ID != fmt.Sprint("r", i) {
						t.Errorf("append %d was told %d, and there is %q, %v", i, got.at, r.ID, err)
					}
				}
				if gathered == 0 {
					t.Error("nothing was gathered")
				}
				if last, err := log.Last(t.Context()); err != nil || last != 2+crowd {
					t.Errorf("Last = %d, %v; want %d", last, err, 2+crowd)
				}
			})
		}
	}
}

// A server that answers nothing useful at all: nobody is told that it is stored
// or that another was first.
func TestGatheredBatchOfUnknownOutcome(t *testing.T) {
	log := open(t, jetstream.Config{Dir: t.TempDir(), Timeout: 50 * time.Millisecond})
	unplug := plug(t, log, func(context.Context, []eventstore.Write, sendFunc) (jetstream.Ack, error) {
		return jetstream.Ack{}, errLost
	})
	// The plug would be too late for this time-out.
	var crowded []<-chan answered
	for i := range crowd {
		crowded = append(crowded, enqueue(t.Context(), log, single(i)))
	}
	unplug()
	for i, c := range crowded {
		got := <-c
		unsent := errors.Is(got.err, eventstore.ErrUnavailable)
		if got.at != 0 || !unsent && (!errors.Is(got.err, eventstore.ErrUnknownOutcome) || !errors.Is(got.err, errLost)) {
			t.Errorf("append %d = %d, %v; want %v because of %v", i, got.at, got.err, eventstore.ErrUnknownOutcome, errLost)
		}
	}
	if last, err := log.Last(t.Context()); err != nil || last != 2 {
		t.Errorf("Last = %d, %v; want 2", last, err)
	}
}

// The server refuses the whole batch because of one. Only that one is refused.
func TestOnlyTheGuiltyAppendIsRefused(t *testing.T) {
	const many = 100
	guilty := map[string]struct {
		write eventstore.Write
		is    func(error) bool
		// sends bounds how often something is sent. How much below it depends on
		// what single appends and batches cost on the machine just then.
		sends int
	}{
		"another was first": {
			write("member/taken", head(0, 0), rec("late")),
			func(err error) bool {
				var conflict *eventstore.VersionError
				return errors.As(err, &conflict) && conflict.Stream == "member/taken" && conflict.Actual == head(1, 1)
			}, many / 2,
		},
		"the id is used": {
			write("member/other", head(0, 0), rec("first")),
			func(err error) bool { return errors.Is(err, eventstore.ErrInvalid) }, many + 20,
		},
	}
	for name, tt := range guilty {
		t.Run(name, func(t *testing.T) {
			log := open(t, jetstream.Config{Dir: t.TempDir()})
			var sends []int
			var mu sync.Mutex
			mustAppend(t, log, 1, write("member/taken", head(0, 0), rec("first")))
			on, off := make(chan struct{}), make(chan struct{})
			log.OnPublishOf(func(_ context.Context, writes []eventstore.Write, send func() (jetstream.Ack, error)) (jetstream.Ack, error) {
				if writes[0].Stream == "sys/plug" {
					close(on)
					<-off
				}
				mu.Lock()
				sends = append(sends, len(writes))
				mu.Unlock()
				return send()
			})
			first := make(chan answered, 1)
			go func() {
				at, err := log.Append(t.Context(), write("sys/plug", head(0, 0), recs("plug", 2)...))
				first <- answered{at, err}
			}()
			<-on
			var crowded []<-chan answered
			for i := range many {
				crowded = append(crowded, enqueue(t.Context(), log, single(i)))
				if i == many/2 {
					crowded = append(crowded, enqueue(t.Context(), log, tt.write))
				}
			}
			close(off)
			if got := <-first; got.err != nil {
				t.Fatal(got.err)
			}
			for i, c := range crowded {
				got := <-c
				if i == many/2+1 {
					if !tt.is(got.err) {
						t.Errorf("the guilty append = %d, %v", got.at, got.err)
					}
				} else if got.err != nil {
					t.Errorf("append %d = %v", i, got.err)
				}
			}
			if last, err := log.Last(t.Context()); err != nil || last != 3+many {
				t.Errorf("Last = %d, %v; want %d", last, err, 3+many)
			}
			if len(sends)-1 > tt.sends {
				t.Errorf("it took batches of %v; want at most %d", sends, tt.sends)
			}
		})
	}
}

func TestLoneAppendGoesAtOnceAndAlone(t *testing.T) {
	log := open(t, jetstream.Config{Dir: t.TempDir()})
	var sends []int
	log.OnPublishOf(func(_ context.Context, writes []eventstore.Write, send func() (jetstream.Ack, error)) (jetstream.Ack, error) {
		sends = append(sends, len(writes))
		return send()
	})
	for i := range 5 {
		mustAppend(t, log, eventstore.Position(i+1), single(i))
	}
	if !slices.Equal(sends, []int{1, 1, 1, 1, 1}) {
		t.Errorf("five appends, one after another, were sent as %v", sends)
	}
}

// What waits is sent in the order in which it came; two appends to one stream
// are never in one batch; a large one shares its batch with nobody.
func TestGathering(t *testing.T) {
	log := open(t, jetstream.Config{Dir: t.TempDir()})
	var sends [][]string
	var mu sync.Mutex
	unplug := plug(t, log, func(_ context.Context, writes []eventstore.Write, send sendFunc) (jetstream.Ack, error) {
		var streams []string
		for _, w := range writes {
			if slices.Contains(streams, w.Stream) {
				t.Errorf("a batch writes twice to %s", w.Stream)
			}
			streams = append(streams, w.Stream)
		}
		mu.Lock()
		sends = append(sends, streams)
		mu.Unlock()
		return send()
	})
	var crowded []<-chan answered
	for i := range crowd {
		crowded = append(crowded, enqueue(t.Context(), log, single(i)))
	}
	rival := enqueue(t.Context(), log, write("member/m3", head(0, 0), rec("rival")))
	pair := enqueue(t.Context(), log, write("member/p", head(0, 0), rec("p1")), write("member/q", head(0, 0), recs("q", 2)...))
	large := enqueue(t.Context(), log, write("member/large", head(0, 0), recs("large", 300)...))
	after := enqueue(t.Context(), log, single(crowd))
	unplug()
	for i, c := range crowded {
		if got := <-c; got.err != nil || got.at != eventstore.Position(3+i) {
			t.Errorf("append %d = %d, %v; want %d", i, got.at, got.err, 3+i)
		}
	}
	if got := <-pair; got.err != nil || got.at != 2+crowd+3 {
		t.Errorf("append of three records = %d, %v; want %d", got.at, got.err, 2+crowd+3)
	}
	var conflict *eventstore.VersionError
	if got := <-rival; !errors.As(got.err, &conflict) || conflict.Actual != head(6, 1) {
		t.Errorf("append to the same stream = %d, %v; want a conflict", got.at, got.err)
	}
	for _, c := range []<-chan answered{large, after} {
		if got := <-c; got.err != nil {
			t.Error(got.err)
		}
	}
	if n := len(sends[0]); n != crowd+2 {
		t.Errorf("the first batch is of %d streams; want %d", n, crowd+2)
	}
	if !slices.ContainsFunc(sends, func(s []string) bool { return slices.Equal(s, []string{"member/large"}) }) {
		t.Errorf("the large append was not sent by itself: %v", sends)
	}
}

func TestAppendThatGivesUp(t *testing.T) {
	log := open(t, jetstream.Config{Dir: t.TempDir()})
	sent, goOn := make(chan struct{}), make(chan struct{})
	unplug := plug(t, log, func(_ context.Context, _ []eventstore.Write, send sendFunc) (jetstream.Ack, error) {
		close(sent)
		<-goOn
		return send()
	})
	ctx, cancel := context.WithCancel(t.Context())
	later, cancelLater := context.WithCancel(t.Context())
	gone := enqueue(ctx, log, write("member/gone", head(0, 0), rec("gone")))
	var crowded []<-chan answered
	for i := range crowd {
		crowded = append(crowded, enqueue(later, log, single(i)))
	}
	cancel() // while it waits
	if got := <-gone; got.at != 0 || !errors.Is(got.err, context.Canceled) || errors.Is(got.err, eventstore.ErrUnknownOutcome) {
		t.Errorf("append that gave up its turn = %d, %v; want %v", got.at, got.err, context.Canceled)
	}
	go unplug()
	<-sent
	cancelLater() // while they are on their way
	close(goOn)
	for i, c := range crowded {
		if got := <-c; got.err != nil || got.at != eventstore.Position(3+i) {
			t.Errorf("append %d that gave up on its way = %d, %v; want %d", i, got.at, got.err, 3+i)
		}
	}
	if h, err := log.Head(t.Context(), "member/gone"); err != nil || h != head(0, 0) {
		t.Errorf("the stream of what was not sent ends at %+v, %v", h, err)
	}
}

func TestCloseAnswersEveryAppend(t *testing.T) {
	log := open(t, jetstream.Config{Dir: t.TempDir()})
	unplug := plug(t, log, func(_ context.Context, _ []eventstore.Write, send sendFunc) (jetstream.Ack, error) {
		return send()
	})
	var crowded []<-chan answered
	for i := range crowd {
		crowded = append(crowded, enqueue(t.Context(), log, single(i)))
	}
	closed := make(chan error, 1)
	go func() { closed <- log.Close() }()
	for i, c := range crowded {
		if got := <-c; got.at != 0 || !errors.Is(got.err, eventstore.ErrUnavailable) {
			t.Errorf("append %d that waited = %d, %v; want %v", i, got.at, got.err, eventstore.ErrUnavailable)
		}
	}
	unplug() // it was on its way, and is acknowledged
	if err := <-closed; err != nil {
		t.Errorf("Close = %v", err)
	}
	if _, err := log.Append(t.Context(), single(0)); !errors.Is(err, eventstore.ErrUnavailable) {
		t.Errorf("Append after Close = %v; want %v", err, eventstore.ErrUnavailable)
	}
}

// An append whose acknowledgement does not come before Close is not told that it
// was cancelled: its own context goes on.
func TestCloseDoesNotWaitForEver(t *testing.T) {
	log := open(t, jetstream.Config{Dir: t.TempDir(), Patience: 20 * time.Millisecond})
	sent := make(chan struct{})
	log.OnPublish(func(ctx context.Context, _ func() (jetstream.Ack, error)) (jetstream.Ack, error) {
		close(sent)
		<-ctx.Done()
		return jetstream.Ack{}, ctx.Err()
	})
	answer := make(chan error, 1)
	go func() {
		_, err := log.Append(t.Context(), single(0))
		answer <- err
	}()
	<-sent
	mustClose(t, log)
	if err := <-answer; !errors.Is(err, eventstore.ErrUnknownOutcome) || errors.Is(err, context.Canceled) {
		t.Errorf("Append during Close = %v; want %v", err, eventstore.ErrUnknownOutcome)
	}
}

// A server that is silent gets nothing more to do, and nobody waits for long.
func TestSilentServer(t *testing.T) {
	log := open(t, jetstream.Config{Dir: t.TempDir(), Patience: 50 * time.Millisecond})
	unplug := plug(t, log, func(_ context.Context, _ []eventstore.Write, send sendFunc) (jetstream.Ack, error) {
		return send()
	})
	got := <-enqueue(t.Context(), log, single(0))
	if got.at != 0 || !errors.Is(got.err, eventstore.ErrUnavailable) || errors.Is(got.err, eventstore.ErrUnknownOutcome) {
		t.Errorf("append behind a silent server = %d, %v; want %v", got.at, got.err, eventstore.ErrUnavailable)
	}
	unplug()
	mustAppend(t, log, 3, single(0))
}

// Random appends of many writers over a connection that fails in every way:
// each is stored exactly once, or was refused because another was first.
func TestFaultyServerAndManyWriters(t *testing.T) {
	log := open(t, jetstream.Config{Dir: t.TempDir()})
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed of the faults %d", seed)
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 1))
	answers := []error{errLost, context.DeadlineExceeded}
	for _, code := range []int{10071, 10164, 10158, 10201, 10176, 10210, 10077} {
		answers = append(answers, jetstream.Refusal(code))
	}
	batches := 0
	log.OnPublishOf(func(_ context.Context, writes []eventstore.Write, send func() (jetstream.Ack, error)) (jetstream.Ack, error) {
		mu.Lock()
		if len(writes) > 3 {
			batches++
		}
		fault, answer := random.IntN(10), answers[random.IntN(len(answers))]
		mu.Unlock()
		if fault == 0 && isDuplicateRefusal(answer) {
			fault = 9 // a server does not say of an id that nobody used that it is used
		}
		switch fault {
		case 0: // before it is stored
			return jetstream.Ack{}, answer
		case 1: // after
			if got, err := send(); err != nil {
				return got, err
			}
			return jetstream.Ack{}, answer
		}
		return send()
	})
	storetest.Concurrently(t, log, 48, 20)
	if batches == 0 {
		t.Error("nothing was gathered")
	}
}

func isDuplicateRefusal(err error) bool { return err.Error() == jetstream.Refusal(10201).Error() }
