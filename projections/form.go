package projections

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"rollbook/domain"
)

// Withheld takes the place of a count that whoever asked may not see. It is null in
// JSON, and no count can be it.
const Withheld = math.MinInt

// count is a count in JSON.
type count int

func (n count) MarshalJSON() ([]byte, error) {
	if n == Withheld {
		return []byte("null"), nil
	}
	return strconv.AppendInt(nil, int64(n), 10), nil
}

// Form is a statistical form: how many there are, by what the form asks for, in an
// organisation's subtree and, where that is asked for, in each part of it.
type Form struct {
	Report       string
	Organisation *string
	// From is the day at whose end the period of the form opens; nil for a form of
	// one day.
	From *domain.Date
	// AsOf is the last day that counted, to its end.
	AsOf domain.Date
	// Year is that of a form about one; 0 otherwise.
	Year int
	// Groups are what the form counts, in the order of its columns.
	Groups []Group
	// Rows has the whole first, then its parts.
	Rows []FormRow
	// Closed counts those whose birth and education were asked for and are sealed,
	// and could not be opened. They count as [domain.Unknown].
	Closed int
	Standing
	open []bool // groups that have only the values that occur
}

// Withhold returns the form with its counts as show has them: those of which ok is
// false are [Withheld]. Values that say by themselves that they occur, and parts of
// which everything is withheld, are left out.
func (f Form) Withhold(show func(n int) (shown int, ok bool)) Form {
	if closed, ok := show(f.Closed); ok {
		f.Closed = closed
	} else {
		f.Closed = Withheld
	}
	keep := make([][]int, len(f.Groups)) // values, by group
	groups := make([]Group, len(f.Groups))
	for i, g := range f.Groups {
		groups[i].Name = g.Name
		for j, value := range g.Values {
			if _, ok := show(f.Rows[0].Counts[i][j]); ok || !f.open[i] {
				keep[i], groups[i].Values = append(keep[i], j), append(groups[i].Values, value)
			}
		}
	}
	f.Groups = groups
	var rows []FormRow
	for n, r := range f.Rows {
		counts := make([][]int, len(groups))
		for i := range groups {
			for _, j := range keep[i] {
				counts[i] = append(counts[i], r.Counts[i][j])
			}
		}
		r.Counts, r.groups = counts, groups
		if r, something := r.Withhold(show); something || n == 0 {
			rows = append(rows, r)
		}
	}
	f.Rows = rows
	return f
}

// Group is figures that belong together.
type Group struct {
	// Name is that of a dimension; "" for figures that stand alone.
	Name string
	// Values are the figures by their names, in order.
	Values []string
}

// FormRow is the figures of an organisation's subtree.
type FormRow struct {
	Organisation *string // nil for the whole ledger
	Name         string
	// Itself is true for what is in the organisation and in none below it.
	Itself bool
	// Counts are the figures, by group and value.
	Counts [][]int
	groups []Group
}

// Count returns a figure by the names of its group and value, 0 if there is none.
func (r FormRow) Count(group, value string) int {
	for i, g := range r.groups {
		if n := slices.Index(g.Values, value); g.Name == group && n >= 0 {
			return r.Counts[i][n]
		}
	}
	return 0
}

// Sum returns the sum of a group, as far as its counts are shown.
func (r FormRow) Sum(group string) (sum int) {
	for i, g := range r.groups {
		if g.Name == group {
			for _, n := range r.Counts[i] {
				if n != Withheld {
					sum += n
				}
			}
		}
	}
	return sum
}

// Withhold returns the row with its counts as show has them, likewise, and whether
// any of them is shown.
func (r FormRow) Withhold(show func(n int) (shown int, ok bool)) (row FormRow, something bool) {
	counts := make([][]int, len(r.Counts))
	for i := range counts {
		counts[i] = make([]int, len(r.Counts[i]))
		for j, n := range r.Counts[i] {
			counts[i][j] = Withheld
			if shown, ok := show(n); ok {
				counts[i][j], something = shown, true
			}
		}
	}
	r.Counts = counts
	return r, something
}

// Hides reports whether some counts of a group are [Withheld].
func (r FormRow) Hides(group string) bool {
	for i, g := range r.groups {
		if g.Name == group && slices.Contains(r.Counts[i], Withheld) {
			return true
		}
	}
	return false
}

// MarshalJSON writes figures that stand alone as fields, and others in an object
// for each group.
func (r FormRow) MarshalJSON() ([]byte, error) {
	head, err := json.Marshal(struct {
		Organisation *string `json:"organisation"`
		Name         string  `json:"name"`
		Itself       bool    `json:"itself,omitempty"`
	}{r.Organisation, r.Name, r.Itself})
	if err != nil {
		return nil, err
	}
	b := head[:len(head)-1]
	for i, g := range r.groups {
		var fields []string
		for j, value := range g.Values {
			key, err := json.Marshal(value)
			if err != nil {
				return nil, err
			}
			n, err := count(r.Counts[i][j]).MarshalJSON()
			if err != nil {
				return nil, err
			}
			fields = append(fields, fmt.Sprintf("%s:%s", key, n))
		}
		list := strings.Join(fields, ",")
		if g.Name != "" {
			list = fmt.Sprintf("%q:{%s}", g.Name, list)
		}
		if list != "" {
			b = append(append(b, ','), list...)
		}
	}
	return append(b, '}'), nil
}

// MarshalJSON writes the days as the form has them: as_of for one, from and to for
// a period.
func (f Form) MarshalJSON() ([]byte, error) {
	by := []string{}
	for _, g := range f.Groups {
		if g.Name != "" {
			by = append(by, g.Name)
		}
	}
	type days struct {
		Year int          `json:"year,omitempty"`
		AsOf *domain.Date `json:"as_of,omitempty"`
		From *domain.Date `json:"from,omitempty"`
		To   *domain.Date `json:"to,omitempty"`
	}
	when := days{Year: f.Year, AsOf: &f.AsOf}
	if f.From != nil {
		when = days{Year: f.Year, From: f.From, To: &f.AsOf}
	}
	return json.Marshal(struct {
		Report       string  `json:"report"`
		Organisation *string `json:"organisation"`
		days
		By     []string  `json:"by"`
		Rows   []FormRow `json:"rows"`
		Closed count     `json:"closed"`
		Standing
	}{f.Report, f.Organisation, when, by, f.Rows, count(f.Closed), f.Standing})
}

// part is a row of a form below the first.
type part struct {
	organisation string
	itself       bool
	subtree      map[string]bool
}

// parts returns what an organisation consists of at the end of a day: itself
// without what is below it, and the subtree of each organisation directly below.
// The whole ledger has the parts of its only top organisation or, where there are
// several, those. Each organisation that lies in it is in one part.
func parts(d *domain.Directory, organisation string, day domain.Date) (list []part) {
	children := d.Children(day)
	if organisation == "" && len(children[""]) == 1 {
		organisation = children[""][0]
	}
	if organisation != "" {
		list = append(list, part{organisation, true, map[string]bool{organisation: true}})
	}
	for _, id := range children[organisation] {
		list = append(list, part{id, false, d.Subtree(id, day)})
	}
	return list
}

// Tally counts for a form.
type Tally struct {
	directory *domain.Directory
	question  Question
	groups    []Group
	open      []bool // groups whose values are those that occur
	parts     []part
	rows      map[string]int // by organisation: the part that it lies in, from 1
	counts    []map[[2]string]int
}

// NewTally returns a tally for a form of q.Organisation at the end of q.AsOf; with
// children, for each part of it too. A group without values gets those that occur.
func NewTally(d *domain.Directory, q Question, children bool, groups ...Group) *Tally {
	var list []part
	if children {
		list = parts(d, q.Organisation, q.AsOf)
	}
	return newTally(d, q, list, groups)
}

func newTally(d *domain.Directory, q Question, list []part, groups []Group) *Tally {
	t := &Tally{directory: d, question: q, groups: groups, parts: list, rows: map[string]int{}}
	for _, g := range groups {
		t.open = append(t.open, g.Values == nil)
	}
	for i, p := range list {
		for id := range p.subtree {
			t.rows[id] = i + 1
		}
	}
	for range len(list) + 1 {
		t.counts = append(t.counts, map[[2]string]int{})
	}
	return t
}

// Add counts n more in an organisation that lies in the subtree of the form.
func (t *Tally) Add(organisation, group, value string, n int) {
	key := [2]string{group, value}
	t.counts[0][key] += n
	if row := t.rows[organisation]; row > 0 {
		t.counts[row][key] += n
	}
}

// Form returns what was counted. Parts in which nothing was are left out, if they
// have ended or are an organisation by itself.
func (t *Tally) Form(report string, s Standing) Form {
	f := Form{Report: report, Organisation: orNull(t.question.Organisation), AsOf: t.question.AsOf, Standing: s, open: t.open}
	for i, g := range t.groups {
		if t.open[i] {
			g.Values = t.values(g.Name)
		}
		f.Groups = append(f.Groups, g)
	}
	f.Rows = append(f.Rows, t.row(f.Groups, 0, t.question.Organisation, false))
	for i, p := range t.parts {
		alive := false
		if o := t.directory.Organisation(p.organisation); o != nil {
			alive = o.Alive(t.question.AsOf)
		}
		if len(t.counts[i+1]) > 0 || alive && !p.itself {
			f.Rows = append(f.Rows, t.row(f.Groups, i+1, p.organisation, p.itself))
		}
	}
	return f
}

func (t *Tally) row(groups []Group, n int, organisation string, itself bool) FormRow {
	r := FormRow{Organisation: orNull(organisation), Itself: itself, groups: groups}
	if o := t.directory.Organisation(organisation); o != nil {
		r.Name = o.Name(t.question.AsOf)
	}
	for _, g := range groups {
		counts := make([]int, len(g.Values))
		for i, value := range g.Values {
			counts[i] = t.counts[n][[2]string{g.Name, value}]
		}
		r.Counts = append(r.Counts, counts)
	}
	return r
}

// NotGiven is the value of a dimension of which nothing was ever recorded.
const NotGiven = "not_given"

// values are those of a group that occur, sorted; what is not known comes last.
func (t *Tally) values(group string) []string {
	found := map[string]bool{}
	for key := range t.counts[0] {
		if key[0] == group {
			found[key[1]] = true
		}
	}
	rank := func(value string) int { return slices.Index([]string{NotGiven, domain.Unknown}, value) }
	return slices.SortedFunc(maps.Keys(found), func(a, b string) int {
		if x, y := rank(a), rank(b); x != y {
			return x - y
		}
		return strings.Compare(a, b)
	})
}
