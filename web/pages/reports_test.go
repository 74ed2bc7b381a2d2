package pages_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"rollbook/web/access"
	"rollbook/web/service"
)

// offered are the names of the reports that a page has forms for.
func offered(b *tab) []string {
	return ask[[]string](b, `[...document.querySelectorAll(".reports form")].map((f) => f.getAttribute("action").replace("/reports/", ""))`)
}

// Every report that there is stands on the page, with a form that brings it; who may
// not have one is not offered it.
func TestThePageOfReportsOffersEveryReport(t *testing.T) {
	t.Parallel()
	o := serve(t, district()...)
	b := o.open(t)
	b.wide(1280)
	b.visit("/reports?organisation=xa-a&as_of=2022-11-30&known=then")
	var all, figures []string
	for _, k := range service.Reports() {
		all = append(all, k.Name)
		if k.Needs == access.ReadFigures {
			figures = append(figures, k.Name)
		}
	}
	if got := offered(b); !slices.Equal(got, all) {
		t.Errorf("the page offers %q, want %q", got, all)
	}
	// What each form sends, as it stands there.
	for _, sent := range ask[[]string](b, `[...document.querySelectorAll(".reports form")].map((f) => f.method + " " + f.getAttribute("action") + "?" + new URLSearchParams(new FormData(f, f.querySelector("button[value=csv]"))))`) {
		method, path, _ := strings.Cut(sent, " ")
		var status int
		var body string
		var h http.Header
		if address, query, _ := strings.Cut(path, "?"); method == "post" {
			v, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			var pairs []string
			for name := range v {
				pairs = append(pairs, name, v.Get(name))
			}
			status, body, h = o.post(t, address, pairs...)
		} else {
			status, body, h = o.get(t, path)
		}
		if kind := h.Get("Content-Type"); status != http.StatusOK || kind != "text/csv; charset=utf-8" || !strings.Contains(h.Get("Content-Disposition"), "-2022-11-30.csv") {
			t.Errorf("%s: %d %s %s\n%.500s", sent, status, kind, h.Get("Content-Disposition"), body)
		}
	}
	b.clean()
	o.as(access.Reporter, "")
	b.visit("/reports")
	if got := offered(b); !slices.Equal(got, figures) {
		t.Errorf("a reporter is offered %q, want %q", got, figures)
	}
	b.visit("/")
	if links := ask[[]string](b, `[...document.querySelectorAll(".files a")].map((a) => a.pathname)`); len(links) != 9 || slices.Contains(links, "/reports/worklist") {
		t.Errorf("a reporter's overview offers %q", links)
	}
	for _, k := range service.Reports() {
		if k.Needs == access.ReadFigures || k.Name == "register" {
			continue
		}
		if status, _, h := o.get(t, "/reports/"+k.Name+"?from=2021-12-31&to=2022-12-31&ahead=9&format=csv"); status != http.StatusForbidden || h.Get("Content-Disposition") != "" {
			t.Errorf("a reporter gets %s: %d", k.Name, status)
		}
	}
	b.clean()
}

// What a page hands out is what the interface does for the same question, to the byte.
func TestAFileOfAPageIsThatOfTheInterface(t *testing.T) {
	t.Parallel()
	o := serve(t, district()...)
	b := o.open(t)
	then := url.QueryEscape(time.Date(2022, 6, 30, 23, 59, 59, 0, time.Local).Format(time.RFC3339))
	for page, want := range map[string]map[string]string{
		"/?as_of=30/06/2022": {
			"headcount": "?organisation=huyen&as_of=2022-06-30&by=ethnicity", "movements": "?organisation=huyen&from=2021-12-31&to=2022-06-30",
			"indicators": "?organisation=huyen&as_of=2022-06-30&year=2022&children=true",
		},
		"/organisations/xa-a?as_of=2022-06-30&known=at&known_at=20":          {"headcount": "?organisation=xa-a&as_of=2022-06-30&known_at=20&by=ethnicity"},
		"/?as_of=30/06/2022&known=then":                                      {"headcount": "?as_of=2022-06-30&by=ethnicity&known_at=" + then},
		"/worklist?organisation=xa-a&ahead=30":                               {"worklist": "?organisation=xa-a&as_of=2022-12-31&ahead=30"},
		"/findings":                                                          {"findings": "?as_of=2022-12-31"},
		"/explain?what=headcount&from=31/12/2021&to=2022-12-31&by=ethnicity": {"explain-headcount": "?from=2021-12-31&to=2022-12-31&by=ethnicity"},
		"/explain?what=findings&from=31/12/2021&to=31/12/2022&known_from=5":  {"explain-findings": "?from=2021-12-31&to=2022-12-31&known_from=5"},
	} {
		b.visit(page)
		for report, query := range want {
			path := "/api/v1/reports/" + report
			if what, ok := strings.CutPrefix(report, "explain-"); ok {
				path = "/api/v1/explain/" + what
			}
			formats := []service.Format{service.CSV}
			if strings.HasPrefix(page, "/?as_of=30/06/2022") { // the others are written by the same hand
				formats = service.Formats()
			}
			for _, f := range formats {
				link := ask[string](b, `[...document.querySelectorAll(".files a")].filter((a) => a.pathname === "/reports/`+report+`" && a.search.includes("format=`+string(f)+`")).map((a) => a.pathname + a.search).join()`)
				status, got, h := o.get(t, link)
				_, api, said := o.get(t, path+query+"&lang=vi&format="+string(f))
				if status != http.StatusOK || h.Get("Content-Type") != said.Get("Content-Type") || h.Get("Content-Disposition") != said.Get("Content-Disposition") {
					t.Errorf("%s of %s: %d %s, want as %s%s", link, page, status, h, path, query)
				}
				if f == service.XLSX { // a workbook says when it was made
					got, api = got[:4], api[:4]
				}
				if got != api || len(got) < 4 {
					t.Errorf("%s of %s is not %s%s\n%.300s\n%.300s", link, page, path, query, got, api)
				}
			}
		}
	}
	b.clean()
}

// The register is asked for by a form: neither a search nor a reason stands in an
// address, and that it was taken is in the log of readings.
func TestTheRegisterIsTakenAwayByAForm(t *testing.T) {
	t.Parallel()
	o := serve(t, district()...)
	if status, _, _ := o.get(t, "/reports/register?format=csv"); status != http.StatusNotFound {
		t.Errorf("by an address it is answered with %d, want 404", status)
	}
	_, body, h := o.post(t, "/reports/register", "search", "vang my", "format", "csv")
	if !strings.Contains(body, "Vàng Thị Mỷ") || strings.Contains(body, "Giàng A Sử") || h.Get("Content-Disposition") != `attachment; filename="register-2022-12-31.csv"` {
		t.Errorf("a search as a file: %s %s", h.Get("Content-Disposition"), body)
	}
	o.as(access.Auditor, "")
	mine := func(pairs ...string) (int, string) {
		status, body, _ := o.post(t, "/reports/register", append(pairs, "format", "csv", "csrf_token", o.visitor.Form)...)
		return status, body
	}
	if status, body := mine(); status != http.StatusOK || strings.Contains(body, "Vàng Thị Mỷ") || !strings.Contains(body, "m2") {
		t.Errorf("an auditor without a reason gets %d %s", status, body)
	}
	if status, body := mine("reason", "x"); status != http.StatusBadRequest || !strings.Contains(body, "Lý do phải dài") {
		t.Errorf("an auditor with a reason that is none gets %d %s", status, body)
	}
	if status, body := mine("reason", "Đối chiếu đơn thư số 12"); status != http.StatusOK || !strings.Contains(body, "Vàng Thị Mỷ") {
		t.Errorf("an auditor with a reason gets %d %s", status, body)
	}
	if status, _, _ := o.post(t, "/reports/register", "format", "csv", "csrf_token", "another"); status != http.StatusForbidden {
		t.Errorf("a forged form is answered with %d, want 403", status)
	}
	notes, err := o.rights.Notes(t.Context(), access.NoteFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(slices.DeleteFunc(notes, func(n access.Note) bool { return n.What != "report_exported" || n.Subject != "register csv" })); n != 3 {
		t.Errorf("%d exports in the log of readings, want 3", n)
	}
}

// Days are typed and read as people here write them, whatever the browser speaks; in
// addresses and in the ledger they are as ever.
func TestDaysAreTypedAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	o := serve(t, district()...)
	b := o.open(t)
	b.visit("/explain")
	if got := ask[string](b, `document.getElementById("from").value + " " + document.getElementById("to").value`); got != "31/12/2021 31/12/2022" {
		t.Errorf("the days are shown as %q", got)
	}
	b.do(`document.getElementById("from").value = ""`)
	b.run(chromedp.SendKeys(chromedp.CSS("#from"), "1022022"), chromedp.Click(chromedp.CSS("form.when button.show")))
	if ask[bool](b, `document.getElementById("from").checkValidity()`) {
		t.Error("seven digits are taken for a day")
	}
	b.do(`document.getElementById("from").value = ""`)
	b.run(chromedp.SendKeys(chromedp.CSS("#from"), "01022022"), chromedp.Click(chromedp.CSS("form.when button.show")))
	b.until(`new URLSearchParams(location.search).get("from") === "2022-02-01" && document.getElementById("from").value === "01/02/2022"`)
	b.do(`{ const c = document.querySelector(".date input[type=date]"); c.value = "2022-03-04"; c.dispatchEvent(new Event("change", {bubbles: true})); }`)
	if got := ask[string](b, `document.getElementById("from").value`); got != "04/03/2022" {
		t.Errorf("what was picked is shown as %q", got)
	}
	b.clean()
	for _, page := range []string{"/?as_of=31/02/2022", "/explain?from=2022-13-01&to=2022-12-31", "/reports/movements?from=nonsense&format=csv", "/worklist?as_of=12-31-2022"} {
		if status, body, h := o.get(t, page); status != http.StatusBadRequest || !strings.Contains(body, "không phải ngày có thật; hãy viết 31/12/2022 hoặc 2022-12-31") || h.Get("Content-Disposition") != "" {
			t.Errorf("%s: %d, and not what to do", page, status)
		}
	}
	before, _ := o.ledger.Last(t.Context())
	record := func(on string) (int, string) {
		status, body, _ := o.post(t, "/record/member.rated", "subject", "m3", "effectiveon", on, "data.year", "2022", "data.grade", "good", "do", "record")
		return status, body
	}
	if status, body := record("31/11/2022"); status != http.StatusUnprocessableEntity || !strings.Contains(body, `value="31/11/2022"`) || !strings.Contains(body, `href="#f-effectiveon"`) {
		t.Errorf("a day that does not exist is answered with %d", status)
	}
	if status, body := record("5/12/2022"); status != http.StatusOK {
		t.Errorf("a day as people write it is answered with %d %s", status, body)
	}
	if last, _ := o.ledger.Last(t.Context()); last != before+1 {
		t.Errorf("the log ends at %d, want %d", last, before+1)
	}
	if _, body, _ := o.get(t, "/members/m3"); !strings.Contains(body, "<b>05/12/2022</b>") {
		t.Error("the entry is not of the day that was typed")
	}
}
