package access

import (
	"context"
	"slices"
	"time"
)

// Access knows accounts and checks rights. It is safe for concurrent use.
type Access struct {
	places Places
	db     *database
	now    func() time.Time
}

// Config says where accounts lie.
type Config struct {
	// Dir is the data directory, in which the database is, and Database the URL of
	// a PostgreSQL database that has it instead.
	Dir, Database string
	// Places is the tree of organisations. Without it no right can be checked, but
	// accounts and grants can be administered.
	Places Places
	// Clock is the time; time.Now if nil.
	Clock func() time.Time
}

// Open opens the database of accounts, and makes it if it is not there.
func Open(ctx context.Context, c Config) (*Access, error) {
	db, err := openDatabase(ctx, c.Dir, c.Database)
	if err != nil {
		return nil, err
	}
	a := &Access{places: c.Places, db: db, now: c.Clock}
	if a.now == nil {
		a.now = time.Now
	}
	return a, nil
}

// Close ends all connections.
func (a *Access) Close() error { return a.db.close() }

// Allowed reports whether the visitor of ctx may do something in an
// organisation; "" is the whole ledger. It returns [ErrStranger], [ErrForbidden],
// [ErrPart] or [ErrNotFound] if not. An organisation that does not exist and one
// that is out of reach give the same error.
func (a *Access) Allowed(ctx context.Context, what Action, organisation string) error {
	return Allowed(ctx, a.places, what, organisation)
}

// Allowed is [Access.Allowed] in a tree that the caller has at hand.
func Allowed(ctx context.Context, places Places, what Action, organisation string) error {
	v, ok := VisitorFrom(ctx)
	if !ok {
		return ErrStranger
	}
	if !v.May(what) {
		return ErrForbidden
	}
	tops, whole := v.Reach(what)
	if organisation == "" {
		if !whole {
			return ErrPart
		}
		return nil
	}
	above, err := places.Above(ctx, organisation)
	if err != nil {
		return err
	}
	if len(above) == 0 || !whole && !slices.ContainsFunc(above, func(o string) bool { return slices.Contains(tops, o) }) {
		return ErrNotFound
	}
	return nil
}

// Anywhere reports whether the visitor of ctx has a right in some organisation.
func (a *Access) Anywhere(ctx context.Context, what Action) error {
	v, ok := VisitorFrom(ctx)
	switch {
	case !ok:
		return ErrStranger
	case !v.May(what):
		return ErrForbidden
	}
	return nil
}
