package papers

import (
	"io"
	"strings"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"
	textual "github.com/jedib0t/go-pretty/v6/text"
)

// Table writes a paper for a terminal.
func (p Paper) Table(w io.Writer) error {
	var b strings.Builder
	line := func(s string) { b.WriteString(s + "\n") }
	line(p.Title)
	line(strings.TrimSpace(p.about() + " " + p.known()))
	for _, r := range p.Standing.Remarks {
		line("!!! " + strings.ReplaceAll(r, "\n", "\n!!! "))
	}
	for _, t := range p.Tables {
		for _, s := range t.Lead {
			line(s)
		}
		switch {
		case t.Brief != "":
			line(t.Brief)
		case len(t.Columns) > 0:
			line(p.grid(t))
		}
		for _, s := range t.Tail {
			line(s)
		}
		if t.Hint != "" {
			line(t.Hint)
		}
	}
	if root := p.root(); root != "" {
		line(root)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p Paper) grid(t Table) string {
	rows := make([][]string, len(t.Rows))
	for i, r := range t.Rows {
		rows[i] = p.texts(r)
	}
	var total []string
	if t.Total != nil {
		total = p.texts(t.Total)
	}
	return Grid(t.Columns, rows, total)
}

func (p Paper) texts(row []Cell) []string {
	out := make([]string, len(row))
	for i, c := range row {
		out[i] = c.In(p)
	}
	return out
}

// Grid draws a table of texts; a foot may be nil. Widths are counted in cells of
// the terminal, so that Vietnamese letters and wide characters line up. What a
// terminal would obey or hide is made visible.
func Grid(columns []Column, rows [][]string, foot []string) string {
	t := table.NewWriter()
	style := table.StyleLight
	style.Format = table.FormatOptions{} // headers as they are written
	style.Options.SeparateFooter = true
	t.SetStyle(style)
	configs := make([]table.ColumnConfig, len(columns))
	head, groups := make(table.Row, len(columns)), make(table.Row, len(columns))
	for i, c := range columns {
		align := textual.AlignLeft
		if c.Right {
			align = textual.AlignRight
		}
		configs[i] = table.ColumnConfig{Number: i + 1, Align: align, AlignHeader: align, AlignFooter: align, WidthMax: c.Most, WidthMaxEnforcer: textual.WrapSoft}
		head[i], groups[i] = c.Head, c.Group
	}
	t.SetColumnConfigs(configs)
	if (Table{Columns: columns}).grouped() {
		t.AppendHeader(groups, table.RowConfig{AutoMerge: true, AutoMergeAlign: textual.AlignCenter})
	}
	t.AppendHeader(head)
	for _, r := range rows {
		t.AppendRow(gridRow(r))
	}
	if foot != nil {
		t.AppendFooter(gridRow(foot))
	}
	return t.Render()
}

func gridRow(texts []string) table.Row {
	row := make(table.Row, len(texts))
	for i, t := range texts {
		row[i] = visible(t)
	}
	return row
}

func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// Bar draws n of most as blocks in so many cells, in steps of an eighth.
func Bar(n, most, width int) Cell {
	if n <= 0 || most <= 0 {
		return Cell{}
	}
	eighths := max(1, (n*width*8+most/2)/most)
	b := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		b += string([]rune(" ▏▎▍▌▋▊▉")[rest])
	}
	return Text(b)
}
