package domain_test

import (
	"fmt"
	"slices"

	"rollbook/domain"
)

func educated(text string) domain.Person { return domain.Person{Education: text} }

// of is a candidate of an ethnic group.
func of(ethnicity domain.Ethnicity, religion domain.Religion) []domain.Entry {
	p := somebody()
	p.Ethnicity, p.Religion = ethnicity, religion
	return []domain.Entry{member("m", "2020-01-01", &domain.Identified{Person: p, Organisation: "a", Source: "militia"})}
}

func decided(on, by string) domain.Event {
	return &domain.Admitted{Decision: domain.Decision{Number: "1-QĐ/HU", Date: day(on), IssuedBy: by}}
}

func educationCases() []verdict {
	const rule = "admission.education"
	when := member("m", "2021-05-10", admitted(""))
	return []verdict{
		{name: "class 8 of the majority", given: of("01", "00"), when: when, person: educated("8/12"), rule: rule, then: departs, says: "class 9"},
		{name: "class 9 of the majority", given: of("01", "00"), when: when, person: educated("9/12"), rule: rule, then: keeps},
		{name: "class 4 of a minority", given: of("08", "00"), when: when, person: educated("4/12"), rule: rule, then: departs, says: "class 5"},
		{name: "class 5 of a minority", given: of("08", "00"), when: when, person: educated("5/12"), rule: rule, then: keeps},
		{name: "class 7 of ten", given: of("01", "00"), when: when, person: educated("7/10"), rule: rule, then: keeps},
		{name: "class 6 of ten", given: of("01", "00"), when: when, person: educated("6/10"), rule: rule, then: departs},
		{name: "a degree", given: of("01", "00"), when: when, person: educated("Đại học"), rule: rule, then: keeps},
		{name: "something else", given: of("01", "00"), when: when, person: educated("lớp bổ túc"), rule: rule, then: unknown},
		{name: "not finished", given: of("01", "00"), when: when, person: educated("chưa tốt nghiệp THCS"), rule: rule, then: unknown},
		{name: "nothing is known", given: of("01", "00"), when: when, rule: rule, then: unknown},
		{name: "the ethnic group is closed and decides", given: of("", "00"), when: when, person: educated("6/12"), rule: rule, then: unknown},
		{name: "the ethnic group is closed and does not matter", given: of("", "00"), when: when, person: educated("9/12"), rule: rule, then: keeps},
	}
}

func courseCases() []verdict {
	course := func(c domain.Course, on string) domain.Entry {
		return member("m", on, &domain.CourseCompleted{Course: c})
	}
	given := func(more ...domain.Entry) []domain.Entry { return append(candidate("2015-01-01"), more...) }
	when := member("m", "2021-05-19", admitted(""))
	const awareness, fresh = "admission.awareness_course", "confirmation.new_member_course"
	confirmation := member("m", "2022-05-19", confirmed())
	return []verdict{
		{name: "no course", given: given(), when: when, rule: awareness, then: departs, says: "60 months"},
		{name: "60 months before", given: given(course("party_awareness", "2016-05-19")), when: when, rule: awareness, then: keeps},
		{name: "60 months and a day before", given: given(course("party_awareness", "2016-05-18")), when: when, rule: awareness, then: departs},
		{name: "on the day", given: given(course("party_awareness", "2021-05-19")), when: when, rule: awareness, then: keeps},
		{name: "another course", given: given(course("new_member", "2021-05-01")), when: when, rule: awareness, then: departs},
		{name: "a course that was annulled", given: given(named("course", course("party_awareness", "2020-01-01")), member("m", "2020-01-01", annul("course"))), when: when, rule: awareness, then: departs},

		{name: "no course", given: provisional("2021-05-19"), when: confirmation, rule: fresh, then: departs},
		{name: "in probation", given: append(provisional("2021-05-19"), course("new_member", "2022-05-19")), when: confirmation, rule: fresh, then: keeps},
		{name: "before the admission", given: append(provisional("2021-05-19"), course("new_member", "2021-05-18")), when: confirmation, rule: fresh, then: departs},
		{name: "the awareness course", given: append(provisional("2021-05-19"), course("party_awareness", "2021-06-18")), when: confirmation, rule: fresh, then: departs},
		{name: "who came in probation", given: []domain.Entry{member("m", "2022-01-01", broughtForward("a", domain.Provisional))}, when: confirmation, rule: fresh, then: unknown},
	}
}

// guide is a member of "a": there and official since two days.
func guide(id, there, official string) []domain.Entry {
	return []domain.Entry{
		member(id, there, &domain.TransferredIn{
			Person: new(somebody()), Organisation: "a", Status: domain.Official, AdmittedOn: day("2000-05-19"), ConfirmedOn: day(official),
		}),
	}
}

func mentorCases() []verdict {
	const official, together, enough = "mentor.official", "mentor.together", "admission.introducers"
	opening := func(id, on string) domain.Entry { return member(id, on, broughtForward("a", domain.Official)) }
	by := func(on string) domain.Entry { return member("m", on, mentored("g")) }
	given := func(lists ...[]domain.Entry) []domain.Entry {
		return append(slices.Concat(lists...), candidate("2020-01-01")...)
	}
	young := []domain.Entry{member("g", "2019-01-01", identified("a")), member("g", "2019-06-01", admitted(""))}
	from := func(s domain.Source) []domain.Entry {
		return []domain.Entry{member("m", "2020-01-01", &domain.Identified{Person: somebody(), Organisation: "a", Source: s})}
	}
	two := slices.Concat(guide("g", "2015-01-01", "2010-05-19"), guide("h", "2015-01-01", "2010-05-19"))
	assigned := func(ids ...string) (list []domain.Entry) {
		for _, id := range ids {
			list = append(list, member("m", "2020-05-01", &domain.MentorAssigned{Mentor: id, Role: "introducer"}))
		}
		return list
	}
	admission := member("m", "2021-05-19", admitted(""))
	return []verdict{
		{name: "a provisional member", given: given(young), when: by("2020-05-01"), rule: official, then: departs},
		{name: "confirmed on that day", given: given(young, []domain.Entry{member("g", "2020-06-01", confirmed())}), when: by("2020-06-01"), rule: official, then: keeps},
		{name: "confirmed, recorded late", given: given(young, []domain.Entry{member("g", "2020-06-01", confirmed())}), when: by("2020-05-31"), rule: official, then: departs},

		{name: "there for twelve months", given: given(guide("g", "2019-05-01", "2010-05-19")), when: by("2020-05-01"), rule: together, then: keeps},
		{name: "a day less", given: given(guide("g", "2019-05-02", "2010-05-19")), when: by("2020-05-01"), rule: together, then: departs, says: "12 months"},
		{name: "official for twelve months", given: given(guide("g", "2015-01-01", "2010-01-01"), nil), when: by("2020-05-01"), rule: together, then: keeps},
		{name: "official for less", given: given(young, []domain.Entry{member("g", "2020-06-01", confirmed())}), when: by("2021-05-31"), rule: together, then: departs},
		{name: "official for twelve months in the ledger", given: given(young, []domain.Entry{member("g", "2020-06-01", confirmed())}), when: by("2021-06-01"), rule: together, then: keeps},
		{name: "in another organisation", given: given(), when: member("m", "2020-05-01", mentored("elder")), rule: together, then: departs},
		{name: "there when the ledger began, not long ago", given: given([]domain.Entry{opening("g", "2019-12-31")}), when: by("2020-05-01"), rule: together, then: unknown},
		{name: "there when the ledger began", given: given([]domain.Entry{opening("g", "2019-12-31")}), when: by("2020-12-31"), rule: together, then: keeps},
		{
			name: "a merger is no move", rule: together, then: keeps, when: by("2020-06-01"),
			given: append(given(guide("g", "2015-01-01", "2010-05-19")), organisation("a1", "2020-02-01", moved("b")), organisation("a", "2020-03-01", merged("b"))),
		},
		{
			name: "a transfer is one", rule: together, then: departs, when: by("2020-06-01"),
			given: append(given(guide("g", "2015-01-01", "2010-05-19")), member("g", "2020-02-01", transferred("b")), member("g", "2020-03-01", transferred("a"))),
		},

		{name: "nobody", given: candidate("2020-01-01"), when: admission, rule: enough, then: departs, says: "0 of 2"},
		{name: "one", given: slices.Concat(two, candidate("2020-01-01"), assigned("g")), when: admission, rule: enough, then: departs, says: "1 of 2"},
		{name: "two", given: slices.Concat(two, candidate("2020-01-01"), assigned("g", "h")), when: admission, rule: enough, then: keeps},
		{name: "one, and the Youth Union", given: slices.Concat(two, from("youth_union"), assigned("g")), when: admission, rule: enough, then: keeps},
		{name: "one, and the trade union", given: slices.Concat(two, from("trade_union"), assigned("g")), when: admission, rule: enough, then: keeps},
		{name: "nobody, and the Youth Union", given: from("youth_union"), when: admission, rule: enough, then: departs, says: "0 of 1"},
		{name: "one of two has gone elsewhere", given: slices.Concat(two, candidate("2020-01-01"), assigned("g", "h"), []domain.Entry{member("h", "2021-01-01", transferred("b"))}), when: admission, rule: enough, then: departs, says: "1 of 2"},
		{name: "one of two was released", given: slices.Concat(two, candidate("2020-01-01"), assigned("g", "h"), []domain.Entry{member("m", "2021-01-01", released("h"))}), when: admission, rule: enough, then: departs},
		{name: "one of two may not have been there long", given: slices.Concat(two, []domain.Entry{opening("o", "2020-06-01")}, candidate("2020-01-01"), assigned("g"), []domain.Entry{member("m", "2020-07-01", mentored("o"))}), when: admission, rule: enough, then: unknown},
	}
}

func admissionCases() []verdict {
	given := candidate("2020-01-01")
	const ceremony, extra = "admission.ceremony", "admission.extra_confirmation"
	follows := of("08", "02")
	// From Monday 4 January 2021, 30 working days and 11 holidays end on Tuesday 2 March.
	return []verdict{
		{name: "41 weekdays after the decision", given: given, when: member("m", "2021-03-02", decided("2021-01-04", "")), rule: ceremony, then: keeps},
		{name: "42 weekdays after", given: given, when: member("m", "2021-03-03", decided("2021-01-04", "")), rule: ceremony, then: departs, says: "30 working days"},
		{name: "the Sunday before that is none", given: given, when: member("m", "2021-02-28", decided("2021-01-01", "")), rule: ceremony, then: keeps},
		{name: "before the decision", given: given, when: member("m", "2021-01-03", decided("2021-01-04", "")), rule: ceremony, then: keeps},
		{
			name: "a deadline of the organisation's own", when: member("m", "2021-03-02", decided("2021-01-04", "")), rule: ceremony, then: departs, says: "29 working days",
			given: append(candidate("2020-01-01"), organisation("a", "2021-01-01", &domain.PolicyAdopted{
				Version: "own", Rules: []domain.RuleChange{{Rule: ceremony, Parameters: []domain.Parameter{{Name: "working_days", Value: 29}}}},
			})),
		},

		{name: "decided by the district", given: follows, when: member("m", "2021-05-10", decided("2021-05-03", "d")), rule: extra, then: keeps},
		{name: "decided by the commune", given: follows, when: member("m", "2021-05-10", decided("2021-05-03", "a")), rule: extra, then: departs},
		{name: "decided by whom the ledger does not know", given: follows, when: member("m", "2021-05-10", decided("2021-05-03", "Ban Thường vụ")), rule: extra, then: unknown},
		{name: "no such case", given: of("08", "00"), when: member("m", "2021-05-10", decided("2021-05-03", "a")), rule: extra, then: keeps},
		{name: "closed", given: of("08", ""), when: member("m", "2021-05-10", decided("2021-05-03", "a")), rule: extra, then: unknown},
		{name: "the day before the rule", given: []domain.Entry{member("m", "2018-01-01", follows[0].Event)}, when: member("m", "2018-09-27", decided("2018-09-03", "a")), rule: extra, then: keeps},
		{name: "the first day of the rule", given: []domain.Entry{member("m", "2018-01-01", follows[0].Event)}, when: member("m", "2018-09-28", decided("2018-09-03", "a")), rule: extra, then: departs},
	}
}

func readmissionCases() []verdict {
	out := append(provisional("2012-05-19"), member("m", "2013-05-19", confirmed()), member("m", "2015-03-31", expelled()))
	again := func(more ...domain.Entry) []domain.Entry {
		return slices.Concat(out, []domain.Entry{member("m", "2016-01-01", identified("a"))}, more)
	}
	twice := again(member("m", "2018-03-31", admitted("")), member("m", "2019-01-01", removed()), member("m", "2020-01-01", identified("a")))
	const waiting, once = "readmission.waiting", "readmission.once"
	return []verdict{
		{name: "36 months after", given: again(), when: member("m", "2018-03-31", admitted("")), rule: waiting, then: keeps},
		{name: "a day before", given: again(), when: member("m", "2018-03-30", admitted("")), rule: waiting, then: departs, says: "2018-03-31"},
		{name: "a first admission", given: candidate("2017-01-01"), when: member("m", "2018-03-30", admitted("")), rule: waiting, then: keeps},
		{name: "after resigning", given: append(out[:3:3], member("m", "2015-03-31", &domain.Resigned{}), member("m", "2016-01-01", identified("a"))), when: member("m", "2017-03-31", admitted("")), rule: waiting, then: keeps},
		{name: "after an expulsion that was annulled and another end", given: append(out[:3:3], named("x", member("m", "2015-03-31", expelled())), member("m", "2015-03-31", annul("x")), member("m", "2015-04-01", &domain.Resigned{}), member("m", "2016-01-01", identified("a"))), when: member("m", "2017-03-31", admitted("")), rule: waiting, then: keeps},
		{name: "the first time", given: again(), when: member("m", "2018-03-31", admitted("")), rule: once, then: keeps},
		{name: "the second time", given: twice, when: member("m", "2022-01-01", admitted("")), rule: once, then: departs, says: "1 times"},
	}
}

func removalCases() []verdict {
	official := append(provisional("2015-05-19"), member("m", "2016-05-19", confirmed()))
	grades := func(g ...domain.Grade) []domain.Entry {
		list := slices.Clone(official)
		for i, grade := range g {
			year := 2018 + i
			list = append(list, member("m", fmt.Sprintf("%d-12-15", year), rated(year, grade)))
		}
		return list
	}
	remove := func(c domain.RemovalCause, on string) domain.Entry {
		return member("m", on, &domain.Removed{Cause: c, Decision: decision})
	}
	const bad, good = domain.Grade("unsatisfactory"), domain.Grade("good")
	const failed, unqualified, twice = "removal.probation_failed", "removal.unqualified", "rating.unsatisfactory_twice"
	return []verdict{
		{name: "a provisional member", given: provisional("2015-05-19"), when: remove("probation_failed", "2016-05-19"), rule: failed, then: keeps},
		{name: "an official member", given: official, when: remove("probation_failed", "2016-05-20"), rule: failed, then: departs},
		{name: "an official member for another cause", given: official, when: remove("lapsed", "2016-05-20"), rule: failed, then: keeps},

		{name: "two years", given: grades(bad, bad), when: remove("unqualified", "2020-02-01"), rule: unqualified, then: keeps},
		{name: "one year", given: grades(good, bad), when: remove("unqualified", "2020-02-01"), rule: unqualified, then: departs, says: "2 consecutive"},
		{name: "two years with one between", given: grades(bad, good, bad), when: remove("unqualified", "2021-02-01"), rule: unqualified, then: departs},
		{name: "years before the ledger began", given: []domain.Entry{member("m", "2019-12-31", broughtForward("a", domain.Official))}, when: remove("unqualified", "2020-02-01"), rule: unqualified, then: unknown},

		{name: "rated again after two years", given: grades(bad, bad), when: member("m", "2020-12-15", rated(2020, good)), rule: twice, then: departs, says: "2 consecutive years to 2019"},
		{name: "rated again after one year", given: grades(good, bad), when: member("m", "2020-12-15", rated(2020, good)), rule: twice, then: keeps},
		{name: "the second year itself", given: grades(bad), when: member("m", "2019-12-15", rated(2019, bad)), rule: twice, then: keeps},
		{name: "removed and restored", given: append(grades(bad, bad), remove("unqualified", "2020-02-01"), member("m", "2020-05-01", restored(""))), when: member("m", "2020-12-15", rated(2020, good)), rule: twice, then: keeps},
	}
}

func ratingCases() []verdict {
	const fresh, exempted = "rating.too_new", "rating.exempted"
	when := member("m", "2021-12-15", rated(2021, "good"))
	excused := func(k domain.Exemption, on string, until domain.Date) []domain.Entry {
		return append(provisional("2015-05-19"), member("m", on, &domain.Exempted{Kind: k, Until: until}))
	}
	return []verdict{
		{name: "admitted six months before the end of the year", given: provisional("2021-07-01"), when: when, rule: fresh, then: keeps},
		{name: "a day later", given: provisional("2021-07-02"), when: when, rule: fresh, then: departs, says: "end of 2021"},
		{name: "rated before the rule", given: provisional("2017-07-02"), when: member("m", "2018-03-07", rated(2017, "good")), rule: fresh, then: keeps},
		{name: "rated on its first day", given: provisional("2017-07-02"), when: member("m", "2018-03-08", rated(2017, "good")), rule: fresh, then: departs},

		{name: "excused for good", given: excused("activity", "2021-03-01", 0), when: when, rule: exempted, then: departs, says: "2021"},
		{name: "excused to the day before", given: excused("work", "2021-03-01", day("2021-12-14")), when: when, rule: exempted, then: keeps},
		{name: "excused to the day", given: excused("work", "2021-03-01", day("2021-12-15")), when: when, rule: exempted, then: departs},
		{name: "excused since the day after", given: excused("activity", "2021-12-16", 0), when: when, rule: exempted, then: keeps},
		{name: "rated in the next year and excused in it", given: excused("activity", "2022-01-02", 0), when: member("m", "2022-01-15", rated(2021, "good")), rule: exempted, then: keeps},
	}
}

// gradedMembers are official members p0, p1 … of "a", with a grade each.
func gradedMembers(year int, g ...domain.Grade) (list []domain.Entry) {
	for i, grade := range g {
		id := fmt.Sprint("p", i)
		list = append(list, member(id, "2015-01-01", broughtForward("a", domain.Official)))
		if grade != "" {
			list = append(list, member(id, fmt.Sprintf("%d-12-1%d", year, i%10), rated(year, grade)))
		}
	}
	return list
}

func capCases() []verdict {
	const members, organisations = "rating.cap_members", "rating.cap_organisations"
	const good, best = domain.Grade("good"), domain.Grade("excellent")
	when := func(id string) domain.Entry { return member(id, "2021-12-31", rated(2021, best)) }
	better := domain.Embedded().With(domain.Amendment{Version: "better", From: day("2021-10-01"), Rules: []domain.RuleChange{
		{Rule: members, Parameters: []domain.Parameter{{Name: "better", Value: 1}}},
	}})
	communes := func(n int) (list []domain.Entry) {
		for i := range n {
			id := fmt.Sprint("x", i)
			list = append(list, organisation(id, "2015-01-01", commune("d")), organisation(id, "2021-12-20", &domain.OrganisationRated{Year: 2021, Grade: good}))
		}
		return list
	}
	first := organisation("a", "2021-12-20", &domain.OrganisationRated{Year: 2021, Grade: best})
	second := organisation("b", "2021-12-21", &domain.OrganisationRated{Year: 2021, Grade: best})
	return []verdict{
		{name: "one beside five good ones", given: gradedMembers(2021, good, good, good, good, good, ""), when: when("p5"), rule: members, then: keeps},
		{name: "one beside four", given: gradedMembers(2021, good, good, good, good, "satisfactory", ""), when: when("p5"), rule: members, then: departs, says: "1 are rated excellent for 2021, and 0 may be, because 4"},
		{name: "the second beside five", given: gradedMembers(2021, good, good, good, good, good, best, ""), when: when("p6"), rule: members, then: departs},
		{name: "one beside four, where excellent ones count too", given: gradedMembers(2021, good, good, good, good, ""), when: when("p4"), rule: members, then: keeps, charter: better},
		{name: "good ones of another year", given: gradedMembers(2020, good, good, good, good, good, ""), when: when("p5"), rule: members, then: departs},
		{name: "good ones of another organisation", given: append(gradedMembers(2021, good, good, good, good, good, ""), member("p5", "2021-02-01", transferred("b"))), when: when("p5"), rule: members, then: departs},
		{name: "good", given: gradedMembers(2021, ""), when: member("p0", "2021-12-31", rated(2021, good)), rule: members, then: keeps},
		{name: "before the rule", given: gradedMembers(2016, ""), when: member("p0", "2018-03-07", rated(2017, best)), rule: members, then: keeps},

		{name: "one of six", given: communes(5), when: first, rule: organisations, then: keeps},
		{name: "one of five", given: communes(4), when: first, rule: organisations, then: departs, says: "directly below organisation d"},
		{name: "the second of seven", given: append(communes(5), first), when: second, rule: organisations, then: departs},
		{name: "a cell below a grassroots committee", given: communes(0), when: organisation("a1", "2021-12-20", &domain.OrganisationRated{Year: 2021, Grade: best}), rule: organisations, then: keeps},
	}
}

func badgeCases() []verdict {
	const on, full = "badge.day", "badge.years"
	// Admitted on 19 May 1994, see broughtForward.
	given := []domain.Entry{member("m", "2015-01-01", broughtForward("a", domain.Official))}
	award := func(years int, on string) domain.Entry { return member("m", on, &domain.BadgeAwarded{Years: years}) }
	away := append(slices.Clone(given), member("m", "2016-01-01", removed()), member("m", "2017-01-01", restored("")))
	return []verdict{
		{name: "19 May", given: given, when: award(30, "2024-05-19"), rule: on, then: keeps},
		{name: "20 May", given: given, when: award(30, "2024-05-20"), rule: on, then: departs, says: "19 May"},
		{name: "7 November", given: given, when: award(30, "2024-11-07"), rule: on, then: keeps},
		{name: "30 years", given: given, when: award(30, "2024-05-19"), rule: full, then: keeps},
		{name: "30 years without a day", given: given, when: award(30, "2024-05-18"), rule: full, then: departs, says: "2024-05-19"},
		{name: "a badge of 40 years after 30", given: given, when: award(40, "2024-05-19"), rule: full, then: departs, says: "2034-05-19"},
		{name: "a time out of the Party does not count", given: away, when: award(30, "2024-09-02"), rule: full, then: departs, says: "2025-05-20"},
		{name: "after it", given: away, when: award(30, "2025-09-02"), rule: full, then: keeps},
	}
}

// crowd is the official members q0, q1 … of an organisation.
func crowd(organisation string, n int) (list []domain.Entry) {
	for i := range n {
		list = append(list, member(fmt.Sprint("q", i), "2015-01-01", broughtForward(organisation, domain.Official)))
	}
	return list
}

func sizeCases() []verdict {
	const cell, committee, village1 = "cell.official_members", "committee.official_members", "village.own_cell"
	leave := func(id, on string) domain.Entry { return member(id, on, &domain.Died{}) }
	hamlet := village("v", "2015-01-01", &domain.VillageRegistered{Name: "Bản Tà Hàng", Commune: "a"})
	assign := func(joint bool) domain.Entry {
		return village("v", "2016-01-01", &domain.CellAssigned{Cell: "a1", Joint: joint})
	}
	fresh := organisation("n", "2014-12-15", established("Chi bộ bản Mới", domain.SubordinateCell, "a"))
	return []verdict{
		{name: "the fourth leaves", given: crowd("a1", 4), when: leave("q0", "2020-01-01"), rule: cell, then: keeps},
		{name: "the third leaves", given: crowd("a1", 3), when: leave("q0", "2020-01-01"), rule: cell, then: departs, says: "a1 has 2"},
		{name: "the second leaves, which the third had caused", given: crowd("a1", 2), when: leave("q0", "2020-01-01"), rule: cell, then: keeps},
		{name: "another comes within 30 days", given: append(crowd("a1", 3), member("n", "2020-01-31", broughtForward("a1", domain.Official))), when: leave("q0", "2020-01-01"), rule: cell, then: keeps},
		{name: "another comes a day later", given: append(crowd("a1", 3), member("n", "2020-02-01", broughtForward("a1", domain.Official))), when: leave("q0", "2020-01-01"), rule: cell, then: departs},
		{name: "the cell ends", given: append(crowd("a1", 3), organisation("a1", "2020-01-20", merged("b"))), when: leave("q0", "2020-01-01"), rule: cell, then: keeps},
		{name: "a provisional member leaves", given: append(crowd("a1", 2), member("m", "2019-06-01", broughtForward("a1", domain.Provisional))), when: leave("m", "2020-01-01"), rule: cell, then: keeps},
		{name: "a temporary transfer", given: crowd("a1", 3), when: member("q0", "2020-01-01", lent("b")), rule: cell, then: keeps},
		{name: "a transfer", given: crowd("a1", 3), when: member("q0", "2020-01-01", transferred("b")), rule: cell, then: departs},
		{name: "a committee is no cell", given: crowd("a", 3), when: leave("q0", "2020-01-01"), rule: cell, then: keeps},
		{name: "a new cell that nobody is in yet", when: fresh, rule: cell, then: unknown},

		{name: "the 31st of the cells below leaves", given: crowd("a1", 31), when: leave("q0", "2020-01-01"), rule: committee, then: keeps},
		{name: "the 30th leaves", given: crowd("a1", 30), when: leave("q0", "2020-01-01"), rule: committee, then: departs, says: "a has 29"},
		{name: "the 30th moves to another cell of it", given: append(crowd("a1", 30), organisation("n", "2018-01-01", established("Chi bộ bản Mới", domain.SubordinateCell, "a"))), when: member("q0", "2020-01-01", transferred("n")), rule: committee, then: keeps},
		{name: "the 30th moves to another committee", given: crowd("a1", 30), when: member("q0", "2020-01-01", transferred("b")), rule: committee, then: departs},

		{name: "a cell of three", given: append(crowd("a1", 3), hamlet), when: assign(false), rule: village1, then: keeps},
		{name: "a cell of two", given: append(crowd("a1", 2), hamlet), when: assign(false), rule: village1, then: departs, says: "a1 has 2"},
		{name: "a cell of two, jointly", given: append(crowd("a1", 2), hamlet), when: assign(true), rule: village1, then: keeps},
		{name: "a cell that nobody is recorded in", given: []domain.Entry{hamlet}, when: assign(false), rule: village1, then: unknown},
	}
}

func quotaCases() []verdict {
	const rule = "admission.quota"
	yes := true
	strict := organisation("a", "2021-01-01", &domain.PolicyAdopted{Version: "own", Rules: []domain.RuleChange{{Rule: rule, On: &yes}}})
	quota := func(of string, n int) domain.Entry {
		return organisation(of, "2021-01-01", &domain.QuotaSet{Year: 2021, Admissions: n})
	}
	another := []domain.Entry{member("o", "2020-01-01", identified("a1")), member("o", "2021-03-01", admitted(""))}
	given := func(more ...domain.Entry) []domain.Entry {
		return slices.Concat(candidate("2020-01-01"), another, []domain.Entry{strict}, more)
	}
	when := member("m", "2021-05-19", admitted(""))
	return []verdict{
		{name: "the second of two", given: given(quota("a", 2)), when: when, rule: rule, then: keeps},
		{name: "the second of one", given: given(quota("a", 1)), when: when, rule: rule, then: departs, says: "its quota of 1 in 2021"},
		{name: "a later quota replaces it", given: given(quota("a", 1), organisation("a", "2021-06-01", &domain.QuotaSet{Year: 2021, Admissions: 2})), when: when, rule: rule, then: keeps},
		{name: "no quota", given: given(), when: when, rule: rule, then: keeps},
		{name: "the quota of another year", given: given(organisation("a", "2021-01-01", &domain.QuotaSet{Year: 2020, Admissions: 0})), when: when, rule: rule, then: keeps},
		{name: "the district's is not asked", given: given(quota("d", 0)), when: when, rule: rule, then: keeps},
		{name: "the cell's own comes first", given: slices.Concat(candidate("2020-01-01"), []domain.Entry{strict, quota("a", 0), quota("a1", 1), member("m", "2020-06-01", transferred("a1"))}), when: when, rule: rule, then: keeps},
		{name: "where nobody adopted the rule", given: slices.Concat(candidate("2020-01-01"), []domain.Entry{quota("a", 0)}), when: when, rule: rule, then: keeps},
	}
}
