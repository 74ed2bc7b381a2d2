package projections_test

import (
	"context"
	"errors"
	"testing"

	"rollbook/eventstore"
	"rollbook/projections"
)

// overtakenLog lets something happen right after it has said where it ends.
type overtakenLog struct {
	projections.Log
	then func()
}

func (o *overtakenLog) Last(ctx context.Context) (eventstore.Position, error) {
	last, err := o.Log.Last(ctx)
	if then := o.then; then != nil {
		o.then = nil
		then()
	}
	return last, err
}

// Another process that stores and takes in at the same time makes no log look cut.
func TestAProjectorThatIsOvertakenDoesNotTakeTheLogForCut(t *testing.T) {
	r := newRig(t)
	r.opening(1)
	r.catchUp()
	r.append("organisation.renamed", "organisation/a", "1991-01-01", `{"name":"B"}`)
	log := &overtakenLog{Log: r.log, then: func() {
		r.append("organisation.renamed", "organisation/a", "1992-01-01", `{"name":"C"}`)
		r.catchUp()
	}}
	p := projections.Projector{Log: log, Store: r.store}
	if err := p.CatchUp(t.Context()); !errors.Is(err, projections.ErrMoved) {
		t.Errorf("CatchUp of who is overtaken = %v, want %v", err, projections.ErrMoved)
	}
	if err := p.CatchUp(t.Context()); err != nil {
		t.Errorf("CatchUp again: %v", err)
	}
}
