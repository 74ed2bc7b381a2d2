// Package natstest starts the NATS servers of deploy/nats for tests.
package natstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	random "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"rollbook/eventstore/jetstream"
)

// Deployment is servers that run as the files of deploy/nats say, but for their ports
// and certificates.
type Deployment struct {
	URL string // of all servers, with commas between
	CA  string // the certificate that they are checked by, a file

	dir string // keys and certificates
}

// Key returns the file with the secret of a login, by its name in any case.
func (d *Deployment) Key(login string) string {
	return filepath.Join(d.dir, strings.ToLower(login)+".nk")
}

// Deploy starts the first one, or all three, of the servers of the folder deploy/nats, on
// free ports of this machine. They end with the test.
func Deploy(t testing.TB, folder string, count int) *Deployment {
	t.Helper()
	d := &Deployment{dir: t.TempDir()}
	d.CA = filepath.Join(d.dir, "ca.pem")
	d.certificates(t)
	if _, err := jetstream.MakeUsers(d.dir); err != nil {
		t.Fatal(err)
	}
	var routes, urls []string
	ports := make([]int, count)
	for i := range ports {
		ports[i] = FreePort(t)
		routes = append(routes, fmt.Sprintf(`"nats://127.0.0.1:%d"`, ports[i]))
	}
	servers := make([]*server.Server, count)
	for i := range servers {
		port := FreePort(t)
		urls = append(urls, fmt.Sprintf("tls://127.0.0.1:%d", port))
		servers[i] = d.server(t, folder, i+1, count == 1, [][2]string{
			{"0.0.0.0:4222", fmt.Sprintf("127.0.0.1:%d", port)},
			{"0.0.0.0:6222", fmt.Sprintf("127.0.0.1:%d", ports[i])},
			{`"nats://n1:6222", "nats://n2:6222", "nats://n3:6222"`, strings.Join(routes, ", ")},
		})
	}
	d.URL = strings.Join(urls, ",")
	for _, s := range servers {
		s.Start()
	}
	t.Cleanup(func() {
		for _, s := range servers {
			s.Shutdown()
			s.WaitForShutdown()
		}
	})
	for _, s := range servers {
		if !s.ReadyForConnections(30 * time.Second) {
			t.Fatal("a server of deploy/nats did not start")
		}
	}
	return d
}

// server makes the server of a number, from the files with changes.
func (d *Deployment) server(t testing.TB, folder string, number int, alone bool, changes [][2]string) *server.Server {
	t.Helper()
	dir, own := t.TempDir(), fmt.Sprintf("n%d.conf", number)
	changes = append(changes, [2]string{"/etc/nats/tls", d.dir}, [2]string{"/var/lib/nats", filepath.Join(dir, "store")}, [2]string{`http: "127.0.0.1:8222"`, ""})
	for _, path := range []string{filepath.Join(folder, "common.conf"), filepath.Join(folder, "accounts.conf"), filepath.Join(folder, own), filepath.Join(d.dir, jetstream.UsersFile)} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text, name := string(b), filepath.Base(path)
		for _, change := range changes {
			text = strings.ReplaceAll(text, change[0], change[1])
		}
		if alone && name == "common.conf" {
			begin, end := strings.Index(text, "cluster {"), strings.Index(text, "# Only for the machine")
			text = text[:begin] + text[end:]
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	opts, err := server.ProcessConfigFile(filepath.Join(dir, own))
	if err != nil {
		t.Fatalf("deploy/nats: %v", err)
	}
	opts.NoSigs = true
	s, err := server.NewServer(opts)
	if err != nil {
		t.Fatalf("deploy/nats: %v", err)
	}
	return s
}

// certificates makes an authority and a certificate for 127.0.0.1.
func (d *Deployment) certificates(t testing.TB) {
	t.Helper()
	write := func(name, kind string, b []byte) {
		if err := os.WriteFile(filepath.Join(d.dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	makeOne := func(name string, template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if parent == nil {
			parent, signer = template, key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
		if err != nil {
			t.Fatal(err)
		}
		secret, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		write(name+".pem", "CERTIFICATE", der)
		write(name+"-key.pem", "PRIVATE KEY", secret)
		made, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return made, key
	}
	now := time.Now()
	ca, caKey := makeOne("ca", &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, nil)
	makeOne("server", &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "n"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}, ca, caKey)
}

// given are the ports that this process has given away, which nobody may listen at just
// now.
var given sync.Map

// FreePort returns a port that nobody listens at, below those that the system gives
// away by itself: else a connection of another test may take it before, or while, the
// server that it is for is down.
func FreePort(t testing.TB) int {
	t.Helper()
	const first, last = 20_000, 32_000
	for range last - first {
		port := first + random.IntN(last-first)
		if _, taken := given.LoadOrStore(port, true); taken {
			continue
		}
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		return port
	}
	t.Fatal("no port is free")
	return 0
}
