package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
	"rollbook/projections"
)

// The feed is the log for readers outside: one CloudEvents message for each
// record, under the record's own number, with what is personal left sealed. It
// is derived: a feed that is made anew is the same, byte for byte. docs/feed.md
// is for who reads it.

// ErrFeedAhead means that the feed has more messages than the log has records:
// the log was cut or replaced.
var ErrFeedAhead = errors.New("the feed is ahead of the log: the log was cut or replaced")

// nowhere is the place of a message that belongs to no organisation.
const nowhere = "_"

// unreadable is the type of a message for a record whose own type cannot be one.
const unreadable = "ledger.unreadable"

// feedBatch is how many messages are published at once.
const feedBatch = eventstore.MaxBatch

// openFeed opens the feed: beside an embedded log, or on its servers.
func (l *Ledger) openFeed(ctx context.Context) (*jetstream.Feed, error) {
	if l.options.Servers.URL == "" {
		log, ok := l.log.(*jetstream.Log)
		if !ok {
			return nil, errors.New("this log has no feed")
		}
		return log.Feed(ctx)
	}
	return jetstream.OpenFeed(ctx, l.options.Feed.config(l.options, l.logger))
}

// CreateFeed makes the feed on servers that have none, and reports whether it
// did.
func CreateFeed(ctx context.Context, o Options) error {
	logger := o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	c := o.Feed.config(o, logger)
	c.Create = true
	feed, err := jetstream.OpenFeed(ctx, c)
	if err != nil {
		return err
	}
	return feed.Close()
}

// config says where the feed is: on the log's servers, with a login of its own,
// since it is in an account of its own.
func (s Servers) config(o Options, logger *slog.Logger) jetstream.Config {
	if s.URL == "" {
		s.URL = o.Servers.URL
	}
	if s.CA == "" && s.Cert == "" {
		s.CA, s.Cert, s.Key = o.Servers.CA, o.Servers.Cert, o.Servers.Key
	}
	return jetstream.Config{
		URL: s.URL, NKeyFile: s.NKeyFile, TLS: jetstream.TLSFiles{CA: s.CA, Cert: s.Cert, Key: s.Key},
		UnsafeSync: o.UnsafeSync, Logger: logger,
	}
}

// Publish brings the feed up to the end of the log and returns where it then
// ends. With follow it goes on with records as they come, until ctx ends; then
// that is no error. Progress counts messages.
func (l *Ledger) Publish(ctx context.Context, follow bool, p Progress) (at eventstore.Position, err error) {
	feed, err := l.openFeed(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, feed.Close()) }()
	if at, err = feed.Last(ctx); err != nil {
		return at, err
	}
	l.meters.feed.found(at)
	if err := l.checkFeed(ctx, feed, at); err != nil {
		return at, err
	}
	if follow {
		l.meters.feed.keeps(true)
		defer l.meters.feed.keeps(false)
	}
	for {
		end, err := l.log.Last(ctx)
		if err != nil {
			return at, err
		}
		if end > at {
			if at, err = l.publish(ctx, feed, at, end, p); err != nil {
				return at, err
			}
			continue
		}
		if !follow {
			return at, nil
		}
		for _, err := range l.log.Follow(ctx, at) {
			if ctx.Err() != nil {
				return at, nil
			}
			if err != nil {
				return at, err
			}
			break // there is more
		}
	}
}

// checkFeed compares the end of the feed with the log.
func (l *Ledger) checkFeed(ctx context.Context, feed *jetstream.Feed, at eventstore.Position) error {
	if at == 0 {
		return nil
	}
	end, err := l.log.Last(ctx)
	if err != nil {
		return err
	}
	if at > end {
		return fmt.Errorf("%w (feed at %d, log at %d)", ErrFeedAhead, at, end)
	}
	_, err = l.publish(ctx, feed, at-1, at, nil)
	return err
}

// publish publishes the records after a position up to another. What is there already is compared.
func (l *Ledger) publish(ctx context.Context, feed *jetstream.Feed, after, to eventstore.Position, p Progress) (eventstore.Position, error) {
	if err := l.CatchUp(ctx, nil); err != nil {
		return after, err
	}
	err := l.store.Read(ctx, func(r projections.Reader) error {
		placer, err := projections.NewPlacer(ctx, r, after)
		if err != nil {
			return err
		}
		var batch []jetstream.FeedMessage
		flush := func() error {
			if err := feed.Publish(ctx, after, batch); err != nil {
				return fmt.Errorf("publish %d messages after %d: %w", len(batch), after, err)
			}
			after += eventstore.Position(len(batch))
			batch = nil
			l.meters.feed.reached(after)
			if p != nil {
				p(int64(after), int64(to))
			}
			return nil
		}
		for rec, err := range l.log.Replay(ctx, after, to) {
			if err != nil {
				return errors.Join(err, flush())
			}
			m, err := l.feedMessage(rec, placer)
			if err != nil {
				return err
			}
			if batch = append(batch, m); len(batch) == feedBatch {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		return flush()
	})
	return after, err
}

// feedMessage renders a record. Every record is a message, whatever is in it.
func (l *Ledger) feedMessage(rec eventstore.Record, placer *projections.Placer) (jetstream.FeedMessage, error) {
	raw := func(typeName string, data []byte) jetstream.FeedMessage {
		id := rec.ID
		if id == "" {
			id = "unreadable-" + strconv.FormatUint(uint64(rec.Position), 10)
		}
		return jetstream.FeedMessage{Type: typeName, Place: nowhere, Data: domain.AppendFeedRecord(
			make([]byte, 0, 512), id, l.Source(), typeName, rec.Stream, uint64(rec.Position), rec.Time, rec.Actor, data)}
	}
	if projections.System(rec) {
		if !systemType(rec.Type) {
			return raw(unreadable, nil), nil
		}
		return raw(rec.Type, rec.Data), nil
	}
	var sealed []domain.Sealed
	e, err := projections.Decode(rec, func(part domain.Sealed) ([]byte, bool) {
		sealed = append(sealed, part)
		return nil, false
	})
	if err != nil || rec.ID == "" {
		return raw(unreadable, nil), nil //nolint:nilerr // the feed carries what the log has; projections report it
	}
	at, err := placer.Place(e)
	if err != nil {
		return jetstream.FeedMessage{}, fmt.Errorf("position %d: %w", rec.Position, err)
	}
	place := at.Organisation
	if place == "" {
		place = nowhere
	}
	return jetstream.FeedMessage{Type: e.Type(), Place: place, Data: domain.AppendFeed(make([]byte, 0, 1024), e, l.Source(), at, sealed)}, nil
}

// systemType reports whether the type of a system record can be a word of a
// subject: "ledger." and one word.
func systemType(s string) bool {
	name, ok := strings.CutPrefix(s, "ledger.")
	return ok && domain.ValidID(name)
}
