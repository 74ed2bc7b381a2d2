package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rollbook/domain"
	"rollbook/web"
)

// With --server a command is done by a service on another machine, under the rights of
// whoever the token is of. It gets the arguments and what is read; what it writes comes
// back as it is written, and so does the exit code. See visit.go for the other side.

// remote says which service does commands, and as whom.
type remote struct {
	URL string
	// Token is a file with the token. CA is a file with the certificates that the
	// service is checked by; "" takes those that this machine trusts.
	Token, CA string
}

const (
	tokenPrefix = "rb_"
	maxToken    = 1 << 10
	dialWithin  = 10 * time.Second
	// silence is how long a service says nothing before it is given up: it says every 15
	// seconds that a command goes on.
	silence = time.Minute
)

// here are the commands that --server has nothing to do with: they need no ledger.
// Others of those that are done at home make, serve or administer one.
var here = []string{
	"check", "check report", "completion", "config check", "config show", "events schema", "events types", "help", "policy list", "policy show", "sign",
	"template list", "template mapping", "version", "witness init", "witness serve",
}

// ours are the flags that say where a ledger is and how it is opened. Beside --server
// one of them would have no effect, and what is meant for a trial ledger would be done
// in the real one.
var ours = []string{
	"data", "master-key", "tree", "nats", "nkey", "nats-ca", "nats-cert", "nats-key", "feed-nkey", "policy", "signer", "anchor", "unsafe-sync", "database",
}

// sendAway has the service do a command. It returns a *[handedOverError] when that has
// been done, and nil when the command is to go on here.
func (a *app) sendAway(cmd *cobra.Command, args []string) error {
	path := pathOf(cmd)
	if !cmd.Runnable() || slices.Contains(here, path) || cmd.HasSubCommands() && path != "check" && len(args) == 0 {
		return nil
	}
	for _, name := range ours {
		if cmd.Root().PersistentFlags().Changed(name) { // not --data of record, which is another
			return usage("--%[1]s is about a ledger of this machine, and --server (ROLLBOOK_SERVER) sends the command to a service: leave one of them out",
				"--%[1]s nói về sổ trên máy này, còn --server (ROLLBOOK_SERVER) gửi lệnh đến dịch vụ: hãy bỏ một trong hai", name)
		}
	}
	if err := offered(cmd); err != nil {
		return err
	}
	client, request, err := a.server.prepare(cmd.Context())
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	reads, writes := namedFiles(cmd, args)
	if result := cmd.Flags().Lookup("result"); path == "import" && result.Changed { // before anything is stored that it could not tell of
		if err := placeable(a.path(result.Value.String())); err != nil {
			return unwritable(result.Value.String(), err)
		}
	}
	line := web.CommandLine{
		Args: a.args, Env: a.speech(), Screen: a.out.terminal, Console: a.console.terminal(),
		Stdin: path == "import" && slices.Contains(args, "-") || path == "record" && slices.ContainsFunc(a.args, readsInput),
	}
	var files []*os.File
	defer func() {
		for _, f := range files {
			_ = f.Close() // it was only read
		}
	}()
	var input io.Reader
	if line.Stdin {
		f, done, err := a.takeInput(cmd.Context())
		if err != nil {
			return err
		}
		defer done()
		input = f
	}
	for _, name := range reads {
		f, about := announce(name)
		line.Files = append(line.Files, about)
		if f != nil {
			files = append(files, f)
		}
	}
	for _, name := range writes {
		if about := (web.CommandFile{Name: name, Directory: a.isDirectory(name)}); !slices.Contains(reads, name) {
			line.Files = append(line.Files, about)
		}
	}
	return a.converse(client, request, line, input, files, writes)
}

// placeable tells whether a file can be written where it is to be.
func placeable(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// takeInput takes in what is typed or piped before the service is asked, which waits for
// nobody who is slow. It lies in a file that nobody else may read, and that has no name
// any more where the system allows that.
func (a *app) takeInput(ctx context.Context) (f *os.File, done func(), err error) {
	if f, err = os.CreateTemp("", "rollbook-*"); err != nil {
		return nil, nil, err
	}
	_ = os.Remove(f.Name()) // if it cannot be while it is open, it is below
	done = func() {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
	taken := make(chan error, 1)
	go func() {
		_, err := io.Copy(f, a.stdin)
		taken <- err
	}()
	select {
	case err = <-taken:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	return f, done, nil
}

// namedFiles returns the files that a command reads and writes, as they are named in it.
func namedFiles(cmd *cobra.Command, args []string) (reads, writes []string) {
	value := func(flag string) string {
		if f := cmd.Flags().Lookup(flag); f != nil {
			return f.Value.String()
		}
		return ""
	}
	add := func(list *[]string, name string) {
		if name != "" && !slices.Contains(*list, name) {
			*list = append(*list, name)
		}
	}
	switch pathOf(cmd) {
	case "import":
		for _, name := range args {
			if name != "-" { // standard input
				add(&reads, name)
			}
		}
		add(&reads, value("mapping"))
		add(&writes, value("result"))
	case "template", "template write":
		add(&writes, cmp.Or(value("out"), templateName(args[0])))
	case "bundle":
		if add(&writes, value("out")); writes == nil {
			if member, ok := domain.ParseSubject(args[0]); ok {
				add(&writes, bundleName(member))
			}
		}
	default:
		add(&writes, value("output"))
	}
	return reads, writes
}

// announce opens a file that is to be sent, or says why it is not.
func announce(name string) (*os.File, web.CommandFile) {
	about := web.CommandFile{Name: name}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, about
	}
	var info os.FileInfo
	if err == nil {
		info, err = f.Stat()
	}
	if err != nil {
		about.Problem = reasonOf(err)
		return nil, about
	}
	if about.Directory = info.IsDir(); about.Directory {
		_ = f.Close() // it is not read
		return nil, about
	}
	about.Sent = true
	return f, about
}

// prepare checks how the service is reached, and as whom.
func (r remote) prepare(ctx context.Context) (*http.Client, *http.Request, error) {
	u, err := url.Parse(r.URL)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, nil, usage("--server %q is not an address such as https://rollbook.example", "--server %q không phải địa chỉ như https://rollbook.example", show(r.URL))
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, nil, usage("--server %s is another machine, and the token and names would go over the network in clear: write https://", "--server %s là máy khác, mã truy cập và họ tên sẽ đi qua mạng không mã hoá: hãy ghi https://", show(r.URL))
	}
	token, err := r.token()
	if err != nil {
		return nil, nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if r.CA != "" {
		text, err := os.ReadFile(r.CA)
		if err != nil {
			return nil, nil, usage("--server-ca %s: %s", "--server-ca %s: %s", show(r.CA), reasonOf(err))
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, nil, usage("--server-ca %s has no certificate in PEM form", "--server-ca %s không có chứng thư dạng PEM", show(r.CA))
		}
	}
	dialer := &net.Dialer{Timeout: dialWithin}
	client := &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, TLSClientConfig: config, TLSHandshakeTimeout: dialWithin, ResponseHeaderTimeout: silence},
		// Where an address leads elsewhere, the token does not follow.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.Scheme+"://"+u.Host+"/api/v1/commands", nil)
	if err != nil {
		return nil, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	return client, request, nil
}

// token reads the token, which nobody else may read.
func (r remote) token() (string, error) {
	if r.Token == "" {
		return "", usage("--server needs --token-file FILE with a token (ROLLBOOK_TOKEN_FILE); an operator makes one with `rollbook access token`", "--server cần --token-file TỆP có mã truy cập (ROLLBOOK_TOKEN_FILE); người vận hành tạo mã bằng `rollbook access token`")
	}
	info, err := os.Stat(r.Token)
	if err != nil {
		return "", usage("--token-file %s: %s", "--token-file %s: %s", show(r.Token), reasonOf(err))
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return "", usage("--token-file %[1]s can be read by others (mode %04[2]o): chmod 600 %[1]s", "--token-file %[1]s người khác đọc được (quyền %04[2]o): chmod 600 %[1]s", show(r.Token), mode)
	}
	text, err := os.ReadFile(r.Token)
	if err != nil {
		return "", usage("--token-file %s: %s", "--token-file %s: %s", show(r.Token), reasonOf(err))
	}
	token := strings.TrimSpace(string(text))
	if !strings.HasPrefix(token, tokenPrefix) || len(token) > maxToken || strings.ContainsAny(token, " \r\n\t") {
		return "", usage("--token-file %s holds no token, which begins with %s", "--token-file %s không có mã truy cập, mã bắt đầu bằng %s", show(r.Token), tokenPrefix)
	}
	return token, nil
}

// converse sends a command and takes what comes back.
func (a *app) converse(client *http.Client, request *http.Request, line web.CommandLine, input io.Reader, files []*os.File, writes []string) error {
	ctx, cancel := context.WithCancelCause(request.Context())
	defer cancel(nil)
	watch := time.AfterFunc(silence, func() { cancel(errSilent) })
	defer watch.Stop()
	body, sent := io.Pipe()
	defer body.Close() // what sends ends too
	form := multipart.NewWriter(sent)
	request = request.WithContext(ctx)
	request.Body = body
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("Accept-Language", a.lang)
	go func() {
		sent.CloseWithError(a.sendCommand(form, line, input, files, func() { watch.Reset(silence) }))
	}()
	answer, err := client.Do(request)
	if err != nil {
		return unreached(ctx, a.server.URL, err)
	}
	defer answer.Body.Close()
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if answer.StatusCode != http.StatusOK || kind != "application/x-ndjson" {
		return a.refused(answer, kind)
	}
	d := &dialogue{app: a, decoder: json.NewDecoder(answer.Body), writes: writes, heard: func() { watch.Reset(silence) }}
	exit, err := d.take()
	if broken, ok := errors.AsType[*brokenOffError](err); ok {
		if ctx.Err() != nil && !errors.Is(context.Cause(ctx), errSilent) {
			return ctx.Err()
		}
		return handoverBroken(cmp.Or(silent(ctx), broken.error))
	}
	if err != nil {
		return err
	}
	return &handedOverError{exit}
}

// errSilent is the end of a service that says nothing.
var errSilent = errors.New("it has said nothing for a minute")

func silent(ctx context.Context) error {
	if errors.Is(context.Cause(ctx), errSilent) {
		return errSilent
	}
	return nil
}

// sendCommand writes the parts of a command.
func (a *app) sendCommand(form *multipart.Writer, line web.CommandLine, input io.Reader, files []*os.File, alive func()) error {
	part := func(name string, from io.Reader) error {
		w, err := form.CreateFormFile(name, name) // what the files are called stands in the command
		if err == nil {
			_, err = io.Copy(writerFunc(func(b []byte) (int, error) { alive(); return w.Write(b) }), from)
		}
		return err
	}
	text, err := json.Marshal(line)
	if err == nil {
		err = part("command", strings.NewReader(string(text)))
	}
	if err == nil && line.Stdin {
		err = part("stdin", input)
	}
	for _, f := range files {
		if err == nil {
			err = part("file", f)
		}
	}
	return errors.Join(err, form.Close())
}

type writerFunc func([]byte) (int, error)

func (w writerFunc) Write(b []byte) (int, error) { return w(b) }

// unreached says why a service could not be asked.
func unreached(ctx context.Context, address string, err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if s := silent(ctx); s != nil {
		err = s
	} else if ctx.Err() != nil {
		return ctx.Err()
	}
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return &problem{name: "unreachable", exit: exitUnreachable, cause: err, text: textf(
			"the certificate of %s is not one to be trusted (%v); name the file with the certificate of who issued it with --server-ca", "chứng thư của %s không đáng tin (%v); hãy chỉ tệp chứng thư của nơi cấp bằng --server-ca", show(address), untrusted.Err)}
	}
	return &problem{name: "unreachable", exit: exitUnreachable, cause: err, text: textf(
		"the service %s cannot be reached: %v; check the address, and whether it runs", "không kết nối được dịch vụ %s: %v; hãy kiểm tra địa chỉ và xem dịch vụ có đang chạy không", show(address), err)}
}

// maxProblem bounds what is read of a problem document.
const maxProblem = 64 << 10

// refused is what a service answers that does not do a command.
func (a *app) refused(answer *http.Response, kind string) error {
	var p web.Problem
	told := kind == "application/problem+json" && json.NewDecoder(io.LimitReader(answer.Body, maxProblem)).Decode(&p) == nil && p.Messages.EN != "" && p.Messages.VI != ""
	exit, what := exitUnreachable, domain.Text{EN: show(p.Messages.EN), VI: show(p.Messages.VI)}
	switch answer.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		exit = exitUsage
	case http.StatusInternalServerError:
		exit = exitUnexpected
	case http.StatusNotFound:
		told = false // an older service, or something else
	}
	if !told {
		return &problem{name: "unreachable", exit: exitUnreachable, text: textf(
			"%s does not answer as a service of Rollbook that does commands (status %d); check the address", "%s không trả lời như dịch vụ Rollbook nhận lệnh (mã %d); hãy kiểm tra địa chỉ", show(a.server.URL), answer.StatusCode)}
	}
	if answer.StatusCode == http.StatusUnauthorized {
		what = textf("the token in %s is not good (any more); an operator makes one with `rollbook access token`", "mã truy cập trong %s không (còn) hiệu lực; người vận hành tạo mã bằng `rollbook access token`", show(a.server.Token))
	}
	return &problem{name: p.Code, exit: exit, text: what}
}

// brokenOffError is an answer that ended before its end.
type brokenOffError struct{ error }

// dialogue takes what comes back of a command.
type dialogue struct {
	*app
	decoder *json.Decoder
	writes  []string // the files that may come
	heard   func()
}

// take takes everything, and returns the exit code.
func (d *dialogue) take() (exit int, err error) {
	for {
		f, err := d.next()
		if err != nil {
			return 0, err
		}
		if f.Exit != nil {
			return *f.Exit, d.out.flush()
		}
		if !slices.Contains(d.writes, f.File) {
			return 0, &brokenOffError{fmt.Errorf("it sent a file that was not asked for")}
		}
		if err := d.save(f.File, func(w io.Writer) error { return d.file(w, f) }); err != nil {
			return 0, err
		}
	}
}

// file writes the rest of a file.
func (d *dialogue) file(w io.Writer, f web.CommandFrame) error {
	name := f.File
	for {
		if _, err := w.Write(f.Data); err != nil || f.Whole {
			return err
		}
		next, err := d.next()
		if err != nil {
			return err
		}
		if next.File != name {
			return &brokenOffError{errors.New("a file ended before its end")}
		}
		f = next
	}
}

// next returns the next piece of a file, or the end.
func (d *dialogue) next() (f web.CommandFrame, err error) {
	for {
		f = web.CommandFrame{}
		if err := d.decoder.Decode(&f); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return f, &brokenOffError{err}
		}
		d.heard()
		if len(f.Stderr) > 0 {
			_, _ = d.console.Write(f.Stderr) // nowhere to report it
		}
		if len(f.Stdout) > 0 {
			_, _ = d.out.Write(f.Stdout) // the error sticks
			if err := d.out.flush(); err != nil {
				return f, errOutput(err)
			}
		}
		if f.File != "" || f.Exit != nil {
			return f, nil
		}
	}
}
