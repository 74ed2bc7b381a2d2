package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
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
	const issuer, subject = "https://login.example/realm", "248289761001"
	var bound struct {
		ID       string
		Identity struct{ Issuer, Subject string }
	}
	do(&bound, "add", "Vừ A Mẫu", "--oidc", subject, "--oidc-issuer", issuer)
	if bound.Identity.Issuer != issuer || bound.Identity.Subject != subject {
		t.Errorf("added with an identity: %+v", bound)
	}
	for name, c := range map[string]struct {
		args []string
		exit int
	}{
		"the identity of another":   {[]string{"bind", account.ID, subject, "--oidc-issuer", issuer}, exitConflict},
		"of no provider":            {[]string{"bind", account.ID, "1"}, exitUsage},
		"a subject with a space":    {[]string{"add", "Sùng A Mẫu", "--oidc", "a b", "--oidc-issuer", issuer}, exitUsage},
		"an account without issuer": {[]string{"add", "Sùng A Mẫu", "--oidc", "1"}, exitUsage},
		"to no account":             {[]string{"bind", "u-none", "1", "--oidc-issuer", issuer}, exitNotFound},
	} {
		if a := rollbook(t, nil, append([]string{"--data", dir, "access"}, c.args...)...); a.exit != c.exit {
			t.Errorf("%s: exit %d, want %d: %s", name, a.exit, c.exit, a.stderr)
		}
	}
	do(&struct{}{}, "unbind", bound.ID)
	do(&struct{}{}, "bind", account.ID, subject, "--oidc-issuer", issuer)
	do(&struct{}{}, "disable", bound.ID)
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
		if u.Disabled != (u.ID == account.ID || u.ID == bound.ID) {
			t.Errorf("%+v: only %s and %s are disabled", u, account.ID, bound.ID)
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

// A provider that cannot be used is refused before anything is made; one that does not
// answer keeps no service from starting.
func TestServeWithAnOpenIDProvider(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	readable := filepath.Join(t.TempDir(), "readable")
	if err := os.WriteFile(readable, []byte("s3cret"), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := shortDir(t)
	const issuer = "--oidc-issuer=http://127.0.0.1:1"
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"without a client id":        {[]string{issuer}, "client id"},
		"without an issuer":          {[]string{"--oidc-client-id", "c"}, "--oidc-issuer"},
		"a CA that is none":          {[]string{issuer, "--oidc-client-id", "c", "--oidc-ca", secret}, "has no certificate in PEM form"},
		"an issuer in clear":         {[]string{"--oidc-issuer", "http://login.example", "--oidc-client-id", "c"}, "TLS"},
		"a secret that others read":  {[]string{issuer, "--oidc-client-id", "c", "--oidc-client-secret", readable}, "chmod 600"},
		"no address to come back to": {[]string{issuer, "--oidc-client-id", "c", "--listen", "0.0.0.0:0", "--tls-cert", "c", "--tls-key", "k"}, "--url"},
	} {
		a := rollbook(t, nil, append([]string{"--data", dir, "serve", "--listen", "127.0.0.1:0"}, c.args...)...)
		if a.exit != exitUsage || !strings.Contains(a.stderr, c.says) {
			t.Errorf("%s: exit %d, %s; want %d and a word of %s", name, a.exit, a.stderr, exitUsage, c.says)
		}
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("%s: a ledger was made", name)
		}
	}
	s := serveDirectory(t, dir, issuer, "--oidc-client-id", "c", "--oidc-client-secret", secret)
	answer, err := http.Get(s.URL + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var state struct{ Remarks []string }
	if err := json.NewDecoder(answer.Body).Decode(&state); err != nil || answer.StatusCode != http.StatusOK || len(state.Remarks) != 1 || !strings.Contains(state.Remarks[0], "OpenID") {
		t.Errorf("ready: %d %+v, %v; want 200 and a remark about the provider", answer.StatusCode, state, err)
	}
	if exit := s.end(); exit != exitDone {
		t.Errorf("it ended with %d", exit)
	}
}
