package demo

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
)

// Write writes the ledger as events, one a line, in the order in which they
// were recorded. `rollbook import` accepts every line.
func Write(w io.Writer) error { return writeSeeded(w, 1) }

// writeSeeded is Write with other people. The figures do not depend on the
// seed.
func writeSeeded(w io.Writer, seed uint64) error {
	if err := checkPlan(); err != nil {
		return err
	}
	g := &generator{r: rand.New(rand.NewPCG(seed, 2590)), taken: map[string]bool{}}

	g.organise()
	g.reorganise()
	seats, err := g.seats()
	if err != nil {
		return err
	}
	g.fillSeats(seats)
	g.addLeavers()
	g.addCandidates()
	g.planFuture()
	g.planTransfers()
	g.planBreaches()

	g.tellLives()
	g.tellFiles()
	g.tellYears()
	if err := g.tellMistakes(); err != nil {
		return err
	}
	g.numberDecisions()
	return g.writeEntries(w)
}

// generator holds what has been drawn so far.
type generator struct {
	r *rand.Rand

	organisations []*organisation
	district      *organisation
	grassroots    []*organisation           // the 46
	cells         []*organisation           // those that people belong to
	jointVillage  *entry                    // where the village without a cell meets
	neighbours    map[*organisation][]*life // who is ever in a cell
	byLife        map[*life][]*entry

	lives   []*life
	entries []*entry

	decisions []*decision
	orders    int             // entries that have a place on their day
	taken     map[string]bool // ids and numbers given out
}

// entry is an event and when it was recorded.
type entry struct {
	id        string // "" unless another entry refers to it
	subject   string
	effective day
	recorded  day
	order     int // among the entries recorded on one day
	event
	reason string

	life *life // whose, nil for organisations and villages
}

// record adds an event that was recorded on its day, or at the opening if that
// was later.
func (g *generator) record(subject string, e event, effective day) *entry {
	added := &entry{subject: subject, event: e, effective: effective}
	g.postpone(added, max(effective, opening))
	g.entries = append(g.entries, added)
	return added
}

// tell adds an event of a life.
func (g *generator) tell(l *life, e event, effective day) *entry {
	added := g.record("member/"+l.id, e, effective)
	added.life = l
	return added
}

// postpone makes an entry one that was recorded later, after all others of
// that day so far.
func (g *generator) postpone(e *entry, recorded day) {
	e.recorded = recorded
	e.order = g.orders
	g.orders++
}

// decision is the written decision behind an entry. Its number is given at the
// end, when the dates of all are known.
type decision struct {
	Number   string `json:"number"`
	Date     day    `json:"date"`
	IssuedBy string `json:"issued_by"`
}

func (g *generator) decide(date day) *decision {
	d := &decision{Date: date, IssuedBy: districtID}
	g.decisions = append(g.decisions, d)
	return d
}

// numberDecisions numbers the decisions of each year as the office does. A few
// numbers are left to decisions about other things.
func (g *generator) numberDecisions() {
	slices.SortStableFunc(g.decisions, func(a, b *decision) int { return cmp.Compare(a.Date, b.Date) })
	year, n := 0, 0
	for _, d := range g.decisions {
		if d.Date.year() != year {
			year, n = d.Date.year(), 0
		}
		n += 1 + g.r.IntN(3)
		d.Number = fmt.Sprintf("%d-QĐ/HU", n)
	}
}

// writeEntries writes the entries in the order in which they were recorded.
func (g *generator) writeEntries(w io.Writer) error {
	slices.SortFunc(g.entries, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.recorded, b.recorded), cmp.Compare(a.order, b.order))
	})
	out := bufio.NewWriter(w)
	line := json.NewEncoder(out)
	line.SetEscapeHTML(false)
	for _, e := range g.entries {
		if err := line.Encode(struct {
			ID          string `json:"id,omitempty"`
			Type        string `json:"type"`
			Subject     string `json:"subject"`
			EffectiveOn day    `json:"effectiveon"`
			Reason      string `json:"reason,omitempty"`
			Data        fields `json:"data"`
		}{e.id, e.kind, e.subject, e.effective, e.reason, e.data}); err != nil {
			return err
		}
	}
	return out.Flush()
}

// newID returns an opaque id that was not given out before.
func (g *generator) newID(prefix string) string {
	const letters = "23456789abcdefghjkmnpqrstuvwxyz" // none that looks like another
	for {
		id := []byte(prefix)
		for range 6 {
			id = append(id, letters[g.r.IntN(len(letters))])
		}
		if g.take(string(id)) {
			return string(id)
		}
	}
}

// newNumber returns a number of so many more digits that was not given out
// before.
func (g *generator) newNumber(prefix string, digits int) string {
	for {
		number := []byte(prefix)
		for range digits {
			number = append(number, byte('0'+g.r.IntN(10)))
		}
		if g.take(string(number)) {
			return string(number)
		}
	}
}

// take reports whether something is still free, and takes it.
func (g *generator) take(s string) bool {
	if g.taken[s] {
		return false
	}
	g.taken[s] = true
	return true
}

// chance reports true p times out of a hundred.
func (g *generator) chance(p float64) bool { return g.r.Float64()*100 < p }

// one returns one of some things.
func one[T any](r *rand.Rand, things []T) T { return things[r.IntN(len(things))] }

// shuffled returns things in another order.
func shuffled[T any](r *rand.Rand, things []T) []T {
	out := slices.Clone(things)
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// apportion splits a total by weights, with nothing left over: each part gets
// its whole share, the largest remainders one more.
func apportion(total int, weights []float64) []int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	parts := make([]int, len(weights))
	remainders := make([]float64, len(weights))
	byRemainder := make([]int, len(weights))
	left := total
	for i, w := range weights {
		exact := float64(total) * w / sum
		parts[i] = int(exact)
		remainders[i] = exact - float64(parts[i])
		byRemainder[i] = i
		left -= parts[i]
	}
	slices.SortStableFunc(byRemainder, func(a, b int) int { return cmp.Compare(remainders[b], remainders[a]) })
	for _, i := range byRemainder[:left] {
		parts[i]++
	}
	return parts
}
