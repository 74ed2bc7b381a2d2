package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/projections"
)

func (a *app) policyCommand() *cobra.Command {
	return a.group("policy", "The charter's rules, by the day from which they are in force",
		a.policyListCommand(), a.policyShowCommand(), a.policyTryCommand())
}

// policyDocument is a version of the charter's rules.
type policyDocument struct {
	Version string         `json:"version"`
	Title   string         `json:"title"`
	From    domain.Date    `json:"from"`
	Until   *domain.Date   `json:"until"`   // the last day; nil while it is in force
	Changes []string       `json:"changes"` // ids of the rules that the version changes
	Rules   []ruleDocument `json:"rules,omitempty"`
}

type ruleDocument struct {
	Rule          string         `json:"rule"`
	Title         string         `json:"title"`
	On            bool           `json:"on"`
	Local         bool           `json:"local"`
	Refuses       bool           `json:"refuses"`
	Parameters    map[string]int `json:"parameters"`
	Source        string         `json:"source"`
	SourceChecked bool           `json:"source_checked"`
	Message       string         `json:"message"`
	Cure          string         `json:"cure"`
	Version       string         `json:"version"` // that last changed it
}

// policies returns the versions of the centre, by first day.
func (a *app) policies() []policyDocument {
	c := domain.Embedded()
	amendments := c.Amendments()
	var list []policyDocument
	for i, p := range c.Policies() {
		d := policyDocument{Version: p.Version, Title: p.Title.In(a.lang), From: p.From, Changes: []string{}}
		if i+1 < len(amendments) {
			until := amendments[i+1].From - 1
			d.Until = &until
		}
		for _, r := range amendments[i].Rules {
			d.Changes = append(d.Changes, r.Rule)
		}
		list = append(list, d)
	}
	return list
}

func (a *app) policyListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the versions of the charter's rules", Args: arguments(0, 0),
		Long: "List the versions of the rules that entries are judged by, with the days on which they are in force and what\n" +
			"each changes. An organisation's own rules are entries of the ledger: organisation.policy_adopted.",
		Example: "  rollbook policy list\n  rollbook policy list --json",
		RunE: func(*cobra.Command, []string) error {
			list := a.policies()
			if a.json {
				a.out.document(struct {
					Versions []policyDocument `json:"versions"`
				}{list})
				return nil
			}
			var rows [][]string
			for _, p := range list {
				until := ""
				if p.Until != nil {
					until = p.Until.Vietnamese()
				}
				rows = append(rows, []string{p.Version, p.From.Vietnamese(), until, p.Title, strings.Join(p.Changes, ", ")})
			}
			a.table([]column{
				{head: a.say("Version", "Phiên bản")},
				{head: a.say("From", "Từ ngày")},
				{head: a.say("Until", "Đến ngày")},
				{head: a.say("Title", "Tên"), most: 50},
				{head: a.say("Rules that it changes", "Quy định thay đổi"), most: 60},
			}, rows, nil)
			return nil
		},
	}
}

func (a *app) policyShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show VERSION", Short: "Show all rules as a version has them", Args: arguments(1, 1),
		Long:    "Show every rule as it is in force with a version of the centre: its parameters, its source, what departs from it.",
		Example: "  rollbook policy show qd-24-2021",
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var ids []string
			for _, p := range domain.Embedded().Policies() {
				ids = append(ids, p.Version)
			}
			if len(args) > 0 {
				ids = nil
			}
			return ids, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			for i, d := range a.policies() {
				if d.Version != args[0] {
					continue
				}
				for _, r := range domain.Embedded().Policies()[i].Rules() {
					d.Rules = append(d.Rules, a.ruleDocument(r))
				}
				if a.json {
					a.out.document(d)
				} else {
					a.policyTable(d)
				}
				return nil
			}
			return usage("there is no version %q; `rollbook policy list` lists them", "không có phiên bản %q; xem `rollbook policy list`", show(args[0]))
		},
	}
}

func (a *app) ruleDocument(r domain.PolicyRule) ruleDocument {
	out := ruleDocument{
		Rule: r.ID, Title: r.Title.In(a.lang), On: r.On, Local: r.Local, Refuses: r.Refuses, Parameters: map[string]int{},
		Source: r.Source.String(), SourceChecked: r.Source.Checked, Message: r.Message.In(a.lang), Cure: r.Cure.In(a.lang), Version: r.Version,
	}
	for _, p := range r.Parameters {
		out.Parameters[p.Name] = p.Value
	}
	return out
}

func (a *app) policyTable(d policyDocument) {
	a.out.line(d.Title)
	a.out.line(fmt.Sprintf(a.say("Version %s, in force from %s.", "Phiên bản %s, có hiệu lực từ %s."), d.Version, d.From.Vietnamese()))
	var rows [][]string
	for _, r := range d.Rules {
		var parameters []string
		definition := domain.PolicyRule{}
		for _, have := range domain.RuleDefinitions() {
			if have.ID == r.Rule {
				definition.RuleDefinition = have
			}
		}
		for _, p := range definition.RuleDefinition.Parameters {
			if v, ok := r.Parameters[p.Name]; ok {
				parameters = append(parameters, p.Name+" "+strconv.Itoa(v))
			}
		}
		state := a.say("found", "chỉ phát hiện")
		switch {
		case !r.On:
			state = a.say("off", "không áp dụng")
		case r.Refuses:
			state = a.say("refused", "từ chối khi ghi")
		}
		if r.Local {
			state += a.say(", local", ", địa phương")
		}
		source := r.Source
		if !r.SourceChecked {
			source += a.say(" (not checked against the text)", " (chưa đối chiếu văn bản)")
		}
		rows = append(rows, []string{r.Title, strings.Join(parameters, ", "), state, source, r.Rule, r.Version})
	}
	a.table([]column{
		{head: a.say("Rule", "Quy định"), most: 50},
		{head: a.say("Parameters", "Tham số"), most: 40},
		{head: a.say("A departure is", "Khi chưa đúng")},
		{head: a.say("Source", "Căn cứ"), most: 40},
		{head: a.say("Id", "Mã")},
		{head: a.say("Since version", "Từ phiên bản")},
	}, rows, nil)
}

func (a *app) policyTryCommand() *cobra.Command {
	var q question
	var form string
	cmd := &cobra.Command{
		Use: "try FILE", Short: "Say what a proposed version would change, and store nothing", Args: arguments(1, 1),
		Long: "Judge all entries once by the rules in force and once with a proposed version beside them, and list the\n" +
			"findings that would appear and disappear. It is a trial: nothing of it is in force, and nothing is stored.",
		Example: "  rollbook policy try proposal.json --organisation muong-nhe",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := a.format(form)
			if err != nil {
				return err
			}
			if err := q.check(); err != nil {
				return err
			}
			proposed, err := a.proposal(args[0])
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			return a.withLedger(ctx, func(l *ledger.Ledger) error {
				figures, err := a.figures(ctx, l)
				if err != nil {
					return err
				}
				asked, err := q.resolve(ctx, l, a.today())
				if err != nil {
					return err
				}
				t, err := l.TryPolicy(ctx, projections.FindingsQuestion{Question: asked}, proposed)
				if err != nil {
					return err
				}
				t = t.In(a.lang)
				switch f {
				case asJSON:
					a.out.document(t)
				case asCSV:
					a.warnIncomplete(ctx, t.Standing)
					a.trialCSV(t)
				case asTable:
					names, err := a.organisationNames(ctx, figures, asked)
					if err != nil {
						return err
					}
					a.trialTable(t, names)
				}
				return nil
			})
		},
	}
	q.organisationFlag(cmd)
	q.asOfFlag(cmd, "today if not given")
	q.knownAtFlag(cmd)
	formatFlag(cmd, &form)
	return cmd
}

// proposal reads a proposed version of the charter's rules.
func (a *app) proposal(path string) (domain.Amendment, error) {
	file, err := os.Open(path)
	if err != nil {
		return domain.Amendment{}, usage("the file cannot be read: %v", "không đọc được tệp: %v", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, domain.MaxLine+1))
	if err != nil {
		return domain.Amendment{}, usage("the file cannot be read: %v", "không đọc được tệp: %v", err)
	}
	return domain.ParsePolicy(text)
}

func (a *app) trialTable(t projections.Trial, names organisationNames) {
	a.out.line(a.say("TRIAL. Nothing of this is in force, and nothing was stored.", "THỬ NGHIỆM. Chưa có hiệu lực, không ghi gì vào sổ."))
	a.reportHead(fmt.Sprintf(a.say("What version %s, from %s, would change", "Phiên bản %s, từ %s, sẽ thay đổi gì"), t.Proposed, t.From.Vietnamese()),
		a.scope(t.Organisation, names), a.asOf(t.AsOf), t.Standing)
	a.out.line(fmt.Sprintf(a.say("Findings: %s now, %s with it.", "Chưa đúng quy định: hiện nay %s, nếu áp dụng %s."), a.number(t.Now), a.number(t.Then)))
	a.out.line(fmt.Sprintf(a.say("Would appear: %s", "Sẽ phát sinh: %s"), a.number(len(t.Appear))))
	if len(t.Appear) > 0 {
		a.findingRows(t.Appear, names)
	}
	a.out.line(fmt.Sprintf(a.say("Would disappear: %s", "Sẽ không còn: %s"), a.number(len(t.Disappear))))
	if len(t.Disappear) > 0 {
		a.findingRows(t.Disappear, names)
	}
}

func (a *app) trialCSV(t projections.Trial) {
	rows := [][]string{append([]string{"trial", "change"}, findingColumns...)}
	add := func(change string, list []projections.Finding) {
		for _, f := range list {
			rows = append(rows, append([]string{t.Proposed, change}, findingCells(f)...))
		}
	}
	add("appears", t.Appear)
	add("disappears", t.Disappear)
	a.csv(rows)
}
