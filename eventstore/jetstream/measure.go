package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"rollbook/eventstore"
)

// Measured is how fast the log takes appends of one shape, beside the bare
// server: the same messages with the same guard and the same durability, in a
// stream of the same settings on the same server, in turns.
type Measured struct {
	Name    string `json:"name"`
	Writers int    `json:"writers"`
	Batch   int    `json:"batch"` // records in an append
	Against string `json:"against"`
	Records int    `json:"records"` // on each side
	// PerSecond and BarePerSecond are records a second, and Ratio is the one
	// divided by the other.
	PerSecond     float64 `json:"per_second"`
	BarePerSecond float64 `json:"bare_per_second"`
	Ratio         float64 `json:"ratio"`
	// P50 and P99 are how long an append took, in milliseconds.
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
}

// bareInFlight is how many messages the bare server is given at once when it is
// compared with many writers.
const bareInFlight = 4096

// Measure makes the log of cfg, which must hold nothing that is of use, and
// measures appends of records with so many bytes in it: by one writer, by 64
// and by 512 who each wait for their own answer, and in batches of 100 and 1,000.
// Each takes so long on either side. It calls done after each. What was measured
// must be in the log in the end, or it is an error.
func Measure(ctx context.Context, cfg Config, bytes int, each time.Duration, done func(Measured)) (err error) {
	cfg.Create = true
	l, err := Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	m := measurer{log: l, bare: names{log: l.log + "_BARE", prefix: l.prefix + "-bare"}, data: make([]byte, bytes), run: nuid.Next()}
	settings := maps.Clone(l.pinned)
	settings["name"], settings["subjects"] = m.bare.log, []any{m.bare.prefix + ".>"}
	request, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	var made streamInfo
	if err := l.api(ctx, "STREAM.CREATE."+m.bare.log, request, &made); err != nil {
		return fmt.Errorf("make a bare stream beside the log: %w", err)
	}
	stored := 0
	const one, window = "one message at a time", "single messages, 4,096 in flight"
	for _, shape := range []struct {
		Measured
		round int
		raw   func(context.Context, int) error
	}{
		{Measured{Name: "one writer", Writers: 1, Batch: 1, Against: one}, 100, m.oneByOne},
		{Measured{Name: "64 writers", Writers: 64, Batch: 1, Against: window}, 2048, m.windowed},
		{Measured{Name: "512 writers", Writers: 512, Batch: 1, Against: window}, 8192, m.windowed},
		{Measured{Name: "batches of 100", Writers: 1, Batch: 100, Against: "the same batches"}, 2000, func(ctx context.Context, n int) error { return m.batches(ctx, n, 100) }},
		{Measured{Name: "batches of 1,000", Writers: 1, Batch: 1000, Against: "the same batches"}, 10_000, func(ctx context.Context, n int) error { return m.batches(ctx, n, 1000) }},
	} {
		result := shape.Measured
		var ours, raw time.Duration
		var took []time.Duration
		// In turns, because a disk's speed changes from second to second.
		for first := true; first || min(ours, raw) < each; first = false {
			begin := time.Now()
			if err := shape.raw(ctx, shape.round); err != nil {
				return fmt.Errorf("%s, bare: %w", result.Name, err)
			}
			raw += time.Since(begin)
			begin = time.Now()
			some, err := m.appends(ctx, result.Writers, result.Batch, shape.round)
			if err != nil {
				return fmt.Errorf("%s: %w", result.Name, err)
			}
			ours += time.Since(begin)
			took = append(took, some...)
			result.Records += shape.round
		}
		slices.Sort(took)
		millis := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
		result.P50, result.P99 = millis(took[len(took)/2]), millis(took[len(took)*99/100])
		result.PerSecond = float64(result.Records) / ours.Seconds()
		result.BarePerSecond = float64(result.Records) / raw.Seconds()
		result.Ratio = result.PerSecond / result.BarePerSecond
		stored += result.Records
		done(result)
	}
	if last, err := l.Last(ctx); err != nil || int(last) != stored {
		return errors.Join(err, fmt.Errorf("the log holds %d records, and %d were measured", last, stored))
	}
	return nil
}

// measurer sends the messages of both sides. Every record is the first of a
// stream of its own.
type measurer struct {
	log  *Log
	bare names
	data []byte
	run  string
	next int
}

func (m *measurer) record() (id string, rec eventstore.Record) {
	m.next++
	id = m.run + strconv.Itoa(m.next)
	return id, eventstore.Record{ID: id, Type: "bench.measured", Schema: "1", Actor: "bench", Data: m.data}
}

// message is what Append would send, for the bare stream.
func (m *measurer) message() (*nats.Msg, error) {
	id, rec := m.record()
	return message(m.bare.subject("bench/"+id), rec, eventstore.Head{}, 0)
}

// appends stores n records and returns how long each append took.
func (m *measurer) appends(ctx context.Context, writers, batch, n int) ([]time.Duration, error) {
	all := make([][]eventstore.Write, n/batch)
	for i := range all {
		for range batch {
			id, rec := m.record()
			all[i] = append(all[i], eventstore.Write{Stream: "bench/" + id, Records: []eventstore.Record{rec}})
		}
	}
	took, errs := make([]time.Duration, len(all)), make([]error, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := w; i < len(all) && errs[w] == nil; i += writers {
				begin := time.Now()
				_, errs[w] = m.log.Append(ctx, all[i]...)
				took[i] = time.Since(begin)
			}
		})
	}
	wg.Wait()
	return took, errors.Join(errs...)
}

func (m *measurer) oneByOne(ctx context.Context, n int) error {
	for range n {
		msg, err := m.message()
		if err != nil {
			return err
		}
		answer, err := m.log.request(ctx, msg)
		if err != nil {
			return err
		}
		if _, err := parseAck(answer.Data); err != nil {
			return err
		}
	}
	return nil
}

// windowed sends n messages, of which many are on their way at once.
func (m *measurer) windowed(ctx context.Context, n int) error {
	inbox := m.log.nc.NewInbox()
	answers := make(chan *nats.Msg, bareInFlight)
	sub, err := m.log.nc.ChanSubscribe(inbox, answers)
	if err != nil {
		return err
	}
	defer func() { _ = sub.Unsubscribe() }() // fails only when the connection is closed
	receive := func() error {
		select {
		case answer := <-answers:
			_, err := parseAck(answer.Data)
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	onTheWay := 0
	for range n {
		if onTheWay == bareInFlight {
			if err := receive(); err != nil {
				return err
			}
			onTheWay--
		}
		msg, err := m.message()
		if err != nil {
			return err
		}
		msg.Reply = inbox
		if err := m.log.nc.PublishMsg(msg); err != nil {
			return err
		}
		onTheWay++
	}
	for range onTheWay {
		if err := receive(); err != nil {
			return err
		}
	}
	return nil
}

// batches sends n messages in atomic batches, one after another.
func (m *measurer) batches(ctx context.Context, n, size int) error {
	for range n / size {
		batch := nuid.Next()
		for i := 1; i <= size; i++ {
			msg, err := m.message()
			if err != nil {
				return err
			}
			msg.Header[headerBatchID], msg.Header[headerBatchSeq] = []string{batch}, []string{strconv.Itoa(i)}
			if i < size {
				if err := m.log.nc.PublishMsg(msg); err != nil {
					return err
				}
				continue
			}
			msg.Header[headerBatchCommit] = []string{"1"}
			answer, err := m.log.request(ctx, msg)
			if err != nil {
				return err
			}
			if got, err := parseAck(answer.Data); err != nil || got.Count != size {
				return errors.Join(err, fmt.Errorf("the server stored %d messages of %d", got.Count, size))
			}
		}
	}
	return nil
}
