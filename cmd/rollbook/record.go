package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/words"
)

const recordLong = `Record one event about a member, an organisation or a village.

--data gives the event's data as a JSON object; "--data -" reads it from
standard input, so that names do not stand in the list of processes. In this
command --data may stand twice: what begins with { is the event's data,
anything else is the data directory.

What departs from a rule of the charter is refused, unless --exception-rule,
--exception-reason and --exception-authority give an authority's leave for it;
the refusal names the rule, its source and what would cure it.

Recording the same fact again changes nothing and is answered "unchanged".`

// recordFlags are the parts of one event as flags give them.
type recordFlags struct {
	effectiveOn, id, actor, reason, exception string
	leave                                     leaveFlags
	data                                      dataFlag
}

func (a *app) recordCommand() *cobra.Command {
	f := recordFlags{data: dataFlag{dir: &a.dir}}
	cmd := &cobra.Command{
		Use: "record TYPE SUBJECT --effective-on DATE", Short: "Record one event", Long: recordLong, Args: arguments(2, 2),
		Example: "  rollbook record member.confirmed member/m1 --effective-on 2022-05-10 \\\n" +
			`    --data '{"decision":{"number":"112-QĐ/HU","date":"2022-05-10"}}'`,
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return domain.Types(), cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.effectiveOn == "" {
				return usage("--effective-on is missing: the day on which it counts, such as 2022-12-31", "thiếu --effective-on: ngày có hiệu lực, ví dụ 31/12/2022")
			}
			event, err := f.event(args[0], args[1], a.stdin)
			if err != nil {
				return err
			}
			return a.withLedger(cmd.Context(), func(l *ledger.Ledger) error {
				outcome, err := a.record(cmd.Context(), l, event)
				if err != nil {
					return err
				}
				a.tellOutcome(outcome)
				return nil
			})
		},
	}
	flags := cmd.Flags()
	flags.Var(&f.data, "data", "the event's data, a JSON object; or the data directory (ROLLBOOK_DATA)")
	flags.StringVar(&f.effectiveOn, "effective-on", "", "day on which it counts, as 2022-12-31 or 31/12/2022")
	flags.StringVar(&f.id, "id", "", "id of the event; without it one is made from its content")
	flags.StringVar(&f.actor, "actor", "", "pseudonym of who records it")
	flags.StringVar(&f.reason, "reason", "", "why; needed to annul an entry")
	flags.StringVar(&f.exception, "exception", "", `the authority's leave to depart from a rule: {"rule":…,"reason":…,"authority":…}`)
	flags.StringVar(&f.leave.rule, "exception-rule", "", "id of the rule that an authority gave leave to depart from; several with commas between")
	flags.StringVar(&f.leave.reason, "exception-reason", "", "why")
	flags.StringVar(&f.leave.authority, "exception-authority", "", "who gave leave, and by which decision")
	return cmd
}

// leaveFlags are the parts of an exception, for who has no JSON at hand.
type leaveFlags struct{ rule, reason, authority string }

// exceptionObject returns the exception as JSON, "" for none.
func (f *recordFlags) exceptionObject() (string, error) {
	l := f.leave
	if l == (leaveFlags{}) {
		return f.exception, nil
	}
	if f.exception != "" {
		return "", usage("--exception and --exception-rule, --exception-reason, --exception-authority say the same; give one of them",
			"--exception và --exception-rule, --exception-reason, --exception-authority cùng một nội dung; chỉ ghi một cách")
	}
	var b strings.Builder
	b.WriteByte('{')
	for _, part := range []struct{ name, value string }{{"rule", l.rule}, {"reason", l.reason}, {"authority", l.authority}} {
		if part.value == "" {
			continue // the ledger says which is missing
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", part.name, quoted(part.value))
	}
	b.WriteByte('}')
	return b.String(), nil
}

// dataFlag is --data of record, which names two things: the event's data, and
// for every command the data directory.
type dataFlag struct {
	event string
	dir   *string
}

func (d *dataFlag) String() string { return d.event }
func (d *dataFlag) Type() string   { return "json" }

func (d *dataFlag) Set(s string) error {
	if s != "-" && !strings.HasPrefix(strings.TrimSpace(s), "{") {
		*d.dir = s
		return nil
	}
	if d.event != "" {
		return errors.New("the event's data is given twice")
	}
	d.event = s
	return nil
}

// event writes the flags as one event. What the values mean is for the ledger
// to judge; here each must only be one JSON value.
func (f *recordFlags) event(typ, subject string, stdin io.Reader) ([]byte, error) {
	data := f.data.event
	switch data {
	case "":
		data = "{}"
	case "-":
		b, err := io.ReadAll(io.LimitReader(stdin, domain.MaxLine+1))
		if err != nil {
			return nil, err
		}
		data = string(b)
	}
	exception, err := f.exceptionObject()
	if err != nil {
		return nil, err
	}
	on := f.effectiveOn
	if d, ok := parseDay(on); ok {
		on = d.String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, `{"type":%s,"subject":%s,"effectiveon":%s`, quoted(typ), quoted(subject), quoted(on))
	for _, text := range []struct{ name, value string }{{"id", f.id}, {"actor", f.actor}, {"reason", f.reason}} {
		if text.value != "" {
			fmt.Fprintf(&b, `,%q:%s`, text.name, quoted(text.value))
		}
	}
	for _, object := range []struct{ name, value string }{{"exception", exception}, {"data", data}} {
		if object.value == "" {
			continue
		}
		if !json.Valid([]byte(object.value)) {
			return nil, &domain.Rejection{Code: domain.Malformed, Field: object.name, Message: domain.Text{
				EN: `is not one JSON object, such as {"year":2022}; check the quotes and braces`,
				VI: `không phải một đối tượng JSON, ví dụ {"year":2022}; hãy kiểm tra dấu ngoặc`,
			}}
		}
		fmt.Fprintf(&b, `,%q:%s`, object.name, object.value)
	}
	b.WriteString("}")
	return []byte(b.String()), nil
}

// quoted writes a string in JSON. Broken UTF-8 stays broken, for the ledger to
// refuse: encoding/json would put something else in its place.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < 0x20:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func (a *app) tellOutcome(o ledger.Outcome) {
	switch {
	case a.json:
		a.out.document(o)
	case o.Status == "unchanged":
		a.out.printf(a.say("Unchanged: %s of %s stands in the ledger already, at sequence %d (id %s).\n", "Không đổi: %s của %s đã có trong sổ, số thứ tự %d (mã %s).\n"),
			a.label(words.Events, o.Type), o.Subject, o.Sequence, o.ID)
	default:
		a.out.printf(a.say("Recorded: %s of %s, sequence %d (id %s).\n", "Đã ghi: %s của %s, số thứ tự %d (mã %s).\n"),
			a.label(words.Events, o.Type), o.Subject, o.Sequence, o.ID)
		for _, f := range o.Findings {
			a.out.printf(a.say("With leave, against %s: %s (%s).\n", "Theo ngoại lệ, khác quy định %s: %s (%s).\n"), f.Rule, f.Title.In(a.lang), f.Source)
		}
	}
}
