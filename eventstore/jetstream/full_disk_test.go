//go:build smalldisk

package jetstream_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
)

// smallDisk names a directory on a disk of 32 to 256 MB that the test may fill:
//
//	mount -t tmpfs -o size=64m tmpfs /mnt/small
//	ROLLBOOK_TEST_SMALL_DISK=/mnt/small go test -tags smalldisk -run FullDisk ./eventstore/jetstream
const smallDisk = "ROLLBOOK_TEST_SMALL_DISK"

// On a disk that is really full, appends are refused before the server finds
// out, and go on when there is room. Without a reserve the server finds out,
// and a restart heals it.
func TestFullDisk(t *testing.T) {
	disk := os.Getenv(smallDisk)
	if disk == "" {
		t.Fatalf("set %s to a directory on a small disk", smallDisk)
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
