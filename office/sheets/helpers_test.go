package sheets_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/office/sheets"
)

// open makes a ledger that has a small district.
func open(t testing.TB) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), t.TempDir(), ledger.Options{Create: true, Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	lines := []string{
		`{"type":"organisation.established","subject":"organisation/huyen","effectiveon":"1990-01-01","data":{"name":"Đảng bộ huyện","kind":"district_committee","parent":null}}`,
		`{"type":"organisation.established","subject":"organisation/nam-ke","effectiveon":"1990-01-01","data":{"name":"Đảng bộ xã Nậm Kè","kind":"grassroots_committee","parent":"huyen","sector":"commune"}}`,
		`{"type":"organisation.established","subject":"organisation/huoi-khon","effectiveon":"1990-01-01","data":{"name":"Chi bộ bản Huổi Khon","kind":"cell","parent":"nam-ke"}}`,
		`{"type":"organisation.established","subject":"organisation/huoi-hoa","effectiveon":"1990-01-01","data":{"name":"Chi bộ bản Huổi Hoà","kind":"cell","parent":"nam-ke"}}`,
	}
	r, err := l.Import(t.Context(), []ledger.File{{Name: "setup", Reader: strings.NewReader(strings.Join(lines, "\n"))}}, ledger.ImportOptions{})
	if err != nil || r.Accepted != len(lines) {
		t.Fatalf("setup: %+v, %v", r, err)
	}
	return l
}

// book writes a workbook of one sheet, in which a value is what excelize takes.
func book(t testing.TB, sheet string, rows ...[]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	if err := f.SetSheetName("Sheet1", sheet); err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		if err := f.SetSheetRow(sheet, fmt.Sprintf("A%d", i+1), &r); err != nil {
			t.Fatal(err)
		}
	}
	return written(t, f)
}

func written(t testing.TB, f *excelize.File) []byte {
	t.Helper()
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// outcome is what became of an import.
type outcome struct {
	ledger.ImportResult
	rows []ledger.RowOutcome // without remarks on whole sheets
}

// take imports a file and fails if it cannot be read at all.
func take(t testing.TB, l *ledger.Ledger, file []byte, o sheets.Options) outcome {
	t.Helper()
	out, err := try(t.Context(), l, file, o, ledger.ImportOptions{Language: "en"})
	if err != nil {
		t.Fatalf("import: %v", err)
	}
	return out
}

func try(ctx context.Context, l *ledger.Ledger, file []byte, o sheets.Options, how ledger.ImportOptions) (out outcome, err error) {
	b, err := sheets.Open("so.xlsx", bytes.NewReader(file), o)
	if err != nil {
		return out, err
	}
	how.Row = func(r ledger.RowOutcome) {
		if r.Line > 0 {
			out.rows = append(out.rows, r)
		}
	}
	out.ImportResult, err = l.Import(ctx, []ledger.File{{Name: b.Name, Rows: b.Rows}}, how)
	return out, err
}

func day(s string) domain.Date {
	d, ok := domain.ParseDate(s)
	if !ok {
		panic(s)
	}
	return d
}

// statuses writes what became of the rows in a line.
func (o outcome) statuses() string {
	var b strings.Builder
	for _, r := range o.rows {
		fmt.Fprintf(&b, "%d:%s ", r.Line, r.Status)
	}
	return strings.TrimSpace(b.String())
}

// events returns all events of a ledger, as type and subject.
func events(t testing.TB, l *ledger.Ledger) (all []domain.Entry) {
	t.Helper()
	for e, err := range l.Events(t.Context(), ledger.EventFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// fewTemplates is true where two templates stand for all: see race_test.go.
var fewTemplates bool
