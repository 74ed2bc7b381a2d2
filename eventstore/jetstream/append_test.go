package jetstream_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
)

var errLost = errors.New("the answer was lost")

// Each step of an append may fail before the server has stored it or after. The
// caller is told the truth, or that it is not known.
func TestAppendWhoseAnswerIsLost(t *testing.T) {
	single := []eventstore.Write{write("member/m1", head(1, 1), rec("b"))}
	batch := []eventstore.Write{
		write("member/m2", head(0, 0), rec("c")),
		write("member/m1", head(1, 1), recs("b", 2)...),
	}
	for name, writes := range map[string][]eventstore.Write{"single": single, "batch": batch} {
		n := 0
		for _, w := range writes {
			n += len(w.Records)
		}
		stored := eventstore.Position(1 + n)
		tests := []struct {
			name    string
			publish func(attempt int, send func() (jetstream.Ack, error)) (jetstream.Ack, error)
			rival   bool // another writer is first
			want    eventstore.Position
			err     error
			last    eventstore.Position // the end of the log then
		}{
			{
				name: "before it was sent, once",
				publish: func(attempt int, send func() (jetstream.Ack, error)) (jetstream.Ack, error) {
					if attempt == 0 {
						return jetstream.Ack{}, errLost
					}
					return send()
				},
				want: stored, last: stored,
			},
			{
				name: "after it was stored",
				publish: func(_ int, send func() (jetstream.Ack, error)) (jetstream.Ack, error) {
					if _, err := send(); err != nil {
						return jetstream.Ack{}, err
					}
					return jetstream.Ack{}, errLost
				},
				want: stored, last: stored,
			},
			{
				name: "before it was sent, each time",
				publish: func(int, func() (jetstream.Ack, error)) (jetstream.Ack, error) {
					return jetstream.Ack{}, errLost
				},
				err: eventstore.ErrUnknownOutcome, last: 1,
			},
			{
				name: "before it was sent, and another writer is first",
				publish: func(int, func() (jetstream.Ack, error)) (jetstream.Ack, error) {
					return jetstream.Ack{}, errLost
				},
				rival: true, err: new(eventstore.VersionError), last: 2,
			},
		}
		for _, tt := range tests {
			t.Run(name+": "+tt.name, func(t *testing.T) {
				log := open(t, jetstream.Config{Dir: t.TempDir()})
				mustAppend(t, log, 1, write("member/m1", head(0, 0), rec("a")))
				if tt.rival {
					mustAppend(t, log, 2, write("member/m1", head(1, 1), rec("rival")))
				}
				attempt := -1
				log.OnPublish(func(_ context.Context, send func() (jetstream.Ack, error)) (jetstream.Ack, error) {
					attempt++
					return tt.publish(attempt, send)
				})
				got, err := log.Append(t.Context(), writes...)
				var conflict *eventstore.VersionError
				switch {
				case errors.As(tt.err, &conflict):
					if !errors.As(err, &conflict) || conflict.Actual != head(2, 2) {
						t.Errorf("Append = %d, %v; want a conflict at 2", got, err)
					}
				case got != tt.want || !errors.Is(err, tt.err):
					t.Errorf("Append = %d, %v; want %d, %v", got, err, tt.want, tt.err)
				case err != nil && !errors.Is(err, errLost):
					t.Errorf("Append = %v, without the cause", err)
				}
				if last, err := log.Last(t.Context()); err != nil || last != tt.last {
					t.Errorf("the log ends at %d, %v; want %d", last, err, tt.last)
				}
			})
		}
	}
}

// A caller that gives up is still told what became of its append.
func TestAppendIsSettledAfterItsContextEnded(t *testing.T) {
	log := open(t, jetstream.Config{Dir: t.TempDir()})
	for i, stored := range []bool{true, false} {
		ctx, cancel := context.WithCancel(t.Context())
		log.OnPublish(func(_ context.Context, send func() (jetstream.Ack, error)) (jetstream.Ack, error) {
			defer cancel()
			if stored {
				if _, err := send(); err != nil {
					return jetstream.Ack{}, err
				}
			}
			return jetstream.Ack{}, context.Canceled
		})
		got, err := log.Append(ctx, write("member/m1", head(i, i), rec(fmt.Sprint("r", i))))
		if stored && (got != 1 || err != nil) {
			t.Errorf("Append that was stored = %d, %v; want 1", got, err)
		}
		if !stored && (!errors.Is(err, eventstore.ErrUnknownOutcome) || !errors.Is(err, context.Canceled)) {
			t.Errorf("Append that was not stored = %d, %v; want %v and %v", got, err, eventstore.ErrUnknownOutcome, context.Canceled)
		}
	}
}

func TestResendAfterTheDuplicateWindow(t *testing.T) {
	cfg := jetstream.Config{Dir: t.TempDir()}.WithWindow(100 * time.Millisecond)
	log := open(t, cfg)
	single := write("member/m1", head(0, 0), rec("a"))
	batch := write("member/m1", head(1, 1), recs("b", 3)...)
	mustAppend(t, log, 1, single)
	mustAppend(t, log, 4, batch)

	// The window is over when the server takes a known id in another stream.
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for {
		if _, err := log.Append(t.Context(), write("sys/probe", head(0, 0), rec("b-2"))); err == nil {
			break
		} else if !errors.Is(err, eventstore.ErrInvalid) {
			t.Fatal(err)
		}
		<-poll.C
	}
	mustAppend(t, log, 1, single)
	mustAppend(t, log, 4, batch)
	mustClose(t, log)
	log = open(t, cfg)
	mustAppend(t, log, 1, single)
	mustAppend(t, log, 4, batch)
	if last, err := log.Last(t.Context()); err != nil || last != 5 {
		t.Errorf("Last = %d, %v; want 5", last, err)
	}
}

// What is stored is the format that auditors read: this test is for ever.
func TestStoredHeaders(t *testing.T) {
	log := open(t, jetstream.Config{Dir: t.TempDir()})
	bare, bare2, bare3 := eventstore.Record{ID: "bare"}, eventstore.Record{ID: "bare2"}, eventstore.Record{ID: "bare3"}
	mustAppend(t, log, 1, write("member/m1", head(0, 0), rec("a")))
	mustAppend(t, log, 2, write("sys/s", head(0, 0), bare))
	mustAppend(t, log, 5, write("organisation/c1", head(0, 0), rec("c")), write("member/m1", head(1, 1), recs("b", 2)...))
	mustAppend(t, log, 8, write("member/m1", head(5, 3), rec("d")), write("sys/s", head(2, 1), bare2), write("member/m1", head(0, 0), bare3))
	want := []string{
		"ledger.member.m1 Ledger-Actor=clerk Ledger-Id=a Ledger-Prev-Seq=0 Ledger-Schema=1 Ledger-Type=test.happened Ledger-Version=1 Nats-Expected-Last-Subject-Sequence=0 Nats-Msg-Id=a",
		"ledger.sys.s Ledger-Id=bare Ledger-Prev-Seq=0 Ledger-Version=1 Nats-Expected-Last-Subject-Sequence=0 Nats-Msg-Id=bare",
		"ledger.organisation.c1 Ledger-Actor=clerk Ledger-Id=c Ledger-Prev-Seq=0 Ledger-Schema=1 Ledger-Type=test.happened Ledger-Version=1 Nats-Batch-Sequence=1 Nats-Expected-Last-Subject-Sequence=0 Nats-Msg-Id=c",
		"ledger.member.m1 Ledger-Actor=clerk Ledger-Id=b-0 Ledger-Prev-Seq=1 Ledger-Schema=1 Ledger-Type=test.happened Ledger-Version=2 Nats-Batch-Sequence=2 Nats-Expected-Last-Subject-Sequence=1 Nats-Msg-Id=b-0",
		"ledger.member.m1 Ledger-Actor=clerk Ledger-Id=b-1 Ledger-Prev-Seq=-1 Ledger-Schema=1 Ledger-Type=test.happened Ledger-Version=3 Nats-Batch-Commit=1 Nats-Batch-Sequence=3 Nats-Msg-Id=b-1",
		"ledger.member.m1 Ledger-Actor=clerk Ledger-Id=d Ledger-Prev-Seq=5 Ledger-Schema=1 Ledger-Type=test.happened Ledger-Version=4 Nats-Batch-Sequence=1 Nats-Expected-Last-Subject-Sequence=5 Nats-Msg-Id=d",
		"ledger.sys.s Ledger-Id=bare2 Ledger-Prev-Seq=2 Ledger-Version=2 Nats-Batch-Sequence=2 Nats-Expected-Last-Subject-Sequence=2 Nats-Msg-Id=bare2",
		"ledger.member.m1 Ledger-Id=bare3 Ledger-Prev-Seq=-2 Ledger-Version=5 Nats-Batch-Commit=1 Nats-Batch-Sequence=3 Nats-Msg-Id=bare3",
	}
	for i, want := range want {
		request, err := json.Marshal(map[string]int{"seq": i + 1})
		if err != nil {
			t.Fatal(err)
		}
		msg, err := log.Conn().Request("$JS.API.DIRECT.GET.LEDGER", request, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		got := msg.Header.Get("Nats-Subject")
		for _, name := range slices.Sorted(maps.Keys(msg.Header)) {
			switch name {
			case "Nats-Subject", "Nats-Stream", "Nats-Sequence", "Nats-Time-Stamp": // of the read
			case "Nats-Batch-Id": // random
			default:
				got += " " + name + "=" + strings.Join(msg.Header[name], ",")
			}
		}
		if got != want {
			t.Errorf("record %d is stored as\n%s\nwant\n%s", i+1, got, want)
		}
	}
}

func TestMessageNeverHasAnEmptyHeader(t *testing.T) {
	for _, previous := range []eventstore.Head{{}, head(7, 3)} {
		for _, back := range []int{0, 1, 5} {
			msg, err := jetstream.Message("ledger.member.m1", rec("a"), previous, back)
			if err != nil {
				t.Fatal(err)
			}
			guard := msg.Header["Nats-Expected-Last-Subject-Sequence"]
			if back == 0 && (len(guard) != 1 || guard[0] != fmt.Sprint(previous.Position)) || back > 0 && len(guard) != 0 {
				t.Errorf("guard after %+v, %d back, is %q", previous, back, guard)
			}
		}
	}
	if msg, err := jetstream.Message("ledger.member.m1", eventstore.Record{}, eventstore.Head{}, 0); !errors.Is(err, eventstore.ErrInvalid) {
		t.Errorf("message of a record without id = %v, %v; want %v", msg, err, eventstore.ErrInvalid)
	}
}
