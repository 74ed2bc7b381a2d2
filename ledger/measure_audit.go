package ledger

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"rollbook/audit"
	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/eventstore/archive"
)

const proofRounds = 200

// MeasureAudit imports events into a new ledger and measures what proof costs: the
// tree, verification from the log and from the archive, rebuilds from the archive,
// proofs and bundles. It calls done after each.
func MeasureAudit(ctx context.Context, m Measuring, done func(Measured)) error {
	return m.with(ctx, done, func(l *Ledger) error {
		log, ok := l.log.(drainer)
		if !ok {
			return errors.New("the log cannot be read without the ledger")
		}
		c, err := l.Checkpoint(ctx)
		if err != nil {
			return err
		}
		// rate measures one pass over all records, in turn with the bare consumer.
		rate := func(name string, bare bool, pass func() error) error {
			result := Measured{Name: name, Records: int(c.Size)}
			if bare {
				if result.BarePerSecond, err = log.BareDrain(ctx); err != nil {
					return err
				}
			}
			begin := time.Now()
			if err := pass(); err != nil {
				return err
			}
			result.PerSecond = float64(c.Size) / time.Since(begin).Seconds()
			if bare {
				result.Ratio = result.PerSecond / result.BarePerSecond
			}
			result.PeakMB = peak()
			done(result)
			return nil
		}
		if err := l.measureTree(ctx, m, c, rate); err != nil {
			return err
		}
		if err := l.measureRebuild(ctx, "rebuild of all read models from the archive", done); err != nil {
			return err
		}
		return l.measureProofs(ctx, c, done)
	})
}

func (l *Ledger) measureTree(ctx context.Context, m Measuring, c audit.Checkpoint, rate func(string, bool, func() error) error) error {
	if err := rate("the tree from the log", true, func() error {
		tree, err := audit.Open(filepath.Join(m.Dir, "bench-tree"), c.Origin)
		if err != nil {
			return err
		}
		return tree.CatchUp(ctx, l.anchor.log)
	}); err != nil {
		return err
	}
	verify := func(log audit.Log) func() error {
		return func() error {
			v, err := audit.Verification{Log: log, Copy: true, Tiles: l.anchor.tree.Tiles(), Checkpoints: []audit.Checkpoint{c}}.Verify(ctx)
			if err == nil && !v.Good() {
				err = fmt.Errorf("not verified: %s", v.First().Detail)
			}
			return err
		}
	}
	if err := rate("verification from the log", true, verify(l.anchor.log)); err != nil {
		return err
	}
	if err := rate("the archive from the log, each record compared with its leaf", true, func() error {
		_, err := l.Archive(ctx, "", nil)
		return err
	}); err != nil {
		return err
	}
	a, err := archive.OpenReader(filepath.Join(l.dir, archiveDirectory))
	if err != nil {
		return err
	}
	return rate("verification from the archive", false, verify(a))
}

func (l *Ledger) measureProofs(ctx context.Context, c audit.Checkpoint, done func(Measured)) error {
	tiles := l.anchor.tree.Tiles()
	var took []time.Duration
	for n := range uint64(proofRounds) {
		begin := time.Now()
		if _, err := tiles.Inclusion(n*c.Size/proofRounds, c.Size); err != nil {
			return err
		}
		took = append(took, time.Since(begin))
	}
	result := Measured{Name: "inclusion proof from tiles"}
	result.spread(took)
	done(result)
	var members []domain.Subject
	for s, err := range l.anchor.log.ReplayStored(ctx, eventstore.Position(c.Size-min(c.Size, 5000)), eventstore.Position(c.Size)) {
		if err != nil {
			return err
		}
		if id, ok := audit.MemberOf(s.Subject); ok {
			members = append(members, domain.Subject("member/"+id))
		}
	}
	if len(members) == 0 {
		return errors.New("there are no members")
	}
	begin := time.Now()
	if _, err := l.Bundle(ctx, members[0]); err != nil {
		return err
	}
	first := Measured{Name: "the first bundle of a process: the member index from the whole log", PeakMB: peak()}
	first.spread([]time.Duration{time.Since(begin)})
	done(first)
	policy, err := l.Policy()
	if err != nil {
		return err
	}
	var checks []time.Duration
	took = nil
	for n := range proofRounds {
		begin := time.Now()
		b, err := l.Bundle(ctx, members[n*len(members)/proofRounds])
		if err != nil {
			return err
		}
		took = append(took, time.Since(begin))
		begin = time.Now()
		if _, err := audit.CheckBundle(b, policy, time.Now(), 0); err != nil {
			return err
		}
		checks = append(checks, time.Since(begin))
	}
	bundles := Measured{Name: "bundle of a member"}
	bundles.spread(took)
	done(bundles)
	checked := Measured{Name: "its check"}
	checked.spread(checks)
	done(checked)
	return nil
}
