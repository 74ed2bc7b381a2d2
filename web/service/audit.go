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
