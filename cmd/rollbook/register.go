package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/office/papers"
)

func (a *app) registerCommand() *cobra.Command {
	var q question
	var d delivery
	var statuses string
	var asked ledger.RegisterQuestion
	cmd := &cobra.Command{
		Use: "register", Short: "Who is on the roll, by name", Args: arguments(0, 0),
		Long: "List who is on the roll at the end of a day, by given name as Vietnamese is sorted. --search finds names without\n" +
			"regard to case and marks: every word has to begin a word of the name. Names are opened for this answer only.",
		Example: "  rollbook report register --organisation muong-nhe\n  rollbook report register --search \"vang my\"\n  rollbook report register --status candidate --as-of 2022-12-31 --limit 20",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := d.settle(a); err != nil {
				return err
			}
			var err error
			if asked.Statuses, err = parseStatuses(statuses); err != nil {
				return err
			}
			if asked.Limit < 0 {
				return usage("--limit is a number of rows, 0 for all", "--limit là số dòng, 0 là tất cả")
			}
			asked.After = strings.TrimPrefix(asked.After, "member/")
			ctx := cmd.Context()
			return a.answer(ctx, &q, a.today(), func(in inquiry) error {
				asked.Question = in.Question
				r, err := a.register(ctx, in.ledger, asked)
				if err != nil {
					return err
				}
				return a.deliver(ctx, in, &d, r, r.Standing, func() papers.Paper { return in.reader.Register(r) })
			})
		},
	}
	cmd.Flags().StringVar(&asked.Search, "search", "", "words of the name, without marks if you like")
	cmd.Flags().StringVar(&statuses, "status", "", "only these, with commas between: candidate, provisional, official (members if not given)")
	completeFlag(cmd, "status", string(domain.Candidate), string(domain.Provisional), string(domain.Official))
	cmd.Flags().IntVar(&asked.Limit, "limit", 0, "at most so many rows; 0 for all")
	cmd.Flags().StringVar(&asked.After, "after", "", "id of the last member of the page before")
	q.organisationFlag(cmd)
	q.asOfFlag(cmd, "today if not given")
	q.knownAtFlag(cmd)
	d.flags(cmd)
	return cmd
}

func parseStatuses(list string) (statuses []domain.Status, err error) {
	if list == "" {
		return nil, nil
	}
	all := []domain.Status{domain.Candidate, domain.Provisional, domain.Official}
	for name := range strings.SplitSeq(list, ",") {
		s := domain.Status(strings.TrimSpace(name))
		if !slices.Contains(all, s) {
			return nil, usage("--status %q is unknown; it is any of: candidate, provisional, official", "--status %q không có; có thể dùng: candidate, provisional, official", show(string(s)))
		}
		statuses = append(statuses, s)
	}
	return statuses, nil
}
