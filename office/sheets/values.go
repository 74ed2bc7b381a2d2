package sheets

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"rollbook/domain"
)

var (
	dayPattern    = regexp.MustCompile(`^(\d{1,2})\s*[/.-]\s*(\d{1,2})\s*[/.-]\s*(\d{4})(?:\s+\d{1,2}:\d{2}(?::\d{2})?)?$`)
	spokenPattern = regexp.MustCompile(`^(?:ngày\s+)?(\d{1,2})\s+tháng\s+(\d{1,2})\s+năm\s+(\d{4})$`)
	yearOnly      = regexp.MustCompile(`^(?:năm\s+)?(\d{4})$`)
)

// parseDay reads a day as people here write it, or in ISO form.
func parseDay(s string) (domain.Date, bool) {
	if d, ok := domain.ParseDate(s); ok {
		return d, true
	}
	if len(s) > 10 && s[10] == 'T' { // as a workbook may store a day
		return domain.ParseDate(s[:10])
	}
	m := dayPattern.FindStringSubmatch(s)
	if m == nil {
		m = spokenPattern.FindStringSubmatch(strings.ToLower(s))
	}
	if m == nil {
		return 0, false
	}
	day, _ := strconv.Atoi(m[1]) // digits
	month, _ := strconv.Atoi(m[2])
	year, _ := strconv.Atoi(m[3])
	return domain.NewDate(year, month, day)
}

// day1900 is the day before the first one that a spreadsheet counts: it takes
// 1900 for a leap year, so numbers above 60 are one too high.
const day1900 domain.Date = 693594 // 1899-12-30

// parseSerial reads the number of a day.
func parseSerial(s string) (domain.Date, bool) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || f < 1 || f >= 150_000 {
		return 0, false
	}
	n := domain.Date(math.Floor(f)) // the rest is a time of the day
	switch {
	case n == 60: // 29 February 1900, which there was not
		return 0, false
	case n < 60:
		n++
	}
	return day1900 + n, true
}

// date reads a cell as a day. The message says what is wrong; it repeats nothing.
func (c cell) date() (domain.Date, domain.Text) {
	if c.content == serial {
		if d, ok := parseSerial(c.text); ok {
			return d, domain.Text{}
		}
		return 0, textf("is a day that does not exist or lies too far away; write it as dd/mm/yyyy", "không phải ngày có thật hoặc quá xa; hãy ghi dạng ngày/tháng/năm")
	}
	if d, ok := parseDay(c.text); ok {
		return d, domain.Text{}
	}
	if m := dayPattern.FindStringSubmatch(c.text); m != nil {
		day, _ := strconv.Atoi(m[2])
		month, _ := strconv.Atoi(m[1])
		year, _ := strconv.Atoi(m[3])
		if _, ok := domain.NewDate(year, month, day); ok {
			return 0, textf("is a day only if the month stands first, which is not how it is read here; write it as dd/mm/yyyy", "chỉ đúng nếu tháng đứng trước, chương trình không đọc như vậy; hãy ghi dạng ngày/tháng/năm")
		}
		return 0, textf("is a day that does not exist; correct it", "không phải là ngày có thật; hãy sửa lại")
	}
	if c.content == number || c.content == words {
		if f, err := strconv.ParseFloat(c.text, 64); err == nil && f >= 10_000 && f < 73_051 && f == math.Floor(f) {
			if d, ok := parseSerial(c.text); ok && c.content == number {
				return d, domain.Text{}
			}
			return 0, textf("is a number and not a day: the spreadsheet's own count of days as it seems; show the column as a date and save the file again", "là một con số, không phải ngày (có vẻ là số đếm ngày của bảng tính); hãy định dạng cột kiểu ngày rồi lưu lại")
		}
	}
	return 0, textf("is not a day; write it as dd/mm/yyyy, such as 05/03/2015", "không phải là ngày; hãy ghi dạng ngày/tháng/năm, ví dụ 05/03/2015")
}

// birth reads a cell as a day of birth, or as the year alone.
func (c cell) birth() (on domain.Date, year int, wrong domain.Text) {
	if c.content != serial {
		if m := yearOnly.FindStringSubmatch(strings.ToLower(c.text)); m != nil {
			year, _ = strconv.Atoi(m[1]) // digits
			return 0, year, domain.Text{}
		}
	}
	on, wrong = c.date()
	return on, 0, wrong
}

// whole reads a cell as a whole number.
func (c cell) whole() (int, bool) {
	text := strings.TrimPrefix(strings.ToLower(c.text), "năm ")
	n, err := strconv.Atoi(text)
	return n, err == nil && c.content != serial
}

// wordIn returns the value that a text stands for.
func (c column) wordIn(text string) (string, bool) {
	key := spelled(text)
	for _, try := range []func(string) string{spelled, bare} {
		for _, w := range c.words {
			for _, name := range append([]string{w.value, w.text.VI, w.text.EN}, w.also...) {
				if try(name) == key {
					return w.value, true
				}
			}
		}
		if !ascii(text) {
			break // who writes marks means them
		}
		key = bare(text)
	}
	return "", false
}

// listing finds codes of an official list by code, name or other names.
type listing struct {
	list               []domain.Listed
	exact, bare, close map[string][]string // codes, by the ways in which a name is spelled
}

func newListing(list []domain.Listed) *listing {
	l := &listing{list, map[string][]string{}, map[string][]string{}, map[string][]string{}}
	for _, entry := range list {
		for _, name := range append([]string{entry.Name}, entry.Also...) {
			name, _, _ = strings.Cut(name, " (") // "Thổ (tên cũ)"
			for _, by := range []struct {
				m   map[string][]string
				key string
			}{{l.exact, spelled(name)}, {l.bare, bare(name)}, {l.close, joined(name)}} {
				if !slices.Contains(by.m[by.key], entry.Code) {
					by.m[by.key] = append(by.m[by.key], entry.Code)
				}
			}
		}
	}
	return l
}

var (
	ethnicGroups = sync.OnceValue(func() *listing { return newListing(domain.EthnicGroups()) })
	religions    = sync.OnceValue(func() *listing {
		list := slices.Clone(domain.Religions())
		list[0].Also = append(slices.Clone(list[0].Also), "Không theo tôn giáo", "Không có", "none", "no")
		for i := range list {
			switch list[i].Code {
			case "02":
				list[i].Also = []string{"Thiên Chúa giáo", "Đạo Thiên Chúa"}
			case "08":
				list[i].Also = []string{"Đạo Tin lành"}
			case "01":
				list[i].Also = []string{"Đạo Phật"}
			}
		}
		return newListing(list)
	})
	codePattern = regexp.MustCompile(`^(\d{1,2})(?:\s*[-.:]?\s+(.+))?$|^(.+?)\s*\((\d{1,2})\)$`)
)

// code returns the code that a text stands for, or what is wrong: it is unknown,
// or has several meanings. Names of the list are not personal.
func (l *listing) code(text string) (string, domain.Text) {
	if m := codePattern.FindStringSubmatch(text); m != nil {
		code, name := m[1]+m[4], m[2]+m[3]
		if len(code) == 1 {
			code = "0" + code
		}
		if !slices.ContainsFunc(l.list, func(e domain.Listed) bool { return e.Code == code }) {
			return "", textf("is a code that the official list does not have", "là mã không có trong danh mục")
		}
		if name != "" && !slices.Contains(l.bare[bare(name)], code) && !slices.Contains(l.close[joined(name)], code) {
			return "", textf("has a code and a name that do not belong together; correct one of them", "có mã và tên không khớp nhau; hãy sửa một trong hai")
		}
		return code, domain.Text{}
	}
	codes := l.exact[spelled(text)]
	if ascii(text) {
		codes = l.bare[bare(text)] // "Lao" is itself a name, and Lào without its mark
	}
	if len(codes) == 0 {
		codes = l.close[joined(text)]
		if !ascii(text) && len(codes) > 0 && !slices.ContainsFunc(codes, func(code string) bool { return l.near(code, text) }) {
			codes = nil // the letters are the same, the marks are of another word
		}
	}
	switch len(codes) {
	case 1:
		return codes[0], domain.Text{}
	case 0:
		if near := l.suggest(text); near != "" {
			return "", textf("is not in the official list; did you mean %s? Write the code or the name", "không có trong danh mục; có phải ý bạn là %s? Hãy ghi mã hoặc tên", near)
		}
		return "", textf("is not in the official list; write the code or the name", "không có trong danh mục; hãy ghi mã hoặc tên")
	default:
		names := make([]string, len(codes))
		for i, code := range codes {
			names[i] = code + " " + l.name(code)
		}
		list := strings.Join(names, ", ")
		return "", textf("has several meanings: %s; write the code", "có nhiều nghĩa: %s; hãy ghi mã", list)
	}
}

// near reports whether one of the names of a code is spelled like a text but for
// spaces and signs: "H'Mông" is "HMông".
func (l *listing) near(code, text string) bool {
	tight := func(s string) string { return strings.ReplaceAll(spelled(strings.Join(fields(s), "")), " ", "") }
	for _, e := range l.list {
		if e.Code == code {
			for _, name := range append([]string{e.Name}, e.Also...) {
				if tight(name) == tight(text) {
					return true
				}
			}
		}
	}
	return false
}

func (l *listing) name(code string) string {
	for _, e := range l.list {
		if e.Code == code {
			return e.Name
		}
	}
	return code
}

func (l *listing) suggest(text string) string {
	var names []string
	for _, e := range l.list {
		names = append(names, e.Name)
		names = append(names, e.Also...)
	}
	var out []string
	for _, n := range nearest(text, names) {
		for _, code := range l.exact[spelled(n)] {
			if entry := code + " " + l.name(code); !slices.Contains(out, entry) {
				out = append(out, entry)
			}
		}
	}
	return strings.Join(out, ", ")
}
