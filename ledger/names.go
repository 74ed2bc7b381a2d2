package ledger

import (
	"context"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/projections"
)

// NamesOf returns what members are called at the end of a day, as known at a
// position (0 for now). Who is unknown, was erased, or whose name cannot be opened
// is left out. Names are kept as for [Ledger.Register].
func (l *Ledger) NamesOf(ctx context.Context, members []domain.Subject, day domain.Date, known eventstore.Position) (map[domain.Subject]string, error) {
	if err := l.names.refresh(ctx, l); err != nil {
		return nil, err
	}
	out := map[domain.Subject]string{}
	err := l.store.Read(ctx, func(r projections.Reader) error {
		for _, m := range members {
			found, ok, err := r.Subject(ctx, m)
			if err != nil {
				return err
			}
			given := l.names.of(found.Number)
			if !ok || len(given) == 0 || l.keys.erased(m) {
				continue
			}
			t, err := found.Timeline()
			if err != nil {
				return err
			}
			if known != 0 {
				t = t.KnownAt(uint64(known))
			}
			if name := t.NameOn(day, given); name.Full != "" {
				out[m] = name.Full
			}
		}
		return nil
	})
	return out, err
}
