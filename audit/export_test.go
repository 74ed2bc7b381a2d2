package audit

// SetOp calls op before each operation on a file of the tree.
func (t *Tree) SetOp(op func(what string) error) { t.files.op = op }

// TilePath is the path of a tile.
var TilePath = tilePath

// SetOp calls op before each operation on the memory's file.
func (s *Signer) SetOp(op func(what string) error) { s.memory.files.op = op }

// SetOp calls op before each operation on the file.
func (h *History) SetOp(op func(what string) error) { h.op = op }

// Hashed is what hashes records side by side.
var Hashed = hashed
