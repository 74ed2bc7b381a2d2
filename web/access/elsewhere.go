package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	pg "rollbook/internal/postgres"
)

// Identity is who somebody is at an OpenID provider. The subject is the provider's
// own name for them, which it gives to nobody else (OpenID Connect Core 1.0, 2 and
// 5.7); an e-mail address would not do, since it passes from one person to another.
type Identity struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
}

// mostSubject is the longest that a subject may be (OpenID Connect Core 1.0, 2).
const mostSubject = 255

// Errors of signing in elsewhere.
var (
	// ErrIdentity means that no account is bound to an identity. None is made.
	ErrIdentity = errors.New("no account is bound to this identity")
	// ErrDeparture means that somebody came back who never left from here, who took
	// too long, or who came back before.
	ErrDeparture = errors.New("this sign-in was over already, or was not begun here")
)

// departureFor is how long somebody may take to sign in elsewhere.
const departureFor = 10 * time.Minute

// Depart begins to sign somebody in at an OpenID provider, and returns a secret that
// stays with their browser until they come back: see [Access.Return]. Next is the page
// that they asked for. It is a try, and returns a [*TooManyError] when there were too
// many from this address.
func (a *Access) Depart(ctx context.Context, next, address string) (secret string, err error) {
	if err := a.try(ctx, ofAddress(address)); err != nil {
		return "", err
	}
	secret = newSecret()
	now := a.now()
	return secret, a.db.change(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM departure WHERE expires < $1`, now.Unix()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO departure (hash, next, expires) VALUES ($1, $2, $3)`, hashOf(secret), next, now.Add(departureFor).Unix())
		return err
	})
}

// Return uses up a departure and returns the page that was asked for. It returns
// [ErrDeparture] the second time.
func (a *Access) Return(ctx context.Context, secret string) (next string, err error) {
	err = a.db.write.QueryRowContext(ctx, `DELETE FROM departure WHERE hash = $1 AND expires >= $2 RETURNING next`, hashOf(secret), a.now().Unix()).Scan(&next)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrDeparture
	}
	return next, pg.Explain(err)
}

// SignInAs begins a session for somebody whom an OpenID provider vouches for, and
// returns its secret. It returns [ErrIdentity] unless an account that is not disabled
// is bound to them.
func (a *Access) SignInAs(ctx context.Context, who Identity, address string) (secret string, err error) {
	var account string
	err = a.db.read.QueryRowContext(ctx, `SELECT id FROM account WHERE issuer = $1 AND subject = $2 AND subject <> '' AND disabled = 0`, who.Issuer, who.Subject).Scan(&account)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrIdentity
	}
	if err != nil {
		return "", pg.Explain(err)
	}
	if err := a.forget(ctx, address); err != nil {
		return "", err
	}
	return a.Begin(ctx, account)
}

// Bind lets whoever is somebody at an OpenID provider sign in to an account, in place
// of whoever could before; every session of it ends. It returns [ErrValue], [ErrAccount],
// or [ErrTaken] when another account has the identity.
func (a *Access) Bind(ctx context.Context, account string, who Identity) error {
	if err := who.check(); err != nil {
		return err
	}
	return a.bind(ctx, account, who, "bound")
}

// Unbind takes from an account that it can be signed in to elsewhere; every session of
// it ends.
func (a *Access) Unbind(ctx context.Context, account string) error {
	return a.bind(ctx, account, Identity{}, "unbound")
}

func (a *Access) bind(ctx context.Context, account string, who Identity, what string) error {
	err := a.db.change(ctx, func(tx *sql.Tx) error {
		err := one(tx.ExecContext(ctx, `UPDATE account SET issuer = $2, subject = $3 WHERE id = $1`, account, who.Issuer, who.Subject))
		if taken(err) {
			return ErrTaken
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM session WHERE account = $1`, account)
		return err
	})
	if err != nil {
		return err
	}
	return a.Note(ctx, Note{What: what, Subject: account})
}

func (who Identity) check() error {
	if u, err := url.Parse(who.Issuer); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("%w: an issuer is the address of an OpenID provider, such as https://login.example", ErrValue)
	}
	for _, c := range []byte(who.Subject) {
		if c < '!' || c > '~' {
			return fmt.Errorf("%w: a subject has no spaces and no characters but those of ASCII", ErrValue)
		}
	}
	if n := len(who.Subject); n == 0 || n > mostSubject {
		return fmt.Errorf("%w: a subject has 1 to %d characters", ErrValue, mostSubject)
	}
	return nil
}

type strangerKey struct{}

// WithIdentity returns a context for what is said to somebody whom an OpenID provider
// vouches for, and whom no account is bound to.
func WithIdentity(ctx context.Context, who Identity) context.Context {
	return context.WithValue(ctx, strangerKey{}, who)
}

// IdentityFrom returns who that is; ok is false where nobody is.
func IdentityFrom(ctx context.Context) (who Identity, ok bool) {
	who, ok = ctx.Value(strangerKey{}).(Identity)
	return who, ok
}
