package sheets

import (
	"bufio"
	"context"
	"errors"
	"io"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"rollbook/domain"
	"rollbook/ledger"
)

// Options say how to read a file. The zero value works but for registers that say
// of no day that they are.
type Options struct {
	Limits Limits
	// Kind is that of the sheets, by name; "" to recognise it.
	Kind string
	// Mapping says which headers stand for what, where they are not those that are
	// known; nil for none.
	Mapping *Mapping
	// EffectiveOn is the day of a register; zero if the sheet says it.
	EffectiveOn domain.Date
	// Today is the day on which a register is compared that says none.
	Today domain.Date
}

// Book is a workbook, or a CSV file, that was opened. It is read once.
type Book struct {
	Name    string // as rejections name it
	Sheets  []*Sheet
	options Options
	notes   []sheetRow // what is to be said of the whole
	// organisations are found by name while the rows have their turns.
	organisations organisationIndex
}

// Sheet is a sheet that was recognised.
type Sheet struct {
	Name   string // "" in CSV
	Kind   *Kind
	book   *Book
	layout *layout
	table  table
	rest   []row // of the body, read while the header was looked for
	notes  []domain.Text
}

// Open opens a workbook or a CSV file, looks for bombs and damage, and recognises
// its sheets; nothing of their rows is taken in before [Book.Rows]. A workbook is
// read into memory, packed as it is; CSV is read as it comes. Errors are
// *[FileError].
func Open(name string, in io.Reader, o Options) (*Book, error) {
	o.Limits = o.Limits.orDefault()
	b := &Book{Name: name, options: o}
	if err := b.open(in); err != nil {
		if f, ok := errors.AsType[*FileError](err); ok {
			f.File = name
			return nil, f
		}
		return nil, err
	}
	return b, nil
}

func (b *Book) open(in io.Reader) error {
	m := b.options.Mapping
	if b.options.Kind != "" {
		if m == nil {
			m = &Mapping{}
		}
		named := *m
		named.Kind = b.options.Kind
		m = &named
	}
	sampled := bufio.NewReaderSize(in, sampleBytes)
	sample, err := sampled.Peek(sampleBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch Sniff(sample) {
	case CSV:
		f, err := openCSV(sampled, b.options.Limits)
		if err != nil {
			return err
		}
		if err := b.add("", f, m, csvNotes(f)); err != nil {
			return err
		}
		return b.some()
	case Workbook:
		if err := checkForm(sample); err != nil {
			return err
		}
	case NotATable:
		return refuse("is no table: neither a workbook (.xlsx) nor CSV", "không phải bảng: không phải sổ tính (.xlsx), cũng không phải CSV")
	}
	file, err := io.ReadAll(io.LimitReader(sampled, b.options.Limits.Packed+1))
	if err != nil {
		return err
	}
	if int64(len(file)) > b.options.Limits.Packed {
		return tooMuch(domain.Text{EN: "bytes", VI: "byte"}, b.options.Limits.Packed)
	}
	if err := checkWorkbook(file); err != nil {
		return err
	}
	w, err := openWorkbook(file, b.options.Limits)
	if err != nil {
		return err
	}
	if w.macros {
		b.say("", "has macros, which were not looked at", "có macro, chương trình không dùng đến")
	}
	for _, s := range w.sheets {
		if m != nil && m.Sheet != "" && m.Sheet != s.name {
			continue
		}
		t, err := w.open(s)
		if err != nil {
			return err
		}
		var notes []domain.Text
		if s.hidden {
			notes = append(notes, textf("the sheet is hidden in the workbook", "trang bị ẩn trong sổ tính"))
		}
		if err := b.add(s.name, t, m, notes); err != nil {
			return err
		}
	}
	return b.some()
}

// some refuses a file of which no sheet was recognised.
func (b *Book) some() error {
	if len(b.Sheets) == 0 {
		return refuse("none of its first rows has the headers of a sheet that is known; `rollbook template` lists the kinds of sheet and writes templates, and --mapping FILE tells what other headers mean",
			"không có dòng đầu nào mang tiêu đề cột của biểu đã biết; `rollbook template` liệt kê và ghi biểu mẫu, --mapping TỆP cho biết ý nghĩa các tiêu đề khác")
	}
	return nil
}

func checkForm(sample []byte) error {
	if isCompound(sample) {
		return nil // the whole says which
	}
	return checkWorkbook(sample)
}

func csvNotes(f *csvFile) (notes []domain.Text) {
	if f.as != "" {
		notes = append(notes, textf("the text was read as %s", "văn bản được đọc theo bảng mã %s", f.as))
	}
	return notes
}

func (b *Book) say(sheet, en, vi string, args ...any) {
	b.notes = append(b.notes, sheetRow{sheet: &Sheet{Name: sheet, book: b}, notes: []domain.Text{textf(en, vi, args...)}})
}

// add adds a sheet, if it is of a kind.
func (b *Book) add(name string, t table, m *Mapping, notes []domain.Text) error {
	l, rest, err := recognise(t, name, m)
	if err != nil {
		if f, ok := errors.AsType[*FileError](err); ok {
			f.Sheet = name
		}
		if errors.Is(err, io.EOF) {
			return damaged(err)
		}
		return err
	}
	if l == nil {
		if name != "" && !slices.Contains(ownSheets, name) {
			b.say(name, "the sheet has no headers that are known, and was not taken in", "trang không có tiêu đề cột nào đã biết nên không được nhập")
		}
		return nil
	}
	s := &Sheet{Name: name, Kind: l.kind, book: b, layout: l, table: t, rest: rest, notes: notes}
	s.note("taken in as: %[1]s", "được nhập như: %[2]s", l.kind.Title.EN, l.kind.Title.VI)
	if len(l.unknown) > 0 {
		heads := strings.Join(l.unknown, "; ")
		s.note("columns that are not taken in: %s", "các cột không được nhập: %s", heads)
	}
	b.Sheets = append(b.Sheets, s)
	return nil
}

func (s *Sheet) note(en, vi string, args ...any) {
	s.notes = append(s.notes, textf(en, vi, args...))
}

// Rows yields the rows of all sheets, in their order, for [ledger.File]. An error
// is the last that it yields.
func (b *Book) Rows(ctx context.Context) iter.Seq2[ledger.Row, error] {
	return func(yield func(ledger.Row, error) bool) {
		for i := range b.notes {
			if !yield(&b.notes[i], nil) {
				return
			}
		}
		for _, s := range b.Sheets {
			if w, ok := s.table.(*worksheet); ok && len(w.hidden) > 0 {
				s.note("hidden columns were taken in as the others: %s", "các cột bị ẩn vẫn được nhập như các cột khác: %s", s.hiddenColumns(w))
			}
			if len(s.notes) > 0 && !yield(&sheetRow{sheet: s, notes: s.notes}, nil) {
				return
			}
			for {
				r, err := s.next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err == nil {
					err = ctx.Err()
				}
				if f, ok := errors.AsType[*FileError](err); ok {
					f.File, f.Sheet = b.Name, s.Name
				}
				if err != nil {
					yield(nil, err)
					return
				}
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

func (s *Sheet) hiddenColumns(w *worksheet) string {
	var names []string
	for _, i := range w.hidden {
		if i < len(s.layout.heads) && s.layout.heads[i] != "" {
			names = append(names, letter(i))
		}
	}
	return strings.Join(names, ", ")
}

// next returns the next row of the body.
func (s *Sheet) next() (*sheetRow, error) {
	var r row
	if len(s.rest) > 0 {
		r, s.rest = s.rest[0], s.rest[1:]
	} else {
		var err error
		if r, err = s.table.next(); err != nil {
			return nil, err
		}
	}
	return &sheetRow{row: r, sheet: s, layout: s.layout, skip: s.skip(r)}, nil
}

var (
	totalPattern   = regexp.MustCompile(`^((tong cong|tong so|tong|total|grand total|sum)( .*)?|cong( \d[\d ]*)?)$`)
	examplePattern = regexp.MustCompile(`^(vi du|vd|example)\b`)
)

// skip says why a row is none of the sheet's entries, nothing if it is one. What
// is skipped is reported, so a doubt costs a look and not a fact.
func (s *Sheet) skip(r row) domain.Text {
	l := s.layout
	first, filled := "", 0
	for i, c := range r.cells {
		if c.content == blank {
			continue
		}
		if first == "" {
			first = bare(c.text)
		}
		if !l.numbers(i) {
			filled++
		}
	}
	switch {
	case examplePattern.MatchString(first):
		return textf("is the example", "là dòng ví dụ")
	case totalPattern.MatchString(first):
		return textf("is a total", "là dòng tổng cộng")
	case s.repeatsHeader(r):
		return textf("is the header once more", "là tiêu đề lặp lại")
	case r.numbersColumns() && filled > 1 && len(l.at) > 2 && !s.says(r):
		return textf("numbers the columns", "là dòng đánh số cột")
	}
	if !s.says(r) {
		return textf("says nothing in the columns that an entry needs: a note, a heading or a signature as it seems", "không có gì ở các cột cần thiết: có vẻ là ghi chú, đề mục hoặc chữ ký")
	}
	if filled == 1 && !s.numbered(r) {
		return textf("is a heading within the table as it seems: only one cell says something", "có vẻ là đề mục trong bảng: chỉ một ô có nội dung")
	}
	return domain.Text{}
}

// says reports whether a row says anything in a column that the kind is known by.
func (s *Sheet) says(r row) bool {
	for _, group := range s.Kind.marks {
		for _, key := range group {
			if i, ok := s.layout.at[key]; ok && (r.cell(i).content != blank || r.cell(i).formula) {
				return true
			}
		}
	}
	return false
}

// numbers reports whether a column only numbers the rows.
func (l *layout) numbers(i int) bool {
	if i >= len(l.heads) {
		return false
	}
	switch bare(l.heads[i]) {
	case "stt", "tt", "so tt", "so thu tu", "no":
		return true
	}
	return false
}

func (s *Sheet) numbered(r row) bool {
	for i, c := range r.cells {
		if s.layout.numbers(i) {
			if _, err := strconv.Atoi(strings.Trim(c.text, ". ")); err == nil {
				return true
			}
		}
	}
	return false
}

func (s *Sheet) repeatsHeader(r row) bool {
	alike := 0
	for _, i := range s.layout.at {
		if text := plainHeader(r.cell(i).text); text != "" && spelled(text) == spelled(s.layout.heads[i]) {
			alike++
		}
	}
	return alike > 1 && 2*alike > len(s.layout.at)
}

// ownSheets are those of our templates and results that hold no entries.
var ownSheets = []string{"Hướng dẫn", "Instructions", "Danh mục", "Lists"}
