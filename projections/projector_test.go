package projections_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"testing"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/eventstore/memory"
	"rollbook/projections"
	"rollbook/projections/sqlite"
)

// rig is a log in memory and read models in SQLite.
type rig struct {
	t     *testing.T
	log   *memory.Log
	store *sqlite.Home
	path  string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, log: memory.New(), path: filepath.Join(t.TempDir(), "models.db")}
	r.open()
	return r
}

func (r *rig) open() {
	r.t.Helper()
	s, err := sqlite.Open(r.t.Context(), r.path, "ledger-1")
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = s.Close() }) // a second close of a reopened one
	r.store = s
}

// append stores an event as the ledger would, without deciding on it.
func (r *rig) append(typ, subject, on, data string) {
	r.t.Helper()
	line := fmt.Sprintf(`{"type":%q,"subject":%q,"effectiveon":%q,"data":%s}`, typ, subject, on, data)
	e, err := domain.Codec{}.Parse([]byte(line))
	if err != nil {
		r.t.Fatal(err)
	}
	r.raw(subject, eventstore.Record{ID: e.ID, Type: e.Type(), Schema: domain.SchemaOf(e.Event), Data: domain.AppendPayload(nil, e, domain.All)})
}

func (r *rig) raw(stream string, rec eventstore.Record) {
	r.t.Helper()
	head, err := r.log.Head(r.t.Context(), stream)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.log.Append(r.t.Context(), eventstore.Write{Stream: stream, Expected: head, Records: []eventstore.Record{rec}}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) projector() *projections.Projector {
	return &projections.Projector{Log: r.log, Store: r.store}
}

func (r *rig) catchUp() {
	r.t.Helper()
	if err := r.projector().CatchUp(r.t.Context()); err != nil {
		r.t.Fatalf("CatchUp: %v", err)
	}
}

func (r *rig) headcount() projections.Headcount {
	r.t.Helper()
	d, _ := domain.ParseDate("2030-01-01")
	h, err := projections.NewFigures(r.store).Headcount(r.t.Context(), projections.Question{AsOf: d}, nil)
	if err != nil {
		r.t.Fatalf("Headcount: %v", err)
	}
	return h
}

func (r *rig) digests() map[string]string {
	r.t.Helper()
	digests := map[string]string{}
	err := r.store.Read(r.t.Context(), func(reader projections.Reader) error {
		for _, m := range projections.Models() {
			_, digest, err := projections.Digest(r.t.Context(), reader, m.Table)
			if err != nil {
				return err
			}
			digests[m.Name] = digest
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return digests
}

const person = `{"full_name":"Lò Văn Panh","birth_year":1980,"gender":"male","ethnicity":"03","religion":"00"}`

func (r *rig) opening(members int) {
	r.append("organisation.established", "organisation/a", "1990-01-01", `{"name":"A","kind":"grassroots_cell","parent":null}`)
	for i := range members {
		r.append("member.brought_forward", fmt.Sprintf("member/m%d", i), "2020-01-01", `{"person":`+person+`,"organisation":"a","status":"official","admitted_on":"2010-05-19"}`)
	}
}

// A record that cannot be understood parks its subject and nobody else, and
// every answer says so.
func TestPoisonParksItsSubjectAndIsReported(t *testing.T) {
	for name, rec := range map[string]eventstore.Record{
		"undecodable":      {ID: "x", Type: "member.died", Schema: "urn:rollbook:member.died:1", Data: []byte("\xff")},
		"an unknown type":  {ID: "x", Type: "member.knighted", Schema: "urn:rollbook:member.knighted:1", Data: []byte(`{"v":1}`)},
		"a newer version":  {ID: "x", Type: "member.died", Schema: "urn:rollbook:member.died:2", Data: []byte(`{"v":1,"effectiveon":"2021-01-01","data":{}}`)},
		"impossible":       {ID: "x", Type: "member.confirmed", Schema: "urn:rollbook:member.confirmed:1", Data: []byte(`{"v":1,"effectiveon":"2021-01-01","data":{"decision":{"number":"1","date":"2021-01-01"}}}`)},
		"of another kind":  {ID: "x", Type: "organisation.dissolved", Schema: "urn:rollbook:organisation.dissolved:1", Data: []byte(`{"v":1,"effectiveon":"2021-01-01","data":{}}`)},
		"an unknown field": {ID: "x", Type: "member.died", Schema: "urn:rollbook:member.died:1", Data: []byte(`{"v":1,"effectiveon":"2021-01-01","data":{"full_name":"Lò Văn Panh"}}`)},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.opening(3)
			r.raw("member/m1", rec)
			poisoned, _ := r.log.Last(t.Context())
			r.append("member.died", "member/m0", "2021-02-01", `{}`)
			r.append("member.died", "member/m1", "2021-02-01", `{}`) // behind the poison: waits
			for range 2 {                                            // live, then rebuilt: the same policy
				if err := r.projector().Rebuild(t.Context(), r.store); err != nil {
					t.Fatal(err)
				}
				h := r.headcount()
				if h.Total != 2 || h.Complete || h.Parked != 1 {
					t.Errorf("headcount %+v; want 2 (m1 as before the poison, m2), incomplete, 1 parked", h)
				}
				_, parked, err := projections.NewFigures(r.store).Status(t.Context())
				if err != nil || len(parked) != 1 || parked[0].Subject != "member/m1" || parked[0].Position != poisoned || parked[0].Records != 2 {
					t.Errorf("parked = %+v, %v; want member/m1 at %d with 2 records", parked, err, poisoned)
				}
				if parked[0].Reason == "" || strings.Contains(parked[0].Reason, "Panh") {
					t.Errorf("reason = %q", parked[0].Reason)
				}
			}
		})
	}
}

func TestSystemRecordsTakeAPlaceAndChangeNothing(t *testing.T) {
	r := newRig(t)
	r.opening(1)
	r.raw("sys/root", eventstore.Record{ID: "s1", Type: "ledger.index_root", Data: []byte("anything")})
	r.append("member.died", "member/m0", "2021-02-01", `{}`)
	r.catchUp()
	if h := r.headcount(); h.Total != 0 || !h.Complete || h.Position != 4 {
		t.Errorf("headcount = %+v; want 0, complete, at position 4", h)
	}
}

// However the log is cut into runs of the projector, and in a rebuild, the rows
// are the same to the byte.
func TestRowsDoNotDependOnHowOftenTheProjectorRan(t *testing.T) {
	step, whole := newRig(t), newRig(t)
	feed := func(r *rig, after func()) {
		r.opening(4)
		after()
		for _, e := range [][4]string{
			{"organisation.established", "organisation/b", "1990-01-01", `{"name":"B","kind":"grassroots_cell","parent":null}`},
			{"member.transferred", "member/m0", "2021-05-01", `{"organisation":"b","temporary":false}`},
			{"organisation.merged", "organisation/a", "2022-01-01", `{"into":"b"}`},
			{"member.disciplined", "member/m1", "2020-06-01", `{"measure":"warning","decision":{"number":"1","date":"2020-06-01"}}`},
			{"member.died", "member/m2", "2021-06-01", `{}`}, // late: before the merger
			{"member.rated", "member/m3", "2022-12-20", `{"year":2022,"grade":"good"}`},
		} {
			r.append(e[0], e[1], e[2], e[3])
			after()
		}
	}
	feed(step, step.catchUp)
	feed(whole, func() {})
	whole.catchUp()
	want := whole.digests()
	for name, digest := range step.digests() {
		if want[name] != digest {
			t.Errorf("%s differs between many runs and one", name)
		}
	}
	if err := step.projector().Rebuild(t.Context(), step.store); err != nil {
		t.Fatal(err)
	}
	for name, digest := range step.digests() {
		if want[name] != digest {
			t.Errorf("%s differs after a rebuild", name)
		}
	}
	if h := step.headcount(); h.Total != 3 {
		t.Errorf("%d members, want 3", h.Total)
	}
}

func TestAReaderSeesTheOldModelsUntilARebuildEnds(t *testing.T) {
	r := newRig(t)
	r.opening(3)
	r.catchUp()
	p := r.projector()
	seen := 0
	p.Progress = func(_, _ eventstore.Position) {
		seen++
		if h := r.headcount(); h.Total != 3 {
			t.Errorf("during the rebuild a reader sees %d members", h.Total)
		}
	}
	if err := p.Rebuild(t.Context(), r.store); err != nil || seen == 0 {
		t.Fatal(err, seen)
	}
}

func TestARebuildThatIsStoppedLeavesNothingBehind(t *testing.T) {
	r := newRig(t)
	r.opening(50)
	r.catchUp()
	before := r.digests()
	broken := errors.New("the disk is gone")
	p := r.projector()
	p.Log = failing{r.log, 20, broken}
	if err := p.Rebuild(t.Context(), r.store); !errors.Is(err, broken) {
		t.Fatalf("Rebuild = %v, want %v", err, broken)
	}
	for name, digest := range r.digests() {
		if before[name] != digest {
			t.Errorf("%s changed", name)
		}
	}
	r.append("member.died", "member/m0", "2021-02-01", `{}`)
	r.catchUp()
	if h := r.headcount(); h.Total != 49 {
		t.Errorf("%d members, want 49", h.Total)
	}
}

// failing is a log whose replay fails, or leaves a record out, at a position.
type failing struct {
	*memory.Log
	at  eventstore.Position
	err error // nil: leave it out
}

func (f failing) Replay(ctx context.Context, after, to eventstore.Position) iter.Seq2[eventstore.Record, error] {
	return func(yield func(eventstore.Record, error) bool) {
		for rec, err := range f.Log.Replay(ctx, after, to) {
			if rec.Position == f.at {
				if f.err == nil {
					continue
				}
				err = f.err
			}
			if !yield(rec, err) || err != nil {
				return
			}
		}
	}
}

func TestAGapStopsTheProjector(t *testing.T) {
	r := newRig(t)
	r.opening(10)
	for _, at := range []eventstore.Position{1, 5, 11} {
		p := r.projector()
		p.Log = failing{Log: r.log, at: at}
		var gap *eventstore.GapError
		if err := p.CatchUp(t.Context()); !errors.As(err, &gap) || gap.Want != at {
			t.Errorf("CatchUp without the record at %d = %v, want a gap there", at, err)
		}
		if h := r.headcount(); h.Position != 0 || h.Total != 0 {
			t.Errorf("the models moved to %d, %d members", h.Position, h.Total)
		}
	}
}

func TestModelsAheadOfTheLogAreRefused(t *testing.T) {
	r := newRig(t)
	r.opening(3)
	r.catchUp()
	p := r.projector()
	p.Log = memory.New()
	if err := p.CatchUp(t.Context()); !errors.Is(err, projections.ErrAhead) {
		t.Errorf("CatchUp = %v, want %v", err, projections.ErrAhead)
	}
}

// Of two projectors that began at one checkpoint only one can write.
func TestTwoProjectorsCannotBothAdvance(t *testing.T) {
	r := newRig(t)
	r.opening(1)
	r.catchUp()
	err := r.store.Write(t.Context(), projections.Checkpoint{Position: 1, Generation: 1}, func(projections.Writer) (projections.Checkpoint, error) {
		return projections.Checkpoint{Position: 2, Generation: 1}, nil
	})
	if !errors.Is(err, projections.ErrMoved) {
		t.Errorf("Write from a checkpoint that has passed = %v, want %v", err, projections.ErrMoved)
	}
	if h := r.headcount(); h.Position != 2 {
		t.Errorf("the models are at %d, want 2", h.Position)
	}
}

func TestModelsOfAnotherLedgerAreMadeAnew(t *testing.T) {
	r := newRig(t)
	r.opening(2)
	r.catchUp()
	if err := r.store.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), r.path, "ledger-2")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	r.store = s
	if h := r.headcount(); h.Position != 0 || h.Total != 0 {
		t.Errorf("another ledger's models were kept: %+v", h)
	}
	r.catchUp()
	if h := r.headcount(); h.Total != 2 {
		t.Errorf("%d members after they were made anew, want 2", h.Total)
	}
}

// A late entry reverses what it makes untrue and nothing else, so that a change
// of a figure names just the events behind it.
func TestALateEntryReversesNoMoreThanItMust(t *testing.T) {
	r := newRig(t)
	r.opening(1)
	for _, id := range []string{"b", "c"} {
		r.append("organisation.established", "organisation/"+id, "1990-01-01", `{"name":"X","kind":"grassroots_cell","parent":null}`)
	}
	r.append("member.transferred", "member/m0", "2022-01-01", `{"organisation":"c","temporary":false}`)
	r.append("member.died", "member/m0", "2023-01-01", `{}`)
	r.catchUp()
	r.append("member.transferred", "member/m0", "2021-01-01", `{"organisation":"b","temporary":false}`) // late
	r.catchUp()
	var rows int64
	err := r.store.Read(t.Context(), func(reader projections.Reader) (err error) {
		rows, _, err = projections.Digest(t.Context(), reader, projections.Models()[0].Table)
		return err
	})
	// In, a to c, out; then a to c reversed, a to b, b to c. The way out stays.
	if err != nil || rows != 6 {
		t.Errorf("%d rows, %v; want 6", rows, err)
	}
}
