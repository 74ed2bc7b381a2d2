package jetstream

import (
	"math"
	"slices"
	"sync"
	"time"

	"rollbook/eventstore"
)

// A server with sync always makes one fsync for each message, however many are
// on their way, but one for an atomic batch of up to a thousand (2.15.2, one
// replica). A batch costs milliseconds of its own. So few waiting appends are
// sent one by one, and many are gathered into one batch while the one before it
// is on its way.
const (
	// maxSingles is how many messages are on their way one by one. With four
	// the server never waits for the next; the others wait here, where they can
	// be gathered.
	maxSingles = 4

	// gatherRecords and gatherBytes bound a gathered batch; the server's limit
	// is eventstore.MaxBatch. An append of aloneRecords or more shares its
	// batch with nobody: it gains nothing, and a refusal would cost the others.
	gatherRecords = eventstore.MaxBatch
	gatherBytes   = 8 << 20
	aloneRecords  = 200

	// maxRefusals is how often an append is sent in a batch that is refused
	// because of another before it is sent by itself.
	maxRefusals = 3

	// recordCost is what one more record in a batch costs. The other costs are
	// measured (breakEven); what was not measured lately is tried again.
	recordCost   = 20 * time.Microsecond
	tryBatchOf   = 12
	trySingles   = 8
	minBreakEven = 8
	maxBreakEven = 32
	costsHold    = 5 * time.Second

	// maxLinger bounds the wait for the writers of a batch to come back with
	// their next appends, and lingerPart bounds it as a part of the batch's own
	// time.
	maxLinger  = 3 * time.Millisecond
	lingerPart = 8
)

// queue decides which appends go to the server, in which order and company.
//
// An append is in it from its arrival to its answer:
//
//	waiting ──► alone, on its way (its own goroutine sends it) ──► answered
//	   ▲  └───► in a batch, on its way ──► answered
//	   └─────────── refused because of another
//
// The order is that of arrival, with one exception: an append to a stream that
// another on its way writes to stays behind until that one is answered, and
// then goes alone, because most likely it will be refused.
type queue struct {
	// fly sends several appends as one batch, in a goroutine of its own, and
	// then calls landed.
	fly func([]*pending)

	mu      sync.Mutex
	waiting []*pending
	busy    map[string]struct{} // the streams of what is on its way
	singles int                 // on their way one by one
	batch   bool                // on its way
	sent    uint64              // how often something was sent
	closed  error
	flights sync.WaitGroup
	idle    chan struct{} // closed when the queue is closed and nothing is on its way

	answered time.Time // when the server last answered, or something was sent to an idle one
	one      cost      // of a message by itself
	whole    cost      // of a batch, without its records

	timer    *time.Timer
	linger   time.Time // nothing is sent until then,
	expected int       // unless so many are waiting
	before   int       // so many were when the linger began
	served   int       // and so many had just been answered
	hasty    int       // batches after which not to linger
}

// pending is an append on its way through the queue. Its fields belong to the
// queue while it waits, and to who sends it while it is on its way.
type pending struct {
	writes  []eventstore.Write
	streams []string
	records int
	bytes   int

	turn  chan turn // gets one when it is this append's turn, and one at the end
	since time.Time // when it was sent last
	sent  bool      // and not sent back to wait

	alone    bool  // shares no batch
	limit    int   // how many appends its batch may hold
	refusals int   // of batches that it was in
	answer   error // to the last of them
	onItsWay bool  // something was sent of it, which may be stored, now or later
}

// turn tells an append to send itself, or what became of it.
type turn struct {
	send bool
	at   eventstore.Position
	err  error
}

// cost is a mean of what something took lately.
type cost struct {
	mean  time.Duration
	count int
	at    time.Time
}

// known reports whether there are at least n measurements that hold.
func (c *cost) known(n int, now time.Time) bool { return c.count >= n && now.Sub(c.at) <= costsHold }

func (c *cost) add(took time.Duration, now time.Time) {
	if !c.known(1, now) {
		c.mean, c.count = took, 0
	} else {
		// One stall must not hide the usual cost for long.
		c.mean += (min(took, 4*c.mean) - c.mean) / 8
	}
	c.count++
	c.at = now
}

func newQueue(fly func([]*pending)) *queue {
	q := &queue{fly: fly, busy: map[string]struct{}{}, idle: make(chan struct{})}
	q.timer = time.AfterFunc(math.MaxInt64, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.pump(time.Now())
	})
	return q
}

func newPending(writes []eventstore.Write) *pending {
	p := &pending{writes: writes, turn: make(chan turn, 1), limit: gatherRecords}
	p.streams = make([]string, 0, len(writes))
	for _, w := range writes {
		p.records += len(w.Records)
		for _, rec := range w.Records {
			p.bytes += len(rec.Data)
		}
		p.streams = append(p.streams, w.Stream)
	}
	p.alone = p.records >= aloneRecords || p.bytes > gatherBytes
	return p
}

// enter puts an append at the end of the queue. Its answer comes through
// p.turn, and if that says that p is to be sent, the caller sends it and then
// calls leave.
func (q *queue) enter(p *pending) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, p)
	q.pump(time.Now())
}

// withdraw takes an append out of the queue and reports true, or reports false
// because it is on its way or answered.
func (q *queue) withdraw(p *pending) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, p)
	if i < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	q.pump(time.Now())
	return true
}

// leave ends the way of an append that was sent by itself. stored says that the
// server took it at the first attempt, so that the time counts.
func (q *queue) leave(p *pending, stored bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	took := now.Sub(later(p.since, q.answered))
	q.answered = now
	if p.records > 1 {
		q.batch = false
		if stored {
			q.whole.add(took-time.Duration(p.records)*recordCost, now)
		}
	} else {
		q.singles--
		if stored {
			q.one.add(took, now)
		}
	}
	q.free(p)
	q.pump(now)
}

// landed ends the way of a gathered batch. Those of its members that are to be
// sent again wait before all others, in their order.
func (q *queue) landed(members, again []*pending, stored bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	took := now.Sub(later(members[0].since, q.answered))
	q.answered = now
	q.batch = false
	records := 0
	for _, p := range members {
		records += p.records
		q.free(p)
	}
	if stored {
		q.whole.add(took-time.Duration(records)*recordCost, now)
		q.beginLinger(now, took, len(members))
	}
	for _, p := range again {
		p.sent = false
	}
	q.waiting = slices.Concat(again, q.waiting)
	q.pump(now)
}

func (q *queue) free(p *pending) {
	for _, stream := range p.streams {
		delete(q.busy, stream)
	}
}

// beginLinger makes the queue wait a moment for the writers that have just been
// answered. Without it the writers would split into two halves that take turns,
// and each batch would be half as large as it could be.
func (q *queue) beginLinger(now time.Time, took time.Duration, served int) {
	if q.hasty > 0 {
		q.hasty--
		return
	}
	q.served, q.before = served, len(q.waiting)
	q.expected = min(served+q.before, gatherRecords)
	pause := min(took/lingerPart, maxLinger)
	q.linger = now.Add(pause)
	q.timer.Reset(pause)
}

// lingers reports whether to wait for more. At the end of a wait for which too
// few came, the next ones are left out.
func (q *queue) lingers(now time.Time) bool {
	if q.linger.IsZero() {
		return false
	}
	if now.Before(q.linger) && len(q.waiting) < q.expected {
		return true
	}
	if len(q.waiting)-q.before < q.served/4 {
		q.hasty = 4
	}
	q.linger = time.Time{}
	q.timer.Stop()
	return false
}

// close refuses all that wait, and all that come later, with err. It returns a
// channel that is closed when nothing is on its way any more.
func (q *queue) close(err error) <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed == nil {
		q.closed = err
		q.pump(time.Now())
	}
	return q.idle
}

// silent returns for how long the server has not answered what is on its way.
func (q *queue) silent(now time.Time) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.singles == 0 && !q.batch {
		return 0
	}
	return now.Sub(q.answered)
}

// counts returns how many appends wait for their turn, and how often something
// was sent.
func (q *queue) counts() (waiting int, sent uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting), q.sent
}

// pump sends what can be sent. It is called, with the lock held, whenever
// something has arrived, left or been answered.
func (q *queue) pump(now time.Time) {
	if q.closed != nil {
		for _, p := range q.waiting {
			p.turn <- turn{err: p.withdrawn(q.closed)}
		}
		q.waiting = nil
		if q.singles == 0 && !q.batch {
			select {
			case <-q.idle:
			default:
				close(q.idle)
			}
		}
		return
	}
	for !q.batch && len(q.waiting) > 0 && !q.lingers(now) {
		next := q.choose(now)
		if len(next) == 0 {
			return
		}
		if q.singles == 0 {
			q.answered = now
		}
		for _, p := range next {
			p.since, p.sent = now, true
			for _, stream := range p.streams {
				q.busy[stream] = struct{}{}
			}
		}
		q.waiting = slices.DeleteFunc(q.waiting, func(p *pending) bool { return p.sent })
		q.sent++
		switch {
		case len(next) > 1:
			q.batch = true
			q.flights.Go(func() { q.fly(next) })
		case next[0].records > 1:
			q.batch = true
			next[0].turn <- turn{send: true}
		default:
			q.singles++
			next[0].turn <- turn{send: true}
		}
	}
}

// choose returns what is to be sent next: one append, several as a batch, or
// none as long as enough is on its way.
func (q *queue) choose(now time.Time) []*pending {
	var (
		chosen         []*pending
		records, bytes int
		limit          = gatherRecords
		claimed        = map[string]struct{}{} // by those before, chosen or not
	)
	for _, p := range q.waiting {
		held := slices.ContainsFunc(p.streams, func(stream string) bool {
			_, busy := q.busy[stream]
			_, taken := claimed[stream]
			return busy || taken
		})
		for _, stream := range p.streams {
			claimed[stream] = struct{}{}
		}
		if held {
			p.alone = true
			continue
		}
		if p.alone {
			if len(chosen) == 0 {
				chosen = append(chosen, p)
				break
			}
			if p.records > 1 {
				break // not overtaken
			}
			continue
		}
		if len(chosen) >= min(limit, p.limit) || records+p.records > gatherRecords || bytes+p.bytes > gatherBytes {
			break
		}
		chosen = append(chosen, p)
		records, bytes, limit = records+p.records, bytes+p.bytes, min(limit, p.limit)
	}
	switch {
	case len(chosen) == 0:
		return nil
	case chosen[0].records > 1, len(chosen) >= q.breakEven(now):
		return chosen
	case q.singles < maxSingles:
		return chosen[:1]
	}
	return nil
}

// breakEven is how many messages cost as much as a batch of them.
func (q *queue) breakEven(now time.Time) int {
	switch {
	case !q.whole.known(1, now):
		return tryBatchOf
	case !q.one.known(trySingles, now):
		return maxBreakEven
	}
	gain := max(q.one.mean-recordCost, time.Microsecond)
	return int(min(max(q.whole.mean/gain+1, minBreakEven), maxBreakEven))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
