package jetstream_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
)

// history is what several writers did to a log and were told, to be compared
// with what is stored.
type history struct {
	begin time.Time
	mu    sync.Mutex
	list  []operation
}

// verdict is what a writer was told of an append in the end.
type verdict int

const (
	stored   verdict = iota // acknowledged, or found when it was sent again
	conflict                // another writer was first
	nothing                 // nothing was sent
	unknown                 // and nobody to ask any more
)

// operation is an append, or a load if it has no writes.
type operation struct {
	client       int
	call, answer int64 // nanoseconds since the beginning
	writes       []eventstore.Write
	verdict      verdict
	last         eventstore.Position
	refused      *eventstore.VersionError
	loaded       string
	head         eventstore.Head
	wasUnknown   bool
	ends         map[string]eventstore.Position // of its streams, if it is stored; set by check
}

func (h *history) now() int64 { return time.Since(h.begin).Nanoseconds() }

func (h *history) add(op operation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, op)
}

// count returns how many appends were stored so far.
func (h *history) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, op := range h.list {
		if len(op.writes) > 0 && op.verdict == stored {
			n++
		}
	}
	return n
}

const sharedStreams = 20

func sharedStream(n int) string { return fmt.Sprint("member/s", n) }

// write appends to shared streams until stop is closed: single records and
// batches over one to three streams. What is unknown is sent again until it is
// known or patience ends.
func (h *history) write(patience context.Context, log *jetstream.Log, client int, seed uint64, stop <-chan struct{}) error {
	random := rand.New(rand.NewPCG(seed, uint64(client)))
	known := map[string]eventstore.Head{}
	for step := 0; ; step++ {
		select {
		case <-stop:
			return nil
		default:
		}
		if random.IntN(4) == 0 {
			stream := sharedStream(random.IntN(sharedStreams))
			op := operation{client: client, call: h.now(), loaded: stream}
			list, err := log.Load(patience, stream, known[stream].Position)
			op.answer = h.now()
			switch {
			case err != nil:
				if _, gap := errors.AsType[*eventstore.GapError](err); gap {
					return fmt.Errorf("Load(%s): %w", stream, err)
				}
			case len(list) > 0:
				op.head = list[len(list)-1].Head()
				known[stream] = op.head
				h.add(op)
			}
		}
		op := operation{client: client, call: h.now()}
		for i, n := range random.Perm(sharedStreams)[:1+random.IntN(3)] {
			stream := sharedStream(n)
			list := recs(fmt.Sprintf("c%d-%d-%d", client, step, i), 1+random.IntN(3))
			op.writes = append(op.writes, write(stream, known[stream], list...))
			if random.IntN(2) == 0 {
				break // mostly to one stream
			}
		}
		if err := h.append(patience, log, &op); err != nil {
			return err
		}
		h.add(op)
		switch op.verdict {
		case conflict:
			known[op.refused.Stream] = op.refused.Actual
		case stored:
			at := op.last
			for _, w := range slices.Backward(op.writes) {
				known[w.Stream] = eventstore.Head{Position: at, Count: w.Expected.Count + uint64(len(w.Records))}
				at -= eventstore.Position(len(w.Records))
			}
		case nothing, unknown:
		}
	}
}

// append makes the append of op until its outcome is known, and notes it.
func (h *history) append(patience context.Context, log *jetstream.Log, op *operation) error {
	for {
		last, err := log.Append(patience, op.writes...)
		op.answer = h.now()
		refused, isRefused := errors.AsType[*eventstore.VersionError](err)
		unsent := errors.Is(err, eventstore.ErrUnavailable) || errors.Is(err, context.Canceled)
		switch {
		case err == nil:
			op.verdict, op.last = stored, last
		case isRefused:
			op.verdict, op.refused = conflict, refused
		case errors.Is(err, eventstore.ErrUnknownOutcome) || unsent && op.wasUnknown:
			op.wasUnknown = true
			if patience.Err() == nil {
				continue
			}
			op.verdict = unknown
		case unsent:
			op.verdict = nothing
		default:
			return fmt.Errorf("Append: %w", err)
		}
		return nil
	}
}

// check compares the history with the log: nothing acknowledged is lost or
// elsewhere, nothing is there twice, no batch in part, nothing that was refused,
// and the streams are chains. It notes of each append whether it is stored.
func (h *history) check(log []eventstore.Record) error {
	var wrong []error
	fail := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	where := map[string]eventstore.Record{}
	heads := map[string]eventstore.Head{}
	for i, r := range log {
		if r.Position != eventstore.Position(i+1) {
			fail("position %d follows %d", r.Position, i)
		}
		if r.Previous != heads[r.Stream] {
			fail("%s at %d follows %+v; its stream ends at %+v", r.ID, r.Position, r.Previous, heads[r.Stream])
		}
		heads[r.Stream] = r.Head()
		if first, ok := where[r.ID]; ok {
			fail("duplicate: %s is at %d and at %d", r.ID, first.Position, r.Position)
		}
		where[r.ID] = r
	}
	known := 0
	for i := range h.list {
		op := &h.list[i]
		var first eventstore.Position
		total, there := 0, 0
		op.ends = map[string]eventstore.Position{}
		for _, w := range op.writes {
			for _, r := range w.Records {
				at, ok := where[r.ID]
				if ok {
					there++
					op.ends[w.Stream] = at.Position
					if first == 0 {
						first = at.Position - eventstore.Position(total)
					}
					if at.Position != first+eventstore.Position(total) || at.Stream != w.Stream {
						fail("%s is at %d of %s, apart from its append at %d", r.ID, at.Position, at.Stream, first)
					}
				}
				total++
			}
		}
		known += there
		ids := func() string { return op.writes[0].Records[0].ID }
		switch {
		case total == 0:
		case there != 0 && there != total:
			fail("torn: %d of the %d records of %s are stored", there, total, ids())
		case op.verdict == stored && there == 0:
			fail("lost: %s was acknowledged at %d", ids(), op.last)
		case op.verdict == stored && first+eventstore.Position(total)-1 != op.last:
			fail("%s ends at %d; its writer was told %d", ids(), first+eventstore.Position(total)-1, op.last)
		case op.verdict == conflict && there > 0:
			fail("phantom: %s is stored at %d; its writer was told of a conflict: %v", ids(), first, op.refused)
		case op.verdict == nothing && there > 0:
			fail("phantom: %s is stored at %d; its writer was told that nothing is", ids(), first)
		}
	}
	if known != len(log) {
		fail("%d records are stored; the writers know %d", len(log), known)
	}
	return errors.Join(wrong...)
}

// step is an operation on one stream, as the model sees it.
type step struct {
	stream   string
	load     bool
	expected eventstore.Position
}

// told is its answer: where the stream ends then, and whether it was refused
// because it ended elsewhere.
type told struct {
	head    eventstore.Position
	refused bool
}

// model is a stream: its state is where it ends. An append is stored if it ended
// where the append expects it, and only then.
var model = porcupine.Model{
	Partition: func(list []porcupine.Operation) [][]porcupine.Operation {
		byStream := map[string][]porcupine.Operation{}
		for _, op := range list {
			stream := op.Input.(step).stream
			byStream[stream] = append(byStream[stream], op)
		}
		var parts [][]porcupine.Operation
		for _, part := range byStream {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return eventstore.Position(0) },
	Step: func(state, input, output any) (bool, any) {
		head, in, out := state.(eventstore.Position), input.(step), output.(told)
		switch {
		case in.load:
			return head == out.head, head
		case out.refused:
			return head != in.expected, head
		}
		return head == in.expected, out.head
	},
}

// linearizable has porcupine look for an order of the operations, each at some
// time between its call and its answer, in which all answers are right. What an
// unknown append did is read from the log: it took effect at any time after its
// call, or never.
//
// A load may be answered by a server that does not know yet that it is deposed,
// so it counts as right if it was at any time before its answer, unless strict.
func (h *history) linearizable(strict bool) porcupine.CheckResult {
	var list []porcupine.Operation
	for _, op := range h.list {
		step1 := porcupine.Operation{ClientId: op.client, Call: op.call, Return: op.answer}
		if op.loaded != "" {
			step1.Input, step1.Output = step{stream: op.loaded, load: true}, told{head: op.head.Position}
			if !strict {
				step1.Call = 0
			}
			list = append(list, step1)
			continue
		}
		for _, w := range eventstore.ByStream(op.writes) {
			step1.Input = step{stream: w.Stream, expected: w.Expected.Position}
			switch {
			case op.verdict == conflict && op.refused.Stream != w.Stream:
				continue
			case op.verdict == conflict:
				step1.Output = told{refused: true}
			case op.ends[w.Stream] == 0:
				continue
			default:
				step1.Output = told{head: op.ends[w.Stream]}
				if op.verdict != stored {
					step1.Return = math.MaxInt64
				}
			}
			list = append(list, step1)
		}
	}
	return porcupine.CheckOperationsTimeout(model, list, time.Minute)
}

// The judges of the fault tests find what they are there to find. Among it: a
// program that takes a refusal for a conflict without looking for its own ids.
func TestJudgesFindWhatIsWrong(t *testing.T) {
	one := []eventstore.Write{write("member/s1", head(0, 0), rec("a"))}
	two := []eventstore.Write{write("member/s1", head(1, 1), rec("b")), write("member/s2", head(0, 0), rec("c"))}
	at := func(id, stream string, position int, previous eventstore.Head) eventstore.Record {
		r := rec(id)
		r.Stream, r.Position, r.Previous = stream, eventstore.Position(position), previous
		return r
	}
	log := []eventstore.Record{
		at("a", "member/s1", 1, head(0, 0)), at("b", "member/s1", 2, head(1, 1)), at("c", "member/s2", 3, head(0, 0)),
	}
	refusal := &eventstore.VersionError{Stream: "member/s1", Expected: head(1, 1), Actual: head(2, 2)}
	good := []operation{
		{client: 1, call: 10, answer: 20, writes: one, verdict: stored, last: 1},
		{client: 2, call: 30, answer: 40, writes: two, verdict: stored, last: 3},
		{client: 1, call: 50, answer: 60, loaded: "member/s1", head: head(2, 2)},
		{client: 3, call: 70, answer: 80, writes: []eventstore.Write{write("member/s1", head(1, 1), rec("d"))}, verdict: conflict, refused: refusal},
	}
	with := func(n int, change func(*operation)) []operation {
		list := slices.Clone(good)
		change(&list[n])
		return list
	}
	tests := []struct {
		name     string
		list     []operation
		log      []eventstore.Record
		wrong    bool // by comparison with the log
		disorder bool // by porcupine
	}{
		{"nothing", good, log, false, false},
		{"an unknown append that is stored", with(1, func(op *operation) { op.verdict = unknown }), log, false, false},
		{"an unknown append that is not", append(slices.Clone(good), operation{client: 4, call: 1, answer: 90, writes: []eventstore.Write{write("member/s9", head(0, 0), rec("x"))}, verdict: unknown}), log, false, false},
		{"lost", good, log[:1], true, true},
		{"torn", good, log[:2], true, false},
		{"twice", good, append(slices.Clone(log), at("a", "member/s1", 4, head(2, 2))), true, true},
		{"a gap", good, []eventstore.Record{log[0], log[1], at("c", "member/s2", 4, head(0, 0))}, true, false},
		{"elsewhere", with(1, func(op *operation) { op.last = 4 }), log, true, false},
		{"not a chain", good, []eventstore.Record{log[0], at("b", "member/s1", 2, head(0, 0)), log[2]}, true, false},
		{"a refusal taken for a conflict", with(1, func(op *operation) { op.verdict, op.refused = conflict, refusal }), log, true, true},
		{"a refusal taken for nothing", with(1, func(op *operation) { op.verdict = nothing }), log, true, false},
		{"a conflict with nobody", with(3, func(op *operation) {
			op.writes = []eventstore.Write{write("member/s1", head(2, 2), rec("d"))}
		}), log, false, true},
		{"a load of what is not there yet", with(2, func(op *operation) { op.call, op.answer = 21, 25 }), log, false, true},
		{"stored before it was sent", with(1, func(op *operation) { op.call, op.answer = 1, 5 }), log, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := &history{list: slices.Clone(tt.list)}
			if err := h.check(tt.log); (err != nil) != tt.wrong {
				t.Errorf("check = %v; want an error: %v", err, tt.wrong)
			}
			if got := h.linearizable(false); (got != porcupine.Ok) != tt.disorder {
				t.Errorf("linearizable = %v; want an order to be found: %v", got, !tt.disorder)
			}
		})
	}
	stale := &history{list: with(2, func(op *operation) { op.head = head(1, 1) })}
	if err := stale.check(log); err != nil || stale.linearizable(false) != porcupine.Ok || stale.linearizable(true) != porcupine.Illegal {
		t.Errorf("a load of what was: %v, %v, strict %v", err, stale.linearizable(false), stale.linearizable(true))
	}
}
