package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"rollbook/internal/postgres"
	"rollbook/internal/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit((&pgtest.Main{M: m}).Run()) }

// silent opens a port on which nobody answers in the way of PostgreSQL.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

// However a database is not reached, the password is in no error, nor in any
// that it wraps.
func TestPasswordsAreInNoError(t *testing.T) {
	const secret = "s3cret%2Fpass"
	closed := silent(t)
	server, err := pgtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}()
	if err := server.RequirePasswords(); err != nil {
		t.Fatal(err)
	}
	_, socket, _ := strings.Cut(server.URL(), "?")
	for name, tt := range map[string]struct {
		url  string
		want error
	}{
		"nobody listens":       {"postgres://clerk:" + secret + "@127.0.0.1:1/db", postgres.ErrUnreachable},
		"no such host":         {"postgres://clerk:" + secret + "@no-such-host.invalid/db", postgres.ErrUnreachable},
		"it hangs up":          {"postgres://clerk:" + secret + "@" + closed + "/db?sslmode=disable", postgres.ErrUnreachable},
		"it hangs up, TLS":     {"postgres://clerk:" + secret + "@" + closed + "/db", postgres.ErrUnreachable},
		"a wrong password":     {"postgres:///postgres?" + socket + "&password=" + secret, postgres.ErrUnreachable},
		"no port":              {"postgres://clerk:" + secret + "@host:port/db", postgres.ErrURL},
		"a broken escape":      {"postgres://clerk:" + secret + "%zz@host/db", postgres.ErrURL},
		"a space":              {"postgres://clerk:" + secret + " @host.invalid/db", postgres.ErrUnreachable},
		"another kind of URL":  {"mysql://clerk:" + secret + "@host/db", postgres.ErrURL},
		"no URL":               {"host=host password=" + secret, postgres.ErrURL},
		"an unknown TLS mode":  {"postgres://clerk:" + secret + "@host/db?sslmode=" + secret, postgres.ErrURL},
		"a bad schema":         {"postgres://clerk:" + secret + "@host/db?schema=" + secret, postgres.ErrURL},
		"PostgreSQL's schemas": {"postgres://clerk:" + secret + "@host/db?schema=pg_catalog", postgres.ErrURL},
		"nothing":              {"", postgres.ErrURL},
	} {
		t.Run(name, func(t *testing.T) {
			db, err := postgres.Open(t.Context(), tt.url)
			if !errors.Is(err, tt.want) {
				t.Fatalf("Open = %v, %v; want %v", db, err, tt.want)
			}
			// In full, as a careless log would write it.
			for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), chain(err)} {
				for _, part := range []string{secret, "s3cret/pass", "s3cret"} {
					if strings.Contains(text, part) {
						t.Errorf("the password is in %s", text)
					}
				}
			}
		})
	}
}

// chain writes all errors that one wraps, field by field.
func chain(err error) string {
	if err == nil {
		return ""
	}
	out := fmt.Sprintf("%#v\n", err)
	switch e := err.(type) { //nolint:errorlint // this is the chain itself
	case interface{ Unwrap() error }:
		out += chain(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			out += chain(inner)
		}
	}
	return out
}

func TestAnEndedContextIsToldFromABrokenDatabase(t *testing.T) {
	url := pgtest.Database(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := postgres.Open(ctx, url); !errors.Is(err, context.Canceled) {
		t.Errorf("Open = %v, want %v", err, context.Canceled)
	}
	db, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, cancel = context.WithCancel(t.Context())
	err = db.Transact(ctx, func(tx pgx.Tx) error {
		cancel()
		_, err := tx.Exec(ctx, `SELECT pg_sleep(60)`)
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Transact = %v, want %v", err, context.Canceled)
	}
	if err := db.Transact(t.Context(), func(pgx.Tx) error { return nil }); err != nil {
		t.Errorf("the pool is broken: %v", err)
	}
}

func TestADatabaseInAnotherEncodingIsRefused(t *testing.T) {
	server := pgtest.Database(t)
	conn, err := pgx.Connect(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	name := "latin_" + pgx.Identifier{conn.Config().Database}[0]
	if _, err := conn.Exec(t.Context(), `CREATE DATABASE `+name+` TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'`); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if _, err := conn.Exec(context.Background(), `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			t.Error(err)
		}
	}()
	_, err = postgres.Open(t.Context(), strings.Replace(server, "/"+conn.Config().Database, "/"+name, 1))
	if !errors.Is(err, postgres.ErrUnreachable) || !strings.Contains(err.Error(), "LATIN1") {
		t.Errorf("Open = %v", err)
	}
}

func TestALockIsItsHoldersAndEndsWithThem(t *testing.T) {
	url := pgtest.Database(t)
	db, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	other, err := postgres.Open(t.Context(), url+"&schema=other")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	first, ok, err := db.TryLock(t.Context(), "a")
	if !ok || err != nil {
		t.Fatalf("TryLock = %t, %v", ok, err)
	}
	if _, ok, err := db.TryLock(t.Context(), "a"); ok || err != nil {
		t.Errorf("TryLock of a lock that is taken = %t, %v", ok, err)
	}
	for what, try := range map[string]func() (*postgres.Lock, bool, error){
		"of another name":   func() (*postgres.Lock, bool, error) { return db.TryLock(t.Context(), "b") },
		"of another schema": func() (*postgres.Lock, bool, error) { return other.TryLock(t.Context(), "a") },
	} {
		l, ok, err := try()
		if !ok || err != nil {
			t.Errorf("TryLock %s = %t, %v", what, ok, err)
			continue
		}
		if err := l.Release(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := first.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	l, err := db.Lock(t.Context(), "a")
	if err != nil {
		t.Fatalf("Lock after a release: %v", err)
	}
	if err := l.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTablesOfANewerProgramAreLeftAlone(t *testing.T) {
	db, err := postgres.Open(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	files := fstest.MapFS{
		"00001_a.sql": {Data: []byte("-- +goose Up\nCREATE TABLE a (n integer);")},
		"00002_b.sql": {Data: []byte("-- +goose Up\nCREATE TABLE b (n integer);")},
	}
	for range 2 {
		if err := db.Migrate(t.Context(), "user", files); err != nil {
			t.Fatalf("Migrate: %v", err)
		}
	}
	for _, table := range []string{"a", "b"} {
		if ok, err := db.Has(t.Context(), "user", table); !ok || err != nil {
			t.Errorf("Has(%s) = %t, %v", table, ok, err)
		}
		if ok, err := db.Has(t.Context(), "public", table); ok || err != nil {
			t.Errorf("Has(public.%s) = %t, %v", table, ok, err)
		}
	}
	delete(files, "00002_b.sql")
	if err := db.Migrate(t.Context(), "user", files); !errors.Is(err, postgres.ErrNewer) {
		t.Errorf("Migrate by an older program = %v, want %v", err, postgres.ErrNewer)
	}
}

// A pool whose connections were cut, because the server was started anew, is as
// good as new.
func TestAServerThatCameBackIsUsedAgain(t *testing.T) {
	server, err := pgtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}()
	db, err := postgres.Open(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for range 3 {
		var open []pgx.Tx
		for range 3 { // several connections that will be stale
			tx, err := db.Begin(t.Context(), pgx.TxOptions{})
			if err != nil {
				t.Fatalf("Begin: %v", err)
			}
			open = append(open, tx)
		}
		for _, tx := range open {
			postgres.Rollback(t.Context(), tx)
		}
		server.Kill()
		if _, err := db.Begin(t.Context(), pgx.TxOptions{}); !errors.Is(err, postgres.ErrUnreachable) {
			t.Errorf("Begin without a server = %v, want %v", err, postgres.ErrUnreachable)
		}
		if err := server.Restart(); err != nil {
			t.Fatal(err)
		}
	}
}
