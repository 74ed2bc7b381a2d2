package audit

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// A tree's directory has the form of https://c2sp.org/tlog-tiles: tile/<level>/<n>
// holds 256 hashes, tile/<level>/<n>.p/<width> a tile at the right edge that is
// not full yet, and "checkpoint" the size and the root.

// tilePath returns the path of a tile below the tree's directory. Width is
// tileWidth for a full one.
func tilePath(level int, n uint64, width int) string {
	number := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		number = fmt.Sprintf("x%03d/%s", n%1000, number)
	}
	path := fmt.Sprintf("tile/%d/%s", level, number)
	if width < tileWidth {
		path += fmt.Sprintf(".p/%d", width)
	}
	return filepath.FromSlash(path)
}

// readTile reads a tile of so many hashes. A partial one may have become full
// since: then its beginning is returned.
func readTile(dir string, level int, n uint64, width int) ([]Hash, error) {
	path := tilePath(level, n, width)
	b, err := readFile(filepath.Join(dir, path), tileWidth*sha256.Size)
	if errors.Is(err, fs.ErrNotExist) && width < tileWidth {
		if full, fullErr := readFile(filepath.Join(dir, tilePath(level, n, tileWidth)), tileWidth*sha256.Size); fullErr == nil && len(full) == tileWidth*sha256.Size {
			b, err = full[:width*sha256.Size], nil
		}
	}
	if err != nil {
		return nil, err
	}
	if len(b) != width*sha256.Size {
		return nil, fmt.Errorf("tile %s has %d bytes and must have %d", path, len(b), width*sha256.Size)
	}
	hashes := make([]Hash, width)
	for i := range hashes {
		hashes[i] = Hash(b[i*sha256.Size:])
	}
	return hashes, nil
}

// readFile reads a file that has at most so many bytes. Of a longer one, which is not
// what was written, it returns one byte more.
func readFile(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most+1))
}

// writer writes files so that each is there whole or not at all. The files of
// one round are on the disk when sync returns.
type writer struct {
	dir string
	// op is called before each operation on a file. Tests fail in it.
	op func(what string) error

	mu      sync.Mutex
	touched map[string]bool // directories
	begun   sync.WaitGroup
	slots   chan struct{}
	failed  error
}

// atOnce is how many files are on their way to the disk at once, which it takes
// together.
const atOnce = 16

// begin writes a file beside what follows, until settle.
func (w *writer) begin(path string, b []byte) {
	w.slots <- struct{}{}
	w.begun.Go(func() {
		defer func() { <-w.slots }()
		if err := w.write(path, b); err != nil {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.failed = errors.Join(w.failed, err)
		}
	})
}

// settle waits until every file that was begun is written, and returns what went
// wrong.
func (w *writer) settle() error {
	w.begun.Wait()
	err := w.failed
	w.failed = nil
	return err
}

const temporaryPrefix = ".tmp-"

func (w *writer) write(path string, b []byte) (err error) {
	path = filepath.Join(w.dir, path)
	dir := filepath.Dir(path)
	if err := w.makeDir(dir); err != nil {
		return err
	}
	if err := w.op("create"); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, temporaryPrefix+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // what is left of it is taken away at the next start
		}
	}()
	_, err = f.Write(b)
	if err == nil {
		err = w.op("sync")
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := w.op("rename"); err != nil {
		return err
	}
	w.touch(dir)
	return os.Rename(f.Name(), path)
}

func (w *writer) touch(dir string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.touched[dir] = true
}

// makeDir makes a directory and those above it, and notes what has to be synced.
func (w *writer) makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := w.makeDir(filepath.Dir(dir)); err != nil {
		return err
	}
	w.touch(filepath.Dir(dir))
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// sync makes the names of all files durable that were written since the last
// one.
func (w *writer) sync() error {
	for dir := range w.touched { // nothing is under way
		if err := w.op("sync directory"); err != nil {
			return err
		}
		d, err := os.Open(dir)
		if err != nil {
			return err
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return err
		}
		delete(w.touched, dir)
	}
	return nil
}

// sweep removes what a writer that died has left: files that were being written,
// and tiles of a right edge that is not the checkpoint's.
func sweep(dir string, edge map[string]int) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		_, current := edge[name]
		if strings.HasPrefix(entry.Name(), temporaryPrefix) || strings.HasSuffix(filepath.Dir(name), ".p") && !current {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			_ = os.Remove(filepath.Dir(path)) // fails while it holds something
		}
		return nil
	})
}
