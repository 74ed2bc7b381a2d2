package domain_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

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

func tryAll(t *testing.T, cases []verdict) {
	t.Helper()
	for _, v := range cases {
		t.Run(v.rule+": "+v.name, v.try)
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

func TestAgeAtAdmission(t *testing.T) {
	given := candidate("2020-01-01")
	when := func(on string) domain.Entry { return member("m", on, admitted("")) }
	tryAll(t, []verdict{
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
	})
}

func TestProbationAndItsDeadline(t *testing.T) {
	given := provisional("2021-05-19")
	when := func(on string) domain.Entry { return member("m", on, confirmed()) }
	tryAll(t, []verdict{
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
	})
}

func TestDisciplineOfProvisionalMembers(t *testing.T) {
	given := provisional("2021-05-19")
	official := append(slices.Clone(given), member("m", "2022-05-19", confirmed()))
	measure := func(m domain.Measure, on string) domain.Entry {
		return member("m", on, &domain.Disciplined{Measure: m, Decision: decision})
	}
	const rule = "discipline.provisional"
	tryAll(t, []verdict{
		{name: "a warning", given: given, when: measure("warning", "2021-12-01"), rule: rule, then: keeps},
		{name: "a dismissal", given: given, when: measure("dismissal", "2021-12-01"), rule: rule, then: departs},
		{name: "an expulsion", given: given, when: member("m", "2021-12-01", expelled()), rule: rule, then: departs},
		{name: "a dismissal of an official member", given: official, when: measure("dismissal", "2022-12-01"), rule: rule, then: keeps},
		{name: "an expulsion of an official member", given: official, when: member("m", "2022-12-01", expelled()), rule: rule, then: keeps},
	})
}
