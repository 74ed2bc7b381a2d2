package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/ledger"
)

// While one event is on its way to the log, another waits exactly if it rests on
// what the first one says, and then is decided on what became of it.
func TestWhatRestsOnAnotherEventWaitsForIt(t *testing.T) {
	decision := `{"decision":{"number":"1","date":"2021-02-01"}}`
	withID := func(id, line string) string { return strings.Replace(line, "{", `{"id":"`+id+`",`, 1) }
	rated := func(id string) string {
		return event("member.rated", "member/"+id, "2021-12-20", `{"year":2021,"grade":"good"}`)
	}
	died := event("member.died", "member/m1", "2021-01-15", `{}`)
	tests := []struct {
		name          string
		first, second string
		waits         bool
		code          domain.Code // of the second's rejection; "" if it is accepted
		if1fails      domain.Code // the same if the first is not stored
	}{
		{"the same member", died, rated("m1"), true, domain.Invariant, ""},
		{"another member", died, rated("m2"), false, "", ""},
		{"a member's mentor", died, event("member.mentor_assigned", "member/c1", "2021-02-01", `{"mentor":"m1","role":"mentor"}`), true, domain.Invariant, ""},
		{"a mentor's member", event("member.mentor_assigned", "member/c1", "2021-02-01", `{"mentor":"m1","role":"mentor"}`), event("member.died", "member/m1", "2021-03-01", `{}`), true, "", ""},
		{"two members of one mentor", event("member.mentor_assigned", "member/c1", "2021-02-01", `{"mentor":"m1","role":"mentor"}`), event("member.mentor_assigned", "member/c2", "2021-02-01", `{"mentor":"m1","role":"mentor"}`), false, "", ""},
		{"a new organisation", event("organisation.established", "organisation/e", "2020-01-01", `{"name":"E","kind":"grassroots_cell","parent":"d"}`), event("member.transferred", "member/m1", "2021-02-01", `{"organisation":"e","temporary":false}`), true, "", domain.UnknownEntity},
		{"the end of an organisation", event("organisation.dissolved", "organisation/b", "2021-01-01", `{}`), event("member.transferred", "member/m1", "2021-02-01", `{"organisation":"b","temporary":false}`), true, domain.Invariant, ""},
		{"who is in an organisation that is to end", event("member.transferred", "member/m1", "2021-01-01", `{"organisation":"b","temporary":false}`), event("organisation.dissolved", "organisation/b", "2021-02-01", `{}`), true, domain.Invariant, ""},
		{"a village of an organisation that is to end", event("village.registered", "village/v1", "2021-01-01", `{"name":"V","commune":"b"}`), event("organisation.dissolved", "organisation/b", "2020-02-01", `{}`), true, "", ""},
		{"an organisation's grade", event("organisation.rated", "organisation/a", "2021-12-20", `{"year":2021,"grade":"good"}`), event("organisation.renamed", "organisation/a", "2021-12-20", `{"name":"A"}`), true, "", ""},
		{"the grade of somebody's organisation", event("organisation.rated", "organisation/a", "2021-12-20", `{"year":2021,"grade":"good"}`), rated("m1"), false, "", ""},
		{"one id for two members", withID("one", rated("m1")), withID("one", rated("m2")), true, domain.DuplicateID, ""},
		{"two ids", withID("one", rated("m1")), withID("two", rated("m2")), false, "", ""},
		{"one number for two members", having("m6", nidB), having("m7", nidB), true, domain.Invariant, ""},
		{"a number that is given up", renumbered("m5", "2021-01-01", nidB), having("m7", nidA), true, "", domain.Invariant},
		{"two numbers", having("m6", nidB), having("m7", "011090000003"), false, "", ""},
		{"the same event", rated("m1"), rated("m1"), true, "", ""},
		{"a restoration", withID("x", event("member.expelled", "member/m1", "2021-02-01", decision)), event("member.restored", "member/m1", "2021-03-01", decision), true, "", domain.Invariant},
	}
	for _, tt := range tests {
		for _, fails := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, fails %v", tt.name, fails), func(t *testing.T) {
				l, _ := open(t)
				mustAccept(t, l, opening()...)
				mustAccept(t, l, newcomer("m2", "2020-01-01"), having("m5", nidA),
					event("member.identified", "member/c2", "2021-01-01", `{"person":{"full_name":"Sùng A Chua","birth_year":2000,"gender":"male","ethnicity":"08","religion":"00"},"organisation":"a","source":"militia"}`))
				entered, release := make(chan struct{}), make(chan struct{})
				log := &unreliable{next: []func(func() (eventstore.Position, error)) (eventstore.Position, error){
					func(store func() (eventstore.Position, error)) (eventstore.Position, error) {
						close(entered)
						<-release
						if fails {
							return 0, eventstore.ErrUnavailable
						}
						return store()
					},
				}}
				l.WrapLog(func(inner ledger.Log) ledger.Log { log.Log = inner; return log })

				first, second := make(chan error, 1), make(chan error, 1)
				go func() { _, err := l.Record(t.Context(), []byte(tt.first)); first <- err }()
				<-entered
				go func() { _, err := l.Record(t.Context(), []byte(tt.second)); second <- err }()
				var err error
				waited := false
				select {
				case <-l.Waits():
					waited = true
				case err = <-second:
				}
				close(release)
				if firstErr := <-first; (firstErr != nil) != fails {
					t.Fatalf("the first: %v", firstErr)
				}
				if waited {
					err = <-second
				}
				if waited != tt.waits {
					t.Errorf("the second waited: %v, want %v", waited, tt.waits)
				}
				want := tt.code
				if fails {
					want = tt.if1fails
				}
				var r *domain.Rejection
				if errors.As(err, &r) != (want != "") || r != nil && r.Code != want || r == nil && err != nil {
					t.Errorf("the second: %v, want %q", err, want)
				}
				if err := l.CatchUp(t.Context(), nil); err != nil {
					t.Fatal(err)
				}
				if _, parked, err := l.Models(t.Context()); err != nil || len(parked) > 0 {
					t.Errorf("set aside: %+v, %v", parked, err)
				}
			})
		}
	}
}
