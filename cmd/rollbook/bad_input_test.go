package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strings"
	"testing"
	"unicode"

	"rollbook/domain"
	"rollbook/ledger"
)

const (
	goodLine  = `{"type":"organisation.established","subject":"organisation/a","effectiveon":"2002-02-27","data":{"name":"A","kind":"district_committee","parent":null}}` + "\n"
	goodLine2 = `{"type":"organisation.renamed","subject":"organisation/a","effectiveon":"2003-01-01","data":{"name":"B"}}` + "\n"
)

// importOf imports what a reader gives and returns the answer.
func importOf(t *testing.T, r io.Reader) (answer, ledger.ImportResult) {
	t.Helper()
	a := rollbook(t, r, "import", "-", "--json", "--data", filepath.Join(t.TempDir(), "data"))
	var result ledger.ImportResult
	if err := json.Unmarshal([]byte(a.stdout), &result); err != nil {
		t.Fatalf("%v: %+v", err, a)
	}
	return a, result
}

// wantOneRejection fails unless line 2 of 3 was rejected for a reason and the
// others were stored.
func wantOneRejection(t *testing.T, r io.Reader, code domain.Code, message string) {
	t.Helper()
	a, result := importOf(t, r)
	if a.exit != exitRejected || result.Accepted != 2 || result.Rejected != 1 {
		t.Fatalf("exit %d, %d accepted, %d rejected, want %d, 2, 1: %s", a.exit, result.Accepted, result.Rejected, exitRejected, a.stdout)
	}
	x := result.Rejections[0]
	if x.Line != 2 || x.File != "stdin" || x.Code != code || !strings.Contains(x.Message, message) {
		t.Errorf("rejection %+v, want line 2, %s, %q", x, code, message)
	}
}

// endless gives the same byte for ever.
type endless byte

func (e endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(e)
	}
	return len(b), nil
}

// heapBytes returns how much memory the heap has taken from the system, which
// it does not give back at once: its highest so far, nearly.
func heapBytes() uint64 {
	samples := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(samples)
	var sum uint64
	for _, s := range samples {
		sum += s.Value.Uint64()
	}
	return sum
}

func TestALineOfAGigabyteIsRejectedInLittleMemory(t *testing.T) {
	size := int64(256 << 20) // twice what the heap may grow by
	if os.Getenv("ROLLBOOK_LONG") != "" {
		size = 1 << 30
	}
	before := heapBytes()
	wantOneRejection(t, io.MultiReader(
		strings.NewReader(goodLine+`{"type":"`), io.LimitReader(endless('x'), size), strings.NewReader(`"}`+"\n"+goodLine2),
	), domain.TooLarge, "longer than 65536 bytes")
	if grown := int64(heapBytes()) - int64(before); grown > 128<<20 {
		t.Errorf("the heap grew by %d MB for a line of %d MB", grown>>20, size>>20)
	}
}

func TestAFileThatNeverBreaksALine(t *testing.T) {
	a, result := importOf(t, io.LimitReader(endless('{'), 32<<20))
	if a.exit != exitRejected || result.Rejected != 1 || result.Rejections[0].Code != domain.TooLarge {
		t.Errorf("%+v", a)
	}
}

func TestALineNestedTenThousandDeep(t *testing.T) {
	deep := `{"type":"organisation.renamed","subject":"organisation/a","effectiveon":"2003-01-01","data":` +
		strings.Repeat(`{"a":`, 10_000) + `1` + strings.Repeat(`}`, 10_000) + "}\n"
	wantOneRejection(t, strings.NewReader(goodLine+deep+goodLine2), domain.TooLarge, "nested more than")
	arrays := `{"data":` + strings.Repeat(`[`, 10_000) + strings.Repeat(`]`, 10_000) + "}\n"
	wantOneRejection(t, strings.NewReader(goodLine+arrays+goodLine2), domain.TooLarge, "nested more than")
}

// Characters that hide, or that turn the direction of what follows, never get
// into the ledger, nor to the terminal of who reads the message.
func TestControlAndBidirectionalCharactersInNames(t *testing.T) {
	for name, bad := range map[string]string{
		"an escape sequence":             `\u001b[2J`,
		"a null":                         `\u0000`,
		"a line break":                   `\n`,
		"a right-to-left override":       "\u202E",
		"an isolate":                     "\u2066",
		"a zero-width space":             "\u200B",
		"a soft hyphen":                  "\u00AD",
		"a byte-order mark inside":       "\uFEFF",
		"a replacement character":        "\uFFFD",
		"half of a surrogate pair":       `\ud800`,
		"a byte that is no UTF-8":        "\xAD",
		"an unassigned private-use char": "\uE000",
	} {
		t.Run(name, func(t *testing.T) {
			line := strings.Replace(goodLine2, `"B"`, `"B`+bad+`C"`, 1)
			a, result := importOf(t, strings.NewReader(goodLine+line+goodLine2))
			if a.exit != exitRejected || result.Accepted != 2 || result.Rejected != 1 {
				t.Fatalf("exit %d: %s", a.exit, a.stdout)
			}
			if x := result.Rejections[0]; x.Line != 2 || x.Message == "" || x.Code != domain.BadValue && x.Code != domain.Malformed {
				t.Errorf("rejection %+v", x)
			}
			if strings.ContainsFunc(a.stdout+a.stderr, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
				t.Errorf("the answer repeats the character: %q", a.stdout+a.stderr)
			}
		})
	}
}

// Names of files and arguments can hold anything too.
func TestHostileArgumentsAreNotRepeatedRaw(t *testing.T) {
	for _, args := range [][]string{
		{"import", "\x1b[2Jfile"},
		{"history", "\x1b[2J"},
		{"report", "headcount", "--by", "\x1b[2J"},
		{"report", "headcount", "--organisation", "\u202E"},
		{"projections", "rebuild", "\x1b]0;x\a"},
		{"\x1b[2J"},
	} {
		a := rollbook(t, nil, append(args, "--data", t.TempDir())...)
		if a.exit == 0 || strings.ContainsFunc(a.stderr, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
			t.Errorf("rollbook %q = %d, %q", args, a.exit, a.stderr)
		}
	}
}

func TestFilesThatAreNotFilesOfEvents(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good.ndjson", goodLine)
	tests := []struct {
		name, path string
		exit       int
		want       string
	}{
		{"a missing file", filepath.Join(dir, "none.ndjson"), exitNotFound, "there is no such file"},
		{"a directory", dir, exitUsage, "is a directory"},
		{"an empty file", write("empty.ndjson", ""), exitRejected, "is empty"},
		{"only blank lines", write("blank.ndjson", "\xEF\xBB\xBF\r\n \n"), exitRejected, "is empty"},
		{"UTF-16", write("utf16.ndjson", "\xFF\xFE{\x00"), exitRejected, "UTF-16; save it as UTF-8"},
		{"UTF-16 without a mark", write("utf16le.ndjson", "{\x00\"\x00"), exitRejected, "not a text in UTF-8"},
		{"a workbook", write("book.xlsx", "PK\x03\x04rest"), exitRejected, "is damaged or not whole"},
		{"a table", write("table.csv", "họ tên;ngày sinh\n"), exitRejected, "the headers of a sheet that is known"},
		{"another encoding", write("tcvn3.ndjson", strings.Replace(goodLine, `"A"`, "\"X· M\xadêng\"", 1)), exitRejected, "is not in UTF-8"},
		{"another encoding in one endless line", write("long.ndjson", strings.Repeat("\xAD\xB5", 100_000)), exitRejected, "is not in UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			a := rollbook(t, nil, "import", good, tt.path, "--data", data)
			if a.exit != tt.exit || !strings.Contains(a.stderr, tt.want) || strings.Count(a.stderr, "\n") != 1 {
				t.Errorf("exit %d, %q, want %d, %q", a.exit, a.stderr, tt.exit, tt.want)
			}
			if _, err := os.Stat(data); !os.IsNotExist(err) {
				t.Errorf("the good file before it was stored: %v", err)
			}
			if vi := rollbook(t, nil, "import", good, tt.path, "--data", data, "--lang", "vi"); vi.stderr == a.stderr {
				t.Errorf("there is no Vietnamese for %q", vi.stderr)
			}
		})
	}
}

// One broken line among good ones is that line's own affair.
func TestOneLineInAnotherEncoding(t *testing.T) {
	broken := bytes.Replace([]byte(goodLine2), []byte("B"), []byte("M\xadêng"), 1)
	wantOneRejection(t, io.MultiReader(strings.NewReader(goodLine), bytes.NewReader(broken), strings.NewReader(goodLine2)), domain.Malformed, "UTF-8")
}
