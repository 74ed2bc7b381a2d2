package domain

// OrganisationEstablished opens an organisation (thành lập).
type OrganisationEstablished struct {
	Name   string
	Kind   OrganisationType
	Parent string // id of the superior; "" for a root
	Sector Sector // "" when not given
}

// OrganisationRenamed gives it another name (đổi tên).
type OrganisationRenamed struct{ Name string }

// OrganisationMoved puts it under another superior, with all below it.
type OrganisationMoved struct{ Parent string }

// OrganisationMerged ends an organisation (sáp nhập): everybody in it belongs
// to Into from that day.
type OrganisationMerged struct{ Into string }

// OrganisationDissolved ends an organisation that holds nobody (giải thể).
type OrganisationDissolved struct{}

// OrganisationRated is the yearly grade of an organisation (xếp loại tổ chức đảng).
type OrganisationRated struct {
	Year  int
	Grade Grade
}

// QuotaSet is the number of admissions planned for a year (chỉ tiêu).
type QuotaSet struct {
	Year       int
	Admissions int
}

// TargetSet is the number of admissions planned for a term (nghị quyết đại hội).
type TargetSet struct {
	From, To   Date // the first and the last day of the term
	Admissions int
}

// OrganisationCommended records a title, such as Tập thể Lao động tiên tiến.
type OrganisationCommended struct {
	Year  int
	Title string
}

// PolicyAdopted gives an organisation and all below it charter rules of its own,
// as far as they are local: its quotas, its deadlines. What a version leaves out
// stays as it was there.
type PolicyAdopted struct {
	Version string       // id, once in the organisation
	Title   Text         // may be empty
	Rules   []RuleChange // by rule
}

// OrganisationEntryAnnulled says that an earlier entry of the organisation
// counts no more.
type OrganisationEntryAnnulled struct{ Annuls string }

// VillageRegistered makes a village (bản) known.
type VillageRegistered struct {
	Name    string
	Commune string // id of the commune's organisation
}

// CellAssigned names the cell that a village's members belong to. Joint: the
// village has none of its own and meets with a neighbour (sinh hoạt ghép).
type CellAssigned struct {
	Cell  string
	Joint bool
}

// VillageRetired ends a village.
type VillageRetired struct{}

// VillageEntryAnnulled says that an earlier entry of the village counts no more.
type VillageEntryAnnulled struct{ Annuls string }

func (e *OrganisationEstablished) fields(f *fields) {
	f.text("name", &e.Name, required)
	choice(f, "kind", &e.Kind, required, organisationTypes)
	f.idOrNull("parent", &e.Parent, required)
	choice(f, "sector", &e.Sector, 0, sectors)
}
func (e *OrganisationRenamed) fields(f *fields)   { f.text("name", &e.Name, required) }
func (e *OrganisationMoved) fields(f *fields)     { f.idOrNull("parent", &e.Parent, required) }
func (e *OrganisationMerged) fields(f *fields)    { f.id("into", &e.Into, required) }
func (e *OrganisationDissolved) fields(_ *fields) {}
func (e *OrganisationRated) fields(f *fields) {
	f.year("year", &e.Year)
	choice(f, "grade", &e.Grade, required, grades)
}

func (e *QuotaSet) fields(f *fields) {
	f.year("year", &e.Year)
	f.count("admissions", &e.Admissions)
}

func (e *TargetSet) fields(f *fields) {
	f.date("from", &e.From, required)
	f.date("to", &e.To, required)
	f.count("admissions", &e.Admissions)
	f.tie(InOrder, e.From <= e.To, "from", "to", "", "the term ends before it begins; exchange the two dates", "nhiệm kỳ kết thúc trước khi bắt đầu; hãy đổi lại hai ngày")
}

func (e *OrganisationCommended) fields(f *fields) {
	f.year("year", &e.Year)
	f.text("title", &e.Title, required)
}

func (e *PolicyAdopted) fields(f *fields) {
	a := Amendment{Version: e.Version, Title: e.Title, Rules: e.Rules}
	a.head(f)
	f.ruleChanges("rules", &a.Rules, true)
	e.Version, e.Title, e.Rules = a.Version, a.Title, a.Rules
}
func (e *OrganisationEntryAnnulled) fields(f *fields) { f.id("annuls", &e.Annuls, required) }

func (e *VillageRegistered) fields(f *fields) {
	f.text("name", &e.Name, required)
	f.id("commune", &e.Commune, required)
}

func (e *CellAssigned) fields(f *fields) {
	f.id("cell", &e.Cell, required)
	f.flag("joint", &e.Joint)
}
func (e *VillageRetired) fields(_ *fields)       {}
func (e *VillageEntryAnnulled) fields(f *fields) { f.id("annuls", &e.Annuls, required) }
