package ledger

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/semaphore"

	"rollbook/domain"
)

// gate keeps apart what must not happen at the same time: while one event is on
// its way to the log, no other is decided on that rests on what it says. Others
// pass. Who waits is served in turn.
type gate struct {
	mu    sync.Mutex
	locks map[string]*lock
	// knock gets one when somebody has to wait, so that an import makes room.
	knock chan struct{}
}

type lock struct {
	room  *semaphore.Weighted
	users int // who hold it or wait for it
}

// need is something that an event rests on, or changes.
type need struct {
	what  string
	alone bool // changes it; else others that rest on it may pass too
}

// structure is how organisations stand to each other. Every event rests on it:
// members are in organisations, and follow their mergers.
const structure = "" // sorts before all else

// everyone is the room of a lock.
const everyone = 1 << 30

func newGate() *gate { return &gate{locks: map[string]*lock{}, knock: make(chan struct{}, 1)} }

// enter waits until everything that is needed is free, and returns what gives it
// back. All take what they need in one order, so nobody waits in a ring.
func (g *gate) enter(ctx context.Context, needs ...need) (leave func(), err error) {
	slices.SortFunc(needs, func(a, b need) int {
		if c := cmp.Compare(a.what, b.what); c != 0 || a.alone == b.alone {
			return c
		}
		if a.alone {
			return -1
		}
		return 1
	})
	needs = slices.CompactFunc(needs, func(a, b need) bool { return a.what == b.what })
	taken := 0
	leave = func() {
		for _, n := range needs[:taken] {
			g.release(n)
		}
	}
	for _, n := range needs {
		if err := g.take(ctx, n); err != nil {
			leave()
			return nil, err
		}
		taken++
	}
	return leave, nil
}

func (n need) weight() int64 {
	if n.alone {
		return everyone
	}
	return 1
}

func (g *gate) take(ctx context.Context, n need) error {
	g.mu.Lock()
	l := g.locks[n.what]
	if l == nil {
		l = &lock{room: semaphore.NewWeighted(everyone)}
		g.locks[n.what] = l
	}
	l.users++
	g.mu.Unlock()
	if l.room.TryAcquire(n.weight()) {
		return nil
	}
	select {
	case g.knock <- struct{}{}:
	default: // heard already
	}
	err := l.room.Acquire(ctx, n.weight())
	if err != nil {
		g.forget(n.what, l)
	}
	return err
}

func (g *gate) release(n need) {
	g.mu.Lock()
	l := g.locks[n.what]
	g.mu.Unlock()
	l.room.Release(n.weight())
	g.forget(n.what, l)
}

func (g *gate) forget(what string, l *lock) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if l.users--; l.users == 0 {
		delete(g.locks, what)
	}
}

// alone is what an import needs, and an event that changes the structure: that
// nothing else is on its way.
func alone() []need { return []need{{structure, true}} }

// needsOf returns what an event rests on and what it changes.
func needsOf(e domain.Entry) []need {
	if domain.ChangesStructure(e.Event) {
		return alone()
	}
	needs := []need{{what: structure}, {string(e.Subject), true}}
	if mentor := domain.MentorIn(e.Event); mentor != "" {
		needs = append(needs, need{what: string(domain.MemberSubject(mentor))})
	}
	if !e.Derived {
		// Another subject may be given the same id at the same moment.
		needs = append(needs, need{"id " + e.ID, true})
	}
	return needs
}
