package archive

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"rollbook/eventstore"
)

// Source is the log that an archive follows.
type Source interface {
	ReplayStored(ctx context.Context, after, to eventstore.Position) iter.Seq2[eventstore.Stored, error]
	Shape(ctx context.Context) (eventstore.Shape, error)
}

// Options are those of an archive that is written.
type Options struct {
	// Origin names the log; an archive of another one is refused.
	Origin string
	// SegmentBytes is the size from which a segment is sealed; 16 MiB if 0. Another
	// one counts for new segments.
	SegmentBytes int64
	// Check is called with records, in order, before they are archived; an error
	// keeps them out. May be nil.
	Check func([]eventstore.Stored) error
}

const (
	aboutFile      = "archive.json"
	lockFile       = "archive.lock"
	sealedSuffix   = ".seg"
	openSuffix     = ".open"
	segmentBytes   = 16 << 20
	batchRecords   = 1024
	batchBytes     = 4 << 20
	formatOfAbout  = 1
	positionDigits = 20
)

// Errors of an archive.
var (
	// ErrInUse means that another process writes the archive.
	ErrInUse = errors.New("another process writes the archive")
	// ErrOrigin means that a directory has the archive of another log, or of one that
	// was made anew since.
	ErrOrigin = errors.New("the archive is that of another log")
	// ErrNone means that there is no archive in a directory.
	ErrNone = errors.New("there is no archive here")
)

// DamageError reports a segment that is missing or not what was written.
type DamageError struct {
	// Path is the file.
	Path string
	// First and Last are the positions that cannot be read, as far as is known; Last
	// is 0 if that is not.
	First, Last eventstore.Position
	Detail      string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("%s, from position %d: %s", e.Path, e.First, e.Detail)
}

// Unwrap returns the gap that the damage makes in the log.
func (e *DamageError) Unwrap() error { return &eventstore.GapError{Want: e.First} }

// about is what archive.json holds.
type about struct {
	Format  int       `json:"format"`
	Origin  string    `json:"origin"`
	Created time.Time `json:"created"` // when the log was made
}

// Archive is a copy of a log in a directory. Its methods may be called at the same
// time; one process writes it, any number read it.
type Archive struct {
	dir     string
	options Options
	lock    *flock.Flock // nil for a reader
	about   about

	mu     sync.Mutex
	file   *os.File // the segment that grows; nil if there is none, or for a reader
	size   int64
	index  *index
	broken error // why nothing more can be written
}

// Open opens the archive in a directory to write it, or begins one. What a crash
// has left unfinished is cut off: it comes again from the log.
func Open(dir string, o Options) (*Archive, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	a := &Archive{dir: dir, options: o, lock: flock.New(filepath.Join(dir, lockFile))}
	ok, err := a.lock.TryLock()
	if err == nil && !ok {
		err = fmt.Errorf("%w: %s", ErrInUse, dir)
	}
	if err != nil {
		return nil, err
	}
	err = a.readAbout()
	if errors.Is(err, ErrNone) {
		err = nil
	} else if err == nil && a.about.Origin != o.Origin {
		err = fmt.Errorf("%w: %s is of %s", ErrOrigin, dir, a.about.Origin)
	}
	if err == nil {
		err = a.openLast()
	}
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// OpenReader opens the archive in a directory to read it. It needs no right to
// write.
func OpenReader(dir string) (*Archive, error) {
	a := &Archive{dir: dir}
	if err := a.readAbout(); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *Archive) readAbout() error {
	path := filepath.Join(a.dir, aboutFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", ErrNone, a.dir)
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &a.about); err != nil {
		return &DamageError{Path: path, First: 1, Detail: err.Error()}
	}
	if again, err := a.about.marshal(); err != nil || string(again) != string(b) || a.about.Format != formatOfAbout {
		return &DamageError{Path: path, First: 1, Detail: "it is not what was written, or of a later format"}
	}
	return nil
}

func (d about) marshal() ([]byte, error) {
	b, err := json.Marshal(d)
	return append(b, '\n'), err
}

// Origin returns the name of the log.
func (a *Archive) Origin() string { return a.about.Origin }

// Close ends its use.
func (a *Archive) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var err error
	if a.file != nil {
		err = a.file.Close()
		a.file = nil
	}
	if a.lock != nil {
		err = errors.Join(err, a.lock.Close())
	}
	return err
}

// segment is a file of the archive.
type segment struct {
	path  string
	first eventstore.Position
	open  bool
}

// segments returns the files, in order. While a segment is sealed it may be seen
// under both names; the sealed one counts.
func (a *Archive) segments() ([]segment, error) {
	entries, err := os.ReadDir(a.dir)
	if err != nil {
		return nil, err
	}
	var out []segment
	for _, e := range entries {
		digits, sealed := strings.CutSuffix(e.Name(), sealedSuffix)
		open := false
		if !sealed {
			if digits, open = strings.CutSuffix(e.Name(), openSuffix); !open {
				continue
			}
		}
		first, err := strconv.ParseUint(digits, 10, 64)
		if err != nil || len(digits) != positionDigits || first == 0 {
			continue
		}
		out = append(out, segment{filepath.Join(a.dir, e.Name()), eventstore.Position(first), open})
	}
	slices.SortFunc(out, func(x, y segment) int {
		return cmp.Or(cmp.Compare(x.first, y.first), strings.Compare(y.path, x.path)) // .seg before .open
	})
	return slices.CompactFunc(out, func(x, y segment) bool { return x.first == y.first }), nil
}

func (a *Archive) path(first eventstore.Position, suffix string) string {
	return filepath.Join(a.dir, fmt.Sprintf("%0*d%s", positionDigits, first, suffix))
}

// openLast opens the segment that grows, cut to its last whole frame.
func (a *Archive) openLast() error {
	list, err := a.segments()
	if err != nil || len(list) == 0 || !list[len(list)-1].open {
		return err
	}
	last := list[len(list)-1]
	b, err := os.ReadFile(last.path)
	if err != nil {
		return err
	}
	if first, err := readHead(b); err != nil || first != last.first {
		return os.Remove(last.path) // not even its head was finished
	}
	a.index, a.size = newIndex(last.first), int64(headBytes)
	for rest := b[headBytes:]; ; {
		s, next, ok, err := readFrame(rest)
		if err != nil || !ok || s.Position != a.index.last()+1 {
			break
		}
		a.index.add(s, len(rest)-len(next)-frameBytes)
		a.size += int64(len(rest) - len(next))
		rest = next
	}
	if a.file, err = os.OpenFile(last.path, os.O_RDWR, 0o600); err != nil {
		return err
	}
	if err := a.file.Truncate(a.size); err != nil {
		return err
	}
	_, err = a.file.Seek(a.size, 0)
	return err
}

// Last returns the position of the newest record that is archived, 0 if there is
// none.
func (a *Archive) Last() (eventstore.Position, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.lastLocked()
}

func (a *Archive) lastLocked() (eventstore.Position, error) {
	if a.index != nil {
		return a.index.last(), nil
	}
	list, err := a.segments()
	if err != nil || len(list) == 0 {
		return 0, err
	}
	x, err := list[len(list)-1].index()
	if err != nil {
		return 0, err
	}
	return x.last(), nil
}

// Follow archives what the log has up to a position, and the archive has not. What
// it returns after is on the disk. A record that is missing in the log ends it with
// an [*eventstore.GapError]; a log that was made anew is refused with ErrOrigin.
func (a *Archive) Follow(ctx context.Context, source Source, to eventstore.Position) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lock == nil {
		return errors.New("the archive was opened to be read")
	}
	if a.broken != nil {
		return a.broken
	}
	shape, err := source.Shape(ctx)
	if err != nil {
		return err
	}
	if err := a.introduce(shape); err != nil {
		return err
	}
	last, err := a.lastLocked()
	if err != nil || to <= last {
		return err
	}
	var batch []eventstore.Stored
	bytes := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		if a.options.Check != nil {
			if err := a.options.Check(batch); err != nil {
				return err
			}
		}
		if err := a.write(batch); err != nil {
			a.broken = fmt.Errorf("the archive cannot be written; open it again: %w", err)
			return a.broken
		}
		batch, bytes = batch[:0], 0
		return nil
	}
	for s, err := range source.ReplayStored(ctx, last, to) {
		if err == nil && s.Position != last+1 {
			err = &eventstore.GapError{Want: last + 1, Got: s.Position}
		}
		if err != nil {
			return errors.Join(err, flush(), a.sync())
		}
		last = s.Position
		batch, bytes = append(batch, s), bytes+len(s.Data)
		if len(batch) == batchRecords || bytes > batchBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	return a.sync()
}

// introduce makes archive.json, or compares it.
func (a *Archive) introduce(shape eventstore.Shape) error {
	if a.about.Format != 0 {
		if !a.about.Created.Equal(shape.Created) {
			return fmt.Errorf("%w: %s was made on %s, and the log on %s", ErrOrigin, a.dir, a.about.Created, shape.Created)
		}
		return nil
	}
	made := about{formatOfAbout, a.options.Origin, shape.Created}
	b, err := made.marshal()
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(a.dir, aboutFile), b); err != nil {
		return err
	}
	a.about = made
	return nil
}

// write adds records, and seals segments that are full.
func (a *Archive) write(records []eventstore.Stored) error {
	var b []byte
	for _, s := range records {
		if a.file == nil {
			if err := a.begin(s.Position); err != nil {
				return err
			}
		}
		begin := len(b)
		var err error
		if b, err = appendFrame(b, s); err != nil {
			return err
		}
		a.index.add(s, len(b)-begin-frameBytes)
		if full := a.size+int64(len(b)) >= cmp.Or(a.options.SegmentBytes, segmentBytes); full {
			if err := a.put(b); err != nil {
				return err
			}
			b = b[:0]
			if err := a.seal(); err != nil {
				return err
			}
		}
	}
	return a.put(b)
}

func (a *Archive) put(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	n, err := a.file.Write(b)
	a.size += int64(n)
	return err
}

func (a *Archive) begin(first eventstore.Position) error {
	f, err := os.OpenFile(a.path(first, openSuffix), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	a.file, a.index, a.size = f, newIndex(first), 0
	return a.put(appendHead(nil, first))
}

// seal ends a segment: from now on it does not change.
func (a *Archive) seal() error {
	if err := a.put(a.index.appendEnd(nil)); err != nil {
		return err
	}
	if err := a.file.Sync(); err != nil {
		return err
	}
	if err := a.file.Close(); err != nil {
		return err
	}
	first := a.index.first
	a.file, a.index = nil, nil
	if err := os.Rename(a.path(first, openSuffix), a.path(first, sealedSuffix)); err != nil {
		return err
	}
	return syncDirectory(a.dir)
}

func (a *Archive) sync() error {
	if a.file == nil {
		return nil
	}
	if err := a.file.Sync(); err != nil {
		a.broken = fmt.Errorf("the archive cannot be written; open it again: %w", err)
		return a.broken
	}
	return syncDirectory(a.dir)
}

// writeFile writes a file so that it is there whole, or not at all.
func writeFile(path string, b []byte) error {
	temporary := path + ".tmp"
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(path))
}

func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
