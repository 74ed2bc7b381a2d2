package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"rollbook/audit"
	"rollbook/domain"
	"rollbook/ledger"
)

// ledgerIn makes a ledger of the hill's office in a directory.
func ledgerIn(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	closing(t, dir, ledger.Options{Create: true, Name: "hill"}, func(l *ledger.Ledger) { mustAccept(t, l, hill()...) })
	return dir
}

func backUp(t *testing.T, dir, to string, o ledger.Backing) (out ledger.BackedUp) {
	t.Helper()
	closing(t, dir, ledger.Options{}, func(l *ledger.Ledger) {
		var err error
		if out, err = l.Backup(t.Context(), to, o, nil); err != nil {
			t.Fatalf("Backup: %v", err)
		}
	})
	return out
}

// everything returns what a ledger says of itself: its events, what its read models
// come to, and the root of its log.
func everything(t *testing.T, dir string, o ledger.Options) (all []string) {
	t.Helper()
	closing(t, dir, o, func(l *ledger.Ledger) {
		for e, err := range l.Events(t.Context(), ledger.EventFilter{}) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(domain.AppendJSON(nil, e, "test")))
		}
		r, err := l.Rebuild(t.Context(), ledger.Rebuilding{}, nil)
		if err != nil || r.Differing > 0 {
			t.Fatalf("Rebuild = %+v, %v", r, err)
		}
		for _, m := range r.Models {
			all = append(all, m.Name+" "+m.Digest)
		}
		c, err := l.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c.String())
	})
	return all
}

// master returns the options of a ledger whose master key is that of another
// directory.
func master(dir string) ledger.Options {
	return ledger.Options{MasterKey: filepath.Join(dir, "master.key")}
}

func mustRestore(t *testing.T, from, to string, o ledger.Restoring) ledger.Restored {
	t.Helper()
	r, err := ledger.Restore(t.Context(), from, to, o, nil)
	if err != nil {
		t.Fatalf("Restore: %v", err)
	}
	return r
}

func TestARestoredLedgerIsTheSameAndGoesOn(t *testing.T) {
	dir, to, back := ledgerIn(t), t.TempDir(), filepath.Join(t.TempDir(), "b")
	first := backUp(t, dir, back, ledger.Backing{})
	if !slices.Equal(first.Apart, []string{filepath.Join(dir, "master.key"), filepath.Join(dir, "log.key")}) || first.Signed != uint64(first.Position) || first.Added != first.Position {
		t.Errorf("Backup = %+v", first)
	}
	closing(t, dir, ledger.Options{}, func(l *ledger.Ledger) {
		mustAccept(t, l, event("member.rated", "member/m2", "2021-01-10", `{"year":2020,"grade":"good"}`))
	})
	second := backUp(t, dir, back, ledger.Backing{})
	if second.Position != first.Position+1 || second.Added != 1 {
		t.Errorf("Backup of one more record = %+v", second)
	}
	if states, err := filepath.Glob(filepath.Join(back, "state-*")); err != nil || len(states) != 1 {
		t.Errorf("states: %v, %v", states, err)
	}
	want := everything(t, dir, ledger.Options{})
	o := ledger.Restoring{Options: master(dir)}
	r := mustRestore(t, back, to, o)
	if r.Position != second.Position || r.Root != second.Root || r.Checkpoints < 2 || !slices.Equal(r.Missing, []string{"log.key"}) {
		t.Errorf("Restore = %+v", r)
	}
	if got := everything(t, to, master(dir)); !slices.Equal(got, want) {
		t.Errorf("restored:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	v, err := ledger.Verify(t.Context(), to, master(dir), ledger.Verifying{}, nil)
	if err != nil || !v.Good() || v.Checkpoints != r.Checkpoints {
		t.Errorf("Verify = %+v, %v", v, err)
	}
	// With the log's key and somebody who vouches for it, it goes on and signs.
	key, err := os.ReadFile(filepath.Join(dir, "log.key"))
	if err == nil {
		err = os.WriteFile(filepath.Join(to, "log.key"), key, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if at, err := ledger.RestartSigner(to, ledger.Options{}); err != nil || at.Size != uint64(second.Position) {
		t.Fatalf("RestartSigner = %+v, %v", at, err)
	}
	closing(t, to, master(dir), func(l *ledger.Ledger) {
		mustAccept(t, l, event("member.rated", "member/m3", "2021-01-10", `{"year":2020,"grade":"good"}`))
		if s, err := l.Sign(t.Context()); err != nil || s.Size != uint64(second.Position)+1 {
			t.Errorf("Sign after a restore = %+v, %v", s.Checkpoint, err)
		}
	})
	// It is another log by now: its backups go elsewhere.
	closing(t, to, master(dir), func(l *ledger.Ledger) {
		if _, err := l.Backup(t.Context(), back, ledger.Backing{}, nil); err == nil {
			t.Error("the restored ledger was added to the backup of the first")
		}
	})
	if _, err := ledger.Restore(t.Context(), back, filepath.Join(t.TempDir(), "x"), o, nil); err != nil {
		t.Errorf("Restore after a backup that was refused: %v", err)
	}
}

func TestABackupTakesSecretsAlongOnlyIfAsked(t *testing.T) {
	dir, back, to := ledgerIn(t), t.TempDir(), filepath.Join(t.TempDir(), "c")
	backUp(t, dir, back, ledger.Backing{})
	secret := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b[len(b)-40 : len(b)-8]
	}
	holds := func(b []byte) (found bool) {
		err := filepath.WalkDir(back, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				text, readErr := os.ReadFile(path)
				found, err = found || bytes.Contains(text, b), readErr
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if holds(secret("master.key")) || holds(secret("log.key")) {
		t.Error("the backup holds a key that was not asked for")
	}
	r := backUp(t, dir, back, ledger.Backing{MasterKey: true, SigningKeys: true})
	if !holds(secret("master.key")) || !holds(secret("log.key")) || len(r.Apart) > 0 {
		t.Errorf("the backup lacks a key that was asked for; apart: %v", r.Apart)
	}
	want := everything(t, dir, ledger.Options{})
	if r := mustRestore(t, back, to, ledger.Restoring{}); len(r.Missing) > 0 {
		t.Errorf("Restore misses %v", r.Missing)
	}
	if got := everything(t, to, ledger.Options{}); !slices.Equal(got, want) {
		t.Errorf("restored %v, want %v", got, want)
	}
	if names, err := filepath.Glob(filepath.Join(to, "signer.json")); err != nil || len(names) > 0 {
		t.Error("the memory of what was signed came back")
	}
}

func TestABackupUnderLoad(t *testing.T) {
	dir, back := filepath.Join(t.TempDir(), "data"), t.TempDir()
	closing(t, dir, ledger.Options{Create: true}, func(l *ledger.Ledger) {
		mustAccept(t, l, hill()...)
		ctx, stop := context.WithCancel(t.Context())
		var writers sync.WaitGroup
		for w := range 4 {
			writers.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					e := event("member.brought_forward", fmt.Sprintf("member/w%d-%d", w, i), "2020-01-01",
						`{"person":{"full_name":"Lò Văn Tiên","birth_year":1980,"gender":"male","ethnicity":"03","religion":"00"},"organisation":"b","status":"official","admitted_on":"2010-05-19"}`)
					if _, err := l.Record(ctx, []byte(e)); err != nil && ctx.Err() == nil {
						t.Errorf("Record during a backup: %v", err)
						return
					}
				}
			})
		}
		last := ledger.BackedUp{}
		for range 4 {
			r, err := l.Backup(t.Context(), back, ledger.Backing{}, nil)
			if err != nil {
				t.Errorf("Backup under load: %v", err)
				break
			}
			if r.Position < last.Position {
				t.Errorf("the backup went back from %d to %d", last.Position, r.Position)
			}
			last = r
		}
		stop()
		writers.Wait()
	})
	to := filepath.Join(t.TempDir(), "c")
	mustRestore(t, back, to, ledger.Restoring{Options: master(dir)})
	closing(t, to, master(dir), func(l *ledger.Ledger) {
		// Every key that a record needs is there, so every name can be opened.
		for e, err := range l.Events(t.Context(), ledger.EventFilter{}) {
			if err != nil || e.Missing != 0 {
				t.Fatalf("a restored event is closed: %+v, %v", e, err)
			}
		}
	})
}

func TestADamagedBackupIsRefused(t *testing.T) {
	dir, back := ledgerIn(t), t.TempDir()
	backUp(t, dir, back, ledger.Backing{MasterKey: true, SigningKeys: true})
	tried := 0
	err := filepath.WalkDir(back, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == "archive.lock" {
			return err
		}
		good, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		tried++
		for _, damage := range []struct {
			what string
			do   func() error
		}{
			{"a flipped bit", func() error {
				bad := bytes.Clone(good)
				bad[len(bad)/2] ^= 1
				return os.WriteFile(path, bad, 0o600)
			}},
			{"a cut", func() error { return os.Truncate(path, int64(len(good)-1)) }},
			{"a loss", func() error { return os.Remove(path) }},
		} {
			if err := damage.do(); err != nil {
				return err
			}
			to := filepath.Join(t.TempDir(), "c")
			_, err := ledger.Restore(t.Context(), back, to, ledger.Restoring{}, nil)
			bad, ok := errors.AsType[*ledger.DamagedBackupError](err)
			if !ok && !errors.Is(err, ledger.ErrNoBackup) {
				t.Errorf("Restore after %s in %s = %v", damage.what, d.Name(), err)
			}
			if strings.HasSuffix(d.Name(), ".open") && ok && bad.Sequence == 0 {
				t.Errorf("after %s in %s no sequence is named: %v", damage.what, d.Name(), err)
			}
			if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("after %s in %s something is left: %v", damage.what, d.Name(), err)
			}
		}
		return os.WriteFile(path, good, 0o600)
	})
	if err != nil || tried != 10 {
		t.Fatalf("%d files tried, %v", tried, err)
	}
	mustRestore(t, back, filepath.Join(t.TempDir(), "c"), ledger.Restoring{})
}

// A backup that was made to look right, with all hashes, does not come to what was
// signed.
func TestABackupThatWasCutIsRefused(t *testing.T) {
	dir, back := ledgerIn(t), t.TempDir()
	backUp(t, dir, back, ledger.Backing{MasterKey: true})
	if err := ledger.ForgeBackup(back, -1); err != nil {
		t.Fatal(err)
	}
	_, err := ledger.Restore(t.Context(), back, t.TempDir(), ledger.Restoring{}, nil)
	if _, ok := errors.AsType[*ledger.DamagedBackupError](err); !ok {
		t.Errorf("Restore of a backup that was cut = %v", err)
	}
}

func TestAnInterruptedBackupOrRestoreLeavesNothingHalf(t *testing.T) {
	dir, back := ledgerIn(t), t.TempDir()
	first := backUp(t, dir, back, ledger.Backing{MasterKey: true})
	closing(t, dir, ledger.Options{}, func(l *ledger.Ledger) {
		mustAccept(t, l, event("member.rated", "member/m2", "2021-01-10", `{"year":2020,"grade":"good"}`))
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := l.Backup(ctx, back, ledger.Backing{MasterKey: true}, func(int64, int64) { cancel() }); !errors.Is(err, context.Canceled) {
			t.Errorf("Backup that is interrupted = %v", err)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	to := filepath.Join(t.TempDir(), "c")
	cancel()
	if _, err := ledger.Restore(ctx, back, to, ledger.Restoring{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Restore that is interrupted = %v", err)
	}
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an interrupted restore leaves something: %v", err)
	}
	// The backup before it stands; what a killed restore has left is no hindrance.
	for _, left := range []string{".tmp-restore/log", "log", "tree"} {
		if err := os.MkdirAll(filepath.Join(to, left), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if r := mustRestore(t, back, to, ledger.Restoring{}); r.Position != first.Position {
		t.Errorf("Restore = %+v, want position %d", r, first.Position)
	}
	if _, err := ledger.Restore(t.Context(), back, to, ledger.Restoring{}, nil); !errors.Is(err, ledger.ErrDirectory) {
		t.Errorf("Restore over a ledger = %v", err)
	}
}

func TestARestoreThatForgetsWhatWasSignedIsRefused(t *testing.T) {
	dir, back := ledgerIn(t), t.TempDir()
	anchor := filepath.Join(t.TempDir(), "anchor")
	backUp(t, dir, back, ledger.Backing{MasterKey: true})
	o := ledger.Options{Signing: ledger.Signing{Anchors: []string{anchor}}}
	closing(t, dir, o, func(l *ledger.Ledger) {
		mustAccept(t, l, event("member.rated", "member/m2", "2021-01-10", `{"year":2020,"grade":"good"}`))
		if _, err := l.Sign(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	to := filepath.Join(t.TempDir(), "c")
	_, err := ledger.Restore(t.Context(), back, to, ledger.Restoring{Options: o}, nil)
	if e, ok := errors.AsType[*ledger.RollbackError](err); !ok || e.Signed != e.BackedUp+1 {
		t.Errorf("Restore of a backup that is older = %v", err)
	}
	r := mustRestore(t, back, to, ledger.Restoring{Options: o, AcceptRollback: true})
	if r.Lost != 1 {
		t.Errorf("Restore = %+v, want one record lost", r)
	}
	// Another history under the same key is never accepted.
	other := filepath.Join(t.TempDir(), "other")
	closing(t, dir, ledger.Options{}, func(l *ledger.Ledger) {
		s, err := l.Signed(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := audit.OpenHistory(other).Append(t.Context(), s.Note); err != nil {
			t.Fatal(err)
		}
	})
	elsewhere := ledgerIn(t)
	strange := t.TempDir()
	backUp(t, elsewhere, strange, ledger.Backing{MasterKey: true})
	o.Signing.Anchors = []string{other}
	if _, err := ledger.Restore(t.Context(), strange, filepath.Join(t.TempDir(), "d"), ledger.Restoring{Options: o, AcceptRollback: true}, nil); err == nil {
		t.Error("a backup was restored against the anchor of another ledger")
	}
}

// When the whole data directory is set back, with the tree and the memory of what was
// signed, only an anchor can tell; and what goes on would be a second history.
func TestAnOldCopyOfEverythingIsRefusedByAnAnchor(t *testing.T) {
	t.Parallel()
	dir, old := ledgerIn(t), filepath.Join(t.TempDir(), "old")
	anchor := filepath.Join(t.TempDir(), "anchor")
	o := ledger.Options{Signing: ledger.Signing{Anchors: []string{anchor}}}
	rate := func(l *ledger.Ledger, year string) {
		mustAccept(t, l, event("member.rated", "member/m2", year+"-12-20", `{"year":`+year+`,"grade":"good"}`))
	}
	closing(t, dir, o, func(l *ledger.Ledger) { rate(l, "2020") })
	if err := os.CopyFS(old, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"log.key", "signer.json", "master.key"} { // a copy of files has not their modes
		if err := os.Chmod(filepath.Join(old, key), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	closing(t, dir, o, func(l *ledger.Ledger) { rate(l, "2021") })

	_, err := ledger.Open(t.Context(), old, o)
	if e, ok := errors.AsType[*audit.EvidenceError](err); !ok || e.Code != audit.CheckpointRollback || !strings.Contains(err.Error(), anchor) {
		t.Fatalf("Open of an old copy = %v, want %s that names the anchor", err, audit.CheckpointRollback)
	}
	closing(t, dir, o, func(*ledger.Ledger) {}) // the ledger itself goes on
	// An anchor that is not there says nothing.
	closing(t, old, ledger.Options{Signing: ledger.Signing{Anchors: []string{filepath.Join(t.TempDir(), "none", "anchor")}}}, func(*ledger.Ledger) {})
	// Somebody vouches for it that the later records are given up.
	if _, err := ledger.RestartSigner(old, o); err != nil {
		t.Fatal(err)
	}
	closing(t, old, o, func(l *ledger.Ledger) { rate(l, "2022") })
	// Then it is the other that does not go on from what counts.
	if _, err := ledger.Open(t.Context(), dir, o); err == nil {
		t.Error("the ledger that was given up is opened beside the anchor")
	}
}

func TestWhereNoBackupIsMade(t *testing.T) {
	dir, taken, other := ledgerIn(t), t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(taken, "letter.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	backUp(t, ledgerIn(t), other, ledger.Backing{})
	closing(t, dir, ledger.Options{}, func(l *ledger.Ledger) {
		for _, to := range []string{dir, filepath.Join(dir, "b"), taken, other} {
			if _, err := l.Backup(t.Context(), to, ledger.Backing{}, nil); !errors.Is(err, ledger.ErrBackupPlace) {
				t.Errorf("Backup into %s = %v, want %v", to, err, ledger.ErrBackupPlace)
			}
		}
	})
	if _, err := ledger.Restore(t.Context(), taken, t.TempDir(), ledger.Restoring{}, nil); !errors.Is(err, ledger.ErrNoBackup) {
		t.Errorf("Restore of no backup = %v", err)
	}
}
