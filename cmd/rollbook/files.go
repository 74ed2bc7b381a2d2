package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"sync/atomic"
	"unicode/utf8"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/office/sheets"
)

// files are opened and looked at before anything of them is stored, so that a
// slip in the last name on the command line does not leave half an import.
type files struct {
	list  []ledger.File
	bytes int64 // of all together, -1 if unknown
	read  atomic.Int64
	open  []io.Closer
}

// sampleBytes is how much of a file is looked at beforehand.
const sampleBytes = 64 << 10

func (a *app) openFiles(ctx context.Context, names []string, tables sheets.Options) (_ *files, err error) {
	f := &files{}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.close())
		}
	}()
	stdin := false
	for _, name := range names {
		if name == "-" && stdin {
			return nil, usage(`"-" can stand once only`, `"-" chỉ được ghi một lần`)
		}
		stdin = stdin || name == "-"
		if err := f.add(ctx, a, name, tables); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *files) close() error {
	var errs []error
	for _, c := range f.open {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

func (f *files) add(ctx context.Context, a *app, name string, tables sheets.Options) error {
	shown, in, regular := show(name), a.stdin, false
	if name == "-" {
		shown = "stdin"
	} else {
		file, err := a.open(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return notFound("%s: there is no such file; check the name", "%s: không có tệp này; hãy kiểm tra lại tên", shown)
		case err != nil:
			return &problem{name: "unreadable", exit: exitUnexpected, cause: err, text: textf(
				"%s: the file cannot be read: %s", "%s: không đọc được tệp: %s", shown, reasonOf(err))}
		}
		f.open = append(f.open, file)
		if file.directory {
			return usage("%s: is a directory; name the files in it, such as %s", "%s: là thư mục; hãy chỉ các tệp trong đó, ví dụ %s", shown, show(filepath.Join(name, "*.ndjson")))
		}
		in, regular = file, file.regular
		if regular {
			f.bytes += file.size
		}
	}
	if !regular {
		f.bytes = -1 << 62
		in = cancellable(ctx, in)
	}
	sampled := bufio.NewReaderSize(counted{in, &f.read}, sampleBytes)
	sample, err := sampled.Peek(sampleBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &problem{name: "unreadable", exit: exitUnexpected, cause: err, text: textf(
			"%s: the file cannot be read: %s", "%s: không đọc được tệp: %s", shown, reasonOf(err))}
	}
	if sheets.Sniff(sample) != sheets.NotATable {
		book, err := sheets.Open(shown, sampled, tables)
		if err != nil {
			return errors.Join(err, ctx.Err())
		}
		f.bytes = -1 << 62 // rows are counted, not bytes
		f.list = append(f.list, ledger.File{Name: shown, Rows: book.Rows})
		return nil
	}
	if text := notEvents(sample, err != nil); text.EN != "" {
		return &problem{name: "not_events", exit: exitRejected, cause: ledger.ErrFile, text: domain.Text{
			EN: shown + ": " + text.EN, VI: shown + ": " + text.VI,
		}}
	}
	f.list = append(f.list, ledger.File{Name: shown, Reader: sampled})
	return nil
}

// notEvents says why a file cannot be one of events, judging by its beginning;
// nothing if it can.
func notEvents(sample []byte, whole bool) domain.Text {
	text := bytes.TrimSpace(bytes.TrimPrefix(sample, []byte("\xEF\xBB\xBF")))
	switch {
	case bytes.HasPrefix(sample, []byte("\xFF\xFE")), bytes.HasPrefix(sample, []byte("\xFE\xFF")):
		return domain.Text{EN: "is written in UTF-16; save it as UTF-8", VI: "dùng bảng mã UTF-16; hãy lưu lại bằng UTF-8"}
	case bytes.IndexByte(sample[:min(4, len(sample))], 0) >= 0:
		return domain.Text{EN: "is not a text in UTF-8; an event file is NDJSON, one event a line", VI: "không phải văn bản UTF-8; tệp sự kiện là NDJSON, mỗi dòng một sự kiện"}
	case len(text) == 0 && whole:
		return domain.Text{EN: "is empty; is it the right file?", VI: "trống; có đúng tệp cần nhập không?"}
	case mostlyForeign(sample, whole):
		return domain.Text{
			EN: "is not in UTF-8; most of its first lines are in another encoding, such as TCVN3 or Windows-1258. Convert it to UTF-8; nothing of it was stored",
			VI: "không dùng bảng mã UTF-8; phần lớn các dòng đầu ở bảng mã khác như TCVN3 hoặc Windows-1258. Hãy chuyển sang UTF-8; chưa có gì được lưu",
		}
	}
	return domain.Text{}
}

// mostlyForeign reports whether more than half of the lines are not in UTF-8. A
// single broken line among good ones is the line's own affair.
func mostlyForeign(sample []byte, whole bool) bool {
	lines, foreign := 0, 0
	for line := range bytes.Lines(sample) {
		if !whole && line[len(line)-1] != '\n' {
			if lines > 0 {
				break // it may end in the middle of a character
			}
			line = line[:len(line)-unfinished(line)]
		}
		lines++
		if !utf8.Valid(line) {
			foreign++
		}
	}
	return foreign*2 > lines
}

// unfinished returns how many bytes at the end of a text begin a character that
// is not whole.
func unfinished(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if end := text[len(text)-n:]; utf8.RuneStart(end[0]) {
			if utf8.FullRune(end) {
				return 0
			}
			return n
		}
	}
	return 0
}

// cancellable makes reads from a terminal or a pipe end when ctx does. A read
// that waits for somebody to type cannot be ended; its goroutine goes with the
// process.
func cancellable(ctx context.Context, r io.Reader) io.Reader {
	pr, pw := io.Pipe()
	context.AfterFunc(ctx, func() { pr.CloseWithError(ctx.Err()) })
	go func() {
		_, err := io.CopyBuffer(pw, r, make([]byte, 64<<10))
		pw.CloseWithError(err)
	}()
	return pr
}
