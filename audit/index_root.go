package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"

	"rollbook/eventstore"
)

// An index root is recorded as a record of its own, with this type in this
// stream.
const (
	IndexRootType   = "ledger.index_root"
	IndexRootStream = "ledger/index"
)

// What a record says of itself in its headers; see docs/format.md.
const (
	headerID       = "Ledger-Id"
	headerType     = "Ledger-Type"
	headerVersion  = "Ledger-Version"
	headerPrevious = "Ledger-Prev-Seq"
)

// header returns the value of a header that must be there once.
func header(s eventstore.Stored, name string) (value string, ok bool) {
	for _, h := range s.Headers {
		if h[0] == name {
			if ok {
				return "", false
			}
			value, ok = h[1], true
		}
	}
	return value, ok
}

// IndexRoot is the root of a member index, as it is recorded in the log.
type IndexRoot struct {
	// Size is how many records the index covers.
	Size uint64
	// Members is how many members it has.
	Members uint64
	Root    Hash
}

// ErrIndexRoot means that a record or a text is no index root.
var ErrIndexRoot = errors.New("not an index root")

const maxIndexRootBytes = 256

// Marshal returns the data of the record.
func (r IndexRoot) Marshal() []byte {
	b := strconv.AppendUint([]byte(`{"v":1,"size":`), r.Size, 10)
	b = strconv.AppendUint(append(b, `,"members":`...), r.Members, 10)
	return append(appendHash(append(b, `,"root":`...), r.Root), '}')
}

// ParseIndexRoot reads what Marshal writes, and nothing else.
func ParseIndexRoot(b []byte) (IndexRoot, error) {
	if len(b) > maxIndexRootBytes {
		return IndexRoot{}, fmt.Errorf("%w: it is too large", ErrIndexRoot)
	}
	var root IndexRoot
	var format uint64
	r := newJSONReader(b)
	r.object(func(name string) bool {
		switch name {
		case "v":
			format = r.number()
		case "size":
			root.Size = r.size()
		case "members":
			root.Members = r.size()
		case "root":
			root.Root = r.hash()
		default:
			return false
		}
		return true
	}, "v", "size", "members", "root")
	r.end()
	switch {
	case r.err != nil:
		return IndexRoot{}, fmt.Errorf("%w: %w", ErrIndexRoot, r.err)
	case format != 1:
		return IndexRoot{}, fmt.Errorf("%w: its form is %d and must be 1", ErrIndexRoot, format)
	case !bytes.Equal(root.Marshal(), b):
		return IndexRoot{}, fmt.Errorf("%w: it is not written in its one form", ErrIndexRoot)
	}
	return root, nil
}

// IndexRootOf returns the index root that a record holds, if it says that it
// does, by its stream or by its type. If it holds none all the same, or one that
// cannot stand there, that is an [ErrIndexRoot].
func IndexRootOf(s eventstore.Stored) (root IndexRoot, is bool, err error) {
	_, kind, id, ok := cutSubject(s.Subject)
	stream := ok && kind+"/"+id == IndexRootStream
	typ, _ := header(s, headerType)
	switch {
	case !stream && typ != IndexRootType:
		return root, false, nil
	case !stream || typ != IndexRootType:
		return root, true, fmt.Errorf("%w: its stream or its type is another", ErrIndexRoot)
	}
	if root, err = ParseIndexRoot(s.Data); err != nil {
		return root, true, err
	}
	before := uint64(s.Position) - 1
	switch {
	case s.Position < 1 || root.Size > before:
		err = fmt.Errorf("%w: it covers %d records and stands at position %d", ErrIndexRoot, root.Size, s.Position)
	case before-root.Size > IndexWindow:
		err = fmt.Errorf("%w: it stands at position %d and covers %d records, which is more than %d behind", ErrIndexRoot, s.Position, root.Size, IndexWindow)
	case root.Members > root.Size:
		err = fmt.Errorf("%w: it has %d members in %d records", ErrIndexRoot, root.Members, root.Size)
	}
	return root, true, err
}

// IndexRoots recomputes every index root of a log. It is what makes the index
// true: a bundle believes it, and only who reads every record can know better.
type IndexRoots struct {
	index   Index
	checked int
	newest  eventstore.Stored // set by Read alone
}

// Index returns the index as of the records that were added.
func (r *IndexRoots) Index() *Index { return &r.index }

// Checked returns how many index roots were right.
func (r *IndexRoots) Checked() int { return r.checked }

// Add adds the next record of the log, with its leaf hash. If it is an index
// root that is not the one of the records before it, that is a [*MismatchError]
// with [IndexRootMismatch]; the next record may be added then. A record that is
// not the next one is an [*eventstore.GapError].
func (r *IndexRoots) Add(s eventstore.Stored, leaf Hash) error {
	var wrong error
	if uint64(s.Position) == r.index.records+1 {
		wrong = r.compare(s) // with what was before it
	}
	if err := r.index.Add(s, leaf); err != nil {
		return err
	}
	return wrong
}

func (r *IndexRoots) compare(s eventstore.Stored) error {
	claimed, is, err := IndexRootOf(s)
	if !is {
		return nil
	}
	var tree *IndexTree
	if err == nil {
		tree, err = r.index.At(claimed.Size)
	}
	if err != nil {
		return &MismatchError{IndexRootMismatch, s.Position, 0, err.Error()}
	}
	if have := tree.IndexRoot(); have != claimed {
		return &MismatchError{IndexRootMismatch, s.Position, 0, fmt.Sprintf(
			"the index over %d records has %d members and the root %s, and is recorded with %d and %s",
			have.Size, have.Members, have.Root.short(), claimed.Members, claimed.Root.short())}
	}
	r.checked++
	return nil
}

// Read adds the records of a log up to a position. It goes on where it ended, and
// returns the first index root that is wrong, after which it can go on too.
func (r *IndexRoots) Read(ctx context.Context, log Log, to eventstore.Position) error {
	from := eventstore.Position(r.index.records)
	if to <= from {
		return nil
	}
	var wrong error
	err := hashed(ctx, log.ReplayStored(ctx, from, to), func(records []eventstore.Stored, leaves []Hash) error {
		for i, s := range records {
			err := r.Add(s, leaves[i])
			if _, ok := errors.AsType[*MismatchError](err); ok && wrong == nil {
				wrong = err
			} else if err != nil && !ok {
				return err
			}
			if _, is, err := IndexRootOf(s); is && err == nil {
				r.newest = s
			}
		}
		return nil
	})
	return errors.Join(err, wrong)
}

// Newest returns the newest record of an index root that was read; its position is
// 0 if there was none.
func (r *IndexRoots) Newest() eventstore.Stored { return r.newest }
