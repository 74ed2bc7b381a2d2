package ledger_test

import (
	"bytes"
	"context"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rollbook/audit"
	"rollbook/eventstore"
	"rollbook/eventstore/archive"
	"rollbook/ledger"
)

// readModels returns the digests of read models that are made anew.
func readModels(t *testing.T, dir string) (digests []string) {
	t.Helper()
	closing(t, dir, ledger.Options{}, func(l *ledger.Ledger) {
		r, err := l.Rebuild(t.Context(), ledger.Rebuilding{}, nil)
		if err != nil {
			t.Fatalf("Rebuild: %v", err)
		}
		if r.Differing > 0 {
			t.Errorf("the rebuild differs: %+v", r.Differences)
		}
		for _, m := range r.Models {
			digests = append(digests, m.Name+" "+m.Digest)
		}
	})
	return digests
}

// Read models come out the same from the archive and the tail of the log, from a
// damaged archive, and from the log alone.
func TestReadModelsFromTheArchive(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	facts := bulk(t, 5000)
	half := len(facts) / 2
	for facts[half] != '\n' {
		half++
	}
	fill := func(part []byte, archive bool) {
		closing(t, dir, ledger.Options{Create: true}, func(l *ledger.Ledger) {
			if r, err := l.Import(t.Context(), []ledger.File{{Name: "f", Reader: bytes.NewReader(part)}}, ledger.ImportOptions{}); err != nil || r.Rejected > 0 {
				t.Fatalf("Import = %+v, %v", r, err)
			}
			if !archive {
				return
			}
			if r, err := l.Archive(t.Context(), "", nil); err != nil || r.Added == 0 {
				t.Fatalf("Archive = %+v, %v", r, err)
			}
		})
	}
	fill(facts[:half+1], true)
	fill(facts[half+1:], false)
	withTail := readModels(t, dir)
	damaged, err := filepath.Glob(filepath.Join(dir, "archive", "*.open"))
	if err != nil || len(damaged) != 1 {
		t.Fatal(damaged, err)
	}
	b, err := os.ReadFile(damaged[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(damaged[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := readModels(t, dir); !slices.Equal(got, withTail) {
		t.Errorf("with a damaged archive: %v, want %v", got, withTail)
	}
	closing(t, dir, ledger.Options{}, func(l *ledger.Ledger) {
		if _, err := l.Archive(t.Context(), "", nil); err != nil {
			t.Errorf("Archive over a damaged one: %v", err)
		}
	})
	v, err := ledger.VerifyArchive(t.Context(), filepath.Join(dir, "archive"), nil, ledger.Verifying{}, nil)
	if err != nil || !v.Good() || v.Records == 0 {
		t.Errorf("VerifyArchive = %+v, %v", v, err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "archive")); err != nil {
		t.Fatal(err)
	}
	if got := readModels(t, dir); !slices.Equal(got, withTail) {
		t.Errorf("without an archive: %v, want %v", got, withTail)
	}
}

// What is signed while the archive is being written covers records that it has not,
// and is left out of it.
func TestAnArchiveHasNoCheckpointBeyondItsEnd(t *testing.T) {
	dir, away := filepath.Join(t.TempDir(), "data"), t.TempDir()
	closing(t, dir, ledger.Options{Create: true}, func(l *ledger.Ledger) {
		mustAccept(t, l, opening()...)
		archiving := func(meanwhile ledger.Progress) ledger.Verification {
			t.Helper()
			if _, err := l.Archive(t.Context(), away, meanwhile); err != nil {
				t.Fatal(err)
			}
			v, err := ledger.VerifyArchive(t.Context(), away, nil, ledger.Verifying{}, nil)
			if err != nil || !v.Good() || v.Checkpoints == 0 {
				t.Errorf("VerifyArchive = %+v, %v", v, err)
			}
			return v
		}
		before := archiving(func(done, of int64) {
			if done < of {
				return
			}
			mustAccept(t, l, strings.Replace(event("organisation.commended", "organisation/a", "2022-01-01", `{"year":2021,"title":"Tiên tiến"}`), "{", `{"id":"meanwhile",`, 1))
			if signed, err := l.Sign(t.Context()); err != nil || signed.Size <= uint64(of) {
				t.Errorf("Sign = %d, %v; %d are archived", signed.Size, err, of)
			}
		})
		if after := archiving(nil); after.Size <= before.Size || after.Checkpoints <= before.Checkpoints {
			t.Errorf("the next time: %d records and %d checkpoints, before %d and %d", after.Size, after.Checkpoints, before.Size, before.Checkpoints)
		}
	})
}

// forged is a log in which one record says something else.
type forged struct {
	audit.Log
	at eventstore.Position
}

func (f forged) ReplayStored(ctx context.Context, after, to eventstore.Position) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		for s, err := range f.Log.ReplayStored(ctx, after, to) {
			if s.Position == f.at {
				s.Data = append([]byte("x"), s.Data...)
			}
			if !yield(s, err) {
				return
			}
		}
	}
}

// An archive whose maker has changed a record, with every checksum right, does not
// make the root that was signed; and no ledger makes such an archive.
func TestAForgedArchiveIsSeen(t *testing.T) {
	dir, away := filepath.Join(t.TempDir(), "data"), t.TempDir()
	closing(t, dir, ledger.Options{Create: true}, func(l *ledger.Ledger) {
		mustAccept(t, l, hill()...)
		if _, err := l.Archive(t.Context(), away, nil); err != nil {
			t.Fatal(err)
		}
	})
	segments, err := filepath.Glob(filepath.Join(away, "0*"))
	if err != nil || len(segments) == 0 {
		t.Fatal(segments, err)
	}
	for _, s := range segments {
		if err := os.Remove(s); err != nil {
			t.Fatal(err)
		}
	}
	closing(t, dir, ledger.Options{}, func(l *ledger.Ledger) {
		log, ok := l.Records().(audit.Log)
		if !ok {
			t.Fatal("the log is of another kind")
		}
		last, err := l.Last(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c, err := l.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		a, err := archive.Open(away, archive.Options{Origin: c.Origin})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Follow(t.Context(), forged{log, 3}, last); err != nil {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	})
	v, err := ledger.VerifyArchive(t.Context(), away, nil, ledger.Verifying{}, nil)
	if err != nil || v.Good() || v.First().Code != audit.RootMismatch || v.First().Nature != audit.Altered {
		t.Errorf("VerifyArchive = %+v, %v", v, err)
	}
}
