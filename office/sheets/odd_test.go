package sheets_test

import (
	"fmt"
	"strings"
	"testing"

	"rollbook/ledger"
	"rollbook/office/sheets"
)

var how = ledger.ImportOptions{Language: "en"}

// sheetXML writes a sheet cell by cell, for what excelize does not write.
func sheetXML(columns string, rows ...[]string) string {
	var b strings.Builder
	b.WriteString("<worksheet>" + columns + "<sheetData>")
	for y, row := range rows {
		fmt.Fprintf(&b, `<row r="%d">`, y+1)
		for x, cell := range row {
			at := fmt.Sprintf("%c%d", 'A'+x, y+1)
			if strings.HasPrefix(cell, "<") {
				b.WriteString(strings.Replace(cell, "<c", `<c r="`+at+`"`, 1))
			} else {
				fmt.Fprintf(&b, `<c r="%s" t="inlineStr"><is><t>%s</t></is></c>`, at, cell)
			}
		}
		b.WriteString("</row>")
	}
	return b.String() + "</sheetData></worksheet>"
}

// one is a ledger with one member, m1.
const one = "member,name,born,gender,ethnicity,religion,organisation,status,admitted_on\n" +
	"m1,A Páo,1970,male,08,00,huoi-khon,official,1995-02-03\n"

// What a workbook has beside plain cells is said, and nothing is taken that has no
// value.
func TestMacrosFormulasErrorsAndHiddenColumnsAreSaid(t *testing.T) {
	l := open(t)
	take(t, l, []byte(one), sheets.Options{EffectiveOn: day("2020-01-01")})
	file := raw(t, sheetXML(`<cols><col min="4" max="4" width="9" hidden="1"/></cols>`,
		[]string{"member", "year", "grade", "on"},
		[]string{"m1", `<c><f>2020+1</f></c>`, "good", "20/12/2021"},
		[]string{"m1", `<c t="e"><v>#N/A</v></c>`, "good", "20/12/2021"},
		[]string{"m1", `<c><f>2020+2</f><v>2022</v></c>`, "good", "20/12/2022"},
	), [2]string{"xl/vbaProject.bin", "no program of ours reads this"})
	got := take(t, l, file, sheets.Options{})
	if got.Accepted != 1 || got.Rejected != 2 || got.statuses() != "2:rejected 3:rejected 4:accepted" {
		t.Errorf("import = %+v, %s", got.ImportResult, got.statuses())
	}
	said := fmt.Sprint(got.Notes, got.Rejections)
	for _, want := range []string{
		"has macros, which were not looked at", "hidden columns were taken in as the others: D",
		"holds a formula without a value", "holds an error of the spreadsheet", "a formula, of which the last value was taken",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("nothing says %q: %s", want, said)
		}
	}
	if all := events(t, l); all[len(all)-1].EffectiveOn != day("2022-12-20") {
		t.Errorf("the last event is %s of %s", all[len(all)-1].Type(), all[len(all)-1].EffectiveOn)
	}
}

// An office's own headers are taken in by its mapping, and by nothing else.
func TestAMappingSaysWhatHeadersStandFor(t *testing.T) {
	l := open(t)
	take(t, l, []byte(one), sheets.Options{EffectiveOn: day("2020-01-01")})
	file := book(t, "Sheet1", []any{"Ai", "Mùa", "Hạng", "Hôm", "Ghi riêng"}, []any{"m1", 2021, "good", "20/12/2021", "x"})
	if got, err := try(t.Context(), l, file, sheets.Options{}, how); err == nil && got.Accepted > 0 {
		t.Fatalf("without a mapping: %+v", got.ImportResult)
	}
	m, err := sheets.ReadMapping(strings.NewReader(`{"kind":"member_ratings","columns":{"Ai":"member","Mùa":"year","Hạng":"grade","Hôm":"on","Ghi riêng":""}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := take(t, l, file, sheets.Options{Mapping: m}); got.Accepted != 1 || got.Rejected != 0 {
		t.Errorf("with one: %+v", got.ImportResult)
	}
	defaults, err := sheets.ReadMapping(strings.NewReader(`{"kind":"member_ratings","columns":{"Ai":"member","Hạng":"grade"},"defaults":{"year":"2022","on":"2022-12-20"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := take(t, l, book(t, "Sheet1", []any{"Ai", "Hạng"}, []any{"m1", "good"}), sheets.Options{Mapping: defaults}); got.Accepted != 1 {
		t.Errorf("with defaults: %+v", got.ImportResult)
	}
	for _, wrong := range []string{`{"kind":"census"}`, `{"columns":{"Ai":"soul"}}`, `{"column":{}}`, `[`} {
		if _, err := sheets.ReadMapping(strings.NewReader(wrong)); err == nil {
			t.Errorf("ReadMapping(%s) = nil", wrong)
		}
	}
}

// A sheet whose headers fit another kind too is what the clerk says that it is.
func TestAKindIsTheClerksWord(t *testing.T) {
	l := open(t)
	take(t, l, []byte(one), sheets.Options{EffectiveOn: day("2020-01-01")})
	file := book(t, "Sheet1", []any{"member", "year", "grade", "on"}, []any{"m1", 2021, "good", "20/12/2021"})
	if got := take(t, l, file, sheets.Options{Kind: "member_ratings"}); got.Accepted != 1 {
		t.Errorf("as member ratings: %+v", got.ImportResult)
	}
	if got, err := try(t.Context(), l, file, sheets.Options{Kind: "transfers"}, how); err == nil && got.Accepted > 0 {
		t.Errorf("as transfers: %+v", got.ImportResult)
	}
}
