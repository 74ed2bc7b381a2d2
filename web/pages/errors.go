package pages

import (
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/ledger"
	"rollbook/projections"
	"rollbook/web/access"
	"rollbook/web/service"
)

// formToken is the field by which a form is known to be ours.
const formToken = "csrf_token"

var errForm = errors.New("the form is not one that this visitor was shown")

// ours reports whether a form sent back what it was given. The owner's socket gives
// nothing, and no other site's page reaches it.
func (a *asked) ours(token string) bool {
	return a.visitor.Means == access.BySocket || a.visitor.Form != "" && subtle.ConstantTimeCompare([]byte(token), []byte(a.visitor.Form)) == 1
}

// checkForm refuses a form that is not ours. One with a file is read, and checked,
// by its page.
func (a *asked) checkForm() error {
	if strings.HasPrefix(a.r.Header.Get("Content-Type"), "multipart/form-data") {
		return nil
	}
	form, err := a.form()
	if err == nil && !a.ours(form.Get(formToken)) {
		err = errForm
	}
	return err
}

// ofInput says what is wrong with something that somebody put in; ok is false for
// an error that is about something else.
func (t *tongue) ofInput(err error) (said string, ok bool) {
	if i, ok := errors.AsType[*service.InputError](err); ok {
		return t.say("wrong.field", t.inputName(i.Field), t.pick(i.Message)), true
	}
	switch {
	case errors.Is(err, access.ErrReason):
		return t.say("wrong.reason"), true
	case errors.Is(err, projections.ErrUnknownOrganisation):
		return t.say("wrong.organisation"), true
	}
	return "", false
}

// inputName is what a field of an address is called on the page.
func (t *tongue) inputName(field string) string {
	if text, ok := t.texts[field]; ok {
		return text
	}
	return field
}

// trouble is a page in the place of one that cannot be shown.
type trouble struct {
	status int
	code   string // of texts; the rest is in the catalogue
}

// families is which page stands for which errors. The first that fits counts.
var families = []struct {
	err error
	trouble
}{
	{errNoPage, trouble{http.StatusNotFound, "not_found"}},
	{access.ErrNotFound, trouble{http.StatusNotFound, "not_found"}},
	{ledger.ErrUnknownSubject, trouble{http.StatusNotFound, "not_found"}},
	{projections.ErrUnknownOrganisation, trouble{http.StatusNotFound, "not_found"}},
	{access.ErrForbidden, trouble{http.StatusForbidden, "forbidden"}},
	{access.ErrPart, trouble{http.StatusForbidden, "part"}},
	{errForm, trouble{http.StatusForbidden, "form"}},
	{ledger.ErrNotReached, trouble{http.StatusGatewayTimeout, "not_reached"}},
	{eventstore.ErrUnknownOutcome, trouble{http.StatusServiceUnavailable, "unknown_outcome"}},
	{eventstore.ErrUnavailable, trouble{http.StatusServiceUnavailable, "unavailable"}},
	{ledger.ErrNoKeys, trouble{http.StatusServiceUnavailable, "no_keys"}},
}

func troubleOf(err error) (trouble, bool) {
	for _, f := range families {
		if errors.Is(err, f.err) {
			return f.trouble, true
		}
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return trouble{http.StatusRequestEntityTooLarge, "too_large"}, true
	}
	if _, ok := errors.AsType[*eventstore.VersionError](err); ok {
		return trouble{http.StatusConflict, "conflict"}, true
	}
	return trouble{http.StatusInternalServerError, "internal"}, false
}

type errorPage struct {
	frame
	Heading, Text, Code string
}

// wrong answers with what went wrong. What is in no family is for the log of the
// service, and says nothing of itself to the visitor.
func (p *Pages) wrong(a *asked, err error) {
	if a.ctx.Err() != nil {
		return // nobody is there to be told
	}
	said, ok := a.t.ofInput(err)
	t, known := troubleOf(err)
	if ok {
		t, known = trouble{http.StatusBadRequest, "bad_value"}, true
	}
	if r, is := errors.AsType[*domain.Rejection](err); is {
		t, known, said = trouble{http.StatusUnprocessableEntity, string(r.Code)}, true, capital(a.t.pick(r.Message))
	}
	if !known {
		p.logger.ErrorContext(a.ctx, "a page could not be made", slog.String("pattern", a.r.Pattern), slog.Any("error", err))
	}
	page := errorPage{frame: p.frame(a, a.t.say("error"), ""), Code: t.code, Text: said, Heading: a.t.say("error")}
	if said == "" {
		page.Heading, page.Text = a.t.say("error."+t.code), a.t.say("error."+t.code+".text")
	}
	page.Title = page.Heading
	if err := p.show(a, t.status, "error", page); err != nil {
		p.logger.ErrorContext(a.ctx, "the page of an error could not be made", slog.Any("error", err))
		http.Error(a.w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
}
