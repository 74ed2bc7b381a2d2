package ledger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollbook/audit"
	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/eventstore/archive"
	"rollbook/ledger"
)

// A history is the same to the byte from the log alone, from the archive and the tail
// of the log, and from an archive of which a segment is damaged or missing; then the
// segment is named.
func TestHistoryFromTheArchive(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	var said bytes.Buffer
	o := ledger.Options{Create: true, Logger: slog.New(slog.NewTextHandler(&said, nil))}
	var subjects []domain.Subject
	for _, s := range []string{"member/m1", "member/m2", "member/m3", "organisation/a", "organisation/b"} {
		subjects = append(subjects, domain.Subject(s))
	}
	histories := func(l *ledger.Ledger) string {
		t.Helper()
		var out []byte
		for _, s := range subjects {
			h, err := l.History(t.Context(), s, 0, day(t, "2023-01-01"), 0)
			if err != nil {
				t.Fatalf("History(%s): %v", s, err)
			}
			b, err := json.Marshal(h)
			if err != nil {
				t.Fatal(err)
			}
			out = append(append(out, b...), '\n')
		}
		return string(out)
	}
	closing(t, dir, o, func(l *ledger.Ledger) {
		mustAccept(t, l, hill()...)
		log, ok := l.Records().(audit.Log)
		if !ok {
			t.Fatal("the log is of another kind")
		}
		c, err := l.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		last, err := l.Last(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		mustAccept(t, l, strings.Replace(event("member.rated", "member/m2", "2022-12-20", `{"year":2022,"grade":"good"}`), "{", `{"id":"given-2",`, 1))
		want := histories(l)

		kept := filepath.Join(dir, "archive")
		a, err := archive.Open(kept, archive.Options{Origin: c.Origin, SegmentBytes: 1500})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Follow(t.Context(), log, last); err != nil {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		if got := histories(l); got != want || said.Len() > 0 {
			t.Errorf("with an archive: %s\nwant %s\nsaid: %s", got, want, &said)
		}
		sealed, err := filepath.Glob(filepath.Join(kept, "*.seg"))
		if err != nil || len(sealed) < 3 {
			t.Fatal(sealed, err)
		}
		ask := func() string { return histories(l) }
		for i, path := range sealed {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			places := []int{2, len(b) - 30} // its head, its index
			if at := bytes.Index(b, []byte("given-1")); at > 0 {
				places = append(places, at) // a record, with everything else whole
			}
			for _, at := range places {
				changed := bytes.Clone(b)
				changed[at] ^= 1
				expectNamed(t, path, changed, &said, ask, want)
			}
			if i < len(sealed)-1 { // without the last there is nothing behind a hole
				expectNamed(t, path, nil, &said, ask, want)
			}
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		// What is whole in itself, and not what the log goes on from, does not count.
		if err := os.RemoveAll(kept); err != nil {
			t.Fatal(err)
		}
		said.Reset()
		if a, err = archive.Open(kept, archive.Options{Origin: c.Origin}); err != nil {
			t.Fatal(err)
		}
		if err := a.Follow(t.Context(), renamed{log}, last); err != nil {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		if got := histories(l); got != want || !strings.Contains(said.String(), "the archive is damaged") {
			t.Errorf("with an archive of other histories: %s\nwant %s\nsaid: %s", got, want, &said)
		}
	})
}

// expectNamed puts something in the place of a file, or takes it away, and fails unless
// the histories stay what they are and the file is named.
func expectNamed(t *testing.T, path string, b []byte, said *bytes.Buffer, histories func() string, want string) {
	t.Helper()
	said.Reset()
	var err error
	if b == nil {
		err = os.Remove(path)
	} else {
		err = os.WriteFile(path, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := histories(); got != want {
		t.Errorf("%s damaged: %s\nwant %s", path, got, want)
	}
	if !strings.Contains(said.String(), path) {
		t.Errorf("%s is damaged, and what is said is %q", path, said)
	}
}

// renamed is a log in which the histories of members are those of others.
type renamed struct{ audit.Log }

func (r renamed) ReplayStored(ctx context.Context, after, to eventstore.Position) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		for s, err := range r.Log.ReplayStored(ctx, after, to) {
			s.Subject = strings.ReplaceAll(s.Subject, "member.m2", "member.m9")
			if !yield(s, err) {
				return
			}
		}
	}
}
