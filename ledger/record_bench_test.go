package ledger_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
)

// Record by many clerks at once, each waiting for its own answer, in turns with
// bare appends of about as many bytes by as many writers to another log on the
// same disk. Ratings are of known members; newcomers are members whose keys have
// to be made first.
func BenchmarkRecord(b *testing.B) {
	rating := func(round, member int) string {
		on := fmt.Sprintf("20%02d-%02d-01", 21+round/12, 1+round%12)
		return event("member.rated", fmt.Sprint("member/k", member), on, `{"year":2021,"grade":"good"}`)
	}
	for _, clerks := range []int{1, 64, 512} {
		b.Run(fmt.Sprintf("ratings/%d", clerks), func(b *testing.B) { benchmarkRecord(b, clerks, rating) })
	}
	b.Run("newcomers/64", func(b *testing.B) {
		benchmarkRecord(b, 64, func(round, member int) string { return newcomer(fmt.Sprintf("n%d-%d", round, member), "2021-01-01") })
	})
}

func newcomer(id, on string) string {
	return event("member.brought_forward", "member/"+id, on,
		`{"person":{"full_name":"Lò Văn Nọi","birth_year":1980,"gender":"male","ethnicity":"03","religion":"00"},"organisation":"a","status":"official","admitted_on":"2010-05-19"}`)
}

func benchmarkRecord(b *testing.B, clerks int, line func(round, member int) string) {
	each := max(2048/clerks, 8)
	l, _ := open(b)
	lines := opening()[:3]
	for i := range clerks * each {
		lines = append(lines, newcomer(fmt.Sprint("k", i), "2020-01-01"))
	}
	mustAccept(b, l, lines...)
	bare, err := jetstream.Open(b.Context(), jetstream.Config{Dir: filepath.Join(b.TempDir(), "bare"), Create: true})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = bare.Close() }()
	data := []byte(strings.Repeat("x", 300))
	var ours, raw time.Duration
	var took []time.Duration
	round := 0
	for b.Loop() {
		lap := make([]time.Duration, clerks*each)
		ours += together(clerks, func(clerk int) {
			for i := clerk * each; i < (clerk+1)*each; i++ {
				begin := time.Now()
				out, err := l.Record(b.Context(), []byte(line(round, i)))
				lap[i] = time.Since(begin)
				if err != nil || out.Status != "accepted" {
					b.Errorf("Record(%s) = %+v, %v", line(round, i), out, err)
					return
				}
			}
		})
		took = append(took, lap...)
		heads := make([]eventstore.Head, clerks)
		raw += together(clerks, func(clerk int) {
			for n := range each {
				at, err := bare.Append(b.Context(), eventstore.Write{
					Stream: fmt.Sprintf("member/b%d-%d", round, clerk), Expected: heads[clerk],
					Records: []eventstore.Record{{ID: fmt.Sprintf("%d-%d-%d", round, clerk, n), Type: "member.rated", Schema: "urn:rollbook:member.rated:1", Data: data}},
				})
				if err != nil {
					b.Error(err)
				}
				heads[clerk] = eventstore.Head{Position: at, Count: uint64(n + 1)}
			}
		})
		round++
	}
	events := float64(round * clerks * each)
	slices.Sort(took)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(events/ours.Seconds(), "events/s")
	b.ReportMetric(events/raw.Seconds(), "bare-events/s")
	b.ReportMetric(raw.Seconds()/ours.Seconds(), "of-bare")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

func together(n int, f func(i int)) time.Duration {
	var all sync.WaitGroup
	begin := time.Now()
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
	return time.Since(begin)
}
