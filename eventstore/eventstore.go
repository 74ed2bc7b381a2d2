// Package eventstore keeps records in one ordered, append-only log.
//
// A record is opaque bytes under a stream name. The package knows order,
// versions and delivery; what the bytes mean is its caller's business. Two logs
// keep the promise that is written here: [rollbook/eventstore/memory], the
// reference that tests read, and [rollbook/eventstore/jetstream], the real one.
// Both pass the suite in [rollbook/eventstore/storetest].
//
// The promise:
//
//   - Positions count from 1 without gaps; a reader checks that and stops at a
//     gap ([GapError]) instead of stepping over it.
//   - An append is all or nothing, also over several streams. It is on disk
//     before it is answered.
//   - An append names, for each stream, the head that the writer last saw. If
//     another writer was first, nothing is stored ([VersionError]).
//   - A record's ID is unique for ever. An append sent again, with the same IDs
//     and heads, finds its own records and answers as the first time.
//   - Nothing is ever changed or removed.
package eventstore

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Position is a place in the log, counted from 1. Zero is before the first.
type Position uint64

// Head is where a stream ends: the position of its last record, and how many
// records it has. The zero Head is that of a stream without records.
type Head struct {
	Position Position
	Count    uint64
}

// Record is an entry of the log.
type Record struct {
	// ID is the writer's name for the record, unique for ever in the log:
	// 1 to 64 printable ASCII characters without spaces.
	ID string
	// Type and Schema say what Data holds. The log keeps and returns them and
	// looks at neither. Printable ASCII.
	Type   string
	Schema string
	// Actor is the pseudonym of who recorded it; may be empty. Printable ASCII.
	Actor string
	// Data is opaque, at most [MaxDataBytes] long.
	Data []byte

	// What follows is set by the log; a writer leaves it empty.

	// Stream is the history that the record belongs to, such as "member/m1".
	Stream string
	// Position is the record's place in the log.
	Position Position
	// Previous is the head of the stream before this record, so that a stream
	// can be walked backwards and checked for holes.
	Previous Head
	// Time is when the log stored the record, in UTC. It is not promised to
	// rise with the position.
	Time time.Time
}

// Head returns the head of the record's stream with the record as its last.
func (r Record) Head() Head { return Head{r.Position, r.Previous.Count + 1} }

// Write is a part of an append that goes to one stream. Records are stored in
// the order in which the writes of an append name them, so a stream may be in
// several of its writes: the first says where the stream ends, and each later
// one goes on where the one before it ended.
type Write struct {
	// Stream is "kind/id"; both parts are 1 to 64 of A-Z a-z 0-9 _ - and the
	// kind is lower case.
	Stream string
	// Expected is the head of the stream that the writer last saw. It is not
	// looked at in a later write to the same stream.
	Expected Head
	// Records are added in this order. At least one.
	Records []Record
}

// ByStream returns the writes of an append with those to one stream made one, in
// the order in which the streams are first named.
func ByStream(writes []Write) []Write {
	at := make(map[string]int, len(writes))
	var out []Write
	for _, w := range writes {
		if i, ok := at[w.Stream]; ok {
			out[i].Records = append(slices.Clip(out[i].Records), w.Records...)
			continue
		}
		at[w.Stream] = len(out)
		out = append(out, w)
	}
	return out
}

// Limits of one append.
const (
	// MaxBatch is how many records one append may hold over all its streams,
	// which is the JetStream server's limit for an atomic batch.
	MaxBatch = 1000
	// MaxDataBytes bounds one record's Data.
	MaxDataBytes = 256 << 10
)

// Errors that do not carry values. Any may be wrapped.
var (
	// ErrUnknownOutcome means that the log could not be asked whether the
	// append was stored. Send the very same append again, with the same IDs.
	ErrUnknownOutcome = errors.New("outcome unknown: send the same append again")
	// ErrInvalid means that the append breaks a rule of this package, such as
	// a limit or a malformed stream name. Nothing was stored; sending it again
	// cannot help.
	ErrInvalid = errors.New("invalid append")
	// ErrUnavailable means that the log cannot store anything now. Nothing of
	// the append was sent or stored; the error says what has to happen first.
	ErrUnavailable = errors.New("the log cannot take appends now: nothing was stored")
	// ErrInUse means that another process holds the log's directory.
	ErrInUse = errors.New("the log is in use by another process")
	// ErrMissing means that the log's files are there but the log is not, so
	// that creating it could destroy what is left. It needs a person.
	ErrMissing = errors.New("the log is missing beside existing files")
)

// VersionError reports that another writer got to a stream first. Nothing was
// appended: load the stream again, decide again, append again.
type VersionError struct {
	Stream           string
	Expected, Actual Head
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("stream %s is at position %d, expected %d", e.Stream, e.Actual.Position, e.Expected.Position)
}

// GapError reports that a reader was given another position than the next one:
// a record was damaged or removed. Reading stops; the log needs a person.
type GapError struct {
	Want, Got Position
}

func (e *GapError) Error() string {
	return fmt.Sprintf("the log has a gap: wanted position %d, got %d", e.Want, e.Got)
}
