package pages

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"rollbook/domain"
	"rollbook/projections"
	"rollbook/words"
)

// field is a field of a form, or several that belong together.
type field struct {
	Name, ID, Label, Help string
	Kind                  string // of input; "select", "lines" or "flag"
	Required, Wide        bool
	Must                  bool // asked for by the browser already, where nothing judges the form as a whole
	Value                 string
	Options               []option
	Min, Max, InputMode   string
	MaxLength             int
	Error                 string
	Fields                []field
}

// formMaker makes the form of an event type from its description, so that a new
// field is in the form when it is in the ledger.
type formMaker struct {
	t             *tongue
	values        url.Values
	rejected      *domain.Rejection
	organisations []option
}

// envelopeFields are those that a clerk fills in beside the data.
var envelopeFields = []string{"subject", "effectiveon", "data", "reason"}

// fields makes the form of a type.
func (m *formMaker) fields(d domain.Description) []field {
	var out []field
	for _, name := range envelopeFields {
		i := slices.IndexFunc(d.Envelope, func(f domain.Field) bool { return f.Name == name })
		if i < 0 {
			continue
		}
		f := d.Envelope[i]
		switch name {
		case "data":
			for _, inner := range f.Fields {
				out = append(out, m.field("data.", inner))
			}
		case "subject":
			out = append(out, m.subject(d.Kind, f))
		default:
			out = append(out, m.field("", f))
		}
	}
	return out
}

// exception makes the fields of an exception to a charter rule.
func (m *formMaker) exception(d domain.Description) []field {
	for _, f := range d.Envelope {
		if f.Name == "exception" {
			return m.field("", f).Fields
		}
	}
	return nil
}

// subject asks whom it is about. New members, organisations and villages get an
// id when the field stays empty.
func (m *formMaker) subject(kind domain.Kind, d domain.Field) field {
	f := m.base("", d)
	f.Label, f.Kind, f.Required = m.t.say("subject."+string(kind)), "text", true
	f.Help = m.t.say("subject.help")
	f.Value = strings.TrimPrefix(f.Value, string(kind)+"/")
	if begins(m.values.Get("type")) {
		f.Required, f.Help = false, m.t.say("subject.new")
	} else if kind == domain.OrganisationKind {
		m.choose(&f, m.organisations)
	}
	return f
}

// begins reports whether an event may be the first of its subject.
func begins(typeName string) bool {
	switch typeName {
	case "organisation.established", "village.registered", "member.identified", "member.transferred_in", "member.brought_forward":
		return true
	}
	return false
}

// base is what all fields have in common.
func (m *formMaker) base(path string, d domain.Field) field {
	name := path + d.Name
	f := field{
		Name: name, ID: "f-" + strings.ReplaceAll(name, ".", "-"), Label: capital(m.t.label(d.Name, name)), Help: m.t.pick(d.Meaning),
		Required: d.Required && !d.Nullable, Value: m.values.Get(name),
	}
	f.Help = capital(f.Help)
	if strings.EqualFold(f.Help, f.Label) || len(d.Values) > 0 || namesOrganisation(d.Name) {
		f.Help = "" // it would say what the label or the choices say
	}
	if m.rejected != nil && m.rejected.Field == name {
		f.Error = capital(m.t.pick(m.rejected.Message)) + "."
	}
	return f
}

// label is the word for a field of an event.
func (t *tongue) label(name, path string) string {
	if text, ok := t.texts["field."+path]; ok {
		return text
	}
	return t.word(words.Fields, name)
}

func (m *formMaker) field(path string, d domain.Field) field {
	f := m.base(path, d)
	switch d.Form {
	case domain.ObjectForm:
		for _, inner := range d.Fields {
			g := m.field(f.Name+".", inner)
			g.Required = g.Required && f.Required // an object that may be left out
			f.Fields = append(f.Fields, g)
		}
	case domain.WordForm:
		m.choose(&f, m.words(d))
	case domain.IDForm:
		f.Kind = "text"
		if namesOrganisation(d.Name) {
			m.choose(&f, m.organisations)
		}
	case domain.DateForm:
		f.Kind, f.Value = "date", m.t.dayField(f.Value)
	case domain.NumberForm:
		if len(d.Numbers) > 0 {
			var list []option
			for _, n := range d.Numbers {
				list = append(list, option{Value: strconv.Itoa(n), Label: strconv.Itoa(n)})
			}
			m.choose(&f, list)
			break
		}
		f.Kind, f.InputMode, f.Min, f.Max = "number", "numeric", strconv.Itoa(d.Least), strconv.Itoa(d.Most)
	case domain.FlagForm:
		f.Kind = "flag"
		chosen := cmp.Or(f.Value, "false")
		for _, v := range []string{"false", "true"} {
			f.Options = append(f.Options, option{v, capital(m.t.word(words.Values, v)), v == chosen})
		}
	case domain.DigitsForm:
		f.Kind, f.InputMode = "text", "numeric"
	case domain.TextForm, domain.InstantForm, domain.PositionForm:
		f.Kind, f.MaxLength = "text", d.Most
		if d.Lines {
			f.Kind, f.Wide = "lines", true
		}
	}
	return f
}

// namesOrganisation reports whether a field of ids has those of organisations.
func namesOrganisation(name string) bool {
	switch name {
	case "organisation", "parent", "into", "commune", "cell":
		return true
	}
	return false
}

// choose makes a field a selection, with nothing chosen first.
func (m *formMaker) choose(f *field, list []option) {
	f.Kind = "select"
	f.Options = append([]option{{Value: "", Label: m.t.say("choose")}}, list...)
	for i := range f.Options {
		f.Options[i].Selected = f.Options[i].Value == f.Value
	}
}

// words are the values of a closed list, in words.
func (m *formMaker) words(d domain.Field) (list []option) {
	for _, v := range d.Values {
		label := capital(m.t.value(d.Name, v))
		switch d.Name {
		case "ethnicity", "religion":
			label = m.t.value(d.Name, v)
		}
		list = append(list, option{Value: v, Label: label})
	}
	return list
}

// value shows a value of a closed list.
func (t *tongue) value(field, value string) string {
	switch field {
	case "ethnicity":
		return t.code(domain.EthnicGroups(), value)
	case "religion":
		return t.code(domain.Religions(), value)
	case "gender":
		return t.word(words.Genders, value)
	case "status":
		return t.word(words.Statuses, value)
	case "grade":
		return t.word(words.Grades, value)
	}
	return t.word(words.Values, value)
}

// writeEvent writes a filled-in form as one event. What the values mean is for the
// ledger to judge.
func writeEvent(d domain.Description, subject string, values url.Values) []byte {
	var b bytes.Buffer
	b.WriteString(`{"type":` + quote(d.Type) + `,"subject":` + quote(subject) + `,"effectiveon":` + quote(unslashed(values.Get("effectiveon"))))
	if reason := clean(values.Get("reason")); reason != "" {
		b.WriteString(`,"reason":` + quote(reason))
	}
	for _, f := range d.Envelope {
		switch f.Name {
		case "exception":
			if object := writeObject("exception.", f.Fields, values); object != "{}" {
				b.WriteString(`,"exception":` + object)
			}
		case "data":
			b.WriteString(`,"data":` + writeObject("data.", f.Fields, values))
		}
	}
	b.WriteByte('}')
	return b.Bytes()
}

// writeObject writes the fields that were filled in. A word that is to be a number
// and is none goes to the ledger as it is, which says so.
func writeObject(path string, fields []domain.Field, values url.Values) string {
	var parts []string
	for _, d := range fields {
		name := path + d.Name
		v := clean(values.Get(name))
		switch {
		case d.Form == domain.ObjectForm:
			object := writeObject(name+".", d.Fields, values)
			if object == "{}" && !d.Required {
				continue
			}
			v = object
		case v == "" && d.Nullable:
			v = "null"
		case v == "":
			continue
		case d.Form == domain.NumberForm:
			if _, err := strconv.Atoi(v); err != nil {
				v = quote(v)
			}
		case d.Form == domain.DateForm:
			v = quote(unslashed(v))
		case d.Form == domain.FlagForm:
			if v != "true" && v != "false" {
				v = quote(v)
			}
		default:
			v = quote(v)
		}
		parts = append(parts, quote(d.Name)+":"+v)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// clean takes off what browsers and hands add to a text: spaces around it, and the
// carriage returns of its lines.
func clean(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

func quote(s string) string {
	b, _ := json.Marshal(s) // a string
	return string(b)
}

// organisationOptions lists the organisations of a day, each below its superior.
func organisationOptions(list []projections.OrganisationInfo) []option {
	var out []option
	walkTree(list, func(o projections.OrganisationInfo, depth int) {
		if o.Alive {
			out = append(out, option{Value: o.ID, Label: strings.Repeat("\u2003", depth) + o.Name})
		}
	})
	return out
}

// walkTree calls f with every organisation, each behind its superior, by name.
// What has no superior in the list is at the top.
func walkTree(list []projections.OrganisationInfo, f func(o projections.OrganisationInfo, depth int)) {
	known := map[string]bool{}
	for _, o := range list {
		known[o.ID] = true
	}
	below := map[string][]projections.OrganisationInfo{}
	for _, o := range list {
		parent := o.Parent
		if !known[parent] {
			parent = ""
		}
		below[parent] = append(below[parent], o)
	}
	names := collate.New(language.Vietnamese)
	var walk func(parent string, depth int)
	walk = func(parent string, depth int) {
		children := below[parent]
		delete(below, parent) // a damaged ring must not hang a page
		slices.SortStableFunc(children, func(x, y projections.OrganisationInfo) int { return names.CompareString(x.Name, y.Name) })
		for _, o := range children {
			f(o, depth)
			if o.ID != "" {
				walk(o.ID, depth+1)
			}
		}
	}
	walk("", 0)
}
