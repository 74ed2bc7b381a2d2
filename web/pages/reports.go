package pages

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"rollbook/domain"
	"rollbook/projections"
	"rollbook/web/access"
	"rollbook/web/service"
	"rollbook/words"
)

// download is a report that can be taken away as a file, in the forms that there are.
type download struct {
	Title string
	Files []link
}

// formatNames are what people call the forms of files, in the order in which they
// are offered.
var formatNames = []struct {
	format service.Format
	name   string
}{{service.XLSX, "Excel"}, {service.PDF, "PDF"}, {service.CSV, "CSV"}}

// download offers the report that a page shows, with the question of the page and
// more; pairs are names and values. The day is always named: a file of today's page
// is of the same day tomorrow.
func (p *Pages) download(q question, report, title string, pairs ...string) *download {
	d := &download{Title: title}
	pairs = append([]string{"as_of", q.AsOf.String()}, pairs...)
	for _, f := range formatNames {
		d.Files = append(d.Files, link{f.name, p.to(q, "/reports/"+report, append(slices.Clone(pairs), "format", string(f.format))...)})
	}
	return d
}

// reportRow is a report on the page that offers all of them, with the form by which
// it is asked for.
type reportRow struct {
	Name, Title, Text string
	Personal          bool // what it asks for stands in no address
	Keep              []named
	Fields            []field
}

type reportGroup struct {
	Title string
	Rows  []reportRow
}

type reportsPage struct {
	frame
	When    when
	Scope   string
	Groups  []reportGroup
	Formats []option
}

// reports offers every report that the visitor may have.
func (p *Pages) reports(a *asked) error { return p.offer(a, a.r.URL.Query(), "", "") }

// offer shows the reports for the question of an address or a form. What could not be
// meant of one of them is a problem, and the row of that report keeps what was filled in.
func (p *Pages) offer(a *asked, values url.Values, of, problem string) error {
	if values.Get("as_of") == "" {
		values.Set("as_of", values.Get("to")) // of an explanation
	}
	q, wrong, err := p.askedIn(a, values, access.ReadFigures)
	if err != nil {
		return err
	}
	if problem == "" {
		problem = wrong
	}
	list, err := p.service.Organisations(a.ctx, q.Question)
	if err != nil {
		return err
	}
	page := reportsPage{frame: p.frame(a, a.t.say("reports"), "/reports"), When: p.when(a, withoutOrganisation(q), "/reports"), Scope: a.t.say("whole")}
	page.Problem = problem
	_, whole := a.visitor.Reach(access.ReadFigures)
	page.When.More = []filter{{Name: "organisation", Label: a.t.say("organisation"), Options: organisationChoices(a, q, list, whole)}}
	if q.Organisation != "" {
		page.Scope = namesOf(list).of(q.Organisation)
	}
	for _, f := range formatNames {
		page.Formats = append(page.Formats, option{Value: string(f.format), Label: f.name})
	}
	for _, k := range service.Reports() {
		if p.service.Access.Allowed(a.ctx, k.Needs, q.Organisation) != nil {
			continue
		}
		typed := url.Values{}
		if k.Name == of {
			typed = values
		}
		title := a.t.say("reports." + groupOf(k))
		if n := len(page.Groups); n == 0 || page.Groups[n-1].Title != title {
			page.Groups = append(page.Groups, reportGroup{Title: title})
		}
		g := &page.Groups[len(page.Groups)-1]
		g.Rows = append(g.Rows, p.reportRow(a, q, k, typed))
	}
	return p.show(a, statusOf(problem), "reports", page)
}

// groupOf is where a report stands on the page.
func groupOf(k service.ReportKind) string {
	_, form := words.Forms[k.Name]
	switch {
	case k.Explains():
		return "explanations"
	case form:
		return "forms"
	case k.Needs == access.ReadEntries:
		return "lists"
	}
	return "figures"
}

// reportTitle is what people call a report.
func (t *tongue) reportTitle(name string) string {
	if _, form := words.Forms[name]; form {
		return t.word(words.Forms, name)
	}
	return t.say("report." + name)
}

// reportRow makes the form of a report, for the question of the page.
func (p *Pages) reportRow(a *asked, q question, k service.ReportKind, typed url.Values) reportRow {
	row := reportRow{Name: k.Name, Title: a.t.reportTitle(k.Name), Text: a.t.say("report." + k.Name + ".text"), Personal: k.Takes(service.AskPersonal)}
	keep := func(name, value string) {
		if value != "" {
			row.Keep = append(row.Keep, named{name, value})
		}
	}
	keep("organisation", q.Organisation)
	if k.Explains() {
		keep("to", q.AsOf.String())
		if q.known == "then" {
			keep("known_to", q.AsOf.String())
		}
		keep("known_to", q.knownAt)
	} else {
		keep("as_of", q.AsOf.String())
		if q.known != "all" {
			keep("known", q.known)
		}
		keep("known_at", q.knownAt)
	}
	for _, asks := range k.Asks {
		row.Fields = append(row.Fields, p.reportFields(a, q, k, asks, typed)...)
	}
	return row
}

// reportFields are the fields by which a report is asked for something.
func (p *Pages) reportFields(a *asked, q question, k service.ReportKind, asks service.Parameter, typed url.Values) []field {
	name := string(asks)
	f := field{Name: name, ID: k.Name + "-" + name, Label: a.t.say("ask." + name), Value: typed.Get(name)}
	choose := func(value, label string) {
		f.Options = append(f.Options, option{value, label, value == f.Value})
	}
	otherwise := func(value string) {
		if f.Value == "" {
			f.Value = value
		}
	}
	switch asks {
	case service.AskFrom:
		before, _ := domain.NewDate(q.AsOf.Year()-1, 12, 31)
		otherwise(before.String())
		f.Kind, f.Must, f.Value = "date", true, a.t.dayField(f.Value)
	case service.AskSince:
		f.Kind, f.Value = "date", a.t.dayField(f.Value)
	case service.AskYear:
		otherwise(strconv.Itoa(q.AsOf.Year()))
		f.Kind, f.Must, f.Min, f.Max = "number", true, strconv.Itoa(domain.FirstDay.Year()), strconv.Itoa(domain.LastDay.Year())
	case service.AskAhead:
		otherwise(strconv.Itoa(aheadDays))
		f.Kind, f.Must, f.Min, f.Max = "number", true, "0", "3660"
	case service.AskBy:
		f.Kind = "select"
		if groupOf(k) == "forms" {
			choose("", a.t.say("all"))
		} else {
			choose("", a.t.say("by.nothing"))
		}
		for _, d := range k.By {
			choose(d, capital(a.t.word(words.Dimensions, d)))
		}
	case service.AskChildren:
		f.Kind = "select"
		choose("", a.t.say("ask.children.no"))
		choose("true", a.t.say("ask.children.yes"))
	case service.AskKinds:
		f.Kind = "select"
		choose("", a.t.say("all"))
		for _, w := range projections.WorkKinds() {
			choose(string(w), capital(a.t.word(words.Work, string(w))))
		}
	case service.AskStatuses:
		f.Kind = "select"
		for _, s := range statusChoices {
			choose(s.value, a.t.say("status."+s.value))
		}
	case service.AskPersonal:
		f.Name, f.ID, f.Kind, f.MaxLength, f.Value, f.Label = "search", k.Name+"-search", "text", 100, typed.Get("search"), a.t.say("search")
		if !a.needsReason() {
			return []field{f}
		}
		return []field{f, {Name: "reason", ID: k.Name + "-reason", Kind: "text", MaxLength: 300, Value: typed.Get("reason"), Label: a.t.say("open.reason")}}
	}
	return []field{f}
}

// needsReason reports whether the visitor sees names for a reason only.
func (a *asked) needsReason() bool {
	return !a.visitor.May(access.ReadMembers) && a.visitor.May(access.OpenPersonal)
}

// organisationChoices are the organisations that a question can be about.
func organisationChoices(a *asked, q question, list []projections.OrganisationInfo, whole bool) (choices []option) {
	if whole {
		choices = []option{{Value: "", Label: a.t.say("whole")}}
	}
	choices = append(choices, organisationOptions(list)...)
	for i := range choices {
		choices[i].Selected = choices[i].Value == q.Organisation
	}
	return choices
}

// reportFile hands out a report as a file. One that takes what is personal is asked
// for by a form, so that it stands in no address.
func (p *Pages) reportFile(a *asked) error {
	k, ok := service.ReportNamed(a.r.PathValue("name"))
	if !ok || k.Takes(service.AskPersonal) && a.r.Method != http.MethodPost {
		return errNoPage
	}
	values := a.r.URL.Query()
	if a.r.Method == http.MethodPost {
		var err error
		if values, err = a.form(); err != nil {
			return err
		}
	}
	err := p.hand(a, k, values)
	if said, ok := a.t.ofInput(err); ok {
		return p.offer(a, values, k.Name, a.t.reportTitle(k.Name)+" · "+said)
	}
	return err
}

// hand makes a report and sends it.
func (p *Pages) hand(a *asked, k service.ReportKind, values url.Values) error {
	format := service.Format(values.Get("format"))
	if !slices.Contains(service.Formats(), format) {
		return &service.InputError{Field: "format", Message: domain.Text{EN: "is xlsx, pdf or csv", VI: "là xlsx, pdf hoặc csv"}}
	}
	q, err := p.reportQuestion(a, k, values)
	if err != nil {
		return err
	}
	r, err := p.service.Report(a.ctx, k, q)
	if err != nil {
		return err
	}
	file, err := p.service.File(a.ctx, r, format, a.t.lang)
	if err != nil {
		return err
	}
	a.w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", file.Name))
	kind := format.MediaType()
	if format == service.CSV {
		kind += "; charset=utf-8"
	}
	return a.send(kind, file.Bytes)
}

// reportQuestion reads what a report is asked. What is no number is one that the
// report refuses.
func (p *Pages) reportQuestion(a *asked, k service.ReportKind, values url.Values) (service.ReportQuestion, error) {
	out := service.ReportQuestion{
		By: values.Get("by"), Children: values.Get("children") == "true", Year: number(values.Get("year")), Ahead: number(values.Get("ahead")),
		Search: clean(values.Get("search")), Reason: clean(values.Get("reason")), Lang: a.t.lang,
	}
	_, out.Statuses = statusesOf(values.Get("status"))
	if k.Explains() {
		c, err := p.comparison(a, values)
		out.Question, out.Before, out.KnownBefore = c.To, c.From, clean(values.Get("known_from")) != ""
		return out, err
	}
	q, err := p.question(a, values)
	if err != nil {
		return out, err
	}
	out.Question = a.reached(q, k.Needs).Question
	if k.Takes(service.AskFrom) {
		if out.From, err = service.Day("from", unslashed(values.Get("from"))); err != nil {
			return out, err
		}
	}
	if since := clean(values.Get("since")); since != "" && k.Takes(service.AskSince) {
		if out.Since, err = service.Day("since", unslashed(since)); err != nil {
			return out, err
		}
	}
	if kind := projections.WorkKind(values.Get("kind")); kind != "" && k.Takes(service.AskKinds) {
		if !slices.Contains(projections.WorkKinds(), kind) {
			return out, &service.InputError{Field: "kind", Message: domain.Text{EN: "is no kind of work; choose one of the list", VI: "không phải loại việc; hãy chọn trong danh sách"}}
		}
		out.Kinds = []projections.WorkKind{kind}
	}
	return out, nil
}

// number reads a whole number; what is none is -1, which nothing takes.
func number(s string) int {
	n, err := strconv.Atoi(clean(s))
	if err != nil {
		return -1
	}
	return n
}
