package ledger

import (
	"context"
	"errors"
	"io"

	"golang.org/x/text/unicode/norm"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/eventstore/vault"
	"rollbook/projections"
)

// Lines reads all lines of a file of events, as Import does, and reports how
// many there are, how many are too long, and the most bytes that one held.
func Lines(r io.Reader) (lines, tooBig, most int, err error) {
	l, err := newLineReader("fuzz", r)
	if err != nil {
		return 0, 0, 0, err
	}
	for {
		line, err := l.next()
		if err == io.EOF { //nolint:errorlint // next promises io.EOF itself
			return lines, tooBig, most, nil
		}
		if err != nil {
			return lines, tooBig, most, err
		}
		lines++
		if line.tooBig {
			tooBig++
		}
		most = max(most, len(line.text))
	}
}

// Parse reads a file of events as Import does, up to what is decided on each.
func Parse(r io.Reader) (events int, rejections []error, err error) {
	lines, err := newLineReader("fuzz", r)
	if err != nil {
		return 0, nil, err
	}
	l := &Ledger{codec: domain.Codec{Normalise: norm.NFC.String, IDKey: make([]byte, 32)}}
	for {
		line, err := lines.next()
		if err == io.EOF { //nolint:errorlint // next promises io.EOF itself
			return events, rejections, nil
		}
		if err != nil {
			return events, rejections, err
		}
		if line.tooBig {
			rejections = append(rejections, tooLong())
		} else if p := l.parse(line.text); p.err != nil {
			rejections = append(rejections, p.err)
		} else {
			events++
		}
	}
}

// MeanRecord returns how many bytes the log holds of an event on average, by
// the first few thousand of them.
func MeanRecord(ctx context.Context, l *Ledger) (int, error) {
	total, n := 0, 0
	for rec, err := range l.log.Replay(ctx, 0, 5000) {
		if err != nil {
			return 0, err
		}
		total, n = total+len(rec.Data), n+1
	}
	return total / max(n, 1), nil
}

// SetSpill makes imports let the read models catch up whenever they remember
// more than n bytes, and returns a function that undoes it.
func SetSpill(n int) (undo func()) {
	old := spillBytes
	spillBytes = n
	return func() { spillBytes = old }
}

// Vault returns what seals and opens; nil when something is missing.
func (l *Ledger) Vault() *vault.Vault { return l.keys.vault }

// Records returns the log as it is.
func (l *Ledger) Records() Log { return l.log }

// CloseKeyring makes every use of the keyring fail.
func (l *Ledger) CloseKeyring() error { return l.keys.closer.Close() }

// Replay makes the read models anew without comparing anything.
func (l *Ledger) Replay(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.projector(nil).Rebuild(ctx)
}

// RebuildInto makes the read models anew in another store than the ledger's.
func (l *Ledger) RebuildInto(ctx context.Context, s projections.Store) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.projector(nil)
	p.Store = s
	return p.Rebuild(ctx)
}

// DeleteFeed removes the feed, which the next Publish makes anew.
func (l *Ledger) DeleteFeed(ctx context.Context) error {
	feed, err := l.openFeed(ctx)
	if err != nil {
		return err
	}
	return errors.Join(feed.Delete(ctx), feed.Close())
}

// FeedMessages publishes, and returns what the feed holds.
func (l *Ledger) FeedMessages(ctx context.Context) (messages [][]byte, err error) {
	last, err := l.Publish(ctx, false, nil)
	if err != nil {
		return nil, err
	}
	feed, err := l.openFeed(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, feed.Close()) }()
	for at := eventstore.Position(1); at <= last; at++ {
		_, data, err := feed.Get(ctx, at)
		if err != nil {
			return nil, err
		}
		messages = append(messages, data)
	}
	return messages, nil
}
