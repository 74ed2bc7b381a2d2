package projections

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"rollbook/domain"
)

// Discipline counts the measures of discipline after the day from, up to the end
// of q.AsOf, and the expulsions, which are the heaviest.
func (f *Figures) Discipline(ctx context.Context, q Question, from domain.Date, children bool) (Form, error) {
	groups := []Group{{Values: []string{"disciplined", "expelled"}}, {Name: "measure", Values: texts(domain.Measures())}}
	return f.happenings(ctx, q, "discipline", from, children, groups, func(l domain.Life) (out []happening) {
		for i, step := range l.Steps {
			if on := step.Entry.EffectiveOn; on <= from || on > q.AsOf {
				continue
			}
			switch e := step.Entry.Event.(type) {
			case *domain.Disciplined:
				out = append(out, happening{step.State.Organisation, "", "disciplined"}, happening{step.State.Organisation, "measure", string(e.Measure)})
			case *domain.Expelled:
				out = append(out, happening{before(l, i).Organisation, "", "expelled"})
			default:
			}
		}
		return out
	})
}

// before returns the state before a step.
func before(l domain.Life, i int) domain.State {
	if i == 0 {
		return domain.State{Status: domain.None}
	}
	return l.Steps[i-1].State
}

// Confirmations counts the provisional members who were confirmed after the day
// from, up to the end of q.AsOf: in time, within 30 days after the twelve months
// of probation, or late; and those for whom, at the end of that day, the twelve
// months are over and nobody has decided (open), for more than 30 days (overdue).
func (f *Figures) Confirmations(ctx context.Context, q Question, from domain.Date, children bool) (Form, error) {
	groups := []Group{{Values: []string{"confirmed", "in_time", "late", "open", "overdue"}}}
	return f.happenings(ctx, q, "confirmations", from, children, groups, func(l domain.Life) (out []happening) {
		add := func(organisation, value string) { out = append(out, happening{organisation, "", value}) }
		for i, step := range l.Steps {
			on := step.Entry.EffectiveOn
			if _, ok := step.Entry.Event.(*domain.Confirmed); !ok || on <= from || on > q.AsOf {
				continue
			}
			add(step.State.Organisation, "confirmed")
			if probation := before(l, i).ProbationFrom(); on-probation.AddYears(1) <= reviewDays {
				add(step.State.Organisation, "in_time")
			} else {
				add(step.State.Organisation, "late")
			}
		}
		state := l.State(q.AsOf)
		if probation := state.ProbationFrom(); probation != 0 {
			switch over := q.AsOf - probation.AddYears(1); {
			case over > reviewDays:
				add(state.Organisation, "open")
				add(state.Organisation, "overdue")
			case over >= 0:
				add(state.Organisation, "open")
			}
		}
		return out
	})
}

// Badges counts the badges that were awarded after the day from, up to the end of
// q.AsOf, by their years.
func (f *Figures) Badges(ctx context.Context, q Question, from domain.Date, children bool) (Form, error) {
	var years []string
	for _, n := range domain.BadgeYears() {
		years = append(years, strconv.Itoa(n))
	}
	groups := []Group{{Values: []string{"awarded"}}, {Name: "years", Values: years}}
	return f.happenings(ctx, q, "badges", from, children, groups, func(l domain.Life) (out []happening) {
		for _, step := range l.Steps {
			if on := step.Entry.EffectiveOn; on <= from || on > q.AsOf {
				continue
			}
			if e, ok := step.Entry.Event.(*domain.BadgeAwarded); ok {
				out = append(out, happening{step.State.Organisation, "", "awarded"}, happening{step.State.Organisation, "years", strconv.Itoa(e.Years)})
			}
		}
		return out
	})
}

// NotRated is the value under which those without a grade are counted.
const NotRated = "not_rated"

// Ratings counts members and grassroots organisations by their grade for a year,
// to its last day or to q.AsOf when that is earlier, and those that have none.
func (f *Figures) Ratings(ctx context.Context, q Question, year int, children bool) (form Form, err error) {
	first, _ := domain.NewDate(year, 1, 1)
	last, _ := domain.NewDate(year, 12, 31)
	q.AsOf = min(last, q.AsOf)
	grades := append(texts(domain.Grades()), NotRated)
	err = f.view(ctx, q, func(v view) error {
		t := NewTally(v.directory, q, children, Group{Values: []string{"members", "members_rated", "organisations", "organisations_rated"}},
			Group{"member_grade", grades}, Group{"organisation_grade", grades})
		in := func(string) bool { return true }
		if q.Organisation != "" {
			subtree := v.directory.Subtree(q.Organisation, q.AsOf)
			in = func(organisation string) bool { return subtree[organisation] }
		}
		for organisation, own := range v.tallies(year, first, q.AsOf) {
			if !in(organisation) {
				continue
			}
			add := func(group, value string, n int) {
				if n != 0 {
					t.Add(organisation, group, value, n)
				}
			}
			rated, graded := 0, 0
			for i, g := range domain.Grades() {
				add("member_grade", string(g), own.grades[i+1])
				add("organisation_grade", string(g), own.organisationGrades[i+1])
				rated, graded = rated+own.grades[i+1], graded+own.organisationGrades[i+1]
			}
			add("", "members", own.members)
			add("", "members_rated", rated)
			add("member_grade", NotRated, own.members-rated)
			if o := v.directory.Organisation(organisation); o != nil && o.Type.Grassroots() && o.Alive(q.AsOf) && graded == 0 {
				add("organisation_grade", NotRated, 1)
				add("", "organisations", 1)
			}
			add("", "organisations", graded)
			add("", "organisations_rated", graded)
		}
		form = t.Form("ratings", v.Standing)
		form.Year = year
		return nil
	})
	return form, err
}

// Villages counts the villages of the communes in an organisation's subtree at the
// end of a day, for each commune, by their cell and by their members. A village's
// members are those who count in its own cell; of a village with a joint cell, or
// without any, the ledger does not know them apart.
func (f *Figures) Villages(ctx context.Context, q Question) (form Form, err error) {
	err = f.view(ctx, q, func(v view) error {
		day := q.AsOf
		members := map[string]int{}
		for i, n := range v.balances(day) {
			if v.cells[i].Status.Member() {
				members[v.cells[i].Organisation] += n
			}
		}
		subtree := map[string]bool{}
		if q.Organisation != "" {
			subtree = v.directory.Subtree(q.Organisation, day)
		}
		var communes []part
		seen := map[string]bool{}
		type found struct{ commune, cell, members string }
		var list []found
		for _, id := range v.directory.Villages() {
			village := v.directory.Village(id)
			commune := v.directory.Commune(village, day)
			if !village.Alive(day) || q.Organisation != "" && !subtree[commune] {
				continue
			}
			if !seen[commune] {
				seen[commune] = true
				communes = append(communes, part{organisation: commune, subtree: map[string]bool{commune: true}})
			}
			cell, joint, assigned := village.Cell(day)
			switch n := members[v.directory.Successor(cell, day)]; {
			case !assigned:
				list = append(list, found{commune, "none", "without_members"})
			case joint:
				list = append(list, found{commune, "joint", "not_told_apart"})
			case n == 0:
				list = append(list, found{commune, "own", "without_members"})
			case n <= 2:
				list = append(list, found{commune, "own", "1_or_2"})
			default:
				list = append(list, found{commune, "own", "3_or_more"})
			}
		}
		slices.SortFunc(communes, func(a, b part) int { return strings.Compare(a.organisation, b.organisation) })
		t := newTally(v.directory, q, communes, []Group{
			{Values: []string{"villages"}},
			{"cell", []string{"own", "joint", "none"}},
			{"members", []string{"without_members", "1_or_2", "3_or_more", "not_told_apart"}},
		})
		for _, x := range list {
			t.Add(x.commune, "", "villages", 1)
			t.Add(x.commune, "cell", x.cell, 1)
			t.Add(x.commune, "members", x.members, 1)
		}
		form = t.Form("villages", v.Standing)
		return nil
	})
	return form, err
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

// Admission is somebody who was admitted.
type Admission struct {
	Member Subject
	On     domain.Date
	// Cell is where they counted from that day on.
	Cell domain.Cell
	// Source is where they came from as a candidate.
	Source domain.Source
}

// Admitted returns who was admitted in an organisation's subtree after the day
// from, up to the end of q.AsOf, in no order; and the organisations of that day.
func (f *Figures) Admitted(ctx context.Context, q Question, from domain.Date) (list []Admission, d *domain.Directory, s Standing, err error) {
	d, s, in, err := f.place(ctx, q)
	if err != nil {
		return nil, nil, s, err
	}
	list, err = lives(ctx, f.store, uint64(s.KnownAt), d, func(m Subject, l domain.Life) (out []Admission) {
		var source domain.Source
		for _, step := range l.Steps {
			switch e := step.Entry.Event.(type) {
			case *domain.Identified:
				source = e.Source
			case *domain.Admitted:
				on, state := step.Entry.EffectiveOn, step.State
				if on > from && on <= q.AsOf && in(state.Organisation) {
					out = append(out, Admission{m, on, domain.Cell{
						Organisation: state.Organisation, Status: state.Status, Gender: state.Gender, Ethnicity: state.Ethnicity, Religion: state.Religion,
					}, source})
				}
			default:
			}
		}
		return out
	})
	return list, d, s, err
}
