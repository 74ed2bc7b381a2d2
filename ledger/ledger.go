package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/sync/semaphore"
	"golang.org/x/text/unicode/norm"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/projections"
)

// Log is what the ledger needs of an event store; see package eventstore for
// what each method promises.
type Log interface {
	projections.Log
	// Append stores all records of all writes, or none.
	Append(ctx context.Context, writes ...eventstore.Write) (eventstore.Position, error)
	// Load returns the records of one stream after a position.
	Load(ctx context.Context, stream string, after eventstore.Position) ([]eventstore.Record, error)
	// Get returns the record at a position.
	Get(ctx context.Context, at eventstore.Position) (eventstore.Record, error)
	// At returns the position of the last record stored by a moment.
	At(ctx context.Context, t time.Time) (eventstore.Position, error)
	// Follow yields the records after a position as they come, until ctx ends.
	Follow(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Record, error]
	Close() error
}

// Ledger is one membership ledger. It is safe for concurrent use.
type Ledger struct {
	identity identity
	log      Log
	store    store
	figures  *projections.Figures
	codec    domain.Codec
	logger   *slog.Logger
	keys     keys
	anchor   *anchor
	index    indexer
	options  Options
	dir      string       // empty for a ledger beside another one
	lock     *flock.Flock // of a service; nil likewise

	desk    *desk
	names   names
	meters  *meters
	tracing *tracing

	booked    atomic.Uint64       // records that were taken into read models, rebuilds included
	catching  *semaphore.Weighted // one at a time: see CatchUp
	lookedFor bool                // keys that were missing were looked for; guarded by catching
}

// store is a home of read models that has to be closed.
type store interface {
	projections.Home
	// Version names what this program keeps there.
	Version() string
	Close() error
}

func newLedger(ctx context.Context, id identity, log Log, s store, k keys, logger *slog.Logger) *Ledger {
	l := &Ledger{
		identity: id, log: log, store: s, keys: k, figures: projections.NewFigures(s), logger: logger,
		codec:    domain.Codec{Normalise: norm.NFC.String, IDKey: id.IDKey},
		catching: semaphore.NewWeighted(1), meters: newMeters(), tracing: newTracing(nil),
	}
	l.desk = newDesk(ctx, l)
	return l
}

// Name returns the ledger's name.
func (l *Ledger) Name() string { return l.identity.Name }

// Source returns what its events name as their source.
func (l *Ledger) Source() string { return "/rollbook/" + l.identity.Name }

// Close ends the use of the data directory.
func (l *Ledger) Close() error {
	l.desk.close()
	return errors.Join(l.anchor.Close(), l.store.Close(), l.keys.Close(), l.log.Close(), l.lock.Close())
}

// Last returns the position of the newest record.
func (l *Ledger) Last(ctx context.Context) (eventstore.Position, error) { return l.log.Last(ctx) }

// KnownAt returns the position of the last record that was stored by a moment.
func (l *Ledger) KnownAt(ctx context.Context, t time.Time) (eventstore.Position, error) {
	return l.log.At(ctx, t)
}

// Figures returns the figures, from read models that are current.
func (l *Ledger) Figures(ctx context.Context) (*projections.Figures, error) {
	if err := l.CatchUp(ctx, nil); err != nil {
		return nil, err
	}
	return l.figures, nil
}

// Progress is called now and then with how far something has come, in a unit
// that the caller of it names. It may be nil.
type Progress func(done, of int64)

func (l *Ledger) projector(p Progress) *projections.Projector {
	projector := &projections.Projector{Log: l.history(), Store: l.store, Keys: l.keys, Booked: func(n eventstore.Position) { l.booked.Add(uint64(n)) }}
	if p != nil {
		projector.Progress = func(at, to eventstore.Position) { p(int64(at), int64(to)) }
	}
	return projector
}

// mostMoves is how often catching up begins again because another process has
// brought the read models further meanwhile.
const mostMoves = 10

// CatchUp brings the read models up to the end of the log. Those that another
// version of the program filled are replaced by others that are made anew beside
// them. Progress counts records.
//
// Without the role projector it waits for another instance to do so, up to some
// seconds, and then returns [ErrNoProjector].
func (l *Ledger) CatchUp(ctx context.Context, p Progress) error {
	if !l.options.Roles.Has(RoleProjector) {
		return l.awaitProjector(ctx)
	}
	// Two at once would do the same work, and one of them in vain.
	if err := l.catching.Acquire(ctx, 1); err != nil {
		return err
	}
	defer l.catching.Release(1)
	err := l.takeIn(ctx, p)
	if errors.Is(err, projections.ErrVersion) {
		l.logger.InfoContext(ctx, "another version of the program made the read models; they are made anew")
		err = l.projector(p).Rebuild(ctx, l.store)
	}
	for moves := 1; errors.Is(err, projections.ErrMoved) && moves < mostMoves; moves++ {
		err = l.takeIn(ctx, p)
	}
	if err != nil {
		return err
	}
	// Keys that were missing can come back only between two runs of the
	// program, so it is enough to look once.
	if l.lookedFor {
		return nil
	}
	back, err := l.returned(ctx)
	if err == nil && back {
		l.logger.InfoContext(ctx, "keys that were missing are there again; the read models are made anew")
		err = l.projector(p).Rebuild(ctx, l.store)
	}
	l.lookedFor = err == nil
	return err
}

// takeIn takes into the read models what the log has that they have not.
func (l *Ledger) takeIn(ctx context.Context, p Progress) error {
	projector, now := l.projector(p), intake{began: time.Now()}
	tell, booked := projector.Progress, projector.Booked
	projector.Progress = func(at, to eventstore.Position) {
		if now.to = at; tell != nil {
			tell(at, to)
		}
	}
	projector.Booked = func(n eventstore.Position) {
		booked(n)
		now.ended = time.Now()
		l.tracing.noteTaken(ctx, now)
	}
	return projector.CatchUp(ctx)
}

// entryAt returns the entry at a position, whole as far as it can be opened.
func (l *Ledger) entryAt(ctx context.Context, at eventstore.Position) (domain.Entry, error) {
	rec, err := l.log.Get(ctx, at)
	if err != nil {
		return domain.Entry{}, err
	}
	e, _, err := l.keys.decode(ctx, rec)
	if err != nil {
		return e, fmt.Errorf("position %d: %w", at, err)
	}
	return e, nil
}
