package ledger_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/internal/naive"
	"rollbook/ledger"
	"rollbook/projections"
)

// What is to be done is what the indicators say is missing, and what a second
// opinion finds: they are computed in different ways.
func TestWorklistIsWhatIndicatorsMissAndASecondOpinionFinds(t *testing.T) {
	t.Parallel()
	found := map[projections.WorkKind]int{}
	rapid.Check(t, func(rt *rapid.T) {
		history := naive.History(rt, rapid.IntRange(20, 160).Draw(rt, "size"))
		l, err := ledger.Open(t.Context(), t.TempDir(), ledger.Options{Create: true})
		if err != nil {
			rt.Fatal(err)
		}
		defer func() {
			if err := l.Close(); err != nil {
				rt.Errorf("Close: %v", err)
			}
		}()
		if _, err := l.Import(t.Context(), []ledger.File{{Name: "h", Reader: bytes.NewReader(bytes.Join(history, []byte("\n")))}}, ledger.ImportOptions{}); err != nil {
			rt.Fatalf("Import: %v", err)
		}
		c := comparison{t: rt, l: l, model: &naive.Ledger{}}
		c.export()
		for range 3 {
			asOf := rapid.SampledFrom(naive.Days()).Draw(rt, "as of")
			known := rapid.Uint64Range(1, uint64(c.last)).Draw(rt, "known")
			for _, organisation := range append(c.model.Organisations(asOf, known), "") {
				q := projections.Question{Organisation: organisation, AsOf: mustDate(asOf), KnownAt: eventstore.Position(known)}
				c.worklist(q, found)
			}
		}
	})
	// Not every kind comes up in every hundred histories, but most do.
	if len(found) < len(projections.WorkKinds())-3 && !fewHistories {
		t.Errorf("what was due is of the kinds %v: the histories say too little", found)
	}
}

func (c *comparison) worklist(q projections.Question, found map[projections.WorkKind]int) {
	ctx := c.t.Context()
	w, err := c.figures.Worklist(ctx, q, 366)
	if err != nil {
		c.t.Fatalf("Worklist(%+v): %v", q, err)
	}
	report, err := c.figures.Indicators(ctx, q, q.AsOf.Year(), false)
	if err != nil {
		c.t.Fatalf("Indicators(%+v): %v", q, err)
	}
	c.secondWorklist(w, q)
	i := report.Rows[0].Indicators
	got := map[string]int{}
	for _, r := range w.Rows {
		found[r.Kind]++
		if r.Due != nil && r.Overdue != (*r.Due < q.AsOf) {
			c.t.Fatalf("Worklist(%+v): %+v", q, r)
		}
		switch {
		case r.Kind == projections.WorkConfirmation && r.Overdue, r.Kind == projections.WorkMentor, r.Kind == projections.WorkVillageCell,
			r.Kind == projections.WorkRating && r.Year == q.AsOf.Year():
			got[string(r.Kind)]++
		case r.Kind == projections.WorkQuota && r.Subject == domain.OrganisationSubject(q.Organisation):
			got[string(r.Kind)] = r.Missing
		}
	}
	share := func(code string) (n, of int) { return i[code].Numerator, i[code].Denominator }
	overdue, _ := share("confirmation_overdue")
	rated, members := share("rated_share")
	mentored, candidates := share("candidates_with_mentor_share")
	withCell, villages := share("villages_with_cell")
	want := map[string]int{"confirmation": overdue, "rating": members - rated, "mentor": candidates - mentored, "village_cell": villages - withCell}
	for kind, n := range want {
		if got[kind] != n {
			c.t.Fatalf("Worklist(%+v) has %d of %s, the indicators %d\n%+v", q, got[kind], kind, n, w.Rows)
		}
	}
	if missing := got["quota"]; missing > 0 {
		if admitted, quota := share("admission_quota_rate"); quota-admitted != missing {
			c.t.Fatalf("Worklist(%+v) misses %d admissions, the indicators have %d of %d", q, missing, admitted, quota)
		}
	}
}

// secondWorklist compares a worklist, without its badges, with the model's.
func (c *comparison) secondWorklist(w projections.Worklist, q projections.Question) {
	var got []string
	for _, r := range w.Rows {
		if r.Kind == projections.WorkBadge {
			continue
		}
		due := ""
		if r.Due != nil {
			due = r.Due.String()
		}
		more := []any{}
		if r.Year != 0 {
			more = append(more, r.Year)
		}
		if r.Planned != nil {
			more = append(more, r.Missing, *r.Planned, *r.Admitted)
		}
		got = append(got, fmt.Sprint(r.Kind, " ", due, " ", r.Organisation, " ", r.Subject, " ", more))
	}
	slices.Sort(got)
	want := c.model.Work(q.Organisation, q.AsOf.String(), w.Until.String(), uint64(q.KnownAt))
	if !slices.Equal(got, want) {
		c.t.Fatalf("Worklist(%+v) until %s\n got %q\nwant %q", q, w.Until, got, want)
	}
}

func TestWorklistOfBadges(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l,
		`{"type":"organisation.established","subject":"organisation/o","effectiveon":"2000-01-01","data":{"name":"O","kind":"grassroots_cell","parent":null}}`,
		`{"type":"member.brought_forward","subject":"member/m1","effectiveon":"2020-01-01","data":{"person":{"full_name":"Lò Văn Một","birth_year":1960,"gender":"male","ethnicity":"03","religion":"00"},"organisation":"o","status":"official","admitted_on":"1994-05-19"}}`,
		`{"type":"member.rated","subject":"member/m1","effectiveon":"2023-12-01","data":{"year":2023,"grade":"good"}}`)
	figures, err := l.Figures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		asOf    string
		want    int
		overdue bool
	}{{"2024-02-18", 0, false}, {"2024-02-19", 1, false}, {"2024-05-19", 1, false}, {"2024-05-20", 1, true}} {
		w, err := figures.Worklist(t.Context(), projections.Question{AsOf: day(t, tt.asOf)}, 90)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, r := range w.Rows {
			if r.Kind == projections.WorkBadge {
				n++
				if r.Years != 30 || r.Due.String() != "2024-05-19" || r.Overdue != tt.overdue {
					t.Errorf("as of %s: %+v", tt.asOf, r)
				}
			}
		}
		if n != tt.want {
			t.Errorf("as of %s: %d badges due, want %d", tt.asOf, n, tt.want)
		}
	}
}
