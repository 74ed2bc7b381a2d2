package jetstream_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"rollbook/eventstore/jetstream"
	"rollbook/eventstore/storetest"
)

var logs atomic.Int64

// suite runs the suite of every log on servers, with a log of its own for each
// test.
func suite(t *testing.T, servers *nodes) {
	admin := servers.admin(t)
	storetest.Run(t, func(t testing.TB) storetest.Log {
		cfg := servers.config()
		n := logs.Add(1)
		cfg.Name, cfg.Prefix = fmt.Sprint("SUITE", n), fmt.Sprint("suite", n)
		log := open(t, cfg)
		t.Cleanup(func() {
			if _, err := admin.Request("$JS.API.STREAM.DELETE."+cfg.Name, nil, time.Minute); err != nil {
				t.Errorf("delete %s: %v", cfg.Name, err)
			}
		})
		return log
	})
}

func TestServerOfItsOwnKeepsThePromise(t *testing.T) {
	t.Parallel()
	suite(t, startNodes(t, 1, "nats-server", ""))
}

func TestClusterKeepsThePromise(t *testing.T) {
	t.Parallel()
	suite(t, startNodes(t, 3, "nats-server-quick", ""))
}

var _ = jetstream.Create
