package reports

import (
	"fmt"
	"slices"
	"strconv"

	"rollbook/office/papers"
	"rollbook/projections"
	"rollbook/words"
)

// Indicators puts the indicators of a year on paper: all of one organisation, or
// of several what fits on a page.
func (r Reader) Indicators(i projections.Indicators) papers.Paper {
	first := i.Rows[0]
	scope := r.say("The whole ledger", "Toàn sổ")
	if first.Organisation != nil {
		scope = Names{*first.Organisation: first.Name}.Of(*first.Organisation)
	}
	p := r.paper(fmt.Sprintf(r.say("Indicators for %d", "Chỉ tiêu năm %d"), i.Year), scope, r.asOf(i.AsOf), i.AsOf, i.Standing)
	p.Data = indicatorData(i)
	if len(i.Rows) > 1 {
		p.Tables = []papers.Table{r.indicatorsByOrganisation(i)}
		return p
	}
	t := papers.Table{Numbered: true, Columns: []papers.Column{
		{Head: r.say("Indicator", "Chỉ tiêu")},
		{Head: r.say("Number", "Số lượng"), Right: true},
		{Head: r.say("Of", "Trên tổng"), Right: true},
		{Head: r.say("Share", "Tỷ lệ"), Right: true},
	}}
	for _, code := range projections.IndicatorCodes() {
		v, shown := first.Indicators[code]
		row := []papers.Cell{papers.Text(words.Indicators.In(r.Lang, code)), papers.Number(v.Numerator), papers.Text(""), papers.Text("")}
		if !shown {
			row[1] = papers.Text(r.withheld())
		}
		if v.Share {
			row[2], row[3] = papers.Number(v.Denominator), papers.Share(v.Numerator, v.Denominator)
		}
		t.Rows = append(t.Rows, row)
	}
	p.Tables = []papers.Table{t}
	return p
}

// indicatorsByOrganisation shows, for several organisations, what fits on a
// screen. A column in which none of them has anything is left out.
func (r Reader) indicatorsByOrganisation(i projections.Indicators) papers.Table {
	t := papers.Table{Numbered: true, Columns: []papers.Column{
		{Head: r.say("Organisation", "Tổ chức đảng"), Most: 36},
		{Head: r.say("Members", "Đảng\nviên"), Right: true},
		{Head: r.say("Official", "Chính\nthức"), Right: true},
		{Head: r.say("Provi-\nsional", "Dự bị"), Right: true},
		{Head: r.say("Minority", "Dân tộc\nthiểu số"), Right: true},
		{Head: r.say("Admitted\n/ quota", "Kết nạp /\nchỉ tiêu"), Right: true},
		{Head: r.say("In term\n/ target", "Nhiệm kỳ /\nchỉ tiêu"), Right: true},
		{Head: r.say("Rated", "Đã xếp\nloại"), Right: true},
		{Head: r.say("Villages\nwith cell", "Bản có\nchi bộ"), Right: true},
	}}
	row := func(of projections.IndicatorRow, name string) []papers.Cell {
		v := of.Indicators
		shown := func(code string, cell papers.Cell) papers.Cell {
			if _, ok := v[code]; !ok {
				return papers.Text(r.withheld())
			}
			return cell
		}
		number := func(code string) papers.Cell { return shown(code, papers.Number(v[code].Numerator)) }
		ratio := func(code string) papers.Cell {
			return shown(code, papers.Ratio(v[code].Numerator, v[code].Denominator))
		}
		share := func(code string) papers.Cell {
			return shown(code, papers.Share(v[code].Numerator, v[code].Denominator))
		}
		return []papers.Cell{
			papers.Text(name), number("members"), number("official"), number("provisional"),
			share("ethnic_minority_share"), ratio("admission_quota_rate"), ratio("term_target_rate"), share("rated_share"), ratio("villages_with_cell"),
		}
	}
	below := slices.Clone(i.Rows[1:])
	slices.SortStableFunc(below, func(x, y projections.IndicatorRow) int {
		return y.Indicators["members"].Numerator - x.Indicators["members"].Numerator
	})
	t.Total = row(i.Rows[0], r.say("Together", "Toàn bộ"))
	for _, b := range below {
		t.Rows = append(t.Rows, row(b, b.Name))
	}
	nothing := papers.Ratio(0, 0).In(papers.Paper{})
	for c := len(t.Columns) - 1; c > 0; c-- {
		if !slices.ContainsFunc(t.Rows, func(row []papers.Cell) bool { return row[c].In(papers.Paper{}) != nothing }) {
			t.Columns, t.Total = slices.Delete(t.Columns, c, c+1), slices.Delete(t.Total, c, c+1)
			for n := range t.Rows {
				t.Rows[n] = slices.Delete(t.Rows[n], c, c+1)
			}
		}
	}
	if target := i.Rows[0].Indicators["term_target_rate"]; target.Denominator > 0 {
		t.Tail = append(t.Tail, fmt.Sprintf(r.say("Admitted since the term began: %s of a target of %s, %s.", "Kết nạp từ đầu nhiệm kỳ: %s trên chỉ tiêu %s, đạt %s."),
			r.number(target.Numerator), r.number(target.Denominator), r.percent(target.Numerator, target.Denominator)))
	}
	t.Hint = r.say("These are some of the indicators; --format csv and --json have all.", "Trên đây là một số chỉ tiêu; xem đủ bằng --format csv hoặc --json.")
	return t
}

func indicatorData(i projections.Indicators) [][]string {
	rows := [][]string{{"organisation", "name", "indicator", "numerator", "denominator", "value"}}
	for _, r := range i.Rows {
		for _, code := range projections.IndicatorCodes() {
			v, shown := r.Indicators[code]
			row := []string{orEmpty(r.Organisation), r.Name, code, "", "", ""}
			if !shown { // withheld
				rows = append(rows, row)
				continue
			}
			if v.Share {
				row[3], row[4] = strconv.Itoa(v.Numerator), strconv.Itoa(v.Denominator)
			}
			if value, ok := v.Value(); ok {
				row[5] = strconv.FormatFloat(value, 'f', -1, 64)
			}
			rows = append(rows, row)
		}
	}
	return rows
}
