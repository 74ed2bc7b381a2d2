package domain_test

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"

	"rollbook/domain"
)

func TestTheEmbeddedCharterIsRead(t *testing.T) {
	policies := domain.Embedded().Policies()
	if len(policies) < 8 {
		t.Fatalf("%d versions, want those from 2011 on", len(policies))
	}
	if first := policies[0]; first.From != day("2011-01-19") {
		t.Errorf("the first version is in force from %s", first.From)
	}
	for i, p := range policies {
		if i > 0 && p.From <= policies[i-1].From {
			t.Errorf("%s does not begin after %s", p.Version, policies[i-1].Version)
		}
		if p.Title.EN == "" || p.Title.VI == "" {
			t.Errorf("%s has no title in both languages", p.Version)
		}
	}
	// The file, read once more without the program.
	var file struct{ Versions []json.RawMessage }
	text, err := os.ReadFile("reference/charter.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Versions) != len(policies) {
		t.Fatalf("the file has %d versions, the charter %d", len(file.Versions), len(policies))
	}
	for i, v := range file.Versions {
		a, err := domain.ParsePolicy(v)
		if err != nil {
			t.Errorf("ParsePolicy(%s) = %v", v, err)
		}
		if a.Version != policies[i].Version {
			t.Errorf("version %d is %s in the file and %s in the charter", i, a.Version, policies[i].Version)
		}
	}
}

func TestBeforeTheFirstVersionNothingIsJudged(t *testing.T) {
	if p := domain.Embedded().On(nil, "a", day("2011-01-18")); p.Version != "" || len(p.Rules()) != 0 {
		t.Errorf("the policy of 2011-01-18 is %q with %d rules", p.Version, len(p.Rules()))
	}
	if p := domain.Embedded().On(nil, "a", day("2011-01-19")); p.Version != "dieu-le-2011" {
		t.Errorf("the policy of 2011-01-19 is %q", p.Version)
	}
}

func TestAPolicyThatIsNotOneIsRefusedByField(t *testing.T) {
	const good = `{"version":"v","from":"2027-01-01","rules":{"admission":{"age_min":{"parameters":{"years":20}}}}}`
	if _, err := domain.ParsePolicy([]byte(good)); err != nil {
		t.Fatalf("ParsePolicy(%s) = %v", good, err)
	}
	for text, want := range map[string]domain.Rejection{
		``:                           {Code: domain.Malformed},
		`{"version":"v"`:             {Code: domain.Malformed},
		`{}`:                         {Code: domain.MissingField, Field: "version"},
		`{"version":"v","rules":{}}`: {Code: domain.MissingField, Field: "from"},
		`{"version":"v","from":"2027-02-29","rules":{}}`:                                                                            {Code: domain.BadValue, Field: "from"},
		`{"version":"a b","from":"2027-01-01","rules":{}}`:                                                                          {Code: domain.BadValue, Field: "version"},
		`{"version":"v","from":"2027-01-01"}`:                                                                                       {Code: domain.MissingField, Field: "rules"},
		`{"version":"v","from":"2027-01-01","rule":{}}`:                                                                             {Code: domain.UnknownField, Field: "rule"},
		`{"version":"v","from":"2027-01-01","rules":{"admission":{"age_mim":{}}}}`:                                                  {Code: domain.UnknownField, Field: "rules.admission.age_mim"},
		`{"version":"v","from":"2027-01-01","rules":{"admission":{"age_min":{"parameters":{"year":20}}}}}`:                          {Code: domain.UnknownField, Field: "rules.admission.age_min.parameters.year"},
		`{"version":"v","from":"2027-01-01","rules":{"admission":{"age_min":{"parameters":{"years":20.5}}}}}`:                       {Code: domain.BadValue, Field: "rules.admission.age_min.parameters.years"},
		`{"version":"v","from":"2027-01-01","rules":{"admission":{"age_min":{"on":1}}}}`:                                            {Code: domain.BadValue, Field: "rules.admission.age_min.on"},
		`{"version":"v","from":"2027-01-01","rules":{"admission":{"age_min":{"source":{"regulation":"Q"}}}}}`:                       {Code: domain.MissingField, Field: "rules.admission.age_min.source.checked"},
		`{"version":"v","from":"2027-01-01","rules":{"admission":{"age_min":{}},"admission":{}}}`:                                   {Code: domain.Malformed, Field: "rules.admission"},
		`{"version":"v","from":"2027-01-01","rules":{"admission":{"age_min":{"parameters":{"years":99999999999999999999999999}}}}}`: {Code: domain.BadValue, Field: "rules.admission.age_min.parameters.years"},
	} {
		_, err := domain.ParsePolicy([]byte(text))
		r, ok := errors.AsType[*domain.Rejection](err)
		if !ok || r.Code != want.Code || r.Field != want.Field {
			t.Errorf("ParsePolicy(%s) = %v, want %s at %q", text, err, want.Code, want.Field)
			continue
		}
		checkMessage(t, r)
	}
}

func TestALocalVersionChangesLocalRulesOfItsSubtreeFromItsDayOn(t *testing.T) {
	yes := true
	w := founded(t).given(t, organisation("a", "2021-01-01", &domain.PolicyAdopted{
		Version: "own", Rules: []domain.RuleChange{{Rule: "confirmation.deadline", On: &yes, Parameters: []domain.Parameter{{Name: "days", Value: 45}}}},
	}))
	for _, test := range []struct {
		organisation, on, version string
		days                      int
	}{
		{"a", "2020-12-31", "qd-123-2018", 30},
		{"a", "2021-01-01", "qd-123-2018+a:own", 45},
		{"a1", "2021-08-01", "qd-24-2021+a:own", 45},
		{"b", "2021-08-01", "qd-24-2021", 30},
	} {
		p := domain.Embedded().On(w.Directory(), test.organisation, day(test.on))
		r, _ := p.Rule("confirmation.deadline")
		if p.Version != test.version || r.Parameter("days") != test.days {
			t.Errorf("policy of %s on %s: %s with %d days, want %s with %d", test.organisation, test.on, p.Version, r.Parameter("days"), test.version, test.days)
		}
	}
}

func TestAnOrganisationCannotChangeRulesOfTheCentre(t *testing.T) {
	line := []byte(`{"type":"organisation.policy_adopted","subject":"organisation/a","effectiveon":"2022-01-01",` +
		`"data":{"version":"v","rules":{"admission":{"age_min":{"parameters":{"years":17}}}}}}`)
	_, err := codec.Parse(line)
	r, ok := errors.AsType[*domain.Rejection](err)
	if !ok || r.Code != domain.BadValue || r.Field != "data.rules.admission.age_min" {
		t.Fatalf("Parse(%s) = %v, want bad_value at the rule", line, err)
	}
	checkMessage(t, r)
}

// What was written once must be read for ever: an id, a parameter, or a rule that
// was local may not go.
func TestRulesThatMayStandInTheLogStay(t *testing.T) {
	want := map[string][]string{
		"admission.ceremony": {"holidays", "working_days"}, "admission.quota": {"percent"}, "confirmation.deadline": {"days"},
	}
	for id, parameters := range want {
		i := slices.IndexFunc(domain.RuleDefinitions(), func(d domain.RuleDefinition) bool { return d.ID == id && d.Local })
		if i < 0 {
			t.Errorf("%s is no local rule any more", id)
			continue
		}
		for _, name := range parameters {
			if !slices.ContainsFunc(domain.RuleDefinitions()[i].Parameters, func(p domain.ParameterDefinition) bool { return p.Name == name }) {
				t.Errorf("%s has no parameter %s any more", id, name)
			}
		}
	}
}
