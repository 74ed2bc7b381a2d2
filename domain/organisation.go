package domain

import "slices"

// dated is a value that holds from a point on.
type dated[T any] struct {
	from  Point
	entry string // id of the entry that says so
	value T
}

// at returns the value that holds at a point; ok is false before the first.
func at[T any](values []dated[T], p Point) (v T, ok bool) {
	d, ok := datedAt(values, p)
	return d.value, ok
}

func datedAt[T any](values []dated[T], p Point) (v dated[T], ok bool) {
	for _, d := range slices.Backward(values) {
		if !p.Before(d.from) {
			return d, true
		}
	}
	return v, false
}

// endOf is the last point of a day.
func endOf(d Date) Point { return Point{On: d, Sequence: 1<<64 - 1} }

// Organisation is what the entries of one organisation say.
type Organisation struct {
	ID     string
	Type   OrganisationType
	Sector Sector

	established Point
	opening     string // id of the entry that established it
	ended       Point  // endOfTime while it lives
	ending      string // id of the entry that ended it
	into        string // where its members went, when it was merged
	names       []dated[string]
	parents     []dated[string]
	ratings     []dated[yearly[Grade]]
	quotas      []dated[yearly[int]]
	targets     []dated[TargetSet]
	titles      []dated[yearly[string]]
	policies    []dated[PolicyAdopted]
}

type yearly[T any] struct {
	year  int
	value T
}

// FoldOrganisation returns what a timeline says of an organisation, and the
// first entry of it that is impossible. A timeline in which nothing counts
// gives an organisation that never existed.
func FoldOrganisation(id string, t Timeline) (*Organisation, *Rejection) {
	o := &Organisation{ID: id, established: endOfTime, ended: endOfTime}
	for _, e := range t.counting() {
		p := e.Point()
		if _, ok := e.Event.(*OrganisationEstablished); ok == (o.opening != "") {
			if ok {
				return o, clash(earlier(e, o.opening, o.established), Text{EN: "organisation %s exists already", VI: "tổ chức %s đã tồn tại"}, id)
			}
			return o, clash(e, Text{
				EN: "organisation %s was not established by %s", VI: "tổ chức %s chưa được thành lập vào ngày %s",
			}, id, e.EffectiveOn)
		}
		if o.ended.Before(p) {
			return o, clash(earlier(e, o.ending, o.ended), Text{
				EN: "organisation %s ended on %s, and this counts on %s", VI: "tổ chức %s đã kết thúc ngày %s, mục này có hiệu lực ngày %s",
			}, id, o.ended.On, e.EffectiveOn)
		}
		switch v := e.Event.(type) {
		case *OrganisationEstablished:
			o.Type, o.Sector, o.established, o.opening = v.Kind, v.Sector, p, e.ID
			o.names = append(o.names, dated[string]{p, e.ID, v.Name})
			o.parents = append(o.parents, dated[string]{p, e.ID, v.Parent})
		case *OrganisationRenamed:
			o.names = append(o.names, dated[string]{p, e.ID, v.Name})
		case *OrganisationMoved:
			o.parents = append(o.parents, dated[string]{p, e.ID, v.Parent})
		case *OrganisationMerged:
			o.ended, o.ending, o.into = p, e.ID, v.Into
		case *OrganisationDissolved:
			o.ended, o.ending = p, e.ID
		case *OrganisationRated:
			o.ratings = append(o.ratings, dated[yearly[Grade]]{p, e.ID, yearly[Grade]{v.Year, v.Grade}})
		case *QuotaSet:
			o.quotas = append(o.quotas, dated[yearly[int]]{p, e.ID, yearly[int]{v.Year, v.Admissions}})
		case *TargetSet:
			o.targets = append(o.targets, dated[TargetSet]{p, e.ID, *v})
		case *OrganisationCommended:
			o.titles = append(o.titles, dated[yearly[string]]{p, e.ID, yearly[string]{v.Year, v.Title}})
		case *PolicyAdopted:
			for _, other := range o.policies {
				if other.value.Version == v.Version {
					r := clash(earlier(e, other.entry, other.from), Text{
						EN: "organisation %s has a version of this name since %s; give the new one another", VI: "tổ chức %s đã có phiên bản mang tên này từ ngày %s; hãy đặt tên khác",
					}, id, other.from.On)
					r.Field = "data.version"
					return o, r
				}
			}
			o.policies = append(o.policies, dated[PolicyAdopted]{p, e.ID, *v})
		default:
			return o, clash(e, Text{EN: "is not about an organisation", VI: "không nói về tổ chức"})
		}
	}
	return o, nil
}

func (o *Organisation) alive(p Point) bool {
	return !p.Before(o.established) && p.Before(o.ended)
}

// Alive reports whether the organisation exists at the end of a day.
func (o *Organisation) Alive(d Date) bool { return o.alive(endOf(d)) }

// Name returns its name at the end of a day, or its first one before.
func (o *Organisation) Name(d Date) string {
	if name, ok := at(o.names, endOf(d)); ok {
		return name
	}
	if len(o.names) > 0 {
		return o.names[0].value
	}
	return o.ID
}

// Rating returns the grade for a year as far as entries up to the end of a day
// say, and whether there is one.
func (o *Organisation) Rating(year int, d Date) (Grade, bool) { return yearlyAt(o.ratings, year, d) }

// Quota returns the number of admissions planned for a year, likewise.
func (o *Organisation) Quota(year int, d Date) (int, bool) { return yearlyAt(o.quotas, year, d) }

func yearlyAt[T any](values []dated[yearly[T]], year int, d Date) (v T, ok bool) {
	for _, y := range slices.Backward(values) {
		if y.value.year == year && !endOf(d).Before(y.from) {
			return y.value.value, true
		}
	}
	return v, false
}

// Target returns the target of the newest term that has begun by a day, as far
// as entries up to the end of that day say.
func (o *Organisation) Target(d Date) (TargetSet, bool) {
	var best TargetSet
	ok := false
	for _, t := range o.targets {
		if !endOf(d).Before(t.from) && t.value.From <= d && (!ok || t.value.From >= best.From) {
			best, ok = t.value, true
		}
	}
	return best, ok
}

// Village is what the entries of one village say.
type Village struct {
	ID         string
	registered Point
	opening    string
	retired    Point
	ending     string // id of the entry that retired it
	name       string
	commune    string
	cells      []dated[CellAssigned]
}

// FoldVillage returns what a timeline says of a village, and the first entry
// of it that is impossible.
func FoldVillage(id string, t Timeline) (*Village, *Rejection) {
	v := &Village{ID: id, registered: endOfTime, retired: endOfTime}
	for _, e := range t.counting() {
		p := e.Point()
		if _, ok := e.Event.(*VillageRegistered); ok == (v.opening != "") {
			if ok {
				return v, clash(earlier(e, v.opening, v.registered), Text{EN: "village %s is registered already", VI: "bản %s đã được đăng ký"}, id)
			}
			return v, clash(e, Text{EN: "village %s was not registered by %s", VI: "bản %s chưa được đăng ký vào ngày %s"}, id, e.EffectiveOn)
		}
		if v.retired.Before(p) {
			return v, clash(earlier(e, v.ending, v.retired), Text{
				EN: "village %s was retired on %s, and this counts on %s", VI: "bản %s đã kết thúc ngày %s, mục này có hiệu lực ngày %s",
			}, id, v.retired.On, e.EffectiveOn)
		}
		switch ev := e.Event.(type) {
		case *VillageRegistered:
			v.registered, v.opening, v.name, v.commune = p, e.ID, ev.Name, ev.Commune
		case *CellAssigned:
			v.cells = append(v.cells, dated[CellAssigned]{p, e.ID, *ev})
		case *VillageRetired:
			v.retired, v.ending = p, e.ID
		default:
			return v, clash(e, Text{EN: "is not about a village", VI: "không nói về bản"})
		}
	}
	return v, nil
}

// Name returns the village's name.
func (v *Village) Name() string { return v.name }

// Alive reports whether the village exists at the end of a day.
func (v *Village) Alive(d Date) bool {
	return !endOf(d).Before(v.registered) && endOf(d).Before(v.retired)
}

// OwnCell reports whether the village has a cell of its own at the end of a day.
func (v *Village) OwnCell(d Date) bool {
	c, ok := at(v.cells, endOf(d))
	return ok && !c.Joint
}

// LifespanDiffers reports whether two timelines of one organisation differ in
// whether and when it was established, ended, or merged into what. Nothing else
// of an organisation can make a life in it impossible, or change it.
func LifespanDiffers(id string, a, b Timeline) bool {
	before, _ := FoldOrganisation(id, a) // an impossible one is folded as far as it goes
	after, _ := FoldOrganisation(id, b)
	return before.established != after.established || before.ended != after.ended || before.into != after.into
}
