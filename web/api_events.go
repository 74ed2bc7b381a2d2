package web

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/ledger"
	"rollbook/web/access"
	"rollbook/web/service"
)

const (
	eventStream = "text/event-stream"
	ndjson      = "application/x-ndjson"
)

type eventsInput struct {
	Reasoned
	Type         string `query:"type" maxLength:"64" doc:"only events of this type"`
	Organisation string `query:"organisation" maxLength:"80" doc:"only events of this organisation's subtree"`
	From         uint64 `query:"from" doc:"first sequence"`
	To           uint64 `query:"to" doc:"last sequence"`
	Cursor       string `query:"cursor" maxLength:"64" doc:"next of the page before; of JSON pages"`
	Limit        int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"events on a JSON page"`
	Accept       string `header:"Accept" doc:"application/x-ndjson (the default): all to the end of the log, one a line; application/json: a page; text/event-stream: as they come, for ever"`
	LastEventID  string `header:"Last-Event-ID" maxLength:"20" doc:"of a stream: go on behind this sequence"`
	w            http.ResponseWriter
	r            *http.Request
}

// Resolve implements [huma.Resolver]: the answer is written as it is read.
func (in *eventsInput) Resolve(ctx huma.Context) []error {
	in.r, in.w = humago.Unwrap(ctx)
	return nil
}

// eventsPage is a page of events.
type eventsPage struct {
	Events []json.RawMessage `json:"events"`
	// Next is the cursor of the next page, null at the end.
	Next *string `json:"next"`
}

func (s *Server) registerEvents(api huma.API) {
	op := operation("read-events", http.MethodGet, "/events", "Read the events of the log",
		"Events as docs/contract.md has them, in the order of the log; what the visitor may not open is left out and named by `sealed`. "+
			"As text/event-stream each has its sequence as id, so that a reader who sends Last-Event-ID misses none and gets none twice; without it and without from the stream begins with what is recorded next. "+
			"That somebody reads is in the log of readings.")
	event := &huma.Schema{Type: huma.TypeObject}
	op.Responses = map[string]*huma.Response{"200": {Description: "events", Content: map[string]*huma.MediaType{
		ndjson: {Schema: &huma.Schema{Type: huma.TypeString}}, eventStream: {Schema: &huma.Schema{Type: huma.TypeString}},
		"application/json": {Schema: &huma.Schema{Type: huma.TypeObject, Required: []string{"events", "next"}, Properties: map[string]*huma.Schema{
			"events": {Type: huma.TypeArray, Items: event}, "next": {Type: huma.TypeString, Nullable: true, Description: "cursor of the next page; null at the end"},
		}}},
	}}}
	register(s, api, op, s.events)
}

func (s *Server) events(ctx context.Context, in *eventsInput) (*huma.StreamResponse, error) {
	f := ledger.EventFilter{From: eventstore.Position(in.From), To: eventstore.Position(in.To), Type: in.Type, Organisation: strings.TrimPrefix(in.Organisation, "organisation/")}
	reason, err := unescaped("X-Reason", in.Reason)
	if err != nil {
		return nil, err
	}
	switch {
	case f.Type != "" && !slices.Contains(domain.Types(), f.Type):
		return nil, &service.InputError{Field: "type", Message: domain.Text{EN: "is not an event type", VI: "không phải loại sự kiện"}}
	case f.Organisation != "" && !domain.ValidID(f.Organisation):
		return nil, &service.InputError{Field: "organisation", Message: domain.Text{EN: "is not an id", VI: "không phải mã"}}
	case f.To != 0 && f.From > f.To:
		return nil, &service.InputError{Field: "from", Message: domain.Text{EN: "lies behind to; exchange them", VI: "lớn hơn to; hãy đổi lại"}}
	}
	if strings.Contains(in.Accept, eventStream) {
		return s.follow(ctx, in, f, reason)
	}
	last, err := s.options.Service.Ledger.Last(ctx)
	if err != nil {
		return nil, err
	}
	if f.To == 0 || f.To > last {
		f.To = last
	}
	page := strings.Contains(in.Accept, "application/json")
	if page && in.Cursor != "" {
		at, ok := fromCursor(in.Cursor)
		if !ok {
			return nil, &service.InputError{Field: "cursor", Message: domain.Text{EN: "is not the next of a page", VI: "không phải con trỏ của trang trước"}}
		}
		f.From = at
	}
	leave, ok := s.heavy()
	if !ok {
		return nil, busy()
	}
	events, err := s.options.Service.Events(ctx, f, reason)
	if err != nil {
		leave()
		return nil, err
	}
	if f.To == 0 || f.From > f.To { // there is nothing (yet)
		events = func(func(domain.Entry, error) bool) {}
	}
	return &huma.StreamResponse{Body: func(huma.Context) { //nolint:contextcheck // the request's own
		defer leave()
		if page {
			s.writePage(in, events)
			return
		}
		s.writeLines(in, events)
	}}, nil
}

// cursorOf makes a sequence a cursor, which means nothing to who has it.
func cursorOf(next uint64) string {
	return base64.RawURLEncoding.EncodeToString([]byte("e1:" + strconv.FormatUint(next, 10)))
}

func fromCursor(cursor string) (eventstore.Position, bool) {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	number, ok := strings.CutPrefix(string(b), "e1:")
	if err != nil || !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(number, 10, 63)
	return eventstore.Position(n), err == nil && n > 0
}

func (s *Server) writePage(in *eventsInput, events iter.Seq2[domain.Entry, error]) {
	page := eventsPage{Events: []json.RawMessage{}}
	for e, err := range events {
		if as[*ledger.UnreadableError](err) {
			continue // what this program cannot read is not an event to it
		}
		if err != nil {
			s.tell(in.w, in.r, err)
			return
		}
		if len(page.Events) == in.Limit {
			next := cursorOf(e.Sequence)
			page.Next = &next
			break
		}
		page.Events = append(page.Events, domain.AppendJSON(nil, e, s.options.Service.Ledger.Source()))
	}
	writeJSON(in.w, http.StatusOK, page)
}

// writeLines writes events one a line. When reading fails the connection breaks, so
// that nobody takes the part for the whole.
func (s *Server) writeLines(in *eventsInput, events iter.Seq2[domain.Entry, error]) {
	in.w.Header().Set("Content-Type", ndjson)
	c := http.NewResponseController(in.w)
	_ = c.SetReadDeadline(time.Time{}) // there is no more to read
	begun := false
	var line []byte
	for e, err := range events {
		if as[*ledger.UnreadableError](err) {
			s.logger.WarnContext(in.r.Context(), "a record cannot be read and is left out of an export", slog.Any("error", err))
			continue
		}
		if err != nil && !begun {
			s.tell(in.w, in.r, err)
			return
		}
		if err != nil {
			s.logger.ErrorContext(in.r.Context(), "an export broke off", slog.String("request", requestFrom(in.r.Context())), slog.Any("error", err))
			panic(http.ErrAbortHandler)
		}
		begun = true
		_ = c.SetWriteDeadline(time.Now().Add(s.options.Limits.Take))
		line = append(domain.AppendJSON(line[:0], e, s.options.Service.Ledger.Source()), '\n')
		if _, err := in.w.Write(line); err != nil {
			return // the reader went away
		}
	}
	if !begun {
		in.w.WriteHeader(http.StatusOK)
	}
}

// follow streams events as they come.
func (s *Server) follow(ctx context.Context, in *eventsInput, f ledger.EventFilter, reason string) (*huma.StreamResponse, error) {
	last, err := s.options.Service.Ledger.Last(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case in.LastEventID != "":
		n, err := strconv.ParseUint(in.LastEventID, 10, 63)
		if err != nil {
			return nil, &service.InputError{Field: "Last-Event-ID", Message: domain.Text{EN: "is a sequence", VI: "là số thứ tự"}}
		}
		f.From = eventstore.Position(n) + 1
	case f.From == 0:
		f.From = last + 1
	}
	f.To, f.Follow = 0, true
	ctx, leave, ok := s.stayOpen(ctx)
	if !ok {
		return nil, busy()
	}
	ctx, cancel := context.WithCancel(ctx)
	events, still, err := s.options.Service.Follow(ctx, f, reason)
	if err != nil {
		cancel()
		leave()
		return nil, err
	}
	return &huma.StreamResponse{Body: func(huma.Context) {
		defer leave()
		s.writeStream(ctx, cancel, in.w, events, still)
	}}, nil
}

// stayOpen takes a place for a stream, which is no request that is under way for others
// to wait for. The context ends when the reader goes away, or the service ends; ok is
// false where there are too many, of all or of one account.
func (s *Server) stayOpen(ctx context.Context) (_ context.Context, leave func(), ok bool) {
	visitor, _ := access.VisitorFrom(ctx)
	if !s.another(visitor.ID) {
		return nil, nil, false
	}
	select {
	case s.streams <- struct{}{}:
	default:
		s.oneLess(visitor.ID)
		return nil, nil, false
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.closing, cancel)
	<-s.places
	return ctx, func() {
		s.places <- struct{}{}
		stop()
		cancel()
		<-s.streams
		s.oneLess(visitor.ID)
	}, true
}

// another counts a stream of an account, unless it has as many as it may have: nobody
// takes the places of all others.
func (s *Server) another(account string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[account] >= s.options.Limits.StreamsEach {
		return false
	}
	s.open[account]++
	return true
}

func (s *Server) oneLess(account string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[account]--; s.open[account] == 0 {
		delete(s.open, account)
	}
}

// pageStream is what the page of the feed follows.
const pageStream = "/feed/stream"

func (s *Server) followPage(w http.ResponseWriter, r *http.Request) {
	ctx, leave, ok := s.stayOpen(r.Context())
	if !ok {
		s.tell(w, r, busy())
		return
	}
	defer leave()
	s.options.Pages.ServeHTTP(w, r.WithContext(ctx))
}

// writeStream sends events until they end, the reader goes away or still says that they
// may read no further. Cancel ends the reading of events, which has this ctx.
func (s *Server) writeStream(ctx context.Context, cancel context.CancelFunc, w http.ResponseWriter, events iter.Seq2[domain.Entry, error], still func() error) {
	type got struct {
		entry domain.Entry
		err   error
	}
	ch := make(chan got)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for e, err := range events {
			select {
			case ch <- got{e, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	defer func() { cancel(); <-ended }()
	w.Header().Set("Content-Type", eventStream)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{})
	write := func(b []byte) bool {
		_ = c.SetWriteDeadline(time.Now().Add(s.options.Limits.Take))
		_, err := w.Write(b)
		return err == nil && c.Flush() == nil
	}
	if !write([]byte("retry: 2000\n\n")) {
		return
	}
	ticker := time.NewTicker(s.options.Limits.Heartbeat)
	defer ticker.Stop()
	var out []byte
	for {
		select {
		case <-ctx.Done():
			return
		case <-ended:
			return
		case <-ticker.C:
			out = append(out[:0], ":\n\n"...)
		case g := <-ch:
			if as[*ledger.UnreadableError](g.err) {
				continue
			}
			if g.err != nil {
				if ctx.Err() == nil {
					s.logger.ErrorContext(ctx, "a stream of events broke off", slog.Any("error", g.err))
				}
				return
			}
			out = fmt.Appendf(out[:0], "id: %d\nevent: %s\ndata: ", g.entry.Sequence, g.entry.Type())
			out = append(domain.AppendJSON(out, g.entry, s.options.Service.Ledger.Source()), "\n\n"...)
		}
		if err := still(); err != nil {
			if problemOf(err).cause != nil && ctx.Err() == nil {
				s.logger.ErrorContext(ctx, "a stream of events broke off, because rights cannot be looked up", slog.Any("error", err))
			}
			return // the reader is told when they come back
		}
		if !write(out) {
			return
		}
	}
}

type writerKey struct{}

// unhurried lets a request take as long as it does.
func unhurried(ctx context.Context) {
	if w, ok := ctx.Value(writerKey{}).(http.ResponseWriter); ok {
		c := http.NewResponseController(w)
		_ = c.SetReadDeadline(time.Time{})  // a test's recorder has none
		_ = c.SetWriteDeadline(time.Time{}) // likewise
	}
}
