package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/projections"
)

// ErrUnknownSubject means that the ledger has never heard of a subject.
var ErrUnknownSubject = errors.New("unknown to the ledger")

// History is the timeline of a subject.
type History struct {
	Subject string `json:"subject"`
	// AsOf is the last day of the entries shown; nil for all, the future
	// included.
	AsOf *domain.Date `json:"as_of"`
	// Entries are in the order in which they count: by day, then by sequence.
	Entries []HistoryEntry `json:"entries"`
	// State is that of a member at the end of AsOf, or of today; nil for other
	// subjects.
	State *MemberState `json:"state"`
	// Version is the sequence of the subject's last entry, whatever its day.
	Version uint64 `json:"version"`
	// Findings are the departures of the entries shown from charter rules.
	Findings []projections.Finding `json:"findings"`
	projections.Standing
}

// HistoryEntry is an entry and what it did.
type HistoryEntry struct {
	Sequence    uint64          `json:"sequence"`
	ID          string          `json:"id"`
	Type        string          `json:"type"`
	EffectiveOn domain.Date     `json:"effectiveon"`
	Time        time.Time       `json:"time"`
	Actor       string          `json:"actor,omitempty"`
	Reason      string          `json:"reason,omitempty"`
	Data        json.RawMessage `json:"data"`
	// Closed are the parts that are sealed and could not be opened; their fields
	// are missing from Data, and Reason may be.
	Closed []Closed `json:"closed,omitempty"`
	// AnnulledBy is the id of the entry that annulled this one, "" if it counts.
	AnnulledBy string `json:"annulled_by,omitempty"`
	// Late is true when it was recorded after a later day's entry.
	Late bool `json:"late,omitempty"`
	// Findings are the charter rules that it departs from.
	Findings []projections.Finding `json:"findings,omitempty"`
	// State is the member's state after the entry; nil where the entry does not
	// count, and for other subjects.
	State *MemberState `json:"state"`
}

// MemberState is a member's state as people are shown it.
type MemberState struct {
	Status       domain.Status `json:"status"`
	Organisation string        `json:"organisation"`
	Temporarily  string        `json:"temporarily,omitempty"`
	EndedBy      string        `json:"ended_by,omitempty"`
	Mentors      []string      `json:"mentors,omitempty"`
}

func memberState(s domain.State) *MemberState {
	m := &MemberState{Status: s.Status, Organisation: s.Organisation, Temporarily: s.Temporarily, EndedBy: s.EndedBy()}
	for _, mentor := range s.Mentors() {
		m.Mentors = append(m.Mentors, mentor.Member)
	}
	return m
}

// History returns the timeline of a subject as it was known at a position (0
// for now) and up to the end of a day (zero for all). Today is the day whose
// state is asked for when no other is.
func (l *Ledger) History(ctx context.Context, subject domain.Subject, asOf, today domain.Date, knownAt eventstore.Position) (History, error) {
	return l.historyOf(ctx, subject, asOf, today, knownAt, func(rec eventstore.Record) (domain.Entry, []Closed, error) {
		return l.keys.decode(ctx, rec)
	})
}

// SealedHistory is [Ledger.History] with everything left sealed that is: the
// parts that are stand under Closed, with the code NOT_OPENED.
func (l *Ledger) SealedHistory(ctx context.Context, subject domain.Subject, asOf, today domain.Date, knownAt eventstore.Position) (History, error) {
	return l.historyOf(ctx, subject, asOf, today, knownAt, leaveSealed)
}

func (l *Ledger) historyOf(ctx context.Context, subject domain.Subject, asOf, today domain.Date, knownAt eventstore.Position,
	decode func(eventstore.Record) (domain.Entry, []Closed, error),
) (History, error) {
	h := History{Subject: string(subject), Entries: []HistoryEntry{}, Findings: []projections.Finding{}}
	figures, err := l.Figures(ctx)
	if err != nil {
		return h, err
	}
	directory, standing, err := figures.Directory(ctx, projections.Question{KnownAt: knownAt})
	if err != nil {
		return h, err
	}
	h.Standing = standing
	if asOf != 0 {
		h.AsOf = &asOf
	}
	records, err := l.load(ctx, string(subject))
	if err != nil {
		return h, err
	}
	if len(records) == 0 {
		return h, fmt.Errorf("%s: %w", subject, ErrUnknownSubject)
	}
	if err := l.keys.load(ctx, records); err != nil {
		return h, err
	}
	var entries []domain.Entry
	closed := map[uint64][]Closed{}
	for _, rec := range records {
		if rec.Position > standing.KnownAt {
			break
		}
		e, parts, err := decode(rec)
		if err != nil {
			return h, fmt.Errorf("position %d: %w", rec.Position, err)
		}
		closed[e.Sequence], h.Version = parts, e.Sequence
		entries = append(entries, e)
	}
	timeline := domain.NewTimeline(entries...)
	states := map[uint64]*MemberState{}
	if subject.Kind() == domain.MemberKind {
		life, r := domain.LifeOf(timeline, directory)
		if r != nil {
			return h, fmt.Errorf("%s was set aside: %w", subject, r)
		}
		for _, step := range life.Steps {
			states[step.Entry.Sequence] = memberState(step.State)
			if step.By != "" && (asOf == 0 || step.Entry.EffectiveOn <= asOf) {
				h.Entries = append(h.Entries, l.carried(ctx, step))
			}
		}
		day := today
		if asOf != 0 {
			day = asOf
		}
		h.State = memberState(life.State(day))
	}
	h.add(timeline, states, closed, asOf)
	return h, l.judge(ctx, figures, &h, subject, entries)
}

// judge adds the findings to a history of a subject's entries.
func (l *Ledger) judge(ctx context.Context, figures *projections.Figures, h *History, subject domain.Subject, entries []domain.Entry) (err error) {
	given := map[uint64]*domain.Person{}
	for _, e := range entries {
		if p := domain.PersonOf(e.Event); p != nil {
			given[e.Sequence] = p
		}
	}
	q := projections.Question{AsOf: domain.LastDay, KnownAt: h.KnownAt}
	if h.AsOf != nil {
		q.AsOf = *h.AsOf
	}
	if h.KnownAt == 0 {
		q.KnownAt = projections.NothingKnown
	}
	if h.Findings, err = figures.Verdicts(ctx, q, subject, domain.Embedded(), given); err != nil {
		return err
	}
	for i := range h.Entries {
		for _, f := range h.Findings {
			if f.Sequence == h.Entries[i].Sequence {
				h.Entries[i].Findings = append(h.Entries[i].Findings, f)
			}
		}
	}
	return nil
}

// In returns the history with the texts of its findings in a language, "vi" or
// "en".
func (h History) In(lang string) History {
	h.Findings, h.Entries = projections.InLanguage(h.Findings, lang), slices.Clone(h.Entries)
	for i := range h.Entries {
		h.Entries[i].Findings = projections.InLanguage(h.Entries[i].Findings, lang)
	}
	return h
}

// carried is what a merger did to a member: an entry of the organisation's.
func (l *Ledger) carried(ctx context.Context, step domain.Step) HistoryEntry {
	out := HistoryEntry{
		Sequence: step.Entry.Sequence, Type: "organisation.merged", EffectiveOn: step.Entry.EffectiveOn,
		Data: json.RawMessage(fmt.Sprintf(`{"organisation":%q,"into":%q}`, step.By, step.State.Organisation)), State: memberState(step.State),
	}
	if e, err := l.entryAt(ctx, eventstore.Position(step.Entry.Sequence)); err == nil {
		out.ID, out.Time, out.Actor = e.ID, e.Time, e.Actor
	}
	return out
}

func (h *History) add(t domain.Timeline, states map[uint64]*MemberState, closed map[uint64][]Closed, asOf domain.Date) {
	annulledBy := t.AnnulledBy()
	newest := domain.Date(0)
	for i, e := range t.Entries() {
		late := e.EffectiveOn < newest
		newest = max(newest, e.EffectiveOn)
		if asOf != 0 && e.EffectiveOn > asOf {
			continue
		}
		h.Entries = append(h.Entries, HistoryEntry{
			Sequence: e.Sequence, ID: e.ID, Type: e.Type(), EffectiveOn: e.EffectiveOn, Time: e.Time,
			Actor: e.Actor, Reason: e.Reason, Data: domain.AppendData(nil, e.Event, domain.All),
			Closed:     closed[e.Sequence],
			AnnulledBy: annulledBy[i], Late: late, State: states[e.Sequence],
		})
	}
	slices.SortStableFunc(h.Entries, func(a, b HistoryEntry) int {
		if a.EffectiveOn != b.EffectiveOn {
			return int(a.EffectiveOn - b.EffectiveOn)
		}
		if a.Sequence < b.Sequence {
			return -1
		}
		return 1
	})
}
