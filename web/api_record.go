package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/ledger"
	"rollbook/office/sheets"
	"rollbook/web/access"
	"rollbook/web/service"
)

type recordInput struct {
	DryRun      bool   `query:"dry_run" doc:"say what would come of it, and store nothing"`
	IfMatch     string `header:"If-Match" maxLength:"40" doc:"the ETag that the subject's history had: record only if it still ends there; * if it has any entry"`
	IfNoneMatch string `header:"If-None-Match" maxLength:"40" doc:"* to record only if the subject has no entry yet"`
	Key         string `header:"Idempotency-Key" maxLength:"255" doc:"makes an event without an id one with an id of this key: the same key with the same event is unchanged for ever, with another event duplicate_id"`
	ContentType string `header:"Content-Type"`
	RawBody     []byte `contentType:"application/cloudevents+json"`
}

type recordOutput struct {
	Status   int
	ETag     string `header:"ETag" doc:"where the subject's history ends now, for If-Match"`
	Location string `header:"Location"`
	Body     ledger.Outcome
}

type importInput struct {
	DryRun bool `query:"dry_run" doc:"decide on every line and store nothing"`
	Atomic bool `query:"atomic" doc:"store all lines or none (at most 1,000 records)"`
	body   io.Reader
	header http.Header
}

// Resolve implements [huma.Resolver]: the body is read as it comes.
func (in *importInput) Resolve(ctx huma.Context) []error {
	r, _ := humago.Unwrap(ctx)
	in.body, in.header = r.Body, r.Header
	return nil
}

func (s *Server) registerRecording(api huma.API) {
	op := operation("record-event", http.MethodPost, "/events", "Record one event",
		"An event is a CloudEvents 1.0 JSON object as docs/contract.md has it. Sending the same again changes nothing and is answered `unchanged` (200); a new one is answered 201 when it is on the disk. "+
			"An event without an id gets one from its content, or from Idempotency-Key. The actor is the account.")
	op.Errors = append(op.Errors, http.StatusConflict, http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	op.DefaultStatus = http.StatusCreated
	register(s, api, op, s.record)
	event := &huma.Schema{Type: huma.TypeObject, Description: "an event: see docs/catalogue"}
	post := api.OpenAPI().Paths[op.Path].Post
	post.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/cloudevents+json": {Schema: event}, "application/json": {Schema: event}}}
	unchanged := *post.Responses["201"]
	unchanged.Description = "unchanged: it is there already; or dry_run"
	post.Responses["200"] = &unchanged

	op = operation("import-events", http.MethodPost, "/imports", "Import a file of events",
		"The body is the file: NDJSON (application/x-ndjson), or what the program's import reads besides. It is taken in whole before anything of it is decided, so an upload that breaks leaves nothing. "+
			"Good lines are stored although others are rejected; lines that concern organisations out of reach are rejected like unknown ones.")
	op.Errors = append(op.Errors, http.StatusRequestEntityTooLarge, http.StatusRequestTimeout)
	file := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/x-ndjson": {Schema: file}, "text/csv": {Schema: file}, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {Schema: file},
	}}
	register(s, api, op, s.importFile)
}

func (s *Server) record(ctx context.Context, in *recordInput) (*recordOutput, error) {
	if kind, _, err := mime.ParseMediaType(in.ContentType); in.ContentType != "" && (err != nil || kind != "application/json" && kind != "application/cloudevents+json") {
		return nil, problemf(http.StatusUnsupportedMediaType, "malformed", "", "the body is one JSON object: application/cloudevents+json or application/json", "nội dung là một đối tượng JSON: application/cloudevents+json hoặc application/json")
	}
	o := service.RecordOptions{}
	var err error
	if o.IfVersion, err = versionOf(in.IfMatch, in.IfNoneMatch); err != nil {
		return nil, err
	}
	if in.Key != "" {
		v, _ := access.VisitorFrom(ctx)
		sum := sha256.Sum256([]byte(v.ID + "\n" + in.Key))
		o.ID = "key-" + hex.EncodeToString(sum[:16])
	}
	if in.DryRun {
		out, err := s.options.Service.Try(ctx, in.RawBody, o)
		return &recordOutput{Status: http.StatusOK, Body: out}, err
	}
	out, err := s.options.Service.Record(ctx, in.RawBody, o)
	if err != nil {
		return nil, err
	}
	answer := &recordOutput{Status: http.StatusOK, Body: out}
	if out.Status == "accepted" {
		answer.Status, answer.ETag = http.StatusCreated, etag(out.Sequence)
	}
	kind, id, _ := strings.Cut(out.Subject, "/")
	answer.Location = apiPrefix + "/" + kind + "s/" + id + "/history"
	return answer, nil
}

// etag is the version of a subject: the sequence of its last entry.
func etag(version uint64) string { return `"` + strconv.FormatUint(version, 10) + `"` }

// versionOf reads what a subject's version must be; nil is any.
func versionOf(match, noneMatch string) (*eventstore.Position, error) {
	bad := &service.InputError{Field: "If-Match", Message: domain.Text{
		EN: `is an ETag of a history, such as "4711"; If-None-Match is *`, VI: `là ETag của lịch sử, ví dụ "4711"; If-None-Match là *`,
	}}
	switch {
	case match != "" && noneMatch != "", noneMatch != "" && noneMatch != "*":
		return nil, bad
	case noneMatch == "*":
		none := eventstore.Position(0)
		return &none, nil
	case match == "":
		return nil, nil
	case match == "*":
		any := ledger.AnyVersion
		return &any, nil
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(match, `"`), `"`), 10, 63)
	if err != nil || etag(n) != match {
		return nil, bad
	}
	at := eventstore.Position(n)
	return &at, nil
}

// The files that an import takes, by their media type.
var uploads = map[string]string{
	"": ".ndjson", "application/x-ndjson": ".ndjson", "application/ndjson": ".ndjson", "application/json": ".ndjson", "application/octet-stream": ".ndjson", "text/plain": ".ndjson",
	"text/csv": ".csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}

func (s *Server) importFile(ctx context.Context, in *importInput) (*answered[ledger.ImportResult], error) {
	leave, ok := s.heavy()
	if !ok {
		return nil, busy()
	}
	defer leave()
	kind := ""
	if t := in.header.Get("Content-Type"); t != "" {
		var err error
		if kind, _, err = mime.ParseMediaType(t); err != nil || uploads[kind] == "" {
			return nil, problemf(http.StatusUnsupportedMediaType, "malformed", "", "a file is application/x-ndjson, text/csv or an XLSX workbook", "tệp là application/x-ndjson, text/csv hoặc sổ XLSX")
		}
	}
	if err := s.options.Service.Access.Anywhere(ctx, access.Import); err != nil {
		return nil, err // before a large body is taken in
	}
	file, err := spool(in.body)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	events, err := sheets.File("upload"+uploads[kind], file, sheets.Options{})
	if err != nil {
		return nil, err
	}
	return document(s.options.Service.Import(ctx, []ledger.File{events},
		ledger.ImportOptions{DryRun: in.DryRun, Atomic: in.Atomic, Language: languageFrom(ctx)}))
}

// unnamed returns a file that nobody else can open and that is gone when it is closed,
// or when the process is.
func unnamed() (*os.File, error) {
	f, err := os.CreateTemp("", "rollbook-upload-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close() // nothing is in it
		return nil, err
	}
	return f, nil
}

// spool takes in a body whole, in an unnamed file.
func spool(body io.Reader) (*os.File, error) {
	f, err := unnamed()
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*os.File, error) {
		_ = f.Close() // it has no name any more
		return nil, err
	}
	if _, err := io.Copy(f, body); err != nil {
		return fail(broken(err))
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fail(err)
	}
	return f, nil
}

// broken says that an upload ended before its end.
func broken(err error) error {
	if is(io.ErrUnexpectedEOF)(err) || strings.Contains(err.Error(), "malformed chunked encoding") {
		return problemf(http.StatusBadRequest, "malformed", "", "the upload broke off, and nothing of it was stored; send it again", "tải lên bị đứt, chưa lưu gì; hãy gửi lại")
	}
	return err
}

// slowest is how slowly an upload may come, in bytes a second, after a first while.
const (
	slowest    = 10 << 10
	uploadRest = 30 * time.Second
	maxUpload  = 256 << 20
)

// upload is a body that may be large, as long as it comes fast enough.
type upload struct {
	io.ReadCloser
	c     *http.ResponseController
	began time.Time
	read  int64
}

func (u *upload) Read(b []byte) (int, error) {
	end := u.began.Add(uploadRest + time.Duration(u.read/slowest)*time.Second)
	if err := u.c.SetReadDeadline(end); err != nil && !is(http.ErrNotSupported)(err) {
		return 0, fmt.Errorf("deadline of an upload: %w", err)
	}
	_ = u.c.SetWriteDeadline(end.Add(uploadRest)) // so that who sends too slowly is still told
	n, err := u.ReadCloser.Read(b)
	u.read += int64(n)
	if err == io.EOF {
		_ = u.c.SetReadDeadline(time.Time{}) // what follows may take long
		_ = u.c.SetWriteDeadline(time.Time{})
	}
	return n, err
}
