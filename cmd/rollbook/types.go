package main

import (
	"encoding/json"
	"slices"

	"github.com/spf13/cobra"

	"rollbook/docs/catalogue"
	"rollbook/domain"
	"rollbook/words"
)

func (a *app) typesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "types", Short: "List the event types", Args: arguments(0, 0), Example: "  rollbook events types --lang vi",
		Long: "List the types of events that this program knows: what each is about, which of its fields are\npersonal, and the release that was the first with it. With --json also every field.",
		RunE: func(*cobra.Command, []string) error {
			all := domain.Describe()
			if a.json {
				a.out.document(typesOf(all))
				return nil
			}
			rows := make([][]string, 0, len(all))
			for _, d := range all {
				personal := ""
				if d.Classes() != 0 {
					personal = d.Classes().String()
				}
				rows = append(rows, []string{d.Type, a.label(words.Events, d.Type), personal, d.Since})
			}
			a.table([]column{
				{head: a.say("Type", "Loại")},
				{head: a.say("Meaning", "Nghĩa")},
				{head: a.say("Personal data", "Dữ liệu cá nhân")},
				{head: a.say("Since", "Từ bản")},
			}, rows, nil)
			return nil
		},
	}
}

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema TYPE", Short: "Write the JSON Schema of an event type", Args: arguments(1, 1), Example: "  rollbook events schema member.admitted",
		Long: "Write the JSON Schema (2020-12) of an event type. It takes a whole event or its data; its definitions\n" +
			"event, data, feed and feed_data tell apart what is in a file and what is on the feed.",
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return domain.Types(), cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if !slices.Contains(domain.Types(), args[0]) {
				return usage("%q is not an event type; `rollbook events types` lists them", "%q không phải loại sự kiện; xem `rollbook events types`", show(args[0]))
			}
			schema, _ := catalogue.Schema(args[0])
			a.out.documented = true
			_, err := a.out.Write(schema)
			return errOutput(err)
		},
	}
}

// typesDocument is what `events types` answers in JSON.
type typesDocument struct {
	Types []typeDocument `json:"types"`
}

type typeDocument struct {
	Type       string          `json:"type"`
	Version    int             `json:"version"`
	DataSchema string          `json:"dataschema"`
	Subject    string          `json:"subject"` // kind: organisation, village or member
	Since      string          `json:"since"`
	Effect     textDocument    `json:"effect"`
	Personal   []string        `json:"personal"` // classes of its fields
	Fields     []fieldDocument `json:"fields"`   // of the data
	Example    json.RawMessage `json:"example"`
}

type textDocument struct {
	EN string `json:"en"`
	VI string `json:"vi"`
}

type fieldDocument struct {
	Field    string       `json:"field"` // path from the top of the event, such as data.person.gender
	Form     string       `json:"form"`
	Required bool         `json:"required"` // where the object that it is in is there
	Personal string       `json:"personal,omitempty"`
	Values   []any        `json:"values,omitempty"`
	Meaning  textDocument `json:"meaning"`
}

func typesOf(all []domain.Description) typesDocument {
	doc := typesDocument{Types: make([]typeDocument, len(all))}
	for i, d := range all {
		t := typeDocument{
			Type: d.Type, Version: d.Version, DataSchema: d.Schema, Subject: string(d.Kind), Since: d.Since,
			Effect: textDocument(d.Effect), Personal: []string{}, Fields: []fieldDocument{},
			Example: domain.AppendJSON(nil, d.Example, "/rollbook/"+demoName),
		}
		for _, class := range domain.Classes() {
			if d.Classes()&class != 0 {
				t.Personal = append(t.Personal, class.String())
			}
		}
		t.addFields("data.", d.Data.Fields)
		doc.Types[i] = t
	}
	return doc
}

func (t *typeDocument) addFields(path string, list []domain.Field) {
	for _, f := range list {
		one := fieldDocument{Field: path + f.Name, Form: string(f.Form), Required: f.Required, Meaning: textDocument(f.Meaning)}
		if f.Class != domain.Open {
			one.Personal = f.Class.String()
		}
		for _, v := range f.Values {
			one.Values = append(one.Values, v)
		}
		for _, n := range f.Numbers {
			one.Values = append(one.Values, n)
		}
		t.Fields = append(t.Fields, one)
		t.addFields(path+f.Name+".", f.Fields)
	}
}
