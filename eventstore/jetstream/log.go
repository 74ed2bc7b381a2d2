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
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"rollbook/eventstore"
)

// Config says where the log is: in a directory, served from inside this process,
// or on servers of its own.
type Config struct {
	// Dir is the directory of an embedded log. Nothing else should write to it.
	Dir string
	// URL names the servers of a log that is not embedded, such as
	// "tls://n1:4222,tls://n2:4222,tls://n3:4222"; Dir is empty then. It holds
	// no login.
	URL string
	// NKeyFile is a file, readable by its owner only, with the seed of the nkey
	// that the servers know this program by. They ask for no login if empty.
	NKeyFile string
	// TLS names the files for an encrypted connection, of which there is at
	// least TLS 1.2 if one of them is given or a server is a tls:// one.
	TLS TLSFiles
	// Replicas is how many servers hold a copy of the log, 1 or 3. If zero it
	// is 3 where the servers of URL are a cluster, and else 1.
	Replicas int
	// Name is the JetStream stream of the log; "LEDGER" if empty.
	Name string
	// Prefix begins the subjects of the log; "ledger" if empty.
	Prefix string
	// Create makes a new log if there is none, and the directory. On servers of
	// its own that takes a login that may; see [Create].
	Create bool
	// Timeout bounds the wait for the acknowledgement of an append, and then
	// for the look at what became of it; and for any other answer of the
	// server. Ten seconds if zero: on a busy disk an fsync may take seconds and
	// still succeed. An embedded server that cannot write at all is noticed at
	// once. It also bounds the wait of Open for the servers of URL.
	Timeout time.Duration
	// Patience is for how long the server may be silent before appends that
	// wait for their turn are refused. If zero it is two seconds, and with URL
	// ten, which is what a cluster may take to choose another leader.
	Patience time.Duration
	// Reserve is how much room, in bytes, stays free on the disk: below it,
	// appends are refused until there is more. A server that finds the disk
	// full itself cannot write any more until it is restarted. 64 MB if zero,
	// none if negative. Servers of URL are not asked for their room.
	Reserve int64
	// UnsafeSync accepts, and embedded makes, a server that acknowledges appends
	// before they are on the disk, so that a power cut may lose what was
	// acknowledged. It is for data that can be made again. Unsafe tells.
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
		if c.URL != "" {
			c.Patience = 10 * time.Second
		}
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
	case (c.Dir == "") == (c.URL == ""):
		return errors.New("the log needs a directory or the URL of its servers, and not both")
	case c.URL == "" && (c.NKeyFile != "" || c.TLS != TLSFiles{}):
		return errors.New("an nkey and TLS are for servers of a URL")
	case c.Replicas != 0 && c.Replicas != 1 && c.Replicas != 3:
		return fmt.Errorf("%d replicas; they must be 1 or 3", c.Replicas)
	case c.URL == "" && c.Replicas == 3:
		return errors.New("an embedded log has no replicas")
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
	attempt    time.Duration // bounds one sending of an append
	replicas   int
	pinned     settings
	unsafeSync bool
	connect    func(purpose string) (*nats.Conn, error)
	nc         *nats.Conn // for all but Replay and Follow, which have their own
	link       link       // whether nc is connected
	queue      *queue
	watch      watch

	// publish sends an append and returns the server's answer. Tests replace it
	// to fail before or after the server has stored it.
	publish func(context.Context, []eventstore.Write) (ack, error)
	// syncAlways reports whether the servers that hold the log sync each
	// message. Tests replace it, because a running server cannot be told
	// otherwise.
	syncAlways func(context.Context, clusterInfo) (bool, error)
	// writeError asks whether the log can still be written, and returns an error
	// that wraps ErrStore as broken if it cannot.
	writeError func(context.Context) (broken, err error)

	life    context.Context //nolint:containedctx // of what is shared by several callers; ends with the log
	end     context.CancelCauseFunc
	closing <-chan struct{} // closed when life ends
	close   sync.Once

	server *server.Server // nil when the server is another process
	lock   *flock.Flock
}

// Open opens the log: it starts a server on cfg.Dir, or connects to those of
// cfg.URL. An embedded log returns when the server has recovered it, which takes
// about a minute for 10 million records after a kill; ctx bounds it as far as
// the server lets it.
//
// Only cfg.Create makes a new log, and only in a directory in which no server
// kept files before. Without it, a directory or servers without a log are
// [fs.ErrNotExist]. Open fails with [eventstore.ErrInUse] if another process (or
// another Log of this one) holds the directory, with [eventstore.ErrMissing] if
// the directory has files of a server but the log is not among them, and with
// [ErrSettings] if the log is not set up as its promises need. With cfg.URL it
// fails with [ErrUnreachable] if no server answers within cfg.Timeout, and with
// [ErrLogin] if the login cannot be used.
func Open(ctx context.Context, cfg Config) (_ *Log, err error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	log := newLog(ctx, cfg)
	defer func() {
		if err != nil {
			err = errors.Join(err, log.Close())
		}
	}()
	alarm := make(chan struct{}, 1)
	had := false
	if cfg.URL == "" {
		had, err = log.embed(ctx, cfg, alarm)
	} else {
		err = log.reach(ctx, cfg)
	}
	if err != nil {
		return nil, err
	}
	if _, err := log.open(ctx, cfg, had); err != nil {
		return nil, err
	}
	if err := log.checkDrift(ctx); err != nil {
		return nil, err
	}
	log.watch.ended = make(chan struct{})
	go log.runWatch(log.life, cfg.watch, alarm) //nolint:contextcheck // it lives as long as the log, not as Open's context
	return log, nil
}

// Create makes the log where there is none, and reports whether it did; a log
// that is there must be set up as this package needs it. It is the step of an
// operator, whose login may call STREAM.CREATE: the program's own login needs
// no such right. How the servers sync is not asked here, but at each Open.
func Create(ctx context.Context, cfg Config) (made bool, err error) {
	cfg.Create = true
	if err := cfg.validate(); err != nil {
		return false, err
	}
	log := newLog(ctx, cfg)
	defer func() { err = errors.Join(err, log.Close()) }()
	had := false
	if cfg.URL == "" {
		had, err = log.embed(ctx, cfg, nil)
	} else {
		err = log.reach(ctx, cfg)
	}
	if err != nil {
		return false, err
	}
	return log.open(ctx, cfg, had)
}

// newLog returns a log that is not connected to anything.
func newLog(ctx context.Context, cfg Config) *Log {
	log := &Log{
		names:      names{log: cfg.Name, prefix: cfg.Prefix},
		logger:     cfg.Logger,
		timeout:    cfg.Timeout,
		patience:   cfg.Patience,
		attempt:    cfg.Timeout,
		unsafeSync: cfg.UnsafeSync,
		watch:      watch{checks: make(chan chan<- error)},
	}
	log.life, log.end = context.WithCancelCause(context.WithoutCancel(ctx))
	log.closing = log.life.Done()
	log.link.set(log.life) //nolint:contextcheck // it lives as long as the log
	log.watch.able, log.watch.fail = context.WithCancelCause(log.life)
	log.queue = newQueue(log.appendTogether)
	log.publish = log.send
	return log
}

// setReplicas makes the settings of the log, which has so many copies.
func (l *Log) setReplicas(cfg Config, n int) {
	l.replicas = n
	l.pinned = pinned(cfg.Name, cfg.Prefix, cfg.window)
	l.pinned["num_replicas"] = float64(n)
}

// embed takes the directory, starts a server on it and connects to it. It
// reports whether there were files before. The server puts something into alarm
// when it warns.
func (l *Log) embed(ctx context.Context, cfg Config, alarm chan<- struct{}) (had bool, err error) {
	if cfg.Create {
		if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
			return false, fmt.Errorf("create the log's directory: %w", err)
		}
	} else if _, err := os.Stat(cfg.Dir); err != nil {
		return false, fmt.Errorf("the log's directory: %w", err)
	}
	l.setReplicas(cfg, 1)
	l.watch.free = func() (uint64, error) { return freeBytes(cfg.Dir) }
	l.watch.reserve = uint64(max(cfg.Reserve, 0))
	l.syncAlways = l.embeddedSync
	l.writeError = l.embeddedWriteError
	// The lock first: from here on nobody else touches the files.
	if l.lock, err = acquire(cfg.Dir); err != nil {
		return false, err
	}
	if had, err = holdsFiles(cfg.Dir); err != nil {
		return false, fmt.Errorf("look for an earlier log: %w", err)
	}
	if !had && !cfg.Create {
		return false, fmt.Errorf("there is no log in %s; create one first: %w", cfg.Dir, fs.ErrNotExist)
	}
	if l.server, err = startServer(ctx, cfg, alarm); err != nil {
		return false, err
	}
	l.connect = l.connectTo(ctx, "", nats.InProcessServer(l.server))
	l.nc, err = l.connect(ownPurpose)
	return had, err
}

// open finds the stream or creates it, checks its settings, and reports whether
// it made it. had says that there were files before the server was started.
func (l *Log) open(ctx context.Context, cfg Config, had bool) (made bool, err error) {
	info, err := l.info(ctx)
	switch {
	case isCode(err, codeStreamNotFound) && had:
		// With a damaged byte the server may not see a stream whose blocks
		// are all there, and creating it deletes them (nats-server 2.15.2).
		return false, fmt.Errorf("%w: %s has files but no stream %s; keep a copy of the directory and restore the log from a backup", eventstore.ErrMissing, cfg.Dir, cfg.Name)
	case isCode(err, codeStreamNotFound) && !cfg.Create:
		return false, fmt.Errorf("the servers have no stream %s; create it first, with a login that may: %w", cfg.Name, fs.ErrNotExist)
	case isCode(err, codeStreamNotFound):
		request, err := json.Marshal(l.pinned)
		if err != nil {
			return false, err
		}
		if err := l.api(ctx, "STREAM.CREATE."+l.log, request, &info); err != nil {
			return false, fmt.Errorf("create the log: %w", err)
		}
		made = true
	case err != nil:
		return false, fmt.Errorf("find the log: %w", err)
	}
	return made, checkSettings(l.pinned, info.Config, true)
}

// Close ends the connections; it stops an embedded server, waits until it has
// written its files, and gives the directory back. Appends that wait for their turn are refused; those on their
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
