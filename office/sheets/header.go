package sheets

import (
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"rollbook/domain"
)

// layout is how a sheet of a kind is laid out.
type layout struct {
	kind  *Kind
	at    map[string]int // column of the sheet, by key
	heads []string       // headers, by column of the sheet
	// unknown are the headers that are not understood.
	unknown []string
	// first and last are the numbers of the first and the last row of the header.
	first, last int
	// before are the rows up to there.
	before []row
	// fixed are values that every row has that says nothing else, by key.
	fixed map[string]string
	// asOf is the day that the title names, zero if it names none.
	asOf domain.Date
	year int // likewise
}

// deepestHeader is the number of rows among which a header is looked for, and
// most rows that it may take.
const (
	deepestHeader = 40
	mostHeadRows  = 3
)

// vocabulary finds the column that a header means, of one kind.
type vocabulary struct {
	exact, bare map[string][]string // keys, by header as [spelled] or [bare] has it
	foreign     map[string]bool     // headers that a sheet of this kind does not have
}

var vocabularies = sync.OnceValue(func() map[*Kind]vocabulary {
	all := map[*Kind]vocabulary{}
	tells := map[string]string{} // telling key, by header
	for _, k := range kinds {
		for _, c := range k.columns {
			if slices.Contains(telling, c.key) {
				for _, head := range append([]string{c.head.VI, c.head.EN}, c.also...) {
					tells[spelled(head)] = c.key
				}
			}
		}
	}
	for _, k := range kinds {
		v := vocabulary{map[string][]string{}, map[string][]string{}, map[string]bool{}}
		put := func(m map[string][]string, header, key string) {
			if header != "" && !slices.Contains(m[header], key) {
				m[header] = append(m[header], key)
			}
		}
		// A kind's own words come first, where two of its columns share one.
		for _, c := range k.columns {
			for _, head := range append([]string{c.head.VI, c.head.EN, c.key}, c.also...) {
				put(v.exact, spelled(head), c.key)
				put(v.bare, bare(head), c.key)
			}
		}
		for head, key := range tells {
			v.foreign[head] = v.exact[head] == nil && !slices.Contains(k.besides, key)
		}
		all[k] = v
	}
	return all
})

// find returns the key of the column that a header means. A header without any
// marks means what one with marks does, unless that could be two.
func (v vocabulary) find(header string) (key string, ok bool) {
	if keys := v.exact[spelled(header)]; len(keys) == 1 {
		return keys[0], true
	}
	if keys := v.bare[bare(header)]; len(keys) == 1 && ascii(header) {
		return keys[0], true
	}
	return "", false
}

// plainHeader takes off what headers have besides their name: a star, and what
// stands in brackets, such as the form of a date.
func plainHeader(s string) string {
	for {
		from := strings.IndexAny(s, "([")
		if from < 0 {
			break
		}
		to := strings.IndexAny(s[from:], ")]")
		if to < 0 {
			break
		}
		s = s[:from] + " " + s[from+to+1:]
	}
	return clean(strings.Trim(s, " *:"))
}

// headers returns the headers that some rows make together. A cell that was
// merged across columns speaks for all of them; one that was merged across rows
// stands in the first.
func headers(rows []row) []string {
	width := 0
	for _, r := range rows {
		width = max(width, len(r.cells))
	}
	out := make([]string, width)
	for i := range out {
		var parts []string
		for n, r := range rows {
			text := plainHeader(r.cell(i).text)
			if text == "" && n+1 < len(rows) && below(rows[n+1:], i) {
				for j := i - 1; j >= 0 && text == ""; j-- {
					if text = plainHeader(r.cell(j).text); text != "" && !below(rows[n+1:], j) {
						text = "" // that one stands alone, above nothing
						break
					}
				}
			}
			if text != "" {
				parts = append(parts, text)
			}
		}
		out[i] = strings.Join(parts, " ")
	}
	return out
}

func below(rows []row, i int) bool {
	return slices.ContainsFunc(rows, func(r row) bool { return r.cell(i).text != "" })
}

// namesColumns reports whether a row may belong to a header: texts only, and none
// of them has a digit.
func (r row) namesColumns() bool {
	for _, c := range r.cells {
		if c.content != blank && (c.content != words || strings.ContainsFunc(c.text, unicode.IsDigit)) {
			return false
		}
	}
	return true
}

// numbersColumns reports whether a row only numbers the columns, as 1, 2, 3 or
// (1), (2), (3) or A, B, 1, 2.
func (r row) numbersColumns() bool {
	n := 0
	for _, c := range r.cells {
		if c.content == blank {
			continue
		}
		n++
		text := strings.Trim(c.text, "()[] ")
		if i, err := strconv.Atoi(text); (err != nil || i > 200) && (len(text) != 1 || !unicode.IsUpper(rune(text[0]))) {
			return false
		}
	}
	return n > 1
}

// candidate is a layout and how well a sheet fits it.
type candidate struct {
	layout
	score int
}

// recognise finds the header of a sheet among its first rows. The rows that it
// takes from the table for it are in the layout, or in rest if they belong to the
// body. Without a layout, and without an error, the sheet is of no kind.
func recognise(t table, name string, m *Mapping) (_ *layout, rest []row, err error) {
	var top []row
	for len(top) < deepestHeader {
		r, err := t.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		top = append(top, r)
	}
	var best []candidate
	for i := range top {
		for n := 1; n <= mostHeadRows && i+n <= len(top); n++ {
			if n > 1 && !top[i+n-1].namesColumns() {
				break
			}
			for _, c := range fit(headers(top[i:i+n]), title(name, top[:i]), m) {
				c.before, c.first, c.last = top[:i+n], top[i].number, top[i+n-1].number
				if i+n < len(top) && top[i+n].numbersColumns() {
					c.before, c.last = top[:i+n+1], top[i+n].number
				}
				switch {
				case len(best) == 0 || c.score > best[0].score:
					best = []candidate{c}
				case c.score == best[0].score && c.kind == best[0].kind && c.first > best[0].first:
					best[0] = c // without the row above, which says nothing of the columns
				case c.score == best[0].score && c.kind != best[0].kind:
					best = append(best, c)
				}
			}
		}
	}
	switch {
	case len(best) == 0:
		return nil, nil, nil
	case len(best) > 1:
		a, b := best[0].kind, best[1].kind
		return nil, nil, refuse("may be a sheet of kind %[1]s or %[2]s; name the kind with --kind", "có thể là trang loại %[1]s hoặc %[2]s; hãy chỉ rõ bằng --kind", a.Name, b.Name)
	}
	l := &best[0].layout
	titles := l.before[:slices.IndexFunc(l.before, func(r row) bool { return r.number == l.last })]
	for _, r := range titles {
		l.readTitle(r)
	}
	return l, top[len(l.before):], nil
}

// fit returns the kinds that headers fit.
func fit(heads []string, title string, m *Mapping) (all []candidate) {
	for _, k := range kinds {
		if m != nil && m.Kind != "" && m.Kind != k.Name {
			continue
		}
		c := candidate{layout: layout{kind: k, at: map[string]int{}, heads: heads}}
		if m != nil {
			c.fixed = m.Defaults
		}
		v := vocabularies()[k]
		known, foreign := 0, false
		for i, head := range heads {
			if head == "" {
				continue
			}
			key, ok := m.find(head)
			if !ok {
				key, ok = v.find(head)
			}
			_, twice := c.at[key]
			switch {
			case !ok, twice && key != "":
				c.unknown = append(c.unknown, head)
				foreign = foreign || !ok && v.foreign[spelled(head)]
			default:
				known++
				if key != "" {
					c.at[key] = i
				}
			}
		}
		c.score = 10*known - 2*len(c.unknown)
		if foreign || !c.complete() {
			continue
		}
		for _, s := range k.says {
			if strings.Contains(" "+bare(title)+" ", " "+bare(s)+" ") {
				c.score += 15 + len(s)/4
			}
		}
		all = append(all, c)
	}
	return all
}

// complete reports whether a layout has the columns that its kind is known by.
func (l *layout) complete() bool {
	has := func(key string) bool {
		_, ok := l.at[key]
		return ok || l.fixed[key] != ""
	}
	for _, group := range l.kind.marks {
		if !slices.ContainsFunc(group, has) {
			return false
		}
	}
	return true
}

// title returns what stands above a header, and the sheet's name.
func title(name string, rows []row) string {
	parts := []string{name}
	for _, r := range rows {
		for _, c := range r.cells {
			if len(parts) < 100 && c.content == words {
				parts = append(parts, c.text)
			}
		}
	}
	return strings.Join(parts, " . ")
}

var (
	asOfPattern = regexp.MustCompile(`(?:đến(?: hết)? ngày|as of):?\s+(\d{1,2}[/.-]\d{1,2}[/.-]\d{4}|\d{4}-\d{2}-\d{2}|\d{1,2} tháng \d{1,2} năm \d{4})`)
	yearPattern = regexp.MustCompile(`(?:năm|year)\s+((?:19|20|21)\d{2})\b`)
)

// readTitle takes the day or the year from a row above the header: a sheet says
// "tính đến ngày 31/12/2022", or "Năm 2022".
func (l *layout) readTitle(r row) {
	for _, c := range r.cells {
		text := strings.ToLower(c.text)
		if m := asOfPattern.FindStringSubmatch(text); m != nil {
			if d, ok := parseDay(m[1]); ok {
				l.asOf = d
			}
		} else if m := yearPattern.FindStringSubmatch(text); m != nil {
			l.year, _ = strconv.Atoi(m[1]) // four digits
		}
	}
}

// column names a column of the sheet for people.
func (l *layout) column(key string) string {
	if i, ok := l.at[key]; ok {
		return l.heads[i]
	}
	c, _ := l.kind.column(key)
	return c.head.VI
}

// letter returns the name of a column as a spreadsheet shows it.
func letter(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return letter(i/26-1) + letter(i%26)
}
