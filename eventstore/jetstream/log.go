package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"rollbook/eventstore"
)

// Config says where the log is.
type Config struct {
	// Dir is the log's directory. Nothing else should write to it.
	Dir string
	// Name is the JetStream stream of the log; "LEDGER" if empty.
	Name string
	// Prefix begins the subjects of the log; "ledger" if empty.
	Prefix string
	// Create makes a new log if the directory holds none, and the directory.
	Create bool
	// Timeout bounds the wait for the acknowledgement of an append, and then
	// for the look at what became of it; and for any other answer of the
	// server. Ten seconds if zero: on a busy disk an fsync may take seconds and
	// still succeed. A server that cannot write at all is noticed at once.
	Timeout time.Duration
	// Patience is for how long the server may be silent before appends that
	// wait for their turn are refused; two seconds if zero.
	Patience time.Duration
	// Reserve is how much room, in bytes, stays free on the disk: below it,
	// appends are refused until there is more. A server that finds the disk
	// full itself cannot write any more until it is restarted. 64 MB if zero,
	// none if negative.
	Reserve int64
	// UnsafeSync accepts, and makes, a server that acknowledges appends before
	// they are on the disk, so that a power cut may lose what was acknowledged.
	// It is for data that can be made again. Unsafe tells.
	UnsafeSync bool
	// Logger is told what the server says; nobody is if nil.
	Logger *slog.Logger

	// window is the stream's duplicate window; duplicateWindow if zero. Tests
	// shorten it.
	window time.Duration
	// watch is how often the settings are compared; watchEvery if zero. Tests
	// shorten it.
	watch time.Duration
}

const (
	watchEvery     = time.Minute
	defaultReserve = 64 << 20
)

var serverName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (c *Config) validate() error {
	if c.Name == "" {
		c.Name = "LEDGER"
	}
	if c.Prefix == "" {
		c.Prefix = "ledger"
	}
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	if c.Patience == 0 {
		c.Patience = 2 * time.Second
	}
	if c.Reserve == 0 {
		c.Reserve = defaultReserve
	}
	if c.watch == 0 {
		c.watch = watchEvery
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.window == 0 {
		c.window = duplicateWindow
	}
	switch {
	case c.Dir == "":
		return errors.New("the log needs a directory")
	case c.Timeout < 0 || c.Patience < 0:
		return fmt.Errorf("time-out %v or patience %v is negative", c.Timeout, c.Patience)
	case !serverName.MatchString(c.Name) || !serverName.MatchString(c.Prefix):
		return fmt.Errorf("name %q and prefix %q must be letters, digits, _ or -", c.Name, c.Prefix)
	}
	return nil
}

// Log is a log on NATS JetStream. Its methods may be called at the same time.
type Log struct {
	names
	logger     *slog.Logger
	timeout    time.Duration
	patience   time.Duration
	pinned     settings
	unsafeSync bool
	connect    func(purpose string) (*nats.Conn, error)
	nc         *nats.Conn // for all but Replay and Follow, which have their own
	queue      *queue
	watch      watch

	// publish sends an append and returns the server's answer. Tests replace it
	// to fail before or after the server has stored it.
	publish func(context.Context, []eventstore.Write) (ack, error)
	// syncAlways reports whether the server syncs each message. Tests replace
	// it, because a running server cannot be told otherwise.
	syncAlways func() bool

	life    context.Context //nolint:containedctx // of what is shared by several callers; ends with the log
	end     context.CancelCauseFunc
	closing <-chan struct{} // closed when life ends
	close   sync.Once

	server *server.Server // nil when the server is another process
	lock   *flock.Flock
}

// Open starts a server on cfg.Dir and opens the log in it. It returns when the
// server has recovered the log, which takes about a minute for 10 million
// records after a kill; ctx bounds it as far as the server lets it.
//
// Only cfg.Create makes a new log, and only in a directory in which no server
// kept files before. Without it, a directory without a log is [fs.ErrNotExist].
// Open fails with [eventstore.ErrInUse] if another process (or another Log of
// this one) holds the directory, with [eventstore.ErrMissing] if the directory
// has files of a server but the log is not among them, and with [ErrSettings]
// if the log is not set up as its promises need.
func Open(ctx context.Context, cfg Config) (_ *Log, err error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if cfg.Create {
		if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("create the log's directory: %w", err)
		}
	} else if _, err := os.Stat(cfg.Dir); err != nil {
		return nil, fmt.Errorf("the log's directory: %w", err)
	}

	log := &Log{
		names:      names{log: cfg.Name, prefix: cfg.Prefix},
		logger:     cfg.Logger,
		timeout:    cfg.Timeout,
		patience:   cfg.Patience,
		pinned:     pinned(cfg.Name, cfg.Prefix, cfg.window),
		unsafeSync: cfg.UnsafeSync,
		watch: watch{
			free:    func() (uint64, error) { return freeBytes(cfg.Dir) },
			reserve: uint64(max(cfg.Reserve, 0)),
			checks:  make(chan chan<- error),
		},
	}
	log.life, log.end = context.WithCancelCause(context.WithoutCancel(ctx))
	log.closing = log.life.Done()
	log.watch.able, log.watch.fail = context.WithCancelCause(log.life)
	log.queue = newQueue(log.appendTogether)
	log.publish = log.send
	log.syncAlways = func() bool {
		running := log.server.JetStreamConfig()
		return running != nil && running.SyncAlways
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, log.Close())
		}
	}()
	// The lock first: from here on nobody else touches the files.
	if log.lock, err = acquire(cfg.Dir); err != nil {
		return nil, err
	}
	had, err := holdsFiles(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("look for an earlier log: %w", err)
	}
	if !had && !cfg.Create {
		return nil, fmt.Errorf("there is no log in %s; create one first: %w", cfg.Dir, fs.ErrNotExist)
	}
	alarm := make(chan struct{}, 1)
	if log.server, err = startServer(ctx, cfg, alarm); err != nil {
		return nil, err
	}
	log.connect = log.connectTo(ctx, "", nats.InProcessServer(log.server))
	if log.nc, err = log.connect("log"); err != nil {
		return nil, err
	}
	if err := log.open(ctx, cfg, had); err != nil {
		return nil, err
	}
	log.watch.ended = make(chan struct{})
	go log.runWatch(log.life, cfg.watch, alarm) //nolint:contextcheck // it lives as long as the log, not as Open's context
	return log, nil
}

// open finds the stream or creates it, and checks its settings. had says that
// there were files before the server was started.
func (l *Log) open(ctx context.Context, cfg Config, had bool) error {
	info, err := l.info(ctx)
	var refused *apiError
	if errors.As(err, &refused) && refused.Code == codeStreamNotFound {
		if had {
			// With a damaged byte the server may not see a stream whose blocks
			// are all there, and creating it deletes them (nats-server 2.15.2).
			return fmt.Errorf("%w: %s has files but no stream %s; keep a copy of the directory and restore the log from a backup", eventstore.ErrMissing, cfg.Dir, cfg.Name)
		}
		request, err := json.Marshal(l.pinned)
		if err != nil {
			return err
		}
		if err := l.api(ctx, "STREAM.CREATE."+l.log, request, &info); err != nil {
			return fmt.Errorf("create the log: %w", err)
		}
	} else if err != nil {
		return fmt.Errorf("find the log: %w", err)
	}
	return l.checkDrift(ctx)
}

// connectTo returns a function that connects to a server. It keeps trying to
// reconnect, so that only Close ends a connection.
func (l *Log) connectTo(ctx context.Context, url string, opts ...nats.Option) func(string) (*nats.Conn, error) {
	ctx = context.WithoutCancel(ctx) // for what is logged later
	return func(purpose string) (*nats.Conn, error) {
		nc, err := nats.Connect(url, append(slices.Clip(opts),
			nats.Name("rollbook "+purpose),
			nats.MaxReconnects(-1),
			nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
				l.logger.ErrorContext(ctx, "connection to the log", slog.String("purpose", purpose), slog.Any("error", err))
			}),
		)...)
		if err != nil {
			return nil, fmt.Errorf("connect to the log: %w", err)
		}
		return nc, nil
	}
}

// Close stops the server, waits until it has written its files, and gives the
// directory back. Appends that wait for their turn are refused; those on their
// way are given Config.Patience to be acknowledged, and are told then that
// their outcome is unknown. Readers end with an error. A second Close does
// nothing.
func (l *Log) Close() error {
	var err error
	l.close.Do(func() {
		idle := l.queue.close(errClosing)
		patience := time.NewTimer(l.patience)
		defer patience.Stop()
		select {
		case <-idle:
		case <-patience.C:
		}
		l.end(errClosed)
		if l.nc != nil {
			l.nc.Close()
		}
		l.queue.flights.Wait()
		if l.server != nil {
			stopServer(l.server)
		}
		if l.watch.ended != nil {
			<-l.watch.ended
		}
		if l.lock != nil {
			err = l.lock.Close()
		}
	})
	return err
}
