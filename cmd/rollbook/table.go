package main

import (
	"fmt"
	"strings"

	"rollbook/office/papers"
	"rollbook/office/reports"
	"rollbook/projections"
)

// column is a column of a table for people.
type column struct {
	head  string
	right bool // numbers
	most  int  // widest, in cells of the terminal; longer texts wrap. 0: no limit
}

// table writes a table; a foot may be nil.
func (a *app) table(columns []column, rows [][]string, foot []string) {
	list := make([]papers.Column, len(columns))
	for i, c := range columns {
		list[i] = papers.Column{Head: c.head, Right: c.right, Most: c.most}
	}
	a.out.line(papers.Grid(list, rows, foot))
}

// number writes a whole number as people read it.
func (a *app) number(n int) string { return papers.Paper{Lang: a.lang}.Number(n) }

// reportHead writes what a report is about and from where it was answered.
func (a *app) reportHead(title, scope, days string, s projections.Standing) {
	a.out.line(title)
	a.out.line(scope + ". " + days + ". " + fmt.Sprintf(a.say("Known at sequence %d of %d.", "Theo những gì đã ghi đến số thứ tự %d trên %d."), s.KnownAt, s.Position))
	a.incomplete(s)
}

// incomplete says loudly that an answer is not whole.
func (a *app) incomplete(s projections.Standing) {
	for _, r := range (reports.Reader{Lang: a.lang}).Remarks(s) {
		a.out.line("!!! " + strings.ReplaceAll(r, "\n", "\n!!! "))
	}
}
