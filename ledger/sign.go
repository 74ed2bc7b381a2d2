package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"rollbook/audit"
)

// What the tree comes to is signed, so that it can be held against the log by
// somebody who does not trust this machine. In the data directory:
//
//	log.key       the log's key, unless another process signs
//	signer.json   what that key has signed last; belongs into no backup
//	checkpoints   every checkpoint that was signed
const (
	keyFile         = "log.key"
	memoryFile      = "signer.json"
	checkpointsFile = "checkpoints"
)

// Signing says who signs checkpoints of the log, and who sees them.
type Signing struct {
	// Signer is the address of the process that signs, such as
	// unix:///run/rollbook/sign.sock. If empty, the ledger signs by itself.
	Signer string
	// Key is the file of the log's key, and Memory that of what it has signed, for
	// a ledger that signs by itself; "log.key" and "signer.json" in the data
	// directory if empty.
	Key, Memory string
	// Policy is a file that names the log's key and the witnesses to ask. Without
	// one there are no witnesses, and everything says so.
	Policy string
	// Anchors are files outside that each checkpoint is added to as well.
	Anchors []string
}

// ErrSigning means that checkpoints cannot be signed as things stand.
var ErrSigning = errors.New("checkpoints cannot be signed")

// signing is how a ledger signs.
type signing struct {
	publisher *audit.Publisher // nil where another instance signs
	policy    *audit.Policy
	history   *audit.History
	follows   []*audit.History // where that instance puts what it signs
	heard     []stamp          // of them as they were when the log was compared with them
	last      string           // the newest note, where another instance signs
	closers   []func() error
	size      uint64    // of the last that was signed
	at        time.Time // when that was

	// The same for metrics, which do not wait for who is publishing.
	measuredSize atomic.Uint64
	measuredAt   atomic.Int64 // Unix seconds, 0 if not known
}

func (o Options) signingFiles(dir string) (key, memory string, history *audit.History) {
	key, memory = o.Signing.Key, o.Signing.Memory
	if key == "" {
		key = filepath.Join(dir, keyFile)
	}
	if memory == "" {
		memory = filepath.Join(dir, memoryFile)
	}
	return key, memory, audit.OpenHistory(filepath.Join(dir, checkpointsFile))
}

// openSigning prepares to sign. The key and the memory of a log that nobody has
// signed for are made.
func openSigning(dir string, id identity, o Options) (*signing, error) {
	keyPath, memoryPath, history := o.signingFiles(dir)
	s := &signing{history: history}
	var signer audit.Cosigner
	if o.Signing.Signer != "" {
		client, err := audit.NewClient(o.Signing.Signer, nil)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSigning, err)
		}
		if o.Signing.Policy == "" {
			return nil, fmt.Errorf("%w: a policy has to name the key of the process that signs: --policy", ErrSigning)
		}
		signer, s.closers = client, append(s.closers, func() error { client.Close(); return nil })
	} else {
		own, key, err := openSigner(keyPath, memoryPath, id, history, o.Roles.All())
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSigning, err)
		}
		signer, s.closers = own, append(s.closers, own.Close)
		s.policy = audit.OwnPolicy(key.Public())
	}
	if err := s.open(signer, o); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrSigning, err), s.Close())
	}
	return s, nil
}

func (s *signing) open(signer audit.Cosigner, o Options) error {
	witnesses := map[string]audit.Cosigner{}
	if o.Signing.Policy != "" {
		text, err := os.ReadFile(o.Signing.Policy)
		if err != nil {
			return err
		}
		if s.policy, err = audit.ParsePolicy(text); err != nil {
			return err
		}
		for _, w := range s.policy.Witnesses {
			if w.URL == "" {
				continue
			}
			client, err := audit.NewClient(w.URL, nil)
			if err != nil {
				return fmt.Errorf("witness %s: %w", w.Name, err)
			}
			witnesses[w.Name], s.closers = client, append(s.closers, func() error { client.Close(); return nil })
		}
	}
	s.publisher = &audit.Publisher{Signer: signer, Policy: s.policy, Witnesses: witnesses, History: s.history, Clock: time.Now}
	for _, path := range o.Signing.Anchors {
		s.publisher.Anchors = append(s.publisher.Anchors, audit.OpenHistory(path))
	}
	return s.remember()
}

// remember finds out what was signed last.
func (s *signing) remember() error {
	newest, err := s.history.Newest(s.policy, time.Now())
	if newest != nil {
		s.size, s.last = newest.Size, string(newest.Note)
		s.measuredSize.Store(newest.Size)
		if info, err := os.Stat(s.history.Path()); err == nil {
			s.measuredAt.Store(info.ModTime().Unix())
		}
	}
	return err
}

// note takes down what was signed.
func (s *signing) note(size uint64, at time.Time) {
	s.size, s.at = size, at
	s.measuredSize.Store(size)
	s.measuredAt.Store(at.Unix())
}

// openSigner opens the ledger's own signer. A key without its memory could sign a
// second history, so one is made only together with the other; and none is made
// where another instance has the key, as the policy beside the ledger tells.
func openSigner(keyPath, memoryPath string, id identity, history *audit.History, create bool) (*audit.Signer, *audit.Key, error) {
	_, err := os.Lstat(filepath.Join(filepath.Dir(keyPath), policyFile))
	elsewhere, signed := err == nil, false
	for _, err := range history.All() {
		if signed = err == nil; signed {
			break
		}
	}
	key, err := audit.ReadKey(keyPath)
	if errors.Is(err, fs.ErrNotExist) && create && !signed && !elsewhere {
		key, err = audit.NewKey(keyPath, id.origin(), audit.LogKey)
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s, which the log is signed with, is not here; restore it from its own copy, and see `rollbook help checkpoint restart`, unless another instance has it: %w", keyPath, err)
	}
	if err != nil {
		return nil, nil, err
	}
	if _, err := os.Lstat(memoryPath); errors.Is(err, fs.ErrNotExist) && !signed {
		if err := audit.StartMemory(memoryPath); err != nil {
			return nil, nil, err
		}
	}
	signer, err := audit.OpenSigner(key, memoryPath)
	return signer, key, err
}

// RestartSigner makes the memory of the ledger's own signer anew, from the newest
// checkpoint that is held. Whoever does this after a restore vouches for it that
// nothing newer was ever signed: it cannot be told afterwards.
func RestartSigner(dir string, o Options) (audit.Checkpoint, error) {
	id, err := readIdentity(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return audit.Checkpoint{}, fmt.Errorf("%w: %s", ErrNoLedger, dir)
	}
	if err != nil {
		return audit.Checkpoint{}, err
	}
	keyPath, memoryPath, history := o.signingFiles(dir)
	key, err := audit.ReadKey(keyPath)
	if err != nil {
		return audit.Checkpoint{}, fmt.Errorf("%w: %w", ErrSigning, err)
	}
	newest, err := history.Newest(audit.OwnPolicy(key.Public()), time.Now())
	if err != nil {
		return audit.Checkpoint{}, err
	}
	if newest == nil {
		return audit.Checkpoint{}, fmt.Errorf("%w: no checkpoint is held that the memory could be made from", ErrSigning)
	}
	if newest.Origin != id.origin() {
		return audit.Checkpoint{}, fmt.Errorf("%w: %s", audit.ErrOrigin, newest.Origin)
	}
	// Anchors may have what was given up. What is added last is what counts.
	for _, path := range o.Signing.Anchors {
		if err := audit.OpenHistory(path).Append(context.Background(), newest.Note); err != nil {
			return audit.Checkpoint{}, fmt.Errorf("%w: the anchor does not take the checkpoint: %w", ErrSigning, err)
		}
	}
	if err := os.Remove(memoryPath); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return audit.Checkpoint{}, err
	}
	return newest.Checkpoint, audit.StartMemory(memoryPath, newest.Checkpoint)
}

// Close ends signing.
func (s *signing) Close() (err error) {
	for _, f := range s.closers {
		err = errors.Join(err, f())
	}
	return err
}

// due reports whether there is something to sign: more records, or a new day.
func (s *signing) due(size uint64, now time.Time) bool {
	if size > s.size {
		return true
	}
	return size > 0 && !s.at.IsZero() && s.at.YearDay() != now.YearDay()
}

// publish has what the tree came to signed and cosigned.
func (s *signing) publish(ctx context.Context, tree *audit.Tree, logger *slog.Logger) (audit.Published, error) {
	tiles := tree.Tiles()
	out, err := s.publisher.Publish(ctx, tiles, tiles.Checkpoint().Size)
	if out.Size > 0 {
		s.note(out.Size, time.Now())
	}
	for name, err := range out.Refused {
		logger.WarnContext(ctx, "a witness did not cosign", slog.String("witness", name), slog.Any("error", err))
	}
	for _, a := range out.Anchored {
		if a.Err != nil {
			logger.WarnContext(ctx, "an anchor did not take the checkpoint", slog.String("path", a.Path), slog.Any("error", a.Err))
		}
	}
	return out, err
}

// Signed is a signed checkpoint of the ledger's log, and what can be said of it.
type Signed struct {
	audit.SignedCheckpoint
	// Unwitnessed is true if nobody but the log's owner signs.
	Unwitnessed bool
	// Verdict is why the checkpoint does not satisfy the policy, nil if it does.
	Verdict error
}

// Attend records the member index if it is due, has what the log comes to now
// signed, and returns it. It is for whoever keeps a ledger open, and does at once
// what that does by and by.
func (l *Ledger) Attend(ctx context.Context) (Signed, error) {
	if err := l.indexIfDue(ctx); err != nil {
		return Signed{}, err
	}
	return l.Sign(ctx)
}

// Policy returns whom the ledger believes.
func (l *Ledger) Policy() (*audit.Policy, error) {
	if l.anchor.signing == nil {
		return nil, l.anchor.unsigned
	}
	return l.anchor.signing.policy, nil
}

// Sign has what the log comes to now signed, and returns it.
func (l *Ledger) Sign(ctx context.Context) (Signed, error) {
	if _, err := l.Checkpoint(ctx); err != nil {
		return Signed{}, err
	}
	return l.anchor.sign(ctx)
}

// Signed returns the newest checkpoint that was signed, nil if there is none. One of
// another instance is compared with the log first.
func (l *Ledger) Signed(ctx context.Context) (*Signed, error) {
	s := l.anchor.signing
	if s == nil {
		return nil, l.anchor.unsigned
	}
	if s.publisher == nil {
		if err := l.anchor.hear(ctx); against(err) {
			return nil, err
		}
	}
	newest, err := s.history.Newest(s.policy, time.Now())
	if err != nil || newest == nil {
		return nil, err
	}
	signed := Signed{SignedCheckpoint: *newest, Unwitnessed: s.policy.Unwitnessed()}
	_, signed.Verdict = s.policy.Verify(newest.Note, time.Now(), 0)
	return &signed, nil
}

// SignedNotes calls f with every checkpoint that is held, oldest first.
func (l *Ledger) SignedNotes(f func(Signed) error) error {
	s := l.anchor.signing
	if s == nil {
		return l.anchor.unsigned
	}
	for text, err := range s.history.All() {
		if err != nil {
			return err
		}
		signed, verdict := s.policy.Verify(text, time.Now(), 0)
		if err := f(Signed{signed, s.policy.Unwitnessed(), verdict}); err != nil {
			return err
		}
	}
	return nil
}

var _ io.Closer = (*signing)(nil)
