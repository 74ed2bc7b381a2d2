package domain

import (
	_ "embed" // the lists of ethnic groups and religions
	"encoding/csv"
	"strings"
	"sync"
)

// Values with a closed set of wire forms. Each list is in the order in which
// people are shown it.
type (
	Status           string // a person's standing in the organisation
	Gender           string
	Ethnicity        string // code of an ethnic group, see [EthnicGroups]
	Religion         string // code of a religion, see [Religions]
	OrganisationType string
	Sector           string
	Grade            string
	Source           string
	Role             string
	Course           string
	CandidacyEnd     string
	Measure          string
	RemovalCause     string
	Exemption        string
	ReviewOutcome    string
)

// The standings, in the order of a life.
const (
	None        Status = "none"
	Candidate   Status = "candidate"
	Provisional Status = "provisional"
	Official    Status = "official"
	Ended       Status = "ended"
)

// Member reports whether the standing is that of a member.
func (s Status) Member() bool { return s == Provisional || s == Official }

// Genders.
const (
	Female Gender = "female"
	Male   Gender = "male"
)

// Kinh is the ethnic group of the majority; everybody else counts as a minority.
const Kinh Ethnicity = "01"

// NoReligion is the code of people without one.
const NoReligion Religion = "00"

// Unknown stands, in figures, for the ethnicity or religion of somebody whose own
// is sealed and could not be opened. No list has it as a code.
const Unknown = "unknown"

// Types of organisation that figures tell apart.
const (
	DistrictCommittee   OrganisationType = "district_committee"   // đảng bộ huyện and its like
	GrassrootsCommittee OrganisationType = "grassroots_committee" // đảng bộ cơ sở
	GrassrootsCell      OrganisationType = "grassroots_cell"      // chi bộ cơ sở
	SectionalCommittee  OrganisationType = "sectional_committee"  // đảng bộ bộ phận
	SubordinateCell     OrganisationType = "cell"                 // chi bộ trực thuộc
)

// Grassroots reports whether an organisation is one of the grassroots
// organisations (tổ chức cơ sở đảng).
func (k OrganisationType) Grassroots() bool { return k == GrassrootsCommittee || k == GrassrootsCell }

// DiedAsCandidate is the end of a candidacy after which there is no other.
const DiedAsCandidate CandidacyEnd = "died"

var (
	membershipStatuses = []Status{Provisional, Official}
	genders            = []Gender{Female, Male}
	organisationTypes  = []OrganisationType{DistrictCommittee, GrassrootsCommittee, GrassrootsCell, SectionalCommittee, SubordinateCell}
	sectors            = []Sector{"commune", "agency", "public_service", "enterprise", "armed_forces", "other"}
	grades             = []Grade{"excellent", "good", "satisfactory", "unsatisfactory"}
	sources            = []Source{"youth_union", "student", "militia", "women_union", "farmers_association", "veterans_association", "trade_union", "fatherland_front", "other"}
	roles              = []Role{"mentor", "introducer"}
	courses            = []Course{"party_awareness", "new_member"}
	candidacyEnds      = []CandidacyEnd{"withdrawn", "unsuitable", "moved", DiedAsCandidate}
	measures           = []Measure{"reprimand", "warning", "dismissal"}
	removalCauses      = []RemovalCause{"probation_failed", "lapsed", "unqualified", "other"}
	exemptions         = []Exemption{"work", "activity"}
	reviewOutcomes     = []ReviewOutcome{"recommended", "not_recommended"}
	badgeYears         = []int{30, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90}
)

// Grades returns the grades, best first.
func Grades() []Grade { return append([]Grade(nil), grades...) }

// index returns the place of a grade, from 1, and 0 for none.
func (g Grade) index() int32 {
	for i, have := range grades {
		if have == g {
			return int32(i + 1)
		}
	}
	return 0
}

// Listed is an entry of an official list of codes.
type Listed struct {
	Code string
	Name string // Vietnamese
	// Also holds other names and spellings in use; only ethnic groups have them.
	Also []string
}

//go:embed reference/ethnic_groups.csv
var ethnicGroupsCSV string

//go:embed reference/religions.csv
var religionsCSV string

// EthnicGroups returns the 54 ethnic groups of Viet Nam and 55 for foreigners,
// by code, after Decision 121-TCTK/PPCĐ of the General Statistical Office
// (2 March 1979) and its later revisions.
func EthnicGroups() []Listed { return ethnicGroups() }

// Religions returns the religions by code: 00 for none, 99 for another than the
// recognised ones.
func Religions() []Listed { return religionList() }

var (
	ethnicGroups = sync.OnceValue(func() []Listed { return parseList(ethnicGroupsCSV) })
	religionList = sync.OnceValue(func() []Listed { return parseList(religionsCSV) })
	ethnicities  = sync.OnceValue(func() []Ethnicity { return codes[Ethnicity](ethnicGroups()) })
	religions    = sync.OnceValue(func() []Religion { return codes[Religion](religionList()) })
	typeNames    = sync.OnceValue(func() []string {
		names := make([]string, len(eventTypes))
		for i, t := range eventTypes {
			names[i] = t.name
		}
		return names
	})
	typeIndex = sync.OnceValue(func() map[string]int {
		m := make(map[string]int, len(eventTypes))
		for i, t := range eventTypes {
			m[t.name] = i
		}
		return m
	})
)

func parseList(text string) []Listed {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil // the lists are compiled in; a test reads them
	}
	list := make([]Listed, 0, len(rows)-1)
	for _, row := range rows[1:] {
		l := Listed{Code: row[0], Name: row[1]}
		if len(row) > 3 && row[3] != "" {
			l.Also = strings.Split(row[3], ";")
		}
		list = append(list, l)
	}
	return list
}

func codes[T ~string](list []Listed) []T {
	out := make([]T, len(list))
	for i, l := range list {
		out[i] = T(l.Code)
	}
	return out
}

// EthnicityName returns the Vietnamese name of a code, or the code itself.
func EthnicityName(code string) string { return nameIn(ethnicGroups(), code) }

// ReligionName returns the Vietnamese name of a code, or the code itself.
func ReligionName(code string) string { return nameIn(religionList(), code) }

func nameIn(list []Listed, code string) string {
	if code == Unknown {
		return "không rõ"
	}
	for _, l := range list {
		if l.Code == code {
			return l.Name
		}
	}
	return code
}
