package jetstream_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"runtime"
	"strings"
	"testing"
	"time"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
)

// update changes the log's stream behind its back, as an administrator can.
func update(t *testing.T, log *jetstream.Log, config jetstream.Settings) {
	t.Helper()
	request, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := log.Conn().Request("$JS.API.STREAM.UPDATE.LEDGER", request, time.Minute)
	if err != nil || bytes.Contains(answer.Data, []byte(`"error"`)) {
		t.Fatalf("update the stream: %v, %s", err, answer.Data)
	}
}

func with(settings jetstream.Settings, more map[string]any) jetstream.Settings {
	settings = maps.Clone(settings)
	maps.Copy(settings, more)
	return settings
}

func TestHealthNamesTheSettingsThatDrifted(t *testing.T) {
	log := open(t, jetstream.Config{Dir: t.TempDir()})
	if err := log.Health(t.Context()); err != nil {
		t.Fatalf("Health of a new log = %v", err)
	}
	drifts := []map[string]any{
		{"max_msgs": 1},
		{"max_age": time.Hour},
		{"duplicate_window": time.Second, "subjects": []string{"ledger.>", "more.>"}},
		{"discard": "old", "max_bytes": 1 << 20},
	}
	mustAppend(t, log, 1, single(1))
	end := eventstore.Position(1)
	for _, drift := range drifts {
		update(t, log, with(jetstream.Pinned(), drift))
		err := log.Health(t.Context())
		if !errors.Is(err, jetstream.ErrSettings) {
			t.Fatalf("Health after %v = %v; want %v", drift, err, jetstream.ErrSettings)
		}
		for name := range drift {
			if !strings.Contains(err.Error(), name+" is ") {
				t.Errorf("Health after %v = %v, without %s", drift, err, name)
			}
		}
		_, err = log.Append(t.Context(), single(100))
		if !errors.Is(err, jetstream.ErrSettings) || !errors.Is(err, eventstore.ErrUnavailable) {
			t.Errorf("Append after %v = %v; want %v and %v", drift, err, jetstream.ErrSettings, eventstore.ErrUnavailable)
		}
		if last, err := log.Last(t.Context()); err != nil || last != end {
			t.Errorf("Last = %d, %v; want %d", last, err, end)
		}
		update(t, log, jetstream.Pinned())
		if err := log.Health(t.Context()); err != nil {
			t.Fatalf("Health after the settings were put right = %v", err)
		}
		end++
		mustAppend(t, log, end, single(int(end)))
	}
}

// Nobody asks for Health here: the log finds the drift, and that it is over.
func TestDriftIsFoundByItself(t *testing.T) {
	log := open(t, jetstream.Config{Dir: t.TempDir()}.WithWatch(10*time.Millisecond))
	update(t, log, with(jetstream.Pinned(), map[string]any{"max_msgs": 1_000_000}))
	n := 0
	until := func(want error) {
		t.Helper()
		for {
			n++
			_, err := log.Append(t.Context(), single(n))
			if errors.Is(err, want) {
				return
			}
			if err != nil && !errors.Is(err, jetstream.ErrSettings) {
				t.Fatal(err)
			}
			runtime.Gosched()
		}
	}
	until(jetstream.ErrSettings)
	update(t, log, jetstream.Pinned())
	until(nil)
}

func TestStreamThatIsDeletedIsMissing(t *testing.T) {
	log := open(t, jetstream.Config{Dir: t.TempDir()})
	mustAppend(t, log, 1, single(1))
	if answer, err := log.Conn().Request("$JS.API.STREAM.DELETE.LEDGER", nil, time.Minute); err != nil {
		t.Fatal(err, answer)
	}
	if err := log.Health(t.Context()); !errors.Is(err, eventstore.ErrMissing) && !errors.Is(err, jetstream.ErrStore) {
		t.Errorf("Health = %v; want %v", err, eventstore.ErrMissing)
	}
	if _, err := log.Append(t.Context(), single(2)); !errors.Is(err, eventstore.ErrUnavailable) {
		t.Errorf("Append = %v; want %v", err, eventstore.ErrUnavailable)
	}
}

func TestWeakerSyncModeIsRefusedUnlessAskedFor(t *testing.T) {
	log := open(t, jetstream.Config{Dir: t.TempDir()})
	if log.Unsafe() {
		t.Error("a server that syncs always is unsafe")
	}
	log.SetSyncAlways(false)
	if err := log.Health(t.Context()); !errors.Is(err, jetstream.ErrSettings) || !strings.Contains(err.Error(), "sync_interval") {
		t.Errorf("Health = %v; want %v with sync_interval", err, jetstream.ErrSettings)
	}
	if _, err := log.Append(t.Context(), single(1)); !errors.Is(err, jetstream.ErrSettings) {
		t.Errorf("Append = %v; want %v", err, jetstream.ErrSettings)
	}
	if !log.Unsafe() {
		t.Error("a server that syncs now and then is not unsafe")
	}

	dir := t.TempDir()
	log = open(t, jetstream.Config{Dir: dir, UnsafeSync: true})
	if !log.Unsafe() {
		t.Error("Unsafe = false with UnsafeSync")
	}
	if err := log.Health(t.Context()); err != nil {
		t.Errorf("Health with UnsafeSync = %v", err)
	}
	mustAppend(t, log, 1, single(1))
	mustClose(t, log)
	if log = open(t, jetstream.Config{Dir: dir}); log.Unsafe() { // the mode is the server's, not the log's
		t.Error("Unsafe = true after the log was opened without UnsafeSync")
	}
}

func TestFullDiskIsRefusedBeforeTheServerFindsIt(t *testing.T) {
	log := open(t, jetstream.Config{Dir: t.TempDir(), Reserve: 10 << 20})
	mustAppend(t, log, 1, single(1))
	log.SetFree(func() (uint64, error) { return 9 << 20, nil })
	err := log.Health(t.Context())
	if err == nil || !strings.Contains(err.Error(), "9 MB") {
		t.Errorf("Health with 9 MB left = %v", err)
	}
	if _, err := log.Append(t.Context(), single(2)); !errors.Is(err, eventstore.ErrUnavailable) {
		t.Errorf("Append with 9 MB left = %v; want %v", err, eventstore.ErrUnavailable)
	}
	log.SetFree(func() (uint64, error) { return 11 << 20, nil })
	mustAppend(t, log, 2, single(2))
	log.SetFree(func() (uint64, error) { return 0, errors.New("nobody knows") })
	mustAppend(t, log, 3, single(3))
}

// A log that cannot be asked has not drifted.
func TestHealthOfAClosedLog(t *testing.T) {
	log := open(t, jetstream.Config{Dir: t.TempDir()})
	mustClose(t, log)
	if err := log.Health(t.Context()); err == nil || errors.Is(err, jetstream.ErrSettings) {
		t.Errorf("Health of a closed log = %v", err)
	}
}
