package sheets_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/office/sheets"
)

// What a row of the register is refused for, by the cell that is changed.
func TestCellsThatAreRefusedAreNamedAndNeverRepeated(t *testing.T) {
	l := open(t)
	for name, tt := range map[string]struct {
		at    int
		value any
		says  string // "" for a cell that is fine
	}{
		"a short day":                  {2, "5/3/1970", ""},
		"a year alone":                 {2, 1970, ""},
		"a number of a day":            {2, 25632, ""},
		"spoken":                       {2, "ngày 5 tháng 3 năm 1970", ""},
		"month first":                  {2, "03/25/1970", "only if the month stands first"},
		"two digits of a year":         {2, "05/03/70", "is not a day"},
		"a day that does not exist":    {2, "30/02/1970", "does not exist"},
		"an ambiguous group":           {4, "Hoa", "several meanings: 04 Hoa, 08 HMông"},
		"another":                      {4, "Thổ", "several meanings"},
		"a third":                      {4, "Xá Lá Vàng", "several meanings"},
		"a code and its name":          {4, "04 Hoa", ""},
		"without marks":                {4, "ha nhi", ""},
		"an apostrophe":                {4, "H'Mông", ""},
		"an unknown group":             {4, "Hà Nhỉ", "did you mean 35 Hà Nhì"},
		"an unknown religion":          {5, "Phật dáo", "did you mean 01 Phật giáo"},
		"an unknown organisation":      {7, "Chi bộ bản Huổi Khonn", "did you mean Chi bộ bản Huổi Khon (huoi-khon)"},
		"a name with its id":           {7, "Chi bộ bản Huổi Khon (huoi-khon)", ""},
		"a name with another's id":     {7, "Chi bộ bản Huổi Khon (huoi-hoa)", "is no organisation of the ledger"},
		"a tone on the other letter":   {7, "chi bộ bản Huổi Hòa", ""},
		"a lost zero":                  {6, 11070000001, ""},
		"a lost zero of somebody else": {6, 11185000001, "may have lost zeros"},
		"a card as a number":           {10, 1234567, "may have lost zeros"},
		"an exponent":                  {6, "1.1E+10", "shortened by the spreadsheet"},
	} {
		t.Run(name, func(t *testing.T) {
			row := slices.Clone(pao)
			row[tt.at] = tt.value
			got, err := try(t.Context(), l, register(t, row), sheets.Options{}, ledger.ImportOptions{Language: "en", DryRun: true})
			if err != nil {
				t.Fatal(err)
			}
			if tt.says == "" {
				if got.Rejected != 0 || got.Accepted == 0 {
					t.Errorf("import = %+v", got.Rejections)
				}
				return
			}
			if got.Rejected != 1 {
				t.Fatalf("import = %+v", got.ImportResult)
			}
			x := got.Rejections[0]
			if !strings.Contains(x.Message, tt.says) || x.Line != 7 || x.Sheet != "Danh sách" || x.Column == "" {
				t.Errorf("rejection = %+v, want line 7, a column and %q", x, tt.says)
			}
			if text, ok := tt.value.(string); ok && strings.Contains(x.Message, text) && tt.at != 4 && tt.at != 7 {
				t.Errorf("the message repeats the cell: %s", x.Message)
			}
		})
	}
}

func TestDaysOf1904FormulasErrorsAndHiddenRows(t *testing.T) {
	f := excelize.NewFile()
	for i, r := range [][]any{{"member", "year", "grade", "on"}, {"m1", 2021, "good", nil}, {"m1", 2021, "good", nil}, {"m1", 2021, "#N/A", nil}} {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &r); err != nil {
			t.Fatal(err)
		}
	}
	yes := true
	style, _ := f.NewStyle(&excelize.Style{NumFmt: 14})
	for _, err := range []error{
		f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &yes}),
		f.SetCellValue("Sheet1", "D2", 43098), f.SetCellStyle("Sheet1", "D2", "D2", style), // 2021-12-30 from 1904
		f.SetCellFormula("Sheet1", "B3", "2020+1"), f.SetRowVisible("Sheet1", 2, false), f.SetCellStr("Sheet1", "C3", "good"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	l := open(t)
	take(t, l, []byte("member,name,born,gender,ethnicity,religion,organisation,status,admitted_on\nm1,A Páo,1970,male,08,00,huoi-khon,official,1995-02-03\n"), sheets.Options{EffectiveOn: day("2020-01-01")})
	got := take(t, l, written(t, f), sheets.Options{})
	if !slices.ContainsFunc(events(t, l), func(e domain.Entry) bool { return e.Type() == "member.rated" && e.EffectiveOn == day("2021-12-30") }) {
		t.Error("there is no rating of 2021-12-30")
	}
	said := fmt.Sprint(got.Notes, got.Rejections)
	for _, want := range []string{"is hidden in the sheet", "is not one of: excellent"} {
		if !strings.Contains(said, want) {
			t.Errorf("nothing says %q: %s", want, said)
		}
	}
}

// The register that the program exports is the register that it has.
func TestAnExportedRegisterIsUnchanged(t *testing.T) {
	l := open(t)
	take(t, l, register(t, pao, mai), sheets.Options{})
	csv := "member,name,born,gender,ethnicity,religion,status,admitted_on,confirmed_on,organisation\n"
	for _, e := range events(t, l) {
		if b, ok := e.Event.(*domain.BroughtForward); ok {
			n := domain.Name{BirthDate: b.Person.BirthDate, BirthYear: b.Person.BirthYear}
			csv += fmt.Sprintf("%s,%s,%s,%s,%s,%s,%s,%s,%s,%s\n", e.Subject.ID(), b.Person.FullName, n.Born(), b.Person.Gender, b.Person.Ethnicity, b.Person.Religion, b.Status, b.AdmittedOn, b.ConfirmedOn, b.Organisation)
		}
	}
	if got := take(t, l, []byte(csv), sheets.Options{Today: day("2023-01-01")}); got.Unchanged != 2 || got.Rejected+got.Accepted != 0 {
		t.Errorf("the export comes back as %+v", got.ImportResult)
	}
	got := take(t, l, []byte(strings.Replace(csv, "huoi-khon", "huoi-hoa", 1)), sheets.Options{Today: day("2023-01-01")})
	if got.Rejected != 1 || !strings.Contains(got.Rejections[0].Message, "something else of: organisation;") {
		t.Errorf("a changed organisation: %+v", got.Rejections)
	}
}

// The result can be corrected and imported; what begins like a formula is a text.
func TestTheResultHasTheReasonBesideEachRow(t *testing.T) {
	l := open(t)
	bad := slices.Clone(mai)
	bad[4], bad[1] = "Hoa", "=cmd()"
	result := sheets.NewResult("vi", t.TempDir())
	b, err := sheets.Open("f", bytes.NewReader(register(t, pao, bad)), sheets.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Import(t.Context(), []ledger.File{{Name: "f", Rows: b.Rows}}, ledger.ImportOptions{Language: "vi", Row: result.Add}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := result.Write(&out); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{"M4": "Kết quả nhập", "M7": "đã ghi", "M8": "bị từ chối", "O8": "hãy ghi mã", "B8": "=cmd()"} {
		if have, err := f.GetCellValue("Danh sách", at); have != want || err != nil {
			t.Errorf("%s = %q, %v, want %q", at, have, err, want)
		}
	}
	if formula, err := f.GetCellFormula("Danh sách", "B8"); formula != "" || err != nil {
		t.Errorf("B8 is the formula %q, %v", formula, err)
	}
	if again := take(t, l, out.Bytes(), sheets.Options{}); again.Unchanged != 2 || again.Rejected != 1 {
		t.Errorf("the result, imported = %+v", again.ImportResult)
	}
}

// Every template is of its own kind, in both languages, once the example is filled
// in as a row.
func TestEveryTemplateIsRecognisedAndItsRowsAreRead(t *testing.T) {
	l := open(t)
	kinds := sheets.Kinds()
	if fewTemplates {
		kinds = kinds[:2]
	}
	for _, k := range kinds {
		for _, lang := range []string{"vi", "en"} {
			var out bytes.Buffer
			if err := k.Template(&out, lang, []string{"Chi bộ bản Huổi Khon"}); err != nil {
				t.Fatal(err)
			}
			f, err := excelize.OpenReader(&out)
			if err != nil {
				t.Fatal(err)
			}
			main := f.GetSheetName(0)
			example, err := f.GetRows(main)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range example[3] {
				at, _ := excelize.CoordinatesToCellName(i+1, 5)
				if i == 0 {
					v = "1"
				}
				if v == "id or name" || v == "mã hoặc tên" {
					v = "Chi bộ bản Huổi Khon"
				}
				if err := f.SetCellStr(main, at, v); err != nil {
					t.Fatal(err)
				}
			}
			got, err := try(t.Context(), l, written(t, f), sheets.Options{}, ledger.ImportOptions{Language: "en", DryRun: true})
			if err != nil {
				t.Fatalf("%s, %s: %v", k.Name, lang, err)
			}
			if s := got.statuses(); !strings.HasPrefix(s, "4:skipped 5:") {
				t.Errorf("%s, %s: %s", k.Name, lang, s)
			}
			for _, x := range got.Rejections { // facts may be missing in this ledger; words and headers may not
				if x.Code != domain.UnknownEntity && x.Code != domain.Invariant {
					t.Errorf("%s, %s: %+v", k.Name, lang, x)
				}
			}
			if !strings.Contains(fmt.Sprint(got.Notes), "taken in as: "+k.Title.EN) {
				t.Errorf("%s, %s was taken in as another kind: %v", k.Name, lang, got.Notes)
			}
		}
	}
}

// An import that was interrupted keeps what it stored.
func TestAnInterruptedSheetGoesOnWhenItIsImportedAgain(t *testing.T) {
	const n = 3000
	var text strings.Builder
	text.WriteString("member,name,born,gender,ethnicity,religion,organisation,status,admitted_on\n")
	for i := range n {
		fmt.Fprintf(&text, "m%d,Người %d,1970,male,08,00,huoi-khon,official,1995-02-03\n", i, i)
	}
	l := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	o := sheets.Options{EffectiveOn: day("2020-01-01")}
	first, err := try(ctx, l, []byte(text.String()), o, ledger.ImportOptions{Progress: func(rows, _ int64) {
		if rows > n/3 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || first.Accepted == 0 || first.Accepted == n {
		t.Fatalf("interrupted: %d accepted, %v", first.Accepted, err)
	}
	again := take(t, l, []byte(text.String()), o)
	if again.Unchanged != first.Accepted || again.Accepted != n-first.Accepted {
		t.Errorf("first %d accepted, then %d unchanged and %d accepted", first.Accepted, again.Unchanged, again.Accepted)
	}
}
