package domain_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"rollbook/domain"
)

// standings are the histories that lead to each column of the matrix below.
// Everybody who was a candidate here has the mentor "elder".
func standings() map[string][]domain.Entry {
	candidate := []domain.Entry{member("m", "2020-01-01", identified("a")), member("m", "2020-02-01", mentored("elder"))}
	provisional := append(slices.Clone(candidate), member("m", "2021-01-01", admitted("")))
	official := append(slices.Clone(provisional), member("m", "2022-01-01", confirmed()))
	then := func(given []domain.Entry, e domain.Event) []domain.Entry {
		return append(slices.Clone(given), member("m", "2022-06-01", e))
	}
	return map[string][]domain.Entry{
		"none": nil,
		"cand": candidate,
		"prov": provisional,
		"offi": official,
		"left": then(candidate, &domain.CandidacyEnded{Cause: "withdrawn"}),
		"late": then(candidate, &domain.CandidacyEnded{Cause: "died"}), // the late candidate
		"expd": then(official, expelled()),
		"rmvd": then(provisional, removed()),
		"rsgd": then(official, &domain.Resigned{}),
		"died": then(official, &domain.Died{}),
		"tout": then(official, &domain.TransferredOut{Destination: "Lai Châu"}),
	}
}

// matrix says of every event type and every standing whether the one can follow
// the other: "yes", "-" for an invariant, "who" for a person that is missing.
const matrix = `
                            none cand prov offi  left late  expd rmvd rsgd died tout
member.identified           yes  -    -    -     yes  -     yes  yes  yes  -    yes
member.brought_forward      yes  -    -    -     yes  -     -    -    -    -    -
member.transferred_in       yes  -    -    -     yes  -     -    -    -    -    yes
transferred_in_unnamed      who  -    -    -     yes  -     -    -    -    -    yes
member.mentor_assigned      -    yes  yes  -     -    -     -    -    -    -    -
member.mentor_released      -    yes  yes  yes   -    -     -    -    -    -    -
member.course_completed     -    yes  yes  yes   -    -     -    -    -    -    -
member.candidacy_ended      -    yes  -    -     -    -     -    -    -    -    -
member.admitted             -    yes  -    -     -    -     -    -    -    -    -
member.confirmed            -    -    yes  -     -    -     -    -    -    -    -
member.rated                -    -    yes  yes   -    -     -    -    -    -    -
member.transferred          -    yes  yes  yes   -    -     -    -    -    -    -
transferred_temporarily     -    yes  yes  yes   -    -     -    -    -    -    -
member.transferred_out      -    -    yes  yes   -    -     -    -    -    -    -
member.disciplined          -    -    yes  yes   -    -     -    -    -    -    -
member.expelled             -    -    yes  yes   -    -     -    -    -    -    -
member.removed              -    -    yes  yes   -    -     -    -    -    -    -
member.resigned             -    -    yes  yes   -    -     -    -    -    -    -
member.died                 -    -    yes  yes   -    -     -    -    -    -    -
member.restored             -    -    -    -     -    -     yes  yes  -    -    -
member.exempted             -    -    yes  yes   -    -     -    -    -    -    -
member.badge_awarded        -    -    yes  yes   -    -     -    -    -    -    -
member.card_issued          -    -    yes  yes   -    -     -    -    -    -    -
member.profile_changed      -    yes  yes  yes   yes  yes   yes  yes  yes  yes  yes
member.reviewed             -    -    yes  -     -    -     -    -    -    -    -
member.received             -    yes  yes  yes   -    -     -    -    -    -    -
member.entry_annulled       ?    yes  yes  yes   yes  yes   yes  yes  yes  yes  yes
`

// after is the standing after a row's event, where that does not depend on the
// column; "" where it stays what it was.
var after = map[string]domain.Status{
	"member.identified": domain.Candidate, "member.brought_forward": domain.Official, "member.transferred_in": domain.Official,
	"transferred_in_unnamed": domain.Official, "member.candidacy_ended": domain.None, "member.admitted": domain.Provisional,
	"member.confirmed": domain.Official, "member.transferred_out": domain.Ended, "member.expelled": domain.Ended,
	"member.removed": domain.Ended, "member.resigned": domain.Ended, "member.died": domain.Ended,
}

func TestEachEventFollowsOnlyTheStandingsOfTheMatrix(t *testing.T) {
	person := somebody()
	events := map[string]domain.Event{
		"member.identified":       identified("b"),
		"member.brought_forward":  broughtForward("b", domain.Official),
		"member.transferred_in":   transferredIn("b", domain.Official, &person),
		"transferred_in_unnamed":  transferredIn("b", domain.Official, nil),
		"member.mentor_assigned":  mentored("deputy"),
		"member.mentor_released":  released("elder"),
		"member.course_completed": &domain.CourseCompleted{Course: "party_awareness"},
		"member.candidacy_ended":  &domain.CandidacyEnded{Cause: "withdrawn"},
		"member.admitted":         admitted(""),
		"member.confirmed":        confirmed(),
		"member.rated":            rated(2022, "good"),
		"member.transferred":      transferred("b"),
		"transferred_temporarily": lent("b"),
		"member.transferred_out":  &domain.TransferredOut{Destination: "Lai Châu"},
		"member.disciplined":      &domain.Disciplined{Measure: "warning", Decision: decision},
		"member.expelled":         expelled(),
		"member.removed":          removed(),
		"member.resigned":         &domain.Resigned{},
		"member.died":             &domain.Died{},
		"member.restored":         restored(""),
		"member.exempted":         &domain.Exempted{Kind: "work"},
		"member.badge_awarded":    &domain.BadgeAwarded{Years: 30},
		"member.card_issued":      &domain.CardIssued{Card: "00123456"},
		"member.profile_changed":  &domain.ProfileChanged{Person: domain.Person{Religion: "02"}},
		"member.reviewed":         &domain.Reviewed{Outcome: "recommended"},
		"member.received":         &domain.Received{},
		"member.entry_annulled":   annul("last"),
	}
	rows := strings.Split(strings.TrimSpace(matrix), "\n")
	columns := strings.Fields(rows[0])
	covered := map[string]bool{}
	for _, row := range rows[1:] {
		cells := strings.Fields(row)
		name, event := cells[0], events[cells[0]]
		covered[domain.TypeOf(event)] = true
		for i, want := range cells[1:] {
			column := columns[i]
			t.Run(name+" after "+column, func(t *testing.T) {
				history := slices.Clone(standings()[column])
				when := member("m", "2023-01-01", event)
				if name == "member.entry_annulled" && len(history) > 0 {
					history[len(history)-1].ID = "last"
					when.EffectiveOn = history[len(history)-1].EffectiveOn
				}
				w := founded(t).given(t, member("deputy", "1995-01-01", broughtForward("a", domain.Official)))
				w.given(t, history...)
				was := w.life(t, "m").Last()
				err := w.record(when)
				switch want {
				case "yes":
					if err != nil {
						t.Fatalf("got %v, want it accepted", err)
					}
					is := w.life(t, "m").Last().Status
					if wantStatus := after[name]; wantStatus != "" && is != wantStatus {
						t.Errorf("the standing is %s, want %s", is, wantStatus)
					} else if wantStatus == "" && name != "member.restored" && name != "member.entry_annulled" && is != was.Status {
						t.Errorf("the standing went from %s to %s", was.Status, is)
					}
					return
				case "-":
					r, ok := errors.AsType[*domain.Rejection](err)
					code := domain.Invariant
					if column == "none" {
						code = domain.UnknownEntity // nobody has heard of them
					}
					if !ok || r.Code != code {
						t.Fatalf("got %v, want %s", err, code)
					}
					if _, recorded := w.lines["member/m"].Find(r.Clash); r.Clash != "" && !recorded {
						t.Errorf("the clash is %q, which is not recorded", r.Clash)
					}
					checkMessage(t, r)
				case "who":
					wantRejection(t, err, domain.MissingField, "data.person")
				case "?":
					wantRejection(t, err, domain.UnknownEntity, "subject")
				default:
					t.Fatalf("the matrix says %q", want)
				}
				if now := w.life(t, "m").Last().Status; now != was.Status {
					t.Errorf("a rejected entry changed the standing from %s to %s", was.Status, now)
				}
			})
		}
	}
	for _, name := range domain.Types() {
		if strings.HasPrefix(name, "member.") && !covered[name] {
			t.Errorf("the matrix lacks %s", name)
		}
	}
}
