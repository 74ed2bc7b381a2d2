package access

import (
	"context"
	"database/sql"
	"errors"
	"net/netip"
	"time"
)

// How many tries to sign in there may be within a while: for one login, and from
// one address, behind which a whole office may sit.
const (
	triesWithin  = 15 * time.Minute
	loginTries   = 10
	addressTries = 50
	mostTried    = 100_000 // logins and addresses that are remembered
)

// tried is what tries are counted by. It is kept as a hash: people type passwords
// where the login belongs.
type tried struct {
	key  string
	most int
}

func ofLogin(login string) tried { return tried{hashOf("login " + login), loginTries} }

// ofAddress counts by the network where addresses are given away by the network: who
// has one of IPv6 has 2^64 of them (RFC 6177).
func ofAddress(address string) tried {
	if ip, err := netip.ParseAddr(address); err == nil && ip.Unmap().Is6() {
		if network, err := ip.WithZone("").Prefix(64); err == nil {
			address = network.String()
		}
	}
	return tried{hashOf("address " + address), addressTries}
}

// try counts a try to sign in, or refuses it. The count is in the database, so all
// instances of the service share it. A try that is refused does not count, so that
// waiting helps.
func (a *Access) try(ctx context.Context, by ...tried) error {
	now := a.now()
	over := now.Add(-triesWithin).Unix()
	return a.db.change(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM try WHERE began < $1`, over); err != nil {
			return err
		}
		var remembered int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM try`).Scan(&remembered); err != nil {
			return err
		}
		if remembered >= mostTried {
			return &TooManyError{triesWithin}
		}
		for _, t := range by {
			// One statement, so that of two instances neither misses the other's try.
			n := 0
			err := tx.QueryRowContext(ctx, `INSERT INTO try (key, began, n) VALUES ($1, $2, 1)
				ON CONFLICT (key) DO UPDATE SET n = try.n + 1 WHERE try.n < $3 RETURNING n`, t.key, now.Unix(), t.most).Scan(&n)
			if err == nil {
				continue
			}
			if !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			var began int64
			if err := tx.QueryRowContext(ctx, `SELECT began FROM try WHERE key = $1`, t.key).Scan(&began); err != nil {
				return err
			}
			return &TooManyError{time.Unix(began, 0).Add(triesWithin).Sub(now)}
		}
		return nil
	})
}

// forget forgets the tries of who has signed in: all for the login, and this one
// from the address.
func (a *Access) forget(ctx context.Context, address string, logins ...tried) error {
	return a.db.change(ctx, func(tx *sql.Tx) error {
		for _, t := range logins {
			if _, err := tx.ExecContext(ctx, `DELETE FROM try WHERE key = $1`, t.key); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE try SET n = n - 1 WHERE key = $1 AND n > 0`, ofAddress(address).key)
		return err
	})
}
