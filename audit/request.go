package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Request asks for a signature under a checkpoint, with the proof that it goes
// on from one before. It is the body of add-checkpoint in
// https://c2sp.org/tlog-witness.
type Request struct {
	// Old is the size of the checkpoint before.
	Old   uint64
	Proof []Hash
	// Checkpoint is a signed note for a witness, and the three lines for the
	// signer of the log.
	Checkpoint []byte
}

// maxRequestBytes bounds what is read as a request.
const maxRequestBytes = maxCheckpointBytes + (maxProof+2)*64

// ErrRequest means that a text is no request.
var ErrRequest = errors.New("not a request for a signature")

// ErrUnknownLog means that a signer or a witness does not sign for a log.
var ErrUnknownLog = errors.New("the log is not known here")

// ConflictError reports that a signer or a witness has signed another size than
// the request goes on from. Ask again from there.
type ConflictError struct{ Size uint64 }

func (e *ConflictError) Error() string {
	return fmt.Sprintf("the last checkpoint signed is at %d", e.Size)
}

// Cosigner signs checkpoints: the holder of the log's key ([Signer]), or a
// witness ([Witness]), here or elsewhere ([Client]).
type Cosigner interface {
	// AddCheckpoint returns signature lines of a note, once what was signed is
	// remembered for good. It returns a [*ConflictError] if Old is not the size
	// that was signed last; an [*EvidenceError] if the checkpoint does not go on
	// from there; [ErrUnknownLog] and [ErrRequest]. After any other error the same
	// may be asked again.
	AddCheckpoint(ctx context.Context, r Request) ([]byte, error)
}

// Marshal returns the request as it is sent.
func (r Request) Marshal() []byte {
	b := append(strconv.AppendUint([]byte("old "), r.Old, 10), '\n')
	for _, h := range r.Proof {
		b = append(append(b, h.String()...), '\n')
	}
	return append(append(b, '\n'), r.Checkpoint...)
}

// ParseRequest reads what Marshal writes.
func ParseRequest(b []byte) (Request, error) {
	var r Request
	if len(b) > maxRequestBytes {
		return r, fmt.Errorf("%w: it is too large", ErrRequest)
	}
	head, checkpoint, ok := strings.Cut(string(b), "\n\n")
	if !ok || checkpoint == "" {
		return r, fmt.Errorf("%w: it has no checkpoint", ErrRequest)
	}
	lines := strings.Split(head, "\n")
	old, ok := strings.CutPrefix(lines[0], "old ")
	if r.Old, ok = parseSizeIf(ok, old); !ok {
		return r, fmt.Errorf("%w: its first line is no old size", ErrRequest)
	}
	if len(lines) > 1+maxProof {
		return r, fmt.Errorf("%w: a proof has at most %d hashes", ErrRequest, maxProof)
	}
	for _, line := range lines[1:] {
		h, ok := parseHash(line)
		if !ok {
			return r, fmt.Errorf("%w: a line of the proof is no hash", ErrRequest)
		}
		r.Proof = append(r.Proof, h)
	}
	r.Checkpoint = []byte(checkpoint)
	return r, nil
}

func parseSizeIf(ok bool, s string) (uint64, bool) {
	if !ok {
		return 0, false
	}
	return parseSize(s)
}

// judge says whether a checkpoint may be signed by who has signed held last.
func judge(held Checkpoint, r Request, next Checkpoint) error {
	switch {
	case r.Old > next.Size:
		return evidence(CheckpointRollback, next.Size, "the checkpoint at %d is older than the one at %d", next.Size, r.Old)
	case r.Old != held.Size:
		return &ConflictError{held.Size}
	}
	return CheckConsistency(held, next, r.Proof)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
