// Package storetest holds the suite that every log passes.
//
// The tests say what a log promises, one sentence each, and run on whatever
// log the caller opens. What only one log can do, such as coming back after a
// crash, is tested next to it.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"strings"
	"testing"
	"time"

	"rollbook/eventstore"
)

// Log is what the suite needs of a log: all of it.
type Log interface {
	Append(ctx context.Context, writes ...eventstore.Write) (eventstore.Position, error)
	Load(ctx context.Context, stream string, after eventstore.Position) ([]eventstore.Record, error)
	Head(ctx context.Context, stream string) (eventstore.Head, error)
	Last(ctx context.Context) (eventstore.Position, error)
	Get(ctx context.Context, at eventstore.Position) (eventstore.Record, error)
	At(ctx context.Context, t time.Time) (eventstore.Position, error)
	Replay(ctx context.Context, after, to eventstore.Position) iter.Seq2[eventstore.Record, error]
	Follow(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Record, error]
	Close() error
}

// Run runs the suite. open returns a new, empty log each time and closes it
// when the test that it is given ends.
func Run(t *testing.T, open func(testing.TB) Log) {
	tests := []struct {
		name string
		test func(*testing.T, Log)
	}{
		{"append answers with the position of its last record", appendAnswers},
		{"append keeps the order of its writes to one stream", appendInTurn},
		{"append refuses a head that is not the stream's", appendRefusesHead},
		{"append to several streams is all or nothing", appendAllOrNothing},
		{"append sent again answers as the first time", appendAgain},
		{"append refuses what overlaps with stored records only in part", appendOverlap},
		{"append refuses an id of another append", appendForeignID},
		{"append keeps to the limits", appendLimits},
		{"append refuses names that would lead elsewhere", appendNames},
		{"append after the end of its context stores nothing", appendCancelled},
		{"records come back byte for byte", roundTrip},
		{"load reads one stream from any position", load},
		{"load reads more than a thousand records", loadMany},
		{"get finds a record and says when there is none", get},
		{"at cuts the log at a time", at},
		{"replay yields every range in order", replay},
		{"replay ends when the loop is left or its context ends", replayEnds},
		{"replay reads the log while it grows", replayGrowing},
		{"follow yields old and new records until its context ends", follow},
		{"close ends a reader", closeEndsReader},
		{"one writer wins each position of a stream", race},
		{"many writers at once are each told the truth", together},
		{"random operations agree with a plain map", model},
		{"random operations of many writers agree with what is stored", togetherModel},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, open(t)) })
	}
}

// rounds returns how often something is tried at random, more often if
// ROLLBOOK_LONG is set.
func rounds(often, long int) int {
	if os.Getenv("ROLLBOOK_LONG") != "" {
		return long
	}
	return often
}

// rec returns a record with an id.
func rec(id string) eventstore.Record {
	return eventstore.Record{ID: id, Type: "test.happened", Schema: "1", Data: []byte("data of " + id)}
}

// recs returns n records with the ids prefix-0, prefix-1 and so on.
func recs(prefix string, n int) []eventstore.Record {
	list := make([]eventstore.Record, n)
	for i := range list {
		list[i] = rec(fmt.Sprintf("%s-%d", prefix, i))
	}
	return list
}

func write(stream string, expected eventstore.Head, list ...eventstore.Record) eventstore.Write {
	return eventstore.Write{Stream: stream, Expected: expected, Records: list}
}

func head(at, count int) eventstore.Head {
	return eventstore.Head{Position: eventstore.Position(at), Count: uint64(count)}
}

// mustAppend appends and checks the position of the last record.
func mustAppend(t *testing.T, log Log, want eventstore.Position, writes ...eventstore.Write) {
	t.Helper()
	got, err := log.Append(t.Context(), writes...)
	if err != nil || got != want {
		t.Fatalf("Append(%s) = %d, %v; want %d", describe(writes), got, err, want)
	}
}

// mustRefuse appends and checks that the answer is the error want.
func mustRefuse(t *testing.T, log Log, want error, writes ...eventstore.Write) {
	t.Helper()
	got, err := log.Append(t.Context(), writes...)
	if got != 0 || !errors.Is(err, want) {
		t.Fatalf("Append(%s) = %d, %v; want the error %q", describe(writes), got, err, want)
	}
}

// mustConflict appends and checks that the answer names the stream and its head.
func mustConflict(t *testing.T, log Log, stream string, actual eventstore.Head, writes ...eventstore.Write) {
	t.Helper()
	got, err := log.Append(t.Context(), writes...)
	var conflict *eventstore.VersionError
	if got != 0 || !errors.As(err, &conflict) || conflict.Stream != stream || conflict.Actual != actual {
		t.Fatalf("Append(%s) = %d, %v; want a conflict on %s at %+v", describe(writes), got, err, stream, actual)
	}
}

func mustLast(t *testing.T, log Log, want eventstore.Position) {
	t.Helper()
	if got, err := log.Last(t.Context()); err != nil || got != want {
		t.Fatalf("Last() = %d, %v; want %d", got, err, want)
	}
}

func mustHead(t *testing.T, log Log, stream string, want eventstore.Head) {
	t.Helper()
	if got, err := log.Head(t.Context(), stream); err != nil || got != want {
		t.Fatalf("Head(%s) = %+v, %v; want %+v", stream, got, err, want)
	}
}

// collect returns what a loop yields before it ends or fails.
func collect(seq iter.Seq2[eventstore.Record, error]) ([]eventstore.Record, error) {
	var list []eventstore.Record
	for r, err := range seq {
		if err != nil {
			return list, err
		}
		list = append(list, r)
	}
	return list, nil
}

func ids(list []eventstore.Record) []string {
	names := make([]string, len(list))
	for i, r := range list {
		names[i] = r.ID
	}
	return names
}

func describe(writes []eventstore.Write) string {
	parts := make([]string, len(writes))
	for i, w := range writes {
		parts[i] = fmt.Sprintf("%.20s after %+v: %d records", w.Stream, w.Expected, len(w.Records))
	}
	return strings.Join(parts, ", ")
}
