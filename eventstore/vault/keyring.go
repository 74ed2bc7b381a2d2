package vault

import (
	"context"
	"errors"
	"iter"
)

// WrappedKey is a data key as a keyring keeps it.
type WrappedKey struct {
	Owner
	// KID is the commitment to the key, as it stands in sealed blocks.
	KID string
	// KEK is the id of the master key that it is wrapped under.
	KEK string
	// Wrapped is the key; nil if it was destroyed. The keyring then remembers
	// all but the key itself.
	Wrapped []byte
}

// Keyring keeps wrapped keys, one for each owner. It is safe for concurrent
// use.
type Keyring interface {
	// Find returns what is kept of the owners, in no order. Of one that never
	// had a key it returns nothing; that of one whose key was destroyed is nil.
	Find(ctx context.Context, owners []Owner) ([]WrappedKey, error)
	// Add keeps new keys, all or none, and returns when they are on disk. It
	// returns ErrHasKey if one of the owners has a key or had one: a key is
	// never replaced.
	Add(ctx context.Context, keys []WrappedKey) error
	// Destroy removes the keys of a subject, in such a way that the keyring's
	// files do not hold them any more, and remembers that they were there. It
	// returns what it remembers. A subject without keys is not remembered.
	Destroy(ctx context.Context, subject string) ([]WrappedKey, error)
	// Destroyed returns the owners whose keys were destroyed.
	Destroyed(ctx context.Context) ([]Owner, error)
}

// Copyable is a keyring that a backup can be made of, and made from.
type Copyable interface {
	Keyring
	// All yields everything that is kept, as of one moment, by subject and class.
	All(ctx context.Context) iter.Seq2[WrappedKey, error]
	// Restore keeps what a copy had, destroyed keys as destroyed, all or nothing,
	// and returns when it is on disk. It returns ErrHasKey if there is anything
	// already.
	Restore(ctx context.Context, keys iter.Seq2[WrappedKey, error]) error
}

// ErrHasKey means that an owner has a key, or had one, and cannot be given
// another.
var ErrHasKey = errors.New("there is a key already")

// ErrForeign means that a keyring belongs to another ledger.
var ErrForeign = errors.New("the keyring belongs to another ledger")
