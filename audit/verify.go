package audit

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"rollbook/eventstore"
)

// The codes of a full verification alone.
const (
	// RootMismatch means that the records do not make the root of a checkpoint.
	RootMismatch Code = "ROOT_MISMATCH"
	// MemberChain means that a record does not go on from the one before it in its
	// history.
	MemberChain Code = "MEMBER_CHAIN"
	// DuplicateID means that two records have the same id.
	DuplicateID Code = "DUPLICATE_EVENT_ID"
	// TimeRegression means that a record was stored before the one that precedes
	// it, by the clock: a clock was set back. It proves nothing wrong.
	TimeRegression Code = "TIME_REGRESSION"
	// NotYetReadable means that a copy ends before the checkpoint: what is there
	// is good, and the rest has yet to come.
	NotYetReadable Code = "NOT_YET_READABLE"
	// ClaimChain means that whose a number is was recorded out of turn.
	ClaimChain Code = "CLAIM_CHAIN"
)

// Nature is what kind of wrong a code is.
type Nature string

// The natures.
const (
	Damaged   Nature = "damaged"          // cannot be read, or is not what its own checksum says
	Altered   Nature = "altered"          // can be read, and is not what it was
	Cut       Nature = "cut"              // something is missing at an end
	NotYet    Nature = "not yet readable" // has yet to come
	Lacking   Nature = "evidence missing"
	Remarking Nature = "remark" // proves nothing wrong
)

// Nature returns what kind of wrong a code is.
func (c Code) Nature() Nature {
	switch c {
	case SeqGap, TileCorrupt:
		return Damaged
	case TailMissing, HeadMissing:
		return Cut
	case NotYetReadable:
		return NotYet
	case WitnessQuorum, CheckpointStale:
		return Lacking
	case TimeRegression:
		return Remarking
	default:
		return Altered
	}
}

// Problem is something that a verification found.
type Problem struct {
	Code   Code   `json:"code"`
	Nature Nature `json:"nature"`
	// Sequence is the first position that is wrong, 0 if it is not about one.
	Sequence eventstore.Position `json:"sequence,omitempty"`
	// Size is that of the checkpoint that it is about, 0 if it is about none.
	Size   uint64 `json:"size,omitempty"`
	Detail string `json:"detail"`
	Path   string `json:"path,omitempty"`
}

// Verification says what a log is held against.
type Verification struct {
	// Log is the log, a mirror of it, or an archive.
	Log Log
	// Copy says that it may end before the checkpoint: a copy that has yet to
	// catch up.
	Copy bool
	// Created is when the log was made, by the tree that knew it; zero if unknown.
	// A copy was made at another time.
	Created time.Time
	// Tiles are those of the log's tree, nil if there are none at hand.
	Tiles *Tiles
	// Checkpoints are those that are held, each verified by its signatures.
	Checkpoints []Checkpoint
	// From is a trusted checkpoint: records that it covers are not read again.
	From *Checkpoint
	// Progress is called now and then with the position reached. May be nil.
	Progress func(at eventstore.Position)
}

// Verified is what a verification came to.
type Verified struct {
	// Size and Root are what the records come to.
	Size uint64 `json:"size"`
	Root string `json:"root"`
	// Records is how many were read and hashed.
	Records uint64 `json:"records"`
	// Checkpoints is how many roots were compared.
	Checkpoints int `json:"checkpoints"`
	// IndexRoots is how many roots of the member index were recomputed.
	IndexRoots int `json:"index_roots"`
	// Problems are what was found, in the order in which it was seen: the first ten
	// of each code.
	Problems []Problem `json:"problems"`
	// Omitted counts the others.
	Omitted int `json:"problems_omitted,omitempty"`
}

// mostOfCode bounds the list, so that another log does not fill the memory, and
// one kind of problem does not hide the others.
const mostOfCode = 10

// Good reports whether nothing was found but remarks.
func (v *Verified) Good() bool { return !slices.ContainsFunc(v.Problems, wrong) }

func wrong(p Problem) bool { return p.Nature != Remarking }

// First returns the first problem that is more than a remark, nil if there is
// none.
func (v *Verified) First() *Problem {
	if i := slices.IndexFunc(v.Problems, wrong); i >= 0 {
		return &v.Problems[i]
	}
	return nil
}

func (v *Verified) add(code Code, at eventstore.Position, size uint64, format string, args ...any) {
	v.put(Problem{Code: code, Sequence: at, Size: size, Detail: fmt.Sprintf(format, args...)})
}

func (v *Verified) put(p Problem) {
	p.Nature = p.Code.Nature()
	same := 0
	for _, q := range v.Problems {
		if q.Code == p.Code {
			same++
		}
	}
	if same >= mostOfCode {
		v.Omitted++
		return
	}
	v.Problems = append(v.Problems, p)
}

// Verify reads every record and recomputes everything that the log is held
// against. What is wrong is in the answer; an error means that it could not be
// seen. Memory grows by some 100 bytes a record, for the ids.
func (v Verification) Verify(ctx context.Context) (Verified, error) {
	w := verifying{Verification: v, heads: map[string]head{}, ids: map[[16]byte]struct{}{}}
	w.out.Problems = []Problem{}
	slices.SortStableFunc(w.Checkpoints, func(a, b Checkpoint) int { return int(int64(a.Size) - int64(b.Size)) })
	err := w.run(ctx)
	w.out.Size, w.out.Root = w.size, w.edge.root().String()
	if w.index != nil {
		w.out.IndexRoots = w.index.Checked()
	}
	return w.out, err
}

// verifying is a verification at work.
type verifying struct {
	Verification
	out  Verified
	edge edge
	size uint64
	held int // the next checkpoint to compare
	tile []Hash

	// What is found beside the leaves, until it is put to the rest.
	ruled, indexed Verified

	heads map[string]head // by subject
	index *IndexRoots     // nil if not all records are read
	ids   map[[16]byte]struct{}
	last  time.Time
}

type head struct {
	at      eventstore.Position
	version uint64
	claimed bool
}

func (w *verifying) run(ctx context.Context) error {
	shape, err := w.Log.Shape(ctx)
	if err != nil {
		return err
	}
	if !w.Copy && !w.Created.IsZero() && !shape.Created.Equal(w.Created) {
		w.out.add(StreamReplaced, 1, 0, "the log was made on %s, and the one that was known on %s", shape.Created.Format(timeForm), w.Created.Format(timeForm))
	}
	if shape.Last > 0 && shape.First > 1 {
		w.out.add(HeadMissing, 1, 0, "the log begins at %d", shape.First)
		return nil
	}
	w.compareTiles()
	if err := w.begin(); err != nil {
		return err
	}
	if err := w.read(ctx, shape); err != nil {
		return err
	}
	w.compareEnd()
	return nil
}

// compareTiles authenticates the tiles and compares every checkpoint with them.
func (w *verifying) compareTiles() {
	if w.Tiles == nil {
		return
	}
	broken := func(err error) bool {
		e, ok := errors.AsType[*EvidenceError](err)
		if ok {
			w.out.put(Problem{Code: e.Code, Size: e.Size, Detail: e.Detail, Path: e.Path})
		} else if err != nil {
			w.out.put(Problem{Code: TileCorrupt, Size: w.Tiles.Checkpoint().Size, Detail: err.Error()})
		}
		return err != nil
	}
	if broken(w.Tiles.Check()) {
		w.Tiles = nil // the records are compared with roots alone
		return
	}
	at := w.Tiles.Checkpoint()
	for _, c := range w.Checkpoints {
		if c.Size > at.Size {
			// The log may have it all the same: the records will tell.
			continue
		}
		have, err := w.Tiles.At(c.Size)
		if broken(err) {
			continue
		}
		if have.Root != c.Root {
			w.out.add(CheckpointInconsistent, 0, c.Size, "the tree has the root %s at %d, and %s was signed", have.Root.short(), c.Size, c.Root.short())
		}
	}
}

// begin takes over what a trusted checkpoint covers, by its tiles.
func (w *verifying) begin() error {
	if w.From == nil || w.From.Size == 0 {
		return nil
	}
	if w.Tiles == nil {
		return errors.New("to go on from a checkpoint, the tiles of the tree are needed, and they are missing or damaged")
	}
	have, err := w.Tiles.At(w.From.Size)
	if err != nil {
		return err
	}
	if have.Root != w.From.Root {
		w.out.add(CheckpointInconsistent, 0, w.From.Size, "the tree has another root at %d than the checkpoint that is trusted", w.From.Size)
		w.From = nil
		return nil
	}
	at := OpenTiles(w.Tiles.dir, have)
	if w.edge, err = at.checkedEdge(); err != nil {
		return err
	}
	for i, tile := range w.edge {
		w.edge[i] = append(make([]Hash, 0, tileWidth), tile...)
	}
	w.size = w.From.Size
	w.held, _ = slices.BinarySearchFunc(w.Checkpoints, w.size+1, func(c Checkpoint, size uint64) int { return int(int64(c.Size) - int64(size)) })
	return nil
}

func (w *verifying) read(ctx context.Context, shape eventstore.Shape) error {
	if uint64(shape.Last) <= w.size {
		return nil
	}
	from := w.size
	w.compareRoot()
	if from == 0 {
		w.index = &IndexRoots{}
	}
	err := hashed(ctx, w.Log.ReplayStored(ctx, eventstore.Position(from), shape.Last), func(records []eventstore.Stored, leaves []Hash) error {
		next := w.size + 1
		if gap := slices.IndexFunc(records, func(s eventstore.Stored) bool { next++; return uint64(s.Position) != next-1 }); gap >= 0 {
			return &eventstore.GapError{Want: eventstore.Position(w.size) + 1 + eventstore.Position(gap), Got: records[gap].Position}
		}
		// The three look at the same records and share nothing else.
		var beside sync.WaitGroup
		beside.Go(func() {
			for _, s := range records {
				w.rules(s, from)
			}
		})
		var indexErr error
		beside.Go(func() { indexErr = w.compareIndex(records, leaves) })
		for _, leaf := range leaves {
			w.compareLeaf(leaf)
			w.edge.add(leaf, func(int, []Hash) {})
			w.size++
			w.compareRoot()
		}
		beside.Wait()
		for _, found := range []*Verified{&w.ruled, &w.indexed} {
			for _, p := range found.Problems {
				w.out.put(p)
			}
			w.out.Omitted += found.Omitted
			*found = Verified{}
		}
		if indexErr != nil {
			return indexErr
		}
		if w.Progress != nil {
			w.Progress(eventstore.Position(w.size))
		}
		return nil
	})
	w.out.Records = w.size - from
	if gap, ok := errors.AsType[*eventstore.GapError](err); ok {
		w.out.add(SeqGap, gap.Want, 0, "the record is missing or cannot be read")
		w.held = len(w.Checkpoints) // nothing can be said of later roots
		return nil
	}
	if header, ok := errors.AsType[*eventstore.ForbiddenHeaderError](err); ok {
		w.out.add(ForbiddenHeader, header.Position, 0, "it has the header %q", header.Name)
		w.held = len(w.Checkpoints)
		return nil
	}
	return err
}

// compareIndex recomputes the member index where the log has its root.
func (w *verifying) compareIndex(records []eventstore.Stored, leaves []Hash) error {
	if w.index == nil {
		return nil
	}
	for i, s := range records {
		err := w.index.Add(s, leaves[i])
		if m, ok := errors.AsType[*MismatchError](err); ok {
			w.indexed.add(m.Code, m.First, 0, "%s", m.Detail)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// compareLeaf compares the next leaf with the one in the tree.
func (w *verifying) compareLeaf(leaf Hash) {
	if w.Tiles == nil || w.size >= w.Tiles.at.Size {
		return
	}
	if w.tile == nil || w.size%tileWidth == 0 {
		n := w.size / tileWidth
		tile, err := w.Tiles.read(0, n, int(min(tileWidth, w.Tiles.at.Size-n*tileWidth)))
		if err != nil {
			w.out.put(Problem{Code: TileCorrupt, Size: w.Tiles.at.Size, Detail: err.Error(), Path: tilePath(0, n, tileWidth)})
			w.Tiles = nil
			return
		}
		w.tile = tile
	}
	if want := w.tile[w.size%tileWidth]; leaf != want {
		w.out.add(LeafMismatch, eventstore.Position(w.size+1), w.Tiles.at.Size, "its leaf is %s and was %s", leaf.short(), want.short())
	}
}

// compareRoot compares the root with that of each checkpoint of this size.
func (w *verifying) compareRoot() {
	for ; w.held < len(w.Checkpoints) && w.Checkpoints[w.held].Size == w.size; w.held++ {
		w.out.Checkpoints++
		if root := w.edge.root(); root != w.Checkpoints[w.held].Root {
			w.out.add(RootMismatch, 0, w.size, "the records up to %d make the root %s, and %s was signed", w.size, root.short(), w.Checkpoints[w.held].Root.short())
		}
	}
}

// compareEnd looks at what the tree and the checkpoints know beyond the last
// record.
func (w *verifying) compareEnd() {
	if slices.ContainsFunc(w.out.Problems, func(p Problem) bool { return p.Code == SeqGap || p.Code == ForbiddenHeader }) {
		return
	}
	known := uint64(0)
	if w.Tiles != nil {
		known = w.Tiles.at.Size
	}
	if w.held < len(w.Checkpoints) {
		known = max(known, w.Checkpoints[len(w.Checkpoints)-1].Size)
	}
	switch {
	case known <= w.size:
	case w.Copy:
		w.out.add(NotYetReadable, eventstore.Position(w.size+1), known, "the copy ends at %d, and %d records are vouched for", w.size, known)
	default:
		w.out.add(TailMissing, eventstore.Position(w.size+1), known, "the log ends at %d, and %d records are vouched for", w.size, known)
	}
}

// rules checks what a record says of the ones before it. Of those before a
// trusted checkpoint nothing is known.
func (w *verifying) rules(s eventstore.Stored, from uint64) {
	if s.Time.Before(w.last) {
		w.ruled.add(TimeRegression, s.Position, 0, "it was stored %s before the one that precedes it, by the clock", w.last.Sub(s.Time))
	}
	w.last = s.Time
	id, _ := header(s, headerID)
	typ, _ := header(s, headerType)
	n, previous, ok := chain(s)
	p := uint64(previous)
	sum := sha256.Sum256([]byte(id))
	key := [16]byte(sum[:16])
	if _, twice := w.ids[key]; twice {
		w.ruled.add(DuplicateID, s.Position, 0, "another record before it has the same id")
	}
	w.ids[key] = struct{}{}
	before, known := w.heads[s.Subject]
	switch {
	case !ok:
		w.ruled.add(MemberChain, s.Position, 0, "it does not say which of its history it is")
	case !known && from > 0 && p <= from:
		// The one before it is covered by the trusted checkpoint.
	case n != before.version+1 || p != uint64(before.at):
		w.ruled.add(MemberChain, s.Position, 0, "it says that it is number %d of its history, after position %d, and is number %d, after position %d", n, p, before.version+1, before.at)
	}
	claimed := typ == "ledger.number_claimed"
	if typ == "ledger.number_released" && known && !before.claimed {
		w.ruled.add(ClaimChain, s.Position, 0, "a number is given up that is nobody's")
	}
	w.heads[s.Subject] = head{s.Position, n, claimed}
}
