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

// Findings are those of a second opinion, for the rules that it knows. What was
// known is what a ledger says that ends there; and each difference of two reports
// is the sum of its parts.
func TestFindingsAreThoseOfASecondOpinion(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	causes := map[projections.Cause]int{}
	rapid.Check(t, func(rt *rapid.T) {
		history := naive.History(rt, rapid.IntRange(40, 160).Draw(rt, "size"))
		l := importHistory(rt, t, bytes.Join(history, []byte("\n")))
		c := comparison{t: rt, l: l, model: &naive.Ledger{}}
		c.export()
		asOf := rapid.SampledFrom(naive.Days()).Draw(rt, "as of")
		known := rapid.Uint64Range(uint64(c.last)/2, uint64(c.last)).Draw(rt, "known")
		for _, organisation := range []string{"", rapid.SampledFrom(append(c.model.Organisations(asOf, known), "")).Draw(rt, "organisation")} {
			q := projections.Question{Organisation: organisation, AsOf: mustDate(asOf), KnownAt: eventstore.Position(known)}
			for _, line := range c.findings(q, asOf, known) {
				seen[line]++
			}
			c.explainedFindings(q, causes)
		}
		if rapid.Bool().Draw(rt, "prefix") {
			c.prefix(t, projections.Question{AsOf: mustDate(asOf), KnownAt: eventstore.Position(known)})
		}
	})
	// Not every rule is broken in every hundred histories, but most are.
	if len(seen) < len(naive.FindingRules)-2 && !fewHistories {
		t.Errorf("rules departed from are %v: the histories say too little", seen)
	}
	for _, cause := range []projections.Cause{projections.NewFact, projections.LateFact} {
		if causes[cause] == 0 && !fewHistories {
			t.Errorf("nothing ever had the cause %s: the histories say too little (%v)", cause, causes)
		}
	}
}

func importHistory(rt *rapid.T, t *testing.T, lines []byte) *ledger.Ledger {
	l, err := ledger.Open(t.Context(), t.TempDir(), ledger.Options{Create: true})
	if err != nil {
		rt.Fatal(err)
	}
	rt.Cleanup(func() {
		if err := l.Close(); err != nil {
			rt.Errorf("Close: %v", err)
		}
	})
	if _, err := l.Import(t.Context(), []ledger.File{{Name: "h", Reader: bytes.NewReader(lines)}}, ledger.ImportOptions{}); err != nil {
		rt.Fatalf("Import: %v", err)
	}
	return l
}

// findings compares the findings with the model's and returns their rules.
func (c *comparison) findings(q projections.Question, asOf string, known uint64) (rules []string) {
	r, err := c.l.Findings(c.t.Context(), projections.FindingsQuestion{Question: q, Rules: naive.FindingRules})
	if err != nil {
		c.t.Fatalf("Findings(%+v): %v", q, err)
	}
	got := []string{}
	for _, f := range r.Rows {
		got = append(got, fmt.Sprint(f.Rule, " ", f.Sequence, " ", f.Organisation))
		rules = append(rules, f.Rule)
	}
	slices.Sort(got)
	if want := c.model.Findings(q.Organisation, asOf, known); !slices.Equal(got, want) {
		c.t.Fatalf("Findings(%+v)\n got %q\nwant %q", q, got, want)
	}
	return rules
}

// explainedFindings holds that the parts of a difference make it: from an earlier
// day and less knowledge to those of a question.
func (c *comparison) explainedFindings(q projections.Question, causes map[projections.Cause]int) {
	from := projections.Question{
		AsOf:    min(q.AsOf, mustDate(rapid.SampledFrom(naive.Days()).Draw(c.t, "from"))),
		KnownAt: eventstore.Position(rapid.Uint64Range(1, uint64(q.KnownAt)).Draw(c.t, "known from")),
	}
	e, err := c.l.ExplainFindings(c.t.Context(), q, from)
	if err != nil {
		c.t.Fatalf("ExplainFindings(%+v, %+v): %v", q, from, err)
	}
	if !e.Adds() {
		c.t.Fatalf("ExplainFindings(%+v, %+v) does not add up: %+v", q, from, e)
	}
	for _, p := range e.Total.Parts {
		causes[p.Cause]++
		if len(p.Events) == 0 {
			c.t.Fatalf("ExplainFindings(%+v, %+v): nothing is behind %+v", q, from, p)
		}
	}
}

// prefix holds that a report as known at a place in the log is that of a ledger
// that ends there.
func (c *comparison) prefix(t *testing.T, q projections.Question) {
	var lines bytes.Buffer
	records := eventstore.Position(0)
	for e, err := range c.l.Events(c.t.Context(), ledger.EventFilter{}) {
		if err != nil {
			c.t.Fatalf("Events: %v", err)
		}
		if eventstore.Position(e.Sequence) <= q.KnownAt {
			lines.Write(append(domain.AppendJSON(nil, e, c.l.Source()), '\n'))
			records = eventstore.Position(e.Sequence)
		}
	}
	l := importHistory(c.t, t, lines.Bytes())
	short, err := l.Findings(c.t.Context(), projections.FindingsQuestion{Question: projections.Question{AsOf: q.AsOf}})
	if err != nil {
		c.t.Fatalf("Findings of the prefix: %v", err)
	}
	whole, err := c.l.Findings(c.t.Context(), projections.FindingsQuestion{Question: q})
	if err != nil {
		c.t.Fatalf("Findings(%+v): %v", q, err)
	}
	if got, want := fmt.Sprint(whole.Totals, whole.Rows, whole.Unjudged), fmt.Sprint(short.Totals, short.Rows, short.Unjudged); got != want {
		c.t.Fatalf("as known at %d of %d\n got %s\nwant %s", records, c.last, got, want)
	}
}
