package ledger

import (
	"context"
	"errors"
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
		case <-time.After(collect):
		}
	}
}

// Health is how a ledger does, without reading anything of it.
type Health struct {
	// Last is the end of the log, and Position how far the read models have come.
	Last, Position eventstore.Position
	// Parked counts the subjects that wait because a record was not understood.
	Parked int
	// Alarm is why nothing can be appended, nil if it can.
	Alarm error
}

// Health returns how the ledger does. An error means that the log or the read
// models cannot be reached.
func (l *Ledger) Health(ctx context.Context) (Health, error) {
	var h Health
	last, err := l.log.Last(ctx)
	if err != nil {
		return h, err
	}
	at, parked, err := l.figures.Status(ctx)
	if err != nil {
		return h, err
	}
	h = Health{Last: last, Position: at.Position, Parked: len(parked), Alarm: l.anchor.mayAppend()}
	if h.Alarm == nil && l.keys.vault == nil {
		h.Alarm = l.keys.missing
	}
	if h.Alarm == nil {
		h.Alarm = l.takesAppends(ctx)
	}
	return h, nil
}

// takesAppends returns why the log takes no appends now, or nil.
func (l *Ledger) takesAppends(ctx context.Context) error {
	if log, ok := l.log.(interface{ Health(context.Context) error }); ok {
		return log.Health(ctx)
	}
	return nil
}
