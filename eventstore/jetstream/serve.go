package jetstream

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Server is a NATS server of its own in this process, which is reached over TCP
// on the loopback address without a login. It is there to measure what the way
// over TCP costs, and for tests; a ledger in use has the servers of deploy/nats.
type Server struct {
	server *server.Server
	url    string
}

// Serve starts a server with its files in dir, which syncs always. It returns
// when the server answers.
func Serve(ctx context.Context, dir string, logger *slog.Logger) (*Server, error) {
	var services, imports []string
	for _, service := range []string{"$SYS.REQ.SERVER.PING.JSZ", "$SYS.REQ.SERVER.PING.HEALTHZ"} {
		services = append(services, fmt.Sprintf("{ service: %q, response_type: stream, accounts: [LEDGER] }", service))
		imports = append(imports, fmt.Sprintf("{ service: { account: SYS, subject: %q } }", service))
	}
	config := fmt.Sprintf(`
server_name: rollbook
listen: "127.0.0.1:-1"
jetstream { store_dir: %q, sync_interval: always }
no_auth_user: ledger
accounts {
  SYS { users: [ { user: sys, password: %s } ], exports: [ %s ] }
  LEDGER { jetstream: enabled, users: [ { user: ledger, password: %s } ], imports: [ %s ] }
}
system_account: SYS
`, dir, rand.Text(), strings.Join(services, ", "), rand.Text(), strings.Join(imports, ", "))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "server.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return nil, err
	}
	opts, err := server.ProcessConfigFile(path)
	if err != nil {
		return nil, fmt.Errorf("prepare the server: %w", err)
	}
	opts.NoSigs = true // the program owns its signals
	srv, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("prepare the server: %w", err)
	}
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	lines := &serverLog{ctx: context.WithoutCancel(ctx), logger: logger, alarm: make(chan struct{}, 1)}
	srv.SetLoggerV2(lines, false, false, false)
	srv.Start()
	if !srv.ReadyForConnections(10*time.Second) || !srv.JetStreamEnabled() {
		stopServer(srv)
		return nil, fmt.Errorf("the server did not start: %w", errors.Join(lines.last(), ctx.Err()))
	}
	return &Server{srv, srv.ClientURL()}, nil
}

// URL is where the server is reached.
func (s *Server) URL() string { return s.url }

// Close stops the server and waits until its files are written.
func (s *Server) Close() error {
	stopServer(s.server)
	return nil
}

// as does something with the log as an administrator of the server can.
func (s *Server) as(ctx context.Context, do func(*Log) error) (err error) {
	cfg := Config{URL: s.url}
	if err := cfg.validate(); err != nil {
		return err
	}
	log := newLog(ctx, cfg)
	defer func() { err = errors.Join(err, log.Close()) }()
	if err := log.reach(ctx, cfg); err != nil {
		return err
	}
	return do(log)
}

// Set changes settings of the log behind its back. Nil puts them right again.
func (s *Server) Set(ctx context.Context, changed map[string]any) error {
	return s.as(ctx, func(log *Log) error {
		config := maps.Clone(log.pinned)
		maps.Copy(config, changed)
		request, err := json.Marshal(config)
		if err != nil {
			return err
		}
		var updated struct{}
		return log.api(ctx, "STREAM.UPDATE."+log.log, request, &updated)
	})
}

// Copy makes a stream on the server that copies the log, and returns when it has all
// of it. As a mirror it keeps positions and times; else it takes the log as a source,
// which is nothing to verify by.
func (s *Server) Copy(ctx context.Context, name string, mirror bool) error {
	return s.as(ctx, func(log *Log) error {
		of := map[string]any{"name": log.log}
		config := settings{"name": name, "storage": "file", "num_replicas": 1, "sources": []any{of}}
		if mirror {
			delete(config, "sources")
			config["mirror"] = of
		}
		request, err := json.Marshal(config)
		if err != nil {
			return err
		}
		var created struct{}
		if err := log.api(ctx, "STREAM.CREATE."+name, request, &created); err != nil {
			return err
		}
		end, err := log.Last(ctx)
		if err != nil {
			return err
		}
		log.log = name // from here on its end is asked for
		for {
			if last, err := log.Last(ctx); err != nil || last >= end {
				return err
			}
			if !wait(ctx, 5*time.Millisecond) {
				return ctx.Err()
			}
		}
	})
}
