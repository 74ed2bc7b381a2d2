package papers_test

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"

	"rollbook/domain"
	"rollbook/office/papers"
)

// displayCells counts the cells of a terminal that a line takes, independently
// of the library that draws the tables.
func displayCells(line string) int {
	n := 0
	for _, r := range norm.NFC.String(line) {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

// mustAlign fails unless every line of a table takes as many cells, and its
// rules stand below each other.
func mustAlign(t *testing.T, drawn string) {
	t.Helper()
	lines := strings.Split(strings.TrimRight(drawn, "\n"), "\n")
	for _, line := range lines[1:] {
		if displayCells(line) != displayCells(lines[0]) {
			t.Fatalf("%d cells, and the first line has %d:\n%s\n%s", displayCells(line), displayCells(lines[0]), line, drawn)
		}
	}
	places := func(line string) (at []int) {
		for i, r := range norm.NFC.String(line) {
			if strings.ContainsRune("│┌┬┐├┼┤└┴┘", r) {
				at = append(at, displayCells(norm.NFC.String(line)[:i]))
			}
		}
		return at
	}
	for _, line := range lines {
		for i, at := range places(line) {
			if at != places(lines[0])[i] {
				t.Fatalf("rule %d stands in cell %d:\n%s\n%s", i, at, line, drawn)
			}
		}
	}
}

func TestTablesAlignInCells(t *testing.T) {
	bar := func(n int) string { return papers.Bar(n, 1920, 30).In(papers.Paper{}) }
	rows := [][]string{
		{"Đảng bộ xã Nậm Kè", "1.920", "74,1 %", bar(1920)},
		{"Chi bộ bản Huổi Khon 1 và Huổi Khon 2, xã Nậm Kè, huyện Mường Nhé", "3", "0,1 %", bar(3)},
		{"Ước mơ ẳẵặ ỗộợ ửữự", "12", "100,0 %", bar(700)},
		{"村 生命 ｆｕｌｌ", "7", "–", ""},
		{"", "0", "", ""},
	}
	columns := []papers.Column{{Head: "Tổ chức đảng", Most: 24}, {Head: "Đảng viên", Right: true}, {Head: "Tỷ lệ", Right: true}, {Head: ""}}
	drawn := papers.Grid(columns, rows, []string{"Tổng số", "2.590", "100,0 %", ""})
	mustAlign(t, drawn)

	// Letters in decomposed form, as some keyboards type them, take no more
	// room. The ledger composes what it stores; names of files are not its own.
	rows[0][0] = norm.NFD.String(rows[0][0])
	mustAlign(t, papers.Grid(columns, rows, nil))
}

func TestHostileTextCannotBreakATable(t *testing.T) {
	drawn := papers.Grid([]papers.Column{{Head: "Name"}}, [][]string{{"a\x1b[2Jb\nc\td\u202Ee"}, {"plain"}}, nil)
	mustAlign(t, drawn)
	if strings.ContainsAny(drawn, "\x1b\t\u202E") {
		t.Errorf("a control character reached the terminal: %q", drawn)
	}
}

func TestValuesAreWrittenAsPeopleReadThem(t *testing.T) {
	day, _ := domain.ParseDate("2022-12-31")
	tests := []struct {
		cell   papers.Cell
		en, vi string
	}{
		{papers.Number(0), "0", "0"},
		{papers.Number(999), "999", "999"},
		{papers.Number(1000), "1,000", "1.000"},
		{papers.Number(1234567), "1,234,567", "1.234.567"},
		{papers.Number(-1234), "-1,234", "-1.234"},
		{papers.Number(-123), "-123", "-123"},
		{papers.Change(1200), "+1,200", "+1.200"},
		{papers.Change(-3), "−3", "−3"},
		{papers.Change(0), "0", "0"},
		{papers.Share(1920, 2590), "74.1 %", "74,1 %"},
		{papers.Share(329, 300), "109.7 %", "109,7 %"},
		{papers.Share(1, 3), "33.3 %", "33,3 %"},
		{papers.Share(2, 3), "66.7 %", "66,7 %"},
		{papers.Share(1, 2000), "0.1 %", "0,1 %"},
		{papers.Share(0, 5), "0.0 %", "0,0 %"},
		{papers.Share(5, 5), "100.0 %", "100,0 %"},
		{papers.Share(0, 0), "–", "–"},
		{papers.Ratio(1117, 114), "1,117 / 114", "1.117 / 114"},
		{papers.Ratio(7, 0), "7 / –", "7 / –"},
		{papers.Ratio(0, 0), "–", "–"},
		{papers.Day(day), "31/12/2022", "31/12/2022"},
		{papers.Day(0), "", ""},
		{papers.Bar(0, 10, 8), "", ""},
		{papers.Bar(10, 10, 3), "███", "███"},
		{papers.Bar(5, 10, 3), "█▌", "█▌"},
		{papers.Bar(1, 1_000_000, 30), "▏", "▏"},
	}
	for _, tt := range tests {
		if en, vi := tt.cell.In(papers.Paper{Lang: "en"}), tt.cell.In(papers.Paper{Lang: "vi"}); en != tt.en || vi != tt.vi {
			t.Errorf("got %q and %q, want %q and %q", en, vi, tt.en, tt.vi)
		}
	}
}

func TestCSVIsHarmlessInASpreadsheet(t *testing.T) {
	var got bytes.Buffer
	rows := [][]string{{"name", "n"}, {"=HYPERLINK(1)", "1"}, {"+84", "2"}, {"-1", "3"}, {"@x", "4"}, {"\tx", "5"}, {`"quoted", with a comma`, "6"}, {"Đảng bộ", "7"}}
	if err := papers.CSV(&got, rows); err != nil {
		t.Fatal(err)
	}
	want := "name,n\n'=HYPERLINK(1),1\n'+84,2\n-1,3\n'@x,4\n'\tx,5\n\"\"\"quoted\"\", with a comma\",6\nĐảng bộ,7\n"
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &got, want)
	}
	if rows[1][0] != "=HYPERLINK(1)" {
		t.Errorf("the rows of the caller were changed: %q", rows[1][0])
	}
}
