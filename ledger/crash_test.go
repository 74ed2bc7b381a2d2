package ledger_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
	"rollbook/ledger"
)

// crashRole names the variable that makes this program the one that is killed.
const crashRole = "ROLLBOOK_TEST_CRASH"

// crashed runs the child if this process is one.
func crashed() {
	if dir := os.Getenv(crashRole); dir != "" {
		fmt.Fprintln(os.Stderr, crashing(context.Background(), dir))
		os.Exit(1)
	}
}

// crashing records, imports and publishes until it is killed, and says what was
// acknowledged, one id a line.
func crashing(ctx context.Context, dir string) error {
	l, err := ledger.Open(ctx, dir, ledger.Options{Create: true, Name: "test"})
	if err != nil {
		return err
	}
	go func() { _, _ = l.Publish(ctx, true, nil) }()
	run := time.Now().UnixNano()
	line := func(i int) string {
		return fmt.Sprintf(`{"id":"e%d-%d","type":"organisation.established","subject":"organisation/o%d-%d","effectiveon":"2000-01-01","data":{"name":"O","kind":"cell","parent":null}}`, run, i, run, i)
	}
	for i := 0; ; i++ {
		if _, err := l.Record(ctx, []byte(line(i))); err != nil {
			return err
		}
		fmt.Printf("e%d-%d\n", run, i)
		var file, acked strings.Builder
		for range 20 {
			i++
			file.WriteString(line(i) + "\n")
			fmt.Fprintf(&acked, "e%d-%d\n", run, i)
		}
		r, err := l.Import(ctx, []ledger.File{{Name: "f", Reader: strings.NewReader(file.String())}}, ledger.ImportOptions{})
		if err != nil || r.Accepted != 20 {
			return fmt.Errorf("import: %+v, %w", r, err)
		}
		fmt.Print(acked.String())
	}
}

// Killed at any moment of a record, an import or the feed: nothing that was
// acknowledged is missing or there twice, the tree and the read models follow,
// and the feed has each record once.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	rounds := 20
	if os.Getenv("ROLLBOOK_LONG") != "" {
		rounds = 200
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	dir := filepath.Join(t.TempDir(), "data")
	acked := map[string]bool{}
	for round := range rounds {
		for id := range runAndKill(t, dir, time.Duration(random.IntN(400))*time.Millisecond) {
			acked[id] = true
		}
		if round%5 != 4 && round != rounds-1 {
			continue // what one leaves is often found by the next
		}
		compareAfterKill(t, dir, acked)
	}
	t.Logf("%d events were acknowledged in %d rounds", len(acked), rounds)
	if len(acked) < rounds {
		t.Errorf("only %d events were acknowledged: the test says too little", len(acked))
	}
}

// runAndKill starts the child and kills it so long after its first line. It
// returns what was acknowledged.
func runAndKill(t *testing.T, dir string, after time.Duration) map[string]bool {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), crashRole+"="+dir)
	var stderr bytes.Buffer
	child.Stderr = &stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	kill := time.AfterFunc(time.Minute, func() { _ = child.Process.Kill() }) // a child that never gets so far
	lines := bufio.NewReader(out)
	for first := true; ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // a line without an end was not finished
		}
		ids[strings.TrimSpace(line)] = true
		if first {
			first = false
			kill.Reset(after)
		}
	}
	_, _ = io.Copy(io.Discard, lines)
	if err := child.Wait(); err == nil || stderr.Len() > 0 {
		t.Fatalf("the child ended by itself: %v\n%s", err, stderr.String())
	}
	return ids
}

func compareAfterKill(t *testing.T, dir string, acked map[string]bool) {
	t.Helper()
	ctx := t.Context()
	l, err := ledger.Open(ctx, dir, ledger.Options{})
	if err != nil {
		t.Fatalf("after a kill: %v", err)
	}
	if _, err := l.Publish(ctx, false, nil); err != nil {
		t.Fatalf("Publish after a kill: %v", err)
	}
	seen := map[string]uint64{}
	for e, err := range l.Events(ctx, ledger.EventFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if at := seen[e.ID]; at != 0 {
			t.Errorf("%s is at %d and %d", e.ID, at, e.Sequence)
		}
		seen[e.ID] = e.Sequence
	}
	for id := range acked {
		if seen[id] == 0 {
			t.Errorf("%s was acknowledged and is not there", id)
		}
	}
	before := digests(t, l)
	if _, err := l.Rebuild(ctx, ledger.Rebuilding{}, nil); err != nil {
		t.Fatalf("Rebuild: %v", err)
	}
	if after := digests(t, l); after != before {
		t.Errorf("the read models were\n%s\nand a clean rebuild makes\n%s", before, after)
	}
	at, err := l.Checkpoint(ctx)
	if err != nil || at.Size != uint64(len(seen)) {
		t.Errorf("the tree has %d leaves of %d records, %v", at.Size, len(seen), err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	log, err := jetstream.Open(ctx, jetstream.Config{Dir: filepath.Join(dir, "log")})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	feed, err := log.Feed(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	last, err := feed.Last(ctx)
	if err != nil || int(last) != len(seen) {
		t.Fatalf("the feed has %d messages of %d records, %v", last, len(seen), err)
	}
	for id, at := range seen {
		_, body, err := feed.Get(ctx, eventstore.Position(at))
		if err != nil || !bytes.Contains(body, fmt.Appendf(nil, `"id":%q`, id)) || !bytes.Contains(body, fmt.Appendf(nil, `"sequence":"%d"`, at)) {
			t.Fatalf("message %d is not of %s: %s, %v", at, id, body, err)
		}
	}
}

func digests(t *testing.T, l *ledger.Ledger) string {
	t.Helper()
	if err := l.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	models, _, err := l.Models(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range models {
		all = append(all, fmt.Sprint(m.Name, " ", m.Rows, " ", m.Digest))
	}
	return strings.Join(all, "\n")
}
