package domain

// Cell is where on the roll somebody counts. The zero Cell is the world
// outside.
type Cell struct {
	Organisation string
	Status       Status // Candidate, Provisional or Official; "" outside
	Gender       Gender
	Ethnicity    Ethnicity
	Religion     Religion
}

// Movement says in which way somebody came into a cell, as the reports of the
// office name it.
type Movement string

// The movements.
const (
	FromOutside      Movement = "transferred_in" // from outside the ledger
	AdmittedIn       Movement = "admitted"
	RestoredIn       Movement = "restored"
	BroughtIn        Movement = "brought_forward"
	Moved            Movement = "moved" // between organisations of the ledger
	ToOutside        Movement = "transferred_out"
	ExpelledOut      Movement = "expelled"
	RemovedOut       Movement = "removed"
	ResignedOut      Movement = "resigned"
	DiedOut          Movement = "died"
	ConfirmedWithin  Movement = "confirmed"
	IdentifiedWithin Movement = "identified" // candidates: not yet members
	CandidacyOver    Movement = "candidacy_ended"
	ProfileWithin    Movement = "profile_changed"
)

// movementOf returns what a posting of an entry is called.
func movementOf(e Event) Movement {
	switch e.(type) {
	case *Identified:
		return IdentifiedWithin
	case *CandidacyEnded:
		return CandidacyOver
	case *Admitted:
		return AdmittedIn
	case *Confirmed:
		return ConfirmedWithin
	case *Transferred:
		return Moved
	case *TransferredOut:
		return ToOutside
	case *TransferredIn:
		return FromOutside
	case *BroughtForward:
		return BroughtIn
	case *Expelled:
		return ExpelledOut
	case *Removed:
		return RemovedOut
	case *Resigned:
		return ResignedOut
	case *Died:
		return DiedOut
	case *Restored:
		return RestoredIn
	default:
		return ProfileWithin
	}
}

// Posting is one double entry on the roll: it takes one person out of a cell
// and puts them into another, so that it sums to zero.
type Posting struct {
	EffectiveOn Date
	// Cause is the sequence of the entry that makes it: the member's own, or
	// the merger of an organisation.
	Cause    uint64
	Movement Movement
	From, To Cell
}

// Line is something about a member that indicators follow over time.
type Line uint8

// The lines. Values are numbers, and zero stands for none, so that the sum of
// all changes of a line is its value.
const (
	ProbationLine Line = iota + 1 // the Date on which probation began
	MentorsLine                   // the number of mentors and introducers
	RatingLine                    // the place of the grade in Grades, from 1; one line a year
)

// Mark is a change of one line of a member.
type Mark struct {
	EffectiveOn Date
	Cause       uint64
	Line        Line
	Year        int16 // of a RatingLine
	From, To    int32
}
