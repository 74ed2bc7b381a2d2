package ledger_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollbook/audit"
	"rollbook/eventstore/jetstream"
	"rollbook/ledger"
)

// Cases 11 and 12: an administrator gives the log other settings. Nothing is signed
// until they are put right, whether something is lost already or not yet; and what is
// lost is missing ever after.
func TestNothingIsSignedOfALogWithOtherSettings(t *testing.T) {
	t.Parallel()
	server, err := jetstream.Serve(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	dir := filepath.Join(t.TempDir(), "data")
	o := ledger.Options{Create: true, Servers: ledger.Servers{URL: server.URL()}}
	if _, err := ledger.CreateLog(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	set := func(changed map[string]any) {
		t.Helper()
		if err := server.Set(t.Context(), changed); err != nil {
			t.Fatal(err)
		}
	}
	verify := func() ledger.Verification {
		t.Helper()
		v, err := ledger.Verify(t.Context(), dir, o, ledger.Verifying{LogOnly: true}, nil)
		if err != nil {
			t.Fatalf("Verify: %v", err)
		}
		return v
	}
	drifted := func(name string) {
		t.Helper()
		v := verify()
		if first := v.First(); first == nil || first.Code != ledger.ConfigDrift || !strings.Contains(first.Detail, name+" is ") {
			t.Errorf("with another %s: %+v", name, first)
		}
	}
	closing(t, dir, o, func(l *ledger.Ledger) {
		mustAccept(t, l, opening()...)
		signed, err := l.Sign(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		set(map[string]any{"max_age": 100 * 365 * 24 * time.Hour})
		if _, err := l.Sign(t.Context()); !errors.Is(err, jetstream.ErrSettings) || !strings.Contains(err.Error(), "max_age is ") {
			t.Errorf("12: Sign = %v", err)
		}
		set(nil)
		if again, err := l.Sign(t.Context()); err != nil || again.Size < signed.Size {
			t.Errorf("12: Sign after it was put right = %d, %v", again.Size, err)
		}
	})
	set(map[string]any{"max_age": 100 * 365 * 24 * time.Hour})
	drifted("max_age")
	set(nil)
	if v := verify(); !v.Good() {
		t.Errorf("12: after it was put right: %+v", v.Problems)
	}

	set(map[string]any{"max_msgs": 2, "discard": "old"})
	drifted("max_msgs")
	set(nil)
	v := verify()
	if first := v.First(); first == nil || first.Code != audit.HeadMissing || first.Nature != audit.Cut || first.Sequence != 1 {
		t.Errorf("11: after it was put right: %+v", first)
	}
}
