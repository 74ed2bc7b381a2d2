package ledger

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"rollbook/audit"
	"rollbook/eventstore"
	"rollbook/eventstore/archive"
	"rollbook/eventstore/jetstream"
	"rollbook/eventstore/vault"
)

// stagingDirectory is where, below the data directory, a restore works until
// everything is proven. As long as it is there, the restore was not finished.
const stagingDirectory = temporaryPrefix + "restore"

// Restoring says how a backup is restored.
type Restoring struct {
	Options
	// AcceptRollback restores a backup that is older than what an anchor shows was
	// signed. The records after it are lost, and whoever holds the later checkpoint
	// can prove that they were there.
	AcceptRollback bool
	// Accounts takes in the accounts of the service, into a data directory or where else
	// they belong, all of them or none, and returns how many there are. Nil leaves them.
	Accounts func(ctx context.Context, dir string, from io.Reader) (int, error)
}

// Restored is what a restore came to.
type Restored struct {
	Ledger   string              `json:"ledger"`
	Taken    time.Time           `json:"taken"`
	Position eventstore.Position `json:"position"`
	Root     string              `json:"root"`
	// Checkpoints is how many signed checkpoints the records were compared with.
	Checkpoints int `json:"checkpoints"`
	Keys        int `json:"keys"`
	// Accounts is how many of the service were restored; nil if the backup has none.
	Accounts    *int `json:"accounts"`
	Unwitnessed bool `json:"unwitnessed"`
	// Lost is how many records are known to have been signed after the backup.
	Lost uint64 `json:"lost"`
	// Missing are the keys that the backup has not, by the names that they have in
	// the data directory.
	Missing []string `json:"missing"`
}

// RollbackError reports that a backup is older than what was signed.
type RollbackError struct {
	Path             string // the anchor
	Signed, BackedUp uint64
}

func (e *RollbackError) Error() string {
	return fmt.Sprintf("%s shows that %d records were signed, and the backup has %d: %d records would be lost, and whoever holds the later checkpoint can prove that they were there. Restore a later backup or, if there is none, say so with --accept-rollback",
		e.Path, e.Signed, e.BackedUp, e.Signed-e.BackedUp)
}

// Restore makes the ledger of a backup anew in a directory that is empty. It is
// accepted only if every file is what was written, if the records come to the root
// of the backup and to each signed checkpoint in it, and if the log that is made of
// them comes to that root again. Otherwise nothing is left behind, and the error
// names what is wrong. Progress counts records.
//
// What was signed last is not in a backup, so nothing is signed after a restore
// until somebody vouches for it: see [RestartSigner].
func Restore(ctx context.Context, from, to string, o Restoring, p Progress) (out Restored, err error) {
	m, err := readManifest(from)
	if err != nil {
		return out, err
	}
	out = Restored{Ledger: m.Ledger, Taken: m.Taken, Position: m.Position, Root: m.Root, Keys: m.Keys}
	made, err := mayRestore(to, o.Options)
	if err != nil {
		return out, err
	}
	r := &restoring{from: from, to: to, staging: filepath.Join(to, stagingDirectory), m: m, o: o, progress: p}
	tree := cmp.Or(o.Tree, filepath.Join(r.staging, treeDirectory))
	defer func() {
		if err == nil || r.done {
			return
		}
		for _, name := range restoredNames() { // the directory was empty
			err = errors.Join(err, os.RemoveAll(filepath.Join(to, name)))
		}
		err = errors.Join(err, os.RemoveAll(r.staging))
		if o.Tree != "" && r.treeBegun {
			err = errors.Join(err, audit.Remove(o.Tree))
		}
		if r.onServers {
			err = fmt.Errorf("%w; the servers have the log that was made and is not accepted: have its stream deleted before the next try", err)
		}
		if made {
			_ = os.Remove(to) // it stays if something else is in it by now
		}
	}()
	if err := os.RemoveAll(r.staging); err != nil {
		return out, err
	}
	if err := os.MkdirAll(r.staging, 0o700); err != nil {
		return out, err
	}
	if err := r.check(ctx, &out); err != nil {
		return out, err
	}
	if err := r.files(&out); err != nil {
		return out, err
	}
	// What cannot be taken back comes last: no service's login deletes a log.
	if err := r.roomForKeys(ctx); err != nil {
		return out, err
	}
	if err := r.log(ctx, tree); err != nil {
		return out, err
	}
	if err := r.keys(ctx); err != nil {
		return out, err
	}
	if err := r.accounts(ctx, &out); err != nil {
		return out, fmt.Errorf("the accounts of the service: %w", err)
	}
	return out, r.finish()
}

// restoring is a restore at work.
type restoring struct {
	from, to, staging string
	m                 *manifest
	o                 Restoring
	progress          Progress
	archive           *archive.Archive
	master            *vault.Master // nil if it is not at hand
	id                identity
	treeBegun         bool
	onServers         bool // the log is made, and they keep it
	done              bool // it is a ledger; what fails now undoes nothing
}

// mayRestore reports why a backup cannot be restored into a directory, and whether
// it made it.
func mayRestore(to string, o Options) (made bool, err error) {
	found, err := os.ReadDir(to)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		made = true
		err = os.MkdirAll(to, 0o700)
	case err == nil:
		unfinished := slices.ContainsFunc(found, func(f os.DirEntry) bool { return f.Name() == stagingDirectory })
		for _, f := range found {
			switch name := f.Name(); {
			case name == stagingDirectory, name == "lost+found":
			case unfinished && slices.Contains(restoredNames(), name):
				// A restore that was killed in its last step; ledger.json is not among
				// them, so nobody has used them.
				err = errors.Join(err, os.RemoveAll(filepath.Join(to, name)))
			default:
				return false, fmt.Errorf("%w: %s is not empty; a backup is restored into an empty directory only, name one with --data", ErrDirectory, to)
			}
		}
	default:
		err = fmt.Errorf("%w: %w", ErrDirectory, err)
	}
	if err == nil && o.Tree != "" {
		begun := false
		if begun, err = audit.Begun(o.Tree); err == nil && begun {
			err = fmt.Errorf("%w: there is a tree in %s already; name an empty directory with --tree", ErrDirectory, o.Tree)
		}
	}
	return made, err
}

// restoredNames are what a restore puts into the data directory before ledger.json.
func restoredNames() []string {
	return []string{logDirectory, treeDirectory, keysFile, keysFile + "-wal", keysFile + "-shm", checkpointsFile, policyFile, masterFile, keyFile, reportKeyFile, accessFile, accessFile + "-wal", accessFile + "-shm"}
}

func (r *restoring) state(name string) string { return filepath.Join(r.from, r.m.State, name) }

// check proves the backup by itself, before anything is made of it.
func (r *restoring) check(ctx context.Context, out *Restored) (err error) {
	for _, f := range r.m.Files {
		err := f.check(r.from)
		if err == nil {
			continue
		}
		if damage, ok := errors.AsType[*DamagedBackupError](err); ok {
			damage.Sequence = r.firstBad(ctx)
		}
		return err
	}
	if r.archive, err = archive.OpenReader(filepath.Join(r.from, archiveDirectory)); err != nil && r.m.Position > 0 {
		return err
	}
	policyText, err := os.ReadFile(cmp.Or(r.o.Signing.Policy, r.state(policyFile)))
	if err != nil {
		return err
	}
	policy, err := audit.ParsePolicy(policyText)
	if err != nil {
		return err
	}
	e := evidence{policy: policy}
	if err := e.read(audit.OpenHistory(r.state(checkpointsFile))); err != nil {
		return err
	}
	if len(e.wrong) > 0 {
		return &DamagedBackupError{Path: checkpointsFile, Detail: fmt.Sprintf("%s: %s", e.wrong[0].Code, e.wrong[0].Detail)}
	}
	out.Unwitnessed = policy.Unwitnessed()
	if err := r.anchors(policy, &e, out); err != nil {
		return err
	}
	v, err := audit.Verification{Log: r, Copy: true, Checkpoints: e.signed}.Verify(ctx)
	if err != nil {
		return err
	}
	if first := v.First(); first != nil {
		return &DamagedBackupError{Path: cmp.Or(first.Path, archiveDirectory), Sequence: first.Sequence, Detail: fmt.Sprintf("%s: %s", first.Code, first.Detail)}
	}
	if v.Size != uint64(r.m.Position) || v.Root != r.m.Root {
		return &DamagedBackupError{Path: archiveDirectory, Detail: fmt.Sprintf("its records come to %d and the root %s, and %d and %s were backed up", v.Size, v.Root, r.m.Position, r.m.Root)}
	}
	out.Checkpoints = v.Checkpoints
	return nil
}

// anchors compares the backup with what was signed elsewhere. What is within its
// reach has to agree with its records; what is beyond was signed after it.
func (r *restoring) anchors(policy *audit.Policy, e *evidence, out *Restored) error {
	for _, path := range r.o.Signing.Anchors {
		newest, err := audit.OpenHistory(path).Newest(policy, time.Now())
		if err != nil {
			return err
		}
		switch {
		case newest == nil:
		case newest.Origin != r.m.Origin:
			return fmt.Errorf("%w: %s is of %s", audit.ErrOrigin, path, newest.Origin)
		case newest.Size <= uint64(r.m.Position):
			e.signed = append(e.signed, newest.Checkpoint)
		case !r.o.AcceptRollback:
			return &RollbackError{Path: path, Signed: newest.Size, BackedUp: uint64(r.m.Position)}
		default:
			out.Lost = max(out.Lost, newest.Size-uint64(r.m.Position))
		}
	}
	return nil
}

// firstBad returns the first record that cannot be read, or is not the one whose
// leaf was noted; 0 if all are good.
func (r *restoring) firstBad(ctx context.Context) eventstore.Position {
	a, err := archive.OpenReader(filepath.Join(r.from, archiveDirectory))
	if err != nil {
		return 0 // it is not about a record
	}
	was := r.archive
	defer func() { r.archive = was }()
	r.archive = a
	at := eventstore.Position(0)
	for s, err := range r.ReplayStored(ctx, 0, 0) {
		if err != nil {
			if ctx.Err() != nil {
				return 0
			}
			return at + 1
		}
		at = s.Position
	}
	if at < r.m.Position {
		return at + 1
	}
	return 0
}

// Shape implements [audit.Log]: of the archive, what belongs to the backup.
func (r *restoring) Shape(ctx context.Context) (eventstore.Shape, error) {
	if r.m.Position == 0 {
		return eventstore.Shape{}, nil
	}
	shape, err := r.archive.Shape(ctx)
	shape.Last = min(shape.Last, r.m.Position)
	return shape, err
}

// ReplayStored implements [audit.Log]. A record that has not its leaf is a
// [*DamagedBackupError].
func (r *restoring) ReplayStored(ctx context.Context, after, to eventstore.Position) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		if to == 0 || to > r.m.Position {
			to = r.m.Position
		}
		if after >= to {
			return
		}
		f, err := os.Open(filepath.Join(r.from, leavesFile))
		if err == nil {
			defer f.Close()
			_, err = f.Seek(int64(after)*leafBytes, io.SeekStart)
		}
		if err != nil {
			yield(eventstore.Stored{}, err)
			return
		}
		leaves := bufio.NewReaderSize(f, 1<<16)
		var want audit.Hash
		var entry []byte
		for s, err := range r.archive.ReplayStored(ctx, after, to) {
			if err == nil {
				if entry, err = audit.AppendEntry(entry[:0], s); err == nil {
					_, err = io.ReadFull(leaves, want[:])
				}
			}
			if err == nil && audit.LeafHash(entry) != want {
				err = &DamagedBackupError{Path: archiveDirectory, Sequence: s.Position, Detail: "the record has not the leaf hash that was noted"}
			}
			if !yield(s, err) || err != nil {
				return
			}
		}
	}
}

// files puts everything but the log and the keys into place.
func (r *restoring) files(out *Restored) error {
	for _, name := range []string{identityFile, checkpointsFile, policyFile} {
		if err := copyFile(r.state(name), filepath.Join(r.staging, name)); err != nil {
			return err
		}
	}
	id, err := readIdentity(r.staging)
	if err != nil {
		return err
	}
	if r.id = id; id.origin() != r.m.Origin {
		return &DamagedBackupError{Path: identityFile, Detail: "it is that of another ledger"}
	}
	for _, name := range r.m.Secrets {
		if name == masterFile && r.o.MasterKey != "" {
			continue // it is kept elsewhere now
		}
		if !slices.Contains(restoredNames(), name) {
			return &DamagedBackupError{Path: manifestFile, Detail: "it names a file that belongs to no backup"}
		}
		if err := copyFile(r.state(name), filepath.Join(r.staging, name)); err != nil {
			return err
		}
	}
	master := cmp.Or(r.o.MasterKey, filepath.Join(r.staging, masterFile))
	r.master, err = vault.ReadMaster(master)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		out.Missing = append(out.Missing, masterFile)
	case err != nil:
		return fmt.Errorf("master key: %w", err)
	case r.master.ID() != r.m.KEK:
		return fmt.Errorf("%w: %s, and the one given is %s; name the right master key file", vault.ErrMasterKey, r.m.KEK, r.master.ID())
	}
	if !slices.Contains(r.m.Secrets, keyFile) && r.o.Signing.Signer == "" && r.m.Signed > 0 {
		out.Missing = append(out.Missing, keyFile)
	}
	return nil
}

// log makes the log of the records, and compares it with its root once more, as it
// can be read now.
func (r *restoring) log(ctx context.Context, tree string) (err error) {
	logger := r.o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	config := r.o.logConfig(r.staging, logger)
	err = jetstream.Restore(ctx, config, r.m.Position, func(yield func(eventstore.Stored, error) bool) {
		for s, err := range r.ReplayStored(ctx, 0, 0) {
			if r.progress != nil && err == nil && s.Position%1024 == 0 {
				r.progress(int64(s.Position), int64(r.m.Position))
			}
			if !yield(s, err) {
				return
			}
		}
	})
	if errors.Is(err, fs.ErrExist) && config.URL != "" {
		return fmt.Errorf("%w: the servers have a log already; a backup is restored to servers without one", ErrDirectory)
	}
	if err != nil {
		return err
	}
	r.onServers = config.URL != ""
	log, err := jetstream.Open(ctx, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	r.treeBegun = true
	t, err := audit.Open(tree, r.m.Origin)
	if err != nil {
		return err
	}
	if err := t.CatchUp(ctx, log); err != nil {
		return err
	}
	if at := t.Checkpoint(); at.Size != uint64(r.m.Position) || at.Root.String() != r.m.Root {
		return fmt.Errorf("the log that was restored comes to %d records and the root %s, and the backup to %d and %s; it is not accepted", at.Size, at.Root, r.m.Position, r.m.Root)
	}
	return nil
}

// ErrKeysThere means that a backup cannot be restored into a database that has keys:
// some of them may have been destroyed since.
var ErrKeysThere = errors.New("the database has keys of this ledger already; name another database with --database, or another schema in it, as postgres://...?schema=rollbook_2")

// roomForKeys reports whether the keys can be restored, before there is a log.
func (r *restoring) roomForKeys(ctx context.Context) (err error) {
	ring, _, err := openKeyring(ctx, r.staging, r.id, r.o.Database, r.m.KEK, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ring.Close()) }()
	for _, err := range ring.All(ctx) {
		return cmp.Or(err, ErrKeysThere)
	}
	return nil
}

// keys makes the keyring anew: where a new ledger would have it.
func (r *restoring) keys(ctx context.Context) (err error) {
	all := readKeys(r.state(keysExport), keysHead{1, r.m.Origin, r.m.KEK})
	ring, _, err := openKeyring(ctx, r.staging, r.id, r.o.Database, r.m.KEK, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ring.Close()) }()
	if err := ring.Restore(ctx, all); errors.Is(err, vault.ErrHasKey) {
		return ErrKeysThere
	} else if err != nil {
		return err
	}
	if r.master == nil {
		return nil
	}
	_, err = vault.New(ctx, ring, r.master, r.m.Origin)
	return err
}

// accounts restores those of the service, if the backup has them: an earlier program
// left them out.
func (r *restoring) accounts(ctx context.Context, out *Restored) error {
	at := slices.IndexFunc(r.m.Files, func(f copied) bool { return f.Path == r.m.State+"/"+accountsExport })
	if at < 0 || r.o.Accounts == nil {
		return nil
	}
	f, err := r.m.Files[at].open(r.from)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := r.o.Accounts(ctx, r.staging, f)
	if err == nil {
		out.Accounts = &n
	}
	return err
}

// finish moves everything into place; ledger.json, which makes it a ledger, last.
func (r *restoring) finish() error {
	for _, name := range restoredNames() {
		err := os.Rename(filepath.Join(r.staging, name), filepath.Join(r.to, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := syncDirectory(r.to); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(r.staging, identityFile), filepath.Join(r.to, identityFile)); err != nil {
		return err
	}
	r.done = true
	return errors.Join(os.Remove(r.staging), syncDirectory(r.to))
}
