package sheets

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	unicodes "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"rollbook/domain"
)

// sampleBytes is how much of a file is looked at to tell its encoding and what
// stands between its cells.
const sampleBytes = 64 << 10

// csvFile is the rows of a file of text.
type csvFile struct {
	r      *csv.Reader
	limits Limits
	meter  *meter // of the bytes since the last row
	old    encoding
	rows   int
	as     string // the encoding, for remarks; "" for UTF-8
}

// openCSV begins to read a file of text.
func openCSV(in io.Reader, limits Limits) (*csvFile, error) {
	f := &csvFile{limits: limits}
	b := bufio.NewReaderSize(in, sampleBytes)
	sample, err := b.Peek(sampleBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, damaged(err)
	}
	whole := err != nil
	var decoded io.Reader = b
	switch {
	case bytes.HasPrefix(sample, []byte("\xFF\xFE")), bytes.HasPrefix(sample, []byte("\xFE\xFF")):
		f.as = "UTF-16"
		decoded = transform.NewReader(b, unicodes.UTF16(unicodes.LittleEndian, unicodes.UseBOM).NewDecoder())
	case bytes.HasPrefix(sample, []byte("\xEF\xBB\xBF")):
		_, _ = b.Discard(3) // it is there
	case !utf8.Valid(sample[:len(sample)-tail(sample, whole)]):
		f.as, f.old = guess(sample)
		codepage := charmap.Windows1252
		if f.as == windows1258 {
			codepage = charmap.Windows1258
		}
		decoded = transform.NewReader(b, codepage.NewDecoder())
	}
	f.meter = &meter{r: io.LimitReader(decoded, limits.Unpacked+1), left: longest}
	text := bufio.NewReaderSize(f.meter, sampleBytes)
	head, _ := text.Peek(sampleBytes) // an error comes again when the row is read
	if f.as == "" && mayBeOld(string(head)) {
		f.as, f.old = legacyIn(string(head)) // an old font, saved as Unicode
	}
	f.r = csv.NewReader(text)
	f.r.Comma = separator(string(head))
	f.r.FieldsPerRecord = -1
	f.r.ReuseRecord = true
	return f, nil
}

const windows1258 = "Windows-1258"

// tail returns how many bytes at the end of a part of a text may belong to a
// character that goes on behind it.
func tail(sample []byte, whole bool) int {
	if whole {
		return 0
	}
	for n := 1; n < utf8.UTFMax && n <= len(sample); n++ {
		if b := sample[len(sample)-n]; utf8.RuneStart(b) {
			if !utf8.FullRune(sample[len(sample)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

// guess tells the encoding of a text that is not Unicode: the one that gives the
// most Vietnamese words.
func guess(sample []byte) (name string, old encoding) {
	latin, _ := charmap.Windows1252.NewDecoder().Bytes(sample) // it knows all bytes
	vietnam, _ := charmap.Windows1258.NewDecoder().Bytes(sample)
	name, best := windows1258, vietnamese(clean(string(vietnam)))
	if s := vietnamese(decodeTCVN3(string(latin))); s > best {
		name, old, best = "TCVN3 (ABC)", tcvn3, s
	}
	if s := vietnamese(decodeVNI(string(latin))); s > best {
		name, old = "VNI", vni
	}
	return name, old
}

// legacyIn tells whether a text in Unicode shows the characters of an old font.
// There is no font to go by, so it must be beyond doubt.
func legacyIn(text string) (name string, old encoding) {
	const sure, least = 0.9, 0.3
	if vietnamese(text) > least {
		return "", unicodeText
	}
	if vietnamese(decodeTCVN3(text)) > sure {
		return "TCVN3 (ABC)", tcvn3
	}
	if vietnamese(decodeVNI(text)) > sure {
		return "VNI", vni
	}
	return "", unicodeText
}

// separator returns what stands between the cells: what is in most of the first
// lines the same number of times, outside of quotes.
func separator(head string) rune {
	best, most := ',', 0
	for _, sep := range []rune{',', ';', '\t'} {
		counts := map[int]int{}
		for i, line := range strings.Split(head, "\n") {
			if i == 50 {
				break
			}
			quoted, n := false, 0
			for _, r := range line {
				switch {
				case r == '"':
					quoted = !quoted
				case r == sep && !quoted:
					n++
				}
			}
			counts[n]++
		}
		for n, lines := range counts {
			if n > 0 && n*lines > most {
				best, most = sep, n*lines
			}
		}
	}
	return best
}

func (f *csvFile) next() (row, error) {
	for {
		f.meter.left = longest
		record, err := f.r.Read()
		if errors.Is(err, io.EOF) {
			return row{}, io.EOF
		}
		if err != nil {
			return row{}, f.wrong(err)
		}
		if f.r.InputOffset() > f.limits.Unpacked {
			return row{}, tooMuch(domain.Text{EN: "bytes", VI: "byte"}, f.limits.Unpacked)
		}
		line, _ := f.r.FieldPos(0)
		r := row{number: line}
		for i, text := range record {
			c := cell{}
			if f.old != unicodeText {
				if decoded, ok := f.old.decode(text); ok {
					text, c.old = decoded, true
				}
			}
			if !utf8.ValidString(text) {
				return row{}, &FileError{Line: line, Text: domain.Text{
					EN: "is not UTF-8 here, as the lines before are; save the file anew as \"CSV UTF-8\"", VI: "không phải UTF-8 như các dòng trước; hãy lưu lại tệp dạng \"CSV UTF-8\"",
				}}
			}
			if c.text = clean(text); c.text == "" {
				continue
			}
			if utf8.RuneCountInString(c.text) > f.limits.Cell {
				return row{}, tooMuch(domain.Text{EN: "characters in a cell", VI: "ký tự trong một ô"}, int64(f.limits.Cell))
			}
			if i >= f.limits.Columns {
				return row{}, tooMuch(domain.Text{EN: "columns", VI: "cột"}, int64(f.limits.Columns))
			}
			if len(c.text) > 1 && c.text[0] == '\'' && strings.ContainsRune("=+-@", rune(c.text[1])) {
				c.text = c.text[1:] // as exports write what a spreadsheet would take for a formula
			}
			c.content = words
			for len(r.cells) <= i {
				r.cells = append(r.cells, cell{})
			}
			r.cells[i] = c
		}
		if len(r.cells) == 0 {
			continue
		}
		if f.rows++; f.rows > f.limits.Rows {
			return row{}, tooMuch(domain.Text{EN: "rows", VI: "dòng"}, int64(f.limits.Rows))
		}
		return r, nil
	}
}

// wrong says what is wrong with the text, without repeating it.
func (f *csvFile) wrong(err error) error {
	if errors.Is(err, errLong) {
		line, _ := f.r.FieldPos(0)
		return &FileError{Line: line, Text: domain.Text{
			EN: "a row without end begins behind this one; is a quotation mark (\") missing, or is it no table?",
			VI: "sau dòng này có dòng không kết thúc; có thiếu dấu ngoặc kép (\") không, hay tệp không phải là bảng?",
		}}
	}
	if p, ok := errors.AsType[*csv.ParseError](err); ok {
		return &FileError{Line: p.StartLine, Text: domain.Text{
			EN: "quotation marks (\") do not go in pairs; write a mark within a quoted cell twice, or save the table as .xlsx",
			VI: "dấu ngoặc kép (\") không đi thành cặp; trong ô có ngoặc kép hãy viết dấu đó hai lần, hoặc lưu bảng thành .xlsx",
		}}
	}
	return damaged(err)
}
