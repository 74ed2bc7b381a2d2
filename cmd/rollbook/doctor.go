package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"rollbook/ledger"
)

const doctorLong = `Look at the ledger and at what it stands on, change nothing, and say of each thing
whether it is well (PASS), to be looked into (WARN) or broken (FAIL), with the
cure. The log is examined in a copy, so that evidence stays as it is. It also
works beside a process that has the ledger, as far as that allows.

Exit code 7 if something is broken; warnings do not fail.`

// examined is a finding in JSON.
type examined struct {
	Check  string        `json:"check"`
	Status ledger.Status `json:"status"`
	Detail string        `json:"detail"`
	Cure   string        `json:"cure,omitempty"`
}

func (a *app) doctorCommand() *cobra.Command {
	backup := ""
	cmd := &cobra.Command{
		Use: "doctor", Short: "Look for what is broken, and say its cure", Long: doctorLong, Args: arguments(0, 0),
		Example: "  rollbook doctor\n  rollbook doctor --backup /mnt/backup/rollbook --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			found := ledger.Examine(cmd.Context(), a.dir, ledger.Examining{
				Options: ledger.Options{
					MasterKey: a.master, Tree: a.tree, Database: a.database,
					Servers: a.servers, Feed: a.feed, UnsafeSync: a.unsafe, Signing: a.signing,
				},
				Backup: backup, Now: a.now(),
			})
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			return a.showFindings(found)
		},
	}
	cmd.Flags().StringVar(&backup, "backup", "", "directory of a backup to look at too")
	return cmd
}

func (a *app) showFindings(found []ledger.Finding) error {
	list := make([]examined, len(found))
	failures := 0
	for i, f := range found {
		list[i] = examined{f.Check, f.Status, f.Detail.In(a.lang), f.Cure.In(a.lang)}
		if f.Status == ledger.Fail {
			failures++
		}
		if a.json {
			continue
		}
		a.out.line(fmt.Sprintf("%s  %-12s %s", f.Status, f.Check, show(list[i].Detail)))
		if list[i].Cure != "" {
			a.out.line("      → " + show(list[i].Cure))
		}
	}
	if a.json {
		a.out.document(map[string]any{"healthy": failures == 0, "findings": list})
	}
	if failures == 0 {
		return nil
	}
	return &problem{
		name: "unhealthy", exit: exitUnhealthy, told: a.json,
		text: textf("%d things are broken", "có %d chỗ hỏng", failures),
	}
}
