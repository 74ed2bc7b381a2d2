package domain

import "slices"

// The rules of organisations: how many members they need, their grades, quotas.

var (
	// leavingChecks are of entries that take somebody out of an organisation.
	leavingChecks = []check{
		{"cell.official_members", cellLeft},
		{"committee.official_members", committeeLeft},
	}
	establishmentChecks = []check{
		{"cell.official_members", cellEstablished},
		{"committee.official_members", committeeEstablished},
	}
	organisationRatingChecks = []check{{"rating.cap_organisations", ratingCapOrganisations}}
	villageChecks            = []check{{"village.own_cell", villageOwnCell}}
)

// cell reports whether an organisation is a cell.
func (k OrganisationType) cell() bool { return k == GrassrootsCell || k == SubordinateCell }

// cellLeft is about the entry that takes one of the official members whom the cell
// needs.
func cellLeft(h *hearing, r PolicyRule) opinion {
	o := h.world.Directory().Organisation(h.before.Organisation)
	if !h.leaves() || o == nil || !o.Type.cell() {
		return opinion{answer: kept}
	}
	return h.tooFew(o, r, h.of(o.ID).official)
}

// committeeLeft looks for the grassroots committee above the organisation that
// somebody leaves.
func committeeLeft(h *hearing, r PolicyRule) opinion {
	d := h.world.Directory()
	id := h.before.Organisation
	for range len(d.organisations) {
		o := d.Organisation(id)
		if o == nil || !h.leaves() {
			break
		}
		if o.Type == GrassrootsCommittee {
			return h.tooFew(o, r, func(p Point) int { return h.officialBelow(o.ID, p) })
		}
		id = d.Parent(id, h.entry.EffectiveOn)
	}
	return opinion{answer: kept}
}

// leaves reports whether an official member is not in the organisation any more
// after the entry.
func (h *hearing) leaves() bool {
	return h.before.Status == Official && (h.after.Status != Official || h.after.Organisation != h.before.Organisation)
}

// tooFew says whether the entry left an organisation with one official member too
// few, and some days later there were still not enough.
func (h *hearing) tooFew(o *Organisation, r PolicyRule, official func(Point) int) opinion {
	needed, later := r.Parameter("members"), h.entry.EffectiveOn+Date(r.Parameter("days"))
	if official(h.entry.Point()) != needed-1 || !o.Alive(later) {
		return opinion{answer: kept}
	}
	have := official(endOf(later))
	return departs(have < needed, facts{"organisation": o.ID, "have": have})
}

func cellEstablished(h *hearing, r PolicyRule) opinion {
	o := h.world.Directory().Organisation(h.entry.Subject.ID())
	if !o.Type.cell() {
		return opinion{answer: kept}
	}
	return h.filled(o, r)
}

func committeeEstablished(h *hearing, r PolicyRule) opinion {
	o := h.world.Directory().Organisation(h.entry.Subject.ID())
	if o.Type != GrassrootsCommittee {
		return opinion{answer: kept}
	}
	return h.filled(o, r)
}

// filled says whether an organisation had enough official members some days after
// it was established. As long as nobody was in it, who will be is not recorded yet.
func (h *hearing) filled(o *Organisation, r PolicyRule) opinion {
	later := h.entry.EffectiveOn + Date(r.Parameter("days"))
	if !o.Alive(later) {
		return opinion{answer: kept}
	}
	if !h.peopledBy(o.ID, later) {
		return opinion{answer: unsure}
	}
	have := h.officialBelow(o.ID, endOf(later))
	return departs(have < r.Parameter("members"), facts{"organisation": o.ID, "have": have})
}

func villageOwnCell(h *hearing, r PolicyRule) opinion {
	e := h.entry.Event.(*CellAssigned)
	if e.Joint {
		return opinion{answer: kept}
	}
	if !h.peopledBy(e.Cell, h.entry.EffectiveOn) {
		return opinion{answer: unsure} // nobody is recorded in it yet
	}
	have := h.of(e.Cell).official(endOf(h.entry.EffectiveOn))
	return departs(have < r.Parameter("members"), facts{"organisation": e.Cell, "have": have})
}

// ratingCapOrganisations compares organisations of one kind, grassroots or below,
// that stand directly under one superior on the day of the rating.
func ratingCapOrganisations(h *hearing, r PolicyRule) opinion {
	e := h.entry.Event.(*OrganisationRated)
	d := h.world.Directory()
	self := d.Organisation(h.entry.Subject.ID())
	parent := d.Parent(self.ID, h.entry.EffectiveOn)
	if e.Grade != "excellent" || parent == "" || !self.Type.Grassroots() && r.Parameter("cells") == 0 {
		return opinion{answer: kept}
	}
	var grades []graded
	for _, id := range h.children(h.entry.EffectiveOn)[parent] {
		o := d.Organisation(id)
		if o.Type.Grassroots() != self.Type.Grassroots() {
			continue
		}
		if g, ok := o.graded(e.Year); ok {
			grades = append(grades, g)
		}
	}
	slices.SortFunc(grades, func(a, b graded) int { return comparePoints(a.at, b.at) })
	return capped(grades, h.entry.Point(), r, facts{"organisation": parent, "year": e.Year})
}

// graded returns the grade for a year that counts in the end, with its place.
func (o *Organisation) graded(year int) (g graded, ok bool) {
	for _, r := range o.ratings {
		if r.value.year == year {
			g, ok = graded{r.from, r.value.value}, true
		}
	}
	return g, ok
}

// admissionQuota looks for the quota of the organisation that admits, or of the
// nearest above it up to the grassroots organisation, and counts the admissions of
// the year there, the entry the last.
func admissionQuota(h *hearing, r PolicyRule) opinion {
	d := h.world.Directory()
	on := h.entry.EffectiveOn
	id := h.after.Organisation
	for range len(d.organisations) {
		o := d.Organisation(id)
		if o == nil {
			break
		}
		if quota, ok := o.Quota(on.Year(), LastDay); ok {
			n := 0
			for _, below := range h.subtree(id, on) {
				n += h.of(below).admitted(civil(on.Year(), 1, 1), h.entry.Point())
			}
			return departs(n*100 > quota*r.Parameter("percent"), facts{"organisation": id, "quota": quota, "year": on.Year()})
		}
		if o.Type.Grassroots() || o.Type == DistrictCommittee {
			break
		}
		id = d.Parent(id, on)
	}
	return opinion{answer: kept}
}
