package ledger_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollbook/audit"
	"rollbook/ledger"
)

func TestProvingAMemberSaysHowFarItIsSigned(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	if _, err := l.Sign(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Record(t.Context(), []byte(event("member.rated", "member/m1", "2021-12-20", `{"year":2021,"grade":"good"}`))); err != nil {
		t.Fatal(err)
	}
	got, err := l.Prove(t.Context(), "member/m1")
	if err != nil || got != (ledger.Proven{At: 5, Records: 1, Pending: 1}) {
		t.Errorf("Prove = %+v, %v; want one record proven at 5 and one pending", got, err)
	}
	if _, err := l.Sign(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err = l.Prove(t.Context(), "member/m1")
	if err != nil || got != (ledger.Proven{At: 6, Records: 2}) {
		t.Errorf("Prove = %+v, %v; want both proven at 6", got, err)
	}
}

func TestALivingLogIsVerifiedWhileItGoesOn(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	if _, err := l.Sign(t.Context()); err != nil {
		t.Fatal(err)
	}
	out, err := l.Verify(t.Context(), ledger.Verifying{LogOnly: true}, nil)
	if err != nil || !out.Good() || out.Size != 5 || out.Checkpoints == 0 || !out.Unwitnessed {
		t.Errorf("Verify = %+v, %v; want 5 records good, by a checkpoint", out, err)
	}
}

func TestProvingAMemberByADamagedTreeFails(t *testing.T) {
	l, dir := open(t)
	mustAccept(t, l, opening()...)
	if _, err := l.Sign(t.Context()); err != nil {
		t.Fatal(err)
	}
	damaged := 0
	err := filepath.WalkDir(filepath.Join(dir, "tree"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, "tile") {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil && len(b) > 0 {
			b[0] ^= 1
			damaged++
			err = os.WriteFile(path, b, 0o600)
		}
		return err
	})
	if err != nil || damaged == 0 {
		t.Fatalf("%d tiles damaged, %v", damaged, err)
	}
	got, err := l.Prove(t.Context(), "member/m1")
	if err != nil || got.Wrong == nil || got.Wrong.Code != audit.TileCorrupt {
		t.Errorf("Prove = %+v, %v; want %s", got, err, audit.TileCorrupt)
	}
}
