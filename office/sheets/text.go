package sheets

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// clean brings a cell's text to NFC, with single spaces and none around it.
func clean(s string) string {
	if s == "" {
		return ""
	}
	s = strings.TrimPrefix(s, "\uFEFF")
	return norm.NFC.String(strings.Join(strings.FieldsFunc(s, unicode.IsSpace), " "))
}

// withoutMarks takes the marks off letters, and the stroke off đ.
func withoutMarks(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'đ':
			return 'd'
		case r == 'Đ':
			return 'D'
		}
		return r
	}, norm.NFD.String(s))
}

// spelled brings the ways to write a text to one: without regard to case, to
// spaces and punctuation, and to the letter that bears a tone ("hòa", "hoà").
func spelled(s string) string {
	words := fields(s)
	for i, w := range words {
		var letters, tone strings.Builder
		for _, r := range norm.NFD.String(w) {
			if strings.ContainsRune(tones, r) {
				tone.WriteRune(r)
			} else {
				letters.WriteRune(r)
			}
		}
		words[i] = letters.String() + tone.String()
	}
	return strings.Join(words, " ")
}

// bare is spelled without marks, as where nobody has a Vietnamese keyboard.
func bare(s string) string { return withoutMarks(strings.Join(fields(s), " ")) }

// joined is bare without spaces: "H'Mông", "H Mông" and "Hmong" are one.
func joined(s string) string { return strings.ReplaceAll(bare(s), " ", "") }

// fields returns the words of a text in small letters.
func fields(s string) []string {
	return strings.FieldsFunc(strings.ToLower(norm.NFC.String(s)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r)
	})
}

// distance is the number of changes of one letter between two words.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	line := make([]int, len(y)+1)
	for j := range line {
		line[j] = j
	}
	for i := range x {
		last := line[0]
		line[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			last, line[j+1] = line[j+1], min(line[j+1]+1, line[j]+1, last+cost)
		}
	}
	return line[len(y)]
}

// nearest returns up to three of some names that are spelled most like a text,
// the nearest first; those that have nothing to do with it are left out.
func nearest(text string, names []string) []string {
	key := joined(text)
	if len(key) > 80 {
		return nil
	}
	most := max(2, len(key)/3)
	by := make([][]string, most+1) // by distance
	for _, name := range names {
		if d := distance(key, joined(name)); d <= most {
			by[d] = append(by[d], name)
		}
	}
	best := slices.Concat(by...)
	return best[:min(len(best), 3)]
}
