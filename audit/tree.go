package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"rollbook/eventstore"
)

// Log is what a tree needs of a log.
type Log interface {
	// ReplayStored yields the records after a position up to another, in order;
	// a zero to means the end of the log. At a record that is missing or damaged
	// it yields a [*eventstore.GapError] and ends.
	ReplayStored(ctx context.Context, after, to eventstore.Position) iter.Seq2[eventstore.Stored, error]
	// Shape returns what the log says of itself.
	Shape(ctx context.Context) (eventstore.Shape, error)
}

// ErrTree means that the files of a tree are damaged. They can be made anew
// from the log, but then nothing is left to compare the log with.
var ErrTree = errors.New("the files of the tree are damaged")

// ErrOrigin means that a directory holds the tree of another log.
var ErrOrigin = errors.New("the tree is that of another log")

// Tree is the Merkle tree of a log, in a directory of its own. Its methods may
// be called at the same time; only one Tree may use a directory.
type Tree struct {
	dir string

	mu      sync.Mutex
	at      Checkpoint
	created time.Time // of the log; zero as long as the tree is empty
	edge    edge
	files   writer
}

const (
	checkpointFile = "checkpoint"
	logFile        = "log.json"
)

// logDocument is what a checkpoint has no place for.
type logDocument struct {
	Created time.Time `json:"created"`
}

func (d logDocument) marshal() ([]byte, error) {
	b, err := json.Marshal(d)
	return append(b, '\n'), err
}

// readCreated returns when the log of a tree was made. A document that was not
// written as it stands there was changed.
func readCreated(dir string) (time.Time, error) {
	path := filepath.Join(dir, logFile)
	b, err := readFile(path, maxCheckpointBytes)
	if err != nil {
		return time.Time{}, err
	}
	var doc logDocument
	if err := json.Unmarshal(b, &doc); err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", path, err)
	}
	if as, err := doc.marshal(); err != nil || doc.Created.IsZero() || !bytes.Equal(as, b) {
		return time.Time{}, fmt.Errorf("%s is not what was written", path)
	}
	return doc.Created, nil
}

// Open opens the tree in a directory, or begins one there. It returns [ErrTree]
// if what is there does not make its own root, and [ErrOrigin] if it is
// another's.
func Open(dir, origin string) (*Tree, error) {
	if !validOrigin(origin) {
		return nil, fmt.Errorf("%w: %q cannot be the origin of a tree", ErrOrigin, origin)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	t := &Tree{dir: dir, at: Checkpoint{Origin: origin, Root: emptyRoot}}
	t.files = writer{dir: dir, touched: map[string]bool{}, op: func(string) error { return nil }, slots: make(chan struct{}, atOnce)}
	b, err := readFile(filepath.Join(dir, checkpointFile), maxCheckpointBytes)
	if errors.Is(err, fs.ErrNotExist) {
		// From now on there is a tree, so that one that is lost is noticed.
		return t, t.flush(0)
	}
	if err != nil {
		return nil, err
	}
	have, err := ParseCheckpoint(string(b))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrTree, filepath.Join(dir, checkpointFile), err)
	}
	if have.Origin != origin {
		return nil, fmt.Errorf("%w: %s is of %s", ErrOrigin, dir, have.Origin)
	}
	if have.Size > 0 {
		if t.created, err = readCreated(dir); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrTree, err)
		}
	}
	if t.edge, err = readEdge(dir, have.Size); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTree, err)
	}
	if root := t.edge.root(); root != have.Root {
		return nil, fmt.Errorf("%w: the tiles in %s do not make the root of the checkpoint", ErrTree, dir)
	}
	t.at = have
	return t, sweep(dir, partials(have.Size))
}

// readEdge reads the right edge of a tree.
func readEdge(dir string, size uint64) (edge, error) {
	var e edge
	for level := 0; size > 0; level, size = level+1, size/tileWidth {
		var tile []Hash
		if width := int(size % tileWidth); width > 0 {
			var err error
			if tile, err = readTile(dir, level, size/tileWidth, width); err != nil {
				return nil, err
			}
		}
		e = append(e, append(make([]Hash, 0, tileWidth), tile...))
	}
	return e, nil
}

// Checkpoint returns what the tree comes to.
func (t *Tree) Checkpoint() Checkpoint {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at
}

// flushEvery is how many leaves are added between two writes of the checkpoint.
const flushEvery = 1 << 16

// CatchUp adds what the log has and the tree has not. It stops at a record that
// is missing, with what came before it added. The log must answer only what is
// on the disk for good.
func (t *Tree) CatchUp(ctx context.Context, log Log) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	shape, err := log.Shape(ctx)
	if err != nil {
		return err
	}
	if uint64(shape.Last) <= t.at.Size {
		return nil
	}
	if t.created.IsZero() {
		doc, err := logDocument{shape.Created}.marshal()
		if err != nil {
			return err
		}
		if err := t.files.write(logFile, doc); err != nil {
			return err
		}
		t.created = shape.Created
	}
	// What is added beyond the checkpoint is forgotten if it cannot be written.
	added, unwritten := t.at.Size, 0
	err = hashed(ctx, log.ReplayStored(ctx, eventstore.Position(t.at.Size), shape.Last), func(_ []eventstore.Stored, leaves []Hash) error {
		for _, leaf := range leaves {
			t.edge.add(leaf, func(level int, tile []Hash) {
				t.files.begin(tilePath(level, added>>(tileHeight*(level+1)), tileWidth), bytesOf(tile))
			})
			added++
		}
		if unwritten += len(leaves); unwritten >= flushEvery {
			unwritten = 0
			return t.flush(added)
		}
		return nil
	})
	if unwritten > 0 {
		if flushErr := t.flush(added); err == nil {
			err = flushErr
		}
	}
	if settleErr := t.files.settle(); err == nil {
		err = settleErr
	}
	if added != t.at.Size { // something could not be written
		edge, readErr := readEdge(t.dir, t.at.Size)
		if readErr != nil {
			return errors.Join(err, readErr)
		}
		t.edge = edge
	}
	return err
}

func bytesOf(tile []Hash) []byte {
	b := make([]byte, 0, len(tile)*sha256.Size)
	for _, h := range tile {
		b = append(b, h[:]...)
	}
	return b
}

// partials returns the paths of the tiles at the right edge of a tree.
func partials(size uint64) map[string]int {
	paths := map[string]int{}
	for level := 0; size > 0; level, size = level+1, size/tileWidth {
		if width := int(size % tileWidth); width > 0 {
			paths[tilePath(level, size/tileWidth, width)] = level
		}
	}
	return paths
}

// flush writes the right edge and then, when that is on the disk, the checkpoint.
// Only then the edge of the checkpoint before is removed.
func (t *Tree) flush(size uint64) error {
	now := partials(size)
	for path, level := range now {
		t.files.begin(path, bytesOf(t.edge[level]))
	}
	if err := t.files.settle(); err != nil {
		return err
	}
	if err := t.files.sync(); err != nil {
		return err
	}
	next := Checkpoint{t.at.Origin, size, t.edge.root()}
	if err := t.files.write(checkpointFile, []byte(next.String())); err != nil {
		return err
	}
	if err := t.files.sync(); err != nil {
		return err
	}
	before := partials(t.at.Size)
	t.at = next
	for path := range before {
		if _, ok := now[path]; ok {
			continue
		}
		path = filepath.Join(t.dir, path)
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		_ = os.Remove(filepath.Dir(path)) // fails while another width is there
	}
	return nil
}

// chunkSize is how many records are hashed in one go.
const chunkSize = 1024

// hashed calls add with the leaf hashes of records, in their order. They are
// hashed on all processors. An error ends it after what came before was added.
func hashed(ctx context.Context, records iter.Seq2[eventstore.Stored, error], add func([]eventstore.Stored, []Hash) error) error {
	type chunk struct {
		records []eventstore.Stored
		leaves  []Hash
		err     error
		done    chan struct{}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	chunks := make(chan *chunk, runtime.GOMAXPROCS(0))
	var readErr error
	go func() {
		defer close(chunks)
		var c *chunk
		send := func() bool {
			if c == nil {
				return true
			}
			full := c
			c = nil // it is sent once, whether anybody takes it or not
			go func() {
				defer close(full.done)
				var buffer []byte
				for _, s := range full.records {
					leaf, err := leafOf(s, &buffer)
					if err != nil {
						full.err = err
						return
					}
					full.leaves = append(full.leaves, leaf)
				}
			}()
			select {
			case chunks <- full:
				return true
			case <-ctx.Done():
				return false
			}
		}
		for s, err := range records {
			if err != nil {
				readErr = err
				break
			}
			if c == nil {
				c = &chunk{records: make([]eventstore.Stored, 0, chunkSize), leaves: make([]Hash, 0, chunkSize), done: make(chan struct{})}
			}
			if c.records = append(c.records, s); len(c.records) == chunkSize && !send() {
				break
			}
		}
		send()
	}()
	var failed error
	for c := range chunks {
		<-c.done
		if failed == nil {
			if failed = add(c.records[:len(c.leaves)], c.leaves); failed == nil {
				failed = c.err
			}
			if failed != nil {
				cancel()
			}
		}
	}
	if failed != nil {
		return failed
	}
	return readErr
}

// Remove removes the tree in a directory, so that the next one is made anew from
// whatever the log holds then.
func Remove(dir string) error {
	for _, name := range []string{checkpointFile, logFile, "tile"} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// Begun reports whether there is a tree in a directory.
func Begun(dir string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, checkpointFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// short returns the beginning of a hash, to tell two apart.
func (h Hash) short() string { return strings.ToLower(fmt.Sprintf("%x", h[:6])) }
