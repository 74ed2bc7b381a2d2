package service

import (
	"context"

	"rollbook/ledger"
	"rollbook/web/access"
)

// Checkpoint returns the newest signed checkpoint, nil if there is none yet. It
// holds no fact, and everybody who has signed in may have it: the more keep it,
// the better.
func (s *Service) Checkpoint(ctx context.Context) (*ledger.Signed, error) {
	if _, ok := access.VisitorFrom(ctx); !ok {
		return nil, access.ErrStranger
	}
	return s.Ledger.Signed(ctx)
}

// Verify recomputes everything that the ledger claims from the stored bytes, while
// it goes on being used. It needs [access.Audit] for the whole ledger.
func (s *Service) Verify(ctx context.Context, what ledger.Verifying) (ledger.Verification, error) {
	if err := s.Access.Allowed(ctx, access.Audit, ""); err != nil {
		return ledger.Verification{}, err
	}
	if err := s.Access.Note(ctx, access.Note{What: "verification_begun"}); err != nil {
		return ledger.Verification{}, err
	}
	return s.Ledger.Verify(ctx, what, nil)
}
