package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"rollbook/domain"
	"rollbook/web/access"
	"rollbook/web/service"
)

type visitorOutput struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Language string         `json:"language"`
	Means    access.Means   `json:"means"`
	Grants   []access.Grant `json:"grants"`
}

// AccountInput names an account.
type AccountInput struct {
	ID string `path:"id" maxLength:"64"`
}

type addAccountInput struct {
	Body struct {
		Name     string `json:"name" maxLength:"100"`
		Language string `json:"language,omitempty" enum:"vi,en"`
	}
}

type grantInput struct {
	AccountInput
	Role         string `path:"role" enum:"clerk,manager,auditor,reporter,operator"`
	Organisation string `query:"organisation" maxLength:"80" doc:"the organisation, with all below it; the whole ledger if not given"`
}

type bindInput struct {
	AccountInput
	Body access.Identity
}

type disableInput struct {
	AccountInput
	Body struct {
		Disabled bool `json:"disabled"`
	}
}

type linkOutput struct {
	Path    string `json:"path" doc:"opens once, within a day: whoever has it chooses login and password"`
	Expires int    `json:"expires_in" doc:"seconds"`
}

type tokenInput struct {
	AccountInput
	Body struct {
		Name string          `json:"name" maxLength:"100"`
		Only []access.Action `json:"only,omitempty" doc:"actions that it is limited to; all of the account's if none"`
		Days int             `json:"days" minimum:"1" maximum:"366" doc:"how long it is good"`
	}
}

type tokenOutput struct {
	access.Token
	Secret string `json:"token" doc:"shown this once"`
}

type readingsInput struct {
	Account string `query:"account" maxLength:"64"`
	Subject string `query:"subject" maxLength:"80" doc:"such as member/m1"`
	Since   string `query:"since" maxLength:"40" doc:"a moment in RFC 3339 form"`
	Limit   int    `query:"limit" minimum:"1" maximum:"10000" default:"1000"`
}

type (
	accountsOutput struct {
		Accounts []access.Account `json:"accounts"`
	}
	tokensOutput struct {
		Tokens []access.Token `json:"tokens"`
	}
	readingsOutput struct {
		Readings []access.Note `json:"readings"`
	}
	doneOutput struct{}
)

func (s *Server) registerAccess(api huma.API) {
	register(s, api, operation("who-am-i", http.MethodGet, "/me", "Who one is, and what one may do", ""),
		func(ctx context.Context, _ *struct{}) (*answered[visitorOutput], error) {
			v, _ := access.VisitorFrom(ctx)
			return document(visitorOutput{v.ID, v.Name, v.Language, v.Means, v.Grants}, nil)
		})
	administer(s, api, operation("list-accounts", http.MethodGet, "/accounts", "The accounts, with their grants", ""),
		func(ctx context.Context, a *access.Access, _ *struct{}) (*answered[accountsOutput], error) {
			list, err := a.Accounts(ctx)
			return document(accountsOutput{list}, err)
		})
	op := operation("add-account", http.MethodPost, "/accounts", "Add an account, without any right", "")
	op.DefaultStatus = http.StatusCreated
	administer(s, api, op, func(ctx context.Context, a *access.Access, in *addAccountInput) (*answered[access.Account], error) {
		return document(a.Add(ctx, in.Body.Name, in.Body.Language))
	})
	administer(s, api, operation("disable-account", http.MethodPut, "/accounts/{id}/disabled", "Take every way to sign in from an account, or give them back", "Sessions end at once."),
		func(ctx context.Context, a *access.Access, in *disableInput) (*doneOutput, error) {
			return &doneOutput{}, a.Disable(ctx, in.ID, in.Body.Disabled)
		})
	administer(s, api, operation("bind-account", http.MethodPut, "/accounts/{id}/identity", "Let somebody sign in to an account at the OpenID provider", "In place of whoever could before. Sessions end at once."),
		func(ctx context.Context, a *access.Access, in *bindInput) (*doneOutput, error) {
			return &doneOutput{}, a.Bind(ctx, in.ID, in.Body)
		})
	administer(s, api, operation("unbind-account", http.MethodDelete, "/accounts/{id}/identity", "Take from an account that it is signed in to at the OpenID provider", "Sessions end at once."),
		func(ctx context.Context, a *access.Access, in *AccountInput) (*doneOutput, error) {
			return &doneOutput{}, a.Unbind(ctx, in.ID)
		})
	administer(s, api, operation("grant-role", http.MethodPut, "/accounts/{id}/grants/{role}", "Give an account a role on an organisation and all below it", ""),
		func(ctx context.Context, a *access.Access, in *grantInput) (*doneOutput, error) {
			return &doneOutput{}, a.Grant(ctx, in.ID, access.Grant{Role: access.Role(in.Role), Organisation: in.Organisation})
		})
	administer(s, api, operation("revoke-role", http.MethodDelete, "/accounts/{id}/grants/{role}", "Take a role away", ""),
		func(ctx context.Context, a *access.Access, in *grantInput) (*doneOutput, error) {
			return &doneOutput{}, a.Revoke(ctx, in.ID, access.Grant{Role: access.Role(in.Role), Organisation: in.Organisation})
		})
	administer(s, api, operation("invite-account", http.MethodPost, "/accounts/{id}/invitation", "Make a link by which a login and a password are chosen", "It opens once, within a day; links that were made before are void."),
		func(ctx context.Context, a *access.Access, in *AccountInput) (*answered[linkOutput], error) {
			secret, err := a.Invite(ctx, in.ID)
			return document(linkOutput{firstPath + secret, int((24 * time.Hour).Seconds())}, err)
		})
	administer(s, api, operation("list-tokens", http.MethodGet, "/tokens", "The tokens, without what they are", ""),
		func(ctx context.Context, a *access.Access, _ *struct{}) (*answered[tokensOutput], error) {
			list, err := a.Tokens(ctx)
			return document(tokensOutput{list}, err)
		})
	op = operation("make-token", http.MethodPost, "/accounts/{id}/tokens", "Make a token for a program", "")
	op.DefaultStatus = http.StatusCreated
	administer(s, api, op, func(ctx context.Context, a *access.Access, in *tokenInput) (*answered[tokenOutput], error) {
		secret, t, err := a.NewToken(ctx, in.ID, in.Body.Name, in.Body.Only, time.Duration(in.Body.Days)*24*time.Hour)
		return document(tokenOutput{t, secret}, err)
	})
	administer(s, api, operation("revoke-token", http.MethodDelete, "/tokens/{id}", "End a token, by its prefix", ""),
		func(ctx context.Context, a *access.Access, in *AccountInput) (*doneOutput, error) {
			return &doneOutput{}, a.RevokeToken(ctx, in.ID)
		})
	administer(s, api, operation("list-readings", http.MethodGet, "/readings", "Who has read, exported, granted what, newest first", ""),
		func(ctx context.Context, a *access.Access, in *readingsInput) (*answered[readingsOutput], error) {
			f := access.NoteFilter{Account: in.Account, Subject: in.Subject, Limit: in.Limit}
			if in.Since != "" {
				var err error
				if f.Since, err = time.Parse(time.RFC3339, in.Since); err != nil {
					return nil, &service.InputError{Field: "since", Message: domain.Text{EN: "is not a moment such as 2023-01-31T17:00:00+07:00", VI: "không phải thời điểm như 2023-01-31T17:00:00+07:00"}}
				}
			}
			list, err := a.Notes(ctx, f)
			return document(readingsOutput{list}, err)
		})
}

// administer registers an operation for who may administer the whole ledger.
func administer[I, O any](s *Server, api huma.API, op huma.Operation, answer func(context.Context, *access.Access, *I) (*O, error)) {
	register(s, api, op, func(ctx context.Context, in *I) (*O, error) {
		a := s.options.Service.Access
		if err := a.Allowed(ctx, access.Administer, ""); err != nil {
			return nil, err
		}
		return answer(ctx, a, in)
	})
}
