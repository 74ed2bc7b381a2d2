package pages

import (
	"errors"
	"net/http"
	"net/url"

	"rollbook/domain"
	"rollbook/ledger"
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
	Formats       []option
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

// statusesOf returns the choice that a form names, or the first.
func statusesOf(value string) (chosen string, of []domain.Status) {
	for _, c := range statusChoices {
		if c.value == value {
			return c.value, c.of
		}
	}
	return statusChoices[0].value, nil
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
	q = a.reached(q, access.ReadEntries)
	_, whole := a.visitor.Reach(access.ReadEntries)
	list, err := p.service.Organisations(a.ctx, q.Question)
	if err != nil {
		return err
	}
	page := membersPage{
		frame: p.frame(a, a.t.say("register"), "/members"), When: p.when(a, q, "/members"),
		Search: clean(values.Get("search")), Reason: clean(values.Get("reason")),
		NeedsReason: a.needsReason(),
	}
	asked := ledger.RegisterQuestion{Question: q.Question, Search: page.Search, After: values.Get("after"), Limit: rowsOnPage}
	var chosen string
	chosen, asked.Statuses = statusesOf(values.Get("status"))
	page.Organisations = organisationChoices(a, q, list, whole)
	for _, c := range statusChoices {
		page.Statuses = append(page.Statuses, option{c.value, a.t.say("status." + c.value), c.value == chosen})
	}
	for _, f := range formatNames {
		page.Formats = append(page.Formats, option{Value: string(f.format), Label: f.name})
	}
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
	page.Keep = []named{{"search", page.Search}, {"organisation", q.Organisation}, {"status", chosen}, {"as_of", q.AsOf.String()}, {"known", q.known}, {"known_at", q.knownAt}, {"reason", page.Reason}}
	if r.Next != nil {
		page.After = *r.Next
	}
	organisations := namesOf(list)
	for _, row := range r.Rows {
		page.Rows = append(page.Rows, a.t.memberRow(row, organisations))
	}
	return p.show(a, statusOf(problem), "members", page)
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
