package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"rollbook/ledger"
	"rollbook/web/access"
	"rollbook/web/service"
)

// reports calls what is done for each operation that is answered with a report.
func (o *office) reports(do func(operation, path string)) {
	o.t.Helper()
	n := 0
	for path, methods := range o.routes {
		described, _ := methods["get"].(map[string]any)
		operation, _ := described["operationId"].(string)
		if strings.HasPrefix(operation, "report-") || strings.HasPrefix(operation, "explain-") {
			do(operation, o.calls(operation, path, "a").path)
			n++
		}
	}
	if all := len(service.Reports()); n != all || all != 17 {
		o.t.Errorf("%d reports of %d, want 17", n, all)
	}
}

// exported are the lines of the log of readings that say that a report was handed out.
func (o *office) exported() (lines []string) {
	o.t.Helper()
	notes, err := o.rights.Notes(o.t.Context(), access.NoteFilter{})
	if err != nil {
		o.t.Fatal(err)
	}
	for _, n := range notes {
		if n.What == "report_exported" {
			lines = append(lines, n.Subject+" "+n.Organisation)
		}
	}
	return lines
}

// Every report and explanation comes in every form, and that it was handed out is in
// the log of readings. As JSON it is no export.
func TestEveryReportIsHandedOutInEveryForm(t *testing.T) {
	o := open(t)
	token := o.account(access.Grant{Role: access.Clerk, Organisation: "a"})
	begins := map[service.Format]string{service.CSV: "", service.XLSX: "PK", service.PDF: "%PDF-"}
	want := []string{}
	o.reports(func(operation, path string) {
		if got := o.ask(token, http.MethodGet, path, ""); got.status != http.StatusOK || !strings.HasPrefix(got.body, "{") || got.header.Get("Content-Disposition") != "" {
			t.Errorf("%s as JSON: %d %s", path, got.status, got.body)
		}
		name := strings.TrimPrefix(operation, "report-")
		for _, f := range service.Formats() {
			asked := o.ask(token, http.MethodGet, path+"&lang=vi&format="+string(f), "")
			accepted := o.ask(token, http.MethodGet, path+"&lang=vi", "", "Accept", f.MediaType())
			kind, _, _ := strings.Cut(asked.header.Get("Content-Type"), ";")
			file := asked.header.Get("Content-Disposition")
			if asked.status != http.StatusOK || kind != f.MediaType() || !strings.HasPrefix(asked.body, begins[f]) ||
				!strings.HasPrefix(file, `attachment; filename="`+name+"-20") || !strings.HasSuffix(file, "."+string(f)+`"`) {
				t.Errorf("%s as %s: %d %q %q %.200s", path, f, asked.status, kind, file, asked.body)
			}
			if f != service.XLSX && accepted.body != asked.body { // a workbook says when it was made
				t.Errorf("%s as %s is not what Accept brings", path, f)
			}
			if f == service.CSV && !strings.Contains(asked.body, ",as_of,known_at,position,root\n") {
				t.Errorf("%s as csv does not say on what it stands: %s", path, asked.body)
			}
			want = append(want, fmt.Sprintf("%s %s a", name, f), fmt.Sprintf("%s %s a", name, f))
		}
	})
	got := o.exported()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("exports in the log of readings: %q, want %q", got, want)
	}
	path := "/api/v1/reports/headcount?organisation=a"
	for _, wrong := range []string{"&format=docx", "&lang=fr"} {
		if got := o.ask(token, http.MethodGet, path+wrong, ""); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", wrong, got.status, got.body)
		}
	}
	other := o.account(access.Grant{Role: access.Clerk, Organisation: "b"})
	if got := o.ask(other, http.MethodGet, path+"&format=pdf", ""); got.status != http.StatusNotFound || len(o.exported()) != len(want) {
		t.Errorf("out of reach as a file: %d", got.status)
	}
	for accept, want := range map[string]string{
		"text/html,application/xhtml+xml,*/*;q=0.8": "application/json", // a browser
		"text/csv;q=0.1, application/json":          "application/json",
		"application/json;q=0.2, text/csv;q=0.3":    "text/csv; charset=utf-8",
		"application/json;q=0, text/csv":            "text/csv; charset=utf-8",
		"text/csv, application/json":                "text/csv; charset=utf-8",
		"Text/CSV;charset=utf-8":                    "text/csv; charset=utf-8",
		"text/*":                                    "text/csv; charset=utf-8",
		"application/pdf, */*;q=0.1":                "application/pdf",
		"text/csv;q=x, application/pdf":             "application/pdf",
		"image/png":                                 "application/problem+json",
		"application/json;q=0":                      "application/problem+json",
	} {
		got := o.ask(token, http.MethodGet, path, "", "Accept", accept)
		kind, status := got.header.Get("Content-Type"), http.StatusOK
		if want == "application/problem+json" {
			status = http.StatusNotAcceptable
		} else if !slices.Contains(got.header.Values("Vary"), "Accept") {
			t.Errorf("to %q: Vary is %q", accept, got.header.Values("Vary"))
		}
		if kind != want || got.status != status {
			t.Errorf("to %q: %d %s, want %d %s", accept, got.status, kind, status, want)
		}
	}
}

// people lets a have 12 women and 2 men more, each of an occupation.
func (o *office) people() {
	o.t.Helper()
	var lines []string
	for i := range 14 {
		gender, occupation := "female", "Nông dân"
		if i >= 12 {
			gender, occupation = "male", "Thẩm phán"
		}
		lines = append(lines, event("member.brought_forward", fmt.Sprintf("member/p-%d", i), "2020-01-01", fmt.Sprintf(
			`{"person":{"full_name":"Vàng Thị %s","birth_date":"1980-01-01","gender":%q,"ethnicity":"08","religion":"00","occupation":%q},"organisation":"a1","status":"official","admitted_on":"2010-05-19","confirmed_on":"2011-05-19"}`, canary, gender, occupation)))
	}
	o.add(lines...)
}

func (o *office) add(lines ...string) {
	o.t.Helper()
	r, err := o.ledger.Import(o.t.Context(), []ledger.File{{Name: "more.ndjson", Reader: strings.NewReader(strings.Join(lines, "\n"))}}, ledger.ImportOptions{})
	if err != nil || r.Rejected > 0 {
		o.t.Fatalf("Import: %+v, %v", r, err)
	}
}

// cells are the texts of a report in a form, as far as its bytes have them.
func cells(t *testing.T, f service.Format, body string) (all []string) {
	t.Helper()
	if f == service.CSV {
		return strings.FieldsFunc(body, func(r rune) bool { return r == ',' || r == '\n' })
	}
	book, err := excelize.OpenReader(bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	for _, name := range book.GetSheetList() {
		if name == "Standing" {
			continue // a sequence may be any number
		}
		rows, err := book.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, slices.Concat(rows...)...)
	}
	return all
}

// Who may see no members gets the same numbers withheld and rounded in every form:
// none of those that are true is in any of them.
func TestSmallNumbersAreWithheldInEveryForm(t *testing.T) {
	o := open(t)
	o.people()
	reporter, clerk := o.account(access.Grant{Role: access.Reporter}), o.account(access.Grant{Role: access.Clerk})
	const truly, small, rounded = "12", "4", "10" // women of a; men of a; women as they are shown
	for name, path := range map[string]string{
		"headcount":  "/reports/headcount?organisation=a&as_of=2022-12-31&by=gender",
		"structure":  "/reports/structure?organisation=a&as_of=2022-12-31&by=gender,occupation",
		"parts":      "/reports/structure?organisation=d&as_of=2022-12-31&by=gender&children=true",
		"indicators": "/reports/indicators?organisation=a&as_of=2022-12-31&year=2022",
	} {
		for _, f := range service.Formats() {
			if f == service.PDF || f == service.XLSX && name == "indicators" {
				continue // texts of the same paper, but packed, or with numbers of rows among them
			}
			path := "/api/v1" + path + "&format=" + string(f)
			whole, hidden := o.ask(clerk, http.MethodGet, path, ""), o.ask(reporter, http.MethodGet, path, "")
			if whole.status != http.StatusOK || hidden.status != http.StatusOK {
				t.Fatalf("%s as %s: %d, %d %s", name, f, whole.status, hidden.status, hidden.body)
			}
			all, shown := cells(t, f, whole.body), cells(t, f, hidden.body)
			if !slices.Contains(all, truly) || !slices.Contains(all, small) && name != "indicators" {
				t.Errorf("%s as %s: the clerk does not see %s and %s: %q", name, f, truly, small, all)
			}
			if slices.Contains(shown, truly) || slices.Contains(shown, small) || !slices.Contains(shown, rounded) || slices.Contains(shown, "Thẩm phán") {
				t.Errorf("%s as %s: the reporter sees %q", name, f, shown)
			}
			if f == service.XLSX && !slices.ContainsFunc(shown, func(s string) bool { return strings.Contains(s, "rounded to 5") }) {
				t.Errorf("%s as %s does not say that numbers are withheld: %q", name, f, shown)
			}
		}
	}
	var form struct {
		Rows []struct {
			Members *int            `json:"members"`
			Gender  map[string]*int `json:"gender"`
			Of      map[string]*int `json:"occupation"`
		} `json:"rows"`
		Withheld *service.Withheld `json:"withheld"`
	}
	got := o.ask(reporter, http.MethodGet, "/api/v1/reports/structure?organisation=a&as_of=2022-12-31&by=gender,occupation", "")
	if err := json.Unmarshal([]byte(got.body), &form); err != nil {
		t.Fatal(err)
	}
	row := form.Rows[0]
	if *row.Members != 15 || *row.Gender["female"] != 10 || row.Gender["male"] != nil || len(row.Of) != 1 || *row.Of["Nông dân"] != 10 || form.Withheld == nil {
		t.Errorf("structure for a reporter: %s", got.body)
	}
	got = o.ask(reporter, http.MethodGet, "/api/v1/reports/movements?organisation=d&from=2019-12-31&to=2022-12-31&children=true", "")
	if !strings.Contains(got.body, `"opening":null,"admitted":null`) || !strings.Contains(got.body, `"brought_forward":20`) || strings.Contains(got.body, `"organisation":"b"`) {
		t.Errorf("movements for a reporter: %s", got.body)
	}
	for _, refused := range []string{
		"/api/v1/reports/structure?as_of=2022-12-30", "/api/v1/reports/headcount?as_of=2200-12-31", "/api/v1/reports/movements?from=2021-12-31&to=2200-12-31", "/api/v1/reports/badges?from=2021-12-30&to=2022-12-31", "/api/v1/reports/structure?as_of=2022-12-31&known_at=3",
		"/api/v1/reports/villages?by=gender", "/api/v1/reports/structure?by=source", "/api/v1/reports/ratings?as_of=2022-12-31", "/api/v1/reports/badges?from=2022-12-31&to=2021-12-31",
	} {
		if got := o.ask(reporter, http.MethodGet, refused, ""); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", refused, got.status, got.body)
		}
	}
}

// Findings name members by id, in the reader's language; who may see no members gets
// none.
func TestFindingsComeOverTheInterface(t *testing.T) {
	o := open(t)
	o.add(event("member.badge_awarded", "member/m-a", "2023-01-01", `{"years":30}`))
	path := "/api/v1/reports/findings?organisation=a&as_of=2024-01-31"
	got := o.ask(o.account(access.Grant{Role: access.Auditor}), http.MethodGet, path, "", "Accept-Language", "vi")
	type finding struct{ Rule, Subject, Message string }
	var found struct {
		Rows []finding `json:"rows"`
	}
	if err := json.Unmarshal([]byte(got.body), &found); err != nil || got.status != http.StatusOK || strings.Contains(got.body, canary) {
		t.Fatalf("findings: %d %v %s", got.status, err, got.body)
	}
	if !slices.ContainsFunc(found.Rows, func(f finding) bool {
		return f.Rule == "badge.day" && f.Subject == "member/m-a" && strings.HasPrefix(f.Message, "Huy hiệu Đảng")
	}) {
		t.Errorf("findings: %s", got.body)
	}
	if got := o.ask(o.account(access.Grant{Role: access.Reporter}), http.MethodGet, path+"&format=csv", ""); got.status != http.StatusForbidden {
		t.Errorf("a reporter gets %d %s", got.status, got.body)
	}
	for _, wrong := range []string{"&rule=age", "&from=2024-02-01", "&from=x"} {
		if got := o.ask(o.account(access.Grant{Role: access.Auditor}), http.MethodGet, path+wrong, ""); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", wrong, got.status, got.body)
		}
	}
}

// A register as a file has everybody, as that of the command has: it would not say that
// it is only the first page.
func TestARegisterAsAFileIsWhole(t *testing.T) {
	o := open(t)
	const many = 1001
	lines := make([]string, many)
	for i := range lines {
		lines[i] = event("member.brought_forward", fmt.Sprintf("member/w-%d", i), "2020-01-01",
			`{"person":{"full_name":"Vàng Thị Mẫu","birth_date":"1980-01-01","gender":"female","ethnicity":"08","religion":"00"},"organisation":"b","status":"official","admitted_on":"2010-05-19","confirmed_on":"2011-05-19"}`)
	}
	o.add(lines...)
	token := o.account(access.Grant{Role: access.Auditor})
	path := "/api/v1/reports/register?organisation=b&as_of=2022-12-31"
	rows := func(more string) int {
		return strings.Count(o.ask(token, http.MethodGet, path+more, "").body, "\n") - 1
	}
	if got := rows("&format=csv"); got != many+1 { // with who was there
		t.Errorf("the file has %d of %d members", got, many+1)
	}
	if got := rows("&format=csv&limit=7"); got != 7 {
		t.Errorf("a file of at most 7 has %d", got)
	}
}
