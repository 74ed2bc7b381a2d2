package domain

// What an entry rests on, beside its subject's own timeline, says which entries
// may be decided on at the same time. This follows from Decide and LifeOf.

// ChangesStructure reports whether an event changes how organisations stand to
// each other, or which there are. Entries of all kinds rest on that, and it
// rests on them: an organisation in which somebody is cannot be dissolved.
func ChangesStructure(e Event) bool {
	switch e.(type) {
	case *OrganisationEstablished, *OrganisationMoved, *OrganisationMerged, *OrganisationDissolved, *OrganisationEntryAnnulled:
		return true
	case *OrganisationRenamed, *OrganisationRated, *QuotaSet, *TargetSet, *OrganisationCommended, *PolicyAdopted:
		return false
	case *VillageRegistered, *CellAssigned, *VillageRetired, *VillageEntryAnnulled:
		return false
	case *Identified, *MentorAssigned, *MentorReleased, *CourseCompleted, *CandidacyEnded, *Admitted, *Confirmed, *Rated,
		*Transferred, *TransferredOut, *TransferredIn, *BroughtForward, *Disciplined, *Expelled, *Removed, *Resigned, *Died,
		*Restored, *Exempted, *BadgeAwarded, *CardIssued, *ProfileChanged, *Reviewed, *Received, *MemberEntryAnnulled:
		return false
	}
	return true // no event: the set is closed
}

// MentorIn returns the id of the other member on whom an event rests, "" for
// none.
func MentorIn(e Event) string { return mentorIn(e) }

// AsksForPerson reports whether a charter rule asks of an event of this type for
// what is known of the person, and sealed.
func AsksForPerson(e Event) bool {
	_, ok := e.(*Admitted)
	return ok
}
