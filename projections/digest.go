package projections

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// Digest returns how many rows a table holds and a hash of them in their order,
// with the cells spelt out, so that two tables with one digest say the same.
func Digest(ctx context.Context, r Reader, t Table) (rows int64, digest string, err error) {
	h := sha256.New()
	w := bufio.NewWriterSize(h, 64<<10) // a hash never fails to write
	cells, err := r.Cells(ctx, 0)
	if err != nil {
		return 0, "", err
	}
	for _, c := range cells {
		for _, s := range []string{c.Cell.Organisation, string(c.Cell.Status), string(c.Cell.Gender), string(c.Cell.Ethnicity), string(c.Cell.Religion)} {
			_, _ = w.Write(append([]byte(s), 0))
		}
	}
	var b [8]byte
	err = r.Rows(ctx, t, 0, func(row []int64) {
		rows++
		for _, v := range row {
			binary.BigEndian.PutUint64(b[:], uint64(v))
			_, _ = w.Write(b[:])
		}
	})
	_ = w.Flush()
	return rows, hex.EncodeToString(h.Sum(nil)[:16]), err
}
