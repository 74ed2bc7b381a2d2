package projections

import (
	"cmp"
	"context"
	"slices"

	"rollbook/domain"
)

// WorkKind is what there is to do.
type WorkKind string

// The kinds of work.
const (
	// WorkReview is the cell's review of a provisional member, due within 30 days
	// after the twelve months of probation.
	WorkReview WorkKind = "review"
	// WorkConfirmation is a decision on a provisional member, due 30 days after
	// the twelve months of probation.
	WorkConfirmation WorkKind = "confirmation"
	// WorkRating is a member's rating for a year, due at its end.
	WorkRating WorkKind = "rating"
	// WorkOrganisationRating is that of a grassroots organisation.
	WorkOrganisationRating WorkKind = "organisation_rating"
	// WorkBadge is a badge, due on the day on which its years are full.
	WorkBadge WorkKind = "badge"
	// WorkReception is the reception of somebody who was transferred, due 30
	// working days after.
	WorkReception WorkKind = "reception"
	// WorkMentor is a mentor for a candidate who has none, due at once.
	WorkMentor WorkKind = "mentor"
	// WorkQuota is what is missing from an organisation's own quota of
	// admissions, due at the end of the year.
	WorkQuota WorkKind = "quota"
	// WorkTarget is what is missing from an organisation's own target of a term,
	// due at its end.
	WorkTarget WorkKind = "target"
	// WorkVillageCell is a village without a cell of its own. It has no deadline.
	WorkVillageCell WorkKind = "village_cell"
	// WorkVillageMembers is a village without members: it has no cell, or there is
	// nobody in the one that it has. It has no deadline.
	WorkVillageMembers WorkKind = "village_members"
)

// WorkKinds returns all kinds, in the order of reports.
func WorkKinds() []WorkKind {
	return []WorkKind{
		WorkReview, WorkConfirmation, WorkRating, WorkOrganisationRating, WorkBadge, WorkReception,
		WorkMentor, WorkQuota, WorkTarget, WorkVillageCell, WorkVillageMembers,
	}
}

// Deadlines that are the same whatever rules an organisation has adopted.
const (
	// reviewDays is how long after the end of probation the cell has to review a
	// provisional member before the indicators count the confirmation as overdue.
	reviewDays = 30
	// receptionWorkingDays is how long somebody who was transferred has to present
	// themself to the new cell.
	receptionWorkingDays = 30
)

// Worklist is what is due in an organisation's subtree, and what is overdue.
type Worklist struct {
	Report       string      `json:"report"` // "worklist"
	Organisation *string     `json:"organisation"`
	AsOf         domain.Date `json:"as_of"`
	// Until is the last day that was looked at: what falls due after it is not
	// in the list, but for quotas and targets that are behind plan.
	Until domain.Date `json:"until"`
	// Rows are in the order of their days; those without one come last.
	Rows []Work `json:"rows"`
	Standing
}

// Work is one thing to do.
type Work struct {
	Kind    WorkKind     `json:"kind"`
	Due     *domain.Date `json:"due"`     // nil when there is no deadline
	Overdue bool         `json:"overdue"` // due before the day that is asked for
	// Organisation is where it is to be done: for a reception, where they come to.
	Organisation string         `json:"organisation"`
	Subject      domain.Subject `json:"subject"`
	// Year is the one that a rating or a quota is for.
	Year int `json:"year,omitempty"`
	// Years are those of the badge.
	Years int `json:"years,omitempty"`
	// Missing is how many admissions the quota or target lacks.
	Missing int `json:"missing,omitempty"`
	// Planned is how many admissions of the quota or target were due by the day
	// that is asked for, had they been spread evenly over the year or term.
	Planned *int `json:"planned,omitempty"`
	// Admitted is how many there were.
	Admitted *int `json:"admitted,omitempty"`
}

// Worklist returns what is due up to ahead days after q.AsOf, and what was due
// before and has not been done by then.
func (f *Figures) Worklist(ctx context.Context, q Question, ahead int) (Worklist, error) {
	out := Worklist{
		Report: "worklist", Organisation: orNull(q.Organisation), AsOf: q.AsOf,
		Until: min(q.AsOf+domain.Date(ahead), domain.LastDay), Rows: []Work{},
	}
	w := worker{day: q.AsOf, until: out.Until}
	err := f.view(ctx, q, func(v view) error {
		out.Standing = v.Standing
		w.known = v.known
		w.directory = v.ownDirectory()
		if q.Organisation != "" {
			w.subtree = w.directory.Subtree(q.Organisation, q.AsOf)
		}
		out.Rows = append(out.Rows, w.organisations(v)...)
		out.Rows = append(out.Rows, w.villages(v)...)
		return nil
	})
	if err != nil {
		return out, err
	}
	members, err := eachMember(ctx, f.store, w.member)
	out.Rows = append(out.Rows, members...)
	slices.SortFunc(out.Rows, func(x, y Work) int {
		if (x.Due == nil) != (y.Due == nil) {
			if x.Due == nil {
				return 1
			}
			return -1
		}
		if x.Due != nil && *x.Due != *y.Due {
			return cmp.Compare(*x.Due, *y.Due)
		}
		return cmp.Or(cmp.Compare(slices.Index(WorkKinds(), x.Kind), slices.Index(WorkKinds(), y.Kind)),
			cmp.Compare(x.Organisation, y.Organisation), cmp.Compare(x.Subject, y.Subject), cmp.Compare(x.Year, y.Year))
	})
	return out, err
}

// worker finds work.
type worker struct {
	day, until domain.Date
	known      uint64
	directory  *domain.Directory
	subtree    map[string]bool // nil for the whole ledger
}

func (w *worker) in(organisation string) bool { return w.subtree == nil || w.subtree[organisation] }

func (w *worker) work(kind WorkKind, due domain.Date, organisation string, s domain.Subject) Work {
	return Work{Kind: kind, Due: &due, Overdue: due < w.day, Organisation: organisation, Subject: s}
}

// ratingYears are the years of which a rating may be missing: the one before and
// the running one.
func (w *worker) ratingYears() []int { return []int{w.day.Year() - 1, w.day.Year()} }

// organisations finds what organisations have to do: their own ratings, and the
// admissions that they planned.
func (w *worker) organisations(v view) []Work {
	var out []Work
	below := w.directory.Children(w.day)
	admissions := map[domain.Date]map[string]int{} // by first day, then by organisation with all below it
	admitted := func(first domain.Date, id string) int {
		if admissions[first] == nil {
			admissions[first] = summed(v.admissions(first, w.day), below)
		}
		return admissions[first][id]
	}
	for _, id := range w.directory.Organisations() {
		o := w.directory.Organisation(id)
		if !o.Alive(w.day) || !w.in(id) {
			continue
		}
		subject := domain.OrganisationSubject(id)
		for _, year := range w.ratingYears() {
			due := lastOf(year)
			_, rated := o.Rating(year, w.day)
			// One that was established later is rated the year after.
			if o.Type.Grassroots() && !rated && due <= w.until && o.Alive(min(due, w.day)) {
				item := w.work(WorkOrganisationRating, due, id, subject)
				item.Year = year
				out = append(out, item)
			}
		}
		year := w.day.Year()
		if quota, ok := o.Quota(year, w.day); ok {
			first, last := firstOf(year), lastOf(year)
			if item, behind := w.plan(WorkQuota, first, last, quota, admitted(first, id), id); behind {
				item.Year = year
				out = append(out, item)
			}
		}
		if t, ok := o.Target(w.day); ok && w.day <= t.To {
			if item, behind := w.plan(WorkTarget, t.From, t.To, t.Admissions, admitted(t.From, id), id); behind {
				out = append(out, item)
			}
		}
	}
	return out
}

// plan returns what is missing from a number of admissions that are planned for
// a span of days; it is work if the span ends soon, or if there were fewer by now
// than in an even spread.
func (w *worker) plan(kind WorkKind, first, last domain.Date, planned, admitted int, id string) (Work, bool) {
	if admitted >= planned {
		return Work{}, false
	}
	byNow := int(int64(planned) * int64(w.day-first+1) / int64(last-first+1))
	item := w.work(kind, last, id, domain.OrganisationSubject(id))
	item.Missing, item.Planned, item.Admitted = planned-admitted, &byNow, &admitted
	return item, last <= w.until || admitted < byNow
}

// villages finds villages without a cell of their own, and without members.
func (w *worker) villages(v view) []Work {
	var out []Work
	members := v.membersIn(w.day)
	for _, id := range w.directory.Villages() {
		village := w.directory.Village(id)
		commune := w.directory.Commune(village, w.day)
		if !village.Alive(w.day) || !w.in(commune) {
			continue
		}
		if !village.OwnCell(w.day) {
			out = append(out, Work{Kind: WorkVillageCell, Organisation: commune, Subject: domain.VillageSubject(id)})
		}
		if cell := w.directory.CellOf(village, w.day); cell == "" || members[cell] == 0 {
			out = append(out, Work{Kind: WorkVillageMembers, Organisation: commune, Subject: domain.VillageSubject(id)})
		}
	}
	return out
}

// membersIn counts the members, provisional and official, of each organisation by
// itself at the end of a day.
func (v view) membersIn(day domain.Date) map[string]int {
	members := map[string]int{}
	for i, n := range v.balances(day) {
		if c := v.cells[i]; c.Status.Member() {
			members[c.Organisation] += n
		}
	}
	return members
}

// admissions counts those of each organisation by itself from one day to the end
// of another.
func (v view) admissions(first, last domain.Date) map[string]int {
	admitted := map[string]int{}
	for i := range v.movements {
		b := &v.movements[i]
		if b.on >= first && b.on <= last && b.sequence <= v.known && movementKinds[b.movement] == domain.AdmittedIn {
			admitted[v.cells[b.to].Organisation] += int(b.sign)
		}
	}
	return admitted
}

// summed adds to each organisation's own number those of all below it.
func summed(own map[string]int, below map[string][]string) map[string]int {
	sums := map[string]int{}
	var sum func(id string) int
	sum = func(id string) int {
		n := own[id]
		for _, child := range below[id] {
			n += sum(child)
		}
		sums[id] = n
		return n
	}
	sum("")
	return sums
}

func firstOf(year int) domain.Date {
	d, _ := domain.NewDate(year, 1, 1)
	return d
}

func lastOf(year int) domain.Date {
	d, _ := domain.NewDate(year, 12, 31)
	return d
}
