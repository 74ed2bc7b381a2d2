package domain_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rollbook/domain"
)

// verdict is a case of a charter rule: entries that are there, one that is
// judged, and what comes of it.
type verdict struct {
	name   string
	given  []domain.Entry
	when   domain.Entry
	person domain.Person // of everybody; the zero Person is not known
	rule   string        // that it is about
	then   answer
	policy string // that it was judged by; any if empty
	says   string // in the English message
	// charter is the one to judge by; the embedded one if nil.
	charter *domain.Charter
}

type answer int

const (
	keeps answer = iota
	departs
	unknown
)

func (a answer) String() string {
	return [...]string{"keeps", "departs from", "cannot be judged by"}[a]
}

// try judges the entry twice: as the newest, before it is recorded, and as it
// stands in the ledger. Both must come to the same.
func (v verdict) try(t *testing.T) {
	t.Helper()
	w := founded(t).given(t, v.given...)
	charter := v.charter
	if charter == nil {
		charter = domain.Embedded()
	}
	persons := func(domain.Subject, domain.Date) (domain.Person, bool) { return v.person, v.person != domain.Person{} }
	e := v.when
	e.Sequence = w.sequence + 1
	if e.ID == "" {
		e.ID = fmt.Sprint("e", e.Sequence)
	}
	newest := domain.NewJudge(w, charter, persons).Entry(e)
	w.given(t, v.when)
	stands := domain.NewJudge(w, charter, persons).Entry(e)
	if a, b := fmt.Sprintf("%+v", newest), fmt.Sprintf("%+v", stands); a != b {
		t.Errorf("judged before it is recorded\n%s\nand after\n%s", a, b)
	}
	got := keeps
	if slices.Contains(stands.Unknown, v.rule) {
		got = unknown
	}
	i := slices.IndexFunc(stands.Departures, func(d domain.Departure) bool { return d.Rule == v.rule })
	if i >= 0 {
		got = departs
		d := stands.Departures[i]
		for _, text := range []domain.Text{d.Title, d.Message, d.Cure} {
			if text.EN == "" || text.VI == "" || strings.ContainsAny(text.EN+text.VI, "{}…") {
				t.Errorf("%s says %q", v.rule, text)
			}
		}
		if !strings.Contains(d.Message.EN, v.says) {
			t.Errorf("%s says %q, want %q in it", v.rule, d.Message.EN, v.says)
		}
		if d.Source.Regulation == "" || d.Policy != stands.Policy {
			t.Errorf("%s has the source %+v and the policy %q", v.rule, d.Source, d.Policy)
		}
	}
	if got != v.then {
		t.Errorf("%s on %s %s %s, want that it %s it: %+v", e.Type(), e.EffectiveOn, got, v.rule, v.then, stands)
	}
	if v.policy != "" && stands.Policy != v.policy {
		t.Errorf("%s on %s was judged by %q, want %q", e.Type(), e.EffectiveOn, stands.Policy, v.policy)
	}
}

// charterCases are the cases of all rules.
func charterCases() []verdict {
	return slices.Concat(ageCases(), educationCases(), courseCases(), mentorCases(), admissionCases(), readmissionCases(), probationCases(),
		disciplineCases(), removalCases(), ratingCases(), capCases(), badgeCases(), sizeCases(), quotaCases())
}

func TestRulesOnBothSidesOfTheirBorders(t *testing.T) {
	for _, v := range charterCases() {
		t.Run(v.rule+": "+v.name, v.try)
	}
}

// Every rule has a case that keeps it and one that departs from it, and is judged
// only while a version has it on: a change of version on the day of the entry, and
// on the day after.
func TestEveryRuleIsJudgedByTheVersionOfItsDay(t *testing.T) {
	sides := map[string][3]bool{}
	for _, v := range charterCases() {
		s := sides[v.rule]
		s[v.then] = true
		sides[v.rule] = s
		if v.then != departs {
			continue
		}
		base := v.charter
		if base == nil {
			base = domain.Embedded()
		}
		off := false
		amended := func(from domain.Date) *domain.Charter {
			return base.With(domain.Amendment{Version: "trial", From: from, Rules: []domain.RuleChange{{Rule: v.rule, On: &off}}})
		}
		before, after := v, v
		before.charter, before.then, before.says = amended(v.when.EffectiveOn), keeps, ""
		after.charter = amended(v.when.EffectiveOn + 1)
		if v.rule != "admission.quota" { // which the organisation has switched on: that holds whatever the centre does
			t.Run(v.rule+": "+v.name+", off since that day", before.try)
		}
		t.Run(v.rule+": "+v.name+", off since the day after", after.try)
	}
	for _, d := range domain.RuleDefinitions() {
		if s := sides[d.ID]; !s[keeps] || !s[departs] {
			t.Errorf("%s has no case that keeps it and one that departs from it", d.ID)
		}
		delete(sides, d.ID)
	}
	for id := range sides {
		t.Errorf("cases of %s, which is no rule", id)
	}
}

func born(s string) domain.Person { return domain.Person{BirthDate: day(s)} }

func bornIn(year int) domain.Person { return domain.Person{BirthYear: year} }

// candidate is a history up to candidacy in "a".
func candidate(on string) []domain.Entry {
	return []domain.Entry{member("m", on, identified("a"))}
}

// provisional is a history up to an admission in "a".
func provisional(on string) []domain.Entry {
	return append(candidate(day(on).AddMonths(-13).String()), member("m", on, admitted("")))
}

func ageCases() []verdict {
	given := candidate("2020-01-01")
	when := func(on string) domain.Entry { return member("m", on, admitted("")) }
	return []verdict{
		{name: "the day before the 18th birthday", given: given, when: when("2021-05-09"), person: born("2003-05-10"), rule: "admission.age_min", then: departs, says: "18 years"},
		{name: "the 18th birthday", given: given, when: when("2021-05-10"), person: born("2003-05-10"), rule: "admission.age_min", then: keeps},
		{name: "born on 29 February, on 28 February", given: given, when: when("2022-02-28"), person: born("2004-02-29"), rule: "admission.age_min", then: departs},
		{name: "born on 29 February, on 1 March", given: given, when: when("2022-03-01"), person: born("2004-02-29"), rule: "admission.age_min", then: keeps},
		{name: "only the year is known, and either may be", given: given, when: when("2021-05-10"), person: bornIn(2003), rule: "admission.age_min", then: unknown},
		{name: "only the year is known, and is enough", given: given, when: when("2021-05-10"), person: bornIn(2002), rule: "admission.age_min", then: keeps},
		{name: "only the year is known, and is not enough", given: given, when: when("2021-05-10"), person: bornIn(2004), rule: "admission.age_min", then: departs},
		{name: "nothing is known", given: given, when: when("2021-05-10"), rule: "admission.age_min", then: unknown},

		{name: "the 60th birthday", given: given, when: when("2021-05-10"), person: born("1961-05-10"), rule: "admission.age_max", then: keeps, policy: "qd-123-2018"},
		{name: "the day after it", given: given, when: when("2021-05-11"), person: born("1961-05-10"), rule: "admission.age_max", then: departs, says: "60 years"},
		{name: "since 2021 the month counts", given: given, when: when("2022-05-31"), person: born("1962-05-10"), rule: "admission.age_max", then: keeps, policy: "qd-24-2021"},
		{name: "the month after", given: given, when: when("2022-06-01"), person: born("1962-05-10"), rule: "admission.age_max", then: departs},
		{name: "the last day of the version before", given: given, when: when("2021-07-29"), person: born("1961-07-10"), rule: "admission.age_max", then: departs},
		{name: "the first day of the version after", given: given, when: when("2021-07-30"), person: born("1961-07-10"), rule: "admission.age_max", then: keeps},
		{name: "before any version", given: candidate("2009-01-01"), when: when("2011-01-18"), person: born("2003-05-10"), rule: "admission.age_min", then: keeps},
	}
}

func probationCases() []verdict {
	given := provisional("2021-05-19")
	when := func(on string) domain.Entry { return member("m", on, confirmed()) }
	return []verdict{
		{name: "a day early", given: given, when: when("2022-05-18"), rule: "confirmation.probation", then: departs, says: "2022-05-19"},
		{name: "on the day", given: given, when: when("2022-05-19"), rule: "confirmation.probation", then: keeps},
		{name: "30 days after", given: given, when: when("2022-06-18"), rule: "confirmation.deadline", then: keeps},
		{name: "31 days after", given: given, when: when("2022-06-19"), rule: "confirmation.deadline", then: departs, says: "2022-06-18"},
		{
			name: "a deadline of the organisation's own", when: when("2022-06-19"), rule: "confirmation.deadline", then: keeps, policy: "qd-24-2021+d:own",
			given: append(slices.Clone(given), organisation("d", "2022-01-01", &domain.PolicyAdopted{
				Version: "own", Rules: []domain.RuleChange{{Rule: "confirmation.deadline", Parameters: []domain.Parameter{{Name: "days", Value: 31}}}},
			})),
		},
	}
}

func disciplineCases() []verdict {
	given := provisional("2021-05-19")
	official := append(slices.Clone(given), member("m", "2022-05-19", confirmed()))
	measure := func(m domain.Measure, on string) domain.Entry {
		return member("m", on, &domain.Disciplined{Measure: m, Decision: decision})
	}
	const rule = "discipline.provisional"
	return []verdict{
		{name: "a warning", given: given, when: measure("warning", "2021-12-01"), rule: rule, then: keeps},
		{name: "a dismissal", given: given, when: measure("dismissal", "2021-12-01"), rule: rule, then: departs},
		{name: "an expulsion", given: given, when: member("m", "2021-12-01", expelled()), rule: rule, then: departs},
		{name: "a dismissal of an official member", given: official, when: measure("dismissal", "2022-12-01"), rule: rule, then: keeps},
		{name: "an expulsion of an official member", given: official, when: member("m", "2022-12-01", expelled()), rule: rule, then: keeps},
	}
}

// A judge that goes through a whole ledger comes to the same as one that is asked
// about one entry, in whatever order it goes.
func TestVerdictsDoNotDependOnTheOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all := charterCases()
		v := all[rapid.IntRange(0, len(all)-1).Draw(rt, "case")]
		w := founded(t).given(t, append(slices.Clip(v.given), v.when)...)
		persons := func(domain.Subject, domain.Date) (domain.Person, bool) { return v.person, v.person != domain.Person{} }
		var entries []domain.Entry
		for _, line := range w.lines {
			entries = append(entries, line.Entries()...)
		}
		slices.SortFunc(entries, func(a, b domain.Entry) int { return int(a.Sequence) - int(b.Sequence) })
		alone := map[uint64]string{}
		for _, e := range entries {
			alone[e.Sequence] = fmt.Sprintf("%+v", domain.NewJudge(w, domain.Embedded(), persons).Entry(e))
		}
		j := domain.NewJudge(w, domain.Embedded(), persons)
		for _, e := range rapid.Permutation(entries).Draw(rt, "order") {
			if got := fmt.Sprintf("%+v", j.Entry(e)); got != alone[e.Sequence] {
				rt.Fatalf("%s of %s on %s, judged among others\n%s\nand alone\n%s", e.Type(), e.Subject, e.EffectiveOn, got, alone[e.Sequence])
			}
		}
		if !reflect.DeepEqual(w.directory, w.rebuilt()) {
			rt.Fatal("judging left the directory changed")
		}
	})
}

func TestWhatIsAnnulledIsNotJudged(t *testing.T) {
	given := append(provisional("2021-05-19"), named("early", member("m", "2022-01-01", confirmed())))
	w := founded(t).given(t, append(given, member("m", "2022-01-01", annul("early")))...)
	for _, e := range w.Timeline(domain.MemberSubject("m")).Entries()[2:] {
		if v := domain.NewJudge(w, domain.Embedded(), nil).Entry(e); v.Policy != "" || len(v.Departures) > 0 {
			t.Errorf("%s is judged: %+v", e.Type(), v)
		}
	}
}

func TestAnExceptionCoversTheRulesThatItNames(t *testing.T) {
	w := founded(t).given(t, provisional("2021-05-19")...)
	early := member("m", "2022-01-01", confirmed())
	early.ID, early.Sequence = "early", w.sequence+1
	for rule, refused := range map[string]bool{
		"": true, "confirmation.deadline": true, "confirmation.probation": false, "admission.age_max, confirmation.probation": false,
	} {
		early.Exception = nil
		if rule != "" {
			early.Exception = &domain.Exception{Rule: rule, Reason: "đặc biệt", Authority: "Huyện uỷ"}
		}
		v, _ := domain.NewJudge(w, domain.Embedded(), nil).Recording(early)
		r := v.Rejection()
		if (r != nil) != refused {
			t.Errorf("with an exception from %q: %v, want it refused: %t", rule, r, refused)
		}
		if r != nil {
			checkMessage(t, r)
			if r.Code != domain.CharterRule || r.Rule != "confirmation.probation" || !strings.Contains(r.Message.EN, "Điều 5, Điều lệ Đảng") || !strings.Contains(r.Message.EN, "confirm on that day or later") {
				t.Errorf("the rejection names %s and says %q", r.Rule, r.Message.EN)
			}
		}
	}
}

// A second departure is named too, and what is only found is not refused.
func TestARejectionNamesEveryRule(t *testing.T) {
	w := founded(t).given(t, candidate("2020-01-01")...)
	e := member("m", "2021-05-19", admitted(""))
	e.ID, e.Sequence = "e", w.sequence+1
	v, _ := domain.NewJudge(w, domain.Embedded(), nil).Recording(e)
	r := v.Rejection()
	if r == nil || r.Rule != "admission.awareness_course" {
		t.Fatalf("Rejection() = %v", r)
	}
	for _, rule := range []string{"admission.awareness_course", "admission.ceremony", "admission.introducers"} {
		if !strings.Contains(r.Message.EN, rule) || !strings.Contains(r.Message.VI, rule) {
			t.Errorf("%s is not in %q", rule, r.Message)
		}
	}
	w = founded(t).given(t, crowd("a1", 3)...)
	died := member("q0", "2020-01-01", &domain.Died{})
	died.ID, died.Sequence = "d", w.sequence+1
	if v, _ := domain.NewJudge(w, domain.Embedded(), nil).Recording(died); len(v.Departures) > 0 {
		t.Errorf("a death is judged when it is recorded: %+v", v)
	}
}

func TestAVerdictSaysOnWhomItRests(t *testing.T) {
	rests := func(w *world, e domain.Entry) []domain.Subject {
		e.ID, e.Sequence = "e", w.sequence+1
		_, list := domain.NewJudge(w, domain.Embedded(), nil).Recording(e)
		return list
	}
	w := founded(t).given(t, append(candidate("2020-01-01"), member("m", "2020-05-01", mentored("elder")))...)
	if got, want := rests(w, member("m", "2021-05-19", admitted(""))), []domain.Subject{"member/elder"}; !slices.Equal(got, want) {
		t.Errorf("an admission rests on %v, want %v", got, want)
	}
	w = founded(t).given(t, crowd("a", 3)...)
	if got, want := rests(w, member("q0", "2021-12-15", rated(2021, "excellent"))), []domain.Subject{"organisation/a"}; !slices.Equal(got, want) {
		t.Errorf("an excellent grade rests on %v, want %v", got, want)
	}
	if got := rests(w, member("q0", "2021-12-15", rated(2021, "good"))); len(got) > 0 {
		t.Errorf("a good grade rests on %v", got)
	}
}
