package audit

import (
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// The codes of what is signed and proven.
const (
	// CheckpointMalformed means that a text is no signed checkpoint.
	CheckpointMalformed Code = "CHECKPOINT_MALFORMED"
	// CheckpointSignature means that a signature is wrong, or that no key signed
	// that the policy knows for this log.
	CheckpointSignature Code = "CHECKPOINT_SIGNATURE"
	// CheckpointStale means that no quorum has cosigned lately: newer checkpoints
	// may be kept back.
	CheckpointStale Code = "CHECKPOINT_STALE"
	// CheckpointInconsistent means that one checkpoint does not go on from another:
	// what was recorded before it was changed.
	CheckpointInconsistent Code = "CHECKPOINT_INCONSISTENT"
	// CheckpointRollback means that a checkpoint is older than one that is known.
	CheckpointRollback Code = "CHECKPOINT_ROLLBACK"
	// SplitView means that there are two checkpoints of one size: two people were
	// shown two logs.
	SplitView Code = "SPLIT_VIEW"
	// WitnessQuorum means that too few witnesses have cosigned.
	WitnessQuorum Code = "WITNESS_QUORUM"
	// WitnessFuture means that there would be a quorum, but for cosignatures of a
	// time that is yet to come.
	WitnessFuture Code = "WITNESS_FUTURE"
	// InclusionInvalid means that a record is not proven to be at its position.
	InclusionInvalid Code = "INCLUSION_INVALID"
	// ProofMalformed means that a text is no proof.
	ProofMalformed Code = "PROOF_MALFORMED"
	// TileCorrupt means that a file of the tree is not what it was.
	TileCorrupt Code = "TILE_CORRUPT"
	// BundleMalformed means that a text is no bundle of this member.
	BundleMalformed Code = "BUNDLE_MALFORMED"
	// BundleGap means that a bundle leaves out a record before its last one.
	BundleGap Code = "BUNDLE_GAP"
	// BundleTail means that a bundle leaves out the member's last records.
	BundleTail Code = "BUNDLE_TAIL"
	// IndexProofInvalid means that it is not proven what the member index says.
	IndexProofInvalid Code = "INDEX_PROOF_INVALID"
	// IndexRootMismatch means that an index root is recorded that is not the one of
	// the records before it.
	IndexRootMismatch Code = "INDEX_ROOT_MISMATCH"
	// ReportMalformed means that a text is no attestation of a report.
	ReportMalformed Code = "REPORT_MALFORMED"
	// ReportMismatch means that a report is not what was attested.
	ReportMismatch Code = "REPORT_MISMATCH"
)

// Missing reports whether the code says that evidence is missing. All others say
// that evidence is there, and speaks against the log or against itself.
func (c Code) Missing() bool { return c == WitnessQuorum || c == CheckpointStale }

// EvidenceError reports that a signed checkpoint, a proof or a tile does not
// hold.
type EvidenceError struct {
	Code Code
	// Size is the size of the tree that it is about; zero if that is not known.
	Size   uint64
	Detail string
	// Path is the file of a [TileCorrupt], below the tree's directory.
	Path string
}

func (e *EvidenceError) Error() string { return fmt.Sprintf("%s: %s", e.Code, e.Detail) }

func evidence(code Code, size uint64, format string, args ...any) *EvidenceError {
	return &EvidenceError{Code: code, Size: size, Detail: fmt.Sprintf(format, args...)}
}

// MaxSize is the largest size of a tree that is read, 2^56. The arithmetic of
// tlog does not end for sizes beyond 2^62.
const maxSize = 1 << 56

// maxProof is how many hashes a proof can have.
const maxProof = 63

// CheckConsistency checks that the tree of one checkpoint begins with the tree
// of another: that since then records were added, and none was changed. What
// speaks against it is an [*EvidenceError] ([SplitView], [CheckpointRollback],
// [CheckpointInconsistent]), or [ErrOrigin] if they are of two logs.
func CheckConsistency(older, newer Checkpoint, proof []Hash) error {
	switch {
	case older.Origin != newer.Origin:
		return fmt.Errorf("%w: %s and %s", ErrOrigin, older.Origin, newer.Origin)
	case older.Size > maxSize || newer.Size > maxSize || len(proof) > maxProof:
		return evidence(CheckpointInconsistent, newer.Size, "%d → %d: there are no trees or proofs of that size", older.Size, newer.Size)
	case newer.Size < older.Size:
		return evidence(CheckpointRollback, newer.Size, "the checkpoint at %d is older than the one at %d", newer.Size, older.Size)
	case newer.Size == older.Size && newer.Root != older.Root:
		return evidence(SplitView, newer.Size, "there are two roots at %d, %s and %s", newer.Size, older.Root.short(), newer.Root.short())
	case older.Size == 0 && older.Root != emptyRoot, newer.Size == 0 && newer.Root != emptyRoot:
		return evidence(CheckpointInconsistent, newer.Size, "the root of a tree without records is another")
	case older.Size == 0 || older.Size == newer.Size:
		if len(proof) > 0 {
			return evidence(CheckpointInconsistent, newer.Size, "%d → %d: the proof must be empty", older.Size, newer.Size)
		}
		return nil
	}
	if err := tlog.CheckTree(tlogHashes(proof), int64(newer.Size), tlog.Hash(newer.Root), int64(older.Size), tlog.Hash(older.Root)); err != nil {
		return evidence(CheckpointInconsistent, newer.Size, "%d → %d: the later tree does not go on from the earlier one, or the proof is another's", older.Size, newer.Size)
	}
	return nil
}

// CheckInclusion checks that the leaf with an index, which is the position of
// its record less one, is in the tree of a checkpoint. If not, it returns an
// [*EvidenceError] with [InclusionInvalid].
func CheckInclusion(c Checkpoint, index uint64, leaf Hash, proof []Hash) error {
	if c.Size > maxSize || index >= c.Size || len(proof) > maxProof {
		return evidence(InclusionInvalid, c.Size, "a tree of %d records has no leaf %d, or no proof of %d hashes", c.Size, index, len(proof))
	}
	if err := tlog.CheckRecord(tlogHashes(proof), int64(c.Size), tlog.Hash(c.Root), int64(index), tlog.Hash(leaf)); err != nil {
		return evidence(InclusionInvalid, c.Size, "the leaf %s is not proven to be number %d of %d", leaf.short(), index, c.Size)
	}
	return nil
}

func tlogHashes(hashes []Hash) []tlog.Hash {
	out := make([]tlog.Hash, len(hashes))
	for i, h := range hashes {
		out[i] = tlog.Hash(h)
	}
	return out
}

func ourHashes(hashes []tlog.Hash) []Hash {
	out := slices.Grow([]Hash(nil), len(hashes))
	for _, h := range hashes {
		out = append(out, Hash(h))
	}
	return out
}
