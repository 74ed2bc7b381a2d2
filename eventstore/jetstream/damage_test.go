package jetstream_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
)

// The server steps over what it cannot read (nats-server 2.15.2, issue 8632);
// no reader of ours may.
func TestReaderStopsAtDamage(t *testing.T) {
	const n = 90 // of 256 KB: three blocks of 8 MB
	tests := []struct {
		name   string
		damage func(t *testing.T, blocks string)
		want   eventstore.GapError
		oneOf  eventstore.Position // a position in the gap
	}{
		{
			name:   "a byte flipped in the middle",
			damage: func(t *testing.T, blocks string) { flip(t, blocks, "data of r-40 ") },
			want:   eventstore.GapError{Want: 41, Got: 42},
			oneOf:  41,
		},
		{
			name:   "a byte flipped in the last record",
			damage: func(t *testing.T, blocks string) { flip(t, blocks, "data of r-89 ") },
			want:   eventstore.GapError{Want: 90},
			oneOf:  90,
		},
		{
			name: "a block removed",
			damage: func(t *testing.T, blocks string) {
				if err := os.Remove(filepath.Join(blocks, "2.blk")); err != nil {
					t.Fatal(err)
				}
			},
			want:  eventstore.GapError{Want: 32, Got: 63},
			oneOf: 50,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			log := open(t, jetstream.Config{Dir: dir})
			list := recs("r", n)
			for i := range list {
				list[i].Data = append(list[i].Data, bytes.Repeat([]byte{' '}, eventstore.MaxDataBytes-50)...)
			}
			mustAppend(t, log, n, write("member/m1", head(0, 0), list...))
			mustClose(t, log)
			tt.damage(t, filepath.Join(dir, "jetstream", "$G", "streams", "LEDGER", "msgs"))

			log = open(t, jetstream.Config{Dir: dir})
			var got *eventstore.GapError
			_, err := log.Get(t.Context(), tt.oneOf)
			if !errors.As(err, &got) || got.Want != tt.oneOf {
				t.Errorf("Get(%d) = %v; want a gap there", tt.oneOf, err)
			}
			for name, seq := range map[string]func(func(eventstore.Record, error) bool){
				"Replay": log.Replay(t.Context(), 0, 0),
				"Follow": log.Follow(t.Context(), 0),
			} {
				seen := eventstore.Position(0)
				var last error
				for r, err := range seq {
					if last = err; err == nil {
						seen = r.Position
					}
				}
				if !errors.As(last, &got) || *got != tt.want || seen != tt.want.Want-1 {
					t.Errorf("%s ended after position %d with %v; want %v", name, seen, last, &tt.want)
				}
			}
			loaded, err := log.Load(t.Context(), "member/m1", 0)
			if tt.want.Got == 0 {
				return // nothing in the stream points at its last record
			}
			// The record after the gap says what should be before it.
			if !errors.As(err, &got) || got.Want != tt.want.Got-1 || got.Got != tt.want.Got || len(loaded) != int(tt.want.Want)-1 {
				t.Errorf("Load = %d records, %v; want %d and %v", len(loaded), err, tt.want.Want-1, &tt.want)
			}
		})
	}
}

// flip changes one byte of the record whose data begin with text.
func flip(t *testing.T, blocks, text string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(blocks, "*.blk"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if i := bytes.Index(content, []byte(text)); i >= 0 {
			content[i] ^= 1
			if err := os.WriteFile(name, content, 0o600); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("%q is in no block", text)
}

// A record that somebody else put into the log is delivered, so that a reader
// can set its stream aside, and its stream cannot be loaded.
func TestForeignRecordIsDelivered(t *testing.T) {
	log := open(t, jetstream.Config{Dir: t.TempDir()})
	mustAppend(t, log, 1, write("member/m1", head(0, 0), rec("a")))
	for i, header := range []nats.Header{
		nil,
		{"Ledger-Id": {"x"}},
		{"Ledger-Id": {"x"}, "Ledger-Version": {"2"}},
		{"Ledger-Id": {"x"}, "Ledger-Version": {"2"}, "Ledger-Prev-Seq": {"99"}},
		{"Ledger-Id": {"x"}, "Ledger-Version": {"two"}, "Ledger-Prev-Seq": {"1"}},
		{"Ledger-Version": {"2"}, "Ledger-Prev-Seq": {"1"}, "Nats-Sequence": {"1"}, "Status": {"100"}},
	} {
		msg := &nats.Msg{Subject: "ledger.member.m1", Header: header, Data: fmt.Append(nil, "by hand ", i)}
		if _, err := log.Conn().RequestMsg(msg, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := log.Conn().Request("ledger.some.where.else", nil, time.Minute); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, log, 9, write("member/m2", head(0, 0), rec("b")))

	at := eventstore.Position(0)
	for r, err := range log.Replay(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		at++
		foreign := at > 1 && at < 9
		if r.Position != at || foreign != (r.ID == "" && r.Type == "" && r.Previous == head(0, 0)) {
			t.Errorf("record %d is %+v; foreign: %v", at, r, foreign)
		}
		if foreign && at < 8 && (r.Stream != "member/m1" || string(r.Data) != fmt.Sprint("by hand ", at-2)) {
			t.Errorf("record %d is %+v", at, r)
		}
	}
	if at != 9 {
		t.Errorf("Replay ended at %d; want 9", at)
	}
	if got, err := log.Load(t.Context(), "member/m1", 0); err == nil || len(got) != 1 || !strings.Contains(err.Error(), "position 2 is not ours") {
		t.Errorf("Load = %d records, %v; want 1 and the position of the foreign one", len(got), err)
	}
	if got, err := log.Head(t.Context(), "member/m1"); err == nil {
		t.Errorf("Head = %+v; want an error", got)
	}
	var conflict *eventstore.VersionError
	if _, err := log.Append(t.Context(), write("member/m1", head(1, 1), rec("c"))); !errors.As(err, &conflict) || conflict.Actual.Position != 7 {
		t.Errorf("Append = %v; want a conflict at 7", err)
	}
}

func TestCheckChain(t *testing.T) {
	link := func(at, previous, version int) eventstore.Record {
		return eventstore.Record{ID: "r", Position: eventstore.Position(at), Previous: head(previous, version-1)}
	}
	tests := []struct {
		name  string
		recs  []eventstore.Record
		after eventstore.Position
		next  eventstore.Record
		gap   eventstore.Position // the position that is missing
		err   bool
	}{
		{"the first", nil, 0, link(5, 0, 1), 0, false},
		{"the next", []eventstore.Record{link(5, 0, 1)}, 0, link(9, 5, 2), 0, false},
		{"the first after a position of the stream", nil, 5, link(9, 5, 2), 0, false},
		{"the first after a position of another", nil, 7, link(9, 5, 2), 0, false},
		{"one is missing before the first", nil, 0, link(9, 5, 2), 5, true},
		{"one is missing between", []eventstore.Record{link(5, 0, 1)}, 0, link(9, 7, 3), 7, true},
		{"one that knows nothing of the last", []eventstore.Record{link(5, 2, 2)}, 2, link(9, 2, 2), 0, true},
		{"a wrong number", []eventstore.Record{link(5, 0, 1)}, 0, link(9, 5, 7), 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := jetstream.CheckChain(tt.recs, tt.after, tt.next)
			var gap *eventstore.GapError
			if (err != nil) != tt.err || errors.As(err, &gap) != (tt.gap != 0) || gap != nil && gap.Want != tt.gap {
				t.Errorf("checkChain = %v; want an error: %v, a gap at: %d", err, tt.err, tt.gap)
			}
		})
	}
}

func TestPlace(t *testing.T) {
	stored := time.Unix(0, 1700000000123456789).UTC()
	for reply, want := range map[string]bool{
		"$JS.ACK.LEDGER.reader.1.42.7.1700000000123456789.3":             true,
		"$JS.ACK.hub.Acc0unt.LEDGER.reader.1.42.7.1700000000123456789.3": true,
		"$JS.ACK.LEDGER.reader.1.42.x.1700000000123456789.3":             false,
		"$JS.ACK.LEDGER":   false,
		"":                 false,
		"_INBOX.something": false,
	} {
		at, number, when, ok := jetstream.Place(reply)
		if ok != want || ok && (at != 42 || number != 7 || !when.Equal(stored)) {
			t.Errorf("place(%q) = %d, %d, %v, %v; want 42, 7, %v, %v", reply, at, number, when, ok, stored, want)
		}
	}
}

func TestReaderThatIsLeftKeepsNothingRunning(t *testing.T) {
	log := open(t, jetstream.Config{Dir: t.TempDir()})
	mustAppend(t, log, 1000, write("member/m1", head(0, 0), recs("r", 1000)...))
	leave := func() {
		for _, err := range log.Follow(t.Context(), 10) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	leave() // what is started once and kept
	before := runtime.NumGoroutine()
	for range 20 {
		leave()
	}
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
		<-poll.C
	}
}
