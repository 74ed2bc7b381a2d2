package jetstream

import (
	"context"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"

	"rollbook/eventstore"
)

// What the tests of this package need and nobody else.

type (
	Settings = settings
	Ack      = ack
)

var (
	CheckSettings = checkSettings
	CheckChain    = checkChain
	Message       = message
	Place         = place
)

func Pinned() Settings { return pinned("LEDGER", "ledger", duplicateWindow) }

// WithWindow returns cfg with another duplicate window.
func (c Config) WithWindow(window time.Duration) Config {
	c.window = window
	return c
}

// Conn is the log's own connection to its server.
func (l *Log) Conn() *nats.Conn { return l.nc }

// OnPublish puts f in the place where an append is sent. f may call send.
func (l *Log) OnPublish(f func(ctx context.Context, send func() (Ack, error)) (Ack, error)) {
	l.publish = func(ctx context.Context, writes []eventstore.Write) (ack, error) {
		return f(ctx, func() (Ack, error) { return l.send(ctx, writes) })
	}
}

// ServerLog passes one warning of the server on to logger.
func ServerLog(ctx context.Context, logger *slog.Logger, warning string) {
	(&serverLog{ctx: ctx, logger: logger}).Warnf("%s", warning)
}
