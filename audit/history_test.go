package audit_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rollbook/audit"
)

// readAll returns the sizes of the checkpoints in a history, and how often
// something else was found.
func readAll(t testing.TB, h *audit.History, policy *audit.Policy) (sizes []uint64, torn int) {
	t.Helper()
	for text, err := range h.All() {
		if errors.Is(err, audit.ErrHistory) {
			torn++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		signed, err := policy.Verify(text, now, 0)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		sizes = append(sizes, signed.Size)
	}
	return sizes, torn
}

// Whatever a crash leaves of an entry, those before and after it are read.
func TestAHistoryOutlivesACrashAnywhere(t *testing.T) {
	key := newKey(t, origin, audit.LogKey)
	policy := audit.OwnPolicy(key.Public())
	note := func(size uint64) []byte {
		return signAs(t, key, audit.Checkpoint{Origin: origin, Size: size, Root: audit.Hash{byte(size)}})
	}
	first, second, third := note(1), note(2), note(3)
	for cut := 0; cut <= len(second)+1; cut++ {
		h := audit.OpenHistory(filepath.Join(t.TempDir(), "history"))
		whole := slices.Concat(first, []byte("\n"), slices.Concat(second, []byte("\n"))[:cut])
		if err := os.WriteFile(h.Path(), whole, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := h.Append(t.Context(), third); err != nil {
			t.Fatal(err)
		}
		sizes, torn := readAll(t, h, policy)
		want := []uint64{1, 3}
		if cut >= len(second) { // all but the empty line
			want = []uint64{1, 2, 3}
		}
		if whole := cut == 0 || cut >= len(second); !slices.Equal(sizes, want) || (torn == 0) != whole {
			t.Errorf("cut after %d bytes: %v and %d fragments, want %v", cut, sizes, torn, want)
		}
	}
}

func TestAHistoryOfSomethingElse(t *testing.T) {
	key := newKey(t, origin, audit.LogKey)
	note := signAs(t, key, audit.Checkpoint{Origin: origin, Size: 1, Root: audit.Hash{1}})
	for name, text := range map[string]string{
		"a line without end": strings.Repeat("x", 1<<20) + "\n\n",
		"lines without end":  strings.Repeat("x\n", 1<<20) + "\n",
		"empty lines":        strings.Repeat("\n", 1<<20),
		"signatures alone":   strings.Repeat("— x AAAA\n", 100) + "\n",
		"bytes":              string(bytes.Repeat([]byte{0xff, 0, '\n'}, 100)) + "\n!\n\n",
	} {
		h := audit.OpenHistory(filepath.Join(t.TempDir(), "history"))
		if err := os.WriteFile(h.Path(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := h.Append(t.Context(), note); err != nil {
			t.Fatal(err)
		}
		if sizes, _ := readAll(t, h, audit.OwnPolicy(key.Public())); !slices.Equal(sizes, []uint64{1}) {
			t.Errorf("%s, then a checkpoint: %v", name, sizes)
		}
	}
}

func TestAnAnchorThatDoesNotAnswer(t *testing.T) {
	dir := t.TempDir()
	key := newKey(t, origin, audit.LogKey)
	note := signAs(t, key, audit.Checkpoint{Origin: origin, Size: 1, Root: audit.Hash{1}})
	stuck, full, sound := audit.OpenHistory(filepath.Join(dir, "a")), audit.OpenHistory(filepath.Join(dir, "b")), audit.OpenHistory(filepath.Join(dir, "c"))
	release, reached := make(chan struct{}), make(chan struct{}, 10)
	stuck.SetOp(func(what string) error {
		if what == "write" {
			reached <- struct{}{}
			<-release
		}
		return nil
	})
	full.SetOp(func(what string) error {
		if what == "sync" {
			return errors.New("no space left on device")
		}
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-reached; cancel() }()
	anchors := []*audit.History{stuck, full, sound}
	results := audit.AppendAll(ctx, anchors, note)
	if results[0].Err == nil || results[1].Err == nil {
		t.Errorf("what cannot be written is not reported: %v", results)
	}
	// The one that hangs still hangs, and holds nobody up.
	ended, stop := context.WithTimeout(t.Context(), time.Nanosecond)
	defer stop()
	if err := stuck.Append(ended, note); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the second time: %v", err)
	}
	close(release)
	if err := stuck.Append(t.Context(), note); err != nil {
		t.Errorf("when the disk is back: %v", err)
	}
	if sizes, torn := readAll(t, stuck, audit.OwnPolicy(key.Public())); torn != 0 || len(sizes) < 2 {
		t.Errorf("the one that hung has %v and %d fragments", sizes, torn)
	}
	if err := sound.Append(t.Context(), note); err != nil {
		t.Errorf("the sound one: %v", err)
	}
}

func TestHistoriesAreOneAfterTheOther(t *testing.T) {
	key := newKey(t, origin, audit.LogKey)
	h := audit.OpenHistory(filepath.Join(t.TempDir(), "history"))
	if n, err := h.Newest(audit.OwnPolicy(key.Public()), now); n != nil || err != nil {
		t.Errorf("Newest of nothing = %v, %v", n, err)
	}
	var want []uint64
	for range 20 {
		size := rand.Uint64N(1 << 40)
		if err := h.Append(t.Context(), signAs(t, key, audit.Checkpoint{Origin: origin, Size: size, Root: audit.Hash{byte(size)}})); err != nil {
			t.Fatal(err)
		}
		want = append(want, size)
	}
	if got, torn := readAll(t, h, audit.OwnPolicy(key.Public())); !slices.Equal(got, want) || torn != 0 {
		t.Errorf("wrote %v, read %v and %d fragments", want, got, torn)
	}
	_, err := h.Newest(audit.OwnPolicy(newKey(t, origin, audit.LogKey).Public()), now)
	wantCode(t, "the newest of another log", err, audit.CheckpointSignature)
}

// Of a long history only the end is read, wherever in a note that begins.
func TestTheNewestOfALongHistory(t *testing.T) {
	key := newKey(t, origin, audit.LogKey)
	policy := audit.OwnPolicy(key.Public())
	note := func(size uint64) []byte {
		return append(signAs(t, key, audit.Checkpoint{Origin: origin, Size: size, Root: audit.Hash{byte(size)}}), '\n')
	}
	h := audit.OpenHistory(filepath.Join(t.TempDir(), "history"))
	begin := bytes.Repeat(note(1), 3000) // some 600 kB
	for cut := 0; cut <= len(note(1)); cut += 29 {
		for name, c := range map[string]struct {
			end  []byte
			want uint64
		}{
			"a note":       {note(7), 7},
			"half of one":  {note(8)[:len(note(8))/2], 1},
			"a torn line":  {slices.Concat(note(9), []byte("x\n!\n\n")), 9},
			"much else":    {slices.Concat(note(10), bytes.Repeat([]byte("x\n"), 1<<18)), 10},
			"nothing more": {nil, 1},
		} {
			if err := os.WriteFile(h.Path(), slices.Concat(bytes.Repeat([]byte("\n"), cut), begin, c.end), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := h.Newest(policy, now)
			if err != nil || got == nil || got.Size != c.want {
				t.Fatalf("%s, moved by %d: Newest = %v, %v, want size %d", name, cut, got, err, c.want)
			}
		}
	}
}
