package audit

import (
	"context"
	"errors"
	"fmt"

	"rollbook/eventstore"
)

// Code says in what a log differs from what was known of it.
type Code string

// The codes.
const (
	// TailMissing means that the log ends before the tree does: it was cut, and
	// would give positions to new records that others had before.
	TailMissing Code = "TAIL_MISSING"
	// HeadMissing means that the log begins after its first record.
	HeadMissing Code = "HEAD_MISSING"
	// SeqGap means that a record is missing or cannot be read.
	SeqGap Code = "SEQ_GAP"
	// StreamReplaced means that the log was made anew.
	StreamReplaced Code = "STREAM_REPLACED"
	// LeafMismatch means that a record is not the one that was stored.
	LeafMismatch Code = "LEAF_MISMATCH"
	// ForbiddenHeader means that a record has a header that no writer sends.
	ForbiddenHeader Code = "FORBIDDEN_HEADER"
)

// MismatchError reports that a log is not what it was.
type MismatchError struct {
	Code Code
	// First is the first position that is wrong.
	First eventstore.Position
	// Size is how many records the tree vouches for; zero if no tree was asked.
	Size   uint64
	Detail string
}

func (e *MismatchError) Error() string {
	if e.Size == 0 {
		return fmt.Sprintf("%s at sequence %d: %s", e.Code, e.First, e.Detail)
	}
	return fmt.Sprintf("%s at sequence %d: %s (%d records are vouched for)", e.Code, e.First, e.Detail, e.Size)
}

// tailChecked is how many of the last records the check at the start compares.
const tailChecked = 256

// Check compares the log with the tree, as it is done at each start: where the
// log begins and ends, whether records are known to be missing, when it was
// made, and of the records the first one and the last ones that the tree vouches
// for. That takes milliseconds and sees a log that was cut, shortened or
// replaced. A record that was changed between is found by [Tree.CheckAll].
//
// What differs is a [*MismatchError]. To name the first position that is wrong,
// Check then reads the log from its beginning.
func (t *Tree) Check(ctx context.Context, log Log) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	size := t.at.Size
	if size == 0 {
		return nil
	}
	shape, err := log.Shape(ctx)
	if err != nil {
		return err
	}
	wrong := func(code Code, first eventstore.Position, format string, args ...any) error {
		return &MismatchError{code, first, size, fmt.Sprintf(format, args...)}
	}
	switch {
	case !shape.Created.Equal(t.created):
		first := eventstore.Position(1)
		if m, ok := errors.AsType[*MismatchError](t.compare(ctx, log, 0, min(eventstore.Position(size), shape.Last))); ok {
			first = m.First
		} else if uint64(shape.Last) < size {
			first = shape.Last + 1
		}
		return wrong(StreamReplaced, first, "the log was made on %s, and the one that was known on %s", shape.Created.Format(timeForm), t.created.Format(timeForm))
	case shape.Last > 0 && shape.First > 1, shape.Last == 0 && shape.First > 1 && uint64(shape.First) > size:
		return wrong(HeadMissing, 1, "the log begins at %d", shape.First)
	case uint64(shape.Last) < size:
		// What is left may have been changed too.
		if err := t.compare(ctx, log, 0, shape.Last); err != nil {
			return err
		}
		return wrong(TailMissing, shape.Last+1, "the log ends at %d", shape.Last)
	case shape.Missing != 0 && uint64(shape.Missing) <= size:
		return wrong(SeqGap, shape.Missing, "the record is not there")
	}
	after := uint64(0)
	if size > tailChecked {
		after = size - tailChecked
		if err := t.compare(ctx, log, 0, 1); err != nil {
			return t.firstOf(ctx, log, err)
		}
	}
	if err := t.compare(ctx, log, eventstore.Position(after), eventstore.Position(size)); err != nil {
		return t.firstOf(ctx, log, err)
	}
	return nil
}

// CheckAll compares every record that the tree vouches for with its leaf.
func (t *Tree) CheckAll(ctx context.Context, log Log) error {
	if err := t.Check(ctx, log); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.compare(ctx, log, 0, eventstore.Position(t.at.Size))
}

// firstOf looks for the first mismatch, once one is known.
func (t *Tree) firstOf(ctx context.Context, log Log, known error) error {
	m, ok := errors.AsType[*MismatchError](known)
	if !ok || m.First == 1 {
		return known
	}
	if err := t.compare(ctx, log, 0, m.First); err != nil {
		return err
	}
	return known
}

const timeForm = "2006-01-02 15:04:05.000000000"

// compare compares the records after a position up to another with the leaves.
func (t *Tree) compare(ctx context.Context, log Log, after, to eventstore.Position) error {
	if to <= after {
		return nil
	}
	at := uint64(after)
	var tile []Hash
	err := hashed(ctx, log.ReplayStored(ctx, after, to), func(_ []eventstore.Stored, leaves []Hash) error {
		for _, leaf := range leaves {
			if tile == nil || at%tileWidth == 0 {
				n := at / tileWidth
				width := int(min(tileWidth, t.at.Size-n*tileWidth))
				var err error
				if tile, err = readTile(t.dir, 0, n, width); err != nil {
					return fmt.Errorf("%w: %w", ErrTree, err)
				}
			}
			if want := tile[at%tileWidth]; leaf != want {
				return &MismatchError{LeafMismatch, eventstore.Position(at + 1), t.at.Size, fmt.Sprintf("its leaf is %s and was %s", leaf.short(), want.short())}
			}
			at++
		}
		return nil
	})
	if gap, ok := errors.AsType[*eventstore.GapError](err); ok {
		return &MismatchError{SeqGap, gap.Want, t.at.Size, "the record is missing or cannot be read"}
	}
	if header, ok := errors.AsType[*eventstore.ForbiddenHeaderError](err); ok {
		return &MismatchError{ForbiddenHeader, header.Position, t.at.Size, fmt.Sprintf("it has the header %q", header.Name)}
	}
	return err
}
