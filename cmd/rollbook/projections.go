package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/ledger"
	"rollbook/projections"
)

func (a *app) projectionsCommand() *cobra.Command {
	return a.group("projections", "The read models that figures come from: list, rebuild", a.projectionsListCommand(), a.rebuildCommand())
}

// projectionsDocument is what `projections list` answers in JSON.
type projectionsDocument struct {
	Projections []ledger.ModelStatus `json:"projections"`
	Parked      []ledger.Parked      `json:"parked"`
}

func (a *app) projectionsListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Where each read model stands, and what waits", Args: arguments(0, 0),
		Long:    "Show how far each read model has come, how many rows it holds, and the subjects that wait because a\nrecord was not understood. It changes nothing.",
		Example: "  rollbook projections list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.withLedger(ctx, func(l *ledger.Ledger) error {
				models, parked, err := l.Models(ctx)
				if err != nil {
					return err
				}
				if a.json {
					a.out.document(projectionsDocument{models, parked})
					return nil
				}
				a.showModels(models, parked)
				return nil
			})
		},
	}
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

func (a *app) rebuildCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rebuild [NAME...]", Short: "Make the read models anew from the log, and compare", Args: cobra.ArbitraryArgs,
		Long: "Make the read models anew from the whole log and compare them with what was there. One pass over the\n" +
			"log fills all of them, so names only pick which are reported: " + strings.Join(modelNames(), ", ") + ".\n\n" +
			"A model that comes out otherwise than it was had been damaged: the new one stands, and the exit code is 3.",
		Example:           "  rollbook projections rebuild\n  rollbook projections rebuild headcount",
		ValidArgsFunction: cobra.FixedCompletions(modelNames(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, name := range args {
				if !slices.Contains(modelNames(), name) {
					return usage("there is no read model %q; there are: %s", "không có bảng số liệu %q; các bảng hiện có: %s", show(name), strings.Join(modelNames(), ", "))
				}
			}
			ctx := cmd.Context()
			return a.withLedger(ctx, func(l *ledger.Ledger) error {
				p := a.progress(a.say("rebuilding", "đang dựng lại"), -1, false)
				rebuilt, err := l.Rebuild(ctx, args, func(done, of int64) { p.set(ctx, done, of, done) })
				p.end()
				if err != nil {
					return err
				}
				return a.tellRebuilt(rebuilt)
			})
		},
	}
}

func (a *app) tellRebuilt(r ledger.Rebuilt) error {
	var differ []string
	var rows [][]string
	for _, m := range r.Models {
		same := a.say("as before", "như cũ")
		if !m.Same {
			differ = append(differ, m.Name)
			same = a.say("DIFFERENT", "KHÁC")
		}
		rows = append(rows, []string{m.Name, a.number(int(m.Rows)), short(m.Digest), same})
	}
	if a.json {
		a.out.document(r)
	} else {
		a.out.printf(a.say("Rebuilt from the log to sequence %s.\n", "Đã dựng lại từ nhật ký đến số thứ tự %s.\n"), a.number(int(r.Position)))
		a.table([]column{
			{head: a.say("Read model", "Bảng số liệu")},
			{head: a.say("Rows", "Số dòng"), right: true},
			{head: a.say("Digest", "Mã băm")},
			{head: a.say("Compared", "So sánh")},
		}, rows, nil)
	}
	if len(differ) == 0 {
		return nil
	}
	return &problem{name: "verification_failed", exit: exitEvidence, told: a.json, text: textf(
		"%s had been damaged and is made anew from the log; figures asked for before may have been wrong", "%s đã bị hỏng và đã được dựng lại từ nhật ký; các số liệu trước đó có thể sai", strings.Join(differ, ", "))}
}
