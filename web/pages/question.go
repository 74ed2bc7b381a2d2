package pages

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"rollbook/domain"
	"rollbook/projections"
	"rollbook/web/service"
)

// question is for which day, organisation and knowledge a page is asked. It stands
// in the address, so that a page can be handed on.
type question struct {
	projections.Question
	// known is "all", "then" (what was recorded by the end of the day itself), or
	// "at" a sequence or moment that knownAt names.
	known, knownAt string
}

// question reads a request. What cannot be read is an error that says which field
// and why; then the question is the plainest one.
func (p *Pages) question(a *asked, values url.Values) (question, error) {
	organisation := strings.TrimPrefix(values.Get("organisation"), "organisation/")
	q := question{known: values.Get("known"), knownAt: strings.TrimSpace(values.Get("known_at"))}
	if q.known != "then" && q.known != "at" {
		q.known, q.knownAt = "all", ""
	}
	asOf, known := strings.TrimSpace(values.Get("as_of")), ""
	switch {
	case q.known == "then":
		q.knownAt = ""
		day := p.service.Today()
		if d, ok := readDay(unslashed(asOf)); ok {
			day = d
		}
		known = endOf(day).Format(time.RFC3339)
	case q.known == "at" && q.knownAt == "":
		q.known = "all"
	case q.known == "at":
		known = moment(q.knownAt)
	}
	var err error
	q.Question, err = p.service.Question(a.ctx, service.Asked{Organisation: organisation, AsOf: unslashed(asOf), KnownAt: known})
	if err != nil {
		q = question{known: "all", Question: projections.Question{AsOf: p.service.Today()}}
		return q, err
	}
	return q, nil
}

// readDay reads a date as people or browsers write it.
func readDay(s string) (domain.Date, bool) {
	if len(s) == 10 && s[2] == '/' && s[5] == '/' {
		s = s[6:] + "-" + s[3:5] + "-" + s[:2]
	}
	return domain.ParseDate(s)
}

// typedDays are the ways in which people type a day: 1/2/2022, 01/02/2022, and
// 01022022 where the keys have no slash.
var typedDays = regexp.MustCompile(`^(\d{1,2})/(\d{1,2})/(\d{4})$|^(\d{2})(\d{2})(\d{4})$`)

// unslashed brings a typed day to the form of the ledger. What is no day stays as it
// is, for whoever says so.
func unslashed(s string) string {
	s = strings.TrimSpace(s)
	m := typedDays.FindStringSubmatch(s)
	if m == nil {
		return s
	}
	return fmt.Sprintf("%s-%02s-%02s", m[3]+m[6], m[2]+m[5], m[1]+m[4])
}

// dayField writes a day as a field for it has it; what is no day as it was typed.
func (t *tongue) dayField(s string) string {
	if d, ok := domain.ParseDate(unslashed(s)); ok {
		return t.day(d)
	}
	return s
}

// dateField is a field for a day, which has to be there.
func (t *tongue) dateField(id, value string) field {
	return field{Name: id, ID: id, Kind: "date", Value: t.dayField(value), Must: true}
}

// endOf is the last moment of a day where the office is.
func endOf(d domain.Date) time.Time {
	year, month, day := d.Civil()
	return time.Date(year, time.Month(month), day+1, 0, 0, 0, 0, time.Local).Add(-time.Second)
}

// moment brings what people write of knowledge to the form that the service reads:
// a sequence, or a moment. A day means its end.
func moment(s string) string {
	if d, ok := readDay(s); ok {
		return endOf(d).Format(time.RFC3339)
	}
	for _, form := range []string{"2006-01-02T15:04", "2006-01-02 15:04", "02/01/2006 15:04"} {
		if at, err := time.ParseInLocation(form, s, time.Local); err == nil {
			return at.Format(time.RFC3339)
		}
	}
	return s
}

// values are the question as an address has it, without what goes without saying.
func (q question) values(today domain.Date) url.Values {
	v := url.Values{}
	if q.AsOf != today {
		v.Set("as_of", q.AsOf.String())
	}
	if q.known != "all" {
		v.Set("known", q.known)
	}
	if q.knownAt != "" {
		v.Set("known_at", q.knownAt)
	}
	if q.Organisation != "" {
		v.Set("organisation", q.Organisation)
	}
	return v
}

// to returns the address of a page with this question and more; pairs are names
// and values, and an empty value takes a name out.
func (p *Pages) to(q question, path string, pairs ...string) string {
	v := q.values(p.service.Today())
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			v.Del(pairs[i])
			continue
		}
		v.Set(pairs[i], pairs[i+1])
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// when is the form that asks for day and knowledge.
type when struct {
	Action         string
	Keep           []named
	Day            field
	First, Last    string // of the slider
	DayText        string
	Known, KnownAt string
	KnownText      string
	More           []filter
}

// filter is one more thing that a page can be asked for.
type filter struct {
	Name, Label, Type, Value, Min, Max string
	Options                            []option
}

// sliderYears is how many years the slider goes back.
const sliderYears = 5

// when makes the form for a question. Keep are names of values that stay.
func (p *Pages) when(a *asked, q question, action string, keep ...named) when {
	today := p.service.Today()
	last := max(today, q.AsOf)
	first := beginning(last)
	w := when{
		Action: action, Day: a.t.dateField("as_of", q.AsOf.String()), First: min(first, q.AsOf).String(), Last: last.String(), DayText: a.t.day(q.AsOf),
		Known: q.known, KnownAt: q.knownAt, Keep: keep,
	}
	if q.Organisation != "" {
		w.Keep = append(w.Keep, named{"organisation", q.Organisation})
	}
	switch q.known {
	case "all":
		w.KnownText = a.t.say("known.text.all")
	case "then":
		w.KnownText = a.t.say("known.text.then")
	default:
		w.KnownText = a.t.say("known.text.at", q.knownAt)
	}
	return w
}

// beginning returns the first day that the slider offers. The field beside it takes
// any.
func beginning(last domain.Date) domain.Date {
	day, _ := domain.NewDate(max(last.Year()-sliderYears, domain.FirstDay.Year()+1), 1, 1)
	return day
}

// form reads a posted form, which is bounded.
func (a *asked) form() (url.Values, error) {
	a.r.Body = http.MaxBytesReader(a.w, a.r.Body, maxForm)
	if err := a.r.ParseForm(); err != nil {
		return nil, err
	}
	return a.r.PostForm, nil
}

// maxForm is how large a form may be.
const maxForm = 256 << 10
