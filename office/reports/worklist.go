package reports

import (
	"fmt"
	"strconv"
	"strings"

	"rollbook/domain"
	"rollbook/office/papers"
	"rollbook/projections"
	"rollbook/words"
)

// Worklist puts what is to be done on paper.
func (r Reader) Worklist(w projections.Worklist) papers.Paper {
	days := r.asOf(w.AsOf) + fmt.Sprintf(r.say("; what is due up to %s", "; việc đến hạn tới ngày %s"), w.Until.Vietnamese())
	p := r.paper(r.say("To be done", "Việc cần làm"), r.scope(w.Organisation), days, w.AsOf, w.Standing)
	p.Data = worklistData(w)
	if len(w.Rows) == 0 {
		p.Tables = []papers.Table{{Lead: []string{r.say("Nothing.", "Không có.")}}}
		return p
	}
	t := papers.Table{Numbered: true, Columns: []papers.Column{
		{Head: r.say("Due", "Hạn")},
		{},
		{Head: r.say("What", "Việc")},
		{Head: r.say("Organisation", "Tổ chức đảng"), Most: 40},
		{Head: r.say("Who", "Đối tượng"), Most: 40},
	}}
	overdue, number := map[projections.WorkKind]int{}, map[projections.WorkKind]int{}
	for _, row := range w.Rows {
		number[row.Kind]++
		due, note := papers.Day(0), ""
		if row.Due != nil {
			due = papers.Day(*row.Due)
		}
		if row.Overdue {
			overdue[row.Kind]++
			note = r.say("overdue", "quá hạn")
		}
		t.Rows = append(t.Rows, []papers.Cell{due, papers.Text(note), papers.Text(r.work(row)), papers.Text(r.Names.Of(row.Organisation)), papers.Text(r.subject(row.Subject))})
	}
	var sums []string
	for _, k := range projections.WorkKinds() {
		if number[k] > 0 {
			sums = append(sums, fmt.Sprintf(r.say("%s %s (%s overdue)", "%s %s (%s quá hạn)"), words.Work.In(r.Lang, string(k)), r.number(number[k]), r.number(overdue[k])))
		}
	}
	t.Tail = []string{strings.Join(sums, "; ") + "."}
	p.Tables = []papers.Table{t}
	return p
}

// work says what there is to do.
func (r Reader) work(w projections.Work) string {
	text := words.Work.In(r.Lang, string(w.Kind))
	switch w.Kind {
	case projections.WorkRating, projections.WorkOrganisationRating:
		text += " " + strconv.Itoa(w.Year)
	case projections.WorkBadge:
		text += fmt.Sprintf(r.say(" of %d years", " %d năm"), w.Years)
	case projections.WorkQuota:
		text += fmt.Sprintf(r.say(" of %d", " %d"), w.Year) + r.plan(w)
	case projections.WorkTarget:
		text += r.plan(w)
	case projections.WorkReview, projections.WorkConfirmation, projections.WorkReception, projections.WorkMentor,
		projections.WorkVillageCell, projections.WorkVillageMembers:
	}
	return text
}

// plan says how far admissions are from what was planned.
func (r Reader) plan(w projections.Work) string {
	return fmt.Sprintf(r.say(": %d missing; %d of %d planned by now", ": thiếu %d; đã kết nạp %d, theo kế hoạch tới nay %d"), w.Missing, *w.Admitted, *w.Planned)
}

// subject names an organisation; anybody else is their id.
func (r Reader) subject(s domain.Subject) string {
	if s.Kind() == domain.OrganisationKind {
		return r.Names.Of(s.ID())
	}
	return string(s)
}

func worklistData(w projections.Worklist) [][]string {
	rows := [][]string{{"kind", "due", "overdue", "organisation", "subject", "year", "years", "missing", "planned", "admitted"}}
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	count := func(n *int) string {
		if n == nil {
			return ""
		}
		return strconv.Itoa(*n)
	}
	for _, r := range w.Rows {
		due := ""
		if r.Due != nil {
			due = r.Due.String()
		}
		rows = append(rows, []string{string(r.Kind), due, strconv.FormatBool(r.Overdue), r.Organisation, string(r.Subject), number(r.Year), number(r.Years), number(r.Missing), count(r.Planned), count(r.Admitted)})
	}
	return rows
}
