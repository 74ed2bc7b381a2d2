package web_test

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"rollbook/web"
	"rollbook/web/access"
	"rollbook/web/openid"
	"rollbook/web/pages"
	"rollbook/web/service"
)

// door is an office that people enter by way of a provider.
type door struct {
	*office
	url      string
	provider *provider
	account  access.Account
}

// openDoor makes it, with an account that is bound to the provider's subject.
func openDoor(t *testing.T, p *provider) *door {
	t.Helper()
	d := &door{office: open(t), provider: p}
	front := httptest.NewUnstartedServer(nil)
	d.url = "http://" + front.Listener.Addr().String()
	p.back = d.url + openid.ReturnPath
	clock := func() time.Time { return now }
	at, err := openid.New(openid.Config{Issuer: p.issuer, ClientID: p.clientID, SecretFile: p.secretFile(), Return: p.back, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	s := &service.Service{Ledger: d.ledger, Access: d.rights, Provider: at, Clock: clock}
	seen, err := pages.New(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	d.server = web.New(web.Options{Service: s, Pages: seen})
	front.Config.Handler = d.server.Handler()
	front.Start()
	t.Cleanup(front.Close)
	if d.account, err = d.rights.Add(t.Context(), "Lò Thị Mẫu", "vi"); err != nil {
		t.Fatal(err)
	}
	if err := d.rights.Bind(t.Context(), d.account.ID, access.Identity{Issuer: p.issuer, Subject: p.subject}); err != nil {
		t.Fatal(err)
	}
	return d
}

// browser keeps cookies and follows nothing by itself.
type browser struct {
	t testing.TB
	http.Client
}

func newBrowser(t testing.TB) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (b *browser) get(address string) answer {
	b.t.Helper()
	r, err := b.Get(address)
	if err != nil {
		b.t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{r.StatusCode, r.Header, string(body)}
}

// leave goes to the provider, and returns the address by which it sends back.
func (b *browser) leave(d *door, next string) string {
	b.t.Helper()
	away := b.get(d.url + "/sign-in/provider?next=" + url.QueryEscape(next))
	if away.status != http.StatusSeeOther || !strings.HasPrefix(away.header.Get("Location"), d.provider.issuer+"/authorize?") {
		b.t.Fatalf("to the provider: %d %s %s", away.status, away.header.Get("Location"), away.body)
	}
	return b.get(away.header.Get("Location")).header.Get("Location")
}

// failed returns why a sign-in did not come about, and checks that it did not.
func (b *browser) failed(d *door, a answer) string {
	b.t.Helper()
	if in := b.get(d.url + "/api/v1/me"); in.status != http.StatusUnauthorized {
		b.t.Errorf("somebody is signed in: %d %s", in.status, in.body)
	}
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil {
		b.t.Fatal(err)
	}
	return u.Query().Get("failed")
}

func TestSigningInAtAnOpenIDProvider(t *testing.T) {
	t.Parallel()
	d := openDoor(t, startProvider(t))
	b := newBrowser(t)
	if page := b.get(d.url + "/sign-in?next=/members"); page.status != http.StatusOK || !strings.Contains(page.body, "/sign-in/provider?next=%2Fmembers") || !strings.Contains(page.body, `name="password"`) {
		t.Errorf("the form offers not both ways: %d %s", page.status, page.body)
	}
	in := b.get(b.leave(d, "/members"))
	if in.status != http.StatusSeeOther || in.header.Get("Location") != "/members" {
		t.Fatalf("back from the provider: %d %v", in.status, in.header)
	}
	cookies := strings.Join(in.header.Values("Set-Cookie"), "\n")
	if !strings.Contains(cookies, "rollbook-departure=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax") || strings.Count(cookies, "HttpOnly; SameSite=Lax") != 2 {
		t.Errorf("the cookies are\n%s", cookies)
	}
	var me struct{ ID string }
	if a := b.get(d.url + "/api/v1/me"); json.Unmarshal([]byte(a.body), &me) != nil || me.ID != d.account.ID {
		t.Errorf("signed in is %s, want %s", a.body, d.account.ID)
	}
	if away := newBrowser(t).get(d.url + "/sign-in/provider?next=" + url.QueryEscape("//evil.example/")); away.status != http.StatusSeeOther {
		t.Errorf("with a foreign address to go on to: %d", away.status)
	}
	other := newBrowser(t)
	if in := other.get(other.leave(d, "//evil.example/")); in.header.Get("Location") != "/" {
		t.Errorf("after it a foreign address is gone to: %s", in.header.Get("Location"))
	}

	// With TLS a browser takes the cookie from nobody else, and sends it in clear to nobody.
	secure := web.New(web.Options{Service: &service.Service{Ledger: d.ledger, Access: d.rights, Provider: d.at(t), Clock: func() time.Time { return now }}, Secure: true})
	w := httptest.NewRecorder()
	secure.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/sign-in/provider", nil))
	if c := w.Header().Get("Set-Cookie"); !strings.HasPrefix(c, "__Host-rollbook-departure=") || !strings.HasSuffix(c, "; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax") {
		t.Errorf("by TLS the cookie is %s", c)
	}
}

// at is the provider as another instance of the service knows it.
func (d *door) at(t *testing.T) *openid.Provider {
	t.Helper()
	p, err := openid.New(openid.Config{Issuer: d.provider.issuer, ClientID: d.provider.clientID, SecretFile: d.provider.secretFile(), Return: d.provider.back})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A token that the provider has not signed for this sign-in, here and now, signs nobody in.
func TestTokensThatAreNotToBeTrusted(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	d := openDoor(t, p)
	set := func(name string, v any) func(map[string]any) {
		return func(claims map[string]any) { claims[name] = v }
	}
	for name, c := range map[string]struct {
		twist func(map[string]any)
		sign  func([]byte) string
	}{
		"another nonce":                     {twist: set("nonce", "another")},
		"no nonce":                          {twist: set("nonce", nil)},
		"for another service":               {twist: set("aud", "another")},
		"for two, and asked by neither":     {twist: set("aud", []string{p.clientID, "another"})},
		"asked by another":                  {twist: set("azp", "another")},
		"expired":                           {twist: set("exp", now.Add(-time.Minute).Unix())},
		"without an end":                    {twist: set("exp", nil)},
		"not good yet":                      {twist: set("nbf", now.Add(time.Hour).Unix())},
		"of another issuer":                 {twist: set("iss", "https://login.example")},
		"about nobody":                      {twist: set("sub", nil)},
		"not signed":                        {sign: unsigned},
		"signed by a key that is not its":   {sign: p.signed(jose.RS256, rsaKeys()[1])},
		"signed with the client's secret":   {sign: p.signed(jose.HS256, []byte(p.secret+strings.Repeat(" ", 32)))},
		"signed by its key, in another way": {sign: p.signed(jose.PS256, rsaKeys()[0])},
		"not there":                         {sign: func([]byte) string { return "" }},
		"no token":                          {sign: func([]byte) string { return "a.b.c" }},
	} {
		p.twist, p.sign = c.twist, c.sign
		b := newBrowser(t)
		if why := b.failed(d, b.get(b.leave(d, "/members"))); why != "answer" {
			t.Errorf("a token %s: failed=%s, want answer", name, why)
		}
	}
	p.twist, p.sign = nil, nil
	b := newBrowser(t)
	if in := b.get(b.leave(d, "/members")); in.header.Get("Location") != "/members" {
		t.Errorf("a good one after them: %d %v", in.status, in.header)
	}
}

// An answer counts once, in the browser that asked, and changes nothing elsewhere.
func TestAnswersOfOtherSignIns(t *testing.T) {
	t.Parallel()
	d := openDoor(t, startProvider(t))
	attacker, victim := newBrowser(t), newBrowser(t)
	stolen := attacker.leave(d, "/")
	if why := victim.failed(d, victim.get(stolen)); why != "departure" {
		t.Errorf("the link of another, in a browser that asked nothing: failed=%s, want departure", why)
	}
	own := victim.leave(d, "/members")
	if why := victim.failed(d, victim.get(stolen)); why != "answer" {
		t.Errorf("the link of another, in a browser that asked: failed=%s, want answer", why)
	}
	changed := func(address string, set url.Values) string {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		maps.Copy(q, set)
		u.RawQuery = q.Encode()
		return u.String()
	}
	code := func(address string) []string {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		return u.Query()["code"]
	}
	for name, set := range map[string]url.Values{"another state": {"state": {strings.Repeat("x", 43)}}, "no state": {"state": nil}} {
		if why := victim.failed(d, victim.get(changed(own, set))); why != "answer" {
			t.Errorf("%s: failed=%s, want answer", name, why)
		}
	}
	if in := victim.get(own); in.header.Get("Location") != "/members" {
		t.Errorf("none of it has ended the sign-in that was under way, but it fails: %v", in.header)
	}

	again := newBrowser(t)
	used := again.leave(d, "/")
	if in := again.get(used); in.status != http.StatusSeeOther || in.header.Get("Location") != "/" {
		t.Fatalf("the first time: %d %v", in.status, in.header)
	}
	if a := again.get(used); !strings.Contains(a.header.Get("Location"), "failed=departure") || len(a.header.Values("Set-Cookie")) != 0 {
		t.Errorf("the same address again: %v", a.header)
	}
	for name, c := range map[string]struct {
		set  func() url.Values
		want string
	}{
		"a code that was used":   {func() url.Values { return url.Values{"code": code(used)} }, "answer"},
		"a code of another's":    {func() url.Values { return url.Values{"code": code(newBrowser(t).leave(d, "/"))} }, "answer"},
		"no code":                {func() url.Values { return url.Values{"code": nil} }, "answer"},
		"another issuer":         {func() url.Values { return url.Values{"iss": {"https://login.example"}} }, "answer"},
		"the provider's refusal": {func() url.Values { return url.Values{"code": nil, "error": {"access_denied"}} }, "refused"},
	} {
		b := newBrowser(t)
		if why := b.failed(d, b.get(changed(b.leave(d, "/"), c.set()))); why != c.want {
			t.Errorf("%s: failed=%s, want %s", name, why, c.want)
		}
	}
}

// Somebody whom nobody has bound an account to is told what to ask for, and gets none.
func TestAnIdentityWithoutAnAccount(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	d := openDoor(t, p)
	p.subject = "a-stranger-81"
	accounts := func() int {
		list, err := d.rights.Accounts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	before := accounts()
	b := newBrowser(t)
	page := b.get(b.leave(d, "/members"))
	b.failed(d, page)
	for _, want := range []string{"a-stranger-81", p.issuer, "người vận hành"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page (%d) does not say %q: %s", page.status, want, page.body)
		}
	}
	if page.status != http.StatusBadRequest || strings.Contains(page.header.Get("Location"), "81") {
		t.Errorf("answered %d %v", page.status, page.header)
	}
	if after := accounts(); after != before {
		t.Errorf("there are %d accounts, and were %d", after, before)
	}
	p.subject = "248289761001"
	if err := d.rights.Disable(t.Context(), d.account.ID, true); err != nil {
		t.Fatal(err)
	}
	b.failed(d, b.get(b.leave(d, "/members"))) // a disabled account is as none
}

// A provider that does not answer keeps nobody else out, and may come later.
func TestAProviderThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	p.silent.Store(true)
	d := openDoor(t, p)
	b := newBrowser(t)
	remark := func() (out struct {
		Status  string
		Remarks []string
	},
	) {
		a := b.get(d.url + "/readyz")
		if err := json.Unmarshal([]byte(a.body), &out); err != nil || a.status != http.StatusOK || out.Status != "ok" {
			t.Errorf("ready: %d %s, %v", a.status, a.body, err)
		}
		return out
	}
	a := b.get(d.url + "/sign-in/provider?next=/members")
	if why := b.failed(d, a); why != "provider" || !strings.Contains(a.header.Get("Location"), "next=%2Fmembers") {
		t.Errorf("to a provider that is silent: %v", a.header)
	}
	if r := remark(); len(r.Remarks) != 1 {
		t.Errorf("ready with the remarks %q, want one about the provider", r.Remarks)
	}
	if page := b.get(d.url + a.header.Get("Location")); !strings.Contains(page.body, `name="password"`) || !strings.Contains(page.body, "không trả lời") {
		t.Errorf("the form says nothing of it: %s", page.body)
	}
	p.silent.Store(false)
	if in := b.get(b.leave(d, "/members")); in.header.Get("Location") != "/members" {
		t.Errorf("once it answers: %d %v", in.status, in.header)
	}
	if r := remark(); len(r.Remarks) != 0 {
		t.Errorf("ready with the remarks %q once it answers", r.Remarks)
	}
	back := newBrowser(t)
	address := back.leave(d, "/")
	p.silent.Store(true)
	if why := back.failed(d, back.get(address)); why != "provider" {
		t.Errorf("silent when its code is to be taken: failed=%s, want provider", why)
	}
	if r := remark(); len(r.Remarks) != 1 {
		t.Errorf("ready with the remarks %q, once it is silent again", r.Remarks)
	}
}

func TestTriesAtAProviderAreLimited(t *testing.T) {
	t.Parallel()
	d := openDoor(t, startProvider(t))
	b := newBrowser(t)
	for n := range 52 {
		a := b.get(d.url + "/sign-in/provider")
		if limited := strings.Contains(a.header.Get("Location"), "failed=limit"); limited != (n >= 50) {
			t.Fatalf("try %d leads to %s", n, a.header.Get("Location"))
		}
	}
}

func TestConfigurationsOfAProvider(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	secret, open := p.secretFile(), p.secretFile()
	if err := os.Chmod(open, 0o640); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		config openid.Config
		good   bool
	}{
		"by TLS, with a secret":    {openid.Config{Issuer: "https://login.example/realm", ClientID: "c", SecretFile: secret}, true},
		"without a secret":         {openid.Config{Issuer: "https://login.example", ClientID: "c"}, true},
		"on this machine":          {openid.Config{Issuer: "http://127.0.0.1:8080", ClientID: "c"}, true},
		"elsewhere in clear":       {openid.Config{Issuer: "http://login.example", ClientID: "c"}, false},
		"no address":               {openid.Config{Issuer: "login.example", ClientID: "c"}, false},
		"with a password in it":    {openid.Config{Issuer: "https://a:b@login.example", ClientID: "c"}, false},
		"without a client id":      {openid.Config{Issuer: "https://login.example"}, false},
		"a secret that is not":     {openid.Config{Issuer: "https://login.example", ClientID: "c", SecretFile: secret + "x"}, false},
		"a secret others can read": {openid.Config{Issuer: "https://login.example", ClientID: "c", SecretFile: open}, false},
	} {
		_, err := openid.New(c.config)
		if good := err == nil; good != c.good || !c.good && !errors.Is(err, openid.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A provider by a certificate of one's own authority is believed by whoever is told of
// that authority, and by nobody else.
func TestAProviderOfAPrivateAuthority(t *testing.T) {
	t.Parallel()
	var issuer string
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":"%[1]s/authorize","token_endpoint":"%[1]s/token","jwks_uri":"%[1]s/keys","id_token_signing_alg_values_supported":["RS256"]}`, issuer)
	}))
	front.Config.ErrorLog = log.New(io.Discard, "", 0)
	front.StartTLS()
	t.Cleanup(front.Close)
	issuer = front.URL
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, trusted := range map[string]bool{ca: true, "": false} {
		p, err := openid.New(openid.Config{Issuer: issuer, ClientID: "c", CAFile: file, Return: "https://rollbook.example" + openid.ReturnPath})
		if err != nil {
			t.Fatal(err)
		}
		address, err := p.Ask(t.Context(), "a secret of the browser")
		if trusted && (err != nil || !strings.HasPrefix(address, issuer+"/authorize?")) || !trusted && !errors.Is(err, openid.ErrUnreachable) {
			t.Errorf("with %q: %q, %v", file, address, err)
		}
		if p.Reachable() != trusted {
			t.Errorf("with %q it is reachable: %t", file, p.Reachable())
		}
	}
}
