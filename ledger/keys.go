package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/eventstore/vault"
	pgkeyring "rollbook/eventstore/vault/postgres"
	keyring "rollbook/eventstore/vault/sqlite"
	"rollbook/projections"
)

// Personal fields are sealed on their way to the log and opened on their way
// out of it, here and nowhere else. What a read model keeps and what it does
// not is in docs/format.md.

const (
	keysFile   = "keys.db"
	masterFile = "master.key"
)

// ErrNoKeys means that personal data cannot be recorded, because the keyring
// or the master key is not there, or is older than the log. The log can be
// read without: figures come out as far as they need no personal field.
var ErrNoKeys = errors.New("personal data cannot be sealed")

// keys are the means to seal and to open.
type keys struct {
	vault   *vault.Vault // nil when something is missing
	missing error        // what
	ring    ring         // where the vault has its keys; nil without one
	master  string       // the id of the master key
}

func (k keys) Close() error {
	if k.ring == nil {
		return nil
	}
	return k.ring.Close()
}

// origin is the name that everything sealed is bound to: of the ledger, and of
// its first epoch.
func (id identity) origin() string { return "rollbook/" + id.ID + "/e1" }

// openKeys opens the keyring of a data directory. Both it and the master key
// are made only while the log is empty: made anew beside a log that needs the
// ones that are gone, they would hide the loss.
func openKeys(ctx context.Context, dir string, id identity, o Options, empty bool, logger *slog.Logger) (keys, error) {
	path := o.MasterKey
	if path == "" {
		path = filepath.Join(dir, masterFile)
	}
	create := o.Create && empty
	without := func(what string, err error) (keys, error) {
		err = fmt.Errorf("%w: %s is gone; restore it from its backup: %w", ErrNoKeys, what, err)
		logger.WarnContext(ctx, "personal data cannot be opened or recorded", slog.Any("error", err))
		return keys{missing: err}, nil
	}
	master, err := vault.ReadMaster(path)
	if errors.Is(err, fs.ErrNotExist) {
		if !create {
			return without("the master key file "+path, err)
		}
		if master, err = vault.CreateMaster(path); err == nil {
			logger.DebugContext(ctx, "a master key was made; keep a copy of it apart from the data", slog.String("path", path), slog.String("id", master.ID()))
		}
	}
	if err != nil {
		return keys{}, fmt.Errorf("master key: %w", err)
	}
	ring, where, err := openKeyring(ctx, dir, id, o.Database, master.ID(), create)
	if errors.Is(err, fs.ErrNotExist) {
		return without("the keyring "+where, err)
	}
	if err != nil {
		return keys{}, err
	}
	v, err := vault.New(ctx, ring, master, id.origin())
	if err != nil {
		return keys{}, errors.Join(err, ring.Close())
	}
	return keys{vault: v, ring: ring, master: master.ID()}, nil
}

// ring is a keyring that has to be closed.
type ring interface {
	vault.Copyable
	io.Closer
}

// openKeyring opens the keyring where it is, and says where. It stays where it
// was made: a ledger that has keys.db goes on with it beside a database.
func openKeyring(ctx context.Context, dir string, id identity, database, kek string, create bool) (_ ring, where string, err error) {
	path := filepath.Join(dir, keysFile)
	_, err = os.Stat(path)
	if database == "" || err == nil {
		r, err := keyring.Open(ctx, keyring.Config{Path: path, Origin: id.origin(), KEK: kek, Create: create})
		if err != nil {
			return nil, path + " (or name the database that it is in)", err
		}
		return r, path, nil
	}
	r, err := pgkeyring.Open(ctx, pgkeyring.Config{URL: database, Origin: id.origin(), KEK: kek, Create: create})
	if errors.Is(err, vault.ErrForeign) {
		err = fmt.Errorf("%w: %w", ErrDatabase, err)
	}
	if err != nil {
		return nil, "in the database", err
	}
	return r, "in the database", nil
}

// erased reports whether a key of a subject was destroyed.
func (k keys) erased(s domain.Subject) bool { return k.vault != nil && k.vault.Destroyed(string(s)) }

// pending is an accepted entry that is not in the log yet.
type pending struct {
	entry domain.Entry
	// fresh is true when nothing of its subject was in the log before.
	fresh bool
	// claim, if there is one, is pending instead of an entry. It holds nothing
	// that is personal.
	claim *claim
}

// seal returns the records of entries, with their personal parts sealed. All
// keys that it had to make are on disk when it returns.
func (k keys) seal(ctx context.Context, entries []pending) ([]eventstore.Record, error) {
	s, err := k.prepare(entries)
	if err == nil {
		err = s.ensure(ctx)
	}
	if err != nil {
		return nil, err
	}
	return s.records(ctx)
}

// sealing is entries on their way into records.
type sealing struct {
	keys    keys
	entries []pending
	plain   [][][]byte // of each entry, its personal parts by class
}

// prepare takes the personal parts out of entries.
func (k keys) prepare(entries []pending) (sealing, error) {
	if k.vault == nil {
		return sealing{}, k.missing
	}
	classes := domain.Classes()
	plain := make([][][]byte, len(entries))
	_ = spread(len(entries), func(i int) error {
		if entries[i].claim != nil {
			return nil
		}
		plain[i] = make([][]byte, len(classes))
		for c, class := range classes {
			plain[i][c] = domain.AppendPart(nil, entries[i].entry, class)
		}
		return nil
	})
	return sealing{k, entries, plain}, nil
}

// ensure makes the keys that are not there yet and may be made. It is called in
// the order of the log: the first entry of somebody is the one that makes a key,
// and one that follows in the next batch finds it.
func (s sealing) ensure(ctx context.Context) error {
	var owners []vault.Owner
	may := map[string]bool{}
	for i, p := range s.entries {
		if p.claim != nil {
			continue
		}
		subject := string(p.entry.Subject)
		// A member's first entry is the one that says who they are. A later one
		// finds the keys, or the keyring is not the one of this log.
		may[subject] = may[subject] || p.fresh || p.entry.Subject.Kind() != domain.MemberKind
		for c, class := range domain.Classes() {
			if len(s.plain[i][c]) > 0 {
				owners = append(owners, vault.Owner{Subject: subject, Class: class.String()})
			}
		}
	}
	err := s.keys.vault.Ensure(ctx, owners, func(o vault.Owner) bool { return may[o.Subject] })
	if errors.Is(err, vault.ErrNoKey) {
		err = fmt.Errorf("%w: the keyring is older than the log; restore the latest one: %w", ErrNoKeys, err)
	}
	return err
}

// records seals, with keys that are there.
func (s sealing) records(ctx context.Context) ([]eventstore.Record, error) {
	records := make([]eventstore.Record, len(s.entries))
	err := spread(len(s.entries), func(i int) error {
		if c := s.entries[i].claim; c != nil {
			records[i] = c.record()
			return nil
		}
		e := s.entries[i].entry
		var sealed []domain.Sealed
		for c, class := range domain.Classes() {
			if len(s.plain[i][c]) == 0 {
				continue
			}
			b, err := s.keys.vault.Seal(ctx, vault.Owner{Subject: string(e.Subject), Class: class.String()}, e.ID, e.Type(), s.plain[i][c])
			if err != nil {
				return err
			}
			sealed = append(sealed, domain.Sealed{Subject: e.Subject, Class: class, KID: b.KID, Nonce: b.Nonce, Text: b.Text})
		}
		records[i] = eventstore.Record{
			ID: e.ID, Type: e.Type(), Schema: domain.SchemaOf(e.Event), Actor: e.Actor,
			Data: domain.AppendSealedPayload(make([]byte, 0, 1024), e, sealed),
		}
		return nil
	})
	return records, err
}

// spread calls f for each number below n, on all processors if that is worth
// it, and returns the first error.
func spread(n int, f func(i int) error) error {
	const least = 64 // what one goroutine does
	workers := min(runtime.GOMAXPROCS(0), (n+least-1)/least)
	errs := make([]error, max(workers, 1))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := n * w / workers; i < n*(w+1)/workers && errs[w] == nil; i++ {
				errs[w] = f(i)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Closed is a part of an entry that is sealed and could not be opened.
type Closed struct {
	Subject string `json:"subject"`
	Class   string `json:"class"`
	// Code says why: KEYRING_MISSING, KEY_MISSING, KEY_DESTROYED, KEK_UNKNOWN,
	// KEY_COMMITMENT_MISMATCH or SEAL_INVALID; NOT_OPENED if nobody tried.
	Code string `json:"code"`
}

// leaveSealed is decode without opening anything.
func leaveSealed(rec eventstore.Record) (domain.Entry, []Closed, error) {
	var closed []Closed
	e, err := projections.Decode(rec, func(part domain.Sealed) ([]byte, bool) {
		closed = append(closed, Closed{string(part.Subject), part.Class.String(), "NOT_OPENED"})
		return nil, false
	})
	return e, closed, err
}

// decode returns the entry that a record holds, and what of it could not be
// opened.
func (k keys) decode(ctx context.Context, rec eventstore.Record) (domain.Entry, []Closed, error) {
	var closed []Closed
	var failed error
	e, err := projections.Decode(rec, func(part domain.Sealed) ([]byte, bool) {
		text, err := k.open(ctx, &rec, part)
		if err == nil {
			return text, true
		}
		code := closedCode(err)
		if code == "" {
			failed = err
		}
		closed = append(closed, Closed{string(part.Subject), part.Class.String(), code})
		return nil, false
	})
	if err == nil {
		err = failed
	}
	return e, closed, err
}

func (k keys) open(ctx context.Context, rec *eventstore.Record, part domain.Sealed) ([]byte, error) {
	if k.vault == nil {
		return nil, k.missing
	}
	return k.vault.Open(ctx, vault.Owner{Subject: string(part.Subject), Class: part.Class.String()}, rec.ID, rec.Type,
		vault.Block{KID: part.KID, Nonce: part.Nonce, Text: part.Text})
}

// closedCode returns the code of a reason for which a part stays closed, "" for
// what is no such reason.
func closedCode(err error) string {
	if errors.Is(err, ErrNoKeys) {
		return "KEYRING_MISSING"
	}
	for _, reason := range []error{vault.ErrNoKey, vault.ErrDestroyed, vault.ErrMasterKey, vault.ErrKeyCommitment, vault.ErrSealInvalid} {
		if errors.Is(err, reason) {
			code, _, _ := strings.Cut(reason.Error(), ":")
			return code
		}
	}
	return ""
}

// Load implements [projections.Keys].
func (k keys) Load(ctx context.Context, records []eventstore.Record, class domain.Part) error {
	if k.vault == nil {
		return nil
	}
	// The sealed parts are at the end of a record's data, and nearly always
	// those of the record's own subject; what this misses, Open fetches.
	mark := []byte(`"cl":"` + class.String() + `"`)
	var owners []vault.Owner
	for _, rec := range records {
		if bytes.Contains(rec.Data, mark) {
			owners = append(owners, vault.Owner{Subject: rec.Stream, Class: class.String()})
		}
	}
	return k.vault.Load(ctx, owners)
}

// Open implements [projections.Keys].
func (k keys) Open(ctx context.Context, rec *eventstore.Record, part domain.Sealed) ([]byte, error) {
	text, err := k.open(ctx, rec, part)
	switch {
	case err == nil:
		return text, nil
	case errors.Is(err, ErrNoKeys), vault.Missing(err):
		return nil, nil
	case vault.Tampered(err):
		return nil, fmt.Errorf("%w: %w", projections.ErrSeal, err)
	}
	return nil, err
}

// load fetches all keys that some records need, before they are decoded one by
// one.
func (k keys) load(ctx context.Context, records []eventstore.Record) error {
	for _, class := range domain.Classes() {
		if err := k.Load(ctx, records, class); err != nil {
			return err
		}
	}
	return nil
}

// returned reports whether a key has come back that was missing when the read
// models were filled: then they know less than they could.
func (l *Ledger) returned(ctx context.Context) (bool, error) {
	if l.keys.vault == nil {
		return false, nil
	}
	var owners []vault.Owner
	err := l.store.Read(ctx, func(r projections.Reader) error {
		missing, err := r.MissingKeys(ctx)
		for _, m := range missing {
			if !l.keys.erased(m.Subject) {
				owners = append(owners, vault.Owner{Subject: string(m.Subject), Class: domain.Sensitive.String()})
			}
		}
		return err
	})
	if err != nil {
		return false, err
	}
	return l.keys.vault.Any(ctx, owners)
}
