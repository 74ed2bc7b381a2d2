package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/office/papers"
	"rollbook/projections"
)

// aheadDays is how far a worklist looks ahead unless told otherwise.
const aheadDays = 90

func (a *app) worklistCommand() *cobra.Command {
	var q question
	var d delivery
	var kinds string
	ahead := aheadDays
	cmd := &cobra.Command{
		Use: "worklist", Short: "What is due and overdue", Args: arguments(0, 0),
		Long: "List what is to be done on a day: reviews and confirmations of provisional members, ratings of members\n" +
			"and grassroots organisations, badges, transfers not yet received, candidates without a mentor, quotas and\n" +
			"targets behind plan, villages without a cell of their own or without members.\n" +
			"Names stay sealed: a row names the member's id.",
		Example: "  rollbook report worklist --organisation muong-nhe\n  rollbook report worklist --kind confirmation,badge --ahead 30 --as-of 2022-12-31",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := d.settle(a); err != nil {
				return err
			}
			wanted, err := parseWorkKinds(kinds)
			if err != nil {
				return err
			}
			if ahead < 0 || ahead > 3660 {
				return usage("--ahead is a number of days from 0 to 3660", "--ahead là số ngày từ 0 đến 3660")
			}
			ctx := cmd.Context()
			return a.answer(ctx, &q, a.today(), func(in inquiry) error {
				w, err := in.figures.Worklist(ctx, in.Question, ahead)
				if err != nil {
					return err
				}
				w.Rows = slices.DeleteFunc(w.Rows, func(r projections.Work) bool { return !slices.Contains(wanted, r.Kind) })
				return a.deliver(ctx, in, &d, w, w.Standing, func() papers.Paper { return in.reader.Worklist(w) })
			})
		},
	}
	var all []string
	for _, k := range projections.WorkKinds() {
		all = append(all, string(k))
	}
	cmd.Flags().StringVar(&kinds, "kind", "", "only these, with commas between: "+strings.Join(all, ", "))
	completeFlag(cmd, "kind", all...)
	cmd.Flags().IntVar(&ahead, "ahead", ahead, "how many days to look ahead")
	q.organisationFlag(cmd)
	q.asOfFlag(cmd, "today if not given")
	q.knownAtFlag(cmd)
	d.flags(cmd)
	return cmd
}

func parseWorkKinds(list string) ([]projections.WorkKind, error) {
	if list == "" {
		return projections.WorkKinds(), nil
	}
	var kinds []projections.WorkKind
	var all []string
	for _, k := range projections.WorkKinds() {
		all = append(all, string(k))
	}
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if !slices.Contains(all, name) {
			return nil, usage("--kind %q is unknown; it is any of: %s", "--kind %q không có; có thể dùng: %s", show(name), strings.Join(all, ", "))
		}
		kinds = append(kinds, projections.WorkKind(name))
	}
	return kinds, nil
}
