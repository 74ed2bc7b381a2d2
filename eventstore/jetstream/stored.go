package jetstream

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"rollbook/eventstore"
)

// transport are the server's headers that tell how a message came, or was
// fetched. A mirror of the log drops some of them, so they are no part of a
// record. Names without the prefix Nats-, in lower case.
var transport = map[string]bool{
	"msg-id": true, "expected-stream": true, "expected-last-sequence": true,
	"expected-last-subject-sequence": true, "expected-last-subject-sequence-subject": true,
	"expected-last-msg-id": true, "batch-id": true, "batch-sequence": true, "batch-commit": true,
	"stream": true, "subject": true, "sequence": true, "time-stamp": true,
	"num-pending": true, "last-sequence": true, "upto-sequence": true,
}

const serverPrefix = "nats-"

// ReplayStored yields the records after one position up to another as they are
// stored, as Replay yields them as records. It yields the same errors, and an
// [*eventstore.ForbiddenHeaderError] at a message with a header of the server's
// that changes what the message means.
func (l *Log) ReplayStored(ctx context.Context, after, to eventstore.Position) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		var last *nats.Msg
		for rec, err := range l.replay(ctx, after, to, &last) {
			if err != nil {
				yield(eventstore.Stored{}, err)
				return
			}
			stored, err := asStored(last.Subject, last.Header, last.Data, rec.Position, rec.Time)
			if !yield(stored, err) || err != nil {
				return
			}
		}
	}
}

func asStored(subject string, h nats.Header, data []byte, at eventstore.Position, stored time.Time) (eventstore.Stored, error) {
	s := eventstore.Stored{Position: at, Time: stored, Subject: subject, Data: data, Headers: make([][2]string, 0, 6)}
	for name, values := range h {
		if len(name) >= len(serverPrefix) && strings.EqualFold(name[:len(serverPrefix)], serverPrefix) {
			if !transport[strings.ToLower(name[len(serverPrefix):])] {
				return s, &eventstore.ForbiddenHeaderError{Position: at, Name: name}
			}
			continue
		}
		for _, value := range values {
			s.Headers = append(s.Headers, [2]string{name, value})
		}
	}
	slices.SortFunc(s.Headers, func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	return s, nil
}

// Shape asks the server what it has of the log.
func (l *Log) Shape(ctx context.Context) (eventstore.Shape, error) {
	var info struct {
		Created time.Time `json:"created"`
		State   struct {
			First   uint64   `json:"first_seq"`
			Last    uint64   `json:"last_seq"`
			Count   uint64   `json:"messages"`
			Deleted []uint64 `json:"deleted"`
		} `json:"state"`
	}
	if err := l.api(ctx, "STREAM.INFO."+l.log, nil, &info); err != nil {
		return eventstore.Shape{}, err
	}
	s := info.State
	shape := eventstore.Shape{First: eventstore.Position(s.First), Last: eventstore.Position(s.Last), Created: info.Created.UTC()}
	if s.Count == 0 || s.Last-s.First+1 == s.Count {
		return shape, nil
	}
	// Which ones costs the server a look at the whole log.
	if err := l.api(ctx, "STREAM.INFO."+l.log, []byte(`{"deleted_details":true}`), &info); err != nil {
		return shape, err
	}
	if len(info.State.Deleted) > 0 {
		shape.Missing = eventstore.Position(slices.Min(info.State.Deleted))
	}
	return shape, nil
}

// Record returns the record that was stored, as Replay yields it: of a copy of the
// log, for one.
func (l *Log) Record(s eventstore.Stored) eventstore.Record {
	h := make(nats.Header, len(s.Headers))
	for _, pair := range s.Headers {
		h[pair[0]] = append(h[pair[0]], pair[1])
	}
	return l.record(s.Subject, h, s.Data, s.Position, s.Time)
}

// Subject returns the subject that the records of a stream are stored under.
func (l *Log) Subject(stream string) string { return l.subject(stream) }
