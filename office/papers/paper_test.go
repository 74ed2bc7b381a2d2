package papers_test

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"rollbook/domain"
	"rollbook/office/papers"
)

const root = "qjJ2RHbxwX2S7VWvGcvLn8bT3c0ra32t/7Liesybm6Q="

func day(t testing.TB, s string) domain.Date {
	t.Helper()
	d, ok := domain.ParseDate(s)
	if !ok {
		t.Fatalf("%q is no date", s)
	}
	return d
}

// sample is a paper with something of everything, and so many rows.
func sample(t testing.TB, rows int) papers.Paper {
	p := papers.Paper{
		Lang: "vi", Title: "Số đảng viên theo dân tộc", Scope: "Toàn sổ", Days: "Tính đến hết ngày 31/12/2022",
		Letterhead: papers.Letterhead{
			Superior: "Tỉnh ủy Điện Biên", Organisation: "Đảng bộ huyện Mường Nhé", Nation: papers.OfficialHeading("vi"),
			Place: "Mường Nhé", Dated: day(t, "2023-01-05"),
			Signatures: []papers.Signature{{Lines: []string{"NGƯỜI LẬP BIỂU"}}, {Lines: []string{"T/M BAN THƯỜNG VỤ", "BÍ THƯ"}, Name: "Lò Văn Ước"}},
		},
		Standing: papers.Standing{AsOf: day(t, "2022-12-31"), KnownAt: 20, Position: 32, Root: root, Unwitnessed: true, Complete: true},
	}
	table := papers.Table{Name: "Dân tộc", Numbered: true, Columns: []papers.Column{
		{Head: "Dân tộc"}, {Head: "Đảng\nviên", Group: "Số lượng", Right: true}, {Head: "Tỷ lệ", Group: "Số lượng", Right: true}, {Head: "Ngày", Right: true}, {Screen: true},
	}}
	for i := range rows {
		name := fmt.Sprintf("Nhóm %d", i+1)
		if i == 0 {
			name = `=HYPERLINK("http://x")`
		}
		table.Rows = append(table.Rows, []papers.Cell{papers.Text(name), papers.Number(1234), papers.Share(1, 8), papers.Day(day(t, "1990-02-03")), papers.Bar(1, 1, 3)})
	}
	table.Total = []papers.Cell{papers.Text("Tổng số"), papers.Number(1234 * rows), papers.Share(0, 0), {}, {}}
	p.Tables = []papers.Table{table}
	return p
}

func written(t testing.TB, write func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAWorkbookHoldsNumbersDatesAndTexts(t *testing.T) {
	f, err := excelize.OpenReader(bytes.NewReader(written(t, sample(t, 3).XLSX)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sheets := f.GetSheetList()
	if len(sheets) != 2 || sheets[0] != "Dân tộc" || sheets[1] != "Căn cứ" {
		t.Fatalf("sheets %q", sheets)
	}
	rows, err := f.GetRows(sheets[0], excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	head := -1
	for i, r := range rows {
		if len(r) > 1 && r[1] == "Dân tộc" {
			head = i // the second of the two rows of heads
		}
	}
	if head < 0 {
		t.Fatalf("no heads in %q", rows)
	}
	if got := strings.Join(rows[head-1], "|") + "/" + strings.Join(rows[head], "|"); got != "TT|Dân tộc|Số lượng|Số lượng|Ngày/TT|Dân tộc|Đảng viên|Tỷ lệ|Ngày" {
		t.Errorf("heads %q", got)
	}
	if got := strings.Join(rows[head+1], "|"); got != `1|=HYPERLINK("http://x")|1234|0.125|32907` {
		t.Errorf("first row %q", got)
	}
	if got := strings.Join(rows[head+4], "|"); got != "|Tổng số|3702|–" {
		t.Errorf("total %q", got)
	}
	first := head + 2 // rows of a sheet are counted from 1
	for column, want := range map[string]excelize.CellType{"B": excelize.CellTypeInlineString, "C": excelize.CellTypeUnset, "E": excelize.CellTypeUnset} {
		cell := fmt.Sprintf("%s%d", column, first)
		if kind, err := f.GetCellType(sheets[0], cell); err != nil || kind != want {
			t.Errorf("%s is of type %v, want %v, %v", cell, kind, want, err)
		}
		if formula, err := f.GetCellFormula(sheets[0], cell); err != nil || formula != "" {
			t.Errorf("%s is a formula: %q, %v", cell, formula, err)
		}
	}
	if shown, err := f.GetCellValue(sheets[0], fmt.Sprintf("E%d", first)); err != nil || shown != "03/02/1990" {
		t.Errorf("a date is shown as %q, %v", shown, err)
	}
	panes, err := f.GetPanes(sheets[0])
	if err != nil || !panes.Freeze || panes.YSplit != head+1 {
		t.Errorf("panes %+v, %v; want the first %d rows frozen", panes, err, head+1)
	}
	names := map[string]string{}
	for _, n := range f.GetDefinedName() {
		names[n.Name] = n.RefersTo
	}
	if got, want := names["_xlnm.Print_Titles"], fmt.Sprintf("'Dân tộc'!$%d:$%d", head, head+1); got != want {
		t.Errorf("repeated heads are %q, want %q", got, want)
	}
	if got := names["_xlnm.Print_Area"]; !strings.HasPrefix(got, "'Dân tộc'!$A$1:$E$") {
		t.Errorf("print area %q", got)
	}
	layout, err := f.GetPageLayout(sheets[0])
	if err != nil || layout.FitToWidth == nil || *layout.Orientation != "landscape" || *layout.FitToWidth != 1 || *layout.FitToHeight != 0 {
		t.Errorf("page layout %+v, %v", layout, err)
	}
	footer, err := f.GetHeaderFooter(sheets[0])
	if err != nil || !strings.Contains(footer.OddFooter, root) {
		t.Errorf("footer %+v, %v", footer, err)
	}
	standing, err := f.GetRows(sheets[1])
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(standing)
	for _, want := range []string{"31/12/2022", "20]", "32]", root} {
		if !strings.Contains(text, want) {
			t.Errorf("the standing lacks %q: %s", want, text)
		}
	}
}

func TestSheetsHaveNamesThatExcelTakes(t *testing.T) {
	p := sample(t, 1)
	second, third := p.Tables[0], p.Tables[0]
	second.Name, third.Name = "a/b:c*?[d]'"+strings.Repeat("x", 40), "DÂN TỘC"
	second.Columns = append([]papers.Column{{Head: "Khác"}}, second.Columns[1:]...)
	p.Tables = append(p.Tables, second, third)
	f, err := excelize.OpenReader(bytes.NewReader(written(t, p.XLSX)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := f.GetSheetList(); len(got) != 4 || got[1] != "a b c   d '"+strings.Repeat("x", 20) || got[2] != "DÂN TỘC 2" {
		t.Errorf("sheets %q", got)
	}
}

var streams = regexp.MustCompile(`(?s)stream\r?\n(.*?)\r?\nendstream`)

// pdfPages returns what is drawn on each page of a PDF.
func pdfPages(t *testing.T, pdf []byte) (pages []string) {
	t.Helper()
	for _, m := range streams.FindAllSubmatch(pdf, -1) {
		z, err := zlib.NewReader(bytes.NewReader(m[1]))
		if err != nil {
			continue
		}
		text, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("BT ")) {
			pages = append(pages, string(text))
		}
	}
	return pages
}

// drawnAs is how a text stands in a page: UTF-16, big end first, with what the
// format needs escaped.
func drawnAs(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		for _, c := range []byte{byte(u >> 8), byte(u)} {
			switch c {
			case '\\', '(', ')':
				b.WriteByte('\\')
			case '\r':
				b.WriteString(`\r`)
				continue
			}
			b.WriteByte(c)
		}
	}
	return b.String()
}

func TestAPDFIsInTheOfficialForm(t *testing.T) {
	pdf := written(t, sample(t, 120).PDF)
	pages := pdfPages(t, pdf)
	if len(pages) < 3 {
		t.Fatalf("%d pages", len(pages))
	}
	for i, page := range pages {
		for _, want := range []string{
			"Dân tộc", "Số lượng", // the heads are repeated
			fmt.Sprintf("Trang %d/%d", i+1, len(pages)),
			"Tính đến hết ngày 31/12/2022. Theo những gì đã ghi đến số thứ tự 20 trên 32.",
			"Gốc của nhật ký tại 32: " + root + " (chưa có bên làm chứng)",
		} {
			if !strings.Contains(page, drawnAs(want)) {
				t.Errorf("page %d lacks %q", i+1, want)
			}
		}
	}
	for _, want := range []string{
		"TỈNH ỦY ĐIỆN BIÊN", "ĐẢNG BỘ HUYỆN MƯỜNG NHÉ", "ĐẢNG CỘNG SẢN VIỆT NAM", "Mường Nhé, ngày 05 tháng 01 năm 2023",
		"SỐ ĐẢNG VIÊN THEO DÂN TỘC", "1.234", "12,5 %", "03/02/1990",
	} {
		if !strings.Contains(pages[0], drawnAs(want)) {
			t.Errorf("the first page lacks %q", want)
		}
	}
	last := pages[len(pages)-1]
	for _, want := range []string{"Tổng số", "148.080", "NGƯỜI LẬP BIỂU", "T/M BAN THƯỜNG VỤ", "BÍ THƯ", "Lò Văn Ước"} {
		if !strings.Contains(last, drawnAs(want)) {
			t.Errorf("the last page lacks %q", want)
		}
	}
	all := strings.Join(pages, "")
	for i := 1; i < 120; i++ {
		if !strings.Contains(all, drawnAs(fmt.Sprintf("Nhóm %d", i+1))) {
			t.Errorf("row %d is on no page", i+1)
		}
	}
}

func TestTheSamePaperIsTheSamePDF(t *testing.T) {
	p := sample(t, 30)
	if !bytes.Equal(written(t, p.PDF), written(t, p.PDF)) {
		t.Error("it differs when it is written again")
	}
}

// A table that no page is wide enough for comes in parts, and long texts and
// characters that the fonts lack break nothing.
func TestAWideTableLosesNothing(t *testing.T) {
	p := sample(t, 0)
	table := papers.Table{Columns: []papers.Column{{Head: "Tổ chức"}}, Rows: [][]papers.Cell{{papers.Text(strings.Repeat("Đảng bộ rất dài 村 😀 \u202e ", 300))}}}
	for i := range 60 {
		table.Columns = append(table.Columns, papers.Column{Head: fmt.Sprintf("Cột%d", i), Right: true})
		table.Rows[0] = append(table.Rows[0], papers.Number(1_000_000+i))
	}
	p.Tables = []papers.Table{table}
	all := strings.Join(pdfPages(t, written(t, p.PDF)), "")
	for i := range 60 {
		for _, want := range []string{fmt.Sprintf("Cột%d", i), papers.Number(1_000_000 + i).In(p)} {
			if !strings.Contains(all, drawnAs(want)) {
				t.Errorf("%q is on no page", want)
			}
		}
	}
	if len(written(t, p.XLSX)) == 0 {
		t.Error("no workbook")
	}
}

func TestIncompletePapersSayIt(t *testing.T) {
	p := sample(t, 1)
	p.Standing.Complete, p.Standing.Remarks = false, []string{"CHƯA ĐẦY ĐỦ: 2 đối tượng phải chờ"}
	for i, page := range pdfPages(t, written(t, p.PDF)) {
		if !strings.Contains(page, drawnAs("CHƯA ĐẦY ĐỦ")) {
			t.Errorf("page %d does not say it", i+1)
		}
	}
	if drawn := string(written(t, p.Table)); !strings.Contains(drawn, "!!! CHƯA ĐẦY ĐỦ: 2 đối tượng phải chờ\n") {
		t.Errorf("the terminal does not say it:\n%s", drawn)
	}
}

func TestEveryVietnameseLetterHasAGlyph(t *testing.T) {
	letters := "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ"
	p := sample(t, 0)
	p.Title = letters // written in capitals
	p.Tables = []papers.Table{{Lead: []string{letters, "– − → …"}}}
	pdf := written(t, p.PDF)
	// A glyph that a font lacks is glyph 0 in the table from characters to glyphs.
	missing := papers.Missing(letters + strings.ToUpper(letters) + "–−→…")
	if missing != "" {
		t.Errorf("the fonts lack %q", missing)
	}
	if !strings.Contains(pdfPages(t, pdf)[0], drawnAs(letters)) {
		t.Error("the letters are not on the page")
	}
}
