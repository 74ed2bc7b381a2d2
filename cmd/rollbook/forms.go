package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/office/papers"
	"rollbook/projections"
)

// The statistical forms. Each is made when it is asked for, from the same records
// as every other figure, and its totals are those of headcount, movements and
// indicators.

func (a *app) formCommands() []*cobra.Command {
	return []*cobra.Command{
		a.structureCommand(), a.admissionsCommand(), a.ratingsCommand(), a.villagesCommand(),
		a.disciplineCommand(), a.confirmationsCommand(), a.badgesCommand(),
	}
}

// form is the flags of a statistical form.
type form struct {
	question question
	delivery delivery
	from     string
	by       string
	children bool
}

// deliverForm writes a form in the form that was asked for.
func (a *app) deliverForm(ctx context.Context, in inquiry, o *form, f projections.Form, err error) error {
	if err != nil {
		return err
	}
	return a.deliver(ctx, in, &o.delivery, f, f.Standing, func() papers.Paper { return in.reader.Form(f) })
}

// ofDay adds the flags of a form of one day.
func (o *form) ofDay(cmd *cobra.Command) *cobra.Command {
	o.question.asOfFlag(cmd, "today if not given")
	return o.ofAny(cmd)
}

// ofPeriod adds the flags of a form of a period.
func (o *form) ofPeriod(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&o.from, "from", "", "day at whose end the period opens, as 2021-12-31 or 31/12/2021")
	cmd.Flags().StringVar(&o.question.asOf, "to", "", "day at whose end the period closes")
	return o.ofAny(cmd)
}

func (o *form) ofAny(cmd *cobra.Command) *cobra.Command {
	o.question.organisationFlag(cmd)
	o.question.knownAtFlag(cmd)
	o.delivery.flags(cmd)
	return cmd
}

func (o *form) childrenFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.children, "children", false, "also each organisation directly below")
}

func (o *form) byFlag(cmd *cobra.Command, dimensions []string) {
	cmd.Flags().StringVar(&o.by, "by", "", "only by these, with commas between: "+strings.Join(dimensions, ", "))
	completeFlag(cmd, "by", dimensions...)
}

// dimensions returns what --by names.
func (o *form) dimensions(all []string) (list []string, err error) {
	if o.by == "" {
		return nil, nil
	}
	for name := range strings.SplitSeq(o.by, ",") {
		name = strings.TrimSpace(name)
		if !slices.Contains(all, name) {
			return nil, usage("--by %q is unknown; it is any of: %s", "--by %q không có; có thể dùng: %s", show(name), strings.Join(all, ", "))
		}
		if slices.Contains(list, name) {
			return nil, usage("--by names %s twice", "--by ghi %s hai lần", name)
		}
		list = append(list, name)
	}
	return list, nil
}

// period returns the days of a form of a period.
func (o *form) period(cmd *cobra.Command) (from domain.Date, err error) {
	return periodOf(cmd.Name(), o.from, o.question.asOf)
}

// periodOf returns the day at whose end a period opens, if both days are given and
// in order.
func periodOf(command, from, to string) (domain.Date, error) {
	if from == "" || to == "" {
		return 0, usage("%s needs --from and --to: the headcount at the end of the one leads to that at the end of the other", "%s cần --from và --to: từ cuối ngày này đến cuối ngày kia", command)
	}
	first, err := dateFlag("from", from)
	if err != nil {
		return 0, err
	}
	last, err := dateFlag("to", to)
	if err != nil {
		return 0, err
	}
	if last < first {
		return 0, usage("--to %s lies before --from %s; exchange them", "--to %s sớm hơn --from %s; hãy đổi lại", to, from)
	}
	return first, nil
}

func (a *app) structureCommand() *cobra.Command {
	var o form
	cmd := o.ofDay(&cobra.Command{
		Use: "structure", Short: "What the membership is made of, by each of several dimensions", Args: arguments(0, 0),
		Long: "Count the members at the end of a day by ethnic group, gender, religion, age, education, occupation and status: each\n" +
			"makes the headcount. Birth, education and occupation are opened for this answer only; who cannot be opened is counted as unknown.",
		Example: "  rollbook report structure --as-of 2022-12-31\n  rollbook report structure --by age,gender --organisation muong-nhe --children -o structure.xlsx",
		RunE: func(cmd *cobra.Command, _ []string) error {
			by, err := o.dimensions(ledger.StructureDimensions())
			if err != nil {
				return err
			}
			if err := o.delivery.settle(a); err != nil {
				return err
			}
			ctx := cmd.Context()
			return a.answer(ctx, &o.question, a.today(), func(in inquiry) error {
				f, err := in.ledger.Structure(ctx, ledger.FormQuestion{Question: in.Question, By: by, Children: o.children})
				return a.deliverForm(ctx, in, &o, f, err)
			})
		},
	})
	o.byFlag(cmd, ledger.StructureDimensions())
	o.childrenFlag(cmd)
	return cmd
}

func (a *app) admissionsCommand() *cobra.Command {
	var o form
	cmd := o.ofPeriod(&cobra.Command{
		Use: "admissions --from DATE --to DATE", Short: "Who was admitted in a period, by each of several dimensions", Args: arguments(0, 0),
		Long: "Count those admitted in a period by source, ethnic group, gender, religion, age, education and occupation, as they\n" +
			"were on that day: each makes the admitted of the movements. Birth, education and occupation are opened for this answer only.",
		Example: "  rollbook report admissions --from 2021-12-31 --to 2022-12-31\n  rollbook report admissions --from 31/12/2021 --to 31/12/2022 --by source --children --format csv",
		RunE: func(cmd *cobra.Command, _ []string) error {
			by, err := o.dimensions(ledger.AdmissionDimensions())
			if err != nil {
				return err
			}
			from, err := o.period(cmd)
			if err != nil {
				return err
			}
			if err := o.delivery.settle(a); err != nil {
				return err
			}
			ctx := cmd.Context()
			return a.answer(ctx, &o.question, 0, func(in inquiry) error {
				f, err := in.ledger.Admissions(ctx, ledger.FormQuestion{Question: in.Question, By: by, Children: o.children}, from)
				return a.deliverForm(ctx, in, &o, f, err)
			})
		},
	})
	o.byFlag(cmd, ledger.AdmissionDimensions())
	o.childrenFlag(cmd)
	return cmd
}

func (a *app) ratingsCommand() *cobra.Command {
	var o form
	year := 0
	cmd := o.ofDay(&cobra.Command{
		Use: "ratings --year YEAR", Short: "How members and grassroots organisations were rated for a year, and who was not", Args: arguments(0, 0),
		Long:    "Count members and grassroots organisations by their grade for a year, to its last day or to --as-of where that is\nearlier, and those without one. Shares are of those that are rated.",
		Example: "  rollbook report ratings --year 2022\n  rollbook report ratings --year 2022 --organisation muong-nhe --children -o ratings.pdf",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkYear(year); err != nil {
				return err
			}
			if err := o.delivery.settle(a); err != nil {
				return err
			}
			ctx := cmd.Context()
			return a.answer(ctx, &o.question, a.today(), func(in inquiry) error {
				if err := begun(year, in.AsOf); err != nil {
					return err
				}
				f, err := in.figures.Ratings(ctx, in.Question, year, o.children)
				return a.deliverForm(ctx, in, &o, f, err)
			})
		},
	})
	cmd.Flags().IntVar(&year, "year", 0, "the year")
	o.childrenFlag(cmd)
	return cmd
}

// checkYear refuses a year that is none.
func checkYear(year int) error {
	if year < domain.FirstDay.Year() || year > domain.LastDay.Year() {
		return usage("--year is missing or impossible: give a year from %d to %d", "thiếu --year hoặc năm không hợp lệ: hãy ghi năm từ %d đến %d", domain.FirstDay.Year(), domain.LastDay.Year())
	}
	return nil
}

// begun refuses a year that has not begun by a day.
func begun(year int, day domain.Date) error {
	if day.Year() < year {
		return usage("%d has not begun on %s; ask for an earlier year or a later --as-of", "năm %d chưa bắt đầu vào ngày %s; hãy chọn năm trước hoặc --as-of muộn hơn", year, day.Vietnamese())
	}
	return nil
}

func (a *app) villagesCommand() *cobra.Command {
	var o form
	return o.ofDay(&cobra.Command{
		Use: "villages", Short: "Villages without members, with one or two, without a cell, with a joint one", Args: arguments(0, 0),
		Long: "Count the villages of each commune by their cell and by their members, who are those of the village's own cell. Of a\n" +
			"village with a joint cell the ledger does not know whose members are whose.",
		Example: "  rollbook report villages --as-of 2022-12-31\n  rollbook report villages --organisation muong-nhe -o villages.xlsx",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.delivery.settle(a); err != nil {
				return err
			}
			ctx := cmd.Context()
			return a.answer(ctx, &o.question, a.today(), func(in inquiry) error {
				f, err := in.figures.Villages(ctx, in.Question)
				return a.deliverForm(ctx, in, &o, f, err)
			})
		},
	})
}

// periodForm is a command for a form that counts what happened in a period.
func (a *app) periodForm(cmd *cobra.Command, made func(*projections.Figures, context.Context, projections.Question, domain.Date, bool) (projections.Form, error)) *cobra.Command {
	var o form
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		from, err := o.period(cmd)
		if err != nil {
			return err
		}
		if err := o.delivery.settle(a); err != nil {
			return err
		}
		ctx := cmd.Context()
		return a.answer(ctx, &o.question, 0, func(in inquiry) error {
			f, err := made(in.figures, ctx, in.Question, from, o.children)
			return a.deliverForm(ctx, in, &o, f, err)
		})
	}
	o.ofPeriod(cmd)
	o.childrenFlag(cmd)
	return cmd
}

func (a *app) disciplineCommand() *cobra.Command {
	return a.periodForm(&cobra.Command{
		Use: "discipline --from DATE --to DATE", Short: "Measures of discipline in a period, and expulsions", Args: arguments(0, 0),
		Long:    "Count the measures of discipline in a period by kind, and the expulsions, which are those of the movements.",
		Example: "  rollbook report discipline --from 2021-12-31 --to 2022-12-31 --children",
	}, (*projections.Figures).Discipline)
}

func (a *app) confirmationsCommand() *cobra.Command {
	return a.periodForm(&cobra.Command{
		Use: "confirmations --from DATE --to DATE", Short: "Confirmations done in a period, and those that are due", Args: arguments(0, 0),
		Long: "Count who was confirmed in a period, in time (within 30 days after the twelve months of probation) or late; and who at\n" +
			"its end has been through the twelve months without a decision, and for how many the 30 days are over.",
		Example: "  rollbook report confirmations --from 2021-12-31 --to 2022-12-31",
	}, (*projections.Figures).Confirmations)
}

func (a *app) badgesCommand() *cobra.Command {
	return a.periodForm(&cobra.Command{
		Use: "badges --from DATE --to DATE", Short: "Badges awarded in a period, by years of membership", Args: arguments(0, 0),
		Long:    "Count the badges that were awarded in a period by their years.",
		Example: "  rollbook report badges --from 2021-12-31 --to 2022-12-31 --children",
	}, (*projections.Figures).Badges)
}
