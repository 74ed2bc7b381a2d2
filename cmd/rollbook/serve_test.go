package main

import (
	"archive/zip"
	"bufio"
	"bytes"
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
	"net/url"
	"os"
	"path/filepath"
	"slices"
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
	if s.URL == "" {
		t.Fatalf("serve did not begin: %s", line)
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
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"rollbook.example"}}
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

// unpacked returns a workbook's parts by name, which stand in its archive in any order;
// and what is no workbook as it is.
func unpacked(t *testing.T, file []byte) []byte {
	t.Helper()
	if !bytes.HasPrefix(file, []byte("PK")) {
		return file
	}
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(z.File, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	var all bytes.Buffer
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(f.Name + "\n")
		if _, err := io.Copy(&all, r); err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
	}
	return all.Bytes()
}

// Every report that the service hands out is, to the byte, the file that the command
// writes.
func TestTheServiceHandsOutTheFilesOfTheCommand(t *testing.T) {
	dir := shortDir(t)
	if a := rollbook(t, nil, "--data", dir, "import", filepath.Join("testdata", "office.ndjson")); a.exit != exitDone {
		t.Fatalf("import: %+v", a)
	}
	type file struct {
		path   string
		head   http.Header
		wanted []byte
	}
	var files []file
	for path, args := range examples {
		what, name, _ := strings.Cut(path, " ")
		switch what {
		case "report":
			what = "reports"
		case "explain":
		default:
			continue
		}
		q, head := url.Values{"lang": {"vi"}}, http.Header{}
		for i := 0; i < len(args); i++ {
			flag := strings.ReplaceAll(strings.TrimPrefix(args[i], "--"), "-", "_")
			switch {
			case flag == "search":
				i++
				head.Set("X-Search", args[i])
			case i+1 < len(args) && !strings.HasPrefix(args[i+1], "--"):
				i++
				q.Set(flag, args[i])
			default:
				q.Set(flag, "true")
			}
		}
		for _, form := range []string{"csv", "xlsx", "pdf"} {
			out := filepath.Join(t.TempDir(), "report."+form)
			if a := rollbook(t, nil, append(append(strings.Fields(path), args...), "--data", dir, "--lang", "vi", "-o", out)...); a.exit != exitDone {
				t.Fatalf("%s as %s: %+v", path, form, a)
			}
			wanted, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			q.Set("format", form)
			files = append(files, file{"/api/v1/" + what + "/" + name + "?" + q.Encode(), head, wanted})
		}
	}
	if len(files) != 3*17 {
		t.Errorf("%d files to compare, want three of each report", len(files))
	}
	service := serveDirectory(t, dir)
	for _, f := range files {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://ledger"+f.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = f.head
		response, err := service.owner.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK || !bytes.Equal(unpacked(t, got), unpacked(t, f.wanted)) {
			t.Errorf("%s: %d, %d bytes from the service, %d from the command, %v", f.path, response.StatusCode, len(got), len(f.wanted), err)
		}
	}
}
