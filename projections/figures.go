package projections

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"rollbook/domain"
	"rollbook/eventstore"
)

// Figures answers questions from the read models. It keeps the rows in memory,
// 24 to 32 bytes each, and takes in what was added before each answer: rows are
// only ever added, so what it has stays true. It is safe for concurrent use.
type Figures struct {
	// Unsafe reports whether the log answers before a fact is on the disk, so
	// that a power cut may take back what figures count. May be nil.
	Unsafe func() bool
	// Lag returns how far a position is behind the end of the log. May be nil.
	Lag func(context.Context, eventstore.Position) (Lag, error)

	store Store

	mu         sync.Mutex
	loaded     bool
	at         Checkpoint
	cells      []domain.Cell // by number; 0 is outside
	headcount  []booking
	movements  []booking
	marks      []marking
	members    int64 // highest number
	timelines  map[domain.Subject]domain.Timeline
	parked     []Parked
	missing    int               // subjects whose key is missing
	directory  *domain.Directory // as known at directoryAt
	knownUntil eventstore.Position
}

// booking is a row of the headcount or the movements.
type booking struct {
	sequence uint64
	on       domain.Date
	member   int32
	from, to int32
	movement int8
	sign     int8
}

// marking is a row of the indicators.
type marking struct {
	sequence uint64
	on       domain.Date
	member   int32
	from, to int32
	year     int16
	line     domain.Line
	sign     int8
}

// NewFigures returns the figures of a store.
func NewFigures(store Store) *Figures { return &Figures{store: store} }

// ErrUnknownOrganisation means that nobody has ever heard of an organisation
// that a question names.
var ErrUnknownOrganisation = errors.New("unknown organisation")

// Question is what every figure is asked for.
type Question struct {
	// Organisation is the id of the one whose subtree is meant; "" for the
	// whole ledger.
	Organisation string
	// AsOf is the last day that counts, to its end.
	AsOf domain.Date
	// KnownAt is the last position that counts; 0 for everything, and
	// [NothingKnown] for nothing.
	KnownAt eventstore.Position
}

// NothingKnown is what was known before the first record.
const NothingKnown eventstore.Position = math.MaxUint64

// Lag is how far read models are behind the log.
type Lag struct {
	// Behind counts the records that they have not taken in.
	Behind int64 `json:"behind"`
	// Seconds is how long ago the first of those was stored; 0 if there is none.
	Seconds float64 `json:"lag_seconds"`
}

// Standing says from where an answer was given.
type Standing struct {
	// KnownAt is the last position that counted.
	KnownAt eventstore.Position `json:"known_at"`
	// Position is how far the read models had come.
	Position eventstore.Position `json:"position"`
	Lag
	// Parked is the number of subjects that wait, because a record was not
	// understood; they are missing from the answer as far as they concern it.
	Parked int `json:"parked"`
	// MissingKeys is the number of people whose ethnicity and religion are
	// sealed and could not be opened. They are counted under [domain.Unknown],
	// and shares by ethnicity or religion are of those who are known.
	MissingKeys int `json:"missing_keys"`
	// Complete is true when nothing waits and no key is missing.
	Complete bool `json:"complete"`
	// UnsafeSync is true when the log answers before a fact is on the disk: a
	// power cut may take back the newest.
	UnsafeSync bool `json:"unsafe_sync,omitempty"`
}

// view is what one answer is computed from.
type view struct {
	*Figures
	Standing
	known     uint64
	directory *domain.Directory
}

// view takes in what was added to the store and calls f. The view must not be
// used afterwards.
func (f *Figures) view(ctx context.Context, q Question, answer func(view) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.refresh(ctx); err != nil {
		return err
	}
	known := q.KnownAt
	switch {
	case known == NothingKnown:
		known = 0
	case known == 0 || known > f.at.Position:
		known = f.at.Position
	}
	var lag Lag
	if f.Lag != nil {
		var err error
		if lag, err = f.Lag(ctx, f.at.Position); err != nil {
			return err
		}
	}
	d := f.directoryAt(known)
	if q.Organisation != "" && d.Organisation(q.Organisation) == nil {
		if _, ever := f.timelines[domain.OrganisationSubject(q.Organisation)]; !ever {
			return fmt.Errorf("%w: %s", ErrUnknownOrganisation, q.Organisation)
		}
	}
	return answer(view{
		Figures: f, known: uint64(known), directory: d,
		Standing: Standing{
			KnownAt: known, Position: f.at.Position, Lag: lag, Parked: len(f.parked), MissingKeys: f.missing,
			Complete: len(f.parked) == 0 && f.missing == 0, UnsafeSync: f.Unsafe != nil && f.Unsafe(),
		},
	})
}

func (f *Figures) refresh(ctx context.Context) error {
	return f.store.Read(ctx, func(r Reader) error {
		at, err := r.Checkpoint(ctx)
		if err != nil {
			return err
		}
		if f.loaded && at == f.at {
			return nil
		}
		if !f.loaded || at.Generation != f.at.Generation {
			f.loaded, f.cells = false, append(f.cells[:0], domain.Cell{})
			f.headcount, f.movements, f.marks, f.members = nil, nil, nil, 0
		}
		if err := f.load(ctx, r); err != nil {
			f.loaded, f.at = false, Checkpoint{}
			return err
		}
		f.loaded, f.at, f.directory = true, at, nil
		return nil
	})
}

func (f *Figures) load(ctx context.Context, r Reader) error {
	cells, err := r.Cells(ctx, int64(len(f.cells)-1))
	if err != nil {
		return err
	}
	for _, c := range cells {
		f.cells = append(f.cells, c.Cell)
	}
	err = r.Rows(ctx, headcountTable, int64(len(f.headcount)), func(v []int64) {
		f.members = max(f.members, v[1])
		f.headcount = append(f.headcount, booking{
			sequence: uint64(v[0]), member: int32(v[1]), on: domain.Date(v[2]),
			from: int32(v[4]), to: int32(v[5]), sign: int8(v[6]),
		})
	})
	if err != nil {
		return err
	}
	err = r.Rows(ctx, movementsTable, int64(len(f.movements)), func(v []int64) {
		f.movements = append(f.movements, booking{
			sequence: uint64(v[0]), member: int32(v[1]), on: domain.Date(v[2]),
			movement: int8(v[4]), from: int32(v[5]), to: int32(v[6]), sign: int8(v[7]),
		})
	})
	if err != nil {
		return err
	}
	err = r.Rows(ctx, indicatorTable, int64(len(f.marks)), func(v []int64) {
		f.members = max(f.members, v[1])
		f.marks = append(f.marks, marking{
			sequence: uint64(v[0]), member: int32(v[1]), on: domain.Date(v[2]),
			line: domain.Line(v[4]), year: int16(v[5]), from: int32(v[6]), to: int32(v[7]), sign: int8(v[8]),
		})
	})
	if err != nil {
		return err
	}
	f.timelines = map[domain.Subject]domain.Timeline{}
	for _, kind := range []domain.Kind{domain.OrganisationKind, domain.VillageKind} {
		err := r.SubjectsOf(ctx, kind, func(s Subject) error {
			entries, err := decodeEntries(s.Subject, s.Entries)
			f.timelines[s.Subject] = domain.NewTimeline(entries...)
			return err
		})
		if err != nil {
			return err
		}
	}
	missing, err := r.MissingKeys(ctx)
	if err != nil {
		return err
	}
	f.missing = len(missing)
	f.parked, err = r.Parked(ctx)
	return err
}

// directoryAt returns the organisations as they were known at a position.
func (f *Figures) directoryAt(known eventstore.Position) *domain.Directory {
	if f.directory == nil || f.knownUntil != known {
		f.directory, f.knownUntil = domain.NewDirectory(), known
		for s, t := range f.timelines {
			_ = f.directory.Put(s, t.KnownAt(uint64(known))) // judged when it was recorded
		}
	}
	return f.directory
}

// ownDirectory returns the view's directory once more, to be read when the view
// is over.
func (v view) ownDirectory() *domain.Directory {
	d := domain.NewDirectory()
	for s, t := range v.timelines {
		_ = d.Put(s, t.KnownAt(v.known)) // judged when it was recorded
	}
	return d
}

// scope tells of each cell whether it lies in an organisation's subtree on a
// day; everything does in the whole ledger's.
func (v view) scope(organisation string, day domain.Date) []bool {
	in := make([]bool, len(v.cells))
	var subtree map[string]bool
	if organisation != "" {
		subtree = v.directory.Subtree(organisation, day)
	}
	for i, c := range v.cells {
		in[i] = i > 0 && (subtree == nil || subtree[c.Organisation])
	}
	return in
}

// balances sums the postings of each cell up to the end of a day.
func (v view) balances(day domain.Date) []int {
	sum := make([]int, len(v.cells))
	for i := range v.headcount {
		if b := &v.headcount[i]; b.on <= day && b.sequence <= v.known {
			sum[b.to] += int(b.sign)
			sum[b.from] -= int(b.sign)
		}
	}
	return sum
}

// OrganisationInfo is an organisation as it stands on a day.
type OrganisationInfo struct {
	ID     string                  `json:"id"`
	Name   string                  `json:"name"`
	Parent string                  `json:"parent"`
	Type   domain.OrganisationType `json:"kind"`
	Alive  bool                    `json:"alive"`
}

// Organisations returns the organisations that exist or have existed by the end
// of a day, by id.
func (f *Figures) Organisations(ctx context.Context, q Question) (list []OrganisationInfo, err error) {
	err = f.view(ctx, q, func(v view) error {
		for _, id := range v.directory.Organisations() {
			o := v.directory.Organisation(id)
			list = append(list, OrganisationInfo{id, o.Name(q.AsOf), v.directory.Parent(id, q.AsOf), o.Type, o.Alive(q.AsOf)})
		}
		return nil
	})
	return list, err
}

// Directory returns the organisations and villages as they were known at
// q.KnownAt. The caller must not change it.
func (f *Figures) Directory(ctx context.Context, q Question) (d *domain.Directory, s Standing, err error) {
	err = f.view(ctx, q, func(v view) error {
		d, s = v.directory, v.Standing
		return nil
	})
	return d, s, err
}

// Status returns how far the read models have come and what waits.
func (f *Figures) Status(ctx context.Context) (at Checkpoint, parked []Parked, err error) {
	err = f.store.Read(ctx, func(r Reader) (err error) {
		if at, err = r.Checkpoint(ctx); err == nil {
			parked, err = r.Parked(ctx)
		}
		return err
	})
	return at, parked, err
}
