package main

import (
	"context"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/projections"
)

func (a *app) reportCommand() *cobra.Command {
	return a.group("report", "Answer with figures and lists: headcount, movements, indicators, findings, worklist, register",
		a.headcountCommand(), a.movementsCommand(), a.indicatorsCommand(), a.findingsCommand(), a.worklistCommand(), a.registerCommand())
}

// answer opens the ledger, brings its figures up to date and lets a report
// answer a question.
func (a *app) answer(ctx context.Context, q *question, fallback domain.Date, report func(*projections.Figures, projections.Question) error) error {
	if err := q.check(); err != nil {
		return err
	}
	return a.withLedger(ctx, func(l *ledger.Ledger) error {
		figures, err := a.figures(ctx, l)
		if err != nil {
			return err
		}
		asked, err := q.resolve(ctx, l, fallback)
		if err != nil {
			return err
		}
		return report(figures, asked)
	})
}

// progressFrom is how many records the read models must be behind for a bar to
// be worth it.
const progressFrom = 20_000

// figures returns the figures, from read models that are current.
func (a *app) figures(ctx context.Context, l *ledger.Ledger) (*projections.Figures, error) {
	if err := a.catchUp(ctx, l); err != nil {
		return nil, err
	}
	return l.Figures(ctx)
}

func (a *app) catchUp(ctx context.Context, l *ledger.Ledger) error {
	var p *progress
	err := l.CatchUp(ctx, func(done, of int64) {
		if p == nil && of-done < progressFrom {
			return
		}
		if p == nil {
			p = a.progress(a.say("counting", "đang tính"), of, false)
		}
		p.set(ctx, done, of, done)
	})
	if p != nil {
		p.end()
	}
	return err
}

// organisationNames are the names of organisations by id.
type organisationNames map[string]string

func (a *app) organisationNames(ctx context.Context, f *projections.Figures, q projections.Question) (organisationNames, error) {
	q.Organisation = ""
	list, err := f.Organisations(ctx, q)
	names := organisationNames{}
	for _, o := range list {
		names[o.ID] = o.Name
	}
	return names, err
}

func (n organisationNames) of(id string) string {
	if name := n[id]; name != "" && name != id {
		return name + " (" + id + ")"
	}
	return id
}

// scope says whom a report is about.
func (a *app) scope(organisation *string, names organisationNames) string {
	if organisation == nil {
		return a.say("The whole ledger", "Toàn sổ")
	}
	return names.of(*organisation)
}

func (a *app) asOf(d domain.Date) string {
	return a.say("As of ", "Tính đến hết ngày ") + d.Vietnamese()
}

// warnIncomplete tells of an answer that is not whole where the answer itself
// has no room for it.
func (a *app) warnIncomplete(ctx context.Context, s projections.Standing) {
	if s.UnsafeSync {
		a.logger.WarnContext(ctx, "the log answers before facts are on the disk (--unsafe-sync); a power cut may lose the newest")
	}
	if s.MissingKeys > 0 {
		a.logger.WarnContext(ctx, "ethnicity and religion of some people are sealed and cannot be opened; they count as unknown", slog.Int("missing_keys", s.MissingKeys))
	}
	if s.Parked > 0 {
		a.logger.WarnContext(ctx, "the figures are incomplete: subjects wait because a record was not understood; see `rollbook projections list`", slog.Int("parked", s.Parked))
	}
}

func (a *app) headcountCommand() *cobra.Command {
	var q question
	var by, form string
	var drill bool
	cmd := &cobra.Command{
		Use: "headcount", Short: "How many members there are, by what you ask for", Args: arguments(0, 0),
		Long:    "Count the members, provisional and official, at the end of a day.\n--by is any of ethnicity, status, gender, religion, organisation, with commas between.",
		Example: "  rollbook report headcount --by ethnicity --as-of 2022-12-31\n  rollbook report headcount --by organisation,status --organisation muong-nhe --format csv",
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := a.format(form)
			if err != nil {
				return err
			}
			dimensions, err := parseDimensions(by)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			return a.answer(ctx, &q, a.today(), func(figures *projections.Figures, asked projections.Question) error {
				h, err := figures.Headcount(ctx, asked, dimensions)
				if err != nil {
					return err
				}
				names, err := a.organisationNames(ctx, figures, asked)
				if err != nil {
					return err
				}
				var made []explainedLine
				if drill {
					who, err := figures.DrillHeadcount(ctx, asked, dimensions)
					if err != nil {
						return err
					}
					made = a.drillLines(who, a.headcountKeys(h, names))
				}
				switch f {
				case asJSON:
					a.out.document(drilled{h, made, drill})
				case asCSV:
					a.warnIncomplete(ctx, h.Standing)
					a.drilledCSV(drill, made, func() { a.headcountCSV(h) })
				case asTable:
					a.headcountTable(h, names)
					a.drillTables(made, names)
				}
				return nil
			})
		},
	}
	var names []string
	for _, d := range projections.Dimensions() {
		names = append(names, string(d))
	}
	cmd.Flags().StringVar(&by, "by", "", "what to break the count down by: "+strings.Join(names, ", "))
	completeFlag(cmd, "by", names...)
	q.organisationFlag(cmd)
	q.asOfFlag(cmd, "today if not given")
	q.knownAtFlag(cmd)
	formatFlag(cmd, &form)
	drillFlag(cmd, &drill)
	return cmd
}

func parseDimensions(by string) ([]projections.Dimension, error) {
	dimensions := []projections.Dimension{}
	if by == "" {
		return dimensions, nil
	}
	seen := map[string]bool{}
	for name := range strings.SplitSeq(by, ",") {
		name = strings.TrimSpace(name)
		known := false
		var all []string
		for _, d := range projections.Dimensions() {
			known = known || string(d) == name
			all = append(all, string(d))
		}
		if !known {
			return nil, usage("--by %q is unknown; it is any of: %s", "--by %q không có; có thể dùng: %s", show(name), strings.Join(all, ", "))
		}
		if seen[name] {
			return nil, usage("--by names %s twice", "--by ghi %s hai lần", name)
		}
		seen[name] = true
		dimensions = append(dimensions, projections.Dimension(name))
	}
	return dimensions, nil
}

func (a *app) movementsCommand() *cobra.Command {
	var q question
	var from, form string
	var drill bool
	cmd := &cobra.Command{
		Use: "movements --from DATE --to DATE", Short: "How the headcount came from one day to another", Args: arguments(0, 0),
		Long: "Show the members at the end of the first day, who came in and who went out after it, and the\nmembers at the end of the last day.",
		Example: "  rollbook report movements --from 2021-12-31 --to 2022-12-31\n" +
			"  rollbook report movements --from 31/12/2021 --to 31/12/2022 --organisation nam-ke",
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := a.format(form)
			if err != nil {
				return err
			}
			if from == "" || q.asOf == "" {
				return usage("movements needs --from and --to: the headcount at the end of the one leads to that at the end of the other", "movements cần --from và --to: từ cuối ngày này đến cuối ngày kia")
			}
			first, err := dateFlag("from", from)
			if err != nil {
				return err
			}
			last, err := dateFlag("to", q.asOf)
			if err != nil {
				return err
			}
			if last < first {
				return usage("--to %s lies before --from %s; exchange them", "--to %s sớm hơn --from %s; hãy đổi lại", q.asOf, from)
			}
			ctx := cmd.Context()
			return a.answer(ctx, &q, 0, func(figures *projections.Figures, asked projections.Question) error {
				m, err := figures.Movements(ctx, asked, first)
				if err != nil {
					return err
				}
				names, err := a.organisationNames(ctx, figures, asked)
				if err != nil {
					return err
				}
				var made []explainedLine
				if drill {
					who, err := figures.DrillMovements(ctx, asked, first)
					if err != nil {
						return err
					}
					made = a.drillLines(who, a.movementKeys())
				}
				switch f {
				case asJSON:
					a.out.document(drilled{m, made, drill})
				case asCSV:
					a.warnIncomplete(ctx, m.Standing)
					a.drilledCSV(drill, made, func() { a.movementsCSV(m) })
				case asTable:
					a.movementsTable(m, names)
					a.drillTables(made, names)
				}
				if !m.Reconciles() {
					return &problem{name: "verification_failed", exit: exitEvidence, told: f != asCSV, text: textf(
						"the movements do not add up to the closing; rebuild with `rollbook projections rebuild` and report it", "biến động không khớp số cuối kỳ; hãy chạy `rollbook projections rebuild` và báo lỗi")}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "day at whose end the period opens, as 2021-12-31 or 31/12/2021")
	cmd.Flags().StringVar(&q.asOf, "to", "", "day at whose end the period closes")
	q.organisationFlag(cmd)
	q.knownAtFlag(cmd)
	formatFlag(cmd, &form)
	drillFlag(cmd, &drill)
	return cmd
}

func (a *app) indicatorsCommand() *cobra.Command {
	var q question
	var year int
	var children, drill bool
	var form string
	cmd := &cobra.Command{
		Use: "indicators --year YEAR", Short: "The indicators of a year, each with what it is a share of", Args: arguments(0, 0),
		Long: "Compute the indicators of an organisation for a year, to its last day or to --as-of where that is\nearlier. --children adds a row for each organisation directly below.",
		Example: "  rollbook report indicators --year 2022\n" +
			"  rollbook report indicators --year 2022 --organisation muong-nhe --children",
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := a.format(form)
			if err != nil {
				return err
			}
			if children && drill {
				return usage("--drill and --children do not go together: name one organisation with --organisation", "--drill và --children không dùng cùng nhau: hãy chỉ một tổ chức bằng --organisation")
			}
			if year < domain.FirstDay.Year() || year > domain.LastDay.Year() {
				return usage("--year is missing or impossible: give a year from %d to %d", "thiếu --year hoặc năm không hợp lệ: hãy ghi năm từ %d đến %d", domain.FirstDay.Year(), domain.LastDay.Year())
			}
			ctx := cmd.Context()
			return a.answer(ctx, &q, a.today(), func(figures *projections.Figures, asked projections.Question) error {
				if asked.AsOf.Year() < year {
					return usage("%d has not begun on %s; ask for an earlier year or a later --as-of", "năm %d chưa bắt đầu vào ngày %s; hãy chọn năm trước hoặc --as-of muộn hơn", year, asked.AsOf.Vietnamese())
				}
				i, err := figures.Indicators(ctx, asked, year, children)
				if err != nil {
					return err
				}
				names, err := a.organisationNames(ctx, figures, asked)
				if err != nil {
					return err
				}
				var made []explainedLine
				if drill {
					asked.AsOf = i.AsOf
					who, err := figures.DrillIndicators(ctx, asked)
					if err != nil {
						return err
					}
					made = a.drillLines(who, a.countKeys())
				}
				switch f {
				case asJSON:
					a.out.document(drilled{i, made, drill})
				case asCSV:
					a.warnIncomplete(ctx, i.Standing)
					a.drilledCSV(drill, made, func() { a.indicatorsCSV(i) })
				case asTable:
					a.indicatorsTable(i)
					a.drillTables(made, names)
				}
				return nil
			})
		},
	}
	cmd.Flags().IntVar(&year, "year", 0, "the year")
	cmd.Flags().BoolVar(&children, "children", false, "also each organisation directly below")
	q.organisationFlag(cmd)
	q.asOfFlag(cmd, "today if not given")
	q.knownAtFlag(cmd)
	formatFlag(cmd, &form)
	drillFlag(cmd, &drill)
	return cmd
}
