package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/projections"
	"rollbook/web"
	"rollbook/web/access"
	"rollbook/web/service"
)

// Commands that come by --server are done by the service for a visitor. It is the same
// code as everywhere, but for what asks for a right: whoever records, imports or reads
// of people does so by package service, like the interface and the pages; figures are
// for who may see the entries behind them, so that none has to be withheld.

// visit is what a command has that a visitor has sent. The visitor is in its context.
type visit struct {
	web.Command
	service *service.Service
}

// offer is a command that visitors may ask for.
type offer struct {
	// heavy is true for what takes long, and reads and writes the whole log.
	heavy bool
	// without are the flags that name what is on one machine only.
	without []string
}

// offers are all that visitors may ask for, with the places in which they are asked
// for their right.
var offers = map[string]offer{
	// a.record, a.importInto, a.history, a.events, a.register, a.bundle, a.verify
	"record":        {},
	"import":        {heavy: true},
	"history":       {},
	"events export": {heavy: true},
	"events tail":   {},
	"bundle":        {},
	"verify":        {heavy: true, without: []string{"from", "archive", mirrorFlag, "checkpoints", "policy"}},
	// a.answer
	"report headcount": {}, "report movements": {}, "report indicators": {}, "report findings": {}, "report worklist": {}, "report register": {},
	"report structure": {}, "report admissions": {}, "report ratings": {}, "report villages": {}, "report discipline": {}, "report confirmations": {}, "report badges": {},
	// a.explain
	"explain headcount": {}, "explain movements": {}, "explain indicators": {}, "explain findings": {},
	// a.organisations
	"template": {}, "template write": {},
	// nobody's: everybody who has signed in may keep checkpoints
	"checkpoint show":   {},
	"checkpoint list":   {},
	"checkpoint policy": {},
	// the command's own
	"projections list": {without: []string{"metrics"}},
}

// offered returns why a command is not done over --server, or nil.
func offered(cmd *cobra.Command) error {
	o, ok := offers[pathOf(cmd)]
	if !ok {
		return usage("`rollbook %[1]s` is not done over --server; give it where the service runs, without --server (ROLLBOOK_SERVER)",
			"`rollbook %[1]s` không chạy qua --server; hãy chạy trên máy của dịch vụ, không ghi --server (ROLLBOOK_SERVER)", pathOf(cmd))
	}
	for _, name := range o.without {
		if f := cmd.Flags().Lookup(name); f != nil && f.Changed {
			return usage("--%[1]s names something on one machine and does not go over --server; give the command where the service runs",
				"--%[1]s chỉ thứ nằm trên một máy nên không dùng qua --server; hãy chạy lệnh trên máy của dịch vụ", name)
		}
	}
	return nil
}

// visitors returns what does a visitor's commands.
func (a *app) visitors(s *service.Service) func(context.Context, web.Command) int {
	return func(ctx context.Context, c web.Command) int {
		caller := &app{
			stdin: strings.NewReader(""), out: newOutput(c.Stdout), console: &console{w: c.Stderr, screen: c.Console},
			now: a.now, shared: s.Ledger, service: a, visit: &visit{c, s},
			env: func(name string) string {
				if slices.Contains(spoken, name) {
					return c.Env[name]
				}
				return "" // what the service has of its own is no visitor's
			},
		}
		caller.out.terminal = c.Screen
		if c.Input != nil {
			caller.stdin = c.Input
		}
		return caller.guarded(ctx, c.Args)
	}
}

// admit lets a visitor's command begin.
func (a *app) admit(cmd *cobra.Command) error {
	if err := offered(cmd); err != nil {
		return err
	}
	if offers[pathOf(cmd)].heavy {
		return a.takesLong()
	}
	return nil
}

// takesLong takes a visitor's command a place among those that do.
func (a *app) takesLong() error {
	if a.visit != nil && !a.visit.Heavy() {
		return &problem{name: "busy", exit: exitUnreachable, text: textf("the service has too much to do, and this was not begun; try again in a moment", "dịch vụ đang quá tải, lệnh này chưa được thực hiện; hãy thử lại sau giây lát")}
	}
	return nil
}

// exported writes down that a visitor gets a report in a form that it is handed on in,
// before they do.
func (a *app) exported(ctx context.Context, d *delivery, organisation string) error {
	if a.visit == nil {
		return nil
	}
	name := strings.ReplaceAll(strings.TrimPrefix(pathOf(d.of), "report "), " ", "-")
	return a.visit.service.Exported(ctx, name, service.Format(d.format), organisation)
}

// may asks whether a command may do something in an organisation; "" is the whole
// ledger. Who owns the ledger is not asked.
func (a *app) may(ctx context.Context, what access.Action, organisation string) error {
	if a.visit == nil {
		return nil
	}
	return a.visit.service.Access.Allowed(ctx, what, organisation)
}

func (a *app) record(ctx context.Context, l *ledger.Ledger, event []byte) (ledger.Outcome, error) {
	if a.visit != nil {
		return a.visit.service.Record(ctx, event, service.RecordOptions{})
	}
	return l.Record(ctx, event)
}

func (a *app) importFrom(ctx context.Context, l *ledger.Ledger, files []ledger.File, o ledger.ImportOptions) (ledger.ImportResult, error) {
	if a.visit != nil {
		r, err := a.visit.service.Import(ctx, files, o)
		return r, a.refusal(ctx, err)
	}
	return l.Import(ctx, files, o)
}

func (a *app) history(ctx context.Context, l *ledger.Ledger, subject domain.Subject, q projections.Question) (ledger.History, error) {
	if a.visit != nil {
		return a.visit.service.History(ctx, subject, q, "")
	}
	return l.History(ctx, subject, q.AsOf, a.today(), q.KnownAt)
}

func (a *app) register(ctx context.Context, l *ledger.Ledger, q ledger.RegisterQuestion) (ledger.Register, error) {
	if a.visit != nil {
		return a.visit.service.Register(ctx, q, "")
	}
	return l.Register(ctx, q)
}

// organisations returns those that have names here: a visitor's right to figures is a
// right to the names of organisations in that part of the ledger, and in no other.
func (a *app) organisations(ctx context.Context, f *projections.Figures, q projections.Question) ([]projections.OrganisationInfo, error) {
	if a.visit != nil {
		return a.visit.service.Organisations(ctx, q)
	}
	return f.Organisations(ctx, q)
}

// events returns events, with a function to be called before one is written: it returns
// an error when the right to them has been taken away since.
func (a *app) events(ctx context.Context, l *ledger.Ledger, f ledger.EventFilter) (events iter.Seq2[domain.Entry, error], still func() error, err error) {
	may := func() error { return nil }
	switch {
	case a.visit == nil:
		return l.Events(ctx, f), may, nil
	case f.Follow:
		events, may, err = a.visit.service.Follow(ctx, f, "")
	default:
		events, err = a.visit.service.Events(ctx, f, "")
	}
	return events, func() error { return a.refusal(ctx, may()) }, a.refusal(ctx, err)
}

func (a *app) bundle(ctx context.Context, l *ledger.Ledger, member domain.Subject) ([]byte, error) {
	if a.visit != nil {
		return a.visit.service.Bundle(ctx, member)
	}
	return l.Bundle(ctx, member)
}

func (a *app) verifyShared(ctx context.Context, what ledger.Verifying, p ledger.Progress) (ledger.Verification, error) {
	if a.visit != nil {
		return a.visit.service.Verify(ctx, what)
	}
	return a.shared.Verify(ctx, what, p)
}

// refusal is how an error is told to a visitor: what is about rights as the interface
// tells it, and nothing of what only the operator should see.
func (a *app) refusal(ctx context.Context, err error) error {
	if _, ok := errors.AsType[*problem](err); ok || err == nil {
		return err
	}
	for about, exit := range map[error]int{access.ErrStranger: exitUsage, access.ErrForbidden: exitUsage, access.ErrPart: exitUsage, access.ErrNotFound: exitNotFound} {
		if errors.Is(err, about) {
			p := web.ProblemOf(about, a.lang)
			return &problem{name: p.Code, exit: exit, text: domain.Text(p.Messages), cause: err}
		}
	}
	if i, ok := errors.AsType[*service.InputError](err); ok {
		return &problem{name: "usage", exit: exitUsage, cause: err, text: domain.Text{EN: i.Field + ": " + i.Message.EN, VI: i.Field + ": " + i.Message.VI}}
	}
	switch told := explain(err); {
	case told.exit == exitUnreachable: // why, and where, is the operator's to know
		a.service.logger.ErrorContext(ctx, "a visitor's command failed", slog.Any("error", err))
		return &problem{name: told.name, exit: told.exit, text: textf("the service cannot do this at the moment; its log says why", "dịch vụ hiện không thực hiện được; nhật ký của dịch vụ ghi lý do")}
	case told.name != "unexpected":
		return err
	}
	a.service.logger.ErrorContext(ctx, "a visitor's command failed", slog.Any("error", err))
	return &problem{name: "unexpected", exit: exitUnexpected, text: textf("something went wrong that should not; the log of the service has it", "có lỗi ngoài dự kiến; nhật ký của dịch vụ ghi lỗi này")}
}

// panicked tells of a defect.
func (a *app) panicked(ctx context.Context, what any) {
	text := a.say("a defect of the program", "lỗi của chương trình")
	if a.visit == nil {
		a.console.line(fmt.Sprintf("rollbook: %s: %v\n%s", text, what, debug.Stack()))
		return
	}
	// What panicked may hold what was read, so only its type is logged.
	a.service.logger.ErrorContext(ctx, "a visitor's command panicked", slog.String("panic", fmt.Sprintf("%T", what)), slog.String("stack", string(debug.Stack())))
	a.console.line("rollbook: " + text)
}
