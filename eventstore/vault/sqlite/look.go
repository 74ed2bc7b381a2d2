package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
)

// Look reads whose keys a file holds, the master key that they are wrapped under,
// and how many there are, without writing anything beside it. It returns
// fs.ErrNotExist if there is none.
func Look(ctx context.Context, path string) (origin, kek string, keys int, err error) {
	if _, err := os.Stat(path); err != nil {
		return "", "", 0, err
	}
	how := "?mode=ro"
	if info, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		how += "&immutable=1" // nobody has it open, so it needs no files beside it
	}
	db, err := sql.Open("sqlite", "file:"+url.PathEscape(path)+how)
	if err != nil {
		return "", "", 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.QueryRowContext(ctx, `SELECT origin, kek, (SELECT count(*) FROM key) FROM keyring`).Scan(&origin, &kek, &keys)
	return origin, kek, keys, err
}
