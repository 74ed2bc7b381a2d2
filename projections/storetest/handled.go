package storetest

import (
	"math/rand/v2"
	"slices"
	"testing"

	"rollbook/domain"
	"rollbook/projections"
)

// Handled checks that every model has decided on every type of event, and runs
// histories to see that the records of a type make rows in a model if it says
// so, and only then.
func Handled(t *testing.T, open func(testing.TB) projections.Home) {
	all := slices.Sorted(slices.Values(domain.Types()))
	for _, m := range projections.Models() {
		if decided := slices.Sorted(slices.Values(slices.Concat(m.Handles(), m.Ignores()))); !slices.Equal(decided, all) {
			t.Errorf("%s has decided on %q, and there are %q", m.Name, decided, all)
		}
	}
	seen := map[string]map[string]bool{}
	complete := func() bool {
		for _, m := range projections.Models() {
			for _, typ := range m.Handles() {
				if !seen[m.Name][typ] {
					return false
				}
			}
		}
		return true
	}
	// What is rare, such as a merger that is annulled, may take some more histories.
	for seed := 0; seed < 25 || seed < 200 && !complete(); seed++ {
		h := newHistory()
		if err := h.add(t.Context(), rand.New(rand.NewPCG(uint64(seed), 0)), drawn(seed, 200)); err != nil {
			t.Fatal(err)
		}
		rowsByType(t, h, open(t), seen)
	}
	for _, m := range projections.Models() {
		for _, typ := range all {
			if handles := slices.Contains(m.Handles(), typ); handles != seen[m.Name][typ] {
				t.Errorf("%s handles %s: %t; records of that type made rows: %t", m.Name, typ, handles, seen[m.Name][typ])
			}
		}
	}
}

// rowsByType notes which types of records make rows in which model.
func rowsByType(t *testing.T, h *history, s projections.Store, seen map[string]map[string]bool) {
	if err := (&projections.Projector{Log: h.log, Store: s}).CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	last, err := h.log.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	types := map[int64]string{}
	for rec, err := range h.log.Replay(t.Context(), 0, last) {
		if err != nil {
			t.Fatal(err)
		}
		types[int64(rec.Position)] = rec.Type
	}
	read(t, s, func(r projections.Reader) error {
		for _, m := range projections.Models() {
			if seen[m.Name] == nil {
				seen[m.Name] = map[string]bool{}
			}
			if err := r.Rows(t.Context(), m.Table, 0, func(row []int64) { seen[m.Name][types[row[0]]] = true }); err != nil {
				return err
			}
		}
		return nil
	})
}
