package domain

// The rules of a member's life: admission, probation, confirmation, discipline.

var (
	admissionChecks = []check{
		{"admission.age_max", admissionAgeMax},
		{"admission.age_min", admissionAgeMin},
	}
	confirmationChecks = []check{
		{"confirmation.deadline", confirmationDeadline},
		{"confirmation.probation", confirmationProbation},
	}
	disciplineChecks = []check{
		{"discipline.provisional", disciplineProvisional},
	}
)

// admissionAgeMin asks for so many completed years. Of who knows only the year of
// birth it is sure only in the years around.
func admissionAgeMin(h *hearing, r PolicyRule) opinion {
	return h.age(func(birth Date) bool { return h.entry.EffectiveOn < birth.AddYears(r.Parameter("years")) })
}

// admissionAgeMax asks for no more than so many years: to the birthday, or to the
// end of its month.
func admissionAgeMax(h *hearing, r PolicyRule) opinion {
	return h.age(func(birth Date) bool {
		last := birth.AddYears(r.Parameter("years"))
		if r.Parameter("whole_month") != 0 {
			y, m, _ := last.Civil()
			last = civil(y, m, daysIn(y, m))
		}
		return h.entry.EffectiveOn > last
	})
}

// age returns an opinion on the age of the subject, where broken says of a birth
// date whether it departs.
func (h *hearing) age(broken func(birth Date) bool) opinion {
	p, _ := h.person()
	first, last := p.BirthDate, p.BirthDate
	if p.BirthYear != 0 {
		first, last = civil(p.BirthYear, 1, 1), civil(p.BirthYear, 12, 31)
	}
	if first == 0 {
		return opinion{answer: unsure}
	}
	a, b := broken(first), broken(last)
	if a != b {
		return opinion{answer: unsure}
	}
	return departs(a, nil)
}

func confirmationProbation(h *hearing, r PolicyRule) opinion {
	due := h.before.ProbationFrom().AddMonths(r.Parameter("months"))
	return departs(h.entry.EffectiveOn < due, facts{"due": due})
}

func confirmationDeadline(h *hearing, r PolicyRule) opinion {
	months := 12
	if probation, ok := h.policy.Rule("confirmation.probation"); ok {
		months = probation.Parameter("months")
	}
	due := h.before.ProbationFrom().AddMonths(months) + Date(r.Parameter("days"))
	return departs(h.entry.EffectiveOn > due, facts{"due": due})
}

func disciplineProvisional(h *hearing, _ PolicyRule) opinion {
	if h.before.Status != Provisional {
		return opinion{answer: kept}
	}
	switch e := h.entry.Event.(type) {
	case *Expelled:
		return opinion{answer: departed}
	case *Disciplined:
		return departs(e.Measure != "reprimand" && e.Measure != "warning", nil)
	default:
		return opinion{answer: kept}
	}
}
