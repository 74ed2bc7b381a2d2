package naive

import (
	"fmt"
	"slices"
	"time"
)

// Work lists what is to be done in org and all below it, in the whole ledger when
// org is "", that falls due up to the day until, but for badges. A line is the
// kind, the day, where, who, and what more there is to say; lines are sorted.
func (l *Ledger) Work(org, asOf, until string, knownAt uint64) []string {
	w, all := l.replay(asOf, knownAt)
	var lines []string
	add := func(kind, due, where, who string, more ...any) {
		if due <= until && w.within(where, org) {
			lines = append(lines, fmt.Sprint(kind, " ", due, " ", where, " ", who, " ", more))
		}
	}
	year := date(asOf).Year()
	for _, y := range []int{year - 1, year} {
		due := fmt.Sprintf("%04d-12-31", y)
		then := l.at(min(due, asOf), knownAt)
		for id, m := range w.members {
			if _, rated := w.grades[subjectYear{"member/" + id, y}]; m.belongs() && !rated && then.members[id].belongs() {
				add("rating", due, m.organisation, "member/"+id, y)
			}
		}
		for id, o := range w.organisations {
			grassroots := o.kind == "grassroots_committee" || o.kind == "grassroots_cell"
			existed, known := then.organisations[id]
			if _, rated := w.grades[subjectYear{"organisation/" + id, y}]; grassroots && !rated && o.endedOn == "" && known && existed.endedOn == "" {
				add("organisation_rating", due, id, "organisation/"+id, y)
			}
		}
	}
	entries := l.counting(asOf, knownAt)
	for id, m := range w.members {
		if m.status == candidate && len(m.mentors) == 0 {
			add("mentor", asOf, m.organisation, "member/"+id)
		}
		var came *entry // the last arrival
		reviewed := false
		for _, e := range entries {
			if e.Subject != "member/"+id {
				continue
			}
			switch e.Type {
			case "member.transferred", "member.transferred_in":
				came = &e
			case "member.profile_changed", "member.card_issued", "member.entry_annulled":
			default:
				came = nil
			}
			switch e.Type {
			case "member.admitted", "member.transferred_in":
				reviewed = false
			case "member.reviewed":
				reviewed = true
			}
		}
		if came != nil && (m.status == candidate || m.belongs()) {
			add("reception", workingDaysAfter(came.EffectiveOn, 30), w.carried(came.Data.Organisation), "member/"+id)
		}
		if m.status == provisional {
			due := date(m.probationFrom).AddDate(1, 0, 30).Format(time.DateOnly)
			add("confirmation", due, m.organisation, "member/"+id)
			if !reviewed {
				add("review", due, m.organisation, "member/"+id)
			}
		}
	}
	plan := func(kind, id, first, last string, planned int, more ...any) {
		admitted := 0
		for _, m := range all {
			if m.what == "admitted" && m.on >= first && m.on <= asOf && w.within(m.entered, id) {
				admitted++
			}
		}
		byNow := planned * days(first, asOf) / days(first, last)
		if admitted < planned && w.within(id, org) && (last <= until || admitted < byNow) {
			lines = append(lines, fmt.Sprint(kind, " ", last, " ", id, " organisation/", id, " ", append(more, planned-admitted, byNow, admitted)))
		}
	}
	for id, o := range w.organisations {
		if o.endedOn != "" {
			continue
		}
		if quota, ok := w.quotas[subjectYear{"organisation/" + id, year}]; ok {
			plan("quota", id, fmt.Sprintf("%04d-01-01", year), fmt.Sprintf("%04d-12-31", year), quota, year)
		}
		if t, ok := w.target(id, asOf); ok && asOf <= t.to {
			plan("target", id, t.from, t.to, t.admissions)
		}
	}
	for id, v := range w.villages {
		if v.retired {
			continue
		}
		if v.cell == "" || v.joint {
			add("village_cell", "", w.carried(v.commune), "village/"+id)
		}
		people := 0
		for _, m := range w.members {
			if v.cell != "" && m.belongs() && m.organisation == w.carried(v.cell) {
				people++
			}
		}
		if people == 0 {
			add("village_members", "", w.carried(v.commune), "village/"+id)
		}
	}
	slices.Sort(lines)
	return lines
}

// days counts the days from first to last, both included.
func days(first, last string) int {
	return int(date(last).Sub(date(first))/(24*time.Hour)) + 1
}

// workingDaysAfter returns the n-th day after another that is no Saturday and no
// Sunday.
func workingDaysAfter(day string, n int) string {
	d := date(day)
	for n > 0 {
		d = d.AddDate(0, 0, 1)
		if d.Weekday() != time.Saturday && d.Weekday() != time.Sunday {
			n--
		}
	}
	return d.Format(time.DateOnly)
}
