package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"rollbook/ledger"
)

func (a *app) archiveCommand() *cobra.Command {
	to := ""
	cmd := &cobra.Command{
		Use: "archive", Short: "A copy of the log in plain files, for an auditor and for fast rebuilds", Args: arguments(0, 0),
		Long: "Copy what the log has and the archive has not, each record compared with its leaf in the tree; write\n" +
			"segments again that are missing or damaged. The signed checkpoints and the policy lie beside, so that the\n" +
			"folder can be taken away and verified alone: rollbook verify --archive DIR. The archive in the data\n" +
			"directory is used by rebuilds and exports.",
		Example: "  rollbook archive\n  rollbook archive --to /mnt/usb/rollbook",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withLedger(cmd.Context(), func(l *ledger.Ledger) error {
				p := a.progress(a.say("archiving", "đang lưu trữ"), 0, false)
				r, err := l.Archive(cmd.Context(), a.path(to), func(done, of int64) { p.set(cmd.Context(), done, of, done) })
				p.end()
				if err != nil {
					return err
				}
				if r.Repaired == nil {
					r.Repaired = []string{}
				}
				if a.json {
					a.out.document(r)
					return nil
				}
				for _, path := range r.Repaired {
					a.out.line(a.say("Written again: ", "Đã ghi lại: ") + path)
				}
				a.out.line(fmt.Sprintf(a.say("Archived up to sequence %s, %s new.", "Đã lưu trữ đến số thứ tự %s, thêm mới %s."), a.number(int(r.Position)), a.number(int(r.Added))))
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "another directory than archive in the data directory")
	return cmd
}
