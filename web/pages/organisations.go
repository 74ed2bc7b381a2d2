package pages

import (
	"rollbook/domain"
	"rollbook/projections"
	"rollbook/web/access"
	"rollbook/words"
)

// branch is an organisation and those below it.
type branch struct {
	Name, Kind, URL string
	Below           []branch
	Open            bool
}

// organisations shows the tree as far as the visitor may see it.
func (p *Pages) organisations(a *asked) error {
	q, problem, err := p.asked(a, access.ReadFigures)
	if err != nil {
		return err
	}
	list, err := p.service.Organisations(a.ctx, q.Question)
	if err != nil {
		return err
	}
	page := struct {
		frame
		Tree  []branch
		Gone  []branch
		Alive int
	}{frame: p.frame(a, a.t.say("organisations"), "/organisations")}
	page.Problem = problem
	q.Organisation = ""
	var alive []projections.OrganisationInfo
	for _, o := range list {
		if o.Alive {
			alive = append(alive, o)
		} else {
			page.Gone = append(page.Gone, p.branch(a, q, o))
		}
	}
	page.Alive = len(alive)
	page.Tree = p.branches(a, q, alive)
	return p.show(a, statusOf(problem), "organisations", page)
}

func (p *Pages) branch(a *asked, q question, o projections.OrganisationInfo) branch {
	return branch{Name: o.Name, Kind: a.t.word(words.Values, string(o.Type)), URL: p.to(q, "/organisations/"+o.ID)}
}

// branches nests a list of organisations. Two levels are open at first.
func (p *Pages) branches(a *asked, q question, list []projections.OrganisationInfo) []branch {
	root := branch{}
	path := []*branch{&root}
	walkTree(list, func(o projections.OrganisationInfo, depth int) {
		path = path[:depth+1]
		above := path[depth]
		b := p.branch(a, q, o)
		b.Open = depth < 1
		above.Below = append(above.Below, b)
		path = append(path, &above.Below[len(above.Below)-1])
	})
	return root.Below
}

type organisationPage struct {
	frame
	figures
	Crumbs   []link
	Heading  string
	Alive    bool
	Facts    []detail
	Doors    []link
	When     when
	Below    []branch
	Timeline []entry
}

// organisation shows one organisation: what it is, its figures, and its history.
func (p *Pages) organisation(a *asked) error {
	id := a.r.PathValue("id")
	q, problem, err := p.asked(a, access.ReadFigures)
	if err != nil {
		return err
	}
	q.Organisation = id
	o, err := p.service.Organisation(a.ctx, q.Question)
	if err != nil {
		return err
	}
	list, err := p.service.Organisations(a.ctx, q.Question)
	if err != nil {
		return err
	}
	organisations := namesOf(list)
	plain := q
	plain.Organisation = ""
	page := organisationPage{
		frame: p.frame(a, o.Name, "/organisations"), Heading: o.Name, Alive: o.Alive, Crumbs: p.crumbs(q, list, id),
		When: p.when(a, plain, "/organisations/"+id),
		Facts: []detail{
			{Label: a.t.say("kind"), Value: capital(a.t.word(words.Values, string(o.Type)))},
			{Label: a.t.say("id"), Value: id},
		},
	}
	page.Problem, page.Charts = problem, true
	if name, known := organisations[o.Parent]; known {
		page.Facts = append(page.Facts, detail{a.t.say("superior"), name, p.to(plain, "/organisations/"+o.Parent)})
	}
	if a.visitor.May(access.ReadEntries) {
		page.Doors = append(page.Doors, link{a.t.say("register"), p.to(q, "/members")}, link{a.t.say("worklist"), p.to(q, "/worklist")})
	}
	if a.mayRecord() && o.Alive {
		page.Doors = append(page.Doors, link{a.t.say("record_about"), "/record?organisation=" + id})
	}
	for _, below := range list {
		if below.Parent == id && below.Alive {
			page.Below = append(page.Below, p.branch(a, plain, below))
		}
	}
	f, standing, err := p.figures(a, q)
	if err != nil {
		return err
	}
	page.figures, page.Standing = f, &standing
	if a.visitor.May(access.ReadEntries) {
		h, err := p.service.History(a.ctx, domain.OrganisationSubject(id), projections.Question{KnownAt: q.KnownAt}, "")
		if err != nil {
			return err
		}
		page.Timeline = p.timeline(a, h, organisations)
	}
	return p.show(a, statusOf(problem), "organisation", page)
}

// village shows a village's history. It has no figures of its own.
func (p *Pages) village(a *asked) error {
	return p.subjectPage(a, domain.VillageSubject(a.r.PathValue("id")), "")
}

// mayRecord reports whether the visitor is shown doors to forms.
func (a *asked) mayRecord() bool { return a.visitor.May(access.Record) }
