package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/stdlib"

	pg "rollbook/internal/postgres"
)

// ErrNone means that there are no accounts, because there was no service yet.
var ErrNone = errors.New("there are no accounts")

// Exists returns [ErrNone] if nobody has made accounts where they would be.
func Exists(ctx context.Context, c Config) error {
	if c.Database == "" {
		_, err := os.Stat(filepath.Join(c.Dir, File))
		if errors.Is(err, fs.ErrNotExist) {
			return ErrNone
		}
		return err
	}
	db, err := pg.Open(ctx, c.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	there, err := db.Has(ctx, db.Schema+"_access", "account")
	if err == nil && !there {
		err = ErrNone
	}
	return err
}

// Condition is what [Look] sees.
type Condition struct {
	// Format is that of the database, and Newest the one that this program makes.
	Format, Newest int
	Accounts       int
	// Operators is how many accounts may administer the whole ledger and can sign in.
	Operators int
	// Expired is how many tokens are over and were not ended.
	Expired int
	// Damage says what is wrong with the file; "" if nothing is.
	Damage string
}

// Look looks at accounts without changing anything, and without writing anything
// beside them. It returns [ErrNone] if there are none.
func Look(ctx context.Context, c Config) (out Condition, err error) {
	if err := Exists(ctx, c); err != nil {
		return out, err
	}
	db, err := openToLook(ctx, c)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	out.Newest = format
	if c.Database == "" {
		if err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&out.Damage); err != nil {
			return out, err
		}
		if out.Damage == "ok" {
			out.Damage = ""
		}
	}
	now := time.Now
	if c.Clock != nil {
		now = c.Clock
	}
	err = db.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM account),
		(SELECT count(DISTINCT u.id) FROM account AS u JOIN role_grant AS g ON g.account = u.id
			WHERE u.disabled = 0 AND g.organisation = '' AND g.role = $1 AND (u.password IS NOT NULL OR u.subject <> '')),
		(SELECT count(*) FROM token WHERE revoked = 0 AND expires <= $2)`, string(Operator), now().Unix()).Scan(&out.Accounts, &out.Operators, &out.Expired)
	if err != nil {
		return out, pg.Explain(err)
	}
	if err := db.QueryRowContext(ctx, `SELECT version FROM format`).Scan(&out.Format); err != nil {
		out.Format = 1 // it had no number yet
	}
	return out, nil
}

func openToLook(ctx context.Context, c Config) (*sql.DB, error) {
	if c.Database != "" {
		db, err := pg.Open(ctx, c.Database)
		if err != nil {
			return nil, err
		}
		defer db.Close()
		config := db.Config().ConnConfig.Copy()
		config.RuntimeParams["search_path"] = db.Schema + "_access"
		config.RuntimeParams["default_transaction_read_only"] = "on"
		return stdlib.OpenDB(*config), nil
	}
	path := filepath.Join(c.Dir, File)
	how := "?mode=ro&_pragma=busy_timeout(5000)"
	if info, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		how += "&immutable=1" // nobody has it open, so it needs no files beside it
	}
	db, err := sql.Open("sqlite", "file:"+url.PathEscape(path)+how)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return db, nil
}
