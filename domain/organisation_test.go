package domain_test

import (
	"maps"
	"slices"
	"testing"

	"rollbook/domain"
)

// emptyA is what must happen before "a" may end: its cell goes elsewhere.
var emptyA = organisation("a1", "2022-02-01", moved("b"))

func TestOrganisationsBeginAndMove(t *testing.T) {
	founding := named("founding", organisation("n", "2015-01-01", commune("d")))
	run(t, []scenario{
		{name: "established below a superior", when: founding, then: func(t *testing.T, w *world) {
			o := w.directory.Organisation("n")
			if o == nil || !o.Alive(day("2015-01-01")) || o.Alive(day("2014-12-31")) || w.directory.Parent("n", day("2015-01-01")) != "d" {
				t.Errorf("n is %+v", o)
			}
		}},
		{name: "established as a root", when: organisation("n", "2015-01-01", commune(""))},
		{name: "established twice is refused and names the first", given: []domain.Entry{founding}, when: organisation("n", "2016-01-01", commune("d")), code: domain.Invariant, clash: "founding"},
		{name: "established twice is refused although the second counts earlier", given: []domain.Entry{founding}, when: organisation("n", "2014-01-01", commune("d")), code: domain.Invariant, clash: "founding"},
		{name: "an unknown superior", when: organisation("n", "2015-01-01", commune("nowhere")), code: domain.UnknownEntity, field: "data.parent"},
		{name: "a superior that is not there yet", given: []domain.Entry{founding}, when: organisation("o", "2014-01-01", commune("n")), code: domain.Invariant, field: "data.parent", clash: "founding"},
		{name: "itself as superior", when: organisation("n", "2015-01-01", commune("n")), code: domain.UnknownEntity, field: "data.parent"},
		{name: "an unknown organisation cannot be renamed", when: organisation("n", "2015-01-01", &domain.OrganisationRenamed{Name: "X"}), code: domain.UnknownEntity, field: "subject"},
		{name: "nothing happens to it before it is established", given: []domain.Entry{founding}, when: organisation("n", "2014-12-31", &domain.OrganisationRenamed{Name: "X"}), code: domain.Invariant, clash: "founding"},
		{
			name: "a late establishment counts from its own day", given: []domain.Entry{founding}, when: organisation("o", "1999-01-01", commune("d")),
			then: func(t *testing.T, w *world) {
				w.given(t, member("m", "2001-01-01", identified("o")))
				if !w.directory.Subtree("d", day("1999-01-01"))["o"] || w.directory.Subtree("d", day("1998-12-31"))["o"] {
					t.Errorf("o is not below d from 1999 on")
				}
			},
		},
		{name: "moved below another", when: organisation("a", "2015-01-01", moved("b")), then: func(t *testing.T, w *world) {
			for on, want := range map[string][]string{"2014-12-31": {"b"}, "2015-01-01": {"a", "a1", "b"}} {
				if got := slices.Sorted(maps.Keys(w.directory.Subtree("b", day(on)))); !slices.Equal(got, want) {
					t.Errorf("Subtree(b) on %s = %v, want %v", on, got, want)
				}
			}
		}},
		{name: "moved below itself", when: named("x", organisation("a", "2015-01-01", moved("a"))), code: domain.Invariant},
		{name: "moved below its own cell", when: organisation("a", "2015-01-01", moved("a1")), code: domain.Invariant, clash: "e5"},
		{name: "a root moved below its grandchild", when: organisation("d", "2015-01-01", moved("a1")), code: domain.Invariant, clash: "e2"},
		{
			name:  "a late move that closes a ring with a later one is refused and names it",
			given: []domain.Entry{named("down", organisation("a", "2016-01-01", moved("b")))},
			when:  organisation("b", "2015-01-01", moved("a")), code: domain.Invariant, clash: "down",
		},
		{
			name:  "a late move that was over before the other began is accepted",
			given: []domain.Entry{organisation("b", "2015-06-01", moved("c")), organisation("a", "2016-01-01", moved("b"))},
			when:  organisation("b", "2015-01-01", moved("a")),
		},
		{
			name:  "a long ring by a late move is found",
			given: []domain.Entry{organisation("b", "2016-01-01", moved("c")), named("third", organisation("c", "2017-01-01", moved("a")))},
			when:  organisation("a", "2015-01-01", moved("b")), code: domain.Invariant, clash: "third",
		},
		{name: "moved below one that has ended", given: []domain.Entry{named("end", organisation("c", "2014-01-01", dissolved()))}, when: organisation("a", "2015-01-01", moved("c")), code: domain.Invariant, field: "data.parent", clash: "end"},
		{name: "a late move below one that ends meanwhile", given: []domain.Entry{named("end", organisation("c", "2016-01-01", dissolved()))}, when: organisation("a", "2015-01-01", moved("c")), code: domain.Invariant, clash: "end"},
		{
			name:  "a late move below one that ends after the next move is accepted",
			given: []domain.Entry{organisation("a", "2015-06-01", moved("b")), organisation("c", "2016-01-01", dissolved())},
			when:  organisation("a", "2015-01-01", moved("c")),
		},
	})
}

func TestOrganisationsEnd(t *testing.T) {
	member2010 := named("coming", member("m", "2010-01-01", broughtForward("c", domain.Official)))
	run(t, []scenario{
		{name: "an empty one is dissolved", when: organisation("c", "2015-01-01", dissolved()), then: func(t *testing.T, w *world) {
			if o := w.directory.Organisation("c"); o.Alive(day("2015-01-01")) || !o.Alive(day("2014-12-31")) {
				t.Errorf("c does not end on its day")
			}
		}},
		{name: "not with a member in it", given: []domain.Entry{member2010}, when: organisation("c", "2015-01-01", dissolved()), code: domain.Invariant, clash: "coming", says: "member m"},
		{name: "not with a candidate in it", given: []domain.Entry{named("coming", member("m", "2010-01-01", identified("c")))}, when: organisation("c", "2015-01-01", dissolved()), code: domain.Invariant, clash: "coming"},
		{name: "not with a child below it", when: organisation("a", "2015-01-01", dissolved()), code: domain.Invariant, clash: "e5"},
		{name: "after everybody has left", given: []domain.Entry{member2010, member("m", "2014-01-01", transferred("a"))}, when: organisation("c", "2015-01-01", dissolved())},
		{name: "after a member has died", given: []domain.Entry{member2010, member("m", "2014-01-01", &domain.Died{})}, when: organisation("c", "2015-01-01", dissolved())},
		{name: "before anybody comes is refused if somebody comes later", given: []domain.Entry{member2010}, when: organisation("c", "2009-01-01", dissolved()), code: domain.Invariant, clash: "coming"},
		{name: "on the day before somebody leaves is refused", given: []domain.Entry{member2010, member("m", "2015-01-02", transferred("a"))}, when: organisation("c", "2015-01-01", dissolved()), code: domain.Invariant, clash: "coming"},
		{name: "with only ended people in it who may be restored", given: []domain.Entry{member2010, member("m", "2014-01-01", expelled())}, when: organisation("c", "2015-01-01", dissolved())},
		{
			name: "not if a restoration there comes later", given: []domain.Entry{member2010, member("m", "2014-01-01", expelled()), named("back", member("m", "2016-01-01", restored("")))},
			when: organisation("c", "2015-01-01", dissolved()), code: domain.Invariant, clash: "back",
		},
		{name: "twice is refused", given: []domain.Entry{named("end", organisation("c", "2015-01-01", dissolved()))}, when: organisation("c", "2016-01-01", merged("b")), code: domain.Invariant, clash: "end"},
		{name: "before a recorded entry is refused and names it", given: []domain.Entry{named("grade", organisation("c", "2016-01-01", &domain.OrganisationRated{Year: 2015, Grade: "good"}))}, when: organisation("c", "2015-01-01", dissolved()), code: domain.Invariant, clash: "grade"},
		{name: "nothing is recorded of it afterwards", given: []domain.Entry{named("end", organisation("c", "2015-01-01", dissolved()))}, when: organisation("c", "2015-01-01", &domain.QuotaSet{Year: 2015}), code: domain.Invariant, clash: "end"},
		{name: "a late transfer into it is refused", given: []domain.Entry{named("end", organisation("c", "2015-01-01", dissolved())), member("m", "2010-01-01", identified("a"))}, when: member("m", "2014-01-01", transferred("c")), code: domain.Invariant, clash: "end"},
	})
}

func TestMergersCarryMembersAlong(t *testing.T) {
	inA := named("coming", member("m", "2010-01-01", identified("a")))
	late := func(t *testing.T, w *world, want map[string]string) {
		t.Helper()
		life := w.life(t, "m")
		for on, org := range want {
			if got := life.State(day(on)).Organisation; got != org {
				t.Errorf("on %s they are in %q, want %q", on, got, org)
			}
		}
		for i := 1; i < len(life.Steps); i++ {
			if life.Steps[i].Entry.Point().Before(life.Steps[i-1].Entry.Point()) {
				t.Errorf("step %d goes back in time: %+v", i, life.Steps)
			}
		}
	}
	run(t, []scenario{
		{name: "a candidate is carried", given: []domain.Entry{inA, emptyA}, when: organisation("a", "2022-03-01", merged("b")), then: func(t *testing.T, w *world) {
			late(t, w, map[string]string{"2022-02-28": "a", "2022-03-01": "b"})
			if p := w.life(t, "m").Postings; len(p) != 2 || p[1].Movement != domain.Moved {
				t.Errorf("postings %+v", p)
			}
		}},
		{
			name: "an ended member is not", given: []domain.Entry{member("m", "2010-01-01", broughtForward("a", domain.Official)), member("m", "2011-01-01", &domain.Died{}), emptyA},
			when: organisation("a", "2022-03-01", merged("b")),
			then: func(t *testing.T, w *world) {
				if n := len(w.life(t, "m").Steps); n != 2 {
					t.Errorf("%d steps, want 2", n)
				}
			},
		},
		{name: "a chain of mergers is followed", given: []domain.Entry{inA, emptyA, organisation("a", "2022-03-01", merged("b")), organisation("a1", "2022-03-02", moved("c"))}, when: organisation("b", "2022-04-01", merged("c")), then: func(t *testing.T, w *world) {
			late(t, w, map[string]string{"2022-02-28": "a", "2022-03-31": "b", "2022-04-01": "c"})
			if got := w.directory.Successor("a", day("2022-03-31")); got != "b" {
				t.Errorf("Successor(a) on 31 March = %q, want b", got)
			}
			if got := w.directory.Successor("a", day("2022-04-01")); got != "c" {
				t.Errorf("Successor(a) on 1 April = %q, want c", got)
			}
		}},
		{name: "two on the same day are followed in the order of the log", given: []domain.Entry{inA, organisation("a1", "2022-02-01", moved("d")), organisation("a", "2022-03-01", merged("b"))}, when: organisation("b", "2022-03-01", merged("c")), then: func(t *testing.T, w *world) {
			late(t, w, map[string]string{"2022-02-28": "a", "2022-03-01": "c"})
		}},
		{name: "on one day into one that ended before in the log is refused", given: []domain.Entry{inA, emptyA, organisation("a1", "2022-02-02", moved("c")), named("end", organisation("b", "2022-03-01", merged("c")))}, when: organisation("a", "2022-03-01", merged("b")), code: domain.Invariant, field: "data.into", clash: "end"},
		{name: "the children must have moved first", given: []domain.Entry{inA}, when: organisation("a", "2022-03-01", merged("b")), code: domain.Invariant, clash: "e5"},
		{name: "into itself is refused", given: []domain.Entry{emptyA}, when: organisation("a", "2022-03-01", merged("a")), code: domain.Invariant, field: "data.into"},
		{name: "into an unknown one is refused", given: []domain.Entry{emptyA}, when: organisation("a", "2022-03-01", merged("nowhere")), code: domain.UnknownEntity, field: "data.into"},
		{name: "a transfer into the merged one is refused", given: []domain.Entry{member("m", "2010-01-01", identified("b")), emptyA, named("end", organisation("a", "2022-03-01", merged("b")))}, when: member("m", "2022-03-01", transferred("a")), code: domain.Invariant, field: "data.organisation", clash: "end"},
		{name: "a late transfer into it before its end is carried along", given: []domain.Entry{member("m", "2010-01-01", identified("b")), emptyA, organisation("a", "2022-03-01", merged("c"))}, when: member("m", "2022-02-28", transferred("a")), then: func(t *testing.T, w *world) {
			late(t, w, map[string]string{"2022-02-27": "b", "2022-02-28": "a", "2022-03-01": "c"})
		}},
		{name: "a late merger carries whoever was there then", given: []domain.Entry{inA, member("m", "2023-01-01", transferred("c")), emptyA}, when: organisation("a", "2022-03-01", merged("b")), then: func(t *testing.T, w *world) {
			late(t, w, map[string]string{"2022-02-28": "a", "2022-03-01": "b", "2023-01-01": "c"})
		}},
		{name: "a late merger before a recorded transfer into the merged one names the transfer", given: []domain.Entry{member("m", "2010-01-01", identified("b")), named("move", member("m", "2023-01-01", transferred("a"))), emptyA}, when: organisation("a", "2022-03-01", merged("c")), code: domain.Invariant, clash: "move", says: "move"},
		{name: "a late merger that makes a recorded transfer pointless names the transfer", given: []domain.Entry{inA, named("move", member("m", "2023-01-01", transferred("b"))), emptyA}, when: organisation("a", "2022-03-01", merged("b")), code: domain.Invariant, clash: "move"},
		{name: "a late merger into one that was merged on by then is refused", given: []domain.Entry{inA, organisation("a1", "2020-02-01", moved("c")), named("onward", organisation("b", "2021-03-01", merged("c")))}, when: organisation("a", "2022-03-01", merged("b")), code: domain.Invariant, field: "data.into", clash: "onward"},
		{name: "a late merger of the one that others were merged into later is refused and names that merger", given: []domain.Entry{inA, organisation("a1", "2020-02-01", moved("c")), named("first", organisation("a", "2022-03-01", merged("b")))}, when: organisation("b", "2021-03-01", merged("c")), code: domain.Invariant, clash: "first"},
		{name: "a late merger into one that is dissolved later meets whom it would carry there", given: []domain.Entry{inA, emptyA, named("end", organisation("c", "2023-03-01", dissolved()))}, when: organisation("a", "2022-03-01", merged("c")), code: domain.Invariant, clash: "end", says: "end"},
		{name: "whoever was carried into it keeps it from being dissolved", given: []domain.Entry{inA, emptyA, organisation("a1", "2022-02-02", moved("c")), organisation("a", "2022-03-01", merged("b")), member("elder", "2022-01-01", &domain.Died{})}, when: organisation("b", "2023-03-01", dissolved()), code: domain.Invariant, clash: "coming", says: "member m"},
		{name: "a ring of mergers is refused", given: []domain.Entry{inA, organisation("a1", "2020-02-01", moved("c")), named("first", organisation("a", "2022-03-01", merged("b")))}, when: organisation("b", "2023-03-01", merged("a")), code: domain.Invariant, field: "data.into", clash: "first"},
		{name: "an annulled merger brings everybody back", given: []domain.Entry{inA, emptyA, named("merger", organisation("a", "2022-03-01", merged("b")))}, when: organisation("a", "2022-03-01", &domain.OrganisationEntryAnnulled{Annuls: "merger"}), then: func(t *testing.T, w *world) {
			late(t, w, map[string]string{"2022-02-28": "a", "2022-03-01": "a", "2100-01-01": "a"})
		}},
		{name: "a merger on which a transfer out of the new one rests may be annulled when the transfer stays possible", given: []domain.Entry{inA, emptyA, named("merger", organisation("a", "2022-03-01", merged("b"))), member("m", "2023-01-01", transferred("c"))}, when: organisation("a", "2022-03-01", &domain.OrganisationEntryAnnulled{Annuls: "merger"}), then: func(t *testing.T, w *world) {
			late(t, w, map[string]string{"2022-03-01": "a", "2023-01-01": "c"})
		}},
		{name: "a merger after which somebody went back to where they came from cannot be annulled", given: []domain.Entry{inA, emptyA, organisation("x", "2020-01-01", commune("d")), named("merger", organisation("a", "2022-03-01", merged("b"))), named("lent", member("m", "2022-06-01", lent("c")))}, when: organisation("a", "2022-03-01", &domain.OrganisationEntryAnnulled{Annuls: "merger"}), then: state("m", domain.Candidate, "a")},
		{name: "an admission after the merger is in the new organisation", given: []domain.Entry{inA, emptyA, organisation("a", "2022-03-01", merged("b"))}, when: member("m", "2022-04-01", admitted("")), then: state("m", domain.Provisional, "b")},
	})
}
