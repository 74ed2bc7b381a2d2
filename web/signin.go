package web

import (
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"rollbook/web/access"
	"rollbook/web/openid"
)

// firstPath begins the address of a link by which login and password are chosen.
const firstPath = "/first/"

// signIn serves what the forms for signing in send. The forms are pages:
// GET /sign-in and GET /first/{token}. They send fields as application/x-www-form-urlencoded:
//
//	POST /sign-in         account, password, next
//	POST /first/{token}   account, password
//	POST /sign-out        csrf_token
//
// and are answered with a redirection; what failed is in ?failed=: credentials,
// limit, password, account, taken, link. Where there is an OpenID provider, see
// [Server.signInElsewhere].
func (s *Server) signIn(mux *http.ServeMux) {
	mux.HandleFunc("POST /sign-in", func(w http.ResponseWriter, r *http.Request) {
		account, password := r.PostFormValue("account"), r.PostFormValue("password")
		secret, err := s.options.Service.Access.SignIn(r.Context(), account, password, s.addressOf(r))
		next := localPath(r.PostFormValue("next"))
		if err != nil {
			s.failedSignIn(w, r, "/sign-in", url.Values{"next": {next}}, err)
			return
		}
		s.setCookie(w, secret)
		http.Redirect(w, r, next, http.StatusSeeOther)
	})
	mux.HandleFunc("POST "+firstPath+"{token}", func(w http.ResponseWriter, r *http.Request) {
		rights := s.options.Service.Access
		id, err := rights.Accept(r.Context(), r.PathValue("token"), r.PostFormValue("account"), r.PostFormValue("password"))
		secret := ""
		if err == nil {
			secret, err = rights.Begin(r.Context(), id)
		}
		if err != nil {
			s.failedSignIn(w, r, r.URL.Path, url.Values{}, err)
			return
		}
		s.setCookie(w, secret)
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("POST /sign-out", func(w http.ResponseWriter, r *http.Request) {
		if !CheckForm(r) {
			s.tell(w, r, formProblem())
			return
		}
		if c, err := r.Cookie(s.cookieName()); err == nil {
			if err := s.options.Service.Access.End(r.Context(), c.Value); err != nil {
				s.tell(w, r, err)
				return
			}
		}
		s.setCookie(w, "")
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	})
}

// signInElsewhere serves the way to an OpenID provider and back:
//
//	GET /sign-in/provider   next
//	GET /sign-in/return     what the provider says
//
// The second is answered with a redirection into the service or, with ?failed=
// provider, departure, refused or answer, to the form; with a page that says what to
// ask the operator for, if nobody has bound an account to who came back.
func (s *Server) signInElsewhere(mux *http.ServeMux) {
	provider := s.options.Service.Provider
	if provider == nil {
		return
	}
	rights := s.options.Service.Access
	mux.HandleFunc("GET /sign-in/provider", func(w http.ResponseWriter, r *http.Request) {
		next := localPath(r.URL.Query().Get("next"))
		secret, err := rights.Depart(r.Context(), next, s.addressOf(r))
		address := ""
		if err == nil {
			address, err = provider.Ask(r.Context(), secret)
		}
		if err != nil {
			s.failedSignIn(w, r, "/sign-in", url.Values{"next": {next}}, err)
			return
		}
		s.setDeparture(w, secret)
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, address, http.StatusSeeOther)
	})
	mux.HandleFunc("GET "+openid.ReturnPath, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next, secret, err := s.comeBack(w, r, provider)
		if unknown, ok := errors.AsType[*unknownError](err); ok {
			s.unknown(w, r, unknown.who)
			return
		}
		if err != nil {
			s.failedSignIn(w, r, "/sign-in", url.Values{"next": {next}}, err)
			return
		}
		s.setCookie(w, secret)
		http.Redirect(w, r, next, http.StatusSeeOther)
	})
}

// comeBack signs in who comes back from the provider, and returns where to.
func (s *Server) comeBack(w http.ResponseWriter, r *http.Request, provider *openid.Provider) (next, session string, err error) {
	rights, answer := s.options.Service.Access, r.URL.Query()
	c, err := r.Cookie(s.departureName())
	if err != nil {
		return "/", "", access.ErrDeparture // another browser's, or none: nobody is signed in by a link that somebody sends them
	}
	if !openid.Answers(c.Value, answer) {
		return "/", "", openid.ErrAnswer // before the sign-in that is under way is used up
	}
	s.setDeparture(w, "")
	if next, err = rights.Return(r.Context(), c.Value); err != nil {
		return "/", "", err
	}
	who, err := provider.Identity(r.Context(), c.Value, answer)
	if err != nil {
		return next, "", err
	}
	session, err = rights.SignInAs(r.Context(), who, s.addressOf(r))
	if is(access.ErrIdentity)(err) {
		err = &unknownError{who}
	}
	return next, session, err
}

// unknownError is about somebody whom the provider knows and nobody here does.
type unknownError struct{ who access.Identity }

func (*unknownError) Error() string { return access.ErrIdentity.Error() }
func (*unknownError) Unwrap() error { return access.ErrIdentity }

// unknown tells somebody whom nobody has bound an account to who they are, for them to
// tell the operator. It stands in no address.
func (s *Server) unknown(w http.ResponseWriter, r *http.Request, who access.Identity) {
	s.logger.InfoContext(r.Context(), "somebody whom the OpenID provider knows has no account here", slog.String("request", requestFrom(r.Context())))
	if s.options.Pages == nil {
		s.tell(w, r, access.ErrIdentity)
		return
	}
	page := r.Clone(access.WithIdentity(r.Context(), who))
	page.URL = &url.URL{Path: "/sign-in"}
	s.options.Pages.ServeHTTP(w, page)
}

// departureName is that of the cookie of a browser that has gone to the provider.
func (s *Server) departureName() string { return s.cookieName() + "-departure" }

// setDeparture keeps the secret of a sign-in in the browser, for as long as that may
// take. It has to be Lax: who comes back comes from another site.
func (s *Server) setDeparture(w http.ResponseWriter, secret string) {
	c := &http.Cookie{Name: s.departureName(), Value: secret, Path: "/", MaxAge: 600, HttpOnly: true, Secure: s.options.Secure, SameSite: http.SameSiteLaxMode}
	if secret == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func (s *Server) failedSignIn(w http.ResponseWriter, r *http.Request, to string, query url.Values, err error) {
	why := ""
	switch {
	case is(access.ErrSignIn)(err):
		why = "credentials"
	case as[*access.TooManyError](err):
		why = "limit"
		s.traffic.refuse(http.StatusTooManyRequests) // a person is sent back to the form, so no status says it
	case is(access.ErrPassword)(err):
		why = "password"
	case is(access.ErrValue)(err):
		why = "account"
	case is(access.ErrTaken)(err):
		why = "taken"
	case is(access.ErrDeparture)(err):
		why = "departure"
	case is(openid.ErrRefused)(err):
		why = "refused"
	case is(openid.ErrAnswer)(err):
		why = "answer"
		s.logger.WarnContext(r.Context(), "what came back from the OpenID provider was refused", slog.String("request", requestFrom(r.Context())), slog.Any("error", err))
	case is(openid.ErrUnreachable)(err):
		why = "provider"
		s.logger.ErrorContext(r.Context(), "nobody can sign in at the OpenID provider", slog.String("request", requestFrom(r.Context())), slog.Any("error", err))
	case is(access.ErrLink)(err), is(access.ErrAccount)(err):
		why = "link"
	default:
		s.tell(w, r, err)
		return
	}
	query.Set("failed", why)
	http.Redirect(w, r, to+"?"+query.Encode(), http.StatusSeeOther)
}

// localPath returns a path on this server, and never the address of another.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}

func (s *Server) setCookie(w http.ResponseWriter, secret string) {
	c := &http.Cookie{Name: s.cookieName(), Value: secret, Path: "/", HttpOnly: true, Secure: s.options.Secure, SameSite: http.SameSiteLaxMode}
	if secret == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// CheckForm reports whether a form was made for the visitor who sends it: its field
// csrf_token, or the header X-CSRF-Token, is that of the session.
func CheckForm(r *http.Request) bool {
	v, ok := access.VisitorFrom(r.Context())
	if !ok {
		return false
	}
	if v.Means != access.BySession {
		return true // no browser sends those by itself
	}
	sent := r.Header.Get("X-CSRF-Token")
	if sent == "" {
		sent = r.PostFormValue("csrf_token")
	}
	return v.Form != "" && subtle.ConstantTimeCompare([]byte(sent), []byte(v.Form)) == 1
}

func formProblem() *Problem {
	return problemf(http.StatusForbidden, "form_expired", "", "this form is too old; open the page again", "biểu mẫu đã quá hạn; hãy mở lại trang")
}
