package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollbook/ledger"
)

// served is a service that runs in this process.
type served struct {
	reachable
	owner *http.Client // reaches it by its socket
	end   func() int   // ends it and returns the exit code
}

// serveDirectory serves a ledger until the test ends.
func serveDirectory(t testing.TB, dir string, args ...string) served {
	t.Helper()
	return serveLogged(t, dir, io.Discard, args...)
}

// serveLogged is serveDirectory with somebody who reads its log.
func serveLogged(t testing.TB, dir string, log io.Writer, args ...string) served {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	done := make(chan int, 1)
	go func() {
		exit := run(ctx, append([]string{"--data", dir, "--json", "serve", "--listen", "127.0.0.1:0"}, args...), nil, in, log)
		_ = in.Close()
		done <- exit
	}()
	s := served{}
	s.end = func() int {
		cancel()
		exit := <-done
		done <- exit
		return exit
	}
	t.Cleanup(func() { s.end() })
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("serve did not begin: %v (exit %d)", err, s.end())
	}
	if err := json.Unmarshal(line, &s.reachable); err != nil {
		t.Fatalf("serve answered %s: %v", line, err)
	}
	s.owner = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", s.Socket)
	}}}
	return s
}

// shortDir is a directory whose path leaves room for a socket.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "rb") //nolint:usetesting // t.TempDir is longer than a socket's path may be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "data")
}

func TestServeMakesALedgerAnswersAndEndsInGoodOrder(t *testing.T) {
	dir := shortDir(t)
	s := serveDirectory(t, dir)
	for _, path := range []string{"/healthz", "/readyz"} {
		for name, client := range map[string]*http.Client{s.URL: http.DefaultClient, "http://socket": s.owner} {
			answer, err := client.Get(name + path)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				t.Errorf("GET %s%s = %d, want 200", name, path, answer.StatusCode)
			}
		}
	}
	page, err := http.Get(s.URL + "/members/somebody") // a stranger is sent to the door
	if err != nil {
		t.Fatal(err)
	}
	// To the end: then the next request comes on the same connection, after this one was counted.
	if _, err := io.Copy(io.Discard, page.Body); err != nil {
		t.Fatal(err)
	}
	_ = page.Body.Close()
	metrics, err := http.Get(s.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(metrics.Body)
	_ = metrics.Body.Close()
	for _, name := range []string{
		"rollbook_log_", "rollbook_audit_", "rollbook_projection_lag_events", "rollbook_append_duration_seconds_bucket", `rollbook_http_requests_total{code="2xx",method="GET",route="/healthz"}`,
		`rollbook_http_requests_total{code="3xx",method="GET",route="/members/{id}"} 1`, `rollbook_http_requests_total{code="2xx",method="GET",route="/sign-in"} 1`,
	} {
		if err != nil || !strings.Contains(string(text), name) {
			t.Errorf("GET /metrics = %d, %v, without %s", metrics.StatusCode, err, name)
		}
	}
	info, err := os.Stat(filepath.Join(dir, ledger.SocketFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket has mode %v, %v; want 0600", info.Mode(), err)
	}
	if a := rollbook(t, nil, "--data", dir, "report", "headcount"); a.exit != exitUnreachable {
		t.Errorf("a second process beside the service: exit %d, want %d: %s", a.exit, exitUnreachable, a.stderr)
	}
	if exit := s.end(); exit != exitDone {
		t.Errorf("serve ended with %d, want 0", exit)
	}
	if a := rollbook(t, nil, "--data", dir, "report", "headcount"); a.exit != exitDone {
		t.Errorf("after the service has ended: exit %d: %s", a.exit, a.stderr)
	}
}

// A certificate that is renewed is served without a restart; while its files do not go
// together, the one before.
func TestServeTakesARenewedCertificate(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	issued := time.Now().Add(-time.Hour)
	put := func(path string, b []byte) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		issued = issued.Add(time.Minute) // a file system may count in seconds
		if err := os.Chtimes(path, issued, issued); err != nil {
			t.Fatal(err)
		}
	}
	firstCert, firstKey := selfSigned(t, "first")
	secondCert, secondKey := selfSigned(t, "second")
	put(key, firstKey)
	put(cert, firstCert)
	s := serveDirectory(t, shortDir(t), "--tls-cert", cert, "--tls-key", key)
	if !strings.HasPrefix(s.URL, "https://") {
		t.Fatalf("served at %s", s.URL)
	}
	served := func() string {
		t.Helper()
		c, err := tls.Dial("tcp", strings.TrimPrefix(s.URL, "https://"), &tls.Config{InsecureSkipVerify: true}) // who it is is what is asked
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	for _, step := range []struct {
		name string
		do   func()
		want string
	}{
		{"at the start", func() {}, "first"},
		{"with the new certificate beside the old key", func() { put(cert, secondCert) }, "first"},
		{"with both", func() { put(key, secondKey) }, "second"},
		{"with a file that holds nothing", func() { put(cert, nil) }, "second"},
	} {
		step.do()
		if got := served(); got != step.want {
			t.Errorf("%s the %s is served, want the %s", step.name, got, step.want)
		}
	}
	if _, err := tls.Dial("tcp", strings.TrimPrefix(s.URL, "https://"), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil { //nolint:gosec // that it is refused
		t.Error("TLS 1.1 is spoken")
	}
}

// selfSigned makes a certificate in the name of somebody, and its key, as PEM.
func selfSigned(t *testing.T, name string) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}
