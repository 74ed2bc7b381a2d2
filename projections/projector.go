package projections

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"

	"rollbook/domain"
	"rollbook/eventstore"
)

// Log is what the projector reads.
type Log interface {
	// Last returns the position of the newest record.
	Last(ctx context.Context) (eventstore.Position, error)
	// Replay yields the records after one position up to another, without a
	// gap, and ends.
	Replay(ctx context.Context, after, to eventstore.Position) iter.Seq2[eventstore.Record, error]
}

// Projector keeps the read models of a store up with a log.
type Projector struct {
	Log   Log
	Store Store
	// Keys opens what figures need of what is sealed: ethnicity and religion.
	// Nil opens nothing; then they are unknown.
	Keys Keys
	// Progress is called now and then with the position reached and the one
	// aimed at. May be nil.
	Progress func(at, to eventstore.Position)
	// Booked is called with the number of records that a transaction has taken
	// in, when they are there. May be nil.
	Booked func(records eventstore.Position)
	// How is how the work is cut up. It must make no difference.
	How Variation

	// only says which streams count, if not all do.
	only func(stream string) bool
}

// Keys opens sealed parts of records. It is safe for concurrent use.
type Keys interface {
	// Load fetches the keys of a class that some records need, so that Open need
	// not fetch them one by one.
	Load(ctx context.Context, records []eventstore.Record, class domain.Part) error
	// Open returns what was sealed in a part of a record, or nil if the key to it
	// is not there. It returns ErrSeal if the part, or the key, is not the one
	// that was sealed, or sealed with.
	Open(ctx context.Context, rec *eventstore.Record, part domain.Sealed) ([]byte, error)
}

// ErrSeal means that a sealed part of a record was changed or moved, or that
// its key was exchanged. The record is parked, as one that is not understood.
var ErrSeal = errors.New("a sealed part is not what was sealed")

// ErrAhead means that the read models have seen more than the log holds: the
// log was cut or replaced, or the models belong to another one.
var ErrAhead = errors.New("the read models are ahead of the log: the log was cut or replaced; do not record anything, restore it first")

// CatchUp brings the read models up to the end of the log as it is now.
func (p *Projector) CatchUp(ctx context.Context) error {
	// First where the read models are: asked the other way round, another process that
	// stores and takes in meanwhile would make the log look cut.
	from, err := p.checkpoint(ctx)
	if err != nil {
		return err
	}
	to, err := p.Log.Last(ctx)
	if err != nil {
		return err
	}
	return p.bring(ctx, from, to)
}

// CatchUpTo brings the read models up to a position of the log.
func (p *Projector) CatchUpTo(ctx context.Context, to eventstore.Position) error {
	from, err := p.checkpoint(ctx)
	if err != nil {
		return err
	}
	return p.bring(ctx, from, to)
}

func (p *Projector) checkpoint(ctx context.Context) (at Checkpoint, err error) {
	err = p.Store.Read(ctx, func(r Reader) (err error) {
		at, err = r.Checkpoint(ctx)
		return err
	})
	return at, err
}

// bring brings the read models from where they are to a position of the log.
func (p *Projector) bring(ctx context.Context, from Checkpoint, to eventstore.Position) error {
	if from.Position > to {
		return fmt.Errorf("%w (models at %d, log ends at %d)", ErrAhead, from.Position, to)
	}
	if from.Position == to {
		return nil
	}
	err := p.Store.Write(ctx, from, func(w Writer) (Checkpoint, error) {
		b, err := newBooks(ctx, w, from.Position == 0)
		if err != nil {
			return from, err
		}
		if err := p.book(ctx, b, from.Position, to); err != nil {
			return from, err
		}
		return Checkpoint{to, from.Generation}, nil
	})
	if err == nil && p.Booked != nil {
		p.Booked(to - from.Position)
	}
	return err
}

// chunk is a run of records and what they say. Decoding is most of the work,
// so it is spread over the processors; booking follows in order.
type chunk struct {
	records []eventstore.Record
	last    eventstore.Position // all up to it have been read
	entries []domain.Entry
	errs    []error // what is wrong with each record
	err     error   // what kept the chunk from being decoded
	done    chan struct{}
}

const (
	chunkSize = 2000
	// maxBytes bounds what the world holds in memory while it books.
	maxBytes = 400 << 20
)

func (p *Projector) book(ctx context.Context, b *books, from, to eventstore.Position) error {
	reading, cancel := context.WithCancel(ctx)
	chunks := make(chan *chunk, cmp.Or(p.How.Workers, runtime.GOMAXPROCS(0)))
	read := make(chan error, 1)
	go func() {
		defer close(chunks)
		read <- p.read(reading, from, to, chunks)
	}()
	at := from
	var err error
	for c := range chunks {
		<-c.done
		if err != nil {
			continue // drain, so that the reader can end
		}
		err = c.err
		for i, rec := range c.records {
			if err != nil {
				break
			}
			if err = b.record(ctx, rec, c.entries[i], c.errs[i]); err != nil {
				err = fmt.Errorf("position %d: %w", rec.Position, err)
			}
		}
		if err == nil {
			at = c.last
		}
		if err == nil {
			err = b.write(ctx)
		}
		if err == nil && p.Progress != nil {
			p.Progress(at, to)
		}
		if err != nil {
			cancel()
		}
	}
	cancel()
	if readErr := <-read; err == nil {
		err = readErr
	}
	// The transaction must not end under a write that is under way.
	if writeErr := b.settle(); err == nil {
		err = writeErr
	}
	if err == nil && at != to {
		err = &eventstore.GapError{Want: at + 1}
	}
	if err != nil {
		return err
	}
	return b.finish(ctx)
}

// read cuts the log into chunks and has each decoded. It sees to it that no
// position is missing.
func (p *Projector) read(ctx context.Context, from, to eventstore.Position, chunks chan<- *chunk) error {
	c, size := &chunk{}, cmp.Or(p.How.Records, chunkSize)
	send := func() bool {
		c.done = make(chan struct{})
		select {
		case chunks <- c:
		case <-ctx.Done():
			return false
		}
		go c.decode(ctx, p.Keys)
		c = &chunk{records: make([]eventstore.Record, 0, size)}
		return true
	}
	at := from
	for rec, err := range p.Log.Replay(ctx, from, to) {
		if err != nil {
			return err
		}
		if rec.Position != at+1 {
			return &eventstore.GapError{Want: at + 1, Got: rec.Position}
		}
		at = rec.Position
		if p.How.Zone != nil {
			rec.Time = rec.Time.In(p.How.Zone)
		}
		if c.last = at; p.only == nil || p.only(rec.Stream) {
			c.records = append(c.records, rec)
		}
		if len(c.records) == size && !send() {
			return ctx.Err()
		}
	}
	if c.last > 0 && !send() {
		return ctx.Err()
	}
	return nil
}

func (c *chunk) decode(ctx context.Context, keys Keys) {
	defer close(c.done)
	c.entries = make([]domain.Entry, len(c.records))
	c.errs = make([]error, len(c.records))
	var rec *eventstore.Record
	var failed error
	open := func(part domain.Sealed) ([]byte, bool) {
		if keys == nil || part.Class != domain.Sensitive {
			return nil, false
		}
		text, err := keys.Open(ctx, rec, part)
		if err != nil {
			failed = err
		}
		return text, text != nil
	}
	if keys != nil {
		if c.err = keys.Load(ctx, c.records, domain.Sensitive); c.err != nil {
			return
		}
	}
	for i := range c.records {
		rec, failed = &c.records[i], nil
		if System(*rec) {
			continue // little, and read when it is booked
		}
		c.entries[i], c.errs[i] = Decode(*rec, open)
		if errors.Is(failed, ErrSeal) {
			c.errs[i] = failed
		} else if failed != nil {
			c.err = failed
			return
		}
		if e := &c.entries[i]; c.errs[i] != nil || e.Missing&domain.Identity == 0 || domain.PersonOf(e.Event) == nil {
			rec.Data = nil
		} // else it says who somebody is, and is kept as it is
	}
}

// Decode returns the entry that a record holds. Open opens its sealed parts, as
// in [domain.ParsePayload]; the fields of those that stay closed are missing.
func Decode(rec eventstore.Record, open func(domain.Sealed) ([]byte, bool)) (domain.Entry, error) {
	e, err := domain.ParsePayload(rec.Type, rec.Schema, rec.Data, open)
	if err != nil {
		return domain.Entry{}, err
	}
	s, ok := domain.ParseSubject(rec.Stream)
	if !ok || s.Kind() != domain.KindOf(e.Event) {
		return domain.Entry{}, fmt.Errorf("%s does not belong in stream %q", rec.Type, rec.Stream)
	}
	e.Subject, e.ID, e.Actor = s, rec.ID, rec.Actor
	e.Sequence, e.Time = uint64(rec.Position), rec.Time
	return e, nil
}

// books turns entries into rows.
type books struct {
	w       Writer
	world   *World
	cells   map[domain.Cell]int64
	load    load
	writing chan error // answers when what was given to the store is there; nil when nothing was
	parked  map[domain.Subject]*Parked
	missing map[domain.Subject]bool // as stored and in load
	source  *stored
}

func newBooks(ctx context.Context, w Writer, fresh bool) (*books, error) {
	b := &books{
		w: w, cells: map[domain.Cell]int64{}, load: newLoad(), parked: map[domain.Subject]*Parked{},
		missing: map[domain.Subject]bool{},
	}
	b.source = &stored{
		empty: fresh,
		subject: func(s domain.Subject) (Subject, bool, error) {
			if err := b.settle(); err != nil {
				return Subject{}, false, err
			}
			return w.Subject(ctx, s)
		},
		membersOf: func(o string) ([]domain.Subject, error) {
			// They are looked for among the rows, so these have to be there.
			if err := errors.Join(b.write(ctx), b.settle()); err != nil {
				return nil, err
			}
			return w.MembersOf(ctx, o)
		},
	}
	cells, err := w.Cells(ctx, 0)
	if err != nil {
		return nil, err
	}
	for _, c := range cells {
		b.cells[c.Cell] = c.Number
	}
	parked, err := w.Parked(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range parked {
		b.parked[p.Subject] = &p
	}
	missing, err := w.MissingKeys(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range missing {
		b.missing[m.Subject] = true
	}
	last, err := w.LastNumber(ctx)
	if err != nil {
		return nil, err
	}
	b.world = NewWorld(b.source, last+1)
	for _, kind := range []domain.Kind{domain.OrganisationKind, domain.VillageKind} {
		if err := w.SubjectsOf(ctx, kind, b.world.Learn); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// stored lets a world read what its own transaction has written.
type stored struct {
	subject   func(domain.Subject) (Subject, bool, error)
	membersOf func(organisation string) ([]domain.Subject, error)
	empty     bool // there is nothing yet, so there is no need to look
}

func (s *stored) Subject(subject domain.Subject) (Subject, bool, error) {
	if s.empty {
		return Subject{}, false, nil
	}
	return s.subject(subject)
}

func (s *stored) MembersOf(organisation string) ([]domain.Subject, error) {
	if s.empty {
		return nil, nil
	}
	return s.membersOf(organisation)
}

// record books one record. Only what breaks the books themselves is an error.
func (b *books) record(ctx context.Context, rec eventstore.Record, e domain.Entry, err error) error {
	if System(rec) {
		return b.system(ctx, rec)
	}
	subject := domain.Subject(rec.Stream)
	if p := b.parked[subject]; p != nil {
		p.Records++
		return nil
	}
	var changes []Change
	if err == nil {
		err = b.expect(rec, subject)
	}
	if err == nil {
		changes, err = b.world.Apply(e)
	}
	if b.world.Err() != nil {
		return b.world.Err()
	}
	if err != nil {
		b.parked[subject] = &Parked{Subject: subject, Position: rec.Position, Records: 1, Reason: printable(err)}
		return nil // it is kept with what is parked: the others go on
	}
	if _, there := b.load.ids[e.ID]; !e.Derived && !there { // the first one counts
		b.load.ids[e.ID] = rec.Position
	}
	if e.Missing&domain.Sensitive != 0 && !b.missing[subject] {
		b.missing[subject] = true
		b.load.missing = append(b.load.missing, MissingKey{subject, rec.Position})
	}
	if rec.Data != nil {
		b.load.sealed = append(b.load.sealed, SealedEntry{int64(rec.Position), b.world.life(subject).number, rec.ID, rec.Type, rec.Schema, rec.Data})
	}
	for _, c := range changes {
		b.change(rec.Position, c)
	}
	return b.spillIfFull(ctx)
}

// printable returns the text of an error that may quote what another hand has
// written: not every string is a text that a database takes.
func printable(err error) string {
	return strings.ReplaceAll(strings.ToValidUTF8(err.Error(), "\uFFFD"), "\x00", "\uFFFD")
}

// expect checks that nothing of the subject is missing before a record.
func (b *books) expect(rec eventstore.Record, s domain.Subject) error {
	if rec.ID == "" {
		return errors.New("it carries no id: it was not written by a ledger")
	}
	if have := b.world.Head(s); have != rec.Previous {
		return fmt.Errorf("it follows position %d of its stream (entry %d), but the stream is at %d (entry %d)",
			rec.Previous.Position, rec.Previous.Count, have.Position, have.Count)
	}
	return nil
}

func (b *books) change(at eventstore.Position, c Change) {
	for _, p := range c.Postings {
		from, to := b.cell(p.From), b.cell(p.To)
		b.row(headcountTable, int64(at), c.Member, int64(p.EffectiveOn), int64(p.Cause), from, to, c.Sign)
		if m := movementNumber(p); m >= 0 {
			b.row(movementsTable, int64(at), c.Member, int64(p.EffectiveOn), int64(p.Cause), m, from, to, c.Sign)
		}
	}
	for _, m := range c.Marks {
		b.row(indicatorTable, int64(at), c.Member, int64(m.EffectiveOn), int64(m.Cause), int64(m.Line), int64(m.Year), int64(m.From), int64(m.To), c.Sign)
	}
}

func (b *books) row(t Table, values ...int64) {
	b.load.rows[t.Name] = append(b.load.rows[t.Name], values...)
}

// cell returns the number of a cell; the first one ever met gets 1. Outside is 0.
func (b *books) cell(c domain.Cell) int64 {
	if c == (domain.Cell{}) {
		return 0
	}
	n, ok := b.cells[c]
	if !ok {
		n = int64(len(b.cells) + 1)
		b.cells[c] = n
		b.load.cells = append(b.load.cells, NumberedCell{n, c})
	}
	return n
}

// load is what has been booked and not been stored.
type load struct {
	cells   []NumberedCell
	rows    map[string][]int64
	ids     map[string]eventstore.Position
	missing []MissingKey
	sealed  []SealedEntry
}

func newLoad() load {
	return load{rows: map[string][]int64{}, ids: map[string]eventstore.Position{}}
}

// write begins to store what was booked so far, beside the booking of what
// comes next.
func (b *books) write(ctx context.Context) error {
	if err := b.settle(); err != nil {
		return err
	}
	l := b.load
	b.load = newLoad()
	done := make(chan error, 1)
	b.writing = done
	go func() { done <- b.store(ctx, l) }()
	return nil
}

// settle waits until what was begun to be stored is.
func (b *books) settle() error {
	if b.writing == nil {
		return nil
	}
	err := <-b.writing
	b.writing = nil
	return err
}

func (b *books) store(ctx context.Context, l load) error {
	if err := b.w.PutCells(ctx, l.cells); err != nil {
		return err
	}
	for _, m := range Models() {
		if err := b.w.PutRows(ctx, m.Table, l.rows[m.Table.Name]); err != nil {
			return err
		}
	}
	if err := b.w.PutMissingKeys(ctx, l.missing); err != nil {
		return err
	}
	if err := b.w.PutSealed(ctx, l.sealed); err != nil {
		return err
	}
	return b.w.PutIDs(ctx, l.ids)
}

// spillIfFull stores the lives and drops them from memory, if there are too many.
func (b *books) spillIfFull(ctx context.Context) error {
	if b.world.Bytes() <= maxBytes {
		return nil
	}
	if err := errors.Join(b.write(ctx), b.settle()); err != nil {
		return err
	}
	if err := b.w.PutSubjects(ctx, b.world.Changed()); err != nil {
		return err
	}
	b.world.Forget()
	b.source.empty = false
	return nil
}

func (b *books) finish(ctx context.Context) error {
	if err := errors.Join(b.write(ctx), b.settle()); err != nil {
		return err
	}
	if err := b.w.PutSubjects(ctx, b.world.Changed()); err != nil {
		return err
	}
	parked := make([]Parked, 0, len(b.parked))
	for _, p := range b.parked {
		parked = append(parked, *p)
	}
	slices.SortFunc(parked, func(x, y Parked) int { return int(x.Position) - int(y.Position) })
	return b.w.PutParked(ctx, parked)
}
