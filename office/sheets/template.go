package sheets

import (
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"

	"rollbook/domain"
)

// templateRows is how many rows of a template have drop-down lists and formats.
const templateRows = 2000

// Template writes the template workbook of a kind: the headers, a row that is an
// example, drop-down lists, and a sheet that explains the columns. Organisations
// are those of the ledger, as a list to choose from; there may be none.
func (k *Kind) Template(to io.Writer, lang string, organisations []string) error {
	f := excelize.NewFile()
	defer f.Close()
	main := cut(k.Title.In(lang), 31)
	lists, help := ownSheets[3], ownSheets[1]
	if lang == "vi" {
		lists, help = ownSheets[2], ownSheets[0]
	}
	if err := f.SetSheetName("Sheet1", main); err != nil {
		return err
	}
	for _, name := range []string{help, lists} {
		if _, err := f.NewSheet(name); err != nil {
			return err
		}
	}
	t := &template{kind: k, lang: lang, f: f, main: main, lists: lists, help: help, organisations: organisations}
	if err := t.fill(); err != nil {
		return err
	}
	if err := f.SetSheetVisible(lists, false); err != nil {
		return err
	}
	return f.Write(to)
}

type template struct {
	kind              *Kind
	lang              string
	f                 *excelize.File
	main, lists, help string
	organisations     []string
	listed            int // columns of the lists that are in use
}

const (
	headRow    = 3
	exampleRow = 4
	firstRow   = 5
)

func (t *template) fill() error {
	head, err := t.f.NewStyle(&excelize.Style{
		Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DDE6F0"}},
		Alignment: &excelize.Alignment{WrapText: true, Horizontal: "center", Vertical: "center"},
	})
	if err != nil {
		return err
	}
	text, err := t.f.NewStyle(&excelize.Style{NumFmt: 49}) // a text: zeros and days stay as they are typed
	if err != nil {
		return err
	}
	example, err := t.f.NewStyle(&excelize.Style{NumFmt: 49, Font: &excelize.Font{Italic: true, Color: "808080"}})
	if err != nil {
		return err
	}
	say := func(x domain.Text) string { return x.In(t.lang) }
	if err := t.f.SetCellStr(t.main, "A1", say(t.kind.Title)); err != nil {
		return err
	}
	rows := [][]string{{"STT", say(domain.Text{EN: "Example", VI: "Ví dụ"})}}
	if t.lang != "vi" {
		rows[0][0] = "No."
	}
	explained := [][]string{{say(domain.Text{EN: "Column", VI: "Cột"}), say(domain.Text{EN: "Needed", VI: "Bắt buộc"}), say(domain.Text{EN: "How to write it", VI: "Cách ghi"})}}
	for _, c := range t.kind.columns {
		if c.form == ignored || c.head == (domain.Text{}) {
			continue
		}
		rows = append(rows, []string{say(c.head), say(t.kind.example[c.key])})
		mark := ""
		if c.needed {
			mark = "x"
		}
		explained = append(explained, []string{say(c.head), mark, say(t.explain(c))})
		if err := t.choose(len(rows), c); err != nil {
			return err
		}
	}
	for i, r := range rows {
		for j, at := range []int{headRow, exampleRow} {
			if err := t.set(t.main, i+1, at, r[j], []int{head, example}[j]); err != nil {
				return err
			}
		}
		name, _ := excelize.ColumnNumberToName(i + 1) // within bounds
		width := 18.0
		if i == 0 {
			width = 8
		}
		if err := t.f.SetColWidth(t.main, name, name, width); err != nil {
			return err
		}
		from, to := fmt.Sprintf("%s%d", name, firstRow), fmt.Sprintf("%s%d", name, firstRow+templateRows)
		if err := t.f.SetCellStyle(t.main, from, to, text); err != nil {
			return err
		}
	}
	if err := t.f.SetPanes(t.main, &excelize.Panes{Freeze: true, YSplit: headRow, TopLeftCell: fmt.Sprintf("A%d", exampleRow), ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	for i, r := range explained {
		for j, v := range r {
			if err := t.set(t.help, j+1, i+1, v, 0); err != nil {
				return err
			}
		}
	}
	return t.f.SetColWidth(t.help, "A", "C", 40)
}

func (t *template) set(sheet string, column, row int, text string, style int) error {
	at, err := excelize.CoordinatesToCellName(column, row)
	if err != nil {
		return err
	}
	if err := t.f.SetCellStr(sheet, at, text); err != nil || style == 0 {
		return err
	}
	return t.f.SetCellStyle(sheet, at, at, style)
}

func (t *template) explain(c column) domain.Text {
	switch {
	case c.help != (domain.Text{}):
		return c.help
	case c.form == asDate:
		return domain.Text{EN: "dd/mm/yyyy", VI: "ngày/tháng/năm"}
	case c.form == asYear:
		return domain.Text{EN: "four digits", VI: "bốn chữ số"}
	case len(c.words) > 0:
		return domain.Text{EN: "choose from the list", VI: "chọn trong danh sách"}
	}
	return domain.Text{EN: "text", VI: "văn bản"}
}

// choose gives a column its drop-down list, which stands on the hidden sheet: one
// that is written out may have 255 characters only.
func (t *template) choose(at int, c column) error {
	var choices []string
	switch c.form {
	case asWord:
		for _, w := range c.words {
			choices = append(choices, w.text.In(t.lang))
		}
	case asEthnicity:
		choices = listed(domain.EthnicGroups())
	case asReligion:
		choices = listed(domain.Religions())
	case asOrganisation:
		choices = t.organisations
	case asMark:
		choices = []string{"x"}
	default:
	}
	if len(choices) == 0 {
		return nil
	}
	t.listed++
	for i, choice := range choices {
		if err := t.set(t.lists, t.listed, i+1, choice, 0); err != nil {
			return err
		}
	}
	list, err := excelize.ColumnNumberToName(t.listed)
	if err != nil {
		return err
	}
	column, err := excelize.ColumnNumberToName(at)
	if err != nil {
		return err
	}
	v := excelize.NewDataValidation(true)
	v.SetSqref(fmt.Sprintf("%s%d:%s%d", column, firstRow, column, firstRow+templateRows))
	v.SetSqrefDropList(fmt.Sprintf("'%s'!$%s$1:$%s$%d", t.lists, list, list, len(choices)))
	v.SetError(excelize.DataValidationErrorStyleWarning, t.kind.Title.In(t.lang), domain.Text{EN: "this is not in the list", VI: "giá trị không có trong danh sách"}.In(t.lang))
	return t.f.AddDataValidation(t.main, v)
}

func listed(list []domain.Listed) []string {
	out := make([]string, len(list))
	for i, l := range list {
		out[i] = l.Code + " " + l.Name
	}
	return out
}
