package ledger

import (
	"context"

	"rollbook/eventstore"
	"rollbook/projections"
)

// ModelStatus says where a read model stands.
type ModelStatus struct {
	Name string `json:"name"`
	// Position is the last record that it has taken in.
	Position eventstore.Position `json:"position"`
	// Behind is how many records it has yet to take in.
	Behind int64 `json:"behind"`
	// Rows is how many rows it holds.
	Rows int64 `json:"rows"`
	// Digest is a hash of its rows: equal rows in equal order, equal digest.
	Digest string `json:"digest"`
	// Parked counts the subjects that wait.
	Parked int `json:"parked"`
}

// Parked is a subject that waits because a record of it was not understood.
type Parked struct {
	Subject  string              `json:"subject"`
	Position eventstore.Position `json:"position"`
	Records  int                 `json:"records"`
	Reason   string              `json:"reason"`
}

// Models returns where each read model stands, as it is, without bringing it up
// to the end of the log, and what waits.
func (l *Ledger) Models(ctx context.Context) ([]ModelStatus, []Parked, error) {
	last, err := l.log.Last(ctx)
	if err != nil {
		return nil, nil, err
	}
	var models []ModelStatus
	waiting := []Parked{}
	err = l.store.Read(ctx, func(r projections.Reader) error {
		at, err := r.Checkpoint(ctx)
		if err != nil {
			return err
		}
		parked, err := r.Parked(ctx)
		if err != nil {
			return err
		}
		for _, p := range parked {
			waiting = append(waiting, Parked{string(p.Subject), p.Position, p.Records, p.Reason})
		}
		for _, m := range projections.Models() {
			rows, digest, err := projections.Digest(ctx, r, m.Table)
			if err != nil {
				return err
			}
			models = append(models, ModelStatus{
				Name: m.Name, Position: at.Position, Behind: int64(last) - int64(at.Position),
				Rows: rows, Digest: digest, Parked: len(parked),
			})
		}
		return nil
	})
	return models, waiting, err
}

// Rebuilt says what a rebuild came to.
type Rebuilt struct {
	Models []RebuiltModel `json:"models"`
	// Position is the last record that was taken in.
	Position eventstore.Position `json:"position"`
}

// RebuiltModel compares a read model before and after.
type RebuiltModel struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`
	Digest string `json:"digest"`
	// Before is the digest that it had, after it was brought up to the same
	// position; equal to Digest unless the model was damaged.
	Before string `json:"digest_before"`
	Same   bool   `json:"same"`
}

// Rebuild makes the read models anew from the whole log, beside the living
// ones, and compares the two. Names of models pick which are compared and
// reported; since all are filled by one pass over the log, all are rebuilt.
// Progress counts records.
func (l *Ledger) Rebuild(ctx context.Context, names []string, p Progress) (Rebuilt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.CatchUp(ctx, nil); err != nil {
		return Rebuilt{}, err
	}
	before, _, err := l.Models(ctx)
	if err != nil {
		return Rebuilt{}, err
	}
	if err := l.projector(p).Rebuild(ctx); err != nil {
		return Rebuilt{}, err
	}
	after, _, err := l.Models(ctx)
	if err != nil {
		return Rebuilt{}, err
	}
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	var out Rebuilt
	for i, m := range after {
		out.Position = m.Position
		if len(names) == 0 || wanted[m.Name] {
			out.Models = append(out.Models, RebuiltModel{m.Name, m.Rows, m.Digest, before[i].Digest, before[i].Digest == m.Digest})
		}
	}
	return out, nil
}
