package ledger

import (
	"context"
	"encoding/base32"
	"strings"

	"rollbook/domain"
	"rollbook/eventstore"
)

// Row is a row of a table that is to be imported. What it says is put into
// events when its turn has come, because that may rest on rows before it: whose
// card a number is, which organisation has a name.
type Row interface {
	Place() Place
	// Draft says what the row comes to. It is called once, when all before it has
	// been decided on. A *[domain.Rejection] refuses the row, any other error ends
	// the import.
	Draft(*Lookup) (Draft, error)
	// Column names the column that a field of an event comes from, as its header
	// does; "" if it comes from none.
	Column(field string) string
}

// Place is where a row stands.
type Place struct {
	Sheet string // "" in a file that has no sheets
	Line  int    // from 1; 0 for what is said of a whole sheet
}

// Draft is what a row comes to.
type Draft struct {
	// Events are the JSON objects of events, in the order in which they are
	// decided on. When one is refused, those behind it are not tried.
	Events [][]byte
	// Skip says why a row is none of the table's entries, such as a total. It is
	// empty for one that is.
	Skip domain.Text
	// Same is true if the ledger says what the row says already, though not by
	// the same event.
	Same bool
	// Notes are remarks for whoever imports it. They repeat nothing personal.
	Notes []domain.Text
}

// What became of a line or a row.
const (
	RowAccepted  = "accepted" // on a dry run: would be
	RowUnchanged = "unchanged"
	RowRejected  = "rejected"
	RowSkipped   = "skipped" // none of the table's entries
	RowNoted     = "noted"   // a remark on a whole sheet
)

// RowOutcome is what became of a row of a table.
type RowOutcome struct {
	File   string `json:"file"`
	Sheet  string `json:"sheet,omitempty"`
	Line   int    `json:"line"`
	Status string `json:"status"`
	// Types are those of the events that were accepted.
	Types []string `json:"types,omitempty"`
	// Rejection is why, for a row that is rejected. Events before that one may
	// have been accepted.
	Rejection *ImportRejection `json:"rejection,omitempty"`
	// Notes are remarks, and why a row was skipped.
	Notes []string `json:"notes,omitempty"`
	Row   Row      `json:"-"`
}

// ImportNote is a remark on a row, or why it was skipped.
type ImportNote struct {
	File    string `json:"file"`
	Sheet   string `json:"sheet,omitempty"`
	Line    int    `json:"line,omitempty"` // 0 for the whole sheet
	Skipped bool   `json:"skipped,omitempty"`
	Message string `json:"message"`
}

// decideRow decides on the events that a row comes to.
func (i *importer) decideRow(ctx context.Context, at line) error {
	place := at.row.Place()
	out := RowOutcome{File: at.file, Sheet: place.Sheet, Line: place.Line, Status: RowAccepted, Row: at.row}
	draft, err := at.row.Draft(i.lookup(ctx))
	for _, note := range draft.Notes {
		i.note(&out, note, false)
	}
	if r := asRejection(err); r != nil {
		i.rejectRow(&out, at, parsed{}, r)
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case draft.Skip != domain.Text{}:
		i.result.Skipped++
		i.note(&out, draft.Skip, true)
		out.Status = RowSkipped
	case draft.Same:
		i.result.Unchanged++
		out.Status = RowUnchanged
	case len(draft.Events) == 0:
		out.Status = RowNoted
	}
	unchanged := 0
	for _, event := range draft.Events {
		p := i.ledger.parse(event)
		verdict, r, err := i.decideOne(ctx, at, p)
		if err != nil {
			return err
		}
		if r != nil {
			i.rejectRow(&out, at, p, r)
			return nil
		}
		if verdict == accepted {
			out.Types = append(out.Types, p.entry.Type())
		} else {
			unchanged++
		}
	}
	switch {
	case len(out.Types) > 0:
		out.Status = RowAccepted
	case unchanged > 0:
		out.Status = RowUnchanged
	}
	i.tell(out)
	return nil
}

func (i *importer) rejectRow(out *RowOutcome, at line, p parsed, r *domain.Rejection) {
	out.Status = RowRejected
	x := i.reject(at, p, r)
	out.Rejection = &x
	i.tell(*out)
}

func (i *importer) tell(o RowOutcome) {
	if i.options.Row != nil {
		i.options.Row(o)
	}
}

func (i *importer) note(out *RowOutcome, text domain.Text, skipped bool) {
	message := text.In(i.options.Language)
	out.Notes = append(out.Notes, message)
	if len(i.result.Notes) < MaxRejections {
		i.result.Notes = append(i.result.Notes, ImportNote{File: out.File, Sheet: out.Sheet, Line: out.Line, Skipped: skipped, Message: message})
	}
}

// Lookup answers what a row has to ask before it can be put into events: of all
// that is stored, and of all that was decided before it in the same import.
type Lookup struct {
	ctx       context.Context //nolint:containedctx // of the one import that it belongs to
	ledger    *Ledger
	desk      *desk
	structure int // how often what is known of organisations has changed
}

func (i *importer) lookup(ctx context.Context) *Lookup {
	return &Lookup{ctx: ctx, ledger: i.ledger, desk: i.desk, structure: i.structure}
}

// Holder returns the id of the member whom a number belongs to, "" if it is
// nobody's. The number itself is not stored for it: see the file claims.go.
func (l *Lookup) Holder(kind domain.NumberKind, number string) (string, error) {
	stream := l.ledger.claimStream(kind, number)
	l.desk.mu.Lock()
	defer l.desk.mu.Unlock()
	have := l.desk.world.Claim(stream)
	if have.Holder == "" || have.Released {
		return "", l.desk.world.Err()
	}
	return have.Holder.ID(), l.desk.world.Err()
}

// Known reports whether anything was recorded of a subject.
func (l *Lookup) Known(s domain.Subject) (bool, error) {
	l.desk.mu.Lock()
	defer l.desk.mu.Unlock()
	return l.desk.world.Known(s), l.desk.world.Err()
}

// NewMember returns the id of somebody who has none yet, after what identifies
// them: a keyed hash, which says nothing without the ledger's key and is the same
// whenever the same person is met again.
func (l *Lookup) NewMember(parts ...string) string {
	sum := l.ledger.keyed(append([]string{"rollbook/member/v1"}, parts...)...)
	return "m-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10]))
}

// Directory returns the organisations and villages, and a number that is another
// one when they may have changed. They must not be read after the row's Draft has
// returned.
func (l *Lookup) Directory() (d *domain.Directory, version int) {
	l.desk.mu.Lock()
	defer l.desk.mu.Unlock()
	return l.desk.world.Directory(), l.structure
}

// Standing is how somebody stands on a day.
type Standing struct {
	domain.State
	AdmittedOn, ConfirmedOn domain.Date
	// Name is empty if it is closed, or not stored yet.
	Name domain.Name
}

// Standing returns how a member stands at the end of a day, as far as is known.
func (l *Lookup) Standing(member string, day domain.Date) (Standing, error) {
	subject := domain.MemberSubject(member)
	l.desk.mu.Lock()
	t := l.desk.world.Timeline(subject)
	life, _ := domain.LifeOf(t, l.desk.world.Directory()) // what is stored is possible
	err := l.desk.world.Err()
	stored := uint64(l.desk.base) + l.desk.own
	l.desk.mu.Unlock()
	s := Standing{State: life.State(day)}
	s.AdmittedOn, s.ConfirmedOn = life.Membership(day)
	if err != nil || l.ledger.keys.erased(subject) {
		return s, err
	}
	given := map[uint64]*domain.Person{}
	for _, e := range t.Entries() {
		if domain.PersonOf(e.Event) == nil || e.Sequence > stored {
			continue
		}
		whole, err := l.ledger.entryAt(l.ctx, eventstore.Position(e.Sequence))
		if err != nil {
			return s, err
		}
		if whole.Missing&domain.Identity == 0 {
			given[e.Sequence] = domain.PersonOf(whole.Event)
		}
	}
	s.Name = t.NameOn(day, given)
	return s, nil
}

// Recorded reports whether an entry is in the ledger as it is, by an id that was
// derived from its content.
func (l *Lookup) Recorded(e domain.Entry) (bool, error) {
	id := l.ledger.codec.DerivedID(e)
	l.desk.mu.Lock()
	defer l.desk.mu.Unlock()
	return l.desk.world.EntryID(e.Subject, id) != 0, l.desk.world.Err()
}
