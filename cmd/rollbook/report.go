package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/office/papers"
	"rollbook/office/reports"
	"rollbook/projections"
	"rollbook/web/access"
)

func (a *app) reportCommand() *cobra.Command {
	g := a.group("report", "Answer with figures, lists and statistical forms",
		a.headcountCommand(), a.movementsCommand(), a.indicatorsCommand(), a.findingsCommand(), a.worklistCommand(), a.registerCommand())
	g.AddCommand(a.formCommands()...)
	a.letterheadFlags(g)
	return g
}

// answer opens the ledger, brings its figures up to date and lets a report
// answer a question.
func (a *app) answer(ctx context.Context, q *question, fallback domain.Date, report func(inquiry) error) error {
	if err := errors.Join(q.check(), a.head.check()); err != nil {
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
		if err := a.may(ctx, access.ReadEntries, asked.Organisation); err != nil {
			return err
		}
		in, err := a.inquiry(ctx, l, figures, asked)
		if err != nil {
			return err
		}
		return report(in)
	})
}

func (a *app) inquiry(ctx context.Context, l *ledger.Ledger, figures *projections.Figures, asked projections.Question) (inquiry, error) {
	names, err := a.organisationNames(ctx, figures, asked)
	return inquiry{Question: asked, ledger: l, figures: figures, reader: reports.Reader{Lang: a.lang, Names: reports.Names(names)}}, err
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
	list, err := a.organisations(ctx, f, q)
	names := organisationNames{}
	for _, o := range list {
		names[o.ID] = o.Name
	}
	return names, err
}

func (n organisationNames) of(id string) string { return reports.Names(n).Of(id) }

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
	var by string
	var d delivery
	var drill bool
	cmd := &cobra.Command{
		Use: "headcount", Short: "How many members there are, by what you ask for", Args: arguments(0, 0),
		Long:    "Count the members, provisional and official, at the end of a day.\n--by is any of ethnicity, status, gender, religion, organisation, with commas between.",
		Example: "  rollbook report headcount --by ethnicity --as-of 2022-12-31\n  rollbook report headcount --by organisation,status --organisation muong-nhe --format csv",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := d.settle(a); err != nil {
				return err
			}
			dimensions, err := parseDimensions(by)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			return a.answer(ctx, &q, a.today(), func(in inquiry) error {
				h, err := in.figures.Headcount(ctx, in.Question, dimensions)
				if err != nil {
					return err
				}
				whole := drilled{report: h, with: drill}
				if drill {
					who, err := in.figures.DrillHeadcount(ctx, in.Question, dimensions)
					if err != nil {
						return err
					}
					whole.made = in.reader.HeadcountLines(h, who)
				}
				return a.deliver(ctx, in, &d, whole, h.Standing, func() papers.Paper { return whole.paper(in.reader, in.reader.Headcount(h)) })
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
	d.flags(cmd)
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
	var from string
	var d delivery
	var children, drill bool
	cmd := &cobra.Command{
		Use: "movements --from DATE --to DATE", Short: "How the headcount came from one day to another", Args: arguments(0, 0),
		Long: "Show the members at the end of the first day, who came in and who went out after it, and the\n" +
			"members at the end of the last day. --children adds a row for each organisation directly below.",
		Example: "  rollbook report movements --from 2021-12-31 --to 2022-12-31\n" +
			"  rollbook report movements --from 31/12/2021 --to 31/12/2022 --organisation nam-ke",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := d.settle(a); err != nil {
				return err
			}
			first, err := periodOf("movements", from, q.asOf)
			if err != nil {
				return err
			}
			if children && drill {
				return usage("--drill and --children do not go together: name one organisation with --organisation", "--drill và --children không dùng cùng nhau: hãy chỉ một tổ chức bằng --organisation")
			}
			ctx := cmd.Context()
			return a.answer(ctx, &q, 0, func(in inquiry) error {
				if children {
					return a.movementsByPart(ctx, in, &d, first)
				}
				m, err := in.figures.Movements(ctx, in.Question, first)
				if err != nil {
					return err
				}
				whole := drilled{report: m, with: drill}
				if drill {
					who, err := in.figures.DrillMovements(ctx, in.Question, first)
					if err != nil {
						return err
					}
					whole.made = in.reader.MovementLines(who)
				}
				if err := a.deliver(ctx, in, &d, whole, m.Standing, func() papers.Paper { return whole.paper(in.reader, in.reader.Movements(m)) }); err != nil {
					return err
				}
				return a.reconciled(m, d.format)
			})
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "day at whose end the period opens, as 2021-12-31 or 31/12/2021")
	cmd.Flags().StringVar(&q.asOf, "to", "", "day at whose end the period closes")
	cmd.Flags().BoolVar(&children, "children", false, "also each organisation directly below")
	q.organisationFlag(cmd)
	q.knownAtFlag(cmd)
	d.flags(cmd)
	drillFlag(cmd, &drill)
	return cmd
}

func (a *app) movementsByPart(ctx context.Context, in inquiry, d *delivery, first domain.Date) error {
	m, err := in.figures.MovementsByPart(ctx, in.Question, first)
	if err != nil {
		return err
	}
	if err := a.deliver(ctx, in, d, m, m.Standing, func() papers.Paper { return in.reader.MovementsByPart(m) }); err != nil {
		return err
	}
	return a.reconciled(m.Movements, d.format)
}

// reconciled is the answer to movements that do not make the closing, which cannot
// happen as long as the read models are whole.
func (a *app) reconciled(m projections.Movements, f format) error {
	if m.Reconciles() {
		return nil
	}
	return &problem{name: "verification_failed", exit: exitEvidence, told: f != asCSV, text: textf(
		"the movements do not add up to the closing; rebuild with `rollbook projections rebuild` and report it", "biến động không khớp số cuối kỳ; hãy chạy `rollbook projections rebuild` và báo lỗi")}
}

func (a *app) indicatorsCommand() *cobra.Command {
	var q question
	var year int
	var children, drill bool
	var d delivery
	cmd := &cobra.Command{
		Use: "indicators --year YEAR", Short: "The indicators of a year, each with what it is a share of", Args: arguments(0, 0),
		Long: "Compute the indicators of an organisation for a year, to its last day or to --as-of where that is\nearlier. --children adds a row for each organisation directly below.",
		Example: "  rollbook report indicators --year 2022\n" +
			"  rollbook report indicators --year 2022 --organisation muong-nhe --children",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := d.settle(a); err != nil {
				return err
			}
			if children && drill {
				return usage("--drill and --children do not go together: name one organisation with --organisation", "--drill và --children không dùng cùng nhau: hãy chỉ một tổ chức bằng --organisation")
			}
			if err := checkYear(year); err != nil {
				return err
			}
			ctx := cmd.Context()
			return a.answer(ctx, &q, a.today(), func(in inquiry) error {
				if err := begun(year, in.AsOf); err != nil {
					return err
				}
				i, err := in.figures.Indicators(ctx, in.Question, year, children)
				if err != nil {
					return err
				}
				whole := drilled{report: i, with: drill}
				if drill {
					in.AsOf = i.AsOf
					who, err := in.figures.DrillIndicators(ctx, in.Question)
					if err != nil {
						return err
					}
					whole.made = in.reader.CountLines(who)
				}
				return a.deliver(ctx, in, &d, whole, i.Standing, func() papers.Paper { return whole.paper(in.reader, in.reader.Indicators(i)) })
			})
		},
	}
	cmd.Flags().IntVar(&year, "year", 0, "the year")
	cmd.Flags().BoolVar(&children, "children", false, "also each organisation directly below")
	q.organisationFlag(cmd)
	q.asOfFlag(cmd, "today if not given")
	q.knownAtFlag(cmd)
	d.flags(cmd)
	drillFlag(cmd, &drill)
	return cmd
}
