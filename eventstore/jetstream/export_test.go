package jetstream

import (
	"context"
	"encoding/json"
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
	ParseServers  = parseServers
)

func Pinned() Settings { return pinned("LEDGER", "ledger", duplicateWindow) }

// WithWindow returns cfg with another duplicate window.
func (c Config) WithWindow(window time.Duration) Config {
	c.window = window
	return c
}

// WithWatch returns cfg with another interval between checks.
func (c Config) WithWatch(every time.Duration) Config {
	c.watch = every
	return c
}

// SetFree replaces the look at the room on the disk.
func (l *Log) SetFree(free func() (uint64, error)) {
	l.watch.mu.Lock()
	defer l.watch.mu.Unlock()
	l.watch.free, l.watch.looked = free, time.Time{}
}

// SetSyncAlways replaces what the server says of its sync mode.
func (l *Log) SetSyncAlways(always bool) {
	l.syncAlways = func(context.Context, clusterInfo) (bool, error) { return always, nil }
}

// Waiting is how many appends wait for their turn.
func (l *Log) Waiting() int {
	l.queue.mu.Lock()
	defer l.queue.mu.Unlock()
	return len(l.queue.waiting)
}

// Conn is the log's own connection to its server.
func (l *Log) Conn() *nats.Conn { return l.nc }

// OnPublish puts f in the place where an append is sent. f may call send.
func (l *Log) OnPublish(f func(ctx context.Context, send func() (Ack, error)) (Ack, error)) {
	l.publish = func(ctx context.Context, writes []eventstore.Write) (ack, error) {
		return f(ctx, func() (Ack, error) { return l.send(ctx, writes) })
	}
}

// OnPublishOf is OnPublish for an f that wants to see what is sent.
func (l *Log) OnPublishOf(f func(ctx context.Context, writes []eventstore.Write, send func() (Ack, error)) (Ack, error)) {
	l.publish = func(ctx context.Context, writes []eventstore.Write) (ack, error) {
		return f(ctx, writes, func() (Ack, error) { return l.send(ctx, writes) })
	}
}

// Refusal is the server's answer with an error code.
func Refusal(code int) error { return &apiError{Code: code, Description: "a refusal"} }

// ServerLog passes one warning of the server on to logger.
func ServerLog(ctx context.Context, logger *slog.Logger, warning string) {
	(&serverLog{ctx: ctx, logger: logger}).Warnf("%s", warning)
}

// Heard reports whether a stream's leader, whose STREAM.INFO is given, has heard
// from a majority within a time.
func Heard(info []byte, within time.Duration) (bool, error) {
	var got streamInfo
	err := json.Unmarshal(info, &got)
	return got.Cluster.heard(within), err
}
