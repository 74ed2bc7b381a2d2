package pages_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rollbook/ledger"
	"rollbook/web"
	"rollbook/web/access"
	"rollbook/web/openid"
	"rollbook/web/pages"
	"rollbook/web/service"
)

// office is a ledger that is served, with its pages.
type office struct {
	ledger *ledger.Ledger
	rights *access.Access
	url    string
	// visitor is who asks, and unknown whom the OpenID provider has sent without one.
	visitor access.Visitor
	unknown access.Identity
}

// now is when the tests take place.
func now() time.Time { return time.Date(2022, 12, 31, 9, 0, 0, 0, time.Local) }

// serve serves a new ledger with some lines in it.
func serve(t testing.TB, lines ...string) *office {
	t.Helper()
	dir := t.TempDir()
	l, err := ledger.Open(t.Context(), dir, ledger.Options{Create: true, Name: "muong-thu"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	rights, err := access.Open(t.Context(), access.Config{Dir: dir, Places: service.Places{Ledger: l, Clock: now}, Clock: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rights.Close(); err != nil {
			t.Error(err)
		}
	})
	o := &office{ledger: l, rights: rights, visitor: access.Owner()}
	o.add(t, lines...)
	provider, err := openid.New(openid.Config{Issuer: "http://127.0.0.1:1", ClientID: "rollbook"}) // nobody asks it anything
	if err != nil {
		t.Fatal(err)
	}
	s := &service.Service{Ledger: l, Access: rights, Provider: provider, Clock: now}
	seen, err := pages.New(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	inside := web.New(web.Options{Service: s, Pages: seen}).Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		if o.visitor.ID != "" {
			ctx = access.With(ctx, o.visitor)
		}
		if o.unknown.Subject != "" {
			ctx = access.WithIdentity(ctx, o.unknown)
		}
		inside.ServeHTTP(w, r.WithContext(ctx))
	}))
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections) // streams go on for ever
	o.url = server.URL
	return o
}

// add imports lines.
func (o *office) add(t testing.TB, lines ...string) {
	t.Helper()
	r, err := o.ledger.Import(t.Context(), []ledger.File{{Name: "test.ndjson", Reader: strings.NewReader(strings.Join(lines, "\n"))}}, ledger.ImportOptions{Language: "en"})
	if err != nil || r.Rejected > 0 {
		t.Fatalf("Import = %+v, %v", r, err)
	}
	if _, err := o.ledger.Sign(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
}

func event(typ, subject, on, data string) string {
	return fmt.Sprintf(`{"type":%q,"subject":%q,"effectiveon":%q,"data":%s}`, typ, subject, on, data)
}

// district is a small district: two communes with cells, members of several ethnic
// groups, quotas, a candidate, a merger of nothing, an annulled entry and a late
// one.
func district() []string {
	lines := []string{
		event("organisation.established", "organisation/huyen", "2015-01-01", `{"name":"Đảng bộ huyện Mường Thử","kind":"district_committee","parent":null}`),
		event("organisation.established", "organisation/xa-a", "2015-01-02", `{"name":"Đảng bộ xã Nậm Kè","kind":"grassroots_committee","parent":"huyen","sector":"commune"}`),
		event("organisation.established", "organisation/xa-b", "2015-01-02", `{"name":"Đảng bộ xã Mường Toong","kind":"grassroots_committee","parent":"huyen","sector":"commune"}`),
		event("organisation.established", "organisation/cb-a1", "2015-01-03", `{"name":"Chi bộ bản Huổi Hạ","kind":"cell","parent":"xa-a"}`),
		event("organisation.established", "organisation/cb-b1", "2015-01-03", `{"name":"Chi bộ bản Pá Mỳ","kind":"cell","parent":"xa-b"}`),
		event("organisation.quota_set", "organisation/xa-a", "2022-01-01", `{"year":2022,"admissions":2}`),
		event("organisation.quota_set", "organisation/xa-b", "2022-01-01", `{"year":2022,"admissions":1}`),
		event("organisation.target_set", "organisation/huyen", "2020-06-01", `{"from":"2020-06-01","to":"2025-06-01","admissions":10}`),
		event("organisation.rated", "organisation/xa-a", "2022-12-20", `{"year":2022,"grade":"good"}`),
		event("village.registered", "village/v1", "2015-02-01", `{"name":"Bản Huổi Hạ","commune":"xa-a"}`),
		event("village.cell_assigned", "village/v1", "2015-03-01", `{"cell":"cb-a1","joint":false}`),
		event("village.registered", "village/v2", "2015-02-01", `{"name":"Bản Tàng Phon","commune":"xa-b"}`),
	}
	people := []struct{ name, gender, ethnicity string }{
		{"Giàng A Sử", "male", "26"},
		{"Vàng Thị Mỷ", "female", "26"},
		{"Lò Văn Phương", "male", "03"},
		{"Nguyễn Thị Hường", "female", "01"},
		{"Pờ Xè Chừ", "male", "34"},
		{"Đỗ Đức Dương", "male", "01"},
		{"Thào A Páo", "male", "26"},
		{"Quàng Thị Ỏm", "female", "03"},
	}
	for i, who := range people {
		cell := []string{"cb-a1", "cb-b1"}[i%2]
		lines = append(lines, event("member.brought_forward", fmt.Sprintf("member/m%d", i+1), "2016-01-01", fmt.Sprintf(
			`{"person":{"full_name":%q,"birth_date":"19%d0-05-1%d","gender":%q,"ethnicity":%q,"religion":"00","education":"12/12"},"organisation":%q,"status":"official","admitted_on":"2010-05-19","confirmed_on":"2011-05-19"}`,
			who.name, 6+i%3, i, who.gender, who.ethnicity, cell)))
	}
	return append(lines,
		event("member.identified", "member/c1", "2021-03-01", `{"person":{"full_name":"Sùng Thị Dợ","birth_date":"1998-02-03","gender":"female","ethnicity":"26","religion":"00"},"organisation":"cb-a1","source":"youth_union"}`),
		event("member.mentor_assigned", "member/c1", "2021-03-02", `{"mentor":"m1","role":"mentor"}`),
		event("member.course_completed", "member/c1", "2021-09-01", `{"course":"party_awareness","certificate":"12/2021"}`),
		event("member.admitted", "member/c1", "2022-02-03", `{"decision":{"number":"112-QĐ/HU","date":"2022-02-03","issued_by":"huyen"}}`),
		event("member.identified", "member/c2", "2022-05-01", `{"person":{"full_name":"Hờ A Dế","birth_year":1999,"gender":"male","ethnicity":"26","religion":"02"},"organisation":"cb-b1","source":"student"}`),
		event("member.rated", "member/m1", "2022-12-10", `{"year":2022,"grade":"excellent"}`),
		event("member.disciplined", "member/m3", "2022-06-01", `{"measure":"warning","decision":{"number":"9-QĐ/UBKT","date":"2022-06-01"}}`),
		strings.Replace(event("member.disciplined", "member/m1", "2022-07-01", `{"measure":"reprimand","decision":{"number":"10-QĐ/UBKT","date":"2022-07-01"}}`), "{", `{"id":"wrong-1",`, 1),
		strings.Replace(event("member.entry_annulled", "member/m1", "2022-07-01", `{"annuls":"wrong-1"}`), "{", `{"reason":"Ghi nhầm người",`, 1),
		event("member.rated", "member/m1", "2021-12-10", `{"year":2021,"grade":"good"}`),
		event("member.died", "member/m8", "2022-08-08", `{}`),
	)
}
