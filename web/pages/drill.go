package pages

import (
	"rollbook/domain"
	"rollbook/projections"
	"rollbook/web/access"
	"rollbook/web/service"
	"rollbook/words"
)

type drillPage struct {
	frame
	Crumbs         []link
	Heading, Scope string
	Number         string
	When           when
	Parts          []partRow
	Pager          *pager
}

// drill lists who and which events a figure is made of.
func (p *Pages) drill(a *asked) error {
	q, problem, err := p.asked(a, access.ReadEntries)
	if err != nil {
		return err
	}
	if err := p.service.Access.Allowed(a.ctx, access.ReadEntries, q.Organisation); err != nil {
		return err
	}
	figures, err := p.service.Ledger.Figures(a.ctx)
	if err != nil {
		return err
	}
	list, err := p.service.Organisations(a.ctx, q.Question)
	if err != nil {
		return err
	}
	organisations := namesOf(list)
	v := a.r.URL.Query()
	what := a.r.PathValue("what")
	page := drillPage{Scope: a.t.say("whole"), When: p.when(a, q, "/drill/"+what)}
	if q.Organisation != "" {
		page.Scope = organisations.of(q.Organisation)
		page.Crumbs = append(p.crumbs(q, list, q.Organisation), link{page.Scope, p.to(withoutOrganisation(q), "/organisations/"+q.Organisation)})
	}
	keep := []string{}
	hold := func(names ...string) {
		for _, name := range names {
			keep = append(keep, name, v.Get(name))
		}
	}
	var parts []projections.Part
	switch what {
	case "headcount":
		hold("by", "value")
		by, err := service.Dimensions(v.Get("by"))
		if err != nil {
			return err
		}
		made, err := figures.DrillHeadcount(a.ctx, q.Question, by)
		if err != nil {
			return err
		}
		parts, page.Heading = made[v.Get("value")], a.t.say("members")
		if len(by) == 1 && len(parts) > 0 {
			page.Heading += ": " + a.t.dimension(by[0], v.Get("value"), organisations)
		}
	case "indicator":
		hold("count")
		made, err := figures.DrillIndicators(a.ctx, q.Question)
		if err != nil {
			return err
		}
		parts, page.Heading = made[v.Get("count")], a.t.countName(v.Get("count"))
	case "movement":
		hold("line", "from")
		from, err := service.Day("from", v.Get("from"))
		if err != nil {
			return err
		}
		made, err := figures.DrillMovements(a.ctx, q.Question, from)
		if err != nil {
			return err
		}
		parts, page.Heading = made[v.Get("line")], capital(a.t.word(words.Movements, v.Get("line")))
	default:
		return errNoPage
	}
	sum := 0
	for _, part := range parts {
		sum += part.Change
	}
	page.frame = p.frame(a, page.Heading, "")
	page.Problem, page.Number = problem, a.t.number(int64(sum))
	parts, page.Pager = part(p, q, a.r, parts, "/drill/"+what, keep...)
	page.Parts = a.t.parts(parts, organisations)
	if err := p.name(a, q, page.Parts, parts); err != nil {
		return err
	}
	return p.show(a, statusOf(problem), "drill", page)
}

func withoutOrganisation(q question) question {
	q.Organisation = ""
	return q
}

// name puts names in the place of ids, for a visitor who may see them. That they
// were read is written down as for the register.
func (p *Pages) name(a *asked, q question, rows []partRow, parts []projections.Part) error {
	if !a.visitor.May(access.ReadMembers) || len(rows) == 0 {
		return nil
	}
	var members []domain.Subject
	for _, part := range parts {
		if part.Member != "" {
			members = append(members, part.Member)
		}
	}
	names, err := p.service.Names(a.ctx, q.Question, members)
	if err != nil {
		return err
	}
	for i := range rows {
		if name, ok := names[domain.MemberSubject(rows[i].Who)]; ok {
			rows[i].Who = name
		}
	}
	return nil
}
