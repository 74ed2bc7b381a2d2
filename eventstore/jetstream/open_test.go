package jetstream_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
)

func rec(id string) eventstore.Record {
	return eventstore.Record{ID: id, Type: "test.happened", Schema: "1", Actor: "clerk", Data: []byte("data of " + id)}
}

func recs(prefix string, n int) []eventstore.Record {
	list := make([]eventstore.Record, n)
	for i := range list {
		list[i] = rec(fmt.Sprintf("%s-%d", prefix, i))
	}
	return list
}

func write(stream string, expected eventstore.Head, list ...eventstore.Record) eventstore.Write {
	return eventstore.Write{Stream: stream, Expected: expected, Records: list}
}

func head(at, count int) eventstore.Head {
	return eventstore.Head{Position: eventstore.Position(at), Count: uint64(count)}
}

func mustAppend(t testing.TB, log *jetstream.Log, want eventstore.Position, writes ...eventstore.Write) {
	t.Helper()
	if got, err := log.Append(t.Context(), writes...); err != nil || got != want {
		t.Fatalf("Append = %d, %v; want %d", got, err, want)
	}
}

func mustClose(t testing.TB, log *jetstream.Log) {
	t.Helper()
	if err := log.Close(); err != nil {
		t.Fatalf("Close = %v", err)
	}
}

func TestReopenedLogHasEverything(t *testing.T) {
	dir := t.TempDir()
	log := open(t, jetstream.Config{Dir: dir})
	mustAppend(t, log, 1, write("member/m1", head(0, 0), rec("a")))
	mustAppend(t, log, 4, write("member/m1", head(1, 1), recs("b", 2)...), write("member/m2", head(0, 0), rec("c")))
	mustClose(t, log)

	log, err := jetstream.Open(t.Context(), jetstream.Config{Dir: dir})
	if err != nil {
		t.Fatalf("Open of a closed log = %v", err)
	}
	defer mustClose(t, log)
	var got []string
	for r, err := range log.Replay(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(r.Position, " ", r.Stream, " ", r.ID, " ", string(r.Data)))
	}
	want := "1 member/m1 a data of a|2 member/m1 b-0 data of b-0|3 member/m1 b-1 data of b-1|4 member/m2 c data of c"
	if strings.Join(got, "|") != want {
		t.Errorf("Replay = %q; want %q", got, want)
	}
	// A resend finds its records, and the log goes on.
	mustAppend(t, log, 4, write("member/m1", head(1, 1), recs("b", 2)...), write("member/m2", head(0, 0), rec("c")))
	mustAppend(t, log, 1, write("member/m1", head(0, 0), rec("a")))
	mustAppend(t, log, 5, write("member/m2", head(4, 1), rec("d")))
}

func TestSecondOpenIsToldWhoHoldsTheDirectory(t *testing.T) {
	dir := t.TempDir()
	log := open(t, jetstream.Config{Dir: dir})
	_, err := jetstream.Open(t.Context(), jetstream.Config{Dir: dir})
	if !errors.Is(err, eventstore.ErrInUse) {
		t.Fatalf("second Open = %v; want %v", err, eventstore.ErrInUse)
	}
	for _, part := range []string{dir, fmt.Sprintf("process %d ", os.Getpid())} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("second Open says %q, without %q", err, part)
		}
	}
	mustAppend(t, log, 1, write("member/m1", head(0, 0), rec("a")))
	mustClose(t, log)
	open(t, jetstream.Config{Dir: dir}) // given back
}

func TestOpenCreatesOnlyWhenAskedTo(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "absent")} {
		if _, err := jetstream.Open(t.Context(), jetstream.Config{Dir: path}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open(%s) without Create = %v; want %v", path, err, fs.ErrNotExist)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open without Create made a directory")
	}
	mustClose(t, open(t, jetstream.Config{Dir: dir}))
	open(t, jetstream.Config{Dir: dir}) // Create on a log that is there opens it
}

func TestMissingStreamBesideFilesIsNeverCreated(t *testing.T) {
	dir := t.TempDir()
	log := open(t, jetstream.Config{Dir: dir})
	mustAppend(t, log, 3, write("member/m1", head(0, 0), recs("a", 3)...))
	mustClose(t, log)
	stream := filepath.Join(dir, "jetstream", "$G", "streams", "LEDGER")
	block := filepath.Join(stream, "msgs", "1.blk")
	before, err := os.ReadFile(block)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(stream, "meta.inf")); err != nil {
		t.Fatal(err)
	}
	for _, create := range []bool{false, true} {
		_, err := jetstream.Open(t.Context(), jetstream.Config{Dir: dir, Create: create})
		if !errors.Is(err, eventstore.ErrMissing) {
			t.Fatalf("Open(Create: %v) = %v; want %v", create, err, eventstore.ErrMissing)
		}
		if after, err := os.ReadFile(block); err != nil || !bytes.Equal(after, before) {
			t.Fatalf("Open(Create: %v) changed the records that are left: %v", create, err)
		}
	}
	// The same for a log of another name.
	if _, err := jetstream.Open(t.Context(), jetstream.Config{Dir: dir, Create: true, Name: "OTHER"}); !errors.Is(err, eventstore.ErrMissing) {
		t.Errorf("Open of another name = %v; want %v", err, eventstore.ErrMissing)
	}
}

func TestOpenNamesTheSettingThatDiffers(t *testing.T) {
	tests := []struct {
		setting string
		value   any
	}{
		{"deny_delete", false},
		{"deny_purge", false},
		{"allow_atomic", false},
		{"allow_direct", false},
		{"discard", "old"},
		{"max_msgs", 10},
		{"max_age", time.Hour},
		{"duplicate_window", time.Second},
		{"compression", "s2"},
		{"subjects", []string{"ledger.>", "more.>"}},
		{"allow_msg_ttl", true},
		{"description", "mine"},
		{"metadata", map[string]string{"a": "b"}},
	}
	for _, tt := range tests {
		t.Run(tt.setting, func(t *testing.T) {
			dir := t.TempDir()
			config := maps.Clone(jetstream.Pinned())
			config[tt.setting] = tt.value
			createRaw(t, dir, config)
			_, err := jetstream.Open(t.Context(), jetstream.Config{Dir: dir})
			if !errors.Is(err, jetstream.ErrSettings) || !strings.Contains(err.Error(), tt.setting+" is ") {
				t.Fatalf("Open with %s: %v = %v; want %v with its name", tt.setting, tt.value, err, jetstream.ErrSettings)
			}
			if n := strings.Count(err.Error(), "must be"); n != 1 {
				t.Errorf("Open names %d settings: %v", n, err)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		dir := t.TempDir()
		createRaw(t, dir, jetstream.Pinned())
		open(t, jetstream.Config{Dir: dir})
	})
}

// createRaw makes a stream with a bare server, which is stopped then.
func createRaw(t *testing.T, dir string, config jetstream.Settings) {
	t.Helper()
	srv, err := server.NewServer(&server.Options{DontListen: true, JetStream: true, StoreDir: dir, NoSigs: true, SyncAlways: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	defer srv.WaitForShutdown()
	defer srv.Shutdown()
	nc, err := nats.Connect("", nats.InProcessServer(srv))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	request, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := nc.Request("$JS.API.STREAM.CREATE.LEDGER", request, time.Minute)
	if err != nil || bytes.Contains(answer.Data, []byte(`"error"`)) {
		t.Fatalf("create the stream: %v, %s", err, answer.Data)
	}
}

func TestCheckSettings(t *testing.T) {
	with := func(name string, value any) jetstream.Settings {
		s := maps.Clone(jetstream.Pinned())
		s[name] = value
		return s
	}
	tests := []struct {
		name  string
		got   jetstream.Settings
		async bool // the server does not sync always
		names string
	}{
		{"the pinned ones", jetstream.Pinned(), false, ""},
		{"unset ones written out", with("sealed", false), false, ""},
		{"the server's notes", with("metadata", map[string]any{"_nats.ver": "2.15.2"}), false, ""},
		{"persist_mode as it is by default", with("persist_mode", "default"), false, ""},
		{"persist_mode that defeats sync always", with("persist_mode", "async"), false, "persist_mode"},
		{"a setting that nobody here knows", with("shred_after", 7.0), false, "shred_after"},
		{"one that is gone", with("deny_purge", nil), false, "deny_purge"},
		{"a server that syncs now and then", jetstream.Pinned(), true, "sync_interval"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := jetstream.CheckSettings(jetstream.Pinned(), tt.got, !tt.async)
			if tt.names == "" && err != nil || tt.names != "" && (!errors.Is(err, jetstream.ErrSettings) || !strings.Contains(err.Error(), tt.names)) {
				t.Errorf("checkSettings = %v; want an error that names %q", err, tt.names)
			}
		})
	}
}

func TestServerLineAboutDamageIsAnError(t *testing.T) {
	for line, want := range map[string]string{
		"Filestore [LEDGER] Stream state encountered internal inconsistency on recover": "ERROR",
		"corrupt state file":           "ERROR",
		"JetStream API queue is large": "WARN",
	} {
		var out bytes.Buffer
		jetstream.ServerLog(t.Context(), slog.New(slog.NewTextHandler(&out, nil)), line)
		if !strings.Contains(out.String(), "level="+want) {
			t.Errorf("%q was logged as %s; want %s", line, out.String(), want)
		}
	}
}
