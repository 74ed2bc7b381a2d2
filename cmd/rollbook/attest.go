package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/audit"
	"rollbook/ledger"
)

// mostReportBytes bounds what is read of a report that somebody hands over.
const mostReportBytes = 64 << 20

func (a *app) attestCommand() *cobra.Command {
	var q question
	var by, from, out string
	query := ledger.Query{}
	cmd := &cobra.Command{
		Use: "attest headcount|movements|indicators", Short: "A report, signed together with the log that it was made from", Args: arguments(1, 1),
		Long: "Make a report from everything recorded so far and sign it: what was asked, what came out, and from which\n" +
			"log. Whoever has the log makes it again with `rollbook check report`. A report that is incomplete, because\n" +
			"somebody waits or a key is missing, is not attested.",
		Example: "  rollbook attest headcount --by ethnicity --as-of 2022-12-31 --out ethnicity.attested",
		RunE: func(cmd *cobra.Command, args []string) error {
			query.Report = args[0]
			if !slices.Contains([]string{"headcount", "movements", "indicators"}, query.Report) {
				return usage("%q cannot be attested: headcount, movements and indicators can", "%q không chứng thực được; có thể dùng headcount, movements, indicators", show(args[0]))
			}
			var err error
			if query.By, err = parseDimensions(by); err != nil {
				return err
			}
			if (from != "") != (query.Report == "movements") || by != "" && query.Report != "headcount" || query.Children && query.Report != "indicators" {
				return usage("movements need --from; --by is for headcount, --children for indicators", "movements cần --from; --by dùng cho headcount, --children cho indicators")
			}
			if from != "" {
				first, err := dateFlag("from", from)
				if err != nil {
					return err
				}
				query.From = first.String()
			}
			if err := q.check(); err != nil {
				return err
			}
			return a.withLedger(cmd.Context(), func(l *ledger.Ledger) error {
				asked, err := q.resolve(cmd.Context(), l, a.today())
				if err != nil {
					return err
				}
				query.Organisation, query.AsOf = asked.Organisation, asked.AsOf.String()
				report, err := l.Attest(cmd.Context(), query)
				if err != nil {
					return err
				}
				b, err := json.Marshal(report)
				if err != nil {
					return err
				}
				if out == "" {
					out = query.Report + ".attested"
				}
				if err := os.WriteFile(a.path(out), append(b, '\n'), 0o600); err != nil {
					return err
				}
				key, err := l.ReportKey()
				if err != nil {
					return err
				}
				if a.json {
					a.out.document(map[string]any{"file": out, "key": key.String(), "result": report.Result, "note": report.Note})
					return nil
				}
				a.out.line(strings.TrimSuffix(report.Result, "\n"))
				a.out.line(fmt.Sprintf(a.say("%s, signed by %s", "%s, ký bằng %s"), out, key))
				return nil
			})
		},
	}
	q.organisationFlag(cmd)
	q.asOfFlag(cmd, "today if not given")
	cmd.Flags().StringVar(&by, "by", "", "dimensions of a headcount, as for 'rollbook report headcount'")
	cmd.Flags().StringVar(&from, "from", "", "day whose end is the opening of movements")
	cmd.Flags().BoolVar(&query.Children, "children", false, "indicators of the organisations below as well")
	cmd.Flags().StringVar(&out, "out", "", "file to write; REPORT.attested in the current directory if not given")
	return cmd
}

func (a *app) checkReportCommand() *cobra.Command {
	key := ""
	cmd := &cobra.Command{
		Use: "report FILE", Short: "Make an attested report again from the log, and compare", Args: arguments(1, 1),
		Long: "Verify the signature, that the report was made from an earlier state of this log, and, by a replay of the\n" +
			"records up to there, that it comes out the same. If not, the first row that differs is named.",
		Example: "  rollbook check report ethnicity.attested",
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := readBounded(args[0], mostReportBytes)
			if err != nil {
				return err
			}
			var by *audit.PublicKey
			if key != "" {
				k, err := audit.ParsePublicKey(key)
				if err != nil {
					return usage("--key: %s", "--key: %s", err)
				}
				by = &k
			}
			return a.withLedger(cmd.Context(), func(l *ledger.Ledger) error {
				r, err := l.CheckReport(cmd.Context(), b, by)
				if err != nil {
					return err
				}
				if a.json {
					a.out.document(map[string]any{"verified": true, "query": r.Query, "as_of": r.AsOf, "as_of_size": r.AsOfSize, "size": r.Size, "root": r.Root.String(), "program": r.Program, "policy": r.Policy})
					return nil
				}
				a.out.line(fmt.Sprintf(a.say("%s as of %s, from %d records, root %s", "%s tính đến %s, từ %d bản ghi, gốc %s"), r.Query, r.AsOf, r.Size, r.Root))
				if late := r.Size - r.AsOfSize; late > 0 {
					a.out.line(fmt.Sprintf(a.say("%d of them were recorded after that day.", "Trong đó %d bản ghi được ghi sau ngày đó."), late))
				}
				a.out.line(a.say("VERIFIED", "ĐÃ XÁC MINH"))
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "public key that must have signed it; that of the ledger if not given")
	return cmd
}
