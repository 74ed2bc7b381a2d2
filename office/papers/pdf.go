package papers

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"codeberg.org/go-pdf/fpdf"

	"rollbook/domain"
)

// Measures of a page, in millimetres. A4 stands upright unless a table needs the
// room.
const (
	marginLeft, marginRight, marginTop, marginBottom = 20.0, 15.0, 15.0, 20.0

	pageShort, pageLong = 210.0, 297.0

	lineHeight = 1.25 // of the size of the letters
	pointInMM  = 25.4 / 72
)

// PDF writes a paper in the official form: the heading in two columns, place and
// date, the title, tables with running numbers whose heads are repeated on every
// page, blocks to be signed, and on every page its number and from where the
// figures were answered. The same paper is the same file, to the byte.
func (p Paper) PDF(w io.Writer) error {
	d := &document{paper: p}
	d.open("P")
	if d.needsRoom() {
		d.open("L")
	}
	d.pdf.AddPage()
	d.heading()
	d.titles()
	for _, t := range p.Tables {
		d.paragraphs(t.Lead)
		d.table(t)
		d.paragraphs(t.Tail)
	}
	d.signatures()
	return d.pdf.Output(w)
}

// document is a PDF that is being written.
type document struct {
	paper Paper
	pdf   *fpdf.Fpdf
	width float64 // between the margins
	floor float64 // where a page has to end
}

func (d *document) open(orientation string) {
	p := d.paper
	pdf := fpdf.New(orientation, "mm", "A4", "")
	d.pdf, d.width, d.floor = pdf, pageShort-marginLeft-marginRight, pageLong-marginBottom
	if orientation == "L" {
		d.width, d.floor = pageLong-marginLeft-marginRight, pageShort-marginBottom
	}
	pdf.AddUTF8FontFromBytes(serif, "", serifRegular)
	pdf.AddUTF8FontFromBytes(serif, "B", serifBold)
	pdf.AddUTF8FontFromBytes(serif, "I", serifItalic)
	pdf.SetMargins(marginLeft, marginTop, marginRight)
	pdf.SetAutoPageBreak(false, marginBottom) // rows are not torn apart: see room
	pdf.SetCellMargin(0)
	pdf.SetTitle(printable(p.Title), true)
	pdf.SetLang(p.Lang)
	pdf.SetCatalogSort(true)
	made := p.Letterhead.Dated
	if made == 0 {
		made = p.Standing.AsOf
	}
	pdf.SetCreationDate(moment(made))
	pdf.SetModificationDate(moment(made))
	pdf.AliasNbPages(pagesAlias)
	pdf.SetFooterFunc(d.footer)
}

// pagesAlias stands for the number of pages until it is known.
const pagesAlias = "{n}"

// footer is what every page ends with.
func (d *document) footer() {
	p := d.paper
	d.pdf.SetY(d.floor + 4)
	left := []string{p.asOf() + " " + p.known()}
	if root := p.root(); root != "" {
		left = append(left, root)
	}
	const size = 8.0
	top := d.pdf.GetY()
	d.pdf.Line(marginLeft, top-1, marginLeft+d.width, top-1)
	if !p.Standing.Complete {
		d.font("B", size)
		d.line(textIncomplete.In(p.Lang), size, d.width*0.8, "L")
	}
	d.font("", size)
	for _, s := range left {
		d.line(s, size, d.width*0.8, "L")
	}
	d.pdf.SetXY(marginLeft+d.width*0.8, top)
	page := fmt.Sprintf(textPage.In(p.Lang), fmt.Sprint(d.pdf.PageNo()), pagesAlias)
	d.pdf.CellFormat(d.width*0.2, height(size), page, "", 0, "R", false, 0, "")
}

func height(size float64) float64 { return size * pointInMM * lineHeight }

func (d *document) font(style string, size float64) { d.pdf.SetFont(serif, style, size) }

// line writes one line at the left margin and goes to the next.
func (d *document) line(s string, size, width float64, align string) {
	d.pdf.SetX(marginLeft)
	d.pdf.CellFormat(width, height(size), printable(s), "", 1, align, false, 0, "")
}

// text writes a text over as many lines as it needs.
func (d *document) text(s, style string, size float64, align string) {
	d.font(style, size)
	for part := range strings.SplitSeq(s, "\n") {
		for _, line := range d.split(part, d.width) {
			d.room(height(size))
			d.font(style, size)
			d.line(line, size, d.width, align)
		}
	}
}

// split breaks a text into lines of a width, in the font that is set. There is
// always one.
func (d *document) split(s string, width float64) (lines []string) {
	for part := range strings.SplitSeq(s, "\n") {
		part = printable(part)
		if d.pdf.GetStringWidth(part) <= width { // mostly so, and much quicker
			lines = append(lines, part)
			continue
		}
		lines = append(lines, d.pdf.SplitText(part, width)...)
	}
	return lines
}

// room goes to a new page unless so much is left of this one, and reports whether
// it did.
func (d *document) room(needed float64) bool {
	if d.pdf.GetY()+needed <= d.floor || d.pdf.GetY() <= marginTop {
		return false
	}
	d.pdf.AddPage()
	return true
}

// printable leaves what the fonts can show: the library knows the characters of
// the first plane only.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r > 0xFFFE || !unicode.IsPrint(r):
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// heading is the national heading: who makes the paper on the left, the country's
// line on the right, with place and date below.
func (d *document) heading() {
	h := d.paper.Letterhead
	if h.Superior == "" && h.Organisation == "" && h.Nation == "" {
		return
	}
	const size = 11.5
	half := d.width / 2
	top := d.pdf.GetY()
	column := func(x, y float64, s, style string) float64 {
		d.font(style, size)
		for _, line := range d.split(s, half-6) {
			d.pdf.SetXY(x, y)
			d.pdf.CellFormat(half, height(size), line, "", 0, "C", false, 0, "")
			y += height(size)
		}
		return y
	}
	left := top
	if h.Superior != "" {
		left = column(marginLeft, left, strings.ToUpper(h.Superior), "")
	}
	if h.Organisation != "" {
		left = column(marginLeft, left, strings.ToUpper(h.Organisation), "B")
		left = column(marginLeft, left, "*", "B")
	}
	right := top
	if h.Nation != "" {
		right = column(marginLeft+half, right, h.Nation, "B")
		d.font("B", size)
		wide := min(d.pdf.GetStringWidth(printable(h.Nation)), half-6)
		d.pdf.Line(marginLeft+half+(half-wide)/2, right+0.3, marginLeft+half+(half+wide)/2, right+0.3)
		right += height(size) / 2
	}
	if dated := d.placeAndDate(); dated != "" {
		right = column(marginLeft+half, right, dated, "I")
	}
	d.pdf.SetY(max(left, right) + 4)
}

func (d *document) placeAndDate() string {
	h := d.paper.Letterhead
	if h.Dated == 0 {
		return h.Place
	}
	year, month, day := h.Dated.Civil()
	date := h.Dated.Vietnamese()
	if d.paper.Lang == "vi" {
		date = fmt.Sprintf("ngày %02d tháng %02d năm %d", day, month, year)
	}
	if h.Place == "" {
		return strings.ToUpper(date[:1]) + date[1:]
	}
	return h.Place + ", " + date
}

// titles are the title and what it is about.
func (d *document) titles() {
	p := d.paper
	d.text(strings.ToUpper(p.Title), "B", 14, "C")
	for _, s := range []string{p.Scope, p.Days, p.known()} {
		if s != "" {
			d.text(s, "I", 11, "C")
		}
	}
	for _, r := range p.Standing.Remarks {
		d.text(r, "B", 11, "C")
	}
	d.pdf.Ln(3)
}

func (d *document) paragraphs(lines []string) {
	for _, s := range lines {
		if s == "" {
			d.pdf.Ln(2)
			continue
		}
		d.text(s, "", 11, "L")
	}
	if len(lines) > 0 {
		d.pdf.Ln(1)
	}
}

// signatures are the blocks to be signed, kept together on a page.
func (d *document) signatures() {
	blocks := d.paper.Letterhead.Signatures
	if len(blocks) == 0 {
		return
	}
	const size, space = 11.5, 22.0
	deep := 0
	for _, b := range blocks {
		deep = max(deep, len(b.Lines))
	}
	d.pdf.Ln(4)
	d.room(float64(deep+1)*height(size) + space)
	top, wide := d.pdf.GetY(), d.width/float64(len(blocks))
	cell := func(block int, y float64, s string) {
		d.font("B", size)
		if strings.HasPrefix(s, "(") { // what is to be done there
			d.font("I", size)
		}
		d.pdf.SetXY(marginLeft+float64(block)*wide, y)
		d.pdf.CellFormat(wide, height(size), printable(s), "", 0, "C", false, 0, "")
	}
	for i, b := range blocks {
		for n, s := range b.Lines {
			cell(i, top+float64(n)*height(size), s)
		}
		if b.Name != "" {
			cell(i, top+float64(deep)*height(size)+space, b.Name)
		}
	}
	d.pdf.SetY(top + float64(deep+1)*height(size) + space)
}

// OfficialHeading is the letterhead's line on the right, in a language.
func OfficialHeading(lang string) string {
	return domain.Text{EN: "COMMUNIST PARTY OF VIET NAM", VI: "ĐẢNG CỘNG SẢN VIỆT NAM"}.In(lang)
}
