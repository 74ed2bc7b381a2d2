// Package storetest holds the suites that every database of read models passes.
//
// [Stores] says what a store promises, one sentence each; [Homes] what a home of
// several generations promises; [Same] feeds the same histories to two
// databases and compares all that they hold; [Kills] ends the process of a
// projector at any moment, and again, and compares with a rebuild that was left
// alone. Each runs on whatever the caller opens.
package storetest

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/projections"
)

// Long reports whether the tests are to take their time: it raises counts, and
// nothing else.
func Long() bool { return os.Getenv("ROLLBOOK_LONG") != "" }

// Stores runs the suite of a store. open returns a new, empty store each time
// and closes it when the test that it is given ends.
func Stores(t *testing.T, open func(testing.TB) projections.Home) {
	tests := []struct {
		name string
		test func(*testing.T, projections.Home)
	}{
		{"an empty store answers every question", empty},
		{"what is put is there, also in the transaction that puts it", roundTrip},
		{"rows keep their order over many transactions", rowOrder},
		{"subjects are sorted by number, then by the bytes of their name", subjectOrder},
		{"a subject is replaced whole", replaced},
		{"a subject may be large", large},
		{"an id is any string, and the first record with it counts", ids},
		{"a transaction that fails leaves nothing", failure},
		{"a write from another checkpoint is refused", moved},
		{"of many writers at once each takes its turn or is refused", writers},
		{"a view does not change while others write", view},
		{"ids are listed", listed},
		{"a generation that could not be filled is empty, and can be", refilled},
		{"a projector is not stopped by what another hand has written", poison},
		{"members are found by the organisations they were ever in", membersOf},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, open(t)) })
	}
}

// read calls f with a view and fails the test on an error.
func read(t testing.TB, s projections.Store, f func(projections.Reader) error) {
	t.Helper()
	if err := s.Read(t.Context(), f); err != nil {
		t.Fatalf("Read: %v", err)
	}
}

// write writes from where the store is to a position.
func write(t testing.TB, s projections.Store, to eventstore.Position, f func(projections.Writer) error) {
	t.Helper()
	from := checkpoint(t, s)
	err := s.Write(t.Context(), from, func(w projections.Writer) (projections.Checkpoint, error) {
		return projections.Checkpoint{Position: to, Generation: from.Generation}, f(w)
	})
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
}

func checkpoint(t testing.TB, s projections.Store) (c projections.Checkpoint) {
	t.Helper()
	read(t, s, func(r projections.Reader) (err error) {
		c, err = r.Checkpoint(t.Context())
		return err
	})
	return c
}

// dump returns all that a store holds.
func dump(t testing.TB, s projections.Store, ids ...string) string {
	t.Helper()
	var out string
	read(t, s, func(r projections.Reader) (err error) {
		out, err = Dump(t.Context(), r, ids)
		return err
	})
	return out
}

// mustEqual compares two dumps and shows where they part.
func mustEqual(t testing.TB, got, want, what string) {
	t.Helper()
	if got == want {
		return
	}
	at := 0
	for at < len(got) && at < len(want) && got[at] == want[at] {
		at++
	}
	near := func(s string) string { return s[max(0, at-300):min(len(s), at+300)] }
	t.Fatalf("%s differ at byte %d of %d and %d:\n--- got\n%s\n--- want\n%s", what, at, len(got), len(want), near(got), near(want))
}

func member(id string, number int64, entries string) projections.Subject {
	return projections.Subject{
		Number: number, Subject: domain.MemberSubject(id), Head: eventstore.Head{Position: eventstore.Position(number), Count: 1},
		Entries: []byte(entries),
	}
}

func cell(number int64, organisation string) projections.NumberedCell {
	return projections.NumberedCell{Number: number, Cell: domain.Cell{
		Organisation: organisation, Status: domain.Official, Gender: "female", Ethnicity: "03", Religion: "00",
	}}
}

// rows returns n rows of a table, which tell where they belong.
func rows(table projections.Table, first, n int) (values []int64) {
	for i := range n {
		for c := range table.Columns {
			values = append(values, int64((first+i)*7+c)%30_000)
		}
	}
	return values
}

func each(w projections.Writer, t testing.TB, first, n int) error {
	var errs []error
	for _, m := range projections.Models() {
		errs = append(errs, w.PutRows(t.Context(), m.Table, rows(m.Table, first, n)))
	}
	return errors.Join(errs...)
}

var errTest = errors.New("on purpose")

func key(i int) string { return fmt.Sprintf("key-%d", i) }
