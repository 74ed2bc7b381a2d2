package audit

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// jsonReader reads JSON of a known form, with nothing in it that two readers
// could understand in two ways: names are known, in this case, and stand there
// once; numbers are natural and in their one form; there is no null, no text
// that is not UTF-8, and nothing behind the end. Names may be in any order. It
// takes no more memory than what the caller keeps.
type jsonReader struct {
	in  []byte
	at  int
	err error
}

func newJSONReader(b []byte) *jsonReader {
	r := &jsonReader{in: b}
	if !utf8.Valid(b) {
		r.fail("it is not UTF-8")
	}
	return r
}

// fail keeps the first thing that is wrong.
func (r *jsonReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("byte %d: %s", r.at, fmt.Sprintf(format, args...))
	}
}

func (r *jsonReader) space() {
	for ; r.at < len(r.in); r.at++ {
		switch r.in[r.at] {
		case ' ', '\t', '\r', '\n':
		default:
			return
		}
	}
}

// take goes behind a character, if it is the next one.
func (r *jsonReader) take(c byte) bool {
	if r.err != nil {
		return false
	}
	r.space()
	if r.at < len(r.in) && r.in[r.at] == c {
		r.at++
		return true
	}
	return false
}

func (r *jsonReader) want(c byte) {
	if !r.take(c) {
		r.fail("%q is expected", c)
	}
}

// end makes sure that nothing follows.
func (r *jsonReader) end() {
	if r.space(); r.at != len(r.in) {
		r.fail("something follows the end")
	}
}

// object reads an object. read is called with each name and reads its value, or
// reports that there is no such name. The required names must be there.
func (r *jsonReader) object(read func(name string) bool, required ...string) {
	r.want('{')
	var seen []string
	for first := true; r.err == nil && !r.take('}'); first = false {
		if !first {
			r.want(',')
		}
		name := r.text(64)
		r.want(':')
		switch {
		case r.err != nil:
			return
		case slices.Contains(seen, name):
			r.fail("the name %q stands there twice", name)
			return
		}
		seen = append(seen, name)
		if !read(name) {
			r.fail("there is no %q here", name)
		}
	}
	for _, name := range required {
		if !slices.Contains(seen, name) {
			r.fail("%q is missing", name)
		}
	}
}

// array reads an array of at most so many elements.
func (r *jsonReader) array(limit int, read func()) {
	r.want('[')
	for n := 0; r.err == nil && !r.take(']'); n++ {
		if n > 0 {
			r.want(',')
		}
		if n == limit {
			r.fail("there are more than %d", limit)
			return
		}
		read()
	}
}

// raw reads a string and returns what is between the quotes.
func (r *jsonReader) raw() (b []byte, escaped bool) {
	r.want('"')
	if r.err != nil {
		return nil, false
	}
	for begin := r.at; r.at < len(r.in); r.at++ {
		switch c := r.in[r.at]; {
		case c == '"':
			r.at++
			return r.in[begin : r.at-1], escaped
		case c == '\\':
			escaped = true
			r.at++ // what is escaped is no end
		case c < ' ':
			r.fail("a string has a control character")
			return nil, false
		}
	}
	r.fail("a string has no end")
	return nil, false
}

// lines reads a string of at most so many bytes, which may have line feeds.
func (r *jsonReader) lines(limit int) string {
	raw, escaped := r.raw()
	if len(raw) > 6*limit || !escaped && len(raw) > limit { // six for a \u0041
		r.fail("a string has more than %d bytes", limit)
		return ""
	}
	text := string(raw)
	if escaped {
		err := json.Unmarshal(slices.Concat([]byte{'"'}, raw, []byte{'"'}), &text)
		// Half of a surrogate pair is read as this character, which nobody needs here.
		if err != nil || strings.ContainsRune(text, utf8.RuneError) {
			r.fail("a string has an escape that means nothing")
		}
		if len(text) > limit {
			r.fail("a string has more than %d bytes", limit)
		}
	}
	if !speakable(strings.ReplaceAll(text, "\n", "")) {
		r.fail("a string has a control character")
	}
	return text
}

// text reads a string of one line.
func (r *jsonReader) text(limit int) string {
	text := r.lines(limit)
	if strings.ContainsRune(text, '\n') {
		r.fail("a string has a control character")
	}
	return text
}

// speakable reports whether a text can stand in JSON in one form only: UTF-8
// without control characters.
func speakable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f })
}

// number reads a natural number.
func (r *jsonReader) number() uint64 {
	if r.err != nil {
		return 0
	}
	r.space()
	begin := r.at
	for r.at < len(r.in) && '0' <= r.in[r.at] && r.in[r.at] <= '9' {
		r.at++
	}
	text := r.in[begin:r.at]
	if len(text) == 0 || len(text) > 20 || text[0] == '0' && len(text) > 1 {
		r.fail("a number is expected")
		return 0
	}
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		r.fail("a number is too large")
	}
	return n
}

// size reads a number that counts records.
func (r *jsonReader) size() uint64 {
	n := r.number()
	if n > maxSize {
		r.fail("there is no log of %d records", n)
	}
	return n
}

// number32 reads a number of 32 bits.
func (r *jsonReader) number32() uint32 {
	n := r.number()
	if n > math.MaxUint32 {
		r.fail("a number is too large")
	}
	return uint32(n)
}

// hash reads a hash in base64, in its one form.
func (r *jsonReader) hash() Hash {
	raw, _ := r.raw()
	var b [len(Hash{}) + 1]byte
	if r.err == nil {
		n, err := 0, error(nil)
		if len(raw) == base64.StdEncoding.EncodedLen(len(Hash{})) {
			n, err = base64.StdEncoding.Strict().Decode(b[:], raw)
		}
		if err != nil || n != len(Hash{}) {
			r.fail("a hash is expected")
		}
	}
	return Hash(b[:len(Hash{})])
}

// hashes reads a proof.
func (r *jsonReader) hashes() []Hash {
	var hashes []Hash
	r.array(maxProof, func() { hashes = append(hashes, r.hash()) })
	return hashes
}

// bytes reads at most so many bytes in base64url without padding, in its one
// form.
func (r *jsonReader) bytes(limit int) []byte {
	raw, _ := r.raw()
	if base64.RawURLEncoding.DecodedLen(len(raw)) > limit {
		r.fail("there are more than %d bytes", limit)
		return nil
	}
	b := make([]byte, base64.RawURLEncoding.DecodedLen(len(raw)))
	if _, err := base64.RawURLEncoding.Strict().Decode(b, raw); err != nil {
		r.fail("base64url is expected")
	}
	return b
}

// appendJSON appends a string that is speakable but for its line feeds.
func appendJSON(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

func appendHashes(b []byte, hashes []Hash) []byte {
	b = append(b, '[')
	for i, h := range hashes {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendHash(b, h)
	}
	return append(b, ']')
}

func appendHash(b []byte, h Hash) []byte {
	b = append(b, '"')
	b = base64.StdEncoding.AppendEncode(b, h[:])
	return append(b, '"')
}

// canonicalNote returns what a note says, if the note is one and each of its
// signatures is written in the one form that it has. Nothing is verified.
func canonicalNote(note []byte) (body string, ok bool) {
	split := bytes.LastIndex(note, []byte("\n\n"))
	if len(note) > maxCheckpointBytes || split < 0 || !bytes.HasSuffix(note, []byte("\n")) || !utf8.Valid(note) {
		return "", false
	}
	for line := range strings.Lines(string(note[split+2:])) {
		_, rest, found := strings.Cut(strings.TrimPrefix(line, "— "), " ")
		if !found || !strings.HasPrefix(line, "— ") {
			return "", false
		}
		rest = strings.TrimSuffix(rest, "\n")
		if strings.ContainsAny(rest, "\r\n") {
			return "", false
		}
		if _, err := base64.StdEncoding.Strict().DecodeString(rest); err != nil || rest == "" {
			return "", false
		}
	}
	return string(note[:split+1]), len(note) > split+2
}
