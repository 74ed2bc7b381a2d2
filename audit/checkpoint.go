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
	lines := strings.Split(text, "\n")
	if len(text) > maxCheckpointBytes || len(lines) != 4 || lines[3] != "" {
		return c, fmt.Errorf("%w: it must have three lines", ErrCheckpoint)
	}
	if !validOrigin(lines[0]) {
		return c, fmt.Errorf("%w: the first line is no origin", ErrCheckpoint)
	}
	size, err := strconv.ParseUint(lines[1], 10, 63)
	if err != nil || strconv.FormatUint(size, 10) != lines[1] {
		return c, fmt.Errorf("%w: the second line is no size", ErrCheckpoint)
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != len(c.Root) || base64.StdEncoding.EncodeToString(root) != lines[2] {
		return c, fmt.Errorf("%w: the third line is no root", ErrCheckpoint)
	}
	return Checkpoint{lines[0], size, Hash(root)}, nil
}

func validOrigin(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '+' || r >= 0x7f })
}
