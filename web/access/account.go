package access

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	pg "rollbook/internal/postgres"
)

// Account is somebody who can sign in, or a program.
type Account struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Login    string `json:"login,omitempty"`
	Language string `json:"language"`
	// Identity is who can sign in elsewhere; nil if nobody can.
	Identity *Identity `json:"identity,omitempty"`
	// Ready is true when there is a way to sign in.
	Ready    bool      `json:"ready"`
	Disabled bool      `json:"disabled"`
	Created  time.Time `json:"created"`
	Grants   []Grant   `json:"grants"`
}

// Errors of administering.
var (
	// ErrAccount means that there is no such account.
	ErrAccount = errors.New("there is no such account")
	// ErrValue means that a value is none that can be stored.
	ErrValue = errors.New("not a value that can be stored")
	// ErrTaken means that another account has the login or the identity.
	ErrTaken = errors.New("another account has this login or identity")
)

// logins are 2 to 64 characters, and look the same to everybody.
var logins = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}[a-z0-9]$`)

// Add makes an account without any right, and without a way to sign in: see
// [Access.Invite], [Access.NewToken].
func (a *Access) Add(ctx context.Context, name, language string) (Account, error) {
	return a.add(ctx, name, language, nil)
}

// AddBound makes an account as [Access.Add] does, which whoever is somebody at an OpenID
// provider can sign in to at once: see [Access.Bind].
func (a *Access) AddBound(ctx context.Context, name, language string, who Identity) (Account, error) {
	if err := who.check(); err != nil {
		return Account{}, err
	}
	return a.add(ctx, name, language, &who)
}

func (a *Access) add(ctx context.Context, name, language string, who *Identity) (Account, error) {
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n == 0 || n > 100 || !utf8.ValidString(name) {
		return Account{}, fmt.Errorf("%w: a name has 1 to 100 characters", ErrValue)
	}
	if language == "" {
		language = "vi"
	}
	if language != "vi" && language != "en" {
		return Account{}, fmt.Errorf("%w: a language is vi or en", ErrValue)
	}
	account := Account{ID: "u-" + strings.ToLower(rand.Text()[:16]), Name: name, Language: language, Identity: who, Ready: who != nil, Created: a.now().UTC().Truncate(time.Second), Grants: []Grant{}}
	if who == nil {
		who = &Identity{}
	}
	_, err := a.db.exec(ctx, `INSERT INTO account (id, name, language, created, issuer, subject) VALUES ($1, $2, $3, $4, $5, $6)`, account.ID, name, language, account.Created.Unix(), who.Issuer, who.Subject)
	if taken(err) {
		return Account{}, ErrTaken
	}
	if err != nil {
		return Account{}, err
	}
	return account, a.Note(ctx, Note{What: "account_added", Subject: account.ID})
}

// Disable takes every way to sign in from an account, at once, or gives them
// back.
func (a *Access) Disable(ctx context.Context, account string, disabled bool) error {
	since, what := int64(0), "account_enabled"
	if disabled {
		since, what = a.now().Unix(), "account_disabled"
	}
	err := a.db.change(ctx, func(tx *sql.Tx) error {
		if err := one(tx.ExecContext(ctx, `UPDATE account SET disabled = $2 WHERE id = $1`, account, since)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM session WHERE account = $1`, account)
		return err
	})
	if err != nil {
		return err
	}
	return a.Note(ctx, Note{What: what, Subject: account})
}

// one returns ErrAccount unless a statement changed a row.
func one(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		err = ErrAccount
	}
	return err
}

// Grant gives an account a role on an organisation and all below it; "" is the
// whole ledger. Who has it already keeps it.
func (a *Access) Grant(ctx context.Context, account string, g Grant) error {
	if may[g.Role] == nil {
		return fmt.Errorf("%w: a role is one of %v", ErrValue, Roles())
	}
	if g.Organisation != "" && a.places != nil {
		above, err := a.places.Above(ctx, g.Organisation)
		if err != nil {
			return err
		}
		if above == nil {
			return fmt.Errorf("%w: the ledger has never heard of this organisation", ErrValue)
		}
	}
	by, _ := VisitorFrom(ctx)
	err := a.db.change(ctx, func(tx *sql.Tx) error {
		var there int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM account WHERE id = $1`, account).Scan(&there); err != nil {
			return err
		}
		if there == 0 {
			return ErrAccount
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO role_grant (account, role, organisation, granted_by, created) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
			account, string(g.Role), g.Organisation, by.ID, a.now().Unix())
		return err
	})
	if err != nil {
		return err
	}
	return a.Note(ctx, Note{What: "granted_" + string(g.Role), Subject: account, Organisation: g.Organisation})
}

// Revoke takes a grant away; that it was not there is no error.
func (a *Access) Revoke(ctx context.Context, account string, g Grant) error {
	if _, err := a.db.exec(ctx, `DELETE FROM role_grant WHERE account = $1 AND role = $2 AND organisation = $3`, account, string(g.Role), g.Organisation); err != nil {
		return err
	}
	return a.Note(ctx, Note{What: "revoked_" + string(g.Role), Subject: account, Organisation: g.Organisation})
}

// Accounts returns all accounts, by name.
func (a *Access) Accounts(ctx context.Context) ([]Account, error) {
	grants := map[string][]Grant{}
	err := a.db.rows(ctx, `SELECT account, role, organisation FROM role_grant ORDER BY account, role, organisation`, nil, func(scan func(...any) error) error {
		var id string
		var g Grant
		if err := scan(&id, &g.Role, &g.Organisation); err != nil {
			return err
		}
		grants[id] = append(grants[id], g)
		return nil
	})
	if err != nil {
		return nil, err
	}
	accounts := []Account{}
	err = a.db.rows(ctx, `SELECT id, name, coalesce(login, ''), coalesce(password, ''), issuer, subject, language, disabled, created FROM account ORDER BY name, id`, nil, func(scan func(...any) error) error {
		var account Account
		var password string
		var who Identity
		var disabled, created int64
		if err := scan(&account.ID, &account.Name, &account.Login, &password, &who.Issuer, &who.Subject, &account.Language, &disabled, &created); err != nil {
			return err
		}
		if who.Subject != "" {
			account.Identity = &who
		}
		account.Ready, account.Disabled, account.Created = password != "" || who.Subject != "", disabled != 0, time.Unix(created, 0).UTC()
		if account.Grants = grants[account.ID]; account.Grants == nil {
			account.Grants = []Grant{}
		}
		accounts = append(accounts, account)
		return nil
	})
	return accounts, err
}

// grantsOf returns what an account may do.
func (a *Access) grantsOf(ctx context.Context, account string) ([]Grant, error) {
	var grants []Grant
	err := a.db.rows(ctx, `SELECT role, organisation FROM role_grant WHERE account = $1 ORDER BY role, organisation`, []any{account}, func(scan func(...any) error) error {
		var g Grant
		err := scan(&g.Role, &g.Organisation)
		grants = append(grants, g)
		return err
	})
	return grants, err
}

// invitationFor is how long a link is good.
const invitationFor = 24 * time.Hour

// ErrLink means that a link was used, is too old, or never was one.
var ErrLink = errors.New("this link was used already, or is too old")

// Invite returns the secret of a link by which its holder, once and within a
// day, chooses a login and a password for an account. Links that were made
// before for it are void.
func (a *Access) Invite(ctx context.Context, account string) (secret string, err error) {
	secret = newSecret()
	err = a.db.change(ctx, func(tx *sql.Tx) error {
		var disabled int64
		err := tx.QueryRowContext(ctx, `SELECT disabled FROM account WHERE id = $1`, account).Scan(&disabled)
		if errors.Is(err, sql.ErrNoRows) || err == nil && disabled != 0 {
			return ErrAccount
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM invitation WHERE account = $1 OR expires < $2`, account, a.now().Unix()); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO invitation (hash, account, expires) VALUES ($1, $2, $3)`, hashOf(secret), account, a.now().Add(invitationFor).Unix())
		return err
	})
	if err != nil {
		return "", err
	}
	return secret, a.Note(ctx, Note{What: "invited", Subject: account})
}

// Accept uses up a link: its account has this login and password from now on,
// and every session of it ends. It returns [ErrLink], [ErrPassword], [ErrTaken] or
// [ErrValue], and then the link is still good.
func (a *Access) Accept(ctx context.Context, secret, login, password string) (account string, err error) {
	login = strings.ToLower(strings.TrimSpace(login))
	if !logins.MatchString(login) {
		return "", fmt.Errorf("%w: a login is 2 to 64 of the characters a-z 0-9 . _ -", ErrValue)
	}
	if err := checkChoice(login, password); err != nil {
		return "", err
	}
	if err := a.Invited(ctx, secret); err != nil {
		return "", err // before the work of hashing
	}
	phc, err := hashPassword(ctx, password)
	if err != nil {
		return "", err
	}
	err = a.db.change(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `DELETE FROM invitation WHERE hash = $1 AND expires >= $2 RETURNING account`, hashOf(secret), a.now().Unix()).Scan(&account)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrLink
		}
		if err != nil {
			return err
		}
		if err := one(tx.ExecContext(ctx, `UPDATE account SET login = $2, password = $3 WHERE id = $1 AND disabled = 0`, account, login, phc)); err != nil {
			if taken(err) {
				return ErrTaken
			}
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM session WHERE account = $1`, account)
		return err
	})
	if err != nil {
		return "", err
	}
	return account, a.noteOf(ctx, Visitor{ID: account, Means: BySession}, Note{What: "password_chosen", Subject: account})
}

// Invited reports whether a link is good, without using it up.
func (a *Access) Invited(ctx context.Context, secret string) error {
	var n int
	err := a.db.read.QueryRowContext(ctx, `SELECT count(*) FROM invitation WHERE hash = $1 AND expires >= $2`, hashOf(secret), a.now().Unix()).Scan(&n)
	if err == nil && n == 0 {
		return ErrLink
	}
	return pg.Explain(err)
}

// FirstOperator returns the secret of a link for the first operator, as long as
// nobody can sign in who may administer; "" after that. One that was made before
// is void.
func (a *Access) FirstOperator(ctx context.Context) (secret string, err error) {
	accounts, err := a.Accounts(ctx)
	if err != nil {
		return "", err
	}
	first := ""
	for _, account := range accounts {
		for _, g := range account.Grants {
			if !g.Role.May(Administer) || g.Organisation != "" || account.Disabled {
				continue
			}
			if account.Ready {
				return "", nil
			}
			first = account.ID
		}
	}
	if first == "" {
		account, err := a.Add(ctx, "Operator", "vi")
		if err != nil {
			return "", err
		}
		if err := a.Grant(ctx, account.ID, Grant{Role: Operator}); err != nil {
			return "", err
		}
		first = account.ID
	}
	return a.Invite(ctx, first)
}
