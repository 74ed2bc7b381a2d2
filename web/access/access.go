package access

import (
	"context"
	"slices"
)

// Access checks rights. It is safe for concurrent use.
type Access struct {
	places Places
}

// New returns the rights in a tree of organisations.
func New(places Places) *Access { return &Access{places: places} }

// Allowed reports whether the visitor of ctx may do something in an
// organisation; "" is the whole ledger. It returns [ErrStranger], [ErrForbidden],
// [ErrPart] or [ErrNotFound] if not. An organisation that does not exist and one
// that is out of reach give the same error.
func (a *Access) Allowed(ctx context.Context, what Action, organisation string) error {
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
	above, err := a.places.Above(ctx, organisation)
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
