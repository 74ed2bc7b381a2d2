package jetstream_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
)

// crashDir tells a child process of the test where to append until it is killed.
const crashDir = "ROLLBOOK_TEST_CRASH_DIR"

// children are the other roles of a child process, by name, with what they
// need in childArg. What such a child returns is the end of its last line.
var children = map[string]func(arg string) error{}

// child adds a role.
func child(name string, run func(arg string) error) bool {
	children[name] = run
	return true
}

const (
	childRole = "ROLLBOOK_TEST_CHILD"
	childArg  = "ROLLBOOK_TEST_CHILD_ARG"
)

func TestMain(m *testing.M) {
	if role := children[os.Getenv(childRole)]; role != nil {
		if err := role(os.Getenv(childArg)); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir := os.Getenv(crashDir); dir != "" {
		fmt.Fprintln(os.Stderr, appendForEver(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

const crashBatch = 7

// appendForEver appends one record and a batch in turn, and writes a line for
// each that was acknowledged.
func appendForEver(dir string) error {
	ctx := context.Background()
	log, err := jetstream.Open(ctx, jetstream.Config{Dir: dir, Create: true})
	if err != nil {
		return err
	}
	const stream = "member/m1"
	at, err := log.Head(ctx, stream)
	if err != nil {
		return err
	}
	for {
		for _, n := range []int{1, crashBatch} {
			list := recs(fmt.Sprint("after-", at.Position), n)
			last, err := log.Append(ctx, write(stream, at, list...))
			if err != nil {
				return err
			}
			at = eventstore.Head{Position: last, Count: at.Count + uint64(n)}
			if _, err := fmt.Println(last, list[n-1].ID); err != nil {
				return err
			}
		}
	}
}

// A killed process has lost nothing that it was told is stored, and left no half
// of a batch. This is no power cut: the page cache survives.
func TestKillLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	acked := map[eventstore.Position]string{}
	rounds := 20
	if os.Getenv("ROLLBOOK_LONG") != "" {
		rounds = 200
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for round := range rounds {
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), crashDir+"="+dir)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		last := 1 + random.IntN(150)
		for seen := 0; lines.Scan(); {
			var at eventstore.Position
			var id string
			if _, err := fmt.Sscan(lines.Text(), &at, &id); err != nil {
				t.Fatalf("the child wrote %q: %v", lines.Text(), err)
			}
			acked[at] = id
			if seen++; seen == last {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := child.Wait(); err == nil || child.ProcessState.Exited() {
			t.Fatalf("round %d: the child ended by itself: %v", round, err)
		}

		log, err := jetstream.Open(t.Context(), jetstream.Config{Dir: dir})
		if err != nil {
			t.Fatalf("round %d: Open after the kill = %v", round, err)
		}
		found := 0
		var end eventstore.Position
		for r, err := range log.Replay(t.Context(), 0, 0) {
			if err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			end = r.Position
			if id, ok := acked[r.Position]; ok {
				if found++; id != r.ID {
					t.Errorf("round %d: %s is at %d; %s was acknowledged", round, r.ID, r.Position, id)
				}
			}
		}
		if found != len(acked) {
			t.Errorf("round %d: %d of %d acknowledged appends are stored", round, found, len(acked))
		}
		// From zero on the log is one record and a batch in turn, in each round
		// from where the last one ended, so only these ends are possible.
		if loaded, err := log.Load(t.Context(), "member/m1", 0); err != nil || len(loaded) != int(end) {
			t.Errorf("round %d: Load = %d records, %v; want %d", round, len(loaded), err, end)
		} else if whole := batches(loaded); whole != nil {
			t.Errorf("round %d: %v", round, whole)
		}
		mustClose(t, log)
	}
	t.Logf("%d appends were acknowledged", len(acked))
}

// batches returns an error if a batch among the records is not whole.
func batches(list []eventstore.Record) error {
	for len(list) > 0 {
		var first eventstore.Position
		if _, err := fmt.Sscanf(list[0].ID, "after-%d-0", &first); err != nil {
			return fmt.Errorf("%s begins an append: %w", list[0].ID, err)
		}
		n := 1
		for n < len(list) && list[n].ID == fmt.Sprintf("after-%d-%d", first, n) {
			n++
		}
		if n != 1 && n != crashBatch {
			return fmt.Errorf("the append after %d has %d records", first, n)
		}
		list = list[n:]
	}
	return nil
}
