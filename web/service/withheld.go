package service

import (
	"context"
	"errors"

	"rollbook/domain"
	"rollbook/projections"
	"rollbook/web/access"
)

// Withheld says what of figures is not shown to a visitor who may not see the
// members that they count (access.ReadEntries), because a small number together
// with an organisation and an ethnic group is a person:
//
//   - a number below Below, zero included, is left out;
//   - every other number, totals too, is rounded by itself to the nearest
//     multiple of RoundedTo, and shares are of rounded numbers. So no number can
//     be found by taking others from each other: not a cell from its total, not
//     an organisation from its superior, not a change from two days;
//   - figures are for the last day of a month that is over, with everything known by now. So
//     the day on which a rounded number changes, which would be one event, cannot
//     be looked for.
//
// A nil Withheld shows everything.
type Withheld struct {
	Below     int `json:"below"`
	RoundedTo int `json:"rounded_to"`

	today domain.Date
}

// usualWithheld is the rule unless the service is told otherwise.
var usualWithheld = Withheld{Below: 5, RoundedTo: 5}

// withheld returns what the visitor of ctx does not see of the figures that are
// asked for. The day of a question that is not for the end of a month, but for
// today, becomes the end of the month before.
func (s *Service) withheld(ctx context.Context, q *projections.Question) (*Withheld, error) {
	err := s.Access.Allowed(ctx, access.ReadEntries, q.Organisation)
	switch {
	case err == nil:
		return nil, nil
	case !errors.Is(err, access.ErrForbidden) && !errors.Is(err, access.ErrPart) && !errors.Is(err, access.ErrNotFound):
		return nil, err
	}
	if q.KnownAt != 0 {
		return nil, badInput("known_at", "takes the right to see entries; leave it out", "cần quyền xem các mục ghi; hãy bỏ tham số này")
	}
	w := usualWithheld
	w.today = s.Today()
	if q.AsOf == w.today {
		q.AsOf = monthBefore(q.AsOf)
	}
	return &w, w.day("as_of", q.AsOf)
}

// day refuses a day that is not the last of a month, or lies ahead: what is known of a
// month to come changes with each day of this one.
func (w *Withheld) day(field string, d domain.Date) error {
	if w == nil || monthEnds(d) && d <= w.today {
		return nil
	}
	return badInput(field, "is the last day of a month that is over: other days take the right to see entries", "phải là ngày cuối của một tháng đã qua: ngày khác cần quyền xem các mục ghi")
}

// monthBefore returns the last day of a month that is over: d itself, or that of
// the month before.
func monthBefore(d domain.Date) domain.Date {
	for !monthEnds(d) {
		d--
	}
	return d
}

func monthEnds(d domain.Date) bool {
	_, _, next := (d + 1).Civil()
	return next == 1
}

// number returns a number as it is shown, nil if it is not.
func (w *Withheld) number(n int) *int {
	if w == nil {
		return &n
	}
	if n < w.Below {
		return nil
	}
	n = (n + w.RoundedTo/2) / w.RoundedTo * w.RoundedTo
	return &n
}

// count returns a number as it is shown, [projections.Withheld] if it is not.
func (w *Withheld) count(n int) int {
	if shown := w.number(n); shown != nil {
		return *shown
	}
	return projections.Withheld
}

// form returns a form as it is shown.
func (w *Withheld) form(f projections.Form) projections.Form {
	if w == nil {
		return f
	}
	return f.Withhold(w.show)
}

// show returns a number as it is shown, and whether it is.
func (w *Withheld) show(n int) (shown int, ok bool) {
	shown = w.count(n)
	return shown, shown != projections.Withheld
}

// parts returns the parts of an organisation as they are shown: those of which
// something is.
func (w *Withheld) parts(rows []projections.FormRow) []projections.FormRow {
	if w == nil {
		return rows
	}
	shown := []projections.FormRow{}
	for _, r := range rows {
		if r, something := r.Withhold(w.show); something {
			shown = append(shown, r)
		}
	}
	return shown
}

// movements returns movements as they are shown, and their numbers, nil where one is
// not.
func (w *Withheld) movements(m projections.Movements) Movements {
	out := Movements{Movements: m, Withheld: w}
	shown := func(n *int, at **int) {
		*at = w.number(*n)
		*n = w.count(*n)
	}
	in := &out.Movements
	shown(&in.Opening, &out.Opening)
	shown(&in.Admitted, &out.Admitted)
	shown(&in.TransferredIn, &out.TransferredIn)
	shown(&in.Restored, &out.Restored)
	shown(&in.BroughtForward, &out.BroughtForward)
	shown(&in.MovedIn, &out.MovedIn)
	shown(&in.MovedOut, &out.MovedOut)
	shown(&in.TransferredOut, &out.TransferredOut)
	shown(&in.Expelled, &out.Expelled)
	shown(&in.Removed, &out.Removed)
	shown(&in.Resigned, &out.Resigned)
	shown(&in.Died, &out.Died)
	shown(&in.Closing, &out.Closing)
	shown(&in.Confirmed, &out.Confirmed)
	return out
}

// rows returns the rows that are shown.
func (w *Withheld) rows(rows []projections.HeadcountRow) []projections.HeadcountRow {
	if w == nil {
		return rows
	}
	shown := []projections.HeadcountRow{}
	for _, r := range rows {
		if n := w.number(r.Members); n != nil {
			r.Members = *n
			shown = append(shown, r)
		}
	}
	return shown
}

// indicators returns the indicators that are shown. What is not a count of people,
// such as a quota, is in the denominator of a share that is withheld with its
// numerator.
func (w *Withheld) indicators(all map[string]projections.Indicator) map[string]projections.Indicator {
	if w == nil {
		return all
	}
	shown := map[string]projections.Indicator{}
	for code, i := range all {
		n, d := w.number(i.Numerator), w.number(i.Denominator)
		if n == nil || i.Share && d == nil {
			continue
		}
		i.Numerator = *n
		if i.Share {
			i.Denominator = *d
		}
		shown[code] = i
	}
	return shown
}
