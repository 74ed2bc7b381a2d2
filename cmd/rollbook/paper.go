package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/ledger"
	"rollbook/office/papers"
	"rollbook/office/reports"
	"rollbook/projections"
	"rollbook/web/service"
)

// format is how a report is written.
type format string

const (
	asTable format = "table"
	asCSV   format = "csv"
	asXLSX  format = "xlsx"
	asPDF   format = "pdf"
	asJSON  format = "json"
)

var formats = []string{string(asTable), string(asCSV), string(asXLSX), string(asPDF), string(asJSON)}

// delivery is the flags of everything that is answered with a report: in which
// form it leaves the program, and where to.
type delivery struct {
	format format // settled by settle
	form   string
	output string
	// standing adds what the rows stand on to each row of CSV; a file always has it,
	// because standard error does not go along with it.
	standing bool
	of       *cobra.Command
}

func (d *delivery) flags(cmd *cobra.Command) {
	d.of = cmd
	cmd.Flags().StringVar(&d.form, "format", "", "table, csv, xlsx, pdf or json (table if not given, or as the name of --output ends)")
	completeFlag(cmd, "format", formats...)
	cmd.Flags().StringVarP(&d.output, "output", "o", "", "file to write the report to; without it standard output")
	cmd.Flags().BoolVar(&d.standing, "standing", false, "as csv, add as_of, known_at, position and root to each row; a file has them in any case")
}

// settle decides on the form, before a ledger is opened.
func (d *delivery) settle(a *app) error {
	d.format = format(d.form)
	switch {
	case d.form != "" && !slices.Contains(formats, d.form):
		return usage("--format is table, csv, xlsx, pdf or json, not %q", "--format là table, csv, xlsx, pdf hoặc json, không phải %q", show(d.form))
	case d.standing && d.form != string(asCSV) && !strings.HasSuffix(strings.ToLower(d.output), ".csv"):
		return usage("--standing adds columns to csv; give --format csv", "--standing thêm cột vào csv; hãy ghi --format csv")
	case d.output != "":
		if ending := strings.TrimPrefix(strings.ToLower(filepath.Ext(d.output)), "."); d.form == "" && slices.Contains(formats, ending) {
			d.format = format(ending)
		}
		if a.isDirectory(d.output) {
			return usage("--output %s is a directory; name a file in it", "--output %s là thư mục; hãy ghi tên tệp trong đó", show(d.output))
		}
	case a.json && d.form != "" && d.format != asJSON:
		return usage("--json and --format %s contradict each other; leave one out", "--json và --format %s mâu thuẫn; hãy bỏ một trong hai", d.form)
	case a.json:
		d.format = asJSON
	case (d.format == asXLSX || d.format == asPDF) && a.out.terminal:
		return usage("--format %s is no text, and standard output is a terminal; name a file with --output FILE", "--format %s không phải văn bản mà đầu ra chuẩn là màn hình; hãy chỉ tệp bằng --output TỆP", d.form)
	}
	d.format = cmp.Or(d.format, asTable)
	if d.isFile() {
		return a.takesLong()
	}
	return nil
}

// isFile reports whether the report is in a form that it is handed on in.
func (d *delivery) isFile() bool { return slices.Contains(service.Formats(), service.Format(d.format)) }

// inquiry is a question as it is put to a ledger.
type inquiry struct {
	projections.Question
	ledger  *ledger.Ledger
	figures *projections.Figures
	reader  reports.Reader
}

// deliver writes a report in the form that was asked for: the answer itself in
// JSON, and in every other form its paper.
func (a *app) deliver(ctx context.Context, in inquiry, d *delivery, answer any, s projections.Standing, paper func() papers.Paper) error {
	if d.format == asJSON && d.output == "" {
		a.out.document(answer)
		return nil
	}
	write := func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return e.Encode(answer)
	}
	if d.format != asJSON {
		p := paper()
		if err := reports.Prove(ctx, in.ledger, &p); err != nil {
			return err
		}
		switch d.format {
		case asCSV:
			a.warnIncomplete(ctx, s)
			a.logger.InfoContext(ctx, "the rows stand on", slog.String("as_of", p.Standing.AsOf.String()),
				slog.Uint64("known_at", p.Standing.KnownAt), slog.Uint64("position", p.Standing.Position), slog.String("root", p.Standing.Root))
			if write = p.CSV; d.standing || d.output != "" {
				write = p.CSVStanding
			}
		case asXLSX, asPDF:
			if err := a.letterhead(ctx, in, &p); err != nil {
				return err
			}
			if write = p.XLSX; d.format == asPDF {
				write = p.PDF
			}
		case asTable, asJSON:
			write = p.Table
		}
	}
	if d.isFile() {
		if err := a.exported(ctx, d, in.Organisation); err != nil {
			return err
		}
	}
	if d.output == "" {
		return write(a.out)
	}
	if err := a.save(d.output, write); err != nil {
		return err
	}
	if a.json {
		a.out.document(map[string]string{"file": d.output, "format": string(d.format)})
		return nil
	}
	a.out.line(show(d.output))
	return nil
}

// writeFile writes a file whole or not at all. Others may not read it: it may have
// names in it.
func writeFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := write(f); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// letterheadFlags is what stands around a report on paper.
type letterheadFlags struct {
	superior, office, place, dated string
	signatures                     []string
}

func (a *app) letterheadFlags(cmd *cobra.Command) {
	h := &a.head
	f := cmd.PersistentFlags()
	f.StringVar(&h.superior, "superior", a.env("ROLLBOOK_SUPERIOR"), "on paper, the organisation above the one that makes it; without it the superior in the ledger (ROLLBOOK_SUPERIOR)")
	f.StringVar(&h.office, "office", a.env("ROLLBOOK_OFFICE"), "on paper, the organisation that makes it; without it the one that is asked for, or the top of the ledger (ROLLBOOK_OFFICE)")
	f.StringVar(&h.place, "place", a.env("ROLLBOOK_PLACE"), "on paper, the place where it is made (ROLLBOOK_PLACE)")
	f.StringVar(&h.dated, "dated", "", "on paper, the day on which it is made, as 2022-12-31 or 31/12/2022; today if not given")
	f.StringArrayVar(&h.signatures, "signature", splitOn(a.env("ROLLBOOK_SIGNATURES"), ";"),
		"on paper, a block to be signed: lines with | between, and after a second | at once the name, such as 'T/M BAN THƯỜNG VỤ|BÍ THƯ||Lò Văn A'; may be given again (ROLLBOOK_SIGNATURES, separated by semicolons)")
}

// envHead is what the environment says of the office, for papers of the service.
func (a *app) envHead() reports.Head {
	return reports.Head{
		Superior: a.env("ROLLBOOK_SUPERIOR"), Office: a.env("ROLLBOOK_OFFICE"), Place: a.env("ROLLBOOK_PLACE"), Signatures: splitOn(a.env("ROLLBOOK_SIGNATURES"), ";"),
	}
}

// letterhead gives a paper what stands around it in the official form.
func (a *app) letterhead(ctx context.Context, in inquiry, p *papers.Paper) error {
	head := reports.Head{Superior: a.head.superior, Office: a.head.office, Place: a.head.place, Dated: a.today(), Signatures: a.head.signatures}
	if a.head.dated != "" {
		d, err := dateFlag("dated", a.head.dated)
		if err != nil {
			return err
		}
		head.Dated = d
	}
	directory, _, err := in.figures.Directory(ctx, in.Question)
	if err != nil {
		return err
	}
	p.Letterhead = in.reader.Letterhead(head, directory, in.Organisation, in.AsOf)
	return nil
}

func splitOn(s, separator string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, separator)
}

// check refuses a letterhead that is wrong before a ledger is opened.
func (h letterheadFlags) check() error {
	if h.dated == "" {
		return nil
	}
	_, err := dateFlag("dated", h.dated)
	return err
}
