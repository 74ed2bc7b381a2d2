package pages_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"rollbook/web/access"
)

// as makes somebody with one role the visitor.
func (o *office) as(role access.Role, organisation string) {
	o.visitor = access.Visitor{ID: "a-" + string(role), Language: "vi", Means: access.BySession, Form: "form-of-" + string(role), Grants: []access.Grant{{Role: role, Organisation: organisation}}}
}

func (o *office) get(t testing.TB, path string) (status int, body string, h http.Header) {
	t.Helper()
	return answer(t, func(c *http.Client) (*http.Response, error) { return c.Get(o.url + path) })
}

func (o *office) post(t testing.TB, path string, pairs ...string) (status int, body string, h http.Header) {
	t.Helper()
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return answer(t, func(c *http.Client) (*http.Response, error) { return c.PostForm(o.url+path, v) })
}

func answer(t testing.TB, ask func(*http.Client) (*http.Response, error)) (int, string, http.Header) {
	t.Helper()
	r, err := ask(&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b), r.Header
}

func TestAStrangerIsSentToTheDoor(t *testing.T) {
	o := serve(t, district()...)
	o.visitor = access.Visitor{}
	status, body, h := o.get(t, "/members/m1?known=then")
	if status != http.StatusSeeOther || h.Get("Location") != "/sign-in?next=%2Fmembers%2Fm1%3Fknown%3Dthen" || strings.Contains(body, "Giàng") {
		t.Errorf("a stranger gets %d, %s", status, h.Get("Location"))
	}
	if status, _, h = o.post(t, "/record/member.died", "subject", "m1"); status != http.StatusSeeOther || h.Get("Location") != "/sign-in" {
		t.Errorf("a stranger's form gets %d, %s", status, h.Get("Location"))
	}
}

func TestAFormOfSomebodyElseIsRefused(t *testing.T) {
	o := serve(t, district()...)
	o.as(access.Clerk, "")
	before, _ := o.ledger.Last(t.Context())
	for _, path := range []string{"/record/member.died", "/members", "/audit/verify", "/audit/bundle", "/members/m1", "/import/x"} {
		if status, _, _ := o.post(t, path, "subject", "m2", "effectiveon", "2022-12-01", "do", "record", "csrf_token", "another"); status != http.StatusForbidden {
			t.Errorf("a forged form to %s is answered with %d, want 403", path, status)
		}
	}
	if last, _ := o.ledger.Last(t.Context()); last != before {
		t.Error("a forged form has stored something")
	}
	if status, body, _ := o.post(t, "/record/member.died", "subject", "m2", "effectiveon", "2022-12-01", "do", "record", "csrf_token", o.visitor.Form); status != http.StatusOK {
		t.Errorf("the clerk's own form is answered with %d: %s", status, body)
	}
}

func TestAClerkOfOneCommuneSeesNothingOfAnother(t *testing.T) {
	o := serve(t, district()...)
	o.as(access.Clerk, "xa-a")
	if status, body, _ := o.get(t, "/members"); status != http.StatusOK || !strings.Contains(body, "Giàng A Sử") || strings.Contains(body, "Vàng Thị Mỷ") {
		t.Errorf("the register of a clerk of xa-a: %d", status)
	}
	for _, path := range []string{"/members/m2", "/organisations/xa-b", "/members?organisation=xa-b", "/members/nobody", "/organisations/none"} {
		status, body, _ := o.get(t, path)
		if status != http.StatusNotFound || strings.Contains(body, "Mường Toong") || strings.Contains(body, "Vàng Thị") {
			t.Errorf("%s is answered with %d, want 404 and nothing of it", path, status)
		}
	}
	if _, body, _ := o.get(t, "/audit"); !strings.Contains(body, "Không có quyền") {
		t.Error("a clerk is shown the audit page")
	}
}

func TestAnAuditorOpensWhatIsPersonalForAReasonOnly(t *testing.T) {
	o := serve(t, district()...)
	o.as(access.Auditor, "")
	status, body, _ := o.get(t, "/members/m1")
	if status != http.StatusOK || strings.Contains(body, "Giàng A Sử") || !strings.Contains(body, "niêm phong") {
		t.Errorf("without a reason: %d, or a name is shown", status)
	}
	if status, body, _ = o.post(t, "/members/m1", "reason", "x", "csrf_token", o.visitor.Form); status != http.StatusBadRequest || strings.Contains(body, "Giàng A Sử") {
		t.Errorf("with a reason that is none: %d, or a name is shown", status)
	}
	if status, body, _ = o.post(t, "/members/m1", "reason", "Đối chiếu đơn thư số 12", "csrf_token", o.visitor.Form); status != http.StatusOK || !strings.Contains(body, "Giàng A Sử") {
		t.Errorf("with a reason: %d, and no name", status)
	}
}

func TestAReporterSeesNoSmallNumberAndNobody(t *testing.T) {
	o := serve(t, district()...)
	o.as(access.Reporter, "")
	status, body, _ := o.get(t, "/")
	if status != http.StatusOK || !strings.Contains(body, "Số dưới 5 được ẩn") || strings.Contains(body, "/drill/") {
		t.Errorf("the overview of a reporter: %d; it has to say what is hidden, and lead to nobody", status)
	}
	if status, _, _ := o.get(t, "/members"); status != http.StatusForbidden {
		t.Errorf("the register is answered with %d, want 403", status)
	}
}

func TestTheFirstAccountSignsInThroughThePages(t *testing.T) {
	o := serve(t, district()...)
	o.visitor = access.Visitor{}
	token, err := o.rights.FirstOperator(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := o.open(t)
	b.visit("/first/" + token)
	b.accessible()
	b.run(chromedp.SendKeys(chromedp.CSS("#account"), "vanhanh"), chromedp.SendKeys(chromedp.CSS("#password"), "mot mat khau that dai 7"), chromedp.Click(chromedp.CSS("button.main")))
	b.until(`location.pathname === "/" && document.querySelector("h1").innerText === "Đã đăng nhập"`)
	b.run(chromedp.Click(chromedp.CSS(`form[action="/sign-out"] button`)))
	b.until(`location.pathname === "/sign-in"`)
	b.run(chromedp.SendKeys(chromedp.CSS("#account"), "vanhanh"), chromedp.SendKeys(chromedp.CSS("#password"), "mot mat khau sai lam 8"), chromedp.Click(chromedp.CSS("button.main")))
	b.until(`document.querySelector("[role=alert]") !== null`)
	b.run(chromedp.SendKeys(chromedp.CSS("#account"), "vanhanh"), chromedp.SendKeys(chromedp.CSS("#password"), "mot mat khau that dai 7"), chromedp.Click(chromedp.CSS("button.main")))
	b.until(`location.pathname === "/" && document.querySelector("h1").innerText === "Đã đăng nhập"`)
	b.clean()
}

func TestWhereALanguageIsChosenLeadsNowhereElse(t *testing.T) {
	o := serve(t, district()...)
	for _, next := range []string{"//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", ""} {
		if _, _, h := o.post(t, "/language", "language", "en", "next", next); h.Get("Location") != "/" {
			t.Errorf("next=%q leads to %q, want /", next, h.Get("Location"))
		}
	}
	if _, _, h := o.post(t, "/language", "language", "en", "next", "/members?status=all"); h.Get("Location") != "/members?status=all" {
		t.Errorf("leads to %q, want back", h.Get("Location"))
	}
}
