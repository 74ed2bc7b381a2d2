package jetstream

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"rollbook/eventstore"
)

// Headers of a stored record. They are part of the stored format: a name, once
// released, is not changed. The server adds headers of its own, which begin
// with Nats-; a copy of the log may lack those.
const (
	headerID      = "Ledger-Id"
	headerType    = "Ledger-Type"
	headerSchema  = "Ledger-Schema"
	headerActor   = "Ledger-Actor"
	headerVersion = "Ledger-Version" // 1, 2, 3 … in the record's stream

	// headerPrevious says where the record before this one in its stream stands:
	// its position, "0" for the first. Inside an append that position is not
	// known before the server gives it, but the records of one append follow
	// each other without a gap, so there the value counts back from the record:
	// "-1" is the position just before it.
	headerPrevious = "Ledger-Prev-Seq"
)

// Headers that the server reads. It takes another case of a name for another
// header (measured with 2.15.2), so they are written here once.
const (
	headerMsgID       = "Nats-Msg-Id"
	headerGuard       = "Nats-Expected-Last-Subject-Sequence"
	headerBatchID     = "Nats-Batch-Id"
	headerBatchSeq    = "Nats-Batch-Sequence"
	headerBatchCommit = "Nats-Batch-Commit"
)

// setGuard makes the server store a message only if its subject ends at the
// position expected. A header with an empty value would be no guard at all and
// the server would not say so, which is why there is one place that builds it.
func setGuard(h nats.Header, expected eventstore.Position) {
	h[headerGuard] = []string{strconv.FormatUint(uint64(expected), 10)}
}

// message builds the message of a record whose stream ends at previous. back is
// zero if that is in the log, and otherwise how many places before the record,
// in the same append, the stream ends. Only the first record of a stream in an
// append carries the guard; with one on a later record the server refuses the
// whole batch (10164). A header that has nothing to say is left out, and one
// that is empty all the same is an error.
func message(subject string, rec eventstore.Record, previous eventstore.Head, back int) (*nats.Msg, error) {
	h := make(nats.Header, 10)
	h[headerID] = []string{rec.ID}
	h[headerMsgID] = h[headerID]
	h[headerVersion] = []string{strconv.FormatUint(previous.Count+1, 10)}
	if back == 0 {
		setGuard(h, previous.Position)
		h[headerPrevious] = h[headerGuard]
	} else {
		h[headerPrevious] = []string{strconv.Itoa(-back)}
	}
	if rec.Type != "" {
		h[headerType] = []string{rec.Type}
	}
	if rec.Schema != "" {
		h[headerSchema] = []string{rec.Schema}
	}
	if rec.Actor != "" {
		h[headerActor] = []string{rec.Actor}
	}
	for name, values := range h {
		if values[0] == "" {
			return nil, fmt.Errorf("%w: header %s would be empty", eventstore.ErrInvalid, name)
		}
	}
	return &nats.Msg{Subject: subject, Header: h, Data: rec.Data}, nil
}

// record reads a stored message. A message that this package did not write, or
// whose headers do not fit its place, comes out without ID, Type and Previous:
// it has a position, so it must not be skipped, and its reader sets its stream
// aside.
func (n names) record(subject string, h nats.Header, data []byte, at eventstore.Position, stored time.Time) eventstore.Record {
	rec := eventstore.Record{
		Data:     data,
		Stream:   n.stream(subject),
		Position: at,
		Time:     stored,
	}
	id := first(h, headerID)
	version, err := strconv.ParseUint(first(h, headerVersion), 10, 64)
	if id == "" || err != nil || version == 0 {
		return rec
	}
	value := first(h, headerPrevious)
	back, inAppend := strings.CutPrefix(value, "-")
	previous, err := strconv.ParseUint(back, 10, 64)
	if inAppend {
		if previous == 0 || previous >= uint64(at) {
			return rec
		}
		previous = uint64(at) - previous
	}
	if err != nil || previous >= uint64(at) || (previous == 0) != (version == 1) {
		return rec
	}
	rec.ID, rec.Type = id, first(h, headerType)
	rec.Schema, rec.Actor = first(h, headerSchema), first(h, headerActor)
	rec.Previous = eventstore.Head{Position: eventstore.Position(previous), Count: version - 1}
	return rec
}

// foreign reports whether record could not read a message's headers.
func foreign(rec eventstore.Record) bool { return rec.ID == "" }

// first returns a header's first value. The keys are canonical already, so this
// does without the search of nats.Header.Get.
func first(h nats.Header, name string) string {
	if values := h[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// last returns a header's last value: the server appends its own headers to
// those of the message, which might be of the same name.
func last(h nats.Header, name string) string {
	if values := h[name]; len(values) > 0 {
		return values[len(values)-1]
	}
	return ""
}

// names translates between the names of streams and the server's.
type names struct {
	log    string // the JetStream stream
	prefix string // of every subject, without the dot
}

// subject returns the subject of a valid stream name.
func (n names) subject(stream string) string {
	return n.prefix + "." + strings.Replace(stream, "/", ".", 1)
}

// stream returns the stream of a subject. A subject that subject never returns
// becomes a name that is not valid, but is not lost.
func (n names) stream(subject string) string {
	return strings.Replace(strings.TrimPrefix(subject, n.prefix+"."), ".", "/", 1)
}
