package audit_test

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	formatslog "github.com/transparency-dev/formats/log"
	formats "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"rollbook/audit"
)

// Keys, notes and cosignatures are those of other implementations.
func TestNotesAreThoseOfOthers(t *testing.T) {
	l := newSignedLog(t, 1, "quorum w1\n")
	w := l.witnesses[0]
	*w.at = time.Now() // formats cosigns at no other time
	l.publisher.Clock = time.Now
	signed := l.publish(t, 77)

	logVerifier, err := note.NewVerifier(l.key.Public().String())
	if err != nil {
		t.Fatal(err)
	}
	witnessVerifier, err := formats.NewVerifierForCosignatureV1(w.key.Public().String())
	if err != nil {
		t.Fatal(err)
	}
	got, _, n, err := formatslog.ParseCheckpoint(signed.Note, origin, logVerifier, witnessVerifier)
	if err != nil || len(n.Sigs) != 2 || got.Size != 77 || [32]byte(got.Hash) != signed.Root {
		t.Fatalf("formats reads %v, %v", got, err)
	}
	at, err := formats.CoSigV1Timestamp(n.Sigs[1])
	if err != nil || !at.Equal(signed.Cosigned[0].At) || at.Unix() != w.at.Unix() {
		t.Errorf("the time of the cosignature: %v, %v, and we say %v", at, err, signed.Cosigned[0].At)
	}

	// And theirs are read by us: the same key as a file of ours has it.
	theirs, err := formats.NewSignerForCosignatureV1(secretText(w.key.Public().Name, audit.WitnessKey, secretOf(t, w.key)))
	if err != nil {
		t.Fatal(err)
	}
	logSigner, err := note.NewSigner(secretText(origin, audit.LogKey, secretOf(t, l.key)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := note.Sign(&note.Note{Text: signed.String()}, theirs, logSigner)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.policy.Verify(text, time.Now(), time.Minute); err != nil {
		t.Errorf("a note of theirs: %v", err)
	}
}

// The signer can be another process, behind a socket.
func TestASignerBehindASocket(t *testing.T) {
	l := newSignedLog(t, 0, "quorum none\n")
	socket := filepath.Join(t.TempDir(), "s") // its path must be short
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: audit.Handler(l.signer, slog.New(slog.DiscardHandler)), ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	client, err := audit.NewClient("unix://"+socket, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	l.publisher.Signer = client
	for _, size := range []int{1, 500, 500, 800} {
		if out := l.publish(t, size); out.Size != uint64(size) || !l.policy.Unwitnessed() {
			t.Errorf("Publish(%d) = %d", size, out.Size)
		}
	}
	fork := l.fork(t, 100)
	_, err = client.AddCheckpoint(t.Context(), audit.Request{Old: 800, Checkpoint: []byte(fork.Checkpoint().String())})
	wantCode(t, "another root", err, audit.SplitView)
	if _, err := client.AddCheckpoint(t.Context(), audit.Request{Checkpoint: []byte("x")}); !errors.Is(err, audit.ErrRequest) {
		t.Errorf("nonsense: %v", err)
	}
	if _, err := client.AddCheckpoint(t.Context(), audit.Request{Checkpoint: []byte(audit.Checkpoint{Origin: "x"}.String())}); !errors.Is(err, audit.ErrUnknownLog) {
		t.Errorf("another log: %v", err)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
	if _, err := l.publisher.Publish(t.Context(), l.tree.Tiles(), 800); err == nil || !strings.Contains(err.Error(), "the signer") {
		t.Errorf("without a signer: %v", err)
	}
	for _, address := range []string{"", "x", "ftp://x", "unix:", "http://", "/a/b"} {
		if _, err := audit.NewClient(address, nil); err == nil {
			t.Errorf("NewClient(%q) is no error", address)
		}
	}
}
