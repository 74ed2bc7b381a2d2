package reports

import (
	"slices"
	"strconv"
	"strings"

	"rollbook/office/papers"
	"rollbook/projections"
	"rollbook/words"
)

// barCells is how wide the longest bar is.
const barCells = 30

// Headcount puts a headcount on paper: the largest first, which is what people
// look for.
func (r Reader) Headcount(h projections.Headcount) papers.Paper {
	var by, data []string
	for _, d := range h.By {
		by, data = append(by, words.Dimensions.In(r.Lang, string(d))), append(data, string(d))
	}
	title := r.say("Members", "Số đảng viên")
	if len(by) > 0 {
		title += r.say(" by ", " theo ") + strings.Join(by, ", ")
	}
	p := r.paper(title, r.scope(h.Organisation), r.asOf(h.AsOf), h.AsOf, h.Standing)
	p.Data = [][]string{append(data, "members")}
	for _, row := range h.Rows {
		p.Data = append(p.Data, append(slices.Clone(row.Values), strconv.Itoa(row.Members)))
	}
	members := papers.Column{Head: r.say("Members", "Đảng viên"), Right: true}
	if len(by) == 0 {
		p.Data = append(p.Data, []string{itoa(h.Total)})
		p.Tables = []papers.Table{{
			Brief:   r.say("Members: ", "Đảng viên: ") + r.number(h.Total),
			Columns: []papers.Column{members}, Rows: [][]papers.Cell{{r.count(h.Total)}},
		}}
		return p
	}
	t := papers.Table{Numbered: true}
	for _, name := range by {
		t.Columns = append(t.Columns, papers.Column{Head: capital(name), Most: 60})
	}
	t.Columns = append(t.Columns, members, papers.Column{Head: r.say("Share", "Tỷ lệ"), Right: true})
	if len(by) == 1 {
		t.Columns = append(t.Columns, papers.Column{Screen: true})
	}
	list := slices.Clone(h.Rows)
	slices.SortStableFunc(list, func(x, y projections.HeadcountRow) int { return y.Members - x.Members })
	most := 0
	for _, row := range list {
		most = max(most, row.Members)
	}
	for _, row := range list {
		var cells []papers.Cell
		for i, d := range row.By {
			cells = append(cells, papers.Text(r.Value(string(d), row.Values[i])))
		}
		cells = append(cells, papers.Number(row.Members), papers.Share(row.Members, h.Total))
		if len(by) == 1 {
			cells = append(cells, papers.Bar(row.Members, most, barCells))
		}
		t.Rows = append(t.Rows, cells)
	}
	t.Total = make([]papers.Cell, len(t.Columns))
	t.Total[0], t.Total[len(by)], t.Total[len(by)+1] = papers.Text(r.say("Total", "Tổng số")), r.count(h.Total), papers.Share(max(h.Total, 0), max(h.Total, 0))
	p.Tables = []papers.Table{t}
	return p
}
