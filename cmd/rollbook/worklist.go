package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/projections"
	"rollbook/words"
)

// aheadDays is how far a worklist looks ahead unless told otherwise.
const aheadDays = 90

func (a *app) worklistCommand() *cobra.Command {
	var q question
	var form, kinds string
	ahead := aheadDays
	cmd := &cobra.Command{
		Use: "worklist", Short: "What is due and overdue", Args: arguments(0, 0),
		Long: "List what is to be done on a day: reviews and confirmations of provisional members, ratings of members\n" +
			"and grassroots organisations, badges, transfers not yet received, candidates without a mentor, quotas and\n" +
			"targets behind plan, villages without a cell of their own or without members.\n" +
			"Names stay sealed: a row names the member's id.",
		Example: "  rollbook report worklist --organisation muong-nhe\n  rollbook report worklist --kind confirmation,badge --ahead 30 --as-of 2022-12-31",
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := a.format(form)
			if err != nil {
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
			return a.answer(ctx, &q, a.today(), func(figures *projections.Figures, asked projections.Question) error {
				w, err := figures.Worklist(ctx, asked, ahead)
				if err != nil {
					return err
				}
				w.Rows = slices.DeleteFunc(w.Rows, func(r projections.Work) bool { return !slices.Contains(wanted, r.Kind) })
				switch f {
				case asJSON:
					a.out.document(w)
				case asCSV:
					a.warnIncomplete(ctx, w.Standing)
					a.worklistCSV(w)
				case asTable:
					names, err := a.organisationNames(ctx, figures, asked)
					if err != nil {
						return err
					}
					a.worklistTable(w, names)
				}
				return nil
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
	formatFlag(cmd, &form)
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

func (a *app) worklistTable(w projections.Worklist, names organisationNames) {
	days := a.asOf(w.AsOf) + fmt.Sprintf(a.say("; what is due up to %s", "; việc đến hạn tới ngày %s"), w.Until.Vietnamese())
	a.reportHead(a.say("To be done", "Việc cần làm"), a.scope(w.Organisation, names), days, w.Standing)
	if len(w.Rows) == 0 {
		a.out.line(a.say("Nothing.", "Không có."))
		return
	}
	overdue := map[projections.WorkKind]int{}
	number := map[projections.WorkKind]int{}
	var rows [][]string
	for _, r := range w.Rows {
		number[r.Kind]++
		due, note := "", ""
		if r.Due != nil {
			due = r.Due.Vietnamese()
		}
		if r.Overdue {
			overdue[r.Kind]++
			note = a.say("overdue", "quá hạn")
		}
		rows = append(rows, []string{due, note, a.workText(r), names.of(r.Organisation), a.subjectText(r.Subject, names)})
	}
	a.table([]column{
		{head: a.say("Due", "Hạn")},
		{head: ""},
		{head: a.say("What", "Việc")},
		{head: a.say("Organisation", "Tổ chức đảng"), most: 40},
		{head: a.say("Who", "Đối tượng"), most: 40},
	}, rows, nil)
	var sums []string
	for _, k := range projections.WorkKinds() {
		if number[k] > 0 {
			sums = append(sums, fmt.Sprintf(a.say("%s %s (%s overdue)", "%s %s (%s quá hạn)"), a.label(words.Work, string(k)), a.number(number[k]), a.number(overdue[k])))
		}
	}
	a.out.line(strings.Join(sums, "; ") + ".")
}

// workText says what there is to do.
func (a *app) workText(r projections.Work) string {
	text := a.label(words.Work, string(r.Kind))
	switch r.Kind {
	case projections.WorkRating, projections.WorkOrganisationRating:
		text += " " + strconv.Itoa(r.Year)
	case projections.WorkBadge:
		text += fmt.Sprintf(a.say(" of %d years", " %d năm"), r.Years)
	case projections.WorkQuota:
		text += fmt.Sprintf(a.say(" of %d", " %d"), r.Year) + a.planText(r)
	case projections.WorkTarget:
		text += a.planText(r)
	case projections.WorkReview, projections.WorkConfirmation, projections.WorkReception, projections.WorkMentor,
		projections.WorkVillageCell, projections.WorkVillageMembers:
	}
	return text
}

// planText says how far admissions are from what was planned.
func (a *app) planText(r projections.Work) string {
	return fmt.Sprintf(a.say(": %d missing; %d of %d planned by now", ": thiếu %d; đã kết nạp %d, theo kế hoạch tới nay %d"), r.Missing, *r.Admitted, *r.Planned)
}

func (a *app) worklistCSV(w projections.Worklist) {
	rows := [][]string{{"kind", "due", "overdue", "organisation", "subject", "year", "years", "missing", "planned", "admitted"}}
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	count := func(n *int) string {
		if n == nil {
			return ""
		}
		return strconv.Itoa(*n)
	}
	for _, r := range w.Rows {
		due := ""
		if r.Due != nil {
			due = r.Due.String()
		}
		rows = append(rows, []string{string(r.Kind), due, strconv.FormatBool(r.Overdue), r.Organisation, string(r.Subject), number(r.Year), number(r.Years), number(r.Missing), count(r.Planned), count(r.Admitted)})
	}
	a.csv(rows)
}
