package archive

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"runtime"

	"rollbook/eventstore"
)

// damaged is a DamageError about a segment.
func (s segment) damaged(at, last eventstore.Position, err error) error {
	return &DamageError{Path: s.path, First: at, Last: last, Detail: err.Error()}
}

// index reads the index of a segment.
func (s segment) index() (*index, error) {
	if s.open {
		_, x, err := s.read(func(eventstore.Stored) bool { return false })
		return x, err
	}
	return s.indexOf(nil)
}

// indexOf reads the index of a sealed segment from its end; keep says of which
// subjects the positions are wanted, nil of all.
func (s segment) indexOf(keep func(subject []byte) bool) (*index, error) {
	f, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, headBytes)
	if _, err := f.ReadAt(head, 0); err != nil {
		return nil, s.damaged(s.first, 0, err)
	}
	if first, err := readHead(head); err != nil || first != s.first { // the index counts from it
		return nil, s.damaged(s.first, 0, fmt.Errorf("its head: %w", errFrame))
	}
	footer, err := s.footer(f)
	if err != nil {
		return nil, s.damaged(s.first, 0, err)
	}
	x, err := readFooter(s.first, footer, keep)
	if err != nil {
		return nil, s.damaged(s.first, 0, err)
	}
	return x, nil
}

func (s segment) footer(f *os.File) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size()
	if size < int64(headBytes+4+tailBytes) {
		return nil, fmt.Errorf("it is too short: %w", errFrame)
	}
	tail := make([]byte, tailBytes)
	if _, err := f.ReadAt(tail, size-int64(tailBytes)); err != nil {
		return nil, err
	}
	length := int64(binary.BigEndian.Uint32(tail))
	if string(tail[8:]) != endMagic || length > size-int64(headBytes+4+tailBytes) {
		return nil, fmt.Errorf("its end: %w", errFrame)
	}
	footer := make([]byte, length)
	if _, err := f.ReadAt(footer, size-int64(tailBytes)-length); err != nil {
		return nil, err
	}
	if checksum(footer) != binary.BigEndian.Uint32(tail[4:]) {
		return nil, fmt.Errorf("its index: %w", errFrame)
	}
	return footer, nil
}

// read reads a whole segment, and compares everything in it with everything else.
// At damage it returns what comes before it. Of one that grows, what is unfinished
// at its end does not count. keep says which records are wanted; nil wants all.
func (s segment) read(keep func(eventstore.Stored) bool) (records []eventstore.Stored, x *index, err error) {
	b, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) && s.open {
		sealed := segment{s.path[:len(s.path)-len(openSuffix)] + sealedSuffix, s.first, false} // meanwhile
		return sealed.read(keep)
	}
	if err != nil {
		return nil, nil, err
	}
	x = newIndex(s.first)
	if first, err := readHead(b); err != nil || first != s.first {
		if s.open && len(b) < headBytes {
			return nil, x, nil
		}
		return nil, x, s.damaged(s.first, 0, fmt.Errorf("its head: %w", errFrame))
	}
	rest := b[headBytes:]
	for len(rest) > 0 {
		stored, next, ok, err := readFrame(rest)
		if err == nil && ok && stored.Position != x.last()+1 {
			err = errFrame
		}
		if err != nil {
			if s.open {
				return records, x, nil // it may be being written
			}
			return records, x, s.damaged(x.last()+1, 0, err)
		}
		if !ok {
			break
		}
		x.add(stored, len(rest)-len(next)-frameBytes)
		if keep == nil || keep(stored) {
			records = append(records, stored)
		}
		rest = next
	}
	if s.open {
		return records, x, nil
	}
	if string(x.appendEnd(nil)) != string(rest) {
		return records, x, s.damaged(x.last()+1, 0, fmt.Errorf("its end: %w", errFrame))
	}
	return records, x, nil
}

// ReplayStored yields the records after a position up to another, or to the end if
// that is zero, in order; segments are read and checked on all processors. At
// damage it yields a [*DamageError], which is a [*eventstore.GapError] too, and
// ends. A record's data is not to be changed.
func (a *Archive) ReplayStored(ctx context.Context, after, to eventstore.Position) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		list, err := a.between(after, to)
		if err != nil {
			yield(eventstore.Stored{}, err)
			return
		}
		type part struct {
			records []eventstore.Stored
			err     error
		}
		parts := make([]chan part, len(list))
		next := 0
		start := func() {
			if next == len(list) {
				return
			}
			s, out := list[next], make(chan part, 1)
			parts[next] = out
			next++
			go func() {
				records, _, err := s.read(func(r eventstore.Stored) bool { return r.Position > after && (to == 0 || r.Position <= to) })
				out <- part{records, err}
			}()
		}
		for range runtime.GOMAXPROCS(0) {
			start()
		}
		want := after + 1
		for i := range list {
			p := <-parts[i]
			parts[i] = nil
			start()
			for _, r := range p.records {
				if ctx.Err() != nil {
					yield(eventstore.Stored{}, ctx.Err())
					return
				}
				if r.Position != want {
					yield(eventstore.Stored{}, &DamageError{Path: a.path(want, sealedSuffix), First: want, Last: r.Position - 1, Detail: missing})
					return
				}
				if !yield(r, nil) {
					return
				}
				want++
			}
			if p.err != nil {
				yield(eventstore.Stored{}, p.err)
				return
			}
		}
		if to != 0 && want <= to {
			last, err := a.Last()
			if err == nil && to <= last {
				err = &DamageError{Path: a.dir, First: want, Last: to, Detail: missing}
			}
			if err != nil {
				yield(eventstore.Stored{}, err)
			}
		}
	}
}

// between returns the segments that have the records after a position up to
// another.
func (a *Archive) between(after, to eventstore.Position) ([]segment, error) {
	list, err := a.segments()
	if err != nil {
		return nil, err
	}
	for len(list) > 1 && list[1].first <= after+1 {
		list = list[1:]
	}
	for n := len(list); to != 0 && n > 0 && list[n-1].first > to; n-- {
		list = list[:n-1]
	}
	return list, nil
}

// Stream returns the records of one subject up to the last position that is archived,
// in order, by the indexes of the segments; and that position. At damage it returns a
// [*DamageError] with the records before it, and the last position up to which there
// are no others.
func (a *Archive) Stream(ctx context.Context, subject string) (records []eventstore.Stored, to eventstore.Position, err error) {
	list, err := a.segments()
	if err != nil {
		return nil, 0, err
	}
	for _, s := range list {
		if err := ctx.Err(); err != nil {
			return records, to, err
		}
		if s.first != to+1 {
			return records, to, &DamageError{Path: a.path(to+1, sealedSuffix), First: to + 1, Last: s.first - 1, Detail: missing}
		}
		found, last, err := s.stream(subject)
		records = append(records, found...)
		if err != nil {
			return records, max(to, last), err
		}
		to = last
	}
	return records, to, nil
}

// stream returns the records of one subject in a segment, and the last position up to
// which that is all.
func (s segment) stream(subject string) (records []eventstore.Stored, to eventstore.Position, err error) {
	if s.open {
		records, x, err := s.read(func(r eventstore.Stored) bool { return r.Subject == subject })
		if x == nil {
			return nil, 0, err
		}
		for i := range records { // not to hold the whole segment for a few of its records
			records[i].Data = bytes.Clone(records[i].Data)
		}
		return records, x.last(), err
	}
	x, err := s.indexOf(func(name []byte) bool { return string(name) == subject })
	if err != nil {
		return nil, 0, err
	}
	for _, at := range x.subjects[subject] {
		r, err := s.get(x, at)
		if err != nil {
			return records, at - 1, err
		}
		records = append(records, r)
	}
	return records, x.last(), nil
}

// get reads one record.
func (s segment) get(x *index, at eventstore.Position) (r eventstore.Stored, err error) {
	f, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) && s.open {
		f, err = os.Open(s.path[:len(s.path)-len(openSuffix)] + sealedSuffix)
	}
	if err != nil {
		return r, err
	}
	defer f.Close()
	b := make([]byte, frameBytes+x.lengths[at-x.first])
	if _, err := f.ReadAt(b, x.offset(at)); err != nil {
		return r, s.damaged(at, at, err)
	}
	r, _, ok, err := readFrame(b)
	if err == nil && (!ok || r.Position != at) {
		err = errFrame
	}
	if err != nil {
		return r, s.damaged(at, at, err)
	}
	return r, nil
}

// Shape says what the archive has, as a log does.
func (a *Archive) Shape(context.Context) (eventstore.Shape, error) {
	last, err := a.Last()
	if err != nil {
		return eventstore.Shape{}, err
	}
	list, err := a.segments()
	if err != nil || len(list) == 0 {
		return eventstore.Shape{Created: a.about.Created}, err
	}
	return eventstore.Shape{First: list[0].first, Last: last, Created: a.about.Created}, nil
}

// Verify reads every byte and returns what is missing or damaged, in order.
func (a *Archive) Verify(ctx context.Context) (damage []*DamageError, err error) {
	list, err := a.segments()
	if err != nil {
		return nil, err
	}
	want := eventstore.Position(1)
	for _, s := range list {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if s.first > want {
			damage = append(damage, &DamageError{Path: a.path(want, sealedSuffix), First: want, Last: s.first - 1, Detail: missing})
		}
		_, x, err := s.read(func(eventstore.Stored) bool { return false })
		if d, ok := errors.AsType[*DamageError](err); ok {
			damage = append(damage, d)
		} else if err != nil {
			return nil, err
		}
		want = max(want, s.first, x.last()+1)
		if i := len(damage) - 1; err != nil && i >= 0 && damage[i].Path == s.path {
			want = 0 // where the next one begins tells where this one ended
		}
		if want == 0 {
			want = a.after(list, s.first)
		}
	}
	return damage, nil
}

// after returns where the segment behind one begins, 0 if it is the last.
func (a *Archive) after(list []segment, first eventstore.Position) eventstore.Position {
	for _, s := range list {
		if s.first > first {
			return s.first
		}
	}
	return first
}

// Repair writes damaged and missing segments again from the log, to the bytes that
// they had, and returns their files. Good ones are not touched. It is called before
// Follow, which only adds.
func (a *Archive) Repair(ctx context.Context, source Source) (written []string, err error) {
	damage, err := a.Verify(ctx)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lock == nil {
		return nil, errors.New("the archive was opened to be read")
	}
	list, err := a.segments()
	if err != nil {
		return nil, err
	}
	for _, d := range damage {
		first, next := d.First, eventstore.Position(0) // of what is missing; of the good one behind it
		for _, s := range list {
			if s.path == d.Path {
				first = s.first
			}
		}
		for _, s := range list {
			if s.first > first && (next == 0 || s.first < next) {
				next = s.first
			}
		}
		paths, err := a.again(ctx, source, first, next)
		written = append(written, paths...)
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

const missing = "the segment is missing"

// again writes the sealed segments from one position to where the next good one
// begins; 0 if there is none, then it only removes what is damaged, and Follow
// writes it.
func (a *Archive) again(ctx context.Context, source Source, first, next eventstore.Position) ([]string, error) {
	if next == 0 {
		path := a.path(first, sealedSuffix)
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		return nil, syncDirectory(a.dir)
	}
	beside := &Archive{dir: a.dir, options: a.options, lock: a.lock, about: a.about}
	var written []string
	var b []byte
	x := newIndex(first)
	flush := func() error {
		path := a.path(x.first, sealedSuffix)
		if err := writeFile(path, x.appendEnd(b)); err != nil {
			return err
		}
		written = append(written, path)
		return nil
	}
	b = appendHead(nil, first)
	for s, err := range source.ReplayStored(ctx, first-1, next-1) {
		if err != nil {
			return written, err
		}
		if beside.options.Check != nil {
			if err := beside.options.Check([]eventstore.Stored{s}); err != nil {
				return written, err
			}
		}
		begin := len(b)
		if b, err = appendFrame(b, s); err != nil {
			return written, err
		}
		x.add(s, len(b)-begin-frameBytes)
		if limit := a.options.SegmentBytes; s.Position == next-1 || int64(len(b)) >= max(limit, 0) && limit > 0 || limit == 0 && len(b) >= segmentBytes {
			if err := flush(); err != nil {
				return written, err
			}
			x, b = newIndex(s.Position+1), appendHead(nil, s.Position+1)
		}
	}
	return written, nil
}
