package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/projections"
	"rollbook/projections/sqlite/sqlitetest"
)

// While the read models are made anew, events are recorded and figures read, and
// what was recorded meanwhile is in the new ones.
func TestLifeGoesOnBesideARebuild(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	recorded := 0
	beside := func(int64, int64) {
		id := fmt.Sprint("beside-", recorded)
		if out, err := l.Record(t.Context(), []byte(newcomer(id, "2020-01-01"))); err != nil || out.Status != "accepted" {
			t.Errorf("Record beside a rebuild = %+v, %v", out, err)
		}
		recorded++
		f, err := l.Figures(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Headcount(t.Context(), projections.Question{AsOf: day(t, "2021-01-01")}, nil); err != nil {
			t.Errorf("Headcount beside a rebuild: %v", err)
		}
	}
	var wg sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	for c := range 4 { // and others all the time
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				id := fmt.Sprintf("k%d-%d", c, n)
				if _, err := l.Record(t.Context(), []byte(newcomer(id, "2020-01-01"))); err != nil {
					t.Errorf("Record: %v", err)
					return
				}
			}
		})
	}
	for range 3 {
		r, err := l.Rebuild(t.Context(), ledger.Rebuilding{}, beside)
		if err != nil || r.Differing != 0 || len(r.Models) != 3 || !r.Models[0].Same {
			t.Errorf("Rebuild = %+v, %v", r, err)
		}
	}
	stop()
	wg.Wait()
	if recorded < 3 {
		t.Errorf("%d events were recorded beside", recorded)
	}
	if r, err := l.Rebuild(t.Context(), ledger.Rebuilding{Try: true}, nil); err != nil || r.Differing != 0 {
		t.Errorf("a comparison with the log finds %+v, %v", r, err)
	}
}

func TestDamageIsFoundNamedAndUndone(t *testing.T) {
	dir := t.TempDir()
	l := start(t, dir)
	mustAccept(t, l, opening()...)
	if _, err := l.Figures(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := l.SwitchBack(t.Context()); !errors.Is(err, ledger.ErrNothingBefore) {
		t.Errorf("SwitchBack before any rebuild = %v, want %v", err, ledger.ErrNothingBefore)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	sqlitetest.Execute(t, filepath.Join(dir, "models.db.g1"), `UPDATE headcount SET effective_on = effective_on + 400 WHERE member = 1`)
	l = start(t, dir)
	defer func() { _ = l.Close() }()
	want := func(r ledger.Rebuilt, err error) {
		t.Helper()
		if err != nil || r.Differing != 1 || r.Models[0].Same || !r.Models[1].Same {
			t.Fatalf("Rebuild of damaged models = %+v, %v", r, err)
		}
		if d := r.Differences[0]; d.Model != "headcount" || d.Subject != "member/m0" && d.Subject != "member/m1" || d.Missing != 1 || d.Extra != 1 || d.Reason != projections.Damaged {
			t.Errorf("the difference is %+v", d)
		}
	}
	want(l.Rebuild(t.Context(), ledger.Rebuilding{Try: true}, nil))
	if _, ways, err := l.Check(t.Context(), nil); err != nil || len(ways) != 4 || ways[0].Differing != 1 || ways[3].Differing != 1 || ways[3].Differences[0].Model != "headcount" {
		t.Errorf("Check of damaged models = %+v, %v", ways, err)
	}
	r, err := l.Rebuild(t.Context(), ledger.Rebuilding{}, nil)
	want(r, err)
	subject := domain.Subject(r.Differences[0].Subject)
	if r, err := l.Rebuild(t.Context(), ledger.Rebuilding{Try: true}, nil); err != nil || r.Differing != 0 {
		t.Errorf("after the rebuild: %+v, %v", r, err)
	}
	back, err := l.SwitchBack(t.Context())
	if err != nil || back.Number != 1 || !back.Live {
		t.Fatalf("SwitchBack = %+v, %v", back, err)
	}
	want(l.Rebuild(t.Context(), ledger.Rebuilding{Subject: subject}, nil)) // a part is enough
	if r, err := l.Rebuild(t.Context(), ledger.Rebuilding{}, nil); err != nil || r.Differing != 0 {
		t.Errorf("after the rebuild of a part: %+v, %v", r, err)
	}
}

// A start of another program than the one that made the read models makes them
// anew, and answers.
func TestAnotherVersionMakesItsOwnModels(t *testing.T) {
	dir := t.TempDir()
	l := start(t, dir)
	mustAccept(t, l, opening()...)
	question := func(l *ledger.Ledger) string {
		f, err := l.Figures(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		h, err := f.Headcount(t.Context(), projections.Question{AsOf: day(t, "2021-01-01")}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%+v", h)
	}
	before := question(l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for n := range 2 {
		sqlitetest.Execute(t, filepath.Join(dir, "models.db"), `UPDATE generation SET version = 'of another program'`)
		l = start(t, dir)
		models, _, err := l.Models(t.Context())
		if err != nil || len(models) != 3 || models[0].Position != 5 {
			t.Errorf("Models of another program: %+v, %v", models, err)
		}
		if n == 0 {
			if after := question(l); after != before {
				t.Errorf("%s before and %s after another version has made its own", before, after)
			}
		} else if r, err := l.Rebuild(t.Context(), ledger.Rebuilding{}, nil); err != nil || r.Differing != 0 || !r.Models[0].Same {
			t.Errorf("Rebuild of what another program made: %+v, %v", r, err)
		}
		list, err := l.Generations(t.Context())
		if err != nil || len(list) != 2 || list[0].Ours || !list[0].Before || !list[1].Ours || !list[1].Live {
			t.Errorf("Generations = %+v, %v", list, err)
		}
		if _, err := l.SwitchBack(t.Context()); !errors.Is(err, ledger.ErrNothingBefore) {
			t.Errorf("SwitchBack to another program's = %v, want %v", err, ledger.ErrNothingBefore)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// start opens a ledger that the caller closes.
func start(t *testing.T, dir string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), dir, ledger.Options{Create: true, Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return l
}
