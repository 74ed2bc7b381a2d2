package audit_test

import (
	"errors"
	"iter"
	"testing"

	"rollbook/audit"
	"rollbook/eventstore"
)

// A follower that is stopped while chunks are under way ends with its error, and
// hands no chunk over twice: that once ended the program.
func TestHashingThatIsStoppedHandsNoChunkOverTwice(t *testing.T) {
	stop := errors.New("stop")
	var records iter.Seq2[eventstore.Stored, error] = func(yield func(eventstore.Stored, error) bool) {
		for at := eventstore.Position(1); yield(eventstore.Stored{Position: at, Subject: "s"}, nil); at++ {
		}
	}
	for range 300 {
		err := audit.Hashed(t.Context(), records, func([]eventstore.Stored, []audit.Hash) error { return stop })
		if !errors.Is(err, stop) {
			t.Fatalf("it ended with %v, want %v", err, stop)
		}
	}
}
