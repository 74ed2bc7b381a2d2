package main

import (
	"fmt"
	"slices"

	"rollbook/domain"
)

const draft = "https://json-schema.org/draft/2020-12/schema"

// view is a way in which events are seen.
type view int

const (
	whole  view = iota // in files: everything is there
	sealed             // on the feed: personal fields are sealed
)

// schema returns the JSON Schema of a type. Its four definitions are the event and
// its data, each in a file and on the feed. The schema itself takes any of them:
// CloudEvents says of `dataschema` that it is about the data, and people want to
// check a whole line.
func schema(d domain.Description) object {
	ref := func(name string) object { return object{{"$ref", "#/$defs/" + name}} }
	data := value(d.Data, whole)
	feedData := feedData(d)
	return object{
		{"$schema", draft},
		{"$id", d.Schema},
		{"title", fmt.Sprintf("%s, version %d", d.Type, d.Version)},
		{"description", both(d.Effect)},
		{"$comment", "Generated from the program; do not edit. See docs/catalogue/README.md for what a schema cannot say."},
		{"x-since", d.Since},
		{"anyOf", []any{ref("event"), ref("feed"), ref("data"), ref("feed_data")}},
		{"$defs", object{
			{"event", event(d, whole, ref("data"))},
			{"feed", event(d, sealed, ref("feed_data"))},
			{"data", titled("data in a file", data)},
			{"feed_data", titled("data on the feed: personal fields are sealed", feedData)},
			{"line", printable(lines(d.Envelope, false))},
			{"lines", printable(lines(d.Envelope, true))},
		}},
	}
}

func titled(title string, o object) object { return append(object{{"title", title}}, o...) }

// event is an event with its envelope.
func event(d domain.Description, v view, data object) object {
	properties, required := object{}, []string{}
	for _, f := range d.Envelope {
		switch {
		case f.Name == "data":
			properties.set(f.Name, data)
		case v == sealed && (f.Class != domain.Open || f.Name == "exception"):
			continue // sealed, or moved into the data
		default:
			properties.set(f.Name, value(f, v))
		}
		// On the feed the ledger has set all that it sets.
		if f.Required || v == sealed && f.Name != "actor" && f.Name != "policy" {
			required = append(required, f.Name)
		}
	}
	if v == sealed {
		id := object{{"type", "string"}, {"pattern", "^[A-Za-z0-9_-]{1,64}$"}}
		properties.set("datacontenttype", object{{"const", "application/json"}})
		properties.set("organisation", append(object{{"description", "the organisation that the event is of, or that the person counts in after it, or before it where it takes them from the roll; absent where there is none"}}, id...))
		properties.set("fromorganisation", append(object{{"description", "the organisation that the person counted in before, where that is another"}}, id...))
		required = append(required, "datacontenttype")
	}
	title := "a CloudEvents 1.0 object, as a line of a file: imported, recorded or exported whole"
	if v == sealed {
		title = "a CloudEvents 1.0 object, as a message on the feed"
	}
	return object{
		{"title", title},
		{"type", "object"},
		{"properties", properties},
		{"required", required},
		{"additionalProperties", false},
	}
}

// feedData is the data of an event on the feed. The attributes of CloudEvents are
// scalars, so what is an object or a list stands here.
func feedData(d domain.Description) object {
	o := value(d.Data, sealed)
	properties := o.get("properties").(object)
	required := o.get("required").([]string)
	for _, f := range d.Envelope {
		if f.Name == "exception" {
			properties.set(f.Name, value(f, sealed))
		}
	}
	properties.set("sealed", sealedParts(d))
	// What must be there and is sealed must be there sealed.
	if slices.ContainsFunc(d.Envelope, mustBeSealed) {
		required = append(required, "sealed")
	}
	o.put("properties", properties)
	o.put("required", required)
	return o
}

func mustBeSealed(f domain.Field) bool {
	if f.Name == "exception" {
		return false // its fields must be there if it is
	}
	return f.Required && (f.Class != domain.Open || slices.ContainsFunc(f.Fields, mustBeSealed))
}

// sealedParts is the list of sealed parts, see docs/format.md.
func sealedParts(d domain.Description) object {
	classes := []string{domain.Identity.String()} // of the reason at least
	if d.Classes()&domain.Sensitive != 0 {
		classes = append(classes, domain.Sensitive.String())
	}
	text := func(pattern, description string) object {
		return object{{"type", "string"}, {"pattern", pattern}, {"description", description}}
	}
	return object{
		{"description", "the personal fields, sealed: one part for each class and person; as in the log, see docs/format.md"},
		{"type", "array"},
		{"minItems", 1},
		{"items", object{
			{"type", "object"},
			{"properties", object{
				{"s", text("^(member|organisation|village)/[A-Za-z0-9_-]{1,64}$", "subject whose key opens it")},
				{"cl", object{{"type", "string"}, {"enum", classes}, {"description", "class"}}},
				{"kid", text("^[A-Za-z0-9_-]{43}$", "commitment to the key")},
				{"n", text("^[A-Za-z0-9_-]{16}$", "nonce")},
				{"c", text("^[A-Za-z0-9_-]{22,}$", "AES-256-GCM of the fields")},
			}},
			{"required", []string{"s", "cl", "kid", "n", "c"}},
			{"additionalProperties", false},
		}},
	}
}

func (o object) get(name string) any {
	for _, p := range o {
		if p.name == name {
			return p.value
		}
	}
	return nil
}

func (o object) put(name string, value any) {
	for i := range o {
		if o[i].name == name {
			o[i].value = value
		}
	}
}

// value is the schema of a field's value.
func value(f domain.Field, v view) object {
	var o object
	if f.Meaning.EN != "" {
		o.set("description", both(f.Meaning)+bounds(f))
	}
	switch f.Form {
	case domain.ObjectForm:
		o = append(o, objectSchema(f, v)...)
	case domain.NumberForm:
		o.set("type", "integer")
		if f.Numbers != nil {
			o.set("enum", f.Numbers)
		} else {
			o.set("minimum", f.Least)
			o.set("maximum", f.Most)
		}
	case domain.FlagForm:
		o.set("type", "boolean")
	default:
		o = append(o, text(f)...)
	}
	if f.Class != domain.Open {
		o.set("x-personal", f.Class.String())
	}
	if f.ByLedger {
		o.set("readOnly", true)
	}
	return o
}

// text is the schema of what JSON holds as a string.
func text(f domain.Field) object {
	var o object
	if f.Nullable {
		o.set("type", []string{"string", "null"})
	} else {
		o.set("type", "string")
	}
	switch len(f.Values) {
	case 0:
	case 1:
		o.set("const", f.Values[0])
	default:
		o.set("enum", f.Values)
	}
	switch f.Form { //nolint:exhaustive // the others have no format
	case domain.DateForm:
		o.set("format", "date")
	case domain.InstantForm:
		o.set("format", "date-time")
	case domain.PositionForm:
		o.set("pattern", "^[1-9][0-9]{0,19}$")
	}
	switch {
	case f.Form != domain.TextForm:
		if f.Pattern != "" {
			o.set("pattern", f.Pattern)
		}
	case f.Values == nil:
		o.set("minLength", f.Least)
		if f.Most > 0 {
			o.set("maxLength", f.Most)
		}
		if f.Pattern != "" { // a long one, which stands once
			name := "line"
			if f.Lines {
				name = "lines"
			}
			o.set("allOf", []any{object{{"$ref", "#/$defs/" + name}}})
		}
	}
	return o
}

// lines returns the pattern of texts of one line, or of several.
func lines(list []domain.Field, several bool) string {
	for _, f := range list {
		if f.Form == domain.TextForm && f.Pattern != "" && f.Lines == several {
			return f.Pattern
		}
		if p := lines(f.Fields, several); p != "" {
			return p
		}
	}
	return ""
}

func printable(pattern string) object {
	return object{
		{"description", "no character that cannot be seen, no space at either end"},
		{"pattern", pattern},
	}
}

// objectSchema is the schema of an object, as far as a view shows its fields.
func objectSchema(f domain.Field, v view) object {
	properties, required := object{}, []string{}
	shown := map[string]bool{}
	for _, inner := range f.Fields {
		if v == sealed && inner.Class != domain.Open {
			continue
		}
		shown[inner.Name] = true
		properties.set(inner.Name, value(inner, v))
		if inner.Required {
			required = append(required, inner.Name)
		}
	}
	o := object{
		{"type", "object"},
		{"properties", properties},
		{"required", required},
		{"additionalProperties", false},
	}
	var conditions []any
	for _, r := range f.Rules {
		switch {
		case r.Kind == domain.NotEmpty && v == whole:
			o.set("minProperties", 1)
		case slices.ContainsFunc(r.Fields, func(name string) bool { return !shown[name] }):
			// it is about a field that cannot be seen
		default:
			if c := condition(r); c != nil {
				conditions = append(conditions, c)
			}
		}
	}
	if conditions != nil {
		o.set("allOf", conditions)
	}
	return o
}

// condition is the schema of a rule, or nil for one that a schema cannot say.
func condition(r domain.Rule) object {
	needs := func(names ...string) object { return object{{"required", names}} }
	switch r.Kind {
	case domain.NotBoth:
		return object{{"not", needs(r.Fields...)}}
	case domain.OneOf:
		return object{{"anyOf", []any{needs(r.Fields[0]), needs(r.Fields[1])}}}
	case domain.NotWith:
		return object{
			{"if", object{
				{"properties", object{{r.Fields[0], object{{"const", r.Value}}}}},
				{"required", []string{r.Fields[0]}},
			}},
			{"then", object{{"not", needs(r.Fields[1])}}},
		}
	case domain.InOrder, domain.NotEmpty:
	}
	return nil
}

// both is a text in both languages.
func both(t domain.Text) string { return t.EN + " / " + t.VI }

// bounds says what a schema cannot of a date.
func bounds(f domain.Field) string {
	if f.Form != domain.DateForm {
		return ""
	}
	return fmt.Sprintf(" (%s to %s)", f.First, f.Last)
}
