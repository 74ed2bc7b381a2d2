package jetstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// Errors of Open with Config.URL.
var (
	// ErrUnreachable means that none of the servers answered in time. Nothing
	// was sent to them.
	ErrUnreachable = errors.New("the log's servers cannot be reached")
	// ErrLogin means that the files of the login or of TLS cannot be used, or
	// that the servers do not know the login.
	ErrLogin = errors.New("the login for the log's servers cannot be used")
)

// TLSFiles are the paths of PEM files: the authorities that a server's
// certificate is checked with, those of the system if empty, and the program's
// own certificate with its key, or neither.
type TLSFiles struct {
	CA, Cert, Key string
}

const (
	// ownPurpose is the connection for all but readers.
	ownPurpose = "log"

	// A server that is paused, or behind a cut line, is given up after two pings
	// without an answer; then the next one is tried.
	pingEvery    = 2 * time.Second
	pingsMissed  = 2
	dialTimeout  = 2 * time.Second
	redialEvery  = 250 * time.Millisecond
	redialJitter = 250 * time.Millisecond

	// attemptsAtLeast is how often an append fits into Config.Timeout that a
	// leader took with it when it died.
	attemptsAtLeast = 3
)

// errCut is what a call gets whose answer is lost with the connection.
var errCut = errors.New("the connection to the server was cut")

// link knows whether a connection stands.
type link struct {
	mu  sync.Mutex
	up  context.Context //nolint:containedctx // ends when the connection is cut, and with the log
	cut context.CancelCauseFunc
}

func (k *link) set(life context.Context) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.cut != nil {
		k.cut(errCut)
	}
	k.up, k.cut = context.WithCancelCause(life)
}

func (k *link) get() context.Context {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.up
}

// connectTo returns a function that connects to a server. It keeps trying to
// reconnect, so that only Close ends a connection.
func (l *Log) connectTo(ctx context.Context, url string, opts ...nats.Option) func(string) (*nats.Conn, error) {
	ctx = context.WithoutCancel(ctx) // for what is logged later
	return func(purpose string) (*nats.Conn, error) {
		nc, err := nats.Connect(url, append(slices.Clip(opts),
			nats.Name("rollbook "+purpose),
			nats.MaxReconnects(-1),
			nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
				if purpose == ownPurpose {
					l.link.set(l.life) //nolint:contextcheck // it lives as long as the log
				}
				if err != nil {
					l.logger.WarnContext(ctx, "connection to the log is cut", slog.String("purpose", purpose), slog.Any("error", err))
				}
			}),
			nats.ReconnectHandler(func(nc *nats.Conn) {
				l.logger.InfoContext(ctx, "connection to the log stands again", slog.String("purpose", purpose), slog.String("server", nc.ConnectedServerName()))
			}),
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

// reach connects to the servers of cfg.URL. It tries for cfg.Timeout, because
// they may be starting at the same time.
func (l *Log) reach(ctx context.Context, cfg Config) error {
	servers, opts, err := dialOptions(cfg)
	if err != nil {
		return err
	}
	l.connect = l.connectTo(ctx, strings.Join(servers, ","), opts...)
	l.attempt = cfg.Timeout / attemptsAtLeast
	l.syncAlways = l.remoteSync
	l.writeError = l.remoteWriteError

	ctx, cancel := context.WithTimeout(ctx, cfg.Timeout)
	defer cancel()
	for {
		l.nc, err = l.connect(ownPurpose)
		switch {
		case err == nil:
			replicas := cfg.Replicas
			if replicas == 0 {
				if replicas = 1; l.nc.ConnectedClusterName() != "" {
					replicas = 3
				}
			}
			l.setReplicas(cfg, replicas)
			return nil
		case errors.Is(err, nats.ErrAuthorization):
			return fmt.Errorf("%w: %w", ErrLogin, err)
		case !wait(ctx, redialEvery):
			return fmt.Errorf("%w: %s: %w", ErrUnreachable, strings.Join(servers, ", "), err)
		}
	}
}

// dialOptions returns the servers of cfg.URL and how to connect to them.
func dialOptions(cfg Config) (servers []string, opts []nats.Option, err error) {
	servers, encrypted, err := parseServers(cfg.URL)
	if err != nil {
		return nil, nil, err
	}
	opts = []nats.Option{
		nats.Timeout(min(dialTimeout, cfg.Timeout)),
		nats.FlusherTimeout(cfg.Timeout),
		nats.IgnoreDiscoveredServers(), // the operator names them
		nats.ReconnectBufSize(-1),      // what is sent while there is no connection fails at once
		nats.ReconnectWait(redialEvery),
		nats.ReconnectJitter(redialJitter, redialJitter),
		nats.IgnoreAuthErrorAbort(), // a server that starts may not know its users yet
		nats.PingInterval(pingEvery),
		nats.MaxPingsOutstanding(pingsMissed),
	}
	files := cfg.TLS
	if encrypted || files != (TLSFiles{}) {
		opts = append(opts, nats.Secure(&tls.Config{MinVersion: tls.VersionTLS12}))
	}
	if files.CA != "" {
		opts = append(opts, nats.RootCAs(files.CA))
	}
	if files.Cert != "" || files.Key != "" {
		if files.Cert == "" || files.Key == "" {
			return nil, nil, fmt.Errorf("%w: a certificate and its key go together", ErrLogin)
		}
		if err := checkSecret(files.Key); err != nil {
			return nil, nil, err
		}
		opts = append(opts, nats.ClientCert(files.Cert, files.Key))
	}
	if cfg.NKeyFile != "" {
		if err := checkSecret(cfg.NKeyFile); err != nil {
			return nil, nil, err
		}
		login, err := nats.NkeyOptionFromSeed(cfg.NKeyFile)
		if err != nil { // not shown: the reader of the file might quote it
			return nil, nil, fmt.Errorf("%w: there is no seed of a user's nkey in %s", ErrLogin, cfg.NKeyFile)
		}
		// Answers come to subjects of this login's own, so that the servers need
		// let nobody else read them.
		var known nats.Options
		if err := login(&known); err != nil {
			return nil, nil, err
		}
		opts = append(opts, login, nats.CustomInboxPrefix("_INBOX."+known.Nkey))
	}
	var trial nats.Options // reads the files, so that what is wrong is said as such
	for _, opt := range opts {
		if err := opt(&trial); err != nil {
			return nil, nil, fmt.Errorf("%w: %w", ErrLogin, err)
		}
	}
	return servers, opts, nil
}

// parseServers reads a list of servers, and reports whether the connection must
// be encrypted. A server that it refuses is named by its place only, because
// there may be a password in it.
func parseServers(list string) (servers []string, encrypted bool, err error) {
	for i, server := range strings.Split(list, ",") {
		server = strings.TrimSpace(server)
		if !strings.Contains(server, "://") {
			server = "nats://" + server
		}
		u, err := url.Parse(server)
		switch {
		case err == nil && u.User != nil:
			return nil, false, fmt.Errorf("%w: server %d of the URL has a login in it, which process lists and logs would show; put an nkey into a file", ErrLogin, i+1)
		case err != nil || u.Hostname() == "" || u.Scheme != "nats" && u.Scheme != "tls" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
			return nil, false, fmt.Errorf("server %d of the URL is not nats://host:port or tls://host:port", i+1)
		}
		encrypted = encrypted || u.Scheme == "tls"
		servers = append(servers, u.Scheme+"://"+u.Host)
	}
	return servers, encrypted, nil
}

// checkSecret refuses a file that others than its owner may read.
func checkSecret(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrLogin, err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: %s is not a file", ErrLogin, path)
	case info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows":
		return fmt.Errorf("%w: others may read %s; run chmod 600 on it", ErrLogin, path)
	}
	return nil
}

// unsent reports whether err says that a message went to nobody: there is no
// connection, or nobody listens to the log's subjects because it has no leader.
func unsent(err error) bool {
	return errors.Is(err, nats.ErrNoResponders) || errors.Is(err, nats.ErrReconnectBufExceeded)
}

// mayAnswerLater reports whether the same call may be answered when the servers
// have found together again.
func mayAnswerLater(err error) bool {
	if refused, ok := errors.AsType[*apiError](err); ok {
		switch refused.Code {
		case codeClusterNotReady, codeNoMetaLeader, codeNotLeader, codeStreamOffline:
			return true
		}
		return false
	}
	for _, passing := range [...]error{
		context.DeadlineExceeded, errCut,
		nats.ErrTimeout, nats.ErrNoResponders, nats.ErrNoServers, nats.ErrReconnectBufExceeded,
	} {
		if errors.Is(err, passing) {
			return true
		}
	}
	network, ok := errors.AsType[net.Error](err)
	return ok && network.Timeout()
}

// patiently makes a call to servers of their own again, for Config.Timeout, as
// long as it may be answered later. A message to a server that is gone is not
// answered, so the first wait is short. An embedded server is asked once.
func (l *Log) patiently(ctx context.Context, call func(context.Context) error) error {
	if l.server != nil {
		return call(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	for patience := time.Second; ; patience *= 2 {
		try, cancelTry := context.WithTimeout(ctx, patience)
		err := call(try)
		cancelTry()
		if err == nil || !mayAnswerLater(err) || !wait(ctx, 50*time.Millisecond) {
			return err
		}
	}
}
