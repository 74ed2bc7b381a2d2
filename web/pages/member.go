package pages

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/projections"
	"rollbook/web/access"
	"rollbook/words"
)

// badge says how far what is stored of somebody is proven. It has three states, in
// words, in a sign and in a colour.
type badge struct{ Class, Title, Text, Icon string }

// The signs of the states: a tick, a clock, a cross.
const (
	tickIcon  = "M2.5 8.5l3.5 4 7.5-9"
	clockIcon = "M8 1.5a6.5 6.5 0 1 0 .01 0M8 4.5V8l2.5 2"
	crossIcon = "M3 3l10 10M13 3L3 13"
)

type memberPage struct {
	frame
	Crumbs    []link
	Heading   string
	ID        string
	Action    string
	Badge     *badge
	Facts     []detail
	Sealed    bool // something of the person stays sealed for this visitor
	MayOpen   bool
	Doors     []link
	BundleURL bool
	Timeline  []entry
}

// member shows somebody's history, as far as the visitor may see it.
func (p *Pages) member(a *asked) error {
	return p.subjectPage(a, domain.MemberSubject(a.r.PathValue("id")), "")
}

// openMember shows the same to somebody who may open what is personal for a
// reason, and gives it.
func (p *Pages) openMember(a *asked) error {
	form, err := a.form()
	if err != nil {
		return err
	}
	return p.subjectPage(a, domain.MemberSubject(a.r.PathValue("id")), clean(form.Get("reason")))
}

// subjectPage shows the history of a member or a village.
func (p *Pages) subjectPage(a *asked, subject domain.Subject, reason string) error {
	if !domain.ValidID(subject.ID()) {
		return access.ErrNotFound
	}
	q, problem, err := p.asked(a, access.ReadEntries)
	if err != nil {
		return err
	}
	// All of it, unless a day is asked for.
	on := projections.Question{KnownAt: q.KnownAt}
	if a.r.URL.Query().Has("as_of") {
		on.AsOf = q.AsOf
	}
	h, err := p.service.History(a.ctx, subject, on, reason)
	if err != nil {
		said, ok := a.t.ofInput(err)
		if !ok || reason == "" {
			return err
		}
		problem = said // the reason will not do
		if h, err = p.service.History(a.ctx, subject, on, ""); err != nil {
			return err
		}
	}
	list, err := p.service.Organisations(a.ctx, q.Question)
	if err != nil {
		return err
	}
	organisations := namesOf(list)
	page := memberPage{
		// The id, and not the name: titles stay in the history of a browser.
		frame: p.frame(a, a.t.say(string(subject.Kind()))+" "+subject.ID(), "/members"), ID: subject.ID(), Action: "/members/" + subject.ID(),
		Timeline: p.timeline(a, h, organisations), MayOpen: a.visitor.May(access.OpenPersonal),
	}
	page.Problem, page.Standing = problem, &h.Standing
	page.Heading = page.Title
	for _, e := range h.Entries {
		page.Sealed = page.Sealed || len(e.Closed) > 0
	}
	if subject.Kind() == domain.MemberKind {
		p.person(a, &page, h, organisations)
		page.BundleURL = a.visitor.May(access.ReadEntries)
	} else {
		page.Sealed = false
		page.Facts = []detail{{Label: a.t.say("id"), Value: subject.ID()}}
	}
	if a.mayRecord() {
		page.Doors = p.doors(a, subject)
	}
	if page.Badge, err = p.badge(a, subject); err != nil {
		return err
	}
	return p.show(a, statusOf(problem), "member", page)
}

// doors are the forms for a subject.
func (p *Pages) doors(a *asked, subject domain.Subject) (list []link) {
	for _, d := range domain.Describe() {
		if d.Kind == subject.Kind() {
			list = append(list, link{capital(a.t.word(words.Events, d.Type)), "/record/" + d.Type + "?subject=" + subject.ID()})
		}
	}
	return list
}

// person says who somebody is, by the newest entries that say so and count.
func (p *Pages) person(a *asked, page *memberPage, h ledger.History, organisations names) {
	now := map[string]string{}
	for _, e := range h.Entries { // oldest first: later ones win
		if e.AnnulledBy != "" || h.AsOf == nil && e.EffectiveOn > p.service.Today() {
			continue
		}
		var data struct {
			Person map[string]any `json:"person"`
			Card   string         `json:"card"`
		}
		if json.Unmarshal(e.Data, &data) != nil {
			continue
		}
		for name, value := range data.Person {
			now[name] = text(value)
		}
		if data.Card != "" {
			now["card"] = data.Card
		}
		switch e.Type {
		case "member.admitted":
			now["admitted_on"] = e.EffectiveOn.String()
		case "member.confirmed":
			now["confirmed_on"] = e.EffectiveOn.String()
		}
	}
	if name := now["full_name"]; name != "" {
		page.Heading = name
	}
	t := a.t
	fact := func(label, value, url string) {
		if value != "" {
			page.Facts = append(page.Facts, detail{label, value, url})
		}
	}
	if s := h.State; s != nil {
		status := capital(t.word(words.Statuses, string(s.Status)))
		if s.EndedBy != "" {
			status += ": " + t.word(words.Events, s.EndedBy)
		}
		fact(t.say("status"), status, "")
		if s.Status != domain.Ended {
			url := ""
			if _, known := organisations[s.Organisation]; known {
				url = "/organisations/" + s.Organisation
			}
			fact(t.say("organisation"), organisations.of(s.Organisation), url)
		}
		fact(t.say("temporarily_in"), organisations.of(s.Temporarily), "")
		for _, mentor := range s.Mentors {
			fact(t.say("mentor"), mentor, "/members/"+mentor)
		}
	}
	for _, name := range []string{"birth_date", "birth_year", "gender", "ethnicity", "religion", "admitted_on", "confirmed_on", "card", "education", "occupation", "national_id", "address", "phone"} {
		if value := now[name]; value != "" && (name != "birth_year" || now["birth_date"] == "") {
			d := t.detail(name, value, organisations)
			fact(d.Label, d.Value, "")
		}
	}
	fact(t.say("id"), page.ID, "")
}

// text writes a value of JSON that is a text, a number or a flag.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// badge proves what is stored of a subject by the newest checkpoint.
func (p *Pages) badge(a *asked, subject domain.Subject) (*badge, error) {
	proven, err := p.service.Ledger.Prove(a.ctx, subject) // the visitor has seen the entries
	if err != nil {
		return nil, err
	}
	t := a.t
	at := t.number(int64(proven.At))
	switch {
	case proven.Wrong != nil:
		//nolint:nilerr // what is wrong with the evidence is the answer
		return &badge{"bad", t.say("badge.failed"), t.say("badge.failed.text", string(proven.Wrong.Code)), crossIcon}, nil
	case proven.Pending > 0:
		return &badge{"warn", t.say("badge.pending"), t.say("badge.pending.text", t.number(int64(proven.Pending)), at), clockIcon}, nil
	}
	return &badge{"good", t.say("badge.verified", at), t.say("badge.verified.text", t.number(int64(proven.Records))), tickIcon}, nil
}

// pager leads through a list in parts.
type pager struct{ First, Next string }

// rowsOnPage is how long a list on one page is.
const rowsOnPage = 100

// part returns the rows of the page that an address asks for, and where to go on.
func part[T any](p *Pages, q question, r *http.Request, rows []T, path string, pairs ...string) ([]T, *pager) {
	at, err := strconv.Atoi(r.URL.Query().Get("after"))
	if err != nil || at < 0 || at > len(rows) {
		at = 0
	}
	rest := rows[at:]
	if len(rest) <= rowsOnPage && at == 0 {
		return rest, nil
	}
	out := &pager{}
	if at > 0 {
		out.First = p.to(q, path, pairs...)
	}
	if len(rest) > rowsOnPage {
		rest = rest[:rowsOnPage]
		out.Next = p.to(q, path, append(slices.Clone(pairs), "after", strconv.Itoa(at+rowsOnPage))...)
	}
	return rest, out
}
