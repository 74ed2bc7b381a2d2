package audit_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"rollbook/audit"
	"rollbook/eventstore/jetstream"
)

const mirrorName = "COPY"

// mirrored is the files of a server that has the log of entriesOf, a mirror of it
// that has caught up, and a stream that takes it as a source; and what the log was
// signed with.
type mirrored struct {
	dir, tree string
	signed    []audit.Checkpoint
}

func newMirrored(t *testing.T) (m mirrored) {
	t.Helper()
	m = mirrored{dir: t.TempDir(), tree: t.TempDir()}
	server := serve(t, m.dir)
	cfg := jetstream.Config{URL: server.URL()}
	if _, err := jetstream.Create(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	log, err := jetstream.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	entriesOf(t, log, smallRecords)
	tree := openTree(t, m.tree)
	catchUp(t, tree, log)
	m.signed = []audit.Checkpoint{tree.Checkpoint(), at300(t, tree)}
	closeLog(t, log)

	for name, mirror := range map[string]bool{mirrorName: true, "SOURCED": false} {
		if err := server.Copy(t.Context(), name, mirror); err != nil {
			t.Fatal(err)
		}
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	return m
}

func serve(t *testing.T, dir string) *jetstream.Server {
	t.Helper()
	server, err := jetstream.Serve(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

func (m mirrored) stream(dir, name string) string {
	return filepath.Join(dir, "jetstream", "LEDGER", "streams", name)
}

// verify verifies what a server has as a copy of the log, with the tree's tiles or
// without them.
func (m mirrored) verify(t *testing.T, log audit.Log, tiles bool) audit.Verified {
	t.Helper()
	v := audit.Verification{Log: log, Copy: true, Checkpoints: slices.Clone(m.signed)}
	if tiles {
		var err error
		if v.Tiles, v.Created, err = audit.ReadTiles(m.tree); err != nil {
			t.Fatal(err)
		}
	}
	verified, err := v.Verify(t.Context())
	if err != nil {
		t.Fatalf("Verify: %v", err)
	}
	return verified
}

// A mirror that nobody has touched passes, although the server leaves out headers of
// its own there; one that was edited is told, and the log that it is of still passes.
func TestAMirror(t *testing.T) {
	t.Parallel()
	m := newMirrored(t)
	at := target - 1
	root := finding{audit.RootMismatch, audit.Altered, 0}
	leaf := []finding{{audit.LeafMismatch, audit.Altered, target}, root}
	for _, tt := range []struct {
		name string
		edit func([]blockRecord) []blockRecord
		want []finding
		bare finding // the first, without tiles
	}{
		{name: "17: honest"},
		{"18: a payload, with its checksum", func(r []blockRecord) []blockRecord {
			r[at].data = replaced(t, r[at].data, " 234", " 235")
			return r
		}, leaf, root},
		{"removed, with a hole", func(r []blockRecord) []blockRecord { return slices.Delete(r, at, at+1) }, []finding{{audit.SeqGap, audit.Damaged, target}}, finding{audit.SeqGap, audit.Damaged, target}},
		{
			"removed, and the rest renumbered", func(r []blockRecord) []blockRecord { return renumber(slices.Delete(r, at, at+1)) },
			append(slices.Clone(leaf), finding{audit.MemberChain, audit.Altered, target + histories - 1}), root,
		},
		{
			"a copy of another record put between", func(r []blockRecord) []blockRecord { return renumber(slices.Insert(r, at, r[100]))[:smallRecords] },
			append(slices.Clone(leaf), finding{audit.DuplicateID, audit.Altered, target}), root,
		},
		{"not caught up yet", func(r []blockRecord) []blockRecord { return r[:smallRecords-50] }, []finding{{audit.NotYetReadable, audit.NotYet, smallRecords - 49}}, finding{audit.NotYetReadable, audit.NotYet, smallRecords - 49}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "server")
			if err := os.CopyFS(dir, os.DirFS(m.dir)); err != nil {
				t.Fatal(err)
			}
			if tt.edit != nil {
				editStream(t, filepath.Join(m.stream(dir, mirrorName), "msgs"), mirrorName, tt.edit)
			}
			origin := tt.want == nil || tt.want[0].code == audit.LeafMismatch
			if !origin { // else the mirror would mend itself
				if err := os.RemoveAll(m.stream(dir, "LEDGER")); err != nil {
					t.Fatal(err)
				}
			}
			cfg := jetstream.Config{URL: serve(t, dir).URL(), Name: mirrorName}
			mirror, err := jetstream.OpenMirror(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = mirror.Close() }()
			verified := m.verify(t, mirror, true)
			expect(t, verified, tt.want)
			bare := m.verify(t, mirror, false)
			if tt.want == nil {
				expect(t, bare, nil)
				if verified.Records != smallRecords || verified.Checkpoints != 2 || bare.Root != m.signed[0].Root.String() {
					t.Errorf("only %d records and %d checkpoints were compared; without tiles: %+v", verified.Records, verified.Checkpoints, bare)
				}
			} else if first := bare.First(); first == nil {
				t.Error("without tiles nothing is found")
			} else if got := (finding{first.Code, first.Nature, first.Sequence}); got != tt.bare {
				t.Errorf("without tiles the first problem is %+v, want %+v", first, tt.bare)
			}
			if origin {
				log, err := jetstream.Open(t.Context(), jetstream.Config{URL: cfg.URL})
				if err != nil {
					t.Fatal(err)
				}
				defer closeLog(t, log)
				expect(t, m.verify(t, log, true), nil)
			}
		})
	}
	t.Run("19: what is no mirror", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(t.TempDir(), "server")
		if err := os.CopyFS(dir, os.DirFS(m.dir)); err != nil {
			t.Fatal(err)
		}
		url := serve(t, dir).URL()
		for name, want := range map[string]error{"SOURCED": jetstream.ErrNotMirror, "LEDGER": jetstream.ErrNotMirror, "NONE": fs.ErrNotExist} {
			if mirror, err := jetstream.OpenMirror(t.Context(), jetstream.Config{URL: url, Name: name}); !errors.Is(err, want) {
				t.Errorf("OpenMirror(%s) = %v, %v; want %v", name, mirror, err, want)
			}
		}
	})
}
