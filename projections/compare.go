package projections

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"rollbook/domain"
	"rollbook/eventstore"
)

// Reason says why two sets of read models differ.
type Reason string

const (
	// Damaged: one program made both from the same records, so one was altered.
	Damaged Reason = "damaged"
	// OtherProgram: the programs that made them see the records otherwise.
	OtherProgram Reason = "program"
	// OtherKeys: ethnicity or religion could be opened for one of them only.
	OtherKeys Reason = "keys"
	// OtherParked: one of them has set the subject aside.
	OtherParked Reason = "parked"
)

// Difference is where two sets of read models differ: in the rows that one
// record made for one subject, or in what is kept of a subject.
type Difference struct {
	// Model is "headcount", "movements" or "indicators", "subjects" for the
	// entries that are kept of a subject, "sealed", "parked", or "ids".
	Model string `json:"model"`
	// Sequence is that of the record; 0 when it is not known.
	Sequence eventstore.Position `json:"sequence,omitempty"`
	Subject  string              `json:"subject,omitempty"`
	// Missing rows the first has not and the second has, Extra the reverse.
	Missing int    `json:"missing"`
	Extra   int    `json:"extra"`
	Reason  Reason `json:"reason"`
}

// Compare returns every difference of two sets of read models, by record. It
// holds the rows of one model of both in memory. Of two programs it is assumed
// that they differ for that; otherwise that one was damaged.
func Compare(ctx context.Context, a, b Reader, samePrograms bool) ([]Difference, error) {
	c := contrast{same: samePrograms}
	for i, r := range []Reader{a, b} {
		if err := c.both[i].load(ctx, r); err != nil {
			return nil, err
		}
	}
	for _, m := range Models() {
		if err := c.rows(ctx, m, a, b); err != nil {
			return nil, err
		}
	}
	if err := c.subjects(ctx, a, b); err != nil {
		return nil, err
	}
	if err := c.sealed(ctx, a, b); err != nil {
		return nil, err
	}
	if err := c.ids(ctx, a, b); err != nil {
		return nil, err
	}
	c.parked()
	return c.found, nil
}

type contrast struct {
	same  bool
	both  [2]side
	found []Difference
}

// side is what names stand for in one set of read models.
type side struct {
	names   map[int64]domain.Subject // members, by number
	cells   map[int64]domain.Cell
	parked  map[domain.Subject]Parked
	missing map[domain.Subject]bool // whose key is missing
}

func (s *side) load(ctx context.Context, r Reader) error {
	s.names, s.cells, s.parked, s.missing = map[int64]domain.Subject{}, map[int64]domain.Cell{}, map[domain.Subject]Parked{}, map[domain.Subject]bool{}
	if err := r.SubjectsOf(ctx, domain.MemberKind, func(m Subject) error {
		s.names[m.Number] = m.Subject
		return nil
	}); err != nil {
		return err
	}
	cells, err := r.Cells(ctx, 0)
	if err != nil {
		return err
	}
	for _, c := range cells {
		s.cells[c.Number] = c.Cell
	}
	parked, err := r.Parked(ctx)
	if err != nil {
		return err
	}
	for _, p := range parked {
		s.parked[p.Subject] = p
	}
	missing, err := r.MissingKeys(ctx)
	for _, m := range missing {
		s.missing[m.Subject] = true
	}
	return err
}

// reason says why something of a subject differs.
func (c *contrast) reason(s domain.Subject) Reason {
	_, waits := c.both[0].parked[s]
	_, waited := c.both[1].parked[s]
	switch {
	case waits != waited:
		return OtherParked
	case c.both[0].missing[s] != c.both[1].missing[s]:
		return OtherKeys
	case !c.same:
		return OtherProgram
	default:
		return Damaged
	}
}

// row is a row in words that mean the same on both sides.
type row struct {
	sequence int64
	subject  domain.Subject
	text     string
}

// spell reads the rows of a model and spells out what is numbered.
func (s *side) spell(ctx context.Context, r Reader, t Table) ([]row, error) {
	var rows []row
	var text strings.Builder
	err := r.Rows(ctx, t, 0, func(values []int64) {
		text.Reset()
		at := row{sequence: values[0]}
		for i, column := range t.Columns {
			switch column {
			case "sequence":
			case "member":
				at.subject = s.names[values[i]]
				if at.subject == "" {
					at.subject = domain.Subject(fmt.Sprint("member number ", values[i]))
				}
			case "from_cell", "to_cell":
				fmt.Fprintf(&text, "%q ", s.cells[values[i]])
			default:
				fmt.Fprintf(&text, "%d ", values[i])
			}
		}
		at.text = text.String()
		rows = append(rows, at)
	})
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.sequence, b.sequence), cmp.Compare(a.subject, b.subject), cmp.Compare(a.text, b.text))
	})
	return rows, err
}

func (c *contrast) rows(ctx context.Context, m Model, a, b Reader) error {
	// Most often they are the same to the byte, which is seen without spelling.
	_, one, err := Digest(ctx, a, m.Table)
	if err != nil {
		return err
	}
	_, other, err := Digest(ctx, b, m.Table)
	if err != nil || one == other {
		return err
	}
	first, err := c.both[0].spell(ctx, a, m.Table)
	if err != nil {
		return err
	}
	second, err := c.both[1].spell(ctx, b, m.Table)
	if err != nil {
		return err
	}
	note := func(r row, missing, extra int) {
		if n := len(c.found) - 1; n >= 0 && c.found[n].Model == m.Name && c.found[n].Sequence == eventstore.Position(r.sequence) && c.found[n].Subject == string(r.subject) {
			c.found[n].Missing += missing
			c.found[n].Extra += extra
			return
		}
		c.found = append(c.found, Difference{m.Name, eventstore.Position(r.sequence), string(r.subject), missing, extra, c.reason(r.subject)})
	}
	for len(first) > 0 || len(second) > 0 {
		order := 0
		switch {
		case len(first) == 0:
			order = 1
		case len(second) == 0:
			order = -1
		default:
			order = cmp.Or(cmp.Compare(first[0].sequence, second[0].sequence), cmp.Compare(first[0].subject, second[0].subject), cmp.Compare(first[0].text, second[0].text))
		}
		switch {
		case order < 0:
			note(first[0], 0, 1)
			first = first[1:]
		case order > 0:
			note(second[0], 1, 0)
			second = second[1:]
		default:
			first, second = first[1:], second[1:]
		}
	}
	return nil
}

// kept is a hash of what is kept of a subject, so that many fit into memory.
type kept struct {
	head    eventstore.Head
	entries [16]byte
}

func fingerprint(b []byte) (f [16]byte) {
	sum := sha256.Sum256(b)
	copy(f[:], sum[:])
	return f
}

func keptSubjects(ctx context.Context, r Reader) (map[domain.Subject]kept, error) {
	all := map[domain.Subject]kept{}
	for _, kind := range []domain.Kind{domain.OrganisationKind, domain.VillageKind, domain.MemberKind, SystemKind} {
		if err := r.SubjectsOf(ctx, kind, func(s Subject) error {
			all[s.Subject] = kept{s.Head, fingerprint(s.Entries)}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (c *contrast) subjects(ctx context.Context, a, b Reader) error {
	first, err := keptSubjects(ctx, a)
	if err != nil {
		return err
	}
	second, err := keptSubjects(ctx, b)
	if err != nil {
		return err
	}
	var found []Difference
	for s, one := range first {
		other, there := second[s]
		if !there {
			found = append(found, Difference{"subjects", one.head.Position, string(s), 0, 1, c.reason(s)})
		} else if one != other {
			found = append(found, Difference{"subjects", other.head.Position, string(s), 1, 1, c.reason(s)})
		}
	}
	for s, other := range second {
		if _, there := first[s]; !there {
			found = append(found, Difference{"subjects", other.head.Position, string(s), 1, 0, c.reason(s)})
		}
	}
	c.add(found)
	return nil
}

func (c *contrast) sealed(ctx context.Context, a, b Reader) error {
	first := map[int64][16]byte{}
	print := func(i int, s SealedEntry) [16]byte {
		return fingerprint(fmt.Appendf(nil, "%s %q %q %q %x", c.both[i].names[s.Member], s.ID, s.Type, s.Schema, s.Data))
	}
	owners := map[int64]domain.Subject{}
	if err := a.Sealed(ctx, 0, func(s SealedEntry) error {
		first[s.Sequence], owners[s.Sequence] = print(0, s), c.both[0].names[s.Member]
		return nil
	}); err != nil {
		return err
	}
	var found []Difference
	note := func(at int64, who domain.Subject, missing, extra int) {
		found = append(found, Difference{"sealed", eventstore.Position(at), string(who), missing, extra, c.reason(who)})
	}
	if err := b.Sealed(ctx, 0, func(s SealedEntry) error {
		have, there := first[s.Sequence]
		delete(first, s.Sequence)
		switch who := c.both[1].names[s.Member]; {
		case !there:
			note(s.Sequence, who, 1, 0)
		case have != print(1, s):
			note(s.Sequence, who, 1, 1)
		}
		return nil
	}); err != nil {
		return err
	}
	for at := range first {
		note(at, owners[at], 0, 1)
	}
	c.add(found)
	return nil
}

func (c *contrast) ids(ctx context.Context, a, b Reader) error {
	first := map[[16]byte]eventstore.Position{}
	if err := a.IDs(ctx, func(id string, at eventstore.Position) error {
		first[fingerprint([]byte(id))] = at
		return nil
	}); err != nil {
		return err
	}
	var found []Difference
	if err := b.IDs(ctx, func(id string, at eventstore.Position) error {
		print := fingerprint([]byte(id))
		if first[print] != at {
			found = append(found, Difference{"ids", at, "", 1, 0, c.reason("")})
		}
		delete(first, print)
		return nil
	}); err != nil {
		return err
	}
	for _, at := range first {
		found = append(found, Difference{"ids", at, "", 0, 1, c.reason("")})
	}
	c.add(found)
	return nil
}

func (c *contrast) parked() {
	var found []Difference
	for i, s := range c.both {
		for subject, p := range s.parked {
			if c.both[1-i].parked[subject] != p {
				found = append(found, Difference{"parked", p.Position, string(subject), i, 1 - i, OtherParked})
			}
		}
	}
	if c.same { // then nobody should have set somebody aside alone
		for i := range found {
			found[i].Reason = Damaged
		}
	}
	c.add(found)
}

// add takes in differences, in an order that is always the same.
func (c *contrast) add(found []Difference) {
	slices.SortFunc(found, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Sequence, b.Sequence), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Extra, b.Extra))
	})
	c.found = append(c.found, found...)
}
