package sheets

import (
	"errors"
	"fmt"
	"io"
)

// Cell is a cell as tests see it.
type Cell struct {
	Text        string
	Number, Day bool
	Hidden      bool // the row
}

// Clean is what is done to the text of every cell.
func Clean(s string) string { return clean(s) }

// Cells returns what the reader of workbooks finds in each sheet, by references such
// as "sheet!1,2" of row and column, from 1. Cells with nothing in them are left out.
func Cells(file []byte) (map[string]Cell, error) {
	w, err := openWorkbook(file, Limits{}.orDefault())
	if err != nil {
		return nil, err
	}
	found := map[string]Cell{}
	for _, s := range w.sheets {
		t, err := w.open(s)
		if err != nil {
			return nil, err
		}
		for {
			r, err := t.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, err
			}
			for i, c := range r.cells {
				if c.content == blank {
					continue
				}
				found[fmt.Sprintf("%s!%d,%d", s.name, r.number, i+1)] = Cell{
					Text: c.text, Number: c.content == number || c.content == serial, Day: c.content == serial, Hidden: r.hidden,
				}
			}
		}
	}
	return found, nil
}
