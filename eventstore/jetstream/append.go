package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"rollbook/eventstore"
)

// pauses are the waits before an append is sent again when nothing of it was
// stored and nobody else was first.
var pauses = [...]time.Duration{0, 10 * time.Millisecond, 100 * time.Millisecond, time.Second}

// settlesAtOnce is how many appends of a refused batch are looked for at once.
const settlesAtOnce = 8

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
// [eventstore.ErrUnknownOutcome] asks for the same call once more, and
// [eventstore.ErrUnavailable] says that this call sent nothing because the log
// cannot store anything now or is out of reach, or that Close was called.
//
// An append that breaks a rule of the package eventstore is
// [eventstore.ErrInvalid], and so is one with an ID that another append used in
// the last ten seconds; after that the log does not notice. Nor does it notice
// an Expected whose Position is right and whose Count is not: Load reports that
// stream as broken.
//
// One record costs one fsync; several are an atomic batch, which costs as much
// as about sixteen. Appends that are called at the same time are gathered into
// one batch where that is faster, and each has its own answer all the same. If
// ctx ends while an append waits for its turn, it is not sent; if it ends while
// the answer is awaited, Append still looks whether the records were stored.
func (l *Log) Append(ctx context.Context, writes ...eventstore.Write) (eventstore.Position, error) {
	if err := validate(writes); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := l.unfit(); err != nil {
		return 0, err
	}
	p := newPending(writes)
	l.queue.enter(p)
	next, err := l.await(ctx, p)
	if span := trace.SpanFromContext(ctx); span.IsRecording() && !p.since.IsZero() {
		span.AddEvent("sent", trace.WithTimestamp(p.since), trace.WithAttributes(attribute.Bool("rollbook.gathered", !next.send)))
	}
	switch {
	case err != nil:
		return 0, err
	case !next.send:
		return next.at, next.err
	}
	at, stored, err := l.appendAlone(ctx, p)
	l.queue.leave(p, stored)
	return at, err
}

// Queue returns how many appends wait for their turn now, and how many batches
// were sent since the log was opened: single records, and what was gathered of
// several appends. Each costs one wait for the disk.
func (l *Log) Queue() (waiting int, sent uint64) { return l.queue.counts() }

// await waits until it is an append's turn or it is answered. An append that is
// not on its way leaves the queue when ctx ends, or when the server is silent
// for too long.
func (l *Log) await(ctx context.Context, p *pending) (turn, error) {
	select {
	case next := <-p.turn: // nothing is before it
		return next, nil
	default:
	}
	arrived := time.Now()
	timer := time.NewTimer(l.patience)
	defer timer.Stop()
	for {
		var cause error
		select {
		case next := <-p.turn:
			return next, nil
		case <-ctx.Done():
			cause = ctx.Err()
		case now := <-timer.C:
			waited, silent := now.Sub(arrived), l.queue.silent(now)
			if silent < l.patience && waited < l.timeout {
				timer.Reset(max(l.patience-silent, time.Millisecond))
				continue
			}
			cause = fmt.Errorf("%w: it was not this append's turn for %v, and the server has not answered for %v",
				eventstore.ErrUnavailable, waited.Round(time.Millisecond), silent.Round(time.Millisecond))
		}
		if l.queue.withdraw(p) {
			return turn{}, p.withdrawn(cause)
		}
		return <-p.turn, nil // it is on its way: learn what became of it
	}
}

// withdrawn returns cause, for an append that waits and will not be sent, or that
// its outcome is unknown if it was on its way before.
func (p *pending) withdrawn(cause error) error {
	if p.answer == nil {
		return cause
	}
	return fmt.Errorf("%w: %w; then %w", p.unsettled(), p.answer, cause)
}

// appendAlone sends one append, again if need be, and finds out what became of
// it. It also reports whether the server took it at once.
func (l *Log) appendAlone(ctx context.Context, p *pending) (at eventstore.Position, stored bool, err error) {
	// However often it is sent, the answer comes in time.
	sending, cancel := l.untilBroken(ctx)
	defer cancel()
	answer := p.answer
	// Until the fate of what was sent before is known, a duplicate may be our own,
	// still on its way.
	fresh := answer == nil || isRefusal(answer) || unsent(answer)
	for attempt, pause := range pauses {
		if !wait(sending, pause) {
			break
		}
		var got ack
		if got, answer = l.sendOnce(sending, p.writes); answer == nil {
			return eventstore.Position(got.Seq), attempt == 0, nil
		}
		answer = because(sending, answer)
		if errors.Is(answer, eventstore.ErrInvalid) {
			return 0, false, answer // refused here, not sent
		}
		p.onItsWay = p.onItsWay || !unsent(answer)
		// From here on the outcome is what the streams say, also if ctx has
		// ended: the caller needs to know.
		last, err := l.outcome(ctx, p, answer)
		if err != nil || last != 0 {
			return last, false, err
		}
		if isDuplicate(answer) && (attempt == 0 && fresh || l.replicas > 1) {
			if err := l.foreignID(ctx, p, answer); err != nil {
				return 0, false, err
			}
		}
		if !l.mayPass(answer) {
			break
		}
	}
	if err := context.Cause(sending); err != nil && !errors.Is(answer, err) {
		answer = fmt.Errorf("%w; then %w", answer, err)
	}
	return 0, false, fmt.Errorf("%w: %w", p.unsettled(), answer)
}

// sendOnce sends an append once. Where another server may have taken over
// meanwhile, it does not wait as long as Config.Timeout for the answer.
func (l *Log) sendOnce(ctx context.Context, writes []eventstore.Write) (ack, error) {
	ctx, cancel := context.WithTimeout(ctx, l.attempt)
	defer cancel()
	return l.publish(ctx, writes)
}

// unsettled is what an append is told whose outcome the streams do not say:
// nothing of it was stored if nothing of it was sent.
func (p *pending) unsettled() error {
	if p.onItsWay {
		return eventstore.ErrUnknownOutcome
	}
	return eventstore.ErrUnavailable
}

// foreignID returns the error for an append with an id that the server knows,
// and that is not in its place: another append used it. It returns nil if the
// append is in its place after all, which the next look will find.
func (l *Log) foreignID(ctx context.Context, p *pending, answer error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.timeout)
	defer cancel()
	absent, err := l.surelyAbsent(ctx, eventstore.ByStream(p.writes))
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w; then reading the streams: %w", eventstore.ErrUnknownOutcome, answer, err)
	case absent:
		return fmt.Errorf("%w: an id is already used in another stream or append: %w", eventstore.ErrInvalid, answer)
	}
	return nil
}

// because returns why ctx was cancelled, if that is what err says.
func because(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// outcome looks in the streams for what became of an append that was answered
// with anything but an acknowledgement. It returns the position of its last
// record, zero if nothing of it is stored yet, or the error for the caller.
//
// A server that cannot write may still show what it could not write, so nothing
// that it shows counts. Where there are replicas, what a leader shows is on the
// disks of a majority.
func (l *Log) outcome(ctx context.Context, p *pending, answer error) (eventstore.Position, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.timeout)
	defer cancel()
	last, err := l.settle(ctx, eventstore.ByStream(p.writes))
	conflict, isConflict := errors.AsType[*eventstore.VersionError](err)
	if l.server != nil || l.replicas == 1 && (err == nil || isConflict) {
		if failed := l.checkStore(ctx); errors.Is(failed, ErrStore) && errors.Is(answer, ErrStore) {
			return 0, fmt.Errorf("%w: %w", eventstore.ErrUnknownOutcome, answer)
		} else if failed != nil {
			return 0, fmt.Errorf("%w: %w; %w", eventstore.ErrUnknownOutcome, answer, failed)
		}
	}
	switch {
	case isConflict:
		return 0, conflict
	case err != nil:
		return 0, fmt.Errorf("%w: %w; then reading the streams: %w", p.unsettled(), answer, err)
	}
	return last, nil
}

// appendTogether sends several appends to different streams as one batch and
// answers each. When the batch is not acknowledged, those whose outcome the
// streams do not tell wait again: they are innocent, or were sent for nothing.
func (l *Log) appendTogether(members []*pending) {
	ctx, cancel := l.untilBroken(l.life)
	defer cancel()
	var writes []eventstore.Write
	records := 0
	for _, p := range members {
		writes = append(writes, p.writes...)
		records += p.records
	}
	got, answer := l.sendOnce(ctx, writes)
	answer = because(ctx, answer)
	if answer == nil {
		l.queue.landed(members, nil, true)
		at := eventstore.Position(got.Seq) - eventstore.Position(records)
		for _, p := range members {
			at += eventstore.Position(p.records)
			p.turn <- turn{at: at}
		}
		return
	}

	turns := make([]turn, len(members))
	places := make(chan struct{}, settlesAtOnce)
	var all sync.WaitGroup
	for i, p := range members {
		p.onItsWay = p.onItsWay || !unsent(answer)
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			turns[i].at, turns[i].err = l.outcome(ctx, p, answer)
		})
	}
	all.Wait()

	var again []*pending
	for i, p := range members {
		if turns[i].at == 0 && turns[i].err == nil {
			if ctx.Err() != nil { // there is no time, or no server, to send it again
				turns[i].err = fmt.Errorf("%w: %w; then %w", p.unsettled(), answer, context.Cause(ctx))
				continue
			}
			again = append(again, p)
		}
	}
	for _, p := range again {
		p.answer = answer
		p.refusals++
		if len(again) == len(members) {
			// The guilty one is still among them: smaller batches find it.
			p.limit = len(members) / 4
		}
		if p.limit < minBreakEven || p.refusals >= maxRefusals || !l.mayPass(answer) {
			p.alone = true
		}
	}
	l.queue.landed(members, again, false)
	for i, p := range members {
		if turns[i].at != 0 || turns[i].err != nil {
			p.turn <- turns[i]
		}
	}
}

// mayPass reports whether the same append may be stored when it is sent again
// at once. Refusals that are not listed, such as a full disk, need more time
// than this call has.
func (l *Log) mayPass(answer error) bool {
	refused, ok := errors.AsType[*apiError](answer)
	if !ok {
		return !errors.Is(answer, errClosed)
	}
	switch refused.Code {
	case codeClusterNotReady, codeNoMetaLeader, codeNotLeader, codeStreamOffline:
		return l.server == nil
	case codeWrongLast, codeWrongLastUnnamed, codeDuplicatePending, codeBatchIncomplete, codeBatchDuplicate, codeTooManyBatches:
		return true
	}
	return false
}

// isRefusal reports whether a server has said no.
func isRefusal(answer error) bool {
	var refused *apiError
	return errors.As(answer, &refused)
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
