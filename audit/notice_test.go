package audit_test

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
	"time"

	"rollbook/audit"
)

func TestNotice(t *testing.T) {
	c := audit.Checkpoint{Origin: "rollbook/7QK2M5XN/e1", Size: 26330, Root: audit.Hash{0xAB, 0xCD, 0x01}}
	hanoi := time.FixedZone("", 7*3600)
	signed := audit.SignedCheckpoint{Checkpoint: c, Note: []byte(c.String()), Cosigned: []audit.Cosignature{
		{Witness: "a", Key: audit.PublicKey{Name: "one.example/w1"}, At: now.Add(-time.Hour)},
		{Witness: "b", Key: audit.PublicKey{Name: "two.example/w1"}, At: now},
	}}
	text := audit.Notice(signed, now.Add(48*time.Hour).In(hanoi))
	wantEN := `Ledger:      rollbook/7QK2M5XN/e1
Records:     26330
Root:        ABCD 0100 0000 0000 0000 0000 0000 0000
             0000 0000 0000 0000 0000 0000 0000 0000
Date:        23/11/2026 15:00 +07:00
Witnesses:   one.example/w1, two.example/w1
`
	wantVI := strings.NewReplacer("Ledger:      ", "Sổ cái:      ", "Records:     ", "Số bản ghi:  ", "Root:        ", "Mã gốc:      ",
		"Date:        ", "Ngày:        ", "Witnesses:   ", "Làm chứng:   ").Replace(wantEN)
	if text.EN != wantEN || text.VI != wantVI {
		t.Errorf("got\n%s%swant\n%s%s", text.EN, text.VI, wantEN, wantVI)
	}
	signed.Cosigned = nil
	if text := audit.Notice(signed, now); !strings.Contains(text.EN, "UNWITNESSED") || !strings.Contains(text.VI, "CHƯA CÓ BÊN LÀM CHỨNG") {
		t.Errorf("nobody is a witness, and the notice does not say so: %s%s", text.EN, text.VI)
	}
}

// The picture and the text are the same code.
func TestNoticeCode(t *testing.T) {
	l := newSignedLog(t, 2, "quorum w1\n")
	signed := l.publish(t, 5).SignedCheckpoint
	code, err := audit.QR(signed)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(code.PNG()))
	if err != nil {
		t.Fatal(err)
	}
	for _, inverted := range []bool{false, true} {
		lines := strings.Split(strings.TrimSuffix(code.Text(inverted), "\n"), "\n")
		side := len([]rune(lines[0]))
		scale := picture.Bounds().Dx() / side
		if scale*side != picture.Bounds().Dx() || len(lines) != (side+1)/2 {
			t.Fatalf("%d lines of %d, and a picture of %v", len(lines), side, picture.Bounds())
		}
		for y := range side {
			row := []rune(lines[y/2])
			for x := range side {
				drawn := row[x] == '█' || row[x] == '▀' && y%2 == 0 || row[x] == '▄' && y%2 == 1
				red, _, _, _ := picture.At(x*scale+scale/2, y*scale+scale/2).RGBA()
				if black := red == 0; black != (drawn != inverted) {
					t.Fatalf("inverted %t: module %d, %d is black in the picture: %t; and drawn: %t", inverted, x, y, black, drawn)
				}
			}
		}
	}
	// Too many signatures for one code: the three lines remain.
	signed.Note = append(signed.Note, bytes.Repeat([]byte("x"), 4000)...)
	if _, err := audit.QR(signed); err != nil {
		t.Errorf("with a note that is too long: %v", err)
	}
}
