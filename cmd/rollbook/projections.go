package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/spf13/cobra"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/ledger"
	"rollbook/projections"
	"rollbook/web/access"
)

func (a *app) projectionsCommand() *cobra.Command {
	return a.group("projections", "The read models that figures come from: list, rebuild, diff, switch, check",
		a.projectionsListCommand(), a.rebuildCommand(), a.diffCommand(), a.switchCommand(), a.checkModelsCommand())
}

// projectionsDocument is what `projections list` answers in JSON.
type projectionsDocument struct {
	Projections []ledger.ModelStatus `json:"projections"`
	Parked      []ledger.Parked      `json:"parked"`
	Generations []ledger.Generation  `json:"generations"`
}

func (a *app) projectionsListCommand() *cobra.Command {
	var metrics bool
	cmd := &cobra.Command{
		Use: "list", Short: "Where each read model stands, and what waits", Args: arguments(0, 0),
		Long:    "Show how far each read model has come, how many rows it holds, and the subjects that wait because a\nrecord was not understood. It changes nothing.",
		Example: "  rollbook projections list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.withLedger(ctx, func(l *ledger.Ledger) error {
				if metrics {
					return a.writeMetrics(l)
				}
				if err := a.may(ctx, access.Operate, ""); err != nil {
					return err
				}
				models, parked, err := l.Models(ctx)
				if err != nil {
					return err
				}
				generations, err := l.Generations(ctx)
				if err != nil {
					return err
				}
				if a.json {
					a.out.document(projectionsDocument{models, parked, generations})
					return nil
				}
				a.showModels(models, parked)
				a.showGenerations(generations)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&metrics, "metrics", false, "as Prometheus reads it, for a file that its node exporter collects")
	return cmd
}

// writeMetrics writes the metrics in the text form of Prometheus.
func (a *app) writeMetrics(l *ledger.Ledger) error {
	if a.json {
		return usage("--metrics and --json contradict each other; leave one out", "--metrics và --json mâu thuẫn; hãy bỏ một trong hai")
	}
	registry := prometheus.NewRegistry()
	if err := registry.Register(l.Metrics()); err != nil {
		return err
	}
	families, err := registry.Gather()
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
			return err
		}
	}
	a.out.printf("%s", text.String())
	return nil
}

func (a *app) showModels(models []ledger.ModelStatus, parked []ledger.Parked) {
	var rows [][]string
	for _, m := range models {
		rows = append(rows, []string{m.Name, a.number(int(m.Position)), a.number(int(m.Behind)), a.number(int(m.Rows)), short(m.Digest)})
	}
	a.table([]column{
		{head: a.say("Read model", "Bảng số liệu")},
		{head: a.say("At sequence", "Đến số thứ tự"), right: true},
		{head: a.say("Behind", "Còn thiếu"), right: true},
		{head: a.say("Rows", "Số dòng"), right: true},
		{head: a.say("Digest", "Mã băm")},
	}, rows, nil)
	if len(parked) == 0 {
		a.out.line(a.say("Nothing waits.", "Không có đối tượng nào phải chờ."))
		return
	}
	a.out.printf(a.say("!!! %d subjects wait because a record was not understood; figures leave them out.\n", "!!! %d đối tượng phải chờ vì có bản ghi không hiểu được; số liệu thiếu các đối tượng này.\n"), len(parked))
	rows = nil
	for _, p := range parked {
		rows = append(rows, []string{p.Subject, a.number(int(p.Position)), a.number(p.Records), p.Reason})
	}
	a.table([]column{
		{head: a.say("Subject", "Đối tượng")},
		{head: a.say("Since sequence", "Từ số thứ tự"), right: true},
		{head: a.say("Records", "Bản ghi"), right: true},
		{head: a.say("Reason", "Lý do"), most: 60},
	}, rows, nil)
}

// short is the beginning of a digest, which is enough to compare two by eye.
func short(digest string) string { return digest[:min(12, len(digest))] }

func modelNames() []string {
	var names []string
	for _, m := range projections.Models() {
		names = append(names, m.Name)
	}
	return names
}

func (a *app) showGenerations(generations []ledger.Generation) {
	var rows [][]string
	for _, g := range generations {
		state := ""
		switch {
		case g.Live:
			state = a.say("live", "đang dùng")
		case !g.Ready:
			state = a.say("being filled", "đang dựng")
		case g.Before:
			state = a.say("before: `projections switch --back`", "trước đó: `projections switch --back`")
		}
		if !g.Ours {
			state += a.say(" (of another version of the program)", " (của phiên bản chương trình khác)")
		}
		rows = append(rows, []string{a.number(int(g.Number)), a.number(int(g.Position)), short(g.Version), state})
	}
	a.table([]column{
		{head: a.say("Generation", "Thế hệ"), right: true},
		{head: a.say("At sequence", "Đến số thứ tự"), right: true},
		{head: a.say("Version", "Phiên bản")},
		{head: a.say("State", "Trạng thái")},
	}, rows, nil)
}

// parts reads what is to be made anew: names of models, or one subject.
func parts(args []string) (what ledger.Rebuilding, err error) {
	for _, arg := range args {
		subject, ok := domain.ParseSubject(arg)
		switch {
		case ok && len(args) > 1:
			return what, usage("%s stands for everything that is kept of it: name it alone", "%s đã gồm mọi số liệu của đối tượng đó: chỉ ghi một mình nó", show(arg))
		case ok:
			what.Subject = subject
		case slices.Contains(modelNames(), arg):
			what.Models = append(what.Models, arg)
		default:
			return what, usage("there is no read model %q; there are: %s; a single subject is written as member/ID or organisation/ID",
				"không có bảng số liệu %q; các bảng hiện có: %s; một đối tượng được ghi là member/MÃ hoặc organisation/MÃ", show(arg), strings.Join(modelNames(), ", "))
		}
	}
	return what, nil
}

func (a *app) rebuildCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rebuild [NAME... | SUBJECT]", Short: "Make the read models anew from the log, compare, and switch", Args: cobra.ArbitraryArgs,
		Long: "Make the read models anew from the whole log, beside the living ones, which go on being read and written;\n" +
			"compare the two, name each difference with its reason, and switch at once. The ones before are kept:\n" +
			"`projections switch --back` returns to them. One that is stopped half way leaves nothing behind.\n\n" +
			"With names, only those are made anew and the others stay as they are: " + strings.Join(modelNames(), ", ") + ".\n" +
			"With a subject, such as member/ID or organisation/ID, only its part is made anew, for an organisation with\n" +
			"everybody who was ever in it.\n\n" +
			"If anything comes out otherwise than it was, and this version of the program made it, it had been damaged: the\n" +
			"new one stands, and the exit code is 3.",
		Example:           "  rollbook projections rebuild\n  rollbook projections rebuild headcount\n  rollbook projections rebuild member/m-17",
		ValidArgsFunction: cobra.FixedCompletions(modelNames(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			what, err := parts(args)
			if err != nil {
				return err
			}
			return a.rebuild(cmd.Context(), what)
		},
	}
}

func (a *app) diffCommand() *cobra.Command {
	return &cobra.Command{
		Use: "diff [NAME... | SUBJECT]", Short: "Compare the read models with a replay of the log; change nothing", Args: cobra.ArbitraryArgs,
		Long: "Make the read models anew from the log, as `projections rebuild` does, compare them with the living ones, name\n" +
			"each difference with its reason, and throw the new ones away. The exit code is 3 if there is a difference.",
		Example:           "  rollbook projections diff\n  rollbook projections diff organisation/muong-nhe",
		ValidArgsFunction: cobra.FixedCompletions(modelNames(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			what, err := parts(args)
			if err != nil {
				return err
			}
			what.Try = true
			return a.rebuild(cmd.Context(), what)
		},
	}
}

func (a *app) switchCommand() *cobra.Command {
	var back bool
	cmd := &cobra.Command{
		Use: "switch --back", Short: "Return to the read models before the last rebuild, at once", Args: arguments(0, 0),
		Long: "Make the read models live again that the last rebuild replaced. It is one row that changes; calling it again\n" +
			"undoes it. They are brought up to the end of the log by the next command that reads them.",
		Example: "  rollbook projections switch --back",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !back {
				return usage("say where to: --back", "hãy ghi rõ: --back")
			}
			ctx := cmd.Context()
			return a.withLedger(ctx, func(l *ledger.Ledger) error {
				live, err := l.SwitchBack(ctx)
				if err != nil {
					return err
				}
				if a.json {
					a.out.document(live)
					return nil
				}
				a.out.printf(a.say("Generation %d of the read models is live again; it stands at sequence %s.\n", "Thế hệ %d của các bảng số liệu đang được dùng lại; đã đến số thứ tự %s.\n"), live.Number, a.number(int(live.Position)))
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&back, "back", false, "to the one before")
	return cmd
}

// checkedDocument is what `projections check` answers in JSON.
type checkedDocument struct {
	Position eventstore.Position `json:"position"`
	Ways     []ledger.Checked    `json:"ways"`
	Same     bool                `json:"same"`
}

func (a *app) checkModelsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Make the read models anew in several ways; all have to come out the same", Args: arguments(0, 0),
		Long: "Replay the log several times, with other batch sizes, numbers of workers, transactions and time zones, and compare\n" +
			"each with the living read models, to the byte. It changes nothing. The exit code is 3 if one differs.",
		Example: "  rollbook projections check",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.withLedger(ctx, func(l *ledger.Ledger) error {
				p := a.progress(a.say("checking", "đang kiểm tra"), -1, false)
				at, ways, err := l.Check(ctx, func(done, of int64) { p.set(ctx, done, of, done) })
				p.end()
				if err != nil {
					return err
				}
				return a.tellChecked(checkedDocument{at, ways, !slices.ContainsFunc(ways, func(c ledger.Checked) bool { return c.Differing > 0 })})
			})
		},
	}
}

func (a *app) tellChecked(d checkedDocument) error {
	if a.json {
		a.out.document(d)
	} else {
		var rows [][]string
		for _, c := range d.Ways {
			same := a.say("the same", "như nhau")
			if c.Differing > 0 {
				first := c.Differences[0]
				same = fmt.Sprintf(a.say("DIFFERENT in %s places, first in %s at sequence %s, %s", "KHÁC ở %s chỗ, trước hết ở %s, số thứ tự %s, %s"),
					a.number(c.Differing), first.Model, a.number(int(first.Sequence)), first.Subject)
			}
			row := []string{c.Way}
			for _, name := range modelNames() {
				row = append(row, short(c.Digests[name]))
			}
			rows = append(rows, append(row, same))
		}
		columns := []column{{head: a.say("Way", "Cách lập")}}
		for _, name := range modelNames() {
			columns = append(columns, column{head: name})
		}
		a.out.printf(a.say("Made anew to sequence %s, and compared with the living ones:\n", "Đã lập lại đến số thứ tự %s và so với các bảng đang dùng:\n"), a.number(int(d.Position)))
		a.table(append(columns, column{head: a.say("Compared", "So sánh"), most: 60}), rows, nil)
	}
	if d.Same {
		return nil
	}
	return &problem{name: "verification_failed", exit: exitEvidence, told: a.json, text: textf(
		"the read models do not come out the same; `rollbook projections rebuild` makes them anew, and if this happens again, report it",
		"các bảng số liệu lập lại không như nhau; hãy chạy `rollbook projections rebuild`, nếu còn lặp lại hãy báo lỗi")}
}

func (a *app) rebuild(ctx context.Context, what ledger.Rebuilding) error {
	return a.withLedger(ctx, func(l *ledger.Ledger) error {
		p := a.progress(a.say("rebuilding", "đang dựng lại"), -1, false)
		rebuilt, err := l.Rebuild(ctx, what, func(done, of int64) { p.set(ctx, done, of, done) })
		p.end()
		if err != nil {
			return err
		}
		return a.tellRebuilt(rebuilt, what.Try)
	})
}

func (a *app) tellRebuilt(r ledger.Rebuilt, try bool) error {
	damaged := slices.ContainsFunc(r.Differences, func(d projections.Difference) bool { return d.Reason == projections.Damaged })
	if a.json {
		a.out.document(r)
	} else {
		a.showRebuilt(r, try)
	}
	switch {
	case r.Differing == 0, !damaged && !try:
		return nil
	case try:
		return &problem{name: "verification_failed", exit: exitEvidence, told: a.json, text: textf(
			"the read models differ from a replay of the log in %d places; `rollbook projections rebuild` makes them anew", "các bảng số liệu khác với nhật ký ở %d chỗ; hãy dựng lại bằng `rollbook projections rebuild`", r.Differing)}
	}
	return &problem{name: "verification_failed", exit: exitEvidence, told: a.json, text: textf(
		"the read models had been damaged in %d places and are made anew from the log; figures asked for before may have been wrong", "các bảng số liệu đã bị hỏng ở %d chỗ và đã được dựng lại từ nhật ký; các số liệu trước đó có thể sai", r.Differing)}
}

func (a *app) showRebuilt(r ledger.Rebuilt, try bool) {
	var rows [][]string
	for _, m := range r.Models {
		same := a.say("as before", "như cũ")
		if !m.Same {
			same = a.say("DIFFERENT", "KHÁC")
		}
		rows = append(rows, []string{m.Name, a.number(int(m.Rows)), short(m.Digest), same})
	}
	if try {
		a.out.printf(a.say("Compared with a replay of the log to sequence %s. Nothing was changed.\n", "Đã đối chiếu với nhật ký đến số thứ tự %s. Không thay đổi gì.\n"), a.number(int(r.Position)))
	} else {
		a.out.printf(a.say("Rebuilt from the log to sequence %s.\n", "Đã dựng lại từ nhật ký đến số thứ tự %s.\n"), a.number(int(r.Position)))
	}
	a.table([]column{
		{head: a.say("Read model", "Bảng số liệu")},
		{head: a.say("Rows", "Số dòng"), right: true},
		{head: a.say("Digest", "Mã băm")},
		{head: a.say("Compared", "So sánh")},
	}, rows, nil)
	if r.Differing == 0 {
		return
	}
	const shown = 20
	rows = nil
	for _, d := range r.Differences[:min(len(r.Differences), shown)] {
		rows = append(rows, []string{d.Model, a.number(int(d.Sequence)), d.Subject, a.number(d.Missing), a.number(d.Extra), a.reason(d.Reason)})
	}
	a.table([]column{
		{head: a.say("Read model", "Bảng số liệu")},
		{head: a.say("Sequence", "Số thứ tự"), right: true},
		{head: a.say("Subject", "Đối tượng")},
		{head: a.say("Was missing", "Đã thiếu"), right: true},
		{head: a.say("Was too much", "Đã thừa"), right: true},
		{head: a.say("Reason", "Lý do")},
	}, rows, nil)
	if r.Differing > shown {
		a.out.printf(a.say("… and %s more; --json lists them.\n", "… và %s chỗ nữa; xem đủ bằng --json.\n"), a.number(r.Differing-shown))
	}
}

func (a *app) reason(r projections.Reason) string {
	switch r {
	case projections.Damaged:
		return a.say("it had been damaged", "đã bị hỏng")
	case projections.OtherProgram:
		return a.say("another version of the program made it", "do phiên bản chương trình khác lập")
	case projections.OtherKeys:
		return a.say("a key is there now, or is gone", "khoá đã có lại hoặc không còn")
	case projections.OtherParked:
		return a.say("the subject was set aside, or is now", "đối tượng đã hoặc đang phải chờ")
	default:
		return string(r)
	}
}
