package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/projections"
)

func empty(t *testing.T, s projections.Home) {
	if c := checkpoint(t, s); c.Position != 0 {
		t.Errorf("the checkpoint of an empty store is %+v", c)
	}
	mustEqual(t, dump(t, s, "x"), "position 0\nlast number 0\nid \"x\" 0\n", "an empty store and none")
	read(t, s, func(r projections.Reader) error {
		if _, ok, err := r.Subject(t.Context(), "member/nobody"); ok || err != nil {
			t.Errorf("Subject of nobody = %t, %v", ok, err)
		}
		return nil
	})
}

func roundTrip(t *testing.T, s projections.Home) {
	fill := func(w projections.Writer, n int) error {
		at := eventstore.Position(n)
		return errors.Join(
			w.PutCells(t.Context(), []projections.NumberedCell{cell(int64(n), "b"), cell(int64(n+1), "B_-9")}),
			each(w, t, n, 3),
			w.PutIDs(t.Context(), map[string]eventstore.Position{key(n): at, key(n + 1): at + 1}),
			w.PutSealed(t.Context(), []projections.SealedEntry{{Sequence: int64(n), Member: 1, ID: "i\xff", Type: "t", Schema: "s", Data: []byte{0, 255}}}),
			w.PutSubjects(t.Context(), []projections.Subject{
				member(fmt.Sprint("m", n), int64(n), "\x00\xff"), {Subject: domain.Subject(fmt.Sprint("organisation/o", n)), Entries: []byte("x")},
			}),
			w.PutParked(t.Context(), []projections.Parked{{Subject: domain.Subject(fmt.Sprint("member/p", n)), Position: at, Records: n, Reason: "một lý do \"'\\"}}),
			w.PutMissingKeys(t.Context(), []projections.MissingKey{{Subject: domain.Subject(fmt.Sprint("member/k", n)), Position: at}}),
		)
	}
	for n := 1; n < 60; n += 20 {
		inside := ""
		write(t, s, eventstore.Position(n), func(w projections.Writer) (err error) {
			if err := fill(w, n); err != nil {
				return err
			}
			inside, err = Dump(t.Context(), w, []string{key(1), key(2), key(n), key(n + 1), "none"})
			return err
		})
		outside := dump(t, s, key(1), key(2), key(n), key(n+1), "none")
		_, inside, _ = strings.Cut(inside, "\n") // the checkpoint moves at the end
		_, outside, _ = strings.Cut(outside, "\n")
		mustEqual(t, inside, outside, "a transaction's own view and that after it")
		for _, want := range []string{
			fmt.Sprintf("last number %d\n", n), fmt.Sprintf("id %q %d\n", key(n+1), n+1), "id \"none\" 0\n",
			fmt.Sprintf("subject %d \"member/m%d\" %d 1 00ff\n", n, n, n), fmt.Sprintf("cell %d {\"b\" \"official\" \"female\" \"03\" \"00\"}\n", n),
			fmt.Sprintf("missing key \"member/k%d\" %d\n", n, n), fmt.Sprintf("sealed %d 1 \"i\\xff\" \"t\" \"s\" 00ff\n", n), fmt.Sprintf("headcount %d [%d ", (n/20)*3+1, n*7),
		} {
			if !strings.Contains(outside, want) {
				t.Errorf("%q is missing from\n%s", want, outside)
			}
		}
	}
	// What waits counts its records, and keeps the rest.
	write(t, s, 100, func(w projections.Writer) error {
		return errors.Join(
			w.PutParked(t.Context(), []projections.Parked{{Subject: "member/p1", Position: 1, Records: 9, Reason: "một lý do \"'\\"}}),
			w.PutMissingKeys(t.Context(), []projections.MissingKey{{Subject: "member/k1", Position: 77}}))
	})
	if got := dump(t, s); !strings.Contains(got, `parked "{member/p1 1 9 một lý do`) || !strings.Contains(got, "missing key \"member/k1\" 1\n") {
		t.Errorf("after a second time:\n%s", got)
	}
}

func rowOrder(t *testing.T, s projections.Home) {
	want := map[string][]int64{}
	n := 0
	for at := range 6 {
		some := 1 + at*at*40
		write(t, s, eventstore.Position(at+1), func(w projections.Writer) error {
			for _, m := range projections.Models() {
				want[m.Name] = append(want[m.Name], rows(m.Table, n, some)...)
			}
			// Twice in one transaction.
			return errors.Join(each(w, t, n, some/2), each(w, t, n+some/2, some-some/2))
		})
		n += some
	}
	read(t, s, func(r projections.Reader) error {
		for _, m := range projections.Models() {
			wide := len(m.Table.Columns)
			for _, after := range []int{0, 1, n / 2, n - 1, n, n + 10} {
				var got []int64
				if err := r.Rows(t.Context(), m.Table, int64(after), func(row []int64) { got = append(got, row...) }); err != nil {
					return err
				}
				if all := want[m.Name]; !slices.Equal(got, all[min(after*wide, len(all)):]) {
					t.Errorf("%s after %d: %d values, want %d, or others", m.Name, after, len(got), len(all)-after*wide)
				}
			}
		}
		return nil
	})
}

func subjectOrder(t *testing.T, s projections.Home) {
	names := []string{"a", "B", "_", "-", "Z", "aa", "a-", "a_", "0", "D"}
	var put []projections.Subject
	for _, n := range names {
		put = append(put, projections.Subject{Subject: domain.Subject("village/" + n), Entries: []byte(n)})
	}
	put = append(put, member("z", 1, "1"), member("a", 2, "2"))
	write(t, s, 1, func(w projections.Writer) error { return w.PutSubjects(t.Context(), put) })
	read(t, s, func(r projections.Reader) error {
		var got []string
		err := r.SubjectsOf(t.Context(), domain.VillageKind, func(s projections.Subject) error {
			got = append(got, s.Subject.ID())
			return nil
		})
		slices.Sort(names)
		if !slices.Equal(got, names) {
			t.Errorf("villages come as %q, want %q", got, names)
		}
		got = nil
		err2 := r.SubjectsOf(t.Context(), domain.MemberKind, func(s projections.Subject) error {
			got = append(got, s.Subject.ID())
			return nil
		})
		if !slices.Equal(got, []string{"z", "a"}) {
			t.Errorf("members come as %q", got)
		}
		stop := r.SubjectsOf(t.Context(), domain.VillageKind, func(projections.Subject) error { return errTest })
		if !errors.Is(stop, errTest) {
			t.Errorf("SubjectsOf = %v, want what its function returned", stop)
		}
		_, ok, err3 := r.Subject(t.Context(), "village/a") // the view lives on
		if !ok {
			t.Error("village/a is gone")
		}
		return errors.Join(err, err2, err3)
	})
}

func replaced(t *testing.T, s projections.Home) {
	first, second := member("m", 1, "first"), member("m", 1, "second")
	second.Head = eventstore.Head{Position: 9, Count: 2}
	for i, put := range []projections.Subject{first, second} {
		write(t, s, eventstore.Position(i+1), func(w projections.Writer) error {
			// Once more within the transaction.
			return errors.Join(w.PutSubjects(t.Context(), []projections.Subject{first}), w.PutSubjects(t.Context(), []projections.Subject{put, member("n", 2, "n")}))
		})
		read(t, s, func(r projections.Reader) error {
			got, ok, err := r.Subject(t.Context(), first.Subject)
			if !ok || fmt.Sprint(got) != fmt.Sprint(put) {
				t.Errorf("Subject = %v, %t, want %v", got, ok, put)
			}
			return err
		})
	}
}

func large(t *testing.T, s projections.Home) {
	entries := bytes.Repeat([]byte("a long life \x00\xfe"), 1<<20)
	big := projections.Subject{Number: 1, Subject: "member/m", Entries: entries}
	for at := range 2 {
		write(t, s, eventstore.Position(at+1), func(w projections.Writer) error {
			return w.PutSubjects(t.Context(), []projections.Subject{big, member("n", 2, "")})
		})
		read(t, s, func(r projections.Reader) error {
			got, ok, err := r.Subject(t.Context(), big.Subject)
			if !ok || !bytes.Equal(got.Entries, entries) {
				t.Errorf("%d bytes came back, %t, want %d", len(got.Entries), ok, len(entries))
			}
			return err
		})
	}
}

func ids(t *testing.T, s projections.Home) {
	odd := []string{"", "é", "\xff\xfe", "a\x00b", strings.Repeat("x", 300), `'";--`, "A", "a"}
	first, again := map[string]eventstore.Position{}, map[string]eventstore.Position{}
	for i, id := range odd {
		first[id], again[id] = eventstore.Position(i+1), 1000
	}
	check := func() {
		t.Helper()
		read(t, s, func(r projections.Reader) error {
			for id, want := range first {
				if got, err := r.IDPosition(t.Context(), id); err != nil || got != want {
					t.Errorf("IDPosition(%q) = %d, %v, want %d", id, got, err, want)
				}
			}
			return nil
		})
	}
	write(t, s, 1, func(w projections.Writer) error {
		return errors.Join(w.PutIDs(t.Context(), first), w.PutIDs(t.Context(), nil), w.PutIDs(t.Context(), again))
	})
	check()
	write(t, s, 2, func(w projections.Writer) error { return w.PutIDs(t.Context(), again) })
	check()
}

func failure(t *testing.T, s projections.Home) {
	everything := func(w projections.Writer) error {
		return errors.Join(
			w.PutCells(t.Context(), []projections.NumberedCell{cell(1, "a")}), each(w, t, 1, 10),
			w.PutSubjects(t.Context(), []projections.Subject{member("m", 1, "x")}),
			w.PutIDs(t.Context(), map[string]eventstore.Position{"a": 1}),
			w.PutParked(t.Context(), []projections.Parked{{Subject: "member/p", Position: 1}}),
			w.PutMissingKeys(t.Context(), []projections.MissingKey{{Subject: "member/k", Position: 1}}))
	}
	for range 2 { // empty, and not
		before, from := dump(t, s, "a"), checkpoint(t, s)
		err := s.Write(t.Context(), from, func(w projections.Writer) (projections.Checkpoint, error) {
			return projections.Checkpoint{Position: 99, Generation: from.Generation}, errors.Join(everything(w), errTest)
		})
		if !errors.Is(err, errTest) {
			t.Fatalf("Write = %v, want %v", err, errTest)
		}
		ctx, cancel := context.WithCancel(t.Context())
		err = s.Write(ctx, from, func(w projections.Writer) (projections.Checkpoint, error) {
			cancel()
			return projections.Checkpoint{Position: 99, Generation: from.Generation}, everything(w)
		})
		if err == nil {
			t.Fatal("Write of a context that ends succeeds")
		}
		mustEqual(t, dump(t, s, "a"), before, "the store after a failure and before it")
		if from.Position == 0 {
			write(t, s, 5, func(w projections.Writer) error {
				return errors.Join(w.PutSubjects(t.Context(), []projections.Subject{member("n", 2, "y")}), each(w, t, 50, 5))
			})
		}
	}
	if err := s.Read(t.Context(), func(projections.Reader) error { return errTest }); !errors.Is(err, errTest) {
		t.Errorf("Read = %v, want %v", err, errTest)
	}
}

func moved(t *testing.T, s projections.Home) {
	start := checkpoint(t, s)
	write(t, s, 7, func(w projections.Writer) error { return each(w, t, 1, 1) })
	now := checkpoint(t, s)
	if now != (projections.Checkpoint{Position: 7, Generation: start.Generation}) {
		t.Fatalf("the checkpoint is %+v after %+v", now, start)
	}
	before := dump(t, s)
	for _, from := range []projections.Checkpoint{
		start, {Position: 6, Generation: now.Generation}, {Position: 8, Generation: now.Generation}, {Position: 7, Generation: now.Generation + 1}, {Position: 7, Generation: now.Generation - 1},
	} {
		err := s.Write(t.Context(), from, func(w projections.Writer) (projections.Checkpoint, error) {
			return projections.Checkpoint{Position: 9, Generation: from.Generation}, each(w, t, 1, 1)
		})
		if !errors.Is(err, projections.ErrMoved) {
			t.Errorf("Write from %+v at %+v = %v, want %v", from, now, err, projections.ErrMoved)
		}
	}
	mustEqual(t, dump(t, s), before, "the store after refused writes and before them")
}

func writers(t *testing.T, s projections.Home) {
	const each = 8
	var mu sync.Mutex
	var won []int64
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for done := 0; done < each; {
				var from projections.Checkpoint
				err := s.Read(t.Context(), func(r projections.Reader) (err error) {
					from, err = r.Checkpoint(t.Context())
					return err
				})
				if err != nil {
					t.Errorf("Read: %v", err)
					return
				}
				to := projections.Checkpoint{Position: from.Position + 1, Generation: from.Generation}
				table := projections.Models()[0].Table
				row := make([]int64, len(table.Columns))
				row[0], row[1] = int64(to.Position), int64(g)
				err = s.Write(t.Context(), from, func(w projections.Writer) (projections.Checkpoint, error) {
					return to, w.PutRows(t.Context(), table, row)
				})
				switch {
				case err == nil:
					done++
					mu.Lock()
					won = append(won, int64(to.Position))
					mu.Unlock()
				case !errors.Is(err, projections.ErrMoved):
					t.Errorf("Write: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	if c := checkpoint(t, s); c.Position != 4*each {
		t.Errorf("the checkpoint is %+v after %d writes", c, 4*each)
	}
	slices.Sort(won)
	read(t, s, func(r projections.Reader) error {
		at := int64(0)
		err := r.Rows(t.Context(), projections.Models()[0].Table, 0, func(row []int64) {
			if at++; row[0] != at {
				t.Errorf("row %d is of position %d", at, row[0])
			}
		})
		if at != 4*each || int64(len(won)) != at {
			t.Errorf("%d rows of %d writes that won", at, len(won))
		}
		return err
	})
}

func view(t *testing.T, s projections.Home) {
	step := func(at int) {
		write(t, s, eventstore.Position(at), func(w projections.Writer) error {
			return errors.Join(each(w, t, at, 5), w.PutSubjects(t.Context(), []projections.Subject{member("m", 1, fmt.Sprint(at))}),
				w.PutCells(t.Context(), []projections.NumberedCell{cell(int64(at), "a")}))
		})
	}
	for at := 1; at < 6; at += 2 {
		step(at)
		read(t, s, func(r projections.Reader) error {
			before, err := Dump(t.Context(), r, nil)
			if err != nil {
				return err
			}
			step(at + 1)
			after, err := Dump(t.Context(), r, nil)
			mustEqual(t, after, before, "one view, before and after somebody wrote,")
			return err
		})
	}
}

func listed(t *testing.T, s projections.Home) {
	want := map[string]eventstore.Position{"a": 1, "b": 2, "\u1ea1": 3}
	write(t, s, 3, func(w projections.Writer) error { return w.PutIDs(t.Context(), want) })
	read(t, s, func(r projections.Reader) error {
		got := map[string]eventstore.Position{}
		err := r.IDs(t.Context(), func(id string, at eventstore.Position) error {
			got[id] = at
			return nil
		})
		if !maps.Equal(got, want) {
			t.Errorf("IDs = %v, want %v", got, want)
		}
		if err := r.IDs(t.Context(), func(string, eventstore.Position) error { return errTest }); !errors.Is(err, errTest) {
			t.Errorf("IDs = %v, want the error of the function", err)
		}
		return err
	})
}

func refilled(t *testing.T, h projections.Home) {
	s, err := h.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	start := checkpoint(t, s)
	fill := func(n int, then error) error {
		return s.Write(t.Context(), start, func(w projections.Writer) (projections.Checkpoint, error) {
			return projections.Checkpoint{Position: 4, Generation: start.Generation}, errors.Join(
				w.PutCells(t.Context(), []projections.NumberedCell{cell(1, "a")}), each(w, t, n, 4),
				w.PutSubjects(t.Context(), []projections.Subject{member(fmt.Sprint("m", n), 1, "x")}),
				w.PutIDs(t.Context(), map[string]eventstore.Position{key(n): 1}), then)
		})
	}
	for n := range 2 {
		if err := fill(n, errTest); !errors.Is(err, errTest) {
			t.Fatalf("Write = %v, want %v", err, errTest)
		}
		if at := checkpoint(t, s); at != start {
			t.Errorf("the checkpoint is %+v, was %+v", at, start)
		}
		mustEqual(t, dump(t, s, key(n)), "position 0\nlast number 0\nid \""+key(n)+"\" 0\n", "a generation that could not be filled and an empty one")
	}
	if err := fill(5, nil); err != nil {
		t.Fatalf("Write: %v", err)
	}
	if all := dump(t, s, key(0), key(5)); !strings.Contains(all, "member/m5") || strings.Contains(all, "member/m1") || !strings.Contains(all, "id \"key-0\" 0\n") {
		t.Errorf("after it was filled:\n%s", all)
	}
}

func membersOf(t *testing.T, s projections.Home) {
	headcount := projections.Models()[0].Table
	into := func(member, cell int64) []int64 { return []int64{1, member, 1, 1, 0, cell, 1} }
	check := func(r projections.Reader, want map[string][]domain.Subject) {
		t.Helper()
		for o, members := range want {
			got, err := r.MembersOf(t.Context(), o)
			slices.Sort(got)
			if err != nil || !slices.Equal(got, members) {
				t.Errorf("MembersOf(%q) = %v, %v, want %v", o, got, err, members)
			}
		}
	}
	write(t, s, 1, func(w projections.Writer) error {
		err := errors.Join(
			w.PutCells(t.Context(), []projections.NumberedCell{cell(1, "a"), cell(2, "b")}),
			w.PutSubjects(t.Context(), []projections.Subject{member("m", 1, ""), member("n", 2, ""), {Subject: "organisation/a", Entries: []byte{}}}),
			w.PutRows(t.Context(), headcount, slices.Concat(into(1, 1), into(2, 2), into(1, 2), into(1, 0))))
		check(w, map[string][]domain.Subject{"a": {"member/m"}, "b": {"member/m", "member/n"}, "c": nil})
		err = errors.Join(err, w.PutRows(t.Context(), headcount, into(2, 1)))
		check(w, map[string][]domain.Subject{"a": {"member/m", "member/n"}})
		return err
	})
	read(t, s, func(r projections.Reader) error {
		check(r, map[string][]domain.Subject{"a": {"member/m", "member/n"}, "b": {"member/m", "member/n"}, "c": nil})
		return nil
	})
}
