package ledger

import (
	"context"
	"errors"

	"rollbook/audit"
	"rollbook/domain"
)

// Proven is how far what is stored of a subject is proven to be in the log.
type Proven struct {
	// At is the size of the newest signed checkpoint; 0 if none was signed.
	At uint64 `json:"at"`
	// Records is how many records the checkpoint covers, each of which was hashed
	// anew from its stored bytes and is in the tree that was signed.
	Records int `json:"records"`
	// Pending is how many came after the checkpoint.
	Pending int `json:"pending"`
	// Wrong is what does not hold, nil if all does.
	Wrong *audit.EvidenceError `json:"-"`
}

// Prove proves each record of a subject by the newest signed checkpoint, which is
// verified by the ledger's policy. It records and signs nothing: what came after the
// checkpoint is pending. Unlike [Ledger.Bundle] it does not prove that no record
// was left out.
func (l *Ledger) Prove(ctx context.Context, subject domain.Subject) (out Proven, err error) {
	signed, err := l.Signed(ctx)
	if err != nil {
		return out, err
	}
	if signed != nil {
		if wrong, ok := errors.AsType[*audit.EvidenceError](signed.Verdict); ok && !wrong.Code.Missing() {
			out.Wrong = wrong
			return out, nil
		}
		out.At = signed.Size
	}
	records, err := l.log.Load(ctx, string(subject), 0)
	if err != nil {
		return out, err
	}
	tiles := l.anchor.tree.Tiles()
	for _, rec := range records {
		if uint64(rec.Position) > out.At {
			out.Pending++
			continue
		}
		for stored, err := range l.anchor.log.ReplayStored(ctx, rec.Position-1, rec.Position) {
			if err == nil {
				_, err = tiles.Proof(stored, signed.SignedCheckpoint)
			}
			if wrong, ok := errors.AsType[*audit.EvidenceError](err); ok {
				out.Wrong = wrong
				return out, nil
			}
			if err != nil {
				return out, err
			}
			out.Records++
		}
	}
	return out, nil
}
