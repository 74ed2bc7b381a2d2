package domain

import (
	"bytes"
	"cmp"
	_ "embed" // the charter's rules and versions
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed reference/charter.json
var charterJSON []byte

// ParsePolicy reads a version of the policy: one JSON object with version, title,
// title_en, from and rules. Rules has an object for each rule that changes, at the
// path that its id is ({"admission":{"age_min":…}}), with on, source and parameters
// as far as they do. The error is a *[Rejection] that names the field.
func ParsePolicy(text []byte) (Amendment, error) {
	var a Amendment
	if len(text) > MaxLine {
		return a, rejectf(TooLarge, "", Text{EN: "the policy is longer than %d bytes", VI: "chính sách dài hơn %d byte"}, MaxLine)
	}
	text = bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF"))
	in, err := parseObject(text, make([]member, 0, usualMembers))
	if err != nil {
		return a, err
	}
	f := fields{reading: true, in: in}
	walk := func(f *fields) {
		a.head(f)
		f.dateFrom("from", &a.From, required, FirstDay, &beforeFounding)
		f.ruleChanges("rules", &a.Rules, false)
	}
	walk(&f)
	f.finish(walk)
	if f.err != nil {
		return Amendment{}, f.err
	}
	return a, nil
}

// head reads or writes what a version is called.
func (a *Amendment) head(f *fields) {
	f.id("version", &a.Version, required)
	f.text("title", &a.Title.VI, 0)
	f.text("title_en", &a.Title.EN, 0)
}

// ruleChanges is an object with the rules that change, each at the path that its
// id is. In the data of an event they are local ones only. Fields stand in the
// order of their names, so that a rule that comes later does not change what was
// written before.
func (f *fields) ruleChanges(name string, changes *[]RuleChange, local bool) {
	f.object(name, required, func(f *fields) {
		for _, g := range ruleGroups(*changes, f.reading, local) {
			f.object(g.name, 0, func(f *fields) { f.ruleGroup(g, changes, local) })
		}
	})
}

// ruleGroup has the rules whose ids begin alike.
type ruleGroup struct {
	name  string
	rules []RuleChange
}

// ruleGroups returns the rules to write, or all that may be read.
func ruleGroups(changes []RuleChange, reading, local bool) (groups []ruleGroup) {
	if reading {
		changes = nil
		for _, d := range definitions() {
			changes = append(changes, RuleChange{Rule: d.ID})
		}
	}
	for _, c := range changes {
		name, _, _ := strings.Cut(c.Rule, ".")
		if len(groups) == 0 || groups[len(groups)-1].name != name {
			groups = append(groups, ruleGroup{name: name})
		}
		g := &groups[len(groups)-1]
		g.rules = append(g.rules, c)
	}
	if reading && local {
		groups = slices.DeleteFunc(groups, func(g ruleGroup) bool { return !slices.ContainsFunc(g.rules, isLocal) })
	}
	return groups
}

func isLocal(c RuleChange) bool {
	d, _ := definition(c.Rule)
	return d.Local
}

func (f *fields) ruleGroup(g ruleGroup, changes *[]RuleChange, local bool) {
	for _, c := range g.rules {
		_, name, _ := strings.Cut(c.Rule, ".")
		if f.reading && local && !isLocal(c) {
			f.refuseCentral(name)
			continue
		}
		if f.object(name, 0, c.walk) {
			*changes = append(*changes, c)
		}
	}
}

// refuseCentral refuses a change of a rule that is not the organisation's to
// change.
func (f *fields) refuseCentral(name string) {
	if f.sheet != nil {
		return
	}
	for _, m := range f.in {
		if string(m.name) == name {
			f.fail(reject(BadValue, f.path+name,
				"is a rule of the centre, which an organisation cannot change; it can change only those that docs/charter.md lists as local",
				"là quy định của Trung ương, tổ chức không được thay đổi; chỉ được thay đổi các quy định ghi là địa phương trong docs/charter.md"))
		}
	}
}

func (c *RuleChange) walk(f *fields) {
	f.optionalFlag("on", &c.On)
	c.source(f)
	if !f.reading && len(c.Parameters) == 0 {
		return
	}
	d, _ := definition(c.Rule)
	f.object("parameters", 0, func(f *fields) {
		if !f.reading {
			for _, p := range c.Parameters {
				f.integer(p.Name, &p.Value, 0, 0, 0, true)
			}
			return
		}
		for _, p := range d.Parameters {
			const absent = -1 << 31
			value := absent
			f.integer(p.Name, &value, 0, p.Least, p.Most, true)
			if value != absent {
				c.Parameters = append(c.Parameters, Parameter{p.Name, value})
			}
		}
	})
}

func (c *RuleChange) source(f *fields) {
	if !f.reading && c.Source == nil {
		return
	}
	have := Citation{}
	if c.Source != nil {
		have = *c.Source
	}
	if f.object("source", 0, func(f *fields) {
		f.text("regulation", &have.Regulation, required)
		f.text("article", &have.Article, 0)
		f.flag("checked", &have.Checked)
	}) {
		c.Source = &have
	}
}

// optionalFlag is true, false, or not there.
func (f *fields) optionalFlag(name string, p **bool) {
	if f.sheet != nil {
		f.note(Field{Name: name, Form: FlagForm}, 0)
		return
	}
	if !f.reading {
		if *p != nil {
			f.flag(name, *p)
		}
		return
	}
	if !slices.ContainsFunc(f.in, func(m member) bool { return string(m.name) == name && string(m.raw) != "null" }) {
		f.lookup(name, 0)
		return
	}
	var v bool
	f.flag(name, &v)
	*p = &v
}

// definitions are the charter rules of the embedded file, by id; charter has its
// versions. Both are compiled in, and a test would find what is wrong with them.
var (
	definitions = sync.OnceValue(func() []RuleDefinition {
		list, _, _ := readCharter(charterJSON)
		return list
	})
	embedded = sync.OnceValue(func() *Charter {
		_, versions, _ := readCharter(charterJSON)
		c, _ := readVersions(versions)
		return c
	})
)

// readCharter reads the embedded file: the rules, and the versions as they stand
// there.
func readCharter(text []byte) ([]RuleDefinition, []json.RawMessage, error) {
	type pair struct{ EN, VI string }
	var file struct {
		Rules []struct {
			ID                   string
			Local, Refuses       bool
			Title, Message, Cure pair
			Parameters           []struct {
				Name        string
				Meaning     pair
				Least, Most int
			}
		}
		Versions []json.RawMessage
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, nil, err
	}
	list := make([]RuleDefinition, len(file.Rules))
	for i, r := range file.Rules {
		list[i] = RuleDefinition{ID: r.ID, Local: r.Local, Refuses: r.Refuses, Title: Text(r.Title), Message: Text(r.Message), Cure: Text(r.Cure)}
		for _, p := range r.Parameters {
			list[i].Parameters = append(list[i].Parameters, ParameterDefinition{p.Name, Text(p.Meaning), p.Least, p.Most})
		}
		slices.SortFunc(list[i].Parameters, func(a, b ParameterDefinition) int { return cmp.Compare(a.Name, b.Name) })
	}
	slices.SortFunc(list, func(a, b RuleDefinition) int { return cmp.Compare(a.ID, b.ID) })
	return list, file.Versions, nil
}

func readVersions(versions []json.RawMessage) (*Charter, error) {
	var amendments []Amendment
	for _, v := range versions {
		a, err := ParsePolicy(v)
		if err != nil {
			return newCharter(nil), fmt.Errorf("version %d: %w", len(amendments)+1, err)
		}
		amendments = append(amendments, a)
	}
	return newCharter(amendments), nil
}
