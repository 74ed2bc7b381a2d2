package jetstream_test

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"path/filepath"
	"reflect"
	"testing"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
)

func storedOf(t *testing.T, log *jetstream.Log) (list []eventstore.Stored) {
	t.Helper()
	for s, err := range log.ReplayStored(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	return list
}

func each(list []eventstore.Stored, err error) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		for _, s := range list {
			if !yield(s, nil) {
				return
			}
		}
		if err != nil {
			yield(eventstore.Stored{}, err)
		}
	}
}

// A log that is restored has the records with their places, times and headers, and
// goes on; one that cannot be restored whole is not there.
func TestRestore(t *testing.T) {
	t.Parallel()
	servers := startNodes(t, 1, "nats-server", "")
	from := open(t, jetstream.Config{Dir: t.TempDir()})
	mustAppend(t, from, 1, write("member/m1", head(0, 0), rec("a")))
	mustAppend(t, from, 4, write("member/m1", head(1, 1), recs("b", 2)...), write("member/m2", head(0, 0), rec("c")))
	want := storedOf(t, from)
	torn := errors.New("torn")
	for name, to := range map[string]func() jetstream.Config{
		"embedded": func() jetstream.Config { return jetstream.Config{Dir: filepath.Join(t.TempDir(), "log")} },
		"servers":  servers.config,
	} {
		t.Run(name, func(t *testing.T) {
			for what, broken := range map[string]struct {
				records iter.Seq2[eventstore.Stored, error]
				err     error
			}{
				"breaks off": {each(want[:2], torn), torn},
				"too short":  {each(want[:3], nil), &eventstore.GapError{Want: 4}},
				"has a gap":  {each(append(want[:1:1], want[2:]...), nil), &eventstore.GapError{Want: 2, Got: 3}},
			} {
				cfg := to()
				err := jetstream.Restore(t.Context(), cfg, 4, broken.records)
				var gap *eventstore.GapError
				if !errors.Is(err, broken.err) && (!errors.As(err, &gap) || !reflect.DeepEqual(gap, broken.err)) {
					t.Errorf("Restore of what %s = %v, want %v", what, err, broken.err)
				}
				if log, err := jetstream.Open(t.Context(), cfg); err == nil {
					t.Errorf("what %s has left a log: %v", what, log.Close())
				}
			}
			cfg := to()
			if err := jetstream.Restore(t.Context(), cfg, 4, each(want, nil)); err != nil {
				t.Fatalf("Restore = %v", err)
			}
			if err := jetstream.Restore(t.Context(), cfg, 4, each(want, nil)); !errors.Is(err, fs.ErrExist) {
				t.Errorf("Restore over a log = %v, want %v", err, fs.ErrExist)
			}
			log := openLogin(t, cfg)
			if got := storedOf(t, log); !reflect.DeepEqual(got, want) {
				t.Errorf("restored %+v, want %+v", got, want)
			}
			mustAppend(t, log, 5, write("member/m2", head(4, 1), rec("d")))
			mustAppend(t, log, 4, write("member/m1", head(1, 1), recs("b", 2)...), write("member/m2", head(0, 0), rec("c")))
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := jetstream.Restore(ctx, jetstream.Config{Dir: filepath.Join(t.TempDir(), "log")}, 4, each(want, nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("Restore that is interrupted = %v", err)
	}
}
