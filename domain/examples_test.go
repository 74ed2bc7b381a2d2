package domain_test

import (
	"time"

	"rollbook/domain"
)

// example is one entry of a type with all that it can hold and one with as
// little as it may.
type example struct{ full, minimal domain.Event }

// fullPerson has every field that can stand together. Its texts occur nowhere
// else, so that a test finds them where they should not be.
func fullPerson() domain.Person {
	return domain.Person{
		FullName: "Lò Thị Xuân Hạnh", BirthDate: day("1995-03-27"), Gender: domain.Female, Ethnicity: "03", Religion: "02",
		NationalID: "011195004321", Address: "Bản Huổi Cấu, xã Mường Toong", Phone: "+84 912 345 678",
		Education: "12/12", Occupation: "Giáo viên mầm non",
	}
}

// personal lists the texts of fullPerson and fullEntry that are sealed.
var personal = []string{
	"Lò Thị Xuân Hạnh", "1995-03-27", "011195004321", "Bản Huổi Cấu, xã Mường Toong", "+84 912 345 678",
	"Đính chính theo hồ sơ gốc", "Nhận hối lộ", "00123456",
	"Theo Kết luận của Tỉnh uỷ", "Vùng đặc biệt khó khăn", "45/TTCT-2020", "Đảng bộ tỉnh Lai Châu", "Giáo viên mầm non", "12/12",
	`"ethnicity"`, `"religion"`, `"full_name"`, `"birth_date"`, `"birth_year"`, `"national_id"`, `"address"`, `"phone"`,
	`"reason"`, `"authority"`, `"grounds"`, `"card"`, `"certificate"`, `"destination"`, `"education"`, `"occupation"`,
}

func minimalPerson() domain.Person {
	return domain.Person{FullName: "Sùng A Páo", BirthYear: 1988, Gender: domain.Male, Ethnicity: "08", Religion: "00"}
}

func fullDecision() domain.Decision {
	return domain.Decision{Number: "112-QĐ/HU", Date: day("2021-05-10"), IssuedBy: "Huyện uỷ Mường Nhé"}
}

func minimalDecision() domain.Decision {
	return domain.Decision{Number: "7", Date: day("2021-05-10")}
}

// examples has every type of the catalogue, and only those.
var yes, no = true, false

func examples() map[string]example {
	full, minimal := fullDecision(), minimalDecision()
	person := fullPerson()
	return map[string]example{
		"organisation.established": {
			&domain.OrganisationEstablished{Name: `Đảng bộ xã "Pá Mỳ"`, Kind: domain.GrassrootsCommittee, Parent: "muong-nhe", Sector: "commune"},
			&domain.OrganisationEstablished{Name: "Đảng bộ huyện", Kind: domain.DistrictCommittee},
		},
		"organisation.renamed": {
			&domain.OrganisationRenamed{Name: "Đảng bộ xã Mường Nhé"},
			&domain.OrganisationRenamed{Name: "X"},
		},
		"organisation.moved": {
			&domain.OrganisationMoved{Parent: "tinh-dien-bien"},
			&domain.OrganisationMoved{},
		},
		"organisation.merged":    {&domain.OrganisationMerged{Into: "muong-toong"}, &domain.OrganisationMerged{Into: "b"}},
		"organisation.dissolved": {&domain.OrganisationDissolved{}, &domain.OrganisationDissolved{}},
		"organisation.rated": {
			&domain.OrganisationRated{Year: 2021, Grade: "excellent"},
			&domain.OrganisationRated{Year: 1930, Grade: "unsatisfactory"},
		},
		"organisation.quota_set": {
			&domain.QuotaSet{Year: 2021, Admissions: 12},
			&domain.QuotaSet{Year: 2200, Admissions: 0},
		},
		"organisation.target_set": {
			&domain.TargetSet{From: day("2020-08-01"), To: day("2025-07-31"), Admissions: 1_000_000},
			&domain.TargetSet{From: day("2020-08-01"), To: day("2020-08-01"), Admissions: 0},
		},
		"organisation.commended": {
			&domain.OrganisationCommended{Year: 2021, Title: "Tập thể Lao động tiên tiến"},
			&domain.OrganisationCommended{Year: 2021, Title: "A"},
		},
		"organisation.policy_adopted": {
			&domain.PolicyAdopted{
				Version: "chi-tieu-2022", Title: domain.Text{EN: "Quotas of 2022", VI: "Chỉ tiêu năm 2022"},
				Rules: []domain.RuleChange{
					{Rule: "admission.quota", On: &yes, Source: &domain.Citation{Regulation: "Nghị quyết 05-NQ/HU", Article: "Mục 2", Checked: true}, Parameters: []domain.Parameter{{Name: "percent", Value: 120}}},
					{Rule: "confirmation.deadline", On: &no},
				},
			},
			&domain.PolicyAdopted{Version: "v", Rules: []domain.RuleChange{{Rule: "admission.ceremony", Source: &domain.Citation{Regulation: "Nghị quyết 06-NQ/HU"}}}},
		},
		"organisation.entry_annulled": {
			&domain.OrganisationEntryAnnulled{Annuls: "2c7f-A_9"},
			&domain.OrganisationEntryAnnulled{Annuls: "e"},
		},

		"village.registered": {
			&domain.VillageRegistered{Name: "Bản Tà Hàng", Commune: "pa-my"},
			&domain.VillageRegistered{Name: "1", Commune: "a"},
		},
		"village.cell_assigned": {
			&domain.CellAssigned{Cell: "chi-bo-pa-my-1", Joint: true},
			&domain.CellAssigned{Cell: "a", Joint: false},
		},
		"village.retired": {&domain.VillageRetired{}, &domain.VillageRetired{}},
		"village.entry_annulled": {
			&domain.VillageEntryAnnulled{Annuls: "2c7f-A_9"},
			&domain.VillageEntryAnnulled{Annuls: "e"},
		},

		"member.identified": {
			&domain.Identified{Person: fullPerson(), Organisation: "pa-my", Source: "youth_union"},
			&domain.Identified{Person: minimalPerson(), Organisation: "a", Source: "other"},
		},
		"member.mentor_assigned": {
			&domain.MentorAssigned{Mentor: "m-0007", Role: "introducer"},
			&domain.MentorAssigned{Mentor: "m", Role: "mentor"},
		},
		"member.mentor_released": {&domain.MentorReleased{Mentor: "m-0007"}, &domain.MentorReleased{Mentor: "m"}},
		"member.course_completed": {
			&domain.CourseCompleted{Course: "party_awareness", Certificate: "45/TTCT-2020"},
			&domain.CourseCompleted{Course: "new_member"},
		},
		"member.candidacy_ended": {&domain.CandidacyEnded{Cause: "withdrawn"}, &domain.CandidacyEnded{Cause: "died"}},
		"member.admitted": {
			&domain.Admitted{Decision: full, Organisation: "pa-my"},
			&domain.Admitted{Decision: minimal},
		},
		"member.confirmed": {&domain.Confirmed{Decision: full}, &domain.Confirmed{Decision: minimal}},
		"member.rated":     {&domain.Rated{Year: 2021, Grade: "good"}, &domain.Rated{Year: 2200, Grade: "satisfactory"}},
		"member.transferred": {
			&domain.Transferred{Organisation: "huoi-lech", Temporary: true},
			&domain.Transferred{Organisation: "b"},
		},
		"member.transferred_out": {
			&domain.TransferredOut{Destination: "Đảng bộ tỉnh Lai Châu"},
			&domain.TransferredOut{Destination: "?"},
		},
		"member.transferred_in": {
			&domain.TransferredIn{Person: &person, Organisation: "pa-my", Status: domain.Official, AdmittedOn: day("2018-05-19"), ConfirmedOn: day("2019-05-19")},
			&domain.TransferredIn{Organisation: "a", Status: domain.Provisional, AdmittedOn: day("2018-05-19")},
		},
		"member.brought_forward": {
			&domain.BroughtForward{Person: fullPerson(), Organisation: "pa-my", Status: domain.Official, AdmittedOn: day("2018-05-19"), ConfirmedOn: day("2018-05-19")},
			&domain.BroughtForward{Person: minimalPerson(), Organisation: "a", Status: domain.Provisional, AdmittedOn: day("2018-05-19")},
		},
		"member.disciplined": {
			&domain.Disciplined{Measure: "reprimand", Decision: full},
			&domain.Disciplined{Measure: "dismissal", Decision: minimal},
		},
		"member.expelled": {
			&domain.Expelled{Decision: full, Grounds: "Nhận hối lộ;\nbị kết án"},
			&domain.Expelled{Decision: minimal},
		},
		"member.removed": {
			&domain.Removed{Cause: "probation_failed", Decision: full},
			&domain.Removed{Cause: "other", Decision: minimal},
		},
		"member.resigned": {&domain.Resigned{Decision: &full}, &domain.Resigned{}},
		"member.died":     {&domain.Died{}, &domain.Died{}},
		"member.restored": {
			&domain.Restored{Decision: full, Organisation: "pa-my"},
			&domain.Restored{Decision: minimal},
		},
		"member.exempted":        {&domain.Exempted{Kind: "activity", Until: day("2022-12-31")}, &domain.Exempted{Kind: "work"}},
		"member.badge_awarded":   {&domain.BadgeAwarded{Years: 30}, &domain.BadgeAwarded{Years: 90}},
		"member.card_issued":     {&domain.CardIssued{Card: "00123456"}, &domain.CardIssued{Card: "000001"}},
		"member.profile_changed": {&domain.ProfileChanged{Person: fullPerson()}, &domain.ProfileChanged{Person: domain.Person{Occupation: "Nông dân"}}},
		"member.reviewed":        {&domain.Reviewed{Outcome: "recommended"}, &domain.Reviewed{Outcome: "not_recommended"}},
		"member.received":        {&domain.Received{}, &domain.Received{}},
		"member.entry_annulled": {
			&domain.MemberEntryAnnulled{Annuls: "2c7f-A_9"},
			&domain.MemberEntryAnnulled{Annuls: "e"},
		},
	}
}

func subjectOf(e domain.Event, id string) domain.Subject {
	kind := domain.TypeOf(e)
	for i, c := range kind {
		if c == '.' {
			return domain.Subject(kind[:i] + "/" + id)
		}
	}
	return ""
}

// fullEntry puts an event into an envelope in which everything is set.
func fullEntry(e domain.Event) domain.Entry {
	return domain.Entry{
		ID: "0190-aB_7", Subject: subjectOf(e, "m-0042"), EffectiveOn: day("2021-06-01"),
		Actor: "can-bo-3", Reason: "Đính chính theo hồ sơ gốc;\nxem biên bản",
		Exception: &domain.Exception{Rule: "age_limit", Reason: "Vùng đặc biệt khó khăn", Authority: "Theo Kết luận của Tỉnh uỷ"},
		Event:     e, Sequence: 18446744073709551615,
		Time: time.Date(2021, 6, 2, 7, 8, 9, 120_000_000, time.UTC),
	}
}

// minimalEntry puts an event into an envelope in which only what must be is
// set, and the id, which is derived.
func minimalEntry(e domain.Event) domain.Entry {
	out := domain.Entry{Subject: subjectOf(e, "m"), EffectiveOn: domain.FirstDay, Event: e}
	switch e.(type) {
	case *domain.MemberEntryAnnulled, *domain.OrganisationEntryAnnulled, *domain.VillageEntryAnnulled:
		out.Reason = "Ghi nhầm"
	default: // others need none
	}
	out.ID = codec.DerivedID(out)
	return out
}

// codec has a fixed key, so that derived ids can stand in golden files.
var codec = domain.Codec{IDKey: []byte("a key for tests, 32 bytes long..")}
