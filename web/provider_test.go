package web_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// provider is a small OpenID provider: it signs in whoever comes as its subject.
type provider struct {
	t        testing.TB
	issuer   string
	clientID string
	secret   string
	back     string // the only address that it sends people back to
	silent   atomic.Bool

	mu      sync.Mutex
	subject string
	codes   map[string]url.Values // what was asked, until the code is taken
	twist   func(claims map[string]any)
	sign    func(claims []byte) string // nil for the provider's own key
}

// rsaKeys are the provider's own key, and one that it has never shown.
var rsaKeys = sync.OnceValue(func() (keys [2]*rsa.PrivateKey) {
	for i := range keys {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys[i] = key
	}
	return keys
})

func startProvider(t testing.TB) *provider {
	t.Helper()
	p := &provider{t: t, clientID: "rollbook-test", secret: "s3cret with : and %", subject: "248289761001", codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.describe)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.silent.Load() {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.issuer = server.URL
	return p
}

// secretFile is where the service has its client secret.
func (p *provider) secretFile() string {
	p.t.Helper()
	path := filepath.Join(p.t.TempDir(), "client-secret")
	if err := os.WriteFile(path, []byte(p.secret+"\n"), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

func (p *provider) answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.t.Errorf("the provider: %v", err)
	}
}

func (p *provider) describe(w http.ResponseWriter, _ *http.Request) {
	p.answer(w, http.StatusOK, map[string]any{
		"issuer": p.issuer, "authorization_endpoint": p.issuer + "/authorize", "token_endpoint": p.issuer + "/token", "jwks_uri": p.issuer + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
	})
}

func (p *provider) keys(w http.ResponseWriter, _ *http.Request) {
	p.answer(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: rsaKeys()[0].Public(), KeyID: "k1", Algorithm: "RS256", Use: "sig"}}})
}

func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("response_type") != "code" || q.Get("client_id") != p.clientID || q.Get("redirect_uri") != p.back || q.Get("scope") != "openid" ||
		len(q.Get("state")) < 43 || len(q.Get("nonce")) < 43 || len(q.Get("code_challenge")) < 43 || q.Get("code_challenge_method") != "S256" {
		p.t.Errorf("the service asks with %v", q)
	}
	code := rand.Text()
	p.mu.Lock()
	p.codes[code] = q
	p.mu.Unlock()
	http.Redirect(w, r, p.back+"?"+url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {p.issuer}}.Encode(), http.StatusFound)
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, ok := r.BasicAuth()
	if ok {
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret) // RFC 6749, 2.3.1
	}
	if id != p.clientID || secret != p.secret {
		p.answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	asked, ok := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || r.PostFormValue("redirect_uri") != p.back || base64.RawURLEncoding.EncodeToString(challenge[:]) != asked.Get("code_challenge") {
		p.answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{"iss": p.issuer, "sub": p.subject, "aud": p.clientID, "nonce": asked.Get("nonce"), "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	if p.twist != nil {
		p.twist(claims)
	}
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	text, err := json.Marshal(claims)
	if err != nil {
		p.t.Error(err)
	}
	sign := p.sign
	if sign == nil {
		sign = p.signed(jose.RS256, rsaKeys()[0])
	}
	out := map[string]any{"access_token": "a", "token_type": "Bearer", "expires_in": 300}
	if token := sign(text); token != "" {
		out["id_token"] = token
	}
	p.answer(w, http.StatusOK, out)
}

// signed returns what signs tokens with a key.
func (p *provider) signed(by jose.SignatureAlgorithm, key any) func([]byte) string {
	return func(claims []byte) string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: by, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, nil)
		if err != nil {
			p.t.Error(err)
			return ""
		}
		signature, err := signer.Sign(claims)
		if err != nil {
			p.t.Error(err)
			return ""
		}
		token, err := signature.CompactSerialize()
		if err != nil {
			p.t.Error(err)
		}
		return token
	}
}

// unsigned is a token that says that it needs no signature.
func unsigned(claims []byte) string {
	b64 := base64.RawURLEncoding.EncodeToString
	return strings.Join([]string{b64([]byte(`{"alg":"none"}`)), b64(claims), ""}, ".")
}
