package domain_test

import (
	"reflect"
	"testing"

	"rollbook/domain"
)

func TestVillages(t *testing.T) {
	registered := func(commune string) domain.Event {
		return &domain.VillageRegistered{Name: "Bản Tà Hàng", Commune: commune}
	}
	assigned := func(cell string, joint bool) domain.Event {
		return &domain.CellAssigned{Cell: cell, Joint: joint}
	}
	hamlet := named("hamlet", village("v", "2015-01-01", registered("a")))
	cell := named("cell", village("v", "2016-01-01", assigned("a1", false)))
	gone := named("gone", village("v", "2018-01-01", &domain.VillageRetired{}))
	run(t, []scenario{
		{name: "registered", when: hamlet, then: func(t *testing.T, w *world) {
			v := w.directory.Village("v")
			if v == nil || v.Name() != "Bản Tà Hàng" || v.Alive(day("2014-12-31")) || !v.Alive(day("2015-01-01")) || v.OwnCell(day("2015-01-01")) {
				t.Errorf("the village is %+v", v)
			}
		}},
		{name: "in an unknown commune", when: village("v", "2015-01-01", registered("nowhere")), code: domain.UnknownEntity, field: "data.commune"},
		{name: "in a commune that is not there yet", when: village("v", "1989-12-31", registered("a")), code: domain.Invariant, field: "data.commune", clash: "e2"},
		{name: "twice", given: []domain.Entry{hamlet}, when: village("v", "2016-01-01", registered("b")), code: domain.Invariant, clash: "hamlet"},
		{name: "twice, the second earlier", given: []domain.Entry{hamlet}, when: village("v", "2014-01-01", registered("b")), code: domain.Invariant, clash: "hamlet"},
		{name: "a cell of an unknown village", when: cell, code: domain.UnknownEntity, field: "subject"},
		{name: "retiring an unknown village", when: gone, code: domain.UnknownEntity, field: "subject"},
		{name: "a cell before the village is registered", given: []domain.Entry{hamlet}, when: village("v", "2014-01-01", assigned("a1", false)), code: domain.Invariant, clash: "hamlet"},
		{name: "an unknown cell", given: []domain.Entry{hamlet}, when: village("v", "2016-01-01", assigned("nowhere", false)), code: domain.UnknownEntity, field: "data.cell"},
		{name: "its own cell", given: []domain.Entry{hamlet, cell}, when: village("v", "2017-01-01", assigned("a1", true)), then: func(t *testing.T, w *world) {
			v := w.directory.Village("v")
			for on, want := range map[string]bool{"2015-12-31": false, "2016-01-01": true, "2016-12-31": true, "2017-01-01": false} {
				if got := v.OwnCell(day(on)); got != want {
					t.Errorf("OwnCell on %s = %t, want %t", on, got, want)
				}
			}
		}},
		{name: "retired", given: []domain.Entry{hamlet, cell}, when: gone, then: func(t *testing.T, w *world) {
			if v := w.directory.Village("v"); v.Alive(day("2018-01-01")) || !v.Alive(day("2017-12-31")) {
				t.Errorf("the village does not end on its day")
			}
		}},
		{name: "retired twice", given: []domain.Entry{hamlet, gone}, when: village("v", "2019-01-01", &domain.VillageRetired{}), code: domain.Invariant, clash: "gone"},
		{name: "a cell after it is retired", given: []domain.Entry{hamlet, gone}, when: village("v", "2018-01-01", assigned("a1", false)), code: domain.Invariant, clash: "gone"},
		{name: "retired before a recorded cell", given: []domain.Entry{hamlet, cell}, when: village("v", "2015-06-01", &domain.VillageRetired{}), code: domain.Invariant, clash: "cell"},
		{name: "follows its commune through a merger", given: []domain.Entry{hamlet, emptyA}, when: organisation("a", "2022-03-01", merged("b")), then: func(t *testing.T, w *world) {
			v := w.directory.Village("v")
			if was, is := w.directory.Commune(v, day("2022-02-28")), w.directory.Commune(v, day("2022-03-01")); was != "a" || is != "b" {
				t.Errorf("commune was %q and is %q, want a and b", was, is)
			}
		}},
	})
}

func TestMentors(t *testing.T) {
	candidate := []domain.Entry{named("identified", member("m", "2020-01-01", identified("a")))}
	followed := with(candidate, named("first", member("m", "2020-02-01", mentored("elder"))))
	on := func(day string, e domain.Event) domain.Entry { return member("m", day, e) }
	mentors := func(want ...domain.Mentor) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			t.Helper()
			if got := w.life(t, "m").Last().Mentors(); len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
				t.Errorf("mentors are %v, want %v", got, want)
			}
		}
	}
	elder := domain.Mentor{Member: "elder", Role: "mentor"}
	run(t, []scenario{
		{name: "an official member", given: candidate, when: on("2020-02-01", mentored("elder")), then: mentors(elder)},
		{name: "a second one, as introducer", given: with(followed, member("n", "2001-01-01", broughtForward("a", domain.Official))), when: on("2020-03-01", &domain.MentorAssigned{Mentor: "n", Role: "introducer"}), then: mentors(elder, domain.Mentor{Member: "n", Role: "introducer"})},
		{name: "nobody knows them", given: candidate, when: on("2020-02-01", mentored("nobody")), code: domain.UnknownEntity, field: "data.mentor"},
		{name: "not in the roll yet", given: candidate, when: on("2020-02-01", mentored("late")), code: domain.UnknownEntity, field: "data.mentor"},
		{name: "not in the roll on that day", given: with(candidate, member("n", "2021-01-01", broughtForward("a", domain.Official))), when: on("2020-02-01", mentored("n")), code: domain.Invariant, field: "data.mentor"},
		{name: "no longer in the roll", given: with(candidate, member("elder", "2019-01-01", &domain.Died{})), when: on("2020-02-01", mentored("elder")), code: domain.Invariant, field: "data.mentor"},
		{name: "in the roll on that day although no longer today", given: with(candidate, member("elder", "2023-01-01", &domain.Died{})), when: on("2020-02-01", mentored("elder"))},
		{name: "themselves", given: candidate, when: on("2020-02-01", mentored("m")), code: domain.Invariant, field: "data.mentor", clash: "identified"},
		{name: "the same one twice", given: followed, when: on("2020-03-01", &domain.MentorAssigned{Mentor: "elder", Role: "introducer"}), code: domain.Invariant, field: "data.mentor", clash: "first"},
		{name: "the same one before the recorded assignment names it", given: followed, when: on("2020-01-15", mentored("elder")), code: domain.Invariant, clash: "first"},
		{name: "released", given: followed, when: on("2020-03-01", released("elder")), then: mentors()},
		{name: "released and assigned again", given: with(followed, on("2020-03-01", released("elder"))), when: on("2020-04-01", mentored("elder")), then: mentors(elder)},
		{name: "released although they have died", given: with(followed, member("elder", "2020-02-15", &domain.Died{})), when: on("2020-03-01", released("elder")), then: mentors()},
		{name: "released without an assignment", given: candidate, when: on("2020-03-01", released("elder")), code: domain.Invariant, field: "data.mentor", clash: "identified"},
		{name: "released twice", given: with(followed, named("end", on("2020-03-01", released("elder")))), when: on("2020-04-01", released("elder")), code: domain.Invariant, field: "data.mentor", clash: "end"},
		{name: "released before the assignment", given: followed, when: on("2020-01-15", released("elder")), code: domain.Invariant, field: "data.mentor", clash: "identified"},
		{name: "nobody knows whom to release", given: followed, when: on("2020-03-01", released("nobody")), code: domain.UnknownEntity, field: "data.mentor"},
		{name: "they follow the member through probation", given: followed, when: on("2021-01-01", admitted("")), then: mentors(elder)},
		{name: "they are gone when the candidacy ends", given: followed, when: on("2021-01-01", &domain.CandidacyEnded{Cause: "withdrawn"}), then: mentors()},
	})
}
