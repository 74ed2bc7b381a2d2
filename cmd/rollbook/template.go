package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"rollbook/ledger"
	"rollbook/office/sheets"
	"rollbook/projections"
)

// templateCommand is about the office's own sheets.
func (a *app) templateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "template [KIND]", Short: "Templates of the sheets that import reads", Args: arguments(0, 1),
		Long: "List the kinds of sheet that `rollbook import` reads, or write the template workbook of one, with drop-down lists; the\n" +
			"organisations are those of the ledger, if there is one. `rollbook template mapping KIND` prints which headers are known.",
		Example: "  rollbook template\n  rollbook template list\n  rollbook template register --out register.xlsx",
	}
	var out string
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return a.listTemplates()
		}
		return a.writeTemplate(cmd.Context(), args[0], out)
	}
	outFlag := func(c *cobra.Command) {
		c.Flags().StringVarP(&out, "out", "o", "", "file to write; without it KIND.xlsx")
	}
	outFlag(cmd)
	list := &cobra.Command{
		Use: "list", Short: "The kinds of sheet", Args: arguments(0, 0), Example: "  rollbook template list",
		RunE: func(*cobra.Command, []string) error { return a.listTemplates() },
	}
	write := &cobra.Command{
		Use: "write KIND", Short: "Write the template workbook of a kind", Args: arguments(1, 1), Example: "  rollbook template write admissions -o admissions.xlsx",
		RunE: func(cmd *cobra.Command, args []string) error { return a.writeTemplate(cmd.Context(), args[0], out) },
	}
	outFlag(write)
	mapping := &cobra.Command{
		Use: "mapping KIND", Short: "Which headers are known for a kind, as import --mapping takes it", Args: arguments(1, 1), Example: "  rollbook template mapping register > mapping.json",
		RunE: func(_ *cobra.Command, args []string) error {
			k, ok := sheets.KindNamed(args[0])
			if !ok {
				return unknownKind(args[0])
			}
			a.out.document(k.Mapping())
			return nil
		},
	}
	cmd.AddCommand(list, write, mapping)
	return cmd
}

// kindDocument is a kind of sheet in JSON.
type kindDocument struct {
	Kind  string `json:"kind"`
	Title string `json:"title"`
}

func (a *app) listTemplates() error {
	var kinds []kindDocument
	var rows [][]string
	for _, k := range sheets.Kinds() {
		kinds = append(kinds, kindDocument{k.Name, k.Title.In(a.lang)})
		rows = append(rows, []string{k.Name, k.Title.In(a.lang)})
	}
	if a.json {
		a.out.document(map[string]any{"kinds": kinds})
		return nil
	}
	a.table([]column{{head: a.say("Kind", "Loại")}, {head: a.say("Sheet", "Biểu")}}, rows, nil)
	a.out.line(a.say("`rollbook template KIND` writes the workbook.", "`rollbook template LOẠI` ghi tệp mẫu."))
	return nil
}

// templateName is the file of a template that is not given another.
func templateName(kind string) string { return kind + ".xlsx" }

func (a *app) writeTemplate(ctx context.Context, kind, out string) error {
	k, ok := sheets.KindNamed(kind)
	if !ok {
		return unknownKind(kind)
	}
	var organisations []string
	err := a.withLedger(ctx, func(l *ledger.Ledger) error {
		figures, err := l.Figures(ctx)
		if err != nil {
			return err
		}
		list, err := a.organisations(ctx, figures, projections.Question{AsOf: a.today()})
		if err != nil {
			return err
		}
		for _, o := range list {
			if o.Alive {
				organisations = append(organisations, o.Name)
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, ledger.ErrNoLedger) {
		return err
	}
	if out == "" {
		out = templateName(kind)
	}
	if err := a.save(out, func(w io.Writer) error { return k.Template(w, a.lang, organisations) }); err != nil {
		return err
	}
	if a.json {
		a.out.document(map[string]string{"kind": kind, "file": out})
		return nil
	}
	a.out.line(fmt.Sprintf(a.say("%s is written.", "Đã ghi %s."), show(out)))
	return nil
}
