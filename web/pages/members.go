package pages

import (
	"errors"
	"net/http"
	"net/url"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/projections"
	"rollbook/web/access"
	"rollbook/words"
)

// memberRow is somebody in the register.
type memberRow struct {
	URL, Name, Born, Gender, Ethnicity, Status, Admitted, Confirmed, Organisation string
}

type membersPage struct {
	frame
	When          when
	Search        string
	Organisations []option
	Statuses      []option
	NeedsReason   bool
	Reason        string
	Found         string
	Closed        int
	Rows          []memberRow
	After         string
	Keep          []named
}

// statusChoices are what the register may be asked for, by the value in a form.
var statusChoices = []struct {
	value string
	of    []domain.Status
}{
	{"members", []domain.Status{domain.Provisional, domain.Official}},
	{"official", []domain.Status{domain.Official}},
	{"provisional", []domain.Status{domain.Provisional}},
	{"candidate", []domain.Status{domain.Candidate}},
	{"all", []domain.Status{domain.Candidate, domain.Provisional, domain.Official}},
}

// members shows the register without a search, which an address may hold.
func (p *Pages) members(a *asked) error { return p.register(a, a.r.URL.Query()) }

// searchMembers shows the register for a search: the words of a name stand in the
// body of the request, and in no address.
func (p *Pages) searchMembers(a *asked) error {
	form, err := a.form()
	if err != nil {
		return err
	}
	if clean(form.Get("search")) == "" && form.Get("after") == "" && form.Get("reason") == "" && a.r.Header.Get("HX-Request") == "" {
		v := url.Values{}
		for _, name := range []string{"organisation", "status", "as_of", "known", "known_at"} {
			if s := form.Get(name); s != "" {
				v.Set(name, s)
			}
		}
		http.Redirect(a.w, a.r, "/members?"+v.Encode(), http.StatusSeeOther)
		return nil
	}
	return p.register(a, form)
}

func (p *Pages) register(a *asked, values url.Values) error {
	q, err := p.question(a, values)
	problem := ""
	if err != nil {
		said, ok := a.t.ofInput(err)
		if !ok {
			return err
		}
		problem = said
	}
	tops, whole := a.visitor.Reach(access.ReadEntries)
	if q.Organisation == "" && !whole && len(tops) > 0 {
		q.Organisation = tops[0]
	}
	list, err := p.service.Organisations(a.ctx, q.Question)
	if err != nil {
		return err
	}
	page := membersPage{
		frame: p.frame(a, a.t.say("register"), "/members"), When: p.when(a, q, "/members"),
		Search: clean(values.Get("search")), Reason: clean(values.Get("reason")),
		NeedsReason: !a.visitor.May(access.ReadMembers) && a.visitor.May(access.OpenPersonal),
	}
	asked := ledger.RegisterQuestion{Question: q.Question, Search: page.Search, After: values.Get("after"), Limit: rowsOnPage}
	chosen := statusChoices[0].value
	for _, c := range statusChoices {
		if c.value == values.Get("status") {
			chosen, asked.Statuses = c.value, c.of
		}
	}
	page.choices(a, q, list, whole, chosen)
	r, err := p.service.Register(a.ctx, asked, page.Reason)
	if err != nil {
		said, ok := a.t.ofInput(err)
		switch {
		case errors.Is(err, ledger.ErrCursor):
			said = a.t.say("register.gone")
		case !ok:
			return err
		}
		problem = said
	}
	page.Problem, page.Standing = problem, &r.Standing
	page.Found, page.Closed = a.t.say("register.found", a.t.number(int64(r.Total))), r.Closed
	page.Keep = []named{{"search", page.Search}, {"organisation", q.Organisation}, {"status", chosen}, {"as_of", page.When.Day}, {"known", q.known}, {"known_at", q.knownAt}, {"reason", page.Reason}}
	if r.Next != nil {
		page.After = *r.Next
	}
	organisations := namesOf(list)
	for _, row := range r.Rows {
		page.Rows = append(page.Rows, a.t.memberRow(row, organisations))
	}
	return p.show(a, statusOf(problem), "members", page)
}

func (page *membersPage) choices(a *asked, q question, list []projections.OrganisationInfo, whole bool, status string) {
	if whole {
		page.Organisations = []option{{Value: "", Label: a.t.say("whole")}}
	}
	page.Organisations = append(page.Organisations, organisationOptions(list)...)
	for i := range page.Organisations {
		page.Organisations[i].Selected = page.Organisations[i].Value == q.Organisation
	}
	for _, c := range statusChoices {
		page.Statuses = append(page.Statuses, option{c.value, a.t.say("status." + c.value), c.value == status})
	}
}

func (t *tongue) memberRow(row ledger.RegisterRow, organisations names) memberRow {
	out := memberRow{
		URL: "/members/" + row.Member, Name: t.say("sealed.name", row.Member), Born: row.Born, Gender: t.word(words.Genders, string(row.Gender)),
		Ethnicity: t.code(domain.EthnicGroups(), row.Ethnicity), Status: t.word(words.Statuses, string(row.Status)),
		Admitted: t.orNone(row.AdmittedOn), Confirmed: t.orNone(row.ConfirmedOn), Organisation: organisations.of(row.Organisation),
	}
	if row.Name != nil {
		out.Name = *row.Name
	}
	if d, ok := domain.ParseDate(row.Born); ok {
		out.Born = t.day(d)
	}
	return out
}
