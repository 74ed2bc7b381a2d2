package jetstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"rollbook/eventstore"
)

// Feed is a second stream, for readers outside: one message for each record of a
// log, under the record's own number. Its subjects are
//
//	<prefix>.<type>.<place>
//
// so that a reader can choose by what happened and where. The feed is derived
// from the log and can be made anew; the log's promises do not rest on it.
type Feed struct{ log *Log }

// FeedMessage is a message of a feed.
type FeedMessage struct {
	// Type is 1 to 4 words with dots between, such as "member.admitted"; Place
	// is one word. Words are 1 to 64 of A-Z a-z 0-9 _ -.
	Type, Place string
	Data        []byte
}

// ErrFeed means that a feed is not that of its log: a message in it is another
// than the one that belongs there. It needs a person.
var ErrFeed = errors.New("the feed is not that of the log")

const (
	// FeedName is the stream of a feed unless Config says otherwise.
	FeedName = "FEED"
	// FeedPrefix begins its subjects, likewise.
	FeedPrefix = "ledger-feed"

	// MaxFeedBytes bounds one message: a record's data and what is said about it.
	MaxFeedBytes = eventstore.MaxDataBytes + 16<<10

	headerExpectedLast = "Nats-Expected-Last-Sequence"
	feedAttempts       = 5
)

var (
	feedType  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,3}$`)
	feedPlace = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// feedSettings turns the settings of a log into those of a feed.
func (f *Feed) settings() {
	f.log.pinned["max_msg_size"] = float64(MaxFeedBytes + maxHeaderBytes)
}

// OpenFeed opens the feed on servers of its own; cfg.URL names them. cfg.Create
// makes it if it is not there, with a login that may; without, a feed that is
// not there is [fs.ErrNotExist].
func OpenFeed(ctx context.Context, cfg Config) (_ *Feed, err error) {
	if cfg.Name == "" {
		cfg.Name = FeedName
	}
	if cfg.Prefix == "" {
		cfg.Prefix = FeedPrefix
	}
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if cfg.URL == "" {
		return nil, errors.New("a feed of its own needs the URL of its servers")
	}
	f := &Feed{newLog(ctx, cfg)}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	if err := f.log.reach(ctx, cfg); err != nil {
		return nil, err
	}
	f.settings()
	_, err = f.log.open(ctx, cfg, false)
	return f, err
}

// Feed opens the feed beside an embedded log, on the same server, and makes it
// if it is not there.
func (l *Log) Feed(ctx context.Context) (_ *Feed, err error) {
	if l.server == nil {
		return nil, errors.New("the log is on servers of its own, and so is its feed: see OpenFeed")
	}
	cfg := Config{Dir: "beside the log", Name: FeedName, Prefix: l.prefix + "-feed", Create: true, Timeout: l.timeout, Logger: l.logger}
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	f := &Feed{newLog(ctx, cfg)}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	f.log.connect, f.log.syncAlways, f.log.writeError = l.connect, l.syncAlways, l.writeError
	f.log.setReplicas(cfg, 1)
	f.settings()
	if f.log.nc, err = f.log.connect("feed"); err != nil {
		return nil, err
	}
	_, err = f.log.open(ctx, cfg, false)
	return f, err
}

// Close ends the use of the feed.
func (f *Feed) Close() error { return f.log.Close() }

// Last returns the position of the newest message, 0 when there is none.
func (f *Feed) Last(ctx context.Context) (eventstore.Position, error) { return f.log.Last(ctx) }

// Get returns the message at a position.
func (f *Feed) Get(ctx context.Context, at eventstore.Position) (subject string, data []byte, err error) {
	rec, ok, err := f.log.leaderGet(ctx, messageGet{Seq: uint64(at)})
	if err != nil {
		return "", nil, err
	}
	if !ok {
		return "", nil, &eventstore.GapError{Want: at}
	}
	return f.log.subject(rec.Stream), rec.Data, nil
}

// subject returns the subject of a message.
func (f *Feed) subject(m FeedMessage) (string, error) {
	if !feedType.MatchString(m.Type) || !feedPlace.MatchString(m.Place) || len(m.Data) > MaxFeedBytes {
		return "", fmt.Errorf("%w: a message of type %q and place %q with %d bytes", eventstore.ErrInvalid, m.Type, m.Place, len(m.Data))
	}
	return f.log.prefix + "." + m.Type + "." + m.Place, nil
}

// Publish adds messages after a position, at most [eventstore.MaxBatch]: all of
// them or none. If they are there already, it returns nil, so it can be called
// again after any error. It returns [ErrFeed] if other messages are in their
// place, and a [*eventstore.GapError] if the feed ends before that position.
func (f *Feed) Publish(ctx context.Context, after eventstore.Position, messages []FeedMessage) error {
	if len(messages) > eventstore.MaxBatch {
		return fmt.Errorf("%w: %d messages", eventstore.ErrInvalid, len(messages))
	}
	for attempt := 1; len(messages) > 0; attempt++ {
		err := f.send(ctx, after, messages)
		if err == nil {
			return nil
		}
		if errors.Is(err, eventstore.ErrInvalid) || ctx.Err() != nil {
			return err
		}
		// Only an acknowledgement means that they are stored. After anything
		// else the feed itself tells: another publisher, or this one, may have
		// been first with some of them or all.
		last, lookErr := f.Last(ctx)
		if lookErr != nil {
			return errors.Join(err, lookErr)
		}
		if last < after {
			return &eventstore.GapError{Want: last + 1, Got: after + 1}
		}
		there := min(int(last-after), len(messages))
		for i := range there {
			if i > 0 && i < there-1 {
				continue // between two that are right, one batch lies
			}
			if err := f.same(ctx, after+eventstore.Position(i)+1, messages[i]); err != nil {
				return err
			}
		}
		after, messages = after+eventstore.Position(there), messages[there:]
		if attempt == feedAttempts && len(messages) > 0 {
			return err
		}
	}
	return nil
}

// same compares the message at a position with the one that belongs there.
func (f *Feed) same(ctx context.Context, at eventstore.Position, m FeedMessage) error {
	want, err := f.subject(m)
	if err != nil {
		return err
	}
	subject, data, err := f.Get(ctx, at)
	if err != nil {
		return err
	}
	if subject != want || !bytes.Equal(data, m.Data) {
		return fmt.Errorf("%w: message %d is another one", ErrFeed, at)
	}
	return nil
}

// send sends messages as one batch that is refused if the feed does not end at
// the position.
func (f *Feed) send(ctx context.Context, after eventstore.Position, messages []FeedMessage) error {
	batch, unacked := nuid.Next(), 0
	for i, m := range messages {
		subject, err := f.subject(m)
		if err != nil {
			return err
		}
		msg := &nats.Msg{Subject: subject, Data: m.Data, Header: nats.Header{"Content-Type": {"application/cloudevents+json; charset=UTF-8"}}}
		if i == 0 {
			msg.Header[headerExpectedLast] = []string{strconv.FormatUint(uint64(after), 10)}
		}
		if len(messages) > 1 {
			msg.Header[headerBatchID], msg.Header[headerBatchSeq] = []string{batch}, []string{strconv.Itoa(i + 1)}
		}
		if i+1 < len(messages) {
			if unacked += len(m.Data); unacked < maxUnackedBytes {
				err = f.log.nc.PublishMsg(msg)
			} else {
				unacked = 0
				err = f.log.flush(ctx, msg)
			}
			if err != nil {
				return err
			}
			continue
		}
		if len(messages) > 1 {
			msg.Header[headerBatchCommit] = []string{"1"}
		} else {
			batch = ""
		}
		got, err := f.log.commit(ctx, msg, batch, len(messages))
		if err != nil {
			return err
		}
		if want := uint64(after) + uint64(len(messages)); got.Seq != want {
			return fmt.Errorf("%w: the server gave the last message position %d and not %d", ErrFeed, got.Seq, want)
		}
	}
	return nil
}

// Delete removes the feed, with a login that may: it can be made anew from the
// log, and will be the same.
func (f *Feed) Delete(ctx context.Context) error {
	var done struct{}
	return f.log.api(ctx, "STREAM.DELETE."+f.log.log, nil, &done)
}
