package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// cachedKeys bounds the unwrapped keys in memory, at some 200 bytes each.
const cachedKeys = 128 << 10

// Vault seals and opens with the keys of a keyring. It is safe for concurrent
// use.
type Vault struct {
	origin string
	ring   Keyring
	master *Master
	cache  *cache

	minting   sync.Mutex // held from the look for a key until it is kept
	mu        sync.RWMutex
	destroyed map[string]bool // subjects
}

// New returns a vault over a keyring. Origin is the name of the ledger, which
// every block and every wrapped key is bound to.
func New(ctx context.Context, ring Keyring, master *Master, origin string) (*Vault, error) {
	v := &Vault{origin: origin, ring: ring, master: master, cache: newCache(cachedKeys), destroyed: map[string]bool{}}
	gone, err := ring.Destroyed(ctx)
	for _, o := range gone {
		v.destroyed[o.Subject] = true
	}
	return v, err
}

// Destroyed reports whether a key of a subject was destroyed: nothing may be
// recorded of it any more.
func (v *Vault) Destroyed(subject string) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.destroyed[subject]
}

// Load fetches the keys of many owners at once, so that Seal and Open need not
// fetch them one by one. Owners without a key, and keys that cannot be
// unwrapped, are passed over; Seal and Open say so when it comes to them.
func (v *Vault) Load(ctx context.Context, owners []Owner) error {
	_, err := v.load(ctx, owners)
	return err
}

// Any reports whether a key of at least one of the owners is there.
func (v *Vault) Any(ctx context.Context, owners []Owner) (bool, error) {
	for some := range slices.Chunk(owners, 1000) {
		if err := v.Load(ctx, some); err != nil {
			return false, err
		}
		for _, o := range some {
			if v.cache.get(o) != nil {
				return true, nil
			}
		}
	}
	return false, nil
}

// load returns the owners that the keyring knows nothing of.
func (v *Vault) load(ctx context.Context, owners []Owner) (unknown []Owner, err error) {
	var missing []Owner
	for _, o := range owners {
		if v.cache.get(o) == nil {
			missing = append(missing, o)
		}
	}
	if len(missing) == 0 {
		return nil, nil
	}
	found, err := v.ring.Find(ctx, missing)
	if err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	known := make(map[Owner]bool, len(found))
	for _, w := range found {
		known[w.Owner] = true
		if w.Wrapped == nil {
			continue
		}
		if k, err := rollbook.unwrap(v.master, v.origin, w); err == nil {
			v.keep(w.Owner, k)
		}
	}
	for _, o := range missing {
		if !known[o] {
			unknown = append(unknown, o)
			known[o] = true // each once
		}
	}
	return unknown, nil
}

// Ensure gives a key to each of the owners that never had one, if may allows
// it, and returns when all new keys are on disk. It returns an error that wraps
// [ErrNoKey] if may does not allow it, and [ErrDestroyed] for an owner whose
// key was destroyed; then no key was made.
func (v *Vault) Ensure(ctx context.Context, owners []Owner, may func(Owner) bool) error {
	v.minting.Lock()
	defer v.minting.Unlock()
	unknown, err := v.load(ctx, owners)
	if err != nil {
		return err
	}
	for _, o := range owners {
		if v.Destroyed(o.Subject) {
			return fmt.Errorf("%s: %w", o, ErrDestroyed)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	wrapped, keys := make([]WrappedKey, len(unknown)), make([]*key, len(unknown))
	for i, o := range unknown {
		if !may(o) {
			return fmt.Errorf("%s: %w", o, ErrNoKey)
		}
		if wrapped[i], keys[i], err = rollbook.mint(v.master, v.origin, o); err != nil {
			return fmt.Errorf("new key for %s: %w", o, err)
		}
	}
	if err := v.ring.Add(ctx, wrapped); err != nil {
		return fmt.Errorf("keyring: %w", err)
	}
	for i, o := range unknown {
		v.keep(o, keys[i])
	}
	return nil
}

// keep caches a key, unless it was destroyed since it was read.
func (v *Vault) keep(o Owner, k *key) {
	v.cache.add(o, k)
	if v.Destroyed(o.Subject) {
		v.cache.drop(o.Subject)
	}
}

// key returns the key of an owner.
func (v *Vault) key(ctx context.Context, o Owner) (*key, error) {
	if k := v.cache.get(o); k != nil {
		return k, nil
	}
	found, err := v.ring.Find(ctx, []Owner{o})
	switch {
	case err != nil:
		return nil, fmt.Errorf("keyring: %w", err)
	case len(found) == 0:
		return nil, ErrNoKey
	case found[0].Wrapped == nil:
		return nil, ErrDestroyed
	}
	k, err := rollbook.unwrap(v.master, v.origin, found[0])
	if err == nil {
		v.keep(o, k)
	}
	return k, err
}

// Seal seals a part of an event under a key that the owner has: see
// [Vault.Ensure].
func (v *Vault) Seal(ctx context.Context, o Owner, eventID, eventType string, plaintext []byte) (Block, error) {
	k, err := v.key(ctx, o)
	if err != nil {
		return Block{}, fmt.Errorf("seal for %s: %w", o, err)
	}
	return rollbook.seal(k, place{v.origin, o, eventID, eventType}, plaintext)
}

// Open returns what was sealed. The error wraps [ErrNoKey], [ErrDestroyed] or
// [ErrMasterKey] if the key is not there, [ErrKeyCommitment] if it is another,
// [ErrSealInvalid] if the block is not what was sealed in this place.
func (v *Vault) Open(ctx context.Context, o Owner, eventID, eventType string, b Block) ([]byte, error) {
	k, err := v.key(ctx, o)
	var plaintext []byte
	if err == nil {
		plaintext, err = rollbook.open(k, place{v.origin, o, eventID, eventType}, b)
	}
	if err != nil {
		return nil, fmt.Errorf("open for %s: %w", o, err)
	}
	return plaintext, nil
}

// Missing reports whether an error of [Vault.Open] means that the key is not
// there, rather than that something is wrong with the block or the keyring.
func Missing(err error) bool {
	return errors.Is(err, ErrNoKey) || errors.Is(err, ErrDestroyed) || errors.Is(err, ErrMasterKey)
}

// Tampered reports whether an error of [Vault.Open] means that the block or the
// key is not what it was when it was sealed.
func Tampered(err error) bool {
	return errors.Is(err, ErrKeyCommitment) || errors.Is(err, ErrSealInvalid)
}

// Destroy destroys all keys of a subject: what is sealed under them cannot be
// opened by this keyring ever again. Copies of the keyring die with the master
// key that they are wrapped under. It returns the commitments of the keys.
func (v *Vault) Destroy(ctx context.Context, subject string) (kids []string, err error) {
	v.minting.Lock()
	defer v.minting.Unlock()
	gone, err := v.ring.Destroy(ctx, subject)
	for _, w := range gone {
		kids = append(kids, w.KID)
	}
	if len(gone) > 0 {
		v.mu.Lock()
		v.destroyed[subject] = true
		v.mu.Unlock()
	}
	v.cache.drop(subject)
	if err != nil {
		return kids, fmt.Errorf("keyring: %w", err)
	}
	return kids, nil
}
