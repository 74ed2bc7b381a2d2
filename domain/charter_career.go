package domain

import (
	"cmp"
	"slices"
	"sort"
)

// career is what the charter asks of a member's whole life, in a form of which a
// judge can keep one for everybody.
type career struct {
	stays      []stay
	admissions []placed[struct{}]
	ratings    []placed[yearly[Grade]] // the one that holds of each year
}

// placed is something that happened to a member in an organisation.
type placed[T any] struct {
	at           Point
	organisation string
	value        T
}

// stay is a time in which a member is in one organisation and has one standing.
type stay struct {
	from         Point
	organisation string
	status       Status
	// since is the first day in the organisation. A merger is no new one: it moves
	// the organisation and not the member. Of who was there when the ledger began
	// it is the latest that it can be, and not sure.
	since day
	// official is the first day as an official member, of those who are.
	official day
}

// day is a day, or the latest that it can be.
type day struct {
	Date
	sure bool
}

// over reports whether so many months have passed on a date since the day.
func (d day) over(months int, on Date) answer {
	switch {
	case d.AddMonths(months) <= on:
		return kept
	case d.sure:
		return departed
	default:
		return unsure
	}
}

// careerOf takes from a life what its career is.
func careerOf(life Life) *career {
	c := &career{}
	var s stay
	var official day // kept through the time between an end and a restoration
	for _, step := range life.Steps {
		on, after := step.Entry.EffectiveOn, step.State
		_, restored := step.Entry.Event.(*Restored)
		if step.By == "" && (after.Organisation != s.organisation || !restored && (s.status == None || s.status == Ended)) {
			s.since = day{on, true}
		}
		switch e := step.Entry.Event.(type) {
		case *BroughtForward:
			s.since = day{on, false}
			official = officialFrom(on, e.ConfirmedOn)
		case *TransferredIn:
			official = officialFrom(on, e.ConfirmedOn)
		case *Confirmed:
			official = day{on, true}
		case *Admitted:
			c.admissions = append(c.admissions, placed[struct{}]{step.Entry.Point(), after.Organisation, struct{}{}})
		case *Rated:
			c.ratings = slices.DeleteFunc(c.ratings, func(r placed[yearly[Grade]]) bool { return r.value.year == e.Year })
			c.ratings = append(c.ratings, placed[yearly[Grade]]{step.Entry.Point(), after.Organisation, yearly[Grade]{e.Year, e.Grade}})
		default:
		}
		if after.Organisation == s.organisation && after.Status == s.status {
			continue
		}
		s.from, s.organisation, s.status, s.official = step.Entry.Point(), after.Organisation, after.Status, day{}
		if s.status == Official {
			s.official = official
		}
		c.stays = append(c.stays, s)
	}
	return c
}

// officialFrom returns since when somebody is official who came into the ledger as
// such: since the day that is given, or that day at the latest.
func officialFrom(entered, confirmed Date) day {
	if confirmed != 0 {
		return day{confirmed, true}
	}
	return day{entered, false}
}

// on returns where a member stands at the end of a day.
func (c *career) on(d Date) stay {
	s := stay{status: None}
	for _, next := range c.stays {
		if endOf(d).Before(next.from) {
			break
		}
		s = next
	}
	return s
}

// career returns the career of a member.
func (j *Judge) career(id string) *career {
	c := j.careers[id]
	if c == nil {
		s := MemberSubject(id)
		life := j.life
		if s != j.last {
			life, _ = LifeOf(j.world.Timeline(s), j.world.Directory())
		}
		c = careerOf(life)
		j.careers[id] = c
	}
	return c
}

// organisationFacts is what the careers of all who were ever in an organisation
// say of it.
type organisationFacts struct {
	changes    []change // of the number of official members, in their order
	peopled    Point    // when the first member or candidate was in it
	admissions []Point  // in their order
	ratings    map[int][]graded
}

// change is a number from a point on.
type change struct {
	at     Point
	number int
}

// graded is a grade with its place in the order in which grades were given.
type graded struct {
	at    Point
	grade Grade
}

// of returns what is known of an organisation.
func (j *Judge) of(organisation string) *organisationFacts {
	if f := j.facts[organisation]; f != nil {
		return f
	}
	f := &organisationFacts{peopled: endOfTime, ratings: map[int][]graded{}}
	members := slices.Clone(j.world.MembersOf(organisation))
	slices.Sort(members)
	for _, id := range slices.Compact(members) {
		f.take(j.career(id), organisation)
	}
	slices.SortFunc(f.changes, func(a, b change) int { return comparePoints(a.at, b.at) })
	total := 0
	for i := range f.changes {
		total += f.changes[i].number
		f.changes[i].number = total
	}
	slices.SortFunc(f.admissions, comparePoints)
	for _, list := range f.ratings {
		slices.SortFunc(list, func(a, b graded) int { return comparePoints(a.at, b.at) })
	}
	j.facts[organisation] = f
	return f
}

// take adds a career. Changes are differences until all are there.
func (f *organisationFacts) take(c *career, organisation string) {
	was := 0
	for _, s := range c.stays {
		is := 0
		if s.organisation == organisation {
			if s.from.Before(f.peopled) {
				f.peopled = s.from
			}
			if s.status == Official {
				is = 1
			}
		}
		if is != was {
			f.changes = append(f.changes, change{s.from, is - was})
			was = is
		}
	}
	for _, a := range c.admissions {
		if a.organisation == organisation {
			f.admissions = append(f.admissions, a.at)
		}
	}
	for _, r := range c.ratings {
		if r.organisation == organisation {
			f.ratings[r.value.year] = append(f.ratings[r.value.year], graded{r.at, r.value.value})
		}
	}
}

// official returns the number of official members at a point.
func (f *organisationFacts) official(p Point) int {
	i := sort.Search(len(f.changes), func(i int) bool { return p.Before(f.changes[i].at) })
	if i == 0 {
		return 0
	}
	return f.changes[i-1].number
}

// admitted returns the number of admissions from a day on, up to a point.
func (f *organisationFacts) admitted(from Date, p Point) int {
	first := sort.Search(len(f.admissions), func(i int) bool { return f.admissions[i].On >= from })
	last := sort.Search(len(f.admissions), func(i int) bool { return p.Before(f.admissions[i]) })
	return max(last-first, 0)
}

func comparePoints(a, b Point) int {
	return cmp.Or(cmp.Compare(a.On, b.On), cmp.Compare(a.Sequence, b.Sequence))
}

// children returns what is directly below each organisation at the end of a day,
// by the id of the superior. What was worked out for a day holds until somebody
// moves.
func (j *Judge) children(on Date) map[string][]string {
	d := j.world.Directory()
	if j.trees == nil {
		j.trees = map[Date]map[string][]string{}
		for _, o := range d.organisations {
			for _, place := range o.parents {
				j.turns = append(j.turns, place.from.On)
			}
		}
		slices.Sort(j.turns)
		j.turns = slices.Compact(j.turns)
	}
	i := sort.Search(len(j.turns), func(i int) bool { return j.turns[i] > on })
	if i == 0 {
		return nil
	}
	since := j.turns[i-1]
	tree := j.trees[since]
	if tree == nil {
		tree = d.Children(since)
		j.trees[since] = tree
	}
	return tree
}

// subtree returns an organisation and all below it at the end of a day.
func (j *Judge) subtree(organisation string, on Date) []string {
	children := j.children(on)
	list := []string{organisation}
	for i := 0; i < len(list); i++ {
		list = append(list, children[list[i]]...)
	}
	return list
}

// officialBelow returns the number of official members of an organisation and all
// below it, at a point.
func (j *Judge) officialBelow(organisation string, p Point) (n int) {
	for _, id := range j.subtree(organisation, p.On) {
		n += j.of(id).official(p)
	}
	return n
}

// peopledBy reports whether anybody was in an organisation, or below it, by the end
// of a day.
func (j *Judge) peopledBy(organisation string, on Date) bool {
	return slices.ContainsFunc(j.subtree(organisation, on), func(id string) bool { return !endOf(on).Before(j.of(id).peopled) })
}
