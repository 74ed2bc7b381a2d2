//go:build unix

package jetstream_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/nats-io/nats.go"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
)

// longMode makes the tests of faults do more of the same.
const longMode = "ROLLBOOK_LONG"

// more is how many appends show that the servers go on.
const more = 200

// nemesis breaks a cluster while writers work, one fault after another.
type nemesis struct {
	t       *testing.T
	servers *nodes
	admin   *nats.Conn
	h       *history
	random  *rand.Rand
}

// until waits for a condition.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within two minutes", what)
		}
		<-ticker.C
	}
}

// progress waits until so many more appends are stored.
func (m *nemesis) progress(what string, more int) {
	m.t.Helper()
	want := m.h.count() + more
	until(m.t, "progress after "+what, func() bool { return m.h.count() >= want })
}

func (m *nemesis) leader() *node {
	var found *node
	until(m.t, "a leader", func() bool { found = m.servers.leader(m.admin, "LEDGER"); return found != nil })
	return found
}

func (m *nemesis) signal(n *node, signal syscall.Signal) {
	m.t.Helper()
	if err := n.process.Process.Signal(signal); err != nil {
		m.t.Errorf("signal %v to %s: %v", signal, n.name, err)
	}
}

// kill ends servers at once and starts them again, after a while if the others
// can go on without them.
func (m *nemesis) kill(what string, victims ...*node) {
	m.t.Helper()
	begin := time.Now()
	for _, n := range victims {
		n.kill(m.t)
	}
	if len(victims) == 1 {
		m.progress("the kill of "+what, more)
		m.t.Logf("killed %s %s; %d appends later after %v", what, victims[0].name, more, time.Since(begin).Round(time.Millisecond))
	}
	for _, n := range victims {
		n.start(m.t, "always")
	}
	m.progress("the return of "+what, more)
	if len(victims) > 1 {
		m.t.Logf("killed %s; %d appends later after %v", what, more, time.Since(begin).Round(time.Millisecond))
	}
}

// pause stops a server until the others have gone on without it; then it wakes
// up and thinks for a moment that it is what it was.
func (m *nemesis) pause(what string, n *node) {
	m.t.Helper()
	begin := time.Now()
	m.signal(n, syscall.SIGSTOP)
	m.progress("the pause of "+what, more)
	gap := time.Since(begin)
	m.signal(n, syscall.SIGCONT)
	m.progress("the end of the pause of "+what, more)
	m.t.Logf("paused %s %s; %d appends later after %v", what, n.name, more, gap.Round(time.Millisecond))
}

func (m *nemesis) other(than *node) *node {
	for {
		if n := m.servers.all[m.random.IntN(len(m.servers.all))]; n != than {
			return n
		}
	}
}

func (m *nemesis) fault(n int) {
	leader := m.leader()
	switch n {
	case 0:
		m.kill("the leader", leader)
	case 1:
		m.pause("the leader", leader)
	case 2:
		m.kill("another", m.other(leader))
	case 3:
		m.pause("another", m.other(leader))
	case 4:
		m.kill("all three", m.servers.all...)
	}
}

// Writers append to shared streams while servers are killed, paused and started
// again. Whatever they are told is true: nothing acknowledged is lost or stored
// twice, nothing is stored in part, nothing that was refused is stored, and what
// each stream went through is linearizable.
func TestClusterTellsTheTruthWhileServersFail(t *testing.T) {
	t.Parallel()
	const writers = 6
	seed := uint64(time.Now().UnixNano())
	faults := []int{0, 1, 2}
	random := rand.New(rand.NewPCG(seed, 0))
	if os.Getenv(longMode) != "" {
		for range 40 {
			faults = append(faults, random.IntN(5))
		}
	}
	t.Logf("seed %d", seed)

	servers := startNodes(t, 3, "nats-server", "")
	cfg := servers.config()
	cfg.NKeyFile = servers.maker.file
	if made, err := jetstream.Create(t.Context(), cfg); err != nil || !made {
		t.Fatalf("Create = %v, %v", made, err)
	}
	cfg.NKeyFile = servers.ledger.file
	cfg.Timeout, cfg.Patience = 5*time.Second, 5*time.Second
	cfg.Logger = slog.New(slog.DiscardHandler)

	h := &history{begin: time.Now()}
	patience, giveUp := context.WithCancel(t.Context())
	follow, cease := context.WithCancel(t.Context())
	stop := make(chan struct{})
	ended := sync.OnceFunc(func() { close(stop) })
	var writing, following sync.WaitGroup
	defer func() { // also when the test has failed on its way
		ended()
		giveUp()
		cease()
		writing.Wait()
		following.Wait()
	}()
	for w := range writers {
		log := openLogin(t, cfg)
		writing.Go(func() {
			if err := h.write(patience, log, w, seed, stop); err != nil {
				t.Errorf("writer %d: %v", w, err)
			}
		})
	}
	follower := openLogin(t, cfg)
	var followed atomic.Uint64
	following.Go(func() {
		// Who follows through an outage that lasts is told that nothing comes, and
		// begins again where it left off.
		for follow.Err() == nil && !t.Failed() {
			for r, err := range follower.Follow(follow, eventstore.Position(followed.Load())) {
				if err != nil {
					t.Logf("Follow after %d: %v", followed.Load(), err)
					break
				}
				if at := uint64(r.Position); at != followed.Load()+1 {
					t.Errorf("Follow after %d: a record at %d", followed.Load(), at)
					return
				}
				followed.Store(uint64(r.Position))
			}
		}
	})

	m := &nemesis{t, servers, servers.admin(t), h, random}
	m.progress("the start", more)
	for _, fault := range faults {
		m.fault(fault)
	}
	ended()
	time.AfterFunc(time.Minute, giveUp)
	writing.Wait()

	log := replayAll(t, openLogin(t, cfg))
	until(t, "the end of the log for who follows it", func() bool { return int(followed.Load()) >= len(log) || t.Failed() })
	if err := h.check(log); err != nil {
		t.Errorf("seed %d: %v", seed, err)
	}
	if got := h.linearizable(false); got != porcupine.Ok {
		t.Errorf("seed %d: linearizable: %v", seed, got)
	}
	h.report(t, len(log))
}

// report says what the writers were told.
func (h *history) report(t *testing.T, records int) {
	told := map[verdict]int{}
	loads, unsure, batches := 0, 0, 0
	for _, op := range h.list {
		switch {
		case op.loaded != "":
			loads++
			continue
		case len(op.writes) > 1 || len(op.writes[0].Records) > 1:
			batches++
		}
		told[op.verdict]++
		if op.wasUnknown {
			unsure++
		}
	}
	t.Logf("%d records; %d appends stored, %d conflicts, %d not sent, %d never known; %d of them batches, %d were unknown for a time; %d loads, linearizable with the appends: %v",
		records, told[stored], told[conflict], told[nothing], told[unknown], batches, unsure, loads, h.linearizable(true))
}
