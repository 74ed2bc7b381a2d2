package main

import (
	"context"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
)

// logEvery is how often progress is logged where there is no terminal.
const logEvery = 5 * time.Second

// progress tells how far something has come: by a bar on a terminal, by a line
// in the log now and then otherwise.
type progress struct {
	console *console
	logger  *slog.Logger
	what    string
	bar     *progressbar.ProgressBar // nil off a terminal
	now     func() time.Time
	begun   time.Time
	last    time.Time
}

// progress begins to tell of something; of is how much there will be of it, in
// the unit that set uses, or -1 where that is unknown.
func (a *app) progress(what string, of int64, bytes bool) *progress {
	p := &progress{console: a.console, logger: a.logger, what: what, now: a.now, begun: a.now(), last: a.now()}
	if !a.console.terminal() {
		return p
	}
	a.console.mu.Lock()
	defer a.console.mu.Unlock()
	a.console.bar = true
	p.bar = progressbar.NewOptions64(of,
		progressbar.OptionSetWriter(a.console.w), progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(bytes), progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetSpinnerChangeInterval(0), // no goroutine of its own, which would draw between our lines
	)
	return p
}

// set says how far it has come, and how much has been done where that is
// another number.
func (p *progress) set(ctx context.Context, at, of, done int64) {
	if p.bar != nil {
		p.console.mu.Lock()
		defer p.console.mu.Unlock()
		if of > 0 && of != p.bar.GetMax64() {
			p.bar.ChangeMax64(of)
		}
		_ = p.bar.Set64(at) // a bar that cannot be drawn is no reason to stop
		return
	}
	if now := p.now(); now.Sub(p.last) >= logEvery {
		p.last = now
		attrs := []slog.Attr{slog.String("task", p.what), slog.Int64("done", done)}
		if spent := now.Sub(p.begun); spent > 0 {
			attrs = append(attrs, slog.Int64("per_second", int64(float64(done)/spent.Seconds())))
			if of > 0 && at > 0 {
				left := time.Duration(float64(spent) * float64(of-at) / float64(at))
				attrs = append(attrs, slog.Int64("percent", 100*at/of), slog.Duration("left", left.Round(time.Second)))
			}
		}
		p.logger.LogAttrs(ctx, slog.LevelInfo, "progress", attrs...)
	}
}

// end removes the bar.
func (p *progress) end() {
	if p.bar == nil {
		return
	}
	p.console.mu.Lock()
	defer p.console.mu.Unlock()
	_ = p.bar.Exit()
	p.console.bar = false
	_, _ = io.WriteString(p.console.w, "\r\x1b[K")
}

// counted counts the bytes that were read.
type counted struct {
	io.Reader
	n *atomic.Int64
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n.Add(int64(n))
	return n, err
}
