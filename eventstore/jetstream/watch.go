package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"rollbook/eventstore"
)

// ErrStore means that the server cannot write the log any more, for example
// because the disk is full or an fsync failed. The server does not try again
// (2.15.2): once the cause is gone, close the log and open it, or restart the
// program. What was not acknowledged may be stored or not until then.
var ErrStore = errors.New("the server cannot write the log and needs a restart")

// roomLook is how long a look at the free room holds while there is plenty: at
// least plentyOfReserves times Config.Reserve. With less than that each append
// looks, however fast the disk fills; a look takes some microseconds.
const (
	roomLook         = 100 * time.Millisecond
	plentyOfReserves = 4
)

// notFoundPause is the time between two looks for a stream on other servers.
const notFoundPause = time.Second

// busyAttempts is how often the server is asked how it is when it is too busy
// to say.
const busyAttempts = 500

// watch is what the log knows of its server's fitness. Append asks it before
// anything is sent.
type watch struct {
	free    func() (uint64, error) // room for the log's files, in bytes
	reserve uint64

	// checks asks the watching goroutine whether the server can write, because
	// the server answers that only when it is not in the middle of a write.
	checks chan chan<- error
	ended  chan struct{} // closed when that goroutine has ended; nil before it began

	mu     sync.Mutex
	hold   []string        // the names of the servers that hold the log
	drift  error           // wraps ErrSettings or eventstore.ErrMissing
	broken error           // wraps ErrStore
	able   context.Context //nolint:containedctx // ends when broken is set, and with the log
	fail   context.CancelCauseFunc
	unsafe bool      // the server does not sync always
	looked time.Time // at the room, when there was plenty
	full   error     // what was found at the last look
}

func (w *watch) setHolders(names []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hold = names
}

func (w *watch) holders() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hold
}

// Health looks whether the log can take appends now, and returns what is wrong:
// an error that wraps [ErrSettings] and names each setting that is not the
// pinned one, one that wraps [ErrStore], that the room on the disk is below
// Config.Reserve, or that the server does not answer. As long as one of the
// first three holds, Append refuses with an error that wraps it and
// [eventstore.ErrUnavailable]. The log looks by itself every minute, and at the
// room all the time.
func (l *Log) Health(ctx context.Context) error {
	err := l.checkStore(ctx)
	if err == nil {
		err = l.checkDrift(ctx)
	}
	if err != nil {
		return err
	}
	return l.unfit()
}

// Settings returns an error that wraps [ErrSettings] if the log is set up in another
// way than the pinned one now. How the servers sync is left to the watch.
func (l *Log) Settings(ctx context.Context) error {
	info, err := l.info(ctx)
	if err != nil {
		return fmt.Errorf("read the log's settings: %w", err)
	}
	return checkSettings(l.pinned, info.Config, true)
}

// Unsafe reports whether the server acknowledges appends before they are on the
// disk, which only a log with Config.UnsafeSync does not refuse.
func (l *Log) Unsafe() bool {
	l.watch.mu.Lock()
	defer l.watch.mu.Unlock()
	return l.watch.unsafe
}

// unfit returns why nothing can be appended now, or nil.
func (l *Log) unfit() error {
	w := &l.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := time.Now(); w.reserve > 0 && now.Sub(w.looked) > roomLook {
		w.looked, w.full = now, nil
		free, err := w.free()
		if err == nil && free < plentyOfReserves*w.reserve {
			w.looked = time.Time{}
		}
		if err == nil && free < w.reserve {
			w.full = fmt.Errorf("the disk is full: %d MB are left and %d MB are kept free; make room, and appends go on", free>>20, w.reserve>>20)
		}
	}
	for _, err := range [...]error{w.broken, w.drift, w.full} {
		if err != nil {
			return fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
		}
	}
	return nil
}

// runWatch watches until Close: the server's settings at each tick, and its files
// also when it writes a warning or an error into its log. ctx ends with the log.
func (l *Log) runWatch(ctx context.Context, every time.Duration, alarm <-chan struct{}) {
	defer close(l.watch.ended)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case answer := <-l.watch.checks:
			answer <- l.noteStore(ctx)
		case <-alarm:
			_ = l.noteStore(ctx) // it is noted, and logged
		case <-ticker.C:
			_ = l.noteStore(ctx)
			if err := l.checkDrift(ctx); err != nil && l.unfit() == nil {
				l.logger.WarnContext(ctx, "the log's settings could not be checked", slog.Any("error", err))
			}
		}
	}
}

// checkStore asks the server whether it can write. A server in the middle of a
// write answers after it.
func (l *Log) checkStore(ctx context.Context) error {
	answer := make(chan error, 1)
	select {
	case l.watch.checks <- answer:
	case <-l.closing:
		return errClosed
	case <-ctx.Done():
		return fmt.Errorf("the server does not tell whether it can write: %w", ctx.Err())
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return fmt.Errorf("the server does not tell whether it can write: %w", ctx.Err())
	}
}

// noteStore asks the server whether it can write, and notes the answer.
func (l *Log) noteStore(ctx context.Context) error {
	broken, err := l.writeError(ctx)
	if err != nil {
		return fmt.Errorf("the server does not tell whether it can write: %w", err)
	}
	w := &l.watch
	w.mu.Lock()
	was := w.broken
	w.broken = broken
	switch {
	case was == nil && broken != nil:
		w.fail(broken)
	case was != nil && broken == nil:
		w.able, w.fail = context.WithCancelCause(l.life)
	}
	w.mu.Unlock()
	l.logChange(ctx, was, broken)
	return broken
}

// checkDrift compares the settings of stream and server with the pinned ones,
// and notes what differs. It also fails when it cannot compare.
func (l *Log) checkDrift(ctx context.Context) error {
	info, err := l.info(ctx)
	if isCode(err, codeStreamNotFound) && l.server == nil && wait(ctx, notFoundPause) {
		// A server that has just become the leader of its cluster may not know
		// of it yet.
		info, err = l.info(ctx)
	}
	switch {
	case isCode(err, codeStreamNotFound):
		err = fmt.Errorf("%w: the server has no stream %s any more; restore the log from a backup", eventstore.ErrMissing, l.log)
		l.noteDrift(ctx, err, l.Unsafe())
		return err
	case err != nil:
		return fmt.Errorf("read the log's settings: %w", err)
	}
	l.watch.setHolders(info.Cluster.holders())
	always, err := l.syncAlways(ctx, info.Cluster)
	if err != nil && !l.unsafeSync {
		return fmt.Errorf("ask how the servers sync: %w", err)
	}
	err = checkSettings(l.pinned, info.Config, always || l.unsafeSync)
	l.noteDrift(ctx, err, !always)
	return err
}

func (l *Log) noteDrift(ctx context.Context, drift error, unsafe bool) {
	w := &l.watch
	w.mu.Lock()
	was := w.drift
	w.drift, w.unsafe = drift, unsafe
	w.mu.Unlock()
	l.logChange(ctx, was, drift)
}

func (l *Log) logChange(ctx context.Context, was, is error) {
	switch {
	case was == nil && is != nil:
		l.logger.ErrorContext(ctx, "the log refuses appends", slog.Any("error", is))
	case was != nil && is == nil:
		l.logger.InfoContext(ctx, "the log takes appends again", slog.Any("after", was))
	}
}

// untilBroken returns a context for sending an append: it ends after
// Config.Timeout, with the log, and when the server turns out to be unable to
// write, because then it does not answer. Its cause says which.
func (l *Log) untilBroken(ctx context.Context) (context.Context, context.CancelFunc) {
	l.watch.mu.Lock()
	able := l.watch.able
	l.watch.mu.Unlock()
	ctx, cancelTimeout := context.WithTimeout(ctx, l.timeout)
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(able, func() { cancel(context.Cause(able)) })
	return ctx, func() { stop(); cancel(nil); cancelTimeout() }
}

// Free returns how many bytes this process can still write to a directory's disk.
func Free(dir string) (uint64, error) { return freeBytes(dir) }
