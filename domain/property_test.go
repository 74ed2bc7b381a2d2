package domain_test

import (
	"cmp"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"rollbook/domain"
)

// These tests draw entries at random on a few people, organisations and days,
// so that they meet, and see to it that what was accepted hangs together.

var (
	people = []string{"m", "n", "elder"}
	places = []string{"a", "b", "c", "a1", "d", "late"}
)

// drawMemberEvent draws any event of a member but an annulment.
func drawMemberEvent(t *rapid.T) domain.Event {
	place := rapid.SampledFrom(places)
	elsewhere := rapid.SampledFrom(append([]string{""}, places...))
	mentor := rapid.SampledFrom(people)
	status := rapid.SampledFrom([]domain.Status{domain.Provisional, domain.Official})
	switch rapid.IntRange(0, 18).Draw(t, "type") {
	case 0, 1, 2:
		return identified(place.Draw(t, "organisation"))
	case 3, 4:
		return admitted(elsewhere.Draw(t, "organisation"))
	case 5:
		return confirmed()
	case 6:
		return transferred(place.Draw(t, "organisation"))
	case 7:
		return lent(place.Draw(t, "organisation"))
	case 8:
		return mentored(mentor.Draw(t, "mentor"))
	case 9:
		return released(mentor.Draw(t, "mentor"))
	case 10:
		return rated(rapid.IntRange(2000, 2002).Draw(t, "year"), rapid.SampledFrom(domain.Grades()).Draw(t, "grade"))
	case 11:
		return expelled()
	case 12:
		return removed()
	case 13:
		return restored(elsewhere.Draw(t, "organisation"))
	case 14:
		return &domain.TransferredOut{Destination: "Lai Châu"}
	case 15:
		person := somebody()
		return transferredIn(place.Draw(t, "organisation"), status.Draw(t, "status"), rapid.SampledFrom([]*domain.Person{nil, &person}).Draw(t, "person"))
	case 16:
		return broughtForward(place.Draw(t, "organisation"), status.Draw(t, "status"))
	case 17:
		return &domain.ProfileChanged{Person: domain.Person{
			Ethnicity: rapid.SampledFrom([]domain.Ethnicity{"", "01", "08"}).Draw(t, "ethnicity"),
			Religion:  rapid.SampledFrom([]domain.Religion{"00", "02"}).Draw(t, "religion"),
		}}
	default:
		return rapid.SampledFrom([]domain.Event{
			&domain.CandidacyEnded{Cause: "withdrawn"}, &domain.CandidacyEnded{Cause: "died"}, &domain.Resigned{}, &domain.Died{},
			&domain.Exempted{Kind: "work"}, &domain.CourseCompleted{Course: "new_member"},
		}).Draw(t, "rarely")
	}
}

func drawOrganisationEvent(t *rapid.T) domain.Event {
	place := rapid.SampledFrom(append([]string{""}, places...))
	switch rapid.IntRange(0, 5).Draw(t, "organisation type") {
	case 0:
		return commune(place.Draw(t, "parent"))
	case 1, 2:
		return moved(place.Draw(t, "parent"))
	case 3, 4:
		return merged(rapid.SampledFrom(places).Draw(t, "into"))
	default:
		return dissolved()
	}
}

// drawEntry draws an entry; even days are for members and odd ones for
// organisations when apart is set.
func drawEntry(t *rapid.T, w *world, apart bool) domain.Entry {
	on := day("2000-01-02") + domain.Date(rapid.IntRange(0, 40).Draw(t, "day"))
	what := rapid.IntRange(0, 9).Draw(t, "what")
	if apart {
		on = on/2*2 + domain.Date(btoi(what >= 7 && what < 9))
	}
	switch {
	case what < 7:
		return domain.Entry{Subject: domain.MemberSubject(rapid.SampledFrom(people).Draw(t, "member")), EffectiveOn: on, Event: drawMemberEvent(t)}
	case what < 9:
		return domain.Entry{Subject: domain.OrganisationSubject(rapid.SampledFrom(places).Draw(t, "of")), EffectiveOn: on, Event: drawOrganisationEvent(t)}
	}
	subjects := []domain.Subject{"member/m", "member/n", "organisation/a", "organisation/b", "organisation/c"}
	subject := rapid.SampledFrom(subjects).Draw(t, "annulled subject")
	entries := w.lines[subject].Entries()
	if len(entries) == 0 {
		return domain.Entry{Subject: subject, EffectiveOn: on, Event: annul("none")}
	}
	return annulment(rapid.SampledFrom(entries).Draw(t, "annulled"))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// drawWorld records random entries, most of which will be rejected, and looks
// at the world after each with check.
func drawWorld(rt *rapid.T, t *testing.T, apart bool, check func(w *world)) *world {
	w := founded(t)
	for range rapid.IntRange(5, 60).Draw(rt, "entries") {
		before := w.rebuilt()
		err := w.record(drawEntry(rt, w, apart))
		if err != nil {
			if _, ok := err.(*domain.Rejection); !ok { //nolint:errorlint // record wraps what must not happen
				rt.Fatalf("Decide: %v", err)
			}
			if !reflect.DeepEqual(w.directory, before) {
				rt.Fatalf("Decide rejected an entry (%v) and left the directory changed", err)
			}
			continue
		}
		if !reflect.DeepEqual(w.directory, w.rebuilt()) {
			rt.Fatalf("Decide accepted an entry and left the directory changed")
		}
		check(w)
	}
	return w
}

func TestWhateverIsAcceptedLeavesEveryLifePossible(t *testing.T) {
	accepted := 0
	rapid.Check(t, func(rt *rapid.T) {
		drawWorld(rt, t, false, func(w *world) {
			accepted++
			for _, id := range people {
				life, r := domain.LifeOf(w.lines[domain.MemberSubject(id)], w.directory)
				if r != nil {
					rt.Fatalf("after an accepted entry the life of %s is impossible: %v", id, r)
				}
				checkLife(rt, life, w.directory)
			}
		})
	})
	if accepted < 100 {
		t.Errorf("only %d entries were accepted; the test says little", accepted)
	}
}

// checkLife checks that a life is a chain in the order of time, that figures
// are the sum of its postings and marks, and that nobody is where nothing is.
func checkLife(t *rapid.T, life domain.Life, d *domain.Directory) {
	count := map[domain.Cell]int{}
	at, last := domain.Cell{}, domain.Point{}
	for i, p := range life.Postings {
		if p.From != at {
			t.Fatalf("posting %d leaves %+v, but they were in %+v", i, p.From, at)
		}
		if p.From == p.To {
			t.Fatalf("posting %d goes nowhere: %+v", i, p)
		}
		now := domain.Point{On: p.EffectiveOn, Sequence: p.Cause}
		if now.Before(last) {
			t.Fatalf("posting %d goes back in time: %+v", i, life.Postings)
		}
		count[p.From]--
		count[p.To]++
		at, last = p.To, now
	}
	sum := 0
	for _, n := range count {
		sum += n
	}
	if sum != 0 {
		t.Fatalf("the postings sum to %d: %+v", sum, life.Postings)
	}
	state := life.Last()
	if inRoll := state.Status == domain.Candidate || state.Status.Member(); inRoll {
		if want := (domain.Cell{Organisation: state.Organisation, Status: state.Status, Gender: state.Gender, Ethnicity: state.Ethnicity, Religion: state.Religion}); at != want {
			t.Fatalf("the postings end in %+v, the state says %+v", at, want)
		}
		if o := d.Organisation(state.Organisation); o == nil || !o.Alive(domain.LastDay) {
			t.Fatalf("they end in %q, which does not live: %+v", state.Organisation, life)
		}
	} else if at != (domain.Cell{}) {
		t.Fatalf("they are %s, and the postings end in %+v", state.Status, at)
	}

	lines := map[domain.Line]int32{}
	for i, m := range life.Marks {
		if m.Line != domain.RatingLine && lines[m.Line] != m.From || m.From == m.To {
			t.Fatalf("mark %d does not go on from %d: %+v", i, lines[m.Line], life.Marks)
		}
		lines[m.Line] = m.To
	}
	if got := domain.Date(lines[domain.ProbationLine]); got != state.ProbationFrom() || (got != 0) != (state.Status == domain.Provisional) {
		t.Fatalf("the marks say probation from %s, the state %s of a %s", got, state.ProbationFrom(), state.Status)
	}
	if got := int(lines[domain.MentorsLine]); got != len(state.Mentors()) {
		t.Fatalf("the marks say %d mentors, the state %d", got, len(state.Mentors()))
	}
}

func TestALifeIsTheSameInWhateverOrderItWasRecorded(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt, t, true, func(*world) {})
		for _, id := range people {
			// Annulments must come behind what they annul; here are only the
			// entries that count.
			line := w.lines[domain.MemberSubject(id)]
			by := line.AnnulledBy()
			var entries []domain.Entry
			for i, e := range line.Entries() {
				if _, ok := e.Event.(*domain.MemberEntryAnnulled); !ok && by[i] == "" {
					entries = append(entries, e)
				}
			}
			want, r := domain.LifeOf(domain.NewTimeline(entries...), w.directory)
			if r != nil {
				rt.Fatalf("without what was annulled the life is impossible: %v", r)
			}
			// Entries of one day keep their order, for among them it counts.
			shuffled := rapid.Permutation(entries).Draw(rt, "order")
			byDay := map[domain.Date][]domain.Entry{}
			for _, e := range entries {
				byDay[e.EffectiveOn] = append(byDay[e.EffectiveOn], e)
			}
			for i, e := range shuffled {
				shuffled[i] = byDay[e.EffectiveOn][0]
				byDay[e.EffectiveOn] = byDay[e.EffectiveOn][1:]
				shuffled[i].Sequence = uint64(1000 + i)
			}
			got, r := domain.LifeOf(domain.NewTimeline(shuffled...), w.directory)
			if r != nil {
				rt.Fatalf("in another order the life is impossible: %v", r)
			}
			if !reflect.DeepEqual(withoutSequences(got), withoutSequences(want)) {
				rt.Fatalf("in another order\n got %+v\nwant %+v", got, want)
			}
		}
	})
}

func withoutSequences(l domain.Life) domain.Life {
	l = domain.Life{Steps: slices.Clone(l.Steps), Postings: slices.Clone(l.Postings), Marks: slices.Clone(l.Marks)}
	for i := range l.Steps {
		l.Steps[i].Entry.Sequence = 0
	}
	for i := range l.Postings {
		l.Postings[i].Cause = 0
	}
	for i := range l.Marks {
		l.Marks[i].Cause = 0
	}
	return l
}

func TestWhatWasKnownIsTheTimelineUpToThere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt, t, false, func(*world) {})
		for subject, line := range w.lines {
			n := rapid.IntRange(0, line.Len()).Draw(rt, "entries of "+string(subject))
			first := line.Entries()[:n]
			var sequence uint64
			if n > 0 {
				sequence = first[n-1].Sequence
			}
			if n < line.Len() { // any sequence up to the next entry
				sequence = rapid.Uint64Range(sequence, line.Entries()[n].Sequence-1).Draw(rt, "sequence")
			}
			known := line.KnownAt(sequence)
			if known.Len() != n || n > 0 && !reflect.DeepEqual(known.Entries(), first) {
				rt.Fatalf("KnownAt(%d) has %d entries, want the first %d", sequence, known.Len(), n)
			}
			// What comes later does not show in what was known.
			grown := known.With(domain.Entry{ID: "new", Subject: subject, Sequence: w.sequence + 1, EffectiveOn: domain.FirstDay, Event: &domain.Died{}})
			if known.Len() != n || grown.Len() != n+1 || line.Len() != n && !reflect.DeepEqual(line.Entries()[:n], grown.Entries()[:n]) {
				rt.Fatalf("With changed the timeline that it was called on")
			}
		}
	})
}

func TestTheStateOfADayIsTheFoldOfTheEntriesUpToIt(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt, t, false, func(*world) {})
		on := day("2000-01-01") + domain.Date(rapid.IntRange(0, 45).Draw(rt, "on"))
		life := w.life(t, "m")
		want := domain.State{Status: domain.None}
		steps := slices.Clone(life.Steps)
		if !slices.IsSortedFunc(steps, func(a, b domain.Step) int {
			return cmp.Or(cmp.Compare(a.Entry.EffectiveOn, b.Entry.EffectiveOn), cmp.Compare(a.Entry.Sequence, b.Entry.Sequence))
		}) {
			rt.Fatalf("the steps are out of order: %+v", steps)
		}
		for _, s := range steps {
			if s.Entry.EffectiveOn <= on {
				want = s.State
			}
		}
		if got := life.State(on); !reflect.DeepEqual(got, want) {
			rt.Fatalf("State(%s) = %+v, want %+v", on, got, want)
		}
	})
}
