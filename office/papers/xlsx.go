package papers

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"rollbook/domain"
)

// XLSX writes a paper as an Excel workbook: a sheet for the tables with the same
// columns, ready to be printed, and one that says from where it was answered.
// Numbers and dates are numbers and dates. Texts are texts: none is a formula,
// whatever it begins with.
func (p Paper) XLSX(w io.Writer) (err error) {
	f := excelize.NewFile()
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
	}()
	b := &book{paper: p, file: f, used: map[string]bool{}}
	if err := b.styles(); err != nil {
		return err
	}
	for _, group := range sheets(p.Tables) {
		if err := b.sheet(group); err != nil {
			return err
		}
	}
	if err := b.standing(); err != nil {
		return err
	}
	if err := f.DeleteSheet("Sheet1"); err != nil { // the one that a new file has
		return err
	}
	f.SetActiveSheet(0)
	if err := f.SetDocProps(&excelize.DocProperties{Title: p.Title, Creator: "rollbook"}); err != nil {
		return err
	}
	_, err = f.WriteTo(w)
	return err
}

// sheets puts tables together that share a sheet: neighbours with the same name
// and columns. Tables without columns go with the one before.
func sheets(tables []Table) (groups [][]Table) {
	same := func(a, b Table) bool {
		if len(b.Columns) == 0 {
			return true
		}
		if a.Name != b.Name || len(a.Columns) != len(b.Columns) {
			return false
		}
		for i := range a.Columns {
			if a.Columns[i].Head != b.Columns[i].Head || a.Columns[i].Group != b.Columns[i].Group {
				return false
			}
		}
		return true
	}
	for _, t := range tables {
		if n := len(groups); n > 0 && same(groups[n-1][0], t) {
			groups[n-1] = append(groups[n-1], t)
			continue
		}
		groups = append(groups, []Table{t})
	}
	if len(groups) == 0 {
		groups = [][]Table{nil}
	}
	return groups
}

// book is a workbook that is being written.
type book struct {
	paper Paper
	file  *excelize.File
	used  map[string]bool // names of sheets, in small letters

	bold, title, head, plain, right, whole, signed, share, date, total, totalText, totalShare int
}

func (b *book) styles() error {
	border := []excelize.Border{{Type: "left", Style: 1, Color: "808080"}, {Type: "right", Style: 1, Color: "808080"}, {Type: "top", Style: 1, Color: "808080"}, {Type: "bottom", Style: 1, Color: "808080"}}
	serif := func(bold bool, size float64) *excelize.Font {
		return &excelize.Font{Family: "Times New Roman", Size: size, Bold: bold}
	}
	format := func(s string) *string { return &s }
	wrap := &excelize.Alignment{WrapText: true, Vertical: "top"}
	right := &excelize.Alignment{Horizontal: "right", Vertical: "top"}
	for _, s := range []struct {
		to    *int
		style excelize.Style
	}{
		{&b.bold, excelize.Style{Font: serif(true, 11)}},
		{&b.title, excelize.Style{Font: serif(true, 14)}},
		{&b.head, excelize.Style{Font: serif(true, 11), Border: border, Alignment: &excelize.Alignment{Horizontal: "center", Vertical: "center", WrapText: true}}},
		{&b.plain, excelize.Style{Font: serif(false, 11), Border: border, Alignment: wrap}},
		{&b.right, excelize.Style{Font: serif(false, 11), Border: border, Alignment: right}},
		{&b.whole, excelize.Style{Font: serif(false, 11), Border: border, NumFmt: 3, Alignment: right}},
		{&b.signed, excelize.Style{Font: serif(false, 11), Border: border, CustomNumFmt: format("+#,##0;-#,##0;0"), Alignment: right}},
		{&b.share, excelize.Style{Font: serif(false, 11), Border: border, CustomNumFmt: format("0.0%"), Alignment: right}},
		{&b.date, excelize.Style{Font: serif(false, 11), Border: border, CustomNumFmt: format("dd/mm/yyyy"), Alignment: right}},
		{&b.total, excelize.Style{Font: serif(true, 11), Border: border, NumFmt: 3, Alignment: right}},
		{&b.totalText, excelize.Style{Font: serif(true, 11), Border: border}},
		{&b.totalShare, excelize.Style{Font: serif(true, 11), Border: border, CustomNumFmt: format("0.0%"), Alignment: right}},
	} {
		id, err := b.file.NewStyle(&s.style)
		if err != nil {
			return err
		}
		*s.to = id
	}
	return nil
}

// mostSheetName is how many characters Excel allows for the name of a sheet.
const mostSheetName = 31

// name returns a name for a sheet that Excel allows and no other has.
func (b *book) name(wanted string) string {
	wanted = strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\`, r) || r < ' ' {
			return ' '
		}
		return r
	}, wanted), "' ")
	for n := 1; ; n++ {
		suffix := ""
		if n > 1 {
			suffix = fmt.Sprintf(" %d", n)
		}
		cut := []rune(wanted)
		cut = cut[:min(len(cut), mostSheetName-len(suffix))]
		name := string(cut) + suffix
		if key := strings.ToLower(name); name != "" && !b.used[key] {
			b.used[key] = true
			return name
		}
	}
}

// sheet writes some tables with the same columns.
func (b *book) sheet(tables []Table) error {
	p := b.paper
	first := Table{}
	if len(tables) > 0 {
		first = tables[0]
	}
	wanted := first.Name
	if wanted == "" {
		wanted = textReport.In(p.Lang)
	}
	name := b.name(wanted)
	if _, err := b.file.NewSheet(name); err != nil {
		return err
	}
	if err := b.page(name); err != nil { // before the rows: they are streamed
		return err
	}
	out, err := b.file.NewStreamWriter(name)
	if err != nil {
		return err
	}
	s := &sheet{book: b, out: out, columns: first.printed()}
	if first.Numbered {
		s.shift = 1
	}
	above := s.preamble(first)
	deep := 0
	if len(s.columns) > 0 {
		if deep = 1; first.grouped() {
			deep = 2
		}
	}
	// Widths and panes come before the rows.
	for i, width := range s.widths(tables) {
		if err := out.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	frozen := len(above) + deep
	if deep > 0 {
		if err := out.SetPanes(&excelize.Panes{
			Freeze: true, YSplit: frozen, TopLeftCell: fmt.Sprintf("A%d", frozen+1), ActivePane: "bottomLeft",
			Selection: []excelize.Selection{{SQRef: fmt.Sprintf("A%d", frozen+1), ActiveCell: fmt.Sprintf("A%d", frozen+1), Pane: "bottomLeft"}},
		}); err != nil {
			return err
		}
	}
	for _, line := range above {
		s.row(line)
	}
	s.head(first)
	for i, t := range tables {
		if i > 0 {
			s.lines(t.Lead)
		}
		s.table(t)
		s.lines(t.Tail)
	}
	s.signatures()
	if s.err != nil {
		return s.err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return b.print(name, s, frozen, deep)
}

// page settles the page of a printed sheet.
func (b *book) page(name string) error {
	landscape, a4, one, many, fit := "landscape", 9, 1, 0, true
	if err := b.file.SetPageLayout(name, &excelize.PageLayoutOptions{Size: &a4, Orientation: &landscape, FitToWidth: &one, FitToHeight: &many}); err != nil {
		return err
	}
	if err := b.file.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit}); err != nil {
		return err
	}
	p := b.paper
	footer := "&L&8" + headerText(p.asOf()+" "+p.known()+"\n"+p.root()) + "&R&8&P/&N"
	if utf8.RuneCountInString(footer) > 255 { // what Excel allows; all of it is on the sheet, too
		footer = "&R&8&P/&N"
	}
	return b.file.SetHeaderFooter(name, &excelize.HeaderFooterOptions{OddFooter: footer})
}

// print settles what of a sheet comes out of a printer, and which rows on every
// page.
func (b *book) print(name string, s *sheet, frozen, deep int) error {
	last, err := excelize.CoordinatesToCellName(max(1, len(s.columns)+s.shift), max(1, s.at), true)
	if err != nil {
		return err
	}
	quoted := "'" + strings.ReplaceAll(name, "'", "''") + "'!"
	if err := b.file.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Area", RefersTo: quoted + "$A$1:" + last, Scope: name}); err != nil {
		return err
	}
	if deep == 0 {
		return nil
	}
	return b.file.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: fmt.Sprintf("%s$%d:$%d", quoted, frozen-deep+1, frozen), Scope: name})
}

// headerText makes a text plain in a page's header or footer.
func headerText(s string) string { return strings.ReplaceAll(s, "&", "&&") }

// standing writes the sheet that says from where the paper was answered.
func (b *book) standing() error {
	p := b.paper
	name := b.name(textStanding.In(p.Lang))
	if _, err := b.file.NewSheet(name); err != nil {
		return err
	}
	out, err := b.file.NewStreamWriter(name)
	if err != nil {
		return err
	}
	if err := out.SetColWidth(1, 1, 28); err != nil {
		return err
	}
	if err := out.SetColWidth(2, 2, 60); err != nil {
		return err
	}
	yes := func(is bool) string {
		if is {
			return domain.Text{EN: "yes", VI: "có"}.In(p.Lang)
		}
		return domain.Text{EN: "no", VI: "không"}.In(p.Lang)
	}
	s := p.Standing
	rows := [][2]any{
		{domain.Text{EN: "Report", VI: "Báo cáo"}, p.Title},
		{domain.Text{EN: "For", VI: "Phạm vi"}, p.Scope},
		{domain.Text{EN: "Days", VI: "Thời gian"}, p.Days},
		{domain.Text{EN: "As of", VI: "Tính đến hết ngày"}, excelize.Cell{StyleID: b.date, Value: moment(s.AsOf)}},
		{domain.Text{EN: "Known at sequence", VI: "Theo những gì đã ghi đến số thứ tự"}, int64(s.KnownAt)},
		{domain.Text{EN: "Position", VI: "Vị trí của số liệu"}, int64(s.Position)},
		{domain.Text{EN: "Root of the log there", VI: "Gốc của nhật ký tại đó"}, s.Root},
		{domain.Text{EN: "Complete", VI: "Đầy đủ"}, yes(s.Complete)},
		{domain.Text{EN: "Unwitnessed", VI: "Chưa có bên làm chứng"}, yes(s.Unwitnessed)},
	}
	if s.KnownFrom != nil {
		rows = append(rows, [2]any{domain.Text{EN: "Compared with sequence", VI: "So với số thứ tự"}, int64(*s.KnownFrom)})
	}
	for _, r := range s.Remarks {
		rows = append(rows, [2]any{domain.Text{EN: "Remark", VI: "Lưu ý"}, r})
	}
	for i, r := range rows {
		label, _ := r[0].(domain.Text) // they all are
		if err := out.SetRow(fmt.Sprintf("A%d", i+1), []any{excelize.Cell{StyleID: b.bold, Value: label.In(p.Lang)}, r[1]}); err != nil {
			return err
		}
	}
	return out.Flush()
}

// moment is a date as Excel takes it.
func moment(d domain.Date) time.Time {
	y, m, day := d.Civil()
	return time.Date(y, time.Month(m), day, 0, 0, 0, 0, time.UTC)
}
