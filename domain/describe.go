package domain

import (
	"fmt"
	"slices"
	"strings"
)

// Form is how the value of a field is written.
type Form string

// The forms. All but numbers, flags and objects are JSON strings.
const (
	TextForm     Form = "text"      // what people write
	WordForm     Form = "word"      // one of a closed list, or a pseudonym
	IDForm       Form = "id"        // opaque id
	DigitsForm   Form = "digits"    // a number of which leading zeros count
	DateForm     Form = "date"      // YYYY-MM-DD
	InstantForm  Form = "date-time" // RFC 3339
	PositionForm Form = "position"  // place in the log, in decimal
	NumberForm   Form = "number"    // whole number
	FlagForm     Form = "flag"      // true or false
	ObjectForm   Form = "object"
)

// Field describes a field of the wire form of events. What it says comes from the
// walk that reads and writes the field.
type Field struct {
	Name     string
	Form     Form
	Required bool
	Nullable bool // it must be there and may be null
	ByLedger bool // the ledger sets it; a writer need not give it
	Class    Part // Open, Identity or Sensitive; Open for an object, whose fields have their own
	Lines    bool // a text of more than one line
	// Values is the closed list of a word, Numbers that of a number; nil for any.
	Values  []string
	Numbers []int
	// Least and Most bound a number, and the characters of a text; Most is 0 for
	// a text without a bound of its own.
	Least, Most int
	First, Last Date   // bounds of a date
	Pattern     string // regular expression of ECMA-262, RE2 and others; "" for none
	Fields      []Field
	Rules       []Rule
	Meaning     Text
}

// Rule ties fields of one object together.
type Rule struct {
	Kind RuleKind
	// Fields names two fields; none for [NotEmpty].
	Fields []string
	// Value is what the first field must not be, for [NotWith].
	Value string
}

// RuleKind is a condition on fields of one object.
type RuleKind string

// The kinds of rule.
const (
	NotBoth  RuleKind = "not_both"  // the two exclude each other
	OneOf    RuleKind = "one_of"    // one of the two must be there
	InOrder  RuleKind = "in_order"  // the first date does not lie behind the second
	NotWith  RuleKind = "not_with"  // the second cannot stand where the first has the value
	NotEmpty RuleKind = "not_empty" // at least one field must be there
)

// Description says what there is to know of an event type.
type Description struct {
	Type    string
	Version int    // of the wire form
	Schema  string // name of the wire form
	Kind    Kind   // of the subject
	Since   string // release that was the first with it
	Effect  Text
	// Envelope describes what stands beside the data in a line, and the data as
	// one of them; Data describes the data's own fields.
	Envelope []Field
	Data     Field
	// Example is an invented entry with as much as it can hold.
	Example Entry
}

// Classes returns the classes of which the data has fields. Every entry may also
// have a reason, which is Identity.
func (d Description) Classes() Part { return d.Data.classes() }

func (d Field) classes() Part {
	all := d.Class &^ Open
	for _, inner := range d.Fields {
		all |= inner.classes()
	}
	return all
}

// Describe describes every event type, in the order of [Types].
func Describe() []Description {
	all := make([]Description, len(eventTypes))
	for i, t := range eventTypes {
		all[i] = t.describe()
	}
	return all
}

func (t eventType) describe() Description {
	event := t.make()
	d := Description{
		Type: t.name, Version: wireVersion, Schema: t.schema, Kind: t.kind, Since: t.since,
		Effect: effects[t.name], Example: exampleOf(t),
	}
	h := head{entry: new(Entry)}
	d.Envelope = objectField("", h.walk).Fields
	for i := range d.Envelope {
		field := &d.Envelope[i]
		switch field.Name { // what Codec.Read checks against the type
		case "specversion":
			field.Form, field.Values = WordForm, []string{specVersion}
		case "type":
			field.Form, field.Values = WordForm, []string{t.name}
		case "dataschema":
			field.Form, field.Values, field.ByLedger = WordForm, []string{t.schema}, true
		case "subject":
			field.Form, field.Pattern = IDForm, "^"+string(t.kind)+"/"+idPattern+"$"
		case "reason":
			field.Required = annuls(event)
		case "data":
			*field = objectField("data", event.fields)
			field.Required = true
			d.Data = *field
		}
	}
	explain(t.name, "", d.Envelope)
	for _, field := range d.Envelope {
		if field.Name == "data" {
			d.Data = field
		}
	}
	return d
}

// sheet is what a walk says of the fields of one object.
type sheet struct {
	fields []Field
	rules  []Rule
}

// note takes down a field.
func (f *fields) note(d Field, l flag) {
	d.Required, d.Class = l&required != 0, l.part()
	f.sheet.fields = append(f.sheet.fields, d)
}

func (f *fields) noteRule(r Rule) {
	if f.sheet != nil {
		f.sheet.rules = append(f.sheet.rules, r)
	}
}

// tie reports a bad value of name unless ok, which a rule between it and another
// field is about. Value is that of a [NotWith].
func (f *fields) tie(kind RuleKind, ok bool, other, name, value, en, vi string) {
	if f.sheet != nil {
		f.noteRule(Rule{Kind: kind, Fields: []string{other, name}, Value: value})
		return
	}
	f.require(ok, name, en, vi)
}

// either reports a missing field unless ok: one of two has to be there.
func (f *fields) either(ok bool, name, other string, l flag, en, vi string) {
	if f.sheet != nil {
		f.noteRule(Rule{Kind: OneOf, Fields: []string{name, other}})
		return
	}
	f.need(ok, name, l, en, vi)
}

// objectField describes an object by its walk.
func objectField(name string, walk func(*fields)) Field {
	f := fields{reading: true, sheet: new(sheet)}
	walk(&f)
	return Field{Name: name, Form: ObjectForm, Class: Open, Fields: f.sheet.fields, Rules: f.sheet.rules}
}

// namesIn returns the names of the fields that a walk asks for.
func namesIn(walk func(*fields)) []string {
	var names []string
	for _, field := range objectField("", walk).Fields {
		names = append(names, field.Name)
	}
	return names
}

// Patterns say what the readers of the fields check, as far as a pattern can
// that every engine understands: no classes by Unicode property. A test compares
// them with the readers.
const (
	idPattern    = "[A-Za-z0-9_-]{1,64}"
	datePattern  = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
	actorPattern = "^[!-?A-~]{1,64}$"
	phonePattern = "^[-0-9+(). ]{1,32}$"

	// Characters that show nothing, without the space and the line feed.
	unseen = "\\x00-\\x09\\x0B-\\x1F\\x7F-\\xA0\\xAD" +
		"\u061C\u115F\u1160\u1680\u180E\u2000-\u200F\u2028-\u202F\u205F-\u206F\u2800\u3000\u3164\uFEFF\uFFA0\uFFF9-\uFFFB\uFFFD"
	textPattern = "^[^" + unseen + "\\n ]([^" + unseen + "\\n]*[^" + unseen + "\\n ])?$"
	longPattern = "^[^" + unseen + " ]([^" + unseen + "]*[^" + unseen + " ])?$"
)

// digitsPattern is of ascending lengths, which it joins where they follow each
// other.
func digitsPattern(lengths []int) string {
	var parts []string
	for i := 0; i < len(lengths); {
		j := i
		for j+1 < len(lengths) && lengths[j+1] == lengths[j]+1 {
			j++
		}
		if i == j {
			parts = append(parts, fmt.Sprintf("[0-9]{%d}", lengths[i]))
		} else {
			parts = append(parts, fmt.Sprintf("[0-9]{%d,%d}", lengths[i], lengths[j]))
		}
		i = j + 1
	}
	return "^(" + strings.Join(parts, "|") + ")$"
}

// explain gives the fields of a type their meanings.
func explain(typeName, path string, list []Field) {
	for i := range list {
		field := &list[i]
		at := path + field.Name
		for _, key := range []string{typeName + " " + at, at, field.Name} {
			if text, ok := meanings[key]; ok {
				field.Meaning = text
				break
			}
		}
		if rest, ok := strings.CutPrefix(at, "data.rules."); ok {
			explainRule(rest, field)
		}
		explain(typeName, at+".", field.Fields)
	}
}

// explainRule gives the field of a rule, or of its parameter, the meaning that the
// charter has for it.
func explainRule(path string, field *Field) {
	id, parameter, _ := strings.Cut(path, ".parameters.")
	d, ok := definition(id)
	switch p, known := d.parameter(parameter); {
	case ok && parameter == "":
		field.Meaning = d.Title
	case known:
		field.Meaning = p.Meaning
	case field.Name == "source":
		field.Meaning = Text{"where the rule stands", "căn cứ"}
	}
}

// exampleOf returns the example of a type.
func exampleOf(t eventType) Entry {
	i := slices.IndexFunc(examples, func(e Entry) bool { return t.is(e.Event) })
	if i < 0 {
		return Entry{}
	}
	return examples[i]
}
