package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/projections"
	"rollbook/words"
)

func (a *app) historyCommand() *cobra.Command {
	var q question
	cmd := &cobra.Command{
		Use: "history SUBJECT", Short: "Show the timeline of a member, an organisation or a village", Args: arguments(1, 1),
		Long:    "Show every entry about member/ID, organisation/ID or village/ID in the order in which they count,\nwith the state after each.",
		Example: "  rollbook history member/m1\n  rollbook history member/m1 --as-of 2022-12-31 --known-at 5000",
		RunE: func(cmd *cobra.Command, args []string) error {
			subject, ok := domain.ParseSubject(args[0])
			if !ok {
				return usage("%q is not a subject; write member/ID, organisation/ID or village/ID", "%q không phải đối tượng; hãy viết member/MÃ, organisation/MÃ hoặc village/MÃ", show(args[0]))
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
				asked, err := q.resolve(ctx, l, 0)
				if err != nil {
					return err
				}
				h, err := a.history(ctx, l, subject, asked)
				if err != nil {
					return err
				}
				h = h.In(a.lang)
				if a.json {
					a.out.document(h)
					return nil
				}
				names, err := a.organisationNames(ctx, figures, projections.Question{AsOf: a.today(), KnownAt: asked.KnownAt})
				if err != nil {
					return err
				}
				a.showHistory(h, asked.AsOf, names)
				return nil
			})
		},
	}
	q.asOfFlag(cmd, "without it every entry")
	q.knownAtFlag(cmd)
	return cmd
}

func (a *app) showHistory(h ledger.History, asOf domain.Date, names organisationNames) {
	days := a.say("All entries", "Toàn bộ các mục")
	if asOf != 0 {
		days = a.say("To the end of ", "Đến hết ngày ") + asOf.Vietnamese()
	}
	a.reportHead(a.say("History of ", "Lịch sử của ")+h.Subject, fmt.Sprintf(a.say("%d entries", "%d mục"), len(h.Entries)), days, h.Standing)
	if len(h.Entries) == 0 {
		return
	}
	member := h.State != nil
	columns := []column{
		{head: a.say("Counts on", "Hiệu lực")},
		{head: a.say("No.", "Số"), right: true},
		{head: a.say("Recorded", "Ngày ghi")},
		{head: a.say("Entry", "Mục")},
		{head: a.say("Details", "Chi tiết"), most: 48},
	}
	if member {
		columns = append(columns, column{head: a.say("State after", "Tình trạng sau đó"), most: 40})
	}
	columns = append(columns, column{head: a.say("Note", "Ghi chú"), most: 30})
	var rows [][]string
	for _, e := range h.Entries {
		row := []string{
			e.EffectiveOn.Vietnamese(), fmt.Sprint(e.Sequence), e.Time.Local().Format("02/01/2006"),
			a.label(words.Events, e.Type), a.details(e.Data, names),
		}
		if member {
			row = append(row, a.stateText(e.State, names))
		}
		rows = append(rows, append(row, a.remark(e)))
	}
	a.table(columns, rows, nil)
	if member {
		a.out.line(a.say("State: ", "Tình trạng: ") + a.stateText(h.State, names))
	}
	for _, f := range h.Findings {
		leave := ""
		if f.Exception {
			leave = a.say(" With leave.", " Có ngoại lệ.")
		}
		a.out.printf(a.say("Finding at %d: %s (%s; %s). To mend it: %s.%s\n", "Chưa đúng quy định tại số %d: %s (%s; %s). Khắc phục: %s.%s\n"),
			f.Sequence, f.Said(a.lang, names.of), f.Source, f.Rule, f.Cure, leave)
	}
}

func (a *app) stateText(s *ledger.MemberState, names organisationNames) string {
	if s == nil {
		return ""
	}
	text := a.label(words.Statuses, string(s.Status))
	if s.EndedBy != "" {
		text += ": " + a.label(words.Events, s.EndedBy)
	}
	if s.Organisation != "" && s.Status != domain.Ended {
		text += ", " + names.of(s.Organisation)
	}
	if s.Temporarily != "" {
		text += a.say("; for the time being in ", "; tạm thời sinh hoạt tại ") + names.of(s.Temporarily)
	}
	return text
}

func (a *app) remark(e ledger.HistoryEntry) string {
	var notes []string
	if e.AnnulledBy != "" {
		notes = append(notes, a.say("annulled", "đã huỷ"))
	}
	for _, f := range e.Findings {
		notes = append(notes, a.say("departs from ", "chưa đúng ")+f.Rule)
	}
	if e.Late {
		notes = append(notes, a.say("recorded late", "ghi muộn"))
	}
	for _, c := range e.Closed {
		notes = append(notes, a.say("sealed: ", "niêm phong: ")+c.Class+" ("+c.Code+")")
	}
	if e.Reason != "" {
		notes = append(notes, e.Reason)
	}
	return strings.Join(notes, "; ")
}

// details shows an event's data on one line.
func (a *app) details(data json.RawMessage, names organisationNames) string {
	var parts []string
	var walk func(name string, raw json.RawMessage)
	walk = func(name string, raw json.RawMessage) {
		d := json.NewDecoder(strings.NewReader(string(raw)))
		d.UseNumber()
		first, err := d.Token()
		if err != nil || first == nil {
			return
		}
		if first != json.Delim('{') {
			parts = append(parts, a.label(words.Fields, name)+" "+a.value(name, fmt.Sprint(first), names))
			return
		}
		for d.More() { // by hand, because a map would lose the order
			key, err := d.Token()
			var value json.RawMessage
			if err != nil || d.Decode(&value) != nil {
				return
			}
			walk(fmt.Sprint(key), value)
		}
	}
	walk("", data)
	return strings.Join(parts, ", ")
}

// value shows the value of a field of an event's data.
func (a *app) value(field, value string, names organisationNames) string {
	switch field {
	case "ethnicity":
		return codeName(domain.EthnicGroups(), value)
	case "religion":
		return codeName(domain.Religions(), value)
	case "gender":
		return a.label(words.Genders, value)
	case "status":
		return a.label(words.Statuses, value)
	case "grade":
		return a.label(words.Grades, value)
	case "source", "role", "course", "cause", "outcome", "measure", "kind", "sector", "joint", "temporary":
		return a.label(words.Values, value)
	case "organisation", "parent", "into", "commune", "cell", "issued_by":
		return names.of(value)
	}
	if d, ok := domain.ParseDate(value); ok {
		return d.Vietnamese()
	}
	return value
}
