package reports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rollbook/office/papers"
	"rollbook/projections"
	"rollbook/words"
)

// Line is a figure with the parts that it, or its change, is made of, under its
// name for programs and for people.
type Line struct {
	Name, Title string
	projections.Explained
}

// ExplainHeadcount puts on paper why a headcount changed.
func (r Reader) ExplainHeadcount(e projections.ExplainedHeadcount) papers.Paper {
	lines := []Line{{"total", r.say("Members", "Đảng viên"), e.Total}}
	for _, c := range e.Cells {
		lines = append(lines, Line{strings.Join(c.Values, ","), r.values(c.By, c.Values), c.Explained})
	}
	p := r.compared(r.say("Why the number of members changed", "Vì sao số đảng viên thay đổi"), e.Organisation, e.From, e.To, e.Standing)
	return r.explained(p, lines)
}

// ExplainMovements puts on paper the events behind the movements of a period, or
// what has changed in them since.
func (r Reader) ExplainMovements(e projections.ExplainedMovements) papers.Paper {
	first := projections.Side{AsOf: e.From, KnownAt: e.KnownTo.KnownAt}
	var lines []Line
	add := func(line string, x projections.Explained) {
		lines = append(lines, Line{line, words.Movements.In(r.Lang, line), x})
	}
	if e.KnownFrom != nil {
		first.KnownAt = e.KnownFrom.KnownAt
		add("opening", e.Opening)
	}
	for _, l := range e.Lines {
		add(l.Line, l.Explained)
	}
	if e.KnownFrom != nil {
		add("closing", e.Closing)
	}
	p := r.compared(r.say("Events behind the movements of members", "Các sự kiện của biến động đảng viên"), e.Organisation, first, e.KnownTo, e.Standing)
	return r.explained(p, lines)
}

// ExplainIndicators puts on paper why indicators changed: those that did, and the
// events behind what they are made of.
func (r Reader) ExplainIndicators(e projections.ExplainedIndicators) papers.Paper {
	p := r.compared(r.say("Why the indicators changed", "Vì sao các chỉ tiêu thay đổi"), e.Organisation, e.From, e.To, e.Standing)
	if len(e.Indicators) > 0 {
		p.Tables = append(p.Tables, r.changedIndicators(e))
	}
	var lines []Line
	for _, c := range e.Counts {
		lines = append(lines, Line{c.Count, r.Count(c.Count), c.Explained})
	}
	return r.explained(p, lines)
}

// Count returns the words for a count that indicators are made of.
func (r Reader) Count(count string) string {
	if _, ok := words.Counts[count]; ok {
		return words.Counts.In(r.Lang, count)
	}
	return words.Indicators.In(r.Lang, count)
}

func (r Reader) values(by []projections.Dimension, values []string) string {
	var list []string
	for i, d := range by {
		list = append(list, r.Value(string(d), values[i]))
	}
	return strings.Join(list, ", ")
}

// compared begins a paper that compares two reports.
func (r Reader) compared(title string, organisation *string, from, to projections.Side, s projections.Standing) papers.Paper {
	p := r.paper(title, r.scope(organisation), r.period(from.AsOf, to.AsOf), to.AsOf, s)
	before := uint64(from.KnownAt)
	p.Standing.KnownFrom, p.Standing.KnownAt = &before, uint64(to.KnownAt)
	return p
}

func (r Reader) explained(p papers.Paper, lines []Line) papers.Paper {
	p.Data = explainedData(lines)
	changed := false
	for _, l := range lines {
		if l.Change == 0 && len(l.Parts) == 0 {
			continue
		}
		changed = true
		t := papers.Table{
			Name: r.say("Changes", "Thay đổi"),
			Lead: []string{"", fmt.Sprintf("%s: %s → %s (%s)", l.Title, r.number(l.From), r.number(l.To), papers.Change(l.Change).In(papers.Paper{Lang: r.Lang}))},
			Columns: []papers.Column{
				{Head: r.say("Change", "Tăng giảm"), Right: true},
				{Head: r.say("Cause", "Nguyên nhân")},
				{Head: r.say("Who", "Đối tượng"), Most: 40},
				{Head: r.say("Event", "Sự kiện")},
				{Head: r.say("Effective", "Hiệu lực")},
				{Head: r.say("Sequence", "Số thứ tự"), Right: true},
			},
		}
		if sums := r.causes(l.Parts); sums != "" {
			t.Lead = append(t.Lead, r.say("By cause: ", "Theo nguyên nhân: ")+sums+".")
		}
		for _, part := range l.Parts {
			t.Rows = append(t.Rows, r.part(part)...)
		}
		p.Tables = append(p.Tables, t)
	}
	if !changed {
		p.Tables = append(p.Tables, papers.Table{Lead: []string{r.say("Nothing differs.", "Không có gì khác nhau.")}})
	}
	return p
}

// causes sums the parts by cause, on one line.
func (r Reader) causes(parts []projections.Part) string {
	sums := map[projections.Cause]int{}
	for _, p := range parts {
		sums[p.Cause] += p.Change
	}
	var list []string
	for _, cause := range projections.Causes() {
		if n := sums[cause]; n != 0 {
			list = append(list, words.Causes.In(r.Lang, string(cause))+" "+papers.Change(n).In(papers.Paper{Lang: r.Lang}))
		}
	}
	return strings.Join(list, ", ")
}

// part shows a part: a row for its first event, and one for each other.
func (r Reader) part(p projections.Part) [][]papers.Cell {
	who := string(p.Member)
	if p.Organisation != "" {
		who = r.Names.Of(p.Organisation)
	}
	if who == "" && len(p.Events) > 0 {
		who = r.subject(p.Events[0].Subject)
	}
	first := []papers.Cell{papers.Change(p.Change), papers.Text(words.Causes.In(r.Lang, string(p.Cause))), papers.Text(who), {}, {}, {}}
	rows := [][]papers.Cell{first}
	for i, e := range p.Events {
		row := first
		if i > 0 {
			row = []papers.Cell{{}, {}, papers.Text(r.subject(e.Subject)), {}, {}, {}}
			rows = append(rows, row)
		}
		row[3], row[4], row[5] = papers.Text(words.Events.In(r.Lang, e.Type)), papers.Day(e.EffectiveOn), papers.Text(strconv.FormatUint(e.Sequence, 10))
	}
	return rows
}

func explainedData(lines []Line) [][]string {
	rows := [][]string{{"figure", "from", "to", "cause", "change", "member", "organisation", "sequence", "id", "type", "subject", "effectiveon"}}
	for _, l := range lines {
		for _, p := range l.Parts {
			row := []string{l.Name, strconv.Itoa(l.From), strconv.Itoa(l.To), string(p.Cause), strconv.Itoa(p.Change), string(p.Member), p.Organisation}
			if len(p.Events) == 0 {
				rows = append(rows, append(row, "", "", "", "", ""))
			}
			for i, e := range p.Events {
				if i > 0 { // the change is counted once
					row = slices.Clone(row)
					row[4] = "0"
				}
				rows = append(rows, append(slices.Clone(row), strconv.FormatUint(e.Sequence, 10), e.ID, e.Type, string(e.Subject), e.EffectiveOn.String()))
			}
		}
	}
	return rows
}

// changedIndicators shows the indicators that differ.
func (r Reader) changedIndicators(e projections.ExplainedIndicators) papers.Table {
	value := func(i projections.Indicator) papers.Cell {
		if !i.Share {
			return papers.Number(i.Numerator)
		}
		return papers.Text(papers.Ratio(i.Numerator, i.Denominator).In(papers.Paper{Lang: r.Lang}) + " = " + r.percent(i.Numerator, i.Denominator))
	}
	t := papers.Table{Name: r.say("Indicators", "Chỉ tiêu"), Columns: []papers.Column{
		{Head: r.say("Indicator", "Chỉ tiêu")},
		{Head: fmt.Sprintf(r.say("%d, to %s", "Năm %d, đến %s"), e.YearFrom, e.From.AsOf.Vietnamese()), Right: true},
		{Head: fmt.Sprintf(r.say("%d, to %s", "Năm %d, đến %s"), e.YearTo, e.To.AsOf.Vietnamese()), Right: true},
	}}
	for _, i := range e.Indicators {
		t.Rows = append(t.Rows, []papers.Cell{papers.Text(words.Indicators.In(r.Lang, i.Indicator)), value(i.From), value(i.To)})
	}
	return t
}

// HeadcountLines are the cells of a headcount that can be drilled into.
func (r Reader) HeadcountLines(h projections.Headcount, d projections.Drill) []Line {
	if len(h.By) == 0 {
		return made(d, []Line{{Title: r.say("Members", "Đảng viên")}})
	}
	var lines []Line
	for _, row := range h.Rows {
		lines = append(lines, Line{Name: strings.Join(row.Values, ","), Title: r.values(row.By, row.Values)})
	}
	return made(d, lines)
}

// MovementLines are the lines of the movements that can be drilled into.
func (r Reader) MovementLines(d projections.Drill) []Line {
	var lines []Line
	for _, line := range projections.MovementLines() {
		lines = append(lines, Line{Name: line, Title: words.Movements.In(r.Lang, line)})
	}
	return made(d, lines)
}

// CountLines are the counts that indicators are made of, each once.
func (r Reader) CountLines(d projections.Drill) []Line {
	var lines []Line
	add := func(count string) {
		if count != "" && !slices.ContainsFunc(lines, func(l Line) bool { return l.Name == count }) {
			lines = append(lines, Line{Name: count, Title: r.Count(count)})
		}
	}
	for _, code := range projections.IndicatorCodes() {
		numerator, denominator, _ := projections.CountsOf(code)
		add(numerator)
		add(denominator)
	}
	return made(d, lines)
}

// made gives lines their parts, and leaves out those without.
func made(d projections.Drill, lines []Line) (out []Line) {
	for _, l := range lines {
		l.Parts = d[l.Name]
		for _, p := range l.Parts {
			l.To += p.Change
		}
		l.Change = l.To
		if len(l.Parts) > 0 {
			out = append(out, l)
		}
	}
	return out
}

// Drilled adds to a report what its figures are made of. For programs it takes
// the place of the figures, because a CSV file holds one table.
func (r Reader) Drilled(p papers.Paper, lines []Line) papers.Paper {
	p.Data = explainedData(lines)
	for _, l := range lines {
		t := papers.Table{
			Name: r.say("Made of", "Chi tiết"), Lead: []string{"", l.Title + ": " + r.number(l.To)},
			Columns: []papers.Column{
				{Head: r.say("Number", "Số"), Right: true},
				{Head: r.say("Who", "Đối tượng"), Most: 40},
				{Head: r.say("By the event", "Theo sự kiện")},
				{Head: r.say("Effective", "Hiệu lực")},
				{Head: r.say("Sequence", "Số thứ tự"), Right: true},
			},
		}
		for _, part := range l.Parts {
			for _, row := range r.part(part) {
				t.Rows = append(t.Rows, slices.Delete(row, 1, 2)) // every cause is a fact here
			}
		}
		p.Tables = append(p.Tables, t)
	}
	return p
}
