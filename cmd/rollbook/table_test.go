package main

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"

	"rollbook/domain"
	"rollbook/projections"
	"rollbook/words"
)

// written returns what an app in a language writes.
func written(lang string, f func(*app)) string {
	var b bytes.Buffer
	a := &app{out: &output{w: bufio.NewWriter(&b)}, lang: lang, env: func(string) string { return "" }}
	f(a)
	_ = a.out.flush() // a buffer takes everything
	return b.String()
}

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
	rows := [][]string{
		{"Đảng bộ xã Nậm Kè", "1.920", "74,1 %", bar(1920, 1920, 30)},
		{"Chi bộ bản Huổi Khon 1 và Huổi Khon 2, xã Nậm Kè, huyện Mường Nhé", "3", "0,1 %", bar(3, 1920, 30)},
		{"Ước mơ ẳẵặ ỗộợ ửữự", "12", "100,0 %", bar(700, 1920, 30)},
		{"村 生命 ｆｕｌｌ", "7", "–", ""},
		{"", "0", "", ""},
	}
	columns := []column{{head: "Tổ chức đảng", most: 24}, {head: "Đảng viên", right: true}, {head: "Tỷ lệ", right: true}, {head: ""}}
	drawn := written("vi", func(a *app) { a.table(columns, rows, []string{"Tổng số", "2.590", "100,0 %", ""}) })
	mustAlign(t, drawn)

	// Letters in decomposed form, as some keyboards type them, take no more
	// room. The ledger composes what it stores; names of files are not its own.
	rows[0][0] = norm.NFD.String(rows[0][0])
	mustAlign(t, written("vi", func(a *app) { a.table(columns, rows, nil) }))
}

func TestHostileTextCannotBreakATable(t *testing.T) {
	drawn := written("en", func(a *app) {
		a.table([]column{{head: "Name"}}, [][]string{{"a\x1b[2Jb\nc\td\u202Ee"}, {"plain"}}, nil)
	})
	mustAlign(t, drawn)
	if strings.ContainsAny(drawn, "\x1b\t\u202E") {
		t.Errorf("a control character reached the terminal: %q", drawn)
	}
}

func TestNumbersAreWrittenAsPeopleReadThem(t *testing.T) {
	en, vi := &app{lang: "en"}, &app{lang: "vi"}
	tests := []struct{ got, want string }{
		{en.number(0), "0"},
		{en.number(999), "999"},
		{en.number(1000), "1,000"},
		{vi.number(2590), "2.590"},
		{en.number(1234567), "1,234,567"},
		{en.number(-1234), "-1,234"},
		{en.number(-123), "-123"},
		{en.percent(1920, 2590), "74.1 %"},
		{vi.percent(1920, 2590), "74,1 %"},
		{vi.percent(329, 300), "109,7 %"},
		{en.percent(1, 3), "33.3 %"},
		{en.percent(2, 3), "66.7 %"},
		{en.percent(1, 2000), "0.1 %"},
		{en.percent(0, 5), "0.0 %"},
		{en.percent(5, 5), "100.0 %"},
		{en.percent(0, 0), "–"},
		{bar(0, 10, 8), ""},
		{bar(10, 10, 3), "███"},
		{bar(5, 10, 3), "█▌"},
		{bar(1, 1_000_000, 30), "▏"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestCSVIsHarmlessInASpreadsheet(t *testing.T) {
	got := written("en", func(a *app) {
		a.csv([][]string{{"name", "n"}, {"=HYPERLINK(1)", "1"}, {"+84", "2"}, {"-1", "3"}, {"@x", "4"}, {"\tx", "5"}, {`"quoted", with a comma`, "6"}, {"Đảng bộ", "7"}})
	})
	want := "name,n\n'=HYPERLINK(1),1\n'+84,2\n-1,3\n'@x,4\n'\tx,5\n\"\"\"quoted\"\", with a comma\",6\nĐảng bộ,7\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// An answer that leaves somebody out says so where nobody can miss it.
func TestIncompleteFiguresSayIt(t *testing.T) {
	h := projections.Headcount{By: []projections.Dimension{"gender"}, Standing: projections.Standing{KnownAt: 7, Position: 9, Parked: 2}}
	for lang, want := range map[string]string{"en": "!!! INCOMPLETE: 2 subjects", "vi": "!!! CHƯA ĐẦY ĐỦ: 2 đối tượng"} {
		if got := written(lang, func(a *app) { a.headcountTable(h, nil) }); !strings.Contains(got, want) {
			t.Errorf("%s: no %q in\n%s", lang, want, got)
		}
	}
}

func TestMovementsThatDoNotReconcileSayIt(t *testing.T) {
	m := projections.Movements{Opening: 10, Admitted: 2, Died: 1, Closing: 12, Standing: projections.Standing{Complete: true}}
	got := written("en", func(a *app) { a.movementsTable(m, nil) })
	if !strings.Contains(got, "!!! DOES NOT RECONCILE: 10 + 2 − 1 = 11, but the closing is 12.") {
		t.Errorf("got\n%s", got)
	}
}

func TestEveryIndicatorAndEventHasItsWords(t *testing.T) {
	for _, code := range projections.IndicatorCodes() {
		if l := words.Indicators[code]; l.EN == "" || l.VI == "" {
			t.Errorf("indicator %s has no label", code)
		}
	}
	for _, name := range domain.Types() {
		if l := words.Events[name]; l.EN == "" || l.VI == "" {
			t.Errorf("event %s has no label", name)
		}
	}
	for _, d := range projections.Dimensions() {
		if l := words.Dimensions[string(d)]; l.EN == "" || l.VI == "" {
			t.Errorf("dimension %s has no label", d)
		}
	}
}
