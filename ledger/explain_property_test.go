package ledger_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/internal/naive"
	"rollbook/ledger"
	"rollbook/projections"
)

// Whatever two reports are compared, each figure that differs is explained, no
// other is, the parts make the change, and every event that is named is one of
// the ledger's that the second report counts.
func TestEveryDifferenceIsExplained(t *testing.T) {
	t.Parallel()
	causes := map[projections.Cause]int{}
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
		x := explanations{comparison: &c, causes: causes, events: map[uint64]domain.Entry{}}
		for e, err := range l.Events(t.Context(), ledger.EventFilter{}) {
			if err != nil {
				rt.Fatalf("Events: %v", err)
			}
			x.events[e.Sequence] = e
		}
		for range 3 {
			x.draw()
		}
	})
	for _, cause := range projections.Causes() {
		if cause == projections.RuleChange {
			continue // it changes findings, and no figure
		}
		if causes[cause] == 0 && !fewHistories {
			t.Errorf("no part was %s: the histories say too little (%v)", cause, causes)
		}
	}
	t.Logf("parts by cause: %v", causes)
}

type explanations struct {
	*comparison
	causes   map[projections.Cause]int
	events   map[uint64]domain.Entry
	from, to projections.Question
}

func (x *explanations) draw() {
	days := naive.Days()
	first := rapid.SampledFrom(days).Draw(x.t, "first day")
	second := rapid.SampledFrom(days).Draw(x.t, "second day")
	if second < first {
		first, second = second, first
	}
	known := rapid.Uint64Range(1, uint64(x.last)).Draw(x.t, "known")
	earlier := rapid.Uint64Range(1, known).Draw(x.t, "known before")
	if rapid.Bool().Draw(x.t, "same knowledge") {
		earlier = known
	}
	for _, organisation := range append(x.model.Organisations(second, known), "") {
		x.from = projections.Question{Organisation: organisation, AsOf: mustDate(first), KnownAt: eventstore.Position(earlier)}
		x.to = projections.Question{Organisation: organisation, AsOf: mustDate(second), KnownAt: eventstore.Position(known)}
		x.headcount()
		x.movements(nil)
		x.movements(&x.from)
		x.indicators()
		x.drills()
	}
}

// drills checks that every figure is made of as many people and events as it
// says.
func (x *explanations) drills() {
	ctx := x.t.Context()
	by := rapid.SliceOfNDistinct(rapid.SampledFrom(projections.Dimensions()), 0, 2, rapid.ID).Draw(x.t, "drill by")
	h, err := x.figures.Headcount(ctx, x.to, by)
	if err != nil {
		x.t.Fatalf("Headcount: %v", err)
	}
	people, err := x.figures.DrillHeadcount(ctx, x.to, by)
	if err != nil {
		x.t.Fatalf("DrillHeadcount(%+v): %v", x.to, err)
	}
	all := map[domain.Subject]bool{}
	for key, parts := range people {
		for _, p := range parts {
			if p.Change != 1 || p.Member == "" || all[p.Member] {
				x.t.Fatalf("DrillHeadcount(%+v, %v) has somebody twice in %q: %+v", x.to, by, key, p)
			}
			all[p.Member] = true
		}
	}
	if len(all) != h.Total {
		x.t.Fatalf("DrillHeadcount(%+v) has %d people of %d", x.to, len(all), h.Total)
	}
	for _, r := range h.Rows {
		if key := strings.Join(r.Values, ","); !people.Adds(key, r.Members) {
			x.t.Fatalf("DrillHeadcount(%+v) of %q has %d people, the report %d", x.to, key, len(people[key]), r.Members)
		}
	}
	m, err := x.figures.Movements(ctx, x.to, x.from.AsOf)
	if err != nil {
		x.t.Fatalf("Movements: %v", err)
	}
	moved, err := x.figures.DrillMovements(ctx, x.to, x.from.AsOf)
	if err != nil {
		x.t.Fatalf("DrillMovements: %v", err)
	}
	for line, n := range lines(m) {
		if !moved.Adds(line, n) {
			x.t.Fatalf("DrillMovements(%+v) of %s: %+v, the report has %d", x.to, line, moved[line], n)
		}
	}
	i, err := x.figures.Indicators(ctx, x.to, x.to.AsOf.Year(), false)
	if err != nil {
		x.t.Fatalf("Indicators: %v", err)
	}
	counted, err := x.figures.DrillIndicators(ctx, x.to)
	if err != nil {
		x.t.Fatalf("DrillIndicators: %v", err)
	}
	for code, have := range i.Rows[0].Indicators {
		numerator, denominator, ok := projections.CountsOf(code)
		if !ok || !counted.Adds(numerator, have.Numerator) || denominator != "" && !counted.Adds(denominator, have.Denominator) {
			x.t.Fatalf("DrillIndicators(%+v) of %s: %d in %s and %d in %s, the report has %+v", x.to, code, len(counted[numerator]), numerator, len(counted[denominator]), denominator, have)
		}
	}
}

func (x *explanations) headcount() {
	ctx := x.t.Context()
	by := rapid.SliceOfNDistinct(rapid.SampledFrom(projections.Dimensions()), 1, 3, rapid.ID).Draw(x.t, "by")
	e, err := x.figures.ExplainHeadcount(ctx, x.to, x.from, by)
	if err != nil {
		x.t.Fatalf("ExplainHeadcount(%+v, %+v): %v", x.to, x.from, err)
	}
	want := map[string][2]int{}
	for side, q := range []projections.Question{x.from, x.to} {
		h, err := x.figures.Headcount(ctx, q, by)
		if err != nil {
			x.t.Fatalf("Headcount(%+v): %v", q, err)
		}
		if total := [2]int{e.Total.From, e.Total.To}[side]; total != h.Total {
			x.t.Fatalf("ExplainHeadcount(%+v, %+v) has %d as side %d, the report %d", x.to, x.from, total, side, h.Total)
		}
		for _, r := range h.Rows {
			cell := want[strings.Join(r.Values, ",")]
			cell[side] = r.Members
			want[strings.Join(r.Values, ",")] = cell
		}
	}
	for key, cell := range want {
		if cell[0] == cell[1] {
			delete(want, key)
		}
	}
	got := map[string][2]int{}
	for _, c := range e.Cells {
		got[strings.Join(c.Values, ",")] = [2]int{c.From, c.To}
		x.parts(c.Explained)
	}
	x.parts(e.Total)
	if !reflect.DeepEqual(got, want) || !e.Adds() {
		x.t.Fatalf("ExplainHeadcount(%+v, %+v, %v):\n got %v\nwant %v\n%+v", x.to, x.from, by, got, want, e)
	}
}

func (x *explanations) movements(before *projections.Question) {
	ctx := x.t.Context()
	e, err := x.figures.ExplainMovements(ctx, x.to, x.from.AsOf, before)
	if err != nil {
		x.t.Fatalf("ExplainMovements(%+v, %+v): %v", x.to, before, err)
	}
	after, err := x.figures.Movements(ctx, x.to, x.from.AsOf)
	if err != nil {
		x.t.Fatalf("Movements(%+v): %v", x.to, err)
	}
	was := projections.Movements{}
	if before != nil {
		q := x.to
		q.KnownAt = before.KnownAt
		if was, err = x.figures.Movements(ctx, q, x.from.AsOf); err != nil {
			x.t.Fatalf("Movements(%+v): %v", q, err)
		}
	}
	want := map[string][2]int{}
	is := lines(after)
	for line, n := range lines(was) {
		if n != is[line] {
			want[line] = [2]int{n, is[line]}
		}
	}
	got := map[string][2]int{}
	for _, line := range e.Lines {
		if line.From != line.To {
			got[line.Line] = [2]int{line.From, line.To}
		}
		x.parts(line.Explained)
	}
	if !reflect.DeepEqual(got, want) || !e.Adds() {
		x.t.Fatalf("ExplainMovements(%+v from %s, %+v):\n got %v\nwant %v\n%+v", x.to, x.from.AsOf, before, got, want, e)
	}
	if e.Closing.To != after.Closing || e.Opening.To != after.Opening || before != nil && (e.Opening.From != was.Opening || e.Closing.From != was.Closing) {
		x.t.Fatalf("ExplainMovements(%+v, %+v): ends %+v and %+v, the reports have %+v and %+v", x.to, before, e.Opening, e.Closing, was, after)
	}
}

func lines(m projections.Movements) map[string]int {
	return map[string]int{
		"admitted": m.Admitted, "transferred_in": m.TransferredIn, "restored": m.Restored, "brought_forward": m.BroughtForward,
		"moved_in": m.MovedIn, "moved_out": m.MovedOut, "transferred_out": m.TransferredOut, "expelled": m.Expelled,
		"removed": m.Removed, "resigned": m.Resigned, "died": m.Died, "confirmed": m.Confirmed,
	}
}

func (x *explanations) indicators() {
	ctx := x.t.Context()
	e, err := x.figures.ExplainIndicators(ctx, x.to, x.from)
	if err != nil {
		x.t.Fatalf("ExplainIndicators(%+v, %+v): %v", x.to, x.from, err)
	}
	var sides [2]map[string]projections.Indicator
	for i, q := range []projections.Question{x.from, x.to} {
		report, err := x.figures.Indicators(ctx, q, q.AsOf.Year(), false)
		if err != nil {
			x.t.Fatalf("Indicators(%+v): %v", q, err)
		}
		sides[i] = report.Rows[0].Indicators
	}
	got := map[string][2]projections.Indicator{}
	for _, i := range e.Indicators {
		got[i.Indicator] = [2]projections.Indicator{i.From, i.To}
	}
	for _, code := range projections.IndicatorCodes() {
		a, b := sides[0][code], sides[1][code]
		if have, ok := got[code]; ok != (a != b) || ok && have != [2]projections.Indicator{a, b} {
			x.t.Fatalf("ExplainIndicators(%+v, %+v): %s is %+v, the reports have %+v and %+v", x.to, x.from, code, have, a, b)
		}
	}
	for _, c := range e.Counts {
		x.parts(c.Explained)
	}
	if !e.Adds() {
		x.t.Fatalf("ExplainIndicators(%+v, %+v) does not add up: %+v", x.to, x.from, e)
	}
}

// parts checks that what is named is there, and was counted.
func (x *explanations) parts(e projections.Explained) {
	for _, p := range e.Parts {
		x.causes[p.Cause]++
		if len(p.Events) == 0 && p.Cause != projections.Elapsed {
			x.t.Fatalf("a part without an event, from %+v to %+v: %+v", x.from, x.to, p)
		}
		for _, ref := range p.Events {
			entry, ok := x.events[ref.Sequence]
			if !ok || entry.ID != ref.ID || entry.Type() != ref.Type || entry.Subject != ref.Subject || entry.EffectiveOn != ref.EffectiveOn {
				x.t.Fatalf("part %+v names an event that is %+v", p, entry)
			}
			if ref.Sequence > uint64(x.to.KnownAt) {
				x.t.Fatalf("part %+v names an event that is not known at %d", p, x.to.KnownAt)
			}
			if p.Cause == projections.LateFact && (ref.Sequence <= uint64(x.from.KnownAt)) {
				x.t.Fatalf("part %+v is late, but was known at %d", p, x.from.KnownAt)
			}
		}
	}
}
