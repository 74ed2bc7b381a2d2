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

// Findings puts departures from the charter on paper; their texts are in the
// reader's language already: see [projections.Findings.In].
func (r Reader) Findings(f projections.Findings) papers.Paper {
	days := r.asOf(f.AsOf)
	if f.From != nil {
		days = fmt.Sprintf(r.say("Entries of %s to %s", "Các mục từ %s đến %s"), f.From.Vietnamese(), f.AsOf.Vietnamese())
	}
	p := r.paper(r.say("Departures from the charter", "Các trường hợp chưa đúng quy định"), r.scope(f.Organisation), days, f.AsOf, f.Standing)
	p.Data = [][]string{findingColumns}
	for _, x := range f.Rows {
		p.Data = append(p.Data, findingData(x))
	}
	t := papers.Table{Lead: []string{r.say("None.", "Không có.")}}
	if len(f.Rows) > 0 {
		t = r.findings(f.Rows)
		var sums []string
		for _, total := range f.Totals {
			text := total.Title + " " + r.number(total.Findings)
			if total.Excepted > 0 {
				text += fmt.Sprintf(r.say(" (%s with leave)", " (%s có ngoại lệ)"), r.number(total.Excepted))
			}
			sums = append(sums, text)
		}
		t.Tail = []string{r.say("Findings: ", "Tổng số: ") + r.number(len(f.Rows)) + ". " + strings.Join(sums, "; ") + "."}
	}
	var unjudged []string
	for _, u := range f.Unjudged {
		unjudged = append(unjudged, u.Title+" "+r.number(u.Entries))
	}
	if len(unjudged) > 0 {
		t.Tail = append(t.Tail, r.say("Could not be judged, because what the rule asks for is not recorded or cannot be opened: ",
			"Chưa xét được vì thiếu thông tin hoặc thông tin niêm phong không mở được: ")+strings.Join(unjudged, "; ")+".")
	}
	p.Tables = []papers.Table{t}
	return p
}

func (r Reader) findings(list []projections.Finding) papers.Table {
	t := papers.Table{Name: r.say("Findings", "Chưa đúng quy định"), Columns: []papers.Column{
		{Head: r.say("Effective", "Hiệu lực")},
		{Head: r.say("No.", "Số"), Right: true},
		{Head: r.say("Entry", "Mục")},
		{Head: r.say("Who", "Đối tượng"), Most: 30},
		{Head: r.say("Organisation", "Tổ chức đảng"), Most: 30},
		{Head: r.say("Departure", "Chưa đúng ở chỗ"), Most: 40},
		{Head: r.say("What would help", "Cách khắc phục"), Most: 40},
		{Head: r.say("Source", "Căn cứ"), Most: 30},
		{Head: r.say("Rule", "Quy định")},
	}}
	for _, f := range list {
		message := f.Said(r.Lang, r.Names.Of)
		if f.Exception {
			message = r.say("With leave: ", "Có ngoại lệ: ") + message
		}
		t.Rows = append(t.Rows, []papers.Cell{
			papers.Day(f.EffectiveOn), papers.Text(strconv.FormatUint(f.Sequence, 10)), papers.Text(words.Events.In(r.Lang, f.Type)), papers.Text(r.subject(f.Subject)),
			papers.Text(r.Names.Of(f.Organisation)), papers.Text(message), papers.Text(f.Cure), papers.Text(f.Source), papers.Text(f.Rule),
		})
	}
	return t
}

var findingColumns = []string{
	"rule", "title", "policy", "sequence", "id", "type", "subject", "effectiveon", "organisation", "exception", "message", "source", "cure",
}

func findingData(f projections.Finding) []string {
	return []string{
		f.Rule, f.Title, f.Policy, strconv.FormatUint(f.Sequence, 10), f.ID, f.Type, string(f.Subject), f.EffectiveOn.String(), f.Organisation,
		strconv.FormatBool(f.Exception), f.Message, f.Source, f.Cure,
	}
}

// ExplainFindings puts on paper which findings appeared and which were cleared.
func (r Reader) ExplainFindings(e projections.ExplainedFindings) papers.Paper {
	p := r.compared(r.say("Why the departures from the charter changed", "Vì sao các trường hợp chưa đúng quy định thay đổi"), e.Organisation, e.From, e.To, e.Standing)
	p.Data = [][]string{append([]string{"cause", "change", "behind"}, findingColumns...)}
	if len(e.Total.Parts) == 0 {
		p.Tables = []papers.Table{{Lead: []string{r.say("Nothing differs.", "Không có gì khác nhau.")}}}
		return p
	}
	t := papers.Table{Name: r.say("Changes", "Thay đổi"), Columns: []papers.Column{
		{Head: r.say("Change", "Tăng giảm"), Right: true},
		{Head: r.say("Cause", "Nguyên nhân")},
		{Head: r.say("Who", "Đối tượng"), Most: 30},
		{Head: r.say("Entry", "Mục")},
		{Head: r.say("No.", "Số"), Right: true},
		{Head: r.say("Departure", "Chưa đúng ở chỗ"), Most: 40},
		{Head: r.say("Event behind it", "Sự kiện liên quan")},
		{Head: r.say("Effective", "Hiệu lực")},
		{Head: r.say("Sequence", "Số thứ tự"), Right: true},
	}}
	in := papers.Paper{Lang: r.Lang}
	for _, rule := range append([]projections.ExplainedRule{e.Total}, e.Rules...) {
		title := rule.Title
		if rule.Rule == "" {
			title = r.say("Findings", "Tổng số")
		}
		t.Lead = append(t.Lead, fmt.Sprintf("%s: %s → %s (%s)", title, r.number(rule.From), r.number(rule.To), papers.Change(rule.Change).In(in)))
	}
	sums := map[projections.Cause]int{}
	for _, part := range e.Total.Parts {
		sums[part.Cause] += part.Change
		var behind []string
		row := []papers.Cell{
			papers.Change(part.Change), papers.Text(words.Causes.In(r.Lang, string(part.Cause))), papers.Text(r.subject(part.Finding.Subject)),
			papers.Text(words.Events.In(r.Lang, part.Finding.Type)), papers.Text(strconv.FormatUint(part.Finding.Sequence, 10)), papers.Text(part.Finding.Said(r.Lang, r.Names.Of)),
			{},
			{},
			{},
		}
		for i, event := range part.Events {
			behind = append(behind, strconv.FormatUint(event.Sequence, 10))
			if i > 0 {
				t.Rows = append(t.Rows, row)
				row = make([]papers.Cell, len(row))
			}
			row[6], row[7], row[8] = papers.Text(words.Events.In(r.Lang, event.Type)), papers.Day(event.EffectiveOn), papers.Text(strconv.FormatUint(event.Sequence, 10))
		}
		t.Rows = append(t.Rows, row)
		p.Data = append(p.Data, append([]string{string(part.Cause), strconv.Itoa(part.Change), strings.Join(behind, " ")}, findingData(part.Finding)...))
	}
	var causes []string
	for _, cause := range projections.Causes() {
		if n := sums[cause]; n != 0 {
			causes = append(causes, words.Causes.In(r.Lang, string(cause))+" "+papers.Change(n).In(in))
		}
	}
	if len(causes) > 0 {
		t.Tail = []string{r.say("By cause: ", "Theo nguyên nhân: ") + strings.Join(causes, ", ") + "."}
	}
	p.Tables = []papers.Table{t}
	return p
}

// Trial puts on paper what a proposed version of the rules would change. It says in
// its title that it is a trial.
func (r Reader) Trial(t projections.Trial) papers.Paper {
	title := fmt.Sprintf(r.say("TRIAL: what version %s, from %s, would change", "THỬ NGHIỆM: phiên bản %s, từ %s, sẽ thay đổi gì"), t.Proposed, t.From.Vietnamese())
	p := r.paper(title, r.scope(t.Organisation), r.asOf(t.AsOf), t.AsOf, t.Standing)
	p.Data = [][]string{append([]string{"trial", "change"}, findingColumns...)}
	p.Tables = []papers.Table{{Lead: []string{
		r.say("TRIAL. Nothing of this is in force, and nothing was stored.", "THỬ NGHIỆM. Chưa có hiệu lực, không ghi gì vào sổ."),
		fmt.Sprintf(r.say("Findings: %s now, %s with it.", "Chưa đúng quy định: hiện nay %s, nếu áp dụng %s."), r.number(t.Now), r.number(t.Then)),
	}}}
	for _, part := range []struct {
		change, en, vi string
		list           []projections.Finding
	}{{"appears", "Would appear: %s", "Sẽ phát sinh: %s", t.Appear}, {"disappears", "Would disappear: %s", "Sẽ không còn: %s", t.Disappear}} {
		table := papers.Table{}
		if len(part.list) > 0 {
			table = r.findings(part.list)
		}
		table.Lead = append(slices.Clone(table.Lead), fmt.Sprintf(r.say(part.en, part.vi), r.number(len(part.list))))
		p.Tables = append(p.Tables, table)
		for _, f := range part.list {
			p.Data = append(p.Data, append([]string{t.Proposed, part.change}, findingData(f)...))
		}
	}
	return p
}
