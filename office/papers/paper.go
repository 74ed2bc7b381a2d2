package papers

import (
	"fmt"
	"strconv"
	"strings"

	"rollbook/domain"
)

// Paper is a document of tables.
type Paper struct {
	// Lang is the language of what the writers add, "vi" or "en"; it decides how
	// numbers are written. The other texts are in it already.
	Lang string
	// Letterhead is for forms on paper.
	Letterhead Letterhead
	// Title says what it is about; Scope for whom; Days of which day or days.
	Title, Scope, Days string
	Standing           Standing
	Tables             []Table
	// Data is the same for programs, as CSV has it: names of columns, then rows, in
	// wire names and ISO dates.
	Data [][]string
}

// Letterhead is what stands around a document in the official form. What is empty
// is left out.
type Letterhead struct {
	// Superior is the organisation above the one that makes the paper, and
	// Organisation that one. They stand on the left.
	Superior, Organisation string
	// Nation is the line on the right, underlined.
	Nation string
	// Place and Dated are where and when the paper was made.
	Place string
	Dated domain.Date
	// Signatures stand at the end, side by side.
	Signatures []Signature
}

// Signature is a block to be signed. Lines stand above the room for the
// signature, such as "T/M BAN THƯỜNG VỤ" and "BÍ THƯ"; Name, which may be empty,
// below it.
type Signature struct {
	Lines []string
	Name  string
}

// Standing says from where the figures of a paper were answered.
type Standing struct {
	// AsOf is the last day that counted, to its end.
	AsOf domain.Date
	// KnownAt is the last sequence that counted.
	KnownAt uint64
	// KnownFrom is that of an earlier report that is compared with; nil for none.
	KnownFrom *uint64
	// Position is how far the read models had come.
	Position uint64
	// Root is the root of the log's tree at Position, in base64; "" if unknown.
	Root string
	// Unwitnessed is true when nobody but the owner of the log has signed.
	Unwitnessed bool
	// Complete is false when something is missing in the figures.
	Complete bool
	// Remarks have to be read before the figures are believed. Lines are separated
	// by \n.
	Remarks []string
}

// Table is a table with what is said about it.
type Table struct {
	// Name is a short one, for a sheet of its own. Neighbours with the same columns
	// and name share a sheet.
	Name string
	// Brief, if given, stands for the table on a terminal.
	Brief string
	// Lead stands above it, and Tail below.
	Lead, Tail []string
	// Hint is for who sits at a terminal, below everything.
	Hint string
	// Columns may be empty: then there are only Lead and Tail.
	Columns []Column
	Rows    [][]Cell
	// Total is the last row, nil for none.
	Total []Cell
	// Numbered says that the rows are counted, on paper and in a workbook.
	Numbered bool
}

// Column is a column of a table.
type Column struct {
	Head string // \n breaks it on a terminal
	// Group stands above neighbours that have the same; "" for none.
	Group string
	Right bool // numbers
	// Most is how wide it may be on a terminal, in cells; longer texts wrap. 0: no
	// limit.
	Most int
	// Screen says that it is for a terminal only, such as bars.
	Screen bool
}

// texts of the writers.
var (
	textAsOf        = domain.Text{EN: "As of", VI: "Tính đến hết ngày"}
	textKnown       = domain.Text{EN: "Known at sequence %d of %d.", VI: "Theo những gì đã ghi đến số thứ tự %d trên %d."}
	textKnownTwice  = domain.Text{EN: "Known at sequence %d and at %d, of %d.", VI: "Theo những gì đã ghi đến số thứ tự %d và đến %d, trên %d."}
	textRoot        = domain.Text{EN: "Root of the log at %d: %s", VI: "Gốc của nhật ký tại %d: %s"}
	textUnwitnessed = domain.Text{EN: "unwitnessed", VI: "chưa có bên làm chứng"}
	textIncomplete  = domain.Text{EN: "INCOMPLETE", VI: "CHƯA ĐẦY ĐỦ"}
	textPage        = domain.Text{EN: "Page %s of %s", VI: "Trang %s/%s"}
	textNo          = domain.Text{EN: "No.", VI: "TT"}
	textStanding    = domain.Text{EN: "Standing", VI: "Căn cứ"}
	textReport      = domain.Text{EN: "Report", VI: "Báo cáo"}
	textContinued   = domain.Text{EN: "(continued)", VI: "(tiếp theo)"}
)

// known says what was known.
func (p Paper) known() string {
	s := p.Standing
	if s.KnownFrom != nil {
		return fmt.Sprintf(textKnownTwice.In(p.Lang), *s.KnownFrom, s.KnownAt, s.Position)
	}
	return fmt.Sprintf(textKnown.In(p.Lang), s.KnownAt, s.Position)
}

// root says what the log came to; "" if that is unknown.
func (p Paper) root() string {
	if p.Standing.Root == "" {
		return ""
	}
	text := fmt.Sprintf(textRoot.In(p.Lang), p.Standing.Position, p.Standing.Root)
	if p.Standing.Unwitnessed {
		text += " (" + textUnwitnessed.In(p.Lang) + ")"
	}
	return text
}

// about is whom and which days the paper is about, as sentences.
func (p Paper) about() string {
	var parts []string
	for _, s := range []string{p.Scope, p.Days} {
		if s != "" {
			parts = append(parts, s+".")
		}
	}
	return strings.Join(parts, " ")
}

// asOf names the last day that counted.
func (p Paper) asOf() string { return textAsOf.In(p.Lang) + " " + p.Standing.AsOf.Vietnamese() + "." }

// printed are the columns that are for more than a terminal, by number.
func (t Table) printed() (columns []int) {
	for i, c := range t.Columns {
		if !c.Screen {
			columns = append(columns, i)
		}
	}
	return columns
}

// head is the head of a column on one line. A hyphen at the end of a line is one
// that a terminal needs.
func (c Column) head() string {
	return strings.ReplaceAll(strings.ReplaceAll(c.Head, "-\n", ""), "\n", " ")
}

// grouped reports whether some columns stand under a common head.
func (t Table) grouped() bool {
	for _, c := range t.Columns {
		if c.Group != "" {
			return true
		}
	}
	return false
}

// kind is what a cell holds.
type kind uint8

const (
	text kind = iota
	number
	change
	share
	ratio
	day
)

// Cell is a cell of a table: a text, or a value that each form writes as it can.
type Cell struct {
	kind  kind
	text  string
	n, of int
	day   domain.Date
}

// Text is a cell with a text.
func Text(s string) Cell { return Cell{text: s} }

// Number is a cell with a whole number.
func Number(n int) Cell { return Cell{kind: number, n: n} }

// Change is a number that is shown with its sign.
func Change(n int) Cell { return Cell{kind: change, n: n} }

// Share is n of a whole, in per cent; a dash when there is nothing to divide by,
// because the share of an empty group is not 0 %.
func Share(n, of int) Cell { return Cell{kind: share, n: n, of: of} }

// Ratio is n beside what it is compared with; a dash when there is neither.
func Ratio(n, of int) Cell { return Cell{kind: ratio, n: n, of: of} }

// Day is a date; empty when there is none.
func Day(d domain.Date) Cell { return Cell{kind: day, day: d} }

// Number writes a whole number as people read it: 1,234 or 1.234.
func (p Paper) Number(n int) string {
	s := strconv.Itoa(n)
	separator := ","
	if p.Lang == "vi" {
		separator = "."
	}
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + separator + s[i:]
	}
	return s
}

// Percent writes a share with one decimal: 12.3 % or 12,3 %.
func (p Paper) Percent(n, of int) string {
	if of == 0 {
		return "–"
	}
	point := "."
	if p.Lang == "vi" {
		point = ","
	}
	tenths := (2000*n + of) / (2 * of)
	return fmt.Sprintf("%d%s%d %%", tenths/10, point, tenths%10)
}

// In writes the cell as people read it.
func (c Cell) In(p Paper) string {
	switch c.kind {
	case text:
	case number:
		return p.Number(c.n)
	case change:
		switch {
		case c.n > 0:
			return "+" + p.Number(c.n)
		case c.n < 0:
			return "−" + p.Number(-c.n)
		}
		return "0"
	case share:
		return p.Percent(c.n, c.of)
	case ratio:
		switch {
		case c.of == 0 && c.n == 0:
			return "–"
		case c.of == 0:
			return p.Number(c.n) + " / –"
		}
		return p.Number(c.n) + " / " + p.Number(c.of)
	case day:
		return c.day.Vietnamese()
	}
	return c.text
}
