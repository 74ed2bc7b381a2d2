package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/web"
	"rollbook/web/access"
	"rollbook/web/pages"
	"rollbook/web/service"
)

const serveLong = `Serve the ledger over HTTP: the API under /api/v1 (described by /openapi.json), the pages for people,
/healthz and /readyz. Read models, checkpoints and the feed are kept up with the log meanwhile.

Whoever owns the data directory also reaches the service by the socket rollbook.sock in it, without
signing in. The ledger is made if the directory is empty.`

func (a *app) serveCommand() *cobra.Command {
	var listen, name string
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve the ledger over HTTP", Long: serveLong, Args: arguments(0, 0),
		Example: "  rollbook serve\n  rollbook serve --listen 127.0.0.1:8443 --nats tls://n1:4222,tls://n2:4222,tls://n3:4222 --database postgres://rollbook@db/rollbook",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if name != "" && !domain.ValidID(name) {
				return usage("--name %q is not 1 to 64 of the characters A-Z a-z 0-9 _ -", "--name %q phải gồm 1 đến 64 ký tự A-Z a-z 0-9 _ -", show(name))
			}
			ctx := cmd.Context()
			return a.withLedgerIn(ctx, a.dir, ledger.Options{Create: true, Name: name}, func(l *ledger.Ledger) error {
				return a.serve(ctx, l, listen)
			})
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "address to listen at")
	cmd.Flags().StringVar(&name, "name", "", "name of the ledger, when it is made (default ledger)")
	return cmd
}

// reachable is what serve answers in JSON, as soon as it can be reached.
type reachable struct {
	Ledger string `json:"ledger"`
	URL    string `json:"url"`
	Socket string `json:"socket"`
}

// serve serves a ledger until ctx ends, which is how it is meant to end.
func (a *app) serve(ctx context.Context, l *ledger.Ledger, address string) (err error) {
	if err := a.catchUp(ctx, l); err != nil {
		return err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return &problem{name: "usage", exit: exitUsage, cause: err, text: textf(
			"cannot listen at %s: %v; name another address with --listen", "không thể mở cổng %s: %v; hãy chỉ địa chỉ khác bằng --listen", show(address), err)}
	}
	defer listener.Close()
	socket, err := a.listenSocket(ctx, filepath.Join(a.dir, ledger.SocketFile))
	if err != nil {
		return err
	}

	rights, err := access.Open(ctx, access.Config{Dir: a.dir, Database: a.database, Places: service.Places{Ledger: l, Clock: a.now}, Clock: a.now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rights.Close()) }()
	s := &service.Service{Ledger: l, Access: rights, Clock: a.now}
	seen, err := pages.New(s, a.logger)
	if err != nil {
		return err
	}
	server := web.New(web.Options{Service: s, Pages: seen, Logger: a.logger})
	answer := reachable{Ledger: l.Name(), URL: "http://" + listener.Addr().String()}
	if socket != nil {
		defer socket.Close()
		answer.Socket = socket.Addr().String()
	}
	if a.json {
		a.out.document(answer)
	} else {
		a.out.printf(a.say("Serving the ledger %s at %s\n", "Đang phục vụ sổ %s tại %s\n"), answer.Ledger, answer.URL)
	}
	if err := a.out.flush(); err != nil {
		return errOutput(err)
	}
	g, running := errgroup.WithContext(ctx)
	g.Go(func() error { return l.Keep(running, ledger.Keeping{Models: true, Feed: true}) })
	g.Go(func() error { return server.Serve(running, listener, server.Handler()) })
	if socket != nil {
		g.Go(func() error { return server.Serve(running, socket, server.OwnerHandler()) })
	}
	err = g.Wait()
	if ctx.Err() != nil {
		a.logger.InfoContext(ctx, "the service has ended in good order", slog.Bool("asked_to", true))
	}
	return err
}

// longestSocket is the longest path that a socket can have (sun_path of unix(7)
// is 108 bytes with the zero; elsewhere less).
const longestSocket = 103

// listenSocket listens at a socket that only the owner of the directory reaches.
// One that is left from a process that was killed is replaced: the ledger's lock
// says that no other serves it. Where the path is too long there is none.
func (a *app) listenSocket(ctx context.Context, path string) (net.Listener, error) {
	if len(path) > longestSocket {
		a.logger.WarnContext(ctx, "the path of the data directory is too long for a socket in it; other commands reach this service by its URL only", slog.Int("longest", longestSocket))
		return nil, nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("the socket %s: %w", path, err)
	}
	// Until this, the directory's own mode (0700) keeps others out.
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}
