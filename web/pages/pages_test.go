package pages_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"rollbook/domain"
	"rollbook/web/access"
)

// everyPage is an address of each page, with something on it.
func everyPage() []string {
	pages := []string{
		"/", "/?as_of=2022-06-30&known=then", "/organisations", "/organisations/xa-a", "/villages/v1", "/members", "/members?status=all&organisation=xa-a",
		"/members/m1", "/members/c1", "/record", "/import", "/explain", "/explain?what=headcount&from=2021-12-31&to=2022-12-31&by=ethnicity",
		"/explain?what=movements&from=2021-12-31&to=2022-12-31", "/drill/headcount?by=ethnicity&value=26", "/drill/indicator?count=women",
		"/drill/movement?line=admitted&from=2021-12-31", "/worklist", "/findings", "/reports", "/reports?organisation=xa-a&as_of=30/06/2022", "/reports/movements?format=csv&from=x", "/explain?what=findings&from=2021-12-31&to=2022-12-31", "/sign-in?failed=credentials", "/first/token", "/audit", "/feed", "/licences", "/nowhere", "/?as_of=nonsense",
	}
	return pages
}

func TestEveryPageIsForEverybody(t *testing.T) {
	t.Parallel()
	o := serve(t, district()...)
	b := o.open(t)
	b.wide(1280)
	for _, path := range everyPage() {
		b.visit(path)
		if lang := ask[string](b, "document.documentElement.lang"); lang != "vi" {
			t.Errorf("%s speaks %q, want vi", path, lang)
		}
		b.accessible()
		b.narrow()
		b.clean()
	}
	o.unknown = access.Identity{Issuer: "https://login.example/realms/muong-thu", Subject: "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"}
	b.visit("/sign-in")
	if text := ask[string](b, "document.body.innerText"); !strings.Contains(text, o.unknown.Subject) || !strings.Contains(text, "127.0.0.1:1") {
		t.Errorf("who has no account is told\n%s", text)
	}
	b.accessible()
	b.narrow()
	b.clean()
}

func TestEveryPageSpeaksEnglish(t *testing.T) {
	t.Parallel()
	o := serve(t, district()...)
	b := o.open(t)
	b.visit("/members/m1")
	b.run(chromedp.Click(chromedp.CSS(`button[name=language][value=en]`)), chromedp.WaitReady(chromedp.CSS(`html[lang=en] main`)))
	if path := ask[string](b, "location.pathname"); path != "/members/m1" {
		t.Errorf("choosing a language led to %s, want back to the page", path)
	}
	for _, path := range everyPage() {
		b.visit(path)
		if lang := ask[string](b, "document.documentElement.lang"); lang != "en" {
			t.Errorf("%s speaks %q, want en", path, lang)
		}
		// What the ledger holds and its names of things stay Vietnamese; texts of ours do not.
		for _, text := range []string{"Đến hết ngày", "Không có gì", "Ghi vào sổ", "Danh sách", "undefined", "%!", "<no value>"} {
			if strings.Contains(ask[string](b, "document.body.innerText"), text) {
				t.Errorf("%s says %q in English", path, text)
			}
		}
		b.clean()
	}
	b.accessible()
}

func TestEveryFormIsForEverybody(t *testing.T) {
	t.Parallel()
	o := serve(t, district()...)
	b := o.open(t)
	b.wide(1280)
	for i, d := range domain.Describe() {
		b.visit("/record/" + d.Type)
		for _, f := range d.Data.Fields {
			if f.Form == domain.ObjectForm || f.Form == domain.FlagForm {
				continue
			}
			if !ask[bool](b, fmt.Sprintf(`!!document.querySelector('[name="data.%s"]')`, f.Name)) {
				t.Errorf("the form of %s has no field %s", d.Type, f.Name)
			}
		}
		b.clean()
		if i%6 == 0 { // they are made by one hand
			b.accessible()
			b.narrow()
		}
	}
}

func TestAFormSaysWhatTheRulesSayAndRecords(t *testing.T) {
	o := serve(t, district()...)
	b := o.open(t)
	before, err := o.ledger.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.visit("/record/member.confirmed?subject=m2")
	fill := func(field, value string) chromedp.Action[chromedp.Void] {
		return chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`{const f = document.querySelector('[name=%q]'); f.value = %q; f.dispatchEvent(new Event("change", {bubbles: true}));}`, field, value))
	}
	b.run(fill("data.decision.number", "5-QĐ/HU"), fill("data.decision.date", "2022-12-01"))
	b.until(`document.querySelector("#verdict .bad") !== null`) // m2 is official already
	if last, _ := o.ledger.Last(t.Context()); last != before {
		t.Fatalf("trying has stored something: the log ends at %d, and ended at %d", last, before)
	}

	b.visit("/record/member.rated?subject=m2&data.year=2022")
	b.run(fill("data.grade", "good"))
	b.until(`document.querySelector("#verdict .good") !== null`)
	b.run(chromedp.Click(chromedp.CSS(`button[value=record]`)))
	b.until(`document.querySelector("#verdict .good a") !== null`)
	if last, _ := o.ledger.Last(t.Context()); last != before+1 {
		t.Errorf("the log ends at %d, want %d", last, before+1)
	}
	b.run(chromedp.Click(chromedp.CSS(`#verdict a`)))
	b.until(`location.pathname === "/members/m2" && document.querySelector(".timeline li:target h3").innerText.startsWith("Xếp loại")`)
	if !ask[bool](b, `document.querySelector(".badge.warn") !== null`) {
		t.Error("what was just recorded is not shown as not yet checkpointed")
	}
	b.clean()

	// Somebody new: the ledger gives the id.
	b.visit("/record/member.identified")
	b.run(fill("data.person.full_name", "Cháng Thị Sua"), fill("data.person.birth_date", "2000-01-02"), fill("data.person.gender", "female"),
		fill("data.person.ethnicity", "26"), fill("data.person.religion", "00"), fill("data.organisation", "cb-a1"), fill("data.source", "student"),
		chromedp.Click(chromedp.CSS(`button[value=record]`)))
	b.until(`document.querySelector("#verdict .good a") !== null`)
	if !ask[bool](b, `/^\/members\/m-[a-z0-9]{12}$/.test(document.querySelector("#verdict a").pathname)`) {
		t.Errorf("the new member's page is %s", ask[string](b, `document.querySelector("#verdict a").href`))
	}
	b.clean()
}

func TestADepartureFromTheCharterTakesLeave(t *testing.T) {
	o := serve(t, district()...)
	b := o.open(t)
	before, _ := o.ledger.Last(t.Context())
	b.visit("/record/member.confirmed?subject=c1&effectiveon=2022-12-01") // admitted on 3 February 2022: not twelve months ago
	b.do(`document.querySelector("[name='data.decision.number']").value = "77-QĐ/HU"; document.querySelector("[name='data.decision.date']").value = "2022-12-01"`)
	b.run(chromedp.Click(chromedp.CSS(`button[value=record]`)))
	b.until(`document.querySelector("#verdict .warn code") !== null && document.querySelector("details.exception").open`)
	rule := ask[string](b, `document.querySelector("#verdict code").innerText`)
	if got := ask[string](b, `document.querySelector("[name='exception.rule']").value`); got != rule {
		t.Errorf("the exception is for the rule %q, and %q stands in the way", got, rule)
	}
	b.accessible()
	b.do(`document.querySelector("[name='exception.reason']").value = "Theo chủ trương"; document.querySelector("[name='exception.authority']").value = "Ban Thường vụ Huyện uỷ"`)
	b.run(chromedp.Click(chromedp.CSS(`button[value=record]`)))
	b.until(`document.querySelector("#verdict .good a") !== null`)
	if last, _ := o.ledger.Last(t.Context()); last != before+1 {
		t.Errorf("the log ends at %d, want %d", last, before+1)
	}
	b.visit("/members/c1")
	if !ask[bool](b, `document.querySelector(".timeline .finding .tag.bad") !== null`) {
		t.Error("the timeline does not show the departure")
	}
	b.visit("/findings")
	if !strings.Contains(ask[string](b, `document.querySelector(".list tbody").innerText`), "c1") {
		t.Error("the findings do not list the departure")
	}
	b.clean()
}

func TestAMistakeStandsBesideItsField(t *testing.T) {
	o := serve(t, district()...)
	b := o.open(t)
	b.visit("/record/member.rated?subject=m2")
	b.run(chromedp.Click(chromedp.CSS(`button[value=record]`)))
	b.until(`document.querySelector("[aria-invalid=true]") !== null`)
	if name := ask[string](b, `document.querySelector("[aria-invalid=true]").name`); name != "data.year" {
		t.Errorf("the field at fault is %s, want data.year", name)
	}
	if !ask[bool](b, `document.querySelector("[name=subject]").value === "m2" && document.querySelector("#verdict a").hash === "#" + document.querySelector("[aria-invalid=true]").id`) {
		t.Error("the form lost what was filled in, or does not lead to the field at fault")
	}
	b.accessible()
	b.clean()
}

func TestAFileIsPlannedAndThenImported(t *testing.T) {
	o := serve(t, district()...)
	b := o.open(t)
	file := filepath.Join(t.TempDir(), "nhap.ndjson")
	lines := []string{
		event("member.rated", "member/m4", "2022-12-15", `{"year":2022,"grade":"good"}`),
		event("member.rated", "member/m1", "2022-12-10", `{"year":2022,"grade":"excellent"}`), // is there
		event("member.rated", "member/m4", "2022-12-15", `{"year":2022,"grade":"wonderful"}`),
	}
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	before, _ := o.ledger.Last(t.Context())
	b.visit("/import")
	b.run(chromedp.SetUploadFiles(chromedp.CSS(`#file`), []string{file}), chromedp.Click(chromedp.CSS(`button.main`)))
	b.until(`document.querySelectorAll(".tiles dd").length === 3`)
	numbers := `[...document.querySelectorAll(".tiles dd")].map((d) => d.innerText).join(" ")`
	if got := ask[string](b, numbers); got != "1 1 1" {
		t.Errorf("the plan is %q, want 1 new, 1 unchanged, 1 rejected", got)
	}
	if !strings.Contains(ask[string](b, `document.querySelector(".list tbody").innerText`), "data.grade") {
		t.Error("the plan does not say which field of the rejected line is wrong")
	}
	if last, _ := o.ledger.Last(t.Context()); last != before {
		t.Fatal("the plan has stored something")
	}
	b.accessible()
	b.narrow()
	b.run(chromedp.Click(chromedp.CSS(`button.main`)))
	b.until(`document.querySelector(".note[role=status]") !== null`)
	if got := ask[string](b, numbers); got != "1 1 1" {
		t.Errorf("the result is %q, want 1 recorded, 1 unchanged, 1 rejected", got)
	}
	if last, _ := o.ledger.Last(t.Context()); last != before+1 {
		t.Errorf("the log ends at %d, want %d", last, before+1)
	}
	b.accessible()
	b.clean()
}

func TestTheSliderMovesTheFiguresAndTheAddress(t *testing.T) {
	o := serve(t, district()...)
	b := o.open(t)
	b.wide(1280)
	b.visit("/")
	total := `document.querySelector(".bars tfoot .n").innerText`
	if got := ask[string](b, total); got != "8" {
		t.Fatalf("%s members, want 8", got)
	}
	b.until(`document.querySelector("figure svg text") !== null`)
	b.do(`window.same = 1`)
	b.do(`(() => { const s = document.getElementById("slider"); s.value = Number(s.max) - 200; s.dispatchEvent(new Event("input", {bubbles: true})); s.dispatchEvent(new Event("change", {bubbles: true})); })()`)
	b.until(`new URLSearchParams(location.search).get("as_of") === "2022-06-14" && ` + total + ` === "9"`)
	if ask[int](b, `window.same || 0`) != 1 {
		t.Error("the whole page was loaded again")
	}
	b.until(`document.querySelector("figure svg text") !== null`) // the chart is drawn anew
	b.run(chromedp.Reload(), chromedp.WaitReady(chromedp.CSS("main")))
	if got := ask[string](b, `document.getElementById("as_of").value + " " + `+total); got != "14/06/2022 9" {
		t.Errorf("the address leads to %q, want the same day and number", got)
	}
	b.do(`document.getElementById("known").value = "then"; document.getElementById("known").dispatchEvent(new Event("change", {bubbles: true}))`)
	b.until(`new URLSearchParams(location.search).get("known") === "then" && ` + total + ` !== "9"`)
	b.clean()
}

func TestTheChartIsTheTable(t *testing.T) {
	o := serve(t, district()...)
	b := o.open(t)
	b.wide(1280)
	b.visit("/")
	b.until(`document.querySelector("figure svg text") !== null`)
	if !ask[bool](b, `(() => { const c = echarts.getInstanceByDom(document.querySelector("figure .space")).getOption(); const rows = [...document.querySelectorAll("#time-table tbody tr")].reverse();
		return c.series.length === 3 && rows.length > 10 && c.series.every((s, i) => s.data.every((v, n) => String(v) === rows[n].cells[i + 1].innerText)); })()`) {
		t.Error("the chart shows other numbers than the table")
	}
	if label := ask[string](b, `document.querySelector("figure .space").getAttribute("aria-label")`); !strings.Contains(label, "bảng ngay bên dưới") {
		t.Errorf("the chart says %q to who cannot see it", label)
	}
	b.clean()
}

func TestTheFeedGoesOnByItself(t *testing.T) {
	o := serve(t, district()...)
	b := o.open(t)
	b.visit("/feed")
	b.until(`!document.getElementById("live").hidden`)
	o.add(t, event("organisation.commended", "organisation/xa-b", "2022-12-30", `{"year":2022,"title":"Tập thể Lao động tiên tiến"}`))
	b.until(`document.querySelector("#events li").innerText.includes("Đảng bộ xã Mường Toong")`)
	b.clean()
}

func TestPagesAreReadWithoutJavaScript(t *testing.T) {
	o := serve(t, district()...)
	b := o.open(t)
	_, err := chromedp.Call(b.ctx, network.Enable, network.EnableParams{})
	if err == nil {
		_, err = chromedp.Call(b.ctx, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: []*network.BlockPattern{{URLPattern: "*://*:*/static/*.js*", Block: true}}})
	}
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{"/": "Mường Toong", "/members": "Vàng Thị Mỷ", "/feed": "Từ trần", "/worklist": "Xếp loại năm", "/members/m1": "Giàng A Sử"} {
		b.visit(path)
		if ask[bool](b, `typeof htmx !== "undefined"`) {
			t.Fatal("scripts run")
		}
		if !strings.Contains(ask[string](b, `document.querySelector("main").innerText`), text) {
			t.Errorf("%s does not show %q without JavaScript", path, text)
		}
	}
	b.visit("/")
	b.run(chromedp.SetValue(chromedp.CSS("#as_of"), "14/06/2022"), chromedp.Click(chromedp.CSS("form.when button.show")))
	b.until(`document.querySelector(".bars tfoot .n").innerText === "9"`)
}

func TestASearchStandsInNoAddress(t *testing.T) {
	o := serve(t, district()...)
	b := o.open(t)
	b.visit("/members")
	b.run(chromedp.SendKeys(chromedp.CSS("#search"), "suong my"), chromedp.Click(chromedp.CSS("form.when button.show")))
	b.until(`document.querySelectorAll(".list tbody td.none").length === 1`)
	b.run(chromedp.SetValue(chromedp.CSS("#search"), "vang my"), chromedp.Click(chromedp.CSS("form.when button.show")))
	b.until(`document.querySelectorAll(".list tbody tr").length === 1 && document.querySelector(".list tbody th").innerText === "Vàng Thị Mỷ"`)
	if address := ask[string](b, "location.href"); strings.Contains(address, "my") && strings.Contains(address, "search") {
		t.Errorf("the search stands in the address %s", address)
	}
	b.clean()
	r, err := http.Get(o.url + "/members/m2")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if c := r.Header.Get("Cache-Control"); c != "no-store" {
		t.Errorf("a member's page may be stored: Cache-Control: %s", c)
	}
	b.visit("/members/m2")
	if title := ask[string](b, "document.title"); strings.Contains(title, "Mỷ") {
		t.Errorf("the title %q names somebody", title)
	}
}

func TestAnAuditorVerifiesAndTakesProofs(t *testing.T) {
	o := serve(t, district()...)
	b := o.open(t)
	b.visit("/audit")
	b.until(`document.querySelector("img.qr").naturalWidth > 50`)
	b.run(chromedp.Click(chromedp.CSS(`form[action="/audit/verify"] button`)))
	b.until(`document.querySelector(".note.good[role=status]") !== null`)
	b.accessible()
	b.clean()
	b.visit("/members/m3")
	if !ask[bool](b, `document.querySelector(".badge.good").innerText.includes("điểm kiểm")`) {
		t.Error("a member whose entries are all signed is not shown as verified")
	}
	form := strings.NewReader("member=m3")
	r, err := http.Post(o.url+"/audit/bundle", "application/x-www-form-urlencoded", form)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK || r.Header.Get("Content-Disposition") != `attachment; filename="m3.bundle"` {
		t.Errorf("the bundle: %s, %s", r.Status, r.Header.Get("Content-Disposition"))
	}
}
