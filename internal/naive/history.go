package naive

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"pgregory.net/rapid"
)

// History draws a random history of about size entries, as NDJSON lines in the
// order in which they are recorded: a district with committees, cells and
// villages, opening entries, then four years (2019 to 2022) of everything that
// the contract knows, at times late, ahead of its day, wrong and annulled.
//
// Effective dates lie on a coarse grid, so that entries meet on one day. Most
// lines are valid, in the order given; about one in forty is known not to be. Every event has an id of its own.
//
// A shrunk history keeps fewer lines: a step whose seed is zero adds none.
func History(t *rapid.T, size int) [][]byte {
	d := &drawing{step: -1}
	d.openOrganisations(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "structure"), 0)))
	d.people = 5 + d.r.IntN(26)

	opening := min(max(size/8, 5), 15)
	for step := range size {
		seed := rapid.Uint64().Draw(t, fmt.Sprintf("step %d", step))
		if seed == 0 {
			continue
		}
		// The seeds favour small numbers; with the step they do not repeat.
		d.r = rand.New(rand.NewPCG(seed, uint64(step)))
		d.step = step
		if step < opening {
			d.today = 0
			d.attempt(memberKinds["member.brought_forward"], 1+d.r.IntN(openingDays))
			continue
		}
		d.today = openingDays + (step-opening)*(len(grid)-futureDays-openingDays)/(size-opening)
		d.entry()
	}
	return d.lines
}

// The grid of effective dates. Entries are recorded between the opening days
// and the future days.
var grid = makeGrid()

const (
	openingDays = 3 // in 2018
	futureDays  = 3 // in 2023
)

func makeGrid() []string {
	days := []string{"2018-01-01", "2018-07-01", "2018-12-31"}
	for year := 2019; year <= 2022; year++ {
		february := "02-28"
		if year == 2020 {
			february = "02-29"
		}
		for _, day := range []string{"01-01", february, "05-10", "07-01", "10-15", "12-31"} {
			days = append(days, fmt.Sprintf("%d-%s", year, day))
		}
	}
	return append(days, "2023-01-01", "2023-03-01", "2023-07-01")
}

// Days lists the days, in order, on which it is worth asking about a [History]:
// those on which entries take effect, the days before them, and the last day
// before and the first day on which a confirmation is overdue.
func Days() []string {
	days := slices.Clone(grid)
	for _, day := range grid {
		d := date(day)
		days = append(days,
			d.AddDate(0, 0, -1).Format(time.DateOnly),
			d.AddDate(1, 0, 30).Format(time.DateOnly),
			d.AddDate(1, 0, 31).Format(time.DateOnly))
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// drawing is a history being drawn.
type drawing struct {
	r     *rand.Rand // of this step
	step  int        // -1 while the structure is drawn
	today int        // index in grid

	sofar Ledger // the valid entries
	seq   uint64
	lines [][]byte

	people int // how many members there may be
	seen   int // how many there are
	units  int // how many organisations and villages
}

// draft is an event without id and date; nil when nothing of the kind suits.
type draft struct {
	eventType string
	subject   string
	data      fields
	reason    string
	on        string // when not the day drawn
}

type fields = map[string]any

// draw proposes an event for the day on, when the world is w.
type draw func(d *drawing, w *world, on string) *draft

// openOrganisations records the structure to begin with. These lines are valid.
func (d *drawing) openOrganisations(r *rand.Rand) {
	d.r = r
	add := func(eventType, subject string, data fields) {
		d.record(&draft{eventType: eventType, subject: subject, data: data}, grid[0])
	}
	id := func(prefix string) string { return fmt.Sprintf("%s-%d", prefix, d.units) }
	organisation := func(kind string, parent any, sector string) string {
		id := id("o")
		add("organisation.established", "organisation/"+id,
			fields{"name": "Đảng bộ " + id, "kind": kind, "parent": parent, "sector": sector})
		return id
	}

	district := organisation("district_committee", nil, "other")
	var communes []string
	for range 2 + r.IntN(2) {
		communes = append(communes, organisation("grassroots_committee", district, "commune"))
	}
	organisation("grassroots_cell", district, "agency")
	for _, commune := range communes {
		for range 1 + r.IntN(3) {
			organisation("cell", commune, "commune")
		}
		for range 1 + r.IntN(2) {
			add("village.registered", "village/"+id("v"), fields{"name": "Bản", "commune": commune})
		}
	}
	add("organisation.quota_set", "organisation/"+communes[0], fields{"year": 2019, "admissions": 1 + r.IntN(4)})
	add("organisation.target_set", "organisation/"+district,
		fields{"from": "2019-01-01", "to": "2021-12-31", "admissions": 5 + r.IntN(10)})
}

// own is an id of this step's own, the same when other steps are left out.
func (d *drawing) own(prefix string) string {
	return fmt.Sprintf("%s%d", prefix, d.step)
}

// entry adds an entry of any kind, unless nothing suits: it keeps trying until
// one is valid, except that now and then it takes what comes.
func (d *drawing) entry() {
	for range 10 {
		day := d.today
		switch d.r.IntN(10) {
		case 0, 1: // late
			day = d.r.IntN(d.today + 1)
		case 2: // ahead
			day = d.today + d.r.IntN(len(grid)-d.today)
		}
		if d.attempt(d.kind(), day) {
			return
		}
	}
}

// attempt adds an entry that draw proposes for a day of the grid and reports
// whether it did.
func (d *drawing) attempt(propose draw, day int) bool {
	on := grid[day]
	proposed := propose(d, d.sofar.at(on, Everything), on)
	if proposed == nil {
		return false
	}
	return d.record(proposed, on)
}

// record adds the line of an event and, if it is valid, the entry.
func (d *drawing) record(e *draft, on string) bool {
	if e.on != "" {
		on = e.on
	}
	event := fields{
		"specversion": "1.0",
		"id":          fmt.Sprintf("opening%d", len(d.lines)),
		"type":        e.eventType,
		"subject":     e.subject,
		"effectiveon": on,
		"data":        e.data,
	}
	if d.step >= 0 {
		event["id"] = d.own("e")
	}
	if e.reason != "" {
		event["reason"] = e.reason
	}
	line, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}

	d.seq++
	before := len(d.sofar.entries)
	if err := d.sofar.Add(d.seq, line); err != nil {
		panic(err)
	}
	if d.sofar.problem() != "" {
		d.sofar.entries = d.sofar.entries[:before]
		if d.r.IntN(4) > 0 {
			return false
		}
	}
	d.lines = append(d.lines, line)
	if e.subject == "member/"+d.own("m") {
		d.seen++
	}
	if e.eventType == "organisation.established" || e.eventType == "village.registered" {
		d.units++
	}
	return true
}
