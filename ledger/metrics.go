package ledger

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Registry returns a registry with everything that an operator follows of a ledger
// and its process: [Ledger.Metrics], those of the log and of what is signed, and
// Go's own. Others may register more. Nothing in it is personal, and no label has
// values that grow with the ledger.
//
//	rollbook_role{role}                        1 if this process does that part of the work
//	rollbook_log_up                            0 if the log takes no appends now
//	rollbook_log_unsafe                        1 if it answers before facts are on the disk
//	rollbook_log_records                       its last sequence
//	rollbook_audit_alarm                       1 if nothing is recorded, because log and tree or signature contradict each other
//	rollbook_audit_size                        records that the tree vouches for
//	rollbook_audit_signing                     0 if checkpoints cannot be signed, of a process that is to sign
//	rollbook_audit_signed_size                 records that the newest signed checkpoint covers
//	rollbook_audit_signed_timestamp_seconds    when that was signed
//	rollbook_audit_witnesses                   how many witnesses have to cosign
//	rollbook_append_*, rollbook_record_*       what was stored and what was refused: see meters
//	rollbook_import_*                          rows of imports by what came of them, and how long they took
//	rollbook_feed_*                            where the feed stands, if this process has seen it
//
// docs/observability.md has them all.
func (l *Ledger) Registry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(l.meters.collectors()...)
	r.MustRegister(l.Metrics(), proofMetrics{l}, feedMetrics{l}, queueMetrics{l}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// proofMetrics are those of the log and of what is signed.
type proofMetrics struct{ ledger *Ledger }

// Describe implements [prometheus.Collector].
func (m proofMetrics) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, out) }

// Collect implements [prometheus.Collector].
func (m proofMetrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	gauge := func(name, help string, value float64) {
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc("rollbook_"+name, help, nil, nil), prometheus.GaugeValue, value)
	}
	l := m.ledger
	for _, role := range AllRoles() {
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc("rollbook_role", "Whether this process does that part of the work of a service.", []string{"role"}, nil),
			prometheus.GaugeValue, truth(l.options.Roles.Has(role)), string(role))
	}
	last, err := l.log.Last(ctx)
	if err == nil {
		err = l.takesAppends(ctx)
	}
	gauge("log_up", "Whether the log takes appends.", truth(err == nil))
	gauge("log_records", "Sequence of the last record of the log.", float64(last))
	if l.anchor == nil { // a ledger beside another one, which has the tree
		return
	}
	gauge("log_unsafe", "Whether the log answers before facts are on the disk.", truth(l.anchor.unsafe()))
	gauge("audit_alarm", "Whether nothing is recorded because the log contradicts its tree or what was signed.", truth(l.anchor.alarmed()))
	gauge("audit_size", "Records that the tree vouches for.", float64(l.anchor.tree.Checkpoint().Size))
	s := l.anchor.signing
	if l.options.Roles.Has(RoleAuditor) { // who does not sign is not to be alarmed about
		gauge("audit_signing", "Whether checkpoints can be signed.", truth(s != nil))
	}
	if s == nil {
		return
	}
	gauge("audit_signed_size", "Records that the newest signed checkpoint covers.", float64(s.measuredSize.Load()))
	gauge("audit_signed_timestamp_seconds", "When the newest checkpoint was signed, 0 if never.", float64(s.measuredAt.Load()))
	gauge("audit_witnesses", "Witnesses that have to cosign a checkpoint.", float64(s.policy.Quorum()))
}

// truth is how Prometheus writes yes and no.
func truth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// feedMetrics are those of the feed.
type feedMetrics struct{ ledger *Ledger }

// Describe implements [prometheus.Collector]. It describes nothing, because what there
// is changes when the feed is found.
func (m feedMetrics) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (m feedMetrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	send := func(name, help string, kind prometheus.ValueType, value float64) {
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc("rollbook_feed_"+name, help, nil, nil), kind, value)
	}
	f := &m.ledger.meters.feed
	f.mu.Lock()
	known, kept, up, at, published := f.known, f.kept, f.up, f.at, f.published
	f.mu.Unlock()
	if kept {
		send("up", "Whether the feed is being kept up with the log.", prometheus.GaugeValue, truth(up))
	}
	if !known {
		return
	}
	send("position", "Sequence of the last record that is in the feed.", prometheus.GaugeValue, float64(at))
	send("published_total", "Messages that this process has published.", prometheus.CounterValue, float64(published))
	lag, err := m.ledger.lag(ctx, at)
	if err != nil {
		return // rollbook_log_up says it
	}
	send("lag_events", "Records of the log that are not in the feed.", prometheus.GaugeValue, float64(lag.Behind))
	send("lag_seconds", "Age of the oldest record that is not in the feed, 0 if there is none.", prometheus.GaugeValue, lag.Seconds)
}

// queueMetrics are those of what waits before the log.
type queueMetrics struct{ ledger *Ledger }

// Describe implements [prometheus.Collector].
func (m queueMetrics) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, out) }

// Collect implements [prometheus.Collector].
func (m queueMetrics) Collect(out chan<- prometheus.Metric) {
	log, ok := m.ledger.log.(interface {
		Queue() (waiting int, sent uint64)
	})
	if !ok {
		return
	}
	waiting, sent := log.Queue()
	out <- prometheus.MustNewConstMetric(prometheus.NewDesc("rollbook_append_waiting", "Appends that wait for their turn to be sent.", nil, nil), prometheus.GaugeValue, float64(waiting))
	out <- prometheus.MustNewConstMetric(prometheus.NewDesc("rollbook_append_batches_total", "What was sent to the log: single records, and batches that several appends may share. Each costs one wait for the disk.", nil, nil), prometheus.CounterValue, float64(sent))
}
