package audit

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// Signer signs checkpoints as the log. It has a memory of its own: it never signs
// two roots for one size, nothing older than it has signed, and nothing without a
// proof that the log only grew. It can be another process than the log's
// ([Handler], [Client]), on another machine and in other hands; then it protects
// against whoever has the log.
//
// It believes the one who asks that every record of the checkpoint is on the disk
// for good. Whoever can ask can have it sign: let only the log's process reach it.
type Signer struct {
	key    note.Signer
	memory *memory
}

var _ Cosigner = (*Signer)(nil)

// OpenSigner opens a signer with the log's key and the memory in a file, which
// [StartMemory] has made once. It returns [ErrMemory] if that is gone.
func OpenSigner(key *Key, memoryPath string) (*Signer, error) {
	signer, err := key.logSigner()
	if err != nil {
		return nil, err
	}
	m, err := openMemory(memoryPath)
	if err != nil {
		return nil, err
	}
	return &Signer{signer, m}, nil
}

// Close lets others have the memory.
func (s *Signer) Close() error { return s.memory.close() }

// Last returns the checkpoint that was signed last.
func (s *Signer) Last() Checkpoint {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	return s.memory.last(s.key.Name()).Checkpoint
}

// AddCheckpoint signs a checkpoint, which has three lines and no signatures.
func (s *Signer) AddCheckpoint(ctx context.Context, r Request) ([]byte, error) {
	next, err := ParseCheckpoint(string(r.Checkpoint))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if next.Origin != s.key.Name() {
		return nil, fmt.Errorf("%w: the key is that of %s", ErrUnknownLog, s.key.Name())
	}
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	held := s.memory.last(next.Origin)
	if err := judge(held.Checkpoint, r, next); err != nil {
		return nil, err
	}
	if next.Size > held.Size {
		if err := s.memory.advance(remembered{Checkpoint: next}); err != nil {
			return nil, err
		}
	}
	return signatureLines(next, s.key)
}

// signatureLines returns the signatures under a checkpoint, without it.
func signatureLines(c Checkpoint, signers ...note.Signer) ([]byte, error) {
	body := c.String()
	signed, err := note.Sign(&note.Note{Text: body}, signers...)
	if err != nil {
		return nil, err
	}
	return signed[len(body)+1:], nil
}
