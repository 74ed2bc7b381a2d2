package web

import (
	"context"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"rollbook/audit"
	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/web/access"
	"rollbook/web/service"
)

type historyInput struct {
	Reasoned
	ID   string `path:"id" maxLength:"64"`
	AsOf string `query:"as_of" maxLength:"10" doc:"last day of the entries shown; all if not given"`
	Moment
}

type historyOutput struct {
	ETag string `header:"ETag" doc:"where the history ends, for If-Match; left out with known_at"`
	Body ledger.History
}

type checkpointOutput struct {
	Origin      string `json:"origin"`
	Size        uint64 `json:"size"`
	Root        string `json:"root"`
	Unwitnessed bool   `json:"unwitnessed"`
	Note        string `json:"note" doc:"the signed checkpoint: a C2SP signed note"`
}

type bundleOutput struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

type verifyOutput struct {
	Verified    bool                  `json:"verified"`
	Log         audit.Verified        `json:"log"`
	Unwitnessed bool                  `json:"unwitnessed"`
	Models      []ledger.RebuiltModel `json:"read_models"`
}

type projectionsOutput struct {
	Models      []ledger.ModelStatus `json:"models"`
	Parked      []ledger.Parked      `json:"parked"`
	Generations []ledger.Generation  `json:"generations"`
}

func (s *Server) registerAudit(api huma.API) {
	get := func(id, path, summary, description string) huma.Operation {
		return operation(id, http.MethodGet, path, summary, description)
	}
	for _, of := range []struct {
		kind domain.Kind
		path string
	}{{domain.MemberKind, "members"}, {domain.OrganisationKind, "organisations"}, {domain.VillageKind, "villages"}} {
		register(s, api, get(string(of.kind)+"-history", "/"+of.path+"/{id}/history", "The timeline of a "+string(of.kind),
			"As `rollbook history`. Auditors see what is sealed as closed (NOT_OPENED), and open it with X-Reason. Who opens a member is in the log of readings before the answer is sent."),
			func(ctx context.Context, in *historyInput) (*historyOutput, error) {
				return s.history(ctx, of.kind, in)
			})
	}
	register(s, api, get("read-checkpoint", "/checkpoint", "The newest signed checkpoint", "Keep it: it binds the ledger to its past."),
		func(ctx context.Context, _ *struct{}) (*answered[checkpointOutput], error) {
			c, err := s.options.Service.Checkpoint(ctx)
			if err == nil && c == nil {
				err = access.ErrNotFound
			}
			if err != nil {
				return nil, err
			}
			return document(checkpointOutput{c.Origin, c.Size, c.Root.String(), c.Unwitnessed, string(c.Note)}, nil)
		})
	op := get("member-bundle", "/bundles/{member}", "The proof of a member's whole history", "A file for `rollbook check`, offline. What is sealed in the log is sealed in it.")
	op.Responses = map[string]*huma.Response{"200": {Description: "the bundle", Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}}
	register(s, api, op, func(ctx context.Context, in *struct {
		Member string `path:"member" maxLength:"64"`
	},
	) (*bundleOutput, error) {
		if !domain.ValidID(in.Member) {
			return nil, access.ErrNotFound
		}
		b, err := s.options.Service.Bundle(ctx, domain.MemberSubject(in.Member))
		return &bundleOutput{"application/octet-stream", `attachment; filename="member.bundle"`, b}, err
	})
	register(s, api, get("verify", "/verify", "Recompute everything from the stored bytes", "As `rollbook verify`, while the service goes on. It reads the whole log and takes as long."),
		func(ctx context.Context, in *struct {
			LogOnly bool `query:"log_only" doc:"leave out the read models"`
		},
		) (*answered[verifyOutput], error) {
			leave, ok := s.heavy()
			if !ok {
				return nil, busy()
			}
			defer leave()
			if err := s.options.Service.Access.Allowed(ctx, access.Audit, ""); err != nil {
				return nil, err
			}
			unhurried(ctx)
			v, err := s.options.Service.Verify(ctx, ledger.Verifying{LogOnly: in.LogOnly})
			return document(verifyOutput{err == nil && v.First() == nil, v.Verified, v.Unwitnessed, v.Models}, err)
		})
	register(s, api, get("list-projections", "/projections", "Where the read models stand", "As `rollbook projections list`."),
		func(ctx context.Context, _ *struct{}) (*answered[projectionsOutput], error) {
			models, parked, generations, err := s.options.Service.Projections(ctx)
			return document(projectionsOutput{models, parked, generations}, err)
		})
	s.registerEvents(api)
}

func (s *Server) history(ctx context.Context, kind domain.Kind, in *historyInput) (*historyOutput, error) {
	subject, ok := domain.ParseSubject(string(kind) + "/" + in.ID)
	if !ok {
		return nil, access.ErrNotFound
	}
	reason, err := unescaped("X-Reason", in.Reason)
	if err != nil {
		return nil, err
	}
	q, err := s.question(ctx, Asked{AsOf: in.AsOf, Moment: in.Moment})
	if err != nil {
		return nil, err
	}
	if in.AsOf == "" {
		q.AsOf = 0
	}
	h, err := s.options.Service.History(ctx, subject, q, reason)
	if err != nil {
		return nil, err
	}
	out := &historyOutput{Body: h}
	if q.KnownAt == 0 {
		out.ETag = etag(h.Version)
	}
	return out, nil
}

// unescaped reads a header in which UTF-8 is percent-encoded.
func unescaped(field, s string) (string, error) {
	text, err := url.PathUnescape(s)
	if err != nil || !utf8.ValidString(text) {
		return "", &service.InputError{Field: field, Message: domain.Text{EN: "is not UTF-8, percent-encoded where it is not ASCII", VI: "không phải UTF-8 mã hoá phần trăm"}}
	}
	return text, nil
}
