package ledger

import (
	"context"
	"fmt"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/projections"
)

// verdict is what comes of an entry that somebody wants to record.
type verdict int

const (
	rejected verdict = iota
	accepted
	unchanged // it is in the ledger already
)

// parsed is an event as it was read, before anything is decided.
type parsed struct {
	entry domain.Entry
	err   error
}

func (l *Ledger) parse(line []byte) parsed {
	e, err := l.codec.Read(line)
	if err != nil {
		return parsed{entry: e, err: err}
	}
	id := l.codec.DerivedID(e)
	if e.ID == "" {
		e.ID = id
	}
	e.Derived = e.ID == id
	return parsed{entry: e}
}

// session decides on one entry after another, each on top of those accepted
// before it, whether or not these are in the log yet.
type session struct {
	ledger *Ledger
	reader projections.Reader
	world  *projections.World
	next   uint64 // the sequence that the next accepted entry will have
	ids    map[string]domain.Entry
	parked map[domain.Subject]bool
}

func (l *Ledger) newSession(ctx context.Context, r projections.Reader) (*session, error) {
	at, err := r.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	w, err := l.world(ctx, r)
	if err != nil {
		return nil, err
	}
	s := &session{
		ledger: l, reader: r, world: w, next: uint64(at.Position) + 1,
		ids: map[string]domain.Entry{}, parked: map[domain.Subject]bool{},
	}
	parked, err := r.Parked(ctx)
	for _, p := range parked {
		s.parked[p.Subject] = true
	}
	return s, err
}

// decide judges an entry and, if it is accepted, takes it into the world. For an
// accepted entry it returns the head that its stream must have. Only what
// breaks the ledger itself is an error besides a *[domain.Rejection].
func (s *session) decide(ctx context.Context, p parsed) (entry domain.Entry, expected eventstore.Head, v verdict, err error) {
	e := p.entry
	if p.err != nil {
		return e, expected, rejected, p.err
	}
	if s.parked[e.Subject] {
		return e, expected, rejected, &domain.Rejection{Code: domain.Invariant, Field: "subject", Message: domain.Text{
			EN: "was set aside because a record of it was not understood; see `rollbook projections list`, and update the program or correct the record first",
			VI: "đã bị tạm gác vì có bản ghi không hiểu được; xem `rollbook projections list`, cập nhật chương trình hoặc sửa bản ghi trước",
		}}
	}
	present, err := s.present(ctx, e)
	if err != nil {
		return e, expected, rejected, err
	}
	if present {
		return e, expected, unchanged, nil
	}
	if s.ledger.keys.erased(e.Subject) {
		return e, expected, rejected, erased()
	}
	e.Sequence = s.next
	if err := domain.Decide(s.world, e); err != nil {
		if broken := s.world.Err(); broken != nil {
			err = broken
		}
		return e, expected, rejected, err
	}
	expected = s.world.Head(e.Subject)
	if _, err := s.world.Apply(e); err != nil {
		return e, expected, rejected, fmt.Errorf("accepted but not applicable, which is a defect of the program: %w", err)
	}
	if !e.Derived {
		s.ids[e.ID] = e
	}
	s.next++
	return e, expected, accepted, s.world.Err()
}

// erased is the answer to an entry of somebody whose keys were destroyed.
func erased() error {
	return &domain.Rejection{Code: domain.Forbidden, Field: "subject", Message: domain.Text{
		EN: "was erased: its keys were destroyed, and nothing can be recorded of it any more; whoever comes back gets a new id",
		VI: "đã bị xoá dữ liệu: khoá đã huỷ nên không thể ghi thêm; người quay lại được cấp mã mới",
	}}
}

// present reports whether the entry is in the ledger already. The same id with
// other content is a rejection.
func (s *session) present(ctx context.Context, e domain.Entry) (bool, error) {
	at := s.world.EntryID(e.Subject, e.ID)
	if e.Derived {
		// The id is a keyed hash of the content: where it is, the content is.
		return at != 0, nil
	}
	have, inSession := s.ids[e.ID]
	if !inSession {
		if at == 0 {
			found, err := s.reader.IDPosition(ctx, e.ID)
			if err != nil || found == 0 {
				return false, err
			}
			at = uint64(found)
		}
		var err error
		if have, err = s.ledger.entryAt(ctx, eventstore.Position(at)); err != nil {
			return false, err
		}
	}
	if domain.Same(have, e) {
		return true, nil
	}
	if have.Missing != 0 && have.Subject == e.Subject {
		if s.ledger.keys.erased(e.Subject) {
			return false, erased()
		}
		return false, fmt.Errorf("%w: the event %s is in the log and cannot be opened to compare it", ErrNoKeys, e.ID)
	}
	return false, &domain.Rejection{Code: domain.DuplicateID, Field: "id", Message: domain.Text{
		EN: fmt.Sprintf("stands for another event of %s already; give this one another id, or leave the id out", have.Subject),
		VI: fmt.Sprintf("đã dùng cho một sự kiện khác của %s; hãy dùng mã khác hoặc bỏ trống mã", have.Subject),
	}}
}

// Outcome is what came of recording one event.
type Outcome struct {
	Status   string `json:"status"` // "accepted" or "unchanged"
	ID       string `json:"id"`
	Type     string `json:"type"`
	Subject  string `json:"subject"`
	Sequence uint64 `json:"sequence"`
}

// Record takes in one event in the form of a CloudEvents JSON object. It
// returns when the event is on disk. Errors: a *[domain.Rejection] if it cannot
// be accepted, a *[eventstore.VersionError] if another writer was first (try
// again), [ErrNoKeys] if it cannot be sealed, [eventstore.ErrUnknownOutcome] if the log cannot be asked (send the
// same event again: it is stored once).
func (l *Ledger) Record(ctx context.Context, event []byte) (Outcome, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.parse(event)
	if p.err != nil {
		return Outcome{}, p.err
	}
	if l.keys.vault == nil {
		return Outcome{}, l.keys.missing
	}
	if err := l.anchor.mayAppend(); err != nil {
		return Outcome{}, err
	}
	if err := l.CatchUp(ctx, nil); err != nil {
		return Outcome{}, err
	}
	out := Outcome{ID: p.entry.ID, Type: p.entry.Type(), Subject: string(p.entry.Subject)}
	err := l.store.Read(ctx, func(r projections.Reader) error {
		s, err := l.newSession(ctx, r)
		if err != nil {
			return err
		}
		e, expected, v, err := s.decide(ctx, p)
		switch {
		case err != nil:
			return err
		case v == unchanged:
			out.Status, out.Sequence = "unchanged", s.world.EntryID(e.Subject, e.ID)
			return nil
		}
		records, err := l.keys.seal(ctx, []pending{{e, expected.Count == 0}})
		if err != nil {
			return err
		}
		at, err := l.log.Append(ctx, eventstore.Write{Stream: string(e.Subject), Expected: expected, Records: records})
		out.Status, out.Sequence = "accepted", uint64(at)
		return err
	})
	if err != nil {
		return Outcome{}, err
	}
	return out, nil
}
