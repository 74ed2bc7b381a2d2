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
)

const importLong = `Store the events of files, one event a line (NDJSON). "-" is standard input.

Every file is opened and looked at before anything is stored. Good lines are
stored although others are rejected; each rejection names the line, the field
and what to do. To import a file again changes nothing: what is there already
counts as unchanged. What departs from a rule of the charter is stored too and
becomes a finding, because a file tells history; --strict rejects it.

The first import makes the ledger, if the data directory is empty.`

func (a *app) importCommand() *cobra.Command {
	var o ledger.ImportOptions
	var name string
	cmd := &cobra.Command{
		Use: "import FILE...", Short: "Store the events of files", Long: importLong, Args: arguments(1, -1),
		Example: "  rollbook import events.ndjson\n  rollbook import --dry-run 2023/*.ndjson\n  zcat events.ndjson.gz | rollbook import -",
		RunE: func(cmd *cobra.Command, args []string) error {
			if name != "" && !domain.ValidID(name) {
				return usage("--name %q is not 1 to 64 of the characters A-Z a-z 0-9 _ -", "--name %q phải gồm 1 đến 64 ký tự A-Z a-z 0-9 _ -", show(name))
			}
			return a.importFiles(cmd.Context(), args, name, o)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.DryRun, "dry-run", false, "decide on every line and store nothing")
	f.BoolVar(&o.Atomic, "atomic", false, "store all lines or none (at most 1,000 records)")
	f.BoolVar(&o.Strict, "strict", false, "reject what departs from a charter rule, as if each line were recorded in turn")
	f.StringVar(&name, "name", "", "name of the ledger, when the import makes it (default ledger)")
	return cmd
}

// imported is what import answers in JSON.
type imported struct {
	ledger.ImportResult
	Error *errorDocument `json:"error,omitempty"` // what ended it early
}

func (a *app) importFiles(ctx context.Context, names []string, name string, o ledger.ImportOptions) error {
	files, err := a.openFiles(ctx, names)
	if err != nil {
		return err
	}
	dir, cleanUp, err := a.importDirectory(o.DryRun)
	if err != nil {
		return errors.Join(err, files.close())
	}
	var result ledger.ImportResult
	err = a.withLedgerIn(ctx, dir, ledger.Options{Create: true, Name: name}, func(l *ledger.Ledger) error {
		if name != "" && name != l.Name() {
			return usage("the ledger here is named %q; --name is for a new one", "sổ ở đây tên là %q; --name chỉ dùng khi tạo sổ mới", l.Name())
		}
		result, err = a.importInto(ctx, l, files, o)
		return err
	})
	err = errors.Join(err, files.close(), cleanUp())
	return a.tellImport(result, err)
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
	return l.Import(ctx, f.list, o)
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

func (a *app) tellImport(r ledger.ImportResult, err error) error {
	if r.Rejections == nil && err != nil {
		return err // it did not come to an import
	}
	some := &problem{name: "rejected", exit: exitRejected, told: true, text: textf("%d lines rejected", "%d dòng bị từ chối", r.Rejected)}
	if a.json {
		answer := imported{ImportResult: r}
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
		a.console.line(fmt.Sprintf("%s:%d: %s", x.File, x.Line, rejectionLine(string(x.Code), x.Field, x.Message)))
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
	if !r.DryRun {
		fmt.Fprintf(&b, a.say(" Last sequence: %s.", " Số thứ tự cuối: %s."), a.number(int(r.LastSequence)))
	}
	if r.Rejected > 0 {
		b.WriteString(a.say(" Correct the rejected lines and import the file again: the others stay unchanged.",
			" Hãy sửa các dòng bị từ chối rồi nhập lại tệp: các dòng khác giữ nguyên."))
	}
	return b.String()
}
