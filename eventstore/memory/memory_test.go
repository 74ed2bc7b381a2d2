package memory_test

import (
	"testing"

	"rollbook/eventstore/memory"
	"rollbook/eventstore/storetest"
)

var _ storetest.Log = (*memory.Log)(nil)

func TestMemoryKeepsThePromise(t *testing.T) {
	storetest.Run(t, func(t testing.TB) storetest.Log {
		log := memory.New()
		t.Cleanup(func() { _ = log.Close() })
		return log
	})
}
