package sheets

import (
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"rollbook/domain"
	"rollbook/ledger"
)

// Result writes what became of each row beside the row: a workbook with the
// sheets as they were, each row at its own number, and columns for the result,
// the reason and what to do. It can be corrected and imported in its turn.
type Result struct {
	lang    string
	file    *excelize.File
	sheets  map[*Sheet]*resultSheet
	order   int
	current *resultSheet
	err     error
}

type resultSheet struct {
	writer *excelize.StreamWriter
	width  int // of the sheet itself
	last   int // row written
}

// NewResult begins a result. Large ones are kept in files in dir until they are
// written, because that is where they go in the end.
func NewResult(lang, dir string) *Result {
	return &Result{lang: lang, file: excelize.NewFile(excelize.Options{TmpDir: dir}), sheets: map[*Sheet]*resultSheet{}}
}

// Add takes in what became of a row; it is for [ledger.ImportOptions]. Rows come
// in the order of their sheets.
func (r *Result) Add(o ledger.RowOutcome) {
	row, ok := o.Row.(*sheetRow)
	if !ok || row.layout == nil || r.err != nil {
		return
	}
	r.err = r.add(row, o)
}

func (r *Result) add(row *sheetRow, o ledger.RowOutcome) error {
	s := r.sheets[row.sheet]
	if s == nil {
		var err error
		if s, err = r.begin(row.sheet); err != nil {
			return err
		}
	}
	values := r.cells(row.row, s.width)
	status := map[string]domain.Text{
		ledger.RowAccepted: {EN: "recorded", VI: "đã ghi"}, ledger.RowUnchanged: {EN: "unchanged", VI: "đã có sẵn"},
		ledger.RowRejected: {EN: "rejected", VI: "bị từ chối"}, ledger.RowSkipped: {EN: "skipped", VI: "bỏ qua"},
	}[o.Status]
	reason, do := strings.Join(o.Notes, " "), ""
	if x := o.Rejection; x != nil {
		reason = x.Message
		if i := strings.Index(reason, "; "); i > 0 { // what is wrong; what to do
			reason, do = reason[:i], reason[i+2:]
		}
		if at := x.Column; at != "" {
			reason = at + ": " + reason
		}
		if do == "" {
			do = domain.Text{EN: "correct the row and import the file again", VI: "sửa dòng này rồi nhập lại tệp"}.In(r.lang)
		}
	}
	values = append(values, status.In(r.lang), reason, do)
	return s.set(row.number, values)
}

// begin begins a sheet with its rows up to the header.
func (r *Result) begin(sheet *Sheet) (*resultSheet, error) {
	if r.current != nil {
		if err := r.current.writer.Flush(); err != nil {
			return nil, err
		}
	}
	name := sheet.Name
	if name == "" {
		name = "CSV"
	}
	const first = "Sheet1"
	if r.order++; r.order == 1 {
		if err := r.file.SetSheetName(first, name); err != nil {
			return nil, err
		}
	} else {
		for i := 2; ; i++ { // files of one command may have sheets of one name
			if at, err := r.file.GetSheetIndex(name); err == nil && at < 0 {
				break
			}
			name = cut(sheet.Name, 25) + " " + letter(i)
		}
		if _, err := r.file.NewSheet(name); err != nil {
			return nil, err
		}
	}
	w, err := r.file.NewStreamWriter(name)
	if err != nil {
		return nil, err
	}
	s := &resultSheet{writer: w, width: len(sheet.layout.heads)}
	r.sheets[sheet], r.current = s, s
	for _, before := range sheet.layout.before {
		values := r.cells(before, s.width)
		if before.number == sheet.layout.last || before.number == sheet.layout.first {
			values = values[:s.width]
			if before.number == sheet.layout.first {
				for _, head := range resultHeads {
					values = append(values, head.In(r.lang))
				}
			}
		}
		if err := s.set(before.number, values); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func cut(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most])
	}
	return s
}

// cells returns the cells of a row as texts: what begins like a formula is none.
func (r *Result) cells(from row, width int) []any {
	values := make([]any, max(width, len(from.cells)))
	for i, c := range from.cells {
		switch c.content {
		case blank:
		case serial:
			values[i] = c.text
			if d, ok := parseSerial(c.text); ok {
				values[i] = d.Vietnamese()
			}
		default:
			values[i] = c.text
		}
	}
	// What stands right of the header would run into the result.
	return values[:width]
}

func (s *resultSheet) set(number int, values []any) error {
	if number <= s.last {
		number = s.last + 1 // lines of CSV may be rows of several lines
	}
	s.last = number
	at, err := excelize.CoordinatesToCellName(1, number)
	if err != nil {
		return err
	}
	return s.writer.SetRow(at, values)
}

// Write writes the workbook and ends the result.
func (r *Result) Write(to io.Writer) error {
	defer r.file.Close()
	if r.err == nil && r.current != nil {
		r.err = r.current.writer.Flush()
	}
	if r.err != nil {
		return r.err
	}
	return r.file.Write(to)
}
