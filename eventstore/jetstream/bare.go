package jetstream

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// BareBatches is [BareBatchesOf] of an embedded log in dir.
func BareBatches(ctx context.Context, dir string, messages, batch, bytes int) (perSecond float64, err error) {
	return BareBatchesOf(ctx, Config{Dir: dir}, messages, batch, bytes)
}

// BareBatchesOf measures what the server itself can do, so that what this package
// makes of it can be stated as a ratio: it stores messages of so many bytes in
// atomic batches, one after another, in the new log of cfg, with the same settings
// and the same durability, but with no header of ours and no guard. It returns
// messages a second. On servers of a URL it makes the log, and leaves it there:
// cfg names one that nothing else uses, and a login that may create it.
func BareBatchesOf(ctx context.Context, cfg Config, messages, batch, bytes int) (perSecond float64, err error) {
	cfg.Create = true
	l, err := Open(ctx, cfg)
	if err != nil {
		return 0, err
	}
	defer func() {
		if closeErr := l.Close(); err == nil {
			err = closeErr
		}
	}()
	data := make([]byte, bytes)
	begin := time.Now()
	for sent := 0; sent < messages; {
		id := nuid.Next()
		for n := 1; n <= batch; n++ {
			msg := &nats.Msg{Subject: l.subject(fmt.Sprintf("bare/%d", sent)), Data: data, Header: nats.Header{
				headerBatchID: {id}, headerBatchSeq: {strconv.Itoa(n)},
			}}
			sent++
			if n < batch {
				if err := l.nc.PublishMsg(msg); err != nil {
					return 0, err
				}
				continue
			}
			msg.Header[headerBatchCommit] = []string{"1"}
			if _, err := l.commit(ctx, msg, id, batch); err != nil {
				return 0, err
			}
		}
	}
	return float64(messages) / time.Since(begin).Seconds(), nil
}

// BareDrain measures how fast the log's own records can be read with nothing but
// the client library, by one ordered consumer that looks at no record. It
// returns records a second.
func (l *Log) BareDrain(ctx context.Context) (perSecond float64, err error) {
	last, err := l.Last(ctx)
	if err != nil || last == 0 {
		return 0, err
	}
	nc, err := l.connect("drain")
	if err != nil {
		return 0, err
	}
	defer nc.Close()
	js, err := natsjs.New(nc)
	if err != nil {
		return 0, err
	}
	consumer, err := js.OrderedConsumer(ctx, l.log, natsjs.OrderedConsumerConfig{})
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	messages, err := consumer.Messages(natsjs.PullMaxMessages(askUpTo))
	if err != nil {
		return 0, err
	}
	defer messages.Stop()
	for range last {
		if _, err := messages.Next(natsjs.NextContext(ctx)); err != nil {
			return 0, err
		}
	}
	return float64(last) / time.Since(begin).Seconds(), nil
}
