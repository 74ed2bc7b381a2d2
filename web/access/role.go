package access

import "slices"

// Role is what somebody is in an organisation and all below it.
type Role string

// The roles.
const (
	Clerk    Role = "clerk"    // keeps the roll
	Manager  Role = "manager"  // a clerk who also answers for exceptions to charter rules
	Auditor  Role = "auditor"  // reads and verifies everything; personal fields only with a reason
	Reporter Role = "reporter" // reads figures, and small ones not
	Operator Role = "operator" // runs the service; sees no member
)

// Roles returns all roles.
func Roles() []Role { return []Role{Clerk, Manager, Auditor, Reporter, Operator} }

// Action is something that a right is needed for.
type Action string

// The actions.
const (
	ReadFigures  Action = "read_figures"  // counts, shares and sums; names of organisations
	ReadEntries  Action = "read_entries"  // entries and members by opaque id, with nothing that is sealed
	ReadMembers  Action = "read_members"  // everything of a member, names too
	OpenPersonal Action = "open_personal" // the same, with a reason for each reading
	Record       Action = "record"        // record an event
	Import       Action = "import"        // record many at once
	Except       Action = "except"        // record an exception to a charter rule
	Audit        Action = "audit"         // verify the ledger, take its proofs
	Operate      Action = "operate"       // see how the service does, rebuild read models
	Administer   Action = "administer"    // accounts, grants, tokens, the log of readings
)

// Actions returns all actions.
func Actions() []Action {
	return []Action{ReadFigures, ReadEntries, ReadMembers, OpenPersonal, Record, Import, Except, Audit, Operate, Administer}
}

// may is the table of rights.
var may = map[Role][]Action{
	Clerk:    {ReadFigures, ReadEntries, ReadMembers, Record, Import},
	Manager:  {ReadFigures, ReadEntries, ReadMembers, Record, Import, Except},
	Auditor:  {ReadFigures, ReadEntries, OpenPersonal, Audit},
	Reporter: {ReadFigures},
	Operator: {Operate, Administer},
}

// May reports whether a role has a right, in the organisations that it is
// granted on.
func (r Role) May(a Action) bool { return slices.Contains(may[r], a) }

// Grant is a role on an organisation and all below it.
type Grant struct {
	Role Role `json:"role"`
	// Organisation is an id; "" is the whole ledger.
	Organisation string `json:"organisation"`
}
