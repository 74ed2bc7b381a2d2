package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"rollbook/cmd/rollbook/demo"
	"rollbook/ledger"
)

// benchLedger has something measured on a ledger with the demo's events, each
// member many times, and shows it.
func (a *app) benchLedger(ctx context.Context, name string, members int, m ledger.Measuring, measure func(context.Context, ledger.Measuring, func(ledger.Measured)) error) error {
	if members < 1 || members > 10_000_000 {
		return usage("--members is a number from 1 to 10000000", "--members là số từ 1 đến 10000000")
	}
	dir, err := os.MkdirTemp("", "rollbook-bench-")
	if err != nil {
		return err
	}
	pr, pw := io.Pipe()
	go func() { pw.CloseWithError(demo.WriteCopies(pw, (members+demo.Members-1)/demo.Members)) }()
	var results []ledger.Measured
	p := a.progress(a.say("measuring", "đang đo"), 0, false)
	m.Dir, m.Events, m.AsOf, m.From, m.Fact = filepath.Join(dir, "ledger"), pr, endOf(demoYear), endOf(demoYear-1), benchFact
	m.Options = ledger.Options{Name: demoName, Database: a.database, Logger: a.logger}
	err = measure(ctx, m, func(done ledger.Measured) {
		results = append(results, done)
		p.set(ctx, int64(len(results)), 0, int64(len(results)))
	})
	p.end()
	_ = pr.Close()
	if err = errors.Join(err, os.RemoveAll(dir)); err != nil {
		return err
	}
	if a.json {
		a.out.document(map[string]any{"bench": name, "members": members, "database": a.database != "", "results": results})
		return nil
	}
	a.benchTable(results)
	return nil
}

func (a *app) benchAuditCommand() *cobra.Command {
	members := 30_000 // so that it ends within some two minutes on two cores
	cmd := &cobra.Command{
		Use: "audit", Short: "What proof costs, beside a bare consumer", Args: arguments(0, 0),
		Long: "Import the demo's events, with each member many times, into a ledger that is thrown away; build the tree,\n" +
			"verify from the log and from the archive, make the read models anew from the archive, and make proofs.",
		Example: "  rollbook bench audit --members 10000",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.benchLedger(cmd.Context(), "audit", members, ledger.Measuring{}, ledger.MeasureAudit)
		},
	}
	cmd.Flags().IntVar(&members, "members", members, "about how many members the ledger has, with some ten events each")
	return cmd
}
