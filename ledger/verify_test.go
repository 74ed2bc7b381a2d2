package ledger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"rollbook/audit"
	"rollbook/ledger"
	"rollbook/projections/sqlite/sqlitetest"
)

// often returns how many single bits are flipped, one at a time, and how often
// nothing is: more than an ordinary run of the tests has time for if ROLLBOOK_LONG
// is set.
func often() (flips, clean int) {
	if os.Getenv("ROLLBOOK_LONG") != "" {
		return 1000, 100
	}
	return 40, 3
}

// storeFiles returns, but for who has the log open, the files that facts and proofs
// are kept in, relative to it.
func storeFiles(t *testing.T, dir string) (files []string) {
	t.Helper()
	for _, part := range []string{"log", "tree", "checkpoints"} {
		if err := filepath.WalkDir(filepath.Join(dir, part), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || d.Name() == "lock.pid" {
				return err
			}
			if info, err := d.Info(); err != nil || info.Size() == 0 {
				return err
			}
			files = append(files, path)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// repeated is what the server keeps beside the log to find its way faster, and
// makes anew from the log whenever it does not like what it finds. Nothing that is
// recorded is in it.
func repeated(path string) bool {
	return strings.HasSuffix(path, "index.db") || strings.Contains(path, "/obs/")
}

func copyDirectory(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"log.key", "master.key"} { // CopyFS opens them to all
		if err := os.Chmod(filepath.Join(to, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func verify(ctx context.Context, dir string) (ledger.Verification, error) {
	return ledger.Verify(ctx, dir, ledger.Options{}, ledger.Verifying{LogOnly: true}, nil)
}

const verifyRole = "ROLLBOOK_TEST_VERIFY"

// mostMemory is how much a child may take: nats-server 2.15.2 makes a list of all
// positions that it takes for missing, and dies of one flipped bit in a position.
const mostMemory = 4 << 30

// verified runs the child if this process is one: it says what a verification of a
// directory comes to.
func verified() {
	dir := os.Getenv(verifyRole)
	if dir == "" {
		return
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: mostMemory, Max: mostMemory}); err != nil {
		panic(err)
	}
	v, err := verify(context.Background(), dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(v); err != nil {
		panic(err)
	}
	os.Exit(0)
}

// verifyBeside verifies in a process of its own.
func verifyBeside(t *testing.T, dir string) (v ledger.Verification, err error) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), verifyRole+"="+dir)
	out, err := child.Output()
	if err == nil {
		err = json.Unmarshal(out, &v)
	}
	return v, err
}

// One bit anywhere in what facts and proofs are kept in, and it is noticed: by the
// verification, or because the log cannot even be opened.
func TestFlippedBitsAreNoticed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	closing(t, dir, ledger.Options{Create: true}, func(l *ledger.Ledger) {
		mustAccept(t, l, hill()...)
		if _, err := l.Sign(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	clean, err := verifyBeside(t, dir)
	if err != nil || !clean.Good() || len(clean.Problems) > 0 {
		t.Fatalf("before anything was flipped: %+v, %v", clean, err)
	}
	// Honest runs raise no alarm, of the log as it lies there, and of copies.
	flips, honest := often()
	for range honest {
		if again, err := verifyBeside(t, copyDirectory(t, dir)); err != nil || len(again.Problems) > 0 {
			t.Fatalf("a false alarm: %+v, %v", again, err)
		}
		if again, err := verifyBeside(t, dir); err != nil || len(again.Problems) > 0 {
			t.Fatalf("a false alarm: %+v, %v", again, err)
		}
	}
	files := storeFiles(t, dir)
	if !slices.ContainsFunc(files, func(f string) bool { return strings.HasSuffix(f, ".blk") }) || !slices.ContainsFunc(files, func(f string) bool { return strings.Contains(f, "/tile/") }) {
		t.Fatalf("these are not all files: %v", files)
	}
	var sizes []int64
	var total int64
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		sizes, total = append(sizes, info.Size()), total+info.Size()
	}
	r := rand.New(rand.NewPCG(1, uint64(flips)))
	type flip struct {
		file string
		bit  int64
	}
	work := make(chan flip)
	var named atomic.Int64
	var waiting sync.WaitGroup
	for range 4 {
		waiting.Go(func() {
			for f := range work {
				noticed(t, dir, f.file, f.bit, clean, &named)
			}
		})
	}
	for n := range flips {
		// Every file in turn, and then anywhere: most bytes are in few files.
		i, at := n%len(files), int64(0)
		if n < 2*len(files) {
			at = r.Int64N(sizes[i] * 8)
		} else {
			at = r.Int64N(total * 8)
			for i = 0; at >= sizes[i]*8; i++ {
				at -= sizes[i] * 8
			}
		}
		work <- flip{files[i], at}
	}
	close(work)
	waiting.Wait()
	t.Logf("%d of %d flips were named by the verification; the others kept the log from being opened, or were in what is made anew", named.Load(), flips)
	if int(named.Load()) < flips/2 {
		t.Errorf("only %d of %d flips were named", named.Load(), flips)
	}
}

func noticed(t *testing.T, dir, file string, bit int64, clean ledger.Verification, named *atomic.Int64) {
	t.Helper()
	to := copyDirectory(t, dir)
	path := filepath.Join(to, strings.TrimPrefix(file, dir))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
		return
	}
	b[bit/8] ^= 1 << (bit % 8)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Error(err)
		return
	}
	v, err := verifyBeside(t, to)
	switch {
	case err != nil:
	case !v.Good():
		named.Add(1)
	case repeated(file) && v.Root == clean.Root && v.Records == clean.Records:
		// Every record is as it was.
	default:
		t.Errorf("bit %d of %s: nobody noticed (%+v)", bit, strings.TrimPrefix(file, dir), v.Problems)
	}
	if err := os.RemoveAll(filepath.Dir(to)); err != nil {
		t.Error(err)
	}
}

// A verification needs no key for personal data, and reads no more than it says.
func TestVerifyNeedsNoKeysForPersonalData(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	closing(t, dir, ledger.Options{Create: true}, func(l *ledger.Ledger) { mustAccept(t, l, hill()...) })
	signed, err := os.ReadFile(filepath.Join(dir, "checkpoints"))
	if err != nil {
		t.Fatal(err)
	}
	closing(t, dir, ledger.Options{}, func(l *ledger.Ledger) {
		mustAccept(t, l, `{"type":"organisation.commended","subject":"organisation/a","effectiveon":"2022-12-20","data":{"title":"Tiên tiến","year":2022}}`)
	})
	v, err := ledger.Verify(t.Context(), dir, ledger.Options{}, ledger.Verifying{}, nil)
	if err != nil || !v.Good() || len(v.Models) == 0 || v.Checkpoints != 2 || !v.Unwitnessed {
		t.Fatalf("Verify = %+v, %v", v, err)
	}
	// The newest checkpoint alone is trusted: one record is left to read.
	from := bytes.TrimSuffix(signed, []byte("\n"))
	part, err := ledger.Verify(t.Context(), dir, ledger.Options{}, ledger.Verifying{From: from, LogOnly: true}, nil)
	if err != nil || !part.Good() || part.Records != 1 || part.Root != v.Root {
		t.Errorf("from a checkpoint: %+v, %v", part, err)
	}
	for _, name := range []string{"keys.db", "master.key"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	bare, err := ledger.Verify(t.Context(), dir, ledger.Options{}, ledger.Verifying{LogOnly: true}, nil)
	if err != nil || !bare.Good() || bare.Root != v.Root {
		t.Errorf("without keys: %+v, %v", bare, err)
	}
}

// A row of the figures that was changed behind the ledger's back is named.
func TestVerifyComparesTheReadModels(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	closing(t, dir, ledger.Options{Create: true}, func(l *ledger.Ledger) {
		mustAccept(t, l, hill()...)
		if err := l.CatchUp(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	})
	sqlitetest.Execute(t, filepath.Join(dir, "models.db.g1"), "UPDATE headcount SET effective_on = effective_on + 1 WHERE sequence = (SELECT max(sequence) FROM headcount)")
	v, err := ledger.Verify(t.Context(), dir, ledger.Options{}, ledger.Verifying{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	first := v.First()
	if first == nil || first.Code != ledger.ReadModelMismatch || first.Nature != audit.Altered || first.Sequence == 0 {
		t.Errorf("Verify = %+v", v)
	}
}

// Who lacks the keys is not told that somebody changed figures.
func TestVerifyWithoutTheMasterKeyAltersNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	closing(t, dir, ledger.Options{Create: true}, func(l *ledger.Ledger) {
		mustAccept(t, l, hill()...)
		if err := l.CatchUp(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	})
	key := filepath.Join(dir, "master.key")
	if err := os.Rename(key, key+".away"); err != nil {
		t.Fatal(err)
	}
	v, err := ledger.Verify(t.Context(), dir, ledger.Options{}, ledger.Verifying{}, nil)
	if first := v.First(); err != nil || first == nil || first.Code != ledger.ModelsSealed || first.Nature != audit.Lacking {
		t.Errorf("Verify = %+v, %v; want %s", v, err, ledger.ModelsSealed)
	}
	if err := os.Rename(key+".away", key); err != nil {
		t.Fatal(err)
	}
	if v, err := ledger.Verify(t.Context(), dir, ledger.Options{}, ledger.Verifying{}, nil); err != nil || !v.Good() {
		t.Errorf("Verify with it = %+v, %v", v, err)
	}
}
