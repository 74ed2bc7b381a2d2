package pages

import (
	"slices"
	"strconv"

	"rollbook/domain"
	"rollbook/projections"
	"rollbook/web/access"
	"rollbook/words"
)

type workSum struct {
	link
	Number, Overdue string
	Selected        bool
}

type workRow struct {
	Due, What, Who, URL, Organisation, Do, DoURL string
	Overdue                                      bool
}

type worklistPage struct {
	frame
	Crumbs       []link
	When         when
	Scope, Until string
	Sums         []workSum
	Rows         []workRow
	Pager        *pager
	Download     *download
}

// aheadDays is how far the worklist looks ahead unless told otherwise.
const aheadDays = 90

// worklist lists what is due and overdue, each with the form that does it.
func (p *Pages) worklist(a *asked) error {
	q, problem, err := p.asked(a, access.ReadEntries)
	if err != nil {
		return err
	}
	v := a.r.URL.Query()
	ahead, err := strconv.Atoi(v.Get("ahead"))
	if err != nil {
		ahead = aheadDays
	}
	w, err := p.service.Worklist(a.ctx, q.Question, ahead, nil)
	if err != nil {
		said, ok := a.t.ofInput(err)
		if !ok {
			return err
		}
		problem, ahead = said, aheadDays
		if w, err = p.service.Worklist(a.ctx, q.Question, ahead, nil); err != nil {
			return err
		}
	}
	list, err := p.service.Organisations(a.ctx, q.Question)
	if err != nil {
		return err
	}
	organisations := namesOf(list)
	kind := v.Get("kind")
	aheadText := strconv.Itoa(ahead)
	page := worklistPage{frame: p.frame(a, a.t.say("worklist"), "/worklist"), Scope: a.t.say("whole"), Until: a.t.say("until", a.t.day(w.Until))}
	page.Problem, page.Standing = problem, &w.Standing
	page.When = p.when(a, q, "/worklist", named{"kind", kind})
	page.When.More = []filter{{Name: "ahead", Label: a.t.say("ahead"), Type: "number", Value: aheadText, Min: "0", Max: "3660"}}
	if q.Organisation != "" {
		page.Scope = organisations.of(q.Organisation)
		page.Crumbs = append(p.crumbs(q, list, q.Organisation), link{page.Scope, p.to(withoutOrganisation(q), "/organisations/"+q.Organisation)})
	}
	page.Download = p.download(q, "worklist", a.t.say("worklist"), "kind", kind, "ahead", aheadText)
	page.Sums = p.workSums(a, q, w.Rows, kind, aheadText)
	if kind != "" {
		w.Rows = slices.DeleteFunc(w.Rows, func(r projections.Work) bool { return string(r.Kind) != kind })
	}
	w.Rows, page.Pager = part(p, q, a.r, w.Rows, "/worklist", "kind", kind, "ahead", aheadText)
	if page.Rows, err = p.workRows(a, q, w.Rows, organisations); err != nil {
		return err
	}
	return p.show(a, statusOf(problem), "worklist", page)
}

// workSums counts what there is to do, by kind.
func (p *Pages) workSums(a *asked, q question, rows []projections.Work, kind, ahead string) (sums []workSum) {
	number, overdue := map[projections.WorkKind]int{}, map[projections.WorkKind]int{}
	for _, r := range rows {
		number[r.Kind]++
		if r.Overdue {
			overdue[r.Kind]++
		}
	}
	add := func(label, kindOf string, n, late int) {
		s := workSum{link: link{label, p.to(q, "/worklist", "kind", kindOf, "ahead", ahead)}, Number: a.t.number(int64(n)), Selected: kind == kindOf}
		if late > 0 {
			s.Overdue = a.t.number(int64(late))
		}
		sums = append(sums, s)
	}
	if len(rows) == 0 {
		return nil
	}
	late := 0
	for _, n := range overdue {
		late += n
	}
	add(a.t.say("all"), "", len(rows), late)
	for _, k := range projections.WorkKinds() {
		if number[k] > 0 {
			add(capital(a.t.word(words.Work, string(k))), string(k), number[k], overdue[k])
		}
	}
	return sums
}

func (p *Pages) workRows(a *asked, q question, work []projections.Work, organisations names) (rows []workRow, err error) {
	var members []domain.Subject
	for _, w := range work {
		if w.Subject.Kind() == domain.MemberKind {
			members = append(members, w.Subject)
		}
	}
	known := map[domain.Subject]string{}
	if a.visitor.May(access.ReadMembers) && len(members) > 0 {
		if known, err = p.service.Names(a.ctx, q.Question, members); err != nil {
			return nil, err
		}
	}
	for _, w := range work {
		row := workRow{What: a.t.work(w), Organisation: organisations.of(w.Organisation), Overdue: w.Overdue, Due: none}
		if w.Due != nil {
			row.Due = a.t.day(*w.Due)
		}
		who := a.t.subjectLink(w.Subject, organisations)
		row.Who, row.URL = who.Label, who.URL
		if name, ok := known[w.Subject]; ok {
			row.Who = name
		}
		if typeName, more := doneBy(w); a.mayRecord() && typeName != "" {
			row.Do = a.t.word(words.Events, typeName)
			row.DoURL = "/record/" + typeName + "?subject=" + w.Subject.ID() + more
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// doneBy is the event that does a piece of work, and what goes into its form.
func doneBy(w projections.Work) (typeName, more string) {
	switch w.Kind {
	case projections.WorkReview:
		return "member.reviewed", ""
	case projections.WorkConfirmation:
		return "member.confirmed", ""
	case projections.WorkRating:
		return "member.rated", "&data.year=" + strconv.Itoa(w.Year)
	case projections.WorkOrganisationRating:
		return "organisation.rated", "&data.year=" + strconv.Itoa(w.Year)
	case projections.WorkReception:
		return "member.received", ""
	case projections.WorkBadge:
		return "member.badge_awarded", ""
	case projections.WorkMentor:
		return "member.mentor_assigned", ""
	case projections.WorkVillageCell:
		return "village.cell_assigned", ""
	case projections.WorkQuota, projections.WorkTarget, projections.WorkVillageMembers:
	}
	return "", ""
}

// work says what there is to do.
func (t *tongue) work(w projections.Work) string {
	text := capital(t.word(words.Work, string(w.Kind)))
	switch w.Kind {
	case projections.WorkRating, projections.WorkOrganisationRating:
		text += " " + strconv.Itoa(w.Year)
	case projections.WorkBadge:
		text += t.say("work.badge", w.Years)
	case projections.WorkQuota:
		text += " " + strconv.Itoa(w.Year) + t.plan(w)
	case projections.WorkTarget:
		text += t.plan(w)
	case projections.WorkReview, projections.WorkConfirmation, projections.WorkReception, projections.WorkMentor,
		projections.WorkVillageCell, projections.WorkVillageMembers:
	}
	return text
}

// plan says how far admissions are from what was planned.
func (t *tongue) plan(w projections.Work) string {
	if w.Admitted == nil || w.Planned == nil {
		return ""
	}
	return t.say("work.plan", w.Missing, *w.Admitted, *w.Planned)
}
