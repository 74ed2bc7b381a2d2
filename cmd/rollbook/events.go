package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/ledger"
)

func (a *app) eventsCommand() *cobra.Command {
	return a.group("events", "Read the events as they stand in the log, and what types there are; keep the feed up",
		a.exportCommand(), a.tailCommand(), a.publishCommand(), a.typesCommand(), a.schemaCommand())
}

// eventFlags are the flags of both commands.
type eventFlags struct {
	from, to          uint64
	typ, organisation string
	untilEnd          bool
}

func (a *app) exportCommand() *cobra.Command {
	var f eventFlags
	cmd := &cobra.Command{
		Use: "export", Short: "Write events as NDJSON", Args: arguments(0, 0),
		Long:    "Write the events of the log, or of a range of it, one a line. `rollbook import` reads what it writes.",
		Example: "  rollbook events export > events.ndjson\n  rollbook events export --from 1000 --to 1999",
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.untilEnd = true
			return a.streamEvents(cmd.Context(), f)
		},
	}
	cmd.Flags().Uint64Var(&f.from, "from", 0, "first sequence")
	cmd.Flags().Uint64Var(&f.to, "to", 0, "last sequence")
	return cmd
}

func (a *app) tailCommand() *cobra.Command {
	var f eventFlags
	cmd := &cobra.Command{
		Use: "tail", Short: "Write events as they come", Args: arguments(0, 0),
		Long: "Write the events from a sequence on, one a line, and then each new one as it is stored, until\n" +
			"interrupted or, with --until-end, until the end of the log.\n\n" +
			"--organisation picks the events of its subtree: of the organisations, of their villages, and of\npeople who are in one of them before or after the event.",
		Example: "  rollbook events tail --type member.admitted --until-end\n  rollbook events tail --organisation nam-ke --from 5000",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.typ != "" && !slices.Contains(domain.Types(), f.typ) {
				return usage("--type %q is not an event type; the types are: %s", "--type %q không phải loại sự kiện; các loại là: %s", show(f.typ), strings.Join(domain.Types(), ", "))
			}
			f.organisation = strings.TrimPrefix(f.organisation, "organisation/")
			return a.streamEvents(cmd.Context(), f)
		},
	}
	cmd.Flags().Uint64Var(&f.from, "from", 0, "first sequence")
	cmd.Flags().StringVar(&f.typ, "type", "", "only events of this type, such as member.admitted")
	completeFlag(cmd, "type", domain.Types()...)
	cmd.Flags().StringVar(&f.organisation, "organisation", "", "only events of this organisation's subtree")
	cmd.Flags().BoolVar(&f.untilEnd, "until-end", false, "stop at the end of the log")
	return cmd
}

func (a *app) streamEvents(ctx context.Context, f eventFlags) error {
	if f.to != 0 && f.from > f.to {
		return usage("--from %d lies behind --to %d; exchange them", "--from %d lớn hơn --to %d; hãy đổi lại", f.from, f.to)
	}
	return a.withLedger(ctx, func(l *ledger.Ledger) error {
		last, err := l.Last(ctx)
		if err != nil {
			return err
		}
		filter := ledger.EventFilter{
			From: eventstore.Position(f.from), Type: f.typ, Organisation: f.organisation, Follow: !f.untilEnd,
		}
		if f.untilEnd {
			filter.To = last
			if f.to != 0 {
				filter.To = min(last, eventstore.Position(f.to))
			}
		}
		s := &eventStream{out: a.out, source: l.Source(), json: a.json, live: filter.Follow}
		s.begin()
		if filter.To != 0 && filter.From <= filter.To || filter.Follow {
			err = a.copyEvents(ctx, l, filter, s)
		}
		if err == nil && s.unreadable > 0 {
			err = &problem{name: "verification_failed", exit: exitEvidence, text: textf(
				"%d records cannot be read by this program and were left out; a newer one may know them", "%d bản ghi chương trình này không đọc được và đã bỏ qua; có thể cần bản mới hơn", s.unreadable)}
		}
		if err == nil || !a.json {
			s.end(nil)
			return err
		}
		d := a.errorDocument(err)
		s.end(&d)
		p := *explain(err)
		p.told = true
		return &p
	})
}

func (a *app) copyEvents(ctx context.Context, l *ledger.Ledger, filter ledger.EventFilter, s *eventStream) error {
	events, still, err := a.events(ctx, l, filter)
	if err != nil {
		return err
	}
	for e, err := range events {
		if u, ok := errors.AsType[*ledger.UnreadableError](err); ok {
			s.unreadable++
			a.console.line(fmt.Sprintf(a.say("rollbook: the record at sequence %d cannot be read: %v", "rollbook: không đọc được bản ghi số %d: %v"), u.Position, u.Err))
			continue
		}
		if err != nil {
			return err
		}
		if err := still(); err != nil {
			return err
		}
		if err := s.write(e); err != nil {
			return err
		}
	}
	return nil
}

// eventStream writes events one by one: as lines, or as the members of one JSON
// document.
type eventStream struct {
	out        *output
	source     string
	json, live bool
	written    int
	unreadable int
	line       []byte
}

func (s *eventStream) begin() {
	if s.json {
		s.out.documented = true
		s.out.printf(`{"events":[`)
	}
}

func (s *eventStream) write(e domain.Entry) error {
	s.line = s.line[:0]
	if s.json && s.written > 0 {
		s.line = append(s.line, ',')
	}
	if s.json {
		s.line = append(s.line, '\n')
	}
	s.line = domain.AppendJSON(s.line, e, s.source)
	if !s.json {
		s.line = append(s.line, '\n')
	}
	s.written++
	if _, err := s.out.Write(s.line); err != nil {
		return errOutput(err)
	}
	if s.live { // somebody may be waiting for it
		return errOutput(s.out.flush())
	}
	return nil
}

func (s *eventStream) end(failure *errorDocument) {
	if !s.json {
		return
	}
	s.out.printf("\n]")
	if failure != nil {
		b, err := json.Marshal(failure)
		if err == nil {
			s.out.printf(`,"error":%s`, b)
		}
	}
	s.out.printf("}\n")
}

// errOutput ends a stream that cannot be written. The output reports why.
func errOutput(err error) error {
	if err == nil {
		return nil
	}
	return &problem{name: "unexpected", exit: exitUnexpected, told: true, cause: err}
}
