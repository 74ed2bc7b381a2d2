package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Witness cosigns the checkpoints of logs, if they go on from what it has
// cosigned before (https://c2sp.org/tlog-witness). So two people who trust the
// same witness were shown the same log. Somebody else than the log's owner must
// run it.
//
// A request that a log's key has signed and that contradicts what was cosigned is
// kept as evidence: a line of JSON with both notes, in the file "evidence".
type Witness struct {
	key    *Key
	logs   map[string][]PublicKey
	dir    string
	clock  func() time.Time
	memory *memory

	mu   sync.Mutex
	kept map[[sha256.Size]byte]bool
}

var _ Cosigner = (*Witness)(nil)

const (
	witnessMemory = "memory.json"
	evidenceFile  = "evidence"
	// maxEvidenceBytes bounds the evidence: the first lies are enough.
	maxEvidenceBytes = 64 << 20
)

// StartWitness makes the memory of a witness in its directory.
func StartWitness(dir string) error { return StartMemory(filepath.Join(dir, witnessMemory)) }

// OpenWitness opens a witness for the logs of a policy, with its key and its
// directory, which [StartWitness] has made once. A log that is new in the policy
// begins with the checkpoint that is shown first.
func OpenWitness(dir string, key *Key, logs *Policy, clock func() time.Time) (*Witness, error) {
	if key.public.Role != WitnessKey {
		return nil, fmt.Errorf("%w: it is a log's", ErrKey)
	}
	w := &Witness{key: key, logs: map[string][]PublicKey{}, dir: dir, clock: clock, kept: map[[sha256.Size]byte]bool{}}
	for _, l := range logs.Logs {
		if l.Key.key == key.public.key {
			return nil, fmt.Errorf("%w: it is the key of %s", ErrKey, l.Key.Name)
		}
		w.logs[l.Key.Name] = append(w.logs[l.Key.Name], l.Key)
	}
	var err error
	w.memory, err = openMemory(filepath.Join(dir, witnessMemory))
	return w, err
}

// Close lets others have the memory.
func (w *Witness) Close() error { return w.memory.close() }

// Last returns the note of a log that was cosigned last, without the
// cosignature; nil if there is none.
func (w *Witness) Last(origin string) []byte {
	w.memory.mu.Lock()
	defer w.memory.mu.Unlock()
	return bytes.Clone(w.memory.last(origin).note)
}

// AddCheckpoint cosigns a signed checkpoint.
func (w *Witness) AddCheckpoint(ctx context.Context, r Request) ([]byte, error) {
	// Its origin first: it says whose signature must be there.
	origin, _, ok := bytes.Cut(r.Checkpoint, []byte("\n"))
	if !ok || len(r.Checkpoint) > maxCheckpointBytes {
		return nil, fmt.Errorf("%w: it has no checkpoint", ErrRequest)
	}
	keys, ok := w.logs[string(origin)]
	if !ok {
		return nil, ErrUnknownLog
	}
	verifiers := make([]note.Verifier, len(keys))
	for i, k := range keys {
		verifiers[i] = k.verifier()
	}
	n, err := openNote(r.Checkpoint, verifiers...)
	if err != nil {
		return nil, err
	}
	next, err := ParseCheckpoint(n.Text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	// Others' signatures are neither verified nor kept.
	signed, err := note.Sign(&note.Note{Text: n.Text, Sigs: n.Sigs})
	if err != nil {
		return nil, err
	}

	w.memory.mu.Lock()
	defer w.memory.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	held := w.memory.last(next.Origin)
	if err := judge(held.Checkpoint, r, next); err != nil {
		return nil, errors.Join(err, w.keep(held, next, r, err))
	}
	if next.Size > held.Size || held.note == nil {
		if err := w.memory.advance(remembered{next, signed}); err != nil {
			return nil, err
		}
	}
	return signatureLines(next, cosigner{w.key, w.clock()})
}

// evidenceLine is one line of the evidence.
type evidenceLine struct {
	At      time.Time `json:"at"`
	Code    Code      `json:"code"`
	Held    string    `json:"held"` // the note that was cosigned; empty if none was
	Old     uint64    `json:"old"`
	Proof   []string  `json:"proof"`
	Refused string    `json:"refused"` // the note that was not
}

// keep keeps a refused request, if it speaks against the log: another root at a
// size that was cosigned, or a later tree that does not go on. A wrong proof
// alone looks the same; the two notes are what a judge compares with the tree.
// Each pair of notes is kept once.
func (w *Witness) keep(held remembered, next Checkpoint, r Request, refused error) error {
	code := Code("")
	if e, ok := errors.AsType[*EvidenceError](refused); ok && e.Code != CheckpointRollback {
		code = e.Code
	}
	if next.Size == held.Size && next.Root != held.Root {
		code = SplitView
	}
	if code == "" || held.note == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	pair := sha256.Sum256([]byte(held.String() + next.String()))
	if w.kept[pair] {
		return nil
	}
	line := evidenceLine{w.clock().UTC(), code, string(held.note), r.Old, []string{}, string(r.Checkpoint)}
	for _, h := range r.Proof {
		line.Proof = append(line.Proof, h.String())
	}
	if err := appendLine(filepath.Join(w.dir, evidenceFile), line); err != nil {
		return fmt.Errorf("the evidence cannot be kept: %w", err)
	}
	w.kept[pair] = true
	return nil
}

func appendLine(path string, line any) error {
	b, err := json.Marshal(line)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size()+int64(len(b)) > maxEvidenceBytes {
		return errors.Join(err, errTooLarge)
	}
	if _, err := f.Write(append(b, '\n')); err != nil {
		return err
	}
	return errors.Join(f.Sync(), syncDirectory(filepath.Dir(path)))
}
