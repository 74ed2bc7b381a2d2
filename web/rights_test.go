package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"rollbook/web"
	"rollbook/web/access"
	"rollbook/web/service"
)

// call is a request that every route gets, about an organisation.
type call struct{ path, body string }

// calls makes a request that is right for each route, by the name of its operation.
func (o *office) calls(operation, path, organisation string) call {
	o.t.Helper()
	q := url.Values{}
	fill := func(name, value string) { path = strings.ReplaceAll(path, "{"+name+"}", value) }
	body := ""
	switch operation {
	case "record-event":
		q.Set("dry_run", "true")
		body = event("member.rated", "member/m-"+organisation, "2023-12-20", `{"year":2023,"grade":"good"}`)
	case "import-events":
		q.Set("dry_run", "true")
		body = event("member.rated", "member/m-"+organisation, "2023-12-20", `{"year":2023,"grade":"good"}`)
	case "member-history":
		fill("id", "m-"+organisation)
	case "village-history":
		fill("id", "v-"+organisation)
	case "organisation-history", "read-organisation":
		fill("id", organisation)
	case "member-bundle":
		fill("member", "m-"+organisation)
	case "report-movements", "report-admissions", "report-discipline", "report-confirmations", "report-badges":
		q.Set("from", "2021-12-31")
		q.Set("to", "2022-12-31")
	case "report-indicators", "report-ratings":
		q.Set("year", "2022")
		q.Set("as_of", "2022-12-31")
	case "explain-headcount", "explain-movements", "explain-indicators", "explain-findings":
		q.Set("from", "2021-12-31")
		q.Set("to", "2022-12-31")
	case "add-account":
		body = `{"name":"New"}`
	case "grant-role", "revoke-role", "disable-account", "invite-account", "bind-account", "unbind-account", "make-token":
		a, err := o.rights.Add(context.Background(), "Object", "en")
		if err != nil {
			o.t.Fatal(err)
		}
		fill("id", a.ID)
		fill("role", "reporter")
		switch operation {
		case "bind-account":
			body = fmt.Sprintf(`{"issuer":"https://login.example","subject":%q}`, a.ID)
		case "disable-account":
			body = `{"disabled":true}`
		case "make-token":
			body = `{"name":"t","days":1}`
		}
	case "revoke-token":
		a, err := o.rights.Add(context.Background(), "Object", "en")
		if err != nil {
			o.t.Fatal(err)
		}
		_, token, err := o.rights.NewToken(context.Background(), a.ID, "t", nil, time.Hour)
		if err != nil {
			o.t.Fatal(err)
		}
		fill("id", token.Prefix)
	}
	if strings.HasPrefix(operation, "report-") || strings.HasPrefix(operation, "explain-") || operation == "read-events" {
		q.Set("organisation", organisation)
	}
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return call{path, body}
}

// expected is the status that a right makes: 0 is any that is no refusal.
func expected(r web.Right, role access.Role, granted, target string, below map[string][]string) int {
	inside := granted == "" || slices.Contains(below[granted], target)
	switch {
	case r.Reach == web.SignedIn:
		return 0
	case !role.May(r.Action):
		return http.StatusForbidden
	case r.Reach == web.Whole && granted != "":
		return http.StatusForbidden
	case (r.Reach == web.Organisation || r.Reach == web.Subject) && !inside:
		return http.StatusNotFound
	}
	return 0
}

// Every route, as every role, granted on the whole ledger or on the commune a, asks
// about a itself, the cell below it, the district above it, and the commune beside
// it. What is to come of it follows from the right that the route declares; a route
// that declares none fails.
func TestEveryRouteIsOpenToThoseWithItsRightAndToNobodyElse(t *testing.T) {
	o := open(t)
	below := map[string][]string{"a": {"a", "a1"}}
	type visitor struct {
		role    access.Role
		granted string
		token   string
	}
	var visitors []visitor
	for _, role := range access.Roles() {
		for _, granted := range []string{"", "a"} {
			visitors = append(visitors, visitor{role, granted, o.account(access.Grant{Role: role, Organisation: granted})})
		}
	}
	nobody := o.account()
	tried := 0
	for path, methods := range o.routes {
		for method, described := range methods {
			operation, _ := described.(map[string]any)["operationId"].(string)
			right, ok := web.RightOf(operation)
			if !ok {
				t.Errorf("%s %s (%s) declares no right: see rights.go", method, path, operation)
				continue
			}
			method = strings.ToUpper(method)
			try := func(name, token, target string, want int) {
				c := o.calls(operation, path, target)
				tried++
				got := o.ask(token, method, c.path, c.body)
				refused := got.status == http.StatusUnauthorized || got.status == http.StatusForbidden || got.status == http.StatusNotFound
				if want == 0 && (refused || got.status >= 500) || want != 0 && got.status != want {
					t.Errorf("%s asks %s %s: %d, want %s: %.300s", name, method, c.path, got.status, wanted(want), got.body)
				}
			}
			for _, target := range []string{"a", "a1", "d", "b"} {
				try("a stranger", "", target, http.StatusUnauthorized)
				none := http.StatusForbidden
				if right.Reach == web.SignedIn {
					none = 0
				}
				try("somebody without a grant", nobody, target, none)
				for _, v := range visitors {
					want := expected(right, v.role, v.granted, target, below)
					try(fmt.Sprintf("%s of %q", v.role, v.granted), v.token, target, want)
				}
				if right.Reach == web.Whole || right.Reach == web.SignedIn {
					break // the target is of no account
				}
			}
		}
	}
	if tried < 900 {
		t.Errorf("tried only %d requests", tried)
	}
}

func wanted(status int) string {
	if status == 0 {
		return "no refusal"
	}
	return fmt.Sprint(status)
}

// What is out of reach and what does not exist are answered the same, to the byte
// but for the id of the request.
func TestOutOfReachIsAnsweredAsAbsent(t *testing.T) {
	o := open(t)
	token := o.account(access.Grant{Role: access.Manager, Organisation: "a"}, access.Grant{Role: access.Auditor, Organisation: "a"})
	for _, pair := range [][2]string{
		{"/api/v1/members/m-b/history", "/api/v1/members/m-none/history"},
		{"/api/v1/organisations/b", "/api/v1/organisations/none"},
		{"/api/v1/organisations/b/history", "/api/v1/organisations/none/history"},
		{"/api/v1/villages/v-b/history", "/api/v1/villages/v-none/history"},
		{"/api/v1/bundles/m-b", "/api/v1/bundles/m-none"},
		{"/api/v1/reports/headcount?organisation=b", "/api/v1/reports/headcount?organisation=none"},
		{"/api/v1/reports/register?organisation=b", "/api/v1/reports/register?organisation=none"},
		{"/api/v1/events?organisation=b", "/api/v1/events?organisation=none"},
		{"/api/v1/reports/headcount?organisation=d", "/api/v1/nothing/at/all"},
	} {
		there := o.ask(token, http.MethodGet, pair[0], "", "X-Request-Id", "request-1")
		absent := o.ask(token, http.MethodGet, pair[1], "", "X-Request-Id", "request-1")
		if there.status != http.StatusNotFound || there.status != absent.status || there.body != absent.body {
			t.Errorf("%s: %d %s\n%s: %d %s", pair[0], there.status, there.body, pair[1], absent.status, absent.body)
		}
	}
	there := o.ask(token, http.MethodPost, "/api/v1/events", event("member.rated", "member/m-b", "2023-12-20", `{"year":2023,"grade":"good"}`), "X-Request-Id", "request-1")
	absent := o.ask(token, http.MethodPost, "/api/v1/events", event("member.rated", "member/m-none", "2023-12-20", `{"year":2023,"grade":"good"}`), "X-Request-Id", "request-1")
	if there.status != http.StatusNotFound || there.body != absent.body {
		t.Errorf("recording: %d %s\nabsent: %d %s", there.status, there.body, absent.status, absent.body)
	}
}

// Every report that there is has an operation, under the right that the pages offer it by.
func TestEveryReportIsAnOperation(t *testing.T) {
	for _, k := range service.Reports() {
		operation := k.Name
		if !k.Explains() {
			operation = "report-" + k.Name
		}
		if right, ok := web.RightOf(operation); !ok || right != (web.Right{Action: k.Needs, Reach: web.Organisation}) {
			t.Errorf("%s takes %+v, and is offered by %s", operation, right, k.Needs)
		}
	}
}
