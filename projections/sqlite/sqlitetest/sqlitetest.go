// Package sqlitetest plays the hand that changes a SQLite file behind the
// program's back.
package sqlitetest

import (
	"database/sql"
	"errors"
	"net/url"
	"testing"

	_ "modernc.org/sqlite" // the driver
)

// Execute runs a statement on a file.
func Execute(t testing.TB, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+url.PathEscape(path))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), statement)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}
