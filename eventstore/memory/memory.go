// Package memory keeps a log in memory.
//
// It is the reference: what a log promises, in the fewest words, for tests to
// compare with and to run on. Every call takes one lock. Nothing outlives the
// process.
package memory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"rollbook/eventstore"
)

// Log is a log in memory. Its methods may be called at the same time. Records
// are copied on their way in and out, so no caller can change what is stored.
type Log struct {
	mu      sync.Mutex
	records []eventstore.Record // records[i] is at position i+1
	streams map[string][]eventstore.Position
	ids     map[string]bool
	grown   chan struct{} // closed and replaced when records grows
	closed  chan struct{}
}

var errClosed = errors.New("the log is closed")

// New returns an empty log.
func New() *Log {
	return &Log{
		streams: map[string][]eventstore.Position{},
		ids:     map[string]bool{},
		grown:   make(chan struct{}),
		closed:  make(chan struct{}),
	}
}

// Append adds the records of all writes, or none, and returns the position of
// the last.
//
// If the records after each expected head are these very ones, by ID, it
// answers as when it stored them. If they are others, or a head is not there,
// it returns a [*eventstore.VersionError]. An append that breaks a rule of the
// package eventstore, or uses an ID of another append, is
// [eventstore.ErrInvalid].
func (l *Log) Append(ctx context.Context, writes ...eventstore.Write) (eventstore.Position, error) {
	if err := valid(writes); err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.usable(ctx); err != nil {
		return 0, err
	}

	var (
		settled  int // streams in which the records stand already
		last     eventstore.Position
		conflict *eventstore.VersionError
	)
	byStream := eventstore.ByStream(writes)
	for _, w := range byStream {
		actual := l.head(w.Stream)
		switch after := l.stream(w.Stream, w.Expected.Position); {
		case startsWith(after, w.Records):
			settled++
			last = max(last, after[len(w.Records)-1].Position)
		case actual.Position == w.Expected.Position && actual.Count != w.Expected.Count:
			return 0, fmt.Errorf("%w: stream %s has %d records, not %d", eventstore.ErrInvalid, w.Stream, actual.Count, w.Expected.Count)
		}
		if actual != w.Expected && conflict == nil {
			conflict = &eventstore.VersionError{Stream: w.Stream, Expected: w.Expected, Actual: actual}
		}
	}
	if settled == len(byStream) {
		return last, nil
	}
	if conflict != nil {
		return 0, conflict
	}
	for _, w := range writes {
		for _, r := range w.Records {
			if l.ids[r.ID] {
				return 0, fmt.Errorf("%w: id %s is already used in another append", eventstore.ErrInvalid, r.ID)
			}
		}
	}

	now := time.Now().UTC()
	for _, w := range writes {
		for _, r := range w.Records {
			r.Data = bytes.Clone(r.Data)
			r.Stream, r.Previous, r.Time = w.Stream, l.head(w.Stream), now
			r.Position = eventstore.Position(len(l.records) + 1)
			l.records = append(l.records, r)
			l.streams[w.Stream] = append(l.streams[w.Stream], r.Position)
			l.ids[r.ID] = true
		}
	}
	close(l.grown)
	l.grown = make(chan struct{})
	return eventstore.Position(len(l.records)), nil
}

// Load returns the records of a stream after a position, in order. An absent
// stream is empty.
func (l *Log) Load(ctx context.Context, stream string, after eventstore.Position) ([]eventstore.Record, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stream(stream, after), l.usable(ctx)
}

// Head returns where a stream ends.
func (l *Log) Head(ctx context.Context, stream string) (eventstore.Head, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head(stream), l.usable(ctx)
}

// Last returns the position of the last record of the log.
func (l *Log) Last(ctx context.Context) (eventstore.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return eventstore.Position(len(l.records)), l.usable(ctx)
}

// Get returns the record at a position, and an error if the log has none.
func (l *Log) Get(ctx context.Context, at eventstore.Position) (eventstore.Record, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.usable(ctx); err != nil {
		return eventstore.Record{}, err
	}
	if at < 1 || int(at) > len(l.records) {
		return eventstore.Record{}, fmt.Errorf("the log has no position %d; its last is %d", at, len(l.records))
	}
	return out(l.records[at-1]), nil
}

// At returns the last position before the first record that was stored after
// t: the log as it was known at t.
func (l *Log) At(ctx context.Context, t time.Time) (eventstore.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, r := range l.records {
		if r.Time.After(t) {
			return eventstore.Position(i), l.usable(ctx)
		}
	}
	return eventstore.Position(len(l.records)), l.usable(ctx)
}

// Replay yields the records after one position up to another, or up to the
// end at the time of the call when to is zero. An error is the last thing that
// it yields.
func (l *Log) Replay(ctx context.Context, after, to eventstore.Position) iter.Seq2[eventstore.Record, error] {
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
		for at := after + 1; at <= to; at++ {
			rec, err := l.Get(ctx, at)
			if !yield(rec, err) || err != nil {
				return
			}
		}
	}
}

// Follow yields the records after a position, and then each new one, until ctx
// ends. The last thing that it yields is an error.
func (l *Log) Follow(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Record, error] {
	return func(yield func(eventstore.Record, error) bool) {
		for at := after + 1; ; at++ {
			if err := l.wait(ctx, at); err != nil {
				yield(eventstore.Record{}, err)
				return
			}
			rec, err := l.Get(ctx, at)
			if !yield(rec, err) || err != nil {
				return
			}
		}
	}
}

// Close ends every reader. Later calls fail.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return nil
}

// wait returns when the log has the position at.
func (l *Log) wait(ctx context.Context, at eventstore.Position) error {
	for {
		l.mu.Lock()
		err, grown, have := l.usable(ctx), l.grown, len(l.records)
		l.mu.Unlock()
		if err != nil || int(at) <= have {
			return err
		}
		select {
		case <-grown:
		case <-l.closed:
		case <-ctx.Done():
		}
	}
}

func (l *Log) usable(ctx context.Context) error {
	select {
	case <-l.closed:
		return errClosed
	default:
		return ctx.Err()
	}
}

func (l *Log) stream(name string, after eventstore.Position) []eventstore.Record {
	var recs []eventstore.Record
	for _, at := range l.streams[name] {
		if at > after {
			recs = append(recs, out(l.records[at-1]))
		}
	}
	return recs
}

func (l *Log) head(stream string) eventstore.Head {
	positions := l.streams[stream]
	if len(positions) == 0 {
		return eventstore.Head{}
	}
	return l.records[positions[len(positions)-1]-1].Head()
}

func out(r eventstore.Record) eventstore.Record {
	r.Data = bytes.Clone(r.Data)
	return r
}

// startsWith reports whether stored begins with the records sent, by ID.
func startsWith(stored, sent []eventstore.Record) bool {
	if len(stored) < len(sent) {
		return false
	}
	for i := range sent {
		if stored[i].ID != sent[i].ID {
			return false
		}
	}
	return true
}
