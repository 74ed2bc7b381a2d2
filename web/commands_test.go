package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"rollbook/web"
	"rollbook/web/access"
	"rollbook/web/service"
)

// part is one of a form.
type part struct{ name, text string }

// form writes a form, and returns it with its content type.
func form(t *testing.T, parts ...part) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		to, err := w.CreateFormFile(p.name, p.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(to, p.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

// A command is begun when everything that it reads is there, and not before; what it
// writes comes back in order.
func TestACommandIsTakenInWholeOrNotAtAll(t *testing.T) {
	o := open(t)
	var done []web.Command
	o.server = web.New(web.Options{Service: &service.Service{Ledger: o.ledger, Access: o.rights}, Commands: func(ctx context.Context, c web.Command) int {
		done = append(done, c)
		if _, ok := access.VisitorFrom(ctx); !ok {
			t.Error("a command has no visitor")
		}
		text, err := io.ReadAll(c.Input)
		if err != nil {
			t.Error(err)
		}
		_, _ = c.Stdout.Write(bytes.ToUpper(text))
		_, _ = io.WriteString(c.Stderr, "warned")
		if err := c.Save("out", func(w io.Writer) error { _, err := io.Copy(w, c.Content["in"]); return err }); err != nil {
			t.Error(err)
		}
		if err := c.Save("never", func(w io.Writer) error { _, _ = io.WriteString(w, "half"); return io.ErrNoProgress }); err == nil {
			t.Error("a file that cannot be written is saved")
		}
		func() {
			defer func() { _ = recover() }() // as the command line does
			_ = c.Save("never", func(io.Writer) error { panic("a defect") })
		}()
		return 6
	}})
	token := o.account(access.Grant{Role: access.Clerk})
	line := part{"command", `{"args":["x"],"stdin":true,"files":[{"name":"in","sent":true},{"name":"none"}]}`}
	stdin, file := part{"stdin", "some"}, part{"file", strings.Repeat("content ", 20_000)}
	for name, parts := range map[string][]part{
		"no command":               {stdin},
		"no JSON":                  {{"command", "x"}},
		"without standard input":   {line, file},
		"without its file":         {line, stdin},
		"with one more":            {line, stdin, file, file},
		"a command that is a list": {{"command", "[]"}},
	} {
		body, kind := form(t, parts...)
		if a := o.ask(token, http.MethodPost, "/api/v1/commands", body, "Content-Type", kind); a.status != http.StatusUnprocessableEntity || len(done) > 0 {
			t.Errorf("%s: %d %s, and %d done", name, a.status, a.body, len(done))
		}
	}
	body, kind := form(t, line, stdin, file)
	if a := o.ask(token, http.MethodPost, "/api/v1/commands", body[:len(body)/2], "Content-Type", kind); a.status != http.StatusBadRequest || len(done) > 0 {
		t.Errorf("half of it: %d %s", a.status, a.body)
	}
	if a := o.ask("", http.MethodPost, "/api/v1/commands", body, "Content-Type", kind); a.status != http.StatusUnauthorized || len(done) > 0 {
		t.Errorf("a stranger: %d %s", a.status, a.body)
	}
	if a := o.ask(o.account(access.Grant{Role: access.Auditor}), http.MethodPost, "/api/v1/commands", body, "Content-Type", kind); a.status != http.StatusForbidden || len(done) > 0 {
		t.Errorf("who may neither record nor import: %d %s", a.status, a.body)
	}
	a := o.ask(token, http.MethodPost, "/api/v1/commands", body, "Content-Type", kind)
	stdout, stderr, saved, exit := "", "", "", -1
	for d := json.NewDecoder(strings.NewReader(a.body)); ; {
		var f web.CommandFrame
		if err := d.Decode(&f); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		stdout, stderr, saved = stdout+string(f.Stdout), stderr+string(f.Stderr), saved+string(f.Data)
		if f.Exit != nil {
			exit = *f.Exit
		}
		if f.File == "never" {
			t.Error("a part of a file that could not be written is sent")
		}
	}
	if a.status != http.StatusOK || stdout != "SOME" || stderr != "warned" || saved != file.text || exit != 6 {
		t.Errorf("%d: stdout %q, stderr %q, %d bytes saved, exit %d", a.status, stdout, stderr, len(saved), exit)
	}
}
