package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Checkpoint is what a tree comes to: the body of a https://c2sp.org/tlog-checkpoint.
type Checkpoint struct {
	// Origin names the log: no spaces, plus signs or control characters.
	Origin string
	// Size is the number of records; the last one is at this position.
	Size uint64
	Root Hash
}

// maxCheckpointBytes bounds what is read as one.
const maxCheckpointBytes = 64 << 10

// ErrCheckpoint means that a text is no checkpoint.
var ErrCheckpoint = errors.New("not a checkpoint")

// String returns the three lines of the checkpoint.
func (c Checkpoint) String() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// ParseCheckpoint reads what String writes, and nothing else. A text with
// extension lines or signatures is no body of a checkpoint.
func ParseCheckpoint(text string) (Checkpoint, error) {
	var c Checkpoint
	if len(text) > maxCheckpointBytes {
		return c, fmt.Errorf("%w: it is too large", ErrCheckpoint)
	}
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return c, fmt.Errorf("%w: it must have three lines", ErrCheckpoint)
	}
	if !validOrigin(lines[0]) {
		return c, fmt.Errorf("%w: the first line is no origin", ErrCheckpoint)
	}
	size, ok := parseSize(lines[1])
	if !ok {
		return c, fmt.Errorf("%w: the second line is no size", ErrCheckpoint)
	}
	root, ok := parseHash(lines[2])
	if !ok {
		return c, fmt.Errorf("%w: the third line is no root", ErrCheckpoint)
	}
	return Checkpoint{lines[0], size, root}, nil
}

// parseSize reads a number as it is written in checkpoints and proofs: decimal,
// in its one form, at most maxSize.
func parseSize(s string) (uint64, bool) {
	size, err := strconv.ParseUint(s, 10, 64)
	return size, err == nil && size <= maxSize && strconv.FormatUint(size, 10) == s
}

// parseHash reads a hash in base64, in its one form.
func parseHash(s string) (Hash, bool) {
	if len(s) != base64.StdEncoding.EncodedLen(len(Hash{})) { // which also keeps out line breaks
		return Hash{}, false
	}
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != len(Hash{}) {
		return Hash{}, false
	}
	return Hash(b), true
}

// String returns the hash in base64.
func (h Hash) String() string { return base64.StdEncoding.EncodeToString(h[:]) }

func validOrigin(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '+' || r >= 0x7f })
}
