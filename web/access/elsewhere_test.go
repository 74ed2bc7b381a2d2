package access_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollbook/internal/postgres/pgtest"
	"rollbook/web/access"
)

// Two instances of the service on one database count tries together, and what has
// departed from one comes back, once, to either.
func TestInstancesShareTriesAndDepartures(t *testing.T) {
	for name, database := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": pgtest.Database} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			now := time.Date(2024, 3, 15, 9, 0, 0, 0, time.UTC)
			config := access.Config{Dir: t.TempDir(), Database: database(t), Clock: func() time.Time { return now }}
			var instances [2]*access.Access
			for i := range instances {
				a, err := access.Open(ctx, config)
				if err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := a.Close(); err != nil {
						t.Error(err)
					}
				}()
				instances[i] = a
			}
			here, there := instances[0], instances[1]

			secret, err := here.Depart(ctx, "/members", "192.0.2.1")
			if err != nil {
				t.Fatal(err)
			}
			if next, err := there.Return(ctx, secret); err != nil || next != "/members" {
				t.Errorf("coming back to the other instance: %q, %v", next, err)
			}
			if _, err := here.Return(ctx, secret); !errors.Is(err, access.ErrDeparture) {
				t.Errorf("coming back again: %v, want ErrDeparture", err)
			}
			late, err := here.Depart(ctx, "/", "192.0.2.1")
			if err != nil {
				t.Fatal(err)
			}
			now = now.Add(11 * time.Minute)
			if _, err := here.Return(ctx, late); !errors.Is(err, access.ErrDeparture) {
				t.Errorf("coming back after 11 minutes: %v, want ErrDeparture", err)
			}

			now = now.Add(time.Hour)
			for n := range 50 {
				for _, address := range []string{"192.0.2.1", fmt.Sprintf("2001:db8::%x", n)} { // and one network
					if _, err := instances[n%2].Depart(ctx, "/", address); err != nil {
						t.Fatalf("try %d: %v", n, err)
					}
				}
			}
			if _, err := here.Depart(ctx, "/", "2001:db8::ffff"); !tooMany(err) {
				t.Errorf("after 50 tries from its network: %v, want a TooManyError", err)
			}
			if _, err := here.Depart(ctx, "/", "2001:db8:0:1::1"); err != nil {
				t.Errorf("from the network beside it: %v", err)
			}
			for _, a := range instances {
				if _, err := a.Depart(ctx, "/", "192.0.2.1"); !tooMany(err) {
					t.Errorf("after 50 tries at both: %v, want a TooManyError", err)
				}
				if _, err := a.SignIn(ctx, "mau", "một mật khẩu dài", "192.0.2.1"); !tooMany(err) {
					t.Errorf("with a password: %v, want a TooManyError", err)
				}
			}
			if _, err := here.Depart(ctx, "/", "192.0.2.2"); err != nil {
				t.Errorf("from another address: %v", err)
			}
			now = now.Add(16 * time.Minute)
			if _, err := there.Depart(ctx, "/", "192.0.2.1"); err != nil {
				t.Errorf("after a quarter of an hour: %v", err)
			}
		})
	}
}

func tooMany(err error) bool {
	e, ok := errors.AsType[*access.TooManyError](err)
	return ok && e.After > 0
}

// An identity leads to the one account that it was bound to, and to none that was
// disabled or unbound.
func TestAnIdentityIsBoundToOneAccount(t *testing.T) {
	ctx := t.Context()
	a, err := access.Open(ctx, access.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	who := access.Identity{Issuer: "https://login.example", Subject: "248289761001"}
	one, err := a.Add(ctx, "Lò Thị Mẫu", "vi")
	if err != nil {
		t.Fatal(err)
	}
	other, err := a.Add(ctx, "Vừ A Mẫu", "vi")
	if err != nil {
		t.Fatal(err)
	}
	signIn := func() (string, error) { return a.SignInAs(ctx, who, "192.0.2.1") }
	if _, err := signIn(); !errors.Is(err, access.ErrIdentity) {
		t.Errorf("bound to nobody: %v, want ErrIdentity", err)
	}
	if err := a.Bind(ctx, one.ID, who); err != nil {
		t.Fatal(err)
	}
	session, err := signIn()
	if err != nil {
		t.Fatal(err)
	}
	if v, err := a.BySession(ctx, session); err != nil || v.ID != one.ID {
		t.Errorf("the session is of %q, %v; want %s", v.ID, err, one.ID)
	}
	for name, w := range map[string]access.Identity{
		"another issuer":  {Issuer: "https://login.example/", Subject: who.Subject},
		"another subject": {Issuer: who.Issuer, Subject: strings.ToUpper(who.Subject) + "0"},
		"nobody":          {},
	} {
		if _, err := a.SignInAs(ctx, w, "192.0.2.1"); !errors.Is(err, access.ErrIdentity) {
			t.Errorf("%s: %v, want ErrIdentity", name, err)
		}
	}
	if err := a.Bind(ctx, other.ID, who); !errors.Is(err, access.ErrTaken) {
		t.Errorf("bound to a second account: %v, want ErrTaken", err)
	}
	if err := a.Bind(ctx, "u-none", access.Identity{Issuer: who.Issuer, Subject: "2"}); !errors.Is(err, access.ErrAccount) {
		t.Errorf("bound to no account: %v, want ErrAccount", err)
	}
	for name, bad := range map[string]access.Identity{
		"no subject": {Issuer: who.Issuer}, "a long one": {Issuer: who.Issuer, Subject: strings.Repeat("1", 256)}, "a space": {Issuer: who.Issuer, Subject: "a b"},
		"letters beyond ASCII": {Issuer: who.Issuer, Subject: "mẫu"}, "no issuer": {Subject: "1"}, "an issuer without a scheme": {Issuer: "login.example", Subject: "1"},
	} {
		if err := a.Bind(ctx, one.ID, bad); !errors.Is(err, access.ErrValue) {
			t.Errorf("%s: %v, want ErrValue", name, err)
		}
	}
	if err := a.Unbind(ctx, one.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := a.BySession(ctx, session); !errors.Is(err, access.ErrStranger) {
		t.Errorf("the session after unbinding: %v, want ErrStranger", err)
	}
	if err := a.Bind(ctx, other.ID, who); err != nil {
		t.Errorf("bound to another once it was free: %v", err)
	}
	if err := a.Disable(ctx, other.ID, true); err != nil {
		t.Fatal(err)
	}
	if _, err := signIn(); !errors.Is(err, access.ErrIdentity) {
		t.Errorf("a disabled account: %v, want ErrIdentity", err)
	}
}

func TestAccountsOfANewerVersionAreRefused(t *testing.T) {
	dir := t.TempDir()
	a, err := access.Open(t.Context(), access.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, access.File))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `UPDATE format SET version = 99`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := access.Open(t.Context(), access.Config{Dir: dir}); !errors.Is(err, access.ErrFormat) {
		t.Errorf("Open = %v, want ErrFormat", err)
	}
}
