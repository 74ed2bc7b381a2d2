package sheets

import (
	"fmt"

	"rollbook/domain"
	"rollbook/ledger"
)

// Limits bound what a file may ask of the program that reads it. The zero value
// of a limit is that of [DefaultLimits].
type Limits struct {
	Packed    int64 // bytes of a workbook's file
	Unpacked  int64 // bytes of all its parts, or of a CSV file
	Ratio     int64 // unpacked over packed, of each part above a megabyte
	Parts     int   // entries of the archive
	Sheets    int
	Rows      int // of a sheet
	Columns   int // up to the last that holds something
	Cell      int // characters of a cell
	Texts     int // common texts of a workbook
	TextBytes int // all of them together
}

// DefaultLimits are far beyond an office's sheets: 200,000 rows.
var DefaultLimits = Limits{
	Packed: 20 << 20, Unpacked: 200 << 20, Ratio: 100, Parts: 200, Sheets: 50,
	Rows: 200_000, Columns: 100, Cell: 32_767, Texts: 1_000_000, TextBytes: 64 << 20,
}

func (l Limits) orDefault() Limits {
	for _, f := range []struct {
		have *int
		def  int
	}{
		{&l.Parts, DefaultLimits.Parts},
		{&l.Sheets, DefaultLimits.Sheets},
		{&l.Rows, DefaultLimits.Rows},
		{&l.Columns, DefaultLimits.Columns},
		{&l.Cell, DefaultLimits.Cell},
		{&l.Texts, DefaultLimits.Texts},
		{&l.TextBytes, DefaultLimits.TextBytes},
	} {
		if *f.have == 0 {
			*f.have = f.def
		}
	}
	for _, f := range []struct {
		have *int64
		def  int64
	}{
		{&l.Packed, DefaultLimits.Packed},
		{&l.Unpacked, DefaultLimits.Unpacked},
		{&l.Ratio, DefaultLimits.Ratio},
	} {
		if *f.have == 0 {
			*f.have = f.def
		}
	}
	return l
}

// FileError says why a file as a whole cannot be taken in, and what to do. It is
// a [ledger.ErrFile].
type FileError struct {
	File  string
	Sheet string // "" if it is not about one sheet
	Line  int    // 0 if it is not about one row
	Text  domain.Text
	Cause error // may be nil
}

// In returns the message in a language, "vi" or "en".
func (e *FileError) In(lang string) string {
	at := e.File
	if e.Sheet != "" {
		at += ", " + e.Sheet
	}
	if e.Line > 0 {
		at += fmt.Sprintf(":%d", e.Line)
	}
	return at + ": " + e.Text.In(lang)
}

func (e *FileError) Error() string { return e.In("en") }

// Unwrap returns what is behind it.
func (e *FileError) Unwrap() []error {
	if e.Cause == nil {
		return []error{ledger.ErrFile}
	}
	return []error{ledger.ErrFile, e.Cause}
}

// refuse returns a FileError that the caller places.
func refuse(en, vi string, args ...any) *FileError {
	return &FileError{Text: textf(en, vi, args...)}
}

func textf(en, vi string, args ...any) domain.Text {
	if len(args) == 0 {
		return domain.Text{EN: en, VI: vi}
	}
	return domain.Text{EN: fmt.Sprintf(en, args...), VI: fmt.Sprintf(vi, args...)}
}

func damaged(cause error) *FileError {
	return &FileError{Cause: cause, Text: domain.Text{
		EN: "is damaged or not whole; copy or download it again, or open it in Excel or LibreOffice and save it once more",
		VI: "bị hỏng hoặc không đầy đủ; hãy sao chép hay tải lại, hoặc mở bằng Excel hay LibreOffice rồi lưu lại",
	}}
}

func tooMuch(what domain.Text, most int64) *FileError {
	return refuse("holds more than %[1]d %[2]s; split it, or save only the sheets that are needed as a new workbook",
		"có quá %[1]d %[3]s; hãy tách tệp, hoặc chỉ lưu các trang cần nhập thành sổ tính mới", most, what.EN, what.VI)
}
