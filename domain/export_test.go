package domain

// What tests outside the package may look at.

// Member is a name and the raw value of a JSON object.
type Member struct {
	Name string
	Raw  []byte
}

// MaxDepth and MaxMembers are the limits of the JSON reader.
const (
	MaxDepth   = maxDepth
	MaxMembers = maxMembers
)

// ParseObject is the JSON reader by itself.
func ParseObject(in []byte) ([]Member, error) {
	members, err := parseObject(in, nil)
	if err != nil {
		return nil, err
	}
	out := make([]Member, len(members))
	for i, m := range members {
		out[i] = Member{string(m.name), m.raw}
	}
	return out, nil
}

// Unquote decodes a JSON string.
func Unquote(raw []byte) (string, bool) {
	s, ok := unquote(raw)
	return string(s), ok
}

// Texts of the catalogue, by key.
var (
	Effects  = effects
	Meanings = meanings
)

// CheckText is what is said of a text of at most so many characters.
func CheckText(s string, most int) error {
	if r := checkText(s, most); r != nil {
		return r
	}
	return nil
}

// MaxLong is the most characters of a text of some paragraphs.
const MaxLong = maxLong
