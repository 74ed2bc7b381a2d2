package access_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"rollbook/internal/postgres/pgtest"
	"rollbook/web/access"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main{M: m}.Run()) }

// tree is a district d with the communes a and b.
type tree struct{}

func (tree) Above(_ context.Context, organisation string) ([]string, error) {
	return map[string][]string{"d": {"d"}, "a": {"a", "d"}, "b": {"b", "d"}}[organisation], nil
}

// Accounts, grants, links, sessions, tokens and the log of readings do the same on
// SQLite and on PostgreSQL.
func TestAccountsOnBothDatabases(t *testing.T) {
	for name, database := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": pgtest.Database} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			now := time.Date(2024, 3, 15, 9, 0, 0, 0, time.UTC)
			config := access.Config{Dir: t.TempDir(), Database: database(t), Places: tree{}, Clock: func() time.Time { return now }}
			a, err := access.Open(ctx, config)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := a.Close(); err != nil {
					t.Error(err)
				}
			}()
			account, err := a.Add(ctx, "Lò Thị Mẫu", "vi")
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range []access.Grant{{Role: access.Clerk, Organisation: "a"}, {Role: access.Clerk, Organisation: "a"}} {
				if err := a.Grant(ctx, account.ID, g); err != nil {
					t.Fatalf("Grant: %v", err)
				}
			}
			if err := a.Grant(ctx, account.ID, access.Grant{Role: access.Clerk, Organisation: "none"}); !errors.Is(err, access.ErrValue) {
				t.Errorf("a grant on an unknown organisation: %v", err)
			}
			link, err := a.Invite(ctx, account.ID)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.Accept(ctx, link, "mau", "một mật khẩu dài"); err != nil {
				t.Fatalf("Accept: %v", err)
			}
			if _, err := a.Accept(ctx, link, "mau", "một mật khẩu dài"); !errors.Is(err, access.ErrLink) {
				t.Errorf("the link again: %v", err)
			}
			other, _ := a.Add(ctx, "Other", "en")
			link, _ = a.Invite(ctx, other.ID)
			if _, err := a.Accept(ctx, link, "mau", "một mật khẩu dài"); !errors.Is(err, access.ErrTaken) {
				t.Errorf("a login that somebody has: %v", err)
			}
			now = now.Add(25 * time.Hour)
			if _, err := a.Accept(ctx, link, "khac", "một mật khẩu dài"); !errors.Is(err, access.ErrLink) {
				t.Errorf("a link of the day before yesterday: %v", err)
			}
			session, err := a.SignIn(ctx, "mau", "một mật khẩu dài", "192.0.2.1")
			if err != nil {
				t.Fatal(err)
			}
			now = now.Add(119 * time.Minute)
			if v, err := a.StillInSession(ctx, session); err != nil || v.ID != account.ID {
				t.Errorf("a page that is open: %+v, %v", v, err)
			}
			now = now.Add(2 * time.Minute)
			if _, err := a.BySession(ctx, session); !errors.Is(err, access.ErrStranger) {
				t.Errorf("the session of a page that is open for two hours: %v, want ErrStranger", err)
			}
			if session, err = a.Begin(ctx, account.ID); err != nil {
				t.Fatal(err)
			}
			token, made, err := a.NewToken(ctx, account.ID, "t", []access.Action{access.ReadFigures}, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			v, err := a.BySession(ctx, session)
			if err != nil || v.ID != account.ID || !v.May(access.Record) || v.Form == "" {
				t.Errorf("BySession = %+v, %v", v, err)
			}
			if v, err := a.ByToken(ctx, token); err != nil || v.May(access.Record) || !v.May(access.ReadFigures) {
				t.Errorf("a token for figures = %+v, %v", v, err)
			}
			for organisation, want := range map[string]error{"a": nil, "d": access.ErrNotFound, "b": access.ErrNotFound, "none": access.ErrNotFound, "": access.ErrPart} {
				if err := a.Allowed(access.With(ctx, v), access.Record, organisation); !errors.Is(err, want) {
					t.Errorf("recording in %q: %v, want %v", organisation, err, want)
				}
			}
			now = now.Add(61 * time.Minute)
			if _, err := a.ByToken(ctx, token); !errors.Is(err, access.ErrStranger) {
				t.Errorf("a token that is over: %v", err)
			}
			if err := a.RevokeToken(ctx, made.Prefix); err != nil {
				t.Errorf("RevokeToken: %v", err)
			}
			if err := a.Note(access.With(ctx, v), access.Note{What: "member_read", Subject: "member/m1"}); err != nil {
				t.Fatal(err)
			}
			notes, err := a.Notes(ctx, access.NoteFilter{Account: account.ID, Subject: "member/m1"})
			if err != nil || len(notes) != 1 || notes[0].What != "member_read" || !notes[0].At.Equal(now) {
				t.Errorf("Notes = %+v, %v", notes, err)
			}
			if err := a.Disable(ctx, account.ID, true); err != nil {
				t.Fatal(err)
			}
			if _, err := a.BySession(ctx, session); !errors.Is(err, access.ErrStranger) {
				t.Errorf("the session of a disabled account: %v", err)
			}
			again, err := access.Open(ctx, config)
			if err != nil {
				t.Fatalf("opened a second time: %v", err)
			}
			accounts, err := again.Accounts(ctx)
			if err := errors.Join(err, again.Close()); err != nil || len(accounts) != 2 || !slices.ContainsFunc(accounts, func(u access.Account) bool { return u.ID == account.ID && u.Disabled && u.Ready }) {
				t.Errorf("Accounts = %+v, %v", accounts, err)
			}
		})
	}
}
