package web

import (
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"rollbook/domain"
	"rollbook/web/access"
	"rollbook/web/service"
)

// CommandLine is a command as it was given somewhere else: the part "command" of what
// is sent. What it reads follows: the part "stdin", and a part "file" for each of Files
// that is sent, in their order.
type CommandLine struct {
	Args []string `json:"args"`
	// Env are the variables that say how to speak and what stands around a paper.
	Env map[string]string `json:"env"`
	// Screen and Console are true if somebody looks at standard output and standard error.
	Screen  bool          `json:"screen"`
	Console bool          `json:"console"`
	Stdin   bool          `json:"stdin"`
	Files   []CommandFile `json:"files"`
}

// CommandFile is a file that a command names, as it is where the command was given.
type CommandFile struct {
	Name      string `json:"name"`
	Sent      bool   `json:"sent,omitempty"`
	Directory bool   `json:"directory,omitempty"`
	// Problem is why it cannot be read; "" if it can, or if there is none.
	Problem string `json:"problem,omitempty"`
}

// CommandFrame is a line of what comes back. One without anything says that the command
// goes on; the last one has its exit code.
type CommandFrame struct {
	Stdout []byte `json:"stdout,omitempty"`
	Stderr []byte `json:"stderr,omitempty"`
	// File is the name of a file that the command writes, Data some more of it, and Whole
	// its end. What is not whole was not meant to be kept.
	File  string `json:"file,omitempty"`
	Data  []byte `json:"data,omitempty"`
	Whole bool   `json:"whole,omitempty"`
	Exit  *int   `json:"exit,omitempty"`
}

// Command is a command that a visitor has sent.
type Command struct {
	CommandLine
	// Input is what it reads as its standard input, and Content what is in the files
	// that were sent, by their names.
	Input          io.Reader
	Content        map[string]*io.SectionReader
	Stdout, Stderr io.Writer
	// Save sends the visitor a file, if it can be written.
	Save func(name string, write func(io.Writer) error) error
	// Heavy takes a place for what takes long, until the command ends; ok is false if
	// there is none now.
	Heavy func() (ok bool)
}

// commandsPath is where commands are sent to.
const commandsPath = apiPrefix + "/commands"

// Bounds of what is sent with a command. Files are bounded by maxUpload together.
const (
	maxCommandLine  = 1 << 20
	maxCommandFiles = 1000
	frameSize       = 64 << 10
)

type commandInput struct {
	r *http.Request
	w http.ResponseWriter
}

// Resolve implements [huma.Resolver]: the body is read as it comes, and answered while
// the command is under way.
func (in *commandInput) Resolve(ctx huma.Context) []error {
	in.r, in.w = humago.Unwrap(ctx)
	return nil
}

func (s *Server) registerCommands(api huma.API) {
	op := operation("run-command", http.MethodPost, "/commands", "Do a command of the command line",
		"What `rollbook --server` sends. The part \"command\" has the arguments, the part \"stdin\" standard input, parts \"file\" the files that are read. "+
			"The answer is a line of JSON for each piece of output, of a file that the command writes, and at last its exit code; an answer without one broke off. "+
			"The command asks for the rights of the routes that answer the same.")
	text, binary := &huma.Schema{Type: huma.TypeString}, &huma.Schema{Type: huma.TypeString, Format: "binary"}
	body := &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
		Type: huma.TypeObject, Required: []string{"command"},
		Properties: map[string]*huma.Schema{"command": text, "stdin": binary, "file": {Type: huma.TypeArray, Items: binary}},
	}}}}
	op.Errors = append(op.Errors, http.StatusRequestEntityTooLarge, http.StatusRequestTimeout)
	op.Responses = map[string]*huma.Response{"200": {Description: "what the command wrote", Content: map[string]*huma.MediaType{ndjson: {Schema: text}}}}
	register(s, api, op, s.command)
	api.OpenAPI().Paths[op.Path].Post.RequestBody = body // described, and read by ourselves
}

func (s *Server) command(ctx context.Context, in *commandInput) (_ *huma.StreamResponse, err error) {
	ctx, leave, ok := s.stayOpen(ctx)
	if !ok {
		return nil, busy()
	}
	received := &receivedCommand{server: s}
	end := func() { received.close(); leave() }
	defer func() {
		if err != nil {
			end()
		}
	}()
	if err := received.read(ctx, in.r); err != nil {
		return nil, err
	}
	if s.options.Commands == nil {
		return nil, access.ErrNotFound
	}
	return &huma.StreamResponse{Body: func(huma.Context) {
		defer end()
		unhurried(ctx)
		s.answerCommand(ctx, in.w, received)
	}}, nil
}

// receivedCommand is a command that was taken in whole.
type receivedCommand struct {
	Command
	server *Server
	leave  func() // the place among what takes long
	files  []*os.File
}

func (c *receivedCommand) close() {
	for _, f := range c.files {
		_ = f.Close() // it has no name any more
	}
	if c.leave != nil {
		c.leave()
	}
}

// heavy takes a place for what takes long, unless the command has one.
func (c *receivedCommand) heavy() (ok bool) {
	if c.leave == nil {
		c.leave, ok = c.server.heavy()
		return ok
	}
	return true
}

func badCommand(field, en, vi string) error {
	return &service.InputError{Field: field, Message: domain.Text{EN: en, VI: vi}}
}

// read takes in a command with all that it reads, before anything of it is done.
func (c *receivedCommand) read(ctx context.Context, r *http.Request) error {
	parts, err := r.MultipartReader()
	if err != nil {
		return problemf(http.StatusBadRequest, "malformed", "", "the body is multipart/form-data with a part \"command\"; see docs/http.md", "nội dung phải là multipart/form-data có phần \"command\"; xem docs/http.md")
	}
	part, err := nextPart(parts, "command")
	if err != nil {
		return err
	}
	if err := json.NewDecoder(io.LimitReader(part, maxCommandLine)).Decode(&c.CommandLine); err != nil || len(c.Files) > maxCommandFiles {
		return badCommand("command", "is no command line of at most 1 MB with at most 1,000 files", "không phải dòng lệnh cỡ tối đa 1 MB với tối đa 1.000 tệp")
	}
	c.Content = map[string]*io.SectionReader{}
	if c.Stdin {
		if c.Input, err = c.spool(ctx, parts, "stdin"); err != nil {
			return err
		}
	}
	for _, f := range c.Files {
		if !f.Sent {
			continue
		}
		if c.Content[f.Name], err = c.spool(ctx, parts, "file"); err != nil {
			return err
		}
	}
	if _, err := parts.NextPart(); err != io.EOF {
		return badCommand("file", "more was sent than the command reads", "gửi nhiều tệp hơn lệnh cần đọc")
	}
	_, err = io.Copy(io.Discard, r.Body) // to its end, so that the end of the connection is seen
	return err
}

func nextPart(parts *multipart.Reader, name string) (*multipart.Part, error) {
	part, err := parts.NextPart()
	switch {
	case err == io.EOF || err == nil && part.FormName() != name:
		return nil, badCommand(name, "is missing", "còn thiếu")
	case err != nil:
		return nil, broken(err)
	}
	return part, nil
}

// spool takes in a part whole, of who may hand in what could be large: files are
// imported, standard input is imported or recorded.
func (c *receivedCommand) spool(ctx context.Context, parts *multipart.Reader, name string) (*io.SectionReader, error) {
	what := access.Import
	if name == "stdin" {
		what = access.Record
	}
	if err := c.server.options.Service.Access.Anywhere(ctx, what); err != nil {
		return nil, err
	}
	if !c.heavy() {
		return nil, busy()
	}
	part, err := nextPart(parts, name)
	if err != nil {
		return nil, err
	}
	f, err := spool(part)
	if err != nil {
		return nil, err
	}
	c.files = append(c.files, f)
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return io.NewSectionReader(f, 0, info.Size()), nil
}

// answerCommand does a command and sends what it writes as it comes.
func (s *Server) answerCommand(ctx context.Context, w http.ResponseWriter, c *receivedCommand) {
	w.Header().Set("Content-Type", ndjson)
	w.Header().Set("X-Accel-Buffering", "no")
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := &commandOutput{encoder: json.NewEncoder(w), c: http.NewResponseController(w), take: s.options.Limits.Take, gone: cancel}
	if out.send(CommandFrame{}) != nil {
		return
	}
	beats := sync.WaitGroup{}
	defer beats.Wait()
	defer cancel()
	beats.Go(func() {
		ticker := time.NewTicker(s.options.Limits.Heartbeat)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				_ = out.send(CommandFrame{}) // it ends the command itself
			}
		}
	})
	c.Stdout = frames(func(b []byte) CommandFrame { return CommandFrame{Stdout: b} }, out)
	c.Stderr = frames(func(b []byte) CommandFrame { return CommandFrame{Stderr: b} }, out)
	c.Save = out.save
	c.Heavy = c.heavy
	exit := s.options.Commands(ctx, c.Command)
	_ = out.send(CommandFrame{Exit: &exit}) // who went away needs no answer
}

// commandOutput is the way back. Several may write at the same time.
type commandOutput struct {
	mu      sync.Mutex
	encoder *json.Encoder
	c       *http.ResponseController
	take    time.Duration // that a reader may leave untaken what is written
	gone    func()
}

func (o *commandOutput) send(f CommandFrame) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	_ = o.c.SetWriteDeadline(time.Now().Add(o.take)) // a test's recorder has none
	err := o.encoder.Encode(f)
	if err == nil {
		err = o.c.Flush()
	}
	if err != nil {
		o.gone()
	}
	return err
}

// save sends a file, once it is known that it can be written whole.
func (o *commandOutput) save(name string, write func(io.Writer) error) error {
	f, err := unnamed()
	if err != nil {
		return err
	}
	defer f.Close()
	if err := write(f); err != nil { // here, so that a defect in it ends the command alone
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := io.Copy(frames(func(b []byte) CommandFrame { return CommandFrame{File: name, Data: b} }, o), f); err != nil {
		return err
	}
	return o.send(CommandFrame{File: name, Whole: true})
}

// frames makes what is written frames.
func frames(of func([]byte) CommandFrame, out *commandOutput) io.Writer {
	return frameWriter(func(b []byte) (n int, err error) {
		for n < len(b) {
			end := min(n+frameSize, len(b))
			if err := out.send(of(b[n:end])); err != nil {
				return n, err
			}
			n = end
		}
		return n, nil
	})
}

type frameWriter func([]byte) (int, error)

func (w frameWriter) Write(b []byte) (int, error) { return w(b) }
