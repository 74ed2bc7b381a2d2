// Package access says who somebody is and what they may do.
//
// A visitor is a person or a machine that has been recognised: by a session, by
// a token, or because they own the data directory. What a visitor may do comes
// from grants, each a role on an organisation and all below it, or on the whole
// ledger. [Access.Allowed] is the one place where a right is checked.
//
// What cannot be derived from the log lies in a database of its own: accounts,
// grants, sessions, tokens, and who has read what of whom. Passwords are kept as
// argon2id hashes; tokens, sessions and links as SHA-256 hashes.
package access
