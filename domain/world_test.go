package domain_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"rollbook/domain"
)

// world is a ledger in memory, kept in the simplest way: what Decide looks at.
type world struct {
	lines     map[domain.Subject]domain.Timeline
	directory *domain.Directory
	sequence  uint64
}

func newWorld() *world {
	return &world{lines: map[domain.Subject]domain.Timeline{}, directory: domain.NewDirectory()}
}

func (w *world) Timeline(s domain.Subject) domain.Timeline { return w.lines[s] }
func (w *world) Directory() *domain.Directory              { return w.directory }

// MembersOf returns all members, which the promise of World allows.
func (w *world) MembersOf(string) (ids []string) {
	for s := range w.lines {
		if s.Kind() == domain.MemberKind {
			ids = append(ids, s.ID())
		}
	}
	return ids
}

// record decides on an entry and keeps it if it is accepted. One without an id
// gets "e" and its sequence.
func (w *world) record(e domain.Entry) error {
	e.Sequence = w.sequence + 1
	if e.ID == "" {
		e.ID = fmt.Sprint("e", e.Sequence)
	}
	err := domain.Decide(w, e)
	if short := domain.Decide(tails{w}, e); !reflect.DeepEqual(short, err) {
		return fmt.Errorf("decided on the whole timeline: %w; and on its tail: %w", err, short)
	}
	if err != nil {
		return err
	}
	w.sequence++
	w.lines[e.Subject] = w.lines[e.Subject].With(e)
	if r := w.directory.Put(e.Subject, w.lines[e.Subject]); r != nil {
		return fmt.Errorf("accepted, and then the directory refused it: %w", r)
	}
	return nil
}

// tails is the same world as one that knows how each life ends.
type tails struct{ *world }

func (w tails) Known(s domain.Subject) bool { return w.lines[s].Len() > 0 }

func (w tails) Tail(s domain.Subject) domain.Tail {
	life, _ := domain.LifeOf(w.lines[s], w.directory)
	return life.Tail()
}

// rebuilt is the directory as the timelines alone make it.
func (w *world) rebuilt() *domain.Directory {
	d := domain.NewDirectory()
	for s, t := range w.lines {
		_ = d.Put(s, t)
	}
	return d
}

func (w *world) life(t testing.TB, id string) domain.Life {
	t.Helper()
	life, r := domain.LifeOf(w.lines[domain.MemberSubject(id)], w.directory)
	if r != nil {
		t.Fatalf("LifeOf(member/%s) after accepted entries: %v", id, r)
	}
	return life
}

// given records entries that must be accepted.
func (w *world) given(t testing.TB, entries ...domain.Entry) *world {
	t.Helper()
	for _, e := range entries {
		if err := w.record(e); err != nil {
			t.Fatalf("given %s of %s on %s: %v", e.Type(), e.Subject, e.EffectiveOn, err)
		}
	}
	return w
}

// founded is a world with a district "d", the communes "a", "b", "c" below it
// and the cell "a1" below "a", all since 1990, and the official member "elder"
// in "b", who can be a mentor.
func founded(t testing.TB) *world {
	t.Helper()
	return newWorld().given(t,
		organisation("d", "1990-01-01", established("Đảng bộ huyện Mường Nhé", domain.DistrictCommittee, "")),
		organisation("a", "1990-01-01", established("Đảng bộ xã Pá Mỳ", domain.GrassrootsCommittee, "d")),
		organisation("b", "1990-01-01", established("Đảng bộ xã Huổi Lếch", domain.GrassrootsCommittee, "d")),
		organisation("c", "1990-01-01", established("Đảng bộ xã Nậm Vì", domain.GrassrootsCommittee, "d")),
		organisation("a1", "1990-01-01", established("Chi bộ bản Pá Mỳ 1", domain.SubordinateCell, "a")),
		member("elder", "1995-01-01", broughtForward("b", domain.Official)),
	)
}

func day(s string) domain.Date {
	d, ok := domain.ParseDate(s)
	if !ok {
		panic("no such day: " + s)
	}
	return d
}

func entry(s domain.Subject, on string, e domain.Event) domain.Entry {
	return domain.Entry{Subject: s, EffectiveOn: day(on), Event: e}
}

func member(id, on string, e domain.Event) domain.Entry {
	return entry(domain.MemberSubject(id), on, e)
}

func organisation(id, on string, e domain.Event) domain.Entry {
	return entry(domain.OrganisationSubject(id), on, e)
}

func village(id, on string, e domain.Event) domain.Entry {
	return entry(domain.VillageSubject(id), on, e)
}

// named gives an entry an id that a test can speak of.
func named(id string, e domain.Entry) domain.Entry {
	e.ID = id
	return e
}

// Events with values that a test does not care about.

var decision = domain.Decision{Number: "112-QĐ/HU", Date: domain.FirstDay + 30000}

func somebody() domain.Person {
	return domain.Person{FullName: "Giàng A Sử", BirthYear: 1970, Gender: domain.Male, Ethnicity: "08", Religion: domain.NoReligion}
}

func established(name string, kind domain.OrganisationType, parent string) domain.Event {
	return &domain.OrganisationEstablished{Name: name, Kind: kind, Parent: parent, Sector: "commune"}
}

func commune(parent string) domain.Event {
	return established("Đảng bộ xã Sín Thầu", domain.GrassrootsCommittee, parent)
}
func moved(parent string) domain.Event { return &domain.OrganisationMoved{Parent: parent} }
func merged(into string) domain.Event  { return &domain.OrganisationMerged{Into: into} }
func dissolved() domain.Event          { return &domain.OrganisationDissolved{} }

func identified(organisation string) domain.Event {
	return &domain.Identified{Person: somebody(), Organisation: organisation, Source: "militia"}
}

func broughtForward(organisation string, s domain.Status) domain.Event {
	return &domain.BroughtForward{Person: somebody(), Organisation: organisation, Status: s, AdmittedOn: day("1994-05-19")}
}

func transferredIn(organisation string, s domain.Status, p *domain.Person) domain.Event {
	return &domain.TransferredIn{Person: p, Organisation: organisation, Status: s, AdmittedOn: day("2001-05-19")}
}

func admitted(organisation string) domain.Event {
	return &domain.Admitted{Decision: decision, Organisation: organisation}
}
func confirmed() domain.Event { return &domain.Confirmed{Decision: decision} }
func expelled() domain.Event  { return &domain.Expelled{Decision: decision} }
func removed() domain.Event {
	return &domain.Removed{Cause: "lapsed", Decision: decision}
}

func restored(organisation string) domain.Event {
	return &domain.Restored{Decision: decision, Organisation: organisation}
}

func transferred(organisation string) domain.Event {
	return &domain.Transferred{Organisation: organisation}
}

func lent(organisation string) domain.Event {
	return &domain.Transferred{Organisation: organisation, Temporary: true}
}

func mentored(by string) domain.Event {
	return &domain.MentorAssigned{Mentor: by, Role: "mentor"}
}
func released(mentor string) domain.Event { return &domain.MentorReleased{Mentor: mentor} }
func rated(year int, g domain.Grade) domain.Event {
	return &domain.Rated{Year: year, Grade: g}
}
func annul(id string) domain.Event { return &domain.MemberEntryAnnulled{Annuls: id} }

// scenario is a history, an entry, and what becomes of it.
type scenario struct {
	name  string
	given []domain.Entry
	when  domain.Entry

	code  domain.Code // "" when it is accepted
	field string      // of the rejection
	clash string      // of the rejection: the recorded entry that stands in the way
	says  string      // part of the English message

	then func(t *testing.T, w *world) // looks at the world afterwards; may be nil
}

func run(t *testing.T, scenarios []scenario) {
	t.Helper()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			w := founded(t).given(t, s.given...)
			err := w.record(s.when)
			switch {
			case s.code == "" && err != nil:
				t.Fatalf("Decide(%s of %s on %s) = %v, want it accepted", s.when.Type(), s.when.Subject, s.when.EffectiveOn, err)
			case s.code != "":
				wantRejection(t, err, s.code, s.field)
				r, _ := errors.AsType[*domain.Rejection](err)
				if r.Clash != s.clash {
					t.Errorf("the rejection %q names entry %q as the clash, want %q", r, r.Clash, s.clash)
				}
				if !strings.Contains(r.Message.EN, s.says) {
					t.Errorf("the message is %q, want %q in it", r.Message.EN, s.says)
				}
			}
			if !reflect.DeepEqual(w.directory, w.rebuilt()) {
				t.Errorf("Decide left the directory changed")
			}
			if s.then != nil {
				s.then(t, w)
			}
		})
	}
}

// wantRejection checks the code, the field and that both languages have a
// message without a verb that was never filled.
func wantRejection(t testing.TB, err error, code domain.Code, field string) {
	t.Helper()
	r, ok := errors.AsType[*domain.Rejection](err)
	if !ok {
		t.Fatalf("got %v (%T), want a rejection %s", err, err, code)
	}
	if r.Code != code || r.Field != field {
		t.Errorf("got rejection %q at field %q (%s), want %q at %q", r.Code, r.Field, r.Message.EN, code, field)
	}
	checkMessage(t, r)
}

func checkMessage(t testing.TB, r *domain.Rejection) {
	t.Helper()
	for lang, text := range map[string]string{"en": r.Message.In("en"), "vi": r.Message.In("vi")} {
		if text == "" || strings.Contains(text, "%!") {
			t.Errorf("%s at %q: message in %s is %q", r.Code, r.Field, lang, text)
		}
	}
	if r.Message.EN == r.Message.VI {
		t.Errorf("%s at %q: one message in both languages: %q", r.Code, r.Field, r.Message.EN)
	}
}

// state returns a check of a member's last state.
func state(id string, status domain.Status, organisation string) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		t.Helper()
		got := w.life(t, id).Last()
		if got.Status != status || got.Organisation != organisation {
			t.Errorf("member/%s is %s in %q, want %s in %q", id, got.Status, got.Organisation, status, organisation)
		}
	}
}
