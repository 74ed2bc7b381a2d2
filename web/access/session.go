package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	pg "rollbook/internal/postgres"
)

// How long a session lasts: from the last request, and at all.
const (
	sessionIdle = 2 * time.Hour
	sessionMost = 12 * time.Hour
	seenEvery   = time.Minute // how exactly the last request is known
)

// ErrSignIn means that login and password do not go together, or that there is
// no such account: from outside there is no difference.
var ErrSignIn = errors.New("login or password is wrong")

// TooManyError means that there were too many tries.
type TooManyError struct{ After time.Duration }

func (e *TooManyError) Error() string {
	return fmt.Sprintf("too many tries; wait %s", e.After.Round(time.Second))
}

// SignIn begins a session for who knows a password, and returns its secret. It
// returns [ErrSignIn], or a [*TooManyError] when there were too many tries for
// this login or from this address.
func (a *Access) SignIn(ctx context.Context, login, password, address string) (secret string, err error) {
	login = strings.ToLower(strings.TrimSpace(login))
	if err := a.try(ctx, ofAddress(address), ofLogin(login)); err != nil {
		return "", err
	}
	var account, phc string
	err = a.db.read.QueryRowContext(ctx, `SELECT id, coalesce(password, '') FROM account WHERE login = $1 AND disabled = 0`, login).Scan(&account, &phc)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", pg.Explain(err)
	}
	if len(password) > 4*maxPassword {
		password = "" // nobody has that one, and hashing it would cost
	}
	right, err := checkPassword(ctx, phc, password)
	if err != nil {
		return "", err
	}
	if !right || account == "" {
		return "", ErrSignIn
	}
	if err := a.forget(ctx, address, ofLogin(login)); err != nil {
		return "", err
	}
	return a.Begin(ctx, account)
}

// Begin begins a session of an account and returns its secret.
func (a *Access) Begin(ctx context.Context, account string) (secret string, err error) {
	secret = newSecret()
	now := a.now().Unix()
	err = a.db.change(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM session WHERE created < $1 OR seen < $2`, now-int64(sessionMost.Seconds()), now-int64(sessionIdle.Seconds())); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO session (hash, account, form, created, seen) VALUES ($1, $2, $3, $4, $4)`, hashOf(secret), account, newSecret(), now)
		return err
	})
	if err != nil {
		return "", err
	}
	return secret, a.noteOf(ctx, Visitor{ID: account, Means: BySession}, Note{What: "signed_in", Subject: account})
}

// End ends a session.
func (a *Access) End(ctx context.Context, secret string) error {
	_, err := a.db.exec(ctx, `DELETE FROM session WHERE hash = $1`, hashOf(secret))
	return err
}

// BySession returns who has a session; [ErrStranger] if it is over.
func (a *Access) BySession(ctx context.Context, secret string) (Visitor, error) {
	v, seen, err := a.session(ctx, secret)
	if now := a.now(); err == nil && now.Sub(seen) > seenEvery {
		_, err = a.db.exec(ctx, `UPDATE session SET seen = $2 WHERE hash = $1 AND seen < $2`, hashOf(secret), now.Unix())
	}
	return v, err
}

// StillInSession is [Access.BySession] for a request that goes on: it does not count as
// another, so a page that is left open keeps no session alive.
func (a *Access) StillInSession(ctx context.Context, secret string) (Visitor, error) {
	v, _, err := a.session(ctx, secret)
	return v, err
}

func (a *Access) session(ctx context.Context, secret string) (v Visitor, seen time.Time, err error) {
	now := a.now()
	v.Means = BySession
	var at int64
	err = a.db.read.QueryRowContext(ctx, `SELECT u.id, u.name, u.language, s.form, s.seen FROM session AS s JOIN account AS u ON u.id = s.account
		WHERE s.hash = $1 AND u.disabled = 0 AND s.created >= $2 AND s.seen >= $3`,
		hashOf(secret), now.Add(-sessionMost).Unix(), now.Add(-sessionIdle).Unix()).Scan(&v.ID, &v.Name, &v.Language, &v.Form, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return v, seen, ErrStranger
	}
	if err != nil {
		return v, seen, pg.Explain(err)
	}
	v.Grants, err = a.grantsOf(ctx, v.ID)
	return v, time.Unix(at, 0), err
}

// Token is what a program signs in with. The token itself is shown once.
type Token struct {
	Prefix  string    `json:"prefix"`
	Account string    `json:"account"`
	Name    string    `json:"name"`
	Only    []Action  `json:"only"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	Revoked bool      `json:"revoked"`
}

const (
	tokenBegins = "rb_" // so that one that lies about is recognised
	prefixLong  = len(tokenBegins) + 8
	tokenMost   = 366 * 24 * time.Hour
)

// NewToken makes a token for an account, limited to some actions unless none are
// named, and returns it; it is not kept. It lasts a year at most.
func (a *Access) NewToken(ctx context.Context, account, name string, only []Action, lasts time.Duration) (secret string, t Token, err error) {
	if n := utf8.RuneCountInString(name); n == 0 || n > 100 {
		return "", t, fmt.Errorf("%w: the name of a token has 1 to 100 characters", ErrValue)
	}
	if lasts <= 0 || lasts > tokenMost {
		return "", t, fmt.Errorf("%w: a token lasts up to 366 days", ErrValue)
	}
	var actions []string
	for _, action := range only {
		if !slices.Contains(Actions(), action) {
			return "", t, fmt.Errorf("%w: an action is one of %v", ErrValue, Actions())
		}
		actions = append(actions, string(action))
	}
	secret = tokenBegins + newSecret()
	now := a.now().UTC().Truncate(time.Second)
	t = Token{Prefix: secret[:prefixLong], Account: account, Name: name, Only: only, Created: now, Expires: now.Add(lasts)}
	err = a.db.change(ctx, func(tx *sql.Tx) error {
		var there int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM account WHERE id = $1`, account).Scan(&there); err != nil {
			return err
		}
		if there == 0 {
			return ErrAccount
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO token (hash, prefix, account, name, actions, created, expires) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			hashOf(secret), t.Prefix, account, name, strings.Join(actions, ","), now.Unix(), t.Expires.Unix())
		return err
	})
	if err != nil {
		return "", t, err
	}
	return secret, t, a.Note(ctx, Note{What: "token_made", Subject: account})
}

// Tokens returns all tokens, newest first, without what they are.
func (a *Access) Tokens(ctx context.Context) ([]Token, error) {
	tokens := []Token{}
	err := a.db.rows(ctx, `SELECT prefix, account, name, actions, created, expires, revoked FROM token ORDER BY created DESC, prefix`, nil, func(scan func(...any) error) error {
		var t Token
		var actions string
		var created, expires, revoked int64
		if err := scan(&t.Prefix, &t.Account, &t.Name, &actions, &created, &expires, &revoked); err != nil {
			return err
		}
		t.Only, t.Created, t.Expires, t.Revoked = split(actions), time.Unix(created, 0).UTC(), time.Unix(expires, 0).UTC(), revoked != 0
		tokens = append(tokens, t)
		return nil
	})
	return tokens, err
}

func split(actions string) []Action {
	only := []Action{}
	for name := range strings.SplitSeq(actions, ",") {
		if name != "" {
			only = append(only, Action(name))
		}
	}
	return only
}

// RevokeToken ends a token, which is known by its prefix.
func (a *Access) RevokeToken(ctx context.Context, prefix string) error {
	n, err := a.db.exec(ctx, `UPDATE token SET revoked = $2 WHERE prefix = $1 AND revoked = 0`, prefix, a.now().Unix())
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return err
	}
	return a.Note(ctx, Note{What: "token_revoked", Subject: prefix})
}

// ByToken returns whose token it is; [ErrStranger] if it is none, or none any
// more.
func (a *Access) ByToken(ctx context.Context, secret string) (Visitor, error) {
	v := Visitor{Means: ByToken}
	var actions string
	err := a.db.read.QueryRowContext(ctx, `SELECT u.id, u.name, u.language, t.actions FROM token AS t JOIN account AS u ON u.id = t.account
		WHERE t.hash = $1 AND t.revoked = 0 AND t.expires > $2 AND u.disabled = 0`, hashOf(secret), a.now().Unix()).Scan(&v.ID, &v.Name, &v.Language, &actions)
	if errors.Is(err, sql.ErrNoRows) {
		return v, ErrStranger
	}
	if err != nil {
		return v, pg.Explain(err)
	}
	v.Only = split(actions)
	v.Grants, err = a.grantsOf(ctx, v.ID)
	return v, err
}
