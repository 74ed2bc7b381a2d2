package storetest

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"rollbook/domain"
	"rollbook/projections"
)

// booked calls f with a few random histories, each in a store of its own.
func booked(t *testing.T, open func() Home, f func(r *rand.Rand, all *history, h Home, projector projections.Projector)) {
	t.Helper()
	histories, size := 3, 120
	if Long() {
		histories, size = 25, 400 // each has connections of its own until the end
	}
	first := rand.IntN(1 << 30)
	for n := range histories {
		seed := first + n
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(uint64(seed), 0))
		all := newHistory()
		if err := all.add(t.Context(), r, drawn(seed, size)); err != nil {
			t.Fatal(err)
		}
		h := open()
		projector := projections.Projector{Log: all.log, Store: h}
		if err := projector.Rebuild(t.Context(), h); err != nil {
			t.Fatal(err)
		}
		f(r, all, h, projector)
	}
}

// parts damages what is kept of some subjects and makes just their parts anew.
// What comes out is what a rebuild of everything comes to, and the comparison
// names just what was damaged.
func parts(t *testing.T, open func() Home) {
	booked(t, open, func(r *rand.Rand, all *history, h Home, projector projections.Projector) {
		whole := dump(t, h, all.ids...)
		for _, subject := range some(t, r, h) {
			damaged := damage(t, r, h, subject)
			shadow, err := h.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := projector.RebuildPart(t.Context(), shadow, subject); err != nil {
				t.Fatalf("RebuildPart of %s: %v", subject, err)
			}
			mustEqual(t, dump(t, shadow, all.ids...), whole, "the part of "+string(subject)+" anew, and everything,")
			found := compare(t, h, shadow, true)
			for _, d := range found {
				if !damaged[domain.Subject(d.Subject)] || d.Reason != projections.Damaged {
					t.Errorf("%s was damaged, and %+v is found", subject, d)
				}
			}
			for _, d := range found {
				delete(damaged, domain.Subject(d.Subject))
			}
			if len(damaged) > 0 {
				t.Errorf("of %s the damage to %v is not found", subject, damaged)
			}
			if err := projections.Install(t.Context(), h, shadow); err != nil {
				t.Fatal(err)
			}
			if err := shadow.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// models damages rows of two models and makes each anew alone: that one is as a
// rebuild of everything makes it, and the other as it was.
func models(t *testing.T, open func() Home) {
	booked(t, open, func(r *rand.Rand, all *history, h Home, projector projections.Projector) {
		whole, clean := dump(t, h, all.ids...), digests(t, h)
		names := projections.Models()
		r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		names = names[:2]
		for _, m := range names {
			double(t, r, h, m.Table)
		}
		want := digests(t, h)
		for _, m := range names {
			if want[m.Name] == clean[m.Name] {
				continue // it has no rows in this history
			}
			shadow, err := h.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := projector.RebuildModels(t.Context(), shadow, []string{m.Name}); err != nil {
				t.Fatalf("RebuildModels(%s): %v", m.Name, err)
			}
			for _, d := range compare(t, h, shadow, true) {
				if d.Model != m.Name || d.Extra != 1 || d.Missing != 0 || d.Reason != projections.Damaged {
					t.Errorf("%s has a row twice, and %+v is found", m.Name, d)
				}
			}
			want[m.Name] = clean[m.Name]
			if got := digests(t, shadow); !maps.Equal(got, want) {
				t.Errorf("with %s anew the digests are %v, want %v", m.Name, got, want)
			}
			if err := projections.Install(t.Context(), h, shadow); err != nil {
				t.Fatal(err)
			}
			if err := shadow.Close(); err != nil {
				t.Fatal(err)
			}
		}
		mustEqual(t, dump(t, h, all.ids...), whole, "each damaged model anew, and everything,")
	})
}

// digests returns the digests of the models by name.
func digests(t testing.TB, s projections.Store) map[string]string {
	t.Helper()
	found := map[string]string{}
	read(t, s, func(r projections.Reader) (err error) {
		for _, m := range projections.Models() {
			if _, found[m.Name], err = projections.Digest(t.Context(), r, m.Table); err != nil {
				return err
			}
		}
		return nil
	})
	return found
}

// double adds a row to a table that is already in it, if it has any.
func double(t testing.TB, r *rand.Rand, h Home, table projections.Table) {
	t.Helper()
	from := checkpoint(t, h)
	write(t, h, from.Position, func(w projections.Writer) error {
		var rows [][]int64
		if err := w.Rows(t.Context(), table, 0, func(row []int64) { rows = append(rows, slices.Clone(row)) }); err != nil || len(rows) == 0 {
			return err
		}
		return w.PutRows(t.Context(), table, rows[r.IntN(len(rows))])
	})
}

// some returns a few members, organisations and villages of a history.
func some(t testing.TB, r *rand.Rand, s projections.Store) (subjects []domain.Subject) {
	read(t, s, func(reader projections.Reader) error {
		for _, kind := range []domain.Kind{domain.MemberKind, domain.OrganisationKind, domain.VillageKind} {
			var all []domain.Subject
			if err := reader.SubjectsOf(t.Context(), kind, func(s projections.Subject) error {
				all = append(all, s.Subject)
				return nil
			}); err != nil {
				return err
			}
			r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			subjects = append(subjects, all[:min(3, len(all))]...)
		}
		return nil
	})
	return subjects
}

// damage changes what is kept of a subject, or of some who were in an
// organisation, and returns of whom.
func damage(t testing.TB, r *rand.Rand, h Home, subject domain.Subject) map[domain.Subject]bool {
	damaged := map[domain.Subject]bool{}
	from := checkpoint(t, h)
	err := h.Write(t.Context(), from, func(w projections.Writer) (projections.Checkpoint, error) {
		victims := []domain.Subject{subject}
		if subject.Kind() == domain.OrganisationKind {
			members, err := w.MembersOf(t.Context(), subject.ID())
			if err != nil {
				return from, err
			}
			slices.Sort(members)
			if len(members) > 0 {
				victims = []domain.Subject{members[r.IntN(len(members))]}
			}
		}
		cells, err := w.Cells(t.Context(), 0)
		if err != nil {
			return from, err
		}
		for _, v := range victims {
			damaged[v] = true
			found, _, err := w.Subject(t.Context(), v)
			if err != nil {
				return from, err
			}
			rows := found.Number > 0 && len(cells) > 0
			if rows {
				cell := cells[r.IntN(len(cells))].Number
				row := []int64{int64(found.Head.Position), found.Number, 700_000, 1, 0, cell, 1}
				if err := w.PutRows(t.Context(), projections.Models()[0].Table, row); err != nil {
					return from, err
				}
			}
			if !rows || r.IntN(2) == 0 {
				found.Head.Count++
				if err := w.PutSubjects(t.Context(), []projections.Subject{found}); err != nil {
					return from, err
				}
			}
		}
		return from, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return damaged
}

func compare(t testing.TB, a, b projections.Store, samePrograms bool) (found []projections.Difference) {
	t.Helper()
	err := a.Read(t.Context(), func(first projections.Reader) error {
		return b.Read(t.Context(), func(second projections.Reader) (err error) {
			found, err = projections.Compare(t.Context(), first, second, samePrograms)
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
