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

func init() { children["cannot-write"] = cannotWrite }

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
		// Two seconds, and what a busy disk takes before it fails.
		if slowest > 5*time.Second {
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
		if took := time.Since(start); took > time.Second {
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

// smallDisk names a directory on a disk of 32 to 256 MB that the test may fill:
//
//	mount -t tmpfs -o size=64m tmpfs /mnt/small
//	ROLLBOOK_TEST_SMALL_DISK=/mnt/small go test -run FullDisk ./eventstore/jetstream
const smallDisk = "ROLLBOOK_TEST_SMALL_DISK"

// On a disk that is really full, appends are refused before the server finds
// out, and go on when there is room. Without a reserve the server finds out,
// and a restart heals it.
func TestFullDisk(t *testing.T) {
	disk := os.Getenv(smallDisk)
	if disk == "" {
		t.Skipf("NOT RUN: set %s to a directory on a small disk", smallDisk)
	}
	for name, tt := range map[string]struct {
		reserve int64
		restart bool
	}{"with a reserve": {8 << 20, false}, "without": {-1, true}} {
		t.Run(name, func(t *testing.T) {
			dir, err := os.MkdirTemp(disk, "full")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			ballast := filepath.Join(dir, "ballast")
			if err := os.WriteFile(ballast, make([]byte, 12<<20), 0o600); err != nil {
				t.Fatal(err)
			}
			cfg := jetstream.Config{Dir: filepath.Join(dir, "log"), Reserve: tt.reserve}
			log := open(t, cfg)
			acked := map[eventstore.Position]string{}
			var (
				all     sync.WaitGroup
				mu      sync.Mutex
				slowest time.Duration
			)
			for w := range 32 {
				all.Go(func() {
					for i := 0; ; i++ {
						id := fmt.Sprintf("w%d-%d", w, i)
						start := time.Now()
						at, err := log.Append(t.Context(), write("member/"+id, head(0, 0), eventstore.Record{ID: id, Data: make([]byte, 20_000)}))
						took := time.Since(start)
						mu.Lock()
						if err == nil {
							acked[at] = id
							mu.Unlock()
							continue
						}
						slowest = max(slowest, took)
						if errors.Is(err, jetstream.ErrStore) != tt.restart || !tt.restart && !errors.Is(err, eventstore.ErrUnavailable) {
							t.Errorf("Append on a full disk = %v", err)
						}
						if w == 0 {
							t.Log(err)
						}
						mu.Unlock()
						return
					}
				})
			}
			all.Wait()
			t.Logf("%d acknowledged, slowest refusal %v", len(acked), slowest)
			if slowest > 2*time.Second {
				t.Errorf("an append was answered after %v", slowest)
			}
			if err := log.Health(t.Context()); err == nil {
				t.Error("Health on a full disk = nil")
			}
			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
			if tt.restart {
				mustClose(t, log)
				log = open(t, cfg)
			}
			room := time.NewTimer(10 * time.Second)
			for {
				_, err := log.Append(t.Context(), write("member/late", head(0, 0), rec("late")))
				if err == nil {
					break
				}
				select {
				case <-room.C:
					t.Fatalf("Append when there is room again = %v", err)
				default:
				}
			}
			for at, id := range acked {
				if r, err := log.Get(t.Context(), at); err != nil || r.ID != id {
					t.Errorf("%s was acknowledged at %d, and there is %q, %v", id, at, r.ID, err)
				}
			}
		})
	}
}
