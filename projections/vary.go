package projections

import (
	"context"
	"time"

	"rollbook/eventstore"
)

// Variation is a way to cut up the work of a projector. What comes out must be
// the same with any, to the byte.
type Variation struct {
	Name string
	// Records are decoded at a time.
	Records int
	// Workers decode side by side, and one more.
	Workers int
	// Transactions is how many the log is cut into.
	Transactions int
	// Zone is the time zone in which times are read.
	Zone *time.Location
}

// Variations returns ways that differ from the usual one in everything that
// could matter. The order of maps is another one each time.
func Variations() []Variation {
	return []Variation{
		{Name: "as ever"},
		{Name: "one by one", Records: 1, Workers: 1, Zone: time.FixedZone("+14", 14*3600)},
		{Name: "few at a time, in many transactions", Records: 7, Workers: 3, Transactions: 97, Zone: time.FixedZone("-12", -12*3600)},
		{Name: "many at a time, in a few transactions", Records: 50_000, Workers: 16, Transactions: 3, Zone: time.UTC},
	}
}

// Vary brings the read models from empty up to a position in the way of p.How.
func (p *Projector) Vary(ctx context.Context, to eventstore.Position) error {
	n := eventstore.Position(max(p.How.Transactions, 1))
	for i := eventstore.Position(1); i <= n; i++ {
		if err := p.CatchUpTo(ctx, to*i/n); err != nil {
			return err
		}
	}
	return nil
}
