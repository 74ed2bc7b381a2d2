package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	pg "rollbook/internal/postgres"
)

// bufferBytes is what is gathered for one COPY.
const bufferBytes = 1 << 20

// copySignature begins the binary form of COPY, see PostgreSQL's manual; flags
// and the length of an extension, both zero, follow.
const copySignature = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"

var errTooWide = errors.New("a value does not fit into its column")

// columnBytes is the width of the integers that are narrower than 8 bytes, by
// the name of their column.
var columnBytes = map[string]int{
	"member": 4, "effective_on": 4, "from_cell": 4, "to_cell": 4, "from_value": 4, "to_value": 4,
	"sign": 2, "movement": 2, "line": 2, "year": 2,
}

// buffer gathers rows of one table in the binary form of COPY. It is written by
// hand, because the driver's CopyFrom takes each value in an interface: for
// millions of rows that is most of the time.
type buffer struct {
	table   string
	columns []string
	b       []byte
}

// buffer returns what gathers the rows of a table.
func (t *transaction) buffer(table string, columns ...string) *buffer {
	b := t.buffers[table]
	if b == nil {
		b = &buffer{table: table, columns: columns, b: make([]byte, 0, bufferBytes+bufferBytes/8)}
		t.buffers[table] = b
	}
	return b
}

// begin begins a row.
func (b *buffer) begin() {
	if len(b.b) == 0 {
		b.b = append(b.b, copySignature...)
	}
	b.b = binary.BigEndian.AppendUint16(b.b, uint16(len(b.columns)))
}

func (b *buffer) bytes(v []byte) {
	b.b = binary.BigEndian.AppendUint32(b.b, uint32(len(v)))
	b.b = append(b.b, v...)
}

func (b *buffer) int8(v int64) {
	b.b = binary.BigEndian.AppendUint32(b.b, 8)
	b.b = binary.BigEndian.AppendUint64(b.b, uint64(v))
}

func (b *buffer) integer(column string, v int64) error {
	switch columnBytes[column] {
	case 4:
		if int64(int32(v)) != v {
			return fmt.Errorf("%w: %s %d", errTooWide, column, v)
		}
		b.b = binary.BigEndian.AppendUint32(b.b, 4)
		b.b = binary.BigEndian.AppendUint32(b.b, uint32(v))
	case 2:
		if int64(int16(v)) != v {
			return fmt.Errorf("%w: %s %d", errTooWide, column, v)
		}
		b.b = binary.BigEndian.AppendUint32(b.b, 2)
		b.b = binary.BigEndian.AppendUint16(b.b, uint16(v))
	default:
		b.int8(v)
	}
	return nil
}

// spill copies a buffer into its table when it is full.
func (t *transaction) spill(ctx context.Context, b *buffer) error {
	if len(b.b) < bufferBytes {
		return nil
	}
	return t.copy(ctx, b)
}

// flush copies all buffers into their tables.
func (t *transaction) flush(ctx context.Context) error {
	for _, b := range t.buffers {
		if err := t.copy(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

func (t *transaction) copy(ctx context.Context, b *buffer) error {
	if len(b.b) == 0 {
		return nil
	}
	b.b = binary.BigEndian.AppendUint16(b.b, math.MaxUint16) // -1 ends the rows
	options := "FORMAT binary"
	if t.renewed {
		// Nobody sees the table before the commit, so the rows need not be
		// visited again to say that all may see them.
		options += ", FREEZE"
	}
	_, err := t.tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(b.b),
		fmt.Sprintf(`COPY %s (%s) FROM STDIN WITH (%s)`, pg.Name(t.schema, b.table), strings.Join(b.columns, ", "), options))
	b.b = b.b[:0]
	return t.note(err)
}
