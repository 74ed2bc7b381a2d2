package pages

import (
	"embed"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/words"
)

//go:embed catalogue/*.json
var catalogues embed.FS

// tongue speaks one language.
type tongue struct {
	lang  string // "vi" or "en"
	texts map[string]string
}

// languages are those that there is a catalogue of; the first is the office's own.
func languages() []string { return []string{"vi", "en"} }

func newTongue(lang string) (*tongue, error) {
	b, err := catalogues.ReadFile("catalogue/" + lang + ".json")
	if err != nil {
		return nil, err
	}
	t := &tongue{lang: lang}
	if err := json.Unmarshal(b, &t.texts); err != nil {
		return nil, fmt.Errorf("catalogue/%s.json: %w", lang, err)
	}
	return t, nil
}

// say returns the text for a key with its verbs filled in. A key without a text
// would be a defect of the program, which a test finds; it stands for itself.
func (t *tongue) say(key string, args ...any) string {
	text, ok := t.texts[key]
	switch {
	case !ok:
		return key
	case len(args) == 0:
		return text
	}
	return fmt.Sprintf(text, args...)
}

// pick returns a text of another package in this language.
func (t *tongue) pick(text domain.Text) string { return text.In(t.lang) }

// number writes a whole number as people read it.
func (t *tongue) number(n int64) string {
	separator := "."
	if t.lang == "en" {
		separator = ","
	}
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + separator + s[i:]
	}
	return s
}

// signed writes a change with its sign.
func (t *tongue) signed(n int) string {
	switch {
	case n > 0:
		return "+" + t.number(int64(n))
	case n < 0:
		return "−" + t.number(-int64(n))
	}
	return "0"
}

// percent writes a share with one decimal, and a dash where there is nothing to
// divide by: the share of an empty group is not 0 %.
func (t *tongue) percent(n, of int) string {
	if of == 0 {
		return none
	}
	point := ","
	if t.lang == "en" {
		point = "."
	}
	tenths := (2000*n + of) / (2 * of)
	return fmt.Sprintf("%d%s%d %%", tenths/10, point, tenths%10)
}

// none stands where there is no number.
const none = "–"

// day writes a date as people here do, in both languages.
func (t *tongue) day(d domain.Date) string { return d.Vietnamese() }

// orNone writes a date that may be missing.
func (t *tongue) orNone(d *domain.Date) string {
	if d == nil {
		return ""
	}
	return t.day(*d)
}

// moment writes when something was recorded, to the minute, where the office is.
func (t *tongue) moment(at time.Time) string { return at.Local().Format("02/01/2006 15:04") }

// word returns the word for a wire name.
func (t *tongue) word(of words.List, name string) string { return of.In(t.lang, name) }

// wordLists are those that templates ask for by name.
func wordLists() map[string]words.List {
	return map[string]words.List{"dimensions": words.Dimensions, "statuses": words.Statuses}
}

// code returns the name of a code in one of the official lists.
func (t *tongue) code(list []domain.Listed, code string) string {
	if code == domain.Unknown {
		return t.say("unknown")
	}
	for _, l := range list {
		if l.Code == code {
			return l.Name
		}
	}
	return code
}

// capital writes the first letter large.
func capital(s string) string {
	for i, r := range s {
		return string(unicode.ToUpper(r)) + s[i+len(string(r)):]
	}
	return s
}

// anyNumber writes a number of any whole type, for templates.
func (t *tongue) anyNumber(n any) (string, error) {
	switch n := n.(type) {
	case int:
		return t.number(int64(n)), nil
	case int64:
		return t.number(n), nil
	case eventstore.Position:
		return t.number(int64(n)), nil
	}
	return "", fmt.Errorf("%T is no number", n)
}
