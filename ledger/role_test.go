package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rollbook/audit"
	"rollbook/eventstore"
	"rollbook/ledger"
)

// establishes is an event by which there is an organisation of its own.
func establishes(id string) string {
	return event("organisation.established", "organisation/"+id, "1990-01-01", `{"name":"Đảng bộ","kind":"district_committee","parent":null}`)
}

func mustRecord(t *testing.T, l *ledger.Ledger, id string) {
	t.Helper()
	if _, err := l.Record(t.Context(), []byte(establishes(id))); err != nil {
		t.Fatalf("Record: %v", err)
	}
}

// Who does not count what is recorded waits for who does, and gives no figure that
// lacks what was acknowledged.
func TestWithoutAProjectorNoFigureIsGiven(t *testing.T) {
	l, _ := open(t)
	if _, err := l.Figures(t.Context()); err != nil {
		t.Fatal(err)
	}
	restore := l.Share(20*time.Millisecond, ledger.RoleAPI)
	defer restore()
	mustRecord(t, l, "co-so")
	if _, err := l.Figures(t.Context()); !errors.Is(err, ledger.ErrNoProjector) {
		t.Errorf("Figures = %v, want %v", err, ledger.ErrNoProjector)
	}
	if h, err := l.Health(t.Context()); err != nil || !errors.Is(h.Idle, ledger.ErrNoProjector) {
		t.Errorf("Health = %+v, %v; want %v", h, err, ledger.ErrNoProjector)
	}
	// What it has recorded itself it knows, so it goes on recording.
	mustRecord(t, l, "xa")
	restore()
	if _, err := l.Figures(t.Context()); err != nil {
		t.Errorf("Figures of who counts: %v", err)
	}
	if h, err := l.Health(t.Context()); err != nil || h.Idle != nil || h.Position != 2 {
		t.Errorf("Health = %+v, %v; want position 2", h, err)
	}
}

// silentLog is a log that does not answer for a while.
type silentLog struct {
	audit.Log
	silent bool
}

func (s *silentLog) Shape(ctx context.Context) (eventstore.Shape, error) {
	if s.silent {
		return eventstore.Shape{}, fmt.Errorf("%w: planned", eventstore.ErrUnavailable)
	}
	return s.Log.Shape(ctx)
}

// While the tree cannot follow the log nothing is recorded, and when it can again,
// something is.
func TestALogThatAnswersAgainIsRecordedTo(t *testing.T) {
	l, _ := open(t)
	log := &silentLog{silent: true}
	l.WrapTreeLog(func(inner audit.Log) audit.Log { log.Log = inner; return log })
	if _, err := l.Checkpoint(t.Context()); !errors.Is(err, eventstore.ErrUnavailable) {
		t.Fatalf("Checkpoint of a log that does not answer: %v", err)
	}
	if _, err := l.Record(t.Context(), []byte(establishes("co-so"))); !errors.Is(err, eventstore.ErrUnavailable) {
		t.Errorf("Record = %v, want %v", err, eventstore.ErrUnavailable)
	}
	log.silent = false
	if _, err := l.Checkpoint(t.Context()); err != nil {
		t.Fatalf("Checkpoint of a log that answers again: %v", err)
	}
	mustRecord(t, l, "co-so")
}

// A directory that has the policy of the log is one whose log another instance signs:
// nothing makes a second key there, not even before anything was signed.
func TestBesideThePolicyOfTheLogNoKeyIsMade(t *testing.T) {
	dir := t.TempDir()
	made, err := ledger.Open(t.Context(), dir, ledger.Options{Create: true})
	if err == nil {
		err = made.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"log.key", "signer.json"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "policy"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l := reopen(t, dir)
	if _, err := l.Sign(t.Context()); !errors.Is(err, ledger.ErrSigning) {
		t.Errorf("Sign = %v, want %v", err, ledger.ErrSigning)
	}
	if _, err := os.Stat(filepath.Join(dir, "log.key")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a log.key: %v", err)
	}
}
