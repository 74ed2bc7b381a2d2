package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"

	"rollbook/audit"
	"rollbook/eventstore"
	"rollbook/eventstore/archive"
	"rollbook/projections"
)

// archiveDirectory is where, below the data directory, the archive is, once there
// is one.
const archiveDirectory = "archive"

// policyFile is the policy in an archive, beside the checkpoints: the folder is all
// that an auditor takes away.
const policyFile = "policy"

// Archived is what archiving came to.
type Archived struct {
	// Position is the last record that is archived, and Added how many came new.
	Position eventstore.Position `json:"position"`
	Added    eventstore.Position `json:"added"`
	// Repaired are the segments that were missing or damaged, and were written again.
	Repaired []string `json:"repaired"`
}

// Archive brings the copy of the log in a directory, that of the ledger if empty,
// up to what is vouched for: each record is compared with its leaf in the tree, and
// segments that are missing or damaged are written again. The signed checkpoints
// and the policy are put beside, so that the folder can be verified alone. Progress
// counts records.
func (l *Ledger) Archive(ctx context.Context, dir string, p Progress) (out Archived, err error) {
	if dir == "" {
		dir = filepath.Join(l.dir, archiveDirectory)
	}
	if _, err := l.Sign(ctx); err != nil {
		return out, err
	}
	tiles := l.anchor.tree.Tiles()
	to := eventstore.Position(tiles.Checkpoint().Size)
	a, err := archive.Open(dir, archive.Options{Origin: l.identity.origin(), Check: func(records []eventstore.Stored) error {
		if p != nil {
			p(int64(records[len(records)-1].Position), int64(to))
		}
		return tiles.Compare(records)
	}})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if out.Repaired, err = a.Repair(ctx, l.anchor.log); err != nil {
		return out, err
	}
	before, err := a.Last()
	if err != nil {
		return out, err
	}
	if err := a.Follow(ctx, l.anchor.log, to); err != nil {
		return out, err
	}
	if out.Position, err = a.Last(); err != nil {
		return out, err
	}
	out.Added = out.Position - before
	return out, l.takeAlong(dir, uint64(out.Position))
}

// takeAlong puts beside an archive of so many records what it is verified with. What
// was signed meanwhile of records that it has not would make it look cut.
func (l *Ledger) takeAlong(dir string, records uint64) error {
	path := filepath.Join(dir, checkpointsFile)
	if err := os.Remove(path + temporaryPrefix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := l.copyCheckpoints(path+temporaryPrefix, records); err != nil {
		return err
	}
	if err := os.Rename(path+temporaryPrefix, path); err != nil {
		return err
	}
	text, err := l.policyText()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, policyFile), text, 0o600)
}

// policyText returns the policy that the ledger's checkpoints are verified by; that
// of a ledger which cannot sign names no log.
func (l *Ledger) policyText() ([]byte, error) {
	if path := l.options.Signing.Policy; path != "" {
		return os.ReadFile(path)
	}
	text := "quorum none\n"
	if s := l.anchor.signing; s != nil {
		for _, log := range s.policy.Logs {
			text = "log " + log.Key.String() + "\n" + text
		}
		return []byte(text), nil
	}
	key, _, _ := l.options.signingFiles(l.dir)
	policy, err := policyOf(key, l.options)
	if err == nil {
		for _, log := range policy.Logs {
			text = "log " + log.Key.String() + "\n" + text
		}
	} else if !errors.Is(err, ErrSigning) {
		return nil, err
	}
	return []byte(text), nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to+temporaryPrefix, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	return os.Rename(to+temporaryPrefix, to)
}

// VerifyArchive verifies an archive alone: the folder, and a policy. Without the
// text of a policy that of the folder is taken, which only says what its maker
// wants to be believed.
func VerifyArchive(ctx context.Context, dir string, policyText []byte, what Verifying, p Progress) (out Verification, err error) {
	a, err := archive.OpenReader(dir)
	if err != nil {
		return out, err
	}
	if len(policyText) == 0 {
		if policyText, err = os.ReadFile(filepath.Join(dir, policyFile)); err != nil {
			return out, fmt.Errorf("%w: %w", ErrSigning, err)
		}
	}
	policy, err := audit.ParsePolicy(policyText)
	if err != nil {
		return out, err
	}
	e := evidence{policy: policy, copied: true}
	if err := e.read(audit.OpenHistory(filepath.Join(dir, checkpointsFile))); err != nil {
		return out, err
	}
	err = verifyIn(ctx, archivedLog{a}, e, what, p, &out)
	return out, err
}

// archivedLog is an archive as a log that can be verified.
type archivedLog struct{ *archive.Archive }

func (a archivedLog) Last(context.Context) (eventstore.Position, error) { return a.Archive.Last() }

// history is the log for whoever reads much of it: what is archived is taken from
// the archive, and only the rest from the log.
func (l *Ledger) history() projections.Log {
	stored, ok := l.log.(interface {
		Record(s eventstore.Stored) eventstore.Record
		Subject(stream string) string
	})
	if !ok || l.dir == "" {
		return l.log
	}
	a, err := archive.OpenReader(filepath.Join(l.dir, archiveDirectory))
	if err == nil && a.Origin() != l.identity.origin() {
		err = archive.ErrOrigin
	}
	if err != nil {
		if !errors.Is(err, archive.ErrNone) && !errors.Is(err, fs.ErrNotExist) {
			l.logger.Warn("the archive is not used", slog.Any("error", err))
		}
		return l.log
	}
	return &archived{Log: l.log, archive: a, record: stored.Record, subject: stored.Subject, logger: l.logger}
}

// load returns the records of one history, from the archive as far as that goes, and
// only the ones after it from the log. What the archive says has to make one chain
// with what the log says; else it is the log that counts.
func (l *Ledger) load(ctx context.Context, stream string) ([]eventstore.Record, error) {
	a, ok := l.history().(*archived)
	if !ok {
		return l.log.Load(ctx, stream, 0)
	}
	stored, to, err := a.archive.Stream(ctx, a.subject(stream))
	if _, damaged := errors.AsType[*archive.DamageError](err); damaged {
		a.warn(ctx, err)
	} else if err != nil {
		return nil, err
	}
	records := make([]eventstore.Record, 0, len(stored))
	for _, s := range stored {
		records = append(records, a.record(s))
	}
	tail, err := l.log.Load(ctx, stream, to)
	if err != nil {
		return nil, err
	}
	records = append(records, tail...)
	head := eventstore.Head{}
	for _, rec := range records {
		if rec.Previous != head {
			a.warn(ctx, fmt.Errorf("position %d goes on from %d, and %d is before it", rec.Position, rec.Previous.Position, head.Position))
			return l.log.Load(ctx, stream, 0)
		}
		head = rec.Head()
	}
	return records, nil
}

// archived reads the archive first.
type archived struct {
	projections.Log
	archive *archive.Archive
	record  func(eventstore.Stored) eventstore.Record
	subject func(stream string) string
	logger  *slog.Logger
}

func (a *archived) warn(ctx context.Context, err error) {
	a.logger.WarnContext(ctx, "the archive is damaged; the log is read instead, and `rollbook archive` repairs it", slog.Any("error", err))
}

// few is how many records are not worth opening the archive for.
const few = 2000

func (a *archived) Replay(ctx context.Context, after, to eventstore.Position) iter.Seq2[eventstore.Record, error] {
	return func(yield func(eventstore.Record, error) bool) {
		at := after
		if to == 0 || to-after > few {
			last, err := a.archive.Last()
			if err == nil && last > after {
				end := last
				if to != 0 {
					end = min(to, last)
				}
				for s, err := range a.archive.ReplayStored(ctx, after, end) {
					if _, damaged := errors.AsType[*archive.DamageError](err); damaged {
						a.warn(ctx, err)
						break
					}
					if err != nil {
						yield(eventstore.Record{}, err)
						return
					}
					if !yield(a.record(s), nil) {
						return
					}
					at = s.Position
				}
			}
		}
		if to != 0 && at >= to {
			return
		}
		for rec, err := range a.Log.Replay(ctx, at, to) {
			if !yield(rec, err) {
				return
			}
		}
	}
}
