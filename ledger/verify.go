package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"rollbook/audit"
	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
)

// The codes of a verification that are not about records.
const (
	// ConfigDrift means that the log's settings are not what they must be.
	ConfigDrift audit.Code = "CONFIG_DRIFT"
	// ReadModelMismatch means that a read model is not what the log makes.
	ReadModelMismatch audit.Code = "READ_MODEL_MISMATCH"
	// ModelsSealed means that the read models were made with keys that are not here, so
	// that nobody can tell whether they are what the log makes.
	ModelsSealed audit.Code = "READ_MODELS_SEALED"
)

// Verifying says what is verified.
type Verifying struct {
	// From is the text of a signed checkpoint that is trusted: what it covers is
	// not read again. Empty reads everything.
	From []byte
	// LogOnly leaves out the read models.
	LogOnly bool
}

// Verification is what a verification came to.
type Verification struct {
	audit.Verified
	// Unwitnessed is true if nobody but the log's owner signs.
	Unwitnessed bool `json:"unwitnessed"`
	// Models are the read models beside what the log makes; nil if they were left
	// out, or the log is not good.
	Models []RebuiltModel `json:"read_models"`
}

// evidence is what a ledger has to hold a log against.
type evidence struct {
	tiles   *audit.Tiles
	created time.Time
	policy  *audit.Policy
	signed  []audit.Checkpoint
	wrong   []audit.Problem
	copied  bool // the log is a copy, which may have yet to catch up
}

// Verify recomputes everything that the ledger in a directory claims, from the
// stored bytes: the log against its tree, the tree and the log against every
// checkpoint held, the read models against a replay. No key for personal data is
// needed for that. What is wrong is in the answer; an error means that it could
// not be seen. It needs the ledger for itself. Progress counts records.
func Verify(ctx context.Context, dir string, o Options, what Verifying, p Progress) (out Verification, err error) {
	id, err := readIdentity(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return out, fmt.Errorf("%w: %s", ErrNoLedger, dir)
	}
	if err != nil {
		return out, err
	}
	e, err := gather(dir, id, o)
	if err != nil {
		return out, err
	}
	if err := verifyLog(ctx, dir, o, e, what, p, &out); err != nil || what.LogOnly || !out.Good() {
		return out, err
	}
	l, err := Open(ctx, dir, o)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	err = l.verifyModels(ctx, p, &out)
	return out, err
}

// Verify is [Verify] of a ledger that is open and goes on being used: what is
// recorded meanwhile is not verified. Settings and the end of the log were
// compared when it was opened.
func (l *Ledger) Verify(ctx context.Context, what Verifying, p Progress) (out Verification, err error) {
	if _, err := l.Checkpoint(ctx); err != nil { // the tree comes to the end of the log
		return out, err
	}
	e, err := gather(l.dir, l.identity, l.options)
	if err != nil {
		return out, err
	}
	log, ok := l.log.(verifiable)
	if !ok {
		return out, errors.New("this log has no stored bytes to verify")
	}
	if err := verifyIn(ctx, log, e, what, p, &out); err != nil || what.LogOnly || !out.Good() {
		return out, err
	}
	err = l.verifyModels(ctx, p, &out)
	return out, err
}

// verifyModels compares the read models with what the log makes.
func (l *Ledger) verifyModels(ctx context.Context, p Progress, out *Verification) error {
	rebuilt, err := l.Rebuild(ctx, Rebuilding{Try: true}, p)
	if err != nil {
		return err
	}
	out.Models = rebuilt.Models
	switch {
	case rebuilt.Differing > 0 && l.keys.vault == nil:
		out.Problems = append(out.Problems, audit.Problem{
			Code: ModelsSealed, Nature: audit.Lacking,
			Detail: fmt.Sprintf("the read models were made with keys that are not here, so they cannot be compared (%v); name the master key with --master-key, or verify with --log-only", l.keys.missing),
		})
	case rebuilt.Differing > 0:
		d := rebuilt.Differences[0]
		out.Problems = append(out.Problems, audit.Problem{
			Code: ReadModelMismatch, Nature: audit.Altered, Sequence: d.Sequence,
			Detail: fmt.Sprintf("%d rows of the read models are not what the log makes, the first in %s (%s); see `rollbook projections diff`", rebuilt.Differing, d.Model, d.Reason),
		})
	}
	return nil
}

// gather reads what the log is held against.
func gather(dir string, id identity, o Options) (e evidence, err error) {
	path := cmp.Or(o.Tree, filepath.Join(dir, treeDirectory))
	if e.tiles, e.created, err = audit.ReadTiles(path); errors.Is(err, fs.ErrNotExist) {
		return e, fmt.Errorf("%w: %s", ErrNoTree, path)
	} else if err != nil {
		return e, err
	}
	if origin := e.tiles.Checkpoint().Origin; origin != id.origin() {
		return e, fmt.Errorf("%w: %s is of %s", audit.ErrOrigin, path, origin)
	}
	keyPath, _, history := o.signingFiles(dir)
	if e.policy, err = policyOf(keyPath, o); err != nil {
		return e, err
	}
	return e, e.read(history)
}

// read reads the signed checkpoints of a history. What is wrong with them is a
// problem, and not an error.
func (e *evidence) read(history *audit.History) error {
	for text, err := range history.All() {
		signed, verdict := audit.SignedCheckpoint{}, err
		if err == nil {
			signed, verdict = e.policy.Verify(text, time.Now(), 0)
		}
		if found, ok := errors.AsType[*audit.EvidenceError](verdict); ok && !found.Code.Missing() {
			e.wrong = append(e.wrong, audit.Problem{Code: found.Code, Nature: found.Code.Nature(), Size: found.Size, Detail: found.Detail, Path: history.Path()})
			continue
		} else if !ok && verdict != nil {
			e.wrong = append(e.wrong, audit.Problem{Code: audit.CheckpointMalformed, Nature: audit.Altered, Detail: verdict.Error(), Path: history.Path()})
			continue
		}
		e.signed = append(e.signed, signed.Checkpoint)
	}
	// In this file each goes on from the one before it.
	for i := 1; i < len(e.signed); i++ {
		if e.signed[i].Size < e.signed[i-1].Size {
			e.wrong = append(e.wrong, audit.Problem{Code: audit.CheckpointRollback, Nature: audit.Altered, Size: e.signed[i].Size, Detail: fmt.Sprintf("it was signed after the one at %d", e.signed[i-1].Size), Path: history.Path()})
		}
	}
	return nil
}

// policyOf returns the policy that is given, or that of the ledger's own key. A
// ledger that never signed has none.
func policyOf(keyPath string, o Options) (*audit.Policy, error) {
	if o.Signing.Policy != "" {
		text, err := os.ReadFile(o.Signing.Policy)
		if err != nil {
			return nil, err
		}
		return audit.ParsePolicy(text)
	}
	key, err := audit.ReadKey(keyPath)
	if errors.Is(err, fs.ErrNotExist) {
		// A restored ledger has the public key at least.
		text, err := os.ReadFile(filepath.Join(filepath.Dir(keyPath), policyFile))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: the log's key is not here; name a policy that has its public key with --policy", ErrSigning)
		}
		if err != nil {
			return nil, err
		}
		return audit.ParsePolicy(text)
	}
	if err != nil {
		return nil, err
	}
	return audit.OwnPolicy(key.Public()), nil
}

// verifyLog opens the log that nobody else has open, and verifies it.
func verifyLog(ctx context.Context, dir string, o Options, e evidence, what Verifying, p Progress, out *Verification) (err error) {
	logger := o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	log, err := jetstream.Open(ctx, o.logConfig(dir, logger))
	if errors.Is(err, jetstream.ErrSettings) {
		out.Unwitnessed = e.policy.Unwitnessed()
		out.Problems = []audit.Problem{{Code: ConfigDrift, Nature: audit.Altered, Detail: err.Error()}}
		return nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", eventstore.ErrMissing, err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	return verifyIn(ctx, log, e, what, p, out)
}

// verifiable is a log whose stored bytes can be read.
type verifiable interface {
	audit.Log
	Last(ctx context.Context) (eventstore.Position, error)
}

// verifyIn verifies a log.
func verifyIn(ctx context.Context, log verifiable, e evidence, what Verifying, p Progress, out *Verification) error {
	v := audit.Verification{Log: log, Copy: e.copied, Created: e.created, Tiles: e.tiles, Checkpoints: e.signed}
	out.Unwitnessed = e.policy.Unwitnessed()
	if len(what.From) > 0 {
		from, err := e.policy.Verify(what.From, time.Now(), 0)
		if found, ok := errors.AsType[*audit.EvidenceError](err); err != nil && (!ok || !found.Code.Missing()) {
			return err
		}
		if e.tiles != nil {
			v.From = &from.Checkpoint
		} else {
			// It has to be one of the roots that the records make.
			v.Checkpoints = append(v.Checkpoints, from.Checkpoint)
		}
	}
	if p != nil {
		last, err := log.Last(ctx)
		if err != nil {
			return err
		}
		v.Progress = func(at eventstore.Position) { p(int64(at), int64(last)) }
	}
	var err error
	if out.Verified, err = v.Verify(ctx); err != nil {
		return err
	}
	if e.copied && len(v.Checkpoints) == 0 {
		e.wrong = append(e.wrong, audit.Problem{Code: audit.WitnessQuorum, Nature: audit.Lacking, Detail: "no signed checkpoint is there to compare the records with"})
	}
	out.Problems = append(e.wrong, out.Problems...)
	return nil
}
