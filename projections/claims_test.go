package projections_test

import (
	"fmt"
	"strings"
	"testing"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/projections"
)

const number = "sys/national_id-c2VjcmV0"

// claim appends a record of a claim as the ledger would.
func (r *rig) claim(id, stream, holder string, released bool) {
	r.t.Helper()
	c := projections.Claim{Kind: domain.NationalID, Holder: domain.MemberSubject(holder), Released: released}
	r.raw(stream, eventstore.Record{ID: id, Type: c.Type(), Schema: c.Schema(), Data: projections.AppendClaim(nil, c)})
}

func (r *rig) parked() map[string]string {
	r.t.Helper()
	parked := map[string]string{}
	err := r.store.Read(r.t.Context(), func(reader projections.Reader) error {
		all, err := reader.Parked(r.t.Context())
		for _, p := range all {
			parked[string(p.Subject)] = fmt.Sprintf("%d records from %d: %s", p.Records, p.Position, p.Reason)
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return parked
}

// Whose a number is follows from the records of its stream alone.
func TestClaimsAreFollowed(t *testing.T) {
	r := newRig(t)
	r.opening(2)
	holder := func() string {
		t.Helper()
		var got string
		err := r.store.Read(t.Context(), func(reader projections.Reader) error {
			w := projections.NewWorld(source{t, reader}, 1)
			if c := w.Claim(number); !c.Released {
				got = string(c.Holder)
			}
			return w.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for i, step := range []struct {
		holder   string
		released bool
		want     string
	}{{"m0", false, "member/m0"}, {"m0", true, ""}, {"m1", false, "member/m1"}} {
		r.claim(fmt.Sprint("claim-", i), number, step.holder, step.released)
		if i != 1 {
			r.catchUp() // also two at once
			if got := holder(); got != step.want {
				t.Errorf("after step %d the number is %q's, want %q", i, got, step.want)
			}
		}
	}
	if err := r.projector().Rebuild(t.Context(), r.store); err != nil {
		t.Fatal(err)
	}
	if got := holder(); got != "member/m1" || len(r.parked()) > 0 {
		t.Errorf("after a rebuild the number is %q's; set aside: %v", got, r.parked())
	}
}

// source is a world's source over a reader.
type source struct {
	t *testing.T
	r projections.Reader
}

func (s source) Subject(subject domain.Subject) (projections.Subject, bool, error) {
	return s.r.Subject(s.t.Context(), subject)
}

func (s source) MembersOf(o string) ([]domain.Subject, error) {
	return s.r.MembersOf(s.t.Context(), o)
}

// A record of the ledger's own that is impossible sets its own stream aside; the
// members and all other streams go on.
func TestAnImpossibleClaimParksItsStreamOnly(t *testing.T) {
	good := projections.AppendClaim(nil, projections.Claim{Kind: domain.NationalID, Holder: "member/m0"})
	claimed := func(data string) eventstore.Record {
		return eventstore.Record{ID: "rogue", Type: "ledger.number_claimed", Schema: "urn:rollbook:ledger.number_claimed:1", Data: []byte(data)}
	}
	tests := []struct {
		name, stream string
		rec          eventstore.Record
		parked       bool
	}{
		{"another kind of record", number, eventstore.Record{ID: "rogue", Type: "ledger.lamp_lit", Data: []byte("{")}, false},
		{"a number that belongs to somebody", number, claimed(string(good)), true},
		{"released by somebody else", number, eventstore.Record{ID: "rogue", Type: "ledger.number_released", Data: []byte(strings.Replace(string(good), "m0", "m1", 1))}, true},
		{"released and free", "sys/national_id-YQ", eventstore.Record{ID: "rogue", Type: "ledger.number_released", Data: good}, true},
		{"of another kind than its stream", "sys/card-YQ", claimed(string(good)), true},
		{"in a member's stream", "member/m1", claimed(string(good)), true},
		{"not JSON", "sys/national_id-YQ", claimed("{"), true},
		{"an unknown kind", "sys/shoe-YQ", claimed(`{"v":1,"kind":"shoe","holder":"member/m0"}`), true},
		{"held by an organisation", "sys/national_id-YQ", claimed(`{"v":1,"kind":"national_id","holder":"organisation/a"}`), true},
		{"more than there is", "sys/national_id-YQ", claimed(`{"v":1,"kind":"national_id","holder":"member/m0","number":"1"}`), true},
		{"of a version to come", "sys/national_id-YQ", claimed(`{"v":2,"kind":"national_id","holder":"member/m0"}`), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.opening(3)
			r.claim("claim-1", number, "m0", false)
			r.raw(tt.stream, tt.rec)
			r.append("member.died", "member/m0", "2021-02-01", `{}`)
			r.claim("claim-2", "sys/national_id-Yg", "m2", false)
			r.catchUp()
			parked := r.parked()
			if _, is := parked[tt.stream]; is != tt.parked || len(parked) > 1 {
				t.Errorf("set aside: %v; want %s: %v", parked, tt.stream, tt.parked)
			}
			if h := r.headcount(); h.Total != 2 {
				t.Errorf("%d members, want 2", h.Total)
			}
		})
	}
}

func FuzzClaim(f *testing.F) {
	f.Add("ledger.number_claimed", []byte(`{"v":1,"kind":"national_id","holder":"member/m0"}`))
	f.Add("ledger.number_released", []byte(`{"v":1,"kind":"card","holder":"member/m-7f3k2a"}`))
	f.Add("ledger.number_claimed", []byte(`{"v":1,"kind":"card","holder":"member/\u006d"}`))
	f.Fuzz(func(t *testing.T, typeName string, data []byte) {
		c, err := projections.ParseClaim(typeName, data)
		if err != nil {
			if strings.Contains(err.Error(), string(data)) && len(data) > 8 {
				t.Errorf("the error repeats the data: %v", err)
			}
			return
		}
		if c.Type() != typeName || string(projections.AppendClaim(nil, c)) != string(data) {
			t.Errorf("%s %s was read as %+v", typeName, data, c)
		}
	})
}
