package pages

import (
	"net/url"

	"rollbook/web/access"
)

type signInPage struct {
	frame
	Heading, Text, Action, Next, Password string
	// Provider is the OpenID provider that people may sign in at, and Elsewhere the
	// address that leads there; "" if there is none. Silent says that it does not answer.
	Provider, Elsewhere, Silent string
	// Unknown is who the provider says it is, whom no account is bound to.
	Unknown *access.Identity
}

// failures are why signing in, or choosing a password, did not come about; the
// service says so in the address that it leads back to.
var failures = []string{"credentials", "limit", "password", "account", "taken", "link", "provider", "departure", "refused", "answer"}

// signInForm asks who somebody is. The service checks what the form sends.
func (p *Pages) signInForm(a *asked) error {
	page := signInPage{Action: "/sign-in", Next: within(a.r.URL.Query().Get("next")), Password: "current-password"}
	if provider := p.service.Provider; provider != nil {
		page.Provider, page.Elsewhere = provider.Name(), "/sign-in/provider?"+url.Values{"next": {page.Next}}.Encode()
		if !provider.Reachable() {
			page.Silent = a.t.say("sign_in.provider.silent")
		}
	}
	if who, ok := access.IdentityFrom(a.ctx); ok {
		page.Unknown = &who
	}
	return p.showSignIn(a, page, "sign_in", "")
}

// firstForm lets somebody who was sent a link choose how to sign in.
func (p *Pages) firstForm(a *asked) error {
	page := signInPage{Action: "/first/" + a.r.PathValue("token"), Password: "new-password"}
	return p.showSignIn(a, page, "sign_in.first", "sign_in.first.text")
}

func (p *Pages) showSignIn(a *asked, page signInPage, heading, text string) error {
	page.Heading = a.t.say(heading)
	if text != "" {
		page.Text = a.t.say(text)
	}
	page.frame = p.frame(a, page.Heading, "")
	for _, why := range failures {
		if a.r.URL.Query().Get("failed") == why {
			page.Problem = a.t.say("sign_in.failed." + why)
		}
	}
	if page.Unknown != nil {
		page.Problem = a.t.say("sign_in.unknown")
	}
	return p.show(a, statusOf(page.Problem), "signin", page)
}
