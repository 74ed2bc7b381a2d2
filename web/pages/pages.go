package pages

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"rollbook/projections"
	"rollbook/web/access"
	"rollbook/web/service"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Pages serves what people see.
type Pages struct {
	service *service.Service
	logger  *slog.Logger
	assets  *assets
	tongues map[string]*tongue
	// templates are by language and page.
	templates map[string]map[string]*template.Template
	uploads   uploads
	mux       *http.ServeMux
}

// New returns the pages of a service. They expect the visitor in the context of
// each request, if there is one.
func New(s *service.Service, logger *slog.Logger) (*Pages, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	p := &Pages{service: s, logger: logger, tongues: map[string]*tongue{}, templates: map[string]map[string]*template.Template{}}
	p.uploads.now = s.Clock
	var err error
	if p.assets, err = openAssets(); err != nil {
		return nil, err
	}
	for _, lang := range languages() {
		if p.tongues[lang], err = newTongue(lang); err != nil {
			return nil, err
		}
		if p.templates[lang], err = p.parse(p.tongues[lang]); err != nil {
			return nil, err
		}
	}
	p.mux = p.routes()
	return p, nil
}

// shared are the templates that others include.
var shared = []string{"templates/layout.html", "templates/figures.html"}

func (p *Pages) parse(t *tongue) (map[string]*template.Template, error) {
	lists := wordLists()
	common, err := template.New("layout").Funcs(template.FuncMap{
		"t": t.say, "lang": func() string { return t.lang }, "static": p.assets.url,
		"word": func(list, name string) string { return capital(t.word(lists[list], name)) },
		"num":  func(n any) (string, error) { return t.anyNumber(n) },
	}).ParseFS(templateFiles, shared...)
	if err != nil {
		return nil, err
	}
	files, err := templateFiles.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	pages := map[string]*template.Template{}
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".html")
		if name == "layout" || name == "figures" {
			continue
		}
		page, err := common.Clone()
		if err == nil {
			page, err = page.ParseFS(templateFiles, "templates/"+f.Name())
		}
		if err != nil {
			return nil, err
		}
		pages[name] = page
	}
	return pages, nil
}

func (p *Pages) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /static/{name...}", p.assets.serve)
	mux.HandleFunc("POST /language", p.language)
	mux.HandleFunc("GET /licences", p.open(p.licences))
	mux.HandleFunc("GET /sign-in", p.open(p.signInForm))
	mux.HandleFunc("GET /first/{token}", p.open(p.firstForm))
	for pattern, page := range map[string]func(*asked) error{
		"GET /{$}":                  p.dashboard,
		"GET /organisations":        p.organisations,
		"GET /organisations/{id}":   p.organisation,
		"GET /reports":              p.reports,
		"GET /reports/{name}":       p.reportFile,
		"POST /reports/{name}":      p.reportFile,
		"GET /villages/{id}":        p.village,
		"GET /members":              p.members,
		"POST /members":             p.searchMembers,
		"GET /members/{id}":         p.member,
		"POST /members/{id}":        p.openMember,
		"GET /record":               p.recordTypes,
		"GET /record/{type}":        p.recordForm,
		"POST /record/{type}":       p.record,
		"GET /import":               p.importForm,
		"POST /import":              p.importPlan,
		"POST /import/{token}":      p.importDo,
		"GET /explain":              p.explain,
		"GET /drill/{what}":         p.drill,
		"GET /worklist":             p.worklist,
		"GET /findings":             p.findings,
		"GET /audit":                p.audit,
		"POST /audit/verify":        p.verify,
		"GET /audit/checkpoint.png": p.checkpointPicture,
		"GET /audit/checkpoint.txt": p.checkpointNote,
		"POST /audit/bundle":        p.bundle,
		"GET /feed":                 p.feed,
		"GET /feed/stream":          p.feedStream,
		"/":                         p.nowhere,
	} {
		mux.HandleFunc(pattern, p.page(page))
	}
	return mux
}

// ServeHTTP implements [http.Handler].
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// asked is one request for a page.
type asked struct {
	w       http.ResponseWriter
	r       *http.Request
	ctx     context.Context //nolint:containedctx // of the request, for as long as it lasts
	t       *tongue
	visitor access.Visitor
}

// page answers with what a function makes of a request, or with what went wrong.
func (p *Pages) page(answer func(*asked) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		// Names, and figures that are for this visitor alone.
		w.Header().Set("Cache-Control", "no-store")
		visitor, known := access.VisitorFrom(r.Context())
		a := &asked{w: w, r: r, ctx: r.Context(), visitor: visitor, t: p.tongueOf(r, visitor)}
		if !known {
			p.signIn(a)
			return
		}
		if r.Method == http.MethodPost {
			if err := a.checkForm(); err != nil {
				p.wrong(a, err)
				return
			}
		}
		if err := answer(a); err != nil {
			p.wrong(a, err)
		}
	}
}

// languageCookie has the language that somebody chose; it says nothing of who
// they are.
const languageCookie = "language"

// tongueOf returns the language that somebody chose, that of their account, or
// Vietnamese.
func (p *Pages) tongueOf(r *http.Request, visitor access.Visitor) *tongue {
	if c, err := r.Cookie(languageCookie); err == nil {
		if t, ok := p.tongues[c.Value]; ok {
			return t
		}
	}
	if t, ok := p.tongues[visitor.Language]; ok && visitor.Means != access.BySocket {
		return t
	}
	return p.tongues[languages()[0]]
}

// language keeps the choice of a language and goes back to where it was made.
func (p *Pages) language(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if t, ok := p.tongues[r.PostFormValue("language")]; ok {
		http.SetCookie(w, &http.Cookie{
			Name: languageCookie, Value: t.lang, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true,
			Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode,
		})
	}
	http.Redirect(w, r, within(r.PostFormValue("next")), http.StatusSeeOther)
}

// within returns an address if it lies in these pages, and their front otherwise.
func within(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.ContainsAny(address, "\\\r\n") {
		return "/"
	}
	return u.RequestURI()
}

// signIn sends a stranger to the door, which brings them back to what they asked.
func (p *Pages) signIn(a *asked) {
	if a.r.Method != http.MethodGet {
		http.Redirect(a.w, a.r, "/sign-in", http.StatusSeeOther)
		return
	}
	http.Redirect(a.w, a.r, "/sign-in?"+url.Values{"next": {a.r.URL.RequestURI()}}.Encode(), http.StatusSeeOther)
}

// link is something to follow.
type link struct{ Label, URL string }

// named is a hidden field.
type named struct{ Name, Value string }

// option is one of a selection.
type option struct {
	Value, Label string
	Selected     bool
}

// navigation is a link in the head of every page.
type navigation struct {
	link
	Here bool
}

// frame is what every page shows around its own.
type frame struct {
	Title    string
	Ledger   string
	Nav      []navigation
	Form     string // what forms send back, so that nobody else can send them
	Self     string // where to come back to
	CanLeave bool
	Charts   bool
	Problem  string
	Standing *projections.Standing
}

// frame begins a page. Here is the address of its entry in the navigation.
func (p *Pages) frame(a *asked, title, here string) frame {
	f := frame{
		Title: title, Ledger: p.service.Ledger.Name(), Form: a.visitor.Form, Self: a.r.URL.RequestURI(),
		CanLeave: a.visitor.Means == access.BySession,
	}
	if a.r.Method != http.MethodGet {
		f.Self = here
	}
	for _, door := range []struct {
		url, key string
		needs    access.Action
	}{
		{"/", "dashboard", access.ReadFigures},
		{"/organisations", "organisations", access.ReadFigures},
		{"/members", "register", access.ReadEntries},
		{"/worklist", "worklist", access.ReadEntries},
		{"/findings", "findings", access.ReadEntries},
		{"/reports", "reports", access.ReadFigures},
		{"/record", "record", access.Record},
		{"/import", "import", access.Import},
		{"/explain", "explain", access.ReadEntries},
		{"/audit", "audit", access.Audit},
		{"/feed", "feed", access.ReadEntries},
	} {
		if a.visitor.May(door.needs) {
			f.Nav = append(f.Nav, navigation{link{a.t.say(door.key), door.url}, door.url == here})
		}
	}
	return f
}

// show renders a page. It is written when it is whole, so that nobody gets half of
// one.
func (p *Pages) show(a *asked, status int, name string, data any) error {
	var out bytes.Buffer
	if err := p.templates[a.t.lang][name].ExecuteTemplate(&out, "layout", data); err != nil {
		return err
	}
	a.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	a.w.Header().Set("Content-Language", a.t.lang)
	a.w.WriteHeader(status)
	_, err := out.WriteTo(a.w)
	if err != nil {
		p.logger.DebugContext(a.ctx, "the reader of a page is gone", slog.Any("error", err))
	}
	return nil
}

// open answers with a page that anybody may see.
func (p *Pages) open(answer func(*asked) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		visitor, _ := access.VisitorFrom(r.Context())
		a := &asked{w: w, r: r, ctx: r.Context(), visitor: visitor, t: p.tongueOf(r, visitor)}
		if err := answer(a); err != nil {
			p.wrong(a, err)
		}
	}
}

// licences lists what others gave to the pages.
func (p *Pages) licences(a *asked) error {
	return p.show(a, http.StatusOK, "licences", struct {
		frame
		Licences []licence
	}{p.frame(a, a.t.say("licences"), ""), licences()})
}

var errNoPage = errors.New("there is no such page")

// nowhere answers for addresses that there is no page at.
func (p *Pages) nowhere(*asked) error { return errNoPage }
