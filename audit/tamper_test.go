package audit_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rollbook/audit"
)

// post sends a request to a witness as anybody could.
func post(t *testing.T, url, body string) (status int, contentType, answer string) {
	t.Helper()
	resp, err := http.Post(url+"/add-checkpoint", "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(b)
}

func TestAWitnessRefusesWhatDoesNotGoOn(t *testing.T) {
	l := newSignedLog(t, 1, "quorum w1\n")
	w := l.witnesses[0]
	l.publish(t, 3000)
	l.publish(t, 5000)
	fork := l.fork(t, 1234)
	honest := l.sign(t, at(t, l.tree, 5000))
	forged := l.sign(t, fork.Checkpoint())
	l.records.grow(100)
	catchUp(t, l.tree, l.records)
	later := l.sign(t, l.tree.Checkpoint())
	forkLater := l.fork(t, 1234)
	forgedLater := l.sign(t, forkLater.Checkpoint())
	stranger := signAs(t, newKey(t, origin, audit.LogKey), l.tree.Checkpoint())
	other := signAs(t, newKey(t, "rollbook/other/e1", audit.LogKey), audit.Checkpoint{Origin: "rollbook/other/e1", Size: 5, Root: audit.Hash{1}})
	good := consistency(t, l.tree.Tiles(), 5000, 5100)

	tests := []struct {
		name    string
		request audit.Request
		status  int
		code    audit.Code // of the client's error
		kept    int        // pieces of evidence
	}{
		{"20: the history rewritten, at the same size", audit.Request{Old: 5000, Checkpoint: forged}, 422, audit.SplitView, 1},
		{"21: the same, from an older size", audit.Request{Old: 3000, Proof: consistency(t, fork.Tiles(), 3000, 5000), Checkpoint: forged}, 409, "", 1},
		{"22: the history rewritten, at a later size", audit.Request{Old: 5000, Proof: consistency(t, forkLater.Tiles(), 5000, 5100), Checkpoint: forgedLater}, 422, audit.CheckpointInconsistent, 2},
		{"23: an older checkpoint", audit.Request{Old: 5000, Checkpoint: l.sign(t, at(t, l.tree, 3000))}, 400, audit.CheckpointRollback, 2},
		{"24: another key of the same name", audit.Request{Old: 5000, Proof: good, Checkpoint: stranger}, 403, audit.CheckpointSignature, 2},
		{"25: the size edited", audit.Request{Old: 5000, Proof: good, Checkpoint: bytes.Replace(later, []byte("\n5100\n"), []byte("\n5101\n"), 1)}, 403, audit.CheckpointSignature, 2},
		{"a log that is not known", audit.Request{Checkpoint: other}, 404, "", 2},
		{"a proof that is cut", audit.Request{Old: 5000, Proof: good[1:], Checkpoint: later}, 422, audit.CheckpointInconsistent, 3},
		{"a proof at the same size", audit.Request{Old: 5000, Proof: good, Checkpoint: honest}, 422, audit.CheckpointInconsistent, 4},
		{"no proof", audit.Request{Old: 5000, Checkpoint: later}, 422, audit.CheckpointInconsistent, 4},
	}
	before := w.own.Last(origin)
	for _, test := range tests {
		status, kind, answer := post(t, w.server.URL, string(test.request.Marshal()))
		if status != test.status {
			t.Errorf("%s: status %d, want %d (%s)", test.name, status, test.status, answer)
		}
		if status == 409 && (answer != "5000\n" || kind != "text/x.tlog.size") {
			t.Errorf("%s: %q %q", test.name, kind, answer)
		}
		_, err := w.client.AddCheckpoint(t.Context(), test.request)
		if test.code != "" {
			wantCode(t, test.name, err, test.code)
		}
		if _, conflict := errors.AsType[*audit.ConflictError](err); conflict != (test.status == 409) {
			t.Errorf("%s: %v", test.name, err)
		}
		if errors.Is(err, audit.ErrUnknownLog) != (test.status == 404) {
			t.Errorf("%s: %v", test.name, err)
		}
		if got := strings.Count(w.evidence(t), "\n"); got != test.kept {
			t.Errorf("%s: %d pieces of evidence, want %d", test.name, got, test.kept)
		}
	}
	if !bytes.Equal(before, w.own.Last(origin)) {
		t.Error("a refused request changed what the witness remembers")
	}
	if e := w.evidence(t); !strings.Contains(e, "SPLIT_VIEW") || !strings.Contains(e, base64Line(forged)) || !strings.Contains(e, base64Line(before)) {
		t.Errorf("the evidence does not hold both notes: %s", e)
	}
	// And goes on with the truth.
	if status, _, answer := post(t, w.server.URL, string(audit.Request{Old: 5000, Proof: good, Checkpoint: later}.Marshal())); status != 200 || !strings.HasPrefix(answer, "— w1.example/w1 ") {
		t.Errorf("the honest log: %d %s", status, answer)
	}
}

// base64Line returns the root's line, which stands as it is in JSON.
func base64Line(note []byte) string { return strings.Split(string(note), "\n")[2] }

func TestAWitnessReadsNoMoreThanItMust(t *testing.T) {
	l := newSignedLog(t, 1, "quorum w1\n")
	url := l.witnesses[0].server.URL
	note := string(l.sign(t, audit.Checkpoint{Origin: origin, Size: 5, Root: audit.Hash{1}}))
	hash := audit.Hash{}.String() + "\n"
	for name, body := range map[string]string{
		"nothing":                "",
		"no old size":            "\n" + note,
		"a leading zero":         "old 00\n\n" + note,
		"a size of 2^63":         "old 9223372036854775808\n\n" + note,
		"a size below zero":      "old -1\n\n" + note,
		"65 hashes":              "old 1\n" + strings.Repeat(hash, 65) + "\n" + note,
		"64 hashes":              "old 1\n" + strings.Repeat(hash, 64) + "\n" + note,
		"a hash that is cut":     "old 1\n" + hash[4:] + "\n" + note,
		"no empty line":          "old 1\n" + hash,
		"no checkpoint":          "old 0\n\n",
		"a note of 64 KiB":       "old 0\n\n" + origin + "\n" + strings.Repeat("a", 64<<10) + "\n\n— x AAAA\n",
		"a body without bound":   strings.Repeat("old 0\n", 1<<20),
		"a carriage return":      "old 0\r\n\r\n" + note,
		"a checkpoint of a fool": "old 0\n\n" + origin + "\n",
	} {
		if status, _, answer := post(t, url, body); status != 400 {
			t.Errorf("%s: status %d (%s)", name, status, answer)
		}
	}
	resp, err := http.Get(url + "/add-checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %s", resp.Status)
	}
}

func TestAnAuditorWithAnOldCheckpoint(t *testing.T) {
	l := newSignedLog(t, 0, "quorum none\n")
	l.records.grow(5000)
	catchUp(t, l.tree, l.records)
	held, newest := at(t, l.tree, 3000), l.tree.Checkpoint()
	fork := l.fork(t, 1234)
	if err := audit.CheckConsistency(held, newest, consistency(t, l.tree.Tiles(), 3000, 5000)); err != nil {
		t.Errorf("the honest log: %v", err)
	}
	err := audit.CheckConsistency(held, fork.Checkpoint(), consistency(t, fork.Tiles(), 3000, 5000))
	wantCode(t, "22: the history rewritten", err, audit.CheckpointInconsistent)
	if !strings.Contains(err.Error(), "3000 → 5000") {
		t.Errorf("22: %v", err)
	}
	wantCode(t, "23: set back", audit.CheckConsistency(newest, held, nil), audit.CheckpointRollback)
	wantCode(t, "two roots", audit.CheckConsistency(newest, fork.Checkpoint(), nil), audit.SplitView)
	if err := audit.CheckConsistency(newest, audit.Checkpoint{Origin: "x", Size: 6000}, nil); !errors.Is(err, audit.ErrOrigin) {
		t.Errorf("another log: %v", err)
	}
	for _, size := range []uint64{1<<62 + 1, 1<<63 - 1, 1 << 63, 1<<64 - 1} {
		huge := audit.Checkpoint{Origin: origin, Size: size}
		wantCode(t, "hostile size", audit.CheckConsistency(held, huge, make([]audit.Hash, 63)), audit.CheckpointInconsistent)
		wantCode(t, "hostile size", audit.CheckInclusion(huge, size-1, audit.Hash{}, make([]audit.Hash, 63)), audit.InclusionInvalid)
		if _, err := audit.ParseCheckpoint(huge.String()); !errors.Is(err, audit.ErrCheckpoint) {
			t.Errorf("ParseCheckpoint with a size of %d: %v", size, err)
		}
	}
	wantCode(t, "65 hashes", audit.CheckConsistency(held, newest, make([]audit.Hash, 65)), audit.CheckpointInconsistent)
}

func TestSignaturesAndQuorum(t *testing.T) {
	l := newSignedLog(t, 2, "group both all w1 w2\nquorum both\n")
	signed := l.publish(t, 100)
	lines := strings.SplitAfter(string(signed.Note), "\n")
	if len(lines) != 8 { // three, empty, three signatures, the end
		t.Fatalf("the note is %q", signed.Note)
	}
	body, log, w1, w2 := strings.Join(lines[:4], ""), lines[4], lines[5], lines[6]
	cosigned := func(w *witness, name string, at time.Time) string {
		key := w.key
		if name != "" {
			key = rename(t, w.key, name)
		}
		return cosignature(t, key, body[:len(body)-1], at)
	}
	if got := cosigned(l.witnesses[0], "", now); got != w1 {
		t.Fatalf("the test does not cosign as the witness does: %q, %q", got, w1)
	}
	stranger := string(signAs(t, newKey(t, origin, audit.LogKey), signed.Checkpoint))
	tests := []struct {
		name string
		note string
		now  time.Time
		age  time.Duration
		want audit.Code
		in   string // the error's text
	}{
		{"1: all is well", body + log + w1 + w2, now, time.Hour, "", ""},
		{"24: another key of the same name", stranger + w1 + w2, now, 0, audit.CheckpointSignature, ""},
		{"25: the size edited", strings.Replace(body, "\n100\n", "\n101\n", 1) + log + w1 + w2, now, 0, audit.CheckpointSignature, ""},
		{"25: the size edited to no size", strings.Replace(body, "\n100\n", "\n1e2\n", 1) + log + w1 + w2, now, 0, audit.CheckpointSignature, ""},
		{"a line added", "x\n" + body + log, now, 0, audit.CheckpointSignature, ""},
		{"no log's signature", body + w1 + w2, now, 0, audit.CheckpointSignature, ""},
		{"26: cosignatures removed", body + log, now, 0, audit.WitnessQuorum, "0/2"},
		{"26: one removed", body + log + w2, now, 0, audit.WitnessQuorum, "1/2"},
		{"27: one witness twice", body + log + w1 + w1, now, 0, audit.WitnessQuorum, "1/2"},
		{"27: one key under two names", body + log + w1 + cosigned(l.witnesses[0], "w2.example/w1", now), now, 0, audit.WitnessQuorum, "1/2"},
		{"27: one witness at two times", body + log + w1 + cosigned(l.witnesses[0], "", now.Add(time.Second)), now, 0, audit.WitnessQuorum, "1/2"},
		{"28: the time of a cosignature edited", body + log + w1 + later(t, w2), now, 0, audit.CheckpointSignature, "w2.example/w1"},
		{"28: a day ahead", body + log + w1 + cosigned(l.witnesses[1], "", now.Add(24*time.Hour)), now, 0, audit.WitnessFuture, "1/2"},
		{"a minute ahead", body + log + w1 + cosigned(l.witnesses[1], "", now.Add(time.Minute)), now, 0, "", ""},
		{"29: two days old", body + log + w1 + w2, now.Add(48 * time.Hour), 24 * time.Hour, audit.CheckpointStale, ""},
		{"29: one of them two days old", body + log + w1 + cosigned(l.witnesses[1], "", now.Add(48*time.Hour)), now.Add(48 * time.Hour), 24 * time.Hour, audit.CheckpointStale, ""},
		{"64: witnesses that the policy does not know", body + log + cosignature(t, newKey(t, "x", audit.WitnessKey), body[:len(body)-1], now), now, 0, audit.WitnessQuorum, "0/2"},
		{"not a note", "abc", now, 0, audit.CheckpointMalformed, ""},
		{"a note of 100 MB", body + log + strings.Repeat("x", 100<<20), now, 0, audit.CheckpointMalformed, ""},
		{"100,000 signatures", body + strings.Repeat(w1, 100_000), now, 0, audit.CheckpointMalformed, ""},
	}
	for _, test := range tests {
		got, err := l.policy.Verify([]byte(test.note), test.now, test.age)
		wantCode(t, test.name, err, test.want)
		if err != nil && !strings.Contains(err.Error(), test.in) {
			t.Errorf("%s: %v does not say %q", test.name, err, test.in)
		}
		missing := test.want.Missing() || test.want == audit.WitnessFuture || test.want == ""
		if (got.Size == 100) != missing {
			t.Errorf("%s: returned the checkpoint at %d", test.name, got.Size)
		}
	}
}

// later adds a second to the time of a cosignature.
func later(t *testing.T, line string) string {
	t.Helper()
	i := strings.LastIndex(line, " ") + 1
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(line[i:]))
	if err != nil {
		t.Fatal(err)
	}
	binary.BigEndian.PutUint64(b[4:], binary.BigEndian.Uint64(b[4:])+1)
	return line[:i] + base64.StdEncoding.EncodeToString(b) + "\n"
}

// A tree and a history that were restored from a backup go on; what was altered
// before does not.
func TestRestoredFromABackup(t *testing.T) {
	l := newSignedLog(t, 2, "group both all w1 w2\nquorum both\n")
	l.publish(t, 3000)
	backup := t.TempDir()
	copyTo := func(from, to string) {
		t.Helper()
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	copyTo(l.memory, filepath.Join(backup, "memory"))
	copyTo(l.publisher.History.Path(), filepath.Join(backup, "history"))
	l.publish(t, 5000)

	restored := func() *audit.Publisher {
		history := filepath.Join(t.TempDir(), "history")
		copyTo(filepath.Join(backup, "history"), history)
		p := &audit.Publisher{Signer: l.signer, Witnesses: l.publisher.Witnesses, Policy: l.policy, History: audit.OpenHistory(history), Clock: clock}
		return p
	}
	// 40: the tree and the history of yesterday, the signer's memory of today.
	yesterday := openTree(t, t.TempDir())
	catchUp(t, yesterday, &records{list: l.records.list[:3000], created: l.records.created})
	p := restored()
	_, err := p.Publish(t.Context(), yesterday.Tiles(), 3000)
	wantCode(t, "40: before it has caught up", err, audit.CheckpointRollback)
	catchUp(t, yesterday, l.records)
	if out, err := p.Publish(t.Context(), yesterday.Tiles(), 5000); err != nil || len(out.Cosigned) != 2 {
		t.Errorf("40: after it has caught up: %v, %v", out.Cosigned, err)
	}
	fork := l.fork(t, 4000)
	_, err = restored().Publish(t.Context(), fork.Tiles(), 5000)
	wantCode(t, "40: with an altered tail", err, audit.SplitView)
	head := l.fork(t, 1000)
	_, err = restored().Publish(t.Context(), head.Tiles(), 5000)
	wantCode(t, "40: with an altered head", err, audit.CheckpointInconsistent)

	// 41: the signer's memory of yesterday too. Now only the witnesses know.
	_ = l.signer.Close()
	copyTo(filepath.Join(backup, "memory"), l.memory)
	l.openSigner(t)
	out, err := restored().Publish(t.Context(), fork.Tiles(), 5000)
	wantCode(t, "41: at the same size", err, audit.SplitView)
	if len(out.Cosigned) != 0 {
		t.Errorf("41: cosigned by %v", out.Cosigned)
	}
	l.records.grow(10)
	longer := l.fork(t, 4000)
	out, err = restored().Publish(t.Context(), longer.Tiles(), 5010)
	if got := code(err); got != string(audit.CheckpointInconsistent) {
		t.Errorf("41: at a later size: %v", err)
	}
	if len(out.Cosigned) != 0 {
		t.Errorf("41: cosigned by %v", out.Cosigned)
	}
	_, err = l.policy.Verify(out.Note, now, 0)
	wantCode(t, "41: what an auditor says", err, audit.WitnessQuorum)
	for _, w := range l.witnesses {
		if !strings.Contains(w.evidence(t), "SPLIT_VIEW") {
			t.Errorf("witness %s has kept no evidence", w.name)
		}
	}
}

// rogue is a witness that answers something.
type rogue string

func (r rogue) AddCheckpoint(context.Context, audit.Request) ([]byte, error) { return []byte(r), nil }

func TestARogueWitnessDoesNotSpoilANote(t *testing.T) {
	l := newSignedLog(t, 2, "quorum w1\n")
	for _, answer := range []string{"", "x", "— w2.example/w1 AAAAAAAAAAAAAAAAAAAA\n", "— w1.example/w1 AAAAAAAAAAAAAAAAAAAA\n", "\n\nx\n", strings.Repeat("— a AAAAAAAA\n", 200)} {
		l.publisher.Witnesses["w2"] = rogue(answer)
		out, err := l.publisher.Publish(t.Context(), l.tree.Tiles(), 0)
		if err != nil || len(out.Cosigned) != 1 || out.Refused["w2"] == nil {
			t.Errorf("answer %.40q: %v, cosigned by %v, refused %v", answer, err, out.Cosigned, out.Refused)
		}
	}
	// And a rogue signer is noticed before anything is kept.
	l.publisher.Signer = rogue("— x AAAAAAAAAAAA\n")
	if _, err := l.publisher.Publish(t.Context(), l.tree.Tiles(), 0); code(err) != string(audit.CheckpointSignature) {
		t.Errorf("a rogue signer: %v", err)
	}
}

func TestOfAnySignerThereIsOneRootForASize(t *testing.T) {
	const records = 64
	l := newSignedLog(t, 0, "quorum none\n")
	l.records.grow(records)
	catchUp(t, l.tree, l.records)
	trees := []*audit.Tree{l.tree, l.fork(t, 5), l.fork(t, 20), l.fork(t, 60)}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	failed := errors.New("the disk is full")
	signed := map[uint64]string{}
	for range 2000 {
		fail := rng.IntN(12)
		l.signer.SetOp(func(string) error {
			if fail--; fail == 0 {
				return failed
			}
			return nil
		})
		tiles := trees[rng.IntN(len(trees))].Tiles()
		old := l.signer.Last().Size
		if rng.IntN(3) == 0 {
			old = rng.Uint64N(records)
		}
		size := min(old+rng.Uint64N(4), records)
		proof := consistency(t, tiles, old, size)
		c, err := tiles.At(size)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.signer.AddCheckpoint(t.Context(), audit.Request{Old: old, Proof: proof, Checkpoint: []byte(c.String())}); err == nil {
			if before := signed[size]; before != "" && before != c.String() {
				t.Fatalf("two roots were signed at %d", size)
			}
			if size < slices.Max(append(keys(signed), 0)) {
				t.Fatalf("%d was signed after %d", size, slices.Max(keys(signed)))
			}
			signed[size] = c.String()
		}
		if rng.IntN(4) == 0 { // the process died: what it knows is on the disk
			_ = l.signer.Close()
			l.openSigner(t)
			if last := l.signer.Last(); last.Size < slices.Max(append(keys(signed), 0)) {
				t.Fatalf("%d was signed, and %d is remembered", slices.Max(keys(signed)), last.Size)
			}
		}
	}
	if len(signed) < 5 {
		t.Errorf("only %d sizes were signed", len(signed))
	}
}

func keys[V any](m map[uint64]V) []uint64 {
	out := make([]uint64, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}

func TestPolicies(t *testing.T) {
	log, a, b := newKey(t, origin, audit.LogKey), newKey(t, "a", audit.WitnessKey), newKey(t, "b", audit.WitnessKey)
	seed := secretOf(t, log)
	same, err := audit.ParseKey(secretText("c", audit.WitnessKey, seed))
	if err != nil {
		t.Fatal(err)
	}
	again, err := audit.ParseKey(secretText("d", audit.WitnessKey, secretOf(t, a)))
	if err != nil {
		t.Fatal(err)
	}
	L, A, B := "log "+log.Public().String()+"\n", "witness A "+a.Public().String()+"\n", "witness B "+b.Public().String()+" https://b.example\n"
	for text, quorum := range map[string]int{
		L + "quorum none\n":  0,
		"quorum none":        0,
		L + A + "quorum A\n": 1,
		"\t" + L + A + B + "group G all A B\nquorum G":                        2,
		"# é\n \n" + L + A + B + "group G any A B\n  quorum \t G \n":          1,
		L + A + B + "group G 2 A B\nquorum G\n":                               2,
		L + A + B + "group G any A\ngroup H all G B\nquorum H\n":              2,
		L + A + B + "group \xff all A\ngroup H 1 \xff B\nquorum H\n":          1,
		L + "witness none2 " + a.Public().String() + "\n" + "quorum none2 \n": 1,
	} {
		p, err := audit.ParsePolicy([]byte(text))
		if err != nil || p.Quorum() != quorum || p.Unwitnessed() != (quorum == 0) {
			t.Errorf("ParsePolicy(%q): %v, want a quorum of %d", text, err, quorum)
		}
	}
	for name, text := range map[string]string{
		"no quorum":                    L,
		"two quorums":                  "quorum none\nquorum none\n",
		"an unknown quorum":            L + A + "quorum B\n",
		"a quorum before its witness":  L + "quorum A\n" + A,
		"a witness twice":              L + A + A + "quorum A\n",
		"a key under two names":        L + A + "witness D " + again.Public().String() + "\nquorum A\n",
		"a log twice":                  L + L + "quorum none\n",
		"the log as its own witness":   L + "witness C " + same.Public().String() + "\nquorum C\n",
		"a log's key for a witness":    "witness A " + log.Public().String() + "\nquorum A\n",
		"a witness's key for a log":    "log " + a.Public().String() + "\nquorum none\n",
		"a witness called none":        "witness none " + a.Public().String() + "\nquorum none\n",
		"an unknown member":            L + A + "group G all A X\nquorum G\n",
		"none as a member":             L + A + "group G all A none\nquorum G\n",
		"a member twice":               L + A + "group G all A A\nquorum G\n",
		"a member of two groups":       L + A + B + "group G all A\ngroup H all A B\nquorum H\n",
		"a group of itself":            L + A + "group G all G A\nquorum G\n",
		"none of two":                  L + A + B + "group G 0 A B\nquorum G\n",
		"three of two":                 L + A + B + "group G 3 A B\nquorum G\n",
		"+1 of two":                    L + A + B + "group G +1 A B\nquorum G\n",
		"01 of two":                    L + A + B + "group G 01 A B\nquorum G\n",
		"a group without members":      L + A + "group G all\nquorum A\n",
		"an unknown line":              L + "quorom none\nquorum none\n",
		"words behind it":              L + "quorum none none\n",
		"a carriage return":            "quorum none\r\n",
		"a key that is cut":            "log " + log.Public().String()[:40] + "\nquorum none\n",
		"a key with another's id":      "witness A a+00000000+" + strings.SplitN(a.Public().String(), "+", 3)[2] + "\nquorum A\n",
		"more than anybody writes":     strings.Repeat("#\n", 200_000) + "quorum none\n",
		"a DEL":                        "# \x7f\nquorum none\n",
		"a group with a witness' name": L + A + B + "group A all B\nquorum A\n",
	} {
		if _, err := audit.ParsePolicy([]byte(text)); !errors.Is(err, audit.ErrPolicy) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var many strings.Builder
	for i := range 32 {
		fmt.Fprintf(&many, "log %s\nwitness w%d %s\ngroup g%d all w%d\n", newKey(t, fmt.Sprint("l", i), audit.LogKey).Public(), i, newKey(t, fmt.Sprint("w", i), audit.WitnessKey).Public(), i, i)
	}
	if _, err := audit.ParsePolicy([]byte(many.String() + "quorum g31\n")); err != nil {
		t.Errorf("32 logs, witnesses and groups: %v", err)
	}
}
