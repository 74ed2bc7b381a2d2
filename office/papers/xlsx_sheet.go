package papers

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// sheet is a sheet that is being written, row by row.
type sheet struct {
	book    *book
	out     *excelize.StreamWriter
	columns []int // those of the table that are printed
	shift   int   // 1 when a column with running numbers comes first
	at      int   // rows written
	err     error
}

func (s *sheet) row(cells []any) {
	s.at++
	if s.err != nil || len(cells) == 0 {
		return
	}
	cell, err := excelize.CoordinatesToCellName(1, s.at)
	if err == nil {
		err = s.out.SetRow(cell, cells)
	}
	s.err = err
}

func (s *sheet) merge(left, top, right, bottom int) {
	if s.err != nil || left == right && top == bottom {
		return
	}
	from, err := excelize.CoordinatesToCellName(left, top)
	if err == nil {
		var to string
		if to, err = excelize.CoordinatesToCellName(right, bottom); err == nil {
			err = s.out.MergeCell(from, to)
		}
	}
	s.err = err
}

// preamble is what stands above the first table, with an empty row at its end.
func (s *sheet) preamble(first Table) (rows [][]any) {
	p := s.book.paper
	add := func(style int, text string) {
		if text != "" {
			rows = append(rows, []any{excelize.Cell{StyleID: style, Value: text}})
		}
	}
	add(s.book.bold, p.Letterhead.Superior)
	add(s.book.bold, p.Letterhead.Organisation)
	add(s.book.title, p.Title)
	add(0, p.about())
	add(0, p.known())
	add(0, p.root())
	for _, r := range p.Standing.Remarks {
		add(s.book.bold, "!!! "+strings.ReplaceAll(r, "\n", " "))
	}
	for _, l := range first.Lead {
		add(0, l)
	}
	return append(rows, nil)
}

func (s *sheet) lines(texts []string) {
	for _, t := range texts {
		if t == "" {
			s.row(nil)
			continue
		}
		s.row([]any{excelize.Cell{StyleID: s.book.bold, Value: t}})
	}
}

// head writes the names of the columns, and above them those of their groups.
func (s *sheet) head(t Table) {
	if len(s.columns) == 0 {
		return
	}
	cell := func(text string) any { return excelize.Cell{StyleID: s.book.head, Value: text} }
	var groups, names []any
	if s.shift > 0 {
		groups, names = append(groups, cell(textNo.In(s.book.paper.Lang))), append(names, cell(textNo.In(s.book.paper.Lang)))
	}
	for _, i := range s.columns {
		c := t.Columns[i]
		over := c.Group
		if over == "" {
			over = c.head()
		}
		groups, names = append(groups, cell(over)), append(names, cell(c.head()))
	}
	if t.grouped() {
		s.row(groups)
		top := s.at
		if s.shift > 0 {
			s.merge(1, top, 1, top+1)
		}
		for from := 0; from < len(s.columns); {
			to := from + 1
			group := t.Columns[s.columns[from]].Group
			for group != "" && to < len(s.columns) && t.Columns[s.columns[to]].Group == group {
				to++
			}
			if group == "" {
				s.merge(from+1+s.shift, top, from+1+s.shift, top+1)
			} else {
				s.merge(from+1+s.shift, top, to+s.shift, top)
			}
			from = to
		}
	}
	s.row(names)
}

func (s *sheet) table(t Table) {
	for n, r := range t.Rows {
		var cells []any
		if s.shift > 0 {
			cells = append(cells, excelize.Cell{StyleID: s.book.right, Value: n + 1})
		}
		for _, i := range s.columns {
			cells = append(cells, s.cell(r[i], t.Columns[i], false))
		}
		s.row(cells)
	}
	if t.Total == nil {
		return
	}
	var cells []any
	if s.shift > 0 {
		cells = append(cells, excelize.Cell{StyleID: s.book.totalText, Value: ""})
	}
	for _, i := range s.columns {
		cells = append(cells, s.cell(t.Total[i], t.Columns[i], true))
	}
	s.row(cells)
}

func (s *sheet) cell(c Cell, of Column, total bool) any {
	b := s.book
	pick := func(plain, bold int) int {
		if total {
			return bold
		}
		return plain
	}
	switch c.kind {
	case number:
		return excelize.Cell{StyleID: pick(b.whole, b.total), Value: c.n}
	case change:
		return excelize.Cell{StyleID: pick(b.signed, b.total), Value: c.n}
	case share:
		if c.of != 0 {
			return excelize.Cell{StyleID: pick(b.share, b.totalShare), Value: float64(c.n) / float64(c.of)}
		}
	case day:
		if c.day != 0 {
			return excelize.Cell{StyleID: b.date, Value: moment(c.day)}
		}
	case text, ratio:
	}
	style := b.plain
	if of.Right {
		style = b.right
	}
	return excelize.Cell{StyleID: pick(style, b.totalText), Value: c.In(b.paper)}
}

// widths returns how wide columns are, in characters: as their longest text, in
// bounds.
func (s *sheet) widths(tables []Table) (widths []float64) {
	const least, most = 8, 48
	if s.shift > 0 {
		widths = append(widths, 6)
	}
	longest := func(t string) int {
		n := 0
		for line := range strings.SplitSeq(t, "\n") {
			n = max(n, utf8.RuneCountInString(line))
		}
		return n
	}
	for _, i := range s.columns {
		wide := least
		for _, t := range tables {
			if len(t.Columns) == 0 {
				continue
			}
			for word := range strings.FieldsSeq(t.Columns[i].head()) {
				wide = max(wide, utf8.RuneCountInString(word)+1)
			}
			for _, r := range slices.Concat(t.Rows, [][]Cell{t.Total}) {
				if r != nil {
					wide = max(wide, longest(r[i].In(s.book.paper))+2)
				}
			}
		}
		widths = append(widths, float64(min(wide, most)))
	}
	return widths
}

// signatures writes the blocks to be signed, side by side.
func (s *sheet) signatures() {
	blocks := s.book.paper.Letterhead.Signatures
	if len(blocks) == 0 {
		return
	}
	s.row(nil)
	wide := max(len(s.columns)+s.shift, len(blocks))
	deep := 0
	for _, b := range blocks {
		deep = max(deep, len(b.Lines))
	}
	line := func(text func(Signature) string) {
		cells := make([]any, wide)
		for i, b := range blocks {
			cells[i*wide/len(blocks)] = excelize.Cell{StyleID: s.book.bold, Value: text(b)}
		}
		s.row(cells)
	}
	for n := range deep {
		line(func(b Signature) string {
			if n < len(b.Lines) {
				return b.Lines[n]
			}
			return ""
		})
	}
	for range 4 {
		s.row(nil)
	}
	line(func(b Signature) string { return b.Name })
}
