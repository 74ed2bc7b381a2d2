package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollbook/eventstore/jetstream"
)

// The same commands on NATS servers as on an embedded log.
func TestALedgerOnServers(t *testing.T) {
	t.Parallel() // it waits for a server that is not there
	url := startServer(t)
	dir := filepath.Join(t.TempDir(), "data")
	on := func(args ...string) answer {
		return rollbook(t, strings.NewReader(""), append(args, "--data", dir, "--nats", url)...)
	}
	file := filepath.Join("testdata", "office.ndjson")
	if a := on("import", file); a.exit != exitNotFound || !strings.Contains(a.stderr, "rollbook nats init") {
		t.Fatalf("import before the log is made: %+v", a)
	}
	if a := on("nats", "init"); a.exit != exitDone || a.stdout != "The log was made.\n" {
		t.Fatalf("nats init: %+v", a)
	}
	if a := on("nats", "init", "--lang", "vi"); a.exit != exitDone || !strings.HasPrefix(a.stdout, "Nhật ký đã có sẵn") {
		t.Fatalf("nats init again: %+v", a)
	}
	if a := on("import", file); a.exit != exitDone || !strings.HasPrefix(a.stdout, "15 accepted") {
		t.Fatalf("import: %+v", a)
	}
	if a := on("import", file); a.exit != exitDone || !strings.HasPrefix(a.stdout, "0 accepted, 15 unchanged") {
		t.Fatalf("import again: %+v", a)
	}
	embedded := rollbook(t, nil, "report", "headcount", "--by", "ethnicity", "--as-of", "2021-12-31", "--data", office(t))
	if a := on("report", "headcount", "--by", "ethnicity", "--as-of", "2021-12-31"); a.exit != exitDone || roots.ReplaceAllString(a.stdout, "") != roots.ReplaceAllString(embedded.stdout, "") {
		t.Errorf("headcount: %+v, embedded %+v", a, embedded)
	}
	if a := on("anchor", "show", "--json"); a.exit != exitDone || !strings.Contains(a.stdout, `"size":15`) {
		t.Errorf("anchor show: %+v", a)
	}
	if _, err := os.Stat(filepath.Join(dir, "log")); err == nil {
		t.Error("there is an embedded log beside the servers'")
	}
	if a := rollbook(t, nil, "report", "headcount", "--data", dir, "--nats", "nats://127.0.0.1:1"); a.exit != exitUnreachable {
		t.Errorf("with nobody there: %+v", a)
	}
	if a := rollbook(t, nil, "report", "headcount", "--data", dir, "--nats", url, "--nkey", filepath.Join(dir, "no-such")); a.exit != exitUsage {
		t.Errorf("without the login: %+v", a)
	}
}

// A mirror is verified by its ledger, and by somebody who has the checkpoints alone.
func TestVerifyAMirror(t *testing.T) {
	t.Parallel()
	server, err := jetstream.Serve(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	url, away := server.URL(), t.TempDir()
	dir, kept, policy := filepath.Join(away, "data"), filepath.Join(away, "kept"), filepath.Join(away, "policy")
	on := func(args ...string) answer {
		return rollbook(t, strings.NewReader(""), append(args, "--data", dir, "--nats", url)...)
	}
	if a := on("nats", "init"); a.exit != exitDone {
		t.Fatalf("nats init: %+v", a)
	}
	if a := on("import", filepath.Join("testdata", "office.ndjson"), "--anchor", kept); a.exit != exitDone {
		t.Fatalf("import: %+v", a)
	}
	for name, mirror := range map[string]bool{"COPY": true, "SOURCED": false} {
		if err := server.Copy(t.Context(), name, mirror); err != nil {
			t.Fatal(err)
		}
	}
	a := on("checkpoint", "policy")
	if err := os.WriteFile(policy, []byte(a.stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	abroad := func(args ...string) answer {
		return rollbook(t, strings.NewReader(""), append(args, "--data", filepath.Join(away, "none"), "--policy", policy)...)
	}
	tests := []struct {
		name string
		got  answer
		exit int
		in   string
	}{
		{"the ledger's", on("verify", "--mirror", "COPY"), exitDone, "VERIFIED"},
		{"by checkpoints", abroad("verify", "--mirror", "COPY", "--nats", url, "--checkpoints", kept), exitDone, "Records: 15 read of 15"},
		{"by checkpoints and the tree", abroad("verify", "--mirror", "COPY", "--nats", url, "--checkpoints", kept, "--tree", filepath.Join(dir, "tree")), exitDone, "VERIFIED"},
		{"by no checkpoints", abroad("verify", "--mirror", "COPY", "--nats", url, "--checkpoints", os.DevNull), exitEvidence, "WITNESS_QUORUM [evidence missing]"},
		{"19: a source", on("verify", "--mirror", "SOURCED"), exitEvidence, "SOURCE_NOT_MIRROR [evidence missing]"},
		{"the log itself", on("verify", "--mirror", "LEDGER"), exitEvidence, "SOURCE_NOT_MIRROR [evidence missing]"},
		{"no such stream", on("verify", "--mirror", "NONE"), exitNotFound, "NONE"},
		{"no ledger", abroad("verify", "--mirror", "COPY", "--nats", url), exitNotFound, ""},
		{"no servers", abroad("verify", "--mirror", "COPY"), exitUsage, "--nats"},
		{"no such file", abroad("verify", "--mirror", "COPY", "--nats", url, "--checkpoints", filepath.Join(away, "none")), exitUsage, "--checkpoints"},
		{"no policy", on("verify", "--mirror", "COPY", "--checkpoints", kept), exitUsage, "--policy"},
		{"two copies", on("verify", "--mirror", "COPY", "--archive", away), exitUsage, "--archive"},
		{"checkpoints alone", on("verify", "--checkpoints", kept), exitUsage, "--mirror"},
	}
	for _, tt := range tests {
		if tt.got.exit != tt.exit || !strings.Contains(tt.got.stdout+tt.got.stderr, tt.in) {
			t.Errorf("%s: %+v; want exit %d and %q", tt.name, tt.got, tt.exit, tt.in)
		}
	}
}

// A log that answers too early says so on every report.
func TestUnsafeSyncIsShown(t *testing.T) {
	dir := office(t)
	for _, args := range [][]string{
		{"report", "headcount"},
		{"report", "movements", "--from", "2020-12-31", "--to", "2021-12-31"},
		{"report", "indicators", "--year", "2021"},
		{"report", "worklist"},
		{"explain", "headcount", "--from", "2020-12-31"},
	} {
		args = append(args, "--data", dir)
		if a := rollbook(t, nil, append(args, "--unsafe-sync")...); a.exit != exitDone || !strings.Contains(a.stdout, "!!! UNSAFE") {
			t.Errorf("%v --unsafe-sync: %+v", args, a)
		}
		if a := rollbook(t, nil, append(args, "--unsafe-sync", "--json")...); !strings.Contains(a.stdout, `"unsafe_sync":true`) {
			t.Errorf("%v --unsafe-sync --json: %+v", args, a)
		}
		if a := rollbook(t, nil, args...); strings.Contains(a.stdout, "UNSAFE") {
			t.Errorf("%v: %+v", args, a)
		}
	}
}
