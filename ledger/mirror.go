package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"rollbook/audit"
	"rollbook/eventstore/jetstream"
)

// SourceNotMirror means that what is shown as a copy of the log is a stream that
// keeps neither its positions nor its times: nothing can be said of the log by it.
const SourceNotMirror audit.Code = "SOURCE_NOT_MIRROR"

// ErrNoMirror means that the servers have no stream of the name.
var ErrNoMirror = errors.New("the servers have no such mirror")

// Mirrored says which mirror is verified, and by what.
type Mirrored struct {
	// Stream is its name on the servers of [Options].
	Stream string
	// Checkpoints is a file with signed checkpoints, such as an auditor keeps. With
	// it no ledger is needed, but the policy of [Signing], and the tree only if one is
	// named. Empty takes what the ledger in the directory has.
	Checkpoints string
}

// VerifyMirror verifies a mirror of the log on servers, of which nothing is believed:
// not its settings, and not that it is whole. Only o's Servers, Signing.Policy and
// Tree count, and what the ledger keeps beside its log. A mirror that has yet to catch
// up is told from one that is altered. Progress counts records.
func VerifyMirror(ctx context.Context, dir string, o Options, m Mirrored, what Verifying, p Progress) (out Verification, err error) {
	var e evidence
	if m.Checkpoints != "" {
		e, err = gatherAbroad(o, m.Checkpoints)
	} else {
		var id identity
		if id, err = readIdentity(dir); errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: %s", ErrNoLedger, dir)
		}
		if err == nil {
			e, err = gather(dir, id, o)
		}
	}
	if err != nil {
		return out, err
	}
	logger := cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	c := o.logConfig("", logger)
	c.Name = m.Stream
	mirror, err := jetstream.OpenMirror(ctx, c)
	switch {
	case errors.Is(err, jetstream.ErrNotMirror):
		out.Unwitnessed = e.policy.Unwitnessed()
		out.Problems = []audit.Problem{{Code: SourceNotMirror, Nature: audit.Lacking, Detail: err.Error()}}
		return out, nil
	case errors.Is(err, fs.ErrNotExist):
		return out, fmt.Errorf("%w: %s", ErrNoMirror, m.Stream)
	case err != nil:
		return out, err
	}
	defer func() { err = errors.Join(err, mirror.Close()) }()
	e.copied = true
	err = verifyIn(ctx, mirror, e, what, p, &out)
	return out, err
}

// gatherAbroad reads what somebody has to hold a log against who has no ledger.
func gatherAbroad(o Options, checkpoints string) (e evidence, err error) {
	if o.Signing.Policy == "" {
		return e, fmt.Errorf("%w: name the policy that they are to be verified by with --policy", ErrSigning)
	}
	if e.policy, err = policyOf("", o); err != nil {
		return e, err
	}
	if o.Tree != "" {
		if e.tiles, _, err = audit.ReadTiles(o.Tree); errors.Is(err, fs.ErrNotExist) {
			return e, fmt.Errorf("%w: %s", ErrNoTree, o.Tree)
		} else if err != nil {
			return e, err
		}
	}
	return e, e.read(audit.OpenHistory(checkpoints))
}
