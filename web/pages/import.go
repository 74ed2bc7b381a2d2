package pages

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"path"
	"strconv"
	"sync"
	"time"

	"rollbook/ledger"
	"rollbook/office/sheets"
	"rollbook/web/access"
)

const (
	// maxUpload is how large a file may be.
	maxUpload = 20 << 20
	// maxUploads is how much all files may come to that wait for a decision. They
	// are kept in memory, because they hold names in clear.
	maxUploads = 4 * maxUpload
	// uploadLife is how long a file waits for a decision.
	uploadLife = 15 * time.Minute
	// rejectionsShown is how many rejections stand on a page.
	rejectionsShown = 200
)

// uploads are files whose plan was shown and that wait to be imported or not.
type uploads struct {
	now func() time.Time

	mu   sync.Mutex
	all  map[string]upload
	size int
}

type upload struct {
	visitor, name string
	body          []byte
	at            time.Time
}

var (
	errUploads = errors.New("too many files wait to be imported")
	errUpload  = errors.New("the file waits no more")
)

// put keeps a file and returns by what it is found again. A visitor has one file
// at a time.
func (u *uploads) put(f upload) (string, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	f.at = u.now()
	for token, other := range u.all {
		if other.visitor == f.visitor || f.at.Sub(other.at) > uploadLife {
			u.drop(token)
		}
	}
	if u.size+len(f.body) > maxUploads {
		return "", errUploads
	}
	if u.all == nil {
		u.all = map[string]upload{}
	}
	token := rand.Text()
	u.all[token] = f
	u.size += len(f.body)
	return token, nil
}

// take hands out a file, once.
func (u *uploads) take(token, visitor string) (upload, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	f, ok := u.all[token]
	if !ok || f.visitor != visitor || u.now().Sub(f.at) > uploadLife {
		return upload{}, errUpload
	}
	u.drop(token)
	return f, nil
}

func (u *uploads) drop(token string) {
	u.size -= len(u.all[token].body)
	delete(u.all, token)
}

type importPage struct {
	frame
	Step                          int // 1 choose, 2 plan, 3 result
	Accept, MostText              string
	File, Token                   string
	Accepted, Unchanged, Rejected string
	Nothing, Bad                  bool
	Last                          string
	Rows                          []rejectionRow
	More                          string
}

type rejectionRow struct{ Line, Subject, Code, Field, Message string }

func (p *Pages) importPage(a *asked) importPage {
	return importPage{frame: p.frame(a, a.t.say("import"), "/import"), Step: 1, Accept: ".xlsx,.xlsm,.csv,.ndjson,.jsonl", MostText: strconv.Itoa(maxUpload >> 20)}
}

// importForm asks for a file.
func (p *Pages) importForm(a *asked) error {
	if err := p.service.Access.Anywhere(a.ctx, access.Import); err != nil {
		return err
	}
	return p.show(a, http.StatusOK, "import", p.importPage(a))
}

// importPlan takes in a file and shows what would come of it: the plan is made by
// the import itself, without storing.
func (p *Pages) importPlan(a *asked) error {
	if err := p.service.Access.Anywhere(a.ctx, access.Import); err != nil {
		return err
	}
	page := p.importPage(a)
	f, err := a.upload()
	if err == nil && len(f.body) == 0 {
		err = errNoFile
	}
	if err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			page.Problem = a.t.say("import.too_large", maxUpload>>20)
			return p.show(a, http.StatusRequestEntityTooLarge, "import", page)
		}
		if errors.Is(err, errNoFile) {
			page.Problem = a.t.say("import.no_file")
			return p.show(a, http.StatusBadRequest, "import", page)
		}
		return err
	}
	f.visitor = a.visitor.ID
	r, err := p.importFile(a, f, ledger.ImportOptions{DryRun: true})
	if err != nil {
		return p.importFailed(a, page, err)
	}
	if page.Token, err = p.uploads.put(f); err != nil {
		page.Problem = a.t.say("import.full")
		return p.show(a, http.StatusServiceUnavailable, "import", page)
	}
	page.Step = 2
	page.result(a.t, f, r)
	return p.show(a, http.StatusOK, "import", page)
}

// importDo imports the file whose plan was shown.
func (p *Pages) importDo(a *asked) error {
	form, err := a.form()
	if err != nil {
		return err
	}
	page := p.importPage(a)
	f, err := p.uploads.take(a.r.PathValue("token"), a.visitor.ID)
	if err != nil {
		page.Problem = a.t.say("import.gone")
		return p.show(a, http.StatusGone, "import", page)
	}
	r, err := p.importFile(a, f, ledger.ImportOptions{Atomic: form.Get("atomic") == "yes"})
	if err != nil {
		return p.importFailed(a, page, err)
	}
	page.Step = 3
	page.result(a.t, f, r)
	return p.show(a, http.StatusOK, "import", page)
}

func (p *Pages) importFile(a *asked, f upload, o ledger.ImportOptions) (ledger.ImportResult, error) {
	o.Language = a.t.lang
	file, err := sheets.File(f.name, bytes.NewReader(f.body), sheets.Options{})
	if err != nil {
		return ledger.ImportResult{}, err
	}
	return p.service.Import(a.ctx, []ledger.File{file}, o)
}

// importFailed shows what is wrong with a whole file.
func (p *Pages) importFailed(a *asked, page importPage, err error) error {
	f, table := errors.AsType[*sheets.FileError](err)
	switch {
	case table:
		page.Problem = f.Text.In(a.t.lang)
	case errors.Is(err, ledger.ErrFile):
		page.Problem = a.t.say("import.not_events")
	case errors.Is(err, ledger.ErrAtomicTooLarge):
		page.Problem = a.t.say("import.atomic_too_large")
	default:
		return err
	}
	return p.show(a, http.StatusUnprocessableEntity, "import", page)
}

var errNoFile = errors.New("no file was sent")

// upload reads the file of a posted form, whose first part has to be what says
// that the form is ours.
func (a *asked) upload() (f upload, err error) {
	a.r.Body = http.MaxBytesReader(a.w, a.r.Body, maxUpload+maxForm)
	parts, err := a.r.MultipartReader()
	if err != nil {
		return f, errForm
	}
	sent := false
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return f, errors.Join(errNoFile, ifNot(sent, errForm))
		}
		if err != nil {
			return f, err
		}
		switch part.FormName() {
		case formToken:
			b, err := io.ReadAll(io.LimitReader(part, 1<<10))
			if err != nil {
				return f, err
			}
			sent = a.ours(string(b))
		case "file":
			if !sent {
				return f, errForm
			}
			return readPart(part)
		}
	}
}

func readPart(part *multipart.Part) (f upload, err error) {
	f.name = path.Base(part.FileName())
	f.body, err = io.ReadAll(part)
	return f, err
}

func ifNot(ok bool, err error) error {
	if ok {
		return nil
	}
	return err
}

// result shows what came of an import, or would.
func (page *importPage) result(t *tongue, f upload, r ledger.ImportResult) {
	page.File = f.name
	page.Accepted, page.Unchanged, page.Rejected = t.number(int64(r.Accepted)), t.number(int64(r.Unchanged)), t.number(int64(r.Rejected))
	page.Nothing, page.Bad, page.Last = r.Accepted == 0, r.Rejected > 0, t.number(int64(r.LastSequence))
	for i, x := range r.Rejections {
		if i == rejectionsShown {
			break
		}
		page.Rows = append(page.Rows, rejectionRow{strconv.Itoa(x.Line), x.Subject, string(x.Code), x.Field, capital(x.Message)})
	}
	if more := r.Rejected - len(page.Rows); more > 0 {
		page.More = t.number(int64(more))
	}
}
