package vault

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Master is the key that wraps all others (key-encryption key).
type Master struct {
	id  string
	key [keyBytes]byte
}

// ID returns the master key's name, which stands beside each key it wraps.
func (m *Master) ID() string { return m.id }

// masterFile is the form of the file, docs/format.md.
type masterFile struct {
	Format int    `json:"format"` // 1
	ID     string `json:"id"`
	Key    []byte `json:"key"` // 32 bytes
}

// ErrMasterFile means that a master key file cannot be used as it is; the text
// says why and what to do.
var ErrMasterFile = errors.New("the master key file cannot be used")

// ReadMaster reads a master key file. It returns fs.ErrNotExist if there is
// none, and [ErrMasterFile] if others than its owner can read it.
func ReadMaster(path string) (*Master, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is not a file", ErrMasterFile, path)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s can be read by others (mode %04o); take that from them (chmod 600) and consider who has read it",
			ErrMasterFile, path, info.Mode().Perm())
	}
	b, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return nil, err
	}
	var file masterFile
	// The JSON error could repeat what stands in the file, so it is left out.
	if json.Unmarshal(b, &file) != nil || file.Format != 1 || file.ID == "" || len(file.ID) > 64 || len(file.Key) != keyBytes {
		return nil, fmt.Errorf("%w: %s is damaged or of another format; restore it from its own backup", ErrMasterFile, path)
	}
	m := &Master{id: file.ID}
	copy(m.key[:], file.Key)
	return m, nil
}

// CreateMaster makes a master key and its file, which only its owner can read.
// It never writes over a file: it returns fs.ErrExist.
func CreateMaster(path string) (*Master, error) {
	m := &Master{id: "kek-" + strings.ToLower(rand.Text()[:12])}
	_, _ = rand.Read(m.key[:]) // never fails: see crypto/rand
	b, err := json.Marshal(masterFile{Format: 1, ID: m.id, Key: m.key[:]})
	if err != nil {
		return nil, err
	}
	return m, createDurably(path, append(b, '\n'))
}

// createDurably makes a file that is there whole, also after a power cut, or
// not at all, and is nobody else's.
func createDurably(path string, b []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".tmp-*") // 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	// A link, unlike a rename, fails if the name is taken.
	if err = os.Link(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
