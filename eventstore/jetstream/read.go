package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"rollbook/eventstore"
)

const (
	// loadBatch and loadBytes bound one answer to a direct read.
	loadBatch = 1000
	loadBytes = 8 << 20
)

// Load returns the records of a stream after a position, in order. An absent
// stream is empty, and so is one without records after that position.
//
// Each record names the one before it. If that one is missing, Load returns a
// [*eventstore.GapError]: a record was damaged or removed. Numbers that do not
// fit, and a record that this package did not write, are errors of their own.
// With an error it still returns the good records before it.
//
// A stream whose records lie together is read in about a millisecond; one whose
// records are spread over millions of others takes a hundred.
func (l *Log) Load(ctx context.Context, stream string, after eventstore.Position) ([]eventstore.Record, error) {
	if err := validateStream(stream); err != nil {
		return nil, err
	}
	var recs []eventstore.Record
	at := after
	keep := func(rec eventstore.Record) error {
		if err := checkChain(recs, after, rec); err != nil {
			return fmt.Errorf("stream %s: %w", stream, err)
		}
		recs = append(recs, rec)
		at = rec.Position
		return nil
	}
	for looks := 0; ; {
		var more bool
		err := l.patiently(ctx, func(ctx context.Context) error {
			var err error
			more, err = l.directRead(ctx, messageGet{
				Seq: uint64(at) + 1, Next: l.subject(stream), Batch: loadBatch, MaxBytes: loadBytes,
			}, keep)
			return err
		})
		if _, gap := errors.AsType[*eventstore.GapError](err); gap && l.replicas > 1 {
			return recs, l.leaderRead(ctx, stream, &at, keep)
		}
		if err == nil && !more && l.replicas > 1 {
			// Who answered may be behind, and a program must be able to read
			// what it has just been told is stored.
			var head eventstore.Head
			head, err = l.leaderHead(ctx, stream)
			if more = head.Position > at; more {
				if looks++; looks > 3 || !wait(ctx, leaderPause) {
					return recs, l.leaderRead(ctx, stream, &at, keep)
				}
			}
		}
		if err != nil || !more {
			return recs, err
		}
	}
}

// leaderRead gives the records of a stream after at to keep, which moves at, as
// the leader has them, one by one: the copy that a direct read came to lacks
// some of them.
func (l *Log) leaderRead(ctx context.Context, stream string, at *eventstore.Position, keep func(eventstore.Record) error) error {
	l.logger.WarnContext(ctx, "a copy of the log is behind its leader", slog.Uint64("position", uint64(*at)))
	for {
		rec, ok, err := l.leaderGet(ctx, messageGet{Seq: uint64(*at) + 1, Next: l.subject(stream)})
		if err != nil || !ok {
			return err
		}
		if err := keep(rec); err != nil {
			return err
		}
	}
}

// checkChain returns an error if next cannot follow recs, which are the records
// after the position after.
func checkChain(recs []eventstore.Record, after eventstore.Position, next eventstore.Record) error {
	if foreign(next) {
		return fmt.Errorf("the record at position %d is not ours", next.Position)
	}
	if len(recs) == 0 {
		if next.Previous.Position > after {
			return &eventstore.GapError{Want: next.Previous.Position, Got: next.Position}
		}
		return nil
	}
	head := recs[len(recs)-1].Head()
	switch {
	case next.Previous.Position > head.Position:
		return &eventstore.GapError{Want: next.Previous.Position, Got: next.Position}
	case next.Previous != head:
		return fmt.Errorf("the record at position %d follows position %d as number %d, and the one before it is number %d at %d",
			next.Position, next.Previous.Position, next.Previous.Count+1, head.Count, head.Position)
	}
	return nil
}

// Head returns where a stream ends; the zero Head if it is absent. It fails if
// the last record is not one that this package wrote.
func (l *Log) Head(ctx context.Context, stream string) (eventstore.Head, error) {
	if err := validateStream(stream); err != nil {
		return eventstore.Head{}, err
	}
	rec, ok, err := l.leaderOrDirect(ctx, messageGet{Last: l.subject(stream)})
	if err != nil || !ok {
		return eventstore.Head{}, err
	}
	if foreign(rec) {
		return eventstore.Head{}, fmt.Errorf("stream %s ends with a record that is not ours, at position %d", stream, rec.Position)
	}
	return rec.Head(), nil
}

// Last returns the position of the last record of the log, zero if it is empty.
func (l *Log) Last(ctx context.Context) (eventstore.Position, error) {
	info, err := l.info(ctx)
	return eventstore.Position(info.State.LastSeq), err
}

// Get returns the record at a position. If the log ends before it, that is an
// error; if the log goes on after it, a [*eventstore.GapError].
func (l *Log) Get(ctx context.Context, at eventstore.Position) (eventstore.Record, error) {
	if at > 0 {
		get := messageGet{Seq: uint64(at)}
		rec, ok, err := l.direct(ctx, get)
		if err == nil && !ok && l.replicas > 1 {
			rec, ok, err = l.leaderGet(ctx, get) // who answered may be behind
		}
		if err != nil || ok {
			return rec, err
		}
	}
	end, err := l.Last(ctx)
	if err != nil {
		return eventstore.Record{}, err
	}
	if at > 0 && at <= end {
		gone, err := l.surelyGone(ctx, at)
		if err == nil && gone {
			err = &eventstore.GapError{Want: at}
		} else if err == nil {
			err = fmt.Errorf("the servers do not agree on position %d yet", at)
		}
		return eventstore.Record{}, err
	}
	return eventstore.Record{}, fmt.Errorf("the log has no position %d; its last is %d", at, end)
}

// At returns the last position before the first record that was stored after
// t: the log as it was known at t. Zero if it was empty.
//
// Where the server's clock was set back, the times do not rise with the
// positions, and the cut is after one of the records at which they pass t.
func (l *Log) At(ctx context.Context, t time.Time) (eventstore.Position, error) {
	if t.Before(time.Unix(0, 0)) {
		return 0, nil // the server counts nanoseconds from there, in 64 bits
	}
	// The end before the search: what is stored after it does not count as
	// "before t" when the search finds nothing.
	end, err := l.Last(ctx)
	if err != nil {
		return 0, err
	}
	if t.After(time.Unix(0, math.MaxInt64-1)) {
		return end, nil
	}
	// The server answers with the first record at or after a time, and it
	// knows nanoseconds.
	next := t.Add(time.Nanosecond)
	rec, ok, err := l.leaderOrDirect(ctx, messageGet{StartTime: &next, Next: l.prefix + ".>"})
	switch {
	case err != nil:
		return 0, err
	case !ok:
		return end, nil
	}
	return rec.Position - 1, nil
}

// leaderOrDirect reads one message: where there are replicas, as the leader has it.
func (l *Log) leaderOrDirect(ctx context.Context, request messageGet) (eventstore.Record, bool, error) {
	if l.replicas > 1 {
		return l.leaderGet(ctx, request)
	}
	return l.direct(ctx, request)
}

// direct reads one message without asking the leader. It reports false if there
// is none.
func (l *Log) direct(ctx context.Context, request messageGet) (eventstore.Record, bool, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return eventstore.Record{}, false, err
	}
	var msg *nats.Msg
	err = l.patiently(ctx, func(ctx context.Context) error {
		var err error
		msg, err = l.request(ctx, &nats.Msg{Subject: apiPrefix + "DIRECT.GET." + l.log, Data: body})
		return err
	})
	if err != nil {
		return eventstore.Record{}, false, err
	}
	switch status := first(msg.Header, "Status"); status {
	case "":
	case "404":
		return eventstore.Record{}, false, nil
	default:
		return eventstore.Record{}, false, fmt.Errorf("direct read: %s %s", status, first(msg.Header, "Description"))
	}
	rec, err := l.directRecord(msg)
	return rec, err == nil, err
}

// directRead gives each message of a batch of direct reads to keep, and reports
// whether there are more.
func (l *Log) directRead(ctx context.Context, request messageGet, keep func(eventstore.Record) error) (more bool, err error) {
	select {
	case <-l.closing:
		return false, errClosed
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	body, err := json.Marshal(request)
	if err != nil {
		return false, err
	}
	answers, err := l.nc.SubscribeSync(l.nc.NewInbox())
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, answers.Unsubscribe()) }()
	if err := l.nc.PublishRequest(apiPrefix+"DIRECT.GET."+l.log, answers.Subject, body); err != nil {
		return false, err
	}
	for {
		msg, err := answers.NextMsgWithContext(ctx)
		if err != nil {
			return false, fmt.Errorf("direct read: %w", err)
		}
		switch status := first(msg.Header, "Status"); status {
		case "":
			rec, err := l.directRecord(msg)
			if err != nil {
				return false, err
			}
			if err := keep(rec); err != nil {
				return false, err
			}
		case "204": // the end of this batch
			return first(msg.Header, "Nats-Num-Pending") != "0", nil
		case "404": // nothing
			return false, nil
		default:
			return false, fmt.Errorf("direct read: %s %s", status, first(msg.Header, "Description"))
		}
	}
}

// directRecord reads a message whose place stands in headers that the server
// has added to the stored ones.
func (l *Log) directRecord(msg *nats.Msg) (eventstore.Record, error) {
	at, err := strconv.ParseUint(last(msg.Header, "Nats-Sequence"), 10, 64)
	if err != nil {
		return eventstore.Record{}, fmt.Errorf("direct read: position: %w", err)
	}
	stored, err := time.Parse(time.RFC3339Nano, last(msg.Header, "Nats-Time-Stamp"))
	if err != nil {
		return eventstore.Record{}, fmt.Errorf("direct read: time: %w", err)
	}
	return l.record(last(msg.Header, "Nats-Subject"), msg.Header, msg.Data, eventstore.Position(at), stored.UTC()), nil
}
