package sheets

// table is the rows of a sheet, from the first to the last. Rows in which
// nothing stands are left out.
type table interface {
	// next returns the next row, or io.EOF. The row is the caller's to keep. Any
	// other error is a *[FileError].
	next() (row, error)
}

// row is a row of a sheet as it was found.
type row struct {
	number int // from 1, as the sheet counts
	hidden bool
	cells  []cell
}

func (r row) cell(i int) cell {
	if i < 0 || i >= len(r.cells) {
		return cell{}
	}
	return r.cells[i]
}

// content is what a cell holds.
type content uint8

const (
	blank  content = iota
	words          // a text
	number         // a number, in decimal
	serial         // a number that is shown as a day
	truth          // true or false
	fault          // an error, such as #N/A
)

// cell is a cell as it was found, in Unicode NFC and without space around it.
type cell struct {
	text    string
	content content
	formula bool // text is what the formula last came to; blank if it was not kept
	old     bool // text was in an old Vietnamese encoding
}
