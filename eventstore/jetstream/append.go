package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"rollbook/eventstore"
)

// pauses are the waits before an append is sent again when nothing of it was
// stored and nobody else was first.
var pauses = [...]time.Duration{0, 10 * time.Millisecond, 100 * time.Millisecond, time.Second}

// maxUnackedBytes is how much of a batch is sent before the server has said
// that it has it. The server drops what does not fit into its own queue
// (128 MB in 2.15.2) and refuses the batch.
const maxUnackedBytes = 8 << 20

// ack is the server's positive answer.
type ack struct {
	Stream    string `json:"stream"`
	Seq       uint64 `json:"seq"` // of the last message
	Duplicate bool   `json:"duplicate"`
	Batch     string `json:"batch"`
	Count     int    `json:"count"`
}

// errDuplicate is an ack that says that the server had the message's id before,
// so that nothing of this message was stored.
var errDuplicate = errors.New("the server has had this id before")

// Append adds the records of all writes, or none, and returns the position of
// the last of them. They are on the disk then, and their positions follow each
// other in the order of the call.
//
// If the records after each expected head are these very ones, by ID, Append
// answers as when it stored them, however long ago that was. If other records
// are there, or the head is elsewhere, it returns a [*eventstore.VersionError].
// [eventstore.ErrUnknownOutcome] asks for the same call once more.
//
// An append that breaks a rule of the package eventstore is
// [eventstore.ErrInvalid], and so is one with an ID that another append used in
// the last ten seconds; after that the log does not notice. Nor does it notice
// an Expected whose Position is right and whose Count is not: Load reports that
// stream as broken.
//
// One record costs one fsync; several are an atomic batch, which costs as much
// as about thirteen. If ctx ends while the answer is awaited, Append still looks
// whether the records were stored.
func (l *Log) Append(ctx context.Context, writes ...eventstore.Write) (eventstore.Position, error) {
	if err := validate(writes); err != nil {
		return 0, err
	}
	if len(writes) > 1 || len(writes[0].Records) > 1 {
		select {
		case l.batches <- struct{}{}:
			defer func() { <-l.batches }()
		case <-ctx.Done():
		}
	}
	if err := ctx.Err(); err != nil {
		return 0, err // nothing was sent
	}

	var answer error
	for attempt, pause := range pauses {
		if !wait(ctx, pause) {
			break
		}
		var got ack
		if got, answer = l.publish(ctx, writes); answer == nil {
			return eventstore.Position(got.Seq), nil
		}
		if errors.Is(answer, eventstore.ErrInvalid) {
			return 0, answer // refused here, not sent
		}
		// From here on the outcome is what the streams say, also if ctx has
		// ended: the caller needs to know.
		last, err := l.settle(context.WithoutCancel(ctx), eventstore.ByStream(writes))
		var conflict *eventstore.VersionError
		switch {
		case errors.As(err, &conflict):
			return 0, conflict
		case err != nil:
			return 0, fmt.Errorf("%w: %w; then reading the streams: %w", eventstore.ErrUnknownOutcome, answer, err)
		case last != 0:
			return last, nil
		}
		if isDuplicate(answer) && attempt == 0 {
			// The id is known, and it is not in its place: another append
			// used it. On a later attempt it may be our own, still on its way.
			return 0, fmt.Errorf("%w: an id is already used in another stream or append: %w", eventstore.ErrInvalid, answer)
		}
		if !mayPass(answer) {
			break
		}
	}
	if err := ctx.Err(); err != nil {
		answer = errors.Join(err, answer)
	}
	return 0, fmt.Errorf("%w: %w", eventstore.ErrUnknownOutcome, answer)
}

// mayPass reports whether the same append may be stored when it is sent again
// at once. Refusals that are not listed, such as a full disk, need more time
// than this call has.
func mayPass(answer error) bool {
	var refused *apiError
	if !errors.As(answer, &refused) {
		return !errors.Is(answer, errClosed)
	}
	switch refused.Code {
	case codeWrongLast, codeWrongLastUnnamed, codeDuplicatePending, codeBatchIncomplete, codeBatchDuplicate, codeTooManyBatches:
		return true
	}
	return false
}

func isDuplicate(answer error) bool {
	var refused *apiError
	return errors.Is(answer, errDuplicate) || errors.As(answer, &refused) && refused.Code == codeBatchDuplicate
}

// wait reports whether the pause passed before ctx ended.
func wait(ctx context.Context, pause time.Duration) bool {
	if pause == 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// send publishes the writes, one record as a message, several as an atomic
// batch, and returns the answer. Anything but a first-time acknowledgement of
// all of them is an error, and says nothing about what is stored.
//
// The messages of a batch are built while the server is busy with those before
// them, and none waits for an answer: if one is refused, so is the commit.
func (l *Log) send(ctx context.Context, writes []eventstore.Write) (ack, error) {
	total := 0
	for _, w := range writes {
		total += len(w.Records)
	}
	var batch string
	if total > 1 {
		batch = nuid.Next()
	}
	sent, unacked := 0, 0
	// Where each stream ends that this append has written to: the place of its
	// last record in the append, and how many records it then has.
	type end struct {
		place int
		count uint64
	}
	ends := make(map[string]end, len(writes))
	for _, w := range writes {
		subject := l.subject(w.Stream)
		for _, rec := range w.Records {
			head, back := w.Expected, 0
			if e, ok := ends[w.Stream]; ok {
				head.Count, back = e.count, sent+1-e.place
			}
			msg, err := message(subject, rec, head, back)
			if err != nil {
				return ack{}, err
			}
			sent++
			ends[w.Stream] = end{sent, head.Count + 1}
			if batch != "" {
				msg.Header[headerBatchID] = []string{batch}
				msg.Header[headerBatchSeq] = []string{strconv.Itoa(sent)}
			}
			if sent == total {
				if batch != "" {
					msg.Header[headerBatchCommit] = []string{"1"}
				}
				return l.commit(ctx, msg, batch, total)
			}
			if unacked += len(rec.Data); unacked < maxUnackedBytes {
				err = l.nc.PublishMsg(msg)
			} else {
				unacked = 0
				err = l.flush(ctx, msg)
			}
			if err != nil {
				return ack{}, err
			}
		}
	}
	return ack{}, errors.New("nothing to send")
}

// flush sends a message of a batch and waits until the server has it and all
// before it.
func (l *Log) flush(ctx context.Context, msg *nats.Msg) error {
	answer, err := l.request(ctx, msg)
	if err != nil || len(answer.Data) == 0 {
		return err
	}
	_, err = parseAck(answer.Data)
	return err
}

// commit sends the last message of an append, or the only one.
func (l *Log) commit(ctx context.Context, msg *nats.Msg, batch string, total int) (ack, error) {
	answer, err := l.request(ctx, msg)
	if err != nil {
		return ack{}, err
	}
	got, err := parseAck(answer.Data)
	switch {
	case err != nil:
		return ack{}, err
	case got.Duplicate:
		return ack{}, fmt.Errorf("%w, at position %d", errDuplicate, got.Seq)
	case got.Stream != l.log || got.Seq == 0,
		batch != "" && (got.Batch != batch || got.Count != total):
		return ack{}, fmt.Errorf("the server acknowledged something else: %s", answer.Data)
	}
	return got, nil
}

func parseAck(data []byte) (ack, error) {
	var answer struct {
		ack
		Error *apiError `json:"error"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return ack{}, fmt.Errorf("acknowledgement %q: %w", data, err)
	}
	if answer.Error != nil {
		return ack{}, answer.Error
	}
	return answer.ack, nil
}
