package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/words"
)

func (a *app) registerCommand() *cobra.Command {
	var q question
	var form, statuses string
	var asked ledger.RegisterQuestion
	cmd := &cobra.Command{
		Use: "register", Short: "Who is on the roll, by name", Args: arguments(0, 0),
		Long: "List who is on the roll at the end of a day, by given name as Vietnamese is sorted. --search finds names without\n" +
			"regard to case and marks: every word has to begin a word of the name. Names are opened for this answer only.",
		Example: "  rollbook report register --organisation muong-nhe\n  rollbook report register --search \"vang my\"\n  rollbook report register --status candidate --as-of 2022-12-31 --limit 20",
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := a.format(form)
			if err != nil {
				return err
			}
			if asked.Statuses, err = parseStatuses(statuses); err != nil {
				return err
			}
			if asked.Limit < 0 {
				return usage("--limit is a number of rows, 0 for all", "--limit là số dòng, 0 là tất cả")
			}
			asked.After = strings.TrimPrefix(asked.After, "member/")
			if err := q.check(); err != nil {
				return err
			}
			ctx := cmd.Context()
			return a.withLedger(ctx, func(l *ledger.Ledger) error {
				figures, err := a.figures(ctx, l)
				if err != nil {
					return err
				}
				if asked.Question, err = q.resolve(ctx, l, a.today()); err != nil {
					return err
				}
				r, err := l.Register(ctx, asked)
				if err != nil {
					return err
				}
				switch f {
				case asJSON:
					a.out.document(r)
				case asCSV:
					a.warnIncomplete(ctx, r.Standing)
					a.registerCSV(r)
				case asTable:
					names, err := a.organisationNames(ctx, figures, asked.Question)
					if err != nil {
						return err
					}
					a.registerTable(r, names)
				}
				return nil
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
	formatFlag(cmd, &form)
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

func (a *app) registerTable(r ledger.Register, names organisationNames) {
	a.reportHead(a.say("Register", "Danh sách đảng viên"), a.scope(r.Organisation, names), a.asOf(r.AsOf), r.Standing)
	day := func(d *domain.Date) string {
		if d == nil {
			return ""
		}
		return d.Vietnamese()
	}
	var rows [][]string
	for _, p := range r.Rows {
		name := a.say("(sealed)", "(niêm phong)")
		if p.Name != nil {
			name = *p.Name
		}
		born := p.Born
		if d, ok := domain.ParseDate(born); ok {
			born = d.Vietnamese()
		}
		rows = append(rows, []string{name, born, a.label(words.Genders, string(p.Gender)), a.valueLabel("ethnicity", p.Ethnicity, names), a.label(words.Statuses, string(p.Status)), day(p.AdmittedOn), day(p.ConfirmedOn), names.of(p.Organisation), p.Member})
	}
	a.table([]column{
		{head: a.say("Name", "Họ và tên"), most: 40},
		{head: a.say("Born", "Ngày sinh"), right: true},
		{head: a.say("Gender", "Giới tính")},
		{head: a.say("Ethnic group", "Dân tộc")},
		{head: a.say("Status", "Tình trạng")},
		{head: a.say("Admitted", "Ngày kết nạp"), right: true},
		{head: a.say("Confirmed", "Chính thức"), right: true},
		{head: a.say("Organisation", "Tổ chức đảng"), most: 40},
		{head: a.say("Id", "Mã")},
	}, rows, nil)
	text := fmt.Sprintf(a.say("%s of %s.", "%s trên %s."), a.number(len(r.Rows)), a.number(r.Total))
	if r.Next != nil {
		text += fmt.Sprintf(a.say(" More with --after %s.", " Xem tiếp bằng --after %s."), *r.Next)
	}
	if r.Closed > 0 {
		text += fmt.Sprintf(a.say(" %s names are sealed and could not be opened.", " %s tên bị niêm phong, không mở được."), a.number(r.Closed))
	}
	a.out.line(text)
}

func (a *app) registerCSV(r ledger.Register) {
	day := func(d *domain.Date) string {
		if d == nil {
			return ""
		}
		return d.String()
	}
	rows := [][]string{{"member", "name", "born", "gender", "ethnicity", "religion", "status", "admitted_on", "confirmed_on", "organisation"}}
	for _, p := range r.Rows {
		name := ""
		if p.Name != nil {
			name = *p.Name
		}
		rows = append(rows, []string{p.Member, name, p.Born, string(p.Gender), p.Ethnicity, p.Religion, string(p.Status), day(p.AdmittedOn), day(p.ConfirmedOn), p.Organisation})
	}
	a.csv(rows)
}
