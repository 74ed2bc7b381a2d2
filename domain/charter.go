package domain

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// RuleDefinition is what is the same of a charter rule in all versions of the
// policy. The program knows how to judge it; what it asks for, and from when on,
// is data.
type RuleDefinition struct {
	// ID is stable, such as "admission.age_min".
	ID string
	// Local rules may be changed by an organisation for its subtree; all others
	// are the centre's.
	Local bool
	// Refuses is true of rules that a decision has to keep: what departs from
	// one is refused when it is recorded. What departs from another is a fact
	// that nobody can refuse, such as a death that leaves a cell too small; it is
	// only found.
	Refuses bool
	// Title names the rule; Message says how an entry departs from it, and Cure
	// what would help. {name} in them stands for a parameter or a fact.
	Title, Message, Cure Text
	Parameters           []ParameterDefinition
}

// ParameterDefinition is a whole number that a version sets for a rule.
type ParameterDefinition struct {
	Name        string
	Meaning     Text
	Least, Most int
}

// parameter returns the definition of a parameter.
func (d RuleDefinition) parameter(name string) (ParameterDefinition, bool) {
	for _, p := range d.Parameters {
		if p.Name == name {
			return p, true
		}
	}
	return ParameterDefinition{}, false
}

// RuleDefinitions returns all charter rules, by id.
func RuleDefinitions() []RuleDefinition { return slices.Clone(definitions()) }

// definition returns the rule with an id.
func definition(id string) (RuleDefinition, bool) {
	list := definitions()
	i, ok := slices.BinarySearchFunc(list, id, func(d RuleDefinition, id string) int { return cmp.Compare(d.ID, id) })
	if !ok {
		return RuleDefinition{}, false
	}
	return list[i], true
}

// Citation is where a rule stands.
type Citation struct {
	Regulation string // such as "Quy định 24-QĐ/TW"
	Article    string // such as "Điều 1"; may be empty
	// Checked is true if somebody compared the rule with the text of the
	// regulation. Where it is not, the rule is general knowledge.
	Checked bool
}

// String returns regulation and article, as both languages write them.
func (c Citation) String() string {
	if c.Article == "" {
		return c.Regulation
	}
	return c.Article + ", " + c.Regulation
}

// Parameter is what a version says of a parameter.
type Parameter struct {
	Name  string
	Value int
}

// RuleChange is what an amendment says of one rule. What it leaves out stays as
// it was.
type RuleChange struct {
	Rule       string
	On         *bool // nil: as before
	Source     *Citation
	Parameters []Parameter // by name
}

// Amendment is a version of the policy as it is written down: what changes from
// a day on.
type Amendment struct {
	Version string // id
	Title   Text
	From    Date // first day; zero in an event, which has its own
	Rules   []RuleChange
}

// PolicyRule is a charter rule as a policy has it.
type PolicyRule struct {
	RuleDefinition
	On         bool
	Source     Citation
	Parameters []Parameter // by name
	// Version is that which last changed it.
	Version string
}

// Parameter returns a parameter, zero if there is none of that name.
func (r PolicyRule) Parameter(name string) int {
	for _, p := range r.Parameters {
		if p.Name == name {
			return p.Value
		}
	}
	return 0
}

// apply takes in what a version says of the rule.
func (r PolicyRule) apply(c RuleChange, version string) PolicyRule {
	r.Version = version
	if c.On != nil {
		r.On = *c.On
	}
	if c.Source != nil {
		r.Source = *c.Source
	}
	if len(c.Parameters) > 0 {
		r.Parameters = slices.Clone(r.Parameters)
		for _, p := range c.Parameters {
			i := slices.IndexFunc(r.Parameters, func(have Parameter) bool { return have.Name == p.Name })
			if i < 0 {
				r.Parameters = append(r.Parameters, p)
			} else {
				r.Parameters[i] = p
			}
		}
	}
	return r
}

// Policy is all charter rules as they are in force somewhere on a day. The zero
// Policy has none: it is that of the days before the first version.
type Policy struct {
	// Version is the id of the newest version of the centre and of the local ones
	// that change it: "24-qd-tw-2021" or "24-qd-tw-2021+muong-nhe:2022".
	Version string
	Title   Text
	From    Date
	rules   []PolicyRule // by id
}

// Rule returns a rule that is in force; ok is false if there is no such rule, or
// it is off.
func (p Policy) Rule(id string) (r PolicyRule, ok bool) {
	i, found := p.find(id)
	if !found || !p.rules[i].On {
		return PolicyRule{}, false
	}
	return p.rules[i], true
}

// Rules returns all rules of which a version has said something, those that are
// off too, by id.
func (p Policy) Rules() []PolicyRule { return slices.Clone(p.rules) }

func (p Policy) find(id string) (int, bool) {
	return slices.BinarySearchFunc(p.rules, id, func(r PolicyRule, id string) int { return cmp.Compare(r.ID, id) })
}

// amended returns the policy with what a version changes.
func (p Policy) amended(version string, changes []RuleChange) Policy {
	p.rules = slices.Clone(p.rules)
	for _, c := range changes {
		i, found := p.find(c.Rule)
		if !found {
			d, known := definition(c.Rule)
			if !known {
				continue // reading refuses it
			}
			p.rules = slices.Insert(p.rules, i, PolicyRule{RuleDefinition: d})
		}
		p.rules[i] = p.rules[i].apply(c, version)
	}
	return p
}

// Charter is all versions of the policy that the centre has set.
type Charter struct {
	amendments []Amendment
	policies   []Policy // what each comes to, by first day
}

// Embedded returns the charter that the program was built with.
func Embedded() *Charter { return embedded() }

// With returns the charter with one more version. It counts after all others of
// its first day. This is how a proposal is tried.
func (c *Charter) With(a Amendment) *Charter {
	return newCharter(append(slices.Clone(c.amendments), a))
}

func newCharter(amendments []Amendment) *Charter {
	c := &Charter{amendments: amendments}
	slices.SortStableFunc(c.amendments, func(a, b Amendment) int { return cmp.Compare(a.From, b.From) })
	var p Policy
	for _, a := range c.amendments {
		p = p.amended(a.Version, a.Rules)
		p.Version, p.Title, p.From = a.Version, a.Title, a.From
		c.policies = append(c.policies, p)
	}
	return c
}

// Amendments returns the versions, by first day.
func (c *Charter) Amendments() []Amendment { return slices.Clone(c.amendments) }

// Policies returns what the rules of the centre come to with each version, by
// first day.
func (c *Charter) Policies() []Policy { return slices.Clone(c.policies) }

// On returns the policy in force in an organisation on a day: that of the centre
// with what its superiors and itself have adopted, the highest first. Directory
// may be nil.
func (c *Charter) On(d *Directory, organisation string, day Date) Policy {
	i, found := slices.BinarySearchFunc(c.policies, day, func(p Policy, day Date) int { return cmp.Compare(p.From, day) })
	for found && i+1 < len(c.policies) && c.policies[i+1].From == day {
		i++
	}
	if !found {
		i--
	}
	if i < 0 {
		return Policy{}
	}
	p := c.policies[i]
	if d == nil || !d.local {
		return p
	}
	var chain []string
	for id := organisation; id != "" && len(chain) <= len(d.organisations); id = d.Parent(id, day) {
		chain = append(chain, id)
	}
	for _, id := range slices.Backward(chain) {
		o := d.Organisation(id)
		if o == nil {
			continue
		}
		last := ""
		for _, adopted := range o.policies {
			if !endOf(day).Before(adopted.from) {
				last = id + ":" + adopted.value.Version
				p = p.amended(last, adopted.value.Rules)
			}
		}
		if last != "" {
			p.Version += "+" + last
		}
	}
	return p
}

// fill puts values in the place of {name} in a text, dates as each language
// writes them.
func (t Text) fill(values map[string]any) Text {
	return Text{
		EN: fillOne(t.EN, values, Date.String, func(t Text) string { return t.EN }),
		VI: fillOne(t.VI, values, Date.Vietnamese, func(t Text) string { return t.VI }),
	}
}

func fillOne(s string, values map[string]any, date func(Date) string, text func(Text) string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		switch v := values[name].(type) {
		case int:
			b.WriteString(strconv.Itoa(v))
		case Date:
			b.WriteString(date(v))
		case string:
			b.WriteString(v)
		case Text:
			b.WriteString(text(v))
		default:
			b.WriteString("…") // not known of this entry
		}
		s = after
	}
}
