package jetstream_test

import (
	"testing"
	"time"

	"rollbook/eventstore/jetstream"
)

func TestMeasureStoresWhatItSays(t *testing.T) {
	dir := t.TempDir()
	records := 0
	var names []string
	err := jetstream.Measure(t.Context(), jetstream.Config{Dir: dir}, 300, time.Millisecond, func(m jetstream.Measured) {
		records += m.Records
		names = append(names, m.Name)
		if m.PerSecond <= 0 || m.BarePerSecond <= 0 || m.Ratio != m.PerSecond/m.BarePerSecond || m.P50 > m.P99 {
			t.Errorf("%+v", m)
		}
	})
	if err != nil || len(names) != 5 {
		t.Fatalf("Measure: %v, %v", names, err)
	}
	log := open(t, jetstream.Config{Dir: dir})
	if last, err := log.Last(t.Context()); err != nil || int(last) != records {
		t.Errorf("the log has %d records, %v; Measure says %d", last, err, records)
	}
}
