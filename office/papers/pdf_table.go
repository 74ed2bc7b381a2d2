package papers

import (
	"slices"
	"strconv"
	"strings"
)

// sizes are those that the letters of a table may have, in points, from the one
// that is wanted to the smallest that can be read.
var sizes = []float64{11, 10, 9, 8, 7, 6.5}

// padding is the room beside a text in a cell, in millimetres.
const padding = 1.2

// printedTable is a table as it is laid out.
type printedTable struct {
	heads  []string // with the running number
	groups []string
	right  []bool
	rows   [][]string
	bold   int // the row with the totals, -1 for none
	size   float64
	widths []float64
}

func (d *document) printed(t Table) printedTable {
	p := d.paper
	out := printedTable{bold: -1}
	if t.Numbered {
		out.heads, out.groups, out.right = []string{textNo.In(p.Lang)}, []string{""}, []bool{true}
	}
	columns := t.printed()
	for _, i := range columns {
		c := t.Columns[i]
		out.heads, out.groups, out.right = append(out.heads, c.head()), append(out.groups, c.Group), append(out.right, c.Right)
	}
	add := func(r []Cell, first string) {
		var texts []string
		if t.Numbered {
			texts = append(texts, first)
		}
		for _, i := range columns {
			texts = append(texts, r[i].In(p))
		}
		out.rows = append(out.rows, texts)
	}
	for n, r := range t.Rows {
		add(r, strconv.Itoa(n+1))
	}
	if t.Total != nil {
		out.bold = len(out.rows)
		add(t.Total, "")
	}
	return out
}

// needsRoom reports whether a table is better off on a page that lies.
func (d *document) needsRoom() bool {
	for _, t := range d.paper.Tables {
		p := d.printed(t)
		_, want := d.measure(p, sizes[0])
		if sum(want) > d.width {
			return true
		}
	}
	return false
}

// measure returns how wide each column has to be, for its longest word, and would
// like to be, for its longest text.
func (d *document) measure(p printedTable, size float64) (least, want []float64) {
	least, want = make([]float64, len(p.heads)), make([]float64, len(p.heads))
	word := func(i int, s string) {
		for w := range strings.FieldsSeq(s) {
			least[i] = max(least[i], min(d.pdf.GetStringWidth(printable(w)), d.width/3)+2*padding)
		}
	}
	d.font("B", size)
	for i, h := range p.heads {
		word(i, h)
		want[i] = d.pdf.GetStringWidth(printable(h))*0.6 + 2*padding // on two lines
	}
	for n, r := range p.rows {
		d.font("", size)
		if n == p.bold {
			d.font("B", size)
		}
		for i, s := range r {
			word(i, s)
			for line := range strings.SplitSeq(s, "\n") {
				want[i] = max(want[i], d.pdf.GetStringWidth(printable(line))+2*padding)
			}
			if p.right[i] {
				least[i] = max(least[i], d.pdf.GetStringWidth(printable(s))+2*padding) // numbers are not broken
			}
		}
	}
	for i := range want {
		want[i] = max(want[i], least[i])
	}
	return least, want
}

func sum(values []float64) (s float64) {
	for _, v := range values {
		s += v
	}
	return s
}

// table writes a table. One that is too wide even in the smallest letters comes in
// parts, each with the first columns.
func (d *document) table(t Table) {
	if len(t.Columns) == 0 {
		return
	}
	whole := d.printed(t)
	keep := 1
	if t.Numbered {
		keep = 2
	}
	for i, p := range d.parts(whole, keep) {
		if i > 0 {
			d.pdf.Ln(3)
			d.text(textContinued.In(d.paper.Lang), "I", 10, "L")
		}
		d.draw(p)
	}
	d.pdf.Ln(2)
}

// parts returns a table in as many parts as it needs, with widths.
func (d *document) parts(p printedTable, keep int) []printedTable {
	for _, size := range sizes {
		least, want := d.measure(p, size)
		if sum(least) <= d.width {
			p.size, p.widths = size, spread(least, want, p.right, d.width)
			return []printedTable{p}
		}
	}
	smallest := sizes[len(sizes)-1]
	least, _ := d.measure(p, smallest)
	keep = min(keep, len(p.heads))
	var parts []printedTable
	for from := keep; from < len(p.heads); {
		wide, to := sum(least[:keep]), from
		for to < len(p.heads) && (to == from || wide+least[to] <= d.width) {
			wide += least[to]
			to++
		}
		part := p.columns(append(numbers(0, keep), numbers(from, to)...))
		part.size = smallest
		some, want := d.measure(part, smallest)
		part.widths = spread(some, want, part.right, d.width)
		parts = append(parts, part)
		from = to
	}
	return parts
}

func numbers(from, to int) (list []int) {
	for i := from; i < to; i++ {
		list = append(list, i)
	}
	return list
}

// columns returns the table with some of its columns.
func (p printedTable) columns(which []int) printedTable {
	out := printedTable{bold: p.bold}
	for _, i := range which {
		out.heads, out.groups, out.right = append(out.heads, p.heads[i]), append(out.groups, p.groups[i]), append(out.right, p.right[i])
	}
	for _, r := range p.rows {
		var row []string
		for _, i := range which {
			row = append(row, r[i])
		}
		out.rows = append(out.rows, row)
	}
	return out
}

// spread gives columns a width between the least and the wanted, and what is left
// of the page to those with texts.
func spread(least, want []float64, right []bool, width float64) []float64 {
	out := slices.Clone(want)
	if over := sum(want) - width; over > 0 {
		slack := sum(want) - sum(least)
		for i := range out {
			out[i] = least[i]
			if slack > 0 {
				out[i] += (want[i] - least[i]) * max(0, 1-over/slack)
			}
		}
		if sum(out) > width { // a single column that no page is wide enough for
			for i := range out {
				out[i] *= width / sum(least)
			}
		}
		return out
	}
	texts := 0
	for _, r := range right {
		if !r {
			texts++
		}
	}
	left := width - sum(out)
	for i, r := range right {
		switch {
		case texts == 0:
			out[i] += left / float64(len(right))
		case !r:
			out[i] += left / float64(texts)
		}
	}
	return out
}

func (d *document) draw(p printedTable) {
	d.head(p)
	for n, r := range p.rows {
		style := ""
		if n == p.bold {
			style = "B"
		}
		d.row(p, r, style)
	}
}

// head writes the heads of the columns, with a row of groups above them where
// there are some.
func (d *document) head(p printedTable) {
	d.font("B", p.size)
	grouped := slices.ContainsFunc(p.groups, func(g string) bool { return g != "" })
	low := d.deepest(p, func(i int) (string, float64) { return p.heads[i], p.widths[i] }, !grouped)
	spans := p.spans()
	high := 0.0
	if grouped {
		for _, s := range spans {
			if s.group != "" {
				high = max(high, d.deep(s.group, s.width, p.size))
			}
		}
		for i, h := range p.heads {
			if p.groups[i] == "" {
				low = max(low, d.deep(h, p.widths[i], p.size)-high)
			}
		}
	}
	first := 0.0
	if len(p.rows) > 0 {
		first = d.rowHeight(p, p.rows[0], "")
	}
	d.room(low + high + first) // a head without a row below is no help
	d.font("B", p.size)
	top := d.pdf.GetY()
	for _, s := range spans {
		if s.group != "" {
			d.box(s.x, top, s.width, high, s.group, p.size, "C")
		}
	}
	x := marginLeft
	for i, h := range p.heads {
		if grouped && p.groups[i] != "" {
			d.box(x, top+high, p.widths[i], low, h, p.size, "C")
		} else {
			d.box(x, top, p.widths[i], low+high, h, p.size, "C")
		}
		x += p.widths[i]
	}
	d.pdf.SetXY(marginLeft, top+low+high)
}

// span is neighbouring columns with the same group.
type span struct {
	group    string
	x, width float64
}

func (p printedTable) spans() (spans []span) {
	x := marginLeft
	for i, g := range p.groups {
		if n := len(spans); n > 0 && g != "" && spans[n-1].group == g {
			spans[n-1].width += p.widths[i]
		} else {
			spans = append(spans, span{g, x, p.widths[i]})
		}
		x += p.widths[i]
	}
	return spans
}

// deep is how high a text stands in a box.
func (d *document) deep(s string, width, size float64) float64 {
	return float64(len(d.split(s, width-2*padding)))*height(size) + padding
}

func (d *document) deepest(p printedTable, text func(i int) (string, float64), ungrouped bool) (high float64) {
	for i := range p.heads {
		if ungrouped || p.groups[i] != "" {
			s, width := text(i)
			high = max(high, d.deep(s, width, p.size))
		}
	}
	return high
}

// box draws a rectangle with a text in its middle.
func (d *document) box(x, y, width, high float64, s string, size float64, align string) {
	d.pdf.Rect(x, y, width, high, "D")
	lines := d.split(s, width-2*padding)
	at := y + (high-float64(len(lines))*height(size))/2
	d.lines(x, at, width, lines, size, align)
}

func (d *document) lines(x, y, width float64, lines []string, size float64, align string) {
	for _, line := range lines {
		d.pdf.SetXY(x+padding, y)
		d.pdf.CellFormat(width-2*padding, height(size), line, "", 0, align, false, 0, "")
		y += height(size)
	}
}

func (d *document) rowHeight(p printedTable, r []string, style string) float64 {
	d.font(style, p.size)
	high := 0.0
	for i, s := range r {
		high = max(high, d.deep(s, p.widths[i], p.size))
	}
	return min(high, d.floor/2)
}

// row writes a row. One that is higher than a page goes on on the next.
func (d *document) row(p printedTable, r []string, style string) {
	d.font(style, p.size)
	lines := make([][]string, len(r))
	deep := 1
	for i, s := range r {
		lines[i] = d.split(s, p.widths[i]-2*padding)
		deep = max(deep, len(lines[i]))
	}
	for deep > 0 {
		if d.room(min(float64(deep), 8)*height(p.size) + padding) {
			d.head(p)
		}
		d.font(style, p.size)
		top := d.pdf.GetY()
		fit := max(1, int((d.floor-top-padding)/height(p.size)))
		fit = min(fit, deep)
		high := float64(fit)*height(p.size) + padding
		x := marginLeft
		for i := range lines {
			some := lines[i][:min(fit, len(lines[i]))]
			lines[i] = lines[i][len(some):]
			align := "L"
			if p.right[i] {
				align = "R"
			}
			d.pdf.Rect(x, top, p.widths[i], high, "D")
			d.lines(x, top+padding/2, p.widths[i], some, p.size, align)
			x += p.widths[i]
		}
		deep -= fit
		d.pdf.SetXY(marginLeft, top+high)
	}
}
