package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"rollbook/domain"
	"rollbook/ledger"
)

func (a *app) benchProjectionsCommand() *cobra.Command {
	members := 100_000
	postings := 0
	cmd := &cobra.Command{
		Use: "projections", Short: "How fast read models are made and asked, beside a bare consumer", Args: arguments(0, 0),
		Long: "Import the demo's events, with each member many times, into a ledger that is thrown away; make its read\n" +
			"models anew, in turns with a bare consumer of the same stream; follow it live; ask for reports. The read\n" +
			"models lie in a file, or in the PostgreSQL database of --database, in a schema of their own\n" +
			"(?schema=NAME). The disk is that of the directory for temporary files; TMPDIR names another one.",
		Example: "  rollbook bench projections --members 10000\n  GOMEMLIMIT=1GiB rollbook bench projections --postings 5000000 --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if postings < 0 || postings > 50_000_000 {
				return usage("--postings is a number from 0 to 50000000", "--postings là số từ 0 đến 50000000")
			}
			return a.benchLedger(cmd.Context(), "projections", members, ledger.Measuring{Postings: postings}, ledger.Measure)
		},
	}
	cmd.Flags().IntVar(&members, "members", members, "about how many members the ledger has, with some ten events each")
	cmd.Flags().IntVar(&postings, "postings", postings, "count so many members' postings besides, 0 for none")
	return cmd
}

func endOf(year int) domain.Date {
	day, _ := domain.NewDate(year, 12, 31)
	return day
}

// benchFact is an event that the demo's ledger takes at any time.
func benchFact(n int) []byte {
	return fmt.Appendf(nil, `{"id":"bench-%d","type":"organisation.commended","subject":"organisation/%s","effectiveon":"2023-12-20","data":{"title":"Tập thể Lao động tiên tiến %d","year":2023}}`, n, demoName, n)
}

func (a *app) benchTable(results []ledger.Measured) {
	some := func(format string, x float64) string {
		if x == 0 {
			return ""
		}
		return fmt.Sprintf(format, x)
	}
	var rows [][]string
	for _, m := range results {
		rows = append(rows, []string{
			m.Name, some("%.0f", m.PerSecond), some("%.0f", m.BarePerSecond), some("%.2f", m.Ratio),
			some("%.1f", m.P50), some("%.1f", m.P99), some("%.0f", float64(m.PeakMB)),
		})
	}
	a.table([]column{
		{head: a.say("What", "Việc")},
		{head: a.say("Records/s", "Bản ghi/s"), right: true},
		{head: a.say("Bare/s", "JetStream/s"), right: true},
		{head: a.say("Ratio", "Tỷ lệ"), right: true},
		{head: "p50 ms", right: true},
		{head: "p99 ms", right: true},
		{head: a.say("Peak MB", "MB tối đa"), right: true},
	}, rows, nil)
}
