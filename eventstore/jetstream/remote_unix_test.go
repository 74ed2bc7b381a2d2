//go:build unix

package jetstream_test

import (
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
)

// A server whose files must not grow beyond half a megabyte.
var _ = child("nats-server-small", func(config string) error {
	signal.Ignore(syscall.SIGXFSZ) // so that the write fails and not the process
	if err := fileLimit(512 << 10); err != nil {
		return err
	}
	return serve(config)
})

// A server of its own that cannot write any more says so when it is asked, and
// nothing is acknowledged that is not there when it has been started again. Of
// three servers two are enough.
func TestServerOfItsOwnThatCannotWrite(t *testing.T) {
	t.Parallel()
	for _, count := range []int{1, 3} {
		t.Run(fmt.Sprint(count), func(t *testing.T) {
			t.Parallel()
			servers := startNodes(t, count, "nats-server", "")
			sick := servers.all[0]
			sick.kill(t)
			sick.role = "nats-server-small"
			sick.start(t, "always")
			servers.awaitReady(t)
			cfg := servers.config()
			cfg.Create, cfg.Timeout, cfg.Patience = true, 3*time.Second, 3*time.Second
			log := open(t, cfg)

			acked := map[string]eventstore.Position{}
			var refused error
			deadline := time.Now().Add(2 * time.Minute)
			for i := 0; len(acked) < 100; i++ {
				id := fmt.Sprint("r", i)
				at, err := log.Append(t.Context(), write("member/"+id, head(0, 0), eventstore.Record{ID: id, Data: make([]byte, 20_000)}))
				if err == nil {
					acked[id] = at
					continue
				}
				refused = err
				if count == 1 && errors.Is(err, jetstream.ErrStore) {
					break
				}
				if !errors.Is(err, eventstore.ErrUnknownOutcome) && !errors.Is(err, eventstore.ErrUnavailable) || time.Now().After(deadline) {
					t.Fatalf("Append of %s = %v", id, err)
				}
			}
			t.Logf("%d appends of 20 kB were acknowledged; then %v", len(acked), refused)
			switch err := log.Health(t.Context()); {
			case count == 3 && err != nil:
				t.Errorf("Health with one of three servers that cannot write = %v", err)
			case count == 1 && !errors.Is(err, jetstream.ErrStore):
				t.Errorf("Health = %v; want %v", err, jetstream.ErrStore)
			}
			if count == 1 {
				if _, err := log.Append(t.Context(), write("member/late", head(0, 0), rec("late"))); !errors.Is(err, jetstream.ErrStore) || !errors.Is(err, eventstore.ErrUnavailable) {
					t.Errorf("Append to a server that cannot write = %v; want %v", err, jetstream.ErrStore)
				}
			}
			sick.kill(t)
			sick.role = "nats-server"
			sick.start(t, "always")
			for err := log.Health(t.Context()); err != nil; err = log.Health(t.Context()) {
				if time.Now().After(deadline) {
					t.Fatalf("Health after the restart = %v", err)
				}
			}
			for id, at := range acked {
				if r, err := log.Get(t.Context(), at); err != nil || r.ID != id {
					t.Errorf("%s was acknowledged at %d, and there is %q, %v", id, at, r.ID, err)
				}
			}
			if _, err := log.Append(t.Context(), write("member/after", head(0, 0), rec("after"))); err != nil {
				t.Errorf("Append after the restart = %v", err)
			}
		})
	}
}
