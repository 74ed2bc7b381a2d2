package access

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	pg "rollbook/internal/postgres"
)

// An export is JSON, one value a line: a head, then each row as its table and its
// values, in the order of the columns in the head. The format of the database is in the
// head, so a later one may add columns, which then have their defaults in an export that
// is older. It is the same for both databases, and each restores what the other wrote.
type (
	exportHead struct {
		Format int           `json:"format"`
		Tables []exportTable `json:"tables"`
	}
	exportTable struct {
		Name    string   `json:"name"`
		Columns []string `json:"columns"`
	}
	exportRow struct {
		Table  string `json:"t"`
		Values []any  `json:"v"`
	}
)

// exported is what cannot be made anew, in an order in which it can be restored. Who was
// signed in signs in again; links, tries and sign-ins under way are over.
var exported = []exportTable{
	{"account", []string{"id", "name", "login", "password", "issuer", "subject", "language", "disabled", "created"}},
	{"role_grant", []string{"account", "role", "organisation", "granted_by", "created"}},
	{"token", []string{"hash", "prefix", "account", "name", "actions", "created", "expires", "revoked"}},
	{"note", []string{"at", "id", "account", "means", "what", "subject", "organisation", "reason", "request"}},
}

// Errors of restoring accounts.
var (
	// ErrExport means that what is to be restored is no export of accounts.
	ErrExport = errors.New("this is no export of accounts")
	// ErrNotEmpty means that there are accounts already where they are to be restored.
	ErrNotEmpty = errors.New("there are accounts here already")
)

// Export writes accounts, grants, tokens and the log of readings as of one moment, while
// others go on, and returns how many accounts there are. Passwords and tokens are in it
// as hashes, as they are in the database.
func (a *Access) Export(ctx context.Context, to io.Writer) (accounts int, err error) {
	var options *sql.TxOptions // SQLite reads of one moment anyway
	if a.db.read == a.db.write {
		options = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	tx, err := a.db.read.BeginTx(ctx, options)
	if err != nil {
		return 0, pg.Explain(err)
	}
	defer func() { _ = tx.Rollback() }() // it has only read
	w := bufio.NewWriterSize(to, 1<<16)
	out := json.NewEncoder(w)
	if err := out.Encode(exportHead{format, exported}); err != nil {
		return 0, err
	}
	for _, table := range exported {
		n, err := exportRows(ctx, tx, table, out)
		if err != nil {
			return 0, err
		}
		if table.Name == "account" {
			accounts = n
		}
	}
	return accounts, w.Flush()
}

func exportRows(ctx context.Context, tx *sql.Tx, table exportTable, out *json.Encoder) (n int, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+strings.Join(table.Columns, ", ")+` FROM `+table.Name+` ORDER BY 1, 2`)
	if err != nil {
		return 0, pg.Explain(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	values := make([]any, len(table.Columns))
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return n, err
		}
		if err := out.Encode(exportRow{table.Name, values}); err != nil {
			return n, err
		}
		n++
	}
	return n, pg.Explain(rows.Err())
}

// Restore takes in all of an export, or nothing, and returns how many accounts it has.
// It returns [ErrNotEmpty] if there are accounts already, and [ErrExport].
func (a *Access) Restore(ctx context.Context, from io.Reader) (accounts int, err error) {
	in := json.NewDecoder(bufio.NewReaderSize(from, 1<<16))
	in.UseNumber()
	var head exportHead
	if err := in.Decode(&head); err != nil {
		return 0, fmt.Errorf("%w: it does not begin as one", ErrExport)
	}
	if head.Format > format {
		return 0, ErrFormat
	}
	err = a.db.change(ctx, func(tx *sql.Tx) error {
		var there int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM account`).Scan(&there); err != nil {
			return err
		}
		if there > 0 {
			return ErrNotEmpty
		}
		insert, err := inserts(ctx, tx, head)
		if err != nil {
			return err
		}
		for {
			var row exportRow
			err := in.Decode(&row)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("%w: it is cut off or damaged", ErrExport)
			}
			statement := insert[row.Table]
			if statement == nil {
				return fmt.Errorf("%w: it has a table that accounts have not", ErrExport)
			}
			if err := numbers(row.Values); err != nil {
				return err
			}
			if _, err := statement.ExecContext(ctx, row.Values...); err != nil {
				return err
			}
			if row.Table == "account" {
				accounts++
			}
		}
	})
	return accounts, err
}

// inserts prepares what puts rows into tables. Names go into statements, so only those
// are taken that stand above.
func inserts(ctx context.Context, tx *sql.Tx, head exportHead) (map[string]*sql.Stmt, error) {
	out := map[string]*sql.Stmt{}
	for _, table := range head.Tables {
		at := slices.IndexFunc(exported, func(known exportTable) bool { return known.Name == table.Name })
		if at < 0 || len(table.Columns) == 0 {
			return nil, fmt.Errorf("%w: it has a table that accounts have not", ErrExport)
		}
		var places []string
		for i, column := range table.Columns {
			if !slices.Contains(exported[at].Columns, column) {
				return nil, fmt.Errorf("%w: it has a column that accounts have not", ErrExport)
			}
			places = append(places, fmt.Sprintf("$%d", i+1))
		}
		statement, err := tx.PrepareContext(ctx, `INSERT INTO `+table.Name+` (`+strings.Join(table.Columns, ", ")+`) VALUES (`+strings.Join(places, ", ")+`)`) //nolint:sqlclosecheck // it ends with the transaction
		if err != nil {
			return nil, err
		}
		out[table.Name] = statement
	}
	return out, nil
}

// numbers makes what JSON has as numbers the integers that they were.
func numbers(values []any) error {
	for i, v := range values {
		switch v := v.(type) {
		case nil, string:
		case json.Number:
			n, err := v.Int64()
			if err != nil {
				return fmt.Errorf("%w: a number in it is none", ErrExport)
			}
			values[i] = n
		default:
			return fmt.Errorf("%w: a value in it is none of accounts", ErrExport)
		}
	}
	return nil
}
