package projections

import (
	"context"
	"errors"
)

// Rebuild makes the read models anew from the whole log, beside the living ones,
// and makes them live. It returns [ErrBusy] if somebody else does the same. One
// that is stopped half way leaves nothing behind.
func (p *Projector) Rebuild(ctx context.Context, home Home) (err error) {
	shadow, err := home.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shadow.Close()) }()
	beside := *p
	beside.Store = shadow
	// While the bulk is loaded the log goes on.
	if err := beside.CatchUp(ctx); err != nil {
		return err
	}
	if err := beside.CatchUp(ctx); err != nil {
		return err
	}
	return Install(ctx, home, shadow)
}

// Install makes a generation live, whichever is, and removes all but that and
// the one that was live before.
func Install(ctx context.Context, home Home, shadow Shadow) error {
	list, err := home.Generations(ctx)
	if err != nil {
		return err
	}
	for _, g := range list {
		if g.Live {
			if err := home.Switch(ctx, g.Number, shadow.Number()); err != nil {
				return err
			}
		}
	}
	for _, g := range list {
		if g.Live || g.Number == shadow.Number() || !g.Ready {
			continue
		}
		if err := home.Drop(ctx, g.Number); err != nil && !errors.Is(err, ErrNoGeneration) {
			return err
		}
	}
	return nil
}
