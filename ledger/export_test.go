package ledger

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"golang.org/x/text/unicode/norm"

	"rollbook/audit"
	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/eventstore/vault"
	"rollbook/projections"
	"rollbook/projections/sqlite"
)

// Share lets an open ledger do a part of the work only, and waits no longer for others
// than a time.
func (l *Ledger) Share(patience time.Duration, roles ...Role) (restore func()) {
	before := projectorPatience
	l.options.Roles, projectorPatience = roles, patience
	return func() { l.options.Roles, projectorPatience = nil, before }
}

// WrapTreeLog puts something between the tree of an open ledger and its log.
func (l *Ledger) WrapTreeLog(wrap func(audit.Log) audit.Log) { l.anchor.log = wrap(l.anchor.log) }

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
func (l *Ledger) CloseKeyring() error { return l.keys.ring.Close() }

// Replay makes the read models anew without comparing anything.
func (l *Ledger) Replay(ctx context.Context) error {
	return l.projector(nil).Rebuild(ctx, l.store)
}

// RebuildInto makes the read models anew in another home than the ledger's.
func (l *Ledger) RebuildInto(ctx context.Context, h projections.Home) error {
	return l.projector(nil).Rebuild(ctx, h)
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

// WrapLog puts something between the ledger and its log.
func (l *Ledger) WrapLog(wrap func(Log) Log) { l.log = wrap(l.log) }

// Beside returns another ledger over the same log and with the same keys, whose
// read models are in a file of their own, as a second process would have it. It
// must not be closed; end closes what is its own.
func (l *Ledger) Beside(ctx context.Context, models string) (other *Ledger, end func() error, err error) {
	s, err := sqlite.Open(ctx, models, l.identity.ID)
	if err != nil {
		return nil, nil, err
	}
	other = newLedger(ctx, l.identity, l.log, s, l.keys, l.logger)
	return other, func() error {
		other.desk.close()
		return s.Close()
	}, nil
}

// SetRoom bounds what is remembered for decisions to n bytes, and returns a
// function that undoes it.
func SetRoom(n int) (undo func()) {
	old := roomBytes
	roomBytes = n
	return func() { roomBytes = old }
}

// Remembered returns how many bytes are remembered for decisions, and how often
// they were read anew.
func (l *Ledger) Remembered() (bytes, reads int) {
	l.desk.mu.Lock()
	defer l.desk.mu.Unlock()
	return l.desk.bytes(), l.desk.reads
}

// Waits returns a channel that gets one when somebody has to wait for what
// another event on its way stores.
func (l *Ledger) Waits() <-chan struct{} { return l.desk.gate.knock }

// HolderOf returns whose a number is, by the read models; "" for nobody's.
func (l *Ledger) HolderOf(ctx context.Context, kind domain.NumberKind, number string) (holder domain.Subject, err error) {
	if err := l.CatchUp(ctx, nil); err != nil {
		return "", err
	}
	d := newDesk(ctx, l)
	defer d.close()
	if err := d.refresh(ctx); err != nil {
		return "", err
	}
	if c := d.world.Claim(l.claimStream(kind, number)); !c.Released {
		holder = c.Holder
	}
	return holder, d.world.Err()
}

// ClaimStream returns the name of the stream that stands for a number in a ledger
// with a key.
func ClaimStream(key []byte, kind domain.NumberKind, number string) string {
	return string((&Ledger{identity: identity{IDKey: key}}).claimStream(kind, number))
}

// Forget makes the ledger read again what decisions rest on.
func (l *Ledger) Forget() { l.desk.discard() }

// Surrender returns the streams of the numbers that somebody gives up who is
// erased by an event, and what is recorded of each.
func (l *Ledger) Surrender(ctx context.Context, s domain.Subject, event string) (map[string]eventstore.Record, error) {
	claims, err := l.desk.surrender(ctx, s, event)
	records := map[string]eventstore.Record{}
	for _, c := range claims {
		records[string(c.stream)] = c.record()
	}
	return records, err
}

// ClaimID returns the id of the record of a claim.
func ClaimID(key []byte, stream domain.Subject, typeName, event string) string {
	return (&Ledger{identity: identity{IDKey: key}}).claimID(stream, typeName, event)
}

// SendBackwards decides on lines in order and sends each list of them as a batch
// of an import does, but begins with the last list. It returns what became of each.
func (l *Ledger) SendBackwards(ctx context.Context, lists ...[]string) (errs []error, err error) {
	i := &importer{ledger: l, desk: l.desk, result: &ImportResult{}}
	var flights []*flight
	err = i.turn(ctx, func() error {
		for _, list := range lists {
			f := &flight{keyed: make(chan struct{}), done: make(chan struct{})}
			for _, line := range list {
				j, err := l.desk.decideAhead(ctx, l.parse([]byte(line)), nil)
				if err != nil {
					return err
				}
				f.add(j)
			}
			f.last = eventstore.Position(f.entries[0].entry.Sequence) + eventstore.Position(len(f.entries)) - 1
			l.desk.depart(len(f.entries))
			flights = append(flights, f)
		}
		for n, f := range slices.Backward(flights) {
			var before *flight
			if n > 0 {
				before = flights[n-1]
			}
			go func() {
				defer close(f.done)
				f.err = l.send(ctx, f, before)
			}()
		}
		for _, f := range flights {
			<-f.done
			l.desk.arrive(f)
			errs = append(errs, f.err)
		}
		return nil
	})
	return errs, err
}

// ForgeBackup makes a backup say that it has so many records more, with its hash
// made right.
func ForgeBackup(dir string, more int64) error {
	m, err := readManifest(dir)
	if err != nil {
		return err
	}
	m.Position = eventstore.Position(int64(m.Position) + more)
	return m.write(dir)
}
