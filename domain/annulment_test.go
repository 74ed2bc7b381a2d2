package domain_test

import (
	"reflect"
	"slices"
	"testing"

	"rollbook/domain"
)

// histories has, for every type but the annulments, a valid history in which an
// entry of that type is the last.
func histories() map[string][]domain.Entry {
	official := mentee
	out := with(official, member("m", "2023-01-01", &domain.TransferredOut{Destination: "Lai Châu"}))
	last := func(given []domain.Entry, e domain.Event) []domain.Entry {
		return with(given, member("m", "2024-01-01", e))
	}
	org := func(e domain.Event) []domain.Entry {
		return []domain.Entry{organisation("n", "2015-01-01", commune("d")), organisation("n", "2024-01-01", e)}
	}
	hamlet := village("v", "2015-01-01", &domain.VillageRegistered{Name: "Bản Tà Hàng", Commune: "a"})
	person := somebody()
	return map[string][]domain.Entry{
		"organisation.established":    {organisation("n", "2015-01-01", commune("d"))},
		"organisation.renamed":        org(&domain.OrganisationRenamed{Name: "Đảng bộ xã Leng Su Sìn"}),
		"organisation.moved":          org(moved("b")),
		"organisation.merged":         with(slices.Insert(slices.Clone(official), 0, organisation("a1", "2016-01-01", moved("b"))), organisation("a", "2024-01-01", merged("b"))),
		"organisation.dissolved":      org(dissolved()),
		"organisation.rated":          org(&domain.OrganisationRated{Year: 2023, Grade: "good"}),
		"organisation.quota_set":      org(&domain.QuotaSet{Year: 2024, Admissions: 5}),
		"organisation.target_set":     org(&domain.TargetSet{From: day("2020-01-01"), To: day("2024-12-31"), Admissions: 20}),
		"organisation.commended":      org(&domain.OrganisationCommended{Year: 2023, Title: "Tập thể Lao động tiên tiến"}),
		"organisation.policy_adopted": org(&domain.PolicyAdopted{Version: "a-2024", Rules: []domain.RuleChange{{Rule: "admission.quota"}}}),
		"village.registered":          {hamlet},
		"village.cell_assigned":       {hamlet, village("v", "2016-01-01", &domain.CellAssigned{Cell: "a1"})},
		"village.retired":             {hamlet, village("v", "2016-01-01", &domain.VillageRetired{})},
		"member.identified":           {member("m", "2020-01-01", identified("a"))},
		"member.mentor_assigned":      last(official[:1], mentored("elder")),
		"member.mentor_released":      last(with(official[:1], member("m", "2020-02-01", mentored("elder"))), released("elder")),
		"member.course_completed":     last(official, &domain.CourseCompleted{Course: "new_member"}),
		"member.candidacy_ended":      last(official[:1], &domain.CandidacyEnded{Cause: "moved"}),
		"member.admitted":             last(official[:1], admitted("")),
		"member.confirmed":            last(official[:2], confirmed()),
		"member.rated":                last(official, rated(2023, "good")),
		"member.transferred":          last(official, transferred("b")),
		"member.transferred_out":      last(official, &domain.TransferredOut{Destination: "Lai Châu"}),
		"member.transferred_in":       last(out, transferredIn("c", domain.Official, &person)),
		"member.brought_forward":      {member("m", "2020-01-01", broughtForward("a", domain.Provisional))},
		"member.disciplined":          last(official, &domain.Disciplined{Measure: "warning", Decision: decision}),
		"member.expelled":             last(official, expelled()),
		"member.removed":              last(official[:2], removed()),
		"member.resigned":             last(official, &domain.Resigned{}),
		"member.died":                 last(official, &domain.Died{}),
		"member.restored":             last(with(official, member("m", "2023-01-01", expelled())), restored("b")),
		"member.exempted":             last(official, &domain.Exempted{Kind: "work"}),
		"member.badge_awarded":        last(official, &domain.BadgeAwarded{Years: 30}),
		"member.card_issued":          last(official, &domain.CardIssued{Card: "00123456"}),
		"member.reviewed":             last(official[:2], &domain.Reviewed{Outcome: "recommended"}),
		"member.received":             last(official, &domain.Received{}),
		"member.profile_changed":      last(official, &domain.ProfileChanged{Person: domain.Person{Ethnicity: "01", Religion: "02"}}),
	}
}

// annulment returns the entry that annuls another.
func annulment(of domain.Entry) domain.Entry {
	e := domain.Entry{Subject: of.Subject, EffectiveOn: of.EffectiveOn, Reason: "Ghi nhầm"}
	switch of.Subject.Kind() {
	case domain.MemberKind:
		e.Event = annul(of.ID)
	case domain.OrganisationKind:
		e.Event = &domain.OrganisationEntryAnnulled{Annuls: of.ID}
	case domain.VillageKind:
		e.Event = &domain.VillageEntryAnnulled{Annuls: of.ID}
	}
	return e
}

// view is what the ledger says of everybody and everything.
func view(t testing.TB, w *world) map[string]any {
	t.Helper()
	out := map[string]any{"directory": w.rebuilt()}
	for _, id := range w.MembersOf("") {
		// A timeline in which nothing counts says as much as none.
		if life := w.life(t, id); len(life.Steps) > 0 {
			out[id] = life
		}
	}
	return out
}

func TestAnAnnulledEntryOfAnyTypeLeavesEverythingAsItWasBefore(t *testing.T) {
	all := histories()
	for _, name := range domain.Types() {
		t.Run(name, func(t *testing.T) {
			switch name {
			case "organisation.entry_annulled", "village.entry_annulled", "member.entry_annulled":
				return // see the tests below
			}
			given := all[name]
			if len(given) == 0 || given[len(given)-1].Type() != name {
				t.Fatalf("there is no history that ends with %s", name)
			}
			w := founded(t).given(t, given[:len(given)-1]...)
			before := view(t, w)
			target := named("target", given[len(given)-1])
			w.given(t, target)
			during := view(t, w)
			if marksNothing := map[string]bool{"member.course_completed": true, "member.disciplined": true, "member.exempted": true, "member.badge_awarded": true, "member.card_issued": true, "member.reviewed": true, "member.received": true}; !marksNothing[name] && reflect.DeepEqual(before, during) {
				t.Errorf("the entry itself changed nothing, so this test says nothing")
			}

			first := named("first", annulment(target))
			w.given(t, first)
			if after := view(t, w); !reflect.DeepEqual(after, before) {
				t.Errorf("after the annulment\n got %+v\nwant %+v", after, before)
			}
			wantRejection(t, w.record(annulment(target)), domain.Invariant, "")

			second := named("second", annulment(first))
			w.given(t, second)
			if after := view(t, w); !reflect.DeepEqual(after, during) {
				t.Errorf("after the annulment of the annulment\n got %+v\nwant %+v", after, during)
			}
			wantRejection(t, w.record(annulment(first)), domain.Invariant, "")

			w.given(t, annulment(target))
			if after := view(t, w); !reflect.DeepEqual(after, before) {
				t.Errorf("annulled once more\n got %+v\nwant %+v", after, before)
			}
			w.given(t, named("again", given[len(given)-1]))
			if got := w.lines[target.Subject].AnnulledBy()[len(given)-1]; len(given) > 1 && given[0].Subject == target.Subject && got == "" {
				t.Errorf("AnnulledBy does not tell of the annulment")
			}
		})
	}
}

func TestAnnulments(t *testing.T) {
	on := func(day string, e domain.Event) domain.Entry { return member("m", day, e) }
	moved := with(mentee, named("move", on("2023-01-01", transferred("b"))))
	run(t, []scenario{
		{
			name: "an annulment on another day is refused", given: mentee,
			when: on("2022-01-02", annul("confirmed")), code: domain.BadValue, field: "effectiveon", says: "2022-01-01",
		},
		{
			name: "an id that the member does not have is unknown", given: mentee,
			when: on("2022-01-01", annul("nothing")), code: domain.UnknownEntity, field: "data.annuls",
		},
		{
			name: "an entry of somebody else is unknown", given: with(mentee, named("other", member("n", "2022-01-01", identified("a")))),
			when: on("2022-01-01", annul("other")), code: domain.UnknownEntity, field: "data.annuls",
		},
		{
			name: "an annulment cannot annul itself", given: mentee,
			when: named("self", on("2022-01-01", annul("self"))), code: domain.UnknownEntity, field: "data.annuls",
		},
		{
			name: "an admission on which a confirmation rests cannot be annulled, and the confirmation is named", given: mentee,
			when: on("2021-01-01", annul("admitted")), code: domain.Invariant, clash: "confirmed", says: "confirmed",
		},
		{
			name: "an identification on which an admission rests cannot be annulled, and the admission is named", given: mentee,
			when: on("2020-01-01", annul("identified")), code: domain.Invariant, clash: "admitted",
		},
		{
			name: "an entry twice annulled is refused and names the entry", given: with(mentee, on("2022-01-01", annul("confirmed"))),
			when: on("2022-01-01", annul("confirmed")), code: domain.Invariant, clash: "confirmed",
		},
		{
			name:  "an annulment that lets a clashing entry count again is refused",
			given: with(mentee, named("undo", on("2022-01-01", annul("confirmed"))), named("other", on("2022-02-01", confirmed()))),
			when:  on("2022-01-01", annul("undo")), code: domain.Invariant, clash: "other",
		},
		{
			name: "the last entry but one goes when nothing rests on it", given: moved,
			when: on("2022-01-01", annul("confirmed")),
			then: state("m", domain.Provisional, "b"),
		},
		{
			name: "whoever was carried away by mistake is back", given: moved,
			when: on("2023-01-01", annul("move")),
			then: state("m", domain.Official, "a"),
		},
		{
			name:  "an expulsion on which a restoration rests cannot be annulled",
			given: with(mentee, named("out", on("2022-06-01", expelled())), named("back", on("2023-01-01", restored("")))),
			when:  on("2022-06-01", annul("out")), code: domain.Invariant, clash: "back",
		},
		{
			name:  "an establishment on which another entry rests cannot be annulled, and that one is named",
			given: []domain.Entry{named("founding", organisation("n", "2015-01-01", commune("d"))), named("name", organisation("n", "2016-01-01", &domain.OrganisationRenamed{Name: "X"}))},
			when:  organisation("n", "2015-01-01", &domain.OrganisationEntryAnnulled{Annuls: "founding"}), code: domain.Invariant, clash: "name",
		},
		{
			name:  "an establishment in which somebody is cannot be annulled, and their entry is named",
			given: []domain.Entry{named("founding", organisation("n", "2015-01-01", commune("d"))), named("coming", member("m", "2016-01-01", identified("n")))},
			when:  organisation("n", "2015-01-01", &domain.OrganisationEntryAnnulled{Annuls: "founding"}), code: domain.Invariant, clash: "coming", says: "member m",
		},
		{
			name:  "an establishment below which something is cannot be annulled, and that is named",
			given: []domain.Entry{named("founding", organisation("n", "2015-01-01", commune("d"))), named("child", organisation("o", "2016-01-01", commune("n")))},
			when:  organisation("n", "2015-01-01", &domain.OrganisationEntryAnnulled{Annuls: "founding"}), code: domain.Invariant, clash: "child",
		},
		{
			name:  "an establishment into which something was merged cannot be annulled, and the merger is named",
			given: []domain.Entry{named("founding", organisation("n", "2015-01-01", commune("d"))), named("merger", organisation("c", "2016-01-01", merged("n")))},
			when:  organisation("n", "2015-01-01", &domain.OrganisationEntryAnnulled{Annuls: "founding"}), code: domain.Invariant, clash: "merger",
		},
		{
			name:  "an establishment that a village names cannot be annulled, and the village's entry is named",
			given: []domain.Entry{named("founding", organisation("n", "2015-01-01", commune("d"))), named("hamlet", village("v", "2016-01-01", &domain.VillageRegistered{Name: "Bản", Commune: "n"}))},
			when:  organisation("n", "2015-01-01", &domain.OrganisationEntryAnnulled{Annuls: "founding"}), code: domain.Invariant, clash: "hamlet",
		},
		{
			name: "a registration on which an assignment rests cannot be annulled, and that one is named",
			given: []domain.Entry{
				named("hamlet", village("v", "2016-01-01", &domain.VillageRegistered{Name: "Bản", Commune: "a"})),
				named("cell", village("v", "2017-01-01", &domain.CellAssigned{Cell: "a1"})),
			},
			when: village("v", "2016-01-01", &domain.VillageEntryAnnulled{Annuls: "hamlet"}), code: domain.Invariant, clash: "cell",
		},
		{
			name:  "an organisation whose establishment was annulled is unknown",
			given: []domain.Entry{named("founding", organisation("n", "2015-01-01", commune("d"))), organisation("n", "2015-01-01", &domain.OrganisationEntryAnnulled{Annuls: "founding"})},
			when:  member("m", "2020-01-01", identified("n")), code: domain.UnknownEntity, field: "data.organisation",
		},
	})
}
