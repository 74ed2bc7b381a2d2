package ledger_test

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/internal/naive"
	"rollbook/ledger"
	"rollbook/projections"
)

// Every figure, for every organisation, on days around every date that matters
// and as known at several moments, is what a naive model makes of the same
// events; and opening + ins - outs = closing.
func TestFiguresEqualTheNaiveModel(t *testing.T) {
	t.Parallel()
	lines, stored := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		history := naive.History(rt, rapid.IntRange(10, 160).Draw(rt, "size"))
		l, err := ledger.Open(t.Context(), t.TempDir(), ledger.Options{Create: true})
		if err != nil {
			rt.Fatal(err)
		}
		defer func() {
			if err := l.Close(); err != nil {
				rt.Errorf("Close: %v", err)
			}
		}()
		// In several imports, so that read models grow bit by bit.
		for part := range slices.Chunk(history, max(1, len(history)/rapid.IntRange(1, 4).Draw(rt, "imports"))) {
			r, err := l.Import(t.Context(), []ledger.File{{Name: "h", Reader: bytes.NewReader(bytes.Join(part, []byte("\n")))}}, ledger.ImportOptions{})
			if err != nil {
				rt.Fatalf("Import: %v", err)
			}
			lines, stored = lines+len(part), stored+r.Accepted
			if rapid.Bool().Draw(rt, "catch up") {
				if err := l.CatchUp(t.Context(), nil); err != nil {
					rt.Fatalf("CatchUp: %v", err)
				}
			}
		}
		c := comparison{t: rt, l: l, model: &naive.Ledger{}}
		c.export()
		last := uint64(c.last)
		for _, known := range slices.Compact([]uint64{last / 2, last - last/8, last}) {
			c.compareAt(known)
		}
	})
	t.Logf("%d of %d drawn events were accepted", stored, lines)
	if stored*10 < lines*7 {
		t.Errorf("only %d of %d drawn events were accepted: the histories say too little", stored, lines)
	}
}

// comparison asks the ledger and the model the same questions.
type comparison struct {
	t       *rapid.T
	l       *ledger.Ledger
	model   *naive.Ledger
	figures *projections.Figures
	last    eventstore.Position
}

func (c *comparison) export() {
	ctx := c.t.Context()
	for e, err := range c.l.Events(ctx, ledger.EventFilter{}) {
		if err != nil {
			c.t.Fatalf("Events: %v", err)
		}
		line := domain.AppendJSON(nil, e, c.l.Source())
		if err := c.model.Add(e.Sequence, line); err != nil {
			c.t.Fatalf("the model cannot read %s: %v", line, err)
		}
		c.last = eventstore.Position(e.Sequence)
	}
	var err error
	if c.figures, err = c.l.Figures(ctx); err != nil {
		c.t.Fatalf("Figures: %v", err)
	}
	_, parked, err := c.figures.Status(ctx)
	if err != nil || len(parked) > 0 {
		c.t.Fatalf("parked: %v, %v", parked, err)
	}
}

func (c *comparison) compareAt(known uint64) {
	if known == 0 {
		return
	}
	days := naive.Days()
	from := rapid.SampledFrom(days).Draw(c.t, "from")
	to := rapid.SampledFrom(days).Draw(c.t, "to")
	if to < from {
		from, to = to, from
	}
	by := rapid.SliceOfNDistinct(rapid.SampledFrom(projections.Dimensions()), 0, 5, rapid.ID).Draw(c.t, "by")
	organisations := append(c.model.Organisations(to, known), "")
	for _, organisation := range organisations {
		q := projections.Question{Organisation: organisation, AsOf: mustDate(to), KnownAt: eventstore.Position(known)}
		c.headcount(q, by, to, known)
		c.movements(q, from, to, known)
	}
	year := rapid.IntRange(mustDate(days[0]).Year(), mustDate(days[len(days)-1]).Year()).Draw(c.t, "year")
	for _, organisation := range organisations {
		q := projections.Question{Organisation: organisation, AsOf: mustDate(to), KnownAt: eventstore.Position(known)}
		c.indicators(q, year, to, known)
	}
	c.anyForms(organisations, mustDate(from), mustDate(to), known)
}

func (c *comparison) headcount(q projections.Question, by []projections.Dimension, asOf string, known uint64) {
	names := make([]string, len(by))
	for i, d := range by {
		names[i] = string(d)
	}
	total, rows := c.model.Headcount(q.Organisation, asOf, known, names)
	got, err := c.figures.Headcount(c.t.Context(), q, by)
	if err != nil {
		c.t.Fatalf("Headcount(%+v): %v", q, err)
	}
	have := map[string]int{}
	for _, r := range got.Rows {
		have[strings.Join(r.Values, ",")] = r.Members
	}
	if len(by) == 0 && total > 0 {
		have[""] = got.Total
	}
	if got.Total != total || !maps.Equal(have, rows) {
		c.t.Fatalf("Headcount(%q, %s, known %d, by %v) = %d %v, want %d %v", q.Organisation, asOf, known, by, got.Total, have, total, rows)
	}
}

func (c *comparison) movements(q projections.Question, from, to string, known uint64) {
	want := c.model.Movements(q.Organisation, from, to, known)
	m, err := c.figures.Movements(c.t.Context(), q, mustDate(from))
	if err != nil {
		c.t.Fatalf("Movements(%+v): %v", q, err)
	}
	got := map[string]int{
		"opening": m.Opening, "admitted": m.Admitted, "transferred_in": m.TransferredIn, "restored": m.Restored,
		"brought_forward": m.BroughtForward, "moved_in": m.MovedIn, "moved_out": m.MovedOut, "transferred_out": m.TransferredOut,
		"expelled": m.Expelled, "removed": m.Removed, "resigned": m.Resigned, "died": m.Died, "closing": m.Closing, "confirmed": m.Confirmed,
	}
	if !maps.Equal(got, want) {
		c.t.Fatalf("Movements(%q, %s to %s, known %d) = %v, want %v", q.Organisation, from, to, known, got, want)
	}
	if !m.Reconciles() {
		c.t.Fatalf("Movements(%q, %s to %s, known %d) does not reconcile: %+v", q.Organisation, from, to, known, m)
	}
}

func (c *comparison) indicators(q projections.Question, year int, asOf string, known uint64) {
	want := c.model.Indicators(q.Organisation, year, asOf, known)
	got, err := c.figures.Indicators(c.t.Context(), q, year, false)
	if err != nil {
		c.t.Fatalf("Indicators(%+v, %d): %v", q, year, err)
	}
	codes := projections.IndicatorCodes()
	if len(want) != len(codes) || len(got.Rows[0].Indicators) != len(codes) {
		c.t.Fatalf("%d indicators, the model has %d, the catalogue %d", len(got.Rows[0].Indicators), len(want), len(codes))
	}
	for _, code := range codes {
		w, g := want[code], got.Rows[0].Indicators[code]
		value, ok := g.Value()
		if g.Numerator != w.Numerator || g.Share != w.HasDenominator || g.Share && g.Denominator != w.Denominator ||
			ok == w.Null || ok && math.Abs(value-w.Value) > 1e-9 {
			c.t.Fatalf("Indicators(%q, %d, %s, known %d): %s = %+v, want %+v", q.Organisation, year, asOf, known, code, g, w)
		}
	}
}

func mustDate(s string) domain.Date {
	d, ok := domain.ParseDate(s)
	if !ok {
		panic(fmt.Sprintf("%q is not a date", s))
	}
	return d
}
