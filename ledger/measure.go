package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/projections"
)

// Measuring says what is measured, and on what.
type Measuring struct {
	// Dir is an empty directory for a ledger that is thrown away.
	Dir string
	// Options are those of the ledger; Create is set.
	Options Options
	// Events are what is in it, as [Ledger.Import] reads them.
	Events io.Reader
	// AsOf is the day that reports are asked for, and From an earlier one.
	AsOf, From domain.Date
	// Fact makes the line of an event that the ledger takes, another one for each
	// number.
	Fact func(n int) []byte
	// Postings is how many members the postings have of which a headcount is made
	// beside the ledger; 0 leaves it out.
	Postings int
}

// Measured is one thing that was measured.
type Measured struct {
	Name string `json:"name"`
	// Records is how many were read or written, 0 for a report.
	Records int `json:"records,omitempty"`
	// PerSecond and BarePerSecond are records a second, here and by a bare
	// consumer of the same stream in turns with it; Ratio is the one divided by
	// the other. 0 where it is not records that are measured.
	PerSecond     float64 `json:"per_second,omitempty"`
	BarePerSecond float64 `json:"bare_per_second,omitempty"`
	Ratio         float64 `json:"ratio,omitempty"`
	// P50 and P99 are how long it took, in milliseconds.
	P50 float64 `json:"p50_ms,omitempty"`
	P99 float64 `json:"p99_ms,omitempty"`
	// PeakMB is the most memory that the process ever had, in MiB, as the kernel
	// counts it; 0 where the kernel does not tell.
	PeakMB int `json:"peak_mb,omitempty"`
}

const (
	rebuildRounds = 3
	liveFacts     = 300
	warmRounds    = 50
)

// drainer is a log that can be read with nothing but the client library.
type drainer interface {
	BareDrain(ctx context.Context) (perSecond float64, err error)
}

// Measure imports events into a new ledger and measures its read models: how fast
// they are made anew, how soon a fact is in them, and how long answers take. It
// calls done after each.
func Measure(ctx context.Context, m Measuring, done func(Measured)) error {
	return m.with(ctx, done, func(l *Ledger) error {
		if err := l.measureRebuild(ctx, "rebuild of all read models", done); err != nil {
			return err
		}
		if err := l.measureLag(ctx, m.Fact, done); err != nil {
			return err
		}
		if err := l.measureReports(ctx, m, done); err != nil {
			return err
		}
		if m.Postings > 0 {
			return l.measurePostings(ctx, m, done)
		}
		return nil
	})
}

// with makes the ledger, imports the events and calls f.
func (m Measuring) with(ctx context.Context, done func(Measured), f func(*Ledger) error) (err error) {
	m.Options.Create = true
	l, err := Open(ctx, m.Dir, m.Options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	begin := time.Now()
	r, err := l.Import(ctx, []File{{Name: "events", Reader: m.Events}}, ImportOptions{})
	if err != nil {
		return err
	}
	if r.Rejected > 0 {
		return fmt.Errorf("%d events were rejected, the first because %s", r.Rejected, r.Rejections[0].Message)
	}
	done(Measured{Name: "import", Records: r.Accepted, PerSecond: float64(r.Accepted) / time.Since(begin).Seconds(), PeakMB: peak()})
	return f(l)
}

func (l *Ledger) measureRebuild(ctx context.Context, name string, done func(Measured)) error {
	log, ok := l.log.(drainer)
	if !ok {
		return errors.New("the log cannot be read without the ledger")
	}
	last, err := l.Last(ctx)
	if err != nil {
		return err
	}
	if err := l.CatchUp(ctx, nil); err != nil {
		return err
	}
	result := Measured{Name: name, Records: int(last)}
	var took []time.Duration
	var bare float64
	for range rebuildRounds {
		rate, err := log.BareDrain(ctx)
		if err != nil {
			return err
		}
		bare += rate / rebuildRounds
		begin := time.Now()
		if err := l.projector(nil).Rebuild(ctx, l.store); err != nil {
			return err
		}
		took = append(took, time.Since(begin))
	}
	result.spread(took)
	var sum time.Duration
	for _, t := range took {
		sum += t
	}
	result.PerSecond, result.BarePerSecond = float64(last)*rebuildRounds/sum.Seconds(), bare
	result.Ratio = result.PerSecond / bare
	result.PeakMB = peak()
	done(result)
	return nil
}

// measureLag measures how long after the answer to its writer a fact is in the
// read models of a program that follows the log.
func (l *Ledger) measureLag(ctx context.Context, fact func(int) []byte, done func(Measured)) error {
	following, stop := context.WithCancel(ctx)
	defer stop()
	last, err := l.Last(ctx)
	if err != nil {
		return err
	}
	visible := make(chan eventstore.Position, liveFacts)
	ended := make(chan error, 1)
	go func() {
		for rec, err := range l.log.Follow(following, last) {
			if err == nil {
				err = l.CatchUp(following, nil)
			}
			if err != nil {
				ended <- err
				return
			}
			visible <- rec.Position
		}
		ended <- following.Err()
	}()
	var took []time.Duration
	for n := range liveFacts {
		stored, err := l.Record(ctx, fact(n))
		if err != nil {
			return err
		}
		answered := time.Now()
		for at := eventstore.Position(0); uint64(at) < stored.Sequence; {
			select {
			case at = <-visible:
			case err := <-ended:
				return cmp.Or(err, errors.New("the log is not followed any more"))
			}
		}
		took = append(took, time.Since(answered))
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		return err
	}
	result := Measured{Name: "a fact in the read models after its answer", Records: liveFacts}
	result.spread(took)
	done(result)
	return nil
}

func (l *Ledger) measureReports(ctx context.Context, m Measuring, done func(Measured)) error {
	last, err := l.Last(ctx)
	if err != nil {
		return err
	}
	if err := l.CatchUp(ctx, nil); err != nil {
		return err
	}
	now := projections.Question{AsOf: m.AsOf}
	then := projections.Question{AsOf: m.AsOf, KnownAt: last / 2}
	by := []projections.Dimension{"ethnicity"}
	var figures *projections.Figures
	reports := []struct {
		name string
		ask  func() error
	}{
		{"headcount by ethnicity, as of a day", func() error { _, err := figures.Headcount(ctx, now, by); return err }},
		{"the same, as it was known half the log ago", func() error { _, err := figures.Headcount(ctx, then, by); return err }},
		{"movements of a year", func() error { _, err := figures.Movements(ctx, now, m.From); return err }},
		{"indicators of a year", func() error { _, err := figures.Indicators(ctx, now, m.AsOf.Year(), false); return err }},
		{"a year's change of the headcount explained", func() error {
			_, err := figures.ExplainHeadcount(ctx, now, projections.Question{AsOf: m.From}, by)
			return err
		}},
	}
	figures = projections.NewFigures(l.store)
	cold := Measured{Name: "the first headcount of a new process"}
	begin := time.Now()
	if err := reports[0].ask(); err != nil {
		return err
	}
	cold.spread([]time.Duration{time.Since(begin)})
	cold.PeakMB = peak()
	done(cold)
	for _, report := range reports {
		if err := repeat(report.name, report.ask, done); err != nil {
			return err
		}
	}
	return nil
}

// repeat measures the same answer over and over.
func repeat(name string, ask func() error, done func(Measured)) error {
	var took []time.Duration
	for range warmRounds {
		begin := time.Now()
		if err := ask(); err != nil {
			return err
		}
		took = append(took, time.Since(begin))
	}
	result := Measured{Name: name, PeakMB: peak()}
	result.spread(took)
	done(result)
	return nil
}

// measurePostings fills a generation of the read models with the postings of so
// many members, spread evenly over cells and days, and counts them.
func (l *Ledger) measurePostings(ctx context.Context, m Measuring, done func(Measured)) error {
	shadow, err := l.store.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = shadow.Close() }() // it is thrown away
	if err := shadow.Write(ctx, projections.Checkpoint{Generation: shadow.Number()}, func(w projections.Writer) (projections.Checkpoint, error) {
		return spreadPostings(ctx, w, shadow.Number(), m.Postings, m.AsOf)
	}); err != nil {
		return err
	}
	runtime.GC()
	debug.FreeOSMemory()
	figures := projections.NewFigures(shadow)
	ask := func() error {
		h, err := figures.Headcount(ctx, projections.Question{AsOf: m.AsOf}, []projections.Dimension{"ethnicity"})
		if err == nil && h.Total == 0 {
			err = errors.New("nobody was counted")
		}
		return err
	}
	name := fmt.Sprintf("headcount by ethnicity over postings of %d members", m.Postings)
	begin := time.Now()
	if err := ask(); err != nil {
		return err
	}
	cold := Measured{Name: name + ", the first", PeakMB: peak()}
	cold.spread([]time.Duration{time.Since(begin)})
	done(cold)
	return repeat(name, ask, done)
}

// spreadPostings writes three postings for each member, in the order of their
// records: into the roll as a candidate, then provisional, then official.
func spreadPostings(ctx context.Context, w projections.Writer, generation int64, members int, until domain.Date) (projections.Checkpoint, error) {
	const organisations = 188
	var cells []projections.NumberedCell
	var ethnicities []domain.Ethnicity
	for code := 1; code <= 54; code++ {
		ethnicities = append(ethnicities, domain.Ethnicity(fmt.Sprintf("%02d", code)))
	}
	statuses := []domain.Status{domain.Candidate, domain.Provisional, domain.Official}
	for o := range organisations {
		for _, status := range statuses {
			for _, e := range ethnicities {
				cells = append(cells, projections.NumberedCell{Number: int64(len(cells) + 1), Cell: domain.Cell{
					Organisation: fmt.Sprint("cell-", o), Status: status, Gender: domain.Female, Ethnicity: e, Religion: "00",
				}})
			}
		}
	}
	if err := w.PutCells(ctx, cells); err != nil {
		return projections.Checkpoint{}, err
	}
	table := projections.Models()[0].Table
	var rows []int64
	sequence := int64(0)
	first := int64(until) - 20*365
	for stage := range statuses {
		for member := range members {
			sequence++
			place := int64(member%organisations*len(statuses)*len(ethnicities) + member/organisations%len(ethnicities) + 1)
			to := place + int64(stage*len(ethnicities))
			from := int64(0)
			if stage > 0 {
				from = to - int64(len(ethnicities))
			}
			rows = append(rows, sequence, int64(member+1), first+int64(member%6500)+int64(stage*365), sequence, from, to, 1)
			if len(rows) >= 7*100_000 {
				if err := w.PutRows(ctx, table, rows); err != nil {
					return projections.Checkpoint{}, err
				}
				rows = rows[:0]
			}
		}
	}
	return projections.Checkpoint{Position: eventstore.Position(sequence), Generation: generation}, w.PutRows(ctx, table, rows)
}

func (m *Measured) spread(took []time.Duration) {
	slices.Sort(took)
	at := func(share float64) float64 {
		return float64(took[min(len(took)-1, int(share*float64(len(took))))].Microseconds()) / 1000
	}
	m.P50, m.P99 = at(0.50), at(0.99)
}

// peak returns VmHWM of proc_pid_status(5), 0 where there is none.
func peak() int {
	b, err := os.ReadFile(filepath.Join("/proc", "self", "status"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kB, _ := strconv.Atoi(strings.Fields(value + " 0")[0])
			return kB >> 10
		}
	}
	return 0
}
