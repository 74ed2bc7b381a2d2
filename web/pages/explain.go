package pages

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"rollbook/domain"
	"rollbook/projections"
	"rollbook/web/access"
	"rollbook/web/service"
	"rollbook/words"
)

// partRow is what one event did to a figure.
type partRow struct{ Change, Cause, Who, URL, Text, Event, Effective, Sequence string }

// explained is a figure that differs.
type explained struct {
	ID, Title, From, To, Change, Causes string
	Parts                               []partRow
	More                                string
	Open                                bool
}

type explainPage struct {
	frame
	Crumbs             []link
	What, By           []option
	Organisation       string
	From, To           field
	KnownFrom, KnownTo string
	Compared, Scope    string
	Summary            []explained
	Download           *download
}

// partsShown is how many events of one figure stand on a page.
const partsShown = 200

// explain says which events are behind the difference of two figures.
func (p *Pages) explain(a *asked) error {
	if err := p.service.Access.Anywhere(a.ctx, access.ReadEntries); err != nil {
		return err
	}
	v := a.r.URL.Query()
	page := explainPage{
		frame:     p.frame(a, a.t.say("explain"), "/explain"),
		KnownFrom: strings.TrimSpace(v.Get("known_from")), KnownTo: strings.TrimSpace(v.Get("known_to")), Organisation: strings.TrimPrefix(v.Get("organisation"), "organisation/"),
	}
	if tops, whole := a.visitor.Reach(access.ReadEntries); page.Organisation == "" && !whole && len(tops) > 0 {
		page.Organisation = tops[0]
	}
	for _, what := range []string{"headcount", "movements", "indicators", "findings"} {
		page.What = append(page.What, option{what, a.t.say("explain." + what), what == v.Get("what")})
	}
	by := v.Get("by")
	for _, d := range append([]projections.Dimension{""}, projections.Dimensions()...) {
		label := a.t.say("by.nothing")
		if d != "" {
			label = capital(a.t.word(words.Dimensions, string(d)))
		}
		page.By = append(page.By, option{string(d), label, string(d) == by})
	}
	from, to := v.Get("from"), v.Get("to")
	begun := from != "" && to != ""
	if !begun {
		today := p.service.Today()
		before, _ := domain.NewDate(today.Year()-1, 12, 31)
		from, to = before.String(), today.String()
	}
	page.From, page.To = a.t.dateField("from", from), a.t.dateField("to", to)
	if !begun {
		return p.show(a, http.StatusOK, "explain", page)
	}
	c, err := p.comparison(a, v)
	if err == nil {
		err = p.compare(a, &page, c, v.Get("what"), by)
	}
	if err != nil {
		said, ok := a.t.ofInput(err)
		if !ok {
			return err
		}
		page.Problem = said
	}
	return p.show(a, statusOf(page.Problem), "explain", page)
}

// comparison reads which two reports are compared.
func (p *Pages) comparison(a *asked, v url.Values) (service.Comparison, error) {
	organisation := strings.TrimPrefix(v.Get("organisation"), "organisation/")
	if tops, whole := a.visitor.Reach(access.ReadEntries); organisation == "" && !whole && len(tops) > 0 {
		organisation = tops[0]
	}
	return p.service.Comparison(a.ctx, organisation, unslashed(v.Get("from")), unslashed(v.Get("to")), momentOrEmpty(v.Get("known_from")), momentOrEmpty(v.Get("known_to")))
}

func momentOrEmpty(s string) string {
	if s = strings.TrimSpace(s); s == "" {
		return ""
	}
	return moment(s)
}

func (p *Pages) compare(a *asked, page *explainPage, c service.Comparison, what, by string) error {
	list, err := p.service.Organisations(a.ctx, c.To)
	if err != nil {
		return err
	}
	organisations := namesOf(list)
	var lines []explained
	add := func(title string, e projections.Explained) {
		if e.Change != 0 || len(e.Parts) > 0 {
			lines = append(lines, a.t.explained("x"+strconv.Itoa(len(lines)), title, e, organisations))
		}
	}
	var standing projections.Standing
	switch what {
	case "movements":
		e, err := p.service.ExplainMovements(a.ctx, c, page.KnownFrom != "")
		if err != nil {
			return err
		}
		standing = e.Standing
		for _, l := range e.Lines {
			add(capital(a.t.word(words.Movements, l.Line)), l.Explained)
		}
	case "indicators":
		e, err := p.service.ExplainIndicators(a.ctx, c)
		if err != nil {
			return err
		}
		standing = e.Standing
		for _, n := range e.Counts {
			add(a.t.countName(n.Count), n.Explained)
		}
	case "findings":
		e, err := p.service.ExplainFindings(a.ctx, c)
		if err != nil {
			return err
		}
		e = e.In(a.t.lang)
		standing = e.Standing
		for _, rule := range e.Rules {
			lines = append(lines, a.t.explainedRule("x"+strconv.Itoa(len(lines)), rule, organisations))
		}
	default:
		what = "headcount"
		dimensions, err := service.Dimensions(by)
		if err != nil {
			return err
		}
		e, err := p.service.ExplainHeadcount(a.ctx, c, dimensions)
		if err != nil {
			return err
		}
		standing = e.Standing
		add(a.t.say("members"), e.Total)
		for _, cell := range e.Cells {
			var title []string
			for i, d := range cell.By {
				title = append(title, a.t.dimension(d, cell.Values[i], organisations))
			}
			add(strings.Join(title, ", "), cell.Explained)
		}
	}
	page.Standing, page.Summary = &standing, lines
	if len(lines) == 1 {
		lines[0].Open = true
	}
	page.Scope = a.t.say("whole")
	if c.To.Organisation != "" {
		page.Scope = organisations.of(c.To.Organisation)
		q := question{known: "all", Question: c.To}
		page.Crumbs = append(p.crumbs(q, list, c.To.Organisation), link{page.Scope, "/organisations/" + c.To.Organisation})
	}
	page.Download = p.explanation(a, c, page, what, by)
	page.Compared = a.t.say("compared", a.t.day(c.From.AsOf), a.t.day(c.To.AsOf))
	return nil
}

// explanation offers the comparison that a page shows as files.
func (p *Pages) explanation(a *asked, c service.Comparison, page *explainPage, what, by string) *download {
	if what != "headcount" {
		by = ""
	}
	q := question{known: "all", Question: c.To}
	return p.download(q, "explain-"+what, a.t.reportTitle("explain-"+what),
		"from", c.From.AsOf.String(), "to", c.To.AsOf.String(), "known_from", page.KnownFrom, "known_to", page.KnownTo, "by", by)
}

// countName is the title of a count that indicators are made of.
func (t *tongue) countName(count string) string {
	if _, ok := words.Counts[count]; ok {
		return t.word(words.Counts, count)
	}
	return t.word(words.Indicators, count)
}

// dimension shows a value of a dimension.
func (t *tongue) dimension(d projections.Dimension, value string, organisations names) string {
	switch d {
	case "ethnicity", "religion", "gender", "status":
		return capital(t.value(string(d), value))
	}
	return organisations.of(value)
}

// explained writes a figure that differs, with its events.
func (t *tongue) explained(id, title string, e projections.Explained, organisations names) explained {
	out := explained{ID: id, Title: title, From: t.number(int64(e.From)), To: t.number(int64(e.To)), Change: t.signed(e.Change)}
	sums := map[projections.Cause]int{}
	for _, part := range e.Parts {
		sums[part.Cause] += part.Change
	}
	var causes []string
	for _, cause := range projections.Causes() {
		if n := sums[cause]; n != 0 {
			causes = append(causes, t.word(words.Causes, string(cause))+" "+t.signed(n))
		}
	}
	out.Causes = strings.Join(causes, ", ")
	shown := e.Parts[:min(len(e.Parts), partsShown)]
	out.Parts = t.parts(shown, organisations)
	if more := len(e.Parts) - len(shown); more > 0 {
		out.More = t.number(int64(more))
	}
	return out
}

// explainedRule writes how many findings of a rule there are, and what made each
// appear or cleared it.
func (t *tongue) explainedRule(id string, rule projections.ExplainedRule, organisations names) explained {
	e := projections.Explained{From: rule.From, To: rule.To, Change: rule.Change}
	for _, part := range rule.Parts {
		e.Parts = append(e.Parts, projections.Part{Cause: part.Cause, Change: part.Change, Member: part.Finding.Subject, Events: part.Events})
	}
	out := t.explained(id, capital(rule.Title), e, organisations)
	at := 0
	for _, part := range rule.Parts[:min(len(rule.Parts), partsShown)] {
		row := &out.Parts[at]
		row.Text = capital(part.Finding.Said(t.lang, organisations.of))
		row.URL = t.subjectLink(part.Finding.Subject, organisations).URL + "#e" + strconv.FormatUint(part.Finding.Sequence, 10)
		at += max(len(part.Events), 1)
	}
	return out
}

// parts writes what events did: a row for the first event of each part, and one
// for each other.
func (t *tongue) parts(parts []projections.Part, organisations names) (rows []partRow) {
	for _, part := range parts {
		row := partRow{Change: t.signed(part.Change), Cause: t.word(words.Causes, string(part.Cause))}
		var who link
		switch {
		case part.Organisation != "":
			who = t.subjectLink(domain.OrganisationSubject(part.Organisation), organisations)
		case part.Member != "":
			who = t.subjectLink(part.Member, organisations)
		case len(part.Events) > 0:
			who = t.subjectLink(part.Events[0].Subject, organisations)
		}
		row.Who, row.URL = who.Label, who.URL
		if len(part.Events) == 0 {
			rows = append(rows, row)
		}
		for i, e := range part.Events {
			if i > 0 {
				other := t.subjectLink(e.Subject, organisations)
				row = partRow{Who: other.Label, URL: other.URL}
			}
			row.Event, row.Effective, row.Sequence = t.word(words.Events, e.Type), t.day(e.EffectiveOn), strconv.FormatUint(e.Sequence, 10)
			if row.URL != "" && e.Subject == part.Member {
				row.URL = who.URL + "#e" + row.Sequence
			}
			rows = append(rows, row)
		}
	}
	return rows
}
