package archive_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rollbook/eventstore"
	"rollbook/eventstore/archive"
	"rollbook/eventstore/jetstream"
)

const origin = "rollbook/test/e1"

func openLog(t testing.TB, dir string, create bool) *jetstream.Log {
	t.Helper()
	log, err := jetstream.Open(t.Context(), jetstream.Config{Dir: dir, Create: create})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	return log
}

// grow adds records to histories that take turns.
func grow(t testing.TB, log *jetstream.Log, heads map[string]eventstore.Head, n int) {
	t.Helper()
	last, err := log.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for n > 0 {
		var writes []eventstore.Write
		for i := range min(n, 100) {
			stream := fmt.Sprintf("member/m%d", i%37)
			last++
			writes = append(writes, eventstore.Write{Stream: stream, Expected: heads[stream], Records: []eventstore.Record{{
				ID: fmt.Sprint("r", last), Type: "member.rated", Schema: "1", Actor: "clerk", Data: bytes.Repeat([]byte{byte(last)}, int(last)%900),
			}}})
			heads[stream] = eventstore.Head{Position: last, Count: heads[stream].Count + 1}
		}
		if _, err := log.Append(t.Context(), writes...); err != nil {
			t.Fatal(err)
		}
		n -= len(writes)
	}
}

func open(t testing.TB, dir string) *archive.Archive {
	t.Helper()
	a, err := archive.Open(dir, archive.Options{Origin: origin, SegmentBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func follow(t testing.TB, a *archive.Archive, log archive.Source) {
	t.Helper()
	shape, err := log.Shape(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Follow(t.Context(), log, shape.Last); err != nil {
		t.Fatalf("Follow: %v", err)
	}
}

func all(t testing.TB, log archive.Source, after, to eventstore.Position) (out []eventstore.Stored) {
	t.Helper()
	for s, err := range log.ReplayStored(t.Context(), after, to) {
		if err != nil {
			t.Fatalf("ReplayStored: %v", err)
		}
		out = append(out, s)
	}
	return out
}

func same(t testing.TB, got, want []eventstore.Stored) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(normal(got[i]), normal(want[i])) {
			t.Fatalf("record %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

func normal(s eventstore.Stored) eventstore.Stored {
	s.Time = s.Time.UTC()
	s.Data = append([]byte{}, s.Data...)
	s.Headers = append([][2]string{}, s.Headers...)
	return s
}

// The archive says what the log says, record by record, as it grows, from any
// position to any other, by one subject, and to a reader beside.
func TestAnArchiveIsTheLog(t *testing.T) {
	log, heads := openLog(t, t.TempDir(), true), map[string]eventstore.Head{}
	dir := t.TempDir()
	a := open(t, dir)
	for range 4 {
		grow(t, log, heads, 250)
		follow(t, a, log)
	}
	want := all(t, log, 0, 1000)
	reader, err := archive.OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []archive.Source{a, reader} {
		same(t, all(t, from, 0, 0), want)
		for _, r := range [][2]int{{0, 1}, {1, 2}, {499, 731}, {999, 1000}, {1000, 1000}} {
			same(t, all(t, from, eventstore.Position(r[0]), eventstore.Position(r[1])), want[r[0]:r[1]])
		}
	}
	var m5 []eventstore.Stored
	for _, s := range want {
		if strings.HasSuffix(s.Subject, ".m5") {
			m5 = append(m5, s)
		}
	}
	found, to, err := reader.Stream(t.Context(), m5[0].Subject)
	if err != nil || to != 1000 {
		t.Fatalf("Stream comes to %d, %v", to, err)
	}
	same(t, found, m5)
	if damage, err := reader.Verify(t.Context()); err != nil || len(damage) > 0 {
		t.Errorf("Verify: %v, %v", damage, err)
	}
	if shape, err := reader.Shape(t.Context()); err != nil || shape.First != 1 || shape.Last != 1000 {
		t.Errorf("Shape = %+v, %v", shape, err)
	}
	if _, err := archive.Open(dir, archive.Options{Origin: origin}); !errors.Is(err, archive.ErrInUse) {
		t.Errorf("a second writer: %v", err)
	}
	if err := reader.Follow(t.Context(), log, 1000); err == nil {
		t.Error("a reader writes")
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Open(dir, archive.Options{Origin: "another"}); !errors.Is(err, archive.ErrOrigin) {
		t.Errorf("another origin: %v", err)
	}
	if _, err := archive.OpenReader(t.TempDir()); !errors.Is(err, archive.ErrNone) {
		t.Errorf("nothing there: %v", err)
	}
	// A log that was made anew is another one.
	other := openLog(t, t.TempDir(), true)
	grow(t, other, map[string]eventstore.Head{}, 1100)
	a = open(t, dir)
	if err := a.Follow(t.Context(), other, 1100); !errors.Is(err, archive.ErrOrigin) {
		t.Errorf("Follow of another log: %v", err)
	}
	follow(t, a, log)
}

// What the caller's check refuses stays out.
func TestWhatIsRefusedIsNotArchived(t *testing.T) {
	log := openLog(t, t.TempDir(), true)
	grow(t, log, map[string]eventstore.Head{}, 100)
	refused := errors.New("refused")
	a, err := archive.Open(t.TempDir(), archive.Options{Origin: origin, Check: func([]eventstore.Stored) error { return refused }})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := a.Follow(t.Context(), log, 100); !errors.Is(err, refused) {
		t.Errorf("Follow = %v", err)
	}
	if last, err := a.Last(); err != nil || last != 0 {
		t.Errorf("%d records were archived, %v", last, err)
	}
}

func files(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".lock") {
			return err
		}
		out[path], err = os.ReadFile(path)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// Damage anywhere is named, and what is written again is what was there.
func TestDamageIsNamedAndRepaired(t *testing.T) {
	log := openLog(t, t.TempDir(), true)
	grow(t, log, map[string]eventstore.Head{}, 1000)
	dir := t.TempDir()
	a := open(t, dir)
	follow(t, a, log)
	whole := files(t, dir)
	var sealed []string
	for path := range whole {
		if strings.HasSuffix(path, ".seg") {
			sealed = append(sealed, path)
		}
	}
	if len(sealed) < 5 {
		t.Fatalf("only %d segments", len(sealed))
	}
	r := rand.New(rand.NewPCG(1, 2))
	damages := map[string]func(path string, b []byte) error{
		"cut":     func(path string, b []byte) error { return os.Truncate(path, r.Int64N(int64(len(b)))) },
		"removed": func(path string, _ []byte) error { return os.Remove(path) },
		"longer":  func(path string, b []byte) error { return os.WriteFile(path, append(bytes.Clone(b), 0), 0o600) },
		"another": func(path string, _ []byte) error {
			other := sealed[0]
			if other == path {
				other = sealed[1]
			}
			return os.WriteFile(path, whole[other], 0o600)
		},
	}
	flips := 60
	if os.Getenv("ROLLBOOK_LONG") != "" {
		flips = 1000
	}
	for n := range flips {
		damages[fmt.Sprint("flip ", n)] = func(path string, b []byte) error {
			c := bytes.Clone(b)
			c[r.IntN(len(c))] ^= 1 << r.IntN(8)
			return os.WriteFile(path, c, 0o600)
		}
	}
	for name, damage := range damages {
		path := sealed[r.IntN(len(sealed))]
		if err := damage(path, whole[path]); err != nil {
			t.Fatal(err)
		}
		found, err := a.Verify(t.Context())
		if err != nil || len(found) != 1 || found[0].Path != path {
			if last := len(found) == 0 && name == "removed"; !last { // without the last there is nothing behind a hole
				t.Errorf("%s of %s: Verify = %v, %v", name, filepath.Base(path), found, err)
			}
		}
		var gap *eventstore.GapError
		for _, err := range a.ReplayStored(t.Context(), 0, 0) {
			if err != nil && !errors.As(err, &gap) {
				t.Errorf("%s: ReplayStored = %v", name, err)
			}
		}
		if _, err := a.Repair(t.Context(), log); err != nil {
			t.Fatalf("%s: Repair: %v", name, err)
		}
		follow(t, a, log)
		again := files(t, dir)
		if len(again) != len(whole) {
			t.Fatalf("%s: %d files, want %d", name, len(again), len(whole))
		}
		for path, b := range whole {
			if !bytes.Equal(again[path], b) {
				t.Fatalf("%s: %s is not what it was", name, filepath.Base(path))
			}
		}
	}
}

const childRole = "ROLLBOOK_TEST_ARCHIVE"

func TestMain(m *testing.M) {
	if dirs := os.Getenv(childRole); dirs != "" {
		logDir, dir, _ := strings.Cut(dirs, ":")
		if err := child(logDir, dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child copies an archive into another one, a few records at a time, until it is
// killed.
func child(from, to string) error {
	source, err := archive.OpenReader(from)
	if err != nil {
		return err
	}
	a, err := archive.Open(to, archive.Options{Origin: origin, SegmentBytes: 64 << 10})
	if err != nil {
		return err
	}
	end, err := source.Last()
	if err != nil {
		return err
	}
	fmt.Println("begun")
	for at := eventstore.Position(7); ; at = min(at+7, end) {
		if err := a.Follow(background(), source, at); err != nil {
			return err
		}
		fmt.Println(at)
		if at == end {
			return a.Close()
		}
	}
}

// Killed at any moment, it has what it said it has, and ends in the same bytes.
func TestKilledAtAnyMoment(t *testing.T) {
	log := openLog(t, t.TempDir(), true)
	grow(t, log, map[string]eventstore.Head{}, 1000)
	whole := t.TempDir()
	a := open(t, whole)
	follow(t, a, log)
	want := files(t, whole)
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(3, 4))
	for kills := 0; ; kills++ {
		run := exec.CommandContext(t.Context(), os.Args[0])
		run.Env = append(os.Environ(), childRole+"="+whole+":"+dir)
		out, err := run.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := run.Start(); err != nil {
			t.Fatal(err)
		}
		said := eventstore.Position(0)
		stop := r.IntN(40)
		for lines := 0; ; lines++ {
			var line string
			if _, err := fmt.Fscanln(out, &line); err != nil {
				break
			}
			_, _ = fmt.Sscan(line, &said)
			if kills < 15 && lines == stop {
				_ = run.Process.Kill()
			}
		}
		ended := run.Wait()
		half, err := archive.OpenReader(dir)
		if err != nil {
			t.Fatal(err)
		}
		if last, err := half.Last(); err != nil || last < said {
			t.Fatalf("after a kill it has %d records and said %d, %v", last, said, err)
		}
		if ended == nil {
			break
		}
	}
	for path, b := range files(t, dir) {
		if !bytes.Equal(b, want[filepath.Join(whole, filepath.Base(path))]) {
			t.Errorf("%s has other bytes than without kills", filepath.Base(path))
		}
	}
}

// Any record comes back as it was.
func TestAnyRecord(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir := t.TempDir()
		var list records
		for i := range rapid.IntRange(1, 40).Draw(rt, "records") {
			s := eventstore.Stored{
				Position: eventstore.Position(i + 1), Time: time.Unix(0, rapid.Int64().Draw(rt, "time")).UTC(),
				Subject: rapid.String().Draw(rt, "subject"), Data: rapid.SliceOf(rapid.Byte()).Draw(rt, "data"),
			}
			for range rapid.IntRange(0, 4).Draw(rt, "headers") {
				s.Headers = append(s.Headers, [2]string{rapid.String().Draw(rt, "name"), rapid.String().Draw(rt, "value")})
			}
			list = append(list, s)
		}
		a, err := archive.Open(dir, archive.Options{Origin: origin, SegmentBytes: rapid.Int64Range(1, 4000).Draw(rt, "segment")})
		if err != nil {
			rt.Fatal(err)
		}
		defer a.Close()
		half := eventstore.Position(rapid.IntRange(0, len(list)).Draw(rt, "half"))
		for _, to := range []eventstore.Position{half, eventstore.Position(len(list))} {
			if err := a.Follow(rt.Context(), list, to); err != nil {
				rt.Fatal(err)
			}
		}
		same(t, all(t, a, 0, 0), list)
	})
}
