package ledger

import (
	"context"
	"errors"
	"slices"

	"rollbook/domain"
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

// Generation is one set of the read models: the one that figures are read from,
// or the one before it.
type Generation struct {
	Number   int64               `json:"number"`
	Position eventstore.Position `json:"position"`
	// Version names the program that filled it. Ours tells whether this one can
	// use it.
	Version string `json:"version"`
	Ours    bool   `json:"usable"`
	Live    bool   `json:"live"`
	Before  bool   `json:"before"`
	// Ready is false while it is being filled.
	Ready bool `json:"ready"`
}

// Generations returns the sets of read models that are kept.
func (l *Ledger) Generations(ctx context.Context) ([]Generation, error) {
	list, err := l.store.Generations(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Generation, len(list))
	for i, g := range list {
		out[i] = Generation{g.Number, g.Position, g.Version, g.Version == l.store.Version(), g.Live, g.Before, g.Ready}
	}
	return out, nil
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
	from, done, err := l.living(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	err = from.Read(ctx, func(r projections.Reader) error {
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
		models, err = status(ctx, r)
		for i := range models {
			models[i].Behind = int64(last) - int64(at.Position)
		}
		return err
	})
	return models, waiting, err
}

func status(ctx context.Context, r projections.Reader) (models []ModelStatus, err error) {
	at, err := r.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	parked, err := r.Parked(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range projections.Models() {
		rows, digest, err := projections.Digest(ctx, r, m.Table)
		if err != nil {
			return nil, err
		}
		models = append(models, ModelStatus{Name: m.Name, Position: at.Position, Rows: rows, Digest: digest, Parked: len(parked)})
	}
	return models, nil
}

// living returns the living generation to be looked at, whichever program
// filled it.
func (l *Ledger) living(ctx context.Context) (from projections.Store, done func(), err error) {
	list, err := l.store.Generations(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, g := range list {
		if g.Live && g.Version != l.store.Version() {
			s, err := l.store.Open(ctx, g.Number)
			return s, func() { _ = s.Close() }, err // it was only read
		}
	}
	return l.store, func() {}, nil
}

// Rebuilt says what a rebuild came to.
type Rebuilt struct {
	Models []RebuiltModel `json:"models"`
	// Position is the last record that was taken in.
	Position eventstore.Position `json:"position"`
	// Generation is the set of read models that is live now.
	Generation int64 `json:"generation"`
	// Differences names, by record, what came out otherwise than it was: the
	// first mostDifferences of Differing.
	Differing   int                      `json:"differing"`
	Differences []projections.Difference `json:"differences"`
}

const mostDifferences = 1000

// RebuiltModel compares a read model before and after.
type RebuiltModel struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`
	Digest string `json:"digest"`
	// Before is the digest that it had at the same position.
	Before string `json:"digest_before"`
	Same   bool   `json:"same"`
}

// ErrNothingBefore means that there are no read models to return to: no rebuild
// has replaced any, or another version of the program filled them.
var ErrNothingBefore = errors.New("there are no earlier read models to return to")

// Rebuilding says what is to be made anew.
type Rebuilding struct {
	// Models are those whose rows are made anew; all, and what is kept of each
	// subject too, if empty. The others stay as they are.
	Models []string
	// Subject is the one whose part is made anew, if not all is. The other parts
	// stay as they are. It goes before Models.
	Subject domain.Subject
	// Try leaves everything as it is, and only compares.
	Try bool
}

// Rebuild makes the read models anew from the log, beside the living ones, which
// go on being read and written; compares the two, names each difference with its
// reason, and switches at once. The ones before are kept: see [Ledger.SwitchBack].
// One that ends half way leaves nothing behind. It returns
// [projections.ErrBusy] when another process is at it. Progress counts records.
func (l *Ledger) Rebuild(ctx context.Context, what Rebuilding, p Progress) (out Rebuilt, err error) {
	if err := l.catchUpLiving(ctx); err != nil {
		return out, err
	}
	shadow, err := l.store.Begin(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, shadow.Close()) }()
	if err := l.fill(ctx, shadow, what, p); err != nil {
		return out, err
	}
	if out, err = l.contrast(ctx, shadow); err != nil {
		return out, err
	}
	if len(what.Models) > 0 && what.Subject == "" {
		out.Models = slices.DeleteFunc(out.Models, func(m RebuiltModel) bool { return !slices.Contains(what.Models, m.Name) })
	}
	if what.Try {
		return out, nil
	}
	out.Generation = shadow.Number()
	return out, l.install(ctx, shadow)
}

// Checked is what one way to make the read models came to.
type Checked struct {
	Way string `json:"way"`
	// Digests are those of the models, by name.
	Digests map[string]string `json:"digests"`
	// Differences from the living ones, the first mostDifferences of Differing.
	Differing   int                      `json:"differing"`
	Differences []projections.Difference `json:"differences"`
}

// Check makes the read models anew in several ways, cut up otherwise each time,
// and compares each with the living ones. It changes nothing. Progress counts
// records, of all ways.
func (l *Ledger) Check(ctx context.Context, p Progress) (at eventstore.Position, checked []Checked, err error) {
	if err := l.CatchUp(ctx, nil); err != nil {
		return 0, nil, err
	}
	err = l.store.Read(ctx, func(living projections.Reader) error {
		from, err := living.Checkpoint(ctx)
		if err != nil {
			return err
		}
		at = from.Position
		ways := projections.Variations()
		for i, way := range ways {
			done := func(done, _ int64) {
				if p != nil {
					p(int64(i)*int64(at)+done, int64(len(ways))*int64(at))
				}
			}
			c, err := l.checkOne(ctx, living, at, way, done)
			if err != nil {
				return err
			}
			checked = append(checked, c)
		}
		return nil
	})
	return at, checked, err
}

func (l *Ledger) checkOne(ctx context.Context, living projections.Reader, at eventstore.Position, way projections.Variation, p Progress) (c Checked, err error) {
	c = Checked{Way: way.Name, Digests: map[string]string{}, Differences: []projections.Difference{}}
	shadow, err := l.store.Begin(ctx)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, shadow.Close()) }()
	projector := l.projector(p)
	projector.Store, projector.How = shadow, way
	if err := projector.Vary(ctx, at); err != nil {
		return c, err
	}
	err = shadow.Read(ctx, func(anew projections.Reader) error {
		models, err := status(ctx, anew)
		if err != nil {
			return err
		}
		for _, m := range models {
			c.Digests[m.Name] = m.Digest
		}
		found, err := projections.Compare(ctx, living, anew, true)
		c.Differing = len(found)
		c.Differences = append(c.Differences, found[:min(len(found), mostDifferences)]...)
		return err
	})
	return c, err
}

// catchUpLiving brings the living read models up to the end of the log, so that
// less is left to do in the end. Those of another program stay as they are.
func (l *Ledger) catchUpLiving(ctx context.Context) error {
	err := l.store.Read(ctx, func(projections.Reader) error { return nil })
	if errors.Is(err, projections.ErrVersion) {
		return nil
	}
	return l.CatchUp(ctx, nil)
}

func (l *Ledger) fill(ctx context.Context, shadow projections.Shadow, what Rebuilding, p Progress) error {
	projector := l.projector(p)
	switch {
	case what.Subject != "":
		return projector.RebuildPart(ctx, shadow, what.Subject)
	case len(what.Models) > 0:
		return projector.RebuildModels(ctx, shadow, what.Models)
	}
	projector.Store = shadow
	return projector.CatchUp(ctx)
}

// contrast compares a generation with the living one, at the same position.
func (l *Ledger) contrast(ctx context.Context, shadow projections.Shadow) (out Rebuilt, err error) {
	from, done, err := l.living(ctx)
	if err != nil {
		return out, err
	}
	defer done()
	out.Differences = []projections.Difference{}
	err = from.Read(ctx, func(living projections.Reader) error {
		at, err := living.Checkpoint(ctx)
		if err != nil {
			return err
		}
		projector := l.projector(nil)
		projector.Store = shadow
		err = projector.CatchUpTo(ctx, at.Position)
		if ours := from == projections.Store(l.store); errors.Is(err, projections.ErrAhead) && !ours {
			return nil // another program's stand still, and the log has gone on
		} else if err != nil {
			return err
		}
		before, err := status(ctx, living)
		if err != nil {
			return err
		}
		return shadow.Read(ctx, func(anew projections.Reader) error {
			after, err := status(ctx, anew)
			if err != nil {
				return err
			}
			for i, m := range after {
				out.Position = m.Position
				out.Models = append(out.Models, RebuiltModel{m.Name, m.Rows, m.Digest, before[i].Digest, before[i].Digest == m.Digest})
			}
			found, err := projections.Compare(ctx, living, anew, from == projections.Store(l.store))
			out.Differing = len(found)
			out.Differences = append(out.Differences, found[:min(len(found), mostDifferences)]...)
			return err
		})
	})
	return out, err
}

// install makes a generation live when nothing is being decided on, and lets
// decisions rest on it.
func (l *Ledger) install(ctx context.Context, shadow projections.Shadow) error {
	projector := l.projector(nil)
	projector.Store = shadow
	if err := projector.CatchUp(ctx); err != nil { // most of it, while others go on
		return err
	}
	return l.exchange(ctx, func() error {
		if err := projector.CatchUp(ctx); err != nil {
			return err
		}
		return projections.Install(ctx, l.store, shadow)
	})
}

// exchange calls f, which makes other read models live, while nothing is decided
// on and nobody brings the read models up.
func (l *Ledger) exchange(ctx context.Context, f func() error) error {
	leave, err := l.desk.enter(ctx, []need{{what: structure}})
	if err != nil {
		return err
	}
	defer leave()
	if err := l.catching.Acquire(ctx, 1); err != nil {
		return err
	}
	defer l.catching.Release(1)
	if err := f(); err != nil {
		return err
	}
	l.desk.discard()
	return nil
}

// SwitchBack makes the read models live again that the last rebuild replaced, at
// once; calling it again undoes that. It returns [ErrNothingBefore] if there are
// none that this program can use.
func (l *Ledger) SwitchBack(ctx context.Context) (live Generation, err error) {
	list, err := l.Generations(ctx)
	if err != nil {
		return live, err
	}
	var from int64
	for _, g := range list {
		if g.Live {
			from = g.Number
		}
		if g.Before && g.Ready {
			live = g
		}
	}
	if live.Number == 0 || !live.Ours {
		return Generation{}, ErrNothingBefore
	}
	if err := l.exchange(ctx, func() error { return l.store.Switch(ctx, from, live.Number) }); err != nil {
		return Generation{}, err
	}
	live.Live, live.Before = true, false
	return live, nil
}
