package main

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/projections"
	"rollbook/words"
)

func drillFlag(cmd *cobra.Command, drill *bool) {
	cmd.Flags().BoolVar(drill, "drill", false, "also who and which events each figure is made of")
}

// figure is a figure that can be drilled into, under its name for programs and
// for people.
type figure struct{ name, title string }

func (a *app) headcountKeys(h projections.Headcount, names organisationNames) []figure {
	if len(h.By) == 0 {
		return []figure{{"", a.say("Members", "Đảng viên")}}
	}
	var keys []figure
	for _, r := range h.Rows {
		var title []string
		for i, d := range r.By {
			title = append(title, a.valueLabel(d, r.Values[i], names))
		}
		keys = append(keys, figure{strings.Join(r.Values, ","), strings.Join(title, ", ")})
	}
	return keys
}

func (a *app) movementKeys() []figure {
	var keys []figure
	for _, line := range projections.MovementLines() {
		keys = append(keys, figure{line, a.label(words.Movements, line)})
	}
	return keys
}

// countKeys are the counts that indicators are made of, each once.
func (a *app) countKeys() []figure {
	var keys []figure
	add := func(count string) {
		f := figure{count, a.countLabel(count)}
		if count != "" && !slices.Contains(keys, f) {
			keys = append(keys, f)
		}
	}
	for _, code := range projections.IndicatorCodes() {
		numerator, denominator, _ := projections.CountsOf(code)
		add(numerator)
		add(denominator)
	}
	return keys
}

func (a *app) drillLines(d projections.Drill, keys []figure) []explainedLine {
	var lines []explainedLine
	for _, k := range keys {
		l := explainedLine{name: k.name, title: k.title, Explained: projections.Explained{Parts: d[k.name]}}
		for _, p := range l.Parts {
			l.To += p.Change
		}
		l.Change = l.To
		if len(l.Parts) > 0 {
			lines = append(lines, l)
		}
	}
	return lines
}

// drilled is a report with what its figures are made of.
type drilled struct {
	report any
	made   []explainedLine
	with   bool
}

// MarshalJSON adds a field "drill" to the report's own: for each figure, its
// parts.
func (d drilled) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(d.report)
	if err != nil || !d.with {
		return b, err
	}
	type made struct {
		Figure string             `json:"figure"`
		Number int                `json:"number"`
		Parts  []projections.Part `json:"parts"`
	}
	list := []made{}
	for _, l := range d.made {
		list = append(list, made{l.name, l.To, l.Parts})
	}
	rest, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	b = append(b[:len(b)-1], `,"drill":`...)
	return append(append(b, rest...), '}'), nil
}

// drilledCSV writes what figures are made of instead of the figures, because a
// CSV file holds one table.
func (a *app) drilledCSV(drill bool, made []explainedLine, report func()) {
	if !drill {
		report()
		return
	}
	a.explainedCSV(made)
}

func (a *app) drillTables(made []explainedLine, names organisationNames) {
	for _, l := range made {
		a.out.line("")
		a.out.line(l.title + ": " + a.number(l.To))
		var rows [][]string
		for _, p := range l.Parts {
			for _, r := range a.partRows(p, names) {
				rows = append(rows, slices.Delete(r, 1, 2)) // every cause is a fact here
			}
		}
		a.table([]column{
			{head: a.say("Number", "Số"), right: true},
			{head: a.say("Who", "Đối tượng"), most: 40},
			{head: a.say("By the event", "Theo sự kiện")},
			{head: a.say("Effective", "Hiệu lực")},
			{head: a.say("Sequence", "Số thứ tự"), right: true},
		}, rows, nil)
	}
}
