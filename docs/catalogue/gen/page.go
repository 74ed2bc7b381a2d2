package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"rollbook/domain"
)

const pageHead = `# The event catalogue

<!-- Generated from the program by "go generate ./docs/catalogue"; do not edit. -->

Every event that the ledger knows: what it does, its fields, which of them are personal, an example, and since which
release it is there. The words are those of [the contract](../contract.md), sections 1 to 3.

- **[schemas/](schemas)** has a JSON Schema (2020-12) for each type. Its ` + "`$id`" + ` is the event's ` + "`dataschema`" + `. It takes the
  data of an event, or the whole event; its definitions tell four things apart: ` + "`event`, a line of a file; `data`, what\n  stands in it; `feed`, a message on the feed; `feed_data`, what stands in that" + `.
- **[asyncapi.json](asyncapi.json)** describes the feed in AsyncAPI 3.0: its subjects and its messages.
- ` + "`rollbook events types` and `rollbook events schema TYPE`" + ` say the same without this page.

All names, numbers and people in the examples are invented.

## In a file and on the feed

A **file** (import, export, HTTP) has the event as a CloudEvents 1.0 object, whole, one on a line.

On the **feed** it is a CloudEvents 1.0 object too, with the same ` + "`type`, `subject`, `dataschema`" + ` and so on; but what is
personal stays sealed, and each attribute is a scalar, as CloudEvents wants it:

- the personal fields are not there. In their place ` + "`data.sealed`" + ` holds them as the log does
  ([format](../format.md#what-is-sealed)), the ` + "`reason`" + ` with them;
- ` + "`exception`" + ` is in ` + "`data`" + `, with its open field ` + "`rule`" + `;
- all that the ledger sets is there, and ` + "`organisation`, `fromorganisation`" + `: where it happened, and where from.

A file has ` + "`exception`" + ` as an attribute, which is an object. The CloudEvents specification knows only scalar attributes,
and a strict CloudEvents library refuses such a line; events without an exception it reads.

The subject of a message is ` + "`" + feedPrefix + "<type>.<organisation>`" + `, such as ` + "`" + feedPrefix + "member.admitted.pa-my`" + `; the organisation
is ` + "`_`" + ` where there is none.

## What a schema cannot say

The program also refuses, and a schema does not:

- dates outside the bounds that the description names; and, to a validator that does not check ` + "`format`" + `, a day that does
  not exist, such as 2023-02-29;
- dates in the wrong order: %s;
- a whole number written as 2021.0 or 2.021e3;
- some rarer characters that cannot be seen, such as private ones and ones that Unicode has not assigned;
- a name that stands twice in one object; a line longer than %d bytes;
- whatever depends on the ledger: references that it does not know, timelines that cannot be, rules of the charter;
  ` + "`data.person`" + ` of ` + "`member.transferred_in`" + ` is required for people who are new to it.

The program takes ` + "`null` and `\"\"`" + ` for a field that is not there. A schema takes neither, except ` + "`null`" + ` where the table says
so. It counts characters of a text once its letters are composed (NFC), a schema as they come. An export whose personal
fields could not be opened has the attribute ` + "`sealed`" + `; such a line is not whole, and neither the program nor a schema
takes it.

## Personal data

Fields of the classes ` + "`identity` and `sensitive`" + ` are sealed before they reach the log, each class of each person under a
key of its own. They never stand in subjects, headers or logs.

`

// page writes the readable page.
func page(all []domain.Description) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, pageHead, orders(all), domain.MaxLine)
	b.WriteString("## Types\n\n| type | what it does | | personal data | since |\n|---|---|---|---|---|\n")
	for _, d := range all {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s | %s | %s |\n", d.Type, anchor(d.Type), d.Effect.EN, d.Effect.VI, classes(d), d.Since)
	}
	b.WriteString("\nEvery type can have a `reason` and an `exception`, whose texts are of class `identity` too.\n")
	b.WriteString("\n## Attributes\n\nOf every type; the tables below are of `data`.\n\n")
	table(&b, attributes(all[0].Envelope))
	for _, d := range all {
		section(&b, d)
	}
	lists(&b)
	return b.Bytes()
}

// attributes describes those of all types by those of one.
func attributes(list []domain.Field) []domain.Field {
	out := []domain.Field{}
	for _, f := range list {
		switch f.Name {
		case "data":
			f.Fields = nil // have tables of their own
		case "type", "dataschema", "subject":
			f.Values, f.Pattern = nil, ""
		}
		out = append(out, f)
	}
	return out
}

func section(b *bytes.Buffer, d domain.Description) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n%s\n\n", d.Type, d.Effect.EN, d.Effect.VI)
	fmt.Fprintf(b, "Subject `%s/<id>`. On the feed `%s%s.<organisation>`. Form [`%s`](%s). Since %s.\n\n",
		d.Kind, feedPrefix, d.Type, d.Schema, schemaPath(d), d.Since)
	if len(d.Data.Fields) == 0 {
		b.WriteString("No fields.\n")
	} else {
		table(b, d.Data.Fields)
	}
	if list := rules("", d.Data); len(list) > 0 {
		fmt.Fprintf(b, "\n%s\n", strings.Join(list, " "))
	}
	for _, f := range d.Envelope {
		if f.Name == "reason" && f.Required {
			b.WriteString("\nThe attribute `reason` is required.\n")
		}
	}
	fmt.Fprintf(b, "\n```json\n%s\n```\n", indented(domain.AppendJSON(nil, d.Example, source)))
	fmt.Fprintf(b, "\n<details><summary>The same on the feed</summary>\n\n```json\n%s\n```\n\n</details>\n", indented(feedExample(d)))
}

func table(b *bytes.Buffer, list []domain.Field) {
	b.WriteString("| field | | value | personal | meaning | |\n|---|---|---|---|---|---|\n")
	rows(b, "", list)
}

func rows(b *bytes.Buffer, path string, list []domain.Field) {
	for _, f := range list {
		need := "optional"
		switch {
		case f.ByLedger:
			need = "set by the ledger"
		case f.Required:
			need = "required"
		}
		class := ""
		if f.Class != domain.Open {
			class = "`" + f.Class.String() + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s | %s |\n", path+f.Name, need, form(f), class, f.Meaning.EN, f.Meaning.VI)
		rows(b, path+f.Name+".", f.Fields)
	}
}

// form says how a value is written.
func form(f domain.Field) string {
	var s string
	switch f.Form {
	case domain.TextForm, domain.WordForm:
		s = words(f)
	case domain.IDForm:
		s = "id"
	case domain.DigitsForm:
		s = "text, `" + strings.ReplaceAll(strings.Trim(f.Pattern, "^$"), "|", "\\|") + "`"
	case domain.DateForm:
		s = fmt.Sprintf("date, %s to %s", f.First, f.Last)
	case domain.InstantForm:
		s = "RFC 3339"
	case domain.PositionForm:
		s = "text, decimal"
	case domain.NumberForm:
		s = fmt.Sprintf("whole number, %d to %d", f.Least, f.Most)
		if f.Numbers != nil {
			s = "whole number: " + strings.Trim(strings.Join(strings.Fields(fmt.Sprint(f.Numbers)), ", "), "[]")
		}
	case domain.FlagForm:
		s = "`true` or `false`"
	case domain.ObjectForm:
		s = "object"
	}
	if f.Nullable {
		s += " or `null`"
	}
	return s
}

func words(f domain.Field) string {
	switch {
	case len(f.Values) > 12:
		return fmt.Sprintf("`%s` to `%s`, see [the list](#%s)", f.Values[0], f.Values[len(f.Values)-1], f.Name)
	case len(f.Values) > 0:
		return "`" + strings.Join(f.Values, "`, `") + "`"
	case f.Most == 0:
		return "text"
	}
	s := fmt.Sprintf("text, up to %d characters", f.Most)
	if f.Lines {
		s += ", also of several lines"
	}
	return s
}

// rules says what ties fields together.
func rules(path string, f domain.Field) []string {
	var list []string
	for _, r := range f.Rules {
		var a, b string
		if len(r.Fields) == 2 {
			a, b = "`"+path+r.Fields[0]+"`", "`"+path+r.Fields[1]+"`"
		}
		switch r.Kind {
		case domain.NotBoth:
			list = append(list, a+" and "+b+" exclude each other.")
		case domain.OneOf:
			list = append(list, "One of "+a+" and "+b+" must be there.")
		case domain.InOrder:
			list = append(list, a+" does not lie behind "+b+".")
		case domain.NotWith:
			list = append(list, b+" cannot stand with "+a+" `"+r.Value+"`.")
		case domain.NotEmpty:
			list = append(list, "`"+strings.TrimSuffix(path, ".")+"` has at least one field.")
		}
	}
	for _, inner := range f.Fields {
		list = append(list, rules(path+inner.Name+".", inner)...)
	}
	return list
}

// orders lists the dates that have an order.
func orders(all []domain.Description) string {
	var list []string
	for _, d := range all {
		for _, r := range d.Data.Rules {
			if r.Kind == domain.InOrder {
				list = append(list, fmt.Sprintf("`%s` before `%s` in `%s`", r.Fields[1], r.Fields[0], d.Type))
			}
		}
	}
	return strings.Join(list, ", ")
}

func classes(d domain.Description) string {
	if d.Classes() == 0 {
		return ""
	}
	return "`" + strings.ReplaceAll(d.Classes().String(), ",", "`, `") + "`"
}

// lists writes out the lists of codes.
func lists(b *bytes.Buffer) {
	for _, l := range []struct {
		name, about string
		list        []domain.Listed
	}{
		{"ethnicity", "Ethnic groups, after Decision 121-TCTK/PPCĐ of 2 March 1979 and its later revisions.", domain.EthnicGroups()},
		{"religion", "Religions.", domain.Religions()},
	} {
		fmt.Fprintf(b, "\n## %s\n\n%s\n\n| code | name | also |\n|---|---|---|\n", l.name, l.about)
		for _, one := range l.list {
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", one.Code, one.Name, strings.Join(one.Also, ", "))
		}
	}
}

// anchor is the name that a heading has in a link.
func anchor(heading string) string { return strings.ReplaceAll(heading, ".", "") }

// indented is JSON for people.
func indented(raw json.RawMessage) string {
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return strconv.Quote(string(raw)) // no JSON: a test fails on it
	}
	return b.String()
}
