package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"

	"rollbook/eventstore"
)

// storeDir is where, below the log's directory, the server keeps its files.
const storeDir = "jetstream"

// startServer starts a server that only this process can reach, with its files
// in cfg.Dir, and returns when it has recovered them: milliseconds for a small
// log, about a minute for 10 million records after a kill. It puts something
// into alarm, if there is room, when it warns.
//
// A server cannot be stopped in the middle of its recovery, so when ctx ends,
// startServer waits for that and then stops it. Otherwise the lock would be
// given back while files are still written.
func startServer(ctx context.Context, cfg Config, alarm chan<- struct{}) (*server.Server, error) {
	lines := &serverLog{ctx: context.WithoutCancel(ctx), logger: cfg.Logger, alarm: alarm}
	srv, err := server.NewServer(&server.Options{
		ServerName: "rollbook",
		DontListen: true,
		JetStream:  true,
		StoreDir:   cfg.Dir, // the server adds storeDir
		// Both: SyncAlways alone leaves the interval to a default.
		SyncAlways:   !cfg.UnsafeSync,
		SyncInterval: 2 * time.Minute,
		// The disk is the limit. By default it would be the room that is free
		// at the start, which shrinks as the log grows.
		JetStreamMaxStore:  math.MaxInt64 / 2,
		JetStreamMaxMemory: 64 << 20,
		MaxPayload:         1 << 20,
		NoSigs:             true, // the program owns its signals
	})
	if err != nil {
		return nil, fmt.Errorf("prepare the embedded server: %w", err)
	}
	srv.SetLoggerV2(lines, false, false, false)

	srv.Start() // returns after the recovery
	if err := ctx.Err(); err != nil {
		stopServer(srv)
		return nil, fmt.Errorf("recover the log: %w", err)
	}
	if !srv.JetStreamEnabled() || !srv.ReadyForConnections(10*time.Second) {
		stopServer(srv)
		return nil, fmt.Errorf("the embedded server did not start: %w", lines.last())
	}
	return srv, nil
}

// embeddedSync reports whether the embedded server syncs each message.
func (l *Log) embeddedSync(context.Context, clusterInfo) (bool, error) {
	running := l.server.JetStreamConfig()
	return running != nil && running.SyncAlways, nil
}

// embeddedWriteError asks the embedded server whether it can write.
func (l *Log) embeddedWriteError(ctx context.Context) (broken, err error) {
	for attempt := 0; ; attempt++ {
		health := l.server.Healthz(&server.HealthzOptions{Account: server.DEFAULT_GLOBAL_ACCOUNT, Stream: l.log, Details: true})
		if len(health.Errors) == 0 {
			return nil, nil
		}
		first := health.Errors[0]
		if first.Type != server.HealthzErrorConn {
			return fmt.Errorf("%w: %s", ErrStore, first.Error), nil
		}
		// The server gives itself one millisecond to see that it has started.
		// On a busy machine it needs another one.
		if attempt == busyAttempts || ctx.Err() != nil {
			return nil, errors.New(first.Error)
		}
	}
}

// stopServer stops the server and waits until its files are written. Without
// the wait its index may be missing, and the next start reads the whole log.
func stopServer(srv *server.Server) {
	srv.Shutdown()
	srv.WaitForShutdown()
}

// holdsFiles reports whether a server has kept anything in dir before.
func holdsFiles(dir string) (bool, error) {
	found := false
	err := filepath.WalkDir(filepath.Join(dir, storeDir), func(_ string, entry os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			// Nothing there yet; or a stream that was deleted, whose files the
			// server removes even after it has been stopped.
			return nil
		}
		if err != nil {
			return err
		}
		if entry.Type().IsRegular() {
			found = true
			return filepath.SkipAll
		}
		return nil
	})
	return found, err
}

// acquire takes the directory for this process, so that two servers never write
// to the same files. The kernel gives the lock back when the process ends,
// however it ends. The holder's process id lies beside it, for the message.
func acquire(dir string) (*flock.Flock, error) {
	lock, pidFile := flock.New(filepath.Join(dir, "lock")), filepath.Join(dir, "lock.pid")
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the log's directory: %w", err)
	}
	if !locked {
		holder := "a process that did not leave its id"
		if pid, err := os.ReadFile(pidFile); err == nil {
			holder = "process " + strings.TrimSpace(string(pid))
		}
		return nil, fmt.Errorf("%w: %s holds %s; stop it first", eventstore.ErrInUse, holder, dir)
	}
	if err := os.WriteFile(pidFile, fmt.Appendf(nil, "%d\n", os.Getpid()), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("note the holder of the lock: %w", err), lock.Close())
	}
	return lock, nil
}

// serverLog passes the server's log on. It is the only sign of some damage to
// the files, so a line about that is an error, whatever the server calls it.
type serverLog struct {
	ctx    context.Context //nolint:containedctx // the server's logger interface has none
	logger *slog.Logger
	alarm  chan<- struct{}

	mu        sync.Mutex
	lastError error
}

var damage = regexp.MustCompile(`(?i)filestore|corrupt|lost|rebuild|mismatch|truncat`)

func (l *serverLog) Debugf(string, ...any) {}
func (l *serverLog) Tracef(string, ...any) {}

func (l *serverLog) Noticef(format string, args ...any) { l.line(slog.LevelDebug, format, args) }
func (l *serverLog) Warnf(format string, args ...any)   { l.line(slog.LevelWarn, format, args) }
func (l *serverLog) Errorf(format string, args ...any)  { l.line(slog.LevelError, format, args) }
func (l *serverLog) Fatalf(format string, args ...any)  { l.line(slog.LevelError, format, args) }

func (l *serverLog) line(level slog.Level, format string, args []any) {
	text := fmt.Sprintf(format, args...)
	if level == slog.LevelWarn && damage.MatchString(text) {
		level = slog.LevelError
	}
	if level == slog.LevelError {
		l.mu.Lock()
		l.lastError = errors.New(text)
		l.mu.Unlock()
	}
	if level >= slog.LevelWarn {
		select {
		case l.alarm <- struct{}{}:
		default: // there is one already, or nobody listens
		}
	}
	l.logger.LogAttrs(l.ctx, level, "embedded server", slog.String("line", text))
}

func (l *serverLog) last() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lastError == nil {
		return errors.New("no error in its log")
	}
	return l.lastError
}
