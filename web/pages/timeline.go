package pages

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/projections"
	"rollbook/words"
)

// entry is an entry of a timeline as people read it.
type entry struct {
	Sequence            uint64
	SequenceText        string
	ID, Type            string
	Effective, Recorded string
	Actor, Reason       string
	Details             []detail
	Marks               []mark
	State               string
	Findings            []finding
	Annulled, Future    bool
	AnnulURL            string
}

// finding is a departure from a charter rule.
type finding struct {
	Text, Source string
	Exception    bool
}

// detail is a value of an event's data.
type detail struct{ Label, Value, URL string }

// mark says something about an entry, in words and in a colour.
type mark struct{ Text, Class string }

// names are the names of organisations by id.
type names map[string]string

func namesOf(list []projections.OrganisationInfo) names {
	n := names{}
	for _, o := range list {
		n[o.ID] = o.Name
	}
	return n
}

// of returns a name, and the id of what has none.
func (n names) of(id string) string {
	if name := n[id]; name != "" {
		return name
	}
	return id
}

// timeline writes a history, the newest entry first: what counts now is what most
// readers look for.
func (p *Pages) timeline(a *asked, h ledger.History, organisations names) []entry {
	subject := domain.Subject(h.Subject)
	today := p.service.Today()
	var out []entry
	for _, e := range slices.Backward(h.Entries) {
		v := entry{
			Sequence: e.Sequence, SequenceText: strconv.FormatUint(e.Sequence, 10), ID: e.ID, Type: capital(a.t.word(words.Events, e.Type)),
			Effective: a.t.day(e.EffectiveOn), Recorded: a.t.moment(e.Time), Actor: e.Actor, Reason: e.Reason,
			Details: a.t.details(e.Data, organisations), State: a.t.state(e.State, organisations),
			Annulled: e.AnnulledBy != "", Future: e.EffectiveOn > today,
		}
		if v.Annulled {
			v.Marks = append(v.Marks, mark{a.t.say("mark.annulled"), "bad"})
		}
		if e.Late {
			v.Marks = append(v.Marks, mark{a.t.say("mark.late"), "warn"})
		}
		if v.Future {
			v.Marks = append(v.Marks, mark{a.t.say("mark.future"), ""})
		}
		for _, c := range e.Closed {
			v.Marks = append(v.Marks, mark{a.t.say("mark.sealed", a.t.say("class."+c.Class)), ""})
		}
		for _, f := range e.Findings {
			f = f.In(a.t.lang)
			v.Findings = append(v.Findings, finding{f.Title + ": " + f.Said(a.t.lang, organisations.of), f.Source, f.Exception})
		}
		annulment := string(subject.Kind()) + ".entry_annulled"
		if a.mayRecord() && !v.Annulled && e.Type != annulment && strings.HasPrefix(e.Type, string(subject.Kind())+".") {
			v.AnnulURL = "/record/" + annulment + "?subject=" + subject.ID() + "&data.annuls=" + e.ID + "&effectiveon=" + e.EffectiveOn.String()
		}
		out = append(out, v)
	}
	return out
}

// state says where somebody stands.
func (t *tongue) state(s *ledger.MemberState, organisations names) string {
	if s == nil {
		return ""
	}
	text := capital(t.word(words.Statuses, string(s.Status)))
	if s.EndedBy != "" {
		text += ": " + t.word(words.Events, s.EndedBy)
	}
	if s.Organisation != "" && s.Status != domain.Ended {
		text += ", " + organisations.of(s.Organisation)
	}
	if s.Temporarily != "" {
		text += "; " + t.say("temporarily", organisations.of(s.Temporarily))
	}
	return text
}

// details lists an event's data in the order in which it stands.
func (t *tongue) details(data json.RawMessage, organisations names) []detail {
	var out []detail
	var walk func(name string, raw json.RawMessage)
	walk = func(name string, raw json.RawMessage) {
		d := json.NewDecoder(strings.NewReader(string(raw)))
		d.UseNumber()
		first, err := d.Token()
		if err != nil || first == nil {
			return
		}
		if first != json.Delim('{') {
			out = append(out, t.detail(name, fmt.Sprint(first), organisations))
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
	return out
}

// detail shows a field of an event's data.
func (t *tongue) detail(field, value string, organisations names) detail {
	out := detail{Label: capital(t.word(words.Fields, field)), Value: value}
	switch field {
	case "organisation", "parent", "into", "commune", "cell", "issued_by":
		if _, known := organisations[value]; known {
			out.URL = "/organisations/" + value
		}
		out.Value = organisations.of(value)
		return out
	case "mentor":
		out.URL = "/members/" + value
		return out
	case "ethnicity", "religion", "gender", "status", "grade", "source", "role", "course", "cause", "measure", "kind", "sector", "joint", "temporary":
		out.Value = t.value(field, value)
		return out
	}
	if d, ok := domain.ParseDate(value); ok {
		out.Value = t.day(d)
	}
	return out
}

// subjectLink is a subject with the address of its page, if it has one.
func (t *tongue) subjectLink(s domain.Subject, organisations names) link {
	id := s.ID()
	switch s.Kind() {
	case domain.OrganisationKind:
		return link{organisations.of(id), "/organisations/" + id}
	case domain.VillageKind:
		return link{t.say("village") + " " + id, "/villages/" + id}
	case domain.MemberKind:
		return link{id, "/members/" + id}
	}
	return link{Label: string(s)}
}
