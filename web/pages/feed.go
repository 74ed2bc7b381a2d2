package pages

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/ledger"
	"rollbook/projections"
	"rollbook/web/access"
	"rollbook/words"
)

// eventRow is an event as the feed shows it: nothing that is personal.
type eventRow struct {
	Sequence                               uint64
	Time, Stamp, Type, Who, URL, Effective string
}

type feedPage struct {
	frame
	Stream string
	Events []eventRow
}

const (
	// eventsShown is how many of the newest events stand on the page, and
	// recordsRead how many records are looked at for them: some are of others.
	eventsShown = 50
	recordsRead = 1000
	// streamLife is how long a stream goes on; then the page asks again, from where
	// it is.
	streamLife = 10 * time.Minute
	// heartbeat is how often a silent stream says that it is there.
	heartbeat = 15 * time.Second
	// writeWithin is how long a reader may take for what is written.
	writeWithin = 10 * time.Second
)

// feedScope is the organisation whose events the visitor follows: everything, or
// the first of theirs.
func feedScope(a *asked) (string, error) {
	tops, whole := a.visitor.Reach(access.ReadEntries)
	switch {
	case whole:
		return "", nil
	case len(tops) > 0:
		return tops[0], nil
	}
	return "", access.ErrForbidden
}

// feed lists the newest events. With JavaScript it goes on.
func (p *Pages) feed(a *asked) error {
	scope, err := feedScope(a)
	if err != nil {
		return err
	}
	last, err := p.service.Ledger.Last(a.ctx)
	if err != nil {
		return err
	}
	from := eventstore.Position(1)
	if last > recordsRead {
		from = last - recordsRead
	}
	organisations, err := p.organisationNames(a)
	if err != nil {
		return err
	}
	events, err := p.service.Events(a.ctx, ledger.EventFilter{From: from, To: last, Organisation: scope, Sealed: true}, "")
	if err != nil {
		return err
	}
	page := feedPage{frame: p.frame(a, a.t.say("feed"), "/feed"), Stream: "/feed/stream?after=" + strconv.FormatUint(uint64(last), 10)}
	for e, err := range events {
		if err := unreadable(err); err != nil {
			return err
		}
		if err == nil {
			page.Events = append(page.Events, a.t.event(e, organisations))
		}
	}
	if more := len(page.Events) - eventsShown; more > 0 {
		page.Events = page.Events[more:]
	}
	slices.Reverse(page.Events)
	return p.show(a, http.StatusOK, "feed", page)
}

// unreadable returns an error unless it is about one record that cannot be read.
func unreadable(err error) error {
	if _, ok := errors.AsType[*ledger.UnreadableError](err); ok {
		return nil
	}
	return err
}

func (p *Pages) organisationNames(a *asked) (names, error) {
	list, err := p.service.Organisations(a.ctx, projections.Question{AsOf: p.service.Today()})
	return namesOf(list), err
}

func (t *tongue) event(e domain.Entry, organisations names) eventRow {
	who := t.subjectLink(e.Subject, organisations)
	row := eventRow{
		Sequence: e.Sequence, Time: t.moment(e.Time), Stamp: e.Time.UTC().Format(time.RFC3339), Type: capital(t.word(words.Events, e.Type())),
		Who: who.Label, URL: who.URL, Effective: t.day(e.EffectiveOn),
	}
	if row.URL != "" {
		row.URL += "#e" + strconv.FormatUint(e.Sequence, 10)
	}
	return row
}

// feedStream sends events as they are recorded, each as a piece of the page, with
// its sequence as the id from which the reader goes on.
func (p *Pages) feedStream(a *asked) error {
	scope, err := feedScope(a)
	if err != nil {
		return err
	}
	after := a.r.Header.Get("Last-Event-ID")
	if after == "" {
		after = a.r.URL.Query().Get("after")
	}
	at, err := strconv.ParseUint(after, 10, 63)
	if err != nil {
		last, err := p.service.Ledger.Last(a.ctx)
		if err != nil {
			return err
		}
		at = uint64(last)
	}
	organisations, err := p.organisationNames(a)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(a.ctx, streamLife)
	defer cancel()
	events, still, err := p.service.Follow(ctx, ledger.EventFilter{From: eventstore.Position(at) + 1, Organisation: scope, Follow: true, Sealed: true}, "")
	if err != nil {
		return err
	}
	a.w.Header().Set("Content-Type", "text/event-stream")
	s := &stream{w: a.w, c: http.NewResponseController(a.w)}
	if err := s.send(": here\n\n"); err != nil {
		return nil // the reader is gone
	}
	found := make(chan domain.Entry)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for e, err := range events {
			if unreadable(err) != nil {
				return
			}
			if err != nil {
				continue
			}
			select {
			case found <- e:
			case <-ctx.Done():
				return
			}
		}
	}()
	defer func() {
		cancel()
		<-ended
	}()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		var said string
		select {
		case <-ctx.Done():
			return nil
		case <-ended:
			return nil
		case <-beat.C:
			said = ": here\n\n"
		case e := <-found:
			if said, err = p.piece(a.t, a.t.event(e, organisations)); err != nil {
				return err
			}
		}
		if err := still(); err != nil {
			return nil // the reader is told when they come back
		}
		if err := s.send(said); err != nil {
			return nil // the reader is gone
		}
	}
}

// piece renders an event as a message of the stream.
func (p *Pages) piece(t *tongue, row eventRow) (string, error) {
	var out bytes.Buffer
	if err := p.templates[t.lang]["feed"].ExecuteTemplate(&out, "event", row); err != nil {
		return "", err
	}
	line := strings.ReplaceAll(strings.TrimSpace(out.String()), "\n", " ")
	return fmt.Sprintf("id: %d\ndata: %s\n\n", row.Sequence, line), nil
}

// stream writes messages to a reader who may be slow, or gone.
type stream struct {
	w http.ResponseWriter
	c *http.ResponseController
}

func (s *stream) send(text string) error {
	_ = s.c.SetWriteDeadline(time.Now().Add(writeWithin)) // where there is one
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.c.Flush()
}
