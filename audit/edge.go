package audit

import "crypto/sha256"

// tileWidth is how many hashes a full tile has: tiles are 8 levels high.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
)

// edge is the right edge of a tree: for each level of tiles the hashes of the
// last one, which is not full. It is all that is needed to add a leaf, and to
// know the root.
type edge [][]Hash

// add adds a leaf. It calls full with each tile that this fills: its level, and
// its hashes, which are reused.
func (e *edge) add(leaf Hash, full func(level int, tile []Hash)) {
	for level := 0; ; level++ {
		if level == len(*e) {
			*e = append(*e, make([]Hash, 0, tileWidth))
		}
		tile := append((*e)[level], leaf)
		(*e)[level] = tile
		if len(tile) < tileWidth {
			return
		}
		full(level, tile)
		leaf = perfect(tile)
		(*e)[level] = tile[:0]
	}
}

// perfect returns the root over a number of hashes that is a power of two.
func perfect(hashes []Hash) Hash {
	var buffer [tileWidth / 2]Hash
	row := hashes
	for len(row) > 1 {
		half := buffer[:len(row)/2]
		for i := range half {
			half[i] = node(row[2*i], row[2*i+1])
		}
		row = half
	}
	return row[0]
}

// emptyRoot is the root of a tree without leaves.
var emptyRoot = Hash(sha256.Sum256(nil))

// root returns the root of the tree, as RFC 6962 section 2.1 has it.
func (e edge) root() Hash {
	var right *Hash // of all that lies to the right
	join := func(left Hash) {
		if right != nil {
			left = node(left, *right)
		}
		right = &left
	}
	// From the right, that is from the leaves up: perfect subtrees, each larger
	// than the one before.
	for _, tile := range e {
		for size := 1; len(tile) > 0; size *= 2 {
			if len(tile)&size == 0 {
				continue
			}
			join(perfect(tile[len(tile)-size:]))
			tile = tile[:len(tile)-size]
		}
	}
	if right == nil {
		return emptyRoot
	}
	return *right
}
