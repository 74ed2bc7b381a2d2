package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"rollbook/eventstore"
	"rollbook/projections"
)

// Keeping says what a ledger that stays open keeps up with its log by itself.
// Whatever is left out, another process may do. Checkpoints are signed all the
// same: see [Signing].
type Keeping struct {
	// Models are the read models.
	Models bool
	// Feed is the stream for programs of others.
	Feed bool
}

const (
	// collect is how long the read models wait for more before they take in what
	// has come: a question that cannot wait does it at once.
	collect = 100 * time.Millisecond
	// collectForOthers is the same where the questions come to other instances.
	collectForOthers = 10 * time.Millisecond
	// firstPause and longestPause are between two tries of what failed.
	firstPause   = time.Second
	longestPause = 30 * time.Second
)

// Keep keeps what is asked for up with the log, until ctx ends. What fails is
// logged and tried again; it returns early only when trying again cannot help,
// because the evidence is against the log.
func (l *Ledger) Keep(ctx context.Context, k Keeping) error {
	var g *errgroup.Group
	g, ctx = errgroup.WithContext(ctx)
	if k.Models {
		g.Go(func() error { return l.persist(ctx, "the read models", l.keepModels) })
	}
	if k.Feed {
		l.meters.feed.keeps(false) // until it is open
		g.Go(func() error {
			return l.persist(ctx, "the feed", func(ctx context.Context) error {
				_, err := l.Publish(ctx, true, nil)
				return err
			})
		})
	}
	return g.Wait()
}

// persist does something until ctx ends, and again when it fails.
func (l *Ledger) persist(ctx context.Context, what string, do func(context.Context) error) error {
	pause := firstPause
	for ctx.Err() == nil {
		began := time.Now()
		err := do(ctx)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // it was asked to end
		case hopeless(err):
			return err
		case time.Since(began) > longestPause:
			pause = firstPause
		}
		l.logger.ErrorContext(ctx, "what follows the log has stopped and is tried again", slog.String("what", what), slog.Duration("pause", pause), slog.Any("error", err))
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
	return nil
}

// hopeless reports whether an error speaks against the log itself.
func hopeless(err error) bool {
	_, gap := errors.AsType[*eventstore.GapError](err)
	return gap || errors.Is(err, ErrFeedAhead) || errors.Is(err, projections.ErrAhead)
}

// keepModels takes into the read models what comes.
func (l *Ledger) keepModels(ctx context.Context) error {
	pause := collect
	if !l.options.Roles.All() {
		pause = collectForOthers
	}
	for {
		if err := l.CatchUp(ctx, nil); err != nil {
			return err
		}
		at, _, err := l.figures.Status(ctx)
		if err != nil {
			return err
		}
		for _, err := range l.log.Follow(ctx, at.Position) {
			if err != nil {
				return err
			}
			break // there is more
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// Health is how a ledger does, without reading anything of it.
type Health struct {
	// Last is the end of the log, and Position how far the read models have come.
	Last, Position eventstore.Position
	// Parked counts the subjects that wait because a record was not understood.
	Parked int
	// Alarm is why nothing can be appended, nil if it can. Without the role api it
	// is what speaks against the log.
	Alarm error
	// Idle is why an instance that does a part of the work does not do it now, nil if
	// it does.
	Idle error
}

// Health returns how the ledger does. An error means that the log or the read
// models cannot be reached.
func (l *Ledger) Health(ctx context.Context) (Health, error) {
	var h Health
	last, err := l.log.Last(ctx)
	if err != nil {
		return h, err
	}
	h.Last, h.Alarm = last, l.anchor.mayAppend()
	if roles := l.options.Roles.Sorted(); len(roles) == 1 && roles.Has(RoleAuditor) {
		return h, nil // it needs nothing but the log
	}
	at, parked, err := l.figures.Status(ctx)
	if err != nil {
		return h, err
	}
	h.Position, h.Parked = at.Position, len(parked)
	if h.Idle, err = l.idle(ctx, at.Position); err != nil || !l.options.Roles.Has(RoleAPI) {
		return h, err
	}
	if h.Alarm == nil && l.keys.vault == nil {
		h.Alarm = l.keys.missing
	}
	if h.Alarm == nil {
		h.Alarm = l.takesAppends(ctx)
	}
	return h, nil
}

// idle returns what an instance that does a part of the work waits for, with read
// models that have come to a position. One that does everything brings them up when
// it is asked, and has its own meters.
func (l *Ledger) idle(ctx context.Context, at eventstore.Position) (why, err error) {
	roles := l.options.Roles
	switch {
	case roles.All():
		return nil, nil
	case !roles.Has(RoleAPI) && roles.Has(RoleFeed) && !l.meters.feed.isUp():
		return errors.New("the feed cannot be published"), nil
	case !roles.Has(RoleAPI) && !roles.Has(RoleProjector):
		return nil, nil
	}
	lag, err := l.lag(ctx, at)
	if err != nil || lag.Seconds < projectorPatience.Seconds() {
		return nil, err
	}
	if roles.Has(RoleProjector) {
		return fmt.Errorf("the read models are %d records behind", lag.Behind), nil
	}
	return fmt.Errorf("%w (%d records)", ErrNoProjector, lag.Behind), nil
}

// takesAppends returns why the log takes no appends now, or nil.
func (l *Ledger) takesAppends(ctx context.Context) error {
	if log, ok := l.log.(interface{ Health(context.Context) error }); ok {
		return log.Health(ctx)
	}
	return nil
}
