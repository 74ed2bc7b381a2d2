package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/office/papers"
	"rollbook/projections"
	"rollbook/web/access"
)

func (a *app) explainCommand() *cobra.Command {
	g := a.group("explain", "Say which events are behind the difference of two reports",
		a.explainHeadcountCommand(), a.explainMovementsCommand(), a.explainIndicatorsCommand(), a.explainFindingsCommand())
	a.letterheadFlags(g)
	return g
}

// twoReports is the flags of two reports that are compared.
type twoReports struct {
	from, to question
	delivery delivery
}

func (d *twoReports) flags(cmd *cobra.Command, from, to string) {
	cmd.Flags().StringVar(&d.from.asOf, "from", "", from)
	cmd.Flags().StringVar(&d.to.asOf, "to", "", to)
	cmd.Flags().StringVar(&d.from.knownAt, "known-from", "", "what was known in the first report: a sequence, or a moment such as 2023-01-31T17:00:00+07:00")
	cmd.Flags().StringVar(&d.to.knownAt, "known-to", "", "what was known in the second report; without it everything recorded")
	d.to.organisationFlag(cmd)
	d.delivery.flags(cmd)
}

// resolve returns the two questions. A day that is not given is the other one,
// or today; knowledge that is not given for the first is that of the second.
func (d *twoReports) resolve(ctx context.Context, l *ledger.Ledger, today domain.Date) (from, to projections.Question, err error) {
	if to, err = d.to.resolve(ctx, l, today); err != nil {
		return from, to, err
	}
	if from, err = d.from.resolve(ctx, l, to.AsOf); err != nil {
		return from, to, err
	}
	if d.from.knownAt == "" {
		from.KnownAt = to.KnownAt
	}
	return from, to, nil
}

func (d *twoReports) check() error {
	if err := d.from.check(); err != nil {
		return err
	}
	return d.to.check()
}

// explain opens the ledger, brings its figures up to date and lets a report
// compare two questions.
func (a *app) explain(ctx context.Context, d *twoReports, report func(in inquiry, from projections.Question) error) error {
	if err := errors.Join(d.check(), a.head.check()); err != nil {
		return err
	}
	return a.withLedger(ctx, func(l *ledger.Ledger) error {
		figures, err := a.figures(ctx, l)
		if err != nil {
			return err
		}
		from, to, err := d.resolve(ctx, l, a.today())
		if err != nil {
			return err
		}
		if err := a.may(ctx, access.ReadEntries, to.Organisation); err != nil {
			return err
		}
		in, err := a.inquiry(ctx, l, figures, to)
		if err != nil {
			return err
		}
		err = report(in, from)
		if errors.Is(err, projections.ErrBackwards) {
			return usage("the second report must not be of an earlier day, or of less knowledge, than the first: exchange --from and --to, or --known-from and --known-to",
				"báo cáo thứ hai không được có ngày sớm hơn hay ít thông tin hơn báo cáo thứ nhất: hãy đổi chỗ --from và --to, hoặc --known-from và --known-to")
		}
		return err
	})
}

// sameTwice refuses to compare a report with itself.
func (d *twoReports) sameTwice() error {
	if d.from.asOf == d.to.asOf && d.from.knownAt == d.to.knownAt {
		return usage("explain compares two reports: give --from and --to, or --known-from and --known-to, or both", "explain so sánh hai báo cáo: hãy ghi --from và --to, hoặc --known-from và --known-to, hoặc cả hai")
	}
	return nil
}

// unexplained is the answer to parts that do not make the change, which cannot
// happen as long as the read models are whole.
func (a *app) unexplained(adds, told bool) error {
	if adds {
		return nil
	}
	return &problem{name: "verification_failed", exit: exitEvidence, told: told, text: textf(
		"the parts do not add up to the change; rebuild with `rollbook projections rebuild` and report it", "các phần không khớp với chênh lệch; hãy chạy `rollbook projections rebuild` và báo lỗi")}
}

func (a *app) explainHeadcountCommand() *cobra.Command {
	var d twoReports
	var by string
	cmd := &cobra.Command{
		Use: "headcount", Short: "Why a headcount is not what it was", Args: arguments(0, 0),
		Long: "Compare the headcounts of two days, of two moments of knowledge, or of both, and list the events\n" +
			"behind each cell that differs, by cause. The parts make the change.",
		Example: "  rollbook explain headcount --from 2021-12-31 --to 2022-12-31 --by ethnicity\n" +
			"  rollbook explain headcount --to 2022-12-31 --known-from 2023-01-15T00:00:00+07:00",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := d.delivery.settle(a); err != nil {
				return err
			}
			dimensions, err := parseDimensions(by)
			if err != nil {
				return err
			}
			if err := d.sameTwice(); err != nil {
				return err
			}
			ctx := cmd.Context()
			return a.explain(ctx, &d, func(in inquiry, from projections.Question) error {
				e, err := in.figures.ExplainHeadcount(ctx, in.Question, from, dimensions)
				if err != nil {
					return err
				}
				if err := a.deliver(ctx, in, &d.delivery, e, e.Standing, func() papers.Paper { return in.reader.ExplainHeadcount(e) }); err != nil {
					return err
				}
				return a.unexplained(e.Adds(), d.delivery.format == asJSON)
			})
		},
	}
	cmd.Flags().StringVar(&by, "by", "", "what to break the headcount down by, as in report headcount")
	d.flags(cmd, "day at whose end the first headcount is taken; without it the second one's", "day at whose end the second headcount is taken; today if not given")
	return cmd
}

func (a *app) explainMovementsCommand() *cobra.Command {
	var d twoReports
	cmd := &cobra.Command{
		Use: "movements --from DATE --to DATE", Short: "Which events are behind the movements of a period", Args: arguments(0, 0),
		Long: "List the events behind each line of the movements of a period. With --known-from, list instead what\n" +
			"has changed in them since: what was recorded late, corrected or reorganised.",
		Example: "  rollbook explain movements --from 2021-12-31 --to 2022-12-31\n" +
			"  rollbook explain movements --from 31/12/2021 --to 31/12/2022 --known-from 2023-01-15T00:00:00+07:00",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := d.delivery.settle(a); err != nil {
				return err
			}
			if d.from.asOf == "" || d.to.asOf == "" {
				return usage("movements needs --from and --to: the headcount at the end of the one leads to that at the end of the other", "movements cần --from và --to: từ cuối ngày này đến cuối ngày kia")
			}
			ctx := cmd.Context()
			return a.explain(ctx, &d, func(in inquiry, from projections.Question) error {
				var before *projections.Question
				if d.from.knownAt != "" {
					before = &from
				}
				if in.AsOf < from.AsOf {
					return projections.ErrBackwards
				}
				e, err := in.figures.ExplainMovements(ctx, in.Question, from.AsOf, before)
				if err != nil {
					return err
				}
				if err := a.deliver(ctx, in, &d.delivery, e, e.Standing, func() papers.Paper { return in.reader.ExplainMovements(e) }); err != nil {
					return err
				}
				return a.unexplained(e.Adds(), d.delivery.format == asJSON)
			})
		},
	}
	d.flags(cmd, "day at whose end the period opens, as 2021-12-31 or 31/12/2021", "day at whose end the period closes")
	return cmd
}

func (a *app) explainIndicatorsCommand() *cobra.Command {
	var d twoReports
	cmd := &cobra.Command{
		Use: "indicators", Short: "Why indicators are not what they were", Args: arguments(0, 0),
		Long: "Compare the indicators of two days, each of its own year up to that day, or of two moments of\n" +
			"knowledge, and list the events behind each count that they are made of.",
		Example: "  rollbook explain indicators --from 2021-12-31 --to 2022-12-31 --organisation muong-nhe",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := d.delivery.settle(a); err != nil {
				return err
			}
			if err := d.sameTwice(); err != nil {
				return err
			}
			ctx := cmd.Context()
			return a.explain(ctx, &d, func(in inquiry, from projections.Question) error {
				e, err := in.figures.ExplainIndicators(ctx, in.Question, from)
				if err != nil {
					return err
				}
				if err := a.deliver(ctx, in, &d.delivery, e, e.Standing, func() papers.Paper { return in.reader.ExplainIndicators(e) }); err != nil {
					return err
				}
				return a.unexplained(e.Adds(), d.delivery.format == asJSON)
			})
		},
	}
	d.flags(cmd, "last day of the first report; without it the second one's", "last day of the second report; today if not given")
	return cmd
}
