package jetstream

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"rollbook/eventstore"
)

const (
	// A reader keeps between askBelow and askUpTo records on their way. With
	// 500, the usual figure, replay takes 1.4 times as long; more than 20,000
	// do not help (2.15.2).
	askUpTo  = 20_000
	askBelow = 15_000
	// askBytes bounds one request, of which up to four may be open: the server
	// cuts off a client for whom it holds more than 64 MB.
	askBytes = 8 << 20

	// tick is how often an idle reader looks about. The server sends a
	// heartbeat after heartbeat without a record; silentTicks without either
	// mean that it has forgotten the reader.
	tick        = 500 * time.Millisecond
	heartbeat   = time.Second
	silentTicks = 8

	// maxRestarts is how often a reader starts again without a record in
	// between before it gives up. restartPause, times the restarts, is the wait
	// before the next one where other servers have to get ready.
	maxRestarts  = 5
	restartPause = time.Second
)

// Replay yields the records after one position up to another, in order, and
// then ends. A zero to means the end of the log when the loop begins.
//
// An error is the last thing that it yields: ctx's, a [*eventstore.GapError]
// at a record that is missing or cannot be read, or that the log ends before
// to. Nothing after a gap is yielded. A record that this package did not write
// is yielded without ID and Type.
//
// Replay yields about 200,000 records a second; the loop's body slows it down.
// Two loops over halves of the log are faster than one, four are not. Leaving
// the loop stops the reader at once.
func (l *Log) Replay(ctx context.Context, after, to eventstore.Position) iter.Seq2[eventstore.Record, error] {
	return l.replay(ctx, after, to, new(*nats.Msg))
}

// replay is Replay; last is the message of the record that was yielded last.
func (l *Log) replay(ctx context.Context, after, to eventstore.Position, last **nats.Msg) iter.Seq2[eventstore.Record, error] {
	return func(yield func(eventstore.Record, error) bool) {
		end, err := l.Last(ctx)
		if err == nil && to > end {
			err = fmt.Errorf("the log has no position %d; its last is %d", to, end)
		}
		if err != nil {
			yield(eventstore.Record{}, err)
			return
		}
		if to == 0 {
			to = end
		}
		if after < to {
			l.read(ctx, after, to, last, yield)
		}
	}
}

// Follow yields the records after a position, in order, and then each new one
// as it is stored, until ctx ends. It yields the same errors as Replay, and
// always one at last: that of ctx.
func (l *Log) Follow(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Record, error] {
	return func(yield func(eventstore.Record, error) bool) {
		l.read(ctx, after, 0, new(*nats.Msg), yield)
	}
}

// read yields the records after a position, up to another unless that is zero.
func (l *Log) read(ctx context.Context, after, to eventstore.Position, last **nats.Msg, yield func(eventstore.Record, error) bool) {
	// A connection of its own: records on their way to a slow loop must not
	// stand before the answers to other calls.
	var nc *nats.Conn
	err := l.patiently(ctx, func(context.Context) error {
		var err error
		nc, err = l.connect("reader")
		return err
	})
	if err != nil {
		yield(eventstore.Record{}, err)
		return
	}
	defer nc.Close()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()

	r := &reader{log: l, nc: nc, at: after, ticks: ticker.C, last: last}
	defer r.stop()
	if err = r.start(ctx); err != nil && l.server == nil && mayAnswerLater(err) {
		err = r.restart(ctx)
	}
	if err != nil {
		yield(eventstore.Record{}, err)
		return
	}
	for to == 0 || r.at < to {
		rec, err := r.next(ctx)
		if !yield(rec, err) || err != nil {
			return
		}
	}
}

// reader pulls records in order through a consumer of the server, which it
// makes, and makes again after the last record when one was lost on the way.
//
// The consumer numbers what it sends. A number that is missing was lost on its
// way and is asked for again; a position that is missing between two numbers
// is missing in the log.
type reader struct {
	log   *Log
	nc    *nats.Conn
	at    eventstore.Position // the last record returned
	last  **nats.Msg          // its message
	ticks <-chan time.Time

	consumer string
	inbox    *nats.Subscription
	msgs     chan *nats.Msg
	number   uint64 // the consumer's, of the last record
	asked    int    // records asked for and not received

	quiet    int // ticks since the last record
	silent   int // ticks since the last message of any kind
	restarts int // since the last record
}

// next waits for the record after r.at.
func (r *reader) next(ctx context.Context) (eventstore.Record, error) {
	for {
		if err := ctx.Err(); err != nil {
			return eventstore.Record{}, err
		}
		var msg *nats.Msg
		select {
		case msg = <-r.msgs:
		default:
			select {
			case msg = <-r.msgs:
			case <-r.ticks:
				if err := r.lookAbout(ctx); err != nil {
					return eventstore.Record{}, err
				}
				continue
			case <-ctx.Done():
				continue
			case <-r.log.closing:
				return eventstore.Record{}, errClosed
			}
		}
		r.silent = 0
		at, number, stored, ok := place(msg.Reply)
		if !ok {
			if err := r.status(ctx, msg); err != nil {
				return eventstore.Record{}, err
			}
			continue
		}
		if number != r.number+1 {
			if err := r.restart(ctx); err != nil {
				return eventstore.Record{}, err
			}
			continue
		}
		if want := r.at + 1; at != want {
			if rec, ok, err := r.fromLeader(ctx, want, at); err != nil || ok {
				return rec, err
			}
			return eventstore.Record{}, &eventstore.GapError{Want: want, Got: at}
		}
		r.at, r.number, *r.last = at, number, msg
		r.quiet, r.restarts = 0, 0
		r.asked--
		if err := r.ask(); err != nil {
			return eventstore.Record{}, err
		}
		return r.log.record(msg.Subject, msg.Header, msg.Data, at, stored), nil
	}
}

// start makes a consumer from the record after r.at on, and asks for records.
func (r *reader) start(ctx context.Context) error {
	r.consumer = "reader-" + nuid.Next()
	request, err := json.Marshal(map[string]any{
		"stream_name": r.log.log,
		"action":      "create",
		"config": map[string]any{
			"name":               r.consumer,
			"deliver_policy":     "by_start_sequence",
			"opt_start_seq":      r.at + 1,
			"ack_policy":         "none",
			"replay_policy":      "instant",
			"max_deliver":        1,
			"mem_storage":        true,
			"num_replicas":       1,
			"inactive_threshold": 5 * time.Minute,
		},
	})
	if err != nil {
		return err
	}
	// A new inbox for each consumer, so that nothing of the last one is read.
	// Room for all that is asked for, and for as many messages about it.
	r.msgs = make(chan *nats.Msg, askUpTo+1024)
	if r.inbox, err = r.nc.ChanSubscribe(r.nc.NewInbox(), r.msgs); err != nil {
		return err
	}
	var created struct{}
	asking, cancel := context.WithTimeout(ctx, r.log.attempt)
	defer cancel()
	if err := r.log.apiOnce(asking, "CONSUMER.CREATE."+r.log.log+"."+r.consumer, request, &created); err != nil {
		return fmt.Errorf("start a reader after position %d: %w", r.at, err)
	}
	r.number, r.asked, r.silent = 0, 0, 0
	return r.ask()
}

// stop removes the consumer. The server would do it itself after five minutes.
func (r *reader) stop() {
	if r.inbox != nil {
		_ = r.inbox.Unsubscribe() // fails only when the connection is closed
	}
	select {
	case <-r.log.closing:
	default:
		// No answer is awaited, so this works when the caller's ctx has ended.
		_ = r.log.nc.Publish(apiPrefix+"CONSUMER.DELETE."+r.log.log+"."+r.consumer, nil)
	}
}

// restart makes the reader's consumer again. Where other servers have to find a
// leader first, it takes its time.
func (r *reader) restart(ctx context.Context) error {
	remote := r.log.server == nil
	for {
		if r.restarts++; r.restarts > maxRestarts {
			return fmt.Errorf("the server sends nothing after position %d", r.at)
		}
		if remote && r.restarts > 1 && !wait(ctx, time.Duration(r.restarts-1)*restartPause) {
			return ctx.Err()
		}
		r.stop()
		if err := r.start(ctx); err == nil || !remote || !mayAnswerLater(err) || ctx.Err() != nil {
			return err
		}
	}
}

// fromLeader returns the record at a position that a copy of the log lacks, if
// the leader has it, and goes on after it. It reports false if it is nowhere.
func (r *reader) fromLeader(ctx context.Context, want, got eventstore.Position) (eventstore.Record, bool, error) {
	if r.log.replicas == 1 {
		return eventstore.Record{}, false, nil
	}
	gone, err := r.log.surelyGone(ctx, want)
	if err != nil || gone {
		return eventstore.Record{}, false, err
	}
	rec, ok, err := r.log.leaderGet(ctx, messageGet{Seq: uint64(want)})
	if err != nil || !ok {
		return eventstore.Record{}, false, err
	}
	r.log.logger.ErrorContext(ctx, "a copy of the log lacks a record that the leader has",
		slog.Uint64("position", uint64(want)), slog.Uint64("next", uint64(got)))
	r.at = want
	return rec, true, r.restart(ctx)
}

// ask keeps enough records on their way.
func (r *reader) ask() error {
	if r.asked >= askBelow {
		return nil
	}
	request, err := json.Marshal(map[string]any{
		"batch":          askUpTo - r.asked,
		"max_bytes":      askBytes,
		"expires":        time.Minute,
		"idle_heartbeat": heartbeat,
	})
	if err != nil {
		return err
	}
	r.asked = askUpTo
	return r.nc.PublishRequest(apiPrefix+"CONSUMER.MSG.NEXT."+r.log.log+"."+r.consumer, r.inbox.Subject, request)
}

// status reads what the server says about a request: a heartbeat, or that it
// has ended and how many of its records will not come.
func (r *reader) status(ctx context.Context, msg *nats.Msg) error {
	if first(msg.Header, "Status") == "100" {
		return nil
	}
	unsent, err := strconv.Atoi(first(msg.Header, "Nats-Pending-Messages"))
	if err != nil {
		return r.restart(ctx) // such as "Consumer Deleted"
	}
	r.asked -= unsent
	return r.ask()
}

// lookAbout is called at each tick without a record. A damaged record at the
// end of what is asked for gives no sign at all: the server just sends nothing.
func (r *reader) lookAbout(ctx context.Context) error {
	r.quiet++
	if r.silent++; r.silent > silentTicks {
		return r.restart(ctx)
	}
	if r.quiet != 2 && r.quiet%20 != 0 {
		return nil
	}
	end, err := r.log.Last(ctx)
	if r.log.server == nil && err != nil && mayAnswerLater(err) && ctx.Err() == nil {
		return nil // the silence will tell
	}
	if err != nil || end <= r.at {
		return err
	}
	next, ok, err := r.log.leaderGet(ctx, messageGet{Seq: uint64(r.at) + 1, Next: r.log.prefix + ".>"})
	if err == nil && (!ok || next.Position != r.at+1) {
		gone, err := r.log.surelyGone(ctx, r.at+1)
		if err != nil {
			return err
		}
		if gone {
			return &eventstore.GapError{Want: r.at + 1, Got: next.Position}
		}
	}
	switch {
	case err != nil:
		return err
	case r.quiet > 2:
		return r.restart(ctx) // it is there, and does not come
	}
	return nil
}

// place reads a record's position, its number in the consumer and its time from
// the reply subject that the server gives it:
//
//	$JS.ACK.<stream>.<consumer>.<deliveries>.<position>.<number>.<nanoseconds>.<pending>
//
// and the same with <domain>.<account> before the stream on some servers. It
// reports false for a message that is not a record.
func place(reply string) (at eventstore.Position, number uint64, stored time.Time, ok bool) {
	rest, ok := strings.CutPrefix(reply, "$JS.ACK.")
	if !ok {
		return 0, 0, time.Time{}, false
	}
	skip := 3
	if strings.Count(rest, ".") > 6 {
		skip += 2
	}
	for range skip {
		_, rest, _ = strings.Cut(rest, ".")
	}
	var values [3]uint64
	for i := range values {
		var digits string
		digits, rest, _ = strings.Cut(rest, ".")
		value, err := strconv.ParseUint(digits, 10, 64)
		if err != nil {
			return 0, 0, time.Time{}, false
		}
		values[i] = value
	}
	return eventstore.Position(values[0]), values[1], time.Unix(0, int64(values[2])).UTC(), true
}
