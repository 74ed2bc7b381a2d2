package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"rollbook/cmd/rollbook/demo"
	"rollbook/ledger"
	"rollbook/projections"
	"rollbook/web"
	"rollbook/web/access"
	"rollbook/web/service"
)

// load is what one phase of a load came to.
type load struct {
	Name string `json:"name"`
	// Offered is how many requests a second were due, Seconds for how long.
	Offered int     `json:"offered_per_second"`
	Seconds float64 `json:"seconds"`
	// Sent were sent; Unsent were due while all clients were waiting for answers.
	Sent   int `json:"sent"`
	Unsent int `json:"unsent"`
	// Accepted were acknowledged; Refused were answered 429 or 503; Failed is
	// everything else, which should be none.
	Accepted int `json:"accepted"`
	Refused  int `json:"refused"`
	Failed   int `json:"failed"`
	// P50 and P99 are milliseconds from when a request was due to its
	// acknowledgement, so that waiting for a free client counts too. Reads are
	// reports that were asked for meanwhile, and theirs.
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	Reads     int     `json:"reads"`
	ReadP99   float64 `json:"read_p99_ms"`
	Recovered float64 `json:"recovered_seconds,omitempty"`
}

// goodAnswer is how long an answer may take at the 99th percentile.
const goodAnswer = 100 * time.Millisecond

// loader sends events to a service and keeps what came of each.
type loader struct {
	url, token string
	client     *http.Client
	members    []string

	next     atomic.Int64
	mu       sync.Mutex
	accepted map[string]bool // ids that were acknowledged
}

func (a *app) benchServeCommand() *cobra.Command {
	rate, lasts, over := 1000, 60*time.Second, 15*time.Second
	cmd := &cobra.Command{
		Use: "serve", Short: "What the service holds, and what it does under too much", Args: arguments(0, 0),
		Long: "Serve the demo's ledger, thrown away afterwards, and send it events over TCP from this very process:\n" +
			"a steady rate with reports going on, five times as much, and the steady rate again. At the end every\n" +
			"event that was acknowledged must be in the log once, and none that was refused.",
		Example: "  rollbook bench serve\n  rollbook bench serve --rate 500 --for 10s --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if rate < 1 || rate > 100_000 {
				return usage("--rate is a number from 1 to 100000", "--rate là số từ 1 đến 100000")
			}
			if lasts < time.Second || lasts > time.Hour || over < time.Second || over > time.Hour {
				return usage("--for and --over are times from 1s to 1h", "--for và --over là thời gian từ 1s đến 1h")
			}
			return a.benchServe(cmd.Context(), rate, lasts, over)
		},
	}
	cmd.Flags().IntVar(&rate, "rate", rate, "events a second")
	cmd.Flags().DurationVar(&lasts, "for", lasts, "how long the steady rate is held")
	cmd.Flags().DurationVar(&over, "over", over, "how long five times as much is sent")
	return cmd
}

func (a *app) benchServe(ctx context.Context, rate int, lasts, over time.Duration) (err error) {
	dir, err := os.MkdirTemp("", "rollbook-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	dir = filepath.Join(dir, "ledger")
	l, err := ledger.Open(ctx, dir, ledger.Options{Create: true, Name: demoName, Database: a.database, Logger: a.logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	pr, pw := io.Pipe()
	go func() { pw.CloseWithError(demo.WriteCopies(pw, 1)) }()
	if _, err := l.Import(ctx, []ledger.File{{Name: "events", Reader: pr}}, ledger.ImportOptions{}); err != nil {
		return err
	}
	// The service is asked as it is when it has run for a while, not in the midst of an import.
	if err := l.CatchUp(ctx, nil); err != nil {
		return err
	}
	if _, err := l.Publish(ctx, false, nil); err != nil {
		return err
	}
	rights, err := access.Open(ctx, access.Config{Dir: dir, Database: a.database, Places: service.Places{Ledger: l, Clock: a.now}, Clock: a.now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rights.Close()) }()
	clerk, err := newLoader(ctx, l, rights)
	if err != nil {
		return err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	clerk.url = "http://" + listener.Addr().String()
	server := web.New(web.Options{Service: &service.Service{Ledger: l, Access: rights, Clock: a.now}, Logger: a.logger})
	serving, stop := context.WithCancel(ctx)
	g, running := errgroup.WithContext(serving)
	g.Go(func() error { return l.Keep(running, ledger.Keeping{Models: true, Feed: true}) })
	g.Go(func() error { return server.Serve(running, listener, server.Handler()) })

	var loads []load
	for _, phase := range []struct {
		name  string
		rate  int
		lasts time.Duration
	}{{"steady", rate, lasts}, {"five times as much", 5 * rate, over}, {"steady again", rate, 10 * time.Second}} {
		if ctx.Err() != nil {
			break
		}
		loads = append(loads, clerk.send(ctx, phase.name, phase.rate, phase.lasts))
	}
	stop()
	if err := errors.Join(ctx.Err(), ignoreEnd(g.Wait())); err != nil {
		return err
	}
	lost, foreign, err := clerk.compare(ctx, l)
	if err != nil {
		return err
	}
	a.showLoads(loads, len(clerk.accepted), lost, foreign)
	if lost+foreign > 0 {
		return &problem{name: "verification_failed", exit: exitEvidence, told: a.json, text: textf(
			"%d acknowledged events are not in the log exactly once, and %d are there that were refused", "%d sự kiện đã xác nhận không có đúng một lần trong nhật ký, %d sự kiện bị từ chối lại có", lost, foreign)}
	}
	return nil
}

// ignoreEnd returns an error that is not the end of a context.
func ignoreEnd(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (a *app) showLoads(loads []load, accepted, lost, foreign int) {
	if a.json {
		a.out.document(map[string]any{"bench": "serve", "phases": loads, "acknowledged": accepted, "lost": lost, "stored_though_refused": foreign})
		return
	}
	var rows [][]string
	for _, l := range loads {
		recovered := ""
		if l.Recovered > 0 {
			recovered = fmt.Sprintf("%.1f", l.Recovered)
		}
		rows = append(rows, []string{
			l.Name, a.number(l.Offered), a.number(l.Accepted), a.number(l.Refused), a.number(l.Unsent), a.number(l.Failed),
			fmt.Sprintf("%.1f", l.P50), fmt.Sprintf("%.1f", l.P99), fmt.Sprintf("%.1f", l.ReadP99), recovered,
		})
	}
	a.table([]column{
		{head: a.say("Load", "Tải")},
		{head: a.say("Offered/s", "Yêu cầu/s"), right: true},
		{head: a.say("Accepted", "Được nhận"), right: true},
		{head: a.say("Refused", "Bị từ chối"), right: true},
		{head: a.say("Unsent", "Chưa gửi"), right: true},
		{head: a.say("Failed", "Lỗi"), right: true},
		{head: "p50 ms", right: true},
		{head: "p99 ms", right: true},
		{head: a.say("Reports p99 ms", "Báo cáo p99 ms"), right: true},
		{head: a.say("Recovered s", "Hồi phục s"), right: true},
	}, rows, nil)
	a.out.line(fmt.Sprintf(a.say("%s events were acknowledged; %d of them are not in the log exactly once.", "%s sự kiện được xác nhận; %d sự kiện không có đúng một lần trong nhật ký."), a.number(accepted), lost))
}

// newLoader returns a clerk of the whole ledger who signs in by a token.
func newLoader(ctx context.Context, l *ledger.Ledger, rights *access.Access) (*loader, error) {
	account, err := rights.Add(ctx, "bench", "en")
	if err != nil {
		return nil, err
	}
	if err := rights.Grant(ctx, account.ID, access.Grant{Role: access.Clerk}); err != nil {
		return nil, err
	}
	token, _, err := rights.NewToken(ctx, account.ID, "bench", nil, 24*time.Hour)
	if err != nil {
		return nil, err
	}
	roll, err := l.Register(ctx, ledger.RegisterQuestion{Question: projections.Question{AsOf: endOf(demoYear)}})
	if err != nil {
		return nil, err
	}
	c := &loader{token: token, accepted: map[string]bool{}, client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: mostClients, MaxConnsPerHost: mostClients}, Timeout: 30 * time.Second,
	}}
	for _, row := range roll.Rows {
		c.members = append(c.members, row.Member)
	}
	return c, nil
}

// mostClients is how many requests a loader has under way at once.
const mostClients = 1000

// answered is what came of one request.
type answered struct {
	due, done time.Time
	status    int // 0 when there was no answer
}

// send sends events at a rate, each when it is due whatever became of those before,
// and asks for reports meanwhile.
func (c *loader) send(ctx context.Context, name string, rate int, lasts time.Duration) load {
	out := load{Name: name, Offered: rate, Seconds: lasts.Seconds()}
	var mu sync.Mutex
	var all []answered
	var wg sync.WaitGroup
	free := make(chan struct{}, mostClients)
	reading, stop := context.WithCancel(ctx)
	var reads []time.Duration
	wg.Go(func() { reads = c.read(reading) })
	begin := time.Now()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for sent := 0; ; {
		now := time.Now()
		if now.Sub(begin) >= lasts || ctx.Err() != nil {
			break
		}
		for due := int(now.Sub(begin).Seconds() * float64(rate)); sent < due; sent++ {
			select {
			case free <- struct{}{}:
			default:
				out.Unsent++
				continue
			}
			out.Sent++
			at := begin.Add(time.Duration(float64(sent) / float64(rate) * float64(time.Second)))
			wg.Go(func() {
				defer func() { <-free }()
				r := answered{due: at, status: c.record(ctx)}
				r.done = time.Now()
				mu.Lock()
				defer mu.Unlock()
				all = append(all, r)
			})
		}
		<-tick.C
	}
	stop()
	wg.Wait()
	out.count(all, begin)
	out.Reads, out.ReadP99 = len(reads), percentile(reads, 0.99)
	return out
}

// count fills in what came of the requests.
func (l *load) count(all []answered, begin time.Time) {
	var took []time.Duration
	seconds := map[int][]time.Duration{}
	for _, r := range all {
		switch r.status {
		case http.StatusCreated, http.StatusOK:
			l.Accepted++
			took = append(took, r.done.Sub(r.due))
			second := int(r.due.Sub(begin).Seconds())
			seconds[second] = append(seconds[second], r.done.Sub(r.due))
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			l.Refused++
			second := int(r.due.Sub(begin).Seconds())
			seconds[second] = append(seconds[second], time.Hour)
		default:
			l.Failed++
		}
	}
	l.P50, l.P99 = percentile(took, 0.50), percentile(took, 0.99)
	for second, took := range seconds { // the end of the last bad second
		if percentile(took, 0.99) > float64(goodAnswer.Milliseconds()) {
			l.Recovered = max(l.Recovered, float64(second+1))
		}
	}
}

// percentile returns a share of the times, in milliseconds.
func percentile(took []time.Duration, share float64) float64 {
	if len(took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(took))
	return float64(sorted[min(len(sorted)-1, int(share*float64(len(sorted))))].Microseconds()) / 1000
}

// record records one more event and returns the status of the answer.
func (c *loader) record(ctx context.Context) int {
	n := c.next.Add(1)
	id := fmt.Sprintf("bench-%d", n)
	event := fmt.Sprintf(`{"id":%q,"type":"member.profile_changed","subject":"member/%s","effectiveon":"2023-12-20","data":{"person":{"occupation":"nghề số %d"}}}`,
		id, c.members[int(n)%len(c.members)], n)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/api/v1/events", strings.NewReader(event))
	if err != nil {
		return 0
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/cloudevents+json")
	answer, err := c.client.Do(r)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, answer.Body) // so that the connection is used again
	_ = answer.Body.Close()
	if answer.StatusCode == http.StatusCreated {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.accepted[id] = true
	}
	return answer.StatusCode
}

// read asks for one report after the other until ctx ends.
func (c *loader) read(ctx context.Context) (took []time.Duration) {
	paths := []string{
		"/api/v1/reports/headcount?by=ethnicity&as_of=2022-12-31", "/api/v1/reports/movements?from=2021-12-31&to=2022-12-31", "/api/v1/reports/indicators?year=2022&as_of=2022-12-31",
	}
	for n := 0; ctx.Err() == nil; n++ {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+paths[n%len(paths)], nil)
		if err != nil {
			return took
		}
		r.Header.Set("Authorization", "Bearer "+c.token)
		began := time.Now()
		if answer, err := c.client.Do(r); err == nil {
			_, _ = io.Copy(io.Discard, answer.Body) // so that the connection is used again
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				took = append(took, time.Since(began))
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
	return took
}

// compare counts the events that were acknowledged and are not in the log exactly
// once, and those in the log that were refused. One whose answer never came may be
// there or not.
func (c *loader) compare(ctx context.Context, l *ledger.Ledger) (lost, foreign int, err error) {
	found := map[string]int{}
	for e, err := range l.Events(ctx, ledger.EventFilter{Type: "member.profile_changed"}) {
		if err != nil {
			return 0, 0, err
		}
		if strings.HasPrefix(e.ID, "bench-") {
			found[e.ID]++
		}
	}
	for id := range c.accepted {
		if found[id] != 1 {
			lost++
		}
		delete(found, id)
	}
	return lost, len(found), nil
}
