package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/web"
	"rollbook/web/access"
	"rollbook/web/openid"
	"rollbook/web/pages"
	"rollbook/web/service"
)

const serveLong = `Serve the ledger over HTTP: the API under /api/v1 (described by /openapi.json), the pages for people,
/healthz and /readyz. Read models, checkpoints and the feed are kept up with the log meanwhile.

Whoever owns the data directory also reaches the service by the socket rollbook.sock in it, without
signing in. The ledger is made if the directory is empty.

With --role an instance does a part of the work alone, beside others: api answers and records, projector keeps the
read models, auditor signs checkpoints, feed publishes. Each has a data directory of its own, with ledger.json and, but
for the auditor, its policy (rollbook checkpoint policy); see docs/handbook-operator.md.

With OTEL_EXPORTER_OTLP_ENDPOINT in the environment, traces go there as OpenTelemetry over HTTP.`

func (a *app) serveCommand() *cobra.Command {
	var o serveOptions
	var name string
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve the ledger over HTTP", Long: serveLong, Args: arguments(0, 0),
		Example: "  rollbook serve\n  rollbook serve --listen 127.0.0.1:8443 --nats tls://n1:4222,tls://n2:4222,tls://n3:4222 --database postgres://rollbook@db/rollbook\n" +
			"  rollbook serve --role projector --nats tls://n1:4222 --database postgres://rollbook@db/rollbook --anchor /srv/shared/checkpoints",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if name != "" && !domain.ValidID(name) {
				return usage("--name %q is not 1 to 64 of the characters A-Z a-z 0-9 _ -", "--name %q phải gồm 1 đến 64 ký tự A-Z a-z 0-9 _ -", show(name))
			}
			if err := o.check(); err != nil {
				return err
			}
			if err := a.takeRoles(&o); err != nil {
				return err
			}
			ctx := cmd.Context()
			return a.traced(ctx, func(traces trace.TracerProvider) error {
				o.traces = traces
				return a.withLedgerIn(ctx, a.dir, ledger.Options{Create: true, Name: name, Traces: traces, Roles: o.roles, Service: true}, func(l *ledger.Ledger) error {
					return a.serve(ctx, l, o)
				})
			})
		},
	}
	cmd.Flags().StringVar(&o.role, "role", cmp.Or(a.env("ROLLBOOK_ROLE"), ledger.AllRoles().String()), "parts of the work that this instance does; less than all needs --nats, --database and --anchor, which instances share (ROLLBOOK_ROLE)")
	cmd.Flags().StringVar(&o.listen, "listen", cmp.Or(a.env("ROLLBOOK_LISTEN"), "127.0.0.1:8080"), "address to listen at; one that others reach needs TLS, here or in front of it (ROLLBOOK_LISTEN)")
	cmd.Flags().StringVar(&o.url, "url", a.env("ROLLBOOK_URL"), "where people reach the service if a proxy in front of it speaks TLS, such as https://rollbook.example (ROLLBOOK_URL)")
	cmd.Flags().StringVar(&o.cert, "tls-cert", a.env("ROLLBOOK_TLS_CERT"), "file with the certificate to serve TLS by; it is read again when it changes (ROLLBOOK_TLS_CERT)")
	cmd.Flags().StringVar(&o.key, "tls-key", a.env("ROLLBOOK_TLS_KEY"), "file with the key to that certificate (ROLLBOOK_TLS_KEY)")
	a.issuerFlag(cmd, &o.oidc.Issuer)
	cmd.Flags().StringVar(&o.oidc.ClientID, "oidc-client-id", a.env("ROLLBOOK_OIDC_CLIENT_ID"), "what that provider knows this service as (ROLLBOOK_OIDC_CLIENT_ID)")
	cmd.Flags().StringVar(&o.oidc.SecretFile, "oidc-client-secret", a.env("ROLLBOOK_OIDC_CLIENT_SECRET"), "file with the client secret, which nobody else may read; without it the service is a public client (ROLLBOOK_OIDC_CLIENT_SECRET)")
	cmd.Flags().StringVar(&o.oidc.CAFile, "oidc-ca", a.env("ROLLBOOK_OIDC_CA"), "file with the certificate of who vouches for that provider's; without it those that this machine trusts (ROLLBOOK_OIDC_CA)")
	cmd.Flags().StringVar(&name, "name", "", "name of the ledger, when it is made (default ledger)")
	return cmd
}

// reachable is what serve answers in JSON, as soon as it can be reached.
type reachable struct {
	Ledger string `json:"ledger"`
	URL    string `json:"url"`
	Socket string `json:"socket"`
	// Roles are the parts of the work that this instance does.
	Roles ledger.Roles `json:"roles"`
	// First is where the first operator chooses login and password, once and
	// within a day; "" when there is one.
	First string `json:"first,omitempty"`
}

// serveOptions are the flags of serve.
type serveOptions struct {
	listen, url, cert, key string
	role                   string
	roles                  ledger.Roles // what role says

	traces trace.TracerProvider // nil for none
	oidc   openid.Config
}

func (o serveOptions) check() error {
	if (o.cert == "") != (o.key == "") {
		return usage("--tls-cert and --tls-key go together", "--tls-cert và --tls-key phải đi cùng nhau")
	}
	if u, err := url.Parse(o.url); o.url != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/") {
		return usage("--url %q is not an address such as https://rollbook.example", "--url %q không phải địa chỉ như https://rollbook.example", show(o.url))
	}
	host, _, err := net.SplitHostPort(o.listen)
	if err != nil {
		return usage("--listen %q is not an address such as 127.0.0.1:8080", "--listen %q không phải địa chỉ như 127.0.0.1:8080", show(o.listen))
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) && !o.secure() {
		return usage("--listen %s is reached by others, and passwords would go over the network in clear: give --tls-cert and --tls-key, or --url if a proxy in front speaks TLS",
			"--listen %s mở cho máy khác, mật khẩu sẽ đi qua mạng không mã hoá: hãy ghi --tls-cert và --tls-key, hoặc --url nếu có máy chủ TLS đứng trước", show(o.listen))
	}
	return o.checkProvider(host)
}

// checkProvider refuses an OpenID provider that nobody could come back from.
func (o serveOptions) checkProvider(host string) error {
	if o.oidc.Issuer == "" {
		if o.oidc.ClientID != "" || o.oidc.SecretFile != "" || o.oidc.CAFile != "" {
			return usage("--oidc-client-id, --oidc-client-secret and --oidc-ca need --oidc-issuer", "--oidc-client-id, --oidc-client-secret và --oidc-ca phải đi cùng --oidc-issuer")
		}
		return nil
	}
	if err := o.oidc.Check(); err != nil {
		return usage("--oidc-issuer, --oidc-client-id, --oidc-client-secret or --oidc-ca: %v", "--oidc-issuer, --oidc-client-id, --oidc-client-secret hoặc --oidc-ca không dùng được: %v", err)
	}
	if ip := net.ParseIP(host); o.url == "" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return usage("--oidc-issuer needs --url, the address that the OpenID provider sends people back to", "--oidc-issuer cần --url, là địa chỉ mà nơi đăng nhập đưa người dùng trở lại")
	}
	return nil
}

// takeRoles settles which parts of the work are to be done, and what log lines say
// of it.
func (a *app) takeRoles(o *serveOptions) error {
	var err error
	if o.roles, err = ledger.ParseRoles(o.role); err != nil {
		return badRoles(o.role)
	}
	a.roles = o.roles
	if o.roles.All() {
		return nil
	}
	if lack := (ledger.Options{Roles: o.roles, Servers: a.servers, Database: a.database, Signing: a.signing}).Lacks(); lack != (domain.Text{}) {
		return &problem{name: "usage", exit: exitUsage, text: lack}
	}
	if _, err := os.Stat(filepath.Join(a.dir, "ledger.json")); errors.Is(err, fs.ErrNotExist) {
		return notFound("there is no ledger.json in %s, and an instance that does a part of the work makes none: copy that of the instance with the role auditor, which has made the ledger",
			"%s không có ledger.json, và tiến trình làm một phần việc không lập sổ: hãy chép tệp đó từ tiến trình mang vai trò auditor, nơi sổ được lập", show(a.dir))
	}
	a.logger = a.logger.With(slog.String("role", o.roles.String()))
	return nil
}

func badRoles(text string) error {
	return usage("--role is one or more of %[1]s with commas between, not %[2]q", "--role là một hoặc nhiều trong %[1]s, cách nhau bằng dấu phẩy, không phải %[2]q", ledger.AllRoles(), show(text))
}

// provider returns the OpenID provider of a service that is reached at an address; nil
// if there is none.
func (o serveOptions) provider(a *app, address string) (*openid.Provider, error) {
	if o.oidc.Issuer == "" {
		return nil, nil
	}
	c := o.oidc
	c.Return, c.Clock, c.Logger = address+openid.ReturnPath, a.now, a.logger
	return openid.New(c)
}

// secure reports whether people reach the service by TLS.
func (o serveOptions) secure() bool { return o.cert != "" || o.url != "" }

// certificate is one that is read again when its file changes.
type certificate struct {
	cert, key string

	mu   sync.Mutex
	read time.Time
	pair *tls.Certificate
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	info, err := os.Stat(c.cert)
	if err == nil && (c.pair == nil || !info.ModTime().Equal(c.read)) {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(c.cert, c.key); err == nil {
			c.pair, c.read = &pair, info.ModTime()
		}
	}
	if c.pair != nil {
		return c.pair, nil // while the files are being exchanged, the one before
	}
	return nil, err
}

// serve serves a ledger until ctx ends, which is how it is meant to end.
func (a *app) serve(ctx context.Context, l *ledger.Ledger, o serveOptions) (err error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", o.listen)
	if err != nil {
		return &problem{name: "usage", exit: exitUsage, cause: err, text: textf(
			"cannot listen at %s: %v; name another address with --listen", "không thể mở cổng %s: %v; hãy chỉ địa chỉ khác bằng --listen", show(o.listen), err)}
	}
	defer listener.Close()
	scheme := "http://"
	if o.cert != "" {
		c := &certificate{cert: o.cert, key: o.key}
		if _, err := c.get(nil); err != nil {
			return usage("the certificate cannot be used: %v", "không dùng được chứng chỉ: %v", err)
		}
		listener = tls.NewListener(listener, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get, NextProtos: []string{"http/1.1"}})
		scheme = "https://"
	}
	socket, err := a.listenSocket(ctx, filepath.Join(a.dir, ledger.SocketFile))
	if err != nil {
		return err
	}

	rights, err := access.Open(ctx, access.Config{Dir: a.dir, Database: a.database, Places: service.Places{Ledger: l, Clock: a.now}, Clock: a.now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rights.Close()) }()
	answer := reachable{Ledger: l.Name(), URL: scheme + listener.Addr().String(), Roles: o.roles}
	if o.url != "" {
		answer.URL = strings.TrimSuffix(o.url, "/")
	}
	var provider *openid.Provider
	if o.roles.Has(ledger.RoleAPI) {
		if provider, err = o.provider(a, answer.URL); err != nil {
			return err
		}
	}
	s := &service.Service{Ledger: l, Access: rights, Provider: provider, Clock: a.now, Head: a.envHead()}
	seen, err := pages.New(s, a.logger)
	if err != nil {
		return err
	}
	ready := make(chan struct{})
	server := web.New(web.Options{
		Service: s, Pages: seen, Metrics: l.Registry(), Traces: o.traces, Logger: a.logger, Roles: o.roles,
		URL: o.url, Secure: o.secure(), Commands: a.visitors(s), Ready: ready,
	})
	if o.roles.Has(ledger.RoleAPI) {
		first, err := rights.FirstOperator(ctx)
		if err != nil {
			return err
		}
		if first != "" {
			answer.First = answer.URL + "/first/" + first
		}
	}
	if socket != nil {
		defer socket.Close()
		answer.Socket = socket.Addr().String()
	}
	errands, err := a.listenSocket(ctx, filepath.Join(a.dir, ledger.ErrandsFile))
	if err != nil {
		return err
	}
	g, running := errgroup.WithContext(ctx)
	if errands != nil {
		g.Go(func() error { return a.doErrands(running, errands, l) })
	}
	g.Go(func() error {
		// Health is answered meanwhile: with new read models this may take a minute.
		if o.roles.Has(ledger.RoleProjector) {
			if err := a.catchUp(running, l); err != nil {
				return ignoreEnd(err)
			}
		}
		close(ready)
		if err := a.showReachable(answer); err != nil {
			return err
		}
		return l.Keep(running, ledger.Keeping{Models: o.roles.Has(ledger.RoleProjector), Feed: o.roles.Has(ledger.RoleFeed)})
	})
	if provider != nil {
		g.Go(func() error { provider.Watch(running); return nil })
	}
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

// showReachable says where the service is.
func (a *app) showReachable(answer reachable) error {
	switch {
	case a.json && a.out.documented: // of the demo, which has said all that it says
	case a.json:
		a.out.document(answer)
	default:
		a.out.printf(a.say("Serving the ledger %s at %s\n", "Đang phục vụ sổ %s tại %s\n"), answer.Ledger, answer.URL)
		if !answer.Roles.All() {
			a.out.printf(a.say("This instance does a part of the work: %s\n", "Tiến trình này làm một phần việc: %s\n"), answer.Roles)
		}
		if answer.First != "" {
			a.out.printf(a.say("Choose a login and a password for the first operator, once and within a day, at\n%s\n", "Hãy chọn tên đăng nhập và mật khẩu cho người vận hành đầu tiên, một lần trong một ngày, tại\n%s\n"), answer.First)
		}
	}
	if err := a.out.flush(); err != nil {
		return errOutput(err)
	}
	return nil
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
