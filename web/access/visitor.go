package access

import (
	"context"
	"errors"
	"slices"
)

// Means is how a visitor was recognised.
type Means string

// The means.
const (
	BySession Means = "session" // a browser's cookie
	ByToken   Means = "token"   // a program's token
	BySocket  Means = "socket"  // the socket in the data directory, which only its owner reaches
)

// Visitor is somebody who was recognised, with what they may do.
type Visitor struct {
	// ID is the account's, opaque; what they record has it as its actor.
	ID string
	// Name is for greeting them, and goes into no log.
	Name string
	// Language is "vi" or "en".
	Language string
	Grants   []Grant
	Means    Means
	// Only are the actions that a token is limited to; all of the account's if
	// empty.
	Only []Action
	// Form is what a form that this visitor is shown has to send back as
	// "csrf_token"; "" where no form is.
	Form string
}

// Owner is the visitor who owns the data directory, and so could do everything
// without asking.
func Owner() Visitor {
	v := Visitor{ID: "owner", Name: "owner", Language: "en", Means: BySocket}
	for _, r := range Roles() {
		v.Grants = append(v.Grants, Grant{Role: r})
	}
	return v
}

type visitorKey struct{}

// With returns a context for what a visitor asks.
func With(ctx context.Context, v Visitor) context.Context {
	return context.WithValue(ctx, visitorKey{}, v)
}

// VisitorFrom returns who asks; ok is false for a stranger.
func VisitorFrom(ctx context.Context) (v Visitor, ok bool) {
	v, ok = ctx.Value(visitorKey{}).(Visitor)
	return v, ok
}

type againKey struct{}

// WithAgain returns a context for what a visitor asks, with what finds out once more who
// they are: what goes on for long has to ask [Again].
func WithAgain(ctx context.Context, v Visitor, recognise func(context.Context) (Visitor, error)) context.Context {
	return context.WithValue(With(ctx, v), againKey{}, recognise)
}

// Again returns a context for the visitor of ctx as they are now: their session or token
// may be over, and their grants be others. It returns [ErrStranger] if nobody is
// recognised any more.
func Again(ctx context.Context) (context.Context, error) {
	recognise, ok := ctx.Value(againKey{}).(func(context.Context) (Visitor, error))
	if !ok {
		return ctx, nil // who owns the directory goes on owning it
	}
	v, err := recognise(ctx)
	if err != nil {
		return ctx, err
	}
	return With(ctx, v), nil
}

// Errors of [Access.Allowed].
var (
	// ErrStranger means that the visitor has to sign in first.
	ErrStranger = errors.New("sign in first")
	// ErrForbidden means that no grant of the visitor has this right anywhere.
	ErrForbidden = errors.New("no right to do this")
	// ErrPart means that the visitor has the right in a part of the ledger, and
	// asked for the whole.
	ErrPart = errors.New("the right covers only a part of the ledger")
	// ErrNotFound means that what was asked for is not there, or not for this
	// visitor: from outside there is no difference.
	ErrNotFound = errors.New("not found")
)

// Places knows the tree of organisations.
type Places interface {
	// Above returns an organisation and all above it, as they stand today; nil
	// if the ledger has never heard of it.
	Above(ctx context.Context, organisation string) ([]string, error)
}

// grants are those of a visitor that have a right.
func (v Visitor) grants(a Action) []Grant {
	if len(v.Only) > 0 && !slices.Contains(v.Only, a) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(v.Grants), func(g Grant) bool { return !g.Role.May(a) })
}

// May reports whether a visitor has a right anywhere. It is for what is shown,
// such as a button; what is done asks [Access.Allowed].
func (v Visitor) May(a Action) bool { return len(v.grants(a)) > 0 }

// Reach returns the organisations at the top of where a visitor has a right;
// whole is true if that is everywhere.
func (v Visitor) Reach(a Action) (organisations []string, whole bool) {
	for _, g := range v.grants(a) {
		if g.Organisation == "" {
			return nil, true
		}
		if !slices.Contains(organisations, g.Organisation) {
			organisations = append(organisations, g.Organisation)
		}
	}
	slices.Sort(organisations)
	return organisations, false
}
