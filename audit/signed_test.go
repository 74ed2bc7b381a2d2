package audit_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rollbook/audit"
)

var now = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

// newKey makes a key in a file.
func newKey(t testing.TB, name string, role audit.Role) *audit.Key {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	key, err := audit.NewKey(path, name, role)
	if err != nil {
		t.Fatalf("NewKey(%q): %v", name, err)
	}
	remember(t, path, key)
	return key
}

// witness is a witness behind HTTP.
type witness struct {
	name   string
	key    *audit.Key
	dir    string
	at     *time.Time
	server *httptest.Server
	client *audit.Client
	own    *audit.Witness
}

func newWitness(t testing.TB, name string, logs *audit.Policy) *witness {
	t.Helper()
	at := now
	w := &witness{name: name, key: newKey(t, name+".example/w1", audit.WitnessKey), dir: t.TempDir(), at: &at}
	if err := audit.StartWitness(w.dir); err != nil {
		t.Fatal(err)
	}
	w.open(t, logs)
	return w
}

func (w *witness) open(t testing.TB, logs *audit.Policy) {
	t.Helper()
	var err error
	if w.own, err = audit.OpenWitness(w.dir, w.key, logs, func() time.Time { return *w.at }); err != nil {
		t.Fatalf("OpenWitness: %v", err)
	}
	w.server = httptest.NewServer(audit.Handler(w.own, slog.New(slog.DiscardHandler)))
	if w.client, err = audit.NewClient(w.server.URL, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
}

func (w *witness) close() {
	w.client.Close()
	w.server.Close()
	_ = w.own.Close()
}

func (w *witness) evidence(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(w.dir, "evidence"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(b)
}

// signedLog is a log with its tree, a signer and witnesses.
type signedLog struct {
	records   *records
	tree      *audit.Tree
	key       *audit.Key
	memory    string
	signer    *audit.Signer
	witnesses []*witness
	policy    *audit.Policy
	publisher *audit.Publisher
}

func newSignedLog(t testing.TB, witnesses int, quorum string) *signedLog {
	t.Helper()
	l := &signedLog{records: &records{}, tree: openTree(t, t.TempDir()), key: newKey(t, origin, audit.LogKey), memory: filepath.Join(t.TempDir(), "memory")}
	if err := audit.StartMemory(l.memory); err != nil {
		t.Fatal(err)
	}
	l.openSigner(t)
	l.publisher = &audit.Publisher{Signer: l.signer, Witnesses: map[string]audit.Cosigner{}, History: audit.OpenHistory(filepath.Join(t.TempDir(), "history")), Clock: clock}
	text := fmt.Sprintf("log %s\n", l.key.Public())
	for i := range witnesses {
		w := newWitness(t, fmt.Sprint("w", i+1), audit.OwnPolicy(l.key.Public()))
		l.witnesses = append(l.witnesses, w)
		l.publisher.Witnesses[w.name] = w.client
		text += fmt.Sprintf("witness %s %s\n", w.name, w.key.Public())
	}
	l.policy = parsePolicy(t, text+quorum)
	l.publisher.Policy = l.policy
	return l
}

func (l *signedLog) openSigner(t testing.TB) {
	t.Helper()
	var err error
	if l.signer, err = audit.OpenSigner(l.key, l.memory); err != nil {
		t.Fatalf("OpenSigner: %v", err)
	}
	t.Cleanup(func() { _ = l.signer.Close() })
}

// publish adds records up to a size and publishes.
func (l *signedLog) publish(t testing.TB, size int) audit.Published {
	t.Helper()
	l.records.grow(size - len(l.records.list))
	catchUp(t, l.tree, l.records)
	out, err := l.publisher.Publish(t.Context(), l.tree.Tiles(), uint64(size))
	if err != nil {
		t.Fatalf("Publish(%d): %v (%v)", size, err, out.Refused)
	}
	return out
}

// fork returns the tree of the same log, but for one record.
func (l *signedLog) fork(t testing.TB, position int) *audit.Tree {
	t.Helper()
	altered := &records{list: slices.Clone(l.records.list), created: l.records.created}
	altered.list[position-1].Data = []byte(`{"n":"altered"}`)
	tree := openTree(t, t.TempDir())
	catchUp(t, tree, altered)
	return tree
}

// sign signs as the log, whatever was signed before: what a thief of the key
// does.
func (l *signedLog) sign(t testing.TB, c audit.Checkpoint) []byte {
	t.Helper()
	return signAs(t, l.key, c)
}

func signAs(t testing.TB, key *audit.Key, c audit.Checkpoint) []byte {
	t.Helper()
	memory := filepath.Join(t.TempDir(), "memory")
	if err := audit.StartMemory(memory); err != nil {
		t.Fatal(err)
	}
	signer, err := audit.OpenSigner(key, memory)
	if err != nil {
		t.Fatal(err)
	}
	defer signer.Close()
	lines, err := signer.AddCheckpoint(t.Context(), audit.Request{Checkpoint: []byte(c.String())})
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte(c.String()+"\n"), lines...)
}

func parsePolicy(t testing.TB, text string) *audit.Policy {
	t.Helper()
	p, err := audit.ParsePolicy([]byte(text))
	if err != nil {
		t.Fatalf("ParsePolicy(%q): %v", text, err)
	}
	return p
}

// code returns the code of an error, or its text.
func code(err error) string {
	if e, ok := errors.AsType[*audit.EvidenceError](err); ok {
		return string(e.Code)
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

func wantCode(t testing.TB, what string, err error, want audit.Code) {
	t.Helper()
	if got := code(err); got != string(want) {
		t.Errorf("%s: got %q (%v), want %q", what, got, err, want)
	}
}

func consistency(t testing.TB, tiles *audit.Tiles, older, size uint64) []audit.Hash {
	t.Helper()
	proof, err := tiles.Consistency(older, size)
	if err != nil {
		t.Fatalf("Consistency(%d, %d): %v", older, size, err)
	}
	return proof
}

func at(t testing.TB, tree *audit.Tree, size uint64) audit.Checkpoint {
	t.Helper()
	c, err := tree.Tiles().At(size)
	if err != nil {
		t.Fatalf("At(%d): %v", size, err)
	}
	return c
}

func TestPublishIsSignedCosignedAndKept(t *testing.T) {
	l := newSignedLog(t, 3, "group all2 2 w1 w2 w3\nquorum all2\n")
	outside := t.TempDir()
	l.publisher.Anchors = []*audit.History{
		audit.OpenHistory(filepath.Join(outside, "a")), audit.OpenHistory(filepath.Join(outside, "not mounted", "b")), audit.OpenHistory(filepath.Join(outside, "c")),
	}
	for _, size := range []int{0, 3000, 5000} {
		out := l.publish(t, size)
		if out.Size != uint64(size) || len(out.Cosigned) != 3 || len(out.Refused) != 0 {
			t.Errorf("Publish(%d): size %d, cosigned by %v, refused %v", size, out.Size, out.Cosigned, out.Refused)
		}
		for i, bad := range []bool{false, true, false} {
			if got := out.Anchored[i]; (got.Err != nil) != bad {
				t.Errorf("Publish(%d): anchor %s: %v", size, got.Path, got.Err)
			}
		}
		if out.Root != l.tree.Checkpoint().Root {
			t.Errorf("Publish(%d): another root", size)
		}
	}
	for _, h := range []*audit.History{l.publisher.History, l.publisher.Anchors[0], l.publisher.Anchors[2]} {
		var sizes []uint64
		for text, err := range h.All() {
			signed, err2 := l.policy.Verify(text, now, time.Hour)
			if err := errors.Join(err, err2); err != nil {
				t.Fatalf("%s: %v", h.Path(), err)
			}
			sizes = append(sizes, signed.Size)
		}
		if !slices.Equal(sizes, []uint64{0, 3000, 5000}) {
			t.Errorf("%s has checkpoints at %v", h.Path(), sizes)
		}
	}
	if got := l.signer.Last(); got != l.tree.Checkpoint() {
		t.Errorf("the signer remembers %v", got)
	}
	// One of three may be away.
	l.witnesses[1].server.Close()
	if out := l.publish(t, 5001); len(out.Cosigned) != 2 || out.Refused["w2"] == nil {
		t.Errorf("with a witness away: cosigned by %v, refused %v", out.Cosigned, out.Refused)
	}
	// Two may not; the checkpoint is kept all the same.
	l.witnesses[2].server.Close()
	l.records.grow(1)
	catchUp(t, l.tree, l.records)
	out, err := l.publisher.Publish(t.Context(), l.tree.Tiles(), 5002)
	wantCode(t, "with two witnesses away", err, audit.WitnessQuorum)
	if out.Size != 5002 || out.Quorum != 2 || !strings.Contains(err.Error(), "1/2") {
		t.Errorf("with two witnesses away: %v, size %d", err, out.Size)
	}
	newest, err := l.publisher.History.Newest(l.policy, now)
	if err != nil || newest.Size != 5002 {
		t.Errorf("Newest = %v, %v", newest, err)
	}
}

func TestAnOlderSizeCanBePublished(t *testing.T) {
	l := newSignedLog(t, 1, "quorum w1\n")
	l.records.grow(1000)
	catchUp(t, l.tree, l.records)
	// Only 700 are on the disk for good.
	out, err := l.publisher.Publish(t.Context(), l.tree.Tiles(), 700)
	if err != nil || out.Size != 700 {
		t.Fatalf("Publish(700) = %d, %v", out.Size, err)
	}
	if out := l.publish(t, 1000); out.Size != 1000 {
		t.Errorf("Publish(1000) = %d", out.Size)
	}
	if _, err := l.publisher.Publish(t.Context(), l.tree.Tiles(), 1001); err == nil {
		t.Error("published more than the tree has")
	}
}

func TestAMemoryIsNeverBegunByItself(t *testing.T) {
	l := newSignedLog(t, 1, "quorum w1\n")
	l.publish(t, 10)
	if err := audit.StartMemory(l.memory); !errors.Is(err, audit.ErrMemoryInUse) {
		t.Errorf("StartMemory while a signer has it: %v", err)
	}
	if _, err := audit.OpenSigner(l.key, l.memory); !errors.Is(err, audit.ErrMemoryInUse) {
		t.Errorf("a second signer: %v", err)
	}
	_ = l.signer.Close()
	if err := audit.StartMemory(l.memory); !errors.Is(err, os.ErrExist) {
		t.Errorf("StartMemory over one that is there: %v", err)
	}
	good, err := os.ReadFile(l.memory)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "{}", string(good) + "x", string(good[:len(good)/2]), strings.Replace(string(good), `"format": 1`, `"format": 2`, 1), strings.Replace(string(good), `"logs"`, `"other"`, 1)} {
		if err := os.WriteFile(l.memory, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := audit.OpenSigner(l.key, l.memory); !errors.Is(err, audit.ErrMemory) {
			t.Errorf("OpenSigner with the memory %q: %v", text, err)
		}
	}
	if err := os.Remove(l.memory); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.OpenSigner(l.key, l.memory); !errors.Is(err, audit.ErrMemory) {
		t.Errorf("OpenSigner without a memory: %v", err)
	}
	// It can begin at the last checkpoint that was published.
	if err := audit.StartMemory(l.memory, l.tree.Checkpoint()); err != nil {
		t.Fatal(err)
	}
	l.openSigner(t)
	if l.signer.Last() != l.tree.Checkpoint() {
		t.Error("the signer does not know what it was given")
	}
	_, err = l.signer.AddCheckpoint(t.Context(), audit.Request{Checkpoint: []byte(at(t, l.tree, 9).String()), Old: 9})
	if c, ok := errors.AsType[*audit.ConflictError](err); !ok || c.Size != 10 {
		t.Errorf("an older checkpoint: %v", err)
	}
}

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sub", "key")
	key, err := audit.NewKey(path, origin, audit.LogKey)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info.Mode(), err)
	}
	public, err := os.ReadFile(path + ".pub")
	if err != nil || string(public) != key.Public().String()+"\n" {
		t.Errorf("the public key's file: %q, %v", public, err)
	}
	if got, err := audit.ReadKey(path); err != nil || got.Public() != key.Public() {
		t.Errorf("ReadKey = %v, %v", got, err)
	}
	if got, err := audit.ParsePublicKey(key.Public().String()); err != nil || got != key.Public() {
		t.Errorf("ParsePublicKey = %v, %v", got, err)
	}
	if _, err := audit.NewKey(path, origin, audit.LogKey); !errors.Is(err, os.ErrExist) {
		t.Errorf("NewKey over one that is there: %v", err)
	}
	secret, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"%v", "%s", "%+v", "%#v"} {
		parts := strings.SplitN(strings.TrimSpace(string(secret)), "+", 5) // PRIVATE+KEY+name+id+key, which may have a + too
		seed := parts[len(parts)-1]
		if text := fmt.Sprintf(form, key); strings.Contains(text, seed) || strings.Contains(text, "private") {
			t.Errorf("%s prints the key", form)
		}
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.ReadKey(path); !errors.Is(err, audit.ErrKey) {
		t.Errorf("ReadKey of a file that others can read: %v", err)
	}
	for _, name := range []string{"", "a b", "a+b", "a\nb"} {
		if _, err := audit.NewKey(filepath.Join(dir, "x"), name, audit.WitnessKey); !errors.Is(err, audit.ErrKey) {
			t.Errorf("NewKey(%q): %v", name, err)
		}
	}
	witness := newKey(t, "w.example", audit.WitnessKey)
	if _, err := audit.OpenSigner(witness, "x"); !errors.Is(err, audit.ErrKey) {
		t.Errorf("a witness's key signs as the log: %v", err)
	}
	if _, err := audit.OpenWitness(t.TempDir(), key, audit.OwnPolicy(key.Public()), clock); !errors.Is(err, audit.ErrKey) {
		t.Errorf("a log's key cosigns: %v", err)
	}
}

// The vectors of docs/format.md.
func TestSignedVectors(t *testing.T) {
	seed := bytes.Repeat([]byte{1}, ed25519.SeedSize)
	private := func(name, id string, role byte) *audit.Key {
		key, err := audit.ParseKey(fmt.Sprintf("PRIVATE+KEY+%s+%s+%s", name, id, base64.StdEncoding.EncodeToString(append([]byte{role}, seed...))))
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	log := private("ledger.example/members/e1", "2961eca6", 1)
	if got, want := log.Public().String(), "ledger.example/members/e1+2961eca6+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"; got != want {
		t.Errorf("log key %s, want %s", got, want)
	}
	cosigner := private("auditor.example/w1", "2ef78997", 4)
	if got, want := cosigner.Public().String(), "auditor.example/w1+2ef78997+BIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"; got != want {
		t.Errorf("witness key %s, want %s", got, want)
	}
	c := audit.Checkpoint{Origin: "ledger.example/members/e1", Size: 1, Root: audit.Hash{1}}
	dir := t.TempDir()
	if err := audit.StartMemory(filepath.Join(dir, "memory")); err != nil {
		t.Fatal(err)
	}
	signer, err := audit.OpenSigner(log, filepath.Join(dir, "memory"))
	if err != nil {
		t.Fatal(err)
	}
	defer signer.Close()
	request := audit.Request{Checkpoint: []byte(c.String())}
	lines, err := signer.AddCheckpoint(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	other, err := audit.ParseKey(secretText("auditor.example/w1", audit.WitnessKey, bytes.Repeat([]byte{2}, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	if err := audit.StartWitness(dir); err != nil {
		t.Fatal(err)
	}
	w, err := audit.OpenWitness(dir, other, audit.OwnPolicy(log.Public()), func() time.Time { return time.Unix(1767225600, 0) })
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	request.Checkpoint = append([]byte(c.String()+"\n"), lines...)
	cosignatures, err := w.AddCheckpoint(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{
		"signed.request": string(request.Marshal()),
		"signed.note":    string(request.Checkpoint) + string(cosignatures),
		"signed.vkey":    other.Public().String() + "\n",
	} {
		want, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil || got != string(want) {
			t.Errorf("%s: got %q, want %q (%v)", name, got, want, err)
		}
	}
	for name, got := range map[string]string{"signed.memory": filepath.Join(dir, "memory"), "witness.memory": filepath.Join(dir, "memory.json")} {
		have, err := os.ReadFile(got)
		want, err2 := os.ReadFile(filepath.Join("testdata", name))
		if err := errors.Join(err, err2); err != nil || !bytes.Equal(have, want) {
			t.Errorf("%s: got %q, want %q (%v)", name, have, want, err)
		}
	}
}
