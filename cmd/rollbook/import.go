package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/office/sheets"
)

const importLong = `Store the events of files, one event a line (NDJSON), or the rows of the office's
own sheets: workbooks (.xlsx) and CSV, recognised by their headers. What a file
is shows in its content; files of several kinds may stand together. "-" is
standard input.

Every file is opened and looked at before anything is stored. Good lines are
stored although others are rejected; each rejection names the line, the field
or column, and what to do. To import a file again changes nothing: what is there
already counts as unchanged. What departs from a rule of the charter is stored
too and becomes a finding, because a file tells history; --strict rejects it.

With --dry-run every row of a sheet is told what it would come to. --result
writes the sheets back with the result beside each row. "rollbook template"
writes templates and lists the kinds of sheet.

The first import makes the ledger, if the data directory is empty.`

// importing is how an import is asked for.
type importing struct {
	ledger.ImportOptions
	name        string // of a new ledger
	kind        string // of the sheets
	mapping     string // file
	effectiveOn string
	result      string // file
}

func (a *app) importCommand() *cobra.Command {
	var o importing
	cmd := &cobra.Command{
		Use: "import FILE...", Short: "Store the events of files, or the rows of sheets", Long: importLong, Args: arguments(1, -1),
		Example: "  rollbook import events.ndjson\n  rollbook import --dry-run 2023/*.ndjson\n  rollbook import --dry-run register.xlsx\n  rollbook import register.xlsx ratings.csv --result results.xlsx\n  zcat events.ndjson.gz | rollbook import -",
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.name != "" && !domain.ValidID(o.name) {
				return usage("--name %q is not 1 to 64 of the characters A-Z a-z 0-9 _ -", "--name %q phải gồm 1 đến 64 ký tự A-Z a-z 0-9 _ -", show(o.name))
			}
			return a.importFiles(cmd.Context(), args, o)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.DryRun, "dry-run", false, "decide on every line and store nothing")
	f.BoolVar(&o.Atomic, "atomic", false, "store all lines or none (at most 1,000 records)")
	f.BoolVar(&o.Strict, "strict", false, "reject what departs from a charter rule, as if each line were recorded in turn")
	f.StringVar(&o.name, "name", "", "name of the ledger, when the import makes it (default ledger)")
	f.StringVar(&o.kind, "kind", "", "kind of the sheets, where their headers leave it open; 'rollbook template' lists the kinds")
	f.StringVar(&o.mapping, "mapping", "", "JSON file that says what other headers of a sheet stand for; see 'rollbook template mapping'")
	f.StringVar(&o.effectiveOn, "effective-on", "", "day on which a register counts that says none itself, as 2022-12-31 or 31/12/2022")
	f.StringVar(&o.result, "result", "", "workbook to write, with the result beside each row of the sheets")
	return cmd
}

// imported is what import answers in JSON.
type imported struct {
	ledger.ImportResult
	// Plan is what a dry run would do with each row of a sheet.
	Plan        []ledger.RowOutcome `json:"plan,omitempty"`
	PlanOmitted int                 `json:"plan_omitted,omitempty"`
	Error       *errorDocument      `json:"error,omitempty"` // what ended it early
}

func (a *app) importFiles(ctx context.Context, names []string, o importing) error {
	tables, err := a.tableOptions(o)
	if err != nil {
		return err
	}
	files, err := a.openFiles(ctx, names, tables)
	if err != nil {
		return err
	}
	dir, cleanUp, err := a.importDirectory(o.DryRun)
	if err != nil {
		return errors.Join(err, files.close())
	}
	rows := &rowReport{plan: o.DryRun}
	o.Row = rows.add
	if o.result != "" {
		rows.result = sheets.NewResult(a.lang, a.besides(o.result))
	}
	var result ledger.ImportResult
	err = a.withLedgerIn(ctx, dir, ledger.Options{Create: true, Name: o.name}, func(l *ledger.Ledger) error {
		if o.name != "" && o.name != l.Name() {
			return usage("the ledger here is named %q; --name is for a new one", "sổ ở đây tên là %q; --name chỉ dùng khi tạo sổ mới", l.Name())
		}
		result, err = a.importInto(ctx, l, files, o.ImportOptions)
		return err
	})
	if rows.result != nil {
		// After another failure it is not known what was stored.
		if err == nil || errors.Is(err, context.Canceled) {
			err = errors.Join(err, a.save(o.result, rows.result.Write))
		}
	}
	err = errors.Join(err, files.close(), cleanUp())
	return a.tellImport(result, rows, err)
}

// importInto imports with a bar for progress.
func (a *app) importInto(ctx context.Context, l *ledger.Ledger, f *files, o ledger.ImportOptions) (ledger.ImportResult, error) {
	total := max(f.bytes, -1)
	p := a.progress(a.say("importing", "đang nhập"), total, total > 0)
	defer p.end()
	o.Language = a.lang
	o.Progress = func(lines, _ int64) {
		at := lines
		if total > 0 {
			at = min(f.read.Load(), total)
		}
		p.set(ctx, at, total, lines)
	}
	return a.importFrom(ctx, l, f.list, o)
}

// importDirectory returns where the ledger is. A dry run where there is none
// plays in a directory of its own.
func (a *app) importDirectory(dryRun bool) (dir string, cleanUp func() error, err error) {
	nothing := func() error { return nil }
	if !dryRun || a.shared != nil {
		return a.dir, nothing, nil
	}
	found, err := os.ReadDir(a.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) || len(found) > 0 {
		return a.dir, nothing, nil // opening it says what is wrong
	}
	dir, err = os.MkdirTemp("", "rollbook-dry-run-")
	return dir, func() error { return os.RemoveAll(dir) }, err
}

func (a *app) tellImport(r ledger.ImportResult, rows *rowReport, err error) error {
	if r.Rejections == nil && err != nil {
		return err // it did not come to an import
	}
	some := &problem{name: "rejected", exit: exitRejected, told: true, text: textf("%d lines rejected", "%d dòng bị từ chối", r.Rejected)}
	if a.json {
		answer := imported{ImportResult: r, Plan: rows.rows, PlanOmitted: rows.omitted}
		if err != nil {
			d := a.errorDocument(err)
			answer.Error = &d
		}
		a.out.document(answer)
		if err != nil {
			p := *explain(err)
			p.told = true
			return &p
		}
	} else {
		a.tellNotes(r)
		if rows.plan {
			a.planTable(rows)
		}
		a.tellRejections(r)
		a.out.line(a.importSummary(r))
	}
	if err == nil && r.Rejected > 0 {
		return some
	}
	return err
}

// rejectionsShown is how many rejections a person is shown.
const rejectionsShown = 20

func (a *app) tellRejections(r ledger.ImportResult) {
	for _, x := range r.Rejections[:min(len(r.Rejections), rejectionsShown)] {
		field := x.Field
		if x.Column != "" {
			field = fmt.Sprintf("%q", show(x.Column))
		}
		a.console.line(fmt.Sprintf("%s: %s", place(x.File, x.Sheet, x.Line), rejectionLine(string(x.Code), field, x.Message)))
	}
	if more := r.Rejected - rejectionsShown; more > 0 {
		a.console.line(fmt.Sprintf(a.say("and %d more; --json lists them", "và %d dòng nữa; xem đủ bằng --json"), more))
	}
}

func (a *app) importSummary(r ledger.ImportResult) string {
	var b strings.Builder
	if r.DryRun {
		b.WriteString(a.say("Dry run, nothing stored: ", "Chạy thử, không lưu gì: "))
	}
	fmt.Fprintf(&b, a.say("%s accepted, %s unchanged, %s rejected.", "%s được nhận, %s đã có sẵn, %s bị từ chối."),
		a.number(r.Accepted), a.number(r.Unchanged), a.number(r.Rejected))
	if r.Skipped > 0 {
		fmt.Fprintf(&b, a.say(" %s rows skipped.", " %s dòng bỏ qua."), a.number(r.Skipped))
	}
	if !r.DryRun {
		fmt.Fprintf(&b, a.say(" Last sequence: %s.", " Số thứ tự cuối: %s."), a.number(int(r.LastSequence)))
	}
	if r.Rejected > 0 {
		b.WriteString(a.say(" Correct the rejected lines and import the file again: the others stay unchanged.",
			" Hãy sửa các dòng bị từ chối rồi nhập lại tệp: các dòng khác giữ nguyên."))
	}
	return b.String()
}
