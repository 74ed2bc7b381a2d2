// Subscriber follows the feed of a ledger: a whole program to begin from.
//
//	subscriber -nats nats://localhost:4222 -name statistics -filter 'ledger-feed.member.>'
//
// It writes one line for each event. Stopped at any moment and started again
// under the same name, it goes on where it left off. An event may come twice, when
// the program died between its work and the acknowledgement; its sequence tells.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// event is what this program needs of a CloudEvents message; a real one reads
// more, see docs/catalogue.
type event struct {
	Type         string `json:"type"`
	Subject      string `json:"subject"`
	EffectiveOn  string `json:"effectiveon"`
	Sequence     string `json:"sequence"`
	Organisation string `json:"organisation"`
}

func main() {
	servers := flag.String("nats", nats.DefaultURL, "the NATS servers")
	seed := flag.String("nkey", "", "file with the seed of this program's nkey")
	ca := flag.String("ca", "", "file with the certificates that the servers are checked by")
	name := flag.String("name", "example", "name of the consumer, which remembers where this program is")
	filter := flag.String("filter", "ledger-feed.>", "subjects, with commas between")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *servers, *seed, *ca, *name, strings.Split(*filter, ","), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "subscriber:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, servers, seed, ca, name string, filter []string, out io.Writer) error {
	var opts []nats.Option
	if ca != "" {
		opts = append(opts, nats.RootCAs(ca))
	}
	if seed != "" {
		login, err := nats.NkeyOptionFromSeed(seed)
		if err != nil {
			return err
		}
		var known nats.Options
		if err := login(&known); err != nil {
			return err
		}
		// A login may read its own answers only.
		opts = append(opts, login, nats.CustomInboxPrefix("_INBOX."+known.Nkey))
	}
	nc, err := nats.Connect(servers, opts...)
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	// Durable: the server keeps the place under this name.
	consumer, err := js.CreateOrUpdateConsumer(ctx, "FEED", jetstream.ConsumerConfig{
		Durable: name, FilterSubjects: filter, AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: 1,
	})
	if err != nil {
		return err
	}
	done := uint64(0) // the last sequence that the work is done for
	for ctx.Err() == nil {
		msg, err := consumer.Next(jetstream.FetchContext(ctx))
		if errors.Is(err, nats.ErrTimeout) || errors.Is(err, context.DeadlineExceeded) {
			continue
		}
		if err != nil {
			return ended(ctx, err)
		}
		var e event
		if err := json.Unmarshal(msg.Data(), &e); err != nil {
			return fmt.Errorf("a message that is no event: %w", err)
		}
		sequence, err := strconv.ParseUint(e.Sequence, 10, 64)
		if err != nil {
			return err
		}
		if sequence > done { // the work; a real program keeps the sequence with its results
			fmt.Fprintln(out, e.Sequence, e.EffectiveOn, e.Type, e.Subject, e.Organisation)
			done = sequence
		}
		// Only now the server goes on. What is done is acknowledged even if this
		// program has been asked to stop.
		if err := acknowledge(context.WithoutCancel(ctx), msg); err != nil {
			return err
		}
	}
	return nil
}

func acknowledge(ctx context.Context, msg jetstream.Msg) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return msg.DoubleAck(ctx)
}

// ended tells an interrupt from an error.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // asked to stop, it stops
	}
	return err
}
