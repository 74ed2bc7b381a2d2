package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Publisher brings what the tree comes to before the world: signed, cosigned by
// witnesses, kept and copied to where the log's owner cannot reach it.
type Publisher struct {
	// Signer has the log's key, which must be in the policy.
	Signer Cosigner
	Policy *Policy
	// Witnesses are asked for cosignatures, by their names in the policy.
	Witnesses map[string]Cosigner
	// History takes every checkpoint that was signed.
	History *History
	// Anchors take them too, outside.
	Anchors []*History
	// Timeout is for each witness and each anchor; zero is 30 seconds.
	Timeout time.Duration
	Clock   func() time.Time

	publishing sync.Mutex
	last       *Checkpoint // the newest in the history, once it was read

	mu    sync.Mutex
	known map[string]uint64 // the size that each has signed last, as far as known
}

// Published is what became of a checkpoint.
type Published struct {
	SignedCheckpoint
	// Refused says which witnesses did not cosign, and why.
	Refused map[string]error
	// Anchored says how the anchors took it.
	Anchored []Anchored
}

// Publish signs what the tree came to at a size, and so on. Every record up to
// there must be on the disk for good: a signed checkpoint over a tail that a
// power cut takes away can never be made good. A log that syncs always
// acknowledges only such records; for any other the size is less than the tree's.
//
// It first checks that the newest checkpoint in the history is consistent with
// the tree. If then the signer signs, the checkpoint is in the history when
// Publish returns, cosigned or not. An [*EvidenceError] says that the tree is not
// the one that was signed, that a witness saw another log, or that too few have
// cosigned ([WitnessQuorum], as [Code.Missing] tells); Published is filled as far
// as it went. The same may be published again, for fresh cosignatures.
func (p *Publisher) Publish(ctx context.Context, tiles *Tiles, size uint64) (Published, error) {
	p.publishing.Lock()
	defer p.publishing.Unlock()
	out := Published{Refused: map[string]error{}}
	next, err := tiles.At(size)
	if err != nil {
		return out, err
	}
	if err := p.checkHistory(tiles, next); err != nil {
		return out, err
	}
	lines, err := p.ask(ctx, "", p.Signer, tiles, next, []byte(next.String()))
	if err != nil {
		return out, fmt.Errorf("the signer: %w", err)
	}
	text := append([]byte(next.String()+"\n"), lines...)
	// Without witnesses, to see that it is the log's signature and a good one.
	if _, err := p.Policy.Verify(text, p.Clock(), 0); err != nil && !lacksWitnesses(err) {
		return out, fmt.Errorf("the signer: %w", err)
	}
	text = p.cosign(ctx, tiles, next, text, out.Refused)
	signed, verdict := p.Policy.Verify(text, p.Clock(), 0)
	out.SignedCheckpoint = signed
	if err := p.History.Append(ctx, text); err != nil {
		return out, fmt.Errorf("the checkpoint is signed and cannot be kept: %w", err)
	}
	p.last = &signed.Checkpoint
	anchoring, cancel := context.WithTimeout(ctx, p.timeout())
	defer cancel()
	out.Anchored = AppendAll(anchoring, p.Anchors, text)
	for _, name := range sortedKeys(out.Refused) {
		// A contradiction is worse than a lack.
		if e, ok := errors.AsType[*EvidenceError](out.Refused[name]); ok {
			return out, fmt.Errorf("witness %s: %w", name, e)
		}
	}
	return out, verdict
}

func (p *Publisher) timeout() time.Duration {
	if p.Timeout > 0 {
		return p.Timeout
	}
	return 30 * time.Second
}

// checkHistory compares the newest checkpoint that is held with the tree. Anchors are
// compared when the log is opened: what is there is this publisher's from then on.
func (p *Publisher) checkHistory(tiles *Tiles, next Checkpoint) error {
	if p.last == nil {
		signed, err := p.History.Newest(p.Policy, p.Clock())
		if err != nil || signed == nil {
			return err
		}
		p.last = &signed.Checkpoint
	}
	var proof []Hash
	if p.last.Size <= next.Size {
		var err error
		if proof, err = tiles.Consistency(p.last.Size, next.Size); err != nil {
			return err
		}
	}
	if err := CheckConsistency(*p.last, next, proof); err != nil {
		return fmt.Errorf("%s: %w", p.History.path, err)
	}
	return nil
}

// lacksWitnesses reports whether a checkpoint lacks nothing but witnesses.
func lacksWitnesses(err error) bool {
	e, ok := errors.AsType[*EvidenceError](err)
	return ok && (e.Code == WitnessQuorum || e.Code == WitnessFuture || e.Code == CheckpointStale)
}

// ask asks for a signature, with a proof from what was signed there last.
func (p *Publisher) ask(ctx context.Context, name string, c Cosigner, tiles *Tiles, next Checkpoint, text []byte) ([]byte, error) {
	for range 4 { // others may be asking too
		old := min(p.knownSize(name), next.Size)
		proof, err := tiles.Consistency(old, next.Size)
		if err != nil {
			return nil, err
		}
		lines, err := c.AddCheckpoint(ctx, Request{old, proof, text})
		conflict, ok := errors.AsType[*ConflictError](err)
		switch {
		case err == nil:
			p.learn(name, next.Size)
			return lines, nil
		case !ok:
			return nil, err
		case conflict.Size > next.Size:
			return nil, evidence(CheckpointRollback, next.Size, "the last checkpoint signed is at %d, and the tree is at %d: it was set back, or has still to catch up", conflict.Size, next.Size)
		}
		p.learn(name, conflict.Size)
	}
	return nil, errors.New("it has signed another size each time that it was asked")
}

func (p *Publisher) knownSize(name string) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known[name]
}

func (p *Publisher) learn(name string, size uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		p.known = map[string]uint64{}
	}
	p.known[name] = size
}

var errNotCosigned = errors.New("it sent no cosignature")

// cosign asks all witnesses at the same time and adds the cosignatures that are
// good.
func (p *Publisher) cosign(ctx context.Context, tiles *Tiles, next Checkpoint, text []byte, refused map[string]error) []byte {
	asking, cancel := context.WithTimeout(ctx, p.timeout())
	defer cancel()
	type answer struct {
		signatures []note.Signature
		err        error
	}
	var witnesses []PolicyWitness
	for _, w := range p.Policy.Witnesses {
		if p.Witnesses[w.Name] != nil {
			witnesses = append(witnesses, w)
		}
	}
	answers := make([]answer, len(witnesses))
	var waiting sync.WaitGroup
	for i, w := range witnesses {
		waiting.Go(func() {
			lines, err := p.ask(asking, w.Name, p.Witnesses[w.Name], tiles, next, text)
			if err == nil {
				answers[i].signatures, err = goodLines(next, lines, w.Key)
			}
			answers[i].err = err
		})
	}
	waiting.Wait()
	for i, w := range witnesses {
		if answers[i].err != nil {
			refused[w.Name] = answers[i].err
		}
		for _, s := range answers[i].signatures {
			text = fmt.Appendf(text, "— %s %s\n", s.Name, s.Base64)
		}
	}
	return text
}

// goodLines returns the signature of a key among lines that somebody sent.
func goodLines(c Checkpoint, lines []byte, key PublicKey) ([]note.Signature, error) {
	n, err := openNote(slices.Concat([]byte(c.String()+"\n"), lines), key.verifier())
	if err != nil {
		return nil, fmt.Errorf("%w: %v", errNotCosigned, err) //nolint:errorlint // what is wrong with its answer speaks of the witness, not of the log
	}
	return n.Sigs[:1], nil
}
