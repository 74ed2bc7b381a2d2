package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"rollbook/eventstore/vault/postgres"
	"rollbook/eventstore/vault/vaulttest"
	"rollbook/internal/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit((&pgtest.Main{M: m}).Run()) }

func TestKeyring(t *testing.T) {
	vaulttest.Run(t, func(t testing.TB) vaulttest.Place {
		url := pgtest.Database(t)
		return vaulttest.Place{
			Open: func(c vaulttest.Config) (vaulttest.Keyring, error) {
				return postgres.Open(context.Background(), postgres.Config{URL: url, Origin: c.Origin, KEK: c.KEK, Create: c.Create})
			},
			Holds: func(secret []byte) []string { return holds(t, url, secret) },
		}
	})
}

// holds reads the files of all tables and indexes of the database.
func holds(t testing.TB, url string, secret []byte) (found []string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	// What is in memory comes to the files.
	if _, err := conn.Exec(t.Context(), `CHECKPOINT`); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(t.Context(), `SELECT name, pg_read_binary_file(folder || '/' || name, 0, 1 << 29, true)
		FROM (SELECT 'base/' || oid AS folder FROM pg_database WHERE datname = current_database()) AS d, pg_ls_dir(folder) AS name`)
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for rows.Next() {
		var name string
		var content []byte
		if err := rows.Scan(&name, &content); err != nil {
			t.Fatal(err)
		}
		if files++; bytes.Contains(content, secret) {
			found = append(found, name)
		}
	}
	if err := rows.Err(); err != nil || files < 50 {
		t.Fatalf("%d files, %v", files, err)
	}
	return found
}

// A server that does not wait for its disk may lose a key that an event is
// already sealed with.
func TestAServerThatDoesNotSyncIsRefused(t *testing.T) {
	server, err := pgtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}()
	conn, err := pgx.Connect(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{`ALTER SYSTEM SET fsync = off`, `SELECT pg_reload_conf()`} {
		if _, err := conn.Exec(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	for setting := ""; setting != "off"; { // the server has read it
		if err := conn.QueryRow(t.Context(), `SHOW fsync`).Scan(&setting); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = postgres.Open(t.Context(), postgres.Config{URL: server.URL(), Origin: "o", KEK: "k", Create: true})
	if !errors.Is(err, postgres.ErrUnsafe) {
		t.Errorf("Open = %v, want %v", err, postgres.ErrUnsafe)
	}
}
