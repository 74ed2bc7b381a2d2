package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rollbook/domain"
	"rollbook/projections"
	"rollbook/words"
)

// barCells is how wide the longest bar is.
const barCells = 30

func (a *app) headcountTable(h projections.Headcount, names organisationNames) {
	var by []string
	for _, d := range h.By {
		by = append(by, a.label(words.Dimensions, string(d)))
	}
	title := a.say("Members", "Số đảng viên")
	if len(by) > 0 {
		title += a.say(" by ", " theo ") + strings.Join(by, ", ")
	}
	a.reportHead(title, a.scope(h.Organisation, names), a.asOf(h.AsOf), h.Standing)
	if len(by) == 0 {
		a.out.line(a.say("Members: ", "Đảng viên: ") + a.number(h.Total))
		return
	}
	var columns []column
	for _, name := range by {
		columns = append(columns, column{head: capital(name), most: 60})
	}
	columns = append(columns, column{head: a.say("Members", "Đảng viên"), right: true}, column{head: a.say("Share", "Tỷ lệ"), right: true})
	if len(by) == 1 {
		columns = append(columns, column{head: ""})
	}
	list := slices.Clone(h.Rows)
	// The largest first, which is what people look for.
	slices.SortStableFunc(list, func(x, y projections.HeadcountRow) int { return y.Members - x.Members })
	most := 0
	for _, r := range list {
		most = max(most, r.Members)
	}
	var rows [][]string
	for _, r := range list {
		var row []string
		for i, d := range r.By {
			row = append(row, a.valueLabel(d, r.Values[i], names))
		}
		row = append(row, a.number(r.Members), a.percent(r.Members, h.Total))
		if len(by) == 1 {
			row = append(row, bar(r.Members, most, barCells))
		}
		rows = append(rows, row)
	}
	foot := make([]string, len(columns))
	foot[0], foot[len(by)], foot[len(by)+1] = a.say("Total", "Tổng số"), a.number(h.Total), a.percent(h.Total, h.Total)
	a.table(columns, rows, foot)
}

func (a *app) valueLabel(d projections.Dimension, value string, names organisationNames) string {
	switch d {
	case "ethnicity":
		if value == domain.Unknown {
			return a.say("unknown", "không rõ")
		}
		return codeName(domain.EthnicGroups(), value)
	case "religion":
		if value == domain.Unknown {
			return a.say("unknown", "không rõ")
		}
		return codeName(domain.Religions(), value)
	case "status":
		return a.label(words.Statuses, value)
	case "gender":
		return a.label(words.Genders, value)
	}
	return names.of(value)
}

func (a *app) headcountCSV(h projections.Headcount) {
	var head []string
	for _, d := range h.By {
		head = append(head, string(d))
	}
	rows := [][]string{append(head, "members")}
	for _, r := range h.Rows {
		rows = append(rows, append(slices.Clone(r.Values), strconv.Itoa(r.Members)))
	}
	if len(h.By) == 0 {
		rows = append(rows, []string{strconv.Itoa(h.Total)})
	}
	a.csv(rows)
}

func (a *app) movementsTable(m projections.Movements, names organisationNames) {
	days := fmt.Sprintf(a.say("From the end of %s to the end of %s", "Từ cuối ngày %s đến cuối ngày %s"), m.From.Vietnamese(), m.To.Vietnamese())
	a.reportHead(a.say("Movements of members", "Biến động đảng viên"), a.scope(m.Organisation, names), days, m.Standing)
	in, out := a.say("in", "tăng"), a.say("out", "giảm")
	rows := [][]string{{fmt.Sprintf(a.say("Opening, %s", "Đầu kỳ, %s"), m.From.Vietnamese()), "", a.number(m.Opening)}}
	for _, r := range []struct {
		way    string
		label  string
		number int
	}{
		{in, a.say("Admitted", "Kết nạp"), m.Admitted},
		{in, a.say("Transferred in from outside", "Chuyển đến từ ngoài"), m.TransferredIn},
		{in, a.say("Restored", "Khôi phục đảng tịch"), m.Restored},
		{in, a.say("Brought forward", "Số dư ghi đầu kỳ"), m.BroughtForward},
		{in, a.say("Moved in within the ledger", "Chuyển đến trong nội bộ"), m.MovedIn},
		{out, a.say("Moved out within the ledger", "Chuyển đi trong nội bộ"), m.MovedOut},
		{out, a.say("Transferred out", "Chuyển đi ngoài"), m.TransferredOut},
		{out, a.say("Expelled", "Khai trừ"), m.Expelled},
		{out, a.say("Removed", "Xoá tên"), m.Removed},
		{out, a.say("Resigned", "Xin ra"), m.Resigned},
		{out, a.say("Died", "Từ trần"), m.Died},
	} {
		sign := "+"
		if r.way == out {
			sign = "−"
		}
		text := a.number(r.number)
		if r.number != 0 {
			text = sign + text
		}
		rows = append(rows, []string{r.label, r.way, text})
	}
	foot := []string{fmt.Sprintf(a.say("Closing, %s", "Cuối kỳ, %s"), m.To.Vietnamese()), "", a.number(m.Closing)}
	a.table([]column{{head: a.say("Movement", "Biến động")}, {head: ""}, {head: a.say("Members", "Đảng viên"), right: true}}, rows, foot)
	a.out.line(fmt.Sprintf(a.say("Confirmed within the period: %s (neither in nor out).", "Công nhận chính thức trong kỳ: %s (không tăng, không giảm)."), a.number(m.Confirmed)))
	sum := fmt.Sprintf("%s + %s − %s = %s", a.number(m.Opening), a.number(m.Ins()), a.number(m.Outs()), a.number(m.Opening+m.Ins()-m.Outs()))
	if m.Reconciles() {
		a.out.line(a.say("Reconciles: ", "Khớp: ") + sum + ".")
		return
	}
	a.out.line(fmt.Sprintf(a.say("!!! DOES NOT RECONCILE: %s, but the closing is %s. Run `rollbook projections rebuild` and report it.",
		"!!! KHÔNG KHỚP: %s, nhưng cuối kỳ là %s. Hãy chạy `rollbook projections rebuild` và báo lỗi."), sum, a.number(m.Closing)))
}

func (a *app) movementsCSV(m projections.Movements) {
	organisation := ""
	if m.Organisation != nil {
		organisation = *m.Organisation
	}
	head := []string{"organisation", "from", "to"}
	row := []string{organisation, m.From.String(), m.To.String()}
	for _, f := range []struct {
		name string
		n    int
	}{
		{"opening", m.Opening},
		{"admitted", m.Admitted},
		{"transferred_in", m.TransferredIn},
		{"restored", m.Restored},
		{"brought_forward", m.BroughtForward},
		{"moved_in", m.MovedIn},
		{"moved_out", m.MovedOut},
		{"transferred_out", m.TransferredOut},
		{"expelled", m.Expelled},
		{"removed", m.Removed},
		{"resigned", m.Resigned},
		{"died", m.Died},
		{"closing", m.Closing},
		{"confirmed", m.Confirmed},
	} {
		head, row = append(head, f.name), append(row, strconv.Itoa(f.n))
	}
	a.csv([][]string{head, row})
}

func (a *app) indicatorsTable(i projections.Indicators) {
	first := i.Rows[0]
	names := organisationNames{}
	if first.Organisation != nil {
		names[*first.Organisation] = first.Name
	}
	a.reportHead(fmt.Sprintf(a.say("Indicators for %d", "Chỉ tiêu năm %d"), i.Year), a.scope(first.Organisation, names), a.asOf(i.AsOf), i.Standing)
	if len(i.Rows) > 1 {
		a.indicatorsByOrganisation(i)
		return
	}
	var rows [][]string
	for _, code := range projections.IndicatorCodes() {
		v := first.Indicators[code]
		row := []string{a.label(words.Indicators, code), a.number(v.Numerator), "", ""}
		if v.Share {
			row[2], row[3] = a.number(v.Denominator), a.percent(v.Numerator, v.Denominator)
		}
		rows = append(rows, row)
	}
	a.table([]column{
		{head: a.say("Indicator", "Chỉ tiêu")},
		{head: a.say("Number", "Số lượng"), right: true},
		{head: a.say("Of", "Trên tổng"), right: true},
		{head: a.say("Share", "Tỷ lệ"), right: true},
	}, rows, nil)
}

// indicatorsByOrganisation shows, for several organisations, what fits on a
// screen. A column in which none of them has anything is left out.
func (a *app) indicatorsByOrganisation(i projections.Indicators) {
	columns := []column{
		{head: a.say("Organisation", "Tổ chức đảng"), most: 36},
		{head: a.say("Members", "Đảng\nviên"), right: true},
		{head: a.say("Official", "Chính\nthức"), right: true},
		{head: a.say("Provi-\nsional", "Dự bị"), right: true},
		{head: a.say("Minority", "Dân tộc\nthiểu số"), right: true},
		{head: a.say("Admitted\n/ quota", "Kết nạp /\nchỉ tiêu"), right: true},
		{head: a.say("In term\n/ target", "Nhiệm kỳ /\nchỉ tiêu"), right: true},
		{head: a.say("Rated", "Đã xếp\nloại"), right: true},
		{head: a.say("Villages\nwith cell", "Bản có\nchi bộ"), right: true},
	}
	row := func(r projections.IndicatorRow, name string) []string {
		v := r.Indicators
		minority, rated := v["ethnic_minority_share"], v["rated_share"]
		return []string{
			name, a.number(v["members"].Numerator), a.number(v["official"].Numerator), a.number(v["provisional"].Numerator),
			a.percent(minority.Numerator, minority.Denominator), a.ratio(v["admission_quota_rate"]), a.ratio(v["term_target_rate"]),
			a.percent(rated.Numerator, rated.Denominator), a.ratio(v["villages_with_cell"]),
		}
	}
	below := slices.Clone(i.Rows[1:])
	slices.SortStableFunc(below, func(x, y projections.IndicatorRow) int {
		return y.Indicators["members"].Numerator - x.Indicators["members"].Numerator
	})
	rows := [][]string{row(i.Rows[0], a.say("Together", "Toàn bộ"))}
	for _, r := range below {
		rows = append(rows, row(r, r.Name))
	}
	for c := len(columns) - 1; c > 0; c-- {
		if !slices.ContainsFunc(rows[1:], func(r []string) bool { return r[c] != "–" }) {
			columns = slices.Delete(columns, c, c+1)
			for n := range rows {
				rows[n] = slices.Delete(rows[n], c, c+1)
			}
		}
	}
	a.table(columns, rows[1:], rows[0])
	if target := i.Rows[0].Indicators["term_target_rate"]; target.Denominator > 0 {
		a.out.line(fmt.Sprintf(a.say("Admitted since the term began: %s of a target of %s, %s.", "Kết nạp từ đầu nhiệm kỳ: %s trên chỉ tiêu %s, đạt %s."),
			a.number(target.Numerator), a.number(target.Denominator), a.percent(target.Numerator, target.Denominator)))
	}
	a.out.line(a.say("These are some of the indicators; --format csv and --json have all.", "Trên đây là một số chỉ tiêu; xem đủ bằng --format csv hoặc --json."))
}

// ratio writes a share as its two numbers, and as a dash where there is nothing
// to compare with.
func (a *app) ratio(i projections.Indicator) string {
	if i.Denominator == 0 && i.Numerator == 0 {
		return "–"
	}
	if i.Denominator == 0 {
		return a.number(i.Numerator) + " / –"
	}
	return a.number(i.Numerator) + " / " + a.number(i.Denominator)
}

func (a *app) indicatorsCSV(i projections.Indicators) {
	rows := [][]string{{"organisation", "name", "indicator", "numerator", "denominator", "value"}}
	for _, r := range i.Rows {
		organisation := ""
		if r.Organisation != nil {
			organisation = *r.Organisation
		}
		for _, code := range projections.IndicatorCodes() {
			v := r.Indicators[code]
			row := []string{organisation, r.Name, code, "", "", ""}
			if v.Share {
				row[3], row[4] = strconv.Itoa(v.Numerator), strconv.Itoa(v.Denominator)
			}
			if value, ok := v.Value(); ok {
				row[5] = strconv.FormatFloat(value, 'f', -1, 64)
			}
			rows = append(rows, row)
		}
	}
	a.csv(rows)
}

// capital writes the first letter large.
func capital(s string) string {
	for i, r := range s {
		return strings.ToUpper(string(r)) + s[i+len(string(r)):]
	}
	return s
}
