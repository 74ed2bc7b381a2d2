package sheets

import (
	"encoding/xml"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"rollbook/domain"
)

// worksheet is the rows of a sheet of a workbook.
type worksheet struct {
	book *workbook
	*part
	last   int   // number of the row before
	rows   int   // that were read
	hidden []int // columns that are hidden, from 0
}

func (w *workbook) open(s sheetPart) (*worksheet, error) {
	p, err := w.archive.open(s.part)
	if err != nil {
		return nil, err
	}
	return &worksheet{book: w, part: p}, nil
}

func (s *worksheet) next() (row, error) {
	for {
		t, err := s.token()
		if err != nil {
			return row{}, err
		}
		start, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		attr := attributes(start)
		switch start.Name.Local {
		case "col":
			if hides(attr("hidden")) {
				from, _ := strconv.Atoi(attr("min"))
				to, _ := strconv.Atoi(attr("max"))
				for c := max(from, 1); c <= min(to, s.book.limits.Columns); c++ {
					s.hidden = append(s.hidden, c-1)
				}
			}
		case "row":
			r := row{number: s.last + 1, hidden: hides(attr("hidden"))}
			if n, err := strconv.Atoi(attr("r")); err == nil {
				if n <= s.last || n > 1<<20 {
					return r, damaged(nil)
				}
				r.number = n
			}
			s.last = r.number
			if err := s.cells(&r); err != nil {
				return r, err
			}
			if len(r.cells) == 0 {
				continue
			}
			if s.rows++; s.rows > s.book.limits.Rows {
				return r, tooMuch(domain.Text{EN: "rows in a sheet", VI: "dòng trong một trang"}, int64(s.book.limits.Rows))
			}
			return r, nil
		}
	}
}

func hides(v string) bool { return v == "1" || v == "true" }

// cells reads the cells of a row up to its end.
func (s *worksheet) cells(r *row) error {
	begin, at := s.depth, -1
	for {
		t, err := s.token()
		if err != nil {
			return damaged(err)
		}
		switch t := t.(type) {
		case xml.EndElement:
			if s.depth < begin {
				return nil
			}
		case xml.StartElement:
			if t.Name.Local != "c" {
				break
			}
			attr := attributes(t)
			at++
			if ref := attr("r"); ref != "" {
				if at, err = columnOf(ref); err != nil {
					return err
				}
			}
			c, err := s.cellValue(attr("t"), attr("s"))
			if err != nil {
				return err
			}
			if c.content == blank && !c.formula {
				break
			}
			if at >= s.book.limits.Columns {
				return tooMuch(domain.Text{EN: "columns", VI: "cột"}, int64(s.book.limits.Columns))
			}
			for len(r.cells) <= at {
				r.cells = append(r.cells, cell{})
			}
			r.cells[at] = c
		}
	}
}

// columnOf returns the column of a reference such as AB12, from 0.
func columnOf(ref string) (int, error) {
	n := 0
	for i := 0; i < len(ref) && i < 4; i++ {
		c := ref[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			break
		}
		n = n*26 + int(c-'A') + 1
	}
	if n == 0 || n > 16384 {
		return 0, damaged(nil)
	}
	return n - 1, nil
}

// cellValue reads the cell that has begun, up to its end.
func (s *worksheet) cellValue(form, styleID string) (c cell, err error) {
	begin := s.depth
	var value, own strings.Builder
	in, old := "", false
	for {
		t, err := s.token()
		if err != nil {
			return c, damaged(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch in = t.Name.Local; in {
			case "f":
				c.formula = true
			case "is":
				if old, err = s.text(&own, s.book.limits.Cell); err != nil {
					return c, err
				}
				in = ""
			}
		case xml.CharData:
			if in == "v" {
				if value.Len()+len(t) > 4*s.book.limits.Cell {
					return c, tooMuch(domain.Text{EN: "characters in a cell", VI: "ký tự trong một ô"}, int64(s.book.limits.Cell))
				}
				value.Write(t)
			}
		case xml.EndElement:
			if s.depth >= begin {
				in = ""
				break
			}
			return c, s.settle(&c, form, styleID, value.String(), own.String(), old)
		}
	}
}

// settle says what a cell holds.
func (s *worksheet) settle(c *cell, form, styleID, value, own string, old bool) error {
	var st style
	if i, err := strconv.Atoi(styleID); err == nil && i >= 0 && i < len(s.book.styles) {
		st = s.book.styles[i]
	}
	text := func(t string, decoded bool) {
		c.old = decoded
		if st.font != unicodeText && !decoded {
			if t2, ok := st.font.decode(t); ok {
				t, c.old = t2, true
			}
		}
		if c.text = clean(t); c.text != "" {
			c.content = words
		}
	}
	switch form {
	case "s":
		if value == "" {
			return nil
		}
		i, err := strconv.Atoi(strings.TrimSpace(value))
		t, decoded, ok := s.book.common(i)
		if err != nil || !ok {
			return damaged(err)
		}
		text(t, decoded)
	case "inlineStr":
		text(own, old)
	case "str":
		text(unescape(value), false)
	case "b":
		c.text, c.content = value, truth
	case "e":
		c.text, c.content = value, fault
	case "d":
		c.text, c.content = value, words
	default:
		if value = strings.TrimSpace(value); value == "" {
			break
		}
		c.text, c.content = plainNumber(value), number
		if st.day {
			c.content = serial
			if s.book.from1904 {
				c.text = from1904(c.text)
			}
		}
	}
	if utf8.RuneCountInString(c.text) > s.book.limits.Cell {
		return tooMuch(domain.Text{EN: "characters in a cell", VI: "ký tự trong một ô"}, int64(s.book.limits.Cell))
	}
	return nil
}

// plainNumber writes a number without an exponent as long as every digit counts.
func plainNumber(s string) string {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.Abs(f) >= 1<<53 || !strings.ContainsAny(s, "eE.") {
		return s
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// from1904 turns the number of a day in a workbook that counts from 1904, as those
// of old Macintoshes do, into one that counts from 1900.
func from1904(s string) string {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	return strconv.FormatFloat(f+1462, 'f', -1, 64)
}
