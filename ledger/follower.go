package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"rollbook/audit"
	"rollbook/eventstore"
)

// An instance without the role auditor has no key of the log and makes none. Its
// tree is its own, made from the log; what the auditor has signed, and put where
// all reach it (--anchor), is compared with that tree, at the start and ever after,
// and the newest is kept in the instance's own file of checkpoints. So it finds a
// log that was cut or changed as the auditor would, and an anchor that was set back.

// signedWithin is how long a proof waits for the auditor to sign what it needs:
// it does so every [signEvery].
const signedWithin = 2 * signEvery

// openFollowing prepares to follow what another instance signs.
func openFollowing(dir string, o Options) (*signing, error) {
	path := cmp.Or(o.Signing.Policy, filepath.Join(dir, policyFile))
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: without the role auditor there has to be the policy of the one that signs, from `rollbook checkpoint policy` in its data directory, with --policy or as %s: %w",
			audit.ErrPolicy, filepath.Join(dir, policyFile), err)
	}
	policy, err := audit.ParsePolicy(text)
	if err != nil {
		return nil, err
	}
	_, _, history := o.signingFiles(dir)
	s := &signing{policy: policy, history: history}
	for _, path := range o.Signing.Anchors {
		s.follows = append(s.follows, audit.OpenHistory(path))
	}
	return s, s.remember()
}

// stamp tells a file that was added to, which is cheaper than to read it.
type stamp struct {
	size int64
	at   time.Time
}

// stamps returns that of each anchor, a zero one where there is none.
func (s *signing) stamps() []stamp {
	all := make([]stamp, len(s.follows))
	for i, h := range s.follows {
		if info, err := os.Stat(h.Path()); err == nil {
			all[i] = stamp{info.Size(), info.ModTime()}
		}
	}
	return all
}

// anchored returns the newest checkpoint of the auditor that can be read and is
// signed as the policy says; nil if there is none. It returns an error if no anchor
// could be read.
func (s *signing) anchored(ctx context.Context, logger *slog.Logger) (newest *audit.SignedCheckpoint, err error) {
	var failed []error
	for _, h := range s.follows {
		have, err := h.Newest(s.policy, time.Now())
		switch {
		case err != nil:
			// It says nothing of the log: only what the log's key has signed does.
			logger.WarnContext(ctx, "an anchor cannot be read", slog.String("path", h.Path()), slog.Any("error", err))
			failed = append(failed, err)
		case have != nil && (newest == nil || have.Size >= newest.Size):
			newest = have
		}
	}
	if len(failed) == len(s.follows) {
		// In words alone: a signature that is wrong there is no evidence here.
		return nil, fmt.Errorf("%w: no anchor can be read: %v", ErrNoTree, errors.Join(failed...)) //nolint:errorlint // see above
	}
	return newest, nil
}

// hear compares the log with the newest checkpoint that the auditor has signed, and
// keeps it. What speaks against the log is an [*audit.EvidenceError], and then
// nothing is recorded any more.
func (a *anchor) hear(ctx context.Context) error {
	a.publishing.Lock()
	defer a.publishing.Unlock()
	s := a.signing
	now := s.stamps()
	if slices.Equal(now, s.heard) {
		return nil
	}
	newest, err := s.anchored(ctx, a.logger)
	if err != nil || newest == nil {
		return err
	}
	if newest.Size > a.tree.Checkpoint().Size { // it was stored before it was signed
		if err := a.catchUp(ctx); err != nil {
			return err
		}
	}
	if err := a.goesOn(newest.Checkpoint); err != nil {
		if _, ok := errors.AsType[*audit.EvidenceError](err); ok {
			a.raise(ctx, err)
		}
		return err
	}
	if string(newest.Note) != s.last && newest.Size >= s.size {
		if err := s.history.Append(ctx, newest.Note); err != nil {
			return err
		}
		s.note(newest.Size, time.Now())
		s.last = string(newest.Note)
	}
	s.heard = now
	return nil
}

// compareAnchored is hear at the start. A tree that was never compared with
// anything cannot vouch for a log.
func (a *anchor) compareAnchored(ctx context.Context, empty bool) error {
	if err := a.hear(ctx); against(err) || err != nil && a.signing.size == 0 && !empty {
		return err
	}
	if a.signing.size == 0 && !empty {
		return fmt.Errorf("%w: no checkpoint is at --anchor that the log could be compared with; start the instance with the role auditor first, with the same --anchor", ErrNoTree)
	}
	return nil
}

// against reports whether an error speaks against the log, and not only of something
// that cannot be reached or read now.
func against(err error) bool {
	_, evidence := errors.AsType[*audit.EvidenceError](err)
	return evidence || errors.Is(err, audit.ErrOrigin)
}

// signedNow returns a signed checkpoint of all that the log has now. Who does not
// sign waits for who does.
func (l *Ledger) signedNow(ctx context.Context) (Signed, error) {
	if l.options.Roles.Has(RoleAuditor) {
		return l.Sign(ctx)
	}
	last, err := l.log.Last(ctx)
	if err != nil {
		return Signed{}, err
	}
	waiting, cancel := context.WithTimeout(ctx, signedWithin)
	defer cancel()
	for {
		signed, err := l.Signed(ctx)
		if err != nil {
			return Signed{}, err
		}
		if signed != nil && signed.Size >= uint64(last) {
			return *signed, nil
		}
		select {
		case <-waiting.Done():
			if ctx.Err() != nil {
				return Signed{}, ctx.Err()
			}
			return Signed{}, fmt.Errorf("%w: the instance with the role auditor has not signed the %d records that this rests on; ask again in a while", eventstore.ErrUnavailable, last)
		case <-time.After(signedWithin / 100):
		}
	}
}
