package main

import (
	"encoding/base64"
	"fmt"

	"github.com/spf13/cobra"

	"rollbook/ledger"
)

func (a *app) anchorCommand() *cobra.Command {
	return a.group("anchor", "What the log is compared with at each start", a.anchorShowCommand(), a.anchorRebuildCommand())
}

func (a *app) anchorShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "How many records are vouched for, and by which root", Args: arguments(0, 0),
		Long: "Show the size and the root of the Merkle tree over the log. Whoever keeps the two apart from the\n" +
			"data can tell later whether the log was cut or changed.",
		Example: "  rollbook anchor show",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withLedger(cmd.Context(), func(l *ledger.Ledger) error { return a.showAnchor(cmd, l) })
		},
	}
}

func (a *app) anchorRebuildCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rebuild", Short: "Make the tree anew from the log as it is now", Args: arguments(0, 0),
		Long: "Forget what was known of the log and vouch for it as it is now. Do this only after a restore from a\n" +
			"backup, or when the tree was lost and the log is certainly whole: it cannot be told afterwards.",
		Example: "  rollbook anchor rebuild",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withLedgerIn(cmd.Context(), a.dir, ledger.Options{NewTree: true}, func(l *ledger.Ledger) error { return a.showAnchor(cmd, l) })
		},
	}
}

func (a *app) showAnchor(cmd *cobra.Command, l *ledger.Ledger) error {
	c, err := l.Checkpoint(cmd.Context())
	if err != nil {
		return err
	}
	root := base64.StdEncoding.EncodeToString(c.Root[:])
	if a.json {
		a.out.document(map[string]any{"origin": c.Origin, "size": c.Size, "root": root, "witnessed": false})
		return nil
	}
	a.out.line(a.say("Origin: ", "Sổ: ") + c.Origin)
	a.out.line(fmt.Sprintf(a.say("Size:   %d", "Số bản ghi: %d"), c.Size))
	a.out.line(a.say("Root:   ", "Gốc: ") + root)
	return nil
}
