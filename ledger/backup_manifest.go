package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rollbook/eventstore"
)

// manifest is what backup.json holds.
type manifest struct {
	Format   int                 `json:"format"` // 1
	Ledger   string              `json:"ledger"` // its name
	Origin   string              `json:"origin"`
	Taken    time.Time           `json:"taken"`
	Position eventstore.Position `json:"position"`
	Root     string              `json:"root"`
	// Signed is the size of the newest signed checkpoint, 0 without one.
	Signed uint64 `json:"signed"`
	// KEK is the name of the master key that the keys are wrapped under.
	KEK  string `json:"kek"`
	Keys int    `json:"keys"`
	// Secrets are the files in the state directory that open or sign.
	Secrets []string `json:"secrets,omitempty"`
	State   string   `json:"state"`
	Files   []copied `json:"files"`
	// SHA256 is that of this document without it.
	SHA256 string `json:"sha256,omitempty"`
}

// copied is a file of a backup. One that is only added to may be longer by now; a
// segment may have been sealed.
type copied struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// DamagedBackupError reports that a backup is not what was written, or that its
// records do not come to what was signed.
type DamagedBackupError struct {
	Path string
	// Sequence is the first record that is wrong or cannot be read, 0 if it is not
	// about one.
	Sequence eventstore.Position
	Detail   string
}

func (e *DamagedBackupError) Error() string {
	if e.Sequence > 0 {
		return fmt.Sprintf("the backup is damaged: %s, first bad sequence %d: %s", e.Path, e.Sequence, e.Detail)
	}
	return fmt.Sprintf("the backup is damaged: %s: %s", e.Path, e.Detail)
}

const (
	segmentSealed = ".seg"
	segmentOpen   = ".open"
)

// describe lists the files of a backup with their sizes and hashes.
func (m *manifest) describe(dir string) error {
	list := []string{leavesFile}
	for _, sub := range []string{archiveDirectory, m.State} {
		found, err := os.ReadDir(filepath.Join(dir, sub))
		if err != nil {
			return err
		}
		for _, f := range found {
			if name := f.Name(); sub == m.State || name == "archive.json" || strings.HasSuffix(name, segmentSealed) || strings.HasSuffix(name, segmentOpen) {
				list = append(list, sub+"/"+name)
			}
		}
	}
	m.Files = nil
	for _, path := range list {
		f, err := os.Open(filepath.Join(dir, filepath.FromSlash(path)))
		if err != nil {
			return err
		}
		h := sha256.New()
		n, err := io.Copy(h, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
		m.Files = append(m.Files, copied{path, n, hex.EncodeToString(h.Sum(nil))})
	}
	return nil
}

func (m *manifest) marshal() ([]byte, error) {
	plain := *m
	plain.SHA256 = ""
	b, err := json.Marshal(plain)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	plain.SHA256 = hex.EncodeToString(sum[:])
	b, err = json.MarshalIndent(plain, "", " ")
	return append(b, '\n'), err
}

// write makes the backup the one that counts.
func (m *manifest) write(dir string) error {
	for _, d := range []string{dir, filepath.Join(dir, archiveDirectory)} {
		if err := syncDirectory(d); err != nil {
			return err
		}
	}
	b, err := m.marshal()
	if err != nil {
		return err
	}
	return writeDurably(filepath.Join(dir, manifestFile), b)
}

// readManifest reads what a backup consists of. It returns [ErrNoBackup] if there
// is none, and a [*DamagedBackupError] if it is not as it was written.
func readManifest(dir string) (*manifest, error) {
	path := filepath.Join(dir, manifestFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s has no %s; make one with `rollbook backup`, or name the right directory", ErrNoBackup, dir, manifestFile)
	}
	if err != nil {
		return nil, err
	}
	var m manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, &DamagedBackupError{Path: manifestFile, Detail: "it is no JSON document"}
	}
	if m.Format > manifestFormat {
		return nil, &DamagedBackupError{Path: manifestFile, Detail: fmt.Sprintf("it is of format %d, and this program knows format %d", m.Format, manifestFormat)}
	}
	if again, err := m.marshal(); err != nil || !bytes.Equal(again, b) {
		return nil, &DamagedBackupError{Path: manifestFile, Detail: "it is not what was written"}
	}
	return &m, nil
}

// open opens a file of the backup, for as many bytes as belong to it.
func (c copied) open(dir string) (io.ReadCloser, error) {
	if !filepath.IsLocal(filepath.FromSlash(c.Path)) {
		return nil, fs.ErrInvalid
	}
	path := filepath.Join(dir, filepath.FromSlash(c.Path))
	f, err := os.Open(path)
	if open, was := strings.CutSuffix(path, segmentOpen); was && errors.Is(err, fs.ErrNotExist) {
		f, err = os.Open(open + segmentSealed)
	}
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(f, c.Size), f}, nil
}

// check compares a file of the backup with its hash.
func (c copied) check(dir string) error {
	f, err := c.open(dir)
	if err != nil {
		return &DamagedBackupError{Path: c.Path, Detail: err.Error()}
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return &DamagedBackupError{Path: c.Path, Detail: err.Error()}
	}
	if n != c.Size {
		return &DamagedBackupError{Path: c.Path, Detail: fmt.Sprintf("it has %d bytes of %d", n, c.Size)}
	}
	if hex.EncodeToString(h.Sum(nil)) != c.SHA256 {
		return &DamagedBackupError{Path: c.Path, Detail: "its content is not what was written"}
	}
	return nil
}
