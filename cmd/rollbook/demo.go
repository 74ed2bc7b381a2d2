package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/cmd/rollbook/demo"
	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/projections"
)

// The demo ledger, and the moment that its figures are about.
const (
	demoName     = "muong-nhe" // the ledger's, and the id of its root organisation
	demoYear     = 2022
	demoFirst    = 2020 // the years that it tells of
	demoLast     = 2023
	demoExamples = "member.admitted"
)

const demoLong = `Make a ledger of our first user, the Party organisation of a highland district,
with its real structure and totals and with invented people, and show its
figures. The events go through the ordinary import, and every figure comes out
of the ordinary reports.

The ledger is made in the data directory (--data), which must be empty or hold
the demo already; running it again changes nothing. Then its pages are served,
until interrupted; --no-serve stops before that.`

func (a *app) demoCommand() *cobra.Command {
	o := serveOptions{}
	stop := false
	cmd := &cobra.Command{
		Use: "demo", Short: "A ledger with invented people, to look around in", Long: demoLong, Args: arguments(0, 0),
		Example: "  rollbook demo\n  rollbook demo --no-serve",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			ctx := cmd.Context()
			return a.withLedgerIn(ctx, a.dir, ledger.Options{Create: true, Name: demoName}, func(l *ledger.Ledger) error {
				if err := a.mustBeDemo(ctx, l); err != nil {
					return err
				}
				if err := a.runDemo(ctx, l); err != nil || stop {
					return err
				}
				return a.serve(ctx, l, o)
			})
		},
	}
	cmd.Flags().BoolVar(&stop, "no-serve", false, "do not serve the pages afterwards")
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:8080", "address of this machine to serve the pages at")
	return cmd
}

// demoEvents writes the demo's events into a pipe, and returns its other end.
func demoEvents() *io.PipeReader {
	pr, pw := io.Pipe()
	go func() { pw.CloseWithError(demo.Write(pw)) }() // ends when the reader is closed
	return pr
}

// mustBeDemo refuses a ledger with other events than the demo's: they would
// stand among invented people for ever.
func (a *app) mustBeDemo(ctx context.Context, l *ledger.Ledger) error {
	other := usage("%s holds another ledger, %q; the demo needs a directory of its own: rollbook demo --data ./demo-data",
		"%s đã chứa sổ khác, %q; bản minh hoạ cần thư mục riêng: rollbook demo --data ./demo-data", show(a.dir), l.Name())
	if l.Name() != demoName {
		return other
	}
	last, err := l.Last(ctx)
	if err != nil || last == 0 {
		return err
	}
	in := demoEvents()
	defer in.Close()
	line, err := bufio.NewReader(in).ReadBytes('\n')
	if err != nil {
		return err
	}
	want, err := domain.Codec{}.Read(line)
	if err != nil {
		return err
	}
	for have, err := range l.Events(ctx, ledger.EventFilter{From: 1, To: 1}) {
		if err != nil {
			return err
		}
		if want.ID = have.ID; domain.Same(have, want) {
			return nil
		}
	}
	return other
}

// demonstration is what demo answers in JSON.
type demonstration struct {
	Ledger         string                 `json:"ledger"`
	Import         ledger.ImportResult    `json:"import"`
	Headcount      projections.Headcount  `json:"headcount"`
	Indicators     projections.Indicators `json:"indicators"`
	Reconciliation reconciliation         `json:"reconciliation"`
	Next           []string               `json:"next"`
}

func (a *app) runDemo(ctx context.Context, l *ledger.Ledger) (err error) {
	d := demonstration{Ledger: l.Name()}
	in := demoEvents()
	p := a.progress(a.say("importing the demo", "đang nhập bản minh hoạ"), -1, false)
	d.Import, err = l.Import(ctx, []ledger.File{{Name: "demo.ndjson", Reader: in}}, ledger.ImportOptions{
		Language: a.lang, Progress: func(lines, _ int64) { p.set(ctx, lines, -1, lines) },
	})
	p.end()
	if err := errors.Join(err, in.Close()); err != nil {
		return err
	}
	figures, err := a.figures(ctx, l)
	if err != nil {
		return err
	}
	q := projections.Question{AsOf: yearEnd(demoYear)}
	if d.Headcount, err = figures.Headcount(ctx, q, []projections.Dimension{"ethnicity"}); err != nil {
		return err
	}
	district := q
	district.Organisation = demoName
	if d.Indicators, err = figures.Indicators(ctx, district, demoYear, true); err != nil {
		return err
	}
	if d.Reconciliation, err = a.reconcile(ctx, figures); err != nil {
		return err
	}
	if d.Next, err = a.demoNext(ctx, l); err != nil {
		return err
	}
	return a.tellDemo(ctx, figures, d)
}

func yearEnd(year int) domain.Date {
	d, _ := domain.NewDate(year, 12, 31)
	return d
}

// reconciliation is a check of figures against each other, over organisations
// and years.
type reconciliation struct {
	Organisations int `json:"organisations"` // and the whole ledger
	Years         int `json:"years"`
	Checks        int `json:"checks"`
	// Differences has each organisation and year in which opening and ins, less
	// the outs, are not the closing, or the closing is not the headcount.
	Differences []difference `json:"differences"`
}

type difference struct {
	Organisation string `json:"organisation"` // "" for the whole ledger
	Year         int    `json:"year"`
	Sum          int    `json:"sum"`
	Closing      int    `json:"closing"`
	Headcount    int    `json:"headcount"`
}

// reconcile computes the movements of every organisation in every year.
func (a *app) reconcile(ctx context.Context, f *projections.Figures) (reconciliation, error) {
	r := reconciliation{Years: demoLast - demoFirst + 1, Differences: []difference{}}
	list, err := f.Organisations(ctx, projections.Question{AsOf: yearEnd(demoLast)})
	if err != nil {
		return r, err
	}
	r.Organisations = len(list)
	p := a.progress(a.say("verifying", "đang kiểm tra"), int64((len(list)+1)*r.Years), false)
	defer p.end()
	for _, o := range append([]projections.OrganisationInfo{{}}, list...) {
		for year := demoFirst; year <= demoLast; year++ {
			q := projections.Question{Organisation: o.ID, AsOf: yearEnd(year)}
			m, err := f.Movements(ctx, q, yearEnd(year-1))
			if err != nil {
				return r, err
			}
			h, err := f.Headcount(ctx, q, nil)
			if err != nil {
				return r, err
			}
			r.Checks += 2
			if sum := m.Opening + m.Ins() - m.Outs(); sum != m.Closing || m.Closing != h.Total {
				r.Differences = append(r.Differences, difference{o.ID, year, sum, m.Closing, h.Total})
			}
			p.set(ctx, int64(r.Checks/2), int64((len(list)+1)*r.Years), int64(r.Checks))
		}
	}
	return r, nil
}

// demoNext returns commands to go on with. Somebody who was admitted in the
// year of the figures stands for the history.
func (a *app) demoNext(ctx context.Context, l *ledger.Ledger) ([]string, error) {
	data := ""
	if a.dir != "./rollbook-data" && a.dir != a.env("ROLLBOOK_DATA") {
		data = " --data " + shellWord(a.dir)
	}
	self := selfName(os.Args[0])
	member := ""
	for e, err := range l.Events(ctx, ledger.EventFilter{Type: demoExamples}) {
		if err != nil {
			return nil, err
		}
		if e.EffectiveOn.Year() == demoYear-1 {
			member = string(e.Subject)
			break
		}
	}
	next := []string{
		self + " report headcount --by ethnicity,gender --as-of 2022-12-31" + data,
		self + " report movements --from 2021-12-31 --to 2022-12-31 --organisation " + demoName + data,
		self + " report indicators --year 2022 --organisation " + demoName + data,
	}
	if member != "" {
		next = append(next, self+" history "+member+data)
	}
	return append(next, self+" events tail --type member.expelled --until-end"+data, self+" --help"), nil
}

// selfName is how somebody calls this program who called it just now.
func selfName(arg string) string {
	switch {
	case strings.Contains(arg, "go-build"): // by go run, which leaves nothing behind
		return "go run ./cmd/rollbook"
	case strings.ContainsRune(arg, os.PathSeparator):
		return shellWord(arg)
	}
	return "rollbook"
}
