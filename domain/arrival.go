package domain

// Arrival returns where somebody was last transferred to, for good or for the
// time being, and since when, as long as nothing by the end of a day shows that
// they were received there; ok is false otherwise. A reception shows it, and so
// does any other entry that a cell makes only of who takes part in it: a rating,
// a review or a decision, a course, a badge, a mentor. What is changed in a
// profile or on a card does not.
func (l Life) Arrival(day Date) (organisation string, since Date, ok bool) {
	for _, step := range l.Steps {
		if step.Entry.EffectiveOn > day {
			break
		}
		switch e := step.Entry.Event.(type) {
		case *Transferred:
			organisation, since, ok = e.Organisation, step.Entry.EffectiveOn, true
		case *TransferredIn:
			organisation, since, ok = e.Organisation, step.Entry.EffectiveOn, true
		case *ProfileChanged, *CardIssued, nil: // nil: carried along by a merger
		default:
			ok = false
		}
	}
	return organisation, since, ok
}

// Reviewed reports whether the cell has reviewed somebody by the end of a day,
// since they were last admitted.
func (l Life) Reviewed(day Date) bool {
	reviewed := false
	for _, step := range l.Steps {
		if step.Entry.EffectiveOn > day {
			break
		}
		switch step.Entry.Event.(type) {
		case *Admitted, *TransferredIn:
			reviewed = false
		case *Reviewed:
			reviewed = true
		default:
		}
	}
	return reviewed
}
