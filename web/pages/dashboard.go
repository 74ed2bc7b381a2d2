package pages

import (
	"net/http"
	"net/url"
	"slices"

	"rollbook/projections"
	"rollbook/web/access"
)

type dashboardPage struct {
	frame
	figures
	Crumbs  []link
	Heading string
	When    when
}

// dashboard shows the figures of the whole ledger, or of the part of it that the
// visitor may see.
func (p *Pages) dashboard(a *asked) error {
	if !a.visitor.May(access.ReadFigures) {
		return p.elsewhere(a)
	}
	q, problem, err := p.asked(a, access.ReadFigures)
	if err != nil {
		return err
	}
	list, err := p.service.Organisations(a.ctx, q.Question)
	if err != nil {
		return err
	}
	page := dashboardPage{frame: p.frame(a, a.t.say("dashboard"), "/"), Heading: a.t.say("dashboard.whole"), When: p.when(a, q, "/")}
	page.Problem, page.Charts = problem, true
	if q.Organisation != "" {
		page.Heading, page.Crumbs = namesOf(list).of(q.Organisation), p.crumbs(q, list, q.Organisation)
	}
	f, standing, err := p.figures(a, p.narrow(q, list))
	if err != nil {
		return err
	}
	page.figures, page.Standing = f, &standing
	return p.show(a, statusOf(problem), "dashboard", page)
}

// narrow asks for the one organisation that all others are below, where there is
// one: its figures are those of the whole ledger, and those below it are what
// people compare.
func (p *Pages) narrow(q question, list []projections.OrganisationInfo) question {
	if q.Organisation != "" {
		return q
	}
	top := ""
	for _, o := range list {
		if o.Alive && o.Parent == "" {
			if top != "" {
				return q
			}
			top = o.ID
		}
	}
	q.Organisation = top
	return q
}

// elsewhere sends a visitor who may see no figures to the first page that is for
// them. Who only operates the service is told that there is none.
func (p *Pages) elsewhere(a *asked) error {
	for _, n := range p.frame(a, "", "").Nav {
		http.Redirect(a.w, a.r, n.URL, http.StatusSeeOther)
		return nil
	}
	page := errorPage{frame: p.frame(a, a.t.say("operator"), "/"), Heading: a.t.say("operator"), Text: a.t.say("operator.text")}
	return p.show(a, http.StatusOK, "error", page)
}

// asked reads the question of an address. What cannot be meant is a problem that
// the page shows, with the plainest question in its place. A visitor who has the
// right in a part of the ledger and names none is asked about the first of theirs.
func (p *Pages) asked(a *asked, needs access.Action) (q question, problem string, err error) {
	return p.askedIn(a, a.r.URL.Query(), needs)
}

// askedIn reads the question of an address or a form likewise.
func (p *Pages) askedIn(a *asked, values url.Values, needs access.Action) (q question, problem string, err error) {
	q, err = p.question(a, values)
	if err != nil {
		said, ok := a.t.ofInput(err)
		if !ok {
			return q, "", err
		}
		problem = said
	}
	return a.reached(q, needs), problem, nil
}

// reached asks a visitor who has a right in a part of the ledger, and names none,
// about the first of theirs.
func (a *asked) reached(q question, needs access.Action) question {
	if tops, whole := a.visitor.Reach(needs); q.Organisation == "" && !whole && len(tops) > 0 {
		q.Organisation = tops[0]
	}
	return q
}

// statusOf is the status of a page that has a problem to show, or none.
func statusOf(problem string) int {
	if problem != "" {
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// crumbs are the organisations above one, from the top, as far as they are in the
// list.
func (p *Pages) crumbs(q question, list []projections.OrganisationInfo, organisation string) []link {
	byID := map[string]projections.OrganisationInfo{}
	for _, o := range list {
		byID[o.ID] = o
	}
	q.Organisation = ""
	var out []link
	for at := byID[organisation].Parent; len(out) < len(list); at = byID[at].Parent {
		o, ok := byID[at]
		if !ok {
			break
		}
		out = append(out, link{o.Name, p.to(q, "/organisations/"+o.ID)})
	}
	slices.Reverse(out)
	return out
}
