package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/domain"
	"rollbook/office/papers"
	"rollbook/projections"
)

func (a *app) findingsCommand() *cobra.Command {
	var q question
	var d delivery
	var from, to, rules string
	cmd := &cobra.Command{
		Use: "findings", Short: "Entries that depart from a rule of the charter", Args: arguments(0, 0),
		Long: "Judge every recorded entry by the charter's rules as they were in force for it, and list the departures:\n" +
			"rule, version, entry, source, what would help, and whether an authority gave leave. Entries that count from\n" +
			"--from to --to (or --as-of) are looked at; a later correction of one clears its finding.",
		Example: "  rollbook report findings --organisation muong-nhe\n" +
			"  rollbook report findings --from 2022-01-01 --to 2022-12-31 --rule confirmation.probation,confirmation.deadline",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := d.settle(a); err != nil {
				return err
			}
			asked, err := projections.FindingsQuestion{}, error(nil)
			if asked.Rules, err = parseRules(rules); err != nil {
				return err
			}
			if to != "" && q.asOf != "" {
				return usage("--to and --as-of mean the same; leave one out", "--to và --as-of cùng nghĩa; hãy bỏ một trong hai")
			}
			if to != "" {
				q.asOf = to
			}
			if from != "" {
				if asked.From, err = dateFlag("from", from); err != nil {
					return err
				}
			}
			ctx := cmd.Context()
			return a.answer(ctx, &q, a.today(), func(in inquiry) error {
				asked.Question = in.Question
				if asked.From > asked.AsOf {
					return usage("--from %s lies after the last day, %s; exchange them", "--from %s sau ngày cuối %s; hãy đổi lại", asked.From.Vietnamese(), asked.AsOf.Vietnamese())
				}
				r, err := in.ledger.Findings(ctx, asked)
				if err != nil {
					return err
				}
				r = r.In(a.lang)
				return a.deliver(ctx, in, &d, r, r.Standing, func() papers.Paper { return in.reader.Findings(r) })
			})
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "first day of the entries that are looked at; without it all")
	cmd.Flags().StringVar(&to, "to", "", "last day of them; as --as-of")
	ruleFlag(cmd, &rules)
	q.organisationFlag(cmd)
	q.asOfFlag(cmd, "today if not given")
	q.knownAtFlag(cmd)
	d.flags(cmd)
	return cmd
}

func ruleFlag(cmd *cobra.Command, rules *string) {
	cmd.Flags().StringVar(rules, "rule", "", "only these rules, with commas between; 'rollbook policy list' has them")
	completeFlag(cmd, "rule", ruleIDs()...)
}

func ruleIDs() []string {
	var ids []string
	for _, d := range domain.RuleDefinitions() {
		ids = append(ids, d.ID)
	}
	return ids
}

func parseRules(list string) (rules []string, err error) {
	if list == "" {
		return nil, nil
	}
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if !slices.Contains(ruleIDs(), name) {
			return nil, usage("--rule %q is unknown; it is any of: %s", "--rule %q không có; có thể dùng: %s", show(name), strings.Join(ruleIDs(), ", "))
		}
		rules = append(rules, name)
	}
	return rules, nil
}

func (a *app) explainFindingsCommand() *cobra.Command {
	var d twoReports
	cmd := &cobra.Command{
		Use: "findings", Short: "Why the departures from the charter are not what they were", Args: arguments(0, 0),
		Long: "Compare the findings of two days, of two moments of knowledge, or of both: which appeared, which were\n" +
			"cleared, and the event behind each, by cause. The parts make the change.",
		Example: "  rollbook explain findings --from 2021-12-31 --to 2022-12-31\n" +
			"  rollbook explain findings --to 2022-12-31 --known-from 2023-01-15T00:00:00+07:00",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := d.delivery.settle(a); err != nil {
				return err
			}
			if err := d.sameTwice(); err != nil {
				return err
			}
			ctx := cmd.Context()
			return a.explain(ctx, &d, func(in inquiry, from projections.Question) error {
				e, err := in.ledger.ExplainFindings(ctx, in.Question, from)
				if err != nil {
					return err
				}
				e = e.In(a.lang)
				if err := a.deliver(ctx, in, &d.delivery, e, e.Standing, func() papers.Paper { return in.reader.ExplainFindings(e) }); err != nil {
					return err
				}
				return a.unexplained(e.Adds(), d.delivery.format == asJSON)
			})
		},
	}
	d.flags(cmd, "last day of the first report; without it the second one's", "last day of the second report; today if not given")
	return cmd
}
