package postgres_test

import (
	"errors"
	"testing"

	"rollbook/projections"
	"rollbook/projections/postgres"
)

// An integer comes back as it went in, or is refused because it does not fit.
func FuzzIntegers(f *testing.F) {
	columns := []string{"row"}
	for _, m := range projections.Models() {
		columns = append(columns, m.Table.Columns...)
	}
	for i, v := range []int64{0, -1, 1<<15 - 1, -1 << 15, 1 << 15, 1<<31 - 1, -1 << 31, 1 << 31, 1<<63 - 1, -1 << 63} {
		f.Add(i, v, []byte{byte(i)})
	}
	f.Fuzz(func(t *testing.T, i int, v int64, raw []byte) {
		column := columns[uint(i)%uint(len(columns))]
		b, err := postgres.Encode(column, v)
		if err != nil {
			if !errors.Is(err, postgres.ErrTooWide) || int64(int16(v)) == v {
				t.Errorf("%s %d: %v", column, v, err)
			}
			return
		}
		if got, ok := postgres.WholeNumber(b); !ok || got != v {
			t.Errorf("%s %d comes back as %d, %t", column, v, got, ok)
		}
		if _, ok := postgres.WholeNumber(raw); ok != (len(raw) == 8 || len(raw) == 4 || len(raw) == 2) {
			t.Errorf("%d bytes are a number: %t", len(raw), ok)
		}
	})
}
