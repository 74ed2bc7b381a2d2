package jetstream_test

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
)

// The benchmarks compare with the same server used bare. Both sides take turns
// in one loop, because a disk's speed changes from second to second.

var payload = make([]byte, 300)

// bare adds a stream to the log's server and returns a client for it.
func bare(b *testing.B, log *jetstream.Log) natsjs.JetStream {
	b.Helper()
	js, err := natsjs.New(log.Conn())
	if err != nil {
		b.Fatal(err)
	}
	_, err = js.CreateStream(b.Context(), natsjs.StreamConfig{
		Name: "BARE", Subjects: []string{"bare.>"}, Storage: natsjs.FileStorage,
		AllowAtomicPublish: true, AllowDirect: true, Discard: natsjs.DiscardNew,
	})
	if err != nil {
		b.Fatal(err)
	}
	return js
}

func batchOf(round, n int) []eventstore.Write {
	writes := make([]eventstore.Write, n)
	for i := range writes {
		id := strconv.Itoa(round*n + i)
		writes[i] = write("member/"+id, head(0, 0), eventstore.Record{ID: id, Type: "member.admitted", Schema: "1", Actor: "clerk", Data: payload})
	}
	return writes
}

// rates reports events a second of both sides and how they compare.
func rates(b *testing.B, events int, ours, raw time.Duration) {
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(events)/ours.Seconds(), "events/s")
	b.ReportMetric(float64(events)/raw.Seconds(), "bare-events/s")
	b.ReportMetric(raw.Seconds()/ours.Seconds(), "of-bare")
}

// guarded returns the header that Append gives to the first record of a stream.
func guarded(b *testing.B, id string) nats.Header {
	b.Helper()
	msg, err := jetstream.Message("", eventstore.Record{ID: id, Type: "member.admitted", Schema: "1", Actor: "clerk"}, head(0, 0), 0)
	if err != nil {
		b.Fatal(err)
	}
	return msg.Header
}

// The bare batch has neither guard nor id nor headers. Most of what they cost is
// the server's: the batch with the same headers, built in advance, shows it.
func BenchmarkAppendBatch(b *testing.B) {
	for _, n := range []int{100, 1000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			log := open(b, jetstream.Config{Dir: b.TempDir()})
			js := bare(b, log)
			publish := func(subject string, round int, header func(id string) nats.Header) time.Duration {
				msgs := make([]*nats.Msg, n)
				for i := range msgs {
					id := strconv.Itoa(round*n + i)
					msgs[i] = &nats.Msg{Subject: subject + id, Data: payload, Header: header(id)}
				}
				start := time.Now()
				if _, err := jetstreamext.PublishMsgBatch(b.Context(), js, msgs); err != nil {
					b.Fatal(err)
				}
				return time.Since(start)
			}
			var ours, raw, withGuard time.Duration
			round := 0
			for b.Loop() {
				raw += publish("bare.a.", round, func(string) nats.Header { return nats.Header{} })
				withGuard += publish("bare.b.", round, func(id string) nats.Header { return guarded(b, id) })
				writes := batchOf(round, n)
				start := time.Now()
				if _, err := log.Append(b.Context(), writes...); err != nil {
					b.Fatal(err)
				}
				ours += time.Since(start)
				round++
			}
			rates(b, round*n, ours, raw)
			b.ReportMetric(withGuard.Seconds()/ours.Seconds(), "of-guarded")
		})
	}
}

// One writer, one record at a time, against the client library's guarded publish.
func BenchmarkAppendOne(b *testing.B) {
	log := open(b, jetstream.Config{Dir: b.TempDir()})
	js := bare(b, log)
	var ours, raw time.Duration
	round := 0
	for b.Loop() {
		start := time.Now()
		msg := &nats.Msg{Subject: "bare." + strconv.Itoa(round), Data: payload}
		if _, err := js.PublishMsg(b.Context(), msg, natsjs.WithExpectLastSequencePerSubject(0)); err != nil {
			b.Fatal(err)
		}
		raw += time.Since(start)

		writes := batchOf(round, 1)
		start = time.Now()
		if _, err := log.Append(b.Context(), writes...); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(start)
		round++
	}
	rates(b, round, ours, raw)
}

// Many writers, each with one record at a time and waiting for its own answer,
// against guarded messages of which 4,096 are on their way at once. A round is
// several appends of each writer, because a batch more or less decides in a
// short one.
func BenchmarkAppendWriters(b *testing.B) {
	for _, writers := range []int{4, 16, 32, 64, 512} {
		b.Run(strconv.Itoa(writers), func(b *testing.B) {
			each := max(2048/writers, 8)
			n := writers * each
			log := open(b, jetstream.Config{Dir: b.TempDir()})
			bare(b, log)
			js, err := natsjs.New(log.Conn(), natsjs.WithPublishAsyncMaxPending(4096))
			if err != nil {
				b.Fatal(err)
			}
			var ours, raw time.Duration
			var took []time.Duration
			round := 0
			for b.Loop() {
				msgs := make([]*nats.Msg, n)
				for i := range msgs {
					id := strconv.Itoa(round*n + i)
					msgs[i] = &nats.Msg{Subject: "bare." + id, Data: payload, Header: guarded(b, id)}
				}
				start := time.Now()
				acks := make([]natsjs.PubAckFuture, n)
				for i, msg := range msgs {
					if acks[i], err = js.PublishMsgAsync(msg, natsjs.WithStallWait(time.Minute)); err != nil {
						b.Fatal(err)
					}
				}
				for _, ack := range acks {
					select {
					case <-ack.Ok():
					case err := <-ack.Err():
						b.Fatal(err)
					}
				}
				raw += time.Since(start)

				writes := batchOf(round, n)
				lap := make([]time.Duration, n)
				var all sync.WaitGroup
				start = time.Now()
				for w := range writers {
					all.Go(func() {
						for i := w * each; i < (w+1)*each; i++ {
							sent := time.Now()
							if _, err := log.Append(b.Context(), writes[i]); err != nil {
								b.Error(err)
								return
							}
							lap[i] = time.Since(sent)
						}
					})
				}
				all.Wait()
				ours += time.Since(start)
				took = append(took, lap...)
				round++
			}
			rates(b, round*n, ours, raw)
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}

func BenchmarkReplay(b *testing.B) {
	const n = 200_000
	log := open(b, jetstream.Config{Dir: b.TempDir()})
	for round := range n / 1000 {
		if _, err := log.Append(b.Context(), batchOf(round, 1000)...); err != nil {
			b.Fatal(err)
		}
	}
	js, err := natsjs.New(log.Conn())
	if err != nil {
		b.Fatal(err)
	}
	var ours, raw time.Duration
	rounds := 0
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		drain(b, js, n)
		raw += time.Since(start)

		start = time.Now()
		seen := 0
		for _, err := range log.Replay(b.Context(), 0, 0) {
			if err != nil {
				b.Fatal(err)
			}
			seen++
		}
		if seen != n {
			b.Fatalf("Replay yielded %d records; want %d", seen, n)
		}
		ours += time.Since(start)
		rounds++
	}
	rates(b, rounds*n, ours, raw)
}

// drain reads the log with the ordered consumer of the client library.
func drain(b *testing.B, js natsjs.JetStream, n int) {
	b.Helper()
	consumer, err := js.OrderedConsumer(b.Context(), "LEDGER", natsjs.OrderedConsumerConfig{})
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	seen := 0
	reading, err := consumer.Consume(func(msg natsjs.Msg) {
		if _, err := msg.Metadata(); err != nil {
			b.Error(err)
		}
		if seen++; seen == n {
			close(done)
		}
	}, natsjs.PullMaxMessages(20_000), natsjs.PullThresholdMessages(15_000))
	if err != nil {
		b.Fatal(err)
	}
	<-done
	reading.Stop()
}

func BenchmarkLoad20(b *testing.B) {
	const members = 500
	log := open(b, jetstream.Config{Dir: b.TempDir()})
	for m := range members {
		stream := fmt.Sprint("member/", m)
		if _, err := log.Append(b.Context(), write(stream, head(0, 0), recs(stream[7:], 20)...)); err != nil {
			b.Fatal(err)
		}
	}
	round := 0
	for b.Loop() {
		got, err := log.Load(b.Context(), fmt.Sprint("member/", round*7%members), 0)
		if err != nil || len(got) != 20 {
			b.Fatalf("Load = %d records, %v; want 20", len(got), err)
		}
		round++
	}
}
