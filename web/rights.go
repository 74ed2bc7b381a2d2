package web

import "rollbook/web/access"

// Reach says where a right is asked for.
type Reach string

// Where a right is asked for.
const (
	Nowhere      Reach = "nowhere"      // everybody, strangers too
	SignedIn     Reach = "signed_in"    // everybody who has signed in
	Anywhere     Reach = "anywhere"     // who has the right in some organisation; the answer has no more than that part
	Whole        Reach = "whole"        // who has the right in the whole ledger
	Organisation Reach = "organisation" // who has the right in the organisation that is asked for
	Subject      Reach = "subject"      // who has the right where the subject belongs to
)

// Right is what a route takes.
type Right struct {
	// Action is "" where nobody is asked for a right.
	Action access.Action `json:"action,omitempty"`
	Reach  Reach         `json:"reach"`
}

// rights has every route of the interface, by the name of its operation. What is
// checked is in package service; here is what is promised, in /openapi.json, and
// what a test tries for every role.
var rights = map[string]Right{
	"record-event":         {access.Record, Subject},
	"read-events":          {access.ReadEntries, Organisation},
	"import-events":        {access.Import, Anywhere},
	"member-history":       {access.ReadEntries, Subject},
	"organisation-history": {access.ReadEntries, Subject},
	"village-history":      {access.ReadEntries, Subject},
	"list-organisations":   {access.ReadFigures, Anywhere},
	"read-organisation":    {access.ReadFigures, Organisation},
	"report-headcount":     {access.ReadFigures, Organisation},
	"report-movements":     {access.ReadFigures, Organisation},
	"report-indicators":    {access.ReadFigures, Organisation},
	"report-structure":     {access.ReadFigures, Organisation},
	"report-ratings":       {access.ReadFigures, Organisation},
	"report-villages":      {access.ReadFigures, Organisation},
	"report-admissions":    {access.ReadFigures, Organisation},
	"report-discipline":    {access.ReadFigures, Organisation},
	"report-confirmations": {access.ReadFigures, Organisation},
	"report-badges":        {access.ReadFigures, Organisation},
	"report-findings":      {access.ReadEntries, Organisation},
	"report-worklist":      {access.ReadEntries, Organisation},
	"report-register":      {access.ReadEntries, Organisation},
	"explain-headcount":    {access.ReadEntries, Organisation},
	"explain-movements":    {access.ReadEntries, Organisation},
	"explain-indicators":   {access.ReadEntries, Organisation},
	"explain-findings":     {access.ReadEntries, Organisation},
	"verify":               {access.Audit, Whole},
	"run-command":          {"", SignedIn}, // each asks for its own: see docs/http.md
	"read-checkpoint":      {"", SignedIn},
	"member-bundle":        {access.ReadEntries, Subject},
	"list-projections":     {access.Operate, Whole},
	"who-am-i":             {"", SignedIn},
	"list-accounts":        {access.Administer, Whole},
	"add-account":          {access.Administer, Whole},
	"grant-role":           {access.Administer, Whole},
	"revoke-role":          {access.Administer, Whole},
	"disable-account":      {access.Administer, Whole},
	"bind-account":         {access.Administer, Whole},
	"unbind-account":       {access.Administer, Whole},
	"invite-account":       {access.Administer, Whole},
	"list-tokens":          {access.Administer, Whole},
	"make-token":           {access.Administer, Whole},
	"revoke-token":         {access.Administer, Whole},
	"list-readings":        {access.Administer, Whole},
}

// RightOf returns what a route takes; ok is false if it declares nothing.
func RightOf(operation string) (r Right, ok bool) {
	r, ok = rights[operation]
	return r, ok
}
