// Package openid lets an OpenID provider say who somebody is: OpenID Connect Core 1.0,
// by the authorization code flow with PKCE (RFC 7636).
//
// A sign-in rests on one secret, which [access.Access.Depart] makes and the browser
// keeps in a cookie: state, nonce and code verifier are made of it. So whoever comes
// back with an answer to another browser's question is refused, and nothing that must
// not be guessed is stored here. Only the identity is asked for (scope openid): no
// name, no e-mail address. The access token is thrown away.
package openid

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"rollbook/web/access"
)

// ReturnPath is where a provider sends people back to, behind the address of the
// service. The provider has to be told of it.
const ReturnPath = "/sign-in/return"

// Errors of a sign-in.
var (
	// ErrConfig means that a provider is not configured as one can be.
	ErrConfig = errors.New("the OpenID provider is not configured")
	// ErrUnreachable means that the provider does not answer, or not as it must.
	ErrUnreachable = errors.New("the OpenID provider does not answer")
	// ErrRefused means that the provider has not signed somebody in, or that they did
	// not want to.
	ErrRefused = errors.New("the OpenID provider has not signed anybody in")
	// ErrAnswer means that what came back is no answer to what was asked: it was made
	// for another browser, was used before, or is not vouched for by the provider.
	ErrAnswer = errors.New("this is not an answer of the OpenID provider to this sign-in")
)

const (
	answerWithin = 10 * time.Second // for each request to the provider
	watchEvery   = 10 * time.Minute
	watchLost    = 30 * time.Second // while it does not answer
	maxSecret    = 4 << 10
)

// Config says who the provider is, and who we are to it.
type Config struct {
	// Issuer is the provider's address, to the letter as it has it in its tokens. It
	// takes TLS, but for one on this machine.
	Issuer string
	// ClientID is what the provider knows this service as.
	ClientID string
	// SecretFile has the client secret; nobody but its owner may read it. Without it
	// the service is a public client, and PKCE alone protects the code.
	SecretFile string
	// CAFile has the certificates, in PEM form, of who may vouch for the provider's own;
	// "" for those that this machine trusts.
	CAFile string
	// Return is where people come back to: the address of the service and [ReturnPath].
	Return string
	// Clock is the time; time.Now if nil.
	Clock func() time.Time
	// Logger gets what the operator should know. Nil discards it.
	Logger *slog.Logger
}

// Check reports what is wrong with a configuration, apart from Return.
func (c Config) Check() error {
	if _, err := c.secret(); err != nil {
		return err
	}
	_, err := c.transport()
	return err
}

// transport trusts whom the configuration says.
func (c Config) transport() (http.RoundTripper, error) {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if c.CAFile == "" || !ok {
		return http.DefaultTransport, nil
	}
	text, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("%w: the certificates of who vouches for it: %w", ErrConfig, err)
	}
	own := standard.Clone()
	own.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()}
	if !own.TLSClientConfig.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%w: %s has no certificate in PEM form", ErrConfig, c.CAFile)
	}
	return own, nil
}

func (c Config) secret() (string, error) {
	u, err := url.Parse(c.Issuer)
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !here(u.Hostname())):
		return "", fmt.Errorf("%w: the issuer is an address such as https://login.example/realm, by TLS", ErrConfig)
	case c.ClientID == "":
		return "", fmt.Errorf("%w: the client id is missing, which the provider knows this service by", ErrConfig)
	case c.SecretFile == "":
		return "", nil
	}
	info, err := os.Stat(c.SecretFile)
	if err != nil {
		return "", fmt.Errorf("%w: the client secret: %w", ErrConfig, err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", fmt.Errorf("%w: the client secret in %s can be read by others (mode %04o); chmod 600 it", ErrConfig, c.SecretFile, mode)
	}
	b, err := os.ReadFile(c.SecretFile)
	if err != nil {
		return "", fmt.Errorf("%w: the client secret: %w", ErrConfig, err)
	}
	secret := strings.TrimSpace(string(b))
	if secret == "" || len(b) > maxSecret {
		return "", fmt.Errorf("%w: %s holds no client secret", ErrConfig, c.SecretFile)
	}
	return secret, nil
}

// here reports whether a host is this machine.
func here(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Provider is an OpenID provider. It is safe for concurrent use.
type Provider struct {
	config Config
	secret string
	client *http.Client
	logger *slog.Logger

	asking sync.Mutex // for what the provider says of itself
	known  atomic.Pointer[known]
	lost   atomic.Bool // the last request to it failed
}

// known is what a provider says of itself.
type known struct {
	oauth    oauth2.Config
	verifier *oidc.IDTokenVerifier
}

// New returns a provider, which need not be reachable yet.
func New(c Config) (*Provider, error) {
	secret, err := c.secret()
	if err != nil {
		return nil, err
	}
	trusting, err := c.transport()
	if err != nil {
		return nil, err
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Provider{config: c, secret: secret, client: &http.Client{Transport: trusting, Timeout: answerWithin}, logger: c.Logger}, nil
}

// Name is what people may know the provider by: its host.
func (p *Provider) Name() string {
	u, err := url.Parse(p.config.Issuer)
	if err != nil {
		return p.config.Issuer // New has parsed it
	}
	return u.Host
}

// Reachable reports whether the provider answered when it was asked last.
func (p *Provider) Reachable() bool { return p.known.Load() != nil && !p.lost.Load() }

// Watch asks the provider from time to time until ctx ends, so that [Provider.Reachable]
// is current and a change of its addresses is noticed.
func (p *Provider) Watch(ctx context.Context) {
	for ctx.Err() == nil {
		wait := watchEvery
		if _, err := p.ask(ctx); err != nil && ctx.Err() == nil {
			p.logger.WarnContext(ctx, "nobody can sign in at the OpenID provider for now; local accounts can", slog.Any("error", err))
			wait = watchLost
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// ask learns from the provider what it says of itself.
func (p *Provider) ask(ctx context.Context) (*known, error) {
	p.asking.Lock()
	defer p.asking.Unlock()
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.config.Issuer)
	if err != nil {
		return nil, p.unreachable(ctx, err)
	}
	var says struct {
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := found.Claims(&says); err != nil {
		return nil, p.unreachable(ctx, err)
	}
	k := &known{
		oauth: oauth2.Config{
			ClientID: p.config.ClientID, ClientSecret: p.secret, Endpoint: found.Endpoint(),
			RedirectURL: p.config.Return, Scopes: []string{oidc.ScopeOpenID},
		},
		verifier: found.Verifier(&oidc.Config{ClientID: p.config.ClientID, Now: p.config.Clock}),
	}
	// Said once and for all: the other way would be tried with the same code, which is
	// used up. Basic is what holds where a provider says nothing (Discovery 1.0, 3).
	k.oauth.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if p.secret == "" || len(says.Methods) > 0 && !slices.Contains(says.Methods, "client_secret_basic") {
		k.oauth.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	p.known.Store(k)
	p.lost.Store(false)
	return k, nil
}

// unreachable remembers that the provider did not answer, unless it was not waited for.
func (p *Provider) unreachable(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		p.lost.Store(true)
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

func (p *Provider) reached(ctx context.Context) (*known, error) {
	if k := p.known.Load(); k != nil {
		return k, nil
	}
	return p.ask(ctx)
}

// made returns what is made of the secret of a sign-in for one purpose: 256 bits as 43
// characters, which a code verifier may have too (RFC 7636, 4.1).
func made(secret, purpose string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(purpose))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// Ask returns the address at which the provider asks somebody who they are. It returns
// [ErrUnreachable].
func (p *Provider) Ask(ctx context.Context, secret string) (address string, err error) {
	k, err := p.reached(ctx)
	if err != nil {
		return "", err
	}
	return k.oauth.AuthCodeURL(made(secret, "state"), oidc.Nonce(made(secret, "nonce")), oauth2.S256ChallengeOption(made(secret, "verifier"))), nil
}

// Answers reports whether what came back answers what a browser with this secret asked.
func Answers(secret string, answer url.Values) bool {
	return secret != "" && subtle.ConstantTimeCompare([]byte(answer.Get("state")), []byte(made(secret, "state"))) == 1
}

// Identity returns who the provider says it is that came back with an answer. It returns
// [ErrAnswer], [ErrRefused] or [ErrUnreachable].
func (p *Provider) Identity(ctx context.Context, secret string, answer url.Values) (who access.Identity, err error) {
	k, err := p.reached(ctx)
	if err != nil {
		return who, err
	}
	issuer := answer.Get("iss") // RFC 9207; not every provider says it
	switch {
	case !Answers(secret, answer), issuer != "" && issuer != p.config.Issuer:
		return who, ErrAnswer
	case answer.Get("error") != "":
		return who, ErrRefused
	case answer.Get("code") == "":
		return who, ErrAnswer
	}
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := k.oauth.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(made(secret, "verifier")))
	if err != nil {
		return who, p.exchangeError(ctx, err)
	}
	p.lost.Store(false)
	text, _ := token.Extra("id_token").(string)
	id, err := k.verifier.Verify(ctx, text)
	if err != nil {
		return who, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	var claims struct {
		AuthorizedParty string `json:"azp"`
	}
	if err := id.Claims(&claims); err != nil {
		return who, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(made(secret, "nonce"))) != 1:
		return who, fmt.Errorf("%w: its nonce is another", ErrAnswer)
	case len(id.Audience) > 1 && claims.AuthorizedParty == "", claims.AuthorizedParty != "" && claims.AuthorizedParty != p.config.ClientID:
		return who, fmt.Errorf("%w: it is for another service", ErrAnswer) // Core 1.0, 3.1.3.7
	case id.Subject == "":
		return who, fmt.Errorf("%w: it is about nobody", ErrAnswer)
	}
	return access.Identity{Issuer: p.config.Issuer, Subject: id.Subject}, nil
}

// exchangeError says what it means that a code was not taken. The driver's error has
// what the provider answered, which is not for the log.
func (p *Provider) exchangeError(ctx context.Context, err error) error {
	said, ok := errors.AsType[*oauth2.RetrieveError](err)
	switch {
	case !ok:
		return p.unreachable(ctx, err)
	case said.ErrorCode == "invalid_grant":
		return fmt.Errorf("%w: the code is used up or was made for another", ErrAnswer)
	case said.ErrorCode == "invalid_client", said.ErrorCode == "unauthorized_client":
		return fmt.Errorf("%w: it does not take the client id and the client secret", ErrUnreachable)
	}
	return p.unreachable(ctx, fmt.Errorf("it answers a code with status %d", said.Response.StatusCode))
}
