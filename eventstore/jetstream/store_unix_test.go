//go:build unix

package jetstream_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
)

var _ = child("cannot-write", cannotWrite)

// A server that cannot write any more: each append is answered soon and
// clearly, nothing is acknowledged that is not there afterwards, and a restart
// heals it. The kernel refuses to let a file grow, which needs a process of
// its own and no rights.
func TestServerThatCannotWrite(t *testing.T) {
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childRole+"=cannot-write", childArg+"="+t.TempDir())
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	t.Logf("%s", out)
}

// fileLimit bounds the size of each file that this process writes.
func fileLimit(bytes uint64) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	limit.Cur = min(bytes, limit.Max)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
}

func cannotWrite(dir string) error {
	signal.Ignore(syscall.SIGXFSZ) // so that the write fails and not the process
	ctx := context.Background()
	const writers = 32
	for round, size := range []int{300, 60_000} { // the log's file fails first, or that of a batch
		acked := map[string]eventstore.Position{}
		dir := filepath.Join(dir, fmt.Sprint(round))
		log, err := jetstream.Open(ctx, jetstream.Config{Dir: dir, Create: true})
		if err != nil {
			return err
		}
		if err := fileLimit(512 << 10); err != nil {
			return err
		}
		var (
			all     sync.WaitGroup
			mu      sync.Mutex
			slowest time.Duration
			kinds   = map[string]int{}
			problem error
		)
		for w := range writers {
			all.Go(func() {
				for i := 0; ; i++ {
					id := fmt.Sprintf("r%d-%d-%d", round, w, i)
					start := time.Now()
					at, err := log.Append(ctx, write("member/"+id, head(0, 0), eventstore.Record{ID: id, Data: make([]byte, size)}))
					took := time.Since(start)
					mu.Lock()
					if err == nil {
						acked[id] = at
						mu.Unlock()
						continue
					}
					slowest = max(slowest, took)
					unknown, unsent := errors.Is(err, eventstore.ErrUnknownOutcome), errors.Is(err, eventstore.ErrUnavailable)
					kinds[fmt.Sprintf("unknown %v, nothing sent %v", unknown, unsent)]++
					if !errors.Is(err, jetstream.ErrStore) && !unsent || unknown == unsent {
						problem = fmt.Errorf("append of %s = %w; want %w", id, err, jetstream.ErrStore)
					}
					mu.Unlock()
					return
				}
			})
		}
		all.Wait()
		fmt.Println("round", round, "acked", len(acked), "refused", kinds, "slowest", slowest)
		if problem != nil {
			return problem
		}
		// It is about two seconds; what a busy machine may add stays below the
		// log's Timeout of ten, which must not be what ended the wait.
		if slowest > 9*time.Second {
			return fmt.Errorf("an append was answered after %v", slowest)
		}
		if err := fileLimit(1 << 62); err != nil {
			return err
		}
		// There is room again, and the server does not try: it says so.
		start := time.Now()
		_, err = log.Append(ctx, write("member/late", head(0, 0), rec("late")))
		if !errors.Is(err, jetstream.ErrStore) || !errors.Is(err, eventstore.ErrUnavailable) {
			return fmt.Errorf("append after the failure = %w; want %w", err, jetstream.ErrStore)
		}
		if took := time.Since(start); took > 5*time.Second {
			return fmt.Errorf("it took %v", took)
		}
		if err := log.Health(ctx); !errors.Is(err, jetstream.ErrStore) {
			return fmt.Errorf("health after the failure = %w; want %w", err, jetstream.ErrStore)
		}
		fmt.Println(err)
		if err := log.Close(); err != nil {
			return err
		}

		if log, err = jetstream.Open(ctx, jetstream.Config{Dir: dir}); err != nil {
			return fmt.Errorf("open after the failure: %w", err)
		}
		for id, at := range acked {
			if r, err := log.Get(ctx, at); err != nil || r.ID != id {
				return fmt.Errorf("%s was acknowledged at %d, and there is %q, %w", id, at, r.ID, err)
			}
		}
		stream := fmt.Sprint("member/after-", round)
		if _, err := log.Append(ctx, write(stream, head(0, 0), rec(stream))); err != nil {
			return fmt.Errorf("append after the restart: %w", err)
		}
		if err := log.Close(); err != nil {
			return err
		}
	}
	return nil
}
