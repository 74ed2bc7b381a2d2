package projections

import (
	"context"
	"slices"

	"rollbook/domain"
)

// The kinds of movement as the table of movements numbers them. The order is
// part of what is stored: add at the end only.
var movementKinds = []domain.Movement{
	domain.AdmittedIn, domain.FromOutside, domain.RestoredIn, domain.BroughtIn,
	domain.Moved, domain.ToOutside, domain.ExpelledOut, domain.RemovedOut,
	domain.ResignedOut, domain.DiedOut, domain.ConfirmedWithin,
}

// movementNumber returns the number of a posting's movement, -1 for a posting
// that is none: of candidates, or within one organisation.
func movementNumber(p domain.Posting) int64 {
	if !p.From.Status.Member() && !p.To.Status.Member() {
		return -1
	}
	return int64(slices.Index(movementKinds, p.Movement))
}

// Movements is how a headcount came from one day to another. Opening and the
// ins, less the outs, is closing.
type Movements struct {
	Report       string      `json:"report"` // "movements"
	Organisation *string     `json:"organisation"`
	From         domain.Date `json:"from"` // its end is the opening
	To           domain.Date `json:"to"`   // its end is the closing

	Opening        int `json:"opening"`
	Admitted       int `json:"admitted"`
	TransferredIn  int `json:"transferred_in"` // from outside the ledger
	Restored       int `json:"restored"`
	BroughtForward int `json:"brought_forward"`
	MovedIn        int `json:"moved_in"`  // from another organisation of the ledger
	MovedOut       int `json:"moved_out"` // to another organisation of the ledger
	TransferredOut int `json:"transferred_out"`
	Expelled       int `json:"expelled"`
	Removed        int `json:"removed"`
	Resigned       int `json:"resigned"`
	Died           int `json:"died"`
	Closing        int `json:"closing"`
	// Confirmed moved from provisional to official, neither in nor out.
	Confirmed int `json:"confirmed"`
	Standing
}

// Ins returns how many came in.
func (m Movements) Ins() int {
	return m.Admitted + m.TransferredIn + m.Restored + m.BroughtForward + m.MovedIn
}

// Outs returns how many went out.
func (m Movements) Outs() int {
	return m.MovedOut + m.TransferredOut + m.Expelled + m.Removed + m.Resigned + m.Died
}

// Reconciles reports whether opening, ins and outs make the closing.
func (m Movements) Reconciles() bool { return m.Opening+m.Ins()-m.Outs() == m.Closing }

// count returns the counter of a movement into the subtree or out of it.
func (m *Movements) count(kind domain.Movement, in bool) *int {
	switch kind {
	case domain.AdmittedIn:
		return &m.Admitted
	case domain.FromOutside:
		return &m.TransferredIn
	case domain.RestoredIn:
		return &m.Restored
	case domain.BroughtIn:
		return &m.BroughtForward
	case domain.Moved:
		if in {
			return &m.MovedIn
		}
		return &m.MovedOut
	case domain.ToOutside:
		return &m.TransferredOut
	case domain.ExpelledOut:
		return &m.Expelled
	case domain.RemovedOut:
		return &m.Removed
	case domain.ResignedOut:
		return &m.Resigned
	case domain.DiedOut:
		return &m.Died
	case domain.ConfirmedWithin, domain.IdentifiedWithin, domain.CandidacyOver, domain.ProfileWithin:
	}
	return &m.Confirmed
}

// Movements sums what happened after the day from, up to the end of q.AsOf. For
// an organisation, the border is that of its subtree on q.AsOf, for the whole
// period and the opening too.
func (f *Figures) Movements(ctx context.Context, q Question, from domain.Date) (Movements, error) {
	m := Movements{Report: "movements", Organisation: orNull(q.Organisation), From: from, To: q.AsOf}
	err := f.view(ctx, q, func(v view) error {
		m.Standing = v.Standing
		in := v.scope(q.Organisation, q.AsOf)
		member := make([]bool, len(v.cells))
		for i, c := range v.cells {
			member[i] = in[i] && c.Status.Member()
		}
		// The ends come from the headcount's rows and the way between them from
		// the movements' own, so that Reconciles compares two read models.
		for i, n := range v.balances(q.AsOf) {
			if member[i] {
				m.Closing += n
			}
		}
		for i, n := range v.balances(from) {
			if member[i] {
				m.Opening += n
			}
		}
		for i := range v.movements {
			b := &v.movements[i]
			if b.on <= from || b.on > q.AsOf || b.sequence > v.known {
				continue
			}
			out, into := member[b.from], member[b.to]
			switch kind := movementKinds[b.movement]; {
			case into != out:
				*m.count(kind, into) += int(b.sign)
			case into && kind == domain.ConfirmedWithin:
				m.Confirmed += int(b.sign)
			}
		}
		return nil
	})
	return m, err
}

// Line returns a figure by its name in JSON, 0 for a name that there is not.
func (m Movements) Line(name string) int {
	switch name {
	case "opening":
		return m.Opening
	case "moved_in":
		return m.MovedIn
	case "moved_out":
		return m.MovedOut
	case "closing":
		return m.Closing
	case "confirmed":
		return m.Confirmed
	}
	for _, kind := range movementKinds {
		if string(kind) == name && kind != domain.Moved {
			return *m.count(kind, true)
		}
	}
	return 0
}
