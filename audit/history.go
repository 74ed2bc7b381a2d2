package audit

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A history is a file of signed checkpoints, each with an empty line behind it,
// added at its end and never changed. What a crash has left unfinished stays
// there, closed by a line "!", and is skipped by readers.
const tornLine = "!\n"

// ErrHistory means that something in a history is no signed checkpoint. What
// comes after is read.
var ErrHistory = errors.New("no signed checkpoint")

// ReadHistory yields the notes of a history in their order, unverified. At
// something else it yields an [ErrHistory] and goes on; any other error ends it.
func ReadHistory(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		in := bufio.NewReaderSize(r, maxCheckpointBytes)
		var note []byte
		begun, signed, skipping := 0, false, false
		at := 0 // line
		fragment := func() bool {
			if len(bytes.TrimSpace(note)) == 0 {
				return true
			}
			return yield(nil, fmt.Errorf("%w at line %d", ErrHistory, begun))
		}
		for {
			line, err := in.ReadSlice('\n')
			for errors.Is(err, bufio.ErrBufferFull) { // no line of a note is that long
				skipping = true
				_, err = in.ReadSlice('\n')
			}
			at++
			if err != nil {
				if len(line) > 0 {
					note = append(note, line...)
				}
				fragment()
				if !errors.Is(err, io.EOF) {
					yield(nil, err)
				}
				return
			}
			signature := bytes.HasPrefix(line, []byte("— "))
			empty := len(line) == 1
			switch {
			case skipping || len(note)+len(line) > maxCheckpointBytes:
				if !yield(nil, fmt.Errorf("%w at line %d", ErrHistory, at)) {
					return
				}
				note, signed, skipping = nil, false, false
			case empty && signed:
				if !yield(note, nil) {
					return
				}
				note, signed = nil, false
			case string(line) == tornLine:
				if !fragment() {
					return
				}
				note, signed = nil, false
			case signature && bytes.HasSuffix(note, []byte("\n\n")):
				note, signed = append(note, line...), true
			case signed && !signature, bytes.HasSuffix(note, []byte("\n\n")):
				// What was there had no end: this line begins something new.
				if !fragment() {
					return
				}
				note, signed, begun = nil, false, at
				if !empty {
					note = append(note, line...)
				}
			default:
				if len(note) == 0 {
					if empty {
						continue
					}
					begun = at
				}
				note = append(note, line...)
			}
		}
	}
}

// History is a file that signed checkpoints are added to: the log's own, or an
// anchor anywhere outside: another disk, a shared folder, a repository. Its
// directory must be there, so that a disk that is not mounted is noticed.
type History struct {
	path string
	op   func(what string) error // tests fail in it
	busy chan struct{}
}

// OpenHistory returns the history in a file, which may not be there yet.
func OpenHistory(path string) *History {
	return &History{path, func(string) error { return nil }, make(chan struct{}, 1)}
}

// Path returns the file.
func (h *History) Path() string { return h.path }

// Append adds a note, so that it is there for good. A disk that does not answer
// is not waited for longer than ctx allows; until it does, further calls fail.
func (h *History) Append(ctx context.Context, note []byte) error {
	select {
	case h.busy <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("%s: something is still being written: %w", h.path, ctx.Err())
	}
	done := make(chan error, 1)
	note = bytes.Clone(note)
	go func() {
		defer func() { <-h.busy }()
		done <- h.append(note)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%s does not answer: %w", h.path, ctx.Err())
	}
}

func (h *History) append(note []byte) (err error) {
	if err := h.op("open"); err != nil {
		return err
	}
	f, err := os.OpenFile(h.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	// What is there must end with an empty line.
	tail := make([]byte, min(end, 2))
	if _, err := f.ReadAt(tail, end-int64(len(tail))); err != nil {
		return err
	}
	b := append(bytes.Clone(note), '\n')
	if end > 0 && !bytes.Equal(tail, []byte("\n\n")) {
		b = append([]byte("\n"+tornLine+"\n"), b...)
	}
	if err := h.op("write"); err != nil {
		return err
	}
	if _, err := f.Write(b); err != nil {
		return err
	}
	if err := h.op("sync"); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if end == 0 {
		return syncDirectory(filepath.Dir(h.path))
	}
	return nil
}

// All yields the notes of the history. One that is not there has none.
func (h *History) All() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		f, err := os.Open(h.path)
		if errors.Is(err, os.ErrNotExist) {
			return
		}
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		ReadHistory(f)(yield)
	}
}

// lastBytes is how much of a long history is read for its last note: many notes, or
// two of the longest.
const lastBytes = 4 * maxCheckpointBytes

// last returns the last note of the history, nil if there is none.
func (h *History) last() ([]byte, error) {
	f, err := os.Open(h.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	for _, from := range []int64{info.Size() - lastBytes, 0} {
		if from < 0 {
			continue
		}
		var last []byte
		notes := 0
		for text, err := range ReadHistory(io.NewSectionReader(f, from, math.MaxInt64-from)) {
			switch {
			case err == nil:
				last, notes = text, notes+1
			case !errors.Is(err, ErrHistory):
				return nil, err
			}
		}
		// Reading may have begun in the midst of a note, and the rest of one looks like
		// a whole one.
		if from == 0 || notes > 1 {
			return last, nil
		}
	}
	return nil, nil
}

// Newest returns the last checkpoint in the history, verified but for its
// witnesses; nil if there is none.
func (h *History) Newest(policy *Policy, now time.Time) (*SignedCheckpoint, error) {
	last, err := h.last()
	if err != nil || last == nil {
		return nil, err
	}
	signed, err := policy.Verify(last, now, 0)
	if err != nil && !lacksWitnesses(err) {
		return nil, fmt.Errorf("%s: %w", h.path, err)
	}
	return &signed, nil
}

// Anchored says how an anchor took a checkpoint.
type Anchored struct {
	Path string
	Err  error
}

// AppendAll adds a note to each of the anchors at the same time. One that cannot
// be written does not stop the others.
func AppendAll(ctx context.Context, anchors []*History, note []byte) []Anchored {
	results := make([]Anchored, len(anchors))
	var waiting sync.WaitGroup
	for i, a := range anchors {
		waiting.Go(func() { results[i] = Anchored{a.path, a.Append(ctx, note)} })
	}
	waiting.Wait()
	return results
}
