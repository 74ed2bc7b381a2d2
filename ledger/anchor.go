package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"rollbook/audit"
	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
)

// The tree of the log lies outside the log's own directory. At each start the
// two are compared, before anything else looks at the log: a log that was cut
// gives positions to new records that others had before, and nobody would see
// it. While the ledger is open, the tree follows the log.

// treeDirectory is where, below the data directory, the tree is.
const treeDirectory = "tree"

// While the ledger is open the tree follows the log followEvery, and what it came to
// is signed signEvery; both happen once more when it is closed. What was recorded
// since is not yet vouched for. The tree follows more often than it has to, so that
// it never has so much to read at once that those who record have to wait for it.
const (
	followEvery = time.Second
	signEvery   = 10 * followEvery
)

// ErrNoTree means that the tree of a log that had one is gone, so that there is
// nothing left to compare the log with.
var ErrNoTree = errors.New("the tree of the log is missing")

// anchor is the tree of the ledger's log, and what follows it.
type anchor struct {
	tree   *audit.Tree
	log    audit.Log
	logger *slog.Logger

	last  context.Context //nolint:containedctx // for the last look, after whoever opened the ledger is gone
	stop  context.CancelFunc
	ended chan struct{}

	signing  *signing
	unsigned error // why there is no signing
	unsafe   func() bool
	settings func(context.Context) error

	mu         sync.Mutex
	alarm      error // what speaks against the log: nothing may be appended any more
	stuck      error // why the tree does not follow the log: nothing may be appended until it does
	publishing sync.Mutex
}

// anchored is a log that the tree follows.
type anchored interface {
	audit.Log
	// Settings says what is set up in another way than it has to be.
	Settings(ctx context.Context) error
	// Unsafe reports whether the log answers before a fact is on the disk.
	Unsafe() bool
}

// openAnchor opens the tree, compares the log with it and begins to follow the
// log. A tree that is missing is begun only for a log that never had one, or
// when the operator says so.
func openAnchor(ctx context.Context, dir string, id identity, o Options, empty bool, log anchored, logger *slog.Logger) (*anchor, error) {
	path := o.Tree
	if path == "" {
		path = filepath.Join(dir, treeDirectory)
	}
	if o.NewTree {
		if err := audit.Remove(path); err != nil {
			return nil, err
		}
	}
	begun, err := audit.Begun(path)
	if err != nil {
		return nil, err
	}
	follows := !o.Roles.Has(RoleAuditor)
	if !begun && id.Tree && !empty && !o.NewTree && !follows {
		return nil, fmt.Errorf("%w: %s; restore it from a backup or, if the log is certainly whole, make it anew with `rollbook anchor rebuild`", ErrNoTree, path)
	}
	var following *signing
	if follows { // before a tree is begun
		if following, err = openFollowing(dir, o); err != nil {
			return nil, err
		}
	}
	tree, err := audit.Open(path, id.origin())
	if err != nil {
		return nil, err
	}
	if err := tree.Check(ctx, log); err != nil {
		return nil, err
	}
	a := &anchor{tree: tree, log: log, logger: logger, ended: make(chan struct{}), unsafe: log.Unsafe, settings: log.Settings, signing: following}
	if !follows {
		a.signing, a.unsigned = openSigning(dir, id, o)
	}
	switch {
	case a.unsigned != nil && !o.Roles.All():
		return nil, a.unsigned // it is what this instance is for
	case a.unsigned != nil:
		// What is recorded is safe without; but somebody has to know.
		logger.ErrorContext(ctx, "checkpoints are not signed", slog.Any("error", a.unsigned))
	}
	err = a.compareSigned(!o.NewTree)
	if err == nil && follows {
		err = a.compareAnchored(ctx, empty)
	}
	if err != nil {
		return nil, errors.Join(err, a.closeSigning())
	}
	a.last = context.WithoutCancel(ctx)
	follow, stop := context.WithCancel(a.last)
	a.stop = stop
	go a.follow(follow) //nolint:contextcheck // it lives as long as the ledger, not as Open's context
	return a, nil
}

func (a *anchor) follow(ctx context.Context) {
	defer close(a.ended)
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	sign := time.Now().Add(signEvery)
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			if a.catchUp(ctx) == nil && !now.Before(sign) { // if it failed, it is noted, and logged
				a.attend(ctx)
				sign = now.Add(signEvery)
			}
		}
	}
}

// attend does what is due when the tree has come to the end of the log: it has it
// signed, or hears what another instance has signed.
func (a *anchor) attend(ctx context.Context) {
	if a.signing == nil || a.signing.publisher != nil {
		a.signIfDue(ctx)
	} else if err := a.hear(ctx); err != nil && ctx.Err() == nil {
		a.logger.ErrorContext(ctx, "what was signed cannot be compared with the log", slog.Any("error", err))
	}
}

// catchUp lets the tree follow the log to its end. A record that is missing or
// forbidden stops everything, and so does a log that does not answer until it does.
func (a *anchor) catchUp(ctx context.Context) error {
	err := a.tree.CatchUp(ctx, a.log)
	if err != nil && ctx.Err() != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case err != nil && a.stuck == nil:
		a.logger.ErrorContext(ctx, "the tree cannot follow the log; nothing is recorded until it can", slog.Any("error", err))
	case err == nil && a.stuck != nil:
		a.logger.InfoContext(ctx, "the tree follows the log again")
	}
	a.stuck = err
	return err
}

// raise has nothing recorded any more, because of what speaks against the log.
func (a *anchor) raise(ctx context.Context, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.alarm == nil {
		a.logger.ErrorContext(ctx, "the log is not the one that was signed; nothing is recorded any more", slog.Any("error", err))
		a.alarm = err
	}
}

// mayAppend returns why nothing may be appended, or nil.
func (a *anchor) mayAppend() error {
	if a == nil { // a ledger beside another one, which has the tree
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return cmp.Or(a.alarm, a.stuck)
}

func (a *anchor) alarmed() bool { return a.mayAppend() != nil }

// Close lets the tree follow the log for the last time.
func (a *anchor) Close() error {
	a.stop()
	<-a.ended
	if a.alarmed() {
		return a.closeSigning() // it was reported
	}
	if err := a.catchUp(a.last); err != nil {
		return errors.Join(err, a.closeSigning())
	}
	a.attend(a.last)
	return a.closeSigning()
}

func (a *anchor) closeSigning() error {
	if a.signing == nil {
		return nil
	}
	return a.signing.Close()
}

// compareSigned compares the tree with the newest checkpoint that is held: a log
// and a tree that were both set back contradict it.
func (a *anchor) compareSigned(known bool) error {
	if a.signing == nil || !known {
		return nil
	}
	newest, err := a.signing.history.Newest(a.signing.policy, time.Now())
	if err != nil {
		return err
	}
	if newest != nil {
		if err := a.goesOn(newest.Checkpoint); err != nil {
			return err
		}
	}
	return a.compareAnchors()
}

// compareAnchors compares the tree with the newest checkpoint at each anchor. When all
// that lies in the data directory was set back, the memory of what was signed among it,
// only what is elsewhere can tell; and going on would sign a second history. After a
// restore that lost records on purpose, [RestartSigner] adds what counts from then on.
func (a *anchor) compareAnchors() error {
	if a.signing.publisher == nil {
		return nil // see hear
	}
	for _, h := range a.signing.publisher.Anchors {
		newest, err := h.Newest(a.signing.policy, time.Now())
		if err != nil {
			// It says nothing of the log: only what the log's key has signed does.
			a.logger.Warn("an anchor cannot be read", slog.String("path", h.Path()), slog.Any("error", err))
			continue
		}
		if newest == nil {
			continue
		}
		if err := a.goesOn(newest.Checkpoint); err != nil {
			return fmt.Errorf("%s: %w", h.Path(), err)
		}
	}
	return nil
}

// goesOn checks that the tree goes on from a checkpoint.
func (a *anchor) goesOn(from audit.Checkpoint) error {
	tiles := a.tree.Tiles()
	at := tiles.Checkpoint()
	var proof []audit.Hash
	if from.Size <= at.Size {
		var err error
		if proof, err = tiles.Consistency(from.Size, at.Size); err != nil {
			return err
		}
	}
	return audit.CheckConsistency(from, at, proof)
}

// signIfDue signs if the log has grown or the day is over. Of a log that answers
// before facts are on the disk nothing is signed: a power cut could take back what
// was.
func (a *anchor) signIfDue(ctx context.Context) {
	if a.signing == nil || a.unsafe() || !a.signing.due(a.tree.Checkpoint().Size, time.Now()) {
		return
	}
	_, _ = a.sign(ctx) // it is noted, and logged
}

// sign has what the tree came to signed. If that contradicts what was signed
// before, nothing is recorded any more.
func (a *anchor) sign(ctx context.Context) (Signed, error) {
	switch {
	case a.signing == nil:
		return Signed{}, a.unsigned
	case a.signing.publisher == nil:
		return Signed{}, fmt.Errorf("%w: the instance with the role auditor signs, this one does not", ErrSigning)
	case a.unsafe():
		return Signed{}, fmt.Errorf("%w: the log answers before facts are on the disk (--unsafe-sync)", ErrSigning)
	}
	// With other settings the log may lose its head at any time, and what is signed now
	// would vouch for what is already going.
	if err := a.settings(ctx); errors.Is(err, jetstream.ErrSettings) {
		a.logger.ErrorContext(ctx, "the checkpoint is not signed", slog.Any("error", err))
		return Signed{}, err
	}
	a.publishing.Lock()
	defer a.publishing.Unlock()
	out, err := a.signing.publish(ctx, a.tree, a.logger)
	signed := Signed{out.SignedCheckpoint, a.signing.policy.Unwitnessed(), err}
	if err == nil || ctx.Err() != nil {
		return signed, err
	}
	evidence, ok := errors.AsType[*audit.EvidenceError](err)
	if ok && evidence.Code.Missing() {
		a.logger.WarnContext(ctx, "the checkpoint lacks witnesses", slog.Any("error", err))
		return signed, nil
	}
	a.logger.ErrorContext(ctx, "the checkpoint is not signed", slog.Any("error", err))
	if ok {
		a.raise(ctx, err)
	}
	return signed, err
}

// Checkpoint returns how far the log is vouched for, and by which root.
func (l *Ledger) Checkpoint(ctx context.Context) (audit.Checkpoint, error) {
	if err := l.anchor.catchUp(ctx); err != nil {
		return audit.Checkpoint{}, err
	}
	return l.anchor.tree.Checkpoint(), nil
}

// RootAt returns the root of the log's tree over the records up to a position. The
// tree follows the log first.
func (l *Ledger) RootAt(ctx context.Context, at eventstore.Position) (audit.Hash, error) {
	if err := l.anchor.catchUp(ctx); err != nil {
		return audit.Hash{}, err
	}
	c, err := l.anchor.tree.Tiles().At(uint64(at))
	return c.Root, err
}
