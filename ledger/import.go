package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/projections"
)

// File is something to import.
type File struct {
	Name string // as rejections name it
	io.Reader
}

// ImportOptions say how to import.
type ImportOptions struct {
	// DryRun decides on everything and stores nothing.
	DryRun bool
	// Atomic stores all or nothing; at most [eventstore.MaxBatch] new events.
	Atomic bool
	// Language is that of the rejections' messages, "vi" or "en".
	Language string
	// Progress is told the number of lines decided on; how many there will be
	// is not known, so the second number is zero.
	Progress Progress
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
}

// ImportRejection says which line was not stored, and why.
type ImportRejection struct {
	File    string      `json:"file"`
	Line    int         `json:"line"`
	ID      string      `json:"id"`
	Subject string      `json:"subject"`
	Code    domain.Code `json:"code"`
	Field   string      `json:"field"`
	Rule    string      `json:"rule"`
	// Clash is the id of the recorded entry that stands in the way, if one does.
	Clash   string `json:"clash,omitempty"`
	Message string `json:"message"`
}

// MaxRejections bounds the list of rejections, so that a wrong file of a
// million lines does not fill the memory.
const MaxRejections = 10_000

// ErrAtomicTooLarge means that more events are to be stored at once than the
// log can.
var ErrAtomicTooLarge = fmt.Errorf("an atomic import stores at most %d new events at once; split the file, or import without --atomic", eventstore.MaxBatch)

// spillBytes is how much an import remembers before it lets the read models
// catch up and begins to remember anew.
var spillBytes = 300 << 20

// Import takes in files of events (NDJSON). Each line is decided on with those
// before it; good lines are stored although others are rejected. When it
// returns an error, what the result counts as accepted is stored all the same,
// and the import can be repeated: what is there is unchanged.
func (l *Ledger) Import(ctx context.Context, files []File, o ImportOptions) (ImportResult, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	result := ImportResult{DryRun: o.DryRun, Rejections: []ImportRejection{}}
	if l.keys.vault == nil && !o.DryRun {
		return result, l.keys.missing
	}
	if err := l.anchor.mayAppend(); err != nil && !o.DryRun {
		return result, err
	}
	if err := l.CatchUp(ctx, nil); err != nil {
		return result, err
	}
	last, err := l.log.Last(ctx)
	if err != nil {
		return result, err
	}
	result.LastSequence = last

	ctx, cancel := context.WithCancel(ctx)
	blocks := make(chan *block, 2*runtime.GOMAXPROCS(0))
	read := make(chan error, 1)
	go func() {
		defer close(blocks)
		read <- l.readBlocks(ctx, files, blocks)
	}()
	i := &importer{ledger: l, options: o, result: &result, blocks: blocks}
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
				if line.tooBig {
					b.events[i].err = tooLong()
				} else {
					b.events[i] = l.parse(line.text)
				}
				b.lines[i].text = nil
			}
		}(b)
		b = &block{lines: make([]line, 0, blockLines)}
		return nil
	}
	for _, f := range files {
		r, err := newLineReader(f.Name, f.Reader)
		if err != nil {
			return errors.Join(err, send())
		}
		for {
			line, err := r.next()
			if errors.Is(err, io.EOF) {
				break
			}
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
	options ImportOptions
	result  *ImportResult
	blocks  <-chan *block

	batch   batch
	flights []*flight // in the order of the log
	lines   int64
}

// batch is what one append will store.
type batch struct {
	writes  []eventstore.Write // the records of which are yet to be made
	entries []pending          // one for each record
}

// flight is a batch on its way.
type flight struct {
	records int
	done    chan struct{} // closed when what follows is known
	last    eventstore.Position
	err     error
}

// mostFlights is how many batches are on their way at once.
const mostFlights = 2

// errSpill asks for the read models to catch up.
var errSpill = errors.New("spill")

func (i *importer) run(ctx context.Context) error {
	for {
		err := i.ledger.store.Read(ctx, func(r projections.Reader) error {
			s, err := i.ledger.newSession(ctx, r)
			if err != nil {
				return err
			}
			err = i.decideAll(ctx, s)
			if i.options.Atomic && i.result.Rejected > 0 {
				i.drop()
			}
			// What was decided is stored even if reading was interrupted.
			if err == nil || errors.Is(err, errSpill) || errors.Is(err, context.Canceled) {
				err = errors.Join(err, i.flush(ctx))
			}
			return errors.Join(err, i.land())
		})
		if !errors.Is(err, errSpill) {
			return err
		}
		if err := i.ledger.CatchUp(ctx, nil); err != nil {
			return err
		}
	}
}

func (i *importer) decideAll(ctx context.Context, s *session) error {
	for b := range i.blocks {
		<-b.parsed
		for n, p := range b.events {
			if err := i.decide(ctx, s, b.lines[n], p); err != nil {
				return err
			}
		}
		i.lines += int64(len(b.lines))
		if i.options.Progress != nil {
			i.options.Progress(i.lines, 0)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if s.world.Bytes() > spillBytes && !i.options.DryRun && !i.options.Atomic {
			return errSpill
		}
	}
	return ctx.Err()
}

func (i *importer) decide(ctx context.Context, s *session, at line, p parsed) error {
	e, expected, v, err := s.decide(ctx, p)
	if r, ok := errors.AsType[*domain.Rejection](err); ok && s.world.Err() == nil {
		i.reject(at, p, r)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: line %d: %w", at.file, at.number, err)
	}
	switch {
	case v == unchanged:
		i.result.Unchanged++
		return nil
	case i.options.DryRun:
		i.result.Accepted++
		return nil
	}
	if len(i.batch.entries) == eventstore.MaxBatch {
		if i.options.Atomic {
			i.drop()
			return ErrAtomicTooLarge
		}
		if err := i.flush(ctx); err != nil {
			return err
		}
	}
	i.add(e, expected)
	return nil
}

func (i *importer) reject(at line, p parsed, r *domain.Rejection) {
	i.result.Rejected++
	if len(i.result.Rejections) == MaxRejections {
		i.result.Omitted++
		return
	}
	i.result.Rejections = append(i.result.Rejections, ImportRejection{
		File: at.file, Line: at.number, ID: p.entry.ID, Subject: string(p.entry.Subject),
		Code: r.Code, Field: r.Field, Rule: r.Rule, Clash: r.Clash, Message: r.Message.In(i.options.Language),
	})
}

// add puts an entry into the batch. The batch keeps the order of decisions,
// because entries of one day count in the order of the log.
func (i *importer) add(e domain.Entry, expected eventstore.Head) {
	b, stream := &i.batch, string(e.Subject)
	if n := len(b.writes); n == 0 || b.writes[n-1].Stream != stream {
		b.writes = append(b.writes, eventstore.Write{Stream: stream, Expected: expected})
	}
	w := &b.writes[len(b.writes)-1]
	w.Records = append(w.Records, eventstore.Record{})
	b.entries = append(b.entries, pending{e, expected.Count == 0})
}

func (i *importer) drop() { i.batch = batch{} }

// flush sends the batch off.
func (i *importer) flush(ctx context.Context) error {
	b := i.batch
	i.drop()
	if len(b.entries) == 0 {
		return nil
	}
	for len(i.flights) >= mostFlights {
		if err := i.landFirst(); err != nil {
			return err
		}
	}
	f := &flight{records: len(b.entries), done: make(chan struct{})}
	var before *flight
	if n := len(i.flights); n > 0 {
		before = i.flights[n-1]
	}
	i.flights = append(i.flights, f)
	// An interrupt must not leave a batch of unknown fate.
	ctx = context.WithoutCancel(ctx)
	go func() {
		defer close(f.done)
		f.last, f.err = i.ledger.send(ctx, b, before)
	}()
	return nil
}

// errGrounded means that a batch was not sent because the one before it failed.
var errGrounded = errors.New("the batch before was not stored")

// send seals a batch and, once the one before it is on disk, stores it.
func (l *Ledger) send(ctx context.Context, b batch, before *flight) (eventstore.Position, error) {
	records, err := l.keys.seal(ctx, b.entries)
	if before != nil {
		<-before.done
		if before.err != nil {
			return 0, errGrounded
		}
	}
	if err != nil {
		return 0, err
	}
	for i := range b.writes {
		n := len(b.writes[i].Records)
		b.writes[i].Records, records = records[:n:n], records[n:]
	}
	return l.log.Append(ctx, b.writes...)
}

// land waits for the batches that are on their way.
func (i *importer) land() (err error) {
	for len(i.flights) > 0 {
		if e := i.landFirst(); err == nil {
			err = e // those behind it were grounded
		}
	}
	return err
}

func (i *importer) landFirst() error {
	f := i.flights[0]
	i.flights = i.flights[1:]
	<-f.done
	if f.err != nil {
		return fmt.Errorf("storing %d events: %w", f.records, f.err)
	}
	i.result.Accepted += f.records
	i.result.LastSequence = f.last
	return nil
}
