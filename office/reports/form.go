package reports

import (
	"fmt"
	"slices"
	"strconv"

	"rollbook/domain"
	"rollbook/office/papers"
	"rollbook/projections"
	"rollbook/words"
)

// mostColumns is how many figures stand side by side in one table. A form with
// more has a table for each of its groups.
const mostColumns = 16

// Form puts a statistical form on paper: for one organisation a line for each
// figure, for several a column.
func (r Reader) Form(f projections.Form) papers.Paper {
	days := r.asOf(f.AsOf)
	if f.From != nil {
		days = r.period(*f.From, f.AsOf)
	}
	title := words.Forms.In(r.Lang, f.Report)
	if f.Year != 0 {
		title += fmt.Sprintf(r.say(" for %d", " năm %d"), f.Year)
	}
	p := r.paper(title, r.scope(f.Organisation), days, f.AsOf, f.Standing)
	p.Data = formData(f)
	if len(f.Rows) == 1 {
		p.Tables = r.list(f)
	} else {
		p.Tables = r.cross(f)
	}
	last := &p.Tables[len(p.Tables)-1]
	last.Tail = append(last.Tail, r.notes(f)...)
	return p
}

// notes are what has to be known to read a form.
func (r Reader) notes(f projections.Form) (notes []string) {
	if f.Closed > 0 {
		notes = append(notes, fmt.Sprintf(r.say("Birth, education and occupation of %s people are sealed and could not be opened; they count as unknown.",
			"Ngày sinh, trình độ và nghề nghiệp của %s người bị niêm phong, không mở được; được tính là không rõ."), r.number(f.Closed)))
	}
	if f.Report == "villages" {
		notes = append(notes, r.say("The members of a village are those who count in its own cell.", "Đảng viên của bản là đảng viên tính tại chi bộ riêng của bản."))
	}
	return notes
}

// list shows a form of one organisation, line by line.
func (r Reader) list(f projections.Form) (tables []papers.Table) {
	row := f.Rows[0]
	for i, g := range f.Groups {
		name := r.group(g.Name)
		t := papers.Table{Name: name, Columns: []papers.Column{{Head: name, Most: 60}, {Head: r.say("Number", "Số lượng"), Right: true}}}
		if g.Name != "" {
			t.Columns = append(t.Columns, papers.Column{Head: r.say("Share", "Tỷ lệ"), Right: true})
		}
		if g.Name == "" && len(g.Values) == 1 {
			t.Brief = r.figure("", g.Values[0]) + ": " + r.number(row.Counts[i][0])
		}
		for j, value := range g.Values {
			cells := []papers.Cell{papers.Text(r.figure(g.Name, value)), r.count(row.Counts[i][j])}
			if g.Name != "" {
				cells = append(cells, r.share(row, g.Name, value))
			}
			t.Rows = append(t.Rows, cells)
		}
		tables = append(tables, t)
	}
	return tables
}

// cross shows a form of several organisations: each a row, the whole at the foot.
func (r Reader) cross(f projections.Form) (tables []papers.Table) {
	columns := 0
	for _, g := range f.Groups {
		columns += len(g.Values)
		if _, shares := basesOf[g.Name]; shares {
			columns += len(g.Values)
		}
	}
	if columns <= mostColumns {
		return []papers.Table{r.crossed(f, "", f.Groups)}
	}
	for _, g := range f.Groups[1:] {
		base := f.Groups[0]
		if own, ok := basesOf[g.Name]; ok {
			base.Values = own
		}
		tables = append(tables, r.crossed(f, r.group(g.Name), []projections.Group{base, g}))
	}
	return tables
}

// basesOf are the figures that stand before a group, where not all do.
var basesOf = map[string][]string{
	"member_grade":       {"members", "members_rated"},
	"organisation_grade": {"organisations", "organisations_rated"},
}

func (r Reader) crossed(f projections.Form, name string, groups []projections.Group) papers.Table {
	t := papers.Table{Name: name, Numbered: true, Columns: []papers.Column{{Head: r.say("Organisation", "Tổ chức đảng"), Most: 36}}}
	for _, g := range groups {
		over := ""
		if g.Name != "" {
			over = r.group(g.Name)
		}
		_, shares := basesOf[g.Name]
		for _, value := range g.Values {
			if shares {
				over = r.figure(g.Name, value)
				t.Columns = append(t.Columns, papers.Column{Head: r.say("number", "số"), Group: over, Right: true}, papers.Column{Head: "%", Group: over, Right: true})
				continue
			}
			t.Columns = append(t.Columns, papers.Column{Head: r.figure(g.Name, value), Group: over, Right: true})
		}
	}
	line := func(row projections.FormRow, name string) []papers.Cell {
		cells := []papers.Cell{papers.Text(name)}
		for _, g := range groups {
			_, shares := basesOf[g.Name]
			for _, value := range g.Values {
				cells = append(cells, r.count(row.Count(g.Name, value)))
				if shares {
					cells = append(cells, r.share(row, g.Name, value))
				}
			}
		}
		return cells
	}
	for _, row := range f.Rows[1:] {
		t.Rows = append(t.Rows, line(row, r.partName(row)))
	}
	t.Total = line(f.Rows[0], r.say("Together", "Toàn bộ"))
	return t
}

// partName names a part of an organisation.
func (r Reader) partName(row projections.FormRow) string {
	if row.Itself {
		return fmt.Sprintf(r.say("directly in %s", "trực tiếp tại %s"), row.Name)
	}
	return row.Name
}

// share is the cell of a figure as a share. Where some of its group are withheld it
// would be of the others only, and is left open.
func (r Reader) share(row projections.FormRow, group, value string) papers.Cell {
	if row.Hides(group) {
		return papers.Text(r.withheld())
	}
	return papers.Share(row.Count(group, value), whole(row, group, value))
}

// whole is what a figure is a share of: of grades, those who are rated.
func whole(row projections.FormRow, group, value string) int {
	if _, ok := basesOf[group]; ok && value != projections.NotRated {
		return row.Sum(group) - row.Count(group, projections.NotRated)
	}
	return row.Sum(group)
}

// group names a group of figures.
func (r Reader) group(name string) string {
	if name == "" {
		return r.say("In all", "Chung")
	}
	return capital(words.Dimensions.In(r.Lang, name))
}

// figure names a figure of a form.
func (r Reader) figure(group, value string) string {
	switch group {
	case "ethnicity", "religion", "status", "gender":
		return r.Value(group, value)
	case "source", "measure":
		return words.Values.In(r.Lang, value)
	case "years":
		return fmt.Sprintf(r.say("%s years", "%s năm"), value)
	case "age":
		if value != domain.Unknown {
			return words.Ages.In(r.Lang, value)
		}
		return r.Value(group, value)
	case "member_grade", "organisation_grade":
		if value != projections.NotRated {
			return words.Grades.In(r.Lang, value)
		}
	case "education", "occupation":
		if value == domain.Unknown {
			return r.Value(group, value)
		}
	}
	return words.Figures.In(r.Lang, value)
}

func formData(f projections.Form) [][]string {
	rows := [][]string{{"organisation", "name", "itself", "by", "value", "number"}}
	for _, row := range f.Rows {
		for i, g := range f.Groups {
			for j, value := range g.Values {
				rows = append(rows, []string{orEmpty(row.Organisation), row.Name, strconv.FormatBool(row.Itself), g.Name, value, itoa(row.Counts[i][j])})
			}
		}
	}
	return rows
}

// MovementsByPart puts the movements of an organisation and of its parts on paper.
func (r Reader) MovementsByPart(m projections.MovementsByPart) papers.Paper {
	p := r.paper(r.say("Movements of members", "Biến động đảng viên"), r.scope(m.Organisation), r.period(m.From, m.To), m.To, m.Standing)
	in, out := r.say("In", "Tăng"), r.say("Out", "Giảm")
	t := papers.Table{Numbered: true, Columns: []papers.Column{{Head: r.say("Organisation", "Tổ chức đảng"), Most: 36}}}
	lines := projections.MovementColumns()
	firstOut := slices.Index(lines, "moved_out")
	for i, line := range lines {
		c := papers.Column{Head: words.Movements.In(r.Lang, line), Right: true}
		switch line {
		case "opening", "closing", "confirmed":
		default:
			if c.Group = in; i >= firstOut {
				c.Group = out
			}
		}
		t.Columns = append(t.Columns, c)
	}
	p.Data = [][]string{append([]string{"organisation", "name", "itself", "from", "to"}, lines...)}
	data := func(organisation, name string, itself bool, line func(string) int) {
		row := []string{organisation, name, strconv.FormatBool(itself), m.From.String(), m.To.String()}
		for _, l := range lines {
			row = append(row, itoa(line(l)))
		}
		p.Data = append(p.Data, row)
	}
	cells := func(name string, line func(string) int) []papers.Cell {
		list := []papers.Cell{papers.Text(name)}
		for _, l := range lines {
			list = append(list, r.count(line(l)))
		}
		return list
	}
	whole := ""
	if m.Organisation != nil {
		whole = r.Names[*m.Organisation]
	}
	data(orEmpty(m.Organisation), whole, false, m.Line)
	for _, row := range m.Rows {
		count := func(l string) int { return row.Count("", l) }
		t.Rows = append(t.Rows, cells(r.partName(row), count))
		data(orEmpty(row.Organisation), row.Name, row.Itself, count)
	}
	t.Total = cells(r.say("Together", "Toàn bộ"), m.Line)
	t.Tail = []string{
		r.say("What moves between the organisations is in the rows of both, and not in the whole.", "Chuyển giữa các tổ chức trên được tính ở từng dòng, không tính ở dòng toàn bộ."),
		r.reconciliation(m.Movements),
	}
	p.Tables = []papers.Table{t}
	return p
}
