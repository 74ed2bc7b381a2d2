package ledger

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/projections"
)

// Register is who is on the roll of an organisation's subtree on a day.
type Register struct {
	Report       string      `json:"report"` // "register"
	Organisation *string     `json:"organisation"`
	AsOf         domain.Date `json:"as_of"`
	// Total counts all that were found, of whom Rows may be a part.
	Total int `json:"total"`
	// Closed counts those among them whose name is sealed and could not be opened.
	// A search does not find them.
	Closed int           `json:"closed"`
	Rows   []RegisterRow `json:"rows"`
	// Next is given as After to go on behind the last row; nil at the end.
	Next *string `json:"next"`
	projections.Standing
}

// RegisterRow is one person.
type RegisterRow struct {
	Member string `json:"member"` // id
	// Name is nil if it is sealed and could not be opened.
	Name *string `json:"name"`
	// Born is a date, or a year alone, as far as it is known.
	Born         string        `json:"born,omitempty"`
	Status       domain.Status `json:"status"`
	Organisation string        `json:"organisation"`
	Gender       domain.Gender `json:"gender"`
	// Ethnicity and Religion are codes, or "unknown".
	Ethnicity string `json:"ethnicity"`
	Religion  string `json:"religion"`
	// AdmittedOn and ConfirmedOn are nil for who was not, or is not known to be.
	AdmittedOn  *domain.Date `json:"admitted_on"`
	ConfirmedOn *domain.Date `json:"confirmed_on"`
}

// RegisterQuestion is what a register is asked for.
type RegisterQuestion struct {
	projections.Question
	// Statuses are those that are wanted; provisional and official if empty.
	Statuses []domain.Status
	// Search is words that all have to begin a word of the name, in any order,
	// without regard to case and marks.
	Search string
	// After is the Next of the page before.
	After string
	// Limit is how many rows there are at most; 0 for all.
	Limit int
}

// ErrCursor means that a register cannot go on where it is asked to: nobody with
// that id is in it.
var ErrCursor = errors.New("nobody with that id is in the register")

// Register returns who is on the roll, by given name, then by the rest of the
// name, as Vietnamese is sorted. Names are opened in memory, and kept there: some
// 300 bytes for each person. Nothing of them is written anywhere.
func (l *Ledger) Register(ctx context.Context, q RegisterQuestion) (Register, error) {
	out := Register{Report: "register", AsOf: q.AsOf, Rows: []RegisterRow{}}
	if q.Organisation != "" {
		out.Organisation = &q.Organisation
	}
	figures, err := l.Figures(ctx)
	if err != nil {
		return out, err
	}
	statuses := q.Statuses
	if len(statuses) == 0 {
		statuses = []domain.Status{domain.Provisional, domain.Official}
	}
	roll, directory, standing, err := figures.Roll(ctx, q.Question, func(s domain.Status) bool { return slices.Contains(statuses, s) })
	if err != nil {
		return out, err
	}
	out.Standing = standing
	if err := l.names.refresh(ctx, l); err != nil {
		return out, err
	}
	listed, err := l.listed(roll, q, standing.KnownAt)
	if err != nil {
		return out, err
	}
	listed, out.Closed = pick(listed, q.Search)
	out.Total = len(listed)
	if q.After != "" {
		i := slices.IndexFunc(listed, func(p listing) bool { return p.entry.Member.Subject.ID() == q.After })
		if i < 0 {
			return out, ErrCursor
		}
		listed = listed[i+1:]
	}
	if q.Limit > 0 && len(listed) > q.Limit {
		listed = listed[:q.Limit]
		next := listed[q.Limit-1].entry.Member.Subject.ID()
		out.Next = &next
	}
	for _, p := range listed {
		row, err := p.row(q.AsOf, standing.KnownAt, directory)
		if err != nil {
			return out, err
		}
		out.Rows = append(out.Rows, row)
	}
	return out, nil
}

// listing is somebody on the roll with a name, if that could be opened.
type listing struct {
	entry projections.RollEntry
	name  domain.Name
}

// listed gives those on a roll their names as they were on the day that is asked
// for.
func (l *Ledger) listed(roll []projections.RollEntry, q RegisterQuestion, known eventstore.Position) ([]listing, error) {
	out := make([]listing, len(roll))
	err := spread(len(roll), func(i int) error {
		out[i].entry = roll[i]
		if l.keys.erased(roll[i].Member.Subject) {
			return nil
		}
		given := l.names.of(roll[i].Member.Number)
		if len(given) == 0 {
			return nil
		}
		t, err := roll[i].Member.Timeline()
		if err != nil {
			return err
		}
		out[i].name = t.KnownAt(uint64(known)).NameOn(q.AsOf, given)
		return nil
	})
	return out, err
}

// pick returns those whose name a search finds, in the order of names, and how
// many names are closed.
func pick(all []listing, search string) (found []listing, closed int) {
	words := strings.Fields(plain(search))
	collator := collate.New(language.Vietnamese)
	var buffer collate.Buffer
	type sortable struct {
		listing
		given, whole []byte
	}
	var list []sortable
	for _, p := range all {
		if p.name.Full == "" {
			closed++
		}
		if !matches(plain(p.name.Full), words) {
			continue
		}
		name := norm.NFC.String(p.name.Full)
		s := sortable{listing: p}
		s.given = bytes.Clone(collator.KeyFromString(&buffer, givenName(name)))
		s.whole = bytes.Clone(collator.KeyFromString(&buffer, name))
		buffer.Reset()
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b sortable) int {
		if (a.name.Full == "") != (b.name.Full == "") {
			return cmp.Compare(len(b.name.Full), len(a.name.Full)) // the closed ones last
		}
		return cmp.Or(bytes.Compare(a.given, b.given), bytes.Compare(a.whole, b.whole), cmp.Compare(a.entry.Member.Subject, b.entry.Member.Subject))
	})
	for _, s := range list {
		found = append(found, s.listing)
	}
	return found, closed
}

// givenName returns the given name: the last word.
func givenName(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

// plain brings a name to what it is searched by: small letters without marks.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'đ':
			return 'd'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, norm.NFD.String(strings.ToLower(norm.NFC.String(s))))
}

// matches reports whether each of some words begins a word of a plain name.
func matches(name string, words []string) bool {
	for _, w := range words {
		if !strings.HasPrefix(name, w) && !strings.Contains(name, " "+w) {
			return false
		}
	}
	return true
}

// row returns somebody as the register shows them.
func (p listing) row(day domain.Date, known eventstore.Position, directory *domain.Directory) (RegisterRow, error) {
	cell := p.entry.Cell
	row := RegisterRow{
		Member: p.entry.Member.Subject.ID(), Status: cell.Status, Organisation: cell.Organisation, Gender: cell.Gender,
		Ethnicity: cmp.Or(string(cell.Ethnicity), domain.Unknown), Religion: cmp.Or(string(cell.Religion), domain.Unknown),
	}
	if p.name.Full != "" {
		row.Name, row.Born = &p.name.Full, p.name.Born()
	}
	t, err := p.entry.Member.Timeline()
	if err != nil {
		return row, err
	}
	life, _ := domain.LifeOf(t.KnownAt(uint64(known)), directory) // what is impossible was set aside
	admitted, confirmed := life.Membership(day)
	if admitted != 0 {
		row.AdmittedOn = &admitted
	}
	if confirmed != 0 {
		row.ConfirmedOn = &confirmed
	}
	return row, nil
}

// names are what was opened of the sealed entries that say who somebody is. They
// are in memory only.
type names struct {
	mu         sync.RWMutex
	generation int64
	upTo       int64 // sequence
	given      map[int64]map[uint64]*domain.Person
}

// of returns what the entries of a member say of them, by sequence. It must not
// be changed.
func (n *names) of(member int64) map[uint64]*domain.Person {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.given[member]
}

// refresh opens what has come since.
func (n *names) refresh(ctx context.Context, l *Ledger) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	const some = 4096
	var records []eventstore.Record
	var members []int64
	open := func() error {
		persons, err := l.persons(ctx, records)
		if err != nil {
			return err
		}
		for i, p := range persons {
			if p == nil {
				continue
			}
			// Who reads goes on with the map as it was.
			given := maps.Clone(n.given[members[i]])
			if given == nil {
				given = map[uint64]*domain.Person{}
			}
			given[uint64(records[i].Position)] = p
			n.given[members[i]] = given
		}
		n.upTo = int64(records[len(records)-1].Position)
		records, members = records[:0], members[:0]
		return nil
	}
	return l.store.Read(ctx, func(r projections.Reader) error {
		at, err := r.Checkpoint(ctx)
		if err != nil {
			return err
		}
		if n.given == nil || n.generation != at.Generation {
			n.generation, n.upTo, n.given = at.Generation, 0, map[int64]map[uint64]*domain.Person{}
		}
		subjects := map[int64]domain.Subject{}
		if err := r.SubjectsOf(ctx, domain.MemberKind, func(s projections.Subject) error {
			subjects[s.Number] = s.Subject
			return nil
		}); err != nil {
			return err
		}
		if err := r.Sealed(ctx, n.upTo, func(s projections.SealedEntry) error {
			records = append(records, eventstore.Record{
				Position: eventstore.Position(s.Sequence), Stream: string(subjects[s.Member]), ID: s.ID, Type: s.Type, Schema: s.Schema, Data: bytes.Clone(s.Data),
			})
			members = append(members, s.Member)
			if len(records) == some {
				return open()
			}
			return nil
		}); err != nil {
			return err
		}
		if len(records) > 0 {
			return open()
		}
		return nil
	})
}

// persons returns what records say of people; nil where that is closed.
func (l *Ledger) persons(ctx context.Context, records []eventstore.Record) ([]*domain.Person, error) {
	if err := l.keys.Load(ctx, records, domain.Identity); err != nil {
		return nil, err
	}
	out := make([]*domain.Person, len(records))
	err := spread(len(records), func(i int) error {
		e, closed, err := l.keys.decode(ctx, records[i])
		for _, c := range closed {
			if c.Class == domain.Identity.String() {
				return err
			}
		}
		if err == nil {
			out[i] = domain.PersonOf(e.Event)
		}
		return err
	})
	return out, err
}
