package ledger_test

import (
	"slices"

	"pgregory.net/rapid"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/ledger"
	"rollbook/projections"
)

// forms holds every total of the statistical forms against headcount, movements
// and indicators, which the naive model vouches for: of an organisation, and of
// each of its parts.
func (c *comparison) forms(q projections.Question, first domain.Date) {
	ctx := c.t.Context()
	must := func(f projections.Form, err error) projections.Form {
		if err != nil {
			c.t.Fatalf("%s(%+v): %v", f.Report, q, err)
		}
		return f
	}
	asked := ledger.FormQuestion{Question: q, Children: true}
	year := q.AsOf.Year()

	structure := must(c.l.Structure(ctx, asked))
	c.eachRow(structure, func(at projections.Question, row projections.FormRow) {
		c.equal(structure, row, "members", row.Count("", "members"), c.members(at, row.Itself))
		for _, by := range ledger.StructureDimensions() {
			c.equal(structure, row, by, row.Sum(by), row.Count("", "members"))
		}
	})
	for _, by := range []projections.Dimension{"ethnicity", "gender", "religion", "status"} {
		h, err := c.figures.Headcount(ctx, q, []projections.Dimension{by})
		if err != nil {
			c.t.Fatal(err)
		}
		for _, r := range h.Rows {
			c.equal(structure, structure.Rows[0], string(by)+" "+r.Values[0], structure.Rows[0].Count(string(by), r.Values[0]), r.Members)
		}
	}

	moved, err := c.figures.MovementsByPart(ctx, q, first)
	if err != nil {
		c.t.Fatal(err)
	}
	c.movementsByPart(q, first, moved)

	admissions := must(c.l.Admissions(ctx, asked, first))
	discipline := must(c.figures.Discipline(ctx, q, first, true))
	confirmations := must(c.figures.Confirmations(ctx, q, first, true))
	badges := must(c.figures.Badges(ctx, q, first, true))
	for _, f := range []struct {
		form        projections.Form
		total, line string
		groups      []string
	}{
		{admissions, "admitted", "admitted", ledger.AdmissionDimensions()},
		{discipline, "expelled", "expelled", nil},
		{confirmations, "confirmed", "confirmed", nil},
	} {
		c.equal(f.form, f.form.Rows[0], f.line, f.form.Rows[0].Count("", f.total), moved.Line(f.line))
		c.eachRow(f.form, func(at projections.Question, row projections.FormRow) {
			for _, by := range f.groups {
				c.equal(f.form, row, by, row.Sum(by), row.Count("", f.total))
			}
			if row.Itself {
				return
			}
			m, err := c.figures.Movements(ctx, at, first)
			if err != nil {
				c.t.Fatal(err)
			}
			c.equal(f.form, row, f.line, row.Count("", f.total), m.Line(f.line))
		})
	}
	c.eachRow(discipline, func(_ projections.Question, row projections.FormRow) {
		c.equal(discipline, row, "measures", row.Sum("measure"), row.Count("", "disciplined"))
	})
	c.eachRow(badges, func(_ projections.Question, row projections.FormRow) {
		c.equal(badges, row, "years", row.Sum("years"), row.Count("", "awarded"))
	})
	c.eachRow(confirmations, func(at projections.Question, row projections.FormRow) {
		c.equal(confirmations, row, "in time and late", row.Count("", "in_time")+row.Count("", "late"), row.Count("", "confirmed"))
		if !row.Itself {
			c.equal(confirmations, row, "overdue", row.Count("", "overdue"), c.indicator(at, year, "confirmation_overdue").Numerator)
		}
	})

	ratings := must(c.figures.Ratings(ctx, q, year, true))
	c.eachRow(ratings, func(at projections.Question, row projections.FormRow) {
		c.equal(ratings, row, "members", row.Count("", "members"), c.members(at, row.Itself))
		c.equal(ratings, row, "grades of members", row.Sum("member_grade"), row.Count("", "members"))
		c.equal(ratings, row, "grades of organisations", row.Sum("organisation_grade"), row.Count("", "organisations"))
		for _, g := range domain.Grades() {
			if row.Itself {
				break
			}
			c.equal(ratings, row, "members "+string(g), row.Count("member_grade", string(g)), c.indicator(at, year, "member_grade_"+string(g)).Numerator)
			c.equal(ratings, row, "organisations "+string(g), row.Count("organisation_grade", string(g)), c.indicator(at, year, "organisation_grade_"+string(g)).Numerator)
		}
	})

	villages := must(c.figures.Villages(ctx, q))
	c.eachRow(villages, func(_ projections.Question, row projections.FormRow) {
		c.equal(villages, row, "by cell", row.Sum("cell"), row.Count("", "villages"))
		c.equal(villages, row, "by members", row.Sum("members"), row.Count("", "villages"))
	})
	own := c.indicator(q, year, "villages_with_cell")
	c.equal(villages, villages.Rows[0], "villages", villages.Rows[0].Count("", "villages"), own.Denominator)
	c.equal(villages, villages.Rows[0], "with a cell", villages.Rows[0].Count("cell", "own"), own.Numerator)

	// The parts make the whole.
	for _, f := range []projections.Form{structure, admissions, discipline, confirmations, badges, ratings, villages} {
		for i, g := range f.Groups {
			for j, value := range g.Values {
				sum := 0
				for _, row := range f.Rows[1:] {
					sum += row.Counts[i][j]
				}
				c.equal(f, f.Rows[0], "parts of "+g.Name+" "+value, sum, f.Rows[0].Counts[i][j])
			}
		}
	}
}

// movementsByPart holds the parts of the movements against the movements of each,
// and their sums against the whole.
func (c *comparison) movementsByPart(q projections.Question, first domain.Date, moved projections.MovementsByPart) {
	sums := map[string]int{}
	for _, row := range moved.Rows {
		at := q
		at.Organisation = *row.Organisation
		var of projections.Movements
		if !row.Itself {
			var err error
			if of, err = c.figures.Movements(c.t.Context(), at, first); err != nil {
				c.t.Fatal(err)
			}
		}
		net := 0
		for _, line := range projections.MovementColumns() {
			n := row.Count("", line)
			sums[line] += n
			if !row.Itself && n != of.Line(line) {
				c.t.Fatalf("movements of %s, %s: %d as a part, %d by itself", at.Organisation, line, n, of.Line(line))
			}
			switch line {
			case "confirmed":
			case "closing", "moved_out", "transferred_out", "expelled", "removed", "resigned", "died":
				net -= n
			default:
				net += n
			}
		}
		if net != 0 {
			c.t.Fatalf("the movements of a part do not reconcile: %s, by itself %t: off by %d", at.Organisation, row.Itself, net)
		}
	}
	for _, line := range projections.MovementColumns() {
		switch line {
		case "moved_in", "moved_out":
		default:
			if sums[line] != moved.Line(line) {
				c.t.Fatalf("movements of %q, %s: parts make %d, want %d", q.Organisation, line, sums[line], moved.Line(line))
			}
		}
	}
	if got, want := sums["moved_in"]-sums["moved_out"], moved.MovedIn-moved.MovedOut; got != want {
		c.t.Fatalf("movements of %q: parts moved %d, want %d", q.Organisation, got, want)
	}
}

// eachRow calls check with every row of a form and the question that asks for its
// organisation. The first row of the whole ledger has none.
func (c *comparison) eachRow(f projections.Form, check func(projections.Question, projections.FormRow)) {
	for _, row := range f.Rows {
		at := projections.Question{AsOf: f.AsOf, KnownAt: f.KnownAt}
		if row.Organisation != nil {
			at.Organisation = *row.Organisation
		}
		check(at, row)
	}
}

// members is the headcount of a subtree, or of an organisation without what is
// below it.
func (c *comparison) members(q projections.Question, itself bool) int {
	h, err := c.figures.Headcount(c.t.Context(), q, []projections.Dimension{"organisation"})
	if err != nil {
		c.t.Fatal(err)
	}
	if !itself {
		return h.Total
	}
	i := slices.IndexFunc(h.Rows, func(r projections.HeadcountRow) bool { return r.Values[0] == q.Organisation })
	if i < 0 {
		return 0
	}
	return h.Rows[i].Members
}

func (c *comparison) indicator(q projections.Question, year int, code string) projections.Indicator {
	i, err := c.figures.Indicators(c.t.Context(), q, year, false)
	if err != nil {
		c.t.Fatal(err)
	}
	return i.Rows[0].Indicators[code]
}

func (c *comparison) equal(f projections.Form, row projections.FormRow, what string, got, want int) {
	if got != want {
		organisation := "the whole ledger"
		if row.Organisation != nil {
			organisation = *row.Organisation
		}
		c.t.Fatalf("%s of %s as of %s, known at %d, itself %t: %s is %d, want %d", f.Report, organisation, f.AsOf, f.KnownAt, row.Itself, what, got, want)
	}
}

// anyForms asks for the forms of the whole ledger or of some organisation.
func (c *comparison) anyForms(organisations []string, from, to domain.Date, known uint64) {
	for _, organisation := range []string{"", rapid.SampledFrom(organisations).Draw(c.t, "organisation of the forms")} {
		c.forms(projections.Question{Organisation: organisation, AsOf: to, KnownAt: eventstore.Position(known)}, from)
	}
}
