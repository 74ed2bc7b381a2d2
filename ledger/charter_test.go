package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"rollbook/domain"
	"rollbook/ledger"
)

const personOf2004 = `{"full_name":"Vàng A Chư","birth_date":"2004-09-02","gender":"male","ethnicity":"08","religion":"00","education":"9/12"}`

// cell has a district, a commune and a cell with n official members, and a
// candidate who is 18 on 2022-09-02.
func cell(n int) []string {
	lines := []string{
		event("organisation.established", "organisation/d", "2002-01-01", `{"name":"D","kind":"district_committee","parent":null}`),
		event("organisation.established", "organisation/a", "2002-01-01", `{"name":"A","kind":"grassroots_committee","parent":"d"}`),
		event("organisation.established", "organisation/c", "2002-01-01", `{"name":"C","kind":"cell","parent":"a"}`),
		event("member.identified", "member/y", "2021-03-01", `{"person":`+personOf2004+`,"organisation":"c","source":"youth_union"}`),
	}
	for i := range n {
		lines = append(lines, event("member.brought_forward", fmt.Sprintf("member/m%d", i), "2015-01-01",
			`{"person":`+personOf2004+`,"organisation":"c","status":"official","admitted_on":"2010-05-19"}`))
	}
	return lines
}

// ready is what a candidate needs before an admission.
func ready() []string {
	return []string{
		event("member.mentor_assigned", "member/y", "2021-04-01", `{"mentor":"m0","role":"introducer"}`),
		event("member.course_completed", "member/y", "2021-05-01", `{"course":"party_awareness"}`),
	}
}

func admission(on string) string {
	return event("member.admitted", "member/y", on, fmt.Sprintf(`{"decision":{"number":"1-QĐ/HU","date":%q}}`, on))
}

// wantRule fails unless an error is a rejection because of a rule, or nil for no
// rule.
func wantRule(t *testing.T, err error, rule string) {
	t.Helper()
	r, ok := errors.AsType[*domain.Rejection](err)
	switch {
	case rule == "" && err != nil:
		t.Errorf("Record = %v, want it accepted", err)
	case rule != "" && (!ok || r.Code != domain.CharterRule || r.Rule != rule):
		t.Errorf("Record = %v, want it refused by %s", err, rule)
	}
}

func TestRecordingAsksForWhatIsSealed(t *testing.T) {
	for name, start := range map[string]func(t *testing.T, lines []string) *ledger.Ledger{
		"imported": func(t *testing.T, lines []string) *ledger.Ledger {
			l, _ := open(t)
			mustAccept(t, l, lines...)
			return l
		},
		"read again": func(t *testing.T, lines []string) *ledger.Ledger {
			dir := t.TempDir()
			l, err := ledger.Open(t.Context(), dir, ledger.Options{Create: true, Name: "test"})
			if err != nil {
				t.Fatal(err)
			}
			mustAccept(t, l, lines...)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			return reopen(t, dir)
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := start(t, append(cell(1), ready()...))
			_, err := l.Record(t.Context(), []byte(admission("2022-09-01")))
			wantRule(t, err, "admission.age_min")
			if err != nil && strings.Contains(err.Error(), "2004") {
				t.Errorf("the refusal says when somebody was born: %v", err)
			}
			// A birth date that was wrong, corrected late, cures it.
			mustAccept(t, l, event("member.profile_changed", "member/y", "2021-06-01", `{"person":{"birth_date":"2004-08-02"}}`))
			out, err := l.Record(t.Context(), []byte(admission("2022-09-01")))
			wantRule(t, err, "")
			if out.Policy != "qd-24-2021" || len(out.Findings) > 0 {
				t.Errorf("Record = %+v", out)
			}
		})
	}
}

func TestAnImportJudgesOnlyIfItIsStrict(t *testing.T) {
	lines := append(cell(1), ready()...)
	lines = append(lines, admission("2022-09-01"))
	strict := func(o ledger.ImportOptions) (*ledger.Ledger, ledger.ImportResult) {
		l, _ := open(t)
		o.Language = "en"
		r, err := l.Import(t.Context(), []ledger.File{{Name: "f", Reader: bytes.NewReader([]byte(strings.Join(lines, "\n")))}}, o)
		if err != nil {
			t.Fatal(err)
		}
		return l, r
	}
	for name, o := range map[string]ledger.ImportOptions{
		"stored": {Strict: true}, "dry": {Strict: true, DryRun: true}, "atomic": {Strict: true, Atomic: true},
	} {
		if _, r := strict(o); r.Rejected != 1 || r.Rejections[0].Code != domain.CharterRule || r.Rejections[0].Rule != "admission.age_min" {
			t.Errorf("%s: %+v", name, r)
		}
	}
	l, r := strict(ledger.ImportOptions{})
	if r.Rejected != 0 {
		t.Errorf("not strict: %+v", r)
	}
	for e, err := range l.Events(t.Context(), ledger.EventFilter{}) {
		if err != nil || e.Policy != "" {
			t.Errorf("%s was judged by %q (%v)", e.Type(), e.Policy, err)
		}
	}
}

func TestARecordSaysWhatItWasJudgedByAndWhatItWasExceptedFrom(t *testing.T) {
	dir := t.TempDir()
	l := reopen(t, dir)
	mustAccept(t, l, append(cell(1), ready()...)...)
	line := strings.Replace(admission("2022-09-01"), "{", `{"exception":{"rule":"admission.age_min","reason":"đặc biệt","authority":"Huyện uỷ"},"policy":"invented",`, 1)
	out, err := l.Record(t.Context(), []byte(line))
	wantRule(t, err, "")
	if out.Policy != "qd-24-2021" || len(out.Findings) != 1 || out.Findings[0].Rule != "admission.age_min" || out.Findings[0].Source == "" {
		t.Errorf("Record = %+v", out)
	}
	if again, err := l.Record(t.Context(), []byte(line)); err != nil || again.Status != "unchanged" {
		t.Errorf("Record of the same again = %+v, %v", again, err)
	}
	for e, err := range l.Events(t.Context(), ledger.EventFilter{From: 7}) {
		if err != nil || e.Type() == "member.admitted" && e.Policy != "qd-24-2021" {
			t.Errorf("%s was judged by %q (%v)", e.Type(), e.Policy, err)
		}
	}
}

// Of clerks who give grades at the same time only as many are let through as may
// be: each waits for those who count in the same organisation.
func TestClerksAtTheSameTimeDoNotPassTheShare(t *testing.T) {
	l, _ := open(t)
	const members = 16
	lines := cell(members)
	for i := range 10 {
		lines = append(lines, event("member.rated", fmt.Sprintf("member/m%d", i), "2022-12-10", `{"year":2022,"grade":"good"}`))
	}
	mustAccept(t, l, lines...)
	var clerks sync.WaitGroup
	errs := make([]error, members)
	for i := 10; i < members; i++ {
		clerks.Go(func() {
			_, errs[i] = l.Record(t.Context(), []byte(event("member.rated", fmt.Sprintf("member/m%d", i), "2022-12-15", `{"year":2022,"grade":"excellent"}`)))
		})
	}
	clerks.Wait()
	accepted := 0
	for _, err := range errs[10:] {
		if err == nil {
			accepted++
		} else {
			wantRule(t, err, "rating.cap_members")
		}
	}
	if accepted != 2 {
		t.Errorf("%d of 6 excellent grades were accepted beside 10 good ones, want 2", accepted)
	}
}
