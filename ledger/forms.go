package ledger

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"rollbook/domain"
	"rollbook/projections"
)

// StructureDimensions returns what the structure of the membership is asked for
// by. Ages, education and occupation are sealed with who somebody is, and opened for
// the answer only.
func StructureDimensions() []string {
	return []string{"ethnicity", "gender", "religion", "age", "education", "occupation", "status"}
}

// AdmissionDimensions returns what admissions are asked for by, likewise.
func AdmissionDimensions() []string {
	return []string{"source", "ethnicity", "gender", "religion", "age", "education", "occupation"}
}

// Ages returns the names of the bands of age, the youngest first: 18 to 30, by
// five years up to 60, and above. Who is not known to be of any is of
// [domain.Unknown].
func Ages() []string {
	return []string{"under_18", "18_30", "31_35", "36_40", "41_45", "46_50", "51_55", "56_60", "over_60", domain.Unknown}
}

func ageBand(years int) string {
	switch {
	case years < 18:
		return "under_18"
	case years > 60:
		return "over_60"
	case years <= 30:
		return "18_30"
	}
	return Ages()[2+(years-31)/5]
}

// FormQuestion is what a form is asked for.
type FormQuestion struct {
	projections.Question
	// By is some of the dimensions of the form, in the order of its columns; all
	// of them if empty.
	By []string
	// Children asks for each part of the organisation, too.
	Children bool
}

// Structure counts the members at the end of a day by each dimension that is
// asked for. The counts of each dimension make the headcount.
func (l *Ledger) Structure(ctx context.Context, q FormQuestion) (projections.Form, error) {
	figures, err := l.Figures(ctx)
	if err != nil {
		return projections.Form{}, err
	}
	roll, directory, standing, err := figures.Roll(ctx, q.Question, domain.Status.Member)
	if err != nil {
		return projections.Form{}, err
	}
	people := make([]counted, len(roll))
	for i, r := range roll {
		people[i] = counted{member: r.Member, on: q.AsOf, cell: r.Cell}
	}
	return l.count(ctx, "structure", "members", q, StructureDimensions(), people, directory, standing)
}

// Admissions counts those who were admitted after the day from, up to the end of
// q.AsOf, by each dimension that is asked for, as they were on the day of their
// admission. The counts of each dimension make the admitted of the movements.
func (l *Ledger) Admissions(ctx context.Context, q FormQuestion, from domain.Date) (projections.Form, error) {
	figures, err := l.Figures(ctx)
	if err != nil {
		return projections.Form{}, err
	}
	admitted, directory, standing, err := figures.Admitted(ctx, q.Question, from)
	if err != nil {
		return projections.Form{}, err
	}
	people := make([]counted, len(admitted))
	for i, a := range admitted {
		people[i] = counted{member: a.Member, on: a.On, cell: a.Cell, source: a.Source}
	}
	form, err := l.count(ctx, "admissions", "admitted", q, AdmissionDimensions(), people, directory, standing)
	form.From = &from
	return form, err
}

// counted is somebody whom a form counts.
type counted struct {
	member projections.Subject
	on     domain.Date // the day on which it is asked how old they are
	cell   domain.Cell
	source domain.Source

	age                   string
	education, occupation string // as they were written
	closed                bool
}

func (l *Ledger) count(ctx context.Context, report, total string, q FormQuestion, all []string, people []counted, d *domain.Directory, s projections.Standing) (projections.Form, error) {
	by := q.By
	if len(by) == 0 {
		by = all
	}
	groups := []projections.Group{{Values: []string{total}}}
	opened := false
	for _, name := range by {
		g := projections.Group{Name: name}
		switch name {
		case "gender":
			g.Values = []string{string(domain.Female), string(domain.Male)}
		case "status":
			g.Values = []string{string(domain.Provisional), string(domain.Official)}
		case "source":
			for _, source := range domain.Sources() {
				g.Values = append(g.Values, string(source))
			}
		case "age":
			g.Values = Ages()
		}
		opened = opened || name == "age" || name == "education" || name == "occupation"
		groups = append(groups, g)
	}
	if opened {
		if err := l.open(ctx, people, uint64(s.KnownAt)); err != nil {
			return projections.Form{}, err
		}
	}
	t := projections.NewTally(d, q.Question, q.Children, groups...)
	closed := 0
	for _, p := range people {
		t.Add(p.cell.Organisation, "", total, 1)
		for _, name := range by {
			t.Add(p.cell.Organisation, name, p.value(name), 1)
		}
		if p.closed {
			closed++
		}
	}
	form := t.Form(report, s)
	form.Closed = closed
	return form, nil
}

func (p counted) value(dimension string) string {
	known := func(code string) string {
		if code == "" {
			return domain.Unknown
		}
		return code
	}
	switch dimension {
	case "ethnicity":
		return known(string(p.cell.Ethnicity))
	case "religion":
		return known(string(p.cell.Religion))
	case "gender":
		return string(p.cell.Gender)
	case "status":
		return string(p.cell.Status)
	case "source":
		return string(p.source)
	case "age":
		return p.age
	case "education":
		return p.education
	case "occupation":
		return p.occupation
	}
	return ""
}

// open finds how old people are and what education and occupation they have, on
// their days. All are opened in memory and go no further than into the counts.
func (l *Ledger) open(ctx context.Context, people []counted, known uint64) error {
	if err := l.names.refresh(ctx, l); err != nil {
		return err
	}
	err := spread(len(people), func(i int) error {
		p := &people[i]
		p.age, p.education, p.occupation, p.closed = domain.Unknown, domain.Unknown, domain.Unknown, true
		given := l.names.of(p.member.Number)
		if len(given) == 0 || l.keys.erased(p.member.Subject) {
			return nil
		}
		t, err := p.member.Timeline()
		if err != nil {
			return err
		}
		t = t.KnownAt(known)
		name := t.NameOn(p.on, given)
		if name.Full == "" {
			return nil
		}
		p.closed = false
		if years, ok := name.AgeOn(p.on); ok {
			p.age = ageBand(years)
		}
		p.education, p.occupation = written(t.EducationOn(p.on, given)), written(t.OccupationOn(p.on, given))
		return nil
	})
	if err == nil {
		spellAlike(people, func(p *counted) *string { return &p.education })
		spellAlike(people, func(p *counted) *string { return &p.occupation })
	}
	return err
}

// written is what somebody has written, with single spaces.
func written(s string) string {
	if s = norm.NFC.String(strings.Join(strings.Fields(s), " ")); s == "" {
		return projections.NotGiven
	}
	return s
}

// spellAlike gives one spelling to what differs in capitals only: the one that is
// most in use.
func spellAlike(people []counted, of func(*counted) *string) {
	uses := map[string]map[string]int{}
	for i := range people {
		text := *of(&people[i])
		key := strings.ToLower(text)
		if uses[key] == nil {
			uses[key] = map[string]int{}
		}
		uses[key][text]++
	}
	best := map[string]string{}
	for key, spellings := range uses {
		var list []string
		for s := range spellings {
			list = append(list, s)
		}
		slices.SortFunc(list, func(a, b string) int {
			if spellings[a] != spellings[b] {
				return spellings[b] - spellings[a]
			}
			return strings.Compare(a, b)
		})
		best[key] = list[0]
	}
	for i := range people {
		text := of(&people[i])
		*text = best[strings.ToLower(*text)]
	}
}
