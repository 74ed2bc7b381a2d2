package reports

import (
	"cmp"
	"context"
	"strings"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/ledger"
	"rollbook/office/papers"
	"rollbook/projections"
)

// Head is what an office says of itself around its papers. What is empty is found in
// the ledger, or left out.
type Head struct {
	// Superior and Office are the organisation above the one that makes the paper, and
	// that one.
	Superior, Office string
	// Place and Dated are where and when the paper is made.
	Place string
	Dated domain.Date
	// Signatures are the blocks to be signed; see [Signature].
	Signatures []string
}

// Letterhead puts a head around a paper about an organisation, or about the whole
// ledger. Names that the head does not give are those of the organisation that is
// asked for, or of the only one at the top, and of its superior, as far as the
// reader knows them.
func (r Reader) Letterhead(h Head, d *domain.Directory, organisation string, day domain.Date) papers.Letterhead {
	out := papers.Letterhead{Superior: h.Superior, Organisation: h.Office, Nation: papers.OfficialHeading(r.Lang), Place: h.Place, Dated: h.Dated}
	if tops := d.Children(day)[""]; organisation == "" && len(tops) == 1 {
		organisation = tops[0]
	}
	if h.Office == "" {
		out.Organisation = r.Names[organisation]
		out.Superior = cmp.Or(h.Superior, r.Names[d.Parent(organisation, day)])
	}
	for _, s := range h.Signatures {
		out.Signatures = append(out.Signatures, Signature(s))
	}
	if len(h.Signatures) == 0 {
		out.Signatures = []papers.Signature{
			{Lines: []string{r.say("PREPARED BY", "NGƯỜI LẬP BIỂU"), r.say("(signature, full name)", "(Ký, ghi rõ họ tên)")}},
			{Lines: []string{r.say("FOR THE COMMITTEE", "T/M CẤP ỦY"), r.say("(signature, seal, full name)", "(Ký, đóng dấu, ghi rõ họ tên)")}},
		}
	}
	return out
}

// Signature reads a block to be signed: lines with | between, and after a second |
// at once the name.
func Signature(s string) papers.Signature {
	above, name, _ := strings.Cut(s, "||")
	return papers.Signature{Lines: strings.Split(above, "|"), Name: name}
}

// Prove adds to a paper what the log came to where it was answered.
func Prove(ctx context.Context, l *ledger.Ledger, p *papers.Paper) error {
	root, err := l.RootAt(ctx, eventstore.Position(p.Standing.Position))
	if err != nil {
		return err
	}
	p.Standing.Root, p.Standing.Unwitnessed = root.String(), true
	if policy, err := l.Policy(); err == nil { // else nobody signs at all
		p.Standing.Unwitnessed = policy.Unwitnessed()
	}
	return nil
}

// NamesOf returns the names of organisations.
func NamesOf(list []projections.OrganisationInfo) Names {
	names := Names{}
	for _, o := range list {
		names[o.ID] = o.Name
	}
	return names
}
