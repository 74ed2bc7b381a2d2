package ledger

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"go.opentelemetry.io/otel/trace"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
	pg "rollbook/internal/postgres"
	"rollbook/projections/postgres"
	"rollbook/projections/sqlite"
)

// The data directory holds:
//
//	ledger.json    who this ledger is; written once
//	log/           the log: the facts
//	keys.db        the keys of what is sealed in the log, wrapped
//	master.key     what they are wrapped under, unless it is kept elsewhere
//	tree/          the tree that the log is compared with, unless it is kept elsewhere
//	log.key        the key that its checkpoints are signed with, unless another process signs
//	signer.json    what that key has signed last; belongs into no backup
//	checkpoints    the signed checkpoints
//	reports.key    the key that attested reports are signed with, once there is one
//	archive/       a copy of the log in plain files, once one was made
//	access.db      accounts, rights, and who has read what, once there was a service
//	policy         the log's public key, where a backup without log.key was restored
//	models.db      the read models; may be deleted at any time
//	service.lock   locked while a service has the directory, if the log is elsewhere
//	rollbook.sock  the socket of the service, while it runs
//
// Neither the log nor the keys nor accounts can be made anew; without the keys, every
// personal field in the log is lost.
const (
	identityFile = "ledger.json"
	logDirectory = "log"
	modelsFile   = "models.db"

	// SocketFile is the socket of the service that has the ledger open.
	SocketFile = "rollbook.sock"
	// ErrandsFile is the socket that commands are handed over to it by.
	ErrandsFile = "commands.sock"

	// serviceLockFile is locked while a service has the directory, and empty.
	serviceLockFile = "service.lock"

	// accessFile is the database of accounts of the service.
	accessFile = "access.db"

	// temporaryPrefix begins the names of files that are being written.
	temporaryPrefix = ".tmp-"
)

// ErrNoLedger means that there is no ledger in the directory, and none was to
// be created.
var ErrNoLedger = errors.New("there is no ledger here")

// ErrIdentity means that ledger.json is gone from beside what it belongs to. A
// new one would make every repeated import a duplicate.
var ErrIdentity = errors.New(identityFile + " is missing")

// ErrDirectory means that a ledger cannot be made as asked: the directory holds
// something else, cannot be read, or the name is no name.
var ErrDirectory = errors.New("no ledger can be made here")

// ErrDatabase means that a database belongs to another ledger.
var ErrDatabase = errors.New("the database is in use for another ledger")

// identity is who a ledger is, as ledger.json has it.
type identity struct {
	Format  int       `json:"format"` // 1
	ID      string    `json:"id"`     // random; ties the read models to the log
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	// IDKey makes ids that are derived from an event's content unguessable.
	// Without it an import that is repeated would store everything twice.
	IDKey []byte `json:"id_key"`
	// Tree says that the log had a tree from its first record on.
	Tree bool `json:"tree,omitempty"`
}

// Options say how to open a ledger.
type Options struct {
	// Create makes a ledger where there is nothing yet.
	Create bool
	// Name is the name of a ledger that is made; "ledger" if empty. 1 to 64 of
	// the characters A-Z a-z 0-9 _ -.
	Name string
	// MasterKey is the path of the master key file. In production it lies outside
	// the data directory, so that a copy of the directory opens nothing, and its
	// directory exists. If empty, the file is "master.key" in the data
	// directory. A file that is not there is made together with the ledger.
	MasterKey string
	// Tree is the directory of the tree that the log is compared with at each
	// start; "tree" in the data directory if empty. Best on another disk.
	Tree string
	// NewTree makes the tree anew from the log as it is now. What the old one
	// knew of the log is lost.
	NewTree bool
	// Servers are the NATS servers that have the log. If its URL is empty, the log
	// is embedded and lies in the data directory.
	Servers Servers
	// Feed is the login for the feed on the same servers, which is in an account
	// of its own; what is empty in it is taken from Servers, but for the nkey.
	Feed Servers
	// UnsafeSync accepts a log that answers before a fact is on the disk, so that
	// a power cut may lose it. Every report says so then.
	UnsafeSync bool
	// Database is the URL of a PostgreSQL database: the read models lie there
	// instead of in models.db, and so does the keyring of a ledger that is made
	// with it. See [rollbook/internal/postgres.Open] for what the URL takes.
	Database string
	// Signing says who signs checkpoints of the log.
	Signing Signing
	// Roles are the parts of the work of a service that this process does; none named
	// are all. With less than all, see [Options.Lacks], no ledger is made.
	Roles Roles
	// Service is true of a service, of which one at a time has a data directory.
	Service bool
	// Logger gets what the operator should know. Nil discards it.
	Logger *slog.Logger
	// Traces gets spans of what is recorded and imported, from the decision to the
	// read models; nothing in them is personal. Nil leaves it.
	Traces trace.TracerProvider
}

// Servers are NATS servers, one or a cluster of three, and the login for them.
type Servers struct {
	// URL names them, such as "tls://n1:4222,tls://n2:4222,tls://n3:4222". It
	// holds no login.
	URL string
	// NKeyFile is a file of the owner's only with the seed of an nkey.
	NKeyFile string
	// CA, Cert and Key are files for TLS; all may be empty.
	CA, Cert, Key string
}

// logConfig says where the log is.
func (o Options) logConfig(dir string, logger *slog.Logger) jetstream.Config {
	c := jetstream.Config{UnsafeSync: o.UnsafeSync, Logger: logger}
	if o.Servers.URL == "" {
		c.Dir = filepath.Join(dir, logDirectory)
		return c
	}
	c.URL, c.NKeyFile = o.Servers.URL, o.Servers.NKeyFile
	c.TLS = jetstream.TLSFiles{CA: o.Servers.CA, Cert: o.Servers.Cert, Key: o.Servers.Key}
	return c
}

// ErrNoLog means that the servers have no log. It is made by [CreateLog], with a
// login that may.
var ErrNoLog = errors.New("the servers have no log")

// CreateLog makes the log on servers that have none, and reports whether it did.
// It takes a login that the ledger itself needs not have.
func CreateLog(ctx context.Context, o Options) (made bool, err error) {
	logger := o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return jetstream.Create(ctx, o.logConfig("", logger))
}

// Open opens the ledger in a directory. It returns [ErrNoLedger] if there is
// none, [ErrDirectory] if none can be made, [rollbook/eventstore.ErrInUse] if
// another process has it open, [rollbook/eventstore/vault.ErrMasterFile] if the
// master key file cannot be used, [rollbook/eventstore/vault.ErrMasterKey] if it
// is another than the keys are wrapped under, and
// [rollbook/eventstore.ErrMissing] if its log is gone beside other files. A log that
// is not the one that its tree knows is an [*audit.MismatchError]; [ErrNoTree] and
// [audit.ErrTree] mean that there is nothing to compare it with. With a
// database it also returns [rollbook/internal/postgres.ErrUnreachable],
// [rollbook/internal/postgres.ErrURL], and [ErrDatabase] if it is another
// ledger's.
func Open(ctx context.Context, dir string, o Options) (*Ledger, error) {
	logger := o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	id, err := readIdentity(dir)
	found := err == nil
	if lack := o.Lacks(); lack != (domain.Text{}) {
		return nil, errors.New(lack.EN)
	}
	if !found {
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		o.Create = o.Create && o.Roles.All()
		if err := mayCreate(dir, o); err != nil {
			return nil, err
		}
		if err := reach(ctx, o); err != nil {
			return nil, err // before anything is made
		}
	}
	// A ledger that has an identity has a log: one that is gone is never made
	// anew.
	config := o.logConfig(dir, logger)
	config.Create = !found && config.URL == ""
	log, err := jetstream.Open(ctx, config)
	if errors.Is(err, fs.ErrNotExist) && config.URL != "" && !errors.Is(err, jetstream.ErrLogin) {
		return nil, fmt.Errorf("%w: make it with `rollbook nats init`: %w", ErrNoLog, err)
	}
	if errors.Is(err, fs.ErrNotExist) && config.URL == "" {
		return nil, fmt.Errorf("%w: %s is gone from %s; restore it from a backup", eventstore.ErrMissing, logDirectory, dir)
	}
	if err != nil {
		return nil, err
	}
	if !found {
		// From here on the log's lock keeps others out.
		if id, err = newIdentity(ctx, dir, o.Name, log); err != nil {
			return nil, errors.Join(err, log.Close())
		}
	}
	lock, err := lockService(dir, o)
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	last, err := log.Last(ctx)
	if err != nil {
		return nil, errors.Join(err, lock.Close(), log.Close())
	}
	anchor, err := openAnchor(ctx, dir, id, o, last == 0, log, logger)
	if err != nil {
		return nil, errors.Join(err, lock.Close(), log.Close())
	}
	k, err := openKeys(ctx, dir, id, o, last == 0, logger)
	if err != nil {
		return nil, errors.Join(err, anchor.Close(), lock.Close(), log.Close())
	}
	models, err := openModels(ctx, dir, id, o)
	if err != nil {
		return nil, errors.Join(err, k.Close(), anchor.Close(), lock.Close(), log.Close())
	}
	l := newLedger(ctx, id, log, models, k, logger)
	l.anchor, l.options, l.dir, l.lock, l.tracing = anchor, o, dir, lock, newTracing(o.Traces)
	l.figures.Unsafe, l.figures.Lag = log.Unsafe, l.lag
	return l, nil
}

// lockService takes a data directory for a service whose log is on servers of its
// own: an embedded log has a lock, and only one process may write to a tree.
func lockService(dir string, o Options) (*flock.Flock, error) {
	lock := flock.New(filepath.Join(dir, serviceLockFile))
	if !o.Service || o.Servers.URL == "" {
		return lock, nil
	}
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	if !locked {
		return nil, fmt.Errorf("%w: another service has %s; give each instance a data directory of its own", eventstore.ErrInUse, dir)
	}
	return lock, nil
}

// openModels opens the read models where they are to be.
func openModels(ctx context.Context, dir string, id identity, o Options) (store, error) {
	if o.Database == "" {
		return sqlite.Open(ctx, filepath.Join(dir, modelsFile), id.ID)
	}
	home, err := postgres.Open(ctx, postgres.Config{URL: o.Database, Ledger: id.ID})
	if errors.Is(err, postgres.ErrForeign) {
		err = fmt.Errorf("%w: %w", ErrDatabase, err)
	}
	if err != nil {
		return nil, err
	}
	return home, nil
}

// reach reports whether the database lets us in.
func reach(ctx context.Context, o Options) error {
	if o.Database == "" {
		return nil
	}
	db, err := pg.Open(ctx, o.Database)
	if err == nil {
		db.Close()
	}
	return err
}

func readIdentity(dir string) (identity, error) {
	var id identity
	path := filepath.Join(dir, identityFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return id, err
	}
	if err := json.Unmarshal(b, &id); err != nil {
		return id, fmt.Errorf("%s is damaged, restore it from a backup: %w", path, err)
	}
	if id.Format != 1 || id.ID == "" || len(id.IDKey) != 32 {
		return id, fmt.Errorf("%s is of format %d, and this program knows format 1", path, id.Format)
	}
	return id, nil
}

// mayCreate reports why no ledger can be made in a directory that has no
// ledger.json. It has to be empty: what lies there may be another program's, or
// what is left of a ledger. A log alone may be there, from a start that was
// interrupted; whether it is empty is seen when it is open.
func mayCreate(dir string, o Options) error {
	found, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", ErrDirectory, err)
	}
	log, made := false, false
	for _, f := range found {
		switch name := f.Name(); {
		case name == logDirectory:
			log = true
		case strings.HasPrefix(name, modelsFile), strings.HasPrefix(name, keysFile), name == treeDirectory, strings.HasPrefix(name, checkpointsFile), name == reportKeyFile, name == archiveDirectory, strings.HasPrefix(name, accessFile):
			made = true // for a ledger, after its identity
		case name == masterFile, strings.HasPrefix(name, keyFile), strings.HasPrefix(name, memoryFile): // they may be put there beforehand
		case name == SocketFile, name == ErrandsFile, name == serviceLockFile: // of a service that was killed
		case strings.HasPrefix(name, temporaryPrefix): // another process is making a ledger
		case !o.Create:
			return noLedger(dir)
		default:
			return fmt.Errorf("%w: %s is not empty and holds no ledger; name an empty directory with --data", ErrDirectory, dir)
		}
	}
	switch {
	case made || log && !o.Create:
		return fmt.Errorf("%w: %s; restore that file from a backup", ErrIdentity, dir)
	case !o.Create:
		return noLedger(dir)
	case o.Name != "" && !domain.ValidID(o.Name):
		return fmt.Errorf("%w: the name %q is not 1 to 64 of the characters A-Z a-z 0-9 _ -", ErrDirectory, o.Name)
	}
	return os.MkdirAll(dir, 0o700)
}

func noLedger(dir string) error {
	return fmt.Errorf("%w: %s; import a file or try `rollbook demo`, or name the directory with --data", ErrNoLedger, dir)
}

// newIdentity makes ledger.json for a log that has just been made. The caller
// holds the log's lock.
func newIdentity(ctx context.Context, dir, name string, log Log) (identity, error) {
	// Another process may have made it before this one had the lock.
	id, err := readIdentity(dir)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return id, err
	}
	last, err := log.Last(ctx)
	if err != nil {
		return id, err
	}
	if last > 0 {
		return id, fmt.Errorf("%w: %s, where the log has %d records; restore that file from a backup", ErrIdentity, dir, last)
	}
	if name == "" {
		name = "ledger"
	}
	id = identity{Format: 1, Tree: true, ID: rand.Text(), Name: name, Created: time.Now().UTC().Truncate(time.Second), IDKey: make([]byte, 32)}
	_, _ = rand.Read(id.IDKey) // never fails: see crypto/rand
	b, err := json.MarshalIndent(id, "", "  ")
	if err != nil {
		return id, err
	}
	return id, writeDurably(filepath.Join(dir, identityFile), append(b, '\n'))
}

// writeDurably makes a file that is either there whole, also after a power cut,
// or not at all.
func writeDurably(path string, b []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, temporaryPrefix+"*") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDirectory(dir)
}

// syncDirectory puts the names in a directory on the disk.
func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// MakeUsers makes the logins for NATS servers in a directory; keys that are
// there are kept. It returns the files that it made.
func MakeUsers(dir string) ([]string, error) { return jetstream.MakeUsers(dir) }
