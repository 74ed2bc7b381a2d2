package web

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"

	"rollbook/web/access"
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
// limit, password, account, taken, link.
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
