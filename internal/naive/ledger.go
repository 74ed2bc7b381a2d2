package naive

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Everything as knownAt means all entries.
const Everything uint64 = math.MaxUint64

// endOfTime is later than any effective date.
const endOfTime = "9999-12-31"

// Ledger holds recorded entries and computes every figure from all of them. The
// zero value is empty.
type Ledger struct {
	entries []entry // in order of sequence
}

// entry is a recorded event, with the fields of all event types that figures
// depend on side by side.
type entry struct {
	seq uint64

	ID          string `json:"id"`
	Type        string `json:"type"`
	Subject     string `json:"subject"`
	EffectiveOn string `json:"effectiveon"`
	Data        struct {
		Kind         string  `json:"kind"`
		Parent       string  `json:"parent"` // null reads as ""
		Into         string  `json:"into"`
		Year         int     `json:"year"`
		Grade        string  `json:"grade"`
		Admissions   int     `json:"admissions"`
		From         string  `json:"from"`
		To           string  `json:"to"`
		Commune      string  `json:"commune"`
		Cell         string  `json:"cell"`
		Joint        bool    `json:"joint"`
		Person       *person `json:"person"`
		Organisation string  `json:"organisation"`
		Mentor       string  `json:"mentor"`
		Cause        string  `json:"cause"`
		Temporary    bool    `json:"temporary"`
		Status       string  `json:"status"`
		AdmittedOn   string  `json:"admitted_on"`
		Annuls       string  `json:"annuls"`
		Course       string  `json:"course"`
		Measure      string  `json:"measure"`
	} `json:"data"`
}

// person is the part of a person object that figures depend on.
type person struct {
	Gender    string `json:"gender"`
	Ethnicity string `json:"ethnicity"`
	Religion  string `json:"religion"`
}

// id is the subject without its kind: "m1" of "member/m1".
func (e entry) id() string {
	_, id, _ := strings.Cut(e.Subject, "/")
	return id
}

func (e entry) isAnnulment() bool {
	return strings.HasSuffix(e.Type, ".entry_annulled")
}

// Add takes the event of one line as recorded at seq. Sequences must rise, gaps
// are allowed. System records are dropped.
func (l *Ledger) Add(seq uint64, line []byte) error {
	e := entry{seq: seq}
	var kind struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(line, &kind); err != nil {
		return fmt.Errorf("entry %d: %w", seq, err)
	}
	if !strings.HasPrefix(kind.Type, "organisation.") && !strings.HasPrefix(kind.Type, "village.") &&
		!strings.HasPrefix(kind.Type, "member.") {
		return nil // a system record
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return fmt.Errorf("entry %d: %w", seq, err)
	}
	if n := len(l.entries); n > 0 && l.entries[n-1].seq >= seq {
		return fmt.Errorf("entry %d: comes after entry %d", seq, l.entries[n-1].seq)
	}
	l.entries = append(l.entries, e)
	return nil
}

// counting returns the entries that count at the end of the day asOf, as far as
// known at the sequence knownAt, in order of (effective date, sequence).
//
// An annulled entry does not count, whatever its date. An annulment can be
// annulled itself, but only by a later one; so, going backwards, whether an
// annulment holds is settled before it is used.
func (l *Ledger) counting(asOf string, knownAt uint64) []entry {
	annulled := map[string]bool{}
	for _, e := range slices.Backward(l.entries) {
		if e.seq <= knownAt && e.isAnnulment() && !annulled[e.ID] {
			annulled[e.Data.Annuls] = true
		}
	}

	var counting []entry
	for _, e := range l.entries {
		if e.seq <= knownAt && e.EffectiveOn <= asOf && !annulled[e.ID] {
			counting = append(counting, e)
		}
	}
	slices.SortFunc(counting, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.EffectiveOn, b.EffectiveOn), cmp.Compare(a.seq, b.seq))
	})
	return counting
}

// at returns the world at the end of the day asOf, as far as known at knownAt.
func (l *Ledger) at(asOf string, knownAt uint64) *world {
	w, _ := l.replay(asOf, knownAt)
	return w
}

// replay returns the world at the end of the day asOf and every movement that
// led to it.
func (l *Ledger) replay(asOf string, knownAt uint64) (*world, []movement) {
	w := newWorld()
	var all []movement
	for _, e := range l.counting(asOf, knownAt) {
		changes, _ := w.apply(e) // an impossible entry changes nothing
		for _, c := range changes {
			if m, ok := movementOf(e, c); ok {
				all = append(all, m)
			}
		}
	}
	return w, all
}

// Organisations lists the organisations established up to the end of the day
// asOf, ended ones included, in order of id.
func (l *Ledger) Organisations(asOf string, knownAt uint64) []string {
	return sortedKeys(l.at(asOf, knownAt).organisations)
}

// Members lists the ids of all members with any entry, in order of id.
func (l *Ledger) Members() []string {
	ids := map[string]bool{}
	for _, e := range l.entries {
		if strings.HasPrefix(e.Subject, "member/") {
			ids[e.id()] = true
		}
	}
	return sortedKeys(ids)
}

// Subtree lists org and all organisations below it at the end of the day asOf,
// in order of id.
func (l *Ledger) Subtree(org, asOf string, knownAt uint64) []string {
	w := l.at(asOf, knownAt)
	ids := []string{}
	for _, id := range sortedKeys(w.organisations) {
		if w.within(id, org) {
			ids = append(ids, id)
		}
	}
	return ids
}
