package audit

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"rsc.io/qr"

	"rollbook/domain"
)

// A notice is a checkpoint on paper: who has seen it on a board can compare it
// with any later log, without a computer of the log's owner.

// Notice returns the text of a checkpoint for a notice board. The day is that of
// the last cosignature or, without one, the one given.
func Notice(signed SignedCheckpoint, at time.Time) domain.Text {
	var names []string
	for _, c := range signed.Cosigned {
		names = append(names, c.Key.Name)
		if len(names) == 1 || c.At.After(at) {
			at = c.At.In(at.Location())
		}
	}
	day := at.Format("02/01/2006 15:04 -07:00")
	en, vi := strings.Join(names, ", "), strings.Join(names, ", ")
	if len(names) == 0 {
		en, vi = "UNWITNESSED", "CHƯA CÓ BÊN LÀM CHỨNG"
	}
	root := grouped(signed.Root, "\n             ")
	return domain.Text{
		EN: fmt.Sprintf("Ledger:      %s\nRecords:     %d\nRoot:        %s\nDate:        %s\nWitnesses:   %s\n", signed.Origin, signed.Size, root, day, en),
		VI: fmt.Sprintf("Sổ cái:      %s\nSố bản ghi:  %d\nMã gốc:      %s\nNgày:        %s\nLàm chứng:   %s\n", signed.Origin, signed.Size, root, day, vi),
	}
}

// grouped returns a hash in groups of four hexadecimal digits, eight to a line.
func grouped(h Hash, newline string) string {
	digits := strings.ToUpper(hex.EncodeToString(h[:]))
	var b strings.Builder
	for i := 0; i < len(digits); i += 4 {
		switch {
		case i == 0:
		case i%32 == 0:
			b.WriteString(newline)
		default:
			b.WriteByte(' ')
		}
		b.WriteString(digits[i : i+4])
	}
	return b.String()
}

// NoticeCode is a QR code with a signed checkpoint: the whole note, so that the
// paper proves itself to whoever has the keys.
type NoticeCode struct{ code *qr.Code }

// QR returns the code of a checkpoint. If all signatures do not fit into one, it
// holds the three lines alone.
func QR(signed SignedCheckpoint) (NoticeCode, error) {
	code, err := qr.Encode(string(signed.Note), qr.L)
	if err != nil {
		code, err = qr.Encode(signed.String(), qr.L)
	}
	return NoticeCode{code}, err
}

// PNG returns the code as a picture.
func (c NoticeCode) PNG() []byte { return c.code.PNG() }

// quiet is how many empty modules a reader wants around a code.
const quiet = 4

// Text returns the code in half blocks for a terminal that writes dark on light,
// or light on dark if that is said.
func (c NoticeCode) Text(lightOnDark bool) string {
	var b strings.Builder
	for y := -quiet; y < c.code.Size+quiet; y += 2 {
		for x := -quiet; x < c.code.Size+quiet; x++ {
			upper, lower := c.code.Black(x, y) != lightOnDark, c.code.Black(x, y+1) != lightOnDark
			switch {
			case upper && lower:
				b.WriteRune('█')
			case upper:
				b.WriteRune('▀')
			case lower:
				b.WriteRune('▄')
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
