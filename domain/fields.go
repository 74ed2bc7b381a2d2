package domain

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// flag marks a field.
type flag uint8

const (
	required  flag = 1 << iota
	identity       // personal: says who somebody is
	sensitive      // personal: ethnicity, religion
	long           // free text of some paragraphs
)

// Part is a set of fields by how personal they are.
type Part uint8

// The parts of an event's data. What the law may ask to erase is in Identity
// and Sensitive.
const (
	Open      Part = 1 << iota // not personal
	Identity                   // names, dates of birth, numbers, addresses, what people wrote of others
	Sensitive                  // ethnicity and religion
	All       = Open | Identity | Sensitive
)

func (l flag) part() Part {
	switch {
	case l&identity != 0:
		return Identity
	case l&sensitive != 0:
		return Sensitive
	}
	return Open
}

// Limits of texts, in characters.
const (
	maxText = 300
	maxLong = 4000
	maxID   = 64
)

// fields walks over the wire form of an event's data: reading, writing, or
// taking down what there is to say of each field. One description of each type
// serves all three, so they cannot drift apart.
//
// Reading, the first problem sticks and the walk goes on without effect.
type fields struct {
	reading bool

	// Reading.
	in      []member
	used    uint64              // bit i: in[i] was asked for
	path    string              // path of the object, with a dot at its end
	partial bool                // personal fields may be missing
	norm    func(string) string // brings texts to Unicode NFC; may be nil
	err     *Rejection

	// Describing.
	sheet *sheet // nil unless the walk only describes

	// Writing.
	out    []byte
	parts  Part
	sparse bool // objects without a field are left out
}

func (f *fields) fail(r *Rejection) {
	if f.err == nil {
		f.err = r
	}
}

// lookup returns the raw value of a field, nil when it is absent or null.
func (f *fields) lookup(name string, l flag) []byte {
	if f.sheet != nil {
		f.note(Field{Name: name}, l)
		return nil
	}
	part := l.part()
	for i, m := range f.in {
		if string(m.name) == name && (m.from == 0 || m.from == part) {
			f.used |= 1 << i
			if string(m.raw) == "null" {
				break
			}
			return m.raw
		}
	}
	f.need(l&required == 0, name, l, "is missing; give it", "còn thiếu; hãy ghi trường này")
	return nil
}

// need reports a missing field unless ok, or unless personal fields may be missing.
func (f *fields) need(ok bool, name string, l flag, en, vi string) {
	if f.reading && !ok && (!f.partial || l.part() == Open) {
		f.fail(reject(MissingField, f.path+name, en, vi))
	}
}

// require reports a bad value unless ok.
func (f *fields) require(ok bool, name, en, vi string) {
	if f.reading && !ok {
		f.fail(reject(BadValue, f.path+name, en, vi))
	}
}

// finish reports a field that walk did not ask for. It comes before a missing
// one: a misspelt name is both, and this is the half that helps.
func (f *fields) finish(walk func(*fields)) {
	for i, m := range f.in {
		if f.used&(1<<i) == 0 && (f.err == nil || f.err.Code == MissingField) {
			if m.from != 0 {
				// Its name may be personal, as everything that was sealed.
				f.err = reject(UnknownField, "sealed", "holds a field that does not belong there, or stands elsewhere too",
					"có trường không thuộc về đây hoặc đã có ở nơi khác")
				return
			}
			list := strings.Join(namesIn(walk), ", ")
			if list == "" {
				list = "-"
			}
			f.err = rejectf(UnknownField, f.path+printable(string(m.name)), Text{
				EN: "is not a field here; correct the name or leave it out. Fields here: %s",
				VI: "không phải là trường ở đây; hãy sửa tên hoặc bỏ đi. Các trường hợp lệ: %s",
			}, list)
			return
		}
	}
}

// key begins a field on writing. It reports whether the field is to be written.
func (f *fields) key(name string, l flag) bool {
	if f.parts&l.part() == 0 {
		return false
	}
	f.name(name)
	return true
}

func (f *fields) name(name string) {
	if f.out[len(f.out)-1] != '{' {
		f.out = append(f.out, ',')
	}
	f.out = append(f.out, '"')
	f.out = append(f.out, name...) // names of ours need no escapes
	f.out = append(f.out, '"', ':')
}

// str reads or writes a string and returns what was read.
func (f *fields) str(name string, p *string, l flag) (read bool) {
	if f.sheet != nil {
		f.note(Field{Name: name, Form: TextForm, Least: 1}, l)
		return false
	}
	if !f.reading {
		if *p != "" && f.key(name, l) {
			f.out = appendString(f.out, *p)
		}
		return false
	}
	s := f.bytes(name, l)
	if s == nil {
		return false
	}
	*p = string(s)
	return true
}

// bytes reads a string that is not empty, as a part of what is read; nil if
// there is none.
func (f *fields) bytes(name string, l flag) []byte {
	raw := f.lookup(name, l)
	if raw == nil {
		return nil
	}
	if raw[0] != '"' {
		f.fail(reject(BadValue, f.path+name, "is not a text; write it in double quotes", "không phải là chuỗi; hãy ghi trong dấu ngoặc kép"))
		return nil
	}
	s, ok := unquote(raw)
	if !ok {
		f.fail(reject(Malformed, f.path+name, "holds half a character (a lone surrogate); type the text again", "chứa nửa ký tự (surrogate đơn lẻ); hãy gõ lại"))
		return nil
	}
	if len(s) == 0 {
		f.need(l&required == 0, name, l, "is empty; give it", "đang trống; hãy ghi trường này")
		return nil
	}
	return s
}

// text is what people wrote: any letters, no invisible characters.
func (f *fields) text(name string, p *string, l flag) {
	most, pattern := maxText, textPattern
	if l&long != 0 {
		most, pattern = maxLong, longPattern
	}
	if f.sheet != nil {
		f.note(Field{Name: name, Form: TextForm, Least: 1, Most: most, Pattern: pattern, Lines: l&long != 0}, l)
		return
	}
	if !f.str(name, p, l) {
		return
	}
	if f.norm != nil {
		*p = f.norm(*p)
	}
	f.fail2(checkText(*p, most), name)
}

func (f *fields) fail2(r *Rejection, name string) {
	if r != nil {
		r.Field = f.path + name
		f.fail(r)
	}
}

// checkText refuses what cannot be seen or would change how a line reads.
func checkText(s string, most int) *Rejection {
	n := 0
	for _, r := range s {
		n++
		switch {
		case r == '\n' && most == maxLong:
		case r == utf8.RuneError:
			return reject(BadValue, "", "holds the replacement character U+FFFD, a sign of a broken encoding; type the text again",
				"chứa ký tự thay thế U+FFFD, dấu hiệu hỏng bảng mã; hãy gõ lại")
		case !unicode.IsPrint(r), blank(r):
			return rejectf(BadValue, "", Text{
				EN: "holds an invisible or control character (U+%04X) at character %d; remove it",
				VI: "chứa ký tự vô hình hoặc ký tự điều khiển (U+%04X) ở vị trí %d; hãy xoá đi",
			}, r, n)
		}
	}
	if n > most {
		return rejectf(TooLarge, "", Text{EN: "is longer than %d characters; shorten it", VI: "dài hơn %d ký tự; hãy rút ngắn"}, most)
	}
	if s[0] == ' ' || s[len(s)-1] == ' ' {
		return reject(BadValue, "", "begins or ends with a space; remove it", "có dấu cách ở đầu hoặc cuối; hãy xoá đi")
	}
	return nil
}

// blank reports whether a character shows nothing although Unicode counts it
// among letters or symbols: the Hangul fillers and the blank Braille pattern.
func blank(r rune) bool {
	return r == 0x115F || r == 0x1160 || r == 0x3164 || r == 0xFFA0 || r == 0x2800
}

// id is an opaque id of something in the ledger.
func (f *fields) id(name string, p *string, l flag) {
	if f.sheet != nil {
		f.note(Field{Name: name, Form: IDForm, Pattern: "^" + idPattern + "$"}, l)
		return
	}
	if f.str(name, p, l) && !ValidID(*p) {
		f.require(false, name,
			"is not an id: 1 to 64 of the characters A-Z a-z 0-9 _ -", "không phải mã định danh: 1 đến 64 ký tự A-Z a-z 0-9 _ -")
		*p = "" // it may be anything, a name too, and goes into reports
	}
}

// idOrNull is an id that must be there but may be null.
func (f *fields) idOrNull(name string, p *string, l flag) {
	if f.sheet != nil {
		f.note(Field{Name: name, Form: IDForm, Pattern: "^" + idPattern + "$", Nullable: true}, l)
		return
	}
	if !f.reading {
		if *p == "" {
			if f.key(name, l) {
				f.out = append(f.out, "null"...)
			}
			return
		}
		f.id(name, p, l)
		return
	}
	for _, m := range f.in {
		if string(m.name) == name && string(m.raw) == "null" {
			f.lookup(name, 0)
			return
		}
	}
	f.id(name, p, l)
}

// ValidID reports whether s may stand for a subject or an event.
func ValidID(s string) bool {
	if s == "" || len(s) > maxID {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// choice is one of a closed list of words.
func choice[T ~string](f *fields, name string, p *T, l flag, list []T) {
	if f.sheet != nil {
		f.note(Field{Name: name, Form: WordForm, Values: words(list)}, l)
		return
	}
	if !f.reading {
		s := string(*p)
		f.str(name, &s, l)
		return
	}
	s := f.bytes(name, l)
	if s == nil {
		return
	}
	for _, word := range list {
		if string(s) == string(word) {
			*p = word // the list's own string, which costs nothing
			return
		}
	}
	have := words(list)
	if len(have) > 12 {
		have = []string{have[0], "…", have[len(have)-1]}
	}
	f.fail(rejectf(BadValue, f.path+name, Text{
		EN: "is not one of: %s", VI: "phải là một trong các giá trị: %s",
	}, strings.Join(have, ", ")))
}

func words[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return out
}

// earliest is a day in 1862: nobody in a roll was born before.
const earliest Date = 680_000

func (f *fields) date(name string, p *Date, l flag) { f.dateFrom(name, p, l, earliest, nil) }

// dateFrom is a date from first to [LastDay]. Where the bound says more than
// that nobody lives so long, early is what the writer of an earlier one is told.
func (f *fields) dateFrom(name string, p *Date, l flag, first Date, early *Text) {
	if f.sheet != nil {
		f.note(Field{Name: name, Form: DateForm, Pattern: datePattern, First: first, Last: LastDay}, l)
		return
	}
	if !f.reading {
		if *p != 0 && f.key(name, l) {
			f.out = append(f.out, '"')
			f.out = p.append(f.out)
			f.out = append(f.out, '"')
		}
		return
	}
	s := f.bytes(name, l)
	if s == nil {
		return
	}
	d, ok := ParseDate(string(s))
	f.require(ok, name, "is not a date that exists, in the form YYYY-MM-DD", "không phải là ngày có thật, dạng YYYY-MM-DD")
	f.require(!ok || d >= earliest && d <= LastDay, name, "lies too far away; check the year", "ngày quá xa; hãy kiểm tra lại năm")
	if early != nil {
		f.require(!ok || d >= first, name, early.EN, early.VI)
	}
	*p = d
}

func (f *fields) integer(name string, p *int, l flag, least, most int, always bool) {
	if f.sheet != nil {
		f.note(Field{Name: name, Form: NumberForm, Least: least, Most: most}, l)
		return
	}
	if !f.reading {
		if (*p != 0 || always) && f.key(name, l) {
			f.out = appendInt(f.out, *p)
		}
		return
	}
	raw := f.lookup(name, l)
	if raw == nil {
		return
	}
	n, ok := parseInt(raw)
	if !ok || n < least || n > most {
		f.fail(rejectf(BadValue, f.path+name, Text{
			EN: "is not a whole number from %d to %d", VI: "phải là số nguyên từ %d đến %d",
		}, least, most))
		return
	}
	*p = n
}

func (f *fields) year(name string, p *int)              { f.integer(name, p, required, 1930, 2200, true) }
func (f *fields) birthYear(name string, p *int, l flag) { f.integer(name, p, l, 1862, 2200, false) }
func (f *fields) count(name string, p *int)             { f.integer(name, p, required, 0, 1_000_000, true) }

func (f *fields) flag(name string, p *bool) {
	if f.sheet != nil {
		f.note(Field{Name: name, Form: FlagForm}, required)
		return
	}
	if !f.reading {
		if f.key(name, 0) {
			if *p {
				f.out = append(f.out, "true"...)
			} else {
				f.out = append(f.out, "false"...)
			}
		}
		return
	}
	raw := f.lookup(name, required)
	if raw == nil {
		return
	}
	*p = string(raw) == "true"
	f.require(*p || string(raw) == "false", name, "is neither true nor false", "phải là true hoặc false")
}

func (f *fields) badge(name string, p *int) {
	if f.sheet != nil {
		f.note(Field{Name: name, Form: NumberForm, Numbers: badgeYears}, required)
		return
	}
	f.integer(name, p, required, badgeYears[0], badgeYears[len(badgeYears)-1], true)
	f.require(*p == 0 || slices.Contains(badgeYears, *p), name,
		"there is no badge for so many years: 30, 40, 45, 50 … 90", "không có huy hiệu cho số năm này: 30, 40, 45, 50 … 90")
}

// digits is a number of which leading zeros count, of one of the lengths, which
// count describes.
func (f *fields) digits(name string, p *string, l flag, count Text, lengths ...int) {
	if f.sheet != nil {
		f.note(Field{Name: name, Form: DigitsForm, Pattern: digitsPattern(lengths)}, l)
		return
	}
	if !f.str(name, p, l) {
		return
	}
	ok := slices.Contains(lengths, len(*p))
	for _, c := range []byte(*p) {
		ok = ok && c >= '0' && c <= '9'
	}
	if !ok {
		f.fail(rejectf(BadValue, f.path+name, Text{
			EN: "is not %s digits, written as a text", VI: "phải gồm %s chữ số, ghi dạng chuỗi",
		}, count))
	}
}

func (f *fields) phone(name string, p *string, l flag) {
	if f.sheet != nil {
		f.note(Field{Name: name, Form: DigitsForm, Pattern: phonePattern}, l)
		return
	}
	if f.str(name, p, l) {
		ok := len(*p) <= 32 && strings.Trim(*p, "0123456789+-(). ") == ""
		f.require(ok, name, "is not a telephone number", "không phải số điện thoại")
	}
}
