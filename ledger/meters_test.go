package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"rollbook/eventstore"
	"rollbook/ledger"
)

// series returns what a registry of a ledger shows: a value for each counter and
// gauge, and for each histogram how much it has seen.
func series(t testing.TB, l *ledger.Ledger) map[string]float64 {
	t.Helper()
	families, err := l.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, label := range m.GetLabel() {
				name += " " + label.GetValue()
			}
			switch {
			case m.GetHistogram() != nil:
				values[name] = float64(m.GetHistogram().GetSampleCount())
			case m.GetCounter() != nil:
				values[name] = m.GetCounter().GetValue()
			default:
				values[name] = m.GetGauge().GetValue()
			}
		}
	}
	return values
}

func shows(t testing.TB, l *ledger.Ledger, want map[string]float64) {
	t.Helper()
	got := series(t, l)
	for name, value := range want {
		if v, ok := got[name]; !ok || v != value {
			t.Errorf("%s = %v (there: %v), want %v", name, v, ok, value)
		}
	}
}

func TestMetricsOfTheFeed(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	if _, ok := series(t, l)["rollbook_feed_position"]; ok {
		t.Error("there is a position of a feed that nobody has looked at")
	}
	if _, err := l.Publish(t.Context(), false, nil); err != nil {
		t.Fatal(err)
	}
	shows(t, l, map[string]float64{"rollbook_feed_position": 5, "rollbook_feed_published_total": 5, "rollbook_feed_lag_events": 0, "rollbook_feed_lag_seconds": 0})
	mustAccept(t, l, newcomer("later", "2020-01-01"))
	shows(t, l, map[string]float64{"rollbook_feed_position": 5, "rollbook_feed_published_total": 5, "rollbook_feed_lag_events": 1})
	if lag := series(t, l)["rollbook_feed_lag_seconds"]; lag <= 0 {
		t.Errorf("the lag is %v seconds", lag)
	}
	if _, err := l.Publish(t.Context(), false, nil); err != nil { // the last message is compared, and not counted
		t.Fatal(err)
	}
	shows(t, l, map[string]float64{"rollbook_feed_position": 6, "rollbook_feed_published_total": 6, "rollbook_feed_lag_events": 0})
}

// unwell is a log that says why it takes nothing.
type unwell struct {
	ledger.Log
	because error
}

func (u unwell) Health(context.Context) error { return u.because }

func TestHealthSaysWhyTheLogTakesNothing(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	if h, err := l.Health(t.Context()); err != nil || h.Alarm != nil || h.Last != 5 {
		t.Errorf("Health = %+v, %v", h, err)
	}
	shows(t, l, map[string]float64{"rollbook_log_up": 1})
	full := fmt.Errorf("%w: the disk is full", eventstore.ErrUnavailable)
	l.WrapLog(func(inner ledger.Log) ledger.Log { return unwell{inner, full} })
	if h, err := l.Health(t.Context()); err != nil || !errors.Is(h.Alarm, full) || h.Last != 5 {
		t.Errorf("with a full disk, Health = %+v, %v", h, err)
	}
	shows(t, l, map[string]float64{"rollbook_log_up": 0, "rollbook_log_records": 5})
}

func TestAppendsThatAreRefusedAreCountedByReason(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	fails := func(err error) func(func() (eventstore.Position, error)) (eventstore.Position, error) {
		return func(func() (eventstore.Position, error)) (eventstore.Position, error) { return 0, err }
	}
	log := &unreliable{}
	l.WrapLog(func(inner ledger.Log) ledger.Log { log.Log = inner; return log })
	for code, err := range map[string]error{
		"unavailable": fmt.Errorf("%w: planned", eventstore.ErrUnavailable), "unknown_outcome": fmt.Errorf("%w: planned", eventstore.ErrUnknownOutcome),
		"invalid": fmt.Errorf("%w: planned", eventstore.ErrInvalid),
	} {
		before := series(t, l)
		log.next = append(log.next, fails(err))
		if out, err := l.Record(t.Context(), []byte(newcomer("after-"+code, "2020-01-01"))); err == nil {
			t.Fatalf("Record = %+v", out)
		}
		shows(t, l, map[string]float64{
			"rollbook_append_refused_total " + code: before["rollbook_append_refused_total "+code] + 1,
			"rollbook_record_refused_total " + code: before["rollbook_record_refused_total "+code] + 1,
			"rollbook_record_events_total refused":  before["rollbook_record_events_total refused"] + 1,
			"rollbook_append_in_flight":             0,
		})
	}
	// Somebody else was first: it is decided on anew, and stored.
	log.next = append(log.next, fails(&eventstore.VersionError{Stream: "member/m1"}))
	before := series(t, l)
	if _, err := l.Record(t.Context(), []byte(newcomer("second", "2020-01-01"))); err != nil {
		t.Fatal(err)
	}
	shows(t, l, map[string]float64{
		"rollbook_append_refused_total conflict": before["rollbook_append_refused_total conflict"] + 1,
		"rollbook_record_refused_total conflict": before["rollbook_record_refused_total conflict"],
		"rollbook_record_events_total accepted":  before["rollbook_record_events_total accepted"] + 1,
	})
}
