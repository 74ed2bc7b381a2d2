package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"
)

// ErrMemory means that the memory of a signer or a witness is missing or
// damaged. Without it, it signs nothing: it could sign a second history.
var ErrMemory = errors.New("the memory of what was signed is missing or damaged")

// ErrMemoryInUse means that another process has the memory.
var ErrMemoryInUse = errors.New("another process signs with this memory")

// memory is what a signer or a witness knows of each log: the last checkpoint
// that it signed, on the disk before any signature leaves. It must lie outside
// of every backup that the log is restored from: who restores both has forgotten
// both.
type memory struct {
	path  string
	lock  *flock.Flock
	files writer

	mu   sync.Mutex
	held map[string]remembered
}

// remembered is the last checkpoint of a log. The note is what was signed, if it
// came with signatures.
type remembered struct {
	Checkpoint
	note []byte
}

type memoryDocument struct {
	Format int           `json:"format"`
	Logs   []memoryEntry `json:"logs"`
}

type memoryEntry struct {
	Checkpoint string `json:"checkpoint"`     // three lines
	Note       string `json:"note,omitempty"` // as it was signed
}

const (
	memoryFormat   = 1
	maxMemoryBytes = maxPolicyNames * 2 * maxCheckpointBytes
)

func newMemory(path string) *memory {
	return &memory{
		path: path, lock: flock.New(path + ".lock"), held: map[string]remembered{},
		files: writer{dir: filepath.Dir(path), touched: map[string]bool{}, op: func(string) error { return nil }},
	}
}

// StartMemory makes the memory of a signer or a witness that has none yet. It
// knows the checkpoints that it is given, and else no record of any log: it would
// sign whatever is shown to it first. It never replaces a file; fs.ErrExist.
func StartMemory(path string, known ...Checkpoint) error {
	m := newMemory(path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := m.acquire(); err != nil {
		return err
	}
	defer m.close()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, fmt.Errorf("%s: %w", path, fs.ErrExist))
	}
	for _, c := range known {
		m.held[c.Origin] = remembered{Checkpoint: c}
	}
	return m.save(m.held)
}

func openMemory(path string) (*memory, error) {
	m := newMemory(path)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMemory, err)
	}
	if err := m.acquire(); err != nil {
		return nil, err
	}
	if err := m.load(); err != nil {
		_ = m.close() // it could not be used
		return nil, fmt.Errorf("%w: %s: %w", ErrMemory, path, err)
	}
	return m, nil
}

func (m *memory) acquire() error {
	ok, err := m.lock.TryLock()
	if err == nil && !ok {
		err = fmt.Errorf("%w: %s", ErrMemoryInUse, m.path)
	}
	return err
}

func (m *memory) close() error { return m.lock.Close() }

func (m *memory) load() error {
	f, err := os.Open(m.path)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := readBounded(f, maxMemoryBytes)
	if err != nil {
		return err
	}
	var doc memoryDocument
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&doc); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows it")
	}
	if doc.Format != memoryFormat {
		return fmt.Errorf("its format is %d and must be %d", doc.Format, memoryFormat)
	}
	for _, e := range doc.Logs {
		c, err := ParseCheckpoint(e.Checkpoint)
		if err != nil {
			return err
		}
		if _, ok := m.held[c.Origin]; ok {
			return errors.New("a log stands there twice")
		}
		m.held[c.Origin] = remembered{c, []byte(e.Note)}
	}
	return nil
}

// last returns what is known of a log. The caller has the lock.
func (m *memory) last(origin string) remembered {
	if r, ok := m.held[origin]; ok {
		return r
	}
	return remembered{Checkpoint: Checkpoint{Origin: origin, Root: emptyRoot}}
}

// advance remembers the next checkpoint of a log, on the disk. When it fails,
// the disk may have the one or the other; since nothing was signed, both are
// true. The caller has the lock.
func (m *memory) advance(next remembered) error {
	held := maps.Clone(m.held)
	held[next.Origin] = next
	if err := m.save(held); err != nil {
		return fmt.Errorf("what is to be signed cannot be remembered, so nothing is signed: %w", err)
	}
	m.held = held
	return nil
}

func (m *memory) save(held map[string]remembered) error {
	doc := memoryDocument{Format: memoryFormat, Logs: []memoryEntry{}}
	for _, origin := range sortedKeys(held) {
		r := held[origin]
		doc.Logs = append(doc.Logs, memoryEntry{r.String(), string(r.note)})
	}
	b, err := json.MarshalIndent(doc, "", " ")
	if err != nil {
		return err
	}
	if err := m.files.write(filepath.Base(m.path), append(b, '\n')); err != nil {
		return err
	}
	return m.files.sync()
}
