package ledger

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"

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
	by    *By // who records it; nil is the owner
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

// looked is what was read of the read models before it was an entry's turn, so
// that others need not wait for it.
type looked struct {
	reads    int // of the world that it belongs to
	subjects []projections.Subject
	id       eventstore.Position // of the record that has the entry's id
}

// look reads what the decision on an entry will ask for and the world does not
// have.
func (d *desk) look(ctx context.Context, e domain.Entry) (looked, error) {
	var absent []domain.Subject
	d.mu.Lock()
	seen := looked{reads: d.reads}
	if d.world != nil {
		for _, s := range restsOn(e) {
			if !d.world.Has(s) {
				absent = append(absent, s)
			}
		}
	}
	_, known := d.ids[e.ID]
	d.mu.Unlock()
	if len(absent) == 0 && (e.Derived || known) {
		return seen, nil
	}
	err := d.ledger.store.Read(ctx, func(r projections.Reader) (err error) {
		for _, s := range absent {
			found, _, err := r.Subject(ctx, s)
			if err != nil {
				return err
			}
			found.Subject = s
			seen.subjects = append(seen.subjects, found)
		}
		if !e.Derived && !known {
			seen.id, err = r.IDPosition(ctx, e.ID)
		}
		return err
	})
	return seen, err
}

// restsOn returns the members whose lives a decision looks at.
func restsOn(e domain.Entry) []domain.Subject {
	if e.Subject.Kind() != domain.MemberKind {
		return nil // the world has all others
	}
	subjects := []domain.Subject{e.Subject}
	if mentor := domain.MentorIn(e.Event); mentor != "" {
		subjects = append(subjects, domain.MemberSubject(mentor))
	}
	return subjects
}

// learn takes in what was looked up, unless the world is another by now. The
// caller holds mu.
func (d *desk) learn(seen looked) error {
	if seen.reads != d.reads {
		return nil
	}
	for _, s := range seen.subjects {
		if d.world.Has(s.Subject) {
			continue
		}
		if err := d.world.Learn(s); err != nil {
			return err
		}
	}
	return nil
}

// judgement is what comes of an entry.
type judgement struct {
	verdict verdict
	entry   domain.Entry
	// expected is the head that the entry's stream must have, if it is accepted.
	expected eventstore.Head
	// claims go along with it.
	claims []claim
	// charter is what the charter says of it, if it was asked.
	charter domain.Verdict
	// rests is who else the charter's verdict rests on.
	rests []domain.Subject
	// twin is the record that has the entry's id, or the entry itself if it is
	// not stored.
	twin given
}

// judge judges an entry, and changes nothing. It is judged by the charter too if
// there is a bench. Only what breaks the ledger itself is an error besides a
// *[domain.Rejection]. The caller holds mu.
func (d *desk) judge(p parsed, seen looked, exchanges []exchange, b *bench) (judgement, error) {
	e := p.entry
	j := judgement{entry: e}
	if err := d.may(p); err != nil {
		return j, err
	}
	if d.parked[e.Subject] {
		return j, &domain.Rejection{Code: domain.Invariant, Field: "subject", Message: domain.Text{
			EN: "was set aside because a record of it was not understood; see `rollbook projections list`, and update the program or correct the record first",
			VI: "đã bị tạm gác vì có bản ghi không hiểu được; xem `rollbook projections list`, cập nhật chương trình hoặc sửa bản ghi trước",
		}}
	}
	j.twin = d.twin(e, seen)
	if err := d.world.Err(); err != nil {
		return j, err
	}
	if j.twin.at != 0 {
		j.verdict = unchanged // unless it says something else
		return j, nil
	}
	if d.ledger.keys.erased(e.Subject) {
		return j, erased()
	}
	if err := domain.Decide(d.world, e); err != nil {
		if broken := d.world.Err(); broken != nil {
			err = broken
		}
		return j, err
	}
	if err := b.judge(d.world, &j); err != nil {
		if broken := d.world.Err(); broken != nil {
			err = broken
		}
		return j, err
	}
	var err error
	if j.claims, err = d.claims(e, exchanges); err != nil {
		return j, err
	}
	j.expected = d.world.Head(e.Subject)
	if p.by.stale(j.expected) {
		return j, &StaleError{e.Subject, *p.by.IfVersion, j.expected.Position}
	}
	j.verdict = accepted
	return j, d.world.Err()
}

// twin finds the record that has an entry's id. The caller holds mu.
func (d *desk) twin(e domain.Entry, seen looked) given {
	at := eventstore.Position(d.world.EntryID(e.Subject, e.ID))
	if e.Derived {
		return given{at: at}
	}
	if g, ok := d.ids[e.ID]; ok {
		return g
	}
	if at == 0 {
		at = seen.id
	}
	return given{at: at}
}

// erased is the answer to an entry of somebody whose keys were destroyed.
func erased() error {
	return &domain.Rejection{Code: domain.Forbidden, Field: "subject", Message: domain.Text{
		EN: "was erased: its keys were destroyed, and nothing can be recorded of it any more; whoever comes back gets a new id",
		VI: "đã bị xoá dữ liệu: khoá đã huỷ nên không thể ghi thêm; người quay lại được cấp mã mới",
	}}
}

// decideAhead judges an event on all that is stored and all that was decided
// ahead of the log before it, and takes it into the world if it is accepted, with
// the sequence that it will have. The caller has the desk to itself.
func (d *desk) decideAhead(ctx context.Context, p parsed, b *bench) (judgement, error) {
	e := &p.entry
	d.mu.Lock()
	e.Sequence = uint64(d.base) + d.own + d.ahead + 1
	t, changes := d.numbers(*e)
	d.mu.Unlock()
	var exchanges []exchange
	var err error
	if changes {
		if exchanges, err = d.exchanges(ctx, t, *e); err != nil {
			return judgement{entry: *e}, err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var seen looked
	if _, known := d.ids[e.ID]; !e.Derived && !known && d.base > 0 {
		err := d.read(func(r projections.Reader) (err error) {
			seen.id, err = r.IDPosition(ctx, e.ID)
			return err
		})
		if err != nil {
			return judgement{}, err
		}
	}
	j, err := d.judge(p, seen, exchanges, b)
	if err != nil || j.verdict != accepted {
		return j, err
	}
	b.hear(j.entry)
	return j, d.foresee(j)
}

// foresee takes into the world what was accepted ahead of the log, with the
// sequence that it will have. The caller holds mu.
func (d *desk) foresee(j judgement) error {
	at := eventstore.Position(j.entry.Sequence)
	_, err := d.world.Apply(j.entry)
	for i, c := range j.claims {
		if err == nil {
			err = d.world.ApplyClaim(c.stream, at+1+eventstore.Position(i), c.says)
		}
	}
	if err != nil {
		return fmt.Errorf("accepted but not applicable, which is a defect of the program: %w", err)
	}
	d.ahead += 1 + uint64(len(j.claims))
	if !j.entry.Derived {
		d.ids[j.entry.ID] = given{at, &j.entry}
	}
	for _, kind := range domain.NumberKinds() {
		if kind.MayBeIn(j.entry.Event) {
			d.unstored[numberOf{j.entry.Sequence, kind}] = d.ledger.claimOf(kind, j.entry)
		}
	}
	return nil
}

// numbers returns the timeline of an entry's subject if the entry may change
// which numbers the subject has. The caller holds mu.
func (d *desk) numbers(e domain.Entry) (t domain.Timeline, changes bool) {
	if e.Subject.Kind() != domain.MemberKind || d.ledger.keys.erased(e.Subject) || d.world.EntryID(e.Subject, e.ID) != 0 {
		return t, false
	}
	annuls := domain.Annuls(e.Event)
	for _, kind := range domain.NumberKinds() {
		changes = changes || annuls || kind.In(e.Event) != ""
	}
	if changes {
		t = d.world.Timeline(e.Subject)
	}
	return t, changes
}

// same returns nil if the record that has an entry's id says what the entry says.
// Otherwise it is a rejection.
func (l *Ledger) same(ctx context.Context, e domain.Entry, twin given) error {
	if e.Derived {
		return nil // the id is a keyed hash of the content: where it is, the content is
	}
	var have domain.Entry
	if twin.entry != nil {
		have = *twin.entry
	} else {
		var err error
		if have, err = l.entryAt(ctx, twin.at); err != nil {
			return err
		}
	}
	if domain.Same(have, e) {
		return nil
	}
	if have.Missing != 0 && have.Subject == e.Subject {
		if l.keys.erased(e.Subject) {
			return erased()
		}
		return fmt.Errorf("%w: the event %s is in the log and cannot be opened to compare it", ErrNoKeys, e.ID)
	}
	return &domain.Rejection{Code: domain.DuplicateID, Field: "id", Message: domain.Text{
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
	// Policy is the version of the charter's rules that an accepted event was
	// judged by; empty if none was in force on its day.
	Policy string `json:"policy,omitempty"`
	// Findings are the departures from the charter for which it gave leave.
	Findings []Excepted `json:"findings,omitempty"`
}

// mostTries is how often an event is decided on anew because another process
// was first.
const mostTries = 10

// Record takes in one event in the form of a CloudEvents JSON object. It
// returns when the event is on disk. Events that do not rest on each other are
// stored together when they are recorded at the same time. Once an event is on
// its way, the end of ctx does not stop it.
//
// Errors: a *[domain.Rejection] if it cannot be accepted, a
// *[eventstore.VersionError] if other processes were first again and again (try
// again), [ErrNoKeys] if it cannot be sealed, [eventstore.ErrUnavailable] if the
// log takes nothing now (nothing was stored), [eventstore.ErrUnknownOutcome] if
// the log cannot be asked (send the same event again: it is stored once).
func (l *Ledger) Record(ctx context.Context, event []byte) (Outcome, error) {
	return l.RecordBy(ctx, event, By{})
}

// RecordBy is [Ledger.Record] on somebody's behalf. It also returns a
// [*StaleError], and what by.May returns.
func (l *Ledger) RecordBy(ctx context.Context, event []byte, by By) (Outcome, error) {
	ctx, span := l.tracing.begin(ctx, "record")
	out, err := l.recordBy(ctx, event, by)
	l.meters.noteRecorded(out, err)
	if err == nil {
		span.SetAttributes(attribute.String("rollbook.event.type", out.Type), attribute.String("rollbook.outcome", out.Status))
	}
	endSpan(span, err)
	return out, err
}

func (l *Ledger) recordBy(ctx context.Context, event []byte, by By) (Outcome, error) {
	p := by.sign(l.parse(event))
	if p.err != nil {
		return Outcome{}, p.err
	}
	if l.keys.vault == nil {
		return Outcome{}, l.keys.missing
	}
	if err := l.anchor.mayAppend(); err != nil {
		return Outcome{}, err
	}
	defer l.desk.clear()
	needs := append(needsOf(p.entry), l.claimNeeds(p.entry)...)
	for tries := 1; ; tries++ {
		out, more, err := l.desk.record(ctx, p, needs)
		if needs = append(needs, more...); tries == mostTries {
			return out, err
		}
		if _, conflict := errors.AsType[*eventstore.VersionError](err); !conflict && len(more) == 0 {
			return out, err
		}
	}
}

// Try says what [Ledger.RecordBy] would, and stores nothing. The sequence of an
// event that would be accepted is 0.
func (l *Ledger) Try(ctx context.Context, event []byte, by By) (Outcome, error) {
	p := by.sign(l.parse(event))
	if p.err != nil {
		return Outcome{}, p.err
	}
	needs := append(needsOf(p.entry), l.claimNeeds(p.entry)...)
	for tries := 1; ; tries++ {
		out, more, err := l.desk.try(ctx, p, needs)
		if needs = append(needs, more...); len(more) == 0 || tries == mostTries {
			return out, err
		}
	}
}

// try is record without storing.
func (d *desk) try(ctx context.Context, p parsed, needs []need) (out Outcome, more []need, err error) {
	leave, err := d.enter(ctx, needs)
	if err != nil {
		return out, nil, err
	}
	defer leave()
	j, more, err := d.decide(ctx, p, needs)
	if err != nil {
		return out, more, err
	}
	out = Outcome{Status: "accepted", ID: p.entry.ID, Type: p.entry.Type(), Subject: string(p.entry.Subject)}
	if j.verdict == unchanged {
		out.Status, out.Sequence = "unchanged", uint64(j.twin.at)
		return out, nil, d.ledger.same(ctx, j.entry, j.twin)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flying -= uint64(1 + len(j.claims))
	return out, nil, nil
}

// record decides on an event and stores it, when everything that it needs is
// free. If it turns out to need more, it does nothing and says what.
func (d *desk) record(ctx context.Context, p parsed, needs []need) (out Outcome, more []need, err error) {
	leave, err := d.enter(ctx, needs)
	if err != nil {
		return Outcome{}, nil, err
	}
	defer leave()
	deciding, span := d.ledger.tracing.begin(ctx, "decide")
	j, more, err := d.decide(deciding, p, needs)
	endSpan(span, err)
	if err != nil {
		return Outcome{}, more, err
	}
	out = Outcome{ID: p.entry.ID, Type: p.entry.Type(), Subject: string(p.entry.Subject)}
	if j.verdict == unchanged {
		if err := d.ledger.same(ctx, j.entry, j.twin); err != nil {
			return Outcome{}, nil, err
		}
		out.Status, out.Sequence = "unchanged", uint64(j.twin.at)
		return out, nil, nil
	}
	at, err := d.store(ctx, j)
	if err != nil {
		return Outcome{}, nil, err
	}
	out.Status, out.Sequence, out.Policy = "accepted", uint64(at), j.charter.Policy
	for _, d := range j.charter.Departures {
		out.Findings = append(out.Findings, Excepted{Rule: d.Rule, Source: d.Source.String(), Title: d.Title})
	}
	return out, nil, nil
}

// decide judges an event on all that is stored. One that is accepted counts as
// flying from now on.
func (d *desk) decide(ctx context.Context, p parsed, needs []need) (j judgement, more []need, err error) {
	if err := d.prepare(ctx); err != nil {
		return j, nil, err
	}
	seen, err := d.look(ctx, p.entry)
	if err != nil {
		return j, nil, err
	}
	p.entry.Sequence = unplaced
	b, err := d.ledger.bench(ctx, p.entry)
	if err != nil {
		return j, nil, err
	}
	for _, sure := range []bool{false, true} {
		if j, more, err = d.decideOnce(ctx, p, needs, seen, b, sure); err == nil || more != nil {
			break
		}
	}
	return j, more, err
}

func (d *desk) decideOnce(ctx context.Context, p parsed, needs []need, seen looked, b *bench, sure bool) (j judgement, more []need, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ready := func() error {
		if err := d.current(ctx, sure); err != nil {
			return err
		}
		return d.learn(seen)
	}
	if err := ready(); err != nil {
		return j, nil, err
	}
	var exchanges []exchange
	if t, changes := d.numbers(p.entry); changes {
		d.mu.Unlock() // others need not wait for what is read from the log
		exchanges, err = d.exchanges(ctx, t, p.entry)
		d.mu.Lock()
		if err != nil {
			return j, nil, err
		}
		if more := uncovered(exchanges, needs); len(more) > 0 {
			return j, more, errLocks
		}
		if err := ready(); err != nil {
			return j, nil, err
		}
	}
	j, err = d.judge(p, seen, exchanges, b)
	if more := unheld(j.rests, needs); len(more) > 0 {
		return j, more, errLocks
	}
	if err == nil && j.verdict == accepted {
		d.flying += uint64(1 + len(j.claims))
	}
	return j, nil, err
}

// store seals and appends an event that is flying, with its claims, and returns
// its sequence.
func (d *desk) store(ctx context.Context, j judgement) (eventstore.Position, error) {
	var a appended
	a.add(j)
	records, err := d.ledger.keys.seal(ctx, a.entries)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.flying -= uint64(len(a.entries))
		return 0, err
	}
	a.fill(records)
	// Who no longer waits must not leave an event of unknown fate.
	at, err := d.ledger.append(context.WithoutCancel(ctx), a.writes...)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.land(a, at, err)
	return at - eventstore.Position(len(j.claims)), err
}
