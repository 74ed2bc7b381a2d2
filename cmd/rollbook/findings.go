package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/projections"
	"rollbook/words"
)

func (a *app) findingsCommand() *cobra.Command {
	var q question
	var from, to, rules, form string
	cmd := &cobra.Command{
		Use: "findings", Short: "Entries that depart from a rule of the charter", Args: arguments(0, 0),
		Long: "Judge every recorded entry by the charter's rules as they were in force for it, and list the departures:\n" +
			"rule, version, entry, source, what would help, and whether an authority gave leave. Entries that count from\n" +
			"--from to --to (or --as-of) are looked at; a later correction of one clears its finding.",
		Example: "  rollbook report findings --organisation muong-nhe\n" +
			"  rollbook report findings --from 2022-01-01 --to 2022-12-31 --rule confirmation.probation,confirmation.deadline",
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := a.format(form)
			if err != nil {
				return err
			}
			asked := projections.FindingsQuestion{}
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
				if asked.From > asked.AsOf {
					return usage("--from %s lies after the last day, %s; exchange them", "--from %s sau ngày cuối %s; hãy đổi lại", asked.From.Vietnamese(), asked.AsOf.Vietnamese())
				}
				r, err := l.Findings(ctx, asked)
				if err != nil {
					return err
				}
				r = r.In(a.lang)
				switch f {
				case asJSON:
					a.out.document(r)
				case asCSV:
					a.warnIncomplete(ctx, r.Standing)
					a.findingsCSV(r.Rows)
				case asTable:
					names, err := a.organisationNames(ctx, figures, asked.Question)
					if err != nil {
						return err
					}
					a.findingsTable(r, names)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "first day of the entries that are looked at; without it all")
	cmd.Flags().StringVar(&to, "to", "", "last day of them; as --as-of")
	ruleFlag(cmd, &rules)
	q.organisationFlag(cmd)
	q.asOfFlag(cmd, "today if not given")
	q.knownAtFlag(cmd)
	formatFlag(cmd, &form)
	return cmd
}

func ruleFlag(cmd *cobra.Command, rules *string) {
	cmd.Flags().StringVar(rules, "rule", "", "only these rules, with commas between; `rollbook policy list` has them")
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

func (a *app) findingsTable(r projections.Findings, names organisationNames) {
	days := a.asOf(r.AsOf)
	if r.From != nil {
		days = fmt.Sprintf(a.say("Entries of %s to %s", "Các mục từ %s đến %s"), r.From.Vietnamese(), r.AsOf.Vietnamese())
	}
	a.reportHead(a.say("Departures from the charter", "Các trường hợp chưa đúng quy định"), a.scope(r.Organisation, names), days, r.Standing)
	if len(r.Rows) == 0 {
		a.out.line(a.say("None.", "Không có."))
	} else {
		a.findingRows(r.Rows, names)
		var sums []string
		for _, t := range r.Totals {
			text := t.Title + " " + a.number(t.Findings)
			if t.Excepted > 0 {
				text += fmt.Sprintf(a.say(" (%s with leave)", " (%s có ngoại lệ)"), a.number(t.Excepted))
			}
			sums = append(sums, text)
		}
		a.out.line(a.say("Findings: ", "Tổng số: ") + a.number(len(r.Rows)) + ". " + strings.Join(sums, "; ") + ".")
	}
	var unjudged []string
	for _, u := range r.Unjudged {
		unjudged = append(unjudged, u.Title+" "+a.number(u.Entries))
	}
	if len(unjudged) > 0 {
		a.out.line(a.say("Could not be judged, because what the rule asks for is not recorded or cannot be opened: ",
			"Chưa xét được vì thiếu thông tin hoặc thông tin niêm phong không mở được: ") + strings.Join(unjudged, "; ") + ".")
	}
}

func (a *app) findingRows(list []projections.Finding, names organisationNames) {
	var rows [][]string
	for _, f := range list {
		message := f.Message
		if f.Exception {
			message = a.say("With leave: ", "Có ngoại lệ: ") + message
		}
		rows = append(rows, []string{
			f.EffectiveOn.Vietnamese(), strconv.FormatUint(f.Sequence, 10), a.label(words.Events, f.Type), a.subjectText(f.Subject, names), names.of(f.Organisation),
			message, f.Cure, f.Source, f.Rule,
		})
	}
	a.table([]column{
		{head: a.say("Effective", "Hiệu lực")},
		{head: a.say("No.", "Số"), right: true},
		{head: a.say("Entry", "Mục")},
		{head: a.say("Who", "Đối tượng"), most: 30},
		{head: a.say("Organisation", "Tổ chức đảng"), most: 30},
		{head: a.say("Departure", "Chưa đúng ở chỗ"), most: 40},
		{head: a.say("What would help", "Cách khắc phục"), most: 40},
		{head: a.say("Source", "Căn cứ"), most: 30},
		{head: a.say("Rule", "Quy định")},
	}, rows, nil)
}

var findingColumns = []string{
	"rule", "title", "policy", "sequence", "id", "type", "subject", "effectiveon", "organisation", "exception", "message", "source", "cure",
}

func findingCells(f projections.Finding) []string {
	return []string{
		f.Rule, f.Title, f.Policy, strconv.FormatUint(f.Sequence, 10), f.ID, f.Type, string(f.Subject), f.EffectiveOn.String(), f.Organisation,
		strconv.FormatBool(f.Exception), f.Message, f.Source, f.Cure,
	}
}

func (a *app) findingsCSV(list []projections.Finding) {
	rows := [][]string{findingColumns}
	for _, f := range list {
		rows = append(rows, findingCells(f))
	}
	a.csv(rows)
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
			f, err := a.format(d.form)
			if err != nil {
				return err
			}
			if err := d.sameTwice(); err != nil {
				return err
			}
			ctx := cmd.Context()
			return a.explain(ctx, &d, func(l *ledger.Ledger, figures *projections.Figures, from, to projections.Question) error {
				e, err := l.ExplainFindings(ctx, to, from)
				if err != nil {
					return err
				}
				e = e.In(a.lang)
				switch f {
				case asJSON:
					a.out.document(e)
				case asCSV:
					a.warnIncomplete(ctx, e.Standing)
					a.explainedFindingsCSV(e)
				case asTable:
					names, err := a.organisationNames(ctx, figures, to)
					if err != nil {
						return err
					}
					a.explainedHead(a.say("Why the departures from the charter changed", "Vì sao các trường hợp chưa đúng quy định thay đổi"), a.scope(e.Organisation, names), e.From, e.To, e.Standing)
					a.explainedFindingsTable(e, names)
				}
				return a.unexplained(e.Adds(), f == asJSON)
			})
		},
	}
	d.flags(cmd, "last day of the first report; without it the second one's", "last day of the second report; today if not given")
	return cmd
}

func (a *app) explainedFindingsTable(e projections.ExplainedFindings, names organisationNames) {
	if len(e.Total.Parts) == 0 {
		a.out.line(a.say("Nothing differs.", "Không có gì khác nhau."))
		return
	}
	sums := map[projections.Cause]int{}
	for _, p := range e.Total.Parts {
		sums[p.Cause] += p.Change
	}
	for _, r := range append([]projections.ExplainedRule{e.Total}, e.Rules...) {
		title := r.Title
		if r.Rule == "" {
			title = a.say("Findings", "Tổng số")
		}
		a.out.line(fmt.Sprintf("%s: %s → %s (%s)", title, a.number(r.From), a.number(r.To), a.signed(r.Change)))
	}
	var rows [][]string
	for _, p := range e.Total.Parts {
		row := []string{
			a.signed(p.Change), a.label(words.Causes, string(p.Cause)), a.subjectText(p.Finding.Subject, names), a.label(words.Events, p.Finding.Type),
			strconv.FormatUint(p.Finding.Sequence, 10), p.Finding.Message, "", "", "",
		}
		for i, ev := range p.Events {
			if i > 0 {
				rows = append(rows, row)
				row = make([]string, len(row))
			}
			row[6], row[7], row[8] = a.label(words.Events, ev.Type), ev.EffectiveOn.Vietnamese(), strconv.FormatUint(ev.Sequence, 10)
		}
		rows = append(rows, row)
	}
	a.table([]column{
		{head: a.say("Change", "Tăng giảm"), right: true},
		{head: a.say("Cause", "Nguyên nhân")},
		{head: a.say("Who", "Đối tượng"), most: 30},
		{head: a.say("Entry", "Mục")},
		{head: a.say("No.", "Số"), right: true},
		{head: a.say("Departure", "Chưa đúng ở chỗ"), most: 40},
		{head: a.say("Event behind it", "Sự kiện liên quan")},
		{head: a.say("Effective", "Hiệu lực")},
		{head: a.say("Sequence", "Số thứ tự"), right: true},
	}, rows, nil)
	var list []string
	for _, cause := range projections.Causes() {
		if n := sums[cause]; n != 0 {
			list = append(list, a.label(words.Causes, string(cause))+" "+a.signed(n))
		}
	}
	if len(list) > 0 {
		a.out.line(a.say("By cause: ", "Theo nguyên nhân: ") + strings.Join(list, ", ") + ".")
	}
}

func (a *app) explainedFindingsCSV(e projections.ExplainedFindings) {
	rows := [][]string{append([]string{"cause", "change", "behind"}, findingColumns...)}
	for _, p := range e.Total.Parts {
		var behind []string
		for _, ev := range p.Events {
			behind = append(behind, strconv.FormatUint(ev.Sequence, 10))
		}
		rows = append(rows, append([]string{string(p.Cause), strconv.Itoa(p.Change), strings.Join(behind, " ")}, findingCells(p.Finding)...))
	}
	a.csv(rows)
}
