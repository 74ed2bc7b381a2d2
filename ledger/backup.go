package ledger

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rollbook/audit"
	"rollbook/eventstore"
	"rollbook/eventstore/archive"
	"rollbook/eventstore/vault"
)

// A backup is a directory:
//
//	backup.json   what belongs to it, with sizes and hashes; written last
//	archive/      the records as they are stored; only added to
//	leaves        the leaf hash of each record; only added to
//	state-*/      the rest, as of one backup: ledger.json, the signed checkpoints,
//	              the policy, the wrapped keys, the accounts of the service
//
// A backup into the same directory adds what is new. Until its backup.json is
// there the one before stands, because nothing that it names is changed: what is
// only added to is named with its length. It opens nothing and signs nothing by
// itself: the master key and the log's key are left out unless asked for, and what
// was signed last (signer.json) always.
const (
	manifestFile   = "backup.json"
	leavesFile     = "leaves"
	keysExport     = "keys"
	accountsExport = "accounts"
	statePrefix    = "state-"
	manifestFormat = 1
)

// Backing says what goes into a backup that could open or sign.
type Backing struct {
	// MasterKey takes the master key along: whoever gets the backup reads
	// everything.
	MasterKey bool
	// SigningKeys takes along the keys of checkpoints and reports: whoever gets the
	// backup can sign in the ledger's name.
	SigningKeys bool
	// Accounts writes the accounts of the service, which the ledger does not know, and
	// returns how many there are. Nil leaves them out.
	Accounts func(context.Context, io.Writer) (int, error)
}

// BackedUp is what a backup came to.
type BackedUp struct {
	// Position is the last record in it, Root what its records come to, and Added
	// how many of them were not there before.
	Position eventstore.Position `json:"position"`
	Root     string              `json:"root"`
	Added    eventstore.Position `json:"added"`
	// Signed is the size of the newest signed checkpoint in it, 0 without one.
	Signed uint64 `json:"signed"`
	Keys   int    `json:"keys"`
	// Accounts is how many of the service are in it.
	Accounts int   `json:"accounts"`
	Bytes    int64 `json:"bytes"`
	// Repaired are the segments that were missing or damaged, and were written again.
	Repaired []string `json:"repaired"`
	// Apart are the keys that are not in it, and have to be kept somewhere else.
	Apart []string `json:"kept_apart"`
}

// Errors of backups.
var (
	// ErrNoBackup means that a directory holds no backup that was finished.
	ErrNoBackup = errors.New("there is no finished backup here")
	// ErrBackupPlace means that no backup can be made in a directory: it holds
	// something else, or lies in the ledger's own.
	ErrBackupPlace = errors.New("no backup can be made here")
)

// Backup copies the ledger into a directory, while others go on recording: the
// records up to what is signed then, and all keys that they need. What another
// backup has left there is added to. When it returns, the backup is on the disk;
// an error leaves the backup before as it was. Progress counts records.
func (l *Ledger) Backup(ctx context.Context, dir string, o Backing, p Progress) (out BackedUp, err error) {
	if l.keys.vault == nil {
		return out, l.keys.missing // a copy without would look like a whole one
	}
	if err := l.mayBackUp(dir); err != nil {
		return out, err
	}
	at, tiles, err := l.vouched(ctx)
	if err != nil {
		return out, err
	}
	a, err := archive.Open(filepath.Join(dir, archiveDirectory), archive.Options{Origin: l.identity.origin(), Check: func(records []eventstore.Stored) error {
		if p != nil {
			p(int64(records[len(records)-1].Position), int64(at.Size))
		}
		return tiles.Compare(records)
	}})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, a.Close()) }() // until then no other backup is made here
	before := eventstore.Position(0)
	if m, err := readManifest(dir); err == nil {
		before = m.Position
	}
	out.Position, out.Root, out.Added = eventstore.Position(at.Size), at.Root.String(), eventstore.Position(at.Size)-min(before, eventstore.Position(at.Size))
	if out.Repaired, err = a.Repair(ctx, l.anchor.log); err != nil {
		return out, err
	}
	if err := a.Follow(ctx, l.anchor.log, out.Position); err != nil {
		return out, err
	}
	if err := extendLeaves(ctx, filepath.Join(dir, leavesFile), a, tiles, out.Position); err != nil {
		return out, err
	}
	// The keys last: each was there before the record that needs it.
	m := &manifest{
		Format: manifestFormat, Ledger: l.identity.Name, Origin: l.identity.origin(), Taken: time.Now().UTC().Truncate(time.Second),
		Position: out.Position, Root: out.Root, KEK: l.keys.master,
	}
	if err := l.backUpState(ctx, dir, o, at, m, &out); err != nil {
		return out, errors.Join(err, os.RemoveAll(filepath.Join(dir, m.State)))
	}
	if err := m.describe(dir); err != nil {
		return out, err
	}
	for _, f := range m.Files {
		out.Bytes += f.Size
	}
	out.Signed, out.Keys = m.Signed, m.Keys
	if err := m.write(dir); err != nil {
		return out, err
	}
	return out, sweepStates(dir, m.State)
}

// mayBackUp reports why no backup can be made in a directory.
func (l *Ledger) mayBackUp(dir string) error {
	own, err := filepath.Abs(l.dir)
	if err != nil {
		return err
	}
	there, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if inside, err := filepath.Rel(own, there); err == nil && inside != ".." && !strings.HasPrefix(inside, ".."+string(filepath.Separator)) {
		return fmt.Errorf("%w: %s is in the data directory, and would be lost with it; name a directory on another disk", ErrBackupPlace, dir)
	}
	found, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBackupPlace, err)
	}
	for _, f := range found {
		switch name := f.Name(); {
		case name == manifestFile, name == archiveDirectory, name == leavesFile, name == "lost+found":
		case strings.HasPrefix(name, statePrefix), strings.HasPrefix(name, temporaryPrefix):
		default:
			return fmt.Errorf("%w: %s holds %s, which belongs to no backup; name an empty directory, or that of an earlier backup", ErrBackupPlace, dir, name)
		}
	}
	m, err := readManifest(dir)
	if err == nil && m.Origin != l.identity.origin() {
		return fmt.Errorf("%w: %s has the backup of the ledger %q; give each ledger a directory of its own", ErrBackupPlace, dir, m.Ledger)
	}
	return nil // one that is damaged, or was not finished, is made good
}

// vouched returns how far the log is vouched for: by a signature if it can be
// signed.
func (l *Ledger) vouched(ctx context.Context) (audit.Checkpoint, *audit.Tiles, error) {
	signed, err := l.Sign(ctx)
	if errors.Is(err, ErrSigning) || errors.Is(err, audit.ErrMemory) {
		l.logger.WarnContext(ctx, "the backup is not signed", slog.Any("error", err))
		at, err := l.Checkpoint(ctx)
		return at, l.anchor.tree.Tiles(), err
	}
	return signed.Checkpoint, l.anchor.tree.Tiles(), err
}

// extendLeaves brings the file of leaf hashes up to a position, from the archive:
// each record is read back from the disk and compared with its leaf.
func extendLeaves(ctx context.Context, path string, a *archive.Archive, tiles *audit.Tiles, to eventstore.Position) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // Sync says whether it is there
	at, err := soundLeaves(f, tiles, to)
	if err != nil {
		return err
	}
	if err := f.Truncate(at * leafBytes); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<16)
	if eventstore.Position(at) < to {
		var batch []eventstore.Stored
		flush := func() error {
			if err := tiles.Compare(batch); err != nil {
				return err
			}
			for _, s := range batch {
				entry, err := audit.AppendEntry(nil, s)
				if err != nil {
					return err
				}
				leaf := audit.LeafHash(entry)
				if _, err := w.Write(leaf[:]); err != nil {
					return err
				}
			}
			batch = batch[:0]
			return nil
		}
		for s, err := range a.ReplayStored(ctx, eventstore.Position(at), to) {
			if err != nil {
				return err
			}
			if batch = append(batch, s); len(batch) == 1024 {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		if err := flush(); err != nil {
			return err
		}
	}
	return errors.Join(w.Flush(), f.Sync())
}

const leafBytes = int64(len(audit.Hash{}))

// soundLeaves returns how many of the leaves in a file are those of the tree, at
// most so many as there are records.
func soundLeaves(f *os.File, tiles *audit.Tiles, to eventstore.Position) (int64, error) {
	in := bufio.NewReaderSize(f, 1<<16)
	var leaf audit.Hash
	for n := int64(0); ; n++ {
		if n == int64(to) {
			return n, nil
		}
		if _, err := io.ReadFull(in, leaf[:]); err != nil {
			return n, nil //nolint:nilerr // what is unfinished or cannot be read is written again
		}
		want, err := tiles.Leaf(uint64(n))
		if err != nil {
			return n, err
		}
		if leaf != want {
			return n, nil
		}
	}
}

// backUpState makes the state directory of a backup.
func (l *Ledger) backUpState(ctx context.Context, dir string, o Backing, at audit.Checkpoint, m *manifest, out *BackedUp) error {
	state, err := os.MkdirTemp(dir, fmt.Sprintf("%s%020d-", statePrefix, at.Size))
	if err != nil {
		return err
	}
	m.State = filepath.Base(state)
	if m.Keys, err = l.exportKeys(ctx, filepath.Join(state, keysExport)); err != nil {
		return err
	}
	if o.Accounts != nil {
		if out.Accounts, err = exportAccounts(ctx, filepath.Join(state, accountsExport), o.Accounts); err != nil {
			return fmt.Errorf("the accounts of the service: %w", err)
		}
	}
	if err := copyFile(filepath.Join(l.dir, identityFile), filepath.Join(state, identityFile)); err != nil {
		return err
	}
	if m.Signed, err = l.copyCheckpoints(filepath.Join(state, checkpointsFile), at.Size); err != nil {
		return err
	}
	if policy, err := l.policyText(); err != nil {
		return err
	} else if err := writeDurably(filepath.Join(state, policyFile), policy); err != nil {
		return err
	}
	master := l.options.MasterKey
	if master == "" {
		master = filepath.Join(l.dir, masterFile)
	}
	key, _, _ := l.options.signingFiles(l.dir)
	for _, secret := range []struct {
		name, path string
		taken      bool
	}{
		{masterFile, master, o.MasterKey}, {keyFile, key, o.SigningKeys}, {reportKeyFile, filepath.Join(l.dir, reportKeyFile), o.SigningKeys},
	} {
		if _, err := os.Stat(secret.path); errors.Is(err, fs.ErrNotExist) && secret.name != masterFile {
			continue // another process signs, or there is none yet
		}
		if !secret.taken {
			out.Apart = append(out.Apart, secret.path)
			continue
		}
		if err := copyFile(secret.path, filepath.Join(state, secret.name)); err != nil {
			return err
		}
		m.Secrets = append(m.Secrets, secret.name)
	}
	return syncDirectory(state)
}

// copyCheckpoints writes the signed checkpoints up to a size: the ones after it are
// of records that the backup has not. It returns the size of the newest.
func (l *Ledger) copyCheckpoints(path string, most uint64) (newest uint64, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Sync(), f.Close()) }()
	_, _, history := l.options.signingFiles(l.dir)
	for note, err := range history.All() {
		if errors.Is(err, audit.ErrHistory) {
			continue // what a crash has left unfinished
		}
		if err != nil {
			return 0, err
		}
		size, ok := sizeOf(note)
		if !ok || size > most {
			continue
		}
		if _, err := f.Write(append(note, '\n')); err != nil {
			return 0, err
		}
		newest = size
	}
	return newest, nil
}

// sizeOf returns the size that a note is about, without verifying it.
func sizeOf(note []byte) (uint64, bool) {
	text, _, found := strings.Cut(string(note), "\n\n")
	c, err := audit.ParseCheckpoint(text + "\n")
	return c.Size, found && err == nil
}

// keysHead begins a file of exported keys.
type keysHead struct {
	Format int    `json:"format"` // 1
	Origin string `json:"origin"`
	KEK    string `json:"kek"`
}

// keyLine is a key in it, still wrapped under the master key; without the key, one
// that was destroyed.
type keyLine struct {
	Subject string `json:"s"`
	Class   string `json:"c"`
	KID     string `json:"kid"`
	KEK     string `json:"kek"`
	Wrapped []byte `json:"w,omitempty"`
}

// exportKeys writes all keys into a file, and returns how many there are.
func (l *Ledger) exportKeys(ctx context.Context, path string) (n int, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	w := bufio.NewWriterSize(f, 1<<16)
	defer func() { err = errors.Join(err, w.Flush(), f.Sync(), f.Close()) }()
	out := json.NewEncoder(w)
	if err := out.Encode(keysHead{1, l.identity.origin(), l.keys.master}); err != nil {
		return 0, err
	}
	for k, err := range l.keys.ring.All(ctx) {
		if err != nil {
			return n, err
		}
		if err := out.Encode(keyLine{k.Subject, k.Class, k.KID, k.KEK, k.Wrapped}); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// exportAccounts writes the accounts of the service into a file, which is there then
// even if there are none.
func exportAccounts(ctx context.Context, path string, write func(context.Context, io.Writer) (int, error)) (n int, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Sync(), f.Close()) }()
	return write(ctx, f)
}

// readKeys yields the keys of a file that exportKeys wrote.
func readKeys(path string, want keysHead) func(yield func(vault.WrappedKey, error) bool) {
	return func(yield func(vault.WrappedKey, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(vault.WrappedKey{}, err)
			return
		}
		defer f.Close()
		in := json.NewDecoder(bufio.NewReaderSize(f, 1<<16))
		in.DisallowUnknownFields()
		var head keysHead
		if err := in.Decode(&head); err != nil || head != want {
			yield(vault.WrappedKey{}, fmt.Errorf("%s holds no keys of this ledger and its master key %s", path, want.KEK))
			return
		}
		for {
			var k keyLine
			err := in.Decode(&k)
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(vault.WrappedKey{Owner: vault.Owner{Subject: k.Subject, Class: k.Class}, KID: k.KID, KEK: k.KEK, Wrapped: k.Wrapped}, err) || err != nil {
				return
			}
		}
	}
}

// sweepStates removes the state directories but one.
func sweepStates(dir, kept string) error {
	found, err := os.ReadDir(dir)
	for _, f := range found {
		if strings.HasPrefix(f.Name(), statePrefix) && f.Name() != kept {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, f.Name())))
		}
	}
	return err
}
