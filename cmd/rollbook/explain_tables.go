package main

import (
	"fmt"
	"strconv"
	"strings"

	"rollbook/domain"
	"rollbook/projections"
	"rollbook/words"
)

// explainedLine is a figure that differs, under its name for programs and for
// people.
type explainedLine struct {
	name  string
	title string
	projections.Explained
}

func (a *app) headcountLines(e projections.ExplainedHeadcount, names organisationNames) []explainedLine {
	lines := []explainedLine{{"total", a.say("Members", "Đảng viên"), e.Total}}
	for _, c := range e.Cells {
		var title []string
		for i, d := range c.By {
			title = append(title, a.valueLabel(d, c.Values[i], names))
		}
		lines = append(lines, explainedLine{strings.Join(c.Values, ","), strings.Join(title, ", "), c.Explained})
	}
	return lines
}

func (a *app) movementsLines(e projections.ExplainedMovements) []explainedLine {
	var lines []explainedLine
	if e.KnownFrom != nil {
		lines = append(lines, explainedLine{"opening", a.label(words.Movements, "opening"), e.Opening})
	}
	for _, l := range e.Lines {
		lines = append(lines, explainedLine{l.Line, a.label(words.Movements, l.Line), l.Explained})
	}
	if e.KnownFrom != nil {
		lines = append(lines, explainedLine{"closing", a.label(words.Movements, "closing"), e.Closing})
	}
	return lines
}

func (a *app) indicatorLines(e projections.ExplainedIndicators) []explainedLine {
	var lines []explainedLine
	for _, c := range e.Counts {
		lines = append(lines, explainedLine{c.Count, a.countLabel(c.Count), c.Explained})
	}
	return lines
}

func (a *app) countLabel(count string) string {
	if _, ok := words.Counts[count]; ok {
		return a.label(words.Counts, count)
	}
	return a.label(words.Indicators, count)
}

// explainedHead says which two reports are compared.
func (a *app) explainedHead(title, scope string, from, to projections.Side, s projections.Standing) {
	a.out.line(title)
	days := fmt.Sprintf(a.say("From the end of %s to the end of %s", "Từ cuối ngày %s đến cuối ngày %s"), from.AsOf.Vietnamese(), to.AsOf.Vietnamese())
	known := fmt.Sprintf(a.say("Known at sequence %d and at %d, of %d.", "Theo những gì đã ghi đến số thứ tự %d và đến %d, trên %d."), from.KnownAt, to.KnownAt, s.Position)
	a.out.line(scope + ". " + days + ". " + known)
	a.incomplete(s)
}

// signed writes a change with its sign.
func (a *app) signed(n int) string {
	switch {
	case n > 0:
		return "+" + a.number(n)
	case n < 0:
		return "−" + a.number(-n)
	}
	return "0"
}

// causes sums the parts by cause, on one line.
func (a *app) causes(parts []projections.Part) string {
	sums := map[projections.Cause]int{}
	for _, p := range parts {
		sums[p.Cause] += p.Change
	}
	var list []string
	for _, cause := range projections.Causes() {
		if n := sums[cause]; n != 0 {
			list = append(list, a.label(words.Causes, string(cause))+" "+a.signed(n))
		}
	}
	return strings.Join(list, ", ")
}

func (a *app) explainedTables(lines []explainedLine, names organisationNames) {
	changed := false
	for _, l := range lines {
		if l.Change == 0 && len(l.Parts) == 0 {
			continue
		}
		changed = true
		a.out.line("")
		a.out.line(fmt.Sprintf("%s: %s → %s (%s)", l.title, a.number(l.From), a.number(l.To), a.signed(l.Change)))
		if sums := a.causes(l.Parts); sums != "" {
			a.out.line(a.say("By cause: ", "Theo nguyên nhân: ") + sums + ".")
		}
		var rows [][]string
		for _, p := range l.Parts {
			rows = append(rows, a.partRows(p, names)...)
		}
		a.table([]column{
			{head: a.say("Change", "Tăng giảm"), right: true},
			{head: a.say("Cause", "Nguyên nhân")},
			{head: a.say("Who", "Đối tượng"), most: 40},
			{head: a.say("Event", "Sự kiện")},
			{head: a.say("Effective", "Hiệu lực")},
			{head: a.say("Sequence", "Số thứ tự"), right: true},
		}, rows, nil)
	}
	if !changed {
		a.out.line(a.say("Nothing differs.", "Không có gì khác nhau."))
	}
}

// partRows shows a part: a row for its first event, and one for each other.
func (a *app) partRows(p projections.Part, names organisationNames) [][]string {
	who := string(p.Member)
	if p.Organisation != "" {
		who = names.of(p.Organisation)
	}
	if who == "" && len(p.Events) > 0 {
		who = a.subjectText(p.Events[0].Subject, names)
	}
	first := []string{a.signed(p.Change), a.label(words.Causes, string(p.Cause)), who, "", "", ""}
	rows := [][]string{first}
	for i, e := range p.Events {
		row := first
		if i > 0 {
			row = []string{"", "", a.subjectText(e.Subject, names), "", "", ""}
			rows = append(rows, row)
		}
		row[3], row[4], row[5] = a.label(words.Events, e.Type), e.EffectiveOn.Vietnamese(), strconv.FormatUint(e.Sequence, 10)
	}
	return rows
}

func (a *app) subjectText(s domain.Subject, names organisationNames) string {
	if s.Kind() == domain.OrganisationKind {
		return names.of(s.ID())
	}
	return string(s)
}

func (a *app) explainedCSV(lines []explainedLine) {
	rows := [][]string{{"figure", "from", "to", "cause", "change", "member", "organisation", "sequence", "id", "type", "subject", "effectiveon"}}
	for _, l := range lines {
		for _, p := range l.Parts {
			row := []string{l.name, strconv.Itoa(l.From), strconv.Itoa(l.To), string(p.Cause), strconv.Itoa(p.Change), string(p.Member), p.Organisation}
			if len(p.Events) == 0 {
				rows = append(rows, append(row, "", "", "", "", ""))
			}
			for i, e := range p.Events {
				if i > 0 { // the change is counted once
					row = append([]string(nil), row...)
					row[4] = "0"
				}
				rows = append(rows, append(append([]string(nil), row...), strconv.FormatUint(e.Sequence, 10), e.ID, e.Type, string(e.Subject), e.EffectiveOn.String()))
			}
		}
	}
	a.csv(rows)
}

// changedIndicators shows the indicators that differ before what they are made
// of.
func (a *app) changedIndicators(e projections.ExplainedIndicators) {
	if len(e.Indicators) == 0 {
		return
	}
	value := func(i projections.Indicator) string {
		if !i.Share {
			return a.number(i.Numerator)
		}
		return a.ratio(i) + " = " + a.percent(i.Numerator, i.Denominator)
	}
	var rows [][]string
	for _, i := range e.Indicators {
		rows = append(rows, []string{a.label(words.Indicators, i.Indicator), value(i.From), value(i.To)})
	}
	a.table([]column{
		{head: a.say("Indicator", "Chỉ tiêu")},
		{head: fmt.Sprintf(a.say("%d, to %s", "Năm %d, đến %s"), e.YearFrom, e.From.AsOf.Vietnamese()), right: true},
		{head: fmt.Sprintf(a.say("%d, to %s", "Năm %d, đến %s"), e.YearTo, e.To.AsOf.Vietnamese()), right: true},
	}, rows, nil)
}
