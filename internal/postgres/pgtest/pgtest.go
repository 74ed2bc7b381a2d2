// Package pgtest gives tests a PostgreSQL.
//
// It is the server that the environment variable ROLLBOOK_TEST_POSTGRES names,
// as a URL of somebody who may make databases, or else one that the test binary
// starts for itself: in a directory of its own, on a Unix socket, stopped at the
// end. Each test has databases of its own. A test that finds neither fails and
// says what to install; it is never skipped.
package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Variable names the server that tests are to use.
const Variable = "ROLLBOOK_TEST_POSTGRES"

// shared is the server of this test binary, started by the first test that
// needs one.
var shared struct {
	once   sync.Once
	own    *Server
	url    string
	failed error
}

// Main is what a test binary's TestMain hands its tests to: it stops the server
// at the end.
type Main struct{ M *testing.M }

// Run runs the tests and returns the exit code.
func (m Main) Run() int {
	code := m.M.Run()
	if shared.own != nil {
		if err := shared.own.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "PostgreSQL:", err)
			code = max(code, 1)
		}
	}
	return code
}

// Database makes an empty database and returns its URL. It is dropped when the
// test ends.
func Database(t testing.TB) string {
	t.Helper()
	shared.once.Do(func() {
		if shared.url = os.Getenv(Variable); shared.url != "" {
			return
		}
		if shared.own, shared.failed = Start(); shared.failed == nil {
			shared.url = shared.own.URL()
		}
	})
	if shared.failed != nil {
		t.Fatal(shared.failed)
	}
	return databaseOn(t, shared.url)
}

// DatabaseOn makes an empty database on a server, as [Database] does.
func DatabaseOn(t testing.TB, s *Server) string {
	t.Helper()
	return databaseOn(t, s.URL())
}

func databaseOn(t testing.TB, server string) string {
	t.Helper()
	name := "rollbook_test_" + strings.ToLower(rand.Text()[:16])
	// What the tests compare must not depend on how a database sorts, so it is
	// one that sorts in the Vietnamese way, if the server knows it.
	if err := execute(server, `CREATE DATABASE `+name+` TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'vi-VN'`); err != nil {
		if again := execute(server, `CREATE DATABASE `+name+` TEMPLATE template0 ENCODING 'UTF8'`); again != nil {
			t.Fatalf("no database can be made for a test: %v", errors.Join(err, again))
		}
	}
	t.Cleanup(func() {
		if err := execute(server, `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			t.Errorf("the database of a test cannot be dropped: %v", err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("%s is no URL", Variable)
	}
	u.Path = "/" + name
	return u.String()
}

// execute does one statement. Its context is not the test's, because a test's
// has ended when it cleans up.
func execute(server, statement string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}
