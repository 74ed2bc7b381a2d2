package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"rollbook/ledger"
	"rollbook/office/sheets"
	"rollbook/words"
)

// rowReport takes in what became of the rows of sheets.
type rowReport struct {
	plan    bool // keep them, to show what a dry run would do
	rows    []ledger.RowOutcome
	omitted int
	result  *sheets.Result // nil if none is asked for
}

func (r *rowReport) add(o ledger.RowOutcome) {
	if r.result != nil {
		r.result.Add(o)
	}
	switch {
	case !r.plan || o.Line == 0:
	case len(r.rows) == ledger.MaxRejections:
		r.omitted++
	default:
		o.Row = nil // what it says need not stay
		r.rows = append(r.rows, o)
	}
}

// tableOptions reads the flags about sheets.
func (a *app) tableOptions(o importing) (sheets.Options, error) {
	t := sheets.Options{Kind: o.kind, Today: a.today()}
	if o.kind != "" {
		if _, ok := sheets.KindNamed(o.kind); !ok {
			return t, unknownKind(o.kind)
		}
	}
	if o.effectiveOn != "" {
		var err error
		if t.EffectiveOn, err = dateFlag("effective-on", o.effectiveOn); err != nil {
			return t, err
		}
	}
	if o.mapping == "" {
		return t, nil
	}
	f, err := a.open(o.mapping)
	if err != nil {
		return t, notFound("--mapping %s: the file cannot be read: %s", "--mapping %s: không đọc được tệp: %s", show(o.mapping), reasonOf(err))
	}
	defer f.Close()
	t.Mapping, err = sheets.ReadMapping(f)
	if m, ok := errors.AsType[*sheets.MappingError](err); ok {
		return t, &problem{name: "usage", exit: exitUsage, text: textf("--mapping %[1]s: %[2]s", "--mapping %[1]s: %[3]s", show(o.mapping), show(m.Text.EN), show(m.Text.VI))}
	}
	return t, err
}

func unknownKind(name string) error {
	var names []string
	for _, k := range sheets.Kinds() {
		names = append(names, k.Name)
	}
	list := strings.Join(names, ", ")
	return usage("%q is no kind of sheet; there are: %s", "%q không phải loại biểu; các loại: %s", show(name), list)
}

// place writes where a row stands.
func place(file, sheet string, line int) string {
	if sheet != "" {
		file += " [" + show(sheet) + "]"
	}
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// notesShown is how many remarks a person is shown.
const notesShown = 20

func (a *app) tellNotes(r ledger.ImportResult) {
	for _, n := range r.Notes[:min(len(r.Notes), notesShown)] {
		a.console.line(place(n.File, n.Sheet, n.Line) + ": " + show(n.Message))
	}
	if more := len(r.Notes) - notesShown; more > 0 {
		a.console.line(fmt.Sprintf(a.say("and %d more remarks; --json lists them", "và %d ghi chú nữa; xem đủ bằng --json"), more))
	}
}

// planShown is how many rows of a plan a person is shown.
const planShown = 100

func (a *app) planTable(r *rowReport) {
	if len(r.rows) == 0 {
		return
	}
	plan := words.List{
		ledger.RowAccepted: {EN: "create", VI: "ghi mới"}, ledger.RowUnchanged: {EN: "unchanged", VI: "đã có sẵn"},
		ledger.RowRejected: {EN: "rejected", VI: "từ chối"}, ledger.RowSkipped: {EN: "skipped", VI: "bỏ qua"},
	}
	var rows [][]string
	for _, o := range r.rows[:min(len(r.rows), planShown)] {
		why := strings.Join(o.Notes, " ")
		if x := o.Rejection; x != nil {
			why = x.Message
			if x.Column != "" {
				why = x.Column + ": " + why
			}
		}
		var what []string
		for _, t := range o.Types {
			what = append(what, a.label(words.Events, t))
		}
		rows = append(rows, []string{place(o.File, o.Sheet, o.Line), a.label(plan, o.Status), strings.Join(what, ", "), why})
	}
	a.table([]column{
		{head: a.say("Row", "Dòng"), most: 40}, {head: a.say("Plan", "Dự kiến")}, {head: a.say("Events", "Sự kiện"), most: 30}, {head: a.say("Reason", "Lý do"), most: 60},
	}, rows, nil)
	if more := len(r.rows) + r.omitted - planShown; more > 0 {
		a.out.line(fmt.Sprintf(a.say("and %d more rows; --result FILE.xlsx has all", "và %d dòng nữa; --result TỆP.xlsx có đủ"), more))
	}
}

// save writes a file that the caller named.
func (a *app) save(name string, write func(io.Writer) error) error {
	if err := a.write(name, write); err != nil {
		return unwritable(name, err)
	}
	return nil
}

func unwritable(name string, err error) error {
	return &problem{name: "unwritable", exit: exitUnexpected, cause: err, text: textf("%s: the file cannot be written: %s", "%s: không ghi được tệp: %s", show(name), reasonOf(err))}
}
