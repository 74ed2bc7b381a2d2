package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// An account is added, given a role and a token beside a running service, which sees
// all of it at once; and what it reads is in the log of readings.
func TestAccess(t *testing.T) {
	dir := shortDir(t)
	if a := rollbook(t, nil, "--data", dir, "import", "testdata/office.ndjson"); a.exit != exitDone {
		t.Fatalf("import: %+v", a)
	}
	s := serveDirectory(t, dir)
	if !strings.HasPrefix(s.First, s.URL+"/first/") {
		t.Errorf("the first start shows %q, want a link for the first operator", s.First)
	}
	do := func(into any, args ...string) {
		t.Helper()
		a := rollbook(t, nil, append([]string{"--data", dir, "--json", "access"}, args...)...)
		if a.exit != exitDone {
			t.Fatalf("access %v: exit %d, %s%s", args, a.exit, a.stdout, a.stderr)
		}
		if err := json.Unmarshal([]byte(a.stdout), into); err != nil {
			t.Fatalf("access %v: %v: %s", args, err, a.stdout)
		}
	}
	var account struct{ ID string }
	do(&account, "add", "Lò Thị Mẫu")
	var made struct{ Token, Prefix, Path string }
	do(&made, "token", account.ID, "--days", "1")
	history := func() int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/v1/members/m4/history", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+made.Token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	if got := history(); got != http.StatusForbidden {
		t.Errorf("without a role: %d, want 403", got)
	}
	do(&struct{}{}, "grant", account.ID, "clerk")
	if got := history(); got != http.StatusOK {
		t.Errorf("as a clerk: %d, want 200", got)
	}
	var log struct {
		Readings []struct{ Account, What, Subject string }
	}
	do(&log, "readings", "--subject", "member/m4")
	if len(log.Readings) != 1 || log.Readings[0].Account != account.ID || log.Readings[0].What != "member_read" {
		t.Errorf("the log of readings has %+v, want the one reading", log.Readings)
	}
	do(&made, "invite", account.ID)
	if !strings.HasPrefix(made.Path, "/first/") {
		t.Errorf("the link is %q", made.Path)
	}
	do(&struct{}{}, "revoke", account.ID, "clerk")
	if got := history(); got != http.StatusForbidden {
		t.Errorf("after the role was taken away: %d, want 403", got)
	}
	do(&struct{}{}, "end-token", made.Prefix)
	if got := history(); got != http.StatusUnauthorized {
		t.Errorf("after the token was ended: %d, want 401", got)
	}
	do(&struct{}{}, "disable", account.ID)
	var accounts struct {
		Accounts []struct {
			ID       string
			Disabled bool
		}
	}
	do(&accounts, "list")
	for _, u := range accounts.Accounts {
		if u.Disabled != (u.ID == account.ID) {
			t.Errorf("%+v: only %s is disabled", u, account.ID)
		}
	}
	if a := rollbook(t, nil, "--data", dir, "access", "grant", "u-nobody", "clerk"); a.exit != exitNotFound {
		t.Errorf("a grant to nobody: exit %d, want %d", a.exit, exitNotFound)
	}
	if a := rollbook(t, nil, "--data", dir, "access", "grant", account.ID, "king"); a.exit != exitUsage {
		t.Errorf("an unknown role: exit %d, want %d", a.exit, exitUsage)
	}
}

func TestServeRefusesToBeReachedInClear(t *testing.T) {
	if a := rollbook(t, nil, "--data", t.TempDir(), "serve", "--listen", "0.0.0.0:0"); a.exit != exitUsage || !strings.Contains(a.stderr, "TLS") {
		t.Errorf("exit %d, %s; want %d and a word of TLS", a.exit, a.stderr, exitUsage)
	}
}
