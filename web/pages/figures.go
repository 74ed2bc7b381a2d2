package pages

import (
	"fmt"
	"slices"
	"strconv"

	"rollbook/domain"
	"rollbook/projections"
	"rollbook/web/access"
	"rollbook/web/service"
	"rollbook/words"
)

// figures are the numbers of an organisation, or of the whole ledger, on a day, as
// dashboard and organisation pages show them.
type figures struct {
	Tiles             []tile
	Ethnicity         []cell
	Total, TotalShare string
	Time              []timeRow
	Year              string
	Rows              []treeRow
	Movements         []movement
	Reconciles        string
	Indicators        []indicatorRow
	ExplainURL        string
	Files             struct{ Headcount, Indicators, Movements *download }
}

// tile is a number that stands out.
type tile struct{ Label, Number, Share, URL string }

// cell is a row of a headcount, with a bar: thousandths of the longest.
type cell struct {
	Label, Number, Share, URL string
	Bar                       int
}

type timeRow struct {
	Day, Short string
	Numbers    []plotted
}

// plotted is a number that a chart is drawn from, unless it is withheld.
type plotted struct {
	Text  string
	Value int
	Known bool
}

type treeRow struct {
	Name, URL                               string
	Members, Provisional, Minorities, Women string
	Admitted, Gap, Term, Rated, Villages    string
	Quota                                   *quotaBar
	Together, Behind                        bool
}

// quotaBar is what was admitted and what is aimed at, in thousandths of the bar.
type quotaBar struct {
	Done, Mark int
	Reached    bool
}

type movement struct{ Label, Number, URL, Class string }

type indicatorRow struct{ Label, Number, URL, Of, OfURL, Share string }

// figures asks for everything that a page of figures shows.
func (p *Pages) figures(a *asked, q question) (f figures, standing projections.Standing, err error) {
	drills := a.visitor.May(access.ReadEntries)
	year := q.AsOf.Year()
	f.Year = strconv.Itoa(year)
	i, err := p.service.Indicators(a.ctx, q.Question, year, true)
	if err != nil {
		return f, standing, err
	}
	standing = i.Standing
	h, err := p.service.Headcount(a.ctx, q.Question, []projections.Dimension{"ethnicity"})
	if err != nil {
		return f, standing, err
	}
	f.tiles(p, a, q, h, i.Rows[0].Indicators, drills)
	f.ethnicity(p, a, q, h, drills)
	if f.Time, err = p.overTime(a, q); err != nil {
		return f, standing, err
	}
	f.tree(p, a, q, i)
	f.indicators(p, a, q, i.Rows[0].Indicators, drills)
	from, _ := domain.NewDate(year-1, 12, 31)
	m, err := p.service.Movements(a.ctx, q.Question, from)
	if err != nil {
		return f, standing, err
	}
	f.movements(p, a, q, m, from, drills)
	f.Files.Headcount = p.download(q, "headcount", a.t.say("by_ethnicity"), "by", "ethnicity")
	f.Files.Indicators = p.download(q, "indicators", a.t.say("indicators_of", f.Year), "year", f.Year, "children", "true")
	f.Files.Movements = p.download(q, "movements", a.t.say("movements_of", f.Year), "from", from.String())
	if drills {
		f.ExplainURL = p.to(q, "/explain", "to", q.AsOf.String(), "from", from.String(), "as_of", "", "known", "", "known_at", "")
	}
	return f, standing, nil
}

// count writes a number that may be withheld.
func (t *tongue) count(n *int) string {
	if n == nil {
		return t.say("withheld")
	}
	return t.number(int64(*n))
}

func (f *figures) tiles(p *Pages, a *asked, q question, h service.Headcount, v map[string]projections.Indicator, drills bool) {
	t := a.t
	add := func(key, code, drill string) {
		i, shown := v[code]
		text := tile{Label: t.say(key), Number: t.say("withheld")}
		if shown {
			text.Number = t.number(int64(i.Numerator))
			if i.Share {
				text.Share = t.percent(i.Numerator, i.Denominator)
			}
		}
		if drills && shown && drill != "" {
			text.URL = p.to(q, "/drill/indicator", "count", drill)
		}
		f.Tiles = append(f.Tiles, text)
	}
	members := tile{Label: t.say("members"), Number: t.count(h.Total)}
	if drills {
		members.URL = p.to(q, "/drill/headcount")
	}
	f.Tiles = append(f.Tiles, members)
	add("official", "official", "official")
	add("provisional", "provisional", "provisional")
	add("candidates", "candidates", "candidates")
	add("women", "women_share", "women")
	add("minorities", "ethnic_minority_share", "ethnic_minority")
	add("confirmation_overdue", "confirmation_overdue", "confirmation_overdue")
}

func (f *figures) ethnicity(p *Pages, a *asked, q question, h service.Headcount, drills bool) {
	t := a.t
	f.Total, f.TotalShare = t.count(h.Total), none
	total := 0
	if h.Total != nil {
		total = *h.Total
		f.TotalShare = t.percent(total, total)
	}
	rows := slices.Clone(h.Rows)
	// The largest first, which is what people look for.
	slices.SortStableFunc(rows, func(x, y projections.HeadcountRow) int { return y.Members - x.Members })
	for _, r := range rows {
		c := cell{
			Label: t.code(domain.EthnicGroups(), r.Values[0]), Number: t.number(int64(r.Members)), Share: t.percent(r.Members, total),
			Bar: r.Members * 1000 / max(rows[0].Members, 1),
		}
		if drills {
			c.URL = p.to(q, "/drill/headcount", "by", "ethnicity", "value", r.Values[0])
		}
		f.Ethnicity = append(f.Ethnicity, c)
	}
}

// quarters is how many ends of quarters the chart goes back.
const quarters = 20

// overTime counts the members on a day and at the ends of the quarters before it,
// the newest first.
func (p *Pages) overTime(a *asked, q question) ([]timeRow, error) {
	days := []domain.Date{q.AsOf}
	year, month, _ := q.AsOf.Civil()
	month -= (month - 1) % 3
	for len(days) <= quarters {
		first, ok := domain.NewDate(year, month, 1)
		if !ok || first <= domain.FirstDay {
			break
		}
		if day := first - 1; day != q.AsOf {
			days = append(days, day)
		}
		if month -= 3; month < 1 {
			year, month = year-1, month+12
		}
	}
	var rows []timeRow
	for _, day := range days {
		asked := q.Question
		asked.AsOf = day
		h, err := p.service.Headcount(a.ctx, asked, []projections.Dimension{"status"})
		if err != nil {
			return nil, err
		}
		row := timeRow{Day: a.t.day(h.AsOf), Short: a.t.day(h.AsOf)[3:]}
		number := func(n *int) {
			cell := plotted{Text: a.t.count(n), Known: n != nil}
			if n != nil {
				cell.Value = *n
			}
			row.Numbers = append(row.Numbers, cell)
		}
		number(h.Total)
		for _, s := range []domain.Status{domain.Official, domain.Provisional} {
			n := 0
			shown := h.Withheld == nil // a row that is left out was empty, or is withheld
			for _, r := range h.Rows {
				if r.Values[0] == string(s) {
					n, shown = r.Members, true
				}
			}
			if shown {
				number(&n)
			} else {
				number(nil)
			}
		}
		if len(rows) > 1 && h.Total != nil && *h.Total == 0 {
			break // before that there was nobody
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// ratio writes a share as its two numbers, and a dash where there is nothing to
// compare with.
func (t *tongue) ratio(i projections.Indicator) string {
	if i.Denominator == 0 && i.Numerator == 0 {
		return none
	}
	if i.Denominator == 0 {
		return t.number(int64(i.Numerator)) + " / " + none
	}
	return t.number(int64(i.Numerator)) + " / " + t.number(int64(i.Denominator))
}

// tree writes the indicators of an organisation and of those directly below it.
func (f *figures) tree(p *Pages, a *asked, q question, all service.Indicators) {
	t := a.t
	rows := slices.Clone(all.Rows)
	slices.SortStableFunc(rows[1:], func(x, y projections.IndicatorRow) int {
		return y.Indicators["members"].Numerator - x.Indicators["members"].Numerator
	})
	for n, r := range rows {
		v := r.Indicators
		row := treeRow{Name: r.Name, Together: n == 0}
		if n == 0 {
			row.Name = t.say("together")
		} else if r.Organisation != nil {
			below := q
			below.Organisation = ""
			row.URL = p.to(below, "/organisations/"+*r.Organisation)
		}
		share := func(code string, write func(projections.Indicator) string) string {
			i, shown := v[code]
			if !shown {
				return t.say("withheld")
			}
			return write(i)
		}
		number := func(i projections.Indicator) string { return t.number(int64(i.Numerator)) }
		percent := func(i projections.Indicator) string { return t.percent(i.Numerator, i.Denominator) }
		row.Members, row.Provisional = share("members", number), share("provisional", number)
		row.Minorities, row.Women, row.Rated = share("ethnic_minority_share", percent), share("women_share", percent), share("rated_share", percent)
		row.Admitted, row.Term, row.Villages = share("admission_quota_rate", t.ratio), share("term_target_rate", t.ratio), share("villages_with_cell", t.ratio)
		row.Gap = none
		if i, shown := v["admission_quota_rate"]; shown && i.Denominator > 0 {
			row.Quota = barOf(i.Numerator, i.Denominator)
			gap := i.Numerator - i.Denominator
			row.Gap, row.Behind = t.signed(gap), gap < 0
		}
		f.Rows = append(f.Rows, row)
	}
}

// barOf draws what was done of a target. The bar is as long as the larger of the
// two, and a twentieth more, so that the mark of the target is seen.
func barOf(done, target int) *quotaBar {
	whole := max(done, target) * 21
	return &quotaBar{Done: done * 20000 / whole, Mark: target * 20000 / whole, Reached: done >= target}
}

func (f *figures) indicators(p *Pages, a *asked, q question, v map[string]projections.Indicator, drills bool) {
	t := a.t
	for _, code := range projections.IndicatorCodes() {
		row := indicatorRow{Label: t.word(words.Indicators, code), Number: t.say("withheld"), Of: none, Share: none}
		i, shown := v[code]
		if shown {
			row.Number = t.number(int64(i.Numerator))
			if i.Share {
				row.Of, row.Share = t.number(int64(i.Denominator)), t.percent(i.Numerator, i.Denominator)
			}
		}
		if numerator, denominator, ok := projections.CountsOf(code); ok && shown && drills {
			if i.Numerator > 0 && numerator != "" {
				row.URL = p.to(q, "/drill/indicator", "count", numerator)
			}
			if i.Share && i.Denominator > 0 && denominator != "" {
				row.OfURL = p.to(q, "/drill/indicator", "count", denominator)
			}
		}
		f.Indicators = append(f.Indicators, row)
	}
}

func (f *figures) movements(p *Pages, a *asked, q question, m service.Movements, from domain.Date, drills bool) {
	t := a.t
	for _, line := range []struct {
		name, class string
		number      *int
	}{
		{"opening", "sum", m.Opening},
		{"admitted", "in", m.Admitted},
		{"transferred_in", "in", m.TransferredIn},
		{"restored", "in", m.Restored},
		{"brought_forward", "in", m.BroughtForward},
		{"moved_in", "in", m.MovedIn},
		{"moved_out", "out", m.MovedOut},
		{"transferred_out", "out", m.TransferredOut},
		{"expelled", "out", m.Expelled},
		{"removed", "out", m.Removed},
		{"resigned", "out", m.Resigned},
		{"died", "out", m.Died},
		{"closing", "sum", m.Closing},
	} {
		row := movement{Label: t.word(words.Movements, line.name), Number: t.count(line.number), Class: line.class}
		switch {
		case line.name == "opening":
			row.Label += ", " + t.day(from)
		case line.name == "closing":
			row.Label += ", " + t.day(m.To)
		case line.number != nil && *line.number != 0:
			row.Number = "+" + row.Number
			if line.class == "out" {
				row.Number = "−" + row.Number[1:]
			}
			if drills {
				row.URL = p.to(q, "/drill/movement", "line", line.name, "from", from.String())
			}
		}
		f.Movements = append(f.Movements, row)
	}
	if m.Withheld != nil {
		f.Reconciles = t.say("withheld.text", m.Withheld.Below, m.Withheld.RoundedTo)
		return
	}
	full := m.Movements
	sum := fmt.Sprintf("%s + %s − %s = %s", t.number(int64(full.Opening)), t.number(int64(full.Ins())), t.number(int64(full.Outs())), t.number(int64(full.Closing)))
	if full.Reconciles() {
		f.Reconciles = t.say("reconciles", sum, t.number(int64(full.Confirmed)))
	} else {
		f.Reconciles = t.say("reconciles.not", sum)
	}
}
