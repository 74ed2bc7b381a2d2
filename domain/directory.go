package domain

import (
	"maps"
	"slices"
)

// Directory is all organisations and villages, as known at one place in the
// log. It must not be read while Put changes it.
type Directory struct {
	organisations map[string]*Organisation
	villages      map[string]*Village
	local         bool // an organisation may have adopted rules of its own
}

// NewDirectory returns an empty directory.
func NewDirectory() *Directory {
	return &Directory{organisations: map[string]*Organisation{}, villages: map[string]*Village{}}
}

// Put replaces what the directory says of one organisation or village by the
// fold of a timeline, and returns the first entry of it that is impossible by
// itself. An impossible timeline is folded as far as it goes.
func (d *Directory) Put(s Subject, t Timeline) *Rejection {
	switch s.Kind() {
	case OrganisationKind:
		o, err := FoldOrganisation(s.ID(), t)
		d.local = d.local || len(o.policies) > 0
		if o.opening != "" {
			d.organisations[o.ID] = o
		} else {
			delete(d.organisations, s.ID())
		}
		return err
	case VillageKind:
		v, err := FoldVillage(s.ID(), t)
		if v.opening != "" {
			d.villages[v.ID] = v
		} else {
			delete(d.villages, s.ID())
		}
		return err
	case MemberKind:
	}
	return nil
}

// Organisation returns an organisation, nil when it is unknown.
func (d *Directory) Organisation(id string) *Organisation { return d.organisations[id] }

// Village returns a village, nil when it is unknown.
func (d *Directory) Village(id string) *Village { return d.villages[id] }

// Organisations returns the ids of all organisations that ever were, sorted.
func (d *Directory) Organisations() []string { return slices.Sorted(maps.Keys(d.organisations)) }

// Villages returns the ids of all villages that ever were, sorted.
func (d *Directory) Villages() []string { return slices.Sorted(maps.Keys(d.villages)) }

// merge returns where the members of an organisation went and when, if it was
// merged.
func (d *Directory) merge(id string) (into string, when Point, entry uint64, ok bool) {
	o := d.organisations[id]
	if o == nil || o.into == "" {
		return "", Point{}, 0, false
	}
	return o.into, o.ended, o.ended.Sequence, true
}

// successor returns the organisation that stands for id at a point: itself, or
// what it was merged into by then.
func (d *Directory) successor(id string, p Point) string {
	// A chain of mergers is no longer than the directory; a ring cannot be
	// recorded, and a damaged one must not hang a report.
	for range len(d.organisations) {
		into, when, _, ok := d.merge(id)
		if !ok || p.Before(when) {
			break
		}
		id = into
	}
	return id
}

// Successor returns the organisation that stands for id at the end of a day:
// itself, or what it was merged into by then.
func (d *Directory) Successor(id string, day Date) string { return d.successor(id, endOf(day)) }

// Parent returns the superior of an organisation at the end of a day, "" for
// none. One that has ended keeps the place that it had last.
func (d *Directory) Parent(id string, day Date) string {
	if o := d.organisations[id]; o != nil {
		p, _ := at(o.parents, endOf(day))
		return p
	}
	return ""
}

// Children returns the ids of the organisations directly below each one that
// exists, or once existed, by the end of a day; "" has the roots. Sorted.
func (d *Directory) Children(day Date) map[string][]string {
	children := map[string][]string{}
	for _, id := range d.Organisations() {
		if parent, ok := at(d.organisations[id].parents, endOf(day)); ok {
			children[parent] = append(children[parent], id)
		}
	}
	return children
}

// Subtree returns an organisation and all below it at the end of a day; those
// that have ended keep their last place, so that what happened in them stays
// in sight.
func (d *Directory) Subtree(id string, day Date) map[string]bool {
	in := map[string]bool{id: true}
	children := d.Children(day)
	todo := []string{id}
	for len(todo) > 0 {
		next := children[todo[0]]
		todo = todo[1:]
		for _, c := range next {
			if !in[c] {
				in[c] = true
				todo = append(todo, c)
			}
		}
	}
	return in
}

// Commune returns the organisation that a village belongs to at the end of a
// day, after mergers.
func (d *Directory) Commune(v *Village, day Date) string { return d.Successor(v.commune, day) }

// CellOf returns the cell that a village's members belong to at the end of a day,
// after mergers: its own, or one that it shares. It is "" when none was assigned.
func (d *Directory) CellOf(v *Village, day Date) string {
	c, _ := at(v.cells, endOf(day))
	return d.Successor(c.Cell, day)
}

// checkTree reports the first relation between organisations that is
// impossible: a superior that does not live as long as its subordinate is
// below it, or a ring.
func (d *Directory) checkTree() *Rejection {
	for _, id := range d.Organisations() {
		if r := d.checkPlace(d.organisations[id]); r != nil {
			return r
		}
	}
	for _, id := range d.Villages() {
		v := d.villages[id]
		for _, place := range append([]dated[CellAssigned]{{v.registered, v.opening, CellAssigned{Cell: v.commune}}}, v.cells...) {
			if d.organisations[place.value.Cell] == nil {
				return clash(Entry{ID: place.entry}, Text{
					EN: "organisation %s would be unknown, and village %s needs it", VI: "tổ chức %s không còn tồn tại trong khi bản %s đang cần đến",
				}, place.value.Cell, id)
			}
		}
	}
	return nil
}

// checkPlace checks the superiors of one organisation.
func (d *Directory) checkPlace(o *Organisation) *Rejection {
	for i, place := range o.parents {
		until := o.ended
		if i+1 < len(o.parents) {
			until = o.parents[i+1].from
		}
		if place.value == "" {
			continue
		}
		self := Entry{ID: place.entry}
		parent := d.organisations[place.value]
		if parent == nil {
			return clash(self, Text{EN: "the superior %s of organisation %s would be unknown", VI: "cấp trên %s của tổ chức %s không còn tồn tại"}, place.value, o.ID)
		}
		if place.from.Before(parent.established) || parent.ended.Before(place.from) {
			return clash(self, Text{
				EN: "organisation %s does not exist on %s, so %s cannot be below it", VI: "tổ chức %s không tồn tại ngày %s nên %s không thể trực thuộc",
			}, parent.ID, place.from.On, o.ID)
		}
		if parent.ended.Before(until) {
			self.Sequence = place.from.Sequence
			return clash(earlier(self, parent.ending, parent.ended), Text{
				EN: "organisation %s ends on %s while %s is below it; move that one first", VI: "tổ chức %s kết thúc ngày %s khi %s còn trực thuộc; hãy chuyển tổ chức đó trước",
			}, parent.ID, parent.ended.On, o.ID)
		}
		if r := d.checkRing(o, place.from, until, self); r != nil {
			return r
		}
	}
	return d.checkMerger(o)
}

// checkMerger checks that what an organisation was merged into exists there.
func (d *Directory) checkMerger(o *Organisation) *Rejection {
	if o.into == "" {
		return nil
	}
	into := d.organisations[o.into]
	if into == nil {
		return clash(Entry{ID: o.ending}, Text{
			EN: "organisation %s was merged into %s, which would be unknown", VI: "tổ chức %s đã sáp nhập vào %s, tổ chức này không còn tồn tại",
		}, o.ID, o.into)
	}
	if !into.alive(o.ended) {
		return clash(Entry{ID: o.ending}, Text{
			EN: "organisation %s was merged into %s on %s, which would not exist on that day", VI: "tổ chức %s đã sáp nhập vào %s ngày %s, khi đó tổ chức này không tồn tại",
		}, o.ID, o.into, o.ended.On)
	}
	return nil
}

// checkRing looks for a ring through o in the span of one of its places: at its
// beginning, and whenever something above it moves.
func (d *Directory) checkRing(o *Organisation, from, until Point, self Entry) *Rejection {
	moments := []Point{from}
	for i := 0; i < len(moments); i++ {
		id := o.ID
		for range len(d.organisations) + 1 {
			up := d.organisations[id]
			if up == nil {
				break
			}
			for _, move := range up.parents {
				if moments[i].Before(move.from) && move.from.Before(until) && !slices.Contains(moments, move.from) {
					moments = append(moments, move.from)
				}
			}
			place, _ := datedAt(up.parents, moments[i])
			parent := place.value
			if parent == o.ID {
				self.Sequence = from.Sequence
				return clash(earlier(self, place.entry, place.from), Text{
					EN: "organisation %s would be below itself on %s", VI: "tổ chức %s sẽ trực thuộc chính nó vào ngày %s",
				}, o.ID, moments[i].On)
			}
			if id = parent; id == "" {
				break
			}
		}
	}
	return nil
}
