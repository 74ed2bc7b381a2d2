package main

import (
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"rollbook/projections"
)

// column is a column of a table for people.
type column struct {
	head  string
	right bool // numbers
	most  int  // widest, in cells of the terminal; longer texts wrap. 0: no limit
}

// table writes a table; a foot may be nil. Widths are counted in cells of the
// terminal, so that Vietnamese letters and wide characters line up.
func (a *app) table(columns []column, rows [][]string, foot []string) {
	t := table.NewWriter()
	style := table.StyleLight
	style.Format = table.FormatOptions{} // headers as they are written
	style.Options.SeparateFooter = true
	t.SetStyle(style)
	configs := make([]table.ColumnConfig, len(columns))
	head := make(table.Row, len(columns))
	for i, c := range columns {
		align := text.AlignLeft
		if c.right {
			align = text.AlignRight
		}
		configs[i] = table.ColumnConfig{Number: i + 1, Align: align, AlignHeader: align, AlignFooter: align, WidthMax: c.most, WidthMaxEnforcer: text.WrapSoft}
		head[i] = c.head
	}
	t.SetColumnConfigs(configs)
	t.AppendHeader(head)
	for _, r := range rows {
		t.AppendRow(cells(r))
	}
	if foot != nil {
		t.AppendFooter(cells(foot))
	}
	a.out.line(t.Render())
}

func cells(texts []string) table.Row {
	row := make(table.Row, len(texts))
	for i, t := range texts {
		row[i] = show(t)
	}
	return row
}

// csv writes rows in CSV, UTF-8, the first of which has the names of columns.
func (a *app) csv(rows [][]string) {
	w := csv.NewWriter(a.out)
	for _, r := range rows {
		for i := range r {
			r[i] = harmless(r[i])
		}
		_ = w.Write(r) // the output keeps the error
	}
	w.Flush()
}

// harmless keeps a spreadsheet program from taking a text for a formula. A
// negative number is what it looks like.
func harmless(cell string) string {
	if n, err := strconv.Atoi(cell); err == nil && n < 0 {
		return cell
	}
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// number writes a whole number as people read it.
func (a *app) number(n int) string {
	s := strconv.Itoa(n)
	separator := a.say(",", ".")
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + separator + s[i:]
	}
	return s
}

// percent writes a share with one decimal, and a dash where there is nothing to
// divide by: the share of an empty group is not 0 %.
func (a *app) percent(n, of int) string {
	if of == 0 {
		return "–"
	}
	tenths := (2000*n + of) / (2 * of)
	return fmt.Sprintf("%d%s%d %%", tenths/10, a.say(".", ","), tenths%10)
}

// bar draws n of most as blocks in so many cells, in steps of an eighth.
func bar(n, most, width int) string {
	if n <= 0 || most <= 0 {
		return ""
	}
	eighths := max(1, (n*width*8+most/2)/most)
	b := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		b += string([]rune(" ▏▎▍▌▋▊▉")[rest])
	}
	return b
}

// reportHead writes what a report is about and from where it was answered.
func (a *app) reportHead(title, scope, days string, s projections.Standing) {
	a.out.line(title)
	a.out.line(scope + ". " + days + ". " + fmt.Sprintf(a.say("Known at sequence %d of %d.", "Theo những gì đã ghi đến số thứ tự %d trên %d."), s.KnownAt, s.Position))
	a.incomplete(s)
}

// incomplete says loudly that an answer is not whole.
func (a *app) incomplete(s projections.Standing) {
	if s.UnsafeSync {
		a.out.line(a.say(
			"!!! UNSAFE: the log answers before facts are on the disk (--unsafe-sync); a power cut may lose the newest.",
			"!!! KHÔNG AN TOÀN: nhật ký trả lời trước khi dữ liệu xuống đĩa (--unsafe-sync); mất điện có thể làm mất các mục mới nhất."))
	}
	if s.MissingKeys > 0 {
		a.out.printf(a.say(
			"!!! KEYS MISSING: ethnicity and religion of %d people are sealed and cannot be opened.\n!!! They count as unknown. If they were not erased, restore keys.db and the master key.\n",
			"!!! THIẾU KHOÁ: dân tộc và tôn giáo của %d người đã niêm phong, không mở được.\n!!! Họ được tính là không rõ. Nếu không phải do xoá dữ liệu, hãy khôi phục keys.db và khoá chính.\n"), s.MissingKeys)
	}
	if s.Parked == 0 {
		return
	}
	a.out.printf(a.say(
		"!!! INCOMPLETE: %d subjects wait because a record of each was not understood.\n!!! They are missing from these figures. See `rollbook projections list`.\n",
		"!!! CHƯA ĐẦY ĐỦ: %d đối tượng phải chờ vì có bản ghi không hiểu được.\n!!! Số liệu dưới đây thiếu các đối tượng đó. Xem `rollbook projections list`.\n"), s.Parked)
}
