package jetstream_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
)

var _ = child("append-until-refused", func(dir string) error {
	ctx := context.Background()
	// A time-out that is not the answer: the server does not answer at all.
	log, err := jetstream.Open(ctx, jetstream.Config{Dir: dir, Create: true, Timeout: 5 * time.Minute})
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		begin := time.Now()
		id := fmt.Sprint("r", i)
		_, err := log.Append(ctx, write("member/"+id, head(0, 0), rec(id)))
		if err == nil {
			fmt.Println("stored", id)
			continue
		}
		fmt.Println("refused", errors.Is(err, jetstream.ErrStore), errors.Is(err, eventstore.ErrUnknownOutcome), time.Since(begin).Round(time.Millisecond))
		// The next one is not sent any more.
		_, err = log.Append(ctx, write("member/next", head(0, 0), rec("next")))
		fmt.Println("next", errors.Is(err, jetstream.ErrStore), errors.Is(err, eventstore.ErrUnavailable))
		_, _ = fmt.Scanln() // until it is killed
	}
})

// The disk answers fsync with an error (EIO). Nothing is acknowledged from then on,
// who waits is told so at once, and after a restart everything acknowledged is
// there. The fault is injected into a running process by strace.
func TestFsyncFails(t *testing.T) {
	dir := t.TempDir()
	process := exec.CommandContext(t.Context(), os.Args[0])
	process.Env = append(os.Environ(), childRole+"=append-until-refused", childArg+"="+dir)
	process.Stderr = os.Stderr
	if _, err := process.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = process.Process.Kill()
		_ = process.Wait() // says that it was killed
	}()
	var stored []string
	var tracer *exec.Cmd
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "stored":
			stored = append(stored, rest)
			if len(stored) == 20 {
				tracer = exec.CommandContext(t.Context(), "strace", "-f", "-qq", "-o", os.DevNull,
					"-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO", "-p", fmt.Sprint(process.Process.Pid))
				if err := tracer.Start(); err != nil {
					t.Fatalf("strace is needed to inject the fault: %v", err)
				}
			}
			continue
		case "refused":
			t.Logf("after %d appends: refused because the store is broken, outcome unknown, after: %s", len(stored), rest)
			if !strings.HasPrefix(rest, "true true ") {
				t.Errorf("refused: %s; want ErrStore, and an unknown outcome", rest)
			}
			if took, err := time.ParseDuration(rest[strings.LastIndex(rest, " ")+1:]); err != nil || took > 2*time.Second {
				t.Errorf("refused after %v, %v; want it within 2 s", took, err)
			}
			continue
		case "next":
			if rest != "true true" {
				t.Errorf("the next append: %s; want ErrStore and ErrUnavailable", rest)
			}
		default:
			t.Fatalf("the child wrote %q", lines.Text())
		}
		break
	}
	if tracer == nil {
		t.Fatal("the child ended before the fault")
	}
	_ = process.Process.Kill()
	_ = process.Wait() // says that it was killed
	_ = tracer.Wait()  // ends with what it traces

	log := open(t, jetstream.Config{Dir: dir})
	found := map[string]bool{}
	for r, err := range log.Replay(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if found[r.ID] {
			t.Errorf("%s is there twice", r.ID)
		}
		found[r.ID] = true
	}
	for _, id := range stored {
		if !found[id] {
			t.Errorf("%s was acknowledged and is not there", id)
		}
	}
	mustAppend(t, log, eventstore.Position(len(found))+1, write("member/after", head(0, 0), rec("after")))
}
