package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"rollbook/eventstore"
)

// Tiles are the tiles of a tree on the disk, read for one checkpoint of it. What
// they answer is proven by its root: a tile that is damaged is an
// [*EvidenceError] with [TileCorrupt] that names the file. They may be those of
// a tree that has grown since, and that is growing now; so they can be read
// beside the process that writes them. Methods may be called at the same time.
type Tiles struct {
	dir string
	at  Checkpoint
}

// OpenTiles returns the tiles in a tree's directory for a checkpoint.
func OpenTiles(dir string, at Checkpoint) *Tiles { return &Tiles{dir, at} }

// Tiles returns the tiles of the tree for what it comes to now.
func (t *Tree) Tiles() *Tiles { return OpenTiles(t.dir, t.Checkpoint()) }

// ReadTiles returns the tiles in a tree's directory for its newest checkpoint, and
// when the log was made that they are of. It returns fs.ErrNotExist if there is
// no tree, and [ErrTree] if its files do not say.
func ReadTiles(dir string) (tiles *Tiles, created time.Time, err error) {
	b, err := readFile(filepath.Join(dir, checkpointFile), maxCheckpointBytes)
	if err != nil {
		return nil, created, err
	}
	at, err := ParseCheckpoint(string(b))
	if err != nil {
		return nil, created, fmt.Errorf("%w: %w", ErrTree, err)
	}
	if at.Size > 0 {
		if created, err = readCreated(dir); err != nil {
			return nil, created, fmt.Errorf("%w: %w", ErrTree, err)
		}
	}
	return OpenTiles(dir, at), created, nil
}

// Checkpoint returns the checkpoint that the tiles are read for.
func (t *Tiles) Checkpoint() Checkpoint { return t.at }

// At returns what the tree came to when it had so many records.
func (t *Tiles) At(size uint64) (Checkpoint, error) {
	c := Checkpoint{t.at.Origin, size, emptyRoot}
	switch {
	case !t.covers(size):
		return c, fmt.Errorf("the tree has %d records and not %d", t.at.Size, size)
	case size == t.at.Size:
		return t.at, nil
	case size == 0:
		return c, nil
	}
	root, err := tlog.TreeHash(int64(size), t.reader())
	if err != nil {
		return c, t.blame(err)
	}
	c.Root = Hash(root)
	return c, nil
}

// Inclusion proves that the leaf with an index is in the tree of so many
// records. See [CheckInclusion].
func (t *Tiles) Inclusion(index, size uint64) ([]Hash, error) {
	if !t.covers(size) || index >= size {
		return nil, fmt.Errorf("a tree of %d records proves nothing of leaf %d of %d", t.at.Size, index, size)
	}
	proof, err := tlog.ProveRecord(int64(size), int64(index), t.reader())
	if err != nil {
		return nil, t.blame(err)
	}
	return ourHashes(proof), nil
}

// Consistency proves that the tree of so many records begins with the older one.
// See [CheckConsistency].
func (t *Tiles) Consistency(older, size uint64) ([]Hash, error) {
	if !t.covers(size) || older > size {
		return nil, fmt.Errorf("a tree of %d records proves nothing of %d → %d", t.at.Size, older, size)
	}
	if older == 0 || older == size {
		return nil, nil
	}
	proof, err := tlog.ProveTree(int64(size), int64(older), t.reader())
	if err != nil {
		return nil, t.blame(err)
	}
	return ourHashes(proof), nil
}

// Leaf returns the leaf with an index.
func (t *Tiles) Leaf(index uint64) (Hash, error) {
	if !t.covers(t.at.Size) || index >= t.at.Size {
		return Hash{}, fmt.Errorf("a tree of %d records has no leaf %d", t.at.Size, index)
	}
	hashes, err := t.reader().ReadHashes([]int64{tlog.StoredHashIndex(0, int64(index))})
	if err != nil {
		return Hash{}, t.blame(err)
	}
	return Hash(hashes[0]), nil
}

func (t *Tiles) covers(size uint64) bool { return size <= t.at.Size && t.at.Size <= maxSize }

func (t *Tiles) reader() tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: int64(t.at.Size), Hash: tlog.Hash(t.at.Root)}, (*tileReader)(t))
}

// tileReader gives the tiles to tlog, which authenticates them.
type tileReader Tiles

var _ tlog.TileReader = (*tileReader)(nil)

func (r *tileReader) Height() int { return tileHeight }

func (r *tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

func (r *tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		hashes, err := (*Tiles)(r).read(tile.L, uint64(tile.N), tile.W)
		if err != nil {
			return nil, err
		}
		data[i] = bytesOf(hashes)
	}
	return data, nil
}

// read reads a tile. At the right edge of a tree that grows, the file for a
// width makes room for that of a larger one, which begins with the same hashes.
func (t *Tiles) read(level int, n uint64, width int) ([]Hash, error) {
	path := tilePath(level, n, width)
	for range 100 {
		hashes, err := readTile(t.dir, level, n, width)
		if err == nil {
			return hashes, nil
		}
		if !errors.Is(err, fs.ErrNotExist) || width == tileWidth {
			return nil, &EvidenceError{TileCorrupt, t.at.Size, err.Error(), path}
		}
		wider := widths(filepath.Join(t.dir, filepath.Dir(path)))
		i := slices.IndexFunc(wider, func(w int) bool { return w > width })
		if i < 0 {
			if _, err := os.Stat(filepath.Join(t.dir, tilePath(level, n, tileWidth))); err == nil {
				if hashes, err := readTile(t.dir, level, n, tileWidth); err == nil {
					return hashes[:width], nil
				}
			}
			break
		}
		if hashes, err := readTile(t.dir, level, n, wider[i]); err == nil {
			return hashes[:width], nil
		}
	}
	return nil, &EvidenceError{TileCorrupt, t.at.Size, fmt.Sprintf("the tile %s is missing", path), path}
}

// widths returns which partial tiles there are in a directory, narrow ones
// first.
func widths(dir string) []int {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var found []int
	for _, entry := range entries {
		if w, err := strconv.Atoi(entry.Name()); err == nil && 0 < w && w < tileWidth {
			found = append(found, w)
		}
	}
	slices.Sort(found)
	return found
}

// Check reads every tile and compares it with the root. The first one that is
// wrong, from the root down, is an [*EvidenceError] with [TileCorrupt]. So are
// tiles of another tree than the checkpoint's.
func (t *Tiles) Check() error {
	if t.at.Size > maxSize {
		return evidence(TileCorrupt, t.at.Size, "there is no tree of %d records", t.at.Size)
	}
	edge, err := t.checkedEdge()
	if err != nil {
		return err
	}
	for level := len(edge) - 2; level >= 0; level-- {
		var parent []Hash
		for n := range t.at.Size >> (tileHeight * (level + 1)) { // the full tiles of the level
			if n%tileWidth == 0 {
				// It was compared when the level above was looked at, or is of the edge.
				if parent, err = t.parent(edge, level, n); err != nil {
					return err
				}
			}
			if err := t.compareTile(level, n, parent[n%tileWidth]); err != nil {
				return err
			}
		}
	}
	return nil
}

// parent returns the tile above a full tile.
func (t *Tiles) parent(edge [][]Hash, level int, n uint64) ([]Hash, error) {
	above := n / tileWidth
	if above == t.at.Size>>(tileHeight*(level+2)) {
		return edge[level+1], nil
	}
	return t.read(level+1, above, tileWidth)
}

func (t *Tiles) compareTile(level int, n uint64, want Hash) error {
	tile, err := t.read(level, n, tileWidth)
	if err != nil {
		return err
	}
	if perfect(tile) != want {
		return t.corrupt(level, n, tileWidth)
	}
	return nil
}

func (t *Tiles) corrupt(level int, n uint64, width int) error {
	path := tilePath(level, n, width)
	return &EvidenceError{TileCorrupt, t.at.Size, fmt.Sprintf("the tile %s is not what it was", path), path}
}

// checkedEdge reads the right edge and compares it with the root. If it makes
// another one, the tiles below tell which tile of the edge is wrong.
func (t *Tiles) checkedEdge() (edge, error) {
	var e edge
	width := func(level int) int { return int(t.at.Size >> (tileHeight * level) % tileWidth) }
	for level := 0; t.at.Size>>(tileHeight*level) > 0; level++ {
		var tile []Hash
		if w := width(level); w > 0 {
			var err error
			if tile, err = t.read(level, t.at.Size>>(tileHeight*(level+1)), w); err != nil {
				return nil, err
			}
		}
		e = append(e, tile)
	}
	if e.root() == t.at.Root {
		return e, nil
	}
	for level := 1; level < len(e); level++ {
		have := e[level]
		below := make([]Hash, len(have))
		for i := range have {
			tile, err := t.read(level-1, t.at.Size>>(tileHeight*(level+1))*tileWidth+uint64(i), tileWidth)
			if err != nil {
				return nil, err
			}
			below[i] = perfect(tile)
		}
		// If it is this one that is wrong, and not one below, those make the root.
		e[level] = below
		if e.root() == t.at.Root {
			return nil, t.corrupt(level, t.at.Size>>(tileHeight*(level+1)), width(level))
		}
		e[level] = have
	}
	// Nothing but the root stands for the newest leaves.
	err := evidence(TileCorrupt, t.at.Size, "the tiles make another root than the checkpoint at %d", t.at.Size)
	if w := width(0); w > 0 {
		err.Path = tilePath(0, t.at.Size/tileWidth, w)
		err.Detail += ": " + err.Path + " is not what it was, or the checkpoint is another tree's"
	}
	return nil, err
}

// blame finds the tile for which tlog refused to answer, which it does not name.
func (t *Tiles) blame(err error) error {
	if _, ok := errors.AsType[*EvidenceError](err); ok {
		return err
	}
	if found := t.Check(); found != nil {
		return found
	}
	return fmt.Errorf("%w: %w", ErrTree, err)
}

// Compare compares records, which follow each other, with their leaves in the
// tree, which the root proves. The first that is another is a [*MismatchError].
// The checkpoint must have all of them.
func (t *Tiles) Compare(records []eventstore.Stored) error {
	if len(records) == 0 {
		return nil
	}
	first := records[0].Position
	if first < 1 || !t.covers(uint64(first)-1+uint64(len(records))) {
		return fmt.Errorf("a tree of %d records cannot tell what %d records from %d on were", t.at.Size, len(records), first)
	}
	indexes := make([]int64, len(records))
	for i := range records {
		indexes[i] = tlog.StoredHashIndex(0, int64(first)-1+int64(i))
	}
	want, err := t.reader().ReadHashes(indexes)
	if err != nil {
		return t.blame(err)
	}
	var buffer []byte
	for i, s := range records {
		if s.Position != first+eventstore.Position(i) {
			return &eventstore.GapError{Want: first + eventstore.Position(i), Got: s.Position}
		}
		leaf, err := leafOf(s, &buffer)
		if err != nil {
			return err
		}
		if leaf != Hash(want[i]) {
			return &MismatchError{LeafMismatch, s.Position, t.at.Size, fmt.Sprintf("its leaf is %s and was %s", leaf.short(), Hash(want[i]).short())}
		}
	}
	return nil
}
