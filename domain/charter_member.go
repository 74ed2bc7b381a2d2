package domain

import "slices"

// The rules of membership: discipline, removal, ratings, badges.

var (
	disciplineChecks = []check{{"discipline.provisional", disciplineProvisional}}
	expulsionChecks  = append(leavingChecks[:2:2], disciplineChecks...)
	removalChecks    = append(leavingChecks[:2:2],
		check{"removal.probation_failed", removalProbationFailed},
		check{"removal.unqualified", removalUnqualified},
	)
	ratingChecks = []check{
		{"rating.cap_members", ratingCapMembers},
		{"rating.exempted", ratingExempted},
		{"rating.too_new", ratingTooNew},
		{"rating.unsatisfactory_twice", ratingUnsatisfactoryTwice},
	}
	badgeChecks = []check{
		{"badge.day", badgeDay},
		{"badge.years", badgeYearsFull},
	}
)

func disciplineProvisional(h *hearing, _ PolicyRule) opinion {
	if h.before.Status != Provisional {
		return opinion{answer: kept}
	}
	d, ok := h.entry.Event.(*Disciplined)
	return departs(!ok || d.Measure != "reprimand" && d.Measure != "warning", nil)
}

func removalProbationFailed(h *hearing, _ PolicyRule) opinion {
	return departs(h.entry.Event.(*Removed).Cause == "probation_failed" && h.before.Status == Official, nil)
}

// removalUnqualified asks for the years before the removal. Of years before
// somebody came into the ledger nothing is known.
func removalUnqualified(h *hearing, r PolicyRule) opinion {
	if h.entry.Event.(*Removed).Cause != "unqualified" {
		return opinion{answer: kept}
	}
	years := r.Parameter("years")
	year := h.entry.EffectiveOn.Year()
	if h.before.unsatisfactory(year, years) || h.before.unsatisfactory(year-1, years) {
		return opinion{answer: kept}
	}
	if h.steps()[0].Entry.EffectiveOn > civil(year-years, 1, 1) {
		return opinion{answer: unsure}
	}
	return opinion{answer: departed}
}

// unsatisfactory reports whether somebody was rated so for a number of consecutive
// years up to one.
func (s State) unsatisfactory(last, years int) bool {
	for year := last; year > last-years; year-- {
		if g, ok := s.Rating(year); !ok || g != "unsatisfactory" {
			return false
		}
	}
	return true
}

// ratingUnsatisfactoryTwice is about the rating after the unsatisfactory years: who
// is rated again has not been removed. The ratings themselves keep the charter.
func ratingUnsatisfactoryTwice(h *hearing, r PolicyRule) opinion {
	last := h.entry.Event.(*Rated).Year - 1
	if !h.before.unsatisfactory(last, r.Parameter("years")) {
		return opinion{answer: kept}
	}
	for _, step := range slices.Backward(h.past()) {
		switch e := step.Entry.Event.(type) {
		case *Removed, *Expelled:
			return opinion{answer: kept} // and restored since
		case *Rated:
			if e.Year == last {
				return opinion{departed, facts{"year": last}}
			}
		default:
		}
	}
	return opinion{departed, facts{"year": last}}
}

// ratingTooNew counts from the admission to the end of the year.
func ratingTooNew(h *hearing, r PolicyRule) opinion {
	year := h.entry.Event.(*Rated).Year
	admitted, _ := h.life.Membership(h.entry.EffectiveOn)
	if admitted == 0 {
		return opinion{answer: unsure}
	}
	return departs(admitted.AddMonths(r.Parameter("months")) > civil(year+1, 1, 1), facts{"year": year})
}

// ratingExempted looks at the end of the year, or at the day of the rating if that
// is earlier.
func ratingExempted(h *hearing, r PolicyRule) opinion {
	year := h.entry.Event.(*Rated).Year
	on := min(h.entry.EffectiveOn, civil(year, 12, 31))
	exempted := false
	for _, step := range h.sameDay() {
		if step.Entry.EffectiveOn > on {
			break
		}
		switch e := step.Entry.Event.(type) {
		case *Exempted:
			exempted = (e.Until == 0 || e.Until >= on) && r.Parameter(string(e.Kind)) != 0
		case *Admitted, *BroughtForward, *TransferredIn:
			exempted = false
		default:
		}
	}
	return departs(exempted, facts{"year": year})
}

// ratingCapMembers is about the grades that count of all who were rated in the
// organisation for the year. The first excellent ones are within the share, the
// others depart.
func ratingCapMembers(h *hearing, r PolicyRule) opinion {
	e := h.entry.Event.(*Rated)
	if e.Grade != "excellent" {
		return opinion{answer: kept}
	}
	return capped(h.of(h.after.Organisation).ratings[e.Year], h.entry.Point(), r, facts{"organisation": h.after.Organisation, "year": e.Year})
}

// capped says whether the excellent grade that was given at a point is beyond the
// share that may be.
func capped(grades []graded, at Point, r PolicyRule, f facts) opinion {
	base, excellent, place := 0, 0, 0
	for _, g := range grades {
		switch {
		case g.grade == "good":
			base++
		case g.grade == "excellent":
			excellent++
			base += r.Parameter("better")
			if g.at == at {
				place = excellent // zero for a grade that another has replaced
			}
		}
	}
	allowed := base * r.Parameter("percent") / 100
	f["excellent"], f["allowed"], f["base"] = excellent, allowed, base
	return departs(place > allowed, f)
}

func badgeDay(h *hearing, r PolicyRule) opinion {
	_, m, d := h.entry.EffectiveOn.Civil()
	for _, p := range r.Parameters {
		if p.Value == m*100+d {
			return opinion{answer: kept}
		}
	}
	return opinion{answer: departed}
}

// badgeYearsFull counts years of membership from the day of the decision on
// admission; the ledger's other figures count from the day of admission, some days
// later.
func badgeYearsFull(h *hearing, _ PolicyRule) opinion {
	t := h.life.Tenure(h.entry.EffectiveOn)
	if t.since == 0 {
		return opinion{answer: unsure}
	}
	early := Date(0)
	for _, step := range h.past() {
		if e, ok := step.Entry.Event.(*Admitted); ok {
			early = max(0, step.Entry.EffectiveOn-e.Decision.Date)
			break
		}
	}
	due := (t.since - early).AddYears(h.entry.Event.(*BadgeAwarded).Years)
	return departs(h.entry.EffectiveOn < due, facts{"due": due})
}
