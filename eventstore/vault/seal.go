package vault

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

// Errors of sealing and opening. They are told apart with errors.Is; what wraps
// them names the subject and the class, never what was sealed.
var (
	// ErrNoKey means that the keyring has never had a key for the owner.
	ErrNoKey = errors.New("KEY_MISSING: the keyring never had this key")
	// ErrDestroyed means that the key was destroyed, to erase what it opened.
	ErrDestroyed = errors.New("KEY_DESTROYED: the key was destroyed")
	// ErrKeyCommitment means that the keyring holds another key than the one
	// that sealed the block.
	ErrKeyCommitment = errors.New("KEY_COMMITMENT_MISMATCH: this is not the key that sealed the block")
	// ErrSealInvalid means that the block was changed, or stands in another
	// event, subject or class than it was sealed for.
	ErrSealInvalid = errors.New("SEAL_INVALID: the block was changed or moved")
	// ErrMasterKey means that a data key is wrapped under another master key
	// than the one at hand.
	ErrMasterKey = errors.New("KEK_UNKNOWN: the key is wrapped under another master key")
)

// Owner is whose key is meant: a subject, such as "member/m1", and a class of
// its fields, such as "identity".
type Owner struct{ Subject, Class string }

func (o Owner) String() string { return o.Subject + ", class " + o.Class }

// Block is a sealed part of an event. All three are base64url without padding,
// as they stand in an event's payload.
type Block struct {
	KID   []byte // commitment to the key
	Nonce []byte
	Text  []byte // AES-256-GCM
}

// scheme is the family of labels that keep this use of a key apart from all
// others.
type scheme string

const rollbook scheme = "rollbook"

const (
	keyBytes     = 32
	nonceBytes   = 12
	wrappedBytes = nonceBytes + keyBytes + 16
)

// encoding refuses what would decode to the same bytes but is written another
// way, so that a block has one form.
var encoding = base64.RawURLEncoding.Strict()

// key is a data key, ready for use.
type key struct {
	kid [43]byte       // commitment, in base64url
	enc [keyBytes]byte // what encrypts
}

// newKey derives from a data key what is used of it.
func (s scheme) newKey(dek []byte) (*key, error) {
	commitment, err := hkdf.Expand(sha256.New, dek, string(s)+"/commit/v1", keyBytes)
	if err != nil {
		return nil, err
	}
	enc, err := hkdf.Expand(sha256.New, dek, string(s)+"/enc/v1", keyBytes)
	if err != nil {
		return nil, err
	}
	k := new(key)
	encoding.Encode(k.kid[:], commitment)
	copy(k.enc[:], enc)
	return k, nil
}

// lp appends a text behind its length, so that no two lists of texts are one
// string of bytes. Texts here are bounded far below 64 KiB by their makers.
func lp(b []byte, texts ...string) ([]byte, error) {
	for _, t := range texts {
		if len(t) > 0xFFFF {
			return nil, fmt.Errorf("%w: a name of %d bytes", ErrSealInvalid, len(t))
		}
		b = append(append(b, byte(len(t)>>8), byte(len(t))), t...)
	}
	return b, nil
}

// place is what a block is bound to.
type place struct {
	origin string // the ledger
	owner  Owner
	id     string // of the event
	typ    string // of the event
}

func (s scheme) aad(p place, kid []byte) ([]byte, error) {
	b := append(make([]byte, 0, 256), string(s)+"/aad/v1\n"...)
	return lp(b, p.origin, p.owner.Subject, p.id, p.typ, p.owner.Class, string(kid))
}

// gcm returns AES-256-GCM that takes its nonces from the system's random
// numbers and puts them before the text.
func gcm(k []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (s scheme) seal(k *key, p place, plaintext []byte) (Block, error) {
	aad, err := s.aad(p, k.kid[:])
	if err != nil {
		return Block{}, err
	}
	aead, err := gcm(k.enc[:])
	if err != nil {
		return Block{}, err
	}
	sealed := aead.Seal(make([]byte, 0, len(plaintext)+aead.Overhead()), nil, plaintext, aad)
	b := Block{
		KID:   k.kid[:],
		Nonce: make([]byte, encoding.EncodedLen(nonceBytes)),
		Text:  make([]byte, encoding.EncodedLen(len(sealed)-nonceBytes)),
	}
	encoding.Encode(b.Nonce, sealed[:nonceBytes])
	encoding.Encode(b.Text, sealed[nonceBytes:])
	return b, nil
}

func (s scheme) open(k *key, p place, b Block) ([]byte, error) {
	if string(b.KID) != string(k.kid[:]) {
		return nil, ErrKeyCommitment
	}
	aad, err := s.aad(p, b.KID)
	if err != nil {
		return nil, err
	}
	if len(b.Nonce) != encoding.EncodedLen(nonceBytes) {
		return nil, ErrSealInvalid
	}
	sealed := make([]byte, nonceBytes+encoding.DecodedLen(len(b.Text)))
	n, err := encoding.Decode(sealed, b.Nonce)
	if err != nil || n != nonceBytes {
		return nil, ErrSealInvalid
	}
	if _, err = encoding.Decode(sealed[nonceBytes:], b.Text); err != nil || bytes.ContainsAny(b.Text, "\r\n") {
		return nil, ErrSealInvalid // the decoder steps over line breaks
	}
	aead, err := gcm(k.enc[:])
	if err != nil {
		return nil, err
	}
	plaintext, err := aead.Open(nil, nil, sealed, aad)
	if err != nil {
		return nil, ErrSealInvalid
	}
	return plaintext, nil
}

func (s scheme) wrapAAD(kek, origin string, o Owner, kid []byte) ([]byte, error) {
	return lp([]byte(string(s)+"/wrap/v1\n"), kek, origin, o.Subject, o.Class, string(kid))
}

// wrap seals a data key under a master key.
func (s scheme) wrap(m *Master, origin string, o Owner, kid, dek []byte) ([]byte, error) {
	aad, err := s.wrapAAD(m.id, origin, o, kid)
	if err != nil {
		return nil, err
	}
	aead, err := gcm(m.key[:])
	if err != nil {
		return nil, err
	}
	return aead.Seal(make([]byte, 0, wrappedBytes), nil, dek, aad), nil
}

// unwrap returns a key out of the keyring, if it is the one that its commitment
// says.
func (s scheme) unwrap(m *Master, origin string, w WrappedKey) (*key, error) {
	if w.KEK != m.id {
		return nil, ErrMasterKey
	}
	aad, err := s.wrapAAD(m.id, origin, w.Owner, []byte(w.KID))
	if err != nil {
		return nil, err
	}
	aead, err := gcm(m.key[:])
	if err != nil {
		return nil, err
	}
	if len(w.Wrapped) != wrappedBytes {
		return nil, ErrKeyCommitment
	}
	dek, err := aead.Open(make([]byte, 0, keyBytes), nil, w.Wrapped, aad)
	if err != nil {
		return nil, ErrKeyCommitment
	}
	k, err := s.newKey(dek)
	if err != nil {
		return nil, err
	}
	if w.KID != string(k.kid[:]) {
		return nil, ErrKeyCommitment
	}
	return k, nil
}

// mint makes a new data key for an owner, and wraps it.
func (s scheme) mint(m *Master, origin string, o Owner) (WrappedKey, *key, error) {
	dek := make([]byte, keyBytes)
	_, _ = rand.Read(dek) // never fails: see crypto/rand
	k, err := s.newKey(dek)
	if err != nil {
		return WrappedKey{}, nil, err
	}
	wrapped, err := s.wrap(m, origin, o, k.kid[:], dek)
	return WrappedKey{Owner: o, KID: string(k.kid[:]), KEK: m.id, Wrapped: wrapped}, k, err
}
