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
//	rollbook_log_up                            0 if the log takes no appends now
//	rollbook_log_unsafe                        1 if it answers before facts are on the disk
//	rollbook_log_records                       its last sequence
//	rollbook_audit_alarm                       1 if nothing is recorded, because log and tree or signature contradict each other
//	rollbook_audit_size                        records that the tree vouches for
//	rollbook_audit_signing                     0 if checkpoints cannot be signed
//	rollbook_audit_signed_size                 records that the newest signed checkpoint covers
//	rollbook_audit_signed_timestamp_seconds    when that was signed
//	rollbook_audit_witnesses                   how many witnesses have to cosign
func (l *Ledger) Registry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(l.Metrics(), proofMetrics{l}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
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
	truth := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	l := m.ledger
	last, err := l.log.Last(ctx)
	if healthy, ok := l.log.(interface{ Health(context.Context) error }); ok && err == nil {
		err = healthy.Health(ctx)
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
	gauge("audit_signing", "Whether checkpoints can be signed.", truth(s != nil))
	if s == nil {
		return
	}
	gauge("audit_signed_size", "Records that the newest signed checkpoint covers.", float64(s.measuredSize.Load()))
	gauge("audit_signed_timestamp_seconds", "When the newest checkpoint was signed, 0 if never.", float64(s.measuredAt.Load()))
	gauge("audit_witnesses", "Witnesses that have to cosign a checkpoint.", float64(s.policy.Quorum()))
}
