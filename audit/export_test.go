package audit

// SetOp calls op before each operation on a file of the tree.
func (t *Tree) SetOp(op func(what string) error) { t.files.op = op }

// TilePath is the path of a tile.
var TilePath = tilePath
