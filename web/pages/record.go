package pages

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/projections"
	"rollbook/web/access"
	"rollbook/web/service"
	"rollbook/words"
)

// typeGroup is the event types of one kind of subject.
type typeGroup struct {
	Label string
	Types []typeLink
}

type typeLink struct {
	link
	Effect string
}

// recordTypes lists what can be recorded.
func (p *Pages) recordTypes(a *asked) error {
	if err := p.service.Access.Anywhere(a.ctx, access.Record); err != nil {
		return err
	}
	page := struct {
		frame
		Groups []typeGroup
	}{frame: p.frame(a, a.t.say("record"), "/record")}
	organisation := a.r.URL.Query().Get("organisation")
	for _, kind := range []domain.Kind{domain.MemberKind, domain.OrganisationKind, domain.VillageKind} {
		g := typeGroup{Label: a.t.say("record." + string(kind))}
		for _, d := range domain.Describe() {
			if d.Kind != kind {
				continue
			}
			address := "/record/" + d.Type
			if v := prefilled(d, organisation); v != "" {
				address += "?" + v
			}
			g.Types = append(g.Types, typeLink{link{capital(a.t.word(words.Events, d.Type)), address}, a.t.pick(d.Effect)})
		}
		page.Groups = append(page.Groups, g)
	}
	return p.show(a, http.StatusOK, "record", page)
}

// prefilled are the fields of a form that an organisation goes into.
func prefilled(d domain.Description, organisation string) string {
	if organisation == "" {
		return ""
	}
	if d.Kind == domain.OrganisationKind && !begins(d.Type) {
		return "subject=" + url.QueryEscape(organisation)
	}
	for _, f := range d.Data.Fields {
		switch f.Name {
		case "organisation", "parent", "commune":
			return "data." + f.Name + "=" + url.QueryEscape(organisation)
		}
	}
	return ""
}

// verdict is what the rules say to what is filled in.
type verdict struct {
	Class, Title, Text string
	Field, FieldID     string
	Rule, Cure         string
	URL, Link          string
	Alert              bool
}

type formPage struct {
	frame
	Heading, Effect, Action string
	About                   *detail
	Fields                  []field
	Exception               *exceptionPart
	Verdict                 *verdict
}

// exceptionPart asks for the authority's leave to depart from a rule. It is open
// when a rule stands in the way.
type exceptionPart struct {
	Open   bool
	Fields []field
}

// addressed are the fields that a form takes from its address: nothing personal.
var addressed = []string{"subject", "effectiveon", "data.annuls", "data.organisation", "data.parent", "data.commune", "data.mentor", "data.year"}

// recordForm shows the form of an event type.
func (p *Pages) recordForm(a *asked) error {
	d, err := p.description(a)
	if err != nil {
		return err
	}
	values := url.Values{}
	for _, name := range addressed {
		if v := a.r.URL.Query().Get(name); v != "" {
			values.Set(name, v)
		}
	}
	if values.Get("effectiveon") == "" {
		values.Set("effectiveon", p.service.Today().String())
	}
	return p.showForm(a, d, values, nil, nil, http.StatusOK)
}

func (p *Pages) description(a *asked) (domain.Description, error) {
	if err := p.service.Access.Anywhere(a.ctx, access.Record); err != nil {
		return domain.Description{}, err
	}
	for _, d := range domain.Describe() {
		if d.Type == a.r.PathValue("type") {
			return d, nil
		}
	}
	return domain.Description{}, errNoPage
}

// record tries or records what a form holds. What is refused comes back with what
// the rules say, beside the field that is at fault.
func (p *Pages) record(a *asked) error {
	d, err := p.description(a)
	if err != nil {
		return err
	}
	values, err := a.form()
	if err != nil {
		return err
	}
	subject := strings.TrimPrefix(clean(values.Get("subject")), string(d.Kind)+"/")
	trying := values.Get("do") == "try"
	if subject == "" && begins(d.Type) {
		subject = newID(d.Kind)
		if !trying {
			values.Set("subject", subject) // the same again if it is sent again
		}
	}
	event := writeEvent(d, string(d.Kind)+"/"+subject, values)
	do := p.service.Record
	if trying {
		do = p.service.Try
	}
	outcome, err := do(a.ctx, event, service.RecordOptions{})
	rejected, ok := errors.AsType[*domain.Rejection](err)
	switch {
	case ok:
		return p.showForm(a, d, values, rejected, a.t.refused(rejected), http.StatusUnprocessableEntity)
	case err != nil:
		return err
	}
	v := a.t.accepted(outcome, trying)
	if !trying && outcome.Status == "accepted" {
		values = url.Values{"subject": {subject}}
		values.Set("effectiveon", p.service.Today().String())
	}
	return p.showForm(a, d, values, nil, v, http.StatusOK)
}

// newID makes an id for somebody or something new. It says nothing of them.
func newID(kind domain.Kind) string {
	return string(kind)[:1] + "-" + strings.ToLower(rand.Text()[:12])
}

// refused says what stands in the way and what to do.
func (t *tongue) refused(r *domain.Rejection) *verdict {
	v := &verdict{Class: "bad", Title: t.say("refused"), Text: capital(t.pick(r.Message)) + ".", Rule: r.Rule, Alert: true}
	if r.Field != "" {
		name := r.Field[strings.LastIndexByte(r.Field, '.')+1:]
		v.Field, v.FieldID = capital(t.label(name, r.Field)), "f-"+strings.ReplaceAll(r.Field, ".", "-")
	}
	if r.Code == domain.CharterRule {
		v.Class, v.Title, v.Cure = "warn", t.say("refused.rule"), t.say("refused.cure")
	}
	if r.Clash != "" {
		v.Cure = t.say("refused.clash", r.Clash)
	}
	return v
}

// accepted says what was recorded, or would be.
func (t *tongue) accepted(o ledger.Outcome, trying bool) *verdict {
	v := &verdict{Class: "good", Link: t.say("see")}
	subject, _ := domain.ParseSubject(o.Subject)
	v.URL = t.subjectLink(subject, names{}).URL
	switch {
	case o.Status == "unchanged":
		v.Class, v.Title, v.Text = "warn", t.say("unchanged"), t.say("unchanged.text", o.Sequence)
	case trying:
		v.Title, v.Text, v.URL = t.say("would"), t.say("would.text"), ""
	default:
		v.Title, v.Text = t.say("recorded.done"), t.say("recorded.text", o.Sequence, o.Subject)
		v.URL += "#e" + strconv.FormatUint(o.Sequence, 10)
	}
	return v
}

// showForm shows the form of a type with what is filled in.
func (p *Pages) showForm(a *asked, d domain.Description, values url.Values, rejected *domain.Rejection, v *verdict, status int) error {
	list, err := p.service.Organisations(a.ctx, projections.Question{AsOf: p.service.Today()})
	if err != nil {
		return err
	}
	values.Set("type", d.Type)
	m := formMaker{t: a.t, values: values, rejected: rejected, organisations: organisationOptions(list)}
	page := formPage{
		frame: p.frame(a, capital(a.t.word(words.Events, d.Type)), "/record"), Effect: a.t.pick(d.Effect), Action: "/record/" + d.Type,
		Fields: m.fields(d), Verdict: v,
	}
	page.Heading = a.t.say("record."+string(d.Kind)) + ": " + a.t.word(words.Events, d.Type)
	if subject := strings.TrimPrefix(values.Get("subject"), string(d.Kind)+"/"); domain.ValidID(subject) {
		l := a.t.subjectLink(domain.Subject(string(d.Kind)+"/"+subject), namesOf(list))
		page.About = &detail{Value: l.Label, URL: l.URL}
	}
	if fields := m.exception(d); len(fields) > 0 && a.visitor.May(access.Except) {
		e := &exceptionPart{Fields: fields, Open: rejected != nil && rejected.Code == domain.CharterRule}
		for i := range e.Fields {
			if e.Fields[i].Name == "exception.rule" && e.Open && e.Fields[i].Value == "" {
				e.Fields[i].Value = rejected.Rule
			}
			e.Open = e.Open || e.Fields[i].Value != ""
			e.Fields[i].Required = false
		}
		page.Exception = e
	}
	return p.show(a, status, "form", page)
}
