package domain

import (
	"fmt"
	"time"
)

// The people of the examples are invented.
var (
	examplePerson = Person{
		FullName: "Vàng Thị Mỷ", BirthDate: exampleDay("1996-04-18"), Gender: Female, Ethnicity: "08", Religion: NoReligion,
		NationalID: "011196000123", Address: "Bản Ví Dụ 1, xã Ví Dụ", Phone: "0900 000 123", Education: "12/12", Occupation: "giáo viên mầm non",
	}
	exampleDecision = Decision{Number: "112-QĐ/HU", Date: exampleDay("2021-05-10"), IssuedBy: "muong-nhe"}
	exampleReason   = "Ghi nhầm ngày; ghi lại theo quyết định."
)

// examples has one entry of every type, with all that its data can hold.
var examples = exampleEntries(
	organisationExample("2010-01-01", &OrganisationEstablished{Name: "Chi bộ bản Ví Dụ", Kind: SubordinateCell, Parent: "xa-vi-du", Sector: "commune"}),
	organisationExample("2015-07-01", &OrganisationRenamed{Name: "Chi bộ bản Ví Dụ 1"}),
	organisationExample("2016-01-01", &OrganisationMoved{Parent: "xa-vi-du-2"}),
	organisationExample("2019-12-31", &OrganisationMerged{Into: "chi-bo-vi-du-2"}),
	organisationExample("2020-12-31", &OrganisationDissolved{}),
	organisationExample("2021-12-31", &OrganisationRated{Year: 2021, Grade: "good"}),
	organisationExample("2021-01-05", &QuotaSet{Year: 2021, Admissions: 3}),
	organisationExample("2020-08-01", &TargetSet{From: exampleDay("2020-08-01"), To: exampleDay("2025-07-31"), Admissions: 15}),
	organisationExample("2021-12-31", &OrganisationCommended{Year: 2021, Title: "Tập thể Lao động tiên tiến"}),
	organisationExample("2022-01-01", &PolicyAdopted{Version: "chi-tieu-2022", Title: Text{EN: "Quota and deadlines of 2022", VI: "Chỉ tiêu và thời hạn năm 2022"}, Rules: exampleRules()}),
	because(exampleReason, organisationExample("2015-07-01", &OrganisationEntryAnnulled{Annuls: "e-1002"})),

	villageExample("2010-01-01", &VillageRegistered{Name: "Bản Ví Dụ 1", Commune: "xa-vi-du"}),
	villageExample("2010-01-01", &CellAssigned{Cell: "chi-bo-vi-du", Joint: true}),
	villageExample("2022-03-01", &VillageRetired{}),
	because(exampleReason, villageExample("2022-03-01", &VillageEntryAnnulled{Annuls: "e-1013"})),

	memberExample("2020-03-26", &Identified{Person: examplePerson, Organisation: "chi-bo-vi-du", Source: "youth_union"}),
	memberExample("2020-04-01", &MentorAssigned{Mentor: "m-0007", Role: "mentor"}),
	memberExample("2021-05-19", &MentorReleased{Mentor: "m-0007"}),
	memberExample("2020-11-20", &CourseCompleted{Course: "party_awareness", Certificate: "45/TTCT-2020"}),
	memberExample("2021-02-01", &CandidacyEnded{Cause: "moved"}),
	excepted(memberExample("2021-05-19", &Admitted{Decision: exampleDecision, Organisation: "chi-bo-vi-du"})),
	memberExample("2022-05-19", &Confirmed{Decision: exampleDecision}),
	memberExample("2022-12-15", &Rated{Year: 2022, Grade: "excellent"}),
	memberExample("2023-02-01", &Transferred{Organisation: "chi-bo-vi-du-2", Temporary: false}),
	memberExample("2023-06-01", &TransferredOut{Destination: "Đảng bộ huyện Ví Dụ, tỉnh khác"}),
	memberExample("2024-01-10", &TransferredIn{
		Person: &examplePerson, Organisation: "chi-bo-vi-du", Status: Official, AdmittedOn: exampleDay("2021-05-19"), ConfirmedOn: exampleDay("2022-05-19"),
	}),
	memberExample("2020-01-01", &BroughtForward{
		Person: examplePerson, Organisation: "chi-bo-vi-du", Status: Official, AdmittedOn: exampleDay("2016-05-19"), ConfirmedOn: exampleDay("2017-05-19"),
	}),
	memberExample("2022-08-01", &Disciplined{Measure: "reprimand", Decision: exampleDecision}),
	memberExample("2022-09-01", &Expelled{Decision: exampleDecision, Grounds: "Vi phạm Điều lệ"}),
	memberExample("2022-09-01", &Removed{Cause: "lapsed", Decision: exampleDecision}),
	because("Theo đơn của đảng viên", memberExample("2022-09-01", &Resigned{Decision: &exampleDecision})),
	memberExample("2022-09-01", &Died{}),
	memberExample("2023-03-01", &Restored{Decision: exampleDecision, Organisation: "chi-bo-vi-du"}),
	memberExample("2022-10-01", &Exempted{Kind: "activity", Until: exampleDay("2023-09-30")}),
	memberExample("2022-02-03", &BadgeAwarded{Years: 30}),
	memberExample("2022-05-19", &CardIssued{Card: "00123456"}),
	memberExample("2022-07-01", &ProfileChanged{Person: Person{Phone: "0900 000 456", Religion: "02"}}),
	memberExample("2022-05-25", &Reviewed{Outcome: "recommended"}),
	memberExample("2023-02-20", &Received{}),
	because(exampleReason, memberExample("2022-05-19", &MemberEntryAnnulled{Annuls: "e-1021"})),
)

// exampleRules changes every rule that may be changed locally, in all that it has.
func exampleRules() []RuleChange {
	var list []RuleChange
	on := true
	for _, d := range definitions() {
		if !d.Local {
			continue
		}
		c := RuleChange{Rule: d.ID, On: &on, Source: &Citation{"Nghị quyết 05-NQ/HU", "Mục 2", true}}
		for _, p := range d.Parameters {
			c.Parameters = append(c.Parameters, Parameter{p.Name, 10})
		}
		list = append(list, c)
	}
	return list
}

// exampleEntries gives each entry what a ledger sets: its place, its time, an id
// and an actor.
func exampleEntries(list ...Entry) []Entry {
	for i := range list {
		e := &list[i]
		e.Sequence = uint64(1001 + i)
		e.ID = fmt.Sprintf("e-%d", e.Sequence)
		e.Time = time.Date(2026, 1, 5, 8, i, 0, 0, time.UTC)
		e.Actor = "can-bo-3"
	}
	return list
}

func organisationExample(day string, e Event) Entry {
	return Entry{Subject: OrganisationSubject("chi-bo-vi-du"), EffectiveOn: exampleDay(day), Event: e}
}

func villageExample(day string, e Event) Entry {
	return Entry{Subject: VillageSubject("vi-du-1"), EffectiveOn: exampleDay(day), Event: e}
}

func memberExample(day string, e Event) Entry {
	return Entry{Subject: MemberSubject("m-0042"), EffectiveOn: exampleDay(day), Event: e}
}

func because(reason string, e Entry) Entry {
	e.Reason = reason
	return e
}

func excepted(e Entry) Entry {
	e.Exception = &Exception{Rule: "admission.age_max", Reason: "vùng đặc biệt khó khăn", Authority: "Ban Thường vụ Huyện uỷ"}
	return e
}

// exampleDay returns no date for one that does not exist; a test reads them all.
func exampleDay(s string) Date {
	d, _ := ParseDate(s)
	return d
}
