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
	"time"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
	"rollbook/projections/sqlite"
)

// The data directory holds:
//
//	ledger.json    who this ledger is; written once
//	log/           the log: the only thing that cannot be made anew
//	models.db      the read models; may be deleted at any time
const (
	identityFile = "ledger.json"
	logDirectory = "log"
	modelsFile   = "models.db"
)

// ErrNoLedger means that there is no ledger in the directory, and none was to
// be created.
var ErrNoLedger = errors.New("there is no ledger here")

// identity is who a ledger is, as ledger.json has it.
type identity struct {
	Format  int       `json:"format"` // 1
	ID      string    `json:"id"`     // random; ties the read models to the log
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	// IDKey makes ids that are derived from an event's content unguessable.
	// Without it an import that is repeated would store everything twice.
	IDKey []byte `json:"id_key"`
}

// Options say how to open a ledger.
type Options struct {
	// Create makes a ledger where there is nothing yet.
	Create bool
	// Name is the name of a ledger that is made; "ledger" if empty. It may hold
	// a-z, 0-9 and hyphens.
	Name string
	// Logger gets what the operator should know. Nil discards it.
	Logger *slog.Logger
}

// Open opens the ledger in a directory. It returns [ErrNoLedger] if there is
// none, [rollbook/eventstore.ErrInUse] if another process has it open, and
// [rollbook/eventstore.ErrMissing] if its log is gone beside other files.
func Open(ctx context.Context, dir string, o Options) (*Ledger, error) {
	logger := o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	id, err := readIdentity(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if !o.Create {
			return nil, fmt.Errorf("%w: %s; import a file or try `rollbook demo`, or name the directory with --data", ErrNoLedger, dir)
		}
		id, err = newIdentity(dir, o.Name)
	}
	if err != nil {
		return nil, err
	}
	fresh, err := isFresh(dir)
	if err != nil {
		return nil, err
	}
	log, err := jetstream.Open(ctx, jetstream.Config{
		Dir: filepath.Join(dir, logDirectory), Create: o.Create && fresh, Logger: logger,
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is gone from %s; restore it from a backup", eventstore.ErrMissing, logDirectory, dir)
	}
	if err != nil {
		return nil, err
	}
	models, err := sqlite.Open(ctx, filepath.Join(dir, modelsFile), id.ID)
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return newLedger(id, log, models, logger), nil
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

// newIdentity makes the directory's ledger.json. The directory must be empty:
// what lies there may be another program's, or what is left of a ledger.
func newIdentity(dir, name string) (identity, error) {
	if name == "" {
		name = "ledger"
	}
	if !domain.ValidID(name) {
		return identity{}, fmt.Errorf("the ledger's name %q is not 1 to 64 of the characters A-Z a-z 0-9 _ -", name)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return identity{}, err
	}
	found, err := os.ReadDir(dir)
	if err != nil {
		return identity{}, err
	}
	if len(found) > 0 {
		return identity{}, fmt.Errorf("%s has no %s but is not empty; name an empty directory with --data, or restore the file", dir, identityFile)
	}
	id := identity{Format: 1, ID: rand.Text(), Name: name, Created: time.Now().UTC().Truncate(time.Second), IDKey: make([]byte, 32)}
	_, _ = rand.Read(id.IDKey) // never fails: see crypto/rand
	b, err := json.MarshalIndent(id, "", "  ")
	if err != nil {
		return identity{}, err
	}
	return id, writeDurably(filepath.Join(dir, identityFile), append(b, '\n'))
}

// isFresh reports whether a directory holds nothing but ledger.json, as it does
// when a ledger has just been made. Only then may there be no log yet.
func isFresh(dir string) (bool, error) {
	found, err := os.ReadDir(dir)
	return len(found) == 1 && found[0].Name() == identityFile, err
}

// writeDurably makes a file that is either there whole, also after a power cut,
// or not at all.
func writeDurably(path string, b []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".tmp-*") // 0600
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
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
