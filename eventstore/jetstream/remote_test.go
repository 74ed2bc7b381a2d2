package jetstream_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
	"rollbook/eventstore/jetstream/natstest"
	"rollbook/eventstore/storetest"
)

var suites atomic.Int64

// suite runs the suite of every log on servers, with a log of its own for each
// test.
func suite(t *testing.T, servers *nodes) {
	admin := servers.admin(t)
	storetest.Run(t, func(t testing.TB) storetest.Log {
		cfg := servers.config()
		n := suites.Add(1)
		cfg.Name, cfg.Prefix = fmt.Sprint("SUITE", n), fmt.Sprint("suite", n)
		t.Cleanup(func() {
			if _, err := admin.Request("$JS.API.STREAM.DELETE."+cfg.Name, nil, time.Minute); err != nil {
				t.Errorf("delete %s: %v", cfg.Name, err)
			}
		})
		return open(t, cfg)
	})
}

func TestServerOfItsOwnKeepsThePromise(t *testing.T) {
	t.Parallel()
	suite(t, startNodes(t, 1, "nats-server", ""))
}

func TestClusterKeepsThePromise(t *testing.T) {
	t.Parallel()
	suite(t, startNodes(t, 3, "nats-server-quick", ""))
}

// The login of a running program can do all that the program does, and not make,
// change or remove a log.
func TestServerOfItsOwn(t *testing.T) {
	t.Parallel()
	servers := startNodes(t, 1, "nats-server", "")
	cfg := servers.config()
	cfg.Timeout = 5 * time.Second
	cfg.NKeyFile = servers.ledger.file
	if _, err := jetstream.Open(t.Context(), cfg); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open without a log = %v; want %v", err, fs.ErrNotExist)
	}
	cfg.NKeyFile = servers.maker.file
	if made, err := jetstream.Create(t.Context(), cfg); err != nil || !made {
		t.Fatalf("Create = %v, %v", made, err)
	}

	cfg.NKeyFile = servers.ledger.file
	var lines bytes.Buffer
	cfg.Logger = slog.New(slog.NewTextHandler(&lines, nil))
	log := openLogin(t, cfg)
	mustAppend(t, log, 1, write("member/m1", head(0, 0), rec("a")))
	mustAppend(t, log, 4, write("member/m1", head(1, 1), recs("b", 2)...), write("member/m2", head(0, 0), rec("c")))
	mustAppend(t, log, 4, write("member/m1", head(1, 1), recs("b", 2)...), write("member/m2", head(0, 0), rec("c")))
	if list := replayAll(t, log); len(list) != 4 {
		t.Errorf("Replay = %d records; want 4", len(list))
	}
	if list, err := log.Load(t.Context(), "member/m1", 0); err != nil || len(list) != 3 {
		t.Errorf("Load = %d records, %v; want 3", len(list), err)
	}
	if err := log.Health(t.Context()); err != nil || log.Unsafe() {
		t.Errorf("Health = %v, Unsafe = %v", err, log.Unsafe())
	}
	if lines.Len() > 0 {
		t.Errorf("the log of a program with few rights says %s", lines.String())
	}
	for _, call := range []string{"STREAM.CREATE.LEDGER", "STREAM.UPDATE.LEDGER", "STREAM.DELETE.LEDGER", "STREAM.PURGE.LEDGER", "STREAM.MSG.DELETE.LEDGER"} {
		if answer, err := log.Conn().Request("$JS.API."+call, []byte(`{"name":"LEDGER"}`), 200*time.Millisecond); !errors.Is(err, nats.ErrTimeout) {
			t.Errorf("%s = %v, %v; want no answer", call, answer, err)
		}
	}

	// The connection is cut and the server comes back: the log goes on.
	for round := range 3 {
		servers.all[0].kill(t)
		servers.all[0].start(t, "always")
		writes := write("member/m2", head(4+round, 1+round), rec(fmt.Sprint("d", round)))
		deadline := time.Now().Add(time.Minute)
		at, err := log.Append(t.Context(), writes)
		for ; err != nil; at, err = log.Append(t.Context(), writes) {
			if !errors.Is(err, eventstore.ErrUnknownOutcome) && !errors.Is(err, eventstore.ErrUnavailable) || time.Now().After(deadline) {
				t.Fatalf("Append after a restart of the server = %v", err)
			}
		}
		if want := eventstore.Position(5 + round); at != want {
			t.Errorf("Append after a restart of the server = %d; want %d", at, want)
		}
	}
	rate, err := jetstream.BareBatchesOf(t.Context(), jetstream.Config{URL: servers.url(), NKeyFile: servers.deploy.file, Name: "BARE", Prefix: "bare"}, 500, 100, 300)
	if err != nil || rate <= 0 {
		t.Errorf("BareBatchesOf = %v, %v", rate, err)
	}
}

// A server that cannot be asked how it syncs is refused as one that syncs now and
// then.
func TestServerThatDoesNotTell(t *testing.T) {
	t.Parallel()
	servers := startNodes(t, 1, "nats-server", "")
	server := servers.all[0]
	server.kill(t)
	server.template = strings.ReplaceAll(server.template, "PING.JSZ", "PING.OTHER")
	server.start(t, "always")
	servers.awaitReady(t)
	cfg := servers.config()
	cfg.Create, cfg.Timeout = true, 5*time.Second
	if _, err := jetstream.Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "JSZ") {
		t.Errorf("Open = %v; want an error that names the service", err)
	}
	cfg.UnsafeSync = true
	if log := open(t, cfg); !log.Unsafe() {
		t.Error("Unsafe = false where nobody tells")
	}
}

func TestOpenOfServersThatAreNotThere(t *testing.T) {
	cfg := jetstream.Config{URL: fmt.Sprintf("nats://127.0.0.1:%d", natstest.FreePort(t)), Timeout: 500 * time.Millisecond}
	if _, err := jetstream.Open(t.Context(), cfg); !errors.Is(err, jetstream.ErrUnreachable) {
		t.Errorf("Open = %v; want %v", err, jetstream.ErrUnreachable)
	}
	// One that takes the connection and says nothing.
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	cfg.URL = silent.Addr().String()
	if _, err := jetstream.Open(t.Context(), cfg); !errors.Is(err, jetstream.ErrUnreachable) {
		t.Errorf("Open of a silent server = %v; want %v", err, jetstream.ErrUnreachable)
	}
}

// Whatever is wrong with a login, its secret is in no error and in no log line.
func TestLoginIsNeverShown(t *testing.T) {
	t.Parallel()
	servers := startNodes(t, 1, "nats-server", "")
	seed, err := os.ReadFile(servers.deploy.file)
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, content []byte, mode os.FileMode) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, content, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	stranger := newLogin(t)
	strange, err := os.ReadFile(stranger.file)
	if err != nil {
		t.Fatal(err)
	}
	const password = "hunter2-never-shown"
	url := servers.url()
	tests := []struct {
		name string
		cfg  jetstream.Config
		want error // nil if any will do
	}{
		{"a password in the URL", jetstream.Config{URL: "nats://ledger:" + password + "@127.0.0.1:1"}, jetstream.ErrLogin},
		{"a password in a URL of several", jetstream.Config{URL: url + ", nats://" + password + "@127.0.0.1:1"}, jetstream.ErrLogin},
		{"a password in a URL that is none", jetstream.Config{URL: "nats://ledger:" + password + "@[::1"}, nil},
		{"another scheme", jetstream.Config{URL: "http://" + password + ".example"}, nil},
		{"no host", jetstream.Config{URL: "nats://,nats://"}, nil},
		{"a seed that others may read", jetstream.Config{URL: url, NKeyFile: file("open.nk", seed, 0o644)}, jetstream.ErrLogin},
		{"a seed cut short", jetstream.Config{URL: url, NKeyFile: file("short.nk", seed[:30], 0o600)}, jetstream.ErrLogin},
		{"a seed in other words", jetstream.Config{URL: url, NKeyFile: file("words.nk", []byte("the seed is "+string(seed)), 0o600)}, jetstream.ErrLogin},
		{"no file", jetstream.Config{URL: url, NKeyFile: filepath.Join(t.TempDir(), "none")}, jetstream.ErrLogin},
		{"a directory", jetstream.Config{URL: url, NKeyFile: t.TempDir()}, jetstream.ErrLogin},
		{"a login that the servers do not know", jetstream.Config{URL: url, NKeyFile: stranger.file}, jetstream.ErrLogin},
		{"no login", jetstream.Config{URL: url}, jetstream.ErrLogin},
		{"a certificate without a key", jetstream.Config{URL: url, TLS: jetstream.TLSFiles{Cert: "c.pem"}}, jetstream.ErrLogin},
		{"authorities that are none", jetstream.Config{URL: url, TLS: jetstream.TLSFiles{CA: file("ca.pem", []byte("none"), 0o600)}}, jetstream.ErrLogin},
		{"a directory and a URL", jetstream.Config{URL: url, Dir: t.TempDir()}, nil},
		{"neither", jetstream.Config{}, nil},
		{"two replicas", jetstream.Config{URL: url, Replicas: 2}, nil},
		{"replicas of an embedded log", jetstream.Config{Dir: t.TempDir(), Replicas: 3}, nil},
		{"an nkey for an embedded log", jetstream.Config{Dir: t.TempDir(), NKeyFile: servers.deploy.file}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var lines bytes.Buffer
			tt.cfg.Logger = slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
			tt.cfg.Timeout = 2 * time.Second
			_, err := jetstream.Open(t.Context(), tt.cfg)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Fatalf("Open = %v; want %v", err, tt.want)
			}
			said := err.Error() + lines.String()
			for _, secret := range []string{password, string(seed), string(seed[:30]), string(strange)} {
				if strings.Contains(said, secret) {
					t.Errorf("Open shows a secret: %s", said)
				}
			}
		})
	}
}

// What a list of servers comes to is what is dialled and shown: it holds no login,
// and neither does the error for a list that is none.
func FuzzParseServers(f *testing.F) {
	for _, list := range []string{"n1:4222", "nats://n1,tls://n2:4222", "nats://u:secret@n1", "tls://[::1]:4222", "nats://n1/a?b#c", "secret@n1", "nats://a@b@n1", ",", "::", "nats://%zz"} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		servers, _, err := jetstream.ParseServers(list)
		if err != nil {
			if user, _, found := strings.Cut(list, "@"); found && len(user) > 20 && strings.Contains(err.Error(), user) {
				t.Errorf("ParseServers(%q) = %v", list, err)
			}
			return
		}
		if len(servers) != strings.Count(list, ",")+1 {
			t.Errorf("ParseServers(%q) = %q", list, servers)
		}
		for _, server := range servers {
			if strings.Contains(server, "@") || !strings.HasPrefix(server, "nats://") && !strings.HasPrefix(server, "tls://") {
				t.Errorf("ParseServers(%q) = %q", list, servers)
			}
		}
	})
}

func TestLeaderIsTrustedWhenItHeardFromAMajority(t *testing.T) {
	const since = 5 * time.Millisecond
	for info, want := range map[string]bool{
		`{"cluster":{"leader":"n1","replicas":[{"name":"n2","active":4000000},{"name":"n3","active":9000000000}]}}`:                true,
		`{"cluster":{"leader":"n1","replicas":[{"name":"n2","active":6000000},{"name":"n3","active":9000000000}]}}`:                false,
		`{"cluster":{"leader":"n1","replicas":[{"name":"n2","active":0},{"name":"n3","active":0}]}}`:                               false, // never heard
		`{"cluster":{"leader":"n1","replicas":[{"name":"n2","active":4000000,"offline":true},{"name":"n3","active":9000000000}]}}`: false,
		`{"cluster":{"replicas":[{"name":"n2","active":4000000},{"name":"n3","active":4000000}]}}`:                                 false,
		`{"cluster":{"leader":"n1"}}`: true,
	} {
		if got, err := jetstream.Heard([]byte(info), since); err != nil || got != want {
			t.Errorf("%s: heard = %v, %v; want %v", info, got, err, want)
		}
	}
}

// authority makes certificates in files.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	file        string
}

// issue writes a certificate and its key; without by it is an authority's own.
func issue(t *testing.T, by *authority) (made authority, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "rollbook test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: by == nil,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	parent, parentKey := template, key
	if by != nil {
		parent, parentKey = by.certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	made = authority{key: key, file: filepath.Join(dir, "cert.pem")}
	if made.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	keyFile = filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{made.file: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return made, keyFile
}

func TestServerWithCertificates(t *testing.T) {
	t.Parallel()
	ca, _ := issue(t, nil)
	other, _ := issue(t, nil)
	server, serverKey := issue(t, &ca)
	program, programKey := issue(t, &ca)
	servers := startNodes(t, 1, "nats-server", "")
	node := servers.all[0]
	node.kill(t)
	node.template += fmt.Sprintf("tls { ca_file: %q, cert_file: %q, key_file: %q, verify: true }\n", ca.file, server.file, serverKey)
	node.start(t, "always")

	good := jetstream.TLSFiles{CA: ca.file, Cert: program.file, Key: programKey}
	cfg := servers.config()
	cfg.Create, cfg.Timeout, cfg.TLS = true, 10*time.Second, good
	for _, scheme := range []string{"nats", "tls"} {
		cfg.URL = strings.Replace(servers.url(), "nats", scheme, 1)
		log := open(t, cfg)
		if version := tlsVersion(t, log); version < 0x0303 {
			t.Errorf("the connection is TLS %x", version)
		}
		if err := log.Health(t.Context()); err != nil {
			t.Errorf("Health over TLS = %v", err)
		}
	}
	cfg.Timeout = time.Second
	for name, files := range map[string]jetstream.TLSFiles{
		"none": {}, "another authority": {CA: other.file, Cert: program.file, Key: programKey}, "no certificate": {CA: ca.file},
	} {
		cfg.TLS = files
		if log, err := jetstream.Open(t.Context(), cfg); err == nil {
			t.Errorf("Open with %s succeeds", name)
			mustClose(t, log)
		}
	}
	if err := os.Chmod(programKey, 0o640); err != nil {
		t.Fatal(err)
	}
	cfg.TLS = good
	if _, err := jetstream.Open(t.Context(), cfg); !errors.Is(err, jetstream.ErrLogin) {
		t.Errorf("Open with a key that others may read = %v; want %v", err, jetstream.ErrLogin)
	}
}

func tlsVersion(t *testing.T, log *jetstream.Log) uint16 {
	t.Helper()
	state, err := log.Conn().TLSConnectionState()
	if err != nil {
		t.Fatal(err)
	}
	return state.Version
}
