package jetstream_test

import (
	"testing"

	"rollbook/eventstore/jetstream"
	"rollbook/eventstore/storetest"
)

var _ storetest.Log = (*jetstream.Log)(nil)

// open opens the log in dir and closes it at the end of the test.
func open(t testing.TB, cfg jetstream.Config) *jetstream.Log {
	t.Helper()
	cfg.Create = true
	log, err := jetstream.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("Open(%s) = %v", cfg.Dir, err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	})
	return log
}

func TestJetStreamKeepsThePromise(t *testing.T) {
	storetest.Run(t, func(t testing.TB) storetest.Log {
		return open(t, jetstream.Config{Dir: t.TempDir()})
	})
}
