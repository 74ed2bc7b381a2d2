package pages

import (
	"rollbook/projections"
	"rollbook/web/access"
	"rollbook/words"
)

type findingRow struct {
	Effective, Who, URL, Event, Rule, Title, Source, Text, Cure string
	Exception                                                   bool
}

type findingsPage struct {
	frame
	Crumbs          []link
	When            when
	Scope, Unjudged string
	Rows            []findingRow
	Pager           *pager
	Download        *download
}

// findings lists the entries that depart from the charter's rules. Nothing in it
// is personal, so it takes no more than the right to see entries.
func (p *Pages) findings(a *asked) error {
	q, problem, err := p.asked(a, access.ReadEntries)
	if err != nil {
		return err
	}
	if err := p.service.Access.Allowed(a.ctx, access.ReadEntries, q.Organisation); err != nil {
		return err
	}
	found, err := p.service.Ledger.Findings(a.ctx, projections.FindingsQuestion{Question: q.Question})
	if err != nil {
		return err
	}
	found = found.In(a.t.lang)
	list, err := p.service.Organisations(a.ctx, q.Question)
	if err != nil {
		return err
	}
	organisations := namesOf(list)
	page := findingsPage{frame: p.frame(a, a.t.say("findings"), "/findings"), When: p.when(a, q, "/findings"), Scope: a.t.say("whole")}
	page.Problem, page.Standing = problem, &found.Standing
	if q.Organisation != "" {
		page.Scope = organisations.of(q.Organisation)
		page.Crumbs = append(p.crumbs(q, list, q.Organisation), link{page.Scope, p.to(withoutOrganisation(q), "/organisations/"+q.Organisation)})
	}
	page.Download = p.download(q, "findings", a.t.say("findings"))
	unjudged := 0
	for _, u := range found.Unjudged {
		unjudged += u.Entries
	}
	if unjudged > 0 {
		page.Unjudged = a.t.say("findings.unjudged", a.t.number(int64(unjudged)))
	}
	rows, more := part(p, q, a.r, found.Rows, "/findings")
	page.Pager = more
	for _, f := range rows {
		who := a.t.subjectLink(f.Subject, organisations)
		page.Rows = append(page.Rows, findingRow{
			Effective: a.t.day(f.EffectiveOn), Who: who.Label, URL: who.URL, Event: capital(a.t.word(words.Events, f.Type)),
			Rule: f.Rule, Title: f.Title, Source: f.Source, Text: capital(f.Said(a.t.lang, organisations.of)), Cure: capital(f.Cure), Exception: f.Exception,
		})
	}
	return p.show(a, statusOf(problem), "findings", page)
}
