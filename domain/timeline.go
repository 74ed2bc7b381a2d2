package domain

import (
	"cmp"
	"slices"
	"sort"
)

// Timeline is the history of one subject: its entries in the order of the log.
// A Timeline is a value: With returns another.
type Timeline struct {
	entries []Entry
}

// NewTimeline returns the timeline of entries that stand in the order of the
// log.
func NewTimeline(entries ...Entry) Timeline { return Timeline{entries} }

// Len returns the number of entries, annulled ones included.
func (t Timeline) Len() int { return len(t.entries) }

// Entries returns all entries in the order of the log. The caller must not
// change them.
func (t Timeline) Entries() []Entry { return t.entries }

// Last returns the sequence of the newest entry, zero if there is none.
func (t Timeline) Last() uint64 {
	if len(t.entries) == 0 {
		return 0
	}
	return t.entries[len(t.entries)-1].Sequence
}

// With returns the timeline with one more entry, whose sequence must be the
// highest.
func (t Timeline) With(e Entry) Timeline {
	return Timeline{append(slices.Clip(t.entries), e)}
}

// KnownAt returns the timeline as it was when the log ended at a sequence.
func (t Timeline) KnownAt(sequence uint64) Timeline {
	n := sort.Search(len(t.entries), func(i int) bool { return t.entries[i].Sequence > sequence })
	return Timeline{t.entries[:n:n]}
}

// Find returns the entry with an id.
func (t Timeline) Find(id string) (Entry, bool) {
	for _, e := range t.entries {
		if e.ID == id {
			return e, true
		}
	}
	return Entry{}, false
}

// AnnulledBy returns for each entry, by its place in Entries, the id of the
// entry that annuls it, "" if it counts. An annulment can be annulled in turn:
// then the entry counts again.
func (t Timeline) AnnulledBy() []string {
	by := make([]string, len(t.entries))
	for i := len(t.entries) - 1; i > 0; i-- {
		id := annulled(t.entries[i].Event)
		if id == "" || by[i] != "" {
			continue
		}
		for j := range i {
			if t.entries[j].ID == id {
				by[j] = t.entries[i].ID
			}
		}
	}
	return by
}

// counting returns the entries that count, in the order in which they do.
// Annulments are not among them: they have done their work.
func (t Timeline) counting() []Entry {
	var out []Entry
	plain := true
	for i := range t.entries {
		if annulled(t.entries[i].Event) != "" || i > 0 && t.entries[i].Point().Before(t.entries[i-1].Point()) {
			plain = false
			break
		}
	}
	if plain {
		return t.entries
	}
	by := t.AnnulledBy()
	for i, e := range t.entries {
		if by[i] == "" && annulled(e.Event) == "" {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.EffectiveOn, b.EffectiveOn), cmp.Compare(a.Sequence, b.Sequence))
	})
	return out
}

// checkAnnulment reports why the newest entry, if it annuls something, may not.
func (t Timeline) checkAnnulment() *Rejection {
	e := t.entries[len(t.entries)-1]
	id := annulled(e.Event)
	if id == "" {
		return nil
	}
	before := Timeline{t.entries[:len(t.entries)-1]}
	for i, target := range before.entries {
		if target.ID != id {
			continue
		}
		if before.AnnulledBy()[i] != "" {
			return clash(target, Text{
				EN: "the entry is annulled already", VI: "mục này đã bị huỷ trước đó",
			})
		}
		if target.EffectiveOn != e.EffectiveOn {
			return rejectf(BadValue, "effectiveon", Text{
				EN: "an annulment counts on the day of the entry that it annuls, %s", VI: "ngày hiệu lực của việc huỷ phải trùng ngày của mục bị huỷ, %s",
			}, target.EffectiveOn)
		}
		return nil
	}
	return rejectf(UnknownEntity, "data.annuls", Text{
		EN: "%s has no entry with this id", VI: "%s không có mục nào mang mã này",
	}, e.Subject)
}

// earlier returns whichever of two entries that exclude each other was recorded
// first: it stands in the way of the other.
func earlier(a Entry, id string, p Point) Entry {
	if p.Sequence < a.Sequence {
		return Entry{ID: id}
	}
	return a
}

// clash rejects an entry because of another, which may be the entry itself.
func clash(with Entry, t Text, args ...any) *Rejection {
	r := rejectf(Invariant, "", t, args...)
	r.Clash = with.ID
	return r
}
