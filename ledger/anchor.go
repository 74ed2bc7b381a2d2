package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"rollbook/audit"
)

// The tree of the log lies outside the log's own directory. At each start the
// two are compared, before anything else looks at the log: a log that was cut
// gives positions to new records that others had before, and nobody would see
// it. While the ledger is open, the tree follows the log.

// treeDirectory is where, below the data directory, the tree is.
const treeDirectory = "tree"

// followEvery is how often the tree follows the log while the ledger is open; it
// does so once more when it is closed. What was recorded since is not yet
// vouched for.
const followEvery = 10 * time.Second

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

	mu    sync.Mutex
	alarm error // why nothing may be appended any more
}

// openAnchor opens the tree, compares the log with it and begins to follow the
// log. A tree that is missing is begun only for a log that never had one, or
// when the operator says so.
func openAnchor(ctx context.Context, dir string, id identity, o Options, empty bool, log audit.Log, logger *slog.Logger) (*anchor, error) {
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
	if !begun && id.Tree && !empty && !o.NewTree {
		return nil, fmt.Errorf("%w: %s; restore it from a backup or, if the log is certainly whole, make it anew with `rollbook anchor rebuild`", ErrNoTree, path)
	}
	tree, err := audit.Open(path, id.origin())
	if err != nil {
		return nil, err
	}
	if err := tree.Check(ctx, log); err != nil {
		return nil, err
	}
	a := &anchor{tree: tree, log: log, logger: logger, ended: make(chan struct{})}
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
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_ = a.catchUp(ctx) // it is noted, and logged
		}
	}
}

// catchUp lets the tree follow the log to its end. A record that is missing or
// forbidden stops everything.
func (a *anchor) catchUp(ctx context.Context) error {
	err := a.tree.CatchUp(ctx, a.log)
	if err == nil || ctx.Err() != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.alarm == nil {
		a.logger.ErrorContext(ctx, "the tree cannot follow the log; nothing is recorded until it can", slog.Any("error", err))
	}
	a.alarm = err
	return err
}

// mayAppend returns why nothing may be appended, or nil.
func (a *anchor) mayAppend() error {
	if a == nil { // a ledger beside another one, which has the tree
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.alarm
}

func (a *anchor) alarmed() bool { return a.mayAppend() != nil }

// Close lets the tree follow the log for the last time.
func (a *anchor) Close() error {
	a.stop()
	<-a.ended
	if a.alarmed() {
		return nil // it was reported
	}
	return a.catchUp(a.last)
}

// Checkpoint returns how far the log is vouched for, and by which root.
func (l *Ledger) Checkpoint(ctx context.Context) (audit.Checkpoint, error) {
	if err := l.anchor.catchUp(ctx); err != nil {
		return audit.Checkpoint{}, err
	}
	return l.anchor.tree.Checkpoint(), nil
}
