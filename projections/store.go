package projections

import (
	"context"
	"errors"

	"rollbook/domain"
	"rollbook/eventstore"
)

// Table is a table of whole numbers to which rows are only added. The first
// column is the sequence of the record that made the row.
type Table struct {
	Name    string
	Columns []string
}

// The tables of rows, one for each read model. Their columns:
//
//   - sequence: the record that made the row; member: the member's number;
//     effective_on: a [domain.Date]; cause: the sequence of the entry that the
//     change follows from; sign: +1 for a booking, -1 for its reversal;
//   - from_cell, to_cell: numbers of cells, 0 for outside.
var (
	headcountTable = Table{"headcount", []string{"sequence", "member", "effective_on", "cause", "from_cell", "to_cell", "sign"}}
	movementsTable = Table{"movements", []string{"sequence", "member", "effective_on", "cause", "movement", "from_cell", "to_cell", "sign"}}
	indicatorTable = Table{"indicators", []string{"sequence", "member", "effective_on", "cause", "line", "year", "from_value", "to_value", "sign"}}
)

// Model is a read model that a reader can ask for by name.
type Model struct {
	Name  string
	Table Table
}

// Models returns the read models that figures are read from.
func Models() []Model {
	return []Model{
		{headcountModel, headcountTable},
		{movementsModel, movementsTable},
		{indicatorModel, indicatorTable},
	}
}

// Subject is what a store keeps of one member, organisation or village: its
// entries, without what identifies a person.
type Subject struct {
	Number  int64 // of members; 0 for others
	Subject domain.Subject
	Head    eventstore.Head
	Entries []byte // see encodeEntry
}

// NumberedCell is a cell of the roll under its number.
type NumberedCell struct {
	Number int64
	Cell   domain.Cell
}

// Parked is a subject that waits, because one of its records was not
// understood.
type Parked struct {
	Subject domain.Subject
	// Position is where the record stands that was not understood.
	Position eventstore.Position
	// Records counts it and those that came after.
	Records int
	// Reason says what is wrong with it; never what stands in it.
	Reason string
}

// MissingKey is a subject whose ethnicity and religion are unknown, because they
// are sealed and the key to them is not there.
type MissingKey struct {
	Subject domain.Subject
	// Position is the first record that could not be opened.
	Position eventstore.Position
}

// SealedEntry is an entry that says who a member is, as the log has it: what
// identifies a person is sealed in its data.
type SealedEntry struct {
	Sequence int64
	Member   int64 // number
	ID       string
	Type     string
	Schema   string
	Data     []byte
}

// Checkpoint says how far the read models have come.
type Checkpoint struct {
	Position eventstore.Position
	// Generation is the number of the set of rows that it belongs to.
	Generation int64
}

// ErrMoved means that the checkpoint is not where the projector left it:
// another projector was at work. Nothing was written.
var ErrMoved = errors.New("another projector has moved the checkpoint")

// Store is what the projector and the figures need of a database. It is safe
// for concurrent use by one writer and many readers.
type Store interface {
	// Read calls f with a view that does not change while f runs.
	Read(ctx context.Context, f func(Reader) error) error
	// Write calls f in a transaction and commits if f returns nil. It returns
	// ErrMoved, and writes nothing, if the checkpoint in the database is not
	// from when f ends. A database may ask for the whole transaction again, after
	// a deadlock for one; then f is called again, with a Writer that knows nothing
	// of the first call.
	Write(ctx context.Context, from Checkpoint, f func(Writer) (Checkpoint, error)) error
}

// Home keeps generations of the read models side by side. One is live: the
// methods of Store read and write that one, whichever it is when a call begins;
// they return [ErrVersion] or [ErrTakenOver] if it is not this program's.
// Others are being filled, or were live before. Each has a checkpoint of its own,
// whose Generation is its number.
//
// A generation is filled without touching the live one, so figures are read and
// events are booked meanwhile. Which one is live is one row, so a switch happens
// at once or not at all.
type Home interface {
	Store
	// Generations returns what is kept, by number.
	Generations(ctx context.Context) ([]Generation, error)
	// Begin makes an empty generation for this program's version, and returns
	// its store, whose first write is a bulk load. While the store is open nobody else may begin another one for
	// this home: then Begin returns ErrBusy. A generation whose maker died before
	// it was switched to is removed by the next Begin and by opening the home.
	Begin(ctx context.Context) (Shadow, error)
	// Open returns the store of a generation that is kept, to read it.
	Open(ctx context.Context, number int64) (Shadow, error)
	// Switch makes a generation live, and keeps the one that was live until then
	// as the one before. It returns ErrMoved, and changes nothing, if from is
	// not the live one any more.
	Switch(ctx context.Context, from, to int64) error
	// Drop removes a generation that is not live.
	Drop(ctx context.Context, number int64) error
}

// Shadow is the store of one generation.
type Shadow interface {
	Store
	Number() int64
	// Close ends its use. A generation that was begun and not switched to is
	// removed by it.
	Close() error
}

// Generation is one set of read models.
type Generation struct {
	Number   int64
	Position eventstore.Position // of its checkpoint
	// Version is that of the program that filled it: see [Version].
	Version string
	// Live is what figures are read from, and Before what was live before it.
	Live, Before bool
	// Ready is false while it is being filled.
	Ready bool
}

var (
	// ErrBusy means that another process fills a generation.
	ErrBusy = errors.New("the read models are being rebuilt by another process")
	// ErrVersion means that another version of the program filled the living
	// generation, and that this one has to make its own: see [Projector.Rebuild].
	ErrVersion = errors.New("the read models were made by another version of the program")
	// ErrTakenOver means that another version of the program has made its own
	// generation live since this one opened the home.
	ErrTakenOver = errors.New("another version of the program has taken over the read models; start this one again")
	// ErrDamaged means that a file of the read models cannot be read as what it is. They
	// are made anew when all of them have been removed.
	ErrDamaged = errors.New("the read models are damaged")
	// ErrNoGeneration means that a generation is not there, or not any more.
	ErrNoGeneration = errors.New("there is no such generation of the read models")
)

// Reader reads one state of the read models.
type Reader interface {
	Checkpoint(ctx context.Context) (Checkpoint, error)
	// Subject returns one subject; ok is false when there is none.
	Subject(ctx context.Context, s domain.Subject) (found Subject, ok bool, err error)
	// SubjectsOf calls f with every subject of a kind, in order of number and
	// name.
	SubjectsOf(ctx context.Context, kind domain.Kind, f func(Subject) error) error
	// LastNumber returns the highest number of a member, 0 if there is none.
	LastNumber(ctx context.Context) (int64, error)
	// MembersOf returns the members who were ever booked into or out of an
	// organisation, in no order.
	MembersOf(ctx context.Context, organisation string) ([]domain.Subject, error)
	// Cells returns the cells numbered above after, in order.
	Cells(ctx context.Context, after int64) ([]NumberedCell, error)
	// Rows calls f with the rows of a table that were added after the first n,
	// in the order in which they were added. f must not keep the slice.
	Rows(ctx context.Context, t Table, n int64, f func(row []int64)) error
	// Sealed calls f with the sealed entries of records after a position, in
	// their order. f must not keep the data.
	Sealed(ctx context.Context, after int64, f func(SealedEntry) error) error
	// IDs calls f with every id that is kept, and where its record stands, in no
	// order. Only ids that are not marked as derived from their content are kept.
	IDs(ctx context.Context, f func(id string, at eventstore.Position) error) error
	// IDPosition returns where the record with an id stands, 0 if nowhere.
	IDPosition(ctx context.Context, id string) (eventstore.Position, error)
	// Parked returns what waits, by position.
	Parked(ctx context.Context) ([]Parked, error)
	// MissingKeys returns the subjects whose key is missing, by position.
	MissingKeys(ctx context.Context) ([]MissingKey, error)
}

// Writer changes the read models.
type Writer interface {
	Reader
	PutSubjects(ctx context.Context, s []Subject) error
	PutCells(ctx context.Context, c []NumberedCell) error
	// PutRows adds rows, which stand one behind the other in values.
	PutRows(ctx context.Context, t Table, values []int64) error
	PutSealed(ctx context.Context, s []SealedEntry) error
	PutIDs(ctx context.Context, ids map[string]eventstore.Position) error
	PutParked(ctx context.Context, p []Parked) error
	PutMissingKeys(ctx context.Context, m []MissingKey) error
}
