package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"rollbook/eventstore"
	"rollbook/projections"
)

// ErrNotReached means that the log did not reach a position in the time that was
// given.
var ErrNotReached = errors.New("the position was not reached in time")

// lag returns how far a position is behind the end of the log.
func (l *Ledger) lag(ctx context.Context, at eventstore.Position) (lag projections.Lag, err error) {
	last, err := l.log.Last(ctx)
	if err != nil || last <= at {
		return lag, err
	}
	lag.Behind = int64(last - at)
	next, err := l.log.Get(ctx, at+1)
	if err != nil {
		return lag, err
	}
	lag.Seconds = max(0, time.Since(next.Time).Seconds()) // the log's clock may go before ours
	return lag, nil
}

// Await brings the read models at least up to a position, such as that of one's
// own write, and waits for the log to have it, but no longer than a time. It
// returns [ErrNotReached] after that.
func (l *Ledger) Await(ctx context.Context, at eventstore.Position, most time.Duration) error {
	last, err := l.log.Last(ctx)
	if err != nil {
		return err
	}
	if last < at {
		if last, err = l.follow(ctx, last, at, most); err != nil {
			return err
		}
		if last < at {
			return fmt.Errorf("%w: %d is asked for, and the log ends at %d", ErrNotReached, at, last)
		}
	}
	return l.CatchUp(ctx, nil)
}

// follow waits until the log, which ended at last, reaches a position or the time
// is over, and returns where it ends.
func (l *Ledger) follow(ctx context.Context, last, at eventstore.Position, most time.Duration) (eventstore.Position, error) {
	waiting, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	for rec, err := range l.log.Follow(waiting, last) {
		switch {
		case err == nil:
			if last = rec.Position; last >= at {
				return last, nil
			}
		case ctx.Err() == nil && waiting.Err() != nil:
			return last, nil
		default:
			return last, err
		}
	}
	return last, ctx.Err()
}

// Metrics returns what an operator follows of the read models, to be registered
// with Prometheus. A collection reads the checkpoint and the log's end. Nothing in
// it is personal.
//
//	rollbook_projection_up                  0 if the read models or the log could not be read
//	rollbook_projection_position{model}     the last sequence that was taken in
//	rollbook_projection_lag_events          records that were not
//	rollbook_projection_lag_seconds         age of the first of those
//	rollbook_projection_parked              subjects that wait
//	rollbook_projection_events_total        records taken in by this process, rebuilds included
func (l *Ledger) Metrics() prometheus.Collector { return metrics{l} }

type metrics struct{ ledger *Ledger }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("rollbook_projection_"+name, help, labels, nil)
}

// Describe implements [prometheus.Collector].
func (m metrics) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, out) }

// Collect implements [prometheus.Collector].
func (m metrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	gauge := func(name, help string, value float64) {
		out <- prometheus.MustNewConstMetric(describe(name, help), prometheus.GaugeValue, value)
	}
	out <- prometheus.MustNewConstMetric(describe("events_total", "Records that this process has taken into read models, rebuilds included."),
		prometheus.CounterValue, float64(m.ledger.booked.Load()))
	var at projections.Checkpoint
	var parked []projections.Parked
	err := m.ledger.store.Read(ctx, func(r projections.Reader) (err error) {
		if at, err = r.Checkpoint(ctx); err == nil {
			parked, err = r.Parked(ctx)
		}
		return err
	})
	var lag projections.Lag
	if err == nil {
		lag, err = m.ledger.lag(ctx, at.Position)
	}
	const up = "Whether the read models and the log could be read."
	if err != nil {
		gauge("up", up, 0)
		return
	}
	gauge("up", up, 1)
	for _, model := range projections.Models() {
		out <- prometheus.MustNewConstMetric(describe("position", "Sequence of the last record that the read model has taken in.", "model"),
			prometheus.GaugeValue, float64(at.Position), model.Name)
	}
	gauge("lag_events", "Records of the log that the read models have not taken in.", float64(lag.Behind))
	gauge("lag_seconds", "Age of the oldest record that the read models have not taken in, 0 if there is none.", lag.Seconds)
	gauge("parked", "Subjects that wait because a record was not understood.", float64(len(parked)))
}
