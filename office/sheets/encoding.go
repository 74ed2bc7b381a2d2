package sheets

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// encoding is how letters are put into characters. Before Unicode, Vietnamese
// fonts showed their own letters in the place of Western European ones; a cell in
// such a font holds those.
type encoding uint8

const (
	unicodeText  encoding = iota
	tcvn3                 // TCVN 5712:1993, known as ABC: fonts .VnTime and their kin
	tcvn3Capital          // the same characters, shown as capitals: .VnTimeH
	vni                   // fonts VNI-Times and their kin: a letter, then its marks
)

// encodingOf returns the encoding of a font, by its name.
func encodingOf(font string) encoding {
	name := strings.ToLower(strings.TrimSpace(font))
	switch {
	case strings.HasPrefix(name, ".vn") && strings.HasSuffix(name, "h"):
		return tcvn3Capital
	case strings.HasPrefix(name, ".vn"):
		return tcvn3
	case strings.HasPrefix(name, "vni-"), strings.HasPrefix(name, "vni "):
		return vni
	}
	return unicodeText
}

// decode returns a text in Unicode. It reports false, and changes nothing, if what
// comes out is less like Vietnamese than what went in: a font says little about a
// text that was pasted into the cell.
func (e encoding) decode(s string) (string, bool) {
	if e == unicodeText || !mayBeOld(s) {
		if e == tcvn3Capital && ascii(s) {
			return strings.ToUpper(s), s != strings.ToUpper(s)
		}
		return s, false
	}
	var out string
	switch e {
	case tcvn3, tcvn3Capital:
		out = decodeTCVN3(s)
	case vni:
		out = decodeVNI(s)
	case unicodeText:
	}
	if vietnamese(out) < vietnamese(s) {
		return s, false
	}
	if e == tcvn3Capital {
		out = strings.ToUpper(out)
	}
	return out, true
}

// mayBeOld reports whether a text can be in an old encoding: it has characters of
// Western Europe and none beyond.
func mayBeOld(s string) bool {
	some := false
	for _, r := range s {
		if r > 0xFF && !strings.ContainsRune(beyondLatin1, r) {
			return false
		}
		some = some || r > 0x7F
	}
	return some
}

// beyondLatin1 are the characters that Windows-1252 has in the place of controls.
const beyondLatin1 = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// tcvn3Letters are the letters of the bytes from 0xA1 on. U+00AD, which elsewhere
// is a hyphen that does not show, is ư.
var tcvn3Letters = []rune("ĂÂÊÔƠƯĐăâêôơưđẶ\u0300\u0309\u0303\u0301\u0323àảãáạẲằẳẵắẴẮẦẨẪẤỀặầẩẫấậèỂẻẽéẹềểễếệìỉỄẾỒĩíịòỔỏõóọồổỗốộờởỡớợùỖủũúụừửữứựỳỷỹýỵỐ")

func decodeTCVN3(s string) string {
	var b strings.Builder
	for _, r := range s {
		if i := int(r) - 0xA1; i >= 0 && i < len(tcvn3Letters) {
			r = tcvn3Letters[i]
		}
		b.WriteRune(r)
	}
	return norm.NFC.String(b.String())
}

// vniLetters are characters that are a letter by themselves.
var vniLetters = map[rune]string{
	'ô': "ơ", 'Ô': "Ơ", 'ö': "ư", 'Ö': "Ư", 'ñ': "đ", 'Ñ': "Đ",
	'í': "í", 'ì': "ì", 'æ': "ỉ", 'ó': "ĩ", 'ò': "ị", 'î': "ỵ",
	'Í': "Í", 'Ì': "Ì", 'Æ': "Ỉ", 'Ó': "Ĩ", 'Ò': "Ị", 'Î': "Ỵ",
}

// vniMarks are characters that put marks on the vowel before them.
var vniMarks = map[rune]string{
	'ù': "\u0301", 'ø': "\u0300", 'û': "\u0309", 'õ': "\u0303", 'ï': "\u0323",
	'â': "\u0302", 'á': "\u0302\u0301", 'à': "\u0302\u0300", 'å': "\u0302\u0309", 'ã': "\u0302\u0303", 'ä': "\u0302\u0323",
	'ê': "\u0306", 'é': "\u0306\u0301", 'è': "\u0306\u0300", 'ú': "\u0306\u0309", 'ü': "\u0306\u0303", 'ë': "\u0306\u0323",
}

func decodeVNI(s string) string {
	var b strings.Builder
	vowel := false
	for _, r := range s {
		if marks, ok := vniMarks[unicode.ToLower(r)]; ok && vowel {
			b.WriteString(marks)
			vowel = false
			continue
		}
		if letter, ok := vniLetters[r]; ok {
			b.WriteString(letter)
			vowel = strings.ContainsAny(letter, "ơưƠƯ")
			continue
		}
		b.WriteRune(r)
		vowel = strings.ContainsRune("aeiouyAEIOUY", r)
	}
	return norm.NFC.String(b.String())
}

// vietnamese says how much a text is like Vietnamese: of the words with letters
// beyond ASCII, the share that are syllables, from 0 to 1.
func vietnamese(s string) float64 {
	marked, good := 0, 0
	for _, word := range strings.FieldsFunc(s, func(r rune) bool {
		return r < utf8.RuneSelf && !unicode.IsLetter(r) || unicode.IsSpace(r)
	}) {
		if ascii(word) {
			continue
		}
		marked++
		if syllable(word) {
			good++
		}
	}
	if marked == 0 {
		return 0
	}
	return float64(good) / float64(marked)
}

const (
	vietnameseLetters = "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ"
	tones             = "\u0300\u0301\u0303\u0309\u0323"
)

// syllable reports whether a word may be a Vietnamese syllable: consonants, one
// to three vowels, a consonant, and one tone at most.
func syllable(word string) bool {
	word = strings.ToLower(norm.NFC.String(word))
	toned := 0
	for _, r := range word {
		if !strings.ContainsRune(vietnameseLetters, r) {
			return false
		}
		for _, m := range norm.NFD.String(string(r)) {
			if strings.ContainsRune(tones, m) {
				toned++
			}
		}
	}
	if toned > 1 {
		return false
	}
	bare := withoutMarks(word)
	vowels := func(r rune) bool { return strings.ContainsRune("aeiouy", r) }
	begin := strings.IndexFunc(bare, vowels)
	if begin < 0 {
		return false
	}
	end := strings.LastIndexFunc(bare, vowels) + 1
	const onsets, codas = " b c ch d g gh h k kh l m n ng ngh nh p ph q r s t th tr v x ", " c ch m n ng nh p t "
	in := func(list, part string) bool { return part == "" || strings.Contains(list, " "+part+" ") }
	return in(onsets, bare[:begin]) && in(codas, bare[end:]) && end-begin <= 4 &&
		strings.IndexFunc(bare[begin:end], func(r rune) bool { return !vowels(r) }) < 0
}
