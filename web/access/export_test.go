package access_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"rollbook/internal/postgres/pgtest"
	"rollbook/web/access"
)

// What one database exports the other restores: accounts with their grants, ways to
// sign in and tokens, and the log of readings; sessions and links are over.
func TestAnExportIsRestoredIntoEitherDatabase(t *testing.T) {
	ctx := t.Context()
	now := time.Date(2024, 3, 15, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	open := func(database string) (*access.Access, access.Config) {
		c := access.Config{Dir: t.TempDir(), Database: database, Places: tree{}, Clock: clock}
		a, err := access.Open(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
		return a, c
	}
	a, _ := open("")
	account, err := a.AddBound(ctx, "Lò Thị Mẫu", "vi", access.Identity{Issuer: "https://login.example", Subject: "248289761001"})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range []access.Grant{{Role: access.Clerk, Organisation: "a"}, {Role: access.Operator}} {
		if err := a.Grant(ctx, account.ID, g); err != nil {
			t.Fatal(err)
		}
	}
	link, err := a.Invite(ctx, account.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Accept(ctx, link, "mau", "một mật khẩu dài"); err != nil {
		t.Fatal(err)
	}
	session, err := a.Begin(ctx, account.ID)
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := a.NewToken(ctx, account.ID, "t", []access.Action{access.ReadFigures}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	state := func(a *access.Access) (out struct {
		Accounts []access.Account
		Tokens   []access.Token
		Notes    []access.Note
	},
	) {
		var errs [3]error
		out.Accounts, errs[0] = a.Accounts(ctx)
		out.Tokens, errs[1] = a.Tokens(ctx)
		out.Notes, errs[2] = a.Notes(ctx, access.NoteFilter{})
		if err := errors.Join(errs[:]...); err != nil {
			t.Fatal(err)
		}
		return out
	}
	want := state(a)
	var first bytes.Buffer
	if n, err := a.Export(ctx, &first); err != nil || n != 1 {
		t.Fatalf("Export = %d, %v", n, err)
	}
	if _, err := a.Restore(ctx, bytes.NewReader(first.Bytes())); !errors.Is(err, access.ErrNotEmpty) {
		t.Errorf("restored over accounts: %v, want ErrNotEmpty", err)
	}
	for _, secret := range []string{session, link, token} {
		if bytes.Contains(first.Bytes(), []byte(secret)) {
			t.Error("an export has a secret in it")
		}
	}

	text := first.Bytes()
	for _, database := range []string{pgtest.Database(t), ""} { // there, and back again
		again, c := open(database)
		if n, err := again.Restore(ctx, bytes.NewReader(text)); err != nil || n != 1 {
			t.Fatalf("Restore = %d, %v", n, err)
		}
		if got := state(again); !reflect.DeepEqual(got, want) {
			t.Errorf("restored\n%+v\nwant\n%+v", got, want)
		}
		if v, err := again.ByToken(ctx, token); err != nil || v.ID != account.ID {
			t.Errorf("the token: %+v, %v", v, err)
		}
		if _, err := again.BySession(ctx, session); !errors.Is(err, access.ErrStranger) {
			t.Errorf("the session: %v, want ErrStranger", err)
		}
		var b bytes.Buffer
		if _, err := again.Export(ctx, &b); err != nil || !bytes.Equal(b.Bytes(), first.Bytes()) {
			t.Errorf("exported again it is\n%s\nand was\n%s (%v)", &b, &first, err)
		}
		text = b.Bytes()
		now = now.Add(2 * time.Hour)
		if got, err := access.Look(ctx, c); err != nil || got != (access.Condition{Format: 2, Newest: 2, Accounts: 1, Operators: 1, Expired: 1}) {
			t.Errorf("Look = %+v, %v", got, err)
		}
		now = now.Add(-2 * time.Hour)
	}

	for name, bad := range map[string]string{
		"nothing": "", "no head": "[1]", "another table": `{"format":2,"tables":[{"name":"session","columns":["hash"]}]}`,
		"another column": `{"format":2,"tables":[{"name":"account","columns":["id","id = 1; --"]}]}`,
		"cut off":        string(first.Bytes()[:first.Len()-20]), "a list for a text": strings.Replace(first.String(), `"Lò Thị Mẫu"`, `["x"]`, 1),
	} {
		empty, _ := open("")
		if _, err := empty.Restore(ctx, strings.NewReader(bad)); !errors.Is(err, access.ErrExport) {
			t.Errorf("%s: %v, want ErrExport", name, err)
		}
		if got := state(empty); len(got.Accounts) != 0 {
			t.Errorf("%s: left %+v", name, got.Accounts)
		}
	}
	if _, err := a.Restore(ctx, strings.NewReader(`{"format":99,"tables":[]}`)); !errors.Is(err, access.ErrFormat) {
		t.Errorf("of a newer format: %v, want ErrFormat", err)
	}
	if _, err := access.Look(ctx, access.Config{Dir: t.TempDir()}); !errors.Is(err, access.ErrNone) {
		t.Errorf("looked where there are none: %v, want ErrNone", err)
	}
}

// Looking finds damage in the file, and writes nothing.
func TestLookingFindsDamage(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	a, err := access.Open(ctx, access.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		if _, err := a.Add(ctx, strings.Repeat("Lò", 50), "vi"); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, access.File)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := access.Look(ctx, access.Config{Dir: dir}); err != nil || got.Damage != "" || got.Operators != 0 || got.Accounts != 50 {
		t.Errorf("Look = %+v, %v", got, err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("looking has changed the file, %v", err)
	}
	for i := 8192; i < 3*8192; i++ {
		before[i] ^= 0x55
	}
	if err := os.WriteFile(path, before, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := access.Look(ctx, access.Config{Dir: dir}); err == nil && got.Damage == "" {
		t.Errorf("a damaged file is found to be %+v", got)
	}
}
