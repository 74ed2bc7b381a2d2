package sheets

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strings"

	"rollbook/domain"
)

// archive is the parts of a workbook's file.
type archive struct {
	limits Limits
	parts  map[string]*zip.File
}

// unpack opens a workbook's file and reads every part through, so that a bomb or
// a damaged file is refused before anything of it is used. Sizes are counted, not
// believed.
func unpack(file []byte, limits Limits) (*archive, error) {
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, damaged(err)
	}
	if len(z.File) > limits.Parts {
		return nil, tooMuch(domain.Text{EN: "parts", VI: "thành phần"}, int64(limits.Parts))
	}
	a := &archive{limits: limits, parts: map[string]*zip.File{}}
	left := limits.Unpacked
	for _, f := range z.File {
		name := strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/")
		if name != path.Clean(name) && !strings.HasSuffix(name, "/") || strings.HasPrefix(name, "..") || a.parts[name] != nil {
			return nil, refuse("is an archive whose parts are named twice or wrongly, which no spreadsheet program writes; ask where it comes from",
				"là tệp nén có thành phần trùng tên hoặc sai tên, không phần mềm bảng tính nào ghi như vậy; hãy hỏi lại nguồn của tệp")
		}
		a.parts[name] = f
		n, err := a.through(f, left)
		if err != nil {
			return nil, err
		}
		left -= n
	}
	return a, nil
}

// through reads a part to its end and returns its size.
func (a *archive) through(f *zip.File, left int64) (int64, error) {
	r, err := f.Open()
	if err != nil {
		return 0, damaged(err)
	}
	defer r.Close()
	const least = 1 << 20 // below, a ratio says nothing
	packed := max(int64(f.CompressedSize64), 1)
	most := left
	if packed <= left/a.limits.Ratio {
		most = min(left, max(least, packed*a.limits.Ratio))
	}
	n, err := io.Copy(io.Discard, io.LimitReader(r, most+1))
	if n > most {
		return n, refuse("unpacks to much more than a workbook does, as an archive that is made to fill the memory would; ask where it comes from, or save only the sheets that are needed as a new workbook",
			"giải nén ra lớn bất thường như tệp cố ý làm đầy bộ nhớ; hãy hỏi lại nguồn của tệp, hoặc chỉ lưu các trang cần nhập thành sổ tính mới")
	}
	if err != nil {
		return n, damaged(err)
	}
	return n, nil
}

func (a *archive) has(name string) bool { return a.parts[name] != nil }

// open opens an XML part. What is read of it is bounded by what was counted.
func (a *archive) open(name string) (*part, error) {
	f := a.parts[name]
	if f == nil {
		return nil, damaged(nil)
	}
	r, err := f.Open()
	if err != nil {
		return nil, damaged(err)
	}
	m := &meter{r: io.LimitReader(r, a.limits.Unpacked)}
	return &part{d: xml.NewDecoder(m), meter: m, close: r}, nil // UTF-8 only: a part in another encoding is an error
}

// meter fails when too much is read before it is reset.
type meter struct {
	r    io.Reader
	left int
}

var errLong = errors.New("a text without end")

func (m *meter) Read(b []byte) (int, error) {
	if m.left <= 0 {
		return 0, errLong
	}
	n, err := m.r.Read(b)
	m.left -= n
	return n, err
}

// part reads the XML of a part, token by token.
type part struct {
	d     *xml.Decoder
	meter *meter
	close io.Closer
	depth int
}

// longest is how many bytes one token may take: a cell's text is 32,767
// characters, and some of them are written as references.
const longest = 1 << 20

// deepest is how far elements may be nested; real ones are within a dozen.
const deepest = 64

// token returns the next token, io.EOF at the end. It is valid until the next.
func (p *part) token() (xml.Token, error) {
	p.meter.left = longest
	t, err := p.d.RawToken()
	switch {
	case err == nil:
	case errors.Is(err, io.EOF) && p.depth == 0:
		return nil, io.EOF
	default:
		return nil, damaged(err)
	}
	switch t.(type) {
	case xml.Directive: // a document type may define entities that grow without bound
		return nil, refuse("has XML with a document type, which no spreadsheet program writes; ask where it comes from",
			"có XML kèm khai báo DTD, không phần mềm bảng tính nào ghi như vậy; hãy hỏi lại nguồn của tệp")
	case xml.StartElement:
		p.depth++
	case xml.EndElement:
		p.depth--
	}
	if p.depth > deepest || p.depth < 0 {
		return nil, damaged(nil)
	}
	return t, nil
}

// each calls f with the name of every element that begins and its attributes,
// until the part ends.
func (p *part) each(f func(name string, attr func(string) string) error) error {
	for {
		t, err := p.token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if start, ok := t.(xml.StartElement); ok {
			if err := f(start.Name.Local, attributes(start)); err != nil {
				return err
			}
		}
	}
}

// attributes finds the attribute of a start element by its local name.
func attributes(start xml.StartElement) func(string) string {
	return func(name string) string {
		for _, a := range start.Attr {
			if a.Name.Local == name {
				return a.Value
			}
		}
		return ""
	}
}
