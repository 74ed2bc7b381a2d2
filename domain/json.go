package domain

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// This file reads JSON more strictly than encoding/json does, which lets
// duplicate names, names in another case and broken UTF-8 pass: each of them
// would let one line mean two things to two readers. It covers RFC 8259 and is
// fuzzed against encoding/json.

// maxDepth bounds nesting; an event needs three levels.
const maxDepth = 16

// maxMembers bounds the names in one object; an event has at most a dozen.
const maxMembers = 64

// usualMembers is room for an event and the largest object in it.
const usualMembers = 24

// member is a name and the raw bytes of its value. Both lie in the text that
// was read, unless the name had escapes.
type member struct {
	name []byte
	raw  []byte
	from Part // the class that it was sealed in; 0 if it stood open
}

// scanner walks over one JSON text. The first error sticks.
type scanner struct {
	in  []byte
	pos int
	err *Rejection
}

func (s *scanner) fail(en, vi string) {
	if s.err == nil {
		s.err = rejectf(Malformed, "", Text{
			EN: "not valid JSON at byte %d: " + en + "; write one event as one JSON object on one line",
			VI: "không phải JSON hợp lệ ở byte %d: " + vi + "; mỗi dòng ghi một sự kiện là một đối tượng JSON",
		}, s.pos+1)
	}
}

// parseObject splits an object into its members, in the room behind members if
// they fit. Values are checked but not decoded; objects inside them are checked
// for duplicate names when they are parsed in turn.
func parseObject(in []byte, members []member) ([]member, *Rejection) {
	s := scanner{in: in}
	s.space()
	members = s.object(members[:0])
	s.space()
	if s.err == nil && s.pos != len(in) {
		s.fail("something follows the object", "có nội dung thừa sau đối tượng")
	}
	return members, s.err
}

func (s *scanner) object(members []member) []member {
	if !s.take('{') {
		s.fail("an object was expected", "cần một đối tượng {…}")
		return nil
	}
	s.space()
	if s.take('}') {
		return members
	}
	for s.err == nil {
		s.space()
		start := s.pos
		s.str()
		if s.err != nil {
			break
		}
		name, ok := unquote(s.in[start:s.pos])
		if !ok {
			s.fail("a name is not a proper string", "tên trường không hợp lệ")
			break
		}
		for _, m := range members {
			if string(m.name) == string(name) {
				s.err = rejectf(Malformed, printable(string(name)), Text{
					EN: "the name stands twice in one object; keep one of the two",
					VI: "tên trường xuất hiện hai lần trong cùng một đối tượng; chỉ giữ lại một",
				})
				return nil
			}
		}
		if len(members) == maxMembers {
			s.err = rejectf(TooLarge, "", Text{
				EN: "an object has more than %d names", VI: "một đối tượng có hơn %d trường",
			}, maxMembers)
			return nil
		}
		s.space()
		if !s.take(':') {
			s.fail("a colon was expected", "thiếu dấu hai chấm")
			break
		}
		s.space()
		start = s.pos
		s.value(1)
		members = append(members, member{name: name, raw: s.in[start:s.pos]})
		s.space()
		if s.take('}') {
			return members
		}
		if !s.take(',') {
			s.fail("a comma or a closing brace was expected", "thiếu dấu phẩy hoặc dấu đóng ngoặc")
		}
	}
	return nil
}

func (s *scanner) value(depth int) {
	if depth > maxDepth {
		if s.err == nil {
			s.err = rejectf(TooLarge, "", Text{
				EN: "nested more than %d levels deep", VI: "lồng nhau quá %d tầng",
			}, maxDepth)
		}
		return
	}
	if s.err != nil {
		return
	}
	if s.pos == len(s.in) {
		s.fail("it ends too early", "dữ liệu bị cắt giữa chừng")
		return
	}
	switch c := s.in[s.pos]; {
	case c == '"':
		s.str()
	case c == '{':
		s.nested('}', depth, true)
	case c == '[':
		s.nested(']', depth, false)
	case c == '-' || c >= '0' && c <= '9':
		s.number()
	default:
		for _, word := range []string{"true", "false", "null"} {
			if len(s.in)-s.pos >= len(word) && string(s.in[s.pos:s.pos+len(word)]) == word {
				s.pos += len(word)
				return
			}
		}
		s.fail("a value was expected", "thiếu giá trị")
	}
}

func (s *scanner) nested(end byte, depth int, named bool) {
	s.pos++
	s.space()
	if s.take(end) {
		return
	}
	for s.err == nil {
		s.space()
		if named {
			s.str()
			s.space()
			if s.err == nil && !s.take(':') {
				s.fail("a colon was expected", "thiếu dấu hai chấm")
			}
			s.space()
		}
		s.value(depth + 1)
		s.space()
		if s.err != nil || s.take(end) {
			return
		}
		if !s.take(',') {
			s.fail("a comma or a closing bracket was expected", "thiếu dấu phẩy hoặc dấu đóng ngoặc")
		}
	}
}

func (s *scanner) str() {
	if s.err != nil {
		return
	}
	if !s.take('"') {
		s.fail("a string was expected", "cần một chuỗi trong dấu ngoặc kép")
		return
	}
	for in := s.in; s.pos < len(in); {
		i := s.pos
		for i < len(in) && in[i] >= 0x20 && in[i] < utf8.RuneSelf && in[i] != '"' && in[i] != '\\' {
			i++ // most are plain letters
		}
		if s.pos = i; i == len(in) {
			break
		}
		switch c := in[i]; {
		case c == '"':
			s.pos++
			return
		case c == '\\':
			s.pos++
			if !s.escape() {
				s.fail("an unknown escape", "ký tự thoát không hợp lệ")
				return
			}
		case c < 0x20:
			s.fail("a control character in a string", "có ký tự điều khiển trong chuỗi")
			return
		default:
			r, size := utf8.DecodeRune(s.in[s.pos:])
			if r == utf8.RuneError && size == 1 {
				s.fail("the text is not UTF-8; save the file as UTF-8", "văn bản không phải UTF-8; hãy lưu tệp với bảng mã UTF-8")
				return
			}
			s.pos += size
		}
	}
	s.fail("a string does not end", "chuỗi không có dấu ngoặc kép đóng")
}

func (s *scanner) escape() bool {
	if s.pos == len(s.in) {
		return false
	}
	c := s.in[s.pos]
	s.pos++
	switch c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for range 4 {
			if s.pos == len(s.in) || hexDigit(s.in[s.pos]) < 0 {
				return false
			}
			s.pos++
		}
		return true
	}
	return false
}

func (s *scanner) number() {
	s.take('-')
	switch {
	case s.take('0'):
	case !s.digits():
		s.fail("a digit was expected", "thiếu chữ số")
		return
	}
	if s.take('.') && !s.digits() {
		s.fail("a digit was expected", "thiếu chữ số")
		return
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		if !s.digits() {
			s.fail("a digit was expected", "thiếu chữ số")
		}
	}
}

func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.in) && s.in[s.pos] >= '0' && s.in[s.pos] <= '9' {
		s.pos++
	}
	return s.pos > start
}

func (s *scanner) take(c byte) bool {
	if s.err == nil && s.pos < len(s.in) && s.in[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

func (s *scanner) space() {
	for s.pos < len(s.in) {
		switch s.in[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return
		}
	}
}

// unquote decodes a string that the scanner has accepted; without escapes it is
// a part of raw. It refuses half a surrogate pair, which no text can hold.
func unquote(raw []byte) ([]byte, bool) {
	raw = raw[1 : len(raw)-1]
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw, true
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			out = append(out, raw[i])
			continue
		}
		i++
		switch raw[i] {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r := hex4(raw[i+1:])
			i += 4
			if r >= 0xD800 && r < 0xE000 {
				if r >= 0xDC00 || i+6 >= len(raw) || raw[i+1] != '\\' || raw[i+2] != 'u' {
					return nil, false
				}
				low := hex4(raw[i+3:])
				if low < 0xDC00 || low > 0xDFFF {
					return nil, false
				}
				i += 6
				r = 0x10000 + (r-0xD800)<<10 + (low - 0xDC00)
			}
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, raw[i])
		}
	}
	return out, true
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func hex4(b []byte) rune {
	var r rune
	for _, c := range b[:4] {
		r = r<<4 | rune(hexDigit(c))
	}
	return r
}

// appendString writes s as a JSON string with as few escapes as RFC 8259
// allows, which is the form that RFC 8785 makes canonical.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c >= 0x20:
			b = append(b, c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\t':
			b = append(b, '\\', 't')
		case c == '\r':
			b = append(b, '\\', 'r')
		case c == '\b':
			b = append(b, '\\', 'b')
		case c == '\f':
			b = append(b, '\\', 'f')
		default:
			b = append(b, '\\', 'u', '0', '0', "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		}
	}
	return append(b, '"')
}

// printable returns a field's name in a form that is safe to show: it comes
// from outside and may hold anything.
func printable(name string) string {
	const most = 48
	q := strconv.QuoteToGraphic(name)
	q = q[1 : len(q)-1]
	if len(q) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(q[cut]) {
			cut--
		}
		q = q[:cut] + "…"
	}
	return q
}

func parseInt(raw []byte) (int, bool) {
	digits, negative := raw, false
	if digits[0] == '-' {
		digits, negative = digits[1:], true
	}
	if len(digits) == 0 || len(digits) > 9 {
		return 0, false
	}
	n := 0
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	if negative {
		n = -n
	}
	return n, true
}

func appendInt(b []byte, n int) []byte {
	if n < 0 {
		b = append(b, '-')
		n = -n
	}
	if n >= 10 {
		b = appendInt(b, n/10)
	}
	return append(b, byte('0'+n%10))
}
