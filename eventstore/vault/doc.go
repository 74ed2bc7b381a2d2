// Package vault seals personal fields before they reach the log, and keeps the
// keys that open them.
//
// Each person has one data key for each class of fields. A sealed block names
// the key by a commitment to it, so that no other key can be put in its place,
// and is bound to its subject, its event and its class, so that it cannot be
// moved. The format is in docs/format.md. All cryptography is the standard
// library's: AES-256-GCM with random nonces, HKDF-SHA-256.
//
// Data keys lie in a [Keyring], wrapped under a [Master] key. They are never in
// the log: whoever destroys the keys of a person has erased what is sealed
// under them, and every copy of the log with it.
//
// The promise:
//
//   - [Vault.Ensure] returns after the keys it made are on disk, so an event
//     that is published afterwards can be opened for as long as its key is kept.
//   - "Never had a key" ([ErrNoKey]) and "had one, which was destroyed"
//     ([ErrDestroyed]) are told apart, and a destroyed key is never made anew.
//   - A block that was changed or moved, or whose key was exchanged, is refused
//     ([ErrSealInvalid], [ErrKeyCommitment]), never opened to something else.
//   - No error repeats what was sealed.
//
// Limits: a key may seal 2^32 blocks, far above what one person's life fills;
// it is not counted. Keys that were unwrapped are cached in memory, in clear.
package vault
