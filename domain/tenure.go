package domain

// Tenure is how long somebody has been a member (tuổi Đảng), as badges count
// it: from admission on, without the times out of the Party. Time in an
// organisation outside the ledger counts.
type Tenure struct {
	since Date // admission, moved on by the days out of the Party; zero for who never was a member
	seen  Date // when they first came into the ledger as a member
	badge int  // years of the highest badge awarded
}

// Tenure returns the tenure at the end of a day.
func (l Life) Tenure(day Date) Tenure {
	var t Tenure
	var left Date // the day on which they left the Party; zero while they are in it
	for _, step := range l.Steps {
		on := step.Entry.EffectiveOn
		if on > day {
			break
		}
		switch e := step.Entry.Event.(type) {
		case *Admitted:
			t.enter(on, &left, on)
		case *BroughtForward:
			t.enter(e.AdmittedOn, &left, on)
		case *TransferredIn:
			t.enter(e.AdmittedOn, &left, on)
		case *Restored:
			t.enter(on, &left, on)
		case *Expelled, *Removed, *Resigned, *Died:
			left = on
		case *BadgeAwarded:
			t.badge = max(t.badge, e.Years)
		default:
		}
	}
	return t
}

// enter takes in that somebody is a member from a day on, and was admitted then
// or before.
func (t *Tenure) enter(admitted Date, left *Date, on Date) {
	switch {
	case t.since == 0:
		t.since, t.seen = admitted, on
	case *left != 0:
		t.since += on - *left
	}
	*left = 0
}

// BadgeDue returns the highest badge whose years are full by the end of a day,
// if neither it nor a higher one was awarded, and the day on which they are. It
// reports false when there is none. Years that were full before somebody came
// into the ledger are not asked for: that badge was awarded where they were.
func (t Tenure) BadgeDue(by Date) (years int, full Date, ok bool) {
	if t.since == 0 {
		return 0, 0, false
	}
	for _, n := range badgeYears {
		if day := t.since.AddYears(n); n > t.badge && t.seen <= day && day <= by {
			years, full, ok = n, day, true
		}
	}
	return years, full, ok
}
