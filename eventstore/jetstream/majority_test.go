package jetstream_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
)

// Without a majority nothing is acknowledged, and every call is answered in
// time. When one server returns, so does the log, and what was of unknown
// outcome is stored once.
func TestClusterWithoutMajority(t *testing.T) {
	t.Parallel()
	servers := startNodes(t, 3, "nats-server", "")
	cfg := servers.config()
	cfg.Timeout, cfg.Patience = 2*time.Second, 2*time.Second
	cfg.NKeyFile = servers.maker.file
	if made, err := jetstream.Create(t.Context(), cfg); err != nil || !made {
		t.Fatalf("Create = %v, %v", made, err)
	}
	if made, err := jetstream.Create(t.Context(), cfg); err != nil || made {
		t.Errorf("Create of a log that is there = %v, %v", made, err)
	}
	cfg.NKeyFile = servers.ledger.file
	log := open(t, cfg) // Create finds nothing to do, and needs no right
	mustAppend(t, log, 1, write("member/m1", head(0, 0), rec("a")))
	admin := servers.admin(t)

	leader := servers.leader(admin, "LEDGER")
	if leader == nil {
		t.Fatal("the log has no leader")
	}
	// One server less is no reason to refuse anything.
	others := slices.DeleteFunc(slices.Clone(servers.all), func(n *node) bool { return n == leader })
	others[0].kill(t)
	mustAppend(t, log, 2, write("member/m1", head(1, 1), rec("b")))
	if err := log.Health(t.Context()); err != nil {
		t.Errorf("Health with two of three servers = %v", err)
	}

	others[1].kill(t)
	lost := []eventstore.Write{write("member/m1", head(2, 2), rec("c")), write("member/m2", head(0, 0), rec("d"))}
	begin := time.Now()
	for range 3 {
		at, err := log.Append(t.Context(), lost...)
		var conflict *eventstore.VersionError
		if err == nil || errors.As(err, &conflict) || !errors.Is(err, eventstore.ErrUnknownOutcome) && !errors.Is(err, eventstore.ErrUnavailable) {
			t.Fatalf("Append with one of three servers = %d, %v", at, err)
		}
	}
	// Each is given Config.Timeout to be sent and again to be looked for.
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("three appends were answered after %v", took)
	}
	if err := log.Health(t.Context()); err == nil {
		t.Error("Health with one of three servers = nil")
	}

	others[0].start(t, "always")
	deadline := time.Now().Add(2 * time.Minute)
	for {
		at, err := log.Append(t.Context(), lost...)
		if err == nil {
			if at != 4 {
				t.Errorf("Append when a majority is back = %d; want 4", at)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("Append when a majority is back = %v", err)
		}
	}
	mustAppend(t, log, 4, lost...)
	if err := log.Health(t.Context()); err != nil {
		t.Errorf("Health when a majority is back = %v", err)
	}

	// The third returns with another sync mode. It holds the log, so it is found.
	others[1].start(t, "2m")
	for err := log.Health(t.Context()); !errors.Is(err, jetstream.ErrSettings) || !strings.Contains(err.Error(), "sync_interval"); err = log.Health(t.Context()) {
		if time.Now().After(deadline) {
			t.Fatalf("Health with a server that syncs now and then = %v", err)
		}
	}
	if _, err := log.Append(t.Context(), write("member/m1", head(3, 3), rec("e"))); !errors.Is(err, jetstream.ErrSettings) || !errors.Is(err, eventstore.ErrUnavailable) {
		t.Errorf("Append with a server that syncs now and then = %v; want %v", err, jetstream.ErrSettings)
	}
	if _, err := jetstream.Open(t.Context(), cfg); !errors.Is(err, jetstream.ErrSettings) {
		t.Errorf("Open with a server that syncs now and then = %v; want %v", err, jetstream.ErrSettings)
	}
	cfg.UnsafeSync = true
	unsafe := open(t, cfg)
	if !unsafe.Unsafe() {
		t.Error("Unsafe = false with a server that syncs now and then")
	}
	mustAppend(t, unsafe, 5, write("member/m1", head(3, 3), rec("e")))
}
