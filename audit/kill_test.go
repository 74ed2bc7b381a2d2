package audit_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rollbook/audit"
)

// Where the child of TestKilledWhilePublishing works, and on which log.
const (
	killDir    = "ROLLBOOK_TEST_PUBLISH_DIR"
	killForked = "ROLLBOOK_TEST_PUBLISH_FORKED"
)

// TestPublishUntilKilled is not a test of its own: TestKilledWhilePublishing
// runs it in a process that it kills. It writes a line for each operation on a
// file, and the checkpoints that are signed.
func TestPublishUntilKilled(t *testing.T) {
	dir := os.Getenv(killDir)
	if dir == "" {
		return
	}
	key, err := audit.ReadKey(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := audit.OpenSigner(key, filepath.Join(dir, "memory"))
	if err != nil {
		t.Fatal(err)
	}
	tell := func(format string, args ...any) { // one write, so that lines stay whole
		_, _ = fmt.Fprintf(os.Stdout, format+"\n", args...)
	}
	op := func(string) error { tell("op"); return nil }
	log, treeDir := &records{}, filepath.Join(dir, "tree")
	log.grow(killRecords)
	if os.Getenv(killForked) != "" {
		log.list[9].Data, treeDir = []byte("{}"), t.TempDir()
	}
	tree := openTree(t, treeDir)
	history := audit.OpenHistory(filepath.Join(dir, "history"))
	signer.SetOp(op)
	tree.SetOp(op)
	history.SetOp(op)
	p := &audit.Publisher{Signer: told{signer, tell}, Policy: audit.OwnPolicy(key.Public()), History: history, Clock: time.Now}
	for size := tree.Checkpoint().Size; size < killRecords; size = tree.Checkpoint().Size {
		catchUp(t, tree, &records{list: log.list[:size+1+rand.Uint64N(min(40, killRecords-size))], created: log.created})
		_, err := p.Publish(t.Context(), tree.Tiles(), tree.Checkpoint().Size)
		tell("published %v", err)
	}
	tell("done")
}

const killRecords = 20_000

// told tells what is signed, the moment that it leaves the signer.
type told struct {
	*audit.Signer
	tell func(format string, args ...any)
}

func (s told) AddCheckpoint(ctx context.Context, r audit.Request) ([]byte, error) {
	lines, err := s.Signer.AddCheckpoint(ctx, r)
	if err == nil {
		s.tell("signed %s", strings.ReplaceAll(strings.TrimSpace(string(r.Checkpoint)), "\n", " "))
	}
	return lines, err
}

// 39: killed at any moment, the log is signed once for a size, and what is
// signed is the log.
func TestKilledWhilePublishing(t *testing.T) {
	kills := 25
	if os.Getenv("ROLLBOOK_LONG") == "1" {
		kills = 200
	}
	dir := t.TempDir()
	key, err := audit.NewKey(filepath.Join(dir, "key"), origin, audit.LogKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := audit.StartMemory(filepath.Join(dir, "memory")); err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	signed := map[uint64]string{} // size to root
	highest := uint64(0)
	forkSigned := 0
	for kill := range kills {
		// Some of the time it is a log in which a record of the past is another.
		forked := kill > 2 && rng.IntN(4) == 0
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPublishUntilKilled$")
		cmd.Env = append(os.Environ(), killDir+"="+dir)
		if forked {
			cmd.Env = append(cmd.Env, killForked+"=1")
		}
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines, after := bufio.NewScanner(stdout), 1+rng.IntN(120)
		for n := 0; lines.Scan(); n++ {
			if n == after {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
			text, ok := strings.CutPrefix(lines.Text(), "signed ")
			if !ok {
				continue
			}
			words := strings.Fields(text)
			if len(words) != 3 || len(words[2]) != 44 {
				if n > after {
					continue // the kill cut the line
				}
				t.Fatalf("the child wrote %q", lines.Text())
			}
			size, err := strconv.ParseUint(words[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if before := signed[size]; before != "" && before != words[2] {
				t.Fatalf("two roots were signed at %d", size)
			}
			if size < highest {
				t.Fatalf("%d was signed after %d", size, highest)
			}
			signed[size], highest = words[2], size
			if forked {
				forkSigned++
			}
		}
		_ = cmd.Wait() // it was killed
	}
	if highest < 20 {
		t.Fatalf("only %d records were signed", highest)
	}
	if forkSigned > 0 {
		t.Errorf("%d checkpoints of the altered log were signed", forkSigned)
	}
	log := &records{}
	log.grow(killRecords)
	whole := openTree(t, t.TempDir())
	catchUp(t, whole, log)
	for size, root := range signed {
		if want := at(t, whole, size).Root.String(); root != want {
			t.Errorf("at %d the root %s was signed, and it is %s", size, root, want)
		}
	}
	tree := openTree(t, filepath.Join(dir, "tree"))
	if have := tree.Checkpoint(); have != at(t, whole, have.Size) {
		t.Errorf("the tree is at %d with another root", have.Size)
	}
	if err := tree.Tiles().Check(); err != nil {
		t.Error(err)
	}
	sizes, torn := readAll(t, audit.OpenHistory(filepath.Join(dir, "history")), audit.OwnPolicy(key.Public()))
	if !slices.IsSorted(sizes) || len(sizes) == 0 {
		t.Errorf("the history has %d checkpoints, in order: %t", len(sizes), slices.IsSorted(sizes))
	}
	t.Logf("%d kills: %d sizes signed up to %d, %d in the history, %d torn entries", kills, len(signed), highest, len(sizes), torn)
}
