package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollbook/audit"
)

// serving runs a command until stop is called, and returns when it listens at an
// address. Stop returns its exit code and what it said.
func serving(t *testing.T, network, address string, args ...string) (stop func() answer) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var stdout, stderr bytes.Buffer
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, args, strings.NewReader(""), &stdout, &stderr) }()
	for tick := time.NewTicker(5 * time.Millisecond); ; <-tick.C {
		if c, err := net.Dial(network, address); err == nil {
			_ = c.Close()
			break
		}
		if len(ended) > 0 {
			t.Fatalf("rollbook %s ended with %d: %s", strings.Join(args, " "), <-ended, &stderr)
		}
	}
	return func() answer {
		cancel()
		return answer{<-ended, stdout.String(), stderr.String()}
	}
}

// freeAddress returns an address of this machine that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A signer in other hands and a witness of another organisation, from the command
// line alone.
func TestWitnesses(t *testing.T) {
	dir, away := office(t), t.TempDir()
	a := rollbook(t, nil, "--data", dir, "checkpoint", "show", "--json")
	doc := mustBeOneDocument(t, a.stdout)
	if a.exit != exitDone || string(doc["unwitnessed"]) != "true" || string(doc["verdict"]) != `"good"` {
		t.Fatalf("a ledger of its own: %+v", a)
	}
	// The key and its memory go elsewhere.
	key, memory, socket := filepath.Join(away, "log.key"), filepath.Join(away, "memory.json"), filepath.Join(away, "s")
	for from, to := range map[string]string{"log.key": key, "signer.json": memory} {
		if err := os.Rename(filepath.Join(dir, from), to); err != nil {
			t.Fatal(err)
		}
	}
	signer := serving(t, "unix", socket, "sign", "--key", key, "--memory", memory, "--listen", "unix://"+socket, "--json")

	address := freeAddress(t)
	witness := filepath.Join(t.TempDir(), "w")
	a = rollbook(t, nil, "witness", "init", "--dir", witness, "--name", "auditor.example/w1", "--json")
	cosigner := textIn(t, a, "key")
	if a.exit != exitDone {
		t.Fatalf("witness init: %+v", a)
	}
	if a := rollbook(t, nil, "witness", "init", "--dir", witness, "--name", "auditor.example/w1"); a.exit != exitUsage {
		t.Errorf("a second witness in the same directory: %+v", a)
	}
	logKey, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	policy := filepath.Join(away, "policy")
	if err := os.WriteFile(policy, []byte("log "+publicOf(t, string(logKey))+"\nwitness w1 "+cosigner+" http://"+address+"\nquorum w1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stopWitness := serving(t, "tcp", address, "witness", "serve", "--dir", witness, "--policy", policy, "--listen", address, "--json")

	anchor := filepath.Join(away, "anchor")
	with := []string{"--data", dir, "--signer", "unix://" + socket, "--policy", policy, "--anchor", anchor, "--json"}
	a = rollbook(t, nil, append(with, "checkpoint", "sign")...)
	doc = mustBeOneDocument(t, a.stdout)
	if a.exit != exitDone || string(doc["unwitnessed"]) != "false" || string(doc["verdict"]) != `"good"` || string(doc["witnesses"]) != `["auditor.example/w1"]` {
		t.Fatalf("with a witness: %+v", a)
	}
	if held, err := os.ReadFile(anchor); err != nil || !strings.Contains(string(held), textIn(t, a, "note")) {
		t.Errorf("the anchor holds %q, %v", held, err)
	}
	// What nobody cosigned says so.
	if a := stopWitness(); a.exit != exitDone {
		t.Errorf("the witness ended with %+v", a)
	}
	if a := rollbook(t, nil, append(with, "record", "member.rated", "member/m1", "--effective-on", "2021-12-20", "--data", `{"year":2021,"grade":"good"}`)...); a.exit != exitDone {
		t.Errorf("record without the witness: %+v", a)
	}
	a = rollbook(t, nil, append(with, "checkpoint", "show")...)
	if a.exit != exitEvidence || !strings.Contains(a.stdout+a.stderr, "WITNESS_QUORUM") {
		t.Errorf("without the witness: %+v", a)
	}
	// Later it does.
	stopWitness = serving(t, "tcp", address, "witness", "serve", "--dir", witness, "--policy", policy, "--listen", address)
	if a := rollbook(t, nil, append(with, "checkpoint", "sign")...); a.exit != exitDone {
		t.Errorf("with the witness again: %+v", a)
	}
	stopWitness()
	// Without the signer nothing is lost and nothing is signed.
	if a := signer(); a.exit != exitDone {
		t.Errorf("the signer ended with %+v", a)
	}
	if a := rollbook(t, nil, append(with, "checkpoint", "sign")...); a.exit == exitDone {
		t.Errorf("signed without a signer: %+v", a)
	}
}

// publicOf returns the public key to a private one.
func publicOf(t *testing.T, secret string) string {
	t.Helper()
	k, err := audit.ParseKey(strings.TrimSpace(secret))
	if err != nil {
		t.Fatal(err)
	}
	return k.Public().String()
}

// textIn returns a text in a JSON answer.
func textIn(t *testing.T, a answer, field string) (text string) {
	t.Helper()
	if err := json.Unmarshal(mustBeOneDocument(t, a.stdout)[field], &text); err != nil {
		t.Fatalf("%s in %s: %v", field, a.stdout, err)
	}
	return text
}
