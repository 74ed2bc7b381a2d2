package audit

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
)

// ErrKey means that a key cannot be used.
var ErrKey = errors.New("the key cannot be used")

// Role says what a key signs. A key has one: what signs as the log never signs
// as a witness.
type Role byte

// The roles are the signature types of https://c2sp.org/signed-note.
const (
	// LogKey signs checkpoints, as the log.
	LogKey Role = 0x01
	// WitnessKey cosigns checkpoints, with the time
	// (https://c2sp.org/tlog-cosignature).
	WitnessKey Role = 0x04
)

// PublicKey is an Ed25519 public key with the name of its owner: the origin of a
// log, or the name of a witness.
type PublicKey struct {
	Name string
	Role Role
	key  [ed25519.PublicKeySize]byte
}

// Key is a private key. It is never printed.
type Key struct {
	public  PublicKey
	private ed25519.PrivateKey
}

// hash returns the key id of signed notes.
func (k PublicKey) hash() uint32 {
	sum := sha256.Sum256(append([]byte(k.Name+"\n"+string(rune(k.Role))), k.key[:]...))
	return binary.BigEndian.Uint32(sum[:])
}

// String returns the key as a vkey: name, key id, role and key.
func (k PublicKey) String() string {
	return fmt.Sprintf("%s+%08x+%s", k.Name, k.hash(), base64.StdEncoding.EncodeToString(append([]byte{byte(k.Role)}, k.key[:]...)))
}

// Public returns the public key.
func (k *Key) Public() PublicKey { return k.public }

// String returns the public key.
func (k *Key) String() string { return k.public.String() }

// GoString returns the public key.
func (k *Key) GoString() string { return k.public.String() }

// ParsePublicKey reads a vkey.
func ParsePublicKey(vkey string) (PublicKey, error) {
	name, rest, _ := strings.Cut(vkey, "+")
	id, text, _ := strings.Cut(rest, "+")
	k, err := decodeKey(name, text)
	if err != nil {
		return k, err
	}
	if k.String() != name+"+"+id+"+"+text {
		return k, fmt.Errorf("%w: the key id is not that of the key", ErrKey)
	}
	return k, nil
}

func decodeKey(name, text string) (PublicKey, error) {
	k := PublicKey{Name: name}
	if !validKeyName(name) {
		return k, fmt.Errorf("%w: it has no name, or one with spaces or control characters", ErrKey)
	}
	if len(text) != base64.StdEncoding.EncodedLen(1+len(k.key)) {
		return k, fmt.Errorf("%w: it is no Ed25519 key", ErrKey)
	}
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != 1+len(k.key) {
		return k, fmt.Errorf("%w: it is no Ed25519 key", ErrKey)
	}
	k.Role, k.key = Role(b[0]), [ed25519.PublicKeySize]byte(b[1:])
	if k.Role != LogKey && k.Role != WitnessKey {
		return k, fmt.Errorf("%w: its type 0x%02x is not known", ErrKey, b[0])
	}
	return k, nil
}

func validKeyName(name string) bool {
	return name != "" && len(name) <= 255 && utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool {
		return r == '+' || unicode.IsSpace(r) || unicode.IsControl(r)
	})
}

// secret returns what is written to a key file.
func (k *Key) secret() string {
	return fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", k.public.Name, k.public.hash(), base64.StdEncoding.EncodeToString(append([]byte{byte(k.public.Role)}, k.private.Seed()...)))
}

// ParseKey reads a private key in the form of signed notes.
func ParseKey(text string) (*Key, error) {
	rest, ok := strings.CutPrefix(text, "PRIVATE+KEY+")
	name, rest, _ := strings.Cut(rest, "+")
	id, secret, _ := strings.Cut(rest, "+")
	if !ok {
		return nil, fmt.Errorf("%w: it is no private key", ErrKey)
	}
	// The seed has the length of a public key.
	public, err := decodeKey(name, secret)
	if err != nil {
		return nil, err
	}
	k := newKey(name, public.Role, public.key[:])
	if fmt.Sprintf("%08x", k.public.hash()) != strings.ToLower(id) {
		return nil, fmt.Errorf("%w: the key id is not that of the key", ErrKey)
	}
	return k, nil
}

func newKey(name string, role Role, seed []byte) *Key {
	private := ed25519.NewKeyFromSeed(seed)
	return &Key{PublicKey{name, role, [ed25519.PublicKeySize]byte(private[ed25519.SeedSize:])}, private}
}

// publicSuffix is what the name of a public key's file ends with.
const publicSuffix = ".pub"

// NewKey makes a key and writes it to a file that only its owner can read, and
// the public key beside it to a file that ends with ".pub". The name is the
// origin of the log, or that of the witness: by custom an address without
// "https://". It never replaces a file.
func NewKey(path, name string, role Role) (*Key, error) {
	if !validKeyName(name) || role == LogKey && !validOrigin(name) {
		return nil, fmt.Errorf("%w: %q cannot be its name", ErrKey, name)
	}
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(rand.Reader, seed); err != nil {
		return nil, err
	}
	k := newKey(name, role, seed)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	if err := writeNew(path, k.secret()+"\n", 0o600); err != nil {
		return nil, err
	}
	if err := writeNew(path+publicSuffix, k.public.String()+"\n", 0o644); err != nil {
		return nil, err
	}
	return k, syncDirectory(filepath.Dir(path))
}

func writeNew(path, text string, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close())
}

func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// maxKeyBytes bounds a key file.
const maxKeyBytes = 4 << 10

// ReadKey reads the private key in a file. It refuses one that others than its
// owner can read.
func ReadKey(path string) (*Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%w: others can read %s (%#o): make a new key, or chmod 600 if nobody has", ErrKey, path, mode)
	}
	text, err := readBounded(f, maxKeyBytes)
	if err != nil {
		return nil, err
	}
	k, err := ParseKey(strings.TrimSuffix(string(text), "\n"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

var errTooLarge = errors.New("it is too large")

// readBounded reads everything, or nothing that is larger.
func readBounded(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		return nil, errTooLarge
	}
	return b, err
}

// logSigner signs as the log.
func (k *Key) logSigner() (note.Signer, error) {
	if k.public.Role != LogKey {
		return nil, fmt.Errorf("%w: it is a witness's", ErrKey)
	}
	return note.NewSigner(k.secret())
}

// cosigner signs as a witness, at a time.
type cosigner struct {
	key *Key
	at  time.Time
}

func (c cosigner) Name() string    { return c.key.public.Name }
func (c cosigner) KeyHash() uint32 { return c.key.public.hash() }

func (c cosigner) Sign(body []byte) ([]byte, error) {
	at := uint64(c.at.Unix())
	return append(binary.BigEndian.AppendUint64(nil, at), ed25519.Sign(c.key.private, cosigned(at, body))...), nil
}

// cosigned returns what a witness signs: a cosignature/v1 message.
func cosigned(at uint64, body []byte) []byte {
	return append([]byte("cosignature/v1\ntime "+strconv.FormatUint(at, 10)+"\n"), body...)
}

// verifier verifies the signatures of a key in a note.
func (k PublicKey) verifier() note.Verifier {
	if k.Role == WitnessKey {
		return witnessVerifier{k}
	}
	v, err := note.NewVerifier(k.String())
	if err != nil {
		panic(err) // it was read from such a text, or made with its key
	}
	return v
}

type witnessVerifier struct{ key PublicKey }

func (v witnessVerifier) Name() string    { return v.key.Name }
func (v witnessVerifier) KeyHash() uint32 { return v.key.hash() }

func (v witnessVerifier) Verify(body, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(signature)
	return at < 1<<63 && ed25519.Verify(v.key.key[:], cosigned(at, body), signature[8:])
}

// cosignedAt returns the time of a cosignature that was verified.
func cosignedAt(s note.Signature) time.Time {
	b, err := base64.StdEncoding.DecodeString(s.Base64)
	if err != nil || len(b) < 12 {
		return time.Time{}
	}
	return time.Unix(int64(binary.BigEndian.Uint64(b[4:])), 0).UTC()
}
