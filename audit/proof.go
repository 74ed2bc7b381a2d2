package audit

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rollbook/eventstore"
)

// Proof proves that one record is in the log, with nothing but a policy: the
// https://c2sp.org/tlog-proof with the leaf entry as extra data.
type Proof struct {
	// Entry is the leaf entry of the record; see [AppendEntry].
	Entry []byte
	// Index is the record's position less one.
	Index  uint64
	Hashes []Hash
	// Note is the signed checkpoint of a tree that has the record.
	Note []byte
}

const (
	proofHeader   = "c2sp.org/tlog-proof@v1"
	maxProofBytes = 1 << 20
)

// Marshal returns the proof as it is written to a file, by custom *.tlog-proof.
func (p Proof) Marshal() []byte {
	b := []byte(proofHeader + "\n")
	if len(p.Entry) > 0 {
		b = append(b, "extra "+base64.StdEncoding.EncodeToString(p.Entry)+"\n"...)
	}
	b = append(strconv.AppendUint(append(b, "index "...), p.Index, 10), '\n')
	for _, h := range p.Hashes {
		b = append(b, h.String()+"\n"...)
	}
	return append(append(b, '\n'), p.Note...)
}

// ParseProof reads what Marshal writes. What is wrong is an [*EvidenceError] with
// [ProofMalformed].
func ParseProof(b []byte) (Proof, error) {
	var p Proof
	wrong := func(what string) (Proof, error) { return Proof{}, evidence(ProofMalformed, 0, "%s", what) }
	if len(b) > maxProofBytes {
		return wrong("it is too large")
	}
	head, signed, ok := strings.Cut(string(b), "\n\n")
	if !ok || signed == "" || len(signed) > maxCheckpointBytes {
		return wrong("it has no signed checkpoint")
	}
	p.Note = []byte(signed)
	lines := strings.Split(head, "\n")
	if lines[0] != proofHeader {
		return wrong("it does not begin with " + proofHeader)
	}
	lines = lines[1:]
	if len(lines) > 0 {
		if extra, ok := strings.CutPrefix(lines[0], "extra "); ok {
			entry, err := base64.StdEncoding.Strict().DecodeString(extra)
			if err != nil || len(entry) == 0 || strings.ContainsRune(extra, '\r') {
				return wrong("its entry is not base64")
			}
			p.Entry, lines = entry, lines[1:]
		}
	}
	if len(lines) == 0 {
		return wrong("it has no index")
	}
	index, ok := strings.CutPrefix(lines[0], "index ")
	if p.Index, ok = parseSizeIf(ok, index); !ok {
		return wrong("it has no index")
	}
	if len(lines) > 1+maxProof {
		return wrong(fmt.Sprintf("a proof has at most %d hashes", maxProof))
	}
	for _, line := range lines[1:] {
		h, ok := parseHash(line)
		if !ok {
			return wrong("a line is no hash")
		}
		p.Hashes = append(p.Hashes, h)
	}
	return p, nil
}

// Proof proves a record by a signed checkpoint that has it. The tiles may be
// those of a later tree.
func (t *Tiles) Proof(record eventstore.Stored, signed SignedCheckpoint) (Proof, error) {
	if record.Position < 1 || uint64(record.Position) > signed.Size {
		return Proof{}, fmt.Errorf("the checkpoint at %d does not have the record at %d", signed.Size, record.Position)
	}
	entry, err := AppendEntry(nil, record)
	if err != nil {
		return Proof{}, err
	}
	index := uint64(record.Position) - 1
	hashes, err := t.Inclusion(index, signed.Size)
	if err != nil {
		return Proof{}, err
	}
	// The log may have been altered, and the tree not.
	if err := CheckInclusion(signed.Checkpoint, index, LeafHash(entry), hashes); err != nil {
		return Proof{}, err
	}
	return Proof{entry, index, hashes, signed.Note}, nil
}

// Verify verifies the checkpoint ([Policy.Verify]) and that the entry is in its
// tree, at the position that it names itself. It returns the checkpoint.
func (p Proof) Verify(policy *Policy, now time.Time, age time.Duration) (SignedCheckpoint, error) {
	signed, err := policy.Verify(p.Note, now, age)
	if err != nil {
		return signed, err
	}
	if len(p.Entry) < len(leafLabel)+8 || !bytes.HasPrefix(p.Entry, []byte(leafLabel)) {
		return signed, evidence(InclusionInvalid, signed.Size, "it has no leaf entry")
	}
	if position := binary.BigEndian.Uint64(p.Entry[len(leafLabel):]); position != p.Index+1 {
		return signed, evidence(InclusionInvalid, signed.Size, "the entry is of position %d, and its index is %d", position, p.Index)
	}
	return signed, CheckInclusion(signed.Checkpoint, p.Index, LeafHash(p.Entry), p.Hashes)
}

// Matches reports whether a record is the one that was proven.
func (p Proof) Matches(record eventstore.Stored) bool {
	entry, err := AppendEntry(nil, record)
	return err == nil && bytes.Equal(entry, p.Entry)
}
