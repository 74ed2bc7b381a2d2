package reports

import (
	"fmt"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/office/papers"
	"rollbook/words"
)

// Register puts a register on paper, with the names in it.
func (r Reader) Register(g ledger.Register) papers.Paper {
	p := r.paper(r.say("Register", "Danh sách đảng viên"), r.scope(g.Organisation), r.asOf(g.AsOf), g.AsOf, g.Standing)
	p.Data = registerData(g)
	t := papers.Table{Numbered: true, Columns: []papers.Column{
		{Head: r.say("Name", "Họ và tên"), Most: 40},
		{Head: r.say("Born", "Ngày sinh"), Right: true},
		{Head: r.say("Gender", "Giới tính")},
		{Head: r.say("Ethnic group", "Dân tộc")},
		{Head: r.say("Religion", "Tôn giáo")},
		{Head: r.say("Status", "Tình trạng")},
		{Head: r.say("Admitted", "Ngày kết nạp"), Right: true},
		{Head: r.say("Confirmed", "Chính thức"), Right: true},
		{Head: r.say("Organisation", "Tổ chức đảng"), Most: 40},
		{Head: r.say("Id", "Mã")},
	}}
	day := func(d *domain.Date) papers.Cell {
		if d == nil {
			return papers.Day(0)
		}
		return papers.Day(*d)
	}
	for _, row := range g.Rows {
		name := r.say("(sealed)", "(niêm phong)")
		if row.Name != nil {
			name = *row.Name
		}
		born := papers.Text(row.Born)
		if d, ok := domain.ParseDate(row.Born); ok {
			born = papers.Day(d)
		}
		t.Rows = append(t.Rows, []papers.Cell{
			papers.Text(name), born, papers.Text(words.Genders.In(r.Lang, string(row.Gender))), papers.Text(r.Value("ethnicity", row.Ethnicity)), papers.Text(r.Value("religion", row.Religion)),
			papers.Text(words.Statuses.In(r.Lang, string(row.Status))), day(row.AdmittedOn), day(row.ConfirmedOn), papers.Text(r.Names.Of(row.Organisation)), papers.Text(row.Member),
		})
	}
	text := fmt.Sprintf(r.say("%s of %s.", "%s trên %s."), r.number(len(g.Rows)), r.number(g.Total))
	if g.Next != nil {
		text += fmt.Sprintf(r.say(" More with --after %s.", " Xem tiếp bằng --after %s."), *g.Next)
	}
	if g.Closed > 0 {
		text += fmt.Sprintf(r.say(" %s names are sealed and could not be opened.", " %s tên bị niêm phong, không mở được."), r.number(g.Closed))
	}
	t.Tail = []string{text}
	p.Tables = []papers.Table{t}
	return p
}

func registerData(g ledger.Register) [][]string {
	day := func(d *domain.Date) string {
		if d == nil {
			return ""
		}
		return d.String()
	}
	rows := [][]string{{"member", "name", "born", "gender", "ethnicity", "religion", "status", "admitted_on", "confirmed_on", "organisation"}}
	for _, p := range g.Rows {
		rows = append(rows, []string{p.Member, orEmpty(p.Name), p.Born, string(p.Gender), p.Ethnicity, p.Religion, string(p.Status), day(p.AdmittedOn), day(p.ConfirmedOn), p.Organisation})
	}
	return rows
}
