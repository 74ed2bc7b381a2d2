package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/projections"
)

// desk is where events are decided on. It keeps in memory what decisions rest
// on: the read models as they were when it looked, and what was stored since.
//
// A decision rests on what is stored, and on nothing else. The gate keeps an
// event out as long as another one that it rests on is on its way, and what is
// stored is taken into the world when the log has said so, with the sequence
// that it has there. So when an append fails there is nothing to take back. Only
// an import decides ahead of the log; then it has the gate to itself.
//
// Another process may write to the same log. Its records are noticed when
// nothing of ours is on its way, and when a guard refuses one of ours. Then the
// world is thrown away and read again.
type desk struct {
	ledger *Ledger
	gate   *gate

	mu     sync.Mutex
	world  *projections.World // nil when it has to be read
	read   readFunc           // how the world reads what it does not have
	parked map[domain.Subject]bool
	ids    map[string]given // ids that were given, of records after base
	// unstored says which numbers are given by entries that are in the world and
	// not stored, "" if they could and do not.
	unstored map[numberOf]domain.Subject
	reads    int // how often the world was read

	base   eventstore.Position // the world was read there
	own    uint64              // records of ours that were stored after base
	top    eventstore.Position // the last of them
	heard  time.Time           // when the log last said where it ends
	flying uint64              // records on their way, or of unknown fate
	ahead  uint64              // entries in the world that are not stored

	doubts []*doubt

	clearing   bool
	background sync.WaitGroup
	life       context.Context //nolint:containedctx // of what clears up behind the callers; ends with the ledger
	end        context.CancelFunc
}

type readFunc func(f func(projections.Reader) error) error

// given is a record whose id was given to it.
type given struct {
	at eventstore.Position
	// entry is the record's while it is not stored.
	entry *domain.Entry
}

const (
	// unplaced is the sequence of an entry that is decided on: after all others.
	// The log gives it its own. What it rests on is stored, so that the order is
	// the same.
	unplaced = 1 << 63

	// mostBehind is how many records the read models may lack before they catch
	// up unasked, so that the next question need not wait long for it.
	mostBehind = 100_000

	// fresh is for how long what the log has said is taken for the latest. An
	// event that is accepted meanwhile has its guard; before one is refused, the
	// log is asked.
	fresh = 100 * time.Millisecond
)

// roomBytes is how much a desk remembers before it begins anew.
var roomBytes = 128 << 20

func newDesk(ctx context.Context, l *Ledger) *desk {
	d := &desk{ledger: l, gate: newGate()}
	d.life, d.end = context.WithCancel(context.WithoutCancel(ctx))
	return d
}

func (d *desk) close() {
	d.end()
	d.background.Wait()
}

// enter waits until nothing is on its way that what is needed rests on.
func (d *desk) enter(ctx context.Context, needs []need) (leave func(), err error) {
	return d.gate.enter(ctx, needs...)
}

// prepare finds out what became of appends of unknown fate, and lets the read
// models catch up if the world has to be read from them, while others go on.
func (d *desk) prepare(ctx context.Context) error {
	if err := d.settle(ctx); err != nil {
		return err
	}
	d.mu.Lock()
	have := d.world != nil
	d.mu.Unlock()
	if have {
		return nil
	}
	return d.ledger.CatchUp(ctx, nil)
}

// current makes the world one of all that is stored, as far as can be known. To be
// sure of it costs a question to the log, which is spared when it was answered
// a moment ago. The caller holds mu.
func (d *desk) current(ctx context.Context, sure bool) error {
	counted := d.base + eventstore.Position(d.own)
	switch {
	case d.world == nil:
	case d.world.Err() != nil:
		d.world = nil
	case d.top > counted+eventstore.Position(d.flying):
		d.world = nil // not all records up to the last one of ours are ours
	case d.flying == 0 && (sure || time.Since(d.heard) > fresh):
		last, err := d.ledger.log.Last(ctx)
		if err != nil {
			return err
		}
		d.heard = time.Now()
		if last != counted {
			d.world = nil
		}
	}
	if d.world != nil {
		return nil
	}
	return d.load(ctx)
}

// load reads the world. The caller holds mu.
func (d *desk) load(ctx context.Context) error {
	l := d.ledger
	// Nothing can be taken in meanwhile, so all that was is in what is read.
	if err := l.CatchUp(ctx, nil); err != nil {
		return err
	}
	d.read = func(f func(projections.Reader) error) error { return l.store.Read(d.life, f) }
	w := projections.NewWorld(d, 1)
	parked := map[domain.Subject]bool{}
	err := l.store.Read(ctx, func(r projections.Reader) error {
		at, err := r.Checkpoint(ctx)
		if err != nil {
			return err
		}
		if at.Position < d.top {
			return fmt.Errorf("%w (a record was stored at %d, the log ends at %d)", projections.ErrAhead, d.top, at.Position)
		}
		d.base = at.Position
		for _, kind := range []domain.Kind{domain.OrganisationKind, domain.VillageKind} {
			if err := r.SubjectsOf(ctx, kind, w.Learn); err != nil {
				return err
			}
		}
		waiting, err := r.Parked(ctx)
		for _, p := range waiting {
			parked[p.Subject] = true
		}
		return err
	})
	if err != nil {
		return err
	}
	d.world, d.parked, d.ids, d.unstored = w, parked, map[string]given{}, map[numberOf]domain.Subject{}
	d.own, d.ahead, d.heard = 0, 0, time.Now()
	d.reads++
	return nil
}

// Subject implements [projections.Source].
func (d *desk) Subject(s domain.Subject) (found projections.Subject, ok bool, err error) {
	if d.base == 0 {
		return found, false, nil // there was nothing yet, and the rest is here
	}
	err = d.read(func(r projections.Reader) error {
		found, ok, err = r.Subject(d.life, s)
		return err
	})
	return found, ok, err
}

// MembersOf implements [projections.Source].
func (d *desk) MembersOf(organisation string) (members []domain.Subject, err error) {
	if d.base == 0 {
		return nil, nil
	}
	err = d.read(func(r projections.Reader) error {
		members, err = r.MembersOf(d.life, organisation)
		return err
	})
	return members, err
}

// within calls f while the world reads what it does not have in one view of the
// read models, which is faster for many. Nobody else may use the desk.
func (d *desk) within(ctx context.Context, f func() error) error {
	return d.ledger.store.Read(ctx, func(r projections.Reader) error {
		swap := func(read readFunc) readFunc {
			d.mu.Lock()
			defer d.mu.Unlock()
			old := d.read
			d.read = read
			return old
		}
		before := swap(func(f func(projections.Reader) error) error { return f(r) })
		defer func() { swap(before) }()
		return f()
	})
}

// refresh makes the world current.
func (d *desk) refresh(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.current(ctx, true)
}

// depart counts entries that an import sends off.
func (d *desk) depart(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flying += uint64(n)
}

// arrive takes in what became of a batch of an import, which is in the world
// already.
func (d *desk) arrive(f *flight) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := uint64(len(f.entries))
	switch {
	case !f.sent:
		d.flying -= n
	case f.err != nil:
		d.land(f.appended, 0, f.err)
	default:
		d.flying -= n
		d.ahead -= n
		d.count(n, f.at)
		for _, p := range f.entries {
			if p.claim != nil {
				continue
			}
			if !p.entry.Derived {
				d.ids[p.entry.ID] = given{at: eventstore.Position(p.entry.Sequence)}
			}
			for _, kind := range domain.NumberKinds() {
				delete(d.unstored, numberOf{p.entry.Sequence, kind})
			}
		}
	}
}

// full reports whether more than so many bytes are remembered.
func (d *desk) full(bytes int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.bytes() > bytes
}

// discard forgets the world. What was decided ahead of the log is forgotten too.
func (d *desk) discard() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.world, d.ahead = nil, 0
}

// clear makes room when too much is remembered, or lets the read models catch up
// when they are far behind, beside those who go on.
func (d *desk) clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.clearing || d.world == nil || d.bytes() <= roomBytes && d.own <= mostBehind {
		return
	}
	d.clearing = true
	d.background.Go(func() {
		if err := d.begin(d.life); err != nil && d.life.Err() == nil {
			// The next decision meets the same, and tells its caller.
			d.ledger.logger.WarnContext(d.life, "the read models do not catch up", slog.Any("error", err))
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		d.clearing = false
	})
}

// begin lets the read models catch up and forgets the world, when no import has
// the desk to itself.
func (d *desk) begin(ctx context.Context) error {
	if err := d.ledger.CatchUp(ctx, nil); err != nil {
		return err
	}
	leave, err := d.enter(ctx, []need{{what: structure}})
	if err != nil {
		return err
	}
	defer leave()
	d.discard()
	return nil
}

// bytes returns roughly how much is remembered. The caller holds mu.
func (d *desk) bytes() int {
	if d.world == nil {
		return 0
	}
	return d.world.Bytes() + 150*len(d.ids)
}

// doubt is an append of unknown fate.
type doubt struct {
	appended
	settling sync.Mutex
	settled  bool // guarded by settling
}

// appended are entries and claims as they go to the log.
type appended struct {
	writes  []eventstore.Write
	entries []pending // in the order of the records
}

// add adds what was accepted. The order is that of the decisions, because
// entries of one day count in the order of the log.
func (a *appended) add(j judgement) {
	write := func(stream domain.Subject, expected eventstore.Head, p pending) {
		if n := len(a.writes); n == 0 || a.writes[n-1].Stream != string(stream) {
			a.writes = append(a.writes, eventstore.Write{Stream: string(stream), Expected: expected})
		}
		w := &a.writes[len(a.writes)-1]
		w.Records = append(w.Records, eventstore.Record{})
		a.entries = append(a.entries, p)
	}
	write(j.entry.Subject, j.expected, pending{entry: j.entry, fresh: j.expected.Count == 0})
	for _, c := range j.claims {
		write(c.stream, c.expected, pending{claim: &c})
	}
}

// fill puts the records into the writes.
func (a *appended) fill(records []eventstore.Record) {
	for i := range a.writes {
		n := len(a.writes[i].Records)
		a.writes[i].Records, records = records[:n:n], records[n:]
	}
}

// events returns how many of the records are events.
func (a *appended) events() (n int) {
	for _, p := range a.entries {
		if p.claim == nil {
			n++
		}
	}
	return n
}

// settle finds out what became of every append of unknown fate, by sending it
// again: then it is stored, now or before, or never will be. Until it is known,
// nothing is decided.
func (d *desk) settle(ctx context.Context) error {
	for {
		d.mu.Lock()
		var next *doubt
		if len(d.doubts) > 0 {
			next = d.doubts[0]
		}
		d.mu.Unlock()
		if next == nil {
			return nil
		}
		if err := d.settleOne(ctx, next); err != nil {
			return err
		}
	}
}

func (d *desk) settleOne(ctx context.Context, q *doubt) error {
	q.settling.Lock()
	defer q.settling.Unlock()
	if q.settled {
		return nil
	}
	at, err := d.ledger.append(ctx, q.writes...)
	if _, conflict := errors.AsType[*eventstore.VersionError](err); err != nil && !conflict {
		if ctx.Err() != nil {
			return err
		}
		return fmt.Errorf("%w: what became of an earlier event is still unknown: %w", eventstore.ErrUnavailable, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.doubts = d.doubts[1:]
	q.settled = true
	d.land(q.appended, at, err)
	return nil
}

// land takes in what became of an append that was flying, and reports whether it
// is known. The caller holds mu.
func (d *desk) land(a appended, at eventstore.Position, err error) (known bool) {
	n := uint64(len(a.entries))
	_, conflict := errors.AsType[*eventstore.VersionError](err)
	switch {
	case err == nil:
		d.flying -= n
		d.count(n, at)
		d.take(a.entries, at)
	case conflict:
		d.flying -= n
		d.world = nil // somebody else was first
	case errors.Is(err, eventstore.ErrUnavailable), errors.Is(err, eventstore.ErrInvalid):
		d.flying -= n
	default:
		d.doubts = append(d.doubts, &doubt{appended: a})
		return false
	}
	return true
}

// count counts records of ours that are stored, the last of them at a position.
// The caller holds mu.
func (d *desk) count(n uint64, last eventstore.Position) {
	if last > d.top {
		d.top, d.heard = last, time.Now()
	}
	if last > d.base {
		d.own += min(n, uint64(last-d.base))
	}
}

// take takes entries that are stored into the world, the last of them at a
// position. The caller holds mu.
func (d *desk) take(entries []pending, last eventstore.Position) {
	at := last - eventstore.Position(len(entries))
	for _, p := range entries {
		at++
		if d.world == nil {
			return
		}
		if err := d.takeOne(p, at); err != nil {
			// Another process has stored what does not go with it. The read
			// models find out whom to set aside.
			d.ledger.logger.WarnContext(d.life, "an event does not go with what another process has stored",
				slog.Uint64("position", uint64(at)), slog.Any("error", err))
			d.world = nil
		}
	}
}

func (d *desk) takeOne(p pending, at eventstore.Position) error {
	if c := p.claim; c != nil {
		if d.world.Head(c.stream).Position >= at {
			return nil // it was read
		}
		return d.world.ApplyClaim(c.stream, at, c.says)
	}
	e := p.entry
	if !e.Derived {
		d.ids[e.ID] = given{at: at}
	}
	if d.world.Head(e.Subject).Position >= at {
		return nil
	}
	e.Sequence = uint64(at)
	_, err := d.world.Apply(e)
	return err
}
