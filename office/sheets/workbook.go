package sheets

import (
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"

	"rollbook/domain"
)

// workbook is what has to be known of a workbook before its rows can be read.
type workbook struct {
	*archive
	sheets   []sheetPart
	from1904 bool
	texts    []string // common texts
	legacy   []bool   // which of them were decoded; nil if none
	styles   []style
	macros   bool
}

// sheetPart is a sheet of a workbook.
type sheetPart struct {
	name   string
	part   string
	hidden bool
}

// style is what a cell's style says of its value.
type style struct {
	day  bool // numbers are shown as days
	font encoding
}

// openWorkbook opens a workbook's file. The file must stay as it is.
func openWorkbook(file []byte, limits Limits) (*workbook, error) {
	a, err := unpack(file, limits)
	if err != nil {
		return nil, err
	}
	switch {
	case a.has("xl/workbook.bin"):
		return nil, refuse("is a binary workbook (.xlsb); open it in Excel and save it as Excel Workbook (.xlsx)",
			"là sổ tính nhị phân (.xlsb); hãy mở bằng Excel và lưu thành Excel Workbook (.xlsx)")
	case a.has("content.xml") && a.has("mimetype"):
		return nil, refuse("is an OpenDocument file (.ods); open it and save it as Excel Workbook (.xlsx)",
			"là tệp OpenDocument (.ods); hãy mở và lưu thành Excel Workbook (.xlsx)")
	case a.has("word/document.xml"):
		return nil, refuse("is a Word document; copy its table into a workbook and save that as .xlsx",
			"là văn bản Word; hãy chép bảng sang Excel rồi lưu thành .xlsx")
	}
	w := &workbook{archive: a, macros: a.has("xl/vbaProject.bin")}
	main, err := a.target("_rels/.rels", "", "officeDocument")
	if err != nil {
		return nil, err
	}
	if main == "" {
		return nil, refuse("is an archive and not a workbook; take the workbook out of it, and name that", "là tệp nén, không phải sổ tính; hãy giải nén rồi chỉ đúng sổ tính")
	}
	if err := w.readMain(main); err != nil {
		return nil, err
	}
	for _, read := range []struct {
		kind string
		do   func(*part) error
	}{{"styles", w.readStyles}, {"sharedStrings", w.readTexts}} {
		name, err := a.target(relations(main), path.Dir(main), read.kind)
		if err == nil && name != "" {
			err = a.with(name, read.do)
		}
		if err != nil {
			return nil, err
		}
	}
	return w, nil
}

// with reads a part.
func (a *archive) with(name string, read func(*part) error) error {
	p, err := a.open(name)
	if err != nil {
		return err
	}
	defer p.close.Close()
	return read(p)
}

// relations returns the name of the part that says how a part relates to others.
func relations(name string) string {
	return path.Join(path.Dir(name), "_rels", path.Base(name)+".rels")
}

// target returns the part that a relation of a kind leads to, "" if there is none.
func (a *archive) target(rels, dir, kind string) (found string, err error) {
	if !a.has(rels) {
		return "", nil
	}
	err = a.with(rels, func(p *part) error {
		return p.each(func(name string, attr func(string) string) error {
			if name == "Relationship" && strings.HasSuffix(attr("Type"), "/"+kind) && attr("TargetMode") != "External" && found == "" {
				found = resolve(dir, attr("Target"))
			}
			return nil
		})
	})
	return found, err
}

func resolve(dir, target string) string {
	if strings.HasPrefix(target, "/") {
		return strings.TrimPrefix(path.Clean(target), "/")
	}
	return path.Join(dir, target)
}

func (w *workbook) readMain(main string) error {
	parts := map[string]string{} // by relation
	if rels := relations(main); w.has(rels) {
		err := w.with(rels, func(p *part) error {
			return p.each(func(name string, attr func(string) string) error {
				if name == "Relationship" && strings.HasSuffix(attr("Type"), "/worksheet") && attr("TargetMode") != "External" {
					parts[attr("Id")] = resolve(path.Dir(main), attr("Target"))
				}
				return nil
			})
		})
		if err != nil {
			return err
		}
	}
	return w.with(main, func(p *part) error {
		return p.each(func(name string, attr func(string) string) error {
			switch name {
			case "workbookPr":
				v := attr("date1904")
				w.from1904 = v == "1" || v == "true"
			case "sheet":
				if len(w.sheets) == w.limits.Sheets {
					return tooMuch(domain.Text{EN: "sheets", VI: "trang tính"}, int64(w.limits.Sheets))
				}
				if part := parts[attr("id")]; part != "" { // else a chart or a dialog
					w.sheets = append(w.sheets, sheetPart{clean(attr("name")), part, attr("state") == "hidden" || attr("state") == "veryHidden"})
				}
			}
			return nil
		})
	})
}

func (w *workbook) readStyles(p *part) error {
	formats := map[int]string{}
	var fonts []encoding
	in := ""
	return p.each(func(name string, attr func(string) string) error {
		n := func(attribute string) int { n, _ := strconv.Atoi(attr(attribute)); return n }
		if len(fonts) > 100_000 || len(w.styles) > 100_000 || len(formats) > 100_000 {
			return tooMuch(domain.Text{EN: "styles", VI: "kiểu ô"}, 100_000)
		}
		switch name {
		case "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs":
			in = name
		case "numFmt":
			formats[n("numFmtId")] = attr("formatCode")
		case "font":
			if in == "fonts" {
				fonts = append(fonts, unicodeText)
			}
		case "name":
			if in == "fonts" && len(fonts) > 0 {
				fonts[len(fonts)-1] = encodingOf(attr("val"))
			}
		case "xf":
			if in != "cellXfs" {
				break
			}
			id := n("numFmtId")
			s := style{day: showsDay(id, formats[id])}
			if f := n("fontId"); f >= 0 && f < len(fonts) {
				s.font = fonts[f]
			}
			w.styles = append(w.styles, s)
		}
		return nil
	})
}

// showsDay reports whether a number format shows a day. The built-in ones are
// those of ECMA-376, part 1, 18.8.30, with those of East Asia.
func showsDay(id int, code string) bool {
	if code == "" {
		return id >= 14 && id <= 17 || id == 22 || id >= 27 && id <= 36 || id >= 50 && id <= 58
	}
	quoted, bracket := false, false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\\', c == '_', c == '*':
			i++
		case c == '[':
			bracket = true
		case c == ']':
			bracket = false
		case bracket:
		case c == 'd' || c == 'D' || c == 'y' || c == 'Y':
			return true
		}
	}
	return false
}

// readTexts reads the common texts. The text of a cell in an old font is decoded
// by the font of its own part, or else by that of the cells that show it.
func (w *workbook) readTexts(p *part) error {
	total := 0
	var text strings.Builder
	for {
		t, err := p.token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if start, ok := t.(xml.StartElement); !ok || start.Name.Local != "si" {
			continue
		}
		if len(w.texts) == w.limits.Texts {
			return tooMuch(domain.Text{EN: "different texts", VI: "đoạn văn bản khác nhau"}, int64(w.limits.Texts))
		}
		text.Reset()
		old, err := p.text(&text, w.limits.Cell)
		if err != nil {
			return err
		}
		if total += text.Len(); total > w.limits.TextBytes {
			return tooMuch(domain.Text{EN: "bytes of text", VI: "byte văn bản"}, int64(w.limits.TextBytes))
		}
		if old {
			if w.legacy == nil {
				w.legacy = make([]bool, 0, len(w.texts)+1)
			}
			for len(w.legacy) < len(w.texts) {
				w.legacy = append(w.legacy, false)
			}
			w.legacy = append(w.legacy, true)
		}
		w.texts = append(w.texts, text.String())
	}
}

func (w *workbook) common(i int) (text string, old, ok bool) {
	if i < 0 || i >= len(w.texts) {
		return "", false, false
	}
	return w.texts[i], i < len(w.legacy) && w.legacy[i], true
}

// text adds the text of the element that has begun (a common text, or one of a
// cell's own), up to its end. Runs in an old font are decoded, which is reported.
func (p *part) text(to *strings.Builder, most int) (old bool, err error) {
	font, begin := unicodeText, p.depth
	inText, sound := false, 0
	for {
		t, err := p.token()
		if err != nil {
			return old, damaged(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "rPh": // how an East Asian word is spoken
				sound = p.depth
			case "r":
				font = unicodeText
			case "rFont":
				font = encodingOf(attributes(t)("val"))
			case "t":
				inText = sound == 0
			}
		case xml.CharData:
			if !inText {
				break
			}
			s := unescape(string(t))
			if font != unicodeText {
				if decoded, ok := font.decode(s); ok {
					s, old = decoded, true
				}
			}
			if to.Len()+len(s) > 4*most {
				return old, tooMuch(domain.Text{EN: "characters in a cell", VI: "ký tự trong một ô"}, int64(most))
			}
			to.WriteString(s)
		case xml.EndElement:
			if p.depth < begin {
				return old, nil
			}
			inText = false
			if p.depth < sound {
				sound = 0
			}
		}
	}
}

// unescape puts in the characters that a workbook writes as _x000D_.
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var b strings.Builder
	for {
		i := strings.Index(s, "_x")
		if i < 0 || len(s) < i+7 {
			b.WriteString(s)
			return b.String()
		}
		n, err := strconv.ParseUint(s[i+2:i+6], 16, 16)
		if err != nil || s[i+6] != '_' {
			b.WriteString(s[:i+2])
			s = s[i+2:]
			continue
		}
		b.WriteString(s[:i])
		b.WriteRune(rune(n))
		s = s[i+7:]
	}
}
