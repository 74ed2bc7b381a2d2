package domain_test

import (
	"reflect"
	"slices"
	"testing"

	"rollbook/domain"
)

// mentee is a history up to official membership in "a".
var mentee = []domain.Entry{
	named("identified", member("m", "2020-01-01", identified("a"))),
	named("admitted", member("m", "2021-01-01", admitted(""))),
	named("confirmed", member("m", "2022-01-01", confirmed())),
}

func with(given []domain.Entry, more ...domain.Entry) []domain.Entry {
	return append(slices.Clip(given), more...)
}

func TestEntriesThatArriveLateOrEarly(t *testing.T) {
	run(t, []scenario{
		{
			name:  "an admission is recorded after later ratings",
			given: []domain.Entry{mentee[0]},
			when:  member("m", "2021-01-01", admitted("")),
			then:  state("m", domain.Provisional, "a"),
		},
		{
			name:  "a confirmation before its admission is refused until the admission is there",
			given: []domain.Entry{mentee[0]},
			when:  mentee[2], code: domain.Invariant, clash: "identified", says: "member.confirmed on 2022-01-01",
		},
		{
			name:  "a confirmation on the day of the admission but recorded after it counts after it",
			given: mentee[:2],
			when:  member("m", "2021-01-01", confirmed()),
			then:  state("m", domain.Official, "a"),
		},
		{
			name:  "a late death before a recorded confirmation is refused and names the confirmation",
			given: mentee,
			when:  member("m", "2021-06-01", &domain.Died{}),
			code:  domain.Invariant, clash: "confirmed", says: "confirmed",
		},
		{
			name:  "a late end of the candidacy before the admission names the admission",
			given: mentee,
			when:  member("m", "2020-06-01", &domain.CandidacyEnded{Cause: "withdrawn"}),
			code:  domain.Invariant, clash: "admitted", says: "admitted",
		},
		{
			name:  "a late rating between others is accepted",
			given: with(mentee, member("m", "2023-12-31", rated(2023, "good"))),
			when:  member("m", "2021-12-31", rated(2021, "satisfactory")),
			then: func(t *testing.T, w *world) {
				s := w.life(t, "m").Last()
				for year, want := range map[int]domain.Grade{2021: "satisfactory", 2022: "", 2023: "good"} {
					if got, ok := s.Rating(year); got != want || ok != (want != "") {
						t.Errorf("Rating(%d) = %q, %t, want %q", year, got, ok, want)
					}
				}
			},
		},
		{
			name:  "the later rating for a year replaces the earlier, by effective day and not by sequence",
			given: with(mentee, member("m", "2023-01-31", rated(2022, "excellent"))),
			when:  member("m", "2022-12-31", rated(2022, "good")),
			then: func(t *testing.T, w *world) {
				life := w.life(t, "m")
				if got, _ := life.Last().Rating(2022); got != "excellent" {
					t.Errorf("Rating(2022) = %q, want the one of January", got)
				}
				if got, _ := life.State(day("2022-12-31")).Rating(2022); got != "good" {
					t.Errorf("Rating(2022) at the end of 2022 = %q, want good", got)
				}
			},
		},
		{
			name:  "an entry of the future counts from its day on",
			given: mentee,
			when:  member("m", "2150-05-19", transferred("b")),
			then: func(t *testing.T, w *world) {
				life := w.life(t, "m")
				for on, want := range map[string]string{"2150-05-18": "a", "2150-05-19": "b"} {
					if got := life.State(day(on)).Organisation; got != want {
						t.Errorf("on %s they are in %q, want %q", on, got, want)
					}
				}
			},
		},
		{
			name:  "a death today before a transfer of the future is refused and names the transfer",
			given: with(mentee, named("move", member("m", "2150-05-19", transferred("b")))),
			when:  member("m", "2024-01-01", &domain.Died{}),
			code:  domain.Invariant, clash: "move", says: "move",
		},
		{
			name:  "an entry before the organisation was established is refused and names its establishment",
			given: []domain.Entry{named("founding", organisation("n", "2015-01-01", commune("d")))},
			when:  member("m", "2014-12-31", identified("n")),
			code:  domain.Invariant, field: "data.organisation", clash: "founding",
		},
		{
			name: "an organisation that nobody has established is unknown",
			when: member("m", "2014-12-31", identified("nowhere")),
			code: domain.UnknownEntity, field: "data.organisation",
		},
		{
			name:  "an opening entry before recorded entries is refused and an earlier one is named",
			given: mentee,
			when:  member("m", "2023-01-01", broughtForward("a", domain.Official)),
			code:  domain.Invariant, clash: "confirmed",
		},
		{
			name:  "entries before a recorded opening entry are refused and name it",
			given: []domain.Entry{named("opening", member("m", "2023-01-01", broughtForward("a", domain.Official)))},
			when:  member("m", "2022-01-01", identified("a")),
			code:  domain.Invariant, clash: "opening",
		},
		{
			name:  "a confirmation twice is refused and names the first",
			given: mentee,
			when:  member("m", "2022-06-01", confirmed()),
			code:  domain.Invariant, clash: "confirmed", says: "an official member",
		},
	})
}

func TestReturnsToTheRoll(t *testing.T) {
	out := func(e domain.Event) []domain.Entry { return with(mentee, named("end", member("m", "2022-06-01", e))) }
	provisionalOut := with(mentee[:2], member("m", "2021-06-01", expelled()))
	run(t, []scenario{
		{name: "restored after an expulsion is official again where they were", given: out(expelled()), when: member("m", "2023-01-01", restored("")), then: state("m", domain.Official, "a")},
		{name: "restored elsewhere is official there", given: out(removed()), when: member("m", "2023-01-01", restored("b")), then: state("m", domain.Official, "b")},
		{
			name: "a provisional member who is restored is provisional with the same probation", given: provisionalOut, when: member("m", "2023-01-01", restored("")),
			then: func(t *testing.T, w *world) {
				state("m", domain.Provisional, "a")(t, w)
				life := w.life(t, "m")
				for on, want := range map[string]domain.Date{"2021-05-31": day("2021-01-01"), "2021-06-01": 0, "2023-01-01": day("2021-01-01")} {
					if got := life.State(day(on)).ProbationFrom(); got != want {
						t.Errorf("ProbationFrom on %s = %q, want %q", on, got, want)
					}
				}
			},
		},
		{
			name:  "restored after a merger meanwhile is where the organisation went",
			given: with(out(expelled()), organisation("a1", "2022-07-01", moved("b")), organisation("a", "2022-08-01", merged("b")), organisation("b", "2022-09-01", moved("")), organisation("a1", "2022-09-02", moved("c")), organisation("b", "2022-10-01", merged("c"))),
			when:  member("m", "2023-01-01", restored("")),
			then:  state("m", domain.Official, "c"),
		},
		{
			name:  "restored on a day before the merger is carried along by it",
			given: with(out(expelled()), organisation("a1", "2022-07-01", moved("b")), organisation("a", "2022-08-01", merged("b"))),
			when:  member("m", "2022-07-15", restored("")),
			then: func(t *testing.T, w *world) {
				state("m", domain.Official, "b")(t, w)
				if got := w.life(t, "m").State(day("2022-07-31")).Organisation; got != "a" {
					t.Errorf("before the merger they are in %q, want a", got)
				}
			},
		},
		{
			name:  "restored into an organisation that was dissolved meanwhile is refused",
			given: with(out(expelled()), organisation("a1", "2022-07-01", moved("b")), named("end-of-a", organisation("a", "2022-08-01", dissolved()))),
			when:  member("m", "2023-01-01", restored("")),
			code:  domain.Invariant, field: "data.organisation", clash: "end-of-a",
		},
		{name: "restored after resigning is refused", given: out(&domain.Resigned{}), when: member("m", "2023-01-01", restored("")), code: domain.Invariant, clash: "end"},
		{name: "restored before the expulsion is refused", given: out(expelled()), when: member("m", "2022-05-01", restored("")), code: domain.Invariant, clash: "confirmed"},
		{name: "identified again after an expulsion is a candidate again", given: out(expelled()), when: member("m", "2026-01-01", identified("c")), then: state("m", domain.Candidate, "c")},
		{
			name:  "whoever is admitted again has a new probation and no former status",
			given: with(out(expelled()), member("m", "2026-01-01", identified("c")), member("m", "2027-01-01", admitted("b"))),
			when:  member("m", "2028-01-01", removed()),
			then: func(t *testing.T, w *world) {
				life := w.life(t, "m")
				if got := life.State(day("2027-06-01")).ProbationFrom(); got != day("2027-01-01") {
					t.Errorf("probation from %s", got)
				}
				if got := life.Last().EndedBy(); got != "member.removed" {
					t.Errorf("EndedBy = %q", got)
				}
			},
		},
		{
			name:  "transferred out and in again needs no person",
			given: out(&domain.TransferredOut{Destination: "Lai Châu"}),
			when:  member("m", "2024-01-01", transferredIn("c", domain.Official, nil)),
			then: func(t *testing.T, w *world) {
				state("m", domain.Official, "c")(t, w)
				if s := w.life(t, "m").Last(); s.Ethnicity != "08" || s.Gender != domain.Male {
					t.Errorf("the person was forgotten: %+v", s)
				}
			},
		},
		{
			name: "transferred in as provisional has the probation of the admission",
			when: member("m", "2002-01-01", transferredIn("c", domain.Provisional, new(somebody()))),
			then: func(t *testing.T, w *world) {
				if got := w.life(t, "m").Last().ProbationFrom(); got != day("2001-05-19") {
					t.Errorf("probation from %q, want 2001-05-19", got)
				}
			},
		},
		{name: "nobody comes back from death", given: out(&domain.Died{}), when: member("m", "2024-01-01", identified("a")), code: domain.Invariant, clash: "end"},
		{name: "a candidate who died cannot be identified again", given: with(mentee[:1], named("death", member("m", "2020-06-01", &domain.CandidacyEnded{Cause: "died"}))), when: member("m", "2024-01-01", identified("a")), code: domain.Invariant, clash: "death"},
	})
}

func TestTransfers(t *testing.T) {
	run(t, []scenario{
		{name: "a transfer moves where the member counts", given: mentee, when: member("m", "2023-01-01", transferred("b")), then: state("m", domain.Official, "b")},
		{name: "a candidate moves too", given: mentee[:1], when: member("m", "2020-02-01", transferred("b")), then: state("m", domain.Candidate, "b")},
		{
			name: "a temporary transfer leaves them counted where they were", given: mentee, when: member("m", "2023-01-01", lent("b")),
			then: func(t *testing.T, w *world) {
				state("m", domain.Official, "a")(t, w)
				life := w.life(t, "m")
				if got := life.Last().Temporarily; got != "b" {
					t.Errorf("Temporarily = %q, want b", got)
				}
				if n := len(life.Postings); n != 3 {
					t.Errorf("%d postings, want those of identification, admission and confirmation", n)
				}
			},
		},
		{
			name: "a permanent transfer ends a temporary one", given: with(mentee, member("m", "2023-01-01", lent("b"))), when: member("m", "2023-06-01", transferred("b")),
			then: func(t *testing.T, w *world) {
				if got := w.life(t, "m").Last(); got.Organisation != "b" || got.Temporarily != "" {
					t.Errorf("in %q, temporarily %q, want b and nowhere", got.Organisation, got.Temporarily)
				}
			},
		},
		{name: "a transfer to where they are is refused", given: mentee, when: member("m", "2023-01-01", transferred("a")), code: domain.Invariant, field: "data.organisation", clash: "identified"},
		{name: "a late transfer that makes a recorded one pointless is refused", given: with(mentee, named("move", member("m", "2023-06-01", transferred("b")))), when: member("m", "2023-01-01", transferred("b")), code: domain.Invariant, clash: "move"},
		{name: "an admission may move the candidate", given: mentee[:1], when: member("m", "2021-01-01", admitted("c")), then: state("m", domain.Provisional, "c")},
		{name: "an admission into an unknown organisation is refused", given: mentee[:1], when: member("m", "2021-01-01", admitted("nowhere")), code: domain.UnknownEntity, field: "data.organisation"},
	})
}

func TestPostingsSayHowSomebodyCameAndWent(t *testing.T) {
	w := founded(t).given(t, mentee...)
	w.given(t,
		organisation("a1", "2022-02-01", moved("b")),
		organisation("a", "2022-03-01", merged("b")),
		member("m", "2022-04-01", &domain.ProfileChanged{Person: domain.Person{Religion: "02"}}),
		member("m", "2022-05-01", &domain.ProfileChanged{Person: domain.Person{Phone: "0912345678"}}),
		member("m", "2022-06-01", expelled()),
		member("m", "2022-07-01", restored("")),
		member("m", "2022-08-01", &domain.TransferredOut{Destination: "Lai Châu"}),
	)
	cell := func(organisation string, s domain.Status, r domain.Religion) domain.Cell {
		return domain.Cell{Organisation: organisation, Status: s, Gender: domain.Male, Ethnicity: "08", Religion: r}
	}
	outside := domain.Cell{}
	want := []domain.Posting{
		{EffectiveOn: day("2020-01-01"), Cause: 7, Movement: domain.IdentifiedWithin, From: outside, To: cell("a", domain.Candidate, "00")},
		{EffectiveOn: day("2021-01-01"), Cause: 8, Movement: domain.AdmittedIn, From: cell("a", domain.Candidate, "00"), To: cell("a", domain.Provisional, "00")},
		{EffectiveOn: day("2022-01-01"), Cause: 9, Movement: domain.ConfirmedWithin, From: cell("a", domain.Provisional, "00"), To: cell("a", domain.Official, "00")},
		{EffectiveOn: day("2022-03-01"), Cause: 11, Movement: domain.Moved, From: cell("a", domain.Official, "00"), To: cell("b", domain.Official, "00")},
		{EffectiveOn: day("2022-04-01"), Cause: 12, Movement: domain.ProfileWithin, From: cell("b", domain.Official, "00"), To: cell("b", domain.Official, "02")},
		{EffectiveOn: day("2022-06-01"), Cause: 14, Movement: domain.ExpelledOut, From: cell("b", domain.Official, "02"), To: outside},
		{EffectiveOn: day("2022-07-01"), Cause: 15, Movement: domain.RestoredIn, From: outside, To: cell("b", domain.Official, "02")},
		{EffectiveOn: day("2022-08-01"), Cause: 16, Movement: domain.ToOutside, From: cell("b", domain.Official, "02"), To: outside},
	}
	life := w.life(t, "m")
	if !reflect.DeepEqual(life.Postings, want) {
		t.Errorf("postings\n got %+v\nwant %+v", life.Postings, want)
	}
}

func TestMarksFollowProbationMentorsAndRatings(t *testing.T) {
	w := founded(t).given(t, mentee[0])
	w.given(t,
		member("m", "2020-02-01", mentored("elder")),
		mentee[1],
		member("m", "2021-12-31", rated(2021, "good")),
		member("m", "2022-01-31", rated(2021, "excellent")),
		member("m", "2022-02-01", removed()),
		member("m", "2022-03-01", restored("")),
		member("m", "2022-04-01", confirmed()),
	)
	probation := int32(day("2021-01-01"))
	want := []domain.Mark{
		{EffectiveOn: day("2020-02-01"), Cause: 8, Line: domain.MentorsLine, From: 0, To: 1},
		{EffectiveOn: day("2021-01-01"), Cause: 9, Line: domain.ProbationLine, From: 0, To: probation},
		{EffectiveOn: day("2021-12-31"), Cause: 10, Line: domain.RatingLine, Year: 2021, From: 0, To: 2},
		{EffectiveOn: day("2022-01-31"), Cause: 11, Line: domain.RatingLine, Year: 2021, From: 2, To: 1},
		{EffectiveOn: day("2022-02-01"), Cause: 12, Line: domain.ProbationLine, From: probation, To: 0},
		{EffectiveOn: day("2022-02-01"), Cause: 12, Line: domain.MentorsLine, From: 1, To: 0},
		{EffectiveOn: day("2022-03-01"), Cause: 13, Line: domain.ProbationLine, From: 0, To: probation},
		{EffectiveOn: day("2022-04-01"), Cause: 14, Line: domain.ProbationLine, From: probation, To: 0},
	}
	if got := w.life(t, "m").Marks; !reflect.DeepEqual(got, want) {
		t.Errorf("marks\n got %+v\nwant %+v", got, want)
	}
}

func TestTwoContinuationsOfATimelineDoNotMeet(t *testing.T) {
	entries := make([]domain.Entry, 1, 8)
	entries[0] = named("first", mentee[0])
	line := domain.NewTimeline(entries...)
	a := line.With(named("a", mentee[1]))
	b := line.With(named("b", mentee[1]))
	a2 := a.With(named("a2", mentee[2]))
	for _, test := range []struct {
		line domain.Timeline
		want []string
	}{{line, []string{"first"}}, {a, []string{"first", "a"}}, {b, []string{"first", "b"}}, {a2, []string{"first", "a", "a2"}}} {
		var got []string
		for _, e := range test.line.Entries() {
			got = append(got, e.ID)
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("entries are %v, want %v", got, test.want)
		}
	}
}

func TestTwoContinuationsOfATailDoNotMeet(t *testing.T) {
	w := founded(t).given(t, mentee[0])
	for _, id := range []string{"p", "q", "r", "s", "x", "y"} {
		w.given(t, member(id, "2001-01-01", broughtForward("b", domain.Official)))
	}
	for _, id := range []string{"p", "q", "r", "s"} {
		w.given(t, member("m", "2020-02-01", mentored(id)))
		tail := w.life(t, "m").Tail()
		add := func(mentor string) []domain.Mentor {
			e := member("m", "2020-03-01", mentored(mentor))
			e.Sequence = w.sequence + 1
			_, next, ok, r := tail.Add(e, w.directory)
			if !ok || r != nil {
				t.Fatalf("Add(%s) = %t, %v", mentor, ok, r)
			}
			return next.State().Mentors()
		}
		x := add("x")
		add("y")
		if got := x[len(x)-1].Member; got != "x" {
			t.Errorf("after another continuation the mentor is %q, want x", got)
		}
	}
}

func TestATailTakesOnlyWhatComesLast(t *testing.T) {
	w := founded(t).given(t, mentee...)
	tail := w.life(t, "m").Tail()
	for on, want := range map[string]bool{"2021-12-31": false, "2022-01-01": true, "2022-01-02": true} {
		e := member("m", on, rated(2021, "good"))
		e.Sequence = w.sequence + 1
		if _, _, ok, _ := tail.Add(e, w.directory); ok != want {
			t.Errorf("Add of an entry on %s = %t, want %t", on, ok, want)
		}
		if got := tail.Settled(day(on)); got != want {
			t.Errorf("Settled(%s) = %t, want %t", on, got, want)
		}
	}
	undo := member("m", "2022-01-01", annul("confirmed"))
	undo.Sequence = w.sequence + 1
	if _, _, ok, _ := tail.Add(undo, w.directory); ok {
		t.Errorf("Add takes an annulment")
	}
}

func TestATailGrowsIntoTheSameLife(t *testing.T) {
	w := founded(t)
	tail := domain.Life{}.Tail()
	var grown domain.Life
	for _, e := range histories()["member.restored"] {
		w.given(t, e)
		line := w.lines["member/m"].Entries()
		more, next, ok, r := tail.Add(line[len(line)-1], w.directory)
		if !ok || r != nil {
			t.Fatalf("Add(%s) = %t, %v", e.Type(), ok, r)
		}
		grown.Steps = append(grown.Steps, more.Steps...)
		grown.Postings = append(grown.Postings, more.Postings...)
		grown.Marks = append(grown.Marks, more.Marks...)
		tail = next
	}
	if want := w.life(t, "m"); !reflect.DeepEqual(grown, want) {
		t.Errorf("grown entry by entry\n got %+v\nwant %+v", grown, want)
	}
}
