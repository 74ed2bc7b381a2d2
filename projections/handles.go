package projections

import "slices"

// The names of the read models.
const (
	headcountModel = "headcount"
	movementsModel = "movements"
	indicatorModel = "indicators"
)

// handled says for each type of event which read models its records may make rows
// in. All entries are kept for timelines and decisions, whatever stands here. A
// type that is not here fails the tests, until it has been decided for each
// model; one that makes other rows than it says fails them too.
func handled() map[string][]string {
	roll := []string{headcountModel, movementsModel, indicatorModel}
	return map[string][]string{
		"organisation.established":    nil,
		"organisation.renamed":        nil,
		"organisation.moved":          nil, // a subtree is asked for by what it is on a day
		"organisation.merged":         {headcountModel, movementsModel},
		"organisation.dissolved":      nil, // nobody may be left in it
		"organisation.rated":          nil, // read from its timeline, as are quotas and targets
		"organisation.quota_set":      nil,
		"organisation.target_set":     nil,
		"organisation.commended":      nil,
		"organisation.policy_adopted": nil,                              // read from its timeline, when entries are judged
		"organisation.entry_annulled": {headcountModel, movementsModel}, // of a merger
		"village.registered":          nil,
		"village.cell_assigned":       nil,
		"village.retired":             nil,
		"village.entry_annulled":      nil,
		"member.identified":           {headcountModel},
		"member.mentor_assigned":      {indicatorModel},
		"member.mentor_released":      {indicatorModel},
		"member.course_completed":     nil,
		"member.candidacy_ended":      {headcountModel, indicatorModel},
		"member.admitted":             roll,
		"member.confirmed":            roll,
		"member.rated":                {indicatorModel},
		"member.transferred":          {headcountModel, movementsModel},
		"member.transferred_out":      roll,
		"member.transferred_in":       roll,
		"member.brought_forward":      roll,
		"member.disciplined":          nil,
		"member.expelled":             roll,
		"member.removed":              roll,
		"member.resigned":             roll,
		"member.died":                 roll,
		"member.restored":             roll,
		"member.exempted":             nil,
		"member.badge_awarded":        nil,
		"member.card_issued":          nil,
		"member.profile_changed":      {headcountModel, movementsModel},
		"member.reviewed":             nil,
		"member.received":             nil,
		"member.entry_annulled":       roll,
	}
}

// Handles returns the types of events whose records may make rows in the model.
func (m Model) Handles() []string { return m.types(true) }

// Ignores returns the types of events whose records never do.
func (m Model) Ignores() []string { return m.types(false) }

func (m Model) types(want bool) (list []string) {
	for typ, models := range handled() {
		if slices.Contains(models, m.Name) == want {
			list = append(list, typ)
		}
	}
	slices.Sort(list)
	return list
}
