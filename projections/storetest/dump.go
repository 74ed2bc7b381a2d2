package storetest

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rollbook/domain"
	"rollbook/projections"
)

// Dump writes everything that a view holds as text: two stores with one dump
// cannot be told apart. Since a reader cannot list ids, it looks up those that
// it is given.
func Dump(ctx context.Context, r projections.Reader, ids []string) (string, error) {
	var b strings.Builder
	at, err := r.Checkpoint(ctx)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(&b, "position %d\n", at.Position)
	if err := dumpSubjects(ctx, r, &b); err != nil {
		return "", err
	}
	cells, err := r.Cells(ctx, 0)
	if err != nil {
		return "", err
	}
	organisations := map[string]bool{}
	for _, c := range cells {
		fmt.Fprintf(&b, "cell %d %q\n", c.Number, c.Cell)
		organisations[c.Cell.Organisation] = true
	}
	for _, o := range slices.Sorted(maps.Keys(organisations)) {
		members, err := r.MembersOf(ctx, o)
		if err != nil {
			return "", err
		}
		slices.Sort(members)
		fmt.Fprintf(&b, "members of %q %q\n", o, members)
	}
	for _, m := range projections.Models() {
		n := 0
		err := r.Rows(ctx, m.Table, 0, func(row []int64) {
			n++
			fmt.Fprintf(&b, "%s %d %d\n", m.Name, n, row)
		})
		if err != nil {
			return "", err
		}
	}
	if err := r.Sealed(ctx, 0, func(s projections.SealedEntry) error {
		fmt.Fprintf(&b, "sealed %d %d %q %q %q %x\n", s.Sequence, s.Member, s.ID, s.Type, s.Schema, s.Data)
		return nil
	}); err != nil {
		return "", err
	}
	for _, id := range ids {
		p, err := r.IDPosition(ctx, id)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "id %q %d\n", id, p)
	}
	parked, err := r.Parked(ctx)
	if err != nil {
		return "", err
	}
	for _, p := range parked {
		fmt.Fprintf(&b, "parked %q\n", fmt.Sprint(p))
	}
	missing, err := r.MissingKeys(ctx)
	if err != nil {
		return "", err
	}
	for _, m := range missing {
		fmt.Fprintf(&b, "missing key %q %d\n", m.Subject, m.Position)
	}
	return b.String(), nil
}

func dumpSubjects(ctx context.Context, r projections.Reader, b *strings.Builder) error {
	last, err := r.LastNumber(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "last number %d\n", last)
	var some []projections.Subject
	for _, kind := range []domain.Kind{domain.MemberKind, domain.OrganisationKind, domain.VillageKind} {
		n := 0
		err := r.SubjectsOf(ctx, kind, func(s projections.Subject) error {
			fmt.Fprintf(b, "subject %d %q %d %d %s\n", s.Number, s.Subject, s.Head.Position, s.Head.Count, hex.EncodeToString(s.Entries))
			if n++; n%7 == 1 {
				some = append(some, s)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	// One by one they must be the same as all together.
	for _, s := range some {
		one, ok, err := r.Subject(ctx, s.Subject)
		if err != nil {
			return err
		}
		if !ok || fmt.Sprint(one) != fmt.Sprint(s) {
			return fmt.Errorf("%s is %v alone (%t) and %v among others", s.Subject, one, ok, s)
		}
	}
	return nil
}
