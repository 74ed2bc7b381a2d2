package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"rollbook/domain"
	"rollbook/eventstore"
)

// File is something to import: events as NDJSON, or the rows of a table.
type File struct {
	Name string // as rejections name it
	io.Reader
	// Rows, if it is not nil, takes the place of the Reader. It yields the rows of
	// a table in their order; an error is the last that it yields.
	Rows func(context.Context) iter.Seq2[Row, error]
}

// ImportOptions say how to import.
type ImportOptions struct {
	// DryRun decides on everything and stores nothing.
	DryRun bool
	// Atomic stores all or nothing; at most [eventstore.MaxBatch] new records:
	// events, and the claims of numbers that go along with them.
	Atomic bool
	// Strict rejects what departs from a rule of the charter, as if each line were
	// recorded in turn. Otherwise it is stored, because a file tells history.
	Strict bool
	// By is on whose behalf it is; its id and version are of no account.
	By By
	// Language is that of the rejections' messages, "vi" or "en".
	Language string
	// Progress is told the number of lines decided on; how many there will be
	// is not known, so the second number is zero.
	Progress Progress
	// Row is told what became of each row of a table, in their order, when it was
	// decided on. Of an atomic import it is what would become of it if all others
	// are accepted too. It may be nil.
	Row func(RowOutcome)
}

// ImportResult is what came of an import.
type ImportResult struct {
	Accepted     int                 `json:"accepted"`
	Unchanged    int                 `json:"unchanged"`
	Rejected     int                 `json:"rejected"`
	LastSequence eventstore.Position `json:"last_sequence"`
	DryRun       bool                `json:"dry_run,omitempty"`
	Rejections   []ImportRejection   `json:"rejections"`
	// Omitted counts the rejections beyond the first [MaxRejections].
	Omitted int `json:"rejections_omitted,omitempty"`
	// Skipped counts the rows of tables that are none of their entries.
	Skipped int `json:"skipped,omitempty"`
	// Notes are remarks on rows of tables; at most [MaxRejections].
	Notes []ImportNote `json:"notes,omitempty"`
}

// ImportRejection says which line was not stored, and why.
type ImportRejection struct {
	File    string      `json:"file"`
	Sheet   string      `json:"sheet,omitempty"`
	Line    int         `json:"line"`
	ID      string      `json:"id"`
	Subject string      `json:"subject"`
	Code    domain.Code `json:"code"`
	Field   string      `json:"field"`
	// Column is the header of the column that the field comes from, in a table.
	Column string `json:"column,omitempty"`
	Rule   string `json:"rule"`
	// Clash is the id of the recorded entry that stands in the way, if one does.
	Clash   string `json:"clash,omitempty"`
	Message string `json:"message"`
}

// MaxRejections bounds the list of rejections, so that a wrong file of a
// million lines does not fill the memory.
const MaxRejections = 10_000

// ErrAtomicTooLarge means that more is to be stored at once than the log can.
var ErrAtomicTooLarge = fmt.Errorf("an atomic import stores at most %d records at once: one for each new event, and one for each identity or card number that gets or loses its holder; split the file, or import without --atomic", eventstore.MaxBatch)

// spillBytes is how much an import lets the desk remember before it lets the read
// models catch up and the desk begin anew.
var spillBytes = 300 << 20

// Import takes in files of events (NDJSON) and tables. Each line is decided on
// with those before it; good lines are stored although others are rejected. When it
// returns an error, what the result counts as accepted is stored all the same,
// and the import can be repeated: what is there is unchanged.
//
// Others may record meanwhile: the import makes room for them after every
// thousand lines or so.
func (l *Ledger) Import(ctx context.Context, files []File, o ImportOptions) (result ImportResult, err error) {
	began := time.Now()
	ctx, span := l.tracing.begin(ctx, "import")
	defer func() {
		l.meters.noteImport(result, err, time.Since(began))
		endSpan(span, err, attribute.Bool("rollbook.dry_run", o.DryRun), attribute.Int("rollbook.accepted", result.Accepted),
			attribute.Int("rollbook.unchanged", result.Unchanged), attribute.Int("rollbook.rejected", result.Rejected))
	}()
	result = ImportResult{DryRun: o.DryRun, Rejections: []ImportRejection{}}
	if l.keys.vault == nil && !o.DryRun {
		return result, l.keys.missing
	}
	if err := l.anchor.mayAppend(); err != nil && !o.DryRun {
		return result, err
	}
	last, err := l.log.Last(ctx)
	if err != nil {
		return result, err
	}
	result.LastSequence = last

	o.By.ID, o.By.IfVersion = "", nil
	ctx, cancel := context.WithCancel(ctx)
	blocks := make(chan *block, 2*runtime.GOMAXPROCS(0))
	read := make(chan error, 1)
	go func() {
		defer close(blocks)
		read <- l.readBlocks(ctx, files, blocks)
	}()
	i := &importer{ledger: l, desk: l.desk, options: o, result: &result, blocks: blocks}
	if o.Strict {
		i.bench = newBench(l)
	}
	err = i.run(ctx)
	cancel()
	for b := range blocks { // let the reader end, and every parser that it began
		<-b.parsed
	}
	if readErr := <-read; err == nil || errors.Is(err, context.Canceled) && !errors.Is(readErr, context.Canceled) && readErr != nil {
		err = readErr
	}
	return result, err
}

// block is a run of lines that are parsed together, beside others.
type block struct {
	lines  []line
	events []parsed
	parsed chan struct{}
}

const blockLines = 256

func (l *Ledger) readBlocks(ctx context.Context, files []File, blocks chan<- *block) error {
	b := &block{}
	send := func() error {
		if len(b.lines) == 0 {
			return nil
		}
		b.parsed = make(chan struct{})
		select {
		case blocks <- b:
		case <-ctx.Done():
			return ctx.Err()
		}
		go func(b *block) {
			defer close(b.parsed)
			b.events = make([]parsed, len(b.lines))
			for i, line := range b.lines {
				switch {
				case line.row != nil: // it is read when its turn has come
				case line.tooBig:
					b.events[i].err = tooLong()
				default:
					b.events[i] = l.parse(line.text)
				}
				b.lines[i].text = nil
			}
		}(b)
		b = &block{lines: make([]line, 0, blockLines)}
		return nil
	}
	for _, f := range files {
		for line, err := range f.lines(ctx) {
			if err != nil {
				return errors.Join(err, send())
			}
			b.lines = append(b.lines, line)
			if len(b.lines) == blockLines {
				if err := send(); err != nil {
					return err
				}
			}
		}
	}
	return send()
}

// importer decides on parsed lines and stores the accepted ones in batches. One
// batch is on its way to the disk, and one is being sealed, while the next is
// decided on.
type importer struct {
	ledger  *Ledger
	desk    *desk
	options ImportOptions
	result  *ImportResult
	blocks  <-chan *block
	lines   int64
	// structure counts the changes of organisations and villages.
	structure int

	trial   bool       // accepted lines are kept, not stored
	kept    []keptLine // at most as many as one append stores
	records int        // that they will be
	batch   appended   // the records are yet to be made
	air     []*flight  // in the order of the log
	bench   *bench     // nil unless strict
	moved   bool       // another process has stored something in between
}

// keptLine is a line that was accepted on trial.
type keptLine struct {
	at    line
	event parsed
}

// flight is a batch on its way.
type flight struct {
	appended
	last  eventstore.Position // where its last record is to stand
	keyed chan struct{}       // closed when its keys are there, or cannot be made
	done  chan struct{}       // closed when what follows is known
	sent  bool
	at    eventstore.Position // where its last record stands
	err   error
}

const (
	// mostFlights is how many batches are on their way at once.
	mostFlights = 2
	// leastBlocks is how many blocks an import decides on before it makes room
	// for others, so that it gets on however many there are.
	leastBlocks = eventstore.MaxBatch / blockLines
)

func (i *importer) run(ctx context.Context) error {
	if i.options.DryRun || i.options.Atomic {
		return i.try(ctx)
	}
	for b := range i.blocks {
		if err := i.turn(ctx, func() error { return i.decideAll(ctx, b) }); err != nil {
			return err
		}
		if i.desk.full(spillBytes) {
			if err := i.desk.begin(ctx); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// turn has the desk to itself while decide runs and what it accepts is stored.
func (i *importer) turn(ctx context.Context, decide func() error) error {
	// The read models may have far to go: not while others are kept out.
	if err := i.desk.prepare(ctx); err != nil {
		return err
	}
	leave, err := i.desk.enter(ctx, alone())
	if err != nil {
		return err
	}
	defer leave()
	if err := i.desk.prepare(ctx); err != nil {
		return err
	}
	if err := i.desk.refresh(ctx); err != nil {
		return err
	}
	err = i.desk.within(ctx, decide)
	if i.options.Atomic && i.result.Rejected > 0 {
		i.batch = appended{}
	}
	// What was decided is stored even if reading was interrupted.
	if err == nil || errors.Is(err, context.Canceled) {
		err = errors.Join(err, i.flush(ctx))
	}
	err = errors.Join(err, i.land())
	if err != nil || i.moved || i.options.Atomic {
		i.batch, i.moved = appended{}, false
		i.desk.discard() // it may be ahead of the log
	}
	return err
}

// try decides on all lines at a desk of its own, so that nobody has to wait. What
// an atomic import accepts there, it then decides on once more, and stores.
func (i *importer) try(ctx context.Context) error {
	i.trial = true
	i.desk = newDesk(ctx, i.ledger)
	defer i.desk.close()
	if err := i.desk.refresh(ctx); err != nil {
		return err
	}
	err := i.desk.within(ctx, func() error {
		for b := range i.blocks {
			if err := i.decideBlock(ctx, b); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
	if err != nil || i.options.DryRun || i.result.Rejected > 0 {
		return err
	}
	i.trial, i.desk = false, i.ledger.desk
	return i.turn(ctx, func() error {
		for _, k := range i.kept {
			if err := i.decide(ctx, k.at, k.event); err != nil {
				return err
			}
		}
		return nil
	})
}

// decideAll decides on blocks, beginning with one, until there are no more,
// somebody else waits, or too much is remembered.
func (i *importer) decideAll(ctx context.Context, b *block) error {
	for n := 1; b != nil; n++ {
		if err := i.decideBlock(ctx, b); err != nil {
			return err
		}
		b = i.next(n)
	}
	return nil
}

func (i *importer) decideBlock(ctx context.Context, b *block) error {
	<-b.parsed
	for n, p := range b.events {
		var err error
		if at := b.lines[n]; at.row != nil {
			err = i.decideRow(ctx, at)
		} else {
			err = i.decide(ctx, at, p)
		}
		if err != nil {
			return err
		}
	}
	i.lines += int64(len(b.lines))
	if i.options.Progress != nil {
		i.options.Progress(i.lines, 0)
	}
	return ctx.Err()
}

// next returns the next block, or nil when the turn is over after n of them.
func (i *importer) next(n int) *block {
	if i.moved || i.desk.full(spillBytes) {
		return nil
	}
	if n >= leastBlocks {
		select {
		case <-i.desk.gate.knock:
			return nil
		default:
		}
	}
	select {
	case b := <-i.blocks:
		return b
	default:
	}
	select {
	case b := <-i.blocks:
		return b
	case <-i.desk.gate.knock: // nothing to do, and somebody waits
		return nil
	}
}

// decide decides on a line.
func (i *importer) decide(ctx context.Context, at line, p parsed) error {
	_, r, err := i.decideOne(ctx, at, p)
	if r != nil {
		i.reject(at, p, r)
	}
	return err
}

// decideOne decides on an event and puts it into the batch, or returns why it is
// rejected.
func (i *importer) decideOne(ctx context.Context, at line, p parsed) (verdict, *domain.Rejection, error) {
	p = i.options.By.sign(p)
	j, err := judgement{}, p.err
	if err == nil {
		if err = i.bench.call(ctx, p.entry); err == nil {
			j, err = i.desk.decideAhead(ctx, p, i.bench)
		}
	}
	if err == nil && j.verdict == unchanged {
		err = i.ledger.same(ctx, j.entry, j.twin)
	}
	if r := asRejection(err); r != nil {
		return rejected, r, nil
	}
	if err != nil {
		return rejected, nil, fmt.Errorf("%s: line %d: %w", at.file, at.number, err)
	}
	if j.verdict == unchanged {
		i.result.Unchanged++
		return unchanged, nil, nil
	}
	if p.entry.Subject.Kind() != domain.MemberKind {
		i.structure++
	}
	if i.options.DryRun {
		i.result.Accepted++
		return accepted, nil, nil
	}
	records := 1 + len(j.claims)
	if i.trial {
		if i.records += records; i.records > eventstore.MaxBatch {
			return accepted, nil, ErrAtomicTooLarge
		}
		i.kept = append(i.kept, keptLine{at, p})
		return accepted, nil, nil
	}
	if len(i.batch.entries)+records > eventstore.MaxBatch {
		if i.options.Atomic {
			return accepted, nil, ErrAtomicTooLarge
		}
		if err := i.flush(ctx); err != nil {
			return accepted, nil, err
		}
	}
	i.batch.add(j)
	return accepted, nil, nil
}

func asRejection(err error) *domain.Rejection {
	r, _ := errors.AsType[*domain.Rejection](err)
	return r
}

func (i *importer) reject(at line, p parsed, r *domain.Rejection) ImportRejection {
	x := ImportRejection{
		File: at.file, Line: at.number, ID: p.entry.ID, Subject: string(p.entry.Subject),
		Code: r.Code, Field: r.Field, Rule: r.Rule, Clash: r.Clash, Message: r.Message.In(i.options.Language),
	}
	if at.row != nil {
		x.Sheet, x.Column = at.row.Place().Sheet, at.row.Column(r.Field)
	}
	i.result.Rejected++
	if len(i.result.Rejections) == MaxRejections {
		i.result.Omitted++
	} else {
		i.result.Rejections = append(i.result.Rejections, x)
	}
	return x
}

// flush sends the batch off.
func (i *importer) flush(ctx context.Context) error {
	b := i.batch
	i.batch = appended{}
	if len(b.entries) == 0 {
		return nil
	}
	for len(i.air) >= mostFlights {
		if err := i.landFirst(); err != nil {
			return err
		}
	}
	last := eventstore.Position(b.entries[0].entry.Sequence) + eventstore.Position(len(b.entries)) - 1
	f := &flight{appended: b, last: last, keyed: make(chan struct{}), done: make(chan struct{})}
	var before *flight
	if n := len(i.air); n > 0 {
		before = i.air[n-1]
	}
	i.air = append(i.air, f)
	i.desk.depart(len(b.entries))
	// An interrupt must not leave a batch of unknown fate.
	ctx = context.WithoutCancel(ctx)
	go func() {
		defer close(f.done)
		f.err = i.ledger.send(ctx, f, before)
	}()
	return nil
}

// errGrounded means that a batch was not sent because the one before it failed.
var errGrounded = errors.New("the batch before was not stored")

// send seals a batch and, once the one before it is on disk, stores it. The keys
// are made after those of the one before, which may have the first entry of
// somebody who is in this one too.
func (l *Ledger) send(ctx context.Context, f, before *flight) error {
	s, err := l.keys.prepare(f.entries)
	if before != nil {
		<-before.keyed
	}
	if err == nil {
		err = s.ensure(ctx)
	}
	close(f.keyed)
	var records []eventstore.Record
	if err == nil {
		records, err = s.records(ctx)
	}
	if before != nil {
		<-before.done
		if before.err != nil {
			return errGrounded
		}
	}
	if err != nil {
		return err
	}
	f.fill(records)
	f.sent = true
	f.at, err = l.append(ctx, f.writes...)
	return err
}

// land waits for the batches that are on their way.
func (i *importer) land() (err error) {
	for len(i.air) > 0 {
		if e := i.landFirst(); err == nil {
			err = e // those behind it were grounded
		}
	}
	return err
}

func (i *importer) landFirst() error {
	f := i.air[0]
	i.air = i.air[1:]
	<-f.done
	i.desk.arrive(f)
	if f.err != nil {
		return fmt.Errorf("storing %d events: %w", f.events(), f.err)
	}
	i.moved = i.moved || f.at != f.last
	i.result.Accepted += f.events()
	i.result.LastSequence = f.at
	return nil
}
